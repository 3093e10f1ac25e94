//! INV: inventory and scope.

mod assets;
mod onboarding;
mod platforms;

pub use assets::reconciled;
pub use onboarding::protected_on_time;
pub use platforms::{control_systems, platforms};

use std::collections::BTreeMap;

use model::inventory::{Criticality, Environment};
use model::registers::{ApprovalSubject, DocumentKind};
use model::time::{Instant, utc_text};

use super::common::{ORGANIZATION, filled, last_moment, names, no_inventory, no_register, or_empty, or_none_in_scope};
use crate::coverage::{Interval, holes, union};
use crate::judgement::Judgement;
use crate::world::World;

/// INV-01: the inventory exists and each live row is complete and confirmed in time.
///
/// Rows that begin after the period are left out. The register keeps only the latest confirmation: one that lies
/// after the period says nothing about the period, so it is no evidence and no failure.
pub fn rows_complete(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let (until, zone) = (world.until(), world.period.zone());
    let since = world.policy.span("inventory_review_max").before(until, zone);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for system in &world.inventory.systems {
        *seen.entry(&system.system_id).or_default() += 1;
    }
    let mut out = Vec::new();
    let mut in_scope = false;
    for system in &world.inventory.systems {
        if system.retired_at.is_some_and(|r| r <= until) || system.onboarded_at >= until {
            continue;
        }
        in_scope |= system.in_scope;
        let unit = system.system_id.as_str();
        if seen.get(unit).copied().unwrap_or(0) == 0 {
            continue;
        }
        let double = seen.insert(unit, 0).is_some_and(|n| n > 1);
        let mut missing = Vec::new();
        if filled(Some(&system.name)).is_none() {
            missing.push("name");
        }
        if filled(system.owner.as_deref()).is_none() {
            missing.push("owner");
        }
        if system.data_classes.is_empty() {
            missing.push("data_classes");
        }
        if system.tier.is_none()
            && system.environment == Environment::Production
            && system.criticality == Criticality::Critical
        {
            missing.push("tier");
        }
        let unknown_tier = system.tier.as_deref().filter(|t| world.policy.tier(t).is_none());
        let mut faults: Vec<(&str, String)> = Vec::new();
        if double {
            faults.push(("duplicate_id", "more than one row has this id".to_owned()));
        }
        if !missing.is_empty() {
            faults.push(("field_missing", format!("{} not filled", missing.join(", "))));
        }
        if let Some(tier) = unknown_tier {
            faults.push(("unknown_tier", format!("tier {tier} is not one of the policy")));
        }
        match system.reviewed_at {
            None => faults.push(("not_confirmed", "its owner never confirmed it (reviewed_at)".to_owned())),
            Some(at) if at < since => {
                faults.push(("not_confirmed", format!("last confirmed {}, before {}", utc_text(at), utc_text(since))))
            }
            Some(_) => {}
        }
        let after = system.reviewed_at.filter(|at| *at > until);
        let mut judgement = if faults.is_empty() {
            match after {
                Some(at) => Judgement::no_evidence(
                    unit,
                    "confirmed_after_period",
                    format!(
                        "systems.reviewed_at is {}, after the period: no confirmation within the period's {} is on record.",
                        utc_text(at),
                        world.policy.parameter("inventory_review_max").value
                    ),
                ),
                None => Judgement::pass(
                    unit,
                    format!(
                        "Every field is filled; confirmed {}.",
                        system.reviewed_at.map_or_else(String::new, utc_text)
                    ),
                ),
            }
        } else {
            let texts: Vec<&str> = faults.iter().map(|(_, t)| t.as_str()).collect();
            let first = faults.first().map_or("field_missing", |(code, _)| code);
            let mut j =
                Judgement::fail(unit, first, format!("The row ({}): {}.", system.declared_in, texts.join("; ")));
            for (code, _) in faults.iter().skip(1) {
                j = j.reason(code);
            }
            j
        };
        if after.is_some() && world.period.contains(system.onboarded_at) {
            judgement = judgement.reason("late_addition");
        }
        out.push(judgement.about(unit));
    }
    if !in_scope {
        out.push(Judgement::fail(ORGANIZATION, "no_row_in_scope", "The inventory holds no live row that is in scope."));
    }
    out
}

