//! Sessions, jobs and lists to rows; what several documents say about one session becomes one run.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use model::rows::{
    BackupRun, Component, DeleteReason, Integrity, IntegrityCheck, RecoveryPoint, RestoreTest, Row, RunStatus, TestKind,
};
use model::time::{Instant, WallClock, utc_text};

use super::command::{Action, exit_code};
use super::gather::{Found, Listed, Told, folder};
use super::list::When;
use crate::groups::tell_future;
use crate::session::made;
use crate::verdict::{Around, Ids, Verdict, may_still_run, test_result, verdict};
use crate::{Batch, Document, Sink, problem};

/// Longest time between the time that names a session and the start of its statistics. A session without changes is in no
/// list, and must not get the one before it.
const LAG: Duration = Duration::seconds(60);

/// A run, with the time of its session where that is known.
struct Run {
    row: BackupRun,
    at: Option<Instant>,
    /// Its statistics were read.
    told: bool,
    /// Earliest time its session can have.
    begun: Option<Instant>,
}

/// Listed sessions of one repository.
type Sessions<'a> = BTreeMap<Instant, (&'a Document, u64)>;

pub(super) fn emit(batch: &Batch<'_>, found: &Found<'_>, sink: &mut dyn Sink) {
    let names = Names::of(found);
    let mut ids = Ids::default();
    let mut runs: BTreeMap<String, Run> = BTreeMap::new();
    let mut add = |run: Run| {
        let id = run.row.run_id.clone();
        let merged = match runs.remove(&id) {
            Some(other) => merge(other, run),
            None => run,
        };
        runs.insert(id, merged);
    };
    for session in &found.sessions {
        let id = format!("backup/{}", session.stats.key());
        let origin = batch.origin(session.document, &id, "line:1");
        let mut said = found.errors.get(&(folder(session.document), session.at)).cloned().unwrap_or_default();
        said.end("Session statistics");
        if let Some(errors) = session.stats.errors.filter(|n| *n > 0) {
            said.warn(&format!("Errors {errors}"));
        }
        let around = Around { record: None, masked: false, missing: false, collected_at: batch.collected_at };
        let verdict = verdict(&said, &around, &|code| exit_code(code, Action::Backup));
        let mut row = BackupRun::new(origin, id, verdict.status, verdict.raw);
        row.status_detail = verdict.detail;
        row.resource = names.resource(None, None, Some(&folder(session.document)));
        count(&mut row, &session.stats);
        add(Run { row, at: Some(session.at), told: true, begun: None });
    }
    for told in &found.jobs {
        match told.action {
            Action::Backup => add(backup(batch, told, &names, &mut ids)),
            Action::Restore => restore(batch, told, &names, &mut ids, sink),
            Action::Verify | Action::Remove | Action::List | Action::Other => {}
        }
    }
    let mut runs = recorded(runs.into_values().collect());
    unfinished(batch, found, &names, &mut runs);
    let mut lists = sessions(found, &names);
    claim(&mut runs, &lists);
    let taken: BTreeSet<(Option<String>, Instant)> =
        runs.iter().filter_map(|r| Some((r.row.resource.clone(), r.at?))).collect();
    for (resource, all) in &lists {
        for (at, (document, line)) in all.iter().filter(|(at, _)| !taken.contains(&(Some(resource.clone()), **at))) {
            let id = format!("session/{resource}/{}", utc_text(*at));
            let origin = batch.origin(document, &id, format!("line:{line}"));
            let mut row = BackupRun::new(origin, id, RunStatus::Success, "listed");
            row.resource = Some(resource.clone());
            row.started_at = Some(*at);
            made_backup(&mut row, Some(*at));
            runs.push(Run { row, at: Some(*at), told: false, begun: None });
        }
    }
    for run in &runs {
        if let (Some(resource), Some(at)) = (&run.row.resource, run.at.filter(|_| run.row.recovery_point_id.is_some()))
            && let Some(document) = batch.documents.iter().find(|d| d.digest() == run.row.origin.evidence)
        {
            lists.entry(resource.clone()).or_default().entry(at).or_insert((document, 1));
        }
    }
    for told in found.jobs.iter().filter(|t| t.action == Action::Verify) {
        check(batch, told, &names, &lists, &mut ids, sink);
    }
    points(batch, found, &names, &runs, &lists, sink);
    for run in runs {
        tell_future(batch, &run.row, sink);
        sink.row(Row::Run(run.row));
    }
}

