//! RET-02: recovery points as old as the minimum retention really exist.

use chrono::{Datelike, Duration, Months, NaiveDate};
use model::inventory::System;
use model::time::{Instant, day_of, day_start, human, utc_text};

use super::super::common::{filled, listings, no_inventory, or_none_in_scope, restorable};
use super::super::places::{location, places};
use crate::judgement::Judgement;
use crate::points::Point;
use crate::world::World;

/// Beginnings of durability classes, in lower case without separators, that do not give data back at once: Amazon S3
/// `GLACIER` (3 to 5 hours) and `DEEP_ARCHIVE` (within 12 hours); `GLACIER_IR` does ("Understanding archive retrieval
/// options", Amazon S3 User Guide). The first that fits counts.
const RETRIEVAL_S: [(&str, i64); 3] = [("glacierir", 0), ("glacier", 5 * 3_600), ("deeparchive", 12 * 3_600)];

/// RET-02, at the listing next to each month end of the period, where one was kept within a day of it, and at the last
/// one up to `as_of`.
///
/// A point must have been listed: a run that succeeded shows that a point was made and not that it is still there.
/// Copies count, because the system can be restored from them. So does a point in colder storage, where it comes back
/// within the recovery time objective. The window is longer by `schedule_tolerance`, so that
/// a daily backup that starts some minutes later on one day is not called deleted (reason `drift`).
pub fn existing(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let minimum = world.seconds("min_retention");
    let listed = listings(world);
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        if system.retired_at.is_some_and(|r| r <= world.as_of) {
            out.push(Judgement::not_applicable(unit, "retired", "The system is retired at as_of.").about(unit));
            continue;
        }
        if due_from(world, system, minimum) > world.as_of {
            let text = format!(
                "In service for less than {}; until then every point made must still exist, which RET-03 tests.",
                human(minimum)
            );
            out.push(Judgement::not_applicable(unit, "not_yet_due", text).about(unit));
            continue;
        }
        out.push(judge(world, i, system, minimum, listed.get(unit).map_or(&[], Vec::as_slice)).about(unit));
    }
    or_none_in_scope(out)
}

/// From when on a point as old as the minimum must be there: the first one may come an interval after onboarding.
fn due_from(world: &World<'_>, system: &System, minimum: i64) -> Instant {
    system.onboarded_at + Duration::seconds(minimum + world.seconds("max_backup_interval"))
}

/// What is known of the window at one instant.
enum Found {
    Point { record: String, taken: Instant, drift: bool },
    Absent,
    NotListed,
}

fn judge(world: &World<'_>, index: usize, system: &System, minimum: i64, listings: &[Instant]) -> Judgement {
    let unit = system.system_id.as_str();
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
    let old_enough = |t: &Instant| due_from(world, system, minimum) <= *t;
    if newest < world.period.start() || !old_enough(&newest) {
        return Judgement::no_evidence(
            unit,
            "not_listed",
            format!(
                "Recovery points were last listed on {} (recovery_points): what is left since then is not known.",
                utc_text(newest)
            ),
        );
    }
    // What was there at a month end is known at the time of the listing next to it, and not to the second.
    let day = Duration::days(1);
    let mut instants: Vec<Instant> = month_ends(world)
        .into_iter()
        .filter_map(|end| {
            let before = listings.iter().rev().find(|t| **t <= end && **t > end - day);
            before.or_else(|| listings.iter().find(|t| **t > end && **t < end + day)).copied()
        })
        .filter(old_enough)
        .filter(|t| *t < newest)
        .collect();
    instants.push(newest);
    let mut records = Vec::new();
    let mut drifted = false;
    let mut found = None;
    let mut unknown = None;
    for at in instants {
        match look(world, index, system, minimum, at, listings) {
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
            Found::NotListed => unknown = Some(at),
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

fn window(world: &World<'_>, minimum: i64, at: Instant) -> (Instant, Instant) {
    let to = at - Duration::seconds(minimum);
    (to - Duration::seconds(world.seconds("max_backup_interval")), to)
}

fn look(world: &World<'_>, index: usize, system: &System, minimum: i64, at: Instant, listings: &[Instant]) -> Found {
    let (from, to) = window(world, minimum, at);
    let slack = Duration::seconds(world.seconds("schedule_tolerance"));
    let mut best: Option<(Instant, &Point)> = None;
    for point in world.points_of(index) {
        let Some(taken) = point.taken_at() else { continue };
        let listed = point.last_seen_at.is_some_and(|t| t >= at);
        if taken >= from - slack
            && taken <= to
            && listed
            && point.exists_at(at)
            && restorable(world, point)
            && comes_back_in_time(world, system, point, at)
            && point.holds_data(system.kind)
            && !point.row.zone_unknown
            && best.as_ref().is_none_or(|(t, _)| taken > *t)
        {
            best = Some((taken, point));
        }
    }
    if let Some((taken, point)) = best {
        return Found::Point { record: point.row_id(world.runs), taken, drift: taken < from };
    }
    let sample = world.pitr_of(index).rfind(|s| s.observed_at <= at && s.observed_at > from);
    if let Some(sample) = sample
        && let (Some(earliest), Some(latest)) = (sample.earliest_restorable_at, sample.latest_restorable_at)
        && earliest <= to
        && latest >= from
    {
        let record = format!("pitr/{}/{}", sample.origin.source_id, utc_text(sample.observed_at));
        return Found::Point { record, taken: earliest, drift: false };
    }
    let covered = world.coverage.covers("recovery_points", &system.system_id, from, at);
    if covered || listings.contains(&at) { Found::Absent } else { Found::NotListed }
}

/// True unless the class of storage that a point lies in takes longer to give it back than the system may be down.
fn comes_back_in_time(world: &World<'_>, system: &System, point: &Point, at: Instant) -> bool {
    let place = location(world, point).and_then(|id| places(world).get(id));
    let wait = place.and_then(|p| p.fact(at, |r| filled(r.class()))).map_or(0, |f| retrieval_s(f.value));
    wait == 0 || world.objective(system, at).and_then(|o| o.rto_s).is_none_or(|rto| wait <= rto)
}

/// Longest time that a standard retrieval from a class of storage takes before its data can be read, in seconds.
fn retrieval_s(class: &str) -> i64 {
    let name: String = class.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    RETRIEVAL_S.iter().find(|(beginning, _)| name.starts_with(beginning)).map_or(0, |(_, seconds)| *seconds)
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
