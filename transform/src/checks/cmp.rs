//! CMP: completeness.

mod components;

pub use components::components;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use model::rows::{Component, Integrity, RunStatus};
use model::time::utc_text;

use super::common::{no_inventory, or_none_in_scope};
use crate::judgement::Judgement;
use crate::runs::Run;
use crate::world::World;

/// Successes that a size is compared with, at most and at least.
const COMPARED: usize = 10;
const COMPARED_LEAST: usize = 3;

/// Runs whose sizes are compared: those of a plan (or else a resource) and component.
type Series<'a> = (Option<usize>, Option<Component>, Option<&'a str>);

/// CMP-02: successful runs are plausible in size and content.
///
/// An implausible run has a result of its own (the unit is its row id). All others of a system share one, with the
/// system as unit and numbers in the detail, because logs of millions of runs exist. Sizes of increments and logs
/// vary by nature: of them only zero is implausible. With fewer than three earlier successes only zero is tested.
/// A drop that an incident of the register explains (it names the run and a cause) passes, and the comparison starts
/// anew there.
pub fn plausible(world: &World<'_>) -> Vec<Judgement> {
    sizes(world).to_vec()
}

/// The same, for others that build on it.
pub fn sizes<'s>(world: &'s World<'_>) -> &'s [Judgement] {
    world.shared.plausible.get_or_init(|| judged_sizes(world))
}

fn judged_sizes(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let alarm = world.policy.ratio("size_drop_alarm");
    let damaged: BTreeSet<usize> =
        world.points.iter().filter(|p| p.row.integrity_result == Some(Integrity::Fail)).filter_map(|p| p.run).collect();
    // A listing may know the size that the run itself does not tell.
    let unsized_run = |at: usize| world.runs.list.get(at).is_some_and(|r| r.bytes.is_none());
    let sizes: BTreeMap<usize, u64> =
        world.points.iter().filter_map(|p| Some((p.run.filter(|at| unsized_run(*at))?, p.row.bytes?))).collect();
    let explained: BTreeSet<&str> = world
        .incidents
        .unwrap_or_default()
        .iter()
        .filter(|i| i.root_cause.is_some())
        .flat_map(|i| i.run_ids.iter().map(String::as_str))
        .collect();
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let id = system.system_id.as_str();
        let Some((from, to)) = system.in_service(world.period.start(), world.until()) else { continue };
        let mut earlier: BTreeMap<Series<'_>, VecDeque<u64>> = BTreeMap::new();
        let (mut good, mut few, mut silent, mut found) = (0_u64, 0_u64, 0_u64, 0_u64);
        let mut records = Vec::new();
        for run in world.runs.of_system(i).filter(|r| r.status == RunStatus::Success) {
            let bytes = run.bytes.or_else(|| sizes.get(&run.row).copied());
            let within = run.placed_at().is_some_and(|t| t >= from && t < to);
            let resource = match run.plan {
                Some(_) => None,
                None => world.runs.resource(run.row),
            };
            let history = earlier.entry((run.plan, run.component, resource)).or_default();
            let known = !explained.is_empty() && explained.contains(world.runs.run_id(run.row));
            let verdict = judge(run, bytes, damaged.contains(&run.row), history, alarm);
            if known {
                history.clear();
            }
            if let Some(bytes) = bytes.filter(|b| *b > 0) {
                history.push_back(bytes);
                if history.len() > COMPARED {
                    history.pop_front();
                }
            }
            if !within {
                continue;
            }
            match verdict {
                Verdict::Plausible => good += 1,
                Verdict::Implausible("size_drop", _) if known => good += 1,
                Verdict::FewEarlier => few += 1,
                Verdict::Silent => {
                    silent += 1;
                    if records.len() < 50 {
                        records.push(world.runs.row_id(run.row));
                    }
                }
                Verdict::Implausible(reason, detail) => {
                    found += 1;
                    let row = world.runs.row_id(run.row);
                    let at = run.placed_at().unwrap_or(from);
                    out.push(
                        Judgement::fail(row.as_str(), reason, detail)
                            .violated(at, at + chrono::Duration::seconds(1))
                            .rests_on([row.clone()])
                            .about(id),
                    );
                }
            }
        }
        let j = if silent > 0 {
            Judgement::no_evidence(
                id,
                "size_not_reported",
                format!("Of {silent} successful runs the size is not reported (backup_runs.bytes); {} others are plausible.", good + few),
            )
            .rests_on(records)
        } else if good + few > 0 {
            let note = if few > 0 {
                format!(
                    " For {few} of them fewer than {COMPARED_LEAST} earlier ones exist to compare with: only zero was tested."
                )
            } else {
                String::new()
            };
            Judgement::pass(id, format!("{} successful runs are plausible in size.{note}", good + few))
        } else if found > 0 {
            continue;
        } else if world.coverage.covers("backup_runs", id, from, to) {
            Judgement::not_applicable(id, "no_success", "Complete records show no successful run in the period.")
        } else {
            Judgement::no_evidence(
                id,
                "no_success",
                "No successful run is on record, and no complete source (backup_runs) shows that there was none.",
            )
        };
        out.push(j.about(id));
    }
    or_none_in_scope(out)
}

enum Verdict {
    Plausible,
    /// Above zero, and too few to compare with.
    FewEarlier,
    /// No size.
    Silent,
    Implausible(&'static str, String),
}

fn judge(run: &Run, bytes: Option<u64>, damaged: bool, earlier: &VecDeque<u64>, alarm: f64) -> Verdict {
    let when = || run.placed_at().map_or_else(String::new, |t| format!(" of {}", utc_text(t)));
    if damaged {
        return Verdict::Implausible(
            "integrity_failed",
            format!("What the run{} made failed its integrity check.", when()),
        );
    }
    let Some(bytes) = bytes else {
        return if run.unchanged { Verdict::Plausible } else { Verdict::Silent };
    };
    if bytes == 0 {
        return if run.unchanged {
            Verdict::Plausible
        } else {
            Verdict::Implausible("zero_size", format!("The run{} succeeded and captured nothing (0 bytes).", when()))
        };
    }
    if matches!(run.component, Some(Component::Incremental | Component::LogContinuous)) {
        return Verdict::Plausible;
    }
    if earlier.len() < COMPARED_LEAST {
        return Verdict::FewEarlier;
    }
    let mut sorted: Vec<u64> = earlier.iter().copied().collect();
    sorted.sort_unstable();
    let half = sorted.len() / 2;
    let at = |i: usize| sorted.get(i).copied().unwrap_or(0) as f64;
    let median = if sorted.len() % 2 == 1 { at(half) } else { f64::midpoint(at(half.saturating_sub(1)), at(half)) };
    if (bytes as f64) < (1.0 - alarm) * median {
        Verdict::Implausible(
            "size_drop",
            format!(
                "The run{} captured {bytes} bytes; the median of the {} before is {median:.0}. Record the reason in an incident, or treat it as loss.",
                when(),
                sorted.len()
            ),
        )
    } else {
        Verdict::Plausible
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
