//! Plans to expected runs, and what became of each (`[conventions] slot`, `slot_outcome`, `retries`).

use std::collections::BTreeMap;

use chrono::Duration;
use model::assessment::Outcome;
use model::inventory::{Inventory, Plan, Schedule};
use model::rows::{Component, RunStatus, Trigger};
use model::time::{Instant, Period};

use crate::Error;
use crate::coverage::{Coverage, Interval, holes};
use crate::points::Point;
use crate::runs::{Run, Runs};

/// One expected run of one plan.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Index into `inventory.plans`.
    pub plan: usize,
    /// Index into `inventory.systems`.
    pub system: usize,
    /// When it was due.
    pub scheduled_for: Instant,
    /// Until when it had to succeed.
    pub deadline: Instant,
    /// What became of it.
    pub outcome: Outcome,
    /// Attempts: indices into `Runs::list`, ascending in time.
    pub attempts: Vec<usize>,
    /// Why, where the outcome alone does not tell.
    pub reason: Option<&'static str>,
}

impl Slot {
    /// `<plan>@<instant>`.
    #[must_use]
    pub fn id(&self, inventory: &Inventory) -> String {
        format!("{}@{}", inventory.plans[self.plan].plan_id, model::time::utc_text(self.scheduled_for))
    }
}

/// Defaults for plans that state no window of their own.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// Parameter `schedule_tolerance`, seconds.
    pub start_window_s: i64,
    /// Parameter `default_max_duration`, seconds.
    pub max_duration_s: i64,
    /// Parameter `clock_skew_tolerance`, seconds.
    pub skew_s: i64,
}

/// Gives every run the plan it belongs to, and merges what two sources saw of the same run.
///
/// A run belongs to the plan it names by an id of the inventory; else to the plan of its system with its component; else, where
/// the system has one scheduled plan for its data, to that one. Among several plans that fit, the
/// one that was due last before the run.
///
/// # Errors
/// None today; the signature leaves room for dangling plan ids.
pub fn assign(runs: &mut Runs, inventory: &Inventory, defaults: Defaults) -> Result<(), Error> {
    let mut plans_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, plan) in inventory.plans.iter().enumerate() {
        plans_of.entry(&plan.system_id).or_default().push(i);
    }
    let mut chosen: Vec<(usize, usize)> = Vec::new();
    for (system, members) in &runs.by_system {
        let Some(plans) = plans_of.get(inventory.systems[*system].system_id.as_str()) else { continue };
        let mut due: BTreeMap<usize, Vec<Instant>> = BTreeMap::new();
        for &at in members {
            let run = &runs.list[at];
            let named = runs.named_plan(run.row);
            let Some(placed) = run.placed_at() else { continue };
            let in_force = |p: &&usize| {
                let plan = &inventory.plans[**p];
                plan.effective_from <= placed && plan.effective_to.is_none_or(|to| placed < to)
            };
            // Platforms name plans by ids of their own: only an id of the inventory decides.
            let known = named.filter(|id| plans.iter().any(|p| inventory.plans[*p].plan_id == *id));
            let plan = match known {
                Some(id) => plans.iter().filter(|p| inventory.plans[**p].plan_id == *id).find(in_force).copied(),
                None => {
                    let current: Vec<usize> = plans.iter().filter(in_force).copied().collect();
                    let fits = fitting(&current, run.component, inventory);
                    match fits[..] {
                        [] => None,
                        [one] => Some(one),
                        _ => nearest(&fits, placed, inventory, &mut due, members, runs),
                    }
                }
            };
            if let Some(plan) = plan {
                chosen.push((at, plan));
            }
        }
    }
    for (at, plan) in chosen {
        runs.list[at].plan = Some(plan);
    }
    merge(runs, defaults);
    Ok(())
}

