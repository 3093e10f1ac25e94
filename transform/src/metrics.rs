//! The four metrics of policy section 6.2, with everything needed to doubt them.
//!
//! Definitions and worked numbers: `[[metric]]` in `controls/checks.toml`. Slots are counted, not attempts;
//! waivers never improve a figure; an empty denominator is undefined and never 100 %.

use std::collections::{BTreeMap, BTreeSet};

use model::assessment::{Breakdown, Metric, Outcome, Part, ratio};
use model::inventory::{Plan, System};
use model::registers::{Incident, IncidentKind};
use model::rows::{Integrity, TestKind, TestResult};
use polars::prelude::*;

use crate::Error;
use crate::slots::Slot;
use crate::waivers::Waiver;
use crate::world::{Test, World};

/// All metrics of the period, sorted by id.
///
/// # Errors
/// Those of polars, which would be a defect of ours.
pub fn metrics(world: &World<'_>) -> Result<Vec<Metric>, Error> {
    Ok(vec![exceptions(world), incidents(world), success_rate(world)?, restore_rate(world)?])
}

/// One metric of the period; `None` for an id that is none.
///
/// # Errors
/// Those of polars, which would be a defect of ours.
pub fn metric(world: &World<'_>, id: &str) -> Result<Option<Metric>, Error> {
    Ok(match id {
        "backup_success_rate" => Some(success_rate(world)?),
        "restore_test_success_rate" => Some(restore_rate(world)?),
        "backup_related_incidents" => Some(incidents(world)),
        "backup_policy_exceptions" => Some(exceptions(world)),
        _ => None,
    })
}

/// Where the recovery points of a plan are made: the plan's platform, else the tool of the system's first resource.
#[must_use]
pub fn platform(plan: Option<&Plan>, system: &System) -> String {
    plan.and_then(|p| p.platform_id.clone())
        .or_else(|| system.resources.first().and_then(|r| r.split_once(':')).map(|(kind, _)| kind.to_owned()))
        .or_else(|| system.platform_id.clone())
        .unwrap_or_else(|| "none".to_owned())
}

/// Platform of a restore test, by its system.
#[must_use]
pub fn platform_of_test(system: Option<&System>) -> String {
    system.map_or_else(|| "none".to_owned(), |s| platform(None, s))
}

/// Counted units as a frame, to be summed by any of its keys.
#[derive(Default)]
struct Counted {
    tier: Vec<String>,
    system: Vec<String>,
    platform: Vec<String>,
    good: Vec<u64>,
    counted: Vec<u64>,
    unknown: Vec<u64>,
}

impl Counted {
    /// Adds units of one system and platform: good, counted and unknown ones.
    fn push(&mut self, system: Option<&System>, platform: String, [good, counted, unknown]: [u64; 3]) {
        self.tier.push(system.and_then(|s| s.tier.clone()).unwrap_or_else(|| "none".to_owned()));
        self.system.push(system.map_or_else(|| "none".to_owned(), |s| s.system_id.clone()));
        self.platform.push(platform);
        self.good.push(good);
        self.counted.push(counted);
        self.unknown.push(unknown);
    }

    /// Sums by tier, system and platform.
    fn breakdown(self) -> Result<Breakdown, Error> {
        let frame = df!(
            "tier" => self.tier, "system" => self.system, "platform" => self.platform,
            "good" => self.good, "counted" => self.counted, "unknown" => self.unknown,
        )?;
        let by = |key: &str| -> Result<Vec<Part>, Error> {
            let sums = frame
                .clone()
                .lazy()
                .group_by([col(key)])
                .agg([col("good").sum(), col("counted").sum(), col("unknown").sum()])
                .sort([key], SortMultipleOptions::default())
                .collect()?;
            let (keys, good) = (sums.column(key)?.str()?, sums.column("good")?.u64()?);
            let (counted, unknown) = (sums.column("counted")?.u64()?, sums.column("unknown")?.u64()?);
            Ok((0..sums.height())
                .map(|i| Part {
                    key: keys.get(i).unwrap_or("").to_owned(),
                    numerator: good.get(i).unwrap_or(0),
                    denominator: counted.get(i).unwrap_or(0),
                    unknown: unknown.get(i).unwrap_or(0),
                })
                .collect())
        };
        Ok(Breakdown { tier: by("tier")?, system: by("system")?, platform: by("platform")? })
    }
}

