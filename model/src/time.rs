//! Instants, wall clocks, durations, calendar cadences, periods and cron schedules.
//!
//! Binding rules: `controls/checks.toml` `[conventions]` `time`, `duration_and_calendar`,
//! `period` and `daylight_saving`. Instants are UTC; wall-clock times exist only together with
//! an IANA zone; every gap is elapsed time. Leap seconds are ignored.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike, Days, Duration, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike,
    Utc,
};
pub use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub mod cron;

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

/// An ISO 8601 duration split into its calendar part (years and months) and its elapsed part.
///
/// `PT24H` and `P30D` are elapsed time (a day is 24 hours); `P1M`, `P3M` and `P1Y` are calendar
/// cadences (`[conventions] duration_and_calendar`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    /// Calendar months.
    pub months: u32,
    /// Elapsed seconds.
    pub seconds: i64,
}

impl Span {
    /// An elapsed span.
    #[must_use]
    pub const fn of_seconds(seconds: i64) -> Self {
        Self { months: 0, seconds }
    }

    /// Elapsed seconds, or `None` for a calendar cadence, which has no fixed length.
    #[must_use]
    pub const fn elapsed(self) -> Option<i64> {
        if self.months == 0 { Some(self.seconds) } else { None }
    }

    /// `at` plus this span; the calendar part is added in `zone` (same day of the later month, or
    /// its last day).
    #[must_use]
    pub fn after(self, at: Instant, zone: Tz) -> Instant {
        let shifted = if self.months == 0 {
            at
        } else {
            let local = at.with_timezone(&zone).naive_local();
            local.checked_add_months(Months::new(self.months)).map_or(at, |t| due_instant(t, zone))
        };
        shifted + Duration::seconds(self.seconds)
    }

    /// `at` minus this span; see [`Span::after`].
    #[must_use]
    pub fn before(self, at: Instant, zone: Tz) -> Instant {
        let at = at - Duration::seconds(self.seconds);
        if self.months == 0 {
            return at;
        }
        let local = at.with_timezone(&zone).naive_local();
        local.checked_sub_months(Months::new(self.months)).map_or(at, |t| due_instant(t, zone))
    }

    /// End of the due day: a due day passes, the day after is overdue.
    #[must_use]
    pub fn due_by(self, from: Instant, zone: Tz) -> Instant {
        let due = day_of(self.after(from, zone), zone);
        day_start(due + Days::new(1), zone)
    }
}

impl FromStr for Span {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let bad = || TimeError::NotADuration(text.to_owned());
        let rest = text.strip_prefix('P').ok_or_else(bad)?;
        let (date, time) = rest.split_once('T').map_or((rest, None), |(d, t)| (d, Some(t)));
        let mut span = Self::default();
        let mut fields = 0_u32;
        let mut read = |part: &str, units: &[(char, i64, i64)]| -> Result<(), TimeError> {
            let mut number = String::new();
            let mut allowed = units;
            for c in part.chars() {
                if c.is_ascii_digit() {
                    number.push(c);
                    continue;
                }
                let at = allowed.iter().position(|(unit, ..)| *unit == c).ok_or_else(bad)?;
                let (_, months, seconds) = allowed[at];
                let n: i64 = number.parse().map_err(|_| bad())?;
                span.months += u32::try_from(n.checked_mul(months).ok_or_else(bad)?).map_err(|_| bad())?;
                span.seconds = n.checked_mul(seconds).and_then(|s| span.seconds.checked_add(s)).ok_or_else(bad)?;
                number.clear();
                allowed = &allowed[at + 1..];
                fields += 1;
            }
            if number.is_empty() { Ok(()) } else { Err(bad()) }
        };
        read(date, &[('Y', 12, 0), ('M', 1, 0), ('W', 0, 604_800), ('D', 0, 86_400)])?;
        if let Some(time) = time {
            if time.is_empty() {
                return Err(bad());
            }
            read(time, &[('H', 0, 3_600), ('M', 0, 60), ('S', 0, 1)])?;
        }
        if fields == 0 { Err(bad()) } else { Ok(span) }
    }
}

