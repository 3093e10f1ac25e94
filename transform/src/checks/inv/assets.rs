//! INV-02: the inventory matches what platforms and backup evidence show.

use std::collections::{BTreeMap, BTreeSet};

use model::evidence::SourceStatus;
use model::inventory::System;
use model::rows::DiscoveredAsset;
use model::time::{Instant, human, utc_text};

use super::super::common::{filled, names, no_inventory, or_empty};
use crate::judgement::Judgement;
use crate::metrics::platform;
use crate::world::World;

/// Something that may hold data, from a platform's listing or from backup evidence itself.
struct Seen<'w> {
    /// Newest row of a listing; absent where only backups of it are known.
    asset: Option<&'w DiscoveredAsset>,
    first: Instant,
    last: Instant,
    /// Runs and recovery points of it that match no inventory row.
    backups: u64,
}

/// INV-02.
///
/// The population is every asset of a listing seen in the period, and every resource that runs or recovery points
/// name and no inventory row matches: what is backed up exists, whether a listing shows it or not. An asset counts as
/// unregistered once it is proven to have existed for longer than `reconciliation_grace`; one that was seen once and
/// could not be looked for again is no evidence. A ghost is an in-scope row, of a platform whose complete listing
/// shows other assets, that neither the listing nor any backup of the period shows. Platforms without a complete
/// listing give one result each, with the platform as unit.
pub fn reconciled(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let mut out: Vec<Judgement> = population(world).iter().map(|(id, seen)| judge(world, id, seen)).collect();
    out.extend(ghosts(world));
    or_empty(out, "nothing_in_service", "No system was in scope, and nothing else was seen.")
}

fn population<'w>(world: &World<'w>) -> BTreeMap<String, Seen<'w>> {
    let mut all: BTreeMap<String, Seen<'w>> = BTreeMap::new();
    for asset in &world.tables.assets {
        let seen = all.entry(asset.asset_id.clone()).or_insert(Seen {
            asset: Some(asset),
            first: asset.first_seen_at,
            last: asset.last_seen_at,
            backups: 0,
        });
        seen.first = seen.first.min(asset.first_seen_at);
        seen.last = seen.last.max(asset.last_seen_at);
        if seen.asset.is_none_or(|a| a.origin.observed_at < asset.origin.observed_at) {
            seen.asset = Some(asset);
        }
    }
    let mut add = |resource: &str, at: Instant| {
        let seen = all.entry(resource.to_owned()).or_insert(Seen { asset: None, first: at, last: at, backups: 0 });
        seen.first = seen.first.min(at);
        seen.last = seen.last.max(at);
        seen.backups += 1;
    };
    for run in world.runs.list.iter().filter(|r| r.system.is_none()) {
        if let (Some(resource), Some(at)) = (world.runs.resource(run.row), run.placed_at()) {
            add(resource, at);
        }
    }
    for point in world.points.iter().filter(|p| p.system.is_none()) {
        if let (Some(resource), Some(at)) = (point.word(|p| p.resource.as_deref()), point.taken_at()) {
            add(resource, at);
        }
    }
    let (start, until) = (world.period.start(), world.until());
    all.retain(|_, seen| seen.last >= start && seen.first < until);
    all
}

/// The inventory row of an asset. An ARN is the platform's own id whichever reader of AWS found it.
fn row<'w>(world: &World<'w>, asset: &str) -> Result<Option<&'w System>, model::inventory::Ambiguous> {
    if let Some(system) = world.inventory.resolve(asset)? {
        return Ok(Some(system));
    }
    if let Some((_, arn)) = asset.split_once(':').filter(|(_, rest)| rest.starts_with("arn:")) {
        for kind in ["aws-backup", "rds"] {
            if let Some(system) = world.inventory.resolve(&format!("{kind}:{arn}"))? {
                return Ok(Some(system));
            }
        }
    }
    Ok(None)
}

fn judge(world: &World<'_>, id: &str, seen: &Seen<'_>) -> Judgement {
    let grace = world.seconds("reconciliation_grace");
    let rows: Vec<String> = seen.asset.iter().map(|a| asset_row(a)).collect();
    let excluded = world
        .registers
        .asset_exclusions
        .iter()
        .flatten()
        .filter(|e| e.asset_id == id)
        .find_map(|e| filled(e.excluded_reason.as_deref()))
        .or_else(|| seen.asset.and_then(|a| filled(a.excluded_reason.as_deref())));
    let judgement = match row(world, id) {
        Ok(Some(system)) => {
            Judgement::pass(id, format!("Registered as {}.", system.system_id)).about(&system.system_id)
        }
        Err(ambiguous) => Judgement::fail(id, "ambiguous", format!("{ambiguous}.")),
        Ok(None) => match excluded {
            Some(reason) => Judgement::pass(id, format!("Needs no inventory row: {reason}.")).reason("excluded"),
            None => unregistered(world, id, seen, grace),
        },
    };
    judgement.rests_on(rows)
}

