//! Jobs and lists to rows; what several documents say about one backup becomes one run.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use model::rows::{
    BackupRun, Component, DeleteReason, Integrity, IntegrityCheck, Listing, RecoveryPoint, RestoreTest, Row, RunStatus,
    TestKind,
};
use model::time::{Instant, WallClock};

use super::command::{Action, exit_code};
use super::gather::{Found, Told};
use super::known::{Known, Seen};
use super::status::{set_name, set_time};
use crate::groups::tell_future;
use crate::session::made;
use crate::verdict::{Around, Ids, Verdict, test_result, verdict};
use crate::{Batch, Sink, problem};

/// Longest time between the time that names a set and the start of its statistics: what an interrupted run left is
/// resumed days later.
const LAG: Duration = Duration::days(7);
/// The same for a run of which nothing tells the target.
const NEAR: Duration = Duration::minutes(5);

/// How duplicity encrypts, where it does.
const CIPHER: &str = "OpenPGP";

pub(super) fn emit(batch: &Batch<'_>, found: &Found<'_>, sink: &mut dyn Sink) {
    let known = Known::of(found);
    let mut ids = Ids::default();
    let mut runs: BTreeMap<String, Run<'_>> = BTreeMap::new();
    for told in &found.jobs {
        match told.action {
            Action::Restore => restore(batch, told, &known, &mut ids, sink),
            Action::Verify => check(batch, told, &known, &mut ids, sink),
            action if action.makes_backup() => {
                let run = backup(batch, told, &known, &mut ids);
                let run = match runs.remove(&run.row.run_id) {
                    Some(other) => merge(other, run),
                    None => run,
                };
                runs.insert(run.row.run_id.clone(), run);
            }
            _ => {}
        }
    }
    let mut runs: Vec<Run<'_>> = runs.into_values().collect();
    for run in runs.iter_mut().filter(|r| r.row.resource.is_none()) {
        run.row.resource = target_by_lists(run, &known);
    }
    let taken = claim(&mut runs, &known);
    let mut phantoms = BTreeSet::new();
    for (resource, sets) in &known.sets {
        for (at, seen) in sets.iter().filter(|(at, _)| !taken.contains(&(resource.clone(), **at))) {
            // A list made under another zone shows sets at times at which there were none.
            let twins = known.twins(resource, *at);
            if twins.iter().any(|twin| taken.contains(&(resource.clone(), *twin))) {
                phantoms.insert((resource.clone(), *at));
                continue;
            }
            runs.push(Run { row: listed_run(batch, resource, *at, seen, !twins.is_empty()), told: None });
        }
    }
    for (resource, name, listed, line, full) in &known.unplaced {
        let id = format!("set/{resource}/{name}");
        let origin = batch.origin(listed.document, &id, format!("line:{line}"));
        let mut row = BackupRun::new(origin, id, RunStatus::Unknown, "listed");
        row.resource = Some(resource.clone());
        row.component = Some(if *full { Component::Full } else { Component::Incremental });
        row.zone_unknown = true;
        runs.push(Run { row, told: None });
    }
    points(batch, found, &known, &runs, &phantoms, sink);
    listings(batch, found, &known, &phantoms, sink);
    for run in runs {
        tell_future(batch, &run.row, sink);
        sink.row(Row::Run(run.row));
    }
}

/// A run, and the job it rests on where it was not merely listed.
struct Run<'t> {
    row: BackupRun,
    told: Option<&'t Told<'t>>,
}

