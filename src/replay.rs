//! From the store back to tables: every collection up to `as_of`, parsed again.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use collectors::{Batch, Document, Sink};
use model::evidence::{Problem, SourceRun, SourceStatus};
use model::parallel;
use model::rows::Row;
use model::time::{Instant, zone};
use store::{Store, StoreError};
use transform::frames::{Builder, Tables};

use crate::failure::Failure;

/// Reads every run manifest that was finished by `as_of` and parses what its sources gave.
///
/// A collection whose documents are all in a later one of the same source (an untouched or growing folder)
/// is not parsed again: the later observation of each record would replace it.
///
/// # Errors
/// A store that can't be read. Objects that are gone or damaged become problems: `verify` tells more.
pub fn tables(store: &Store, as_of: Instant) -> Result<Tables, Failure> {
    let mut builder = Builder::default();
    let mut all: Vec<SourceRun> = Vec::new();
    for recorded in store.manifests()? {
        let manifest = recorded?.manifest;
        if manifest.ended_at <= as_of {
            all.extend(manifest.sources);
        }
    }
    let sets: Vec<BTreeSet<(&str, &str)>> =
        all.iter().map(|s| s.pages.iter().map(|p| (p.name.as_str(), p.object.as_str())).collect()).collect();
    let mut later: Vec<Vec<Problem>> = vec![Vec::new(); all.len()];
    for (i, run) in all.iter().enumerate() {
        let replaced = (i + 1..all.len()).any(|j| {
            all[j].kind == run.kind
                && all[j].source_id == run.source_id
                && all[j].timezone == run.timezone
                && sets[i].is_subset(&sets[j])
        });
        if replaced {
            continue;
        }
        let (mut found, changed) = undamaged(store, run);
        for problem in changed {
            builder.changed(format!("{}.{}", run.kind, run.source_id), problem);
        }
        let asked = run.pages.iter().any(|p| p.http_status.is_some());
        let partial = asked && run.status != SourceStatus::Complete;
        let mut into = Into { builder: &mut builder, partial, problems: std::mem::take(&mut found.problems) };
        parse(store, &found, &mut into);
        later[i] = into.problems;
    }
    for (mut run, later) in all.into_iter().zip(later) {
        later_problems(&mut run, later);
        builder.collection(run);
    }
    Ok(builder.finish()?)
}

/// The run with the documents whose bytes are still those that were kept; the others are its problems, and of them those
/// that are gone or changed, and not merely unreadable. Rows of changed bytes must not count, and a reader tells of the
/// change only after it has handed on the rows before it.
fn undamaged(store: &Store, run: &SourceRun) -> (SourceRun, Vec<Problem>) {
    let mut changed = Vec::new();
    let mut out = SourceRun { pages: Vec::new(), problems: Vec::new(), ..run.clone() };
    let whole = parallel::map(&run.pages, |page| {
        let object = store.checked_object(&page.object).map_err(as_io)?;
        io::copy(&mut BufReader::with_capacity(1 << 18, object), &mut io::sink())
    });
    for (page, whole) in run.pages.iter().zip(whole) {
        match whole {
            Ok(_) => out.pages.push(page.clone()),
            Err(e) => {
                let problem = Problem { document: page.name.clone(), place: None, message: e.to_string() };
                if matches!(e.kind(), io::ErrorKind::InvalidData | io::ErrorKind::NotFound) {
                    changed.push(problem.clone());
                }
                out.problems.push(problem);
            }
        }
    }
    (out, changed)
}

/// The error with a kind that tells an object that is gone from one that cannot be read.
fn as_io(error: StoreError) -> io::Error {
    match error {
        StoreError::Io(error) => error,
        StoreError::NoObject(_) => io::Error::new(io::ErrorKind::NotFound, error),
        error => io::Error::other(error),
    }
}

/// What is wrong now and was not when the source was collected makes it incomplete.
fn later_problems(run: &mut SourceRun, later: Vec<Problem>) {
    let new: Vec<Problem> = later.into_iter().filter(|p| !run.problems.contains(p)).collect();
    if let Some(first) = new.first() {
        if run.status == SourceStatus::Complete {
            run.status = SourceStatus::Incomplete;
            run.reason = Some(first.to_string());
        }
        run.problems.extend(new);
    }
}

struct Into<'a> {
    builder: &'a mut Builder,
    /// True for a service that could not be asked everything: what a listing lacks may be where nothing was told, so it
    /// proves no deletion.
    partial: bool,
    problems: Vec<Problem>,
}

impl Sink for Into<'_> {
    fn row(&mut self, mut row: Row) {
        if let Row::Listing(listing) = &mut row {
            listing.complete &= !self.partial;
        }
        self.builder.row(row);
    }
    fn problem(&mut self, problem: Problem) {
        self.builder.problem(problem.clone());
        self.problems.push(problem);
    }
    fn passed_over(&mut self, _document: &str, _reason: &str) {}
}

/// Parses what one source gave in one run. Its objects are taken as they are: see [`undamaged`].
pub fn parse(store: &Store, run: &SourceRun, sink: &mut dyn Sink) {
    let Some(kind) = collectors::kind(&run.kind) else {
        sink.problem(Problem {
            document: run.endpoint.clone(),
            place: None,
            message: format!("source kind {} is not known to this version: its rows are missing", run.kind),
        });
        return;
    };
    let documents: Vec<Document> = run
        .pages
        .iter()
        .map(|page| {
            let (store, digest) = (store.clone(), page.object.clone());
            let open =
                move || -> io::Result<Box<dyn Read>> { Ok(Box::new(store.object(&digest).map_err(io::Error::other)?)) };
            Document::new(page.name.clone(), page.object.clone(), page.bytes, page.modified_at, Arc::new(open))
        })
        .collect();
    let batch = Batch {
        source_id: Arc::from(run.source_id.as_str()),
        kind: Arc::from(run.kind.as_str()),
        timezone: run.timezone.as_deref().and_then(|t| zone(t).ok()),
        collected_at: run.collected_at,
        documents: &documents,
    };
    (kind.parse)(&batch, sink);
}

#[cfg(test)]
mod tests {
    use model::rows::{Listing, Origin};

    use super::*;

    #[test]
    fn a_listing_of_a_service_that_was_not_told_whole_proves_no_deletion() {
        for partial in [false, true] {
            let mut builder = Builder::default();
            let at = model::time::instant("2026-11-22T00:00:00Z", None).unwrap();
            let origin = Origin {
                source_id: Arc::from("db"),
                kind: Arc::from("rds"),
                record_id: "l".to_owned(),
                observed_at: at,
                evidence: Arc::from("e"),
                pointer: String::new(),
            };
            let listing = Listing {
                resource: "r".to_owned(),
                listed_at: at,
                recovery_point_ids: Vec::new(),
                complete: true,
                origin,
            };
            Into { builder: &mut builder, partial, problems: Vec::new() }.row(Row::Listing(listing));
            assert_eq!(builder.finish().unwrap().listings[0].complete, !partial);
        }
    }
}
