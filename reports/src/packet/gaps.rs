//! What could not be determined, and why, on a page of its own.

use std::collections::BTreeMap;

use model::assessment::State as S;
use model::dossier::Dossier;
use model::evidence::SourceStatus;

use crate::block::{Align, Block, TableRow, badge, column, link, row, strong};
use crate::parts::{count, heading, note, of_source, para, table, text};

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "gaps", "Gaps")];
    out.push(note(
        "What could not be determined, and why. Nothing of it counts as a pass, in no figure of this packet.",
    ));
    let mut rows: Vec<TableRow> = Vec::new();
    for s in d.sources.iter().filter(|s| s.status != SourceStatus::Complete) {
        rows.push(row(vec![
            vec![badge(of_source(s.status), s.status.as_str())],
            vec![strong(format!("source {}", s.name))],
            text(s.reason.clone()),
        ]));
    }
    for s in d.systems.iter().filter(|s| s.slots[2] > 0) {
        rows.push(row(vec![
            vec![badge(crate::block::State::Unknown, "unknown")],
            vec![strong(s.name.clone())],
            text(format!(
                "{} without a record, in a time that no complete source covers.",
                count(usize::try_from(s.slots[2]).unwrap_or(usize::MAX), "expected run", "expected runs")
            )),
        ]));
    }
    let mut reasons: BTreeMap<&str, (usize, Vec<&str>)> = BTreeMap::new();
    for r in d.assessment.results.iter().filter(|r| r.state == S::NoEvidence) {
        for reason in &r.reasons {
            let entry = reasons.entry(reason).or_default();
            entry.0 += 1;
            if !entry.1.contains(&r.check.as_str()) {
                entry.1.push(&r.check);
            }
        }
    }
    for (reason, (n, checks)) in reasons {
        rows.push(row(vec![
            vec![badge(crate::block::State::Unknown, "no evidence")],
            vec![strong(reason.replace('_', " "))],
            text(format!("{} of {}.", count(n, "result", "results"), checks.join(", "))),
        ]));
    }
    if rows.is_empty() {
        out.push(para(text("Every source was read to its end and every check could be evaluated.")));
        return out;
    }
    out.push(table(
        "gaps-table",
        count(rows.len(), "gap", "gaps"),
        vec![column("State", Align::Left, 1.4), column("Where", Align::Left, 2.8), column("Why", Align::Left, 5.8)],
        rows,
    ));
    out.push(para(vec![
        crate::block::text("Each result without evidence, with what would be needed: "),
        link("missing", "What is missing"),
        crate::block::text("."),
    ]));
    out
}
