//! RST-01 and RST-10: what must be tested in every quarter.

use std::collections::BTreeMap;

use model::inventory::{Schedule, System};
use model::rows::{Component, TestKind, TestResult, Trigger};
use model::time::{Instant, Period, day_of, utc_text};

use super::super::common::{ORGANIZATION, no_inventory, or_none_in_scope};
use super::reports::missing;
use super::{no_tests_given, platform_of, platforms, proves_restore, restored, tests_complete};
use crate::checks::frq;
use crate::judgement::Judgement;
use crate::world::{Test, World};

/// A unit of RST-01: what is named, and the systems whose tests count for it.
struct Unit<'w> {
    name: String,
    members: Vec<(usize, &'w System)>,
    /// Only restores from this platform count.
    platform: Option<String>,
    /// Restores of one file or row count.
    items: bool,
}

/// RST-01: a restore test succeeded in every quarter. One result a unit and quarter, `billing-db@2026-Q1`.
pub fn every_quarter(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let units = units(world);
    if units.is_empty() {
        return vec![Judgement::not_applicable(
            ORGANIZATION,
            "empty_population",
            "The inventory has no critical production system in scope and in service.",
        )];
    }
    let quarters = world.period.quarters(world.policy.first_month());
    let mut out = Vec::new();
    for unit in &units {
        for quarter in &quarters {
            let mut judgement = judge(world, unit, quarter);
            for (_, system) in &unit.members {
                judgement = judgement.about(&system.system_id);
            }
            out.push(judgement);
        }
    }
    out
}

fn units<'w>(world: &'w World<'_>) -> Vec<Unit<'w>> {
    match world.policy.text("restore_scope") {
        "organisation" => {
            let members: Vec<_> = world.in_scope().collect();
            if members.is_empty() {
                return Vec::new();
            }
            vec![Unit { name: ORGANIZATION.to_owned(), members, platform: None, items: true }]
        }
        "per_platform_and_tier" => {
            let mut pairs: BTreeMap<(String, &str), Vec<(usize, &System)>> = BTreeMap::new();
            for (i, system) in world.in_scope() {
                if let Some(tier) = &system.tier {
                    for platform in platforms(world, system, world.period.start(), world.until()) {
                        pairs.entry((platform, tier)).or_default().push((i, system));
                    }
                }
            }
            let unit = |((platform, tier), members)| {
                let name = format!("{platform}/{tier}");
                Unit { name, members, platform: Some(platform), items: false }
            };
            pairs.into_iter().map(unit).collect()
        }
        _ => world
            .critical()
            .map(|(i, s)| Unit { name: s.system_id.clone(), members: vec![(i, s)], platform: None, items: false })
            .collect(),
    }
}

