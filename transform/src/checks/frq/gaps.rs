//! FRQ-01: no gap between good recovery points exceeds the maximum interval.

use model::inventory::{Schedule, System};
use model::rows::{LogSegment, PitrSample, RunStatus};
use model::time::{Instant, Tz, human, utc_text};

use super::super::common::{no_inventory, or_none_protected};
use crate::coverage::Interval;
use crate::judgement::Judgement;
use crate::points::Point;
use crate::runs::Runs;
use crate::world::World;

/// One stretch of time without a good recovery point.
#[derive(Debug, Clone)]
pub struct GapFound<'w> {
    /// The point before, or the start of what is measured.
    pub from: Instant,
    /// The point after, or the end of what is measured.
    pub to: Instant,
    /// Seconds allowed.
    pub limit_s: i64,
    /// Seconds allowed with tolerance and what the clock may have gone back.
    pub allowed_s: i64,
    /// Above the limit without tolerance, within it with.
    pub drift: bool,
    /// Longer by what the clock went back.
    pub dst_extended: bool,
    /// Above the limit and its tolerance.
    pub exceeded: bool,
    sides: [Option<Mark<'w>>; 2],
}

/// A row that proves data restorable.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mark<'w> {
    Point(&'w Point),
    Sample(&'w PitrSample),
    Logs(&'w LogSegment),
}

impl Mark<'_> {
    pub(super) fn row_id(self, runs: &Runs) -> String {
        match self {
            Self::Point(point) => point.row_id(runs),
            Self::Sample(s) => format!("pitr/{}/{}", s.origin.source_id, utc_text(s.observed_at)),
            Self::Logs(l) => format!("log/{}/{}", l.origin.source_id, l.segment),
        }
    }
}

impl GapFound<'_> {
    /// Rows of the points on both sides.
    fn records<'a>(&'a self, world: &'a World<'_>) -> impl Iterator<Item = String> + 'a {
        self.sides.iter().flatten().map(|m| m.row_id(world.runs))
    }

    fn seconds(&self) -> i64 {
        (self.to - self.from).num_seconds()
    }
}

/// FRQ-01.
pub fn gaps(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let limit = world.seconds("max_backup_interval");
    let judged = |(i, system): (usize, &System)| judge(world, "FRQ-01", i, system, limit).about(&system.system_id);
    or_none_protected(world.protected().map(judged).collect())
}

/// The rule of FRQ-01 for one system with an interval of `limit` seconds. FRQ-03 uses it with the plan's own;
/// `check` is the one that waivers must name.
pub(super) fn judge(world: &World<'_>, check: &str, index: usize, system: &System, limit: i64) -> Judgement {
    let unit = system.system_id.as_str();
    let found = widest(world, index, system, limit);
    let exceeded: Vec<&GapFound<'_>> = found.iter().filter(|g| g.exceeded).collect();
    if exceeded.is_empty() {
        if found.is_empty() {
            return Judgement::pass(
                unit,
                "Continuous protection was proven restorable at every instant: there is no gap.",
            );
        }
        // Without any restorable point the one gap is the whole time looked at.
        if found.iter().all(|g| g.sides.iter().all(Option::is_none)) {
            return if system.onboarded_at >= world.period.start() {
                Judgement::not_applicable(unit, "not_yet_due", "In service for less than the first backup may take.")
            } else {
                Judgement::no_evidence(
                    unit,
                    "no_recovery_point",
                    "No good recovery point is known, and the time looked at is shorter than the limit (recovery_points).",
                )
            };
        }
        let longest = found.iter().max_by_key(|g| g.seconds());
        let text = longest.map_or_else(String::new, |g| {
            format!("The longest gap was {} of {} allowed.", human(g.seconds()), human(g.limit_s))
        });
        let mut j = Judgement::pass(unit, text);
        if found.iter().any(|g| g.drift && !g.dst_extended) {
            j = j.reason("drift");
        }
        if found.iter().any(|g| g.dst_extended) {
            j = j.reason("dst_extended");
        }
        return j.rests_on(longest.into_iter().flat_map(|g| g.records(world)));
    }
    let complete = |g: &&GapFound<'_>| is_proven(world, unit, g) && doubt(world, index, system, g).is_none();
    let (proven, unproven): (Vec<_>, Vec<_>) = exceeded.into_iter().partition(complete);
    if proven.is_empty() {
        let worst = unproven.iter().max_by_key(|g| g.seconds());
        if let Some((reason, why)) = worst.and_then(|g| doubt(world, index, system, g)) {
            let text = worst.map_or_else(String::new, |g| {
                format!("No good recovery point is known from {} to {}, but {why}.", utc_text(g.from), utc_text(g.to))
            });
            return Judgement::no_evidence(unit, reason, text).rests_on(unproven.iter().flat_map(|g| g.records(world)));
        }
        return Judgement::no_evidence(
            unit,
            "gap_not_covered",
            worst.map_or_else(String::new, |g| {
                format!(
                    "No good recovery point is known from {} to {} ({}), and no complete source covers that time: a backup may exist unseen.",
                    utc_text(g.from),
                    utc_text(g.to),
                    human(g.seconds())
                )
            }),
        )
        .rests_on(unproven.iter().flat_map(|g| g.records(world)));
    }
    let worst = proven.iter().max_by_key(|g| g.seconds());
    let more = if proven.len() > 1 { format!(" {} gaps are too long.", proven.len()) } else { String::new() };
    let mut j = Judgement::fail(
        unit,
        "gap_exceeds_limit",
        worst.map_or_else(String::new, |g| {
            format!(
                "No good recovery point from {} to {}: {} where {} is allowed.{more}",
                utc_text(g.from),
                utc_text(g.to),
                human(g.seconds()),
                human(g.limit_s)
            )
        }),
    )
    .rests_on(proven.iter().flat_map(|g| g.records(world)));
    for gap in proven {
        for (from, to) in unwaived(world, check, system, gap) {
            j = j.violated(from, to);
        }
    }
    j
}

