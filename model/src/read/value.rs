//! Types a field may have.

use std::ops::Range;

use chrono::NaiveDate;

use super::{Context, Value};
use crate::colour::{Colour, ColourError};
use crate::fault::meant;
use crate::time::{self, Instant, Span, Tz};
use crate::words::UnknownWord;

/// Why a value was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Byte range, where it is narrower than the value.
    pub span: Option<Range<usize>>,
}

impl Refusal {
    /// A refusal of the whole value.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, span: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn expected(what: &str, found: &Value) -> Self {
        match found {
            Value::Cell(text) | Value::Text(text) => Self::new(format!("\"{text}\" is not {what}")),
            other => Self::new(format!("expected {what}, found {}", other.kind())),
        }
    }
}

/// A type that a TOML value or a CSV cell can be read as.
pub trait Column: Sized {
    /// What to write, for messages: `text`, `an RFC 3339 time`.
    const EXPECTED: &'static str;

    /// The value of an absent key; `None` where the key is required.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }

    /// True where an absent key is accepted.
    const OPTIONAL: bool = false;

    /// Reads a value.
    ///
    /// # Errors
    /// Why not.
    fn read(value: &Value, context: &Context) -> Result<Self, Refusal>;
}

impl Column for String {
    const EXPECTED: &'static str = "text";
    fn read(value: &Value, _: &Context) -> Result<Self, Refusal> {
        match value {
            Value::Text(text) | Value::Cell(text) => Ok(text.trim().to_owned()),
            other => Err(Refusal::expected(Self::EXPECTED, other)),
        }
    }
}

impl<T: Column> Column for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const OPTIONAL: bool = true;
    fn absent() -> Option<Self> {
        Some(None)
    }
    fn read(value: &Value, context: &Context) -> Result<Self, Refusal> {
        T::read(value, context).map(Some)
    }
}

impl<T: Column> Column for Vec<T> {
    const EXPECTED: &'static str = "a list";
    const OPTIONAL: bool = true;
    fn absent() -> Option<Self> {
        Some(Self::new())
    }
    fn read(value: &Value, context: &Context) -> Result<Self, Refusal> {
        match value {
            Value::List(nodes) => nodes
                .iter()
                .map(|node| {
                    T::read(&node.value, context)
                        .map_err(|r| Refusal { span: r.span.clone().or_else(|| Some(node.span.clone())), ..r })
                })
                .collect(),
            Value::Cell(text) => {
                items(text, context).map(|item| T::read(&Value::Cell(item.to_owned()), context)).collect()
            }
            other => Err(Refusal::expected(Self::EXPECTED, other).help("write it in brackets: [\"…\"]")),
        }
    }
}

/// Items of a list in a cell: separated by `;` or `|`, else by `,` where the context allows it.
fn items<'t>(text: &'t str, context: &Context) -> impl Iterator<Item = &'t str> {
    let by: &[char] = if text.contains([';', '|']) {
        &[';', '|']
    } else if context.comma_lists {
        &[',']
    } else {
        &[';']
    };
    text.split(by).map(str::trim).filter(|item| !item.is_empty())
}

impl Column for bool {
    const EXPECTED: &'static str = "true or false";
    fn read(value: &Value, _: &Context) -> Result<Self, Refusal> {
        match value {
            Value::Bool(value) => Ok(*value),
            Value::Cell(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Ok(true),
                "false" | "no" | "0" => Ok(false),
                _ => Err(Refusal::expected(Self::EXPECTED, value).help("write TRUE or FALSE, yes or no, 1 or 0")),
            },
            other => Err(Refusal::expected(Self::EXPECTED, other)),
        }
    }
}

macro_rules! integers {
    ($($type:ty = $expected:literal),+) => { $(
        impl Column for $type {
            const EXPECTED: &'static str = $expected;
            fn read(value: &Value, _: &Context) -> Result<Self, Refusal> {
                let refused = || Refusal::expected(Self::EXPECTED, value);
                match value {
                    Value::Integer(number) => <$type>::try_from(*number).map_err(|_| {
                        Refusal::new(format!("{number} is not {}", Self::EXPECTED))
                    }),
                    Value::Cell(text) => text.trim().parse().map_err(|_| {
                        refused().help("write digits only, without separators for thousands")
                    }),
                    _ => Err(refused()),
                }
            }
        }
    )+ };
}
integers! { u32 = "a whole number from 0", u64 = "a whole number from 0", i64 = "a whole number" }

impl Column for Colour {
    const EXPECTED: &'static str = "a colour such as #1d5b92";
    fn read(value: &Value, _: &Context) -> Result<Self, Refusal> {
        match value {
            Value::Text(text) | Value::Cell(text) => text.trim().parse().map_err(|e: ColourError| {
                Refusal::new(e.to_string())
                    .help("write six hexadecimal digits after #, of a colour that reads on white")
            }),
            other => Err(Refusal::expected(Self::EXPECTED, other)),
        }
    }
}

impl Column for Instant {
    const EXPECTED: &'static str = "a time such as 2026-10-01T02:00:00Z";

