//! Lines of rclone's log: text (`2026/11/22 22:34:26 INFO  : object: message`, local time unless `--log-format` says UTC)
//! or one JSON object a line (`--use-json-log`), both with the same messages (`fs/log`, `cmd/cmd.go`,
//! `fs/accounting/stats.go`, `fs/operations/check.go`).
//!
//! A log that several runs are appended to has no line where one begins, below `-vv`. Statistics do tell: they hold the
//! time since the start.

use std::sync::LazyLock;

use chrono::{Duration, NaiveDateTime};
use model::time::Instant;
use regex::Regex;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::command::{Action, Command, is_verb};
use crate::groups::clean;
use crate::verdict::Said;

static TEXT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^(?:<\d>)?(?:(\d{4})[/-](\d\d)[/-](\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) )?(?:\S+\.go:\d+: )?(?:\[\d+\] )?(DEBUG|INFO|NOTICE|WARNING|ERROR|CRITICAL|ALERT|EMERGENCY) *: ?(.*)$",
    )
    .ok()
});
/// A message without a level: how rclone says, to 1.68, that it failed.
static BARE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) (\S.*)$").ok());
static COUNT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:^|: )(\d+) differences found$").ok());
static CRYPT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"Encrypted drive '([^':]+):").ok());

/// When a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    At(Instant),
    Local(NaiveDateTime),
}

impl Stamp {
    fn minus(self, span: Duration) -> Option<Self> {
        match self {
            Self::At(at) => at.checked_sub_signed(span).map(Self::At),
            Self::Local(local) => local.checked_sub_signed(span).map(Self::Local),
        }
    }

    /// Distance of two stamps of one kind.
    fn apart(self, other: Self) -> Option<Duration> {
        match (self, other) {
            (Self::At(a), Self::At(b)) => Some((a - b).abs()),
            (Self::Local(a), Self::Local(b)) => Some((a - b).abs()),
            _ => None,
        }
    }
}

/// One command, as its lines tell it.
#[derive(Debug, Clone, Default)]
pub(super) struct Job {
    pub action: Option<Action>,
    /// The command line that the log itself tells (`-vv`).
    pub command: Option<Command>,
    pub line: u64,
    pub said: Said,
    pub first: Option<Stamp>,
    pub last: Option<Stamp>,
    /// Start that statistics tell.
    pub start: Option<Stamp>,
    pub dry_run: bool,
    /// Last message of an error, and whether it was got over.
    pub error: Option<String>,
    pub differences: Option<u64>,
    /// What rclone skipped by its own rules: links and special files.
    pub skipped: Option<String>,
    pub nothing_to_transfer: bool,
    /// Something was copied, or would have been.
    pub copies: bool,
    pub hash: Sha256,
    /// The last statistics counted no error.
    clean_stats: bool,
    /// The line behind the last statistics at `-vv` was read.
    past_stats: bool,
}

impl Job {
    /// Notes the end that a log at `-vv` proves.
    pub fn finish(&mut self) {
        if self.past_stats && self.clean_stats && self.error.is_none() && !self.said.closed() {
            self.said.end("went on behind its last statistics, without errors");
        }
        if self.nothing_to_transfer && self.error.is_none() {
            self.said.end("There was nothing to transfer");
        }
    }

    /// Adds lines that turn out to be of the same run.
    pub fn append(&mut self, other: Self) {
        self.action = self.action.or(other.action);
        self.command = self.command.take().or(other.command);
        self.first = self.first.or(other.first);
        self.last = other.last.or(self.last);
        self.start = self.start.or(other.start);
        self.dry_run |= other.dry_run;
        self.error = other.error.or(self.error.take());
        self.differences = other.differences.or(self.differences);
        self.skipped = self.skipped.take().or(other.skipped);
        self.nothing_to_transfer |= other.nothing_to_transfer;
        self.copies |= other.copies;
        self.clean_stats = other.clean_stats || (self.clean_stats && other.start.is_none());
        self.past_stats |= other.past_stats;
        if let Some(failure) = &other.said.failure {
            self.said.fail(failure);
        }
        if let Some(signal) = &other.said.signal {
            self.said.signal(signal);
        }
        self.hash.update(other.hash.finalize());
    }
}

