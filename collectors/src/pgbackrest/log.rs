//! Log lines of pgBackRest, and the processes that wrote them.
//!
//! A line is `2026-10-10 01:58:06.599 P00   INFO: text`, in local time without a zone; with
//! `--log-timestamp=n` the stamp is missing. Console output and log file carry the same lines. The
//! log file of a stanza is shared: a refused process writes between the lines of the one that holds
//! the lock, so lines belong to processes by a stack, not by position (seen with 2.45).

use std::collections::BTreeMap;
use std::io;
use std::sync::LazyLock;

use chrono::NaiveDateTime;
use model::time::{Instant, WallClock, local_time};
use regex::Regex;

use crate::lines::{Line, Lines};
use crate::{Document, Sink, problem};

static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?:(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) )?\bP\d{2,3} +(ERROR|ASSERT|WARN|INFO|DETAIL|DEBUG|TRACE): (.*)$",
    )
    .ok()
});
static COMMAND: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^([a-z-]+) command (begin|end)\b:? ?(.*)$").ok());

/// Commands whose processes become rows.
pub const COMMANDS: [&str; 4] = ["backup", "restore", "verify", "expire"];

/// A wall-clock stamp, and where its place in time is known, that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// As printed.
    pub local: NaiveDateTime,
    /// UTC; absent without a zone.
    pub at: Option<Instant>,
}

/// One command of one pgBackRest process, as its lines tell it.
#[derive(Debug, Clone)]
pub struct Process {
    /// `backup`, `restore`, `expire`, `verify`, …
    pub command: String,
    /// Options of the begin line, without dashes; secrets are `<redacted>` by the tool itself.
    pub options: BTreeMap<String, String>,
    /// True for `--dry-run`: nothing was written.
    pub dry_run: bool,
    /// Where its begin line stands.
    pub document: Document,
    /// Pointer of that place.
    pub pointer: String,
    /// Begin line.
    pub begin: Option<Stamp>,
    /// End line.
    pub end: Option<Stamp>,
    /// Last line of any kind.
    pub last: Option<Stamp>,
    /// Text of the end line: `completed successfully (782ms)`, `aborted with exception [082]`, …
    pub outcome: Option<String>,
    /// True where a later process of the same command got past the lock: this one had ended.
    pub superseded: bool,
    /// ERROR lines with their hints.
    pub errors: Vec<String>,
    /// Label of the backup it made.
    pub label: Option<String>,
    /// Line that starts the copy.
    pub copy_start: Option<Stamp>,
    /// Line that ends the copy.
    pub copy_stop: Option<Stamp>,
    /// `full`, `diff` or `incr`, where a line (not the option) tells it.
    pub backup_type: Option<String>,
    /// `full backup size = 104.3MB, file total = 1275`.
    pub size_text: Option<String>,
    /// Warning about page checksums: the copy holds damaged pages.
    pub page_errors: Option<String>,
    /// Backup set that a restore used.
    pub restore_set: Option<String>,
    /// Labels that were removed, and when.
    pub removed: Vec<(String, Option<Stamp>)>,
    /// True where a removal was asked for by label (`expire --set`).
    pub adhoc: bool,
    /// Findings and report of `verify`.
    pub report: Vec<String>,
    /// Run record of the wrapper, an index into the batch's records.
    pub record: Option<usize>,
}

impl Process {
    /// A process of which only the command and the place are known.
    pub fn new(command: &str, document: &Document, pointer: String) -> Self {
        Self {
            command: command.to_owned(),
            options: BTreeMap::new(),
            dry_run: false,
            document: document.clone(),
            pointer,
            begin: None,
            end: None,
            last: None,
            outcome: None,
            superseded: false,
            errors: Vec::new(),
            label: None,
            copy_start: None,
            copy_stop: None,
            backup_type: None,
            size_text: None,
            page_errors: None,
            restore_set: None,
            removed: Vec::new(),
            adhoc: false,
            report: Vec::new(),
            record: None,
        }
    }

    /// Stanza, from the options.
    pub fn stanza(&self) -> Option<&str> {
        self.options.get("stanza").map(String::as_str)
    }

