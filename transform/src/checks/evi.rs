//! EVI: quality of the evidence itself.

mod records;
mod times;

pub use records::contradictions;
pub use times::times;

use std::collections::BTreeMap;

use model::registers::DocumentKind;
use model::time::utc_text;

use super::common::{ORGANIZATION, filled, names, no_inventory, no_register, or_empty};
use crate::coverage::{Interval, holes};
use crate::judgement::Judgement;
use crate::runs::Run;
use crate::world::World;

/// EVI-01: evidence covers the whole time in service, for each table of the frequency checks and each system in
/// scope. The unit is `<table>:<system>`.
///
/// A source that states to hold every run of a system is contradicted where it has runs of a plan, and another source
/// shows a run of that plan within the stated time that it lacks.
pub fn covered(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let id = system.system_id.as_str();
        let Some((from, to)) = system.in_service(world.period.start(), world.until()) else { continue };
        for table in ["backup_runs", "recovery_points"] {
            let unit = format!("{table}:{id}");
            let open = holes(&world.coverage.intervals(table, id), from, to);
            let unheld = if table == "backup_runs" { unheld(world, i, id, (from, to)) } else { BTreeMap::new() };
            let judgement = if let Some((source, rows)) = unheld.into_iter().next() {
                Judgement::fail(
                    unit,
                    "source_not_complete",
                    format!(
                        "{source} states that it holds every run of {id}, and {} runs that another source shows are not in it.",
                        rows.len()
                    ),
                )
                .rests_on(rows)
            } else if open.is_empty() {
                let sources = world.coverage.sources(table, id);
                Judgement::pass(
                    unit,
                    format!("Covered from {} to {} by {}.", utc_text(from), utc_text(to), names(&sources)),
                )
            } else {
                let parts: Vec<String> =
                    open.iter().map(|(a, b)| format!("{} to {}", utc_text(*a), utc_text(*b))).collect();
                Judgement::no_evidence(
                    unit,
                    "not_covered",
                    format!("No complete source covers {table} of {id} from {}.", names(&parts)),
                )
            };
            out.push(judgement.about(id));
        }
    }
    or_empty(out, "none_in_scope", "No system was in scope and in service in the period.")
}

/// Rows of other sources' runs that a source lacks although it states to hold all, by source.
fn unheld(world: &World<'_>, index: usize, system: &str, within: Interval) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let stated = world.coverage.by_source("backup_runs", system);
    if stated.is_empty() {
        return out;
    }
    let in_time = |r: &&Run| r.placed_at().is_some_and(|t| t >= within.0 && t < within.1);
    let holds = |run: &Run, source: &str| {
        *world.runs.source(run.row) == *source || run.also.iter().any(|row| *world.runs.source(*row) == *source)
    };
    let runs: Vec<&Run> = world.runs.of_system(index).filter(|r| r.plan.is_some()).filter(in_time).collect();
    let mut sources: Vec<_> = runs.iter().map(|r| world.runs.source(r.row)).collect();
    sources.dedup();
    if sources.len() < 2 {
        return out;
    }
    for (source, intervals) in stated {
        let plans: std::collections::BTreeSet<_> = runs.iter().filter(|r| holds(r, source)).map(|r| r.plan).collect();
        for run in runs.iter().filter(|r| plans.contains(&r.plan) && !holds(r, source)) {
            if run.placed_at().is_some_and(|t| intervals.iter().any(|(a, b)| *a <= t && t < *b)) {
                out.entry(source.to_owned()).or_default().push(world.runs.row_id(run.row));
            }
        }
    }
    out
}

/// EVI-04: every source's raw evidence has digests, and who read it and when is known.
///
/// That the bytes still match is tested by `backproof verify`, and that they stay is the store's property: it only
/// grows. Here the provenance is judged, of every collection up to `as_of`.
pub fn traceable(world: &World<'_>) -> Vec<Judgement> {
    let mut out = Vec::new();
    for source in world.sources {
        let unit = format!("{}.{}", source.kind, source.source_id);
        let of: Vec<_> = world
            .tables
            .collections
            .iter()
            .filter(|c| c.kind == source.kind && c.source_id == source.source_id)
            .collect();
        let pages: usize = of.iter().map(|c| c.pages.len()).sum();
        let bare = of
            .iter()
            .flat_map(|c| &c.pages)
            .filter(|p| p.object.len() != 64 || !p.object.chars().all(|c| c.is_ascii_hexdigit()))
            .count();
        let nobody: Vec<String> = of
            .iter()
            .filter(|c| !c.pages.is_empty() && filled(c.identity.as_deref()).is_none())
            .map(|c| utc_text(c.collected_at))
            .collect();
        out.push(if !nobody.is_empty() {
            Judgement::fail(
                unit,
                "collector_unknown",
                format!("Who read it is not recorded for the collections of {}.", names(&nobody)),
            )
        } else if pages == 0 {
            let why = source.reason.as_deref().unwrap_or("nothing was there");
            Judgement::no_evidence(unit, "nothing_collected", format!("No object was ever collected from it ({why})."))
        } else if bare > 0 {
            Judgement::no_evidence(
                unit,
                "digest_missing",
                format!("{bare} of {pages} objects carry no SHA-256 from their collection."),
            )
        } else {
            Judgement::pass(
                unit,
                format!(
                    "{pages} objects of {} collections have a digest, a time and a collector; `backproof verify` compares the bytes.",
                    of.len()
                ),
            )
        });
    }
    if out.is_empty() {
        out.push(Judgement::no_evidence(
            ORGANIZATION,
            "no_source",
            "No source is configured and nothing was collected.",
        ));
    }
    out
}

/// EVI-05: an evidence index of the period exists and somebody of the role signed it.
///
/// The index is a document of the register whose title says "evidence index", owned by or approved as
/// `security_compliance`, and approved after the period began. Its holes are for people to read.
pub fn index(world: &World<'_>) -> Vec<Judgement> {
    let unit = ORGANIZATION;
    let Some(documents) = &world.registers.documents else { return vec![no_register(unit, "documents")] };
    let role = "security_compliance";
    let titled: Vec<_> = documents
        .iter()
        .filter(|d| d.kind != DocumentKind::Policy)
        .filter(|d| d.title.as_deref().is_some_and(|t| t.to_lowercase().contains("evidence index")))
        .collect();
    let of_role = |d: &&&model::registers::Recorded<model::registers::Document>| {
        d.owner_role.as_deref() == Some(role) || d.approved_role.as_deref() == Some(role)
    };
    let signed = titled.iter().filter(of_role).find_map(|d| {
        let at = d.approved_at.filter(|at| *at >= world.period.start() && *at <= world.as_of)?;
        Some((d.document_id.as_str(), at))
    });
    vec![match signed {
        Some((id, at)) => Judgement::pass(unit, format!("Evidence index {id} was signed on {}.", utc_text(at))),
        None if titled.is_empty() => Judgement::fail(
            unit,
            "index_missing",
            "The register documents holds no evidence index: sign a packet of this period as one, and register it.",
        ),
        None => Judgement::fail(
            unit,
            "index_not_signed",
            format!("No evidence index was approved by {role} since {}.", utc_text(world.period.start())),
        ),
    }]
}

#[cfg(test)]
mod tests;
