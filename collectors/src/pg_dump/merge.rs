//! The same run seen more than once: in a record and a script's log, in cron and a log, in a log and the dump it made.

use chrono::Duration;
use model::rows::{Integrity, RunStatus};
use model::time::Tz;

use super::command::Tool;
use super::draft::Draft;
use super::dump::{self, DumpFile, Form};
use super::stamp::{Clock, Stamp, Time};
use crate::Document;

/// Stamps of two observers of one start differ by at most this.
const SAME_MOMENT: Duration = Duration::seconds(2);
/// Cron logs the start before the script does; a busy machine takes its time.
const CRON_AHEAD: Duration = Duration::seconds(60);

/// Joins sightings of one run. The order of documents makes no difference.
pub(super) fn joined(mut drafts: Vec<Draft>, documents: &[&Document]) -> Vec<Draft> {
    drafts.sort_by_cached_key(|d| {
        let name = documents.get(d.document).map_or("", |doc| doc.name()).to_owned();
        (d.started.at.is_none(), d.started.at, d.record.is_none(), name, d.pointer.clone(), d.label.clone())
    });
    let mut out: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let near = |d: &Draft| match (d.started.at, draft.started.at) {
            (Some(a), Some(b)) => b - a <= CRON_AHEAD,
            _ => false,
        };
        let by_lsn =
            draft.lsn.is_some().then(|| out.iter().position(|d| d.lsn == draft.lsn && d.tool == draft.tool)).flatten();
        let found = by_lsn.or_else(|| {
            let from = out.iter().rposition(|d| !near(d)).map_or(0, |n| n + 1);
            (from..out.len()).rev().find(|n| out.get(*n).is_some_and(|d| same_run(d, &draft)))
        });
        match found.and_then(|n| out.get_mut(n)) {
            Some(seen) => absorb(seen, draft),
            None => out.push(draft),
        }
    }
    out
}

fn same_run(a: &Draft, b: &Draft) -> bool {
    let (Some(start_a), Some(start_b)) = (a.started.at, b.started.at) else { return false };
    let agree = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
    if !a.tool.makes_backup()
        || !b.tool.makes_backup()
        || a.document == b.document && a.record.is_none() && b.record.is_none()
    {
        return false;
    }
    if a.by_cron != b.by_cron {
        let (cron, other) = if a.by_cron { (start_a, start_b) } else { (start_b, start_a) };
        let apart = other - cron;
        return agree(&a.database, &b.database)
            && agree(&a.host, &b.host)
            && apart >= -SAME_MOMENT
            && apart <= CRON_AHEAD;
    }
    // Two logs of one script carry the same stamps; a record has a clock of its own.
    let apart = if a.record.is_some() || b.record.is_some() { SAME_MOMENT } else { Duration::zero() };
    let ends = match (a.ended.at, b.ended.at) {
        (Some(a), Some(b)) => (a - b).abs() <= apart,
        _ => true,
    };
    let sizes = a.bytes.is_none() || b.bytes.is_none() || a.bytes == b.bytes;
    a.tool == b.tool
        && a.database == b.database
        && !(a.record.is_some() && b.record.is_some())
        && (start_a - start_b).abs() <= apart
        && ends
        && sizes
}

/// Puts two sightings together: the record's times, the worse of the two states, whatever else either tells.
fn absorb(seen: &mut Draft, mut other: Draft) {
    let rank = |d: &Draft| (d.record.is_some(), !d.by_cron, d.ended.at.is_some());
    if rank(&other) > rank(seen) {
        std::mem::swap(seen, &mut other);
    }
    if other.status.badness() > seen.status.badness() {
        seen.status = other.status;
        seen.said = other.said;
        seen.detail = other.detail;
        if seen.record.is_none() {
            seen.document = other.document;
            seen.pointer = other.pointer;
        }
    }
    if seen.started.at.is_none() {
        seen.started = other.started;
    }
    if seen.ended.at.is_none() {
        seen.ended = other.ended;
    }
    seen.by_cron |= other.by_cron;
    seen.database = seen.database.take().or(other.database);
    seen.host = seen.host.take().or(other.host);
    seen.output = seen.output.take().or(other.output);
    seen.bytes = seen.bytes.or(other.bytes);
    seen.bytes_stored = seen.bytes_stored.or(other.bytes_stored);
    seen.encrypted = seen.encrypted.or(other.encrypted);
    seen.cipher = seen.cipher.take().or(other.cipher);
    seen.lsn = seen.lsn.take().or(other.lsn);
}

