//! Systems: what was expected of each and what was seen.

use std::collections::BTreeMap;

use model::assessment::{CheckResult, Outcome, State};
use model::dossier::{DayCell, PlanSheet, SystemSheet};
use model::inventory::{Schedule, System};
use model::time::day_of;

use super::restores::observed_rto;
use crate::checks::frq::{observe, widest};
use crate::metrics::{is_waived, platform};
use crate::rollup::Rollup;
use crate::slots::Slot;
use crate::world::World;

pub(super) fn systems(world: &World<'_>, results: &[CheckResult], days: &[String]) -> Vec<SystemSheet> {
    let mut slots_of: BTreeMap<usize, Vec<&Slot>> = BTreeMap::new();
    for slot in world.slots {
        slots_of.entry(slot.system).or_default().push(slot);
    }
    let mut of_unit: BTreeMap<&str, Vec<&CheckResult>> = BTreeMap::new();
    for result in results {
        of_unit.entry(&result.unit).or_default().push(result);
    }
    let mut out: Vec<(u32, SystemSheet)> = world
        .in_scope()
        .map(|(i, system)| {
            let tier = system.tier.as_deref().and_then(|t| world.policy.tier(t));
            let slots = slots_of.get(&i).map_or(&[][..], Vec::as_slice);
            (tier.map_or(u32::MAX, |t| t.order), sheet(world, i, system, slots, &of_unit, days.len()))
        })
        .collect();
    out.sort_by(|a, b| (a.0, &a.1.system_id).cmp(&(b.0, &b.1.system_id)));
    out.into_iter().map(|(_, s)| s).collect()
}

