//! A report kept as the text of an issue: front matter, or the headings of an issue form (`### Started at`, the answer
//! below it).
//!
//! Headings that stand for no field are prose and passed over; one that is nearly a field's name is told, as in files.
//! What the tracker itself knows (number, address, label of the system) fills what the text leaves out.

use std::collections::BTreeMap;

use model::read::markdown::{self, Answer};
use model::rows::RestoreTest;

use super::entry::{Entry, Field, Found, Value, known, nearest};
use super::{front_matter, json, row, toml_tables};
use crate::{Batch, Document, Sink, problem};

/// What a tracker knows of a report.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    /// Id of the issue, for a test that has none of its own.
    pub id: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Its address.
    pub url: Option<String>,
    /// System that it names outside of the text.
    pub system: Option<&'a str>,
    /// It is closed: a result must be there.
    pub finished: bool,
    /// For lineage.
    pub pointer: &'a str,
    /// For people.
    pub place: &'a str,
}

/// True for the name of a field of restore tests, as [`of_text`] takes it.
pub(crate) fn is_field(name: &str) -> bool {
    known(name).is_some()
}

/// The test that the text of an issue reports. `fields` names fields by the headings that stand for them.
pub(crate) fn of_text(
    batch: &Batch<'_>,
    document: &Document,
    report: &Report<'_>,
    fields: &BTreeMap<String, String>,
    sink: &mut dyn Sink,
) -> Option<RestoreTest> {
    let text = report.text.replace("\r\n", "\n");
    let text = text.trim_start();
    let at = |place: &str| format!("{}, {place}", report.place);
    let found = match front_matter(text) {
        Some(("+++", Some(front), line)) => toml_tables::read(front, line),
        Some((_, Some(front), line)) => json::read_yaml(front, line),
        Some((fence, None, _)) => {
            let message = format!("the front matter has no closing {fence}; add the line");
            sink.problem(problem(document, Some(at("line 1")), message));
            return None;
        }
        None => Found { entries: vec![form(text, fields)], problems: Vec::new() },
    };
    for (place, message) in found.problems {
        sink.problem(problem(document, Some(at(&place.unwrap_or_default())), message));
    }
    let mut entries = found.entries.into_iter();
    let mut entry = entries.next()?;
    if entries.next().is_some() {
        let message = "an issue is one test: write each into an issue of its own";
        sink.problem(problem(document, Some(report.place.to_owned()), message));
    }
    let has = |entry: &Entry, key: &str| entry.fields.iter().any(|f| known(&f.key) == Some(key));
    if !report.finished && !has(&entry, "result") {
        return None;
    }
    entry.place = at(entry.place.as_str());
    entry.pointer = report.pointer.to_owned();
    entry.report.clone_from(&report.url);
    for field in &mut entry.fields {
        field.place = at(field.place.as_str());
    }
    let mut fill = |key: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|_| !has(&entry, key)) {
            let value = Value::Text(value.to_owned());
            entry.fields.push(Field { key: key.to_owned(), value, place: report.place.to_owned() });
        }
    };
    fill("test_id", Some(report.id));
    fill("system_id", report.system);
    row::read(batch, document, &entry, sink)
}

/// Headings and what stands below them.
fn form(text: &str, fields: &BTreeMap<String, String>) -> Entry {
    let mut entry = Entry { place: "line 1".to_owned(), ..Entry::default() };
    for section in markdown::sections(text) {
        let named = fields.iter().find(|(h, _)| h.trim().eq_ignore_ascii_case(section.heading)).map(|(_, field)| field);
        let key = named.map_or(section.heading, String::as_str);
        // Every heading that is no field is prose, but for one that may be a misspelt field.
        let meant = known(key).is_some() || nearest(key).is_some();
        if let Some(value) = markdown::answer(&section.lines).filter(|_| meant) {
            let value = match value {
                Answer::Flag(flag) => Value::Bool(flag),
                Answer::List(items) => Value::List(items),
                Answer::Text(text) => Value::Text(text),
            };
            entry.fields.push(Field { key: key.to_owned(), value, place: format!("line {}", section.line) });
        }
    }
    entry
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_panics(text in "(### ?[A-Za-z ]{0,8}|- \\[[x ]?\\]?|---|result: ?|success|_No response_|```|\\PC|\n|\r\n){0,24}", finished: bool) {
            let document = crate::testing::text("issues.json", "[]");
            let batch = Batch {
                source_id: "s".into(),
                kind: "github".into(),
                timezone: None,
                collected_at: model::time::instant("2026-11-22T00:00:00Z", None).unwrap(),
                documents: &[],
            };
            let report = Report { id: "acme/ops#1", text: &text, url: None, system: Some("crm"), finished, pointer: "/0", place: "/0/body" };
            let mut kept = crate::Kept::default();
            let test = of_text(&batch, &document, &report, &BTreeMap::new(), &mut kept);
            // A result is never made up.
            prop_assert!(test.is_none() || text.contains("success"));
        }
    }
}
