//! Rows of attempts and of Barman's state.

use std::collections::BTreeMap;

use model::rows::{
    BackupRun, Component, DeleteReason, Integrity, IntegrityCheck, Listing, RecoveryPoint, RestoreTest, Row, RunStatus,
    TestKind, TestResult,
};
use model::time::{Instant, Tz, WallClock, utc_text};

use super::command;
use super::judge::{Around, Verdict, backup, by_exit, exit_text, from_lines};
use super::plan;
use super::state::{Backup, Listed, State, is_point};
use super::stream::{Attempt, Kind, Told, id_time};
use super::unite::{Key, best, unite};
use crate::record::RunRecord;
use crate::{Batch, Document, Sink};

/// What all rows of a batch are made from.
struct Facts<'a> {
    batch: &'a Batch<'a>,
    records: &'a [RunRecord],
    zone: Option<Tz>,
    backups: BTreeMap<Key, Backup>,
    attempts: Vec<Attempt>,
}

/// Resource id of a server.
pub fn resource(server: &str) -> String {
    format!("barman:{server}")
}

/// Hands on all rows of a batch.
pub fn emit(batch: &Batch<'_>, records: &[RunRecord], zone: Option<Tz>, told: Told, state: State, sink: &mut dyn Sink) {
    let facts = Facts { batch, records, zone, backups: best(state.backups), attempts: unite(told.attempts, records) };
    let mut rows: BTreeMap<String, BackupRun> = BTreeMap::new();
    for attempt in facts.attempts.iter().filter(|a| a.kind == Kind::Backup) {
        let state = facts.state_of(attempt);
        let place = state.map_or((&attempt.document, &attempt.pointer), |s| (&s.document, &s.pointer));
        let run = facts.run((place.0, place.1), state, Some(attempt));
        rows.insert(run.run_id.clone(), run);
    }
    for state in facts.backups.values() {
        let run = facts.run((&state.document, &state.pointer), Some(state), None);
        rows.entry(run.run_id.clone()).or_insert(run);
    }
    rows.into_values().for_each(|run| sink.row(Row::Run(run)));
    for attempt in &facts.attempts {
        match attempt.kind {
            Kind::Restore => sink.row(Row::RestoreTest(facts.restore(attempt))),
            Kind::Verify => sink.row(Row::IntegrityCheck(facts.verify(attempt))),
            Kind::Backup | Kind::Check => {}
        }
    }
    for check in state.checks.iter().filter(|c| c.server.is_some()) {
        sink.row(Row::IntegrityCheck(facts.check(check)));
    }
    facts.points(&told.deletions, sink);
    facts.listings(state.listings, sink);
    plan::plans(batch, state.settings, sink);
}

