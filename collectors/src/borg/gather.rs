//! Documents to jobs and lists.

use model::time::Instant;

use super::command::{Action, Command};
use super::output::{Job, List, Reader};
use super::pieces::pieces;
use crate::groups::{Group, groups, tell_mute_failure, text};
use crate::record::RunRecord;
use crate::{Batch, Document, Sink, problem};

/// A job, with what was recorded around it.
pub(super) struct Told<'a> {
    pub job: Job,
    pub action: Action,
    pub document: &'a Document,
    pub record: Option<RunRecord>,
    pub command: Option<Command>,
    /// The only job of its kind under its record, so that the record's times hold for it.
    pub alone: bool,
    pub missing: bool,
    pub summary_ok: bool,
    pub summary_failed: Option<String>,
}

/// A list, with when and how it was made.
pub(super) struct Listed<'a> {
    pub list: List,
    pub document: &'a Document,
    pub record: Option<RunRecord>,
    pub at: Option<Instant>,
    /// True where it holds every archive of the repository.
    pub whole: bool,
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub jobs: Vec<Told<'a>>,
    pub lists: Vec<Listed<'a>>,
}

pub(super) fn gather<'a>(batch: &Batch<'a>, sink: &mut dyn Sink) -> Found<'a> {
    let mut found = Found::default();
    for group in groups(batch, sink) {
        read(group, batch, sink, &mut found);
    }
    found
}

fn read<'a>(group: Group<'a>, batch: &Batch<'a>, sink: &mut dyn Sink, found: &mut Found<'a>) {
    let command = group.record.as_ref().and_then(Command::read);
    // borgmatic prints sections, of several commands; its own headers tell them apart.
    let single = command.as_ref().filter(|c| !c.borgmatic).map(|c| c.action);
    let mut reader = Reader::new(single);
    let mut read_any = None;
    for document in &group.documents {
        let Some(text) = text(document, group.record.is_some(), sink) else { continue };
        let lists = reader.lists.len();
        let ours = std::mem::take(&mut reader.ours);
        reader.read(pieces(&text), read_any.is_some());
        read_any = read_any.or(Some(*document));
        for (place, fault) in reader.faults.drain(..) {
            sink.problem(problem(document, Some(place), fault));
        }
        let new: Vec<List> = reader.lists.drain(lists..).collect();
        let listed = !new.is_empty();
        for list in new {
            found.lists.push(listing(list, document, group.record.as_ref(), command.as_ref()));
        }
        let other = command.as_ref().is_some_and(|c| matches!(c.action, Action::Other));
        if other || (!reader.ours && single.is_none()) {
            sink.passed_over(document.name(), "holds no output of borg or borgmatic that tells of a run");
        } else if !listed && command.as_ref().is_some_and(|c| c.action == Action::List) {
            sink.passed_over(document.name(), "lists no archives");
        }
        reader.ours |= ours;
    }
    jobs(reader, group, command, read_any, batch, sink, found);
}

fn listing<'a>(
    list: List,
    document: &'a Document,
    record: Option<&RunRecord>,
    command: Option<&Command>,
) -> Listed<'a> {
    let ended_well = record.is_none_or(|r| r.exit_code.unwrap_or(0) == 0 && r.killed_by.is_none());
    let unfiltered = command.is_none_or(|c| !c.filtered && c.action == Action::List);
    Listed {
        whole: !list.info && ended_well && unfiltered,
        at: record.and_then(|r| r.finished_at).or_else(|| document.modified_at()),
        record: record.cloned(),
        list: List {
            repository: list.repository.clone().or_else(|| command.and_then(|c| c.repository.clone())),
            ..list
        },
        document,
    }
}

fn jobs<'a>(
    mut reader: Reader,
    group: Group<'a>,
    command: Option<Command>,
    read_any: Option<&'a Document>,
    batch: &Batch<'a>,
    sink: &mut dyn Sink,
    found: &mut Found<'a>,
) {
    // The record itself is the evidence of a command that printed nothing.
    let own = group.record.as_ref().and_then(|r| batch.documents.iter().find(|d| d.name() == r.document.name()));
    let Some(document) = read_any.or(group.documents.first().copied()).or(own) else { return };
    if let (true, None, Some(record)) = (reader.jobs.is_empty(), &command, &group.record) {
        tell_mute_failure(record, "borg", sink);
    }
    if let Some(command) = command.as_ref().filter(|c| c.borgmatic) {
        // Quiet borgmatic, or one that failed before any section.
        let told = reader.jobs.iter().any(|j| j.action == Some(command.action));
        if !told && !matches!(command.action, Action::List | Action::Other) {
            match reader.jobs.iter_mut().find(|j| j.action.is_none()) {
                Some(job) => job.action = Some(command.action),
                None => reader.jobs.push(Job {
                    action: Some(command.action),
                    pointer: "line:1".to_owned(),
                    ..Job::default()
                }),
            }
        }
    }
    let actions: Vec<Option<Action>> = reader.jobs.iter().map(|j| j.action).collect();
    for mut job in reader.jobs {
        let quiet = command.as_ref().is_some_and(|c| matches!(c.action, Action::List | Action::Other));
        let Some(action) = job.action else {
            if quiet {
                continue;
            }
            if let Some(failure) = job.failure.as_ref().or(job.signal.as_ref()).or(job.warnings.first()) {
                let text = format!(
                    "a command of borg had trouble ({failure}), but nothing tells which command it was, or when; keep a run record beside its output"
                );
                sink.problem(problem(document, Some(job.pointer.replace("line:", "line ")), text));
            }
            continue;
        };
        job.dry_run |= command.as_ref().is_some_and(|c| c.dry_run);
        if job.dry_run {
            sink.passed_over(document.name(), "a dry run: nothing was stored");
            continue;
        }
        if read_any.is_none()
            && let Some(record) = &group.record
        {
            job.pointer.clone_from(&record.pointer);
        }
        job.repository = job.repository.take().or_else(|| command.as_ref().and_then(|c| c.repository.clone()));
        // `create --json` always prints the archive it made.
        let silent = job.archive.is_none() && action == Action::Create && command.as_ref().is_some_and(|c| c.json);
        found.jobs.push(Told {
            job,
            action,
            document,
            record: group.record.clone(),
            command: command.clone(),
            alone: actions.iter().filter(|a| **a == Some(action)).count() == 1,
            missing: group.missing || silent,
            summary_ok: reader.summary_ok && reader.summary_failed.is_none() && !silent,
            summary_failed: reader.summary_failed.clone(),
        });
    }
}
