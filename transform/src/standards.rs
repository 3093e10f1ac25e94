//! Controls of frameworks and statements of the policy, each with its state rolled up from the results of its checks,
//! what supports it and what does not.

use std::collections::{BTreeMap, BTreeSet};

use model::assessment::{CheckResult, State};
use model::controls::{Automation, Control, Framework};
use model::inventory::Inventory;
use model::policy::Statement;
use serde_json::{Map, Value, json};

use crate::assess::{Basis, Judged};
use crate::judgement::Subject;
use crate::rollup::Rollup;

/// A control of a framework in a period.
#[derive(Debug, Clone)]
pub struct ControlView<'a> {
    /// Its framework.
    pub framework: &'a Framework,
    /// The control.
    pub control: &'a Control,
    /// Its checks.
    pub checks: Vec<&'a str>,
    /// Their results.
    pub rollup: Rollup,
    /// Why it has no state of results: not applicable, or no check judges it.
    pub note: Option<&'static str>,
}

/// A statement of the policy in a period.
#[derive(Debug, Clone)]
pub struct StatementView<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// Results of its checks.
    pub rollup: Rollup,
    /// Its state: that of its checks; without a check, evidence that only people can give is missing.
    pub state: State,
    /// What is missing, for people; empty where nothing is.
    pub missing: String,
}

/// Every control of every framework, in their order.
///
/// A framework that is about some systems only counts the results on those and on the organisation; where no system in
/// scope is one of them, none of its controls applies.
#[must_use]
pub fn controls<'a>(basis: &Basis<'a>, judged: &Judged) -> Vec<ControlView<'a>> {
    let library = basis.input.controls;
    let mut out = Vec::new();
    for framework in &library.frameworks {
        let concern = Concern::of(framework, basis.input.inventory);
        let nobody = concern.0.as_ref().is_some_and(BTreeSet::is_empty);
        for control in &framework.controls {
            let checks: Vec<&str> =
                library.checks_of(&framework.id, &control.id).map(|check| check.id.as_str()).collect();
            let results = results(judged, checks.clone())
                .filter(|(_, subject)| concern.counts(subject))
                .map(|(result, _)| result);
            let (rollup, note) = if nobody {
                let none = Rollup { state: Some(State::NotApplicable), ..Rollup::default() };
                (none, Some("no system in scope is of the kind that this framework is about"))
            } else if checks.is_empty() {
                (Rollup::default(), Some("no check judges it"))
            } else {
                (Rollup::of(results), None)
            };
            out.push(ControlView { framework, control, checks, rollup, note });
        }
    }
    out
}

/// Positions of the results that do not count for a framework.
#[must_use]
pub fn left_out(framework: &Framework, basis: &Basis<'_>, judged: &Judged) -> BTreeSet<usize> {
    let concern = Concern::of(framework, basis.input.inventory);
    (0..judged.subjects.len()).filter(|at| !concern.counts(&judged.subjects[*at])).collect()
}

/// The checks that controls of a framework map to, each with its results that count rolled up.
#[must_use]
pub fn checks<'a>(framework: &'a Framework, basis: &Basis<'a>, judged: &Judged) -> BTreeMap<&'a str, Rollup> {
    let library = basis.input.controls;
    let concern = Concern::of(framework, basis.input.inventory);
    let mapped = framework.controls.iter().flat_map(|c| library.checks_of(&framework.id, &c.id));
    let ids: BTreeSet<&str> = mapped.map(|check| check.id.as_str()).collect();
    let rollup = |id: &'a str| {
        let counted = results(judged, vec![id]).filter(|(_, subject)| concern.counts(subject));
        (id, Rollup::of(counted.map(|(result, _)| result)))
    };
    ids.into_iter().map(rollup).collect()
}

/// Systems that a framework is about; `None` for all.
struct Concern<'a>(Option<BTreeSet<&'a str>>);

impl<'a> Concern<'a> {
    fn of(framework: &Framework, inventory: &'a Inventory) -> Self {
        Self(framework.concerns.map(|concern| {
            let systems = inventory.systems.iter().filter(|s| s.in_scope && concern.holds(s));
            systems.map(|s| s.system_id.as_str()).collect()
        }))
    }

    /// True for results on these systems, and on the organisation.
    fn counts(&self, subject: &Subject) -> bool {
        self.0
            .as_ref()
            .is_none_or(|ids| subject.systems.is_empty() || subject.systems.iter().any(|s| ids.contains(s.as_str())))
    }
}

/// Results of some checks, with whom they concern. Results are sorted by check.
fn results<'j>(judged: &'j Judged, checks: Vec<&'j str>) -> impl Iterator<Item = (&'j CheckResult, &'j Subject)> {
    let all = &judged.assessment.results;
    checks.into_iter().flat_map(move |check| {
        let from = all.partition_point(|r| r.check.as_str() < check);
        let to = all.partition_point(|r| r.check.as_str() <= check);
        all[from..to].iter().zip(&judged.subjects[from..to])
    })
}

