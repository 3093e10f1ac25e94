//! WAL-E: messages of its commands, `backup-list`, and the sentinels beside base backups. WAL-E is no longer maintained;
//! read is what 1.1.1 writes.
//!
//! Messages (stderr, syslog) are blocks: `wal_e.main   INFO     MSG: …`, indented `DETAIL:` and `HINT:`, and
//! `STRUCTURED: time=2026-11-22T21:35:00.123456-00 pid=… action=push-wal seg=… state=begin`. The time is UTC. Each
//! process is told by its id, so that runs that write at the same time come apart.
//!
//! Rows:
//! * base backups that a list or a sentinel shows are runs that succeeded, because the sentinel is written last; their
//!   end is when it was stored,
//! * `backup-push` says nothing when it succeeds: without a list, a sentinel or a run record its end is unknown,
//! * archived segments are runs; `state=complete` is their end,
//! * `backup-fetch` is a restore test (duration and result only).
//!
//! Resource: `wal-e:<prefix>` (`WALE_S3_PREFIX` without its scheme) where a run record or a message tells it, else
//! `wal-e:<id of the source>`.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{BackupRun, Listing as Listed, Row, RunStatus};
use model::time::{Instant, instant, utc_text};

use crate::record::{RunRecord, is_record_name, records};
use crate::wal::attempt::{Action, Attempt, Command, locator};
use crate::wal::base::{BaseBackup, Names};
use crate::wal::secret;
use crate::wal::segment::RawSegment;
use crate::wal::sentinel::{Facts, about, base_name, facts};
use crate::{Batch, Claim, Document, Kind, Sink, fetch, problem};

mod log;
#[cfg(test)]
mod tests;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "wal-e",
    title: "WAL-E",
    reads: "messages and backup-list of wal-e, and the sentinels beside its base backups",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim,
    parse,
    live: None,
};

/// Text is kept; data of backups and segments are not.
fn claim(name: &str, head: &[u8]) -> Claim {
    use crate::wal::recognise::{What, recognise};
    if let Some(variable) = secret::held(name, head) {
        return Claim::Pass(format!("a file with a secret ({variable})"));
    }
    match recognise(name).map(|known| known.what) {
        Some(What::Data(_)) => Claim::Pass("data of a base backup; its sentinel is read".to_owned()),
        Some(What::Log { .. }) => Claim::Pass("a log segment; a listing tells which there are".to_owned()),
        _ => fetch::claim_text(name, head),
    }
}

/// Most bytes of a document that are looked at to recognise it.
const HEAD: u64 = 64 << 10;

/// Columns of `backup-list`, as WAL-E names them.
const COLUMNS: [&str; 7] = [
    "name",
    "last_modified",
    "expanded_size_bytes",
    "wal_segment_backup_start",
    "wal_segment_offset_backup_start",
    "wal_segment_backup_stop",
    "wal_segment_offset_backup_stop",
];

/// One list of base backups.
struct List {
    names: Vec<String>,
    at: Instant,
    document: Document,
    place: String,
    whole: bool,
}

/// What the documents of a batch hold, on the way to rows.
struct Found<'a> {
    batch: &'a Batch<'a>,
    records: &'a [RunRecord],
    commands: Vec<Option<Command>>,
    only_place: String,
    attempts: Vec<Attempt>,
    of_record: BTreeMap<usize, usize>,
    bases: BTreeMap<(String, String), BaseBackup>,
    lists: Vec<List>,
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let records = records(batch, sink);
    let commands: Vec<Option<Command>> = records.iter().map(|r| Command::read(&r.command, "wal-e")).collect();
    let mut documents: Vec<&Document> = batch.documents.iter().filter(|d| !is_record_name(d.name())).collect();
    documents.sort_by(|a, b| a.name().cmp(b.name()));
    let mut places: BTreeSet<String> =
        records.iter().zip(&commands).filter_map(|(r, c)| locator(r, c.as_ref())).collect();
    places.extend(documents.iter().filter_map(|d| log::place(d)));
    let only_place = match places.len() {
        1 => places.into_iter().next().unwrap_or_default(),
        _ => batch.source_id.to_string(),
    };
    let mut found = Found {
        batch,
        records: &records,
        commands,
        only_place,
        attempts: Vec::new(),
        of_record: BTreeMap::new(),
        bases: BTreeMap::new(),
        lists: Vec::new(),
    };
    for document in documents {
        let of = |name: &Option<String>| name.as_deref() == Some(document.name());
        let record = records.iter().position(|r| of(&r.stdout) || of(&r.stderr));
        if let Err(e) = found.read(document, record, sink) {
            sink.problem(problem(document, None, format!("{e}; collect the file again")));
        }
    }
    found.unanswered(sink);
    found.emit(sink);
}

