//! RET-02: recovery points as old as the minimum retention really exist.

use chrono::{Datelike, Duration, Months, NaiveDate};
use model::inventory::System;
use model::time::{Instant, day_of, day_start, human, utc_text};

use super::super::common::{no_inventory, or_empty, restorable};
use crate::judgement::Judgement;
use crate::world::World;

/// RET-02, at each month end of the period that listings cover, and at the last listing up to `as_of`.
///
/// A point must have been listed: a run that succeeded shows that a point was made and not that it is still there.
/// Copies count, because the system can be restored from them. The window is longer by `schedule_tolerance`, so that
/// a daily backup that starts some minutes later on one day is not called deleted (reason `drift`).
pub fn existing(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let minimum = world.seconds("min_retention");
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        if system.retired_at.is_some_and(|r| r <= world.as_of) {
            out.push(Judgement::not_applicable(unit, "retired", "The system is retired at as_of.").about(unit));
            continue;
        }
        if system.onboarded_at + Duration::seconds(minimum) > world.as_of {
            let text = format!(
                "In service for less than {}; until then every point made must still exist, which RET-03 tests.",
                human(minimum)
            );
            out.push(Judgement::not_applicable(unit, "not_yet_due", text).about(unit));
            continue;
        }
        out.push(judge(world, i, system, minimum).about(unit));
    }
    or_empty(out, "none_in_scope", "No system was in scope and in service in the period.")
}

/// What is known of the window at one instant.
enum Found {
    Point { record: String, taken: Instant, drift: bool },
    Absent,
    NotListed,
}

fn judge(world: &World<'_>, index: usize, system: &System, minimum: i64) -> Judgement {
    let unit = system.system_id.as_str();
    let listings = listings(world, system);
    let samples = world.pitr_of(index).map(|s| s.observed_at);
    let newest = listings
        .iter()
        .copied()
        .chain(world.points_of(index).filter_map(|p| p.last_seen_at))
        .chain(samples)
        .filter(|t| *t <= world.as_of)
        .max();
    let Some(newest) = newest else {
        return Judgement::no_evidence(
            unit,
            "not_listed",
            "No listing of recovery points or restorable range is on record (recovery_points, pitr_status): runs alone do not show that a point is still there.",
        );
    };
    let old_enough = |t: &Instant| system.onboarded_at + Duration::seconds(minimum) <= *t;
    let mut instants: Vec<Instant> = month_ends(world).into_iter().filter(old_enough).filter(|t| *t < newest).collect();
    instants.push(newest);
    let mut records = Vec::new();
    let mut drifted = false;
    let mut found = None;
    let mut unknown = None;
    for at in instants {
        match look(world, index, system, minimum, at, &listings) {
            Found::Point { record, taken, drift } => {
                records.push(record);
                drifted |= drift;
                found = Some((at, taken));
            }
            Found::Absent => {
                let (from, to) = window(world, minimum, at);
                return Judgement::fail(
                    unit,
                    "none_as_old",
                    format!(
                        "On {} no restorable point taken between {} and {} was left; {} of retention are needed.",
                        utc_text(at),
                        utc_text(from),
                        utc_text(to),
                        human(minimum)
                    ),
                )
                .violated(at, at + Duration::seconds(1));
            }
            // Month ends count only where listings were kept.
            Found::NotListed if at == newest => unknown = Some(at),
            Found::NotListed => {}
        }
    }
    match (unknown, found) {
        (Some(at), _) => Judgement::no_evidence(
            unit,
            "listing_incomplete",
            format!(
                "Of the listings up to {} none is complete for this system (recovery_points): a point as old as {} may exist unseen.",
                utc_text(at),
                human(minimum)
            ),
        ),
        (None, Some((at, taken))) => {
            let j = Judgement::pass(
                unit,
                format!("On {} a restorable point of {} was there.", utc_text(at), utc_text(taken)),
            );
            if drifted { j.reason("drift") } else { j }
        }
        (None, None) => Judgement::no_evidence(unit, "not_listed", "No listing (recovery_points) could be judged."),
    }
    .rests_on(records)
}

/// Times of complete listings of the system, ascending.
fn listings(world: &World<'_>, system: &System) -> Vec<Instant> {
    let mut out: Vec<Instant> = world
        .tables
        .listings
        .iter()
        .filter(|l| l.complete && l.listed_at <= world.as_of)
        .filter(|l| matches!(world.inventory.resolve(&l.resource), Ok(Some(s)) if s.system_id == system.system_id))
        .map(|l| l.listed_at)
        .collect();
    out.sort();
    out
}

fn window(world: &World<'_>, minimum: i64, at: Instant) -> (Instant, Instant) {
    let to = at - Duration::seconds(minimum);
    (to - Duration::seconds(world.seconds("max_backup_interval")), to)
}

fn look(world: &World<'_>, index: usize, system: &System, minimum: i64, at: Instant, listings: &[Instant]) -> Found {
    let (from, to) = window(world, minimum, at);
    let slack = Duration::seconds(world.seconds("schedule_tolerance"));
    let mut best: Option<(Instant, String)> = None;
    for point in world.points_of(index) {
        let Some(taken) = point.taken_at() else { continue };
        let listed = point.last_seen_at.is_some_and(|t| t >= at);
        if taken >= from - slack
            && taken <= to
            && listed
            && point.exists_at(at)
            && restorable(world, point)
            && point.holds_data(system.kind)
            && !point.row.zone_unknown
            && best.as_ref().is_none_or(|(t, _)| taken > *t)
        {
            best = Some((taken, point.row_id.clone()));
        }
    }
    if let Some((taken, record)) = best {
        return Found::Point { record, taken, drift: taken < from };
    }
    let sample = world.pitr_of(index).filter(|s| s.observed_at <= at && s.observed_at > from).next_back();
    if let Some(sample) = sample
        && let (Some(earliest), Some(latest)) = (sample.earliest_restorable_at, sample.latest_restorable_at)
        && earliest <= to
        && latest >= from
    {
        let record = format!("pitr/{}/{}", sample.origin.source_id, utc_text(sample.observed_at));
        return Found::Point { record, taken: earliest, drift: false };
    }
    let day = Duration::days(1);
    let covered = world.coverage.covers("recovery_points", &system.system_id, from, at);
    let listed = listings.iter().any(|t| *t >= at && *t <= at + day || *t <= at && *t > at - day);
    if covered || listed { Found::Absent } else { Found::NotListed }
}

/// Ends of the months of the period up to `as_of`.
fn month_ends(world: &World<'_>) -> Vec<Instant> {
    let zone = world.period.zone();
    let first = day_of(world.period.start(), zone);
    let mut month = NaiveDate::from_ymd_opt(first.year(), first.month(), 1);
    let mut out = Vec::new();
    while let Some(next) = month.and_then(|m| m.checked_add_months(Months::new(1))) {
        let end = day_start(next, zone);
        if end > world.until() {
            break;
        }
        out.push(end);
        month = Some(next);
    }
    out
}