    /// RFC 3339; a time or date without an offset is read in the organisation's zone, a bare date
    /// as its first instant there. Years before 1970 are refused: they are slips of the pen.
    fn read(value: &Value, context: &Context) -> Result<Self, Refusal> {
        let refused = |e: time::TimeError| {
            Refusal::new(e.to_string()).help("write RFC 3339 (2026-10-01T02:00:00Z), YYYY-MM-DD or YYYY-MM-DD HH:MM")
        };
        let at = match value {
            Value::Time(at) if at.date.is_some() => time::instant(&at.to_string(), context.zone).map_err(refused),
            Value::Text(text) | Value::Cell(text) => {
                certain(text)?;
                time::instant(text, context.zone).map_err(refused)
            }
            other => Err(Refusal::expected(Self::EXPECTED, other)),
        }?;
        if at.timestamp() < 0 {
            return Err(
                Refusal::new(format!("{} is long before any backup", time::utc_text(at))).help("check the year")
            );
        }
        Ok(at)
    }
}

impl Column for NaiveDate {
    const EXPECTED: &'static str = "a date such as 2026-10-01";

    /// A time with an offset is cut to its day in the organisation's zone.
    fn read(value: &Value, context: &Context) -> Result<Self, Refusal> {
        if let Value::Text(text) | Value::Cell(text) = value {
            certain(text)?;
            if let Some(local) = time::local_time(text.trim()) {
                return Ok(local.date());
            }
        }
        Instant::read(value, context).map(|at| time::day_of(at, context.zone.unwrap_or(Tz::UTC))).map_err(|refusal| {
            match value {
                Value::Text(text) | Value::Cell(text) => {
                    Refusal::new(format!("\"{text}\" is not a date")).help("write YYYY-MM-DD")
                }
                _ => refusal,
            }
        })
    }
}

/// Refuses dates whose meaning depends on where the spreadsheet was made: `5/6/2026` is May or
/// June, and `46213` is a day number.
fn certain(text: &str) -> Result<(), Refusal> {
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let day = text.trim().split([' ', 'T']).next().unwrap_or("");
    let parts: Vec<&str> = day.split(['/', '.', '-']).collect();
    if parts.len() == 3 && parts.iter().all(digits) && parts.first().is_some_and(|year| year.len() != 4) {
        return Err(Refusal::new(format!("\"{text}\" can be read as more than one day"))
            .help("write YYYY-MM-DD; in a spreadsheet, format the column as yyyy-mm-dd and export again"));
    }
    if day.len() == 5 && digits(&day) {
        return Err(Refusal::new(format!("\"{text}\" is a spreadsheet's day number, not a date"))
            .help("format the column as yyyy-mm-dd and export again"));
    }
    // A signed or longer year is valid ISO 8601 and far outside any calendar in use.
    if digits(&day.get(..4).unwrap_or("")) && day.get(4..5) == Some("-") {
        Ok(())
    } else {
        Err(Refusal::new(format!("\"{text}\" is not a time"))
            .help("write RFC 3339 (2026-10-01T02:00:00Z), YYYY-MM-DD or YYYY-MM-DD HH:MM"))
    }
}

/// Longest span accepted, in seconds and in months: 400 years. Keeps sums within the calendar.
const LONGEST: (i64, u32) = (400 * 366 * 86_400, 400 * 12);

/// Reads a span and refuses one that would leave the calendar.
pub(crate) fn span(text: &str) -> Result<Span, Refusal> {
    let span: Span = text.trim().parse().map_err(|e: time::TimeError| Refusal::new(e.to_string()))?;
    if span.seconds > LONGEST.0 || span.months > LONGEST.1 {
        return Err(Refusal::new(format!("\"{text}\" is longer than 400 years")));
    }
    Ok(span)
}

impl Column for Span {
    const EXPECTED: &'static str = "an ISO 8601 duration such as PT24H or P30D";
    fn read(value: &Value, _: &Context) -> Result<Self, Refusal> {
        match value {
            Value::Text(text) | Value::Cell(text) => span(text),
            other => Err(Refusal::expected(Self::EXPECTED, other)),
        }
    }
}

/// A duration that has a fixed length: seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elapsed(pub i64);

impl Column for Elapsed {
    const EXPECTED: &'static str = Span::EXPECTED;
    fn read(value: &Value, context: &Context) -> Result<Self, Refusal> {
        let span = Span::read(value, context)?;
        span.elapsed().map(Self).ok_or_else(|| {
            Refusal::new(format!("\"{span}\" has no fixed length: months and years differ"))
                .help("write it in days, for example P35D or P365D")
        })
    }
}

impl Column for Tz {
    const EXPECTED: &'static str = "an IANA time zone such as Europe/Berlin";
    fn read(value: &Value, context: &Context) -> Result<Self, Refusal> {
        let text = String::read(value, context)?;
        time::zone(&text).map_err(|e| {
            let refusal = Refusal::new(e.to_string());
            match meant(&text, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())) {
                Some(zone) => refusal.help(format!("did you mean \"{zone}\"?")),
                None => refusal,
            }
        })
    }
}

/// Reads one of a closed list of words; used by the enums of the data model.
pub fn word<T: std::str::FromStr<Err = UnknownWord>>(
    value: &Value,
    context: &Context,
    expected: &'static str,
) -> Result<T, Refusal> {
    let (Value::Text(_) | Value::Cell(_)) = value else { return Err(Refusal::expected(expected, value)) };
    let text = String::read(value, context)?;
    text.parse().map_err(|unknown: UnknownWord| {
        let refusal = Refusal::new(unknown.to_string());
        match meant(&text, unknown.allowed.iter().copied()) {
            Some(candidate) => refusal.help(format!("did you mean \"{candidate}\"?")),
            None => refusal,
        }
    })
}
