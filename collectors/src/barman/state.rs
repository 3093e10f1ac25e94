//! What Barman keeps about its backups, whatever document shows it (3.4 and 3.19; names of fields
//! differ between them, all are optional).

use model::rows::Component;
use model::time::Instant;

use super::stream::Attempt;
use crate::Document;

/// Where a fact about a backup stands; the smallest one is the best evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// `backup.info`, the tool's own state.
    Info,
    /// `show-backup`.
    Show,
    /// `list-backups`.
    List,
}

/// One backup as one document shows it.
#[derive(Debug, Clone)]
pub struct Backup {
    /// Kind of document.
    pub rank: Rank,
    /// Server.
    pub server: String,
    /// Id.
    pub id: String,
    /// `DONE`, `WAITING_FOR_WALS`, `FAILED`, `STARTED`, `SYNCING`, `EMPTY`.
    pub status: String,
    /// Start.
    pub begin: Option<Instant>,
    /// End of the copy.
    pub end: Option<Instant>,
    /// Size of what was captured.
    pub size: Option<u64>,
    /// Size after deduplication.
    pub stored: Option<u64>,
    /// Message of a failed backup.
    pub error: Option<String>,
    /// Encrypted, and how.
    pub encryption: Option<String>,
    /// False where the document is of a kind that would tell encryption.
    pub encrypted: Option<bool>,
    /// What it holds.
    pub component: Component,
    /// Where it stands.
    pub document: Document,
    /// Pointer into it.
    pub pointer: String,
}

/// A `list-backups` of one server.
#[derive(Debug)]
pub struct Listed {
    /// Server.
    pub server: String,
    /// Ids that can be restored.
    pub ids: Vec<String>,
    /// End of the newest of them.
    pub newest: Option<Instant>,
    /// When, where a run record tells.
    pub at: Option<Instant>,
    /// False where an entry could not be read.
    pub whole: bool,
    /// Where it stands.
    pub document: Document,
    /// Pointer into it.
    pub pointer: String,
}

/// What `show-server` says about retention.
#[derive(Debug)]
pub struct Settings {
    /// Server.
    pub server: String,
    /// `RECOVERY WINDOW OF 30 DAYS`, `REDUNDANCY 2`, or empty for none.
    pub retention: String,
    /// False for a server that is switched off.
    pub enabled: Option<bool>,
    /// Where it stands.
    pub document: Document,
    /// Pointer into it.
    pub pointer: String,
}

/// What state documents told.
#[derive(Debug, Default)]
pub struct State {
    /// Backups, one entry per document that shows them.
    pub backups: Vec<Backup>,
    /// Listings.
    pub listings: Vec<Listed>,
    /// Checks.
    pub checks: Vec<Attempt>,
    /// Settings of servers.
    pub settings: Vec<Settings>,
    /// Messages of JSON output (`_INFO`, `_ERROR`, …) as console text.
    pub messages: String,
}

/// True where the backup can be restored, or will be once its WAL has arrived.
pub fn is_point(status: &str) -> bool {
    matches!(status, "DONE" | "WAITING_FOR_WALS")
}

/// Component of a backup type.
pub fn component(kind: Option<&str>, parent: bool) -> Component {
    match kind {
        Some("incremental") => Component::Incremental,
        Some("snapshot") => Component::Snapshot,
        _ if parent => Component::Incremental,
        _ => Component::Full,
    }
}

/// Adds a listing and its backups.
pub fn push_list(
    document: &Document,
    pointer: String,
    server: &str,
    backups: Vec<Backup>,
    whole: bool,
    state: &mut State,
) {
    let points = || backups.iter().filter(|b| is_point(&b.status));
    state.listings.push(Listed {
        server: server.to_owned(),
        ids: points().map(|b| b.id.clone()).collect(),
        newest: points().filter_map(|b| b.end).max(),
        at: None,
        whole,
        document: document.clone(),
        pointer,
    });
    state.backups.extend(backups);
}
