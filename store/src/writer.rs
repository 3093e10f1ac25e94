//! The one writer of a store.
//!
//! Order of writing: every object (temporary file, fsync, rename that never replaces), fsync of
//! the folders that got names, signature, manifest. The rename of the manifest is the commit, so
//! that a run that dies earlier leaves nothing that a reader sees: at most objects that no manifest
//! names, a signature without its manifest and unfinished files. The folders of objects are synced
//! once, before the signature, not after each object: nothing counts before the commit anyway.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use model::evidence::{MANIFEST_SCHEMA, Manifest};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::error::{PutError, StoreError, explained};
use crate::layout::{self, BUFFER, MANIFEST_LIMIT, OBJECTS, READ_ONLY, RUNS, STORE, UNFINISHED};
use crate::signing::{RUN_NAMESPACE, Signer};
use crate::{Store, chain};

/// Writes one run. Dropped without [`Writer::commit`], it leaves no run behind.
#[derive(Debug)]
pub struct Writer {
    root: PathBuf,
    store_id: String,
    /// `STORE`, locked until the writer is gone.
    _lock: Lock,
    sequence: u64,
    previous: Option<String>,
    buffer: Vec<u8>,
    /// Folders with names that may not have reached the disk.
    unsynced: BTreeSet<PathBuf>,
    failed: bool,
}

/// Writes bytes into unfinished files of the store, for several sources at once.
#[derive(Debug, Clone)]
pub struct Spooler {
    objects: PathBuf,
}

/// Bytes that are in the store and have no name yet. Dropped, they are gone.
#[derive(Debug)]
pub struct Spooled {
    temp: NamedTempFile,
    digest: String,
    size: u64,
}

impl Spooler {
    /// Writes and hashes everything `content` gives.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub fn spool(&self, content: &mut dyn Read) -> Result<Spooled, PutError> {
        let failed = |e: io::Error| PutError::Store(explained(&e, "write an object in", &self.objects));
        let mut temp = unfinished(&self.objects).map_err(failed)?;
        let mut buffer = vec![0; BUFFER];
        let mut hash = Sha256::new();
        let mut size = 0_u64;
        loop {
            let n = layout::fill(content, &mut buffer).map_err(PutError::Source)?;
            let chunk = buffer.get(..n).unwrap_or_default();
            if chunk.is_empty() {
                return Ok(Spooled { temp, digest: layout::hex(&hash.finalize()), size });
            }
            hash.update(chunk);
            temp.write_all(chunk).map_err(failed)?;
            size += chunk.len() as u64;
        }
    }
}

/// A run that has reached the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Position in the chain.
    pub sequence: u64,
    /// SHA-256 of the manifest: keep it elsewhere to be able to tell that nothing was removed.
    pub digest: String,
    /// The manifest, relative to the store, with `/`.
    pub path: String,
    /// Fingerprint (`SHA256:…`) of the key that signed it; `None` for an unsigned run.
    pub signed_by: Option<String>,
}

impl Writer {
    pub(crate) fn begin(store: &Store) -> Result<Self, StoreError> {
        let root = store.path().to_path_buf();
        let lock = lock(&root)?;
        layout::ensure_folder(&root.join(OBJECTS))?;
        layout::ensure_folder(&root.join(RUNS))?;
        for folder in [root.clone(), root.join(OBJECTS), root.join(RUNS)] {
            clean(&folder)?;
        }
        // A damaged chain does not stop collecting, because sources forget: the run follows the
        // newest manifest whatever it holds, and `verify` reports the damage.
        let last = chain::sequences(&root)?.last().copied();
        let previous = match last {
            Some(sequence) => {
                let path = root.join(chain::manifest_path(sequence));
                Some(layout::sha256(&layout::read_small(&path, MANIFEST_LIMIT)?))
            }
            None => None,
        };
        let sequence = last.unwrap_or(0).checked_add(1).ok_or_else(|| StoreError::Manifest {
            path: RUNS.to_owned(),
            message: "no sequence is left after the last manifest".to_owned(),
        })?;
        Ok(Self {
            root,
            store_id: store.id().to_owned(),
            _lock: lock,
            sequence,
            previous,
            buffer: vec![0; BUFFER],
            unsynced: BTreeSet::new(),
            failed: false,
        })
    }

