//! A table of any length as a workbook of its own: rows are written as they come and not kept.

use std::path::Path;

use chrono::{DateTime, Utc};
use model::time::instant;
use rust_xlsxwriter::Workbook as File;
use serde_json::{Map, Value as Json};

use super::{Formats, SAMPLE, cell, finish, header, index, length, unformatted};
use crate::error::ReportError;
use crate::parts::sheets::{is_instant, plain, words};
use crate::sheet::Value;

/// Rows of one sheet, its header among them: Excel's limit.
const SHEET: u32 = 1_048_576;

/// A workbook in the making. Rows beyond Excel's limit go on in further sheets, `slots 2`, `slots 3`. Rows wait in a
/// file without a name; each cell has the type of its value: text is text even where it looks like a number.
#[allow(missing_debug_implementations, reason = "the writer of sheets has none")]
pub struct LongTable {
    file: File,
    formats: Formats,
    name: String,
    /// Name, and whether its texts are instants.
    columns: Vec<(String, bool)>,
    /// The first value of each column: cells of its type take their format from the column, which saves looking each up.
    firsts: Vec<Value>,
    widths: Vec<usize>,
    /// Rows that one sheet takes.
    most: u32,
    sheets: usize,
    /// Next row of the sheet.
    row: u32,
}

impl LongTable {
    /// Begins a table. `folder` is where rows wait, and is left as it was.
    ///
    /// # Errors
    /// [`ReportError::Xlsx`] for a folder that cannot be written, or a name that Excel refuses.
    pub fn begin(
        name: &str,
        columns: &[String],
        organization: &str,
        as_of: DateTime<Utc>,
        folder: &Path,
    ) -> Result<Self, ReportError> {
        Self::limited(name, columns, organization, as_of, folder, SHEET)
    }

    fn limited(
        name: &str,
        columns: &[String],
        organization: &str,
        as_of: DateTime<Utc>,
        folder: &Path,
        most: u32,
    ) -> Result<Self, ReportError> {
        let mut file = super::begin(name, organization, as_of)?;
        file.set_tempdir(folder)?;
        // Hundreds of megabytes of XML: the best compression would take longer than everything else.
        file.set_zip_compression_level(2);
        Ok(Self {
            file,
            formats: Formats::new(),
            name: name.to_owned(),
            columns: columns.iter().map(|c| (c.clone(), is_instant(c))).collect(),
            firsts: vec![Value::Empty; columns.len()],
            widths: columns.iter().map(|c| c.chars().count() + 4).collect(),
            most,
            sheets: 0,
            row: most,
        })
    }

