//! RET-01 to RET-04: the examples of `controls/checks.toml` and its edge cases.

use model::assessment::{Severity, State};
use model::policy::Setting;
use model::rows::{Component, Listing, ObservedPlan, Row};

use crate::testing::{Fixture, at, has_reason, origin, plain};

mod edges;

pub(crate) use edges::EDGES;

/// Examples that tests here claim.
pub(crate) const EXAMPLES: &[(&str, usize)] = &[("RET-01", 0), ("RET-01", 1), ("RET-01", 2), ("RET-01", 3)];

const DAY: i64 = 86_400;

fn window(fixture: &mut Fixture, days: i64) {
    fixture.plan("pitr", "db", "continuous", |p| {
        p.component = Component::LogContinuous;
        p.retention_s = Some(days * DAY);
    });
}

fn restorable_window(fixture: &mut Fixture) {
    fixture.parameter("retention_reading", Setting::Text("restorable_window".to_owned()));
}

#[test]
fn a_daily_plan_of_35_days_passes() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
    let v = f.judge();
    let r = v.is("RET-01", "daily", State::Pass);
    assert!(r.detail.contains("35 d") && r.detail.contains("each_recovery_point"), "{}", r.detail);
}

#[test]
fn a_window_of_seven_days_alone_fails() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    window(&mut f, 7);
    has_reason(f.judge().is("RET-01", "pitr", State::Fail), "below_minimum");
    restorable_window(&mut f);
    f.judge().is("RET-01", "pitr", State::Fail);
}

#[test]
fn a_long_export_makes_up_for_a_short_window_in_the_reading_of_the_window() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("export", "db", "0 2 * * *", |p| p.component = Component::Logical);
    window(&mut f, 7);
    f.judge().is("RET-01", "pitr", State::Fail);
    restorable_window(&mut f);
    let v = f.judge();
    has_reason(v.is("RET-01", "pitr", State::Pass), "restorable_window");
    v.is("RET-01", "export", State::Pass);
}

#[test]
fn in_the_reading_of_the_window_a_plan_that_shows_no_retention_may_be_the_long_one() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("export", "db", "0 2 * * *", |p| p.retention_s = None);
    window(&mut f, 7);
    f.judge().is("RET-01", "pitr", State::Fail);
    restorable_window(&mut f);
    has_reason(f.judge().is("RET-01", "pitr", State::NoEvidence), "retention_not_visible");
}

#[test]
fn thinning_fails_for_the_daily_plan() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    for (id, schedule, count) in [("daily", "0 2 * * *", 7), ("weekly", "0 3 * * 0", 4)] {
        f.plan(id, "db", schedule, |p| {
            p.retention_s = None;
            p.retention_count = Some(count);
        });
    }
    let v = f.judge();
    let r = v.is("RET-01", "daily", State::Fail);
    assert!(r.detail.contains("7 d") && r.detail.contains("reading each_recovery_point"), "{}", r.detail);
    // Four weekly copies reach back 28 days.
    v.is("RET-01", "weekly", State::Fail);
}

#[test]
fn retention_that_is_not_visible_is_no_evidence_and_a_test_copy_is_not_judged() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("bare", "db", "0 2 * * *", |p| p.retention_s = None);
    f.plan("copy", "db", "0 4 * * *", |p| {
        p.operational = false;
        p.retention_s = Some(DAY);
    });
    let v = f.judge();
    has_reason(v.is("RET-01", "bare", State::NoEvidence), "retention_not_visible");
    has_reason(v.is("RET-01", "copy", State::NotApplicable), "not_operational");
}

fn shown_by_the_platform(f: &mut Fixture, days: i64) {
    f.row(Row::Plan(ObservedPlan {
        plan_id: "daily".into(),
        resource: None,
        component: None,
        schedule: None,
        timezone: None,
        retention_s: Some(days * DAY),
        retention_count: None,
        enabled: Some(true),
        observed_at: at("2026-10-10T00:00:00Z"),
        origin: origin("runs", "log", "p", at("2026-10-10T00:00:00Z")),
    }));
}

#[test]
fn what_the_platform_shows_wins_over_the_inventory() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
    shown_by_the_platform(&mut f, 7);
    f.judge().is("RET-01", "daily", State::Fail);
}

#[test]
fn a_platform_that_keeps_longer_than_a_maximum_allows_fails_whatever_the_inventory_says() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
    f.register("obligations", "obligation_id,source,kind,value,system_ids,valid_from,reviewed_at\nO1,privacy law,retention_max,P90D,db,2020-01-01,2026-01-01T00:00:00Z\n");
    f.judge().is("RET-04", "daily", State::Pass);
    shown_by_the_platform(&mut f, 3650);
    f.judge().is("RET-04", "daily", State::Fail);
}