/// Which repository a document tells of.
struct Names<'a> {
    folders: &'a BTreeMap<String, String>,
    all: BTreeSet<String>,
}

impl<'a> Names<'a> {
    fn of(found: &'a Found<'_>) -> Self {
        let commands = found.jobs.iter().filter_map(|t| t.command.as_ref()?.repository.clone());
        let lists = found.lists.iter().filter_map(|l| l.repository.clone());
        let told = found.jobs.iter().filter_map(|t| t.job.repository.clone());
        let all = commands.chain(lists).chain(told).chain(found.repositories.values().cloned()).collect();
        Self { folders: &found.repositories, all }
    }

    fn resource(&self, command: Option<&str>, told: Option<&str>, folder: Option<&str>) -> Option<String> {
        let name = command
            .or(told)
            .or_else(|| self.folders.get(folder?).map(String::as_str))
            .or_else(|| (self.all.len() == 1).then(|| self.all.first().map(String::as_str)).flatten())?;
        Some(format!("rdiff-backup:{name}"))
    }

    fn of_told(&self, told: &Told<'_>) -> Option<String> {
        let command = told.command.as_ref().and_then(|c| c.repository.as_deref());
        self.resource(command, told.job.repository.as_deref(), Some(&folder(told.document)))
    }
}

fn count(row: &mut BackupRun, stats: &crate::session::Stats) {
    row.started_at = stats.start;
    row.ended_at = stats.end;
    row.bytes = stats.source_bytes;
    row.bytes_stored = stats.destination_change.and_then(|n| u64::try_from(n).ok());
}

/// What holds of every backup that rdiff-backup made: a mirror of plain files.
fn made_backup(row: &mut BackupRun, at: Option<Instant>) {
    row.component = Some(Component::Full);
    if matches!(row.status, RunStatus::Success | RunStatus::Partial) {
        row.encrypted = Some(false);
        row.recovery_point_id = at.map(utc_text);
        row.taken_at = at.filter(|at| row.started_at != Some(*at));
    }
}

fn judged(batch: &Batch<'_>, told: &Told<'_>) -> Verdict {
    let mut said = told.job.said.clone();
    let exit = told.record.as_ref().and_then(|r| r.exit_code).filter(|_| !told.masked);
    if let Some(error) = &told.job.error {
        // Errors with single files leave a session that ends.
        let failed = exit.map_or(said.end.is_none(), |c| c & 1 == 1);
        if failed { said.fail(error) } else { said.warn(error) }
    }
    let around = Around {
        record: told.record.as_ref(),
        masked: told.masked,
        missing: told.missing,
        collected_at: batch.collected_at,
    };
    verdict(&said, &around, &|code| exit_code(code, told.action))
}

fn backup(batch: &Batch<'_>, told: &Told<'_>, names: &Names<'_>, ids: &mut Ids) -> Run {
    let job = &told.job;
    let verdict = judged(batch, told);
    let resource = names.of_told(told);
    let start = told.record.as_ref().and_then(|r| r.started_at);
    let id = if job.stats.whole() {
        format!("backup/{}", job.stats.key())
    } else {
        ids.of("backup", start, resource.as_deref().unwrap_or_default(), told.document.name(), &job.hash)
    };
    let mut row = BackupRun::new(batch.origin(told.document, &id, &told.pointer), id, verdict.status, verdict.raw);
    row.status_detail = verdict.detail;
    row.resource = resource;
    if job.stats.whole() {
        count(&mut row, &job.stats);
    } else if let Some(record) = &told.record {
        row.started_at = record.started_at;
        row.ended_at = record.finished_at;
    }
    if let Some(record) = &told.record {
        row.system_id.clone_from(&record.system);
        row.plan_id.clone_from(&record.plan_id);
    }
    made_backup(&mut row, None);
    Run { row, at: None, told: job.stats.whole(), begun: start }
}

