//! OBJ-03: objectives are coherent and testable.

use model::inventory::{Objective, Schedule};
use model::time::human;

use super::{bound, governs, in_force, none_given, of_tier};
use crate::checks::frq::interval_s;
use crate::judgement::Judgement;
use crate::world::World;

/// OBJ-03.
pub fn coherent(world: &World<'_>) -> Vec<Judgement> {
    let objectives = in_force(world);
    if objectives.is_empty() {
        return vec![none_given(world)];
    }
    objectives
        .iter()
        .map(|o| {
            let mut judgement = judge(world, o);
            for system in bound(world, o) {
                judgement = judgement.about(&system.system_id);
            }
            judgement
        })
        .collect()
}

fn judge(world: &World<'_>, o: &Objective) -> Judgement {
    let unit = o.objective_id.as_str();
    let mut faults: Vec<(&str, String)> = Vec::new();
    match o.rto_s {
        Some(rto) if rto <= 0 => faults.push(("rto_not_positive", format!("rto_s is {rto}"))),
        None => faults.push(("rto_missing", "rto_s is empty".to_owned())),
        Some(rto) if o.rto_low_s.is_some_and(|low| low >= rto) => {
            faults.push(("range_reversed", "rto_low_s is not below rto_s".to_owned()));
        }
        Some(_) => {}
    }
    match (o.rpo_applicable, o.rpo_s) {
        (true, None) => faults.push(("rpo_missing", "rpo_s is empty".to_owned())),
        (true, Some(rpo)) if rpo < 0 => faults.push(("rpo_negative", format!("rpo_s is {rpo}"))),
        (false, _) if o.rpo_reason.as_deref().is_none_or(|r| r.trim().is_empty()) => {
            faults.push(("rpo_reason_missing", "no reason says why no point objective applies".to_owned()));
        }
        _ => {}
    }
    let mut without_plan = Vec::new();
    let most = world.seconds("max_backup_interval");
    if let Some(rpo) = o.rpo_s.filter(|rpo| o.rpo_applicable && *rpo < most) {
        for system in bound(world, o).into_iter().filter(|s| governs(world, o, s)) {
            let mut plans = world.plans_in_force(system, world.period.start(), world.until()).peekable();
            if plans.peek().is_none() {
                without_plan.push(system.system_id.as_str());
            } else if !plans.any(|(_, p)| {
                p.schedule == Schedule::Continuous || interval_s(p, world).is_some_and(|every| every < most)
            }) {
                faults.push((
                    "no_shorter_plan",
                    format!(
                        "{} of loss are allowed, but no plan of {} runs more often than every {}",
                        human(rpo),
                        system.system_id,
                        human(most)
                    ),
                ));
            }
        }
    }
    faults.extend(looser(world, o));
    if let Some((code, _)) = faults.first() {
        let told: Vec<&str> = faults.iter().map(|(_, text)| text.as_str()).collect();
        let mut j = Judgement::fail(unit, code, format!("Not coherent: {}.", told.join("; ")));
        for (code, _) in faults.iter().skip(1) {
            j = j.reason(code);
        }
        return j;
    }
    if !without_plan.is_empty() {
        return Judgement::no_evidence(
            unit,
            "no_plan",
            format!(
                "Whether a plan is short enough is not known: no enabled plan is given for {} (backup_plans).",
                without_plan.join(", ")
            ),
        );
    }
    Judgement::pass(unit, "Its values are coherent.")
}

/// Less critical tiers of the policy's order that this tier is looser than in both values.
fn looser(world: &World<'_>, o: &Objective) -> Vec<(&'static str, String)> {
    let Some(tier) = o.tier.as_deref().filter(|_| o.system_id.is_none()).and_then(|t| world.policy.tier(t)) else {
        return Vec::new();
    };
    // No point objective allows any loss.
    let loss = |o: &Objective| if o.rpo_applicable { o.rpo_s } else { Some(i64::MAX) };
    world
        .policy
        .tiers
        .iter()
        .filter(|other| other.order > tier.order)
        .filter_map(|other| Some((other, of_tier(world, &other.id, world.until())?)))
        .filter(|(_, other)| {
            o.rto_s.zip(other.rto_s).is_some_and(|(a, b)| a > b) && loss(o).zip(loss(other)).is_some_and(|(a, b)| a > b)
        })
        .map(|(other, _)| {
            (
                "looser_than_less_critical",
                format!("it is looser in both values than the less critical tier {}", other.id),
            )
        })
        .collect()
}
