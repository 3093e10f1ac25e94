//! Collectors: one folder per source kind, each with a pure `parse`.
//!
//! `fetch` brings bytes and judges nothing; `parse` turns bytes into rows and touches nothing
//! else, so that everything after `collect` replays from the store. The registry [`KINDS`] is the
//! only place that knows them all.

use std::sync::Arc;

use model::evidence::Problem;
use model::rows::{Origin, Row};
use model::time::{Instant, Tz};

mod aws;
mod document;
pub mod fetch;
mod groups;
pub mod lines;
pub mod net;
mod parquet;
pub mod record;
mod session;
mod shell;
mod verdict;
mod wal;

pub use document::{Content, Document, READ_LIMIT};

pub mod aws_backup;
pub mod barman;
pub mod borg;
pub mod duplicity;
pub mod github;
pub mod heroku_postgres;
pub mod pg_dump;
pub mod pgbackrest;
pub mod rclone;
pub mod rdiff_backup;
pub mod rds;
pub mod restic;
pub mod restore_reports;
pub mod rsnapshot;
pub mod runs;
pub mod s3;
pub mod upload;
pub mod velero;
pub mod wal_e;
pub mod wal_g;

/// One source kind.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Name in `[sources.<kind>.<id>]` and in front of resource ids.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What to point it at, in one sentence.
    pub reads: &'static str,
    /// Tables it fills.
    pub tables: &'static [&'static str],
    /// What to do with a file, from its name and first bytes.
    pub claim: fn(name: &str, head: &[u8]) -> Claim,
    /// Bytes to rows.
    pub parse: fn(&Batch<'_>, &mut dyn Sink),
    /// How it asks its service, where it can: a source without `path` is asked.
    pub live: Option<net::Live>,
}

impl Kind {
    /// Its keys in the configuration.
    #[must_use]
    pub fn keys(&self) -> model::workspace::KindKeys {
        model::workspace::KindKeys {
            kind: self.name,
            keys: self.live.as_ref().map_or(&[], |live| live.keys),
            path_keys: s3::files::KEYS,
        }
    }
}

/// What `fetch` does with a file of a source's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Keep its bytes.
    Keep,
    /// It is a backup itself: keep facts about it (size, digest, head and tail lines), not the
    /// data that it protects. See [`fetch::FileFacts`].
    Facts,
    /// Not this source's.
    Pass(String),
}

/// Every kind, in the order of the documentation.
pub const KINDS: &[Kind] = &[
    pgbackrest::KIND,
    restic::KIND,
    borg::KIND,
    duplicity::KIND,
    rdiff_backup::KIND,
    rsnapshot::KIND,
    rclone::KIND,
    barman::KIND,
    wal_g::KIND,
    wal_e::KIND,
    pg_dump::KIND,
    velero::KIND,
    aws_backup::KIND,
    rds::KIND,
    s3::KIND,
    heroku_postgres::KIND,
    github::KIND,
    runs::KIND,
    restore_reports::KIND,
];

/// The kind of this name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.name == name)
}

/// What one collection of one source brought: the input of `parse`.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Source id.
    pub source_id: Arc<str>,
    /// Source kind.
    pub kind: Arc<str>,
    /// Zone for local times without one.
    pub timezone: Option<Tz>,
    /// When it was collected (UTC).
    pub collected_at: Instant,
    /// Documents in order of name.
    pub documents: &'a [Document],
}

impl Batch<'_> {
    /// Lineage of one record.
    #[must_use]
    pub fn origin(&self, document: &Document, record_id: impl Into<String>, pointer: impl Into<String>) -> Origin {
        Origin {
            source_id: Arc::clone(&self.source_id),
            kind: Arc::clone(&self.kind),
            record_id: record_id.into(),
            observed_at: self.collected_at,
            evidence: document.digest(),
            pointer: pointer.into(),
        }
    }

    /// The document of this name.
    #[must_use]
    pub fn document(&self, name: &str) -> Option<&Document> {
        self.documents.iter().find(|d| d.name() == name)
    }
}

/// Where `parse` puts what it reads. Rows are handed on one at a time, so that memory does not
/// grow with the length of a log.
pub trait Sink {
    /// A row.
    fn row(&mut self, row: Row);
    /// Something that should have been read and could not be: the source becomes incomplete.
    fn problem(&mut self, problem: Problem);
    /// A document that is not this source's, with the reason.
    fn passed_over(&mut self, document: &str, reason: &str);
}

/// A problem in a document.
#[must_use]
pub fn problem(document: &Document, place: Option<String>, message: impl Into<String>) -> Problem {
    Problem { document: document.name().to_owned(), place, message: message.into() }
}

/// A [`Sink`] that keeps everything, for tests and small sources.
#[derive(Debug, Default)]
pub struct Kept {
    /// Rows in reading order.
    pub rows: Vec<Row>,
    /// Problems in reading order.
    pub problems: Vec<Problem>,
    /// Documents passed over, with reasons.
    pub passed_over: Vec<(String, String)>,
}

impl Sink for Kept {
    fn row(&mut self, row: Row) {
        self.rows.push(row);
    }
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
    fn passed_over(&mut self, document: &str, reason: &str) {
        self.passed_over.push((document.to_owned(), reason.to_owned()));
    }
}

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
pub(crate) mod testing;
