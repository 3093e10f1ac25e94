//! FRQ-03 and FRQ-04: what the configured plans can achieve at best.

use std::collections::BTreeSet;

use model::assessment::State;
use model::inventory::{ChangeRate, Environment, Plan, Schedule, System, SystemKind};
use model::rows::Component;
use model::time::{Instant, human, utc_text};

use super::super::common::{ORGANIZATION, no_inventory, or_empty, or_none_in_scope, signed_statement};
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

/// Worst-case loss by design in seconds of every plan in force at `at` that can be restored.
///
/// Interval plans: interval + longest run time. Continuous plans: archive timeout + `log_ship_allowance`,
/// if a full or snapshot plan gives the logs a base. A replica counts only where it keeps history, delayed or versioned,
/// which its plan says by a retention; it then is its own base.
#[must_use]
pub fn losses<'w>(world: &World<'w>, system: &System, at: Instant) -> Vec<(i64, &'w Plan)> {
    let plans: Vec<&Plan> =
        world.plans_in_force(system, at, at + chrono::Duration::seconds(1)).map(|(_, p)| p).collect();
    let has_base = plans
        .iter()
        .any(|p| matches!(p.component, Component::Full | Component::Snapshot) && p.schedule != Schedule::Continuous);
    plans
        .into_iter()
        .filter_map(|plan| {
            let loss = match (plan.component, &plan.schedule) {
                (Component::Config, _) => None,
                (Component::Replica, _) if !keeps_history(plan) => None,
                (_, Schedule::Continuous) if has_base || plan.component == Component::Replica => {
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

fn keeps_history(plan: &Plan) -> bool {
    plan.retention_s.is_some_and(|s| s > 0) || plan.retention_count.is_some_and(|n| n > 1)
}

/// FRQ-03: high-change databases have a documented shorter interval and keep it.
///
/// The policy does not say what a high change is. Where no database is marked so, a signed statement of the criterion is
/// asked for: an approved document whose title speaks of "high change" or of the "change rate".
pub fn high_change(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
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
                let documented = |p: &Plan| p.document_ref.is_some() && p.approved_by.is_some();
                let shorter = world
                    .plans_in_force(system, world.period.start(), world.until())
                    .filter_map(|(_, p)| match p.schedule {
                        Schedule::Continuous => Some((p, p.archive_timeout_s.unwrap_or(limit))),
                        _ => interval_s(p, world).filter(|s| *s < limit).map(|s| (p, s)),
                    })
                    .max_by_key(|(p, _)| documented(p));
                match shorter {
                    None => Judgement::fail(
                        unit,
                        "no_shorter_interval",
                        format!("No enabled plan runs more often than every {}.", human(limit)),
                    ),
                    Some((plan, _)) if !documented(plan) => Judgement::fail(
                        unit,
                        "interval_not_documented",
                        format!(
                            "Plan {} is shorter, but its interval is not documented and approved (document_ref, approved_by).",
                            plan.plan_id
                        ),
                    ),
                    Some((_, interval)) => judge(world, "FRQ-03", i, system, interval),
                }
            }
        };
        out.push(judgement.about(unit));
    }
    let databases = || world.in_scope().filter(|(_, s)| s.kind == SystemKind::Database);
    if databases().next().is_some() && databases().all(|(_, s)| s.change_rate != Some(ChangeRate::High)) {
        let signed = signed_statement(world, |_, words| {
            words.windows(2).any(|two| two == ["high", "change"] || two == ["change", "rate"])
        });
        out.push(match signed {
            Some((document, at)) => Judgement::not_applicable(
                ORGANIZATION,
                "criterion_signed",
                format!(
                    "{}, signed {}, states the criterion, and no database is marked as changing fast by it.",
                    document.document_id,
                    utc_text(at)
                ),
            ),
            None => Judgement::no_evidence(
                ORGANIZATION,
                "no_criterion",
                "No database is marked as changing fast (systems.change_rate): keep a signed statement of the criterion (documents, with \"high change\" or \"change rate\" in its title).",
            ),
        });
    }
    or_empty(out, "none_in_scope", "No database was in scope and in service in the period.")
}

/// FRQ-04: the configured backups can meet the recovery point objective.
pub fn design(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let (start, end) = (world.period.start(), world.until());
    let mut out = Vec::new();
    for (_, system) in world.in_scope() {
        let Some((from, to)) = system.in_service(start, end) else { continue };
        // Objectives and plans may change in the period: each part is judged with its own values.
        let plans = world.plans_of(system).flat_map(|(_, p)| [Some(p.effective_from), p.effective_to]);
        let objectives = world.inventory.objectives.iter().flat_map(|o| [o.effective_from, o.effective_to]);
        let mut moments: BTreeSet<Instant> =
            plans.chain(objectives).flatten().filter(|at| *at > from && *at < to).collect();
        moments.insert(from);
        let mut parts: Vec<(Instant, Judgement)> =
            moments.into_iter().map(|at| (at, design_at(world, system, at))).collect();
        let rank = |state: State| match state {
            State::Fail => 3,
            State::NoEvidence => 2,
            State::Pass => 1,
            State::NotApplicable => 0,
        };
        // The worst part; of equal ones the latest.
        parts.sort_by_key(|(at, j)| (rank(j.state), *at));
        if let Some((at, judgement)) = parts.pop() {
            let judgement = if judgement.state == State::Fail { judgement.violated(at, to) } else { judgement };
            out.push(judgement.about(&system.system_id));
        }
    }
    or_none_in_scope(out)
}

fn design_at(world: &World<'_>, system: &System, at: Instant) -> Judgement {
    let unit = system.system_id.as_str();
    let Some(objective) = world.objective(system, at) else {
        return Judgement::no_evidence(
            unit,
            "no_objective",
            "No objective is in force: set systems.tier, or an objective of its own.",
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
    if rpo == 0 {
        return Judgement::fail(
            unit,
            "not_provable_by_backup",
            "An objective of zero loss can only be met by synchronous protection.",
        );
    }
    let plans: Vec<&Plan> =
        world.plans_in_force(system, at, at + chrono::Duration::seconds(1)).map(|(_, p)| p).collect();
    if plans.is_empty() {
        return Judgement::no_evidence(
            unit,
            "no_plan",
            format!("No enabled plan is given for this system at {} (backup_plans).", utc_text(at)),
        );
    }
    let best = losses(world, system, at).into_iter().map(|(loss, plan)| (loss, plan.plan_id.as_str())).min();
    let untimed = plans.iter().any(|p| p.schedule == Schedule::Continuous && p.archive_timeout_s.is_none());
    if untimed && best.is_none_or(|(loss, _)| loss > rpo) {
        return Judgement::no_evidence(
            unit,
            "archive_timeout_missing",
            "A continuous plan states no archive_timeout, so its loss by design is not known (backup_plans.archive_timeout_s).",
        );
    }
    let Some((loss, plan)) = best else {
        return Judgement::fail(
            unit,
            "not_restorable",
            format!(
                "No plan can be restored on its own: {} of loss are allowed, and logs have no base or replicas keep no history.",
                human(rpo)
            ),
        );
    };
    let figures = format!("By design W = {loss} s ({}) can be lost with plan {plan}", human(loss));
    if loss <= rpo {
        Judgement::pass(unit, format!("{figures}; {} are allowed.", human(rpo)))
    } else {
        Judgement::fail(unit, "design_exceeds_rpo", format!("{figures}; the objective allows {}.", human(rpo)))
    }
}
