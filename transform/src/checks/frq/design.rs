//! FRQ-03 and FRQ-04: what the configured plans can achieve at best.

use model::inventory::{ChangeRate, Environment, Plan, Schedule, System, SystemKind};
use model::rows::Component;
use model::time::human;

use super::gaps::judge;
use crate::judgement::Judgement;
use crate::world::World;

/// Longest time between two due runs of a plan in seconds, measured on the schedule itself.
#[must_use]
pub fn interval_s(plan: &Plan, world: &World<'_>) -> Option<i64> {
    match &plan.schedule {
        Schedule::Continuous => None,
        Schedule::Interval { every_s, .. } => Some(*every_s),
        Schedule::Cron(cron) => world.intervals.get(cron.text()).copied().flatten(),
    }
}

/// Worst-case loss by design in seconds of every plan in force that can be restored.
///
/// Interval plans: interval + longest run time. Continuous plans: archive timeout + `log_ship_allowance`,
/// if a full or snapshot plan gives the logs a base. A replica keeps no history and does not count.
#[must_use]
pub fn losses<'w>(world: &World<'w>, system: &'w System) -> Vec<(i64, &'w Plan)> {
    let plans: Vec<&Plan> = world.plans_in_force(system, world.period.start(), world.until()).map(|(_, p)| p).collect();
    let has_base = plans
        .iter()
        .any(|p| matches!(p.component, Component::Full | Component::Snapshot) && p.schedule != Schedule::Continuous);
    plans
        .into_iter()
        .filter_map(|plan| {
            let loss = match (plan.component, &plan.schedule) {
                (Component::Replica | Component::Config, _) => None,
                (_, Schedule::Continuous) if has_base => {
                    Some(plan.archive_timeout_s? + world.seconds("log_ship_allowance"))
                }
                (_, Schedule::Continuous) | (Component::LogContinuous, _) => None,
                _ => Some(
                    interval_s(plan, world)?
                        + plan.max_duration_s.unwrap_or_else(|| world.seconds("default_max_duration")),
                ),
            }?;
            Some((loss, plan))
        })
        .collect()
}

/// The smallest of the [`losses`] and its plan; `None` where no plan can be restored.
#[must_use]
pub fn worst_case_loss<'w>(world: &World<'w>, system: &'w System) -> Option<(i64, &'w str)> {
    losses(world, system).into_iter().map(|(loss, plan)| (loss, plan.plan_id.as_str())).min()
}

/// FRQ-03: high-change databases have a documented shorter interval and keep it.
pub fn high_change(world: &World<'_>) -> Vec<Judgement> {
    let limit = world.seconds("max_backup_interval");
    let mut out = Vec::new();
    for (i, system) in world.in_scope().filter(|(_, s)| s.kind == SystemKind::Database) {
        let unit = system.system_id.as_str();
        let judgement = match system.change_rate {
            None if system.environment == Environment::Production => Judgement::no_evidence(
                unit,
                "change_rate_not_set",
                "systems.change_rate is empty for a production database: state normal or high.",
            ),
            None | Some(ChangeRate::Normal) => {
                Judgement::not_applicable(unit, "change_rate_normal", "The database is not marked as changing fast.")
            }
            Some(ChangeRate::High) => {
                let shorter = world.plans_in_force(system, world.period.start(), world.until()).find_map(|(_, p)| {
                    match p.schedule {
                        Schedule::Continuous => Some((p, p.archive_timeout_s.unwrap_or(limit))),
                        _ => interval_s(p, world).filter(|s| *s < limit).map(|s| (p, s)),
                    }
                });
                match shorter {
                    None => Judgement::fail(
                        unit,
                        "no_shorter_interval",
                        format!("No enabled plan runs more often than every {}.", human(limit)),
                    ),
                    Some((plan, _)) if plan.document_ref.is_none() || plan.approved_by.is_none() => Judgement::fail(
                        unit,
                        "interval_not_documented",
                        format!(
                            "Plan {} is shorter, but its interval is not documented and approved (document_ref, approved_by).",
                            plan.plan_id
                        ),
                    ),
                    Some((_, interval)) => judge(world, i, system, interval),
                }
            }
        };
        out.push(judgement.about(unit));
    }
    out
}

/// FRQ-04: the configured backups can meet the recovery point objective.
pub fn design(world: &World<'_>) -> Vec<Judgement> {
    let mut out = Vec::new();
    for (_, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        let judgement = match world.objective(system, world.until()) {
            None => Judgement::no_evidence(
                unit,
                "no_objective",
                "No objective is in force: set systems.tier, or an objective of its own.",
            ),
            Some(o) if !o.rpo_applicable => Judgement::not_applicable(
                unit,
                "rpo_not_applicable",
                format!("No point objective applies: {}", o.rpo_reason.as_deref().unwrap_or("no reason is recorded")),
            ),
            Some(o) => match (o.rpo_s, worst_case_loss(world, system)) {
                (None, _) => Judgement::no_evidence(unit, "no_objective", "The objective states no rpo_s."),
                (Some(0), _) => Judgement::fail(
                    unit,
                    "not_provable_by_backup",
                    "An objective of zero loss can only be met by synchronous protection.",
                ),
                (Some(_), None)
                    if world.plans_in_force(system, world.period.start(), world.until()).next().is_none() =>
                {
                    Judgement::no_evidence(unit, "no_plan", "No enabled plan is given for this system in backup_plans.")
                }
                (Some(rpo), None) => Judgement::fail(
                    unit,
                    "not_restorable",
                    format!(
                        "No plan can be restored on its own: {} of loss are allowed and logs or replicas have no base.",
                        human(rpo)
                    ),
                ),
                (Some(rpo), Some((loss, plan))) if loss <= rpo => Judgement::pass(
                    unit,
                    format!(
                        "Plan {plan} loses at most {} ({loss} s) by design; {} are allowed.",
                        human(loss),
                        human(rpo)
                    ),
                ),
                (Some(rpo), Some((loss, plan))) => Judgement::fail(
                    unit,
                    "design_exceeds_rpo",
                    format!(
                        "By design up to {} ({loss} s) can be lost (plan {plan}); the objective allows {}.",
                        human(loss),
                        human(rpo)
                    ),
                ),
            },
        };
        out.push(judgement.about(unit));
    }
    out
}
