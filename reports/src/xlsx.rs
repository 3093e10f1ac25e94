//! XLSX for people who pivot: typed columns, filters, a frozen header. Text is written as text: never a formula, never
//! a link. Instants are Excel dates in UTC.

use chrono::{DateTime, Utc};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook as File, Worksheet, XlsxError,
};

mod long;

pub use long::LongTable;

use crate::error::ReportError;
use crate::sheet::{ColumnKind, Sheet, Value, Workbook, check_row};

/// Rows a sheet may have; Excel itself ends at 1,048,576.
const MOST_ROWS: usize = 1_000_000;
/// Characters a cell may have, set by Excel.
const MOST_CHARACTERS: usize = 32_767;
/// Largest integer that a spreadsheet holds exactly: 2^53.
const EXACT: u64 = 1 << 53;
/// Rows looked at for the width of a column.
const SAMPLE: usize = 1_000;

/// Writes a workbook. A sheet of more than 1,000,000 rows becomes a sheet with a note that says so and names the CSV
/// file as the place of the rows; nothing is cut silently.
///
/// # Errors
/// [`ReportError::Sheet`] for a row that does not fit its columns; [`ReportError::Xlsx`] for a name that Excel refuses.
pub fn xlsx(workbook: &Workbook) -> Result<Vec<u8>, ReportError> {
    let mut file = begin(&workbook.title, &workbook.organization, workbook.as_of)?;
    let formats = Formats::new();
    for sheet in &workbook.sheets {
        let page = file.add_worksheet();
        page.set_name(&sheet.name)?;
        if sheet.rows.len() > MOST_ROWS {
            note(page, sheet)?;
        } else {
            fill(page, sheet, &formats)?;
        }
    }
    Ok(file.save_to_buffer()?)
}

/// A file whose only date is that of its content.
fn begin(title: &str, organization: &str, as_of: DateTime<Utc>) -> Result<File, XlsxError> {
    let mut file = File::new();
    let properties = DocProperties::new()
        .set_title(title)
        .set_company(organization)
        .set_author("backproof")
        .set_creation_datetime(&ExcelDateTime::from_timestamp(as_of.timestamp())?);
    file.set_properties(&properties);
    Ok(file)
}

struct Formats {
    header: Format,
    header_right: Format,
    text: Format,
    integer: Format,
    number: Format,
    percent: Format,
    instant: Format,
}

impl Formats {
    fn new() -> Formats {
        let base = Format::new().set_font_name("Inter").set_font_size(10);
        let header =
            base.clone().set_bold().set_border_bottom(FormatBorder::Thin).set_font_color(Color::RGB(0x18_21_2b));
        Formats {
            header_right: header.clone().set_align(FormatAlign::Right),
            header,
            text: base.clone().set_num_format("@"),
            integer: base.clone().set_num_format("0"),
            number: base.clone().set_num_format("General"),
            // Six decimals are kept; four of the percentage are shown, so that display rounds nothing up.
            percent: base.clone().set_num_format("0.0000%"),
            instant: base.set_num_format("yyyy-mm-dd hh:mm:ss"),
        }
    }
}

impl Formats {
    /// The format of a value.
    fn of(&self, value: &Value) -> Option<&Format> {
        match value {
            Value::Text(_) => Some(&self.text),
            Value::Integer(_) => Some(&self.integer),
            Value::Number(_) => Some(&self.number),
            Value::Percent(_) => Some(&self.percent),
            Value::Instant(_) => Some(&self.instant),
            Value::Empty | Value::Bool(_) => None,
        }
    }
}

fn fill(page: &mut Worksheet, sheet: &Sheet, formats: &Formats) -> Result<(), ReportError> {
    let mut widths: Vec<usize> = Vec::new();
    for (n, column) in sheet.columns.iter().enumerate() {
        let right = matches!(column.kind, ColumnKind::Integer | ColumnKind::Number | ColumnKind::Percent);
        let format = if right { &formats.header_right } else { &formats.header };
        header(page, n, &column.title, format)?;
        // The filter's arrow covers the title's end.
        widths.push(column.title.chars().count() + 4);
    }
    for (n, row) in sheet.rows.iter().enumerate() {
        check_row(sheet, n, row)?;
        let line = u32::try_from(n + 1).map_err(|_| XlsxError::RowColumnLimitError)?;
        for (m, value) in row.iter().enumerate() {
            cell(page, line, index(m)?, value, formats)?;
            if let Some(width) = widths.get_mut(m).filter(|_| n < SAMPLE) {
                *width = (*width).max(length(value));
            }
        }
    }
    finish(page, &widths, u32::try_from(sheet.rows.len()).map_err(|_| XlsxError::RowColumnLimitError)?)
}

