//! `wal-verify` and `wal-show`: which segments are there.
//!
//! `wal-verify` knows where the server is and says of each missing segment whether it is lost; `wal-show` lists what is
//! missing between the first and the last segment of each timeline, so that one on its way looks lost there: the newest
//! few are judged as everywhere else (see [`crate::wal::continuity`]).

use std::collections::BTreeMap;

use model::rows::{Integrity, IntegrityCheck, LogSegment, Row, RunStatus};
use model::time::{instant, utc_text};
use serde_json::{Map, Value};

use super::json::entry;
use super::{Found, Source};
use crate::wal::archive::Spot;
use crate::wal::base::BaseBackup;
use crate::wal::history::Ancestor;
use crate::wal::layout::{Holdings, Listing};
use crate::wal::recognise::Family;
use crate::wal::segment::{ArchiveFile, Lsn, RawSegment, SegmentSize};
use crate::wal::sentinel::{base_name, facts};
use crate::{Sink, problem};

/// Most segments that the timelines of one `wal-show` may have.
const SHOWN: u64 = 5_000_000;

/// One line of `wal-verify`'s integrity check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sequence {
    pub timeline: u64,
    pub first: String,
    pub last: String,
    pub count: u64,
    pub state: String,
}

/// Reads `wal-verify … --json`.
pub(super) fn verify(
    found: &mut Found<'_>,
    source: Source<'_>,
    object: &Map<String, Value>,
    line: Option<u64>,
    sink: &mut dyn Sink,
) {
    let text = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut states = Vec::new();
    let mut sequences = None;
    for check in ["integrity", "timeline"] {
        let Some(value) = object.get(check) else { continue };
        let state = text(value, "status").unwrap_or_default();
        states.push((check.to_owned(), state));
        if check != "integrity" {
            continue;
        }
        let mut all = Vec::new();
        for (n, detail) in value.get("details").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let number = |key: &str| detail.get(key).and_then(Value::as_u64);
            let read = || {
                Some(Sequence {
                    timeline: number("timeline_id")?,
                    first: text(detail, "start_segment")?,
                    last: text(detail, "end_segment")?,
                    count: number("segments_count")?,
                    state: text(detail, "status")?,
                })
            };
            match read() {
                Some(sequence) => all.push(sequence),
                None => {
                    let place = entry(line, &format!("/integrity/details/{n}"));
                    let message = "not a sequence of segments; run wal-verify again";
                    sink.problem(problem(source.document, Some(place), message));
                }
            }
        }
        sequences = Some(all);
    }
    verified(found, source, &states, sequences, line, sink);
}