/// Attaches dump files to the runs that made them and makes runs of the rest. Answers, for each file, its run.
pub(super) fn dump_files(
    drafts: &mut Vec<Draft>,
    files: &[DumpFile],
    zone: Option<Tz>,
    documents: &[&Document],
) -> Vec<usize> {
    let runs = drafts.len();
    let mut made_by = Vec::with_capacity(files.len());
    for file in files {
        let best = (0..runs)
            .filter_map(|n| Some((score(drafts.get(n)?, file, zone)?, n)))
            .max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        let at = match best {
            Some((_, at)) => {
                if let Some(draft) = drafts.get_mut(at) {
                    attach(draft, file);
                }
                at
            }
            None => {
                let document = documents.iter().position(|d| d.name() == file.name).unwrap_or_default();
                drafts.push(alone(file, document, zone));
                drafts.len() - 1
            }
        };
        made_by.push(at);
    }
    made_by
}

/// How well a file fits a run: not at all, or the better the greater.
fn score(draft: &Draft, file: &DumpFile, zone: Option<Tz>) -> Option<(bool, bool, bool, Time)> {
    let fits = match file.form {
        Form::Cluster => draft.tool == Tool::DumpAll,
        Form::Plain | Form::Archive => draft.tool == Tool::Dump,
        Form::Tar | Form::Sealed | Form::Empty => matches!(draft.tool, Tool::Dump | Tool::DumpAll),
    };
    let other_database = draft.database.is_some() && file.database.is_some() && draft.database != file.database;
    let other_size = draft.bytes.is_some_and(|size| size != file.size);
    if !fits || other_database || other_size {
        return None;
    }
    let named = draft.output.as_deref().is_some_and(|o| dump::base(o) == file.base());
    let same_size = draft.bytes == Some(file.size);
    let zone = draft.record.as_ref().and_then(|r| r.timezone).or(zone);
    let in_time = match &file.started {
        Some(stamp) => made_while(draft, stamp, zone)?,
        None => None,
    };
    if let (Some(modified), Some(start)) = (file.modified_at, draft.started.at) {
        let end = draft.ended.at.unwrap_or(start + Duration::days(1));
        let earlier = modified + SAME_MOMENT < start;
        // A copy is younger than what it is a copy of. A record names the run that wrote the file; without one, a
        // younger file is more likely another night's.
        let later = modified > end + Duration::minutes(1) && !(named && draft.record.is_some());
        if in_time.is_none() && (earlier || later) {
            return None;
        }
    }
    let known_database = draft.database.is_some() && draft.database == file.database;
    let good = if in_time == Some(true) { named || same_size || known_database } else { named };
    // The name decides before the size: two dumps of one database in a row are often of equal size.
    good.then_some((in_time == Some(true), named, same_size, draft.started))
}

/// `None` where the dump was certainly begun at another time; otherwise whether that is known.
#[expect(clippy::option_option, reason = "no, not known, yes")]
fn made_while(draft: &Draft, stamp: &Stamp, zone: Option<Tz>) -> Option<Option<bool>> {
    let mut clock = Clock::new(zone, None);
    if let Some(start) = draft.started.at {
        // The second of two equal wall-clock hours, where the run began in it.
        clock.not_before(start - SAME_MOMENT);
    }
    match (clock.place(stamp).at, draft.started.at) {
        (Some(at), Some(start)) => {
            let end = draft.ended.at.unwrap_or(start + Duration::days(1));
            (at + SAME_MOMENT >= start && at <= end + SAME_MOMENT).then_some(Some(true))
        }
        (None, _) => match (stamp, &draft.start_stamp) {
            (Stamp::Local(a, _), Some(Stamp::Local(b, _))) => ((*a - *b).abs() <= CRON_AHEAD).then_some(Some(true)),
            _ => Some(None),
        },
        _ => Some(None),
    }
}

/// What the file says about the run that made it.
fn attach(draft: &mut Draft, file: &DumpFile) {
    if matches!(draft.status, RunStatus::Success | RunStatus::Unknown) {
        let (status, said, detail) = of_file(file);
        match status {
            RunStatus::Failed => {
                draft.status = status;
                draft.said = said;
                draft.detail = detail;
                (draft.bytes, draft.bytes_stored, draft.encrypted, draft.cipher) = (None, None, None, None);
            }
            RunStatus::Success if draft.status == RunStatus::Unknown => {
                draft.status = status;
                draft.said = said;
                draft.detail = detail;
            }
            _ => {}
        }
    }
    draft.database = draft.database.take().or_else(|| file.database.clone());
    draft.output = draft.output.take().or_else(|| Some(file.name.clone()));
    if matches!(draft.status, RunStatus::Success | RunStatus::Partial | RunStatus::Unknown) {
        sizes(draft, file);
        draft.encrypted = file.encrypted.or(draft.encrypted);
        draft.cipher = file.cipher.clone().or_else(|| draft.cipher.take());
    }
}

