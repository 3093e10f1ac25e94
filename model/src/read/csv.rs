//! CSV files as spreadsheets export them, as rows of [`Fields`].
//!
//! Accepted: a byte order mark, `;` `,` or tab between columns (told from the header line, or a
//! first line `sep=;`), quotes as in RFC 4180, CRLF or LF, empty rows and empty trailing columns.
//! Header names are compared without case, with `_` for blanks and hyphens. Items of a list in a
//! cell are separated by `;` or `|`; by `,` only where the cell has neither and columns are not
//! separated by `;`. Times without an offset are read in the organisation's zone.
//!
//! A line that begins with `# ` (or is only `#`) is a comment. One that begins with `#` and another character may be
//! meant as either, so it is a fault; in quotes it is a value.

use std::ops::Range;

use super::{Context, Entry, Fields, Node, Value};
use crate::fault::{Fault, Faults, File};

#[derive(Debug, Clone)]
struct Cell {
    text: String,
    span: Range<usize>,
}

/// The rows of a file. `table` names the rows in messages; `key` is the column that names one.
///
/// The last element of the pair is a row without any cell, on which a reader finds out which
/// columns the header lacks even where there are no rows; its other faults mean nothing.
pub fn rows<'a>(file: File<'a>, table: &str, zone: crate::time::Tz, faults: &mut Faults) -> Option<Sheet<'a>> {
    let start = if file.text.starts_with('\u{feff}') { 3 } else { 0 };
    let (start, stated) = stated_separator(file.text, start);
    let separator = stated.unwrap_or_else(|| likely_separator(after_comments(file.text.get(start..).unwrap_or(""))));
    let mut records = match split(file.text, start, separator) {
        Ok(records) => records,
        Err(quote) => {
            faults.push(
                Fault::at(&file, &(quote..quote + 1), "", "this quote is never closed")
                    .help("close it with \", and write \"\" for a quote inside quotes"),
            );
            return None;
        }
    };
    records.retain(|cells| cells.iter().any(|c| !c.text.trim().is_empty()));
    records.retain(|cells| {
        let first = cells.first().filter(|c| file.text.get(c.span.clone()).is_some_and(|raw| raw.starts_with('#')));
        if let Some(first) = first {
            let fault = Fault::at(&file, &first.span, table, "this line may be a comment or a row");
            faults.push(fault.help("write \"# \" before a comment, or put the value in quotes"));
        }
        first.is_none()
    });
    if records.is_empty() {
        faults.push(Fault::of_file(file.name, "the file is empty").help("write at least its header line"));
        return None;
    }
    let mut header = records.remove(0);
    while header.last().is_some_and(|c| c.text.trim().is_empty()) {
        header.pop();
    }
    let context = Context { zone: Some(zone), comma_lists: separator != ';' };
    let header_span = header.first().map_or(0, |c| c.span.start)..header.last().map_or(0, |c| c.span.end);
    let mut names: Vec<String> = Vec::new();
    for cell in &header {
        let name = cell.text.trim().to_lowercase().replace([' ', '-'], "_");
        if name.is_empty() {
            faults.push(Fault::at(&file, &cell.span, "", "a column without a name").help("name it or delete it"));
        } else if names.contains(&name) {
            faults.push(Fault::at(&file, &cell.span, &name, format!("column \"{name}\" occurs twice")));
        }
        names.push(name);
    }
    let row = |cells: &[Cell], faults: &mut Faults| {
        for extra in cells.iter().skip(header.len()).filter(|c| !c.text.trim().is_empty()) {
            faults.push(
                Fault::at(&file, &extra.span, table, "a cell beyond the last named column")
                    .help("name the column, or put the value in quotes if it holds a separator"),
            );
        }
        let end = cells.last().map_or(header_span.end, |c| c.span.end);
        let entries = names
            .iter()
            .zip(&header)
            .enumerate()
            .filter(|(n, (name, _))| !name.is_empty() && names.iter().position(|other| other == *name) == Some(*n));
        let entries = entries
            .map(|(n, (name, head))| {
                let cell = cells.get(n).cloned().unwrap_or(Cell { text: String::new(), span: end..end });
                Entry {
                    key: name.clone(),
                    key_span: head.span.clone(),
                    node: Node { value: Value::Cell(cell.text), span: cell.span },
                }
            })
            .collect();
        let first = cells.first().map_or(header_span.clone(), |c| c.span.clone());
        let called = cells.first().map(|c| c.text.trim()).filter(|t| !t.is_empty());
        let label = called.map_or_else(|| format!("a row of {table}"), |id| format!("{table} {id}"));
        Fields::new(file, label, first, context, entries, Some(header_span.clone()))
    };
    let rows = records.iter().map(|cells| row(cells, faults)).collect();
    let probe = Some(row(&[], faults));
    Some(Sheet { rows, probe, header: header_span })
}

