//! Times at the start of log lines, and where they belong.
//!
//! pg_dump itself stamps nothing: the stamps are those of scripts (`date`), of syslog and journald, of
//! the server, and of the dump (`-- Started on`, `; Archive created at`).

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};
use model::time::{Instant, Tz, WallClock, candidates, instant};

/// A time as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stamp {
    /// With an offset, or in UTC.
    At(Instant),
    /// A wall clock; the word is an abbreviation such as `BST`, which is not unique.
    Local(NaiveDateTime, Option<String>),
    /// Classic syslog: month, day and time.
    NoYear(u32, u32, NaiveTime),
}

/// A time as far as it can be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub(super) struct Time {
    /// The instant.
    pub(super) at: Option<Instant>,
    /// A wall-clock time was there, and no zone to place it in.
    pub(super) zone_unknown: bool,
}

/// Places the stamps of one document.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    wall: WallClock,
    zone: Option<Tz>,
    modified_at: Option<Instant>,
}

impl Clock {
    /// Stamps in `zone`; a syslog stamp is of the last year in which it was not after `modified_at`.
    pub(super) const fn new(zone: Option<Tz>, modified_at: Option<Instant>) -> Self {
        Self { wall: WallClock::new(zone), zone, modified_at }
    }

    /// See [`WallClock::not_before`].
    pub(super) const fn not_before(&mut self, at: Instant) {
        self.wall.not_before(at);
    }

    /// Places one stamp.
    ///
    /// An abbreviation that the configured zone does not use at that time leaves the stamp unplaced: either
    /// the configuration or the machine's clock is not what we think.
    pub(super) fn place(&mut self, stamp: &Stamp) -> Time {
        let known = |at| Time { at: Some(at), zone_unknown: false };
        match stamp {
            Stamp::At(at) => {
                self.wall.not_before(*at);
                known(*at)
            }
            Stamp::Local(local, Some(word)) => {
                let Some(zone) = self.zone else { return Time { at: None, zone_unknown: true } };
                let fits = |at: &Instant| at.with_timezone(&zone).format("%Z").to_string() == *word;
                match candidates(*local, zone).into_iter().find(fits) {
                    Some(at) => {
                        self.wall.not_before(at);
                        known(at)
                    }
                    None => Time { at: None, zone_unknown: true },
                }
            }
            Stamp::Local(local, None) => match self.wall.place(*local) {
                Ok(at) => known(at),
                Err(_) => Time { at: None, zone_unknown: true },
            },
            Stamp::NoYear(month, day, time) => {
                let Some(modified_at) = self.modified_at else { return Time::default() };
                let year = modified_at.year();
                [year + 1, year, year - 1]
                    .into_iter()
                    .filter_map(|year| NaiveDate::from_ymd_opt(year, *month, *day))
                    .map(|day| Stamp::Local(day.and_time(*time), None))
                    .map(|stamp| Self::new(self.zone, None).place(&stamp))
                    .find(|time| time.at.is_none_or(|at| at <= modified_at + chrono::Duration::hours(1)))
                    .unwrap_or_default()
            }
        }
    }
}

/// Splits a stamp off the start of a line. Brackets around it and separators after it are dropped.
pub(super) fn split(line: &str) -> Option<(Stamp, &str)> {
    let inner = line.trim_start_matches(['[', '(', '<', ' ', '#', '*', '=', '-']);
    let (stamp, rest) = numeric(inner).or_else(|| named_day(inner)).or_else(|| syslog(inner))?;
    let rest = rest.trim_start_matches([']', ')', '>', ':', ',', ' ', '-', '|', '\t']);
    Some((stamp, rest))
}

/// `2026-10-12 03:30:00 BST`, with `T` or `/`, fraction, offset or zone word; `20261012_033000`.
fn numeric(text: &str) -> Option<(Stamp, &str)> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (day, rest) = match text.get(..10).and_then(|d| date(d, "%Y-%m-%d").or_else(|| date(d, "%Y/%m/%d"))) {
        Some(day) => (day, text.get(10..)?),
        None => (date(text.get(..8)?, "%Y%m%d")?, text.get(8..)?),
    };
    let rest = rest.strip_prefix(['T', ' ', '_', '-']).map(str::trim_start)?;
    let (time, rest) = time(rest)?;
    let local = day.and_time(time);
    let (zone, rest) = zone_word(rest);
    Some((with_zone(local, zone), rest))
}

fn date(text: &str, form: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, form).ok().filter(|d| (1970..=9000).contains(&d.year()))
}

/// `03:30:00.123`, `03:30`, `033000`.
fn time(text: &str) -> Option<(NaiveTime, &str)> {
    let length = text.find(|c: char| !(c.is_ascii_digit() || c == ':')).unwrap_or(text.len());
    let (digits, mut rest) = text.split_at_checked(length)?;
    let time = ["%H:%M:%S", "%H:%M", "%H%M%S"]
        .iter()
        .find_map(|f| NaiveTime::parse_from_str(digits.trim_end_matches(':'), f).ok())?;
    let fraction =
        rest.strip_prefix(['.', ',']).map(|f| f.chars().take_while(char::is_ascii_digit).count()).unwrap_or(0);
    let mut nanos = 0;
    if fraction > 0 {
        let digits = rest.get(1..=fraction)?;
        nanos = format!("{digits:0<9}").get(..9)?.parse().ok()?;
        rest = rest.get(1 + fraction..)?;
    }
    Some((chrono::Timelike::with_nanosecond(&time, nanos)?, rest))
}

