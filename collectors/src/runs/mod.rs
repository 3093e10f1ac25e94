//! The generic run log.
use crate::{Batch, Kind, Sink, fetch};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "runs",
    title: "Generic run log",
    reads: "run records as JSON lines, CSV or Parquet",
    tables: &["backup_runs", "recovery_points"],
    claim: fetch::claim_text,
    parse,
};

fn parse(_batch: &Batch<'_>, _sink: &mut dyn Sink) {}
