//! Timestamps in `receipts/` and beside a packet: are they over what lies here?

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use super::{Findings, ProblemKind};
use crate::layout::{self, RECEIPTS, RUNS, SMALL_LIMIT};
use crate::timestamp::{self, REPLY, REQUEST, Timestamp, TimestampError};

/// A timestamp, and what it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stamped {
    /// File of the reply, relative to what was verified, with `/`.
    pub path: String,
    /// File that it is over, likewise.
    pub over: String,
    /// What it says.
    #[serde(flatten)]
    pub stamp: Timestamp,
}

/// Checks every reply below `receipts/`: it must be over a run manifest of this chain, and answer the request of the same
/// name, where there is one.
pub(super) fn check(root: &Path, findings: &mut Findings) {
    let mut open = vec![RECEIPTS.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(names) = layout::names(&root.join(&folder)) else { continue };
        for name in &names {
            let path = format!("{folder}/{name}");
            let is_folder = fs::symlink_metadata(root.join(&path)).is_ok_and(|meta| meta.is_dir());
            if is_folder {
                open.push(path);
            } else if name.ends_with(REPLY) {
                run(root, &path, findings);
            } else if let Some(whose) = name.strip_suffix(REQUEST).filter(|n| !names.contains(&format!("{n}{REPLY}"))) {
                unanswered(&path, whose, findings);
            }
        }
    }
}

fn run(root: &Path, path: &str, findings: &mut Findings) {
    let Some((reply, request)) = read(&root.join(path), path, findings) else { return };
    let stamp = timestamp::read(&reply).and_then(|s| timestamp::check(&reply, &s.sha256, request.as_deref()));
    let over = |stamp: &Timestamp| findings.manifests.get(&stamp.sha256).cloned();
    match stamp.map(|stamp| (over(&stamp), stamp)) {
        Ok((Some(over), stamp)) => found(path, over, stamp, findings),
        Ok((None, stamp)) => {
            let message = format!("is over the SHA-256 {}, which is that of no run manifest in {RUNS}", stamp.sha256);
            findings.problem(ProblemKind::TimestampInvalid, path, message);
        }
        Err(error) => invalid(path, &error, findings),
    }
}

/// Checks the reply beside a packet, where there is one; `sha256` is that of its file `over`.
pub(super) fn beside(packet: &Path, over: &str, sha256: &str, findings: &mut Findings) {
    let Some(name) = packet.canonicalize().ok().and_then(|p| Some(p.file_name()?.to_str()?.to_owned())) else { return };
    let file = |ending: &str| packet.canonicalize().unwrap_or_default().with_file_name(format!("{name}{ending}"));
    let shown = format!("../{name}{REPLY}");
    match (fs::symlink_metadata(file(REPLY)).is_ok(), fs::symlink_metadata(file(REQUEST)).is_ok()) {
        (true, _) => {
            let Some((reply, request)) = read(&file(REPLY), &shown, findings) else { return };
            match timestamp::check(&reply, sha256, request.as_deref()) {
                Ok(stamp) => found(&shown, over.to_owned(), stamp, findings),
                Err(error) => invalid(&shown, &error, findings),
            }
        }
        (false, true) => unanswered(&format!("../{name}{REQUEST}"), &name, findings),
        (false, false) => {}
    }
}

/// A reply, and the request of the same name.
fn read(reply: &Path, shown: &str, findings: &mut Findings) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let mut bytes = |path: &Path| match layout::read_small(path, SMALL_LIMIT) {
        Ok(bytes) => Some(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Some(None),
        Err(e) => {
            findings.problem(ProblemKind::Unreadable, shown, e.to_string());
            None
        }
    };
    let answer = bytes(reply)??;
    Some((answer, bytes(&reply.with_extension(REQUEST.trim_start_matches('.')))?))
}

fn found(path: &str, over: String, stamp: Timestamp, findings: &mut Findings) {
    let prefix = findings.prefix;
    findings.timestamps.push(Stamped {
        path: layout::printable(&format!("{prefix}{path}")),
        over: format!("{prefix}{over}"),
        stamp,
    });
}

fn invalid(path: &str, error: &TimestampError, findings: &mut Findings) {
    let message = format!("{error}; take it away, and ask for a timestamp again");
    findings.problem(ProblemKind::TimestampInvalid, path, message);
}

fn unanswered(path: &str, whose: &str, findings: &mut Findings) {
    let message = format!("asks for a timestamp of {whose}, and no reply lies beside it");
    findings.note(ProblemKind::TimestampMissing, path, message);
}