/// Plain SQL is the data itself: its size is what was captured. Of other files only the stored size is known, and the
/// tool's users know a dump by that size: it counts as both.
fn sizes(draft: &mut Draft, file: &DumpFile) {
    if draft.bytes.is_none() {
        draft.bytes = Some(file.size);
        draft.bytes_stored = (!matches!(file.form, Form::Plain | Form::Cluster)).then_some(file.size);
    }
}

/// A run of which only the dump file is known.
fn alone(file: &DumpFile, document: usize, zone: Option<Tz>) -> Draft {
    let tool = if file.form == Form::Cluster { Tool::DumpAll } else { Tool::Dump };
    let (status, said, detail) = of_file(file);
    let mut draft = Draft::of_files(tool, document, status, said);
    draft.detail = detail;
    draft.database = file.database.clone();
    draft.output = Some(file.name.clone());
    draft.encrypted = file.encrypted;
    draft.cipher = file.cipher.clone();
    let mut clock = Clock::new(zone, None);
    draft.started = file.started.as_ref().map(|s| clock.place(s)).unwrap_or_default();
    draft.ended = file.ended.as_ref().map(|s| clock.place(s)).unwrap_or_default();
    draft.start_stamp = file.started.clone();
    draft.label = Some(file.point_id());
    draft.file_only = true;
    draft.pointer = if document_is_sql(file) { "line:1".to_owned() } else { String::new() };
    if status != RunStatus::Failed {
        sizes(&mut draft, file);
    }
    draft
}

const fn document_is_sql(file: &DumpFile) -> bool {
    matches!(file.form, Form::Plain | Form::Cluster)
}

/// The state that a dump file alone proves.
fn of_file(file: &DumpFile) -> (RunStatus, String, Option<String>) {
    match (file.form, file.complete) {
        (Form::Empty, _) => (RunStatus::Failed, "empty file".to_owned(), Some(format!("{} holds nothing", file.name))),
        (_, Some(true)) => (RunStatus::Success, "dump complete".to_owned(), None),
        (_, Some(false)) => (
            RunStatus::Failed,
            "no trailer".to_owned(),
            Some(format!("{} is cut off: its last lines lack \"dump complete\"", file.name)),
        ),
        (_, None) => (
            RunStatus::Unknown,
            "dump file".to_owned(),
            Some(
                "the file's first bytes do not tell whether the rest is there; keep the exit code of the dump"
                    .to_owned(),
            ),
        ),
    }
}

/// Names what restores and checks read: the database behind the file, and whether its run ended well.
pub(super) fn inputs(drafts: &mut [Draft], files: &[DumpFile]) {
    for at in 0..drafts.len() {
        let Some(reader) = drafts.get(at) else { continue };
        if reader.tool.makes_backup() {
            continue;
        }
        let writer = drafts.iter().filter(|d| wrote(d, reader)).max_by_key(|d| d.started);
        let bad = writer.is_some_and(|w| matches!(w.status, RunStatus::Failed | RunStatus::Aborted));
        let source = writer.and_then(|w| w.database.clone()).or_else(|| {
            let input = dump::base(reader.input.as_deref()?);
            files.iter().find(|f| f.base() == input).and_then(|f| f.database.clone())
        });
        let Some(reader) = drafts.get_mut(at) else { continue };
        if reader.tool != Tool::List || reader.database.is_none() {
            reader.source = source;
        }
        if bad && reader.tool == Tool::List && reader.status == RunStatus::Success {
            reader.status = RunStatus::Partial;
            reader.integrity = Integrity::NotChecked;
            reader.detail = Some("the list can be read, but the run that wrote this file did not end well".to_owned());
        }
    }
}

/// True where `writer` may have written what `reader` read.
fn wrote(writer: &Draft, reader: &Draft) -> bool {
    if !writer.tool.makes_backup() {
        return false;
    }
    if let (Some(made), Some(start)) = (reader.made.at, writer.started.at) {
        let end = writer.ended.at.unwrap_or(start + Duration::days(1));
        return (writer.database.is_none() || writer.database == reader.database)
            && made + SAME_MOMENT >= start
            && made <= end + SAME_MOMENT;
    }
    let (Some(output), Some(input)) = (&writer.output, &reader.input) else { return false };
    let absolute = output.starts_with('/') && input.starts_with('/');
    let same = if absolute { output == input } else { dump::base(output) == dump::base(input) };
    let earlier = match (writer.started.at, reader.started.at) {
        (Some(a), Some(b)) => a <= b,
        _ => true,
    };
    same && earlier
}
