//! The bytes around the place that a row was read from, as an auditor wants to see them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use collectors::Document;
use model::lineage::{Extract, SampleSheet};
use store::Store;

/// Lines shown before and after.
const AROUND: u64 = 2;
/// Most characters of a line.
const WIDEST: usize = 400;
/// Most lines of one extract.
const LONGEST: u64 = 40;

/// Fills the extracts of all sampled rows. Each object is read once, whatever the number of rows in it. `names` gives
/// the documents that objects were read as; of what is `withheld` nothing is shown.
pub fn fill(sheets: &mut [SampleSheet], store: &Store, names: &BTreeMap<String, String>, withheld: &BTreeSet<String>) {
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for place in sheets.iter().flat_map(|s| &s.rows).map(|r| &r.place).filter(|p| !p.evidence.is_empty()) {
        wanted.entry(place.evidence.clone()).or_default().insert(place.pointer.clone());
    }
    let mut found: BTreeMap<(String, String), Extract> = BTreeMap::new();
    for (digest, pointers) in wanted {
        let absent = |why: String| Extract { absent: why, ..Extract::default() };
        let shown: Vec<(String, Extract)> = if withheld.contains(&digest) {
            let why = "the object is withheld from this packet";
            pointers.into_iter().map(|p| (p, absent(why.to_owned()))).collect()
        } else {
            let extracts = extracts(store, &digest, &pointers);
            let all = pointers.into_iter().zip(extracts);
            all.map(|(p, e)| (p, e.unwrap_or_else(|e| absent(format!("cannot be shown: {e}"))))).collect()
        };
        found.extend(shown.into_iter().map(|(pointer, extract)| ((digest.clone(), pointer), extract)));
    }
    for row in sheets.iter_mut().flat_map(|s| &mut s.rows) {
        let key = (row.place.evidence.clone(), row.place.pointer.clone());
        row.extract = match found.get(&key) {
            Some(extract) => extract.clone(),
            None => Extract {
                absent: format!("no object: expected by {}, and no attempt is on record", row.place.pointer),
                ..Extract::default()
            },
        };
        row.extract.document = names.get(&row.place.evidence).cloned().unwrap_or_default();
    }
}

/// The lines around places in an object, in their order.
fn extracts(store: &Store, digest: &str, pointers: &BTreeSet<String>) -> Vec<io::Result<Extract>> {
    let content = {
        let (store, digest) = (store.clone(), digest.to_owned());
        Arc::new(move || -> io::Result<Box<dyn Read>> {
            Ok(Box::new(store.object(&digest).map_err(io::Error::other)?))
        })
    };
    let document = Document::new("", digest, 0, None, content);
    // Only values of JSON need the whole of it.
    let whole = pointers.iter().any(|p| p.starts_with('/')).then(|| document.bytes());
    let places: Vec<io::Result<Wanted>> = pointers.iter().map(|pointer| place(pointer, whole.as_ref())).collect();
    let windows: Vec<(u64, u64)> = places.iter().map(|p| p.as_ref().map_or((0, 0), |wanted| wanted.window())).collect();
    let lines = match lines(&document, &windows) {
        Ok(lines) => lines,
        Err(e) => return places.iter().map(|_| Err(io::Error::new(e.kind(), e.to_string()))).collect(),
    };
    let shown = |(place, window): (io::Result<Wanted>, (u64, u64))| match place? {
        Wanted::Value { line, text } => {
            Ok(Extract { first_line: line, lines: vec![text], marked: Some((line, line)), ..Extract::default() })
        }
        Wanted::Lines { marked } => {
            let kept = lines.range(window.0..=window.1).map(|(_, line)| line.clone()).collect();
            let marked = marked.map(|(from, to)| (from, to.min(window.1)));
            Ok(Extract { first_line: window.0, lines: kept, marked, ..Extract::default() })
        }
    };
    places.into_iter().zip(windows).map(shown).collect()
}

/// What is to be shown of a place.
enum Wanted {
    /// Lines, and those among them that the row was read from.
    Lines { marked: Option<(u64, u64)> },
    /// A value in a document of one long line.
    Value { line: u64, text: String },
}

impl Wanted {
    /// First and last line; 0 where none is needed.
    fn window(&self) -> (u64, u64) {
        match self {
            Self::Value { .. } => (0, 0),
            Self::Lines { marked } => {
                let (from, to) = marked.unwrap_or((1, 1));
                let first = from.saturating_sub(AROUND).max(1);
                (first, (to + AROUND).min(first + LONGEST - 1))
            }
        }
    }
}

