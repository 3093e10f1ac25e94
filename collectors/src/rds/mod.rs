//! Amazon RDS, and the snapshots that EBS and DynamoDB take themselves.
//!
//! Reads what the AWS CLI (v1 and v2) prints as JSON: `aws rds describe-db-snapshots`, `-db-cluster-snapshots`,
//! `-db-instances`, `-db-clusters`, `-db-instance-automated-backups`, `-db-cluster-automated-backups`, `-events`, the
//! replies of `create-…`, `copy-…` and `restore-…` calls; `aws ec2 describe-snapshots` and `create-snapshot`;
//! `aws dynamodb list-backups`, `describe-backup`, `create-backup`, `describe-continuous-backups` and
//! `describe-table`; `aws sts get-caller-identity`, which tells whose snapshots are one's own.
//!
//! Without `path` RDS itself is asked ([`live`]), and its answers, which are XML, are read as they came.
//!
//! Refused conclusions: `AllocatedStorage` and `VolumeSize` are GiB of the source and never bytes of a backup; the
//! export task writes Parquet files that no database can be restored from, and gives no row; the
//! reply of a restore call proves an order, not a restored database; an error text proves nothing but itself; a list
//! is complete (so that absence means deletion) only where a run record shows that no filter was given.
//!
//! Resource ids: `rds:<arn of the instance, cluster or table>`, `rds:volume/<volume id>` for EBS, whose replies
//! carry no ARN.

use std::collections::BTreeMap;

use model::rows::{RestoreTest, Row, RunStatus, TestKind, TestResult};
use serde_json::{Map, Value};

use crate::aws::{self, Answers, Failure, Item, Wanted};
use crate::{Batch, Kind, Sink, fetch, record};

mod config;
mod dynamodb;
mod ebs;
mod events;
mod live;
mod point;
mod snapshots;

use point::Points;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "rds",
    title: "Amazon RDS",
    reads: "Amazon RDS itself; with `path` the JSON that the AWS CLI prints for it, and for the snapshots of EBS and DynamoDB",
    tables: &[
        "backup_runs",
        "recovery_points",
        "restore_tests",
        "pitr_status",
        "storage_locations",
        "discovered_assets",
        "backup_plans",
    ],
    claim: fetch::claim_text,
    parse,
    live: Some(live::LIVE),
};

const WANTED: Wanted = Wanted {
    services: &["rds", "ec2", "dynamodb", "sts"],
    operation: |name| {
        name.contains("DB")
            || name.contains("ExportTask")
            || matches!(
                name,
                "DescribeEvents"
                    | "DescribeSnapshots"
                    | "CreateSnapshot"
                    | "CreateSnapshots"
                    | "CopySnapshot"
                    | "CreateBackup"
                    | "ListBackups"
                    | "DescribeBackup"
                    | "DescribeContinuousBackups"
                    | "DescribeTable"
                    | "GetCallerIdentity"
            )
    },
    shape,
    text: |_| false,
};

fn shape(object: &Map<String, Value>) -> bool {
    const KEYS: &[&str] = &[
        "DBInstances",
        "DBInstance",
        "DBClusters",
        "DBCluster",
        "DBSnapshots",
        "DBSnapshot",
        "DBClusterSnapshots",
        "DBClusterSnapshot",
        "DBInstanceAutomatedBackups",
        "DBInstanceAutomatedBackup",
        "DBClusterAutomatedBackups",
        "DBSnapshotAttributesResult",
        "ExportTasks",
        "ExportTaskIdentifier",
        "Snapshots",
        "SnapshotId",
        "BackupSummaries",
        "BackupDetails",
        "BackupDescription",
        "ContinuousBackupsDescription",
        "TableDescription",
        "Table",
    ];
    let events = object
        .get("Events")
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().all(|e| e.get("SourceType").is_some() && e.get("Message").is_some()));
    let caller = object.contains_key("UserId") && object.contains_key("Account") && object.contains_key("Arn");
    events || caller || KEYS.iter().any(|k| object.contains_key(*k))
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let records = record::records(batch, sink);
    let answers = aws::sort(batch, &records, &WANTED, sink);
    let config = config::read(batch, &answers, sink);
    let mut points = Points::default();
    snapshots::read(batch, &answers, &config, &mut points, sink);
    dynamodb::read(batch, &answers, &mut points, sink);
    ebs::read(batch, &answers, &mut points, sink);
    events::read(batch, &answers, &mut points, sink);
    points.link_copies();
    restores(batch, &answers, &points, &config, sink);
    for failure in &answers.failures {
        failed(batch, failure, &points, &config, sink);
    }
    points.emit(sink);
}

