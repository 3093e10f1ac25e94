//! EBS snapshots (`aws ec2 describe-snapshots`, `create-snapshot`, `create-snapshots`).
//!
//! Without `--owner-ids self` the list holds the public snapshots of every account; those of others are no backups
//! of ours. The own account is the one that ARNs of the same folder, or `aws sts get-caller-identity`, name.

use std::collections::BTreeSet;

use model::rows::RunStatus;

use super::point::{Point, Points, run};
use crate::aws::{Answers, Item, Reply, arn_part};
use crate::{Batch, Sink, problem};

/// Reads all replies about EBS snapshots.
pub(super) fn read(batch: &Batch<'_>, answers: &Answers<'_>, points: &mut Points, sink: &mut dyn Sink) {
    let mut own: BTreeSet<&str> = BTreeSet::new();
    for reply in &answers.replies {
        let whole = Item::whole(reply);
        own.extend(whole.text("UserId").and_then(|_| whole.text("Account")));
        own.extend(whole.text("SnapshotId").and_then(|_| whole.text("OwnerId")));
        own.extend(databases(reply, sink));
    }
    for reply in &answers.replies {
        let single = Some(Item::whole(reply)).filter(|i| i.text("SnapshotId").is_some());
        let items: Vec<Item<'_, '_>> = Item::list(reply, "Snapshots", sink).into_iter().chain(single).collect();
        let owners: BTreeSet<&str> = items.iter().filter_map(|i| i.text("OwnerId")).collect();
        let asked_for_own = reply.place.option("owner-ids") == Some("self");
        if own.is_empty() && owners.len() > 1 && !asked_for_own {
            let message = "snapshots of several accounts, and nothing tells which is yours: \
                 export with --owner-ids self, or add the output of `aws sts get-caller-identity`";
            sink.problem(problem(reply.place.document, None, message));
            continue;
        }
        let all = items.len();
        let mut foreign = 0;
        for item in items {
            if !own.is_empty() && item.text("OwnerId").is_some_and(|o| !own.contains(o)) {
                foreign += 1;
                continue;
            }
            snapshot(batch, item, points, sink);
        }
        if foreign > 0 {
            let reason = format!("{foreign} of {all} snapshots belong to other accounts");
            sink.passed_over(reply.place.document.name(), &reason);
        }
    }
}

/// Accounts of the databases and tables that a reply describes (not of shared snapshots).
fn databases<'r>(reply: &'r Reply<'_>, sink: &mut dyn Sink) -> Vec<&'r str> {
    let mut out = Vec::new();
    for (list, key) in
        [("DBInstances", "DBInstanceArn"), ("DBClusters", "DBClusterArn"), ("BackupSummaries", "TableArn")]
    {
        for item in Item::list(reply, list, sink) {
            out.extend(item.text(key).and_then(|arn| arn_part(arn, 4)));
        }
    }
    out
}

fn snapshot(batch: &Batch<'_>, item: Item<'_, '_>, points: &mut Points, sink: &mut dyn Sink) {
    let Some(id) = item.text("SnapshotId") else {
        item.fault("SnapshotId", "missing, so the snapshot can't be named; export without --query", sink);
        return;
    };
    // Replies of create-snapshot name the state `State` as well; older servers said `Status`.
    let raw = item.text("State").or_else(|| item.text("Status")).unwrap_or("unknown");
    let status = match raw {
        "completed" => RunStatus::Success,
        "pending" => RunStatus::Running,
        "error" => RunStatus::Failed,
        _ => RunStatus::Unknown,
    };
    let mut run = run(item.origin(batch, format!("snapshot:{id}")), id, status, raw, None);
    run.started_at = item.time(batch, "StartTime", sink);
    run.ended_at = item.time(batch, "CompletionTime", sink);
    run.taken_at = run.started_at;
    run.encrypted = item.flag("Encrypted");
    run.status_detail = item.owned("StateMessage");
    run.bytes = item.number("FullSnapshotSizeInBytes", sink);
    // EC2 gives copies the volume id vol-ffffffff, which is no volume.
    let volume = item.text("VolumeId").filter(|v| *v != "vol-ffffffff");
    run.resource = volume.map(|v| format!("rds:volume/{v}"));
    points.take(
        id,
        Point {
            name: id.to_owned(),
            created_at: run.ended_at.or(run.started_at),
            copy_of: None,
            key_id: item.owned("KmsKeyId"),
            deleted_at: None,
            seen_at: item.place().at,
            run,
        },
    );
}
