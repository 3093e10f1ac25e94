//! Amazon RDS.
use crate::{Batch, Kind, Sink, fetch};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "rds",
    title: "Amazon RDS",
    reads: "JSON that the AWS CLI prints for RDS",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim: fetch::claim_text,
    parse,
};

fn parse(_batch: &Batch<'_>, _sink: &mut dyn Sink) {}
