//! Restore tests: reports, and restores seen in tools' logs, one record each.

use std::collections::BTreeMap;

use chrono::Duration;
use model::inventory::Inventory;
use model::rows::RestoreTest;

use crate::Error;
use crate::assess::locate;
use crate::coverage::Coverage;
use crate::frames::Tables;
use crate::world::Test;

/// All restore tests, sorted by end and id; `None` where neither a row nor a source of them is known.
///
/// The newest observation of a record is kept. A restore in a tool's log that a report describes (same
/// system, overlapping time) is that report's evidence and no second test.
///
/// # Errors
/// A resource that two systems claim.
pub fn restore_tests(tables: &Tables, inventory: &Inventory, coverage: &Coverage) -> Result<Option<Vec<Test>>, Error> {
    let registered = tables.collections.iter().any(|c| c.kind == "restore-reports" && !c.pages.is_empty());
    let stated = inventory.systems.iter().any(|s| !coverage.sources("restore_tests", &s.system_id).is_empty());
    if tables.tests.is_empty() && !registered && !stated {
        return Ok(None);
    }
    let mut newest: BTreeMap<(String, &str), &RestoreTest> = BTreeMap::new();
    let mut sorted: Vec<&RestoreTest> = tables.tests.iter().collect();
    sorted.sort_by(|a, b| {
        (a.origin.observed_at, &a.origin.evidence, &a.origin.pointer).cmp(&(
            b.origin.observed_at,
            &b.origin.evidence,
            &b.origin.pointer,
        ))
    });
    for test in sorted {
        newest.insert((format!("{}.{}", test.origin.kind, test.origin.source_id), &test.origin.record_id), test);
    }
    let mut out = Vec::new();
    for ((source, record), row) in newest {
        let system = locate(inventory, row.system_id.as_deref(), row.resource.as_deref())?;
        out.push(Test { row: row.clone(), system, row_id: format!("test/{source}/{record}") });
    }
    let reports: Vec<Test> = out.iter().filter(|t| !t.row.from_log).cloned().collect();
    out.retain(|t| !t.row.from_log || !reports.iter().any(|r| describes(r, t)));
    out.sort_by(|a, b| (a.row.ended_at, &a.row_id).cmp(&(b.row.ended_at, &b.row_id)));
    Ok(Some(out))
}

/// True where `report` speaks of the restore that `log` shows.
fn describes(report: &Test, log: &Test) -> bool {
    if report.system.is_none() || report.system != log.system {
        return false;
    }
    let (Some(from), Some(to)) = (report.row.started_at, report.row.ended_at) else { return false };
    let margin = Duration::minutes(5);
    log.row.started_at.is_some_and(|s| s >= from - margin && s <= to)
}
