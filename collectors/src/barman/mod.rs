//! Barman: console output, `barman.log`, `backup.info`, and listings as text or JSON (3.4 and 3.19).
//!
//! Rows:
//! * backups are runs, keyed by server and backup id; one that was refused before it had an id is a
//!   run of its own,
//! * `recover` and `restore` are restore tests (duration and result only),
//! * `verify-backup` and `check` are integrity checks; `check` looks at settings and ages and reads no
//!   stored data, so its integrity result is always `not_checked`,
//! * listings tell what exists, `Deleted backup` lines what was removed and whether by policy,
//! * `show-server` tells the retention that is set.
//!
//! Not read: `status`, configurations. Log stamps and
//! backup ids are local time without a zone: they need the source's `timezone` or a run record; the
//! offsets in `backup.info` are preferred.

use model::time::Tz;

use crate::record::{RunRecord, is_record_name, only_zone, records};
use crate::{Batch, Claim, Document, Kind, Sink, fetch, problem};

mod command;
mod info;
mod json;
mod judge;
mod plan;
mod rows;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod text;
mod unite;

use command::Command;
use state::State;
use stream::{Attempt, Kind as Purpose, Stream, Told};

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "barman",
    title: "Barman",
    reads: "output, log and backup.info files of Barman",
    tables: &["backup_runs", "recovery_points", "restore_tests"],
    claim,
    parse,
    live: None,
};

/// Most bytes of a document that are looked at to recognise it.
const HEAD: u64 = 64 << 10;

/// Text and compressed files are kept; a configuration with a password in a connection string is not.
fn claim(name: &str, head: &[u8]) -> Claim {
    let text = String::from_utf8_lossy(head);
    let secret = text.lines().any(|line| {
        let setting = line.split_once('=').filter(|(key, _)| key.trim().ends_with("conninfo"));
        setting.is_some_and(|(_, value)| value.contains("password") || (value.contains("://") && value.contains('@')))
    });
    if secret {
        return Claim::Pass("a configuration with a password; keep it in ~/.pgpass".to_owned());
    }
    fetch::claim_text(name, head)
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let records = records(batch, sink);
    let mut documents: Vec<&Document> = batch.documents.iter().filter(|d| !is_record_name(d.name())).collect();
    documents.sort_by(|a, b| a.name().cmp(b.name()));
    let zone = batch.timezone.or_else(|| only_zone(&records));
    let mut reader = Reader { told: Told::default(), state: State::default(), zone, sink };
    let of = |document: &Document, record: &RunRecord| {
        let name = Some(document.name());
        record.stdout.as_deref() == name || record.stderr.as_deref() == name
    };
    for (index, record) in records.iter().enumerate() {
        // Standard output first: errors belong to what it began.
        let mut own: Vec<&Document> = documents.iter().copied().filter(|d| of(d, record)).collect();
        own.sort_by_key(|d| record.stdout.as_deref() != Some(d.name()));
        reader.recorded(index, record, &own);
    }
    for document in documents {
        if !records.iter().any(|r| of(document, r)) {
            reader.document(document, None, &mut Stream::default());
        }
    }
    let Reader { told, state, .. } = reader;
    rows::emit(batch, &records, zone, told, state, sink);
}

struct Reader<'a> {
    told: Told,
    state: State,
    zone: Option<Tz>,
    sink: &'a mut dyn Sink,
}

