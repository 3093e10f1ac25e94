//! Velero: backups, restores and schedules of Kubernetes clusters (up to 1.18).
//!
//! Read: JSON and YAML of `velero backup|restore|schedule get -o json`, of `kubectl get backups.velero.io,… -o json`, and
//! `velero-backup.json` as it lies in the bucket (one object, a list, or several one after another); results files
//! (`<name>-results.gz`, `restore-<name>-results.gz`); text of `velero backup|restore describe` and `get`.
//!
//! A backup counts by its phase: `Completed` is a success, also with warnings; `PartiallyFailed` left something out, so its
//! recovery point is not complete; phases of work and of waiting are no end. `Completed` with a volume snapshot that
//! did not complete is a partial one. A restore proves that objects were applied, not that the application works.
//!
//! Refused: sizes (Velero tells numbers of items only), the zone of text without an offset, logs.
//!
//! Resource: `velero:<schedule>`, or the backup's name without its time where it has no schedule; in another namespace than
//! `velero`, `velero:<namespace>/<schedule>`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::record::{RunRecord, is_record_name, records};
use crate::{Batch, Claim, Document, Kind, Sink, fetch, problem};

mod objects;
mod rows;
#[cfg(test)]
mod tests;
mod text;

use objects::{Found, Object, What};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "velero",
    title: "Velero",
    reads: "backups, restores and schedules of Velero as JSON, YAML or text, and its results files",
    tables: &["backup_runs", "recovery_points", "restore_tests", "backup_plans"],
    claim,
    parse,
    live: None,
};

/// Text is kept; the tarball of a backup and lists of its content are not.
fn claim(name: &str, head: &[u8]) -> Claim {
    let file = name.rsplit('/').next().unwrap_or(name);
    const LEFT: &[&str] = &[
        ".tar.gz",
        "-logs.gz",
        "-volumesnapshots.json.gz",
        "-csi-volumesnapshotcontents.json.gz",
        "-csi-volumesnapshotclasses.json.gz",
        "-podvolumebackups.json.gz",
        "-podvolumerestores.json.gz",
        "-resource-list.json.gz",
        "-itemoperations.json.gz",
        "-volumeinfo.json.gz",
    ];
    match LEFT.iter().find(|end| file.ends_with(*end)) {
        Some(_) => Claim::Pass("content of a backup; velero-backup.json and the results are read".to_owned()),
        None => fetch::claim_text(name, head),
    }
}

/// Most bytes of a document that are looked at to recognise it.
const HEAD: u64 = 64 << 10;

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let records = records(batch, sink);
    let mut found = Found { batch, objects: Vec::new(), lists: Vec::new(), results: BTreeMap::new() };
    let mut documents: Vec<&Document> = batch.documents.iter().filter(|d| !is_record_name(d.name())).collect();
    documents.sort_by(|a, b| a.name().cmp(b.name()));
    for document in documents {
        let of = |name: &Option<String>| name.as_deref() == Some(document.name());
        let record = records.iter().find(|r| of(&r.stdout) || of(&r.stderr));
        if let Err(e) = read(&mut found, document, record, sink) {
            sink.problem(problem(document, None, format!("{e}; collect the file again")));
        }
    }
    rows::emit(found, sink);
}

/// Reads one document by what is in it.
fn read(
    found: &mut Found<'_>,
    document: &Document,
    record: Option<&RunRecord>,
    sink: &mut dyn Sink,
) -> std::io::Result<()> {
    let head = document.head(HEAD)?;
    let head = String::from_utf8_lossy(&head);
    let begins = head.trim_start_matches('\u{feff}').trim_start();
    if begins.is_empty() {
        // A command that printed nothing is no damage.
        if record.is_none() {
            sink.problem(problem(document, None, "the file is empty; collect it again, or remove it"));
        }
    } else if begins.starts_with('{') {
        json(found, document, record, &document.text()?, sink);
    } else if begins.starts_with("apiVersion:") || begins.starts_with("---\napiVersion:") {
        let text = document.text()?;
        for (n, part) in text.split("\n---").enumerate() {
            let part = part.trim_start_matches("---").trim();
            if part.is_empty() {
                continue;
            }
            match serde_norway::from_str::<Value>(part) {
                Ok(value) => take(found, document, record, &value, &format!("document:{}", n + 1), sink),
                Err(e) => sink.problem(problem(document, None, format!("damaged YAML ({e}); export it again"))),
            }
        }
    } else if let Some(objects) = text::read(document, &document.lossy_text()?, sink) {
        let at = at(found.batch, document, record);
        found.objects.extend(objects.into_iter().map(|o| Object { at, ..o }));
    } else {
        sink.passed_over(document.name(), "no output of Velero");
    }
    Ok(())
}

