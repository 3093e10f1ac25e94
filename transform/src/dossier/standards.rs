//! Frameworks with their controls, and statements of the policy.

use model::dossier::{ControlSheet, FrameworkSheet, Standing, StatementSheet};

use crate::assess::{Basis, Judged};
use crate::rollup::Rollup;
use crate::standards;

/// Results by state: pass, fail, waived, not applicable, no evidence.
pub(super) fn counts(rollup: &Rollup) -> [u64; 5] {
    [rollup.pass, rollup.fail, rollup.waived, rollup.not_applicable, rollup.no_evidence].map(|n| n as u64)
}

fn standing((check, rollup): (&str, Rollup)) -> (String, Standing) {
    let standing = Standing { state: rollup.state, only_waived: rollup.only_waived(), counts: counts(&rollup) };
    (check.to_owned(), standing)
}

/// Every framework, also those that nobody asked for: a report chooses.
pub(super) fn frameworks(basis: &Basis<'_>, judged: &Judged) -> Vec<FrameworkSheet> {
    let mut out: Vec<FrameworkSheet> = Vec::new();
    for view in standards::controls(basis, judged) {
        let f = view.framework;
        if out.last().is_none_or(|last| last.id != f.id) {
            out.push(FrameworkSheet {
                id: f.id.clone(),
                name: f.name.clone(),
                edition: f.edition.clone(),
                authority: f.authority.clone(),
                text_use: f.text_use.trim().to_owned(),
                applies_when: f.applies_when.trim().to_owned(),
                left_out: standards::left_out(f, basis, judged),
                checks: standards::checks(f, basis, judged).into_iter().map(standing).collect(),
                controls: Vec::new(),
            });
        }
        let c = view.control;
        let mapped = |s: &&model::policy::Statement| {
            s.controls.get(&f.id).is_some_and(|ids| ids.contains(&c.id))
                && s.checks.iter().any(|check| view.checks.contains(&check.as_str()))
        };
        let sheet = ControlSheet {
            id: c.id.clone(),
            title: c.title.clone(),
            title_kind: c.title_kind,
            summary: c.summary.trim().to_owned(),
            relevance: c.relevance,
            state: view.rollup.state,
            only_waived: view.rollup.only_waived(),
            note: view.note.unwrap_or_default().to_owned(),
            counts: counts(&view.rollup),
            statements: basis.input.policy.statements.iter().filter(mapped).map(|s| s.id.clone()).collect(),
            checks: view.checks.iter().map(|id| (*id).to_owned()).collect(),
        };
        if let Some(framework) = out.last_mut() {
            framework.controls.push(sheet);
        }
    }
    out
}

/// Every statement of the policy.
pub(super) fn statements(basis: &Basis<'_>, judged: &Judged) -> Vec<StatementSheet> {
    let policy = basis.input.policy;
    standards::statements(basis, judged)
        .into_iter()
        .map(|view| StatementSheet {
            id: view.statement.id.clone(),
            section: view.statement.section.clone(),
            paraphrase: view.statement.paraphrase.trim().to_owned(),
            owners: view.statement.owner_roles.iter().map(|r| policy.role_name(r).to_owned()).collect(),
            checks: view.statement.checks.clone(),
            state: view.state,
            missing: view.missing,
        })
        .collect()
}
