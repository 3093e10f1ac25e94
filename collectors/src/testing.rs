//! Shared by the tests of all readers: batches from the sample folders, and their ground truth.
//!
//! The samples are real outputs of real tools, kept in `tests/samples/<tool>/` (`runs.json`, `truth.json`,
//! `evidence/`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::time::{instant, zone};

use crate::{Batch, Document, Kept, Kind};

/// Folder of one tool's sample.
pub fn sample(tool: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/samples").join(tool)
}

/// Every file below `folder` as documents, names relative to it, in order. Digest = name, for readable failures.
pub fn documents(folder: &Path) -> Vec<Document> {
    let mut out: Vec<Document> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|e| e.file_type().is_file())
        .map(|e| {
            let name = e.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            Document::in_memory(name.clone(), name, None, std::fs::read(e.path()).unwrap())
        })
        .collect();
    out.sort_by(|a, b| a.name().cmp(b.name()));
    out
}

/// Parses documents as a source of this kind, collected at the end of 2026-11-22.
pub fn parse(kind: &Kind, timezone: Option<&str>, documents: &[Document]) -> Kept {
    let batch = Batch {
        source_id: Arc::from("test"),
        kind: Arc::from(kind.name),
        timezone: timezone.map(|t| zone(t).unwrap()),
        collected_at: instant("2026-11-22T23:59:59Z", None).unwrap(),
        documents,
    };
    let mut kept = Kept::default();
    (kind.parse)(&batch, &mut kept);
    kept
}

/// One document in memory, for cases beyond the samples.
pub fn text(name: &str, content: &str) -> Document {
    Document::in_memory(name, name, None, content.as_bytes().to_vec())
}
