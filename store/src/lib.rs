//! The append-only evidence store: raw bytes, one manifest a run, a chain, signatures. And packets, which hold a part
//! of it: [`bag`].
//!
//! ```text
//! STORE                        format and id of the store
//! objects/ab/<sha256>          raw bytes, read-only, named by their hash
//! runs/00000042.json           manifest of a run; its rename is the commit
//! runs/00000042.json.sig       its SSHSIG signature, where there is a key
//! receipts/  cache/            outside anchors; derived tables. Neither is part of the chain
//! ```
//!
//! Each manifest holds the SHA-256 of the bytes of the one before, so that whoever keeps the hash
//! of the last one can tell any later change to the store. The chain alone cannot tell that the
//! *last* manifests were removed: keep the newest sequence and hash elsewhere (a receipt, a packet,
//! a mail) to be able to.
//!
//! Nothing here reads a clock, the environment or the network. Ids and times come from the caller.

#[cfg(unix)]
mod agent;
pub mod bag;
mod chain;
mod error;
mod layout;
mod object;
mod signers;
mod signing;
pub mod timestamp;
mod verify;
mod writer;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

pub use chain::{Manifests, Recorded};
pub use error::{PutError, StoreError};
pub use layout::STORE_FORMAT;
use layout::{OBJECTS, RUNS, STORE, StoreFile, UNFINISHED};
pub use object::CheckedObject;
pub use signers::{AllowedSigners, AllowedSignersError, SignatureFault, SignedBy, verify_signature};
pub use signing::{PACKET_NAMESPACE, RUN_NAMESPACE, SignError, Signer};
pub use verify::{
    Checked, Expected, Kind, Problem, ProblemKind, SignerSeen, Signing, SigningState, Stamped, Verification, verify,
};
pub use writer::{Committed, Spooled, Spooler, Writer};

/// An evidence store, open for reading. Reading takes no lock and needs no right to write.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    id: String,
}

impl Store {
    /// Opens the store in the folder `path`.
    ///
    /// # Errors
    /// [`StoreError::NotAStore`] where there is none, [`StoreError::StoreFile`] for a store of
    /// another format, and errors of reading.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = StoreFile::read(path)?;
        Ok(Self { root: path.to_path_buf(), id: file.id })
    }

    /// Begins a store in the folder `path`, which must be new or empty.
    ///
    /// The id comes from the caller; it should be unique, because it is what ties manifests to
    /// their store. `STORE` is written last, so that a store that exists is whole.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] where anything is there already, be it a store or manifests whose
    /// `STORE` was lost; [`StoreError::StoreId`]; errors of writing.
    pub fn create(path: &Path, store_id: &str) -> Result<Self, StoreError> {
        if !layout::is_store_id(store_id) {
            return Err(StoreError::StoreId(store_id.to_owned()));
        }
        fs::create_dir_all(path).map_err(|e| error::explained(&e, "create the folder", path))?;
        // What an interrupted `create` left behind is no obstacle: empty folders, unfinished files.
        for name in layout::names(path)? {
            let begun = (name == OBJECTS || name == RUNS) && layout::names(&path.join(&name))?.is_empty();
            if !begun && !name.starts_with(UNFINISHED) {
                return Err(StoreError::NotEmpty { path: path.to_path_buf(), found: name });
            }
        }
        layout::ensure_folder(&path.join(OBJECTS))?;
        layout::ensure_folder(&path.join(RUNS))?;
        let file = StoreFile { format: STORE_FORMAT.to_owned(), id: store_id.to_owned() };
        writer::publish(path, STORE, &file.to_bytes()?, layout::LOCKABLE, writer::Existing::Refuse)?;
        if let Some(parent) = path.parent() {
            layout::sync_folder(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
        }
        Self::open(path)
    }

    /// Folder of the store.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Id of the store.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The one writer. It holds a lock until it is dropped or its run is committed.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process (or another writer of this one) writes, and
    /// errors of opening `STORE` for writing.
    pub fn writer(&self) -> Result<Writer, StoreError> {
        Writer::begin(self)
    }

    /// The manifests, oldest first, each checked against the chain as it is read.
    ///
    /// # Errors
    /// Those of listing the folder; the iterator then gives one error for the first manifest that
    /// is missing, damaged or does not follow the one before, and ends.
    pub fn manifests(&self) -> Result<Manifests, StoreError> {
        Manifests::of(self)
    }

    /// Opens an object for reading from its beginning. Its bytes are not hashed here; see
    /// [`Store::checked_object`] for that.
    ///
    /// # Errors
    /// [`StoreError::NotADigest`] for anything but 64 lower-case hexadecimal digits,
    /// [`StoreError::NoObject`] where it is missing, and errors of opening it.
    pub fn object(&self, digest: &str) -> Result<File, StoreError> {
        match layout::open_regular(&self.root.join(layout::object_path(digest)?)) {
            Ok(file) => Ok(file),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(StoreError::NoObject(digest.to_owned())),
            Err(e) => Err(e.into()),
        }
    }

    /// Opens an object for reading, hashed on the way: damage is an error at its end.
    ///
    /// # Errors
    /// As [`Store::object`].
    pub fn checked_object(&self, digest: &str) -> Result<CheckedObject, StoreError> {
        Ok(CheckedObject::new(self.object(digest)?, digest))
    }

    /// Folder of outside anchors (timestamps, object-lock versions). It may not be there yet.
    #[must_use]
    pub fn receipts(&self) -> PathBuf {
        self.root.join(layout::RECEIPTS)
    }

    /// Folder of derived tables. It may not be there yet, and may be removed at any time.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.root.join(layout::CACHE)
    }
}
