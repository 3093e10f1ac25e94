//! Checking a store: every byte, every link, every signature.
//!
//! What is checked: `STORE`; every manifest (form, place in the chain, store id); every object
//! (name, SHA-256, size stated by manifests); that each object that a manifest names is there; that
//! nothing foreign lies in the store; every signature.
//!
//! Of a packet: every file and hash, both ways; both lists in the one form they have; its signature; that the part of the
//! store in it is whole up to the head that it states.
//!
//! What can't be checked: that the newest manifests were not removed, together with their
//! signatures. The chain has no end to compare with; an outside note of the last sequence and hash
//! has. Objects that no manifest names hint at it. Of `receipts/` only timestamps are looked into, and of those whether
//! they are over what lies here: other receipts are checked where they were issued. The cache is rebuilt from objects.
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
mod packet;
mod runs;
mod timestamps;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::error::StoreError;
use crate::layout::{self, CACHE, OBJECTS, RECEIPTS, RUNS, STORE, StoreFile, UNFINISHED, printable};
use crate::signers::AllowedSigners;
pub use timestamps::Stamped;

/// Result of [`verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// `backproof.verification/1`.
    pub schema: &'static str,
    /// What lies there.
    pub kind: Kind,
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
    /// Timestamps that are over what lies here, sorted by path. The signatures of their authorities are not checked.
    pub timestamps: Vec<Stamped>,
    /// SHA-256 of the last run manifest: keep it elsewhere, and give it to a later verification.
    pub head: Option<String>,
    /// What no check of these bytes can show, a sentence each.
    pub not_proven: Vec<String>,
}

/// What can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An evidence store.
    Store,
    /// A packet.
    Packet,
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
    /// A run or packet without a signature where there must be one.
    SignatureMissing,
    /// Not a packet that this version reads, or a file that every packet has is missing.
    NotAPacket,
    /// A list of files that is not in the form it was written in.
    ListInvalid,
    /// A file that a list of the packet names is missing.
    FileMissing,
    /// The bytes of a file do not have the hash that a list of the packet states.
    FileDamaged,
    /// Number or size of the files is not what the packet states.
    FileCount,
    /// The chain of runs does not hold, or does not end with, the manifest that it must.
    HeadUnexpected,
    /// A timestamp that can't be read, was refused, or is over something else.
    TimestampInvalid,
    /// Note: a timestamp was asked for, and there is no reply.
    TimestampMissing,
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
    /// Files of a packet hashed.
    pub files: u64,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signing {
    /// How many of the runs are signed; of a packet, whether it is.
    pub state: SigningState,
    /// True where signers were compared with a list of allowed ones. False means only that each
    /// signature fits the key that it names itself.
    pub allowed_signers: bool,
    /// Keys with good signatures, sorted by fingerprint.
    pub signers: Vec<SignerSeen>,
}

impl Signing {
    fn none(expected: Expected<'_>) -> Self {
        Self { state: SigningState::Unsigned, allowed_signers: expected.allowed.is_some(), signers: Vec::new() }
    }
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
    /// Runs signed; of a packet, the packet itself.
    pub runs: u64,
}

/// What a verification compares with, beside what lies in the folder.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected<'a> {
    /// Who may sign.
    pub allowed: Option<&'a AllowedSigners>,
    /// SHA-256 of a run manifest noted before: the chain must hold it, or runs were removed since.
    pub head: Option<&'a str>,
}

/// Checks the store or the packet in the folder `path`; with `allowed`, also that one of these signed it.
///
/// Reads every byte once and needs memory for the names of files, not for their content.
/// Whatever the folder holds, the answer is a [`Verification`]. A store may be written meanwhile.
#[must_use]
pub fn verify(path: &Path, expected: Expected<'_>) -> Verification {
    if packet::is_one(path) { packet::verify(path, expected) } else { store(path, expected) }
}

