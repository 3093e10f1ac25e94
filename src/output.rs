//! Results on standard output. An outside string is data: never a terminal escape, never a formula.

use std::io::{self, IsTerminal, Write};

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

/// Width of the terminal in columns; 110 where there is none.
fn width() -> usize {
    if io::stdout().is_terminal() { comfy_table::Table::new().width().map_or(110, usize::from) } else { 110 }
}

/// A table for people: bold header, no lines, cells wrapped to the terminal.
pub fn table(headers: &[&str], rows: &[Vec<String>], globals: &Globals) -> String {
    use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};
    let mut out = Table::new();
    out.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    out.set_width(u16::try_from(width()).unwrap_or(110));
    if colored(globals) {
        out.enforce_styling();
        out.set_header(headers.iter().map(|h| Cell::new(h).add_attribute(Attribute::Bold)));
    } else {
        out.set_header(headers.iter().map(|h| h.to_uppercase()));
    }
    for row in rows {
        out.add_row(row.iter().map(|c| Cell::new(printable(c))));
    }
    let text = out.to_string();
    let mut trimmed: String = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    trimmed.push('\n');
    trimmed
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
                .map(|row| columns.iter().map(|c| row.get(*c).map(cell).unwrap_or_default()).collect())
                .collect();
            let titles: Vec<String> = columns.iter().map(|c| c.replace('_', " ")).collect();
            let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
            print(&table(&titles, &cells, globals))
        }
    }
}

/// One CSV line (RFC 4180). A text that a spreadsheet would run as a formula gets a leading apostrophe.
fn csv_line(cells: impl Iterator<Item = (String, bool)>) -> String {
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
