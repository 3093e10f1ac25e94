//! Manifests as bytes, and the chain they form.

use std::io;
use std::path::{Path, PathBuf};
use std::vec;

use model::evidence::{MANIFEST_SCHEMA, Manifest};
use serde::Deserialize;

use crate::Store;
use crate::error::StoreError;
use crate::layout::{self, MANIFEST_LIMIT, RUNS, RunFile};

/// A committed run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// What the manifest says.
    pub manifest: Manifest,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Its file, relative to the store, with `/`.
    pub path: String,
    /// The file of its signature, likewise; `None` for an unsigned run. The signature is not
    /// checked here; see [`verify`](crate::verify) and [`verify_signature`](crate::verify_signature).
    pub signature: Option<String>,
}

/// The one form in which a manifest is written: indented JSON, fields in the order of the model,
/// one line feed at the end.
pub(crate) fn to_bytes(manifest: &Manifest) -> Result<Vec<u8>, StoreError> {
    let mut bytes = serde_json::to_vec_pretty(manifest).map_err(io::Error::from)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a manifest that has exactly the form of [`to_bytes`]. Any other form could say more than
/// this version sees: keys twice, other spellings of the same text.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Manifest, String> {
    #[derive(Deserialize)]
    struct Schema {
        schema: String,
    }
    let not_one = |e: serde_json::Error| format!("not a manifest: {}", layout::printable(&e.to_string()));
    let Schema { schema } = serde_json::from_slice(bytes).map_err(not_one)?;
    if schema != MANIFEST_SCHEMA {
        return Err(format!(
            "written as {schema:?}, and this version reads {MANIFEST_SCHEMA:?}; use the version of backproof that wrote it"
        ));
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(not_one)?;
    match to_bytes(&manifest) {
        Ok(again) if again == bytes => Ok(manifest),
        Ok(_) => Err("not in the form it was written in: the text was changed".to_owned()),
        Err(e) => Err(e.to_string()),
    }
}

/// What is wrong with a manifest's place in the chain, in order of importance.
pub(crate) fn misplaced(
    manifest: &Manifest,
    sequence: u64,
    previous: Option<&str>,
    store_id: &str,
) -> Option<(Misplaced, String)> {
    if manifest.store_id != store_id {
        let message = format!("belongs to the store {:?}, and this store is {store_id:?}", manifest.store_id);
        return Some((Misplaced::Store, message));
    }
    if manifest.sequence != sequence {
        let message = format!("has the sequence {}, and its name says {sequence}", manifest.sequence);
        return Some((Misplaced::Chain, message));
    }
    if manifest.previous.as_deref() != previous {
        let message = match (&manifest.previous, previous) {
            (None, _) => "names no manifest before it, and there is one".to_owned(),
            (Some(named), None) => format!("names {named:?} as the manifest before it, and it is the first"),
            (Some(named), Some(previous)) => {
                format!("names {named:?} as the manifest before it, which is {previous}: one of the two was changed")
            }
        };
        return Some((Misplaced::Chain, message));
    }
    None
}

/// In which way a manifest is out of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misplaced {
    Store,
    Chain,
}

/// Sequences of all manifests of a store, ascending.
pub(crate) fn sequences(root: &Path) -> io::Result<Vec<u64>> {
    let mut found: Vec<u64> = layout::names(&root.join(RUNS))?
        .iter()
        .filter_map(|name| match layout::run_file(name) {
            RunFile::Manifest(sequence) => Some(sequence),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    Ok(found)
}

/// A manifest's file, relative to the store, with `/`.
pub(crate) fn manifest_path(sequence: u64) -> String {
    format!("{RUNS}/{}", layout::manifest_name(sequence))
}

/// Reads manifests one at a time, oldest first. See [`Store::manifests`].
#[derive(Debug)]
pub struct Manifests {
    root: PathBuf,
    store_id: String,
    sequences: vec::IntoIter<u64>,
    before: Option<(u64, String)>,
}

impl Manifests {
    pub(crate) fn of(store: &Store) -> Result<Self, StoreError> {
        let sequences = sequences(store.path())?.into_iter();
        Ok(Self { root: store.path().to_path_buf(), store_id: store.id().to_owned(), sequences, before: None })
    }

    fn read(&self, sequence: u64) -> Result<Recorded, StoreError> {
        let path = manifest_path(sequence);
        let fault = |message: String| StoreError::Manifest { path: path.clone(), message };
        let expected = self.before.as_ref().map_or(1, |(last, _)| last + 1);
        if sequence != expected {
            return Err(fault(format!("a manifest before it, {}, is missing", manifest_path(expected))));
        }
        let bytes = layout::read_small(&self.root.join(&path), MANIFEST_LIMIT)?;
        let manifest = from_bytes(&bytes).map_err(fault)?;
        let previous = self.before.as_ref().map(|(_, digest)| digest.as_str());
        if let Some((_, message)) = misplaced(&manifest, sequence, previous, &self.store_id) {
            return Err(fault(message));
        }
        let signature = Some(format!("{RUNS}/{}", layout::signature_name(sequence)));
        let signature = signature.filter(|file| self.root.join(file).is_file());
        Ok(Recorded { manifest, digest: layout::sha256(&bytes), path, signature })
    }
}

impl Iterator for Manifests {
    type Item = Result<Recorded, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let sequence = self.sequences.next()?;
        let read = self.read(sequence);
        match &read {
            Ok(recorded) => self.before = Some((sequence, recorded.digest.clone())),
            // Nothing after a broken link can be relied on.
            Err(_) => self.sequences = Vec::new().into_iter(),
        }
        Some(read)
    }
}
