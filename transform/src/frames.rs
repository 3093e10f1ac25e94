//! Rows to dataframes.
//!
//! Runs can be many millions, so they go straight into columns: repeated texts become indices
//! into a dictionary, times become microseconds. The other tables are small (listings, tests,
//! settings) and stay rows.

use std::collections::HashMap;
use std::sync::Arc;

use model::evidence::{Problem, SourceRun};
use model::rows::{
    BackupRun, Component, DiscoveredAsset, IntegrityCheck, Listing, LogSegment, ObservedIncident, ObservedPlan,
    ObservedRecord, Origin, PitrSample, RecoveryPoint, RestoreTest, Row, RunStatus, StorageLocation, Trigger,
};
use model::time::Instant;
use polars::prelude::*;

use crate::Error;

/// Texts that repeat, each kept once; index 0 is the first seen.
#[derive(Debug, Default)]
pub struct Dictionary {
    index: HashMap<Arc<str>, u32>,
    words: Vec<Arc<str>>,
}

impl Dictionary {
    fn id(&mut self, word: &str) -> u32 {
        if let Some(id) = self.index.get(word) {
            return *id;
        }
        let id = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        let word: Arc<str> = Arc::from(word);
        self.words.push(Arc::clone(&word));
        self.index.insert(word, id);
        id
    }

    /// The text of an index.
    #[must_use]
    pub fn word(&self, id: u32) -> &str {
        self.words.get(id as usize).map_or("", |word| word)
    }

    /// All texts in index order.
    #[must_use]
    pub fn words(&self) -> &[Arc<str>] {
        &self.words
    }
}

/// Where a run was read: shared by all runs of one document of one collection.
#[derive(Debug, Clone)]
pub struct DocumentRef {
    /// Source.
    pub source_id: Arc<str>,
    /// Kind of the source.
    pub kind: Arc<str>,
    /// When its state was read.
    pub observed_at: Instant,
    /// Object.
    pub evidence: Arc<str>,
}

/// All tables of all collections up to `as_of`, before any judgement.
#[derive(Debug)]
pub struct Tables {
    /// `backup_runs`, see [`run_columns`].
    pub runs: DataFrame,
    /// Dictionary of the text columns of `runs`.
    pub words: Dictionary,
    /// Column `document` of `runs` points here.
    pub documents: Vec<DocumentRef>,
    /// `recovery_points` as listed.
    pub points: Vec<RecoveryPoint>,
    /// Whole listings.
    pub listings: Vec<Listing>,
    /// `restore_tests`.
    pub tests: Vec<RestoreTest>,
    /// Integrity checks.
    pub integrity: Vec<IntegrityCheck>,
    /// `pitr_status`.
    pub pitr: Vec<PitrSample>,
    /// `log_segments`.
    pub segments: Vec<LogSegment>,
    /// `storage_locations`.
    pub storage: Vec<StorageLocation>,
    /// `discovered_assets`.
    pub assets: Vec<DiscoveredAsset>,
    /// `backup_plans` as platforms show them.
    pub plans: Vec<ObservedPlan>,
    /// `incidents` read from trackers.
    pub incidents: Vec<ObservedIncident>,
    /// Rows of other registers read from trackers.
    pub records: Vec<ObservedRecord>,
    /// Every collection of every source up to `as_of`, oldest first.
    pub collections: Vec<SourceRun>,
    /// What could not be read while rebuilding the tables.
    pub problems: Vec<Problem>,
    /// Objects that are gone or no longer the bytes that were kept, each with its source (`<kind>.<id>`).
    pub changed: Vec<(String, Problem)>,
}

