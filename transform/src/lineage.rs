//! Every figure of a period with the rows that it counts, and every row with the place it was read from.
//!
//! Rows are handed on one at a time: a year of a thousand systems has hundreds of thousands.

mod figures;
mod places;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use model::assessment::{CheckResult, State};
use model::inventory::System;
use model::lineage::{LineageRow, Place};

use crate::assess::Judged;
use crate::metrics;
use crate::slots::Slot;
use crate::world::World;

pub use figures::figures;
pub use places::{incident_place, places};

/// Population of expected runs; each has its outcome as role.
pub const SLOTS: &str = "slots";
/// Population of expected runs that went wrong under a waiver.
pub const WAIVED_SLOTS: &str = "slots_waived";
/// Population of restore tests that the success rate counts.
pub const TESTS: &str = "restore_tests";
/// Population of incidents; a second one, by system, has a row for each system of each.
pub const INCIDENTS: [&str; 2] = ["backup_related_incidents", "backup_related_incidents_by_system"];
/// Population of exceptions; likewise.
pub const EXCEPTIONS: [&str; 2] = ["backup_policy_exceptions", "backup_policy_exceptions_by_system"];
/// Population of results; each has its state as role.
pub const RESULTS: &str = "results";

/// Role of what is counted for being there.
const COUNTED: &str = "counted";
/// Role of a result that fails under a waiver.
const FAIL_WAIVED: &str = "fail_waived";
/// Role of rows that a result rests on, and of further attempts at an expected run.
const SUPPORTS: &str = "supports";

/// Hands on every lineage row of a period: populations one after another, each in a fixed order.
///
/// # Errors
/// The first that `visit` gives.
pub fn each<E>(
    world: &World<'_>,
    judged: &Judged,
    visit: &mut dyn FnMut(&LineageRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    slots(world, visit)?;
    tests(world, visit)?;
    registered(world, visit)?;
    results(world, &judged.assessment.results, visit)
}

/// Attempt that shows the outcome of a slot best: the first good one where it succeeded, else the last.
#[must_use]
pub fn telling_attempt(world: &World<'_>, slot: &Slot) -> Option<usize> {
    let good = || slot.attempts.iter().find(|a| world.runs.list[**a].is_good());
    slot.outcome.is_good().then(good).flatten().or(slot.attempts.last()).copied()
}

/// Where a run was read.
pub(crate) fn run_place<'w>(world: &'w World<'_>, row: usize) -> (&'w str, &'w str) {
    (world.runs.document(row).map_or("", |d| &d.evidence), world.runs.pointer(row))
}

/// Where a slot shows: its telling attempt, or the declaration of its plan.
pub(crate) fn slot_place<'w>(world: &'w World<'_>, slot: &Slot) -> (&'w str, &'w str) {
    match telling_attempt(world, slot) {
        Some(attempt) => run_place(world, world.runs.list[attempt].row),
        None => ("", &world.inventory.plans[slot.plan].declared_in),
    }
}

fn tier(system: Option<&System>) -> &str {
    system.and_then(|s| s.tier.as_deref()).unwrap_or("none")
}

fn id(system: Option<&System>) -> &str {
    system.map_or("none", |s| &s.system_id)
}

/// A row without anything but what it is.
fn row<'a>(population: &'a str, role: &'a str, row_id: impl Into<Cow<'a, str>>) -> LineageRow<'a> {
    LineageRow {
        population: population.into(),
        role: role.into(),
        row_id: row_id.into(),
        system_id: "".into(),
        tier: "".into(),
        platform: "".into(),
        check: "".into(),
        evidence: "".into(),
        pointer: "".into(),
        covered_by: "".into(),
    }
}

fn slots<E>(world: &World<'_>, visit: &mut dyn FnMut(&LineageRow<'_>) -> Result<(), E>) -> Result<(), E> {
    let mut platforms: BTreeMap<usize, String> = BTreeMap::new();
    let mut covered: BTreeMap<usize, String> = BTreeMap::new();
    for slot in world.slots {
        let system = &world.inventory.systems[slot.system];
        let plan = &world.inventory.plans[slot.plan];
        let platform = platforms.entry(slot.plan).or_insert_with(|| metrics::platform(Some(plan), system));
        let (evidence, pointer) = slot_place(world, slot);
        let mut line = LineageRow {
            system_id: (&system.system_id).into(),
            tier: tier(Some(system)).into(),
            platform: platform.as_str().into(),
            evidence: evidence.into(),
            pointer: pointer.into(),
            ..row(SLOTS, word(slot.outcome), format!("slot/{}", slot.id(world.inventory)))
        };
        if slot.attempts.is_empty() {
            let sources = || world.coverage.sources("backup_runs", &system.system_id).join(";");
            line.covered_by = covered.entry(slot.system).or_insert_with(sources).as_str().into();
        }
        visit(&line)?;
        if slot.outcome.is_bad() && metrics::is_waived(world, slot) {
            visit(&LineageRow { population: WAIVED_SLOTS.into(), role: "waived".into(), ..line.clone() })?;
        }
        let telling = telling_attempt(world, slot);
        for attempt in slot.attempts.iter().filter(|a| Some(**a) != telling) {
            let run = world.runs.list[*attempt].row;
            let (evidence, pointer) = run_place(world, run);
            visit(&LineageRow {
                role: SUPPORTS.into(),
                row_id: world.runs.row_id(run).into(),
                evidence: evidence.into(),
                pointer: pointer.into(),
                ..line.clone()
            })?;
        }
    }
    Ok(())
}

