//! Reading of files that people write, TOML and CSV alike, as rows of named fields.
//!
//! A [`Fields`] is one TOML table or one CSV row. A reader asks it for keys with a type; wrong
//! types, missing keys and keys that nobody asked for become [`Fault`]s with line and column.
//! Nothing returns early: a row with a fault is left out and reading goes on.

use std::ops::Range;

use crate::fault::{Fault, Faults, File, meant};
use crate::time::Tz;

pub mod csv;
pub mod markdown;
pub mod toml;
mod value;
mod yaml;

pub use value::{Column, Elapsed, Refusal};
pub(crate) use value::{span, word};

/// A value as the file gives it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// TOML string.
    Text(String),
    /// TOML integer.
    Integer(i64),
    /// TOML float.
    Float(f64),
    /// TOML boolean.
    Bool(bool),
    /// TOML date or time.
    Time(::toml::value::Datetime),
    /// TOML array.
    List(Vec<Node>),
    /// TOML table.
    Table(Vec<Entry>),
    /// CSV cell: text whose type the reader decides.
    Cell(String),
}

impl Value {
    /// What it is, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Time(_) => "a time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Cell(_) => "a cell",
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Byte range of the value.
    pub span: Range<usize>,
}

/// A key, its value, and where both stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Key or column name.
    pub key: String,
    /// Byte range of the key; of the header cell in CSV.
    pub key_span: Range<usize>,
    /// The value.
    pub node: Node,
}

/// What the meaning of a value may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// Zone of times without an offset: the organisation's. Without one such times are refused.
    pub zone: Option<Tz>,
    /// Whether a comma separates the items of a list in a cell (not in files whose columns are
    /// separated by semicolons, where commas belong to the text).
    pub comma_lists: bool,
}

/// One TOML table or one CSV row.
#[derive(Debug)]
pub struct Fields<'a> {
    /// File it stands in.
    pub file: File<'a>,
    /// How messages call it, for example `[[system]] billing-db`.
    pub label: String,
    /// Byte range: the header of a TOML table, or the first cell of a row.
    pub span: Range<usize>,
    /// See [`Context`].
    pub context: Context,
    entries: Vec<Entry>,
    asked: Vec<&'static str>,
    place: Option<String>,
    /// Byte range of the header line, for CSV.
    header: Option<Range<usize>>,
    faults: Faults,
}

impl<'a> Fields<'a> {
    /// A table or row of these entries. `header` is the range of the header line of a CSV file:
    /// a key that no row can have is reported there, once.
    #[must_use]
    pub fn new(
        file: File<'a>,
        label: impl Into<String>,
        span: Range<usize>,
        context: Context,
        entries: Vec<Entry>,
        header: Option<Range<usize>>,
    ) -> Self {
        Self {
            file,
            label: label.into(),
            span,
            context,
            entries,
            asked: Vec::new(),
            place: None,
            header,
            faults: Faults::default(),
        }
    }

    /// Where the row stands, for lineage: file and line, or what [`Fields::stands_at`] says.
    #[must_use]
    pub fn declared_in(&self) -> String {
        self.place.clone().unwrap_or_else(|| self.file.line_of(self.span.start))
    }

    /// Sets what [`Fields::declared_in`] answers.
    pub fn stands_at(&mut self, place: &str) {
        self.place = Some(place.to_owned());
    }

    /// Writes a key that is not given or empty, as the row's own place tells it.
    pub fn fill(&mut self, key: &str, value: &str) {
        let empty = |e: &Entry| matches!(&e.node.value, Value::Text(t) | Value::Cell(t) if t.trim().is_empty());
        self.entries.retain(|e| e.key != key || !empty(e));
        if !self.has(key) {
            let node = Node { value: Value::Cell(value.to_owned()), span: self.span.clone() };
            self.entries.push(Entry { key: key.to_owned(), key_span: self.span.clone(), node });
        }
    }

    /// Takes a key out, or `None` where it is absent or empty (an empty cell or text says as
    /// much as a missing one).
    pub fn take(&mut self, key: &'static str) -> Option<Entry> {
        self.asked.push(key);
        let at = self.entries.iter().position(|e| e.key == key)?;
        let entry = self.entries.remove(at);
        match &entry.node.value {
            Value::Text(text) | Value::Cell(text) if text.trim().is_empty() => None,
            _ => Some(entry),
        }
    }

