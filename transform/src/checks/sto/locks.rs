//! STO-05: recovery points are protected against tampering and deletion.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use model::rows::{Immutability, Integrity};
use model::time::{human, utc_text};

use super::super::common::{ORGANIZATION, filled, names, no_inventory, restorable};
use super::super::enc::cipher::is_authenticated;
use super::super::grants::{Overlap, overlap};
use super::super::places::{Place, location, places};
use super::about_all;
use crate::judgement::Judgement;
use crate::points::Point;
use crate::world::World;

/// What the points of a place show.
#[derive(Default)]
struct Held<'w> {
    systems: BTreeSet<&'w str>,
    /// Points locked for long enough, for too short, and without a lock that anybody reported.
    locked: u64,
    short: Option<&'w Point>,
    open: u64,
    /// Systems of which a point's integrity can be verified.
    verifiable: BTreeSet<&'w str>,
}

/// Whether a protection holds.
enum Holds {
    Yes(String),
    No(&'static str, String),
    Unknown(String),
}

/// STO-05, for every place that holds points counted for RET-02 at the end of what is judged.
///
/// Integrity is verifiable where a check of a point there has a result, or its encryption authenticates. A lock that
/// administrators can lift (governance) is none by itself: separate administrators protect then. Versioning is none.
pub fn protected(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let (places, until) = (places(world), world.until());
    let mut held: BTreeMap<&str, Held<'_>> = BTreeMap::new();
    let mut lost: BTreeSet<&str> = BTreeSet::new();
    let needed = Duration::seconds(world.seconds("min_retention"));
    for (index, system) in world.in_scope() {
        let id = system.system_id.as_str();
        // A point that no listing shows may be gone (RET-02).
        for point in world.points_of(index).filter(|p| p.last_seen_at.is_some() && p.exists_at(until)) {
            if !restorable(world, point) || !point.holds_data(system.kind) {
                continue;
            }
            let Some(place) = location(world, point) else {
                lost.insert(id);
                continue;
            };
            let of = held.entry(place).or_default();
            of.systems.insert(id);
            match (point.row.immutable_until, point.row.created_at.or(point.row.taken_at)) {
                (Some(end), Some(made)) if end >= made + needed => of.locked += 1,
                (Some(_), _) => of.short = of.short.or(Some(point)),
                (None, _) => of.open += 1,
            }
            let checked = matches!(point.row.integrity_result, Some(Integrity::Pass | Integrity::Fail));
            if checked || filled(point.cipher(world.runs)).is_some_and(is_authenticated) {
                of.verifiable.insert(id);
            }
        }
    }
    let mut out: Vec<Judgement> = held
        .iter()
        .filter_map(|(id, of)| Some(about_all(judge(world, id, places.get(id)?, of), &of.systems)))
        .collect();
    out.extend(lost.into_iter().map(|id| {
        let text = "Recovery points are listed and their place is not (recovery_points.location_id).";
        Judgement::no_evidence(id, "place_unknown", text).about(id)
    }));
    if out.is_empty() {
        let text = "No listed recovery point shows a place to protect (recovery_points).";
        out.push(Judgement::no_evidence(ORGANIZATION, "no_recovery_point", text));
    }
    out
}

fn judge(world: &World<'_>, unit: &str, place: &Place<'_>, held: &Held<'_>) -> Judgement {
    let protections = [lock(world, place, held), two_people(world, place), separation(world, place, held)];
    let unverified: Vec<&str> = held.systems.difference(&held.verifiable).copied().collect();
    if let Some(how) = protections.iter().find_map(|p| if let Holds::Yes(how) = p { Some(how) } else { None }) {
        return if unverified.is_empty() {
            Judgement::pass(unit, format!("{how}. The integrity of its points is verifiable."))
        } else {
            Judgement::no_evidence(
                unit,
                "integrity_not_shown",
                format!(
                    "{how}. That the integrity of points of {} is verifiable is not shown (recovery_points.integrity_result, cipher).",
                    names(&unverified)
                ),
            )
        };
    }
    let unknown: Vec<&str> = protections
        .iter()
        .filter_map(|p| if let Holds::Unknown(what) = p { Some(what.as_str()) } else { None })
        .collect();
    if !unknown.is_empty() {
        return Judgement::no_evidence(
            unit,
            "protection_not_shown",
            format!("Whether anything protects its points is not known: {}.", unknown.join("; ")),
        );
    }
    let no: Vec<(&str, &str)> = protections
        .iter()
        .filter_map(|p| if let Holds::No(code, why) = p { Some((*code, why.as_str())) } else { None })
        .collect();
    let whys: Vec<&str> = no.iter().map(|(_, why)| *why).collect();
    let failing = Judgement::fail(unit, "not_protected", format!("Nothing protects its points: {}.", whys.join("; ")));
    no.iter().fold(failing, |j, (code, _)| j.reason(code))
}

fn lock(world: &World<'_>, place: &Place<'_>, held: &Held<'_>) -> Holds {
    let needed = human(world.seconds("min_retention"));
    let mode = place.fact(world.until(), |r| r.lock());
    match mode {
        Some(fact) if fact.value == Immutability::None => Holds::No(
            "no_lock",
            format!("there is no lock, as told by {}.{}", fact.reading.source(), fact.note())
                .trim_end_matches('.')
                .to_owned(),
        ),
        Some(fact) if fact.value == Immutability::Governance => Holds::No(
            "lock_can_be_lifted",
            format!("administrators can lift its lock (governance mode), as told by {}", fact.reading.source()),
        ),
        Some(_) if held.short.is_some() => {
            let end = held.short.and_then(|p| p.row.immutable_until).map_or_else(String::new, utc_text);
            Holds::No(
                "lock_too_short",
                format!("a point is locked until {end} only, less than {needed} after it was made"),
            )
        }
        Some(_) if held.open == 0 => {
            Holds::Yes(format!("A lock that nobody can lift forbids deletion for at least {needed}"))
        }
        Some(_) => Holds::Unknown(format!(
            "it is locked, and until when is not known for {} of {} points (recovery_points.immutable_until)",
            held.open,
            held.open + held.locked
        )),
        None => Holds::Unknown("its lock mode was not read (storage_locations.immutability)".to_owned()),
    }
}

/// That deletion needs two people is said by the register alone; where it says nothing, this is no protection, and no
/// reason to call the others unknown.
fn two_people(world: &World<'_>, place: &Place<'_>) -> Holds {
    match place.fact(world.until(), |r| r.two_person_deletion()) {
        Some(fact) if fact.value => {
            Holds::Yes(format!("Deletion needs two people, as told by {}", fact.reading.source()))
        }
        _ => Holds::No("one_person_deletes", "no record says that deletion needs two people".to_owned()),
    }
}

fn separation(world: &World<'_>, place: &Place<'_>, held: &Held<'_>) -> Holds {
    if world.registers.access_grants.is_none() {
        return Holds::Unknown("who can delete there was not given (registers/access_grants.csv)".to_owned());
    }
    let until = world.until();
    let Some(platform) = place.platform(until) else {
        return Holds::Unknown("its platform is not on record (storage_locations.platform_id)".to_owned());
    };
    match overlap(world, platform, &held.systems, None, (until - Duration::seconds(1), until)) {
        Overlap::Nobody => Holds::Yes(format!("Nobody who administers production can delete backups on {platform}")),
        Overlap::NotShown(what) => Holds::Unknown(what),
        Overlap::Found { principal, production, .. } => Holds::No(
            "same_administrators",
            format!("{principal} administers {production} and can delete backups on {platform}"),
        ),
    }
}
