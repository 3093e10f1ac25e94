//! TOML documents as [`Fields`].

use std::ops::Range;

use ::toml::de::{DeTable, DeValue};

use super::{Context, Entry, Fields, Node, Value};
use crate::fault::{Fault, Faults, File};

/// The root table of a document. A syntax error is one fault: what stands after it cannot be
/// read reliably.
pub fn document<'a>(file: File<'a>, context: Context, faults: &mut Faults) -> Option<Fields<'a>> {
    // A byte order mark would be a syntax error.
    let start = if file.text.starts_with('\u{feff}') { 3 } else { 0 };
    part(file, start..file.text.len(), context, faults)
}

/// The same of a document that stands in a part of a file.
pub(super) fn part<'a>(
    file: File<'a>,
    range: Range<usize>,
    context: Context,
    faults: &mut Faults,
) -> Option<Fields<'a>> {
    // Blanks keep every offset.
    let padded = (range.start > 0).then(|| " ".repeat(range.start) + file.text.get(range.clone()).unwrap_or(""));
    let whole = file.text.get(..range.end).unwrap_or("");
    match DeTable::parse(padded.as_deref().unwrap_or(whole)) {
        Ok(root) => Some(Fields::new(file, "", 0..0, context, entries(root.get_ref()), None)),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            faults.push(Fault::at(&file, &span, "", format!("not valid TOML: {}", error.message().trim())));
            None
        }
    }
}

fn entries(table: &DeTable<'_>) -> Vec<Entry> {
    table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: key.span(),
            node: node(value.get_ref(), value.span()),
        })
        .collect()
}

fn node(value: &DeValue<'_>, span: Range<usize>) -> Node {
    let value = match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            // Beyond 64 bits: kept as text, so that the reader refuses it by what it says.
            .map_or_else(|_| Value::Text(number.to_string()), Value::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().map_or_else(|_| Value::Text(number.to_string()), Value::Float)
        }
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(at) => Value::Time(*at),
        DeValue::Array(list) => Value::List(list.iter().map(|v| node(v.get_ref(), v.span())).collect()),
        DeValue::Table(table) => Value::Table(entries(table)),
    };
    Node { value, span }
}
