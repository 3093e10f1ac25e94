//! COV: coverage by plans, and the reviews of it.

use std::collections::BTreeMap;

use model::registers::ReviewKind;
use model::rows::Trigger;
use model::time::utc_text;

use super::cadence::{Standing, not_named, note_overdue, programme_began, reviews, standing};
use super::common::{ORGANIZATION, filled, holds, names, no_inventory, no_register, or_empty, or_none_in_scope};
use super::faults::Faults;
use crate::coverage::{Interval, holes, union};
use crate::judgement::Judgement;
use crate::world::World;

/// COV-01: enabled plans cover the whole time in service.
///
/// The inventory's plan versions carry their dates and are the plan history. A hole in them in which a platform
/// showed an enabled plan of the system is no evidence: the history lacks something that ran. Where job records show
/// that its slots ran all through the hole, at least as often as `max_backup_interval` asks, there is none.
pub fn covered(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("backup_plans");
    }
    let mut out = Vec::new();
    for (index, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        let Some((from, to)) = system.in_service(world.period.start(), world.until()) else { continue };
        if system.provider_managed_backup == Some(true) {
            out.push(
                Judgement::not_applicable(
                    unit,
                    "provider_managed",
                    "A provider runs the backup of this system; STO-07 judges its statement.",
                )
                .about(unit),
            );
            continue;
        }
        let plans: Vec<_> = world.plans_of(system).map(|(_, p)| p).collect();
        let covered = union(plans.iter().map(|p| (p.effective_from, p.effective_to.unwrap_or(to))).collect());
        let open = holes(&covered, from, to);
        let shown = |hole: &Interval| {
            world.tables.plans.iter().any(|p| {
                p.enabled == Some(true)
                    && p.observed_at >= hole.0
                    && p.observed_at < hole.1
                    && p.resource.as_deref().is_some_and(
                        |r| matches!(world.inventory.resolve(r), Ok(Some(s)) if s.system_id == system.system_id),
                    )
            })
        };
        let (mut doubtful, proven): (Vec<Interval>, Vec<Interval>) = open.iter().copied().partition(shown);
        let ran = if doubtful.is_empty() { Vec::new() } else { slots_ran(world, index) };
        doubtful.retain(|(from, to)| !holes(&ran, *from, *to).is_empty());
        let text = |all: &[Interval]| {
            let parts: Vec<String> = all.iter().map(|(a, b)| format!("{} to {}", utc_text(*a), utc_text(*b))).collect();
            names(&parts)
        };
        let judgement = if open.is_empty() {
            let mut ids: Vec<&str> = plans
                .iter()
                .filter(|p| p.effective_from < to && p.effective_to.is_none_or(|e| e > from))
                .map(|p| p.plan_id.as_str())
                .collect();
            ids.dedup();
            Judgement::pass(unit, format!("Enabled plans cover all of its time in service: {}.", names(&ids)))
        } else if proven.is_empty() && doubtful.is_empty() {
            Judgement::pass(
                unit,
                format!(
                    "The platform showed a plan from {}, where the inventory has none, and job records show that it ran all the time.",
                    text(&open)
                ),
            )
            .reason("shown_by_runs")
        } else if !proven.is_empty() {
            let (code, what) = if plans.is_empty() {
                ("no_plan", "No enabled plan names this system".to_owned())
            } else {
                ("hole", format!("No enabled plan was in force from {}", text(&proven)))
            };
            proven.iter().fold(Judgement::fail(unit, code, format!("{what}.")), |j, (a, b)| j.violated(*a, *b))
        } else {
            Judgement::no_evidence(
                unit,
                "plan_history_incomplete",
                format!(
                    "The inventory has no plan from {}, but the platform showed one then: complete backup_plans.",
                    text(&doubtful)
                ),
            )
        };
        out.push(judgement.about(unit));
    }
    or_none_in_scope(out)
}

/// When runs that nobody started by hand stood close enough to each other to be those of a plan in force.
fn slots_ran(world: &World<'_>, index: usize) -> Vec<Interval> {
    let between = world.seconds("max_backup_interval") + world.seconds("schedule_tolerance");
    let half = chrono::Duration::seconds(between / 2);
    let runs = world.runs.of_system(index).filter(|r| !r.copy && r.trigger != Some(Trigger::Manual));
    union(runs.filter_map(|r| r.placed_at()).map(|at| (at - half, at + half)).collect())
}