/// The word of an outcome, without a copy.
const fn word(outcome: model::assessment::Outcome) -> &'static str {
    use model::assessment::Outcome as O;
    match outcome {
        O::Success => "success",
        O::LateSuccess => "late_success",
        O::Failed => "failed",
        O::Missed => "missed",
        O::Overrun => "overrun",
        O::Unknown => "unknown",
        O::Running => "running",
        O::Cancelled => "cancelled",
    }
}

fn tests<E>(world: &World<'_>, visit: &mut dyn FnMut(&LineageRow<'_>) -> Result<(), E>) -> Result<(), E> {
    for test in metrics::counted_tests(world) {
        let system = test.system.map(|i| &world.inventory.systems[i]);
        visit(&LineageRow {
            system_id: id(system).into(),
            tier: tier(system).into(),
            platform: metrics::platform_of_test(system).into(),
            evidence: (&*test.row.origin.evidence).into(),
            pointer: test.row.origin.pointer.as_str().into(),
            ..row(TESTS, if metrics::is_good(test) { "success" } else { "not_success" }, test.row_id.as_str())
        })?;
    }
    Ok(())
}

/// Incidents and exceptions: distinct ones, then each with each of its systems.
fn registered<E>(world: &World<'_>, visit: &mut dyn FnMut(&LineageRow<'_>) -> Result<(), E>) -> Result<(), E> {
    let mut incidents: BTreeMap<&str, (Place, BTreeSet<&str>)> = BTreeMap::new();
    for (id, incident) in metrics::counted_incidents(world) {
        let (_, systems) =
            incidents.entry(id).or_insert_with(|| (incident_place(world, &incident.incident_id), BTreeSet::new()));
        systems.extend(incident.system_ids.iter().map(String::as_str));
    }
    let mut exceptions: BTreeMap<&str, (Place, BTreeSet<&str>)> = BTreeMap::new();
    for (id, waiver) in metrics::counted_exceptions(world) {
        let (_, systems) = exceptions
            .entry(id)
            .or_insert_with(|| (places::registered(world, "exceptions", id, &waiver.declared_in), BTreeSet::new()));
        systems.extend(waiver.exception.system_ids.iter().map(String::as_str));
    }
    for ([all, by_system], kind, rows) in [(INCIDENTS, "incident", incidents), (EXCEPTIONS, "exception", exceptions)] {
        let line = |population, id: &str, place: &'_ Place, system: &'_ str| {
            let mut line = row(population, COUNTED, format!("{kind}/{id}"));
            line.evidence = place.evidence.clone().into();
            line.pointer = place.pointer.clone().into();
            line.system_id = system.to_owned().into();
            line
        };
        for (id, (place, _)) in &rows {
            visit(&line(all, id, place, ""))?;
        }
        for (id, (place, systems)) in &rows {
            for system in systems {
                visit(&line(by_system, id, place, system))?;
            }
        }
    }
    Ok(())
}

const fn role(result: &CheckResult) -> &'static str {
    match (result.state, result.waived) {
        (State::Fail, true) => FAIL_WAIVED,
        (State::Fail, false) => "fail",
        (State::Pass, _) => "pass",
        (State::NotApplicable, _) => "not_applicable",
        (State::NoEvidence, _) => "no_evidence",
    }
}

/// Id of a result among lineage rows.
#[must_use]
pub fn result_id(result: &CheckResult) -> String {
    format!("result/{}/{}", result.check, result.unit)
}

/// Results, each where it stands in the assessment, then the rows that each rests on.
fn results<E>(
    world: &World<'_>,
    results: &[CheckResult],
    visit: &mut dyn FnMut(&LineageRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    for (n, result) in results.iter().enumerate() {
        let mut line = row(RESULTS, role(result), result_id(result));
        line.check = result.check.as_str().into();
        line.pointer = format!("assessment.json#/results/{n}").into();
        visit(&line)?;
    }
    let wanted: BTreeSet<&str> = results.iter().flat_map(|r| &r.records).map(String::as_str).collect();
    let places = places(world, &wanted);
    for result in results.iter().filter(|r| !r.records.is_empty()) {
        let population = result_id(result);
        for record in &result.records {
            let mut line = row(&population, SUPPORTS, record.as_str());
            line.check = result.check.as_str().into();
            if let Some(place) = places.get(record.as_str()) {
                line.evidence = place.evidence.as_str().into();
                line.pointer = place.pointer.as_str().into();
            }
            visit(&line)?;
        }
    }
    Ok(())
}