    /// Position that the run will have in the chain.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Keeps everything `content` gives; answers its SHA-256 (lower-case hexadecimal) and size in
    /// bytes. Bytes that are in the store already are not written again, and are compared.
    ///
    /// # Errors
    /// [`PutError::Source`] where reading `content` failed: nothing is kept and the run can go on.
    /// [`PutError::Store`] where writing failed, or an object of that name has other bytes: the run
    /// must end, and this writer refuses everything after it.
    pub fn put(&mut self, content: &mut dyn Read) -> Result<(String, u64), PutError> {
        match self.spooler().spool(content) {
            Ok(spooled) => self.place_spooled(spooled),
            Err(e) => {
                self.failed |= matches!(e, PutError::Store(_));
                Err(e)
            }
        }
    }

    /// Takes bytes in without this writer, so that a slow source delays no other.
    #[must_use]
    pub fn spooler(&self) -> Spooler {
        Spooler { objects: self.root.join(OBJECTS) }
    }

    /// Makes spooled bytes an object of this run; answers as [`Writer::put`].
    ///
    /// # Errors
    /// [`PutError::Store`], as [`Writer::put`].
    pub fn place_spooled(&mut self, spooled: Spooled) -> Result<(String, u64), PutError> {
        if self.failed {
            return Err(PutError::Store(io::Error::other(StoreError::Aborted)));
        }
        let Spooled { temp, digest, size } = spooled;
        let placed = self.place(temp, &digest).map_err(PutError::Store);
        self.failed |= placed.is_err();
        placed.map(|()| (digest, size))
    }

    /// Gives a finished temporary file its name, unless the object is there already.
    fn place(&mut self, mut temp: NamedTempFile, digest: &str) -> io::Result<()> {
        let objects = self.root.join(OBJECTS);
        let folder = objects.join(layout::shard(digest));
        let target = folder.join(digest);
        if layout::ensure_folder(&folder)? {
            self.unsynced.insert(objects);
        }
        // An object left by an interrupted run may not have its name on the disk yet either.
        self.unsynced.insert(folder);
        if fs::symlink_metadata(&target).is_ok() {
            // A damaged object must not stand for good bytes.
            let mut existing = layout::open_regular(&target)?;
            let failed = |e: io::Error| explained(&e, "use the object", &target);
            return match same_bytes(temp.as_file_mut(), &mut existing, &mut self.buffer).map_err(failed)? {
                true => Ok(()),
                false => Err(failed(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "its bytes do not have this hash: it is damaged; move it elsewhere and collect again",
                ))),
            };
        }
        finish(&temp, READ_ONLY).map_err(|e| explained(&e, "write", &target))?;
        match temp.persist_noclobber(&target) {
            Ok(_) => Ok(()),
            Err(e) => Err(explained(&e.error, "write", &target)),
        }
    }

    /// Commits the run: brings everything to the disk, signs, and gives the manifest its name.
    ///
    /// `schema`, `sequence`, `previous` and `store_id` of the manifest are set here, whatever they
    /// hold. Every object it names must be in the store with the size it states.
    ///
    /// # Errors
    /// [`StoreError::Aborted`] after a failure of writing, [`StoreError::Commit`] for a manifest
    /// that does not fit the store, errors of signing and of writing. The run is then not committed.
    /// One exception: where the very last fsync fails the manifest may be seen, and may be gone
    /// after a loss of power; an error all the same.
    pub fn commit(mut self, mut manifest: Manifest, signer: Option<&Signer>) -> Result<Committed, StoreError> {
        if self.failed {
            return Err(StoreError::Aborted);
        }
        MANIFEST_SCHEMA.clone_into(&mut manifest.schema);
        manifest.sequence = self.sequence;
        manifest.previous = self.previous.take();
        manifest.store_id.clone_from(&self.store_id);
        self.check_objects(&manifest)?;
        let bytes = chain::to_bytes(&manifest)?;
        if bytes.len() as u64 > MANIFEST_LIMIT {
            return Err(StoreError::Commit(format!("its manifest is larger than {MANIFEST_LIMIT} bytes")));
        }
        // Never write what could not be read back.
        chain::from_bytes(&bytes).map_err(StoreError::Commit)?;

        for folder in &self.unsynced {
            layout::sync_folder(folder)?;
        }
        let runs = self.root.join(RUNS);
        let signature_name = layout::signature_name(self.sequence);
        let signed_by = match signer {
            Some(signer) => {
                let signature = signer.sign(RUN_NAMESPACE, &bytes)?;
                // Replaces the signature of an interrupted run: it has no manifest.
                publish(&runs, &signature_name, signature.as_bytes(), READ_ONLY, Existing::Replace)?;
                Some(signer.fingerprint())
            }
            None => {
                remove_if_there(&runs.join(signature_name))?;
                None
            }
        };
        publish(&runs, &layout::manifest_name(self.sequence), &bytes, READ_ONLY, Existing::Refuse)?;
        Ok(Committed {
            sequence: self.sequence,
            digest: layout::sha256(&bytes),
            path: chain::manifest_path(self.sequence),
            signed_by,
        })
    }

    fn check_objects(&self, manifest: &Manifest) -> Result<(), StoreError> {
        for page in manifest.sources.iter().flat_map(|source| &source.pages) {
            let path = self.root.join(layout::object_path(&page.object)?);
            let size = fs::symlink_metadata(&path).map_err(|e| explained(&e, "find the object", &path))?.len();
            if size != page.bytes {
                let (name, object, stated) = (&page.name, &page.object, page.bytes);
                return Err(StoreError::Commit(format!(
                    "{name:?} states {stated} bytes, and its object {object} has {size}"
                )));
            }
        }
        Ok(())
    }
}