fn rate(
    id: &str,
    numerator: u64,
    denominator: u64,
    unknown: u64,
    waived: u64,
    undefined: Option<String>,
    by: Breakdown,
) -> Metric {
    Metric {
        id: id.to_owned(),
        numerator,
        denominator,
        unknown,
        value: ratio(numerator, denominator),
        lowest: ratio(numerator, denominator + unknown),
        highest: ratio(numerator + unknown, denominator + unknown),
        waived,
        undefined,
        by,
    }
}

fn success_rate(world: &World<'_>) -> Result<Metric, Error> {
    // Slots of one plan share every key: sum them first, so that the frame has a row a plan.
    let mut by_plan: BTreeMap<usize, (usize, [u64; 3])> = BTreeMap::new();
    let mut waived = 0;
    for slot in world.slots {
        let (_, sums) = by_plan.entry(slot.plan).or_insert((slot.system, [0; 3]));
        sums[0] += u64::from(slot.outcome.is_good());
        sums[1] += u64::from(slot.outcome.is_good() || slot.outcome.is_bad());
        sums[2] += u64::from(slot.outcome == Outcome::Unknown);
        waived += u64::from(slot.outcome.is_bad() && is_waived(world, slot));
    }
    let mut counted = Counted::default();
    let [mut good, mut all, mut unknown] = [0; 3];
    for (plan, (system, sums)) in by_plan {
        let (system, plan) = (&world.inventory.systems[system], &world.inventory.plans[plan]);
        good += sums[0];
        all += sums[1];
        unknown += sums[2];
        counted.push(Some(system), platform(Some(plan), system), sums);
    }
    let most_unknown = world.policy.ratio("unknown_share_max");
    let undefined = if all == 0 {
        Some("no_slots".to_owned())
    } else if unknown as f64 > most_unknown * (all + unknown) as f64 {
        Some("not_evidenced".to_owned())
    } else {
        None
    };
    Ok(rate("backup_success_rate", good, all, unknown, waived, undefined, counted.breakdown()?))
}

/// True where an effective exception covers the slot from its due instant to its deadline.
#[must_use]
pub fn is_waived(world: &World<'_>, slot: &Slot) -> bool {
    let system = &world.inventory.systems[slot.system].system_id;
    let statements = world.controls.check("FRQ-02").map(|c| c.statements.as_slice()).unwrap_or_default();
    world.waivers.iter().any(|w| {
        w.names("FRQ-02", statements)
            && w.binds(system)
            && w.effective.is_some_and(|(from, to)| from <= slot.scheduled_for && slot.deadline <= to)
    })
}

/// Restore tests that the success rate counts: started and ended, and neither tabletop nor real incident.
pub fn counted_tests<'w>(world: &'w World<'_>) -> impl Iterator<Item = &'w Test> {
    world.tests.unwrap_or(&[]).iter().filter(|t| {
        let kind = !matches!(t.row.kind, Some(TestKind::Tabletop | TestKind::RealIncident));
        let ended = matches!(
            t.row.result,
            TestResult::Success | TestResult::Partial | TestResult::Failed | TestResult::Aborted
        );
        let started = t.row.started_at.is_some() || t.row.result != TestResult::Aborted;
        kind && ended && started && t.row.ended_at.is_some_and(|e| world.period.contains(e) && e <= world.as_of)
    })
}

/// Restored whole, and the restored data were checked.
#[must_use]
pub fn is_good(test: &Test) -> bool {
    test.row.result == TestResult::Success && test.row.integrity_result == Some(Integrity::Pass)
}

