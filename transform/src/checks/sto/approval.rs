//! STO-01: only approved platforms and places are used.

use std::collections::{BTreeMap, BTreeSet};

use model::inventory::Plan;
use model::registers::{ApprovedPlatform, Recorded};
use model::time::utc_text;

use super::super::common::{filled, names, no_inventory, no_register, or_empty};
use super::super::faults::Faults;
use super::super::places::{Place, places, touch};
use super::about_all;
use crate::coverage::{Interval, holes, union};
use crate::judgement::Judgement;
use crate::world::World;

/// What is used, the rows that may approve it, and for a place its region where that is known.
type Use<'a> = (&'a str, Vec<&'a Recorded<ApprovedPlatform>>, Option<Option<&'a str>>);

/// STO-01, for every enabled plan and for every place with recovery points that no plan names (its unit is the place).
///
/// A place is approved by a row of its own, or by that of its platform. A plan that names no place has the places where
/// recovery points of its system are. Use before the period is not judged.
pub fn approved(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("backup_plans");
    }
    let places = places(world);
    let (start, until) = (world.period.start(), world.until());
    let mut out = Vec::new();
    let mut silent: BTreeSet<&str> = BTreeSet::new();
    for (_, system) in world.in_scope() {
        let id = system.system_id.as_str();
        let mut plans: BTreeMap<&str, Vec<&Plan>> = BTreeMap::new();
        for (_, plan) in world.plans_in_force(system, start, until) {
            plans.entry(&plan.plan_id).or_default().push(plan);
            if plan.location_id.is_none() {
                silent.insert(id);
            }
        }
        for (unit, versions) in plans {
            out.push(plan(world, places, unit, &versions, id).about(id));
        }
    }
    let planned = |place: &str| {
        world
            .inventory
            .plans
            .iter()
            .any(|p| p.location_id.iter().chain(&p.copy_location_ids).any(|named| touch(named, place)))
    };
    for (id, place) in places {
        let strays: BTreeSet<&str> = place.held_of.difference(&silent).copied().collect();
        if !strays.is_empty() && !planned(id) {
            let systems: Vec<&str> = strays.iter().copied().collect();
            let text = format!("Recovery points of {} lie here, and no plan names this place.", names(&systems));
            out.push(about_all(Judgement::fail(*id, "place_not_planned", text), &strays));
        }
    }
    or_empty(out, "no_enabled_plan", "No plan of an in-scope system was enabled in the period.")
}

fn plan(
    world: &World<'_>,
    places: &BTreeMap<&str, Place<'_>>,
    unit: &str,
    versions: &[&Plan],
    system: &str,
) -> Judgement {
    let Some(register) = &world.registers.approved_platforms else { return no_register(unit, "approved_platforms") };
    let (start, until) = (world.period.start(), world.until());
    let mut faults = Faults::default();
    let mut unknown = BTreeSet::new();
    let mut violations = Vec::new();
    let mut used: BTreeSet<String> = BTreeSet::new();
    for version in versions {
        let use_of = (version.effective_from.max(start), version.effective_to.map_or(until, |to| to.min(until)));
        let of = |id: &str| -> Vec<&Recorded<ApprovedPlatform>> {
            register.iter().filter(|r| r.platform_id == id).collect()
        };
        let mut uses: Vec<Use<'_>> = version.platform_id.iter().map(|p| (p.as_str(), of(p), None)).collect();
        let named: Vec<&str> =
            version.location_id.iter().chain(&version.copy_location_ids).map(String::as_str).collect();
        let found = places.iter().filter(|(_, p)| p.held_of.contains(system)).map(|(id, _)| *id);
        let where_to: Vec<&str> =
            if version.location_id.is_none() { named.into_iter().chain(found).collect() } else { named };
        if where_to.is_empty() && version.platform_id.is_none() {
            unknown.insert("the plan names neither platform nor location, and no point shows one (backup_plans.platform_id, location_id)".to_owned());
        }
        for id in where_to {
            let place = places.get(id);
            let own = of(id);
            let rows = match place.and_then(|p| p.platform(until)) {
                _ if !own.is_empty() => own,
                Some(platform) => of(platform),
                None => {
                    unknown.insert(format!("the platform and region of {id} are not on record (storage_locations)"));
                    continue;
                }
            };
            uses.push((id, rows, Some(place.and_then(|p| p.region(until)))));
        }
        for (what, rows, region) in uses {
            if used.insert(format!("{what} {use_of:?}")) {
                violations.extend(standing(world, what, &rows, region, use_of, &mut faults, &mut unknown));
            }
        }
    }
    if unknown.is_empty() || !violations.is_empty() {
        let judgement = faults.judge(
            unit,
            "Used in the period",
            "Platform and places are approved for all of their use in the period.",
        );
        return violations.iter().fold(judgement, |j, (a, b)| j.violated(*a, *b));
    }
    let unknown: Vec<String> = unknown.into_iter().collect();
    Judgement::no_evidence(unit, "place_unknown", format!("Approval cannot be told: {}.", names(&unknown)))
}