/// `Mon Oct 12 03:30:00 BST 2026` and `Mon 12 Oct 03:30:00 BST 2026`, as `date` prints them.
fn named_day(text: &str) -> Option<(Stamp, &str)> {
    let (day, rest) = text.split_once(' ')?;
    let day = day.trim_end_matches(',');
    if !["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&day) {
        return None;
    }
    let (first, rest) = rest.trim_start().split_once(' ')?;
    let (second, rest) = rest.trim_start().split_once(' ')?;
    let (month, day) = match month(first) {
        Some(month) => (month, second.parse().ok()?),
        None => (month(second)?, first.parse().ok()?),
    };
    let (early_year, rest) = match rest.trim_start().split_once(' ') {
        Some((word, after)) if word.len() == 4 && !word.contains(':') => (word.parse::<i32>().ok(), after),
        _ => (None, rest),
    };
    let (mut time, mut rest) = time(rest.trim_start())?;
    for (word, shift) in [(" AM", 0), (" PM", 12)] {
        if let Some(after) = rest.strip_prefix(word) {
            let hour = chrono::Timelike::hour(&time) % 12 + shift;
            time = chrono::Timelike::with_hour(&time, hour)?;
            rest = after;
        }
    }
    let (zone, rest) = zone_word(rest);
    let (year, rest) = match early_year {
        Some(year) => (year, rest),
        None => {
            let (year, after) = rest.trim_start().split_at_checked(4)?;
            (year.parse().ok()?, after)
        }
    };
    let day = NaiveDate::from_ymd_opt(year, month, day).filter(|d| (1970..=9000).contains(&d.year()))?;
    Some((with_zone(day.and_time(time), zone), rest))
}

/// `Oct 12 03:30:00 `.
fn syslog(text: &str) -> Option<(Stamp, &str)> {
    let (first, rest) = text.split_once(' ')?;
    let month = month(first)?;
    let (day, rest) = rest.trim_start().split_once(' ')?;
    let (time, rest) = time(rest)?;
    Some((Stamp::NoYear(month, day.parse().ok().filter(|d| (1..=31).contains(d))?, time), rest))
}

fn month(word: &str) -> Option<u32> {
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    names.iter().position(|n| *n == word).and_then(|n| u32::try_from(n + 1).ok())
}

/// An offset or a zone abbreviation at the start of `text`. Other capital words (`INFO`, `LOG`) stay.
fn zone_word(text: &str) -> (Option<&str>, &str) {
    const WORDS: &[&str] = &[
        "UTC", "GMT", "BST", "IST", "WET", "WEST", "CET", "CEST", "EET", "EEST", "MSK", "EST", "EDT", "CST", "CDT",
        "MST", "MDT", "PST", "PDT", "AKST", "AKDT", "HST", "AST", "ADT", "NST", "NDT", "JST", "KST", "HKT", "PKT",
        "SAST", "EAT", "WAT", "CAT", "AEST", "AEDT", "ACST", "ACDT", "AWST", "NZST", "NZDT", "WIB", "SST", "PHT",
    ];
    let trimmed = text.trim_start_matches(' ');
    let length = trimmed
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '+' || c == '-' || c == ':'))
        .unwrap_or(trimmed.len());
    let Some((word, rest)) = trimmed.split_at_checked(length) else { return (None, text) };
    let word_end = word.trim_end_matches(':');
    // RDS writes `2026-10-12 02:30:00 UTC:10.0.0.1(5432):…`.
    let head = word_end.split(':').next().unwrap_or_default();
    if WORDS.contains(&head) {
        return (Some(head), trimmed.get(head.len()..).unwrap_or_default());
    }
    let offset = word_end.strip_prefix(['+', '-']).is_some_and(|d| {
        let digits = d.chars().filter(char::is_ascii_digit).count();
        (digits == 2 || digits == 4) && d.chars().all(|c| c.is_ascii_digit() || c == ':')
    });
    if offset || (word_end == "Z" && trimmed.len() == text.len()) {
        return (Some(word_end), trimmed.get(word_end.len()..).unwrap_or(rest));
    }
    (None, text)
}

fn with_zone(local: NaiveDateTime, zone: Option<&str>) -> Stamp {
    match zone {
        None => Stamp::Local(local, None),
        Some("UTC" | "GMT" | "Z") => Stamp::At(local.and_utc()),
        Some(word) if word.starts_with(['+', '-']) => {
            let text = format!("{}{word}", local.format("%Y-%m-%dT%H:%M:%S%.f"));
            instant(&text, None).map_or(Stamp::Local(local, None), Stamp::At)
        }
        Some(word) => Stamp::Local(local, Some(word.to_owned())),
    }
}
