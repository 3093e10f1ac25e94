//! Dump files: what their first and last bytes tell. Their content is never read or kept.
//!
//! Sources: `pg_backup_archiver.c` (header of custom, directory and tar archives, versions 1.11 to 1.16),
//! `pg_dump.c` and `pg_dumpall.c` (comments of plain dumps), RFC 9580 (OpenPGP packets).

use std::io::Read;

use chrono::NaiveDate;
use model::time::Instant;

use super::stamp::{self, Stamp};
use crate::fetch::{self, FILE_FACTS, FileFacts};
use crate::{Claim, Document};

/// What a dump file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `pg_dump -Fc`, or the `toc.dat` of `-Fd`.
    Archive,
    /// SQL of one database.
    Plain,
    /// SQL of `pg_dumpall`.
    Cluster,
    /// A tar file: `pg_dump -Ft`, or a base backup.
    Tar,
    /// Compressed or encrypted: what is inside is not known.
    Sealed,
    /// Nothing at all, or a compressed nothing.
    Empty,
}

/// One dump file.
#[derive(Debug, Clone)]
pub(super) struct DumpFile {
    pub(super) name: String,
    pub(super) sha256: String,
    pub(super) size: u64,
    pub(super) form: Form,
    pub(super) database: Option<String>,
    pub(super) started: Option<Stamp>,
    pub(super) ended: Option<Stamp>,
    /// True or false where the file itself tells whether it is whole.
    pub(super) complete: Option<bool>,
    pub(super) encrypted: Option<bool>,
    pub(super) cipher: Option<String>,
    pub(super) modified_at: Option<Instant>,
}

impl DumpFile {
    /// Last part of its name; of a directory dump, the directory's.
    pub(super) fn base(&self) -> &str {
        base(self.name.strip_suffix("/toc.dat").unwrap_or(&self.name))
    }

    /// Id of the recovery point: file names are reused every night, so the content's digest is part of it.
    pub(super) fn point_id(&self) -> String {
        format!("{}@{}", self.name, self.sha256.get(..12).unwrap_or(&self.sha256))
    }
}

/// Last part of a path.
pub(super) fn base(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// Endings that dump files have.
const ENDINGS: &[&str] = &[
    ".dump", ".dmp", ".sql", ".pgdump", ".pgsql", ".backup", ".bak", ".custom", ".tar", ".gz", ".tgz", ".bz2", ".xz",
    ".zst", ".lz4", ".gpg", ".pgp", ".asc", ".age", ".enc", ".aes", ".dat",
];

/// True for names that dump files have.
pub(super) fn has_dump_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

/// True for names that only an encrypting tool gives.
pub(super) fn has_encrypted_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    [".gpg", ".pgp", ".asc", ".age", ".enc", ".aes"].iter().any(|ending| lower.ends_with(ending))
}

/// What to do with a file: dumps are never kept, logs are, and so are compressed logs.
pub(super) fn claim(name: &str, head: &[u8]) -> Claim {
    if head.is_empty() {
        return if has_dump_name(name) { Claim::Facts } else { Claim::Keep };
    }
    if is_file_facts(head) {
        return Claim::Keep;
    }
    if is_dump(name, head) {
        return Claim::Facts;
    }
    if compressed(head) {
        return if is_log(&inflate(head)) { Claim::Keep } else { Claim::Facts };
    }
    if head.contains(&0) {
        return if has_dump_name(name) { Claim::Facts } else { Claim::Pass("binary file".to_owned()) };
    }
    Claim::Keep
}

fn is_file_facts(head: &[u8]) -> bool {
    head.trim_ascii_start().starts_with(b"{") && contains(head, FILE_FACTS.as_bytes())
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|w| w == needle)
}

fn is_dump(name: &str, head: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    head.starts_with(b"PGDMP")
        || is_tar(head)
        || open_pgp(head).is_some()
        || head.starts_with(b"Salted__")
        || head.starts_with(b"age-encryption.org/")
        || head.starts_with(b"-----BEGIN PGP MESSAGE")
        || head.starts_with(b"-----BEGIN AGE ENCRYPTED")
        // Any SQL file may hold data, whoever wrote it.
        || lower.ends_with(".sql")
        || plain_header(&String::from_utf8_lossy(head)).is_some()
}

fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar") || head.starts_with(b"toc.dat\0")
}

