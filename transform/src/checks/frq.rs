//! FRQ: frequency and recovery point.

mod chain;
mod design;
mod exposure;
mod gaps;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::{EDGES, EXAMPLES};

pub use chain::chain;
pub use design::{design, high_change, interval_s, losses};
pub use exposure::{exposure, observe};
pub use gaps::{GapFound, gaps, widest};

use std::collections::BTreeMap;

use model::assessment::Outcome;
use model::inventory::{Plan, Schedule, System};
use model::rows::Component;
use model::time::{Instant, utc_text};

use super::common::{no_inventory, or_empty};
use crate::coverage::{Interval, union};
use crate::judgement::Judgement;
use crate::slots::Slot;
use crate::world::World;

/// FRQ-02: no slot failed, missed or overrun, and few enough unknown.
pub fn on_time(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("backup_plans");
    }
    let most_unknown = world.policy.ratio("unknown_share_max");
    let (from, to) = (world.period.start(), world.until());
    let mut out = Vec::new();
    let mut plans: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, plan) in world.inventory.plans.iter().enumerate() {
        plans.entry(&plan.plan_id).or_default().push(i);
    }
    let mut by_version: BTreeMap<usize, Vec<&Slot>> = BTreeMap::new();
    for slot in world.slots {
        by_version.entry(slot.plan).or_default().push(slot);
    }
    for (id, versions) in plans {
        let first = &world.inventory.plans[versions[0]];
        let Some(system) = world.inventory.system(&first.system_id) else { continue };
        if !system.in_scope
            || system.in_service(from, to).is_none()
            || versions.iter().all(|v| !world.inventory.plans[*v].enabled)
        {
            continue;
        }
        if versions.iter().all(|v| world.inventory.plans[*v].schedule == Schedule::Continuous) {
            out.push(
                Judgement::not_applicable(id, "continuous", "A continuous plan has no slots; FRQ-05 judges it.")
                    .about(&system.system_id),
            );
            continue;
        }
        let slots: Vec<&Slot> = versions.iter().filter_map(|v| by_version.get(v)).flatten().copied().collect();
        let count = |wanted: &[Outcome]| slots.iter().filter(|s| wanted.contains(&s.outcome)).count();
        let judged = slots.len() - count(&[Outcome::Running, Outcome::Cancelled]);
        if judged == 0 {
            out.push(
                Judgement::not_applicable(id, "no_slot_due", "No slot was due and decided in the period.")
                    .about(&system.system_id),
            );
            continue;
        }
        let bad: Vec<_> = slots.iter().filter(|s| s.outcome.is_bad()).collect();
        let unknown: Vec<_> = slots.iter().filter(|s| s.outcome == Outcome::Unknown).collect();
        let late = count(&[Outcome::LateSuccess]);
        let records = |some: &[&&Slot]| -> Vec<String> {
            some.iter().map(|s| format!("slot/{}", s.id(world.inventory))).collect()
        };
        let judgement = if !bad.is_empty() {
            let (failed, missed, overrun) =
                (count(&[Outcome::Failed]), count(&[Outcome::Missed]), count(&[Outcome::Overrun]));
            let parts: Vec<String> = [(failed, "failed"), (missed, "missed"), (overrun, "overrun")]
                .into_iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, word)| format!("{n} {word}"))
                .collect();
            let unknown_note = if unknown.is_empty() { String::new() } else { format!(", {} unknown", unknown.len()) };
            let mut j = Judgement::fail(
                id,
                "slots_not_met",
                format!(
                    "Of {judged} slots {}{unknown_note}; the first on {}.",
                    parts.join(", "),
                    utc_text(bad[0].scheduled_for)
                ),
            )
            .rests_on(records(&bad));
            for (n, code) in [(failed, "failed"), (missed, "missed"), (overrun, "overrun")] {
                if n > 0 {
                    j = j.reason(code);
                }
            }
            for slot in &bad {
                j = j.violated(slot.scheduled_for, slot.deadline);
            }
            j
        } else if unknown.len() as f64 > most_unknown * judged as f64 {
            let j = Judgement::no_evidence(
                id,
                "unknown_share_above_limit",
                format!(
                    "{} of {judged} slots have no record and no complete source covers them (backup_runs of {}): a run may exist unseen.",
                    unknown.len(),
                    system.system_id
                ),
            )
            .rests_on(records(&unknown));
            if unknown.iter().any(|s| s.reason == Some("zone_unknown")) { j.reason("zone_unknown") } else { j }
        } else {
            let mut j = Judgement::pass(
                id,
                format!(
                    "{} of {judged} slots succeeded by their deadline, {late} late.",
                    judged - late - unknown.len()
                ),
            );
            if late > 0 {
                j = j.reason("late_success");
            }
            if !unknown.is_empty() {
                j = j.reason("unknown_within_limit");
            }
            j
        };
        out.push(judgement.about(&system.system_id));
    }
    or_empty(out, "no_enabled_plan", "No plan of an in-scope system was enabled in the period.")
}

/// True where the system is to be restored from logs that are shipped continuously, or any such log or sample is on record.
pub fn relies_on_logs(world: &World<'_>, index: usize, system: &System, from: Instant, to: Instant) -> bool {
    system.required_components.contains(&Component::LogContinuous)
        || world.plans_in_force(system, from, to).any(|(_, p)| is_of_logs(p))
        || world.pitr_of(index).next().is_some()
        || world.segments_of(index).next().is_some()
}

fn is_of_logs(plan: &Plan) -> bool {
    plan.component == Component::LogContinuous || plan.schedule == Schedule::Continuous
}

/// What complete sources cover of the logs of a system: the archive, or samples of what can be restored. A log of runs
/// shows every shipped log only where all of them are shipped by plans with a schedule.
pub fn covered_logs(world: &World<'_>, system: &System, from: Instant, to: Instant) -> Vec<Interval> {
    let mut plans = world.plans_in_force(system, from, to).map(|(_, p)| p).filter(|p| is_of_logs(p)).peekable();
    let scheduled = plans.peek().is_some() && plans.all(|p| p.schedule != Schedule::Continuous);
    let runs = scheduled.then_some("backup_runs");
    let tables = ["log_segments", "pitr_status"].into_iter().chain(runs);
    union(tables.flat_map(|table| world.coverage.intervals(table, &system.system_id)).collect())
}