/// The rows of a CSV file, or of another one that has rows.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// One a row, in file order.
    pub rows: Vec<Fields<'a>>,
    probe: Option<Fields<'a>>,
    header: Range<usize>,
}

impl<'a> Sheet<'a> {
    /// Rows that have no header in common: tables of TOML, front matter.
    #[must_use]
    pub const fn of(rows: Vec<Fields<'a>>) -> Self {
        Self { rows, probe: None, header: 0..0 }
    }

    /// Reads every row with `read`, which must call [`Fields::finish`] itself. Faults of the
    /// header are found even where there are no rows.
    pub fn read<T>(self, faults: &mut Faults, mut read: impl FnMut(Fields<'a>, &mut Faults) -> Option<T>) -> Vec<T> {
        let mut of_header = Faults::default();
        let _ = self.probe.map(|probe| read(probe, &mut of_header));
        let within = |f: &Fault| f.span.0 >= self.header.start && f.span.1 <= self.header.end;
        // An empty cell of the probe is no fault; a column that is missing or unknown is.
        of_header.0.retain(|f| {
            within(f) && (f.message.starts_with("missing column") || f.message.starts_with("unknown column"))
        });
        faults.extend(of_header);
        self.rows.into_iter().filter_map(|fields| read(fields, faults)).collect()
    }
}

/// `sep=;` in the first line, as spreadsheets write and obey it.
fn stated_separator(text: &str, start: usize) -> (usize, Option<char>) {
    let rest = text.get(start..).unwrap_or("");
    let line = rest.split('\n').next().unwrap_or("");
    let mut after = line.trim_end_matches('\r').strip_prefix("sep=").unwrap_or("").chars();
    match (after.next(), after.next()) {
        (Some(c), None) => ((start + line.len() + 1).min(text.len()), Some(c)),
        _ => (start, None),
    }
}

/// True for a line that is a comment.
fn is_comment(line: &str) -> bool {
    line.strip_prefix('#').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// The text from its first line that says something.
fn after_comments(text: &str) -> &str {
    let skipped: usize =
        text.split_inclusive('\n').take_while(|l| l.trim().is_empty() || is_comment(l)).map(str::len).sum();
    text.get(skipped..).unwrap_or("")
}

/// The separator that occurs most in the header line, outside quotes; a comma where none does.
fn likely_separator(text: &str) -> char {
    let mut quoted = false;
    let mut counts = [(',', 0_usize), (';', 0), ('\t', 0)];
    for c in text.trim_start().chars() {
        match c {
            '"' => quoted = !quoted,
            '\n' if !quoted => break,
            _ if !quoted => counts.iter_mut().filter(|(s, _)| *s == c).for_each(|(_, n)| *n += 1),
            _ => {}
        }
    }
    counts.iter().rev().max_by_key(|(_, n)| *n).filter(|(_, n)| *n > 0).map_or(',', |(c, _)| *c)
}

/// Splits into records of cells. `Err` is the offset of a quote that is never closed.
fn split(text: &str, start: usize, separator: char) -> Result<Vec<Vec<Cell>>, usize> {
    let mut records = Vec::new();
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut from = start;
    let mut open: Option<usize> = None;
    let mut chars = text.char_indices().skip_while(|(at, _)| *at < start).peekable();
    while let Some((at, c)) = chars.next() {
        let begins = cells.is_empty() && at == from && open.is_none();
        if begins && c == '#' && is_comment(text.get(at..).unwrap_or("").split_inclusive('\n').next().unwrap_or("")) {
            from = at + 1;
            for (at, c) in chars.by_ref() {
                from = at + c.len_utf8();
                if c == '\n' {
                    break;
                }
            }
        } else if open.is_some() {
            match c {
                '"' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                    chars.next();
                    cell.push('"');
                }
                '"' => open = None,
                _ => cell.push(c),
            }
        } else if c == '"' && cell.trim().is_empty() {
            cell.clear();
            open = Some(at);
        } else if c == separator {
            cells.push(Cell { text: std::mem::take(&mut cell), span: from..at });
            from = at + c.len_utf8();
        } else if c == '\n' || c == '\r' {
            cells.push(Cell { text: std::mem::take(&mut cell), span: from..at });
            records.push(std::mem::take(&mut cells));
            let mut end = at + 1;
            if c == '\r' && chars.peek().is_some_and(|(_, next)| *next == '\n') {
                chars.next();
                end += 1;
            }
            from = end;
        } else {
            cell.push(c);
        }
    }
    if let Some(at) = open {
        return Err(at);
    }
    if from < text.len() || !cells.is_empty() {
        cells.push(Cell { text: cell, span: from..text.len() });
        records.push(cells);
    }
    Ok(records)
}
