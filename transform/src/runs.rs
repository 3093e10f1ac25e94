//! The population of runs: one record each, joined with the inventory.
//!
//! `[conventions] duplicates`: records are keyed on (source, source record id) and the newest observation is
//! kept, but a final state is not replaced by a non-final one. The join with the inventory goes
//! by the system that the record names, else by the resource.

mod columns;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use model::inventory::Inventory;
use model::parallel;
use model::rows::{Component, RunStatus, Trigger};
use model::time::Instant;
use polars::prelude::*;

use crate::Error;
use crate::frames::{Dictionary, DocumentRef, Tables, from_micros, run_columns as n};

use columns::Columns;

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
    /// Concluded from what is stored: no record of the attempt itself.
    pub inferred: bool,
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

/// Source and record of some runs.
pub type Records = Vec<(String, String)>;

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
    pub disputed: Records,
    /// Source and record of runs that a source showed as running after it had shown their end, sorted.
    pub returned: Records,
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
    let copies: BTreeSet<String> =
        tables.points.iter().filter(|p| p.copy_of.is_some()).map(|p| p.recovery_point_id.clone()).collect();
    let kept = newest(&frame)?;
    // Most logs hold each record once: then nothing can be disputed.
    let doubts = if kept.len() < frame.height() {
        (disputed(&frame, &words)?, returned(&frame, &words)?)
    } else {
        <_>::default()
    };
    let systems = systems(&frame, &kept, &words, inventory)?;
    let order = order(&frame, kept, &systems, &words)?;
    view(frame, &order, words, documents, doubts, &copies)
}

/// Rows to keep: of each record the newest observation, but no final state is replaced by one that is not.
fn newest(frame: &DataFrame) -> Result<Vec<IdxSize>, Error> {
    let (source, record) = (frame.column(n::SOURCE)?.u32()?, frame.column(n::RECORD)?.str()?);
    let (is_final, observed) = (frame.column(n::FINAL)?.bool()?, frame.column(n::OBSERVED)?.i64()?);
    let key = |row: IdxSize| (source.get(row as usize), record.get(row as usize));
    // Sorting hashes takes a fraction of what sorting or looking up texts would.
    let mut rows: Vec<(u64, IdxSize)> = parallel::map(ranges(frame.height()), |rows| {
        let hashed = |row: IdxSize| {
            let mut hasher = DefaultHasher::new();
            key(row).hash(&mut hasher);
            (hasher.finish(), row)
        };
        rows.map(hashed).collect::<Vec<_>>()
    })
    .concat();
    rows.sort_unstable();
    let mut kept = Vec::with_capacity(rows.len());
    for same_hash in rows.chunk_by_mut(|a, b| a.0 == b.0) {
        if let [(_, row)] = same_hash {
            kept.push(*row);
            continue;
        }
        same_hash.sort_unstable_by_key(|(_, row)| (key(*row), *row));
        for record in same_hash.chunk_by(|a, b| key(a.1) == key(b.1)) {
            let age = |row: IdxSize| (is_final.get(row as usize), observed.get(row as usize));
            let best = record.iter().map(|(_, row)| *row).reduce(|a, b| if age(b) > age(a) { b } else { a });
            kept.extend(best);
        }
    }
    Ok(kept)
}

/// Rows in pieces of work.
fn ranges(height: usize) -> impl Iterator<Item = Range<IdxSize>> {
    const PIECE: usize = 1 << 16;
    let row = move |i: usize| IdxSize::try_from(i.min(height)).unwrap_or(IdxSize::MAX);
    (0..height).step_by(PIECE).map(move |from| row(from)..row(from + PIECE))
}

