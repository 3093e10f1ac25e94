//! From row ids to the places where the rows were read.

use std::collections::{BTreeMap, BTreeSet};

use model::lineage::{Place, Places};
use model::time::utc_text;

use super::{run_place, slot_place};
use crate::world::World;

/// Tables of registers by the first part of their row ids.
const REGISTERED: [(&str, &str); 6] = [
    ("alert", "alerts"),
    ("monitor_day", "monitor_days"),
    ("exception", "exceptions"),
    ("document", "documents"),
    ("change", "changes"),
    ("review", "reviews"),
];

/// Where each of the rows was read, for those that are known. Long tables are gone through once, and only where one of
/// their rows is asked for.
#[must_use]
pub fn places<'i>(world: &World<'_>, wanted: &BTreeSet<&'i str>) -> Places<'i> {
    let mut found = Found { wanted, out: BTreeMap::new() };
    let runs = world.runs;
    if found.any("run") {
        for run in &runs.list {
            found.offer(&runs.row_id(run.row), || Place::from(run_place(world, run.row)));
        }
    }
    if found.any("slot") {
        for slot in world.slots {
            found.offer(&format!("slot/{}", slot.id(world.inventory)), || Place::from(slot_place(world, slot)));
        }
    }
    if found.any("point") {
        for point in world.points {
            let at = || point.lineage(runs).map(|l| Place::from((l.evidence, l.pointer))).unwrap_or_default();
            found.offer(&point.row_id(runs), at);
        }
    }
    for test in world.tests.unwrap_or(&[]) {
        found.offer(&test.row_id, || Place::from(&test.row.origin));
    }
    for t in &world.tables.tests {
        let o = &t.origin;
        found.offer(&format!("test/{}.{}/{}", o.kind, o.source_id, o.record_id), || o.into());
    }
    for sample in world.pitr.values().flatten() {
        let row = format!("pitr/{}/{}", sample.origin.source_id, utc_text(sample.observed_at));
        found.offer(&row, || (&sample.origin).into());
    }
    if found.any("log") {
        for log in world.segments.values().flatten() {
            found.offer(&format!("log/{}/{}", log.origin.source_id, log.segment), || (&log.origin).into());
        }
    }
    // The last reading counts.
    for asset in world.tables.assets.iter().rev() {
        let o = &asset.origin;
        found.offer(&format!("asset/{}.{}/{}", o.kind, o.source_id, asset.asset_id), || o.into());
        found.offer(&format!("asset/{}", asset.asset_id), || o.into());
    }
    for location in world.tables.storage.iter().rev() {
        found.offer(&format!("storage/{}", location.location_id), || (&location.origin).into());
    }
    for system in &world.inventory.systems {
        found.offer(&format!("system/{}", system.system_id), || Place::from(("", &*system.declared_in)));
    }
    for plan in &world.inventory.plans {
        found.offer(&format!("plan/{}/{}", plan.plan_id, plan.version), || Place::from(("", &*plan.declared_in)));
    }
    for source in world.sources {
        let at = || Place::from((source.digests.first().map_or("", |d| d), ""));
        found.offer(&format!("source/{}.{}", source.kind, source.source_id), at);
    }
    for row in wanted {
        let Some((kind, id)) = row.split_once('/') else { continue };
        if kind == "incident" {
            found.offer(row, || incident_place(world, id));
        } else if let Some((_, table)) = REGISTERED.iter().find(|(k, _)| *k == kind)
            && let Some(declared_in) = world.registers.declared_in(table, id)
        {
            found.offer(row, || registered(world, table, id, declared_in));
        }
    }
    found.out
}

/// Where an incident was read: its register, else its tracker.
#[must_use]
pub fn incident_place(world: &World<'_>, id: &str) -> Place {
    if let Some(declared_in) = world.registers.declared_in("incidents", id) {
        return registered(world, "incidents", id, declared_in);
    }
    let seen = world.tables.incidents.iter().filter(|i| i.incident.incident_id == id);
    seen.max_by_key(|i| i.origin.observed_at).map(|i| Place::from(&i.origin)).unwrap_or_default()
}

/// Where the row of a register was read: the issue that a tracker gave, else the file and line that declare it.
pub(super) fn registered(world: &World<'_>, table: &str, id: &str, declared_in: &str) -> Place {
    let of_tracker = world.tables.records.iter().filter(|r| r.rows.declared_in(table, id) == Some(declared_in));
    match of_tracker.max_by_key(|r| r.origin.observed_at) {
        Some(record) => Place::from(&record.origin),
        None => Place::from(("", declared_in)),
    }
}

struct Found<'w, 'i> {
    wanted: &'w BTreeSet<&'i str>,
    out: Places<'i>,
}

impl Found<'_, '_> {
    /// True where a row of this kind is asked for.
    fn any(&self, kind: &str) -> bool {
        let start = format!("{kind}/");
        self.wanted.iter().any(|row| row.starts_with(&start))
    }

    /// Keeps the place of a row that is asked for; the first offered counts.
    fn offer(&mut self, row: &str, at: impl FnOnce() -> Place) {
        if let Some(row) = self.wanted.get(row) {
            self.out.entry(row).or_insert_with(at);
        }
    }
}
