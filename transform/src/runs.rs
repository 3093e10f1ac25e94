//! The population of runs: one record each, joined with the inventory.
//!
//! `[conventions] duplicates`: records are keyed on (source, source record id) and the newest observation is
//! kept, but a final state is not replaced by a non-final one. The join with the inventory goes
//! by the system that the record names, else by the resource.

use std::collections::{BTreeMap, BTreeSet};

use model::inventory::Inventory;
use model::rows::{Component, RunStatus, Trigger};
use model::time::Instant;
use polars::prelude::*;

use crate::Error;
use crate::frames::{Dictionary, DocumentRef, Tables, from_micros, run_columns as n};

/// One run, ready for judgement. Texts stay in [`Runs`].
#[derive(Debug, Clone)]
pub struct Run {
    /// Row of [`Runs`].
    pub row: usize,
    /// Index into `inventory.systems`; `None` where no row matches.
    pub system: Option<usize>,
    /// Plan it belongs to: index into `inventory.plans` of the version in force.
    pub plan: Option<usize>,
    /// What it captured.
    pub component: Option<Component>,
    /// What started it.
    pub trigger: Option<Trigger>,
    /// Slot instant, where the source knows it.
    pub scheduled_for: Option<Instant>,
    /// Start.
    pub started_at: Option<Instant>,
    /// End.
    pub ended_at: Option<Instant>,
    /// State; the worse one where two sources disagree.
    pub status: RunStatus,
    /// Size captured.
    pub bytes: Option<u64>,
    /// The source states that nothing changed.
    pub unchanged: bool,
    /// Consistency point, where the source tells.
    pub taken_at: Option<Instant>,
    /// A time has no zone.
    pub zone_unknown: bool,
    /// It copied a recovery point elsewhere: a run, but no attempt at a backup.
    pub copy: bool,
    /// Rows of other sources that saw the same run.
    pub also: Vec<usize>,
    /// Those rows disagree about the final state.
    pub contradicted: bool,
}

impl Run {
    /// Instant that places the run among slots: the slot it names, else its start.
    #[must_use]
    pub fn placed_at(&self) -> Option<Instant> {
        self.scheduled_for.or(self.started_at).or(self.ended_at)
    }

    /// Point its data are consistent at; the start is the cautious choice where unknown.
    #[must_use]
    pub fn consistent_at(&self) -> Option<Instant> {
        self.taken_at.or(self.started_at)
    }

    /// `success` with content: the run alone does not speak against a good recovery point.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.status == RunStatus::Success && (self.bytes != Some(0) || self.unchanged)
    }
}

/// All runs, sorted by system and time, with their texts.
#[derive(Debug)]
pub struct Runs {
    columns: Columns,
    words: Dictionary,
    /// Where rows were read.
    pub documents: Vec<DocumentRef>,
    /// Judgeable view, one a row; `list[i].row == i`.
    pub list: Vec<Run>,
    /// Indices into `list` by system, ascending in time.
    pub by_system: BTreeMap<usize, Vec<usize>>,
    /// Resources that no inventory row matches, with how many runs each has.
    pub unmatched: BTreeMap<String, u64>,
    /// Source and record of runs to which one source gave more than one final state, sorted.
    pub disputed: Vec<(String, String)>,
}

/// What is looked up by row, in the order of `list`. Found by name once: a lookup a row would cost more than the value.
#[derive(Debug)]
struct Columns {
    document: UInt32Chunked,
    source: UInt32Chunked,
    record: StringChunked,
    run: StringChunked,
    plan: UInt32Chunked,
    system: UInt32Chunked,
    resource: UInt32Chunked,
    attempt: UInt32Chunked,
    retry_of: StringChunked,
    status_raw: UInt32Chunked,
    detail: StringChunked,
    stored: UInt64Chunked,
    point: StringChunked,
    expires: Int64Chunked,
    encrypted: BooleanChunked,
    cipher: UInt32Chunked,
    location: UInt32Chunked,
    pointer: StringChunked,
}

