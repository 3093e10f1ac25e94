//! Checking a store: every byte, every link, every signature.
//!
//! What is checked: `STORE`; every manifest (form, place in the chain, store id); every object
//! (name, SHA-256, size stated by manifests); that each object that a manifest names is there; that
//! nothing foreign lies in the store; every signature.
//!
//! What can't be checked: that the newest manifests were not removed, together with their
//! signatures. The chain has no end to compare with; an outside note of the last sequence and hash
//! has. Objects that no manifest names hint at it. `receipts/` and `cache/` are not looked into:
//! receipts are checked where they were issued, and the cache is rebuilt from objects.
//!
//! *Problems* make a store invalid. *Notes* do not, because an interrupted run, an ordinary copy or
//! a key that came later leaves them, and such a store must not stay invalid for ever:
//! - an object that no manifest names (a run ended before its commit, or a manifest was removed);
//!   its name must still be its hash;
//! - unfinished files, and a signature next to be used (the writer of the next run removes them);
//! - files that have lost their read-only mode;
//! - runs without a signature before the first signed one. The chain puts them under that signature.
//!
//! A run without a signature *after* a signed one is a problem: signatures do not stop by
//! themselves. It can be signed later by whoever vouches for it:
//! `ssh-keygen -Y sign -n backproof-run@v1 -f KEY runs/00000042.json`.

mod objects;
mod runs;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::error::StoreError;
use crate::layout::{self, CACHE, OBJECTS, RECEIPTS, RUNS, STORE, StoreFile, UNFINISHED, printable};
use crate::signers::AllowedSigners;

/// Result of [`verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// `backproof.verification/1`.
    pub schema: &'static str,
    /// What was checked, as it was named.
    pub path: String,
    /// True where there is no problem.
    pub valid: bool,
    /// What makes it invalid, sorted by path.
    pub problems: Vec<Problem>,
    /// What should be known and does not make it invalid, sorted by path.
    pub notes: Vec<Problem>,
    /// How much was checked.
    pub checked: Checked,
    /// Who signed.
    pub signing: Signing,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// File or folder, relative to the store, with `/`.
    pub path: String,
    /// What kind of thing.
    pub kind: ProblemKind,
    /// What was found and what to do.
    pub message: String,
}

/// Kinds of problems and notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// `STORE` or a folder is missing, or is not of a store that this version reads.
    NotAStore,
    /// The operating system did not let it be read.
    Unreadable,
    /// Something that no store holds.
    Foreign,
    /// A manifest that can't be read, or was changed.
    ManifestInvalid,
    /// A manifest of another store.
    StoreId,
    /// A manifest that is missing, or does not follow the one before.
    ChainBroken,
    /// An object that a manifest names is missing.
    ObjectMissing,
    /// The bytes of an object do not have the hash that is its name.
    ObjectDamaged,
    /// The size of an object is not what a manifest states.
    ObjectSize,
    /// A signature that does not fit its manifest, or of somebody who may not sign.
    SignatureInvalid,
    /// A run without a signature where there must be one.
    SignatureMissing,
    /// Note: an object that no manifest names.
    Unreferenced,
    /// Note: left by an interrupted run.
    Leftover,
    /// Note: can be written to.
    Writable,
    /// Note: runs without a signature of their own.
    Unsigned,
}

/// How much was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Checked {
    /// Manifests read.
    pub manifests: u64,
    /// Objects hashed.
    pub objects: u64,
    /// Bytes of those objects.
    pub bytes: u64,
    /// Signatures that are good.
    pub signatures: u64,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signing {
    /// How many of the runs are signed.
    pub state: SigningState,
    /// True where signers were compared with a list of allowed ones. False means only that each
    /// signature fits the key that it names itself.
    pub allowed_signers: bool,
    /// Keys with good signatures, sorted by fingerprint.
    pub signers: Vec<SignerSeen>,
}

/// How many of the runs are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SigningState {
    /// Every run has a good signature.
    Signed,
    /// Some have.
    PartlySigned,
    /// None has, or there is no run.
    Unsigned,
}

/// A key with good signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignerSeen {
    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// Principals of the list of allowed signers.
    pub principals: Option<String>,
    /// Runs signed.
    pub runs: u64,
}

