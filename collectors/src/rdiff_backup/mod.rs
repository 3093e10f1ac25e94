//! rdiff-backup (1.2 to 2.2): its `rdiff-backup-data` folder, output of its commands (old and new command line), lists of
//! increments, and run records beside them.
//!
//! Rows:
//! * sessions are runs: `session_statistics.<time>.data`, the same block in `backup.log` and on the console, or an exit
//!   code; two `current_mirror` files are a session that never ended,
//! * `restore` is a restore test, `verify` an integrity check (it compares stored files with their recorded digests),
//! * lists of increments name recovery points; `remove` tells which were deleted.
//!
//! A list proves no deletion: a session in which nothing changed leaves no increment. Recovery points are named by the
//! time of their session, which stands in names of files. Not read: `compare` (it looks at a source that goes on
//! changing), metadata and file statistics.

use crate::{Batch, Claim, Kind, Sink, fetch};

mod command;
mod emit;
mod gather;
mod list;
mod output;
mod repository;
#[cfg(test)]
mod tests;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "rdiff-backup",
    title: "rdiff-backup",
    reads: "session_statistics, backup.log and current_mirror files of rdiff-backup-data, output of its commands, and run records beside them",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim,
    parse,
    live: None,
};

/// Of a repository's data only what tells of sessions is kept: the rest holds the names of all files, or their content.
fn claim(name: &str, head: &[u8]) -> Claim {
    match repository::unread(name) {
        Some(reason) => Claim::Pass(reason.to_owned()),
        None => fetch::claim_text(name, head),
    }
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let found = gather::gather(batch, sink);
    emit::emit(batch, &found, sink);
}
