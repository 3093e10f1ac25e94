//! pg_dump, pg_dumpall, pg_basebackup, pg_restore and pg_verifybackup.
//!
//! These tools keep no list of what they did. Read are: what they print (verbose or not), logs and mails of the
//! scripts and cron jobs around them, run records, `pg_restore -l`, `backup_label` and `backup_manifest`, the server's
//! log (for restores of base backups), and facts about dump files.
//!
//! A run is a success only where something says that it ended well: an exit code that is the tool's own, a script's
//! "finished", `base backup completed`, the trailer of a plain dump, or a `backup_manifest` whose checksum holds. A
//! verbose log without error is not enough: pg_dump prints nothing at its end. A start seen by cron is not enough
//! either, nor is an archive with a readable table of contents.
//!
//! One table, one schema or only roles is not a backup of the database: such runs get a resource id of their own,
//! `pg-dump:<database>/<selection>` or `pg-dump:<host>/globals`. Whole clusters (pg_dumpall, pg_basebackup) are named by
//! their host.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{self, RunRecord};
use crate::{Batch, Document, Kind, Sink, problem};

mod basebackup;
mod command;
mod cron;
mod draft;
mod dump;
mod log;
mod merge;
mod phrases;
mod rows;
mod server;
mod stamp;
#[cfg(test)]
mod tests;

use command::{Command, Tool};
use draft::Draft;
use log::{Scan, Session};
use stamp::Clock;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "pg-dump",
    title: "pg_dump",
    reads: "cron and verbose logs of pg_dump, pg_dumpall, pg_basebackup and pg_restore, and facts about dump files",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim: dump::claim,
    parse,
    live: None,
};

/// Everything one batch told, before what belongs together is joined.
#[derive(Debug, Default)]
struct Found {
    drafts: Vec<Draft>,
    recoveries: Vec<(usize, server::Recovery)>,
    files: Vec<dump::DumpFile>,
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let records = record::records(batch, sink);
    let mut documents: Vec<&Document> = batch.documents.iter().filter(|d| !record::is_record_name(d.name())).collect();
    documents.sort_by(|a, b| a.name().cmp(b.name()));
    let position: BTreeMap<&str, usize> = documents.iter().enumerate().map(|(n, d)| (d.name(), n)).collect();

    let mut found = Found::default();
    let mut claimed: BTreeSet<usize> = BTreeSet::new();
    for record in &records {
        let outputs: Vec<usize> = [&record.stdout, &record.stderr]
            .into_iter()
            .flatten()
            .filter_map(|name| position.get(name.as_str()).copied())
            .collect();
        claimed.extend(&outputs);
        recorded(batch, record, &documents, &outputs, &mut found, sink);
    }
    let folders: BTreeSet<&str> =
        documents.iter().filter(|d| d.file_name() == "toc.dat").map(|d| d.name().trim_end_matches("toc.dat")).collect();
    let mut parts: BTreeMap<&str, u64> = BTreeMap::new();
    for (at, document) in documents.iter().enumerate() {
        if claimed.contains(&at) {
            continue;
        }
        let folder = document.name().trim_end_matches(document.file_name());
        if folders.contains(folder) && document.file_name() != "toc.dat" {
            if let Ok(Some(part)) = dump::read(document) {
                *parts.entry(folder).or_default() += part.size;
            }
            sink.passed_over(document.name(), "data of a directory dump; its toc.dat is read");
            continue;
        }
        let pair: Vec<usize> = partners(document.name())
            .iter()
            .filter_map(|name| position.get(name.as_str()).copied())
            .filter(|other| claimed.insert(*other))
            .collect();
        unrecorded(batch, at, &pair, &documents, &mut found, sink);
    }
    let Found { drafts, recoveries, mut files } = found;
    let mut drafts = merge::joined(drafts, &documents);
    files.sort_by(|a, b| a.name.cmp(&b.name));
    for file in &mut files {
        let folder = file.name.strip_suffix("toc.dat");
        file.size += folder.and_then(|f| parts.get(f)).copied().unwrap_or_default();
    }
    let made_by = merge::dump_files(&mut drafts, &files, batch.timezone, &documents);
    merge::inputs(&mut drafts, &files);
    let rows = rows::Rows { batch, documents: &documents };
    let run_ids = rows.drafts(&drafts, sink);
    rows.points(&files, &made_by, &run_ids, sink);
    rows.recoveries(recoveries, sink);
}