/// The lock on `STORE`. The operating system ends it with the process, so no lock is ever stale.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    /// Closing alone would not do: a process that is being started at this moment still shares it.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

fn lock(root: &Path) -> Result<Lock, StoreError> {
    let path = root.join(STORE);
    // Open for writing, because network file systems give exclusive locks only then.
    let file =
        OpenOptions::new().read(true).write(true).open(&path).map_err(|e| explained(&e, "open for writing", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(root.to_path_buf())),
        Err(TryLockError::Error(e)) => Err(explained(&e, "lock", &path).into()),
    }
}

/// Removes what an interrupted writer left unfinished. Objects are kept: they may be the only copy.
fn clean(folder: &Path) -> io::Result<()> {
    for name in layout::names(folder)? {
        let path = folder.join(&name);
        if name.starts_with(UNFINISHED) && fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file()) {
            remove_if_there(&path)?;
        }
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(explained(&e, "remove", path)),
        _ => Ok(()),
    }
}

fn unfinished(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)
}

/// The mode comes first, so that it reaches the disk with the bytes.
fn finish(temp: &NamedTempFile, mode: u32) -> io::Result<()> {
    layout::set_mode(temp.as_file(), mode)?;
    temp.as_file().sync_all()
}

/// True where the two files hold the same bytes.
fn same_bytes(fresh: &mut File, existing: &mut File, buffer: &mut [u8]) -> io::Result<bool> {
    let mut other = vec![0; buffer.len()];
    fresh.rewind()?;
    loop {
        let n = layout::fill(fresh, buffer)?;
        let m = layout::fill(existing, &mut other)?;
        if buffer.get(..n) != other.get(..m) {
            return Ok(false);
        }
        if n == 0 {
            return Ok(true);
        }
    }
}

/// What to do where a file of the name is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Refuse,
    Replace,
}

/// Writes a whole file under a name: temporary file, mode, fsync, rename, fsync of the folder.
pub(crate) fn publish(folder: &Path, name: &str, bytes: &[u8], mode: u32, existing: Existing) -> io::Result<()> {
    let target = folder.join(name);
    let failed = |e: io::Error| explained(&e, "write", &target);
    let mut temp = unfinished(folder).map_err(failed)?;
    temp.write_all(bytes).map_err(failed)?;
    finish(&temp, mode).map_err(failed)?;
    let placed = match existing {
        Existing::Refuse => temp.persist_noclobber(&target),
        Existing::Replace => temp.persist(&target),
    };
    placed.map_err(|e| failed(e.error))?;
    layout::sync_folder(folder)
}
