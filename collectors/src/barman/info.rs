//! `backup.info`: Barman's own state of one backup (`barman/infofile.py`).

use model::time::{Tz, instant};

use super::state::{Backup, Rank, State, component};
use super::stream::{ctime, is_id};
use crate::{Document, Sink, problem};

/// True for the text of a `backup.info`.
pub fn is_info(head: &str) -> bool {
    let has = |key: &str| head.lines().any(|l| l.starts_with(key));
    has("status=") && (has("begin_wal=") || has("begin_time=") || has("backup_label="))
}

/// Reads a `backup.info`; its id is the name of its folder, so it must stand in the document's name.
pub fn read(document: &Document, text: &str, zone: Option<Tz>, state: &mut State, sink: &mut dyn Sink) {
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
