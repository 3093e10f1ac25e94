//! Restore jobs, started by people or by a restore testing plan.
//!
//! `ValidationStatus` exists only where something reported a validation (`PutRestoreValidationResult`).

use std::collections::BTreeMap;

use model::rows::{Integrity, RestoreTest, Row, TestKind, TestResult, TestTrigger};

use super::{bytes, newest};
use crate::aws::{Answers, Item};
use crate::{Batch, Sink};

/// Reads restore jobs, and those of `reported` that no reply shows. `resources` tells the resource of recovery points, where the job does not.
pub(super) fn read(
    batch: &Batch<'_>,
    answers: &Answers<'_>,
    resources: &BTreeMap<String, String>,
    mut reported: BTreeMap<String, RestoreTest>,
    sink: &mut dyn Sink,
) {
    // A reply of start-restore-job holds an id and no status: it proves an order only.
    let told = |item: &Item<'_, '_>| item.text("Status").is_some();
    for (id, item) in newest(answers, "RestoreJobs", "RestoreJob", "RestoreJobId", told, sink) {
        // A reply tells more than a report, but it may be older.
        let ended = |t: &RestoreTest| !matches!(t.result, TestResult::Running);
        match reported.remove(&format!("restore-job:{id}")) {
            Some(test) if ended(&test) && item.text("CompletionDate").is_none() => sink.row(Row::RestoreTest(test)),
            _ => job(batch, id, item, resources, sink),
        }
    }
    for mut test in reported.into_values() {
        let by_point = test.recovery_point_id.as_ref().and_then(|p| resources.get(p)).cloned();
        test.resource = test.resource.or(by_point);
        sink.row(Row::RestoreTest(test));
    }
}

fn job(batch: &Batch<'_>, id: &str, item: Item<'_, '_>, resources: &BTreeMap<String, String>, sink: &mut dyn Sink) {
    let raw = item.text("Status").unwrap_or("unknown");
    let validation = item.text("ValidationStatus");
    let result = match (raw, validation) {
        ("COMPLETED", Some("FAILED")) => TestResult::Failed,
        ("COMPLETED", Some("TIMED_OUT" | "VALIDATING")) => TestResult::Partial,
        ("COMPLETED", _) => TestResult::Success,
        ("FAILED", _) => TestResult::Failed,
        ("ABORTED", _) => TestResult::Aborted,
        // An unknown word is no end: the test stays open.
        _ => TestResult::Running,
    };
    let mut test = RestoreTest::new(item.origin(batch, format!("restore-job:{id}")), id, result, raw);
    test.from_log = true;
    test.recovery_point_id = item.owned("RecoveryPointArn");
    let by_point = test.recovery_point_id.as_ref().and_then(|p| resources.get(p)).cloned();
    test.resource = item.text("SourceResourceArn").map(|arn| format!("aws-backup:{arn}")).or(by_point);
    test.kind = Some(TestKind::Full);
    test.started_at = item.time(batch, "CreationDate", sink);
    test.ended_at = item.time(batch, "CompletionDate", sink);
    test.restore_finished_at = test.ended_at.filter(|_| raw == "COMPLETED");
    test.integrity_result = match validation {
        Some("SUCCESSFUL") => Some(Integrity::Pass),
        Some("FAILED") => Some(Integrity::Fail),
        _ => None,
    };
    if item.inner("CreatedBy").is_some_and(|by| by.text("RestoreTestingPlanArn").is_some()) {
        test.trigger = Some(TestTrigger::Scheduled);
    }
    test.environment = item.owned("CreatedResourceArn");
    test.bytes = bytes(item, sink);
    test.status_detail = item.owned("StatusMessage").or_else(|| item.owned("ValidationStatusMessage"));
    let failed = |key: &str, word: &str| item.text(key) == Some(word);
    let issues = [
        ("ValidationStatus", "FAILED", "ValidationStatusMessage", "validation failed"),
        ("ValidationStatus", "TIMED_OUT", "ValidationStatusMessage", "validation timed out"),
        ("DeletionStatus", "FAILED", "DeletionStatusMessage", "the restored copy could not be deleted"),
    ];
    for (key, word, message, what) in issues {
        if failed(key, word) {
            test.issues.push(item.text(message).map_or_else(|| what.to_owned(), |m| format!("{what}: {m}")));
        }
    }
    sink.row(Row::RestoreTest(test));
}
