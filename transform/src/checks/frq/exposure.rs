//! FRQ-05: the data that would have been lost at each instant, as observed.

use model::inventory::System;
use model::time::{Instant, human, utc_text};

use super::super::common::{no_inventory, or_none_in_scope};
use super::super::notes::Notes;
use super::gaps::Mark;
use super::{covered_logs, relies_on_logs};
use crate::coverage::{Interval, holes, union};
use crate::judgement::Judgement;
use crate::world::World;

/// Observed exposure of one system over its in-service time of the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Largest exposure that is proven to have occurred, seconds, with the instant it was seen at.
    pub shown: Option<(i64, Instant)>,
    /// Largest exposure that the evidence can't rule out, seconds.
    pub bound: Option<i64>,
    /// Time within the objective, proven.
    pub proven: Vec<Interval>,
    /// In-service time.
    pub service: Interval,
    /// The newest rows it rests on, at most fifty.
    pub records: Vec<String>,
    /// Failures to ship a log that samples of that time tell of.
    pub archive_failures: u64,
}

impl Exposure {
    /// Proven share of the in-service time in seconds, and the whole.
    #[must_use]
    pub fn proven_seconds(&self) -> (i64, i64) {
        (
            self.proven.iter().map(|(a, b)| (*b - *a).num_seconds()).sum(),
            (self.service.1 - self.service.0).num_seconds(),
        )
    }
}

/// One thing known at an instant: from then on, data up to `newest` can be restored.
struct Known<'w> {
    at: Instant,
    newest: Instant,
    /// The data are as new as that. Of a copy of which only the end of its making is known they are that new at best:
    /// it can show what was lost, and not that no more was.
    sure: bool,
    /// A sample of the platform shows the newest point at that instant; a copy only adds one.
    sample: bool,
    mark: Mark<'w>,
}

/// Walks the in-service time and measures exposure against `rpo` seconds.
#[must_use]
pub fn observe(world: &World<'_>, index: usize, system: &System, rpo: i64) -> Option<Exposure> {
    let (start, end) = system.in_service(world.period.start(), world.until())?;
    let skew = world.defaults.skew_s;
    let mut known: Vec<Known<'_>> = Vec::new();
    for point in world.points_of(index).filter(|p| p.is_good() && p.holds_data(system.kind)) {
        if let (Some(newest), Some(at)) = (point.taken_at(), point.row.created_at.or(point.row.taken_at)) {
            let sure = point.row.taken_at.is_some();
            known.push(Known { at, newest, sure, sample: false, mark: Mark::Point(point) });
        }
    }
    for sample in world.pitr_of(index) {
        if let Some(latest) = sample.latest_restorable_at
            && (latest - sample.observed_at).num_seconds() <= skew
        {
            let newest = latest.min(sample.observed_at);
            known.push(Known { at: sample.observed_at, newest, sure: true, sample: true, mark: Mark::Sample(sample) });
        }
    }
    // Logs shipped without a pause: at no time in between was the newest point older than their longest gap.
    let mut shipped: Vec<Interval> = Vec::new();
    let mut longest: Option<i64> = None;
    for logs in world.segments_of(index) {
        let (Some(from), Some(to)) = (logs.restorable_from, logs.archived_at) else { continue };
        let gap = logs.largest_gap_s.unwrap_or(0);
        known.extend([from, to].map(|at| Known { at, newest: at, sure: true, sample: true, mark: Mark::Logs(logs) }));
        if gap <= rpo && from < end && to >= start {
            shipped.push((from.max(start), to.min(end)));
            longest = longest.max(Some(gap));
        }
    }
    let shipped = union(shipped);
    known.retain(|k| k.at <= world.as_of);
    known.sort_by_key(|k| (k.at, k.newest));

    let mut shown: Option<(i64, Instant)> = None;
    let mut bound: Option<i64> = longest;
    let mut proven = shipped.clone();
    // The newest point that can be, and that is proven to be, restorable.
    let mut newest: [Option<Instant>; 2] = [None, None];
    let mut at = start;
    let covered = ["recovery_points", "backup_runs"].map(|table| world.coverage.intervals(table, &system.system_id));
    // Where logs are shipped, a complete log of backups does not show that none was.
    let logs = relies_on_logs(world, index, system, start, end).then(|| covered_logs(world, system, start, end));
    let complete = |from: Instant, to: Instant| {
        covered.iter().any(|c| holes(c, from, to).is_empty())
            && logs.as_ref().is_none_or(|logs| holes(logs, from, to).is_empty())
    };
    let mut samples_seen = false;
    let step = |from: Instant,
                to: Instant,
                [newest, sure]: [Option<Instant>; 2],
                sampled: bool,
                shown: &mut Option<(i64, Instant)>,
                bound: &mut Option<i64>,
                proven: &mut Vec<Interval>| {
        if from >= to {
            return;
        }
        let Some(newest) = newest else {
            // Nothing at all to restore: the loss is at least the time since the system came into view.
            if !sampled && complete(start, to) {
                *shown = (*shown).max(Some(((to - start).num_seconds(), to)));
            }
            return;
        };
        for (from, to) in holes(&shipped, from, to) {
            let logged = shipped.iter().any(|(_, end)| *end == from).then_some(from);
            if let Some(sure) = sure.max(logged) {
                *bound = (*bound).max(Some((to - sure).num_seconds()));
                proven.push((from, (sure + chrono::Duration::seconds(rpo)).clamp(from, to)));
            }
            let newest = logged.map_or(newest, |logged| newest.max(logged));
            let worst = (to - newest).num_seconds();
            // Only where every copy is on record does the absence of a newer one prove the exposure; between two
            // samples of a continuous protection the newest point is simply not seen.
            if !sampled && complete(newest.max(start), to) && shown.is_none_or(|(s, _)| worst > s) {
                *shown = Some((worst, to));
            }
        }
    };
    for k in &known {
        if k.at >= start && k.at < end {
            step(at, k.at, newest, samples_seen, &mut shown, &mut bound, &mut proven);
            at = at.max(k.at);
            if k.sample {
                let lag = (k.at - k.newest).num_seconds();
                if shown.is_none_or(|(s, _)| lag > s) {
                    shown = Some((lag, k.at));
                }
            }
        }
        if k.at < end {
            samples_seen |= k.sample;
            let [possible, sure] = newest;
            newest = [possible.max(Some(k.newest)), if k.sure { sure.max(Some(k.newest)) } else { sure }];
        }
    }
    step(at, end, newest, samples_seen, &mut shown, &mut bound, &mut proven);
    let within = known.iter().rev().filter(|k| k.at >= start && k.at < end);
    let records = within.take(50).map(|k| k.mark.row_id(world.runs)).collect();
    let samples = world.pitr_of(index).filter(|s| s.observed_at >= start && s.observed_at < end);
    let archive_failures = samples.filter_map(|s| s.archive_failures).sum();
    Some(Exposure { shown, bound, proven: union(proven), service: (start, end), records, archive_failures })
}

