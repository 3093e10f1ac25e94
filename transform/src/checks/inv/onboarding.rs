//! INV-05: new and significantly changed systems are protected on time.

use std::collections::BTreeMap;

use chrono::Duration;
use model::inventory::System;
use model::registers::ApprovalSubject;
use model::time::{Instant, utc_text};

use super::super::common::{ORGANIZATION, holds, no_inventory};
use crate::judgement::Judgement;
use crate::world::World;

/// INV-05. The unit of an onboarding is the system, of a change `<system>/<change>`.
///
/// A point taken before go-live counts for an onboarding (the remedy asks for one); after a change only a point
/// taken after it does. Both halves of the rule have the same due time.
pub fn protected_on_time(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let due = Duration::seconds(world.seconds("onboarding_protection_due"));
    let assets = first_seen(world);
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        let seen = assets.get(unit).copied().filter(|s| *s < system.onboarded_at);
        let (began, by_asset) = (seen.unwrap_or(system.onboarded_at), seen.is_some());
        if world.period.contains(system.onboarded_at) || (by_asset && world.period.contains(began)) {
            let plan = system.provider_managed_backup == Some(true)
                || world
                    .plans_of(system)
                    .any(|(_, p)| p.effective_from <= began && p.effective_to.is_none_or(|to| to > began));
            let first = first_point(world, i, system, None);
            let mut judgement = judge(
                world,
                &Case {
                    unit,
                    system,
                    what: "It went into service",
                    began,
                    due: began + due,
                    settled: Some(plan),
                    first,
                },
            );
            if by_asset {
                judgement = judgement.reason("dated_by_asset");
            }
            out.push(judgement.about(unit));
        }
        for change in world.registers.changes.iter().flatten() {
            if !change.significant || !holds(&change.system_ids, unit) || !world.period.contains(change.completed_at) {
                continue;
            }
            let (at, by) = (change.completed_at, change.completed_at + due);
            let in_time = |t: Instant| t >= at && t <= by;
            let renewed =
                world.plans_of(system).any(|(_, p)| in_time(p.effective_from) || p.approved_at.is_some_and(in_time));
            let approvals = world.registers.approvals.as_ref().map(|all| {
                all.iter().any(|a| {
                    a.subject_kind == ApprovalSubject::Plan
                        && a.subject_ref
                            .as_deref()
                            .is_some_and(|r| world.inventory.plan(r).any(|p| p.system_id == system.system_id))
                        && in_time(a.approved_at)
                })
            });
            let settled = if renewed { Some(true) } else { approvals };
            let unit = format!("{unit}/{}", change.change_id);
            let what = format!("Change {} was completed", change.change_id);
            let first = first_point(world, i, system, Some(at));
            out.push(
                judge(world, &Case { unit: &unit, system, what: &what, began: at, due: by, settled, first })
                    .about(&system.system_id),
            );
        }
    }
    if world.registers.changes.is_none() {
        out.push(Judgement::no_evidence(
            ORGANIZATION,
            "register_not_given",
            "The register changes was not given (registers/changes.csv): significant changes are not known.",
        ));
    } else if out.is_empty() {
        out.push(Judgement::not_applicable(
            ORGANIZATION,
            "none_new_or_changed",
            "No system was onboarded and no significant change completed in the period.",
        ));
    }
    out
}

/// When the first asset of each system was seen.
fn first_seen<'w>(world: &World<'w>) -> BTreeMap<&'w str, Instant> {
    let mut out: BTreeMap<&str, Instant> = BTreeMap::new();
    for asset in &world.tables.assets {
        if let Ok(Some(system)) = world.inventory.resolve(&asset.asset_id) {
            let first = out.entry(&system.system_id).or_insert(asset.first_seen_at);
            *first = (*first).min(asset.first_seen_at);
        }
    }
    out
}

/// The first good recovery point, or restorable moment, at or after `from`.
fn first_point(world: &World<'_>, index: usize, system: &System, from: Option<Instant>) -> Option<(Instant, String)> {
    let usable = |t: &Instant| from.is_none_or(|f| *t >= f);
    // Points are in order of time and id.
    let point = world
        .points_of(index)
        .filter(|p| p.is_good() && p.holds_data(system.kind) && !p.row.zone_unknown)
        .find_map(|p| p.taken_at().filter(usable).map(|t| (t, p.row_id(world.runs))));
    let samples = world.pitr_of(index).filter_map(|s| {
        let at = s.latest_restorable_at.filter(usable)?;
        Some((at, format!("pitr/{}/{}", s.origin.source_id, utc_text(s.observed_at))))
    });
    point.into_iter().chain(samples).min()
}

struct Case<'a> {
    unit: &'a str,
    system: &'a System,
    what: &'a str,
    began: Instant,
    due: Instant,
    /// A plan was there in time; `None` where a register that could tell was not given.
    settled: Option<bool>,
    first: Option<(Instant, String)>,
}

fn judge(world: &World<'_>, case: &Case<'_>) -> Judgement {
    let (unit, system) = (case.unit, case.system.system_id.as_str());
    let opening = format!("{} on {}", case.what, utc_text(case.began));
    if case.due > world.as_of {
        return Judgement::not_applicable(
            unit,
            "not_yet_due",
            format!("{opening}; a recovery point is due by {}, after the evidence ends.", utc_text(case.due)),
        );
    }
    let records: Vec<String> = case.first.iter().map(|(_, id)| id.clone()).collect();
    let in_time = case.first.as_ref().is_some_and(|(t, _)| *t <= case.due);
    let covered = |table| world.coverage.covers(table, system, case.began, case.due);
    let complete = covered("recovery_points") || covered("backup_runs");
    let point_text = match &case.first {
        Some((t, _)) => format!("the first good recovery point is of {}", utc_text(*t)),
        None => "no good recovery point is on record".to_owned(),
    };
    let mut faults: Vec<(&str, String)> = Vec::new();
    if case.settled == Some(false) {
        faults.push(("plan_late", "no enabled plan was in force or confirmed in time".to_owned()));
    }
    if !in_time && complete {
        faults.push(("point_late", format!("{point_text}, due by {}", utc_text(case.due))));
    }
    let judgement = if let Some((code, _)) = faults.first() {
        let texts: Vec<&str> = faults.iter().map(|(_, t)| t.as_str()).collect();
        faults
            .iter()
            .skip(1)
            .fold(Judgement::fail(unit, code, format!("{opening}: {}.", texts.join("; "))), |j, f| j.reason(f.0))
            .violated(case.began, case.due)
    } else if !in_time {
        Judgement::no_evidence(
            unit,
            "not_covered",
            format!(
                "{opening}; {point_text} by {}, and no complete source of backup_runs or recovery_points covers that time.",
                utc_text(case.due)
            ),
        )
    } else if case.settled.is_none() {
        Judgement::no_evidence(
            unit,
            "register_not_given",
            format!(
                "{opening}; {point_text}. The register approvals was not given, so a re-approval of the plan cannot be seen."
            ),
        )
    } else {
        Judgement::pass(unit, format!("{opening}; a plan was in force and {point_text}."))
    };
    judgement.rests_on(records)
}
