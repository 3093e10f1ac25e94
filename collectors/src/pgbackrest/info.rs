//! `pgbackrest info --output=json`: what the repositories hold (manual, "info"; seen with 2.45).
//!
//! Times are epoch seconds. Failed and refused runs are never in it, expired backups no longer.

use model::rows::{Integrity, RecoveryPoint};
use model::time::Instant;
use serde_json::Value;

use crate::{Document, Sink, problem};

/// A stanza as one `info` listed it.
#[derive(Debug)]
pub struct Listed {
    /// Stanza.
    pub stanza: String,
    /// Where it stands.
    pub document: Document,
    /// Pointer to the stanza.
    pub pointer: String,
    /// Backups.
    pub backups: Vec<Backup>,
    /// True where nothing says that something was left out.
    pub whole: bool,
    /// When it was listed, where a run record tells.
    pub listed_at: Option<Instant>,
}

/// One backup of a listing.
#[derive(Debug, Clone)]
pub struct Backup {
    /// Label.
    pub label: String,
    /// Pointer into the document.
    pub pointer: String,
    /// `full`, `diff`, `incr`, or whatever stands there.
    pub kind: String,
    /// Start of the copy.
    pub start: Option<Instant>,
    /// End of the copy.
    pub stop: Option<Instant>,
    /// Size of the database.
    pub size: Option<u64>,
    /// What this backup added to the repository.
    pub stored: Option<u64>,
    /// True: pages with a wrong checksum were copied.
    pub error: Option<bool>,
    /// `none`, `aes-256-cbc`, of its repository.
    pub cipher: Option<String>,
}

impl Backup {
    /// Encrypted by pgBackRest; absent where its repository's cipher is not told.
    pub fn encrypted(&self) -> Option<bool> {
        self.cipher.as_deref().map(|c| c != "none")
    }

    /// Fills what the listing tells about a recovery point.
    pub fn describe(&self, point: &mut RecoveryPoint) {
        point.taken_at = self.stop;
        point.created_at = self.stop;
        point.bytes = self.size;
        point.encrypted = self.encrypted();
        point.cipher = self.cipher.clone().filter(|c| c != "none");
        point.complete = Some(true);
        if self.error == Some(true) {
            point.integrity_checked_at = self.stop;
            point.integrity_result = Some(Integrity::Fail);
        }
    }
}

/// Repository states that leave a listing whole: ok, and no valid backups.
const WHOLE: [u64; 2] = [0, 2];
/// Keys that only `info --set` prints: such a listing shows one backup.
const SET_KEYS: [&str; 4] = ["error-list", "database-ref", "link", "tablespace"];

/// True for text that begins like the JSON of `info`.
pub fn is_info(head: &str) -> bool {
    let mut chars = head.trim_start().chars();
    chars.next() == Some('[') && matches!(chars.find(|c| !c.is_whitespace()), Some('{' | ']')) && {
        head.trim_start().trim_start_matches('[').trim_start().starts_with(']')
            || ["\"backup\"", "\"archive\"", "\"cipher\"", "\"stanza\""].iter().any(|k| head.contains(k))
    }
}

/// Reads every listing of a document (a log of `info` may hold several).
pub fn read(document: &Document, sink: &mut dyn Sink) -> Vec<Listed> {
    let mut out = Vec::new();
    let text = match document.text() {
        Ok(text) => text,
        Err(e) => {
            sink.problem(problem(document, None, format!("{e}; write `info --output=json` again")));
            return out;
        }
    };
    for (at, value) in serde_json::Deserializer::from_str(&text).into_iter::<Value>().enumerate() {
        match value {
            Ok(Value::Array(stanzas)) => {
                // A pointer reaches into one JSON text; later ones are counted in front of it.
                let base = if at == 0 { String::new() } else { format!("#{at}") };
                for (n, stanza) in stanzas.iter().enumerate() {
                    out.extend(read_stanza(document, &format!("{base}/{n}"), stanza, sink));
                }
            }
            Ok(_) => sink.problem(problem(document, None, "a JSON text that is no list of stanzas was not read")),
            Err(e) => {
                let place = Some(format!("line {}", e.line()));
                sink.problem(problem(document, place, format!("{e}; write `info --output=json` again")));
            }
        }
    }
    out
}

