//! Durations and calendar cadences, as policies write them and as people say them.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, Duration, Months};
use serde::{Deserialize, Serialize};

use super::{Instant, TimeError, Tz, day_of, day_start, due_instant};

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