/// Names of the columns of the runs frame.
pub mod run_columns {
    #![allow(missing_docs, reason = "each is the field of the same name of `model::rows::BackupRun`")]
    pub const DOCUMENT: &str = "document";
    pub const SOURCE: &str = "source";
    pub const RECORD: &str = "record_id";
    pub const RUN: &str = "run_id";
    pub const PLAN: &str = "plan";
    pub const SYSTEM: &str = "system";
    pub const RESOURCE: &str = "resource";
    pub const COMPONENT: &str = "component";
    pub const TRIGGER: &str = "trigger";
    pub const SCHEDULED: &str = "scheduled_for";
    pub const ATTEMPT: &str = "attempt_no";
    pub const RETRY_OF: &str = "retry_of";
    pub const STARTED: &str = "started_at";
    pub const ENDED: &str = "ended_at";
    pub const STATUS: &str = "status";
    pub const STATUS_RAW: &str = "status_raw";
    pub const DETAIL: &str = "status_detail";
    pub const BYTES: &str = "bytes";
    pub const STORED: &str = "bytes_stored";
    pub const POINT: &str = "recovery_point_id";
    pub const TAKEN: &str = "taken_at";
    pub const EXPIRES: &str = "expires_at";
    pub const ENCRYPTED: &str = "encrypted";
    pub const CIPHER: &str = "cipher";
    pub const LOCATION: &str = "location_id";
    pub const UNCHANGED: &str = "unchanged";
    pub const INFERRED: &str = "inferred";
    pub const ZONE_UNKNOWN: &str = "zone_unknown";
    pub const OBSERVED: &str = "observed_at";
    pub const FINAL: &str = "is_final";
    pub const POINTER: &str = "pointer";
}

/// Takes rows from readers, one at a time, and ends in [`Tables`].
#[derive(Debug)]
pub struct Builder {
    words: Dictionary,
    documents: Vec<DocumentRef>,
    last_document: Option<(u32, u32)>,
    runs: RunColumns,
    height: usize,
    tables: Tables,
}

#[derive(Debug, Default)]
struct RunColumns {
    document: Numbers<UInt32Type>,
    source: Numbers<UInt32Type>,
    record: Texts,
    run: Texts,
    plan: Numbers<UInt32Type>,
    system: Numbers<UInt32Type>,
    resource: Numbers<UInt32Type>,
    component: Numbers<UInt32Type>,
    trigger: Numbers<UInt32Type>,
    scheduled: Numbers<Int64Type>,
    attempt: Numbers<UInt32Type>,
    retry_of: Texts,
    started: Numbers<Int64Type>,
    ended: Numbers<Int64Type>,
    status: Numbers<UInt32Type>,
    status_raw: Numbers<UInt32Type>,
    detail: Texts,
    bytes: Numbers<UInt64Type>,
    stored: Numbers<UInt64Type>,
    point: Texts,
    taken: Numbers<Int64Type>,
    expires: Numbers<Int64Type>,
    encrypted: Flags,
    cipher: Numbers<UInt32Type>,
    location: Numbers<UInt32Type>,
    unchanged: Flags,
    inferred: Flags,
    zone_unknown: Flags,
    observed: Numbers<Int64Type>,
    is_final: Flags,
    pointer: Texts,
}

