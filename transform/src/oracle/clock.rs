//! Wall clocks and schedules by walking through time: no closed form, no calendar arithmetic but that of whole days.
//!
//! The wall clock is followed minute by minute with the highest reading so far. A wall-clock time is due when the
//! clock first reaches or passes it: a time that is skipped is due at the first instant after the change, a time that
//! comes again is below the highest reading and is not due again.
//!
//! A schedule of every hour of the day names no wall-clock time: it goes by real hours, as cron runs it. It is due
//! whenever the clock shows one of its minutes, so in both hours where one comes again and not at all in a skipped one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeZone, Timelike};
use model::time::Tz;

use super::case::{DAY, HOUR, MINUTE, Seconds, When};

const QUARTER: Seconds = 15 * MINUTE;

/// Seconds that a wall clock in `zone` is ahead of UTC.
pub(super) fn offset(zone: Tz, at: Seconds) -> Seconds {
    let utc = DateTime::from_timestamp(at, 0).unwrap().naive_utc();
    Seconds::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

/// A wall-clock reading as seconds, as if the wall clock were UTC.
pub(super) fn midnight(day: NaiveDate) -> Seconds {
    day.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp()
}

/// The instant when a wall clock first shows `wall`, or first shows something later where it skips it.
pub(super) fn reached(zone: Tz, wall: Seconds) -> Seconds {
    let mut at = (wall - 40 * HOUR).div_euclid(QUARTER) * QUARTER;
    loop {
        let shown = at + offset(zone, at);
        if shown >= wall {
            return at;
        }
        if shown + QUARTER > wall {
            return at + (wall - shown);
        }
        at += QUARTER;
    }
}

/// The same day of the month and time of day `months` later, or the last day of that month.
pub(super) fn months_later(zone: Tz, at: Seconds, months: u32) -> Seconds {
    let wall = at + offset(zone, at);
    let local = DateTime::from_timestamp(wall, 0).unwrap().naive_utc();
    let index = local.date().month0() + months;
    let (year, month) = (local.date().year() + i32::try_from(index / 12).unwrap(), index % 12 + 1);
    let mut day = local.date().day();
    let date = loop {
        match NaiveDate::from_ymd_opt(year, month, day) {
            Some(date) => break date,
            None => day -= 1,
        }
    };
    reached(zone, midnight(date) + Seconds::from(local.time().num_seconds_from_midnight()))
}

/// Days in `zone` on which the clock was changed in 2024 to 2026.
pub(super) fn changes(zone: Tz) -> Vec<NaiveDate> {
    CHANGES.with_borrow_mut(|known| known.entry(zone.name()).or_insert_with(|| walk_changes(zone)).clone())
}

fn walk_changes(zone: Tz) -> Vec<NaiveDate> {
    let year = |y| midnight(NaiveDate::from_ymd_opt(y, 1, 1).unwrap());
    let hours = (year(2024)..year(2027)).step_by(3_600);
    let changed = hours.filter(|at| offset(zone, *at) != offset(zone, at + HOUR));
    changed.map(|at| DateTime::from_timestamp(at + offset(zone, at), 0).unwrap().date_naive()).collect()
}

struct Fields {
    minutes: Vec<u32>,
    hours: Vec<u32>,
    days: Vec<u32>,
    months: Vec<u32>,
    weekdays: Vec<u32>,
    both_days: bool,
}

fn values(field: &str, low: u32, high: u32) -> Vec<u32> {
    let mut out = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((a, b)) => (a.parse().unwrap(), b.parse().unwrap()),
            None => (range.parse().unwrap(), if part.contains('/') { high } else { range.parse().unwrap() }),
        };
        out.extend((from..=to).step_by(step.parse().unwrap()));
    }
    out
}

impl Fields {
    fn of(text: &str) -> Self {
        let parts: Vec<&str> = text.split(' ').collect();
        Self {
            minutes: values(parts[0], 0, 59),
            hours: values(parts[1], 0, 23),
            days: values(parts[2], 1, 31),
            months: values(parts[3], 1, 12),
            weekdays: values(parts[4], 0, 7).into_iter().map(|d| d % 7).collect(),
            both_days: !parts[2].starts_with('*') && !parts[4].starts_with('*'),
        }
    }

