//! OBJ: recovery objectives.
//!
//! The tiers of the policy are objectives that are always in force; rows of the inventory and of
//! `registers/objectives.csv` come before them. Units: a system, an objective id, or `tier:<id>`.

mod coherence;
mod review;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::{EDGES, EXAMPLES};

pub use coherence::coherent;
pub use review::performance_reviewed;

use std::collections::BTreeSet;

use model::inventory::{Objective, System};
use model::registers::{ApprovalSubject, DocumentKind};
use model::time::{Instant, utc_text};

use super::common::{SYSTEM_OWNER, names, owns};
use crate::judgement::Judgement;
use crate::world::World;

/// Tiers that systems in scope use, sorted.
#[must_use]
pub fn tiers_in_use<'w>(world: &'w World<'_>) -> BTreeSet<&'w str> {
    world.in_scope().filter_map(|(_, s)| s.tier.as_deref()).collect()
}

/// The objective of a tier in force at `at`: a row before the policy's own.
#[must_use]
pub fn of_tier(world: &World<'_>, tier: &str, at: Instant) -> Option<Objective> {
    let row = world.inventory.objectives.iter().find(|o| {
        o.system_id.is_none()
            && o.tier.as_deref() == Some(tier)
            && o.effective_from.is_none_or(|f| f <= at)
            && o.effective_to.is_none_or(|t| at < t)
    });
    row.cloned().or_else(|| world.policy.tier_objective(tier))
}

/// Objectives in force at some time of the period: rows, and tiers of the policy that are in use and that no row
/// replaces. Sorted by id.
#[must_use]
pub fn in_force(world: &World<'_>) -> Vec<Objective> {
    let (from, to) = (world.period.start(), world.until());
    let mut out: Vec<Objective> = world
        .inventory
        .objectives
        .iter()
        .filter(|o| o.effective_from.is_none_or(|f| f < to) && o.effective_to.is_none_or(|t| t > from))
        .cloned()
        .collect();
    for tier in tiers_in_use(world) {
        let replaced = out.iter().any(|o| o.system_id.is_none() && o.tier.as_deref() == Some(tier));
        if !replaced && let Some(own) = world.policy.tier_objective(tier) {
            out.push(own);
        }
    }
    out.sort_by(|a, b| a.objective_id.cmp(&b.objective_id));
    out
}

/// Systems in scope that an objective is for.
pub fn bound<'w>(world: &'w World<'_>, objective: &Objective) -> Vec<&'w System> {
    world
        .in_scope()
        .map(|(_, s)| s)
        .filter(|s| match &objective.system_id {
            Some(id) => *id == s.system_id,
            None => objective.tier.is_some() && s.tier == objective.tier,
        })
        .collect()
}

/// True where an objective is that of a system: one of the system's own goes before the tier's.
fn governs(world: &World<'_>, objective: &Objective, system: &System) -> bool {
    world.objective(system, world.until()).is_none_or(|o| o.objective_id == objective.objective_id)
}

/// OBJ-01: recovery objectives exist for every critical system and tier.
pub fn exist(world: &World<'_>) -> Vec<Judgement> {
    let (from, to) = (world.period.start(), world.until());
    let mut out: Vec<Judgement> = world
        .critical()
        .filter_map(|(_, s)| {
            let service = s.in_service(from, to)?;
            let tier_known = s.tier.as_deref().is_none_or(|t| world.policy.tier(t).is_some() || has_row(world, t));
            let own = world.inventory.objectives.iter().any(|o| o.system_id.as_deref() == Some(&s.system_id));
            Some(
                if !own && !tier_known {
                    Judgement::no_evidence(
                        &s.system_id,
                        "unknown_tier",
                        format!("Tier {} is not in the policy's list.", s.tier.as_deref().unwrap_or("")),
                    )
                } else {
                    throughout(world, &s.system_id, service, &|at| world.objective(s, at))
                }
                .about(&s.system_id),
            )
        })
        .collect();
    for tier in tiers_in_use(world) {
        let unit = format!("tier:{tier}");
        let known = world.policy.tier(tier).is_some() || has_row(world, tier);
        let mut judgement = if known {
            throughout(world, &unit, (from, to), &|at| of_tier(world, tier, at))
        } else {
            Judgement::no_evidence(&unit, "unknown_tier", format!("Tier {tier} is not in the policy's list."))
        };
        for (_, system) in world.in_scope().filter(|(_, s)| s.tier.as_deref() == Some(tier)) {
            judgement = judgement.about(&system.system_id);
        }
        out.push(judgement);
    }
    if out.is_empty() {
        out.push(Judgement::not_applicable(
            "organization",
            "empty_population",
            "No critical production system is in scope and in service, and no tier is in use.",
        ));
    }
    out
}

