//! Lines of rsnapshot: in its log (`[2026-10-23T03:30:00] text`, local time), on the console, in syslog.
//!
//! The log is shared: a run that is refused by the lock file writes between the lines of the one that holds it. Lines
//! with a command line belong to the last open session of that command, others to the one that has the lock
//! (`rsnapshot-program.pl`: `log_startup`, `print_cmd`, `print_err`, `exit_with_status`).

use std::sync::LazyLock;

use chrono::NaiveDateTime;
use model::time::local_time;
use regex::Regex;

use super::command::Command;
use super::config::root;
use crate::groups::clean;
use crate::shell::file_name;
use crate::verdict::Said;

static STAMPED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\] (.*)$").ok());
/// A date as logs had it until 1.3: `[28/Feb/2004:23:45:59]`.
static OLD_STAMP: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\[(\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d)\] (.*)$").ok());
/// What a system log puts before a line, with the process that sent it.
static SYSLOG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) \S+ rsnapshot\[\d+\]: (.*)$").ok()
});
/// A path in a snapshot: root, level and number.
static SNAPSHOT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(/[^\s]*?)/(?:(\.sync)|([A-Za-z0-9_-]+)\.0)(?:/|\s|$)").ok());

/// One run of one level, as its lines tell it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub command: Command,
    pub line: u64,
    /// First and last stamp, local.
    pub begun: Option<NaiveDateTime>,
    pub ended: Option<NaiveDateTime>,
    pub said: Said,
    /// Level that it copied data into, and the snapshot root.
    pub copied: Option<String>,
    pub root: Option<String>,
    /// It showed its commands: without a copy among them it made none.
    pub verbose: bool,
    /// `completed …` was written.
    pub completed: bool,
    /// A later run took the lock: this one was no longer there.
    pub superseded: bool,
    /// Text to make an id of, where there is no time.
    pub first: String,
    /// A start was logged; else it was refused before it could be.
    started: bool,
    /// Another process had the lock.
    refused: bool,
}

impl Session {
    /// A run of which only the command is known.
    pub fn new(command: Command, line: u64, first: &str) -> Self {
        Self {
            command,
            line,
            begun: None,
            ended: None,
            said: Said::default(),
            copied: None,
            root: None,
            verbose: false,
            completed: false,
            superseded: false,
            first: first.to_owned(),
            started: false,
            refused: false,
        }
    }

    fn over(&self) -> bool {
        self.completed || self.superseded || self.said.failure.is_some()
    }
}

/// Reads lines into sessions.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub sessions: Vec<Session>,
    pub ours: bool,
    /// One command's own output.
    single: bool,
    /// `The program was invoked with these options:` was read.
    invoked: bool,
    /// Session that a line without a stamp goes on with.
    last: Option<usize>,
}

impl Reader {
    /// A reader of one command's output (`Some`), or of a log.
    pub fn new(single: Option<&Command>) -> Self {
        let sessions = single.map(|c| Session::new(c.clone(), 1, "")).into_iter().collect();
        Self { single: single.is_some(), sessions, ..Self::default() }
    }

    /// Takes a line.
    pub fn line(&mut self, number: u64, raw: &str) {
        let part = |regex: &LazyLock<Option<Regex>>| {
            let found = regex.as_ref()?.captures(raw)?;
            Some((found.get(1)?.as_str().to_owned(), found.get(2)?.as_str().trim_end().to_owned()))
        };
        if let Some((stamp, text)) = part(&STAMPED) {
            self.logged(number, &text, local_time(&stamp));
        } else if let Some((stamp, text)) = part(&OLD_STAMP) {
            self.logged(number, &text, NaiveDateTime::parse_from_str(&stamp, "%d/%b/%Y:%H:%M:%S").ok());
        } else if let Some((stamp, text)) = part(&SYSLOG) {
            // A stamp with an offset is read as such; the old form has no year.
            self.logged(number, &text, local_time(stamp.get(..19).unwrap_or_default()));
        } else {
            let line = clean(raw);
            if !line.is_empty() {
                self.console(number, &line);
            }
        }
    }

    /// A line of the log, or of syslog.
    fn logged(&mut self, number: u64, text: &str, stamp: Option<NaiveDateTime>) {
        let text = text.trim_end_matches('\\').trim_end();
        let (warned, rest) = text.strip_prefix("WARNING: ").map_or((false, text), |rest| (true, rest));
        let Some((command, message)) = run_string(rest) else {
            let at = self.sessions.iter().rposition(|s| !s.over());
            self.last = at;
            if let Some(session) = at.and_then(|at| self.sessions.get_mut(at)) {
                session.ended = stamp.or(session.ended);
                if warned {
                    session.said.warn(rest);
                } else {
                    shown(session, rest);
                }
            }
            if rest.starts_with("echo ") && rest.contains(" > ") {
                self.locked(at);
            }
            return;
        };
        self.ours = true;
        if message == "started" {
            let mut session = Session::new(command, number, text);
            session.begun = stamp;
            session.ended = stamp;
            session.started = true;
            self.sessions.push(session);
            self.last = Some(self.sessions.len() - 1);
            return;
        }
        let at = self.session(number, text, command, message, stamp);
        self.last = Some(at);
        let Some(session) = self.sessions.get_mut(at) else { return };
        session.ended = stamp.or(session.ended);
        outcome(session, message, warned);
    }