/// Replies of restore calls. The reply shows the new instance as ordered; whether its data came back is not in it,
/// and no time of the restore either, so the test stays `running`.
fn restores(
    batch: &Batch<'_>,
    answers: &Answers<'_>,
    points: &Points,
    config: &BTreeMap<String, String>,
    sink: &mut dyn Sink,
) {
    for reply in &answers.replies {
        let ordered = reply.place.call.as_ref().is_some_and(|c| c.operation.starts_with("restore-db-"));
        let Some(item) =
            ordered.then(|| Item::one(reply, "DBInstance").or_else(|| Item::one(reply, "DBCluster"))).flatten()
        else {
            continue;
        };
        let Some(id) = item.text("DBInstanceArn").or_else(|| item.text("DBClusterArn")) else {
            item.fault("DBInstanceArn", "missing, so the restored database can't be named", sink);
            continue;
        };
        let raw = item.text("DBInstanceStatus").or_else(|| item.text("Status")).unwrap_or("unknown");
        let mut test = RestoreTest::new(item.origin(batch, format!("restore:{id}")), id, TestResult::Running, raw);
        describe(&mut test, &reply.place, points, config);
        test.environment = Some(id.to_owned());
        test.status_detail =
            Some("restore ordered: the reply shows the new database, not that its data came back".to_owned());
        sink.row(Row::RestoreTest(test));
    }
}

/// What the command of a restore tells: which recovery point, of which database, and whether to a point in time.
fn describe(test: &mut RestoreTest, place: &aws::Place<'_>, points: &Points, config: &BTreeMap<String, String>) {
    let snapshot = ["db-snapshot-identifier", "snapshot-identifier", "db-cluster-snapshot-identifier"]
        .iter()
        .find_map(|o| place.option(o));
    let source =
        ["source-db-instance-identifier", "source-db-cluster-identifier", "source-db-instance-automated-backups-arn"]
            .iter()
            .find_map(|o| place.option(o));
    test.recovery_point_id = snapshot.map(str::to_owned);
    test.resource = match (snapshot, source) {
        (Some(snapshot), _) => points.resource_of(snapshot),
        (None, Some(source)) => config.get(source).cloned(),
        (None, None) => None,
    };
    let to_a_point = place.call.as_ref().is_some_and(|c| c.operation.ends_with("-to-point-in-time"));
    test.kind = Some(if to_a_point { TestKind::PointInTime } else { TestKind::Full });
    test.from_log = true;
}

/// A failed call: a failed backup or restore where the record names what it was for; else a problem.
fn failed(
    batch: &Batch<'_>,
    failure: &Failure<'_>,
    points: &Points,
    config: &BTreeMap<String, String>,
    sink: &mut dyn Sink,
) {
    let place = &failure.place;
    let (Some(call), Some(record), Some(attempt)) = (&place.call, place.record, place.attempt()) else {
        return failure.report(sink);
    };
    // A database that does not exist has nothing to back up: the command was wrong, no backup failed.
    let nothing_there = failure.code.contains("NotFound");
    let operation = call.operation.as_str();
    let target = ["db-instance-identifier", "db-cluster-identifier", "volume-id", "table-name"]
        .iter()
        .find_map(|o| place.option(o));
    if operation.starts_with("restore-db-") {
        let id = format!("restore:{attempt}");
        let mut test =
            RestoreTest::new(place.origin(batch, id.clone(), ""), id, TestResult::Failed, failure.message.clone());
        describe(&mut test, place, points, config);
        test.started_at = record.started_at;
        test.ended_at = record.finished_at;
        test.status_detail = Some(failure.message.clone());
        sink.row(Row::RestoreTest(test));
    } else if matches!(
        operation,
        "create-db-snapshot" | "create-db-cluster-snapshot" | "copy-db-snapshot" | "create-snapshot" | "create-backup"
    ) && !nothing_there
        && !failure.code.is_empty()
    {
        let id = format!("failed:{attempt}");
        let mut run = model::rows::BackupRun::new(
            place.origin(batch, id.clone(), ""),
            id,
            RunStatus::Failed,
            failure.message.clone(),
        );
        run.resource = target.and_then(|t| config.get(t).cloned().or_else(|| points.resource_of(t)));
        run.component = Some(model::rows::Component::Snapshot);
        run.started_at = record.started_at;
        run.ended_at = record.finished_at;
        run.status_detail = Some(failure.message.clone());
        sink.row(Row::Run(run));
    } else {
        failure.report(sink);
    }
}

#[cfg(test)]
mod tests;