/// Plans that a run of this component may belong to.
fn fitting(plans: &[usize], component: Option<Component>, inventory: &Inventory) -> Vec<usize> {
    let of = |wanted: &dyn Fn(&Plan) -> bool| {
        plans.iter().copied().filter(|p| wanted(&inventory.plans[*p])).collect::<Vec<_>>()
    };
    if let Some(component) = component {
        let same = of(&|p| p.component == component);
        if !same.is_empty() {
            return same;
        }
    }
    let data =
        |c: Component| matches!(c, Component::Snapshot | Component::Full | Component::Incremental | Component::Logical);
    let scheduled = of(&|p| data(p.component) && p.schedule != Schedule::Continuous);
    match component {
        None => scheduled,
        Some(component) if data(component) => {
            if scheduled.len() <= 1 || component == Component::Incremental {
                // An incremental run proves no full one where both are planned.
                if scheduled.len() <= 1 { scheduled } else { Vec::new() }
            } else {
                // A whole copy holds all that an increment would.
                of(&|p| p.component == Component::Incremental && p.schedule != Schedule::Continuous)
            }
        }
        Some(_) => Vec::new(),
    }
}

/// The plan that was due last at or before `placed`.
fn nearest(
    fits: &[usize],
    placed: Instant,
    inventory: &Inventory,
    due: &mut BTreeMap<usize, Vec<Instant>>,
    members: &[usize],
    runs: &Runs,
) -> Option<usize> {
    let mut best: Option<(Instant, usize)> = None;
    for &p in fits {
        let all = due.entry(p).or_insert_with(|| {
            let times: Vec<Instant> = members.iter().filter_map(|m| runs.list[*m].placed_at()).collect();
            let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else { return Vec::new() };
            let plan = &inventory.plans[p];
            plan.schedule.due(plan.timezone, *first - Duration::days(40), *last + Duration::seconds(1))
        });
        let before = all.partition_point(|d| *d <= placed);
        if let Some(d) = before.checked_sub(1).and_then(|i| all.get(i))
            && best.is_none_or(|(b, _)| *d > b)
        {
            best = Some((*d, p));
        }
    }
    best.map(|(_, p)| p)
}

/// `[conventions] duplicates`: the same run seen by two sources becomes one; the worse final state wins.
///
/// What is stored tells no start and of no failure: a run that was inferred from it is the one during which it was stored,
/// and contradicts none.
fn merge(runs: &mut Runs, defaults: Defaults) {
    let skew = Duration::seconds(defaults.skew_s);
    let mut drop: Vec<usize> = Vec::new();
    for members in runs.by_system.values() {
        let sources: std::collections::BTreeSet<_> = members.iter().map(|m| runs.source(runs.list[*m].row)).collect();
        if sources.len() < 2 {
            continue;
        }
        let mut kept: Vec<usize> = Vec::new();
        for &at in members {
            let same = kept.iter().rev().copied().find(|k| {
                let (a, b) = (&runs.list[*k], &runs.list[at]);
                if runs.source(a.row) == runs.source(b.row) {
                    return false;
                }
                match (runs.recovery_point_id(a.row), runs.recovery_point_id(b.row)) {
                    (Some(x), Some(y)) => x == y,
                    _ => {
                        let near = match (a.inferred, b.inferred) {
                            (false, true) => is_during(b, a, skew),
                            (true, false) => is_during(a, b, skew),
                            _ => matches!((a.started_at, b.started_at), (Some(x), Some(y)) if (x - y).abs() <= skew),
                        };
                        a.plan.is_some()
                            && a.plan == b.plan
                            && near
                            && (a.scheduled_for == b.scheduled_for
                                || a.scheduled_for.is_none()
                                || b.scheduled_for.is_none())
                    }
                }
            });
            let Some(first) = same else {
                kept.push(at);
                continue;
            };
            let other = runs.list[at].clone();
            let run = &mut runs.list[first];
            run.also.push(other.row);
            if run.inferred == other.inferred {
                let both_final = run.status.is_final() && other.status.is_final();
                run.contradicted |= both_final && run.status != other.status;
                let take_other = match (run.status.is_final(), other.status.is_final()) {
                    (true, true) => other.status.badness() > run.status.badness(),
                    (false, true) => true,
                    _ => false,
                };
                if take_other {
                    run.status = other.status;
                }
            } else if run.inferred {
                (run.status, run.inferred) = (other.status, false);
                run.started_at = other.started_at;
                run.ended_at = other.ended_at;
            }
            run.scheduled_for = run.scheduled_for.or(other.scheduled_for);
            run.ended_at = run.ended_at.or(other.ended_at);
            run.taken_at = run.taken_at.or(other.taken_at);
            run.bytes = run.bytes.or(other.bytes);
            run.trigger = run.trigger.or(other.trigger);
            drop.push(at);
        }
    }
    for at in drop {
        if let Some(system) = runs.list[at].system
            && let Some(members) = runs.by_system.get_mut(&system)
        {
            members.retain(|m| *m != at);
        }
    }
}

