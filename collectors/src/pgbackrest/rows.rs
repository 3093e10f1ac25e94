//! Rows of processes and listings.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDateTime, SubsecRound};
use model::rows::{
    BackupRun, Component, DeleteReason, Integrity, IntegrityCheck, RecoveryPoint, RestoreTest, Row, RunStatus,
    TestKind, TestResult,
};
use model::time::Instant;

use super::info::{Backup, Listed};
use super::judge::{Verdict, judge};
use super::log::{Process, Stamp, is_damage};
use super::merge::identity;
use crate::record::RunRecord;
use crate::{Batch, Sink};

/// What all rows of a batch are made from.
pub struct Facts<'a> {
    /// The batch.
    pub batch: &'a Batch<'a>,
    /// Its run records.
    pub records: &'a [RunRecord],
    /// Every backup that a listing shows, by stanza and label.
    pub listed: BTreeMap<(String, String), (&'a Listed, &'a Backup)>,
}

impl<'a> Facts<'a> {
    fn record(&self, process: &Process) -> Option<&'a RunRecord> {
        process.record.and_then(|at| self.records.get(at))
    }

    fn backup(&self, process: &Process, label: &str) -> Option<&'a Backup> {
        self.listed.get(&(process.stanza()?.to_owned(), label.to_owned())).map(|(_, b)| *b)
    }

    /// Start and end: the tool's own lines, or the wrapper's clock where it ran around them.
    fn times(&self, process: &Process) -> (Option<Instant>, Option<Instant>) {
        let record = self.record(process);
        let at = |s: Option<Stamp>| s.and_then(|s| s.at);
        let end = at(process.end).or_else(|| process.outcome.is_some().then(|| at(process.last)).flatten());
        (record.and_then(|r| r.started_at).or(at(process.begin)), record.and_then(|r| r.finished_at).or(end))
    }
}

/// Resource id of a stanza.
pub fn resource(stanza: &str) -> String {
    format!("pgbackrest:{stanza}")
}

/// The row of a `backup` process, and the recovery point it made.
pub fn run(facts: &Facts<'_>, process: &Process, explained: bool) -> BackupRun {
    let record = facts.record(process);
    let verdict = judge(process, record, explained, facts.batch.collected_at);
    let made = matches!(verdict.status, RunStatus::Success | RunStatus::Partial);
    let label = process.label.as_deref().filter(|_| made);
    let id = run_id(process, label);
    let origin = facts.batch.origin(&process.document, &id, &process.pointer);
    let mut run = BackupRun::new(origin, id, verdict.status, verdict.raw);
    run.status_detail = verdict.detail;
    run.resource = process.stanza().map(resource);
    run.system_id = record.and_then(|r| r.system.clone());
    run.plan_id = record.and_then(|r| r.plan_id.clone());
    run.component = component(process);
    (run.started_at, run.ended_at) = facts.times(process);
    if let Some(label) = label {
        run.recovery_point_id = Some(label.to_owned());
        (run.started_at, run.ended_at) = copy_times(process, label, (run.started_at, run.ended_at));
        run.taken_at = run.ended_at;
        (run.encrypted, run.cipher) = cipher(process);
        run.location_id = location(process);
        if let Some(backup) = facts.backup(process, label) {
            listed(&mut run, backup);
        }
    }
    // A log whose zone is not told has stamps, but no place in time.
    run.zone_unknown = run.started_at.is_none() && process.begin.is_some_and(|b| b.at.is_none());
    run
}

/// The row of a backup that only a listing shows: it is there, so its run succeeded.
pub fn listed_run(facts: &Facts<'_>, stanza: &Listed, backup: &Backup) -> BackupRun {
    let id = format!("{} {}", stanza.stanza, backup.label);
    let origin = facts.batch.origin(&stanza.document, &id, &backup.pointer);
    let mut run = BackupRun::new(origin, id, RunStatus::Success, "listed");
    run.resource = Some(resource(&stanza.stanza));
    run.component = component_word(&backup.kind);
    run.recovery_point_id = Some(backup.label.clone());
    listed(&mut run, backup);
    run.zone_unknown = run.started_at.is_none();
    run
}

/// What a listing knows better than a log: epoch times, exact sizes, the cipher.
fn listed(run: &mut BackupRun, backup: &Backup) {
    if backup.start.is_some() && backup.stop.is_some() {
        (run.started_at, run.ended_at) = (backup.start, backup.stop);
    }
    run.taken_at = backup.stop.or(run.taken_at);
    run.bytes = backup.size;
    run.bytes_stored = backup.stored;
    if let Some(encrypted) = backup.encrypted() {
        run.encrypted = Some(encrypted);
        run.cipher = backup.cipher.clone().filter(|_| encrypted);
    }
    if backup.error == Some(true) && run.status == RunStatus::Success {
        run.status = RunStatus::Partial;
        run.status_raw = "error: true".to_owned();
        run.status_detail = Some("pages with a wrong checksum were copied".to_owned());
    }
}

