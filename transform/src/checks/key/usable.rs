//! KEY-02: what is kept can still be decrypted.

use std::collections::{BTreeMap, BTreeSet};

use model::inventory::System;
use model::registers::KeyState;
use model::time::{Instant, utc_text};

use super::super::common::{filled, names, no_inventory, or_none_in_scope};
use super::super::places::{Place, arn_account, arn_region, exists, location, places, production_accounts};
use super::{Sealed, registered, sealed};
use crate::judgement::Judgement;
use crate::world::World;

/// Whether a key opens what lies at a place.
#[derive(Clone)]
enum Use {
    Opens,
    Fails {
        code: &'static str,
        why: String,
        since: Option<Instant>,
    },
    /// What is missing, to follow "of N".
    Unknown(String),
}

/// KEY-02. A point whose key fails has a result of its own; the others share one a system, as in ENC-01.
///
/// Only a point that lies outside of the production account can outlive it, and so only its key must. A copy in another
/// region than its system needs a key that is in that region, which the name of the key tells (keys of AWS KMS; those
/// whose id begins with `mrk-` are in several).
///
/// A restore to a point in time needs the key of every log as well: that of the place where the archive of logs lies. One
/// that fails has a result with the unit `<system>/logs/<place>`.
pub fn usable(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let places = places(world);
    let mut out = Vec::new();
    for (index, system) in world.in_scope() {
        let id = system.system_id.as_str();
        let accounts = production_accounts(world, places, system);
        let mut uses: BTreeMap<(Option<&str>, Sealed<'_>), Use> = BTreeMap::new();
        let mut seen = Seen::default();
        for point in world.points_of(index).filter(|p| exists(p, world.as_of)) {
            let state = sealed(world, places, point);
            if state == Sealed::Plain {
                seen.plain += 1;
                continue;
            }
            let place = location(world, point);
            let use_of = uses.entry((place, state)).or_insert_with(|| match state {
                Sealed::With(key) => judge(world, place.and_then(|p| places.get(p)), system, key, &accounts),
                Sealed::Unnamed | Sealed::Plain => Use::Unknown(
                    "are encrypted with a key that is not named (recovery_points.key_id, storage_locations.default_key_id)"
                        .to_owned(),
                ),
                Sealed::Unknown => Use::Unknown(
                    "it is not reported whether they are encrypted (recovery_points.encrypted, storage_locations.encryption_default)"
                        .to_owned(),
                ),
            });
            match use_of {
                Use::Opens => {
                    seen.good += 1;
                    seen.keys.extend(if let Sealed::With(key) = state { Some(key) } else { None });
                }
                Use::Fails { code, why, since } => {
                    seen.bad += 1;
                    let failing = failing(world, point.id(world.runs), code, why, *since);
                    out.push(failing.rests_on([point.row_id(world.runs)]).about(id));
                }
                Use::Unknown(why) => {
                    *seen.unknown.entry(why.clone()).or_default() += 1;
                    if seen.records.len() < 50 {
                        seen.records.push(point.row_id(world.runs));
                    }
                }
            }
        }
        let archives: BTreeSet<&str> = world.segments_of(index).filter_map(|l| l.location_id.as_deref()).collect();
        for (at, place) in archives.into_iter().filter_map(|at| Some((at, places.get(at)?))) {
            let encrypts = place.fact(world.as_of, |r| r.encrypts()).is_some_and(|f| f.value);
            let Some(key) = place.fact(world.as_of, |r| filled(r.key())).filter(|_| encrypts) else { continue };
            match judge(world, Some(place), system, key.value, &accounts) {
                Use::Opens => {}
                Use::Fails { code, why, since } => {
                    seen.bad += 1;
                    let why = format!("Logs are archived at {at}. {why}");
                    out.push(failing(world, &format!("{id}/logs/{at}"), code, &why, since).about(id));
                }
                Use::Unknown(why) => *seen.unknown.entry(format!("archive of logs at {at} {why}")).or_default() += 1,
            }
        }
        out.extend(seen.judgement(world, id).map(|j| j.about(id)));
    }
    or_none_in_scope(out)
}

/// A key that fails does so from its reading on, else at the end of what is judged.
fn failing(world: &World<'_>, unit: &str, code: &str, why: &str, since: Option<Instant>) -> Judgement {
    let from = since.unwrap_or(world.until());
    Judgement::fail(unit, code, why).violated(from, world.as_of.max(from + chrono::Duration::seconds(1)))
}

fn judge(world: &World<'_>, place: Option<&Place<'_>>, system: &System, key: &str, production: &BTreeSet<&str>) -> Use {
    if world.registers.keys.is_none() {
        return Use::Unknown("the register keys was not given (registers/keys.csv)".to_owned());
    }
    let Some(row) = registered(world, key) else {
        return Use::Unknown(format!("the state of {key} is not in the register keys"));
    };
    let bad = match row.state {
        Some(KeyState::Enabled) => None,
        Some(KeyState::Disabled) => Some(("key_disabled", "is disabled")),
        Some(KeyState::PendingDeletion) => Some(("key_pending_deletion", "is going to be deleted")),
        Some(KeyState::Deleted) => Some(("key_deleted", "is deleted")),
        None => return Use::Unknown(format!("the state of {key} is empty in the register keys")),
    };
    if let Some((code, what)) = bad {
        let read = row.observed_at.map_or_else(String::new, |at| format!(" as read on {}", utc_text(at)));
        let why = format!("Its key {key} {what}{read} ({}).", row.declared_in);
        return Use::Fails { code, why, since: row.observed_at };
    }
    let Some(place) = place else {
        return Use::Unknown("their place is not on record (recovery_points.location_id)".to_owned());
    };
    let here = place.region(world.as_of);
    if let (Some(here), Some(own), Some(of_key)) = (here, system.region.as_deref(), arn_region(key))
        && here != own
        && of_key != here
        && !key.contains("/mrk-")
    {
        let why = format!("It is a copy in {here}, and its key {key} is only in {of_key}.");
        return Use::Fails { code: "key_in_other_region", why, since: None };
    }
    let outlives = place.account(world.as_of).is_some_and(|a| !production.is_empty() && !production.contains(a));
    match filled(row.account_ref.as_deref()).or_else(|| arn_account(key)) {
        Some(account) if outlives && production.contains(account) => Use::Fails {
            code: "key_in_production_account",
            why: format!("It lies outside of the production account, and its key {key} is in it ({account})."),
            since: None,
        },
        None if outlives => Use::Unknown(format!("the account that holds {key} is not on record (keys.account_ref)")),
        _ => Use::Opens,
    }
}

/// Counts of a system's points that have no result of their own.
#[derive(Default)]
struct Seen<'w> {
    good: u64,
    bad: u64,
    plain: u64,
    keys: BTreeSet<&'w str>,
    unknown: BTreeMap<String, u64>,
    records: Vec<String>,
}

