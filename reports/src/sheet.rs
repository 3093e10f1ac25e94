//! Tables of typed values, for people who pivot: the common input of the XLSX and the CSV writer.

use chrono::{DateTime, Utc};

/// A workbook.
#[derive(Debug, Clone, PartialEq)]
pub struct Workbook {
    /// Title in the file's properties.
    pub title: String,
    /// Organisation in the file's properties.
    pub organization: String,
    /// Instant up to which evidence was read: the only date in the file's properties.
    pub as_of: DateTime<Utc>,
    /// Sheets in order.
    pub sheets: Vec<Sheet>,
}

/// A table of typed values.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Name; Excel allows 31 characters and none of `[]:*?/\`.
    pub name: String,
    /// Columns.
    pub columns: Vec<SheetColumn>,
    /// Rows; each has one value a column.
    pub rows: Vec<Vec<Value>>,
}

/// A column of values.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetColumn {
    /// Title.
    pub title: String,
    /// Type of its values; `Empty` is allowed everywhere.
    pub kind: ColumnKind,
}

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// Fractions of one, shown in percent, cut and never rounded up.
    Percent,
    /// Instants in UTC.
    Instant,
    /// Yes or no.
    Bool,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Not known or not applicable.
    Empty,
    /// Text, never read as a formula or address.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A fraction of one.
    Percent(f64),
    /// An instant in UTC.
    Instant(DateTime<Utc>),
    /// Yes or no.
    Bool(bool),
}
