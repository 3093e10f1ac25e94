//! Lines that rdiff-backup prints on the console and into `backup.log` and `restore.log`.
//!
//! Since 2.2 (API 201) the console wraps long messages: lines that go on are indented by nine blanks. Texts follow
//! `Main.py` of 1.2 and 2.0 and `actions/*.py` of 2.2; they are not translated.

use std::sync::LazyLock;

use chrono::NaiveDateTime;
use regex::Regex;
use sha2::{Digest, Sha256};

use super::command::{Action, place};
use super::list::{List, ctime};
use crate::groups::clean;
use crate::session::Stats;
use crate::verdict::Said;

/// `2026-11-26 06:26:13.567481 +0100  <CLIENT-12825>  `, at verbosity 9.
static STAMP: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^.{19,40}? +<(?:CLIENT|SERVER)-\d+>  ").ok());
static LEVEL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(ERROR|WARNING|NOTE|DEBUG|\*|Fatal Error|Warning)(?::| ) *(.*)$").ok());

/// One command, as its lines tell it.
#[derive(Debug, Clone, Default)]
pub(super) struct Job {
    pub action: Option<Action>,
    pub line: u64,
    pub said: Said,
    pub stats: Stats,
    pub repository: Option<String>,
    /// First ERROR line: the cause, where the command failed.
    pub error: Option<String>,
    /// A stored file does not match its recorded digest.
    pub damaged: bool,
    /// Sessions whose increments it deleted.
    pub deleted: Vec<NaiveDateTime>,
    pub hash: Sha256,
    begun: bool,
}

/// Reads lines into jobs and lists.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub jobs: Vec<Job>,
    pub list: List,
    pub ours: bool,
    single: bool,
    /// Message that the next line may go on with.
    pending: Option<(u64, String)>,
    block: bool,
    deleting: bool,
}

impl Reader {
    /// A reader of one command's output (`Some`, with its action), or of a log.
    pub fn new(single: Option<Action>) -> Self {
        let mut out = Self { single: single.is_some(), ..Self::default() };
        if single.is_some() {
            out.jobs.push(Job { action: single, line: 1, ..Job::default() });
        }
        out
    }

    /// Takes a line.
    pub fn line(&mut self, number: u64, raw: &str) {
        let line = clean(raw);
        if let (Some((_, message)), Some(rest)) = (&mut self.pending, line.strip_prefix("         ")) {
            if message.len() < 4096 {
                message.push(' ');
                message.push_str(rest.trim_start());
            }
            return;
        }
        self.flush();
        self.pending = Some((number, line));
    }

    /// The document is over.
    pub fn flush(&mut self) {
        if let Some((number, line)) = self.pending.take() {
            let from = STAMP.as_ref().and_then(|r| r.find(&line)).map_or(0, |m| m.end());
            self.message(number, line.get(from..).unwrap_or(&line));
        }
    }

    fn job(&mut self, number: u64, text: &str) -> &mut Job {
        if self.jobs.is_empty() {
            self.jobs.push(Job { line: number, ..Job::default() });
        }
        let at = self.jobs.len() - 1;
        let job = &mut self.jobs[at];
        job.hash.update(text);
        job
    }

    /// A command begins, or is told of for the first time.
    fn begin(&mut self, action: Action, number: u64, text: &str) -> &mut Job {
        self.ours = true;
        let over = self.jobs.last().is_some_and(|j| {
            j.begun || j.said.closed() || j.stats.start.is_some() || j.action.is_some_and(|a| a != action)
        });
        if over && !self.single {
            self.jobs.push(Job { line: number, ..Job::default() });
        }
        let job = self.job(number, text);
        job.begun = true;
        job.action = job.action.or(Some(action));
        job
    }

    fn message(&mut self, number: u64, line: &str) {
        if self.list.take(number, line) {
            self.ours |= line.ends_with(" increments:") || line.contains("Cumulative size");
            return;
        }
        if self.deleting {
            let end = ctime(line);
            self.deleting = end.is_some();
            if let (Some(end), Some(job)) = (end, self.jobs.last_mut()) {
                job.deleted.push(end);
                return;
            }
        }
        if line == "--------------[ Session statistics ]--------------" {
            self.block = true;
            return;
        }
        if self.block && self.statistics(number, line) {
            return;
        }
        let found = LEVEL.as_ref().and_then(|r| r.captures(line));
        let part = |at: usize| found.as_ref().and_then(|f| f.get(at)).map_or("", |m| m.as_str());
        let text = if found.is_some() { part(2) } else { line };
        self.event(number, part(1), text);
    }

