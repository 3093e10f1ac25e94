//! Chains from failure to closure.

use model::rows::RunStatus;
use model::time::utc_text;

use super::*;
use crate::testing::{Fixture, at, plain};

const ALERTS: &str =
    "alert_id,kind,plan_id,run_id,system_id,raised_at,channel,acknowledged_at,acknowledged_by,suppressed\n";
const INCIDENTS: &str =
    "incident_id,kind,backup_related,system_ids,run_ids,opened_at,closed_at,duplicate_of,root_cause,resolution\n";

/// October with a nightly backup of `db` at 02:00 that took ten minutes, failing on these days.
fn nightly(failing: &[u32]) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("nightly", "db", "0 2 * * *", plain());
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-06T00:00:00Z");
    for day in 1..=31 {
        let status = if failing.contains(&day) { RunStatus::Failed } else { RunStatus::Success };
        f.run("db", &format!("2026-10-{day:02}T02:00:00Z"), status, plain());
    }
    f.run("db", "2026-11-01T02:00:00Z", RunStatus::Success, plain());
    f
}

/// What breaks each chain.
fn broken(f: &Fixture) -> Vec<Option<String>> {
    f.with_world(|w| chains(w).iter().map(Chain::broken_link).collect())
}

fn only(f: &Fixture) -> Option<String> {
    let all = broken(f);
    assert_eq!(all.len(), 1);
    all.into_iter().next().flatten()
}

fn alert(f: &mut Fixture, line: &str) {
    f.register("alerts", &format!("{ALERTS}{line}\n"));
}

fn incident(f: &mut Fixture, lines: &str) {
    f.register("incidents", &format!("{INCIDENTS}{lines}\n"));
}

const SEEN: &str = "A1,failed,nightly,,,2026-10-05T02:20:00Z,pager,2026-10-05T06:00:00Z,ole,";
const CLOSED: &str = "I1,incident,true,db,,2026-10-05T07:00:00Z,2026-10-06T09:00:00Z,,disk full,disk enlarged";

#[test]
fn every_link_is_named_where_it_is_missing() {
    let mut f = nightly(&[]);
    assert!(broken(&f).is_empty());
    f = nightly(&[5]);
    assert_eq!(only(&f).as_deref(), Some("unknown:alert"));
    alert(&mut f, "");
    assert_eq!(only(&f).as_deref(), Some("alert"));
    alert(&mut f, "A1,failed,nightly,,,2026-10-05T02:20:00Z,pager,,,");
    assert_eq!(only(&f).as_deref(), Some("acknowledgement"));
    f = nightly(&[5]);
    alert(&mut f, SEEN);
    assert_eq!(only(&f).as_deref(), Some("unknown:incident"));
    incident(&mut f, "");
    assert_eq!(only(&f).as_deref(), Some("incident"));
    for (line, link) in [
        ("I1,incident,true,db,,2026-10-05T07:00:00Z,2026-10-06T09:00:00Z,,,disk enlarged", Some("root_cause")),
        ("I1,incident,true,db,,2026-10-05T07:00:00Z,2026-10-06T09:00:00Z,,disk full,", Some("resolution")),
        // Open for longer than 30 days.
        ("I1,incident,true,db,,2026-10-05T07:00:00Z,,,disk full,", Some("resolution")),
        (CLOSED, None),
    ] {
        let mut f = nightly(&[5]);
        alert(&mut f, SEEN);
        incident(&mut f, line);
        assert_eq!(only(&f).as_deref(), link, "{line}");
    }
    // The last night of records fails, and nothing follows it.
    let mut f = nightly(&[31]);
    f.rows.pop();
    alert(&mut f, "A1,failed,nightly,,,2026-10-31T02:20:00Z,pager,2026-10-31T06:00:00Z,ole,");
    incident(&mut f, "I1,incident,true,db,,2026-10-31T07:00:00Z,2026-11-01T09:00:00Z,,disk full,disk enlarged");
    assert_eq!(only(&f).as_deref(), Some("recovery"));
    f.collections.clear();
    f.covers("db", "2026-09-01T00:00:00Z", "2026-10-31T04:00:00Z");
    assert_eq!(only(&f).as_deref(), Some("unknown:recovery"));
    f.as_of = at("2026-10-31T20:00:00Z");
    assert_eq!(only(&f).as_deref(), Some("pending:recovery"));
}

