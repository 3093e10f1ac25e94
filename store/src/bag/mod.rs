//! Packets: BagIt folders (RFC 8493, SHA-256) with a signature over the list of all lists.
//!
//! ```text
//! bagit.txt                       makes it a bag
//! bag-info.txt                    who, when, how much, and the head of the store
//! manifest-sha256.txt             every file below data/
//! tagmanifest-sha256.txt          every file beside data/, the list above among them
//! tagmanifest-sha256.txt.sig      SSHSIG over it, namespace `backproof-packet@v1`, where there is a key
//! data/                           what the packet is for
//! ```
//!
//! The bytes depend on what is put in, and on nothing else: names ascend, modes are fixed whatever the umask, and no
//! clock is read. A packet is written beside its place and renamed, so that half a packet is never taken for one.

pub(crate) mod list;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::error::explained;
use crate::layout::{self, BUFFER, MANIFEST_LIMIT, printable};
use crate::signing::{PACKET_NAMESPACE, SignError, Signer};

/// Declares the bag; its only form.
pub const BAGIT: &str = "bagit.txt";
/// Content of [`BAGIT`].
pub(crate) const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
/// What the bag says of itself.
pub const BAG_INFO: &str = "bag-info.txt";
/// List of the files below [`DATA`].
pub const PAYLOAD_LIST: &str = "manifest-sha256.txt";
/// List of the files beside [`DATA`].
pub const TAG_LIST: &str = "tagmanifest-sha256.txt";
/// Signature of [`TAG_LIST`].
pub(crate) const SIGNATURE: &str = "tagmanifest-sha256.txt.sig";
/// What the packet is for.
pub(crate) const DATA: &str = "data";
/// The part of the evidence store that a packet holds, laid out as the store is.
pub const EVIDENCE: &str = "data/evidence";

/// Key of `bag-info.txt`: SHA-256 of the last run manifest that the packet rests on.
pub const HEAD: &str = "Backproof-Store-Head";
/// Key of `bag-info.txt`: fingerprint of the key that signed, or [`NOT_SIGNED`].
pub const SIGNED_BY: &str = "Backproof-Signed-By";
/// Key of `bag-info.txt`: up to when evidence was read (RFC 3339, UTC).
pub const AS_OF: &str = "Backproof-As-Of";
/// Value of [`SIGNED_BY`] where there is no key.
pub const NOT_SIGNED: &str = "nobody: this packet is unsigned";
/// Key of `bag-info.txt` that RFC 8493 defines: bytes and number of the files below `data/`.
pub(crate) const OXUM: &str = "Payload-Oxum";

/// Mode of every file: a packet is read, never changed.
const FILE_MODE: u32 = 0o444;

/// Why a packet was not written.
#[derive(Debug, thiserror::Error)]
pub enum BagError {
    /// The folder is not new.
    #[error(
        "{path} is not empty ({found} is in it), and a packet is never mixed with other files; name another folder"
    )]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        found: String,
    },
    /// A name that not every reader of the packet understands alike.
    #[error(
        "{0:?} cannot be the name of a file in a packet: use no control characters, no `\\`, no `%` and no `..`; rename it"
    )]
    Name(String),
    /// The same name twice.
    #[error("{0:?} would be in the packet twice; this is a defect of backproof")]
    Twice(String),
    /// The packet can't be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Reading or writing failed; the error names the path.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Beginning of the name of a folder that a packet is written in.
const BESIDE: &str = ".new-packet-";

/// A packet while it is written, beside its place. Dropped before [`BagWriter::finish`] it leaves nothing; what a killed
/// program left is removed by the next that writes there.
#[derive(Debug)]
pub struct BagWriter {
    target: PathBuf,
    folder: TempDir,
    /// Locked while the packet is written, so that nobody takes the folder for one that was left.
    _lock: Option<File>,
    files: BTreeMap<String, Put>,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// SHA-256 in lower-case hexadecimal.
    pub digest: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// A packet that is in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// SHA-256 of `tagmanifest-sha256.txt`: names every byte of the packet.
    pub digest: String,
    /// Files below `data/`.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
}