/// True where complete sources cover a stretch of the gap that is too long by itself.
fn is_proven(world: &World<'_>, unit: &str, gap: &GapFound<'_>) -> bool {
    ["backup_runs", "recovery_points"].iter().any(|table| {
        let open = crate::coverage::holes(&world.coverage.intervals(table, unit), gap.from, gap.to);
        let covered = crate::coverage::holes(&open, gap.from, gap.to);
        covered.iter().any(|(a, b)| (*b - *a).num_seconds() > gap.allowed_s)
    })
}

/// Why a backup may have been made in the gap all the same, though every record is there.
fn doubt(world: &World<'_>, index: usize, system: &System, gap: &GapFound<'_>) -> Option<(&'static str, &'static str)> {
    let inside = |at: Instant| at > gap.from && at < gap.to;
    let points = || world.points_of(index).filter(|p| !p.copy && !p.is_damaged() && p.holds_data(system.kind));
    let runs = || world.runs.of_system(index).filter(|r| !r.copy);
    if points().any(|p| p.row.zone_unknown && p.taken_at().is_none_or(inside))
        || runs().any(|r| r.zone_unknown && r.is_good() && r.placed_at().is_none_or(inside))
    {
        return Some(("zone_unknown", "a record has times without a zone (set the source's timezone)"));
    }
    if points().any(|p| p.row.complete.is_none() && p.taken_at().is_some_and(inside))
        || runs().any(|r| r.status == RunStatus::Unknown && r.placed_at().is_some_and(inside))
    {
        return Some(("state_unknown", "a record there does not tell whether it succeeded (backup_runs.status)"));
    }
    None
}

/// The part of a gap that its waivers leave, if that part is itself too long; else the whole gap,
/// which the waivers then cover as a violation.
fn unwaived(world: &World<'_>, check: &str, system: &System, gap: &GapFound<'_>) -> Vec<Interval> {
    let statements = world.controls.check(check).map(|c| c.statements.clone()).unwrap_or_default();
    let cover = crate::coverage::union(
        world
            .waivers
            .iter()
            .filter(|w| w.names(check, &statements) && w.binds(&system.system_id))
            .filter_map(|w| w.effective)
            .collect(),
    );
    let rest = crate::coverage::holes(&cover, gap.from, gap.to);
    let tolerance = world.seconds("schedule_tolerance");
    if rest.iter().any(|(a, b)| (*b - *a).num_seconds() > gap.limit_s + tolerance) {
        return vec![(gap.from, gap.to)];
    }
    // What remains is short enough on its own: only the waived part is the violation.
    let waived = crate::coverage::holes(&rest, gap.from, gap.to);
    if waived.is_empty() { vec![(gap.from, gap.to)] } else { waived }
}

