//! What a check says about one unit, before waivers.

use model::assessment::{Severity, State};
use model::time::Instant;

/// One result in the making. Built by [`Judgement::pass`] and its kin; the rest is optional.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Unit: system, plan, run … id.
    pub unit: String,
    /// State.
    pub state: State,
    /// Reason codes.
    pub reasons: Vec<String>,
    /// One or two sentences for people.
    pub detail: String,
    /// Row ids it rests on.
    pub records: Vec<String>,
    /// Severity, where it differs from the check's own.
    pub severity: Option<Severity>,
    /// Systems it concerns: a waiver must bind every one.
    pub systems: Vec<String>,
    /// When it was violated; a waiver must cover all of it. Empty means at the end of the period.
    pub violations: Vec<(Instant, Instant)>,
}

/// Whom a result concerns and since when: what its JSON does not say, and cover and reports need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Systems it concerns.
    pub systems: Vec<String>,
    /// When its first violation began; absent where it has no time of its own, which means the end of the period.
    pub since: Option<Instant>,
}

impl Judgement {
    fn new(unit: impl Into<String>, state: State, detail: impl Into<String>) -> Self {
        Self {
            unit: unit.into(),
            state,
            reasons: Vec::new(),
            detail: detail.into(),
            records: Vec::new(),
            severity: None,
            systems: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// The rule was evaluated on sufficient evidence and holds.
    #[must_use]
    pub fn pass(unit: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(unit, State::Pass, detail)
    }

    /// It was evaluated and does not hold.
    #[must_use]
    pub fn fail(unit: impl Into<String>, reason: &str, detail: impl Into<String>) -> Self {
        Self::new(unit, State::Fail, detail).reason(reason)
    }

    /// The population is empty for a stated reason.
    #[must_use]
    pub fn not_applicable(unit: impl Into<String>, reason: &str, detail: impl Into<String>) -> Self {
        Self::new(unit, State::NotApplicable, detail).reason(reason)
    }

    /// It could not be evaluated; `detail` names what is missing.
    #[must_use]
    pub fn no_evidence(unit: impl Into<String>, reason: &str, detail: impl Into<String>) -> Self {
        Self::new(unit, State::NoEvidence, detail).reason(reason)
    }

    /// Whom it concerns and since when.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject { systems: self.systems.clone(), since: self.violations.iter().map(|(from, _)| *from).min() }
    }

    /// Adds a reason code.
    #[must_use]
    pub fn reason(mut self, code: &str) -> Self {
        self.reasons.push(code.to_owned());
        self
    }

    /// Adds rows it rests on.
    #[must_use]
    pub fn rests_on(mut self, rows: impl IntoIterator<Item = String>) -> Self {
        self.records.extend(rows);
        self
    }

    /// Names the system it concerns.
    #[must_use]
    pub fn about(mut self, system: &str) -> Self {
        self.systems.push(system.to_owned());
        self
    }

    /// Says when the rule was violated.
    #[must_use]
    pub fn violated(mut self, from: Instant, to: Instant) -> Self {
        self.violations.push((from, to));
        self
    }

    /// Raises the severity above the check's own.
    #[must_use]
    pub const fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }
}
