//! CHG: changes to systems and backups.

use chrono::Duration;
use model::registers::{Change, Recorded};
use model::rows::{Integrity, TestResult};
use model::time::{Instant, human, utc_text};

use super::common::{ORGANIZATION, filled, holds, names, no_register, or_empty};
use super::faults::Faults;
use crate::judgement::Judgement;
use crate::points::Point;
use crate::world::World;

/// Kinds of change that move equipment, media or data.
const MOVES: [&str; 3] = ["migration", "equipment_move", "media_move"];

/// CHG-01: a sound copy of each affected system was taken shortly before equipment, media or data were moved.
///
/// A record that does not say when the move began can't show that a copy came before it.
pub fn before_moving(world: &World<'_>) -> Vec<Judgement> {
    let Some(changes) = &world.registers.changes else { return vec![no_register(ORGANIZATION, "changes")] };
    let mut out = Vec::new();
    for change in changes.iter().filter(|c| world.period.contains(c.completed_at) && c.completed_at <= world.as_of) {
        let touched: Vec<usize> =
            world.in_scope().filter(|(_, s)| holds(&change.system_ids, &s.system_id)).map(|(i, _)| i).collect();
        if touched.is_empty() {
            continue;
        }
        let judgement = match filled(change.kind.as_deref()).map(normal) {
            None => Judgement::no_evidence(
                change.change_id.as_str(),
                "kind_not_recorded",
                format!("What kind of change it was is not recorded (changes.kind, {}).", change.declared_in),
            ),
            Some(kind) if MOVES.contains(&kind.as_str()) => judge(world, change, &kind, &touched),
            Some(_) => continue,
        };
        out.push(touched.iter().fold(judgement, |j, i| j.about(&world.inventory.systems[*i].system_id)));
    }
    or_empty(
        out,
        "no_move",
        "No migration and no move of equipment or media of an in-scope system was completed in the period.",
    )
}

fn normal(kind: &str) -> String {
    kind.to_lowercase().replace(['-', ' '], "_")
}

/// What is known of the copy of one system before a move.
enum Copy {
    Sound(String),
    Absent,
    NotCovered,
    Unchecked(String),
    NotTold(String),
}

fn judge(world: &World<'_>, change: &Recorded<Change>, kind: &str, touched: &[usize]) -> Judgement {
    let unit = change.change_id.as_str();
    let mut systems =
        touched.iter().filter(|i| world.inventory.systems[**i].provider_managed_backup != Some(true)).peekable();
    if systems.peek().is_none() {
        return Judgement::not_applicable(
            unit,
            "provider_managed",
            "A provider runs the backup of what was moved; STO-07 judges its statement.",
        );
    }
    let age = world.seconds("premove_copy_max_age");
    let mut faults = Faults::default();
    faults.add_if(
        kind == "media_move" && filled(change.carried_by.as_deref()).is_none(),
        "custody_not_recorded",
        || "the record does not name who carried the media (carried_by)",
    );
    let (mut lacks, mut records, mut began) = (Vec::new(), Vec::new(), String::new());
    match change.started_at.filter(|at| *at <= change.completed_at) {
        None => lacks.push("when the move began is not recorded (changes.started_at)".to_owned()),
        Some(start) => {
            began = format!(", which began on {}", utc_text(start));
            let (mut absent, mut unchecked, mut open, mut untold) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for &i in systems {
                let id = world.inventory.systems[i].system_id.as_str();
                match copy(world, i, start - Duration::seconds(age), start) {
                    Copy::Sound(row) => records.push(row),
                    Copy::Absent => absent.push(id),
                    Copy::NotCovered => open.push(id),
                    Copy::Unchecked(row) => {
                        unchecked.push(id);
                        records.push(row);
                    }
                    Copy::NotTold(row) => {
                        untold.push(id);
                        records.push(row);
                    }
                }
            }
            faults.add_if(!absent.is_empty(), "no_copy", || {
                format!("no good recovery point was taken in the {} before it of {}", human(age), names(&absent))
            });
            faults.add_if(!unchecked.is_empty(), "copy_not_checked", || {
                format!("the copy was neither checked nor restored of {}", names(&unchecked))
            });
            if !open.is_empty() {
                lacks.push(format!(
                    "no complete source covers the {} before it (recovery_points) of {}",
                    human(age),
                    names(&open)
                ));
            }
            if !untold.is_empty() {
                lacks.push(format!(
                    "whether the copy was checked is not told (recovery_points.integrity_result) of {}",
                    names(&untold)
                ));
            }
        }
    }
    let opening = format!("For this move ({}){began}", change.declared_in);
    let good = format!("A sound copy of each system was taken within {} before the move{began}.", human(age));
    let judgement = faults.judge(unit, &opening, good);
    let judgement = if judgement.reasons.is_empty() && !lacks.is_empty() {
        Judgement::no_evidence(
            unit,
            "copy_not_shown",
            format!("{opening} it can't be shown that a sound copy came first: {}.", lacks.join("; ")),
        )
    } else {
        judgement
    };
    let at = change.started_at.unwrap_or(change.completed_at);
    judgement.violated(at, change.completed_at.max(at + Duration::seconds(1))).rests_on(records)
}

/// The best copy taken in `[from, start)`.
fn copy(world: &World<'_>, system: usize, from: Instant, start: Instant) -> Copy {
    let row = &world.inventory.systems[system];
    let (mut unchecked, mut untold) = (None, None);
    let taken = |p: &&Point| p.taken_at().is_some_and(|t| t >= from && t < start) && !p.row.zone_unknown;
    for point in world.points_of(system).filter(taken).filter(|p| p.is_good() && p.holds_data(row.kind)) {
        let id = point.id(world.runs);
        let restored = world
            .tests_of(system)
            .any(|t| t.row.recovery_point_id.as_deref() == Some(id) && t.row.result == TestResult::Success);
        match point.row.integrity_result {
            Some(Integrity::Pass) => return Copy::Sound(point.row_id(world.runs)),
            _ if restored => return Copy::Sound(point.row_id(world.runs)),
            Some(_) => unchecked = Some(point.row_id(world.runs)),
            None => untold = Some(point.row_id(world.runs)),
        }
    }
    let covers = |table| world.coverage.covers(table, &row.system_id, from, start);
    match (untold, unchecked) {
        (Some(row), _) => Copy::NotTold(row),
        (None, Some(row)) => Copy::Unchecked(row),
        (None, None) if covers("recovery_points") || covers("backup_runs") => Copy::Absent,
        (None, None) => Copy::NotCovered,
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
