//! Parameters: reading a value by its unit, and typed access for checks.

use super::{Parameter, ParameterOrigin, Policy, Setting};
use crate::read::{Refusal, Value, span};
use crate::time::Span;

/// Reads a value as its unit says.
///
/// # Errors
/// Why it is not one.
pub(super) fn setting(value: &Value, unit: &str) -> Result<(String, Setting), Refusal> {
    let wrong = |what: &str| match value {
        Value::Text(text) | Value::Cell(text) => Refusal::new(format!("\"{text}\" is not {what}")),
        Value::Integer(n) => Refusal::new(format!("{n} is not {what}")),
        Value::Float(n) => Refusal::new(format!("{n} is not {what}")),
        other => Refusal::new(format!("expected {what}, found {}", other.kind())),
    };
    let text = match value {
        Value::Text(text) | Value::Cell(text) => text.trim().to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Time(_) | Value::List(_) | Value::Table(_) => return Err(wrong("a single value")),
    };
    let setting = match unit {
        "duration" => match span(&text) {
            Ok(span) if span.elapsed().is_some() => Setting::Span(span),
            Ok(_) => {
                return Err(wrong("a duration of fixed length").help("write it in days or hours, for example P35D"));
            }
            Err(_) => return Err(wrong("a duration").help("write ISO 8601, for example PT24H or P30D")),
        },
        "calendar" => Setting::Span(
            span(&text).map_err(|_| wrong("a cadence").help("write ISO 8601, for example P1M, P3M, P1Y or P90D"))?,
        ),
        "bool" => Setting::Flag(text.parse().map_err(|_| wrong("true or false"))?),
        "ratio" => Setting::Ratio(ratio(&text).ok_or_else(|| wrong("a share from 0 to 1"))?),
        "ratio_or_unset" if text == "unset" => Setting::Unset,
        "ratio_or_unset" => Setting::Ratio(ratio(&text).ok_or_else(|| wrong("a share from 0 to 1, or \"unset\""))?),
        "tls_version" => match text.as_str() {
            "1.0" | "1.1" | "1.2" | "1.3" => Setting::Text(text.clone()),
            _ => return Err(wrong("a TLS version").help("write it in quotes: \"1.2\" or \"1.3\"")),
        },
        "sizes" => Setting::Sizes(sizes(&text).ok_or_else(|| {
            wrong("a list of sample sizes").help(
                "write rows to draw behind the largest population they are for, ascending, and * last: \"12:3 250:20 *:40\"",
            )
        })?),
        _ => match unit.strip_prefix("choice(").and_then(|rest| rest.strip_suffix(')')) {
            Some(choices) if !choices.split(',').any(|choice| chosen(&text, choice)) => {
                return Err(wrong(&format!("one of {}", choices.replace(',', ", "))));
            }
            _ if text.is_empty() => return Err(wrong("a value")),
            _ => Setting::Text(text.clone()),
        },
    };
    Ok((text, setting))
}

fn ratio(text: &str) -> Option<f64> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share))
}

/// `12:3 250:20 *:40`: 3 rows of up to 12, 20 of up to 250, 40 of more.
fn sizes(text: &str) -> Option<Vec<(u64, u64)>> {
    let number = |text: &str| text.parse().ok().filter(|n| *n > 0);
    let step = |word: &str| {
        let (most, rows) = word.split_once(':')?;
        Some((if most == "*" { u64::MAX } else { number(most)? }, number(rows)?))
    };
    let steps: Vec<(u64, u64)> = text.split_whitespace().map(step).collect::<Option<_>>()?;
    let whole = steps.last()?.0 == u64::MAX && steps.is_sorted_by(|a, b| a.0 < b.0);
    whole.then_some(steps)
}

/// A choice is a word, or a word with a month: `fiscal:MM` takes `fiscal:04`.
fn chosen(text: &str, choice: &str) -> bool {
    match choice.strip_suffix("MM") {
        Some(prefix) => text
            .strip_prefix(prefix)
            .is_some_and(|month| month.len() == 2 && month.parse().is_ok_and(|m: u32| (1..=12).contains(&m))),
        None => text == choice,
    }
}

/// Typed access. Ids are those of `controls/policy.toml`, which every [`Policy`] holds with the
/// units given there; a wrong id or type is a mistake in the program, not in its input.
///
/// # Panics
/// All of these, for an id or a type that the built-in profile does not have.
#[allow(clippy::panic)]
impl Policy {
    /// The parameter of this id.
    #[must_use]
    pub fn parameter(&self, id: &str) -> &Parameter {
        self.parameters.get(id).unwrap_or_else(|| panic!("no parameter {id}"))
    }

    /// A calendar cadence or a duration.
    #[must_use]
    pub fn span(&self, id: &str) -> Span {
        match self.parameter(id).setting {
            Setting::Span(span) => span,
            _ => panic!("parameter {id} is no time span"),
        }
    }

    /// A duration in seconds.
    #[must_use]
    pub fn seconds(&self, id: &str) -> i64 {
        self.span(id).elapsed().unwrap_or_else(|| panic!("parameter {id} is a calendar cadence"))
    }

    /// A share from 0 to 1; `None` where it is unset.
    #[must_use]
    pub fn ratio_if_set(&self, id: &str) -> Option<f64> {
        match self.parameter(id).setting {
            Setting::Ratio(share) => Some(share),
            Setting::Unset => None,
            _ => panic!("parameter {id} is no ratio"),
        }
    }

    /// A share from 0 to 1.
    #[must_use]
    pub fn ratio(&self, id: &str) -> f64 {
        self.ratio_if_set(id).unwrap_or_else(|| panic!("parameter {id} may be unset"))
    }

    /// A choice, an algorithm or a version.
    #[must_use]
    pub fn text(&self, id: &str) -> &str {
        match &self.parameter(id).setting {
            Setting::Text(text) => text,
            _ => panic!("parameter {id} is no text"),
        }
    }

    /// True or false.
    #[must_use]
    pub fn flag(&self, id: &str) -> bool {
        match self.parameter(id).setting {
            Setting::Flag(flag) => flag,
            _ => panic!("parameter {id} is no flag"),
        }
    }

    /// Rows to draw from a population of so many rows (`sample_sizes`); never more than there are.
    #[must_use]
    pub fn sample_size(&self, population: u64) -> u64 {
        let Setting::Sizes(steps) = &self.parameter("sample_sizes").setting else {
            panic!("parameter sample_sizes is no list of sizes")
        };
        steps.iter().find(|(most, _)| population <= *most).map_or(population, |(_, rows)| population.min(*rows))
    }

    /// First month of the fiscal year, 1 for calendar quarters (`quarter_basis`).
    #[must_use]
    pub fn first_month(&self) -> u32 {
        self.text("quarter_basis").strip_prefix("fiscal:").and_then(|month| month.parse().ok()).unwrap_or(1)
    }
}

impl Parameter {
    /// True where the policy itself, or the organisation, set the value.
    #[must_use]
    pub const fn confirmed(&self) -> bool {
        matches!(self.origin, ParameterOrigin::Policy | ParameterOrigin::Organisation)
    }
}
