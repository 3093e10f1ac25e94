//! Amazon S3.
use crate::{Batch, Kind, Sink, fetch};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "s3",
    title: "Amazon S3",
    reads: "JSON that the AWS CLI prints for S3 buckets",
    tables: &["storage_locations", "recovery_points"],
    claim: fetch::claim_text,
    parse,
};

fn parse(_batch: &Batch<'_>, _sink: &mut dyn Sink) {}
