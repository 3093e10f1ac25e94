//! RST-09: tests over a year cover every tier, platform and loss scenario.

use std::collections::BTreeMap;

use model::inventory::System;
use model::registers::Change;
use model::rows::{Scenario, TestKind};
use model::time::utc_text;

use super::super::common::{ORGANIZATION, no_inventory, or_none_in_scope};
use super::super::places::{location, places};
use super::{no_tests_given, platform_of, platforms, proves_restore, restored, tests_complete};
use crate::judgement::Judgement;
use crate::world::{Test, World};

/// RST-09.
///
/// A platform is covered by a test that restored what was made on it; where a system uses several, the recovery point tells
/// which one that was. A test stands for the scenarios that its record names, and for those that its data prove.
pub fn whole_matrix(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let everything: Vec<(usize, &System)> = world.in_scope().collect();
    if everything.is_empty() {
        return or_none_in_scope(Vec::new());
    }
    let unit = ORGANIZATION;
    let Some(tests) = world.tests else { return vec![no_tests_given(unit)] };
    let to = world.until();
    let from = world.policy.span("coverage_test_window").before(to, world.period.zone());
    let tests: Vec<&Test> = tests
        .iter()
        .filter(|t| proves_restore(world, t) && t.row.ended_at.is_some_and(|e| e >= from && e < to))
        .collect();
    let whole = |members: &[(usize, &System)]| {
        members.iter().all(|(_, s)| tests_complete(world, &s.system_id, from.max(s.onboarded_at), to))
    };
    let all_complete = whole(&everything);
    let (mut missing, mut unknown) = (Vec::new(), Vec::new());
    let mut note = |name: String, is_known: bool| if is_known { missing.push(name) } else { unknown.push(name) };

    let mut tiers: BTreeMap<&str, Vec<(usize, &System)>> = BTreeMap::new();
    let mut on_platforms: BTreeMap<String, Vec<(usize, &System)>> = BTreeMap::new();
    for (i, system) in &everything {
        if let Some(tier) = &system.tier {
            tiers.entry(tier).or_default().push((*i, system));
        }
        for platform in platforms(world, system, from.max(system.onboarded_at), to) {
            on_platforms.entry(platform).or_default().push((*i, system));
        }
    }
    let of = |members: &[(usize, &System)]| -> Vec<&Test> {
        tests.iter().copied().filter(|t| members.iter().any(|(i, _)| t.system == Some(*i))).collect()
    };
    for (tier, members) in &tiers {
        if of(members).is_empty() {
            note(format!("tier {tier}"), whole(members));
        }
    }
    let mut untold = false;
    for (platform, members) in &on_platforms {
        let from_where: Vec<Option<String>> = of(members).iter().map(|t| platform_of(world, t, from, to)).collect();
        if !from_where.iter().any(|p| p.as_ref() == Some(platform)) {
            // One whose platform nobody knows may have been from this one.
            let may_be = from_where.contains(&None);
            untold |= may_be;
            note(format!("platform {platform}"), !may_be && whole(members));
        }
    }
    if !tests.iter().any(|t| matches!(t.row.kind, Some(TestKind::Full | TestKind::RealIncident))) {
        note("full recovery of a system".to_owned(), all_complete);
    }
    // A test without a scenario may have been any of them.
    let unstated = tests.iter().any(|t| t.row.scenario.is_empty());
    for scenario in [Scenario::Failure, Scenario::Corruption, Scenario::Disaster] {
        if !tests.iter().any(|t| t.row.scenario.contains(&scenario) || proves(world, t, scenario)) {
            note(format!("scenario {scenario}"), all_complete && !unstated);
        }
    }
    let window = format!("from {} to {}", utc_text(from), utc_text(to));
    let judgement = if !missing.is_empty() {
        Judgement::fail(unit, "not_covered", format!("No successful test {window} covers: {}.", missing.join(", ")))
    } else if !unknown.is_empty() {
        let (reason, why) = if unstated {
            ("scenario_not_recorded", "some tests record no scenario (restore_tests.scenario)")
        } else if untold {
            (
                "platform_unknown",
                "of some tests the platform they restored from is not known (restore_tests.recovery_point_id)",
            )
        } else {
            (
                "tests_not_covered",
                "no restore-reports source states that it holds every test of that time (restore_tests)",
            )
        };
        Judgement::no_evidence(unit, reason, format!("Tests {window} do not show: {}; {why}.", unknown.join(", ")))
    } else if tiers.is_empty() && on_platforms.is_empty() {
        Judgement::not_applicable(unit, "empty_population", "No tier or platform is in use.")
    } else {
        Judgement::pass(
            unit,
            format!("{} successful tests {window} cover every tier, platform and scenario.", tests.len()),
        )
    };
    vec![judgement.rests_on(tests.iter().map(|t| t.row_id.clone()))]
}

/// True where what was restored proves a scenario, whatever the record of the test says: data from another region the loss of
/// the system's own; a return to before the change that the test follows, a change that spoilt them.
fn proves(world: &World<'_>, test: &Test, scenario: Scenario) -> bool {
    match scenario {
        Scenario::Disaster => from_other_region(world, test).unwrap_or(false),
        Scenario::Corruption => test.row.kind == Some(TestKind::PointInTime) && before_its_change(world, test),
        Scenario::Failure | Scenario::Other => false,
    }
}

fn from_other_region(world: &World<'_>, test: &Test) -> Option<bool> {
    let own = world.inventory.systems.get(test.system?)?.region.as_deref()?;
    let place = location(world, restored(world, test)?)?;
    Some(places(world).get(place)?.region(world.until())? != own)
}

fn before_its_change(world: &World<'_>, test: &Test) -> bool {
    let began = |c: &Change| c.started_at.unwrap_or(c.completed_at);
    world
        .registers
        .changes
        .iter()
        .flatten()
        .filter(|c| test.row.change_id.as_deref() == Some(c.change_id.as_str()))
        .any(|c| test.row.recovered_to_at.is_some_and(|to| to < began(c)))
}
