//! What went wrong and who noticed: incidents, alerts, daily monitoring.

use chrono::NaiveDate;

use super::record;
use crate::time::Instant;
use crate::words::words;

words! {
    /// What an incident record is.
    IncidentKind { Incident = "incident", Investigation = "investigation" }
}
words! {
    /// What an incident was about.
    CauseClass { BackupFailed = "backup_failed", BackupMissed = "backup_missed", Corruption = "corruption", RestoreFailed = "restore_failed", DataLoss = "data_loss", Access = "access", Other = "other" }
}
record! {
    /// An incident or investigation (`incidents`).
    Incident = "incidents" {
        /// Id.
        incident_id: String,
        /// Kind.
        kind: IncidentKind,
        /// Concerns backup or recovery.
        backup_related: bool,
        /// Class.
        cause_class: Option<CauseClass>,
        /// Severity word of the tracker, verbatim.
        severity: Option<String>,
        /// Systems.
        system_ids: Vec<String>,
        /// Runs.
        run_ids: Vec<String>,
        /// Opened.
        opened_at: Instant,
        /// Closed.
        closed_at: Option<Instant>,
        /// Merged into.
        duplicate_of: Option<String>,
        /// Significant incident.
        significant: bool = false,
        /// Cause.
        root_cause: Option<String>,
        /// How resolved.
        resolution: Option<String>,
        /// Lessons learned.
        lessons_ref: Option<String>,
        /// Actions.
        improvement_action_ids: Vec<String>,
        /// Restore performed.
        restore_test_id: Option<String>,
    }
}

words! {
    /// What an alert announces.
    AlertKind { Failed = "failed", Missed = "missed", Overrun = "overrun", Partial = "partial", Lag = "lag", Corruption = "corruption", Test = "test" }
}
record! {
    /// An alert about backups (`alerts`).
    Alert = "alerts" {
        /// Id.
        alert_id: String,
        /// Kind.
        kind: AlertKind,
        /// Plan.
        plan_id: Option<String>,
        /// Run.
        run_id: Option<String>,
        /// System.
        system_id: Option<String>,
        /// Raised.
        raised_at: Instant,
        /// Where.
        channel: Option<String>,
        /// Seen.
        acknowledged_at: Option<Instant>,
        /// Who.
        acknowledged_by: Option<String>,
        /// Held back, so that nobody was told.
        suppressed: Option<bool>,
    }
}

words! {
    /// How a day was monitored.
    MonitorMethod { Automated = "automated", Human = "human" }
}
record! {
    /// Proof that one day was monitored (`monitor_days`).
    MonitorDay = "monitor_days" {
        /// Calendar day in the reporting zone.
        day: NaiveDate,
        /// Plans or systems covered.
        scope: String,
        /// How.
        method: MonitorMethod,
        /// Monitor or person.
        performed_by: Option<String>,
        /// When.
        performed_at: Option<Instant>,
        /// Runs looked at.
        runs_seen: Option<u64>,
        /// Failures seen.
        failures_seen: Option<u64>,
        /// Record.
        evidence_ref: Option<String>,
    }
}