/// FRQ-05.
pub fn exposure(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        let Some(objective) = world.objective(system, world.until()) else {
            out.push(
                Judgement::no_evidence(
                    unit,
                    "no_objective",
                    "No objective is in force: set systems.tier, or an objective of its own.",
                )
                .about(unit),
            );
            continue;
        };
        if !objective.rpo_applicable {
            let why = objective.rpo_reason.as_deref().unwrap_or("no reason is recorded");
            out.push(
                Judgement::not_applicable(unit, "rpo_not_applicable", format!("No point objective applies: {why}"))
                    .about(unit),
            );
            continue;
        }
        let Some(rpo) = objective.rpo_s else {
            out.push(Judgement::no_evidence(unit, "no_objective", "The objective states no rpo_s.").about(unit));
            continue;
        };
        let Some(seen) = observe(world, i, system, rpo) else { continue };
        let (proven, whole) = seen.proven_seconds();
        let open = holes(&seen.proven, seen.service.0, seen.service.1);
        let judgement = match seen.shown {
            Some((loss, at)) if loss > rpo => Judgement::fail(
                unit,
                "exposure_exceeds_rpo",
                format!(
                    "Up to {} of data would have been lost (at {}); {} are allowed.",
                    human(loss),
                    utc_text(at),
                    human(rpo)
                ),
            )
            .violated(at - chrono::Duration::seconds(loss - rpo), at),
            _ if open.is_empty() && whole > 0 => Judgement::pass(
                unit,
                format!(
                    "Exposure stayed within {} at every instant; at most {}.",
                    human(rpo),
                    human(seen.bound.unwrap_or(0))
                ),
            ),
            _ => {
                let share =
                    model::assessment::percent(u64::try_from(proven).unwrap_or(0), u64::try_from(whole).unwrap_or(0))
                        .unwrap_or_else(|| "0 %".to_owned());
                Judgement::no_evidence(
                    unit,
                    "not_proven",
                    format!(
                        "Within {} for {share} of the time in service; for the rest no restorable point is on record (pitr_status, log_segments, recovery_points).",
                        human(rpo)
                    ),
                )
            }
        };
        let mut notes = Notes::default();
        if seen.archive_failures > 0 {
            let text =
                format!("Shipping of logs failed {} times (pitr_status.archive_failures).", seen.archive_failures);
            notes.add("archive_failures", text);
        }
        out.push(notes.on(judgement.about(unit).rests_on(seen.records)));
    }
    or_none_in_scope(out)
}
