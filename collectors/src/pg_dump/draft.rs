//! From a session, its command line and its run record to a judgement.

use chrono::Duration;
use model::rows::{Integrity, RunStatus};
use model::time::Instant;

use super::command::{Command, Tool};
use super::dump;
use super::log::{End, Session};
use super::stamp::{Clock, Stamp, Time};
use crate::Batch;
use crate::record::RunRecord;

/// A run, restore or check before it becomes a row.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) tool: Tool,
    /// False where only cron or a script's name tells that something was run.
    pub(super) tool_known: bool,
    pub(super) database: Option<String>,
    pub(super) host: Option<String>,
    pub(super) command: Command,
    /// Path of the file written, and of the one read.
    pub(super) output: Option<String>,
    pub(super) input: Option<String>,
    pub(super) started: Time,
    pub(super) ended: Time,
    pub(super) start_stamp: Option<Stamp>,
    pub(super) status: RunStatus,
    pub(super) said: String,
    pub(super) detail: Option<String>,
    pub(super) bytes: Option<u64>,
    pub(super) bytes_stored: Option<u64>,
    pub(super) encrypted: Option<bool>,
    pub(super) cipher: Option<String>,
    pub(super) lsn: Option<String>,
    pub(super) integrity: Integrity,
    /// Database behind the file that a restore or check reads.
    pub(super) source: Option<String>,
    /// When the archive that was listed was made.
    pub(super) made: Time,
    pub(super) by_cron: bool,
    pub(super) record: Option<RunRecord>,
    /// Position of the document that tells most, and the place in it.
    pub(super) document: usize,
    pub(super) pointer: String,
    /// Only the dump file tells of it.
    pub(super) file_only: bool,
    /// Names a run without a start: the record's id, or document and line.
    pub(super) label: Option<String>,
}

impl Draft {
    /// A backup known only by its own files.
    pub(super) fn of_files(tool: Tool, document: usize, status: RunStatus, said: impl Into<String>) -> Self {
        Self {
            tool,
            tool_known: true,
            database: None,
            host: None,
            command: Command::default(),
            output: None,
            input: None,
            started: Time::default(),
            ended: Time::default(),
            start_stamp: None,
            status,
            said: said.into(),
            detail: None,
            bytes: None,
            bytes_stored: None,
            encrypted: None,
            cipher: None,
            lsn: None,
            integrity: Integrity::NotChecked,
            source: None,
            made: Time::default(),
            by_cron: false,
            record: None,
            document,
            pointer: String::new(),
            file_only: false,
            label: None,
        }
    }
}

/// Longest time after its start that a run without an end is taken to be still going.
const STILL_RUNNING: Duration = Duration::hours(24);

/// Judges one session. `several` is true where the record covers more sessions than this one.
pub(super) fn judge(
    batch: &Batch<'_>,
    session: Session,
    command: &Command,
    record: Option<&RunRecord>,
    several: bool,
) -> Draft {
    let tool = match (command.tool, session.tool) {
        (Some(Tool::List), _) | (None, Some(Tool::List)) => Tool::List,
        (Some(tool), _) | (None, Some(tool)) => tool,
        (None, None) => Tool::Dump,
    };
    let recorded = |at: Option<Instant>| Time { at, zone_unknown: false };
    let (mut started, mut ended) = (session.started.unwrap_or_default(), session.ended.unwrap_or_default());
    if let Some(record) = record.filter(|_| !several || started.at.is_none()) {
        started = recorded(record.started_at.or(started.at));
        ended = recorded(record.finished_at.or(ended.at));
    }
    let output = command.output.clone();
    let size = output_size(&session, output.as_deref().map(dump::base));
    let zone = record.map_or(batch.timezone, |r| r.timezone);
    let made = session.made.as_ref().map(|stamp| Clock::new(zone, None).place(stamp)).unwrap_or_default();
    let (status, said, detail) = verdict(batch.collected_at, &session, command, record, several, tool, started, size);
    let database = command.database.clone().filter(|d| !d.is_empty() && !d.starts_with('$')).or_else(|| {
        record.filter(|_| tool == Tool::Dump && command.tool.is_some()).and_then(|r| r.env.get("PGDATABASE").cloned())
    });
    // A script's log line beats a guess from its arguments; a tool's own option beats both.
    let database = if command.tool.is_some() {
        database.or(session.database.clone())
    } else {
        session.database.clone().or(database)
    };
    let host = command
        .host
        .clone()
        .or_else(|| record.and_then(|r| r.env.get("PGHOST").filter(|h| !h.starts_with('/')).cloned()))
        .filter(|h| h != "localhost" && h != "127.0.0.1" && h != "::1")
        .or_else(|| record.and_then(|r| r.host.clone()))
        .or_else(|| session.host.clone());
    let good = matches!(status, RunStatus::Success | RunStatus::Partial);
    let dump_bytes = size.filter(|_| good && matches!(tool, Tool::Dump | Tool::DumpAll));
    let encrypted = if !good || !tool.makes_backup() {
        None
    } else if command.encryption.is_some() || output.as_deref().is_some_and(dump::has_encrypted_name) {
        Some(true)
    } else {
        (output.is_some() && !command.leaves_machine).then_some(false)
    };
    let integrity = match (tool, status) {
        (Tool::Verify, RunStatus::Success) => Integrity::Pass,
        (Tool::Verify | Tool::List, RunStatus::Failed) => Integrity::Fail,
        _ => Integrity::NotChecked,
    };
    Draft {
        tool,
        tool_known: command.tool.is_some() || session.tool.is_some() || session.end.is_some() || !session.by_cron,
        database,
        host,
        output,
        input: command.input.clone(),
        started,
        ended,
        start_stamp: session.start_stamp.clone(),
        status,
        said,
        detail,
        bytes: dump_bytes,
        bytes_stored: dump_bytes,
        encrypted,
        cipher: command.encryption.as_ref().filter(|_| encrypted == Some(true)).and_then(|(_, cipher)| cipher.clone()),
        lsn: session.lsn.clone(),
        integrity,
        source: None,
        made,
        by_cron: session.by_cron,
        record: record.cloned(),
        document: session.document,
        pointer: session.pointer(),
        file_only: false,
        label: record.filter(|_| !several).map(|r| r.id.clone()),
        command: command.clone(),
    }
}

