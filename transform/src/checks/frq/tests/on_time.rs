//! FRQ-02: slots and what fills them.

use chrono::Duration;
use model::assessment::Outcome;
use model::assessment::State::{Fail, NoEvidence, NotApplicable, Pass};
use model::rows::RunStatus;
use model::time::Tz;

use crate::testing::{Fixture, at, has_reason, plain};

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
pub(super) fn frq_02_a_retry_saves_its_slot() {
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
pub(super) fn frq_02_wall_clock_times_at_the_changes_of_the_clock() {
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
pub(super) fn frq_02_what_does_not_fill_a_slot() {
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

#[test]
pub(super) fn frq_02_a_miss_is_proven_over_the_whole_start_window_or_unknown() {
    // One hour to start, from 02:00.
    let hole = |from: &str, to: &str| {
        let mut f = april(&[9]);
        f.plans[0].start_window_s = Some(3_600);
        f.covers("db", APRIL.0, from).covers("db", to, APRIL.1);
        f.judge()
    };
    let v = hole("2026-04-09T02:59:00Z", "2026-04-09T04:00:00Z");
    assert_eq!(v.outcomes()[8], Outcome::Unknown);
    v.is("FRQ-02", "daily", NoEvidence);
    let v = hole("2026-04-09T03:00:00Z", "2026-04-09T12:00:00Z");
    assert_eq!(v.outcomes()[8], Outcome::Missed);
    v.is("FRQ-02", "daily", Fail);
}

#[test]
pub(super) fn frq_02_a_slot_runs_until_its_deadline_and_a_later_report_corrects_it() {
    let read = |as_of: &str, status: RunStatus| {
        let mut f = Fixture::new("2026-04-09..2026-04-09");
        f.as_of(as_of).system("db", plain()).covers("db", APRIL.0, APRIL.1);
        f.plan("daily", "db", "0 2 * * *", |p| (p.start_window_s, p.max_duration_s) = (Some(3_600), Some(7_200)));
        f.run("db", "2026-04-09T02:00:05Z", status, plain());
        f.judge()
    };
    let early = read("2026-04-09T04:59:00Z", RunStatus::Running);
    assert_eq!((early.outcomes(), early.metric("backup_success_rate").denominator), (vec![Outcome::Running], 0));
    has_reason(early.is("FRQ-02", "daily", NotApplicable), "no_slot_due");
    has_reason(read("2026-04-10T00:00:00Z", RunStatus::Running).is("FRQ-02", "daily", Fail), "overrun");
    // The final state arrives days later and belongs to the same slot of the same period.
    read("2026-04-12T00:00:00Z", RunStatus::Success).is("FRQ-02", "daily", Pass);
    has_reason(read("2026-04-12T00:00:00Z", RunStatus::Failed).is("FRQ-02", "daily", Fail), "failed");
}

#[test]
pub(super) fn frq_02_each_version_of_a_plan_has_slots_in_its_own_time() {
    // From 02:00 to 14:00 at noon of the 10th, and off on the 11th.
    let mut f = Fixture::new("2026-10-09..2026-10-12");
    let (noon, off, on) = (at("2026-10-10T12:00:00Z"), at("2026-10-11T00:00:00Z"), at("2026-10-12T00:00:00Z"));
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", |p| p.effective_to = Some(noon));
    f.plan("daily", "db", "0 14 * * *", |p| (p.version, p.effective_from, p.effective_to) = (2, noon, Some(off)));
    f.plan("daily", "db", "0 14 * * *", |p| (p.version, p.effective_from) = (3, on));
    let verdicts = f.judge();
    let due: Vec<String> = verdicts.judged.slots.iter().map(|s| model::time::utc_text(s.scheduled_for)).collect();
    assert_eq!(due, ["09T02", "10T02", "10T14", "12T14"].map(|t| format!("2026-10-{t}:00:00Z")));
    let hole = verdicts.is("COV-01", "db", Fail);
    assert!(hole.detail.contains("2026-10-11T00:00:00Z to 2026-10-12T00:00:00Z"), "{}", hole.detail);
}

#[test]
pub(super) fn frq_02_maintenance_of_a_provider_fails_unless_an_exception_is_in_force() {
    let waived = |exception: Option<(&str, &str)>| {
        let mut f = april(&[9]);
        f.covers("db", APRIL.0, APRIL.1);
        f.run("db", "2026-04-09T02:00:05Z", RunStatus::Failed, |r| {
            r.status_detail = Some("maintenance of the provider".to_owned());
        });
        if let Some((from, to)) = exception {
            f.exception("EX-1", "db", "FRQ-02", from, to);
        }
        f.judge().is("FRQ-02", "daily", Fail).waived
    };
    assert!(!waived(None));
    assert!(waived(Some(("2026-04-09T00:00:00Z", "2026-04-11T00:00:00Z"))));
    assert!(!waived(Some(("2026-04-01T00:00:00Z", "2026-04-08T00:00:00Z"))));
}

#[test]
pub(super) fn frq_02_records_of_one_run_are_one_attempt() {
    let seen = |change: fn(&mut model::rows::BackupRun)| {
        let mut f = april(&[]);
        f.covers("db", APRIL.0, APRIL.1);
        f.run("db", "2026-04-09T02:00:05Z", RunStatus::Failed, change);
        let verdicts = f.judge();
        assert!(verdicts.judged.slots.iter().all(|s| s.attempts.len() == 1));
        let contradicted = verdicts.all("EVI-03").iter().any(|r| r.state == Fail);
        (verdicts.outcomes()[8], verdicts.of("FRQ-02", "daily").state, contradicted)
    };
    // The same record: the newest final state.
    assert_eq!(seen(|r| r.origin.observed_at += Duration::hours(1)), (Outcome::Failed, Fail, true));
    assert_eq!(seen(|r| r.origin.observed_at -= Duration::hours(1)).0, Outcome::Success);
    let running = |r: &mut model::rows::BackupRun| {
        (r.status, r.ended_at) = (RunStatus::Running, None);
        r.origin.observed_at += Duration::hours(1);
    };
    // Shown as running after its end: the end counts, and the source is unreliable.
    assert_eq!(seen(running), (Outcome::Success, Pass, true));
    // Seen by another source: merged, and the worse final state counts.
    let other = |r: &mut model::rows::BackupRun| {
        r.run_id = "x".to_owned();
        r.origin = crate::testing::origin("restic", "log", "x", r.origin.observed_at);
    };
    assert_eq!(seen(other), (Outcome::Failed, Fail, true));
}