/// Reads lines into jobs.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Jobs that are over.
    pub jobs: Vec<Job>,
    /// The job at hand, and lines behind its last statistics, which can be the next job's.
    job: Option<Job>,
    behind: Option<Job>,
    pub ours: bool,
    /// Names of crypt remotes that lines tell.
    pub crypts: Vec<String>,
    single: bool,
    /// In statistics, with the stamp of their first line.
    stats: Option<(Option<Stamp>, bool)>,
}

impl Reader {
    /// A reader of one command's output (`true`), or of a log.
    pub fn new(single: bool) -> Self {
        Self { single, job: single.then(|| Job { line: 1, ..Job::default() }), ..Self::default() }
    }

    /// Takes a line.
    pub fn line(&mut self, number: u64, raw: &str) {
        let line = clean(raw);
        if line.starts_with('{')
            && let Ok(value) = serde_json::from_str::<Value>(&line)
            && value.get("level").is_some()
            && value.get("msg").is_some()
        {
            self.json(number, &value);
            return;
        }
        if let Some(found) = TEXT.as_ref().and_then(|r| r.captures(&line)) {
            let part = |at: usize| found.get(at).map_or("", |m| m.as_str());
            let stamp = local(&format!("{}-{}-{} {}", part(1), part(2), part(3), part(4)));
            let (level, text) = (part(5), part(6));
            self.stats = None;
            if text.is_empty() {
                // Statistics follow.
                self.touch(number, stamp, "");
                self.stats = Some((stamp, true));
            } else {
                self.message(number, level, None, text, stamp);
            }
        } else if let Some(found) = BARE.as_ref().and_then(|r| r.captures(&line)) {
            let part = |at: usize| found.get(at).map_or("", |m| m.as_str());
            let stamp = local(&format!("{}-{}-{} {}", part(1), part(2), part(3), part(4)));
            self.stats = None;
            self.message(number, "NOTICE", None, part(5), stamp);
        } else {
            self.statistics(number, &line);
        }
    }

    /// All lines were read.
    pub fn finish(&mut self) {
        self.settle();
        if let Some(job) = self.job.take() {
            self.jobs.push(job);
        }
        for job in &mut self.jobs {
            job.finish();
        }
    }

    /// Lines behind the last statistics belong to the job at hand after all.
    fn settle(&mut self) {
        if let (Some(job), Some(behind)) = (&mut self.job, self.behind.take()) {
            job.append(behind);
        }
    }

    /// Another command begins.
    fn next(&mut self, number: u64) {
        if self.single {
            return;
        }
        self.settle();
        if let Some(job) = self.job.replace(Job { line: number, ..Job::default() }) {
            self.jobs.push(job);
        }
    }

    /// The job that a line belongs to, for now.
    fn touch(&mut self, number: u64, stamp: Option<Stamp>, text: &str) -> &mut Job {
        // Statistics have been read: what follows may be another run's.
        let counted = !self.single && self.job.as_ref().is_some_and(|j| j.start.is_some());
        let place = if counted { &mut self.behind } else { &mut self.job };
        let job = place.get_or_insert_with(|| Job { line: number, ..Job::default() });
        job.first = job.first.or(stamp);
        job.last = stamp.or(job.last);
        job.hash.update(text);
        job
    }

    fn json(&mut self, number: u64, value: &Value) {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let stamp = text("time").and_then(|t| model::time::instant(t, None).ok()).map(Stamp::At);
        let level = text("level").unwrap_or_default().to_ascii_uppercase();
        let message = text("msg").unwrap_or_default().trim_end();
        // Other programs log JSON too; only rclone names its source files, or its objects, so.
        self.ours |= text("source").is_some_and(|s| s.contains(".go:"));
        match value.get("stats") {
            Some(stats) => {
                let number_of = |key: &str| stats.get(key).and_then(Value::as_f64);
                let elapsed = number_of("elapsedTime").and_then(seconds);
                self.counted(number, stamp, elapsed, number_of("errors") == Some(0.0));
                let copies = number_of("totalTransfers").is_some_and(|n| n > 0.0);
                self.job.iter_mut().for_each(|j| j.copies |= copies);
            }
            None => self.message(number, &level, text("object"), message, stamp),
        }
    }

