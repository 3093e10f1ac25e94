//! ACC-05: who administers production cannot destroy its backups.

use std::collections::BTreeSet;

use model::registers::PrincipalKind;
use model::rows::Immutability;
use model::time::utc_text;

use super::super::common::{ORGANIZATION, names, no_register};
use super::super::grants::{Overlap, all, backup_platforms, in_force, overlap};
use super::super::places::places;
use super::about_all;
use crate::coverage::Interval;
use crate::judgement::Judgement;
use crate::world::World;

/// ACC-05, for every person with a grant on a backup platform.
///
/// A lock makes deletion impossible where every place of the platform that the systems use is locked in compliance mode.
pub fn separated(world: &World<'_>) -> Vec<Judgement> {
    let registers = world.registers;
    if registers.access_grants.is_none() {
        return vec![no_register(ORGANIZATION, "access_grants")];
    }
    let Some(principals) = &registers.principals else { return vec![no_register(ORGANIZATION, "principals")] };
    let period = (world.period.start(), world.until());
    let platforms = backup_platforms(world);
    let live = || {
        all(world)
            .filter(|g| platforms.contains_key(g.platform_id.as_str()) && in_force(g, period.0, period.1).is_some())
    };
    let kind = |id: &str| principals.iter().find(|p| p.principal_id == id).map(|p| p.kind);
    let people: BTreeSet<&str> = live()
        .map(|g| g.principal_id.as_str())
        .filter(|id| matches!(kind(id), None | Some(PrincipalKind::Human | PrincipalKind::Group)))
        .collect();
    let deletes = |id: &str, told: Option<bool>| live().any(|g| g.principal_id == id && g.can_delete_backups == told);
    if !platforms.is_empty() && live().next().is_none() {
        let text = "No grant on a backup platform is on record in the period (access_grants).";
        return vec![Judgement::no_evidence(ORGANIZATION, "grants_missing", text)];
    }
    if people.iter().all(|id| !deletes(id, Some(true)) && !deletes(id, None)) {
        let text = "Nobody but services can delete backups, by the grants of the period.";
        return vec![Judgement::not_applicable(ORGANIZATION, "nobody_deletes", text)];
    }
    people
        .into_iter()
        .map(|id| {
            let on: BTreeSet<&str> = live()
                .filter(|g| g.principal_id == id && g.can_delete_backups != Some(false))
                .map(|g| g.platform_id.as_str())
                .collect();
            let systems: BTreeSet<&str> = on.iter().filter_map(|p| platforms.get(p)).flatten().copied().collect();
            let judgement = if on.is_empty() {
                Judgement::pass(id, "Cannot delete backups.")
            } else if kind(id) != Some(PrincipalKind::Human) {
                let text = format!(
                    "Can delete backups on {}, and principals does not say whether it is a person, or who is in it.",
                    first(&on)
                );
                Judgement::no_evidence(id, "kind_unknown", text)
            } else {
                judge(world, id, &on, period)
            };
            about_all(judgement, Some(&systems))
        })
        .collect()
}

fn first(platforms: &BTreeSet<&str>) -> String {
    names(&platforms.iter().copied().collect::<Vec<_>>())
}

fn judge(world: &World<'_>, unit: &str, on: &BTreeSet<&str>, period: Interval) -> Judgement {
    let served = backup_platforms(world);
    let (mut bad, mut unknown, mut locked) = (Vec::new(), Vec::new(), Vec::new());
    for platform in on {
        let systems = served.get(platform).cloned().unwrap_or_default();
        match overlap(world, platform, &systems, Some(unit), period) {
            Overlap::Nobody => {}
            Overlap::NotShown(what) => unknown.push(format!("on {platform}: {what}")),
            Overlap::Found { .. } if is_locked(world, platform, &systems) => locked.push(*platform),
            Overlap::Found { production, when, .. } => bad.push((*platform, production, when)),
        }
    }
    if !bad.is_empty() {
        let parts: Vec<String> = bad
            .iter()
            .map(|(platform, production, (a, b))| {
                let when = format!("from {} to {}", utc_text(*a), utc_text(*b));
                format!("could administer {production} and delete its backups on {platform} {when}")
            })
            .collect();
        let failing = Judgement::fail(unit, "both_powers", format!("The same person {}.", names(&parts)));
        return bad.into_iter().fold(failing, |j, (.., (a, b))| j.violated(a, b));
    }
    if !unknown.is_empty() {
        return Judgement::no_evidence(unit, "grants_missing", format!("Can delete backups {}.", unknown.join("; ")));
    }
    if locked.is_empty() {
        let text = format!("Can delete backups on {}, and administers none of the production behind them.", first(on));
        return Judgement::pass(unit, text);
    }
    let text = format!("Administers production as well, but a lock makes deletion impossible on {}.", names(&locked));
    Judgement::pass(unit, text).reason("locked")
}

fn is_locked(world: &World<'_>, platform: &str, systems: &BTreeSet<&str>) -> bool {
    let until = world.until();
    let all = places(world);
    let mut used = all
        .values()
        .filter(|p| p.platform(until) == Some(platform) && p.systems().iter().any(|s| systems.contains(s)))
        .peekable();
    used.peek().is_some()
        && used.all(|p| p.fact(until, |r| r.lock()).is_some_and(|f| f.value == Immutability::Compliance))
}