/// INV-03: every in-scope system has an appointed owner and a classification.
///
/// The classes of the data classification policy are no table of the data model: the title of that policy in
/// `documents` lists them behind a colon, as in "Data Classification Policy: public, internal". Where none does, a class
/// that is filled can't be shown to be one of them.
///
/// The inventory keeps the newest owner alone. That nobody at all held the role for more than a day is a gap between
/// owners whoever they were.
pub fn owned(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let classes = classes(world);
    let mut out = Vec::new();
    for (_, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        let Some((from, end)) = system.in_service(world.period.start(), world.until()) else { continue };
        let at = last_moment(end);
        let owner = filled(system.owner.as_deref());
        let mut faults: Vec<(&str, String)> = Vec::new();
        match owner {
            None => faults.push(("owner_missing", "no owner is named (systems.owner)".to_owned())),
            Some(owner) if world.registers.role_assignments.is_some() => {
                if !world.registers.held_role(owner, "system_owner", at) {
                    faults.push((
                        "owner_not_appointed",
                        format!("{owner} does not hold the role system_owner at {}", utc_text(at)),
                    ));
                } else if let Some((a, b)) = without_owner(world, from, end) {
                    faults.push((
                        "owner_gap",
                        format!("nobody held the role system_owner from {} to {}", utc_text(a), utc_text(b)),
                    ));
                }
            }
            Some(_) => {}
        }
        if system.data_classes.is_empty() {
            faults.push(("class_missing", "no data class is named (systems.data_classes)".to_owned()));
        }
        if let Some((document, classes)) = &classes {
            let known = |class: &str| classes.iter().any(|c| c.eq_ignore_ascii_case(class));
            let strange: Vec<&str> = system.data_classes.iter().map(String::as_str).filter(|c| !known(c)).collect();
            if !strange.is_empty() {
                let text = format!("{} is no class that {document} lists", names(&strange));
                faults.push(("class_unknown", text));
            }
        }
        let judgement = if let Some((code, _)) = faults.first() {
            let texts: Vec<&str> = faults.iter().map(|(_, t)| t.as_str()).collect();
            let mut j = Judgement::fail(unit, code, format!("For this system {}.", texts.join("; ")));
            for (code, _) in faults.iter().skip(1) {
                j = j.reason(code);
            }
            j
        } else if world.registers.role_assignments.is_none() {
            no_register(unit, "role_assignments")
        } else if let Some((document, _)) = &classes {
            let owner = owner.unwrap_or("Somebody");
            let named = names(&system.data_classes);
            Judgement::pass(unit, format!("{owner} is its appointed owner; {document} lists the data class {named}."))
        } else {
            Judgement::no_evidence(
                unit,
                "class_list_not_given",
                format!(
                    "{} is its appointed owner. Whether {} are classes of the data classification policy cannot be shown: no approved document lists them in its title.",
                    owner.unwrap_or("Somebody"),
                    names(&system.data_classes)
                ),
            )
        };
        out.push(judgement.about(unit));
    }
    or_none_in_scope(out)
}

/// The first stretch of `[from, to)` longer than a day in which nobody held the role of a system owner.
fn without_owner(world: &World<'_>, from: Instant, to: Instant) -> Option<Interval> {
    let owners = world.registers.role_assignments.iter().flatten().filter(|a| a.role == "system_owner");
    let held = union(owners.map(|a| (a.valid_from, a.valid_to.unwrap_or(to))).collect());
    holes(&held, from, to).into_iter().find(|(a, b)| *b - *a > chrono::Duration::days(1))
}