impl Reader<'_> {
    /// Reads what one recorded command printed.
    fn recorded(&mut self, index: usize, record: &RunRecord, documents: &[&Document]) {
        let command = command::parse(&record.command);
        let mut stream = Stream::default();
        let checks = self.state.checks.len();
        if let Some(attempt) = command.as_ref().and_then(|c| waiting(c, index, record)) {
            stream.current = Some(self.told.attempts.len());
            self.told.attempts.push(attempt);
        }
        let attempts = self.told.attempts.len();
        for document in documents {
            self.document(document, Some(record), &mut stream);
        }
        // A record of a script names no command: it belongs to the only attempt in its output.
        if let (None, Some([only])) = (&command, self.told.attempts.get_mut(attempts..)) {
            only.record = Some(index);
        }
        let listing = command.as_ref().is_some_and(|c| c.name.starts_with("list-backup"));
        if listing && judge::by_exit(Some(record)).is_some() {
            let message = "a listing that failed: its backups are not known; see what it printed, and list again";
            let place = (!record.pointer.is_empty()).then(|| record.pointer.clone());
            self.sink.problem(problem(&record.document, place, message));
        }
        for check in self.state.checks.iter_mut().skip(checks) {
            check.record = Some(index);
        }
        let Some(command) = command.filter(|c| c.name == "check" && self.state.checks.len() == checks) else { return };
        // A check that printed nothing: its exit code tells.
        let mut attempt = Attempt::new(Purpose::Check, &record.document, record.pointer.clone());
        attempt.server = command.server;
        attempt.record = Some(index);
        self.state.checks.push(attempt);
    }

    fn document(&mut self, document: &Document, record: Option<&RunRecord>, stream: &mut Stream) {
        if let Err(e) = self.read(document, record, stream) {
            self.sink.problem(problem(document, None, format!("{e}; collect the file again")));
        }
    }

    /// Reads one document by what is in it.
    fn read(&mut self, document: &Document, record: Option<&RunRecord>, stream: &mut Stream) -> std::io::Result<()> {
        let head = document.head(HEAD)?;
        let head = String::from_utf8_lossy(&head);
        let zone = record.and_then(|r| r.timezone).or(self.zone);
        if head.trim().is_empty() {
            // A command that printed nothing is no damage.
            if record.is_none() {
                self.sink.problem(problem(document, None, "the file is empty; collect it again, or remove it"));
            }
        } else if stream::is_log(&head) {
            stream::read_log(document, zone, &mut self.told, self.sink)?;
        } else if head.trim_start().starts_with('{') {
            self.json(document, record, zone, stream);
        } else if info::is_info(&head) {
            let text = document.lossy_text()?;
            info::read(document, &text, zone, &mut self.state, self.sink);
        } else if text::is_list(&head) {
            let first = self.state.listings.len();
            text::read_list(document, &document.lossy_text()?, zone, &mut self.state);
            self.listed(first, record);
        } else if text::is_show(&head) {
            text::read_show(document, &document.lossy_text()?, &mut self.state);
        } else if let found @ [_, ..] = command::checks(document, &document.lossy_text()?).as_slice() {
            self.state.checks.extend_from_slice(found);
        } else if stream.current.is_some() || command::is_console(&head) {
            stream::read_console(document, &document.lossy_text()?, zone, &mut self.told, stream);
        } else {
            self.sink.passed_over(document.name(), command::reason(&head));
        }
        Ok(())
    }

    fn json(&mut self, document: &Document, record: Option<&RunRecord>, zone: Option<Tz>, stream: &mut Stream) {
        let text = match document.text() {
            Ok(text) => text,
            Err(e) => {
                return self.sink.problem(problem(document, None, format!("{e}; let Barman write it again")));
            }
        };
        let first = self.state.listings.len();
        if !json::read(document, &text, &mut self.state, self.sink) {
            return self.sink.passed_over(document.name(), "JSON without backups, checks or settings of Barman");
        }
        self.listed(first, record);
        let messages = std::mem::take(&mut self.state.messages);
        if stream.current.is_none()
            && let Some(error) = messages.lines().find_map(|l| l.strip_prefix("ERROR: "))
        {
            self.sink.problem(problem(document, Some("/_ERROR".to_owned()), format!("Barman says: {error}")));
        }
        stream::read_console(document, &messages, zone, &mut self.told, stream);
    }

    /// Gives listings the time at which their command ran.
    fn listed(&mut self, first: usize, record: Option<&RunRecord>) {
        for listing in self.state.listings.iter_mut().skip(first) {
            listing.at = record.and_then(|r| r.started_at.or(r.finished_at));
        }
    }
}

/// The attempt that a recorded command is, before its first line is read.
fn waiting(command: &Command, index: usize, record: &RunRecord) -> Option<Attempt> {
    let kind = match command.name.as_str() {
        "backup" => Purpose::Backup,
        "recover" | "restore" => Purpose::Restore,
        "verify-backup" | "verify" => Purpose::Verify,
        _ => return None,
    };
    let mut attempt = Attempt::new(kind, &record.document, record.pointer.clone());
    attempt.server.clone_from(&command.server);
    attempt.id = command.id.clone().filter(|id| kind == Purpose::Verify && stream::is_id(id));
    attempt.record = Some(index);
    Some(attempt)
}
