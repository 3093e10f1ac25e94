//! Rows that evidence turns into: one struct per normalised table of `controls/model.toml`.
//!
//! A row says what its source said. Absent means "the source does not tell", never a default.
//! Tables that the data model keeps apart but that one reader always fills together carry the
//! other's fields here: a run names the recovery point it made (`taken_at`, `expires_at`,
//! `encrypted`, …) as the generic run record does; a separate [`RecoveryPoint`] row is written
//! where a listing of recovery points exists.

use std::sync::Arc;

use crate::time::Instant;
use crate::words::words;

mod backups;
mod logs;
mod observed;
mod restores;

pub use backups::{BackupRun, IntegrityCheck, Listing, RecoveryPoint};
pub use logs::{LogSegment, PitrSample};
pub use observed::{DiscoveredAsset, ObservedIncident, ObservedPlan, ObservedRecord, StorageLocation};
pub use restores::RestoreTest;

words! {
    /// What a plan or run captures.
    Component {
        Snapshot = "snapshot", Full = "full", Incremental = "incremental",
        LogContinuous = "log_continuous", Logical = "logical", Config = "config",
        Replica = "replica", Mirror = "mirror",
    }
}
words! {
    /// What started a run.
    Trigger { Scheduled = "scheduled", Manual = "manual", Retry = "retry" }
}
words! {
    /// Normalised state of a run. `partial` is a run that ended with warnings about its content.
    RunStatus {
        Success = "success", Partial = "partial", Failed = "failed", Aborted = "aborted",
        Expired = "expired", Running = "running", Pending = "pending", Unknown = "unknown",
    }
}
words! {
    /// Outcome of checking stored or restored data.
    Integrity { Pass = "pass", Fail = "fail", NotChecked = "not_checked" }
}
words! {
    /// Why a recovery point is gone.
    DeleteReason { Expired = "expired", Manual = "manual", Superseded = "superseded", Unknown = "unknown" }
}
words! {
    /// What a restore test restored.
    TestKind {
        Full = "full", Partial = "partial", Item = "item", PointInTime = "point_in_time",
        Tabletop = "tabletop", RealIncident = "real_incident",
    }
}
words! {
    /// Why a restore test was run.
    TestTrigger { Scheduled = "scheduled", PostChange = "post_change", Retest = "retest", Adhoc = "adhoc", Incident = "incident" }
}
words! {
    /// Result of a restore test.
    TestResult {
        Success = "success", Partial = "partial", Failed = "failed",
        Aborted = "aborted", Running = "running", Planned = "planned",
    }
}
words! {
    /// The loss a restore test stands for.
    Scenario { Failure = "failure", Corruption = "corruption", Disaster = "disaster", Other = "other" }
}
words! {
    /// Lock mode of a storage location.
    Immutability { None = "none", Governance = "governance", Compliance = "compliance" }
}

impl RunStatus {
    /// True for states that no later observation of the same run should change.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Partial | Self::Failed | Self::Aborted | Self::Expired)
    }

    /// Order used when two sources disagree about one run: the worse state wins
    /// (`[conventions] duplicates`).
    #[must_use]
    pub const fn badness(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Running => 1,
            Self::Unknown => 2,
            Self::Success => 3,
            Self::Partial => 4,
            Self::Expired => 5,
            Self::Aborted => 6,
            Self::Failed => 7,
        }
    }
}

/// Where a row comes from: enough to find the bytes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Configured source, `<id>` of `[sources.<kind>.<id>]`.
    pub source_id: Arc<str>,
    /// Kind of that source, `<kind>` of `[sources.<kind>.<id>]`.
    pub kind: Arc<str>,
    /// Id of the record at the source; unique and stable within it, so that collecting twice
    /// yields one record.
    pub record_id: String,
    /// When the state was read (UTC).
    pub observed_at: Instant,
    /// SHA-256 (lower-case hex) of the object that holds the record.
    pub evidence: Arc<str>,
    /// JSON pointer into that object, or `line:N` (first line is 1).
    pub pointer: String,
}

/// One row of any table, as a reader hands it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// `backup_runs`
    Run(BackupRun),
    /// `recovery_points`
    RecoveryPoint(RecoveryPoint),
    /// A whole listing of recovery points
    Listing(Listing),
    /// `restore_tests`
    RestoreTest(RestoreTest),
    /// Integrity of recovery points
    IntegrityCheck(IntegrityCheck),
    /// `pitr_status`
    Pitr(PitrSample),
    /// `log_segments`
    LogSegment(LogSegment),
    /// `storage_locations`
    Storage(StorageLocation),
    /// `discovered_assets`
    Asset(DiscoveredAsset),
    /// `backup_plans` as seen at the platform
    Plan(ObservedPlan),
    /// `incidents`
    Incident(ObservedIncident),
    /// A register
    Record(ObservedRecord),
}

impl Row {
    /// Name of the table the row belongs to, as counted in manifests.
    #[must_use]
    pub const fn table(&self) -> &'static str {
        match self {
            Self::Run(_) => "backup_runs",
            Self::RecoveryPoint(_) => "recovery_points",
            Self::Listing(_) => "listings",
            Self::RestoreTest(_) => "restore_tests",
            Self::IntegrityCheck(_) => "integrity_checks",
            Self::Pitr(_) => "pitr_status",
            Self::LogSegment(_) => "log_segments",
            Self::Storage(_) => "storage_locations",
            Self::Asset(_) => "discovered_assets",
            Self::Plan(_) => "backup_plans",
            Self::Incident(_) => "incidents",
            Self::Record(record) => record.table,
        }
    }
}
