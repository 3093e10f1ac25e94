//! Which documents belong to one command, and their text: shared by the readers of command-line tools.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read};
use std::sync::LazyLock;

use chrono::Duration;
use model::rows::BackupRun;
use model::time::utc_text;
use regex::Regex;

use crate::lines::{Line, Lines};
use crate::record::{RunRecord, is_record_name, records};
use crate::{Batch, Document, Sink, problem};

/// Documents that hold the output of one command, or one log.
pub(crate) struct Group<'a> {
    pub record: Option<RunRecord>,
    /// Standard output before standard error.
    pub documents: Vec<&'a Document>,
    /// Output that the record names is not in the folder.
    pub missing: bool,
}

/// Groups documents: those that a run record names, then those that share a name up to `.stdout` and `.stderr`.
pub(crate) fn groups<'a>(batch: &Batch<'a>, sink: &mut dyn Sink) -> Vec<Group<'a>> {
    let by_name: BTreeMap<&str, &'a Document> = batch.documents.iter().map(|d| (d.name(), d)).collect();
    let mut out = Vec::new();
    let mut used = BTreeSet::new();
    let mut recorded = records(batch, sink);
    recorded.sort_by(|a, b| (a.document.name(), a.started_at).cmp(&(b.document.name(), b.started_at)));
    for record in recorded {
        let mut documents = Vec::new();
        let mut missing = false;
        for name in record.stdout.iter().chain(&record.stderr) {
            match by_name.get(name.as_str()) {
                Some(document) if used.insert(name.clone()) => documents.push(*document),
                Some(_) => {}
                None => {
                    missing = true;
                    let place = (!record.pointer.is_empty()).then(|| record.pointer.clone());
                    let text =
                        format!("the record names {name}, which is not in the folder; keep it beside the record");
                    sink.problem(problem(&record.document, place, text));
                }
            }
        }
        out.push(Group { record: Some(record), documents, missing });
    }
    let mut by_stem: BTreeMap<&str, Vec<&Document>> = BTreeMap::new();
    for (name, document) in by_name {
        if !is_record_name(name) && !used.contains(name) {
            by_stem.entry(stem(name)).or_default().push(document);
        }
    }
    for (_, mut documents) in by_stem {
        documents.sort_by_key(|d| (is_stderr(d.name()), d.name()));
        out.push(Group { record: None, documents, missing: false });
    }
    out
}

fn is_stderr(name: &str) -> bool {
    name.ends_with(".stderr") || name.ends_with(".err")
}

fn stem(name: &str) -> &str {
    [".stdout", ".stderr", ".out", ".err"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(name)
}

/// The text of a document, or nothing where it is empty or unreadable. Bytes that are not UTF-8 are a
/// fault in JSON, and may stand in the paths of a log.
pub(crate) fn text(document: &Document, recorded: bool, sink: &mut dyn Sink) -> Option<String> {
    let read = document.text().or_else(|e| {
        if let Some(text) = utf16(document)? {
            return Ok(text);
        }
        let text = document.lossy_text()?;
        if text.trim_start().starts_with(['[', '{']) {
            sink.problem(problem(document, None, format!("{e}; those bytes are read as replacement characters")));
        }
        Ok::<_, io::Error>(text)
    });
    match read {
        Ok(text) if text.trim().is_empty() => {
            if !recorded {
                sink.problem(problem(document, None, "the file is empty; collect it again once the command has ended"));
            }
            None
        }
        Ok(text) => Some(text),
        Err(e) => {
            sink.problem(problem(document, None, format!("cannot be read: {e}")));
            None
        }
    }
}

/// Gives every line of a document to `take`, with its number, in memory that does not grow with it. Bytes that are not
/// UTF-8 are replaced, UTF-16 with a byte order mark is decoded. Answers whether the last line is whole; nothing where
/// there was no line.
pub(crate) fn each_line(
    document: &Document,
    recorded: bool,
    sink: &mut dyn Sink,
    mut take: impl FnMut(u64, &str),
) -> Option<bool> {
    let mut read = || -> io::Result<Option<bool>> {
        let mut lines = Lines::new(decoded(document)?);
        let mut whole = None;
        while let Some((number, line)) = lines.next()? {
            match line {
                Line::Text(bytes) => {
                    let text = String::from_utf8_lossy(bytes);
                    take(number, if number == 1 { text.trim_start_matches('\u{feff}') } else { &text });
                }
                Line::TooLong => {
                    let text = "longer than 4 MiB and not read; split it";
                    sink.problem(problem(document, Some(format!("line {number}")), text));
                }
            }
            whole = Some(lines.ended_by_newline());
        }
        Ok(whole)
    };
    match read() {
        Ok(whole) => {
            if whole.is_none() && !recorded {
                sink.problem(problem(document, None, "the file is empty; collect it again once the command has ended"));
            }
            whole
        }
        Err(e) => {
            sink.problem(problem(document, None, format!("cannot be read: {e}; collect it again")));
            None
        }
    }
}

/// The text of a document as a stream; UTF-16 becomes UTF-8.
fn decoded(document: &Document) -> io::Result<Box<dyn BufRead>> {
    let mut reader = document.open()?;
    let unit: fn([u8; 2]) -> u16 = match reader.fill_buf()?.get(..2) {
        Some([0xff, 0xfe]) => u16::from_le_bytes,
        Some([0xfe, 0xff]) => u16::from_be_bytes,
        _ => return Ok(reader),
    };
    Ok(Box::new(BufReader::new(Utf16 { reader, unit, high: None, ready: Vec::new() })))
}

struct Utf16 {
    reader: Box<dyn BufRead>,
    unit: fn([u8; 2]) -> u16,
    /// First half of a pair that the next block ends.
    high: Option<u16>,
    ready: Vec<u8>,
}

impl Read for Utf16 {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() {
            let mut block = Vec::with_capacity(8192);
            self.reader.by_ref().take(8192).read_to_end(&mut block)?;
            let mut units: Vec<u16> = self.high.take().into_iter().collect();
            units.extend(block.chunks_exact(2).map(|pair| (self.unit)([pair[0], pair[1]])));
            if block.len() == 8192 && units.last().is_some_and(|u| (0xd800..0xdc00).contains(u)) {
                self.high = units.pop();
            }
            self.ready = String::from_utf16_lossy(&units).into_bytes();
        }
        let count = out.len().min(self.ready.len());
        let (Some(to), Some(from)) = (out.get_mut(..count), self.ready.get(..count)) else { return Ok(0) };
        to.copy_from_slice(from);
        self.ready.drain(..count);
        Ok(count)
    }
}

