//! Faults in files that people write: where, what, and what to do next.
//!
//! Readers collect every fault of every file before they give up, so that one look is enough to
//! repair them all. Text from a file is shown with control characters replaced, and a line that
//! may hold a secret is never shown.

use std::fmt;
use std::ops::Range;

mod render;

/// A file as it was given: its name (relative to the configuration) and its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File<'a> {
    /// Name shown in faults, with `/` between folders.
    pub name: &'a str,
    /// Its whole text.
    pub text: &'a str,
}

impl File<'_> {
    /// Line and column of a byte offset, both from 1; the column counts characters.
    #[must_use]
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..self.floor(offset)).unwrap_or("");
        let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).unwrap_or("").trim_start_matches('\u{feff}').chars().count() + 1;
        (line, column)
    }

    /// `name:line` of a byte offset, as rows say where they were declared.
    #[must_use]
    pub fn line_of(&self, offset: usize) -> String {
        format!("{}:{}", self.name, self.place(offset).0)
    }

    fn floor(&self, offset: usize) -> usize {
        let mut at = offset.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// The line that holds `offset`, without its end and without a byte order mark.
    fn line_at(&self, offset: usize) -> &str {
        let at = self.floor(offset);
        let start = self.text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1);
        let rest = self.text.get(start..).unwrap_or("");
        rest.split('\n').next().unwrap_or("").trim_end_matches('\r').trim_start_matches('\u{feff}')
    }
}

/// One thing wrong in one place of one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// File name as given to the reader.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Byte range in the file.
    pub span: (usize, usize),
    /// Table and key, for example `[[system]] billing-db: owner`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// The line, for the picture under the message; `None` where it must not be shown.
    pub excerpt: Option<String>,
    /// Length of the mark under the line, in characters.
    pub width: usize,
}

impl Fault {
    /// A fault at a byte range of a file.
    #[must_use]
    pub fn at(file: &File<'_>, span: &Range<usize>, path: impl Into<String>, message: impl Into<String>) -> Self {
        let (line, column) = file.place(span.start);
        let excerpt = file.line_at(span.start);
        let marked = file.text.get(span.clone()).unwrap_or("").split('\n').next().unwrap_or("").trim_end();
        Self {
            file: file.name.to_owned(),
            line,
            column,
            span: (span.start, span.end),
            path: path.into(),
            message: message.into(),
            help: None,
            excerpt: (!may_hold_secret(excerpt)).then(|| excerpt.to_owned()),
            width: marked.chars().count().max(1),
        }
    }

    /// A fault of a file as a whole, or of a file that is not there.
    #[must_use]
    pub fn of_file(name: &str, message: impl Into<String>) -> Self {
        Self {
            file: name.to_owned(),
            line: 1,
            column: 1,
            span: (0, 0),
            path: String::new(),
            message: message.into(),
            help: None,
            excerpt: None,
            width: 1,
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Lines about credentials are not repeated on a terminal or in a log of a CI system: people
/// paste secrets where a reference to one belongs.
fn may_hold_secret(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["token", "secret", "password", "passwd", "passphrase", "credential", "api_key", "apikey", "access_key", "private"]
        .iter()
        .any(|word| line.contains(word))
}

/// Every fault found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Adds all of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// True where nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `value`, or the faults sorted by file, line and column, each once.
    ///
    /// # Errors
    /// The faults, where there are any.
    pub fn or<T>(mut self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort();
        self.0.dedup();
        Err(self)
    }

    /// The faults as text for a terminal: place and message, the line with a mark, advice.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        render::faults(&self.0, color)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Faults {}

/// The candidate that `word` was most likely meant to be, if one is close enough.
#[must_use]
pub fn meant<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |t: &str| t.trim().to_lowercase().replace(['-', ' '], "_");
    let given = plain(word);
    let allowed = (given.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let wanted = plain(candidate);
            let distance = if given.len() >= 3 && (wanted.starts_with(&given) || given.starts_with(&wanted)) {
                1
            } else {
                strsim::damerau_levenshtein(&given, &wanted)
            };
            (distance <= allowed).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
