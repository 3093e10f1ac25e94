//! Text to JSON values and lines: borg's JSON may stand alone, be a list (borgmatic), be one object a line
//! (`--log-json`), or stand among other output in a log.

use std::borrow::Cow;

use serde_json::Value;

use crate::groups::{clean, log_prefix};
use crate::restic::snapshot::elements;

/// One part of a document, with its first line (from 1).
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Json(u64, Value),
    Line(u64, String),
    /// JSON of borg that is cut or damaged, and the elements of `archives` before the damage.
    Damaged(u64, String, Vec<Value>),
}

/// Words that tell JSON of borg from other text in braces.
const OURS: &[&str] = &["\"archive", "\"repository\"", "\"log_message\"", "\"levelname\"", "\"encryption\""];

pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let text = unprefixed(text);
    let mut out = Vec::new();
    let mut rest = &*text;
    let mut number = 1_u64;
    while !rest.is_empty() {
        let end = rest.find('\n').map_or(rest.len(), |n| n + 1);
        let line = rest.get(..end).unwrap_or(rest);
        let mut used = end;
        let start = line.trim_start();
        if start.starts_with('{')
            || start.strip_prefix('[').is_some_and(|r| r.trim_start().is_empty() || r.trim_start().starts_with('{'))
        {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            match values.next() {
                Some(Ok(value)) => {
                    used = values.byte_offset();
                    out.push(Piece::Json(number, value));
                }
                Some(Err(e)) if OURS.iter().any(|w| rest.contains(w)) => {
                    out.push(Piece::Damaged(number + e.line().saturating_sub(1) as u64, e.to_string(), archives(rest)));
                    if e.is_eof() && !start.trim_end().ends_with('}') {
                        break;
                    }
                }
                _ => out.push(Piece::Line(number, clean(line))),
            }
        } else if !start.is_empty() {
            out.push(Piece::Line(number, clean(line)));
        }
        let done = rest.get(..used).unwrap_or(rest);
        number += done.matches('\n').count() as u64;
        rest = rest.get(used..).unwrap_or("");
    }
    out
}

/// The text without the prefixes of a system log, which stand in every line of an indented JSON value.
fn unprefixed(text: &str) -> Cow<'_, str> {
    let opens = |line: &str| line.get(log_prefix(line)..).is_some_and(|rest| rest.starts_with(['{', '[']));
    if !text.lines().any(|line| !line.starts_with(['{', '[']) && opens(line)) {
        return Cow::Borrowed(text);
    }
    text.split_inclusive('\n').map(|line| line.get(log_prefix(line)..).unwrap_or(line)).collect::<String>().into()
}

/// The whole elements of the first list called `archives`.
fn archives(text: &str) -> Vec<Value> {
    let list = text.split_once("\"archives\"").and_then(|(_, rest)| rest.trim_start().strip_prefix(':'));
    list.map(|list| elements(list.trim_start()).0).unwrap_or_default()
}
