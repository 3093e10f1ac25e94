//! What can go wrong with a store, said so that the reader knows what to do next.

use std::io;
use std::path::{Path, PathBuf};

use crate::signing::SignError;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No store there.
    #[error("{0}: not an evidence store (no STORE file); name the folder that `backproof collect` writes")]
    NotAStore(PathBuf),
    /// A new store would mix with what is there already.
    #[error(
        "{path}: {found} is there already, so no new store is begun; name an empty folder, or restore the STORE file"
    )]
    NotEmpty {
        /// Folder asked for.
        path: PathBuf,
        /// What stands in the way.
        found: String,
    },
    /// The `STORE` file is not one this version reads.
    #[error("{path}: {message}")]
    StoreFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The id for a new store can't be used.
    #[error("\"{0}\" cannot be the id of a store; use 1 to 128 letters, digits, `.`, `_` or `-`")]
    StoreId(String),
    /// Another process writes.
    #[error(
        "{0}: another process is writing this store; wait until it has ended. The lock ends with its process, so nothing needs to be removed"
    )]
    Locked(PathBuf),
    /// Not a SHA-256 in lower-case hexadecimal.
    #[error("\"{0}\" is not the name of an object; objects are named by 64 lower-case hexadecimal digits")]
    NotADigest(String),
    /// The object is not in the store.
    #[error("object {0} is not in the store; run `backproof verify` on the store and restore the object from a copy")]
    NoObject(String),
    /// A manifest can't be relied on.
    #[error("{path}: {message}; run `backproof verify` on the store")]
    Manifest {
        /// The manifest, relative to the store.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// The manifest to commit does not fit the objects in the store.
    #[error("the run cannot be committed: {0}")]
    Commit(String),
    /// An earlier failure of this writer left it unknown what has reached the disk.
    #[error("writing the store failed earlier in this run, so the run is not committed; collect again")]
    Aborted,
    /// The run can't be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Reading or writing failed; the error names the path.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Why bytes were not kept.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// Reading what was to be kept failed: report it and go on.
    #[error("{0}")]
    Source(io::Error),
    /// Writing the store failed: end the run. The writer refuses everything after it.
    #[error("{0}")]
    Store(io::Error),
}

/// Adds to an error of the operating system what was tried, on which path, and what helps.
pub(crate) fn explained(error: &io::Error, doing: &str, path: &Path) -> io::Error {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => "; free space on this disk, then collect again",
        io::ErrorKind::QuotaExceeded => "; raise the quota or free space, then collect again",
        io::ErrorKind::ReadOnlyFilesystem => "; mount it writable, or name another folder",
        io::ErrorKind::PermissionDenied => "; let the user that runs backproof read and write this folder",
        _ => "",
    };
    io::Error::new(error.kind(), format!("cannot {doing} {}: {error}{hint}", path.display()))
}
