//! From the store back to tables: every collection up to `as_of`, parsed again.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::sync::Arc;

use collectors::{Batch, Document, Sink};
use model::evidence::{Problem, SourceRun};
use model::rows::Row;
use model::time::{Instant, zone};
use store::Store;
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
    for (i, run) in all.iter().enumerate() {
        let replaced = (i + 1..all.len()).any(|j| {
            all[j].kind == run.kind
                && all[j].source_id == run.source_id
                && all[j].timezone == run.timezone
                && sets[i].is_subset(&sets[j])
        });
        if !replaced {
            parse(store, run, &mut Into(&mut builder));
        }
    }
    for run in all {
        builder.collection(run);
    }
    Ok(builder.finish()?)
}

struct Into<'a>(&'a mut Builder);

impl Sink for Into<'_> {
    fn row(&mut self, row: Row) {
        self.0.row(row);
    }
    fn problem(&mut self, problem: Problem) {
        self.0.problem(problem);
    }
    fn passed_over(&mut self, _document: &str, _reason: &str) {}
}

/// Parses what one source gave in one run.
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
            let open = move || -> io::Result<Box<dyn Read>> {
                Ok(Box::new(store.checked_object(&digest).map_err(io::Error::other)?))
            };
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
