//! Populations as rows of plain values: what `show` prints and spreadsheets hold.
//!
//! Each row carries all columns of its table in `controls/model.toml` (null where unknown) and `row_id`, `system_id`,
//! `resource`, `evidence` (object SHA-256) and `pointer`. Rows are sorted by `row_id`.

mod long;

use std::collections::BTreeMap;

use model::inventory::Plan;
use model::rows::{Origin, StorageLocation};
use model::time::{Instant, Period, utc_text};
use serde_json::{Map, Value, json};

use crate::assess::{Basis, Judged, locate};
use crate::world::Test;
use crate::{Error, drift, standards};

pub use long::{columns, each, exceptions};
use long::{point, run, slot};
pub(crate) use long::{shown_points, shown_runs};

/// A row.
pub type Fields = Map<String, Value>;

/// Populations that can be shown, by the names of `show`.
pub const TABLES: &[&str] = &[
    "runs",
    "slots",
    "closure",
    "recovery-points",
    "restore-tests",
    "systems",
    "plans",
    "sources",
    "waivers",
    "incidents",
    "storage",
    "assets",
    "documents",
    "controls",
    "statements",
    "drift",
];

/// Rows of a population in the period, sorted by `row_id`; `None` for a name outside [`TABLES`].
///
/// # Errors
/// Those of polars, from judging the period before.
pub fn rows(table: &str, basis: &Basis<'_>, judged: &Judged, period: &Period) -> Result<Option<Vec<Fields>>, Error> {
    let mut rows: Vec<Fields> = match table {
        "runs" => shown_runs(basis, period).map(|r| run(basis, r)).collect(),
        "slots" => judged.slots.iter().map(|s| slot(basis, s)).collect(),
        "closure" => crate::closure::rows(&basis.world(*period, &judged.slots)),
        "recovery-points" => shown_points(basis, period).map(|p| point(basis, p)).collect(),
        "restore-tests" => shown_tests(basis, period).map(|t| test(basis, t)).collect(),
        "systems" => basis.input.inventory.systems.iter().map(system).collect(),
        "plans" => basis.input.inventory.plans.iter().map(plan).collect(),
        "sources" => sources(basis),
        "waivers" => waivers(basis, period),
        "incidents" => incidents(basis, period),
        "storage" => storage(basis),
        "assets" => assets(basis),
        "documents" => basis
            .registers
            .documents
            .iter()
            .flatten()
            .map(|d| register("document", &d.document_id, &d.row, &d.declared_in))
            .collect(),
        "controls" => standards::control_rows(basis, judged),
        "statements" => standards::statement_rows(basis, judged),
        "drift" => drift::rows(&drift::changes(basis, judged, period)?),
        _ => return Ok(None),
    };
    rows.sort_by_cached_key(|r| r.get("row_id").and_then(Value::as_str).unwrap_or("").to_owned());
    Ok(Some(rows))
}

/// The first rows of a population and how many there are. Beyond `limit` runs and slots are not even built:
/// a log of millions must not be held as JSON.
///
/// # Errors
/// Those of [`rows`].
pub fn first_rows(
    table: &str,
    basis: &Basis<'_>,
    judged: &Judged,
    period: &Period,
    limit: usize,
) -> Result<Option<(Vec<Fields>, u64)>, Error> {
    let large = match table {
        "runs" => basis.runs.list.iter().filter(|r| in_period(r.placed_at(), period)).count(),
        "slots" => judged.slots.len(),
        "closure" => judged.slots.iter().filter(|s| s.outcome.is_bad()).count(),
        "recovery-points" => basis.points.len(),
        _ => 0,
    };
    if large > limit {
        return Ok(TABLES.contains(&table).then(|| (Vec::new(), large as u64)));
    }
    Ok(rows(table, basis, judged, period)?.map(|rows| {
        let total = rows.len() as u64;
        (rows, total)
    }))
}

pub(crate) fn time(at: Option<Instant>) -> Value {
    at.map_or(Value::Null, |t| Value::String(utc_text(t)))
}

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(map) => map,
        _ => Fields::new(),
    }
}

