//! Lines that Barman prints while it works: on the console and, with stamp and process id, in
//! `barman.log` (3.4; texts as in `barman/backup.py`, `backup_executor.py`, `recovery_executor.py`).
//!
//! A log line is `2026-10-14 01:00:23,380 [529] barman.backup INFO: text`, in local time without a
//! zone; processes write between each other's lines, so each process id has its own state.

use std::collections::BTreeMap;
use std::io;
use std::sync::LazyLock;

use chrono::{Duration, NaiveDateTime};
use model::time::{Instant, Tz, WallClock, instant, local_time};
use regex::Regex;

use crate::lines::{Line, Lines};
use crate::{Document, Sink, problem};

static LOG_LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) \[(\d+)\] (?:[\w.]+ )?(DEBUG|INFO|WARNING|ERROR|CRITICAL|EXCEPTION): (.*)$").ok()
});
static SERVER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:for|from|of) server '?([^' ,:]+)'?").ok());
static COMPLETED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"completed \(start time: ([^,]+), elapsed time: ([^)]+)\)").ok());

/// What an attempt was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `backup`
    Backup,
    /// `recover`, `restore`
    Restore,
    /// `verify-backup`
    Verify,
    /// `check`
    Check,
}

/// One attempt, as the lines of one console or process tell it.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What for.
    pub kind: Kind,
    /// Server.
    pub server: Option<String>,
    /// Backup id: made, restored or verified.
    pub id: Option<String>,
    /// Where it stands.
    pub document: Document,
    /// Pointer into it.
    pub pointer: String,
    /// First line, as printed.
    pub began_local: Option<NaiveDateTime>,
    /// First line (UTC).
    pub began: Option<Instant>,
    /// End of the copy (UTC).
    pub copied: Option<Instant>,
    /// End (UTC).
    pub ended: Option<Instant>,
    /// The line that says it succeeded.
    pub done: Option<String>,
    /// Error lines, details appended.
    pub errors: Vec<String>,
    /// `Backup size: 74.6 MiB`.
    pub size_text: Option<String>,
    /// True where `barman check` printed a line that is not OK, with that line in `errors`.
    pub check_failed: bool,
    /// Number of lines of a check that are OK.
    pub check_passed: usize,
    /// Run record, an index into the batch's records.
    pub record: Option<usize>,
}

impl Attempt {
    /// An attempt of which only the kind and place are known.
    pub fn new(kind: Kind, document: &Document, pointer: String) -> Self {
        Self {
            kind,
            server: None,
            id: None,
            document: document.clone(),
            pointer,
            began_local: None,
            began: None,
            copied: None,
            ended: None,
            done: None,
            errors: Vec::new(),
            size_text: None,
            check_failed: false,
            check_passed: 0,
            record: None,
        }
    }
}

/// A deletion that was carried out.
#[derive(Debug, Clone)]
pub struct Deletion {
    /// Server.
    pub server: String,
    /// Backup id.
    pub id: String,
    /// End of the deletion (UTC).
    pub at: Option<Instant>,
    /// True where the retention policy asked for it; else somebody did.
    pub by_policy: bool,
    /// Where it stands.
    pub document: Document,
    /// Pointer into it.
    pub pointer: String,
}

/// What lines told.
#[derive(Debug, Default)]
pub struct Told {
    /// Attempts in the order they began.
    pub attempts: Vec<Attempt>,
    /// Deletions.
    pub deletions: Vec<Deletion>,
}

/// State of one process or console.
#[derive(Debug, Default)]
pub struct Stream {
    server: Option<String>,
    /// Attempt that lines go to.
    pub current: Option<usize>,
    by_policy: Option<String>,
    /// Checks that failed before a backup was refused: they are the cause.
    checks: Vec<String>,
}

