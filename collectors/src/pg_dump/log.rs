//! Lines of logs to sessions: one use of a tool, or of a script around it.
//!
//! Read are messages of the tools (`pg_dump: …`, with or without a stamp or a syslog prefix in front), stamped lines
//! of scripts, listings of `pg_restore -l`, `ls -l`, what a shell prints about a process, and cron.

use std::io;

use model::time::Tz;

use super::command::{Tool, backup_word};
use super::phrases::{self, Said};
use super::server::ServerLog;
use super::stamp::{self, Clock, Stamp, Time};
use super::{cron, dump};
use crate::Document;
use crate::lines::{Line, Lines};

/// How a session ended, as its own lines tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Done,
    Failed,
    Aborted,
}

/// One use of a tool as its output tells it.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    pub(super) document: usize,
    /// First line.
    pub(super) line: u64,
    /// Line that decided the state.
    pub(super) end_line: Option<u64>,
    pub(super) tool: Option<Tool>,
    pub(super) database: Option<String>,
    /// Command line, where cron tells it.
    pub(super) command: Option<String>,
    pub(super) host: Option<String>,
    pub(super) started: Option<Time>,
    pub(super) ended: Option<Time>,
    /// Start as written, to compare with stamps that no zone places.
    pub(super) start_stamp: Option<Stamp>,
    pub(super) end: Option<End>,
    /// The line that decided the state, verbatim.
    pub(super) said: Option<String>,
    /// First error.
    pub(super) error: Option<String>,
    pub(super) errors_ignored: Option<u64>,
    pub(super) printed_exit: Option<i64>,
    pub(super) bytes: Option<u64>,
    /// Names and sizes that `ls -l` printed.
    pub(super) files: Vec<(String, u64)>,
    /// Start of the base backup in the log (LSN).
    pub(super) lsn: Option<String>,
    /// Header of a table of contents was there.
    pub(super) listed: bool,
    /// When the listed archive was made, as written.
    pub(super) made: Option<Stamp>,
    pub(super) by_cron: bool,
    /// Process that cron started.
    pid: Option<String>,
    /// A script's own start line, not only a tool's message.
    framed: bool,
    closed: bool,
}

/// Everything one log tells.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) sessions: Vec<Session>,
    pub(super) server: ServerLog,
    /// Number of the last line where it is cut off and a session was open.
    pub(super) cut: Option<u64>,
    /// Lines longer than the limit.
    pub(super) too_long: Vec<u64>,
    /// Any line was one of ours.
    pub(super) ours: bool,
}

/// Reads a log line by line.
///
/// # Errors
/// Those of reading.
pub(super) fn scan(document: &Document, index: usize, clock: Clock, zone: Option<Tz>) -> io::Result<Scan> {
    let mut lines = Lines::new(document.open()?);
    let mut scanner = Scanner { index, clock, out: Scan { server: ServerLog::new(zone), ..Scan::default() } };
    let mut last = 0;
    while let Some((number, line)) = lines.next()? {
        last = number;
        match line {
            Line::TooLong => scanner.out.too_long.push(number),
            // Progress is written over itself with carriage returns.
            Line::Text(bytes) => String::from_utf8_lossy(bytes)
                .trim_start_matches('\u{feff}')
                .split('\r')
                .for_each(|part| scanner.line(number, &without_colour(part))),
        }
    }
    let open = scanner.out.sessions.last().is_some_and(|s| s.end.is_none() && s.framed);
    scanner.out.cut = (open && last > 0 && !lines.ended_by_newline()).then_some(last);
    Ok(scanner.out)
}

/// A message of one of the tools: the tool, and what it said.
pub(super) fn tool_message(line: &str) -> Option<(Tool, &str)> {
    let (program, message) = line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, "")))?;
    if program.len() > 200 || program.contains(' ') {
        return None;
    }
    Some((Tool::named(program)?, message)).filter(|(tool, _)| *tool != Tool::Psql)
}

/// Drops colour codes (`PG_COLOR=always`).
fn without_colour(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest = rest.strip_prefix(['m', 'K']).unwrap_or(rest);
    }
    out.push_str(rest);
    out
}

struct Scanner {
    index: usize,
    clock: Clock,
    out: Scan,
}

