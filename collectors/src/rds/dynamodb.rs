//! DynamoDB on-demand backups and point-in-time recovery.

use std::collections::BTreeMap;

use model::rows::{Component, DiscoveredAsset, ObservedPlan, Row, RunStatus, Trigger};

use super::config::{pitr, seconds};
use super::point::{Point, Points, run};
use crate::aws::{Answers, Item};
use crate::{Batch, Sink};

/// Reads all replies about DynamoDB.
pub(super) fn read(batch: &Batch<'_>, answers: &Answers<'_>, points: &mut Points, sink: &mut dyn Sink) {
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for reply in &answers.replies {
        let described = Item::one(reply, "BackupDescription").and_then(|d| d.inner("BackupDetails"));
        let single = Item::one(reply, "BackupDetails").or(described);
        for item in Item::list(reply, "BackupSummaries", sink).into_iter().chain(single) {
            backup(batch, item, &mut tables, points, sink);
        }
        for table in [Item::one(reply, "TableDescription"), Item::one(reply, "Table")].into_iter().flatten() {
            let (Some(name), Some(arn)) = (table.text("TableName"), table.text("TableArn")) else { continue };
            tables.insert(name.to_owned(), arn.to_owned());
            let at = table.place().at;
            sink.row(Row::Asset(DiscoveredAsset {
                asset_id: format!("rds:{arn}"),
                kind: "database".to_owned(),
                platform_id: "dynamodb".to_owned(),
                environment: None,
                first_seen_at: at,
                last_seen_at: at,
                excluded_reason: None,
                settings: Vec::new(),
                origin: table.origin(batch, format!("asset:{arn}")),
            }));
        }
    }
    for reply in &answers.replies {
        continuous(batch, Item::one(reply, "ContinuousBackupsDescription"), &tables, sink);
    }
}

fn backup(
    batch: &Batch<'_>,
    item: Item<'_, '_>,
    tables: &mut BTreeMap<String, String>,
    points: &mut Points,
    sink: &mut dyn Sink,
) {
    let Some(id) = item.text("BackupArn") else {
        item.fault("BackupArn", "missing, so the backup can't be named; export without --query", sink);
        return;
    };
    let raw = item.text("BackupStatus").unwrap_or("unknown");
    let status = match raw {
        "AVAILABLE" => RunStatus::Success,
        "CREATING" => RunStatus::Running,
        _ => RunStatus::Unknown,
    };
    let trigger = (item.text("BackupType") == Some("USER")).then_some(Trigger::Manual);
    let mut run = run(item.origin(batch, format!("snapshot:{id}")), id, status, raw, trigger);
    run.started_at = item.time(batch, "BackupCreationDateTime", sink);
    run.taken_at = run.started_at;
    run.expires_at = item.time(batch, "BackupExpiryDateTime", sink);
    run.bytes = item.number("BackupSizeBytes", sink);
    if let Some((table, _)) = id.split_once("/backup/") {
        run.resource = Some(format!("rds:{table}"));
        let name = table.rsplit('/').next().unwrap_or(table);
        tables.insert(name.to_owned(), table.to_owned());
    }
    points.take(
        id,
        Point {
            name: item.text("BackupName").unwrap_or(id).to_owned(),
            created_at: run.started_at,
            copy_of: None,
            key_id: None,
            deleted_at: None,
            seen_at: item.place().at,
            run,
        },
    );
}

/// `describe-continuous-backups` does not repeat the table it was asked about: the run record names it.
fn continuous(batch: &Batch<'_>, item: Option<Item<'_, '_>>, tables: &BTreeMap<String, String>, sink: &mut dyn Sink) {
    let Some(item) = item else { return };
    let Some(recovery) = item.inner("PointInTimeRecoveryDescription") else { return };
    let asked = item.place().option("table-name");
    let table = asked
        .and_then(|name| tables.get(name).map(String::as_str).or_else(|| Some(name).filter(|n| n.starts_with("arn:"))));
    let Some(table) = table else {
        item.fault(
            "PointInTimeRecoveryDescription",
            "the reply does not name its table: keep a run record beside it, and the output of describe-table",
            sink,
        );
        return;
    };
    let at = item.place().at;
    let days = recovery.number("RecoveryPeriodInDays", sink);
    let status = recovery.text("PointInTimeRecoveryStatus");
    sink.row(Row::Plan(ObservedPlan {
        plan_id: format!("{table}/continuous"),
        resource: Some(format!("rds:{table}")),
        component: Some(Component::LogContinuous),
        schedule: Some("continuous".to_owned()),
        timezone: None,
        retention_s: days.and_then(seconds),
        retention_count: None,
        enabled: match status {
            Some("ENABLED") => Some(true),
            Some("DISABLED") => Some(false),
            _ => None,
        },
        observed_at: at,
        origin: item.origin(batch, format!("plan:{table}")),
    }));
    let earliest = recovery.time(batch, "EarliestRestorableDateTime", sink);
    let latest = recovery.time(batch, "LatestRestorableDateTime", sink);
    pitr(&format!("rds:{table}"), at, (earliest, latest), item.origin(batch, format!("pitr:{table}:{at}")), sink);
}