#[test]
fn a_stricter_obligation_raises_the_minimum_and_a_waiver_covers_the_breach() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
    f.register("obligations", "obligation_id,source,kind,value,system_ids,valid_from,reviewed_at\nO1,tax law,retention_min,P1Y,db,2020-01-01,2026-01-01T00:00:00Z\n");
    let v = f.judge();
    let r = v.is("RET-01", "daily", State::Fail);
    assert!(!r.waived, "{}", r.detail);
    f.exception("E1", "db", "RET-01", "2026-09-01T00:00:00Z", "2026-12-01T00:00:00Z");
    assert!(f.judge().is("RET-01", "daily", State::Fail).waived);
}

fn listing(f: &mut Fixture, when: &str, ids: &[&str]) {
    any_listing(f, when, ids, true);
}

fn any_listing(f: &mut Fixture, when: &str, ids: &[&str], complete: bool) {
    f.row(Row::Listing(Listing {
        resource: "runs:db".into(),
        listed_at: at(when),
        recovery_point_ids: ids.iter().map(|i| (*i).to_owned()).collect(),
        complete,
        origin: origin("runs", "log", when, at(when)),
    }));
}

fn listed(f: &mut Fixture, taken: &str, seen: &str) {
    f.point("db", taken, |p| {
        p.resource = Some("runs:db".into());
        p.origin.observed_at = at(seen);
    });
}

#[test]
fn a_point_as_old_as_the_minimum_passes_and_its_absence_in_a_complete_listing_fails() {
    let mut f = Fixture::new("2026-10");
    f.as_of("2026-11-01T12:00:00Z").system("db", plain());
    listed(&mut f, "2026-10-02T02:00:00Z", "2026-11-01T10:00:00Z");
    listing(&mut f, "2026-11-01T10:00:00Z", &["db/2026-10-02T02:00:00Z"]);
    f.judge().is("RET-02", "db", State::Pass);

    let mut f = Fixture::new("2026-10");
    f.as_of("2026-11-01T12:00:00Z").system("db", plain());
    listed(&mut f, "2026-10-20T02:00:00Z", "2026-11-01T10:00:00Z");
    listing(&mut f, "2026-11-01T10:00:00Z", &["db/2026-10-20T02:00:00Z"]);
    has_reason(f.judge().is("RET-02", "db", State::Fail), "none_as_old");
}

#[test]
fn a_point_that_only_a_partial_listing_showed_is_gone_when_a_complete_one_lacks_it() {
    let mut f = Fixture::new("2026-10");
    f.as_of("2026-11-01T12:00:00Z").system("db", plain());
    // Both files were collected on 1 November; the partial list is of 12 October.
    listed(&mut f, "2026-10-02T02:00:00Z", "2026-11-01T10:00:00Z");
    listed(&mut f, "2026-10-20T02:00:00Z", "2026-11-01T10:00:00Z");
    any_listing(&mut f, "2026-10-12T10:00:00Z", &["db/2026-10-02T02:00:00Z"], false);
    listing(&mut f, "2026-11-01T10:00:00Z", &["db/2026-10-20T02:00:00Z"]);
    has_reason(f.judge().is("RET-02", "db", State::Fail), "none_as_old");
}

#[test]
fn a_run_alone_does_not_show_that_its_point_is_still_there() {
    let mut f = Fixture::new("2026-10");
    f.as_of("2026-11-01T12:00:00Z").system("db", plain());
    f.run("db", "2026-10-02T02:00:00Z", model::rows::RunStatus::Success, plain());
    has_reason(f.judge().is("RET-02", "db", State::NoEvidence), "not_listed");
}

#[test]
fn a_young_system_is_not_yet_due() {
    let mut f = Fixture::new("2026-10");
    f.system("db", |s| s.onboarded_at = at("2026-10-20T00:00:00Z"));
    has_reason(f.judge().is("RET-02", "db", State::NotApplicable), "not_yet_due");
}

#[test]
fn a_point_whose_key_is_gone_does_not_count() {
    let mut f = Fixture::new("2026-10");
    f.as_of("2026-11-01T12:00:00Z").system("db", plain());
    f.point("db", "2026-10-02T02:00:00Z", |p| {
        p.resource = Some("runs:db".into());
        p.key_id = Some("k1".into());
        p.origin.observed_at = at("2026-11-01T10:00:00Z");
    });
    listing(&mut f, "2026-11-01T10:00:00Z", &["db/2026-10-02T02:00:00Z"]);
    f.judge().is("RET-02", "db", State::Pass);
    f.register("keys", "key_id,state,created_at,observed_at\nk1,deleted,2025-01-01T00:00:00Z,2026-10-01T00:00:00Z\n");
    f.judge().is("RET-02", "db", State::Fail);
}

