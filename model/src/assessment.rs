//! What an assessment says: the JSON of `backproof assess --format json` (`design.md` §7).
//!
//! Field order is the order of the keys; arrays are sorted by their key. A result never rests on
//! silence: `no_evidence` names what is missing.

use serde::Serialize;

pub use crate::controls::Severity;
use crate::evidence::SourceStatus;
use crate::time::{Instant, Period, utc_seconds};
use crate::words::words;

/// Format name of an assessment.
pub const ASSESSMENT_SCHEMA: &str = "backproof.assessment/1";

words! {
    /// State of a result. A waiver never changes it.
    State { Pass = "pass", Fail = "fail", NotApplicable = "not_applicable", NoEvidence = "no_evidence" }
}
words! {
    /// What became of one expected run (`[conventions] slot_outcome`).
    Outcome {
        Success = "success", LateSuccess = "late_success", Failed = "failed", Missed = "missed",
        Overrun = "overrun", Unknown = "unknown", Running = "running", Cancelled = "cancelled",
    }
}

impl Outcome {
    /// Counts in the numerator of the success rate.
    #[must_use]
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Success | Self::LateSuccess)
    }

    /// Counts in the denominator but not in the numerator.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Missed | Self::Overrun)
    }
}

/// The period a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeriodInfo {
    /// As asked for.
    pub label: String,
    /// First instant.
    #[serde(with = "utc_seconds")]
    pub start: Instant,
    /// First instant after it.
    #[serde(with = "utc_seconds")]
    pub end: Instant,
    /// Up to when evidence was read.
    #[serde(with = "utc_seconds")]
    pub as_of: Instant,
    /// Reporting zone.
    pub timezone: String,
}

impl PeriodInfo {
    /// Of a period.
    #[must_use]
    pub fn of(period: &Period, as_of: Instant) -> Self {
        Self {
            label: period.label(),
            start: period.start(),
            end: period.end(),
            as_of,
            timezone: period.zone().name().to_owned(),
        }
    }
}

/// One configured source, as its last collection before `as_of` left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceInfo {
    /// Source id.
    pub source_id: String,
    /// Kind.
    pub kind: String,
    /// How far it could be read.
    pub status: SourceStatus,
    /// Why it is not complete.
    pub reason: Option<String>,
    /// Rows read.
    pub records: u64,
    /// When; absent where it was configured but never collected before `as_of`.
    #[serde(with = "utc_seconds::option")]
    pub collected_at: Option<Instant>,
    /// Objects it rests on, sorted.
    pub digests: Vec<String>,
}

/// A count or a rate with everything needed to doubt it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    /// Id.
    pub id: String,
    /// Numerator.
    pub numerator: u64,
    /// Denominator; 1 for a count.
    pub denominator: u64,
    /// Left out for lack of evidence.
    pub unknown: u64,
    /// Numerator by denominator, six decimals, cut.
    pub value: Option<f64>,
    /// If everything unknown were bad.
    pub lowest: Option<f64>,
    /// If everything unknown were good.
    pub highest: Option<f64>,
    /// Bad units covered by a waiver; they stay bad.
    pub waived: u64,
    /// Why there is no value.
    pub undefined: Option<String>,
    /// Breakdown.
    pub by: Breakdown,
}

/// Breakdown of a metric, each list sorted by key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Breakdown {
    /// By tier id; systems without one under `none`.
    pub tier: Vec<Part>,
    /// By system id.
    pub system: Vec<Part>,
    /// By platform id.
    pub platform: Vec<Part>,
}

/// One part of a breakdown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Part {
    /// What it is a part by.
    pub key: String,
    /// Numerator.
    pub numerator: u64,
    /// Denominator.
    pub denominator: u64,
    /// Left out for lack of evidence.
    pub unknown: u64,
}

/// `numerator / denominator` cut to six decimals; `None` for an empty denominator, which is never 100 %.
#[must_use]
pub fn ratio(numerator: u64, denominator: u64) -> Option<f64> {
    if denominator == 0 {
        return None;
    }
    let millionths = u128::from(numerator) * 1_000_000 / u128::from(denominator);
    // Exact: below 2^53 for every count that fits in memory.
    Some(millionths as f64 / 1_000_000.0)
}

/// Why a metric has no value, for people.
#[must_use]
pub fn undefined(why: &str) -> &str {
    match why {
        "no_slots" => "no run was due",
        "no_tests" => "no restore test ended in the period",
        "before_first_entry" => "not known: before the first entry of the register",
        "not_evidenced" => "too much is unknown to rely on it",
        other => other.strip_prefix("no_evidence: ").unwrap_or(other),
    }
}

/// A rate as people read it: two decimals, cut and never rounded up, so that 99.999 is not 100.
#[must_use]
pub fn percent(numerator: u64, denominator: u64) -> Option<String> {
    if denominator == 0 {
        return None;
    }
    let hundredths = u128::from(numerator) * 10_000 / u128::from(denominator);
    Some(format!("{}.{:02} %", hundredths / 100, hundredths % 100))
}

/// A parameter that a result used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UsedParameter {
    /// Id.
    pub id: String,
    /// Value as written.
    pub value: String,
    /// `policy`, `default`, `framework` or `organization`.
    pub origin: String,
}

/// One check on one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckResult {
    /// Check id.
    pub check: String,
    /// Unit: system, plan, run, test … id.
    pub unit: String,
    /// State.
    pub state: State,
    /// Severity of a fail.
    pub severity: Severity,
    /// A fail covered by an effective exception.
    pub waived: bool,
    /// Reason codes, sorted.
    pub reasons: Vec<String>,
    /// One or two sentences for people.
    pub detail: String,
    /// Rows it rests on, sorted.
    pub records: Vec<String>,
    /// Parameters it used, sorted.
    pub parameters: Vec<UsedParameter>,
}

/// How many results have each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// Evaluated and holds.
    pub pass: u64,
    /// Evaluated and does not hold (waived ones included).
    pub fail: u64,
    /// Fails covered by a waiver.
    pub waived: u64,
    /// Empty population for a stated reason.
    pub not_applicable: u64,
    /// Could not be evaluated.
    pub no_evidence: u64,
}

impl Summary {
    /// Counts results.
    #[must_use]
    pub fn of(results: &[CheckResult]) -> Self {
        let mut out = Self::default();
        for result in results {
            match result.state {
                State::Pass => out.pass += 1,
                State::Fail => out.fail += 1,
                State::NotApplicable => out.not_applicable += 1,
                State::NoEvidence => out.no_evidence += 1,
            }
            out.waived += u64::from(result.waived);
        }
        out
    }
}

/// Everything `assess` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// [`ASSESSMENT_SCHEMA`].
    pub schema: &'static str,
    /// Organisation.
    pub organization: String,
    /// Period.
    pub period: PeriodInfo,
    /// Sources, sorted by kind and id.
    pub sources: Vec<SourceInfo>,
    /// Metrics, sorted by id.
    pub metrics: Vec<Metric>,
    /// Results, sorted by check and unit.
    pub results: Vec<CheckResult>,
    /// Counts.
    pub summary: Summary,
}
