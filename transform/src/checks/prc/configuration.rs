//! PRC-01: backup configuration and schedule are documented, and match reality.

use model::inventory::{Plan, Schedule, System};
use model::registers::{Document, DocumentKind, Recorded};
use model::time::{Instant, utc_text};

use super::super::cadence::names_id;
use super::super::common::{filled, holds, names};
use super::super::faults::Faults;
use super::each_critical;
use crate::coverage::Interval;
use crate::judgement::Judgement;
use crate::world::World;

/// Version of a document that is made from the live configuration, or is its code.
const GENERATED: &str = "generated";

/// PRC-01.
///
/// The content of a document is not read: it describes a version of a plan where the plan names document and version
/// (`document_ref`), or where it was approved after that version took effect. A document whose version is `generated` is
/// made from the live configuration, or is its code, and always matches: there the approval of the plan's version counts.
/// What the plan says is then compared with what the platform shows, as far as both say it; a recurrence that is not written
/// as cron is not compared.
pub fn documented(world: &World<'_>) -> Vec<Judgement> {
    each_critical(world, "backup_plans", |system, documents| judge(world, system, documents))
}

fn judge(world: &World<'_>, system: &System, documents: &[Recorded<Document>]) -> Judgement {
    let unit = system.system_id.as_str();
    let Some((from, to)) = system.in_service(world.period.start(), world.until()) else {
        return Judgement::not_applicable(unit, "not_in_service", "The system was not in service in the period.");
    };
    let plans: Vec<&Plan> = world.plans_in_force(system, from, to).map(|(_, p)| p).collect();
    if plans.is_empty() {
        return Judgement::no_evidence(
            unit,
            "no_plan",
            "The inventory has no enabled plan of this system to compare a document with (backup_plans, COV-01).",
        );
    }
    let named: Vec<&Recorded<Document>> = documents
        .iter()
        .filter(|d| d.kind == DocumentKind::BackupConfiguration)
        .filter(|d| holds(&d.system_ids, unit) || plans.iter().any(|p| refers_to(p, d)))
        .collect();
    let (mut faults, mut open, mut pending) = (Faults::default(), Vec::new(), Vec::new());
    let approved = |d: &Document| d.approved_at.is_some_and(|at| at < world.until());
    if named.is_empty() {
        faults.add("document_missing", "no document of kind backup_configuration names it");
    } else if !named.iter().any(|d| approved(d)) && !plans.iter().any(|p| change_approved(p, &named).is_some()) {
        let ids: Vec<&str> = named.iter().map(|d| d.document_id.as_str()).collect();
        faults.add("not_approved", format!("its document is not approved ({})", names(&ids)));
    } else {
        for plan in &plans {
            match undocumented(world, plan, &named, (from, to)) {
                Open::Never => {}
                Open::Until(due) => pending.push(format!("{} by {}", plan.plan_id, utc_text(due))),
                Open::During(a, b) => {
                    faults.add(
                        "document_stale",
                        format!(
                            "version {} of plan {} took effect on {} and was in no approved document from {} to {}",
                            plan.version,
                            plan.plan_id,
                            utc_text(plan.effective_from),
                            utc_text(a),
                            utc_text(b)
                        ),
                    );
                    open.push((a, b));
                }
            }
        }
    }
    for plan in &plans {
        differences(world, system, plan, &mut faults);
    }
    let silent: Vec<String> = plans.iter().filter_map(|p| incomplete(p)).collect();
    let ids: Vec<&str> = plans.iter().map(|p| p.plan_id.as_str()).collect();
    let later = if pending.is_empty() {
        String::new()
    } else {
        format!("; new versions must be documented: {}", names(&pending))
    };
    let good = format!("An approved document describes its plans ({}){later}.", names(&ids));
    let judgement = faults.judge(unit, "Its backup configuration", good);
    if judgement.state == model::assessment::State::Pass && !silent.is_empty() {
        return Judgement::no_evidence(
            unit,
            "plan_incomplete",
            format!("What would have to be documented is not known: {} (backup_plans).", names(&silent)),
        );
    }
    open.into_iter().fold(judgement, |j, (a, b)| j.violated(a, b))
}