/// Every statement of the policy, in its order.
#[must_use]
pub fn statements<'a>(basis: &Basis<'a>, judged: &Judged) -> Vec<StatementView<'a>> {
    let library = basis.input.controls;
    let view = |statement: &'a Statement| {
        let checks: Vec<&str> = statement.checks.iter().map(String::as_str).collect();
        let rollup = Rollup::of(results(judged, checks).map(|(result, _)| result));
        let titles = || -> Vec<String> {
            let kinds = statement.evidence.iter().filter_map(|id| library.evidence_kind(id));
            kinds.map(|kind| format!("{} ({})", kind.title, kind.id)).collect()
        };
        let (state, missing) = match rollup.state {
            None if statement.automation == Automation::Attestation => {
                (State::NoEvidence, format!("An attestation is needed: {}.", titles().join(", ")))
            }
            None => (State::NoEvidence, format!("No result: {}.", titles().join(", "))),
            Some(State::NoEvidence) => {
                let checks: Vec<&str> = rollup.missing.iter().map(String::as_str).collect();
                (State::NoEvidence, format!("No evidence for {}: {}.", checks.join(", "), titles().join(", ")))
            }
            Some(state) => (state, String::new()),
        };
        StatementView { statement, rollup, state, missing }
    };
    basis.input.policy.statements.iter().map(view).collect()
}

/// The controls as rows of `show controls`.
pub(crate) fn control_rows(basis: &Basis<'_>, judged: &Judged) -> Vec<Map<String, Value>> {
    let row = |v: ControlView<'_>| {
        fields(
            json!({
                "row_id": format!("control/{}/{}", v.framework.id, v.control.id),
                "framework": v.framework.id,
                "framework_name": v.framework.name,
                "control_id": v.control.id,
                "title": v.control.title,
                "relevance": v.control.relevance,
                "state": v.rollup.state,
                "note": v.note,
                "checks": v.checks,
            }),
            &v.rollup,
        )
    };
    controls(basis, judged).into_iter().map(row).collect()
}

/// The statements as rows of `show statements`.
pub(crate) fn statement_rows(basis: &Basis<'_>, judged: &Judged) -> Vec<Map<String, Value>> {
    let row = |v: StatementView<'_>| {
        let s = v.statement;
        fields(
            json!({
                "row_id": format!("statement/{}", s.id),
                "statement_id": s.id,
                "section": s.section,
                "modality": s.modality,
                "paraphrase": s.paraphrase,
                "state": v.state,
                "missing": v.missing,
                "checks": s.checks,
            }),
            &v.rollup,
        )
    };
    statements(basis, judged).into_iter().map(row).collect()
}

fn fields(row: Value, rollup: &Rollup) -> Map<String, Value> {
    let counts = json!({
        "only_waived": rollup.only_waived(),
        "pass": rollup.pass,
        "fail": rollup.fail,
        "waived": rollup.waived,
        "no_evidence": rollup.no_evidence,
        "not_applicable": rollup.not_applicable,
        "supported_by": rollup.supported_by,
        "failed_by": rollup.failed_by,
        "lacks_evidence": rollup.missing,
    });
    match (row, counts) {
        (Value::Object(mut row), Value::Object(counts)) => {
            row.extend(counts);
            row
        }
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, plain};

    #[test]
    fn hipaa_and_iec_count_only_where_systems_are_concerned() {
        let mut f = Fixture::new("2026-10");
        f.system("db", plain()).system("ward", |s| s.ephi = Some(true)).plan(
            "ward-daily",
            "ward",
            "0 2 * * *",
            plain(),
        );
        f.with_basis(|basis| {
            let judged = &basis.judge(f.period).unwrap();
            let all = controls(basis, judged);
            let of = |framework| all.iter().filter(move |v| v.framework.id == framework).collect::<Vec<_>>();
            assert!(of("iec62443").iter().all(|v| v.rollup.state == Some(State::NotApplicable)));
            // COV-01 fails for `db`, which has no plan, and not for `ward`.
            let cov =
                |framework| of(framework).into_iter().filter(|v| v.checks.contains(&"COV-01")).collect::<Vec<_>>();
            assert!(!cov("soc2").is_empty() && cov("soc2").iter().all(|v| v.rollup.failed_by.contains("COV-01")));
            assert!(!cov("hipaa").is_empty() && cov("hipaa").iter().all(|v| !v.rollup.failed_by.contains("COV-01")));
        });
    }

    #[test]
    fn every_statement_has_a_state_or_names_what_is_missing() {
        let mut f = Fixture::new("2026-10");
        f.system("db", plain());
        f.with_basis(|basis| {
            let judged = &basis.judge(f.period).unwrap();
            let all = statements(basis, judged);
            assert_eq!(all.len(), basis.input.policy.statements.len());
            for v in all {
                assert_eq!(v.missing.is_empty(), v.state != State::NoEvidence, "{}", v.statement.id);
            }
        });
    }
}