fn compressed(head: &[u8]) -> bool {
    [&b"\x1f\x8b"[..], b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"]
        .iter()
        .any(|m| head.starts_with(m))
}

/// As much of a gzip or zstd stream as its first bytes give.
fn inflate(head: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let limit = 1 << 16;
    // The head ends in the middle of the stream: what came before the end is what we want.
    let _ends_early = if head.starts_with(b"\x1f\x8b") {
        flate2::read::MultiGzDecoder::new(head).take(limit).read_to_end(&mut out)
    } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
        zstd::stream::read::Decoder::new(head).and_then(|d| d.take(limit).read_to_end(&mut out))
    } else {
        Ok(0)
    };
    out
}

/// True for text whose first lines are those of a log, and not of a dump.
fn is_log(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    !text.contains('\0')
        && plain_header(&text).is_none()
        && text.lines().take(64).any(|l| super::log::tool_message(l).is_some() || stamp::split(l).is_some())
}

/// The title comment among the first lines of a plain dump.
fn plain_header(text: &str) -> Option<Form> {
    text.lines().take(64).find_map(|line| match line.trim_end() {
        "-- PostgreSQL database dump" => Some(Form::Plain),
        "-- PostgreSQL database cluster dump" => Some(Form::Cluster),
        _ => None,
    })
}

/// Reads a document that is a dump, or facts about one; `None` where it is neither.
///
/// # Errors
/// A message where it is facts that can't be read.
pub(super) fn read(document: &Document) -> Result<Option<DumpFile>, String> {
    let mut head = Vec::new();
    document.raw().and_then(|r| r.take(1 << 13).read_to_end(&mut head)).map_err(|e| e.to_string())?;
    let facts = if is_file_facts(&head) {
        let bytes = document.bytes().map_err(|e| e.to_string())?;
        let facts: FileFacts = serde_json::from_slice(&bytes)
            .map_err(|e| format!("line {}: not the facts of a file: {e}; collect the source again", e.line()))?;
        if facts.size == 0 && !has_dump_name(document.name()) {
            return Ok(None);
        }
        facts
    } else if claim(document.name(), &head) == Claim::Facts {
        let mut raw = document.raw().map_err(|e| e.to_string())?;
        fetch::facts(&mut raw).map_err(|e| e.to_string())?
    } else {
        return Ok(None);
    };
    Ok(Some(from_facts(document, facts)))
}

