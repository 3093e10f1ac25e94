//! What a run manifest says: the provenance of every object in the store.
//!
//! The manifest is the commit record of one `collect` run. It is committed even when every source
//! failed, so that gaps show. Field order is the JSON order; unknown fields are refused, because
//! a manifest that says more than this version understands must not be silently half-read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Instant;
use crate::words::words;

/// Format name written into every manifest.
pub const MANIFEST_SCHEMA: &str = "backproof.manifest/1";

words! {
    /// How far a source could be read.
    SourceStatus { Complete = "complete", Incomplete = "incomplete", Failed = "failed" }
}

/// One `collect` run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_SCHEMA`].
    pub schema: String,
    /// Position in the chain, from 1.
    pub sequence: u64,
    /// SHA-256 of the bytes of the manifest before; absent only in the first.
    pub previous: Option<String>,
    /// Id of the store, as in its `STORE` file.
    pub store_id: String,
    /// Start of the run (UTC).
    pub started_at: Instant,
    /// End of the run (UTC).
    pub ended_at: Instant,
    /// Offset of this machine's clock from reference time in milliseconds, where measured.
    pub clock_offset_ms: Option<i64>,
    /// Program and version.
    pub tool: String,
    /// SHA-256 of the configuration file with secrets left out.
    pub config: Option<String>,
    /// One entry a source, sorted by kind and id.
    pub sources: Vec<SourceRun>,
}

/// What one source gave in one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRun {
    /// Source kind.
    pub kind: String,
    /// Source id.
    pub source_id: String,
    /// Path or URL, without secrets.
    pub endpoint: String,
    /// Who read it (operating system user, token owner, role).
    pub identity: Option<String>,
    /// Permissions found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// Query or selection.
    pub query: Option<String>,
    /// Zone in which local times of this source are read.
    pub timezone: Option<String>,
    /// What the configuration states the source holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<Covers>,
    /// When reading began (UTC).
    pub started_at: Instant,
    /// When reading ended (UTC): the end of what this collection can cover.
    pub collected_at: Instant,
    /// How far it could be read.
    pub status: SourceStatus,
    /// Why it is not complete.
    pub reason: Option<String>,
    /// What shows that nothing was left out at the end.
    pub end_of_list: Option<String>,
    /// How far the server's clock was ahead of this machine's, in milliseconds, by the `Date` of its answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<i64>,
    /// What a reader of the evidence should know and that is no fault: what the source has forgotten since the last
    /// collection, what was renamed, what was asked in several parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What was read, one entry an object, in reading order.
    pub pages: Vec<Page>,
    /// Rows read per table.
    pub counts: BTreeMap<String, u64>,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Files that are not this source's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOver>,
    /// Secrets removed before hashing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<Redaction>,
}

impl SourceRun {
    /// Rows of all tables.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// One object and how it was got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// File name relative to the source's folder with `/`, or the request's path.
    pub name: String,
    /// SHA-256 of the object.
    pub object: String,
    /// Size of the object in bytes.
    pub bytes: u64,
    /// Modification time of the file (UTC); of a page of a long list, when it was answered.
    pub modified_at: Option<Instant>,
    /// Items in it, where the source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<u64>,
    /// Request id of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Cursor sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_in: Option<String>,
    /// Cursor received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_out: Option<String>,
    /// Requests made until it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// The server's own name for this state of the answer, for conditional requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// True where the object holds facts about a file (size, digest, head and tail) in place of
    /// its content, because the file is a backup itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub facts_only: bool,
}

/// A source's own statement that it holds every record of an interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Covers {
    /// System ids, or `*` for all whose resources the source knows.
    pub systems: Vec<String>,
    /// Beginnings of resource ids (`heroku-postgres:acme-prod/`), or whole ones. Where there are any, a system is covered only if
    /// each of its resources of this kind begins so. Network collectors state what they listed in this way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Start of the interval (UTC).
    pub from: Instant,
    /// End of the interval (exclusive, UTC); absent means up to each collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Instant>,
    /// True where every record of the interval is there.
    pub complete: bool,
    /// Tables it speaks of; empty means every table this kind of source fills.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// Sub-intervals known to be missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

impl Covers {
    /// States that all records of these tables are there, from `from` on and up to `to` (or the collection), of every system
    /// whose resources begin so.
    #[must_use]
    pub fn of(resources: Vec<String>, tables: &[&str], from: Instant, to: Option<Instant>) -> Self {
        Self {
            systems: vec!["*".to_owned()],
            resources,
            from,
            to,
            complete: true,
            tables: tables.iter().map(|t| (*t).to_owned()).collect(),
            gaps: Vec::new(),
        }
    }
}

/// An interval known to be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Start (UTC).
    pub from: Instant,
    /// End (exclusive, UTC).
    pub to: Instant,
}

/// Something in a source that could not be read. It makes the source incomplete.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// File or request.
    pub document: String,
    /// Place in it: `line 12`, or a JSON pointer.
    pub place: Option<String>,
    /// What happened and what to do next.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{}, {place}: {}", self.document, self.message),
            // What is said of a whole source names none of its documents.
            None if self.document.is_empty() => f.write_str(&self.message),
            None => write!(f, "{}: {}", self.document, self.message),
        }
    }
}

/// A file that this source does not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassedOver {
    /// File.
    pub document: String,
    /// Why.
    pub reason: String,
}

/// A secret that was removed before the bytes were hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// File or request.
    pub document: String,
    /// Place in it.
    pub place: String,
    /// What kind of secret.
    pub what: String,
}