/// Rows of a `wal-verify`.
pub(super) fn verified(
    found: &Found<'_>,
    source: Source<'_>,
    states: &[(String, String)],
    sequences: Option<Vec<Sequence>>,
    line: Option<u64>,
    sink: &mut dyn Sink,
) {
    let (document, at) = (source.document, found.at(source));
    let resource = format!("wal-g:{}", found.place(source));
    let rank = |state: &str| match state {
        "OK" => (0, RunStatus::Success),
        "WARNING" => (1, RunStatus::Partial),
        "FAILURE" => (3, RunStatus::Failed),
        _ => (2, RunStatus::Unknown),
    };
    let worst = states.iter().map(|(_, s)| rank(s)).max_by_key(|(rank, _)| *rank).map(|(_, status)| status);
    let parts: Vec<String> = states.iter().map(|(check, state)| format!("{check} {state}")).collect();
    let missing = |s: &Sequence| format!("{} {}: {} to {}", s.count, s.state, s.first, s.last);
    let holes = sequences.iter().flatten().filter(|s| s.state != "FOUND").take(20).map(missing);
    let detail: Vec<String> = parts.iter().cloned().chain(holes).collect();
    let record = found.record(source);
    sink.row(Row::IntegrityCheck(IntegrityCheck {
        check_id: format!("wal-verify {resource} {}", utc_text(at)),
        resource: resource.clone(),
        recovery_point_ids: Vec::new(),
        started_at: record.and_then(|r| r.started_at).or(Some(at)),
        ended_at: Some(at),
        status: worst.unwrap_or(RunStatus::Unknown),
        // Names are compared, no data are read.
        result: Integrity::NotChecked,
        status_raw: parts.join(", "),
        status_detail: Some(detail.join("; ")),
        origin: found.told.batch.origin(document, format!("wal-verify:{resource}:{}", utc_text(at)), entry(line, "")),
    }));
    let mut before: Option<Sequence> = None;
    let mut lost: Option<(u64, String)> = None;
    for (n, sequence) in sequences.unwrap_or_default().into_iter().enumerate() {
        match sequence.state.as_str() {
            "FOUND" => {
                let pointer = entry(line, &format!("/integrity/details/{n}"));
                let id = format!("log:{resource}:{}:{}", sequence.first, utc_text(at));
                let origin = found.told.batch.origin(document, id, pointer);
                let mut row = LogSegment::new(origin, format!("{:08X}", sequence.timeline), &sequence.first);
                row.resource = Some(resource.clone());
                row.last_segment = Some(sequence.last.clone());
                row.segments = Some(sequence.count);
                row.lost_before = Some(lost.as_ref().map_or(0, |(count, _)| *count));
                row.previous_segment = lost.take().map(|(_, last)| last).or_else(|| before.map(|s| s.last));
                row.listed_at = Some(at);
                sink.row(Row::LogSegment(row));
                before = Some(sequence);
            }
            "MISSING_LOST" => {
                let earlier = lost.map_or(0, |(count, _)| count);
                lost = Some((earlier + sequence.count, sequence.last));
            }
            // On its way: what comes behind it is no part of the chain yet.
            _ => break,
        }
    }
}

/// One timeline of `wal-show`.
struct Timeline {
    id: u32,
    parent: Option<(u32, Lsn)>,
    first: RawSegment,
    last: RawSegment,
    /// Number of segments from first to last.
    range: u64,
    missing: Vec<RawSegment>,
}

/// Reads `wal-show --detailed-json` as a listing of the archive, without times.
pub(super) fn show(found: &mut Found<'_>, source: Source<'_>, all: &[Value], line: Option<u64>, sink: &mut dyn Sink) {
    let document = source.document;
    let mut timelines = Vec::new();
    let mut whole = found.told.ended_well(source.record);
    for (n, value) in all.iter().enumerate() {
        match timeline(value) {
            Some(timeline) => timelines.push((n, timeline)),
            None => {
                whole = false;
                let message = "not a timeline of wal-show; run it again";
                sink.problem(problem(document, Some(entry(line, &format!("/{n}"))), message));
            }
        }
    }
    if timelines.iter().map(|(_, t)| t.range).fold(0_u64, u64::saturating_add) > SHOWN {
        let message = format!("more than {SHOWN} segments; use wal-verify --json instead");
        return sink.problem(problem(document, None, message));
    }
    let page = found.page(document, entry(line, "/"));
    let mut listing = Listing::new(found.at(source), None);
    listing.whole = whole;
    let holdings = listing.archives.entry((Family::WalG, String::new())).or_default();
    let parents: BTreeMap<u32, (u32, Lsn)> = timelines.iter().filter_map(|(_, t)| Some((t.id, t.parent?))).collect();
    for (n, timeline) in &timelines {
        let spot = Spot { page, item: u32::try_from(*n).unwrap_or(u32::MAX) };
        if !take(holdings, timeline, spot) {
            let message = "its first and last segment do not fit their number; run wal-show again";
            sink.problem(problem(document, Some(entry(line, &format!("/{n}"))), message));
        }
        if let Some(archive) = holdings.logs.get_mut("") {
            archive.history(timeline.id, ancestors(timeline.id, &parents));
        }
    }
    let place = found.place(source);
    for (n, value) in all.iter().enumerate() {
        let backups = value.get("backups").and_then(Value::as_array).into_iter().flatten();
        for (m, backup) in backups.enumerate() {
            let pointer = entry(line, &format!("/{n}/backups/{m}"));
            let Some(object) = backup.as_object() else { continue };
            let Some((name, parsed)) =
                object.get("backup_name").and_then(Value::as_str).and_then(|n| Some((n, base_name(n)?)))
            else {
                continue;
            };
            let (mut told, _) = facts(object);
            let stored = object.get("time").and_then(Value::as_str).and_then(|t| instant(t, None).ok());
            told.finished_at = told.finished_at.or(stored);
            let spot = Spot { page, item: u32::try_from(n).unwrap_or(u32::MAX) };
            holdings_base(&mut listing, name, told.finished_at, spot);
            found.facts.push((document.name().to_owned(), name.to_owned(), told.clone()));
            let base = BaseBackup {
                name: name.to_owned(),
                status: RunStatus::Success,
                raw: "listed".to_owned(),
                detail: None,
                increment: parsed.parent.is_some(),
                complete: Some(true),
                zone_unknown: false,
                facts: told,
                origin: found.told.batch.origin(document, "", pointer),
            };
            found.told.base(&place, base);
        }
    }
    found.listing(place, listing);
}

