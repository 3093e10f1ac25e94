//! `backup_label` and `backup_manifest` of pg_basebackup.
//!
//! The label is written when the backup starts, the manifest when it has ended (`-Ft` and `-Fp` write it as
//! `backup_manifest.tmp` and rename it last). Formats: the manual, chapters "Backup Manifest Format" and
//! "Continuous Archiving"; `basebackup.c` and `backup_manifest.c`, versions 13 to 18.

use model::rows::RunStatus;
use model::time::Tz;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::command::Tool;
use super::draft::Draft;
use super::stamp::{self, Clock};
use crate::Document;

/// What a document is, in this respect.
pub(super) enum Read {
    Draft(Box<Draft>),
    /// Ours and damaged: place and message.
    Damaged(Option<String>, String),
    Other,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(rename = "Files")]
    files: Vec<File>,
    #[serde(rename = "WAL-Ranges", default)]
    ranges: Vec<Range>,
    #[serde(rename = "Manifest-Checksum")]
    checksum: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "Size")]
    size: u64,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "Start-LSN")]
    start: String,
}

/// Reads a label or a manifest.
pub(super) fn read(document: &Document, at: usize, zone: Option<Tz>) -> Read {
    let Ok(head) = document.head(4096) else { return Read::Other };
    let head = String::from_utf8_lossy(&head);
    if head.contains("\"PostgreSQL-Backup-Manifest-Version\"") && head.trim_start().starts_with('{') {
        return manifest(document, at);
    }
    if head.starts_with("START WAL LOCATION: ") {
        return label(&head, at, zone);
    }
    Read::Other
}

fn manifest(document: &Document, at: usize) -> Read {
    let next = "copy it again, and check the backup with pg_verifybackup";
    let bytes = match document.bytes() {
        Ok(bytes) => bytes,
        Err(e) => return Read::Damaged(None, format!("the manifest can't be read: {e}")),
    };
    let manifest: Manifest = match serde_json::from_slice(&bytes) {
        Ok(manifest) => manifest,
        Err(e) => {
            return Read::Damaged(
                Some(format!("line {}", e.line())),
                format!("not a whole backup_manifest: {e}; {next}"),
            );
        }
    };
    // The checksum covers every byte before the line that holds it.
    let text = bytes.trim_ascii_end();
    let covered = text.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
    let digest: String =
        Sha256::digest(bytes.get(..covered).unwrap_or_default()).iter().map(|b| format!("{b:02x}")).collect();
    if digest != manifest.checksum.to_ascii_lowercase() {
        return Read::Damaged(
            Some("/Manifest-Checksum".to_owned()),
            format!("the manifest was changed: its checksum is {digest}, and it says {}; {next}", manifest.checksum),
        );
    }
    let mut draft = Draft::of_files(Tool::BaseBackup, at, RunStatus::Success, "backup_manifest");
    draft.bytes = manifest.files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.size));
    draft.lsn = manifest.ranges.first().map(|r| r.start.clone());
    draft.pointer = "/Manifest-Checksum".to_owned();
    draft.label = draft.lsn.clone();
    Read::Draft(Box::new(draft))
}

fn label(text: &str, at: usize, zone: Option<Tz>) -> Read {
    let field = |key: &str| text.lines().find_map(|l| l.strip_prefix(key)).map(str::trim);
    let mut draft = Draft::of_files(Tool::BaseBackup, at, RunStatus::Unknown, "backup_label");
    draft.detail = Some("the label is written at the start; it does not tell whether the backup ended".to_owned());
    draft.lsn = field("START WAL LOCATION: ").and_then(|l| l.split_whitespace().next()).map(str::to_owned);
    if let Some((stamp, _)) = field("START TIME: ").and_then(stamp::split) {
        // The server writes it in its log_timezone, with the zone's abbreviation.
        draft.started = Clock::new(zone, None).place(&stamp);
    }
    draft.pointer = "line:1".to_owned();
    draft.label = draft.lsn.clone();
    if draft.lsn.is_none() {
        return Read::Damaged(
            Some("line 1".to_owned()),
            "a backup_label without its start location; copy it again".to_owned(),
        );
    }
    Read::Draft(Box::new(draft))
}
