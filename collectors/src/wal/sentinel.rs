//! What the files beside a base backup tell: WAL-G's and WAL-E's `base_…_backup_stop_sentinel.json`, WAL-G's
//! `metadata.json`, and Barman's `backup.info`.
//!
//! LSNs and system identifiers are JSON numbers of 64 bits. A time of year 1 is Go's "not set". An incremental backup of
//! WAL-G names its parent; WAL-E's sentinel has no times.

use model::rows::RunStatus;
use model::time::Instant;
use serde_json::{Map, Value};

use super::recognise::is_backup_id;
use super::segment::{Lsn, RawSegment};

/// Facts about one base backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Where the log it needs begins.
    pub start_lsn: Option<Lsn>,
    /// Where it became consistent.
    pub stop_lsn: Option<Lsn>,
    /// First segment it needs, where it is told by name.
    pub start_segment: Option<RawSegment>,
    /// Last segment it needs, where it is told by name.
    pub stop_segment: Option<RawSegment>,
    /// Start.
    pub started_at: Option<Instant>,
    /// End.
    pub finished_at: Option<Instant>,
    /// Size of the data.
    pub bytes: Option<u64>,
    /// Size in storage.
    pub stored: Option<u64>,
    /// Backup it is an increment of.
    pub parent: Option<String>,
    /// Version of PostgreSQL as a number: 150020.
    pub pg_version: Option<u64>,
    /// Host.
    pub hostname: Option<String>,
    /// State in the tool's word, where the file tells it.
    pub state: Option<(RunStatus, &'static str)>,
}

impl Facts {
    /// Takes what these facts lack from `other`.
    pub(crate) fn fill(&mut self, other: &Self) {
        macro_rules! fill { ($($field:ident),+) => { $(if self.$field.is_none() { self.$field.clone_from(&other.$field); })+ } }
        fill!(
            start_lsn,
            stop_lsn,
            start_segment,
            stop_segment,
            started_at,
            finished_at,
            bytes,
            stored,
            parent,
            pg_version
        );
        fill!(hostname, state);
    }
}

/// True for the content of a sentinel or of `metadata.json`.
pub(crate) fn is_facts(object: &Map<String, Value>) -> bool {
    let has = |key: &str| object.contains_key(key);
    (has("LSN") && (has("PgVersion") || has("FinishLSN")))
        || has("wal_segment_backup_stop") && has("wal_segment_offset_backup_stop")
        || (has("start_lsn") && has("finish_lsn") && !has("backup_name"))
}

/// Reads a sentinel, `metadata.json`, or an entry of `wal-g backup-list --detail --json`, which has the same fields.
/// Also answers the keys whose values can't be read.
pub(crate) fn facts(object: &Map<String, Value>) -> (Facts, Vec<&'static str>) {
    let mut bad = Vec::new();
    let mut number = |keys: [&'static str; 2]| {
        let (key, value) = keys.iter().find_map(|k| Some((*k, object.get(*k).filter(|v| !v.is_null())?)))?;
        if value.as_u64().is_none() {
            bad.push(key);
        }
        value.as_u64()
    };
    let start_lsn = number(["LSN", "start_lsn"]).filter(|n| *n > 0).map(Lsn);
    let stop_lsn = number(["FinishLSN", "finish_lsn"]).filter(|n| *n > 0).map(Lsn);
    let bytes = number(["UncompressedSize", "uncompressed_size"]).or_else(|| number(["expanded_size_bytes", ""]));
    let stored = number(["CompressedSize", "compressed_size"]);
    let pg_version = number(["PgVersion", "pg_version"]).filter(|n| *n > 0);
    let mut time = |keys: [&'static str; 2]| {
        let (key, value) = keys.iter().find_map(|k| Some((*k, object.get(*k).filter(|v| !v.is_null())?)))?;
        let read = value.as_str().and_then(|t| model::time::instant(t, None).ok());
        if read.is_none() {
            bad.push(key);
        }
        read.filter(|at| at.timestamp() > 0)
    };
    let started_at = time(["StartTime", "start_time"]);
    let finished_at = time(["FinishTime", "finish_time"]);
    let text = |key: &str| object.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
    let facts = Facts {
        start_lsn,
        stop_lsn,
        start_segment: None,
        stop_segment: text("wal_segment_backup_stop").and_then(RawSegment::parse),
        started_at,
        finished_at,
        // Go leaves fields of older backups at zero.
        bytes: bytes.filter(|b| *b > 0),
        stored: stored.filter(|b| *b > 0),
        parent: text("DeltaFrom").map(str::to_owned),
        pg_version,
        hostname: text("Hostname").or_else(|| text("hostname")).map(str::to_owned),
        state: None,
    };
    (facts, bad)
}

