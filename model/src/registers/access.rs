//! Access to backup platforms and production data.

use super::record;
use crate::time::Instant;
use crate::words::words;

words! {
    /// What a principal is.
    PrincipalKind { Human = "human", Service = "service", BreakGlass = "break_glass", Group = "group" }
}
words! {
    /// State of a principal.
    PrincipalStatus { Active = "active", Disabled = "disabled" }
}
words! {
    /// State of the second factor.
    Mfa { Enforced = "enforced", Enrolled = "enrolled", None = "none", NotApplicable = "not_applicable", Unknown = "unknown" }
}
record! {
    /// A person or service that can reach a backup platform (`principals`).
    Principal = "principals" {
        /// Id.
        principal_id: String,
        /// Platform.
        platform_id: String,
        /// Type.
        kind: PrincipalKind,
        /// State.
        status: PrincipalStatus,
        /// Factor state.
        mfa: Option<Mfa>,
        /// Where that was read.
        mfa_source: Option<String>,
        /// Federated, local or shared.
        identity_source: Option<String>,
        /// Accountable person or role of a service.
        custodian: Option<String>,
        /// Groups that it is in, each a principal of the platform or a name that grants use.
        member_of: Vec<String>,
        /// Last use.
        last_used_at: Option<Instant>,
        /// When read.
        observed_at: Option<Instant>,
    }
}

words! {
    /// Level of a permission.
    Privilege { Admin = "admin", Operator = "operator", Reader = "reader" }
}
record! {
    /// A permission on a backup platform or on production data (`access_grants`).
    AccessGrant = "access_grants" {
        /// Id.
        grant_id: String,
        /// Principal.
        principal_id: String,
        /// Platform.
        platform_id: String,
        /// Role the permission comes through.
        role: Option<String>,
        /// Given directly rather than through a role.
        direct: Option<bool>,
        /// What it reaches.
        scope: Option<String>,
        /// Level.
        privilege: Option<Privilege>,
        /// Can delete or shorten recovery points.
        can_delete_backups: Option<bool>,
        /// Can read production data.
        can_read_production_data: Option<bool>,
        /// From.
        granted_at: Option<Instant>,
        /// To.
        revoked_at: Option<Instant>,
        /// Request.
        approval_ref: Option<String>,
        /// Approver.
        approved_by: Option<String>,
    }
}

record! {
    /// A review of permissions (`access_reviews`).
    AccessReview = "access_reviews" {
        /// Id.
        review_id: String,
        /// Platform.
        platform_id: String,
        /// When.
        performed_at: Instant,
        /// Who.
        reviewer: Option<String>,
        /// Reviewed.
        grants_total: Option<u64>,
        /// Removed.
        grants_removed: Option<u64>,
        /// All changes made.
        completed: Option<bool>,
        /// Record.
        evidence_ref: Option<String>,
    }
}

words! {
    /// Why emergency access is asked for.
    EmergencyPurpose { Forensics = "forensics", ManualRecovery = "manual_recovery", Other = "other" }
}
record! {
    /// A request for emergency access (`emergency_requests`).
    EmergencyRequest = "emergency_requests" {
        /// Id.
        request_id: String,
        /// Who.
        requester: Option<String>,
        /// Why.
        purpose: Option<EmergencyPurpose>,
        /// What.
        system_ids: Vec<String>,
        /// Asked.
        requested_at: Instant,
        /// Who approved.
        approver: Option<String>,
        /// Role.
        approved_role: Option<String>,
        /// When.
        approved_at: Option<Instant>,
        /// From.
        window_start: Instant,
        /// To; a window without an end is a finding.
        window_end: Option<Instant>,
        /// Approved after use.
        retrospective: Option<bool>,
        /// Closed.
        closed_at: Option<Instant>,
        /// Log reviewed.
        reviewed_at: Option<Instant>,
        /// Session log.
        log_ref: Option<String>,
    }
}

record! {
    /// Administrative access to production data or backups (`privileged_events`).
    PrivilegedEvent = "privileged_events" {
        /// Id.
        event_id: String,
        /// Who.
        principal_id: String,
        /// System.
        system_id: Option<String>,
        /// Platform.
        platform_id: Option<String>,
        /// What.
        action: Option<String>,
        /// When.
        at: Instant,
        /// Emergency request.
        request_id: Option<String>,
        /// Done by an approved pipeline.
        automation: Option<bool>,
        /// Log record.
        log_ref: Option<String>,
        /// Source.
        source_id: Option<String>,
    }
}