fn sheet(
    world: &World<'_>,
    index: usize,
    system: &System,
    slots: &[&Slot],
    of_unit: &BTreeMap<&str, Vec<&CheckResult>>,
    days: usize,
) -> SystemSheet {
    let objective = world.objective(system, world.until());
    let rpo = objective.as_ref().filter(|o| o.rpo_applicable).and_then(|o| o.rpo_s);
    let seen = rpo.and_then(|r| observe(world, index, system, r));
    let limit = world.seconds("max_backup_interval");
    let gap = widest(world, index, system, limit).into_iter().max_by_key(|g| (g.to - g.from).num_seconds());
    let covered = |g: &crate::checks::frq::GapFound<'_>| {
        let covers = |table: &str| world.coverage.covers(table, &system.system_id, g.from, g.to);
        covers("backup_runs") || covers("recovery_points")
    };
    let mut plans: Vec<PlanSheet> = Vec::new();
    let (from, to) = (world.period.start(), world.period.end());
    for (p, plan) in world.plans_in_force(system, from, to) {
        if plans.iter().any(|s| s.plan_id == plan.plan_id) {
            continue;
        }
        let mine: Vec<&Slot> = slots
            .iter()
            .copied()
            .filter(|s| world.inventory.plans[s.plan].plan_id == world.inventory.plans[p].plan_id)
            .collect();
        plans.push(PlanSheet {
            plan_id: plan.plan_id.clone(),
            schedule: format!("{} · {} ({})", plan.component, plan.schedule.text(), plan.timezone.name()),
            days: strip(world, &mine, days),
            continuous: plan.schedule == Schedule::Continuous,
        });
    }
    let count = |wanted: &dyn Fn(Outcome) -> bool| slots.iter().filter(|s| wanted(s.outcome)).count() as u64;
    // Results on the system itself and on its plans.
    let units = std::iter::once(system.system_id.as_str()).chain(plans.iter().map(|p| p.plan_id.as_str()));
    let mine: Vec<&CheckResult> = units.filter_map(|u| of_unit.get(u)).flatten().copied().collect();
    let ids = |wanted: &dyn Fn(&CheckResult) -> bool| -> Vec<String> {
        let mut some: Vec<&CheckResult> = mine.iter().copied().filter(|r| wanted(r)).collect();
        some.sort_by(|a, b| (std::cmp::Reverse(a.severity), &a.check).cmp(&(std::cmp::Reverse(b.severity), &b.check)));
        let mut out: Vec<String> = some.into_iter().map(|r| r.check.clone()).collect();
        out.dedup();
        out
    };
    let newest_test = world.tests_of(index).filter(|t| t.row.ended_at.is_some_and(|e| e < to)).last();
    SystemSheet {
        system_id: system.system_id.clone(),
        name: system.name.clone(),
        kind: system.kind.to_string(),
        tier: system.tier.clone().unwrap_or_else(|| "none".to_owned()),
        tier_name: system.tier.as_deref().map_or_else(
            || "No tier".to_owned(),
            |t| world.policy.tier(t).map_or_else(|| t.to_owned(), |t| t.name.clone()),
        ),
        criticality: system.criticality.to_string(),
        owner: system.owner.clone().unwrap_or_default(),
        platform: platform(None, system),
        plans,
        slots: [count(&Outcome::is_good), count(&|o| o.is_good() || o.is_bad()), count(&|o| o == Outcome::Unknown)],
        rpo_target_s: rpo,
        rpo_shown_s: seen.as_ref().and_then(|s| s.shown).map(|(s, _)| s),
        rpo_bound_s: seen.as_ref().and_then(|s| s.bound),
        gap_covered: gap.as_ref().is_some_and(covered),
        longest_gap: gap.map(|g| ((g.to - g.from).num_seconds(), g.from, g.to)),
        rto_target_s: objective.and_then(|o| o.rto_s),
        rto_observed_s: world
            .tests_of(index)
            .filter(|t| t.row.ended_at.is_some_and(|e| e < to))
            .filter_map(observed_rto)
            .last(),
        last_test_at: newest_test.and_then(|t| t.row.ended_at),
        newest_point_at: world
            .points_of(index)
            .filter(|p| p.is_good() && p.holds_data(system.kind))
            .filter_map(crate::points::Point::taken_at)
            .filter(|t| *t < world.until())
            .last(),
        state: Rollup::of(mine.iter().copied()).state.unwrap_or(State::NotApplicable),
        failing: ids(&|r| r.state == State::Fail && !r.waived),
        waived: ids(&|r| r.waived),
        no_evidence: ids(&|r| r.state == State::NoEvidence),
    }
}

/// Worst outcome first: what a reader must not miss.
fn badness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Failed => 7,
        Outcome::Missed => 6,
        Outcome::Overrun => 5,
        Outcome::Unknown => 4,
        Outcome::LateSuccess => 3,
        Outcome::Running => 2,
        Outcome::Success => 1,
        Outcome::Cancelled => 0,
    }
}

/// One cell a day.
fn strip(world: &World<'_>, slots: &[&Slot], days: usize) -> Vec<Option<DayCell>> {
    let (first, _) = world.period.days();
    // With each cell: whether every bad slot so far is waived.
    let mut cells: Vec<Option<(DayCell, bool)>> = vec![None; days];
    for slot in slots {
        let day = (day_of(slot.scheduled_for, world.period.zone()) - first).num_days();
        let Some(place) = usize::try_from(day).ok().and_then(|d| cells.get_mut(d)) else { continue };
        let fresh = (DayCell { outcome: slot.outcome, slots: 0, good: 0, waived: false }, true);
        let (cell, all_waived) = place.get_or_insert(fresh);
        cell.slots += 1;
        cell.good += u32::from(slot.outcome.is_good());
        if badness(slot.outcome) > badness(cell.outcome) {
            cell.outcome = slot.outcome;
        }
        if slot.outcome.is_bad() {
            *all_waived &= is_waived(world, slot);
            cell.waived = *all_waived;
        }
    }
    cells.into_iter().map(|c| c.map(|(cell, _)| cell)).collect()
}
