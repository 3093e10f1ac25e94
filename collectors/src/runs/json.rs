//! JSON lines, and JSON records in an array or one below the other.

use std::borrow::Cow;
use std::fmt;
use std::io::BufRead;

use model::parallel;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::elements::{Element, Elements};
use super::keys::Key;
use super::reading::{Context, Found, Place, Reading};
use super::record::{Record, Scalar};
use crate::lines::{Block, Blocks, LINE_LIMIT, Line};

/// Why a record could not be parsed.
struct Bad {
    message: String,
    /// The text ended inside the record.
    cut: bool,
}

const CUT: &str = "the text ends inside this record: the file looks cut; copy it again when its writer has finished";

/// One record a line, read on all cores and handed on in order.
pub(super) fn lines(reading: &mut Reading<'_>, reader: impl BufRead) {
    let mut blocks = Blocks::new(reader);
    let context = reading.context();
    parallel::stream(
        blocks.by_ref(),
        |block| records(context, &block),
        |all| all.into_iter().for_each(|f| reading.take(f)),
    );
    if let Some((last, e)) = blocks.damage() {
        damaged(reading, last, &e);
    }
}

/// What the lines of a block hold.
fn records(context: Context<'_>, block: &Block) -> Vec<Found> {
    let lines = block.lines().filter_map(|(n, line, ended)| {
        let place = Place::Line(n);
        let bytes = match line {
            Line::TooLong => return Some(Found::bad(place, too_long())),
            Line::Text(bytes) if bytes.trim_ascii().is_empty() => return None,
            Line::Text(bytes) => bytes,
        };
        Some(match parse(bytes) {
            Ok(record) => context.read(place, record),
            Err(bad) => Found::bad(place, if bad.cut && !ended { CUT.to_owned() } else { bad.message }),
        })
    });
    lines.collect()
}

/// Records of an array, or one below the other.
pub(super) fn elements(reading: &mut Reading<'_>, reader: impl BufRead) {
    let mut elements = Elements::new(reader);
    let mut last = 0;
    loop {
        let (place, bad) = match elements.next() {
            Ok(None) => return,
            Ok(Some((place, Element::Object(bytes)))) => {
                (place, parse(bytes).map(|record| reading.record(place, record)).map_err(|b| b.message).err())
            }
            Ok(Some((place, Element::TooLong))) => (place, Some(too_long())),
            Ok(Some((place, Element::Stray))) => (place, Some("not a JSON object: not read".to_owned())),
            Ok(Some((place, Element::Cut))) => (place, Some(CUT.to_owned())),
            Err(e) => return damaged(reading, last, &e),
        };
        last = elements.line();
        if let Some(bad) = bad {
            reading.tell(place, bad);
        }
    }
}

/// Tells that reading broke off; what stands before was read.
pub(super) fn damaged(reading: &mut Reading<'_>, last: u64, error: &std::io::Error) {
    reading.tell_document(format!(
        "cannot be read past line {last} ({error}): the lines before were read; copy the file again from where it was written"
    ));
}

pub(super) fn too_long() -> String {
    format!("longer than {} MiB: not read", LINE_LIMIT >> 20)
}

fn parse(bytes: &[u8]) -> Result<Record<'_>, Bad> {
    let text = std::str::from_utf8(bytes).map_err(|e| Bad {
        message: format!("not UTF-8 at byte {} of the record: not read; write the log as UTF-8", e.valid_up_to() + 1),
        // A cut may fall into a character.
        cut: e.error_len().is_none(),
    })?;
    serde_json::from_str(text).map_err(|e| Bad {
        message: format!("not a JSON record: {}; the record is not read", message(&e)),
        cut: e.is_eof(),
    })
}

/// The parser's message with its column; its line is always 1 and would mislead.
fn message(e: &serde_json::Error) -> String {
    let text = e.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    format!("{what} (column {})", e.column())
}

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut record = Record::default();
        while let Some(Name(name)) = map.next_key()? {
            match name {
                Ok(key) => record.set(key, map.next_value()?),
                Err(unknown) => {
                    map.next_value::<IgnoredAny>()?;
                    record.unknown.push(unknown);
                }
            }
        }
        Ok(record)
    }
}

/// A key, or a name that is none.
struct Name(Result<Key, String>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
                Ok(Name(Key::named(name).ok_or_else(|| name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Int(value.into()))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Int(value.into()))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(value))
    }
    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other("a list"))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other("an object"))
    }
}
