//! Results of one check together. Many results of one system share a line and a long table ends early, both said
//! where it happens: one erratic system must not bury what else was found. Every result is in the workbook and in CSV.

use std::collections::BTreeMap;

use model::dossier::FindingSheet;

use super::{count, dash_if_empty, heading, of_result, short, text};
use crate::block::{
    Align, Block, Fact, Inline, Inlines, KeyValue, State, Table, TableRow, badge, code, column, row, strong,
    text as plain,
};

/// Most results of one check and system that have a line each.
const EACH: usize = 3;
/// Results of one state.
pub(crate) struct Kind {
    prefix: &'static str,
    title: &'static str,
    /// Where all of them are.
    whole: &'static str,
    /// Most lines of one check.
    lines: usize,
    state: fn(&FindingSheet) -> (State, &'static str),
}

/// Results that failed.
pub(crate) const FAILED: Kind = Kind {
    prefix: "finding",
    title: "not met",
    whole: "findings.csv, and the sheet findings of the workbook",
    lines: 250,
    state: |f| of_result(model::assessment::State::Fail, f.waived),
};

/// Results without evidence.
pub(crate) const MISSING: Kind = Kind {
    prefix: "missing",
    title: "not evaluated",
    whole: "the sheet results of the workbook (state no_evidence)",
    // What is missing is mostly missing everywhere for one reason.
    lines: 100,
    state: |_| (State::Unknown, "no evidence"),
};

/// Results of one check together, with its remedy once.
pub(crate) fn groups(findings: &[FindingSheet], kind: &Kind) -> Vec<Block> {
    let mut order: Vec<&str> = Vec::new();
    let mut by_check: BTreeMap<&str, Vec<&FindingSheet>> = BTreeMap::new();
    for f in findings {
        let members = by_check.entry(&f.check).or_default();
        if members.is_empty() {
            order.push(&f.check);
        }
        members.push(f);
    }
    order.iter().filter_map(|check| by_check.get(check)).flat_map(|members| group(members, kind)).collect()
}

fn group(members: &[&FindingSheet], kind: &Kind) -> Vec<Block> {
    let Some(first) = members.first() else { return Vec::new() };
    let (prefix, check) = (kind.prefix, &first.check);
    let fact = |label: &str, value: Vec<Inline>| Fact { label: label.to_owned(), value };
    let mut facts = vec![
        fact("Severity", vec![super::severity(first.severity)]),
        fact("What to do", text(first.remediation.clone())),
    ];
    let basis = match first.basis.as_str() {
        "policy" => format!("Policy: {}", first.statements.join(", ")),
        "framework" => {
            format!("Advisory: a cited framework asks for it, the policy is silent ({})", first.statements.join(", "))
        }
        other => format!("Trust in the evidence itself ({other})"),
    };
    facts.push(fact("Basis", text(basis)));
    if !first.assumptions.is_empty() {
        facts.push(fact("Assumptions", text(first.assumptions.join(", "))));
    }
    let lines = lines(members);
    let shown = lines.get(..kind.lines).unwrap_or(&lines);
    vec![
        heading(2, &format!("{prefix}-{check}"), format!("{check} {}: {}", kind.title, first.title)),
        Block::KeyValue(KeyValue { facts }),
        Table::new(
            format!("{prefix}-{check}-table"),
            format!("{check}: {}", count(members.len(), "result", "results")),
            vec![
                column("Unit", Align::Left, 2.0),
                column("State", Align::Left, 1.4),
                column("What was found", Align::Left, 5.0),
                column("Owner", Align::Left, 1.6),
            ],
            shown.iter().filter_map(|line| table_row(line, kind)).collect(),
        )
        .footnote(footnote(&lines, kind))
        .dense()
        .into(),
    ]
}

/// Results that share a line, in the order of their first: those of one system and standing, where they are many.
fn lines<'a>(members: &[&'a FindingSheet]) -> Vec<Vec<&'a FindingSheet>> {
    let key = |f: &&'a FindingSheet| (f.system.as_str(), f.waived);
    let mut sizes: BTreeMap<_, usize> = BTreeMap::new();
    for f in members.iter().filter(|f| !f.system.is_empty()) {
        *sizes.entry(key(f)).or_default() += 1;
    }
    let mut out: Vec<Vec<&FindingSheet>> = Vec::new();
    let mut line_of = BTreeMap::new();
    for f in members {
        if sizes.get(&key(f)).is_none_or(|n| *n <= EACH) {
            out.push(vec![f]);
            continue;
        }
        let at = *line_of.entry(key(f)).or_insert(out.len());
        match out.get_mut(at) {
            Some(line) => line.push(f),
            None => out.push(vec![f]),
        }
    }
    out
}

fn table_row(line: &[&FindingSheet], kind: &Kind) -> Option<TableRow> {
    let f = line.first()?;
    let (state, word) = (kind.state)(f);
    let unit = if line.len() > 1 { &f.system } else { &f.unit };
    let mut name = vec![strong(f.unit_name.clone())];
    if f.unit_name != *unit {
        name.extend([Inline::Break, code(unit.clone())]);
    }
    let found = if line.len() > 1 { summary(line) } else { text(f.detail.clone()) };
    Some(row(vec![name, vec![badge(state, word)], found, dash_if_empty(&f.owner)]))
}

