//! Archives: what JSON, text statistics and lists tell about one, and where its local times lie.

use chrono::{Duration, NaiveDateTime};
use model::time::{Instant, Tz, WallClock, candidates, instant, local_time};
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

/// One archive.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Archive {
    pub name: String,
    /// 64 hexadecimal digits.
    pub id: Option<String>,
    pub start: Option<Stamp>,
    pub end: Option<Stamp>,
    pub duration_s: Option<f64>,
    pub bytes: Option<u64>,
    pub stored: Option<u64>,
    /// `stats` were given: output of `create`, or of `info`.
    pub stats: bool,
    /// Exact sizes and times come from JSON; text rounds them.
    pub exact: bool,
}

/// A time as borg prints it: local and without an offset (1.x), or with one (2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    Local(NaiveDateTime),
    Placed(Instant),
}

impl Stamp {
    /// Reads `2026-10-20T03:00:11.000000` or, of text, `Tue, 2026-10-20 03:00:11`.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.split_once(", ").map_or(text, |(_, rest)| rest);
        local_time(text).map(Self::Local).or_else(|| instant(text, None).ok().map(Self::Placed))
    }

    /// True where the clock showed this time twice.
    pub fn ambiguous(self, zone: Option<Tz>) -> bool {
        matches!((self, zone), (Self::Local(t), Some(zone)) if candidates(t, zone).len() > 1)
    }

    /// The instant, in the order of `clock`; nothing without a zone.
    pub fn place(self, clock: &mut WallClock) -> Option<Instant> {
        match self {
            Self::Local(t) => clock.place(t).ok(),
            Self::Placed(at) => Some(at),
        }
    }
}

impl Archive {
    /// Reads an object of `archives`, or the `archive` of `create --json`.
    pub fn read(value: &Value, faults: &mut Vec<String>) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let name = text("name").or_else(|| text("archive"))?.to_owned();
        let mut stamp = |key: &str| {
            let given = text(key)?;
            let stamp = Stamp::read(given);
            if stamp.is_none() {
                faults.push(format!("archive {name}: `{key}` is \"{given}\", not a time; it is read as unknown"));
            }
            stamp
        };
        let start = stamp("start").or_else(|| stamp("time"));
        let end = stamp("end");
        let stats = value.get("stats");
        let mut size = |key: &str| {
            let given = stats?.get(key).filter(|v| !v.is_null())?;
            let number = given.as_u64();
            if number.is_none() {
                faults.push(format!("archive {name}: `{key}` is {given}, not a size; it is read as unknown"));
            }
            number
        };
        let (bytes, stored) = (size("original_size"), size("deduplicated_size"));
        Some(Self {
            id: text("id").filter(|id| is_id(id)).map(str::to_owned),
            start,
            end,
            duration_s: value.get("duration").and_then(Value::as_f64).filter(|d| d.is_finite() && *d >= 0.0),
            bytes,
            stored,
            stats: stats.is_some(),
            exact: true,
            name,
        })
    }

    /// Start and end. The start is placed by `clock`; the end is the instant nearest to start plus
    /// duration, so that a change of the clock during the run does no harm.
    pub fn place(&self, clock: &mut WallClock, zone: Option<Tz>) -> (Option<Instant>, Option<Instant>) {
        let Some(start) = self.start.and_then(|s| s.place(clock)) else { return (None, None) };
        let lasted = self
            .duration_s
            .and_then(|s| Duration::try_milliseconds((s * 1000.0) as i64))
            .and_then(|d| start.checked_add_signed(d));
        let end = match (self.end, lasted) {
            (Some(Stamp::Local(end)), Some(near)) => {
                let both = zone.map(|z| candidates(end, z)).unwrap_or_default();
                let nearest = both.into_iter().min_by_key(|at| (*at - near).abs());
                // Far apart: the stamps contradict the duration (a clock that was set), which counts.
                nearest.filter(|at| (*at - near).abs() <= Duration::seconds(2)).or(Some(near))
            }
            (Some(end), None) => end.place(clock),
            (Some(Stamp::Placed(end)), Some(_)) => Some(end),
            (None, lasted) => lasted,
        };
        (Some(start), end.filter(|e| *e >= start))
    }

    /// True for what an interrupted run leaves: `name.checkpoint`, `name.checkpoint.1`. No backup.
    pub fn is_checkpoint(&self) -> bool {
        is_checkpoint(&self.name)
    }

    /// What both observations are keyed on: the id, else the name.
    pub fn key(&self) -> String {
        match &self.id {
            Some(id) => format!("archive/{}/{}", self.name, id.get(..12).unwrap_or(id)),
            None => format!("archive/{}", self.name),
        }
    }
}

pub(super) fn is_checkpoint(name: &str) -> bool {
    name.split_once(".checkpoint").is_some_and(|(_, rest)| {
        rest.is_empty() || rest.strip_prefix('.').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    })
}

pub(super) fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A row of `borg list`, and the tail of the lines of `borg prune --list`.
pub(super) fn row(line: &str) -> Option<Archive> {
    static ROW: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(\S.*?)\s+([A-Z][a-z]{2}, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?: [+-]\d{4})? \[([0-9a-f]{64})\]").ok()
    });
    let found = ROW.as_ref()?.captures(line)?;
    Some(Archive {
        name: found.get(1)?.as_str().to_owned(),
        id: Some(found.get(3)?.as_str().to_owned()),
        start: Stamp::read(found.get(2)?.as_str()),
        ..Archive::default()
    })
}

/// Encryption by `encryption.mode` (manual, "borg init"): `none` and `authenticated…` are not encrypted,
/// `repokey…` and `keyfile…` are; other words are unknown.
pub(super) fn encrypted(mode: &str) -> Option<bool> {
    if mode == "none" || mode.starts_with("authenticated") {
        Some(false)
    } else if mode.starts_with("repokey") || mode.starts_with("keyfile") {
        Some(true)
    } else {
        None
    }
}
