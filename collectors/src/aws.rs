//! What the three readers of AWS share: sorting a folder of CLI output into replies, errors and text, asking the services
//! themselves ([`session`], [`capture`], [`lists`]), and reading what they answered ([`question`], [`wire`]).
//!
//! One folder may hold the output of `aws backup`, `aws rds` and `aws s3api` side by side. Each reader takes what
//! a run record ascribes to its services; without a record it goes by the top-level keys of the JSON, or by the
//! operation that an error text names. The CLI never tells when, where or with which filter it asked: only a run
//! record does.
//!
//! Sources: AWS CLI user guide (output formats, pagination, return codes; v1 ends with 255 on an API error, v2 with
//! 254), botocore service models.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::Origin;
use model::time::{Instant, Tz};
use serde_json::{Map, Value};

use crate::record::{self, RunRecord};
use crate::{Batch, Document, Sink, problem};

pub(crate) mod capture;
mod command;
mod item;
pub(crate) mod lists;
pub(crate) mod question;
mod raw;
pub(crate) mod refusal;
pub(crate) mod session;
pub(crate) mod stream;
mod text;
mod watched;
mod wire;
mod xml;

pub(crate) use command::{Call, calls};
pub(crate) use item::{Item, arn_part};
pub(crate) use text::failures_in;
use text::{decode, line_at, salvage};

/// What one reader takes out of a folder.
pub(crate) struct Wanted {
    /// Services of the CLI (`aws <service> …`).
    pub services: &'static [&'static str],
    /// True for operations (`DescribeDBSnapshots`) of these services.
    pub operation: fn(&str) -> bool,
    /// True for a JSON object that only these services print.
    pub shape: fn(&Map<String, Value>) -> bool,
    /// True for text that is not JSON and still an output of these services.
    pub text: fn(&str) -> bool,
}

/// Where an answer stands and what was asked.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
    /// The document, or the run record where there was no output.
    pub document: &'a Document,
    /// JSON pointer or `line:N`; empty for the whole document.
    pub pointer: String,
    /// The command, where a run record tells.
    pub call: Option<Call>,
    /// Its record.
    pub record: Option<&'a RunRecord>,
    /// When it was asked: end of the recorded command, else the time of the file, else of collection.
    pub at: Instant,
    /// True for what `collect` itself was answered; its refusals were told then.
    pub wire: bool,
}

/// A JSON reply.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// The reply.
    pub value: Map<String, Value>,
    /// False where pages are missing, the document is cut or the command failed.
    pub whole: bool,
    /// The same for all pages of one list; `None` for a reply that stands alone.
    pub series: Option<String>,
}

/// A call that failed.
#[derive(Debug)]
pub(crate) struct Failure<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// Error code (`AccessDenied`); empty for errors of the CLI itself.
    pub code: String,
    /// Operation (`GetBucketPolicy`); empty where the text does not tell.
    pub operation: String,
    /// The line, verbatim.
    pub message: String,
}

/// A folder, sorted.
#[derive(Debug, Default)]
pub(crate) struct Answers<'a> {
    /// JSON replies, in order of document.
    pub replies: Vec<Reply<'a>>,
    /// Failed calls.
    pub failures: Vec<Failure<'a>>,
    /// Calls that ended well and printed nothing.
    pub silent: Vec<Place<'a>>,
    /// Text outputs.
    pub texts: Vec<(Place<'a>, String)>,
}

impl<'a> Answers<'a> {
    /// Replies that hold `key`, by list: pages of one list come together.
    pub(crate) fn lists(&self, key: &str) -> Vec<Vec<&Reply<'a>>> {
        let mut out: Vec<Vec<&Reply<'a>>> = Vec::new();
        let mut at: BTreeMap<&str, usize> = BTreeMap::new();
        for reply in self.replies.iter().filter(|r| r.value.contains_key(key)) {
            let known = reply.series.as_deref().and_then(|series| at.get(series)).and_then(|at| out.get_mut(*at));
            match known {
                Some(list) => list.push(reply),
                None => {
                    at.extend(reply.series.as_deref().map(|series| (series, out.len())));
                    out.push(vec![reply]);
                }
            }
        }
        out
    }

    /// True where `collect` itself was answered every call of this operation, each list to its end and none refused.
    pub(crate) fn all_told(&self, operation: &str) -> bool {
        let of = |place: &Place<'_>| place.wire && place.call.as_ref().is_some_and(|c| c.operation == operation);
        let mut told = self.replies.iter().filter(|r| of(&r.place)).peekable();
        told.peek().is_some() && told.all(|r| r.whole) && !self.failures.iter().any(|f| of(&f.place))
    }
}

