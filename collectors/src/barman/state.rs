//! What Barman keeps about its backups: `backup.info`, `list-backups`, `show-backup`, `check`
//! (3.4 and 3.19; names of fields differ between them, all are optional).

use model::rows::Component;
use model::time::{Instant, Tz, instant};
use serde_json::Value;

use super::stream::{Attempt, Kind, ctime, is_id};
use crate::{Document, Sink, problem};

/// Where a fact about a backup stands; the smallest one is the best evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// `backup.info`, the tool's own state.
    Info,
    /// `show-backup`.
    Show,
    /// `list-backups`.
    List,
}

/// One backup as one document shows it.
#[derive(Debug, Clone)]
pub struct Backup {
    /// Kind of document.
    pub rank: Rank,
    /// Server.
    pub server: String,
    /// Id.
    pub id: String,
    /// `DONE`, `WAITING_FOR_WALS`, `FAILED`, `STARTED`, `SYNCING`, `EMPTY`.
    pub status: String,
    /// Start.
    pub begin: Option<Instant>,
    /// End of the copy.
    pub end: Option<Instant>,
    /// Size of what was captured.
    pub size: Option<u64>,
    /// Size after deduplication.
    pub stored: Option<u64>,
    /// Message of a failed backup.
    pub error: Option<String>,
    /// Encrypted, and how.
    pub encryption: Option<String>,
    /// False where the document is of a kind that would tell encryption.
    pub encrypted: Option<bool>,
    /// What it holds.
    pub component: Component,
    /// Where it stands.
    pub document: Document,
    /// Pointer into it.
    pub pointer: String,
}

/// A `list-backups` of one server.
#[derive(Debug)]
pub struct Listed {
    /// Server.
    pub server: String,
    /// Ids that can be restored.
    pub ids: Vec<String>,
    /// End of the newest of them.
    pub newest: Option<Instant>,
    /// When, where a run record tells.
    pub at: Option<Instant>,
    /// False where an entry could not be read.
    pub whole: bool,
    /// Where it stands.
    pub document: Document,
    /// Pointer into it.
    pub pointer: String,
}

/// What `show-server` says about retention.
#[derive(Debug)]
pub struct Settings {
    /// Server.
    pub server: String,
    /// `RECOVERY WINDOW OF 30 DAYS`, `REDUNDANCY 2`, or empty for none.
    pub retention: String,
    /// False for a server that is switched off.
    pub enabled: Option<bool>,
    /// Where it stands.
    pub document: Document,
    /// Pointer into it.
    pub pointer: String,
}

/// What state documents told.
#[derive(Debug, Default)]
pub struct State {
    /// Backups, one entry per document that shows them.
    pub backups: Vec<Backup>,
    /// Listings.
    pub listings: Vec<Listed>,
    /// Checks.
    pub checks: Vec<Attempt>,
    /// Settings of servers.
    pub settings: Vec<Settings>,
    /// Messages of JSON output (`_INFO`, `_ERROR`, …) as console text.
    pub messages: String,
}

/// True where the backup can be restored, or will be once its WAL has arrived.
pub fn is_point(status: &str) -> bool {
    matches!(status, "DONE" | "WAITING_FOR_WALS")
}

fn component(kind: Option<&str>, parent: bool) -> Component {
    match kind {
        Some("incremental") => Component::Incremental,
        Some("snapshot") => Component::Snapshot,
        _ if parent => Component::Incremental,
        _ => Component::Full,
    }
}

/// True for the text of a `backup.info`.
pub fn is_info(head: &str) -> bool {
    let has = |key: &str| head.lines().any(|l| l.starts_with(key));
    has("status=") && (has("begin_wal=") || has("begin_time=") || has("backup_label="))
}

