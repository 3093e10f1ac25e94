//! What people recorded about backups, as reports print it. Where a register was not given its list is absent: an
//! empty list says that nothing was recorded.

use serde::Serialize;

use crate::time::{Instant, utc_seconds};

/// Who is responsible, who reviewed, what went wrong and what is done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Governance {
    /// Roles of the policy with those who held them at the end of the period, in the policy's order.
    pub roles: Vec<RoleSheet>,
    /// Backup-related incidents and investigations that were open at some time of the period, in order of opening.
    pub incidents: Option<Vec<IncidentSheet>>,
    /// Actions that were open at some time of the period, in order of what is due first.
    pub actions: Option<Vec<ActionSheet>>,
    /// Reviews and audits up to the end of the period, oldest first.
    pub reviews: Option<Vec<ReviewSheet>>,
    /// Documents of the register, each version, in order of id and version.
    pub documents: Option<Vec<DocumentSheet>>,
    /// Who could reach a backup platform at the end of the period, in order of platform and principal.
    pub access: Option<Vec<AccessSheet>>,
}

/// A role of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleSheet {
    /// Role id.
    pub role_id: String,
    /// Its name.
    pub name: String,
    /// Who held it at the end of the period; empty where nobody is on record.
    pub holders: Vec<String>,
}

/// A backup-related incident or investigation. Texts are empty where nothing is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IncidentSheet {
    /// Id.
    pub incident_id: String,
    /// `incident` or `investigation`.
    pub kind: String,
    /// What it was about.
    pub cause_class: String,
    /// Severity in the tracker's own word.
    pub severity: String,
    /// Names of systems.
    pub systems: Vec<String>,
    /// When it was opened.
    #[serde(with = "utc_seconds")]
    pub opened_at: Instant,
    /// When it was closed.
    #[serde(with = "utc_seconds::option")]
    pub closed_at: Option<Instant>,
    /// Significant by the policy's criteria.
    pub significant: bool,
    /// Root cause.
    pub root_cause: String,
    /// Resolution.
    pub resolution: String,
    /// Document with the lessons learned.
    pub lessons: String,
    /// Actions that it led to.
    pub actions: Vec<String>,
}

/// A corrective or improvement action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionSheet {
    /// Id.
    pub action_id: String,
    /// What it answers: kind and id.
    pub origin: String,
    /// Kind.
    pub kind: String,
    /// Who does it.
    pub owner: String,
    /// When it was opened.
    #[serde(with = "utc_seconds")]
    pub opened_at: Instant,
    /// When it is due.
    #[serde(with = "utc_seconds::option")]
    pub due_at: Option<Instant>,
    /// When it was closed.
    #[serde(with = "utc_seconds::option")]
    pub closed_at: Option<Instant>,
    /// When its effect was checked.
    #[serde(with = "utc_seconds::option")]
    pub verified_at: Option<Instant>,
    /// Due before the end of the period, and not closed by then.
    pub overdue: bool,
}

/// A review or audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewSheet {
    /// Id.
    pub review_id: String,
    /// Kind.
    pub kind: String,
    /// From when it looked.
    #[serde(with = "utc_seconds::option")]
    pub from: Option<Instant>,
    /// To when.
    #[serde(with = "utc_seconds::option")]
    pub to: Option<Instant>,
    /// When it was done.
    #[serde(with = "utc_seconds")]
    pub performed_at: Instant,
    /// By whom.
    pub performer: String,
    /// What it found or decided.
    pub findings: Vec<String>,
    /// Actions that it led to.
    pub actions: Vec<String>,
    /// Who signed it off.
    pub signed_off_by: String,
    /// Its record.
    pub record: String,
}

/// A version of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentSheet {
    /// Id.
    pub document_id: String,
    /// Kind.
    pub kind: String,
    /// Title.
    pub title: String,
    /// Version.
    pub version: String,
    /// Who approved it, and as what.
    pub approved_by: String,
    /// When.
    #[serde(with = "utc_seconds::option")]
    pub approved_at: Option<Instant>,
    /// From when it binds.
    #[serde(with = "utc_seconds::option")]
    pub effective_from: Option<Instant>,
    /// When it must be reviewed next, `YYYY-MM-DD`.
    pub next_review_due: String,
    /// Who signed it: role, name and day.
    pub signatures: Vec<String>,
    /// Where it is kept.
    pub location: String,
    /// SHA-256 of the document.
    pub digest: String,
}

/// What one principal may do on one backup platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessSheet {
    /// Platform.
    pub platform_id: String,
    /// Person or service.
    pub principal_id: String,
    /// `human`, `service` or `break_glass`.
    pub kind: String,
    /// State of the second factor; empty where nobody recorded it.
    pub mfa: String,
    /// Where that was read.
    pub mfa_source: String,
    /// Level of the permission.
    pub privilege: String,
    /// The role that it comes through.
    pub role: String,
    /// Can delete or shorten recovery points.
    pub can_delete: Option<bool>,
    /// Who approved it, with the request.
    pub approved_by: String,
    /// Last review of the platform's permissions.
    #[serde(with = "utc_seconds::option")]
    pub reviewed_at: Option<Instant>,
}
