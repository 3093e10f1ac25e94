//! PRC-06: a recovery procedure exists for every critical system.

use model::inventory::System;
use model::registers::{Document, DocumentKind, Recorded};
use model::rows::TestResult;
use model::time::{Instant, utc_text};

use super::super::common::{filled, names};
use super::super::faults::Faults;
use super::each_critical;
use crate::judgement::Judgement;
use crate::world::World;

/// PRC-06, at the end of what can be judged, or of the system's service.
///
/// A procedure must name the system itself: `*` does not show steps for it. A reported restore test that succeeded
/// without problems after the approval counts as a review. A place counts as inside the system where it names the
/// system or its platform.
pub fn procedures(world: &World<'_>) -> Vec<Judgement> {
    each_critical(world, "systems", |system, documents| judge(world, system, documents))
}

fn judge(world: &World<'_>, system: &System, documents: &[Recorded<Document>]) -> Judgement {
    let unit = system.system_id.as_str();
    let end = system.in_service(world.period.start(), world.until()).map_or(world.until(), |(_, end)| end);
    let named: Vec<&Recorded<Document>> = documents
        .iter()
        .filter(|d| d.kind == DocumentKind::RecoveryProcedure && d.system_ids.iter().any(|s| s == unit))
        .collect();
    let approved: Vec<(&Recorded<Document>, Instant)> =
        named.iter().filter_map(|d| Some((*d, d.approved_at.filter(|at| *at < end)?))).collect();
    let Some((document, approved_at)) = approved.iter().max_by_key(|(_, at)| *at).copied() else {
        return if named.is_empty() {
            Judgement::fail(unit, "document_missing", "No document of kind recovery_procedure names it.")
        } else {
            let ids: Vec<&str> = named.iter().map(|d| d.document_id.as_str()).collect();
            Judgement::fail(unit, "not_approved", format!("Its recovery procedure is not approved: {}.", names(&ids)))
        };
    };
    let id = format!("{} {}", document.document_id, document.version);
    let zone = world.period.zone();
    let index = world.inventory.index_of(unit);
    let followed = index
        .into_iter()
        .flat_map(|i| world.tests_of(i))
        .filter(|t| t.row.result == TestResult::Success && !t.row.from_log && t.row.issues.is_empty())
        .filter_map(|t| Some((t, t.row.ended_at.filter(|at| *at > approved_at && *at < end)?)))
        .max_by_key(|(_, at)| *at);
    let reviewed = followed.map_or(approved_at, |(_, at)| at);
    let span_due = world.policy.span("runbook_review_max").due_by(reviewed, zone);
    // The document's own date binds until a test has followed the procedure.
    let stated = document
        .next_review_due
        .filter(|_| followed.is_none())
        .map(|day| model::time::day_start(day + chrono::Days::new(1), zone));
    let due = stated.map_or(span_due, |stated| stated.min(span_due));
    let mut faults = Faults::default();
    faults.add_if(due < end, "review_overdue", || {
        format!("it was last reviewed on {}, and the next review was due before {}", utc_text(reviewed), utc_text(due))
    });
    let places: Vec<&str> = approved.iter().filter_map(|(d, _)| filled(d.row.location_ref.as_deref())).collect();
    faults.add_if(!places.is_empty() && places.iter().all(|p| is_inside(p, system)), "kept_inside", || {
        format!("it is kept only inside the system that it restores ({})", names(&places))
    });
    let stale_only = due < end && world.tests.is_none();
    let judgement = faults.judge(
        unit,
        &format!("Procedure {id}"),
        format!("Procedure {id} was reviewed on {} and is kept at {}.", utc_text(reviewed), names(&places)),
    );
    let judgement = followed.into_iter().fold(judgement, |j, (test, _)| j.rests_on([test.row_id.clone()]));
    match judgement.state {
        // A test would have counted as a review, and none was given.
        model::assessment::State::Fail if stale_only && judgement.reasons.len() == 1 => Judgement::no_evidence(
            unit,
            "no_tests_given",
            format!(
                "Procedure {id} was approved {}; whether a test followed it since is not known (restore_tests).",
                utc_text(approved_at)
            ),
        ),
        model::assessment::State::Fail if due < end => judgement.violated(due, end),
        model::assessment::State::Pass if places.is_empty() => Judgement::no_evidence(
            unit,
            "location_missing",
            format!(
                "Where procedure {id} is kept is not given (documents.location_ref): is it there when production is down?"
            ),
        ),
        _ => judgement,
    }
}

/// True where every place that a text names is in the system or on its platform.
fn is_inside(text: &str, system: &System) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let own = |part: &str| {
        part.split(|c| !word(c)).any(|w| w == system.system_id || system.platform_id.as_deref() == Some(w))
    };
    text.split([' ', ',', ';', '|']).filter(|part| !part.is_empty()).all(own)
}
