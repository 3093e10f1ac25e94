//! Slots and their outcomes, against the conventions and against an oracle in plain code.

use chrono::Duration;
use model::assessment::Outcome::{self, Cancelled, Failed, LateSuccess, Missed, Overrun, Running, Success, Unknown};
use model::rows::{BackupRun, Row, RunStatus, Trigger};
use model::time::{Instant, utc_text};
use proptest::prelude::*;

use crate::testing::{Fixture, at, plain};

/// A daily plan at 02:00 with one hour to start and two to run, everything covered.
fn daily(period: &str) -> Fixture {
    let mut f = Fixture::new(period);
    f.system("db", plain());
    f.plan("daily", "db", "0 2 * * *", |p| (p.start_window_s, p.max_duration_s) = (Some(3_600), Some(7_200)));
    f.covers("db", "2026-09-01T00:00:00Z", "2026-12-01T00:00:00Z");
    f
}

#[test]
fn versions_of_a_plan_share_their_slots() {
    let mut f = daily("2026-10-09..2026-10-11");
    // At noon of the 10th the plan moves from 02:00 to 14:00; the run of 14:10 belongs to the new version alone.
    let noon = at("2026-10-10T12:00:00Z");
    f.plans[0].effective_to = Some(noon);
    f.plan("daily", "db", "0 14 * * *", |p| (p.version, p.effective_from) = (2, noon));
    for day in 9..=10 {
        f.run("db", &format!("2026-10-{day:02}T02:00:00Z"), RunStatus::Success, plain());
    }
    f.run("db", "2026-10-10T14:10:00Z", RunStatus::Failed, plain());
    f.run("db", "2026-10-11T14:00:00Z", RunStatus::Success, plain());
    let judged = f.judge().judged;
    let seen: Vec<(String, Outcome, usize)> =
        judged.slots.iter().map(|s| (utc_text(s.scheduled_for), s.outcome, s.attempts.len())).collect();
    let expected = [
        ("2026-10-09T02:00:00Z", Success, 1),
        ("2026-10-10T02:00:00Z", Success, 1),
        ("2026-10-10T14:00:00Z", Failed, 1),
        ("2026-10-11T14:00:00Z", Success, 1),
    ];
    assert_eq!(seen, expected.map(|(at, o, n)| (at.to_owned(), o, n)));
}

#[test]
fn what_was_stored_during_a_run_is_that_run() {
    let judged = |log: RunStatus, stored: &str| {
        let mut f = daily("2026-10-10..2026-10-10");
        f.run("db", "2026-10-10T02:00:00Z", log, plain());
        for part in ["a", "b"] {
            f.run("db", "2026-10-10T02:00:00Z", RunStatus::Success, |r| {
                r.run_id = format!("bucket/{part}");
                r.origin = crate::testing::origin("s3", "bucket", part, at("2026-10-11T00:00:00Z"));
                (r.inferred, r.started_at, r.ended_at) = (true, None, Some(at(stored)));
            });
        }
        let judged = f.judge().judged;
        let slot = &judged.slots[0];
        (slot.outcome, slot.attempts.len())
    };
    assert_eq!(judged(RunStatus::Success, "2026-10-10T02:09:00Z"), (Success, 1));
    assert_eq!(judged(RunStatus::Failed, "2026-10-10T02:09:00Z"), (Failed, 1), "what a failed run left is no backup");
    assert_eq!(judged(RunStatus::Failed, "2026-10-10T03:00:00Z"), (Success, 3), "something else stored it");
    assert_eq!(judged(RunStatus::Running, "2026-10-10T02:40:00Z").1, 1);
}

