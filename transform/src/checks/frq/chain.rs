//! FRQ-06: the log chain from base to newest point is unbroken.

use std::collections::BTreeMap;

use model::rows::{Component, Integrity, LogSegment, TestKind, TestResult};
use model::time::{Instant, utc_text};

use super::super::common::{no_inventory, or_none_in_scope};
use super::is_of_logs;
use crate::judgement::Judgement;
use crate::world::World;

/// FRQ-06.
///
/// Segments older than the oldest base that is kept have no rows (the readers of archives leave them out), so that a hole
/// among them is none. A platform that shows no segments is believed its restorable range where a restore of the period
/// to a moment inside of it succeeded.
pub fn chain(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        let relies = system.required_components.contains(&Component::LogContinuous)
            || world.plans_in_force(system, world.period.start(), world.until()).any(|(_, p)| is_of_logs(p));
        if !relies {
            out.push(
                Judgement::not_applicable(unit, "no_log_reliance", "The system does not rely on continuous logs.")
                    .about(unit),
            );
            continue;
        }
        let listings = listings(world, i);
        if !listings.is_empty() {
            // A hole that several listings show is one.
            let broken: Vec<Vec<Hole<'_>>> = listings.iter().map(|rows| holes(rows)).collect();
            let worst = broken.iter().max_by_key(|holes| lost(holes)).filter(|holes| !holes.is_empty());
            let judgement = match worst.and_then(|holes| holes.first().map(|first| (lost(holes), first))) {
                None => {
                    let most = listings.iter().map(|rows| rows.iter().map(|s| s.segments.unwrap_or(1)).sum::<u64>());
                    let most = most.max().unwrap_or(0);
                    Judgement::pass(unit, format!("{most} segments follow one another without a hole."))
                }
                Some((lost, first)) => Judgement::fail(
                    unit,
                    "segment_missing",
                    format!(
                        "{lost} segments are missing; the first hole ends with {}, before {}.{}",
                        first.after.previous_segment.as_deref().unwrap_or("an unknown one"),
                        first.after.segment,
                        first.loss_window()
                    ),
                ),
            };
            out.push(judgement.about(unit));
            continue;
        }
        let ranges: Vec<(Instant, Instant)> = world
            .pitr_of(i)
            .filter(|s| s.observed_at < world.until())
            .filter_map(|s| s.earliest_restorable_at.zip(s.latest_restorable_at))
            .collect();
        let inside = |at: Instant| ranges.iter().any(|(from, to)| *from <= at && at <= *to);
        let tested = world.tests_of(i).find(|t| {
            t.row.kind == Some(TestKind::PointInTime)
                && t.row.result == TestResult::Success
                && t.row.integrity_result != Some(Integrity::Fail)
                && t.row.ended_at.is_some_and(|e| world.period.contains(e))
                && t.row.recovered_to_at.is_some_and(inside)
        });
        out.push(
            match (ranges.last(), tested) {
                (Some((from, to)), Some(test)) => Judgement::pass(
                    unit,
                    format!("The platform states {} to {} as restorable, and test {} restored to a point in time.", utc_text(*from), utc_text(*to), test.row.test_id),
                )
                .rests_on([test.row_id.clone()]),
                (Some(_), None) => Judgement::no_evidence(
                    unit,
                    "range_not_tested",
                    "The platform states a restorable range, but no successful point-in-time restore in the period to a moment inside of it proves it (restore_tests.recovered_to_at).",
                ),
                (None, _) => Judgement::no_evidence(
                    unit,
                    "no_chain_evidence",
                    "Neither shipped logs (log_segments) nor a restorable range (pitr_status) is on record.",
                ),
            }
            .about(unit),
        );
    }
    or_none_in_scope(out)
}

/// The listings of each archive that tell of the period: those taken in it; without one the last before it, else the
/// first after it. Rows that no listing dates belong together.
fn listings<'w>(world: &World<'w>, system: usize) -> Vec<Vec<&'w LogSegment>> {
    type Dated<'w> = BTreeMap<Option<Instant>, Vec<&'w LogSegment>>;
    let mut archives: BTreeMap<(String, Option<&str>), Dated<'_>> = BTreeMap::new();
    for row in world.segments_of(system) {
        let archive = (format!("{}.{}", row.origin.kind, row.origin.source_id), row.resource.as_deref());
        archives.entry(archive).or_default().entry(row.listed_at).or_default().push(row);
    }
    let (start, until) = (world.period.start(), world.until());
    let mut out = Vec::new();
    for mut dated in archives.into_values() {
        out.extend(dated.remove(&None));
        let inside: Vec<Option<Instant>> = dated.range(Some(start)..Some(until)).map(|(at, _)| *at).collect();
        let near = || dated.range(..Some(start)).next_back().or_else(|| dated.range(Some(until)..).next());
        let told = if inside.is_empty() { near().map(|(at, _)| *at).into_iter().collect() } else { inside };
        out.extend(told.iter().filter_map(|at| dated.remove(at)));
    }
    out
}

/// A hole in the logs.
struct Hole<'w> {
    /// The newest log before it.
    before: Option<&'w LogSegment>,
    /// The log whose predecessor is missing.
    after: &'w LogSegment,
}

impl Hole<'_> {
    /// What of time it loses, as a sentence with a space before it; empty where the logs have no times. A base taken after
    /// it starts a new chain.
    fn loss_window(&self) -> String {
        let Some(from) = self.before.and_then(|logs| logs.archived_at) else { return String::new() };
        match self.after.restorable_from {
            Some(to) => {
                format!(" Lost is {} to {}; a base starts a new chain then.", utc_text(from), utc_text(to))
            }
            None => format!(" Lost is what came after {}, until a new base is taken.", utc_text(from)),
        }
    }
}

/// Rows whose expected predecessor is not there. The oldest of a timeline needs none on the same timeline.
fn holes<'w>(rows: &[&'w LogSegment]) -> Vec<Hole<'w>> {
    let mut sorted: Vec<&LogSegment> = rows.to_vec();
    sorted.sort_by(|a, b| (&a.segment, a.last()).cmp(&(&b.segment, b.last())));
    let mut oldest: BTreeMap<&str, &str> = BTreeMap::new();
    for row in &sorted {
        oldest.entry(&row.timeline).or_insert(&row.segment);
    }
    // The row of those up to each one that reaches furthest.
    let mut reach: Vec<&LogSegment> = Vec::with_capacity(sorted.len());
    for row in &sorted {
        reach.push(reach.last().copied().filter(|other| other.last() > row.last()).unwrap_or(row));
    }
    let upto = |rows: usize| rows.checked_sub(1).and_then(|at| reach.get(at)).copied();
    let there = |name: &str| {
        upto(sorted.partition_point(|r| r.segment.as_str() <= name)).is_some_and(|furthest| furthest.last() >= name)
    };
    let ancestors = |row: &LogSegment, name: &str| name.get(..8) != row.segment.get(..8);
    let is_hole = |row: &LogSegment| {
        let Some(before) = row.previous_segment.as_deref() else { return false };
        let exempt = oldest.get(row.timeline.as_str()) == Some(&row.segment.as_str()) && !ancestors(row, before);
        !there(before) && (!exempt || row.lost_before.is_some_and(|n| n > 0))
    };
    let broken = sorted.iter().copied().filter(|row| is_hole(row));
    broken.map(|after| Hole { before: upto(sorted.partition_point(|r| r.segment < after.segment)), after }).collect()
}

fn lost(holes: &[Hole<'_>]) -> u64 {
    holes.iter().map(|hole| hole.after.lost_before.unwrap_or(1)).sum()
}
