//! Text output of Barman: `list-backups`, `show-backup`. Sizes are rounded there and left out.

use model::time::{Tz, instant};

use super::state::{Backup, Rank, State, component, push_list};
use super::stream::{ctime, is_id};
use crate::Document;

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

/// Reads the text form of `list-backups`.
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

/// Reads the text form of `show-backup`.
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
