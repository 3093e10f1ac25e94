//! KEY-01: keys of backups are registered, rotated, and referred to.

use std::collections::{BTreeMap, BTreeSet};

use model::registers::{DocumentKind, Key, KeyManager, Recorded};
use model::time::utc_text;

use super::super::cadence::{Standing, standing};
use super::super::common::{ORGANIZATION, filled, names, no_inventory, no_register, or_empty};
use super::super::enc::cipher::{self, Strength};
use super::super::faults::Faults;
use super::super::places::{exists, places};
use super::{Sealed, registered, sealed};
use crate::judgement::Judgement;
use crate::world::World;

/// KEY-01, for every key of a recovery point that exists, and every default key of a place in use.
///
/// A provider rotates and keeps its own keys. Automatic rotation counts where the register states its period and no
/// rotation was due yet without it; keys that were brought in (manager `external`) have none. A reference document names
/// a key in its title, or every system whose backups the key protects.
pub fn managed(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let places = places(world);
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut unnamed: BTreeSet<&str> = BTreeSet::new();
    for (index, system) in world.in_scope() {
        let id = system.system_id.as_str();
        for point in world.points_of(index).filter(|p| exists(p, world.as_of)) {
            match sealed(world, places, point) {
                Sealed::With(key) => {
                    used.entry(key).or_default().insert(id);
                }
                Sealed::Unnamed => {
                    unnamed.insert(id);
                }
                Sealed::Plain | Sealed::Unknown => {}
            }
        }
    }
    for place in places.values().filter(|p| !p.systems().is_empty()) {
        if let Some(key) = place.fact(world.as_of, |r| filled(r.key())) {
            used.entry(key.value).or_default().extend(place.systems());
        }
    }
    let mut out: Vec<Judgement> = Vec::new();
    for (key, systems) in &used {
        let judgement = if world.registers.keys.is_none() {
            no_register(key, "keys")
        } else if let Some(row) = registered(world, key) {
            judge(world, row, systems)
        } else {
            Judgement::fail(*key, "not_registered", "Backups use this key, and the register keys does not have it.")
        };
        out.push(systems.iter().fold(judgement, |j, s| j.about(s)));
    }
    for id in unnamed {
        let text = "Encrypted recovery points exist and their key is not named (recovery_points.key_id, storage_locations.default_key_id).";
        out.push(Judgement::no_evidence(id, "key_not_named", text).about(id));
    }
    let spare: BTreeSet<&str> = world.registers.keys.iter().flatten().map(|k| k.key_id.as_str()).collect();
    for key in spare.into_iter().filter(|k| !used.contains_key(k)) {
        let text = "No existing recovery point and no place in use is known to need this key.";
        out.push(Judgement::not_applicable(key, "unused", text));
    }
    if out.is_empty() && world.registers.keys.is_none() {
        return vec![no_register(ORGANIZATION, "keys")];
    }
    or_empty(out, "no_key", "No existing recovery point and no place in use needs a key, as far as they tell.")
}

fn judge(world: &World<'_>, row: &Recorded<Key>, systems: &BTreeSet<&str>) -> Judgement {
    let unit = row.key_id.as_str();
    let mut faults = Faults::default();
    let mut missing = Vec::new();
    let by_provider = row.manager == Some(KeyManager::Provider);
    faults.add_if(
        filled(row.custodian.as_deref()).is_none() && !by_provider,
        "custodian_missing",
        || "it has no custodian",
    );
    faults.add_if(
        filled(row.policy_ref.as_deref()).is_none(),
        "policy_ref_missing",
        || "no clause of the encryption policy is named (policy_ref)",
    );
    let rotation = rotation(world, row, &mut faults, &mut missing);
    let floor = world.policy.text("at_rest_algorithm_min");
    if let Some(algorithm) = filled(row.algorithm.as_deref()) {
        let name = match row.bits {
            Some(bits) if !algorithm.contains(char::is_numeric) => format!("{algorithm}-{bits}"),
            _ => algorithm.to_owned(),
        };
        faults.add_if(cipher::judge(&name, floor) == Strength::Weaker, "weak_cipher", || {
            format!("{name} is weaker than {floor}")
        });
    }
    match &world.registers.documents {
        None => missing.push("the register documents (registers/documents.csv)"),
        Some(all) => {
            let named = all.iter().any(|d| {
                d.kind == DocumentKind::KeyReference
                    && d.approved_at.is_some_and(|at| at <= world.as_of)
                    && (d.title.as_deref().is_some_and(|t| t.contains(unit))
                        || systems.iter().all(|s| super::super::common::holds(&d.system_ids, s)))
            });
            faults.add_if(!named, "document_missing", || "no approved key_reference document names it");
        }
    }
    let opening = format!("The key ({})", row.declared_in);
    let keeper = match filled(row.custodian.as_deref()) {
        Some(custodian) => format!("its custodian is {custodian}"),
        None => "its custodian is the owner of the platform".to_owned(),
    };
    let good = format!("Registered; {keeper}; {rotation}; an approved document names it.");
    let judgement = faults.judge(unit, &opening, good);
    if judgement.state == model::assessment::State::Pass && !missing.is_empty() {
        return Judgement::no_evidence(unit, "field_missing", format!("For this key {} is missing.", names(&missing)));
    }
    if by_provider { judgement.reason("provider_managed") } else { judgement }
}

/// Tells how the key is rotated, or adds what is wrong or missing.
fn rotation(world: &World<'_>, row: &Recorded<Key>, faults: &mut Faults, missing: &mut Vec<&'static str>) -> String {
    if row.manager == Some(KeyManager::Provider) {
        return "the provider rotates it".to_owned();
    }
    let clause = filled(row.policy_ref.as_deref()).unwrap_or_default();
    if ["not rotated", "no rotation"].iter().any(|words| clause.to_lowercase().contains(words)) {
        return format!("the encryption policy does not rotate it ({clause})");
    }
    let longest = world.policy.span("key_rotation_max");
    let automatic = row.manager != Some(KeyManager::External)
        && row.rotation_period_s.and_then(|s| i64::try_from(s).ok()).is_some_and(|s| {
            let now = world.as_of;
            now + chrono::Duration::seconds(s) <= longest.due_by(now, world.period.zone())
        });
    match (standing(world, "key_rotation_max", row.rotated_at, row.created_at), row.created_at) {
        (Standing::Current { last, due }, _) => {
            return format!("last rotated {}, again due before {}", utc_text(last), utc_text(due));
        }
        (Standing::NotYetDue { due }, _) => return format!("the first rotation is due before {}", utc_text(due)),
        (Standing::Never, _) if automatic => return "it is rotated automatically".to_owned(),
        (Standing::Overdue { last, due }, _) => {
            let text = format!("last rotated {}, and again due before {}", utc_text(last), utc_text(due));
            faults.add("overdue", text);
        }
        (Standing::Never, Some(created)) => {
            let text = format!("created {} and never rotated, as far as the register tells", utc_text(created));
            faults.add("overdue", text);
        }
        (Standing::Never, None) => missing.push("when it was created or rotated (keys.created_at, rotated_at)"),
    }
    String::new()
}
