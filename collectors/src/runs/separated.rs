//! CSV with a header: comma, semicolon or tab; quotes as in RFC 4180.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::json::{damaged, too_long};
use super::keys::Key;
use super::reading::{Place, Reading};
use super::record::{Record, Scalar};
use crate::lines::{Line, Lines};

/// Most bytes of a record that spans lines. A quote that is never closed would else swallow the file.
const RECORD_LIMIT: usize = 1 << 16;

/// The separator with which `header` names fields of run records, if it is such a header.
pub(super) fn separator(header: &[u8]) -> Option<u8> {
    let header = std::str::from_utf8(header).ok()?;
    [b',', b';', b'\t']
        .into_iter()
        .map(|separator| {
            let fields = split(header, separator).unwrap_or_default();
            (fields.iter().filter(|f| Key::named(f.trim()).is_some()).count(), separator)
        })
        .filter(|(known, _)| *known >= 2)
        .max_by_key(|(known, _)| *known)
        .map(|(_, separator)| separator)
}

/// Reads the header and every record after it.
pub(super) fn rows(reading: &mut Reading<'_>, reader: impl BufRead, separator: u8) {
    let mut source = Source { lines: Lines::new(reader), again: VecDeque::new(), last: 0 };
    let mut columns: Option<Vec<Option<Key>>> = None;
    loop {
        let (number, text) = match source.record(separator) {
            Ok(None) => return,
            Ok(Some((_, Ok(text)))) if text.trim().is_empty() => continue,
            Ok(Some((number, Ok(text)))) => (number, text),
            Ok(Some((number, Err(message)))) => {
                reading.tell(Place::Line(number), message);
                continue;
            }
            Err(e) => return damaged(reading, source.last, &e),
        };
        let fields = split(&text, separator).unwrap_or_default();
        match &columns {
            None => match header(reading, number, &fields) {
                Some(header) => columns = Some(header),
                None => return,
            },
            Some(columns) => row(reading, number, columns, fields, source.cut()),
        }
    }
}

/// What each column holds; `None`, and a problem, where required ones are missing.
fn header(reading: &mut Reading<'_>, number: u64, names: &[Cow<'_, str>]) -> Option<Vec<Option<Key>>> {
    let mut columns: Vec<Option<Key>> = Vec::with_capacity(names.len());
    for name in names.iter().map(|n| n.trim()) {
        let key = Key::named(name);
        if key.is_none() && !name.is_empty() {
            reading.unknown_key(Place::Line(number), name.to_owned());
        }
        if let Some(key) = key.filter(|k| columns.contains(&Some(*k))) {
            reading.tell(Place::Line(number), format!("`{}` stands twice: the first column is read", key.name()));
            columns.push(None);
        } else {
            columns.push(key);
        }
    }
    match missing(&columns.iter().flatten().copied().collect::<Vec<_>>()) {
        None => Some(columns),
        Some(what) => {
            reading.tell(Place::Line(number), format!("the header has no {what} column: no record is read"));
            None
        }
    }
}

/// The required column that is missing.
pub(super) fn missing(columns: &[Key]) -> Option<&'static str> {
    let has = |key| columns.contains(&key);
    if !has(Key::RunId) {
        Some("`run_id`")
    } else if !has(Key::Status) {
        Some("`status`")
    } else if !has(Key::Resource) && !has(Key::SystemId) {
        Some("`resource` or `system_id`")
    } else {
        None
    }
}

fn row(reading: &mut Reading<'_>, number: u64, columns: &[Option<Key>], fields: Vec<Cow<'_, str>>, cut: bool) {
    let given = fields.len();
    let surplus_is_empty = fields.iter().skip(columns.len()).all(|f| f.is_empty());
    if given < columns.len() || !surplus_is_empty {
        let hint = if cut { "the file looks cut" } else { "a separator may be missing or not quoted" };
        let message = format!("has {given} fields, the header {}: not read; {hint}", columns.len());
        return reading.tell(Place::Line(number), message);
    }
    let mut record = Record::default();
    for (key, field) in columns.iter().zip(fields) {
        if let Some(key) = key {
            record.set(*key, Some(Scalar::Text(field)));
        }
    }
    if !record.is_blank() {
        reading.record(Place::Line(number), record);
    }
}

