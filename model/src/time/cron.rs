//! Five-field cron expressions, as `crontab(5)` defines them.
//!
//! Minute, hour, day of month, month, day of week; lists, ranges, steps, names of months and days,
//! 7 for Sunday. Where both day fields are restricted a day matches either (crontab's rule).
//! `@daily` and its kin are accepted. Seconds and years are not.

use std::str::FromStr;

use chrono::{Datelike, Days, Duration, NaiveDate, NaiveTime};

use super::{Instant, Tz, day_of, due_instant};

/// A parsed expression. Its text is kept for reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    any_day: bool,
    any_weekday: bool,
}

/// Why an expression is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a cron expression: {why}; write five fields: minute hour day month weekday")]
pub struct CronError {
    text: String,
    why: String,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

fn number(text: &str, names: &[&str], base: u32) -> Option<u32> {
    if let Some(at) = names.iter().position(|n| n.eq_ignore_ascii_case(text)) {
        return u32::try_from(at).ok().map(|n| n + base);
    }
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// One field as a bit set of the values it matches.
fn field(text: &str, low: u32, high: u32, names: &[&str], base: u32) -> Result<u64, String> {
    let mut set = 0_u64;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => match step.parse::<u32>() {
                Ok(step) if step > 0 => (range, Some(step)),
                _ => return Err(format!("step \"{step}\" is not a positive number")),
            },
            None => (part, None),
        };
        let value = |t: &str| match number(t, names, base) {
            Some(n) if (low..=high).contains(&n) => Ok(n),
            _ => Err(format!("\"{t}\" is not within {low}-{high}")),
        };
        let (from, to) = if range == "*" {
            (low, high)
        } else if let Some((a, b)) = range.split_once('-') {
            (value(a)?, value(b)?)
        } else {
            let at = value(range)?;
            (at, if step.is_some() { high } else { at })
        };
        if from > to {
            return Err(format!("range \"{range}\" runs backwards"));
        }
        let mut at = from;
        while at <= to {
            set |= 1 << at;
            at += step.unwrap_or(1);
        }
    }
    Ok(set)
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let fail = |why: String| CronError { text: text.to_owned(), why };
        let expanded = match text.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            other => other,
        };
        let fields: Vec<&str> = expanded.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(fail(format!("it has {} fields", fields.len())));
        };
        let mut weekdays = field(weekday, 0, 7, &WEEKDAYS, 0).map_err(fail)?;
        if weekdays & (1 << 7) != 0 {
            weekdays |= 1;
        }
        let cron = Self {
            text: text.trim().to_owned(),
            minutes: field(minute, 0, 59, &[], 0).map_err(fail)?,
            hours: field(hour, 0, 23, &[], 0).map_err(fail)?,
            days: field(day, 1, 31, &[], 0).map_err(fail)?,
            months: field(month, 1, 12, &MONTHS, 1).map_err(fail)?,
            weekdays,
            any_day: day.starts_with('*'),
            any_weekday: weekday.starts_with('*'),
        };
        // Days that no month of the set has (31 in February) would make an empty plan look fine.
        if cron.any_weekday && !cron.any_day {
            let longest = |m: u32| {
                if m == 2 {
                    29
                } else if [4, 6, 9, 11].contains(&m) {
                    30
                } else {
                    31
                }
            };
            let possible = (1..=12)
                .filter(|m| cron.months & (1 << m) != 0)
                .any(|m| (1..=longest(m)).any(|d| cron.days & (1 << d) != 0));
            if !possible {
                return Err(fail("no month has that day".to_owned()));
            }
        }
        Ok(cron)
    }
}

impl Cron {
    /// The text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True where the schedule names wall-clock hours, so that daylight saving can stretch a gap.
    #[must_use]
    pub const fn is_wall_clock(&self) -> bool {
        self.hours.count_ones() < 24
    }

    fn matches_day(&self, day: NaiveDate) -> bool {
        if self.months & (1 << day.month()) == 0 {
            return false;
        }
        let by_day = self.days & (1 << day.day()) != 0;
        let by_weekday = self.weekdays & (1 << day.weekday().num_days_from_sunday()) != 0;
        match (self.any_day, self.any_weekday) {
            (false, false) => by_day || by_weekday,
            _ => by_day && by_weekday,
        }
    }

    /// Due instants in `[from, to)`, ascending, each once.
    ///
    /// Wall-clock rules: `[conventions] daylight_saving`. A schedule of every hour follows real
    /// hours: in the hour that repeats it is due in both, and in the hour that is skipped not at all.
    #[must_use]
    pub fn due(&self, zone: Tz, from: Instant, to: Instant) -> Vec<Instant> {
        let mut out = Vec::new();
        if from >= to {
            return out;
        }
        if self.hours.count_ones() == 24 {
            self.due_by_minutes(zone, from, to, &mut out);
            return out;
        }
        let mut day = day_of(from, zone) - Days::new(1);
        let last = day_of(to, zone) + Days::new(1);
        while day <= last {
            if self.matches_day(day) {
                for hour in (0..24).filter(|h| self.hours & (1 << h) != 0) {
                    for minute in (0..60).filter(|m| self.minutes & (1 << m) != 0) {
                        if let Some(time) = NaiveTime::from_hms_opt(hour, minute, 0) {
                            let at = due_instant(day.and_time(time), zone);
                            if from <= at && at < to {
                                out.push(at);
                            }
                        }
                    }
                }
            }
            day = day + Days::new(1);
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    fn due_by_minutes(&self, zone: Tz, from: Instant, to: Instant, out: &mut Vec<Instant>) {
        use chrono::Timelike;
        let whole = from.with_second(0).and_then(|t| t.with_nanosecond(0)).unwrap_or(from);
        let mut at = if whole < from { whole + Duration::minutes(1) } else { whole };
        let is_due = |minute: &u32| self.minutes & (1 << *minute) != 0;
        while at < to {
            let local = at.with_timezone(&zone);
            let minute = local.minute();
            if is_due(&minute) && self.matches_day(local.date_naive()) {
                out.push(at);
            }
            // On to the next minute of the hour that is due, or to the next hour. Where the clock is changed on the way
            // there, minute by minute.
            let step = Duration::minutes(i64::from((minute + 1..60).find(is_due).unwrap_or(60) - minute));
            let next = at + step;
            let unchanged = next.with_timezone(&zone).naive_local() - local.naive_local() == step;
            at = if unchanged { next } else { at + Duration::minutes(1) };
        }
    }
}
