//! Sessions to rows; a session that a record, the console and the log tell of is one run.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, NaiveDateTime};
use model::rows::{BackupRun, Component, Row, RunStatus};
use model::time::{Instant, Tz, WallClock, candidates};
use sha2::{Digest, Sha256};

use super::command::exit_code;
use super::gather::{Found, Told};
use super::log::Session;
use crate::groups::tell_future;
use crate::verdict::{Around, Ids, Said, may_still_run, verdict};
use crate::{Batch, Sink};

/// What a session does with data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Copies it.
    Copies,
    /// Only moves snapshots on.
    Rotates,
    /// Nothing tells.
    Untold,
}

pub(super) fn emit(batch: &Batch<'_>, found: &Found<'_>, sink: &mut dyn Sink) {
    let mut joined = joined(found);
    joined.retain(|run| run.told.session.command.is_level());
    let known = Known::of(found, &joined);
    let mut ids = Ids::default();
    let mut clock = Clock::new(found.zone);
    for run in &joined {
        let times = times(run, &mut clock);
        let work = known.work(run);
        if work == Work::Rotates {
            continue;
        }
        let row = row(batch, run, work, times, &known, &mut ids);
        tell_future(batch, &row, sink);
        sink.row(Row::Run(row));
    }
}

/// A session with everything that is known of it.
struct Run<'a> {
    told: &'a Told<'a>,
    session: Session,
}

/// Sessions of the log joined with the records of the same commands, in order of record, then of the logs.
fn joined<'a>(found: &'a Found<'_>) -> Vec<Run<'a>> {
    let run = |told: &'a Told<'a>| Run { told, session: told.session.clone() };
    let mut out: Vec<Run<'a>> = found.told.iter().filter(|t| t.record.is_some()).map(run).collect();
    let recorded = out.len();
    let mut claimed = BTreeSet::new();
    for told in found.told.iter().filter(|t| t.record.is_none()) {
        let of_record = out.iter().take(recorded).enumerate().position(|(at, r)| {
            !claimed.contains(&(at, told.document.name()))
                && same_command(&r.session, &told.session)
                && near(r.told, &told.session, found.zone)
        });
        let twice = out.iter().skip(recorded).position(|r| {
            r.told.document.name() != told.document.name()
                && r.session.begun.is_some()
                && r.session.begun == told.session.begun
                && same_command(&r.session, &told.session)
        });
        // A mail of cron tells a failure of the log once more, without a time.
        let mailed = out.iter().enumerate().position(|(at, r)| {
            let timeless = r.session.begun.is_none() != told.session.begun.is_none() && r.told.record.is_none();
            timeless
                && told.session.said.failure.is_some()
                && r.session.said.failure == told.session.said.failure
                && same_command(&r.session, &told.session)
                && !claimed.contains(&(at, told.document.name()))
        });
        let seen = of_record.or(twice.map(|at| at + recorded)).or(mailed);
        if let Some(at) = seen {
            claimed.insert((at, told.document.name()));
        }
        match seen.and_then(|at| out.get_mut(at)) {
            Some(seen) => absorb(&mut seen.session, &told.session),
            None => out.push(run(told)),
        }
    }
    out
}

fn same_command(a: &Session, b: &Session) -> bool {
    a.command.word == b.command.word && a.command.config_name() == b.command.config_name()
}

/// True where a stamp of the log can lie in the time of a record.
fn near(told: &Told<'_>, session: &Session, shared: Option<Tz>) -> bool {
    let slack = Duration::seconds(2);
    let Some((record, begun)) = told.record.as_ref().zip(session.begun) else { return false };
    let Some((zone, from)) = record.timezone.or(shared).zip(record.started_at) else { return false };
    let to = record.finished_at.unwrap_or(from + Duration::hours(1));
    candidates(begun, zone).iter().any(|at| from - slack <= *at && *at <= to + slack)
}

/// Adds what another sighting tells.
fn absorb(seen: &mut Session, other: &Session) {
    seen.copied = seen.copied.take().or_else(|| other.copied.clone());
    seen.root = seen.root.take().or_else(|| other.root.clone());
    seen.verbose |= other.verbose;
    seen.completed |= other.completed;
    seen.begun = seen.begun.or(other.begun);
    seen.ended = seen.ended.or(other.ended);
    if let Some(failure) = &other.said.failure {
        seen.said.fail(failure);
    }
    if let Some(signal) = &other.said.signal {
        seen.said.signal(signal);
    }
    if let Some(end) = &other.said.end {
        seen.said.end(end);
    }
    if let (None, Some(warnings)) = (seen.said.warnings(), other.said.warnings()) {
        seen.said.warn(&warnings);
    }
}

/// Places the stamps of logs.
struct Clock<'a> {
    clock: WallClock,
    zone: Option<Tz>,
    document: &'a str,
    last: Option<(NaiveDateTime, Instant)>,
}

impl<'a> Clock<'a> {
    const fn new(zone: Option<Tz>) -> Self {
        Self { clock: WallClock::new(zone), zone, document: "", last: None }
    }

    fn place(&mut self, document: &'a str, local: NaiveDateTime, begins: bool) -> Option<Instant> {
        if self.document != document {
            *self = Self { document, ..Self::new(self.zone) };
        }
        let repeats = self.zone.is_some_and(|z| candidates(local, z).len() > 1);
        // Of two starts with one stamp in the hour that repeats, the later one is the second time of that hour.
        if let (true, true, Some((stamp, at))) = (begins, repeats, self.last)
            && stamp == local
        {
            self.clock.not_before(at + Duration::seconds(2));
        }
        let at = self.clock.place(local).ok()?;
        if begins {
            self.last = Some((local, at));
        }
        Some(at)
    }
}