fn restore_rate(world: &World<'_>) -> Result<Metric, Error> {
    let mut counted = Counted::default();
    let (mut good, mut all) = (0, 0);
    for test in counted_tests(world) {
        let is_good = is_good(test);
        good += u64::from(is_good);
        all += 1;
        let system = test.system.map(|i| &world.inventory.systems[i]);
        counted.push(system, platform_of_test(system), [u64::from(is_good), 1, 0]);
    }
    let undefined = match (world.tests, all) {
        (None, _) => Some("no_evidence: no source or register of restore tests".to_owned()),
        (_, 0) => Some("no_tests".to_owned()),
        _ => None,
    };
    Ok(rate("restore_test_success_rate", good, all, 0, 0, undefined, counted.breakdown()?))
}

fn count(id: &str, n: u64, by: Breakdown, missing: Option<String>) -> Metric {
    let value = missing.is_none().then_some(n as f64);
    Metric {
        id: id.to_owned(),
        numerator: n,
        denominator: 1,
        unknown: 0,
        value,
        lowest: value,
        highest: value,
        waived: 0,
        undefined: missing,
        by,
    }
}

/// Incidents that the metric counts, each under the id that stands for it: a duplicate counts with its original.
pub fn counted_incidents<'w>(world: &'w World<'_>) -> impl Iterator<Item = (&'w str, &'w Incident)> {
    let counts = |i: &&Incident| {
        i.kind == IncidentKind::Incident
            && i.backup_related
            && world.period.contains(i.opened_at)
            && i.opened_at <= world.as_of
    };
    let all = world.incidents.unwrap_or(&[]).iter().filter(counts);
    all.map(|i| (i.duplicate_of.as_deref().unwrap_or(&i.incident_id), i))
}

/// Exceptions that the metric counts, each under the id that stands for it: a renewal counts with the one it renews.
pub fn counted_exceptions<'w>(world: &'w World<'_>) -> Vec<(&'w str, &'w Waiver)> {
    let (from, to) = (world.period.start(), world.until());
    let original = |waiver: &'w Waiver| {
        let mut id = waiver.exception.exception_id.as_str();
        let mut seen = BTreeSet::from([id]);
        while let Some(before) = world
            .waivers
            .iter()
            .find(|w| w.exception.exception_id == id)
            .and_then(|w| w.exception.renewal_of.as_deref())
            && world.waivers.iter().any(|w| w.exception.exception_id == before && w.effective_in(from, to))
            && seen.insert(before)
        {
            id = before;
        }
        (id, waiver)
    };
    world.waivers.iter().filter(|w| w.effective_in(from, to)).map(original).collect()
}

fn incidents(world: &World<'_>) -> Metric {
    let missing = world.incidents.is_none().then(|| "no_evidence: no register of incidents".to_owned());
    distinct("backup_related_incidents", counted_incidents(world).map(|(id, i)| (id, &i.system_ids[..])), missing)
}

fn exceptions(world: &World<'_>) -> Metric {
    let missing = world.registers.exceptions.is_none().then(|| "no_evidence: no register of exceptions".to_owned());
    let all = counted_exceptions(world);
    let rows = all.iter().map(|(id, w)| (*id, &w.exception.system_ids[..]));
    distinct("backup_policy_exceptions", rows, missing)
}

/// Counts distinct ids, in all and by system.
fn distinct<'r>(metric: &str, rows: impl Iterator<Item = (&'r str, &'r [String])>, missing: Option<String>) -> Metric {
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    let mut systems: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (id, of) in rows {
        ids.insert(id);
        for system in of {
            systems.entry(system).or_default().insert(id);
        }
    }
    let by = Breakdown { system: parts(systems), ..Breakdown::default() };
    count(metric, ids.len() as u64, by, missing)
}

fn parts(sets: BTreeMap<&str, BTreeSet<&str>>) -> Vec<Part> {
    sets.into_iter()
        .map(|(key, ids)| Part { key: key.to_owned(), numerator: ids.len() as u64, denominator: 1, unknown: 0 })
        .collect()
}

#[cfg(test)]
mod tests;
