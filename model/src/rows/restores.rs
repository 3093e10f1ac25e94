//! Restores.

use super::{Integrity, Origin, Scenario, TestKind, TestResult, TestTrigger};
use crate::time::Instant;

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
    /// Losses the test stands for.
    pub scenario: Vec<Scenario>,
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
    /// As in [`super::BackupRun::zone_unknown`].
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
            scenario: Vec::new(),
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
