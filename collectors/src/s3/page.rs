//! One page of a list of S3 (`ListBucketResult`, `ListVersionsResult`), read straight from its bytes: a million keys come
//! in a thousand pages, and none of them becomes a tree.
//!
//! A page that is cut, is no list, or is an error is refused whole. A size or a time that cannot be read is left out and
//! told with its place. Keys are decoded where the page says that they are encoded (`EncodingType`), which stands behind
//! them with some servers.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use model::time::Instant;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::objects::Head;

/// Deepest nesting of a page; real ones have four levels.
const DEPTH: usize = 16;
/// Most entries of a page. S3 sends a thousand.
const ENTRIES: usize = 100_000;

/// What a page holds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// Bucket, where told.
    pub bucket: String,
    /// What was asked for.
    pub prefix: Option<String>,
    /// True where another page follows.
    pub truncated: Option<bool>,
    /// Entries and folders, as the server counts them.
    pub count: Option<u64>,
    /// Cursor of the next page: a token, or key and version.
    pub next: (String, String),
    /// What was found.
    pub entries: Vec<Entry>,
    /// Folders, where a delimiter was asked for.
    pub folders: Vec<String>,
    /// What could not be read: place and reason.
    pub faults: Vec<(String, String)>,
}

/// Which list of a page an entry stands in.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Among {
    #[default]
    Contents,
    Versions,
    DeleteMarkers,
}

/// An object, a version of one, or a mark of its deletion.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Entry {
    /// Key.
    pub key: String,
    /// Size in bytes.
    pub size: Option<u64>,
    /// When it was stored.
    pub modified: Option<Instant>,
    /// The server's name for its content, without quotes.
    pub etag: String,
    /// Version; empty where none is told.
    pub version: String,
    /// True for the version that is read by default.
    pub latest: Option<bool>,
    /// Its list.
    pub among: Among,
    /// Its place in that list.
    pub at: usize,
    /// What lists of some servers, and inventories, tell beyond that.
    pub head: Head,
}

impl Eq for Entry {}

impl Entry {
    /// True for the placeholder of a folder.
    pub(super) fn is_folder(&self) -> bool {
        self.key.ends_with('/')
    }

    /// Pointer into the page.
    pub(super) fn pointer(&self) -> String {
        format!("{}{}", self.among.pointer(), self.at)
    }
}

impl Among {
    /// Beginning of pointers to its entries.
    pub(super) const fn pointer(self) -> &'static str {
        match self {
            Self::Contents => "/Contents/",
            Self::Versions => "/Versions/",
            Self::DeleteMarkers => "/DeleteMarkers/",
        }
    }
}

impl Page {
    /// Cursor of the next page, where one follows.
    pub(super) fn follows(&self) -> Option<&(String, String)> {
        Some(&self.next).filter(|(key, _)| self.truncated == Some(true) && !key.is_empty())
    }

    /// What in it contradicts itself, or what was asked for: the list that it belongs to is then not whole.
    pub(super) fn contradictions(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let mut out = Vec::new();
        if !self.bucket.is_empty() && self.bucket != bucket {
            out.push(format!("the list is of another bucket ({})", self.bucket));
        }
        let shown = (self.entries.len() + self.folders.len()) as u64;
        if let Some(count) = self.count.filter(|count| *count != shown) {
            out.push(format!("{shown} entries came where the server counts {count}; collect again"));
        }
        if let Some(outside) = self.entries.iter().find(|e| !e.key.starts_with(prefix)) {
            out.push(format!("the key {} lies outside of what was asked for", outside.key));
        }
        let named = !self.next.0.is_empty();
        match (self.truncated, named) {
            (Some(true), true) | (Some(false), false) => {}
            (Some(true), false) => {
                out.push(
                    "a page says that others follow and names no next one, so its end cannot be reached".to_owned(),
                );
            }
            (Some(false), true) => out.push("a page says that nothing follows and names a next one".to_owned()),
            (None, _) => out.push("a page does not tell whether others follow".to_owned()),
        }
        out
    }
}

