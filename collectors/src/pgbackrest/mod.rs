//! pgBackRest.
use crate::{Batch, Kind, Sink, fetch};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "pgbackrest",
    title: "pgBackRest",
    reads: "output and log files of pgbackrest, and its info as JSON",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim: fetch::claim_text,
    parse,
};

fn parse(_batch: &Batch<'_>, _sink: &mut dyn Sink) {}