    fn event(&mut self, number: u64, level: &str, text: &str) {
        let after = |prefix: &str| text.strip_prefix(prefix);
        if after("Starting mirror ").is_some()
            || after("Starting increment operation ").is_some()
            || after("Starting backup operation ").is_some()
        {
            // `from source path X to destination path Y`; before 2.1 `X to Y`.
            let to = text.rsplit_once(" to destination path ").or_else(|| text.rsplit_once(" to "));
            let repository = to.map(|(_, to)| place(to.trim_end_matches('.')));
            self.begin(Action::Backup, number, text).repository = repository;
        } else if let Some(rest) = after("Starting restore of ").or_else(|| after("Starting restore ")) {
            let from = rest.split_once("source path ").map_or(rest, |(_, path)| path);
            let repository = from.split_once(" to ").map(|(from, _)| place(from));
            self.begin(Action::Restore, number, text).repository = repository;
        } else if text == "Restore finished" || text == "Restore successfully finished" {
            self.ours = true;
            let job = self.job(number, text);
            job.action = job.action.or(Some(Action::Restore));
            job.said.end(text);
        } else if text == "All files verified successfully"
            || text == "Every file verified successfully."
            || text.ends_with(" files without hash, all others could be verified successfully")
        {
            let job = self.begin(Action::Verify, number, text);
            job.said.end(text);
            if text.starts_with("Verification found") {
                job.said.warn(text);
            }
        } else if text.contains("Your backup repository may be corrupted")
            || text.ends_with(" potentially corrupted files")
            || text == "Not all files could be verified."
        {
            self.ours = true;
            let job = self.job(number, text);
            job.action = job.action.or(Some(Action::Verify));
            job.damaged = true;
            job.said.fail(text);
        } else if let Some(rest) = after("Deleting increment") {
            let job = self.begin(Action::Remove, number, text);
            match rest.split_once(": ").map(|(_, at)| at).and_then(ctime) {
                Some(at) => job.deleted.push(at),
                None => self.deleting = rest.ends_with(':'),
            }
        } else if level == "Fatal Error" || text.starts_with("Fatal Error: ") {
            self.fatal(number, text.trim_start_matches("Fatal Error: "));
        } else if ["UpdateError", "ListError", "SpecialFileError"].iter().any(|e| text.starts_with(e)) {
            self.ours = true;
            self.job(number, text).said.warn(text);
        } else if level == "ERROR" {
            let job = self.job(number, text);
            if !text.starts_with("Action ") {
                job.error.get_or_insert_with(|| text.to_owned());
            }
        } else if text.starts_with("Could not restore file ") {
            self.job(number, text).said.warn(text);
        }
    }

    fn fatal(&mut self, number: u64, text: &str) {
        let over = self.jobs.last().is_some_and(|j| j.said.closed());
        if over && !self.single {
            self.jobs.push(Job { line: number, ..Job::default() });
        }
        self.job(number, text).said.fail(text);
    }

    /// Takes a line of the statistics; false where it is none.
    fn statistics(&mut self, number: u64, text: &str) -> bool {
        let begins = text.starts_with("StartTime ");
        if begins && !self.single && self.jobs.last().is_some_and(|j| j.stats.start.is_some()) {
            self.jobs.push(Job { line: number, ..Job::default() });
        }
        if !self.job(number, text).stats.take(text) {
            self.block = false;
            return false;
        }
        self.ours = true;
        let ends = text.starts_with("Errors ");
        self.block = !ends;
        let job = self.job(number, "");
        job.action = job.action.or(Some(Action::Backup));
        if begins {
            job.line = number;
        }
        if ends && job.stats.whole() {
            job.said.end("Session statistics");
            if let Some(errors) = job.stats.errors.filter(|n| *n > 0) {
                job.said.warn(&format!("Errors {errors}"));
            }
        }
        true
    }
}
