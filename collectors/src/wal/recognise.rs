//! Which archive a key belongs to, and what it is there: by its folders and the form of its name alone.
//!
//! | Layout | Keys |
//! |---|---|
//! | WAL-G, WAL-E | `<root>/wal_005/<file>`, `<root>/basebackups_005/base_…`, `<root>/catchup_005/…` |
//! | pgBackRest | `<root>/archive/<stanza>/<version>-<n>/<16 hex>/<file>`, `<root>/backup/<stanza>/<label>/…` |
//! | Barman | `<root>/<server>/wals/<16 hex>/<file>`, `<root>/<server>/base/<id>/…` |
//!
//! A key that merely lies in a folder of such a name is not taken: the form decides.

use super::segment::{ArchiveFile, RawSegment, archive_file};
use super::sentinel::{SENTINEL, base_name};

/// Tool whose layout it is. WAL-G reads and writes WAL-E's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// WAL-G or WAL-E.
    WalG,
    /// pgBackRest.
    PgBackRest,
    /// Barman.
    Barman,
}

/// A key that belongs to an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known<'k> {
    /// Layout.
    pub family: Family,
    /// Where the archive is: the folder that holds its folders; for pgBackRest and Barman stanza or server behind it.
    pub root: String,
    /// What the key is there.
    pub what: What<'k>,
}

/// What a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What<'k> {
    /// A file of the log archive. `id` tells archives below one root apart (pgBackRest: `15-1`).
    Log {
        /// Archive of the root.
        id: &'k str,
        /// The file.
        file: ArchiveFile,
        /// As PostgreSQL wrote it.
        plain: bool,
    },
    /// The object that is written last: the base backup of this name is finished.
    End(&'k str),
    /// Data of the base backup of this name.
    Data(&'k str),
    /// Something else of the archive.
    Other,
}

/// Recognises a key.
pub(crate) fn recognise(key: &str) -> Option<Known<'_>> {
    wal_g(key).or_else(|| pgbackrest(key)).or_else(|| barman(key))
}

/// The part before a folder of this name and the part behind it, at its last occurrence.
fn around<'k>(key: &'k str, folder: &str) -> Option<(&'k str, &'k str)> {
    let mut end = key.len();
    while let Some(at) = key.get(..end)?.rfind(folder) {
        let (before, rest) = (key.get(..at)?, key.get(at + folder.len()..)?);
        if let Some(rest) = rest.strip_prefix('/')
            && (before.is_empty() || before.ends_with('/'))
        {
            return Some((before.trim_end_matches('/'), rest));
        }
        end = at;
    }
    None
}

fn wal_g(key: &str) -> Option<Known<'_>> {
    let known = |root: &str, what| Some(Known { family: Family::WalG, root: root.to_owned(), what });
    if let Some((root, file)) = around(key, "wal_005") {
        return match archive_file(file) {
            Some((file, plain)) => known(root, What::Log { id: "", file, plain }),
            // `<24 hex>_delta.lz4`, `<24 hex>_part.lz4`, `<24 hex>.json`: block lists and times of segments.
            None => RawSegment::parse(file.get(..24)?).and_then(|_| known(root, What::Other)),
        };
    }
    if let Some((root, rest)) = around(key, "basebackups_005") {
        let first = rest.split('/').next().unwrap_or(rest);
        // WAL-G keeps backups of other databases here too, under other names.
        return match first.strip_suffix(SENTINEL).filter(|_| first.len() == rest.len()) {
            Some(name) => base_name(name).and_then(|_| known(root, What::End(name))),
            None => base_name(first).filter(|_| first.len() < rest.len()).and_then(|_| known(root, What::Data(first))),
        };
    }
    let (root, rest) = around(key, "catchup_005")?;
    let name = rest.split('/').next()?;
    base_name(name.strip_suffix(SENTINEL).unwrap_or(name)).and_then(|_| known(root, What::Other))
}

fn pgbackrest(key: &str) -> Option<Known<'_>> {
    let root = |root: &str, stanza: &str| if root.is_empty() { stanza.to_owned() } else { format!("{root}/{stanza}") };
    let known =
        |before: &str, stanza: &str, what| Some(Known { family: Family::PgBackRest, root: root(before, stanza), what });
    if let Some((before, rest)) = around(key, "archive")
        && let Some((stanza, rest)) = rest.split_once('/')
    {
        if matches!(rest, "archive.info" | "archive.info.copy") {
            return known(before, stanza, What::Other);
        }
        let (id, rest) = rest.split_once('/').unwrap_or(("", rest));
        if is_archive_id(id) {
            let file = rest.rsplit('/').next().unwrap_or(rest);
            let what = archive_file(file).map_or(What::Other, |(file, plain)| What::Log { id, file, plain });
            return known(before, stanza, what);
        }
    }
    let (before, rest) = around(key, "backup")?;
    let (stanza, rest) = rest.split_once('/')?;
    if matches!(rest, "backup.info" | "backup.info.copy" | "latest") || rest.starts_with("backup.history/") {
        return known(before, stanza, What::Other);
    }
    let (label, file) = rest.split_once('/')?;
    if !is_label(label) {
        return None;
    }
    known(before, stanza, if file == "backup.manifest" { What::End(label) } else { What::Data(label) })
}

/// `15-1`, `9.6-2`: version and number of the cluster.
fn is_archive_id(id: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let Some((version, number)) = id.split_once('-') else { return false };
    digits(number) && version.split('.').all(digits)
}

/// `20240528-020001F`, `20240528-020001F_20240528-140000I`: times are local, `D` and `I` are increments.
pub(crate) fn is_label(label: &str) -> bool {
    let stamp = |t: &str, kinds: &[u8]| {
        t.len() == 16
            && t.bytes().enumerate().all(|(at, b)| match at {
                8 => b == b'-',
                15 => kinds.contains(&b),
                _ => b.is_ascii_digit(),
            })
    };
    match label.split_once('_') {
        None => stamp(label, b"F"),
        Some((full, increment)) => stamp(full, b"F") && stamp(increment, b"DI"),
    }
}

fn barman(key: &str) -> Option<Known<'_>> {
    let known = |root: &str, what| Some(Known { family: Family::Barman, root: root.to_owned(), what });
    if let Some((root, rest)) = around(key, "wals").filter(|(root, _)| !root.is_empty()) {
        let (folder, file) = rest.split_once('/').unwrap_or(("", rest));
        let place = folder.is_empty() || folder.len() == 16 && folder.bytes().all(|b| b.is_ascii_hexdigit());
        let found = archive_file(file).filter(|_| place && !file.contains('/'));
        // Segments lie in folders, histories beside them; anything else could be anybody's.
        let found = found.filter(|(file, _)| folder.is_empty() == matches!(file, ArchiveFile::History(_)));
        if let Some((file, plain)) = found {
            return known(root, What::Log { id: "", file, plain });
        }
        if rest == "xlog.db" {
            return known(root, What::Other);
        }
    }
    let (root, rest) = around(key, "base").filter(|(root, _)| !root.is_empty())?;
    let (id, file) = rest.split_once('/')?;
    is_backup_id(id).then(|| known(root, if file == "backup.info" { What::End(id) } else { What::Data(id) }))?
}

/// `20240528T021342`: local time of the start.
pub(crate) fn is_backup_id(id: &str) -> bool {
    id.len() == 15 && id.bytes().enumerate().all(|(at, b)| if at == 8 { b == b'T' } else { b.is_ascii_digit() })
}