/// COV-02: coverage and retention were reviewed on time, by the right people, on the right inputs, in full.
///
/// Inputs are recognised by the words inventory, classification and retention in their names.
pub fn reviewed(world: &World<'_>) -> Vec<Judgement> {
    let unit = ORGANIZATION;
    let Some(all) = reviews(world, &[ReviewKind::CoverageRetention]) else {
        return vec![no_register(unit, "reviews")];
    };
    let began = programme_began(world);
    let standing = standing(world, "coverage_review_cadence", all.iter().map(|r| r.performed_at), began);
    let Some(last) = all.last() else {
        return vec![match (standing, began) {
            (Standing::NotYetDue { due }, Some(began)) => Judgement::not_applicable(
                unit,
                "not_yet_due",
                format!(
                    "The first system came into scope on {}; the first review is due before {}.",
                    utc_text(began),
                    utc_text(due)
                ),
            ),
            (_, None) => Judgement::no_evidence(
                unit,
                "no_system",
                "No system is in scope (systems): nothing dates the programme.",
            ),
            _ => Judgement::fail(unit, "review_missing", "No review of coverage and retention is on record."),
        }];
    };
    let mut faults = Faults::default();
    note_overdue(&mut faults, standing);
    faults.add_if(filled(last.performer_role.as_deref()) != Some("security_compliance"), "wrong_role", || {
        let role = last.performer_role.as_deref().unwrap_or("nobody named");
        format!("performed by {role}, not by security_compliance")
    });
    faults.add_if(
        filled(last.signed_off_by.as_deref()).is_none(),
        "not_signed_off",
        || "no system owner signed it off (signed_off_by)",
    );
    let lacks = not_named(&last.inputs, &["inventory", "classification", "retention"]);
    faults.add_if(!lacks.is_empty(), "inputs_missing", || format!("its inputs do not name {}", lacks.join(", ")));
    let left_out: Vec<&str> = world
        .inventory
        .systems
        .iter()
        .filter(|s| s.in_scope && s.onboarded_at <= last.performed_at)
        .filter(|s| s.retired_at.is_none_or(|r| r > last.performed_at))
        .map(|s| s.system_id.as_str())
        .filter(|id| !holds(&last.scope, id))
        .collect();
    faults.add_if(!left_out.is_empty(), "system_left_out", || format!("its scope lacks {}", names(&left_out)));
    let opening = format!("The last review ({}) was on {}", last.review_id, utc_text(last.performed_at));
    let next = match standing {
        Standing::Current { due, .. } => format!("; the next is due before {}", utc_text(due)),
        _ => String::new(),
    };
    let good = format!("{opening}{next}.");
    vec![faults.judge(unit, &opening, good)]
}

/// COV-03: what is new or changed since the review before is in the last one.
pub fn new_reviewed(world: &World<'_>) -> Vec<Judgement> {
    let Some(all) = reviews(world, &[ReviewKind::CoverageRetention]) else {
        return vec![no_register(ORGANIZATION, "reviews")];
    };
    let Some((last, before)) = all.split_last() else {
        return vec![Judgement::no_evidence(
            ORGANIZATION,
            "no_review",
            "The register reviews holds no review of coverage and retention (COV-02).",
        )];
    };
    let before = before.last().map(|r| r.performed_at);
    let between = |t: model::time::Instant| before.is_none_or(|b| t > b) && t < last.performed_at;
    let mut why: BTreeMap<&str, String> = BTreeMap::new();
    for system in world.inventory.systems.iter().filter(|s| {
        s.in_scope && s.onboarded_at < last.performed_at && s.retired_at.is_none_or(|r| r > last.performed_at)
    }) {
        let unit = system.system_id.as_str();
        if between(system.onboarded_at) {
            why.insert(unit, format!("It came into service on {}", utc_text(system.onboarded_at)));
        }
        let changed = world
            .registers
            .changes
            .iter()
            .flatten()
            .find(|c| c.significant && holds(&c.system_ids, unit) && between(c.completed_at));
        if let Some(change) = changed {
            why.entry(unit).or_insert_with(|| {
                format!("Change {} was completed on {}", change.change_id, utc_text(change.completed_at))
            });
        }
    }
    let mut out: Vec<Judgement> = why
        .into_iter()
        .map(|(unit, why)| {
            let review = format!("review {} of {}", last.review_id, utc_text(last.performed_at));
            if holds(&last.scope, unit) {
                Judgement::pass(unit, format!("{why}; {review} has it in scope."))
            } else {
                Judgement::fail(unit, "left_out", format!("{why}; {review} leaves it out."))
            }
            .about(unit)
        })
        .collect();
    if world.registers.changes.is_none() {
        out.push(no_register(ORGANIZATION, "changes"));
    }
    or_empty(out, "none_new_or_changed", "No system was new or significantly changed between the last two reviews.")
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