/// True where the plan names this document in this version.
fn refers_to(plan: &Plan, document: &Document) -> bool {
    plan.document_ref
        .as_deref()
        .is_some_and(|text| names_id(text, &document.document_id) && names_id(text, &document.version))
}

/// When a version of a plan was approved that a document made from the configuration itself describes.
fn change_approved(plan: &Plan, named: &[&Recorded<Document>]) -> Option<Instant> {
    let is_generated = |d: &Document| d.version.trim().eq_ignore_ascii_case(GENERATED);
    filled(plan.approved_by.as_deref())?;
    plan.approved_at.filter(|_| named.iter().any(|d| is_generated(d)))
}

/// For how long a version of a plan was in no approved document.
enum Open {
    Never,
    Until(Instant),
    During(Instant, Instant),
}

fn undocumented(world: &World<'_>, plan: &Plan, named: &[&Recorded<Document>], (from, to): Interval) -> Open {
    let began = plan.effective_from;
    let described = named
        .iter()
        .filter_map(|d| {
            let at = d.approved_at.filter(|at| *at <= world.as_of)?;
            (at >= began || refers_to(plan, d)).then_some(at.max(began))
        })
        .chain(change_approved(plan, named).filter(|at| *at <= world.as_of).map(|at| at.max(began)))
        .min();
    let due = world.policy.span("config_doc_lag_max").after(began, world.period.zone());
    let end = plan.effective_to.map_or(to, |e| e.min(to)).min(described.unwrap_or(to));
    let start = due.max(from);
    match described {
        _ if start < end => Open::During(start, end),
        None if due >= to => Open::Until(due),
        _ => Open::Never,
    }
}

/// What a plan leaves open of schedule, components, retention and location.
fn incomplete(plan: &Plan) -> Option<String> {
    let missing: Vec<&str> = [
        ("retention", plan.retention_s.is_none() && plan.retention_count.is_none()),
        ("location_id", plan.location_id.is_none()),
    ]
    .into_iter()
    .filter_map(|(what, missing)| missing.then_some(what))
    .collect();
    (!missing.is_empty()).then(|| format!("{} of plan {}", missing.join(" and "), plan.plan_id))
}

/// Adds where the platform, read in the period, shows something else than the version of the plan then in force.
fn differences(world: &World<'_>, system: &System, plan: &Plan, faults: &mut Faults) {
    let is_of_system =
        |resource: &str| matches!(world.inventory.resolve(resource), Ok(Some(s)) if s.system_id == system.system_id);
    let newest = world
        .tables
        .plans
        .iter()
        .filter(|p| p.plan_id == plan.plan_id && p.resource.as_deref().is_none_or(is_of_system))
        .filter(|p| world.period.contains(p.observed_at) && p.observed_at <= world.as_of)
        .filter(|p| plan.effective_from <= p.observed_at && plan.effective_to.is_none_or(|e| p.observed_at < e))
        .max_by_key(|p| p.observed_at);
    let Some(live) = newest else { return };
    let mut different = Vec::new();
    let mut compare = |what: &str, written: Option<String>, shown: Option<String>| {
        if let (Some(written), Some(shown)) = (written, shown)
            && written != shown
        {
            different.push(format!("{what} {shown} instead of {written}"));
        }
    };
    let cron = live.schedule.as_deref().and_then(|s| s.parse::<Schedule>().ok());
    compare("schedule", Some(plan.schedule.text()), cron.map(|s| s.text()));
    compare("component", Some(plan.component.to_string()), live.component.map(|c| c.to_string()));
    let days = |s: i64| model::time::human(s);
    compare("retention", plan.retention_s.map(days), live.retention_s.map(days));
    let count = |n: u32| n.to_string();
    compare("retention count", plan.retention_count.map(count), live.retention_count.map(count));
    if live.enabled == Some(false) {
        different.push("that it is switched off".to_owned());
    }
    if !different.is_empty() {
        faults.add(
            "differs_from_platform",
            format!(
                "on {} the platform showed for plan {} {}",
                utc_text(live.observed_at),
                plan.plan_id,
                different.join(", ")
            ),
        );
    }
}
