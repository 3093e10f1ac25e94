//! Exceptions noted (findings), approved exceptions (waivers), and what is missing.

use std::collections::BTreeMap;

use model::dossier::{Dossier, FindingSheet};

use super::{completeness, count, dash_if_empty, heading, note, of_result, para, short, table, text};
use crate::block::{
    Align, Block, Fact, Inline, KeyValue, State, badge, code, column, link, row, strong, text as plain,
};

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "findings", "Exceptions noted")];
    if d.findings.is_empty() {
        out.push(para(text("No exceptions noted.")));
    } else {
        out.push(note(
            "Every result that failed, worst first. A finding under an approved exception stays a finding. Assumptions are parameters that the \
             policy does not state and that its owner should confirm.",
        ));
        out.extend(groups(&d.findings, "finding"));
    }
    out.extend(waivers(d));
    out.push(heading(1, "missing", "What is missing"));
    out.push(note("Checks that could not be evaluated, with what would be needed. Nothing here is a pass."));
    if d.missing.is_empty() {
        out.push(para(text("Every check could be evaluated.")));
    } else {
        out.extend(groups(&d.missing, "missing"));
    }
    if !d.uninventoried.is_empty() {
        let rows: Vec<_> =
            d.uninventoried.iter().map(|(r, n)| row(vec![vec![code(r.clone())], text(n.to_string())])).collect();
        let n = rows.len();
        out.push(heading(2, "uninventoried", "Seen, but in no inventory"));
        out.push(table(
            "uninventoried-table",
            "Resources that no inventory row matches",
            vec![column("Resource", Align::Left, 5.0), column("Records", Align::Right, 1.0)],
            rows,
        ));
        out.push(completeness(
            d,
            "uninventoried-table",
            n,
            &["backup_runs", "recovery_points", "discovered_assets"],
            None,
            "",
        ));
    }
    out
}

/// Results of one check together, with its remedy once.
fn groups(findings: &[FindingSheet], prefix: &str) -> Vec<Block> {
    let mut order: Vec<&str> = Vec::new();
    let mut by_check: BTreeMap<&str, Vec<&FindingSheet>> = BTreeMap::new();
    for f in findings {
        if !order.contains(&f.check.as_str()) {
            order.push(&f.check);
        }
        by_check.entry(&f.check).or_default().push(f);
    }
    let mut out = Vec::new();
    for check in order {
        let Some(members) = by_check.get(check) else { continue };
        let first = members[0];
        let word = if prefix == "finding" { "not met" } else { "not evaluated" };
        out.push(heading(2, &format!("{prefix}-{check}"), format!("{check} {word}: {}", first.title)));
        let fact = |label: &str, value: Vec<Inline>| Fact { label: label.to_owned(), value };
        let mut facts = vec![
            fact("Severity", vec![super::severity(first.severity)]),
            fact("What to do", text(first.remediation.clone())),
        ];
        let basis = match first.basis.as_str() {
            "policy" => format!("Policy: {}", first.statements.join(", ")),
            "framework" => format!(
                "Advisory: a cited framework asks for it, the policy is silent ({})",
                first.statements.join(", ")
            ),
            other => format!("Trust in the evidence itself ({other})"),
        };
        facts.push(fact("Basis", text(basis)));
        if !first.assumptions.is_empty() {
            facts.push(fact("Assumptions", text(first.assumptions.join(", "))));
        }
        out.push(Block::KeyValue(KeyValue { facts }));
        let rows = members
            .iter()
            .map(|f| {
                let state = if prefix == "finding" {
                    of_result(model::assessment::State::Fail, f.waived)
                } else {
                    (State::Unknown, "no evidence")
                };
                let name = if f.unit_name == f.unit {
                    vec![strong(f.unit.clone())]
                } else {
                    vec![strong(f.unit_name.clone()), Inline::Break, code(f.unit.clone())]
                };
                row(vec![name, vec![badge(state.0, state.1)], text(f.detail.clone()), dash_if_empty(&f.owner)])
            })
            .collect();
        out.push(table(
            &format!("{prefix}-{check}-table"),
            format!("{check}: {}", count(members.len(), "result", "results")),
            vec![
                column("Unit", Align::Left, 2.0),
                column("State", Align::Left, 1.2),
                column("What was found", Align::Left, 5.0),
                column("Owner", Align::Left, 1.6),
            ],
            rows,
        ));
    }
    out
}

fn waivers(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "waivers", "Approved exceptions (waivers)")];
    if d.waivers.is_empty() {
        out.push(para(text("No exception is registered, or no register was given.")));
        return out;
    }
    let rows: Vec<_> = d
        .waivers
        .iter()
        .map(|w| {
            let state = match w.standing.as_str() {
                "effective" => State::Waived,
                "expired" => State::Failed,
                _ => State::Unknown,
            };
            let mut standing = vec![badge(state, w.standing.clone())];
            if !w.why.is_empty() {
                standing.push(Inline::Break);
                standing.push(plain(w.why.clone()));
            }
            let risk = w.risk_level.map_or_else(|| "–".to_owned(), |r| r.to_string());
            row(vec![
                vec![code(w.exception_id.clone()), Inline::Break, plain(format!("risk {risk}"))],
                standing,
                text(format!("{}: {}", w.systems.join(", "), w.names.join(", "))),
                text(format!("{} to {}", short(w.effective_from), short(w.effective_to))),
                text(w.justification.clone()),
                text(format!(
                    "{} · due {}",
                    count(usize::try_from(w.covers).unwrap_or(0), "result", "results"),
                    if w.remediation_due.is_empty() { "–" } else { &w.remediation_due }
                )),
            ])
        })
        .collect();
    out.push(table(
        "waivers-table",
        "Exceptions that were in force, expired, or are not effective",
        vec![
            column("Exception", Align::Left, 1.5),
            column("Standing", Align::Left, 2.2),
            column("Binds", Align::Left, 2.0),
            column("In force (UTC)", Align::Left, 1.8),
            column("Justification", Align::Left, 2.6),
            column("Covers, remedy", Align::Left, 1.5),
        ],
        rows,
    ));
    out.push(Block::Para(crate::block::Para {
        role: crate::block::ParaRole::Note,
        inlines: vec![
            plain("An exception waives from its last needed approval, never before it, and only what it names. Rows come from the register of exceptions; "),
            link("method", "Method"),
            plain(" says how approvals are counted."),
        ],
    }));
    out
}