/// Index into `inventory.systems` for each row: of the system that it names, else of its resource.
fn systems(
    frame: &DataFrame,
    kept: &[IdxSize],
    words: &Dictionary,
    inventory: &Inventory,
) -> Result<Vec<Option<u32>>, Error> {
    let (name, resource) = (frame.column(n::SYSTEM)?.u32()?, frame.column(n::RESOURCE)?.u32()?);
    let index = |id: &str| {
        let found = inventory.systems.binary_search_by(|s| s.system_id.as_str().cmp(id)).ok();
        found.and_then(|i| u32::try_from(i).ok())
    };
    // Texts repeat: each is looked up once.
    let distinct =
        |ids: &UInt32Chunked| -> BTreeSet<u32> { kept.iter().filter_map(|r| ids.get(*r as usize)).collect() };
    let mut by_resource: Vec<Option<u32>> = vec![None; words.words().len()];
    for id in distinct(resource) {
        if let Some(system) = inventory.resolve(words.word(id)).map_err(Error::Ambiguous)?
            && let Some(slot) = by_resource.get_mut(id as usize)
        {
            *slot = index(&system.system_id);
        }
    }
    let by_name: Vec<Option<u32>> = words.words().iter().map(|word| index(word)).collect();
    let of = |ids: &UInt32Chunked, by: &[Option<u32>], row: usize| *by.get(ids.get(row)? as usize)?;
    let rows = 0..frame.height();
    Ok(rows.map(|row| of(name, &by_name, row).or_else(|| of(resource, &by_resource, row))).collect())
}

/// Row indices by system, time, attempt, source and record id, each with its system. The texts decide ties only, and
/// are compared only there: encoding millions of ids for a general sort would cost more than everything else.
fn order(
    frame: &DataFrame,
    kept: Vec<IdxSize>,
    systems: &[Option<u32>],
    words: &Dictionary,
) -> Result<Vec<(Option<u32>, IdxSize)>, Error> {
    let attempt = frame.column(n::ATTEMPT)?.u32()?;
    let (source, record) = (frame.column(n::SOURCE)?.u32()?, frame.column(n::RECORD)?.str()?);
    let times = [n::SCHEDULED, n::STARTED, n::ENDED].map(|name| frame.column(name).and_then(|c| c.i64()).ok());
    let mut keys: Vec<(u32, i64, u32, IdxSize)> = kept
        .into_iter()
        .map(|row| {
            let i = row as usize;
            let placed = times.iter().flatten().find_map(|c| c.get(i)).unwrap_or(i64::MAX);
            let system = systems.get(i).copied().flatten().unwrap_or(u32::MAX);
            (system, placed, attempt.get(i).unwrap_or(u32::MAX), row)
        })
        .collect();
    let text = |i: IdxSize| {
        let i = i as usize;
        (source.get(i).map(|id| words.word(id)), record.get(i))
    };
    keys.sort_unstable_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then_with(|| text(a.3).cmp(&text(b.3))));
    Ok(keys.into_iter().map(|k| ((k.0 != u32::MAX).then_some(k.0), k.3)).collect())
}

/// Records that are running in a later reading than the last with a final state.
fn returned(frame: &DataFrame, words: &Dictionary) -> Result<Records, Error> {
    let running = RunStatus::ALL.iter().position(|s| *s == RunStatus::Running);
    let running = col(n::STATUS).eq(lit(running.and_then(|i| u32::try_from(i).ok()).unwrap_or(u32::MAX)));
    let last = |of: Expr| col(n::OBSERVED).filter(of).max();
    let found = frame
        .clone()
        .lazy()
        .group_by([col(n::SOURCE), col(n::RECORD)])
        .agg([last(col(n::FINAL)).alias("ended"), last(running).alias("running")])
        .filter(col("running").gt(col("ended")))
        .collect()?;
    records(&found, words)
}

/// Records with more than one final state.
fn disputed(frame: &DataFrame, words: &Dictionary) -> Result<Records, Error> {
    let found = frame
        .clone()
        .lazy()
        .filter(col(n::FINAL))
        .group_by([col(n::SOURCE), col(n::RECORD)])
        .agg([col(n::STATUS).min().alias("least"), col(n::STATUS).max().alias("most")])
        .filter(col("least").neq(col("most")))
        .collect()?;
    records(&found, words)
}

/// Source and record of each row, sorted.
fn records(found: &DataFrame, words: &Dictionary) -> Result<Records, Error> {
    let (sources, records) = (found.column(n::SOURCE)?.u32()?, found.column(n::RECORD)?.str()?);
    let mut out: Vec<(String, String)> = sources
        .iter()
        .zip(records.iter())
        .filter_map(|(source, record)| Some((words.word(source?).to_string(), record?.to_owned())))
        .collect();
    out.sort();
    Ok(out)
}