/// Checks the store in the folder `path`; with `allowed`, also that one of these signed it.
///
/// Reads every byte once and needs memory for the names of the objects, not for their content.
/// Whatever the folder holds, the answer is a [`Verification`]. A store may be written meanwhile.
#[must_use]
pub fn verify(path: &Path, allowed: Option<&AllowedSigners>) -> Verification {
    let mut findings = Findings::default();
    let mut signing =
        Signing { state: SigningState::Unsigned, allowed_signers: allowed.is_some(), signers: Vec::new() };
    match StoreFile::read(path) {
        Err(error @ StoreError::Io(_)) => findings.problem(ProblemKind::Unreadable, STORE, error.to_string()),
        Err(error) => findings.problem(ProblemKind::NotAStore, STORE, error.to_string()),
        Ok(store) => {
            top_level(path, &mut findings);
            // Manifests first: an object is always there before the manifest that names it.
            let mut named = Named::new();
            signing = runs::check(path, &store.id, allowed, &mut named, &mut findings);
            objects::check(path, &named, &mut findings);
        }
    }
    findings.finish(path, signing)
}

/// Objects that manifests name: digest to stated size and the first manifest that states it.
type Named = BTreeMap<String, (u64, String)>;

fn top_level(root: &Path, findings: &mut Findings) {
    let Some(names) = findings.list(root, "") else { return };
    for name in &names {
        let folder = std::fs::symlink_metadata(root.join(name)).is_ok_and(|meta| meta.is_dir());
        match name.as_str() {
            STORE => {}
            OBJECTS | RUNS | RECEIPTS | CACHE if folder => {}
            _ if name.starts_with(UNFINISHED) => findings.leftover(name),
            _ => findings.foreign(name),
        }
    }
    for needed in [OBJECTS, RUNS] {
        if !names.iter().any(|name| name == needed) {
            let message = "the folder is missing; restore it from a copy of the store".to_owned();
            findings.problem(ProblemKind::NotAStore, needed, message);
        }
    }
}

/// Problems and notes while they are gathered.
#[derive(Debug, Default)]
struct Findings {
    problems: Vec<Problem>,
    notes: Vec<Problem>,
    checked: Checked,
    writable: Vec<String>,
}

impl Findings {
    fn problem(&mut self, kind: ProblemKind, path: &str, message: String) {
        self.problems.push(Problem { path: printable(path), kind, message: printable(&message) });
    }

    fn note(&mut self, kind: ProblemKind, path: &str, message: String) {
        self.notes.push(Problem { path: printable(path), kind, message: printable(&message) });
    }

    fn foreign(&mut self, path: &str) {
        self.problem(ProblemKind::Foreign, path, "does not belong in a store; find out who put it there".to_owned());
    }

    fn leftover(&mut self, path: &str) {
        let message = "left by a run that did not finish, or of one that is running; the next run removes it";
        self.note(ProblemKind::Leftover, path, message.to_owned());
    }

    /// Names in a folder (`shown` is its path in the store), or a problem.
    fn list(&mut self, folder: &Path, shown: &str) -> Option<Vec<String>> {
        layout::names(folder).map_err(|e| self.problem(ProblemKind::Unreadable, shown, e.to_string())).ok()
    }

    fn mode(&mut self, file: &Path, shown: &str) {
        if std::fs::symlink_metadata(file).is_ok_and(|meta| !meta.permissions().readonly()) {
            self.writable.push(shown.to_owned());
        }
    }

    fn finish(mut self, path: &Path, signing: Signing) -> Verification {
        if let Some(first) = self.writable.first().cloned() {
            let message = format!(
                "{} files are not read-only, this one first; run `chmod 0444` on everything in objects/ and runs/",
                self.writable.len()
            );
            self.note(ProblemKind::Writable, &first, message);
        }
        self.problems.sort();
        self.notes.sort();
        Verification {
            schema: "backproof.verification/1",
            path: printable(&path.to_string_lossy()),
            valid: self.problems.is_empty(),
            problems: self.problems,
            notes: self.notes,
            checked: self.checked,
            signing,
        }
    }
}
