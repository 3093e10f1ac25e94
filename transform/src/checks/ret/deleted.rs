//! RET-03: no recovery point was deleted before its time.

use std::collections::BTreeSet;

use chrono::Duration;
use model::assessment::Severity;
use model::inventory::System;
use model::registers::PrincipalKind;
use model::rows::DeleteReason;
use model::time::{Instant, human, utc_text};

use super::super::common::{listings, no_inventory, or_empty, restorable};
use crate::judgement::Judgement;
use crate::points::Point;
use crate::world::World;

/// RET-03. A point that was deleted early, or perhaps, has a result of its own (the unit is its id); all others of a
/// system share one, with the system as unit and the number in the detail, because logs of millions of points exist.
///
/// A deletion that only two listings show happened at some time between them: it is early where even the later time
/// is, in time where even the earlier one is or the point's own expiry lies between, and no evidence otherwise.
pub fn deletions(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let listed: BTreeSet<(&str, Instant)> =
        world.tables.listings.iter().filter(|l| l.complete).map(|l| (l.resource.as_str(), l.listed_at)).collect();
    let times = listings(world);
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let all: Vec<&Point> = world.points_of(i).collect();
        let mut in_time = 0_u64;
        let mut kept_copy = 0_u64;
        let mut own = false;
        for point in all.iter().copied() {
            let Some(deleted) = point.row.deleted_at.filter(|d| world.period.contains(*d) && *d <= world.as_of) else {
                continue;
            };
            if point.row.complete == Some(false) {
                continue;
            }
            match judge(world, &all, point, deleted, &listed) {
                Verdict::InTime => in_time += 1,
                Verdict::CopyKept => kept_copy += 1,
                Verdict::Told(j) => {
                    own = true;
                    out.push(j.about(&system.system_id).rests_on([point.row_id(world.runs)]));
                }
            }
        }
        let whole = seen_whole(world, system, times.get(&system.system_id).map_or(&[], Vec::as_slice));
        out.push(rest(world, i, system, in_time, kept_copy, own, whole));
    }
    or_empty(out, "none_in_scope", "No system was in scope and in service in the period.")
}

enum Verdict {
    InTime,
    CopyKept,
    Told(Judgement),
}

fn judge(
    world: &World<'_>,
    all: &[&Point],
    point: &Point,
    deleted: Instant,
    listed: &BTreeSet<(&str, Instant)>,
) -> Verdict {
    let unit = point.id(world.runs);
    let minimum = world.seconds("min_retention");
    let Some(made) = point.row.created_at.or(point.row.taken_at).filter(|_| !point.row.zone_unknown) else {
        return Verdict::Told(Judgement::no_evidence(
            unit,
            "age_unknown",
            format!("It was gone on {}; recovery_points does not say when it was made.", utc_text(deleted)),
        ));
    };
    let age = (deleted - made).num_seconds();
    let between = point.word(|p| p.resource.as_deref()).is_some_and(|r| listed.contains(&(r, deleted)));
    let seen = point.last_seen_at.filter(|s| between && *s < deleted);
    let youngest = seen.map_or(age, |s| (s - made).num_seconds());
    if youngest >= minimum {
        return Verdict::InTime;
    }
    // Points of a system are in order of time.
    let taken = point.taken_at();
    let first = all.partition_point(|p| p.taken_at() < taken);
    let copy = taken.is_some()
        && all
            .iter()
            .skip(first)
            .take_while(|p| p.taken_at() == taken)
            .any(|p| !std::ptr::eq(*p, point) && restorable(world, p) && p.exists_at(deleted));
    if copy {
        return Verdict::CopyKept;
    }
    if age >= minimum {
        let expiry = point.row.expires_at.filter(|e| (*e - made).num_seconds() >= minimum && *e <= deleted);
        if expiry.is_some() {
            return Verdict::InTime;
        }
        return Verdict::Told(Judgement::no_evidence(
            unit,
            "between_listings",
            format!(
                "Made {}, last listed {} and gone on {}: whether it reached {} cannot be told; list recovery_points more often.",
                utc_text(made),
                seen.map_or_else(String::new, utc_text),
                utc_text(deleted),
                human(minimum)
            ),
        ));
    }
    let by = point.word(|p| p.deleted_by.as_deref());
    let whose = by.map_or_else(String::new, |b| format!(" by {b}"));
    let j = Judgement::fail(
        unit,
        "deleted_early",
        format!(
            "Made {} and deleted{whose} on {}, after {}; {} are needed.",
            utc_text(made),
            utc_text(deleted),
            human(age),
            human(minimum)
        ),
    )
    .violated(deleted, deleted + Duration::seconds(1));
    Verdict::Told(if by.is_some_and(|b| is_person(world, b, point)) {
        j.reason("deleted_by_person").severity(Severity::Critical)
    } else {
        j
    })
}

/// What the register of principals says; without a row a deletion by hand counts as one by a person.
fn is_person(world: &World<'_>, who: &str, point: &Point) -> bool {
    match world.registers.principals.iter().flatten().find(|p| p.principal_id == who) {
        Some(row) => row.kind != PrincipalKind::Service,
        None => point.row.delete_reason == Some(DeleteReason::Manual),
    }
}

/// The result of all points of a system that have none of their own.
fn rest(
    world: &World<'_>,
    index: usize,
    system: &System,
    in_time: u64,
    kept_copy: u64,
    own: bool,
    whole: bool,
) -> Judgement {
    let unit = system.system_id.as_str();
    let locked = world
        .points_of(index)
        .filter(|p| p.row.deleted_at.is_none() && p.row.immutable_until.is_some_and(|l| l > world.until()))
        .count();
    let lock = if locked > 0 { format!(" {locked} points are locked against deletion.") } else { String::new() };
    let j = if in_time + kept_copy > 0 {
        let copies = if kept_copy > 0 { format!(", {kept_copy} of them duplicates") } else { String::new() };
        Judgement::pass(
            unit,
            format!("{} recovery points were deleted in their time{copies}.{lock}", in_time + kept_copy),
        )
    } else if whole {
        let others = if own { "other " } else { "" };
        Judgement::not_applicable(
            unit,
            "none_deleted",
            format!("Complete listings show that no {others}recovery point was deleted in the period.{lock}"),
        )
    } else {
        Judgement::no_evidence(
            unit,
            "listings_incomplete",
            format!(
                "No complete listing (recovery_points) covers the period: a deletion may have happened unseen.{lock}"
            ),
        )
    };
    j.about(unit)
}

/// True where complete listings cover the time in service, or stand on both sides of it.
fn seen_whole(world: &World<'_>, system: &System, times: &[Instant]) -> bool {
    let Some((from, to)) = system.in_service(world.period.start(), world.until()) else { return false };
    if world.coverage.covers("recovery_points", &system.system_id, from, to) {
        return true;
    }
    let began = system.onboarded_at >= world.period.start();
    (began || times.iter().any(|t| *t <= from)) && times.iter().any(|t| *t >= to)
}
