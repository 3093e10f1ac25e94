//! restic: output of its commands (JSON messages and plain text, 0.14 to 0.19), lists of snapshots, and run
//! records beside them.
//!
//! Read: `backup`, `restore`, `check`, `forget`, and `snapshots` (JSON, flat or grouped; or the text table). A snapshot's own
//! `summary` (since 0.17) carries clock times and sizes; before that the times come from the list and the
//! duration from the output. Other commands tell of no run and are passed over. A dry run is no run.

use crate::{Batch, Kind, Sink, fetch};

pub(crate) mod command;
mod gather;
mod judge;
mod output;
mod rows;
pub(crate) mod snapshot;
mod table;

#[cfg(test)]
mod tests;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "restic",
    title: "restic",
    reads: "output of restic commands (--json or text), `restic snapshots --json`, and run records beside them",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim: fetch::claim_text,
    parse,
    live: None,
};

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let found = gather::gather(batch, sink);
    rows::emit(batch, &found, sink);
}
