//! Shared by the tests of all readers: batches from the sample folders, and their ground truth.
//!
//! The samples are real outputs of real tools, kept in `tests/samples/<tool>/` (`runs.json`, `truth.json`,
//! `evidence/`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::rows::{BackupRun, IntegrityCheck, Listing, RecoveryPoint, RestoreTest, Row, RunStatus};
use model::time::{Instant, instant, zone};
use serde_json::Value;

use crate::{Batch, Document, Kept, Kind};

/// A function that gives all rows of one table.
macro_rules! rows {
    ($name:ident, $variant:ident, $row:ty) => {
        /// Rows of this table, in reading order.
        pub fn $name(kept: &Kept) -> Vec<&$row> {
            kept.rows.iter().filter_map(|r| if let Row::$variant(row) = r { Some(row) } else { None }).collect()
        }
    };
}
pub(crate) use rows;
rows!(runs, Run, BackupRun);
rows!(points, RecoveryPoint, RecoveryPoint);
rows!(restores, RestoreTest, RestoreTest);
rows!(checks, IntegrityCheck, IntegrityCheck);
rows!(listings, Listing, Listing);

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

/// What a source's folder holds of a sample: run records and evidence.
pub fn sample_documents(tool: &str) -> Vec<Document> {
    let ours = |d: &Document| d.name() == "runs.json" || d.name().starts_with("evidence/");
    documents(&sample(tool)).into_iter().filter(ours).collect()
}

/// Entries of a sample's `truth.json`.
pub fn truth(tool: &str) -> Vec<Value> {
    let bytes = std::fs::read(sample(tool).join("truth.json")).unwrap();
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    value["runs"].as_array().unwrap().clone()
}

/// Status words of the ground truth in ours.
pub fn word(truth: &Value) -> &str {
    match truth.as_str().unwrap() {
        "warning" => "partial",
        "interrupted" => "aborted",
        same => same,
    }
}

/// True where a time is that of the truth, within its tolerance or a second.
pub fn same_time(got: Option<Instant>, want: &Value, tolerance: f64) -> bool {
    match (got, want.as_str().map(|t| instant(t, None).unwrap())) {
        (None, None) => true,
        (Some(got), Some(want)) => ((got - want).num_milliseconds().abs() as f64) < tolerance.max(1.0) * 1000.0,
        _ => false,
    }
}

/// Asserts that a time is the wanted one (a JSON text or null), within a tolerance in seconds.
pub fn assert_time(case: &str, got: Option<Instant>, want: &Value, tolerance: f64) {
    match (got, want.as_str().map(|t| instant(t, None).unwrap())) {
        (None, None) => {}
        (Some(got), Some(want)) => {
            let off = (got - want).num_milliseconds().abs();
            assert!(off <= (tolerance * 1000.0) as i64, "{case}: {got} instead of {want}");
        }
        other => panic!("{case}: {other:?}"),
    }
}

/// What a row says about the things that truth speaks of; `None` where rows of its table say nothing about them.
struct Says<'k> {
    id: &'k str,
    status: &'k str,
    start: Option<Instant>,
    end: Option<Instant>,
    bytes: Option<Option<u64>>,
    stored: Option<Option<u64>>,
    encrypted: Option<Option<bool>>,
    point: Option<Option<&'k str>>,
}

impl<'k> Says<'k> {
    fn run(row: &'k BackupRun) -> Self {
        Self {
            id: &row.run_id,
            status: row.status.as_str(),
            start: row.started_at,
            end: row.ended_at,
            bytes: Some(row.bytes),
            stored: Some(row.bytes_stored),
            encrypted: Some(row.encrypted),
            point: Some(row.recovery_point_id.as_deref()),
        }
    }

    fn restore(row: &'k RestoreTest) -> Self {
        Self {
            id: &row.test_id,
            status: row.result.as_str(),
            start: row.started_at,
            end: row.restore_finished_at.or(row.ended_at),
            bytes: Some(row.bytes),
            stored: None,
            encrypted: None,
            point: Some(row.recovery_point_id.as_deref()),
        }
    }

    fn check(row: &'k IntegrityCheck) -> Self {
        let (status, start, end) = (row.status.as_str(), row.started_at, row.ended_at);
        Self { id: &row.check_id, status, start, end, bytes: None, stored: None, encrypted: None, point: None }
    }

