//! Documents, their versions, signatures and acknowledgements.

use chrono::NaiveDate;

use super::record;
use crate::time::Instant;
use crate::words::words;

words! {
    /// What a document is.
    DocumentKind { Policy = "policy", BackupConfiguration = "backup_configuration", Objectives = "objectives", EncryptionConfiguration = "encryption_configuration", KeyReference = "key_reference", AccessList = "access_list", RecoveryProcedure = "recovery_procedure", TestReport = "test_report", StatusRecord = "status_record", Dashboard = "dashboard", MetricReport = "metric_report", Contract = "contract", ProviderReport = "provider_report", Sanctions = "sanctions", Attestation = "attestation", Other = "other" }
}
record! {
    /// A document or record (`documents`).
    Document = "documents" {
        /// Id.
        document_id: String,
        /// Kind.
        kind: DocumentKind,
        /// Title.
        title: Option<String>,
        /// Version.
        version: String,
        /// Systems it covers.
        system_ids: Vec<String>,
        /// Owner.
        owner_role: Option<String>,
        /// Approver.
        approved_by: Option<String>,
        /// Role.
        approved_role: Option<String>,
        /// Approval.
        approved_at: Option<Instant>,
        /// From.
        effective_from: Option<Instant>,
        /// Due.
        next_review_due: Option<NaiveDate>,
        /// Keep until.
        retain_until: Option<NaiveDate>,
        /// Label.
        classification: Option<String>,
        /// Where.
        location_ref: Option<String>,
        /// SHA-256.
        digest: Option<String>,
    }
}

record! {
    /// A row of the version history printed in a document (`document_history`).
    DocumentVersion = "document_history" {
        /// Document.
        document_id: String,
        /// Version.
        version: String,
        /// Date.
        dated: NaiveDate,
        /// Author.
        author: Option<String>,
        /// Change.
        change: Option<String>,
        /// Row records an approval.
        approval: Option<bool>,
    }
}

record! {
    /// A line of a signature block (`signatures`).
    Signature = "signatures" {
        /// Document.
        document_id: String,
        /// Role.
        role: String,
        /// Name.
        name: Option<String>,
        /// Date.
        signed_at: Option<NaiveDate>,
        /// Signature.
        signature_ref: Option<String>,
        /// Version signed.
        version: Option<String>,
    }
}

record! {
    /// Who acknowledged which version of a document (`acknowledgements`).
    Acknowledgement = "acknowledgements" {
        /// Document.
        document_id: String,
        /// Version.
        version: String,
        /// Person.
        person: String,
        /// When.
        acknowledged_at: Instant,
    }
}
