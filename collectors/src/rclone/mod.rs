//! rclone (1.50 to 1.75): logs of `copy`, `sync`, `move` and the like, as text or JSON (`--use-json-log`), of `check` and
//! `cryptcheck`, and run records beside them.
//!
//! rclone copies: a run proves a mirror at its destination, not a backup with a history, and no recovery point has an
//! id. Only an exit code of 0, a log at `-vv` that goes on behind the last statistics without errors, or `There was
//! nothing to transfer` prove success: complete statistics alone do not, since the same lines are printed while rclone
//! works. Statistics count what was transferred, not what the mirror holds: they are no size of a backup.
//!
//! `check` compares with a source that goes on changing: differences are a failed check, but prove no damage. What a
//! crypt remote is tells `cryptcheck`, `rclone listremotes --long` or `rclone config redacted`; `rclone.conf` itself holds
//! passwords and is not kept. Not read: `size`, `ls…`, `bisync`, dry runs.

use crate::{Batch, Claim, Kind, Sink, fetch};

mod command;
mod config;
mod emit;
mod gather;
mod output;
#[cfg(test)]
mod tests;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "rclone",
    title: "rclone",
    reads: "logs of rclone (text or --use-json-log), `rclone listremotes --long`, and run records beside them",
    tables: &["backup_runs"],
    claim,
    parse,
    live: None,
};

/// Text is kept, but no configuration that holds, or may hold, passwords.
fn claim(name: &str, head: &[u8]) -> Claim {
    if config::may_hold_secrets(head) {
        let reason = "a configuration that may hold passwords; collect what `rclone config redacted` or `rclone listremotes --long` prints";
        return Claim::Pass(reason.to_owned());
    }
    fetch::claim_text(name, head)
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let found = gather::gather(batch, sink);
    emit::emit(batch, &found, sink);
}
