//! Backup jobs and copy jobs.
//!
//! States: AWS Backup API, `BackupJob.State` and `CopyJob.State`. A completed job may carry a message: "completed
//! with issues", such as "Windows VSS Backup Job Error encountered, trying for regular backup".

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{BackupRun, Row, RunStatus, Trigger};

use super::reports::later;
use super::{bytes, component, newest};
use crate::aws::{Answers, Failure, Item};
use crate::{Batch, Sink};

/// Reads jobs, and those of `reported`; answers the recovery points that they made.
pub(super) fn read(
    batch: &Batch<'_>,
    answers: &Answers<'_>,
    mut reported: BTreeMap<String, BackupRun>,
    sink: &mut dyn Sink,
) -> BTreeSet<String> {
    // A reply of start-backup-job holds an id and no state: it proves an order only.
    let told = |item: &Item<'_, '_>| item.text("State").is_some();
    let mut made = BTreeSet::new();
    let kinds = [
        ("backup", newest(answers, "BackupJobs", "BackupJob", "BackupJobId", told, sink)),
        ("copy", newest(answers, "CopyJobs", "CopyJob", "CopyJobId", told, sink)),
    ];
    for (kind, jobs) in kinds {
        for (id, item) in jobs {
            let mut run = job(batch, kind, id, item, sink);
            if let Some(other) = reported.remove(&run.origin.record_id)
                && later(run.status, run.ended_at, other.status, other.ended_at)
            {
                run = other;
            }
            made.extend(run.recovery_point_id.clone());
            sink.row(Row::Run(run));
        }
    }
    for run in reported.into_values() {
        made.extend(run.recovery_point_id.clone());
        sink.row(Row::Run(run));
    }
    made
}

fn job(batch: &Batch<'_>, kind: &str, id: &str, item: Item<'_, '_>, sink: &mut dyn Sink) -> BackupRun {
    let raw = item.text("State").unwrap_or("unknown");
    let mut run = BackupRun::new(item.origin(batch, format!("{kind}-job:{id}")), id, of_item(item, raw), raw);
    run.status_detail = item.owned("StatusMessage");
    run.resource = item.text("ResourceArn").map(|arn| format!("aws-backup:{arn}"));
    run.component = Some(component(item));
    run.started_at = item.time(batch, "CreationDate", sink);
    run.ended_at = item.time(batch, "CompletionDate", sink);
    run.bytes = bytes(item, sink);
    // Types whose snapshots stay where they are transfer nothing: zero tells nothing.
    run.bytes_stored = item.number("BytesTransferred", sink).filter(|b| *b > 0);
    if let Some(by) = item.inner("CreatedBy") {
        run.plan_id = super::plans::plan_id(by.text("BackupPlanId"), by.text("BackupRuleId"));
        run.trigger = run.plan_id.as_ref().map(|_| Trigger::Scheduled);
    }
    if kind == "backup" {
        run.recovery_point_id = item.owned("RecoveryPointArn");
        run.location_id = item.text("BackupVaultArn").map(|arn| format!("aws-backup:{arn}"));
        run.encrypted = item.flag("IsEncrypted").or_else(|| item.text("EncryptionKeyArn").map(|_| true));
    } else {
        run.recovery_point_id = item.owned("DestinationRecoveryPointArn");
        run.location_id = item.text("DestinationBackupVaultArn").map(|arn| format!("aws-backup:{arn}"));
    }
    run
}

/// A failed call. One that ordered a backup is a failed attempt at it; every other leaves its question open.
pub(super) fn refused(batch: &Batch<'_>, failure: &Failure<'_>, sink: &mut dyn Sink) {
    let place = &failure.place;
    let ordered = place.call.as_ref().is_some_and(|c| c.operation == "start-backup-job");
    let (Some(record), Some(attempt), Some(arn), true) =
        (place.record, place.attempt(), place.option("resource-arn"), ordered)
    else {
        return failure.report(sink);
    };
    let id = format!("refused:{attempt}");
    let mut run = BackupRun::new(place.origin(batch, id.clone(), ""), id, RunStatus::Failed, failure.message.clone());
    run.resource = Some(format!("aws-backup:{arn}"));
    run.trigger = Some(Trigger::Manual);
    run.started_at = record.started_at;
    run.ended_at = record.finished_at;
    run.status_detail = Some(failure.message.clone());
    sink.row(Row::Run(run));
}

fn of_item(item: Item<'_, '_>, raw: &str) -> RunStatus {
    status(raw, item.text("MessageCategory"), item.text("StatusMessage").unwrap_or_default())
}

/// State of a job in AWS Backup's word, with the category and text of its message.
pub(super) fn status(raw: &str, category: Option<&str>, message: &str) -> RunStatus {
    match raw {
        "COMPLETED" if with_issues(category, message) => RunStatus::Partial,
        "COMPLETED" => RunStatus::Success,
        "PARTIAL" => RunStatus::Partial,
        "FAILED" => RunStatus::Failed,
        "ABORTED" => RunStatus::Aborted,
        "EXPIRED" => RunStatus::Expired,
        // An abort that was ordered has not happened yet.
        "RUNNING" | "ABORTING" => RunStatus::Running,
        "CREATED" | "PENDING" => RunStatus::Pending,
        _ => RunStatus::Unknown,
    }
}

/// A completed job with a message of another category than `SUCCESS`, or with a message that tells of trouble.
fn with_issues(category: Option<&str>, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let trouble = ["error", "fail", "issue", "warning", "not supported", "skipped", "partial", "unable"];
    match category {
        Some("SUCCESS") => trouble.iter().any(|w| message.contains(w)),
        Some(_) => true,
        None => !message.is_empty() && !message.contains("success"),
    }
}
