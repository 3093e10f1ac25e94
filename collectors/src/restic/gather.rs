//! Documents to jobs and lists: which files belong together, and what each of them is.

use model::time::Instant;

use super::command::{Action, Command};
use super::output::{Job, Reader};
use super::snapshot::{self, Lists};
use crate::groups::{Group as Documents, groups, tell_mute_failure, text};
use crate::record::RunRecord;
use crate::{Batch, Document, Sink, problem};

/// A job, with what was recorded around it.
pub(super) struct Told<'a> {
    pub job: Job,
    pub action: Action,
    pub document: &'a Document,
    pub pointer: String,
    pub record: Option<RunRecord>,
    pub command: Option<Command>,
}

/// A list of snapshots.
pub(super) struct Listed<'a> {
    pub lists: Lists,
    pub document: &'a Document,
    /// When it was made.
    pub at: Option<Instant>,
    /// True where nothing of the list is missing and no option narrowed it.
    pub whole: bool,
    /// True where `forget` really removed what it lists.
    pub carried_out: bool,
    /// A text table: short ids, times to the second.
    pub table: bool,
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub jobs: Vec<Told<'a>>,
    pub lists: Vec<Listed<'a>>,
}

/// The output of one command, or one log.
struct Group<'a> {
    record: Option<RunRecord>,
    command: Option<Command>,
    documents: Vec<&'a Document>,
    missing: bool,
}

/// Options of `snapshots` that leave some out.
const FILTERS: &[&str] = &["-H", "--host", "--tag", "--path", "--latest", "--last"];

pub(super) fn gather<'a>(batch: &'a Batch<'a>, sink: &mut dyn Sink) -> Found<'a> {
    let mut found = Found::default();
    for Documents { record, documents, missing } in groups(batch, sink) {
        let command = record.as_ref().and_then(|r| Command::read(&r.command));
        let group = Group { record, command, documents, missing };
        read(group, batch, sink, &mut found);
    }
    // JSON first: it has whole ids and exact times.
    found.lists.sort_by_key(|l| l.table);
    found
}

fn read<'a>(group: Group<'a>, batch: &'a Batch<'a>, sink: &mut dyn Sink, found: &mut Found<'a>) {
    let action = group.command.as_ref().map(|c| c.action);
    let mut reader = Reader::new(action);
    let mut texts = Vec::new();
    for document in &group.documents {
        let Some(text) = text(document, group.record.is_some(), sink) else { continue };
        texts.push((*document, text));
    }
    let mut lines = Vec::new();
    for (document, text) in &texts {
        match whole_json(document, text, &group, sink, found) {
            Some(reason) if reason.is_empty() => {}
            Some(reason) => sink.passed_over(document.name(), &reason),
            None => lines.push((*document, text)),
        }
    }
    let mut late = false;
    for (document, text) in &lines {
        let before = (reader.faults.len(), reader.lists.len());
        let ours = std::mem::take(&mut reader.ours);
        reader.read(text, late);
        late = true;
        let tabled = tabled(document, text, &group, batch, found);
        reader.ours |= tabled;
        for (line, fault) in reader.faults.drain(before.0..) {
            sink.problem(problem(document, Some(format!("line {line}")), fault));
        }
        let lists: Vec<(u64, String)> = reader.lists.drain(before.1..).collect();
        for (line, list) in lists {
            reader.ours |= embedded(document, line, &list, &group, sink, found);
        }
        if let Some(other) = action.filter(|a| *a == Action::Other || (*a == Action::Snapshots && !tabled)) {
            sink.passed_over(
                document.name(),
                if other == Action::Other {
                    "a restic command that tells of no run"
                } else {
                    "not a list of snapshots"
                },
            );
        } else if !reader.ours && action.is_none() {
            sink.passed_over(document.name(), "holds no output of restic that tells of a run");
        }
        reader.ours |= ours;
    }
    jobs(reader, group, &lines, batch, sink, found);
}

/// Reads a document that is one JSON value. `None`: it is not. `Some("")`: read. Else why it is passed over.
fn whole_json<'a>(
    document: &'a Document,
    text: &str,
    group: &Group<'a>,
    sink: &mut dyn Sink,
    found: &mut Found<'a>,
) -> Option<String> {
    let trimmed = text.trim();
    if let Some(rest) = trimmed.strip_prefix('[') {
        if !rest.trim_start().starts_with(['{', ']']) || several_values(trimmed) {
            return None;
        }
        return Some(list(document, None, trimmed, group, sink, found));
    }
    if trimmed == "null" {
        return Some(list(document, None, "[]", group, sink, found));
    }
    let value: serde_json::Value = serde_json::from_str(trimmed).ok()?;
    let message = value.get("message_type").is_some();
    (!message && value.is_object())
        .then(|| "a JSON object that tells of no run (statistics or configuration)".to_owned())
}

/// True for a list followed by other output on later lines: a log.
fn several_values(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    values.next().is_some_and(|v| v.is_ok()) && values.next().is_some()
}