fn judge(world: &World<'_>, unit: &Unit<'_>, quarter: &Period) -> Judgement {
    let name = format!("{}@{}", unit.name, quarter.label());
    let (start, end) = (quarter.start(), quarter.end());
    if end > world.as_of {
        return Judgement::not_applicable(
            name,
            "quarter_running",
            format!("{} ends on {}; it is judged when it has ended.", quarter.title(), utc_text(end)),
        );
    }
    let tests: Vec<&Test> = unit
        .members
        .iter()
        .flat_map(|(i, _)| world.tests_of(*i))
        .filter(|t| t.row.ended_at.is_some_and(|e| quarter.contains(e)))
        // One of which nobody can tell the platform is no proof of another.
        .filter(|t| unit.platform.as_ref().is_none_or(|p| platform_of(world, t, start, end).is_none_or(|of| of == *p)))
        .collect();
    let told = |t: &Test| unit.platform.is_none() || platform_of(world, t, start, end).is_some();
    let failed = tests.iter().filter(|t| matches!(t.row.result, TestResult::Failed | TestResult::Partial)).count();
    let good: Vec<&&Test> = tests.iter().filter(|t| counts(world, t, unit.items) && told(t)).collect();
    if let Some(test) = good.first() {
        let ended = test.row.ended_at.map_or_else(String::new, |e| format!(" on {}", utc_text(e)));
        let note = if failed > 0 { format!(" {failed} others failed or were partial.") } else { String::new() };
        let j = Judgement::pass(name, format!("Test {} succeeded{ended}.{note}", test.row.test_id))
            .rests_on(tests.iter().map(|t| t.row_id.clone()));
        return if failed > 0 { j.reason("failed_test_shown") } else { j };
    }
    let in_service = |s: &System| s.onboarded_at < end && s.retired_at.is_none_or(|r| r >= end);
    let live: Vec<&System> = unit.members.iter().map(|(_, s)| *s).filter(|s| in_service(s)).collect();
    let Some(oldest) = live.iter().map(|s| s.onboarded_at).min() else {
        return Judgement::not_applicable(name, "out_of_service", "Not in service at the end of the quarter.");
    };
    if let Some(due) = first_due(world, oldest, end) {
        return Judgement::not_applicable(
            name,
            "not_yet_due",
            format!(
                "In service since {}; the first restore test is due {}.",
                utc_text(oldest),
                day_of(due, world.period.zone())
            ),
        );
    }
    let records: Vec<String> = tests.iter().map(|t| t.row_id.clone()).collect();
    if world.tests.is_none() {
        return no_tests_given(&name);
    }
    let seen = seen(&tests);
    if tests.iter().any(|t| counts(world, t, unit.items)) {
        return Judgement::no_evidence(
            name,
            "platform_unknown",
            format!(
                "{seen}: of none that succeeded the platform it restored from is known (restore_tests.recovery_point_id)."
            ),
        )
        .rests_on(records);
    }
    if live.iter().all(|s| tests_complete(world, &s.system_id, start.max(s.onboarded_at), end)) {
        return Judgement::fail(
            name,
            "no_successful_test",
            format!("{} ended without a successful restore test; {seen}.", quarter.title()),
        )
        .violated(end - chrono::Duration::seconds(1), end)
        .rests_on(records);
    }
    Judgement::no_evidence(
        name,
        "quarter_not_covered",
        format!(
            "No successful restore test of {} is on record ({seen}), and no restore-reports source states that it holds every test of that quarter (restore_tests).",
            quarter.title()
        ),
    )
    .rests_on(records)
}

/// What was tried in a quarter, in words.
fn seen(tests: &[&Test]) -> String {
    if tests.is_empty() {
        return "no test ended".to_owned();
    }
    let all: Vec<String> = tests
        .iter()
        .map(|t| {
            let kind = t.row.kind.map_or_else(|| "kind unknown".to_owned(), |k| k.to_string());
            let lacks = if is_documented(t) { String::new() } else { format!("; it lacks {}", missing(t).join(", ")) };
            format!("{} ({kind}, {}{lacks})", t.row.test_id, t.row.result)
        })
        .collect();
    format!("seen: {}", all.join(", "))
}

/// When the first test of a system is due, if that is after `end`.
fn first_due(world: &World<'_>, onboarded: Instant, end: Instant) -> Option<Instant> {
    let due = onboarded + chrono::Duration::seconds(world.seconds("first_restore_test_due"));
    (end < due).then_some(due)
}

/// True where a test counts for its quarter.
fn counts(world: &World<'_>, test: &Test, items: bool) -> bool {
    let kind = match test.row.kind {
        Some(TestKind::Full | TestKind::Partial | TestKind::PointInTime) => true,
        Some(TestKind::RealIncident) => is_documented(test),
        Some(TestKind::Item) => items,
        Some(TestKind::Tabletop) | None => false,
    };
    kind && proves_restore(world, test) && !made_for_the_test(world, test)
}

/// True for a test, and for a real recovery of which everything is on record that a test's report must say (RST-03).
fn is_documented(test: &Test) -> bool {
    test.row.kind != Some(TestKind::RealIncident) || missing(test).is_empty()
}

/// True where the recovery point is known to come from no enabled plan: a run started by hand, or a disabled plan.
fn made_for_the_test(world: &World<'_>, test: &Test) -> bool {
    let Some(run) = restored(world, test).and_then(|p| world.runs.list.get(p.run?)) else { return false };
    run.trigger == Some(Trigger::Manual)
        || run.plan.and_then(|p| world.inventory.plans.get(p)).is_some_and(|p| !p.enabled)
}

