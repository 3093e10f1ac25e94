//! How instances and clusters are set up: retention, encryption, and what can be restored.

use std::collections::BTreeMap;

use model::rows::{Component, DiscoveredAsset, ObservedPlan, Origin, PitrSample, Row, StorageLocation};
use model::time::Instant;

use crate::aws::{Answers, Item, arn_part};
use crate::{Batch, Sink};

/// Reads instances and clusters; answers their resources by identifier and by ARN.
pub(super) fn read(batch: &Batch<'_>, answers: &Answers<'_>, sink: &mut dyn Sink) -> BTreeMap<String, String> {
    let mut newest: BTreeMap<&str, Item<'_, '_>> = BTreeMap::new();
    for reply in &answers.replies {
        // A restore makes a database for a test: it is read as that.
        if reply.place.call.as_ref().is_some_and(|c| c.operation.starts_with("restore-db-")) {
            continue;
        }
        for (list, one, arn) in
            [("DBInstances", "DBInstance", "DBInstanceArn"), ("DBClusters", "DBCluster", "DBClusterArn")]
        {
            for item in Item::list(reply, list, sink).into_iter().chain(Item::one(reply, one)) {
                let Some(id) = item.text(arn) else {
                    item.fault(arn, "missing, so the database can't be named; export without --query", sink);
                    continue;
                };
                let rank = |i: &Item<'_, '_>| (i.place().at, i.place().document.digest(), i.pointer());
                if newest.get(id).is_none_or(|known| rank(known) < rank(&item)) {
                    newest.insert(id, item);
                }
            }
        }
    }
    let mut names = BTreeMap::new();
    for (arn, item) in &newest {
        let resource = format!("rds:{arn}");
        if let Some(name) = item.text("DBInstanceIdentifier").or_else(|| item.text("DBClusterIdentifier")) {
            names.insert(name.to_owned(), resource.clone());
        }
        names.insert((*arn).to_owned(), resource);
    }
    for (arn, item) in newest {
        rows(batch, arn, item, sink);
    }
    windows(batch, answers, &names, sink);
    names
}

fn rows(batch: &Batch<'_>, arn: &str, item: Item<'_, '_>, sink: &mut dyn Sink) {
    let resource = format!("rds:{arn}");
    let at = item.place().at;
    let origin = |what: &str| item.origin(batch, format!("{what}:{arn}"));
    let cluster = item.value.contains_key("DBClusterArn") && !item.value.contains_key("DBInstanceArn");
    let member = !cluster && item.text("DBClusterIdentifier").is_some();
    let mut settings: Vec<(String, String)> =
        ["BackupRetentionPeriod", "DeletionProtection", "MultiAZ", "StorageEncrypted"]
            .iter()
            .chain(["Engine", "EngineVersion", "PreferredBackupWindow", "PubliclyAccessible"].iter())
            .filter_map(|k| {
                let value = item.value.get(*k).filter(|v| !v.is_null())?;
                Some(((*k).to_owned(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            })
            .collect();
    settings.sort();
    sink.row(Row::Asset(DiscoveredAsset {
        asset_id: resource.clone(),
        kind: "database".to_owned(),
        platform_id: "rds".to_owned(),
        environment: None,
        first_seen_at: at,
        last_seen_at: at,
        excluded_reason: member.then(|| "member of a cluster, which is backed up as a whole".to_owned()),
        settings,
        origin: origin("asset"),
    }));
    // Aurora keeps backups per cluster: a member's retention says nothing of its own.
    if member {
        return;
    }
    if let Some(days) = item.number("BackupRetentionPeriod", sink) {
        sink.row(Row::Plan(ObservedPlan {
            plan_id: format!("{arn}/automated"),
            resource: Some(resource.clone()),
            component: Some(Component::Snapshot),
            schedule: item.owned("PreferredBackupWindow"),
            timezone: item.text("PreferredBackupWindow").map(|_| "UTC".to_owned()),
            retention_s: seconds(days),
            retention_count: None,
            enabled: Some(days > 0),
            observed_at: at,
            origin: origin("plan"),
        }));
    }
    sink.row(Row::Storage(StorageLocation {
        location_id: resource.clone(),
        platform_id: "rds".to_owned(),
        provider: Some("aws".to_owned()),
        region: arn_part(arn, 3).map(str::to_owned),
        account_ref: arn_part(arn, 4).map(str::to_owned),
        durability_class: None,
        multi_zone: None,
        replication_targets: item
            .value
            .get("DBInstanceAutomatedBackupsReplications")
            .and_then(serde_json::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|r| r.get("DBInstanceAutomatedBackupsArn")?.as_str())
            .map(|arn| format!("rds:{arn}"))
            .collect(),
        encryption_default: item.flag("StorageEncrypted"),
        default_cipher: None,
        default_key_id: item.owned("KmsKeyId"),
        tls_min_enforced: None,
        plain_access_denied: None,
        public_access: None,
        immutability: None,
        versioning: None,
        expires_after_s: None,
        observed_at: at,
        origin: origin("storage"),
    }));
    let earliest = item.time(batch, "EarliestRestorableTime", sink);
    let latest = item.time(batch, "LatestRestorableTime", sink);
    pitr(&resource, at, (earliest, latest), item.origin(batch, format!("pitr:{resource}:{at}")), sink);
}

/// `DescribeDB…AutomatedBackups`: the window, also of databases that are deleted.
fn windows(batch: &Batch<'_>, answers: &Answers<'_>, names: &BTreeMap<String, String>, sink: &mut dyn Sink) {
    for reply in &answers.replies {
        let lists = [
            ("DBInstanceAutomatedBackups", "DBInstanceArn", "DBInstanceIdentifier"),
            ("DBClusterAutomatedBackups", "DBClusterArn", "DBClusterIdentifier"),
        ];
        for (list, arn, name) in lists {
            for item in Item::list(reply, list, sink) {
                let Some(window) = item.inner("RestoreWindow") else { continue };
                let known = item.text(name).and_then(|n| names.get(n));
                let Some(resource) = item.text(arn).map(|a| format!("rds:{a}")).or_else(|| known.cloned()) else {
                    item.fault(arn, "missing, so the database can't be named; export describe-db-instances too", sink);
                    continue;
                };
                let at = item.place().at;
                let span = (window.time(batch, "EarliestTime", sink), window.time(batch, "LatestTime", sink));
                // The replica of automated backups in another region has a window of its own.
                let region = item.text("Region").unwrap_or_default();
                let origin = item.origin(batch, format!("pitr-window:{resource}:{region}:{at}"));
                pitr(&resource, at, span, origin, sink);
            }
        }
    }
}

/// A sample, where there is anything to tell.
pub(super) fn pitr(
    resource: &str,
    at: Instant,
    (earliest, latest): (Option<Instant>, Option<Instant>),
    origin: Origin,
    sink: &mut dyn Sink,
) {
    if earliest.is_none() && latest.is_none() {
        return;
    }
    sink.row(Row::Pitr(PitrSample {
        system_id: None,
        resource: Some(resource.to_owned()),
        observed_at: at,
        earliest_restorable_at: earliest,
        latest_restorable_at: latest,
        last_archived_at: None,
        archive_failures: None,
        origin,
    }));
}

/// Days as seconds; `None` for what no calendar holds, and for zero, which means "off".
pub(super) fn seconds(days: u64) -> Option<i64> {
    i64::try_from(days).ok().and_then(|d| d.checked_mul(86_400)).filter(|s| *s > 0)
}
