//! RST-05 and RST-06: restore time and data loss as observed, against the objectives.

use model::assessment::State;
use model::inventory::System;
use model::rows::{TestKind, TestResult};
use model::time::{human, utc_text};

use super::{ended, no_tests, of_test, restored};
use crate::judgement::Judgement;
use crate::world::{Test, World};

/// RST-05.
pub fn restore_time(world: &World<'_>) -> Vec<Judgement> {
    each(world, time_of)
}

/// RST-06.
pub fn data_loss(world: &World<'_>) -> Vec<Judgement> {
    each(world, loss_of)
}

/// True where the test is proven to have missed the time or the point objective.
#[must_use]
pub fn missed_objective(world: &World<'_>, test: &Test) -> bool {
    world.inventory.systems.get(test.system.unwrap_or(usize::MAX)).is_some_and(|system| {
        measured(test).is_ok() && [time_of, loss_of].iter().any(|judge| judge(world, test, system).state == State::Fail)
    })
}

fn each(world: &World<'_>, judge: fn(&World<'_>, &Test, &System) -> Judgement) -> Vec<Judgement> {
    let out: Vec<Judgement> = ended(world)
        .map(|test| {
            let unit = test.row.test_id.as_str();
            let judgement = match (measured(test), test.system.and_then(|i| world.inventory.systems.get(i))) {
                (Err(judgement), _) => *judgement,
                (Ok(()), None) => Judgement::no_evidence(
                    unit,
                    "system_unknown",
                    "The test names no system of the inventory, so no objective is known (systems.system_id).",
                ),
                (Ok(()), Some(system)) if !system.in_scope => {
                    Judgement::not_applicable(unit, "out_of_scope", format!("{} is out of scope.", system.system_id))
                }
                (Ok(()), Some(system)) => judge(world, test, system),
            };
            of_test(world, test, judgement)
        })
        .collect();
    if out.is_empty() { no_tests(world, "No restore test that ended") } else { out }
}

/// Whether the kind of test is one that objectives are measured with.
fn measured(test: &Test) -> Result<(), Box<Judgement>> {
    let unit = test.row.test_id.as_str();
    match test.row.kind {
        Some(TestKind::Full | TestKind::PointInTime | TestKind::RealIncident) => {
            if test.row.result == TestResult::Aborted && test.row.started_at.is_none() {
                return Err(Box::new(Judgement::not_applicable(unit, "not_started", "Cancelled before it started.")));
            }
            Ok(())
        }
        Some(kind) => Err(Box::new(Judgement::not_applicable(
            unit,
            "kind_not_measured",
            format!("A {kind} test restores too little to measure an objective."),
        ))),
        None => Err(Box::new(Judgement::no_evidence(
            unit,
            "kind_unknown",
            "What was restored is not recorded (restore_tests.kind): a tool's log alone is no measurement.",
        ))),
    }
}

/// Words that say a test was as large as production.
const FULL_SCALE: [&str; 10] =
    ["full", "production", "full production", "same", "same as production", "1", "1.0", "1:1", "100%", "100 %"];

fn reduced(test: &Test) -> Option<&str> {
    let scale = test.row.scale.as_deref().map(str::trim).filter(|s| !s.is_empty())?;
    (!FULL_SCALE.contains(&scale.to_lowercase().as_str())).then_some(scale)
}

