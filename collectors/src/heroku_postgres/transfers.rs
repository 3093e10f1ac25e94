//! Transfers: backups, restores and copies of `pg:backups`.
//!
//! Kinds, names and states are derived as the official CLI (11.x) derives them: `pg_dump` to `gof3r`
//! is a backup, automatic (`a042`) with a schedule and manual (`b042`) without; `pg_dump` to
//! `pg_restore` is a copy (`c042`); anything else to `pg_restore` is a restore (`r042`).

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{
    BackupRun, Component, DeleteReason, Listing, RecoveryPoint, RestoreTest, Row, RunStatus, TestKind, TestResult,
    Trigger,
};
use model::time::Instant;
use serde_json::Value;

use super::names::Names;
use super::piece::{Piece, count, text, time, without_secrets};
use crate::{Batch, Sink, problem};

/// Where Heroku keeps the dumps that it makes.
const LOCATION: &str = "heroku-postgres:pgbackups";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Backup { scheduled: bool },
    Copy,
    Restore,
    Unknown,
}

/// Hands on the rows of all transfers, each transfer once, and what the lists show to be present.
pub(super) fn read(
    batch: &Batch<'_>,
    names: &Names,
    transfers: &[&Piece<'_>],
    lists: &[&Piece<'_>],
    sink: &mut dyn Sink,
) {
    let mut newest: BTreeMap<(String, String), &Piece<'_>> = BTreeMap::new();
    let mut homeless: BTreeSet<&str> = BTreeSet::new();
    for piece in transfers.iter().copied() {
        let app = names.app(piece);
        if app.is_none() && homeless.insert(piece.document.name()) {
            let message = "does not say which app it belongs to; put it into a folder of the app's name, or write {\"app\":\"NAME\",\"transfers\":[…]}";
            sink.problem(problem(piece.document, None, message));
        }
        let id = text(&piece.value, "uuid").or_else(|| text(&piece.value, "num")).unwrap_or_default();
        newest
            .entry((app.unwrap_or_default(), id))
            .and_modify(|kept| {
                if freshness(piece) > freshness(kept) {
                    *kept = piece;
                }
            })
            .or_insert(piece);
    }
    // A restore names its backup only by the address of the dump.
    let points: BTreeMap<String, (String, String)> = newest
        .iter()
        .filter(|(_, p)| matches!(kind(&p.value), Kind::Backup { .. }))
        .filter_map(|((app, _), p)| {
            Some((address(&p.value, "to_url")?, (name(app, &p.value), resource(names, app, &p.value, "from_name")?)))
        })
        .collect();
    for ((app, id), piece) in &newest {
        let transfer = Transfer { batch, names, app, id, piece };
        match kind(&piece.value) {
            Kind::Restore => transfer.restore(&points, sink),
            kind => transfer.run(kind, sink),
        }
    }
    listings(batch, names, transfers, lists, sink);
}

/// The newest state wins; of two equal ones that with the log, then that collected later.
fn freshness(piece: &Piece<'_>) -> (String, bool, Instant) {
    (text(&piece.value, "updated_at").unwrap_or_default(), piece.value.get("logs").is_some(), piece.at)
}

fn kind(value: &Value) -> Kind {
    match (text(value, "from_type").as_deref(), text(value, "to_type").as_deref()) {
        (Some("pg_dump"), Some("gof3r")) => {
            Kind::Backup { scheduled: value.get("schedule").is_some_and(|s| !s.is_null()) }
        }
        (Some("pg_dump"), Some("pg_restore")) => Kind::Copy,
        (Some(_), Some("pg_restore")) => Kind::Restore,
        _ => Kind::Unknown,
    }
}

/// `app/a042`: the name that the CLI shows, within its app.
fn name(app: &str, value: &Value) -> String {
    let old = value.get("options").and_then(|o| text(o, "pgbackups_name"));
    let short = match (old, kind(value)) {
        (Some(old), _) => format!("o{old}"),
        (None, kind) => {
            let letter = match kind {
                Kind::Backup { scheduled: true } => 'a',
                Kind::Backup { scheduled: false } | Kind::Unknown => 'b',
                Kind::Copy => 'c',
                Kind::Restore => 'r',
            };
            match count(value, "num") {
                Some(num) => format!("{letter}{num:03}"),
                None => format!("{letter}{}", text(value, "uuid").unwrap_or_default()),
            }
        }
    };
    if app.is_empty() { short } else { format!("{app}/{short}") }
}

fn resource(names: &Names, app: &str, value: &Value, key: &str) -> Option<String> {
    if app.is_empty() { None } else { text(value, key).map(|name| names.resource(app, &name)) }
}

/// Address of a dump without its signature: compared, never shown.
fn address(value: &Value, key: &str) -> Option<String> {
    text(value, key).map(|url| url.split(['?', '#']).next().unwrap_or_default().to_owned())
}

/// A backup that no schedule made.
pub(super) fn is_manual_backup(value: &Value) -> bool {
    kind(value) == Kind::Backup { scheduled: false }
}

/// State in our words and in those of the CLI.
pub(super) fn status(value: &Value) -> (RunStatus, String) {
    let set = |key| text(value, key).is_some();
    let warnings = count(value, "warnings").unwrap_or(0);
    let succeeded = value.get("succeeded").and_then(Value::as_bool);
    if set("finished_at") && succeeded == Some(true) {
        if warnings > 0 {
            (RunStatus::Partial, format!("Finished with {warnings} warnings"))
        } else {
            (RunStatus::Success, "Completed".to_owned())
        }
    } else if set("canceled_at") {
        (RunStatus::Aborted, "Canceled".to_owned())
    } else if set("finished_at") {
        (RunStatus::Failed, "Failed".to_owned())
    } else if set("started_at") {
        (RunStatus::Running, "Running".to_owned())
    } else {
        (RunStatus::Pending, "Pending".to_owned())
    }
}

/// Last error of the transfer's log, else its last warning.
fn detail(value: &Value) -> Option<String> {
    let logs = value.get("logs")?.as_array()?;
    ["error", "warning"].into_iter().find_map(|level| {
        let line = logs.iter().rev().find(|l| text(l, "level").as_deref() == Some(level))?;
        text(line, "message").map(|m| without_secrets(&m))
    })
}

struct Transfer<'a> {
    batch: &'a Batch<'a>,
    names: &'a Names,
    app: &'a str,
    id: &'a str,
    piece: &'a Piece<'a>,
}

impl Transfer<'_> {
    fn time(&self, key: &str, zone_unknown: &mut bool, sink: &mut dyn Sink) -> Option<Instant> {
        let (at, unknown) = time(self.batch, self.piece, &self.piece.value, key, sink);
        *zone_unknown |= unknown;
        at
    }

    fn origin(&self) -> model::rows::Origin {
        self.batch.origin(self.piece.document, self.id, &*self.piece.pointer)
    }

    fn size(&self, key: &str, sink: &mut dyn Sink) -> Option<u64> {
        let size = count(&self.piece.value, key);
        if size.is_none() && text(&self.piece.value, key).is_some() {
            let place = format!("{}/{key}", self.piece.pointer);
            sink.problem(problem(self.piece.document, Some(place), "not a number of bytes: not read".to_owned()));
        }
        size
    }

    fn run(&self, kind: Kind, sink: &mut dyn Sink) {
        let value = &self.piece.value;
        let (mut status, raw) = status(value);
        let mut detail = detail(value);
        if kind == Kind::Unknown {
            let word = |key| text(value, key).unwrap_or_else(|| "nothing".to_owned());
            let what = format!(
                "a transfer from {} to {}, which is neither backup, copy nor restore",
                word("from_type"),
                word("to_type")
            );
            sink.problem(problem(
                self.piece.document,
                Some(self.piece.pointer.clone()),
                format!("{what}: read as unknown"),
            ));
            status = RunStatus::Unknown;
            detail = Some(what);
        }
        let mut run = BackupRun::new(self.origin(), name(self.app, value), status, raw);
        run.resource = resource(self.names, self.app, value, "from_name");
        run.status_detail = detail;
        run.started_at = self.time("started_at", &mut run.zone_unknown, sink);
        run.ended_at = self.time("finished_at", &mut run.zone_unknown, sink);
        // A cancelled transfer may lack the end.
        if run.ended_at.is_none() && status == RunStatus::Aborted {
            run.ended_at = self.time("canceled_at", &mut run.zone_unknown, sink);
        }
        run.bytes = self.size("source_bytes", sink);
        run.bytes_stored = self.size("processed_bytes", sink);
        match kind {
            Kind::Backup { scheduled } => {
                if run.resource.is_none() && !self.app.is_empty() {
                    let message = "does not say which database it is a backup of: it counts for none";
                    sink.problem(problem(
                        self.piece.document,
                        Some(format!("{}/from_name", self.piece.pointer)),
                        message,
                    ));
                }
                run.component = Some(Component::Logical);
                run.trigger = Some(if scheduled { Trigger::Scheduled } else { Trigger::Manual });
                run.plan_id = value.get("schedule").and_then(|s| text(s, "uuid"));
                if matches!(status, RunStatus::Success | RunStatus::Partial) {
                    run.recovery_point_id = Some(run.run_id.clone());
                    run.location_id = Some(LOCATION.to_owned());
                    let point = self.point(&run, sink);
                    sink.row(Row::RecoveryPoint(point));
                }
            }
            // A copy overwrites another database and leaves no recovery point.
            Kind::Copy => run.component = Some(Component::Replica),
            Kind::Restore | Kind::Unknown => {}
        }
        sink.row(Row::Run(run));
    }

    fn point(&self, run: &BackupRun, sink: &mut dyn Sink) -> RecoveryPoint {
        let mut point = RecoveryPoint::new(self.origin(), run.run_id.clone());
        point.resource.clone_from(&run.resource);
        point.plan_id.clone_from(&run.plan_id);
        point.run_id = Some(run.run_id.clone());
        point.component = run.component;
        // pg_dump shows the database as it was when it began.
        point.taken_at = run.started_at;
        point.created_at = run.ended_at;
        point.location_id.clone_from(&run.location_id);
        point.bytes = run.bytes;
        point.complete = (run.status == RunStatus::Success).then_some(true);
        point.zone_unknown = run.zone_unknown;
        let deleted = self.time("deleted_at", &mut point.zone_unknown, sink);
        point.deleted_at = deleted.or_else(|| self.time("purged_at", &mut point.zone_unknown, sink));
        // Thinned by Heroku or deleted by hand: the transfer does not tell.
        point.delete_reason = point.deleted_at.map(|_| DeleteReason::Unknown);
        point
    }

    fn restore(&self, points: &BTreeMap<String, (String, String)>, sink: &mut dyn Sink) {
        let value = &self.piece.value;
        let (status, raw) = status(value);
        let result = match status {
            RunStatus::Success => TestResult::Success,
            RunStatus::Partial => TestResult::Partial,
            RunStatus::Running => TestResult::Running,
            RunStatus::Pending => TestResult::Planned,
            RunStatus::Aborted => TestResult::Aborted,
            RunStatus::Failed | RunStatus::Expired | RunStatus::Unknown => TestResult::Failed,
        };
        let mut test = RestoreTest::new(self.origin(), name(self.app, value), result, raw);
        let target = resource(self.names, self.app, value, "to_name");
        let source = address(value, "from_url").and_then(|url| points.get(&url));
        test.recovery_point_id = source.map(|(point, _)| point.clone());
        test.environment = target.as_deref().and_then(|t| t.strip_prefix("heroku-postgres:")).map(str::to_owned);
        test.resource = source.map(|(_, resource)| resource.clone()).or(target);
        test.kind = Some(TestKind::Full);
        test.status_detail = detail(value);
        test.from_log = true;
        test.started_at = self.time("started_at", &mut test.zone_unknown, sink);
        test.ended_at = self.time("finished_at", &mut test.zone_unknown, sink);
        if test.ended_at.is_none() && result == TestResult::Aborted {
            test.ended_at = self.time("canceled_at", &mut test.zone_unknown, sink);
        }
        if matches!(result, TestResult::Success | TestResult::Partial) {
            test.restore_finished_at = test.ended_at;
        }
        test.bytes = self.size("processed_bytes", sink);
        sink.row(Row::RestoreTest(test));
    }
}

