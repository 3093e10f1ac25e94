//! Lines that duplicity prints, on the console (with or without `--log-timestamp`) and into `--log-file`.
//!
//! A `--log-file` holds messages for programs: `NOTICE 1`, the text with `. ` before each line, an empty line.
//! Levels and codes there are not translated. Messages follow `dup_main.py`, `log.py` and `errors.py` of 0.8 to 3.2.

use std::sync::LazyLock;

use chrono::NaiveDateTime;
use regex::Regex;
use sha2::{Digest, Sha256};

use super::command::{Action, Command};
use super::status::{List, ctime};
use crate::groups::clean;
use crate::session::Stats;
use crate::shell::calls;
use crate::verdict::Said;

static CONTROL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(DEBUG|INFO|NOTICE|WARNING|ERROR) (\d+)(?: .*)?$").ok());
static STAMPED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) (DEBUG|INFO|NOTICE|WARNING|ERROR) +(.*)$").ok()
});
static VERIFIED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[^:]+: (\d+) [^,]+, (\d+) [^.]+\.$").ok());
/// Names of volumes and manifests: `duplicity-inc.<from>.to.<to>.vol1.difftar.gpg`.
static FILE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"duplicity-(full|inc)\.(?:\d{8}T\d{6}Z\.to\.)?(\d{8}T\d{6}Z)\.(?:vol\d+\.difftar|manifest)(\.gpg)?")
        .ok()
});

/// Beginnings of messages that end a command (English; in other languages the exit code and the level tell).
const FAILURES: &[&str] = &[
    "Fatal Error:",
    "GPGError:",
    "BackendException:",
    "UserError:",
    "CommandLineError:",
    "Command line error:",
    "UnsupportedBackendScheme:",
    "InvalidBackendURL:",
    "ConflictingScheme:",
    "Giving up after ",
    "Backup source directory ",
    "Restore destination directory ",
    "Verify directory ",
    "Another instance is already running",
    "Another duplicity instance is already running",
    "Temp space has ",
    "Unable to get free space on temp",
    "Max open files of ",
    "No files found in archive - nothing restored",
    "Volume was signed by key",
    "When using symmetric encryption, the signing passphrase",
];

/// One command, as its lines tell it.
#[derive(Debug, Clone, Default)]
pub(super) struct Job {
    pub action: Option<Action>,
    /// The command line that the log itself tells (verbosity 5 and more).
    pub command: Option<Command>,
    pub line: u64,
    pub said: Said,
    pub stats: Stats,
    /// It was made, or had to be, a full backup.
    pub full: bool,
    /// Time of its set, from names of files it wrote.
    pub set: Option<String>,
    pub encrypted: Option<bool>,
    /// The tool said that nothing had changed and nothing was written.
    pub skipped: bool,
    /// It went on with what an interrupted run had left.
    pub resumed: bool,
    pub differences: Option<u64>,
    /// A stored volume has a wrong hash.
    pub damaged: bool,
    /// Chains it removed, by their end; with true, only the incremental sets.
    pub deleted: Vec<(NaiveDateTime, bool)>,
    /// Name of the archive directory.
    pub archive: Option<String>,
    /// First and last `--log-timestamp`, local.
    pub stamps: Option<(NaiveDateTime, NaiveDateTime)>,
    /// First line on standard error.
    pub stderr: Option<String>,
    /// Code of the message that ended it.
    pub code: Option<i64>,
    pub hash: Sha256,
    stage: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Other,
}

