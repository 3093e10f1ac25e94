//! Reports of AWS Backup Audit Manager about backup, copy and restore jobs, as CSV or JSON from the report's bucket.
//!
//! A daily report holds the jobs that ended in the last 24 hours and those at work; files of many days may lie in one
//! folder. Columns are read by their header: `Backup Job ID` of the CSV and `backupJobId` of the JSON are the same, and
//! which there are differs by report and time. A job that a reply of the API shows as well is one.
//!
//! Reports never say "completed with issues": a completed job with a message is one (developer guide, "Working with
//! audit reports"). They show zero bytes for types whose size is not known.

use std::collections::BTreeMap;

use model::rows::{BackupRun, Component, RestoreTest, RunStatus, TestKind, TestResult, Trigger};
use model::time::{Instant, instant};
use serde_json::Value;

use super::{jobs, plans};
use crate::aws::{Answers, Place};
use crate::{Batch, Sink, problem};

/// One row of a report.
struct Row<'r, 'a> {
    place: &'r Place<'a>,
    pointer: String,
    fields: BTreeMap<String, String>,
}

/// Jobs that reports tell of, by record id.
#[derive(Debug, Default)]
pub(super) struct Reported {
    /// Backup and copy jobs.
    pub runs: BTreeMap<String, BackupRun>,
    /// Restore jobs.
    pub tests: BTreeMap<String, RestoreTest>,
}

/// Ids of the three kinds of jobs.
const IDS: [&str; 3] = ["backupjobid", "copyjobid", "restorejobid"];

/// A header without what only makes it readable: `Backup Size in Bytes`, `backupSizeInBytes`, `Job Run Time [h:m:s]`.
fn key(header: &str) -> String {
    let name = header.split(['[', '(']).next().unwrap_or(header);
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// True for the CSV of a report about jobs.
pub(super) fn is_report(text: &str) -> bool {
    let Some(first) = text.lines().find(|l| !l.trim().is_empty()) else { return false };
    let keys: Vec<String> = first.split(',').map(key).collect();
    keys.iter().any(|k| k == "jobstatus") && keys.iter().any(|k| IDS.contains(&k.as_str()))
}

/// Reads all reports.
pub(super) fn read(batch: &Batch<'_>, answers: &Answers<'_>, sink: &mut dyn Sink) -> Reported {
    let mut out = Reported::default();
    for (place, text) in answers.texts.iter().filter(|(_, t)| is_report(t)) {
        csv(batch, place, text, &mut out, sink);
    }
    for reply in &answers.replies {
        let Some(items) = reply.value.get("reportItems").and_then(Value::as_array) else { continue };
        for (n, item) in items.iter().enumerate() {
            let pointer = format!("/reportItems/{n}");
            let Some(object) = item.as_object() else {
                let place = Some(format!("{}{pointer}", reply.place.pointer));
                sink.problem(problem(reply.place.document, place, "not a job; get the report again"));
                continue;
            };
            let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
            let fields = object.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (key(k), text(v))).collect();
            Row { place: &reply.place, pointer, fields }.take(batch, &mut out, sink);
        }
    }
    out
}

fn csv(batch: &Batch<'_>, place: &Place<'_>, text: &str, out: &mut Reported, sink: &mut dyn Sink) {
    // The positions of `csv` lie before the line end of the row before, where that is CRLF.
    let text = text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(true).from_reader(text.as_bytes());
    let columns: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(key).collect(),
        Err(e) => return sink.problem(problem(place.document, None, format!("{e}; get the report again"))),
    };
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) if record.len() == columns.len() => {
                let cells = columns.iter().cloned().zip(record.iter().map(str::trim).map(str::to_owned));
                let line = record.position().map_or(line, csv::Position::line);
                let row = Row { place, pointer: format!("line:{line}"), fields: cells.collect() };
                row.take(batch, out, sink);
            }
            Ok(true) => {
                let message = format!(
                    "{} cells where the header has {}: the report may be cut; get it again",
                    record.len(),
                    columns.len()
                );
                sink.problem(problem(place.document, Some(format!("line:{line}")), message));
            }
            Err(e) => {
                let message = format!("{e}; get the report again");
                sink.problem(problem(place.document, Some(format!("line:{line}")), message));
            }
        }
    }
}

