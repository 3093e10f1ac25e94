//! Heroku Postgres.
use crate::{Batch, Kind, Sink, fetch};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "heroku-postgres",
    title: "Heroku Postgres",
    reads: "JSON of the Heroku platform and data APIs",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim: fetch::claim_text,
    parse,
};

fn parse(_batch: &Batch<'_>, _sink: &mut dyn Sink) {}