fn embedded<'a>(
    document: &'a Document,
    line: u64,
    text: &str,
    group: &Group<'a>,
    sink: &mut dyn Sink,
    found: &mut Found<'a>,
) -> bool {
    list(document, Some(line), text, group, sink, found).is_empty()
}

/// Reads a list; answers why it was passed over, or nothing.
fn list<'a>(
    document: &'a Document,
    line: Option<u64>,
    text: &str,
    group: &Group<'a>,
    sink: &mut dyn Sink,
    found: &mut Found<'a>,
) -> String {
    let (elements, damage) = snapshot::elements(text);
    let mut faults = Vec::new();
    let Some(lists) = snapshot::lists(&elements, &mut faults) else {
        return "a JSON list that is not of snapshots".to_owned();
    };
    let place = |at: usize| Some(format!("line {}", line.unwrap_or(1) + at.saturating_sub(1) as u64));
    for fault in faults {
        sink.problem(problem(document, place(1), fault));
    }
    if let Some(damage) = &damage {
        let text = format!(
            "the list ends too early ({damage}); {} snapshots before that are read; collect it again",
            lists.present.len()
        );
        sink.problem(problem(document, place(damage.line()), text));
    }
    let command = group.command.as_ref();
    let record = group.record.as_ref();
    let ended_well = record.is_none_or(|r| r.exit_code.unwrap_or(0) == 0 && r.killed_by.is_none());
    found.lists.push(Listed {
        whole: damage.is_none() && command.is_none_or(unfiltered) && ended_well && !lists.forget,
        carried_out: lists.forget && command.is_some_and(|c| c.action == Action::Forget && !c.dry_run()) && ended_well,
        at: record.and_then(|r| r.finished_at).or_else(|| document.modified_at()),
        table: false,
        lists,
        document,
    });
    String::new()
}

/// Reads the text table of `snapshots`.
fn tabled<'a>(document: &'a Document, text: &str, group: &Group<'a>, batch: &Batch<'_>, found: &mut Found<'a>) -> bool {
    let (command, record) = (group.command.as_ref(), group.record.as_ref());
    if command.is_some_and(|c| c.action != Action::Snapshots) {
        return false;
    }
    let zone = record.and_then(|r| r.timezone).or(batch.timezone);
    let Some(table) = super::table::read(text, zone) else { return false };
    found.lists.push(Listed {
        whole: table.whole && command.is_none_or(unfiltered),
        carried_out: false,
        at: record.and_then(|r| r.finished_at).or_else(|| document.modified_at()),
        table: true,
        lists: table.lists,
        document,
    });
    true
}

/// True where no option or operand of `snapshots` leaves any out.
fn unfiltered(command: &Command) -> bool {
    !command.has(FILTERS) && command.operands.is_empty()
}

/// Hands on the jobs of a group.
fn jobs<'a>(
    reader: Reader,
    group: Group<'a>,
    lines: &[(&'a Document, &String)],
    batch: &'a Batch<'a>,
    sink: &mut dyn Sink,
    found: &mut Found<'a>,
) {
    let single = reader.jobs.len() == 1;
    let last = reader.jobs.len().saturating_sub(1);
    // The record itself is the evidence of a command that printed nothing.
    let own = group.record.as_ref().and_then(|r| batch.document(r.document.name()));
    let Some(document) = lines.first().map(|(d, _)| *d).or(group.documents.first().copied()).or(own) else { return };
    if let (true, None, Some(record)) = (reader.jobs.is_empty(), &group.command, &group.record) {
        tell_mute_failure(record, "restic", sink);
    }
    for (at, mut job) in reader.jobs.into_iter().enumerate() {
        let Some(action) = job.action else {
            if let Some(failure) = job.failure.as_ref().or(job.signal.as_ref()) {
                let text = format!(
                    "a restic command failed ({failure}), but nothing tells which command it was, or when; keep a run record beside its output"
                );
                sink.problem(problem(document, Some(format!("line {}", job.line)), text));
            }
            continue;
        };
        // Lost output may hold what outweighs the exit code; `--json` always prints a summary.
        let silent = lines.is_empty() && group.command.as_ref().is_some_and(|c| c.has(&["--json"]));
        job.progressed |= group.missing || silent;
        job.dry_run |= group.command.as_ref().is_some_and(Command::dry_run);
        if job.dry_run {
            // What a dry run lists is there all the same.
            if found.lists.iter().any(|l| l.document.name() == document.name()) {
                continue;
            }
            sink.passed_over(document.name(), "a dry run: nothing was stored");
            continue;
        }
        // Of several commands under one record, its exit code is the last one's, and its times are nobody's.
        let mut record = group.record.clone();
        if !single && let Some(record) = &mut record {
            record.started_at = None;
            record.finished_at = None;
            if at != last {
                record.exit_code = None;
                record.killed_by = None;
            }
        }
        let pointer = match (&group.record, lines.is_empty()) {
            (Some(record), true) => record.pointer.clone(),
            _ => format!("line:{}", job.line),
        };
        found.jobs.push(Told { job, action, document, pointer, record, command: group.command.clone() });
    }
}
