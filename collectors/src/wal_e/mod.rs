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

use model::rows::{BackupRun, RunStatus};
use model::time::instant;

use crate::record::{RunRecord, is_record_name, records};
use crate::wal::base::{BaseBackup, Names};
use crate::wal::secret;
use crate::wal::segment::RawSegment;
use crate::wal::sentinel::{Facts, about, base_name, facts};
use crate::wal::told::{List, Told, Tool};
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

/// What is WAL-E's own.
static TOOL: Tool = Tool {
    name: KIND.name,
    whole: |_| true,
    lost: |command| {
        let text = "a listing that failed: its backups are not known; see what it printed, and list again";
        (command == "backup-list").then(|| text.to_owned())
    },
    join,
};

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let records = records(batch, sink);
    let mut documents: Vec<&Document> = batch.documents.iter().filter(|d| !is_record_name(d.name())).collect();
    documents.sort_by(|a, b| a.name().cmp(b.name()));
    let places = documents.iter().filter_map(|d| log::place(d)).collect();
    let mut found = Told::new(&TOOL, batch, &records, places);
    for document in documents {
        let record = found.names(document);
        if let Err(e) = read(&mut found, document, record, sink) {
            sink.problem(problem(document, None, format!("{e}; collect the file again")));
        }
    }
    found.unanswered(sink);
    found.emit(sink);
}

fn read(found: &mut Told<'_>, document: &Document, record: Option<usize>, sink: &mut dyn Sink) -> std::io::Result<()> {
    let head = document.head(HEAD)?;
    let head = String::from_utf8_lossy(&head);
    let begins = head.trim_start_matches('\u{feff}').trim_start();
    if begins.is_empty() {
        // A command that printed nothing is no damage.
        if record.is_none() {
            sink.problem(problem(document, None, "the file is empty; collect it again, or remove it"));
        }
    } else if begins.starts_with("name\tlast_modified\t") {
        list(found, document, record, &document.text()?, sink);
    } else if log::is_log(&head) {
        log::read(found, document, record, sink)?;
    } else if begins.starts_with('{') && about(document.name()).is_some() {
        sentinel(found, document, record, &document.text()?, sink);
    } else if !found.unread(record, document)? {
        sink.passed_over(document.name(), "no output of WAL-E");
    }
    Ok(())
}

/// `backup-list`: tabs, and CR LF at the end of lines. Sizes and stop columns are empty without `--detail`.
fn list(found: &mut Told<'_>, document: &Document, record: Option<usize>, text: &str, sink: &mut dyn Sink) {
    let place = found.place(record);
    let mut whole =
        text.ends_with('\n') && found.ended_well(record) && found.command(record).is_none_or(|c| c.operands.is_empty());
    let mut names = Vec::new();
    for (n, line) in text.lines().enumerate().skip(1).filter(|(_, l)| !l.trim().is_empty()) {
        let pointer = format!("line:{}", n + 1);
        match row(line, &pointer, document, found.batch, sink) {
            Some(base) => {
                names.push(base.name.clone());
                found.base(&place, base);
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
    let (at, document) = (found.at(record, document), document.clone());
    found.lists.push(List { names, at, document, pointer: String::new(), place, whole });
}

fn sentinel(found: &mut Told<'_>, document: &Document, record: Option<usize>, text: &str, sink: &mut dyn Sink) {
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
    let base = listed(name, "backup_stop_sentinel.json present", told, found.batch.origin(document, "", ""));
    let place = found.place(record);
    found.base(&place, base);
}

/// What the messages of `backup-push` add to the run of its base backup.
fn join(mut run: BackupRun, told: BackupRun, record: Option<&RunRecord>, _: &Names) -> BackupRun {
    run.started_at = told.started_at;
    run.ended_at = record.and_then(|r| r.finished_at).or(run.ended_at);
    if matches!(told.status, RunStatus::Failed | RunStatus::Aborted) {
        // The sentinel was written, and yet the command did not end well.
        (run.status, run.status_raw, run.status_detail) = (RunStatus::Partial, told.status_raw, told.status_detail);
    }
    run
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