fn in_period(at: Option<Instant>, period: &Period) -> bool {
    at.is_none_or(|t| period.contains(t))
}

fn system_id(basis: &Basis<'_>, index: Option<usize>) -> Option<String> {
    index.map(|i| basis.input.inventory.systems[i].system_id.clone())
}

fn lineage(row: &mut Fields, origin: &Origin) {
    row.insert("source_id".into(), json!(&*origin.source_id));
    row.insert("evidence".into(), json!(&*origin.evidence));
    row.insert("pointer".into(), json!(origin.pointer));
}

/// Tests that ended in the period, and those that no time places.
pub(crate) fn shown_tests<'b>(basis: &'b Basis<'_>, period: &Period) -> impl Iterator<Item = &'b Test> {
    let period = *period;
    let all = basis.tests.as_deref().unwrap_or(&[]);
    all.iter().filter(move |t| in_period(t.row.ended_at.or(t.row.started_at), &period))
}

fn test(basis: &Basis<'_>, t: &Test) -> Fields {
    let r = &t.row;
    let mut row = fields(json!({
        "row_id": t.row_id,
        "test_id": r.test_id,
        "system_id": system_id(basis, t.system),
        "resource": r.resource,
        "recovery_point_id": r.recovery_point_id,
        "kind": r.kind,
        "trigger": r.trigger,
        "change_id": r.change_id,
        "retest_of": r.retest_of,
        "planned_for": time(r.planned_for),
        "started_at": time(r.started_at),
        "restore_finished_at": time(r.restore_finished_at),
        "service_ready_at": time(r.service_ready_at),
        "failure_point_at": time(r.failure_point_at),
        "recovered_to_at": time(r.recovered_to_at),
        "ended_at": time(r.ended_at),
        "result": r.result,
        "integrity_result": r.integrity_result,
        "records_expected": r.records_expected,
        "records_restored": r.records_restored,
        "environment": r.environment,
        "isolated": r.isolated,
        "performer": r.performer,
        "reviewer": r.reviewer,
        "owner_confirmed_by": r.owner_confirmed_by,
        "owner_confirmed_at": time(r.owner_confirmed_at),
        "scenario": r.scenario,
        "scale": r.scale,
        "issues": r.issues,
        "report_ref": r.report_ref,
        "bytes": r.bytes,
        "status_raw": r.status_raw,
        "status_detail": r.status_detail,
        "from_log": r.from_log,
        "reported_at": time(r.reported_at),
        "zone_unknown": r.zone_unknown,
    }));
    lineage(&mut row, &r.origin);
    row
}

fn system(s: &model::inventory::System) -> Fields {
    let mut row = fields(serde_json::to_value(s).unwrap_or_default());
    for key in ["onboarded_at", "retired_at", "reviewed_at"] {
        let at = match key {
            "onboarded_at" => Some(s.onboarded_at),
            "retired_at" => s.retired_at,
            _ => s.reviewed_at,
        };
        row.insert(key.to_owned(), time(at));
    }
    row.insert("row_id".into(), json!(format!("system/{}", s.system_id)));
    row.insert("resource".into(), json!(s.resources.first()));
    row.insert("evidence".into(), Value::Null);
    row.insert("pointer".into(), json!(s.declared_in));
    row
}

pub(crate) fn plan(p: &Plan) -> Fields {
    fields(json!({
        "row_id": format!("plan/{}/{}", p.plan_id, p.version),
        "plan_id": p.plan_id,
        "version": p.version,
        "system_id": p.system_id,
        "resource": Value::Null,
        "component": p.component,
        "schedule": p.schedule.text(),
        "interval_s": match p.schedule { model::inventory::Schedule::Interval { every_s, .. } => json!(every_s), _ => Value::Null },
        "timezone": p.timezone.name(),
        "start_window_s": p.start_window_s,
        "max_duration_s": p.max_duration_s,
        "archive_timeout_s": p.archive_timeout_s,
        "retention_s": p.retention_s,
        "retention_count": p.retention_count,
        "platform_id": p.platform_id,
        "location_id": p.location_id,
        "copy_location_ids": p.copy_location_ids,
        "enabled": p.enabled,
        "alert_channel": p.alert_channel,
        "alert_on": p.alert_on,
        "effective_from": utc_text(p.effective_from),
        "effective_to": time(p.effective_to),
        "approved_by": p.approved_by,
        "approved_at": time(p.approved_at),
        "document_ref": p.document_ref,
        "operational": p.operational,
        "evidence": Value::Null,
        "pointer": p.declared_in,
    }))
}

