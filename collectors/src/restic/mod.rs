//! restic.
use crate::{Batch, Kind, Sink, fetch};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "restic",
    title: "restic",
    reads: "output of restic commands",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim: fetch::claim_text,
    parse,
};

fn parse(_batch: &Batch<'_>, _sink: &mut dyn Sink) {}