impl Scanner {
    fn line(&mut self, number: u64, text: &str) {
        let text = text.trim_end();
        if text.is_empty() || text.starts_with('\t') {
            return;
        }
        if let Some(mail) = cron::subject(text) {
            self.out.ours |= mail.backup;
            if mail.backup {
                let session = self.open(number);
                session.command = Some(mail.command);
                session.host = mail.host;
                session.by_cron = true;
                session.framed = true;
            } else {
                self.close();
            }
            return;
        }
        if let Some(date) = text.strip_prefix("Date: ")
            && let Ok(at) = chrono::DateTime::parse_from_rfc2822(date.trim())
        {
            // Cron sends the mail when the command has ended.
            if let Some(session) = self.last().filter(|s| s.by_cron) {
                session.ended = Some(Time { at: Some(at.to_utc()), zone_unknown: false });
            }
            return;
        }
        let (stamp, rest) = match stamp::split(text) {
            Some((stamp, rest)) => (Some(stamp), rest),
            None => (None, text),
        };
        if let Some(stamp) = &stamp
            && self.out.server.line(number, stamp, rest)
        {
            return;
        }
        let (host, process, message) = stamp.as_ref().map_or((None, None, rest), |_| cron::syslog_prefix(rest));
        if let (Some(stamp), Some(process)) = (&stamp, process)
            && let Some(entry) = cron::entry(process, message)
        {
            self.cron(number, stamp, host, entry);
            return;
        }
        if let Some((tool, said)) = tool_message(message).or_else(|| tool_message(rest)) {
            self.tool(number, stamp.as_ref(), tool, said, message);
        } else if let Some(stamp) = &stamp {
            self.script(number, stamp, host, message);
        } else {
            self.other(number, text);
        }
    }

    /// The latest session that fits. Only so many are looked at: no script runs more side by side, and a log may
    /// hold very many.
    fn latest(&self, fits: impl Fn(&Session) -> bool) -> Option<usize> {
        const SIDE_BY_SIDE: usize = 64;
        let from = self.out.sessions.len().saturating_sub(SIDE_BY_SIDE);
        self.out.sessions.get(from..)?.iter().rposition(fits).map(|at| from + at)
    }

    fn last(&mut self) -> Option<&mut Session> {
        self.out.sessions.last_mut().filter(|s| !s.closed)
    }

    fn close(&mut self) {
        if let Some(session) = self.last() {
            session.closed = true;
        }
    }

    fn open(&mut self, number: u64) -> &mut Session {
        self.out.ours = true;
        self.out.sessions.push(Session { document: self.index, line: number, ..Session::default() });
        let at = self.out.sessions.len() - 1;
        &mut self.out.sessions[at]
    }

    /// The session that unframed lines belong to.
    fn current(&mut self, number: u64) -> &mut Session {
        let open = self.latest(|s| !s.closed);
        match open {
            Some(at) => &mut self.out.sessions[at],
            None => self.open(number),
        }
    }

    fn cron(&mut self, number: u64, stamp: &Stamp, host: Option<&str>, entry: cron::Entry) {
        let time = self.clock.place(stamp);
        match entry {
            cron::Entry::Start { command, pid } => {
                let names_backup = command
                    .split(|c: char| c.is_whitespace() || ";|&()'\"".contains(c))
                    .any(|w| Tool::named(w).is_some_and(|t| t != Tool::Psql) || backup_word(dump::base(w)));
                if !names_backup {
                    return;
                }
                let session = self.open(number);
                session.command = Some(command);
                session.pid = pid;
                session.host = host.map(str::to_owned);
                session.started = Some(time);
                session.start_stamp = Some(stamp.clone());
                session.by_cron = true;
                session.framed = true;
                session.closed = true;
            }
            cron::Entry::End { command } => {
                let found = self.latest(|s| s.by_cron && s.command.as_ref() == Some(&command));
                if let Some(session) = found.and_then(|at| self.out.sessions.get_mut(at)) {
                    session.ended = Some(time);
                }
            }
            cron::Entry::Failed { line, pid } => {
                let found = self.latest(|s| s.by_cron && s.end.is_none() && s.pid.as_ref() == Some(&pid));
                if let Some(session) = found.and_then(|at| self.out.sessions.get_mut(at)) {
                    session.ended = Some(time);
                    session.end = Some(End::Failed);
                    session.end_line = Some(number);
                    session.error = Some(line.clone());
                    session.said = Some(line);
                }
            }
        }
    }