#[test]
fn a_disabled_plan_or_retired_system_cancels_what_is_not_due() {
    let mut f = daily("2026-10-09..2026-10-11");
    f.plans[0].effective_to = Some(at("2026-10-10T03:00:00Z"));
    f.run("db", "2026-10-09T02:00:00Z", RunStatus::Success, plain());
    assert_eq!(f.judge().outcomes(), [Success, Cancelled]);
    let mut f = daily("2026-10-09..2026-10-11");
    f.systems[0].retired_at = Some(at("2026-10-10T06:00:00Z"));
    assert_eq!(f.judge().outcomes(), [Missed, Missed], "both deadlines had passed");
    // A new version is no end of the plan.
    let mut f = daily("2026-10-10..2026-10-10");
    let change = at("2026-10-10T03:00:00Z");
    f.plans[0].effective_to = Some(change);
    f.plan("daily", "db", "0 5 * * *", |p| (p.version, p.effective_from) = (2, change));
    assert_eq!(f.judge().outcomes(), [Missed, Missed]);
}

#[test]
fn a_run_seen_by_two_sources_is_one_and_the_worse_state_counts() {
    let mut f = daily("2026-10-09..2026-10-09");
    f.run("db", "2026-10-09T02:00:00Z", RunStatus::Success, plain());
    let mut other =
        BackupRun::new(crate::testing::origin("restic", "log", "x", f.as_of), "x", RunStatus::Failed, "failed");
    other.system_id = Some("db".to_owned());
    other.started_at = Some(at("2026-10-09T02:00:20Z"));
    other.ended_at = Some(at("2026-10-09T02:05:00Z"));
    f.row(Row::Run(other));
    let verdicts = f.judge();
    assert_eq!(verdicts.outcomes(), [Failed]);
    assert_eq!(verdicts.judged.slots[0].attempts.len(), 1);
    // Nor does the success that the other source saw make a recovery point.
    assert_eq!(f.with_basis(|b| b.points.iter().filter(|p| p.is_good()).count()), 0);
}

#[test]
fn a_final_state_is_not_replaced_by_one_that_is_not() {
    let mut f = daily("2026-10-09..2026-10-09");
    f.run("db", "2026-10-09T02:00:00Z", RunStatus::Success, plain());
    let later = f.as_of + Duration::hours(1);
    f.run("db", "2026-10-09T02:00:00Z", RunStatus::Running, |r| r.origin.observed_at = later);
    assert_eq!(f.judge().outcomes(), [Success]);
    let mut f = daily("2026-10-09..2026-10-09");
    let earlier = f.as_of - Duration::hours(1);
    f.run("db", "2026-10-09T02:00:00Z", RunStatus::Running, |r| r.origin.observed_at = earlier);
    f.run("db", "2026-10-09T02:00:00Z", RunStatus::Failed, plain());
    assert_eq!(f.judge().outcomes(), [Failed]);
}

#[test]
fn a_run_without_a_zone_makes_its_absence_unknown() {
    let mut f = daily("2026-10-09..2026-10-09");
    f.run("db", "2026-10-09T02:00:00Z", RunStatus::Success, |r| {
        (r.started_at, r.ended_at, r.zone_unknown) = (None, None, true);
    });
    let verdicts = f.judge();
    assert_eq!(verdicts.outcomes(), [Unknown]);
    assert_eq!(verdicts.judged.slots[0].reason, Some("zone_unknown"));
}

/// Minutes from the start of the period.
type Minutes = i64;

#[derive(Debug, Clone)]
struct Drawn {
    start: Minutes,
    length: Minutes,
    status: RunStatus,
    manual: bool,
}

const DAY: Minutes = 24 * 60;
const EVERY: Minutes = 6 * 60;
const WINDOW: Minutes = 30;
const LONGEST: Minutes = 90;

fn drawn() -> impl Strategy<Value = Drawn> {
    let status = prop_oneof![
        4 => Just(RunStatus::Success),
        2 => Just(RunStatus::Failed),
        1 => Just(RunStatus::Partial),
        1 => Just(RunStatus::Expired),
        1 => Just(RunStatus::Running),
        1 => Just(RunStatus::Unknown),
    ];
    (0..2 * DAY, 1..500_i64, status, prop::bool::weighted(0.1)).prop_map(|(start, length, status, manual)| Drawn {
        start,
        length,
        status,
        manual,
    })
}

