//! Jobs and lists to rows; what several documents say about one snapshot becomes one row.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use model::rows::{
    BackupRun, Component, DeleteReason, Integrity, IntegrityCheck, Listing, RecoveryPoint, RestoreTest, Row, RunStatus,
    TestKind,
};
use model::time::Instant;

use super::command::Action;
use super::gather::{Found, Listed, Told};
use super::judge::{times, verdict};
use super::snapshot::{Snapshot, resource, short};
use crate::groups::tell_future;
use crate::verdict::{Ids, Verdict, test_result};
use crate::{Batch, Sink, problem};

/// How restic encrypts, always (design document: "AES-256 in counter mode", authenticated with Poly1305-AES).
const CIPHER: &str = "AES-256-CTR-Poly1305-AES";

/// All snapshots that any list names, by short id.
type Known = BTreeMap<String, Snapshot>;

pub(super) fn emit(batch: &Batch<'_>, found: &Found<'_>, sink: &mut dyn Sink) {
    let known = known(found);
    let mut resources: BTreeSet<String> = known.values().filter_map(Snapshot::resource).collect();
    let only = (resources.len() == 1).then(|| resources.first().cloned()).flatten();
    let mut runs: BTreeMap<String, BackupRun> = BTreeMap::new();
    let mut add = |run: BackupRun| {
        let id = run.run_id.clone();
        let merged = match runs.remove(&id) {
            Some(other) => merge(other, run),
            None => run,
        };
        runs.insert(id, merged);
    };
    let mut ids = Ids::default();
    let mut claimed = BTreeSet::new();
    for told in found.jobs.iter().filter(|t| t.action == Action::Backup) {
        let run = run(batch, told, &known, only.as_ref(), &mut ids);
        claimed.extend(
            run.recovery_point_id.as_deref().filter(|_| told.job.snapshot.is_none()).map(|id| short(id).to_owned()),
        );
        add(run);
    }
    for listed in &found.lists {
        for (snapshot, pointer) in listed.lists.present.iter().chain(&listed.lists.removed) {
            if !claimed.contains(short(&snapshot.id)) {
                add(listed_run(batch, listed, snapshot, pointer));
            }
        }
    }
    resources.extend(runs.values().filter_map(|r| r.resource.clone()));
    for told in &found.jobs {
        match told.action {
            Action::Restore => restore(batch, told, &known, only.as_ref(), &mut ids, sink),
            Action::Check => check(batch, told, &resources, &mut ids, sink),
            _ => {}
        }
    }
    points(batch, found, &runs, &known, sink);
    listings(batch, found, &known, &resources, sink);
    for run in runs.into_values() {
        tell_future(batch, &run, sink);
        sink.row(Row::Run(run));
    }
}

fn known(found: &Found<'_>) -> Known {
    let mut out = Known::new();
    for listed in &found.lists {
        for (snapshot, _) in listed.lists.present.iter().chain(&listed.lists.removed) {
            let entry = out.entry(short(&snapshot.id).to_owned()).or_insert_with(|| snapshot.clone());
            entry.summary = entry.summary.or(snapshot.summary);
        }
    }
    out
}

/// Id of a job without a snapshot, by its host and what its command names.
fn id_of(ids: &mut Ids, told: &Told<'_>, word: &str) -> String {
    let start = told.record.as_ref().and_then(|r| r.started_at);
    let host = told.record.as_ref().and_then(|r| r.host.as_deref()).unwrap_or_default();
    let on = told.command.as_ref().map(|c| c.operands.join(",")).unwrap_or_default();
    ids.of(word, start, &format!("{host}:{on}"), told.document.name(), &told.job.hash)
}

fn run(batch: &Batch<'_>, told: &Told<'_>, known: &Known, only: Option<&String>, ids: &mut Ids) -> BackupRun {
    let job = &told.job;
    let mut verdict = verdict(job, told.action, told.record.as_ref(), batch.collected_at);
    let snapshot = match job.snapshot.as_deref() {
        Some(id) => known.get(short(id)),
        None => unnamed(told, verdict.status, known),
    };
    // A list proves that the snapshot was made, which output without an end does not.
    if verdict.status == RunStatus::Unknown && snapshot.is_some() {
        verdict = Verdict { status: RunStatus::Success, raw: "listed".to_owned(), detail: None };
    }
    let id = match &job.snapshot {
        Some(id) => format!("snapshot/{}", short(id)),
        None => id_of(ids, told, "backup"),
    };
    let mut run = BackupRun::new(batch.origin(told.document, &id, &told.pointer), id, verdict.status, verdict.raw);
    run.status_detail = verdict.detail;
    run.component = Some(Component::Snapshot);
    let summary = job.summary.or(snapshot.map(|s| s.summary).unwrap_or_default());
    run.bytes = summary.bytes;
    run.bytes_stored = summary.stored;
    let times = times(Some(job), snapshot, told.record.as_ref(), told.command.as_ref());
    run.started_at = times.start;
    run.ended_at = times.end;
    run.taken_at = times.taken;
    run.unchanged = job.unchanged && verdict.status == RunStatus::Success;
    if let Some(id) = snapshot.map(|s| &s.id).or(job.snapshot.as_ref()) {
        run.recovery_point_id = Some(id.clone());
        run.encrypted = Some(true);
        run.cipher = Some(CIPHER.to_owned());
    }
    run.resource = snapshot.and_then(Snapshot::resource).or_else(|| commanded(told)).or_else(|| only.cloned());
    if let Some(record) = &told.record {
        run.system_id.clone_from(&record.system);
        run.plan_id.clone_from(&record.plan_id);
        run.location_id = location(told);
    }
    run
}

