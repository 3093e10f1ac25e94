//! Rows of a base backup: the run that made it and the recovery point that it is.

use model::rows::{BackupRun, Component, Origin, RecoveryPoint, RunStatus};
use model::time::Instant;

use super::sentinel::Facts;

/// One base backup, whatever told of it.
#[derive(Debug, Clone)]
pub(crate) struct BaseBackup {
    /// Its name at the tool.
    pub name: String,
    /// State of the run that made it.
    pub status: RunStatus,
    /// What shows that state, in the tool's words.
    pub raw: String,
    /// More about it.
    pub detail: Option<String>,
    /// It needs another one.
    pub increment: bool,
    /// Everything that a restore needs is there; absent where that is not known.
    pub complete: Option<bool>,
    /// It is listed with a local time that nothing places.
    pub zone_unknown: bool,
    /// What its files tell.
    pub facts: Facts,
    /// Lineage.
    pub origin: Origin,
}

/// How a source names things.
pub(crate) struct Names {
    /// Id of the run.
    pub run_id: String,
    /// Id of the recovery point.
    pub point_id: String,
    /// Resource it protects.
    pub resource: String,
    /// Where it is.
    pub location_id: Option<String>,
}

impl BaseBackup {
    fn component(&self) -> Component {
        if self.increment { Component::Incremental } else { Component::Full }
    }

    /// The run that made it.
    pub(crate) fn run(&self, names: &Names) -> BackupRun {
        let mut run = BackupRun::new(self.origin.clone(), &names.run_id, self.status, &self.raw);
        run.origin.record_id.clone_from(&names.run_id);
        run.resource = Some(names.resource.clone());
        run.component = Some(self.component());
        run.started_at = self.facts.started_at;
        run.status_detail.clone_from(&self.detail);
        run.zone_unknown = self.zone_unknown;
        run.location_id.clone_from(&names.location_id);
        if matches!(self.status, RunStatus::Success | RunStatus::Partial) {
            run.ended_at = self.facts.finished_at;
            run.taken_at = self.facts.finished_at;
            run.bytes = self.facts.bytes;
            run.bytes_stored = self.facts.stored;
            run.recovery_point_id = Some(names.point_id.clone());
        }
        run
    }

    /// The recovery point that it is; none where it was not finished.
    pub(crate) fn point(&self, names: &Names) -> Option<RecoveryPoint> {
        if !matches!(self.status, RunStatus::Success | RunStatus::Partial) {
            return None;
        }
        let mut point = RecoveryPoint::new(self.origin.clone(), &names.point_id);
        point.origin.record_id = format!("point:{}", names.run_id);
        point.resource = Some(names.resource.clone());
        point.run_id = Some(names.run_id.clone());
        point.component = Some(self.component());
        point.taken_at = self.facts.finished_at;
        point.created_at = self.facts.finished_at;
        point.bytes = self.facts.bytes;
        point.complete = self.complete;
        point.zone_unknown = self.zone_unknown;
        point.location_id.clone_from(&names.location_id);
        Some(point)
    }
}

impl BaseBackup {
    /// What two sources tell of one base backup: a finished one was finished, whatever else is seen of it.
    pub(crate) fn merge(&mut self, other: Self) {
        let rank = |s: RunStatus| match s {
            RunStatus::Success => 2,
            RunStatus::Partial => 3,
            RunStatus::Failed | RunStatus::Aborted => 1,
            _ => 0,
        };
        let (mut better, worse) =
            if rank(other.status) > rank(self.status) { (other, self.clone()) } else { (self.clone(), other) };
        better.facts.fill(&worse.facts);
        better.increment |= worse.increment;
        better.zone_unknown &= better.facts.finished_at.is_none();
        better.complete = match (better.complete, worse.complete) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (a, b) => a.or(b),
        };
        better.detail = better.detail.or(worse.detail);
        *self = better;
    }
}

/// How long a base backup without an end is taken to be at work, in hours.
pub(crate) const MAY_RUN_HOURS: i64 = 24;

/// True where something that was last active at `last` may still be at work at `now`.
pub(crate) fn may_run(last: Option<Instant>, now: Instant) -> bool {
    last.is_some_and(|last| (now - last).num_hours() < MAY_RUN_HOURS)
}
