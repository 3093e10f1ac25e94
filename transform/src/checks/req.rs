//! REQ: duties from law and contracts.

use std::collections::BTreeSet;

use chrono::Days;
use model::inventory::{Plan, System};
use model::registers::{Obligation, ObligationKind, Recorded};
use model::time::{day_start, human, utc_text};

use super::cadence::{Standing, standing};
use super::common::{ORGANIZATION, filled, holds, names, no_register, signed_statement};
use super::faults::Faults;
use super::places::places;
use super::ret::{kept_by, seconds_of};
use crate::judgement::Judgement;
use crate::world::World;

/// REQ-01: duties are registered, reviewed, and what is configured is at least as strict.
///
/// The value of a duty to restore or to be available is a duration, compared with the time objective of the system, or
/// with its point objective where the value begins with "rpo". That of a location is a list of regions, `eu-*` for all
/// that begin so; it is compared with the places of backups. A signed statement that there is no duty is an approved
/// document whose title says "no duties" or "no obligations".
pub fn met(world: &World<'_>) -> Vec<Judgement> {
    let (start, until) = (world.period.start(), world.until());
    let Some(register) = world.registers.obligations.as_ref().filter(|all| !all.is_empty()) else {
        return vec![without(world)];
    };
    let zone = world.period.zone();
    let in_force = |o: &&Recorded<Obligation>| {
        o.valid_from.is_none_or(|d| day_start(d, zone) < until)
            && o.valid_to.is_none_or(|d| day_start(d + Days::new(1), zone) > start)
    };
    let all: Vec<&Recorded<Obligation>> = register.iter().filter(in_force).collect();
    if all.is_empty() {
        let text = "No duty of the register obligations was in force in the period.";
        return vec![Judgement::not_applicable(ORGANIZATION, "none_in_force", text)];
    }
    all.iter().map(|o| judge(world, o, &all)).collect()
}

fn without(world: &World<'_>) -> Judgement {
    let signed = signed_statement(world, |_, words| {
        words.windows(2).any(|w| w[0] == "no" && ["duty", "duties", "obligation", "obligations"].contains(&w[1]))
    });
    if let Some((document, at)) = signed {
        return match standing(world, "obligation_review_cadence", [at], None) {
            Standing::Overdue { due, .. } => Judgement::fail(
                ORGANIZATION,
                "overdue",
                format!(
                    "{} of {} says that no duty exists; it was to be renewed before {}.",
                    document.document_id,
                    utc_text(at),
                    utc_text(due)
                ),
            ),
            _ => Judgement::not_applicable(
                ORGANIZATION,
                "no_duty",
                format!(
                    "{}, signed {}, says that no duty beyond the policy exists.",
                    document.document_id,
                    utc_text(at)
                ),
            ),
        };
    }
    if world.registers.obligations.is_none() {
        return no_register(ORGANIZATION, "obligations");
    }
    let text = "The register obligations is empty, and no signed statement (documents) says that no duty exists.";
    Judgement::no_evidence(ORGANIZATION, "register_empty", text)
}

fn judge(world: &World<'_>, duty: &Recorded<Obligation>, all: &[&Recorded<Obligation>]) -> Judgement {
    let unit = duty.obligation_id.as_str();
    let mut faults = Faults::default();
    match (duty.reviewed_at, standing(world, "obligation_review_cadence", duty.reviewed_at, None)) {
        (_, Standing::Overdue { last, due }) => {
            faults.add("overdue", format!("last reviewed {}, and again due before {}", utc_text(last), utc_text(due)))
        }
        (None, _) => faults.add("never_reviewed", "its review is not on record (reviewed_at)"),
        _ => {}
    }
    let bound: Vec<(usize, &System)> =
        world.in_scope().filter(|(_, s)| holds(&duty.system_ids, &s.system_id)).collect();
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    if duty.system_ids.is_empty() {
        unknown.insert("the register names no system that it binds (obligations.system_ids)".to_owned());
    }
    for (_, system) in &bound {
        if let Err(what) = compare(world, duty, system, &mut faults) {
            unknown.insert(what);
        }
    }
    let source = filled(duty.source.as_deref()).unwrap_or("source not named");
    let opening = format!("Duty \"{}\" of {source} ({})", duty.value, duty.declared_in);
    let ids: Vec<&str> = bound.iter().map(|(_, s)| s.system_id.as_str()).collect();
    let good = format!(
        "{opening}: reviewed in time, and kept by {}.",
        if ids.is_empty() { "nobody in scope".to_owned() } else { names(&ids) }
    );
    let mut judgement = faults.judge(unit, &opening, good);
    if judgement.state == model::assessment::State::Pass && !unknown.is_empty() {
        let unknown: Vec<String> = unknown.into_iter().collect();
        judgement = Judgement::no_evidence(unit, "value_not_shown", format!("{opening}: {}.", names(&unknown)));
    }
    if let Some(other) = conflict(world, duty, all) {
        judgement.detail.push_str(&format!(
            " It conflicts with {}: longest and shortest retention cannot both be kept, and people must decide.",
            other.obligation_id
        ));
        judgement = judgement.reason("conflict");
    }
    bound.iter().fold(judgement, |j, (_, s)| j.about(&s.system_id))
}

