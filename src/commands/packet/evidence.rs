//! The part of the evidence store that a packet holds: every run manifest, and the objects that its rows were read from.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use model::dossier::{Dossier, StoreSheet};
use model::time::Instant;
use store::bag::EVIDENCE;
use store::timestamp::{self, REPLY, REQUEST};
use store::{Recorded, Store};

use super::{Packet, tables};
use crate::failure::Failure;

/// How an object came into the store, as the last run that names it tells.
#[derive(Debug, Clone)]
pub struct Known {
    /// Name of the document, or path of the request.
    pub page: String,
    /// Size in bytes.
    pub bytes: u64,
    /// `<kind>.<id>` of the source.
    pub source: String,
    /// Path or address of the source.
    pub endpoint: String,
    /// Who read it.
    pub identity: Option<String>,
    /// When.
    pub collected_at: Instant,
    /// File of the manifest, relative to the store.
    pub manifest: String,
}

/// Manifests up to the last run of a dossier.
fn manifests<'s>(
    store: &'s Store,
    sheet: &StoreSheet,
) -> Result<impl Iterator<Item = Result<Recorded, Failure>> + use<'s>, Failure> {
    let last = sheet.last_run;
    let all = store.manifests()?.map(|r| r.map_err(Failure::from));
    Ok(all.take_while(move |r| r.as_ref().map_or(true, |r| r.manifest.sequence <= last)))
}

/// How each object of the store came into it.
///
/// # Errors
/// Those of reading manifests.
pub fn known(store: &Store, sheet: &StoreSheet) -> Result<BTreeMap<String, Known>, Failure> {
    let mut out = BTreeMap::new();
    for recorded in manifests(store, sheet)? {
        let recorded = recorded?;
        for source in &recorded.manifest.sources {
            for page in &source.pages {
                let known = Known {
                    page: page.name.clone(),
                    bytes: page.bytes,
                    source: format!("{}.{}", source.kind, source.source_id),
                    endpoint: source.endpoint.clone(),
                    identity: source.identity.clone(),
                    collected_at: source.collected_at,
                    manifest: recorded.path.clone(),
                };
                out.insert(page.object.clone(), known);
            }
        }
    }
    Ok(out)
}

impl Packet<'_> {
    /// Writes manifests with their signatures, objects but for those withheld, receipts, and the list of the withheld.
    pub(super) fn evidence(&mut self, d: &Dossier) -> Result<(), Failure> {
        if let Some(stray) = self.withheld.keys().find(|digest| !self.objects.contains(*digest)) {
            return Err(Failure::usage(
                format!("the object {stray} is to be withheld, and nothing in the packet rests on it"),
                "no packet was written; take its line out of the file of --withhold, or correct the hash",
            ));
        }
        let root = self.store.path().to_path_buf();
        self.file(&root, "STORE")?;
        let mut runs = BTreeMap::new();
        for recorded in manifests(self.store, &d.store)? {
            let recorded = recorded?;
            self.file(&root, &recorded.path)?;
            runs.insert(recorded.digest, recorded.path.clone());
            if let Some(signature) = &recorded.signature {
                self.file(&root, signature)?;
            }
        }
        self.receipts(&root, &runs)?;
        for digest in self.objects.iter().filter(|d| !self.withheld.contains_key(*d)) {
            let mut object = self.store.checked_object(digest)?;
            let folder = digest.get(..2).unwrap_or_default();
            self.bag.copy(&format!("{EVIDENCE}/objects/{folder}/{digest}"), &mut object)?;
        }
        if !d.withheld.is_empty() {
            self.bag.file("data/withheld.csv", |out| {
                tables::line(out, ["sha256", "bytes", "reason", "source", "collected_at"])?;
                for w in &d.withheld {
                    let (bytes, at) = (w.bytes.to_string(), model::time::utc_text(w.collected_at));
                    tables::line(out, [&*w.sha256, &bytes, &w.reason, &w.source, &at])?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Copies receipts; of timestamps those that are over runs in the packet. `runs` are their files by their hash.
    fn receipts(&mut self, root: &Path, runs: &BTreeMap<String, String>) -> Result<(), Failure> {
        let names = below(&self.store.receipts(), "")?;
        for name in &names {
            let path = format!("receipts/{name}");
            if let Some(stem) = name.strip_suffix(REPLY) {
                let read = |path: &str| fs::read(root.join(path)).map_err(|e| unreadable(&root.join(path), &e));
                let request = format!("{stem}{REQUEST}");
                let asked = if names.contains(&request) { Some(format!("receipts/{request}")) } else { None };
                let (reply, asks) = (read(&path)?, asked.as_deref().map(read).transpose()?);
                // A reply that is no good is the store's to tell: `verify` does.
                let Ok(stamp) = timestamp::read(&reply) else { continue };
                let good = timestamp::check(&reply, &stamp.sha256, asks.as_deref()).is_ok();
                let Some(over) = runs.get(&stamp.sha256).filter(|_| good) else { continue };
                for file in asked.iter().chain([&path]) {
                    self.file(root, file)?;
                }
                self.timestamps.push((format!("{EVIDENCE}/{path}"), format!("{EVIDENCE}/{over}"), stamp.at));
            } else if !name.ends_with(REQUEST) {
                self.file(root, &path)?;
            }
        }
        Ok(())
    }

    /// Copies a file of the store.
    fn file(&mut self, root: &Path, name: &str) -> Result<(), Failure> {
        let path = root.join(name);
        let mut file = File::open(&path).map_err(|e| unreadable(&path, &e))?;
        self.bag.copy(&format!("{EVIDENCE}/{name}"), &mut file)?;
        Ok(())
    }
}

/// Names of the files below a folder that may not be there, sorted.
fn below(folder: &Path, prefix: &str) -> Result<Vec<String>, Failure> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| unreadable(folder, &e))? {
        let entry = entry.map_err(|e| unreadable(folder, &e))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(|e| unreadable(&entry.path(), &e))?;
        if kind.is_dir() {
            out.extend(below(&entry.path(), &format!("{name}/"))?);
        } else if kind.is_file() {
            out.push(name);
        }
    }
    out.sort();
    Ok(out)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::program(format!("could not read {}: {error}", path.display()))
        .help("no packet was written; run `backproof verify` on the store")
}
