//! FRQ-01: gaps between good recovery points.

use chrono::Duration;
use model::assessment::State::{Fail, NoEvidence, NotApplicable, Pass};
use model::policy::Setting;
use model::rows::{Component, Integrity, Row, RunStatus};
use model::time::Tz;

use crate::testing::{Fixture, at, has_reason, plain};

/// A database with good points at these times, every record of `covered` there.
fn points(period: &str, times: &[&str], covered: Option<(&str, &str)>) -> Fixture {
    let mut f = Fixture::new(period);
    f.system("db", plain());
    if let Some((from, to)) = covered {
        f.covers("db", from, to);
    }
    for time in times {
        f.point("db", time, plain());
    }
    f
}

const ALL: Option<(&str, &str)> = Some(("2026-09-25T00:00:00Z", "2026-11-25T00:00:00Z"));

/// Good points at 01:00 on every day of October 2026 but these.
fn october_without(days: &[u32]) -> Fixture {
    let mut f = points("2026-10", &["2026-09-30T01:00:00Z", "2026-11-01T01:00:00Z"], ALL);
    for day in (1..=31).filter(|d| !days.contains(d)) {
        f.point("db", &format!("2026-10-{day:02}T01:00:00Z"), plain());
    }
    f
}

#[test]
fn frq_01_daily_points_pass() {
    let times = ["2026-10-01T01:00:00Z", "2026-10-02T01:00:00Z", "2026-10-03T01:00:00Z", "2026-10-04T01:00:00Z"];
    let verdicts = points("2026-10-01..2026-10-04", &times, ALL).judge();
    assert!(verdicts.is("FRQ-01", "db", Pass).reasons.is_empty());
}

#[test]
fn frq_01_a_gap_above_the_tolerance_fails() {
    let verdicts = points("2026-10-01..2026-10-02", &["2026-10-01T01:00:00Z", "2026-10-02T03:30:00Z"], ALL).judge();
    let result = verdicts.is("FRQ-01", "db", Fail);
    assert!(result.detail.contains("26 h 30 min where 24 h is allowed"), "{}", result.detail);
    assert_eq!(result.reasons, ["gap_exceeds_limit"]);
    assert_eq!(result.records.len(), 2, "the points on both sides");
}

#[test]
fn frq_01_a_gap_within_the_tolerance_is_drift() {
    let verdicts = points("2026-10-01..2026-10-02", &["2026-10-01T01:00:00Z", "2026-10-02T01:40:00Z"], ALL).judge();
    assert_eq!(verdicts.is("FRQ-01", "db", Pass).reasons, ["drift"]);
    // One second above the tolerance is no drift any more.
    let late = points("2026-10-01..2026-10-02", &["2026-10-01T01:00:00Z", "2026-10-02T02:00:01Z"], ALL).judge();
    late.is("FRQ-01", "db", Fail);
}

#[test]
pub(super) fn frq_01_what_no_complete_source_covers_is_no_miss() {
    let mut f = october_without(&[2]);
    f.collections.clear();
    f.covers("db", "2026-09-25T00:00:00Z", "2026-10-02T00:00:00Z");
    f.covers("db", "2026-10-03T00:00:00Z", "2026-11-25T00:00:00Z");
    let verdicts = f.judge();
    has_reason(verdicts.is("FRQ-01", "db", NoEvidence), "gap_not_covered");
    // The hole outside of the gap changes nothing.
    f.collections.clear();
    f.covers("db", "2026-09-30T00:00:00Z", "2026-10-10T00:00:00Z");
    f.judge().is("FRQ-01", "db", Fail);
}

#[test]
fn frq_01_any_wall_clock_plan_has_the_longer_day_and_half_an_hour_back_counts() {
    let mut f = Fixture::in_zone("2026-04-04..2026-04-05", Tz::Australia__Lord_Howe);
    f.parameter("schedule_tolerance", Setting::Span(model::time::Span::of_seconds(0)));
    f.system("db", plain()).covers("db", "2026-03-01T00:00:00Z", "2026-04-10T00:00:00Z");
    f.plan("a-utc", "db", "0 2 1 * *", plain());
    f.plan("b-local", "db", "30 1 * * *", |p| p.timezone = Tz::Australia__Lord_Howe);
    // 01:30 on 4, 5 and 6 April; on the 5th the clock goes from 02:00 to 01:30.
    for taken in ["2026-04-02T14:30:00Z", "2026-04-03T14:30:00Z", "2026-04-04T14:30:00Z", "2026-04-05T15:00:00Z"] {
        f.point("db", taken, plain());
    }
    assert_eq!(f.judge().is("FRQ-01", "db", Pass).reasons, ["dst_extended"]);
}

