//! Permissions: which platforms they are about, who holds them when, and whether somebody approved them.

use std::collections::{BTreeMap, BTreeSet};

use model::inventory::{Environment, SystemKind};
use model::registers::{AccessGrant, Principal, Privilege, Recorded};
use model::time::Instant;

use super::common::filled;
use super::places::places;
use crate::coverage::Interval;
use crate::world::World;

/// The part of `[from, to)` in which a grant was in force. A grant without a date is taken to have always been there.
pub fn in_force(grant: &AccessGrant, from: Instant, to: Instant) -> Option<Interval> {
    let a = grant.granted_at.map_or(from, |g| g.max(from));
    let b = grant.revoked_at.map_or(to, |r| r.min(to));
    (a < b).then_some((a, b))
}

/// All grants of the register; none where it was not given.
pub fn all<'w>(world: &World<'w>) -> impl Iterator<Item = &'w Recorded<AccessGrant>> + use<'w> {
    let registers = world.registers;
    registers.access_grants.iter().flatten()
}

/// Principals with administration of a platform at `at`.
pub fn admins<'w>(world: &World<'w>, platform: &str, at: Instant) -> BTreeSet<&'w str> {
    all(world)
        .filter(|g| g.platform_id == platform && g.privilege == Some(Privilege::Admin))
        .filter(|g| g.granted_at.is_none_or(|from| from < at) && g.revoked_at.is_none_or(|to| to >= at))
        .map(|g| g.principal_id.as_str())
        .collect()
}

/// Platforms that backups are made with or kept on, each with the in-scope systems it serves: those that plans and
/// their places name, backup platforms of the inventory, and approved ones.
pub fn backup_platforms<'w>(world: &World<'w>) -> BTreeMap<&'w str, BTreeSet<&'w str>> {
    let mut out: BTreeMap<&'w str, BTreeSet<&'w str>> = BTreeMap::new();
    let (start, until, registers) = (world.period.start(), world.until(), world.registers);
    for (_, system) in world.in_scope() {
        let id = system.system_id.as_str();
        for (_, plan) in world.plans_in_force(system, start, until) {
            if let Some(platform) = &plan.platform_id {
                out.entry(platform).or_default().insert(id);
            }
        }
        if system.kind == SystemKind::BackupPlatform {
            out.entry(system.platform_id.as_deref().unwrap_or(id)).or_default().insert(id);
        }
    }
    for place in places(world).values() {
        if let Some(platform) = place.platform(until) {
            out.entry(platform).or_default().extend(place.systems());
        }
    }
    for row in registers.approved_platforms.iter().flatten() {
        out.entry(&row.platform_id).or_default();
    }
    out
}

/// Platforms that in-scope production systems run on, each with those systems.
pub fn production_platforms<'w>(world: &World<'w>) -> BTreeMap<&'w str, BTreeSet<&'w str>> {
    let mut out: BTreeMap<&'w str, BTreeSet<&'w str>> = BTreeMap::new();
    for (_, system) in world.in_scope().filter(|(_, s)| s.environment == Environment::Production) {
        if let Some(platform) = &system.platform_id {
            out.entry(platform).or_default().insert(&system.system_id);
        }
    }
    out
}

/// What the register says of a principal on a platform, by the newest reading up to `as_of`.
pub fn principal<'w>(world: &World<'w>, id: &str, platform: &str) -> Option<&'w Recorded<Principal>> {
    let registers = world.registers;
    registers
        .principals
        .iter()
        .flatten()
        .filter(|p| p.principal_id == id && p.platform_id == platform)
        .filter(|p| p.observed_at.is_none_or(|at| at <= world.as_of))
        .max_by_key(|p| p.observed_at)
}