    /// Lets `other` be written for `key` where `key` itself is not given.
    pub fn alias(&mut self, key: &'static str, other: &'static str) {
        if !self.has(key)
            && let Some(entry) = self.entries.iter_mut().find(|e| e.key == other)
        {
            key.clone_into(&mut entry.key);
        }
    }

    /// Text of a key, where it is text; it stays to be read.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<&str> {
        match &self.entries.iter().find(|e| e.key == key)?.node.value {
            Value::Text(text) | Value::Cell(text) => Some(text.trim()).filter(|t| !t.is_empty()),
            _ => None,
        }
    }

    /// Where the value of a key stands in the file.
    #[must_use]
    pub fn span_of(&self, key: &str) -> Option<Range<usize>> {
        self.entries.iter().find(|e| e.key == key).map(|e| e.node.span.clone())
    }

    /// True where the key is written, even if empty.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|e| e.key == key)
    }

    /// A value of type `T`. `None` means that a fault was recorded and the row cannot stand; a
    /// key that may be absent has an `Option` or a list as its type.
    pub fn get<T: Column>(&mut self, key: &'static str) -> Option<T> {
        self.get_or(key, T::absent())
    }

    /// Like [`Fields::get`], with a value for an absent key.
    pub fn get_or<T: Column>(&mut self, key: &'static str, absent: Option<T>) -> Option<T> {
        let was_written = self.has(key);
        let Some(entry) = self.take(key) else {
            if absent.is_none() {
                self.missing(key, was_written, T::EXPECTED);
            }
            return absent;
        };
        match T::read(&entry.node.value, &self.context) {
            Ok(value) => Some(value),
            Err(refusal) => {
                let span = refusal.span.clone().unwrap_or(entry.node.span);
                self.fault(&span, key, refusal.message, refusal.help);
                None
            }
        }
    }

    /// A length of time in seconds: `key` as an ISO 8601 duration, or `key_s` as a number.
    pub fn seconds(&mut self, key: &'static str, key_s: &'static str) -> Option<Option<i64>> {
        let number = self.get::<Option<u32>>(key_s);
        let given = self.has(key);
        let text = self.get::<Option<Elapsed>>(key);
        if given && matches!((number, text), (Some(Some(_)), Some(Some(_)))) {
            let span = self.span.clone();
            self.fault(&span, key, format!("both \"{key}\" and \"{key_s}\" are given"), Some("keep one".to_owned()));
        }
        match (number?, text?) {
            (_, Some(Elapsed(seconds))) => Some(Some(seconds)),
            (number, None) => Some(number.map(i64::from)),
        }
    }

    /// A table inside this one.
    pub fn table(&mut self, key: &'static str) -> Option<Fields<'a>> {
        let entry = self.take(key)?;
        match entry.node.value {
            Value::Table(entries) => Some(self.inner(key, entry.node.span, entries)),
            other => {
                self.fault(&entry.node.span, key, format!("expected a table, found {}", other.kind()), None);
                None
            }
        }
    }

    /// The tables of an array of tables (`[[key]]`), or one plain table.
    pub fn tables(&mut self, key: &'static str) -> Vec<Fields<'a>> {
        let Some(entry) = self.take(key) else { return Vec::new() };
        let mut out = Vec::new();
        match entry.node.value {
            Value::Table(entries) => out.push(self.inner(key, entry.node.span, entries)),
            Value::List(nodes) => {
                for (n, node) in nodes.into_iter().enumerate() {
                    match node.value {
                        Value::Table(entries) => {
                            let named = entries.iter().find_map(|e| match (&e.key[..], &e.node.value) {
                                ("id", Value::Text(text)) if !text.is_empty() => Some(text.clone()),
                                _ => None,
                            });
                            let mut fields = self.inner(key, node.span, entries);
                            fields.label =
                                named.map_or_else(|| format!("[[{key}]] #{}", n + 1), |id| format!("[[{key}]] {id}"));
                            out.push(fields);
                        }
                        other => {
                            self.fault(&node.span, key, format!("expected a table, found {}", other.kind()), None);
                        }
                    }
                }
            }
            other => self.fault(&entry.node.span, key, format!("expected tables, found {}", other.kind()), None),
        }
        out
    }

    fn inner(&self, key: &str, span: Range<usize>, entries: Vec<Entry>) -> Self {
        let label = match self.label.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            Some(outer) => format!("[{outer}.{key}]"),
            None if self.label.is_empty() => format!("[{key}]"),
            None => format!("{} {key}", self.label),
        };
        let inner = Fields::new(self.file, label, span, self.context, entries, None);
        Fields { place: self.place.clone(), ..inner }
    }

    /// Takes all that is left, for tables whose keys are the user's (ids, parameter names).
    pub fn rest(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries)
    }

    /// Records a fault at a byte range of this file.
    pub fn fault(&mut self, span: &Range<usize>, key: &str, message: impl Into<String>, help: Option<String>) {
        let (what, path) = match (key.is_empty(), self.label.is_empty()) {
            (true, true) => (String::new(), String::new()),
            (true, false) => (format!("{}: ", self.label), self.label.clone()),
            (false, true) => (format!("\"{key}\": "), key.to_owned()),
            (false, false) => (format!("\"{key}\" in {}: ", self.label), format!("{}: {key}", self.label)),
        };
        let fault = Fault::at(&self.file, span, path, format!("{what}{}", message.into()));
        self.faults.push(Fault { help, ..fault });
    }

    /// Records a fault of the row as a whole.
    pub fn refuse(&mut self, message: impl Into<String>, help: Option<&str>) {
        let span = self.span.clone();
        self.fault(&span, "", message, help.map(str::to_owned));
    }

    fn missing(&mut self, key: &str, was_written: bool, expected: &str) {
        let fault = match &self.header {
            // The whole column is missing: one fault for the file, not one a row.
            Some(header) if !was_written => {
                Fault::at(&self.file, header, key, format!("missing column \"{key}\" ({expected})"))
            }
            Some(_) => {
                let message = format!("\"{key}\" is empty in {} ({expected})", self.label);
                Fault::at(&self.file, &self.span, format!("{}: {key}", self.label), message)
            }
            None if self.label.is_empty() => {
                Fault::at(&self.file, &self.span, key, format!("missing key \"{key}\" ({expected})"))
            }
            None => {
                let message = format!("missing key \"{key}\" ({expected}) in {}", self.label);
                Fault::at(&self.file, &self.span, format!("{}: {key}", self.label), message)
            }
        };
        self.faults.push(fault);
    }

    /// Ends the row: keys nobody asked for become faults, and all faults go to `faults`.
    pub fn finish(mut self, faults: &mut Faults) {
        for entry in std::mem::take(&mut self.entries) {
            let what = if self.header.is_some() { "column" } else { "key" };
            let place = if self.header.is_some() || self.label.is_empty() {
                String::new()
            } else {
                format!(" in {}", self.label)
            };
            let fault = Fault::at(
                &self.file,
                &entry.key_span,
                format!("{}: {}", self.label, entry.key),
                format!("unknown {what} \"{}\"{place}", entry.key),
            );
            let help = match meant(&entry.key, self.asked.iter().copied()) {
                Some(candidate) => format!("did you mean \"{candidate}\"?"),
                None => format!("known: {}", self.asked.join(", ")),
            };
            // All rows of a CSV file share the header, so the fault must not name one of them.
            let path = if self.header.is_some() { entry.key } else { fault.path.clone() };
            self.faults.push(Fault { path, ..fault }.help(help));
        }
        faults.extend(self.faults);
    }
}

/// The front matter of a Markdown file: TOML between `+++`, or the part of YAML that [`yaml`] reads between `---`. `None`
/// where there is none, or where a fault says why it cannot be read.
pub fn front_matter<'a>(file: File<'a>, context: Context, faults: &mut Faults) -> Option<Fields<'a>> {
    let front = markdown::front_matter(file.text)?;
    let Some(range) = front.range else {
        let message = format!("the front matter has no closing {}", front.fence);
        faults.push(Fault::at(&file, &(0..3), "", message).help("add the line"));
        return None;
    };
    if front.fence == "+++" {
        return toml::part(file, range, context, faults);
    }
    let start = range.start..range.start;
    let entries = yaml::entries(file, range, faults);
    Some(Fields::new(file, "", start, context, entries, None))
}

#[cfg(test)]
mod tests;
