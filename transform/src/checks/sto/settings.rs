//! STO-02 and STO-04: settings of places, by their readings in the period.

use chrono::Duration;
use model::time::{human, utc_text};

use super::super::common::{ORGANIZATION, filled, names, no_register, or_empty};
use super::super::places::{Place, existed, location, places};
use super::{about_all, no_place};
use crate::judgement::Judgement;
use crate::points::Point;
use crate::world::World;

/// A place that is emptied within this time is staging, and no place to keep backups (`controls/checks.toml`, STO-02).
const STAGING_S: i64 = 86_400;

/// Beginnings and endings of durability classes, without separators, that keep data in one zone: Amazon S3
/// `ONEZONE_IA` and `EXPRESS_ONEZONE`, Azure `Standard_LRS` (locally redundant).
const ONE_ZONE: [&str; 3] = ["onezone", "singlezone", "lrs"];

/// STO-02: every place that holds recovery points outlives the loss of a zone.
pub fn available(world: &World<'_>) -> Vec<Judgement> {
    let mut out = Vec::new();
    let mut hidden = Vec::new();
    for (index, system) in world.in_scope() {
        let (start, until) = (world.period.start(), world.until());
        let lost = |p: &Point| existed(p, start, until).is_some() && location(world, p).is_none();
        if world.points_of(index).any(lost) {
            hidden.push(system.system_id.as_str());
        }
    }
    for (id, place) in places(world).iter().filter(|(_, p)| !p.held_of.is_empty()) {
        out.push(about_all(zones(world, id, place), &place.held_of));
    }
    for system in hidden {
        let text = "Recovery points are on record and their place is not (recovery_points.location_id, backup_plans.location_id).";
        out.push(Judgement::no_evidence(system, "place_unknown", text).about(system));
    }
    if out.is_empty() && world.registers.storage_locations.is_none() {
        return vec![no_register(ORGANIZATION, "storage_locations")];
    }
    or_empty(out, "no_recovery_point", "No recovery point of an in-scope system existed in the period.")
}

fn zones(world: &World<'_>, unit: &str, place: &Place<'_>) -> Judgement {
    let (period, until) = ((world.period.start(), world.until()), world.until());
    if let Some(fact) = place.fact(until, |r| r.expires_after().filter(|s| *s <= STAGING_S)) {
        let text = format!("Whatever is put there expires after {}: it is staging.", human(fact.value));
        return Judgement::not_applicable(unit, "staging", text);
    }
    let zones = place.fact_within(period, |r| r.multi_zone());
    let class = place.fact_within(period, |r| filled(r.class()));
    let targets = place.fact_within(period, |r| Some(r.targets()).filter(|t| t.iter().any(|t| t != unit)));
    let one_zone = class.filter(|c| is_one_zone(c.value));
    let records = [zones.map(|f| f.reading), targets.map(|f| f.reading)].into_iter().flatten();
    let records: Vec<String> = records.filter_map(|r| r.record()).collect();
    if let Some(targets) = targets {
        let text = format!("It replicates to {}, as told by {}.", names(targets.value), targets.reading.source());
        return Judgement::pass(unit, text).rests_on(records);
    }
    match (zones, one_zone) {
        (_, Some(class)) => Judgement::fail(
            unit,
            "one_zone_class",
            format!(
                "Its class {} keeps data in one zone, as told by {}, and it replicates nowhere.",
                class.value,
                class.reading.source()
            ),
        ),
        (Some(fact), None) if fact.value => Judgement::pass(
            unit,
            format!("Data lie in more than one zone, as told by {}.{}", fact.reading.source(), fact.note()),
        ),
        (Some(fact), None) => Judgement::fail(
            unit,
            "single_zone",
            format!(
                "Data lie in one zone or on one device, as told by {}, and it replicates nowhere.{}",
                fact.reading.source(),
                fact.note()
            ),
        ),
        (None, None) if place.within(period).next().is_none() => Judgement::no_evidence(
            unit,
            "not_read",
            "Its configuration was not read in the period (storage_locations.multi_zone, replication_targets).",
        ),
        (None, None) => Judgement::no_evidence(
            unit,
            "setting_not_shown",
            "The readings of the period show neither zones nor replication (storage_locations.multi_zone, replication_targets).",
        ),
    }
    .rests_on(records)
}

fn is_one_zone(class: &str) -> bool {
    let class: String = class.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    ONE_ZONE.iter().any(|word| class.starts_with(word) || class.ends_with(word)) || class.contains(ONE_ZONE[0])
}

/// STO-04: no place is public at any reading of the period. A row of the register is a reading as well: that the
/// platform shows a closed place later does not undo it.
pub fn private(world: &World<'_>) -> Vec<Judgement> {
    let places = places(world);
    if places.is_empty() {
        return no_place(world);
    }
    places.iter().map(|(id, place)| about_all(access(world, id, place), &place.systems())).collect()
}

fn access(world: &World<'_>, unit: &str, place: &Place<'_>) -> Judgement {
    let period = (world.period.start(), world.until());
    let told: Vec<_> = place.within(period).filter_map(|r| r.public().map(|p| (r, p))).collect();
    let records: Vec<String> = told.iter().filter_map(|(r, _)| r.record()).collect();
    let open: Vec<_> = told.iter().filter(|(_, public)| *public).map(|(r, _)| *r).collect();
    if !open.is_empty() {
        let by: Vec<String> = open.iter().map(|r| r.source()).collect();
        let closed = told.iter().find(|(r, public)| !public && !r.is_shown());
        let note = closed.filter(|_| open.iter().any(|r| r.is_shown())).map_or_else(String::new, |(r, _)| {
            format!(" The register says otherwise ({}); what the platform showed counts.", r.source())
        });
        let text = format!("It was reachable without authentication, as told by {}.{note}", names(&by));
        let failing = Judgement::fail(unit, "public", text).rests_on(records);
        return open.iter().filter_map(|r| r.at()).fold(failing, |j, at| j.violated(at, at + Duration::seconds(1)));
    }
    match told.last() {
        Some((last, _)) => Judgement::pass(
            unit,
            format!(
                "Not public at any of {} readings, the last on {}.",
                told.len(),
                last.at().map_or_else(String::new, utc_text)
            ),
        )
        .rests_on(records),
        None => Judgement::no_evidence(
            unit,
            "not_read",
            "Whether it is public was not read in the period (storage_locations.public_access).",
        ),
    }
}
