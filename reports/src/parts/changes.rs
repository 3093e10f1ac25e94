//! What is otherwise than in the period before.

use model::dossier::Dossier;

use super::{count, evidenced, heading, note, para, population, text};
use crate::block::{Align, Block, Table, code, column, row};

/// Most lines of the table; the workbook holds all.
const LINES: usize = 120;

/// Whether a change tells a reader something: not a result that came, went, or turned from unknown to good.
fn tells(kind: &str, before: &str, after: &str) -> bool {
    kind != "result"
        || !before.is_empty() && !after.is_empty() && (before == "pass" || [before, after].contains(&"fail"))
}

pub(crate) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "changes", "What changed since the period before")];
    let changes = population(d, "drift");
    if changes.is_empty() {
        out.push(para(text(
            "Scope, plans, settings, exceptions and results stand as they did at the end of the period before.",
        )));
        return out;
    }
    out.push(note(
        "Scope, plans, settings that platforms showed, approved exceptions and results of checks, each as it stood at the end of the period before \
         and at the end of this one. Of results those are shown that got worse, or that failed at one of the two times.",
    ));
    let shown: Vec<_> = changes.iter().filter(|c| tells(&c("kind"), &c("before"), &c("after"))).take(LINES).collect();
    let more = changes.len() - shown.len();
    let said = |word: &str| if word.is_empty() { text("–") } else { text(word.replace('_', " ")) };
    let table = Table::new(
        "changes-table".to_owned(),
        count(changes.len(), "change", "changes"),
        vec![
            column("What", Align::Left, 1.1),
            column("Of", Align::Left, 3.0),
            column("Field", Align::Left, 1.6),
            column("Before", Align::Left, 2.2),
            column("Now", Align::Left, 2.2),
        ],
        shown
            .iter()
            .map(|c| {
                row(vec![
                    said(&c("kind")),
                    vec![code(c("subject"))],
                    said(&c("field")),
                    said(&c("before")),
                    said(&c("after")),
                ])
            })
            .collect(),
    )
    .footnote(if more == 0 {
        Vec::new()
    } else {
        text(format!(
            "{} not shown here. All of them: the sheet drift of the workbook.",
            count(more, "further change is", "further changes are")
        ))
    });
    out.extend(evidenced(
        d,
        table,
        &["backup_runs", "recovery_points", "restore_tests", "storage_locations", "backup_plans"],
        None,
        "Scope, plans and exceptions come from the inventory and the registers of the workspace.",
    ));
    out
}
