//! RST-09: tests over a year cover every tier, platform and loss scenario.

use std::collections::BTreeMap;

use model::inventory::System;
use model::rows::{Scenario, TestKind};
use model::time::utc_text;

use super::{proves_restore, tests_complete};
use crate::judgement::Judgement;
use crate::metrics::platform;
use crate::world::{Test, World};

/// RST-09.
pub fn whole_matrix(world: &World<'_>) -> Vec<Judgement> {
    let unit = "organization";
    if world.tests.is_none() {
        return vec![Judgement::no_evidence(
            unit,
            "no_register",
            "No restore tests were given (restore_tests): configure a restore-reports source.",
        )];
    }
    let to = world.until();
    let from = world.policy.span("coverage_test_window").before(to, world.period.zone());
    let tests: Vec<&Test> = world
        .tests
        .unwrap_or(&[])
        .iter()
        .filter(|t| proves_restore(t) && t.row.ended_at.is_some_and(|e| e >= from && e < to))
        .collect();
    let tested = |system: usize| tests.iter().any(|t| t.system == Some(system));
    let mut groups: BTreeMap<String, Vec<(usize, &System)>> = BTreeMap::new();
    for (i, system) in world.in_scope() {
        if let Some(tier) = &system.tier {
            groups.entry(format!("tier {tier}")).or_default().push((i, system));
        }
        groups.entry(format!("platform {}", platform(None, system))).or_default().push((i, system));
    }
    groups.remove("platform none");
    let whole = |members: &[(usize, &System)]| {
        members.iter().all(|(_, s)| tests_complete(world, &s.system_id, from.max(s.onboarded_at), to))
    };
    let everything: Vec<(usize, &System)> = world.in_scope().collect();
    let all_complete = whole(&everything);
    let (mut missing, mut unknown) = (Vec::new(), Vec::new());
    for (name, members) in &groups {
        if !members.iter().any(|(i, _)| tested(*i)) {
            if whole(members) { missing.push(name.clone()) } else { unknown.push(name.clone()) }
        }
    }
    let full = tests.iter().any(|t| matches!(t.row.kind, Some(TestKind::Full | TestKind::RealIncident)));
    if !full {
        let name = "full recovery of a system".to_owned();
        if all_complete { missing.push(name) } else { unknown.push(name) }
    }
    // A test without a scenario may have been any of them.
    let unstated = tests.iter().any(|t| t.row.scenario.is_none());
    for scenario in [Scenario::Failure, Scenario::Corruption, Scenario::Disaster] {
        if !tests.iter().any(|t| t.row.scenario == Some(scenario)) {
            let name = format!("scenario {scenario}");
            if all_complete && !unstated { missing.push(name) } else { unknown.push(name) }
        }
    }
    let window = format!("from {} to {}", utc_text(from), utc_text(to));
    let judgement = if !missing.is_empty() {
        Judgement::fail(unit, "not_covered", format!("No successful test {window} covers: {}.", missing.join(", ")))
    } else if !unknown.is_empty() {
        let why = if unstated {
            "some tests record no scenario (restore_tests.scenario)"
        } else {
            "no restore-reports source states that it holds every test of that time (restore_tests)"
        };
        Judgement::no_evidence(
            unit,
            if unstated { "scenario_not_recorded" } else { "tests_not_covered" },
            format!("Tests {window} do not show: {}; {why}.", unknown.join(", ")),
        )
    } else if groups.is_empty() {
        Judgement::not_applicable(unit, "empty_population", "No tier or platform is in use.")
    } else {
        Judgement::pass(
            unit,
            format!("{} successful tests {window} cover every tier, platform and scenario.", tests.len()),
        )
    };
    vec![judgement.rests_on(tests.iter().map(|t| t.row_id.clone()))]
}