    fn day(&self, date: NaiveDate) -> bool {
        let (month, week) =
            (self.days.contains(&date.day()), self.weekdays.contains(&date.weekday().num_days_from_sunday()));
        self.months.contains(&date.month()) && if self.both_days { month || week } else { month && week }
    }

    fn every_hour(&self) -> bool {
        (0..24).all(|hour| self.hours.contains(&hour))
    }

    fn shown(&self, wall: Seconds) -> bool {
        let minute = u32::try_from(wall.rem_euclid(HOUR) / MINUTE).unwrap();
        self.minutes.contains(&minute) && self.hour(wall)
    }

    fn hour(&self, wall: Seconds) -> bool {
        let hour = u32::try_from(wall.rem_euclid(DAY) / HOUR).unwrap();
        self.hours.contains(&hour) && self.day(DateTime::from_timestamp(wall, 0).unwrap().date_naive())
    }
}

/// Whole minutes in `[from, to)`.
fn minutes(from: Seconds, to: Seconds) -> impl Iterator<Item = Seconds> {
    let first = from + (-from).rem_euclid(MINUTE);
    (first..to).step_by(60)
}

/// Due instants of a cron expression in `[from, to)`.
fn cron(text: &str, zone: Tz, from: Seconds, to: Seconds) -> Vec<Seconds> {
    let fields = Fields::of(text);
    if fields.every_hour() {
        return minutes(from, to).filter(|at| fields.shown(at + offset(zone, *at))).collect();
    }
    let mut out: Vec<Seconds> = Vec::new();
    let mut at = (from - 2 * DAY).div_euclid(QUARTER) * QUARTER;
    let mut highest = at + offset(zone, at) - MINUTE;
    // Whether the hour that `highest` stands in has any due minute.
    let mut hour = (highest.div_euclid(HOUR), fields.hour(highest));
    while at < to {
        let shown = at + offset(zone, at);
        for minute in 0..15 {
            while highest < shown + minute * MINUTE {
                highest += MINUTE;
                if highest.div_euclid(HOUR) != hour.0 {
                    hour = (highest.div_euclid(HOUR), fields.hour(highest));
                }
                let due = at + minute * MINUTE;
                let minute = u32::try_from(highest.rem_euclid(HOUR) / MINUTE).unwrap();
                let is_due = hour.1 && due >= from && due < to && fields.minutes.contains(&minute);
                if is_due && out.last() != Some(&due) {
                    out.push(due);
                }
            }
        }
        at += QUARTER;
    }
    out
}

/// True where the schedule goes by the clock on the wall.
pub(super) fn is_wall_clock(when: &When) -> bool {
    matches!(when, When::Cron(text) if !Fields::of(text).every_hour())
}

type Walked = BTreeMap<(String, &'static str, Seconds, Seconds), Rc<[Seconds]>>;

thread_local! {
    static CHANGES: RefCell<BTreeMap<&'static str, Vec<NaiveDate>>> = const { RefCell::new(BTreeMap::new()) };
    // Worlds share schedules, zones and periods; walking is slow.
    static WALKED: RefCell<Walked> = const { RefCell::new(BTreeMap::new()) };
}

/// Due instants in `[from, to)`, ascending.
pub(super) fn due(when: &When, zone: Tz, from: Seconds, to: Seconds) -> Rc<[Seconds]> {
    let (text, zone_name) = match when {
        When::Continuous => return Rc::default(),
        When::Every { seconds, anchor } => (format!("{seconds} {anchor}"), ""),
        When::Cron(text) => (text.clone(), zone.name()),
    };
    let key = (text, zone_name, from, to);
    let known = WALKED.with_borrow(|walked| walked.get(&key).cloned());
    known.unwrap_or_else(|| {
        let due: Rc<[Seconds]> = match when {
            When::Continuous => Rc::default(),
            // Anchors and intervals are whole minutes here.
            When::Every { seconds, anchor } => {
                minutes(from, to).filter(|at| (at - anchor).rem_euclid(*seconds) == 0).collect()
            }
            When::Cron(text) => cron(text, zone, from, to).into(),
        };
        WALKED.with_borrow_mut(|walked| walked.insert(key, Rc::clone(&due)));
        due
    })
}
