//! pgBackRest: console output, log files, and `info` as JSON (2.45; other versions as documented).
//!
//! Rows:
//! * `backup` processes are runs; a backup that only `info` lists is a run that succeeded,
//! * `restore` processes are restore tests (duration and result only),
//! * `verify` processes are integrity checks; they exit 0 whatever they find, so their report decides,
//! * `expire` processes and listings tell which recovery points exist and which were removed,
//! * the options of a begin line tell the retention that was in force.
//!
//! Not read: `check` (it tests the archiving of WAL, no stored backup) and configurations.
//! Log stamps and labels are local time without a zone: they need the source's `timezone` or a run
//! record; epoch times of `info` are preferred.

use std::collections::BTreeMap;

use model::rows::{Listing, Row};
use model::time::{Tz, WallClock};

use crate::record::{RunRecord, is_record_name, only_zone, records};
use crate::{Batch, Claim, Document, Kind, Sink, fetch, problem};

mod info;
mod info_text;
mod judge;
mod log;
mod merge;
mod plan;
mod rows;
#[cfg(test)]
mod tests;

use info::Listed;
use log::Process;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "pgbackrest",
    title: "pgBackRest",
    reads: "output and log files of pgbackrest, and its info as JSON",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim,
    parse,
    live: None,
};

/// Most bytes of a document that are looked at to recognise it.
const HEAD: u64 = 64 << 10;

/// Text and compressed files are kept; a configuration that holds a key or passphrase is not.
fn claim(name: &str, head: &[u8]) -> Claim {
    let text = String::from_utf8_lossy(head);
    let secret = text.lines().map(str::trim).find_map(|line| {
        let (key, _) = line.split_once('=')?;
        let key = key.trim();
        let repo = key.starts_with("repo");
        (repo && ["-cipher-pass", "-key", "-key-secret", "-token"].iter().any(|s| key.ends_with(s)))
            .then(|| key.to_owned())
    });
    match secret {
        Some(key) => Claim::Pass(format!("a configuration with a secret ({key})")),
        None => fetch::claim_text(name, head),
    }
}

/// Documents, processes and listings of one batch, on the way to rows.
#[derive(Default)]
struct Found {
    processes: Vec<Process>,
    listings: Vec<Listed>,
    /// Level and text of lines on standard error, by run record.
    loose: Vec<(usize, Vec<(String, String)>)>,
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let records = records(batch, sink);
    let mut documents: Vec<&Document> = batch.documents.iter().filter(|d| !is_record_name(d.name())).collect();
    documents.sort_by(|a, b| a.name().cmp(b.name()));
    let zone = batch.timezone.or_else(|| only_zone(&records));
    let mut found = Found::default();
    for document in documents {
        let of = |name: &Option<String>| name.as_deref() == Some(document.name());
        let record = records.iter().enumerate().find(|(_, r)| of(&r.stdout) || of(&r.stderr));
        if let Err(e) = read(document, record, zone, &mut found, sink) {
            sink.problem(problem(document, None, format!("{e}; collect the file again")));
        }
    }
    for record in &records {
        let listing = merge::command_of(&record.command).is_some_and(|(command, _)| command == "info");
        if listing && record.exit_code.is_some_and(|c| c != 0) {
            let message = "a listing that failed: its backups are not known; see what it printed, and list again";
            let place = (!record.pointer.is_empty()).then(|| record.pointer.clone());
            sink.problem(problem(&record.document, place, message));
        }
    }
    let mut processes = merge::unite(found.processes);
    merge::attach_rest(&records, &mut processes);
    for (index, lines) in found.loose {
        let Some(process) = processes.iter_mut().find(|p| p.record == Some(index)) else { continue };
        // The log file may have shown the same errors already.
        let errors_known = !process.errors.is_empty();
        for (level, text) in lines.iter().filter(|(level, _)| !(errors_known && level == "ERROR")) {
            process.line(level, text, None);
        }
    }
    processes.sort_by_key(merge::identity);
    emit(batch, &records, &processes, &mut found.listings, sink);
}

