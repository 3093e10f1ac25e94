//! Each control of the chosen frameworks: what it asks, what we do about it, and what its checks found.

use std::collections::BTreeSet;

use model::assessment::State as S;
use model::controls::{Relevance, TitleKind};
use model::dossier::{ControlSheet, Dossier, FindingSheet, FrameworkSheet};

use crate::block::{
    Align, Block, Fact, Inline, Inlines, KeyValue, Table, TableRow, badge, code, column, link, row, strong,
    text as plain,
};
use crate::parts::{
    clipped, count, figure, first_sentence, heading, listed, note, of_result, para, severity, table, text,
};

/// Most characters of a detail that a control repeats; its checks hold the whole.
const DETAIL: usize = 160;

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    d.chosen().flat_map(|f| framework(d, f)).collect()
}

fn framework(d: &Dossier, f: &FrameworkSheet) -> Vec<Block> {
    let mut out = vec![heading(1, &format!("framework-{}", f.id), f.name.clone())];
    let fact = |label: &str, value: &str| Fact { label: label.to_owned(), value: text(value) };
    let facts =
        [("Edition", &f.edition), ("Issued by", &f.authority), ("Applies", &f.applies_when), ("Words", &f.text_use)];
    let facts =
        facts.into_iter().filter(|(_, value)| !value.is_empty()).map(|(label, value)| fact(label, value)).collect();
    out.push(Block::KeyValue(KeyValue { facts }));
    let (judged, rest): (Vec<(usize, &ControlSheet)>, Vec<_>) =
        f.controls.iter().enumerate().partition(|(_, c)| !c.checks.is_empty());
    out.push(table(
        &format!("controls-{}", f.id),
        count(judged.len(), "control with checks", "controls with checks"),
        vec![
            column("Control", Align::Left, 1.8),
            column("Title", Align::Left, 3.6),
            column("State", Align::Left, 2.3),
            column("Pass", Align::Right, 0.8),
            column("Fail", Align::Right, 0.8),
            column("Waived", Align::Right, 0.9),
            column("No evid.", Align::Right, 0.9),
        ],
        judged.iter().map(|(n, c)| index(f, *n, c)).collect(),
    ));
    if judged.iter().any(|(_, c)| !c.applies()) {
        out.push(note("A control that does not apply has no page of its own: no system in scope is of the kind that this framework is about."));
    }
    for (n, c) in judged.into_iter().filter(|(_, c)| c.applies()) {
        out.extend(control(d, f, n, c));
    }
    if !rest.is_empty() {
        out.push(heading(2, &format!("unjudged-{}", f.id), "Controls that no check judges"));
        out.push(table(
            &format!("unjudged-{}-table", f.id),
            count(rest.len(), "control", "controls"),
            vec![
                column("Control", Align::Left, 1.8),
                column("What it asks", Align::Left, 5.0),
                column("Why no check", Align::Left, 2.6),
            ],
            rest.into_iter()
                .map(|(_, c)| row(vec![vec![strong(c.id.clone())], text(asks(c)), text(why(c.relevance))]))
                .collect(),
        ));
    }
    out
}

fn why(relevance: Relevance) -> &'static str {
    match relevance {
        Relevance::Primary | Relevance::Supporting => "no check is mapped to it",
        Relevance::CitedGap => "the policy cites it, and states nothing that could be checked",
        Relevance::Miscited => "the policy cites it, but it is about something else",
        Relevance::Unrelated => "it is not about backup and restore",
        Relevance::Uncovered => "no statement of the policy is about it",
    }
}

/// What a control asks: its summary in our words.
fn asks(c: &ControlSheet) -> String {
    if c.summary.is_empty() { c.title.clone() } else { c.summary.clone() }
}

fn state(c: &ControlSheet) -> Inlines {
    match c.state {
        None => text("not judged"),
        Some(S::Pass) => vec![badge(crate::block::State::Success, "held")],
        Some(state) => {
            let (mark, word) = of_result(state, c.only_waived);
            vec![badge(mark, if word == "fail" { "exceptions noted" } else { word })]
        }
    }
}

