//! TOML: one test as the whole file, or `[[test]]` / `[[restore_test]]` (also in the plural).

use toml::de::{DeTable, DeValue};

use super::entry::{Entry, Field, Found, Value};

/// Reads TOML that begins after `lines_before` lines of its file. What is damaged is a problem; the rest is read.
pub(super) fn read(text: &str, lines_before: usize) -> Found {
    let line = |at: usize| 1 + lines_before + text.bytes().take(at).filter(|b| *b == b'\n').count();
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut found = Found::default();
    let mut damaged = Vec::new();
    for error in errors {
        let at = error.span().map(|span| line(span.start));
        damaged.push(at);
        let place = at.map(|at| format!("line {at}"));
        found.problems.push((place, format!("not TOML: {}; correct the line", error.message())));
    }
    let mut whole = Entry::default();
    for (key, value) in table.get_ref() {
        let name = key.get_ref().to_lowercase();
        let tests = matches!(name.as_str(), "test" | "tests" | "restore_test" | "restore_tests");
        match value.get_ref() {
            DeValue::Array(array) if tests => {
                for item in array.iter() {
                    let at = line(item.span().start);
                    match item.get_ref() {
                        DeValue::Table(table) => found.entries.push(entry(table, at, &line)),
                        _ => found.problems.push((Some(format!("line {at}")), "not a test; write [[test]]".to_owned())),
                    }
                }
            }
            DeValue::Table(table) if tests => found.entries.push(entry(table, line(value.span().start), &line)),
            other => whole.fields.push(field(key.get_ref(), other, line(key.span().start))),
        }
    }
    if !whole.fields.is_empty() {
        if found.entries.is_empty() {
            let at = lines_before + 1;
            whole.place = format!("line {at}");
            whole.pointer = format!("line:{at}");
            found.entries.push(whole);
        } else {
            for field in whole.fields {
                let message =
                    format!("\"{}\" stands outside of [[test]] and is not read; move it into a test", field.key);
                found.problems.push((Some(field.place), message));
            }
        }
    }
    without_damage(&mut found.entries, &damaged);
    found
}

/// Drops the tests that a damaged line stands in: what is left of them may say something else than was written.
fn without_damage(entries: &mut Vec<Entry>, damaged: &[Option<usize>]) {
    let start = |e: &Entry| e.pointer.strip_prefix("line:").and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
    let starts: Vec<usize> = entries.iter().map(start).collect();
    entries.retain(|entry| {
        let from = start(entry);
        let to = starts.iter().copied().filter(|s| *s > from).min().unwrap_or(usize::MAX);
        // Damage without a place may be anywhere.
        !damaged.iter().any(|at| at.is_none_or(|at| (from..to).contains(&at)))
    });
}

fn entry(table: &DeTable<'_>, at: usize, line: &impl Fn(usize) -> usize) -> Entry {
    Entry {
        fields: table.iter().map(|(k, v)| field(k.get_ref(), v.get_ref(), line(k.span().start))).collect(),
        place: format!("line {at}"),
        pointer: format!("line:{at}"),
        ..Entry::default()
    }
}

fn field(key: &str, value: &DeValue<'_>, line: usize) -> Field {
    Field { key: key.to_owned(), value: plain(value), place: format!("line {line}") }
}

fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::Boolean(b) => Value::Bool(*b),
        DeValue::Array(array) => {
            let items: Option<Vec<String>> = array.iter().map(|v| scalar(v.get_ref())).collect();
            items.map_or(Value::Other("a list of tables"), Value::List)
        }
        DeValue::Table(_) => Value::Other("a table"),
        other => scalar(other).map_or(Value::Other("a table"), Value::Text),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(s) => s.to_string(),
        DeValue::Integer(n) => {
            i64::from_str_radix(n.as_str(), n.radix()).map_or_else(|_| n.to_string(), |n| n.to_string())
        }
        DeValue::Float(n) => n.to_string(),
        DeValue::Boolean(b) => b.to_string(),
        DeValue::Datetime(t) => t.to_string(),
        DeValue::Array(_) | DeValue::Table(_) => return None,
    })
}
