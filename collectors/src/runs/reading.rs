//! Where the readers of all forms hand their records to, and where problems are counted.

use std::collections::BTreeSet;
use std::fmt;

use model::rows::{BackupRun, Row};

use super::keys;
use super::record::{self, Record};
use crate::{Batch, Document, Sink, problem};

/// Most problems told one by one for a document; the rest are counted.
const TOLD_LIMIT: u32 = 100;

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Line of a text, from 1; of its first line where a record has several.
    Line(u64),
    /// Element of a JSON array, from 0.
    Item(u64),
    /// Row of a Parquet file, from 1.
    Row(u64),
}

impl Place {
    /// Pointer for lineage.
    fn pointer(self) -> String {
        match self {
            Self::Line(n) => format!("line:{n}"),
            Self::Item(n) => format!("/{n}"),
            Self::Row(n) => format!("row:{n}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(n) => write!(f, "line {n}"),
            Self::Item(n) => write!(f, "/{n}"),
            Self::Row(n) => write!(f, "row {n}"),
        }
    }
}

/// What a record is read with: the same for every record of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    batch: &'a Batch<'a>,
    document: &'a Document,
}

/// What one record holds.
#[derive(Debug)]
pub(super) struct Found {
    place: Place,
    unknown: Vec<String>,
    faults: Vec<String>,
    run: Result<BackupRun, String>,
}

impl Found {
    /// A record that could not be read.
    pub(super) const fn bad(place: Place, message: String) -> Self {
        Self { place, unknown: Vec::new(), faults: Vec::new(), run: Err(message) }
    }
}

impl Context<'_> {
    /// Reads a record.
    pub(super) fn read(self, place: Place, mut record: Record<'_>) -> Found {
        let unknown = std::mem::take(&mut record.unknown);
        // The record id is set with the run id, once that is known.
        let origin = self.batch.origin(self.document, String::new(), place.pointer());
        let (run, faults) = record::run(record, self.batch.timezone, origin);
        Found { place, unknown, faults, run }
    }
}

/// One document being read.
pub(super) struct Reading<'a> {
    context: Context<'a>,
    pub(super) document: &'a Document,
    sink: &'a mut dyn Sink,
    told: u32,
    withheld: u64,
    unknown: BTreeSet<String>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(batch: &'a Batch<'a>, document: &'a Document, sink: &'a mut dyn Sink) -> Self {
        let context = Context { batch, document };
        Self { context, document, sink, told: 0, withheld: 0, unknown: BTreeSet::new() }
    }

    pub(super) const fn context(&self) -> Context<'a> {
        self.context
    }

    /// Hands the run of a record on, and tells what is wrong with it.
    pub(super) fn record(&mut self, place: Place, record: Record<'_>) {
        let found = self.context.read(place, record);
        self.take(found);
    }

    /// Hands on what a record holds.
    pub(super) fn take(&mut self, found: Found) {
        for key in found.unknown {
            self.unknown_key(found.place, key);
        }
        for fault in found.faults {
            self.tell(found.place, fault);
        }
        match found.run {
            Ok(run) => self.sink.row(Row::Run(run)),
            Err(message) => self.tell(found.place, message),
        }
    }

    /// Tells of a key that no run record has, once per document.
    pub(super) fn unknown_key(&mut self, place: Place, key: String) {
        // The set stops growing where problems are no longer told, so that memory stays bounded.
        if !self.unknown.contains(&key) {
            self.tell(place, keys::unknown(&key));
            if self.told < TOLD_LIMIT {
                self.unknown.insert(key);
            }
        }
    }

    /// Tells of a problem at a place.
    pub(super) fn tell(&mut self, place: Place, message: impl Into<String>) {
        if self.told < TOLD_LIMIT {
            self.told += 1;
            self.sink.problem(problem(self.document, Some(place.to_string()), message));
        } else {
            self.withheld += 1;
        }
    }

    /// Tells of a problem with the whole document; never withheld.
    pub(super) fn tell_document(&mut self, message: String) {
        self.sink.problem(problem(self.document, None, message));
    }

    pub(super) fn pass_over(&mut self, reason: &str) {
        self.sink.passed_over(self.document.name(), reason);
    }

    /// Says how many problems were not told one by one.
    pub(super) fn finish(mut self) {
        if self.withheld > 0 {
            let more = self.withheld;
            self.tell_document(format!(
                "{more} more problems like these; mend what writes the file, then collect again"
            ));
        }
    }
}