/// Two sightings of one session: the worse state, and what either knows.
fn merge(first: Run, second: Run) -> Run {
    let rank = |r: &Run| (r.row.status != RunStatus::Unknown, r.begun.is_some(), r.row.status.badness());
    let (best, other) = if rank(&second) > rank(&first) { (second, first) } else { (first, second) };
    let worse = other.row.status.badness() > best.row.status.badness() && other.row.status != RunStatus::Unknown;
    let (status, status_raw, status_detail) = if worse {
        (other.row.status, other.row.status_raw, other.row.status_detail)
    } else {
        (best.row.status, best.row.status_raw, best.row.status_detail)
    };
    let row = BackupRun {
        status,
        status_raw,
        status_detail,
        resource: best.row.resource.or(other.row.resource),
        system_id: best.row.system_id.or(other.row.system_id),
        plan_id: best.row.plan_id.or(other.row.plan_id),
        bytes: best.row.bytes.or(other.row.bytes),
        bytes_stored: best.row.bytes_stored.or(other.row.bytes_stored),
        ..best.row
    };
    Run { row, at: best.at.or(other.at), told: best.told || other.told, begun: best.begun.or(other.begun) }
}

/// Joins what a record tells of a silent command with the statistics of its session.
fn recorded(runs: Vec<Run>) -> Vec<Run> {
    let (mut sessions, silent): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(|r| r.told);
    let mut out = Vec::new();
    for run in silent {
        let slack = Duration::seconds(1);
        let window = run.row.started_at.zip(run.row.ended_at);
        let found = window.and_then(|(from, to)| {
            sessions.iter().position(|s| {
                let resource = s.row.resource.is_none() || s.row.resource == run.row.resource;
                let within = s.row.started_at.is_some_and(|at| from - slack <= at && at <= to + slack);
                resource && within && s.begun.is_none()
            })
        });
        match found {
            Some(at) => {
                let mut session = sessions.swap_remove(at);
                // The session's own id and times stay; the record's state may be worse.
                session.begun = run.begun;
                let (id, origin) = (session.row.run_id.clone(), session.row.origin.clone());
                let times = (session.row.started_at, session.row.ended_at);
                let mut merged = merge(run, session);
                merged.row.run_id = id;
                merged.row.origin = origin;
                (merged.row.started_at, merged.row.ended_at) = times;
                made_backup(&mut merged.row, merged.at);
                out.push(merged);
            }
            None => out.push(run),
        }
    }
    out.extend(sessions);
    out.sort_by(|a, b| a.row.run_id.cmp(&b.row.run_id));
    out
}

/// A repository with two `current_mirror` files: the later session never ended, or is at work.
fn unfinished(batch: &Batch<'_>, found: &Found<'_>, names: &Names<'_>, runs: &mut Vec<Run>) {
    for (folder, mirrors) in found.mirrors.iter().filter(|(_, m)| m.len() > 1) {
        let Some((at, document)) = mirrors.last_key_value() else { continue };
        let resource = names.resource(None, None, Some(folder));
        let slack = Duration::seconds(1);
        let known = runs.iter().any(|r| {
            r.at == Some(*at)
                || (r.row.resource == resource
                    && r.row.started_at.zip(r.row.ended_at).is_some_and(|(from, to)| from - slack <= *at && *at <= to))
        });
        if known {
            continue;
        }
        let status = if may_still_run(*at, batch.collected_at) { RunStatus::Running } else { RunStatus::Aborted };
        let id = format!("session/{}/{}", resource.as_deref().unwrap_or(folder), utc_text(*at));
        let mut row = BackupRun::new(batch.origin(document, &id, "line:1"), id, status, "two current_mirror files");
        row.status_detail = Some("the session was begun and has not ended".to_owned());
        row.resource = resource;
        row.component = Some(Component::Full);
        row.started_at = Some(*at);
        runs.push(Run { row, at: Some(*at), told: false, begun: None });
    }
}