fn store(path: &Path, expected: Expected<'_>) -> Verification {
    let mut findings = Findings::default();
    let mut signing = Signing::none(expected);
    match StoreFile::read(path) {
        Err(error @ StoreError::Io(_)) => findings.problem(ProblemKind::Unreadable, STORE, error.to_string()),
        Err(error) => findings.problem(ProblemKind::NotAStore, STORE, error.to_string()),
        Ok(store) => {
            top_level(path, &mut findings);
            // Manifests first: an object is always there before the manifest that names it.
            let mut named = Named::new();
            signing = runs::check(path, &store.id, expected.allowed, &mut named, &mut findings);
            objects::check(path, &named, &mut findings);
            findings.expected_head(expected, RUNS);
            timestamps::check(path, &mut findings);
        }
    }
    let mut not_proven = vec![
        "that the sources told the truth, and that every source is configured".to_owned(),
        findings.when("when it was written: times are those of the machine that collected (compare receipts/)"),
    ];
    not_proven.extend(unproven(expected, &signing));
    findings.finish(path, Kind::Store, signing, not_proven)
}

/// What is not shown for lack of something to compare with.
fn unproven(expected: Expected<'_>, signing: &Signing) -> Vec<String> {
    let mut out = Vec::new();
    if signing.state == SigningState::Unsigned {
        out.push("who made it: it is unsigned, and whoever changed all of it consistently leaves no trace".to_owned());
    } else if expected.allowed.is_none() {
        out.push("who made it: without --signers a signature fits only the key that it names itself".to_owned());
    }
    if expected.head.is_none() {
        out.push("that nothing newer was removed: compare with a head noted elsewhere, by --expect-head".to_owned());
    }
    out
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
    /// Before every path: the folder of the part of a store that a packet holds, with `/`.
    prefix: &'static str,
    /// Manifests read, by their hash, with their files; and the last of them.
    manifests: BTreeMap<String, String>,
    head: Option<String>,
    timestamps: Vec<Stamped>,
}

impl Findings {
    /// True for the part of a store that a packet holds: signed with the packet, and without the objects that nothing
    /// in the packet rests on.
    const fn is_part(&self) -> bool {
        !self.prefix.is_empty()
    }

    fn found(&self, kind: ProblemKind, path: &str, message: &str) -> Problem {
        Problem { path: printable(&format!("{}{path}", self.prefix)), kind, message: printable(message) }
    }

    fn problem(&mut self, kind: ProblemKind, path: &str, message: String) {
        self.problems.push(self.found(kind, path, &message));
    }

    fn note(&mut self, kind: ProblemKind, path: &str, message: String) {
        self.notes.push(self.found(kind, path, &message));
    }

    fn foreign(&mut self, path: &str) {
        self.problem(ProblemKind::Foreign, path, "does not belong here; find out who put it there".to_owned());
    }

    /// A head noted before must be in the chain. It need not be its end: the store may have grown since.
    fn expected_head(&mut self, expected: Expected<'_>, path: &str) {
        let Some(head) = expected.head else { return };
        if !self.manifests.contains_key(head) {
            let message = format!(
                "no run manifest has the SHA-256 {head}: this is older than what was noted, or another store; ask for one that holds that run"
            );
            self.problem(ProblemKind::HeadUnexpected, path, message);
        } else if self.head.as_deref() != Some(head) {
            let message = format!("the run with the SHA-256 {head} is in the chain, and newer runs follow it");
            self.note(ProblemKind::HeadUnexpected, path, message);
        }
    }

    /// What timestamps leave open; without any, `otherwise`.
    fn when(&self, otherwise: &str) -> String {
        if self.timestamps.is_empty() {
            return otherwise.to_owned();
        }
        "when it was made: what timestamps say holds only where `openssl ts -verify` finds their signatures good, with \
         certificates that you have from the authority"
            .to_owned()
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

    fn finish(mut self, path: &Path, kind: Kind, signing: Signing, not_proven: Vec<String>) -> Verification {
        if let Some(first) = self.writable.first().cloned() {
            let message = format!(
                "{} files are not read-only, this one first; run `chmod 0444` on everything in objects/ and runs/",
                self.writable.len()
            );
            self.note(ProblemKind::Writable, &first, message);
        }
        self.problems.sort();
        self.notes.sort();
        self.timestamps.sort_by(|a, b| a.path.cmp(&b.path));
        Verification {
            schema: "backproof.verification/1",
            kind,
            path: printable(&path.to_string_lossy()),
            valid: self.problems.is_empty(),
            problems: self.problems,
            notes: self.notes,
            checked: self.checked,
            signing,
            timestamps: self.timestamps,
            head: self.head,
            not_proven,
        }
    }
}
