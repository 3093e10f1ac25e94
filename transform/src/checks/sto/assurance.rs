//! STO-07: a provider that runs backups, or keeps them, is backed by assurance.

use std::collections::{BTreeMap, BTreeSet};

use model::inventory::{System, SystemKind};
use model::registers::{AssuranceKind, ProviderAssurance, Recorded};
use model::rows::{Component, TestResult};

use super::super::assurance::{about, covers, is_current};
use super::super::common::{filled, names, no_inventory, no_register, or_empty};
use super::super::faults::Faults;
use super::super::places::{Place, places};
use super::about_all;
use crate::judgement::Judgement;
use crate::world::World;

/// What assurance must speak of.
const SUBJECTS: [&str; 3] = ["backup", "retention", "restore"];

/// Words in `storage_locations.provider` for a place that the organisation runs itself.
const OWN: [&str; 5] = ["own", "self", "internal", "on-premises", "none"];

/// A provider's platform and the systems that rely on it.
#[derive(Default)]
struct Reliance<'w> {
    /// Systems whose backup the provider runs.
    managed: BTreeSet<&'w str>,
    /// Systems whose backups it keeps.
    kept: BTreeSet<&'w str>,
}

/// STO-07, for every platform of a system with `provider_managed_backup` and every platform that keeps backups, unless
/// all of its places name the organisation itself as provider (`own`).
///
/// Whether the split of duties says who restores what is for people; that there is one, and whether its reference says
/// that the customer does, is tested.
pub fn provider_run(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let until = world.until();
    let mut platforms: BTreeMap<&str, Reliance<'_>> = BTreeMap::new();
    for (_, system) in world.in_scope().filter(|(_, s)| s.provider_managed_backup == Some(true)) {
        let platform = system.platform_id.as_deref().unwrap_or(&system.system_id);
        platforms.entry(platform).or_default().managed.insert(&system.system_id);
    }
    let places = places(world);
    for place in places.values().filter(|p| !p.systems().is_empty()) {
        if let Some(platform) = place.platform(until)
            && !is_own(world, place)
        {
            platforms.entry(platform).or_default().kept.extend(place.systems());
        }
    }
    let out = platforms
        .into_iter()
        .map(|(id, reliance)| {
            let systems: BTreeSet<&str> = reliance.managed.union(&reliance.kept).copied().collect();
            about_all(judge(world, id, &reliance, &systems), &systems)
        })
        .collect();
    or_empty(out, "no_provider", "No provider runs or keeps backups of an in-scope system, as far as places are known.")
}

fn is_own(world: &World<'_>, place: &Place<'_>) -> bool {
    let provider = place.fact(world.until(), |r| filled(r.provider()));
    provider.is_some_and(|f| OWN.contains(&f.value.to_lowercase().as_str()))
}

fn judge(world: &World<'_>, unit: &str, reliance: &Reliance<'_>, systems: &BTreeSet<&str>) -> Judgement {
    let Some(rows) = about(world, unit) else { return no_register(unit, "provider_assurance") };
    let mut faults = Faults::default();
    let current: Vec<&&Recorded<ProviderAssurance>> = rows.iter().filter(|r| is_current(world, r)).collect();
    let reviewed = |r: &&&&Recorded<ProviderAssurance>| r.reviewed_at.is_some_and(|at| at <= world.as_of);
    let silent: Vec<&str> = SUBJECTS.into_iter().filter(|s| !current.iter().any(|r| covers(r, s))).collect();
    if rows.is_empty() {
        faults.add("assurance_missing", "no report, contract, terms or statement of the provider is on record");
    } else if current.is_empty() {
        let ended: Vec<String> = rows.iter().map(|r| told(r)).collect();
        let age = &world.policy.parameter("provider_assurance_max_age").value;
        faults.add(
            "assurance_stale",
            format!("all of it is out of date, undated or to come ({}; {age} allowed)", names(&ended)),
        );
    } else {
        faults.add_if(!silent.is_empty(), "assurance_silent", || format!("none of it covers {}", silent.join(", ")));
        let unread: Vec<&str> = SUBJECTS
            .into_iter()
            .filter(|s| !silent.contains(s))
            .filter(|s| !current.iter().filter(reviewed).any(|r| covers(r, s)))
            .collect();
        faults.add_if(!unread.is_empty(), "assurance_not_reviewed", || {
            format!("nobody reviewed what covers {} (reviewed_at)", unread.join(", "))
        });
        split(world, &current, reliance, &mut faults);
    }
    let health: Vec<&str> =
        systems.iter().copied().filter(|s| system(world, s).is_some_and(|s| s.ephi == Some(true))).collect();
    let contract = |r: &&&Recorded<ProviderAssurance>| r.kind == AssuranceKind::Contract && covers(r, "ephi");
    faults.add_if(!health.is_empty() && !current.iter().any(contract), "contract_missing", || {
        format!("no business associate contract (kind contract, covers ephi) is on record for {}", names(&health))
    });
    let ids: Vec<String> = current.iter().map(|r| told(r)).collect();
    let judgement = faults.judge(
        unit,
        "Assurance of this provider",
        format!("{} cover backup, retention and restore, and were reviewed.", names(&ids)),
    );
    let mirrored = !reliance.managed.is_empty() && reliance.managed.iter().all(|s| has_mirror(world, s));
    if mirrored { judgement.reason("own_mirror") } else { judgement }
}

fn told(row: &Recorded<ProviderAssurance>) -> String {
    match row.period_end {
        Some(day) => format!("{} ({}, to {day})", row.assurance_id, row.kind),
        None => format!("{} ({}, no end)", row.assurance_id, row.kind),
    }
}

fn split(world: &World<'_>, current: &[&&Recorded<ProviderAssurance>], reliance: &Reliance<'_>, faults: &mut Faults) {
    let refs: Vec<&str> = current.iter().filter_map(|r| filled(r.responsibility_split_ref.as_deref())).collect();
    faults.add_if(
        refs.is_empty(),
        "split_missing",
        || "no split of duties says who restores what after a deletion by the customer (responsibility_split_ref)",
    );
    let customers =
        refs.iter().find(|r| r.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|w| w == "customer"));
    let bare = reliance.managed.iter().copied().find(|id| {
        system(world, id).is_some_and(|s| world.plans_in_force(s, world.period.start(), world.until()).next().is_none())
    });
    if let (Some(split), Some(bare)) = (customers, bare) {
        faults.add("no_own_plan", format!("{split} makes the customer responsible, and no own plan backs up {bare}"));
    }
}

fn system<'w>(world: &World<'w>, id: &str) -> Option<&'w System> {
    let inventory = world.inventory;
    inventory.system(id)
}

/// A repository with an own mirror that was restored: FRQ-01 and RST-01 judge it, and the provider's word is secondary.
fn has_mirror(world: &World<'_>, id: &str) -> bool {
    let Some(index) = world.inventory.index_of(id) else { return false };
    let row = &world.inventory.systems[index];
    let mirror =
        world.plans_in_force(row, world.period.start(), world.until()).any(|(_, p)| p.component == Component::Mirror);
    let tested = world
        .tests_of(index)
        .any(|t| t.row.result == TestResult::Success && t.row.ended_at.is_some_and(|at| at < world.until()));
    row.kind == SystemKind::Repository && mirror && tested
}
