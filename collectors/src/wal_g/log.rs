//! Messages of WAL-G: `INFO: 2026/11/20 02:00:01.123456 text`, in local time without a zone (`tracelog`).
//!
//! With a run record all messages of a document are one command's. A log of many runs is cut by what the messages say;
//! errors in it belong to the run that they interrupt. What is no message is output (JSON, a table) that the same file
//! caught, or goes on with the message before.

use std::io;
use std::sync::LazyLock;

use model::time::{Instant, WallClock};
use regex::Regex;

use super::{Found, Source, json, table};
use crate::lines::{Line, Lines};
use crate::wal::attempt::{Action, Attempt};
use crate::wal::segment::archive_file;
use crate::wal::sentinel::base_name;
use crate::{Document, READ_LIMIT, Sink, problem};

static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s\]:])(INFO|WARNING|ERROR|DEBUG): (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)?) ?(.*)$").ok()
});

/// True where the first bytes hold a message.
pub(super) fn is_log(head: &str) -> bool {
    head.lines().any(|l| LINE.as_ref().is_some_and(|r| r.is_match(l)))
}

/// What a message says.
#[derive(Debug, PartialEq, Eq)]
enum Event<'t> {
    /// A base backup is about to begin; told before the server is asked, in several lines.
    Prepare,
    /// A base backup begins.
    Begin,
    /// It is an increment, or a whole copy.
    Increment(bool),
    /// Its name.
    Named(&'t str),
    /// It is finished.
    Done(&'t str),
    /// Damaged pages were copied.
    Damage,
    /// A restore begins, of the backup of this name where it is told.
    Fetch(Option<&'t str>),
    /// The backup that is restored, or that an increment rests on.
    Latest(&'t str),
    /// A restore is finished.
    Fetched,
    /// A file of the archive was sent: told before the error, where there is one.
    Sent(&'t str),
    Other,
}

fn event(text: &str) -> Event<'_> {
    let text = text.trim();
    let word = |rest: &'static str| text.strip_prefix(rest).and_then(|r| r.split_whitespace().next());
    if let Some(name) = word("Wrote backup with name ") {
        return Event::Done(name);
    }
    if let Some(name) = word("Started backup with name ") {
        return Event::Named(name);
    }
    if let Some(name) = text.strip_prefix("LATEST backup is: ") {
        return Event::Latest(name.trim_matches('\''));
    }
    if let Some(path) = text.strip_prefix("FILE PATH: ") {
        return Event::Sent(path.rsplit('/').next().unwrap_or(path));
    }
    if text.starts_with("Delta backup from ") || text == "Delta backup enabled" {
        return Event::Increment(true);
    }
    if text.contains("Doing full backup") || text.starts_with("LATEST backup was made without support for delta") {
        return Event::Increment(false);
    }
    if text.contains("as the base for the current delta backup")
        || text.starts_with("Backup will be pushed to storage")
        || text.starts_with("Running remote backup")
    {
        return Event::Prepare;
    }
    if text == "Calling pg_start_backup()" || text == "Starting remote backup" {
        return Event::Begin;
    }
    if text.starts_with("Corruption found in ") {
        return Event::Damage;
    }
    if text.contains("Backup extraction complete") {
        return Event::Fetched;
    }
    if let Some(rest) = text.strip_prefix("Selecting the backup with name ") {
        return Event::Fetch(Some(rest.trim_end_matches('.')));
    }
    if text == "Selecting the latest backup..."
        || text.starts_with("Selecting the backup with the specified user data")
        || text.starts_with("Backup to fetch will be searched")
    {
        return Event::Fetch(None);
    }
    Event::Other
}

/// A log on the way: what the message before belongs to.
struct Cutter<'f, 'a> {
    found: &'f mut Found<'a>,
    document: Document,
    /// Fixed where a record tells whose messages these are.
    fixed: Option<usize>,
    /// Base backup or restore under way, and whether the server was asked already.
    current: Option<(usize, bool)>,
    /// A file that was sent, until the next message shows that no error followed.
    sent: Option<usize>,
    /// Errors that belong to nothing so far.
    loose: Vec<(u64, Option<Instant>, String)>,
    /// The last message was an error of this attempt, or the last loose one.
    error: Option<Option<usize>>,
    last: Option<Instant>,
    placeless: bool,
}

/// Reads messages, and the output between them.
pub(super) fn read(found: &mut Found<'_>, source: Source<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let zone = found.record(source).and_then(|r| r.timezone).or(found.zone);
    let mut clock = WallClock::new(zone);
    if let Some(start) = found.record(source).and_then(|r| r.started_at) {
        clock.not_before(start);
    }
    let fixed = found.told.attempt_of(source.record, source.document);
    let before = found.told.attempts.len();
    let mut cutter = Cutter {
        document: source.document.clone(),
        fixed,
        current: None,
        sent: None,
        loose: Vec::new(),
        error: None,
        last: None,
        placeless: false,
        found,
    };
    let mut output: Option<(u64, String)> = None;
    let mut lines = Lines::new(source.document.open()?);
    let mut ended = true;
    while let Some((number, line)) = lines.next()? {
        let Line::Text(bytes) = line else {
            let message = "a line of more than 4 MiB was not read";
            sink.problem(problem(source.document, Some(format!("line:{number}")), message));
            continue;
        };
        let text = String::from_utf8_lossy(bytes);
        if let Some(caught) = LINE.as_ref().and_then(|r| r.captures(&text)) {
            let part = |n: usize| caught.get(n).map_or("", |m| m.as_str());
            let local = chrono::NaiveDateTime::parse_from_str(part(2), "%Y/%m/%d %H:%M:%S%.f").ok();
            let at = local.and_then(|local| clock.place(local).ok());
            cutter.message(number, part(1), at, part(3));
            ended = true;
            continue;
        }
        match &mut output {
            Some((_, kept)) if kept.len() as u64 <= READ_LIMIT => {
                kept.push_str(&text);
                kept.push('\n');
            }
            None if text.starts_with(['[', '{']) || table::begins(&text) => {
                output = Some((number, format!("{text}\n")))
            }
            _ => cutter.rest(&text),
        }
        ended = lines.ended_by_newline();
    }
    cutter.end(before, sink);
    if let Some((number, mut text)) = output {
        if !ended {
            // So that a table shows that it may have been cut.
            text.truncate(text.trim_end_matches('\n').len());
        }
        match text.starts_with("[wal-verify]") || !text.starts_with(['[', '{']) {
            true => table::read(found, source, &text, number, sink),
            false => json::read(found, source, &text, Some(number), sink),
        }
    }
    Ok(())
}

impl Cutter<'_, '_> {
    fn attempt(&mut self, at: usize) -> Option<&mut Attempt> {
        self.found.told.attempts.get_mut(at)
    }

    fn begin(&mut self, action: Action, number: u64, at: Option<Instant>) -> usize {
        let mut attempt = Attempt::new(action, &self.document, format!("line:{number}"));
        attempt.stamp(at);
        self.found.told.push(attempt)
    }

    /// The base backup under way; a new one where there is none, or where this message can't be its.
    fn push(&mut self, number: u64, at: Option<Instant>, begins: bool, prepares: bool) -> usize {
        if let Some(fixed) = self.fixed {
            return fixed;
        }
        if let Some((current, asked)) = self.current {
            let own = self.attempt(current).is_some_and(|a| {
                a.action == Action::Push && a.errors.is_empty() && a.done.is_none() && !(asked && (begins || prepares))
            });
            if own {
                self.current = Some((current, asked || begins));
                return current;
            }
            self.supersede();
        }
        let new = self.begin(Action::Push, number, at);
        self.current = Some((new, begins));
        new
    }

    fn supersede(&mut self) {
        if let Some((current, _)) = self.current.take()
            && let Some(attempt) = self.attempt(current)
        {
            attempt.superseded = true;
        }
    }

    fn message(&mut self, number: u64, level: &str, at: Option<Instant>, text: &str) {
        self.placeless |= at.is_none();
        self.last = at.or(self.last);
        if level == "ERROR" {
            return self.fault(number, at, text);
        }
        self.error = None;
        self.settle_sent();
        if level == "DEBUG" {
            return;
        }
        if let Some(attempt) = self.fixed.and_then(|f| self.attempt(f)) {
            attempt.stamp(at);
        }
        match event(text) {
            Event::Prepare => _ = self.push(number, at, false, true),
            Event::Begin => _ = self.push(number, at, true, false),
            Event::Increment(whether) => {
                let prepares = !whether || text.starts_with("Delta backup from");
                let current = self.push(number, at, false, prepares);
                self.change(current, |a| a.increment = Some(whether));
            }
            Event::Named(name) => {
                let current = self.push(number, at, false, false);
                let name = name.to_owned();
                self.change(current, |a| a.base = Some(name));
            }
            Event::Done(name) => {
                let current = self.push(number, at, false, false);
                let (name, said) = (name.to_owned(), text.trim().to_owned());
                self.change(current, |a| {
                    a.increment = Some(name.contains("_D_"));
                    a.base = Some(name);
                    a.done = Some(said);
                    a.stamp(at);
                });
                self.current = None;
            }
            Event::Damage => {
                let current = self.push(number, at, false, false);
                let said = text.trim().to_owned();
                self.change(current, |a| a.damage.push(said));
            }
            Event::Fetch(name) => {
                let current = self.fetch(number, at);
                let name = name.filter(|n| base_name(n).is_some()).map(str::to_owned);
                self.change(current, |a| a.base = name.or(a.base.take()));
            }
            Event::Latest(name) => {
                // An increment names the backup it rests on in the same words.
                let current = self.fixed.or(self.current.map(|(c, _)| c));
                if let Some(current) = current {
                    let name = name.to_owned();
                    self.change(current, |a| {
                        if a.action == Action::Fetch {
                            a.base = Some(name);
                        }
                    });
                }
            }
            Event::Fetched => self.fetched(text, at),
            Event::Sent(file) if archive_file(file).is_some() => {
                let file = plain_name(file);
                match self
                    .fixed
                    .filter(|f| self.found.told.attempts.get(*f).is_some_and(|a| a.action == Action::WalPush))
                {
                    Some(fixed) => self.change(fixed, |a| a.file = a.file.take().or(Some(file))),
                    None if self.fixed.is_none() => {
                        let new = self.begin(Action::WalPush, number, at);
                        self.change(new, |a| a.file = Some(file));
                        self.sent = Some(new);
                    }
                    None => {}
                }
            }
            Event::Sent(_) | Event::Other => {
                if let Some((current, _)) = self.current {
                    self.change(current, |a| a.stamp(at));
                }
            }
        }
    }

    fn change(&mut self, at: usize, change: impl FnOnce(&mut Attempt)) {
        if let Some(attempt) = self.attempt(at) {
            change(attempt);
        }
    }

    fn fetch(&mut self, number: u64, at: Option<Instant>) -> usize {
        if let Some(fixed) = self.fixed {
            return fixed;
        }
        if let Some((current, _)) = self.current
            && self.attempt(current).is_some_and(|a| a.action == Action::Fetch && a.errors.is_empty())
        {
            return current;
        }
        self.supersede();
        let new = self.begin(Action::Fetch, number, at);
        self.current = Some((new, false));
        new
    }

    fn fetched(&mut self, text: &str, at: Option<Instant>) {
        let said = text.trim().to_owned();
        if let Some(current) = self.fixed.or(self.current.map(|(c, _)| c)) {
            self.change(current, |a| {
                if a.action == Action::Fetch {
                    a.done = Some(said);
                    a.stamp(at);
                }
            });
            self.current = None;
        }
    }

    /// No error followed: the file that was sent is there.
    fn settle_sent(&mut self) {
        if let Some(sent) = self.sent.take() {
            self.change(sent, |a| a.done = a.file.as_ref().map(|f| format!("FILE PATH: {f}")));
        }
    }

    fn fault(&mut self, number: u64, at: Option<Instant>, text: &str) {
        let text = text.trim().to_owned();
        let file = text.split(['\'', '"', ' ']).find_map(|w| {
            let name = w.rsplit('/').next().unwrap_or(w);
            archive_file(name).map(|_| plain_name(name))
        });
        let sent = self.sent.take();
        let target = match (self.fixed, sent, file) {
            (Some(fixed), ..) => Some(fixed),
            (None, Some(sent), file) => {
                let of = |a: &Attempt| file.is_none() || a.file == file;
                match self.attempt(sent).is_some_and(|a| of(a)) {
                    true => Some(sent),
                    false => Some(self.failed_file(number, at, file)),
                }
            }
            (None, None, Some(file)) => Some(self.failed_file(number, at, Some(file))),
            (None, None, None) => {
                // A run ends with its error: a later one is another's.
                let over = |a: &Attempt| {
                    !a.errors.is_empty() && at.zip(a.last).is_some_and(|(at, last)| (at - last).num_seconds() > 60)
                };
                if let Some((current, _)) = self.current
                    && self.attempt(current).is_some_and(|a| over(a))
                {
                    self.current = None;
                }
                self.current.map(|(c, _)| c)
            }
        };
        match target {
            Some(target) => self.change(target, |a| {
                a.errors.push(text);
                a.stamp(at);
            }),
            None => self.loose.push((number, at, text)),
        }
        self.error = Some(target);
    }

    fn failed_file(&mut self, number: u64, at: Option<Instant>, file: Option<String>) -> usize {
        let new = self.begin(Action::WalPush, number, at);
        self.change(new, |a| a.file = file);
        new
    }

    /// A line without a prefix.
    fn rest(&mut self, text: &str) {
        if text.contains("Backup extraction complete") {
            // Its message begins with an empty line.
            return self.fetched(text, self.last);
        }
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        match self.error {
            Some(Some(at)) => self.change(at, |a| {
                if let Some(error) = a.errors.last_mut().filter(|e| e.len() < 2000) {
                    error.push_str("; ");
                    error.push_str(text);
                }
            }),
            Some(None) => {
                if let Some((.., error)) = self.loose.last_mut().filter(|(.., e)| e.len() < 2000) {
                    error.push_str("; ");
                    error.push_str(text);
                }
            }
            None => {}
        }
    }

    /// Errors that interrupted nothing: runs that failed before they said what they were. Where all other runs of the log
    /// are of one kind they were of that kind; else nobody can tell.
    fn end(mut self, before: usize, sink: &mut dyn Sink) {
        let mut kinds: Vec<Action> = self.found.told.attempts.iter().skip(before).map(|a| a.action).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let errors = std::mem::take(&mut self.loose);
        let Some((number, ..)) = errors.first() else { return };
        let [kind @ (Action::Push | Action::Fetch)] = kinds[..] else {
            if self.fixed.is_none() {
                let message = "an error, and nothing tells which command failed; keep a run record beside it";
                sink.problem(problem(&self.document, Some(format!("line:{number}")), message));
            }
            return;
        };
        let mut last: Option<(usize, u64, Option<Instant>)> = None;
        for (number, at, text) in errors {
            // Several errors of one run follow one another.
            let same = last.filter(|(_, n, then)| {
                *n + 1 >= number && at.zip(*then).is_none_or(|(at, then)| (at - then).num_seconds() < 60)
            });
            let index = same.map_or_else(|| self.begin(kind, number, at), |(index, ..)| index);
            self.change(index, |a| {
                a.errors.push(text);
                a.stamp(at);
            });
            last = Some((index, number, at));
        }
    }
}

/// A file of the archive without the tool's endings: `00000001000000000000000A`, `00000002.history`.
fn plain_name(file: &str) -> String {
    let mut stem = file;
    while let Some((rest, _)) = stem.rsplit_once('.')
        && archive_file(rest).is_some_and(|(kind, _)| archive_file(file).is_some_and(|(k, _)| k == kind))
    {
        stem = rest;
    }
    stem.to_owned()
}