/// The label where there is one: every document that shows the backup has it.
fn run_id(process: &Process, label: Option<&str>) -> String {
    match (process.stanza(), label) {
        (Some(stanza), Some(label)) => format!("{stanza} {label}"),
        _ => identity(process),
    }
}

fn component_word(word: &str) -> Option<Component> {
    match word {
        "full" => Some(Component::Full),
        "diff" | "incr" => Some(Component::Incremental),
        _ => None,
    }
}

/// Type of a backup: of its label or lines, else of the option; `incr` is the default (manual).
fn component(process: &Process) -> Option<Component> {
    match process.label.as_deref().and_then(|l| l.chars().last()) {
        Some('F') => return Some(Component::Full),
        Some('D' | 'I') => return Some(Component::Incremental),
        _ => {}
    }
    let option = process.options.get("type").map(String::as_str);
    component_word(process.backup_type.as_deref().or(option).unwrap_or("incr"))
}

/// Start and end of the copy, in whole seconds as the tool itself keeps them: its start is in the
/// label (a resumed backup keeps the label of the attempt before it: then the copy line tells), its
/// end is the line that stops the backup.
fn copy_times(
    process: &Process,
    label: &str,
    around: (Option<Instant>, Option<Instant>),
) -> (Option<Instant>, Option<Instant>) {
    let at = |s: Option<Stamp>| s.and_then(|s| s.at).map(|t| t.trunc_subsecs(0));
    let begin = at(process.begin);
    let copied = at(process.copy_start);
    let labelled = label_time(label).zip(process.begin).and_then(|(local, stamp)| {
        // Begin and label stand on the same clock: their difference needs no zone.
        let after = local - stamp.local.trunc_subsecs(0);
        let began = stamp.at?.trunc_subsecs(0);
        let limit = copied.map_or(Duration::minutes(5), |c| c - began);
        (after >= Duration::zero() && after <= limit).then(|| began + after)
    });
    let start = labelled.or(copied).or(begin).or(around.0);
    let end = at(process.copy_stop).or(at(process.end)).or(around.1);
    match (start, end) {
        // Stamps of another zone than the source's may run backwards: the tool's own duration holds.
        (Some(s), Some(e)) if e < s => (start, duration(process).map(|d| s + d)),
        _ => (start, end),
    }
}

fn label_time(label: &str) -> Option<NaiveDateTime> {
    let last = label.rsplit('_').next()?;
    NaiveDateTime::parse_from_str(last.get(..15)?, "%Y%m%d-%H%M%S").ok()
}

/// `completed successfully (10524ms)`.
fn duration(process: &Process) -> Option<Duration> {
    let text = process.outcome.as_deref()?;
    let ms: i64 = text.rsplit_once('(')?.1.strip_suffix("ms)")?.parse().ok()?;
    Duration::try_milliseconds(ms)
}

/// Key of the repository a backup goes to: `--repo`, else the first one configured.
fn repository(process: &Process) -> String {
    let first = process.options.keys().filter_map(|k| k.strip_prefix("repo")?.split_once('-')?.0.parse::<u32>().ok());
    process.options.get("repo").cloned().unwrap_or_else(|| first.min().unwrap_or(1).to_string())
}

/// The begin line shows every option that is not at its default; the default cipher is `none`. With a
/// repository host the cipher is configured there, and the line says nothing.
fn cipher(process: &Process) -> (Option<bool>, Option<String>) {
    let repo = repository(process);
    match process.options.get(&format!("repo{repo}-cipher-type")) {
        Some(cipher) if cipher == "none" => (Some(false), None),
        Some(cipher) => (Some(true), Some(cipher.clone())),
        None if process.begin.is_none() || process.options.contains_key(&format!("repo{repo}-host")) => (None, None),
        None => (Some(false), None),
    }
}

/// Bucket of a repository on S3; other repositories have no id that another source would share.
fn location(process: &Process) -> Option<String> {
    process.options.get(&format!("repo{}-s3-bucket", repository(process))).map(|b| format!("s3:{b}"))
}