impl Place<'_> {
    /// Value of a command line option, without the dashes; `None` where unknown or not given.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.call.as_ref().and_then(|c| c.options.get(name)).map(String::as_str)
    }

    /// The pointer, for a problem; `None` for the whole document.
    pub(crate) fn spot(&self) -> Option<String> {
        (!self.pointer.is_empty()).then(|| self.pointer.clone())
    }

    /// Name of the recorded attempt: its record's id and start, because names of files repeat.
    pub(crate) fn attempt(&self) -> Option<String> {
        let record = self.record?;
        let start = record.started_at.map(model::time::utc_text).unwrap_or_default();
        Some(format!("{}@{start}", record.id))
    }

    /// Lineage of something at `pointer` below this place.
    pub(crate) fn origin(&self, batch: &Batch<'_>, record_id: impl Into<String>, pointer: &str) -> Origin {
        // A pointer below one of several values of a document can't be written as one: the line is named.
        let whole =
            if self.pointer.starts_with("line:") { self.pointer.clone() } else { format!("{}{pointer}", self.pointer) };
        batch.origin(self.document, record_id, whole)
    }
}

impl Failure<'_> {
    /// Reports the failure: nothing is known, and nothing may be concluded from it.
    pub(crate) fn report(&self, sink: &mut dyn Sink) {
        if self.place.wire {
            let code = if self.code.is_empty() { "without a code" } else { &self.code };
            let reason = format!("a refusal ({code}), told when it was collected");
            return sink.passed_over(self.place.document.name(), &reason);
        }
        let what = match (&self.place.call, self.operation.as_str()) {
            (Some(call), _) => format!("`aws {} {}`", call.service, call.operation),
            (None, "") => "the AWS call".to_owned(),
            (None, operation) => format!("the call {operation}"),
        };
        let next = if matches!(self.code.as_str(), "AccessDenied" | "AccessDeniedException" | "403")
            || self.code.contains("Unauthorized")
        {
            "allow the call and export again"
        } else {
            "export again once it works"
        };
        let message = format!("{what} failed, so what it asks for is not determined; {next}: {}", self.message);
        sink.problem(problem(self.place.document, self.place.spot(), message));
    }
}

/// Sorts the documents of a batch. Each ends as read, problem or passed over.
pub(crate) fn sort<'a>(
    batch: &Batch<'a>,
    records: &'a [RunRecord],
    wanted: &Wanted,
    sink: &mut dyn Sink,
) -> Answers<'a> {
    let mut by_output: BTreeMap<&str, &RunRecord> = BTreeMap::new();
    let mut continued: BTreeSet<String> = BTreeSet::new();
    for record in records {
        for name in [&record.stdout, &record.stderr].into_iter().flatten() {
            by_output.insert(name, record);
        }
        for call in calls(&record.command) {
            for option in ["starting-token", "next-token", "marker", "continuation-token"] {
                continued.extend(call.options.get(option).cloned());
            }
        }
    }
    let mut sorter = Sorter { batch, wanted, continued, series: wire::Series::new(), out: Answers::default(), sink };
    let mut answered: BTreeSet<(&str, &str)> = BTreeSet::new();
    for document in batch.documents.iter().filter(|d| !record::is_record_name(d.name())) {
        if let Some(told) = question::told(document.name()) {
            sorter.wire(document, told);
            continue;
        }
        let record = by_output.get(document.name()).copied();
        if sorter.document(document, record)
            && let Some(record) = record
        {
            answered.insert((record.document.name(), record.pointer.as_str()));
        }
    }
    sorter.chains();
    for record in records {
        if !answered.contains(&(record.document.name(), record.pointer.as_str())) {
            sorter.unanswered(record);
        }
    }
    sorter.out
}