/// A recorded command and what it printed.
fn recorded(
    batch: &Batch<'_>,
    record: &RunRecord,
    documents: &[&Document],
    outputs: &[usize],
    found: &mut Found,
    sink: &mut dyn Sink,
) {
    let command = Command::read(&record.command);
    let mut sessions = Vec::new();
    let mut ours = command.tool.is_some();
    for at in outputs {
        let Some(document) = documents.get(*at) else { continue };
        if matches!(dump::read(document), Ok(Some(_))) && document.size() > 0 {
            // `pg_dump > file`, recorded as standard output: the output is the dump.
            read_dump(document, found, sink);
            continue;
        }
        let mut clock = Clock::new(record.timezone, document.modified_at());
        if let Some(start) = record.started_at {
            clock.not_before(start);
        }
        if let Some(scan) = scan(document, *at, clock, record.timezone, sink) {
            ours |= scan.ours && command::may_be_wrapper(&record.command);
            sessions.extend(scan.sessions);
        }
    }
    let named = command::may_be_wrapper(&record.command)
        && record.command.split_whitespace().next().is_some_and(|w| command::backup_word(dump::base(w)))
        && record.tool.as_deref().is_none_or(|t| Tool::named(t).is_some());
    if !ours && !named {
        for at in outputs {
            if let Some(document) = documents.get(*at) {
                sink.passed_over(document.name(), "output of a command that is no PostgreSQL backup or restore");
            }
        }
        return;
    }
    let framed = sessions.iter().filter(|s| s.framed()).count();
    if framed > 1 {
        for session in separate(sessions) {
            let session_command = Command { database: session.database.clone(), ..Command::default() };
            found.drafts.push(draft::judge(batch, session, &session_command, Some(record), true));
        }
        return;
    }
    let session = sessions.into_iter().reduce(Session::joined).unwrap_or_default();
    found.drafts.push(draft::judge(batch, session, &command, Some(record), false));
}

/// A document that no record speaks of, with the other stream of the same command where it is there.
fn unrecorded(
    batch: &Batch<'_>,
    at: usize,
    pair: &[usize],
    documents: &[&Document],
    found: &mut Found,
    sink: &mut dyn Sink,
) {
    let Some(document) = documents.get(at) else { return };
    if read_dump(document, found, sink) {
        return;
    }
    if document.size() == 0 && pair.is_empty() {
        sink.problem(problem(document, None, "the file is empty; remove it, or look why nothing was written"));
        return;
    }
    match basebackup::read(document, at, batch.timezone) {
        basebackup::Read::Draft(draft) => return found.drafts.push(*draft),
        basebackup::Read::Damaged(place, message) => return sink.problem(problem(document, place, message)),
        basebackup::Read::Other => {}
    }
    let mut sessions = Vec::new();
    for at in std::iter::once(&at).chain(pair) {
        let Some(document) = documents.get(*at) else { continue };
        let clock = Clock::new(batch.timezone, document.modified_at());
        let Some(scan) = scan(document, *at, clock, batch.timezone, sink) else { continue };
        let server = scan.server.lines > 0;
        if scan.ours {
            sessions.extend(scan.sessions);
        } else if document.size() > 0 {
            let recoveries = scan.server.finish();
            if recoveries.is_empty() && server {
                sink.passed_over(document.name(), "a server log without a restore");
            } else if recoveries.is_empty() {
                sink.passed_over(document.name(), "no trace of a PostgreSQL backup or restore in it");
            }
            found.recoveries.extend(recoveries.into_iter().map(|r| (*at, r)));
        }
    }
    let framed = sessions.iter().filter(|s| s.framed()).count();
    let single = !pair.is_empty() && framed <= 1 && sessions.len() - framed <= 1;
    sessions.sort_by_key(|s| !s.framed());
    let sessions =
        if single { sessions.into_iter().reduce(Session::joined).into_iter().collect() } else { separate(sessions) };
    for session in sessions {
        let command = session.command.as_deref().map(Command::read).unwrap_or_default();
        found.drafts.push(draft::judge(batch, session, &command, None, false));
    }
}

/// Sessions that stand for themselves: framed ones, and of the others those that tell something more.
fn separate(sessions: Vec<Session>) -> Vec<Session> {
    let framed = sessions.iter().filter(|s| s.framed()).count();
    let failed = sessions.iter().any(|s| s.framed() && s.end == Some(log::End::Failed));
    sessions
        .into_iter()
        .filter(|s| s.framed() || (s.tool.is_some() && (framed == 0 || (s.end.is_some() && !failed))))
        .collect()
}

/// Takes a document that is a dump or facts about one; false where it is not.
fn read_dump(document: &Document, found: &mut Found, sink: &mut dyn Sink) -> bool {
    match dump::read(document) {
        Ok(Some(file)) => found.files.push(file),
        Ok(None) => return false,
        Err(message) => sink.problem(problem(document, None, message)),
    }
    true
}

fn scan(
    document: &Document,
    at: usize,
    clock: Clock,
    zone: Option<model::time::Tz>,
    sink: &mut dyn Sink,
) -> Option<Scan> {
    match log::scan(document, at, clock, zone) {
        Ok(scan) => {
            for line in &scan.too_long {
                sink.problem(problem(
                    document,
                    Some(format!("line {line}")),
                    "longer than 4 MiB and skipped; split it",
                ));
            }
            if let Some(line) = scan.cut {
                let message = "the last line has no end: the file was cut; collect it again when it is whole";
                sink.problem(problem(document, Some(format!("line {line}")), message));
            }
            Some(scan)
        }
        Err(e) => {
            sink.problem(problem(document, None, format!("can't be read: {e}; collect it again")));
            None
        }
    }
}

/// Names under which the other stream of the same command is kept.
fn partners(name: &str) -> Vec<String> {
    [(".stdout", ".stderr"), (".out", ".err"), (".stderr", ".stdout"), (".err", ".out")]
        .iter()
        .filter_map(|(mine, other)| name.strip_suffix(mine).map(|stem| format!("{stem}{other}")))
        .collect()
}
