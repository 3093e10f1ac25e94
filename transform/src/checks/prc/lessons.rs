//! PRC-03: incidents left lessons and improvements.

use model::registers::{ActionOrigin, Incident};
use model::time::{Instant, utc_text};

use super::super::cadence::names_id;
use super::super::common::{ORGANIZATION, filled, names, no_register, or_empty};
use super::super::faults::Faults;
use crate::judgement::Judgement;
use crate::world::World;

/// PRC-03, for each significant incident about backup that was closed in the period and is no duplicate.
///
/// That nothing needs to be improved is recorded as `none: why` among its actions.
pub fn learned(world: &World<'_>) -> Vec<Judgement> {
    let Some(incidents) = world.incidents.filter(|_| world.registers.incidents.is_some() || has_any(world)) else {
        return vec![no_register(ORGANIZATION, "incidents")];
    };
    let out = incidents
        .iter()
        .filter(|i| i.backup_related && i.significant && i.duplicate_of.is_none())
        .filter_map(|i| Some((i, i.closed_at.filter(|at| world.period.contains(*at) && *at <= world.as_of)?)))
        .map(|(incident, closed)| {
            let judgement = judge(world, incident, closed);
            incident.system_ids.iter().filter(|s| *s != "*").fold(judgement, |j, s| j.about(s))
        })
        .collect();
    or_empty(out, "no_incident", "No significant incident about backup or recovery was closed in the period.")
}

/// Incidents of trackers alone prove no absence, but those that they show are judged.
fn has_any(world: &World<'_>) -> bool {
    world.incidents.unwrap_or_default().iter().any(|i| i.backup_related && i.significant)
}

fn judge(world: &World<'_>, incident: &Incident, closed: Instant) -> Judgement {
    let unit = incident.incident_id.as_str();
    let due = world.policy.span("lessons_due").after(closed, world.period.zone());
    let mut faults = Faults::default();
    let missing: Vec<&str> = [("root_cause", &incident.root_cause), ("lessons_ref", &incident.lessons_ref)]
        .into_iter()
        .filter_map(|(name, text)| filled(text.as_deref()).is_none().then_some(name))
        .collect();
    faults.add_if(!missing.is_empty(), "lessons_missing", || format!("{} is empty", missing.join(" and ")));
    let dated = |id: &str| {
        world.registers.documents.iter().flatten().filter(|d| names_id(id, &d.document_id)).find_map(|d| d.approved_at)
    };
    if let Some(at) = incident.lessons_ref.as_deref().and_then(dated).filter(|at| *at > due) {
        faults.add("lessons_late", format!("its lessons were recorded on {}", utc_text(at)));
    }
    let none_needed = incident.improvement_action_ids.iter().any(|a| {
        a.split_once(':').is_some_and(|(word, why)| word.trim().eq_ignore_ascii_case("none") && !why.trim().is_empty())
    });
    let registered = |wanted: &dyn Fn(&model::registers::Action) -> bool| {
        world.registers.actions.iter().flatten().any(|a| wanted(&a.row))
    };
    let of_incident = registered(&|a| {
        a.origin_kind == Some(ActionOrigin::Incident) && a.origin_ref.as_deref().is_some_and(|r| names_id(r, unit))
    });
    let listed = &incident.improvement_action_ids;
    let unknown: Vec<&str> =
        listed.iter().map(String::as_str).filter(|id| !registered(&|a| a.action_id == *id)).collect();
    let known = unknown.len() < listed.len() || of_incident;
    let given = world.registers.actions.is_some();
    if !none_needed && !known && (given || listed.is_empty()) {
        let text = if listed.is_empty() {
            "no action follows from it, and it does not say why none is needed".to_owned()
        } else {
            format!("the register actions does not hold {}", names(&unknown))
        };
        // An action may be registered without being listed: without the register nobody can tell.
        if given {
            faults.add("action_missing", text);
        }
    }
    let good = format!("Cause and lessons are recorded; due was {}.", utc_text(due));
    let judgement = faults.judge(unit, &format!("Closed {}, lessons due by {}", utc_text(closed), utc_text(due)), good);
    if judgement.state == model::assessment::State::Fail {
        return if due > world.as_of && !judgement.reasons.iter().any(|r| r == "lessons_late") {
            Judgement::not_applicable(
                unit,
                "not_yet_due",
                format!("It was closed on {}; its lessons are due by {}.", utc_text(closed), utc_text(due)),
            )
        } else {
            judgement.violated(due, due + chrono::Duration::seconds(1))
        };
    }
    if given || none_needed { judgement } else { no_register(unit, "actions") }
}