/// What the conventions say of one slot, minute by minute.
fn oracle(slot: Minutes, runs: &[Drawn], outages: &[(Minutes, Minutes)], as_of: Minutes) -> Outcome {
    let (next, deadline) = (slot + EVERY, slot + WINDOW + LONGEST);
    let mut tried = false;
    let mut ended_badly = false;
    let mut still_running = false;
    let mut first_success: Option<Minutes> = None;
    for run in runs.iter().filter(|r| !r.manual && r.start >= slot && r.start < next && r.start <= as_of) {
        tried = true;
        let end = run.start + run.length;
        let status = if end > as_of && run.status != RunStatus::Unknown { RunStatus::Running } else { run.status };
        match status {
            RunStatus::Success => first_success = Some(first_success.map_or(end, |f| f.min(end))),
            RunStatus::Running => still_running = true,
            RunStatus::Unknown => {}
            _ => ended_badly = true,
        }
    }
    if let Some(end) = first_success.filter(|end| *end < next) {
        return if end <= deadline { Success } else { LateSuccess };
    }
    if still_running && as_of < deadline {
        return Running;
    }
    if ended_badly || first_success.is_some() {
        return Failed;
    }
    if as_of < deadline {
        return Running;
    }
    let seen = (slot..slot + WINDOW).all(|m| !outages.iter().any(|(a, b)| m >= *a && m < *b));
    match (tried, seen) {
        (_, false) => Unknown,
        (false, true) => Missed,
        (true, true) if still_running => Overrun,
        (true, true) => Unknown,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn outcomes_and_rate_agree_with_the_oracle(
        runs in prop::collection::vec(drawn(), 0..12),
        outages in prop::collection::vec((0..2 * DAY, 1..300_i64), 0..3),
        as_of in DAY..3 * DAY,
    ) {
        thread_local! {
            static EMPTY: Fixture = {
                let mut f = Fixture::new("2026-10-01..2026-10-02");
                f.system("db", plain());
                f.plan("six", "db", "every 21600", |p| {
                    (p.start_window_s, p.max_duration_s) = (Some(WINDOW * 60), Some(LONGEST * 60));
                });
                f
            };
        }
        let mut f = EMPTY.with(Clone::clone);
        let start = f.period.start();
        let instant = |m: Minutes| -> Instant { start + Duration::minutes(m) };
        f.as_of = instant(as_of);
        let outages: Vec<(Minutes, Minutes)> = outages.iter().map(|(a, n)| (*a, a + n)).collect();
        f.covers("db", "2026-09-01T00:00:00Z", "2026-12-01T00:00:00Z");
        for (a, b) in &outages {
            f.collections[0].covers[0].gaps.push(model::evidence::Gap { from: instant(*a), to: instant(*b) });
        }
        for (n, run) in runs.iter().enumerate().filter(|(_, r)| r.start <= as_of) {
            let end = run.start + run.length;
            let open = end > as_of && run.status != RunStatus::Unknown || run.status == RunStatus::Running;
            let status = if open { RunStatus::Running } else { run.status };
            f.run("db", &utc_text(instant(run.start)), status, |r| {
                r.run_id = format!("run-{n}");
                r.ended_at = status.is_final().then(|| instant(end));
                r.trigger = run.manual.then_some(Trigger::Manual);
            });
        }
        let expected: Vec<Outcome> = (0..8)
            .map(|n| n * EVERY)
            .filter(|slot| *slot <= as_of)
            .map(|slot| oracle(slot, &runs, &outages, as_of))
            .collect();
        let verdicts = f.judge();
        prop_assert_eq!(verdicts.outcomes(), expected.clone());
        let count = |some: &[Outcome]| expected.iter().filter(|o| some.contains(o)).count() as u64;
        let (good, bad) = (count(&[Success, LateSuccess]), count(&[Failed, Missed, Overrun]));
        let metric = verdicts.metric("backup_success_rate");
        prop_assert_eq!((metric.numerator, metric.denominator, metric.unknown), (good, good + bad, count(&[Unknown])));
        prop_assert!(metric.lowest <= metric.value.or(metric.lowest) && metric.value <= metric.highest);
    }
}
