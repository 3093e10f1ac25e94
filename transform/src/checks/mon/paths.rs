//! MON-01 and MON-06: every plan has an alert path, is monitored, and the path was proven.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Days;
use model::inventory::{AlertOn, Plan, Schedule, System};
use model::registers::{AlertKind, PrincipalKind};
use model::time::{Instant, day_of, day_start, utc_text};

use super::super::cadence::{Standing, names_id, standing};
use super::super::common::{ORGANIZATION, filled, no_inventory, no_register, or_empty};
use super::super::faults::Faults;
use crate::judgement::Judgement;
use crate::world::World;

/// Words that stand in a field of destinations and lead nowhere.
const NOWHERE: [&str; 10] = ["none", "no", "n/a", "na", "-", "null", "off", "disabled", "tbd", "/dev/null"];

/// The last version in force in the period of every enabled plan of an in-scope system, by plan id.
pub(super) fn plans<'w>(world: &World<'w>) -> BTreeMap<&'w str, (usize, &'w System, &'w Plan)> {
    let mut out: BTreeMap<&str, (usize, &System, &Plan)> = BTreeMap::new();
    for (i, system) in world.in_scope() {
        for (_, plan) in world.plans_in_force(system, world.period.start(), world.until()) {
            let known = out.entry(&plan.plan_id).or_insert((i, system, plan));
            if plan.effective_from > known.2.effective_from {
                known.2 = plan;
            }
        }
    }
    out
}

/// True where a provider runs the plan and shows nothing of it.
pub(super) fn hidden(world: &World<'_>, index: usize, system: &System, plan: &Plan) -> bool {
    let seen = |at: Option<usize>| at.is_some_and(|p| world.inventory.plans[p].plan_id == plan.plan_id);
    system.provider_managed_backup == Some(true) && !world.runs.of_system(index).any(|r| seen(r.plan))
}

/// True where the scope of a monitor names the plan, its system, or all.
pub(super) fn monitors(scope: &str, plan: &Plan) -> bool {
    let named = |id: &str| scope.split([',', ';']).any(|part| names_id(part, id));
    named("*")
        || named(&plan.plan_id)
        || named(&plan.system_id)
        || scope.to_lowercase().split_whitespace().any(|w| w == "all")
}

/// The destination of a plan's alerts, where it is one.
fn channel(plan: &Plan) -> Option<&str> {
    filled(plan.alert_channel.as_deref()).filter(|c| !NOWHERE.contains(&c.to_lowercase().as_str()))
}

/// True where an alert on the lag of the plan, or of its system, is on record.
fn has_lag_alert(world: &World<'_>, plan: &Plan) -> bool {
    world.registers.alerts.iter().flatten().any(|a| {
        a.kind == AlertKind::Lag
            && a.suppressed != Some(true)
            && a.raised_at <= world.as_of
            && (a.plan_id.as_deref() == Some(&plan.plan_id)
                || a.plan_id.is_none() && a.system_id.as_deref() == Some(&plan.system_id))
    })
}

/// MON-01: every plan is monitored and has an alert path.
///
/// In the scope of daily monitoring is a plan that the last monitored day of the period names; MON-05 judges each day.
/// Where no plan at all states a channel, how alerts go out was not given. A continuous plan has no jobs whose state could
/// raise an alert when logs stop: its alert must be on lag, as the plan says or as an alert of that kind shows.
pub fn monitored(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("backup_plans");
    }
    let channels_given = world.inventory.plans.iter().any(|p| filled(p.alert_channel.as_deref()).is_some());
    let (first, last) = world.period.days();
    let days: Option<Vec<_>> = world.registers.monitor_days.as_ref().map(|all| {
        all.iter()
            .filter(|d| d.day >= first && d.day <= last && d.performed_at.is_none_or(|p| p <= world.as_of))
            .collect()
    });
    let newest = days.iter().flatten().map(|d| d.day).max();
    let judge = |(unit, (index, system, plan)): (&str, (usize, &System, &Plan))| {
        if hidden(world, index, system, plan) {
            return Judgement::not_applicable(
                unit,
                "provider_managed",
                "A provider runs this plan and shows no state of it; STO-07 judges its statement.",
            )
            .about(&system.system_id);
        }
        let mut faults = Faults::default();
        let mut lacks = Vec::new();
        let to = channel(plan);
        match (to, filled(plan.alert_channel.as_deref())) {
            (Some(_), _) => {}
            (None, Some(word)) => {
                faults.add("alert_channel_missing", format!("its alert channel is \"{word}\", which reaches nobody"));
            }
            (None, None) if channels_given => {
                faults.add("alert_channel_missing", "it names no alert channel (backup_plans.alert_channel)");
            }
            (None, None) => lacks.push("no plan names an alert channel (backup_plans.alert_channel)"),
        }
        if plan.schedule == Schedule::Continuous && to.is_some() {
            match plan.alert_on {
                Some(AlertOn::Lag) => {}
                Some(AlertOn::JobState) => faults.add(
                    "no_lag_alert",
                    "it is continuous, and its alert is on the state of jobs, not on lag (backup_plans.alert_on)",
                ),
                None if has_lag_alert(world, plan) => {}
                None => lacks.push("whether lag raises the alert of a continuous plan (backup_plans.alert_on)"),
            }
        }
        let begun = day_of(plan.effective_from.max(system.onboarded_at), world.period.zone());
        match (&days, newest) {
            (None, _) => lacks.push("the register monitor_days was not given (registers/monitor_days.csv)"),
            // Its first day may be monitored until the end of the day after.
            (Some(_), _) if day_start(begun + Days::new(2), world.period.zone()) > world.as_of => {}
            (Some(days), Some(day)) => {
                let in_scope = days.iter().any(|d| d.day == day && monitors(&d.scope, plan));
                faults.add_if(!in_scope, "not_monitored", || format!("the monitoring of {day} does not name it"));
            }
            (Some(_), None) => faults.add("not_monitored", "no day of the period was monitored (monitor_days)"),
        }
        let good = format!("Alerts go to {}, and daily monitoring has it in scope.", to.unwrap_or_default());
        let judgement = faults.judge(unit, "For this plan", good);
        let judgement = if judgement.reasons.is_empty() && !lacks.is_empty() {
            let text = lacks.join("; ");
            Judgement::no_evidence(unit, "monitoring_not_given", format!("Not everything needed was given: {text}."))
        } else {
            judgement
        };
        judgement.about(&system.system_id)
    };
    let out = plans(world).into_iter().map(judge).collect();
    or_empty(out, "no_enabled_plan", "No plan of an in-scope system was enabled in the period.")
}

