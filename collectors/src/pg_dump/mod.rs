//! pg_dump.
use crate::{Batch, Kind, Sink, fetch};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "pg-dump",
    title: "pg_dump",
    reads: "cron and verbose logs of pg_dump, pg_dumpall, pg_basebackup and pg_restore, and facts about dump files",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim: fetch::claim_text,
    parse,
};

fn parse(_batch: &Batch<'_>, _sink: &mut dyn Sink) {}