    /// Writes rows.
    ///
    /// # Errors
    /// [`ReportError::Xlsx`] when the disk is full.
    pub fn write(&mut self, rows: &[Map<String, Json>]) -> Result<(), ReportError> {
        let mut rest = rows;
        while !rest.is_empty() {
            if self.row == self.most {
                self.turn(rest)?;
            }
            let fits = rest.len().min((self.most - self.row) as usize);
            let (now, later) = rest.split_at(fits);
            let page = self.file.worksheet_from_index(self.sheets - 1)?;
            for row in now {
                for (n, (column, instants)) in self.columns.iter().enumerate() {
                    let value = value(*instants, row.get(column).unwrap_or(&Json::Null));
                    if let Some(width) = self.widths.get_mut(n).filter(|_| (self.row as usize) < SAMPLE) {
                        *width = (*width).max(length(&value));
                    }
                    let usual = self.firsts.get(n).is_some_and(|first| same_type(first, &value));
                    if !usual || !unformatted(page, self.row, index(n)?, &value)? {
                        cell(page, self.row, index(n)?, &value, &self.formats)?;
                    }
                }
                self.row += 1;
            }
            rest = later;
        }
        Ok(())
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// [`ReportError::Xlsx`] when the disk is full.
    pub fn finish(mut self) -> Result<Vec<u8>, ReportError> {
        if self.sheets == 0 {
            self.turn(&[])?;
        }
        self.close()?;
        Ok(self.file.save_to_buffer()?)
    }

    /// Begins the next sheet, before some rows.
    fn turn(&mut self, rows: &[Map<String, Json>]) -> Result<(), ReportError> {
        if self.sheets > 0 {
            self.close()?;
        } else {
            for (first, (column, instants)) in self.firsts.iter_mut().zip(&self.columns) {
                let mut values = rows.iter().map(|row| value(*instants, row.get(column).unwrap_or(&Json::Null)));
                *first = values.find(|v| *v != Value::Empty).unwrap_or(Value::Empty);
            }
        }
        self.sheets += 1;
        let name = if self.sheets == 1 { self.name.clone() } else { format!("{} {}", self.name, self.sheets) };
        let page = self.file.add_worksheet_with_constant_memory()?;
        page.set_name(name)?;
        for (n, (column, _)) in self.columns.iter().enumerate() {
            if let Some(format) = self.firsts.get(n).and_then(|first| self.formats.of(first)) {
                page.set_column_format(index(n)?, format)?;
            }
            header(page, n, column, &self.formats.header)?;
        }
        self.row = 1;
        Ok(())
    }

    fn close(&mut self) -> Result<(), ReportError> {
        let page = self.file.worksheet_from_index(self.sheets - 1)?;
        finish(page, &self.widths, self.row - 1)
    }
}

fn same_type(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

fn value(instants: bool, json: &Json) -> Value {
    match json {
        Json::Null => Value::Empty,
        Json::Bool(yes) => Value::Bool(*yes),
        Json::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(whole), _) => Value::Integer(whole),
            (None, Some(number)) => Value::Number(number),
            (None, None) => words(n.to_string()),
        },
        Json::String(text) if instants => instant(text, None).map_or_else(|_| words(text.clone()), Value::Instant),
        other => words(plain(other)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::as_of;
    use crate::xlsx::tests::member;

    fn row(n: u32) -> Map<String, Json> {
        let row = json!({
            "row_id": format!("=run/{n}"), "bytes": n, "taken_at": "2026-11-02T10:00:00Z",
            "good": n.is_multiple_of(2), "ids": ["a", "b"], "none": null,
        });
        row.as_object().unwrap().clone()
    }

    fn table(rows: u32, most: u32) -> Vec<u8> {
        let columns = ["bytes", "good", "ids", "none", "taken_at", "row_id"].map(str::to_owned);
        let folder = tempfile::tempdir().unwrap();
        let mut table = LongTable::limited("runs", &columns, "Example", as_of(), folder.path(), most).unwrap();
        let rows: Vec<_> = (0..rows).map(row).collect();
        for block in rows.chunks(3) {
            table.write(block).unwrap();
        }
        let bytes = table.finish().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left where rows waited");
        bytes
    }

    #[test]
    fn rows_go_on_in_further_sheets_and_none_is_lost() {
        let bytes = table(10, 5);
        let names = member(&bytes, "xl/workbook.xml");
        for name in ["\"runs\"", "\"runs 2\"", "\"runs 3\""] {
            assert!(names.contains(&format!("<sheet name={name}")), "{names}");
        }
        let mut found = Vec::new();
        for (sheet, rows) in [(1, 4), (2, 4), (3, 2)] {
            let page = member(&bytes, &format!("xl/worksheets/sheet{sheet}.xml"));
            assert!(
                page.contains(">row_id<") && page.contains(&format!("<autoFilter ref=\"A1:F{}\"", rows + 1)),
                "{page}"
            );
            assert!(page.contains("state=\"frozen\"") && page.contains("<cols>"), "{page}");
            found.extend((0..10).filter(|n| page.contains(&format!(">=run/{n}<"))));
        }
        assert_eq!(found, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn cells_have_the_type_of_their_value() {
        let page = member(&table(2, SHEET), "xl/worksheets/sheet1.xml");
        assert!(!page.contains("<f>") && page.contains(">a; b<"), "{page}");
        assert!(page.contains("t=\"b\"><v>1</v>") && page.contains("<v>46328.4166"), "{page}");
        // Instants, numbers and texts have a format, be it of the column: without one a date would be shown as a number.
        assert_eq!(page.matches("<c r=").count(), 6 + 2 * 5);
        assert_eq!(page.matches("\" s=\"").count(), 6 + 2 * 4, "{page}");
    }

    #[test]
    fn same_rows_same_bytes() {
        let one = table(7, SHEET);
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!(one, table(7, SHEET));
    }
}
