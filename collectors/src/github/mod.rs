//! GitHub.
use crate::{Batch, Kind, Sink, fetch};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "github",
    title: "GitHub",
    reads: "JSON of the GitHub REST API",
    tables: &["discovered_assets", "incidents"],
    claim: fetch::claim_text,
    parse,
};

fn parse(_batch: &Batch<'_>, _sink: &mut dyn Sink) {}
