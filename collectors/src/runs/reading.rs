//! Where the readers of all forms hand their records to, and where problems are counted.

use std::collections::BTreeSet;
use std::fmt;

use model::rows::Row;

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

/// One document being read.
pub(super) struct Reading<'a> {
    batch: &'a Batch<'a>,
    pub(super) document: &'a Document,
    sink: &'a mut dyn Sink,
    told: u32,
    withheld: u64,
    unknown: BTreeSet<String>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(batch: &'a Batch<'a>, document: &'a Document, sink: &'a mut dyn Sink) -> Self {
        Self { batch, document, sink, told: 0, withheld: 0, unknown: BTreeSet::new() }
    }

    /// Hands the run of a record on, and tells what is wrong with it.
    pub(super) fn record(&mut self, place: Place, mut record: Record<'_>) {
        for key in std::mem::take(&mut record.unknown) {
            self.unknown_key(place, key);
        }
        // The record id is set with the run id, once that is known.
        let origin = self.batch.origin(self.document, String::new(), place.pointer());
        let (run, faults) = record::run(record, self.batch.timezone, origin);
        for fault in faults {
            self.tell(place, fault);
        }
        match run {
            Ok(run) => self.sink.row(Row::Run(run)),
            Err(message) => self.tell(place, message),
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