/// Lines joined to records.
struct Source<R> {
    lines: Lines<R>,
    /// Lines that a quote joined to a record, to be read again one by one.
    again: VecDeque<(u64, Result<String, String>)>,
    last: u64,
}

/// First line of a record and its text, or what is wrong with it.
type Joined = (u64, Result<String, String>);

impl<R: BufRead> Source<R> {
    /// True where the line just read was the last one and had no line end.
    const fn cut(&self) -> bool {
        !self.lines.ended_by_newline()
    }

    /// The next record: as many lines as its quotes span.
    fn record(&mut self, separator: u8) -> io::Result<Option<Joined>> {
        let Some((first, text)) = self.line()? else { return Ok(None) };
        let Ok(mut text) = text else { return Ok(Some((first, text))) };
        let mut joined = Vec::new();
        while text.contains('"') && split(&text, separator).is_none() {
            let next = if text.len() > RECORD_LIMIT { None } else { self.line()? };
            let Some((number, line)) = next else {
                self.again = joined.into_iter().chain(std::mem::take(&mut self.again)).collect();
                let message = "a quote is opened here and never closed: not read; close or double it".to_owned();
                return Ok(Some((first, Err(message))));
            };
            if let Ok(line) = &line {
                text.push('\n');
                text.push_str(line);
            }
            joined.push((number, line));
        }
        // A line that could not be read stands inside the record: say so instead of guessing.
        if let Some((number, Err(message))) = joined.into_iter().find(|(_, line)| line.is_err()) {
            return Ok(Some((number, Err(message))));
        }
        Ok(Some((first, Ok(text))))
    }

    fn line(&mut self) -> io::Result<Option<Joined>> {
        if let Some(line) = self.again.pop_front() {
            return Ok(Some(line));
        }
        Ok(self.lines.next()?.map(|(number, line)| {
            self.last = number;
            let text = match line {
                Line::Text(bytes) => std::str::from_utf8(bytes).map(str::to_owned).map_err(|e| {
                    format!("not UTF-8 at byte {} of the line: not read; write the log as UTF-8", e.valid_up_to() + 1)
                }),
                Line::TooLong => Err(too_long()),
            };
            (number, text)
        }))
    }
}

/// The fields of a record; `None` where a quote is still open at its end.
///
/// A quote counts only at the start of a field; elsewhere it is a character, as spreadsheets read it.
fn split(text: &str, separator: u8) -> Option<Vec<Cow<'_, str>>> {
    let mut fields = Vec::with_capacity(24);
    let mut rest = text;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted, separator)?,
            None => match cut(rest, separator) {
                Some((field, after)) => (Cow::Borrowed(field), Some(after)),
                None => (Cow::Borrowed(rest), None),
            },
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Some(fields),
        }
    }
}

/// `split_once` at a byte that is a whole character, which is faster.
fn cut(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|b| b == separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// A field after its opening quote, and what follows the separator behind it.
fn quoted_field(text: &str, separator: u8) -> Option<(Cow<'_, str>, Option<&str>)> {
    let mut from = 0;
    loop {
        let close = from + text.get(from..)?.find('"')?;
        let after = text.get(close + 1..)?;
        if after.starts_with('"') {
            from = close + 2;
            continue;
        }
        let inner = text.get(..close)?;
        let inner = if inner.contains('"') { Cow::Owned(inner.replace("\"\"", "\"")) } else { Cow::Borrowed(inner) };
        // Characters between the closing quote and the separator belong to the field.
        return Some(match cut(after, separator) {
            Some(("", rest)) => (inner, Some(rest)),
            Some((tail, rest)) => (Cow::Owned(format!("{inner}{tail}")), Some(rest)),
            None if after.is_empty() => (inner, None),
            None => (Cow::Owned(format!("{inner}{after}")), None),
        });
    }
}
