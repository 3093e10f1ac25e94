//! S3 Inventory: lists that AWS writes every day or week, for buckets that are too large to be listed.
//!
//! A report is `<folder>/manifest.json` and the data files that it names: CSV, gzipped, without a header and with keys in
//! URL encoding, or Parquet (S3 user guide, "Locating your inventory list"). ORC is refused. What it shows is as old as
//! its `creationTimestamp`, which is the time of everything that is read from it.
//!
//! Documents: `inventory/<bucket>/<key>`, as `collect` names them, or a copy of the folder with its data files.

use model::time::Instant;
use polars::prelude::{AnyValue, Column, DataFrame, TimeUnit};
use serde::Deserialize;

use super::archives::Archives;
use super::lists::{Known, plain};
use super::objects::Head;
use super::page::{Entry, decoded};
use crate::{Batch, Document, Sink, parquet, problem};

/// Most problems that are told of one data file.
const TOLD: usize = 20;

/// `manifest.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    /// Bucket that is listed.
    pub source_bucket: String,
    /// Milliseconds since 1970, as text.
    pub creation_timestamp: String,
    /// `CSV`, `ORC` or `Parquet`.
    pub file_format: String,
    /// Names of the columns of CSV.
    #[serde(default)]
    pub file_schema: String,
    /// Data files.
    pub files: Vec<DataFile>,
}

/// A data file as the manifest names it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct DataFile {
    /// Key in the bucket that holds the inventory.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// MD5, hexadecimal.
    #[serde(rename = "MD5checksum", default)]
    pub md5: String,
}

impl Manifest {
    /// Reads a manifest; `None` for anything else.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// When the inventory was taken.
    pub(super) fn created(&self) -> Option<Instant> {
        Instant::from_timestamp_millis(self.creation_timestamp.parse().ok()?)
    }
}

/// A report, with its files.
#[derive(Debug)]
pub(super) struct Inventory {
    document: Document,
    manifest: Manifest,
    at: Instant,
    files: Vec<(DataFile, Option<Document>)>,
    beside: Vec<String>,
}

/// All reports in these documents.
pub(super) fn find(documents: &[Document], sink: &mut dyn Sink) -> Vec<Inventory> {
    let mut out = Vec::new();
    for document in documents.iter().filter(|d| d.file_name() == "manifest.json") {
        let Some(manifest) = document.bytes().ok().and_then(|bytes| Manifest::read(&bytes)) else { continue };
        let Some(at) = manifest.created() else {
            let message = format!("creationTimestamp is no time: {}", manifest.creation_timestamp);
            sink.problem(problem(document, Some("/creationTimestamp".to_owned()), message));
            continue;
        };
        let of = |file: &DataFile| documents.iter().find(|d| same_file(d.name(), &file.key)).cloned();
        let files = manifest.files.iter().map(|file| (file.clone(), of(file))).collect();
        let beside = ["manifest.checksum", "symlink.txt"].map(|name| document.sibling(name)).to_vec();
        out.push(Inventory { document: document.clone(), manifest, at, files, beside });
    }
    out
}

/// True where one path ends with the other, folder by folder.
fn same_file(name: &str, key: &str) -> bool {
    let ends = |long: &str, short: &str| long == short || long.ends_with(&format!("/{short}"));
    ends(name, key) || ends(key, name)
}

impl Inventory {
    /// True where a document is a part of it.
    pub(super) fn holds(&self, document: &Document) -> bool {
        document.name() == self.document.name()
            || self.beside.iter().any(|name| name == document.name())
            || self.files.iter().any(|(_, d)| d.as_ref().is_some_and(|d| d.name() == document.name()))
    }

    /// Name of its configuration: `…/<source bucket>/<configuration>/<time>/manifest.json`.
    fn configuration(&self) -> &str {
        self.document.name().rsplit('/').nth(2).unwrap_or_default()
    }

