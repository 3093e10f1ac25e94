//! From failure to closure: what followed each failed, missed or overrun slot of a period.
//!
//! slot → alert → acknowledgement → incident → root cause → resolution → next good recovery point. MON-02, MON-03 and
//! MON-04 judge these chains, `show closure` and the reports print them. A link that should be there and is not breaks
//! the chain; one whose register was not given is unknown, and never missing.

mod index;
mod rows;

pub use rows::rows;

use std::collections::BTreeMap;

use chrono::Duration;
use model::assessment::Outcome;
use model::registers::{Alert, Incident, Recorded};
use model::time::Instant;

use crate::points::Point;
use crate::slots::Slot;
use crate::world::World;

use index::Index;

/// One link of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link<T> {
    /// On record.
    Found(T),
    /// Its time is over, and complete records lack it.
    Missing,
    /// Not on record, and still in time.
    Pending,
    /// The register or source that would tell was not given, or does not cover the time.
    Unknown,
}

impl<T: Copy> Link<T> {
    /// What was found.
    #[must_use]
    pub const fn found(&self) -> Option<T> {
        match self {
            Self::Found(found) => Some(*found),
            _ => None,
        }
    }

    /// The link without what was found.
    const fn state(&self) -> Link<()> {
        match self {
            Self::Found(_) => Link::Found(()),
            Self::Missing => Link::Missing,
            Self::Pending => Link::Pending,
            Self::Unknown => Link::Unknown,
        }
    }

    /// The link that hangs on this one: `next` where this one was found, else as this one.
    fn then<U>(&self, next: impl FnOnce(T) -> Link<U>) -> Link<U> {
        match self {
            Self::Found(found) => next(*found),
            Self::Missing => Link::Missing,
            Self::Pending => Link::Pending,
            Self::Unknown => Link::Unknown,
        }
    }
}

/// The record of an investigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case<'w> {
    /// The record that counts: the one that a duplicate was merged into.
    pub record: &'w Incident,
    /// When the first of them was opened.
    pub opened_at: Instant,
    /// When it was closed, up to `as_of`.
    pub closed_at: Option<Instant>,
    /// Until when it was to be closed (`incident_close_max`).
    pub close_due: Instant,
}

/// What followed one failed, missed or overrun slot.
#[derive(Debug, Clone)]
pub struct Chain<'w> {
    /// The slot.
    pub slot: &'w Slot,
    /// End of the last failing attempt, else the deadline.
    pub failed_at: Instant,
    /// Until when an alert was due (`alert_latency_max`).
    pub alert_due: Instant,
    /// Alert for the run or the plan.
    pub alert: Link<&'w Recorded<Alert>>,
    /// When somebody acknowledged it. The policy sets no time of its own for it: it is due with the incident.
    pub acknowledged: Link<Instant>,
    /// Until when an investigation was due (`investigation_open_max`).
    pub incident_due: Instant,
    /// Its record.
    pub incident: Link<Case<'w>>,
    /// Root cause in the record.
    pub root_cause: Link<&'w str>,
    /// Resolution in the record.
    pub resolution: Link<&'w str>,
    /// Until when a good recovery point was due (`max_backup_interval`).
    pub recovery_due: Instant,
    /// The next good recovery point of the system.
    pub recovered: Link<&'w Point>,
    /// Complete sources cover the time until it was due, so that none was there before.
    pub recovery_covered: bool,
}

impl Chain<'_> {
    /// Links in their order, with their names.
    #[must_use]
    pub fn links(&self) -> [(&'static str, Link<()>); 6] {
        [
            ("alert", self.alert.state()),
            ("acknowledgement", self.acknowledged.state()),
            ("incident", self.incident.state()),
            ("root_cause", self.root_cause.state()),
            ("resolution", self.resolution.state()),
            ("recovery", self.recovered.state()),
        ]
    }

    /// The first missing link; else `unknown:<link>` for the first that nobody can know of, else `pending:<link>` for
    /// the first that may still come. `None` for a closed chain.
    #[must_use]
    pub fn broken_link(&self) -> Option<String> {
        let links = self.links();
        let first = |state: Link<()>| links.iter().find(|(_, s)| *s == state).map(|(name, _)| *name);
        first(Link::Missing)
            .map(str::to_owned)
            .or_else(|| first(Link::Unknown).map(|name| format!("unknown:{name}")))
            .or_else(|| first(Link::Pending).map(|name| format!("pending:{name}")))
    }

    /// Seconds from the failure to the alert; 0 where it was raised before the failing attempt had ended.
    #[must_use]
    pub fn detect_s(&self) -> Option<i64> {
        self.alert.found().map(|a| self.seconds_to(a.raised_at))
    }

    /// Seconds from the failure to the first act of a person: an acknowledgement or the opening of a record.
    #[must_use]
    pub fn respond_s(&self) -> Option<i64> {
        let opened = self.incident.found().map(|case| case.opened_at);
        [self.acknowledged.found(), opened].into_iter().flatten().min().map(|at| self.seconds_to(at))
    }

    /// Seconds from the failure to the next good recovery point.
    #[must_use]
    pub fn recover_s(&self) -> Option<i64> {
        self.recovered_at().map(|at| self.seconds_to(at))
    }

    /// When the next good recovery point was taken.
    #[must_use]
    pub fn recovered_at(&self) -> Option<Instant> {
        self.recovered.found().and_then(Point::taken_at)
    }

    fn seconds_to(&self, at: Instant) -> i64 {
        (at - self.failed_at).num_seconds().max(0)
    }

    /// Row ids of all that the chain rests on.
    #[must_use]
    pub fn records(&self, world: &World<'_>) -> Vec<String> {
        let mut out = vec![format!("slot/{}", self.slot.id(world.inventory))];
        out.extend(self.slot.attempts.iter().map(|a| world.runs.row_id(world.runs.list[*a].row)));
        out.extend(self.alert.found().map(|a| format!("alert/{}", a.alert_id)));
        out.extend(self.incident.found().map(|case| format!("incident/{}", case.record.incident_id)));
        out.extend(self.recovered.found().map(|p| p.row_id(world.runs)));
        out
    }
}

