//! TOML documents as [`Fields`].

use std::ops::Range;

use ::toml::de::{DeTable, DeValue};

use super::{Context, Entry, Fields, Node, Value};
use crate::fault::{Fault, Faults, File};

/// The root table of a document. A syntax error is one fault: what stands after it cannot be
/// read reliably.
pub fn document<'a>(file: File<'a>, context: Context, faults: &mut Faults) -> Option<Fields<'a>> {
    // A byte order mark would be a syntax error; blanks keep every offset.
    let text = file.text.strip_prefix('\u{feff}').map(|rest| format!("   {rest}"));
    match DeTable::parse(text.as_deref().unwrap_or(file.text)) {
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
