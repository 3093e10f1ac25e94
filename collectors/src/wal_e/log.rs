//! Blocks of messages, and the processes that wrote them.
//!
//! In syslog a block stands on one line with its line ends written as `#012` (rsyslog) or as lines of their own.

use std::collections::BTreeMap;
use std::io;

use model::time::{Instant, instant};

use crate::lines::{Line, Lines};
use crate::wal::attempt::{Action, Attempt, place_of};
use crate::wal::segment::archive_file;
use crate::wal::sentinel::base_name;
use crate::wal::told::Told;
use crate::{Document, Sink, problem};

/// One block.
#[derive(Debug, Default)]
struct Block {
    number: u64,
    level: String,
    message: String,
    detail: String,
    fields: BTreeMap<String, String>,
    at: Option<Instant>,
    /// Its last line was read: only then it is whole.
    ended: bool,
}

/// True where the first bytes hold a block.
pub(super) fn is_log(head: &str) -> bool {
    head.lines().any(|l| header(l).is_some())
}

/// Level and text of a line that begins a block.
fn header(line: &str) -> Option<(&str, &str)> {
    let (before, message) = line.split_once(" MSG: ")?;
    let mut words = before.split_whitespace().rev();
    let level = words.next().filter(|l| ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"].contains(l))?;
    words.next()?.starts_with("wal_e").then_some((level, message))
}

/// Where the archive is that a document's messages are about.
pub(super) fn place(document: &Document) -> Option<String> {
    let head = document.head(super::HEAD).ok()?;
    let head = String::from_utf8_lossy(&head);
    head.lines().filter(|l| l.contains("STRUCTURED: ")).find_map(|l| {
        let key = l.split_whitespace().find_map(|w| w.strip_prefix("key="))?;
        Some(place_of(key.split_once("/wal_005/")?.0))
    })
}

/// Reads the messages of a document.
pub(super) fn read(
    found: &mut Told<'_>,
    document: &Document,
    record: Option<usize>,
    sink: &mut dyn Sink,
) -> io::Result<()> {
    let recorded = found.attempt_of(record, document).is_some();
    let mut reader =
        Reader { record: record.filter(|_| recorded), by_process: BTreeMap::new(), segments: BTreeMap::new() };
    let other = record.is_some() && !recorded;
    let mut lines = Lines::new(document.open()?);
    let mut open: Option<Block> = None;
    while let Some((number, line)) = lines.next()? {
        let Line::Text(bytes) = line else {
            let message = "a line of more than 4 MiB was not read";
            sink.problem(problem(document, Some(format!("line:{number}")), message));
            continue;
        };
        let text = String::from_utf8_lossy(bytes);
        for part in text.split("#012") {
            if let Some((level, message)) = header(part) {
                if let Some(block) = open.take().filter(|_| !other) {
                    reader.block(found, document, &block);
                }
                let (level, message) = (level.to_owned(), message.trim().to_owned());
                open = Some(Block { number, level, message, ..Block::default() });
            } else if let Some(block) = open.as_mut().filter(|b| !b.ended) {
                block.line(part.trim());
            } else if !other {
                reader.stray(found, document, part.trim());
            }
        }
        if let Some(block) = open.take_if(|b| b.ended).filter(|_| !other) {
            reader.block(found, document, &block);
        }
    }
    if let Some(block) = open {
        let message = "the last message is cut; collect the file again when it is whole";
        sink.problem(problem(document, Some(format!("line:{}", block.number)), message));
        if !other {
            reader.block(found, document, &block);
        }
    }
    Ok(())
}

impl Block {
    fn line(&mut self, text: &str) {
        if let Some(detail) = text.strip_prefix("DETAIL: ") {
            self.detail = detail.to_owned();
        } else if let Some(fields) = text.strip_prefix("STRUCTURED: ") {
            self.fields = fields
                .split_whitespace()
                .filter_map(|w| w.split_once('='))
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect();
            // `-00` stands for UTC.
            self.at = self
                .fields
                .get("time")
                .and_then(|t| t.strip_suffix("-00"))
                .and_then(|t| instant(&format!("{t}Z"), None).ok());
            self.ended = true;
        } else if !text.starts_with("HINT: ") && !text.is_empty() && !self.detail.is_empty() && self.detail.len() < 2000
        {
            // A detail of several lines: a trace.
            self.detail.push_str("; ");
            self.detail.push_str(text);
        }
    }

    fn said(&self) -> String {
        if self.detail.is_empty() { self.message.clone() } else { format!("{}: {}", self.message, self.detail) }
    }
}

/// Which attempts the messages of a document belong to.
struct Reader {
    /// The record whose attempt all of them are.
    record: Option<usize>,
    by_process: BTreeMap<String, usize>,
    /// Segments under way, by process and name.
    segments: BTreeMap<(String, String), usize>,
}

impl Reader {
    /// A line outside of a block: what psql says, for example.
    fn stray(&self, found: &mut Told<'_>, document: &Document, text: &str) {
        let at = found.attempt_of(self.record, document);
        let attempt = at.and_then(|at| found.attempts.get_mut(at));
        let fault = ["ERROR:", "FATAL:", "psql:", "Traceback"].iter().any(|w| text.starts_with(w));
        if let Some(attempt) = attempt.filter(|a| fault && a.errors.len() < 20) {
            attempt.errors.push(text.to_owned());
        }
    }

    fn block(&mut self, found: &mut Told<'_>, document: &Document, block: &Block) {
        if block.fields.get("action").is_some_and(|a| a == "push-wal") {
            return self.segment(found, document, block);
        }
        let process = block.fields.get("pid").cloned().unwrap_or_default();
        if block.message == "starting WAL-E" && self.record.is_none() {
            let action = match block.detail.split('"').nth(1) {
                Some("backup-push") => Action::Push,
                Some("backup-fetch") => Action::Fetch,
                _ => {
                    self.by_process.remove(&process);
                    return;
                }
            };
            let mut attempt = Attempt::new(action, document, format!("line:{}", block.number));
            attempt.increment = (action == Action::Push).then_some(false);
            self.by_process.insert(process.clone(), found.push(attempt));
        }
        let at = match self.record {
            Some(_) => found.attempt_of(self.record, document),
            None => self.by_process.get(&process).copied(),
        };
        let Some(attempt) = at.and_then(|at| found.attempts.get_mut(at)) else { return };
        attempt.stamp(block.at);
        match block.level.as_str() {
            "ERROR" | "CRITICAL" => attempt.errors.push(block.said()),
            // The upload failed; what follows only ends the copy at the server.
            "WARNING" if block.message == "blocking on sending WAL segments" => attempt.errors.push(block.said()),
            _ => {}
        }
        if attempt.action == Action::Push && attempt.base.is_none() {
            let name = block.detail.split('/').find(|part| base_name(part.trim_end_matches('.')).is_some());
            attempt.base = name.map(str::to_owned);
        }
    }

    /// Archiving of one segment: a process may send several at once.
    fn segment(&mut self, found: &mut Told<'_>, document: &Document, block: &Block) {
        let field = |key: &str| block.fields.get(key).cloned();
        let (Some(file), process) = (field("seg"), field("pid").unwrap_or_default()) else { return };
        if archive_file(&file).is_none() {
            return;
        }
        let key = (process, file.clone());
        let place = field("key").and_then(|k| Some(place_of(k.split_once("/wal_005/")?.0)));
        // The segment that the recorded command names is the record's own.
        let own = found.attempt_of(self.record, document).filter(|at| {
            let attempt = found.attempts.get(*at);
            attempt.is_some_and(|a| a.action == Action::WalPush && a.file.as_deref() == Some(&file))
        });
        let at = own.unwrap_or_else(|| {
            let state = field("state");
            let begun = self.segments.get(&key).copied().filter(|_| state.as_deref() != Some("begin"));
            let at = begun.unwrap_or_else(|| {
                let mut attempt = Attempt::new(Action::WalPush, document, format!("line:{}", block.number));
                attempt.file = Some(file.clone());
                found.push(attempt)
            });
            self.segments.insert(key, at);
            at
        });
        let Some(attempt) = found.attempts.get_mut(at) else { return };
        attempt.locator = attempt.locator.take().or(place);
        attempt.stamp(block.at);
        match field("state").as_deref() {
            Some("complete") => attempt.done = Some(block.message.clone()),
            // Another process had archived it already.
            Some("skip") => attempt.void = true,
            _ => {}
        }
    }
}
