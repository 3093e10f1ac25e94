//! The examples and edge cases of FRQ in `controls/checks.toml`.

use chrono::Duration;
use model::assessment::State::{Fail, NoEvidence, NotApplicable, Pass};
use model::inventory::{ChangeRate, Plan};
use model::policy::Setting;
use model::rows::{Component, Integrity, Row, RunStatus};
use model::time::Tz;

use crate::testing::{Fixture, Verdicts, at, has_reason, plain};

mod proof;

/// Examples asserted below.
pub(crate) const EXAMPLES: &[(&str, usize)] = &[
    ("FRQ-01", 0),
    ("FRQ-01", 1),
    ("FRQ-01", 2),
    ("FRQ-01", 3),
    ("FRQ-01", 4),
    ("FRQ-01", 5),
    ("FRQ-02", 0),
    ("FRQ-02", 1),
    ("FRQ-02", 2),
    ("FRQ-02", 3),
    ("FRQ-04", 0),
    ("FRQ-04", 1),
    ("FRQ-04", 2),
    ("FRQ-04", 3),
    ("FRQ-05", 0),
    ("FRQ-05", 1),
    ("FRQ-05", 2),
];

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
fn frq_01_what_no_complete_source_covers_is_no_miss() {
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
fn frq_01_the_day_the_clock_goes_back_has_25_hours() {
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
fn frq_01_partial_empty_damaged_and_copied_points_close_no_gap() {
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
fn frq_01_measures_from_start_to_start_and_in_service_only() {
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
fn frq_01_only_the_waived_part_is_waived() {
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

/// A daily plan at 02:00 in April 2026 and a run in each of its slots but those of `without`.
fn april(without: &[u32]) -> Fixture {
    let mut f = Fixture::new("2026-04");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
    for day in (1..=30).filter(|d| !without.contains(d)) {
        f.run("db", &format!("2026-04-{day:02}T02:00:05Z"), RunStatus::Success, plain());
    }
    f
}

const APRIL: (&str, &str) = ("2026-03-30T00:00:00Z", "2026-05-03T00:00:00Z");

#[test]
fn frq_02_a_retry_saves_its_slot() {
    let mut f = april(&[9]);
    f.covers("db", APRIL.0, APRIL.1);
    f.run("db", "2026-04-09T02:00:05Z", RunStatus::Failed, plain());
    f.run("db", "2026-04-09T05:00:00Z", RunStatus::Success, plain());
    let verdicts = f.judge();
    assert!(verdicts.is("FRQ-02", "daily", Pass).detail.contains("30 of 30 slots succeeded"));
    assert_eq!(verdicts.metric("backup_success_rate").denominator, 30);
}

#[test]
fn frq_02_no_record_is_missed_where_a_complete_source_covers_it() {
    let mut f = april(&[9]);
    f.covers("db", APRIL.0, APRIL.1);
    let verdicts = f.judge();
    let result = verdicts.is("FRQ-02", "daily", Fail);
    has_reason(result, "missed");
    assert!(result.detail.contains("Of 30 slots 1 missed; the first on 2026-04-09T02:00:00Z"), "{}", result.detail);
    assert_eq!(result.records, ["slot/daily@2026-04-09T02:00:00Z"]);
}

#[test]
fn frq_02_no_record_in_a_gap_of_the_source_is_unknown() {
    let mut f = april(&[9]);
    f.covers("db", APRIL.0, "2026-04-09T00:00:00Z").covers("db", "2026-04-10T00:00:00Z", APRIL.1);
    let verdicts = f.judge();
    assert!(verdicts.is("FRQ-02", "daily", NoEvidence).detail.starts_with("1 of 30 slots"));
    // A known failure wins over the unknown slot.
    f.rows.pop();
    f.run("db", "2026-04-30T02:00:05Z", RunStatus::Failed, plain());
    has_reason(f.judge().is("FRQ-02", "daily", Fail), "failed");
}

#[test]
fn frq_02_wall_clock_times_at_the_changes_of_the_clock() {
    let slots = |period: &str, zone: Tz| {
        let mut f = Fixture::in_zone(period, zone);
        f.system("db", plain()).plan("daily", "db", "30 2 * * *", |p| p.timezone = zone);
        let all: Vec<String> = f.judge().judged.slots.iter().map(|s| model::time::utc_text(s.scheduled_for)).collect();
        all
    };
    assert_eq!(slots("2026-03-08..2026-03-08", Tz::America__New_York), ["2026-03-08T07:00:00Z"]);
    // 02:30 occurs twice in Berlin on 25 October; it is due once, at its first occurrence.
    assert_eq!(slots("2026-10-25..2026-10-25", Tz::Europe__Berlin), ["2026-10-25T00:30:00Z"]);
}

#[test]
fn frq_02_what_does_not_fill_a_slot() {
    let with = |status, change: fn(&mut model::rows::BackupRun)| {
        let mut f = april(&[9]);
        f.covers("db", APRIL.0, APRIL.1);
        f.run("db", "2026-04-09T02:01:00Z", status, change);
        f.judge()
    };
    has_reason(
        with(RunStatus::Success, |r| r.trigger = Some(model::rows::Trigger::Manual)).is("FRQ-02", "daily", Fail),
        "missed",
    );
    has_reason(with(RunStatus::Expired, |_| {}).is("FRQ-02", "daily", Fail), "failed");
    has_reason(with(RunStatus::Running, |_| {}).is("FRQ-02", "daily", Fail), "overrun");
    has_reason(with(RunStatus::Success, |r| r.bytes = Some(0)).is("FRQ-02", "daily", Fail), "failed");
    with(RunStatus::Success, |r| (r.bytes, r.unchanged) = (Some(0), true)).is("FRQ-02", "daily", Pass);
    let late = with(RunStatus::Success, |r| r.ended_at = Some(at("2026-04-09T23:00:00Z")));
    has_reason(late.is("FRQ-02", "daily", Pass), "late_success");
}

#[test]
fn frq_02_a_copy_is_no_attempt_and_does_not_fail_its_slot() {
    let mut f = april(&[9]);
    f.covers("db", APRIL.0, APRIL.1);
    f.run("db", "2026-04-09T02:00:05Z", RunStatus::Success, |r| r.recovery_point_id = Some("rp".to_owned()));
    f.point("db", "2026-04-09T02:00:05Z", |p| p.recovery_point_id = "rp".to_owned());
    f.run("db", "2026-04-09T03:00:00Z", RunStatus::Failed, |r| r.run_id = "copy-job:7".to_owned());
    f.run("db", "2026-04-09T04:00:00Z", RunStatus::Failed, |r| r.recovery_point_id = Some("copy".to_owned()));
    f.point("db", "2026-04-09T02:00:05Z", |p| {
        (p.recovery_point_id, p.copy_of) = ("copy".to_owned(), Some("rp".to_owned()));
    });
    let verdicts = f.judge();
    verdicts.is("FRQ-02", "daily", Pass);
    assert!(verdicts.judged.slots.iter().all(|s| s.attempts.len() == 1));
    // A copy alone leaves the slot without an attempt.
    let mut f = april(&[9]);
    f.covers("db", APRIL.0, APRIL.1);
    f.run("db", "2026-04-09T03:00:00Z", RunStatus::Success, |r| r.run_id = "copy-job:7".to_owned());
    has_reason(f.judge().is("FRQ-02", "daily", Fail), "missed");
}

#[test]
fn frq_03_high_change_needs_a_documented_shorter_interval_that_is_kept() {
    let build = |rate: Option<ChangeRate>, change: fn(&mut Plan), every_h: i64| {
        let mut f = Fixture::new("2026-10-01..2026-10-05");
        f.system("db", |s| s.change_rate = rate).covers("db", "2026-09-25T00:00:00Z", "2026-10-20T00:00:00Z");
        f.plan("six", "db", "0 */6 * * *", change);
        let (mut t, end) = (at("2026-09-30T00:00:00Z"), at("2026-10-07T00:00:00Z"));
        while t < end {
            f.point("db", &model::time::utc_text(t), plain());
            t += Duration::hours(every_h);
        }
        f.judge()
    };
    let documented =
        |p: &mut Plan| (p.document_ref, p.approved_by) = (Some("CFG-1".to_owned()), Some("erik".to_owned()));
    build(Some(ChangeRate::High), documented, 6).is("FRQ-03", "db", Pass);
    build(Some(ChangeRate::High), documented, 12).is("FRQ-03", "db", Fail);
    has_reason(build(Some(ChangeRate::High), |_| {}, 6).is("FRQ-03", "db", Fail), "interval_not_documented");
    build(Some(ChangeRate::Normal), |_| {}, 6).is("FRQ-03", "db", NotApplicable);
    let unset = build(None, |_| {}, 6);
    unset.is("FRQ-03", "db", NoEvidence);
    has_reason(unset.is("FRQ-03", "organization", NoEvidence), "no_criterion");
    assert_eq!(build(Some(ChangeRate::High), documented, 6).all("FRQ-03").len(), 1, "one is marked: no question left");
}

fn with_objective(rpo_s: i64) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f.objective("own", |o| (o.system_id, o.rpo_s) = (Some("db".to_owned()), Some(rpo_s)));
    f
}

#[track_caller]
fn design_is(f: &Fixture, state: model::assessment::State, figure: &str) -> Verdicts {
    let verdicts = f.judge();
    let result = verdicts.is("FRQ-04", "db", state);
    assert!(result.detail.contains(figure), "{}", result.detail);
    verdicts
}

#[test]
fn frq_04_examples() {
    let mut f = with_objective(900);
    f.plan("daily", "db", "0 2 * * *", |p| {
        (p.component, p.max_duration_s) = (Component::Snapshot, Some(1200));
    });
    design_is(&f, Fail, "W = 87600 s");
    f.plan("logs", "db", "continuous", |p| {
        (p.component, p.archive_timeout_s) = (Component::LogContinuous, Some(60));
    });
    design_is(&f, Pass, "W = 300 s");
    let mut f = with_objective(3600);
    f.plan("hourly", "db", "0 * * * *", |p| {
        (p.component, p.max_duration_s) = (Component::Incremental, Some(600));
    });
    design_is(&f, Fail, "W = 4200 s");
    let mut f = Fixture::new("2026-10");
    f.system("dns", |s| s.tier = Some("network_services".to_owned()));
    f.judge().is("FRQ-04", "dns", NotApplicable);
}

#[test]
fn frq_04_edge_cases() {
    let logs = |p: &mut Plan| (p.component, p.archive_timeout_s) = (Component::LogContinuous, Some(60));
    let mut f = with_objective(900);
    f.plan("logs", "db", "continuous", logs);
    has_reason(design_is(&f, Fail, "").of("FRQ-04", "db"), "not_restorable");
    let mut f = with_objective(900);
    f.plan("standby", "db", "every 60", |p| p.component = Component::Replica);
    design_is(&f, Fail, "");
    design_is(&with_objective(900), NoEvidence, "backup_plans");
    let mut f = with_objective(0);
    f.plan("daily", "db", "0 2 * * *", plain());
    has_reason(design_is(&f, Fail, "").of("FRQ-04", "db"), "not_provable_by_backup");
    // Each part of the period has its own objective and its own plans.
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", |p| p.max_duration_s = Some(600));
    f.objective("old", |o| {
        (o.system_id, o.rpo_s, o.effective_to) =
            (Some("db".to_owned()), Some(172_800), Some(at("2026-10-10T00:00:00Z")));
    });
    f.objective("new", |o| {
        (o.system_id, o.rpo_s, o.effective_from) = (Some("db".to_owned()), Some(900), Some(at("2026-10-10T00:00:00Z")));
    });
    design_is(&f, Fail, "W = 87000 s");
    f.objectives[1].rpo_s = Some(90_000);
    design_is(&f, Pass, "W = 87000 s");
}

/// Samples every `step` seconds from a day before October 2026 to a day after, each with this lag.
fn samples(step: i64, lag: impl Fn(i64) -> i64) -> Fixture {
    let mut f = with_objective(900);
    let (start, end) = (at("2026-09-30T00:00:00Z"), at("2026-10-04T00:00:00Z"));
    f.period = model::time::Period::parse("2026-10-01..2026-10-03", Tz::UTC).unwrap();
    let mut t = start;
    let mut n = 0;
    while t <= end {
        f.pitr("db", t, t - Duration::seconds(lag(n)));
        t += Duration::seconds(step);
        n += 1;
    }
    f
}

#[test]
fn frq_05_examples() {
    let dense = samples(300, |_| 10).judge();
    let result = dense.is("FRQ-05", "db", Pass);
    assert!(result.detail.contains("at most 5 min 10 s"), "{}", result.detail);
    let sparse = samples(3600, |_| 60).judge();
    assert!(sparse.is("FRQ-05", "db", NoEvidence).detail.contains('%'));
    let lagging = samples(300, |n| if n == 500 { 1500 } else { 10 }).judge();
    has_reason(lagging.is("FRQ-05", "db", Fail), "exposure_exceeds_rpo");
}

#[test]
fn frq_05_a_sample_from_the_future_proves_nothing() {
    samples(300, |_| -7200).judge().is("FRQ-05", "db", NoEvidence);
    let mut f = Fixture::new("2026-10");
    f.system("dns", |s| s.tier = Some("network_services".to_owned()));
    f.judge().is("FRQ-05", "dns", NotApplicable);
}

#[test]
fn frq_06_chains() {
    let logs = |f: &mut Fixture| {
        f.system("db", plain()).plan("logs", "db", "continuous", |p| p.component = Component::LogContinuous);
        f.point("db", "2026-09-30T01:00:00Z", plain());
    };
    let mut f = Fixture::new("2026-10");
    logs(&mut f);
    f.judge().is("FRQ-06", "db", NoEvidence);
    f.segment("db", "1", "0001", None).segment("db", "1", "0002", Some("0001")).segment(
        "db",
        "1",
        "0003",
        Some("0002"),
    );
    f.judge().is("FRQ-06", "db", Pass);
    f.segment("db", "1", "0005", Some("0004"));
    let broken = f.judge();
    assert!(broken.is("FRQ-06", "db", Fail).detail.contains("0004"));
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
    f.judge().is("FRQ-06", "db", NotApplicable);
}

/// A row may stand for a sequence, and a listing for a moment.
#[test]
fn frq_06_listed_sequences() {
    let mut base = Fixture::new("2026-10");
    base.system("db", plain()).plan("logs", "db", "continuous", |p| p.component = Component::LogContinuous);
    let name = |n: u64| format!("{:024X}", (1_u128 << 64) + u128::from(n));
    let listed = |f: &mut Fixture, day: &str, sequences: &[(u64, u64, u64)]| {
        let listed_at = at(&format!("{day}T06:00:00Z"));
        for (n, (first, last, lost)) in sequences.iter().enumerate() {
            let origin = crate::testing::origin("s3", "b", format!("{day}/{n}"), at("2026-11-22T00:00:00Z"));
            let mut row = model::rows::LogSegment::new(origin, "00000001", name(*first));
            row.system_id = Some("db".to_owned());
            (row.last_segment, row.segments, row.lost_before) =
                (Some(name(*last)), Some(last - first + 1), Some(*lost));
            row.previous_segment = (n > 0).then(|| name(first - 1));
            row.listed_at = Some(listed_at);
            f.row(model::rows::Row::LogSegment(row));
        }
    };
    let mut f = base.clone();
    listed(&mut f, "2026-10-10", &[(5, 900, 0), (901, 1000, 0)]);
    listed(&mut f, "2026-10-20", &[(500, 2000, 0)]);
    assert!(f.judge().is("FRQ-06", "db", Pass).detail.contains("1501 segments"));
    // A hole in any listing of the period counts, though a later one does not show it any more.
    let mut f = base.clone();
    listed(&mut f, "2026-10-10", &[(5, 100, 0), (104, 1000, 3)]);
    listed(&mut f, "2026-10-20", &[(500, 2000, 0)]);
    let detail = f.judge().is("FRQ-06", "db", Fail).detail.clone();
    assert!(detail.contains("3 segments are missing") && detail.contains(&name(103)), "{detail}");
    // Of other periods it does not, unless nothing newer tells.
    let mut f = base.clone();
    listed(&mut f, "2026-09-10", &[(5, 100, 0), (104, 1000, 3)]);
    f.judge().is("FRQ-06", "db", Fail);
    listed(&mut f, "2026-10-20", &[(500, 2000, 0)]);
    f.judge().is("FRQ-06", "db", Pass);
    // A child's first segment needs its parent's last.
    let mut f = base.clone();
    listed(&mut f, "2026-10-20", &[(5, 100, 0)]);
    let mut child = model::rows::LogSegment::new(
        crate::testing::origin("s3", "b", "child", at("2026-11-22T00:00:00Z")),
        "00000002",
        "000000020000000000000065",
    );
    child.system_id = Some("db".to_owned());
    child.listed_at = Some(at("2026-10-20T06:00:00Z"));
    child.previous_segment = Some(name(100));
    let mut good = f.clone();
    good.row(model::rows::Row::LogSegment(child.clone()));
    good.judge().is("FRQ-06", "db", Pass);
    child.previous_segment = Some(name(101));
    f.row(model::rows::Row::LogSegment(child));
    f.judge().is("FRQ-06", "db", Fail);
}

/// Shipped logs fill the time between samples.
#[test]
fn frq_05_shipped_logs() {
    let start = at("2026-10-01T00:00:00Z");
    let build = |gap_s: i64, until: &str, restorable: bool| {
        let mut f = with_objective(900);
        let mut row = model::rows::LogSegment::new(
            crate::testing::origin("s3", "b", "1", at("2026-11-22T00:00:00Z")),
            "00000001",
            "000000010000000000000001",
        );
        row.system_id = Some("db".to_owned());
        row.archived_from = Some(start - Duration::days(1));
        row.restorable_from = restorable.then(|| start - Duration::days(1));
        row.archived_at = Some(at(until));
        row.largest_gap_s = Some(gap_s);
        f.row(model::rows::Row::LogSegment(row));
        f.judge()
    };
    let pass = build(60, "2026-11-01T00:00:00Z", true);
    assert!(pass.is("FRQ-05", "db", Pass).detail.contains("at most 1 min"), "{}", pass.of("FRQ-05", "db").detail);
    build(901, "2026-11-01T00:00:00Z", true).is("FRQ-05", "db", NoEvidence);
    build(60, "2026-11-01T00:00:00Z", false).is("FRQ-05", "db", NoEvidence);
    let half = build(60, "2026-10-16T12:00:00Z", true);
    assert!(half.is("FRQ-05", "db", NoEvidence).detail.contains("for 50.03 %"), "{}", half.of("FRQ-05", "db").detail);
}

/// What rests on an incomplete source alone is never a pass.
#[test]
fn a_pass_never_rests_on_an_incomplete_source_alone() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-06T00:00:00Z");
    for day in 0..37 {
        let start = model::time::utc_text(at("2026-09-30T02:00:00Z") + Duration::days(day));
        f.run("db", &start, RunStatus::Success, plain());
    }
    f.judge().is("FRQ-02", "daily", Pass);
    for collection in &mut f.collections {
        collection.status = model::evidence::SourceStatus::Incomplete;
    }
    has_reason(f.judge().is("FRQ-02", "daily", NoEvidence), "source_incomplete");
}