impl Facts<'_> {
    fn record(&self, attempt: &Attempt) -> Option<&RunRecord> {
        attempt.record.and_then(|at| self.records.get(at))
    }

    fn state_of(&self, attempt: &Attempt) -> Option<&Backup> {
        self.backups.get(&(attempt.server.clone()?, attempt.id.clone()?))
    }

    fn around(&self, server: Option<&str>, id: Option<&str>, attempt: Option<&Attempt>) -> Around<'_> {
        let later = |(s, i): (&str, &str)| Some(s) == server && id.is_some_and(|id| i > id);
        let superseded = self.backups.keys().any(|(s, i)| later((s, i)))
            || self
                .attempts
                .iter()
                .filter(|a| a.kind == Kind::Backup)
                .any(|a| a.server.as_deref().zip(a.id.as_deref()).is_some_and(later));
        let shared = attempt.is_some_and(|own| {
            let of_record = self.attempts.iter().filter(|a| a.record.is_some() && a.record == own.record);
            of_record.into_iter().any(|a| (&a.server, &a.id) != (&own.server, &own.id) && a.done.is_none())
        });
        // What became of a script around it says nothing against a backup that Barman itself finished.
        let finished = attempt.is_some_and(|a| a.done.is_some());
        let record = attempt.and_then(|a| self.record(a));
        let script = finished && record.is_some_and(|r| command::parse(&r.command).is_none());
        let shared = shared || script;
        Around { record, superseded, shared, script, now: self.batch.collected_at }
    }

    /// `place` is where the best evidence stands.
    fn run(&self, place: (&Document, &str), state: Option<&Backup>, attempt: Option<&Attempt>) -> BackupRun {
        let server = state.map(|s| s.server.as_str()).or(attempt.and_then(|a| a.server.as_deref()));
        let id = state.map(|s| s.id.as_str()).or(attempt.and_then(|a| a.id.as_deref()));
        let around = self.around(server, id, attempt);
        let Verdict { status, raw, detail } = backup(state, attempt, &around);
        let run_id = match (server, id, attempt) {
            (server, None, Some(attempt)) => self.attempt_id(server, "backup", attempt),
            (server, id, _) => format!("{} {}", server.unwrap_or("-"), id.unwrap_or("-")),
        };
        let mut run = BackupRun::new(self.batch.origin(place.0, &run_id, place.1), run_id, status, raw);
        run.status_detail = detail;
        run.resource = server.map(resource);
        run.system_id = around.record.and_then(|r| r.system.clone());
        run.plan_id = around.record.and_then(|r| r.plan_id.clone());
        run.component = Some(state.map_or(Component::Full, |s| s.component));
        let local = attempt.and_then(|a| a.began_local).or(id.and_then(id_time));
        let placed = local.and_then(|l| WallClock::new(self.zone).place(l).ok());
        let began = attempt.and_then(|a| a.began).or(placed);
        let recorded = (around.record.and_then(|r| r.started_at), around.record.and_then(|r| r.finished_at));
        let (begin, end) = (state.and_then(|s| s.begin), state.and_then(|s| s.end));
        let told_end = attempt.and_then(|a| a.copied.or(a.ended));
        let kept = matches!(status, RunStatus::Success | RunStatus::Partial) || raw_is_waiting(state);
        if kept {
            run.started_at = begin.or(began).or(recorded.0);
            run.ended_at = end.or(told_end).or(recorded.1);
            run.recovery_point_id = id.map(str::to_owned);
            run.taken_at = run.ended_at;
            if let Some(state) = state {
                run.bytes = state.size;
                run.bytes_stored = state.stored;
                run.encrypted = state.encrypted;
                run.cipher.clone_from(&state.encryption);
            }
        } else {
            run.started_at = recorded.0.or(begin).or(began);
            run.ended_at = recorded.1.or(end).or(attempt.and_then(|a| a.ended));
        }
        run.zone_unknown = run.started_at.is_none() && local.is_some();
        run
    }

    /// Id of an attempt that made no backup: its first line, else the start that the wrapper noted.
    fn attempt_id(&self, server: Option<&str>, what: &str, attempt: &Attempt) -> String {
        let at = attempt.began_local.map(|l| l.to_string());
        let at = at.or_else(|| attempt.began.or(self.record(attempt)?.started_at).map(utc_text));
        let at = at.unwrap_or_else(|| format!("{} {}", attempt.document.digest(), attempt.pointer));
        format!("{} {what} {at}", server.unwrap_or("-"))
    }

    /// The wrapper's clock, or the attempt's own lines.
    fn times(&self, attempt: &Attempt) -> (Option<Instant>, Option<Instant>) {
        let record = self.record(attempt);
        let start = record.and_then(|r| r.started_at).or(attempt.began);
        (start, record.and_then(|r| r.finished_at).or(attempt.ended))
    }

    fn restore(&self, attempt: &Attempt) -> RestoreTest {
        let around = Around { superseded: false, ..self.around(None, None, Some(attempt)) };
        let Verdict { status, raw, detail } = from_lines(attempt, &around);
        let result = match status {
            RunStatus::Success => TestResult::Success,
            RunStatus::Aborted => TestResult::Aborted,
            RunStatus::Failed => TestResult::Failed,
            RunStatus::Running => TestResult::Running,
            // `barman.log` has no line for the end: what it shows is a restore that began.
            _ => TestResult::Partial,
        };
        let id = self.attempt_id(attempt.server.as_deref(), "restore", attempt);
        let origin = self.batch.origin(&attempt.document, &id, &attempt.pointer);
        let mut test = RestoreTest::new(origin, id, result, raw);
        test.from_log = true;
        test.status_detail = detail;
        test.resource = attempt.server.as_deref().map(resource);
        test.system_id = around.record.and_then(|r| r.system.clone());
        let command = around.record.map(|r| r.command.as_str()).unwrap_or_default();
        test.kind = Some(if command.contains("--target-") { TestKind::PointInTime } else { TestKind::Full });
        (test.started_at, test.ended_at) = self.times(attempt);
        test.zone_unknown = test.started_at.is_none() && attempt.began_local.is_some();
        if result == TestResult::Success {
            test.restore_finished_at = test.ended_at;
            test.recovery_point_id.clone_from(&attempt.id);
        }
        test
    }

    /// `verify-backup` runs `pg_verifybackup` over the stored files.
    fn verify(&self, attempt: &Attempt) -> IntegrityCheck {
        let verdict = from_lines(attempt, &self.around(None, None, Some(attempt)));
        let result = match verdict.status {
            RunStatus::Success => Integrity::Pass,
            RunStatus::Failed => Integrity::Fail,
            _ => Integrity::NotChecked,
        };
        self.integrity("verify", attempt, verdict, result)
    }

    /// `check` reads no stored data: it never says that a backup is whole.
    fn check(&self, attempt: &Attempt) -> IntegrityCheck {
        let record = self.record(attempt);
        let failed = attempt.check_failed || by_exit(record).is_some();
        let seen = attempt.check_passed > 0 || record.is_some_and(|r| r.exit_code == Some(0));
        let (status, word) = match (failed, seen) {
            (true, _) => (RunStatus::Failed, "FAILED".to_owned()),
            (_, true) => (RunStatus::Success, "OK".to_owned()),
            _ => (RunStatus::Unknown, exit_text(record)),
        };
        let detail = (!attempt.errors.is_empty()).then(|| attempt.errors.join("; "));
        self.integrity("check", attempt, Verdict { status, raw: word, detail }, Integrity::NotChecked)
    }

    fn integrity(&self, what: &str, attempt: &Attempt, verdict: Verdict, result: Integrity) -> IntegrityCheck {
        let id = self.attempt_id(attempt.server.as_deref(), what, attempt);
        let (started_at, ended_at) = self.times(attempt);
        IntegrityCheck {
            origin: self.batch.origin(&attempt.document, &id, &attempt.pointer),
            check_id: id,
            resource: resource(attempt.server.as_deref().unwrap_or("-")),
            recovery_point_ids: attempt.id.iter().cloned().collect(),
            started_at,
            ended_at,
            status: verdict.status,
            result,
            status_raw: verdict.raw,
            status_detail: verdict.detail,
        }
    }

    fn points(&self, deletions: &[super::stream::Deletion], sink: &mut dyn Sink) {
        let mut points: BTreeMap<Key, RecoveryPoint> = BTreeMap::new();
        for (key, state) in self.backups.iter().filter(|(_, s)| is_point(&s.status)) {
            let id = format!("{} {}", state.server, state.id);
            let mut point = RecoveryPoint::new(self.batch.origin(&state.document, &id, &state.pointer), &state.id);
            point.resource = Some(resource(&state.server));
            point.run_id = Some(id);
            point.component = Some(state.component);
            point.taken_at = state.end;
            point.created_at = state.end;
            point.bytes = state.size;
            point.encrypted = state.encrypted;
            point.cipher.clone_from(&state.encryption);
            point.complete = Some(state.status == "DONE");
            points.insert(key.clone(), point);
        }
        for deletion in deletions {
            let key = (deletion.server.clone(), deletion.id.clone());
            let point = points.entry(key).or_insert_with(|| {
                let id = format!("{} {}", deletion.server, deletion.id);
                let origin = self.batch.origin(&deletion.document, &id, &deletion.pointer);
                let mut point = RecoveryPoint::new(origin, &deletion.id);
                point.resource = Some(resource(&deletion.server));
                point.run_id = Some(id);
                point
            });
            // A console shows seconds; the log's stamp of the same deletion is finer.
            point.deleted_at = point.deleted_at.max(deletion.at);
            point.zone_unknown = point.deleted_at.is_none();
            let reason = if deletion.by_policy { DeleteReason::Expired } else { DeleteReason::Manual };
            point.delete_reason = Some(reason);
        }
        points.into_values().for_each(|point| sink.row(Row::RecoveryPoint(point)));
    }

    /// Only the newest listing of a server can stand for "now" where no record tells its time; an older
    /// one is as old as its newest backup at least, and proves no absence.
    fn listings(&self, mut listings: Vec<Listed>, sink: &mut dyn Sink) {
        listings.sort_by(|a, b| {
            (a.newest, a.at, a.document.name(), &a.pointer).cmp(&(b.newest, b.at, b.document.name(), &b.pointer))
        });
        let last: BTreeMap<String, usize> = listings.iter().enumerate().map(|(n, l)| (l.server.clone(), n)).collect();
        for (n, listing) in listings.into_iter().enumerate() {
            let newest = last.get(&listing.server) == Some(&n);
            let modified = listing.document.modified_at().filter(|at| listing.newest.is_none_or(|end| *at >= end));
            let guess = if newest { modified.or(Some(self.batch.collected_at)) } else { listing.newest };
            let id = format!("listing {} {} {}", listing.server, listing.document.name(), listing.pointer);
            sink.row(Row::Listing(Listing {
                resource: resource(&listing.server),
                listed_at: listing.at.or(guess).unwrap_or(self.batch.collected_at),
                complete: listing.whole && (listing.at.is_some() || newest),
                recovery_point_ids: listing.ids,
                origin: self.batch.origin(&listing.document, id, &listing.pointer),
            }));
        }
    }
}

fn raw_is_waiting(state: Option<&Backup>) -> bool {
    state.is_some_and(|s| s.status == "WAITING_FOR_WALS")
}