/// One line on its way.
pub struct Event<'a> {
    /// Where it stands.
    pub document: &'a Document,
    /// Pointer.
    pub pointer: String,
    /// Level word.
    pub level: &'a str,
    /// Text after it.
    pub text: &'a str,
    /// Stamp as printed and as placed.
    pub stamp: Option<(NaiveDateTime, Option<Instant>)>,
    /// Zone of local times inside the text.
    pub zone: Option<Tz>,
}

/// A backup id: local time to the second.
pub fn is_id(text: &str) -> bool {
    text.len() == 15 && text.bytes().enumerate().all(|(n, b)| if n == 8 { b == b'T' } else { b.is_ascii_digit() })
}

/// Reads one line into what is told.
pub fn take(told: &mut Told, stream: &mut Stream, event: &Event<'_>) {
    let text = event.text.trim();
    if let Some(server) = SERVER.as_ref().and_then(|r| r.captures(text)).and_then(|c| c.get(1)) {
        stream.server = Some(server.as_str().to_owned());
    }
    let placed = event.stamp.and_then(|(_, at)| at);
    if matches!(event.level, "ERROR" | "CRITICAL" | "EXCEPTION") {
        return error(told, stream, event, text);
    }
    if text.starts_with("Starting backup using ") {
        let id = text.rsplit(['/', ' ']).find(|w| is_id(w)).map(str::to_owned);
        begin(told, stream, event, Kind::Backup, id);
    } else if text.starts_with("Starting ") && text.contains(" restore for server ") {
        // Newer versions may put a name beside the id.
        let id = text.rsplit(|c: char| !c.is_ascii_alphanumeric()).find(|w| is_id(w)).map(str::to_owned);
        begin(told, stream, event, Kind::Restore, id);
    } else if let Some(rest) = text.strip_prefix("Enforcing retention policy: removing backup ") {
        stream.by_policy = rest.split(' ').next().map(str::to_owned);
    } else if let Some(rest) = text.strip_prefix("Deleted backup ") {
        let id = rest.split(' ').next().unwrap_or_default();
        if let Some(server) = stream.server.clone().filter(|_| is_id(id)) {
            told.deletions.push(Deletion {
                server,
                id: id.to_owned(),
                at: placed.or_else(|| span(text, event.zone).map(|(_, end)| end)),
                by_policy: stream.by_policy.as_deref() == Some(id),
                document: event.document.clone(),
                pointer: event.pointer.clone(),
            });
        }
    } else if let Some(attempt) = stream.current.and_then(|at| told.attempts.get_mut(at)) {
        progress(attempt, event, text, placed);
    }
}

fn begin(told: &mut Told, stream: &mut Stream, event: &Event<'_>, kind: Kind, id: Option<String>) {
    // The attempt of a run record waits for its first line; another start is another attempt.
    let waiting = stream.current.filter(|at| {
        told.attempts
            .get(*at)
            .is_some_and(|a| a.kind == kind && a.began_local.is_none() && (a.id.is_none() || a.id == id))
    });
    let at = waiting.unwrap_or_else(|| {
        let record = stream.current.and_then(|at| told.attempts.get(at)?.record);
        let mut attempt = Attempt::new(kind, event.document, event.pointer.clone());
        attempt.record = record;
        told.attempts.push(attempt);
        told.attempts.len() - 1
    });
    stream.current = Some(at);
    let Some(attempt) = told.attempts.get_mut(at) else { return };
    attempt.document = event.document.clone();
    attempt.pointer.clone_from(&event.pointer);
    attempt.server = stream.server.clone();
    attempt.id = id;
    attempt.began_local = event.stamp.map(|(local, _)| local);
    if attempt.kind == Kind::Backup && attempt.began_local.is_none() {
        // A console has no stamps; the id is the local time of the start.
        attempt.began_local = attempt.id.as_deref().and_then(id_time);
    }
    attempt.began = match event.stamp {
        Some((_, at)) => at,
        None => attempt.began_local.and_then(|local| WallClock::new(event.zone).place(local).ok()),
    };
}

/// The local time that an id is.
pub fn id_time(id: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(id, "%Y%m%dT%H%M%S").ok()
}