impl TryFrom<String> for Span {
    type Error = TimeError;
    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("PT0S");
        }
        f.write_str("P")?;
        let (years, months) = (self.months / 12, self.months % 12);
        if years > 0 {
            write!(f, "{years}Y")?;
        }
        if months > 0 {
            write!(f, "{months}M")?;
        }
        let mut left = self.seconds;
        // Up to two days stay hours (PT24H, PT48H), as policies write them.
        if left > 172_800 && left % 86_400 == 0 {
            return write!(f, "{}D", left / 86_400);
        }
        if left > 0 {
            f.write_str("T")?;
            for (unit, size) in [('H', 3_600), ('M', 60), ('S', 1)] {
                if left >= size {
                    write!(f, "{}{unit}", left / size)?;
                    left %= size;
                }
            }
        }
        Ok(())
    }
}

/// Elapsed seconds as people say them: `24 h`, `1 h 45 min`, `15 min`, `30 d`, `45 s`.
#[must_use]
pub fn human(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let left = seconds.unsigned_abs();
    let (d, h, m, s) = (left / 86_400, left / 3_600 % 24, left / 60 % 60, left % 60);
    let parts: Vec<String> = if left >= 3 * 86_400 {
        vec![(d, "d"), (h, "h")]
    } else if left >= 3_600 {
        vec![(left / 3_600, "h"), (m, "min")]
    } else if left >= 60 {
        vec![(m, "min"), (s, "s")]
    } else {
        return format!("{sign}{s} s");
    }
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, unit)| format!("{n} {unit}"))
    .collect();
    format!("{sign}{}", parts.join(" "))
}

/// A reporting period: `[start, end)`, cut in the reporting zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    first: NaiveDate,
    last: NaiveDate,
    zone: Tz,
    form: Form,
    // Both ends as instants, worked out once: every row of a log is held against them.
    start: Instant,
    end: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Month,
    Quarter,
    Year,
    Days,
}

impl Period {
    /// Reads `2026-10`, `2026-Q3`, `2026` or `2026-01-01..2026-06-30` (both days included).
    ///
    /// # Errors
    /// [`TimeError::NotAPeriod`].
    pub fn parse(text: &str, zone: Tz) -> Result<Self, TimeError> {
        let bad = || TimeError::NotAPeriod(text.to_owned());
        if let Some((a, b)) = text.split_once("..") {
            let first = NaiveDate::parse_from_str(a, "%Y-%m-%d").map_err(|_| bad())?;
            let last = NaiveDate::parse_from_str(b, "%Y-%m-%d").map_err(|_| bad())?;
            return if first <= last && in_reach(first) && in_reach(last) {
                Ok(Self::of(first, last, zone, Form::Days))
            } else {
                Err(bad())
            };
        }
        let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
        let (form, year, month) = match text.split_once('-') {
            None if digits(text, 4) => (Form::Year, text, 1),
            Some((year, quarter)) if digits(year, 4) && quarter.strip_prefix('Q').is_some_and(|q| digits(q, 1)) => {
                let q: u32 = quarter[1..].parse().map_err(|_| bad())?;
                if !(1..=4).contains(&q) {
                    return Err(bad());
                }
                (Form::Quarter, year, q * 3 - 2)
            }
            Some((year, month)) if digits(year, 4) && digits(month, 2) => {
                (Form::Month, year, month.parse().map_err(|_| bad())?)
            }
            _ => return Err(bad()),
        };
        let first = NaiveDate::from_ymd_opt(year.parse().map_err(|_| bad())?, month, 1).ok_or_else(bad)?;
        if !in_reach(first) {
            return Err(bad());
        }
        Ok(Self::starting(first, zone, form))
    }

    fn starting(first: NaiveDate, zone: Tz, form: Form) -> Self {
        let months = match form {
            Form::Month | Form::Days => 1,
            Form::Quarter => 3,
            Form::Year => 12,
        };
        let last = first.checked_add_months(Months::new(months)).and_then(|d| d.pred_opt()).unwrap_or(first);
        Self::of(first, last, zone, form)
    }

    fn of(first: NaiveDate, last: NaiveDate, zone: Tz, form: Form) -> Self {
        Self { first, last, zone, form, start: day_start(first, zone), end: day_start(last + Days::new(1), zone) }
    }

    /// The calendar month that holds `day`.
    #[must_use]
    pub fn month_of(day: NaiveDate, zone: Tz) -> Self {
        Self::starting(day.with_day(1).unwrap_or(day), zone, Form::Month)
    }