impl Row<'_, '_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).map(String::as_str).filter(|t| !t.is_empty() && *t != "null" && *t != "-")
    }

    fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    fn fault(&self, key: &str, sink: &mut dyn Sink) {
        let message = format!("{key} can't be read; the field is left out");
        sink.problem(problem(self.place.document, Some(self.spot()), message));
    }

    fn spot(&self) -> String {
        format!("{}{}", self.place.pointer, self.pointer)
    }

    fn time(&self, key: &str, sink: &mut dyn Sink) -> Option<Instant> {
        let text = self.text(key)?;
        // AWS Backup tells every time in UTC.
        let read = instant(text, Some(chrono_tz::UTC)).ok();
        if read.is_none() {
            self.fault(key, sink);
        }
        read
    }

    fn number(&self, key: &str, sink: &mut dyn Sink) -> Option<u64> {
        let text = self.text(key)?;
        let read = text.parse().ok();
        if read.is_none() {
            self.fault(key, sink);
        }
        read
    }

    fn bytes(&self, sink: &mut dyn Sink) -> Option<u64> {
        let unfilled = matches!(self.text("resourcetype"), Some("RDS" | "Aurora" | "DocumentDB" | "Neptune"));
        self.number("backupsizeinbytes", sink).filter(|b| *b > 0 || !unfilled)
    }

    fn take(&self, batch: &Batch<'_>, out: &mut Reported, sink: &mut dyn Sink) {
        let ids = IDS.map(|k| self.text(k));
        match ids {
            [Some(id), ..] => self.job(batch, "backup", id, out, sink),
            [None, Some(id), _] => self.job(batch, "copy", id, out, sink),
            [None, None, Some(id)] => self.restore(batch, id, out, sink),
            // Reports of compliance and of scans have rows of other kinds.
            [None, None, None] if self.text("jobstatus").is_none() => {}
            [None, None, None] => {
                let message = "a job without an id; get the report again";
                sink.problem(problem(self.place.document, Some(self.spot()), message));
            }
        }
    }

    fn job(&self, batch: &Batch<'_>, kind: &str, id: &str, out: &mut Reported, sink: &mut dyn Sink) {
        let raw = self.text("jobstatus").unwrap_or("unknown");
        let message = self.text("statusmessage");
        let record = format!("{kind}-job:{id}");
        let mut run = BackupRun::new(
            self.place.origin(batch, record.clone(), &self.pointer),
            id,
            jobs::status(raw, None, message.unwrap_or_default()),
            raw,
        );
        run.status_detail = message.map(str::to_owned);
        run.resource = self.text("resourcearn").map(|arn| format!("aws-backup:{arn}"));
        let point = if kind == "backup" { "recoverypointarn" } else { "destinationrecoverypointarn" };
        let vault = if kind == "backup" { "backupvaultarn" } else { "destinationbackupvaultarn" };
        run.recovery_point_id = self.owned(point);
        let continuous = run.recovery_point_id.as_deref().is_some_and(|p| p.contains(":continuous:"));
        run.component = Some(if continuous { Component::LogContinuous } else { Component::Snapshot });
        run.location_id = self.text(vault).map(|arn| format!("aws-backup:{arn}"));
        run.started_at = self.time("creationdate", sink);
        run.ended_at = self.time("completiondate", sink);
        run.bytes = self.bytes(sink);
        let plan = self.text("backupplanarn").and_then(|arn| arn.split_once(":backup-plan:")).map(|(_, plan)| plan);
        run.plan_id = plans::plan_id(plan, self.text("backupruleid"));
        run.trigger = run.plan_id.as_ref().map(|_| Trigger::Scheduled);
        run.encrypted = match self.text("isencrypted") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => self.text("encryptionkeyarn").map(|_| true),
        };
        let days = self.number("deleteafterdays", sink).and_then(|d| i64::try_from(d).ok()).filter(|d| *d > 0);
        let kept = days.and_then(chrono::Duration::try_days);
        run.expires_at = run.started_at.zip(kept).and_then(|(at, kept)| at.checked_add_signed(kept));
        match out.runs.get(&record) {
            Some(known) if !later(known.status, known.ended_at, run.status, run.ended_at) => {}
            _ => {
                out.runs.insert(record, run);
            }
        }
    }

    fn restore(&self, batch: &Batch<'_>, id: &str, out: &mut Reported, sink: &mut dyn Sink) {
        let raw = self.text("jobstatus").unwrap_or("unknown");
        let result = match raw {
            "COMPLETED" => TestResult::Success,
            "FAILED" => TestResult::Failed,
            "ABORTED" => TestResult::Aborted,
            // An unknown word is no end: the test stays open.
            _ => TestResult::Running,
        };
        let record = format!("restore-job:{id}");
        let mut test = RestoreTest::new(self.place.origin(batch, record.clone(), &self.pointer), id, result, raw);
        test.from_log = true;
        test.recovery_point_id = self.owned("recoverypointarn");
        let source = self.text("sourceresourcearn").or_else(|| self.text("resourcearn"));
        test.resource = source.map(|arn| format!("aws-backup:{arn}"));
        test.kind = Some(TestKind::Full);
        test.started_at = self.time("creationdate", sink);
        test.ended_at = self.time("completiondate", sink);
        test.restore_finished_at = test.ended_at.filter(|_| raw == "COMPLETED");
        test.bytes = self.bytes(sink);
        test.status_detail = self.owned("statusmessage");
        test.environment = self.owned("createdresourcearn");
        let open = |t: &RestoreTest| matches!(t.result, TestResult::Running);
        if out.tests.get(&record).is_none_or(|known| open(known) || !open(&test)) {
            out.tests.insert(record, test);
        }
    }
}

/// True where the second state of a job comes after the first.
pub(super) fn later(a: RunStatus, a_end: Option<Instant>, b: RunStatus, b_end: Option<Instant>) -> bool {
    (b.is_final(), b_end) > (a.is_final(), a_end)
}
