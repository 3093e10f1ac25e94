//! Each check with its rule and every result of the period, passes too.

use std::collections::{BTreeMap, BTreeSet};

use model::assessment::{CheckResult, State};
use model::dossier::{CheckSheet, Dossier, SourceSheet};
use model::evidence::SourceStatus;

use super::Anchors;
use crate::block::{
    Align, Block, Fact, Inline, Inlines, KeyValue, Table, TableRow, badge, code, column, row, text as plain,
};
use crate::parts::{count, figure, heading, note, of_result, severity, text};

pub(super) fn blocks(d: &Dossier, most: usize, anchors: &Anchors) -> Vec<Block> {
    let controls = d.chosen().flat_map(|f| &f.controls).filter(|c| c.applies());
    let wanted: BTreeSet<&str> = controls.flat_map(|c| c.checks.iter().map(String::as_str)).collect();
    let mut out = vec![heading(1, "checks", "Checks and their results")];
    out.push(note(
        "Every result of every check that a control of this packet rests on; units of which the same was found share a line. A result \
         links to the rows it rests on where they are printed here; the workbook and assessment.json name all of them.",
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
    let mut tests = vec![severity(check.severity)];
    if !check.statements.is_empty() {
        tests.push(plain(format!("; {}", check.statements.join(", "))));
    }
    let tables: Vec<&str> = check.tables.iter().map(String::as_str).collect();
    let mut rule = vec![plain(check.rule.clone())];
    if !parameters.is_empty() {
        let parameters = parameters.into_iter().collect::<Vec<_>>().join("; ");
        rule.extend([Inline::Break, plain(format!("Parameters: {parameters}"))]);
    }
    let facts = vec![
        fact("Severity, statements", tests),
        fact("Population", vec![plain(check.population.clone()), Inline::Break, plain(origin(d, &tables))]),
        fact("Rule", rule),
        fact("Results", counted(d, check)),
    ];
    let whole = results.len() <= most;
    let shown: Vec<&CheckResult> =
        results.iter().copied().filter(|r| whole || matches!(r.state, State::Fail | State::NoEvidence)).collect();
    let footnote = if whole {
        Vec::new()
    } else {
        text(format!(
            "{} in all; the {} that failed or lack evidence stand here. All: assessment.json.",
            count(results.len(), "result", "results"),
            shown.len()
        ))
    };
    // A column of dashes tells nothing.
    let rested = shown.iter().any(|r| !r.records.is_empty());
    let mut columns = vec![
        column("Unit", Align::Left, 2.4),
        column("State", Align::Left, 1.5),
        column("What was found", Align::Left, if rested { 5.4 } else { 7.0 }),
    ];
    columns.extend(rested.then(|| column("Rests on", Align::Left, 1.7)));
    let rows = alike(&shown).iter().map(|same| line(same, rested, anchors)).collect();
    let caption = format!("{}: {}", check.id, count(results.len(), "result", "results"));
    vec![
        heading(2, &format!("check-{}", check.id), format!("{} {}", check.id, check.title)),
        Block::KeyValue(KeyValue { facts }),
        Table::new(format!("check-{}-table", check.id), caption, columns, rows).footnote(footnote).dense().into(),
    ]
}

/// Results by state.
fn counted(d: &Dossier, check: &CheckSheet) -> Inlines {
    let mut out: Inlines = Vec::new();
    for ((state, word), n) in super::STATES.iter().zip(check.counts).filter(|(_, n)| *n > 0) {
        if !out.is_empty() {
            out.push(plain(", "));
        }
        out.push(figure(d, &format!("results/{}/{state}", check.id), format!("{n} {word}")));
    }
    if out.is_empty() { text("none: no unit of its population is on record") } else { out }
}

/// Results of the same state and words that rest on no row, together; the others one by one.
fn alike<'r>(results: &[&'r CheckResult]) -> Vec<Vec<&'r CheckResult>> {
    let mut out: Vec<Vec<&CheckResult>> = Vec::new();
    let mut at: BTreeMap<(State, bool, &str), usize> = BTreeMap::new();
    for r in results {
        let place = match r.records.is_empty() {
            true => *at.entry((r.state, r.waived, &r.detail)).or_insert(out.len()),
            false => out.len(),
        };
        match out.get_mut(place) {
            Some(same) => same.push(r),
            None => out.push(vec![r]),
        }
    }
    out
}

fn line(same: &[&CheckResult], rested: bool, anchors: &Anchors) -> TableRow {
    let mut units: Inlines = Vec::new();
    for r in same {
        if !units.is_empty() {
            units.push(plain(", "));
        }
        units.push(code(r.unit.clone()));
    }
    let mut cells = vec![units];
    if let Some(r) = same.first() {
        let (mark, word) = of_result(r.state, r.waived);
        cells.extend([vec![badge(mark, word)], vec![plain(r.detail.clone())]]);
        cells.extend(rested.then(|| anchors.links(&r.records)));
    }
    row(cells)
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
