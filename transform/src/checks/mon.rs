//! MON: monitoring, alerts, and what follows a failure.
//!
//! MON-02, MON-03 and MON-04 judge the chains of [`crate::closure`], each its own links.

mod corruption;
mod days;
mod paths;

pub use corruption::corruption;
pub use days::every_day;
pub use paths::{alert_path_tested, monitored};

use std::collections::BTreeMap;

use chrono::Duration;
use model::assessment::Outcome;
use model::registers::{Alert, IncidentKind, Recorded};
use model::time::{Instant, Period, day_of, human, utc_text};

use super::common::{ORGANIZATION, names, no_inventory, no_register};
use crate::closure::{Case, Chain, Link, chains, saved_attempts};
use crate::judgement::Judgement;
use crate::world::World;

/// How often one cause may return in a quarter before it is a problem of its own.
const RECURRENCES: usize = 3;

/// `out`, or where nothing failed one result that says whether that is known.
fn or_none_failed(world: &World<'_>, out: Vec<Judgement>) -> Vec<Judgement> {
    if !out.is_empty() {
        return out;
    }
    if !world.inventory.given {
        return no_inventory("backup_plans");
    }
    let unknown = world.slots.iter().filter(|s| s.outcome == Outcome::Unknown).count();
    vec![if unknown > 0 {
        Judgement::no_evidence(
            ORGANIZATION,
            "slots_unknown",
            format!("Whether {unknown} slots failed is not known: no complete source covers them (backup_runs)."),
        )
    } else {
        Judgement::not_applicable(
            ORGANIZATION,
            "no_failure",
            "No backup failed, was missed or ran over its time in the period.",
        )
    }]
}

/// A result about the slot of a chain.
fn of_slot(
    world: &World<'_>,
    chain: &Chain<'_>,
    due: Instant,
    judge: impl FnOnce(&str, &str) -> Judgement,
) -> Judgement {
    let id = chain.slot.id(world.inventory);
    let what = match chain.slot.outcome {
        Outcome::Missed => format!("The backup did not run by {}", utc_text(chain.failed_at)),
        Outcome::Overrun => format!("The backup had not ended by {}", utc_text(chain.failed_at)),
        _ => format!("The backup failed at {}", utc_text(chain.failed_at)),
    };
    judge(&id, &what)
        .about(&world.inventory.systems[chain.slot.system].system_id)
        .violated(chain.slot.scheduled_for, due)
        .rests_on(chain.records(world))
}

/// MON-02: an alert followed every failed, missed or overrun slot in time.
///
/// An alert that nobody acknowledged is noted on the pass. Clocks of alert logs are not measured, so that an alert
/// within `clock_skew_tolerance` of its limit proves nothing.
pub fn alerted(world: &World<'_>) -> Vec<Judgement> {
    let mut out: Vec<Judgement> = chains(world)
        .iter()
        .map(|chain| {
            of_slot(world, chain, chain.alert_due, |unit, what| {
                let j = raised(world, unit, what, chain.alert, chain.alert_due);
                let unseen = chain.alert.found().is_some() && chain.acknowledged == Link::Missing;
                if unseen { j.reason("not_acknowledged") } else { j }
            })
        })
        .collect();
    if world.policy.flag("alert_on_attempt") {
        out.extend(saved_attempts(world).iter().map(|saved| {
            let row = world.runs.row_id(world.runs.list[saved.run].row);
            let what = format!("An attempt failed at {}, and a later one succeeded", utc_text(saved.failed_at));
            raised(world, &row, &what, saved.alert, saved.alert_due)
                .about(&world.inventory.systems[saved.slot.system].system_id)
                .violated(saved.failed_at, saved.alert_due)
                .rests_on([row.clone()])
        }));
    }
    or_none_failed(world, out)
}

fn raised(world: &World<'_>, unit: &str, what: &str, alert: Link<&Recorded<Alert>>, due: Instant) -> Judgement {
    let limit = utc_text(due);
    match alert {
        Link::Found(alert) => {
            let at = alert.raised_at;
            let told =
                format!("{what}; alert {} ({}) was raised at {}", alert.alert_id, alert.declared_in, utc_text(at));
            let tolerance = world.seconds("clock_skew_tolerance");
            if (at - due).num_seconds().abs() <= tolerance {
                let near = human(tolerance);
                let why = format!(
                    "{told}, within {near} of its limit {limit}, and the clock of the alert log (sources.clock_offset_s) was never measured."
                );
                Judgement::no_evidence(unit, "clock_unknown", why)
            } else if at > due {
                Judgement::fail(unit, "alert_late", format!("{told}; it was due by {limit}."))
            } else {
                Judgement::pass(unit, format!("{told}, in time."))
            }
        }
        Link::Missing => Judgement::fail(
            unit,
            "no_alert",
            format!("{what}; no alert for it is on record, and one was due by {limit}. The chain breaks at the alert."),
        ),
        Link::Pending => Judgement::not_applicable(unit, "not_yet_due", format!("{what}; an alert is due by {limit}.")),
        Link::Unknown => no_register(unit, "alerts"),
    }
}

