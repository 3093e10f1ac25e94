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

/// A restore test or real restore (`restore_tests`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreTest {
    /// Id.
    pub test_id: String,
    /// System named by the source.
    pub system_id: Option<String>,
    /// Resource id `<kind>:<locator>`, for restores seen in a tool's log.
    pub resource: Option<String>,
    /// What was restored.
    pub recovery_point_id: Option<String>,
    /// Kind.
    pub kind: Option<TestKind>,
    /// Why.
    pub trigger: Option<TestTrigger>,
    /// Change it follows.
    pub change_id: Option<String>,
    /// Test it repeats.
    pub retest_of: Option<String>,
    /// Planned.
    pub planned_for: Option<Instant>,
    /// Restore ordered.
    pub started_at: Option<Instant>,
    /// Data copied back.
    pub restore_finished_at: Option<Instant>,
    /// Validated and usable.
    pub service_ready_at: Option<Instant>,
    /// Moment the loss is taken to have happened.
    pub failure_point_at: Option<Instant>,
    /// Newest data present after the restore.
    pub recovered_to_at: Option<Instant>,
    /// Test closed.
    pub ended_at: Option<Instant>,
    /// Result.
    pub result: TestResult,
    /// Checked against the source.
    pub integrity_result: Option<Integrity>,
    /// Count before.
    pub records_expected: Option<u64>,
    /// Count after.
    pub records_restored: Option<u64>,
    /// Where it was restored.
    pub environment: Option<String>,
    /// Kept apart from production.
    pub isolated: Option<bool>,
    /// Who did it.
    pub performer: Option<String>,
    /// Who reviewed it.
    pub reviewer: Option<String>,
    /// System owner who accepted it.
    pub owner_confirmed_by: Option<String>,
    /// When.
    pub owner_confirmed_at: Option<Instant>,
    /// Loss the test stands for.
    pub scenario: Option<Scenario>,
    /// Size of the test against production.
    pub scale: Option<String>,
    /// Problems found.
    pub issues: Vec<String>,
    /// Report.
    pub report_ref: Option<String>,
    /// When the report was filed, where the source tells.
    pub reported_at: Option<Instant>,
    /// Bytes restored.
    pub bytes: Option<u64>,
    /// State as the source gave it, verbatim.
    pub status_raw: String,
    /// Message of the source about this state.
    pub status_detail: Option<String>,
    /// True for a restore read from a tool's log (duration and result, but no test report).
    pub from_log: bool,
    /// As in [`BackupRun::zone_unknown`].
    pub zone_unknown: bool,
    /// Lineage.
    pub origin: Origin,
}

impl RestoreTest {
    /// A restore of which only identity and result are known.
    #[must_use]
    pub fn new(origin: Origin, id: impl Into<String>, result: TestResult, status_raw: impl Into<String>) -> Self {
        Self {
            test_id: id.into(),
            system_id: None,
            resource: None,
            recovery_point_id: None,
            kind: None,
            trigger: None,
            change_id: None,
            retest_of: None,
            planned_for: None,
            started_at: None,
            restore_finished_at: None,
            service_ready_at: None,
            failure_point_at: None,
            recovered_to_at: None,
            ended_at: None,
            result,
            integrity_result: None,
            records_expected: None,
            records_restored: None,
            environment: None,
            isolated: None,
            performer: None,
            reviewer: None,
            owner_confirmed_by: None,
            owner_confirmed_at: None,
            scenario: None,
            scale: None,
            issues: Vec::new(),
            report_ref: None,
            reported_at: None,
            bytes: None,
            status_raw: status_raw.into(),
            status_detail: None,
            from_log: false,
            zone_unknown: false,
            origin,
        }
    }
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

/// What range of time could be restored at one moment (`pitr_status`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PitrSample {
    /// System named by the source.
    pub system_id: Option<String>,
    /// Resource id `<kind>:<locator>`.
    pub resource: Option<String>,
    /// Sample time.
    pub observed_at: Instant,
    /// Oldest restorable point.
    pub earliest_restorable_at: Option<Instant>,
    /// Newest restorable point.
    pub latest_restorable_at: Option<Instant>,
    /// Last log shipped.
    pub last_archived_at: Option<Instant>,
    /// Failures since the last sample.
    pub archive_failures: Option<u64>,
    /// Lineage.
    pub origin: Origin,
}

