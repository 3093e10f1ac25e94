//! Findings in the order of their risk, and what got better and worse since the period before.

use std::collections::BTreeMap;

use model::dossier::{Dossier, FindingSheet};

use super::rest;
use crate::block::{
    Align, Block, Inline, Inlines, State, Table, TableRow, badge, code, column, row, strong, text as plain,
};
use crate::parts::{clipped, count, first_sentence, heading, listed, para, population, severity, text};

/// Most lines of findings.
const LINES: usize = 8;
/// Most lines of either direction of change.
const TURNS: usize = 4;
/// Most characters of a detail; the workbook has the whole.
const DETAIL: usize = 110;

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "findings", "Findings by risk")];
    if d.findings.is_empty() {
        out.push(para(text("No exceptions noted.")));
        return out;
    }
    let groups = groups(&d.findings);
    let waived = d.findings.iter().filter(|f| f.waived).count();
    let more: usize = groups.iter().skip(LINES).map(Vec::len).sum();
    let mut footnote = String::new();
    if more > 0 {
        footnote.push_str(&format!("{} of lower risk not shown here. ", count(more, "finding is", "findings are")));
    }
    if waived > 0 {
        footnote.push_str(&format!(
            "{} under an approved exception and stand last. ",
            count(waived, "finding is", "findings are")
        ));
    }
    footnote.push_str("Each finding: the sheet findings of the workbook.");
    out.push(
        Table::new(
            "findings-table".to_owned(),
            format!("{}, worst first", count(d.findings.len(), "finding", "findings")),
            vec![
                column("Severity", Align::Left, 1.0),
                column("What is not met", Align::Left, 2.9),
                column("Where", Align::Left, 2.2),
                column("Worst of it", Align::Left, 4.6),
            ],
            groups.iter().take(LINES).filter_map(|g| line(g)).collect(),
        )
        .footnote(text(footnote))
        .dense()
        .into(),
    );
    out
}

/// Findings of one check and standing together, in the order of the first of each.
fn groups(findings: &[FindingSheet]) -> Vec<Vec<&FindingSheet>> {
    let mut out: Vec<Vec<&FindingSheet>> = Vec::new();
    for f in findings {
        match out
            .iter_mut()
            .find(|g| g.first().is_some_and(|first| (&first.check, first.waived) == (&f.check, f.waived)))
        {
            Some(group) => group.push(f),
            None => out.push(vec![f]),
        }
    }
    out
}

fn line(group: &[&FindingSheet]) -> Option<TableRow> {
    let first = group.first()?;
    let mut whose: Vec<String> = Vec::new();
    for f in group {
        if !whose.contains(&f.unit_name) {
            whose.push(f.unit_name.clone());
        }
    }
    let mut what: Inlines = vec![code(first.check.clone()), plain(format!(" {}", first.title))];
    if first.waived {
        what.extend([Inline::Break, badge(State::Waived, "under an exception")]);
    }
    Some(row(vec![
        vec![severity(first.severity)],
        what,
        text(listed(&whose)),
        text(clipped(first_sentence(&first.detail), DETAIL)),
    ]))
}

/// How one check went from one state to another, with the subjects that did.
struct Turn {
    before: String,
    after: String,
    check: String,
    whose: Vec<String>,
}

/// What got better and worse.
pub(super) fn changes(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "changes", "Better and worse than the period before")];
    let turns = turns(d);
    let (worse, better): (Vec<&Turn>, Vec<&Turn>) = turns
        .iter()
        .filter(|t| [&t.before, &t.after].into_iter().any(|s| s == "fail") || t.before == "pass" || t.after == "pass")
        .partition(|t| rank(&t.after) < rank(&t.before));
    let other = population(d, "drift").iter().filter(|c| c("kind") != "result").count();
    if worse.is_empty() && better.is_empty() {
        out.push(para(text("Every check stands as it did at the end of the period before.")));
    } else {
        let mut rows: Vec<TableRow> = Vec::new();
        let mut hidden = 0;
        for (side, word, state) in [(&worse, "worse", State::Failed), (&better, "better", State::Success)] {
            rows.extend(side.iter().take(TURNS).map(|t| turn(d, t, word, state)));
            hidden += side.len().saturating_sub(TURNS);
        }
        let footnote = rest(hidden, "further line is", "further lines are", "the sheet drift of the workbook");
        out.push(
            Table::new(
                "changes-table".to_owned(),
                format!("{} got worse, {} better", count(worse.len(), "check", "checks"), better.len()),
                vec![
                    column("Change", Align::Left, 1.0),
                    column("Check", Align::Left, 3.6),
                    column("Was, is", Align::Left, 2.0),
                    column("Where", Align::Left, 3.4),
                ],
                rows,
            )
            .footnote(footnote)
            .dense()
            .into(),
        );
    }
    out.push(crate::parts::note(format!(
        "Results of checks by system, at the end of the period before and now. Besides, {} of scope, plans, settings and exceptions \
         changed: the sheet drift of the workbook.",
        count(other, "field", "fields")
    )));
    out
}

/// From a proven violation over missing evidence to a pass.
fn rank(state: &str) -> u8 {
    match state {
        "fail" => 0,
        "no_evidence" => 1,
        _ => 2,
    }
}

fn turns(d: &Dossier) -> Vec<Turn> {
    let mut by: BTreeMap<(u8, u8, String), Turn> = BTreeMap::new();
    for change in population(d, "drift").iter().filter(|c| c("kind") == "result") {
        let (before, after, subject) = (change("before"), change("after"), change("subject"));
        if before.is_empty() || after.is_empty() {
            continue;
        }
        let (check, whom) = subject.split_once(' ').unwrap_or((&subject, ""));
        let name = d.systems.iter().find(|s| s.system_id == whom).map_or_else(|| whom.to_owned(), |s| s.name.clone());
        by.entry((rank(&after), rank(&before), check.to_owned()))
            .or_insert_with(|| Turn { before, after, check: check.to_owned(), whose: Vec::new() })
            .whose
            .push(name);
    }
    by.into_values().collect()
}

fn turn(d: &Dossier, t: &Turn, word: &str, state: State) -> TableRow {
    let title = d.checks.iter().find(|c| c.id == t.check).map(|c| format!(" {}", c.title)).unwrap_or_default();
    row(vec![
        vec![badge(state, word)],
        vec![code(t.check.clone()), plain(title)],
        text(format!("{}, {}", t.before, t.after).replace('_', " ")),
        vec![strong(t.whose.len().to_string()), plain(format!(": {}", listed(&t.whose)))],
    ])
}
