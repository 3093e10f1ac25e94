//! RET: retention.

mod deleted;
mod existing;
mod maximum;

pub use deleted::deletions;
pub use existing::existing;
pub use maximum::maximum;

use chrono::NaiveDate;
use model::inventory::{Plan, Schedule};
use model::registers::{Obligation, ObligationKind, Recorded};
use model::time::{Instant, Span, day_of, human, utc_text};

use super::common::{holds, names, no_inventory, or_empty, signed_statement};
use super::frq::interval_s;
use crate::judgement::Judgement;
use crate::world::World;

/// Obligations of a kind that bind a system on a day.
fn obligations<'w>(
    world: &World<'w>,
    kind: ObligationKind,
    system: &str,
    at: Instant,
) -> Vec<&'w Recorded<Obligation>> {
    let (registers, day): (_, NaiveDate) = (world.registers, day_of(at, world.period.zone()));
    registers
        .obligations
        .iter()
        .flatten()
        .filter(|o| o.kind == kind && holds(&o.system_ids, system))
        .filter(|o| o.valid_from.is_none_or(|f| f <= day) && o.valid_to.is_none_or(|t| day <= t))
        .collect()
}

/// Seconds of an obligation's ISO 8601 value; a calendar span is measured back from `at`. `None` where it is no span.
pub fn seconds_of(value: &str, at: Instant, world: &World<'_>) -> Option<i64> {
    let span: Span = value.trim().parse().ok()?;
    Some((at - span.before(at, world.period.zone())).num_seconds())
}

/// How long a plan keeps a recovery point, in seconds: its time, else its count times its interval. Where both are set
/// the longer of them. A continuous plan has no interval.
#[must_use]
pub fn kept_s(plan: &Plan, world: &World<'_>) -> Option<i64> {
    let by_count = match plan.schedule {
        Schedule::Continuous => None,
        _ => plan.retention_count.and_then(|n| interval_s(plan, world)?.checked_mul(i64::from(n))),
    };
    plan.retention_s.max(by_count)
}

