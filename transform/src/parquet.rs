//! Populations as Parquet: typed columns, one row group a block of rows.

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

/// Writes rows that share columns into memory, a block at a time: compressed they are a few bytes each. Instants are
/// texts in RFC 3339 (UTC), lists are joined by `;`.
#[allow(missing_debug_implementations, reason = "the writer of polars has none")]
pub struct Writer {
    columns: Vec<String>,
    inner: BatchedWriter<Memory>,
    memory: Memory,
}

impl Writer {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of polars.
    pub fn begin(columns: &[String]) -> Result<Self, Error> {
        let schema: Schema = columns.iter().map(|c| Field::new(c.as_str().into(), kind(c))).collect();
        let memory = Memory::default();
        let inner = ParquetWriter::new(memory.clone()).batched(&schema)?;
        Ok(Self { columns: columns.to_vec(), inner, memory })
    }

    /// Writes a block of rows as a row group.
    ///
    /// # Errors
    /// Those of polars.
    pub fn write(&mut self, rows: &[Fields]) -> Result<(), Error> {
        let columns = self.columns.iter().map(|name| column(name, rows)).collect::<Vec<Column>>();
        self.inner.write_batch(&DataFrame::new(rows.len(), columns)?)?;
        Ok(())
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// Those of polars.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
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

fn kind(name: &str) -> DataType {
    if WHOLE.contains(&name) {
        DataType::UInt64
    } else if YES_OR_NO.contains(&name) {
        DataType::Boolean
    } else {
        DataType::String
    }
}

fn column(name: &str, rows: &[Fields]) -> Column {
    let cells = rows.iter().map(|row| row.get(name).unwrap_or(&Value::Null));
    match kind(name) {
        DataType::UInt64 => Column::new(name.into(), cells.map(Value::as_u64).collect::<Vec<_>>()),
        DataType::Boolean => Column::new(name.into(), cells.map(Value::as_bool).collect::<Vec<_>>()),
        _ => Column::new(name.into(), cells.map(text).collect::<Vec<Option<String>>>()),
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
