//! Which documents belong to one command: shared by the readers of restic and borg.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::LazyLock;

use chrono::Duration;
use model::rows::BackupRun;
use model::time::utc_text;
use regex::Regex;

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