    /// What differs from an entry of the truth. `known` are (entry, field) where a difference has a reason.
    fn differences(&self, entry: &Value, known: &[(&str, &str)]) -> Vec<String> {
        let id = entry["id"].as_str().unwrap();
        let tolerance = entry["tolerance_s"].as_f64().unwrap_or(1.0);
        let mut out = Vec::new();
        let mut compare = |field: &str, same: bool, told: &dyn std::fmt::Debug| {
            if same == known.contains(&(id, field)) {
                out.push(format!("{id}: {field} is {told:?}, true is {} ({})", entry[field], self.id));
            }
        };
        compare("status", self.status == word(&entry["status"]), &self.status);
        compare("started_at", same_time(self.start, &entry["started_at"], tolerance), &self.start);
        compare("finished_at", same_time(self.end, &entry["finished_at"], tolerance), &self.end);
        if let Some(bytes) = self.bytes {
            compare("bytes", bytes == entry["bytes"].as_u64(), &bytes);
        }
        if let Some(stored) = self.stored {
            compare("bytes_stored", stored == entry["bytes_stored"].as_u64(), &stored);
        }
        if let Some(encrypted) = self.encrypted {
            compare("encrypted", encrypted == entry["encrypted"].as_bool(), &encrypted);
        }
        if let Some(point) = self.point {
            let wanted = entry["recovery_point"].as_str().and_then(|p| p.split(' ').next());
            compare("recovery_point", point == wanted, &point);
        }
        out
    }
}

/// How rows differ from a sample's truth: runs and restore tests no more and no fewer, each check of the truth once.
/// `known` are (entry, field) that differ for a reason; one that does not differ is told as well.
pub fn differences_from_truth(tool: &str, kept: &Kept, known: &[(&str, &str)]) -> Vec<String> {
    let entries = truth(tool);
    let mut out: Vec<String> = kept.problems.iter().map(|p| format!("{p:?}")).collect();
    let mut pair = |kinds: &[&str], mut rows: Vec<Says<'_>>, exactly: bool| {
        let is = |e: &&Value| kinds.iter().any(|k| e["kind"].as_str().unwrap().starts_with(k));
        let mut open: Vec<&Value> = entries.iter().filter(is).collect();
        // Best matches first, so that one bad row is one difference.
        for allowed in 0..=7 {
            open.retain(|entry| {
                let found = rows.iter().position(|row| row.differences(entry, known).len() == allowed);
                if let Some(at) = found {
                    out.extend(rows.remove(at).differences(entry, known));
                }
                found.is_none()
            });
        }
        out.extend(open.iter().map(|e| format!("{}: no row for it", e["id"])));
        if exactly {
            out.extend(rows.iter().map(|r| format!("a row that truth does not know: {}, {}", r.id, r.status)));
        }
    };
    pair(&["backup", "copy", "snapshot", "wal-archive"], runs(kept).into_iter().map(Says::run).collect(), true);
    pair(&["restore"], restores(kept).into_iter().map(Says::restore).collect(), true);
    pair(&["verify", "check"], checks(kept).into_iter().map(Says::check).collect(), false);
    out
}

/// One recorded command of a host in Prague, an hour before midnight UTC, with what it printed.
pub fn recorded(command: &str, exit: Option<i64>, stdout: &str, stderr: &str) -> Vec<Document> {
    let record = serde_json::json!({
        "command": command, "host": "app01", "tz": "Europe/Prague", "started_at": "2026-11-01T23:00:00Z",
        "finished_at": exit.map(|_| "2026-11-01T23:05:00Z"), "exit_code": exit, "stdout": "o", "stderr": "e",
    });
    vec![text("nightly.run.json", &record.to_string()), text("o", stdout), text("e", stderr)]
}

/// State and detail of the one run that there is.
pub fn verdict(kept: &Kept) -> (RunStatus, String) {
    let [run] = runs(kept)[..] else { panic!("{kept:?}") };
    (run.status, run.status_detail.clone().unwrap_or_default())
}

/// An instant, as rows have it.
pub fn at(text: &str) -> Option<Instant> {
    Some(instant(text, None).unwrap())
}

/// Reads every cut of every document of a sample, alone, and asserts that no run is a success that the whole sample
/// has not.
pub fn no_cut_gives_a_success(kind: &Kind, timezone: Option<&str>, documents: &[Document]) {
    let good = |kept: &Kept| -> Vec<String> {
        let good = |r: &&BackupRun| r.status == RunStatus::Success;
        runs(kept).into_iter().filter(good).map(|r| r.run_id.clone()).collect()
    };
    for document in documents {
        let whole = good(&parse(kind, timezone, std::slice::from_ref(document)));
        let bytes = document.bytes().unwrap();
        for cut in (0..bytes.len()).step_by(bytes.len() / 200 + 1) {
            let cut = Document::in_memory(document.name(), document.name(), None, bytes[..cut].to_vec());
            for id in good(&parse(kind, timezone, &[cut])) {
                assert!(whole.contains(&id), "{id} from a cut of {}", document.name());
            }
        }
    }
}

/// Rows as sorted text: what must not depend on the order of documents.
pub fn sorted(kept: &Kept) -> Vec<String> {
    let mut out: Vec<String> = kept.rows.iter().map(|r| format!("{r:?}")).collect();
    out.sort();
    out
}
