//! Documents to sessions, jobs and lists.

use std::collections::{BTreeMap, BTreeSet};

use model::time::{Instant, Tz};

use super::command::{Action, Command};
use super::list::List;
use super::output::{Job, Reader};
use super::repository::{File, file, unread};
use crate::groups::{Group, each_line, groups, tell_mute_failure};
use crate::record::{RunRecord, only_zone};
use crate::session::Stats;
use crate::shell::{calls, only_call};
use crate::verdict::Said;
use crate::{Batch, Document, Sink, problem};

/// A job, with what was recorded around it.
pub(super) struct Told<'a> {
    pub job: Job,
    pub action: Action,
    pub document: &'a Document,
    pub pointer: String,
    pub record: Option<RunRecord>,
    pub command: Option<Command>,
    pub masked: bool,
    pub missing: bool,
    pub zone: Option<Tz>,
}

/// A `session_statistics` file.
pub(super) struct Session<'a> {
    pub at: Instant,
    pub stats: Stats,
    pub document: &'a Document,
}

/// A list of sessions.
pub(super) struct Listed<'a> {
    pub list: List,
    pub document: &'a Document,
    pub repository: Option<String>,
    pub zone: Option<Tz>,
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub jobs: Vec<Told<'a>>,
    pub sessions: Vec<Session<'a>>,
    pub lists: Vec<Listed<'a>>,
    /// What sessions could not read, by folder and session.
    pub errors: BTreeMap<(String, Instant), Said>,
    /// `current_mirror` files by folder.
    pub mirrors: BTreeMap<String, BTreeMap<Instant, &'a Document>>,
    /// Repositories by the folder whose logs name them.
    pub repositories: BTreeMap<String, String>,
}

/// Folder of a document.
pub(super) fn folder(document: &Document) -> String {
    document.name().rsplit_once('/').map_or("", |(folder, _)| folder).to_owned()
}

pub(super) fn gather<'a>(batch: &'a Batch<'a>, sink: &mut dyn Sink) -> Found<'a> {
    let mut found = Found::default();
    let groups = groups(batch, sink);
    let records: Vec<RunRecord> = groups.iter().filter_map(|g| g.record.clone()).collect();
    let zone = batch.timezone.or_else(|| only_zone(&records));
    for mut group in groups {
        if group.record.is_none() {
            group.documents.retain(|document| !part_of_repository(document, &mut found, sink));
            if group.documents.is_empty() {
                continue;
            }
        }
        read(group, zone, batch, sink, &mut found);
    }
    found
}

/// Reads a file of `rdiff-backup-data`; false where the document is none.
fn part_of_repository<'a>(document: &'a Document, found: &mut Found<'a>, sink: &mut dyn Sink) -> bool {
    let Some(kind) = file(document.file_name()) else {
        let reason = unread(document.name());
        if let Some(reason) = reason {
            sink.passed_over(document.name(), reason);
        }
        return reason.is_some();
    };
    match kind {
        File::Statistics(at) => {
            let mut stats = Stats::default();
            let read = each_line(document, false, sink, |_, line| {
                stats.take(line);
            });
            if stats.whole() {
                found.sessions.push(Session { at, stats, document });
            } else if read.is_some() {
                sink.problem(problem(document, None, "the statistics are not whole; collect the file again"));
            }
        }
        File::Errors(at) => {
            let mut said = Said::default();
            // Most sessions have no errors, and an empty file.
            each_line(document, true, sink, |_, line| {
                if !line.trim().is_empty() {
                    said.warn(line);
                }
            });
            found.errors.insert((folder(document), at), said);
        }
        File::Mirror(at) => {
            found.mirrors.entry(folder(document)).or_default().insert(at, document);
        }
    }
    true
}

/// The call that a record's command line holds.
fn command(record: &RunRecord) -> (Option<Command>, bool) {
    let is_program =
        |name: &str| name == "rdiff-backup" || name.starts_with("rdiff-backup-") || name == "rdiff-backup.bin";
    only_call(calls(&record.command, &is_program, &Command::read))
}

fn read<'a>(group: Group<'a>, shared: Option<Tz>, batch: &'a Batch<'a>, sink: &mut dyn Sink, found: &mut Found<'a>) {
    let record = group.record;
    let (command, masked) = record.as_ref().map(command).unwrap_or_default();
    let zone = record.as_ref().and_then(|r| r.timezone).or(shared);
    let single = command.is_some();
    let mut reader = Reader::new(command.as_ref().map(|c| c.action));
    let mut read_any = None;
    for document in &group.documents {
        let ours = std::mem::take(&mut reader.ours);
        let whole = each_line(document, record.is_some(), sink, |number, line| reader.line(number, line));
        reader.flush();
        let list = std::mem::take(&mut reader.list);
        if whole.is_some() {
            read_any = read_any.or(Some(*document));
            let listed = !list.sessions.is_empty() && command.as_ref().is_none_or(|c| c.action == Action::List);
            if command.as_ref().is_some_and(|c| c.action == Action::Other) {
                sink.passed_over(document.name(), "a rdiff-backup command that tells of no run");
            } else if !reader.ours && !single && !listed {
                sink.passed_over(document.name(), "holds no output of rdiff-backup that tells of a run");
            }
            if listed {
                let repository = command.as_ref().and_then(|c| c.repository.clone());
                found.lists.push(Listed { list, document, repository, zone });
            }
        }
        reader.ours |= ours;
    }
    let own = record.as_ref().and_then(|r| batch.document(r.document.name()));
    let Some(document) = read_any.or(own) else { return };
    if let (true, None, Some(record)) = (reader.jobs.is_empty(), &command, &record) {
        tell_mute_failure(record, "rdiff-backup", sink);
    }
    let repositories: BTreeSet<&String> = reader.jobs.iter().filter_map(|j| j.repository.as_ref()).collect();
    if let (Some(repository), 1, None) = (repositories.first(), repositories.len(), &record) {
        found.repositories.insert(folder(document), (*repository).clone());
    }
    let ours = reader.ours;
    for job in reader.jobs {
        let Some(action) = job.action.filter(|_| ours || single) else {
            if let Some(failure) = job.said.failure.as_ref().filter(|_| ours) {
                let text = format!(
                    "a rdiff-backup command failed ({failure}), but nothing tells which command it was, or when; keep a run record beside its output"
                );
                sink.problem(problem(document, Some(format!("line {}", job.line)), text));
            }
            continue;
        };
        // A log notes starts without a time; how those sessions went stands in their statistics.
        if !single && !job.said.closed() && action != Action::Remove {
            continue;
        }
        let pointer = match (&record, read_any) {
            (Some(record), None) => record.pointer.clone(),
            _ => format!("line:{}", job.line),
        };
        found.jobs.push(Told {
            job,
            action,
            document,
            pointer,
            record: record.clone().filter(|_| single),
            command: command.clone(),
            masked,
            missing: group.missing,
            zone,
        });
    }
}
