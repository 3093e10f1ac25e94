//! The generic run log: one record a backup run, written by whatever ran it.
//!
//! Read as JSON lines, as one JSON array of records (or records printed one below the other), as
//! CSV with a header (comma, semicolon or tab), and as Parquet; text may be compressed with gzip or
//! zstd. Names of fields are those of `backup_runs`; see [`record`] for what each may hold. Which
//! form a file has is told by its bytes, not by its name.
//!
//! Records that a wrapper left of commands (`*.run.json`) are read as well; see [`recorded`].
//!
//! Records are handed on one at a time. A bad record is a problem with its line and the rest is
//! read. What a record claims is not judged here: times in the future and ends before starts are
//! kept for the checks.

use std::io::{self, BufRead, Read};

use crate::{Batch, Claim, Document, Kind, Sink, fetch, problem};

pub(crate) mod elements;
mod json;
mod keys;
mod parquet;
mod reading;
mod record;
mod recorded;
mod separated;
#[cfg(test)]
mod tests;

use reading::Reading;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "runs",
    title: "Generic run log",
    reads: "run records as JSON lines, CSV or Parquet",
    tables: &["backup_runs"],
    claim,
    parse,
    live: None,
};

/// First and last bytes of a Parquet file.
const PARQUET_MAGIC: &[u8] = b"PAR1";
/// How far into a document its form is looked for.
const HEAD: u64 = 1 << 16;

/// Keeps text and Parquet.
fn claim(name: &str, head: &[u8]) -> Claim {
    if head.starts_with(PARQUET_MAGIC) { Claim::Keep } else { fetch::claim_text(name, head) }
}

/// How the records of a document are written.
enum Form {
    Lines,
    Elements,
    Separated(u8),
    Parquet,
    Utf16,
    Empty,
    Foreign,
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let done = recorded::runs(batch, sink);
    let mut any = !done.is_empty();
    for document in batch.documents.iter().filter(|d| !done.contains(d.name())) {
        match read(batch, document, sink) {
            Ok(recognised) => any |= recognised,
            Err(e) => {
                any = true;
                let next = "write the file again, or restore it from where it was written";
                sink.problem(problem(document, None, format!("cannot be read: {e}; {next}")));
            }
        }
    }
    // A source without a single record must not pass for one that saw no backups.
    if let (false, Some(first)) = (any, batch.documents.first()) {
        sink.problem(problem(
            first,
            None,
            "neither this file nor another of the source holds run records: check `path`",
        ));
    }
}

/// False for a document that is not run records at all.
fn read(batch: &Batch<'_>, document: &Document, sink: &mut dyn Sink) -> io::Result<bool> {
    let form = form(document)?;
    let mut reading = Reading::new(batch, document, sink);
    match form {
        Form::Lines => json::lines(&mut reading, text(document)?),
        Form::Elements => json::elements(&mut reading, text(document)?),
        Form::Separated(separator) => separated::rows(&mut reading, text(document)?, separator),
        Form::Parquet => parquet::rows(&mut reading),
        Form::Utf16 => reading.tell_document("the text is UTF-16: export it as UTF-8".to_owned()),
        Form::Empty => reading.tell_document("the file is empty: check that what writes it still runs".to_owned()),
        Form::Foreign if has_record_extension(document.name()) => reading.tell_document(
            "holds no run records: expected JSON objects, a CSV header with `run_id` and `status`, or Parquet"
                .to_owned(),
        ),
        Form::Foreign => {
            reading.pass_over("no JSON objects, no CSV header of run records, not Parquet");
            return Ok(false);
        }
    }
    reading.finish();
    Ok(true)
}

/// The decompressed bytes after a byte order mark.
fn text(document: &Document) -> io::Result<Box<dyn BufRead>> {
    let mut reader = document.open()?;
    if reader.fill_buf()?.starts_with(BOM) {
        reader.consume(BOM.len());
    }
    Ok(reader)
}

const BOM: &[u8] = b"\xef\xbb\xbf";

fn form(document: &Document) -> io::Result<Form> {
    if document.size() == 0 {
        return Ok(Form::Empty);
    }
    let mut magic = [0_u8; 4];
    let given = document.raw()?.read(&mut magic)?;
    if magic.get(..given).is_some_and(|m| m == PARQUET_MAGIC) {
        return Ok(Form::Parquet);
    }
    let head = head(document)?;
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Ok(Form::Utf16);
    }
    let head = head.strip_prefix(BOM).unwrap_or(&head);
    let mut lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty());
    let Some(first) = lines.next() else {
        return Ok(if head.len() as u64 == HEAD { Form::Foreign } else { Form::Empty });
    };
    Ok(match first {
        [b'[', ..] | [b'{'] => Form::Elements,
        [b'{', ..] => Form::Lines,
        _ => match separated::separator(first) {
            Some(separator) => Form::Separated(separator),
            // The first line may be the damaged one.
            None if lines.any(|l| l.starts_with(b"{\"")) => Form::Lines,
            None => Form::Foreign,
        },
    })
}

/// The first bytes, as far as they can be had: damage further on is found when reading.
fn head(document: &Document) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    match document.open()?.take(HEAD).read_to_end(&mut out) {
        Err(e) if out.is_empty() => Err(e),
        _ => Ok(out),
    }
}

/// True for names that promise run records, so that a file without any is damaged, not foreign.
fn has_record_extension(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    [".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"].iter().any(|e| name.ends_with(e))
}
