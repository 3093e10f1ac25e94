//! Populations as Parquet: typed columns, written a row group at a time.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::*;
use polars_io::parquet::write::{BatchedWriter, ParquetWriter};
use serde_json::Value;

use crate::Error;
use crate::show::Fields;

/// Columns of whole numbers.
const WHOLE: [&str; 4] = ["bytes", "bytes_stored", "attempt_no", "attempts"];
/// Columns of yes and no.
const YES_OR_NO: [&str; 7] = ["encrypted", "unchanged", "inferred", "zone_unknown", "complete", "good", "from_log"];

/// Rows of a row group: many enough to compress well, few enough to hold.
const GROUP: usize = 50_000;

/// Writes rows that share columns into memory: compressed they are a few bytes each. Instants are
/// texts in RFC 3339 (UTC), lists are joined by `;`.
#[allow(missing_debug_implementations, reason = "the writer of polars has none")]
pub struct Writer {
    columns: Vec<(String, Cells)>,
    rows: usize,
    inner: BatchedWriter<Memory>,
    memory: Memory,
}

/// Cells of one column that wait for their row group.
enum Cells {
    Whole(Vec<Option<u64>>),
    YesOrNo(Vec<Option<bool>>),
    Text(Vec<Option<String>>),
}

impl Cells {
    fn of(name: &str) -> Self {
        if WHOLE.contains(&name) {
            Self::Whole(Vec::new())
        } else if YES_OR_NO.contains(&name) {
            Self::YesOrNo(Vec::new())
        } else {
            Self::Text(Vec::new())
        }
    }

    const fn kind(&self) -> DataType {
        match self {
            Self::Whole(_) => DataType::UInt64,
            Self::YesOrNo(_) => DataType::Boolean,
            Self::Text(_) => DataType::String,
        }
    }

    fn push(&mut self, value: &Value) {
        match self {
            Self::Whole(cells) => cells.push(value.as_u64()),
            Self::YesOrNo(cells) => cells.push(value.as_bool()),
            Self::Text(cells) => cells.push(text(value)),
        }
    }

    fn take(&mut self, name: &str) -> Column {
        match self {
            Self::Whole(cells) => Column::new(name.into(), std::mem::take(cells)),
            Self::YesOrNo(cells) => Column::new(name.into(), std::mem::take(cells)),
            Self::Text(cells) => Column::new(name.into(), std::mem::take(cells)),
        }
    }
}

impl Writer {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of polars.
    pub fn begin(columns: &[String]) -> Result<Self, Error> {
        let columns: Vec<(String, Cells)> = columns.iter().map(|c| (c.clone(), Cells::of(c))).collect();
        let schema: Schema = columns.iter().map(|(c, cells)| Field::new(c.as_str().into(), cells.kind())).collect();
        let memory = Memory::default();
        let inner = ParquetWriter::new(memory.clone()).batched(&schema)?;
        Ok(Self { columns, rows: 0, inner, memory })
    }

    /// Writes rows.
    ///
    /// # Errors
    /// Those of polars.
    pub fn write(&mut self, rows: &[Fields]) -> Result<(), Error> {
        for row in rows {
            for (name, cells) in &mut self.columns {
                cells.push(row.get(name.as_str()).unwrap_or(&Value::Null));
            }
        }
        self.rows += rows.len();
        if self.rows < GROUP { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Error> {
        let columns = self.columns.iter_mut().map(|(name, cells)| cells.take(name)).collect::<Vec<Column>>();
        self.inner.write_batch(&DataFrame::new(std::mem::take(&mut self.rows), columns)?)?;
        Ok(())
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// Those of polars.
    pub fn finish(mut self) -> Result<Vec<u8>, Error> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.inner.finish()?;
        Ok(std::mem::take(&mut *self.memory.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Bytes that the writer of polars does not give back.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => Some(all.iter().filter_map(text).collect::<Vec<_>>().join(";")),
        other => Some(other.to_string()),
    }
}