fn header(page: &mut Worksheet, column: usize, title: &str, format: &Format) -> Result<(), XlsxError> {
    page.write_string_with_format(0, index(column)?, title, format).map(|_| ())
}

/// Widths of columns, a filter over all rows, a header that stays.
fn finish(page: &mut Worksheet, widths: &[usize], rows: u32) -> Result<(), ReportError> {
    for (n, width) in widths.iter().enumerate() {
        page.set_column_width(index(n)?, (*width).clamp(8, 60) as f64)?;
    }
    if !widths.is_empty() {
        page.autofilter(0, 0, rows, index(widths.len() - 1)?)?;
        page.set_freeze_panes(1, 0)?;
        page.set_repeat_rows(0, 0)?;
    }
    page.set_landscape();
    Ok(())
}

fn index(n: usize) -> Result<u16, XlsxError> {
    u16::try_from(n).map_err(|_| XlsxError::RowColumnLimitError)
}

fn cell(page: &mut Worksheet, row: u32, column: u16, value: &Value, formats: &Formats) -> Result<(), XlsxError> {
    match value {
        Value::Empty => {}
        Value::Text(text) => {
            page.write_string_with_format(row, column, whole(text), &formats.text)?;
        }
        Value::Integer(number) if number.unsigned_abs() > EXACT => {
            page.write_string_with_format(row, column, number.to_string(), &formats.text)?;
        }
        Value::Integer(number) => {
            page.write_number_with_format(row, column, *number as f64, &formats.integer)?;
        }
        Value::Number(number) => {
            page.write_number_with_format(row, column, *number, &formats.number)?;
        }
        Value::Percent(number) => {
            page.write_number_with_format(row, column, cut(*number), &formats.percent)?;
        }
        Value::Instant(instant) => match serial(*instant) {
            Some(serial) => {
                page.write_number_with_format(row, column, serial, &formats.instant)?;
            }
            None => {
                page.write_string_with_format(row, column, instant.to_rfc3339(), &formats.text)?;
            }
        },
        Value::Bool(yes) => {
            page.write_boolean(row, column, *yes)?;
        }
    }
    Ok(())
}

/// Writes a value into a column that has its format; false for a value that has another form than most of its type.
fn unformatted(page: &mut Worksheet, row: u32, column: u16, value: &Value) -> Result<bool, XlsxError> {
    match value {
        Value::Text(text) if text.len() <= MOST_CHARACTERS => page.write_string(row, column, text)?,
        Value::Integer(number) if number.unsigned_abs() <= EXACT => page.write_number(row, column, *number as f64)?,
        Value::Instant(instant) => match serial(*instant) {
            Some(serial) => page.write_number(row, column, serial)?,
            None => return Ok(false),
        },
        _ => return Ok(false),
    };
    Ok(true)
}

/// Text that fits a cell; what does not fit is cut and says so.
fn whole(text: &str) -> String {
    // Excel counts UTF-16 units.
    if text.encode_utf16().count() <= MOST_CHARACTERS {
        return text.to_owned();
    }
    let note = "… (cut: Excel allows 32,767 characters in a cell; the CSV file has the whole text)";
    let mut room = MOST_CHARACTERS - note.encode_utf16().count();
    let mut out: String = text
        .chars()
        .take_while(|c| {
            let fits = room >= c.len_utf16();
            room = room.saturating_sub(c.len_utf16());
            fits
        })
        .collect();
    out.push_str(note);
    out
}

/// Cut to six decimals, never rounded up; the margin undoes the binary form of numbers such as 0.57.
fn cut(fraction: f64) -> f64 {
    (fraction * 1e6 + 1e-6).floor() / 1e6
}

