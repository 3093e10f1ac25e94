//! The edge cases of MON in `controls/checks.toml`, and which test shows each.

use model::inventory::AlertOn;
use model::registers::{Incident, IncidentKind};
use model::rows::{ObservedIncident, Row};

use super::*;
use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;
use crate::testing::origin;

pub(crate) const EDGES: &[Edge] = &[
    ("MON-01", "A channel nobody reads", By(a_channel_that_nobody_reads_is_caught_by_acknowledgements)),
    ("MON-01", "Continuous plans need an alert on lag", By(a_continuous_plan_needs_an_alert_on_lag)),
    ("MON-02", "One alert may name several slots", By(one_alert_serves_several_slots_of_one_cause)),
    ("MON-02", "An alert before the end", By(a_failure_needs_an_alert_in_time)),
    ("MON-02", "Attempts later saved", By(an_attempt_that_a_retry_saves_needs_an_alert_only_where_the_policy_says_so)),
    ("MON-02", "Suppressed alerts", By(a_suppressed_alert_is_none)),
    (
        "MON-03",
        "One record may cover many slots",
        By(one_record_covers_the_slots_that_it_lists_or_that_fall_in_its_time),
    ),
    ("MON-03", "An investigation closed as duplicate", By(a_duplicate_counts_through_the_record_it_was_merged_into)),
    ("MON-03", "Reopened records keep", By(a_record_that_was_reopened_keeps_its_first_opening_time)),
    ("MON-04", "The same cause three times", By(a_cause_that_comes_back_three_times_is_told)),
    ("MON-04", "Manual backups count", By(recovery_comes_within_the_interval_by_whatever_backup)),
    ("MON-05", "Weekends and holidays count", By(monitoring_runs_every_day_and_its_counts_agree)),
    ("MON-05", "A day of 23 or 25 hours", By(days_are_cut_in_the_reporting_zone_also_where_they_have_25_hours)),
    ("MON-05", "Automated heartbeats", By(monitoring_runs_every_day_and_its_counts_agree)),
    ("MON-06", "A real acknowledged alert", By(an_alert_path_is_proven_by_a_person)),
    ("MON-07", "A finding explained within the time", By(suspected_corruption_becomes_an_incident)),
];

#[test]
fn a_channel_that_nobody_reads_is_caught_by_acknowledgements() {
    let unseen = format!("{ALERTS}A1,failed,nightly,,2026-10-05T02:20:00Z,pager,,\n");
    let f = with(with(nightly(&[5]), "monitor_days", &days(EVERY)), "alerts", &unseen);
    let v = f.judge();
    v.is("MON-01", "nightly", State::Pass);
    has_reason(v.is("MON-06", "pager", State::Fail), "never_acknowledged");
    has_reason(v.is("MON-02", SLOT, State::Pass), "not_acknowledged");
}

#[test]
fn a_continuous_plan_needs_an_alert_on_lag() {
    let judge = |alert_on: Option<AlertOn>, alerts: &str| {
        let mut f = with(nightly(&[]), "monitor_days", &days(EVERY).replace(",nightly,", ",*,"));
        f.plan("logs", "db", "continuous", |p| {
            (p.alert_channel, p.alert_on) = (Some("pager".to_owned()), alert_on);
        });
        with(f, "alerts", &format!("{ALERTS}{alerts}")).judge().of("MON-01", "logs").clone()
    };
    assert_eq!(judge(Some(AlertOn::Lag), "").state, State::Pass);
    has_reason(&judge(Some(AlertOn::JobState), ""), "no_lag_alert");
    has_reason(&judge(None, ""), "monitoring_not_given");
    has_reason(&judge(None, "A1,failed,logs,,2026-10-05T02:20:00Z,pager,,\n"), "monitoring_not_given");
    assert_eq!(judge(None, "A1,lag,logs,,2026-10-05T02:20:00Z,pager,,\n").state, State::Pass, "one was raised");
}

/// The state of MON-02 for the night of the sixth, which failed as those before and after it.
fn second_night(alert: &str) -> State {
    let case = "I1,incident,true,backup_failed,db,,2026-10-05T07:00:00Z,2026-10-09T09:00:00Z,disk full,enlarged\n";
    let f = with(nightly(&[5, 6, 7]), "incidents", &format!("{INCIDENTS}{case}"));
    with(f, "alerts", &format!("{ALERTS}{alert}\n")).judge().of("MON-02", "nightly@2026-10-06T02:00:00Z").state
}

