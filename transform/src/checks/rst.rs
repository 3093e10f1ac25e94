//! RST: restore.
//!
//! Tests that succeeded count only where the data were looked at; what a tool's log shows as restored is a
//! restore, and no test of the data. Absence of a test is proven by restore reports that state to be complete.

mod agreement;
mod coverage;
mod figures;
mod follow_up;
mod quarters;
mod reports;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::{EDGES, EXAMPLES};

pub use agreement::owner_confirmed;
pub use coverage::whole_matrix;
pub use figures::{data_loss, missed_objective, restore_time};
pub use follow_up::{after_change, repeated};
pub use quarters::{every_quarter, point_in_time};
pub use reports::{data_checked, reports_complete};

use std::collections::BTreeSet;

use model::inventory::System;
use model::rows::{Integrity, TestKind, TestResult};
use model::time::Instant;

use super::common::{ORGANIZATION, no_inventory, or_none_in_scope};
use crate::coverage::{Interval, holes, union};
use crate::judgement::Judgement;
use crate::metrics::platform;
use crate::points::Point;
use crate::world::{Test, World};

/// What is known about the content of restored data (RST-04).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Checked and equal.
    Equal,
    /// Checked, and fewer records than expected, as the recovery point's age explains.
    Explained,
    /// Proven different, with what differs.
    Different(String),
    /// Nobody looked.
    NotChecked,
}

/// What a test says about the content of the data it restored. How old they were is told by the test, else by the recovery
/// point.
#[must_use]
pub fn content(world: &World<'_>, test: &Test) -> Content {
    let row = &test.row;
    if row.integrity_result == Some(Integrity::Fail) {
        return Content::Different("the check of the restored data failed".to_owned());
    }
    let mut explained = false;
    if let (Some(expected), Some(restored)) = (row.records_expected, row.records_restored)
        && expected != restored
    {
        // Records written after the recovery point are lost with it; none can be gained.
        let newest = row.recovered_to_at.or_else(|| figures::taken_at(world, test));
        let aged = row.failure_point_at.zip(newest).is_some_and(|(failed, newest)| newest < failed);
        if restored > expected || !aged {
            return Content::Different(format!("{restored} of {expected} records were restored"));
        }
        explained = true;
    }
    match row.integrity_result {
        Some(Integrity::Pass) if explained => Content::Explained,
        Some(Integrity::Pass) => Content::Equal,
        _ => Content::NotChecked,
    }
}

/// True where the test proves that data came back: success, no tabletop, not proven different, and for a
/// restore in a tool's log a check of the data. A report that says nothing about a check counts here; RST-04 asks for it.
#[must_use]
pub fn proves_restore(world: &World<'_>, test: &Test) -> bool {
    let row = &test.row;
    let looked = match row.integrity_result {
        Some(Integrity::Pass) => true,
        Some(Integrity::Fail | Integrity::NotChecked) => false,
        None => !row.from_log,
    };
    row.result == TestResult::Success
        && looked
        && row.kind != Some(TestKind::Tabletop)
        && !matches!(content(world, test), Content::Different(_))
}

/// True where restore reports state that they hold every test of the system in `[from, to)`.
///
/// A backup tool's complete log does not prove it: tests are done with other tools too.
#[must_use]
pub fn tests_complete(world: &World<'_>, system: &str, from: Instant, to: Instant) -> bool {
    holes(&reported(world, system), from, to).is_empty()
}

/// The time of which restore reports state that they hold every test of the system.
pub fn reported(world: &World<'_>, system: &str) -> Vec<Interval> {
    let stated = world.coverage.by_source("restore_tests", system);
    let reports = stated.into_iter().filter(|(source, _)| source.starts_with(REPORTS));
    union(reports.flat_map(|(_, stated)| stated.iter().copied()).collect())
}

/// How the names of sources of restore reports begin.
pub const REPORTS: &str = "restore-reports.";

/// Tests that ended in the period up to `as_of`, in order of end.
pub fn ended<'w>(world: &'w World<'_>) -> impl Iterator<Item = &'w Test> {
    world
        .tests
        .unwrap_or(&[])
        .iter()
        .filter(|t| t.row.ended_at.is_some_and(|e| world.period.contains(e) && e <= world.as_of))
}

/// The one result of a check whose population has no test: proven empty, or not known to be.
#[must_use]
pub fn no_tests(world: &World<'_>, what: &str) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    if world.in_scope().next().is_none() {
        return or_none_in_scope(Vec::new());
    }
    let proven = world
        .in_scope()
        .all(|(_, s)| tests_complete(world, &s.system_id, world.period.start().max(s.onboarded_at), world.until()));
    vec![if world.tests.is_none() {
        no_tests_given(ORGANIZATION)
    } else if proven {
        Judgement::not_applicable(ORGANIZATION, "empty_population", format!("{what} in the period."))
    } else {
        Judgement::no_evidence(
            ORGANIZATION,
            "tests_not_covered",
            format!(
                "{what} is on record, and no restore-reports source states that it holds every test of the period (restore_tests)."
            ),
        )
    }]
}

/// Nothing that could hold restore tests was given.
fn no_tests_given(unit: &str) -> Judgement {
    Judgement::no_evidence(
        unit,
        "no_register",
        "No restore tests were given (restore_tests): configure a restore-reports source.",
    )
}

/// Backup platforms that a system uses in `[from, to)`: those of its plans, without one the tool of its resources.
pub fn platforms(world: &World<'_>, system: &System, from: Instant, to: Instant) -> BTreeSet<String> {
    let mut out: BTreeSet<String> =
        world.plans_in_force(system, from, to).map(|(_, plan)| platform(Some(plan), system)).collect();
    if out.is_empty() {
        out.insert(platform(None, system));
    }
    out.remove("none");
    out
}

/// The recovery point that a test restored, where a listing or a run tells of it.
fn restored<'w>(world: &World<'w>, test: &Test) -> Option<&'w Point> {
    let id = test.row.recovery_point_id.as_deref()?;
    let of_system = |p: &&Point| test.system.is_none() || p.system == test.system;
    world.points.iter().filter(of_system).find(|p| p.id(world.runs) == id)
}

/// The platform from which a test restored: that of the plan which made the recovery point, else the only one that the
/// system uses in `[from, to)`. `None` where neither tells.
pub fn platform_of(world: &World<'_>, test: &Test, from: Instant, to: Instant) -> Option<String> {
    let system = world.inventory.systems.get(test.system?)?;
    let run = restored(world, test).and_then(|p| world.runs.list.get(p.run?));
    if let Some(plan) = run.and_then(|run| world.inventory.plans.get(run.plan?)) {
        return Some(platform(Some(plan), system));
    }
    let mut all = platforms(world, system, from, to).into_iter();
    all.next().filter(|_| all.next().is_none())
}

/// What is due `parameter` after `from`: a duration by the second, a calendar cadence by the end of its day.
#[must_use]
pub fn due(world: &World<'_>, parameter: &str, from: Instant) -> Instant {
    let span = world.policy.span(parameter);
    if span.elapsed().is_some() {
        span.after(from, world.period.zone())
    } else {
        span.due_by(from, world.period.zone())
    }
}

/// The judgement with the system of the test, where the inventory knows it.
pub(super) fn of_test(world: &World<'_>, test: &Test, judgement: Judgement) -> Judgement {
    let judgement = judgement.rests_on([test.row_id.clone()]);
    match test.system.and_then(|i| world.inventory.systems.get(i)) {
        Some(system) => judgement.about(&system.system_id),
        None => judgement,
    }
}