/// Every gap of the in-service time, measured as FRQ-01 says, in order of time.
#[must_use]
pub fn widest<'w>(world: &World<'w>, index: usize, system: &System, limit: i64) -> Vec<GapFound<'w>> {
    let Some((start, end)) = system.in_service(world.period.start(), world.until()) else { return Vec::new() };
    let tolerance = world.seconds("schedule_tolerance");
    // Time that is proven restorable: a point is an instant, continuous protection a range.
    let mut proven: Vec<(Instant, Instant, Mark<'w>)> = world
        .points_of(index)
        .filter(|p| p.is_good() && p.holds_data(system.kind) && !p.row.zone_unknown)
        .filter_map(|p| p.taken_at().map(|t| (t, t, Mark::Point(p))))
        .collect();
    proven.extend(world.pitr_of(index).filter_map(|s| {
        let latest = s.latest_restorable_at?;
        // What was restorable before the system was in service is not looked at.
        let earliest = s.earliest_restorable_at.unwrap_or(latest).max(system.onboarded_at);
        Some((earliest.min(latest), latest, Mark::Sample(s)))
    }));
    proven.retain(|(from, ..)| {
        *from <= world.as_of && *from >= system.onboarded_at && system.retired_at.is_none_or(|r| *from < r)
    });
    proven.sort_by_key(|(from, to, _)| (*from, *to));

    let before = proven.iter().rposition(|(from, ..)| *from < start);
    let onboarded_inside = system.onboarded_at >= start;
    let mut out = Vec::new();
    let (mut at, mut row) = match before {
        Some(i) => {
            let reach = proven[..=i].iter().max_by_key(|(_, to, _)| *to);
            reach.map_or((start, None), |(_, to, mark)| (*to, Some(*mark)))
        }
        None => (if onboarded_inside { system.onboarded_at } else { start }, None),
    };
    let first_due = world.seconds("onboarding_protection_due");
    let mut first = before.is_none();
    let zones = wall_clock_zones(world, system);
    let mut push = |from: Instant, to: Instant, first: bool, a: Option<Mark<'w>>, b: Option<Mark<'w>>| {
        let limit_s = if first && onboarded_inside { first_due } else { limit };
        let long = (to - from).num_seconds();
        let back = zones.iter().map(|z| offset(from, *z) - offset(to, *z)).max().unwrap_or(0);
        let extra = back.max(0);
        let spans_change = extra > 0;
        out.push(GapFound {
            from,
            to,
            limit_s,
            allowed_s: limit_s + extra + tolerance,
            drift: long > limit_s && long <= limit_s + tolerance,
            dst_extended: spans_change && long > limit_s && long <= limit_s + extra + tolerance,
            exceeded: long > limit_s + extra + tolerance,
            sides: [a, b],
        });
    };
    for (from, to, mark) in proven.iter().skip(before.map_or(0, |i| i + 1)) {
        if *from > at {
            push(at, *from, first, row, Some(*mark));
        }
        first = false;
        if *to >= at {
            at = *to;
            row = Some(*mark);
        }
        // The first one after the end closes the last gap.
        if *from >= end {
            return out;
        }
    }
    if at < end {
        push(at, end, first, row, None);
    }
    out
}

/// Seconds that a zone's wall clock is ahead of UTC.
fn offset(at: Instant, zone: Tz) -> i64 {
    (at.with_timezone(&zone).naive_local() - at.naive_utc()).num_seconds()
}

/// Zones of the wall-clock plans that protect the system.
fn wall_clock_zones(world: &World<'_>, system: &System) -> Vec<Tz> {
    let plans = world.plans_in_force(system, world.period.start(), world.period.end());
    plans
        .filter(|(_, plan)| matches!(&plan.schedule, Schedule::Cron(cron) if cron.is_wall_clock()))
        .map(|(_, plan)| plan.timezone)
        .collect()
}
