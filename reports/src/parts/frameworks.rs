//! Controls of frameworks, counted by state.

use std::collections::BTreeMap;

use model::dossier::Dossier;

use super::{heading, note, population, text};
use crate::block::{Align, Block, Table, column, row, strong};

/// Columns of the table, by the state of a control.
const STATES: [&str; 6] = ["pass", "fail", "waived", "no_evidence", "not_applicable", ""];

pub(crate) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut frameworks: BTreeMap<String, [u32; STATES.len()]> = BTreeMap::new();
    for control in population(d, "controls") {
        let state = match control("state") {
            state if state == "fail" && control("only_waived") == "true" => "waived".to_owned(),
            state => state,
        };
        let counts = frameworks.entry(control("framework_name")).or_default();
        if let Some(count) = STATES.iter().position(|s| *s == state).and_then(|n| counts.get_mut(n)) {
            *count += 1;
        }
    }
    if frameworks.is_empty() {
        return Vec::new();
    }
    let heads = ["Held", "Exceptions noted", "Under a waiver only", "No evidence", "Not applicable", "Not judged"];
    let mut columns = vec![column("Framework", Align::Left, 4.0)];
    columns.extend(heads.map(|head| column(head, Align::Right, 1.2)));
    let line = |(framework, counts): (&String, &[u32; STATES.len()])| {
        let mut cells = vec![vec![strong(framework.clone())]];
        cells.extend(counts.map(|n| text(n.to_string())));
        row(cells)
    };
    vec![
        heading(1, "frameworks", "Controls of frameworks"),
        note(
            "Controls that backup and restore evidence bears on, by the worst result of their checks: a failure before missing evidence before a pass. \
             Held says that all evidence we have speaks for the control, not that the control is met as a whole. Not judged: no check bears on it.",
        ),
        Table::new(
            "frameworks-table".to_owned(),
            "Controls by framework".to_owned(),
            columns,
            frameworks.iter().map(line).collect(),
        )
        .footnote(text("Each control with its checks: the sheet controls of the workbook."))
        .into(),
    ]
}