struct Sorter<'a, 'w> {
    batch: &'w Batch<'a>,
    wanted: &'w Wanted,
    continued: BTreeSet<String>,
    series: wire::Series<'a>,
    out: Answers<'a>,
    sink: &'w mut dyn Sink,
}

impl<'a> Sorter<'a, '_> {
    fn ours(&self, record: &RunRecord) -> Option<Call> {
        calls(&record.command).into_iter().find(|c| self.wanted.services.contains(&c.service.as_str()))
    }

    fn place(&self, document: &'a Document, record: Option<&'a RunRecord>, call: Option<Call>) -> Place<'a> {
        let at = record
            .and_then(|r| r.finished_at.or(r.started_at))
            .or_else(|| document.modified_at())
            .unwrap_or(self.batch.collected_at);
        Place { document, pointer: String::new(), call, record, at, wire: false }
    }

    /// Reads one document; true where it held an answer (anything but nothing).
    fn document(&mut self, document: &'a Document, record: Option<&'a RunRecord>) -> bool {
        let call = record.and_then(|r| self.ours(r));
        if record.is_some() && call.is_none() {
            self.sink.passed_over(document.name(), "output of a command that this source does not read");
            return true;
        }
        let bytes = match document.bytes() {
            Ok(bytes) => bytes,
            Err(e) => {
                self.sink.problem(problem(document, None, format!("can't be read: {e}; copy it again")));
                return true;
            }
        };
        let (text, damaged) = decode(&bytes);
        if text.trim().is_empty() {
            if record.is_none() {
                self.sink.problem(problem(document, None, "the file is empty; export it again"));
            }
            return false;
        }
        let place = self.place(document, record, call);
        if matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'[')) {
            if damaged.is_some() {
                self.damaged_utf8(&place, &text, damaged);
            }
            self.json(&place, &text);
            return true;
        }
        self.plain(place, text)
    }

    fn damaged_utf8(&mut self, place: &Place<'a>, text: &str, line: Option<usize>) {
        let ours = place.call.is_some()
            || salvage(text).is_some_and(|v| v.as_object().is_some_and(|o| (self.wanted.shape)(o)));
        if ours {
            let message = "bytes that are not UTF-8 were replaced; export the reply again".to_owned();
            self.sink.problem(problem(place.document, line.map(|l| format!("line:{l}")), message));
        }
    }

    fn json(&mut self, place: &Place<'a>, text: &str) {
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let mut taken = false;
        let mut start = 0;
        let single = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        while let Some(next) = stream.next() {
            let mut here = place.clone();
            if !single {
                here.pointer = format!("line:{}", line_at(text, start));
            }
            match next {
                Ok(value) => taken |= self.value(here, value, true),
                Err(e) => {
                    let rest = salvage(text.get(start..).unwrap_or_default());
                    let ours =
                        rest.as_ref().and_then(Value::as_object).is_some_and(|o| (self.wanted.shape)(o)) || taken;
                    if ours || place.call.is_some() {
                        let message = format!("damaged JSON ({e}); what stands before it was read: export it again");
                        let line = format!("line:{}", line_at(text, start) + e.line() - 1);
                        self.sink.problem(problem(place.document, Some(line), message));
                        taken = true;
                        if let Some(value) = rest {
                            self.value(here, value, false);
                        }
                    }
                    break;
                }
            }
            start = stream.byte_offset();
        }
        if !taken {
            self.sink.passed_over(place.document.name(), "JSON that this source does not read");
        }
    }

    fn value(&mut self, place: Place<'a>, value: Value, mut whole: bool) -> bool {
        let Value::Object(value) = value else {
            if place.call.is_some() {
                let message = "not the object that the call answers with: export without --query";
                self.sink.problem(problem(place.document, None, message));
            }
            return place.call.is_some();
        };
        if place.call.is_none() && !(self.wanted.shape)(&value) {
            return false;
        }
        let token = token(&value);
        if continues(&value) {
            whole = false;
            if !token.is_some_and(|t| self.continued.contains(t)) {
                let message = "one page of several (the reply names a next page): \
                     export without --no-paginate, --max-items and --starting-token"
                    .to_owned();
                self.sink.problem(problem(place.document, place.spot(), message));
            }
        }
        if place.record.is_some_and(|r| r.exit_code.is_some_and(|c| c != 0) || r.killed_by.is_some()) {
            whole = false;
            let message =
                "the command that printed this did not end well, so the reply may be incomplete; run it again";
            self.sink.problem(problem(place.document, None, message));
        }
        self.out.replies.push(Reply { place, value, whole, series: None });
        true
    }

    /// True where the text was an answer, not mere messages beside one.
    fn plain(&mut self, place: Place<'a>, text: String) -> bool {
        let failures = failures_in(&text);
        let mut taken = false;
        for (line, failure) in failures {
            let known = !failure.operation.is_empty();
            if place.call.is_some() || !known || (self.wanted.operation)(&failure.operation) {
                let mut place = place.clone();
                place.pointer = format!("line:{line}");
                self.out.failures.push(Failure {
                    place,
                    code: failure.code,
                    operation: failure.operation,
                    message: failure.message,
                });
                taken = true;
            }
        }
        if (self.wanted.text)(&text) {
            self.out.texts.push((place, text));
            return true;
        }
        if taken {
            return true;
        }
        let beside = place.record.is_some_and(|r| r.stderr.as_deref() == Some(place.document.name()));
        if beside {
            self.sink.passed_over(place.document.name(), "messages of the AWS CLI that are no error");
            return false;
        }
        if place.call.as_ref().is_some_and(|c| c.reads()) || text::other_format(&text, self.wanted.shape) {
            let message = "output of the AWS CLI that is not JSON: export it with --output json";
            self.sink.problem(problem(place.document, None, message));
        } else {
            self.sink.passed_over(place.document.name(), "not output of the AWS CLI that this source reads");
        }
        true
    }

    /// A recorded command without a document: nothing printed, or its output is missing.
    fn unanswered(&mut self, record: &'a RunRecord) {
        let Some(call) = self.ours(record) else { return };
        let mut place = self.place(&record.document, Some(record), Some(call.clone()));
        place.pointer.clone_from(&record.pointer);
        let missing: Vec<&str> = [&record.stdout, &record.stderr]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .filter(|name| self.batch.document(name).is_none())
            .collect();
        if !missing.is_empty() {
            let message = format!("its output {} is not in the folder; copy it beside the record", missing.join(", "));
            self.sink.problem(problem(&record.document, place.spot(), message));
        } else if record.exit_code == Some(0) && record.killed_by.is_none() {
            self.out.silent.push(place);
        } else {
            let how = record.killed_by.as_ref().map_or_else(
                || record.exit_code.map_or_else(|| "no exit code recorded".to_owned(), |c| format!("exit code {c}")),
                |s| format!("ended by {s}"),
            );
            self.out.failures.push(Failure { place, code: String::new(), operation: String::new(), message: how });
        }
    }
}

/// The cursor of the next page that a reply names.
fn token(value: &Map<String, Value>) -> Option<&str> {
    ["NextToken", "nextToken", "NextContinuationToken", "Marker"]
        .iter()
        .filter(|k| **k != "Marker" || !value.contains_key("Contents"))
        .find_map(|k| value.get(*k).and_then(Value::as_str))
        .filter(|t| !t.is_empty())
}

/// True where a reply is not the end of its list.
fn continues(value: &Map<String, Value>) -> bool {
    value.get("IsTruncated").and_then(Value::as_bool).unwrap_or(false) || token(value).is_some()
}

/// Zone for times without one: of the machine the command ran on, else of the source.
pub(crate) fn zone_of(batch: &Batch<'_>, place: &Place<'_>) -> Option<Tz> {
    place.record.map_or(batch.timezone, |r| r.timezone)
}

#[cfg(test)]
mod tests;
