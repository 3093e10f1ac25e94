//! What was due and is not done: restore tests, remedies of exceptions, actions, reviews of documents.

use model::assessment::State as Result;
use model::dossier::Dossier;

use super::rest;
use crate::block::{Align, Block, Inlines, State, Table, TableRow, badge, code, column, row, strong, text as plain};
use crate::parts::{count, dash_if_empty, first_sentence, heading, note, short, table_or, text};

/// Most lines.
const LINES: usize = 10;

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "overdue", "Overdue restore tests, exceptions and actions")];
    let mut rows: Vec<TableRow> =
        tests(d).into_iter().chain(waivers(d)).chain(actions(d)).chain(documents(d)).collect();
    let columns = vec![
        column("What", Align::Left, 1.4),
        column("Which", Align::Left, 2.6),
        column("Why it is overdue", Align::Left, 4.2),
        column("Whose", Align::Left, 1.6),
    ];
    let caption = count(rows.len(), "thing is overdue", "things are overdue");
    let more = rows.len().saturating_sub(LINES);
    rows.truncate(LINES);
    let footnote = rest(
        more,
        "further thing is",
        "further things are",
        "the sheets findings, waivers and actions of the workbook",
    );
    let table = Table::new("overdue-table", caption, columns, rows).footnote(footnote).dense();
    out.push(table_or("Nothing that is on record is overdue.", table));
    let pending =
        d.assessment.results.iter().filter(|r| r.check == "RST-01" && r.state == Result::NotApplicable).count();
    let mut remarks = Vec::new();
    if pending > 0 {
        remarks.push(format!(
            "Of {} the quarter still runs or the first restore test is not yet due.",
            count(pending, "system", "systems")
        ));
    }
    let absent: Vec<&str> =
        [("actions", d.governance.actions.is_none()), ("documents", d.governance.documents.is_none())]
            .into_iter()
            .filter_map(|(name, gone)| gone.then_some(name))
            .collect();
    if !absent.is_empty() {
        remarks.push(format!("Not known, because no register was given: {}.", absent.join(", ")));
    }
    if !remarks.is_empty() {
        out.push(note(remarks.join(" ")));
    }
    out
}

fn line(what: &str, which: Inlines, why: String, whose: &str) -> TableRow {
    row(vec![vec![badge(State::Failed, what)], which, text(why), dash_if_empty(whose)])
}

/// Quarters that ended without a restore test, and significant changes that none followed.
fn tests(d: &Dossier) -> Vec<TableRow> {
    let late = d.findings.iter().filter(|f| !f.waived && ["RST-01", "RST-02"].contains(&f.check.as_str()));
    late.map(|f| {
        line("restore test", vec![strong(f.unit_name.clone())], first_sentence(&f.detail).to_owned(), &f.owner)
    })
    .collect()
}

fn waivers(d: &Dossier) -> Vec<TableRow> {
    let late = d.waivers.iter().filter(|w| w.remediation_overdue || w.standing == "expired");
    late.map(|w| {
        let mut why = Vec::new();
        if w.standing == "expired" {
            why.push(w.why.clone());
        }
        if w.remediation_overdue {
            why.push(format!("The deviation was to end by {}.", w.remediation_due));
        }
        let which = vec![code(w.exception_id.clone()), plain(format!(" {}", w.systems.join(", ")))];
        line("exception", which, why.join(" "), "")
    })
    .collect()
}

fn actions(d: &Dossier) -> Vec<TableRow> {
    let late = d.governance.actions.iter().flatten().filter(|a| a.overdue);
    late.map(|a| {
        let which = vec![code(a.action_id.clone()), plain(format!(" {}", a.origin))];
        line("action", which, format!("It was due by {} UTC.", short(a.due_at)), &a.owner)
    })
    .collect()
}

/// Documents whose newest version was to be reviewed before the end of the period.
fn documents(d: &Dossier) -> Vec<TableRow> {
    let today = d.assessment.period.end.min(d.assessment.period.as_of).format("%Y-%m-%d").to_string();
    let all: Vec<_> = d.governance.documents.iter().flatten().collect();
    let newest =
        |n: usize| all.get(n + 1).is_none_or(|next| all.get(n).is_some_and(|one| next.document_id != one.document_id));
    let late = all
        .iter()
        .enumerate()
        .filter(|(n, doc)| newest(*n) && !doc.next_review_due.is_empty() && doc.next_review_due < today);
    late.map(|(_, doc)| {
        let which = vec![code(doc.document_id.clone()), plain(format!(" {}, version {}", doc.title, doc.version))];
        line("document", which, format!("Its review was due by {}.", doc.next_review_due), "")
    })
    .collect()
}