impl Columns {
    fn of(frame: &DataFrame) -> PolarsResult<Self> {
        let ids = |name: &str| -> PolarsResult<UInt32Chunked> { Ok(frame.column(name)?.u32()?.clone()) };
        let texts = |name: &str| -> PolarsResult<StringChunked> { Ok(frame.column(name)?.str()?.clone()) };
        Ok(Self {
            document: ids(n::DOCUMENT)?,
            source: ids(n::SOURCE)?,
            record: texts(n::RECORD)?,
            run: texts(n::RUN)?,
            plan: ids(n::PLAN)?,
            system: ids(n::SYSTEM)?,
            resource: ids(n::RESOURCE)?,
            attempt: ids(n::ATTEMPT)?,
            retry_of: texts(n::RETRY_OF)?,
            status_raw: ids(n::STATUS_RAW)?,
            detail: texts(n::DETAIL)?,
            stored: frame.column(n::STORED)?.u64()?.clone(),
            point: texts(n::POINT)?,
            expires: frame.column(n::EXPIRES)?.i64()?.clone(),
            encrypted: frame.column(n::ENCRYPTED)?.bool()?.clone(),
            cipher: ids(n::CIPHER)?,
            location: ids(n::LOCATION)?,
            pointer: texts(n::POINTER)?,
        })
    }
}

impl Runs {
    fn word(&self, ids: &UInt32Chunked, row: usize) -> Option<&str> {
        ids.get(row).map(|id| self.words.word(id))
    }

    /// Id of the run at its source.
    #[must_use]
    pub fn run_id(&self, row: usize) -> &str {
        self.columns.run.get(row).unwrap_or("")
    }

    /// Row id: stable, unique over all sources.
    #[must_use]
    pub fn row_id(&self, row: usize) -> String {
        format!("run/{}/{}", self.source(row), self.record_id(row))
    }

    /// Id of the record at its source.
    #[must_use]
    pub fn record_id(&self, row: usize) -> &str {
        self.columns.record.get(row).unwrap_or("")
    }

    /// Recovery point it made.
    #[must_use]
    pub fn recovery_point_id(&self, row: usize) -> Option<&str> {
        self.columns.point.get(row)
    }

    /// Message of the source.
    #[must_use]
    pub fn detail(&self, row: usize) -> Option<&str> {
        self.columns.detail.get(row)
    }

    /// Run it repeats.
    #[must_use]
    pub fn retry_of(&self, row: usize) -> Option<&str> {
        self.columns.retry_of.get(row)
    }

    /// Pointer into the object.
    #[must_use]
    pub fn pointer(&self, row: usize) -> &str {
        self.columns.pointer.get(row).unwrap_or("")
    }

    /// Resource id.
    #[must_use]
    pub fn resource(&self, row: usize) -> Option<&str> {
        self.word(&self.columns.resource, row)
    }

    /// Plan that the record names.
    #[must_use]
    pub fn named_plan(&self, row: usize) -> Option<&str> {
        self.word(&self.columns.plan, row)
    }

    /// System that the record names.
    #[must_use]
    pub fn named_system(&self, row: usize) -> Option<&str> {
        self.word(&self.columns.system, row)
    }

    /// Recovery point that a run made, where one of the sources that saw it names it.
    #[must_use]
    pub fn named_point(&self, run: &Run) -> Option<&str> {
        std::iter::once(&run.row).chain(&run.also).find_map(|row| self.recovery_point_id(*row))
    }

    /// Algorithm and mode.
    #[must_use]
    pub fn cipher(&self, row: usize) -> Option<&str> {
        self.word(&self.columns.cipher, row)
    }

    /// Where the recovery point is.
    #[must_use]
    pub fn location(&self, row: usize) -> Option<&str> {
        self.word(&self.columns.location, row)
    }

    /// State as the source gave it.
    #[must_use]
    pub fn status_raw(&self, row: usize) -> &str {
        self.word(&self.columns.status_raw, row).unwrap_or_default()
    }

    /// `<kind>.<id>` of the source.
    #[must_use]
    pub fn source(&self, row: usize) -> &str {
        self.word(&self.columns.source, row).unwrap_or_default()
    }

    /// Index into `documents` of where the row was read.
    #[must_use]
    pub fn document_index(&self, row: usize) -> Option<usize> {
        self.columns.document.get(row).map(|d| d as usize)
    }

    /// Where the row was read.
    #[must_use]
    pub fn document(&self, row: usize) -> Option<&DocumentRef> {
        self.documents.get(self.document_index(row)?)
    }

    /// Attempt number at the source.
    #[must_use]
    pub fn attempt_no(&self, row: usize) -> Option<u32> {
        self.columns.attempt.get(row)
    }

    /// Bytes added to the repository.
    #[must_use]
    pub fn bytes_stored(&self, row: usize) -> Option<u64> {
        self.columns.stored.get(row)
    }

    /// Encrypted at rest.
    #[must_use]
    pub fn encrypted(&self, row: usize) -> Option<bool> {
        self.columns.encrypted.get(row)
    }

