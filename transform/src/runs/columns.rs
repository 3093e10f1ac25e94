//! The columns of runs that are looked up by row.

use model::parallel;
use polars::prelude::*;

use crate::frames::run_columns as n;

/// What is looked up by row, in the order of `list`. Found by name once: a lookup a row would cost more than the value.
#[derive(Debug)]
pub(super) struct Columns {
    pub document: UInt32Chunked,
    pub source: UInt32Chunked,
    pub record: StringChunked,
    pub run: StringChunked,
    pub plan: UInt32Chunked,
    pub system: UInt32Chunked,
    pub resource: UInt32Chunked,
    pub attempt: UInt32Chunked,
    pub retry_of: StringChunked,
    pub status_raw: UInt32Chunked,
    pub detail: StringChunked,
    pub stored: UInt64Chunked,
    pub point: StringChunked,
    pub expires: Int64Chunked,
    pub encrypted: BooleanChunked,
    pub cipher: UInt32Chunked,
    pub location: UInt32Chunked,
    pub pointer: StringChunked,
}

impl Columns {
    /// Rows of a frame in this order. Columns are let go one by one, so that they never are in memory twice.
    pub(super) fn of(frame: DataFrame, rows: Vec<IdxSize>) -> PolarsResult<Self> {
        let rows = IdxCa::from_vec(PlSmallStr::EMPTY, rows);
        let wanted = frame.into_columns().into_iter().filter(|c| Self::NAMES.contains(&c.name().as_str()));
        let sorted = parallel::map(wanted, |column| column.take(&rows));
        let height = rows.len();
        let frame = DataFrame::new(height, sorted.into_iter().collect::<PolarsResult<Vec<Column>>>()?)?;
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

    const NAMES: [&str; 18] = [
        n::DOCUMENT,
        n::SOURCE,
        n::RECORD,
        n::RUN,
        n::PLAN,
        n::SYSTEM,
        n::RESOURCE,
        n::ATTEMPT,
        n::RETRY_OF,
        n::STATUS_RAW,
        n::DETAIL,
        n::STORED,
        n::POINT,
        n::EXPIRES,
        n::ENCRYPTED,
        n::CIPHER,
        n::LOCATION,
        n::POINTER,
    ];
}