    /// Reads `--name=value` and `--flag` words; other words are left alone.
    pub fn take_options<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        for word in words {
            if let Some(option) = word.strip_prefix("--") {
                let (name, value) = option.split_once('=').unwrap_or((option, "y"));
                self.options.entry(name.to_owned()).or_insert_with(|| value.to_owned());
            }
        }
        self.dry_run |= self.options.contains_key("dry-run");
    }

    /// Takes one line of this process.
    pub fn line(&mut self, level: &str, text: &str, stamp: Option<Stamp>) {
        match level {
            "ERROR" | "ASSERT" => self.errors.push(text.to_owned()),
            "WARN" if text.contains("page checksum") || text.contains("page misalignment") => {
                self.page_errors = Some(text.to_owned())
            }
            "WARN" if text.contains("has been changed to full") => self.backup_type = Some("full".to_owned()),
            _ => {}
        }
        // Lines of several repositories begin with `repo1: `.
        let text = match text.split_once(": ") {
            Some((repo, rest)) if repo.starts_with("repo") => rest,
            _ => text,
        };
        match self.command.as_str() {
            "backup" => self.backup_line(text, stamp),
            "restore" => {
                if let Some(rest) = text.strip_prefix("restore backup set ") {
                    self.restore_set = rest.split([',', ' ']).next().map(str::to_owned);
                } else if text.starts_with("restore size = ") {
                    self.size_text = Some(text.to_owned());
                }
            }
            "expire" => {
                if let Some(label) = text.strip_prefix("remove expired backup ") {
                    self.removed.push((label.trim().to_owned(), stamp));
                } else if text.starts_with("expire adhoc") {
                    self.adhoc = true;
                }
            }
            "verify" if level == "INFO" || is_damage(text) => self.report.push(text.trim().to_owned()),
            _ => {}
        }
    }

    fn backup_line(&mut self, text: &str, stamp: Option<Stamp>) {
        if let Some(label) = text.strip_prefix("new backup label = ") {
            self.label = Some(label.trim().to_owned());
        } else if let Some(rest) = text.strip_prefix("execute ") {
            // `non-exclusive backup start`; before 2.40 `exclusive pg_start_backup()`.
            if rest.contains("backup start") || rest.contains("pg_start_backup") {
                self.copy_start = stamp;
            } else if rest.contains("backup stop") || rest.contains("pg_stop_backup") {
                self.copy_stop = stamp;
            }
        } else if let Some((kind @ ("full" | "diff" | "incr"), rest)) = text.split_once(' ')
            && rest.starts_with("backup size = ")
        {
            self.backup_type = Some(kind.to_owned());
            self.size_text = Some(text.to_owned());
        }
    }
}

/// True for a finding of `verify` about one file (`src/command/verify/verify.c`, `verifyErrorMsg`).
pub fn is_damage(text: &str) -> bool {
    let text = text.split_once("]: ").map_or(text, |(_, rest)| rest);
    ["invalid checksum '", "invalid size '", "invalid result '", "file missing '"].iter().any(|f| text.starts_with(f))
}

/// True where the first bytes hold a pgBackRest log line.
pub fn is_log(head: &str) -> bool {
    head.lines().any(|l| LINE.as_ref().is_some_and(|r| r.is_match(l)))
        || head.lines().any(|l| l.trim() == "-------------------PROCESS START-------------------")
}

/// What one log or console output holds.
#[derive(Debug, Default)]
pub struct Log {
    /// Processes in the order they began.
    pub processes: Vec<Process>,
    /// Level and text of lines that no process claims: what the console shows on standard error.
    pub loose: Vec<(String, String)>,
}

/// Reads a log or console output; `clock` places its stamps.
///
/// # Errors
/// Those of reading the document.
pub fn read(document: &Document, clock: &mut WallClock, sink: &mut dyn Sink) -> io::Result<Log> {
    let mut log = Log::default();
    let mut lines = Lines::new(document.open()?);
    // The process whose last line may go on in the next, indented, line.
    let mut continued: Option<usize> = None;
    let mut cut = None;
    while let Some((number, line)) = lines.next()? {
        match line {
            Line::Text(bytes) => {
                let line = String::from_utf8_lossy(bytes);
                continued = take(&mut log, document, number, &line, clock, continued);
            }
            Line::TooLong => {
                let place = Some(format!("line {number}"));
                sink.problem(problem(document, place, "a line of more than 4 MiB was not read"));
            }
        }
        cut = (!lines.ended_by_newline()).then_some(number);
    }
    let ended = |p: &Process| p.outcome.as_deref().is_some_and(|o| o.ends_with([')', ']']));
    if let Some(number) = cut.filter(|_| !log.processes.last().is_some_and(ended) && !log.processes.is_empty()) {
        let message = "the last line is cut; collect the file again when it is whole";
        sink.problem(problem(document, Some(format!("line {number}")), message));
    }
    Ok(log)
}