/// RET-01: configured retention is at least the minimum, or the stricter obligation.
///
/// What the platform itself shows under the id of the plan counts before what the inventory says, because that is
/// what deletes. With the reading `restorable_window` one plan of the system that is long enough serves all of them.
///
/// A justification of less than the policy's minimum is an approved exception, which waives, or a note in the plan's own
/// document (`document_ref`): an approved one whose title speaks of retention and its justification. No note justifies
/// less than a duty asks.
pub fn configured(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("backup_plans");
    }
    let until = world.until();
    let reading = world.policy.text("retention_reading");
    let mut out: Vec<Judgement> = Vec::new();
    for (_, system) in world.in_scope() {
        let id = system.system_id.as_str();
        let duties = obligations(world, ObligationKind::RetentionMin, id, until);
        let unreadable: Vec<&str> = duties
            .iter()
            .filter(|o| seconds_of(&o.value, until, world).is_none())
            .map(|o| o.obligation_id.as_str())
            .collect();
        let minimum = world.seconds("min_retention");
        let stricter = duties
            .iter()
            .filter_map(|o| Some((seconds_of(&o.value, until, world)?, o)))
            .filter(|(s, _)| *s > minimum)
            .max_by_key(|(s, _)| *s);
        let needed = stricter.map_or(minimum, |(s, _)| s);
        let by = stricter.map_or_else(String::new, |(_, o)| {
            let source = o.source.as_deref().map_or_else(String::new, |s| format!(" ({s})"));
            format!(" by {}{source}", o.obligation_id)
        });
        let plans: Vec<&Plan> = world.plans_in_force(system, world.period.start(), until).map(|(_, p)| p).collect();
        let kept = |plan: &Plan| kept_by(world, plan);
        let longest = plans.iter().filter(|p| p.operational).filter_map(|p| kept(p)).max();
        let mut ids: Vec<&str> = plans.iter().map(|p| p.plan_id.as_str()).collect();
        ids.dedup();
        for unit in ids {
            let versions: Vec<&&Plan> = plans.iter().filter(|p| p.plan_id == unit).collect();
            if versions.iter().all(|p| !p.operational) {
                let j = Judgement::not_applicable(unit, "not_operational", "The plan makes no operational backups.");
                out.push(j.about(id));
                continue;
            }
            let short: Vec<(&Plan, i64)> = versions
                .iter()
                .filter(|p| p.operational)
                .filter_map(|p| kept(p).filter(|s| *s < needed).map(|s| (**p, s)))
                .collect();
            let hidden = versions.iter().any(|p| p.operational && kept(p).is_none());
            // With this reading another plan whose retention is not visible may be the one that is long enough.
            let open = reading == "restorable_window" && plans.iter().any(|p| p.operational && kept(p).is_none());
            let window = reading == "restorable_window" && longest.is_some_and(|s| s >= needed);
            let judgement = if window {
                Judgement::pass(
                    unit,
                    format!(
                        "The plans of {id} together keep it restorable for {}; {} are needed{by} (reading {reading}).",
                        human(longest.unwrap_or(0)),
                        human(needed)
                    ),
                )
                .reason("restorable_window")
            } else if !open && let Some((_, kept)) = short.iter().min_by_key(|(_, s)| *s) {
                let detail = format!(
                    "Recovery points are kept for {}; {} are needed{by} (reading {reading}).",
                    human(*kept),
                    human(needed)
                );
                let notes: Option<Vec<String>> = short.iter().map(|(p, _)| justification(world, p)).collect();
                if let Some(notes) = notes.filter(|_| stricter.is_none()) {
                    let judgement = Judgement::pass(unit, format!("{detail} {} justifies it.", names(&notes)));
                    out.push(judgement.reason("justified").about(id));
                    continue;
                }
                short.iter().fold(Judgement::fail(unit, "below_minimum", detail), |j, (p, _)| {
                    j.violated(
                        p.effective_from.max(world.period.start()),
                        p.effective_to.map_or(until, |to| to.min(until)),
                    )
                })
            } else if hidden || open {
                Judgement::no_evidence(
                    unit,
                    "retention_not_visible",
                    "Of a plan that decides neither backup_plans.retention_s nor retention_count with an interval is set, and no platform shows the retention.",
                )
            } else if !unreadable.is_empty() {
                Judgement::no_evidence(
                    unit,
                    "obligation_unreadable",
                    format!(
                        "The value of {} in the register obligations is no ISO 8601 duration, so the minimum is not known.",
                        unreadable.join(", ")
                    ),
                )
            } else {
                let least = versions.iter().filter_map(|p| kept(p)).min().unwrap_or(0);
                Judgement::pass(
                    unit,
                    format!(
                        "Recovery points are kept for {}; {} are needed{by} (reading {reading}).",
                        human(least),
                        human(needed)
                    ),
                )
            };
            out.push(judgement.about(id));
        }
    }
    or_empty(out, "no_enabled_plan", "No plan of an in-scope system was enabled in the period.")
}

/// The approved note in the document of a plan that justifies its retention, with the time of its approval.
fn justification(world: &World<'_>, plan: &Plan) -> Option<String> {
    let own = plan.document_ref.as_deref()?;
    let (document, at) = signed_statement(world, |document, words| {
        document.document_id == own && words.contains(&"retention") && words.iter().any(|w| w.starts_with("justif"))
    })?;
    Some(format!("{}, approved {},", document.document_id, utc_text(at)))
}

/// How long a plan keeps a recovery point, in seconds: as its platform shows it, else as the inventory says.
pub fn kept_by(world: &World<'_>, plan: &Plan) -> Option<i64> {
    observed_s(world, plan).or_else(|| kept_s(plan, world))
}

/// Retention that the platform shows under the id of the plan, by the newest reading up to the end of the period.
fn observed_s(world: &World<'_>, plan: &Plan) -> Option<i64> {
    world
        .tables
        .plans
        .iter()
        .filter(|o| o.plan_id == plan.plan_id && o.observed_at >= plan.effective_from && o.observed_at <= world.as_of)
        .max_by_key(|o| o.observed_at)
        .and_then(|o| o.retention_s)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::{EDGES, EXAMPLES};