/// The chain of every failed, missed or overrun slot, in the order of the slots.
#[must_use]
pub fn chains<'s, 'w>(world: &'s World<'w>) -> &'s [Chain<'w>] {
    world.shared.chains.get_or_init(|| follow(world))
}

fn follow<'w>(world: &World<'w>) -> Vec<Chain<'w>> {
    if !world.slots.iter().any(|s| s.outcome.is_bad()) {
        return Vec::new();
    }
    let index = Index::of(world);
    let bad = world.slots.iter().enumerate().filter(|(_, s)| s.outcome.is_bad());
    let mut out: Vec<Chain<'_>> = bad.map(|(at, slot)| chain(world, &index, at, slot)).collect();
    share_alerts(&mut out);
    out
}

/// When a slot had failed: at the end of its last failing attempt, else at its deadline.
fn failed_at(world: &World<'_>, slot: &Slot) -> Instant {
    let attempts = || slot.attempts.iter().filter_map(|a| world.runs.list.get(*a));
    let ended = match (slot.outcome, slot.reason) {
        (Outcome::Failed, None) => {
            let bad = attempts().filter(|r| r.status.is_final() && !r.is_good()).filter_map(|r| r.ended_at).max();
            // What a good run made may turn out to be damaged.
            bad.or_else(|| attempts().filter_map(|r| r.ended_at).max())
        }
        _ => None,
    };
    ended.unwrap_or(slot.deadline)
}

fn chain<'w>(world: &World<'w>, index: &Index<'w>, at: usize, slot: &'w Slot) -> Chain<'w> {
    let later = |from: Instant, parameter: &str| from + Duration::seconds(world.seconds(parameter));
    let failed_at = failed_at(world, slot);
    let alert_due = later(failed_at, "alert_latency_max");
    let incident_due = later(failed_at, "investigation_open_max");
    // The next run may begin as late as its start window allows.
    let window = world.inventory.plans[slot.plan].start_window_s.unwrap_or(world.defaults.start_window_s);
    let recovery_due = later(failed_at.max(slot.scheduled_for + Duration::seconds(window)), "max_backup_interval");
    let (recovered, recovery_covered) = recovery(world, slot, recovery_due);
    let recovered_at = recovered.found().and_then(Point::taken_at);

    // What names only the plan speaks of this slot until the next one is due, or the alert is.
    let next = world.slots.get(at + 1).filter(|n| same_plan(world, n, slot)).map(|n| n.scheduled_for);
    let bound = next.map_or(world.as_of, |n| n.max(alert_due));
    let began = slot.attempts.iter().filter_map(|a| world.runs.list.get(*a)?.started_at).min();
    let from = began.map_or(slot.scheduled_for, |b| b.min(slot.scheduled_for));
    let alert = match index.alert(world, at, (from, bound)) {
        Some(alert) => Link::Found(alert),
        None => absent(world, alert_due, world.registers.alerts.is_some()),
    };
    let incident = match index.incident(world, at, (failed_at, incident_due), recovered_at) {
        Some(named) => {
            let record = index.record(named);
            let opened_at = named.opened_at.min(record.opened_at);
            Link::Found(Case {
                record,
                opened_at,
                closed_at: record.closed_at.filter(|c| *c <= world.as_of),
                close_due: later(opened_at, "incident_close_max"),
            })
        }
        None => absent(world, incident_due, world.incidents.is_some()),
    };
    let told = |text: fn(&Incident) -> Option<&str>| {
        incident.then(|case| match text(case.record).map(str::trim).filter(|t| !t.is_empty()) {
            Some(text) => Link::Found(text),
            None if case.closed_at.is_none() && case.close_due > world.as_of => Link::Pending,
            None => Link::Missing,
        })
    };
    Chain {
        slot,
        failed_at,
        alert_due,
        alert,
        acknowledged: acknowledged(world, alert, incident_due),
        incident_due,
        incident,
        root_cause: told(|i| i.root_cause.as_deref()),
        resolution: told(|i| i.resolution.as_deref()),
        recovery_due,
        recovered,
        recovery_covered,
    }
}

