//! Clocks of sources: what was recorded by one whose offset was measured is put right before anything compares it.
//!
//! Both values are kept: what was recorded stays in the evidence, and the offset in `sources.clock_offset_s`.

use std::collections::BTreeMap;

use chrono::Duration;
use model::evidence::SourceRun;
use model::rows::Origin;
use model::time::Instant;
use polars::prelude::*;

use crate::Error;
use crate::frames::{Tables, run_columns as n};

/// Answers tell their time in whole seconds: a smaller difference is none.
const RESOLUTION_MS: i64 = 2_000;

/// How far the clock of each source is ahead of that of the collecting machine, by `<kind>.<id>`. The last measurement
/// holds: collections stand in the order of their runs.
pub fn offsets(collections: &[SourceRun]) -> BTreeMap<String, Duration> {
    let measured =
        |c: &SourceRun| Some((format!("{}.{}", c.kind, c.source_id), Duration::milliseconds(c.clock_offset_ms?)));
    collections.iter().filter_map(measured).collect()
}

/// True where an offset is more than the measurement can tell.
pub fn is_off(offset: Duration) -> bool {
    offset.abs() >= Duration::milliseconds(RESOLUTION_MS)
}

/// Takes the measured offset from every time that a source's clock gave. Slots that a source names, and times that people
/// wrote, are by no clock of a source.
///
/// # Errors
/// Those of polars.
pub fn correct(tables: &mut Tables) -> Result<(), Error> {
    let mut offsets = offsets(&tables.collections);
    offsets.retain(|_, offset| is_off(*offset));
    if offsets.is_empty() {
        return Ok(());
    }
    let of = |origin: &Origin| offsets.get(&format!("{}.{}", origin.kind, origin.source_id)).copied();
    let shift = |offset: Duration, times: &mut [&mut Option<Instant>]| {
        times.iter_mut().for_each(|time| **time = time.map(|at| at - offset));
    };
    for p in &mut tables.points {
        if let Some(offset) = of(&p.origin) {
            shift(offset, &mut [&mut p.taken_at, &mut p.created_at, &mut p.deleted_at, &mut p.integrity_checked_at]);
        }
    }
    for t in &mut tables.tests {
        if let Some(offset) = of(&t.origin) {
            shift(
                offset,
                &mut [&mut t.started_at, &mut t.restore_finished_at, &mut t.service_ready_at, &mut t.ended_at],
            );
        }
    }
    for p in &mut tables.pitr {
        if let Some(offset) = of(&p.origin) {
            shift(offset, &mut [&mut p.earliest_restorable_at, &mut p.latest_restorable_at, &mut p.last_archived_at]);
        }
    }
    for s in &mut tables.segments {
        if let Some(offset) = of(&s.origin) {
            shift(offset, &mut [&mut s.archived_from, &mut s.archived_at, &mut s.restorable_from]);
        }
    }
    let mut ahead = lit(0_i64);
    for (id, word) in (0_u32..).zip(tables.words.words()) {
        if let Some(micros) = offsets.get(&**word).and_then(Duration::num_microseconds) {
            ahead = when(col(n::SOURCE).eq(lit(id))).then(lit(micros)).otherwise(ahead);
        }
    }
    let corrected = [n::STARTED, n::ENDED, n::TAKEN].map(|time| col(time) - ahead.clone());
    tables.runs = std::mem::take(&mut tables.runs).lazy().with_columns(corrected).collect()?;
    Ok(())
}
