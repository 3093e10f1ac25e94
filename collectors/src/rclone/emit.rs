//! Jobs to rows.

use model::rows::{BackupRun, Component, Integrity, IntegrityCheck, Row, RunStatus};

use super::command::{Action, exit_code};
use super::config::encrypts;
use super::gather::{Found, Told};
use crate::groups::tell_future;
use crate::verdict::{Around, Ids, Verdict, verdict};
use crate::{Batch, Sink};

/// How a crypt remote encrypts, always (documentation, "Crypt", "File formats").
const CIPHER: &str = "XSalsa20-Poly1305";

pub(super) fn emit(batch: &Batch<'_>, found: &Found<'_>, sink: &mut dyn Sink) {
    let mut ids = Ids::default();
    for told in &found.jobs {
        match told.action {
            Action::Copy => {
                let row = copy(batch, told, found, &mut ids);
                tell_future(batch, &row, sink);
                sink.row(Row::Run(row));
            }
            Action::Check => sink.row(Row::IntegrityCheck(check(batch, told, &mut ids))),
            Action::Remotes | Action::Other => {}
        }
    }
}

fn judged(batch: &Batch<'_>, told: &Told<'_>) -> Verdict {
    let mut said = told.job.said.clone();
    let around = Around {
        record: told.record.as_ref(),
        masked: told.masked,
        missing: told.missing,
        collected_at: batch.collected_at,
    };
    let exit = told.record.as_ref().and_then(|r| r.exit_code).filter(|_| !told.masked);
    if let (Some(error), true) = (&told.job.error, exit.is_some_and(|c| c != 0)) {
        // rclone tries again: an error counts only where the command failed.
        said.fail(error);
    }
    let mut out = verdict(&said, &around, &exit_code);
    if out.detail.is_none() && out.status == RunStatus::Success {
        out.detail.clone_from(&told.job.skipped);
    }
    if out.status == RunStatus::Unknown {
        out.detail = told.job.error.clone().map(|e| crate::shell::without_credentials(&e)).or(out.detail);
    }
    out
}

fn destination<'t>(told: &'t Told<'_>) -> Option<&'t str> {
    told.command.as_ref().and_then(|c| c.destination.as_deref())
}

fn copy(batch: &Batch<'_>, told: &Told<'_>, found: &Found<'_>, ids: &mut Ids) -> BackupRun {
    let verdict = judged(batch, told);
    let place = destination(told);
    let verb = told.command.as_ref().map_or("copy", |c| c.verb.as_str());
    let id = ids.of(verb, told.times.0, place.unwrap_or_default(), told.document.name(), &told.job.hash);
    let mut row = BackupRun::new(batch.origin(told.document, &id, &told.pointer), id, verdict.status, verdict.raw);
    row.status_detail = verdict.detail;
    row.resource = place.map(|d| format!("rclone:{d}"));
    row.component = Some(Component::Mirror);
    row.started_at = told.times.0;
    row.ended_at = told.times.1.filter(|_| told.record.is_some() || told.job.said.closed());
    row.zone_unknown = told.zone_unknown;
    row.unchanged = row.status == RunStatus::Success && told.job.nothing_to_transfer;
    // That a remote is no crypt remote proves nothing: its provider may encrypt.
    if row.status == RunStatus::Success && place.is_some_and(|d| encrypts(d, &found.remotes)) {
        row.encrypted = Some(true);
        row.cipher = Some(CIPHER.to_owned());
    }
    if let Some(record) = &told.record {
        row.system_id.clone_from(&record.system);
        row.plan_id.clone_from(&record.plan_id);
    }
    row
}

fn check(batch: &Batch<'_>, told: &Told<'_>, ids: &mut Ids) -> IntegrityCheck {
    let verdict = judged(batch, told);
    let place = destination(told).unwrap_or_default();
    let verb = told.command.as_ref().map_or("check", |c| c.verb.as_str());
    let id = ids.of(verb, told.times.0, place, told.document.name(), &told.job.hash);
    IntegrityCheck {
        origin: batch.origin(told.document, &id, &told.pointer),
        check_id: id,
        resource: format!("rclone:{place}"),
        recovery_point_ids: Vec::new(),
        started_at: told.times.0,
        ended_at: told.times.1,
        status: verdict.status,
        result: if verdict.status == RunStatus::Success { Integrity::Pass } else { Integrity::NotChecked },
        status_raw: verdict.raw,
        status_detail: verdict.detail,
    }
}
