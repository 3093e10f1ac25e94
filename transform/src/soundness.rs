//! Which systems have evidence from a source that was read whole.
//!
//! A pass never rests on an incomplete source alone: what could not be read may be what speaks against it.

use std::collections::{BTreeMap, BTreeSet};

use model::assessment::State;
use model::controls::Check;
use model::evidence::SourceStatus;
use model::rows::Origin;
use model::time::Instant;

use crate::judgement::Judgement;
use crate::world::World;

/// Tables of backups that sources fill; a check that reads neither them nor [`TESTS`] rests on the inventory and the
/// registers.
const BACKUPS: [&str; 5] = ["backup_runs.", "recovery_points.", "pitr_status.", "log_segments.", "discovered_assets."];
/// The table of restore tests.
const TESTS: &str = "restore_tests.";

/// For each system whether any row, and any row of a whole collection, is on record.
#[derive(Debug, Default)]
pub struct Soundness {
    backups: BTreeMap<usize, bool>,
    tests: BTreeMap<usize, bool>,
    /// Whether each source was read whole, by either of its names.
    sources: BTreeMap<String, bool>,
}

impl Soundness {
    /// Of everything the world holds.
    #[must_use]
    pub fn of(world: &World<'_>) -> Self {
        let partial: BTreeSet<(&str, &str, Instant)> = world
            .tables
            .collections
            .iter()
            .filter(|c| c.status != SourceStatus::Complete)
            .map(|c| (c.kind.as_str(), c.source_id.as_str(), c.collected_at))
            .collect();
        let sound = |o: &Origin| !partial.contains(&(&*o.kind, &*o.source_id, o.observed_at));
        let documents: Vec<bool> =
            world.runs.documents.iter().map(|d| !partial.contains(&(&*d.kind, &*d.source_id, d.observed_at))).collect();
        let mut out = Self::default();
        for (system, members) in &world.runs.by_system {
            let runs = members.iter().filter_map(|m| world.runs.list.get(*m));
            // A run that two sources saw is as sound as the better of them.
            let any = runs.flat_map(|run| run.also.iter().chain([&run.row])).any(|row| {
                let document = world.runs.document_index(*row).and_then(|d| documents.get(d));
                document.copied().unwrap_or(false)
            });
            *out.backups.entry(*system).or_default() |= any;
        }
        for point in world.points {
            // One that no listing shows was read with its run.
            if let (Some(system), Some(listed)) = (point.system, &point.listed) {
                *out.backups.entry(system).or_default() |= sound(&listed.origin);
            }
        }
        for (system, samples) in world.pitr {
            *out.backups.entry(*system).or_default() |= samples.iter().any(|s| sound(&s.origin));
        }
        for (system, segments) in world.segments {
            *out.backups.entry(*system).or_default() |= segments.iter().any(|s| sound(&s.origin));
        }
        for test in world.tests.unwrap_or(&[]) {
            if let Some(system) = test.system {
                *out.tests.entry(system).or_default() |= sound(&test.row.origin);
            }
        }
        for source in world.sources {
            let whole = source.status == SourceStatus::Complete;
            out.sources.insert(source.source_id.clone(), whole);
            out.sources.insert(format!("{}.{}", source.kind, source.source_id), whole);
        }
        out
    }

    /// Turns a pass that rests on incomplete sources alone into `no_evidence`.
    #[must_use]
    pub fn checked(&self, world: &World<'_>, check: Option<&Check>, mut j: Judgement) -> Judgement {
        let Some(check) = check.filter(|_| j.state == State::Pass) else { return j };
        let doubtful = match self.sources.get(&j.unit) {
            Some(whole) => !whole,
            None => self.rests_on(check, &j).is_some_and(|sound| {
                if j.systems.is_empty() {
                    // It is about all of them.
                    !sound.is_empty() && !sound.values().any(|sound| *sound)
                } else {
                    let index = |id: &String| world.inventory.index_of(id);
                    j.systems.iter().filter_map(index).any(|system| sound.get(&system) == Some(&false))
                }
            }),
        };
        if doubtful {
            j.state = State::NoEvidence;
            j.reasons.push("source_incomplete".to_owned());
            j.detail =
                format!("Rests on a source that could not be read whole; what was read would pass: {}", j.detail);
        }
        j
    }

    /// What a judgement rests on, of what sources tell; `None` for one that rests on inventory and registers.
    fn rests_on(&self, check: &Check, j: &Judgement) -> Option<&BTreeMap<usize, bool>> {
        let reads = |table: &str| check.inputs.iter().any(|input| input.starts_with(table));
        if check.group == "RST" {
            return reads(TESTS).then_some(&self.tests);
        }
        if BACKUPS.into_iter().any(reads) {
            return Some(&self.backups);
        }
        // What is kept for a system stands without a test; where it rests on one, it says on which.
        let rests_on_test = || j.systems.is_empty() || j.records.iter().any(|row| row.starts_with("test/"));
        (reads(TESTS) && rests_on_test()).then_some(&self.tests)
    }
}

#[cfg(test)]
mod tests;