/// All sessions that lists name, by resource.
fn sessions<'a>(found: &'a Found<'_>, names: &Names<'_>) -> BTreeMap<String, Sessions<'a>> {
    let mut out: BTreeMap<String, Sessions<'a>> = BTreeMap::new();
    for listed in found.lists.iter().filter(|l| !l.list.narrowed) {
        let Some(resource) = names.resource(listed.repository.as_deref(), None, Some(&folder(listed.document))) else {
            continue;
        };
        let all = out.entry(resource).or_default();
        for (at, line) in placed(listed) {
            all.entry(at).or_insert((listed.document, line));
        }
    }
    out
}

/// Sessions of a list whose time is known, in its order.
fn placed(listed: &Listed<'_>) -> Vec<(Instant, u64)> {
    let mut clock = WallClock::new(listed.zone);
    let mut out = Vec::new();
    for (when, line) in &listed.list.sessions {
        match when {
            When::At(at) => {
                // A local time that follows is later: that settles the hour that repeats.
                clock.not_before(*at + Duration::seconds(2));
                out.push((*at, *line));
            }
            When::Local(local) => out.extend(clock.place(*local).ok().map(|at| (at, *line))),
        }
    }
    out
}

/// Finds the session of each run that its statistics do not name.
fn claim(runs: &mut [Run], lists: &BTreeMap<String, Sessions<'_>>) {
    for run in runs.iter_mut().filter(|r| r.at.is_some()) {
        made_backup(&mut run.row, run.at);
    }
    for (resource, all) in lists {
        let taken: BTreeSet<Instant> =
            runs.iter().filter(|r| r.row.resource.as_ref() == Some(resource)).filter_map(|r| r.at).collect();
        let ids: BTreeMap<Instant, String> =
            all.keys().filter(|at| !taken.contains(at)).map(|at| (*at, utc_text(*at))).collect();
        let names: BTreeMap<Instant, &str> = ids.iter().map(|(at, id)| (*at, id.as_str())).collect();
        let good = |r: &Run| matches!(r.row.status, RunStatus::Success | RunStatus::Partial);
        let open = |r: &&mut Run| {
            r.row.resource.as_ref() == Some(resource) && r.at.is_none() && r.row.started_at.is_some() && good(r)
        };
        let mut mine: Vec<&mut Run> = runs.iter_mut().filter(open).collect();
        // A silent command's record begins before its session does.
        let begun = |r: &Run| if r.told { r.row.started_at } else { r.row.ended_at };
        let times: Vec<(Instant, Option<Instant>)> =
            mine.iter().filter_map(|r| Some((begun(r).or(r.row.started_at)?, r.begun))).collect();
        for (run, id) in mine.iter_mut().zip(made(&times, &names, LAG)) {
            run.at = id.and_then(|id| ids.iter().find(|(_, i)| i.as_str() == id)).map(|(at, _)| *at);
            made_backup(&mut run.row, run.at);
        }
    }
}

fn restore(batch: &Batch<'_>, told: &Told<'_>, names: &Names<'_>, ids: &mut Ids, sink: &mut dyn Sink) {
    let verdict = judged(batch, told);
    let Some(result) = test_result(verdict.status) else {
        let text = "a restore of which nothing tells how it ended; keep a run record beside its output";
        return sink.problem(problem(told.document, Some(format!("line {}", told.job.line)), text));
    };
    let start = told.record.as_ref().and_then(|r| r.started_at);
    let resource = names.of_told(told);
    let on = resource.as_deref().unwrap_or_default();
    let id = ids.of("restore", start, on, told.document.name(), &told.job.hash);
    let mut row = RestoreTest::new(batch.origin(told.document, &id, &told.pointer), id, result, verdict.raw);
    row.status_detail = verdict.detail;
    row.from_log = true;
    row.kind = Some(if told.command.as_ref().is_some_and(|c| c.narrowed) { TestKind::Partial } else { TestKind::Full });
    row.resource = resource;
    if let Some(record) = &told.record {
        record.performed(&mut row);
    }
    sink.row(Row::RestoreTest(row));
}

