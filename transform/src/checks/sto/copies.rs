//! STO-03 and STO-06: a current copy in another region, and one that survives the loss of the production account.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use model::inventory::System;
use model::time::{Instant, human, utc_text};

use super::super::common::{names, no_inventory, or_empty, or_none_in_scope, restorable};
use super::super::grants::admins;
use super::super::places::{Place, existed, location, places, production_accounts};
use crate::coverage::{Interval, holes, union};
use crate::judgement::Judgement;
use crate::points::Point;
use crate::world::World;

/// How a place stands to the one that may be lost.
enum Side {
    /// It is apart: another region, another account.
    Apart,
    /// It would be lost as well, and why.
    Same(&'static str, String),
    /// Nobody can tell, and what is missing.
    Unknown(String),
}

/// Copies of a system by the side they lie on.
#[derive(Default)]
struct Copies<'w> {
    /// When a copy no older than the limit lay apart.
    apart: Vec<Interval>,
    /// When one lay at a place of which that is not known.
    perhaps: Vec<Interval>,
    /// Places apart, with the time of the newest copy there, and the copy where it is a point.
    where_apart: BTreeMap<&'w str, (Instant, Option<&'w Point>)>,
    same: BTreeSet<(&'static str, String)>,
    unknown: BTreeSet<String>,
}

/// Oldest that a copy may be, in seconds.
fn limit_s(world: &World<'_>) -> i64 {
    world.seconds("replica_lag_max") + world.seconds("max_backup_interval")
}

/// Copies count as well as originals, because the system can be restored from them (a copy job that fails makes no
/// run of the source fail). Logs that were shipped without a pause onto a base count like points.
fn copies<'w>(
    world: &World<'w>,
    index: usize,
    system: &System,
    window: Interval,
    side: impl Fn(&str) -> Side,
) -> Copies<'w> {
    let limit = Duration::seconds(limit_s(world));
    let mut sides: BTreeMap<&str, Side> = BTreeMap::new();
    let mut out = Copies::default();
    let mut add = |place: Option<&'w str>, kept: Interval, taken: Instant, point: Option<&'w Point>| {
        let Some(place) = place else {
            out.perhaps.push(kept);
            out.unknown.insert("recovery_points.location_id is empty".to_owned());
            return;
        };
        match sides.entry(place).or_insert_with(|| side(place)) {
            Side::Apart => {
                out.apart.push(kept);
                let newest = out.where_apart.entry(place).or_insert((taken, point));
                if taken >= newest.0 {
                    *newest = (taken, point);
                }
            }
            Side::Same(code, why) => {
                out.same.insert((code, why.clone()));
            }
            Side::Unknown(why) => {
                out.perhaps.push(kept);
                out.unknown.insert(why.clone());
            }
        }
    };
    for point in world.points_of(index) {
        if !restorable(world, point) || !point.holds_data(system.kind) || point.row.zone_unknown {
            continue;
        }
        let (Some(taken), Some((from, to))) = (point.taken_at(), existed(point, window.0 - limit, window.1)) else {
            continue;
        };
        add(location(world, point), (from, to.min(taken + limit)), taken, Some(point));
    }
    for logs in world.segments_of(index) {
        if let (Some(from), Some(to)) = (logs.restorable_from, logs.archived_at) {
            add(logs.location_id.as_deref(), (from, to + limit), to, None);
        }
    }
    out
}

impl Copies<'_> {
    /// `what` says what must exist: "copy in another region".
    fn judge(self, world: &World<'_>, unit: &str, window: Interval, what: &str) -> Judgement {
        let limit = human(limit_s(world));
        let newest = self.where_apart.values().filter_map(|(_, p)| p.map(|p| p.row_id(world.runs)));
        let records: Vec<String> = newest.collect();
        let good = union(self.apart);
        let open = holes(&good, window.0, window.1);
        if open.is_empty() {
            let places: Vec<String> =
                self.where_apart.iter().map(|(p, (at, _))| format!("{p} (newest of {})", utc_text(*at))).collect();
            let text = format!("A {what} no older than {limit} was there all the time: {}.", names(&places));
            return Judgement::pass(unit, text).rests_on(records);
        }
        let perhaps = union(good.into_iter().chain(self.perhaps).collect());
        let (mut proven, mut unseen) = (Vec::new(), Vec::new());
        for (from, to) in open {
            for hole in holes(&perhaps, from, to) {
                let covered = world.coverage.covers("recovery_points", unit, hole.0, hole.1);
                if covered { proven.push(hole) } else { unseen.push(hole) }
            }
        }
        let text = |all: &[Interval]| {
            let parts: Vec<String> = all.iter().map(|(a, b)| format!("{} to {}", utc_text(*a), utc_text(*b))).collect();
            names(&parts)
        };
        if !proven.is_empty() {
            let whys: Vec<&str> = self.same.iter().map(|(_, why)| why.as_str()).collect();
            let code = match (self.where_apart.is_empty(), self.same.first()) {
                (true, Some((code, _))) => *code,
                (true, None) => "no_copy",
                (false, _) => "copy_too_old",
            };
            let others = if whys.is_empty() { String::new() } else { format!(" What there is: {}.", names(&whys)) };
            let failing = Judgement::fail(
                unit,
                code,
                format!("No {what} no older than {limit} was there from {}.{others}", text(&proven)),
            );
            return proven.iter().fold(failing, |j, (a, b)| j.violated(*a, *b)).rests_on(records);
        }
        if !unseen.is_empty() {
            return Judgement::no_evidence(
                unit,
                "not_covered",
                format!(
                    "No {what} is on record from {}, and no complete listing (recovery_points) covers that time.",
                    text(&unseen)
                ),
            );
        }
        let whys: Vec<&str> = self.unknown.iter().map(String::as_str).collect();
        Judgement::no_evidence(
            unit,
            "place_unknown",
            format!("Copies exist, but whether one is a {what} is not known: {}.", names(&whys)),
        )
    }
}

