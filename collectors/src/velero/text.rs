//! Text of `velero backup describe`, `velero restore describe`, and of the tables of `get`.
//!
//! Times are printed by Go: `2026-11-20 02:00:01 +0000 UTC`.

use model::time::{Instant, instant};

use super::objects::{Object, What, seconds};
use crate::{Document, Sink, problem};

/// Reads a text; `None` where it is none of these.
pub(super) fn read(document: &Document, text: &str, sink: &mut dyn Sink) -> Option<Vec<Object>> {
    let plain = without_colours(text);
    let first = plain.lines().find(|l| !l.trim().is_empty())?;
    if first.starts_with("Name:") && plain.lines().any(|l| l.starts_with("Phase:")) {
        return Some(described(document, &plain, sink));
    }
    let columns = columns(first);
    let has = |name: &str| columns.iter().any(|(n, _)| *n == name);
    if has("NAME") && has("STATUS") && has("CREATED") && (has("STORAGE LOCATION") || has("BACKUP")) {
        return Some(table(document, &plain, &columns, sink));
    }
    None
}

fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, r)| r);
    }
    out.push_str(rest);
    out
}

/// A time, or `None` for `<n/a>` and `<nil>`.
fn time(text: &str) -> Result<Option<Instant>, String> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('<') {
        return Ok(None);
    }
    // `2026-11-20 02:00:01 +0100 CET`: the offset decides, the zone's name repeats it.
    let words: Vec<&str> = text.split_whitespace().collect();
    let core = words.get(..3).map_or_else(|| text.to_owned(), |w| w.join(" "));
    instant(&core, None).map(Some).map_err(|e| e.to_string())
}

/// Descriptions, one after another.
fn described(document: &Document, text: &str, sink: &mut dyn Sink) -> Vec<Object> {
    let mut out: Vec<Object> = Vec::new();
    let mut labels = false;
    for (n, line) in text.lines().enumerate() {
        let number = n + 1;
        if let Some(name) = line.strip_prefix("Name:") {
            let pointer = format!("line:{number}");
            let at = document.modified_at().unwrap_or(Instant::UNIX_EPOCH);
            out.push(Object::new(What::Backup, "", name.trim(), document, &pointer, at));
            continue;
        }
        let Some(object) = out.last_mut() else { continue };
        let told = line.split_once(':').filter(|(key, _)| !key.starts_with([' ', '\t']));
        labels = match told {
            Some(("Labels", _)) => true,
            Some(_) => false,
            None => labels,
        };
        if let Some(schedule) = line.split("velero.io/schedule-name=").nth(1).filter(|_| labels) {
            object.schedule = Some(schedule.trim().to_owned());
        }
        let Some((key, value)) = told else { continue };
        let value = value.trim();
        let mut at = |into: &mut Option<Instant>| match time(value) {
            Ok(read) => *into = read,
            Err(e) => sink.problem(problem(document, Some(format!("line:{number}")), e)),
        };
        match key {
            "Namespace" => object.namespace = value.to_owned(),
            // `Failed (run `velero backup logs x` for more information)`
            "Phase" => object.phase = value.split_whitespace().next().unwrap_or_default().to_owned(),
            "Started" => at(&mut object.started),
            "Completed" => at(&mut object.completed),
            "Expiration" => at(&mut object.expires),
            "Storage Location" => object.location = Some(value.to_owned()).filter(|v| !v.is_empty()),
            "TTL" => object.ttl_s = seconds(value),
            "Errors" => object.errors = value.parse().unwrap_or(object.errors),
            "Warnings" => object.warnings = value.parse().unwrap_or(object.warnings),
            "Failure Reason" => object.reason = Some(value.to_owned()),
            // Only a restore names the backup it reads.
            "Backup" => {
                object.what = What::Restore;
                object.backup = Some(value.to_owned()).filter(|v| !v.is_empty());
            }
            _ => {}
        }
    }
    for object in out.iter().filter(|o| o.phase.is_empty()) {
        let message = format!("the description of {} tells no phase; write it again", object.name);
        sink.problem(problem(document, Some(object.pointer.clone()), message));
    }
    out.retain(|o| !o.phase.is_empty());
    out
}

/// Names of the columns and where they begin: they are set apart by two spaces at least.
fn columns(header: &str) -> Vec<(&str, usize)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(rest) = header.get(at..).filter(|r| !r.trim().is_empty()) {
        let begin = at + (rest.len() - rest.trim_start().len());
        let from = header.get(begin..).unwrap_or_default();
        let end = from.find("  ").unwrap_or(from.len());
        out.push((from.get(..end).unwrap_or_default().trim_end(), begin));
        at = begin + end;
    }
    out
}

fn table(document: &Document, text: &str, columns: &[(&str, usize)], sink: &mut dyn Sink) -> Vec<Object> {
    let restores = columns.iter().any(|(n, _)| *n == "BACKUP");
    let mut out = Vec::new();
    for (n, line) in text.lines().enumerate().skip(1).filter(|(_, l)| !l.trim().is_empty()) {
        let pointer = format!("line:{}", n + 1);
        let cell = |name: &str| {
            let at = columns.iter().position(|(c, _)| *c == name)?;
            let begin = columns.get(at)?.1;
            let end = columns.get(at + 1).map_or(line.len(), |(_, end)| (*end).min(line.len()));
            line.get(begin..end).map(str::trim).filter(|c| !c.is_empty() && !c.starts_with('<'))
        };
        let (Some(name), Some(phase)) = (cell("NAME"), cell("STATUS")) else {
            sink.problem(problem(document, Some(pointer), "not a row of the table; write it with -o json"));
            continue;
        };
        let what = if restores { What::Restore } else { What::Backup };
        let at = document.modified_at().unwrap_or(Instant::UNIX_EPOCH);
        let mut object = Object::new(what, "", name, document, &pointer, at);
        object.phase = phase.to_owned();
        let mut read = |column: &str| match cell(column).map_or(Ok(None), time) {
            Ok(read) => read,
            Err(e) => {
                sink.problem(problem(document, Some(pointer.clone()), e));
                None
            }
        };
        // The column of backups shows when they started.
        object.started = read(if restores { "STARTED" } else { "CREATED" });
        object.completed = if restores { read("COMPLETED") } else { None };
        object.errors = cell("ERRORS").and_then(|c| c.parse().ok()).unwrap_or(0);
        object.warnings = cell("WARNINGS").and_then(|c| c.parse().ok()).unwrap_or(0);
        object.location = cell("STORAGE LOCATION").map(str::to_owned);
        object.backup = cell("BACKUP").map(str::to_owned);
        out.push(object);
    }
    out
}
