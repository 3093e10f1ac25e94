//! From the command line to a period.

use chrono::Datelike;
use model::time::{Instant, Period, Tz, day_of};

use crate::cli::PeriodArgs;
use crate::clock;
use crate::failure::Failure;

/// The period asked for and the instant up to which evidence is read.
///
/// Default: the last whole month before `as_of`; `as_of` defaults to now.
pub fn resolve(args: &PeriodArgs, zone: Tz) -> Result<(Period, Instant), Failure> {
    let as_of = args.as_of.unwrap_or_else(clock::now);
    let period = match &args.period {
        Some(text) => {
            Period::parse(text, zone).map_err(|e| Failure::usage(e.to_string(), "for example --period 2026-10"))?
        }
        None => {
            let day = day_of(as_of, zone);
            Period::month_of(day.with_day(1).unwrap_or(day), zone).previous()
        }
    };
    if as_of <= period.start() {
        return Err(Failure::usage(
            format!("--as-of {} lies before the period {} begins", model::time::utc_text(as_of), period.label()),
            "leave --as-of out, or choose a later one",
        ));
    }
    Ok((period, as_of))
}