/// A duty about retention that cannot be kept together with this one on a system that both bind.
fn conflict<'w>(
    world: &World<'_>,
    duty: &Obligation,
    all: &[&'w Recorded<Obligation>],
) -> Option<&'w Recorded<Obligation>> {
    let until = world.until();
    let value = |o: &Obligation| seconds_of(&o.value, until, world);
    all.iter().copied().find(|other| {
        let (least, most) = match (duty.kind, other.kind) {
            (ObligationKind::RetentionMin, ObligationKind::RetentionMax) => (value(duty), value(other)),
            (ObligationKind::RetentionMax, ObligationKind::RetentionMin) => (value(other), value(duty)),
            _ => return false,
        };
        let shared = world
            .in_scope()
            .any(|(_, s)| holds(&duty.system_ids, &s.system_id) && holds(&other.system_ids, &s.system_id));
        shared && least.zip(most).is_some_and(|(least, most)| least > most)
    })
}

/// Compares what is configured for a system with a duty; `Err` says what is missing.
fn compare(world: &World<'_>, duty: &Obligation, system: &System, faults: &mut Faults) -> Result<(), String> {
    let (until, id) = (world.until(), system.system_id.as_str());
    let unreadable = || Err(format!("its value is no ISO 8601 duration, so {id} cannot be compared"));
    match duty.kind {
        ObligationKind::RetentionMin | ObligationKind::RetentionMax => {
            let Some(limit) = seconds_of(&duty.value, until, world) else { return unreadable() };
            retention(world, duty.kind, limit, system, faults)
        }
        ObligationKind::Restoration | ObligationKind::Availability => {
            let value = duty.value.trim().to_lowercase();
            let (is_point, text) = match (value.strip_prefix("rpo"), value.strip_prefix("rto")) {
                (Some(rest), _) => (true, rest),
                (None, Some(rest)) => (false, rest),
                (None, None) => (false, value.as_str()),
            };
            let text = text.trim_matches([' ', ':', '=', '<']).to_uppercase();
            let Some(limit) = seconds_of(&text, until, world) else { return unreadable() };
            let (name, own) = match world.objective(system, until) {
                Some(o) if is_point => ("point", o.rpo_s.filter(|_| o.rpo_applicable)),
                Some(o) => ("time", o.rto_s),
                None => return Err(format!("{id} has no recovery objective (objectives.rto_s, rpo_s)")),
            };
            let Some(own) = own else { return Err(format!("{id} has no recovery {name} objective (objectives)")) };
            faults.add_if(own > limit, "objective_looser", || {
                format!("the recovery {name} objective of {id} is {}", human(own))
            });
            Ok(())
        }
        ObligationKind::Location => location(world, duty, id, faults),
    }
}

fn retention(
    world: &World<'_>,
    kind: ObligationKind,
    limit: i64,
    system: &System,
    faults: &mut Faults,
) -> Result<(), String> {
    let id = system.system_id.as_str();
    let plans: Vec<&Plan> = world
        .plans_in_force(system, world.period.start(), world.until())
        .map(|(_, p)| p)
        .filter(|p| p.operational)
        .collect();
    let kept: Vec<(&Plan, Option<i64>)> = plans.iter().map(|p| (*p, kept_by(world, p))).collect();
    let window = world.policy.text("retention_reading") == "restorable_window";
    let most = kept.iter().filter_map(|(_, s)| *s).max();
    let least = if window { most } else { kept.iter().filter_map(|(_, s)| *s).min() };
    match kind {
        ObligationKind::RetentionMax => faults.add_if(most.is_some_and(|s| s > limit), "kept_too_long", || {
            format!("backups of {id} are kept for {}", human(most.unwrap_or(0)))
        }),
        _ => faults.add_if(least.is_some_and(|s| s < limit), "kept_too_short", || {
            format!("backups of {id} are kept for {}", human(least.unwrap_or(0)))
        }),
    }
    if kept.is_empty() || kept.iter().any(|(_, s)| s.is_none()) {
        return Err(format!("how long backups of {id} are kept is not configured (backup_plans.retention_s)"));
    }
    Ok(())
}

fn location(world: &World<'_>, duty: &Obligation, id: &str, faults: &mut Faults) -> Result<(), String> {
    let until = world.until();
    let allowed: Vec<&str> =
        duty.value.split([';', ',', '|', ' ']).map(str::trim).filter(|word| !word.is_empty()).collect();
    let fits = |region: &str| {
        allowed.iter().any(|a| a.strip_suffix('*').map_or(*a == region, |beginning| region.starts_with(beginning)))
    };
    let all = places(world);
    let used: Vec<_> = all.iter().filter(|(_, p)| p.systems().contains(id)).collect();
    for (place, known) in &used {
        if let Some(region) = known.region(until).filter(|r| !fits(r)) {
            faults.add("region_not_allowed", format!("backups of {id} lie in {region} ({place})"));
        }
    }
    match used.iter().find(|(_, p)| p.region(until).is_none()) {
        _ if used.is_empty() => Err(format!(
            "where backups of {id} lie is not on record (backup_plans.location_id, recovery_points.location_id)"
        )),
        Some((place, _)) => Err(format!("the region of {place} is not on record (storage_locations.region)")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
