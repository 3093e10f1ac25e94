//! Borg (1.1 to 1.4) and borgmatic: output of their commands, lists of archives, and run records beside them.
//!
//! Read: `create`, `extract`, `check`, `prune`, `delete`, `list` and `info`, as JSON (`--json`, `--log-json`) or
//! text. borg prints local times without an offset: the zone comes from the record or from the source.
//! borgmatic gives a list with one object for each repository, or text in sections. `*.checkpoint` archives
//! are what interrupted runs leave, and no recovery points. A dry run is no run.

use crate::{Batch, Claim, Kind, Sink, fetch};

mod archive;
mod command;
mod gather;
mod judge;
mod known;
mod output;
mod pieces;
mod rows;

#[cfg(test)]
mod tests;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "borg",
    title: "Borg and borgmatic",
    reads: "output of borg and borgmatic commands (--json, --log-json or text), `borg list --json`, and run records beside them",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim,
    parse,
    live: None,
};

/// Text is kept, but not what opens the backups: a configuration of borgmatic with the passphrase in it,
/// or the `config` of a repository, which holds the key in `repokey` modes.
fn claim(name: &str, head: &[u8]) -> Claim {
    let secret = String::from_utf8_lossy(head)
        .lines()
        .any(|l| l.trim_start().strip_prefix("encryption_passphrase:").is_some_and(|value| !value.trim().is_empty()));
    if secret {
        return Claim::Pass("a configuration with a passphrase in it".to_owned());
    }
    if head.starts_with(b"[repository]") {
        return Claim::Pass("the configuration of a repository, which may hold its key".to_owned());
    }
    fetch::claim_text(name, head)
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let found = gather::gather(batch, sink);
    rows::emit(batch, &found, sink);
}
