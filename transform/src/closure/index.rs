//! Alerts and incidents by what they name: a run, a plan or a system.

use std::collections::{BTreeMap, BTreeSet};

use model::registers::{Alert, AlertKind, Incident, Recorded};
use model::time::Instant;

use crate::slots::Slot;
use crate::world::World;

/// What can be looked up for a slot.
pub(super) struct Index<'w> {
    /// Alerts that name a run of a slot.
    alerts_of_slot: BTreeMap<usize, Vec<&'w Recorded<Alert>>>,
    /// Alerts that name a plan, and no run of another slot.
    alerts_of_plan: BTreeMap<&'w str, Vec<&'w Recorded<Alert>>>,
    /// Alerts that name a system only.
    alerts_of_system: BTreeMap<&'w str, Vec<&'w Recorded<Alert>>>,
    /// Incidents that list a run of a slot, or the slot itself.
    incidents_of_slot: BTreeMap<usize, Vec<&'w Incident>>,
    /// Incidents by each id that they list, of plans among others.
    incidents_of_plan: BTreeMap<&'w str, Vec<&'w Incident>>,
    /// Backup-related incidents by system, `*` for all.
    incidents_of_system: BTreeMap<&'w str, Vec<&'w Incident>>,
    /// All incidents by id.
    records: BTreeMap<&'w str, &'w Incident>,
    /// Systems with one plan: what names the system then names the plan.
    single: BTreeSet<&'w str>,
}

impl<'w> Index<'w> {
    pub(super) fn of(world: &World<'w>) -> Self {
        let (registers, inventory) = (world.registers, world.inventory);
        let alerts: Vec<&Recorded<Alert>> = registers
            .alerts
            .iter()
            .flatten()
            .filter(|a| !matches!(a.kind, AlertKind::Test | AlertKind::Lag))
            .filter(|a| a.suppressed != Some(true) && a.raised_at <= world.as_of)
            .collect();
        let incidents: Vec<&Incident> =
            world.incidents.unwrap_or_default().iter().filter(|i| i.opened_at <= world.as_of).collect();
        let named: BTreeSet<&str> = alerts
            .iter()
            .filter_map(|a| a.run_id.as_deref())
            .chain(incidents.iter().flat_map(|i| i.run_ids.iter().map(String::as_str)))
            .collect();
        let slots = slots_of(world, &named);
        let mut plans: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for plan in &inventory.plans {
            plans.entry(&plan.system_id).or_default().insert(&plan.plan_id);
        }
        let mut index = Self {
            alerts_of_slot: BTreeMap::new(),
            alerts_of_plan: BTreeMap::new(),
            alerts_of_system: BTreeMap::new(),
            incidents_of_slot: BTreeMap::new(),
            incidents_of_plan: BTreeMap::new(),
            incidents_of_system: BTreeMap::new(),
            records: incidents.iter().map(|i| (i.incident_id.as_str(), *i)).collect(),
            single: plans.iter().filter(|(_, ids)| ids.len() == 1).map(|(system, _)| *system).collect(),
        };
        for alert in alerts {
            let slot = alert.run_id.as_deref().and_then(|id| slots.get(id));
            match (slot, alert.plan_id.as_deref(), alert.system_id.as_deref()) {
                (Some(slot), ..) => index.alerts_of_slot.entry(*slot).or_default().push(alert),
                (None, Some(plan), _) => index.alerts_of_plan.entry(plan).or_default().push(alert),
                (None, None, Some(system)) => index.alerts_of_system.entry(system).or_default().push(alert),
                (None, None, None) => {}
            }
        }
        for incident in incidents {
            for id in &incident.run_ids {
                match slots.get(id.as_str()) {
                    Some(slot) => index.incidents_of_slot.entry(*slot).or_default().push(incident),
                    None => index.incidents_of_plan.entry(id).or_default().push(incident),
                }
            }
            for system in incident.system_ids.iter().filter(|_| incident.backup_related) {
                index.incidents_of_system.entry(system).or_default().push(incident);
            }
        }
        index
    }

