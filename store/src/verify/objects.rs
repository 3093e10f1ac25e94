//! Objects: what lies there, what it hashes to, and whether it is what manifests name.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Findings, Named, ProblemKind};
use crate::layout::{self, BUFFER, OBJECTS, UNFINISHED};

pub(super) fn check(root: &Path, named: &Named, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    // Folders that can't be listed: what is in them is unknown, not missing.
    let mut unlisted = BTreeSet::new();
    let mut buffer = vec![0; BUFFER];
    let objects = root.join(OBJECTS);
    if !objects.is_dir() {
        // Reported with the top level; every object named is then reported as missing.
    } else if let Some(shards) = findings.list(&objects, OBJECTS) {
        for shard in shards {
            let shown = format!("{OBJECTS}/{shard}");
            let folder = objects.join(&shard);
            if shard.starts_with(UNFINISHED) {
                findings.leftover(&shown);
            } else if !is_shard(&shard) || !std::fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir()) {
                findings.foreign(&shown);
            } else if let Some(names) = findings.list(&folder, &shown) {
                for name in names {
                    if layout::is_digest(&name) && layout::shard(&name) == shard {
                        object(&folder.join(&name), &name, named, &mut buffer, findings);
                        seen.insert(name);
                    } else {
                        findings.foreign(&format!("{shown}/{name}"));
                    }
                }
            } else {
                unlisted.insert(shard);
            }
        }
    } else {
        return;
    }
    for (digest, (_, manifest)) in named {
        if !findings.is_part() && !seen.contains(digest) && !unlisted.contains(layout::shard(digest)) {
            let message = format!("missing, and {manifest} names it; restore it from a copy of the store");
            findings.problem(ProblemKind::ObjectMissing, &shown(digest), message);
        }
    }
}

fn object(file: &Path, digest: &str, named: &Named, buffer: &mut [u8], findings: &mut Findings) {
    let shown = shown(digest);
    let (hash, size) = match hashed(file, buffer) {
        Ok(found) => found,
        Err(e) => return findings.problem(ProblemKind::Unreadable, &shown, e.to_string()),
    };
    findings.checked.objects += 1;
    findings.checked.bytes += size;
    if hash != digest {
        let message =
            format!("its bytes have the SHA-256 {hash}: they were changed; restore it from a copy of the store");
        findings.problem(ProblemKind::ObjectDamaged, &shown, message);
    }
    match named.get(digest) {
        Some((stated, manifest)) if *stated != size => {
            let message = format!("{size} bytes, and {manifest} states {stated}");
            findings.problem(ProblemKind::ObjectSize, &shown, message);
        }
        Some(_) => {}
        None if findings.is_part() => findings.foreign(&shown),
        None => {
            let message = "no manifest names it: its run did not finish, or the manifest of its run was removed";
            findings.note(ProblemKind::Unreferenced, &shown, message.to_owned());
        }
    }
    findings.mode(file, &shown);
}

/// SHA-256 and size of a file.
pub(super) fn hash(file: &Path) -> io::Result<(String, u64)> {
    hashed(file, &mut vec![0; BUFFER])
}

fn hashed(file: &Path, buffer: &mut [u8]) -> io::Result<(String, u64)> {
    let mut content = layout::open_regular(file)?;
    let mut hash = Sha256::new();
    let mut size = 0;
    loop {
        let n = layout::fill(&mut content, buffer).map_err(|e| crate::error::explained(&e, "read", file))?;
        let chunk = buffer.get(..n).unwrap_or_default();
        if chunk.is_empty() {
            return Ok((layout::hex(&hash.finalize()), size));
        }
        hash.update(chunk);
        size += chunk.len() as u64;
    }
}

fn is_shard(name: &str) -> bool {
    name.len() == 2 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn shown(digest: &str) -> String {
    format!("{OBJECTS}/{}/{digest}", layout::shard(digest))
}