#[test]
pub(super) fn frq_01_the_day_the_clock_goes_back_has_25_hours() {
    let build = |second: &str| {
        let mut f = Fixture::in_zone("2026-11-01..2026-11-02", Tz::America__New_York);
        f.system("db", plain()).covers("db", "2026-10-01T00:00:00Z", "2026-11-07T00:00:00Z");
        f.plan("daily", "db", "30 1 * * *", |p| p.timezone = Tz::America__New_York);
        f.point("db", "2026-11-01T05:30:00Z", plain()).point("db", second, plain());
        f.point("db", "2026-11-03T06:30:00Z", plain());
        f
    };
    assert_eq!(build("2026-11-02T06:30:00Z").judge().is("FRQ-01", "db", Pass).reasons, ["dst_extended"]);
    build("2026-11-02T07:30:00Z").judge().is("FRQ-01", "db", Pass);
    build("2026-11-02T07:30:01Z").judge().is("FRQ-01", "db", Fail);
    // An interval plan ignores wall time: 25 h are drift, and no more is allowed.
    let mut f = build("2026-11-02T06:45:00Z");
    f.plans.clear();
    f.plan("every", "db", "every 86400", plain());
    f.judge().is("FRQ-01", "db", Fail);
}

#[test]
pub(super) fn frq_01_partial_empty_damaged_and_copied_points_close_no_gap() {
    let run = |status| {
        let mut f = Fixture::new("2026-10-01..2026-10-03");
        f.system("db", plain()).covers("db", "2026-09-25T00:00:00Z", "2026-10-20T00:00:00Z");
        f.run("db", "2026-10-01T01:00:00Z", RunStatus::Success, plain());
        f.run("db", "2026-10-02T01:00:00Z", status, plain());
        f.run("db", "2026-10-03T01:00:00Z", RunStatus::Success, plain());
        f.judge().of("FRQ-01", "db").state
    };
    assert_eq!(run(RunStatus::Partial), Fail);
    assert_eq!(run(RunStatus::Success), Pass);
    let second = |change: fn(&mut model::rows::RecoveryPoint)| {
        let mut f = points("2026-10-01..2026-10-03", &["2026-10-01T01:00:00Z", "2026-10-03T01:00:00Z"], ALL);
        f.point("db", "2026-10-02T01:00:00Z", change);
        f.judge().of("FRQ-01", "db").state
    };
    assert_eq!(second(|_| {}), Pass);
    assert_eq!(second(|p| p.complete = Some(false)), Fail);
    assert_eq!(second(|p| p.bytes = Some(0)), Fail);
    assert_eq!(second(|p| p.integrity_result = Some(Integrity::Fail)), Fail);
    assert_eq!(second(|p| p.copy_of = Some("x".to_owned())), Fail);
    assert_eq!(second(|p| p.component = Some(Component::Replica)), Fail);
    assert_eq!(second(|p| p.deleted_at = Some(at("2026-10-02T09:00:00Z"))), Pass, "it existed");
    assert_eq!(second(|p| p.complete = None), NoEvidence, "the listing does not tell");
    assert_eq!(second(|p| (p.taken_at, p.created_at, p.zone_unknown) = (None, None, true)), NoEvidence);
}

#[test]
pub(super) fn frq_01_measures_from_start_to_start_and_in_service_only() {
    // 1 h and 5 h long: 24 h apart by start, 28 h by end.
    let mut f = points("2026-10-01..2026-10-02", &[], ALL);
    f.run("db", "2026-10-01T01:00:00Z", RunStatus::Success, |r| r.ended_at = Some(at("2026-10-01T02:00:00Z")));
    f.run("db", "2026-10-02T01:00:00Z", RunStatus::Success, |r| r.ended_at = Some(at("2026-10-02T06:00:00Z")));
    assert!(f.judge().is("FRQ-01", "db", Pass).reasons.is_empty());
    // Retired: the last gap ends there.
    let mut f = points("2026-10", &["2026-09-30T12:00:00Z", "2026-10-01T01:00:00Z"], ALL);
    f.systems[0].retired_at = Some(at("2026-10-01T20:00:00Z"));
    f.judge().is("FRQ-01", "db", Pass);
    // A job that runs at the end gives no point yet: measured to as_of.
    let mut f = Fixture::new("2026-10");
    f.as_of("2026-10-10T12:00:00Z").system("db", plain()).covers("db", "2026-09-01T00:00:00Z", "2026-11-01T00:00:00Z");
    for day in 1..=9 {
        f.run("db", &format!("2026-10-{day:02}T01:00:00Z"), RunStatus::Success, plain());
    }
    f.run("db", "2026-10-10T01:00:00Z", RunStatus::Running, plain());
    f.judge().is("FRQ-01", "db", Fail);
}

#[test]
fn frq_01_a_new_system_has_the_onboarding_time() {
    let build = |first: Option<&str>| {
        let mut f = points("2026-10-01..2026-10-06", &[], ALL);
        f.systems[0].onboarded_at = at("2026-10-05T10:00:00Z");
        f.as_of = at("2026-10-06T00:00:00Z");
        if let Some(first) = first {
            f.point("db", first, plain());
        }
        f.judge()
    };
    has_reason(build(None).is("FRQ-01", "db", NotApplicable), "not_yet_due");
    build(Some("2026-10-05T20:00:00Z")).is("FRQ-01", "db", Pass);
}

