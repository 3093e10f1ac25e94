//! RET-04: backups are not kept beyond the data retention policy.

use std::collections::BTreeMap;

use model::inventory::{Plan, System};
use model::registers::ObligationKind;
use model::time::{Instant, human, utc_text};

use super::super::common::{names, no_inventory, no_register, or_none_in_scope};
use super::{kept_by, obligations, seconds_of};
use crate::judgement::Judgement;
use crate::points::Point;
use crate::world::World;

/// RET-04, per plan; points without a plan and without an expiry are judged with the system as unit.
///
/// The maximum is the shortest `retention_max` of the register obligations that binds the system. A legal hold is an
/// obligation of kind `retention_min` whose source says "hold"; while it is valid nothing is too old.
pub fn maximum(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("backup_plans");
    }
    let until = world.until();
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let id = system.system_id.as_str();
        if world.registers.obligations.is_none() {
            out.push(no_register(id, "obligations").about(id));
            continue;
        }
        let duties = obligations(world, ObligationKind::RetentionMax, id, until);
        let unreadable: Vec<&str> = duties
            .iter()
            .filter(|o| seconds_of(&o.value, until, world).is_none())
            .map(|o| o.obligation_id.as_str())
            .collect();
        let Some(most) = duties.iter().filter_map(|o| seconds_of(&o.value, until, world)).min() else {
            out.push(
                if unreadable.is_empty() {
                    Judgement::not_applicable(
                        id,
                        "no_maximum_registered",
                        "The register obligations sets no longest retention (retention_max) for this system.",
                    )
                } else {
                    Judgement::no_evidence(
                        id,
                        "obligation_unreadable",
                        format!("The value of {} (obligations) is no ISO 8601 duration.", unreadable.join(", ")),
                    )
                }
                .about(id),
            );
            continue;
        };
        let hold = obligations(world, ObligationKind::RetentionMin, id, until)
            .into_iter()
            .find(|o| o.source.as_deref().is_some_and(|s| s.to_lowercase().contains("hold")));
        let limit = Limit { most, hold: hold.map(|o| o.obligation_id.as_str()), until };
        out.extend(system_judgements(world, i, system, &limit).into_iter().map(|j| j.about(id)));
    }
    or_none_in_scope(out)
}

struct Limit<'a> {
    most: i64,
    hold: Option<&'a str>,
    until: Instant,
}

fn system_judgements(world: &World<'_>, index: usize, system: &System, limit: &Limit<'_>) -> Vec<Judgement> {
    let plans: Vec<&Plan> = world.plans_in_force(system, world.period.start(), limit.until).map(|(_, p)| p).collect();
    // Oldest existing point by plan; under no plan the orphans.
    let mut oldest: BTreeMap<Option<&str>, (Instant, &Point)> = BTreeMap::new();
    let mut orphans = Vec::new();
    for point in world.points_of(index).filter(|p| p.exists_at(limit.until) && p.row.complete != Some(false)) {
        // A run alone does not show that its point is still there.
        if point.last_seen_at.is_none() {
            continue;
        }
        let Some(made) = point.row.created_at.or(point.row.taken_at) else { continue };
        let plan = plan_of(world, point, &plans, system);
        if plan.is_none() && point.row.expires_at.is_none() {
            orphans.push(point.row_id(world.runs));
        }
        let entry = oldest.entry(plan).or_insert((made, point));
        if made < entry.0 {
            *entry = (made, point);
        }
    }
    let mut ids: Vec<&str> = plans.iter().map(|p| p.plan_id.as_str()).collect();
    ids.dedup();
    let mut out: Vec<Judgement> = ids
        .into_iter()
        .map(|id| {
            let kept = plans.iter().filter(|p| p.plan_id == id).filter_map(|p| kept_by(world, p)).max();
            judge(world, id, kept, oldest.get(&Some(id)).copied(), limit)
        })
        .collect();
    let unit = system.system_id.as_str();
    if !orphans.is_empty() && limit.hold.is_none() {
        out.push(
            Judgement::fail(
                unit,
                "orphan_points",
                format!(
                    "{} recovery points have neither plan nor expiry, so nothing will delete them: {}.",
                    orphans.len(),
                    names(&orphans)
                ),
            )
            .rests_on(orphans),
        );
    } else if let Some(found) = oldest.get(&None) {
        out.push(judge(world, unit, None, Some(*found), limit));
    } else if out.is_empty() {
        out.push(Judgement::no_evidence(
            unit,
            "no_plan",
            "A longest retention is registered, and neither backup_plans nor recovery_points show what is kept.",
        ));
    }
    out
}

/// The plan that a point names, else that of its run, else the only plan of its system.
fn plan_of<'w>(world: &World<'w>, point: &'w Point, plans: &[&'w Plan], system: &System) -> Option<&'w str> {
    let named = point.word(|p| p.plan_id.as_deref()).filter(|id| world.inventory.plan(id).next().is_some());
    let by_run = || {
        let plan = world.runs.list.get(point.run?)?.plan?;
        world.inventory.plans.get(plan).map(|p| p.plan_id.as_str())
    };
    let only = || {
        let mut all: Vec<&str> = world
            .inventory
            .plans_of(&system.system_id)
            .filter(|p| point.row.component.is_none_or(|c| c == p.component))
            .map(|p| p.plan_id.as_str())
            .collect();
        all.dedup();
        // Any of several may have made it; the first in force stands for them.
        all.iter().copied().find(|id| plans.iter().any(|p| p.plan_id == *id)).or(all.first().copied())
    };
    named.or_else(by_run).or_else(only)
}

fn judge(
    world: &World<'_>,
    unit: &str,
    kept: Option<i64>,
    oldest: Option<(Instant, &Point)>,
    limit: &Limit<'_>,
) -> Judgement {
    let most = human(limit.most);
    let age = oldest.map(|(made, _)| (limit.until - made).num_seconds());
    let records: Vec<String> = oldest.iter().map(|(_, p)| p.row_id(world.runs)).collect();
    let too_old = age.is_some_and(|a| a > limit.most);
    let too_long = kept.is_some_and(|k| k > limit.most);
    let judgement = match (too_old || too_long, limit.hold) {
        (true, Some(hold)) => Judgement::pass(
            unit,
            format!("Points may be older than {most} while obligation {hold} (a legal hold) is valid."),
        )
        .reason("legal_hold"),
        (true, None) if too_old => Judgement::fail(
            unit,
            "point_too_old",
            format!(
                "The oldest point is of {} and {} old; at most {most} are allowed.",
                oldest.map_or_else(String::new, |(made, _)| utc_text(made)),
                human(age.unwrap_or(0))
            ),
        ),
        (true, None) => Judgement::fail(
            unit,
            "configured_too_long",
            format!("Recovery points are kept for {}; at most {most} are allowed.", human(kept.unwrap_or(0))),
        ),
        (false, _) => match (kept, age) {
            (None, None) => Judgement::no_evidence(
                unit,
                "retention_not_visible",
                "Neither a configured retention (backup_plans) nor a listed recovery point shows how long points are kept.",
            ),
            (kept, age) => {
                let mut parts = Vec::new();
                parts.extend(kept.map(|k| format!("kept for {}", human(k))));
                parts.extend(age.map(|a| format!("the oldest is {} old", human(a))));
                Judgement::pass(unit, format!("Within {most}: {}.", parts.join(", ")))
            }
        },
    };
    judgement.rests_on(records)
}
