//! AWS Backup.
//!
//! Reads what the AWS CLI (v1: times as epoch numbers; v2: ISO 8601) prints as JSON for `aws backup
//! list-backup-jobs`, `list-copy-jobs`, `list-restore-jobs` and their `describe-…` forms,
//! `list-recovery-points-by-backup-vault`, `-by-resource`, `describe-recovery-point`, `list-backup-vaults`,
//! `describe-backup-vault`, `get-backup-plan`, `list-backup-plans`, `get-backup-selection` and
//! `list-protected-resources`; and the reports about backup, copy and restore jobs (CSV or JSON) that AWS Backup Audit
//! Manager puts into a bucket.
//!
//! Without `path` the service itself is asked ([`live`]), and its answers are read as they came.
//!
//! AWS Backup lists jobs for 30 days only, so a job that is not listed proves nothing. A restore job that is
//! `COMPLETED` proves that data came back, not that somebody looked at them: that is what its validation status is for.
//!
//! Resource ids: `aws-backup:<ARN of the protected resource>`; locations: `aws-backup:<ARN of the vault>`.

use serde_json::{Map, Value};

use crate::aws::{self, Wanted};
use crate::{Batch, Kind, Sink, fetch, record};

mod jobs;
mod live;
mod plans;
mod points;
mod reports;
mod restores;
mod vaults;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "aws-backup",
    title: "AWS Backup",
    reads: "AWS Backup itself; with `path` the JSON that the AWS CLI prints for it, and its audit reports",
    tables: &[
        "backup_runs",
        "recovery_points",
        "restore_tests",
        "storage_locations",
        "discovered_assets",
        "backup_plans",
    ],
    claim: fetch::claim_text,
    parse,
    live: Some(live::LIVE),
};

const WANTED: Wanted = Wanted {
    services: &["backup"],
    operation: |name| {
        const PARTS: &[&str] = &[
            "BackupJob",
            "CopyJob",
            "RestoreJob",
            "RecoveryPoint",
            "BackupVault",
            "BackupPlan",
            "BackupSelection",
            "ProtectedResource",
            "RestoreTesting",
            "ReportJob",
            "Framework",
        ];
        PARTS.iter().any(|part| name.contains(part))
    },
    shape,
    text: reports::is_report,
};

fn shape(object: &Map<String, Value>) -> bool {
    const KEYS: &[&str] = &[
        "BackupJobs",
        "BackupJobId",
        "CopyJobs",
        "CopyJob",
        "RestoreJobs",
        "RestoreJobId",
        "RecoveryPoints",
        "RecoveryPointArn",
        "BackupVaultList",
        "BackupVaultName",
        "BackupPlansList",
        "BackupPlan",
        "BackupPlanId",
        "BackupSelectionsList",
        "BackupSelection",
        "reportItems",
    ];
    let protected = object
        .get("Results")
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().all(|e| e.get("ResourceArn").is_some() && e.get("ResourceType").is_some()));
    protected || KEYS.iter().any(|k| object.contains_key(*k))
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let records = record::records(batch, sink);
    let answers = aws::sort(batch, &records, &WANTED, sink);
    for failure in &answers.failures {
        jobs::refused(batch, failure, sink);
    }
    let reported = reports::read(batch, &answers, sink);
    let jobs = jobs::read(batch, &answers, reported.runs, sink);
    let resources = points::read(batch, &answers, &jobs, sink);
    restores::read(batch, &answers, &resources, reported.tests, sink);
    vaults::read(batch, &answers, sink);
    plans::read(batch, &answers, sink);
}

/// Entries under `list`, or the single one under `one` or in the reply itself, that `fits` accepts; by `id`, and of
/// several with the same one the latest.
fn newest<'r, 'a>(
    answers: &'r aws::Answers<'a>,
    list: &'r str,
    one: &'r str,
    id: &str,
    fits: fn(&aws::Item<'_, '_>) -> bool,
    sink: &mut dyn Sink,
) -> std::collections::BTreeMap<&'r str, aws::Item<'r, 'a>> {
    let mut out: std::collections::BTreeMap<&str, aws::Item<'_, '_>> = std::collections::BTreeMap::new();
    for reply in &answers.replies {
        let single = aws::Item::one(reply, one)
            .or_else(|| Some(aws::Item::whole(reply)).filter(|i| i.value.contains_key(id)))
            .filter(|_| !reply.value.contains_key(list));
        for item in aws::Item::list(reply, list, sink).into_iter().chain(single) {
            let Some(name) = item.text(id) else {
                // The single form belongs to another kind of reply.
                if reply.value.contains_key(list) {
                    item.fault(id, "missing, so the entry can't be named; export without --query", sink);
                }
                continue;
            };
            // Jobs name vaults and recovery points too: those are other kinds of entries.
            if !fits(&item) {
                continue;
            }
            let rank = |i: &aws::Item<'_, '_>| (i.place().at, i.place().document.digest(), i.pointer());
            if out.get(name).is_none_or(|known| rank(known) < rank(&item)) {
                out.insert(name, item);
            }
        }
    }
    out
}

/// What a resource type's backup holds, where the reply does not say: AWS Backup keeps snapshots, or a change log
/// where it is continuous.
fn component(item: aws::Item<'_, '_>) -> model::rows::Component {
    use model::rows::Component;
    let kind = item.text("BackupType").unwrap_or_default().to_ascii_uppercase();
    let arn = item.text("RecoveryPointArn").unwrap_or_default();
    if kind.contains("CONTINUOUS") || arn.contains(":continuous:") {
        Component::LogContinuous
    } else if kind.contains("INCREMENTAL") || kind.contains("DIFFERENTIAL") {
        Component::Incremental
    } else if kind.contains("FULL") {
        Component::Full
    } else {
        Component::Snapshot
    }
}

/// Size of a backup. AWS Backup documents that it does not fill it in for Aurora, DocumentDB and Neptune, where
/// zero means nothing.
fn bytes(item: aws::Item<'_, '_>, sink: &mut dyn Sink) -> Option<u64> {
    let bytes = item.number("BackupSizeInBytes", sink)?;
    let unfilled = matches!(item.text("ResourceType"), Some("Aurora" | "DocumentDB" | "Neptune"));
    Some(bytes).filter(|b| *b > 0 || !unfilled)
}

#[cfg(test)]
mod tests;
