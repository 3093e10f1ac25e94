//! Restore test reports as people write them: TOML, JSON, YAML or TOML front matter of Markdown, and CSV from a
//! spreadsheet.
//!
//! Keys are the fields of `restore_tests` in `controls/model.toml`, with `system` for `system_id` and `id` for `test_id`; upper
//! and lower case, blanks and hyphens in them make no difference. One file holds one test or many (TOML `[[test]]` or
//! `[[restore_test]]`, a JSON array or `{"tests": […]}`, a row of CSV each). Of Markdown the body is the report.
//!
//! A test whose result can't be read is a problem and no row. Any other field that can't be read is a problem and absent.
//! Times are RFC 3339, or local in the source's `timezone`; without one they are absent and the row says so. Run records
//! (`backproof record --restore`) are read as restores without a report.

use std::collections::{BTreeMap, BTreeSet};

use model::read::markdown;
use model::rows::{RestoreTest, Row, TestResult};

use crate::record::{self, RunRecord};
use crate::{Batch, Document, Kind, Sink, fetch, problem};

mod csv_rows;
mod entry;
mod json;
mod row;
#[cfg(test)]
mod tests;
mod toml_tables;
mod tracked;

use entry::Entry;
pub(crate) use tracked::{Report, is_field, of_text};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "restore-reports",
    title: "Restore test reports",
    reads: "restore test reports as TOML, JSON, CSV, or Markdown with front matter",
    tables: &["restore_tests"],
    claim: fetch::claim_text,
    parse,
    live: None,
};

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let records = record::records(batch, sink);
    let outputs: BTreeSet<&str> =
        records.iter().flat_map(|r| [&r.stdout, &r.stderr]).flatten().map(String::as_str).collect();
    let mut documents: Vec<&Document> = batch.documents.iter().filter(|d| !record::is_record_name(d.name())).collect();
    documents.sort_by(|a, b| a.name().cmp(b.name()));
    let mut seen: BTreeMap<String, (RestoreTest, String)> = BTreeMap::new();
    for document in documents {
        if outputs.contains(document.name()) {
            sink.passed_over(document.name(), "output of a recorded restore; the record is read");
            continue;
        }
        for entry in entries(document, sink) {
            if let Some(test) = row::read(batch, document, &entry, sink) {
                emit(test, document, &entry, &mut seen, sink);
            }
        }
    }
    for record in &records {
        restored(batch, record, sink);
    }
}

/// Hands on a test; the same test in two files (a report and its sheet) once, two tests under one id both.
fn emit(
    mut test: RestoreTest,
    document: &Document,
    entry: &Entry,
    seen: &mut BTreeMap<String, (RestoreTest, String)>,
    sink: &mut dyn Sink,
) {
    if let Some((first, place)) = seen.get(&test.test_id) {
        let copy = RestoreTest { origin: first.origin.clone(), report_ref: first.report_ref.clone(), ..test.clone() };
        if copy == *first {
            return;
        }
        let message =
            format!("test_id \"{}\" is already that of another test ({place}); give each test its own", test.test_id);
        sink.problem(problem(document, Some(entry.place.clone()), message));
        test.origin.record_id = format!("{} ({}, {})", test.test_id, document.name(), entry.place);
    } else {
        seen.insert(test.test_id.clone(), (test.clone(), format!("{}, {}", document.name(), entry.place)));
    }
    sink.row(Row::RestoreTest(test));
}