fn time_of(world: &World<'_>, test: &Test, system: &System) -> Judgement {
    let (unit, row) = (test.row.test_id.as_str(), &test.row);
    let Some(started) = row.started_at else {
        let why = if row.zone_unknown { "zone_unknown" } else { "start_missing" };
        return Judgement::no_evidence(unit, why, "When the restore was ordered is not recorded (started_at).");
    };
    let objective = world.objective(system, started);
    let Some((rto, low)) = objective.and_then(|o| o.rto_s.map(|rto| (rto, o.rto_low_s))) else {
        return Judgement::no_evidence(
            unit,
            "no_objective",
            format!("No rto_s was in force for {} (objectives, systems.tier).", system.system_id),
        );
    };
    let limit = started + chrono::Duration::seconds(rto);
    let Some(ready) = row.service_ready_at else {
        let copied = row.restore_finished_at.filter(|c| *c > limit);
        return match copied {
            Some(copied) => Judgement::fail(
                unit,
                "rto_exceeded",
                format!(
                    "Ordered {}, data copied {} ({} s of {rto} s): above {} even before the service was ready.",
                    utc_text(started),
                    utc_text(copied),
                    (copied - started).num_seconds(),
                    human(rto)
                ),
            )
            .violated(limit, copied),
            None => Judgement::no_evidence(
                unit,
                "ready_time_missing",
                "When the service was usable is not recorded (service_ready_at), so only a lower bound of the time is known.",
            ),
        };
    };
    let took = (ready - started).num_seconds();
    if took < 0 {
        return Judgement::no_evidence(unit, "times_out_of_order", "service_ready_at lies before started_at.");
    }
    let figures = format!("Ready {} after the order ({took} s of {rto} s)", human(took));
    if took > rto {
        return Judgement::fail(
            unit,
            "rto_exceeded",
            format!("{figures}: {} is above the objective of {}.", human(took), human(rto)),
        )
        .violated(limit, ready);
    }
    if let Some(scale) = reduced(test) {
        return Judgement::no_evidence(
            unit,
            "reduced_scale",
            format!("{figures}, but at scale \"{scale}\": a note, and no proof for production (restore_tests.scale)."),
        );
    }
    match low {
        Some(low) if took > low => {
            Judgement::pass(unit, format!("{figures}, within the range from {} to {}.", human(low), human(rto)))
                .reason("within_range")
        }
        Some(low) => {
            Judgement::pass(unit, format!("{figures}, below the lower end of {}.", human(low))).reason("lower_end_met")
        }
        None => Judgement::pass(unit, format!("{figures}.")),
    }
}

fn loss_of(world: &World<'_>, test: &Test, system: &System) -> Judgement {
    let (unit, row) = (test.row.test_id.as_str(), &test.row);
    let when = row.failure_point_at.or(row.started_at).or(row.ended_at).unwrap_or_else(|| world.until());
    let Some(objective) = world.objective(system, when) else {
        return Judgement::no_evidence(
            unit,
            "no_objective",
            format!("No objective was in force for {} (objectives, systems.tier).", system.system_id),
        );
    };
    if !objective.rpo_applicable {
        let why = objective.rpo_reason.as_deref().unwrap_or("no reason is recorded");
        return Judgement::not_applicable(
            unit,
            "rpo_not_applicable",
            format!("No point objective applies: {}", why.trim()),
        );
    }
    let Some(rpo) = objective.rpo_s else {
        return Judgement::no_evidence(unit, "no_objective", "The objective states no rpo_s.");
    };
    let Some(failed) = row.failure_point_at else {
        return Judgement::no_evidence(
            unit,
            "failure_point_missing",
            "The moment of loss is not recorded (failure_point_at), so the loss can't be measured.",
        );
    };
    let Some(newest) = row.recovered_to_at.or_else(|| taken_at(world, test)) else {
        return Judgement::no_evidence(
            unit,
            "recovered_point_missing",
            "Neither recovered_to_at nor the time of the recovery point is known (restore_tests, recovery_points).",
        );
    };
    let loss = (failed - newest).num_seconds();
    if loss < -world.defaults.skew_s {
        return Judgement::no_evidence(
            unit,
            "times_out_of_order",
            format!("The data are newer ({}) than the moment of loss ({}).", utc_text(newest), utc_text(failed)),
        );
    }
    let loss = loss.max(0);
    let figures =
        format!("The recovery point holds data up to {}: {} lost ({loss} s of {rpo} s)", utc_text(newest), human(loss));
    if loss > rpo {
        Judgement::fail(unit, "rpo_exceeded", format!("{figures}, where {} is allowed.", human(rpo)))
            .violated(newest + chrono::Duration::seconds(rpo), failed)
    } else {
        Judgement::pass(unit, format!("{figures}."))
    }
}

/// Time of the recovery point that a test restored, where a listing or a run tells.
#[must_use]
pub(super) fn taken_at(world: &World<'_>, test: &Test) -> Option<model::time::Instant> {
    restored(world, test)?.taken_at()
}
