//! Runs, and the recovery points that they make, list and check.

use super::{Component, DeleteReason, Integrity, Origin, RunStatus, Trigger};
use crate::time::Instant;

/// One attempt to back up (`backup_runs`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRun {
    /// Id; the source's own where it has one.
    pub run_id: String,
    /// Plan named by the source.
    pub plan_id: Option<String>,
    /// System named by the source (the inventory resolves the rest through `resource`).
    pub system_id: Option<String>,
    /// Resource id `<kind>:<locator>`.
    pub resource: Option<String>,
    /// What it captured.
    pub component: Option<Component>,
    /// What started it; absent where the tool does not tell.
    pub trigger: Option<Trigger>,
    /// Instant of the slot, where the source knows it.
    pub scheduled_for: Option<Instant>,
    /// 1 for the first attempt.
    pub attempt_no: Option<u32>,
    /// Run it repeats.
    pub retry_of: Option<String>,
    /// Start (UTC).
    pub started_at: Option<Instant>,
    /// End (UTC).
    pub ended_at: Option<Instant>,
    /// Normalised state.
    pub status: RunStatus,
    /// State as the source gave it, verbatim.
    pub status_raw: String,
    /// Message of the source about this state.
    pub status_detail: Option<String>,
    /// Bytes of source data the run captured (its whole logical size).
    pub bytes: Option<u64>,
    /// Bytes it added to, or takes in, the repository after compression and deduplication.
    pub bytes_stored: Option<u64>,
    /// Recovery point it made.
    pub recovery_point_id: Option<String>,
    /// Point in time the data are consistent at, where it differs from the start.
    pub taken_at: Option<Instant>,
    /// When the recovery point will be deleted.
    pub expires_at: Option<Instant>,
    /// Encrypted at rest.
    pub encrypted: Option<bool>,
    /// Algorithm and mode, as the source names it.
    pub cipher: Option<String>,
    /// Where the recovery point is.
    pub location_id: Option<String>,
    /// The source states that nothing changed, so zero bytes are right.
    pub unchanged: bool,
    /// Concluded from what is stored: nothing tells of the attempt itself, its start, or attempts that left nothing.
    pub inferred: bool,
    /// A time of this record had no zone and none is configured: unusable for time tests
    /// (reason `zone_unknown`).
    pub zone_unknown: bool,
    /// Lineage.
    pub origin: Origin,
}

impl BackupRun {
    /// A run of which only identity and state are known.
    #[must_use]
    pub fn new(origin: Origin, run_id: impl Into<String>, status: RunStatus, status_raw: impl Into<String>) -> Self {
        Self {
            run_id: run_id.into(),
            plan_id: None,
            system_id: None,
            resource: None,
            component: None,
            trigger: None,
            scheduled_for: None,
            attempt_no: None,
            retry_of: None,
            started_at: None,
            ended_at: None,
            status,
            status_raw: status_raw.into(),
            status_detail: None,
            bytes: None,
            bytes_stored: None,
            recovery_point_id: None,
            taken_at: None,
            expires_at: None,
            encrypted: None,
            cipher: None,
            location_id: None,
            unchanged: false,
            inferred: false,
            zone_unknown: false,
            origin,
        }
    }
}

/// A restorable copy (`recovery_points`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryPoint {
    /// Id.
    pub recovery_point_id: String,
    /// System named by the source.
    pub system_id: Option<String>,
    /// Resource id `<kind>:<locator>`.
    pub resource: Option<String>,
    /// Plan named by the source.
    pub plan_id: Option<String>,
    /// Run that made it.
    pub run_id: Option<String>,
    /// What it holds.
    pub component: Option<Component>,
    /// Point in time the data are consistent at (UTC).
    pub taken_at: Option<Instant>,
    /// When the copy was complete (UTC).
    pub created_at: Option<Instant>,
    /// When it will be deleted.
    pub expires_at: Option<Instant>,
    /// When it was deleted.
    pub deleted_at: Option<Instant>,
    /// Why it was deleted.
    pub delete_reason: Option<DeleteReason>,
    /// Who deleted it.
    pub deleted_by: Option<String>,
    /// Where it is.
    pub location_id: Option<String>,
    /// Recovery point it is a copy of.
    pub copy_of: Option<String>,
    /// Size in bytes of the data it holds.
    pub bytes: Option<u64>,
    /// Encrypted at rest.
    pub encrypted: Option<bool>,
    /// Algorithm and mode.
    pub cipher: Option<String>,
    /// Key.
    pub key_id: Option<String>,
    /// All parts present.
    pub complete: Option<bool>,
    /// Last integrity check.
    pub integrity_checked_at: Option<Instant>,
    /// Its result.
    pub integrity_result: Option<Integrity>,
    /// Locked against deletion until.
    pub immutable_until: Option<Instant>,
    /// As in [`BackupRun::zone_unknown`].
    pub zone_unknown: bool,
    /// Lineage.
    pub origin: Origin,
}

impl RecoveryPoint {
    /// A recovery point of which only the identity is known.
    #[must_use]
    pub fn new(origin: Origin, id: impl Into<String>) -> Self {
        Self {
            recovery_point_id: id.into(),
            system_id: None,
            resource: None,
            plan_id: None,
            run_id: None,
            component: None,
            taken_at: None,
            created_at: None,
            expires_at: None,
            deleted_at: None,
            delete_reason: None,
            deleted_by: None,
            location_id: None,
            copy_of: None,
            bytes: None,
            encrypted: None,
            cipher: None,
            key_id: None,
            complete: None,
            integrity_checked_at: None,
            integrity_result: None,
            immutable_until: None,
            zone_unknown: false,
            origin,
        }
    }
}

/// Everything a source listed at one moment: what lets a later absence mean "deleted".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Resource that was listed.
    pub resource: String,
    /// When (UTC).
    pub listed_at: Instant,
    /// Ids of all recovery points present.
    pub recovery_point_ids: Vec<String>,
    /// True where the listing shows it is whole.
    pub complete: bool,
    /// Lineage.
    pub origin: Origin,
}

/// A check of stored backups (`verify`, `check`): sets the integrity of recovery points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrityCheck {
    /// Id.
    pub check_id: String,
    /// Resource whose recovery points were checked.
    pub resource: String,
    /// The points checked; empty means all that existed then.
    pub recovery_point_ids: Vec<String>,
    /// Start (UTC).
    pub started_at: Option<Instant>,
    /// End (UTC).
    pub ended_at: Option<Instant>,
    /// Normalised state of the check itself: success, partial, failed, aborted, unknown.
    pub status: RunStatus,
    /// What it found.
    pub result: Integrity,
    /// State as the source gave it, verbatim.
    pub status_raw: String,
    /// Message of the source.
    pub status_detail: Option<String>,
    /// Lineage.
    pub origin: Origin,
}
