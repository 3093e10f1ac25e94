//! Exceptions noted (findings), approved exceptions (waivers), and what is missing.

use model::dossier::Dossier;

use super::findings::{FAILED, MISSING, groups};
use super::{count, evidenced, heading, note, para, short, table, text};
use crate::block::{Align, Block, Inline, State, Table, badge, code, column, link, row, text as plain};

/// What failed.
pub(crate) fn findings(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "findings", "Exceptions noted")];
    if d.findings.is_empty() {
        out.push(para(text("No exceptions noted.")));
    } else {
        out.push(note(
            "Every result that failed, worst first. A finding under an approved exception stays a finding. Assumptions are parameters that the \
             policy does not state and that its owner should confirm.",
        ));
        out.extend(groups(&d.findings, &FAILED));
    }
    out
}

/// What could not be evaluated, and what is in no inventory.
pub(crate) fn missing(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "missing", "What is missing")];
    out.push(note("Checks that could not be evaluated, with what would be needed. Nothing here is a pass."));
    if d.missing.is_empty() {
        out.push(para(text("Every check could be evaluated.")));
    } else {
        out.extend(groups(&d.missing, &MISSING));
    }
    if !d.uninventoried.is_empty() {
        let rows: Vec<_> =
            d.uninventoried.iter().map(|(r, n)| row(vec![vec![code(r.clone())], text(n.to_string())])).collect();
        out.push(heading(2, "uninventoried", "Seen, but in no inventory"));
        out.extend(evidenced(
            d,
            Table::new(
                "uninventoried-table",
                "Resources that no inventory row matches",
                vec![column("Resource", Align::Left, 5.0), column("Records", Align::Right, 1.0)],
                rows,
            ),
            &["backup_runs", "recovery_points", "discovered_assets"],
            None,
            "",
        ));
    }
    out
}

/// The register of exceptions.
pub(crate) fn waivers(d: &Dossier) -> Vec<Block> {
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