/// MON-03: an incident or investigation was opened for every failed, missed or overrun slot in time.
pub fn investigated(world: &World<'_>) -> Vec<Judgement> {
    let judge = |chain: &Chain<'_>| {
        let limit = utc_text(chain.incident_due);
        of_slot(world, chain, chain.incident_due, |unit, what| match chain.incident {
            Link::Found(Case { record, opened_at, .. }) => {
                let told =
                    format!("{what}; {} {} was opened at {}", record.kind, record.incident_id, utc_text(opened_at));
                if opened_at > chain.incident_due {
                    Judgement::fail(unit, "opened_late", format!("{told}; it was due by {limit}."))
                } else {
                    Judgement::pass(unit, format!("{told}, in time."))
                }
            }
            Link::Missing => Judgement::fail(
                unit,
                "not_investigated",
                format!(
                    "{what}; no incident or investigation names its run, plan or system, and one was due by {limit}. The chain breaks at the incident."
                ),
            ),
            Link::Pending => {
                Judgement::not_applicable(unit, "not_yet_due", format!("{what}; an investigation is due by {limit}."))
            }
            Link::Unknown => no_register(unit, "incidents"),
        })
    };
    or_none_failed(world, chains(world).iter().map(judge).collect())
}

/// What is wrong with the chains of a plan, by reason code: a clause, the link, and the slots.
type Broken = BTreeMap<&'static str, (&'static str, &'static str, Vec<String>)>;

/// MON-04: after every failed, missed or overrun slot a good recovery point followed, and the record of it was closed
/// with cause and resolution.
pub fn remedied(world: &World<'_>) -> Vec<Judgement> {
    let all = chains(world);
    let mut plans: BTreeMap<&str, Vec<&Chain<'_>>> = BTreeMap::new();
    for chain in all {
        plans.entry(&world.inventory.plans[chain.slot.plan].plan_id).or_default().push(chain);
    }
    or_none_failed(world, plans.into_iter().map(|(plan, chains)| remedy(world, plan, &chains)).collect())
}

fn remedy(world: &World<'_>, unit: &str, chains: &[&Chain<'_>]) -> Judgement {
    let (mut broken, mut doubtful, mut pending) = (Broken::new(), Broken::new(), Vec::new());
    let (mut violations, mut done) = (Vec::new(), 0_usize);
    for chain in chains {
        let slot = utc_text(chain.slot.scheduled_for);
        let before = (broken.values().map(|(_, _, slots)| slots.len()).sum::<usize>(), doubtful.len());
        let mut wait = recovery(chain, &slot, &mut broken, &mut doubtful);
        wait |= closure(world, chain, &slot, &mut broken, &mut doubtful);
        let after = (broken.values().map(|(_, _, slots)| slots.len()).sum::<usize>(), doubtful.len());
        if after.0 > before.0 {
            let to = chain.recovered_at().unwrap_or_else(|| world.until()).max(chain.recovery_due);
            violations.push((chain.slot.scheduled_for, to));
        } else if wait {
            pending.push(slot);
        } else if after == before {
            done += 1;
        }
    }
    let tell = |broken: &Broken| {
        let parts: Vec<String> =
            broken.values().map(|(clause, link, slots)| format!("{clause} ({link}): {}", names(slots))).collect();
        parts.join("; ")
    };
    let system = chains.first().map_or("", |c| world.inventory.systems[c.slot.system].system_id.as_str());
    let waiting = if pending.is_empty() {
        String::new()
    } else {
        format!(" {} more may still be closed in time.", pending.len())
    };
    let mut j = if let Some(first) = broken.keys().next() {
        let text =
            format!("Of {} failed, missed or overrun backups some were not remedied: {}.", chains.len(), tell(&broken));
        broken.keys().skip(1).fold(Judgement::fail(unit, first, text), |j, code| j.reason(code))
    } else if let Some(first) = doubtful.keys().next() {
        Judgement::no_evidence(
            unit,
            first,
            format!("Whether failures were remedied is not known: {}.", tell(&doubtful)),
        )
    } else if done == 0 {
        Judgement::not_applicable(
            unit,
            "not_yet_due",
            format!("The failures of {} may still be remedied and closed in time.", names(&pending)),
        )
    } else {
        Judgement::pass(
            unit,
            format!(
                "After {done} failed, missed or overrun backups a good recovery point followed in time, and the record was closed with cause and resolution.{waiting}"
            ),
        )
    };
    if let Some(again) = recurrence(world, chains) {
        j.detail.push_str(&again);
        j = j.reason("cause_recurs");
    }
    for (from, to) in violations {
        j = j.violated(from, to);
    }
    j.about(system).rests_on(chains.iter().flat_map(|c| c.records(world)))
}