/// When something was used without an approval in force, in an allowed region. `region` is absent for a platform, whose
/// region is that of its places.
fn standing(
    world: &World<'_>,
    what: &str,
    rows: &[&Recorded<ApprovedPlatform>],
    region: Option<Option<&str>>,
    use_of: Interval,
    faults: &mut Faults,
    unknown: &mut BTreeSet<String>,
) -> Vec<Interval> {
    if rows.is_empty() {
        faults.add("not_approved", format!("{what} is not in the register approved_platforms"));
        return vec![use_of];
    }
    let owner = world.policy.document.owner_role.as_str();
    let by_owner = |r: &&&Recorded<ApprovedPlatform>| {
        filled(r.approved_role.as_deref()) == Some(owner)
            && filled(r.approved_by.as_deref()).is_some_and(|person| {
                world.registers.role_assignments.is_none() || world.registers.held_role(person, owner, r.approved_at)
            })
    };
    let valid: Vec<&&Recorded<ApprovedPlatform>> = rows.iter().filter(by_owner).collect();
    if valid.is_empty() {
        let name = world.policy.role(owner).map_or(owner, |r| r.name.as_str());
        let rows: Vec<&str> = rows.iter().map(|r| r.declared_in.as_str()).collect();
        faults.add("wrong_role", format!("{what} was not approved by the {name} ({})", names(&rows)));
        return vec![use_of];
    }
    let allows = |r: &ApprovedPlatform, region: &str| {
        r.allowed_regions.is_empty() || r.allowed_regions.iter().any(|allowed| allowed == region)
    };
    let limited = valid.iter().any(|r| !r.allowed_regions.is_empty());
    let in_region: Vec<_> = match region {
        Some(Some(region)) => valid.iter().filter(|r| allows(r, region)).collect(),
        Some(None) if limited => {
            unknown.insert(format!("the region of {what} is not on record (storage_locations.region)"));
            valid.iter().collect()
        }
        _ => valid.iter().collect(),
    };
    if in_region.is_empty() {
        let region = region.flatten().unwrap_or_default();
        faults.add("region_not_allowed", format!("{what} is in {region}, which no approval allows"));
        return vec![use_of];
    }
    let approved = union(
        in_region.iter().map(|r| (r.approved_at, r.valid_until.unwrap_or(use_of.1.max(r.approved_at)))).collect(),
    );
    let open = holes(&approved, use_of.0, use_of.1);
    let parts: Vec<String> = open.iter().map(|(a, b)| format!("{} to {}", utc_text(*a), utc_text(*b))).collect();
    faults.add_if(!open.is_empty(), "approval_not_in_force", || {
        format!("{what} had no approval in force from {}", names(&parts))
    });
    open
}