    /// The quarter that holds `day`; `first_month` (1–12) is where the fiscal year starts, 1 for
    /// calendar quarters (parameter `quarter_basis`).
    #[must_use]
    pub fn quarter_of(day: NaiveDate, zone: Tz, first_month: u32) -> Self {
        let offset = (day.month() + 12 - first_month) % 3;
        let first = day.with_day(1).and_then(|d| d.checked_sub_months(Months::new(offset))).unwrap_or(day);
        Self::starting(first, zone, Form::Quarter)
    }

    /// The period before this one, of the same kind. A range of days is followed back by a range
    /// of as many days.
    #[must_use]
    pub fn previous(&self) -> Self {
        match self.form {
            Form::Days => {
                let days = Days::new(u64::try_from((self.last - self.first).num_days()).unwrap_or(0));
                let last = self.first.pred_opt().unwrap_or(self.first);
                Self::of(last - days, last, self.zone, self.form)
            }
            Form::Month => Self::starting(self.first - Months::new(1), self.zone, self.form),
            Form::Quarter => Self::starting(self.first - Months::new(3), self.zone, self.form),
            Form::Year => Self::starting(self.first - Months::new(12), self.zone, self.form),
        }
    }

    /// Quarters that overlap the period, oldest first.
    #[must_use]
    pub fn quarters(&self, first_month: u32) -> Vec<Self> {
        let mut out = Vec::new();
        let mut quarter = Self::quarter_of(self.first, self.zone, first_month);
        while quarter.first <= self.last {
            out.push(quarter);
            quarter = Self::quarter_of(quarter.last + Days::new(1), self.zone, first_month);
        }
        out
    }

    /// Calendar months that overlap the period, oldest first.
    #[must_use]
    pub fn months(&self) -> Vec<Self> {
        let mut out = Vec::new();
        let mut month = Self::month_of(self.first, self.zone);
        while month.first <= self.last {
            out.push(month);
            month = Self::month_of(month.last + Days::new(1), self.zone);
        }
        out
    }

    /// The part of the period that lies in `outer`: itself where all of it does, else a range of days. For a period
    /// outside of `outer` the nearest day of it.
    #[must_use]
    pub fn within(&self, outer: &Self) -> Self {
        let (first, last) = (self.first.clamp(outer.first, outer.last), self.last.clamp(outer.first, outer.last));
        if (first, last) == (self.first, self.last) { *self } else { Self::of(first, last, self.zone, Form::Days) }
    }

    /// Canonical text: the form it was asked for in.
    #[must_use]
    pub fn label(&self) -> String {
        match self.form {
            Form::Month => self.first.format("%Y-%m").to_string(),
            Form::Quarter if (self.first.month() - 1).is_multiple_of(3) => {
                format!("{}-Q{}", self.first.year(), self.first.month().div_ceil(3))
            }
            Form::Year => self.first.year().to_string(),
            Form::Days | Form::Quarter => format!("{}..{}", self.first, self.last),
        }
    }

    /// For people: `October 2026`, `Q3 2026`, `2026`, `1 January 2026 to 30 June 2026`.
    #[must_use]
    pub fn title(&self) -> String {
        match self.form {
            Form::Month => self.first.format("%B %Y").to_string(),
            Form::Quarter if (self.first.month() - 1).is_multiple_of(3) => {
                format!("Q{} {}", self.first.month().div_ceil(3), self.first.year())
            }
            Form::Year => self.first.year().to_string(),
            Form::Days | Form::Quarter => {
                format!("{} to {}", self.first.format("%-d %B %Y"), self.last.format("%-d %B %Y"))
            }
        }
    }

    /// First instant.
    #[must_use]
    pub const fn start(&self) -> Instant {
        self.start
    }

    /// First instant after the period.
    #[must_use]
    pub const fn end(&self) -> Instant {
        self.end
    }

    /// True for `start <= at < end`.
    #[must_use]
    pub fn contains(&self, at: Instant) -> bool {
        self.start <= at && at < self.end
    }

    /// Reporting zone.
    #[must_use]
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// First and last calendar day.
    #[must_use]
    pub const fn days(&self) -> (NaiveDate, NaiveDate) {
        (self.first, self.last)
    }
}

/// Years far outside any evidence are refused, so that adding a cadence can't leave the calendar.
fn in_reach(day: NaiveDate) -> bool {
    (1970..=9000).contains(&day.year())
}

#[cfg(test)]
mod tests;