/// A column being written, as it will be kept.
macro_rules! column {
    ($(#[$doc:meta])* $name:ident $(<$t:ident>)?, $builder:ty, $value:ty) => {
        $(#[$doc])*
        struct $name $(<$t: PolarsNumericType>)? ($builder);

        impl $(<$t: PolarsNumericType>)? std::fmt::Debug for $name $(<$t>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl $(<$t: PolarsNumericType>)? Default for $name $(<$t>)? {
            fn default() -> Self {
                Self(<$builder>::new(PlSmallStr::EMPTY, 0))
            }
        }

        impl $(<$t: PolarsNumericType>)? $name $(<$t>)? {
            fn push(&mut self, value: Option<$value>) {
                self.0.append_option(value);
            }

            fn column(self, name: &str) -> Column {
                self.0.finish().with_name(name.into()).into_series().into_column()
            }
        }
    };
}

column!(
    /// Texts that rarely repeat.
    Texts, StringChunkedBuilder, &str
);
column!(
    /// Numbers.
    Numbers<T>, PrimitiveChunkedBuilder<T>, T::Native
);
column!(
    /// Yes and no.
    Flags, BooleanChunkedBuilder, bool
);

fn micros(at: Option<Instant>) -> Option<i64> {
    at.map(|t| t.timestamp_micros())
}

/// The instant of a microsecond column.
#[must_use]
pub fn from_micros(at: i64) -> Option<Instant> {
    Instant::from_timestamp_micros(at)
}

fn position<T: PartialEq>(all: &[T], one: &T) -> u32 {
    all.iter().position(|x| x == one).and_then(|i| u32::try_from(i).ok()).unwrap_or(0)
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            words: Dictionary::default(),
            documents: Vec::new(),
            last_document: None,
            runs: RunColumns::default(),
            height: 0,
            tables: Tables {
                runs: DataFrame::empty(),
                words: Dictionary::default(),
                documents: Vec::new(),
                points: Vec::new(),
                listings: Vec::new(),
                tests: Vec::new(),
                integrity: Vec::new(),
                pitr: Vec::new(),
                segments: Vec::new(),
                storage: Vec::new(),
                assets: Vec::new(),
                plans: Vec::new(),
                incidents: Vec::new(),
                records: Vec::new(),
                collections: Vec::new(),
                problems: Vec::new(),
                changed: Vec::new(),
            },
        }
    }
}

impl Builder {
    /// Notes a collection; its rows may come before or after.
    pub fn collection(&mut self, run: SourceRun) {
        self.tables.collections.push(run);
    }

    /// Notes something that could not be read while rebuilding the tables.
    pub fn problem(&mut self, problem: Problem) {
        self.tables.problems.push(problem);
    }

    /// Notes that an object of a source is gone, or no longer has the bytes that were kept.
    pub fn changed(&mut self, source: String, problem: Problem) {
        self.tables.changed.push((source, problem));
    }

    /// Takes a row.
    pub fn row(&mut self, row: Row) {
        match row {
            Row::Run(run) => self.run(&run),
            Row::RecoveryPoint(x) => self.tables.points.push(x),
            Row::Listing(x) => self.tables.listings.push(x),
            Row::RestoreTest(x) => self.tables.tests.push(x),
            Row::IntegrityCheck(x) => self.tables.integrity.push(x),
            Row::Pitr(x) => self.tables.pitr.push(x),
            Row::LogSegment(x) => self.tables.segments.push(x),
            Row::Storage(x) => self.tables.storage.push(x),
            Row::Asset(x) => self.tables.assets.push(x),
            Row::Plan(x) => self.tables.plans.push(x),
            Row::Incident(x) => self.tables.incidents.push(x),
            Row::Record(x) => self.tables.records.push(x),
        }
    }

    /// Indices of the document a run was read from, and of the name of its source.
    fn document(&mut self, origin: &Origin) -> (u32, u32) {
        if let Some((id, source)) = self.last_document
            && let Some(last) = self.documents.get(id as usize)
            && Arc::ptr_eq(&last.evidence, &origin.evidence)
            && Arc::ptr_eq(&last.source_id, &origin.source_id)
            && last.observed_at == origin.observed_at
        {
            return (id, source);
        }
        let id = u32::try_from(self.documents.len()).unwrap_or(u32::MAX);
        self.documents.push(DocumentRef {
            source_id: Arc::clone(&origin.source_id),
            kind: Arc::clone(&origin.kind),
            observed_at: origin.observed_at,
            evidence: Arc::clone(&origin.evidence),
        });
        // The id at the source is unique per kind and id of the source.
        let source = self.words.id(&format!("{}.{}", origin.kind, origin.source_id));
        self.last_document = Some((id, source));
        (id, source)
    }

    fn run(&mut self, run: &BackupRun) {
        let (document, source) = self.document(&run.origin);
        let words = &mut self.words;
        let c = &mut self.runs;
        let mut word = |text: &Option<String>| text.as_deref().map(|t| words.id(t));
        c.document.push(Some(document));
        c.source.push(Some(source));
        c.plan.push(word(&run.plan_id));
        c.system.push(word(&run.system_id));
        c.resource.push(word(&run.resource));
        c.cipher.push(word(&run.cipher));
        c.location.push(word(&run.location_id));
        c.status_raw.push(Some(words.id(&run.status_raw)));
        c.record.push(Some(&run.origin.record_id));
        c.run.push(Some(&run.run_id));
        c.component.push(run.component.map(|x| position(Component::ALL, &x)));
        c.trigger.push(run.trigger.map(|x| position(Trigger::ALL, &x)));
        c.scheduled.push(micros(run.scheduled_for));
        c.attempt.push(run.attempt_no);
        c.retry_of.push(run.retry_of.as_deref());
        c.started.push(micros(run.started_at));
        c.ended.push(micros(run.ended_at));
        c.status.push(Some(position(RunStatus::ALL, &run.status)));
        c.detail.push(run.status_detail.as_deref());
        c.bytes.push(run.bytes);
        c.stored.push(run.bytes_stored);
        c.point.push(run.recovery_point_id.as_deref());
        c.taken.push(micros(run.taken_at));
        c.expires.push(micros(run.expires_at));
        c.encrypted.push(run.encrypted);
        c.unchanged.push(Some(run.unchanged));
        c.inferred.push(Some(run.inferred));
        c.zone_unknown.push(Some(run.zone_unknown));
        c.observed.push(micros(Some(run.origin.observed_at)));
        c.is_final.push(Some(run.status.is_final()));
        c.pointer.push(Some(&run.origin.pointer));
        self.height += 1;
    }

    /// The tables.
    ///
    /// # Errors
    /// Those of polars, which would be a defect of ours.
    pub fn finish(self) -> Result<Tables, Error> {
        use run_columns as n;
        let mut tables = self.tables;
        let c = self.runs;
        let height = self.height;
        tables.runs = DataFrame::new(
            height,
            vec![
                c.document.column(n::DOCUMENT),
                c.source.column(n::SOURCE),
                c.record.column(n::RECORD),
                c.run.column(n::RUN),
                c.plan.column(n::PLAN),
                c.system.column(n::SYSTEM),
                c.resource.column(n::RESOURCE),
                c.component.column(n::COMPONENT),
                c.trigger.column(n::TRIGGER),
                c.scheduled.column(n::SCHEDULED),
                c.attempt.column(n::ATTEMPT),
                c.retry_of.column(n::RETRY_OF),
                c.started.column(n::STARTED),
                c.ended.column(n::ENDED),
                c.status.column(n::STATUS),
                c.status_raw.column(n::STATUS_RAW),
                c.detail.column(n::DETAIL),
                c.bytes.column(n::BYTES),
                c.stored.column(n::STORED),
                c.point.column(n::POINT),
                c.taken.column(n::TAKEN),
                c.expires.column(n::EXPIRES),
                c.encrypted.column(n::ENCRYPTED),
                c.cipher.column(n::CIPHER),
                c.location.column(n::LOCATION),
                c.unchanged.column(n::UNCHANGED),
                c.inferred.column(n::INFERRED),
                c.zone_unknown.column(n::ZONE_UNKNOWN),
                c.observed.column(n::OBSERVED),
                c.is_final.column(n::FINAL),
                c.pointer.column(n::POINTER),
            ],
        )?;
        tables.words = self.words;
        tables.documents = self.documents;
        // The last one of a source stands; of two at one instant the worse one.
        tables.collections.sort_by(|a, b| {
            (a.collected_at, &a.kind, &a.source_id, a.status).cmp(&(b.collected_at, &b.kind, &b.source_id, b.status))
        });
        Ok(tables)
    }
}
