//! Brings the files of a source into the store, unjudged.
//!
//! A path is a file, a folder (read whole, with its folders), or a glob. What can't be read is a
//! problem that names the file; everything else is read. Order is by name, so that the same folder
//! always gives the same manifest.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use model::evidence::{Page, PassedOver, Problem, Redaction};
use model::time::Instant;
use serde::{Deserialize, Serialize};

use crate::{Claim, Kind, READ_LIMIT, record};

/// Takes bytes into the store.
pub trait Recorder {
    /// Keeps everything `content` gives; answers its SHA-256 (lower-case hex) and size.
    ///
    /// # Errors
    /// Those of reading `content` or of writing the store. The latter end the run.
    fn put(&mut self, content: &mut dyn Read) -> Result<(String, u64), PutError>;
}

/// Why bytes were not kept.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The source failed: report it and go on.
    #[error("{0}")]
    Source(io::Error),
    /// The store failed: end the run.
    #[error("{0}")]
    Store(io::Error),
}

/// What a source's folder held.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Objects, in order of name.
    pub pages: Vec<Page>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Files that are not this source's.
    pub passed_over: Vec<PassedOver>,
    /// Secrets that were removed before hashing.
    pub redactions: Vec<Redaction>,
    /// True where the path was gone through to its end.
    pub walked: bool,
}

/// Facts about a file that is a backup itself. Its content is production data and stays where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFacts {
    /// `backproof.file-facts/1`.
    pub schema: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the whole file, lower-case hex.
    pub sha256: String,
    /// First bytes, lower-case hex: the file's magic number (at most 16 bytes), or the header of a pg_dump archive
    /// (at most 128 bytes: format, creation time, database name and versions, no data).
    pub magic: String,
    /// Comment lines (`--`) among the first 64 lines, for SQL text.
    pub head: Vec<String>,
    /// Comment lines (`--`) among the last 4 KiB, for SQL text.
    pub tail: Vec<String>,
}

/// Format name of [`FileFacts`].
pub const FILE_FACTS: &str = "backproof.file-facts/1";

const HEAD: usize = 8192;
const TAIL: usize = 4096;
/// Most files that one source may hold.
const FILE_LIMIT: usize = 1_000_000;

/// Reads what `pattern` names (relative to `base`) into `recorder`. `progress` gets the number of files done, and
/// stops the reading by answering false.
///
/// # Errors
/// Only failures of the store; failures of the source are in [`Fetched::problems`].
pub fn files(
    kind: &Kind,
    base: &Path,
    pattern: &str,
    recorder: &mut dyn Recorder,
    progress: &mut dyn FnMut(usize) -> bool,
) -> Result<Fetched, io::Error> {
    let mut out = Fetched::default();
    let found = match find(base, pattern, &mut out.problems) {
        Ok(found) => found,
        Err(problem) => {
            out.problems.push(problem);
            return Ok(out);
        }
    };
    for (done, (name, path)) in found.iter().enumerate() {
        if !progress(done) {
            let message = format!("stopped by the operator before this file; {done} of {} were read", found.len());
            out.problems.push(Problem { document: name.clone(), place: None, message });
            return Ok(out);
        }
        if let Err(error) = local(kind, name, path, recorder, &mut out) {
            match error {
                PutError::Source(e) => {
                    out.problems.push(Problem { document: name.clone(), place: None, message: reason(&e) })
                }
                PutError::Store(e) => return Err(e),
            }
        }
    }
    out.walked = true;
    Ok(out)
}