fn progress(attempt: &mut Attempt, event: &Event<'_>, text: &str, placed: Option<Instant>) {
    let ends_copy = ["Copy done", "Finalising the backup", "Asking PostgreSQL server to finalize"];
    match attempt.kind {
        Kind::Backup if ends_copy.iter().any(|t| text.starts_with(t)) => attempt.copied = placed,
        Kind::Backup if text.starts_with("Backup size: ") => attempt.size_text = Some(text.to_owned()),
        Kind::Backup if text.starts_with("Backup completed (") => {
            attempt.done = Some(text.to_owned());
            attempt.ended = placed.or_else(|| span(text, event.zone).map(|(_, end)| end));
        }
        Kind::Restore if COMPLETED.as_ref().is_some_and(|r| r.is_match(text)) => {
            attempt.done = Some(text.to_owned());
            if let Some((start, end)) = span(text, event.zone) {
                attempt.began = attempt.began.or(Some(start));
                attempt.ended = placed.or(Some(end));
            }
        }
        Kind::Verify if text.contains("successfully verified") => attempt.done = Some(text.to_owned()),
        _ => {}
    }
}

fn error(told: &mut Told, stream: &mut Stream, event: &Event<'_>, text: &str) {
    const CHECKS: usize = 40;
    if event.stamp.is_some() && text.starts_with("Check '") && stream.checks.len() < CHECKS {
        stream.checks.push(text.to_owned());
    }
    let refused = text.starts_with("Impossible to start the backup") || text.starts_with("Another backup process");
    let open = stream.current.and_then(|at| told.attempts.get_mut(at)).filter(|a| a.done.is_none());
    if let Some(attempt) = open {
        attempt.errors.push(text.to_owned());
        attempt.ended = event.stamp.and_then(|(_, at)| at).or(attempt.ended);
    } else if refused && event.stamp.is_some() {
        let mut attempt = Attempt::new(Kind::Backup, event.document, event.pointer.clone());
        // `… or run 'barman check sales'`
        let named = text.split("'barman check ").nth(1).and_then(|t| t.split('\'').next()).map(str::to_owned);
        attempt.server = named.or_else(|| stream.server.clone());
        attempt.began_local = event.stamp.map(|(local, _)| local);
        attempt.began = event.stamp.and_then(|(_, at)| at);
        attempt.ended = attempt.began;
        attempt.errors.push(text.to_owned());
        attempt.errors.append(&mut stream.checks);
        told.attempts.push(attempt);
    }
}

/// Appends a line that goes on from an error.
pub fn detail(told: &mut Told, stream: &Stream, text: &str) {
    const LONGEST: usize = 2_000;
    let attempt = stream.current.and_then(|at| told.attempts.get_mut(at)).filter(|a| a.done.is_none());
    if let Some(error) = attempt.and_then(|a| a.errors.last_mut())
        && error.len() < LONGEST
    {
        error.push_str("; ");
        error.push_str(text.trim());
    }
}

/// Start and end of `… completed (start time: 2026-11-22 21:32:36.889981+00:00, elapsed time: 2 seconds)`.
fn span(text: &str, zone: Option<Tz>) -> Option<(Instant, Instant)> {
    let found = match COMPLETED.as_ref()?.captures(text) {
        Some(found) => found,
        None => return deleted_span(text, zone),
    };
    let start = instant(found.get(1)?.as_str(), zone).ok()?;
    Some((start, start + elapsed(found.get(2)?.as_str())?))
}

/// `Deleted backup … (start time: Sun Nov 22 21:32:42 2026, elapsed time: 4 seconds)`.
fn deleted_span(text: &str, zone: Option<Tz>) -> Option<(Instant, Instant)> {
    let (start, rest) = text.split_once("(start time: ")?.1.split_once(", elapsed time: ")?;
    let start = ctime(start, zone)?;
    Some((start, start + elapsed(rest.trim_end_matches(')'))?))
}