    /// When the recovery point expires.
    #[must_use]
    pub fn expires_at(&self, row: usize) -> Option<Instant> {
        self.columns.expires.get(row).and_then(from_micros)
    }

    /// Runs of a system, ascending in time.
    pub fn of_system(&self, system: usize) -> impl Iterator<Item = &Run> {
        self.by_system.get(&system).into_iter().flatten().map(|i| &self.list[*i])
    }
}

/// One record each, joined with the inventory and sorted by system, time and id.
///
/// # Errors
/// A resource that two systems claim; those of polars.
pub fn population(tables: &mut Tables, inventory: &Inventory) -> Result<Runs, Error> {
    let words = std::mem::take(&mut tables.words);
    let documents = std::mem::take(&mut tables.documents);
    let frame = std::mem::replace(&mut tables.runs, DataFrame::empty());

    let newest_first =
        SortMultipleOptions::default().with_maintain_order(true).with_order_descending_multi([true, true]);
    let records = frame.height();
    let unique = frame
        .clone()
        .lazy()
        .sort([n::FINAL, n::OBSERVED], newest_first)
        .unique_stable_generic(Some(vec![col(n::SOURCE), col(n::RECORD)]), UniqueKeepStrategy::First)
        .collect()?;

    let copies: BTreeSet<String> =
        tables.points.iter().filter(|p| p.copy_of.is_some()).map(|p| p.recovery_point_id.clone()).collect();
    // Most logs hold each record once: then nothing can be disputed.
    let disputed = if unique.height() < records { disputed(frame, &words)? } else { Vec::new() };
    let joined = join_systems(unique, &words, inventory)?;
    let order = order(&joined, &words)?;
    let sorted = joined.take(&IdxCa::from_vec(PlSmallStr::EMPTY, order))?;
    drop(joined);
    view(sorted, words, documents, disputed, &copies)
}

/// Row indices by system, time, attempt, source and record id. The texts decide ties only, and are compared
/// only there: encoding millions of ids for a general sort would cost more than everything else.
fn order(frame: &DataFrame, words: &Dictionary) -> Result<Vec<IdxSize>, Error> {
    let (system, attempt) = (frame.column("of_system")?.u32()?, frame.column(n::ATTEMPT)?.u32()?);
    let (source, record) = (frame.column(n::SOURCE)?.u32()?, frame.column(n::RECORD)?.str()?);
    let times = [n::SCHEDULED, n::STARTED, n::ENDED].map(|name| frame.column(name).and_then(|c| c.i64()).ok());
    let mut keys: Vec<(u32, i64, u32, IdxSize)> = (0..frame.height())
        .map(|i| {
            let placed = times.iter().flatten().find_map(|c| c.get(i)).unwrap_or(i64::MAX);
            (
                system.get(i).unwrap_or(u32::MAX),
                placed,
                attempt.get(i).unwrap_or(u32::MAX),
                IdxSize::try_from(i).unwrap_or(IdxSize::MAX),
            )
        })
        .collect();
    let text = |i: IdxSize| {
        let i = i as usize;
        (source.get(i).map(|id| words.word(id)), record.get(i))
    };
    keys.sort_unstable_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then_with(|| text(a.3).cmp(&text(b.3))));
    Ok(keys.into_iter().map(|k| k.3).collect())
}

/// Records with more than one final state.
fn disputed(frame: DataFrame, words: &Dictionary) -> Result<Vec<(String, String)>, Error> {
    let found = frame
        .lazy()
        .filter(col(n::FINAL))
        .group_by([col(n::SOURCE), col(n::RECORD)])
        .agg([col(n::STATUS).min().alias("least"), col(n::STATUS).max().alias("most")])
        .filter(col("least").neq(col("most")))
        .collect()?;
    let (sources, records) = (found.column(n::SOURCE)?.u32()?, found.column(n::RECORD)?.str()?);
    let mut out: Vec<(String, String)> = sources
        .iter()
        .zip(records.iter())
        .filter_map(|(source, record)| Some((words.word(source?).to_string(), record?.to_owned())))
        .collect();
    out.sort();
    Ok(out)
}

