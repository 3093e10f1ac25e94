//! JSON and YAML: one test, a list of tests, `{"tests": […]}`, or one JSON object a line.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::entry::{Entry, Field, Found, Value};

/// Reads JSON, or JSON lines.
pub(super) fn read(text: &str) -> Found {
    let mut found = Found::default();
    match serde_json::from_str::<Json>(text) {
        Ok(value) => {
            let lines = Lines::of(text);
            let line = |pointer: &str, _: &str, _: usize| lines.get(pointer).copied();
            collect(&value, &line, 1, &mut found);
        }
        Err(whole) => {
            // One object a line is JSON too, line by line.
            let by_line = text.lines().filter(|l| !l.trim().is_empty()).all(|l| l.trim_start().starts_with('{'));
            let first = text.lines().next().unwrap_or_default();
            if !by_line || serde_json::from_str::<Json>(first).is_err() {
                let message = format!("not JSON: {whole}; correct it, or export it again");
                found.problems.push((Some(format!("line {}", whole.line())), message));
                return found;
            }
            for (n, text) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
                match serde_json::from_str::<Json>(text) {
                    Ok(value) => {
                        let before = found.entries.len();
                        collect(&value, &|_: &str, _: &str, _| Some(n + 1), n + 1, &mut found);
                        for entry in found.entries.iter_mut().skip(before) {
                            entry.pointer = format!("line:{}", n + 1);
                        }
                    }
                    Err(e) => found
                        .problems
                        .push((Some(format!("line {}", n + 1)), format!("not JSON: {e}; correct the line"))),
                }
            }
        }
    }
    found
}

/// Reads YAML that begins after `lines_before` lines of its file.
pub(super) fn read_yaml(text: &str, lines_before: usize) -> Found {
    let mut found = Found::default();
    match serde_norway::from_str::<Json>(text) {
        Ok(value) => {
            // The YAML reader keeps no places: a key is looked for, in the n-th test its n-th occurrence.
            let line = |_: &str, key: &str, nth: usize| {
                let stands = |l: &str| {
                    let l = l.trim_start().trim_start_matches("- ").trim_start_matches(['"', '\'']);
                    l.strip_prefix(key).is_some_and(|r| r.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
                };
                let mut at = text.lines().enumerate().filter(|(_, l)| stands(l)).map(|(n, _)| n + 1 + lines_before);
                let first = at.next();
                if nth == 0 { first } else { at.nth(nth - 1).or(first) }
            };
            collect(&value, &line, lines_before + 1, &mut found);
            let first = lines_before + 1;
            for entry in &mut found.entries {
                entry.pointer = format!("line:{}", entry.place.strip_prefix("line ").unwrap_or(&first.to_string()));
            }
        }
        Err(e) => {
            let place = e.location().map(|l| format!("line {}", l.line() + lines_before));
            found.problems.push((place, format!("not YAML: {e}; correct the line")));
        }
    }
    found
}

type LineOf<'a> = &'a dyn Fn(&str, &str, usize) -> Option<usize>;

fn collect(value: &Json, line: LineOf<'_>, first: usize, found: &mut Found) {
    match value {
        Json::Array(items) => list(items, "", line, first, found),
        Json::Object(map) => {
            let tests = ["tests", "test", "restore_tests", "restore_test"]
                .into_iter()
                .find(|k| map.get(*k).is_some_and(Json::is_array));
            match tests.and_then(|k| Some((k, map.get(k)?.as_array()?))) {
                Some((key, items)) => list(items, &format!("/{key}"), line, first, found),
                None => found.entries.push(entry(map, "", 0, line, first)),
            }
        }
        _ => found
            .problems
            .push((Some(format!("line {first}")), "not a restore test: an object was expected".to_owned())),
    }
}

fn list(items: &[Json], at: &str, line: LineOf<'_>, first: usize, found: &mut Found) {
    for (n, item) in items.iter().enumerate() {
        let pointer = format!("{at}/{n}");
        match item {
            Json::Object(map) => found.entries.push(entry(map, &pointer, n, line, first)),
            _ => {
                let place = line(&pointer, "", n).map_or(pointer, |l| format!("line {l}"));
                found.problems.push((Some(place), "not a restore test: an object was expected".to_owned()));
            }
        }
    }
}

fn entry(map: &Map<String, Json>, pointer: &str, nth: usize, line: LineOf<'_>, first: usize) -> Entry {
    let own = line(pointer, map.keys().next().map_or("", String::as_str), nth).unwrap_or(first);
    let fields = map
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| {
            let at = line(&format!("{pointer}/{}", escape(key)), key, nth).unwrap_or(own);
            Field { key: key.clone(), value: plain(value), place: format!("line {at}") }
        })
        .collect();
    Entry { fields, place: format!("line {own}"), pointer: pointer.to_owned(), ..Entry::default() }
}

fn plain(value: &Json) -> Value {
    let scalar = |v: &Json| match v {
        Json::String(s) => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        Json::Bool(b) => Some(b.to_string()),
        _ => None,
    };
    match value {
        Json::Bool(b) => Value::Bool(*b),
        Json::Array(items) => {
            items.iter().map(scalar).collect::<Option<_>>().map_or(Value::Other("a list of tables"), Value::List)
        }
        other => scalar(other).map_or(Value::Other("a table"), Value::Text),
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Lines of the values of a JSON text that is known to be valid, by pointer.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
    out: BTreeMap<String, usize>,
}

impl Lines<'_> {
    fn of(text: &str) -> BTreeMap<String, usize> {
        let mut lines = Lines { bytes: text.as_bytes(), at: 0, line: 1, out: BTreeMap::new() };
        lines.value("");
        lines.out
    }

    /// The next byte that is no blank, without taking it.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !byte.is_ascii_whitespace() {
                return Some(byte);
            }
            self.line += usize::from(byte == b'\n');
            self.at += 1;
        }
    }

    fn string(&mut self) -> String {
        let from = self.at;
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += match byte {
                b'\\' => 2,
                b'"' => break,
                _ => 1,
            };
        }
        self.at += 1;
        let raw = self.bytes.get(from..self.at).unwrap_or_default();
        serde_json::from_slice(raw).unwrap_or_default()
    }

    fn value(&mut self, pointer: &str) {
        let Some(first) = self.peek() else { return };
        self.out.insert(pointer.to_owned(), self.line);
        match first {
            b'"' => {
                self.string();
            }
            b'{' | b'[' => {
                self.at += 1;
                let mut n = 0;
                while let Some(byte) = self.peek() {
                    match byte {
                        b'}' | b']' => {
                            self.at += 1;
                            return;
                        }
                        b',' => self.at += 1,
                        _ if first == b'{' => {
                            let key = self.string();
                            self.peek();
                            self.at += 1;
                            self.value(&format!("{pointer}/{}", escape(&key)));
                        }
                        _ => {
                            self.value(&format!("{pointer}/{n}"));
                            n += 1;
                        }
                    }
                }
            }
            _ => {
                while self.bytes.get(self.at).is_some_and(|b| !b",]} \t\r\n".contains(b)) {
                    self.at += 1;
                }
            }
        }
    }
}