fn judged(batch: &Batch<'_>, told: &Told<'_>) -> Verdict {
    let job = &told.job;
    let mut said = job.said.clone();
    let around = Around {
        record: told.record.as_ref(),
        masked: told.masked,
        missing: told.missing,
        collected_at: batch.collected_at,
    };
    let failed = told.record.as_ref().and_then(|r| r.exit_code).is_some_and(|c| c != 0) && !told.masked;
    let silent = said.failure.is_none() && job.stderr.is_none();
    if let Some(first) = job.stderr.as_ref().filter(|_| failed) {
        // In other languages than English only the stream tells that a line is an error.
        said.fail(first);
    }
    let verify = told.action == Action::Verify;
    let mut out = verdict(&said, &around, &|code| exit_code(code, silent, verify));
    let wrote_nothing = job.stats.whole() && job.stats.destination_change == Some(0) && !job.skipped;
    if wrote_nothing && told.command.is_none() && out.status == RunStatus::Success {
        out.status = RunStatus::Unknown;
        out.detail = Some("nothing was written: a dry run, or a backup without changes".to_owned());
    }
    out
}

fn resource(told: &Told<'_>, known: &Known<'_>) -> Option<String> {
    known.resource(told.command.as_ref().and_then(|c| c.target.as_deref()), told.job.archive.as_deref())
}

fn target<'t>(told: &'t Told<'_>) -> &'t str {
    told.command.as_ref().and_then(|c| c.target.as_deref()).unwrap_or_default()
}

fn backup<'t>(batch: &Batch<'_>, told: &'t Told<'_>, known: &Known<'_>, ids: &mut Ids) -> Run<'t> {
    let job = &told.job;
    let verdict = judged(batch, told);
    let start = told.record.as_ref().and_then(|r| r.started_at);
    let id = if job.stats.whole() {
        format!("backup/{}", job.stats.key())
    } else {
        ids.of("backup", start, target(told), told.document.name(), &job.hash)
    };
    let mut row = BackupRun::new(batch.origin(told.document, &id, &told.pointer), id, verdict.status, verdict.raw);
    row.status_detail = verdict.detail;
    row.resource = resource(told, known);
    let made = matches!(row.status, RunStatus::Success | RunStatus::Partial);
    row.component = match (job.full, told.action) {
        (true, _) | (_, Action::Full) => Some(Component::Full),
        (_, Action::Incremental) => Some(Component::Incremental),
        _ => None,
    };
    row.unchanged = made && job.stats.destination_change == Some(0);
    if job.stats.whole() {
        row.started_at = job.stats.start;
        row.ended_at = job.stats.end;
        row.bytes = job.stats.source_bytes;
        row.bytes_stored = job.stats.destination_change.and_then(|n| u64::try_from(n).ok());
    } else if let Some(record) = &told.record {
        row.started_at = record.started_at;
        row.ended_at = record.finished_at;
    } else if let Some((first, last)) = job.stamps {
        let mut clock = WallClock::new(told.zone);
        row.started_at = clock.place(first).ok();
        row.ended_at = clock.place(last).ok().filter(|_| job.said.closed());
        row.zone_unknown = row.started_at.is_none();
    }
    if made && !row.unchanged {
        let command = told.command.as_ref();
        row.encrypted = match command {
            Some(command) if command.no_encryption => Some(false),
            command => job.encrypted.or(command.map(|_| true)),
        };
        row.cipher = (row.encrypted == Some(true)).then(|| CIPHER.to_owned());
        row.recovery_point_id.clone_from(&job.set);
    }
    if let Some(record) = &told.record {
        row.system_id.clone_from(&record.system);
        row.plan_id.clone_from(&record.plan_id);
    }
    Run { row, told: Some(told) }
}

/// Two outputs of one run (the console and a log): the worse state, and what either knows.
fn merge<'t>(first: Run<'t>, second: Run<'t>) -> Run<'t> {
    let recorded = |r: &Run<'_>| r.told.is_some_and(|t| t.record.is_some());
    let rank = |r: &Run<'_>| (r.row.status != RunStatus::Unknown, recorded(r), r.row.status.badness());
    let (best, other) = if rank(&second) > rank(&first) { (second, first) } else { (first, second) };
    let row = BackupRun {
        resource: best.row.resource.or(other.row.resource),
        component: best.row.component.or(other.row.component),
        encrypted: best.row.encrypted.or(other.row.encrypted),
        cipher: best.row.cipher.or(other.row.cipher),
        recovery_point_id: best.row.recovery_point_id.or(other.row.recovery_point_id),
        system_id: best.row.system_id.or(other.row.system_id),
        plan_id: best.row.plan_id.or(other.row.plan_id),
        ..best.row
    };
    Run { row, told: best.told }
}

