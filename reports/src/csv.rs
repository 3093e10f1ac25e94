//! CSV after RFC 4180: comma, quotes doubled, CRLF, UTF-8, a header line. Instants are RFC 3339 in UTC, numbers have a
//! point, rates are fractions of one.

use chrono::SecondsFormat;

use crate::error::ReportError;
use crate::sheet::{Sheet, Value, check_row};

/// Writes a sheet as CSV. Text that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`, tab or
/// carriage return) gets a leading apostrophe; typed numbers are left alone.
///
/// # Errors
/// [`ReportError::Sheet`] for a row that does not fit its columns.
pub fn csv(sheet: &Sheet) -> Result<Vec<u8>, ReportError> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(sheet.columns.iter().map(|c| defused(&c.title)))?;
    for (n, row) in sheet.rows.iter().enumerate() {
        check_row(sheet, n, row)?;
        writer.write_record(row.iter().map(field))?;
    }
    writer.into_inner().map_err(|e| ReportError::Csv(csv::Error::from(e.into_error())))
}

fn field(value: &Value) -> String {
    match value {
        Value::Empty => String::new(),
        Value::Text(text) => defused(text),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) | Value::Percent(number) => number.to_string(),
        Value::Instant(instant) => instant.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        Value::Bool(yes) => yes.to_string(),
    }
}

fn defused(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::sample::sheet;
    use crate::sheet::Value;

    #[test]
    fn formulas_are_defused_and_numbers_are_not() {
        let bytes = super::csv(&sheet()).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.starts_with("system,runs,seconds,rate,taken_at,encrypted\r\n"), "{text}");
        assert!(text.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\",-3,"), "{text}");
        for start in ["'+1", "'-2+3", "'@SUM(A1)", "'\tx", "'\rx"] {
            assert!(text.contains(start), "{start:?} in {text}");
        }
        assert!(text.contains("2026-11-02T10:00:00Z"));
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        assert_eq!(reader.records().map(Result::unwrap).count(), sheet().rows.len());
    }

    #[test]
    fn a_row_that_does_not_fit_is_an_error() {
        let mut short = sheet();
        short.rows[1].pop();
        assert!(super::csv(&short).unwrap_err().to_string().contains("row 2"));
        let mut wrong = sheet();
        wrong.rows[0][1] = Value::Text("many".into());
        assert!(super::csv(&wrong).unwrap_err().to_string().contains("runs"));
    }
}
