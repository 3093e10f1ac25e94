//! Jobs and lists to rows; what several documents say about one archive becomes one run.

use std::collections::BTreeMap;

use model::rows::{
    BackupRun, Component, DeleteReason, Integrity, IntegrityCheck, Listing, RecoveryPoint, RestoreTest, Row, RunStatus,
    TestKind,
};
use model::time::{Instant, WallClock};

use super::archive::{Archive, encrypted, is_checkpoint};
use super::command::{Action, repository_name};
use super::gather::{Found, Told};
use super::judge::{Around, verdict};
use super::known::{Known, Seen};
use crate::groups::tell_future;
use crate::verdict::{Ids, Verdict, test_result};
use crate::{Batch, Sink, problem};

pub(super) fn emit(batch: &Batch<'_>, found: &Found<'_>, sink: &mut dyn Sink) {
    let known = Known::of(batch, found);
    let mut ids = Ids::default();
    let mut runs: BTreeMap<String, BackupRun> = BTreeMap::new();
    let mut claimed = BTreeMap::new();
    for told in &found.jobs {
        match told.action {
            Action::Create => {
                let (run, key) = create(batch, told, &known, &mut ids);
                if let Some(key) = key {
                    claimed.insert(key, run.run_id.clone());
                }
                let merged = match runs.remove(&run.run_id) {
                    Some(other) => merge(other, run),
                    None => run,
                };
                runs.insert(merged.run_id.clone(), merged);
            }
            Action::Extract => extract(batch, told, &known, &mut ids, sink),
            Action::Check => check(batch, told, &known, &mut ids, sink),
            Action::Prune | Action::Delete | Action::List | Action::Other => {}
        }
    }
    for (key, seen) in &known.archives {
        if !claimed.contains_key(key) {
            claimed.insert(key.clone(), key.clone());
            runs.insert(key.clone(), listed_run(batch, key, seen, &known));
        }
    }
    let by_archive: BTreeMap<&str, &BackupRun> =
        claimed.iter().filter_map(|(key, id)| Some((key.as_str(), runs.get(id)?))).collect();
    points(batch, found, &known, &by_archive, sink);
    listings(batch, found, &known, sink);
    for run in runs.into_values() {
        tell_future(batch, &run, sink);
        sink.row(Row::Run(run));
    }
}

/// Id of a job without an archive, by its repository.
fn id_of(ids: &mut Ids, told: &Told<'_>, word: &str) -> String {
    let start = told.record.as_ref().and_then(|r| r.started_at);
    ids.of(word, start, &told.job.repository_name().unwrap_or_default(), told.document.name(), &told.job.hash)
}

fn judged(batch: &Batch<'_>, told: &Told<'_>) -> Verdict {
    verdict(
        &told.job,
        &Around {
            record: told.record.as_ref(),
            own_code: told.command.as_ref().is_some_and(|c| !c.borgmatic) || told.record.is_none(),
            missing: told.missing,
            summary_ok: told.summary_ok,
            summary_failed: told.summary_failed.as_deref(),
            collected_at: batch.collected_at,
        },
    )
}

fn resource(repository: Option<String>, known: &Known<'_>) -> Option<String> {
    repository.or_else(|| known.only()).map(|name| format!("borg:{name}"))
}

/// The algorithm of a mode. Modes of borg 1.x are AES-CTR with a 256-bit key (manual, "Encryption").
fn cipher(mode: &str) -> Option<String> {
    encrypted(mode)?.then(|| match mode {
        "repokey" | "keyfile" | "repokey-blake2" | "keyfile-blake2" => format!("AES-256-CTR ({mode})"),
        _ => mode.to_owned(),
    })
}

