//! OBJ-04: reviews compared observed performance with objectives.

use model::registers::{ActionOrigin, Review, ReviewKind};
use model::time::{Instant, utc_text};

use super::super::cadence::{names_id, reviews};
use super::super::common::{ORGANIZATION as UNIT, no_register};
use crate::checks::rst::missed_objective;
use crate::judgement::Judgement;
use crate::world::{Test, World};

/// OBJ-04.
pub fn performance_reviewed(world: &World<'_>) -> Vec<Judgement> {
    vec![judge(world)]
}

fn judge(world: &World<'_>) -> Judgement {
    let Some(done) = reviews(world, &[ReviewKind::ObjectivePerformance]) else {
        return no_register(UNIT, "reviews");
    };
    let Some(tests) = world.tests else {
        return Judgement::no_evidence(
            UNIT,
            "no_tests_given",
            "No restore tests were given to compare (restore_tests).",
        );
    };
    let zone = world.period.zone();
    let cadence = world.policy.span("objective_review_cadence");
    let ended = |from: Instant, to: Instant| {
        tests.iter().filter(move |t| t.row.ended_at.is_some_and(|e| e > from && e <= to)).collect::<Vec<&Test>>()
    };
    let Some(last) = done.last() else {
        let all = ended(Instant::MIN_UTC, world.as_of);
        return match all.first() {
            None => Judgement::not_applicable(UNIT, "no_test_to_review", "No restore test has ended."),
            Some(first) => {
                let due = first.row.ended_at.map(|e| cadence.due_by(e, zone)).filter(|due| *due > world.as_of);
                match due {
                    Some(due) => Judgement::not_applicable(
                        UNIT,
                        "not_yet_due",
                        format!("The first review of the tests is due before {}.", utc_text(due)),
                    ),
                    None => Judgement::fail(
                        UNIT,
                        "no_review",
                        format!("{} tests have ended, and no review compared them with the objectives.", all.len()),
                    ),
                }
            }
        };
    };
    let since = ended(last.performed_at, world.as_of);
    let due = cadence.due_by(last.performed_at, zone);
    if due <= world.as_of {
        return if since.is_empty() {
            Judgement::not_applicable(
                UNIT,
                "no_test_to_review",
                format!("No restore test ended since the review of {}.", utc_text(last.performed_at)),
            )
        } else {
            Judgement::fail(
                UNIT,
                "review_late",
                format!(
                    "The last review was on {}; the next was due before {}, and {} tests ended since.",
                    utc_text(last.performed_at),
                    utc_text(due),
                    since.len()
                ),
            )
        };
    }
    let from = match done.len().checked_sub(2).and_then(|i| done.get(i)) {
        Some(before) => before.performed_at,
        None => cadence.before(last.performed_at, zone),
    };
    complete(world, last, &ended(from, last.performed_at))
}

/// Whether a review names every test and every miss has its action.
fn complete(world: &World<'_>, review: &Review, tests: &[&Test]) -> Judgement {
    let left_out: Vec<&str> = tests
        .iter()
        .filter(|t| !review.inputs.iter().any(|i| names_id(i, &t.row.test_id)))
        .map(|t| t.row.test_id.as_str())
        .collect();
    let actions = &world.registers.actions;
    let answered = |id: &str| {
        actions.iter().flatten().any(|a| {
            a.origin_ref.as_deref() == Some(id) && a.origin_kind.is_none_or(|k| k == ActionOrigin::Test)
                || review.action_ids.contains(&a.action_id)
                    && a.origin_ref.as_deref().is_some_and(|origin| names_id(origin, id))
        })
    };
    let missed: Vec<&str> =
        tests.iter().filter(|t| missed_objective(world, t)).map(|t| t.row.test_id.as_str()).collect();
    let open: Vec<&str> = missed.iter().copied().filter(|id| !answered(id)).collect();
    let records = tests.iter().map(|t| t.row_id.clone());
    let when = utc_text(review.performed_at);
    if !left_out.is_empty() {
        let mut j = Judgement::fail(
            UNIT,
            "tests_left_out",
            format!("Review {} of {when} does not name {}.", review.review_id, left_out.join(", ")),
        );
        if actions.is_some() && !open.is_empty() {
            j = j.reason("miss_without_action");
        }
        return j.rests_on(records);
    }
    if !open.is_empty() {
        let ids = open.join(", ");
        return if actions.is_some() {
            Judgement::fail(UNIT, "miss_without_action", format!("No action answers the missed objective of {ids}."))
        } else {
            Judgement::no_evidence(
                UNIT,
                "actions_not_given",
                format!("The register of actions was not given (actions): whether {ids} led to one is not known."),
            )
        }
        .rests_on(records);
    }
    Judgement::pass(
        UNIT,
        format!(
            "Review {} of {when} names all {} tests, and every missed objective has an action.",
            review.review_id,
            tests.len()
        ),
    )
    .rests_on(records)
}