/// The row of a `restore` process.
pub fn restore(facts: &Facts<'_>, process: &Process) -> RestoreTest {
    let Verdict { status, raw, detail } = judge(process, facts.record(process), false, facts.batch.collected_at);
    let result = match status {
        RunStatus::Success => TestResult::Success,
        RunStatus::Aborted => TestResult::Aborted,
        RunStatus::Running => TestResult::Running,
        RunStatus::Failed => TestResult::Failed,
        // Without an end nothing says that the data came back whole.
        _ => TestResult::Partial,
    };
    let id = identity(process);
    let mut test = RestoreTest::new(facts.batch.origin(&process.document, &id, &process.pointer), id, result, raw);
    test.from_log = true;
    test.resource = process.stanza().map(resource);
    test.system_id = facts.record(process).and_then(|r| r.system.clone());
    let option = |name: &str| process.options.get(name).map(String::as_str);
    test.kind = Some(match option("type") {
        Some("time" | "lsn" | "xid" | "name") => TestKind::PointInTime,
        _ if option("db-include").is_some() || option("db-exclude").is_some() => TestKind::Partial,
        _ => TestKind::Full,
    });
    (test.started_at, test.ended_at) = facts.times(process);
    test.zone_unknown = test.started_at.is_none() && process.begin.is_some_and(|b| b.at.is_none());
    let set = process.restore_set.as_deref();
    if result == TestResult::Success {
        test.restore_finished_at = test.ended_at;
        test.recovery_point_id = set.map(str::to_owned);
        test.bytes = set.and_then(|s| facts.backup(process, s)).and_then(|b| b.size);
        test.status_detail = detail;
    } else {
        // The set that was tried was not restored: it is told, but not as what was recovered.
        let tried = set.map(|s| format!("backup set {s}"));
        let parts: Vec<String> = detail.into_iter().chain(tried).collect();
        test.status_detail = (!parts.is_empty()).then(|| parts.join("; "));
    }
    test
}

/// The row of a `verify` process. It exits 0 whatever it finds: the report decides.
pub fn check(facts: &Facts<'_>, process: &Process) -> Option<IntegrityCheck> {
    let verdict = judge(process, facts.record(process), false, facts.batch.collected_at);
    let damaged: Vec<&String> = process.report.iter().filter(|l| is_damage(l)).collect();
    let backups = process.report.iter().filter_map(|l| l.strip_prefix("backup: ")?.split_once(", status: "));
    let bad: Vec<String> = backups
        .filter(|(_, rest)| rest.starts_with("invalid") || rest.starts_with("manifest missing"))
        .map(|(label, _)| label.to_owned())
        .collect();
    let says_error = process.report.iter().any(|l| l == "status: error");
    let fault = says_error || !bad.is_empty() || !damaged.is_empty() || process.errors.iter().any(|e| is_damage(e));
    let (status, result) = match verdict.status {
        _ if fault => (RunStatus::Failed, Integrity::Fail),
        RunStatus::Success => (RunStatus::Success, Integrity::Pass),
        status => (status, Integrity::NotChecked),
    };
    let id = identity(process);
    let (started_at, ended_at) = facts.times(process);
    let report = process.report.iter().filter(|l| !l.starts_with("stanza: ")).cloned();
    let detail: Vec<String> = verdict.detail.into_iter().chain(report).collect();
    Some(IntegrityCheck {
        origin: facts.batch.origin(&process.document, &id, &process.pointer),
        check_id: id,
        resource: resource(process.stanza()?),
        recovery_point_ids: bad,
        started_at,
        ended_at,
        status,
        result,
        status_raw: if says_error { "status: error".to_owned() } else { verdict.raw },
        status_detail: (!detail.is_empty()).then(|| detail.join("; ")),
    })
}

/// Recovery points: those listed, and those that a log shows removed.
pub fn points(facts: &Facts<'_>, processes: &[Process], sink: &mut dyn Sink) {
    let mut points: BTreeMap<(String, String), RecoveryPoint> = BTreeMap::new();
    for (key, (stanza, backup)) in &facts.listed {
        let id = format!("{} {}", stanza.stanza, backup.label);
        let mut point = RecoveryPoint::new(facts.batch.origin(&stanza.document, &id, &backup.pointer), &backup.label);
        point.resource = Some(resource(&stanza.stanza));
        point.run_id = Some(id);
        point.component = component_word(&backup.kind);
        backup.describe(&mut point);
        points.insert(key.clone(), point);
    }
    for process in processes.iter().filter(|p| !p.dry_run) {
        let Some(stanza) = process.stanza() else { continue };
        for (label, stamp) in &process.removed {
            let point = points.entry((stanza.to_owned(), label.clone())).or_insert_with(|| {
                let id = format!("{stanza} {label}");
                let mut point = RecoveryPoint::new(facts.batch.origin(&process.document, &id, &process.pointer), label);
                point.resource = Some(resource(stanza));
                point.run_id = Some(id);
                point
            });
            point.deleted_at = stamp.and_then(|s| s.at);
            point.zone_unknown = point.deleted_at.is_none();
            point.delete_reason = Some(if process.adhoc { DeleteReason::Manual } else { DeleteReason::Expired });
        }
    }
    for point in points.into_values() {
        sink.row(Row::RecoveryPoint(point));
    }
}
