//! Instants, wall clocks, durations, calendar cadences, periods and cron schedules.
//!
//! Binding rules: `controls/checks.toml` `[conventions]` `time`, `duration_and_calendar`,
//! `period` and `daylight_saving`. Instants are UTC; wall-clock times exist only together with
//! an IANA zone; every gap is elapsed time. Leap seconds are ignored.

use chrono::{DateTime, Datelike, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
pub use chrono_tz::Tz;

pub mod cron;
mod period;
mod span;

pub use period::Period;
pub use span::{Span, human};

/// An instant in UTC.
pub type Instant = DateTime<Utc>;

/// A time or duration that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not RFC 3339, and not a local time either.
    #[error("\"{0}\" is not a time; write RFC 3339, for example 2026-10-01T02:00:00Z")]
    NotATime(String),
    /// A wall-clock time with no zone to place it in.
    #[error("\"{0}\" has no UTC offset and the source has no `timezone`")]
    ZoneUnknown(String),
    /// Not an ISO 8601 duration of the supported form.
    #[error("\"{0}\" is not a duration; write ISO 8601, for example PT24H, P30D or P3M")]
    NotADuration(String),
    /// Not a period.
    #[error("\"{0}\" is not a period; write 2026-10, 2026-Q3, 2026 or 2026-01-01..2026-06-30")]
    NotAPeriod(String),
    /// Not an IANA zone name.
    #[error("\"{0}\" is not an IANA time zone; write for example Europe/Berlin")]
    NotAZone(String),
}

/// Reads an IANA zone name.
///
/// # Errors
/// [`TimeError::NotAZone`] for anything that is not in the zone database.
pub fn zone(text: &str) -> Result<Tz, TimeError> {
    text.parse().map_err(|_| TimeError::NotAZone(text.to_owned()))
}

/// Formats as `YYYY-MM-DDTHH:MM:SSZ`, the one form of JSON output. Fractions are cut.
#[must_use]
pub fn utc_text(at: Instant) -> String {
    // chrono parses a format string at every call, and reports write millions of times.
    let (year, month, day) = (at.year(), at.month(), at.day());
    if !(0..=9999).contains(&year) {
        return at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    }
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", at.hour(), at.minute(), at.second())
}

/// Serialises instants as [`utc_text`], for `#[serde(with)]`.
pub mod utc_seconds {
    use super::{Instant, utc_text};
    use serde::Serializer;

    /// See [`utc_text`].
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(at: &Instant, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&utc_text(*at))
    }

    /// The same for an optional instant.
    pub mod option {
        use super::super::{Instant, utc_text};
        use serde::Serializer;

        /// See [`utc_text`]; `None` becomes null.
        ///
        /// # Errors
        /// Those of the serializer.
        pub fn serialize<S: Serializer>(at: &Option<Instant>, s: S) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => s.serialize_some(&utc_text(*at)),
                None => s.serialize_none(),
            }
        }
    }
}

/// Every instant that a wall clock in `zone` shows as `local`: none inside a forward change,
/// two inside a backward change, earliest first.
#[must_use]
pub fn candidates(local: NaiveDateTime, zone: Tz) -> Vec<Instant> {
    match zone.from_local_datetime(&local) {
        LocalResult::None => Vec::new(),
        LocalResult::Single(at) => vec![at.with_timezone(&Utc)],
        LocalResult::Ambiguous(first, second) => {
            let mut both = vec![first.with_timezone(&Utc), second.with_timezone(&Utc)];
            both.sort();
            both
        }
    }
}

/// The instant a schedule at wall-clock time `local` is due.
///
/// A time that occurs twice is due once, at its first occurrence; one that does not exist is due
/// at the first valid instant after it (`[conventions] daylight_saving`).
#[must_use]
pub fn due_instant(local: NaiveDateTime, zone: Tz) -> Instant {
    if let Some(first) = candidates(local, zone).first() {
        return *first;
    }
    // Inside a forward change. All changes of the zone database start on a whole minute, so the
    // first minute that exists is the end of the gap. Gaps are at most a day (Samoa 2011).
    let mut probe = local.with_nanosecond_zero_second();
    for _ in 0..=(26 * 60) {
        probe += Duration::minutes(1);
        if let Some(first) = candidates(probe, zone).first() {
            return *first;
        }
    }
    Utc.from_utc_datetime(&local)
}

trait WholeMinute {
    fn with_nanosecond_zero_second(self) -> Self;
}

