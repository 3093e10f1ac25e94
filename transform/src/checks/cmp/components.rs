//! CMP-01: a recovery set holds everything needed to rebuild.

use model::inventory::{Plan, Schedule, System};
use model::rows::{Component, TestKind, TestResult};
use model::time::{Instant, human, utc_text};

use super::super::common::{no_inventory, or_none_protected};
use super::super::frq::{covered_logs, interval_s};
use crate::coverage::holes;
use crate::judgement::Judgement;
use crate::world::World;

/// CMP-01.
///
/// Each required component needs an enabled plan, and good points without a gap longer than its interval: that of its
/// plan where it is longer than `max_backup_interval`, else that, and `schedule_tolerance`. An increment is served by
/// a whole copy as well, a log by continuous protection and by the archive itself; that none was shipped is shown by what
/// tells of them ([`covered_logs`]), and not by a complete log of backups. Whether points of different components fit together in
/// content is for restore tests, which the detail names.
pub fn components(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let mut out = Vec::new();
    for (i, system) in world.protected() {
        let unit = system.system_id.as_str();
        let mut needed = system.required_components.clone();
        needed.sort_by_key(|c| c.to_string());
        needed.dedup();
        let judgement = match needed.len() {
            0 => Judgement::no_evidence(
                unit,
                "required_components_empty",
                "systems.required_components does not say what a rebuild needs, and no platform defines it.",
            ),
            1 => Judgement::not_applicable(unit, "one_component", "The system needs one component; FRQ-01 covers it."),
            _ => judge(world, i, system, &needed),
        };
        out.push(judgement.about(unit));
    }
    or_none_protected(out)
}

fn judge(world: &World<'_>, index: usize, system: &System, needed: &[Component]) -> Judgement {
    let unit = system.system_id.as_str();
    let Some((from, to)) = system.in_service(world.period.start(), world.until()) else {
        return Judgement::not_applicable(unit, "not_in_service", "Not in service in the period.");
    };
    let plans: Vec<&Plan> = world.plans_in_force(system, from, to).map(|(_, p)| p).collect();
    let mut faults: Vec<(&str, String)> = Vec::new();
    let mut violated: Vec<(Instant, Instant)> = Vec::new();
    let mut doubts: Vec<String> = Vec::new();
    for component in needed {
        let of: Vec<&&Plan> = plans.iter().filter(|p| serves(p.component, *component)).collect();
        if of.is_empty() {
            faults.push(("component_without_plan", format!("no enabled plan captures {component}")));
            violated.push((from, to));
            continue;
        }
        let own = of.iter().filter(|p| p.schedule != Schedule::Continuous).filter_map(|p| interval_s(p, world)).min();
        let limit = own.unwrap_or(0).max(world.seconds("max_backup_interval"));
        let gap = widest(world, index, system, *component, from, to);
        if gap.seconds <= limit + world.seconds("schedule_tolerance") {
            continue;
        }
        let (long, between) = (human(gap.seconds), format!("{} to {}", utc_text(gap.from), utc_text(gap.to)));
        let text = match gap.seconds < (gap.to - gap.from).num_seconds() {
            true => format!("no good {component} for {long} at some time from {between} ({} allowed)", human(limit)),
            false => format!("no good {component} from {between} ({long}, {} allowed)", human(limit)),
        };
        let covered = if *component == Component::LogContinuous {
            gap.shown.unwrap_or_else(|| holes(&covered_logs(world, system, from, to), gap.from, gap.to).is_empty())
        } else {
            ["recovery_points", "backup_runs"].iter().any(|t| world.coverage.covers(t, unit, gap.from, gap.to))
        };
        if covered && !gap.unlabelled {
            faults.push(("component_missing", text));
            violated.push((gap.from, gap.to));
        } else {
            doubts.push(text);
        }
    }
    let names: Vec<String> = needed.iter().map(ToString::to_string).collect();
    if let Some((code, _)) = faults.first() {
        let texts: Vec<&str> = faults.iter().map(|(_, t)| t.as_str()).collect();
        let j = Judgement::fail(unit, code, format!("Of {}: {}.", names.join(", "), texts.join("; ")));
        let j = faults.iter().skip(1).fold(j, |j, f| j.reason(f.0));
        return violated.iter().fold(j, |j, (a, b)| j.violated(*a, *b));
    }
    if !doubts.is_empty() {
        return Judgement::no_evidence(
            unit,
            "gap_not_covered",
            format!(
                "Of {}: {}; no complete source (recovery_points, backup_runs; for logs log_segments, pitr_status) shows by component that none was made.",
                names.join(", "),
                doubts.join("; ")
            ),
        );
    }
    let tested = world.tests_of(index).find(|t| {
        t.row.kind == Some(TestKind::Full)
            && t.row.result == TestResult::Success
            && t.row.ended_at.is_some_and(|e| world.period.contains(e))
    });
    let all = format!("All of {} were there without a gap above their interval", names.join(", "));
    match tested {
        Some(test) => Judgement::pass(unit, format!("{all}; full restore test {} succeeded.", test.row.test_id))
            .reason("restore_tested")
            .rests_on([test.row_id.clone()]),
        None => Judgement::pass(unit, format!("{all}.")),
    }
}