impl BagWriter {
    /// Begins a packet that will be the folder `target`, which must be new or empty.
    ///
    /// # Errors
    /// [`BagError::NotEmpty`], and those of making folders.
    pub fn begin(target: &Path) -> Result<Self, BagError> {
        match fs::symlink_metadata(target) {
            Ok(_) => {
                if let Some(found) = layout::names(target)?.into_iter().next() {
                    return Err(BagError::NotEmpty { path: target.to_path_buf(), found });
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(explained(&e, "look at", target).into()),
        }
        let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|e| explained(&e, "create the folder", parent))?;
        remove_left(parent);
        let folder =
            TempDir::with_prefix_in(BESIDE, parent).map_err(|e| explained(&e, "create a folder in", parent))?;
        let lock = lock(folder.path());
        Ok(Self { target: target.to_path_buf(), folder, _lock: lock, files: BTreeMap::new() })
    }

    /// The folder that the packet will lie in: a place with room for a packet.
    pub fn beside(&self) -> &Path {
        self.folder.path().parent().unwrap_or(Path::new("."))
    }

    /// Writes a file: below `data/`, or beside it where the name has no `/`.
    ///
    /// # Errors
    /// [`BagError::Name`], [`BagError::Twice`], and those of `fill` and of writing.
    pub fn file(&mut self, name: &str, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Put, BagError> {
        let plain = !name.chars().any(|c| c.is_control() || c == '%');
        if !plain || !list::is_inside(name) || (name.contains('/') && !name.starts_with("data/")) {
            return Err(BagError::Name(name.to_owned()));
        }
        if self.files.contains_key(name) {
            return Err(BagError::Twice(name.to_owned()));
        }
        let path = self.folder.path().join(name);
        let failed = |e: io::Error| explained(&e, "write", &path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = File::create_new(&path).map_err(failed)?;
        layout::set_mode(&file, FILE_MODE).map_err(failed)?;
        let mut out = Hashed { file: BufWriter::with_capacity(BUFFER, file), hash: Sha256::new(), bytes: 0 };
        fill(&mut out).and_then(|()| out.flush()).map_err(failed)?;
        let put = Put { digest: layout::hex(&out.hash.finalize()), bytes: out.bytes };
        self.files.insert(name.to_owned(), put.clone());
        Ok(put)
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// As [`BagWriter::file`].
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<Put, BagError> {
        self.file(name, |out| out.write_all(bytes))
    }

    /// Copies what can be read to its end.
    ///
    /// # Errors
    /// As [`BagWriter::file`], and those of reading.
    pub fn copy(&mut self, name: &str, from: &mut dyn Read) -> Result<Put, BagError> {
        self.file(name, |out| io::copy(from, out).map(|_| ()))
    }

    /// Files written so far, ascending by name.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Put)> {
        self.files.iter().map(|(name, put)| (name.as_str(), put))
    }

    /// Writes the lists, signs, and moves the packet to its place. `info` goes into `bag-info.txt` in this order.
    ///
    /// # Errors
    /// [`BagError::Sign`] and those of writing; then there is no packet.
    pub fn finish(mut self, info: &[(&str, String)], signer: Option<&Signer>) -> Result<Sealed, BagError> {
        let payload = |files: &BTreeMap<String, Put>| -> Vec<(String, Put)> {
            files.iter().filter(|(name, _)| name.starts_with("data/")).map(|(n, p)| (n.clone(), p.clone())).collect()
        };
        let payload = payload(&self.files);
        let (files, bytes) = (payload.len() as u64, payload.iter().map(|(_, p)| p.bytes).sum::<u64>());
        let of = |files: &[(String, Put)]| list::write(files.iter().map(|(n, p)| (n.as_str(), p.digest.as_str())));
        self.add(PAYLOAD_LIST, of(&payload).as_bytes())?;
        let mut said: String = info.iter().map(|(key, value)| format!("{key}: {}\n", printable(value))).collect();
        let by = signer.map_or_else(|| NOT_SIGNED.to_owned(), Signer::fingerprint);
        said.push_str(&format!("{SIGNED_BY}: {by}\n{OXUM}: {bytes}.{files}\n"));
        self.add(BAG_INFO, said.as_bytes())?;
        self.add(BAGIT, DECLARATION.as_bytes())?;
        let tags: Vec<(String, Put)> = self
            .files
            .iter()
            .filter(|(name, _)| !name.contains('/'))
            .map(|(name, put)| (name.clone(), put.clone()))
            .collect();
        let tags = of(&tags);
        let digest = self.add(TAG_LIST, tags.as_bytes())?.digest;
        if let Some(signer) = signer {
            let signature = signer.sign(PACKET_NAMESPACE, tags.as_bytes())?;
            self.add(SIGNATURE, signature.as_bytes())?;
        }
        self.place()?;
        Ok(Sealed { digest, files, bytes })
    }

    /// Renames the whole folder, so that there is a packet or none.
    fn place(self) -> io::Result<()> {
        let folder = self.folder.path();
        open_to_all(folder)?;
        let failed = |e: io::Error| explained(&e, "move the packet to", &self.target);
        #[cfg(not(unix))]
        let _ = fs::remove_dir(&self.target);
        fs::rename(folder, &self.target).map_err(failed)?;
        // It is no longer there to be removed.
        let _ = self.folder.keep();
        Ok(())
    }
}

/// Holds a folder for this process; `None` where another has it, or the system locks no folders.
fn lock(folder: &Path) -> Option<File> {
    let file = File::open(folder).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

/// Removes folders that a killed program left: nobody holds them. One that can't be removed does no harm.
fn remove_left(parent: &Path) {
    for name in layout::names(parent).unwrap_or_default().iter().filter(|name| name.starts_with(BESIDE)) {
        let folder = parent.join(name);
        let is_folder = fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir());
        if let Some(_held) = Some(&folder).filter(|_| is_folder).and_then(|folder| lock(folder)) {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

/// The files of the packet in the folder `path`, ascending by name, with their sizes and the hashes that its lists state.
/// The list of lists, which no list names, and its signature are hashed. Nothing is checked here: see [`crate::verify`].
///
/// # Errors
/// Lists that can't be read, and files that are not there.
pub fn files(path: &Path) -> io::Result<BTreeMap<String, Put>> {
    let small = |name: &str| layout::read_small(&path.join(name), MANIFEST_LIMIT);
    let mut out = BTreeMap::new();
    for name in [TAG_LIST, PAYLOAD_LIST] {
        let told = |why| io::Error::new(io::ErrorKind::InvalidData, format!("{name}: {why}"));
        for (file, digest) in list::read(&small(name)?).map_err(told)? {
            let bytes = fs::metadata(path.join(&file)).map_err(|e| explained(&e, "look at", &path.join(&file)))?.len();
            out.insert(file, Put { digest, bytes });
        }
    }
    for name in [TAG_LIST, SIGNATURE] {
        match small(name) {
            Ok(bytes) => {
                out.insert(name.to_owned(), Put { digest: layout::sha256(&bytes), bytes: bytes.len() as u64 });
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound && name == SIGNATURE => {}
            Err(e) => return Err(e),
        }
    }
    Ok(out)
}

/// Gives folders their mode, whatever the umask says.
fn open_to_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_to_all(&entry.path())?;
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Counts and hashes what is written.
struct Hashed {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hash.update(bytes.get(..n).unwrap_or_default());
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
