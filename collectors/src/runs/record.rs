//! One record, whatever form it was written in, and the run it amounts to.

use std::borrow::Cow;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime};
use model::rows::{BackupRun, Component, Origin, RunStatus, Trigger};
use model::time::{Instant, TimeError, Tz, due_instant, instant};

use super::keys::{Key, nearest};

/// A value as the form it was written in gives it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Cow<'a, str>),
    /// A moment with a zone (Parquet).
    Time(Instant),
    /// A wall-clock time (Parquet).
    Local(NaiveDateTime),
    /// Something that no field holds, in words.
    Other(&'static str),
}

/// The fields of one record.
#[derive(Debug, Default)]
pub(super) struct Record<'a> {
    values: [Option<Scalar<'a>>; Key::COUNT],
    /// Keys that no run record has.
    pub(super) unknown: Vec<String>,
    /// Keys that stand twice.
    pub(super) repeated: Vec<&'static str>,
}

impl<'a> Record<'a> {
    /// Sets a field; the first value given counts.
    pub(super) fn set(&mut self, key: Key, value: Option<Scalar<'a>>) {
        if let Some(slot) = self.values.get_mut(key as usize) {
            if slot.is_some() {
                self.repeated.push(key.name());
            } else {
                *slot = value;
            }
        }
    }

    /// True where no field has a value.
    pub(super) fn is_blank(&self) -> bool {
        self.values.iter().flatten().all(|v| matches!(v, Scalar::Text(t) if t.is_empty()))
    }

    fn take(&mut self, key: Key) -> Option<Scalar<'a>> {
        let value = self.values.get_mut(key as usize)?.take()?;
        // CSV has no null.
        if matches!(&value, Scalar::Text(t) if t.is_empty()) { None } else { Some(value) }
    }
}

/// What was wrong with a record that is read all the same: one sentence each.
type Faults = Vec<String>;

/// The run that a record tells of, with what is wrong about it.
///
/// Required are `run_id`, `status`, and `resource` or `system_id`. An unknown or missing status is
/// read as `unknown`. Instants are RFC 3339; one without an offset is read in `zone`, and without
/// that it is absent and the row says `zone_unknown`. `bytes` and `bytes_stored` count bytes.
///
/// # Errors
/// Where the record names no run or no resource, or where a size is negative: such a record
/// contradicts itself, and taking it for a good run would be worse than not reading it.
pub(super) fn run(mut record: Record<'_>, zone: Option<Tz>, origin: Origin) -> (Result<BackupRun, String>, Faults) {
    let mut faults = Faults::new();
    for key in std::mem::take(&mut record.repeated) {
        faults.push(format!("`{key}` stands twice: the first value is read"));
    }
    let run = read(&mut record, zone, origin, &mut faults);
    (run, faults)
}

fn read(
    record: &mut Record<'_>,
    zone: Option<Tz>,
    mut origin: Origin,
    faults: &mut Faults,
) -> Result<BackupRun, String> {
    let run_id = text(record, Key::RunId, faults).ok_or("`run_id` is missing: the record is not read")?;
    let resource = text(record, Key::Resource, faults);
    let system_id = text(record, Key::SystemId, faults);
    if resource.is_none() && system_id.is_none() {
        return Err("neither `resource` nor `system_id` is given: the record is not read".to_owned());
    }
    let bytes = size(record, Key::Bytes, faults)?;
    let bytes_stored = size(record, Key::BytesStored, faults)?;
    let attempt_no = attempt(record, faults);
    let (status, word) = status(record, faults);
    let status_raw = text(record, Key::StatusRaw, faults).unwrap_or(word);

    origin.record_id.clone_from(&run_id);
    if let Some(n) = attempt_no {
        origin.record_id.push_str(&format!("#{n}"));
    }
    let mut run = BackupRun::new(origin, run_id, status, status_raw);
    run.resource = resource;
    run.system_id = system_id;
    run.bytes = bytes;
    run.bytes_stored = bytes_stored;
    run.attempt_no = attempt_no;
    run.plan_id = text(record, Key::PlanId, faults);
    run.component = word_of(record, Key::Component, Component::WORDS, faults);
    run.trigger = word_of(record, Key::Trigger, Trigger::WORDS, faults);
    run.retry_of = text(record, Key::RetryOf, faults);
    run.status_detail = text(record, Key::StatusDetail, faults);
    run.recovery_point_id = text(record, Key::RecoveryPointId, faults);
    run.cipher = text(record, Key::Cipher, faults);
    run.location_id = text(record, Key::LocationId, faults);
    run.encrypted = flag(record, Key::Encrypted, faults);
    run.unchanged = flag(record, Key::Unchanged, faults).unwrap_or(false);
    let mut time = |key| time(record, key, zone, &mut run.zone_unknown, faults);
    run.scheduled_for = time(Key::ScheduledFor);
    run.started_at = time(Key::StartedAt);
    run.ended_at = time(Key::EndedAt);
    run.taken_at = time(Key::TakenAt);
    run.expires_at = time(Key::ExpiresAt);
    Ok(run)
}

fn text(record: &mut Record<'_>, key: Key, faults: &mut Faults) -> Option<String> {
    match record.take(key)? {
        Scalar::Text(text) => Some(text.into_owned()),
        // Ids are often numbers.
        Scalar::Int(n) => Some(n.to_string()),
        other => {
            faults.push(wrong(key, &other, "a text"));
            None
        }
    }
}

