//! RST-08: system owners, or whom they delegated it to in writing, confirmed that their data can be restored in time.

use model::inventory::System;
use model::time::{Instant, day_of, utc_text};

use super::super::common::{ORGANIZATION, SYSTEM_OWNER, filled, no_inventory, owns};
use super::{no_tests_given, proves_restore, tests_complete};
use crate::judgement::Judgement;
use crate::world::{Test, World};

/// RST-08.
pub fn owner_confirmed(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let mut out: Vec<Judgement> = world.critical().map(|(i, s)| confirmed(world, i, s).about(&s.system_id)).collect();
    if out.is_empty() {
        out.push(Judgement::not_applicable(
            ORGANIZATION,
            "empty_population",
            "The inventory has no critical production system in scope and in service.",
        ));
    }
    out
}

fn confirmed(world: &World<'_>, index: usize, system: &System) -> Judgement {
    let unit = system.system_id.as_str();
    let zone = world.period.zone();
    let first_due = system.onboarded_at + chrono::Duration::seconds(world.seconds("first_restore_test_due"));
    if first_due > world.as_of {
        return Judgement::not_applicable(
            unit,
            "not_yet_due",
            format!("In service since {}; due {}.", utc_text(system.onboarded_at), day_of(first_due, zone)),
        );
    }
    if world.tests.is_none() {
        return no_tests_given(unit);
    }
    let from = world.policy.span("owner_validation_cadence").before(world.as_of, zone);
    let when = |t: &Test| t.row.owner_confirmed_at.or(t.row.ended_at);
    let in_window = |at: Option<Instant>| at.is_some_and(|a| a >= from && a <= world.as_of);
    let tests: Vec<&Test> = world
        .tests_of(index)
        .filter(|t| proves_restore(world, t) && (in_window(t.row.ended_at) || in_window(t.row.owner_confirmed_at)))
        .collect();
    let records: Vec<String> = tests.iter().map(|t| t.row_id.clone()).collect();
    let may = |t: &Test, by: &str| {
        owns(world, system, by, when(t))
            || is_delegate(world, system, by, when(t)) && t.row.performer.as_deref() != Some(by)
    };
    let by_owner =
        tests.iter().find(|t| in_window(when(t)) && t.row.owner_confirmed_by.as_deref().is_some_and(|by| may(t, by)));
    if let Some(test) = by_owner {
        return Judgement::pass(
            unit,
            format!(
                "{} confirmed test {}.",
                test.row.owner_confirmed_by.as_deref().unwrap_or("The owner"),
                test.row.test_id
            ),
        )
        .rests_on([test.row_id.clone()]);
    }
    let at = world.until();
    if let Some((test, by)) = tests.iter().find_map(|t| t.row.owner_confirmed_by.as_deref().map(|by| (t, by))) {
        let owner = system.owner.as_deref().unwrap_or("nobody");
        if is_delegate(world, system, by, when(test)) && test.row.performer.as_deref() == Some(by) {
            return Judgement::fail(
                unit,
                "delegate_performed",
                format!("Test {} was confirmed for {owner} by {by}, who performed it.", test.row.test_id),
            )
            .rests_on(records);
        }
        return Judgement::fail(
            unit,
            "not_the_owner",
            format!("Test {} was confirmed by {by}; the owner is {owner}.", test.row.test_id),
        )
        .rests_on(records);
    }
    if !tests.is_empty() {
        return Judgement::fail(
            unit,
            "not_confirmed",
            format!(
                "None of the {} successful tests since {} carries the owner's confirmation.",
                tests.len(),
                utc_text(from)
            ),
        )
        .rests_on(records);
    }
    if tests_complete(world, unit, from.max(system.onboarded_at), at) {
        return Judgement::fail(
            unit,
            "no_successful_test",
            format!("No successful test since {} that the owner could confirm.", utc_text(from)),
        );
    }
    Judgement::no_evidence(
        unit,
        "tests_not_covered",
        format!(
            "No successful test since {} is on record, and no restore-reports source states that it holds all of them (restore_tests).",
            utc_text(from)
        ),
    )
}

/// True where the system's owner had then delegated the role to this person in writing.
fn is_delegate(world: &World<'_>, system: &System, person: &str, at: Option<Instant>) -> bool {
    let Some((owner, at)) = system.owner.as_deref().zip(at) else { return false };
    world.registers.role_assignments.iter().flatten().any(|r| {
        r.role == SYSTEM_OWNER
            && r.person == person
            && r.delegated_by.as_deref() == Some(owner)
            && filled(r.appointment_ref.as_deref()).is_some()
            && r.valid_from <= at
            && r.valid_to.is_none_or(|to| at < to)
    })
}
