//! Parquet files, one row group at a time.
//!
//! The format is read from its end, so a file must be in memory; its rows are there a group at a time.

use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::{DataFrame, PolarsError, PolarsResult, SerReader};
use polars_io::parquet::read::ParquetReader;

use crate::Document;

/// Largest file that is read: 2 GiB.
const LIMIT: u64 = 2 << 30;

/// The bytes of a file.
///
/// # Errors
/// Where it cannot be read, or is too large; what to do is the caller's to add.
pub(crate) fn bytes(document: &Document) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let size = document
        .raw()
        .and_then(|r| r.take(LIMIT + 1).read_to_end(&mut out))
        .map_err(|e| format!("cannot be read: {e}"))?;
    if size as u64 > LIMIT {
        return Err(format!("longer than {} GiB", LIMIT >> 30));
    }
    Ok(out)
}

/// Number of rows in each row group.
///
/// # Errors
/// Where it is no whole Parquet file.
pub(crate) fn groups(bytes: &[u8]) -> Result<Vec<usize>, String> {
    guarded(|| {
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        Ok(reader.get_metadata()?.row_groups.iter().map(|g| g.num_rows()).collect())
    })
}

/// The rows of one group, which begins at row `first`: all columns, or those that are `wanted`.
///
/// # Errors
/// Where its content is damaged.
pub(crate) fn group(
    bytes: &[u8],
    first: usize,
    rows: usize,
    wanted: Option<fn(&str) -> bool>,
) -> Result<DataFrame, String> {
    guarded(|| {
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        let columns = match wanted {
            Some(wanted) => {
                let schema = reader.schema()?;
                Some(schema.iter_names().filter(|name| wanted(name)).map(ToString::to_string).collect())
            }
            None => None,
        };
        reader.with_columns(columns).with_slice(Some((first, rows))).finish()
    })
}

/// Turns failures of the decoder into messages. Decoders of damaged files may panic: that is caught
/// here, so that one bad file does not end the collection of all others.
fn guarded<T>(read: impl FnOnce() -> PolarsResult<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(first_line(&e)),
        Err(_) => Err("its content contradicts its own description".to_owned()),
    }
}

fn first_line(e: &PolarsError) -> String {
    e.to_string().lines().next().unwrap_or_default().to_owned()
}
