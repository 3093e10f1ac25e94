//! EVI: quality of the evidence itself.

mod records;
mod times;

pub use records::contradictions;
pub use times::times;

use std::collections::{BTreeMap, BTreeSet};

use model::evidence::Problem;
use model::registers::{DocumentKind, Review, ReviewKind};
use model::time::utc_text;

use super::common::{ORGANIZATION, filled, names, no_inventory, no_register, or_none_in_scope};
use super::{frq, rst};
use crate::coverage::{Interval, holes};
use crate::judgement::Judgement;
use crate::runs::Run;
use crate::world::{Test, World};

/// EVI-01: evidence covers the whole time in service, for each table of things that happened and each system of which a
/// check needs it: runs, recovery points and restore tests of every system in scope, and shipped logs (or samples of what
/// they could restore, which serve as well) of one that relies on them. The unit is `<table>:<system>`.
///
/// Tables of things that are (assets, plans and settings as read) have no interval: each check judges the reading that it
/// uses. A register is whole where it is given, and each check that needs one says where it is not.
///
/// A source that states to hold everything is contradicted by what another source shows and it lacks: a run of one of the
/// plans of which it has runs; a restore test that somebody recorded.
pub fn covered(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let id = system.system_id.as_str();
        let Some((from, to)) = system.in_service(world.period.start(), world.until()) else { continue };
        let mut judge = |table: &str, covered: &[Interval], unheld: Unheld| {
            out.push(cover(world, (table, id), (from, to), covered, unheld).about(id));
        };
        for table in ["backup_runs", "recovery_points"] {
            let unheld = if table == "backup_runs" { unheld_runs(world, i, id, (from, to)) } else { Unheld::new() };
            judge(table, &world.coverage.intervals(table, id), unheld);
        }
        judge("restore_tests", &rst::reported(world, id), unheld_tests(world, i, id, (from, to)));
        if frq::relies_on_logs(world, i, system, from, to) {
            judge("log_segments", &frq::covered_logs(world, system, from, to), Unheld::new());
        }
    }
    or_none_in_scope(out)
}

/// Rows that a source lacks although it states to hold all, by source.
type Unheld = BTreeMap<String, Vec<String>>;

/// EVI-01 of one table and system, of which complete sources cover `covered`.
fn cover(
    world: &World<'_>,
    (table, id): (&str, &str),
    (from, to): Interval,
    covered: &[Interval],
    unheld: Unheld,
) -> Judgement {
    let unit = format!("{table}:{id}");
    if let Some((source, rows)) = unheld.into_iter().next() {
        let text = format!(
            "{source} states that it holds every row of {table} of {id}, and {} that another source shows are not in it.",
            rows.len()
        );
        return Judgement::fail(unit, "source_not_complete", text).rests_on(rows);
    }
    let open = holes(covered, from, to);
    if open.is_empty() {
        let sources = world.coverage.sources(table, id);
        let by = if sources.is_empty() { String::new() } else { format!(" by {}", names(&sources)) };
        return Judgement::pass(unit, format!("Covered from {} to {}{by}.", utc_text(from), utc_text(to)));
    }
    let parts: Vec<String> = open.iter().map(|(a, b)| format!("{} to {}", utc_text(*a), utc_text(*b))).collect();
    let text = format!("No complete source covers {table} of {id} from {}.", names(&parts));
    Judgement::no_evidence(unit, "not_covered", text)
}

/// Restore tests that somebody recorded and that reports lack which state to hold all.
fn unheld_tests(world: &World<'_>, index: usize, system: &str, within: Interval) -> Unheld {
    let mut out = Unheld::new();
    let source = |t: &Test| format!("{}.{}", t.row.origin.kind, t.row.origin.source_id);
    let stated = world.coverage.by_source("restore_tests", system);
    for (holder, intervals) in stated.into_iter().filter(|(s, _)| s.starts_with(rst::REPORTS)) {
        let held: BTreeSet<&str> =
            world.tests_of(index).filter(|t| source(t) == holder).map(|t| t.row.test_id.as_str()).collect();
        for test in world.tests_of(index).filter(|t| !t.row.from_log && !held.contains(t.row.test_id.as_str())) {
            let at = test.row.ended_at.filter(|at| within.0 <= *at && *at < within.1);
            if at.is_some_and(|at| intervals.iter().any(|(a, b)| *a <= at && at < *b)) {
                out.entry(holder.to_owned()).or_default().push(test.row_id.clone());
            }
        }
    }
    out
}