fn index(f: &FrameworkSheet, n: usize, c: &ControlSheet) -> TableRow {
    let [pass, fail, waived, _, missing] = c.counts;
    let name = if c.applies() { link(id(f, n), c.id.clone()) } else { strong(c.id.clone()) };
    let mut cells = vec![vec![name], text(c.title.clone()), state(c)];
    cells.extend([pass, fail, waived, missing].map(number));
    row(cells)
}

fn number(n: u64) -> Inlines {
    text(if n == 0 { "–".to_owned() } else { n.to_string() })
}

fn id(f: &FrameworkSheet, n: usize) -> String {
    format!("control-{}-{n}", f.id)
}

fn control(d: &Dossier, f: &FrameworkSheet, n: usize, c: &ControlSheet) -> Vec<Block> {
    let mut out = vec![heading(2, &id(f, n), format!("{} {}", c.id, c.title))];
    let whose = match c.title_kind {
        TitleKind::Official => "title as issued",
        TitleKind::OwnWords => "title in our words",
        TitleKind::PublicListing => "title of a public listing",
    };
    let mut asked: Inlines = vec![plain(asks(c)), plain(format!(" (In our words; {whose}.)"))];
    if !c.note.is_empty() {
        asked.extend([Inline::Break, plain(format!("Note: {}.", c.note))]);
    }
    let mut standing = state(c);
    let [pass, fail, waived, not_applicable, missing] = c.counts;
    standing.push(plain(format!(
        " {}: {pass} pass, {fail} fail, {waived} fail under a waiver, {missing} without evidence, {not_applicable} not applicable.",
        count(usize::try_from(c.counts.iter().sum::<u64>()).unwrap_or(usize::MAX), "result", "results")
    )));
    let fact = |label: &str, value: Inlines| Fact { label: label.to_owned(), value };
    let mut facts = vec![fact("What it asks", asked), fact("State", standing), fact("What we do", activity(d, c))];
    let samples = populations(d, c);
    if !samples.is_empty() {
        facts.push(fact("Population, sample", samples));
    }
    out.push(Block::KeyValue(KeyValue { facts }));
    out.push(table(
        &format!("{}-checks", id(f, n)),
        count(c.checks.len(), "check", "checks"),
        vec![
            column("Check", Align::Left, 1.1),
            column("Title", Align::Left, 4.4),
            column("State", Align::Left, 1.8),
            column("Pass", Align::Right, 0.8),
            column("Fail", Align::Right, 0.8),
            column("Waived", Align::Right, 0.9),
            column("Not appl.", Align::Right, 0.9),
            column("No evid.", Align::Right, 0.9),
        ],
        c.checks.iter().map(|check| check_row(d, f, check)).collect(),
    ));
    out.extend(exceptions(d, f, n, c));
    out
}

/// Statements of the policy that the checks test, each with its state.
fn activity(d: &Dossier, c: &ControlSheet) -> Inlines {
    let mut out: Inlines = Vec::new();
    for s in d.statements.iter().filter(|s| c.statements.contains(&s.id)) {
        if !out.is_empty() {
            out.push(Inline::Break);
        }
        let (mark, word) = of_result(s.state, false);
        out.extend([badge(mark, word), plain(" "), code(s.id.clone()), plain(format!(" {}", s.paraphrase))]);
    }
    if out.is_empty() {
        out.push(plain("The policy states nothing about it that these checks test; the checks were added to watch it all the same."));
    }
    out
}

/// Populations that the checks judge, where their rows and samples are printed.
fn populations(d: &Dossier, c: &ControlSheet) -> Inlines {
    const PRINTED: [(&str, &str, &str); 6] = [
        ("backup_runs", "population", "runs and expected runs"),
        ("recovery_points", "points", "recovery points"),
        ("restore_tests", "tests", "restore tests"),
        ("systems", "scope", "inventory"),
        ("storage_locations", "configuration", "storage"),
        ("access_grants", "access", "access"),
    ];
    let tables: BTreeSet<&str> = d
        .checks
        .iter()
        .filter(|check| c.checks.contains(&check.id))
        .flat_map(|check| check.tables.iter().map(String::as_str))
        .collect();
    let mut out: Inlines = Vec::new();
    for (_, id, words) in PRINTED.into_iter().filter(|(table, ..)| tables.contains(table)) {
        if !out.is_empty() {
            out.push(plain(", "));
        }
        out.push(link(id, words));
    }
    if !out.is_empty() && !d.samples.is_empty() {
        out.extend([plain("; "), link("samples", "samples")]);
    }
    out
}

