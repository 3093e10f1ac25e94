//! A packet: both lists, the files they name and nothing else, the signature, and the part of the store in it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use model::parallel;
use model::time::{Instant, instant};

use super::{Expected, Findings, Kind, Named, ProblemKind, SignerSeen, Signing, SigningState, Verification};
use super::{objects, runs, timestamps, unproven};
use crate::bag::{
    AS_OF, BAG_INFO, BAGIT, DATA, DECLARATION, EVIDENCE, HEAD, NOT_SIGNED, OXUM, PAYLOAD_LIST, SIGNATURE, SIGNED_BY,
    TAG_LIST, list,
};
use crate::layout::{self, MANIFEST_LIMIT, SMALL_LIMIT, STORE, StoreFile};
use crate::signers;
use crate::signing::PACKET_NAMESPACE;

/// Where [`EVIDENCE`] lies, as a prefix of paths.
const WITHIN: &str = "data/evidence/";

/// True where a packet lies, whole or damaged: anything that only a packet has, and no store.
pub(super) fn is_one(path: &Path) -> bool {
    let has = |name: &str| fs::symlink_metadata(path.join(name)).is_ok();
    !has(STORE) && [BAGIT, BAG_INFO, PAYLOAD_LIST, TAG_LIST, SIGNATURE, DATA].into_iter().any(has)
}

pub(super) fn verify(path: &Path, expected: Expected<'_>) -> Verification {
    let mut findings = Findings::default();
    let found = walk(path, &mut findings);
    for needed in [BAGIT, BAG_INFO, PAYLOAD_LIST, TAG_LIST] {
        if !found.contains_key(needed) {
            let message = "missing; ask for the whole packet again".to_owned();
            findings.problem(ProblemKind::NotAPacket, needed, message);
        }
    }
    let text = |name: &str, limit: u64| layout::read_small(&path.join(name), limit).unwrap_or_default();
    let declared = text(BAGIT, SMALL_LIMIT);
    if found.contains_key(BAGIT) && declared != DECLARATION.as_bytes() {
        let message = "does not declare a bag of version 1.0 in UTF-8, as every packet does".to_owned();
        findings.problem(ProblemKind::NotAPacket, BAGIT, message);
    }
    let info = Info::of(&text(BAG_INFO, SMALL_LIMIT));
    let tags = text(TAG_LIST, SMALL_LIMIT);
    let digest = layout::sha256(&tags);
    let signing = signature(path, &tags, &info, expected, &mut findings);
    let mut hashed = BTreeMap::new();
    for (name, bytes, kept) in [
        (TAG_LIST, tags, (|name: &str| !name.contains('/')) as fn(&str) -> bool),
        (PAYLOAD_LIST, text(PAYLOAD_LIST, MANIFEST_LIMIT), |name: &str| name.starts_with("data/")),
    ] {
        if found.contains_key(name) {
            hashed.extend(files_of(path, name, &bytes, kept, &found, &mut findings));
        }
    }
    for name in found.keys().filter(|n| !hashed.contains_key(*n) && *n != TAG_LIST && *n != SIGNATURE) {
        let message = "no list of the packet names it; find out who put it there".to_owned();
        findings.problem(ProblemKind::Foreign, name, message);
    }
    let payload: Vec<u64> = hashed.iter().filter(|(n, _)| n.starts_with("data/")).map(|(_, size)| *size).collect();
    let oxum = format!("{}.{}", payload.iter().sum::<u64>(), payload.len());
    if let Some(stated) = info.get(OXUM).filter(|stated| *stated != oxum) {
        let message = format!("states {stated:?} (bytes.files) for {DATA}/, and {oxum} is there");
        findings.problem(ProblemKind::FileCount, BAG_INFO, message);
    }
    evidence(path, &info, expected, &mut findings);
    timestamps::beside(path, TAG_LIST, &digest, &mut findings);
    let mut not_proven = vec![
        "that the sources told the truth, and that every source was asked: see scope and completeness in it".to_owned(),
        findings.when("when it was made: its dates come from the evidence, and there is no timestamp"),
        "that its figures follow from its objects: recount them from lineage.csv, or judge the store again".to_owned(),
    ];
    not_proven.extend(unproven(expected, &signing));
    findings.finish(path, Kind::Packet, signing, not_proven)
}

/// Every file below the folder with its size. What is neither a file nor a folder that holds one is a problem.
fn walk(root: &Path, findings: &mut Findings) -> BTreeMap<String, u64> {
    let mut out = BTreeMap::new();
    let mut open = vec![String::new()];
    while let Some(folder) = open.pop() {
        let Some(names) = findings.list(&root.join(&folder), &folder) else { continue };
        if names.is_empty() && !folder.is_empty() {
            let message = "an empty folder, which no packet has; find out who put it there".to_owned();
            findings.problem(ProblemKind::Foreign, &folder, message);
        }
        for name in names {
            let shown = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            match fs::symlink_metadata(root.join(&shown)) {
                Ok(meta) if meta.is_dir() => open.push(shown),
                Ok(meta) if meta.is_file() => {
                    out.insert(shown, meta.len());
                }
                Ok(_) => {
                    let message = "a link or device, not a file; a packet has none".to_owned();
                    findings.problem(ProblemKind::Foreign, &shown, message);
                }
                Err(e) => findings.problem(ProblemKind::Unreadable, &shown, e.to_string()),
            }
        }
    }
    out
}