fn from_facts(document: &Document, facts: FileFacts) -> DumpFile {
    let magic = unhex(&facts.magic);
    let mut out = DumpFile {
        name: document.name().to_owned(),
        sha256: facts.sha256,
        size: facts.size,
        form: Form::Sealed,
        database: None,
        started: None,
        ended: None,
        complete: None,
        encrypted: None,
        cipher: None,
        modified_at: document.modified_at(),
    };
    if facts.size == 0 || empty_inside(&magic, facts.size, base(document.name())) {
        out.form = Form::Empty;
        out.complete = Some(false);
    } else if let Some(form) = plain_header(&facts.head.join("\n")) {
        out.form = form;
        out.encrypted = Some(false);
        let trailer = match form {
            Form::Cluster => "-- PostgreSQL database cluster dump complete",
            _ => "-- PostgreSQL database dump complete",
        };
        let last = |prefix: &str, lines: &[String]| {
            lines.iter().rev().find_map(|l| l.strip_prefix(prefix)).and_then(stamp::split).map(|(stamp, _)| stamp)
        };
        out.complete = Some(facts.tail.iter().any(|l| l.trim_end() == trailer));
        out.started = last("-- Started on ", &facts.head);
        out.ended = last("-- Completed on ", &facts.tail);
    } else if magic.starts_with(b"PGDMP") {
        out.form = Form::Archive;
        out.encrypted = Some(false);
        if let Some((started, database)) = archive_header(&magic) {
            out.started = started;
            out.database = database;
        }
    } else if magic.starts_with(b"toc.dat\0") || base(document.name()).ends_with(".tar") {
        out.form = Form::Tar;
        out.encrypted = Some(false);
    } else if let Some(cipher) = open_pgp(&magic) {
        out.encrypted = Some(true);
        out.cipher = cipher.map(str::to_owned);
    } else if [&b"Salted__"[..], b"age-encryption.o", b"-----BEGIN PGP M", b"-----BEGIN AGE E"]
        .iter()
        .any(|m| magic.starts_with(m))
        || has_encrypted_name(document.name())
    {
        out.encrypted = Some(true);
    }
    out
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map_while(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

/// True for a compressed file with nothing in it: the size of an empty stream of each format.
fn empty_inside(magic: &[u8], size: u64, name: &str) -> bool {
    if magic.starts_with(b"\x1f\x8b") {
        // `gzip FILE` puts the file's name into the header (flag 8); a pipe does not.
        let stored_name = if magic.get(3).is_some_and(|flags| flags & 8 != 0) {
            name.strip_suffix(".gz").unwrap_or(name).len() as u64 + 1
        } else {
            0
        };
        return size <= 20 + stored_name;
    }
    (magic.starts_with(b"BZh") && size <= 14)
        || (magic.starts_with(b"\xfd7zXZ\0") && size <= 32)
        || (magic.starts_with(b"\x28\xb5\x2f\xfd") && size <= 13)
        || (magic.starts_with(b"\x04\x22\x4d\x18") && size <= 15)
}

/// The first packet of an OpenPGP message: a session key by passphrase (tag 3, which names the cipher) or by
/// public key (tag 1, which does not).
#[expect(clippy::option_option, reason = "not OpenPGP, OpenPGP without a cipher named, OpenPGP with one")]
fn open_pgp(head: &[u8]) -> Option<Option<&'static str>> {
    let first = *head.first()?;
    let (tag, body) = match first {
        0xc1 | 0xc3 => (first & 0x3f, if head.get(1)? < &192 { 2 } else { 3 }),
        0x84..=0x87 | 0x8c..=0x8f => ((first >> 2) & 0x0f, [2, 3, 5, 1][usize::from(first & 3)]),
        _ => return None,
    };
    let version = *head.get(body)?;
    match (tag, version) {
        (3, 4..=6) => {
            let at = if version == 4 { body + 1 } else { body + 2 };
            Some(match head.get(at)? {
                1 => Some("IDEA"),
                2 => Some("3DES"),
                3 => Some("CAST5"),
                4 => Some("Blowfish"),
                7 => Some("AES128"),
                8 => Some("AES192"),
                9 => Some("AES256"),
                10 => Some("Twofish"),
                11..=13 => Some("Camellia"),
                _ => None,
            })
        }
        (1, 2..=6) => Some(None),
        _ => None,
    }
}

/// Creation time (wall clock of the machine that dumped) and database name of an archive.
fn archive_header(bytes: &[u8]) -> Option<(Option<Stamp>, Option<String>)> {
    let mut at = 5;
    let mut byte = || {
        let b = bytes.get(at).copied();
        at += 1;
        b
    };
    let version = (byte()?, byte()?);
    let _revision = byte()?;
    let int_size = usize::from(byte()?);
    let _offset_size = byte()?;
    let _format = byte()?;
    if !(1..=8).contains(&int_size) {
        return None;
    }
    // An integer is a sign byte and `int_size` bytes, lowest first.
    let mut int = || {
        let negative = byte()? != 0;
        let mut value = 0_i64;
        for shift in 0..int_size {
            value |= i64::from(byte()?).checked_shl(u32::try_from(shift * 8).ok()?)?;
        }
        Some(if negative { -value } else { value })
    };
    // 1.15 replaced the compression level by one byte for the algorithm.
    if version >= (1, 15) {
        at += 1;
        return archive_date(bytes, at, int_size);
    }
    int()?;
    archive_date(bytes, at, int_size)
}

fn archive_date(bytes: &[u8], mut at: usize, int_size: usize) -> Option<(Option<Stamp>, Option<String>)> {
    let mut int = || {
        let field = bytes.get(at..at + int_size + 1)?;
        at += int_size + 1;
        let value = field.iter().skip(1).take(4).rev().fold(0_i64, |v, b| (v << 8) | i64::from(*b));
        Some(if field.first() == Some(&0) { value } else { -value })
    };
    let mut fields = [0_u32; 6];
    for field in &mut fields {
        *field = u32::try_from(int()?).ok()?;
    }
    let [second, minute, hour, day, month, year] = fields;
    int()?;
    let stamp = i32::try_from(year + 1900)
        .ok()
        .and_then(|year| NaiveDate::from_ymd_opt(year, month + 1, day))
        .and_then(|date| date.and_hms_opt(hour, minute, second.min(59)))
        .map(|local| Stamp::Local(local, None));
    let length = int().and_then(|n| usize::try_from(n).ok()).filter(|n| (1..=255).contains(n));
    let database = length.and_then(|n| bytes.get(at..at + n)).map(|b| String::from_utf8_lossy(b).into_owned());
    Some((stamp, database))
}