fn read_stanza(document: &Document, pointer: &str, value: &Value, sink: &mut dyn Sink) -> Option<Listed> {
    let Some(name) = value.get("name").and_then(Value::as_str) else {
        sink.problem(problem(document, Some(pointer.to_owned()), "a stanza without a name was not read"));
        return None;
    };
    let list = |key: &str| value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let code = |v: &Value| v.pointer("/status/code").and_then(Value::as_u64);
    let repos = list("repo");
    let stanza_code = code(value);
    // "mixed" (4) at the stanza says only that its repositories differ; each says its own.
    let stanza_whole = stanza_code.is_none_or(|c| WHOLE.contains(&c) || (c == 4 && !repos.is_empty()));
    let mut whole = stanza_whole && repos.iter().all(|r| code(r).is_none_or(|c| WHOLE.contains(&c)));
    if !whole {
        let message = |v: &Value| v.pointer("/status/message").and_then(Value::as_str).unwrap_or("unknown").to_owned();
        let bad = repos.iter().find(|r| code(r).is_some_and(|c| !WHOLE.contains(&c))).unwrap_or(value);
        sink.problem(problem(
            document,
            Some(format!("{pointer}/status")),
            format!("stanza {name}: {}; check the repository, then list it again", message(bad)),
        ));
    }
    let default_cipher = value.get("cipher").and_then(Value::as_str).filter(|c| *c != "mixed");
    let mut backups = Vec::new();
    for (n, backup) in list("backup").iter().enumerate() {
        let pointer = format!("{pointer}/backup/{n}");
        let Some(label) = backup.get("label").and_then(Value::as_str) else {
            sink.problem(problem(document, Some(pointer), "a backup without a label was not read"));
            whole = false;
            continue;
        };
        whole &= !SET_KEYS.iter().any(|k| backup.get(k).is_some());
        let repo = backup.pointer("/database/repo-key").and_then(Value::as_u64);
        let own = repos.iter().find(|r| repo.is_some() && r.get("key").and_then(Value::as_u64) == repo);
        let cipher = own.and_then(|r| r.get("cipher")).and_then(Value::as_str).or(default_cipher);
        let mut field = Fields { document, pointer: &pointer, value: backup, sink };
        backups.push(Backup {
            label: label.to_owned(),
            kind: backup.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
            start: field.instant("/timestamp/start"),
            stop: field.instant("/timestamp/stop"),
            size: field.size("/info/size"),
            stored: field.size("/info/repository/delta"),
            error: backup.get("error").and_then(Value::as_bool),
            cipher: cipher.map(str::to_owned),
            pointer,
        });
    }
    Some(Listed {
        stanza: name.to_owned(),
        document: document.clone(),
        pointer: pointer.to_owned(),
        backups,
        whole,
        listed_at: None,
    })
}

/// Reads fields of one backup; what can't be meant is a problem and stays absent.
struct Fields<'a> {
    document: &'a Document,
    pointer: &'a str,
    value: &'a Value,
    sink: &'a mut dyn Sink,
}

impl Fields<'_> {
    fn refuse(&mut self, path: &str, value: &Value, what: &str) {
        let place = Some(format!("{}{path}", self.pointer));
        self.sink.problem(problem(self.document, place, format!("{value} is not {what}; the field is left out")));
    }

    fn size(&mut self, path: &str) -> Option<u64> {
        let value = self.value.pointer(path).filter(|v| !v.is_null())?;
        let size = value.as_u64();
        if size.is_none() {
            self.refuse(path, value, "a size in bytes");
        }
        size
    }

    fn instant(&mut self, path: &str) -> Option<Instant> {
        let value = self.value.pointer(path).filter(|v| !v.is_null())?;
        let at = value.as_i64().filter(|s| *s > 0).and_then(|s| Instant::from_timestamp(s, 0));
        if at.is_none() {
            self.refuse(path, value, "a time in epoch seconds");
        }
        at
    }
}