    fn tool(&mut self, number: u64, stamp: Option<&Stamp>, tool: Tool, said: &str, line: &str) {
        let begins = phrases::begins(tool, said);
        let time = stamp.map(|s| self.clock.place(s));
        let restart = self.last().is_some_and(|s| match s.tool {
            Some(Tool::DumpAll) => tool != Tool::DumpAll && tool != Tool::Dump,
            Some(other) => (other != tool && other != Tool::List) || (begins && !s.framed),
            None => false,
        });
        if restart {
            // A new process: the one before has ended, whatever its last line was.
            self.close();
        }
        let session = self.current(number);
        session.tool = session.tool.or(Some(tool));
        if session.started.is_none() {
            session.started = time;
            session.start_stamp = stamp.cloned();
        }
        if !session.framed {
            session.ended = time.or(session.ended);
        }
        if let Some(name) = phrases::database_in_error(said) {
            session.database = session.database.take().or(Some(name));
        }
        if let Some(lsn) = said.strip_prefix("write-ahead log start point: ") {
            session.lsn = lsn.split_whitespace().next().map(str::to_owned);
        }
        match phrases::tool(tool, said) {
            Said::Error => {
                session.error.get_or_insert_with(|| line.to_owned());
                if session.end != Some(End::Aborted) {
                    session.end = Some(End::Failed);
                    session.end_line.get_or_insert(number);
                }
            }
            Said::Aborted => {
                session.end = Some(End::Aborted);
                session.end_line = Some(number);
                session.said = Some(line.to_owned());
            }
            Said::Ignored(count) => {
                session.errors_ignored = Some(count);
                session.end = Some(End::Failed);
                session.end_line = Some(number);
                session.said = Some(line.to_owned());
            }
            Said::Done if session.end.is_none() => {
                session.end = Some(End::Done);
                session.end_line = Some(number);
                session.said = Some(line.to_owned());
            }
            Said::Done | Said::Nothing => {}
        }
    }

    /// A stamped line that no tool wrote: a script's own.
    fn script(&mut self, number: u64, stamp: &Stamp, host: Option<&str>, message: &str) {
        let Some(heard) = phrases::script(message) else { return };
        let time = self.clock.place(stamp);
        let same = |s: &Session| {
            s.framed && s.end_line.is_none_or(|_| s.ended.is_none()) && !s.by_cron && s.database == heard.database
        };
        match heard.end {
            None => {
                // The same script began again: the run before was cut off without a word.
                let before = self.latest(|s| !s.closed && s.ended.is_none() && same(s));
                if let Some(before) = before.and_then(|at| self.out.sessions.get_mut(at)) {
                    before.closed = true;
                    before.end = before.end.max(Some(End::Aborted));
                    before.said.get_or_insert_with(|| format!("no end; line {number} starts the next: {message}"));
                }
                if let Some(before) = self.last().filter(|s| !s.framed || s.database == heard.database) {
                    before.closed = true;
                }
                let session = self.open(number);
                session.framed = true;
                session.tool = heard.tool;
                session.database = heard.database;
                session.host = host.map(str::to_owned);
                session.started = Some(time);
                session.start_stamp = Some(stamp.clone());
            }
            Some(end) => {
                let at = self.latest(|s| !s.closed && same(s)).or_else(|| {
                    let open = self.latest(|s| !s.closed)?;
                    let session = &self.out.sessions[open];
                    (session.database.is_none() || heard.database.is_none()).then_some(open)
                });
                let session = match at {
                    Some(at) => &mut self.out.sessions[at],
                    None => self.open(number),
                };
                session.ended = Some(time);
                session.tool = session.tool.or(heard.tool);
                session.database = session.database.take().or(heard.database);
                session.bytes = heard.bytes.or(session.bytes);
                // "finished" does not undo an error that the tool reported before it.
                session.end = session.end.max(Some(end));
                session.end_line = Some(number);
                session.said = Some(message.to_owned());
                session.framed = true;
                session.closed = true;
            }
        }
    }