/// One row a source, with what its last collection covers.
fn sources(basis: &Basis<'_>) -> Vec<Fields> {
    let last: BTreeMap<(&str, &str), &model::evidence::SourceRun> =
        basis.tables.collections.iter().map(|c| ((c.kind.as_str(), c.source_id.as_str()), c)).collect();
    basis
        .sources
        .iter()
        .map(|s| {
            let run = last.get(&(s.kind.as_str(), s.source_id.as_str()));
            let covers = run.and_then(|r| r.covers.first());
            let mut tables: Vec<String> = covers.map(|c| c.tables.clone()).unwrap_or_default();
            if tables.is_empty() {
                tables = (basis.input.tables_of)(&s.kind);
            }
            fields(json!({
                "row_id": format!("source/{}.{}", s.kind, s.source_id),
                "source_id": s.source_id,
                "kind": s.kind,
                "status": s.status,
                "reason": s.reason,
                "covers_table": tables,
                "covers_objects": covers.map(|c| c.systems.clone()),
                "period_start": time(covers.map(|c| c.from)),
                "period_end": time(covers.and_then(|c| run.map(|r| c.to.map_or(r.collected_at, |t| t.min(r.collected_at))))),
                "complete": covers.is_some_and(|c| c.complete) && s.status == model::evidence::SourceStatus::Complete,
                "gaps": covers.map(|c| c.gaps.iter().map(|g| format!("{}/{}", utc_text(g.from), utc_text(g.to))).collect::<Vec<_>>()),
                "collected_at": time(s.collected_at),
                "collector": run.and_then(|r| r.identity.clone()),
                "record_count": s.records,
                "clock_offset_s": run.and_then(|r| r.clock_offset_ms).map(|ms| ms as f64 / 1000.0),
                "digest": s.digests.first(),
                "digests": s.digests,
                "location_ref": run.map(|r| r.endpoint.clone()),
                "problems": run.map(|r| r.problems.iter().map(ToString::to_string).collect::<Vec<_>>()),
                "passed_over": run.map(|r| r.passed_over.iter().map(|p| format!("{}: {}", p.document, p.reason)).collect::<Vec<_>>()),
                "system_id": Value::Null,
                "resource": Value::Null,
                "evidence": s.digests.first(),
                "pointer": Value::Null,
            }))
        })
        .collect()
}

/// A register row; its lineage is its file and line.
pub(crate) fn register<T: serde::Serialize>(kind: &str, id: &str, row: &T, declared_in: &str) -> Fields {
    let mut out = fields(serde_json::to_value(row).unwrap_or_default());
    for value in out.values_mut() {
        // Instants of registers may carry fractions; JSON output never does.
        if let Some(at) =
            value.as_str().filter(|t| t.len() > 19 && t.contains('T')).and_then(|t| model::time::instant(t, None).ok())
        {
            *value = time(Some(at));
        }
    }
    out.insert("row_id".into(), json!(format!("{kind}/{id}")));
    out.entry("system_id").or_insert(Value::Null);
    out.insert("resource".into(), Value::Null);
    out.insert("evidence".into(), Value::Null);
    out.insert("pointer".into(), json!(declared_in));
    out
}