/// Reads one line; answers the process that a line without a prefix would go on with.
fn take(
    log: &mut Log,
    document: &Document,
    number: u64,
    line: &str,
    clock: &mut WallClock,
    continued: Option<usize>,
) -> Option<usize> {
    let Some(found) = LINE.as_ref().and_then(|r| r.captures(line)) else {
        unstamped(log, line, continued);
        return continued;
    };
    let text = |at: usize| found.get(at).map_or("", |m| m.as_str());
    let stamp = local_time(text(1)).map(|local| Stamp { local, at: clock.place(local).ok() });
    let (message, dry_run) = text(3).strip_prefix("[DRY-RUN] ").map_or((text(3), false), |rest| (rest, true));
    event(log, document, number, text(2), message, stamp, dry_run)
}

/// A line without pgBackRest's prefix: the rest of the line before, or console text.
fn unstamped(log: &mut Log, line: &str, continued: Option<usize>) {
    let text = line.trim();
    if text.is_empty() {
        return;
    }
    // Standard error of the console: `ERROR: [082]: …`, hints indented below.
    if let Some((level @ ("ERROR" | "WARN"), message)) = line.split_once(": ") {
        match log.processes.iter_mut().rfind(|p| p.outcome.is_none() && !p.superseded) {
            Some(process) => process.line(level, message, None),
            None => log.loose.push((level.to_owned(), message.to_owned())),
        }
        return;
    }
    let Some(process) = continued.and_then(|at| log.processes.get_mut(at)) else {
        if line.starts_with(' ')
            && let Some((_, error)) = log.loose.last_mut()
        {
            error.push_str("; ");
            error.push_str(text);
        }
        return;
    };
    if process.command == "verify" && process.errors.is_empty() {
        process.report.push(text.to_owned());
    } else if line.starts_with(' ')
        && let Some(error) = process.errors.last_mut()
    {
        error.push_str("; ");
        error.push_str(text);
    }
}

/// Gives one line to its process; answers which.
fn event(
    log: &mut Log,
    document: &Document,
    number: u64,
    level: &str,
    message: &str,
    stamp: Option<Stamp>,
    dry_run: bool,
) -> Option<usize> {
    let command = COMMAND.as_ref().and_then(|r| r.captures(message));
    let part = |at: usize| command.as_ref().and_then(|c| c.get(at)).map_or("", |m| m.as_str());
    let at = match part(2) {
        "begin" => {
            let mut process = Process::new(part(1), document, format!("line:{number}"));
            process.begin = stamp;
            process.dry_run = dry_run;
            process.take_options(part(3).split_whitespace());
            log.processes.push(process);
            log.processes.len() - 1
        }
        "end" => {
            let at = log.processes.iter().rposition(|p| p.outcome.is_none() && p.command == part(1))?;
            if at + 1 == log.processes.len() && !COMMANDS.contains(&part(1)) {
                // Nothing is read from it; a log of archive-push must not fill the memory.
                log.processes.pop();
                return None;
            }
            let process = log.processes.get_mut(at)?;
            process.outcome = Some(part(3).to_owned());
            process.end = stamp;
            let stanza = process.stanza().map(str::to_owned);
            // A process that ended otherwise than by a refused lock had the lock: whoever began
            // before it and never ended was no longer there.
            if part(3) != "aborted with exception [050]" {
                for earlier in log.processes.iter_mut().take(at) {
                    if earlier.outcome.is_none() && earlier.command == part(1) && earlier.stanza() == stanza.as_deref()
                    {
                        earlier.superseded = true;
                    }
                }
            }
            at
        }
        _ => {
            let at = log.processes.iter().rposition(|p| p.outcome.is_none() && !p.superseded)?;
            log.processes.get_mut(at)?.line(level, message, stamp);
            at
        }
    };
    let process = log.processes.get_mut(at)?;
    if stamp.is_some() {
        process.last = stamp;
    }
    Some(at)
}
