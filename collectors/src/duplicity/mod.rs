//! duplicity (0.6 to 3.2): output of its commands, `--log-file` logs, `collection-status`, and run records beside them.
//!
//! Rows:
//! * `full`, `incremental` and backups without a command word are runs; their block of statistics, whose names are
//!   never translated, is the sign of success, and `Errors` above 0 makes them partial,
//! * `restore` is a restore test, `verify` an integrity check: differences from a source that goes on changing prove
//!   no damage, a wrong hash of a stored volume does,
//! * `collection-status` tells which backup sets exist, `remove-…  --force` which were deleted.
//!
//! A set that stands last in a list is no proof of a good backup: duplicity lists what an interrupted run left, which the
//! next run resumes, like any other. `Duplicity backup complete.` (since 3.0) is no proof either: it is printed
//! after failures too. Not read: manifests and signatures, `list-current-files`, `cleanup`, dry runs.

use crate::{Batch, Kind, Sink, fetch};

mod command;
mod emit;
mod gather;
mod known;
mod output;
mod status;
#[cfg(test)]
mod tests;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "duplicity",
    title: "duplicity",
    reads: "output and --log-file logs of duplicity, `duplicity collection-status`, and run records beside them",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim: fetch::claim_text,
    parse,
    live: None,
};

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let found = gather::gather(batch, sink);
    emit::emit(batch, &found, sink);
}