/// When a document was printed.
fn at(batch: &Batch<'_>, document: &Document, record: Option<&RunRecord>) -> model::time::Instant {
    let told = record.and_then(|r| r.finished_at.or(r.started_at)).or_else(|| document.modified_at());
    told.unwrap_or(batch.collected_at)
}

/// One JSON text, or several one after another.
fn json(found: &mut Found<'_>, document: &Document, record: Option<&RunRecord>, text: &str, sink: &mut dyn Sink) {
    let ours = |text: &str| text.contains("velero.io/");
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut start = 0;
    let mut several = false;
    while let Some(next) = stream.next() {
        match next {
            Ok(value) => {
                let rest = text.get(stream.byte_offset()..).unwrap_or_default();
                several |= !rest.trim().is_empty();
                let line = text.get(..start).unwrap_or_default().matches('\n').count()
                    + text
                        .get(start..)
                        .unwrap_or_default()
                        .chars()
                        .take_while(|c| c.is_whitespace())
                        .filter(|c| *c == '\n')
                        .count();
                // A pointer below one of several values can't be written as one: the line is named.
                let pointer = if several { format!("line:{}", line + 1) } else { String::new() };
                take(found, document, record, &value, &pointer, sink);
            }
            Err(e) if several || ours(text) => {
                let place =
                    Some(format!("line:{}", text.get(..start).unwrap_or_default().matches('\n').count() + e.line()));
                sink.problem(problem(document, place, "damaged JSON; what stands before it was read: export it again"));
                break;
            }
            Err(_) => {
                sink.passed_over(document.name(), "no output of Velero");
                break;
            }
        }
        start = stream.byte_offset();
    }
}

fn take(
    found: &mut Found<'_>,
    document: &Document,
    record: Option<&RunRecord>,
    value: &Value,
    pointer: &str,
    sink: &mut dyn Sink,
) {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    let at = at(found.batch, document, record);
    let api = value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if let Some(items) = value.get("items").and_then(Value::as_array).filter(|_| kind.ends_with("List")) {
        let mut ours = false;
        let mut whole =
            record.is_none_or(|r| r.exit_code.is_none_or(|c| c == 0) && r.killed_by.is_none() && !filtered(r));
        // A page of a list that goes on.
        whole &= value.pointer("/metadata/continue").and_then(Value::as_str).is_none_or(str::is_empty);
        let mut names = Vec::new();
        for (n, item) in items.iter().enumerate() {
            let below = if pointer.is_empty() { format!("/items/{n}") } else { pointer.to_owned() };
            let of = item.get("kind").and_then(Value::as_str).unwrap_or_else(|| kind.trim_end_matches("List"));
            match objects::object(document, item, of, &below, at) {
                Ok(Some(object)) => {
                    ours = true;
                    names.extend((object.what == What::Backup).then(|| object.key()));
                    found.objects.push(object);
                }
                Ok(None) => {}
                Err(message) => {
                    (ours, whole) = (true, false);
                    sink.problem(problem(document, Some(below), message));
                }
            }
        }
        if kind == "BackupList" || !names.is_empty() {
            found.lists.push(objects::List {
                names,
                at,
                document: document.clone(),
                pointer: pointer.to_owned(),
                whole,
            });
        } else if !ours && !api.starts_with("velero.io/") {
            sink.passed_over(document.name(), "a list of objects that are none of Velero's backups or restores");
        }
        return;
    }
    if value.get("errors").is_some_and(Value::is_object) && value.get("warnings").is_some() {
        return found.result(document, value);
    }
    match objects::object(document, value, kind, pointer, at) {
        Ok(Some(object)) => found.objects.push(object),
        Ok(None) => sink.passed_over(document.name(), "JSON without backups, restores or schedules of Velero"),
        Err(message) => {
            sink.problem(problem(document, (!pointer.is_empty()).then(|| pointer.to_owned()), message));
        }
    }
}

/// True for a list that was asked for a part only.
fn filtered(record: &RunRecord) -> bool {
    record.command.split_whitespace().any(|w| {
        let name = w.split('=').next().unwrap_or(w);
        matches!(name, "-l" | "--selector" | "--field-selector")
    })
}
