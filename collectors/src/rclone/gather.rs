//! Documents to jobs and remotes.

use chrono::Duration;
use model::time::{Instant, Tz, WallClock};

use super::command::{Action, Command};
use super::config::{self, Remotes};
use super::output::{Job, Reader, Stamp};
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
    pub command: Option<Command>,
    pub masked: bool,
    pub missing: bool,
    /// Start and end, from the record or the log.
    pub times: (Option<Instant>, Option<Instant>),
    pub zone_unknown: bool,
    /// Logs that told of it too.
    pub logs: Vec<String>,
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub jobs: Vec<Told<'a>>,
    pub remotes: Remotes,
}

/// Most bytes of a document that are looked at to recognise it.
const HEAD: u64 = 64 << 10;

pub(super) fn gather<'a>(batch: &'a Batch<'a>, sink: &mut dyn Sink) -> Found<'a> {
    let mut found = Found::default();
    let groups = groups(batch, sink);
    let records: Vec<RunRecord> = groups.iter().filter_map(|g| g.record.clone()).collect();
    let zone = batch.timezone.or_else(|| only_zone(&records));
    for group in groups {
        read(group, zone, batch, sink, &mut found);
    }
    found
}

fn command(record: &RunRecord) -> (Option<Command>, bool) {
    let is_program = |name: &str| name == "rclone" || name.starts_with("rclone-v") || name.starts_with("rclone:");
    let mut all = calls(&record.command, &is_program, &Command::read);
    // Beside a copy, commands that only look are of no matter.
    if all.len() > 1 {
        all.retain(|c| c.read.action != Action::Other);
    }
    only_call(all)
}

fn read<'a>(group: Group<'a>, shared: Option<Tz>, batch: &'a Batch<'a>, sink: &mut dyn Sink, found: &mut Found<'a>) {
    let record = group.record;
    let (command, masked) = record.as_ref().map(command).unwrap_or_default();
    let utc = command.as_ref().is_some_and(|c| c.utc).then_some(Tz::UTC);
    let zone = utc.or(record.as_ref().and_then(|r| r.timezone)).or(shared);
    let single = command.is_some();
    let mut reader = Reader::new(single);
    let mut read_any = None;
    for document in &group.documents {
        if remotes(document, command.as_ref(), sink, &mut found.remotes) {
            continue;
        }
        if command.as_ref().is_some_and(|c| matches!(c.action, Action::Other | Action::Remotes)) {
            sink.passed_over(document.name(), "a rclone command that tells of no run");
            continue;
        }
        let ours = std::mem::take(&mut reader.ours);
        let whole = each_line(document, record.is_some(), sink, |number, line| reader.line(number, line));
        if whole.is_some() {
            read_any = read_any.or(Some(*document));
            if !reader.ours && !single {
                sink.passed_over(document.name(), "holds no log of rclone that tells of a run");
            }
        }
        reader.ours |= ours;
    }
    reader.finish();
    for name in reader.crypts.drain(..) {
        found.remotes.entry(name).or_default().kind = "crypt".to_owned();
    }
    let own = record.as_ref().and_then(|r| batch.document(r.document.name()));
    let Some(document) = read_any.or(own) else { return };
    if let (None, Some(record), false) = (&command, &record, reader.ours) {
        tell_mute_failure(record, "rclone", sink);
    }
    let ours = reader.ours;
    let mut clock = WallClock::new(zone);
    for job in reader.jobs {
        let mut place = |stamp: Option<Stamp>| match stamp? {
            Stamp::At(at) => Some(at),
            Stamp::Local(local) => clock.place(local).ok(),
        };
        let times = match record.as_ref().filter(|_| single) {
            Some(record) => (record.started_at, record.finished_at),
            None => {
                let first = place(job.first);
                let start = place(job.start).filter(|at| first.is_none_or(|f| *at <= f + Duration::seconds(1)));
                (start.or(first), place(job.last))
            }
        };
        let zone_unknown = !single && job.first.is_some() && times.0.is_none();
        let command = command.clone().or_else(|| job.command.clone());
        let action = command.as_ref().map(|c| c.action).or(job.action).or(job.copies.then_some(Action::Copy));
        let Some(action) = action.filter(|a| (ours || single) && matches!(a, Action::Copy | Action::Check)) else {
            let failure = job.said.failure.as_ref().filter(|_| ours && action.is_none());
            if let Some(failure) = failure {
                let text = format!(
                    "a rclone command failed ({failure}), but nothing tells which command it was; keep a run record beside its output"
                );
                sink.problem(problem(document, Some(format!("line {}", job.line)), text));
            }
            continue;
        };
        if job.dry_run || command.as_ref().is_some_and(|c| c.dry_run) {
            if read_any.is_some() {
                sink.passed_over(document.name(), "a dry run: nothing was copied");
            }
            continue;
        }
        let Some(job) = (if single { Some(job) } else { told_already(job, document, times, found) }) else { continue };
        let pointer = match (&record, read_any) {
            (Some(record), None) => record.pointer.clone(),
            _ => format!("line:{}", job.line),
        };
        let (record, missing) = (record.clone().filter(|_| single), group.missing);
        found.jobs.push(Told {
            job,
            action,
            document,
            pointer,
            record,
            command,
            masked,
            missing,
            times,
            zone_unknown,
            logs: Vec::new(),
        });
    }
}

/// Gives what a `--log-file` tells to the record of the same run: the one that begins next to it. Answers the job where
/// there is none.
fn told_already(
    job: Job,
    document: &Document,
    times: (Option<Instant>, Option<Instant>),
    found: &mut Found<'_>,
) -> Option<Job> {
    let slack = Duration::seconds(2);
    let Some((first, last)) = times.0.zip(times.1) else { return Some(job) };
    let distance = |t: &Told<'_>| {
        let named = t.command.as_ref().and_then(|c| c.log_file.as_deref()) == Some(document.file_name());
        let silent = t.job.first.is_none();
        let (from, to) = t.times.0.zip(t.times.1.or(t.times.0)).filter(|_| t.record.is_some() && (named || silent))?;
        let within = from - slack <= first && last <= to + slack && !t.logs.contains(&document.file_name().to_owned());
        within.then(|| (first - from).abs())
    };
    let best = found.jobs.iter_mut().filter_map(|t| Some((distance(t)?, t))).min_by_key(|(distance, _)| *distance);
    match best {
        Some((_, seen)) => {
            seen.logs.push(document.file_name().to_owned());
            seen.job.append(job);
            None
        }
        None => Some(job),
    }
}

/// Reads which remotes there are; false where the document does not tell.
fn remotes(document: &Document, command: Option<&Command>, sink: &mut dyn Sink, remotes: &mut Remotes) -> bool {
    let head = document.head(HEAD).unwrap_or_default();
    let head = String::from_utf8_lossy(&head);
    let listing = command.is_some_and(|c| c.action == Action::Remotes);
    let mut lines = head.lines().filter(|l| !l.trim().is_empty()).peekable();
    let listed = lines.peek().is_some() && lines.all(|l| config::listed(l).is_some());
    if config::is_config(&head) {
        let mut reader = config::Reader::default();
        each_line(document, true, sink, |_, line| reader.line(line, remotes));
        return true;
    }
    if listed && (listing || command.is_none()) {
        each_line(document, true, sink, |_, line| {
            if let Some((name, remote)) = config::listed(line) {
                let known = remotes.entry(name).or_default();
                if known.kind.is_empty() {
                    known.kind = remote.kind;
                }
            }
        });
        return true;
    }
    false
}