    /// A line of statistics in text.
    fn statistics(&mut self, number: u64, line: &str) {
        let text = line.trim_start();
        if text.starts_with("Transferred:") && self.stats.is_none() {
            // `--progress` prints statistics on standard output, without a stamp.
            self.stats = Some((None, true));
        }
        // `Transferred:   5 / 5, 100%` counts files, and stands there only where there were some.
        let files = text.strip_prefix("Transferred:").and_then(|t| t.split_once('/')).is_some_and(|(n, _)| {
            let n = n.trim();
            !n.is_empty() && n != "0" && n.bytes().all(|b| b.is_ascii_digit())
        });
        if files {
            self.touch(number, None, "").copies = true;
        }
        if let (Some((_, clean)), Some(errors)) = (&mut self.stats, text.strip_prefix("Errors:")) {
            *clean &= errors.split_whitespace().next() == Some("0");
        } else if let (Some((stamp, clean)), Some(elapsed)) = (self.stats, text.strip_prefix("Elapsed time:")) {
            self.stats = None;
            let elapsed = elapsed.split("Transferred").next().and_then(go_duration);
            self.counted(number, stamp, elapsed, clean);
        } else if self.stats.is_none() {
            self.message(number, "", None, text, None);
        }
    }

    /// Statistics are whole.
    fn counted(&mut self, number: u64, stamp: Option<Stamp>, elapsed: Option<Duration>, clean: bool) {
        let start = stamp.zip(elapsed).and_then(|(stamp, elapsed)| stamp.minus(elapsed));
        let known = self.job.as_ref().and_then(|j| j.start);
        // Stamps of text are whole seconds, elapsed times tenths.
        let same = known.zip(start).is_none_or(|(a, b)| a.apart(b).is_some_and(|d| d <= Duration::milliseconds(1_200)));
        if self.single || same {
            self.settle();
        } else if let Some(job) = self.job.take() {
            // They count from another start: lines behind the last ones were this run's.
            self.jobs.push(job);
            self.job = self.behind.take();
        }
        let job = self.job.get_or_insert_with(|| Job { line: number, ..Job::default() });
        job.first = job.first.or(stamp);
        job.last = stamp.or(job.last);
        job.start = job.start.or(start);
        job.clean_stats = clean;
        job.past_stats = false;
        self.ours = true;
    }

