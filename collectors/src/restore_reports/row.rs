//! From keys and values to a row of `restore_tests`.

use std::fmt::Display;
use std::str::FromStr;

use chrono::Duration;
use model::rows::{RestoreTest, TestResult};
use model::time::{Instant, TimeError, instant};

use super::entry::{Entry, Field, Value, known, nearest};
use crate::{Batch, Document, Sink, problem};

/// A report may be filed by a clock that is a little ahead of ours.
const CLOCK_SKEW: Duration = Duration::hours(1);

struct Reader<'a> {
    batch: &'a Batch<'a>,
    document: &'a Document,
    sink: &'a mut dyn Sink,
    zone_unknown: bool,
}

/// Reads one test. `None`, and a problem, where its result can't be told.
pub(super) fn read(batch: &Batch<'_>, document: &Document, entry: &Entry, sink: &mut dyn Sink) -> Option<RestoreTest> {
    let mut reader = Reader { batch, document, sink, zone_unknown: false };
    let result = entry.fields.iter().find(|f| known(&f.key) == Some("result"));
    let Some(result) = result else {
        let words = TestResult::WORDS.join(", ");
        reader.fault(&entry.place, format!("the test has no `result`; write one of {words}"));
        return None;
    };
    let raw = scalar(&result.value).unwrap_or_default();
    let result: TestResult = reader.word(result)?;
    let id = reader.id(entry);
    let origin = batch.origin(document, id.clone(), entry.pointer.clone());
    let mut test = RestoreTest::new(origin, id, result, raw);
    let mut filled: Vec<&str> = Vec::new();
    for field in &entry.fields {
        match known(&field.key) {
            Some(key) if filled.contains(&key) => {
                reader.fault(&field.place, format!("`{key}` is given twice; the first is read, remove the other"));
            }
            Some(key) => {
                filled.push(key);
                reader.field(&mut test, key, field);
            }
            None => {
                let near = nearest(&field.key).map_or_else(
                    || "remove it, or see the table `restore_tests` of the data model".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                reader.fault(&field.place, format!("unknown key `{}`; {near}", field.key));
            }
        }
    }
    if test.system_id.is_none() {
        reader.fault(&entry.place, "the test names no system; add `system_id`".to_owned());
    }
    reader.order(&mut test, entry);
    test.zone_unknown = reader.zone_unknown;
    if test.report_ref.is_none() {
        test.report_ref.clone_from(&entry.report);
    }
    Some(test)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.trim().to_owned()),
        Value::Bool(b) => Some(b.to_string()),
        Value::List(_) | Value::Other(_) => None,
    }
}

