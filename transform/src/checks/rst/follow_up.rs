//! RST-02 and RST-07: tests that something else makes due: a change, or a test that failed.

use model::registers::{ActionOrigin, Change};
use model::rows::{TestKind, TestResult};
use model::time::{Instant, utc_text};

use super::super::common::{ORGANIZATION, no_inventory, no_register};
use super::figures::taken_at;
use super::{Content, content, due, ended, missed_objective, no_tests, of_test, proves_restore, tests_complete};
use crate::judgement::Judgement;
use crate::world::{Test, World};

/// RST-02: a restore test followed every significant change.
pub fn after_change(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let Some(changes) = &world.registers.changes else {
        return vec![no_register(ORGANIZATION, "changes")];
    };
    let mut out = Vec::new();
    for change in changes {
        let touched: Vec<usize> = world
            .in_scope()
            .filter(|(_, s)| change.system_ids.iter().any(|id| *id == s.system_id || id == "*"))
            .map(|(i, _)| i)
            .collect();
        if touched.is_empty() || !world.period.contains(change.completed_at) || change.completed_at > world.as_of {
            continue;
        }
        let mut judgement = judge_change(world, change, &touched);
        for i in touched {
            judgement = judgement.about(&world.inventory.systems[i].system_id);
        }
        out.push(judgement);
    }
    if out.is_empty() {
        out.push(Judgement::not_applicable(
            ORGANIZATION,
            "empty_population",
            "The register shows no change of an in-scope system in the period.",
        ));
    }
    out
}

fn judge_change(world: &World<'_>, change: &Change, touched: &[usize]) -> Judgement {
    let unit = change.change_id.as_str();
    if !change.significant {
        return Judgement::not_applicable(unit, "not_significant", "The change is not marked significant.");
    }
    let (from, due) = (change.completed_at, due(world, "post_change_test_due", change.completed_at));
    if let Some(at) = change.rolled_back_at.filter(|at| *at <= due && *at <= world.as_of) {
        return Judgement::not_applicable(
            unit,
            "rolled_back",
            format!("It was taken back on {}, before a restore test was due on {}.", utc_text(at), utc_text(due)),
        );
    }
    let (mut proof, mut open, mut lacking, mut pending) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for &i in touched {
        let system = &world.inventory.systems[i];
        let id = system.system_id.as_str();
        // Out of service before the test was due: nothing left to restore.
        if system.retired_at.is_some_and(|r| r <= due) {
            continue;
        }
        let tests: Vec<&Test> = world
            .tests_of(i)
            .filter(|t| proves_restore(world, t) && t.row.kind.is_some_and(|k| k != TestKind::Item))
            .filter(|t| t.row.ended_at.is_some_and(|e| e > from && e <= due && e <= world.as_of))
            .collect();
        let point = |t: &Test| taken_at(world, t).or(t.row.recovered_to_at);
        if let Some(test) = tests.iter().find(|t| point(t).is_some_and(|p| p >= from)) {
            proof.push((id, *test));
        } else if tests.iter().any(|t| point(t).is_none()) {
            lacking.push(format!("{id}: the time of the recovery point is not known (recovery_points)"));
        } else if due > world.as_of {
            pending.push(id);
        } else if tests_complete(world, id, from, due) {
            open.push(id);
        } else {
            lacking.push(format!("{id}: no restore-reports source covers the time (restore_tests)"));
        }
    }
    let due_text = utc_text(due);
    if !open.is_empty() {
        return Judgement::fail(
            unit,
            "not_tested_in_time",
            format!(
                "No restore test with a recovery point taken after the change of {} ended by {due_text} for {}.",
                utc_text(from),
                open.join(", ")
            ),
        )
        .violated(due, due + chrono::Duration::seconds(1));
    }
    if !lacking.is_empty() {
        return Judgement::no_evidence(
            unit,
            "test_not_proven",
            format!("Whether a test followed by {due_text} is not known: {}.", lacking.join("; ")),
        );
    }
    if !pending.is_empty() {
        return Judgement::not_applicable(
            unit,
            "not_yet_due",
            format!("A restore test of {} is due by {due_text}.", pending.join(", ")),
        );
    }
    let Some((_, first)) = proof.first() else {
        return Judgement::not_applicable(
            unit,
            "out_of_service",
            "Every affected system was retired before the due time.",
        );
    };
    Judgement::pass(unit, format!("Test {} followed in time; due was {due_text}.", first.row.test_id))
        .rests_on(proof.iter().map(|(_, t)| t.row_id.clone()))
}

/// RST-07: failed tests were investigated and repeated with success.
pub fn repeated(world: &World<'_>) -> Vec<Judgement> {
    let out: Vec<Judgement> = ended(world)
        .filter(|t| t.row.kind != Some(TestKind::Tabletop))
        .filter_map(|t| why_again(world, t).map(|why| (t, why)))
        .map(|(test, why)| of_test(world, test, follow(world, test, why)))
        .collect();
    if out.is_empty() { no_tests(world, "No failed restore test") } else { out }
}