fn holdings_base(listing: &mut Listing, name: &str, at: Option<model::time::Instant>, spot: Spot) {
    let holdings = listing.archives.entry((Family::WalG, String::new())).or_default();
    holdings.bases.entry(name.to_owned()).or_default().end = Some((at, spot));
}

fn timeline(value: &Value) -> Option<Timeline> {
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    let segment = |key: &str| RawSegment::parse(value.get(key)?.as_str()?);
    let missing: Option<Vec<RawSegment>> = match value.get("missing_segments") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(list) => list.as_array()?.iter().map(|m| RawSegment::parse(m.as_str()?)).collect(),
    };
    let id = u32::try_from(number("id")?).ok()?;
    let parent = number("parent_id").and_then(|p| u32::try_from(p).ok()).filter(|p| *p > 0 && *p < id);
    Some(Timeline {
        id,
        parent: parent.zip(number("switch_point_lsn").map(Lsn)),
        first: segment("start_segment").filter(|s| s.timeline == id)?,
        last: segment("end_segment").filter(|s| s.timeline == id)?,
        range: number("segment_range_size")?,
        missing: missing?,
    })
}

/// Puts the segments of a timeline into the archive. False where no size of segments makes them as many as it says.
fn take(holdings: &mut Holdings, timeline: &Timeline, spot: Spot) -> bool {
    let fits = |size: &SegmentSize| {
        let (first, last) = (timeline.first.sized(*size)?, timeline.last.sized(*size)?);
        let range = last.number.checked_sub(first.number)?.checked_add(1)?;
        (range == timeline.range).then_some((first.number, last.number, *size))
    };
    let sizes = std::iter::once(SegmentSize::DEFAULT).chain(SegmentSize::all());
    let Some((first, last, size)) = sizes.filter_map(|s| fits(&s)).next() else { return false };
    let mut missing: Vec<u64> = timeline.missing.iter().filter_map(|m| m.sized(size)).map(|s| s.number).collect();
    missing.sort_unstable();
    let archive = holdings.logs.entry(String::new()).or_default();
    for number in (first..=last).filter(|n| missing.binary_search(n).is_err()) {
        let place = ((number / size.per_log()) << 32) | (number % size.per_log());
        let raw = RawSegment { timeline: timeline.id, place };
        archive.take(ArchiveFile::Segment(raw), false, None, None, spot);
    }
    true
}

/// All ancestors of a timeline, oldest first.
fn ancestors(timeline: u32, parents: &BTreeMap<u32, (u32, Lsn)>) -> Vec<Ancestor> {
    let mut out = Vec::new();
    let mut current = timeline;
    // A parent is always lower, so this ends.
    while let Some((parent, switch)) = parents.get(&current) {
        out.push(Ancestor { timeline: *parent, switch: *switch });
        current = *parent;
    }
    out.reverse();
    out
}
