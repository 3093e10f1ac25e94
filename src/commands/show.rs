//! `backproof show`: a population, row by row.

use model::assessment::PeriodInfo;
use serde_json::{Map, json};

use crate::cli::{Globals, PeriodArgs, Table};
use crate::failure::{End, Failure};
use crate::{judge, output, workspace};

impl Table {
    /// Name in JSON, and the columns that people see.
    pub const fn shown(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Runs => (
                "runs",
                &[
                    "started_at",
                    "system_id",
                    "resource",
                    "component",
                    "status",
                    "bytes",
                    "recovery_point_id",
                    "status_detail",
                ],
            ),
            Self::Slots => {
                ("slots", &["scheduled_for", "plan_id", "system_id", "outcome", "attempts", "deadline", "run_ids"])
            }
            Self::Closure => (
                "closure",
                &[
                    "scheduled_for",
                    "plan_id",
                    "system_id",
                    "outcome",
                    "alerted_at",
                    "incident_id",
                    "root_cause",
                    "closed_at",
                    "recovered_at",
                    "broken_link",
                ],
            ),
            Self::RecoveryPoints => (
                "recovery-points",
                &[
                    "taken_at",
                    "system_id",
                    "recovery_point_id",
                    "component",
                    "bytes",
                    "encrypted",
                    "expires_at",
                    "deleted_at",
                    "good",
                ],
            ),
            Self::RestoreTests => (
                "restore-tests",
                &[
                    "ended_at",
                    "system_id",
                    "test_id",
                    "kind",
                    "result",
                    "integrity_result",
                    "started_at",
                    "service_ready_at",
                    "performer",
                ],
            ),
            Self::Systems => {
                ("systems", &["system_id", "name", "kind", "tier", "criticality", "owner", "in_scope", "resources"])
            }
            Self::Plans => (
                "plans",
                &["plan_id", "system_id", "component", "schedule", "timezone", "retention_s", "enabled", "location_id"],
            ),
            Self::Sources => (
                "sources",
                &[
                    "kind",
                    "source_id",
                    "status",
                    "complete",
                    "record_count",
                    "period_start",
                    "period_end",
                    "collected_at",
                    "reason",
                ],
            ),
            Self::Waivers => (
                "waivers",
                &[
                    "exception_id",
                    "risk_level",
                    "status",
                    "system_ids",
                    "check_ids",
                    "effective_from",
                    "effective_to",
                    "approvals_missing",
                    "approval_defects",
                ],
            ),
            Self::Incidents => (
                "incidents",
                &["incident_id", "kind", "cause_class", "system_ids", "opened_at", "closed_at", "root_cause"],
            ),
            Self::Storage => (
                "storage",
                &[
                    "location_id",
                    "region",
                    "encryption_default",
                    "default_cipher",
                    "public_access",
                    "immutability",
                    "replication_targets",
                    "observed_at",
                ],
            ),
            Self::Assets => (
                "assets",
                &["asset_id", "kind", "system_id", "environment", "first_seen_at", "last_seen_at", "excluded_reason"],
            ),
            Self::Documents => (
                "documents",
                &["document_id", "kind", "title", "version", "approved_by", "approved_at", "next_review_due"],
            ),
            Self::Controls => (
                "controls",
                &[
                    "framework",
                    "control_id",
                    "title",
                    "state",
                    "only_waived",
                    "failed_by",
                    "lacks_evidence",
                    "supported_by",
                ],
            ),
            Self::Statements => {
                ("statements", &["statement_id", "section", "state", "failed_by", "missing", "paraphrase"])
            }
            Self::Drift => ("drift", &["kind", "subject", "field", "before", "after"]),
        }
    }
}

/// Runs the command.
pub fn run(table: Table, period: &PeriodArgs, globals: &Globals) -> Result<End, Failure> {
    let loaded = workspace::open(globals)?;
    judge::with(&loaded, period, globals, |basis, judged, period| {
        let (name, columns) = table.shown();
        let rows = transform::show::rows(name, basis, judged, &period)?.unwrap_or_default();
        let mut envelope = Map::new();
        envelope.insert("schema".into(), json!("backproof.table/1"));
        envelope.insert("table".into(), json!(name));
        envelope.insert("period".into(), json!(PeriodInfo::of(&period, basis.input.as_of)));
        output::rows(envelope, &rows, columns, globals)?;
        Ok(judge::end(judged, None))
    })
}