/// Reads lines into jobs and lists.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub jobs: Vec<Job>,
    /// Lists, with the number of jobs there were when they began.
    pub lists: Vec<List>,
    /// A line could only be duplicity's.
    pub ours: bool,
    single: bool,
    /// Message of a log for programs that the lines belong to.
    message: Option<(Level, i64)>,
    first: bool,
    listing: bool,
    gnupg: bool,
    traceback: bool,
    block: bool,
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

    /// Begins a document.
    pub fn document(&mut self) {
        self.message = None;
        self.first = true;
        self.listing = false;
        self.gnupg = false;
        self.traceback = false;
        self.block = false;
    }

    /// The document is over.
    pub fn end_of_document(&mut self, whole: bool) {
        if let Some(list) = self.lists.last_mut().filter(|l| self.listing && !l.closed) {
            list.whole &= whole;
        }
    }

    /// Takes a line; `stderr` where it was printed on standard error.
    pub fn line(&mut self, number: u64, raw: &str, stderr: bool) {
        let line = clean(raw);
        let control = CONTROL.as_ref().and_then(|r| r.captures(&line));
        if let Some(found) = control.filter(|_| self.first || self.message.is_some()) {
            let part = |at: usize| found.get(at).map_or("", |m| m.as_str());
            let level = level(part(1));
            let code = part(2).parse().unwrap_or(0);
            self.message = Some((level, code));
            self.first = false;
            self.block = false;
            if code == 3 && level == Level::Other {
                self.lists.push(List::machine());
                self.listing = true;
                self.ours = true;
            }
            return;
        }
        if line.is_empty() {
            return;
        }
        self.first = false;
        if let Some((level, code)) = self.message {
            match raw.strip_prefix(". ") {
                Some(text) => self.text(number, text.trim_end(), level, Some(code), None, stderr),
                None if line != "." => {
                    if let Some(list) = self.lists.last_mut().filter(|_| self.listing) {
                        list.control(raw.trim_end(), number);
                    }
                }
                None => {}
            }
            return;
        }
        match STAMPED.as_ref().and_then(|r| r.captures(&line)) {
            Some(found) => {
                let part = |at: usize| found.get(at).map_or("", |m| m.as_str());
                let stamp = model::time::local_time(&format!("{}.{}", part(1), part(2)));
                self.text(number, part(4), level(part(3)), None, stamp, stderr);
            }
            None => self.text(number, &line, Level::Other, None, None, stderr),
        }
    }

    /// The job that lines belong to.
    fn job(&mut self, number: u64, text: &str) -> &mut Job {
        if self.jobs.is_empty() {
            self.jobs.push(Job { line: number, ..Job::default() });
        }
        let at = self.jobs.len() - 1;
        let job = &mut self.jobs[at];
        job.hash.update(text);
        job
    }

    /// A line that stands at this place of every command's output: where the last command has been there, another
    /// begins. Place 0 is anywhere.
    fn begin(&mut self, stage: u8, number: u64, text: &str) -> &mut Job {
        self.ours = true;
        let over = self.jobs.last().is_some_and(|j| (stage > 0 && j.stage >= stage) || j.said.closed());
        if over && !self.single {
            self.jobs.push(Job { line: number, ..Job::default() });
        }
        let job = self.job(number, text);
        job.stage = job.stage.max(stage);
        job
    }

    fn text(
        &mut self,
        number: u64,
        text: &str,
        level: Level,
        code: Option<i64>,
        stamp: Option<NaiveDateTime>,
        stderr: bool,
    ) {
        if let Some(list) = List::begun_by(text) {
            // A log for programs has just told the same list.
            if !self.listing || self.lists.last().is_none_or(|l| !l.sets.is_empty() && l.closed && code.is_none()) {
                self.lists.push(list);
            }
            self.listing = true;
            self.ours = true;
        } else if let Some(list) = self.lists.last_mut().filter(|_| self.listing) {
            list.text(text, number);
        }
        self.event(number, text, level, code, stderr);
        if let (Some(stamp), Some(job)) = (stamp, self.jobs.last_mut()) {
            job.stamps = Some((job.stamps.map_or(stamp, |(first, _)| first), stamp));
        }
    }

    fn event(&mut self, number: u64, text: &str, level: Level, code: Option<i64>, stderr: bool) {
        let after = |prefix: &str| text.strip_prefix(prefix);
        if let Some(dir) = after("Using archive dir: ") {
            let name = dir.trim_end_matches('/').rsplit('/').next().map(str::to_owned);
            self.begin(1, number, text).archive = name;
        } else if let Some(args) = after("Args: ") {
            let job = self.begin(2, number, text);
            let is_program = |name: &str| name == "duplicity" || name == "__main__.py";
            job.command = calls(args, &is_program, &Command::read).pop().map(|c| c.read);
            job.action = job.action.or(job.command.as_ref().map(|c| c.action));
        } else if after("Local and Remote metadata are synchronized").is_some()
            || after("Synchronizing remote metadata to local cache").is_some()
        {
            self.begin(3, number, text);
        } else if after("Last full backup left a partial set").is_some()
            || after("Last inc backup left a partial set").is_some()
            || after("RESTART: ").is_some()
        {
            self.begin(0, number, text).resumed = true;
        } else if let Some(last) = after("Last full backup date: ") {
            self.listing = false;
            let job = self.begin(4, number, text);
            job.full |= last == "none";
        } else if after("Last full backup is too old, forcing full backup").is_some()
            || after("No signatures found, switching to full backup").is_some()
            || after("Latest chain has too many incrementals, forcing full").is_some()
        {
            self.job(number, text).full = true;
        } else if text.starts_with("--------------[ ") && text.ends_with(" ]--------------") {
            // The title is translated; rdiff-backup has the same block under a title of its own.
            self.block = !text.contains("[ Session statistics ]") && !text.contains("[ Average of ");
        } else if self.block && self.statistics(number, text) {
        } else if after("Skipped volume upload, as effectivly nothing has changed").is_some() {
            self.job(number, text).skipped = true;
        } else if after("Writing ").is_some()
            || text.contains(": to_final called for ")
            || after("to_final called").is_some()
        {
            self.wrote(number, text);
        } else if let Some(end) = after("Deleting complete backup chain ").and_then(ctime) {
            self.job(number, text).deleted.push((end, false));
        } else if let Some(end) = after("Deleting any incremental backup chain rooted at ").and_then(ctime) {
            self.job(number, text).deleted.push((end, true));
        } else {
            self.outcome(number, text, level, code, stderr);
        }
    }

    /// Lines that tell how it went.
    fn outcome(&mut self, number: u64, text: &str, level: Level, code: Option<i64>, stderr: bool) {
        let verify = self.jobs.last().is_some_and(|j| j.action == Some(Action::Verify));
        if (text.starts_with("Verify complete: ") || (verify && self.single))
            && let Some(found) = VERIFIED.as_ref().and_then(|r| r.captures(text))
        {
            self.ours = true;
            let differences = found.get(2).and_then(|m| m.as_str().parse::<u64>().ok());
            let job = self.job(number, text);
            job.action = job.action.or(Some(Action::Verify));
            job.differences = differences;
            match differences {
                Some(0) => job.said.end(text),
                _ => job.said.fail(text),
            }
        } else if text.starts_with("INT intercepted...exiting") {
            self.job(number, text).said.signal(text);
        } else if text.starts_with("Traceback (most recent call last):") {
            self.traceback = true;
        } else if self.traceback && text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.traceback = false;
            self.failed(number, text, code);
        } else if text == "===== Begin GnuPG log =====" {
            self.gnupg = true;
        } else if text == "===== End GnuPG log =====" {
            self.gnupg = false;
        } else if self.gnupg {
            let bad = ["failed", "error", "bad", "not available", "No secret key"].iter().any(|w| text.contains(w));
            if let (true, Some(job)) = (bad, self.jobs.last_mut())
                && let Some(failure) = job.said.failure.as_mut().filter(|f| f.len() < 400)
            {
                failure.push_str("; ");
                failure.push_str(text);
            }
        } else if level == Level::Error && !text.starts_with("Could not ")
            || FAILURES.iter().any(|f| text.starts_with(f))
            || text.contains(" not found in archive - no files restored")
            || text.starts_with("Invalid data - ")
        {
            self.failed(number, text, code);
        } else if level == Level::Warning && code.is_none_or(|c| c >= 8) || text.starts_with("Error ") {
            // Codes below 8 tell of left-over files at the target (`log.py`, `WarningCode`).
            let unread =
                ["Error accessing", "Error listing", "Error opening", "Error [", "Error initializing", "Skipping "];
            if unread.iter().any(|w| text.starts_with(w)) {
                self.job(number, text).said.warn(text);
            }
        } else if stderr && !text.contains("Warning") {
            let job = self.job(number, text);
            if job.stderr.is_none() && !text.starts_with(' ') {
                job.stderr = Some(text.to_owned());
            }
        }
    }

    fn failed(&mut self, number: u64, text: &str, code: Option<i64>) {
        // An error that nothing of its command stands before, after the end of another's: a command of its own.
        let over = self.jobs.last().is_some_and(|j| {
            let other = j.code.is_some() && code.is_some_and(|c| c > 1) && j.code != code;
            j.said.closed() && (j.said.failure.is_none() || other)
        });
        if over && !self.single {
            self.jobs.push(Job { line: number, ..Job::default() });
        }
        const OWN: &[&str] =
            &["Backup source directory ", "BackendException:", "CommandLineError:", "UnsupportedBackendScheme:"];
        self.ours |= code.is_some() || OWN.iter().any(|f| text.starts_with(f)) || text.contains("duplicity instance");
        let job = self.job(number, text);
        job.damaged |= text.starts_with("Invalid data - ");
        job.said.fail(text);
        job.code = job.code.or(code.filter(|c| *c > 1));
        if job.action.is_none() {
            job.action = match job.code {
                Some(13 | 17) => Some(Action::Backup),
                Some(11 | 19 | 20) => Some(Action::Restore),
                Some(12) => Some(Action::Verify),
                _ if text.starts_with("Backup source directory ") => Some(Action::Backup),
                _ => None,
            };
        }
    }

    /// Takes a line of the statistics; false where it is none.
    fn statistics(&mut self, number: u64, text: &str) -> bool {
        let begins = text.starts_with("StartTime ");
        if begins && !self.single && self.jobs.last().is_some_and(|j| j.stats.start.is_some()) {
            self.jobs.push(Job { line: number, ..Job::default() });
        }
        let taken = self.job(number, text).stats.take(text);
        if !taken {
            self.block = false;
            return false;
        }
        self.ours = true;
        let job = self.job(number, "");
        if begins {
            job.line = number;
            job.action = job.action.or(Some(Action::Backup));
        }
        if job.stats.whole() && text.starts_with("Errors ") {
            self.block = false;
            let job = self.job(number, "");
            job.said.end("Backup Statistics");
            if let Some(errors) = job.stats.errors.filter(|n| *n > 0) {
                job.said.warn(&format!("Errors {errors}"));
            }
        }
        true
    }

    fn wrote(&mut self, number: u64, text: &str) {
        let Some(found) = FILE.as_ref().and_then(|r| r.captures(text)) else { return };
        let set = found.get(2).map(|m| m.as_str().to_owned());
        let (full, encrypted) = (found.get(1).is_some_and(|m| m.as_str() == "full"), found.get(3).is_some());
        let volume = text.contains(".difftar");
        let job = self.job(number, text);
        job.full |= full;
        job.set = job.set.take().or(set);
        // Local manifests are never encrypted: only volumes tell.
        if volume {
            job.encrypted = Some(encrypted);
        }
    }
}

fn level(word: &str) -> Level {
    match word {
        "ERROR" => Level::Error,
        "WARNING" => Level::Warning,
        _ => Level::Other,
    }
}