fn unregistered(world: &World<'_>, id: &str, seen: &Seen<'_>, grace: i64) -> Judgement {
    let until = world.until();
    let lived = (seen.last - seen.first).num_seconds();
    let what = match seen.asset {
        Some(asset) => {
            let place = asset.environment.as_deref().map_or_else(String::new, |e| format!(", environment {e}"));
            format!("The {} at {}{place}", asset.kind, asset.platform_id)
        }
        None => format!("It is backed up ({} runs and recovery points) and", seen.backups),
    };
    let span = format!("first seen {}, last {}", utc_text(seen.first), utc_text(seen.last));
    if (until - seen.first).num_seconds() < grace {
        return Judgement::not_applicable(
            id,
            "not_yet_due",
            format!("{what} has no inventory row and is younger than {} ({span}).", human(grace)),
        );
    }
    if lived >= grace {
        let from = seen.first + chrono::Duration::seconds(grace);
        return Judgement::fail(id, "unregistered", format!("{what} matches no inventory row ({span})."))
            .violated(from.max(world.period.start()), until);
    }
    let looked_again = seen.asset.is_some_and(|asset| {
        world.tables.collections.iter().any(|c| {
            c.kind == *asset.origin.kind
                && c.source_id == *asset.origin.source_id
                && c.status == SourceStatus::Complete
                && c.collected_at > seen.last
                && c.counts.get("discovered_assets").is_some_and(|n| *n > 0)
        })
    });
    if looked_again {
        Judgement::not_applicable(
            id,
            "short_lived",
            format!("{what} was gone before {} passed ({span}).", human(grace)),
        )
    } else {
        Judgement::no_evidence(
            id,
            "not_seen_again",
            format!(
                "{what} matches no inventory row; no later listing (discovered_assets) shows whether it lived longer than {} ({span}).",
                human(grace)
            ),
        )
    }
}

fn asset_row(asset: &DiscoveredAsset) -> String {
    format!("asset/{}.{}/{}", asset.origin.kind, asset.origin.source_id, asset.asset_id)
}

/// In-scope rows that a complete listing lacks, and platforms that no complete listing covers.
fn ghosts(world: &World<'_>) -> Vec<Judgement> {
    let mut matched: BTreeSet<&str> = BTreeSet::new();
    let mut listed_kinds: BTreeSet<&str> = BTreeSet::new();
    for asset in &world.tables.assets {
        listed_kinds.insert(&asset.origin.kind);
        if let Ok(Some(system)) = row(world, &asset.asset_id)
            && asset.last_seen_at >= world.period.start()
        {
            matched.insert(&system.system_id);
        }
    }
    let mut unlisted: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        let Some((from, to)) = system.in_service(world.period.start(), world.until()) else { continue };
        if matched.contains(unit) {
            continue;
        }
        let covered = world.coverage.intervals("discovered_assets", unit).iter().any(|(a, b)| *a < to && *b > from);
        let of_listed_kind =
            system.resources.iter().any(|r| r.split_once(':').is_some_and(|(kind, _)| listed_kinds.contains(kind)));
        if !(covered && of_listed_kind) {
            let plan = world.plans_in_force(system, from, to).next().map(|(_, p)| p);
            unlisted.entry(platform(plan, system)).or_default().push(unit);
            continue;
        }
        let backed_up = world.runs.of_system(i).any(|r| r.placed_at().is_some_and(|t| t >= from && t < to))
            || world.points_of(i).any(|p| p.last_seen_at.is_some_and(|t| t >= from) && p.exists_at(from));
        let judgement = if backed_up {
            Judgement::pass(unit, "No listing shows it, but backups of it were made or listed in the period.")
        } else {
            Judgement::fail(
                unit,
                "ghost",
                "The row is in scope, and the complete listing of its platform shows no such asset.",
            )
            .violated(from, to)
        };
        out.push(judgement.about(unit));
    }
    for (platform, systems) in unlisted {
        let judgement = Judgement::no_evidence(
            platform.as_str(),
            "no_discovery_source",
            format!(
                "No complete listing of assets (discovered_assets) covers this platform: whether {} is everything on it cannot be shown.",
                names(&systems)
            ),
        );
        out.push(systems.iter().fold(judgement, |j, s| j.about(s)));
    }
    out
}
