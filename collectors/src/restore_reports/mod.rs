//! Restore test reports.
use crate::{Batch, Kind, Sink, fetch};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "restore-reports",
    title: "Restore test reports",
    reads: "restore test reports as TOML, JSON, CSV, or Markdown with front matter",
    tables: &["restore_tests"],
    claim: fetch::claim_text,
    parse,
};

fn parse(_batch: &Batch<'_>, _sink: &mut dyn Sink) {}