/// Whether somebody else approved a grant; why not, as a reason code and a clause.
///
/// A grant older than the first one with an approval on record is older than the approval system: the last completed
/// review of its platform counts as its approval.
pub fn approved(world: &World<'_>, grant: &AccessGrant) -> Result<(), (&'static str, String)> {
    let who = grant.principal_id.as_str();
    match (filled(grant.approval_ref.as_deref()), filled(grant.approved_by.as_deref())) {
        (Some(request), Some(by)) if by == who => {
            Err(("self_approval", format!("{who} approved {request} for themselves")))
        }
        (Some(_), Some(_)) => Ok(()),
        (Some(request), None) => Err(("approval_missing", format!("nobody is named who approved {request}"))),
        (None, _) => {
            let first = all(world).filter(|g| filled(g.approval_ref.as_deref()).is_some());
            let began = first.filter_map(|g| g.granted_at).min();
            let older = grant.granted_at.zip(began).is_some_and(|(granted, began)| granted < began);
            let reviewed = world.registers.access_reviews.iter().flatten().any(|r| {
                r.platform_id == grant.platform_id
                    && r.completed == Some(true)
                    && r.performed_at < world.until()
                    && grant.granted_at.is_some_and(|g| g <= r.performed_at)
                    && filled(r.reviewer.as_deref()).is_some_and(|by| by != who)
            });
            if older && reviewed {
                Ok(())
            } else {
                Err(("approval_missing", "no approval is named (approval_ref)".to_owned()))
            }
        }
    }
}

/// True where the approval of a grant names routine need: the word "routine" in its reference.
pub fn is_routine(grant: &AccessGrant) -> bool {
    grant.approval_ref.as_deref().is_some_and(|text| text.to_lowercase().contains("routine"))
}

/// What shows that the same people could administer production and delete its backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlap {
    /// Both at once, who, on which platform of production, and when.
    Found { principal: String, production: String, when: Interval },
    /// Nobody.
    Nobody,
    /// Which side has no grants on record.
    NotShown(String),
}

/// Looks for a principal that has, at some time of `[from, to)`, administration of a production platform and the right
/// to delete backups on `platform`. `of` are systems whose backups lie there; `only` restricts to one principal.
pub fn overlap(
    world: &World<'_>,
    platform: &str,
    of: &BTreeSet<&str>,
    only: Option<&str>,
    (from, to): Interval,
) -> Overlap {
    let production: Vec<&str> = production_platforms(world)
        .into_iter()
        .filter(|(_, systems)| systems.iter().any(|s| of.contains(s)))
        .map(|(p, _)| p)
        .collect();
    if production.is_empty() {
        return Overlap::NotShown("where the systems run is not on record (systems.platform_id)".to_owned());
    }
    let concerned = |g: &&Recorded<AccessGrant>| only.is_none_or(|p| g.principal_id == p);
    for deleting in all(world).filter(concerned).filter(|g| g.platform_id == platform) {
        if deleting.can_delete_backups != Some(true) {
            continue;
        }
        let Some((a, b)) = in_force(deleting, from, to) else { continue };
        let administering = all(world).find_map(|g| {
            let same = g.principal_id == deleting.principal_id
                && g.privilege == Some(Privilege::Admin)
                && production.contains(&g.platform_id.as_str());
            if same { in_force(g, a, b).map(|when| (g.platform_id.clone(), when)) } else { None }
        });
        if let Some((production, when)) = administering {
            return Overlap::Found { principal: deleting.principal_id.clone(), production, when };
        }
    }
    for side in production.iter().copied().chain([platform]) {
        if !all(world).any(|g| g.platform_id == side && in_force(g, from, to).is_some()) {
            return Overlap::NotShown(format!("no grant on {side} is on record (access_grants)"));
        }
    }
    let silent = all(world)
        .filter(concerned)
        .find(|g| g.platform_id == platform && g.can_delete_backups.is_none() && in_force(g, from, to).is_some());
    match silent {
        Some(g) => Overlap::NotShown(format!("{} does not say whether it can delete backups", g.grant_id)),
        None => Overlap::Nobody,
    }
}