/// Checks the files that a list names; answers them with their sizes.
fn files_of(
    root: &Path,
    list: &str,
    bytes: &[u8],
    kept: fn(&str) -> bool,
    found: &BTreeMap<String, u64>,
    findings: &mut Findings,
) -> BTreeMap<String, u64> {
    let named = match list::read(bytes) {
        Ok(named) => named,
        Err(message) => {
            findings.problem(ProblemKind::ListInvalid, list, message);
            return BTreeMap::new();
        }
    };
    let checked = parallel::map(&named, |(name, _)| found.get(name).map(|_| objects::hash(&root.join(name))));
    let mut out = BTreeMap::new();
    for ((name, digest), read) in named.into_iter().zip(checked) {
        if !kept(&name) {
            findings.problem(ProblemKind::ListInvalid, list, format!("names {name:?}, which belongs in another list"));
            continue;
        }
        match read {
            None => {
                let message = format!("missing, and {list} names it; ask for the whole packet again");
                findings.problem(ProblemKind::FileMissing, &name, message);
            }
            Some(Err(e)) => findings.problem(ProblemKind::Unreadable, &name, e.to_string()),
            Some(Ok((hash, size))) => {
                findings.checked.files += 1;
                if hash != digest {
                    let message = format!("its bytes have the SHA-256 {hash}, and {list} states {digest}");
                    findings.problem(ProblemKind::FileDamaged, &name, message);
                }
                out.insert(name, size);
            }
        }
    }
    out
}

/// Checks the signature over the list of lists.
fn signature(path: &Path, tags: &[u8], info: &Info, expected: Expected<'_>, findings: &mut Findings) -> Signing {
    let mut signing = Signing::none(expected);
    let armored = match layout::read_small(&path.join(SIGNATURE), SMALL_LIMIT) {
        Ok(armored) => armored,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let states = info.get(SIGNED_BY).filter(|by| *by != NOT_SIGNED);
            match (states, expected.allowed) {
                (Some(by), _) => {
                    let message = format!("missing, and {BAG_INFO} says that {by} signed; ask for the whole packet");
                    findings.problem(ProblemKind::SignatureMissing, SIGNATURE, message);
                }
                (None, Some(_)) => {
                    let message = "unsigned, so nothing shows that an allowed signer made it".to_owned();
                    findings.problem(ProblemKind::SignatureMissing, SIGNATURE, message);
                }
                (None, None) => {
                    let message = "the packet is unsigned: its hashes show damage, not who made it".to_owned();
                    findings.note(ProblemKind::Unsigned, SIGNATURE, message);
                }
            }
            return signing;
        }
        Err(e) => {
            findings.problem(ProblemKind::Unreadable, SIGNATURE, e.to_string());
            return signing;
        }
    };
    match signers::verify_signature(PACKET_NAMESPACE, tags, &armored, expected.allowed, info.as_of()) {
        Ok(by) => {
            if let Some(stated) = info.get(SIGNED_BY).filter(|stated| *stated != by.fingerprint) {
                let message = format!("made by {}, and {BAG_INFO} says {stated:?}", by.fingerprint);
                findings.problem(ProblemKind::SignatureInvalid, SIGNATURE, message);
            }
            findings.checked.signatures += 1;
            signing.state = SigningState::Signed;
            signing.signers = vec![SignerSeen { fingerprint: by.fingerprint, principals: by.principals, runs: 0 }];
        }
        Err(fault) => findings.problem(ProblemKind::SignatureInvalid, SIGNATURE, fault.to_string()),
    }
    signing
}

/// Checks the part of the store: the chain of runs up to the head that the packet states, and the objects in it.
fn evidence(path: &Path, info: &Info, expected: Expected<'_>, findings: &mut Findings) {
    let root = path.join(EVIDENCE);
    findings.prefix = WITHIN;
    match StoreFile::read(&root) {
        Err(error) => findings.problem(ProblemKind::NotAStore, STORE, error.to_string()),
        Ok(store) => {
            let mut named = Named::new();
            runs::check(&root, &store.id, expected.allowed, &mut named, findings);
            objects::check(&root, &named, findings);
            timestamps::check(&root, findings);
        }
    }
    findings.writable.clear();
    findings.prefix = "";
    if let Some(stated) = info.get(HEAD).filter(|stated| findings.head.as_deref() != Some(*stated)) {
        let message = format!("states {stated} as the last run manifest, which is not the last in {EVIDENCE}/runs");
        findings.problem(ProblemKind::HeadUnexpected, BAG_INFO, message);
    }
    findings.expected_head(expected, BAG_INFO);
}

/// What `bag-info.txt` says, line by line.
struct Info(BTreeMap<String, String>);

impl Info {
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let pair = |line: &str| line.split_once(": ").map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self(text.lines().filter_map(pair).collect())
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The time that the packet states, for signers that are allowed for a time only.
    fn as_of(&self) -> Instant {
        self.get(AS_OF).and_then(|text| instant(text, None).ok()).unwrap_or(Instant::MIN_UTC)
    }
}
