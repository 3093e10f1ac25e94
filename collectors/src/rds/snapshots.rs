//! Snapshots of instances and clusters.
//!
//! Fields: RDS API `DBSnapshot` and `DBClusterSnapshot`. `SnapshotCreateTime` changes on copy,
//! `OriginalSnapshotCreateTime` does not and is the time of the data.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{Listing, RunStatus, Trigger};

use super::point::{Point, Points, run};
use crate::aws::{Answers, Item, Place, arn_part};
use crate::{Batch, Sink};

/// Field names, which differ between instances and clusters.
struct Names {
    list: &'static str,
    one: &'static str,
    arn: &'static str,
    id: &'static str,
    database: &'static str,
    arn_type: &'static str,
    encrypted: &'static str,
    source: &'static str,
    operation: &'static str,
    filter: &'static str,
}

const NAMES: [Names; 2] = [
    Names {
        list: "DBSnapshots",
        one: "DBSnapshot",
        arn: "DBSnapshotArn",
        id: "DBSnapshotIdentifier",
        database: "DBInstanceIdentifier",
        arn_type: "db",
        encrypted: "Encrypted",
        source: "SourceDBSnapshotIdentifier",
        operation: "describe-db-snapshots",
        filter: "db-instance-identifier",
    },
    Names {
        list: "DBClusterSnapshots",
        one: "DBClusterSnapshot",
        arn: "DBClusterSnapshotArn",
        id: "DBClusterSnapshotIdentifier",
        database: "DBClusterIdentifier",
        arn_type: "cluster",
        encrypted: "StorageEncrypted",
        source: "SourceDBClusterSnapshotArn",
        operation: "describe-db-cluster-snapshots",
        filter: "db-cluster-identifier",
    },
];

/// Reads all replies about snapshots. `config` tells which databases there are.
pub(super) fn read(
    batch: &Batch<'_>,
    answers: &Answers<'_>,
    config: &BTreeMap<String, String>,
    points: &mut Points,
    sink: &mut dyn Sink,
) {
    for names in &NAMES {
        // What `collect` itself listed comes in several lists (types, regions, accounts), and only together they say
        // what there is of a database: copies lie in other regions.
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut first = None;
        for reply in &answers.replies {
            let listed = reply.value.contains_key(names.list);
            let items: Vec<Item<'_, '_>> =
                Item::list(reply, names.list, sink).into_iter().chain(Item::one(reply, names.one)).collect();
            let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for item in items {
                if let Some(point) = snapshot(batch, item, names, sink) {
                    let id = point.run.run_id.clone();
                    if let Some(resource) = &point.run.resource {
                        ids.entry(resource.clone()).or_default().insert(id.clone());
                    }
                    points.take(&id, point);
                }
            }
            if !listed {
                continue;
            }
            if reply.place.wire {
                first.get_or_insert(&reply.place);
                for (resource, ids) in ids {
                    all.entry(resource).or_default().extend(ids);
                }
                continue;
            }
            let call = reply.place.call.as_ref();
            let complete =
                reply.whole && call.is_some_and(|c| c.operation == names.operation && c.unfiltered(&[names.filter]));
            points.listings.extend(listings(batch, &reply.place, names, ids, complete));
        }
        if let Some(place) = first {
            let complete = answers.all_told(names.operation);
            let of_type = format!(":{}:", names.arn_type);
            for resource in config.values().filter(|r| complete && r.contains(&of_type)) {
                all.entry(resource.clone()).or_default();
            }
            points.listings.extend(listings(batch, place, names, all, complete));
        }
    }
}

fn listings(
    batch: &Batch<'_>,
    place: &Place<'_>,
    names: &Names,
    ids: BTreeMap<String, BTreeSet<String>>,
    complete: bool,
) -> Vec<Listing> {
    let listing = |(resource, ids): (String, BTreeSet<String>)| {
        let id = format!("listing:{resource}:{}", place.at);
        let origin = place.origin(batch, id, &format!("/{}", names.list));
        Listing { resource, listed_at: place.at, recovery_point_ids: ids.into_iter().collect(), complete, origin }
    };
    ids.into_iter().map(listing).collect()
}

fn snapshot(batch: &Batch<'_>, item: Item<'_, '_>, names: &Names, sink: &mut dyn Sink) -> Option<Point> {
    let Some(name) = item.text(names.id) else {
        item.fault(names.id, "missing, so the snapshot can't be named; export without --query", sink);
        return None;
    };
    let arn = item.text(names.arn);
    let id = arn.unwrap_or(name);
    let raw = item.text("Status").unwrap_or("unknown");
    let status = match raw {
        "available" => RunStatus::Success,
        "creating" | "copying" | "pending" => RunStatus::Running,
        "failed" | "error" => RunStatus::Failed,
        _ => RunStatus::Unknown,
    };
    let trigger = match item.text("SnapshotType") {
        Some("automated") => Some(Trigger::Scheduled),
        Some("manual") => Some(Trigger::Manual),
        _ => None,
    };
    let mut run = run(item.origin(batch, format!("snapshot:{id}")), id, status, raw, trigger);
    let created_at = item.time(batch, "SnapshotCreateTime", sink);
    let original = item.time(batch, "OriginalSnapshotCreateTime", sink);
    run.started_at = created_at;
    run.taken_at = original.or(created_at);
    run.encrypted = item.flag(names.encrypted);
    if let (Some(arn), Some(database)) = (arn, item.text(names.database)) {
        let of = |region: &str| {
            Some(format!(
                "rds:arn:{}:rds:{region}:{}:{}:{database}",
                arn_part(arn, 1)?,
                arn_part(arn, 4)?,
                names.arn_type
            ))
        };
        let here = arn_part(arn, 3)?;
        run.location_id = of(here);
        // A copy from another region is a copy of the database there.
        run.resource = of(item.text("SourceRegion").unwrap_or(here));
    }
    run.status_detail = item.owned("StatusMessage");
    let deleting = item.place().call.as_ref().is_some_and(|c| c.operation.starts_with("delete-db-"));
    Some(Point {
        name: name.to_owned(),
        created_at,
        copy_of: item.owned(names.source),
        key_id: item.owned("KmsKeyId"),
        // The reply of a delete call shows the snapshot as it was.
        deleted_at: deleting.then_some(item.place().at),
        seen_at: item.place().at,
        run,
    })
}
