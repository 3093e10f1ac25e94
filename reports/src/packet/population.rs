//! The populations that auditors draw from, row by row: expected runs, runs, recovery points. Each row that was read links
//! to the object it was read from.

use model::dossier::{Dossier, Population};

use super::{Anchors, anchor, object, whole};
use crate::block::{Align, Block, Column, Inlines, State, Table, TableRow, badge, code, column, text as plain};
use crate::parts::{completeness, count, dash_if_empty, heading, note, para, text};

pub(super) fn blocks(d: &Dossier, most: usize, anchors: &Anchors) -> Vec<Block> {
    let mut out = vec![heading(1, "population", "Populations")];
    out.push(note(
        "Every row of the period, good and bad. An expected run names the runs that filled it; a run and a recovery point name the object \
         and the place in it that they were read from.",
    ));
    out.push(heading(2, "slots", "Expected runs"));
    out.extend(table_of(
        d,
        "slots",
        (most, anchors),
        vec![
            column("Due (UTC)", Align::Left, 2.1),
            column("Plan", Align::Left, 2.1),
            column("System", Align::Left, 1.7),
            column("Outcome", Align::Left, 1.3),
            column("Attempts", Align::Right, 0.9),
            column("Runs", Align::Left, 3.9),
        ],
        |cell, anchors| {
            let runs: Vec<String> = serde_json::from_str(&cell("run_ids")).unwrap_or_default();
            vec![
                text(minute(&cell("scheduled_for"))),
                vec![code(cell("plan_id"))],
                vec![code(cell("system_id"))],
                vec![badge(outcome(&cell("outcome")), cell("outcome").replace('_', " "))],
                text(cell("attempts")),
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
            column("Run", Align::Left, 3.2),
            column("System", Align::Left, 1.6),
            column("Started, ended (UTC)", Align::Left, 2.4),
            column("Status", Align::Left, 1.3),
            column("Bytes", Align::Right, 1.5),
            column("Object and place", Align::Left, 2.2),
        ],
        |cell, _| {
            let status = cell("status");
            vec![
                vec![code(cell("run_id"))],
                vec![code(cell("system_id"))],
                text(span(&cell("started_at"), &cell("ended_at"))),
                vec![badge(outcome(&status), status.replace('_', " "))],
                dash_if_empty(&cell("bytes")),
                place(&cell("evidence"), &cell("pointer")),
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
            column("Recovery point", Align::Left, 3.4),
            column("System", Align::Left, 1.6),
            column("Taken (UTC)", Align::Left, 2.0),
            column("Expires", Align::Left, 1.3),
            column("Good", Align::Left, 1.0),
            column("Encrypted", Align::Left, 1.2),
            column("Object and place", Align::Left, 2.2),
        ],
        |cell, _| {
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
                place(&cell("evidence"), &cell("pointer")),
            ]
        },
        &["recovery_points"],
    ));
    out
}

/// `2026-10-05 02:00` of an instant as text; a dash for none.
fn minute(instant: &str) -> String {
    instant.get(..16).map_or_else(|| "–".to_owned(), |t| t.replace('T', " "))
}

/// From one instant to another; the day once where it is the same.
fn span(from: &str, to: &str) -> String {
    let end = match (from.get(..10), to.get(..10), to.get(11..16)) {
        (Some(one), Some(other), Some(time)) if one == other => time.to_owned(),
        _ => minute(to),
    };
    format!("{} to {end}", minute(from))
}

/// The object that a row was read from, and the place in it.
fn place(evidence: &str, pointer: &str) -> Inlines {
    let mut out = object(evidence);
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

/// A population as a table with its completeness block; past the limit only its exceptions, and of them no more than the
/// limit either.
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
        .take(most)
        .enumerate()
        .map(|(n, values)| {
            // Only whole populations are linked to: see `super::Anchors`.
            let id = if whole { anchor(p, n) } else { String::new() };
            TableRow { id, cells: cells(&|column| value(p, values, column), anchors), strong: false }
        })
        .collect();
    let id = format!("{name}-table");
    let shown = rows.len();
    vec![
        Block::Table(Table {
            id: id.clone(),
            caption: format!("{} of {}", shown, count(usize::try_from(p.total).unwrap_or(usize::MAX), "row", "rows")),
            columns,
            rows,
            footnote: if whole { Vec::new() } else { elsewhere(p, shown) },
        }),
        completeness(d, &id, shown, tables, None, ""),
    ]
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
