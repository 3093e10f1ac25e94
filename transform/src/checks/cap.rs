//! CAP: corrective and preventive actions, and sanctions.

use chrono::Days;
use model::registers::{Action, ActionKind, Document, DocumentKind, Recorded};
use model::time::{Instant, day_of, day_start, utc_text};

use super::common::{ORGANIZATION, filled, no_register, or_empty};
use super::faults::Faults;
use crate::judgement::Judgement;
use crate::world::World;

/// CAP-01: actions have an owner and a due date, are closed by it, and their effect was checked.
///
/// Nothing but the dates of a disciplinary action is ever told. Whether an action was needed and is lacking is for
/// EXC-05.
pub fn followed_through(world: &World<'_>) -> Vec<Judgement> {
    let Some(actions) = &world.registers.actions else { return vec![no_register(ORGANIZATION, "actions")] };
    let out = actions
        .iter()
        .filter(|a| a.opened_at < world.until() && a.closed_at.is_none_or(|c| c >= world.period.start()))
        .map(|a| judge(world, a))
        .collect();
    or_empty(out, "no_action", "No action was open in the period; whether one was needed is for EXC-05.")
}

fn judge(world: &World<'_>, action: &Recorded<Action>) -> Judgement {
    let unit = action.action_id.as_str();
    let closed = action.closed_at.filter(|c| *c <= world.as_of);
    let verified = action.verified_at.filter(|v| *v <= world.as_of);
    let mut faults = Faults::default();
    faults.add_if(filled(action.owner.as_deref()).is_none(), "owner_missing", || "it has no owner");
    // A due day passes; the day after is overdue.
    let overdue = |due: Instant| day_start(day_of(due, world.period.zone()) + Days::new(1), world.period.zone());
    match (action.due_at, closed) {
        (None, _) => faults.add("due_missing", "it has no due date"),
        (Some(due), Some(closed)) if closed >= overdue(due) => {
            faults.add("closed_late", format!("it was due on {} and closed on {}", utc_text(due), utc_text(closed)));
        }
        (Some(due), None) if world.as_of >= overdue(due) => {
            faults.add("overdue", format!("it was due on {} and is open", utc_text(due)));
        }
        _ => {}
    }
    faults.add_if(
        closed.is_some() && verified.is_none(),
        "not_verified",
        || "it is closed, and nobody checked its effect (verified_at)",
    );
    let what = if action.kind == Some(ActionKind::Disciplinary) { "disciplinary action" } else { "action" };
    let opening = format!("For this {what} ({})", action.declared_in);
    let good = closed.map_or_else(String::new, |closed| {
        format!("The {what} was closed on {}, in time, and its effect was checked.", utc_text(closed))
    });
    let judgement = faults.judge(unit, &opening, good);
    if judgement.reasons.is_empty() && closed.is_none() {
        let due = action.due_at.map_or_else(String::new, utc_text);
        return Judgement::not_applicable(unit, "not_yet_due", format!("The {what} is open and due on {due}."));
    }
    match action.due_at {
        Some(due) if !judgement.reasons.is_empty() => {
            let from = overdue(due).min(world.until());
            judgement.violated(from, closed.unwrap_or_else(|| world.until()).max(from))
        }
        _ => judgement,
    }
}

/// CAP-02: an approved document describes sanctions, and a role holder attests that it was applied where needed.
///
/// Documents are told by their kind `sanctions`, or by a title that speaks of sanctions or disciplinary measures. An
/// attestation speaks of the time from its `effective_from` to its approval, which must hold the period; the roles that
/// may attest are those that own the statements of this check.
pub fn sanctions(world: &World<'_>) -> Vec<Judgement> {
    let unit = ORGANIZATION;
    let Some(documents) = &world.registers.documents else { return vec![no_register(unit, "documents")] };
    let until = world.until();
    let describes = |d: &&Recorded<Document>| {
        d.kind != DocumentKind::Attestation
            && is_about_sanctions(d)
            && filled(d.approved_by.as_deref()).is_some()
            && d.approved_at.is_some_and(|at| at < until)
    };
    let Some(process) = documents.iter().find(describes) else {
        return vec![Judgement::fail(
            unit,
            "document_missing",
            "No approved document on sanctions for breaking policy is on record (documents of kind sanctions, or so titled).",
        )];
    };
    let roles: Vec<&str> = world
        .policy
        .statements
        .iter()
        .filter(|s| s.checks.iter().any(|c| c == "CAP-02"))
        .flat_map(|s| s.owner_roles.iter().map(String::as_str))
        .collect();
    let attested = |d: &&Recorded<Document>| {
        let role = filled(d.approved_role.as_deref()).filter(|r| roles.contains(r));
        let held = || {
            let (at, role) = (d.approved_at?, role?);
            Some(world.registers.held_role(filled(d.approved_by.as_deref())?, role, at))
        };
        d.kind == DocumentKind::Attestation
            && is_about_sanctions(d)
            && d.effective_from.is_some_and(|from| from <= world.period.start())
            && d.approved_at.is_some_and(|at| at >= until && at <= world.as_of)
            && held() == Some(true)
    };
    let document = format!("{} ({})", process.document_id, process.declared_in);
    vec![match documents.iter().find(attested) {
        Some(attestation) => Judgement::pass(
            unit,
            format!(
                "Document {document} describes sanctions, and attestation {} of {} says for the period that it was applied where needed.",
                attestation.document_id,
                attestation.approved_at.map_or_else(String::new, utc_text)
            ),
        ),
        None if world.registers.role_assignments.is_none() => no_register(unit, "role_assignments"),
        None => Judgement::no_evidence(
            unit,
            "attestation_missing",
            format!(
                "Document {document} describes sanctions; that it was applied where needed nobody who held {} attests for the whole period (documents of kind attestation, effective_from to approved_at).",
                roles.join(" or ")
            ),
        ),
    }]
}

fn is_about_sanctions(document: &Document) -> bool {
    let title = document.title.as_deref().unwrap_or_default().to_lowercase();
    document.kind == DocumentKind::Sanctions || title.contains("sanction") || title.contains("disciplin")
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