/// Text in UTF-16 with a byte order mark, as PowerShell writes redirected output.
fn utf16(document: &Document) -> io::Result<Option<String>> {
    let bytes = document.bytes()?;
    let read: fn([u8; 2]) -> u16 = match bytes.get(..2) {
        Some([0xff, 0xfe]) => u16::from_le_bytes,
        Some([0xfe, 0xff]) => u16::from_be_bytes,
        _ => return Ok(None),
    };
    let units: Vec<u16> = bytes.chunks_exact(2).skip(1).map(|pair| read([pair[0], pair[1]])).collect();
    Ok(Some(String::from_utf16_lossy(&units)))
}

/// Tells of a recorded command that failed and left nothing to say what it did: a script around the tool.
pub(crate) fn tell_mute_failure(record: &RunRecord, tool: &str, sink: &mut dyn Sink) {
    let failed = record.exit_code.is_some_and(|c| c != 0) || record.killed_by.is_some();
    let about = record.tool.as_deref() == Some(tool) || record.command.contains(tool);
    if failed && about {
        let place = Some(record.pointer.clone()).filter(|p| !p.is_empty());
        let text = format!(
            "`{}` failed, and nothing tells which command of {tool} did; record one command at a time",
            record.command
        );
        sink.problem(problem(&record.document, place, text));
    }
}

/// Tells of a run dated after it was collected: its host's clock, or the record, is wrong.
pub(crate) fn tell_future(batch: &Batch<'_>, run: &BackupRun, sink: &mut dyn Sink) {
    let Some(start) = run.started_at.filter(|at| *at > batch.collected_at + Duration::days(1)) else { return };
    if let Some(document) = batch.documents.iter().find(|d| d.digest() == run.origin.evidence) {
        let text = format!(
            "{} starts at {}, after it was collected; check the clock of its host",
            run.run_id,
            utc_text(start)
        );
        sink.problem(problem(document, Some(run.origin.pointer.clone()).filter(|p| !p.is_empty()), text));
    }
}

/// A line as a terminal would show it: escape sequences, overwritten text and the prefix of a system log
/// (`Nov 22 02:00:01 host restic[812]: `, or with an RFC 3339 time) dropped.
pub(crate) fn clean(line: &str) -> String {
    let shown = line.trim_end().rsplit('\r').find(|p| !p.trim().is_empty()).unwrap_or_default();
    let mut out = String::with_capacity(shown.len());
    let mut chars = shown.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
        } else if chars.next() == Some('[') {
            chars.by_ref().find(|c| ('@'..='~').contains(c));
        }
    }
    let text = out.trim_end();
    text.get(log_prefix(text)..).unwrap_or(text).to_owned()
}

/// Length of the prefix that a system log put before a line.
pub(crate) fn log_prefix(line: &str) -> usize {
    static PREFIX: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) \S+ [\w.@/-]+(?:\[\d+\])?: ",
        )
        .ok()
    });
    PREFIX.as_ref().and_then(|p| p.find(line)).map_or(0, |found| found.end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kept;

    fn lines(bytes: Vec<u8>) -> (Vec<String>, Option<bool>, usize) {
        let document = Document::in_memory("x", "x", None, bytes);
        let (mut sink, mut out) = (Kept::default(), Vec::new());
        let whole = each_line(&document, false, &mut sink, |_, line| out.push(line.to_owned()));
        (out, whole, sink.problems.len())
    }

    #[test]
    fn lines_of_any_encoding() {
        let text = format!("{}\u{1f980}ž\nlast", "x".repeat(4093));
        let wide = |big: bool| -> Vec<u8> {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(|u: u16| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        let wanted: Vec<String> = text.lines().map(str::to_owned).collect();
        for bytes in [text.clone().into_bytes(), wide(true), wide(false), format!("\u{feff}{text}").into_bytes()] {
            assert_eq!(lines(bytes), (wanted.clone(), Some(false), 0));
        }
        assert_eq!(lines(b"a\xff\r\n".to_vec()), (vec!["a\u{fffd}".to_owned()], Some(true), 0));
        assert_eq!(lines(Vec::new()), (vec![], None, 1));
    }
}
