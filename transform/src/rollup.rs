//! Many results as one state, by the precedence of `controls/checks.toml`: a proven violation wins over missing
//! evidence, missing evidence over a pass, and only where nothing applies it is not applicable.

use std::collections::BTreeSet;

use model::assessment::{CheckResult, State};

/// Results of some checks, counted and as one state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rollup {
    /// The one state; `None` where there is no result at all.
    pub state: Option<State>,
    /// Results that pass.
    pub pass: usize,
    /// Results that fail and are not waived.
    pub fail: usize,
    /// Results that fail under a waiver: shown apart, and a failure still.
    pub waived: usize,
    /// Results without evidence.
    pub no_evidence: usize,
    /// Results that do not apply.
    pub not_applicable: usize,
    /// Checks with a pass and nothing worse.
    pub supported_by: BTreeSet<String>,
    /// Checks with a failure.
    pub failed_by: BTreeSet<String>,
    /// Checks with a result that lacks evidence.
    pub missing: BTreeSet<String>,
}

impl Rollup {
    /// Rolls up.
    pub fn of<'a>(results: impl IntoIterator<Item = &'a CheckResult>) -> Self {
        let mut out = Self::default();
        let (mut passed, mut failed, mut missing) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for result in results {
            let name = result.check.as_str();
            match result.state {
                State::Pass => {
                    out.pass += 1;
                    passed.insert(name);
                }
                State::Fail => {
                    if result.waived {
                        out.waived += 1;
                    } else {
                        out.fail += 1;
                    }
                    failed.insert(name);
                }
                State::NoEvidence => {
                    out.no_evidence += 1;
                    missing.insert(name);
                }
                State::NotApplicable => out.not_applicable += 1,
            }
        }
        let names = |of: &BTreeSet<&str>| of.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        passed.retain(|c| !failed.contains(c) && !missing.contains(c));
        (out.supported_by, out.failed_by, out.missing) = (names(&passed), names(&failed), names(&missing));
        out.state = if out.fail + out.waived > 0 {
            Some(State::Fail)
        } else if out.no_evidence > 0 {
            Some(State::NoEvidence)
        } else if out.pass > 0 {
            Some(State::Pass)
        } else if out.not_applicable > 0 {
            Some(State::NotApplicable)
        } else {
            None
        };
        out
    }

    /// True where every failure is waived.
    #[must_use]
    pub const fn only_waived(&self) -> bool {
        self.waived > 0 && self.fail == 0
    }
}

#[cfg(test)]
mod tests {
    use model::assessment::Severity;

    use super::*;

    fn result(check: &str, state: State, waived: bool) -> CheckResult {
        CheckResult {
            check: check.to_owned(),
            unit: "u".to_owned(),
            state,
            severity: Severity::Low,
            waived,
            reasons: Vec::new(),
            detail: String::new(),
            records: Vec::new(),
            parameters: Vec::new(),
        }
    }

    #[test]
    fn failure_before_missing_before_pass_before_nothing() {
        use State::{Fail, NoEvidence, NotApplicable, Pass};
        let of = |states: &[State]| {
            let results: Vec<CheckResult> = states.iter().map(|s| result("A", *s, false)).collect();
            Rollup::of(&results).state
        };
        assert_eq!(of(&[Pass, NoEvidence, Fail, NotApplicable]), Some(Fail));
        assert_eq!(of(&[Pass, NoEvidence, NotApplicable]), Some(NoEvidence));
        assert_eq!(of(&[NotApplicable, Pass]), Some(Pass));
        assert_eq!(of(&[NotApplicable]), Some(NotApplicable));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_waived_failure_stays_a_failure_and_supports_nothing() {
        let results =
            [result("A", State::Fail, true), result("A", State::Pass, false), result("B", State::Pass, false)];
        let rollup = Rollup::of(&results);
        assert_eq!(rollup.state, Some(State::Fail));
        assert!(rollup.only_waived());
        assert_eq!(rollup.supported_by.into_iter().collect::<Vec<_>>(), ["B"]);
    }
}