/// The tests in a document, in whatever form it is.
fn entries(document: &Document, sink: &mut dyn Sink) -> Vec<Entry> {
    let text = match document.text() {
        Ok(text) => text,
        Err(e) => {
            sink.problem(problem(document, None, format!("can't be read: {e}; save it as UTF-8 text")));
            return Vec::new();
        }
    };
    let name = document.name().to_ascii_lowercase();
    let is = |endings: &[&str]| endings.iter().any(|e| name.ends_with(e));
    let start = text.trim_start();
    let found = if start.is_empty() {
        sink.problem(problem(document, None, "the file is empty; remove it, or write the report"));
        return Vec::new();
    } else if let Some((fence, front, line)) = front_matter(&text) {
        let Some(front) = front else {
            let message = format!("the front matter has no closing {fence}; add the line");
            sink.problem(problem(document, Some("line 1".to_owned()), message));
            return Vec::new();
        };
        if fence == "+++" { toml_tables::read(front, line) } else { json::read_yaml(front, line) }
    } else if is(&[".json", ".jsonl", ".ndjson"]) || starts_json(start) {
        json::read(&text)
    } else if is(&[".toml"]) || (!is(&[".csv", ".tsv", ".md", ".markdown"]) && looks_like_toml(start)) {
        toml_tables::read(&text, 0)
    } else if is(&[".yaml", ".yml"]) {
        json::read_yaml(&text, 0)
    } else if is(&[".csv", ".tsv"]) || csv_rows::has_header(&text) {
        csv_rows::read(&text)
    } else {
        sink.passed_over(
            document.name(),
            "no restore test report: neither TOML, JSON, CSV with a header row nor front matter",
        );
        return Vec::new();
    };
    let certain = found.entries.iter().any(Entry::is_test);
    if !certain && (!found.entries.is_empty() || found.problems.is_empty()) {
        sink.passed_over(document.name(), "no restore test in it: none of its keys is a field of a test");
        return Vec::new();
    }
    for (place, message) in found.problems {
        sink.problem(problem(document, place, message));
    }
    let markdown = front_matter(&text).is_some();
    let several = found.entries.len() > 1;
    found
        .entries
        .into_iter()
        .filter(|e| !e.fields.is_empty())
        .map(|entry| Entry { report: markdown.then(|| document.name().to_owned()), several, ..entry })
        .collect()
}

/// `{`, or `[` followed by a value; `[[` and `[word` are TOML.
fn starts_json(start: &str) -> bool {
    start.starts_with('{') || start.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(['{', ']']))
}

fn looks_like_toml(start: &str) -> bool {
    start.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')).is_some_and(|line| {
        (line.starts_with('[') && line.ends_with(']'))
            || line.split_once('=').is_some_and(|(key, _)| {
                !key.trim().is_empty() && key.trim().chars().all(|c| c.is_alphanumeric() || "_-.\"".contains(c))
            })
    })
}

/// The fence, the text between the fences (`None` where the second is missing) and the lines before it.
fn front_matter(text: &str) -> Option<(&'static str, Option<&str>, usize)> {
    let front = markdown::front_matter(text)?;
    Some((front.fence, front.range.and_then(|range| text.get(range)), 1))
}

/// A restore that was run under `backproof record`: times and result, no report.
fn restored(batch: &Batch<'_>, record: &RunRecord, sink: &mut dyn Sink) {
    let place = (!record.pointer.is_empty()).then(|| record.pointer.clone());
    if !is_restore(record) {
        sink.passed_over(record.document.name(), "the record of a command that restores nothing");
        return;
    }
    let (result, raw) = match (record.exit_code, &record.killed_by, record.finished_at) {
        (_, Some(signal), _) => (TestResult::Aborted, format!("killed by {signal}")),
        (Some(0), ..) => (TestResult::Success, "exit code 0".to_owned()),
        (Some(code @ 129..=165), ..) => (TestResult::Aborted, format!("exit code {code}")),
        (Some(code), ..) => (TestResult::Failed, format!("exit code {code}")),
        (None, None, None) => (TestResult::Running, "started".to_owned()),
        (None, None, Some(_)) => {
            let message =
                "the record has an end and no exit code: its result is not known; write the result in a report";
            sink.problem(problem(&record.document, place, message));
            return;
        }
    };
    let when = record.started_at.map(model::time::utc_text).unwrap_or_default();
    let id = format!("{} {when}", record.id).trim_end().to_owned();
    let mut test =
        RestoreTest::new(batch.origin(&record.document, id.clone(), record.pointer.clone()), id, result, raw);
    test.system_id = record.system.clone();
    test.started_at = record.started_at;
    test.restore_finished_at = record.finished_at.filter(|_| result == TestResult::Success);
    test.ended_at = record.finished_at;
    test.environment = record.host.clone();
    test.performer = record.user.clone();
    test.from_log = true;
    test.zone_unknown = record.started_at.is_none();
    sink.row(Row::RestoreTest(test));
}

/// True where the record says so (`"restore": true`, or a `kind` that begins with `restore`), or where its command does.
fn is_restore(record: &RunRecord) -> bool {
    let value = record.document.text().ok().and_then(|t| serde_json::from_str::<serde_json::Value>(&t).ok());
    let said = value.as_ref().and_then(|v| v.pointer(&record.pointer)).and_then(|v| {
        let kind = v.get("kind").and_then(serde_json::Value::as_str).map(|k| k.starts_with("restore"));
        v.get("restore").and_then(serde_json::Value::as_bool).or(kind)
    });
    said.unwrap_or_else(|| {
        let command = record.command.to_lowercase();
        ["restore", "recover", "psql", "extract"].iter().any(|w| command.contains(w))
    })
}
