//! Rows of objects. Of several documents that show one object the latest state counts, with what others know besides.

use std::collections::BTreeMap;

use model::rows::{
    BackupRun, Component, Listing, ObservedPlan, RecoveryPoint, RestoreTest, Row, RunStatus, TestKind, TestResult,
    Trigger,
};
use model::time::utc_text;

use super::objects::{Found, Object, What, resource, without_time};
use crate::Sink;

/// Hands on all rows.
pub(super) fn emit(mut found: Found<'_>, sink: &mut dyn Sink) {
    let mut objects: BTreeMap<(What, String), Object> = BTreeMap::new();
    let mut all = std::mem::take(&mut found.objects);
    all.sort_by(|a, b| (rank(a), a.at, a.document.name()).cmp(&(rank(b), b.at, b.document.name())));
    for object in all {
        let key = (object.what, object.key());
        match objects.remove(&key) {
            Some(old) => objects.insert(key, newer(old, object)),
            None => objects.insert(key, object),
        };
    }
    let of_backup: BTreeMap<String, String> =
        objects.values().filter(|o| o.what == What::Backup).map(|o| (o.key(), o.resource())).collect();
    for object in objects.values() {
        match object.what {
            What::Backup => backup(&found, object, sink),
            What::Restore => restore(&found, object, &of_backup, sink),
            What::Schedule => plan(&found, object, sink),
        }
    }
    for list in &found.lists {
        let mut ids: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for name in &list.names {
            let Some(resource) = of_backup.get(name) else { continue };
            ids.entry(resource).or_default().push(point_id(name));
        }
        for (resource, mut recovery_point_ids) in ids {
            recovery_point_ids.sort();
            let id = format!("listing:{resource}:{}", utc_text(list.at));
            sink.row(Row::Listing(Listing {
                resource: resource.to_owned(),
                listed_at: list.at,
                recovery_point_ids,
                complete: list.whole,
                origin: found.batch.origin(&list.document, id, &list.pointer),
            }));
        }
    }
}

/// States that last come after those on the way; text tells less than JSON.
fn rank(object: &Object) -> (bool, bool) {
    (status(object).is_final(), object.expires.is_some() || object.completed.is_some())
}

/// `new`, with what only `old` knows.
fn newer(old: Object, new: Object) -> Object {
    let mut out = new;
    macro_rules! keep { ($($field:ident),+) => { $(if out.$field.is_none() { out.$field = old.$field; })+ } }
    keep!(schedule, started, completed, expires, location, backup, reason, cron, ttl_s);
    out.volumes = out.volumes.max(old.volumes);
    out.files |= old.files;
    if out.validation.is_empty() {
        out.validation = old.validation;
    }
    out
}

/// Id of a recovery point: the backup's name, with the namespace where it is not the usual one.
fn point_id(key: &str) -> String {
    key.strip_prefix("velero/").unwrap_or(key).to_owned()
}

fn status(object: &Object) -> RunStatus {
    match object.phase.as_str() {
        "Completed" if object.volumes.1 < object.volumes.0 => RunStatus::Partial,
        "Completed" => RunStatus::Success,
        "PartiallyFailed" => RunStatus::Partial,
        "Failed" | "FailedValidation" => RunStatus::Failed,
        "" | "New" | "Queued" | "ReadyToStart" => RunStatus::Pending,
        "InProgress"
        | "WaitingForPluginOperations"
        | "WaitingForPluginOperationsPartiallyFailed"
        | "Finalizing"
        | "FinalizingPartiallyFailed" => RunStatus::Running,
        // A backup that is being deleted had an end, but it does not tell which.
        _ => RunStatus::Unknown,
    }
}