/// MON-06: on every channel in use a person acknowledged an alert lately.
///
/// A name that the register of principals has as a service is no person.
pub fn alert_path_tested(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("backup_plans");
    }
    let mut channels: BTreeMap<&str, (Instant, BTreeSet<&str>)> = BTreeMap::new();
    for (_, system, plan) in plans(world).into_values() {
        let Some(channel) = channel(plan) else { continue };
        // A later version of a plan does not make its channel new.
        let begun = world
            .inventory
            .plan(&plan.plan_id)
            .filter(|p| self::channel(p) == Some(channel))
            .map(|p| p.effective_from)
            .min()
            .unwrap_or(plan.effective_from);
        let of = channels.entry(channel).or_insert((begun, BTreeSet::new()));
        of.0 = of.0.min(begun);
        of.1.insert(&system.system_id);
    }
    let machine = |who: &str| {
        let principals = world.registers.principals.iter().flatten();
        principals.filter(|p| p.principal_id == who).any(|p| p.kind == PrincipalKind::Service)
    };
    let judge = |(unit, (begun, systems)): (&str, (Instant, BTreeSet<&str>))| {
        let judgement = match &world.registers.alerts {
            None => no_register(unit, "alerts"),
            Some(alerts) => {
                let seen: Vec<_> = alerts
                    .iter()
                    .filter(|a| filled(a.channel.as_deref()) == Some(unit) && a.suppressed != Some(true))
                    .filter(|a| filled(a.acknowledged_by.as_deref()).is_some_and(|who| !machine(who)))
                    .filter_map(|a| Some((a.acknowledged_at?, a)))
                    .collect();
                match standing(world, "alert_test_cadence", seen.iter().map(|(at, _)| *at), Some(begun)) {
                    Standing::Current { last, due } => {
                        let alert = seen.iter().find(|(at, _)| *at == last).map(|(_, a)| *a);
                        let told = alert.map_or_else(String::new, |a| format!("Alert {} ({})", a.alert_id, a.declared_in));
                        Judgement::pass(
                            unit,
                            format!("{told} was acknowledged on {}; the next proof is due before {}.", utc_text(last), utc_text(due)),
                        )
                        .rests_on(alert.map(|a| format!("alert/{}", a.alert_id)))
                    }
                    Standing::Overdue { last, due } => Judgement::fail(
                        unit,
                        "overdue",
                        format!(
                            "The last alert on this channel that a person acknowledged was seen on {}; the next was due before {}.",
                            utc_text(last),
                            utc_text(due)
                        ),
                    )
                    .violated(due, world.as_of.max(due)),
                    Standing::NotYetDue { due } => Judgement::not_applicable(
                        unit,
                        "not_yet_due",
                        format!("In use since {}; a first proof is due before {}.", utc_text(begun), utc_text(due)),
                    ),
                    Standing::Never => Judgement::fail(
                        unit,
                        "never_acknowledged",
                        "No alert on this channel was ever acknowledged by a person; nobody is known to read it.",
                    ),
                }
            }
        };
        systems.into_iter().fold(judgement, |j, s| j.about(s))
    };
    let out: Vec<Judgement> = channels.into_iter().map(judge).collect();
    if out.is_empty() {
        return vec![Judgement::not_applicable(
            ORGANIZATION,
            "no_channel",
            "No enabled plan names an alert channel (MON-01).",
        )];
    }
    out
}