fn local(kind: &Kind, name: &str, path: &Path, recorder: &mut dyn Recorder, out: &mut Fetched) -> Result<(), PutError> {
    // Asked before it is opened: opening a named pipe waits for somebody to write.
    let meta = std::fs::metadata(path).map_err(PutError::Source)?;
    if !meta.is_file() {
        out.passed_over.push(PassedOver { document: name.to_owned(), reason: "not a regular file".to_owned() });
        return Ok(());
    }
    let mut file = File::open(path).map_err(PutError::Source)?;
    match take(kind, name, meta.len(), &mut file, &mut |content| recorder.put(content))? {
        Taken::Kept(kept) => {
            out.redactions.extend(kept.redactions);
            out.pages.push(Page {
                name: name.to_owned(),
                object: kept.object,
                bytes: kept.bytes,
                modified_at: meta.modified().ok().map(Instant::from),
                items: None,
                request_id: None,
                http_status: None,
                cursor_in: None,
                cursor_out: None,
                attempts: None,
                etag: None,
                facts_only: kept.facts_only,
            });
        }
        Taken::Passed(reason) => out.passed_over.push(PassedOver { document: name.to_owned(), reason }),
    }
    Ok(())
}

/// What became of one file, wherever it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is in the store.
    Kept(Kept),
    /// It is not this source's.
    Passed(String),
}

/// A file in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// SHA-256 of the object, lower-case hex.
    pub object: String,
    /// Size of the object.
    pub bytes: u64,
    /// The object holds [`FileFacts`] in place of the content.
    pub facts_only: bool,
    /// Secrets that were removed before hashing.
    pub redactions: Vec<Redaction>,
}

/// Takes bytes into the store, as [`Recorder::put`] does.
pub type Put<'a> = dyn FnMut(&mut dyn Read) -> Result<(String, u64), PutError> + 'a;

/// Takes one file of `size` bytes, as the kind claims it: whole, as facts, or not at all. Of a file that is not this
/// source's no more than its first bytes are read.
///
/// # Errors
/// Those of reading `content` and of `put`.
pub fn take(kind: &Kind, name: &str, size: u64, content: &mut dyn Read, put: &mut Put<'_>) -> Result<Taken, PutError> {
    let mut head = Vec::with_capacity(HEAD);
    Read::take(&mut *content, HEAD as u64).read_to_end(&mut head).map_err(PutError::Source)?;
    let mut redactions = Vec::new();
    let claim = (kind.claim)(name, &head);
    let facts_only = claim == Claim::Facts;
    let (object, bytes) = match claim {
        Claim::Keep if record::is_record_name(name) && size <= READ_LIMIT => {
            let mut bytes = head;
            content.read_to_end(&mut bytes).map_err(PutError::Source)?;
            let (bytes, removed) = record::without_secrets(bytes);
            let redaction = |(place, what)| Redaction { document: name.to_owned(), place, what };
            redactions.extend(removed.into_iter().map(redaction));
            put(&mut bytes.as_slice())?
        }
        Claim::Keep => put(&mut head.as_slice().chain(content))?,
        Claim::Facts => {
            let facts = facts(&mut head.as_slice().chain(content)).map_err(PutError::Source)?;
            let json = serde_json::to_vec_pretty(&facts).map_err(|e| PutError::Source(e.into()))?;
            put(&mut json.as_slice())?
        }
        Claim::Pass(reason) => return Ok(Taken::Passed(reason)),
    };
    Ok(Taken::Kept(Kept { object, bytes, facts_only, redactions }))
}

