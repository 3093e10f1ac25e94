//! Tables of typed values, for people who pivot: the common input of the XLSX and the CSV writer.

use chrono::{DateTime, Utc};

use crate::error::ReportError;

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

/// Refuses a row with a cell too many or too few, a value of another type than its column, or a number that is none.
pub(crate) fn check_row(sheet: &Sheet, index: usize, row: &[Value]) -> Result<(), ReportError> {
    let fault = |what: String| Err(ReportError::Sheet { sheet: sheet.name.clone(), row: index + 1, what });
    if row.len() != sheet.columns.len() {
        return fault(format!("{} values for {} columns", row.len(), sheet.columns.len()));
    }
    for (value, column) in row.iter().zip(&sheet.columns) {
        let fits = match value {
            Value::Empty => true,
            Value::Text(_) => column.kind == ColumnKind::Text,
            Value::Integer(_) => column.kind == ColumnKind::Integer,
            Value::Number(number) => column.kind == ColumnKind::Number && number.is_finite(),
            Value::Percent(number) => column.kind == ColumnKind::Percent && number.is_finite(),
            Value::Instant(_) => column.kind == ColumnKind::Instant,
            Value::Bool(_) => column.kind == ColumnKind::Bool,
        };
        if !fits {
            return fault(format!("{value:?} does not fit column \"{}\" ({:?})", column.title, column.kind));
        }
    }
    Ok(())
}
