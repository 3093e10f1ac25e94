//! Rows of everything that was found.

use std::collections::BTreeMap;

use model::rows::{BackupRun, RunStatus};

use super::Found;
use crate::Sink;
use crate::record::RunRecord;
use crate::wal::base::{BaseBackup, Names};
use crate::wal::layout::Listing;
use crate::wal::rows::{Context, logs_and_bases};

/// Hands on all rows.
pub(super) fn emit(mut found: Found<'_>, sink: &mut dyn Sink) {
    let mut by_place: BTreeMap<String, Vec<Listing>> = BTreeMap::new();
    for (place, listing) in std::mem::take(&mut found.listings) {
        by_place.entry(place).or_default().push(listing);
    }
    for (place, listings) in by_place {
        for base in from_listings(&found, &place, listings, sink) {
            found.told.base(&place, base);
        }
    }
    found.told.emit(sink);
}

/// What the messages of `backup-push` add to the run of its base backup.
pub(super) fn join(mut run: BackupRun, told: BackupRun, record: Option<&RunRecord>, names: &Names) -> BackupRun {
    run.started_at = record.and_then(|r| r.started_at).or(run.started_at).or(told.started_at);
    run.status_detail = run.status_detail.or(told.status_detail);
    match (run.status, told.status) {
        (RunStatus::Success, RunStatus::Success) => run.ended_at = told.ended_at.or(run.ended_at),
        // Finished, and yet the command did not end well.
        (RunStatus::Success | RunStatus::Partial, status) if status.is_final() => {
            (run.status, run.status_raw) = (RunStatus::Partial, told.status_raw);
            run.ended_at = told.ended_at.or(run.ended_at);
        }
        (RunStatus::Success | RunStatus::Partial, _) => {}
        // Not finished as far as files show: the messages know.
        _ => {
            (run.status, run.status_raw) = (told.status, told.status_raw);
            run.ended_at = told.ended_at;
            if matches!(run.status, RunStatus::Success | RunStatus::Partial) {
                run.taken_at = run.ended_at;
                run.recovery_point_id = Some(names.point_id.clone());
            }
        }
    }
    run
}

/// Base backups that listings of the storage show; rows of their logs are handed on.
fn from_listings(found: &Found<'_>, place: &str, listings: Vec<Listing>, sink: &mut dyn Sink) -> Vec<BaseBackup> {
    let page = |spot: crate::wal::archive::Spot| usize::try_from(spot.page).ok().and_then(|at| found.pages.get(at));
    let Some(first) = found.pages.first() else { return Vec::new() };
    let context = Context {
        facts: &found.facts,
        histories: &found.histories,
        origin: &|spot, record| {
            let page = page(spot).unwrap_or(first);
            found.told.batch.origin(&page.document, format!("{place}:{record}"), page.pointer(spot))
        },
        document: &|spot| page(spot).unwrap_or(first).document.name().to_owned(),
        resource: &|(_, root)| match root.is_empty() {
            true => format!("wal-g:{place}"),
            false => format!("wal-g:{place}/{root}"),
        },
        point_id: &|_, name| name.to_owned(),
        location: None,
    };
    logs_and_bases(&context, listings, sink).into_values().flat_map(BTreeMap::into_values).collect()
}
