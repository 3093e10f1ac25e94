//! Registers: what people record about backups, one row type a table of `controls/model.toml`.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::time::Instant;
use crate::words::words;

words! {
    /// Level that decides who must approve an exception (policy section 7.2).
    RiskLevel { Low = "low", Medium = "medium", High = "high", Critical = "critical" }
}
words! {
    /// State of an exception request.
    ExceptionStatus {
        Draft = "draft", Submitted = "submitted", Approved = "approved",
        Rejected = "rejected", Closed = "closed", Expired = "expired",
    }
}
words! {
    /// Decision of one approver.
    Decision { Approve = "approve", Reject = "reject" }
}
words! {
    /// What an incident record is.
    IncidentKind { Incident = "incident", Investigation = "investigation" }
}
words! {
    /// What an incident was about.
    CauseClass {
        BackupFailed = "backup_failed", BackupMissed = "backup_missed", Corruption = "corruption",
        RestoreFailed = "restore_failed", DataLoss = "data_loss", Access = "access", Other = "other",
    }
}

/// An exception to the policy (`exceptions`); effective only with its [`ExceptionApproval`]s.
///
/// Fields that EXC-01 tests may be empty: an incomplete request is a finding, not a broken file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Id.
    pub exception_id: String,
    /// Submitted.
    #[serde(default)]
    pub submitted_at: Option<Instant>,
    /// Who asked.
    #[serde(default)]
    pub requester: Option<String>,
    /// Written request.
    #[serde(default)]
    pub in_writing_ref: Option<String>,
    /// Policy statements.
    #[serde(default)]
    pub statement_ids: Vec<String>,
    /// Checks.
    #[serde(default)]
    pub check_ids: Vec<String>,
    /// Systems, or `*`.
    #[serde(default)]
    pub system_ids: Vec<String>,
    /// Why.
    #[serde(default)]
    pub justification: Option<String>,
    /// Impact.
    #[serde(default)]
    pub business_impact: Option<String>,
    /// What is done instead.
    #[serde(default)]
    pub compensating_controls: Option<String>,
    /// Level.
    #[serde(default)]
    pub risk_level: Option<RiskLevel>,
    /// How the level was set.
    #[serde(default)]
    pub risk_basis: Option<String>,
    /// From.
    #[serde(default)]
    pub valid_from: Option<Instant>,
    /// To (exclusive).
    #[serde(default)]
    pub expires_at: Option<Instant>,
    /// Plan to remove the deviation.
    #[serde(default)]
    pub remediation_plan: Option<String>,
    /// Due.
    #[serde(default)]
    pub remediation_due: Option<NaiveDate>,
    /// Done.
    #[serde(default)]
    pub remediation_done_at: Option<Instant>,
    /// State.
    pub status: ExceptionStatus,
    /// Closed.
    #[serde(default)]
    pub closed_at: Option<Instant>,
    /// Exception it renews.
    #[serde(default)]
    pub renewal_of: Option<String>,
}

/// A decision on an exception (`exception_approvals`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionApproval {
    /// Exception.
    pub exception_id: String,
    /// Role decided as.
    pub role: String,
    /// Person.
    pub approver: String,
    /// Decision.
    pub decision: Decision,
    /// When.
    pub decided_at: Instant,
    /// Record.
    #[serde(default)]
    pub evidence_ref: Option<String>,
}

/// An incident or investigation (`incidents`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Id.
    pub incident_id: String,
    /// Kind.
    pub kind: IncidentKind,
    /// Concerns backup or recovery.
    pub backup_related: bool,
    /// Class.
    #[serde(default)]
    pub cause_class: Option<CauseClass>,
    /// Severity word of the tracker, verbatim.
    #[serde(default)]
    pub severity: Option<String>,
    /// Systems.
    #[serde(default)]
    pub system_ids: Vec<String>,
    /// Runs.
    #[serde(default)]
    pub run_ids: Vec<String>,
    /// Opened.
    pub opened_at: Instant,
    /// Closed.
    #[serde(default)]
    pub closed_at: Option<Instant>,
    /// Merged into.
    #[serde(default)]
    pub duplicate_of: Option<String>,
    /// Significant incident.
    #[serde(default)]
    pub significant: bool,
    /// Cause.
    #[serde(default)]
    pub root_cause: Option<String>,
    /// How resolved.
    #[serde(default)]
    pub resolution: Option<String>,
    /// Lessons learned.
    #[serde(default)]
    pub lessons_ref: Option<String>,
    /// Actions.
    #[serde(default)]
    pub improvement_action_ids: Vec<String>,
    /// Restore performed.
    #[serde(default)]
    pub restore_test_id: Option<String>,
}
