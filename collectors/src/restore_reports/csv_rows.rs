//! CSV as spreadsheets write it: comma, semicolon or tab, quoted fields, CRLF, a `sep=` line of Excel.

use super::entry::{Entry, Field, Found, Value, known};

const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// True where the first line names at least three fields of a test.
pub(super) fn has_header(text: &str) -> bool {
    SEPARATORS.iter().any(|s| header_fit(text, *s) >= 3)
}

fn header_fit(text: &str, separator: u8) -> usize {
    reader(body(text).0, separator).headers().map_or(0, |h| h.iter().filter(|k| known(k).is_some()).count())
}

/// The text without Excel's `sep=;` line, and how many lines that was.
fn body(text: &str) -> (&str, u64) {
    match text.split_once('\n') {
        Some((first, rest))
            if first.trim_end().to_ascii_lowercase().starts_with("sep=") && first.trim_end().len() <= 5 =>
        {
            (rest, 1)
        }
        _ => (text, 0),
    }
}

fn reader(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(separator).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes())
}

/// Reads every row as a test.
pub(super) fn read(text: &str) -> Found {
    let mut found = Found::default();
    let separator = SEPARATORS.into_iter().max_by_key(|s| (header_fit(text, *s), *s == b',')).unwrap_or(b',');
    let (text, before) = body(text);
    let mut reader = reader(text, separator);
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(e) => {
            found.problems.push((Some(format!("line {}", before + 1)), format!("no header row: {e}")));
            return found;
        }
    };
    let mut lines = LineCount { text, at: 0, line: before + 1 };
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(e) => {
                let place = e.position().map(|p| format!("line {}", lines.of(p)));
                found.problems.push((place, format!("not a row of CSV: {e}; correct its quotes")));
                continue;
            }
        };
        if row.iter().all(str::is_empty) {
            continue;
        }
        let line = row.position().map_or(0, |p| lines.of(p));
        let place = format!("line {line}");
        if row.len() != headers.len() {
            let message = format!(
                "the row has {} fields and the header {}; check its separators and quotes",
                row.len(),
                headers.len()
            );
            found.problems.push((Some(place.clone()), message));
        }
        let fields = headers
            .iter()
            .zip(row.iter())
            .filter(|(key, value)| !value.is_empty() && !(key.is_empty()))
            .map(|(key, value)| Field {
                key: key.to_owned(),
                value: Value::Text(value.to_owned()),
                place: place.clone(),
            })
            .collect();
        found.entries.push(Entry { fields, place, pointer: format!("line:{line}"), ..Entry::default() });
    }
    found
}

/// Lines of rows. The positions of `csv` lie before the line end of the row before where that is CRLF, and before
/// blank lines.
struct LineCount<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl LineCount<'_> {
    fn of(&mut self, position: &csv::Position) -> u64 {
        let bytes = self.text.as_bytes();
        let start = usize::try_from(position.byte()).unwrap_or(bytes.len());
        while let Some(byte) = bytes.get(self.at) {
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}