/// A shipped transaction log, or an unbroken sequence of them (`log_segments`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSegment {
    /// System named by the source.
    pub system_id: Option<String>,
    /// Resource id `<kind>:<locator>`.
    pub resource: Option<String>,
    /// History branch.
    pub timeline: String,
    /// Sequence name; of several, the first one's.
    pub segment: String,
    /// Last one of the sequence; absent for a single one.
    pub last_segment: Option<String>,
    /// How many there are; absent for a single one.
    pub segments: Option<u64>,
    /// Expected predecessor; absent where none is needed, or nobody can tell.
    pub previous_segment: Option<String>,
    /// How many are lost right before it, where the listing tells.
    pub lost_before: Option<u64>,
    /// When the first was shipped.
    pub archived_from: Option<Instant>,
    /// When it was shipped; of several, when all of them were.
    pub archived_at: Option<Instant>,
    /// Longest time between two of them, in seconds.
    pub largest_gap_s: Option<i64>,
    /// From then on a base and all logs up to the newest of these were there: they can be restored.
    pub restorable_from: Option<Instant>,
    /// When the archive was listed.
    pub listed_at: Option<Instant>,
    /// Where it is.
    pub location_id: Option<String>,
    /// Lineage.
    pub origin: Origin,
}

impl LogSegment {
    /// A single segment of which only the name is known.
    #[must_use]
    pub fn new(origin: Origin, timeline: impl Into<String>, segment: impl Into<String>) -> Self {
        Self {
            system_id: None,
            resource: None,
            timeline: timeline.into(),
            segment: segment.into(),
            last_segment: None,
            segments: None,
            previous_segment: None,
            lost_before: None,
            archived_from: None,
            archived_at: None,
            largest_gap_s: None,
            restorable_from: None,
            listed_at: None,
            location_id: None,
            origin,
        }
    }

    /// Last segment of the sequence.
    #[must_use]
    pub fn last(&self) -> &str {
        self.last_segment.as_deref().unwrap_or(&self.segment)
    }
}

/// Where backups are kept (`storage_locations`). Absent means "not determined", never "off".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageLocation {
    /// Id, for example `s3:bucket`.
    pub location_id: String,
    /// Platform.
    pub platform_id: String,
    /// Provider.
    pub provider: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Account or project.
    pub account_ref: Option<String>,
    /// Provider's durability class.
    pub durability_class: Option<String>,
    /// Data held in more than one zone or site.
    pub multi_zone: Option<bool>,
    /// Locations it replicates to.
    pub replication_targets: Vec<String>,
    /// New objects are encrypted.
    pub encryption_default: Option<bool>,
    /// Algorithm.
    pub default_cipher: Option<String>,
    /// Key.
    pub default_key_id: Option<String>,
    /// Lowest protocol version accepted.
    pub tls_min_enforced: Option<String>,
    /// Unencrypted access is refused.
    pub plain_access_denied: Option<bool>,
    /// Reachable without authentication.
    pub public_access: Option<bool>,
    /// Lock mode.
    pub immutability: Option<Immutability>,
    /// Versioning of objects is on.
    pub versioning: Option<bool>,
    /// Lifecycle: objects expire after this many seconds (whole location).
    pub expires_after_s: Option<i64>,
    /// When read.
    pub observed_at: Instant,
    /// Lineage.
    pub origin: Origin,
}

/// Something a platform shows that may hold data (`discovered_assets`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredAsset {
    /// Resource id at the platform, `<kind>:<locator>`.
    pub asset_id: String,
    /// What it is.
    pub kind: String,
    /// Platform.
    pub platform_id: String,
    /// From tags or account.
    pub environment: Option<String>,
    /// First seen.
    pub first_seen_at: Instant,
    /// Last seen.
    pub last_seen_at: Instant,
    /// Why it needs no inventory row (archived, cannot hold data …).
    pub excluded_reason: Option<String>,
    /// Named settings worth showing to an auditor, as (name, value), sorted by name.
    pub settings: Vec<(String, String)>,
    /// Lineage.
    pub origin: Origin,
}

/// A backup configured at a platform, as the platform shows it (a reading of `backup_plans`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPlan {
    /// Id at the platform.
    pub plan_id: String,
    /// Resource it protects.
    pub resource: Option<String>,
    /// What it captures.
    pub component: Option<Component>,
    /// Recurrence as the platform writes it.
    pub schedule: Option<String>,
    /// IANA zone of the schedule.
    pub timezone: Option<String>,
    /// Seconds each recovery point is kept.
    pub retention_s: Option<i64>,
    /// Number of recovery points kept.
    pub retention_count: Option<u32>,
    /// Active; `Some(false)` where the platform shows that automatic backup is off.
    pub enabled: Option<bool>,
    /// When read.
    pub observed_at: Instant,
    /// Lineage.
    pub origin: Origin,
}

/// An incident read from a tracker (`incidents`), before the register is joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedIncident {
    /// The register row it amounts to.
    pub incident: crate::registers::Incident,
    /// Lineage.
    pub origin: Origin,
}

/// A row of a register read from a tracker, with the rows that stand in it, before the register is joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedRecord {
    /// Register.
    pub table: &'static str,
    /// Its rows and those of others that it holds (an exception and the decisions on it).
    pub rows: Box<crate::registers::Registers>,
    /// Lineage.
    pub origin: Origin,
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
