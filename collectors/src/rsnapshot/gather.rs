//! Documents to sessions and configurations.

use std::collections::BTreeMap;

use model::time::Tz;

use super::command::Command;
use super::config::{self, Config};
use super::log::{Reader, Session};
use crate::groups::{Group, each_line, groups, tell_mute_failure};
use crate::record::{RunRecord, only_zone};
use crate::{Batch, Document, Sink};

/// A session, with what was recorded around it.
pub(super) struct Told<'a> {
    pub session: Session,
    pub document: &'a Document,
    pub record: Option<RunRecord>,
    pub masked: bool,
    pub missing: bool,
    pub pointer: String,
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Found<'a> {
    /// In order of record, or of document and line.
    pub told: Vec<Told<'a>>,
    /// By file name.
    pub configs: BTreeMap<String, Config>,
    pub zone: Option<Tz>,
}

/// Most bytes of a document that are looked at to recognise it.
const HEAD: u64 = 64 << 10;

pub(super) fn gather<'a>(batch: &'a Batch<'a>, sink: &mut dyn Sink) -> Found<'a> {
    let groups = groups(batch, sink);
    let records: Vec<RunRecord> = groups.iter().filter_map(|g| g.record.clone()).collect();
    let mut found = Found { zone: batch.timezone.or_else(|| only_zone(&records)), ..Found::default() };
    for group in groups {
        read(group, batch, sink, &mut found);
    }
    found
}

fn read<'a>(group: Group<'a>, batch: &'a Batch<'a>, sink: &mut dyn Sink, found: &mut Found<'a>) {
    let record = group.record;
    let called = record.as_ref().and_then(|r| Command::in_line(&r.command));
    let levels = called.as_ref().filter(|(c, _)| c.is_level());
    let mut reader = Reader::new(levels.map(|(c, _)| c));
    let mut read_any = None;
    for document in &group.documents {
        if record.is_none() && document.head(HEAD).is_ok_and(|h| config::is_config(&String::from_utf8_lossy(&h))) {
            let config = config::read(document, sink);
            found.configs.entry(document.file_name().to_owned()).or_insert(config);
            continue;
        }
        if called.is_some() && levels.is_none() {
            sink.passed_over(document.name(), "a rsnapshot command that tells of no run");
            continue;
        }
        let ours = std::mem::take(&mut reader.ours);
        let whole = each_line(document, record.is_some(), sink, |number, line| reader.line(number, line));
        if whole.is_some() {
            read_any = read_any.or(Some(*document));
            if !reader.ours && levels.is_none() {
                sink.passed_over(document.name(), "no log, output or configuration of rsnapshot that tells of a run");
            }
        }
        reader.ours |= ours;
    }
    let own = record.as_ref().and_then(|r| batch.document(r.document.name()));
    let Some(document) = read_any.or(own) else { return };
    if let (None, Some(record), true) = (&called, &record, reader.sessions.is_empty()) {
        tell_mute_failure(record, "rsnapshot", sink);
    }
    for session in reader.sessions {
        if session.command.test || !session.command.is_level() {
            if read_any.is_some() {
                sink.passed_over(document.name(), "a test: nothing was touched");
            }
            continue;
        }
        let pointer = match (&record, read_any) {
            (Some(record), None) => record.pointer.clone(),
            _ => format!("line:{}", session.line),
        };
        let masked = levels.is_some_and(|(_, masked)| *masked);
        let record = record.clone().filter(|_| levels.is_some());
        found.told.push(Told { session, document, record, masked, missing: group.missing, pointer });
    }
}
