//! Records that a wrapper left of backup commands that print too little (`backproof record`): the
//! exit code tells the state. Records of restores belong to a source of restore reports.

use std::collections::BTreeSet;

use model::rows::{BackupRun, Row, RunStatus};
use model::time::utc_text;

use super::head;
use crate::record::{RunRecord, is_record_name, records};
use crate::{Batch, Document, Sink, problem};

/// Reads the recorded commands of a batch; answers the names of the documents that are done with:
/// records, and what their commands printed.
pub(super) fn runs(batch: &Batch<'_>, sink: &mut dyn Sink) -> BTreeSet<String> {
    let documents: Vec<Document> = batch.documents.iter().filter(|d| is_recorded(d)).cloned().collect();
    let mut done: BTreeSet<String> = documents.iter().map(|d| d.name().to_owned()).collect();
    let recorded = Batch {
        source_id: batch.source_id.clone(),
        kind: batch.kind.clone(),
        timezone: batch.timezone,
        collected_at: batch.collected_at,
        documents: &documents,
    };
    for record in records(&recorded, sink) {
        for output in [&record.stdout, &record.stderr].into_iter().flatten() {
            if batch.document(output).is_some() && done.insert(output.clone()) {
                sink.passed_over(output, "output of a recorded command; the record is read");
            }
        }
        match run(batch, &record) {
            Some(run) => sink.row(Row::Run(run)),
            None => {
                let place = (!record.pointer.is_empty()).then(|| record.pointer.clone());
                let message =
                    format!("record {:?} names no `system`: not read; give the wrapper the system", record.id);
                sink.problem(problem(&record.document, place, message));
            }
        }
    }
    done
}

/// True for a record of a command, whose name it may share with a list of runs.
fn is_recorded(document: &Document) -> bool {
    let has = |head: &[u8], key: &str| head.windows(key.len()).any(|w| w == key.as_bytes());
    is_record_name(document.name())
        && head(document)
            .is_ok_and(|h| h.trim_ascii().starts_with(b"{") && has(&h, "\"command\"") && !has(&h, "\"run_id\""))
}

fn run(batch: &Batch<'_>, record: &RunRecord) -> Option<BackupRun> {
    let system = record.system.clone()?;
    let (status, raw) = match (&record.killed_by, record.exit_code) {
        (Some(signal), _) => (RunStatus::Aborted, format!("killed by {signal}")),
        (None, Some(0)) => (RunStatus::Success, "exit code 0".to_owned()),
        (None, Some(code)) => (RunStatus::Failed, format!("exit code {code}")),
        (None, None) => (RunStatus::Unknown, "no exit code".to_owned()),
    };
    // A wrapper may write the same file name each night.
    let started = record.started_at.map(|at| format!(" {}", utc_text(at))).unwrap_or_default();
    let id = format!("{}{started}", record.document.sibling(&record.id));
    let mut run = BackupRun::new(batch.origin(&record.document, id.clone(), record.pointer.clone()), id, status, raw);
    run.system_id = Some(system);
    run.plan_id.clone_from(&record.plan_id);
    run.started_at = record.started_at;
    run.ended_at = record.finished_at;
    Some(run)
}
