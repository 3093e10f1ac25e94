//! Fields of one JSON object of a reply.

use model::time::{Instant, instant};
use serde_json::Value;

use super::{Place, Reply, zone_of};
use crate::{Batch, Sink, problem};

/// One object of a reply, with its pointer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'r, 'a> {
    pub reply: &'r Reply<'a>,
    pub value: &'r serde_json::Map<String, Value>,
    key: &'r str,
    at: Option<usize>,
}

impl<'r, 'a> Item<'r, 'a> {
    /// The reply itself.
    pub(crate) fn whole(reply: &'r Reply<'a>) -> Self {
        Self { reply, value: &reply.value, key: "", at: None }
    }

    /// The object under `key`.
    pub(crate) fn one(reply: &'r Reply<'a>, key: &'r str) -> Option<Self> {
        Some(Self { reply, value: reply.value.get(key)?.as_object()?, key, at: None })
    }

    /// The objects of the list under `key`; an element that is no object is a problem.
    pub(crate) fn list(reply: &'r Reply<'a>, key: &'r str, sink: &mut dyn Sink) -> Vec<Self> {
        let mut out = Vec::new();
        let Some(list) = reply.value.get(key) else { return out };
        for (at, element) in list.as_array().into_iter().flatten().enumerate() {
            match element.as_object() {
                Some(value) => out.push(Self { reply, value, key, at: Some(at) }),
                None => {
                    let place = format!("{}/{key}/{at}", reply.place.pointer);
                    sink.problem(problem(reply.place.document, Some(place), "not an object; export the reply again"));
                }
            }
        }
        if !list.is_array() && !list.is_null() {
            let place = format!("{}/{key}", reply.place.pointer);
            sink.problem(problem(reply.place.document, Some(place), "not a list; export the reply again"));
        }
        out
    }

    /// JSON pointer within the reply.
    pub(crate) fn pointer(&self) -> String {
        match (self.key, self.at) {
            ("", _) => String::new(),
            (key, None) => format!("/{key}"),
            (key, Some(at)) => format!("/{key}/{at}"),
        }
    }

    /// Where the reply stands.
    pub(crate) fn place(&self) -> &'r Place<'a> {
        &self.reply.place
    }

    /// Lineage.
    pub(crate) fn origin(&self, batch: &Batch<'_>, record_id: impl Into<String>) -> model::rows::Origin {
        self.place().origin(batch, record_id, &self.pointer())
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, key: &str) -> Option<&'r str> {
        self.value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty())
    }

    /// A text, as owned.
    pub(crate) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// A flag.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.value.get(key).and_then(Value::as_bool)
    }

    /// An object inside.
    pub(crate) fn inner(&self, key: &'r str) -> Option<Item<'r, 'a>> {
        Some(Item { value: self.value.get(key)?.as_object()?, ..*self })
    }

    /// A count or size; a negative or broken one is a problem.
    pub(crate) fn number(&self, key: &str, sink: &mut dyn Sink) -> Option<u64> {
        let value = self.value.get(key).filter(|v| !v.is_null())?;
        let number = value.as_u64();
        if number.is_none() {
            self.fault(key, format!("{value} is not a size or count; the field is left out"), sink);
        }
        number
    }

    /// A time: ISO 8601 text, RFC 2822 text (HTTP dates of `head-object`), or seconds since 1970 as a number, which
    /// the CLI passes through a float: rounded to milliseconds.
    pub(crate) fn time(&self, batch: &Batch<'_>, key: &str, sink: &mut dyn Sink) -> Option<Instant> {
        let value = self.value.get(key).filter(|v| !v.is_null())?;
        let read = match value {
            Value::Number(n) => n
                .as_f64()
                .map(|s| (s * 1000.0).round())
                .filter(|ms| ms.abs() < 2.5e14)
                .and_then(|ms| {
                    #[expect(clippy::cast_possible_truncation, reason = "whole and within reach, see the filter")]
                    Instant::from_timestamp_millis(ms as i64)
                })
                .ok_or_else(|| format!("{n} is not a time in seconds since 1970")),
            Value::String(text) => match chrono::DateTime::parse_from_rfc2822(text) {
                Ok(at) => Ok(at.to_utc()),
                Err(_) => instant(text, zone_of(batch, self.place())).map_err(|e| e.to_string()),
            },
            other => Err(format!("{other} is not a time")),
        };
        read.map_err(|message| self.fault(key, message, sink)).ok()
    }

    /// Reports a field of this object.
    pub(crate) fn fault(&self, key: &str, message: impl Into<String>, sink: &mut dyn Sink) {
        let place = format!("{}{}/{key}", self.place().pointer, self.pointer());
        sink.problem(problem(self.place().document, Some(place), message));
    }
}

/// Part `at` of an ARN (`arn:partition:service:region:account:resource`): 3 is the region, 4 the account, 5 the rest.
pub(crate) fn arn_part(arn: &str, at: usize) -> Option<&str> {
    arn.strip_prefix("arn:")?;
    arn.splitn(6, ':').nth(at).filter(|p| !p.is_empty())
}