/// RST-10: point-in-time recovery was exercised where it is relied on.
pub fn point_in_time(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        out.push(exercised(world, i, system).about(&system.system_id));
    }
    or_none_in_scope(out)
}

fn exercised(world: &World<'_>, index: usize, system: &System) -> Judgement {
    let unit = system.system_id.as_str();
    let Some(objective) = world.objective(system, world.until()) else {
        return Judgement::no_evidence(
            unit,
            "no_objective",
            "No objective is in force: set systems.tier, or an objective of its own.",
        );
    };
    let Some(rpo) = objective.rpo_s.filter(|_| objective.rpo_applicable) else {
        return Judgement::not_applicable(unit, "rpo_not_applicable", "No point objective applies.");
    };
    let losses = frq::losses(world, system, system.onboarded_at.max(world.until() - chrono::Duration::seconds(1)));
    let met = |continuous: bool| {
        losses.iter().any(|(loss, p)| *loss <= rpo && (p.schedule == Schedule::Continuous) == continuous)
    };
    if met(false) {
        return Judgement::not_applicable(unit, "met_by_interval_plans", "Interval plans alone meet the objective.");
    }
    if !met(true) {
        return Judgement::not_applicable(
            unit,
            "not_relied_on",
            "No continuous plan meets the objective; FRQ-04 judges the design.",
        );
    }
    let bases: Vec<Instant> = world
        .points_of(index)
        .filter(|p| !matches!(p.row.component, Some(Component::LogContinuous | Component::Replica | Component::Config)))
        .filter_map(crate::points::Point::taken_at)
        .collect();
    let mut state: Option<Judgement> = None;
    let mut proven = Vec::new();
    for quarter in world.period.quarters(world.policy.first_month()) {
        let (start, end) = (quarter.start(), quarter.end());
        if end > world.as_of
            || system.onboarded_at >= end
            || system.retired_at.is_some_and(|r| r < end)
            || first_due(world, system.onboarded_at, end).is_some()
        {
            continue;
        }
        let tests: Vec<&Test> = world
            .tests_of(index)
            .filter(|t| t.row.kind == Some(TestKind::PointInTime) && proves_restore(world, t))
            .filter(|t| t.row.ended_at.is_some_and(|e| quarter.contains(e)))
            .collect();
        // A restore to the very instant of a base replays no log.
        let replayed = |t: &&&Test| t.row.recovered_to_at.is_some_and(|r| !bases.contains(&r));
        if let Some(test) = tests.iter().find(replayed) {
            proven.push((quarter.title(), *test));
            continue;
        }
        let title = quarter.title();
        if tests.iter().any(|t| t.row.recovered_to_at.is_none()) {
            state.get_or_insert_with(|| {
                Judgement::no_evidence(
                    unit,
                    "recovered_point_missing",
                    format!("The point-in-time test of {title} does not record what it restored to (recovered_to_at)."),
                )
            });
        } else if world.tests.is_none() || !tests_complete(world, unit, start.max(system.onboarded_at), end) {
            state.get_or_insert_with(|| {
                Judgement::no_evidence(
                    unit,
                    "quarter_not_covered",
                    format!(
                        "No point-in-time restore of {title} is on record, and no restore-reports source states that it holds every test of that quarter (restore_tests)."
                    ),
                )
            });
        } else {
            // A proven violation wins over missing evidence of another quarter.
            let why = if tests.is_empty() { "no successful point-in-time test" } else { "only a base was restored" };
            return Judgement::fail(
                unit,
                "not_exercised",
                format!("In {title} {why}, though the objective rests on logs."),
            )
            .violated(end - chrono::Duration::seconds(1), end);
        }
    }
    state.unwrap_or_else(|| match proven.first() {
        Some((title, test)) => {
            Judgement::pass(unit, format!("Test {} restored to a point in time in {title}.", test.row.test_id))
                .rests_on(proven.iter().map(|(_, t)| t.row_id.clone()))
        }
        None => Judgement::not_applicable(unit, "not_yet_due", "No quarter of the period has ended and is due."),
    })
}