#[test]
fn times_count_from_the_failure() {
    let mut f = nightly(&[5]);
    alert(&mut f, SEEN);
    incident(&mut f, CLOSED);
    f.with_world(|w| {
        let all = chains(w);
        let c = &all[0];
        assert_eq!(utc_text(c.failed_at), "2026-10-05T02:10:00Z");
        assert_eq!(c.detect_s(), Some(600));
        assert_eq!(c.respond_s(), Some(3 * 3600 + 50 * 60));
        assert_eq!(c.recover_s(), Some(86_400 - 600));
        let records = c.records(w);
        for id in
            ["slot/nightly@2026-10-05T02:00:00Z", "run/runs.log/db/2026-10-05T02:00:00Z", "alert/A1", "incident/I1"]
        {
            assert!(records.iter().any(|r| r == id), "{id} in {records:?}");
        }
        assert_eq!(records.len(), 5);
    });
}

#[test]
fn an_alert_before_the_end_counts_and_a_suppressed_or_a_test_one_does_not() {
    let found = |line: &str| {
        let mut f = nightly(&[5]);
        alert(&mut f, line);
        f.with_world(|w| chains(w)[0].alert.found().is_some())
    };
    assert!(found("A1,failed,nightly,,,2026-10-05T02:01:00Z,pager,,,"));
    assert!(found("A1,failed,,db/2026-10-05T02:00:00Z,,2026-10-05T02:11:00Z,pager,,,"));
    // The system has one plan, so that its name is enough.
    assert!(found("A1,failed,,,db,2026-10-05T02:11:00Z,pager,,,"));
    assert!(!found("A1,failed,nightly,,,2026-10-05T02:11:00Z,pager,,,true"));
    assert!(!found("A1,test,nightly,,,2026-10-05T02:11:00Z,pager,,,"));
    assert!(!found("A1,failed,nightly,,,2026-10-04T02:11:00Z,pager,,,"));
    assert!(!found("A1,failed,weekly,,,2026-10-05T02:11:00Z,pager,,,"));
    // It names the run of another night, or comes when the next night is due.
    assert!(!found("A1,failed,nightly,db/2026-10-04T02:00:00Z,,2026-10-05T02:11:00Z,pager,,,"));
    assert!(!found("A1,failed,nightly,,,2026-10-06T02:11:00Z,pager,,,"));
}

#[test]
fn a_system_name_is_not_enough_for_two_plans() {
    let mut f = nightly(&[5]);
    f.plan("weekly", "db", "0 12 * * 0", plain());
    alert(&mut f, "A1,failed,,,db,2026-10-05T02:11:00Z,pager,,,");
    f.with_world(|w| {
        let nightly = chains(w).iter().find(|c| c.failed_at == at("2026-10-05T02:10:00Z"));
        assert_eq!(nightly.map(|c| c.alert.found().is_some()), Some(false));
    });
}

#[test]
fn one_alert_serves_all_slots_of_one_cause_if_it_was_in_time_for_the_first() {
    let case = "I1,incident,true,db,,2026-10-05T07:00:00Z,2026-10-09T09:00:00Z,,disk full,disk enlarged";
    let mut f = nightly(&[5, 6, 7]);
    alert(&mut f, SEEN);
    incident(&mut f, case);
    assert_eq!(broken(&f), [None, None, None]);
    let mut f = nightly(&[5, 6, 7]);
    alert(&mut f, "A1,failed,nightly,,,2026-10-05T12:20:00Z,pager,2026-10-05T12:30:00Z,ole,");
    incident(&mut f, case);
    assert_eq!(broken(&f), [None, Some("alert".to_owned()), Some("alert".to_owned())]);
    // Without a record nobody says that the cause is one.
    let mut f = nightly(&[5, 6]);
    alert(&mut f, SEEN);
    incident(&mut f, "");
    assert_eq!(broken(&f)[1].as_deref(), Some("alert"));
}

