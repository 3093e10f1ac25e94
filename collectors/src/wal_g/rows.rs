//! Rows of everything that was found.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{BackupRun, Listing as Listed, Row, RunStatus};
use model::time::utc_text;

use super::Found;
use crate::Sink;
use crate::wal::attempt::{Action, Attempt};
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
            found.base(&place, base);
        }
    }
    // Base backups of the same name in two archives.
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (place, name) in found.bases.keys() {
        seen.entry(name).or_default().insert(place);
    }
    let point_id = |place: &str, name: &str| match seen.get(name).is_some_and(|places| places.len() > 1) {
        true => format!("{place} {name}"),
        false => name.to_owned(),
    };
    let place_of = |attempt: &Attempt| attempt.locator.clone().unwrap_or_else(|| found.only_place.clone());
    let mut of_base: BTreeMap<(String, &str), &Attempt> = BTreeMap::new();
    for attempt in found.attempts.iter().filter(|a| a.action == Action::Push) {
        if let Some(base) = &attempt.base {
            of_base.insert((place_of(attempt), base), attempt);
        }
    }
    for ((place, name), base) in &found.bases {
        let attempt = of_base.get(&(place.clone(), name.as_str())).copied();
        let resource = format!("wal-g:{place}");
        let names = Names {
            run_id: format!("{resource} {name}"),
            point_id: point_id(place, name),
            resource,
            location_id: None,
        };
        sink.row(Row::Run(run(&found, base, attempt, &names)));
        if let Some(point) = base.point(&names) {
            sink.row(Row::RecoveryPoint(point));
        }
    }
    for attempt in &found.attempts {
        let place = place_of(attempt);
        let resource = format!("wal-g:{place}");
        let record = attempt.record.and_then(|at| found.records.get(at));
        match attempt.action {
            Action::Fetch => attempt.restore(found.batch, &resource, record, sink),
            Action::Push
                if attempt.base.as_ref().is_some_and(|b| found.bases.contains_key(&(place.clone(), b.clone()))) => {}
            Action::Push | Action::WalPush => sink.row(Row::Run(attempt.run(found.batch, &resource, record))),
        }
    }
    for list in &found.lists {
        let resource = format!("wal-g:{}", list.locator);
        let mut recovery_point_ids: Vec<String> = list.names.iter().map(|n| point_id(&list.locator, n)).collect();
        recovery_point_ids.sort();
        let id = format!("listing:{resource}:{}", utc_text(list.at));
        sink.row(Row::Listing(Listed {
            resource,
            listed_at: list.at,
            recovery_point_ids,
            complete: list.whole,
            origin: found.batch.origin(&list.document, id, &list.pointer),
        }));
    }
}

/// The run of a base backup that is there, with what its messages tell.
fn run(found: &Found<'_>, base: &BaseBackup, attempt: Option<&Attempt>, names: &Names) -> BackupRun {
    let mut run = base.run(names);
    let Some(attempt) = attempt else { return run };
    let record = attempt.record.and_then(|at| found.records.get(at));
    let told = attempt.run(found.batch, &names.resource, record);
    run.plan_id = told.plan_id;
    run.system_id = told.system_id;
    run.started_at = record.and_then(|r| r.started_at).or(run.started_at).or(told.started_at);
    run.status_detail = run.status_detail.or(told.status_detail);
    match (base.status, told.status) {
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
            found.batch.origin(&page.document, format!("{place}:{record}"), page.pointer(spot))
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
