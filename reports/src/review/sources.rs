//! Where the figures come from, in short: complete sources share a line, each other one has its own with the reason.

use model::dossier::{Dossier, SourceSheet};
use model::evidence::SourceStatus;

use super::rest;
use crate::block::{Align, Block, Table, TableRow, badge, code, column, row, strong};
use crate::parts::{count, first_sentence, heading, note, of_source, short, text};

/// Most lines of sources that are not complete.
const LINES: usize = 8;

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    let (whole, broken): (Vec<&SourceSheet>, Vec<&SourceSheet>) =
        d.sources.iter().partition(|s| s.status == SourceStatus::Complete);
    let more = broken.len().saturating_sub(LINES);
    let mut rows: Vec<TableRow> = broken
        .iter()
        .take(LINES)
        .map(|s| {
            row(vec![
                vec![badge(of_source(s.status), s.status.as_str())],
                vec![code(s.name.clone())],
                text(short(s.collected_at)),
                text(first_sentence(&s.reason)),
            ])
        })
        .collect();
    if !whole.is_empty() {
        let times = || whole.iter().filter_map(|s| s.collected_at);
        let (from, to) = (short(times().min()), short(times().max()));
        let names: Vec<&str> = whole.iter().map(|s| s.name.as_str()).collect();
        rows.push(row(vec![
            vec![badge(of_source(SourceStatus::Complete), "complete")],
            vec![strong(count(whole.len(), "source", "sources"))],
            text(if from == to { from } else { format!("{from} to {to}") }),
            text(names.join(", ")),
        ]));
    }
    vec![
        heading(1, "sources", "Sources and completeness"),
        Table::new(
            "sources-table",
            "Where the figures of this report come from",
            vec![
                column("State", Align::Left, 1.2),
                column("Source", Align::Left, 1.6),
                column("Collected (UTC)", Align::Left, 1.7),
                column("Which, or why it is not complete", Align::Left, 5.5),
            ],
            rows,
        )
        .footnote(rest(more, "further source is", "further sources are", "incomplete too; see the monthly report"))
        .dense()
        .into(),
        note(
            "Complete: read to its end. What each source covers, its rows and objects: the monthly report. Incidents, exceptions, actions, \
             reviews and documents come from the registers of the workspace.",
        ),
    ]
}