/// Reads a page.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Page, String> {
    let mut reader = Reader::from_reader(bytes);
    let mut page = Reading::default();
    let damaged = |e: &dyn std::fmt::Display| format!("damaged XML: {e}");
    loop {
        match reader.read_event().map_err(|e| damaged(&e))? {
            Event::Start(start) => page.open(start.local_name().as_ref())?,
            Event::Empty(start) => {
                page.open(start.local_name().as_ref())?;
                page.close()?;
            }
            Event::End(_) => page.close()?,
            Event::Text(text) => page.text(std::str::from_utf8(&text).map_err(|e| damaged(&e))?)?,
            Event::CData(text) => page.text(std::str::from_utf8(&text).map_err(|e| damaged(&e))?)?,
            Event::GeneralRef(name) => match name.resolve_char_ref().map_err(|e| damaged(&e))? {
                Some(c) => page.text(c.encode_utf8(&mut [0; 4]))?,
                None => page.text(match &*name {
                    b"amp" => "&",
                    b"lt" => "<",
                    b"gt" => ">",
                    b"quot" => "\"",
                    b"apos" => "'",
                    _ => return Err("its XML names an entity that no list needs".to_owned()),
                })?,
            },
            Event::DocType(_) => return Err("its XML has a document type, which no list needs".to_owned()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return page.end(),
        }
    }
}

#[derive(Default)]
struct Reading {
    path: Vec<String>,
    text: String,
    entry: Entry,
    counts: [usize; 3],
    encoded: bool,
    error: Option<String>,
    closed: bool,
    out: Page,
}

impl Reading {
    fn open(&mut self, name: &[u8]) -> Result<(), String> {
        let name = std::str::from_utf8(name).map_err(|_| "damaged XML: it is not UTF-8".to_owned())?;
        if self.closed || self.path.len() >= DEPTH {
            return Err("its XML is deeper or larger than any list".to_owned());
        }
        match self.path.len() {
            0 if !matches!(name, "ListBucketResult" | "ListVersionsResult" | "Error") => {
                return Err(format!("<{name}> is no list of objects"));
            }
            1 => self.entry = Entry::default(),
            _ => {}
        }
        self.text.clear();
        self.path.push(name.to_owned());
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        if self.path.is_empty() && !text.trim().is_empty() {
            return Err("damaged XML: text outside of it".to_owned());
        }
        self.text.push_str(text);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(name) = self.path.pop() else { return Err("damaged XML: an end without a beginning".to_owned()) };
        let text = std::mem::take(&mut self.text);
        match self.path.len() {
            0 => self.closed = true,
            1 if self.path[0] == "Error" && name == "Code" => self.error = Some(text),
            1 if self.path[0] == "Error" => {}
            1 => self.top(&name, text)?,
            2 => self.field(&name, text),
            _ => {}
        }
        Ok(())
    }

    /// An element of the page itself.
    fn top(&mut self, name: &str, text: String) -> Result<(), String> {
        match name {
            "Name" => self.out.bucket = text,
            "Prefix" => self.out.prefix = Some(text),
            "IsTruncated" => {
                self.out.truncated = match text.trim() {
                    "true" => Some(true),
                    "false" => Some(false),
                    _ => None,
                };
            }
            "KeyCount" => self.out.count = text.trim().parse().ok(),
            "EncodingType" => self.encoded = text.trim() == "url",
            "NextContinuationToken" | "NextKeyMarker" => self.out.next.0 = text,
            "NextVersionIdMarker" => self.out.next.1 = text,
            "CommonPrefixes" => self.out.folders.push(std::mem::take(&mut self.entry.key)),
            "Contents" => self.entry(Among::Contents)?,
            "Version" => self.entry(Among::Versions)?,
            "DeleteMarker" => self.entry(Among::DeleteMarkers)?,
            _ => {}
        }
        Ok(())
    }