/// Finds a pointer; `whole` is the document, where a pointer into JSON is among those asked for.
fn place(pointer: &str, whole: Option<&io::Result<Vec<u8>>>) -> io::Result<Wanted> {
    if pointer.is_empty() {
        // The row is what the whole document says; its beginning shows what it is.
        return Ok(Wanted::Lines { marked: None });
    }
    if let Some(line) = pointer.strip_prefix("line:").and_then(|n| n.parse::<u64>().ok()) {
        return Ok(Wanted::Lines { marked: Some((line, line)) });
    }
    let (true, Some(whole)) = (pointer.starts_with('/'), whole) else {
        return Err(io::Error::new(io::ErrorKind::Unsupported, format!("{pointer} of a document that is no text")));
    };
    let bytes = whole.as_ref().map_err(|e| io::Error::new(e.kind(), e.to_string()))?;
    let Some((from, to)) = span(bytes, pointer) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{pointer} is not in it")));
    };
    let line = |at: usize| bytes[..at].iter().filter(|b| **b == b'\n').count() as u64 + 1;
    let (first, last) = (line(from), line(to.saturating_sub(1).max(from)));
    if first == last && bytes.len() > WIDEST {
        return Ok(Wanted::Value { line: first, text: cut(&String::from_utf8_lossy(&bytes[from..to])) });
    }
    Ok(Wanted::Lines { marked: Some((first, last)) })
}

/// The lines of all windows, by number. The document is read once, and no further than needed.
fn lines(document: &Document, windows: &[(u64, u64)]) -> io::Result<BTreeMap<u64, String>> {
    let numbers: BTreeSet<u64> = windows.iter().filter(|w| w.0 > 0).flat_map(|(first, last)| *first..=*last).collect();
    let mut out = BTreeMap::new();
    let Some(last) = numbers.last() else { return Ok(out) };
    let mut reader = document.open()?;
    let mut bytes = Vec::new();
    for number in 1..=*last {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if numbers.contains(&number) {
            out.insert(number, cut(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r'])));
        }
    }
    Ok(out)
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(WIDEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

/// First and last byte (exclusive) of the value that a JSON pointer names in a text.
fn span(text: &[u8], pointer: &str) -> Option<(usize, usize)> {
    let mut at = skip_space(text, 0);
    for part in pointer.strip_prefix('/')?.split('/') {
        let key = part.replace("~1", "/").replace("~0", "~");
        at = match text.get(at)? {
            b'{' => member(text, at, &key)?,
            b'[' => element(text, at, key.parse().ok()?)?,
            _ => return None,
        };
    }
    Some((at, value_end(text, at)?))
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Where the value of a key begins.
fn member(text: &[u8], open: usize, key: &str) -> Option<usize> {
    let mut at = skip_space(text, open + 1);
    while text.get(at)? == &b'"' {
        let end = value_end(text, at)?;
        let name: String = serde_json::from_slice(text.get(at..end)?).ok()?;
        let colon = skip_space(text, end);
        if text.get(colon)? != &b':' {
            return None;
        }
        let value = skip_space(text, colon + 1);
        if name == key {
            return Some(value);
        }
        at = after_comma(text, value_end(text, value)?)?;
    }
    None
}

/// Where an element begins.
fn element(text: &[u8], open: usize, wanted: usize) -> Option<usize> {
    let mut at = skip_space(text, open + 1);
    for _ in 0..wanted {
        at = after_comma(text, value_end(text, at)?)?;
    }
    (text.get(at)? != &b']').then_some(at)
}

fn after_comma(text: &[u8], end: usize) -> Option<usize> {
    let at = skip_space(text, end);
    (text.get(at)? == &b',').then(|| skip_space(text, at + 1))
}

/// The end of the value that begins at `at`: brackets and strings are followed, nothing is checked.
fn value_end(text: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut here = at;
    loop {
        match text.get(here)? {
            b'"' => {
                here += 1;
                while text.get(here)? != &b'"' {
                    here += if text.get(here)? == &b'\\' { 2 } else { 1 };
                }
                here += 1;
            }
            b'{' | b'[' => {
                depth += 1;
                here += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                here += 1;
            }
            _ if depth == 0 => {
                while text.get(here).is_some_and(|b| !b.is_ascii_whitespace() && !b",]}".contains(b)) {
                    here += 1;
                }
            }
            _ => here += 1,
        }
        if depth == 0 {
            return (here > at).then_some(here);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_names_the_bytes_of_its_value() {
        let text = br#"{"a": [1, {"b/c": "x]\"}", "d": [true]}, -2.5e3 ], "a2": {} }"#;
        let of = |pointer: &str| span(text, pointer).map(|(a, b)| std::str::from_utf8(&text[a..b]).unwrap());
        assert_eq!(of("/a/0"), Some("1"));
        assert_eq!(of("/a/1/b~1c"), Some(r#""x]\"}""#));
        assert_eq!(of("/a/1/d"), Some("[true]"));
        assert_eq!(of("/a/2"), Some("-2.5e3"));
        assert_eq!(of("/a2"), Some("{}"));
        for absent in ["/b", "/a/3", "/a/x", "/a/0/1", "a"] {
            assert_eq!(of(absent), None, "{absent}");
        }
        for broken in ["", "{", "{\"a\"", "{\"a\":", "[1", "[1,", "{\"a\":\"", "{\"a\":\"\\"] {
            assert_eq!(span(broken.as_bytes(), "/a"), None, "{broken}");
            assert_eq!(span(broken.as_bytes(), "/1"), None, "{broken}");
        }
    }
}
