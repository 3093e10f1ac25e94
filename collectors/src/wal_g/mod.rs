//! WAL-G (PostgreSQL): what its commands print, and the small files that it keeps beside base backups.
//!
//! Read: `backup-list` (`--json`, `--detail`, plain and `--pretty`), `wal-show` and `wal-verify` (`--detailed-json`, `--json`,
//! and their tables), `st ls -r`; messages of `backup-push`, `wal-push` and `backup-fetch` (stderr, or a log of many runs);
//! `base_…_backup_stop_sentinel.json`, `base_…/metadata.json` and timeline histories as they lie in the storage. WAL-G up to
//! 3.0 as its source has it; other databases' backups are not read.
//!
//! Rows:
//! * base backups are runs and recovery points; one that a list or sentinel shows is finished, because its sentinel is
//!   written last,
//! * archived segments are runs of their own where a message or a run record tells of them,
//! * `backup-fetch` is a restore test (duration and result only),
//! * `wal-verify` and `wal-show` tell which segments are there and which are lost; `st ls -r` tells when each was stored
//!   as well, and so the restorable window.
//!
//! Refused: data and segments themselves (their names are in the listing), and the zone of messages: they are in local
//! time and need the source's `timezone` or a run record. A message that a file was uploaded is printed before its error,
//! so the last one of a log proves nothing.
//!
//! Resource: `wal-g:<prefix>`, the prefix being that of the storage (`WALG_S3_PREFIX` without its scheme) where a run
//! record notes it in its environment; else `wal-g:<id of the source>`. Points are named as WAL-G names base backups; where
//! two archives have one of the same name, the prefix stands before it.

use std::collections::BTreeSet;

use model::time::{Instant, Tz};

use crate::record::{RunRecord, is_record_name, only_zone, records};
use crate::wal::archive::Spot;
use crate::wal::attempt::Command;
use crate::wal::history::{self, Ancestor};
use crate::wal::layout::Listing;
use crate::wal::secret;
use crate::wal::sentinel::Facts;
use crate::wal::told::{Told, Tool};
use crate::{Batch, Claim, Document, Kind, Sink, fetch, problem};

mod json;
mod log;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod verify;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "wal-g",
    title: "WAL-G",
    reads: "output and messages of wal-g, and the sentinels beside its base backups",
    tables: &["backup_runs", "recovery_points", "restore_tests", "pitr_status", "log_segments"],
    claim,
    parse,
    live: None,
};

/// Text is kept; data of backups, segments, and lists of files (they can exceed a gigabyte) are not.
fn claim(name: &str, head: &[u8]) -> Claim {
    use crate::wal::recognise::{What, recognise};
    if let Some(variable) = secret::held(name, head) {
        return Claim::Pass(format!("a file with a secret ({variable})"));
    }
    let small = name.ends_with("/metadata.json") || name.ends_with(".history");
    match recognise(name).map(|known| known.what) {
        Some(What::Data(_)) if !small => Claim::Pass("data of a base backup; its sentinel is read".to_owned()),
        Some(What::Log { .. }) if !small => {
            Claim::Pass("a log segment; `wal-g st ls -r` tells which there are".to_owned())
        }
        _ => fetch::claim_text(name, head),
    }
}

/// Most bytes of a document that are looked at to recognise it.
const HEAD: u64 = 64 << 10;

/// A page that a [`Spot`] names, with the beginning of the pointers into it.
struct Page {
    document: Document,
    prefix: String,
}

/// What the documents of a batch hold, on the way to rows.
struct Found<'a> {
    told: Told<'a>,
    zone: Option<Tz>,
    listings: Vec<(String, Listing)>,
    pages: Vec<Page>,
    facts: Vec<(String, String, Facts)>,
    histories: Vec<(String, u32, Vec<Ancestor>)>,
}

/// What is WAL-G's own.
static TOOL: Tool = Tool {
    name: KIND.name,
    whole: |command| ["full", "f"].iter().any(|o| command.options.contains_key(*o)),
    lost: |command| {
        let asks = matches!(command, "backup-list" | "wal-show" | "wal-verify");
        asks.then(|| format!("{command} failed, so what it asks for is not known; run it again"))
    },
    join: rows::join,
};

