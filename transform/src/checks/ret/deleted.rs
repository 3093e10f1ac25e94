//! RET-03: no recovery point was deleted before its time.

use chrono::Duration;
use model::assessment::Severity;
use model::inventory::System;
use model::registers::PrincipalKind;
use model::rows::{DeleteReason, Immutability};
use model::time::{Instant, human, utc_text};

use super::super::common::{listings, no_inventory, or_none_in_scope, restorable};
use super::super::places::{location, places};
use crate::judgement::Judgement;
use crate::points::Point;
use crate::world::World;

/// RET-03. A point that was deleted early, or perhaps, has a result of its own (the unit is its id); all others of a
/// system share one, with the system as unit and the number in the detail, because logs of millions of points exist.
///
/// A deletion that only listings show happened at some time between them ([`Point::gone_after`]): it is early where even
/// the later time is, in time where even the earlier one is or the point's own expiry lies between, and no evidence
/// otherwise. It is one of the period where both times lie in it; where the period begins or ends between them, an early
/// one is no evidence, and one in time speaks against nothing.
///
/// Without complete listings it holds by construction where locks forbid every early deletion ([`locked_whole`]).
pub fn deletions(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let times = listings(world);
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let all: Vec<&Point> = world.points_of(i).collect();
        let whole = seen_whole(world, system, times.get(&system.system_id));
        let mut rest = Rest { whole, locked: !whole && locked_whole(world, i, system), ..Rest::default() };
        for point in all.iter().copied().filter(|p| p.row.complete != Some(false)) {
            let Some(gone) = Gone::of(world, point) else { continue };
            match judge(world, &all, point, &gone) {
                Verdict::InTime if gone.is_certain => rest.in_time += 1,
                Verdict::CopyKept if gone.is_certain => rest.kept_copy += 1,
                Verdict::InTime | Verdict::CopyKept => rest.perhaps += 1,
                Verdict::Told(j) => {
                    rest.own = true;
                    out.push(j.about(&system.system_id).rests_on([point.row_id(world.runs)]));
                }
            }
        }
        out.push(rest.judge(world, i, system));
    }
    or_none_in_scope(out)
}

/// When a point was deleted: after `after` where only listings tell, and by `by`.
struct Gone {
    after: Option<Instant>,
    by: Instant,
    /// In the period, whenever it was.
    is_certain: bool,
}

impl Gone {
    /// Of a point that was deleted in the period up to `as_of`, or perhaps was.
    fn of(world: &World<'_>, point: &Point) -> Option<Self> {
        let by = point.row.deleted_at.filter(|by| *by <= world.as_of)?;
        let after = point.gone_after;
        let (start, end) = (world.period.start(), world.period.end());
        let earliest = after.unwrap_or(by);
        (by >= start && earliest < end).then_some(Self { after, by, is_certain: earliest >= start && by < end })
    }
}

enum Verdict {
    InTime,
    CopyKept,
    Told(Judgement),
}