impl Found<'_> {
    fn command(&self, record: Option<usize>) -> Option<&Command> {
        record.and_then(|at| self.commands.get(at)).and_then(Option::as_ref)
    }

    fn place(&self, record: Option<usize>) -> String {
        let of = record.and_then(|at| self.records.get(at));
        of.and_then(|r| locator(r, self.command(record))).unwrap_or_else(|| self.only_place.clone())
    }

    fn read(&mut self, document: &Document, record: Option<usize>, sink: &mut dyn Sink) -> std::io::Result<()> {
        let head = document.head(HEAD)?;
        let head = String::from_utf8_lossy(&head);
        let begins = head.trim_start_matches('\u{feff}').trim_start();
        if begins.is_empty() {
            // A command that printed nothing is no damage.
            if record.is_none() {
                sink.problem(problem(document, None, "the file is empty; collect it again, or remove it"));
            }
        } else if begins.starts_with("name\tlast_modified\t") {
            self.list(document, record, &document.text()?, sink);
        } else if log::is_log(&head) {
            log::read(self, document, record, sink)?;
        } else if begins.starts_with('{') && about(document.name()).is_some() {
            self.sentinel(document, record, &document.text()?, sink);
        } else if self.command(record).is_some_and(|c| c.action().is_some()) {
            // A trace of Python, or messages of psql: the record judges.
            let text = document.lossy_text()?;
            if let Some(attempt) = self.attempt_of(record, document) {
                attempt
                    .errors
                    .extend(text.lines().map(str::trim).filter(|l| !l.is_empty()).take(20).map(str::to_owned));
            }
        } else {
            sink.passed_over(document.name(), "no output of WAL-E");
        }
        Ok(())
    }

    /// The attempt that a recorded command is.
    fn attempt_of(&mut self, record: Option<usize>, document: &Document) -> Option<&mut Attempt> {
        let at = record?;
        let command = self.commands.get(at)?.clone()?;
        if !self.of_record.contains_key(&at) {
            let mut attempt = Attempt::new(command.action()?, document, "line:1".to_owned());
            attempt.record = Some(at);
            attempt.locator = Some(self.place(record));
            match attempt.action {
                Action::WalPush => {
                    attempt.file = command.operands.first().map(|p| p.rsplit('/').next().unwrap_or(p).to_owned());
                }
                Action::Fetch => attempt.base = command.operands.get(1).filter(|b| base_name(b).is_some()).cloned(),
                // WAL-E makes whole copies only.
                Action::Push => attempt.increment = Some(false),
            }
            self.attempts.push(attempt);
            self.of_record.insert(at, self.attempts.len() - 1);
        }
        let index = *self.of_record.get(&at)?;
        self.attempts.get_mut(index)
    }

    fn unanswered(&mut self, sink: &mut dyn Sink) {
        for at in 0..self.records.len() {
            let (Some(record), Some(Some(command))) = (self.records.get(at), self.commands.get(at)) else { continue };
            if command.action().is_some() {
                let document = record.document.clone();
                let pointer = record.pointer.clone();
                let known = self.of_record.contains_key(&at);
                if let Some(attempt) = self.attempt_of(Some(at), &document).filter(|_| !known) {
                    attempt.pointer = pointer;
                }
            } else if command.name == "backup-list" && record.exit_code.is_some_and(|c| c != 0) {
                let place = (!record.pointer.is_empty()).then(|| record.pointer.clone());
                let message = "a listing that failed: its backups are not known; see what it printed, and list again";
                sink.problem(problem(&record.document, place, message));
            }
        }
    }

    fn base(&mut self, place: &str, base: BaseBackup) {
        match self.bases.get_mut(&(place.to_owned(), base.name.clone())) {
            Some(known) => known.merge(base),
            None => {
                self.bases.insert((place.to_owned(), base.name.clone()), base);
            }
        }
    }

    /// `backup-list`: tabs, and CR LF at the end of lines. Sizes and stop columns are empty without `--detail`.
    fn list(&mut self, document: &Document, record: Option<usize>, text: &str, sink: &mut dyn Sink) {
        let place = self.place(record);
        let told = record.and_then(|at| self.records.get(at));
        let mut whole = text.ends_with('\n')
            && told.is_none_or(|r| r.killed_by.is_none() && r.exit_code.is_none_or(|c| c == 0))
            && self.command(record).is_none_or(|c| c.operands.is_empty());
        let mut names = Vec::new();
        for (n, line) in text.lines().enumerate().skip(1).filter(|(_, l)| !l.trim().is_empty()) {
            let pointer = format!("line:{}", n + 1);
            match row(line, &pointer, document, self.batch, sink) {
                Some(base) => {
                    names.push(base.name.clone());
                    self.base(&place, base);
                }
                None => {
                    whole = false;
                    let message = "not a row of backup-list; list again";
                    sink.problem(problem(document, Some(pointer), message));
                }
            }
        }
        if !text.ends_with('\n') {
            sink.problem(problem(document, None, "the last line is cut; list again"));
        }
        let at = told.and_then(|r| r.finished_at.or(r.started_at)).or_else(|| document.modified_at());
        let at = at.unwrap_or(self.batch.collected_at);
        self.lists.push(List { names, at, document: document.clone(), place, whole });
    }

    fn sentinel(&mut self, document: &Document, record: Option<usize>, text: &str, sink: &mut dyn Sink) {
        let Some(name) = about(document.name()) else { return };
        let object = serde_json::from_str::<serde_json::Value>(text).ok();
        let Some(object) = object.as_ref().and_then(serde_json::Value::as_object) else {
            return sink.problem(problem(document, None, "damaged JSON; copy the sentinel again"));
        };
        let (mut told, bad) = facts(object);
        for key in bad {
            let message = format!("{key} can't be read; the field is left out");
            sink.problem(problem(document, Some(format!("/{key}")), message));
        }
        told.finished_at = told.finished_at.or(document.modified_at());
        let base = listed(name, "backup_stop_sentinel.json present", told, self.batch.origin(document, "", ""));
        let place = self.place(record);
        self.base(&place, base);
    }

    fn emit(self, sink: &mut dyn Sink) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, name) in self.bases.keys() {
            *seen.entry(name).or_default() += 1;
        }
        let point_id = |place: &str, name: &str| match seen.get(name).is_some_and(|n| *n > 1) {
            true => format!("{place} {name}"),
            false => name.to_owned(),
        };
        let place_of = |a: &Attempt| a.locator.clone().unwrap_or_else(|| self.only_place.clone());
        let mut of_base: BTreeMap<(String, &str), &Attempt> = BTreeMap::new();
        for attempt in self.attempts.iter().filter(|a| a.action == Action::Push) {
            if let Some(base) = &attempt.base {
                of_base.insert((place_of(attempt), base), attempt);
            }
        }
        for ((place, name), base) in &self.bases {
            let resource = format!("wal-e:{place}");
            let names = Names {
                run_id: format!("{resource} {name}"),
                point_id: point_id(place, name),
                resource,
                location_id: None,
            };
            let attempt = of_base.get(&(place.clone(), name.as_str())).copied();
            sink.row(Row::Run(self.run(base, attempt, &names)));
            if let Some(point) = base.point(&names) {
                sink.row(Row::RecoveryPoint(point));
            }
        }
        for attempt in self.attempts.iter().filter(|a| !a.void) {
            let place = place_of(attempt);
            let resource = format!("wal-e:{place}");
            let record = attempt.record.and_then(|at| self.records.get(at));
            let known = attempt.base.as_ref().is_some_and(|b| self.bases.contains_key(&(place, b.clone())));
            match attempt.action {
                Action::Fetch => attempt.restore(self.batch, &resource, record, sink),
                Action::Push if known => {}
                Action::Push | Action::WalPush => sink.row(Row::Run(attempt.run(self.batch, &resource, record))),
            }
        }
        for list in &self.lists {
            let resource = format!("wal-e:{}", list.place);
            let mut recovery_point_ids: Vec<String> = list.names.iter().map(|n| point_id(&list.place, n)).collect();
            recovery_point_ids.sort();
            let id = format!("listing:{resource}:{}", utc_text(list.at));
            sink.row(Row::Listing(Listed {
                resource,
                listed_at: list.at,
                recovery_point_ids,
                complete: list.whole,
                origin: self.batch.origin(&list.document, id, ""),
            }));
        }
    }

    /// The run of a base backup that is there, with what its messages tell.
    fn run(&self, base: &BaseBackup, attempt: Option<&Attempt>, names: &Names) -> BackupRun {
        let mut run = base.run(names);
        let Some(attempt) = attempt else { return run };
        let record = attempt.record.and_then(|at| self.records.get(at));
        let told = attempt.run(self.batch, &names.resource, record);
        (run.plan_id, run.system_id) = (told.plan_id, told.system_id);
        run.started_at = told.started_at;
        run.ended_at = record.and_then(|r| r.finished_at).or(run.ended_at);
        if matches!(told.status, RunStatus::Failed | RunStatus::Aborted) {
            // The sentinel was written, and yet the command did not end well.
            (run.status, run.status_raw, run.status_detail) = (RunStatus::Partial, told.status_raw, told.status_detail);
        }
        run
    }
}

