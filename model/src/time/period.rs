//! Reporting periods.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::{Instant, TimeError, Tz, day_start};

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