/// The one listed snapshot that a recorded command without such output (`--quiet`) made: of the same
/// resource, and begun while it ran.
fn unnamed<'k>(told: &Told<'_>, status: RunStatus, known: &'k Known) -> Option<&'k Snapshot> {
    let made = matches!(status, RunStatus::Success | RunStatus::Partial | RunStatus::Unknown) && !told.job.unchanged;
    let record = told.record.as_ref().filter(|_| made)?;
    let (from, to) = (record.started_at?, record.finished_at?);
    let resource = commanded(told);
    // Tables cut times to the second.
    let slack = Duration::seconds(1);
    let mut found = known.values().filter(|s| {
        s.time.is_some_and(|at| from - slack < at && at <= to) && (resource.is_none() || s.resource() == resource)
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The resource that the command line names: the host, and absolute paths only.
fn commanded(told: &Told<'_>) -> Option<String> {
    let command = told.command.as_ref().filter(|_| told.action == Action::Backup)?;
    let host = command.value(&["-H", "--host"]).or(told.record.as_ref()?.host.as_deref())?;
    let stdin = command.has(&["--stdin", "--stdin-from-command"]);
    let paths: Vec<String> = if stdin {
        vec![format!("/{}", command.value(&["--stdin-filename"]).unwrap_or("stdin").trim_start_matches('/'))]
    } else {
        command.operands.clone()
    };
    let absolute = |p: &String| p.starts_with('/') || p.get(1..3) == Some(":\\");
    paths.iter().all(absolute).then(|| resource(host, &paths)).flatten()
}

/// The repository, as the command or its environment names it, without credentials.
fn location(told: &Told<'_>) -> Option<String> {
    let named = told.command.as_ref().and_then(|c| c.value(&["-r", "--repo"]));
    let repository = named.or_else(|| told.record.as_ref()?.env.get("RESTIC_REPOSITORY").map(String::as_str))?;
    Some(match (repository.split_once("://"), repository.split_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        _ => repository.to_owned(),
    })
}

fn listed_run(batch: &Batch<'_>, listed: &Listed<'_>, snapshot: &Snapshot, pointer: &str) -> BackupRun {
    let id = format!("snapshot/{}", short(&snapshot.id));
    let origin = batch.origin(listed.document, &id, pointer);
    let mut run = BackupRun::new(origin, id, RunStatus::Success, "listed");
    run.resource = snapshot.resource();
    run.component = Some(Component::Snapshot);
    run.recovery_point_id = Some(snapshot.id.clone());
    run.bytes = snapshot.summary.bytes;
    run.bytes_stored = snapshot.summary.stored;
    let times = times(None, Some(snapshot), None, None);
    run.started_at = times.start;
    run.ended_at = times.end;
    run.taken_at = times.taken;
    run.encrypted = Some(true);
    run.cipher = Some(CIPHER.to_owned());
    run.zone_unknown = listed.table && snapshot.time.is_none();
    run
}

/// Two observations of one run: output before a list, the worse state, and what either knows.
fn merge(first: BackupRun, second: BackupRun) -> BackupRun {
    let rank = |r: &BackupRun| (r.status_raw != "listed", r.status.badness());
    let (best, other) = if rank(&second) > rank(&first) { (second, first) } else { (first, second) };
    // A list proves that the snapshot was made, which output without an end does not.
    let proven = best.status == RunStatus::Unknown && other.status == RunStatus::Success;
    let (status, status_raw, status_detail) = if proven {
        (other.status, other.status_raw, other.status_detail)
    } else {
        (best.status, best.status_raw, best.status_detail)
    };
    BackupRun {
        status,
        status_raw,
        status_detail,
        plan_id: best.plan_id.or(other.plan_id),
        system_id: best.system_id.or(other.system_id),
        resource: best.resource.or(other.resource),
        started_at: best.started_at.or(other.started_at),
        ended_at: best.ended_at.or(other.ended_at),
        taken_at: best.taken_at.or(other.taken_at),
        bytes: best.bytes.or(other.bytes),
        bytes_stored: best.bytes_stored.or(other.bytes_stored),
        recovery_point_id: best.recovery_point_id.or(other.recovery_point_id),
        location_id: best.location_id.or(other.location_id),
        ..best
    }
}

fn restore(
    batch: &Batch<'_>,
    told: &Told<'_>,
    known: &Known,
    only: Option<&String>,
    ids: &mut Ids,
    sink: &mut dyn Sink,
) {
    let job = &told.job;
    let verdict = verdict(job, told.action, told.record.as_ref(), batch.collected_at);
    let Some(result) = test_result(verdict.status) else {
        let text = "a restore began, but nothing tells how it ended; keep a run record beside its output";
        return sink.problem(problem(told.document, Some(format!("line {}", job.line)), text));
    };
    let id = id_of(ids, told, "restore");
    let mut row = RestoreTest::new(batch.origin(told.document, &id, &told.pointer), id, result, verdict.raw);
    row.status_detail = verdict.detail;
    row.from_log = true;
    let named = told.command.as_ref().and_then(|c| c.operands.first()).map(|o| o.split(':').next().unwrap_or(o));
    let asked = job.snapshot.as_deref().or(named.filter(|id| super::snapshot::is_id(id)));
    let snapshot = asked.and_then(|id| known.get(short(id)));
    row.recovery_point_id = snapshot.map(|s| s.id.clone()).or_else(|| asked.map(str::to_owned));
    row.resource = snapshot
        .and_then(Snapshot::resource)
        .or_else(|| job.restored.as_ref().and_then(|(_, host, paths)| resource(host, paths)))
        .or_else(|| only.cloned());
    row.started_at = told.record.as_ref().and_then(|r| r.started_at);
    row.restore_finished_at = told.record.as_ref().and_then(|r| r.finished_at);
    row.ended_at = row.restore_finished_at;
    row.recovered_to_at = snapshot.and_then(|s| s.time).or_else(|| job.restored.as_ref().and_then(|(time, ..)| *time));
    let chosen = ["-i", "--include", "--iinclude", "-e", "--exclude", "--iexclude", "--include-file", "--exclude-file"];
    let part = told.command.as_ref().is_some_and(|c| {
        c.has(&chosen) || c.operands.first().is_some_and(|o| o.split_once(':').is_some_and(|(_, path)| path != "/"))
    });
    row.kind = Some(if part { TestKind::Partial } else { TestKind::Full });
    row.bytes = job.restored_bytes;
    row.records_expected = job.files.map(|(all, _)| all);
    row.records_restored = job.files.map(|(_, done)| done);
    row.integrity_result = job.verified.then_some(Integrity::Pass);
    row.environment = told.command.as_ref().and_then(|c| c.value(&["-t", "--target"])).map(str::to_owned);
    row.performer = told.record.as_ref().and_then(|r| r.user.clone());
    row.system_id = told.record.as_ref().and_then(|r| r.system.clone());
    sink.row(Row::RestoreTest(row));
}

/// One row for each resource of the repository: restic checks the whole repository.
fn check(batch: &Batch<'_>, told: &Told<'_>, resources: &BTreeSet<String>, ids: &mut Ids, sink: &mut dyn Sink) {
    let verdict = verdict(&told.job, told.action, told.record.as_ref(), batch.collected_at);
    let result = match verdict.status {
        RunStatus::Success => Integrity::Pass,
        _ if told.job.failure.as_deref().is_some_and(|f| f.contains("repository contains errors")) => Integrity::Fail,
        _ => Integrity::NotChecked,
    };
    let id = id_of(ids, told, "check");
    let host = told.record.as_ref().and_then(|r| r.host.clone()).unwrap_or_default();
    let unknown = BTreeSet::from([format!("restic:{host}")]);
    let several = resources.len() > 1;
    for resource in if resources.is_empty() { &unknown } else { resources } {
        let record_id = if several { format!("{id} {resource}") } else { id.clone() };
        sink.row(Row::IntegrityCheck(IntegrityCheck {
            check_id: record_id.clone(),
            resource: resource.clone(),
            recovery_point_ids: Vec::new(),
            started_at: told.record.as_ref().and_then(|r| r.started_at),
            ended_at: told.record.as_ref().and_then(|r| r.finished_at),
            status: verdict.status,
            result,
            status_raw: verdict.raw.clone(),
            status_detail: verdict.detail.clone(),
            origin: batch.origin(told.document, record_id, &told.pointer),
        }));
    }
}

/// One row for each snapshot that a list names, with its deletion where one is proven.
fn points(
    batch: &Batch<'_>,
    found: &Found<'_>,
    runs: &BTreeMap<String, BackupRun>,
    known: &Known,
    sink: &mut dyn Sink,
) {
    let deleted = deleted(found);
    let by_point: BTreeMap<&str, &BackupRun> =
        runs.values().filter_map(|r| Some((short(r.recovery_point_id.as_deref()?), r))).collect();
    let mut done = BTreeSet::new();
    for listed in &found.lists {
        for (listed_snapshot, pointer) in listed.lists.present.iter().chain(&listed.lists.removed) {
            let key = short(&listed_snapshot.id);
            if !done.insert(key.to_owned()) {
                continue;
            }
            let snapshot = known.get(key).unwrap_or(listed_snapshot);
            let origin = batch.origin(listed.document, format!("point/{key}"), pointer);
            let mut point = RecoveryPoint::new(origin, &snapshot.id);
            let run = by_point.get(key).copied();
            point.resource = snapshot.resource();
            point.run_id = run.map(|r| r.run_id.clone());
            point.plan_id = run.and_then(|r| r.plan_id.clone());
            point.system_id = run.and_then(|r| r.system_id.clone());
            point.location_id = run.and_then(|r| r.location_id.clone());
            point.component = Some(Component::Snapshot);
            point.taken_at = snapshot.time;
            point.zone_unknown = listed.table && snapshot.time.is_none();
            point.created_at = run.and_then(|r| r.ended_at);
            point.bytes = run.and_then(|r| r.bytes);
            point.encrypted = Some(true);
            point.cipher = Some(CIPHER.to_owned());
            // A listed snapshot may be one that lacks files (exit code 3): only its output tells.
            point.complete = run.filter(|r| r.status_raw != "listed").and_then(|r| match r.status {
                RunStatus::Success => Some(true),
                RunStatus::Partial => Some(false),
                _ => None,
            });
            if let Some((at, reason)) = deleted.get(key) {
                point.deleted_at = *at;
                point.delete_reason = Some(*reason);
            }
            sink.row(Row::RecoveryPoint(point));
        }
    }
}

/// Short ids that `forget` removed, when, and whether by a policy or by hand.
fn deleted(found: &Found<'_>) -> BTreeMap<String, (Option<Instant>, DeleteReason)> {
    let mut out = BTreeMap::new();
    for listed in found.lists.iter().filter(|l| l.carried_out) {
        for (snapshot, _) in &listed.lists.removed {
            out.insert(short(&snapshot.id).to_owned(), (listed.at, DeleteReason::Expired));
        }
    }
    for told in found.jobs.iter().filter(|t| t.action == Action::Forget) {
        let code = told.record.as_ref().and_then(|r| r.exit_code);
        // Exit code 3: some could not be removed, and the table does not tell which.
        let certain = code.unwrap_or(0) == 0 && (told.job.removal_told || (code.is_some() && told.command.is_some()));
        if !certain || told.job.failure.is_some() {
            continue;
        }
        let at = told.record.as_ref().and_then(|r| r.finished_at);
        let by_hand = told.command.as_ref().map_or(&[][..], |c| &c.operands);
        for id in &told.job.removed {
            out.insert(short(id).to_owned(), (at, DeleteReason::Expired));
        }
        for id in by_hand.iter().filter(|id| super::snapshot::is_id(id) && code == Some(0)) {
            out.insert(short(id).to_owned(), (at, DeleteReason::Manual));
        }
    }
    out
}

/// One row for each resource of each list made at a known time. restic's JSON does not tell whether
/// options narrowed it: without a run record it is taken as whole.
fn listings(batch: &Batch<'_>, found: &Found<'_>, known: &Known, resources: &BTreeSet<String>, sink: &mut dyn Sink) {
    for listed in &found.lists {
        let (Some(at), false) = (listed.at, listed.lists.forget) else { continue };
        let mut present: BTreeMap<String, Vec<String>> = BTreeMap::new();
        if listed.whole {
            present.extend(resources.iter().map(|r| (r.clone(), Vec::new())));
        }
        for (snapshot, _) in &listed.lists.present {
            // A table shortens ids, and paths that hold spaces at an edge: a JSON list knows better.
            let snapshot = known.get(short(&snapshot.id)).unwrap_or(snapshot);
            if let Some(resource) = snapshot.resource() {
                present.entry(resource).or_default().push(snapshot.id.clone());
            }
        }
        for (resource, recovery_point_ids) in present {
            let id = format!("list/{}/{resource}", at.format("%Y-%m-%dT%H:%M:%S%.3fZ"));
            sink.row(Row::Listing(Listing {
                origin: batch.origin(listed.document, id, ""),
                resource,
                listed_at: at,
                recovery_point_ids,
                complete: listed.whole,
            }));
        }
    }
}
