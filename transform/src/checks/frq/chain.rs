//! FRQ-06: the log chain from base to newest point is unbroken.

use std::collections::{BTreeMap, BTreeSet};

use model::inventory::Schedule;
use model::rows::{Component, Integrity, TestKind, TestResult};
use model::time::utc_text;

use crate::judgement::Judgement;
use crate::world::World;

/// FRQ-06.
pub fn chain(world: &World<'_>) -> Vec<Judgement> {
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        let relies = system.required_components.contains(&Component::LogContinuous)
            || world
                .plans_in_force(system, world.period.start(), world.until())
                .any(|(_, p)| p.component == Component::LogContinuous || p.schedule == Schedule::Continuous);
        if !relies {
            out.push(
                Judgement::not_applicable(unit, "no_log_reliance", "The system does not rely on continuous logs.")
                    .about(unit),
            );
            continue;
        }
        let segments: Vec<_> = world.segments_of(i).collect();
        if !segments.is_empty() {
            let mut have: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for s in &segments {
                have.entry(&s.timeline).or_default().insert(&s.segment);
            }
            // A predecessor that is absent is harmless only for the oldest segment of its timeline.
            let missing: Vec<String> = segments
                .iter()
                .filter(|s| have.get(s.timeline.as_str()).and_then(|all| all.first()) != Some(&s.segment.as_str()))
                .filter_map(|s| s.previous_segment.as_deref().map(|p| (s, p)))
                .filter(|(s, p)| !have.get(s.timeline.as_str()).is_some_and(|all| all.contains(p)))
                .map(|(_, p)| p.to_owned())
                .collect();
            out.push(
                match missing.first() {
                    None => {
                        Judgement::pass(unit, format!("{} segments follow one another without a hole.", segments.len()))
                    }
                    Some(first) => Judgement::fail(
                        unit,
                        "segment_missing",
                        format!("{} segments are missing, the first is {first}.", missing.len()),
                    ),
                }
                .about(unit),
            );
            continue;
        }
        let range = world
            .pitr_of(i)
            .filter(|s| s.observed_at < world.until())
            .filter_map(|s| s.earliest_restorable_at.zip(s.latest_restorable_at))
            .next_back();
        let tested = world.tests_of(i).find(|t| {
            t.row.kind == Some(TestKind::PointInTime)
                && t.row.result == TestResult::Success
                && t.row.integrity_result != Some(Integrity::Fail)
                && t.row.ended_at.is_some_and(|e| world.period.contains(e))
        });
        out.push(
            match (range, tested) {
                (Some((from, to)), Some(test)) => Judgement::pass(
                    unit,
                    format!("The platform states {} to {} as restorable, and test {} restored to a point in time.", utc_text(from), utc_text(to), test.row.test_id),
                )
                .rests_on([test.row_id.clone()]),
                (Some(_), None) => Judgement::no_evidence(
                    unit,
                    "range_not_tested",
                    "The platform states a restorable range, but no successful point-in-time restore in the period proves it (restore_tests).",
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
    out
}
