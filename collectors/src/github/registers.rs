//! Issues that are rows of a register, by their label: `register:<register>`, or one that a live source names.
//!
//! The text of the issue gives the columns, see [`model::registers::of_issue`]. An issue that lacks a needed column, or of which
//! a column cannot be read, is a problem that names it, and no row. The row is declared at the issue's address.

use std::collections::BTreeSet;

use model::registers::{Issue, REGISTERS, of_issue};
use model::rows::{ObservedRecord, Row};
use model::time::instant;

use super::incidents::labels;
use super::piece::{Piece, text};
use super::restore_tests::newest;
use super::selection::Wanted;
use crate::{Batch, Sink, problem};

/// Hands on the rows among issues; the newest state of each.
pub(super) fn read(
    batch: &Batch<'_>,
    issues: &[&Piece<'_>],
    known: &BTreeSet<String>,
    wanted: &Wanted,
    sink: &mut dyn Sink,
) {
    for (table, _) in REGISTERS {
        for (id, piece) in newest(issues, known, wanted, |labels| wanted.is_of_register(labels, table)) {
            row(batch, table, &id, piece, wanted, sink);
        }
    }
}

fn row(batch: &Batch<'_>, table: &'static str, id: &str, piece: &Piece<'_>, wanted: &Wanted, sink: &mut dyn Sink) {
    let value = &piece.value;
    let url = text(value, "html_url").unwrap_or_else(|| id.to_owned());
    let time = |key: &str| text(value, key).and_then(|t| instant(&t, batch.timezone).ok());
    let author = value.get("user").and_then(|user| text(user, "login"));
    let issue = Issue {
        id,
        url: &url,
        text: &text(value, "body").unwrap_or_default(),
        opened_at: time("created_at"),
        closed_at: time("closed_at"),
        author: author.as_deref(),
        labels: &labels(value),
    };
    match of_issue(table, &issue, &wanted.selection.register_fields, batch.timezone) {
        Ok(None) => {}
        Ok(Some(rows)) => {
            let origin = batch.origin(piece.document, id, &*piece.pointer);
            sink.row(Row::Record(ObservedRecord { table, rows: Box::new(rows), origin }));
        }
        Err(faults) => {
            for fault in faults.0 {
                let place = format!("{}/body, line {}", piece.pointer, fault.line);
                let help = fault.help.map(|h| format!("; {h}")).unwrap_or_default();
                let message = format!("issue {id} as a row of {table}: {}{help}", fault.message);
                sink.problem(problem(piece.document, Some(place), message));
            }
        }
    }
}