    /// The session that a line with this command line belongs to.
    fn session(
        &mut self,
        number: u64,
        text: &str,
        command: Command,
        message: &str,
        stamp: Option<NaiveDateTime>,
    ) -> usize {
        let open = self.sessions.iter().rposition(|s| s.command == command && !s.over());
        // Errors of one command follow each other, and `completed, but with some errors` follows them.
        let failed = || {
            let at = self.sessions.iter().rposition(|s| s.command == command && !s.completed && !s.refused)?;
            let session = self.sessions.get(at)?;
            let ends = message.trim_start_matches("ERROR: ").contains("completed, but");
            let near = ends
                || session.started
                || session.ended.zip(stamp).is_none_or(|(last, now)| (now - last).num_seconds().abs() <= 60);
            (near && message.starts_with("ERROR: ") && session.said.failure.is_some()).then_some(at)
        };
        open.or_else(failed).unwrap_or_else(|| {
            // A configuration that is refused is told before a start is.
            let mut session = Session::new(command, number, text);
            session.begun = stamp;
            self.sessions.push(session);
            self.sessions.len() - 1
        })
    }

    /// A run has taken the lock: those begun before it are no longer there.
    fn locked(&mut self, holder: Option<usize>) {
        let Some(holder) = holder else { return };
        for session in self.sessions.iter_mut().take(holder).filter(|s| !s.over()) {
            session.superseded = true;
        }
    }

    /// A line of the console.
    fn console(&mut self, number: u64, line: &str) {
        if self.invoked && !line.starts_with("----") {
            self.invoked = false;
            if let (Some((command, _)), false) = (Command::in_line(line), self.single) {
                self.ours = true;
                self.sessions.push(Session::new(command, number, line));
                self.last = Some(self.sessions.len() - 1);
            }
            return;
        }
        if line.starts_with("rsnapshot encountered an error! The program was invoked") {
            self.invoked = true;
            return;
        }
        if self.single && self.last.is_none() {
            self.last = Some(0);
        }
        let Some(session) = self.last.and_then(|at| self.sessions.get_mut(at)) else { return };
        if let (Some(rest), Some(failure)) = (line.strip_prefix("         "), &mut session.said.failure) {
            // A long message goes on, behind a backslash.
            if failure.len() < 1_000 {
                failure.push(' ');
                failure.push_str(rest.trim());
            }
        } else if let Some(error) = line.strip_prefix("ERROR: ") {
            outcome(session, &format!("ERROR: {error}"), false);
        } else if let Some(warning) = line.strip_prefix("WARNING: ") {
            session.said.warn(warning);
        } else if self.single {
            shown(session, line);
        }
    }
}

/// `/usr/bin/rsnapshot -c file daily: message`.
fn run_string(text: &str) -> Option<(Command, &str)> {
    let program = text.split_whitespace().next()?;
    if !file_name(program).starts_with("rsnapshot") {
        return None;
    }
    let (line, message) = text.split_once(": ")?;
    let (command, _) = Command::in_line(line)?;
    Some((command, message))
}

/// What a line with a command line says.
fn outcome(session: &mut Session, message: &str, warned: bool) {
    let error = message.strip_prefix("ERROR: ");
    let text = error.unwrap_or(message).trim_end_matches('\\').trim_end();
    // The command line stands twice before the end of a run with errors.
    let end = text.rsplit_once(": ").map_or(text, |(_, end)| end);
    if end == "completed successfully" {
        session.completed = true;
        session.said.end(end);
    } else if end == "completed, but with some warnings" {
        session.completed = true;
        session.said.end(end);
        session.said.warn(end);
    } else if end.starts_with("completed, but with ") {
        session.completed = true;
        session.said.fail(end);
    } else if text.starts_with("rsnapshot was sent ") {
        session.said.signal(text);
        session.completed = true;
    } else if error.is_some() {
        session.refused |= text.starts_with("Lockfile ");
        let rule = text.bytes().all(|b| b == b'-');
        // `… on line 13:` says where, the next line says what.
        let place = text.ends_with(':') && text.contains(" on line ");
        if !rule && !place {
            session.said.fail(text);
        }
    } else if warned || message.starts_with("WARNING: ") {
        session.said.warn(text.trim_start_matches("WARNING: "));
    }
}

/// A command that a session shows.
fn shown(session: &mut Session, line: &str) {
    let program = line.split_whitespace().next().map_or("", file_name);
    session.verbose |= matches!(program, "echo" | "mv" | "cp" | "rm" | "rsync" | "mkdir" | "touch" | "cd")
        || line.ends_with("nothing to copy");
    let Some(found) = SNAPSHOT.as_ref().and_then(|r| r.captures(line)) else { return };
    let part = |at: usize| found.get(at).map(|m| m.as_str());
    if let Some(path) = part(1).filter(|_| matches!(program, "mkdir" | "touch" | "cp" | "mv" | "rsync")) {
        session.root.get_or_insert_with(|| root(path));
    }
    // Only a level that copies touches its newest snapshot, or makes its folder.
    if matches!(program, "mkdir" | "touch") {
        session.copied = part(2).map(|_| "sync".to_owned()).or_else(|| part(3).map(str::to_owned));
    }
}