/// Record ids of AWS copy jobs begin so; the API keeps them apart from backup jobs.
const COPY_JOB: &str = "copy-job:";

/// Columns to the judgeable view. `copies` are ids of recovery points that a listing shows as copies.
fn view(
    frame: DataFrame,
    order: &[(Option<u32>, IdxSize)],
    words: Dictionary,
    documents: Vec<DocumentRef>,
    (disputed, returned): (Records, Records),
    copies: &BTreeSet<String>,
) -> Result<Runs, Error> {
    let columns = frame.clone();
    let rows = order.iter().map(|(_, i)| *i).collect();
    let (columns, seen) = parallel::both(|| Columns::of(columns, rows), || judgeable(&frame, order, &words, copies));
    let (list, by_system, unmatched) = seen?;
    Ok(Runs { columns: columns?, words, documents, list, by_system, unmatched, disputed, returned })
}

/// Runs in their order, those of each system, and resources that no inventory row matches with the number of theirs.
type Judgeable = (Vec<Run>, BTreeMap<usize, Vec<usize>>, BTreeMap<String, u64>);

fn judgeable(
    frame: &DataFrame,
    order: &[(Option<u32>, IdxSize)],
    words: &Dictionary,
    copies: &BTreeSet<String>,
) -> Result<Judgeable, Error> {
    let ids = |name: &str| frame.column(name).and_then(|c| c.u32());
    let (component, trigger, status) = (ids(n::COMPONENT)?, ids(n::TRIGGER)?, ids(n::STATUS)?);
    let resource = ids(n::RESOURCE)?;
    let times = |name: &str| frame.column(name).and_then(|c| c.i64());
    let (scheduled, started, ended, taken) =
        (times(n::SCHEDULED)?, times(n::STARTED)?, times(n::ENDED)?, times(n::TAKEN)?);
    let bytes = frame.column(n::BYTES)?.u64()?;
    let flags = |name: &str| frame.column(name).and_then(|c| c.bool());
    let (unchanged, inferred, zone_unknown) = (flags(n::UNCHANGED)?, flags(n::INFERRED)?, flags(n::ZONE_UNKNOWN)?);
    let (record, point) = (frame.column(n::RECORD)?.str()?, frame.column(n::POINT)?.str()?);
    let copied = |i: usize| {
        record.get(i).is_some_and(|id| id.starts_with(COPY_JOB))
            || !copies.is_empty() && point.get(i).is_some_and(|id| copies.contains(id))
    };

    let mut list = Vec::with_capacity(order.len());
    let mut by_system: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut unmatched: BTreeMap<String, u64> = BTreeMap::new();
    for (row, (system, i)) in order.iter().enumerate() {
        let (of, i) = (system.map(|s| s as usize), *i as usize);
        match (of, resource.get(i)) {
            (Some(of), _) => by_system.entry(of).or_default().push(row),
            (None, Some(resource)) => *unmatched.entry(words.word(resource).to_owned()).or_default() += 1,
            (None, None) => {}
        }
        let at = |times: &Int64Chunked| times.get(i).and_then(from_micros);
        list.push(Run {
            row,
            system: of,
            plan: None,
            component: component.get(i).and_then(|c| Component::ALL.get(c as usize).copied()),
            trigger: trigger.get(i).and_then(|t| Trigger::ALL.get(t as usize).copied()),
            scheduled_for: at(scheduled),
            started_at: at(started),
            ended_at: at(ended),
            status: status.get(i).and_then(|s| RunStatus::ALL.get(s as usize).copied()).unwrap_or(RunStatus::Unknown),
            bytes: bytes.get(i),
            unchanged: unchanged.get(i).unwrap_or(false),
            inferred: inferred.get(i).unwrap_or(false),
            taken_at: at(taken),
            zone_unknown: zone_unknown.get(i).unwrap_or(false),
            copy: copied(i),
            also: Vec::new(),
            contradicted: false,
        });
    }
    Ok((list, by_system, unmatched))
}