/// A check with the results that count for the framework. Figures are of all results.
fn check_row(d: &Dossier, f: &FrameworkSheet, id: &str) -> TableRow {
    let title = d.checks.iter().find(|c| c.id == id).map_or("", |c| c.title.as_str());
    let mut cells = vec![vec![link(format!("check-{id}"), id)], text(title)];
    let Some((standing, state)) = f.checks.get(id).and_then(|s| Some((s, s.state?))) else {
        cells.extend((0..6).map(|_| text("–")));
        return row(cells);
    };
    let (mark, word) = of_result(state, standing.only_waived);
    cells.push(vec![badge(mark, word)]);
    let counted = super::STATES.iter().zip(standing.counts).map(|((state, _), n)| match n {
        0 => text("–"),
        n if f.left_out.is_empty() => vec![figure(d, &format!("results/{id}/{state}"), n.to_string())],
        n => text(n.to_string()),
    });
    cells.extend(counted);
    row(cells)
}

/// Findings of one check: its units, what was found of the first of them, and what followed of failed runs.
fn exception(d: &Dossier, same: &[&FindingSheet]) -> Option<TableRow> {
    let first = same.first()?;
    let mut units: Vec<String> = same.iter().map(|x| x.unit_name.clone()).collect();
    units.dedup();
    let mut detail: Inlines = vec![plain(clipped(first_sentence(&first.detail), DETAIL))];
    if same.len() > 1 {
        detail.push(plain(format!(" And {} more.", same.len() - 1)));
    }
    if d.closures.iter().any(|c| same.iter().any(|x| x.unit == c.slot_id || x.unit == c.plan_id)) {
        detail.extend([
            Inline::Break,
            plain("What followed: "),
            link("closures", "Failures and their closure"),
            plain("."),
        ]);
    }
    let (mark, word) = of_result(S::Fail, first.waived);
    Some(row(vec![
        vec![severity(first.severity)],
        vec![link(format!("finding-{}", first.check), first.check.clone()), Inline::Break, plain(listed(&units))],
        vec![badge(mark, word)],
        detail,
    ]))
}

/// Findings of the control's checks.
fn exceptions(d: &Dossier, f: &FrameworkSheet, n: usize, c: &ControlSheet) -> Vec<Block> {
    let found: Vec<&FindingSheet> =
        d.findings.iter().filter(|x| c.checks.contains(&x.check) && !f.left_out.contains(&x.result)).collect();
    if found.is_empty() {
        return vec![para(text(if c.state == Some(S::NoEvidence) {
            "No exceptions noted; see the checks for what lacks evidence."
        } else {
            "No exceptions noted."
        }))];
    }
    let mut by_check: Vec<Vec<&FindingSheet>> = Vec::new();
    for x in &found {
        match by_check
            .iter_mut()
            .find(|same| same.first().is_some_and(|f| (&f.check, f.waived) == (&x.check, x.waived)))
        {
            Some(same) => same.push(x),
            None => by_check.push(vec![x]),
        }
    }
    let columns = vec![
        column("Severity", Align::Left, 1.0),
        column("Check, units", Align::Left, 2.4),
        column("State", Align::Left, 1.0),
        column("What was found", Align::Left, 5.4),
    ];
    let rows = by_check.iter().filter_map(|same| exception(d, same)).collect();
    let caption = format!("Exceptions noted: {}", found.len());
    let mut out = vec![Table::new(format!("{}-exceptions", id(f, n)), caption, columns, rows).into()];
    let waivers: Vec<String> = d
        .waivers
        .iter()
        .filter(|w| w.names.iter().any(|name| c.checks.contains(name) || c.statements.contains(name)))
        .map(|w| format!("{} ({})", w.exception_id, w.standing))
        .collect();
    if !waivers.is_empty() {
        out.push(note(format!(
            "Approved exceptions that name a check or statement of this control: {}.",
            listed(&waivers)
        )));
    }
    out
}
