//! What checks of several groups share.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use model::inventory::System;
use model::registers::{Document, Recorded};
use model::time::{Instant, Span, day_of};

use crate::judgement::Judgement;
use crate::points::Point;
use crate::world::World;

/// Unit of a result about the organisation as a whole, or about a population that is empty.
pub const ORGANIZATION: &str = "organization";

/// Role of who owns a system.
pub const SYSTEM_OWNER: &str = "system_owner";

/// Months for which HIPAA wants documents kept (45 CFR 164.316(b)(2)(i)).
const HIPAA_RETENTION: Span = Span { months: 6 * 12, seconds: 0 };

/// True for the owner that the inventory names. Where that is no person (a team), for who then held the role.
pub fn owns(world: &World<'_>, system: &System, person: &str, at: Option<Instant>) -> bool {
    let Some(owner) = system.owner.as_deref() else { return false };
    let known = |name: &str| world.registers.role_assignments.iter().flatten().any(|r| r.person == name);
    owner == person || (!known(owner) && at.is_some_and(|at| world.registers.held_role(person, SYSTEM_OWNER, at)))
}

/// First day on which a document or record that counts from `from` need no longer be kept: `evidence_retention` later.
///
/// An organisation may set less than HIPAA's six years only without ePHI, and what falls into the period must be there
/// while the period is audited.
pub fn keep_until(world: &World<'_>, from: Instant) -> NaiveDate {
    let zone = world.period.zone();
    let after = |span: Span| day_of(span.after(from, zone), zone);
    let mut until = after(world.policy.span("evidence_retention"));
    if world.in_scope().any(|(_, s)| s.ephi == Some(true)) {
        until = until.max(after(HIPAA_RETENTION));
    }
    if world.period.contains(from) {
        until = until.max(day_of(world.as_of.max(world.period.end()), zone));
    }
    until
}

/// Names in a sentence: the first five, and how many more there are.
pub fn names<T: AsRef<str>>(all: &[T]) -> String {
    let shown: Vec<&str> = all.iter().take(5).map(AsRef::as_ref).collect();
    match all.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The text of a field that may be empty.
pub fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|t| !t.is_empty())
}

/// True where a list of systems names this one, or all.
pub fn holds(list: &[String], id: &str) -> bool {
    list.iter().any(|s| s == "*" || s == id)
}

/// A signed statement: an approved document that says this, by itself and by the words of its title in lower case. With
/// the time of its approval.
pub fn signed_statement<'w>(
    world: &World<'w>,
    says: impl Fn(&Document, &[&str]) -> bool,
) -> Option<(&'w Recorded<Document>, Instant)> {
    let registers = world.registers;
    registers.documents.iter().flatten().find_map(|document| {
        let signed = filled(document.approved_by.as_deref()).is_some();
        let at = document.approved_at.filter(|at| signed && *at <= world.as_of)?;
        let title = document.title.as_deref().unwrap_or_default().to_lowercase();
        let words: Vec<&str> = title.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        says(document, &words).then_some((document, at))
    })
}

/// No inventory was given: nothing is known about the population.
pub fn no_inventory(table: &str) -> Vec<Judgement> {
    vec![Judgement::no_evidence(
        ORGANIZATION,
        "inventory_not_given",
        format!("No inventory was given ({table}): write inventory.toml or inventory/*.csv."),
    )]
}

/// A register that a check needs and that was not given.
pub fn no_register(unit: &str, table: &str) -> Judgement {
    Judgement::no_evidence(
        unit,
        "register_not_given",
        format!("The register {table} was not given (registers/{table}.csv)."),
    )
}

/// `out`, or where it is empty one result that says why the population is.
pub fn or_empty(out: Vec<Judgement>, reason: &str, why: &str) -> Vec<Judgement> {
    if out.is_empty() { vec![Judgement::not_applicable(ORGANIZATION, reason, why)] } else { out }
}

/// `out`, or one result that says that the inventory has no system it could be about.
pub fn or_none_in_scope(out: Vec<Judgement>) -> Vec<Judgement> {
    or_empty(out, "none_in_scope", "No system was in scope and in service in the period.")
}

/// `out`, or one result that says that no system is one that FRQ-01 speaks of.
pub fn or_none_protected(out: Vec<Judgement>) -> Vec<Judgement> {
    or_empty(out, "none_protected", "No production database or critical system was in scope and in service.")
}

/// Part of the period up to `as_of` in which a system was in service, one second before whose end it is last judged.
pub fn last_moment(end: Instant) -> Instant {
    end - chrono::Duration::seconds(1)
}

/// Times of the complete listings of each system up to `as_of`, ascending.
pub fn listings(world: &World<'_>) -> BTreeMap<String, Vec<Instant>> {
    let mut systems: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    let mut out: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
    for listing in world.tables.listings.iter().filter(|l| l.complete && l.listed_at <= world.as_of) {
        let system = systems
            .entry(&listing.resource)
            .or_insert_with(|| world.inventory.resolve(&listing.resource).ok().flatten().map(|s| s.system_id.as_str()));
        if let Some(system) = system {
            out.entry((*system).to_owned()).or_default().push(listing.listed_at);
        }
    }
    out.values_mut().for_each(|times| times.sort());
    out
}

/// True where the data could be restored from this point, be it an original or a copy: complete, with content, not
/// proven damaged, its key not deleted (KEY-02).
pub fn restorable(world: &World<'_>, point: &Point) -> bool {
    use model::registers::KeyState;
    let key_gone = point.word(|p| p.key_id.as_deref()).is_some_and(|id| {
        world.registers.keys.iter().flatten().any(|k| k.key_id == id && k.state == Some(KeyState::Deleted))
    });
    point.row.complete == Some(true)
        && point.row.bytes != Some(0)
        && point.row.integrity_result != Some(model::rows::Integrity::Fail)
        && !key_gone
}
