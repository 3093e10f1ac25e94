//! EVI-02: timestamps are sound.

use std::collections::BTreeMap;

use chrono::Duration;
use model::evidence::SourceStatus;
use model::time::{Instant, human, utc_text};

use super::super::common::ORGANIZATION;
use crate::judgement::Judgement;
use crate::world::World;

/// Rows of one source.
#[derive(Default)]
struct Source {
    /// Rows of the period with a time.
    timed: u64,
    /// Row and what is impossible about it.
    impossible: Vec<(String, String)>,
}

/// EVI-02, over the records that touch the period or lie in the future.
///
/// Collectors that ask a service measure its clock against that of the collecting machine (`Date` of its answers). No time
/// is corrected by that: it does not tell which of the two is wrong, nor whether the clock that answers wrote the records.
/// Where nobody measured, a source without an impossible time is no evidence and never a pass. Times of one record come from one clock and must be in order; those of a point and of what made it may come
/// from two, and get `clock_skew_tolerance`.
pub fn times(world: &World<'_>) -> Vec<Judgement> {
    let skew = Duration::seconds(world.seconds("clock_skew_tolerance"));
    let latest = world.as_of + skew;
    let mut sources: BTreeMap<String, Source> =
        world.sources.iter().map(|s| (format!("{}.{}", s.kind, s.source_id), Source::default())).collect();
    let mut note = |source: &str,
                    times: &[(&str, Option<Instant>)],
                    row: &dyn Fn() -> String,
                    order: Option<String>| {
        let known: Vec<Instant> = times.iter().filter_map(|(_, t)| *t).collect();
        let (Some(first), Some(last)) = (known.iter().min(), known.iter().max()) else { return };
        if *last < world.period.start() || (*first >= world.period.end() && *last <= latest) {
            return;
        }
        let of = sources.entry(source.to_owned()).or_default();
        of.timed += 1;
        let future = times.iter().find(|(_, t)| t.is_some_and(|t| t > latest));
        let what = order.or_else(|| {
            let (name, at) = future?;
            let at = (*at)?;
            Some(format!("{name} {} lies after {}, up to when evidence was read", utc_text(at), utc_text(world.as_of)))
        });
        if let Some(what) = what {
            of.impossible.push((row(), what));
        }
    };
    for run in world.runs.list.iter().filter(|r| !r.zone_unknown) {
        let times = [("started_at", run.started_at), ("ended_at", run.ended_at), ("taken_at", run.taken_at)];
        let order = before("ended_at", run.ended_at, "started_at", run.started_at, Duration::zero());
        note(world.runs.source(run.row), &times, &|| world.runs.row_id(run.row), order);
    }
    for point in world.points.iter().filter(|p| !p.row.zone_unknown && p.last_seen_at.is_some()) {
        let row = &point.row;
        let times = [("taken_at", row.taken_at), ("created_at", row.created_at), ("deleted_at", row.deleted_at)];
        let order = before("created_at", row.created_at, "taken_at", row.taken_at, skew)
            .or_else(|| before("deleted_at", row.deleted_at, "created_at", row.created_at, skew));
        let Some(lineage) = point.lineage(world.runs) else { continue };
        let source = format!("{}.{}", lineage.kind, lineage.source_id);
        note(&source, &times, &|| point.row_id(world.runs), order);
    }
    for sample in world.pitr.values().flatten() {
        let (seen, latest) = (Some(sample.observed_at), sample.latest_restorable_at);
        let times = [("observed_at", seen), ("latest_restorable_at", latest)];
        let order = before("observed_at", seen, "latest_restorable_at", latest, skew);
        let source = format!("{}.{}", sample.origin.kind, sample.origin.source_id);
        let row = || format!("pitr/{}/{}", sample.origin.source_id, utc_text(sample.observed_at));
        note(&source, &times, &row, order);
    }
    for test in world.tests.unwrap_or_default().iter().filter(|t| !t.row.zone_unknown) {
        let row = &test.row;
        let times = [("started_at", row.started_at), ("ended_at", row.ended_at)];
        let order = before("ended_at", row.ended_at, "started_at", row.started_at, Duration::zero());
        let source = format!("{}.{}", row.origin.kind, row.origin.source_id);
        note(&source, &times, &|| test.row_id.clone(), order);
    }
    let tolerance = human(world.seconds("clock_skew_tolerance"));
    // The last measurement holds: collections stand in the order of their runs.
    let offsets: BTreeMap<String, i64> = (world.tables.collections.iter())
        .filter_map(|c| Some((format!("{}.{}", c.kind, c.source_id), c.clock_offset_ms?)))
        .collect();
    let unread: BTreeMap<String, Option<&str>> = (world.sources.iter())
        .filter(|s| s.status != SourceStatus::Complete)
        .map(|s| (format!("{}.{}", s.kind, s.source_id), s.reason.as_deref()))
        .collect();
    let mut out: Vec<Judgement> = sources
        .into_iter()
        .map(|(unit, source)| match (source.impossible.first(), offsets.get(&unit)) {
            (Some((row, what)), _) => Judgement::fail(
                unit,
                "impossible_time",
                format!("{} of {} records have impossible times; {row}: {what}.", source.impossible.len(), source.timed),
            )
            .rests_on(source.impossible.iter().map(|(row, _)| row.clone())),
            (None, _) if source.timed == 0 && unread.contains_key(&unit) => {
                let why = unread.get(&unit).copied().flatten().unwrap_or("no reason is recorded");
                let text = format!("It could not be read whole ({why}), and what was read gave no time in the period.");
                Judgement::no_evidence(unit, "source_incomplete", text)
            }
            (None, _) if source.timed == 0 => {
                Judgement::not_applicable(unit, "no_times", "It gave no record with a time in the period.")
            }
            (None, Some(offset)) => {
                let told = format!("The server's clock differs by {} ms from that of the collecting machine; {tolerance} are allowed.", offset);
                match offset.unsigned_abs() > skew.num_milliseconds().unsigned_abs() {
                    true => Judgement::fail(unit, "clock_offset", told),
                    false => Judgement::pass(unit, format!("{told} The order of times in {} records is sound.", source.timed)),
                }
            }
            (None, None) => Judgement::no_evidence(
                unit,
                "clock_unknown",
                format!(
                    "The order of times in {} records is sound, but the offset of its clock was never measured (sources.clock_offset_s): comparisons within {tolerance} of a limit prove nothing.",
                    source.timed
                ),
            ),
        })
        .collect();
    if out.is_empty() {
        out.push(Judgement::no_evidence(
            ORGANIZATION,
            "no_source",
            "No source is configured and nothing was collected.",
        ));
    }
    out
}

/// What is wrong where `later` lies before `earlier` by more than `slack`.
fn before(later: &str, at: Option<Instant>, earlier: &str, than: Option<Instant>, slack: Duration) -> Option<String> {
    let (at, than) = (at?, than?);
    (at + slack < than).then(|| format!("{later} {} lies before {earlier} {}", utc_text(at), utc_text(than)))
}