/// A time as C's `ctime` prints it, local to the server.
pub fn ctime(text: &str, zone: Option<Tz>) -> Option<Instant> {
    let local = NaiveDateTime::parse_from_str(text.trim(), "%a %b %e %H:%M:%S %Y").ok()?;
    WallClock::new(zone).place(local).ok()
}

/// `1 hour, 2 minutes, 3 seconds`, `less than one second`.
pub fn elapsed(text: &str) -> Option<Duration> {
    if text.trim() == "less than one second" {
        return Some(Duration::zero());
    }
    let mut seconds = 0_i64;
    for part in text.split(", ") {
        let (number, unit) = part.trim().split_once(' ')?;
        let size = match unit.trim_end_matches('s') {
            "second" => 1,
            "minute" => 60,
            "hour" => 3_600,
            "day" => 86_400,
            "week" => 604_800,
            _ => return None,
        };
        seconds = number.parse::<i64>().ok()?.checked_mul(size)?.checked_add(seconds)?;
    }
    Duration::try_seconds(seconds)
}

/// True where the first lines hold one of Barman's log.
pub fn is_log(head: &str) -> bool {
    head.lines().any(|l| l.contains("] barman.") && LOG_LINE.as_ref().is_some_and(|r| r.is_match(l)))
}

/// Reads `barman.log`.
///
/// # Errors
/// Those of reading the document.
pub fn read_log(document: &Document, zone: Option<Tz>, told: &mut Told, sink: &mut dyn Sink) -> io::Result<()> {
    /// Processes kept in mind; finished ones beyond are forgotten, so that memory stays bounded.
    const PROCESSES: usize = 4_096;
    let mut lines = Lines::new(document.open()?);
    let mut clock = WallClock::new(zone);
    let mut streams: BTreeMap<String, Stream> = BTreeMap::new();
    let mut last = String::new();
    while let Some((number, line)) = lines.next()? {
        let Line::Text(bytes) = line else {
            let place = Some(format!("line {number}"));
            sink.problem(problem(document, place, "a line of more than 4 MiB was not read"));
            continue;
        };
        let line = String::from_utf8_lossy(bytes);
        let Some(found) = LOG_LINE.as_ref().and_then(|r| r.captures(&line)) else {
            if let Some(stream) = streams.get(&last) {
                detail(told, stream, &line);
            }
            continue;
        };
        let part = |at: usize| found.get(at).map_or("", |m| m.as_str());
        let local = local_time(&format!("{}.{}", part(1), part(2)));
        part(3).clone_into(&mut last);
        if streams.len() > PROCESSES {
            streams.retain(|_, s| {
                s.current.and_then(|at| told.attempts.get(at)).is_some_and(|a| a.done.is_none() && a.errors.is_empty())
            });
        }
        let stream = streams.entry(last.clone()).or_default();
        let event = Event {
            document,
            pointer: format!("line:{number}"),
            level: part(4),
            text: part(5),
            stamp: local.map(|l| (l, clock.place(l).ok())),
            zone,
        };
        take(told, stream, &event);
    }
    Ok(())
}

/// Reads console text into a stream; levels stand in front of warnings and errors only.
pub fn read_console(document: &Document, text: &str, zone: Option<Tz>, told: &mut Told, stream: &mut Stream) {
    let mut after_error = false;
    for (number, line) in text.lines().enumerate() {
        let levels = ["ERROR", "WARNING", "CRITICAL", "EXCEPTION"];
        let found = line.split_once(": ").filter(|(level, _)| levels.contains(level));
        if found.is_none() && after_error && !line.trim().is_empty() {
            detail(told, stream, line);
            continue;
        }
        let (level, message) = found.unwrap_or(("INFO", line));
        after_error = matches!(level, "ERROR" | "CRITICAL" | "EXCEPTION");
        let pointer = format!("line:{}", number + 1);
        take(told, stream, &Event { document, pointer, level, text: message, stamp: None, zone });
    }
}