/// Reads a `backup.info`; its id is the name of its folder, so it must stand in the document's name.
pub fn read_info(document: &Document, text: &str, zone: Option<Tz>, state: &mut State, sink: &mut dyn Sink) {
    let field = |key: &str| {
        text.lines()
            .filter_map(|l| l.split_once('='))
            .find(|(k, _)| *k == key)
            .map(|(_, v)| v.trim())
            .filter(|v| *v != "None" && !v.is_empty())
    };
    let begin_text = field("begin_time");
    let named = field("backup_id").map(str::to_owned).or_else(|| id_in(document.name()));
    // The id is the wall clock at the start, and `begin_time` shows the same clock.
    let id = named.or_else(|| begin_text.and_then(digits_of));
    let folder = document.name().split("/base/").next().filter(|p| *p != document.name());
    let server = field("server_name").or_else(|| folder.and_then(|p| p.rsplit('/').next()));
    let (Some(id), Some(server), Some(status)) = (id, server, field("status")) else {
        let message = "a backup.info without server, id or status; keep it in its folder <server>/base/<id>/";
        return sink.problem(problem(document, None, message));
    };
    let mut at = |key: &str| {
        let text = field(key)?;
        let found = instant(text, zone).ok().or_else(|| ctime(text, zone));
        if found.is_none() {
            sink.problem(problem(document, Some(key.to_owned()), format!("\"{text}\" is no time that can be placed")));
        }
        found
    };
    let (begin, end) = (at("begin_time"), at("end_time"));
    let mut size = |key: &str| {
        let text = field(key)?;
        let found = text.parse().ok();
        if found.is_none() {
            sink.problem(problem(document, Some(key.to_owned()), format!("\"{text}\" is not a size in bytes")));
        }
        found
    };
    let (bytes, stored) = (size("size"), size("deduplicated_size"));
    // Versions that can encrypt write `encryption`; older ones can't.
    let encryption = field("encryption").filter(|e| *e != "none");
    let line = text.lines().position(|l| l.starts_with("status=")).map_or(1, |n| n + 1);
    if field("size").is_none() && status == "DONE" && begin.is_none() {
        sink.problem(problem(document, None, "a backup.info that is cut; collect it again"));
    }
    state.backups.push(Backup {
        rank: Rank::Info,
        server: server.to_owned(),
        id,
        status: status.to_owned(),
        begin,
        end,
        size: bytes,
        stored,
        error: field("error").map(str::to_owned),
        encryption: encryption.map(str::to_owned),
        encrypted: Some(encryption.is_some()),
        component: component(
            field("mode").filter(|m| m.contains("snapshot")).map(|_| "snapshot"),
            field("parent_backup_id").is_some(),
        ),
        document: document.clone(),
        pointer: format!("line:{line}"),
    });
}

/// The last id in a path.
fn id_in(name: &str) -> Option<String> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).rev().find(|w| is_id(w)).map(str::to_owned)
}

/// `2026-10-14 01:00:23.4+00:00` as `20261014T010023`.
fn digits_of(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).take(14).collect();
    let id = format!("{}T{}", digits.get(..8)?, digits.get(8..)?);
    is_id(&id).then_some(id)
}