/// Left join of every run with the inventory row of the system it names, else of its resource.
fn join_systems(runs: DataFrame, words: &Dictionary, inventory: &Inventory) -> Result<DataFrame, Error> {
    let distinct = |column: &str| -> Result<BTreeSet<u32>, Error> {
        Ok(runs.column(column)?.u32()?.unique()?.iter().flatten().collect())
    };
    let index = |id: &str| inventory.systems.iter().position(|s| s.system_id == id).and_then(|i| u32::try_from(i).ok());
    let (mut ids, mut targets) = (Vec::new(), Vec::new());
    for id in distinct(n::RESOURCE)? {
        if let Some(system) = inventory.resolve(words.word(id)).map_err(Error::Ambiguous)? {
            ids.push(id);
            targets.push(index(&system.system_id));
        }
    }
    let by_resource = df!(n::RESOURCE => ids, "by_resource" => targets)?;
    let (mut ids, mut targets) = (Vec::new(), Vec::new());
    for id in distinct(n::SYSTEM)? {
        ids.push(id);
        targets.push(index(words.word(id)));
    }
    let by_name = df!(n::SYSTEM => ids, "by_name" => targets)?;
    Ok(runs
        .lazy()
        .left_join(by_name.lazy(), col(n::SYSTEM), col(n::SYSTEM))
        .left_join(by_resource.lazy(), col(n::RESOURCE), col(n::RESOURCE))
        .with_column(coalesce(&[col("by_name"), col("by_resource")]).alias("of_system"))
        .collect()?)
}

/// Record ids of AWS copy jobs begin so; the API keeps them apart from backup jobs.
const COPY_JOB: &str = "copy-job:";

/// Columns to the judgeable view. `copies` are ids of recovery points that a listing shows as copies.
fn view(
    frame: DataFrame,
    words: Dictionary,
    documents: Vec<DocumentRef>,
    disputed: Vec<(String, String)>,
    copies: &BTreeSet<String>,
) -> Result<Runs, Error> {
    let u32s = |name: &str| -> PolarsResult<Vec<Option<u32>>> { Ok(frame.column(name)?.u32()?.iter().collect()) };
    let times = |name: &str| -> PolarsResult<Vec<Option<i64>>> { Ok(frame.column(name)?.i64()?.iter().collect()) };
    let flags = |name: &str| -> PolarsResult<Vec<bool>> {
        Ok(frame.column(name)?.bool()?.iter().map(|b| b.unwrap_or(false)).collect())
    };
    let (system, component, trigger, status) =
        (u32s("of_system")?, u32s(n::COMPONENT)?, u32s(n::TRIGGER)?, u32s(n::STATUS)?);
    let (scheduled, started, ended, taken) =
        (times(n::SCHEDULED)?, times(n::STARTED)?, times(n::ENDED)?, times(n::TAKEN)?);
    let bytes: Vec<Option<u64>> = frame.column(n::BYTES)?.u64()?.iter().collect();
    let (unchanged, zone_unknown) = (flags(n::UNCHANGED)?, flags(n::ZONE_UNKNOWN)?);
    let resource = u32s(n::RESOURCE)?;
    let (record, point) = (frame.column(n::RECORD)?.str()?, frame.column(n::POINT)?.str()?);
    let copy: Vec<bool> = (0..frame.height())
        .map(|row| {
            record.get(row).is_some_and(|id| id.starts_with(COPY_JOB))
                || !copies.is_empty() && point.get(row).is_some_and(|id| copies.contains(id))
        })
        .collect();

    let mut list = Vec::with_capacity(frame.height());
    let mut by_system: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut unmatched: BTreeMap<String, u64> = BTreeMap::new();
    for row in 0..frame.height() {
        let of = system[row].map(|s| s as usize);
        match (of, resource[row]) {
            (Some(of), _) => by_system.entry(of).or_default().push(row),
            (None, Some(resource)) => *unmatched.entry(words.word(resource).to_string()).or_default() += 1,
            (None, None) => {}
        }
        list.push(Run {
            row,
            system: of,
            plan: None,
            component: component[row].and_then(|i| Component::ALL.get(i as usize).copied()),
            trigger: trigger[row].and_then(|i| Trigger::ALL.get(i as usize).copied()),
            scheduled_for: scheduled[row].and_then(from_micros),
            started_at: started[row].and_then(from_micros),
            ended_at: ended[row].and_then(from_micros),
            status: status[row].and_then(|i| RunStatus::ALL.get(i as usize).copied()).unwrap_or(RunStatus::Unknown),
            bytes: bytes[row],
            unchanged: unchanged[row],
            taken_at: taken[row].and_then(from_micros),
            zone_unknown: zone_unknown[row],
            copy: copy[row],
            also: Vec::new(),
            contradicted: false,
        });
    }
    Ok(Runs { columns: Columns::of(&frame)?, words, documents, list, by_system, unmatched, disputed })
}