impl Seen<'_> {
    fn judgement(self, world: &World<'_>, system: &str) -> Option<Judgement> {
        if !self.unknown.is_empty() {
            let parts: Vec<String> = self.unknown.iter().map(|(why, n)| format!("of {n} {why}")).collect();
            let text = format!("Recovery points: {}. The keys of {} are shown to be usable.", names(&parts), self.good);
            return Some(Judgement::no_evidence(system, "key_state_unknown", text).rests_on(self.records));
        }
        if self.good > 0 {
            let keys: Vec<&str> = self.keys.into_iter().collect();
            let text = format!("{} recovery points can be decrypted: enabled are {}.", self.good, names(&keys));
            return Some(Judgement::pass(system, text));
        }
        if self.bad > 0 {
            return None;
        }
        if self.plain > 0 {
            let text = format!("None of {} recovery points is encrypted (ENC-01).", self.plain);
            return Some(Judgement::not_applicable(system, "not_encrypted", text));
        }
        let listed = world.coverage.covers("recovery_points", system, world.period.start(), world.until());
        Some(if listed {
            Judgement::not_applicable(system, "no_recovery_point", "A complete listing shows no recovery point.")
        } else {
            let text =
                "No recovery point is on record, and no complete listing (recovery_points) shows that there is none.";
            Judgement::no_evidence(system, "no_recovery_point", text)
        })
    }
}