/// The newest approved data classification policy whose title lists classes, and those classes.
fn classes<'w>(world: &World<'w>) -> Option<(&'w str, Vec<&'w str>)> {
    let registers = world.registers;
    let listed = registers.documents.iter().flatten().filter_map(|d| {
        let approved = d.approved_at.filter(|at| *at < world.until() && d.kind == DocumentKind::Policy)?;
        let (name, classes) = d.title.as_deref()?.split_once(':')?;
        let classes: Vec<&str> = classes.split([',', ';']).filter_map(|c| filled(Some(c.trim()))).collect();
        let fits = name.to_lowercase().contains("classification") && !classes.is_empty();
        fits.then_some((approved, d.declared_in.as_str(), classes))
    });
    listed.max_by_key(|(approved, ..)| *approved).map(|(_, document, classes)| (document, classes))
}

/// INV-04: production systems that are out of scope have a reason and an approval of the policy owner.
///
/// The inventory does not say since when a system is left out: the approval must be there when the period (or the
/// service of the system in it) begins. A reason that says that data can be rebuilt must say from what; whether that is
/// their source is for people.
pub fn exclusions(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let role = world.policy.document.owner_role.as_str();
    let mut out = Vec::new();
    for system in &world.inventory.systems {
        if system.in_scope || system.environment != Environment::Production {
            continue;
        }
        let Some((from, to)) = system.in_service(world.period.start(), world.until()) else { continue };
        let unit = system.system_id.as_str();
        let approvals: Option<Vec<_>> = world.registers.approvals.as_ref().map(|all| {
            let mut of: Vec<_> = all
                .iter()
                .filter(|a| a.subject_kind == ApprovalSubject::ScopeExclusion && a.subject_ref.as_deref() == Some(unit))
                .collect();
            of.sort_by_key(|a| a.approved_at);
            of
        });
        let held = |a: &&&model::registers::Recorded<model::registers::Approval>| {
            a.approver.as_deref().is_some_and(|p| world.registers.held_role(p, role, a.approved_at))
        };
        let judgement = if filled(system.scope_reason.as_deref()).is_none() {
            Judgement::fail(
                unit,
                "reason_missing",
                "The system is production and out of scope, and scope_reason does not say why.",
            )
        } else if !names_source(system.scope_reason.as_deref().unwrap_or_default()) {
            Judgement::fail(
                unit,
                "source_not_named",
                "By scope_reason its data can be rebuilt, and it does not name the source they are rebuilt from (\"rebuilt from …\").",
            )
        } else {
            match approvals {
                None => no_register(unit, "approvals"),
                Some(of) if of.is_empty() => Judgement::fail(
                    unit,
                    "approval_missing",
                    "No approval of kind scope_exclusion names this system.".to_owned(),
                ),
                Some(_) if world.registers.role_assignments.is_none() => no_register(unit, "role_assignments"),
                Some(of) => match of.iter().find(held) {
                    None => Judgement::fail(
                        unit,
                        "not_approved_by_policy_owner",
                        format!("{} approvals name it, none by somebody who held the role {role} then.", of.len()),
                    ),
                    Some(a) if a.approved_at > from => Judgement::fail(
                        unit,
                        "approved_late",
                        format!(
                            "It was left out at {}; the approval is of {}.",
                            utc_text(from),
                            utc_text(a.approved_at)
                        ),
                    )
                    .violated(from, a.approved_at.min(to)),
                    Some(a) => Judgement::pass(
                        unit,
                        format!(
                            "Left out with a reason; {} approved it on {}.",
                            a.approver.as_deref().unwrap_or(role),
                            utc_text(a.approved_at)
                        ),
                    ),
                },
            }
        };
        out.push(judgement.about(unit));
    }
    or_empty(out, "none_left_out", "Every production system in service in the period is in scope.")
}

/// False where a reason says that data can be rebuilt, and not from what.
fn names_source(reason: &str) -> bool {
    const REBUILT: [&str; 7] = ["rebuil", "recreat", "regenerat", "deriv", "cache", "reproduc", "recomput"];
    let reason = reason.to_lowercase();
    let words: Vec<&str> = reason.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let is_rebuilt = words.iter().any(|word| REBUILT.iter().any(|beginning| word.starts_with(beginning)));
    !is_rebuilt || words.windows(2).any(|two| ["from", "of"].contains(&two[0]))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