/// Facts about everything `content` gives, in bounded memory.
///
/// # Errors
/// Those of reading.
pub fn facts(content: &mut dyn Read) -> io::Result<FileFacts> {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    let mut size = 0_u64;
    let mut head: Vec<u8> = Vec::new();
    let mut tail: Vec<u8> = Vec::new();
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let n = content.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        let chunk = &buffer[..n];
        hash.update(chunk);
        size += n as u64;
        if head.len() < HEAD {
            head.extend_from_slice(&chunk[..n.min(HEAD - head.len())]);
        }
        tail.extend_from_slice(&chunk[n.saturating_sub(TAIL)..]);
        let excess = tail.len().saturating_sub(TAIL);
        tail.drain(..excess);
    }
    let comments = |bytes: &[u8], limit: usize| -> Vec<String> {
        if bytes.contains(&0) {
            return Vec::new();
        }
        String::from_utf8_lossy(bytes)
            .lines()
            .take(limit)
            .filter(|l| l.starts_with("--") && l.len() > 2)
            .map(str::to_owned)
            .collect()
    };
    Ok(FileFacts {
        schema: FILE_FACTS.to_owned(),
        size,
        sha256: hex(&hash.finalize()),
        magic: hex(&head[..head.len().min(if head.starts_with(b"PGDMP") { 128 } else { 16 })]),
        head: comments(&head, 64),
        tail: comments(&tail, usize::MAX),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Names (relative, `/`) and paths of all files that `pattern` names, sorted by name.
///
/// # Errors
/// A pattern that is none, or that names nothing.
pub fn find(base: &Path, pattern: &str, problems: &mut Vec<Problem>) -> Result<Vec<(String, PathBuf)>, Problem> {
    let fault = |message: String| Problem { document: pattern.to_owned(), place: None, message };
    let whole = base.join(pattern);
    let literal = std::fs::symlink_metadata(&whole).is_ok();
    let (root, matcher) = if literal || !pattern.contains(['*', '?', '[', '{']) {
        (whole, None)
    } else {
        // The part before the first wildcard is where to look.
        let fixed: PathBuf = Path::new(pattern)
            .components()
            .take_while(|c| !c.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))
            .collect();
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|e| fault(format!("not a pattern: {}", e.kind())))?;
        (base.join(fixed), Some(glob.compile_matcher()))
    };
    let meta = std::fs::metadata(&root).map_err(|e| fault(reason(&e)))?;
    if meta.is_file() {
        let name = root.file_name().map_or_else(|| pattern.to_owned(), |n| n.to_string_lossy().into_owned());
        return Ok(vec![(name, root)]);
    }
    let mut seen = BTreeSet::new();
    for entry in walkdir::WalkDir::new(&root).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => {
                let path = entry.path();
                let Some(below_base) = path.strip_prefix(base).ok().or(Some(path)) else { continue };
                if matcher.as_ref().is_some_and(|m| !m.is_match(below_base)) {
                    continue;
                }
                let below_root = path.strip_prefix(&root).unwrap_or(path);
                seen.insert((below_root.to_string_lossy().replace('\\', "/"), path.to_path_buf()));
                if seen.len() > FILE_LIMIT {
                    return Err(fault(format!("more than {FILE_LIMIT} files: name a smaller folder or a pattern")));
                }
            }
            Err(e) => {
                let name = e
                    .path()
                    .map_or_else(|| pattern.to_owned(), |p| p.strip_prefix(&root).unwrap_or(p).display().to_string());
                let message = if e.loop_ancestor().is_some() {
                    "a symbolic link that leads back to its own folder; remove it".to_owned()
                } else {
                    e.io_error().map_or_else(|| e.to_string(), reason)
                };
                problems.push(Problem { document: name, place: None, message });
            }
        }
    }
    if seen.is_empty() && problems.is_empty() {
        return Err(fault(if matcher.is_some() {
            "no file matches this pattern".to_owned()
        } else {
            "the folder holds no file".to_owned()
        }));
    }
    Ok(seen.into_iter().collect())
}

/// An input error as a sentence with the next step, the same on every platform.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "not found: check `path` (it is relative to the configuration file)".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied: let the user that runs `collect` read it".to_owned(),
        io::ErrorKind::IsADirectory => "a folder where a file was expected".to_owned(),
        _ => error.to_string(),
    }
}

/// The claim of most readers: text, JSON and compressed files are kept; other binary files are
/// not evidence that a reader of logs could read. A text whose later lines hold NUL bytes (what a
/// power failure leaves of a log) is text: its bad lines are the reader's to tell.
#[must_use]
pub fn claim_text(_name: &str, head: &[u8]) -> Claim {
    let compressed = head.starts_with(&[0x1f, 0x8b]) || head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    // UTF-16 exports hold NUL bytes but begin with a byte order mark.
    let utf16 = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    let first = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let begins_as_text = !first.contains(&0) && first.first().is_none_or(u8::is_ascii) && first.len() < head.len();
    if head.contains(&0) && !begins_as_text && !compressed && !utf16 {
        return Claim::Pass("binary file".to_owned());
    }
    Claim::Keep
}