    /// The end of an entry of one of the lists.
    fn entry(&mut self, list: Among) -> Result<(), String> {
        let mut entry = std::mem::take(&mut self.entry);
        entry.among = list;
        let at = &mut self.counts[list as usize];
        entry.at = *at;
        *at += 1;
        if entry.key.is_empty() {
            return Err(format!("the entry {} has no key", entry.pointer()));
        }
        if self.out.entries.len() >= ENTRIES {
            return Err("it has more entries than any page".to_owned());
        }
        let faults = &mut self.out.faults;
        for (place, _) in faults.iter_mut().rev().take_while(|(place, _)| !place.starts_with('/')) {
            *place = format!("{}/{place}", entry.pointer());
        }
        self.out.entries.push(entry);
        Ok(())
    }

    /// A field of an entry, or of a folder.
    fn field(&mut self, name: &str, text: String) {
        let parent = self.path.last().map(String::as_str).unwrap_or_default();
        let trimmed = text.trim();
        match (parent, name) {
            ("CommonPrefixes", "Prefix") | ("Contents" | "Version" | "DeleteMarker", "Key") => self.entry.key = text,
            ("Contents" | "Version" | "DeleteMarker", "LastModified") => match model::time::instant(trimmed, None) {
                Ok(at) => self.entry.modified = Some(at),
                Err(e) => self.out.faults.push((name.to_owned(), e.to_string())),
            },
            ("Contents" | "Version", "Size") => match trimmed.parse() {
                Ok(size) => self.entry.size = Some(size),
                Err(_) => {
                    let reason = format!("{trimmed} is not a size; the field is left out");
                    self.out.faults.push((name.to_owned(), reason));
                }
            },
            ("Contents" | "Version", "ETag") => self.entry.etag = trimmed.trim_matches('"').to_owned(),
            ("Version" | "DeleteMarker", "VersionId") => self.entry.version = trimmed.to_owned(),
            ("Version" | "DeleteMarker", "IsLatest") => self.entry.latest = Some(trimmed == "true"),
            _ => {}
        }
    }

    fn end(mut self) -> Result<Page, String> {
        if !self.closed || !self.path.is_empty() {
            return Err("damaged XML: it is cut".to_owned());
        }
        if let Some(code) = self.error {
            return Err(format!("it is an error: {code}"));
        }
        if self.encoded {
            let fields = self.out.entries.iter_mut().map(|e| &mut e.key).chain(&mut self.out.folders);
            for text in fields.chain(&mut self.out.prefix) {
                *text = decoded(text).ok_or_else(|| format!("\"{text}\" is not in URL encoding, as the page says"))?;
            }
            // The marker of a list of versions is a key; a token of a list of objects is nobody's business.
            if self.counts[Among::Contents as usize] == 0
                && let Some(marker) = decoded(&self.out.next.0)
            {
                self.out.next.0 = marker;
            }
        }
        Ok(self.out)
    }
}

/// Undoes the URL encoding of keys: `+` is a space, as the AWS SDKs read it.
pub(super) fn decoded(text: &str) -> Option<String> {
    if !text.contains(['%', '+']) {
        return Some(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).ok()
}

/// Whether the entries of all pages of one list come once each, and in the order of their keys' bytes. Eight bytes of each
/// are kept.
#[derive(Debug, Default)]
pub(super) struct Order {
    last: String,
    seen: BTreeSet<u64>,
    /// Entries that are no marks of deletion.
    pub entries: u64,
    /// Entries that came before.
    pub repeated: u64,
    /// Entries whose key is not behind the one before.
    pub disordered: u64,
}

impl Order {
    /// Takes the next entry; false where it came before.
    pub(super) fn take(&mut self, entry: &Entry) -> bool {
        let mut hasher = DefaultHasher::new();
        (&entry.key, &entry.version).hash(&mut hasher);
        let new = self.seen.insert(hasher.finish());
        self.repeated += u64::from(!new);
        // Marks of deletion stand in a list of their own with some servers.
        if entry.among != Among::DeleteMarkers {
            let versions = entry.among == Among::Versions;
            let behind = entry.key > self.last || (versions && entry.key == self.last);
            self.disordered += u64::from(self.entries > 0 && !behind);
            self.entries += 1;
            self.last.clear();
            self.last.push_str(&entry.key);
        }
        new
    }

    /// True where each entry came once, and in order.
    pub(super) const fn sound(&self) -> bool {
        self.repeated == 0 && self.disordered == 0
    }
}

#[cfg(test)]
mod tests;