/// The run, and the key of the archive it made.
fn create(batch: &Batch<'_>, told: &Told<'_>, known: &Known<'_>, ids: &mut Ids) -> (BackupRun, Option<String>) {
    let job = &told.job;
    let verdict = judged(batch, told);
    let repository = job.repository_name();
    let made = matches!(verdict.status, RunStatus::Success | RunStatus::Partial | RunStatus::Unknown);
    let named = job.archive.as_ref().map(|a| a.name.as_str()).filter(|n| !n.is_empty());
    let named = named.or(told.command.as_ref().and_then(|c| c.archive.as_deref()));
    let told_archive = job.archive.as_ref().filter(|a| a.id.is_some());
    let seen = match (told_archive, named) {
        (Some(archive), _) => known.archives.get(&archive.key()),
        (None, Some(name)) => known.named(name, repository.as_deref()).filter(|s| fits(told, s)),
        (None, None) if made => known.within(told, repository.as_deref()),
        (None, None) => None,
    };
    let archive = told_archive.or(seen.map(|s| &s.archive)).or(job.archive.as_ref());
    let key = archive.filter(|a| a.id.is_some() && (made || told_archive.is_some())).map(Archive::key);
    // Only what the output itself tells makes the id, so that it stays the same when a list comes later.
    let id = told_archive.map_or_else(|| id_of(ids, told, "create"), Archive::key);
    let mut run = BackupRun::new(batch.origin(told.document, &id, &job.pointer), id, verdict.status, verdict.raw);
    run.status_detail = verdict.detail;
    // A list proves that the archive was made, which output without an end does not.
    if run.status == RunStatus::Unknown && seen.is_some() {
        run.status = RunStatus::Success;
        run.status_raw = "listed".to_owned();
        run.status_detail = None;
    }
    run.component = Some(Component::Full);
    run.resource = resource(repository, known);
    let name = archive.map(|a| a.name.clone()).filter(|n| !n.is_empty()).or_else(|| named.map(str::to_owned));
    run.recovery_point_id = name.filter(|n| (made || job.end.is_some()) && !is_checkpoint(n));
    if let Some(exact) = job.archive.as_ref().filter(|a| a.exact) {
        run.bytes = exact.bytes;
        run.bytes_stored = exact.stored;
    }
    run.encrypted = job.mode.as_deref().and_then(encrypted);
    run.cipher = job.mode.as_deref().and_then(cipher);
    place(batch, told, seen, &mut run);
    if let Some(record) = &told.record {
        run.system_id.clone_from(&record.system);
        run.plan_id.clone_from(&record.plan_id);
    }
    run.location_id.clone_from(&job.repository);
    (run, key)
}

/// True where a listed archive of the name that a command gives can be the one it made.
fn fits(told: &Told<'_>, seen: &Seen<'_>) -> bool {
    let Some((record, start)) = told.record.as_ref().zip(seen.start) else { return true };
    let slack = chrono::Duration::seconds(1);
    record.started_at.is_none_or(|from| from - slack <= start)
        && record.finished_at.is_none_or(|to| start <= to + slack)
}

/// Start, end and moment of the data. JSON's own times count first, then the record around the
/// command, then the text's whole seconds.
fn place(batch: &Batch<'_>, told: &Told<'_>, seen: Option<&Seen<'_>>, run: &mut BackupRun) {
    let zone = told.record.as_ref().and_then(|r| r.timezone).or(batch.timezone);
    let record = told.record.as_ref().filter(|_| told.alone);
    let mut clock = WallClock::new(zone);
    let stamp = told.job.archive.as_ref().and_then(|a| a.start);
    // In the hour that repeats, the record or the order of a list tells which one it was.
    if let Some(from) = told.record.as_ref().and_then(|r| r.started_at) {
        clock.not_before(from);
    } else if let Some(at) = seen.and_then(|s| s.start).filter(|_| stamp.is_some_and(|s| s.ambiguous(zone))) {
        clock.not_before(at);
    }
    let (start, end) = told.job.archive.as_ref().map_or((None, None), |a| a.place(&mut clock, zone));
    let recorded = (record.and_then(|r| r.started_at), record.and_then(|r| r.finished_at));
    let exact = told.job.archive.as_ref().is_some_and(|a| a.exact);
    if exact && start.is_some() || recorded.0.is_none() {
        run.started_at = start.or(seen.and_then(|s| s.start));
        run.ended_at = end.or(seen.and_then(|s| s.end)).or(recorded.1).or(told.job.last_message);
    } else {
        run.started_at = recorded.0;
        run.ended_at = recorded.1;
        run.taken_at = start.or(seen.and_then(|s| s.start));
    }
    run.zone_unknown = stamp.is_some() && start.is_none() && run.started_at.is_none();
}

fn listed_run(batch: &Batch<'_>, key: &str, seen: &Seen<'_>, known: &Known<'_>) -> BackupRun {
    let origin = batch.origin(seen.listed.document, key, &seen.pointer);
    let mut run = BackupRun::new(origin, key, RunStatus::Success, "listed");
    let mode = seen.repository.as_ref().and_then(|r| known.modes.get(r));
    run.resource = resource(seen.repository.clone(), known);
    run.component = Some(Component::Full);
    run.recovery_point_id = Some(seen.archive.name.clone());
    run.started_at = seen.start;
    run.ended_at = seen.end;
    run.bytes = seen.archive.bytes;
    run.bytes_stored = seen.archive.stored;
    run.encrypted = mode.and_then(|m| encrypted(m));
    run.cipher = mode.and_then(|m| cipher(m));
    run.zone_unknown = seen.zone_unknown;
    run
}