#[test]
fn a_duplicate_counts_through_the_record_it_was_merged_into() {
    let mut f = nightly(&[5]);
    alert(&mut f, SEEN);
    incident(
        &mut f,
        "I1,investigation,true,,db/2026-10-05T02:00:00Z,2026-10-05T07:00:00Z,2026-10-05T08:00:00Z,I2,,\n\
         I2,incident,true,other,,2026-10-05T08:00:00Z,2026-10-06T09:00:00Z,,disk full,disk enlarged",
    );
    assert_eq!(only(&f), None);
    f.with_world(|w| {
        let case = chains(w)[0].incident.found().expect("a record");
        assert_eq!(
            (case.record.incident_id.as_str(), utc_text(case.opened_at).as_str()),
            ("I2", "2026-10-05T07:00:00Z")
        );
    });
    // A circle of duplicates ends.
    let mut f = nightly(&[5]);
    incident(
        &mut f,
        "I1,incident,true,db,,2026-10-05T07:00:00Z,,I2,,\nI2,incident,true,db,,2026-10-05T08:00:00Z,,I1,,",
    );
    assert_eq!(broken(&f).len(), 1);
}

#[test]
fn an_incident_names_a_run_a_slot_a_plan_or_its_system_in_time() {
    let opened = |line: &str| {
        let mut f = nightly(&[5]);
        incident(&mut f, line);
        f.with_world(|w| chains(w)[0].incident.found().map(|c| utc_text(c.opened_at)))
    };
    let at = Some("2026-10-05T07:00:00Z".to_owned());
    assert_eq!(opened("I1,incident,false,,db/2026-10-05T02:00:00Z,2026-10-05T07:00:00Z,,,,"), at);
    assert_eq!(opened("I1,incident,false,,nightly@2026-10-05T02:00:00Z,2026-10-05T07:00:00Z,,,,"), at);
    assert_eq!(opened("I1,incident,false,,nightly,2026-10-05T07:00:00Z,,,,"), at);
    assert_eq!(opened("I1,incident,true,db,,2026-10-05T07:00:00Z,,,,"), at);
    assert_eq!(opened("I1,incident,true,*,,2026-10-05T07:00:00Z,,,,"), at);
    // Open since before: the failure falls in its time.
    assert_eq!(opened("I1,incident,true,db,,2026-10-01T07:00:00Z,,,,").as_deref(), Some("2026-10-01T07:00:00Z"));
    // Late, but before the system recovered; a later one is about something else.
    assert_eq!(opened("I1,incident,true,db,,2026-10-06T02:00:00Z,,,,").as_deref(), Some("2026-10-06T02:00:00Z"));
    for other in [
        "I1,incident,false,db,,2026-10-05T07:00:00Z,,,,",
        "I1,incident,true,web,,2026-10-05T07:00:00Z,,,,",
        "I1,incident,true,db,,2026-10-01T07:00:00Z,2026-10-02T07:00:00Z,,,",
        "I1,incident,true,db,,2026-10-20T07:00:00Z,,,,",
    ] {
        assert_eq!(opened(other), None, "{other}");
    }
}

#[test]
fn a_missed_slot_fails_at_its_deadline_and_a_backup_by_hand_recovers_it() {
    let mut f = nightly(&[]);
    f.rows.remove(4);
    f.run("db", "2026-10-05T18:00:00Z", RunStatus::Success, |r| r.trigger = Some(model::rows::Trigger::Manual));
    f.with_world(|w| {
        let all = chains(w);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].failed_at, all[0].slot.deadline);
        assert_eq!(all[0].recovered_at(), Some(at("2026-10-05T18:00:00Z")));
    });
}