/// A base backup whose sentinel is there.
fn listed(name: &str, raw: &str, facts: Facts, origin: model::rows::Origin) -> BaseBackup {
    BaseBackup {
        name: name.to_owned(),
        status: RunStatus::Success,
        raw: raw.to_owned(),
        detail: None,
        increment: false,
        complete: Some(true),
        zone_unknown: false,
        facts,
        origin,
    }
}

fn row(line: &str, pointer: &str, document: &Document, batch: &Batch<'_>, sink: &mut dyn Sink) -> Option<BaseBackup> {
    let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
    if cells.len() != COLUMNS.len() {
        return None;
    }
    let of = |column: &str| {
        let at = COLUMNS.iter().position(|c| *c == column)?;
        // What could not be asked for in time is filled in as the word.
        cells.get(at).copied().filter(|c| !c.is_empty() && *c != "timeout" && *c != "None")
    };
    let name = of("name").filter(|n| base_name(n).is_some())?;
    let mut fault = |column: &str| {
        let message = format!("{column} can't be read; the field is left out");
        sink.problem(problem(document, Some(pointer.to_owned()), message));
    };
    let mut told = Facts::default();
    if let Some(text) = of("last_modified") {
        let http = chrono::DateTime::parse_from_rfc2822(text).map(|t| t.to_utc()).ok();
        told.finished_at = http.or_else(|| instant(text, Some(chrono_tz::UTC)).ok());
        if told.finished_at.is_none() {
            fault("last_modified");
        }
    }
    if let Some(text) = of("expanded_size_bytes") {
        told.bytes = text.parse().ok();
        if told.bytes.is_none() {
            fault("expanded_size_bytes");
        }
    }
    if let Some(text) = of("wal_segment_backup_stop") {
        told.stop_segment = RawSegment::parse(text);
        if told.stop_segment.is_none() {
            fault("wal_segment_backup_stop");
        }
    }
    Some(listed(name, "listed", told, batch.origin(document, "", pointer)))
}
