//! Results on standard output. An outside string is data: never a terminal escape, never a formula.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use serde_json::{Map, Value};

use crate::cli::{Format, Globals};
use crate::failure::Failure;

/// A text with control characters (terminal escapes, line breaks, right-to-left overrides) made visible.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Writes to standard output; a reader that went away (`| head`) ends the program quietly.
///
/// # Errors
/// Those of writing, a full disk for example.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Failure::program(format!("could not write to standard output: {e}"))),
    }
}

/// One JSON document.
///
/// # Errors
/// Those of writing.
pub fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(|e| Failure::program(e.to_string()))?;
    text.push('\n');
    print(&text)
}

/// True where colour belongs on standard output.
pub fn colored(globals: &Globals) -> bool {
    globals.color.on(io::stdout().is_terminal())
}

/// Longest text that a column of ids, times or words may need; longer columns share the rest of the line.
const NARROW: usize = 26;

/// A table for people: a header, no lines. On a terminal long texts wrap within their column; ids and times
/// never do. Elsewhere (a file, `less -S`) nothing wraps.
pub fn table(headers: &[&str], rows: &[Vec<String>], globals: &Globals) -> String {
    use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Table, Width, presets};
    let mut out = Table::new();
    out.load_preset(presets::NOTHING);
    let terminal = io::stdout().is_terminal();
    out.set_content_arrangement(if terminal { ContentArrangement::Dynamic } else { ContentArrangement::Disabled });
    if colored(globals) {
        out.enforce_styling();
        out.set_header(headers.iter().map(|h| Cell::new(h).add_attribute(Attribute::Bold)));
    } else {
        out.set_header(headers.iter().map(|h| h.to_uppercase()));
    }
    for row in rows {
        out.add_row(row.iter().map(|c| Cell::new(printable(c))));
    }
    let longest: Vec<usize> = (0..headers.len())
        .map(|i| {
            rows.iter()
                .map(|r| r.get(i).map_or(0, |c| c.chars().count()))
                .max()
                .unwrap_or(0)
                .max(headers[i].chars().count())
        })
        .collect();
    for (column, longest) in out.column_iter_mut().zip(longest) {
        column.set_padding((0, 2));
        if terminal && longest <= NARROW {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(
                u16::try_from(longest + 2).unwrap_or(28),
            )));
        }
    }
    let mut text: String = out.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    text.push('\n');
    text
}

/// A JSON value as a table or CSV cell.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        Value::Array(all) => all.iter().map(cell).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

/// Rows in the asked format. `columns` picks and orders what people see; programs get all fields.
///
/// # Errors
/// Those of writing.
pub fn rows(
    envelope: Map<String, Value>,
    rows: &[Map<String, Value>],
    columns: &[&str],
    globals: &Globals,
) -> Result<(), Failure> {
    match globals.format {
        Format::Json => {
            let mut document = envelope;
            document.insert("rows".into(), Value::Array(rows.iter().cloned().map(Value::Object).collect()));
            json(&document)
        }
        Format::Csv => {
            let Some(first) = rows.first() else { return Ok(()) };
            let names: Vec<&String> = first.keys().collect();
            let mut text = csv_line(names.iter().map(|n| (n.as_str().to_owned(), true)));
            for row in rows {
                text.push_str(&csv_line(names.iter().map(|n| {
                    let value = row.get(*n).unwrap_or(&Value::Null);
                    (cell(value), !value.is_number())
                })));
            }
            print(&text)
        }
        Format::Table => {
            let cells: Vec<Vec<String>> = rows
                .iter()
                .map(|row| columns.iter().map(|c| cut(row.get(*c).map(cell).unwrap_or_default())).collect())
                .collect();
            let titles: Vec<String> = columns.iter().map(|c| c.replace('_', " ")).collect();
            let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
            print(&table(&titles, &cells, globals))
        }
    }
}

/// The first part of a long cell; JSON and CSV hold the whole.
fn cut(text: String) -> String {
    const LIMIT: usize = 100;
    let line = text.lines().next().unwrap_or("");
    if line.chars().count() <= LIMIT && line.len() == text.len() {
        return text;
    }
    line.chars().take(LIMIT).collect::<String>() + "…"
}

/// One CSV line (RFC 4180). A text that a spreadsheet would run as a formula gets a leading apostrophe.
pub fn csv_line(cells: impl Iterator<Item = (String, bool)>) -> String {
    let mut out: Vec<String> = Vec::new();
    for (mut text, is_text) in cells {
        if is_text && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            text.insert(0, '\'');
        }
        out.push(if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        });
    }
    out.join(",") + "\r\n"
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Writes beside and renames, so that a reader never sees half a report.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(bytes)?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_cannot_reach_the_terminal_or_a_spreadsheet() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c"), "a\u{fffd}[31mb\u{fffd}c");
        assert_eq!(
            csv_line([("=1+1".to_owned(), true), ("-5".to_owned(), false), ("a\"b".to_owned(), true)].into_iter()),
            "'=1+1,-5,\"a\"\"b\"\r\n"
        );
    }
}