/// Rows of other sources' runs that a source lacks although it states to hold all.
fn unheld_runs(world: &World<'_>, index: usize, system: &str, within: Interval) -> Unheld {
    let mut out = Unheld::new();
    let stated = world.coverage.by_source("backup_runs", system);
    if stated.is_empty() {
        return out;
    }
    let in_time = |r: &&Run| r.placed_at().is_some_and(|t| t >= within.0 && t < within.1);
    let holds = |run: &Run, source: &str| {
        *world.runs.source(run.row) == *source || run.also.iter().any(|row| *world.runs.source(*row) == *source)
    };
    let runs: Vec<&Run> =
        world.runs.of_system(index).filter(|r| r.plan.is_some() && !r.inferred).filter(in_time).collect();
    let mut sources: Vec<_> = runs.iter().map(|r| world.runs.source(r.row)).collect();
    sources.dedup();
    if sources.len() < 2 {
        return out;
    }
    for (source, intervals) in stated {
        let plans: BTreeSet<_> = runs.iter().filter(|r| holds(r, source)).map(|r| r.plan).collect();
        for run in runs.iter().filter(|r| plans.contains(&r.plan) && !holds(r, source)) {
            if run.placed_at().is_some_and(|t| intervals.iter().any(|(a, b)| *a <= t && t < *b)) {
                out.entry(source.to_owned()).or_default().push(world.runs.row_id(run.row));
            }
        }
    }
    out
}

/// EVI-04: every source's raw evidence has digests that still match, and who read it and when is known.
///
/// Bytes are compared as the tables are made from them, so of every collection up to `as_of`; that nothing else in the store
/// changed is tested by `backproof verify`.
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
        let changed: Vec<&Problem> =
            world.tables.changed.iter().filter(|(source, _)| *source == unit).map(|(_, problem)| problem).collect();
        out.push(if let Some(first) = changed.first() {
            Judgement::fail(
                unit,
                "digest_differs",
                format!("{} of {pages} objects are not as they were kept; the first: {first}.", changed.len()),
            )
        } else if !nobody.is_empty() {
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
                    "{pages} objects of {} collections have a digest that still matches, a time and a collector.",
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
/// `security_compliance`, and approved after the period began. Its holes are for people to read. Without one there is
/// nothing to hand over where the register of reviews shows that no audit looks at the period: none that was held in it,
/// none of a part of it, and none that is still to come.
pub fn index(world: &World<'_>) -> Vec<Judgement> {
    let unit = ORGANIZATION;
    let no_audit =
        world.registers.reviews.as_ref().is_some_and(|reviews| !reviews.iter().any(|r| is_audit_of(world, r)));
    let unaudited = || {
        let text = "The register reviews shows no audit of the period, held or planned.";
        vec![Judgement::not_applicable(unit, "no_audit", text)]
    };
    let Some(documents) = &world.registers.documents else {
        return if no_audit { unaudited() } else { vec![no_register(unit, "documents")] };
    };
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
    if signed.is_none() && no_audit {
        return unaudited();
    }
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

/// True for an audit that was held in the period, is of a part of it, or is planned.
fn is_audit_of(world: &World<'_>, review: &Review) -> bool {
    let overlaps = review
        .period_start
        .zip(review.period_end)
        .is_some_and(|(from, to)| from < world.period.end() && to > world.period.start());
    let held = review.performed_at;
    review.kind == ReviewKind::InternalAudit && (overlaps || world.period.contains(held) || held > world.as_of)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