/// The one resource among several whose lists show the set of this run, or one begun just before it.
fn target_by_lists(run: &Run<'_>, known: &Known<'_>) -> Option<String> {
    let set = run.row.recovery_point_id.as_deref().and_then(set_time);
    let shows = |sets: &BTreeMap<Instant, Seen<'_>>| match (set, run.row.started_at) {
        (Some(set), _) => sets.contains_key(&set),
        (None, Some(start)) => sets.range(start - NEAR..=start).next().is_some(),
        (None, None) => false,
    };
    let mut found = known.sets.iter().filter(|(_, sets)| shows(sets)).map(|(resource, _)| resource);
    let first = found.next()?;
    found.next().is_none().then(|| first.clone())
}

/// Finds the set of each run among the listed ones. Answers those that are some run's.
fn claim(runs: &mut [Run<'_>], known: &Known<'_>) -> BTreeSet<(String, Instant)> {
    let mut taken = BTreeSet::new();
    for (resource, sets) in &known.sets {
        let names: BTreeMap<Instant, String> = sets.keys().map(|at| (*at, set_name(*at))).collect();
        let named: BTreeMap<Instant, &str> = names.iter().map(|(at, name)| (*at, name.as_str())).collect();
        let mut mine: Vec<&mut Run<'_>> =
            runs.iter_mut().filter(|r| r.row.resource.as_ref() == Some(resource) && !r.row.unchanged).collect();
        // A run that wrote nothing, a dry run perhaps, made no set.
        mine.retain(|r| r.told.is_none_or(|t| t.job.stats.destination_change != Some(0)));
        let whole = |r: &Run<'_>| r.told.is_some_and(|t| t.job.stats.whole());
        let sessions: Vec<(Instant, Option<Instant>)> = mine
            .iter()
            .filter(|r| whole(r))
            .filter_map(|r| {
                let told = r.told?;
                let begun = told.record.as_ref().and_then(|r| r.started_at).filter(|_| !told.job.resumed);
                Some((r.row.started_at?, begun))
            })
            .collect();
        let found = made(&sessions, &named, LAG);
        for (run, set) in mine.iter_mut().filter(|r| whole(r) && r.row.started_at.is_some()).zip(found) {
            let set = run.row.recovery_point_id.clone().or_else(|| set.map(str::to_owned));
            let Some((at, seen)) = set.as_deref().and_then(set_time).and_then(|at| sets.get_key_value(&at)) else {
                continue;
            };
            taken.insert((resource.clone(), *at));
            run.row.component = run.row.component.or(Some(component(seen)));
            if matches!(run.row.status, RunStatus::Success | RunStatus::Partial) {
                run.row.recovery_point_id = Some(set_name(*at));
                run.row.taken_at = Some(*at);
                if run.row.encrypted.is_none() {
                    run.row.encrypted = seen.encrypted;
                    run.row.cipher = (seen.encrypted == Some(true)).then(|| CIPHER.to_owned());
                }
            }
        }
        // Without statistics the record's time tells; what an interrupted run left is listed like any other set.
        for run in mine.iter_mut().filter(|r| !whole(r)) {
            let (Some(from), Some(to)) = (run.row.started_at, run.row.ended_at) else { continue };
            let slack = Duration::seconds(1);
            let found: Vec<(Instant, &Seen<'_>)> =
                sets.range(from - slack..=(to + slack).max(from)).map(|(at, seen)| (*at, seen)).collect();
            taken.extend(found.iter().map(|(at, _)| (resource.clone(), *at)));
            if let ([(at, seen)], RunStatus::Success | RunStatus::Partial) = (&found[..], run.row.status) {
                run.row.recovery_point_id = Some(set_name(*at));
                run.row.taken_at = Some(*at);
                run.row.component = run.row.component.or(Some(component(seen)));
            }
        }
    }
    taken
}

const fn component(seen: &Seen<'_>) -> Component {
    if seen.full { Component::Full } else { Component::Incremental }
}

fn listed_run(batch: &Batch<'_>, resource: &str, at: Instant, seen: &Seen<'_>, doubted: bool) -> BackupRun {
    let id = format!("set/{resource}/{}", set_name(at));
    let origin = batch.origin(seen.listed.document, &id, format!("line:{}", seen.line));
    let status = if seen.followed && !doubted { RunStatus::Success } else { RunStatus::Unknown };
    let mut row = BackupRun::new(origin, id, status, "listed");
    if doubted {
        let text = "another list shows what can be the same set at another time of day: keep run records beside lists, for their zone";
        row.status_detail = Some(text.to_owned());
    } else if !seen.followed {
        let text = "listed last: duplicity lists what an interrupted run left like any other set";
        row.status_detail = Some(text.to_owned());
    }
    row.resource = Some(resource.to_owned());
    row.component = Some(component(seen));
    row.started_at = Some(at);
    row.recovery_point_id = Some(set_name(at));
    row.encrypted = seen.encrypted;
    row.cipher = (seen.encrypted == Some(true)).then(|| CIPHER.to_owned());
    row
}

fn restore(batch: &Batch<'_>, told: &Told<'_>, known: &Known<'_>, ids: &mut Ids, sink: &mut dyn Sink) {
    let verdict = judged(batch, told);
    let Some(result) = test_result(verdict.status) else {
        let text = "a restore of which nothing tells how it ended: duplicity prints nothing then; keep a run record beside its output";
        return sink.problem(problem(told.document, Some(format!("line {}", told.job.line)), text));
    };
    let start = told.record.as_ref().and_then(|r| r.started_at);
    let id = ids.of("restore", start, target(told), told.document.name(), &told.job.hash);
    let mut row = RestoreTest::new(batch.origin(told.document, &id, &told.pointer), id, result, verdict.raw);
    row.status_detail = verdict.detail;
    row.from_log = true;
    row.resource = resource(told, known);
    row.kind = Some(if told.command.as_ref().is_some_and(|c| c.narrowed) { TestKind::Partial } else { TestKind::Full });
    if let Some(record) = &told.record {
        record.performed(&mut row);
    }
    sink.row(Row::RestoreTest(row));
}

fn check(batch: &Batch<'_>, told: &Told<'_>, known: &Known<'_>, ids: &mut Ids, sink: &mut dyn Sink) {
    let verdict = judged(batch, told);
    let start = told.record.as_ref().and_then(|r| r.started_at);
    let id = ids.of("verify", start, target(told), told.document.name(), &told.job.hash);
    let resource = resource(told, known).unwrap_or_else(|| "duplicity:".to_owned());
    let command = told.command.as_ref();
    // Only the newest set (and what it builds on) is read; an empty list would mean every set there is.
    let newest = start.filter(|_| command.is_some_and(|c| !c.dated)).and_then(|at| known.newest_before(&resource, at));
    let whole = command.is_some_and(|c| !c.narrowed);
    let result = match verdict.status {
        RunStatus::Success if whole => Integrity::Pass,
        _ if told.job.damaged => Integrity::Fail,
        _ => Integrity::NotChecked,
    };
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

/// Listed times at which there was no set.
type Phantoms = BTreeSet<(String, Instant)>;

/// One row for each listed set, with its deletion where one is proven.
fn points(
    batch: &Batch<'_>,
    found: &Found<'_>,
    known: &Known<'_>,
    runs: &[Run<'_>],
    phantoms: &Phantoms,
    sink: &mut dyn Sink,
) {
    let deleted = deleted(batch, found, known);
    let by_point: BTreeMap<(&str, &str), &Run<'_>> = runs
        .iter()
        .filter_map(|r| Some(((r.row.resource.as_deref()?, r.row.recovery_point_id.as_deref()?), r)))
        .collect();
    for (resource, sets) in &known.sets {
        for (at, seen) in sets.iter().filter(|(at, _)| !phantoms.contains(&(resource.clone(), **at))) {
            let name = set_name(*at);
            let run = by_point.get(&(resource.as_str(), name.as_str()));
            let origin =
                batch.origin(seen.listed.document, format!("point/{resource}/{name}"), format!("line:{}", seen.line));
            let mut point = RecoveryPoint::new(origin, &name);
            point.resource = Some(resource.clone());
            point.component = Some(component(seen));
            point.taken_at = Some(*at);
            point.run_id = run.map(|r| r.row.run_id.clone());
            point.system_id = run.and_then(|r| r.row.system_id.clone());
            point.plan_id = run.and_then(|r| r.row.plan_id.clone());
            point.created_at = run.and_then(|r| r.row.ended_at);
            point.bytes = run.and_then(|r| r.row.bytes);
            point.encrypted = seen.encrypted.or(run.and_then(|r| r.row.encrypted));
            point.cipher = (point.encrypted == Some(true)).then(|| CIPHER.to_owned());
            point.complete = match run.map(|r| r.row.status) {
                Some(RunStatus::Success) => Some(true),
                Some(RunStatus::Partial) => Some(false),
                // Unclaimed, and the newest: what an interrupted run left.
                None if !seen.followed => Some(false),
                None => Some(true),
                Some(_) => None,
            };
            if let Some(when) = deleted.get(&(resource.clone(), *at)) {
                point.deleted_at = *when;
                point.delete_reason = Some(DeleteReason::Expired);
            }
            sink.row(Row::RecoveryPoint(point));
        }
    }
}

/// Sets that `remove-…` deleted, and when.
fn deleted(batch: &Batch<'_>, found: &Found<'_>, known: &Known<'_>) -> BTreeMap<(String, Instant), Option<Instant>> {
    let mut out = BTreeMap::new();
    for told in found.jobs.iter().filter(|t| t.action == Action::Remove && !t.job.deleted.is_empty()) {
        let done = matches!(judged(batch, told).status, RunStatus::Success | RunStatus::Partial);
        let sets = resource(told, known).and_then(|r| known.sets.get_key_value(&r));
        let (Some((resource, sets)), true) = (sets, done) else { continue };
        let when = told.record.as_ref().and_then(|r| r.finished_at);
        for (end, incremental) in &told.job.deleted {
            let end = WallClock::new(told.zone).place(*end).ok().and_then(|at| sets.get(&at));
            let Some(root) = end.map(|seen| seen.root) else { continue };
            for (at, _) in sets.iter().filter(|(_, s)| s.root == root && !(*incremental && s.full)) {
                out.insert((resource.clone(), *at), when);
            }
        }
    }
    out
}

/// One row for each list made at a known time, whose sets all have one.
fn listings(batch: &Batch<'_>, found: &Found<'_>, known: &Known<'_>, phantoms: &Phantoms, sink: &mut dyn Sink) {
    for listed in &found.lists {
        let resource = known.resource(listed.target.as_deref(), listed.list.archive.as_deref());
        let (Some(at), Some(resource)) = (listed.at, resource) else { continue };
        let mut clock = WallClock::new(listed.zone);
        let mut ids = Vec::new();
        for set in &listed.list.sets {
            if set.full {
                clock.reset();
            }
            match set.begun {
                super::status::Begun::At(at) => ids.push(set_name(at)),
                super::status::Begun::Local(local) => ids.extend(clock.place(local).ok().map(set_name)),
            }
        }
        let misread = |id: &String| set_time(id).is_some_and(|at| phantoms.contains(&(resource.clone(), at)));
        let complete = listed.list.whole && ids.len() == listed.list.sets.len() && !ids.iter().any(misread);
        let id = format!("list/{resource}/{}", at.format("%Y-%m-%dT%H:%M:%S%.3fZ"));
        sink.row(Row::Listing(Listing {
            origin: batch.origin(listed.document, id, ""),
            resource,
            listed_at: at,
            recovery_point_ids: ids,
            complete,
        }));
    }
}