#[test]
fn early_deletion_fails_and_is_critical_where_a_person_did_it() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    for (taken, by) in [("2026-10-01T02:00:00Z", "lifecycle"), ("2026-10-02T02:00:00Z", "mallory")] {
        f.point("db", taken, |p| {
            p.deleted_at = Some(at("2026-10-10T00:00:00Z"));
            p.deleted_by = Some(by.into());
        });
    }
    f.register(
        "principals",
        "principal_id,platform_id,kind,status,mfa,observed_at\nmallory,aws,human,active,none,2026-10-01T00:00:00Z\nlifecycle,aws,service,active,not_applicable,2026-10-01T00:00:00Z\n",
    );
    let v = f.judge();
    let by_service = v.is("RET-03", "db/2026-10-01T02:00:00Z", State::Fail);
    assert_eq!(by_service.severity, Severity::High);
    let by_person = v.is("RET-03", "db/2026-10-02T02:00:00Z", State::Fail);
    assert_eq!(by_person.severity, Severity::Critical);
    has_reason(by_person, "deleted_by_person");
}

#[test]
fn deletion_in_time_or_of_a_duplicate_passes_once_for_the_system() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f.point("db", "2026-08-20T02:00:00Z", |p| p.deleted_at = Some(at("2026-10-10T00:00:00Z")));
    f.point("db", "2026-10-05T02:00:00Z", |p| {
        p.recovery_point_id = "double".into();
        p.deleted_at = Some(at("2026-10-10T00:00:00Z"));
    });
    f.point("db", "2026-10-05T02:00:00Z", plain());
    let v = f.judge();
    let r = v.is("RET-03", "db", State::Pass);
    assert!(r.detail.starts_with("2 recovery points") && r.detail.contains("1 of them duplicates"), "{}", r.detail);
    assert_eq!(v.all("RET-03").len(), 1);
}

#[test]
fn a_point_gone_between_two_listings_is_judged_by_both_times() {
    let judge = |last_seen: &str, expires: Option<&str>| {
        let mut f = Fixture::new("2026-10");
        f.system("db", plain());
        f.point("db", "2026-09-08T00:00:00Z", |p| {
            p.resource = Some("runs:db".into());
            p.expires_at = expires.map(at);
            p.origin.observed_at = at(last_seen);
        });
        listing(&mut f, last_seen, &["db/2026-09-08T00:00:00Z"]);
        listing(&mut f, "2026-10-15T00:00:00Z", &[]);
        let v = f.judge();
        let all: Vec<_> = v.all("RET-03").iter().map(|r| (r.unit.clone(), r.state)).collect();
        all[0].clone()
    };
    assert_eq!(judge("2026-10-10T00:00:00Z", None).1, State::Pass);
    assert_eq!(judge("2026-10-05T00:00:00Z", None), ("db".to_owned(), State::NoEvidence));
    assert_eq!(judge("2026-10-05T00:00:00Z", Some("2026-10-09T00:00:00Z")).1, State::Pass);
}

#[test]
fn a_deletion_belongs_to_a_period_that_holds_both_listings() {
    // Made on the day given, there at the first listing and gone at the second.
    let judge = |period: &str, made: &str, seen: &str, gone: &str| {
        let mut f = Fixture::new(period);
        f.system("db", plain());
        listed(&mut f, made, seen);
        listing(&mut f, seen, &[&format!("db/{made}")]);
        listing(&mut f, gone, &[]);
        let v = f.judge();
        let own = format!("db/{made}");
        v.all("RET-03").into_iter().find(|r| r.unit == own).map_or_else(
            || (v.of("RET-03", "db").state, v.of("RET-03", "db").detail.clone()),
            |r| (r.state, r.reasons.join(" ")),
        )
    };
    let (young, old) = ("2026-09-20T02:00:00Z", "2026-08-01T02:00:00Z");
    let (september, october) = ("2026-09-28T00:00:00Z", "2026-10-05T00:00:00Z");
    let early = (State::Fail, "deleted_early".to_owned());
    let perhaps = (State::NoEvidence, "between_listings".to_owned());
    assert_eq!(judge("2026-10", young, "2026-10-02T00:00:00Z", october), early);
    assert_eq!(judge("2026-09", young, "2026-09-21T00:00:00Z", september), early);
    assert_eq!(judge("2026-10", young, september, october), perhaps);
    assert_eq!(judge("2026-09", young, september, october).0, State::NoEvidence, "it is not known yet");
    assert_eq!(judge("2026-09-01..2026-10-31", young, september, october), early);
    let in_time = judge("2026-10", old, september, october);
    assert_eq!(in_time.0, State::Pass);
    assert!(in_time.1.contains("in this period or in one beside it"), "{}", in_time.1);
}

