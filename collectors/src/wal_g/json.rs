//! JSON of WAL-G: lists of base backups, `wal-show`, `wal-verify`, sentinels and metadata.

use model::rows::RunStatus;
use model::time::instant;
use serde_json::{Map, Value};

use super::{Found, Source, verify};
use crate::wal::base::BaseBackup;
use crate::wal::sentinel::{self, about, base_name, facts, is_facts};
use crate::wal::told::List;
use crate::{Document, Sink, problem};

/// Reads one JSON text. `line` is where it begins in a document that holds other things as well.
pub(super) fn read(found: &mut Found<'_>, source: Source<'_>, text: &str, line: Option<u64>, sink: &mut dyn Sink) {
    let document = source.document;
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(e) if line.is_some() || looks_ours(text) || found.command(source).is_some() => {
            let at = line.unwrap_or(1) + u64::try_from(e.line()).unwrap_or(1) - 1;
            let message = "damaged JSON, nothing of it is read; let WAL-G write it again";
            return sink.problem(problem(document, Some(format!("line:{at}")), message));
        }
        Err(_) => return sink.passed_over(document.name(), "no output of WAL-G"),
    };
    let command = found.command(source).map(|c| c.name.clone());
    match &value {
        Value::Array(all) if all.is_empty() => match command.as_deref() {
            // `wal-g backup-list --json` of an archive without backups.
            Some("backup-list") => list(found, source, &[], line, sink),
            Some("wal-show") => {}
            _ => sink.passed_over(document.name(), "an empty list, and nothing tells of what"),
        },
        Value::Array(all) if all.iter().all(|e| e.get("backup_name").is_some()) => {
            list(found, source, all, line, sink);
        }
        Value::Array(all) if all.iter().all(|e| e.get("start_segment").is_some() && e.get("id").is_some()) => {
            verify::show(found, source, all, line, sink);
        }
        Value::Object(object) if object.contains_key("integrity") || object.contains_key("timeline") => {
            verify::verify(found, source, object, line, sink);
        }
        Value::Object(object) if is_facts(object) || about(document.name()).is_some() => {
            beside(found, source, object, sink)
        }
        _ => sink.passed_over(document.name(), "JSON without base backups or segments of WAL-G"),
    }
}

/// True where a damaged text still shows whose it is.
fn looks_ours(text: &str) -> bool {
    let head: String = text.chars().take(4096).collect();
    ["\"backup_name\"", "\"wal_file_name\"", "\"start_segment\"", "\"LSN\"", "\"start_lsn\"", "\"segments_count\""]
        .iter()
        .any(|key| head.contains(key))
}

/// Pointer of an entry of a list.
pub(super) fn entry(line: Option<u64>, below: &str) -> String {
    line.map_or_else(|| below.to_owned(), |line| format!("line:{line}"))
}

pub(super) fn list(found: &mut Found<'_>, source: Source<'_>, all: &[Value], line: Option<u64>, sink: &mut dyn Sink) {
    let (document, place, at) = (source.document, found.place(source), found.at(source));
    let mut whole = found.told.ended_well(source.record);
    let names: Vec<String> =
        all.iter().filter_map(|e| e.get("backup_name").and_then(Value::as_str)).map(str::to_owned).collect();
    for (n, element) in all.iter().enumerate() {
        let pointer = entry(line, &format!("/{n}"));
        match element.as_object().and_then(|o| Some((o, o.get("backup_name")?.as_str()?))) {
            Some((object, name)) => {
                if let Some(base) = listed(found, document, &pointer, object, name, &names, sink) {
                    found.told.base(&place, base);
                }
            }
            None => {
                whole = false;
                let message = "a base backup without a name; let WAL-G write the list again";
                sink.problem(problem(document, Some(pointer), message));
            }
        }
    }
    let pointer = entry(line, "");
    let names = names.into_iter().filter(|n| base_name(n).is_some()).collect();
    found.told.lists.push(List { names, at, document: document.clone(), pointer, place, whole });
}

/// One entry of a list. It is listed because its sentinel is there.
fn listed(
    found: &Found<'_>,
    document: &Document,
    pointer: &str,
    object: &Map<String, Value>,
    name: &str,
    all: &[String],
    sink: &mut dyn Sink,
) -> Option<BaseBackup> {
    let Some(parsed) = base_name(name) else {
        sink.problem(problem(document, Some(pointer.to_owned()), format!("{name} is no base backup of PostgreSQL")));
        return None;
    };
    let (mut told, bad) = facts(object);
    let fault = |key: &str, sink: &mut dyn Sink| {
        let message = format!("{key} can't be read; the field is left out");
        sink.problem(problem(document, Some(format!("{pointer}/{key}")), message));
    };
    bad.iter().for_each(|key| fault(key, sink));
    // When its sentinel was stored, which is when it was finished.
    let stored = object.get("time").or_else(|| object.get("modified")).filter(|v| !v.is_null());
    match stored.and_then(Value::as_str).map(|t| instant(t, None)) {
        Some(Ok(at)) => told.finished_at = told.finished_at.or(Some(at).filter(|at| at.timestamp() > 0)),
        Some(Err(_)) => fault("time", sink),
        None if stored.is_some() => fault("time", sink),
        None => {}
    }
    let parent = parsed.parent.filter(|p| !all.iter().any(|n| base_name(n).is_some_and(|n| n.start == *p)));
    Some(BaseBackup {
        name: name.to_owned(),
        status: RunStatus::Success,
        raw: "listed".to_owned(),
        detail: parent.map(|_| "its parent is not listed".to_owned()),
        increment: parsed.parent.is_some() || told.parent.is_some(),
        complete: Some(parent.is_none()),
        zone_unknown: false,
        facts: told,
        origin: found.told.batch.origin(document, "", pointer),
    })
}

/// A sentinel or metadata, by the name of its file.
fn beside(found: &mut Found<'_>, source: Source<'_>, object: &Map<String, Value>, sink: &mut dyn Sink) {
    let document = source.document;
    let Some(name) = about(document.name()) else {
        let message = "facts about a base backup, but the file's name does not tell which: keep its name and the folder \
             it lies in";
        return sink.problem(problem(document, None, message));
    };
    if !is_facts(object) {
        let message = "no facts about a base backup are in it; copy it again";
        return sink.problem(problem(document, None, message));
    }
    let (facts, bad) = facts(object);
    for key in bad {
        let message = format!("{key} can't be read; the field is left out");
        sink.problem(problem(document, Some(format!("/{key}")), message));
    }
    found.facts.push((document.name().to_owned(), name.to_owned(), facts.clone()));
    let sentinel = document.name().ends_with(sentinel::SENTINEL);
    let parsed = base_name(name);
    let mut told = facts;
    if sentinel {
        // WAL-E's sentinel has no times: it was written when the file was.
        told.finished_at = told.finished_at.or(document.modified_at());
    }
    let base = BaseBackup {
        name: name.to_owned(),
        status: if sentinel { RunStatus::Success } else { RunStatus::Unknown },
        raw: if sentinel { "backup_stop_sentinel.json present" } else { "metadata.json without a sentinel" }.to_owned(),
        detail: None,
        increment: told.parent.is_some() || parsed.is_some_and(|n| n.parent.is_some()),
        complete: sentinel.then_some(true),
        zone_unknown: false,
        facts: told,
        origin: found.told.batch.origin(document, "", ""),
    };
    let place = found.place(source);
    found.told.base(&place, base);
}
