//! Snapshots as restic's JSON gives them: `snapshots --json` (flat or grouped) and `forget --json`.

use std::fmt;

use model::time::{Instant, instant};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Value;

/// Characters of the short id that older versions print.
const SHORT: usize = 8;

/// One snapshot.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    /// 64 hexadecimal digits; 8 where only a table was read.
    pub id: String,
    /// `time`: the start of the backup, or what `--time` was set to.
    pub time: Option<Instant>,
    pub host: String,
    pub paths: Vec<String>,
    pub summary: Summary,
}

/// Counts of a backup: a `summary` message, or the `summary` of a snapshot (since 0.17).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Summary {
    pub bytes: Option<u64>,
    pub stored: Option<u64>,
    pub start: Option<Instant>,
    pub end: Option<Instant>,
    pub duration_s: Option<f64>,
    /// Files and folders that are new or changed.
    pub changes: Option<u64>,
}

impl Summary {
    /// Reads a summary; fields of newer versions are optional. A size that is not a whole number
    /// is absent here and named in `faults`.
    pub fn read(value: &Value, faults: &mut Vec<String>) -> Self {
        let mut count = |key: &str| {
            let given = value.get(key).filter(|v| !v.is_null())?;
            let number = given.as_u64();
            if number.is_none() {
                faults.push(format!("`{key}` is {given}, not a count; it is read as unknown"));
            }
            number
        };
        let changes = ["files_new", "files_changed", "dirs_new", "dirs_changed"].map(&mut count);
        // Go writes an unset time as year 1.
        let time =
            |key: &str| value.get(key)?.as_str().and_then(|t| instant(t, None).ok()).filter(|t| t.timestamp() > 0);
        Self {
            bytes: count("total_bytes_processed"),
            stored: count("data_added_packed").or_else(|| count("data_added")),
            start: time("backup_start"),
            end: time("backup_end"),
            duration_s: value.get("total_duration").and_then(Value::as_f64).filter(|d| d.is_finite() && *d >= 0.0),
            changes: changes.iter().try_fold(0_u64, |sum, n| n.map(|n| sum.saturating_add(n))),
        }
    }

    /// The fields of `self`, those of `other` where they are absent.
    pub fn or(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.or(other.bytes),
            stored: self.stored.or(other.stored),
            start: self.start.or(other.start),
            end: self.end.or(other.end),
            duration_s: self.duration_s.or(other.duration_s),
            changes: self.changes.or(other.changes),
        }
    }
}

impl Snapshot {
    /// Reads one snapshot object; `None` where it has no id.
    pub fn read(value: &Value, faults: &mut Vec<String>) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let id = text("id").or_else(|| text("short_id"))?;
        if !is_id(id) {
            return None;
        }
        let time = text("time").and_then(|t| match instant(t, None) {
            Ok(at) => Some(at),
            Err(e) => {
                faults.push(format!("snapshot {}: {e}", short(id)));
                None
            }
        });
        let paths = value.get("paths").and_then(Value::as_array);
        Some(Self {
            id: id.to_owned(),
            time,
            host: text("hostname").unwrap_or_default().to_owned(),
            paths: paths.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            summary: value.get("summary").map(|s| Summary::read(s, faults)).unwrap_or_default(),
        })
    }

    /// Resource id.
    pub fn resource(&self) -> Option<String> {
        resource(&self.host, &self.paths)
    }
}

/// `restic:<host><path>`; several paths are joined by commas.
pub(super) fn resource(host: &str, paths: &[String]) -> Option<String> {
    let first = paths.first()?;
    let gap = if first.starts_with('/') { "" } else { "/" };
    (!host.is_empty()).then(|| format!("restic:{host}{gap}{}", paths.join(",")))
}

/// True for a snapshot id, short or whole.
pub(super) fn is_id(text: &str) -> bool {
    (SHORT..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The short form of an id.
pub(super) fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// What a JSON list of restic holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists {
    /// Snapshots that exist, with the pointer of each.
    pub present: Vec<(Snapshot, String)>,
    /// Snapshots that `forget` removes (or would remove).
    pub removed: Vec<(Snapshot, String)>,
    /// True for the output of `forget`.
    pub forget: bool,
}

/// Reads the elements of a list: snapshots, groups of snapshots, or groups of `forget`. `None` where
/// they are something else (`key list`, for example).
pub(super) fn lists(elements: &[Value], faults: &mut Vec<String>) -> Option<Lists> {
    let mut out = Lists::default();
    for (at, element) in elements.iter().enumerate() {
        let mut take = |value: Option<&Value>, key: &str, into: &mut Vec<(Snapshot, String)>| {
            for (n, one) in value.and_then(Value::as_array).into_iter().flatten().enumerate() {
                match Snapshot::read(one, faults) {
                    Some(snapshot) => into.push((snapshot, format!("/{at}/{key}/{n}"))),
                    None => faults.push(format!("/{at}/{key}/{n} is not a snapshot: it has no id")),
                }
            }
        };
        if element.get("keep").is_some() || element.get("remove").is_some() {
            out.forget = true;
            take(element.get("keep"), "keep", &mut out.present);
            take(element.get("remove"), "remove", &mut out.removed);
        } else if element.get("group_key").is_some() {
            take(element.get("snapshots"), "snapshots", &mut out.present);
        } else if element.get("tree").is_some() || element.get("paths").is_some() {
            match Snapshot::read(element, faults) {
                Some(snapshot) => out.present.push((snapshot, format!("/{at}"))),
                None => faults.push(format!("/{at} is not a snapshot: it has no id")),
            }
        } else {
            return None;
        }
    }
    Some(out)
}

/// The elements of a JSON list, up to where it is damaged, and the damage.
pub(crate) fn elements(text: &str) -> (Vec<Value>, Option<serde_json::Error>) {
    struct Take<'a>(&'a mut Vec<Value>);
    impl<'de> Visitor<'de> for Take<'_> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
            while let Some(value) = seq.next_element()? {
                self.0.push(value);
            }
            Ok(())
        }
    }
    let mut out = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    let damage = reader.deserialize_seq(Take(&mut out)).and_then(|()| reader.end()).err();
    (out, damage)
}
