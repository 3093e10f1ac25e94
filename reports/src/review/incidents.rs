//! Backup-related incidents of the period and what was learned from them.

use model::dossier::{Dossier, IncidentSheet};

use super::rest;
use crate::block::{Align, Block, Inline, State, Table, TableRow, badge, code, column, row, text as plain};
use crate::parts::{count, dash_if_empty, heading, para, text};

/// Most lines.
const LINES: usize = 6;

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "incidents", "Incidents and lessons")];
    let Some(all) = &d.governance.incidents else {
        out.push(para(text("Not known: no register of incidents was given.")));
        return out;
    };
    if all.is_empty() {
        out.push(para(text("No backup-related incident is on record.")));
        return out;
    }
    // Incidents before investigations, each in order of time.
    let mut order: Vec<&IncidentSheet> = all.iter().collect();
    order.sort_by_key(|i| (i.kind != "incident", !i.significant));
    let more = order.len().saturating_sub(LINES);
    let footnote = rest(more, "further record is", "further records are", "the sheet incidents of the workbook");
    let incidents = all.iter().filter(|i| i.kind == "incident").count();
    out.push(
        Table::new(
            "incidents-table".to_owned(),
            format!(
                "{} and {}",
                count(incidents, "incident", "incidents"),
                count(all.len() - incidents, "investigation", "investigations")
            ),
            vec![
                column("Record", Align::Left, 2.3),
                column("Open (UTC)", Align::Left, 1.6),
                column("Cause", Align::Left, 3.2),
                column("Resolution", Align::Left, 3.0),
                column("Lessons, actions", Align::Left, 1.7),
            ],
            order.into_iter().take(LINES).map(line).collect(),
        )
        .footnote(footnote)
        .dense()
        .into(),
    );
    out
}

fn line(i: &IncidentSheet) -> TableRow {
    let mut record = vec![code(i.incident_id.clone()), Inline::Break, plain(i.systems.join(", "))];
    if i.significant {
        record.extend([Inline::Break, badge(State::Failed, "significant")]);
    }
    let closed = match i.closed_at {
        Some(at) => plain(format!("to {}", at.format("%Y-%m-%d"))),
        None => badge(State::Running, "still open"),
    };
    let missing = |word: &str, text_of: &str| -> Vec<Inline> {
        match (text_of.is_empty(), i.closed_at.is_some()) {
            (true, true) => vec![badge(State::Missed, format!("no {word} on record"))],
            (true, false) => text("open"),
            _ => text(text_of),
        }
    };
    let mut lessons = Vec::new();
    for part in std::iter::once(&i.lessons).chain(&i.actions).filter(|p| !p.is_empty()) {
        if !lessons.is_empty() {
            lessons.push(Inline::Break);
        }
        lessons.push(code(part.clone()));
    }
    row(vec![
        record,
        vec![plain(i.opened_at.format("%Y-%m-%d").to_string()), Inline::Break, closed],
        missing("cause", &i.root_cause),
        missing("resolution", &i.resolution),
        if lessons.is_empty() { dash_if_empty("") } else { lessons },
    ])
}