impl Reader<'_> {
    fn fault(&mut self, place: &str, message: String) {
        self.sink.problem(problem(self.document, Some(place.to_owned()), message));
    }

    fn id(&mut self, entry: &Entry) -> String {
        let given = entry.fields.iter().find(|f| known(&f.key) == Some("test_id")).and_then(|f| scalar(&f.value));
        if let Some(id) = given.filter(|id| !id.is_empty()) {
            return id;
        }
        self.fault(&entry.place, "the test has no `test_id`; give it one that stays the same".to_owned());
        if entry.several {
            format!("{} {}", self.document.name(), entry.place)
        } else {
            self.document.name().to_owned()
        }
    }

    fn field(&mut self, test: &mut RestoreTest, key: &str, field: &Field) {
        match key {
            "system_id" => test.system_id = self.text(field),
            "recovery_point_id" => test.recovery_point_id = self.text(field),
            "kind" => test.kind = self.word(field),
            "trigger" => test.trigger = self.word(field),
            "change_id" => test.change_id = self.text(field),
            "retest_of" => test.retest_of = self.text(field),
            "planned_for" => test.planned_for = self.time(field),
            "started_at" => test.started_at = self.past(field),
            "restore_finished_at" => test.restore_finished_at = self.past(field),
            "service_ready_at" => test.service_ready_at = self.past(field),
            "failure_point_at" => test.failure_point_at = self.past(field),
            "recovered_to_at" => test.recovered_to_at = self.past(field),
            "ended_at" => test.ended_at = self.past(field),
            "integrity_result" => test.integrity_result = self.word(field),
            "records_expected" => test.records_expected = self.count(field),
            "records_restored" => test.records_restored = self.count(field),
            "environment" => test.environment = self.text(field),
            "isolated" => test.isolated = self.truth(field),
            "performer" => test.performer = self.text(field),
            "reviewer" => test.reviewer = self.text(field),
            "owner_confirmed_by" => test.owner_confirmed_by = self.text(field),
            "owner_confirmed_at" => test.owner_confirmed_at = self.past(field),
            "reported_at" => test.reported_at = self.past(field),
            "scenario" => test.scenario = self.words(field),
            "scale" => test.scale = self.text(field),
            "issues" => test.issues = self.list(field),
            "report_ref" => test.report_ref = self.text(field),
            // `test_id` and `result` are read before the row exists.
            _ => {}
        }
    }

    fn text(&mut self, field: &Field) -> Option<String> {
        match scalar(&field.value) {
            Some(text) => Some(text).filter(|t| !t.is_empty()),
            None => {
                self.fault(&field.place, format!("`{}` must be a text", field.key));
                None
            }
        }
    }

    fn word<W: FromStr<Err: Display>>(&mut self, field: &Field) -> Option<W> {
        let text = self.text(field)?;
        self.as_word(field, &text)
    }

    fn as_word<W: FromStr<Err: Display>>(&mut self, field: &Field, text: &str) -> Option<W> {
        match text.to_lowercase().replace([' ', '-'], "_").parse() {
            Ok(word) => Some(word),
            Err(e) => {
                let message = format!("`{}`: {e}", field.key);
                self.fault(&field.place, message);
                None
            }
        }
    }

    /// A list of words; those that are none are problems, and the others count.
    fn words<W: FromStr<Err: Display>>(&mut self, field: &Field) -> Vec<W> {
        let items = self.list(field);
        items.iter().filter_map(|item| self.as_word(field, item)).collect()
    }

    fn time(&mut self, field: &Field) -> Option<Instant> {
        let text = self.text(field)?;
        match instant(&text, self.batch.timezone) {
            Ok(at) => Some(at),
            Err(TimeError::ZoneUnknown(_)) => {
                self.zone_unknown = true;
                None
            }
            Err(e) => {
                self.fault(&field.place, format!("`{}`: {e}", field.key));
                None
            }
        }
    }

    /// A time that can't lie after the collection.
    fn past(&mut self, field: &Field) -> Option<Instant> {
        let at = self.time(field)?;
        if at > self.batch.collected_at + CLOCK_SKEW {
            let message = format!("`{}` lies in the future; correct it, or write `planned_for`", field.key);
            self.fault(&field.place, message);
            return None;
        }
        Some(at)
    }

    fn number<N: FromStr<Err: Display>>(&mut self, field: &Field, text: &str) -> Option<N> {
        match text.parse() {
            Ok(n) => Some(n),
            Err(_) => {
                self.fault(
                    &field.place,
                    format!("`{}`: \"{text}\" is not a count; write digits only, from 0", field.key),
                );
                None
            }
        }
    }

    fn count(&mut self, field: &Field) -> Option<u64> {
        let text = self.text(field)?;
        self.number(field, &text)
    }

    fn truth(&mut self, field: &Field) -> Option<bool> {
        let text = self.text(field)?;
        match text.to_lowercase().as_str() {
            "true" | "yes" | "y" | "1" => Some(true),
            "false" | "no" | "n" | "0" => Some(false),
            _ => {
                self.fault(&field.place, format!("`{}`: \"{text}\" is neither true nor false", field.key));
                None
            }
        }
    }

    /// A list, or a text with `;` between the items.
    fn list(&mut self, field: &Field) -> Vec<String> {
        let items: Vec<String> = match &field.value {
            Value::List(items) => items.clone(),
            Value::Text(text) => text.split(';').map(str::to_owned).collect(),
            Value::Bool(_) | Value::Other(_) => {
                self.fault(&field.place, format!("`{}` must be a list of texts", field.key));
                Vec::new()
            }
        };
        items.iter().map(|i| i.trim().to_owned()).filter(|i| !i.is_empty()).collect()
    }

    /// An end before its start is absent, and a problem.
    fn order(&mut self, test: &mut RestoreTest, entry: &Entry) {
        let Some(start) = test.started_at else { return };
        for (key, at) in [
            ("restore_finished_at", &mut test.restore_finished_at),
            ("service_ready_at", &mut test.service_ready_at),
            ("ended_at", &mut test.ended_at),
        ] {
            if at.is_some_and(|at| at < start) {
                *at = None;
                let place = entry.fields.iter().find(|f| known(&f.key) == Some(key)).map_or(&entry.place, |f| &f.place);
                self.fault(place, format!("`{key}` lies before `started_at`; correct one of them"));
            }
        }
    }
}