fn has_row(world: &World<'_>, tier: &str) -> bool {
    world.inventory.objectives.iter().any(|o| o.tier.as_deref() == Some(tier))
}

/// Judges the objective at the start of `[from, to)` and wherever one begins or ends in it.
fn throughout(
    world: &World<'_>,
    unit: &str,
    (from, to): (Instant, Instant),
    objective: &dyn Fn(Instant) -> Option<Objective>,
) -> Judgement {
    let mut moments = BTreeSet::from([from]);
    for o in &world.inventory.objectives {
        moments.extend([o.effective_from, o.effective_to].into_iter().flatten().filter(|at| *at > from && *at < to));
    }
    let mut from_policy = false;
    let mut found = Vec::new();
    for at in moments {
        let Some(o) = objective(at) else {
            let at_text = utc_text(at);
            return if world.inventory.objectives_given {
                Judgement::fail(unit, "no_objective", format!("No objective was in force at {at_text}."))
                    .violated(at, at + chrono::Duration::seconds(1))
            } else {
                Judgement::no_evidence(
                    unit,
                    "no_objective",
                    format!(
                        "No objective is known at {at_text}: neither a tier is set nor were objectives given (objectives)."
                    ),
                )
            };
        };
        if let Some((code, what)) = incomplete(&o) {
            return Judgement::fail(unit, code, format!("Objective {}: {what}.", o.objective_id))
                .violated(at, at + chrono::Duration::seconds(1));
        }
        from_policy |= o.effective_from.is_none() && o.objective_id.starts_with("tier:");
        if !found.contains(&o.objective_id) {
            found.push(o.objective_id.clone());
        }
    }
    let j = Judgement::pass(unit, format!("In force throughout: {}.", found.join(", ")));
    // Appendix A calls its values examples: they hold until the organisation states its own.
    if from_policy { j.reason("policy_example_to_confirm") } else { j }
}

/// What an objective lacks.
fn incomplete(o: &Objective) -> Option<(&'static str, &'static str)> {
    let filled = |text: &Option<String>| text.as_deref().is_some_and(|t| !t.trim().is_empty());
    if o.rto_s.is_none() {
        return Some(("rto_missing", "rto_s is empty; a range needs its upper end"));
    }
    if o.rpo_applicable && o.rpo_s.is_none() {
        return Some(("rpo_missing", "rpo_s is empty, and rpo_applicable is not false"));
    }
    if !o.rpo_applicable && !filled(&o.rpo_reason) {
        return Some(("rpo_reason_missing", "rpo_applicable is false without a reason"));
    }
    (!filled(&o.document_ref)).then_some(("document_missing", "its values stand in no document (document_ref)"))
}

/// OBJ-02: objectives were agreed by owner and operations and approved.
pub fn agreed(world: &World<'_>) -> Vec<Judgement> {
    let objectives = in_force(world);
    if objectives.is_empty() {
        return vec![none_given(world)];
    }
    objectives
        .iter()
        .map(|o| {
            let mut judgement = agreement(world, o);
            for system in bound(world, o) {
                judgement = judgement.about(&system.system_id);
            }
            judgement
        })
        .collect()
}

fn none_given(world: &World<'_>) -> Judgement {
    if world.inventory.objectives_given {
        Judgement::not_applicable("organization", "empty_population", "No objective is in force in the period.")
    } else {
        Judgement::no_evidence(
            "organization",
            "no_register",
            "Objectives were not given, and no tier is in use (objectives).",
        )
    }
}

