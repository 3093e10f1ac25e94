//! What proves that nothing was there: FRQ-05 where logs are shipped, and populations without a member.

use model::assessment::State::{self, Fail, NoEvidence, NotApplicable, Pass};
use model::rows::{Component, RunStatus};

use super::with_objective;
use crate::testing::{Fixture, has_reason, plain};

const FROM: &str = "2026-09-01T00:00:00Z";
const TO: &str = "2026-11-05T00:00:00Z";

/// An objective of a quarter of an hour, a backup a night, and every run of October on record.
fn nightly() -> Fixture {
    let mut f = with_objective(900);
    f.plan("nightly", "db", "0 2 * * *", plain()).covers("db", FROM, TO);
    for day in 1..=31 {
        f.run("db", &format!("2026-10-{day:02}T02:00:00Z"), RunStatus::Success, plain());
    }
    f
}

#[test]
fn frq_05_a_complete_run_log_does_not_show_that_no_log_was_shipped() {
    let state = |change: fn(&mut Fixture)| {
        let mut f = nightly();
        change(&mut f);
        f.judge().of("FRQ-05", "db").state
    };
    let logs = |f: &mut Fixture, schedule: &str| {
        f.plan("logs", "db", schedule, |p| p.component = Component::LogContinuous);
    };
    type Case = (fn(&mut Fixture), State);
    let cases: [Case; 6] = [
        (|_| {}, Fail),
        (|f| f.systems[0].required_components = vec![Component::LogContinuous], NoEvidence),
        (
            |f| {
                f.plan("all", "db", "continuous", plain());
            },
            NoEvidence,
        ),
        (
            |f| {
                f.plan("all", "db", "continuous", plain()).covers_tables(&["log_segments"], "db", FROM, TO);
            },
            Fail,
        ),
        (
            |f| {
                f.plan("all", "db", "continuous", plain()).covers_tables(&["pitr_status"], "db", FROM, TO);
            },
            Fail,
        ),
        // A log that is shipped by a schedule is a run like every other.
        (
            |f| {
                f.plan("logs", "db", "0 * * * *", |p| p.component = Component::LogContinuous);
            },
            Fail,
        ),
    ];
    for (at, (change, expected)) in cases.into_iter().enumerate() {
        assert_eq!(state(change), expected, "case {at}");
    }
    let mut f = nightly();
    logs(&mut f, "continuous");
    has_reason(f.judge().is("FRQ-05", "db", NoEvidence), "not_proven");
}

#[test]
fn frq_05_a_copy_of_unknown_start_shows_no_small_loss() {
    let judged = |taken: bool| {
        let mut f = with_objective(86_400);
        f.period = model::time::Period::parse("2026-10-02..2026-10-03", model::time::Tz::UTC).unwrap();
        for day in 1..=5 {
            f.point("db", &format!("2026-10-{day:02}T00:00:00Z"), |p| {
                if !taken {
                    p.taken_at = None;
                }
            });
        }
        f.judge().of("FRQ-05", "db").state
    };
    assert_eq!((judged(true), judged(false)), (Pass, NoEvidence));
}

#[test]
fn frq_nothing_in_scope_is_said_and_no_inventory_proves_nothing() {
    let checks = ["FRQ-01", "FRQ-02", "FRQ-03", "FRQ-04", "FRQ-05", "FRQ-06"];
    let reasons =
        ["none_protected", "no_enabled_plan", "none_in_scope", "none_in_scope", "none_in_scope", "none_in_scope"];
    let mut f = Fixture::new("2026-10");
    let empty = f.judge();
    f.inventory_given = false;
    let silent = f.judge();
    for (check, reason) in checks.into_iter().zip(reasons) {
        has_reason(empty.is(check, "organization", NotApplicable), reason);
        has_reason(silent.is(check, "organization", NoEvidence), "inventory_not_given");
    }
}