/// One document, and the record that names it as output.
#[derive(Clone, Copy)]
struct Source<'d> {
    document: &'d Document,
    record: Option<usize>,
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let records = records(batch, sink);
    let mut found = Found {
        told: Told::new(&TOOL, batch, &records, BTreeSet::new()),
        zone: batch.timezone.or_else(|| only_zone(&records)),
        listings: Vec::new(),
        pages: Vec::new(),
        facts: Vec::new(),
        histories: Vec::new(),
    };
    let mut documents: Vec<&Document> = batch.documents.iter().filter(|d| !is_record_name(d.name())).collect();
    documents.sort_by(|a, b| a.name().cmp(b.name()));
    for document in documents {
        let record = found.told.names(document);
        if let Err(e) = found.read(Source { document, record }, sink) {
            sink.problem(problem(document, None, format!("{e}; collect the file again")));
        }
    }
    found.told.unanswered(sink);
    rows::emit(found, sink);
}

impl<'a> Found<'a> {
    fn record(&self, source: Source<'_>) -> Option<&'a RunRecord> {
        self.told.record(source.record)
    }

    fn command(&self, source: Source<'_>) -> Option<&Command> {
        self.told.command(source.record)
    }

    /// Where the archive is that a document is about.
    fn place(&self, source: Source<'_>) -> String {
        self.told.place(source.record)
    }

    /// When a document's command ran.
    fn at(&self, source: Source<'_>) -> Instant {
        self.told.at(source.record, source.document)
    }

    fn page(&mut self, document: &Document, prefix: String) -> u32 {
        self.pages.push(Page { document: document.clone(), prefix });
        u32::try_from(self.pages.len() - 1).unwrap_or(u32::MAX)
    }

    /// Reads one document by what is in it.
    fn read(&mut self, source: Source<'_>, sink: &mut dyn Sink) -> std::io::Result<()> {
        let document = source.document;
        let head = document.head(HEAD)?;
        let head = String::from_utf8_lossy(&head);
        let begins = head.trim_start_matches('\u{feff}').trim_start();
        if begins.is_empty() {
            // A command that printed nothing is no damage.
            if source.record.is_none() {
                sink.problem(problem(document, None, "the file is empty; collect it again, or remove it"));
            }
        } else if history::is_history(begins) {
            self.history(document, sink)?;
        } else if begins.starts_with(['[', '{']) && !begins.starts_with("[wal-verify]") {
            let text = document.text()?;
            json::read(self, source, &text, None, sink);
        } else if log::is_log(&head) || table::is_table(begins) {
            log::read(self, source, sink)?;
        } else if !self.told.unread(source.record, document)? {
            sink.passed_over(document.name(), "no output of WAL-G");
        }
        Ok(())
    }

    fn history(&mut self, document: &Document, sink: &mut dyn Sink) -> std::io::Result<()> {
        let Some(timeline) = history::of_file(document.file_name()) else {
            let message =
                "a timeline history, but the file's name does not tell which: keep its name (00000002.history)";
            sink.problem(problem(document, None, message));
            return Ok(());
        };
        match history::read(&document.text()?) {
            Ok(ancestors) => self.histories.push((document.name().to_owned(), timeline, ancestors)),
            Err(line) => {
                let message = "not a line of a timeline history; copy the file again";
                sink.problem(problem(document, Some(format!("line:{line}")), message));
            }
        }
        Ok(())
    }

    /// Takes a listing of the storage.
    fn listing(&mut self, place: String, listing: Listing) {
        self.listings.push((place, listing));
    }
}

impl Page {
    fn pointer(&self, spot: Spot) -> String {
        // `line:12` stands for all of what begins there.
        if self.prefix.ends_with(['/', ':']) { format!("{}{}", self.prefix, spot.item) } else { self.prefix.clone() }
    }
}