#[test]
fn frq_01_continuous_protection_closes_every_gap_it_is_proven_for() {
    let mut f = points("2026-10-01..2026-10-03", &[], ALL);
    let mut day = at("2026-09-29T00:00:00Z");
    while day <= at("2026-10-05T00:00:00Z") {
        f.pitr("db", day, day - Duration::seconds(60));
        if let Some(Row::Pitr(sample)) = f.rows.last_mut() {
            sample.earliest_restorable_at = Some(day - Duration::days(7));
        }
        day += Duration::days(1);
    }
    let verdicts = f.judge();
    let result = verdicts.is("FRQ-01", "db", Pass);
    assert!(result.detail.contains("no gap"), "{}", result.detail);
}

#[test]
pub(super) fn frq_01_only_the_waived_part_is_waived() {
    // Nothing for five days; the exception covers them but for one.
    let mut f = october_without(&[10, 11, 12, 13]);
    f.exception("EX-1", "db", "FRQ-01", "2026-10-09T00:00:00Z", "2026-10-13T12:00:00Z");
    assert!(f.judge().is("FRQ-01", "db", Fail).waived, "the 13.5 h that remain are short enough");
    let mut f = october_without(&[10, 11, 12, 13]);
    f.exception("EX-1", "db", "FRQ-01", "2026-10-09T00:00:00Z", "2026-10-12T12:00:00Z");
    assert!(!f.judge().is("FRQ-01", "db", Fail).waived, "the 36.5 h that remain are not");
    let mut f = october_without(&[10, 11, 12, 13]);
    let valid = ("2026-10-09T00:00:00Z", "2026-10-20T00:00:00Z");
    f.exception_approved("EX-1", "db", "FRQ-01", valid, "2026-10-15T00:00:00Z");
    assert!(!f.judge().is("FRQ-01", "db", Fail).waived, "approval after the fact");
}

#[test]
fn frq_01_a_copy_job_is_no_backup() {
    let mut f = october_without(&[7]);
    f.run("db", "2026-10-07T01:00:00Z", RunStatus::Success, |r| r.run_id = "copy-job:1".to_owned());
    f.judge().is("FRQ-01", "db", Fail);
}

#[test]
pub(super) fn frq_01_a_late_run_shortens_the_next_gap() {
    // Due at 01:00. By its data the third run comes 24 h 45 min after the second, by its slot 25 h 45 min.
    let mut f = points("2026-10-01..2026-10-03", &[], ALL);
    f.plan("daily", "db", "0 1 * * *", |p| (p.start_window_s, p.max_duration_s) = (Some(1_800), Some(900)));
    for (due, started) in [("01T01:00", "01T01:00"), ("02T01:00", "02T02:00"), ("03T01:00", "03T02:45")] {
        f.run("db", &format!("2026-10-{started}:00Z"), RunStatus::Success, |r| {
            r.scheduled_for = Some(at(&format!("2026-10-{due}:00Z")));
        });
    }
    let verdicts = f.judge();
    assert_eq!(verdicts.is("FRQ-01", "db", Pass).reasons, ["drift"]);
    has_reason(verdicts.is("FRQ-02", "daily", Pass), "late_success");
}

#[test]
pub(super) fn frq_01_attempts_that_failed_neither_close_a_gap_nor_open_one() {
    let mut f = october_without(&[9]);
    for hour in 1..=3 {
        f.run("db", &format!("2026-10-09T0{hour}:00:00Z"), RunStatus::Failed, plain());
    }
    f.judge().is("FRQ-01", "db", Fail);
    f.run("db", "2026-10-09T01:30:00Z", RunStatus::Success, plain());
    f.judge().is("FRQ-01", "db", Pass);
}

#[test]
pub(super) fn frq_01_the_first_gap_runs_from_onboarding_and_has_a_limit_of_its_own() {
    let with = |first: Option<&str>, due_h: i64| {
        let mut f = points("2026-10-01..2026-10-03", &["2026-10-02T12:00:00Z", "2026-10-03T11:00:00Z"], ALL);
        f.parameter("onboarding_protection_due", Setting::Span(model::time::Span::of_seconds(due_h * 3_600)));
        f.systems[0].onboarded_at = at("2026-10-01T00:00:00Z");
        if let Some(first) = first {
            f.point("db", first, plain());
        }
        f.judge().of("FRQ-01", "db").state
    };
    assert_eq!((with(None, 36), with(None, 24)), (Pass, Fail));
    let early = Some("2026-10-01T20:00:00Z");
    assert_eq!((with(early, 20), with(early, 12)), (Pass, Fail));
}