/// True where what `stored` was inferred from was stored while `run` ran.
fn is_during(stored: &Run, run: &Run, skew: Duration) -> bool {
    stored.ended_at.zip(run.started_at).is_some_and(|(at, from)| {
        at >= from - skew && run.ended_at.map_or(!run.status.is_final(), |to| at <= to + skew)
    })
}

/// Slots due in the period up to `as_of`, sorted by plan and time.
///
/// Only enabled, scheduled plans of systems in scope have slots.
#[must_use]
pub fn slots(
    period: &Period,
    as_of: Instant,
    inventory: &Inventory,
    runs: &Runs,
    points: &[Point],
    coverage: &Coverage,
    defaults: Defaults,
) -> Vec<Slot> {
    // Versions of a plan share its runs: the first version stands for all.
    let family: Vec<usize> = (0..inventory.plans.len()).map(|p| first_version(inventory, p)).collect();
    let mut by_plan: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, run) in runs.by_system.values().flatten().map(|m| (*m, &runs.list[*m])) {
        if let Some(plan) = run.plan
            && run.trigger != Some(Trigger::Manual)
            && !run.copy
            && run.placed_at().is_some()
        {
            by_plan.entry(family[plan]).or_default().push(at);
        }
    }
    for members in by_plan.values_mut() {
        members.sort_by_key(|m| (runs.list[*m].placed_at(), *m));
    }
    let damaged: std::collections::BTreeSet<usize> =
        points.iter().filter(|p| p.is_damaged() && !p.copy).filter_map(|p| p.run).collect();
    let systems: BTreeMap<&str, usize> =
        inventory.systems.iter().enumerate().map(|(i, s)| (s.system_id.as_str(), i)).collect();
    let mut unrolled: BTreeMap<(String, &'static str, Instant, Instant), Vec<Instant>> = BTreeMap::new();
    let mut out = Vec::new();
    for (p, plan) in inventory.plans.iter().enumerate() {
        let Some(&system) = systems.get(plan.system_id.as_str()) else { continue };
        let row = &inventory.systems[system];
        if !plan.enabled || !row.in_scope || plan.schedule == Schedule::Continuous {
            continue;
        }
        let successor = successor(inventory, plan);
        let disabled_at = plan.effective_to.filter(|to| successor.is_none_or(|s| s.effective_from > *to));
        let ends = [disabled_at, row.retired_at].into_iter().flatten().min();
        let from = period.start().max(plan.effective_from).max(row.onboarded_at);
        let last = [plan.effective_to, row.retired_at].into_iter().flatten().fold(period.end(), Instant::min);
        let to = last.min(as_of + Duration::seconds(1));
        if from >= to {
            continue;
        }
        // Many plans share a schedule: unroll each once.
        let key = (plan.schedule.text(), plan.timezone.name(), from, to);
        let anchored = matches!(plan.schedule, Schedule::Interval { .. });
        let mut due: Vec<Instant> = if anchored {
            with_next(plan, from, to)
        } else {
            unrolled.entry(key).or_insert_with(|| with_next(plan, from, to)).clone()
        };
        // The slot after the last one may be the next version's.
        if let (Some(next), Some(first)) = (successor, due.last_mut())
            && let Some(its) = with_next(next, next.effective_from, next.effective_from).first()
        {
            *first = (*first).min(*its);
        }
        let members = by_plan.get(&family[p]).map_or(&[][..], Vec::as_slice);
        let covered = coverage.intervals("backup_runs", &row.system_id);
        let unplaced = runs.of_system(system).any(|r| r.placed_at().is_none());
        let window = plan.start_window_s.unwrap_or(defaults.start_window_s);
        let longest = plan.max_duration_s.unwrap_or(defaults.max_duration_s);
        let mut next_member = members.partition_point(|m| runs.list[*m].placed_at() < due.first().copied());
        for pair in due.windows(2) {
            let (at, next) = (pair[0], pair[1]);
            let deadline = (at + Duration::seconds(window + longest)).min(next);
            let mut attempts = Vec::new();
            while let Some(&m) = members.get(next_member)
                && runs.list[m].placed_at().is_some_and(|t| t < next)
            {
                attempts.push(m);
                next_member += 1;
            }
            let must_start_by = (at + Duration::seconds(window)).min(deadline);
            let cancelled = ends.is_some_and(|e| e < deadline);
            let facts = Facts { at, deadline, next, must_start_by, as_of, covered: &covered, unplaced, cancelled };
            let (outcome, reason) = outcome(&facts, &attempts, runs, &damaged);
            out.push(Slot { plan: p, system, scheduled_for: at, deadline, outcome, attempts, reason });
        }
    }
    // Plans are sorted by id and version, versions follow one another in time: this only repairs
    // an inventory whose versions overlap.
    if !out.is_sorted_by_key(|s: &Slot| (family[s.plan], s.scheduled_for)) {
        out.sort_by_key(|s| (family[s.plan], s.scheduled_for));
    }
    out
}