/// A link that is not on record: unknown without its register, else missing once it is due.
fn absent<T>(world: &World<'_>, due: Instant, given: bool) -> Link<T> {
    match given {
        false => Link::Unknown,
        true if due > world.as_of => Link::Pending,
        true => Link::Missing,
    }
}

fn acknowledged(world: &World<'_>, alert: Link<&Recorded<Alert>>, due: Instant) -> Link<Instant> {
    alert.then(|a| match a.acknowledged_at.filter(|at| *at <= world.as_of) {
        Some(at) => Link::Found(at),
        None if due > world.as_of => Link::Pending,
        None => Link::Missing,
    })
}

fn same_plan(world: &World<'_>, a: &Slot, b: &Slot) -> bool {
    world.inventory.plans[a.plan].plan_id == world.inventory.plans[b.plan].plan_id
}

/// The next good recovery point of the system, whatever made it (backups by hand count), and whether complete sources
/// show that there was none until it was due.
fn recovery<'w>(world: &World<'w>, slot: &Slot, due: Instant) -> (Link<&'w Point>, bool) {
    let system = &world.inventory.systems[slot.system];
    // Points are sorted by system and time.
    let after =
        world.points.partition_point(|p| (p.system, p.taken_at()) <= (Some(slot.system), Some(slot.scheduled_for)));
    let next = world.points[after..]
        .iter()
        .take_while(|p| p.system == Some(slot.system) && p.taken_at().is_some_and(|t| t <= world.as_of))
        .find(|p| p.is_good() && p.holds_data(system.kind) && !p.row.zone_unknown);
    let covers = |table| world.coverage.covers(table, &system.system_id, slot.scheduled_for, due);
    let covered = due <= world.as_of && (covers("backup_runs") || covers("recovery_points"));
    let link = match next {
        Some(point) => Link::Found(point),
        None if due > world.as_of => Link::Pending,
        None if covered => Link::Missing,
        None => Link::Unknown,
    };
    (link, covered)
}

/// One alert may stand for several slots of one cause, if it was raised in time for the first. What one record of the
/// incident register holds for one system is one cause.
fn share_alerts(chains: &mut [Chain<'_>]) {
    let mut first: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    for (i, chain) in chains.iter().enumerate() {
        let Some(case) = chain.incident.found() else { continue };
        let key = (case.record.incident_id.as_str(), chain.slot.system);
        let known = first.entry(key).or_insert(i);
        if chain.failed_at < chains[*known].failed_at {
            *known = i;
        }
    }
    let shared: Vec<(usize, usize)> = chains
        .iter()
        .enumerate()
        .filter(|(_, chain)| !in_time(chain))
        .filter_map(|(i, chain)| {
            let case = chain.incident.found()?;
            let from = *first.get(&(case.record.incident_id.as_str(), chain.slot.system))?;
            (from != i && in_time(&chains[from])).then_some((i, from))
        })
        .collect();
    for (i, from) in shared {
        chains[i].alert = chains[from].alert;
        chains[i].acknowledged = chains[from].acknowledged;
    }
}

fn in_time(chain: &Chain<'_>) -> bool {
    chain.alert.found().is_some_and(|a| a.raised_at <= chain.alert_due)
}

/// A failed attempt of a slot that succeeded all the same.
#[derive(Debug, Clone)]
pub struct Saved<'w> {
    /// Index into `Runs::list`.
    pub run: usize,
    /// The slot.
    pub slot: &'w Slot,
    /// When it failed.
    pub failed_at: Instant,
    /// Until when an alert was due.
    pub alert_due: Instant,
    /// Alert for the run or the plan.
    pub alert: Link<&'w Recorded<Alert>>,
}

/// Failed attempts that a later one of the same slot made good. They need an alert only where `alert_on_attempt` is true.
#[must_use]
pub fn saved_attempts<'w>(world: &World<'w>) -> Vec<Saved<'w>> {
    let index = Index::of(world);
    let latency = Duration::seconds(world.seconds("alert_latency_max"));
    let mut out = Vec::new();
    for (at, slot) in world.slots.iter().enumerate().filter(|(_, s)| s.outcome.is_good()) {
        for &run in &slot.attempts {
            let Some(row) = world.runs.list.get(run).filter(|r| r.status.is_final() && !r.is_good()) else { continue };
            let failed_at = row.ended_at.or(row.started_at).unwrap_or(slot.scheduled_for);
            let alert_due = failed_at + latency;
            let from = row.started_at.unwrap_or(slot.scheduled_for);
            let alert = match index.alert(world, at, (from, alert_due)) {
                Some(alert) => Link::Found(alert),
                None => absent(world, alert_due, world.registers.alerts.is_some()),
            };
            out.push(Saved { run, slot, failed_at, alert_due, alert });
        }
    }
    out
}

#[cfg(test)]
mod tests;
