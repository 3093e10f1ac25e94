//! Brings together what several documents tell about one process: its console output, the log file
//! of the stanza, its standard error, and the record of the wrapper that ran it.

use std::collections::BTreeMap;

use chrono::Duration;
use model::time::{WallClock, candidates};

use super::log::{COMMANDS, Process, Stamp};
use crate::record::RunRecord;
use crate::restic::command::{is_separator, is_user, words};

/// The pgBackRest command in a command line, and its words.
pub fn command_of(line: &str) -> Option<(String, Vec<String>)> {
    let words = words(line);
    let is_program = |at: &usize| words.get(*at).is_some_and(|w| w.rsplit('/').next() == Some("pgbackrest"));
    let at = (0..words.len()).find(|at| is_program(at) && !is_user(&words, *at))?;
    let mut command = None;
    let mut options: Vec<String> = Vec::new();
    for word in words.iter().skip(at + 1).take_while(|w| !is_separator(w)) {
        if word.starts_with("--") {
            options.push(word.clone());
        } else if let Some(option) = options.last_mut().filter(|o| command.is_none() && takes_value(o)) {
            // `--stanza shop` is as good as `--stanza=shop`.
            option.push('=');
            option.push_str(word);
        } else if command.is_none() && !word.starts_with('-') {
            command = Some(word.clone());
        }
    }
    command.map(|c| (c, options))
}

/// Switches (2.0 to 2.58, `pgbackrest help <command>`); every other option takes a value.
const SWITCHES: &[&str] = &[
    "archive-async",
    "archive-check",
    "archive-copy",
    "archive-header-check",
    "archive-mode-check",
    "archive-missing-retry",
    "beta",
    "checksum-page",
    "compress",
    "delta",
    "dry-run",
    "expire-auto",
    "force",
    "hardlink",
    "help",
    "ignore-missing",
    "link-all",
    "log-subprocess",
    "log-timestamp",
    "neutral-umask",
    "online",
    "page-header-check",
    "raw",
    "recurse",
    "resume",
    "sck-keep-alive",
    "start-fast",
    "stop-auto",
    "target-exclusive",
    "version",
    "verbose",
];

fn takes_value(option: &str) -> bool {
    let name = option.trim_start_matches('-');
    let ends = ["-local", "-bundle", "-block", "-symlink", "-hardlink", "-verify-tls", "-storage-verify-tls"];
    !name.contains('=')
        && !name.starts_with("no-")
        && !name.starts_with("reset-")
        && !SWITCHES.contains(&name)
        && !ends.iter().any(|end| name.ends_with(end))
}

/// Gives a console output's record to the process it belongs to. A record of a script names no command:
/// it belongs to the only process of the output that becomes a row of its own.
pub fn attach_output(record: &RunRecord, index: usize, processes: &mut [Process]) {
    let command = command_of(&record.command).map(|(command, _)| command);
    let mut own = processes.iter_mut().filter(|p| match &command {
        Some(command) => p.command == *command,
        None => COMMANDS.contains(&p.command.as_str()) && p.command != "expire",
    });
    // Several processes of one command in one output: the exit code is none's alone.
    if let (Some(process), None) = (own.next(), own.next()) {
        process.record = Some(index);
    }
}

/// One process per process: the console's and the log file's lines of the same one are united.
pub fn unite(mut processes: Vec<Process>) -> Vec<Process> {
    // Those with a record first: their stamps are placed in the zone of their own run.
    processes.sort_by_key(|p| p.record.is_none());
    let mut out: Vec<Process> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for process in processes {
        let key = identity(&process);
        match places.get(&key).and_then(|at| out.get_mut(*at)) {
            Some(known) => fill(known, process),
            None => {
                places.insert(key, out.len());
                out.push(process);
            }
        }
    }
    out
}

/// What makes a process itself, whatever document shows it: `--exec-id` (since 2.34), else its begin.
pub fn identity(process: &Process) -> String {
    let stanza = process.stanza().unwrap_or("-");
    let begin = process.options.get("exec-id").cloned();
    let begin = begin.or_else(|| process.begin.map(|b| b.local.to_string()));
    format!("{stanza} {} {}", process.command, begin.unwrap_or_else(|| place(process)))
}

fn place(process: &Process) -> String {
    format!("{} {}", process.document.name(), process.pointer)
}

fn fill(known: &mut Process, other: Process) {
    let better = |a: Option<Stamp>, b: Option<Stamp>| match (a, b) {
        (Some(Stamp { at: None, .. }) | None, Some(b)) => Some(b),
        (a, _) => a,
    };
    known.begin = better(known.begin, other.begin);
    known.end = better(known.end, other.end);
    known.last = better(known.last, other.last);
    known.copy_start = better(known.copy_start, other.copy_start);
    known.copy_stop = better(known.copy_stop, other.copy_stop);
    known.outcome = known.outcome.take().or(other.outcome);
    known.label = known.label.take().or(other.label);
    known.backup_type = known.backup_type.take().or(other.backup_type);
    known.size_text = known.size_text.take().or(other.size_text);
    known.page_errors = known.page_errors.take().or(other.page_errors);
    known.restore_set = known.restore_set.take().or(other.restore_set);
    known.superseded |= other.superseded;
    known.adhoc |= other.adhoc;
    known.record = known.record.or(other.record);
    // The log file says more than a console at a higher level: keep the longer account.
    if other.errors.len() > known.errors.len() {
        known.errors = other.errors;
    }
    if other.removed.len() > known.removed.len() {
        known.removed = other.removed;
    }
    if other.report.len() > known.report.len() {
        known.report = other.report;
    }
}

/// Gives the records that no output claimed to the processes of log files; a record that has none
/// becomes a process of its own (a quiet console, level `warn` by default, prints nothing).
pub fn attach_rest(records: &[RunRecord], processes: &mut Vec<Process>) {
    for (index, record) in records.iter().enumerate() {
        if processes.iter().any(|p| p.record == Some(index)) {
            continue;
        }
        let Some((command, options)) = command_of(&record.command) else { continue };
        if !COMMANDS.contains(&command.as_str()) {
            continue;
        }
        let mut told = Process::new(&command, &record.document, record.pointer.clone());
        told.take_options(options.iter().map(String::as_str));
        told.record = Some(index);
        let same = processes.iter_mut().find(|p| {
            p.record.is_none() && p.command == command && p.stanza() == told.stanza() && began_within(p, record)
        });
        match same {
            Some(process) => {
                process.record = Some(index);
                restamp(process, record);
            }
            None => processes.push(told),
        }
    }
}

fn began_within(process: &Process, record: &RunRecord) -> bool {
    let (Some(begin), Some(start)) = (process.begin, record.started_at) else { return false };
    let start = start - Duration::seconds(1);
    let end = record.finished_at.map(|e| e + Duration::seconds(1));
    let places = match record.timezone {
        Some(zone) => candidates(begin.local, zone),
        None => begin.at.into_iter().collect(),
    };
    places.iter().any(|at| start <= *at && end.is_none_or(|end| *at <= end))
}

/// Places the stamps of a process again, in the zone its record tells.
fn restamp(process: &mut Process, record: &RunRecord) {
    let mut clock = WallClock::new(record.timezone);
    if let Some(start) = record.started_at {
        clock.not_before(start);
    }
    for stamp in
        [&mut process.begin, &mut process.copy_start, &mut process.copy_stop, &mut process.end, &mut process.last]
            .into_iter()
            .flatten()
    {
        stamp.at = clock.place(stamp.local).ok().or(stamp.at);
    }
}