/// What the name of a WAL-G or WAL-E base backup tells: `base_<24 hex>`, `base_<24 hex>_<8 hex>` (WAL-E: the offset in
/// the segment), `base_<24 hex>_D_<24 hex>` (WAL-G: an increment, with its parent's segment).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BaseName {
    /// Segment it began in.
    pub start: RawSegment,
    /// Offset in it: WAL-E alone writes it.
    pub offset: Option<u32>,
    /// Segment that the parent began in.
    pub parent: Option<RawSegment>,
}

/// Reads the name of a base backup.
pub(crate) fn base_name(name: &str) -> Option<BaseName> {
    let rest = name.strip_prefix("base_")?;
    let start = RawSegment::parse(rest.get(..24)?)?;
    let mut out = BaseName { start, offset: None, parent: None };
    let mut rest = rest.get(24..)?;
    if let Some(delta) = rest.strip_prefix("_D_") {
        out.parent = Some(RawSegment::parse(delta.get(..24)?)?);
        rest = delta.get(24..)?;
    }
    if let Some(offset) = rest.strip_prefix('_') {
        let digits = offset.len() == 8 && offset.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
        out.offset = digits.then(|| u32::from_str_radix(offset, 16).ok()).flatten();
        out.offset?;
        rest = "";
    }
    rest.is_empty().then_some(out)
}

/// Ending of a sentinel's name.
pub(crate) const SENTINEL: &str = "_backup_stop_sentinel.json";

/// True for the content of Barman's `backup.info`: lines `key=value`.
pub(crate) fn is_backup_info(text: &str) -> bool {
    let has = |key: &str| text.lines().any(|l| l.starts_with(key));
    has("status=") && has("begin_wal=") && has("server_name=")
}

/// Reads Barman's `backup.info`. Times have an offset; a field that is not set says `None`.
pub(crate) fn backup_info(text: &str) -> Facts {
    let field = |key: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix('='))?.trim();
        Some(line).filter(|v| !v.is_empty() && *v != "None")
    };
    let time = |key: &str| field(key).and_then(|t| model::time::instant(t, None).ok());
    let state = field("status").map(|status| match status {
        "DONE" => (RunStatus::Success, "DONE"),
        "WAITING_FOR_WALS" => (RunStatus::Unknown, "WAITING_FOR_WALS"),
        "FAILED" => (RunStatus::Failed, "FAILED"),
        "STARTED" | "EMPTY" | "SYNCING" => (RunStatus::Running, "STARTED"),
        _ => (RunStatus::Unknown, "unknown state"),
    });
    Facts {
        start_lsn: field("begin_xlog").and_then(Lsn::parse),
        stop_lsn: field("end_xlog").and_then(Lsn::parse),
        start_segment: field("begin_wal").and_then(RawSegment::parse),
        stop_segment: field("end_wal").and_then(RawSegment::parse),
        started_at: time("begin_time"),
        finished_at: time("end_time"),
        bytes: field("size").and_then(|n| n.parse().ok()).filter(|n| *n > 0),
        pg_version: field("version").and_then(|n| n.parse().ok()),
        state,
        ..Facts::default()
    }
}

/// Name of the base backup that a file is about: `…/base_X_backup_stop_sentinel.json`, `…/base_X/metadata.json`,
/// `…/base/<id>/backup.info`.
pub(crate) fn about(file: &str) -> Option<&str> {
    let mut parts = file.rsplit('/');
    let last = parts.next()?;
    let name = match last.strip_suffix(SENTINEL) {
        Some(name) => name,
        None if last == "metadata.json" => parts.next()?,
        None if last == "backup.info" => return parts.next().filter(|id| is_backup_id(id)),
        None => return None,
    };
    base_name(name).map(|_| name)
}

/// WAL-E's LSN: where the backup began.
pub(crate) fn start_lsn(name: &BaseName) -> Option<Lsn> {
    // The offset counts from the beginning of the segment, whose size WAL-E takes to be 16 MiB.
    let offset = u64::from(name.offset?);
    Some(Lsn(name.start.log() << 32 | ((name.start.of_log() << 24) + offset)))
}