/// The part of the period that is judged: it begins when the first copy of a new system is due.
fn due(world: &World<'_>, system: &System) -> Option<Interval> {
    let (from, to) = system.in_service(world.period.start(), world.until())?;
    let from = from.max(system.onboarded_at + Duration::seconds(limit_s(world)));
    (from < to).then_some((from, to))
}

fn not_yet_due(world: &World<'_>, unit: &str) -> Judgement {
    Judgement::not_applicable(
        unit,
        "not_yet_due",
        format!("In service for less than {}, the age that a copy may have.", human(limit_s(world))),
    )
    .about(unit)
}

/// STO-03: where a system needs a copy in another region, a current one is there at every instant in service.
pub fn other_region(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let places = places(world);
    let mut out = Vec::new();
    for (index, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        let judgement = match (system.replicate_required, system.region.as_deref()) {
            (None, _) => Judgement::no_evidence(
                unit,
                "decision_missing",
                "Whether it needs a copy in another region was never recorded (systems.replicate_required is empty).",
            ),
            (Some(false), _) => Judgement::not_applicable(
                unit,
                "not_required",
                format!("It is recorded that no copy in another region is needed ({}).", system.declared_in),
            ),
            (Some(true), None) => Judgement::no_evidence(
                unit,
                "field_missing",
                "A copy in another region is needed, and systems.region does not say which one it runs in.",
            ),
            (Some(true), Some(own)) => match due(world, system) {
                None => not_yet_due(world, unit),
                Some(window) => {
                    let side = |id: &str| region_side(world, places.get(id), id, own);
                    copies(world, index, system, window, side).judge(world, unit, window, "copy in another region")
                }
            },
        };
        out.push(judgement.about(unit));
    }
    or_none_in_scope(out)
}

fn region_side(world: &World<'_>, place: Option<&Place<'_>>, id: &str, own: &str) -> Side {
    match place.and_then(|p| p.region(world.until())) {
        Some(region) if region == own => Side::Same("same_region", format!("{id} is in {own} too")),
        Some(_) => Side::Apart,
        None => Side::Unknown(format!("the region of {id} is not on record (storage_locations.region)")),
    }
}

/// STO-06: a current copy lies where the administrators of production have no power, or off line.
///
/// An account of another name is apart unless grants show that the same people administer both. Where the account of
/// production is not known, grants alone can show it: both sides have administrators on record, and none in common.
/// Where a provider makes all copies, and no plan of the system does, they are in its account: STO-07 judges whether its
/// assurance shows them apart.
pub fn account_loss(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let places = places(world);
    let mut out = Vec::new();
    for (index, system) in world.critical() {
        let unit = system.system_id.as_str();
        if let Some(waiver) = world.waivers.iter().find(|w| {
            w.names("STO-06", &[])
                && w.binds(unit)
                && w.effective.is_some_and(|(a, b)| a < world.until() && world.until() <= b)
        }) {
            out.push(
                Judgement::not_applicable(
                    unit,
                    "risk_accepted",
                    format!("Exception {} accepts the risk; it is effective.", waiver.exception.exception_id),
                )
                .about(unit),
            );
            continue;
        }
        let has_own_plan = || world.plans_in_force(system, world.period.start(), world.until()).next().is_some();
        if system.provider_managed_backup == Some(true) && !has_own_plan() {
            let text = "A provider makes all copies in an account of its own; STO-07 judges its statement.";
            out.push(Judgement::not_applicable(unit, "provider_managed", text).about(unit));
            continue;
        }
        let Some((_, end)) = due(world, system) else {
            out.push(not_yet_due(world, unit));
            continue;
        };
        let window = (end - Duration::seconds(1), end);
        let accounts = production_accounts(world, places, system);
        let side = |id: &str| account_side(world, places.get(id), id, system, &accounts);
        let found = copies(world, index, system, window, side);
        out.push(found.judge(world, unit, window, "copy outside of the production account").about(unit));
    }
    or_empty(out, "none_critical", "No critical production system was in scope and in service in the period.")
}

fn account_side(
    world: &World<'_>,
    place: Option<&Place<'_>>,
    id: &str,
    system: &System,
    production: &BTreeSet<&str>,
) -> Side {
    let until = world.until();
    let unknown = || Side::Unknown(format!("the account of {id} is not on record (storage_locations.account_ref)"));
    let Some(place) = place else { return unknown() };
    let off_line = |text: &str| text.to_lowercase().replace([' ', '-', '_'], "").contains("offline");
    if place.fact(until, |r| r.class().into_iter().chain(r.provider()).find(|t| off_line(t))).is_some() {
        return Side::Apart;
    }
    let (platform, own) = (place.platform(until), system.platform_id.as_deref());
    let people = |of: Option<&str>| of.map_or_else(BTreeSet::new, |p| admins(world, p, until));
    let (here, there) = if platform == own { <_>::default() } else { (people(platform), people(own)) };
    let both: Vec<&str> = here.intersection(&there).copied().collect();
    if !both.is_empty() {
        return Side::Same("same_administrators", format!("{id} is administered by {} as production is", names(&both)));
    }
    match place.account(until) {
        Some(account) if production.contains(account) => {
            Side::Same("same_account", format!("{id} is in the production account {account}"))
        }
        Some(_) if !production.is_empty() => Side::Apart,
        _ if !here.is_empty() && !there.is_empty() => Side::Apart,
        Some(_) => Side::Unknown(format!(
            "the account that {} runs in is not on record (systems.platform_id, storage_locations.account_ref)",
            system.system_id
        )),
        None => unknown(),
    }
}