/// Recovery points that each list shows. The API gives all transfers of an app in one answer, so a
/// list is whole; two lists of one app at one moment can't both be, and then neither counts.
fn listings(batch: &Batch<'_>, names: &Names, transfers: &[&Piece<'_>], lists: &[&Piece<'_>], sink: &mut dyn Sink) {
    let lists: Vec<(String, &Piece<'_>)> = lists.iter().filter_map(|l| Some((names.app(l)?, *l))).collect();
    for (app, list) in &lists {
        let mut present: BTreeMap<String, Vec<String>> =
            names.resources_of(app).into_iter().map(|r| (r, Vec::new())).collect();
        let inside = format!("{}/", list.pointer);
        for item in transfers.iter().filter(|t| {
            t.document.name() == list.document.name()
                && matches!(kind(&t.value), Kind::Backup { .. })
                && t.pointer.strip_prefix(&inside).is_some_and(|rest| !rest.contains('/'))
        }) {
            let value = &item.value;
            let Some(resource) = resource(names, app, value, "from_name") else { continue };
            let good = matches!(status(value).0, RunStatus::Success | RunStatus::Partial)
                && text(value, "deleted_at").is_none()
                && text(value, "purged_at").is_none();
            if good {
                present.entry(resource).or_default().push(name(app, value));
            }
        }
        let complete = lists.iter().filter(|(a, l)| a == app && l.at == list.at).count() == 1;
        for (resource, mut ids) in present {
            ids.sort();
            sink.row(Row::Listing(Listing {
                origin: batch.origin(list.document, format!("listing {resource}"), &*list.pointer),
                resource,
                listed_at: list.at,
                recovery_point_ids: ids,
                complete,
            }));
        }
    }
}
