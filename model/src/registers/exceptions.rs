//! Exceptions to the policy and the decisions on them.

use chrono::NaiveDate;

use super::record;
use crate::time::Instant;
use crate::words::words;

words! {
    /// Level that decides who must approve an exception (policy section 7.2).
    RiskLevel { Low = "low", Medium = "medium", High = "high", Critical = "critical" }
}
words! {
    /// State of an exception request.
    ExceptionStatus { Draft = "draft", Submitted = "submitted", Approved = "approved", Rejected = "rejected", Closed = "closed", Expired = "expired" }
}
record! {
    /// An exception to the policy (`exceptions`).
    Exception = "exceptions" {
        /// Id.
        exception_id: String,
        /// Submitted.
        submitted_at: Option<Instant>,
        /// Who.
        requester: Option<String>,
        /// Written request.
        in_writing_ref: Option<String>,
        /// Policy statements.
        statement_ids: Vec<String>,
        /// Checks.
        check_ids: Vec<String>,
        /// Systems, or *.
        system_ids: Vec<String>,
        /// Why.
        justification: Option<String>,
        /// Impact.
        business_impact: Option<String>,
        /// What is done instead.
        compensating_controls: Option<String>,
        /// Level.
        risk_level: Option<RiskLevel>,
        /// How the level was set.
        risk_basis: Option<String>,
        /// From.
        valid_from: Option<Instant>,
        /// To.
        expires_at: Option<Instant>,
        /// Plan.
        remediation_plan: Option<String>,
        /// Due.
        remediation_due: Option<NaiveDate>,
        /// Done.
        remediation_done_at: Option<Instant>,
        /// State.
        status: ExceptionStatus,
        /// Closed.
        closed_at: Option<Instant>,
        /// Exception it renews.
        renewal_of: Option<String>,
    }
}

words! {
    /// Decision of one approver.
    Decision { Approve = "approve", Reject = "reject" }
}
record! {
    /// A decision on an exception (`exception_approvals`).
    ExceptionApproval = "exception_approvals" {
        /// Exception.
        exception_id: String,
        /// Role decided as.
        role: String,
        /// Person.
        approver: String,
        /// Decision.
        decision: Decision,
        /// When.
        decided_at: Instant,
        /// Record.
        evidence_ref: Option<String>,
    }
}
