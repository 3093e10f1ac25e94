//! rsnapshot (1.3 to 1.5): its log file, output of its commands, lines it sends to syslog, its configuration, and run
//! records beside them.
//!
//! A run of the lowest backup level (or `sync`, with `sync_first`) copies data and is a run; higher levels only move
//! snapshots on and are none. Which level copies is told by the configuration, or by the commands in the log
//! (`loglevel` 3, the default): where neither tells, a level that ended well is `unknown`.
//!
//! `completed successfully` is the sign of success. rsync's codes 23 and 24 are warnings to rsnapshot: such a run is
//! partial. Snapshots are plain files, named by their age (`daily.0`) and not by themselves: no recovery point has an
//! id. Local times have no zone. Not read: `du`, `diff`, `configtest`.

use crate::{Batch, Kind, Sink, fetch};

mod command;
mod config;
mod emit;
mod gather;
mod log;
#[cfg(test)]
mod tests;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "rsnapshot",
    title: "rsnapshot",
    reads: "rsnapshot.log, output of rsnapshot commands, rsnapshot.conf, and run records beside them",
    tables: &["backup_runs"],
    claim: fetch::claim_text,
    parse,
    live: None,
};

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let found = gather::gather(batch, sink);
    emit::emit(batch, &found, sink);
}