/// Days since 1899-12-30, Excel's day 0; none for instants before 1900-03-01, where Excel's calendar is wrong.
fn serial(instant: DateTime<Utc>) -> Option<f64> {
    const EXCEL_EPOCH: i64 = -2_209_161_600;
    const FIRST: f64 = 61.0;
    let serial = (instant.timestamp() - EXCEL_EPOCH) as f64 / 86_400.0;
    (serial >= FIRST).then_some(serial)
}

fn length(value: &Value) -> usize {
    match value {
        Value::Empty => 0,
        Value::Text(text) => text.chars().count(),
        Value::Integer(number) => number.to_string().len(),
        Value::Number(number) => number.to_string().len(),
        Value::Percent(_) => 9,
        Value::Instant(_) => 19,
        Value::Bool(_) => 5,
    }
}

fn note(page: &mut Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    let text = format!(
        "“{}” has {} rows. A spreadsheet holds {MOST_ROWS} at most, so none are here; the CSV file of that name has them all.",
        sheet.name,
        sheet.rows.len(),
    );
    page.write_string(0, 0, text)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{as_of, sheet};
    use crate::sheet::SheetColumn;

    fn book(sheet: Sheet) -> Workbook {
        Workbook {
            title: "October 2026".into(),
            organization: "Example Robotics".into(),
            as_of: as_of(),
            sheets: vec![sheet],
        }
    }

    /// Unpacks a member with Python's standard library.
    pub fn member(bytes: &[u8], name: &str) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let out = std::process::Command::new("python3")
            .args(["-c", "import sys,zipfile;sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))"])
            .arg(file.path())
            .arg(name)
            .output()
            .expect("python3 is needed by this test");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    #[test]
    fn cells_are_typed_and_nothing_runs() {
        let bytes = xlsx(&book(sheet())).unwrap();
        let page = member(&bytes, "xl/worksheets/sheet1.xml");
        assert!(!page.contains("<f>"), "no formula");
        assert!(!page.contains("<hyperlink"), "no link");
        assert!(page.contains("<autoFilter ref=\"A1:F14\"/>"), "{page}");
        assert!(page.contains("state=\"frozen\""));
        assert!(page.contains("<v>-3</v>") && page.contains("<v>-1.5</v>") && page.contains("<v>0.98662</v>"));
        // 2026-11-02T10:00:00Z
        assert!(page.contains("<v>46328.4166"), "{page}");
        assert!(page.contains("t=\"b\"><v>1</v>"));
        let strings = member(&bytes, "xl/sharedStrings.xml");
        assert!(strings.contains("=HYPERLINK(") && strings.contains(">007<"));
        let core = member(&bytes, "docProps/core.xml");
        assert!(core.contains("2026-11-02T10:00:00Z"), "{core}");
    }

    #[test]
    fn same_values_same_bytes() {
        let one = xlsx(&book(sheet())).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let two = std::thread::spawn(|| xlsx(&book(sheet())).unwrap()).join().unwrap();
        assert_eq!(one, two);
    }

    #[test]
    fn too_many_rows_become_a_note() {
        let columns = vec![SheetColumn { title: "n".into(), kind: ColumnKind::Integer }];
        let rows = vec![vec![Value::Empty]; MOST_ROWS + 1];
        let bytes = xlsx(&book(Sheet { name: "Runs".into(), columns, rows })).unwrap();
        assert!(member(&bytes, "xl/sharedStrings.xml").contains("1000001 rows"));
    }

    #[test]
    fn percentages_are_cut_and_long_texts_say_so() {
        assert!((cut(0.999_999_9) - 0.999_999).abs() < 1e-12);
        assert!((cut(0.57) - 0.57).abs() < 1e-12);
        let long = "ä".repeat(40_000);
        assert!(whole(&long).ends_with("the whole text)"));
        assert_eq!(whole(&long).encode_utf16().count(), MOST_CHARACTERS);
    }

    #[test]
    fn wrong_types_are_refused() {
        let mut wrong = sheet();
        wrong.rows[4][2] = Value::Number(f64::NAN);
        assert!(xlsx(&book(wrong)).unwrap_err().to_string().contains("row 5"));
    }
}