/// Why a test must be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// It failed, was partial, brought other data back, or missed an objective.
    Failed(&'static str),
    /// It was broken off for reasons outside of the restore: a repeat, but no incident.
    Aborted,
}

fn why_again(world: &World<'_>, test: &Test) -> Option<Again> {
    match test.row.result {
        TestResult::Failed => Some(Again::Failed("failed")),
        TestResult::Partial => Some(Again::Failed("was partial")),
        TestResult::Aborted if test.row.started_at.is_some() => Some(Again::Aborted),
        // What came back differed: the test is no success (RST-04).
        TestResult::Success if matches!(content(world, test), Content::Different(_)) => {
            Some(Again::Failed("restored other data than were backed up"))
        }
        TestResult::Success if missed_objective(world, test) => Some(Again::Failed("missed an objective")),
        _ => None,
    }
}

fn follow(world: &World<'_>, test: &Test, why: Again) -> Judgement {
    let unit = test.row.test_id.as_str();
    let Some(ended) = test.row.ended_at else {
        return Judgement::no_evidence(unit, "end_missing", "When the test ended is not recorded (ended_at).");
    };
    let what = match why {
        Again::Failed(what) => what,
        Again::Aborted => "was broken off",
    };
    let due = due(world, "retest_due", ended);
    let later = |t: &&Test| t.row.ended_at.is_some_and(|e| e > ended && e <= world.as_of) && proves_restore(world, t);
    let Some(system) = test.system else {
        return Judgement::no_evidence(unit, "system_unknown", "The test names no system of the inventory.");
    };
    let retest = world.tests_of(system).find(|t| later(t) && !missed_objective(world, t));
    let in_time = retest.filter(|t| t.row.ended_at.is_some_and(|e| e <= due));
    if in_time.is_none() && due > world.as_of {
        return Judgement::not_applicable(
            unit,
            "not_yet_due",
            format!("The test {what}; its repeat is due by {}.", utc_text(due)),
        );
    }
    let looked = investigated(world, test, why);
    let id = world.inventory.systems[system].system_id.as_str();
    let mut faults = Vec::new();
    if in_time.is_none() && (retest.is_some() || tests_complete(world, id, ended, due)) {
        faults.push(match retest.and_then(|t| t.row.ended_at) {
            Some(late) => ("repeated_late", format!("the successful repeat ended on {}", utc_text(late))),
            None => ("not_repeated", "no repeat with success is on record".to_owned()),
        });
    }
    if looked == Some(false) {
        faults.push(("not_investigated", "no incident or action refers to it".to_owned()));
    }
    if let Some((code, _)) = faults.first() {
        let told: Vec<&str> = faults.iter().map(|(_, text)| text.as_str()).collect();
        let until: Instant = retest.and_then(|t| t.row.ended_at).unwrap_or(world.as_of).max(due);
        let mut j = Judgement::fail(
            unit,
            code,
            format!("The test {what}: {}; due was {}.", told.join(", and "), utc_text(due)),
        )
        .violated(due, until + chrono::Duration::seconds(1));
        for (code, _) in faults.iter().skip(1) {
            j = j.reason(code);
        }
        return j;
    }
    match (in_time, looked) {
        (Some(repeat), Some(true)) => Judgement::pass(
            unit,
            format!("The test {what}; test {} repeated it with success by {}.", repeat.row.test_id, utc_text(due)),
        )
        .rests_on([repeat.row_id.clone()]),
        (None, _) => Judgement::no_evidence(
            unit,
            "repeat_not_proven",
            "No repeat is on record, and no restore-reports source covers the time until it was due (restore_tests).",
        ),
        (_, _) => Judgement::no_evidence(
            unit,
            "investigation_not_proven",
            "No incident or action refers to the test, and the registers of both were not given (incidents, actions).",
        ),
    }
}

/// Whether an incident or action refers to the test; `None` where a register that could is not given.
fn investigated(world: &World<'_>, test: &Test, why: Again) -> Option<bool> {
    let id = test.row.test_id.as_str();
    let incident = world.incidents.unwrap_or(&[]).iter().any(|i| i.restore_test_id.as_deref() == Some(id));
    let action = world
        .registers
        .actions
        .iter()
        .flatten()
        .any(|a| a.origin_ref.as_deref() == Some(id) && a.origin_kind.is_none_or(|k| k == ActionOrigin::Test));
    match (incident || action || why == Again::Aborted, world.incidents, &world.registers.actions) {
        (true, ..) => Some(true),
        (false, Some(_), Some(_)) => Some(false),
        _ => None,
    }
}