    /// Hands on the rows of all objects; those of archives go to `archives`.
    pub(super) fn read<'a>(
        &'a self,
        batch: &Batch<'_>,
        known: &Known<'_>,
        archives: &mut Archives<'a>,
        sink: &mut dyn Sink,
    ) {
        let bucket = self.manifest.source_bucket.as_str();
        let scope = known.inventories.get(&(bucket.to_owned(), self.configuration().to_owned()));
        let listing = archives.list(bucket, scope.cloned(), self.at);
        let mut whole = scope.is_some();
        for (file, document) in &self.files {
            let Some(document) = document else {
                whole = false;
                let message = format!("the data file {} is not here: copy it beside the manifest", file.key);
                sink.problem(problem(&self.document, None, message));
                continue;
            };
            if document.size() != file.size {
                whole = false;
                let message =
                    format!("{} bytes, where the manifest says {}: copy it again", document.size(), file.size);
                sink.problem(problem(document, None, message));
            }
            let lines = self.manifest.file_format.eq_ignore_ascii_case("CSV");
            let taker = archives.next(listing, document, if lines { "line:" } else { "/" });
            let mut faults = 0;
            let mut each = |at: usize, row: Result<Entry, String>| {
                let pointer = if lines { format!("line:{at}") } else { format!("/{at}") };
                let mut entry = match row {
                    Ok(entry) => entry,
                    Err(why) => {
                        faults += 1;
                        if faults <= TOLD {
                            sink.problem(problem(document, Some(pointer), why));
                        }
                        return;
                    }
                };
                entry.at = at;
                let current = entry.latest != Some(false);
                let place = (entry.size, entry.modified);
                if !entry.is_folder() && !archives.key(taker, at, &entry.key, place, current) {
                    plain(batch, document, (bucket, entry, pointer), known.heads, sink);
                }
            };
            let read = if lines {
                csv(document, &self.manifest, &mut each)
            } else if self.manifest.file_format.eq_ignore_ascii_case("Parquet") {
                rows(document, bucket, &mut each)
            } else {
                Err(format!(
                    "the format {} is not read: configure the inventory for CSV or Parquet",
                    self.manifest.file_format
                ))
            };
            if let Err(why) = read {
                whole = false;
                sink.problem(problem(document, None, why));
            }
            if faults > TOLD {
                sink.problem(problem(document, None, format!("{faults} rows in all cannot be read")));
            }
            whole &= faults == 0;
        }
        archives.end(listing, whole, false);
    }
}

type Each<'e> = &'e mut dyn FnMut(usize, Result<Entry, String>);

/// A row by the names of its columns, as both formats give it.
struct Fields<'f> {
    text: &'f dyn Fn(&str) -> Option<String>,
    time: &'f dyn Fn(&str) -> Result<Option<Instant>, String>,
}

/// `None` for a mark of deletion.
fn entry(fields: &Fields<'_>, bucket: &str, key: String) -> Result<Option<Entry>, String> {
    let text = |name: &str| (fields.text)(name).filter(|t| !t.is_empty());
    if let Some(other) = text("Bucket").filter(|b| b != bucket) {
        return Err(format!("a row of the bucket {other} in the inventory of {bucket}"));
    }
    if text("IsDeleteMarker").is_some_and(|t| t == "true") {
        return Ok(None);
    }
    let size = text("Size").map(|t| t.parse().map_err(|_| format!("{t} is not a size"))).transpose()?;
    // S3 user guide, "Amazon S3 Inventory list": SSE-S3, SSE-C, SSE-KMS, DSSE-KMS and NOT-SSE.
    let status = text("EncryptionStatus");
    let cipher = match status.as_deref() {
        Some("SSE-S3") => Some("AES256".to_owned()),
        Some("SSE-KMS") => Some("aws:kms".to_owned()),
        Some("DSSE-KMS") => Some("aws:kms:dsse".to_owned()),
        Some("SSE-C") => Some("SSE-C".to_owned()),
        _ => None,
    };
    let encrypted = if status.as_deref() == Some("NOT-SSE") { Some(false) } else { cipher.as_ref().map(|_| true) };
    let head = Head {
        encrypted,
        cipher,
        key_id: None,
        locked_until: (fields.time)("ObjectLockRetainUntilDate")?,
        expires_at: None,
    };
    Ok(Some(Entry {
        key,
        size,
        modified: (fields.time)("LastModifiedDate")?,
        etag: text("ETag").unwrap_or_default(),
        version: text("VersionId").unwrap_or_default(),
        latest: text("IsLatest").map(|t| t == "true"),
        head,
        ..Entry::default()
    }))
}

