//! The populations that auditors draw from, row by row: expected runs, runs, recovery points. Each row that was read links
//! to the object it was read from.

use model::dossier::{Dossier, Population};

use super::{Anchors, anchor, whole};
use crate::block::{Align, Block, Column, Inlines, State, Table, TableRow, badge, code, column, text as plain};
use crate::parts::{count, dash_if_empty, evidenced, figure, heading, note, para, text};

pub(super) fn blocks(d: &Dossier, most: usize, anchors: &Anchors) -> Vec<Block> {
    let mut out = vec![heading(1, "population", "Populations")];
    out.push(note(
        "Every row of the period, good and bad. An expected run names the runs that filled it; a run and a recovery point name the object \
         and the place in it that they were read from.",
    ));
    out.push(heading(2, "slots", "Expected runs"));
    out.extend(outcomes(d));
    out.extend(table_of(
        d,
        "slots",
        (most, anchors),
        vec![
            column("Due (UTC)", Align::Left, 6.6),
            column("Plan", Align::Left, 7.6),
            column("System", Align::Left, 5.2),
            column("Outcome", Align::Left, 5.6),
            column("Runs, an attempt each", Align::Left, 21.0),
        ],
        |cell, anchors| {
            let runs: Vec<String> = serde_json::from_str(&cell("run_ids")).unwrap_or_default();
            vec![
                text(minute(&cell("scheduled_for"))),
                vec![code(cell("plan_id"))],
                vec![code(cell("system_id"))],
                vec![badge(outcome(&cell("outcome")), cell("outcome").replace('_', " "))],
                anchors.of_runs(&runs),
            ]
        },
        &["backup_runs", "recovery_points"],
    ));
    out.push(heading(2, "runs", "Runs"));
    out.extend(table_of(
        d,
        "runs",
        (most, anchors),
        vec![
            column("Run", Align::Left, 11.0),
            column("System", Align::Left, 5.2),
            column("Started, ended (UTC)", Align::Left, 9.4),
            column("Status", Align::Left, 4.8),
            column("Bytes", Align::Right, 5.6),
            column("Object and place", Align::Left, 9.0),
        ],
        |cell, anchors| {
            let status = cell("status");
            vec![
                vec![code(cell("run_id"))],
                vec![code(cell("system_id"))],
                text(span(&cell("started_at"), &cell("ended_at"))),
                vec![badge(outcome(&status), status.replace('_', " "))],
                dash_if_empty(&cell("bytes")),
                place(anchors, &cell("evidence"), &cell("pointer")),
            ]
        },
        &["backup_runs"],
    ));
    out.push(heading(2, "points", "Recovery points"));
    out.extend(table_of(
        d,
        "recovery-points",
        (most, anchors),
        vec![
            column("Recovery point", Align::Left, 17.0),
            column("System", Align::Left, 5.2),
            column("Taken (UTC)", Align::Left, 6.6),
            column("Expires", Align::Left, 4.4),
            column("Good", Align::Left, 3.8),
            column("Encrypted", Align::Left, 4.2),
            column("Object and place", Align::Left, 9.0),
        ],
        |cell, anchors| {
            let mark = |value: &str| match value {
                "true" => vec![badge(State::Success, "yes")],
                "false" => vec![badge(State::Failed, "no")],
                _ => vec![badge(State::Unknown, "unknown")],
            };
            vec![
                vec![code(cell("recovery_point_id"))],
                vec![code(cell("system_id"))],
                text(minute(&cell("taken_at"))),
                text(cell("expires_at").get(..10).unwrap_or("–")),
                mark(&cell("good")),
                mark(&cell("encrypted")),
                place(anchors, &cell("evidence"), &cell("pointer")),
            ]
        },
        &["recovery_points"],
    ));
    out
}