/// Size of the file written: a script's own words, or `ls -l` of that very file.
fn output_size(session: &Session, output: Option<&str>) -> Option<u64> {
    let listed = |name: &str| session.files.iter().rev().find(|(file, _)| file == name).map(|(_, size)| *size);
    session.bytes.or_else(|| match output {
        Some(name) => listed(name),
        None => match session.files.as_slice() {
            [(name, size)] if dump::has_dump_name(name) => Some(*size),
            _ => None,
        },
    })
}

/// State, the words that told it, and the message about it.
#[expect(clippy::too_many_arguments, reason = "all that bears on one judgement, in one place")]
fn verdict(
    collected_at: Instant,
    session: &Session,
    command: &Command,
    record: Option<&RunRecord>,
    several: bool,
    tool: Tool,
    started: Time,
    size: Option<u64>,
) -> (RunStatus, String, Option<String>) {
    let said = |otherwise: &str| {
        session.said.clone().or_else(|| session.error.clone()).unwrap_or_else(|| otherwise.to_owned())
    };
    let exit = record.and_then(|r| r.exit_code);
    let signal = record.and_then(|r| r.killed_by.clone()).or_else(|| match exit {
        Some(code @ (129..=131 | 137 | 141 | 143)) => Some(format!("signal {}", code - 128)),
        _ => None,
    });
    if session.end == Some(End::Aborted) {
        return (RunStatus::Aborted, said("terminated"), session.error.clone().or(signal));
    }
    if let Some(signal) = signal.filter(|_| !several || session.end.is_none()) {
        return (RunStatus::Aborted, said(&signal), Some(format!("ended by {signal}")));
    }
    // A program of its own that limits the time: `timeout` answers 124.
    if exit == Some(124) && record.is_some_and(|r| r.command.contains("timeout")) && session.end.is_none() {
        return (RunStatus::Aborted, "exit code 124".to_owned(), Some("ended by timeout".to_owned()));
    }
    if session.end == Some(End::Failed) {
        let ignored = session.errors_ignored.map(|n| format!("{n} errors ignored on restore"));
        let detail = match (ignored, &session.error) {
            (Some(count), Some(first)) => Some(format!("{count}; the first: {first}")),
            (one, other) => one.or_else(|| other.clone()),
        };
        return (RunStatus::Failed, said("failed"), detail);
    }
    if let Some(code) = session.printed_exit.filter(|code| *code != 0) {
        return (
            RunStatus::Failed,
            said(&format!("exit={code}")),
            Some(format!("the command printed exit code {code}")),
        );
    }
    if let Some(code) = exit.filter(|code| *code != 0 && (!several || session.end.is_none())) {
        return (RunStatus::Failed, said(&format!("exit code {code}")), Some(format!("exit code {code}")));
    }
    if size == Some(0) && tool.makes_backup() {
        return (RunStatus::Failed, said("0 bytes"), Some("the dump file is empty".to_owned()));
    }
    if session.end == Some(End::Done) {
        return (RunStatus::Success, said("done"), None);
    }
    let own_exit = exit == Some(0) && !command.exit_masked;
    let printed = session.printed_exit == Some(0) && !command.pipe_masked && record.is_some();
    if own_exit || printed {
        if tool == Tool::List
            && record.is_some_and(|r| r.stdout.is_some())
            && !session.listed
            && command.tool == Some(Tool::List)
        {
            let detail = "exit code 0, and no table of contents in its output".to_owned();
            return (RunStatus::Unknown, "exit code 0".to_owned(), Some(detail));
        }
        return (RunStatus::Success, "exit code 0".to_owned(), None);
    }
    if exit == Some(0) {
        let detail =
            "exit code 0 is that of a later command: use `set -o pipefail`, and let the dump's own exit code out";
        return (RunStatus::Unknown, "exit code 0".to_owned(), Some(detail.to_owned()));
    }
    let recent = started.at.is_some_and(|at| at <= collected_at && collected_at - at < STILL_RUNNING);
    let unfinished =
        record.is_some_and(|r| r.finished_at.is_none()) || (record.is_none() && session.framed() && !session.by_cron);
    if recent && unfinished && session.ended.is_none() {
        return (RunStatus::Running, said("started"), None);
    }
    let detail = if session.by_cron {
        "cron tells the start only; write start, end, exit code and size to a log, or wrap the command in `backproof record`"
    } else {
        "no end is told: the tools print none; keep the exit code, or wrap the command in `backproof record`"
    };
    (RunStatus::Unknown, said("started"), Some(detail.to_owned()))
}
