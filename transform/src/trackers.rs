//! What trackers hold: incidents and rows of registers that are issues, joined with the registers of files.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::evidence::{Problem, SourceStatus};
use model::inventory::Inventory;
use model::registers::{Incident, REGISTERS, Registers};
use model::rows::{ObservedIncident, ObservedRecord, Origin};
use model::time::Instant;

use crate::frames::Tables;

/// Register and trackers, by id; a tracker's row fills what the register does not have. A record that was opened again keeps
/// the first time at which it was opened, whatever its tracker says later.
pub fn incidents(tables: &Tables, registers: &Registers) -> Option<Vec<Incident>> {
    let tracked = tables.collections.iter().any(|c| c.counts.contains_key("incidents"));
    if registers.incidents.is_none() && tables.incidents.is_empty() && !tracked {
        return None;
    }
    let mut out: BTreeMap<String, Incident> = BTreeMap::new();
    let mut first: BTreeMap<_, Instant> = BTreeMap::new();
    for observed in &tables.incidents {
        let opened = first.entry(record_of(observed)).or_insert(observed.incident.opened_at);
        *opened = observed.incident.opened_at.min(*opened);
    }
    for observed in newest_incidents(tables) {
        let opened_at = first.get(&record_of(observed)).copied().unwrap_or(observed.incident.opened_at);
        let incident = Incident { opened_at, ..observed.incident.clone() };
        out.insert(incident.incident_id.clone(), incident);
    }
    for incident in registers.incidents.iter().flatten() {
        out.insert(incident.incident_id.clone(), incident.row.clone());
    }
    Some(out.into_values().collect())
}

/// The registers with the rows that trackers hold. What a file says of an id goes before what an issue says of it. A register
/// of which a tracker was asked for every row is given, even if there is none.
pub fn recorded<'a>(tables: &Tables, registers: &'a Registers) -> Cow<'a, Registers> {
    let whole = tables.collections.iter().filter(|c| c.status == SourceStatus::Complete);
    // Only what a source found out itself names resources. What people state of a log says nothing about a register.
    let proven = whole.flat_map(|c| &c.covers).filter(|c| c.complete && !c.resources.is_empty());
    let covered: Vec<&str> = proven.flat_map(|c| &c.tables).map(String::as_str).collect();
    let tracked: Vec<&str> =
        REGISTERS.iter().map(|(table, _)| *table).filter(|t| *t != "incidents" && covered.contains(t)).collect();
    if tables.records.is_empty() && tracked.is_empty() {
        return Cow::Borrowed(registers);
    }
    let mut out = registers.clone();
    tracked.into_iter().for_each(|table| out.give(table));
    for record in newest_records(tables) {
        if record.rows.ids(record.table).iter().all(|id| !out.has(record.table, id)) {
            out.extend((*record.rows).clone());
        }
    }
    Cow::Owned(out)
}

/// What two readings of one incident have in common.
fn record_of(observed: &ObservedIncident) -> (&str, &str) {
    (&observed.origin.source_id, &observed.incident.incident_id)
}

/// The last reading of each incident of a source: the same issue may have been read in several collections.
fn newest_incidents(tables: &Tables) -> Vec<&ObservedIncident> {
    let mut seen: Vec<_> = tables.incidents.iter().collect();
    seen.sort_by(|a, b| (a.origin.observed_at, &a.origin.pointer).cmp(&(b.origin.observed_at, &b.origin.pointer)));
    let newest: BTreeMap<_, _> = seen.into_iter().map(|o| (record_of(o), o)).collect();
    let mut out: Vec<_> = newest.into_values().collect();
    out.sort_by(|a, b| (a.origin.observed_at, &a.origin.pointer).cmp(&(b.origin.observed_at, &b.origin.pointer)));
    out
}