#[test]
fn one_alert_serves_several_slots_of_one_cause() {
    assert_eq!(second_night("A1,failed,nightly,,2026-10-05T02:20:00Z,pager,,"), State::Pass);
    assert_eq!(second_night("A1,failed,nightly,,2026-10-05T12:20:00Z,pager,,"), State::Fail, "late for the first");
}

#[test]
fn a_suppressed_alert_is_none() {
    let judge = |suppressed: &str| {
        let head = ALERTS.replace('\n', ",suppressed\n");
        let line = format!("A1,failed,nightly,,2026-10-05T02:20:00Z,pager,2026-10-05T06:00:00Z,ole,{suppressed}\n");
        with(nightly(&[5]), "alerts", &format!("{head}{line}")).judge()
    };
    judge("false").is("MON-02", SLOT, State::Pass);
    let v = judge("true");
    has_reason(v.is("MON-02", SLOT, State::Fail), "no_alert");
    v.is("MON-06", "pager", State::Fail);
}

#[test]
fn one_record_covers_the_slots_that_it_lists_or_that_fall_in_its_time() {
    let states = |line: &str| {
        let v = with(nightly(&[5, 6, 20]), "incidents", &format!("{INCIDENTS}{line}\n")).judge();
        ["05", "06", "20"].map(|day| v.of("MON-03", &format!("nightly@2026-10-{day}T02:00:00Z")).state)
    };
    let (good, bad) = (State::Pass, State::Fail);
    assert_eq!(states("I1,incident,true,,db,,2026-10-05T07:00:00Z,2026-10-07T09:00:00Z,,"), [good, good, bad]);
    let listed = "I1,incident,true,,,db/2026-10-05T02:00:00Z;nightly@2026-10-06T02:00:00Z,2026-10-05T07:00:00Z,,,";
    assert_eq!(states(listed), [good, good, bad]);
    assert_eq!(states("I1,incident,true,,web,,2026-10-05T07:00:00Z,,,"), [bad, bad, bad]);
}

#[test]
fn a_duplicate_counts_through_the_record_it_was_merged_into() {
    let judge = |merged_into: &str| {
        let lines = format!(
            "I1,investigation,true,,,db/2026-10-05T02:00:00Z,2026-10-05T07:00:00Z,2026-10-05T08:00:00Z,,,{merged_into}\n\
             I2,incident,true,,other,,2026-10-07T08:00:00Z,2026-10-08T09:00:00Z,disk full,enlarged,\n"
        );
        let head = INCIDENTS.replace('\n', ",duplicate_of\n");
        with(nightly(&[5]), "incidents", &format!("{head}{lines}")).judge()
    };
    let v = judge("I2");
    assert!(v.is("MON-03", SLOT, State::Pass).detail.contains("I2"));
    v.is("MON-04", "nightly", State::Pass);
    has_reason(judge("").is("MON-04", "nightly", State::Fail), "cause_missing");
}

#[test]
fn a_record_that_was_reopened_keeps_its_first_opening_time() {
    let mut f = nightly(&[5]);
    // Its tracker moves the opening with each time that it is opened.
    for (opened, closed, read) in [
        ("2026-10-05T07:00:00Z", Some("2026-10-06T07:00:00Z"), "2026-10-07T00:00:00Z"),
        ("2026-10-10T07:00:00Z", None, "2026-10-11T00:00:00Z"),
    ] {
        f.row(Row::Incident(ObservedIncident {
            incident: Incident {
                incident_id: "17".to_owned(),
                kind: IncidentKind::Incident,
                backup_related: true,
                cause_class: None,
                severity: None,
                system_ids: vec!["db".to_owned()],
                run_ids: vec!["db/2026-10-05T02:00:00Z".to_owned()],
                opened_at: at(opened),
                closed_at: closed.map(at),
                duplicate_of: None,
                significant: false,
                root_cause: None,
                resolution: None,
                lessons_ref: None,
                improvement_action_ids: Vec::new(),
                restore_test_id: None,
            },
            origin: origin("github", "ops", "17", at(read)),
        }));
    }
    let v = f.judge();
    assert!(v.is("MON-03", SLOT, State::Pass).detail.contains("opened at 2026-10-05T07:00:00Z"));
    has_reason(v.is("MON-04", "nightly", State::Fail), "open_too_long");
}
