//! Recovery points.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{BackupRun, DiscoveredAsset, Listing, RecoveryPoint, Row, RunStatus};

use super::{bytes, component, newest};
use crate::aws::{Answers, Item, Place};
use crate::{Batch, Sink};

/// Reads recovery points and protected resources; answers the resource of each point. A point that no job of the
/// batch made is a run of its own, because jobs are forgotten after 30 days and points are not.
pub(super) fn read(
    batch: &Batch<'_>,
    answers: &Answers<'_>,
    made: &BTreeSet<String>,
    sink: &mut dyn Sink,
) -> BTreeMap<String, String> {
    let mut resources = BTreeMap::new();
    let point_itself = |item: &Item<'_, '_>| {
        !["State", "BackupJobId", "RestoreJobId"].iter().any(|k| item.value.contains_key(*k))
            && item.text("Status").is_some()
    };
    for (id, item) in newest(answers, "RecoveryPoints", "RecoveryPoint", "RecoveryPointArn", point_itself, sink) {
        // A list by resource does not repeat the resource in each entry.
        let asked = item.place().option("resource-arn");
        let resource = item.text("ResourceArn").or(asked).map(|arn| format!("aws-backup:{arn}"));
        resources.extend(resource.clone().map(|r| (id.to_owned(), r)));
        point(batch, id, item, resource, made.contains(id), sink);
    }
    listings(batch, answers, sink);
    let listed = |item: &Item<'_, '_>| item.pointer().starts_with("/Results/");
    for (arn, item) in newest(answers, "Results", "", "ResourceArn", listed, sink) {
        let at = item.place().at;
        let settings = ["LastBackupTime", "LastBackupVaultArn", "ResourceName"]
            .iter()
            .filter_map(|k| Some(((*k).to_owned(), item.value.get(*k).filter(|v| !v.is_null())?)))
            .map(|(k, v)| (k, v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
            .collect();
        sink.row(Row::Asset(DiscoveredAsset {
            asset_id: format!("aws-backup:{arn}"),
            kind: item.text("ResourceType").unwrap_or("unknown").to_owned(),
            platform_id: "aws-backup".to_owned(),
            environment: None,
            first_seen_at: at,
            last_seen_at: at,
            excluded_reason: None,
            settings,
            origin: item.origin(batch, format!("asset:{arn}")),
        }));
    }
    resources
}

fn point(
    batch: &Batch<'_>,
    id: &str,
    item: Item<'_, '_>,
    resource: Option<String>,
    made_by_job: bool,
    sink: &mut dyn Sink,
) {
    let raw = item.text("Status").unwrap_or("unknown");
    let vault = item.text("BackupVaultArn").map(|arn| format!("aws-backup:{arn}"));
    let location = vault.or_else(|| vault_of(item));
    let mut row = RecoveryPoint::new(item.origin(batch, format!("point:{id}")), id);
    row.resource = resource;
    row.component = Some(component(item));
    row.created_at = item.time(batch, "CompletionDate", sink);
    row.taken_at = item.time(batch, "CreationDate", sink);
    let calculated = item.inner("CalculatedLifecycle");
    row.expires_at = calculated.and_then(|c| c.time(batch, "DeleteAt", sink));
    row.location_id = location;
    row.bytes = bytes(item, sink);
    row.encrypted = item.flag("IsEncrypted").or_else(|| item.text("EncryptionKeyArn").map(|_| true));
    row.key_id = item.owned("EncryptionKeyArn");
    let status = match raw {
        "COMPLETED" | "AVAILABLE" => RunStatus::Success,
        "PARTIAL" => RunStatus::Partial,
        "CREATING" => RunStatus::Running,
        _ => RunStatus::Unknown,
    };
    row.complete = match status {
        RunStatus::Success => Some(true),
        RunStatus::Partial | RunStatus::Running => Some(false),
        _ => None,
    };
    let by = item.inner("CreatedBy");
    row.plan_id = by.and_then(|by| super::plans::plan_id(by.text("BackupPlanId"), by.text("BackupRuleId")));
    if !made_by_job {
        let mut run = BackupRun::new(item.origin(batch, format!("point-run:{id}")), id, status, raw);
        run.status_detail = item.owned("StatusMessage");
        run.resource.clone_from(&row.resource);
        run.component = row.component;
        run.plan_id.clone_from(&row.plan_id);
        run.started_at = row.taken_at;
        run.ended_at = row.created_at;
        run.bytes = row.bytes;
        run.recovery_point_id = Some(id.to_owned());
        run.expires_at = row.expires_at;
        run.encrypted = row.encrypted;
        run.location_id.clone_from(&row.location_id);
        sink.row(Row::Run(run));
    }
    sink.row(Row::RecoveryPoint(row));
}

/// Vault of a point whose reply gives only its name: in the account and region of the point's own ARN.
fn vault_of(item: Item<'_, '_>) -> Option<String> {
    use crate::aws::arn_part;
    let name = item.text("BackupVaultName")?;
    let arn = item.text("RecoveryPointArn")?;
    let account = arn_part(arn, 4).or_else(|| item.text("ResourceArn").and_then(|r| arn_part(r, 4)))?;
    Some(format!("aws-backup:arn:{}:backup:{}:{account}:backup-vault:{name}", arn_part(arn, 1)?, arn_part(arn, 3)?))
}

/// A list by resource holds that resource's points in all vaults of the region. A list by vault holds only those of one
/// vault, so that absence from it proves nothing, unless `collect` itself listed every vault to its end.
fn listings(batch: &Batch<'_>, answers: &Answers<'_>, sink: &mut dyn Sink) {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut first = None;
    for reply in answers.replies.iter().filter(|r| r.value.contains_key("RecoveryPoints")) {
        let place = &reply.place;
        let asked = place.option("resource-arn").map(str::to_owned);
        let call = place.call.as_ref();
        let complete = reply.whole
            && call
                .is_some_and(|c| c.operation == "list-recovery-points-by-resource" && c.unfiltered(&["resource-arn"]));
        let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        if let Some(asked) = asked.clone().filter(|_| complete) {
            ids.insert(asked, BTreeSet::new());
        }
        // Entries without a name were reported when they were read.
        for entry in reply.value.get("RecoveryPoints").and_then(serde_json::Value::as_array).into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
            let (Some(id), Some(arn)) = (text("RecoveryPointArn"), text("ResourceArn").or_else(|| asked.clone()))
            else {
                continue;
            };
            ids.entry(arn).or_default().insert(id);
        }
        if place.wire {
            first.get_or_insert(place);
            for (arn, ids) in ids {
                all.entry(arn).or_default().extend(ids);
            }
        } else {
            hand_on(batch, place, ids, complete, sink);
        }
    }
    let Some(place) = first else { return };
    let complete = every_vault(answers);
    // A resource that is protected and has no point any more is listed as such.
    for reply in answers.replies.iter().filter(|r| complete && r.place.wire) {
        for entry in reply.value.get("Results").and_then(serde_json::Value::as_array).into_iter().flatten() {
            if let Some(arn) = entry.get("ResourceArn").and_then(serde_json::Value::as_str) {
                all.entry(arn.to_owned()).or_default();
            }
        }
    }
    hand_on(batch, place, all, complete, sink);
}

fn hand_on(
    batch: &Batch<'_>,
    place: &Place<'_>,
    ids: BTreeMap<String, BTreeSet<String>>,
    complete: bool,
    sink: &mut dyn Sink,
) {
    for (arn, ids) in ids {
        let resource = format!("aws-backup:{arn}");
        let vault = place.option("backup-vault-name").unwrap_or_default();
        let origin = place.origin(batch, format!("listing:{resource}:{vault}:{}", place.at), "/RecoveryPoints");
        let recovery_point_ids = ids.into_iter().collect();
        sink.row(Row::Listing(Listing { resource, listed_at: place.at, recovery_point_ids, complete, origin }));
    }
}

/// True where the vaults were listed to their end, and so were the points of each.
fn every_vault(answers: &Answers<'_>) -> bool {
    const POINTS: &str = "list-recovery-points-by-backup-vault";
    if !answers.all_told("list-backup-vaults") || !answers.all_told(POINTS) {
        return false;
    }
    // `aws/<account>/<region>`: vaults of different accounts and regions share names.
    let scope = |place: &Place<'_>| place.document.name().splitn(4, '/').take(3).map(str::to_owned).collect::<Vec<_>>();
    let wire = answers.replies.iter().filter(|r| r.place.wire);
    let listed: BTreeSet<(Vec<String>, &str)> = wire
        .clone()
        .filter(|r| r.value.contains_key("RecoveryPoints"))
        .filter_map(|r| Some((scope(&r.place), r.place.option("backup-vault-name")?)))
        .collect();
    let mut vaults = wire
        .flat_map(|r| r.value.get("BackupVaultList").and_then(serde_json::Value::as_array).map(|list| (r, list)))
        .flat_map(|(r, list)| list.iter().map(move |vault| (r, vault)));
    vaults.all(|(r, vault)| {
        let name = vault.get("BackupVaultName").and_then(serde_json::Value::as_str);
        name.is_some_and(|name| listed.contains(&(scope(&r.place), name)))
    })
}