fn csv(document: &Document, manifest: &Manifest, each: Each<'_>) -> Result<(), String> {
    let names: Vec<&str> = manifest.file_schema.split(',').map(str::trim).collect();
    let column = |name: &str| names.iter().position(|n| *n == name);
    let Some(key_at) = column("Key") else {
        return Err("the manifest's fileSchema names no column Key; copy the manifest again".to_owned());
    };
    let content = document.open().map_err(|e| format!("cannot be read: {e}; copy it again"))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(content);
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(e) => return Err(format!("cannot be read to its end: {e}; copy it again")),
        }
        let line = record.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(usize::MAX));
        if record.len() != names.len() {
            each(line, Err(format!("{} fields, where the manifest names {}", record.len(), names.len())));
            continue;
        }
        let text = |name: &str| column(name).and_then(|at| record.get(at)).map(str::to_owned);
        let time = |name: &str| match text(name).filter(|t| !t.is_empty()) {
            Some(text) => model::time::instant(&text, None).map(Some).map_err(|e| e.to_string()),
            None => Ok(None),
        };
        let key = record.get(key_at).and_then(decoded).filter(|k| !k.is_empty());
        let Some(key) = key else {
            each(line, Err("the key is missing, or not in URL encoding".to_owned()));
            continue;
        };
        match entry(&Fields { text: &text, time: &time }, &manifest.source_bucket, key) {
            Ok(Some(entry)) => each(line, Ok(entry)),
            Ok(None) => {}
            Err(why) => each(line, Err(why)),
        }
    }
}

/// Columns of Parquet files that are read, and their names in CSV.
const COLUMNS: &[(&str, &str)] = &[
    ("bucket", "Bucket"),
    ("key", "Key"),
    ("version_id", "VersionId"),
    ("is_latest", "IsLatest"),
    ("is_delete_marker", "IsDeleteMarker"),
    ("size", "Size"),
    ("last_modified_date", "LastModifiedDate"),
    ("e_tag", "ETag"),
    ("encryption_status", "EncryptionStatus"),
    ("object_lock_retain_until_date", "ObjectLockRetainUntilDate"),
];

fn rows(document: &Document, bucket: &str, each: Each<'_>) -> Result<(), String> {
    let next = |why: String| format!("{why}: copy it again, or configure the inventory for CSV");
    let bytes = parquet::bytes(document).map_err(next)?;
    let damaged = |why: String| next(format!("not a whole Parquet file ({why})"));
    let mut first = 0;
    for count in parquet::groups(&bytes).map_err(damaged)? {
        let wanted = |name: &str| COLUMNS.iter().any(|(own, _)| *own == name);
        let frame = parquet::group(&bytes, first, count, Some(wanted)).map_err(damaged)?;
        group_rows(&frame, bucket, first, each)?;
        first += count;
    }
    Ok(())
}

fn group_rows(frame: &DataFrame, bucket: &str, first: usize, each: Each<'_>) -> Result<(), String> {
    let column = |name: &str| -> Option<&Column> {
        let (own, _) = COLUMNS.iter().find(|(_, csv)| *csv == name)?;
        frame.column(own).ok()
    };
    if column("Key").is_none() {
        return Err("it has no column `key`; configure the inventory again".to_owned());
    }
    for row in 0..frame.height() {
        let value = |name: &str| column(name).and_then(|c| c.get(row).ok());
        let text = |name: &str| match value(name)? {
            AnyValue::Null => None,
            AnyValue::String(text) => Some(text.to_owned()),
            AnyValue::StringOwned(text) => Some(text.to_string()),
            AnyValue::Binary(bytes) => String::from_utf8(bytes.to_vec()).ok(),
            AnyValue::BinaryOwned(bytes) => String::from_utf8(bytes).ok(),
            other => Some(other.to_string()),
        };
        let time = |name: &str| match value(name) {
            None | Some(AnyValue::Null) => Ok(None),
            Some(AnyValue::Datetime(n, unit, _)) => at(n, unit).map(Some),
            Some(AnyValue::DatetimeOwned(n, unit, _)) => at(n, unit).map(Some),
            Some(AnyValue::Int64(n)) => at(n, TimeUnit::Milliseconds).map(Some),
            Some(other) => {
                model::time::instant(other.get_str().unwrap_or_default(), None).map(Some).map_err(|e| e.to_string())
            }
        };
        let Some(key) = text("Key").filter(|k| !k.is_empty()) else {
            each(first + row, Err("the key is missing, or not UTF-8".to_owned()));
            continue;
        };
        match entry(&Fields { text: &text, time: &time }, bucket, key) {
            Ok(Some(entry)) => each(first + row, Ok(entry)),
            Ok(None) => {}
            Err(why) => each(first + row, Err(why)),
        }
    }
    Ok(())
}

fn at(n: i64, unit: TimeUnit) -> Result<Instant, String> {
    let at = match unit {
        TimeUnit::Nanoseconds => Some(Instant::from_timestamp_nanos(n)),
        TimeUnit::Microseconds => Instant::from_timestamp_micros(n),
        TimeUnit::Milliseconds => Instant::from_timestamp_millis(n),
    };
    at.ok_or_else(|| format!("{n} is a time out of range"))
}

#[cfg(test)]
mod tests;