/// Two outputs of one run (its JSON and a log): the worse state, and what either knows.
fn merge(first: BackupRun, second: BackupRun) -> BackupRun {
    let (best, other) =
        if second.status.badness() > first.status.badness() { (second, first) } else { (first, second) };
    let proven = best.status == RunStatus::Unknown && other.status == RunStatus::Success;
    let (best, other) = if proven { (other, best) } else { (best, other) };
    BackupRun {
        started_at: best.started_at.or(other.started_at),
        ended_at: best.ended_at.or(other.ended_at),
        taken_at: best.taken_at.or(other.taken_at),
        bytes: best.bytes.or(other.bytes),
        bytes_stored: best.bytes_stored.or(other.bytes_stored),
        encrypted: best.encrypted.or(other.encrypted),
        cipher: best.cipher.or(other.cipher),
        resource: best.resource.or(other.resource),
        system_id: best.system_id.or(other.system_id),
        plan_id: best.plan_id.or(other.plan_id),
        location_id: best.location_id.or(other.location_id),
        ..best
    }
}

fn extract(batch: &Batch<'_>, told: &Told<'_>, known: &Known<'_>, ids: &mut Ids, sink: &mut dyn Sink) {
    let verdict = judged(batch, told);
    let Some(result) = test_result(verdict.status) else {
        let text = "an extraction began, but nothing tells how it ended; keep a run record beside its output";
        return sink.problem(problem(told.document, Some(told.job.pointer.replace("line:", "line ")), text));
    };
    let id = id_of(ids, told, "extract");
    let absent = told.job.failure.as_deref().is_some_and(|f| f.starts_with("Archive "));
    let mut row = RestoreTest::new(batch.origin(told.document, &id, &told.job.pointer), id, result, verdict.raw);
    row.status_detail = verdict.detail;
    row.from_log = true;
    row.recovery_point_id = told.command.as_ref().and_then(|c| c.archive.clone()).filter(|_| !absent);
    let seen = row.recovery_point_id.as_deref().and_then(|n| known.named(n, told.job.repository_name().as_deref()));
    row.recovered_to_at = seen.and_then(|s| s.start);
    row.resource = resource(told.job.repository_name(), known);
    row.kind = Some(if told.command.as_ref().is_some_and(|c| c.paths) { TestKind::Partial } else { TestKind::Full });
    if let Some(record) = &told.record {
        record.performed(&mut row);
    }
    sink.row(Row::RestoreTest(row));
}

fn check(batch: &Batch<'_>, told: &Told<'_>, known: &Known<'_>, ids: &mut Ids, sink: &mut dyn Sink) {
    let verdict = judged(batch, told);
    let id = id_of(ids, told, "check");
    // A filtered check that does not name what it went through says nothing about any archive.
    let checked: Vec<String> = told.job.analyzed.iter().filter(|n| !is_checkpoint(n)).cloned().collect();
    let narrowed = told.command.as_ref().is_some_and(|c| c.filtered) || !told.job.analyzed.is_empty();
    let blind = narrowed && checked.is_empty();
    let code = told.record.as_ref().and_then(|r| r.exit_code).or(told.job.exit);
    let own_code = told.command.as_ref().is_some_and(|c| !c.borgmatic);
    let result = match verdict.status {
        RunStatus::Success if !blind => Integrity::Pass,
        _ if told.job.problems_found || (own_code && code == Some(1)) => Integrity::Fail,
        _ => Integrity::NotChecked,
    };
    let record = told.record.as_ref();
    sink.row(Row::IntegrityCheck(IntegrityCheck {
        origin: batch.origin(told.document, &id, &told.job.pointer),
        check_id: id,
        resource: resource(told.job.repository_name(), known).unwrap_or_else(|| "borg:".to_owned()),
        recovery_point_ids: checked,
        started_at: record.and_then(|r| r.started_at),
        ended_at: record.and_then(|r| r.finished_at),
        status: verdict.status,
        result,
        status_raw: verdict.raw,
        status_detail: verdict.detail,
    }));
}

/// Archives that `prune` or `delete` removed, when, and by which of the two.
type Deleted = BTreeMap<String, (Option<Instant>, DeleteReason)>;