fn agreement(world: &World<'_>, o: &Objective) -> Judgement {
    let unit = o.objective_id.as_str();
    let contract = world
        .registers
        .documents
        .iter()
        .flatten()
        .any(|d| d.kind == DocumentKind::Contract && o.document_ref.as_deref() == Some(&d.document_id));
    if contract {
        return Judgement::not_applicable(
            unit,
            "from_contract",
            "The objective comes from a contract; REQ-01 judges it.",
        );
    }
    // A decision in the register of approvals stands for a field of the row that is empty.
    let name = |id: &str| id == unit || Some(id) == o.tier.as_deref().filter(|_| o.system_id.is_none());
    let all_decided = |role: &str| -> Vec<(String, Instant)> {
        world
            .registers
            .approvals
            .iter()
            .flatten()
            .filter(|a| a.subject_kind == ApprovalSubject::Objective && a.subject_ref.as_deref().is_some_and(name))
            .filter(|a| a.role.as_deref() == Some(role) && a.approved_at <= world.as_of)
            .filter_map(|a| Some((a.approver.clone()?, a.approved_at)))
            .collect()
    };
    let decided = |role: &str| all_decided(role).into_iter().max_by_key(|(_, at)| *at);
    let owner = o.agreed_by_owner.clone().or_else(|| decided(SYSTEM_OWNER).map(|d| d.0));
    let operations = o.agreed_by_operations.clone().or_else(|| decided("engineering_operations").map(|d| d.0));
    let approved = match (o.approved_by.clone(), o.approved_at) {
        (None, None) => decided("policy_owner").map(|(by, at)| (Some(by), Some(at))),
        given => Some(given),
    };
    let (approver, approved_at) = approved.unwrap_or((None, None));
    if owner.is_none() && operations.is_none() && approver.is_none() && approved_at.is_none() {
        let kept = if world.registers.approvals.is_none() {
            "the objective's own fields are empty, and the register of approvals was not given (approvals)"
        } else {
            "neither the objective's own fields nor the register of approvals name anyone (approvals)"
        };
        return Judgement::no_evidence(unit, "agreement_not_recorded", format!("Agreement is not recorded: {kept}."));
    }
    let mut faults: Vec<(&str, String)> = Vec::new();
    let mut unproven = Vec::new();
    for (who, code, what) in [
        (&owner, "owner_missing", "the agreement of the owner (agreed_by_owner)"),
        (&operations, "operations_missing", "the agreement of operations (agreed_by_operations)"),
        (&approver, "approver_missing", "the approver (approved_by)"),
    ] {
        if who.is_none() {
            faults.push((code, format!("it lacks {what}")));
        }
    }
    match (approved_at, o.effective_from) {
        (None, _) => faults.push(("approval_undated", "it lacks the time of approval (approved_at)".to_owned())),
        (Some(approved), Some(from)) if approved > from => faults.push((
            "approved_late",
            format!("it was approved on {}, after it took effect on {}", utc_text(approved), utc_text(from)),
        )),
        _ => {}
    }
    let at = approved_at.unwrap_or_else(|| world.until());
    let held = |person: &str, role: &str| {
        world.registers.role_assignments.as_ref().map(|_| world.registers.held_role(person, role, at))
    };
    let systems = bound(world, o);
    if owner.is_some() && o.system_id.is_none() {
        // The owner of each of its systems signs a tier.
        let mut signed = all_decided(SYSTEM_OWNER);
        signed.extend(o.agreed_by_owner.clone().map(|who| (who, at)));
        let open: Vec<&str> = systems
            .iter()
            .filter(|s| governs(world, o, s) && s.owner.is_some())
            .filter(|s| !signed.iter().any(|(who, at)| owns(world, s, who, Some(*at))))
            .map(|s| s.system_id.as_str())
            .collect();
        match &world.registers.role_assignments {
            _ if open.is_empty() => {}
            Some(_) => {
                faults.push(("owner_missing", format!("it lacks the agreement of the owner of {}", names(&open))))
            }
            None => unproven.push(format!("the owner of {} as {SYSTEM_OWNER}", names(&open))),
        }
    }
    for (who, role, code) in [
        (&owner, SYSTEM_OWNER, "not_the_owner"),
        (&operations, "engineering_operations", "not_operations"),
        (&approver, "policy_owner", "not_the_policy_owner"),
    ] {
        let Some(person) = who else { continue };
        let named = role == SYSTEM_OWNER && systems.iter().any(|s| s.owner.as_deref() == Some(person));
        match held(person, role) {
            _ if named => {}
            Some(true) => {}
            Some(false) => faults.push((code, format!("{person} did not hold the role {role} at {}", utc_text(at)))),
            None => unproven.push(format!("{person} as {role}")),
        }
    }
    if let Some((code, _)) = faults.first() {
        let told: Vec<&str> = faults.iter().map(|(_, text)| text.as_str()).collect();
        let mut j =
            Judgement::fail(unit, code, format!("The objective is not agreed and approved: {}.", told.join("; ")));
        for (code, _) in faults.iter().skip(1) {
            j = j.reason(code);
        }
        return j;
    }
    if !unproven.is_empty() {
        return Judgement::no_evidence(
            unit,
            "roles_not_given",
            format!(
                "The register of roles was not given (role_assignments): it can't be shown who acted as what: {}.",
                unproven.join(", ")
            ),
        );
    }
    Judgement::pass(unit, "Agreed by owner and operations, and approved before it took effect.")
}
