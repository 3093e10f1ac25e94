//! Any bytes to any reader: the first byte picks the kind of source, the second the name of the document.
#![no_main]

use std::sync::Arc;

use collectors::{Batch, Document, KINDS, Kept};
use libfuzzer_sys::fuzz_target;

const NAMES: &[&str] = &[
    "a.json", "a.jsonl", "a.csv", "a.log", "a.toml", "a.md", "runs.json", "a.run.json", "a.sql",
    "session_statistics.2026-10-23T03:30:00+02:00.data",
    "base_000000010000000000000002_backup_stop_sentinel.json", "00000002.history",
];

fuzz_target!(|data: &[u8]| {
    let [kind, name, bytes @ ..] = data else { return };
    let kind = &KINDS[*kind as usize % KINDS.len()];
    let name = NAMES[*name as usize % NAMES.len()];
    let _ = (kind.claim)(name, &bytes[..bytes.len().min(8192)]);
    let documents = [Document::in_memory(name, "digest", None, bytes.to_vec())];
    let batch = Batch {
        source_id: Arc::from("fuzz"),
        kind: Arc::from(kind.name),
        timezone: model::time::zone("Europe/Berlin").ok(),
        collected_at: model::time::instant("2026-11-22T23:59:59Z", None).expect("an instant"),
        documents: &documents,
    };
    (kind.parse)(&batch, &mut Kept::default());
});
