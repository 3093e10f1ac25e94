//! Names and folders of a store, and the few disk operations that durability rests on.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{StoreError, explained};

/// Format name written into `STORE`.
pub const STORE_FORMAT: &str = "backproof.store/1";

/// File that makes a folder a store.
pub(crate) const STORE: &str = "STORE";
/// Folder of raw bytes.
pub(crate) const OBJECTS: &str = "objects";
/// Folder of manifests.
pub(crate) const RUNS: &str = "runs";
/// Folder of outside anchors. Filled after the run; nothing in the chain rests on it.
pub(crate) const RECEIPTS: &str = "receipts";
/// Folder of derived tables. May be removed at any time.
pub(crate) const CACHE: &str = "cache";
/// Mode of everything that never changes.
pub(crate) const READ_ONLY: u32 = 0o444;
/// Mode of `STORE`: the writer's lock is taken on it, for which some file systems want it writable.
pub(crate) const LOCKABLE: u32 = 0o644;
/// Beginning of the names of files that are still being written.
pub(crate) const UNFINISHED: &str = ".new-";

/// Most bytes of a manifest: a million pages fit. More is refused before it is read into memory.
pub(crate) const MANIFEST_LIMIT: u64 = 1 << 30;
/// Most bytes of `STORE` and of a signature.
pub(crate) const SMALL_LIMIT: u64 = 1 << 16;
/// Size of the buffers that objects stream through.
pub(crate) const BUFFER: usize = 1 << 20;

/// Content of `STORE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreFile {
    /// [`STORE_FORMAT`].
    pub(crate) format: String,
    /// Id of the store, repeated in every manifest.
    pub(crate) id: String,
}

impl StoreFile {
    /// Reads and checks `STORE` in `root`.
    pub(crate) fn read(root: &Path) -> Result<Self, StoreError> {
        #[derive(Deserialize)]
        struct Format {
            format: String,
        }
        let path = root.join(STORE);
        let bytes = match read_small(&path, SMALL_LIMIT) {
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(StoreError::NotAStore(root.to_path_buf()));
            }
            other => other?,
        };
        let fault = |message: String| StoreError::StoreFile { path: path.clone(), message };
        let damaged = |e: serde_json::Error| {
            fault(format!("damaged ({}); restore it from a copy of the store", printable(&e.to_string())))
        };
        // The format decides how the rest is read, so it is looked at first.
        let Format { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if format != STORE_FORMAT {
            return Err(fault(format!(
                "the store has the format {format:?}, and this version reads {STORE_FORMAT:?}; use the version of backproof that wrote it"
            )));
        }
        let file: Self = serde_json::from_slice(&bytes).map_err(damaged)?;
        if !is_store_id(&file.id) || file.to_bytes()? != bytes {
            return Err(fault("changed since it was written; restore it from a copy of the store".to_owned()));
        }
        Ok(file)
    }

    /// The one form in which it is written.
    pub(crate) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// True for ids that a store may have.
pub(crate) fn is_store_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// True for a SHA-256 in lower-case hexadecimal, the only form a path is ever made of.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// First two digits of an object's name: its folder.
pub(crate) fn shard(digest: &str) -> &str {
    digest.get(..2).unwrap_or(digest)
}

/// Where an object lies, relative to the store. Refuses anything but a digest.
pub(crate) fn object_path(digest: &str) -> Result<PathBuf, StoreError> {
    if !is_digest(digest) {
        return Err(StoreError::NotADigest(digest.to_owned()));
    }
    Ok([OBJECTS, shard(digest), digest].iter().collect())
}

/// File name of a manifest.
pub(crate) fn manifest_name(sequence: u64) -> String {
    format!("{sequence:08}.json")
}

/// File name of the signature of a manifest.
pub(crate) fn signature_name(sequence: u64) -> String {
    format!("{sequence:08}.json.sig")
}

/// What a file in `runs/` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunFile {
    Manifest(u64),
    Signature(u64),
    Unfinished,
    Foreign,
}

/// Tells by its name what a file in `runs/` is. Only the exact names that are written count.
pub(crate) fn run_file(name: &str) -> RunFile {
    if name.starts_with(UNFINISHED) {
        return RunFile::Unfinished;
    }
    let digits = name.split('.').next().unwrap_or_default();
    match digits.parse::<u64>() {
        Ok(sequence) if sequence > 0 && name == manifest_name(sequence) => RunFile::Manifest(sequence),
        Ok(sequence) if sequence > 0 && name == signature_name(sequence) => RunFile::Signature(sequence),
        _ => RunFile::Foreign,
    }
}

/// Names in a folder, sorted; names that are not UTF-8 with replacement characters, which no name
/// of a store has.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let failed = |e: io::Error| explained(&e, "list", folder);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Reads a whole regular file of at most `limit` bytes. Nothing else is opened: a named pipe would
/// wait for ever, and a symbolic link leads out of the store.
pub(crate) fn read_small(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let failed = |e: io::Error| explained(&e, "read", path);
    let file = open_regular(path)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, format!("larger than {limit} bytes"))));
    }
    Ok(bytes)
}

/// Opens a regular file for reading; see [`read_small`].
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let failed = |e: io::Error| explained(&e, "read", path);
    if !fs::symlink_metadata(path).map_err(failed)?.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, "not a regular file")));
    }
    File::open(path).map_err(failed)
}

/// Reads until `buffer` is full or the end is reached.
pub(crate) fn fill(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// Makes the names in a folder survive a loss of power.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| explained(&e, "bring to disk the folder", folder))
}

/// Creates a folder unless it is there; true where it was created.
pub(crate) fn ensure_folder(folder: &Path) -> io::Result<bool> {
    match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(explained(&e, "create the folder", folder)),
    }
}

/// Gives a file its mode, whatever the umask says.
#[cfg(unix)]
pub(crate) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

/// Makes a file read-only where its mode lets nobody write.
#[cfg(not(unix))]
pub(crate) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    let mut permissions = file.metadata()?.permissions();
    permissions.set_readonly(mode & 0o222 == 0);
    file.set_permissions(permissions)
}

/// Text from outside, so that it can't command a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