/// True where what is captured as `made` serves where `needed` is required.
const fn serves(made: Component, needed: Component) -> bool {
    matches!(
        (made, needed),
        (Component::Snapshot, Component::Snapshot)
            | (Component::Full, Component::Full | Component::Incremental)
            | (Component::Incremental, Component::Incremental)
            | (Component::LogContinuous, Component::LogContinuous)
            | (Component::Logical, Component::Logical)
            | (Component::Config, Component::Config)
            | (Component::Replica, Component::Replica)
            | (Component::Mirror, Component::Mirror)
    )
}

struct Gap {
    from: Instant,
    to: Instant,
    /// How long it is: all of that time, or a pause at some time in it.
    seconds: i64,
    /// The archive itself shows the pause: whether it shows that it was in the period.
    shown: Option<bool>,
    /// A good point in it does not say what it holds.
    unlabelled: bool,
}

/// The widest gap of a component in `[from, to)`, counted from the last point before.
fn widest(world: &World<'_>, index: usize, system: &System, needed: Component, from: Instant, to: Instant) -> Gap {
    let mut proven: Vec<(Instant, Instant)> = Vec::new();
    let mut unlabelled: Vec<Instant> = Vec::new();
    for point in world.points_of(index).filter(|p| p.is_good() && !p.row.zone_unknown) {
        let Some(taken) = point.taken_at() else { continue };
        match point.row.component {
            Some(c) if serves(c, needed) => proven.push((taken, taken)),
            Some(_) => {}
            None => unlabelled.push(taken),
        }
    }
    if needed == Component::LogContinuous {
        proven.extend(world.pitr_of(index).filter_map(|s| {
            let latest = s.latest_restorable_at?;
            Some((s.earliest_restorable_at.unwrap_or(latest).min(latest), latest))
        }));
        proven.extend(
            world.segments_of(index).filter_map(|logs| logs.archived_from.or(logs.archived_at).zip(logs.archived_at)),
        );
        // Logs shipped as runs of their own.
        proven.extend(
            world
                .runs
                .of_system(index)
                .filter(|r| r.component == Some(Component::LogContinuous) && r.is_good())
                .filter_map(|r| r.consistent_at().map(|t| (t, t))),
        );
    }
    proven.retain(|(a, _)| *a >= system.onboarded_at && *a <= world.as_of);
    proven.sort_unstable();
    let reached = proven.iter().filter(|(a, _)| *a < from).map(|(_, b)| *b).max();
    let mut at = reached.unwrap_or(from);
    let mut worst = (at, at);
    for (a, b) in proven.iter().filter(|(a, _)| *a >= from) {
        let until = (*a).min(to.max(at));
        if until - at > worst.1 - worst.0 {
            worst = (at, until);
        }
        at = at.max(*b);
        if *a >= to {
            break;
        }
    }
    if at < to && to - at > worst.1 - worst.0 {
        worst = (at, to);
    }
    // A row of many logs says how long the longest pause between two of them was.
    let pauses = world.segments_of(index).filter(|_| needed == Component::LogContinuous).filter_map(|logs| {
        let (a, b) = logs.archived_from.zip(logs.archived_at)?;
        Some((logs.largest_gap_s.filter(|_| a < to && b > from)?, a, b))
    });
    let seconds = (worst.1 - worst.0).num_seconds();
    if let Some((pause, a, b)) = pauses.max().filter(|(pause, ..)| *pause > seconds) {
        return Gap { from: a, to: b, seconds: pause, shown: Some(a >= from && b <= to), unlabelled: false };
    }
    let unlabelled = unlabelled.iter().any(|t| *t > worst.0 && *t < worst.1);
    Gap { from: worst.0, to: worst.1, seconds, shown: None, unlabelled }
}