    /// The first alert that names the slot's run, or its plan from `from` up to `bound`.
    pub(super) fn alert(
        &self,
        world: &World<'w>,
        at: usize,
        (from, bound): (Instant, Instant),
    ) -> Option<&'w Recorded<Alert>> {
        let slot = &world.slots[at];
        let plan = world.inventory.plans[slot.plan].plan_id.as_str();
        let system = world.inventory.systems[slot.system].system_id.as_str();
        let of_system = self.alerts_of_system.get(system).filter(|_| self.single.contains(system));
        let within = |a: &&&Recorded<Alert>| a.raised_at >= from && a.raised_at <= bound;
        let of_run = self.alerts_of_slot.get(&at).into_iter().flatten();
        let of_plan = self.alerts_of_plan.get(plan).into_iter().chain(of_system).flatten().filter(within);
        of_run.chain(of_plan).min_by_key(|a| (a.raised_at, &a.alert_id)).copied()
    }

    /// The incident that lists the slot, its run or its plan, else the one of its system in whose time the failure
    /// falls; else one of its system that was opened late, but before `recovered`.
    pub(super) fn incident(
        &self,
        world: &World<'w>,
        at: usize,
        (failed, due): (Instant, Instant),
        recovered: Option<Instant>,
    ) -> Option<&'w Incident> {
        let slot = &world.slots[at];
        let plan = world.inventory.plans[slot.plan].plan_id.as_str();
        let system = world.inventory.systems[slot.system].system_id.as_str();
        let id = slot.id(world.inventory);
        let first =
            |all: &mut dyn Iterator<Item = &&'w Incident>| all.min_by_key(|i| (i.opened_at, &i.incident_id)).copied();
        let listed = self.incidents_of_slot.get(&at).into_iter().chain(self.incidents_of_plan.get(id.as_str()));
        if let Some(listed) = first(&mut listed.flatten()) {
            return Some(listed);
        }
        let around: Vec<&&Incident> = self
            .incidents_of_plan
            .get(plan)
            .into_iter()
            .chain(self.incidents_of_system.get(system))
            .chain(self.incidents_of_system.get("*"))
            .flatten()
            .filter(|i| i.closed_at.is_none_or(|c| c >= failed))
            .collect();
        let opened = |i: &&&&Incident, from: Instant, to: Instant| i.opened_at >= from && i.opened_at <= to;
        let from = slot.scheduled_for;
        first(&mut around.iter().filter(|i| opened(i, from, due)).copied())
            .or_else(|| around.iter().filter(|i| i.opened_at < from).max_by_key(|i| i.opened_at).map(|i| **i))
            .or_else(|| {
                let last = recovered.unwrap_or(world.as_of);
                first(&mut around.iter().filter(|i| opened(i, due, last)).copied())
            })
    }

    /// The record that counts: the one that a duplicate was merged into.
    pub(super) fn record(&self, incident: &'w Incident) -> &'w Incident {
        let mut record = incident;
        // A chain longer than the register is a circle.
        for _ in 0..self.records.len() {
            match record.duplicate_of.as_deref().and_then(|id| self.records.get(id)) {
                Some(into) => record = into,
                None => break,
            }
        }
        record
    }
}

/// The slot of each named run. Only these are looked up: logs hold millions of runs.
fn slots_of<'w>(world: &World<'w>, named: &BTreeSet<&'w str>) -> BTreeMap<&'w str, usize> {
    let mut out = BTreeMap::new();
    if named.is_empty() {
        return out;
    }
    for (at, slot) in world.slots.iter().enumerate() {
        for id in run_ids(world, slot) {
            if let Some(id) = named.get(id) {
                out.insert(*id, at);
            }
        }
    }
    out
}

/// Ids of the attempts of a slot, as each source names them.
fn run_ids<'a>(world: &'a World<'_>, slot: &'a Slot) -> impl Iterator<Item = &'a str> {
    slot.attempts
        .iter()
        .filter_map(|a| world.runs.list.get(*a))
        .flat_map(|run| std::iter::once(run.row).chain(run.also.iter().copied()).map(|row| world.runs.run_id(row)))
}