/// Expected runs by outcome.
fn outcomes(d: &Dossier) -> Option<Block> {
    let mut words: Inlines = Vec::new();
    let all = d.figures.iter().filter_map(|f| Some((f.figure_id.strip_prefix("slots/")?, f)));
    for (name, f) in all.filter(|(_, f)| f.value > 0) {
        words.push(plain(if words.is_empty() { "By outcome: " } else { ", " }));
        words.push(figure(d, &f.figure_id, format!("{} {}", f.value, name.replace('_', "\u{a0}"))));
    }
    words.push(plain("."));
    (words.len() > 1).then(|| para(words))
}

/// `2026-10-05 02:00` of an instant as text, which no line break divides; a dash for none.
fn minute(instant: &str) -> String {
    instant.get(..16).map_or_else(|| "–".to_owned(), |t| t.replace('T', "\u{a0}"))
}

/// From one instant to another; the day once where it is the same.
fn span(from: &str, to: &str) -> String {
    let end = match (from.get(..10), to.get(..10), to.get(11..16)) {
        (Some(one), Some(other), Some(time)) if one == other => time.to_owned(),
        _ => minute(to),
    };
    format!("{}\u{2013}{end}", minute(from))
}

/// The object that a row was read from, and the place in it.
fn place(anchors: &Anchors, evidence: &str, pointer: &str) -> Inlines {
    let mut out = anchors.object(evidence);
    if !pointer.is_empty() {
        out.extend([plain(" "), code(pointer)]);
    }
    out
}

fn outcome(word: &str) -> State {
    match word {
        "success" => State::Success,
        "late_success" | "partial" => State::Late,
        "failed" | "aborted" => State::Failed,
        "missed" => State::Missed,
        "overrun" => State::Overrun,
        "running" => State::Running,
        "cancelled" => State::NoSlot,
        _ => State::Unknown,
    }
}

type Cell<'a> = dyn Fn(&str) -> String + 'a;

/// A population as a table with its completeness block; past the limit only its exceptions, as many as the dossier
/// holds.
fn table_of(
    d: &Dossier,
    name: &str,
    (most, anchors): (usize, &Anchors),
    columns: Vec<Column>,
    cells: fn(&Cell<'_>, &Anchors) -> Vec<Inlines>,
    tables: &[&str],
) -> Vec<Block> {
    let Some(p) = d.populations.iter().find(|p| p.name == name).filter(|p| p.total > 0) else {
        return vec![para(text("None in the period."))];
    };
    let whole = whole(p, most);
    let printed = if whole { &p.rows } else { &p.exceptions };
    let rows: Vec<TableRow> = printed
        .iter()
        .enumerate()
        .map(|(n, values)| {
            // Only whole populations are linked to: see `super::Anchors`.
            let id = if whole { anchor(p, n) } else { String::new() };
            TableRow { id, cells: cells(&|column| value(p, values, column), anchors), strong: false }
        })
        .collect();
    let shown = rows.len();
    let caption = format!("{shown} of {}", count(usize::try_from(p.total).unwrap_or(usize::MAX), "row", "rows"));
    let footnote = if whole { Vec::new() } else { elsewhere(p, shown) };
    let table = Table::new(format!("{name}-table"), caption, columns, rows).footnote(footnote).dense();
    evidenced(d, table, tables, None, "").into()
}

/// Where all rows are, of a population that is too long to print.
fn elsewhere(p: &Population, shown: usize) -> Inlines {
    let said = if shown as u64 == p.exceptional {
        "Only exceptions stand here".to_owned()
    } else {
        format!("Only the first {shown} of {} exceptions stand here", p.exceptional)
    };
    let mut out = vec![plain(format!("{said}, and the sample under Samples. All {} rows: ", p.total))];
    match &p.file {
        Some(file) => out.extend([
            code(file.path.clone()),
            plain(", SHA-256 "),
            code(file.sha256.clone()),
            plain("; the same rows as .xlsx and .parquet beside it."),
        ]),
        None => out.push(plain(format!("backproof show {} --format csv.", p.name))),
    }
    out
}

fn value(p: &Population, row: &[serde_json::Value], column: &str) -> String {
    match p.columns.iter().position(|c| c == column).and_then(|n| row.get(n)) {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
