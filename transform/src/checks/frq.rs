//! FRQ: frequency and recovery point.

mod chain;
mod design;
mod exposure;
mod gaps;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EXAMPLES;

pub use chain::chain;
pub use design::{design, high_change, interval_s, losses};
pub use exposure::{exposure, observe};
pub use gaps::{GapFound, gaps, widest};

use std::collections::BTreeMap;

use model::assessment::Outcome;
use model::inventory::Schedule;
use model::time::utc_text;

use crate::judgement::Judgement;
use crate::slots::Slot;
use crate::world::World;

/// FRQ-02: no slot failed, missed or overrun, and few enough unknown.
pub fn on_time(world: &World<'_>) -> Vec<Judgement> {
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
    out
}