#[test]
fn a_point_that_only_its_run_tells_of_is_looked_for_in_later_listings() {
    let judge = |id: &str, list: &[&str], change: fn(&mut model::rows::BackupRun)| {
        let mut f = Fixture::new("2026-10");
        f.system("db", plain()).covers("db", "2026-09-01T00:00:00Z", "2026-11-02T00:00:00Z");
        f.run("db", "2026-10-03T02:00:00Z", model::rows::RunStatus::Success, |r| {
            r.recovery_point_id = Some(id.to_owned());
            r.resource = Some("runs:db".to_owned());
            change(r);
        });
        // One from before the run says nothing of it.
        listing(&mut f, "2026-10-02T00:00:00Z", &[]);
        listing(&mut f, "2026-10-10T00:00:00Z", list);
        f.judge().all("RET-03").iter().map(|r| (r.unit.clone(), r.state)).collect::<Vec<_>>()
    };
    let none = [("db".to_owned(), State::NotApplicable)];
    assert_eq!(judge("point-1", &["point-2"], |_| {})[1], ("point-1".to_owned(), State::Fail));
    assert_eq!(judge("point-1", &["point-1"], |_| {}), none);
    // restic shortens ids in what it prints; other names are not abbreviated.
    assert_eq!(judge("40dc1520", &["40dc1520aa01"], |_| {}), none);
    assert_eq!(judge("nightly1", &["nightly10"], |_| {})[1].1, State::Fail);
    // Of another resource, or without a name, it cannot be looked for.
    assert_eq!(judge("point-1", &[], |r| r.resource = Some("runs:db/other".to_owned())), none);
    assert_eq!(judge("point-1", &[], |r| r.recovery_point_id = None), none);
}

#[test]
fn listings_on_both_sides_show_every_deletion_only_with_every_run() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    listing(&mut f, "2026-09-30T00:00:00Z", &[]);
    listing(&mut f, "2026-11-02T00:00:00Z", &[]);
    has_reason(f.judge().is("RET-03", "db", State::NoEvidence), "listings_incomplete");
    f.covers_tables(&["backup_runs"], "db", "2026-09-01T00:00:00Z", "2026-11-02T00:00:00Z");
    has_reason(f.judge().is("RET-03", "db", State::NotApplicable), "none_deleted");
}

#[test]
fn no_deletion_is_not_applicable_only_where_listings_are_complete() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    has_reason(f.judge().is("RET-03", "db", State::NoEvidence), "listings_incomplete");
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-02T00:00:00Z");
    has_reason(f.judge().is("RET-03", "db", State::NotApplicable), "none_deleted");
}

/// One longest retention, of 90 days.
const MAX: &str = "obligation_id,source,kind,value,system_ids,valid_from,valid_to,reviewed_at\n\
                   M1,privacy policy,retention_max,P90D,db,2020-01-01,,2026-01-01T00:00:00Z\n";

#[test]
fn the_maximum_holds_for_configuration_and_points() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
    has_reason(f.judge().is("RET-04", "db", State::NoEvidence), "register_not_given");
    f.register("obligations", MAX);
    f.judge().is("RET-04", "daily", State::Pass);
    f.point("db", "2026-01-05T02:00:00Z", plain());
    has_reason(f.judge().is("RET-04", "daily", State::Fail), "point_too_old");
    f.register(
        "obligations",
        "obligation_id,source,kind,value,system_ids,valid_from,reviewed_at\nH1,Legal hold 7,retention_min,P10Y,db,2026-01-01,2026-01-01T00:00:00Z\n",
    );
    has_reason(f.judge().is("RET-04", "daily", State::Pass), "legal_hold");
}

#[test]
fn a_point_without_plan_and_expiry_is_an_orphan() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).register("obligations", MAX);
    f.point("db", "2026-10-05T02:00:00Z", plain());
    has_reason(f.judge().is("RET-04", "db", State::Fail), "orphan_points");
}

#[test]
fn an_empty_register_of_obligations_sets_no_maximum() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).register("obligations", "obligation_id,source,kind,value,system_ids,valid_from\n");
    has_reason(f.judge().is("RET-04", "db", State::NotApplicable), "no_maximum_registered");
}
