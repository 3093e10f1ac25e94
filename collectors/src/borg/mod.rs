//! Borg and borgmatic.
use crate::{Batch, Kind, Sink, fetch};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "borg",
    title: "Borg and borgmatic",
    reads: "output of borg and borgmatic commands",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim: fetch::claim_text,
    parse,
};

fn parse(_batch: &Batch<'_>, _sink: &mut dyn Sink) {}
