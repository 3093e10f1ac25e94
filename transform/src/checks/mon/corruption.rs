//! MON-07: suspected corruption became an incident.

use std::collections::BTreeSet;

use model::assessment::State;
use model::registers::{CauseClass, Incident};
use model::rows::Integrity;
use model::time::{Instant, utc_text};

use super::super::cmp;
use super::super::common::{ORGANIZATION, filled, holds, names, no_inventory, no_register, or_empty};
use super::{due, is_incident};
use crate::judgement::Judgement;
use crate::world::World;

/// Something that looks like damage.
struct Suspicion {
    /// Row id of what was found damaged.
    unit: String,
    system: Option<usize>,
    /// Run that made it.
    run: Option<usize>,
    found_at: Instant,
    what: String,
}

/// MON-07, over failed integrity checks, implausible runs (CMP-02) and restore tests whose data were not whole.
///
/// Where no incident was opened, an investigation that found the reason and was closed within the same time will do.
pub fn corruption(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let mut out: Vec<Judgement> = suspicions(world)
        .into_iter()
        .map(|s| {
            let judgement = judge(world, &s).rests_on([s.unit.clone()]);
            match s.system {
                Some(system) => judgement.about(&world.inventory.systems[system].system_id),
                None => judgement,
            }
        })
        .collect();
    let never: Vec<&str> = unchecked(world);
    if !never.is_empty() {
        out.push(Judgement::no_evidence(
            ORGANIZATION,
            "integrity_never_checked",
            format!(
                "No integrity check and no restore test with a comparison is on record for {}: corruption could not be seen (recovery_points.integrity_result, restore_tests.integrity_result).",
                names(&never)
            ),
        ));
    }
    or_empty(out, "nothing_found", "Integrity was checked, and nothing looked damaged in the period.")
}

fn suspicions(world: &World<'_>) -> Vec<Suspicion> {
    let until = world.until();
    let within = |at: Instant| at >= world.period.start() && at < until;
    let scope: BTreeSet<usize> = world.in_scope().map(|(i, _)| i).collect();
    let mut out = Vec::new();
    let mut runs: BTreeSet<String> = BTreeSet::new();
    for point in world.points.iter().filter(|p| p.system.is_some_and(|s| scope.contains(&s))) {
        let Some(at) = point.row.integrity_checked_at.filter(|at| within(*at)) else { continue };
        if point.row.integrity_result != Some(Integrity::Fail) {
            continue;
        }
        if let Some(run) = point.run {
            runs.insert(world.runs.row_id(run));
        }
        out.push(Suspicion {
            unit: point.row_id(world.runs),
            system: point.system,
            run: point.run,
            found_at: at,
            what: format!("Recovery point {} failed its integrity check at {}", point.id(world.runs), utc_text(at)),
        });
    }
    for result in cmp::sizes(world).iter().filter(|j| j.state == State::Fail) {
        // A damaged point and the run that made it are one finding.
        if runs.contains(&result.unit) {
            continue;
        }
        let system = result.systems.iter().find_map(|id| world.inventory.index_of(id));
        let placed = result.violations.first().map(|(from, _)| *from);
        let Some(run) = system.and_then(|s| {
            let mut then = world.runs.of_system(s).filter(|r| r.placed_at() == placed);
            then.find(|r| world.runs.row_id(r.row) == result.unit)
        }) else {
            continue;
        };
        let Some(at) = run.ended_at.or(run.started_at).or(run.scheduled_for) else { continue };
        out.push(Suspicion {
            unit: result.unit.clone(),
            system: run.system,
            run: Some(run.row),
            found_at: at,
            what: result.detail.trim_end_matches('.').to_owned(),
        });
    }
    for test in world.tests.unwrap_or_default() {
        let Some(at) = test.row.ended_at.filter(|at| within(*at)) else { continue };
        if test.row.integrity_result == Some(Integrity::Fail) && test.system.is_none_or(|s| scope.contains(&s)) {
            out.push(Suspicion {
                unit: test.row_id.clone(),
                system: test.system,
                run: None,
                found_at: at,
                what: format!("Restore test {} of {} brought back data that differ", test.row.test_id, utc_text(at)),
            });
        }
    }
    out
}

fn judge(world: &World<'_>, s: &Suspicion) -> Judgement {
    let unit = s.unit.as_str();
    let due = due(world, "investigation_open_max", s.found_at);
    let Some(incidents) = world.incidents else { return no_register(unit, "incidents") };
    let system = s.system.map(|i| world.inventory.systems[i].system_id.as_str());
    let run = s.run.map(|r| world.runs.run_id(r));
    let covers = |i: &&Incident| {
        system.is_some_and(|id| holds(&i.system_ids, id)) || run.is_some_and(|id| i.run_ids.iter().any(|r| r == id))
    };
    let open_then = |i: &&Incident| i.opened_at <= world.as_of && i.closed_at.is_none_or(|c| c >= s.found_at);
    let classed = |i: &&Incident| {
        is_incident(i.kind) && matches!(i.cause_class, Some(CauseClass::Corruption | CauseClass::DataLoss))
    };
    let explains = |i: &&Incident| {
        !is_incident(i.kind) && filled(i.root_cause.as_deref()).is_some() && i.closed_at.is_some_and(|c| c <= due)
    };
    let about = || incidents.iter().filter(covers).filter(open_then);
    let first = about().filter(|i| classed(i) || explains(i)).min_by_key(|i| (i.opened_at, &i.incident_id));
    let (what, limit) = (&s.what, utc_text(due));
    match first {
        Some(record) if record.opened_at <= due => Judgement::pass(
            unit,
            format!("{what}; {} {} was opened at {}.", record.kind, record.incident_id, utc_text(record.opened_at)),
        )
        .rests_on([format!("incident/{}", record.incident_id)]),
        Some(record) => Judgement::fail(
            unit,
            "opened_late",
            format!(
                "{what}; {} {} was opened at {}, and one was due by {limit}.",
                record.kind,
                record.incident_id,
                utc_text(record.opened_at)
            ),
        )
        .violated(s.found_at, due),
        None if due > world.as_of => {
            Judgement::not_applicable(unit, "not_yet_due", format!("{what}; an incident is due by {limit}."))
        }
        None => {
            let other = about().map(|i| i.incident_id.as_str()).collect::<Vec<_>>();
            let note = if other.is_empty() {
                String::new()
            } else {
                format!(" {} concern it, but as neither corruption nor loss of data.", names(&other))
            };
            Judgement::fail(
                unit,
                "no_incident",
                format!(
                    "{what}; no incident of corruption or loss of data covers it, and one was due by {limit}.{note}"
                ),
            )
            .violated(s.found_at, due)
        }
    }
}

/// Systems in scope whose backups nobody ever checked.
fn unchecked<'w>(world: &World<'w>) -> Vec<&'w str> {
    let tells = |r: Option<Integrity>| matches!(r, Some(Integrity::Pass | Integrity::Fail));
    world
        .in_scope()
        .filter(|(_, s)| s.provider_managed_backup != Some(true))
        .filter(|(i, _)| {
            let point = world.points_of(*i).any(|p| {
                tells(p.row.integrity_result) && p.row.integrity_checked_at.is_none_or(|at| at <= world.as_of)
            });
            let test = world
                .tests_of(*i)
                .any(|t| tells(t.row.integrity_result) && t.row.ended_at.is_none_or(|at| at <= world.as_of));
            !point && !test
        })
        .map(|(_, s)| s.system_id.as_str())
        .collect()
}