fn check(
    batch: &Batch<'_>,
    told: &Told<'_>,
    names: &Names<'_>,
    lists: &BTreeMap<String, Sessions<'_>>,
    ids: &mut Ids,
    sink: &mut dyn Sink,
) {
    let verdict = judged(batch, told);
    let start = told.record.as_ref().and_then(|r| r.started_at);
    let resource = names.of_told(told).unwrap_or_else(|| "rdiff-backup:".to_owned());
    let id = ids.of("verify", start, &resource, told.document.name(), &told.job.hash);
    let command = told.command.as_ref();
    let whole = command.is_some_and(|c| !c.narrowed);
    let result = match verdict.status {
        RunStatus::Success if whole => Integrity::Pass,
        _ if told.job.damaged => Integrity::Fail,
        _ => Integrity::NotChecked,
    };
    // Without a time only the mirror is read; an empty list would mean every session there is.
    let newest = start
        .filter(|_| command.is_some_and(|c| !c.dated))
        .and_then(|at| lists.get(&resource)?.range(..at).next_back())
        .map(|(at, _)| utc_text(*at));
    sink.row(Row::IntegrityCheck(IntegrityCheck {
        origin: batch.origin(told.document, &id, &told.pointer),
        recovery_point_ids: vec![newest.unwrap_or_else(|| id.clone())],
        check_id: id,
        resource,
        started_at: start,
        ended_at: told.record.as_ref().and_then(|r| r.finished_at),
        status: verdict.status,
        result,
        status_raw: verdict.raw,
        status_detail: verdict.detail,
    }));
}

/// One row for each session that is known to have made a backup.
fn points(
    batch: &Batch<'_>,
    found: &Found<'_>,
    names: &Names<'_>,
    runs: &[Run],
    lists: &BTreeMap<String, Sessions<'_>>,
    sink: &mut dyn Sink,
) {
    let mut deleted: BTreeMap<(String, Instant), Option<Instant>> = BTreeMap::new();
    for told in found.jobs.iter().filter(|t| t.action == Action::Remove && t.record.is_some()) {
        let resource = names
            .of_told(told)
            .filter(|_| matches!(judged(batch, told).status, RunStatus::Success | RunStatus::Partial));
        let Some(resource) = resource else { continue };
        let mut clock = WallClock::new(told.zone);
        for at in told.job.deleted.iter().filter_map(|local| clock.place(*local).ok()) {
            deleted.insert((resource.clone(), at), told.record.as_ref().and_then(|r| r.finished_at));
        }
    }
    let by_time: BTreeMap<(&str, Instant), &Run> =
        runs.iter().filter_map(|r| Some(((r.row.resource.as_deref()?, r.at?), r))).collect();
    for (resource, all) in lists {
        for (at, (document, line)) in all {
            let run = by_time.get(&(resource.as_str(), *at)).map(|r| &r.row);
            if run.is_some_and(|r| r.recovery_point_id.is_none()) {
                continue;
            }
            let origin = batch.origin(document, format!("point/{resource}/{}", utc_text(*at)), format!("line:{line}"));
            let mut point = RecoveryPoint::new(origin, utc_text(*at));
            point.resource = Some(resource.clone());
            point.component = Some(Component::Full);
            point.taken_at = Some(*at);
            point.run_id = run.map(|r| r.run_id.clone());
            point.system_id = run.and_then(|r| r.system_id.clone());
            point.plan_id = run.and_then(|r| r.plan_id.clone());
            point.created_at = run.and_then(|r| r.ended_at);
            point.bytes = run.and_then(|r| r.bytes);
            point.encrypted = Some(false);
            point.complete = run.map(|r| r.status == RunStatus::Success);
            if let Some(when) = deleted.get(&(resource.clone(), *at)) {
                point.deleted_at = *when;
                point.delete_reason = Some(DeleteReason::Expired);
            }
            sink.row(Row::RecoveryPoint(point));
        }
    }
}
