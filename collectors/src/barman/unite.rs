//! Brings together what several documents tell about one backup or one attempt.

use std::collections::BTreeMap;

use chrono::Duration;
use model::rows::Component;

use super::state::Backup;
use super::stream::{Attempt, Kind};
use crate::record::RunRecord;

/// Server and backup id.
pub type Key = (String, String);

/// One state per backup: fields from the best document that has them; a final word beats a passing one.
pub fn best(mut all: Vec<Backup>) -> BTreeMap<Key, Backup> {
    let weight = |status: &str| match status {
        "FAILED" => 4,
        "DONE" => 3,
        "WAITING_FOR_WALS" => 2,
        "STARTED" | "SYNCING" => 1,
        _ => 0,
    };
    all.sort_by(|a, b| (a.rank, a.document.name(), &a.pointer).cmp(&(b.rank, b.document.name(), &b.pointer)));
    let mut out: BTreeMap<Key, Backup> = BTreeMap::new();
    for other in all {
        let key = (other.server.clone(), other.id.clone());
        let Some(known) = out.get_mut(&key) else {
            out.insert(key, other);
            continue;
        };
        if weight(&other.status) > weight(&known.status) {
            known.status = other.status;
        }
        if other.component != Component::Full {
            known.component = other.component;
        }
        known.begin = known.begin.or(other.begin);
        known.end = known.end.or(other.end);
        known.size = known.size.or(other.size);
        known.stored = known.stored.or(other.stored);
        known.error = known.error.take().or(other.error);
        known.encryption = known.encryption.take().or(other.encryption);
        known.encrypted = known.encrypted.or(other.encrypted);
    }
    out
}

/// One attempt per attempt: console, log and record of the same one are united.
pub fn unite(mut all: Vec<Attempt>, records: &[RunRecord]) -> Vec<Attempt> {
    all.sort_by_key(|a| a.record.is_none());
    let mut out: Vec<Attempt> = Vec::new();
    for other in all {
        match out.iter_mut().find(|known| same(known, &other, records)) {
            Some(known) => fill(known, other),
            None => out.push(other),
        }
    }
    out
}

fn same(known: &Attempt, other: &Attempt, records: &[RunRecord]) -> bool {
    let alike = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
    if known.kind != other.kind || (other.record.is_some() && known.record.is_some()) {
        return false;
    }
    if !alike(&known.server, &other.server) || !alike(&known.id, &other.id) {
        return false;
    }
    if known.kind == Kind::Backup && known.id.is_some() && other.id.is_some() {
        return true;
    }
    // A refused backup has no id: it is not the one that was at work meanwhile.
    if known.kind == Kind::Backup && (known.id.is_some() || known.errors.is_empty() != other.errors.is_empty()) {
        return false;
    }
    let Some(began) = other.began else { return false };
    let slack = Duration::seconds(5);
    match known.record.and_then(|at| records.get(at)).map(|r| (r.started_at, r.finished_at)) {
        Some((Some(start), Some(end))) => start - Duration::seconds(1) <= began && began <= end + Duration::seconds(1),
        _ => known.began.is_some_and(|k| (k - began).abs() <= slack) && known.id == other.id && known.id.is_some(),
    }
}

fn fill(known: &mut Attempt, other: Attempt) {
    known.server = known.server.take().or(other.server);
    known.id = known.id.take().or(other.id);
    // A log's stamps are finer than an id or the text of a console.
    known.began_local = other.began_local.or(known.began_local);
    known.began = other.began.or(known.began);
    known.copied = known.copied.or(other.copied);
    known.ended = other.ended.or(known.ended);
    known.done = known.done.take().or(other.done);
    known.size_text = known.size_text.take().or(other.size_text);
    // The log tells more of the cause than the console.
    if other.errors.len() > known.errors.len() {
        known.errors = other.errors;
    }
}