/// Reads every JSON text of a document: Barman may print several without a line end between them.
/// Answers whether anything in it was Barman's, or damaged.
pub fn read_json(document: &Document, text: &str, state: &mut State, sink: &mut dyn Sink) -> bool {
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

fn push_list(document: &Document, pointer: String, server: &str, backups: Vec<Backup>, whole: bool, state: &mut State) {
    let points = || backups.iter().filter(|b| is_point(&b.status));
    state.listings.push(Listed {
        server: server.to_owned(),
        ids: points().map(|b| b.id.clone()).collect(),
        newest: points().filter_map(|b| b.end).max(),
        at: None,
        whole,
        document: document.clone(),
        pointer,
    });
    state.backups.extend(backups);
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

/// True for the text form of `list-backups`.
pub fn is_list(head: &str) -> bool {
    head.lines().filter(|l| !l.trim().is_empty()).any(|l| list_line(l).is_some())
}

/// `sales 20261122T213202 - Sun Nov 22 21:32:08 2026 - Size: 209.2 MiB - WAL Size: 0 B`; newer
/// versions put the name of the backup and a letter for its type before the time.
fn list_line(line: &str) -> Option<(&str, &str, Vec<&str>)> {
    let (front, rest) = line.trim().split_once(" - ")?;
    let mut words = front.split(' ');
    let (server, id) = (words.next()?, words.next()?);
    is_id(id).then(|| (server, id, rest.split(" - ").collect()))
}

/// First letter of the type, in newer versions (`ConsoleOutputWriter.result_list_backup`, 3.19).
fn type_letter(parts: &[&str]) -> Option<&'static str> {
    match parts.first() {
        Some(&"I") => Some("incremental"),
        Some(&"S") => Some("snapshot"),
        _ => None,
    }
}

/// Reads the text form of `list-backups`. Sizes are rounded there and left out.
pub fn read_list(document: &Document, text: &str, zone: Option<Tz>, state: &mut State) {
    let mut servers: Vec<(&str, usize, Vec<Backup>)> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let Some((server, id, parts)) = list_line(line) else { continue };
        let words = ["FAILED", "EMPTY", "STARTED", "SYNCING", "WAITING_FOR_WALS"];
        let status = parts.iter().find(|p| words.contains(p)).copied();
        let end = parts.iter().find_map(|p| ctime(p, zone));
        // What stands after the sizes says whether the WAL has arrived: a cut end proves nothing.
        let sizes = parts.iter().position(|p| p.starts_with("WAL Size: ") && p.ends_with('B'));
        let ends = ["OBSOLETE", "KEEP", "VALID", "-"];
        let dated = sizes.is_some_and(|at| parts.iter().skip(at + 1).all(|p| ends.iter().any(|e| p.starts_with(e))));
        let backup = Backup {
            rank: Rank::List,
            server: server.to_owned(),
            id: id.to_owned(),
            status: status.unwrap_or(if dated { "DONE" } else { "unknown" }).to_owned(),
            begin: None,
            end,
            size: None,
            stored: None,
            error: None,
            encryption: None,
            encrypted: None,
            component: component(type_letter(&parts), false),
            document: document.clone(),
            pointer: format!("line:{}", n + 1),
        };
        match servers.iter_mut().find(|(s, ..)| *s == server) {
            Some((_, _, backups)) => backups.push(backup),
            None => servers.push((server, n + 1, vec![backup])),
        }
    }
    for (server, line, backups) in servers {
        push_list(document, format!("line:{line}"), server, backups, true, state);
    }
}

/// True for the text form of `show-backup`.
pub fn is_show(head: &str) -> bool {
    let mut lines = head.lines().filter(|l| !l.trim().is_empty());
    lines.next().and_then(|l| l.strip_prefix("Backup ")?.strip_suffix(':')).is_some_and(is_id)
        && lines.any(|l| l.trim_start().starts_with("Server Name "))
}

/// Reads the text form of `show-backup`. Sizes are rounded there and left out.
pub fn read_show(document: &Document, text: &str, state: &mut State) {
    let field = |key: &str| {
        let value = text.lines().filter_map(|l| l.split_once(':')).find(|(k, _)| k.trim() == key);
        value.map(|(_, v)| v.trim()).filter(|v| !v.is_empty())
    };
    let id = text.lines().find_map(|l| l.trim().strip_prefix("Backup ")?.strip_suffix(':')).filter(|id| is_id(id));
    let (Some(id), Some(server), Some(status)) = (id, field("Server Name"), field("Status")) else { return };
    let time = |key: &str| field(key).and_then(|t| instant(t, None).ok());
    state.backups.push(Backup {
        rank: Rank::Show,
        server: server.to_owned(),
        id: id.to_owned(),
        status: status.to_owned(),
        begin: time("Begin time").or_else(|| time("Begin Time")),
        end: time("End time").or_else(|| time("End Time")),
        size: None,
        stored: None,
        error: None,
        encryption: field("Encryption").filter(|e| *e != "None").map(str::to_owned),
        encrypted: field("Encryption").map(|e| e != "None"),
        component: component(field("Backup Type"), false),
        document: document.clone(),
        pointer: "line:1".to_owned(),
    });
}
