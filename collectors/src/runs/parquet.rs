//! Parquet: one row group at a time.
//!
//! Times of the old forms (INT96, and converted types without a logical type) do not say whether they
//! are UTC; they are taken for local times.

use std::borrow::Cow;

use chrono::{DateTime, NaiveTime};
use polars::prelude::{AnyValue, DataFrame, Series, TimeUnit};

use super::keys::Key;
use super::reading::{Place, Reading};
use super::record::{Record, Scalar};
use super::separated::missing;
use crate::parquet;

const NEXT: &str = "copy the file again when its writer has finished, or export it as JSON lines";

/// Reads every row whose columns are those of a run record.
pub(super) fn rows(reading: &mut Reading<'_>) {
    let bytes = match parquet::bytes(reading.document) {
        Ok(bytes) => bytes,
        Err(message) => {
            return reading.tell_document(format!("{message}: {NEXT}, or split it"));
        }
    };
    let groups = match parquet::groups(&bytes) {
        Ok(groups) => groups,
        Err(message) => return reading.tell_document(format!("not a whole Parquet file ({message}): {NEXT}")),
    };
    let mut first = 0;
    for (number, rows) in groups.into_iter().enumerate() {
        match parquet::group(&bytes, first, rows, None) {
            Ok(frame) => {
                if !group_rows(reading, &frame, first) {
                    return;
                }
            }
            Err(message) => reading.tell_document(format!(
                "row group {} (rows {} to {}) cannot be read ({message}): {NEXT}",
                number + 1,
                first + 1,
                first + rows
            )),
        }
        first += rows;
    }
}

/// Hands on the rows of one group; false where required columns are missing.
fn group_rows(reading: &mut Reading<'_>, frame: &DataFrame, first: usize) -> bool {
    let mut columns: Vec<(Key, Series)> = Vec::new();
    for column in frame.columns() {
        match Key::named(column.name()) {
            Some(key) => columns.push((key, column.as_materialized_series().rechunk())),
            None => reading.unknown_key(Place::Row(first as u64 + 1), column.name().to_string()),
        }
    }
    if let Some(what) = missing(&columns.iter().map(|(key, _)| *key).collect::<Vec<_>>()) {
        reading.tell_document(format!("the file has no {what} column: no record is read"));
        return false;
    }
    let mut cells: Vec<_> = columns.iter().map(|(key, column)| (*key, column.iter())).collect();
    for row in 0..frame.height() {
        let mut record = Record::default();
        for (key, column) in &mut cells {
            record.set(*key, column.next().and_then(scalar));
        }
        reading.record(Place::Row((first + row) as u64 + 1), record);
    }
    true
}

/// A cell; `None` for null.
fn scalar(value: AnyValue<'_>) -> Option<Scalar<'_>> {
    Some(match value {
        AnyValue::Null => return None,
        AnyValue::Boolean(b) => Scalar::Bool(b),
        AnyValue::String(text) => Scalar::Text(Cow::Borrowed(text)),
        AnyValue::StringOwned(text) => Scalar::Text(Cow::Owned(text.to_string())),
        // Some writers leave out the mark that a byte column is text.
        AnyValue::Binary(bytes) => text(bytes.to_vec()),
        AnyValue::BinaryOwned(bytes) => text(bytes),
        AnyValue::Int8(n) => Scalar::Int(n.into()),
        AnyValue::Int16(n) => Scalar::Int(n.into()),
        AnyValue::Int32(n) => Scalar::Int(n.into()),
        AnyValue::Int64(n) => Scalar::Int(n.into()),
        AnyValue::UInt8(n) => Scalar::Int(n.into()),
        AnyValue::UInt16(n) => Scalar::Int(n.into()),
        AnyValue::UInt32(n) => Scalar::Int(n.into()),
        AnyValue::UInt64(n) => Scalar::Int(n.into()),
        AnyValue::Float32(n) => float(n.into())?,
        AnyValue::Float64(n) => float(n)?,
        AnyValue::Datetime(n, unit, zone) => datetime(n, unit, zone.is_some()),
        AnyValue::DatetimeOwned(n, unit, zone) => datetime(n, unit, zone.is_some()),
        AnyValue::Date(days) => DateTime::from_timestamp(i64::from(days) * 86_400, 0)
            .map_or(Scalar::Other("a date out of range"), |d| Scalar::Local(d.date_naive().and_time(NaiveTime::MIN))),
        _ => Scalar::Other("of another type"),
    })
}

fn text(bytes: Vec<u8>) -> Scalar<'static> {
    String::from_utf8(bytes).map_or(Scalar::Other("not UTF-8"), |t| Scalar::Text(Cow::Owned(t)))
}

/// Data frames write "no value" in a column of numbers as not-a-number.
fn float(n: f64) -> Option<Scalar<'static>> {
    (!n.is_nan()).then_some(Scalar::Float(n))
}

/// Parquet times count from 1970: as UTC where the column has a zone, on the wall clock where not.
fn datetime(n: i64, unit: TimeUnit, zoned: bool) -> Scalar<'static> {
    let at = match unit {
        TimeUnit::Nanoseconds => Some(DateTime::from_timestamp_nanos(n)),
        TimeUnit::Microseconds => DateTime::from_timestamp_micros(n),
        TimeUnit::Milliseconds => DateTime::from_timestamp_millis(n),
    };
    match at {
        None => Scalar::Other("a time out of range"),
        Some(at) if zoned => Scalar::Time(at),
        Some(at) => Scalar::Local(at.naive_utc()),
    }
}
