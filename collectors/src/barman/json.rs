//! JSON output of Barman: `list-backups`, `show-backup`, `check`, `show-server`.

use model::time::{Instant, instant};
use serde_json::Value;

use super::state::{Backup, Rank, Settings, State, component, push_list};
use super::stream::{Attempt, Kind};
use crate::{Document, Sink, problem};

/// Reads every JSON text of a document: Barman may print several without a line end between them.
/// Answers whether anything in it was Barman's, or damaged.
pub fn read(document: &Document, text: &str, state: &mut State, sink: &mut dyn Sink) -> bool {
    let mut known = false;
    for (n, value) in serde_json::Deserializer::from_str(text).into_iter::<Value>().enumerate() {
        let value = match value {
            Ok(Value::Object(value)) => value,
            Ok(_) => {
                sink.problem(problem(document, None, "a JSON text that is no object was not read"));
                continue;
            }
            Err(e) => {
                let place = Some(format!("line {}", e.line()));
                sink.problem(problem(document, place, format!("{e}; let Barman write it again")));
                return true;
            }
        };
        let base = if n == 0 { String::new() } else { format!("#{n}") };
        let only_lists = value.values().all(Value::is_array);
        for (server, value) in &value {
            let pointer = format!("{base}/{}", server.replace('~', "~0").replace('/', "~1"));
            match value {
                Value::Array(lines) if server.starts_with('_') => {
                    messages(server, lines, state);
                    known = true;
                }
                Value::Array(entries) if is_listing(entries, only_lists) => {
                    list(document, &pointer, server, entries, state, sink);
                    known = true;
                }
                Value::Object(show) if show.contains_key("backup_id") => {
                    state.backups.extend(entry(document, &pointer, server, value, Rank::Show, sink));
                    known = true;
                }
                Value::Object(checks) if is_check(checks) => {
                    check(document, &pointer, server, checks, state);
                    known = true;
                }
                Value::Object(settings) if settings.contains_key("retention_policy") => {
                    state.settings.push(settings_of(document, &pointer, server, settings));
                    known = true;
                }
                // `status` and others: no backup in them.
                _ => {}
            }
        }
    }
    known
}

/// Entries of a listing have ids; a server without backups is an empty list among lists.
fn is_listing(entries: &[Value], only_lists: bool) -> bool {
    entries.iter().any(|e| e.get("backup_id").is_some()) || (entries.is_empty() && only_lists)
}

fn settings_of(
    document: &Document,
    pointer: &str,
    server: &str,
    settings: &serde_json::Map<String, Value>,
) -> Settings {
    let flag = |key: &str| settings.get(key).and_then(Value::as_bool);
    Settings {
        server: server.to_owned(),
        retention: settings.get("retention_policy").and_then(Value::as_str).unwrap_or_default().to_owned(),
        enabled: flag("active").map(|active| active && flag("disabled") != Some(true)),
        document: document.clone(),
        pointer: pointer.to_owned(),
    }
}

fn messages(key: &str, lines: &[Value], state: &mut State) {
    let level = key.trim_start_matches('_');
    for line in lines.iter().filter_map(Value::as_str) {
        if level != "INFO" {
            state.messages.push_str(level);
            state.messages.push_str(": ");
        }
        state.messages.push_str(line);
        state.messages.push('\n');
    }
}

fn list(document: &Document, pointer: &str, server: &str, entries: &[Value], state: &mut State, sink: &mut dyn Sink) {
    let read: Vec<Option<Backup>> = entries
        .iter()
        .enumerate()
        .map(|(n, value)| entry(document, &format!("{pointer}/{n}"), server, value, Rank::List, sink))
        .collect();
    let whole = read.iter().all(Option::is_some);
    push_list(document, pointer.to_owned(), server, read.into_iter().flatten().collect(), whole, state);
}

/// One backup of `list-backups` or `show-backup`.
fn entry(
    document: &Document,
    pointer: &str,
    server: &str,
    value: &Value,
    rank: Rank,
    sink: &mut dyn Sink,
) -> Option<Backup> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let (Some(id), Some(status)) = (text("backup_id"), text("status")) else {
        let message = "a backup without id or status was not read; let Barman write it again";
        sink.problem(problem(document, Some(pointer.to_owned()), message));
        return None;
    };
    let inner = value.get("base_backup_information").unwrap_or(value);
    let epoch = |key: &str| {
        let v = inner.get(key)?;
        let seconds = v.as_i64().or_else(|| v.as_str()?.parse().ok())?;
        Instant::from_timestamp(seconds, 0)
    };
    // Only times with an offset are read as text; the others are the server's wall clock.
    let time = |key: &str| {
        let exact = inner.get(key).and_then(Value::as_str).and_then(|t| instant(t, None).ok());
        exact.or_else(|| epoch(&format!("{key}_timestamp")))
    };
    let mut size = |keys: &[&str]| {
        let found = keys.iter().find_map(|k| Some((*k, inner.get(*k)?))).filter(|(_, v)| !v.is_null())?;
        let bytes = found.1.as_u64();
        if bytes.is_none() {
            let place = Some(format!("{pointer}/{}", found.0));
            sink.problem(problem(
                document,
                place,
                format!("{} is not a size in bytes; the field is left out", found.1),
            ));
        }
        bytes
    };
    // A listing's size counts the WAL that the backup needs as well.
    let bytes = size(&["disk_usage_bytes", "backup_size_bytes", "size_bytes"]);
    // 3.19 shows only the deduplicated size, as the size of the backup.
    let stored = size(&["incremental_size_bytes", "backup_size_bytes"]);
    let encryption = inner.get("encryption").and_then(Value::as_str).filter(|e| !matches!(*e, "None" | "none" | "-"));
    let known = rank == Rank::Show || inner.get("encryption").is_some();
    Some(Backup {
        rank,
        server: server.to_owned(),
        id: id.to_owned(),
        status: status.to_owned(),
        begin: time("begin_time"),
        end: time("end_time"),
        size: bytes,
        stored,
        error: text("error").map(str::to_owned),
        encryption: encryption.map(str::to_owned),
        encrypted: known.then_some(encryption.is_some()),
        component: component(inner.get("backup_type").or(value.get("backup_type")).and_then(Value::as_str), false),
        document: document.clone(),
        pointer: pointer.to_owned(),
    })
}

fn is_check(checks: &serde_json::Map<String, Value>) -> bool {
    !checks.is_empty() && checks.values().all(|c| c.get("status").is_some() && c.get("hint").is_some())
}

fn check(document: &Document, pointer: &str, server: &str, checks: &serde_json::Map<String, Value>, state: &mut State) {
    let mut attempt = Attempt::new(Kind::Check, document, pointer.to_owned());
    attempt.server = Some(server.to_owned());
    for (name, check) in checks {
        let text = |key: &str| check.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("status") == "OK" {
            attempt.check_passed += 1;
        } else {
            attempt.check_failed = true;
            attempt.errors.push(format!("{}: {} ({})", name.replace('_', " "), text("status"), text("hint")));
        }
    }
    state.checks.push(attempt);
}
