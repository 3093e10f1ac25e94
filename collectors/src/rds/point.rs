//! Snapshots of one batch, each once.

use std::collections::BTreeMap;

use model::rows::{BackupRun, Component, DeleteReason, Listing, RecoveryPoint, Row, RunStatus, Trigger};
use model::time::Instant;

use crate::Sink;

/// One snapshot, as the newest reply shows it.
#[derive(Debug)]
pub(super) struct Point {
    /// The run and, in it, the recovery point.
    pub run: BackupRun,
    /// Name within account and region, as commands give it.
    pub name: String,
    /// When the copy was made (UTC).
    pub created_at: Option<Instant>,
    /// Copied from.
    pub copy_of: Option<String>,
    /// Key.
    pub key_id: Option<String>,
    /// When a delete call answered.
    pub deleted_at: Option<Instant>,
    /// When the reply was given; a later one replaces an earlier one.
    pub seen_at: Instant,
}

/// All snapshots of a batch by id.
#[derive(Debug, Default)]
pub(super) struct Points {
    by_id: BTreeMap<String, Point>,
    /// Listings to hand on.
    pub listings: Vec<Listing>,
}

impl Points {
    /// Takes a snapshot. Of two replies about it the later holds; of two of the same time the one of the document
    /// whose name comes last, so that the order of documents does not matter.
    pub(super) fn take(&mut self, id: &str, point: Point) {
        let rank = |p: &Point| (p.seen_at, p.run.origin.evidence.clone(), p.run.origin.pointer.clone());
        let deleted = point.deleted_at.or(self.by_id.get(id).and_then(|p| p.deleted_at));
        let known = match self.by_id.remove(id) {
            Some(known) if rank(&known) >= rank(&point) => known,
            _ => point,
        };
        self.by_id.insert(id.to_owned(), Point { deleted_at: deleted, ..known });
    }

    /// Resource of the snapshot (or volume, table) of this name.
    pub(super) fn resource_of(&self, name: &str) -> Option<String> {
        let named = |p: &&Point| p.name == name || p.run.recovery_point_id.as_deref() == Some(name);
        let ends = |p: &&Point| p.run.resource.as_deref().is_some_and(|r| r.rsplit(['/', ':']).next() == Some(name));
        let found = self.by_id.values().find(named).or_else(|| self.by_id.values().find(ends));
        found.and_then(|p| p.run.resource.clone())
    }

    /// All snapshots.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Point> {
        self.by_id.values_mut()
    }

    /// Names the original of copies within a region, which RDS shows only by its time.
    pub(super) fn link_copies(&mut self) {
        let originals: BTreeMap<(Option<String>, Instant), String> = self
            .by_id
            .iter()
            .filter_map(|(id, p)| Some(((p.run.resource.clone(), p.created_at?), id.clone())))
            .collect();
        for (id, point) in &mut self.by_id {
            let (Some(taken), Some(created)) = (point.run.taken_at, point.created_at) else { continue };
            if point.copy_of.is_none() && taken < created {
                let original = originals.get(&(point.run.resource.clone(), taken));
                point.copy_of = original.filter(|o| *o != id).cloned();
            }
        }
    }

    /// Hands on every run with its recovery point, and the listings.
    pub(super) fn emit(self, sink: &mut dyn Sink) {
        for (id, point) in self.by_id {
            let run = point.run;
            let mut origin = run.origin.clone();
            origin.record_id = format!("point:{id}");
            let mut row = RecoveryPoint::new(origin, id);
            row.resource.clone_from(&run.resource);
            row.run_id = Some(run.run_id.clone());
            row.component = run.component;
            row.taken_at = run.taken_at;
            row.created_at = point.created_at.filter(|_| run.status == RunStatus::Success);
            row.expires_at = run.expires_at;
            row.location_id.clone_from(&run.location_id);
            row.copy_of = point.copy_of;
            row.bytes = run.bytes;
            row.encrypted = run.encrypted;
            row.key_id = point.key_id;
            row.deleted_at = point.deleted_at;
            row.delete_reason = point.deleted_at.map(|_| DeleteReason::Manual);
            row.complete = match run.status {
                RunStatus::Success => Some(true),
                RunStatus::Failed | RunStatus::Running => Some(false),
                _ => None,
            };
            sink.row(Row::Run(run));
            sink.row(Row::RecoveryPoint(row));
        }
        for listing in self.listings {
            sink.row(Row::Listing(listing));
        }
    }
}

/// The run of a snapshot.
pub(super) fn run(
    origin: model::rows::Origin,
    id: &str,
    status: RunStatus,
    raw: &str,
    trigger: Option<Trigger>,
) -> BackupRun {
    let mut run = BackupRun::new(origin, id, status, raw);
    run.component = Some(Component::Snapshot);
    run.recovery_point_id = Some(id.to_owned());
    run.trigger = trigger;
    run
}