/// The last reading of each other row.
fn newest_records(tables: &Tables) -> impl Iterator<Item = &ObservedRecord> {
    let mut newest: BTreeMap<_, &ObservedRecord> = BTreeMap::new();
    for record in &tables.records {
        let origin = &record.origin;
        let entry = newest.entry((record.table, &origin.source_id, &origin.record_id)).or_insert(record);
        if (origin.observed_at, &origin.pointer) >= (entry.origin.observed_at, &entry.origin.pointer) {
            *entry = record;
        }
    }
    newest.into_values()
}

/// Makes a problem of each system that an issue names and the inventory does not have: a problem of the source as last
/// collected, which is then incomplete, as with every other column that cannot be read. The row counts for the systems that
/// it names rightly.
pub fn note_unknown_systems(tables: &mut Tables, inventory: &Inventory) {
    if !inventory.given {
        return;
    }
    let mut found: Vec<(Origin, String)> = Vec::new();
    let mut note = |table: &str, origin: &Origin, id: &str| {
        if let Some((message, help)) = inventory.unknown_system(id) {
            found.push((origin.clone(), format!("issue {} as a row of {table}: {message}; {help}", origin.record_id)));
        }
    };
    for record in newest_records(tables) {
        record.rows.each_system_id(|_, id| note(record.table, &record.origin, id));
    }
    for observed in newest_incidents(tables) {
        observed.incident.system_ids.iter().for_each(|id| note("incidents", &observed.origin, id));
    }
    for (origin, message) in found {
        let of_source =
            tables.collections.iter_mut().filter(|c| c.kind == *origin.kind && c.source_id == *origin.source_id);
        let mut of_source: Vec<_> = of_source.collect();
        let document = of_source
            .iter()
            .flat_map(|c| &c.pages)
            .find(|page| page.object == *origin.evidence)
            .map_or_else(String::new, |page| page.name.clone());
        let Some(last) = of_source.pop() else { continue };
        let problem = Problem { document, place: Some(origin.pointer), message };
        if last.status == SourceStatus::Complete {
            last.status = SourceStatus::Incomplete;
            last.reason = Some(problem.to_string());
        }
        last.problems.push(problem);
    }
}

#[cfg(test)]
mod tests {
    use model::fault::{Faults, File};
    use model::registers::load;
    use model::rows::Row;
    use model::time::Tz;

    use super::*;
    use crate::testing::{Fixture, at, origin, plain};

    /// An issue that is an exception for a system, read at this time.
    fn issue(f: &mut Fixture, system: &str, when: &str) {
        let text = format!("exception_id,status,system_ids\n17,approved,db;{system}\n");
        let mut faults = Faults::default();
        let file = File { name: "registers/exceptions.csv", text: &text };
        let rows = Box::new(load(&[file], Tz::UTC, &mut faults));
        f.row(Row::Record(ObservedRecord {
            table: "exceptions",
            rows,
            origin: origin("github", "ops", "17", at(when)),
        }));
        f.collection("github", "ops", |c| c.collected_at = at(when));
    }

    #[test]
    fn a_system_that_an_issue_names_and_nobody_knows_is_a_problem_of_its_source() {
        let mut f = Fixture::new("2026-10");
        f.system("billing-db", plain()).system("db", plain());
        issue(&mut f, "billing-bd", "2026-11-01T00:00:00Z");
        let sources = f.judge().judged.assessment.sources;
        assert_eq!(sources[0].status, SourceStatus::Incomplete);
        let reason = sources[0].reason.clone().unwrap_or_default();
        assert!(
            reason.contains(
                "issue 17 as a row of exceptions: system \"billing-bd\" is not in the inventory; did you mean \"billing-db\"?"
            ),
            "{reason}"
        );
        f.with_basis(|b| assert_eq!(b.registers.exceptions.as_ref().map(Vec::len), Some(1), "the row still counts"));
        // The last reading of the issue is what counts.
        issue(&mut f, "*", "2026-11-02T00:00:00Z");
        assert_eq!(f.judge().judged.assessment.sources[0].status, SourceStatus::Complete);
    }
}