/// What is to be said beside the phase.
fn detail(found: &Found<'_>, object: &Object) -> Option<String> {
    let mut parts: Vec<String> = object.reason.iter().cloned().chain(object.validation.iter().cloned()).collect();
    if object.errors > 0 || object.warnings > 0 {
        parts.push(format!("{} errors, {} warnings", object.errors, object.warnings));
    }
    let (begun, done) = object.volumes;
    if done < begun {
        parts.push(format!("{done} of {begun} volume snapshots completed"));
    }
    parts.extend(found.results.get(&(object.what, object.name.clone())).into_iter().flatten().cloned());
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn backup(found: &Found<'_>, object: &Object, sink: &mut dyn Sink) {
    let key = object.key();
    let (status, resource) = (status(object), object.resource());
    let raw = if object.phase.is_empty() { "New" } else { &object.phase };
    let origin = found.batch.origin(&object.document, format!("backup:{key}"), &object.pointer);
    let mut run = BackupRun::new(origin.clone(), &key, status, raw);
    run.plan_id.clone_from(&object.schedule);
    run.resource = Some(resource.clone());
    run.component = match object.volumes.0 {
        0 if object.files => Some(Component::Full),
        // Whether volumes were copied is told elsewhere.
        0 => None,
        _ => Some(Component::Snapshot),
    };
    let by_schedule = object.schedule.as_deref().is_some_and(|s| without_time(&object.name) == s);
    run.trigger = match (by_schedule, &object.schedule) {
        (true, _) => Some(Trigger::Scheduled),
        (false, Some(_)) => Some(Trigger::Manual),
        (false, None) => None,
    };
    run.started_at = object.started;
    run.ended_at = object.completed;
    run.status_detail = detail(found, object);
    run.expires_at = object.expires;
    run.location_id = object.location.as_ref().map(|l| format!("velero:{l}"));
    let made = matches!(status, RunStatus::Success | RunStatus::Partial);
    run.recovery_point_id = made.then(|| point_id(&key));
    if made {
        let mut point = RecoveryPoint::new(origin, point_id(&key));
        point.origin.record_id = format!("point:{key}");
        point.resource = Some(resource);
        point.plan_id.clone_from(&object.schedule);
        point.run_id = Some(key);
        point.component = run.component;
        point.taken_at = object.started;
        point.created_at = object.completed;
        point.expires_at = object.expires;
        point.location_id.clone_from(&run.location_id);
        point.complete = Some(status == RunStatus::Success);
        sink.row(Row::RecoveryPoint(point));
    }
    sink.row(Row::Run(run));
}

fn restore(found: &Found<'_>, object: &Object, of_backup: &BTreeMap<String, String>, sink: &mut dyn Sink) {
    let key = object.key();
    let result = match object.phase.as_str() {
        "Completed" => TestResult::Success,
        "PartiallyFailed" => TestResult::Partial,
        "Failed" | "FailedValidation" => TestResult::Failed,
        "" | "New" => TestResult::Planned,
        // An unknown word is no end: the test stays open.
        _ => TestResult::Running,
    };
    let raw = if object.phase.is_empty() { "New" } else { &object.phase };
    let origin = found.batch.origin(&object.document, format!("restore:{key}"), &object.pointer);
    let mut test = RestoreTest::new(origin, format!("restore:{key}"), result, raw);
    test.from_log = true;
    let backup = object.backup.as_ref().map(|b| format!("{}/{b}", object.namespace));
    let by_backup = backup.as_ref().and_then(|b| of_backup.get(b)).cloned();
    let by_name = object.schedule.as_deref().or(object.backup.as_deref().map(without_time));
    test.resource = by_backup.or_else(|| by_name.map(|s| resource(&object.namespace, s)));
    test.recovery_point_id = backup.map(|b| point_id(&b));
    test.kind = Some(TestKind::Full);
    test.started_at = object.started;
    test.ended_at = object.completed;
    test.restore_finished_at = object.completed.filter(|_| result == TestResult::Success);
    test.issues = object.validation.clone();
    test.status_detail = detail(found, object);
    sink.row(Row::RestoreTest(test));
}

fn plan(found: &Found<'_>, object: &Object, sink: &mut dyn Sink) {
    // `CRON_TZ=Europe/Berlin 0 2 * * *`; without it the server's own zone, which is not told.
    let cron = object.cron.as_deref();
    let zoned = cron.and_then(|c| c.strip_prefix("CRON_TZ=").or_else(|| c.strip_prefix("TZ="))?.split_once(' '));
    sink.row(Row::Plan(ObservedPlan {
        plan_id: object.name.clone(),
        resource: Some(resource(&object.namespace, &object.name)),
        component: None,
        schedule: zoned.map(|(_, c)| c.trim()).or(cron).map(str::to_owned),
        timezone: zoned.map(|(zone, _)| zone.to_owned()),
        retention_s: object.ttl_s,
        retention_count: None,
        enabled: Some(!object.paused && object.phase != "FailedValidation"),
        observed_at: object.at,
        origin: found.batch.origin(&object.document, format!("schedule:{}", object.key()), &object.pointer),
    }));
}