fn note(all: &mut Broken, code: &'static str, clause: &'static str, link: &'static str, slot: &str) {
    all.entry(code).or_insert_with(|| (clause, link, Vec::new())).2.push(slot.to_owned());
}

/// Notes what is wrong with the recovery; true where it may still come.
fn recovery(chain: &Chain<'_>, slot: &str, broken: &mut Broken, doubtful: &mut Broken) -> bool {
    let late = chain.recovered_at().is_some_and(|t| t > chain.recovery_due);
    match chain.recovered {
        Link::Found(_) if late && chain.recovery_covered => {
            note(broken, "recovered_late", "the next good recovery point came too late", "recovery", slot);
        }
        Link::Missing => note(broken, "not_recovered", "no good recovery point followed", "recovery", slot),
        Link::Found(_) if late => note(
            doubtful,
            "recovery_not_covered",
            "no complete source covers the time until a good recovery point was due (backup_runs)",
            "recovery",
            slot,
        ),
        Link::Unknown => note(
            doubtful,
            "recovery_not_covered",
            "no complete source covers the time until a good recovery point was due (backup_runs)",
            "recovery",
            slot,
        ),
        Link::Found(_) => {}
        Link::Pending => return true,
    }
    false
}

/// Notes what is wrong with the record; true where it may still be closed in time.
fn closure(world: &World<'_>, chain: &Chain<'_>, slot: &str, broken: &mut Broken, doubtful: &mut Broken) -> bool {
    let case = match chain.incident {
        Link::Found(case) => case,
        Link::Missing => {
            note(broken, "not_investigated", "no record was opened", "incident", slot);
            return false;
        }
        Link::Unknown => {
            note(doubtful, "register_not_given", "the register incidents was not given", "incident", slot);
            return false;
        }
        Link::Pending => return true,
    };
    match case.closed_at {
        None if case.close_due > world.as_of => return true,
        None => note(broken, "open_too_long", "the record is open beyond its time", "resolution", slot),
        Some(closed) => {
            if closed > case.close_due {
                note(broken, "closed_late", "the record was closed too late", "resolution", slot);
            }
            if chain.root_cause == Link::Missing {
                note(broken, "cause_missing", "the record was closed without a cause", "root_cause", slot);
            }
            if chain.resolution == Link::Missing {
                note(broken, "resolution_missing", "the record was closed without a resolution", "resolution", slot);
            }
        }
    }
    false
}

/// A cause that came back so often in one quarter that it needs a record of its own.
fn recurrence(world: &World<'_>, chains: &[&Chain<'_>]) -> Option<String> {
    let quarter = |at: Instant| {
        Period::quarter_of(day_of(at, world.period.zone()), world.period.zone(), world.policy.first_month()).start()
    };
    let plain = |text: &str| text.trim().trim_end_matches('.').to_lowercase();
    chains.iter().find_map(|chain| {
        let (case, cause) = (chain.incident.found()?, chain.root_cause.found()?);
        let same: Vec<&str> = world
            .incidents
            .unwrap_or_default()
            .iter()
            .filter(|i| i.backup_related && i.duplicate_of.is_none() && i.opened_at <= world.as_of)
            .filter(|i| quarter(i.opened_at) == quarter(case.record.opened_at))
            .filter(|i| i.root_cause.as_deref().is_some_and(|c| plain(c) == plain(cause)))
            .map(|i| i.incident_id.as_str())
            .collect();
        (same.len() >= RECURRENCES).then(|| {
            format!(
                " One cause came back {} times in the quarter ({}) and needs a problem record.",
                same.len(),
                names(&same)
            )
        })
    })
}

/// True where an incident record is what the policy calls an incident, not an investigation.
const fn is_incident(kind: IncidentKind) -> bool {
    matches!(kind, IncidentKind::Incident)
}

/// End of the time that a parameter allows after `from`.
fn due(world: &World<'_>, parameter: &str, from: Instant) -> Instant {
    from + Duration::seconds(world.seconds(parameter))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