/// One row for each listed archive, and for each that was deleted.
fn points(
    batch: &Batch<'_>,
    found: &Found<'_>,
    known: &Known<'_>,
    runs: &BTreeMap<&str, &BackupRun>,
    sink: &mut dyn Sink,
) {
    let mut deleted = Deleted::new();
    let mut unlisted: Vec<(&Told<'_>, &Archive)> = Vec::new();
    for told in found.jobs.iter().filter(|t| matches!(t.action, Action::Prune | Action::Delete)) {
        // A transaction that fails is rolled back: what it printed before did not happen.
        if !matches!(judged(batch, told).status, RunStatus::Success | RunStatus::Partial) {
            continue;
        }
        let at = told.record.as_ref().and_then(|r| r.finished_at);
        for archive in told.job.pruned.iter().filter(|a| !a.is_checkpoint()) {
            if deleted.insert(archive.key(), (at, DeleteReason::Expired)).is_none()
                && !known.archives.contains_key(&archive.key())
            {
                unlisted.push((told, archive));
            }
        }
        if told.action == Action::Delete
            && let Some(name) = told.command.as_ref().and_then(|c| c.archive.as_deref())
            && let Some(seen) = known.named(name, told.job.repository_name().as_deref())
        {
            deleted.insert(seen.archive.key(), (at, DeleteReason::Manual));
        }
    }
    for (key, seen) in &known.archives {
        let origin = batch.origin(seen.listed.document, format!("point/{key}"), &seen.pointer);
        let mut point = RecoveryPoint::new(origin, &seen.archive.name);
        let run = runs.get(key.as_str()).copied();
        let mode = seen.repository.as_ref().and_then(|r| known.modes.get(r));
        point.resource = resource(seen.repository.clone(), known);
        point.taken_at = seen.start;
        point.created_at = seen.end.or(run.and_then(|r| r.ended_at));
        point.bytes = run.and_then(|r| r.bytes).or(seen.archive.bytes);
        point.encrypted = mode.and_then(|m| encrypted(m));
        point.cipher = mode.and_then(|m| cipher(m));
        point.location_id.clone_from(&seen.listed.list.repository);
        point.zone_unknown = seen.zone_unknown;
        // A listed archive may be one that lacks files (exit code 1): only its output tells.
        point.complete = run.filter(|r| r.status_raw != "listed").map(|r| r.status == RunStatus::Success);
        finish(point, key, run, &deleted, sink);
    }
    for (told, archive) in unlisted {
        let key = archive.key();
        let origin = batch.origin(told.document, format!("point/{key}"), &told.job.pointer);
        let mut point = RecoveryPoint::new(origin, &archive.name);
        let zone = told.record.as_ref().and_then(|r| r.timezone).or(batch.timezone);
        point.taken_at = archive.start.and_then(|s| s.place(&mut WallClock::new(zone)));
        point.zone_unknown = point.taken_at.is_none();
        point.resource = resource(told.job.repository_name(), known);
        finish(point, &key, runs.get(key.as_str()).copied(), &deleted, sink);
    }
}

fn finish(mut point: RecoveryPoint, key: &str, run: Option<&BackupRun>, deleted: &Deleted, sink: &mut dyn Sink) {
    point.component = Some(Component::Full);
    point.run_id = run.map(|r| r.run_id.clone());
    point.plan_id = run.and_then(|r| r.plan_id.clone());
    point.system_id = run.and_then(|r| r.system_id.clone());
    if let Some((at, reason)) = deleted.get(key) {
        point.deleted_at = *at;
        point.delete_reason = Some(*reason);
    }
    sink.row(Row::RecoveryPoint(point));
}

/// One row for each list made at a known time. borg's JSON does not tell whether options narrowed it:
/// without a run record it is taken as whole.
fn listings(batch: &Batch<'_>, found: &Found<'_>, known: &Known<'_>, sink: &mut dyn Sink) {
    for listed in found.lists.iter().filter(|l| !l.list.info) {
        let repository = listed.list.repository.as_deref().map(repository_name);
        let (Some(at), Some(resource)) = (listed.at, resource(repository, known)) else { continue };
        let archives = listed.list.archives.iter().map(|(a, _)| a);
        let id = format!("list/{}/{resource}", at.format("%Y-%m-%dT%H:%M:%S%.3fZ"));
        sink.row(Row::Listing(Listing {
            origin: batch.origin(listed.document, id, ""),
            resource,
            listed_at: at,
            recovery_point_ids: archives.filter(|a| !a.is_checkpoint()).map(|a| a.name.clone()).collect(),
            complete: listed.whole,
        }));
    }
}
