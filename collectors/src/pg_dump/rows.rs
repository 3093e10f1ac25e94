//! Judged drafts to rows, with ids that stay the same however often and in whatever order the source is collected.

use std::collections::BTreeMap;

use chrono::{Duration, Timelike};
use model::rows::{
    BackupRun, Component, Integrity, IntegrityCheck, Origin, RecoveryPoint, RestoreTest, Row, RunStatus, TestKind,
    TestResult, Trigger,
};
use model::time::{Instant, utc_text};

use super::command::Tool;
use super::draft::Draft;
use super::dump::{self, DumpFile, Form};
use super::server::Recovery;
use super::stamp::Clock;
use crate::{Batch, Document, Sink, problem};

/// What rows are made with.
pub(super) struct Rows<'a> {
    pub(super) batch: &'a Batch<'a>,
    pub(super) documents: &'a [&'a Document],
}

impl Rows<'_> {
    /// Emits every draft; answers their ids in the same order.
    pub(super) fn drafts(&self, drafts: &[Draft], sink: &mut dyn Sink) -> Vec<String> {
        let mut taken: BTreeMap<String, u32> = BTreeMap::new();
        let mut ids = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let mut id = self.id(draft);
            let count = taken.entry(id.clone()).or_default();
            *count += 1;
            if *count > 1 {
                id = format!("{id} #{count}");
            }
            match draft.tool {
                tool if tool.makes_backup() => sink.row(Row::Run(self.run(draft, &id))),
                Tool::Restore | Tool::Psql => self.restore(draft, &id, sink),
                _ => sink.row(Row::IntegrityCheck(self.check(draft, &id))),
            }
            ids.push(id);
        }
        ids
    }

    fn id(&self, draft: &Draft) -> String {
        let mut id = draft.tool.program().to_owned();
        if let Some(label) = draft.label.as_ref().filter(|_| draft.file_only) {
            // Two dumps may have been begun in one second; the file is what tells them apart for good.
            return format!("{id} {label}");
        }
        if let Some(locator) = locator(draft) {
            id = format!("{id} {locator}");
        }
        let at = match (draft.started.at, &draft.label) {
            (Some(at), _) => exact(at),
            (None, Some(label)) => label.clone(),
            (None, None) => {
                let name = self.documents.get(draft.document).map_or("", |d| d.name());
                let stem =
                    [".stdout", ".stderr", ".out", ".err"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(name);
                format!("{stem}#{}", draft.pointer.trim_start_matches("line:"))
            }
        };
        format!("{id} {at}")
    }

    fn origin(&self, draft: &Draft, id: &str) -> Origin {
        match (&draft.record, self.documents.get(draft.document)) {
            (Some(record), _) => self.batch.origin(&record.document, id, record.pointer.clone()),
            (None, Some(document)) => self.batch.origin(document, id, draft.pointer.clone()),
            (None, None) => Origin {
                source_id: self.batch.source_id.clone(),
                kind: self.batch.kind.clone(),
                record_id: id.to_owned(),
                observed_at: self.batch.collected_at,
                evidence: "".into(),
                pointer: draft.pointer.clone(),
            },
        }
    }

    fn run(&self, draft: &Draft, id: &str) -> BackupRun {
        let mut run = BackupRun::new(self.origin(draft, id), id, draft.status, draft.said.clone());
        run.plan_id = draft.record.as_ref().and_then(|r| r.plan_id.clone());
        run.system_id = draft.record.as_ref().and_then(|r| r.system.clone());
        run.resource = locator(draft).map(|l| format!("pg-dump:{l}"));
        run.component = draft.tool_known.then_some(match draft.tool {
            Tool::BaseBackup if draft.command.incremental => Component::Incremental,
            Tool::BaseBackup => Component::Full,
            Tool::DumpAll if draft.command.globals => Component::Config,
            _ => Component::Logical,
        });
        run.trigger = draft.by_cron.then_some(Trigger::Scheduled);
        run.started_at = draft.started.at;
        run.ended_at = draft.ended.at;
        run.status_detail = draft.detail.clone();
        run.bytes = draft.bytes;
        run.bytes_stored = draft.bytes_stored;
        run.encrypted = draft.encrypted;
        run.cipher = draft.cipher.clone();
        run.zone_unknown = draft.started.zone_unknown || draft.ended.zone_unknown;
        run
    }

    fn restore(&self, draft: &Draft, id: &str, sink: &mut dyn Sink) {
        let result = match draft.status {
            RunStatus::Success => TestResult::Success,
            RunStatus::Partial => TestResult::Partial,
            RunStatus::Failed | RunStatus::Expired => TestResult::Failed,
            RunStatus::Aborted => TestResult::Aborted,
            RunStatus::Running => TestResult::Running,
            // There is no word for "not told", and a guess would be evidence of a restore.
            RunStatus::Pending | RunStatus::Unknown => {
                if let Some(document) = self.documents.get(draft.document) {
                    let message = "a restore of which nothing tells how it ended; keep its exit code, or run it with `backproof record --restore`";
                    sink.problem(problem(document, Some(draft.pointer.replace("line:", "line ")), message));
                }
                return;
            }
        };
        let mut test = RestoreTest::new(self.origin(draft, id), id, result, draft.said.clone());
        test.system_id = draft.record.as_ref().and_then(|r| r.system.clone());
        test.resource = draft.source.as_ref().map(|d| format!("pg-dump:{d}"));
        test.kind = Some(if draft.command.selection.is_some() { TestKind::Partial } else { TestKind::Full });
        test.started_at = draft.started.at;
        test.restore_finished_at =
            draft.ended.at.filter(|_| matches!(result, TestResult::Success | TestResult::Partial));
        test.ended_at = draft.ended.at;
        test.environment = draft.database.as_ref().map(|d| match &draft.host {
            Some(host) => format!("{host}/{d}"),
            None => d.clone(),
        });
        test.performer = draft.record.as_ref().and_then(|r| r.user.clone());
        test.status_detail = draft.detail.clone();
        test.from_log = true;
        test.zone_unknown = draft.started.zone_unknown || draft.ended.zone_unknown;
        sink.row(Row::RestoreTest(test));
    }

    fn check(&self, draft: &Draft, id: &str) -> IntegrityCheck {
        IntegrityCheck {
            check_id: id.to_owned(),
            resource: format!("pg-dump:{}", locator(draft).unwrap_or_else(|| "cluster".to_owned())),
            // Only what was looked at: an empty list would mean every point there is.
            recovery_point_ids: vec![match (&draft.input, draft.made.at) {
                (Some(input), _) => dump::base(input).to_owned(),
                (None, Some(made)) => format!("made {}", utc_text(made)),
                (None, None) => id.to_owned(),
            }],
            started_at: draft.started.at,
            ended_at: draft.ended.at,
            status: draft.status,
            result: draft.integrity,
            status_raw: draft.said.clone(),
            status_detail: draft.detail.clone(),
            origin: self.origin(draft, id),
        }
    }

    /// Emits a recovery point for each dump file that holds something.
    pub(super) fn points(&self, files: &[DumpFile], made_by: &[usize], run_ids: &[String], sink: &mut dyn Sink) {
        for (file, run) in files.iter().zip(made_by) {
            if file.form == Form::Empty {
                continue;
            }
            let Some(document) = self.documents.iter().find(|d| d.name() == file.name) else { continue };
            let id = file.point_id();
            let mut point = RecoveryPoint::new(self.batch.origin(document, id.clone(), ""), id);
            let mut clock = Clock::new(self.batch.timezone, None);
            let taken = file.started.as_ref().map(|s| clock.place(s)).unwrap_or_default();
            let ended = file.ended.as_ref().map(|s| clock.place(s)).unwrap_or_default();
            point.resource = file.database.as_ref().map(|d| format!("pg-dump:{d}"));
            point.run_id = run_ids.get(*run).cloned();
            point.component = Some(Component::Logical);
            point.taken_at = taken.at;
            point.created_at = ended.at.or(file.modified_at);
            point.bytes = Some(file.size);
            point.encrypted = file.encrypted;
            point.cipher = file.cipher.clone();
            point.complete = file.complete;
            point.integrity_result = (file.complete == Some(false)).then_some(Integrity::Fail);
            point.zone_unknown = taken.zone_unknown || ended.zone_unknown;
            sink.row(Row::RecoveryPoint(point));
        }
    }

    /// Emits restores of base backups that server logs tell of.
    pub(super) fn recoveries(&self, recoveries: Vec<(usize, Recovery)>, sink: &mut dyn Sink) {
        for (at, recovery) in recoveries {
            let Some(document) = self.documents.get(at) else { continue };
            let recent = recovery.started.at.is_some_and(|s| self.batch.collected_at - s < Duration::hours(24));
            let (result, detail) = match (&recovery.failed, recovery.finished) {
                (Some(why), _) if recovery.stopped => (TestResult::Aborted, Some(why.clone())),
                (Some(why), _) => (TestResult::Failed, Some(why.clone())),
                (None, Some(_)) => (TestResult::Success, None),
                (None, None) if recent => (TestResult::Running, None),
                (None, None) => (TestResult::Aborted, Some("the log ends before the recovery does".to_owned())),
            };
            let when = recovery.started.at.map_or_else(|| format!("{}#{}", document.name(), recovery.line), exact);
            let id = format!("recovery {when}");
            let origin = self.batch.origin(document, id.clone(), format!("line:{}", recovery.end_line));
            let mut test = RestoreTest::new(origin, id, result, recovery.said.clone());
            test.kind = Some(if recovery.point_in_time { TestKind::PointInTime } else { TestKind::Full });
            test.started_at = recovery.started.at;
            test.restore_finished_at = recovery.finished.and_then(|t| t.at);
            test.ended_at = recovery.ended.and_then(|t| t.at);
            test.recovered_to_at = recovery.recovered_to;
            test.status_detail = detail;
            test.from_log = true;
            test.zone_unknown = recovery.started.zone_unknown;
            sink.row(Row::RestoreTest(test));
        }
    }
}

/// What was backed up or checked, behind `pg-dump:`.
fn locator(draft: &Draft) -> Option<String> {
    match draft.tool {
        Tool::Dump => {
            let database = draft.database.as_ref()?;
            Some(match &draft.command.selection {
                Some(part) => format!("{database}/{part}"),
                None => database.clone(),
            })
        }
        Tool::DumpAll if draft.command.globals || draft.command.selection.is_some() => {
            Some(draft.host.as_ref().map_or_else(|| "globals".to_owned(), |h| format!("{h}/globals")))
        }
        Tool::DumpAll | Tool::BaseBackup | Tool::Verify => {
            Some(draft.host.clone().unwrap_or_else(|| "cluster".to_owned()))
        }
        Tool::List => draft.database.clone().or_else(|| draft.source.clone()),
        Tool::Restore | Tool::Psql => draft.source.clone().or_else(|| draft.database.clone()),
    }
}

fn exact(at: Instant) -> String {
    if at.nanosecond() == 0 { utc_text(at) } else { at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string() }
}
