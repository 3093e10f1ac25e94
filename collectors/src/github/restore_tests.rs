//! Issues that are restore tests, by their label: the text of the issue is the report.
//!
//! Front matter or the headings of an issue form give the fields. The issue's number is its id, a label `system:<id>`
//! names its system where the text does not, and its closing is when the report was filed. An open issue without a
//! result is a test that is still to be done, and no row; a closed one without a result is a problem.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{RestoreTest, Row};
use model::time::instant;

use super::incidents::{labels, valued};
use super::piece::{Piece, repository, text};
use super::selection::Wanted;
use crate::restore_reports::{Report, of_text};
use crate::{Batch, Sink};

/// Hands on the restore tests among issues; the newest state of each.
pub(super) fn read(
    batch: &Batch<'_>,
    issues: &[&Piece<'_>],
    known: &BTreeSet<String>,
    wanted: &Wanted,
    sink: &mut dyn Sink,
) {
    for (id, piece) in newest(issues, known, wanted, |labels| wanted.is_restore_test(labels)) {
        if let Some(test) = test(batch, &id, piece, wanted, sink) {
            sink.row(Row::RestoreTest(test));
        }
    }
}

/// The issues of which `is_one` likes the labels, by `owner/repo#number`, each as it was last seen.
pub(super) fn newest<'p, 'd>(
    issues: &[&'p Piece<'d>],
    known: &BTreeSet<String>,
    wanted: &Wanted,
    is_one: impl Fn(&[String]) -> bool,
) -> BTreeMap<String, &'p Piece<'d>> {
    let mut newest: BTreeMap<String, (String, &Piece<'_>)> = BTreeMap::new();
    for piece in issues {
        if !is_one(&labels(&piece.value)) || piece.value.get("pull_request").is_some_and(|p| !p.is_null()) {
            continue;
        }
        let (Some(of), Some(number)) = (repository(piece, known), text(&piece.value, "number")) else { continue };
        if !wanted.has_repository(&of) {
            continue;
        }
        let updated = text(&piece.value, "updated_at").unwrap_or_default();
        let entry = newest.entry(format!("{of}#{number}")).or_insert((updated.clone(), piece));
        if updated >= entry.0 {
            *entry = (updated, piece);
        }
    }
    newest.into_iter().map(|(id, (_, piece))| (id, piece)).collect()
}

fn test(batch: &Batch<'_>, id: &str, piece: &Piece<'_>, wanted: &Wanted, sink: &mut dyn Sink) -> Option<RestoreTest> {
    let value = &piece.value;
    let closed = text(value, "closed_at").and_then(|t| instant(&t, batch.timezone).ok());
    let labels = labels(value);
    let report = Report {
        id,
        text: &text(value, "body").unwrap_or_default(),
        url: text(value, "html_url"),
        system: valued(&labels, "system").next(),
        finished: closed.is_some(),
        pointer: &piece.pointer,
        place: &format!("{}/body", piece.pointer),
    };
    let mut test = of_text(batch, piece.document, &report, &wanted.selection.restore_test_fields, sink)?;
    test.reported_at = closed;
    // The row is the issue's, whatever id the text gives the test.
    test.origin.record_id = id.to_owned();
    Some(test)
}