/// Exceptions in force, requested or expired by the end of the period, with what makes them effective.
fn waivers(basis: &Basis<'_>, period: &Period) -> Vec<Fields> {
    basis
        .waivers
        .iter()
        .filter(|w| w.exception.valid_from.or(w.exception.submitted_at).is_none_or(|f| f < period.end()))
        .map(|w| {
            let mut row = register("exception", &w.exception.exception_id, &w.exception, &w.declared_in);
            row.insert("effective_from".into(), time(w.effective.map(|e| e.0)));
            row.insert("effective_to".into(), time(w.effective.map(|e| e.1)));
            row.insert("approvals_missing".into(), json!(w.approval.missing));
            let defects: Vec<&str> = w.approval.defects.iter().map(|d| d.text.as_str()).collect();
            row.insert("approval_defects".into(), json!(defects));
            row
        })
        .collect()
}

/// Incidents opened in the period or still open in it.
fn incidents(basis: &Basis<'_>, period: &Period) -> Vec<Fields> {
    let all = basis.incidents.as_deref().unwrap_or(&[]);
    all.iter()
        .filter(|i| i.opened_at < period.end() && i.closed_at.is_none_or(|c| c >= period.start()))
        .map(|i| register("incident", &i.incident_id, i, "registers/incidents"))
        .collect()
}

fn storage(basis: &Basis<'_>) -> Vec<Fields> {
    let newest = newest_locations(basis, Instant::MAX_UTC);
    let row = |s: &StorageLocation| {
        let mut row = location(s);
        lineage(&mut row, &s.origin);
        row
    };
    newest.into_iter().map(row).collect()
}

/// Each location as it was read last up to `at`, by id.
pub(crate) fn newest_locations<'b>(basis: &'b Basis<'_>, at: Instant) -> Vec<&'b StorageLocation> {
    let mut newest: BTreeMap<&str, &StorageLocation> = BTreeMap::new();
    for row in basis.tables.storage.iter().filter(|row| row.observed_at <= at) {
        let slot = newest.entry(&row.location_id).or_insert(row);
        if row.observed_at > slot.observed_at {
            *slot = row;
        }
    }
    newest.into_values().collect()
}

pub(crate) fn location(s: &StorageLocation) -> Fields {
    fields(json!({
        "row_id": format!("storage/{}", s.location_id),
        "location_id": s.location_id,
        "platform_id": s.platform_id,
        "provider": s.provider,
        "region": s.region,
        "account_ref": s.account_ref,
        "durability_class": s.durability_class,
        "multi_zone": s.multi_zone,
        "replication_targets": s.replication_targets,
        "encryption_default": s.encryption_default,
        "default_cipher": s.default_cipher,
        "default_key_id": s.default_key_id,
        "tls_min_enforced": s.tls_min_enforced,
        "plain_access_denied": s.plain_access_denied,
        "public_access": s.public_access,
        "immutability": s.immutability,
        "versioning": s.versioning,
        "two_person_deletion": Value::Null,
        "expires_after_s": s.expires_after_s,
        "observed_at": utc_text(s.observed_at),
        "system_id": Value::Null,
        "resource": s.location_id,
    }))
}

fn assets(basis: &Basis<'_>) -> Vec<Fields> {
    let mut newest: BTreeMap<&str, (&model::rows::DiscoveredAsset, Instant)> = BTreeMap::new();
    for row in &basis.tables.assets {
        let slot = newest.entry(&row.asset_id).or_insert((row, row.first_seen_at));
        slot.1 = slot.1.min(row.first_seen_at);
        if row.last_seen_at > slot.0.last_seen_at {
            slot.0 = row;
        }
    }
    newest
        .into_values()
        .map(|(a, first_seen)| {
            let system = locate(basis.input.inventory, None, Some(&a.asset_id)).ok().flatten();
            let mut row = fields(json!({
                "row_id": format!("asset/{}", a.asset_id),
                "asset_id": a.asset_id,
                "kind": a.kind,
                "platform_id": a.platform_id,
                "environment": a.environment,
                "first_seen_at": utc_text(first_seen),
                "last_seen_at": utc_text(a.last_seen_at),
                "system_id": system_id(basis, system),
                "excluded_reason": a.excluded_reason,
                "settings": a.settings.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(),
                "resource": a.asset_id,
            }));
            lineage(&mut row, &a.origin);
            row
        })
        .collect()
}
