//! Each check with its rule and every result of the period, passes too.

use std::collections::BTreeSet;

use model::assessment::{CheckResult, State};
use model::dossier::{CheckSheet, Dossier, SourceSheet};
use model::evidence::SourceStatus;

use super::Anchors;
use crate::block::{Align, Block, Fact, Inlines, KeyValue, Table, badge, code, column, row, text as plain};
use crate::parts::{count, heading, note, of_result, severity, text};

pub(super) fn blocks(d: &Dossier, most: usize, anchors: &Anchors) -> Vec<Block> {
    let controls = d.chosen().flat_map(|f| &f.controls).filter(|c| c.applies());
    let wanted: BTreeSet<&str> = controls.flat_map(|c| c.checks.iter().map(String::as_str)).collect();
    let mut out = vec![heading(1, "checks", "Checks and their results")];
    out.push(note(
        "Every result of every check that a control of this packet rests on. A result links to the rows it rests on where they are printed here; \
         the workbook and assessment.json name all of them.",
    ));
    for check in d.checks.iter().filter(|c| wanted.contains(c.id.as_str())) {
        out.extend(one(d, check, most, anchors));
    }
    out
}

fn one(d: &Dossier, check: &CheckSheet, most: usize, anchors: &Anchors) -> Vec<Block> {
    let fact = |label: &str, value: Inlines| Fact { label: label.to_owned(), value };
    let results: Vec<&CheckResult> = d.assessment.results.iter().filter(|r| r.check == check.id).collect();
    let parameters: BTreeSet<String> =
        results.iter().flat_map(|r| &r.parameters).map(|p| format!("{} = {} ({})", p.id, p.value, p.origin)).collect();
    let mut facts = vec![
        fact("Severity", vec![severity(check.severity)]),
        fact("Population", text(check.population.clone())),
        fact("Rule", text(check.rule.clone())),
    ];
    if !check.statements.is_empty() {
        facts.push(fact("Statements", text(check.statements.join(", "))));
    }
    if !parameters.is_empty() {
        facts.push(fact("Parameters", text(parameters.into_iter().collect::<Vec<_>>().join("; "))));
    }
    let whole = results.len() <= most;
    let shown: Vec<&CheckResult> =
        results.iter().copied().filter(|r| whole || matches!(r.state, State::Fail | State::NoEvidence)).collect();
    let id = format!("check-{}-table", check.id);
    let rows = shown
        .iter()
        .map(|r| {
            let (mark, word) = of_result(r.state, r.waived);
            row(vec![
                vec![code(r.unit.clone())],
                vec![badge(mark, word)],
                vec![plain(r.detail.clone())],
                anchors.links(&r.records),
            ])
        })
        .collect();
    let footnote = if whole {
        Vec::new()
    } else {
        text(format!(
            "{} in all; the {} that failed or lack evidence stand here. All: assessment.json.",
            count(results.len(), "result", "results"),
            shown.len()
        ))
    };
    let tables: Vec<&str> = check.tables.iter().map(String::as_str).collect();
    vec![
        heading(2, &format!("check-{}", check.id), format!("{} {}", check.id, check.title)),
        Block::KeyValue(KeyValue { facts }),
        Block::Table(Table {
            id,
            caption: format!("{}: {}", check.id, count(results.len(), "result", "results")),
            columns: vec![
                column("Unit", Align::Left, 2.2),
                column("State", Align::Left, 1.2),
                column("What was found", Align::Left, 5.4),
                column("Rests on", Align::Left, 1.7),
            ],
            rows,
            footnote,
        }),
        note(origin(d, &tables)),
    ]
}

/// Which sources fill some tables. Their completeness blocks stand under the populations and under Sources.
fn origin(d: &Dossier, tables: &[&str]) -> String {
    let fills = |s: &&SourceSheet| s.counts.iter().any(|(t, _)| tables.contains(&t.as_str()));
    let (whole, broken): (Vec<&SourceSheet>, Vec<&SourceSheet>) =
        d.sources.iter().filter(fills).partition(|s| s.status == SourceStatus::Complete);
    let names = |all: &[&SourceSheet]| all.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
    let read = tables.join(", ").replace('_', " ");
    match (whole.as_slice(), broken.as_slice()) {
        ([], []) => format!("Reads {read}: from the registers and the inventory of the workspace."),
        (whole, []) => format!("Reads {read}. Sources, all complete: {}.", names(whole)),
        ([], broken) => format!("Reads {read}. Sources, none complete: {}.", names(broken)),
        (whole, broken) => format!("Reads {read}. Sources: {}; not complete: {}.", names(whole), names(broken)),
    }
}