impl WholeMinute for NaiveDateTime {
    fn with_nanosecond_zero_second(self) -> Self {
        self.with_second(0).and_then(|t| t.with_nanosecond(0)).unwrap_or(self)
    }
}

/// Start of a calendar day in `zone`.
#[must_use]
pub fn day_start(day: NaiveDate, zone: Tz) -> Instant {
    due_instant(day.and_time(NaiveTime::MIN), zone)
}

/// Calendar day that a wall clock in `zone` shows at `at`.
#[must_use]
pub fn day_of(at: Instant, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// Places the wall-clock stamps of one log, in the order they stand in it.
///
/// Stamps in the hour that repeats are ambiguous on their own; the order of lines decides: each
/// is read as the earliest instant that does not lie before the one before it. So a run across
/// the backward change keeps its true length and nothing shifts or doubles.
#[derive(Debug, Clone)]
pub struct WallClock {
    zone: Option<Tz>,
    last: Option<Instant>,
}

impl WallClock {
    /// A clock in `zone`; without one every local stamp is refused as [`TimeError::ZoneUnknown`].
    #[must_use]
    pub const fn new(zone: Option<Tz>) -> Self {
        Self { zone, last: None }
    }

    /// The same clock, told that the next stamp is not before `at` (for example the start that a
    /// wrapper recorded in UTC).
    pub const fn not_before(&mut self, at: Instant) {
        self.last = Some(at);
    }

    /// Forgets the order, for a log that starts anew.
    pub const fn reset(&mut self) {
        self.last = None;
    }

    /// Places one stamp.
    ///
    /// # Errors
    /// [`TimeError::ZoneUnknown`] without a zone.
    pub fn place(&mut self, local: NaiveDateTime) -> Result<Instant, TimeError> {
        let Some(zone) = self.zone else {
            return Err(TimeError::ZoneUnknown(local.to_string()));
        };
        let both = candidates(local, zone);
        // Stamps are often whole seconds while `last` may carry a fraction: allow that second.
        let fits = |at: &&Instant| self.last.is_none_or(|last| **at + Duration::seconds(1) >= last);
        let at = both.iter().find(fits).or(both.last()).copied().unwrap_or_else(|| due_instant(local, zone));
        self.last = Some(at);
        Ok(at)
    }
}

/// Reads a time: RFC 3339, or a local time placed in `zone`.
///
/// Accepts a space instead of `T`, fractions up to nanoseconds, offsets `Z`, `+02:00`, `+0200`, `+02`,
/// a bare date (midnight), and the trailing zone words `UTC` and `GMT`.
///
/// # Errors
/// [`TimeError::NotATime`], or [`TimeError::ZoneUnknown`] for a local time without a zone.
pub fn instant(text: &str, zone: Option<Tz>) -> Result<Instant, TimeError> {
    let trimmed = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(trimmed) {
        return Ok(at.with_timezone(&Utc));
    }
    for form in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z", "%Y-%m-%dT%H:%M%#z"]
    {
        if let Ok(at) = DateTime::parse_from_str(trimmed, form)
            && four_digits(at.year())
        {
            return Ok(at.with_timezone(&Utc));
        }
    }
    let (local, stated_utc) = match trimmed.strip_suffix("UTC").or_else(|| trimmed.strip_suffix("GMT")) {
        Some(rest) => (rest.trim_end(), true),
        None => (trimmed, false),
    };
    let naive = local_time(local).ok_or_else(|| TimeError::NotATime(text.to_owned()))?;
    if stated_utc {
        return Ok(Utc.from_utc_datetime(&naive));
    }
    match zone {
        Some(zone) => Ok(due_instant(naive, zone)),
        None => Err(TimeError::ZoneUnknown(text.to_owned())),
    }
}

/// Reads a wall-clock time without an offset: `2026-10-01T02:00:00`, with a space, with a
/// fraction, without seconds, or a bare date.
#[must_use]
pub fn local_time(text: &str) -> Option<NaiveDateTime> {
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, form) {
            return Some(at).filter(|at| four_digits(at.year()));
        }
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    four_digits(day.year()).then(|| day.and_time(NaiveTime::MIN))
}

/// Years that RFC 3339 can write. `%Y` also takes signed and longer ones, at whose ends sums leave
/// the calendar.
fn four_digits(year: i32) -> bool {
    (0..=9999).contains(&year)
}

#[cfg(test)]
mod tests;