fn status(record: &mut Record<'_>, faults: &mut Faults) -> (RunStatus, String) {
    let Some(word) = text(record, Key::Status, faults) else {
        faults.push(format!("`status` is missing: read as unknown; write one of {}", RunStatus::WORDS.join(", ")));
        return (RunStatus::Unknown, String::new());
    };
    let status = word.parse().unwrap_or_else(|_| {
        faults.push(format!("`status` {word:?} is not known{}: read as unknown", choice(&word, RunStatus::WORDS)));
        RunStatus::Unknown
    });
    (status, word)
}

fn word_of<T: FromStr>(
    record: &mut Record<'_>,
    key: Key,
    allowed: &'static [&'static str],
    faults: &mut Faults,
) -> Option<T> {
    let word = text(record, key, faults)?;
    let read = word.parse().ok();
    if read.is_none() {
        faults.push(format!("`{}` {word:?} is not known{}: not read", key.name(), choice(&word, allowed)));
    }
    read
}

/// What could have been written instead of `word`.
fn choice(word: &str, allowed: &'static [&'static str]) -> String {
    match nearest(word, allowed.iter().copied()) {
        Some(near) => format!(" (did you mean \"{near}\"?)"),
        None => format!(" (write one of {})", allowed.join(", ")),
    }
}

fn size(record: &mut Record<'_>, key: Key, faults: &mut Faults) -> Result<Option<u64>, String> {
    match integer(record, key, faults) {
        Some(n) if n < 0 => Err(format!("`{}` is negative ({n}): the record is not read", key.name())),
        Some(n) => Ok(u64::try_from(n).map_err(|_| faults.push(format!("`{}` {n} is too large", key.name()))).ok()),
        None => Ok(None),
    }
}

fn attempt(record: &mut Record<'_>, faults: &mut Faults) -> Option<u32> {
    let n = integer(record, Key::AttemptNo, faults)?;
    u32::try_from(n).map_err(|_| faults.push(format!("`attempt_no` {n} is not a count of attempts"))).ok()
}

fn integer(record: &mut Record<'_>, key: Key, faults: &mut Faults) -> Option<i128> {
    let value = record.take(key)?;
    let read = match &value {
        Scalar::Int(n) => Some(*n),
        // Spreadsheets and data frames turn a column with gaps into floating point.
        #[expect(clippy::cast_possible_truncation, reason = "whole and far inside the range")]
        Scalar::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Some(*f as i128),
        Scalar::Text(t) => {
            let t = t.trim();
            t.strip_suffix(".0").unwrap_or(t).parse().ok()
        }
        _ => None,
    };
    if read.is_none() {
        faults.push(wrong(key, &value, "a whole number"));
    }
    read
}

fn flag(record: &mut Record<'_>, key: Key, faults: &mut Faults) -> Option<bool> {
    let value = record.take(key)?;
    let read = match &value {
        Scalar::Bool(b) => Some(*b),
        Scalar::Int(n @ (0 | 1)) => Some(*n == 1),
        Scalar::Text(t) => match t.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    if read.is_none() {
        faults.push(wrong(key, &value, "true or false"));
    }
    read
}

fn time(
    record: &mut Record<'_>,
    key: Key,
    zone: Option<Tz>,
    zone_unknown: &mut bool,
    faults: &mut Faults,
) -> Option<Instant> {
    match record.take(key)? {
        Scalar::Text(text) => match utc(text.as_bytes()) {
            Some(at) => Some(at),
            None => match instant(&text, zone) {
                Ok(at) => Some(at),
                Err(TimeError::ZoneUnknown(_)) => {
                    *zone_unknown = true;
                    None
                }
                Err(e) => {
                    faults.push(format!("`{}`: {e}", key.name()));
                    None
                }
            },
        },
        Scalar::Time(at) => Some(at),
        Scalar::Local(local) => {
            *zone_unknown |= zone.is_none();
            zone.map(|zone| due_instant(local, zone))
        }
        other => {
            faults.push(wrong(key, &other, "a time; write RFC 3339, for example 2026-10-01T02:00:00Z"));
            None
        }
    }
}

fn wrong(key: Key, value: &Scalar<'_>, expected: &str) -> String {
    let given = match value {
        Scalar::Bool(b) => b.to_string(),
        Scalar::Int(n) => n.to_string(),
        Scalar::Float(f) => f.to_string(),
        Scalar::Text(t) => format!("{:?}", t.chars().take(80).collect::<String>()),
        Scalar::Time(at) => at.to_string(),
        Scalar::Local(at) => at.to_string(),
        Scalar::Other(what) => (*what).to_owned(),
    };
    format!("`{}` is {given}, not {expected}: not read", key.name())
}

/// Reads exactly `YYYY-MM-DDTHH:MM:SSZ`: the one form that well-behaved writers use, ten times
/// faster than a general parser.
pub(super) fn utc(text: &[u8]) -> Option<Instant> {
    let [y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'Z'] = text else {
        return None;
    };
    let number = |digits: &[&u8]| {
        digits.iter().try_fold(0_u32, |n, d| d.is_ascii_digit().then(|| n * 10 + u32::from(**d - b'0')))
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(&[o1, o2])?, number(&[d1, d2])?)?;
    let at = day.and_hms_opt(number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?)?;
    Some(at.and_utc())
}