    /// A line without a stamp that no tool wrote.
    fn other(&mut self, number: u64, text: &str) {
        if text == "backup successfully verified" {
            let session = self.current(number);
            session.tool = Some(Tool::Verify);
            session.end = session.end.or(Some(End::Done));
            session.end_line = Some(number);
            session.said = Some(text.to_owned());
        } else if let Some(date) = text.strip_prefix("; Archive created at ") {
            if self.last().is_some_and(|s| s.tool.is_some() || s.framed) {
                self.close();
            }
            self.out.ours = true;
            let session = self.current(number);
            session.tool = Some(Tool::List);
            session.listed = true;
            session.made = stamp::split(date).map(|(stamp, _)| stamp);
            session.said = Some(text.trim_start_matches("; ").to_owned());
            session.line = number;
        } else if let Some(name) = text.strip_prefix(";     dbname: ") {
            if let Some(session) = self.last().filter(|s| s.tool == Some(Tool::List)) {
                session.database = Some(name.to_owned());
            }
        } else if let Some((name, size)) = phrases::listed_file(text) {
            // The file may be listed before or after the tool speaks.
            let at = self.out.sessions.len().checked_sub(1);
            match at {
                Some(at) => self.out.sessions[at].files.push((name, size)),
                None => {
                    self.out.sessions.push(Session { document: self.index, line: number, ..Session::default() });
                    self.out.sessions[0].files.push((name, size));
                }
            }
        } else if let Some(code) = phrases::printed_exit(text) {
            let session = self.current_quiet(number);
            session.printed_exit = Some(code);
            session.end_line.get_or_insert(number);
        } else if phrases::shell_killed(text) {
            if let Some(session) = self.last() {
                session.end = Some(End::Aborted);
                session.end_line = Some(number);
                session.said = Some(text.to_owned());
            }
        } else if phrases::other_error(text) {
            let session = self.current_quiet(number);
            session.error.get_or_insert_with(|| text.to_owned());
            session.end = session.end.max(Some(End::Failed));
            session.end_line.get_or_insert(number);
        }
    }

    /// As [`Scanner::current`], but a line that other tools could have written too does not make the document ours.
    fn current_quiet(&mut self, number: u64) -> &mut Session {
        let ours = self.out.ours;
        let open = self.latest(|s| !s.closed).or(self.out.sessions.len().checked_sub(1));
        match open {
            Some(at) => &mut self.out.sessions[at],
            None => {
                self.open(number);
                self.out.ours = ours;
                &mut self.out.sessions[0]
            }
        }
    }
}

impl Session {
    /// One session of what a command printed on its two streams.
    pub(super) fn joined(mut self, other: Self) -> Self {
        self.tool = self.tool.or(other.tool);
        self.database = self.database.or(other.database);
        self.command = self.command.or(other.command);
        self.host = self.host.or(other.host);
        if self.start_stamp.is_none() {
            self.started = other.started;
            self.start_stamp = other.start_stamp;
        }
        self.ended = self.ended.or(other.ended);
        if other.end > self.end || self.said.is_none() {
            self.said = other.said.or(self.said);
        }
        self.end = self.end.max(other.end);
        if self.end_line.is_none() && other.end_line.is_some() {
            self.end_line = other.end_line;
            self.line = other.line;
            self.document = other.document;
        }
        self.error = self.error.or(other.error);
        self.errors_ignored = self.errors_ignored.or(other.errors_ignored);
        self.printed_exit = self.printed_exit.or(other.printed_exit);
        self.bytes = self.bytes.or(other.bytes);
        self.files.extend(other.files);
        self.lsn = self.lsn.or(other.lsn);
        self.listed |= other.listed;
        self.made = self.made.or(other.made);
        self.by_cron |= other.by_cron;
        self.framed |= other.framed;
        self
    }

    /// True where a script's own lines frame it.
    pub(super) const fn framed(&self) -> bool {
        self.framed
    }

    /// Line that says most about it.
    pub(super) fn pointer(&self) -> String {
        format!("line:{}", self.end_line.unwrap_or(self.line))
    }
}
