//! Which documents belong to one command: shared by the readers of restic and borg.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

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

/// A line as a terminal would show it: escape sequences and overwritten text dropped.
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
    out.trim_end().to_owned()
}