/// How many results share a line, and the first and the last of them in time.
fn summary(line: &[&FindingSheet]) -> Inlines {
    let at = |f: &&&FindingSheet| (f.since, f.unit.clone());
    let (Some(first), Some(last)) = (line.iter().min_by_key(at), line.iter().max_by_key(at)) else {
        return Vec::new();
    };
    let when = match (first.since, last.since) {
        (Some(from), Some(to)) => format!(", {} to {} (UTC)", short(Some(from)), short(Some(to))),
        _ => String::new(),
    };
    vec![
        strong(format!("{} results{when}.", line.len())),
        Inline::Break,
        plain(format!("First: {}", first.detail)),
        Inline::Break,
        plain(format!("Last: {}", last.detail)),
    ]
}

/// What the table does not show one by one, and where it is.
fn footnote(lines: &[Vec<&FindingSheet>], kind: &Kind) -> Inlines {
    let more = lines.get(kind.lines..).unwrap_or_default();
    let mut out = String::new();
    if lines.iter().any(|line| line.len() > 1) {
        out.push_str(&format!("More than {EACH} results of one system share a line. "));
    }
    if !more.is_empty() {
        let results: usize = more.iter().map(Vec::len).sum();
        out.push_str(&format!(
            "{} with {} not shown here. ",
            count(more.len(), "further line", "further lines"),
            count(results, "result is", "results are")
        ));
    }
    if out.is_empty() { Vec::new() } else { text(format!("{out}Each result: {}.", kind.whole)) }
}

#[cfg(test)]
mod tests {
    use model::assessment::Severity;

    use super::*;
    use crate::block::plain as words;

    fn finding(system: &str, unit: &str, at: &str) -> FindingSheet {
        FindingSheet {
            result: 0,
            check: "CMP-02".to_owned(),
            title: "Plausible".to_owned(),
            unit: unit.to_owned(),
            unit_name: if system.is_empty() { unit.to_owned() } else { format!("{system} name") },
            system: system.to_owned(),
            since: model::time::instant(at, None).ok(),
            severity: Severity::Medium,
            waived: false,
            detail: format!("detail of {unit}"),
            remediation: String::new(),
            owner: String::new(),
            basis: "integrity".to_owned(),
            statements: Vec::new(),
            assumptions: Vec::new(),
            records: Vec::new(),
        }
    }

    fn table_of(findings: &[FindingSheet]) -> Table {
        let blocks = groups(findings, &FAILED);
        blocks.into_iter().find_map(|b| if let Block::Table(t) = b { Some(t) } else { None }).unwrap()
    }

    fn cells(row: &TableRow) -> Vec<String> {
        row.cells.iter().map(|c| words(c)).collect()
    }

    #[test]
    fn many_results_of_one_system_share_a_line_that_names_the_first_and_the_last_in_time() {
        // Units in another order than their times.
        let mut all: Vec<_> =
            (1..=5).map(|n| finding("db", &format!("run-{}", 6 - n), &format!("2026-10-0{n}T02:00:00Z"))).collect();
        all.extend((1..=3).map(|n| finding("web", &format!("web-{n}"), "2026-10-01T03:00:00Z")));
        all.extend((1..=9).map(|n| finding("", &format!("free-{n}"), "2026-10-01T03:00:00Z")));
        all.push(FindingSheet { waived: true, ..finding("db", "run-9", "2026-10-09T02:00:00Z") });
        let table = table_of(&all);
        assert_eq!(table.rows.len(), 1 + 3 + 9 + 1, "few, those of no system, and a waived one keep their lines");
        let line = cells(&table.rows[0]);
        assert_eq!(line[0], "db name db");
        assert_eq!(
            line[2],
            "5 results, 2026-10-01 02:00 to 2026-10-05 02:00 (UTC). First: detail of run-5 Last: detail of run-1"
        );
        assert_eq!(cells(&table.rows[1])[2], "detail of web-1");
        assert_eq!(table.caption, "CMP-02: 18 results");
        let footnote = words(&table.footnote);
        assert!(footnote.contains("share a line") && footnote.contains("findings.csv"), "{footnote}");
    }

    #[test]
    fn what_a_framework_alone_asks_for_is_an_advisory() {
        let basis = |of: &str| {
            let sheet = FindingSheet { basis: of.to_owned(), ..finding("db", "db", "2026-10-01T00:00:00Z") };
            let blocks = groups(&[sheet], &FAILED);
            let facts = blocks.into_iter().find_map(|b| if let Block::KeyValue(k) = b { Some(k.facts) } else { None });
            facts.unwrap().iter().find(|f| f.label == "Basis").map(|f| words(&f.value)).unwrap()
        };
        assert!(basis("framework").starts_with("Advisory:") && basis("policy").starts_with("Policy:"));
    }

    #[test]
    fn a_long_table_says_how_many_are_not_shown_and_where_they_are() {
        let mut all: Vec<_> =
            (0..FAILED.lines).map(|n| finding(&format!("s-{n:04}"), "unit", "2026-10-01T02:00:00Z")).collect();
        let table = table_of(&all);
        assert_eq!((table.rows.len(), table.footnote.len()), (FAILED.lines, 0), "a table that fits says nothing");
        all.extend((0..7).map(|n| finding("z-last", &format!("run-{n}"), "2026-10-01T02:00:00Z")));
        all.push(finding("zz-last", "run", "2026-10-01T02:00:00Z"));
        let table = table_of(&all);
        assert_eq!(table.rows.len(), FAILED.lines);
        let footnote = words(&table.footnote);
        assert!(footnote.contains("2 further lines with 8 results are not shown here"), "{footnote}");
        assert!(footnote.contains("findings.csv"), "{footnote}");
    }
}