/// Reads one document by what is in it.
fn read(
    document: &Document,
    record: Option<(usize, &RunRecord)>,
    zone: Option<Tz>,
    found: &mut Found,
    sink: &mut dyn Sink,
) -> std::io::Result<()> {
    let head = document.head(HEAD)?;
    let head = String::from_utf8_lossy(&head);
    if head.trim().is_empty() {
        // A command that printed nothing is no damage.
        if record.is_none() {
            sink.problem(problem(document, None, "the file is empty; collect it again, or remove it"));
        }
        return Ok(());
    }
    let zone = record.and_then(|(_, r)| r.timezone).or(zone);
    let listed = if info::is_info(&head) {
        Some(info::read(document, sink))
    } else if info_text::is_info(&head) {
        Some(info_text::read(document, &document.lossy_text()?, zone, sink))
    } else {
        None
    };
    if let Some(mut listed) = listed {
        for listing in &mut listed {
            listing.listed_at = record.and_then(|(_, r)| r.started_at.or(r.finished_at));
            listing.whole &= record.is_none_or(|(_, r)| !filtered(&r.command));
        }
        found.listings.extend(listed);
        return Ok(());
    }
    let is_error_text = record.is_some() && (head.starts_with("ERROR: [") || head.starts_with("WARN: "));
    if !log::is_log(&head) && !is_error_text {
        let reason = if head.starts_with("ERROR: [") || head.starts_with("WARN: ") {
            "console errors without a run record: nothing tells which command they belong to"
        } else if head.contains("[global]") {
            "a configuration file"
        } else {
            "no pgBackRest log or info"
        };
        sink.passed_over(document.name(), reason);
        return Ok(());
    }
    let mut clock = WallClock::new(zone);
    if let Some(start) = record.and_then(|(_, r)| r.started_at) {
        clock.not_before(start);
    }
    let mut log = log::read(document, &mut clock, sink)?;
    if let Some((index, record)) = record {
        merge::attach_output(record, index, &mut log.processes);
        if !log.loose.is_empty() {
            found.loose.push((index, log.loose));
        }
    }
    found.processes.extend(log.processes);
    Ok(())
}

/// True for an `info` that was asked for a part only.
fn filtered(command: &str) -> bool {
    ["--set", "--repo", "--type"].iter().any(|o| command.split_whitespace().any(|w| w.split('=').next() == Some(*o)))
}

fn emit(batch: &Batch<'_>, records: &[RunRecord], processes: &[Process], listings: &mut [Listed], sink: &mut dyn Sink) {
    place_listings(batch, listings);
    let mut listed = BTreeMap::new();
    for stanza in listings.iter() {
        for backup in &stanza.backups {
            // The newest listing stands last; rounded text never hides exact JSON.
            let key = (stanza.stanza.clone(), backup.label.clone());
            if backup.size.is_some() || !listed.contains_key(&key) {
                listed.insert(key, (stanza, backup));
            }
        }
    }
    let facts = rows::Facts { batch, records, listed };
    let mut seen = BTreeMap::new();
    for process in processes.iter().filter(|p| !p.dry_run) {
        match process.command.as_str() {
            "backup" => {
                let exec = process.options.get("exec-id");
                let explained = processes.iter().any(|p| {
                    let bad = p.outcome.as_deref().is_some_and(|o| !o.starts_with("completed successfully"));
                    p.command == "expire" && exec.is_some() && p.options.get("exec-id") == exec && bad
                });
                let run = rows::run(&facts, process, explained);
                seen.insert(run.run_id.clone(), ());
                sink.row(Row::Run(run));
            }
            "restore" => sink.row(Row::RestoreTest(rows::restore(&facts, process))),
            "verify" => {
                if let Some(check) = rows::check(&facts, process) {
                    sink.row(Row::IntegrityCheck(check));
                }
            }
            _ => {}
        }
    }
    for (stanza, backup) in facts.listed.values() {
        let run = rows::listed_run(&facts, stanza, backup);
        if !seen.contains_key(&run.run_id) {
            sink.row(Row::Run(run));
        }
    }
    rows::points(&facts, processes, sink);
    plan::plans(batch, processes, sink);
    for stanza in listings.iter() {
        sink.row(Row::Listing(Listing {
            resource: rows::resource(&stanza.stanza),
            listed_at: stanza.listed_at.unwrap_or(batch.collected_at),
            recovery_point_ids: stanza.backups.iter().map(|b| b.label.clone()).collect(),
            complete: stanza.whole,
            origin: batch.origin(
                &stanza.document,
                format!("listing {} {} {}", stanza.stanza, stanza.document.name(), stanza.pointer),
                &stanza.pointer,
            ),
        }));
    }
}

/// Times of listings whose time no record tells, oldest listing first. Only the newest one of a stanza
/// can stand for "now"; an older one is as old as its newest backup at least, and proves no absence.
fn place_listings(batch: &Batch<'_>, listings: &mut [Listed]) {
    let newest = |l: &Listed| l.backups.iter().filter_map(|b| b.stop).max();
    listings.sort_by_key(|l| (newest(l), l.listed_at));
    let last: BTreeMap<String, usize> = listings.iter().enumerate().map(|(n, l)| (l.stanza.clone(), n)).collect();
    for (n, listing) in listings.iter_mut().enumerate() {
        if listing.listed_at.is_some() {
            continue;
        }
        if last.get(&listing.stanza) == Some(&n) {
            let modified = listing.document.modified_at().filter(|at| newest(listing).is_none_or(|stop| *at >= stop));
            listing.listed_at = Some(modified.unwrap_or(batch.collected_at));
        } else {
            listing.listed_at = newest(listing);
            listing.whole = false;
        }
    }
}
