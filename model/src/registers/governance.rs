//! Records of managing: actions, reviews, approvals, roles, changes, duties, issued metrics.

use chrono::NaiveDate;

use super::record;
use crate::time::Instant;
use crate::words::words;

words! {
    /// What an action answers.
    ActionOrigin { Check = "check", Incident = "incident", Review = "review", Test = "test", Exception = "exception" }
}
words! {
    /// What an action is.
    ActionKind { Corrective = "corrective", Preventive = "preventive", Improvement = "improvement", Disciplinary = "disciplinary", Technical = "technical" }
}
record! {
    /// A corrective or improvement action (`actions`).
    Action = "actions" {
        /// Id.
        action_id: String,
        /// Origin.
        origin_kind: Option<ActionOrigin>,
        /// Which.
        origin_ref: Option<String>,
        /// Kind.
        kind: Option<ActionKind>,
        /// Who.
        owner: Option<String>,
        /// Opened.
        opened_at: Instant,
        /// Due.
        due_at: Option<Instant>,
        /// Closed.
        closed_at: Option<Instant>,
        /// Result checked.
        verified_at: Option<Instant>,
    }
}

words! {
    /// What a review looked at.
    ReviewKind { CoverageRetention = "coverage_retention", JobStatus = "job_status", RestoreReports = "restore_reports", ObjectivePerformance = "objective_performance", DesignVerification = "design_verification", InternalAudit = "internal_audit", Management = "management", Policy = "policy", IncidentReports = "incident_reports" }
}
record! {
    /// A review or audit (`reviews`).
    Review = "reviews" {
        /// Id.
        review_id: String,
        /// Kind.
        kind: ReviewKind,
        /// From.
        period_start: Option<Instant>,
        /// To.
        period_end: Option<Instant>,
        /// When.
        performed_at: Instant,
        /// Who.
        performer: Option<String>,
        /// Role.
        performer_role: Option<String>,
        /// Systems, plans or * for all.
        scope: Vec<String>,
        /// Records looked at, with digests.
        inputs: Vec<String>,
        /// Findings, empty where none.
        findings: Vec<String>,
        /// Actions.
        action_ids: Vec<String>,
        /// Who.
        signed_off_by: Option<String>,
        /// Record.
        evidence_ref: Option<String>,
    }
}

words! {
    /// What an approval approves.
    ApprovalSubject { Section31 = "section_3_1", Section32 = "section_3_2", Section33 = "section_3_3", Section = "section", Platform = "platform", Objective = "objective", Plan = "plan", ScopeExclusion = "scope_exclusion" }
}
record! {
    /// An approval that the policy asks for (`approvals`).
    Approval = "approvals" {
        /// Id.
        approval_id: String,
        /// What.
        subject_kind: ApprovalSubject,
        /// Which.
        subject_ref: Option<String>,
        /// Role.
        role: Option<String>,
        /// Person.
        approver: Option<String>,
        /// When.
        approved_at: Instant,
        /// Record.
        evidence_ref: Option<String>,
    }
}

record! {
    /// Who held a role, and when (`role_assignments`).
    RoleAssignment = "role_assignments" {
        /// Role id.
        role: String,
        /// Person.
        person: String,
        /// From.
        valid_from: Instant,
        /// To.
        valid_to: Option<Instant>,
        /// Record.
        appointment_ref: Option<String>,
        /// Who delegated the role to the person, in the writing that the record is.
        delegated_by: Option<String>,
    }
}

record! {
    /// A change to systems or backups (`changes`).
    Change = "changes" {
        /// Id.
        change_id: String,
        /// Systems.
        system_ids: Vec<String>,
        /// Meets the criteria for a significant change.
        significant: bool,
        /// Kind.
        kind: Option<String>,
        /// Begun.
        started_at: Option<Instant>,
        /// Done.
        completed_at: Instant,
        /// Taken back.
        rolled_back_at: Option<Instant>,
        /// Touches data layout, platform, keys or plan.
        affects_backup: Option<bool>,
        /// Record.
        ticket_ref: Option<String>,
        /// Who carried the media.
        carried_by: Option<String>,
    }
}

words! {
    /// What a duty sets.
    ObligationKind { Availability = "availability", RetentionMin = "retention_min", RetentionMax = "retention_max", Restoration = "restoration", Location = "location" }
}
record! {
    /// A legal, regulatory or contractual duty (`obligations`).
    Obligation = "obligations" {
        /// Id.
        obligation_id: String,
        /// Law, contract or commitment.
        source: Option<String>,
        /// What it sets.
        kind: ObligationKind,
        /// The value.
        value: String,
        /// Systems it binds.
        system_ids: Vec<String>,
        /// From.
        valid_from: Option<NaiveDate>,
        /// To.
        valid_to: Option<NaiveDate>,
        /// Last review.
        reviewed_at: Option<Instant>,
    }
}

record! {
    /// A metric as it was issued (`metric_reports`).
    MetricReport = "metric_reports" {
        /// Metric.
        metric_id: String,
        /// From.
        period_start: Instant,
        /// To.
        period_end: Instant,
        /// Value as issued, verbatim.
        value: Option<String>,
        /// Numerator.
        numerator: Option<u64>,
        /// Denominator.
        denominator: Option<u64>,
        /// Left out for lack of evidence.
        unknown: Option<u64>,
        /// Issued.
        issued_at: Option<Instant>,
        /// Who.
        issued_by: Option<String>,
        /// Role.
        issuer_role: Option<String>,
        /// Why it differs from what the records give now.
        difference_note: Option<String>,
        /// Record.
        evidence_ref: Option<String>,
    }
}
