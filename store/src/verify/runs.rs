//! Manifests: their form, the chain, what they name, and their signatures.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::{Findings, Named, ProblemKind, SignerSeen, Signing, SigningState};
use crate::chain::{self, Misplaced};
use crate::layout::{self, MANIFEST_LIMIT, RUNS, RunFile, SMALL_LIMIT};
use crate::signers::{self, AllowedSigners, SignedBy};
use crate::signing::RUN_NAMESPACE;
use model::evidence::Manifest;

pub(super) fn check(
    root: &Path,
    store_id: &str,
    allowed: Option<&AllowedSigners>,
    named: &mut Named,
    findings: &mut Findings,
) -> Signing {
    let mut signatures =
        Signatures { allowed, signed: BTreeMap::new(), unsigned: Vec::new(), bad: 0, first_signed: None };
    let runs = root.join(RUNS);
    if !runs.is_dir() {
        return signatures.finish(findings);
    }
    let (manifests, lone) = sort_out(&runs, findings);
    let mut expected = 1;
    // Digest of the manifest before; the outer `None` where it is unknown.
    let mut previous: Option<Option<String>> = Some(None);
    for sequence in manifests.iter().copied() {
        if sequence != expected {
            let missing = chain::manifest_path(expected);
            let message = match sequence - expected {
                1 => "missing; restore it from a copy of the store".to_owned(),
                n => format!("missing, with all up to {n} in a row; restore them from a copy of the store"),
            };
            findings.problem(ProblemKind::ChainBroken, &missing, message);
            previous = None;
        }
        expected = sequence.saturating_add(1);
        let path = chain::manifest_path(sequence);
        let file = root.join(&path);
        let bytes = match layout::read_small(&file, MANIFEST_LIMIT) {
            Ok(bytes) => bytes,
            Err(e) => {
                findings.problem(ProblemKind::Unreadable, &path, e.to_string());
                previous = None;
                continue;
            }
        };
        findings.checked.manifests += 1;
        findings.mode(&file, &path);
        match chain::from_bytes(&bytes) {
            Err(message) => findings.problem(ProblemKind::ManifestInvalid, &path, message),
            Ok(manifest) => {
                let before = previous.as_ref().map_or(manifest.previous.as_deref(), Option::as_deref);
                if let Some((kind, message)) = chain::misplaced(&manifest, sequence, before, store_id) {
                    let kind = match kind {
                        Misplaced::Store => ProblemKind::StoreId,
                        Misplaced::Chain => ProblemKind::ChainBroken,
                    };
                    findings.problem(kind, &path, message);
                }
                pages(&manifest, &path, named, findings);
                signatures.check(root, sequence, &bytes, &manifest, findings);
            }
        }
        let digest = layout::sha256(&bytes);
        findings.manifests.insert(digest.clone(), path.clone());
        findings.head = Some(digest.clone());
        previous = Some(Some(digest));
    }
    for sequence in lone {
        let path = format!("{RUNS}/{}", layout::signature_name(sequence));
        if sequence == expected {
            findings.leftover(&path);
        } else {
            findings.problem(ProblemKind::ChainBroken, &path, "a signature whose manifest is missing".to_owned());
        }
    }
    signatures.finish(findings)
}

/// Sequences of the manifests, and of the signatures without a manifest.
fn sort_out(runs: &Path, findings: &mut Findings) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut manifests, mut signatures) = (BTreeSet::new(), BTreeSet::new());
    for name in findings.list(runs, RUNS).unwrap_or_default() {
        match layout::run_file(&name) {
            RunFile::Manifest(sequence) => {
                manifests.insert(sequence);
            }
            RunFile::Signature(sequence) => {
                signatures.insert(sequence);
            }
            RunFile::Unfinished => findings.leftover(&format!("{RUNS}/{name}")),
            RunFile::Foreign => findings.foreign(&format!("{RUNS}/{name}")),
        }
    }
    let lone = signatures.difference(&manifests).copied().collect();
    (manifests, lone)
}

