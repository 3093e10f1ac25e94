//! Documents to jobs and lists: which files belong together, and what each of them is.

use model::time::{Instant, Tz};

use super::command::{Action, Command};
use super::output::{Job, Reader};
use super::status::List;
use crate::groups::{Group, each_line, groups, tell_mute_failure};
use crate::record::{RunRecord, only_zone};
use crate::shell::{calls, only_call};
use crate::{Batch, Document, Sink, problem};

/// A job, with what was recorded around it.
pub(super) struct Told<'a> {
    pub job: Job,
    pub action: Action,
    pub document: &'a Document,
    pub pointer: String,
    pub record: Option<RunRecord>,
    /// The record's command line, else the one that the log tells.
    pub command: Option<Command>,
    /// The record's exit code can be another command's.
    pub masked: bool,
    /// Output that the record names is not in the folder.
    pub missing: bool,
    pub zone: Option<Tz>,
}

/// A list of sets, with when it was made.
pub(super) struct Listed<'a> {
    pub list: List,
    pub document: &'a Document,
    pub target: Option<String>,
    pub at: Option<Instant>,
    pub zone: Option<Tz>,
    /// A record tells the zone of the machine that made it.
    pub sure: bool,
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub jobs: Vec<Told<'a>>,
    pub lists: Vec<Listed<'a>>,
}

pub(super) fn gather<'a>(batch: &'a Batch<'a>, sink: &mut dyn Sink) -> Found<'a> {
    let mut found = Found::default();
    let groups = groups(batch, sink);
    let records: Vec<RunRecord> = groups.iter().filter_map(|g| g.record.clone()).collect();
    let shared = batch.timezone.or_else(|| only_zone(&records));
    let mut untold = Vec::new();
    for group in groups {
        read(group, shared, batch, sink, &mut found, &mut untold);
    }
    // A log that a recorded command wrote tells its failure once more.
    let mut known: Vec<String> =
        found.jobs.iter().filter(|t| t.record.is_some()).filter_map(|t| t.job.said.failure.clone()).collect();
    found.jobs.retain(|t| {
        let timeless = t.record.is_none() && !t.job.stats.whole() && t.job.stamps.is_none();
        let twice = known.iter().position(|k| timeless && t.job.said.failure.as_ref() == Some(k));
        twice.map(|at| known.swap_remove(at)).is_none()
    });
    for (document, line, failure) in untold {
        if let Some(at) = known.iter().position(|k| *k == failure) {
            known.swap_remove(at);
            continue;
        }
        let text = format!(
            "a duplicity command failed ({failure}), but nothing tells which command it was, or when; keep a run record beside its output"
        );
        sink.problem(problem(document, Some(format!("line {line}")), text));
    }
    found
}

/// The call that a record's command line holds.
fn command(record: &RunRecord) -> (Option<Command>, bool) {
    only_call(calls(&record.command, &|name| name == "duplicity" || name.starts_with("duplicity-"), &Command::read))
}

fn read<'a>(
    group: Group<'a>,
    shared: Option<Tz>,
    batch: &'a Batch<'a>,
    sink: &mut dyn Sink,
    found: &mut Found<'a>,
    untold: &mut Vec<(&'a Document, u64, String)>,
) {
    let record = group.record;
    let (command, masked) = record.as_ref().map(command).unwrap_or_default();
    let zone = record.as_ref().and_then(|r| r.timezone).or(shared);
    let mut reader = Reader::new(command.as_ref().map(|c| c.action));
    let mut read_any = None;
    for document in &group.documents {
        let lists = reader.lists.len();
        let ours = std::mem::take(&mut reader.ours);
        reader.document();
        let stderr = record.as_ref().is_some_and(|r| r.stderr.as_deref() == Some(document.name()));
        let whole = each_line(document, record.is_some(), sink, |number, line| reader.line(number, line, stderr));
        reader.end_of_document(whole.unwrap_or(true));
        if whole.is_some() {
            read_any = read_any.or(Some(*document));
            if !reader.ours && command.is_none() {
                sink.passed_over(document.name(), "holds no output of duplicity that tells of a run");
            } else if command.as_ref().is_some_and(|c| c.action == Action::Other) {
                sink.passed_over(document.name(), "a duplicity command that tells of no run");
            }
        }
        reader.ours |= ours;
        for mut list in reader.lists.drain(lists..) {
            let ended = record.as_ref().is_none_or(|r| r.exit_code.unwrap_or(0) == 0 && r.killed_by.is_none());
            let status = command.as_ref().is_none_or(|c| c.action == Action::Status);
            let at = record.as_ref().and_then(|r| if status { r.finished_at } else { r.started_at });
            list.whole &= ended;
            found.lists.push(Listed {
                list,
                document,
                target: command.as_ref().and_then(|c| c.target.clone()),
                at: at.or_else(|| document.modified_at()),
                zone,
                sure: record.as_ref().is_some_and(|r| r.timezone.is_some()),
            });
        }
    }
    let own = record.as_ref().and_then(|r| batch.document(r.document.name()));
    let Some(document) = read_any.or(own) else { return };
    if let (true, None, Some(record)) = (reader.jobs.is_empty(), &command, &record) {
        tell_mute_failure(record, "duplicity", sink);
    }
    let single = command.is_some();
    let last = reader.jobs.len().saturating_sub(1);
    for (at, mut job) in reader.jobs.into_iter().enumerate() {
        if at < last && !job.said.closed() && job.action.is_some_and(Action::makes_backup) {
            job.said.signal("the output stops, and that of another command follows");
        }
        let command = command.clone().or(job.command.take());
        let action = job.action.filter(|_| reader.ours || single);
        let Some(action) = action else {
            if let Some(failure) = job.said.failure.filter(|_| reader.ours || record.is_some()) {
                untold.push((document, job.line, failure));
            }
            continue;
        };
        if command.as_ref().is_some_and(|c| c.dry_run) {
            if read_any.is_some() {
                sink.passed_over(document.name(), "a dry run: nothing was stored");
            }
            continue;
        }
        if !single && !job.said.closed() && !job.action.is_some_and(Action::makes_backup) {
            continue;
        }
        let pointer = match (&record, read_any) {
            (Some(record), None) => record.pointer.clone(),
            _ => format!("line:{}", job.line),
        };
        let record = record.clone().filter(|_| single);
        found.jobs.push(Told { job, action, document, pointer, record, command, masked, missing: group.missing, zone });
    }
}