fn judge(world: &World<'_>, all: &[&Point], point: &Point, gone: &Gone) -> Verdict {
    let unit = point.id(world.runs);
    let minimum = world.seconds("min_retention");
    let deleted = gone.by;
    let Some(made) = point.row.created_at.or(point.row.taken_at).filter(|_| !point.row.zone_unknown) else {
        return Verdict::Told(Judgement::no_evidence(
            unit,
            "age_unknown",
            format!("It was gone on {}; recovery_points does not say when it was made.", utc_text(deleted)),
        ));
    };
    let age = (deleted - made).num_seconds();
    if (gone.after.unwrap_or(deleted) - made).num_seconds() >= minimum {
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
    let expiry = point.row.expires_at.filter(|e| (*e - made).num_seconds() >= minimum && *e <= deleted);
    if age >= minimum && expiry.is_some() {
        return Verdict::InTime;
    }
    if let Some(after) = gone.after.filter(|_| age >= minimum || !gone.is_certain) {
        let whether = if age >= minimum {
            format!("whether it reached {}", human(minimum))
        } else {
            format!("it did not reach {}, and whether it was deleted in the period", human(minimum))
        };
        return Verdict::Told(Judgement::no_evidence(
            unit,
            "between_listings",
            format!(
                "Made {}, last known to be there {} and gone on {}: {whether} cannot be told; list recovery_points more often.",
                utc_text(made),
                utc_text(after),
                utc_text(deleted),
            ),
        ));
    }
    let by = point.word(|p| p.deleted_by.as_deref());
    let whose = by.map_or_else(String::new, |b| format!(" by {b}"));
    let (when, most) = match gone.after {
        Some(after) => (format!("after {} and by {}", utc_text(after), utc_text(deleted)), "at most "),
        None => (format!("on {}", utc_text(deleted)), ""),
    };
    let j = Judgement::fail(
        unit,
        "deleted_early",
        format!(
            "Made {} and deleted{whose} {when}, after {most}{}; {} are needed.",
            utc_text(made),
            human(age),
            human(minimum)
        ),
    )
    .violated(gone.after.unwrap_or(deleted), deleted + Duration::seconds(1));
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

/// The points of a system that have no result of their own.
#[derive(Default)]
struct Rest {
    in_time: u64,
    kept_copy: u64,
    /// Deleted in their time, in this period or in one beside it.
    perhaps: u64,
    /// Another point has a result of its own.
    own: bool,
    /// Complete listings show every deletion.
    whole: bool,
    /// Locks forbid every early deletion.
    locked: bool,
}

impl Rest {
    fn judge(&self, world: &World<'_>, index: usize, system: &System) -> Judgement {
        let unit = system.system_id.as_str();
        let locked = world
            .points_of(index)
            .filter(|p| p.row.deleted_at.is_none() && p.row.immutable_until.is_some_and(|l| l > world.until()))
            .count();
        let lock = if locked > 0 { format!(" {locked} points are locked against deletion.") } else { String::new() };
        let j = if self.in_time + self.kept_copy + self.perhaps > 0 {
            let copies =
                if self.kept_copy > 0 { format!(", {} of them duplicates", self.kept_copy) } else { String::new() };
            let sure = self.in_time + self.kept_copy;
            let beside = "in this period or in one beside it";
            let told = match (sure, self.perhaps) {
                (sure, 0) => format!("{sure} recovery points were deleted in their time{copies}."),
                (0, n) => format!("{n} recovery points were deleted in their time, {beside}."),
                (sure, n) => {
                    format!("{sure} recovery points were deleted in their time{copies}, and {n} more {beside}.")
                }
            };
            Judgement::pass(unit, format!("{told}{lock}"))
        } else if self.whole {
            let others = if self.own { "other " } else { "" };
            Judgement::not_applicable(
                unit,
                "none_deleted",
                format!("Complete listings show that no {others}recovery point was deleted in the period.{lock}"),
            )
        } else if self.locked {
            let text = "No point that is too young to be deleted could be: locks that nobody can lift forbid it.";
            Judgement::pass(unit, format!("{text}{lock}")).reason("locked")
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
}

/// True where every point that was too young to be deleted in the period is locked for long enough at a place whose lock
/// nobody can lift. A complete log of the runs that made them shows that they are all.
fn locked_whole(world: &World<'_>, index: usize, system: &System) -> bool {
    let Some((from, to)) = system.in_service(world.period.start(), world.until()) else { return false };
    let minimum = Duration::seconds(world.seconds("min_retention"));
    let since = (from - minimum).max(system.onboarded_at);
    let is_locked = |point: &Point, made: Instant| {
        let place = location(world, point).and_then(|id| places(world).get(id));
        let mode = place.and_then(|p| p.fact(to, |r| r.lock())).map(|f| f.value);
        mode == Some(Immutability::Compliance) && point.row.immutable_until.is_some_and(|end| end >= made + minimum)
    };
    let mut young = world
        .points_of(index)
        .filter(|p| p.row.complete != Some(false))
        .filter_map(|p| Some((p, p.row.created_at.or(p.row.taken_at)?)))
        .filter(|(_, made)| *made >= since && *made < to)
        .peekable();
    young.peek().is_some()
        && world.coverage.covers("backup_runs", &system.system_id, since, to)
        && young.all(|(point, made)| is_locked(point, made))
}

/// True where every deletion of the time in service is on record: complete listings cover it, or stand on both sides of
/// it with a complete log of what was made between them.
fn seen_whole(world: &World<'_>, system: &System, times: Option<&Vec<Instant>>) -> bool {
    let Some((from, to)) = system.in_service(world.period.start(), world.until()) else { return false };
    if world.coverage.covers("recovery_points", &system.system_id, from, to) {
        return true;
    }
    let mut times = times.into_iter().flatten();
    let began = system.onboarded_at >= world.period.start();
    let before = began || times.clone().any(|t| *t <= from);
    before && times.any(|t| *t >= to) && world.coverage.covers("backup_runs", &system.system_id, from, to)
}
