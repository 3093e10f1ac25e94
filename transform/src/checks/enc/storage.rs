//! ENC-02: storage encrypts by default, and a document says so.

use std::collections::{BTreeMap, BTreeSet};

use model::registers::DocumentKind;
use model::time::{Instant, utc_text};

use super::super::common::{ORGANIZATION, holds, names, no_register};
use super::cipher::{self, Strength};
use crate::judgement::Judgement;
use crate::world::World;

/// One reading of a location's default.
struct Reading<'w> {
    at: Instant,
    on: Option<bool>,
    cipher: Option<&'w str>,
}

/// ENC-02, for every location of the register, of a platform's reading, or that an enabled plan names.
///
/// Readings of the period are judged; earlier ones only tell when the setting last changed. A document covers a
/// location where it names every system whose plans write there, or no system at all. Whether its text contradicts
/// the setting is for people.
pub fn defaults(world: &World<'_>) -> Vec<Judgement> {
    let mut readings: BTreeMap<&str, Vec<Reading<'_>>> = BTreeMap::new();
    for s in world.tables.storage.iter().filter(|s| s.observed_at <= world.as_of) {
        readings.entry(&s.location_id).or_default().push(Reading {
            at: s.observed_at,
            on: s.encryption_default,
            cipher: s.default_cipher.as_deref(),
        });
    }
    for l in world.registers.storage_locations.iter().flatten() {
        let of = readings.entry(&l.location_id).or_default();
        if let Some(at) = l.observed_at {
            of.push(Reading { at, on: l.encryption_default, cipher: l.default_cipher.as_deref() });
        }
    }
    let mut systems: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, system) in world.in_scope() {
        for (_, plan) in world.plans_in_force(system, world.period.start(), world.until()) {
            for location in plan.location_id.iter().chain(&plan.copy_location_ids) {
                systems.entry(location).or_default().insert(&system.system_id);
                readings.entry(location).or_default();
            }
        }
    }
    if readings.is_empty() {
        return vec![if world.registers.storage_locations.is_some() {
            Judgement::not_applicable(ORGANIZATION, "no_location", "The register storage_locations holds no location.")
        } else {
            no_register(ORGANIZATION, "storage_locations")
        }];
    }
    readings
        .into_iter()
        .map(|(location, mut all)| {
            all.sort_by_key(|r| r.at);
            let users: Vec<&str> = systems.get(location).into_iter().flatten().copied().collect();
            let judgement = judge(world, location, &all, &users);
            users.iter().fold(judgement, |j, s| j.about(s))
        })
        .collect()
}

fn judge(world: &World<'_>, unit: &str, all: &[Reading<'_>], users: &[&str]) -> Judgement {
    let floor = world.policy.text("at_rest_algorithm_min");
    let (start, until) = (world.period.start(), world.until());
    let current: Vec<&Reading<'_>> = all.iter().filter(|r| r.at >= start && r.at < until).collect();
    if let Some(off) = current.iter().find(|r| r.on == Some(false)) {
        return Judgement::fail(
            unit,
            "default_off",
            format!("On {} new data were not encrypted by default.", utc_text(off.at)),
        )
        .violated(off.at, off.at + chrono::Duration::seconds(1));
    }
    let weak = current.iter().find_map(|r| {
        let cipher = r.cipher.filter(|c| r.on == Some(true) && cipher::judge(c, floor) == Strength::Weaker)?;
        Some((r.at, cipher))
    });
    if let Some((at, cipher)) = weak {
        return Judgement::fail(
            unit,
            "weak_cipher",
            format!("On {} the default was {cipher}, weaker than {floor}.", utc_text(at)),
        )
        .violated(at, at + chrono::Duration::seconds(1));
    }
    // A reading that does not tell the algorithm does not contradict one that does.
    let differs = |a: &Reading<'_>, b: &Reading<'_>| a.cipher.zip(b.cipher).is_some_and(|(a, b)| a != b);
    let changed = all.windows(2).filter(|w| w[0].on != w[1].on || differs(&w[0], &w[1])).map(|w| w[1].at).max();
    let documents = world.registers.documents.as_ref().map(|all| {
        let approved: Vec<_> = all
            .iter()
            .filter(|d| d.kind == DocumentKind::EncryptionConfiguration)
            .filter(|d| d.approved_at.is_some_and(|at| at < until))
            .collect();
        let newest = |system: Option<&&str>| {
            approved
                .iter()
                .filter(|d| d.system_ids.is_empty() || system.is_none_or(|s| holds(&d.system_ids, s)))
                .filter_map(|d| d.approved_at)
                .max()
        };
        let without: Vec<&str> = users.iter().filter(|s| newest(Some(s)).is_none()).copied().collect();
        let oldest = if users.is_empty() { newest(None) } else { users.iter().filter_map(|s| newest(Some(s))).min() };
        (without, oldest)
    });
    match &documents {
        Some((without, _)) if !without.is_empty() => {
            return Judgement::fail(
                unit,
                "document_missing",
                format!("No approved encryption_configuration document names {}, which writes there.", names(without)),
            );
        }
        Some((_, None)) => {
            return Judgement::fail(
                unit,
                "document_missing",
                "No approved encryption_configuration document describes it.",
            );
        }
        Some((_, Some(approved))) if changed.is_some_and(|c| c > *approved) => {
            return Judgement::fail(
                unit,
                "document_stale",
                format!(
                    "The document was approved {}; the setting changed after it, as read on {}.",
                    utc_text(*approved),
                    changed.map_or_else(String::new, utc_text)
                ),
            );
        }
        _ => {}
    }
    let unsure = current
        .iter()
        .find(|r| r.on.is_none() || r.cipher.is_none_or(|c| cipher::judge(c, floor) == Strength::Unknown));
    match (current.last(), unsure, &documents) {
        (None, ..) => Judgement::no_evidence(
            unit,
            "not_read",
            "The setting was not read in the period (storage_locations.encryption_default).",
        ),
        (_, Some(r), _) => Judgement::no_evidence(
            unit,
            "setting_not_shown",
            format!(
                "The reading of {} does not show the default or its algorithm ({}).",
                utc_text(r.at),
                r.cipher.unwrap_or("storage_locations.default_cipher is empty")
            ),
        ),
        (_, None, None) => no_register(unit, "documents"),
        (Some(last), None, Some(_)) => Judgement::pass(
            unit,
            format!(
                "Encrypted by default with {} at each of {} readings, the last on {}; a document describes it.",
                last.cipher.unwrap_or(floor),
                current.len(),
                utc_text(last.at)
            ),
        ),
    }
}