fn pages(manifest: &Manifest, path: &str, named: &mut Named, findings: &mut Findings) {
    for page in manifest.sources.iter().flat_map(|source| &source.pages) {
        if !layout::is_digest(&page.object) {
            let message = format!("names {:?} as an object, which is not a SHA-256", page.object);
            findings.problem(ProblemKind::ManifestInvalid, path, message);
            continue;
        }
        let (stated, first) = named.entry(page.object.clone()).or_insert_with(|| (page.bytes, path.to_owned()));
        if *stated != page.bytes {
            let message =
                format!("states {} bytes for the object {}, and {first} states {stated}", page.bytes, page.object);
            findings.problem(ProblemKind::ObjectSize, path, message);
        }
    }
}

struct Signatures<'a> {
    allowed: Option<&'a AllowedSigners>,
    signed: BTreeMap<SignedBy, u64>,
    unsigned: Vec<u64>,
    bad: u64,
    first_signed: Option<u64>,
}

impl Signatures<'_> {
    fn check(&mut self, root: &Path, sequence: u64, bytes: &[u8], manifest: &Manifest, findings: &mut Findings) {
        let path = format!("{RUNS}/{}", layout::signature_name(sequence));
        let file = root.join(&path);
        let armored = match layout::read_small(&file, SMALL_LIMIT) {
            Ok(armored) => armored,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                self.unsigned.push(sequence);
                return;
            }
            Err(e) => {
                self.bad += 1;
                return findings.problem(ProblemKind::Unreadable, &path, e.to_string());
            }
        };
        findings.mode(&file, &path);
        match signers::verify_signature(RUN_NAMESPACE, bytes, &armored, self.allowed, manifest.ended_at) {
            Ok(by) => {
                findings.checked.signatures += 1;
                self.first_signed.get_or_insert(sequence);
                *self.signed.entry(by).or_insert(0) += 1;
            }
            Err(fault) => {
                self.bad += 1;
                findings.problem(ProblemKind::SignatureInvalid, &path, fault.to_string());
            }
        }
    }

    fn finish(self, findings: &mut Findings) -> Signing {
        let path = |sequence: u64| format!("{RUNS}/{}", layout::signature_name(sequence));
        let first = self.first_signed.unwrap_or(u64::MAX);
        for sequence in self.unsigned.iter().copied().filter(|sequence| *sequence > first) {
            let message = "missing, and an earlier run is signed; restore it from a copy of the store, or sign the manifest if you vouch for it";
            findings.problem(ProblemKind::SignatureMissing, &path(sequence), message.to_owned());
        }
        let before: Vec<u64> = self.unsigned.iter().copied().filter(|sequence| *sequence < first).collect();
        if let (Some(from), Some(to)) = (before.first(), before.last()) {
            let runs = if from == to { format!("run {from} has") } else { format!("runs {from} to {to} have") };
            match (self.first_signed, self.allowed) {
                (Some(next), _) => {
                    let message = format!("{runs} no signature of their own; that of run {next} covers what they say");
                    findings.note(ProblemKind::Unsigned, RUNS, message);
                }
                // The signature of a packet covers the manifests in it.
                (None, _) if findings.is_part() => {
                    findings.note(
                        ProblemKind::Unsigned,
                        RUNS,
                        format!("{runs} no signature besides that of the packet"),
                    );
                }
                (None, None) => findings.note(ProblemKind::Unsigned, RUNS, format!("{runs} no signature")),
                (None, Some(_)) => {
                    let message = format!("{runs} no signature, so nothing shows that an allowed signer made them");
                    findings.problem(ProblemKind::SignatureMissing, RUNS, message);
                }
            }
        }
        let state = match (self.signed.is_empty(), self.unsigned.is_empty() && self.bad == 0) {
            (true, _) => SigningState::Unsigned,
            (false, true) => SigningState::Signed,
            (false, false) => SigningState::PartlySigned,
        };
        let seen =
            |(by, runs): (SignedBy, u64)| SignerSeen { fingerprint: by.fingerprint, principals: by.principals, runs };
        Signing { state, allowed_signers: self.allowed.is_some(), signers: self.signed.into_iter().map(seen).collect() }
    }
}