    fn message(&mut self, number: u64, level: &str, object: Option<&str>, text: &str, stamp: Option<Stamp>) {
        if text.is_empty() {
            return;
        }
        if let Some(found) = CRYPT.as_ref().and_then(|r| r.captures(object.unwrap_or(text))) {
            self.crypts.extend(found.get(1).map(|m| m.as_str().to_owned()));
        }
        if let Some((_, list)) = text.split_once("starting with parameters [") {
            self.next(number);
            self.ours = true;
            let job = self.touch(number, stamp, text);
            job.command = parameters(list).and_then(|words| Command::read(words.get(1..)?));
            job.action = job.command.as_ref().map(|c| c.action);
            return;
        }
        let said = level != "ERROR" && object.is_none();
        let failed = said
            && (fails(text)
                || text.starts_with("Fatal error: ")
                || text.starts_with("Error: unknown ")
                || text.starts_with("Command ") && text.contains(" needs ") && text.contains(" arguments"));
        let ended = failed.then(|| text.split_whitespace().nth(2)).flatten();
        let job = self.touch(number, stamp, text);
        if failed {
            job.said.fail(text);
            if job.action.is_none() {
                let verb = ended.map(|v| v.trim_end_matches(':'));
                job.action =
                    verb.and_then(|v| Command::read(&[v.to_owned(), String::new(), String::new()])).map(|c| c.action);
            }
            let known = job.action.is_some();
            self.ours |= known;
            // Nothing comes after it.
            if !self.single {
                self.settle();
                self.jobs.extend(self.job.take());
            }
            return;
        }
        match level {
            "ERROR" | "CRITICAL" | "ALERT" | "EMERGENCY" => {
                let whole = object.map_or_else(|| text.to_owned(), |object| format!("{object}: {text}"));
                job.error =
                    if text.starts_with("Attempt ") && text.ends_with(" succeeded") { None } else { Some(whole) };
            }
            _ if text.contains("as --dry-run is set") || text.contains("as --interactive") => job.dry_run = true,
            _ if text.ends_with("There was nothing to transfer") => {
                job.nothing_to_transfer = true;
                job.copies = true;
            }
            _ if text.starts_with("Copied (")
                || text.contains(": Copied (")
                || text.contains("Moved (server-side)") =>
            {
                job.copies = true;
                self.ours = true;
            }
            _ if text.ends_with(" hashes could not be checked") => job.said.warn(text),
            "DEBUG" if text.ends_with(" go routines active") => job.past_stats = true,
            _ if text.starts_with("Signal received: ") => job.said.signal(text),
            _ if text.contains("Can't follow symlink") || text.contains("Can't transfer non file") => {
                job.skipped.get_or_insert_with(|| {
                    object.map_or_else(|| text.to_owned(), |object| format!("{object}: {text}"))
                });
            }
            _ => self.differences(text),
        }
    }

    /// The result of a check.
    fn differences(&mut self, text: &str) {
        let Some(found) = COUNT.as_ref().and_then(|r| r.captures(text)) else {
            return;
        };
        self.ours = true;
        let count = found.get(1).and_then(|m| m.as_str().parse().ok());
        let job = match (&mut self.behind, &mut self.job) {
            (Some(job), _) | (None, Some(job)) => job,
            (None, None) => return,
        };
        job.action = job.action.or(Some(Action::Check));
        job.differences = count;
        if count == Some(0) {
            job.said.end(text);
        }
    }
}

/// True for the last words of a command that failed; it says so of lesser things as well (`Failed to find user cache dir`).
fn fails(text: &str) -> bool {
    const WHAT: &[&str] =
        &["create file system for ", "load config", "configure token", "parse config", "parse command", "decrypt"];
    text.strip_prefix("Failed to ").is_some_and(|rest| {
        let verb = rest.split([' ', ':']).next().unwrap_or_default();
        WHAT.iter().any(|what| rest.starts_with(what)) || is_verb(verb)
    })
}

fn local(text: &str) -> Option<Stamp> {
    model::time::local_time(text).map(Stamp::Local)
}

fn seconds(value: f64) -> Option<Duration> {
    (0.0..1e9).contains(&value).then(|| Duration::try_milliseconds((value * 1000.0) as i64)).flatten()
}

/// A duration as Go prints it: `1h2m3.4s`, `1d3h0m5.0s`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let value: f64 = rest.get(..digits)?.parse().ok()?;
        let unit_end = rest.get(digits..)?.find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |n| n + digits);
        total += value
            * match rest.get(digits..unit_end)? {
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3_600.0,
                "d" => 86_400.0,
                "w" => 604_800.0,
                "ms" => 0.001,
                _ => return None,
            };
        rest = rest.get(unit_end..)?;
    }
    seconds(total)
}

/// Words of `["rclone" "sync" "a b"]`, quoted as Go does.
fn parameters(list: &str) -> Option<Vec<String>> {
    let list = list.trim_end().strip_suffix(']')?;
    let mut out = Vec::new();
    let mut chars = list.chars();
    while let Some(c) = chars.next() {
        if c != '"' {
            continue;
        }
        let mut word = String::new();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => word.push(chars.next()?),
                c => word.push(c),
            }
        }
        out.push(word);
    }
    Some(out)
}