/// Index of the first version of a plan; versions stand side by side.
fn first_version(inventory: &Inventory, plan: usize) -> usize {
    let id = &inventory.plans[plan].plan_id;
    (0..plan).rev().take_while(|p| inventory.plans[*p].plan_id == *id).last().unwrap_or(plan)
}

/// The enabled, scheduled version that follows this one.
fn successor<'i>(inventory: &'i Inventory, plan: &Plan) -> Option<&'i Plan> {
    inventory
        .plan(&plan.plan_id)
        .filter(|p| p.enabled && p.schedule != Schedule::Continuous && p.effective_from > plan.effective_from)
        .min_by_key(|p| p.effective_from)
}

/// Due instants in `[from, to)` and the first one after.
fn with_next(plan: &Plan, from: Instant, to: Instant) -> Vec<Instant> {
    let mut due = plan.schedule.due(plan.timezone, from, to);
    for days in [2, 40, 400, 1500] {
        if let Some(next) = plan.schedule.due(plan.timezone, to, to + Duration::days(days)).first() {
            due.push(*next);
            return due;
        }
    }
    // A schedule that is never due again: the deadline alone bounds the last slot.
    due.push(to + Duration::days(1500));
    due
}

struct Facts<'a> {
    at: Instant,
    deadline: Instant,
    next: Instant,
    must_start_by: Instant,
    as_of: Instant,
    covered: &'a [Interval],
    unplaced: bool,
    cancelled: bool,
}

fn outcome(
    f: &Facts<'_>,
    attempts: &[usize],
    runs: &Runs,
    damaged: &std::collections::BTreeSet<usize>,
) -> (Outcome, Option<&'static str>) {
    let good_end = |at: &usize| {
        let run: &Run = &runs.list[*at];
        (run.is_good() && !damaged.contains(at)).then(|| run.ended_at.or(run.started_at).unwrap_or(f.at))
    };
    let first_good = attempts.iter().filter_map(good_end).min();
    match first_good {
        Some(end) if end <= f.deadline => return (Outcome::Success, None),
        Some(end) if end < f.next => return (Outcome::LateSuccess, None),
        _ => {}
    }
    let known_to_run = attempts.iter().any(|a| matches!(runs.list[*a].status, RunStatus::Running | RunStatus::Pending));
    if known_to_run && f.as_of < f.deadline && !f.cancelled {
        return (Outcome::Running, None);
    }
    let ended_badly =
        attempts.iter().any(|a| runs.list[*a].status.is_final() && !runs.list[*a].is_good() || damaged.contains(a));
    if ended_badly {
        return (Outcome::Failed, None);
    }
    if first_good.is_some() {
        return (Outcome::Failed, Some("finished_after_next_slot"));
    }
    if f.cancelled {
        return (Outcome::Cancelled, None);
    }
    if f.as_of < f.deadline {
        return (Outcome::Running, None);
    }
    let covered = holes(f.covered, f.at, f.must_start_by.max(f.at + Duration::seconds(1))).is_empty();
    match (attempts.is_empty(), covered) {
        (true, true) if f.unplaced => (Outcome::Unknown, Some("zone_unknown")),
        (true, true) => (Outcome::Missed, None),
        (false, true) if known_to_run => (Outcome::Overrun, None),
        (false, true) => (Outcome::Unknown, Some("state_unknown")),
        (_, false) => (Outcome::Unknown, Some("not_covered")),
    }
}

#[cfg(test)]
mod tests;