/// Start, end, and whether a stamp has no zone.
type Times = (Option<Instant>, Option<Instant>, bool);

fn times<'a>(run: &Run<'a>, clock: &mut Clock<'a>) -> Times {
    if let Some(record) = &run.told.record {
        return (record.started_at, record.finished_at, false);
    }
    let name = run.told.document.name();
    let start = run.session.begun.and_then(|local| clock.place(name, local, true));
    let end = run.session.ended.and_then(|local| clock.place(name, local, false));
    let over = run.session.completed || run.session.said.closed();
    (start, end.filter(|_| over && start.is_some()), run.session.begun.is_some() && start.is_none())
}

/// What configurations and logs tell of levels and roots.
struct Known<'a> {
    found: &'a Found<'a>,
    /// Levels that copy, by name of the configuration.
    copies: BTreeMap<String, BTreeSet<String>>,
    roots: BTreeMap<String, String>,
    only_root: Option<String>,
}

impl<'a> Known<'a> {
    fn of(found: &'a Found<'_>, runs: &[Run<'_>]) -> Self {
        let mut copies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut roots = BTreeMap::new();
        for (name, config) in &found.configs {
            if let Some(level) = config.copies() {
                copies.entry(name.clone()).or_default().insert(level.to_owned());
            }
            if let Some(root) = &config.root {
                roots.insert(name.clone(), root.clone());
            }
        }
        for session in runs.iter().map(|r| &r.session) {
            let name = session.command.config_name();
            if let Some(level) = session.copied.as_ref().filter(|_| !found.configs.contains_key(name)) {
                copies.entry(name.to_owned()).or_default().insert(level.clone());
            }
            if let Some(root) = &session.root {
                roots.entry(name.to_owned()).or_insert_with(|| root.clone());
            }
        }
        let all: BTreeSet<&String> = roots.values().collect();
        let only_root = (all.len() == 1).then(|| all.first().map(|r| (*r).clone())).flatten();
        Self { found, copies, roots, only_root }
    }

    fn work(&self, run: &Run<'_>) -> Work {
        let session = &run.session;
        let word = session.command.word.as_str();
        if word == "sync" || session.copied.is_some() {
            return Work::Copies;
        }
        let exit = run.told.record.as_ref().and_then(|r| r.exit_code);
        let ended = session.said.end.is_some() || exit == Some(0);
        if session.verbose && ended {
            return Work::Rotates;
        }
        let name = session.command.config_name();
        if let Some(config) = self.found.configs.get(name)
            && let Some(level) = config.copies()
        {
            return if level == word { Work::Copies } else { Work::Rotates };
        }
        match self.copies.get(name) {
            Some(levels) if levels.contains(word) => Work::Copies,
            Some(_) => Work::Rotates,
            None if self.copies.values().any(|levels| levels.contains(word)) => Work::Copies,
            None => Work::Untold,
        }
    }

    fn resource(&self, session: &Session) -> String {
        let name = session.command.config_name();
        let root = session.root.as_ref().or_else(|| self.roots.get(name)).or(self.only_root.as_ref());
        format!("rsnapshot:{}", root.map_or_else(|| session.command.config.as_deref().unwrap_or(name), String::as_str))
    }
}

fn row(batch: &Batch<'_>, run: &Run<'_>, work: Work, times: Times, known: &Known<'_>, ids: &mut Ids) -> BackupRun {
    let (start, end, zone_unknown) = times;
    let record = run.told.record.as_ref();
    let resource = known.resource(&run.session);
    let mut said: Said = run.session.said.clone();
    if run.session.superseded && !run.session.completed {
        said.signal("it never ended: a later run took the lock");
    }
    let around =
        Around { record, masked: run.told.masked, missing: run.told.missing, collected_at: batch.collected_at };
    let mut verdict = verdict(&said, &around, &exit_code);
    if verdict.status == RunStatus::Unknown
        && record.is_none()
        && start.is_some_and(|at| may_still_run(at, batch.collected_at))
    {
        verdict.status = RunStatus::Running;
        verdict.detail = None;
    }
    if work == Work::Untold && verdict.status == RunStatus::Success {
        verdict.status = RunStatus::Unknown;
        let text = "nothing tells whether this level copies data or only moves snapshots on; collect rsnapshot.conf beside the log";
        verdict.detail = Some(text.to_owned());
    }
    let mut lines = Sha256::new();
    lines.update(&run.session.first);
    let local = run.session.begun.map(|l| l.format("%Y-%m-%dT%H:%M:%S").to_string());
    let id = match (start, local) {
        (None, Some(local)) => ids.unique(format!("{}/{local} local/{resource}", run.session.command.word)),
        _ => ids.of(&run.session.command.word, start, &resource, run.told.document.name(), &lines),
    };
    let origin = batch.origin(run.told.document, &id, &run.told.pointer);
    let mut row = BackupRun::new(origin, id, verdict.status, verdict.raw);
    row.status_detail = verdict.detail;
    row.resource = Some(resource);
    row.component = Some(Component::Snapshot);
    row.started_at = start;
    row.ended_at = end;
    row.zone_unknown = zone_unknown;
    // Snapshots are plain files.
    row.encrypted = matches!(row.status, RunStatus::Success | RunStatus::Partial).then_some(false);
    if let Some(record) = record {
        row.system_id.clone_from(&record.system);
        row.plan_id.clone_from(&record.plan_id);
    }
    row
}
