//! Backups, restores and schedules, as JSON, YAML and text tell them alike.

use std::collections::BTreeMap;

use model::time::{Instant, instant};
use serde_json::Value;

use crate::{Batch, Document};

/// Kind of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Backup,
    Restore,
    Schedule,
}

/// One object as one document shows it.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub what: What,
    pub namespace: String,
    pub name: String,
    /// Schedule by its label, or of a restore by its field.
    pub schedule: Option<String>,
    pub phase: String,
    pub started: Option<Instant>,
    pub completed: Option<Instant>,
    pub expires: Option<Instant>,
    pub location: Option<String>,
    /// Backup that a restore reads.
    pub backup: Option<String>,
    pub warnings: u64,
    pub errors: u64,
    pub reason: Option<String>,
    pub validation: Vec<String>,
    /// Volume snapshots that were begun, and completed.
    pub volumes: (u64, u64),
    /// Copies of files of all volumes are on.
    pub files: bool,
    /// Cron expression, paused, and how long backups are kept, of a schedule.
    pub cron: Option<String>,
    pub paused: bool,
    pub ttl_s: Option<i64>,
    pub document: Document,
    pub pointer: String,
    pub at: Instant,
}

/// All names of a list of backups.
pub(super) struct List {
    pub names: Vec<String>,
    pub at: Instant,
    pub document: Document,
    pub pointer: String,
    pub whole: bool,
}

/// What the documents of a batch hold.
pub(super) struct Found<'a> {
    pub batch: &'a Batch<'a>,
    pub objects: Vec<Object>,
    pub lists: Vec<List>,
    /// Messages of results files, by kind and name.
    pub results: BTreeMap<(What, String), Vec<String>>,
}

impl Object {
    /// An object of which only kind and name are known.
    pub(super) fn new(
        what: What,
        namespace: &str,
        name: &str,
        document: &Document,
        pointer: &str,
        at: Instant,
    ) -> Self {
        Self {
            what,
            namespace: if namespace.is_empty() { "velero".to_owned() } else { namespace.to_owned() },
            name: name.to_owned(),
            schedule: None,
            phase: String::new(),
            started: None,
            completed: None,
            expires: None,
            location: None,
            backup: None,
            warnings: 0,
            errors: 0,
            reason: None,
            validation: Vec::new(),
            volumes: (0, 0),
            files: false,
            cron: None,
            paused: false,
            ttl_s: None,
            document: document.clone(),
            pointer: pointer.to_owned(),
            at,
        }
    }

    /// Namespace and name.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Resource id: see the module documentation.
    pub(super) fn resource(&self) -> String {
        resource(&self.namespace, self.schedule.as_deref().unwrap_or_else(|| without_time(&self.name)))
    }
}

/// Resource of a schedule.
pub(super) fn resource(namespace: &str, schedule: &str) -> String {
    if namespace == "velero" { format!("velero:{schedule}") } else { format!("velero:{namespace}/{schedule}") }
}

/// `daily-20240528020000` without its time.
pub(super) fn without_time(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((schedule, time)) if time.len() == 14 && time.bytes().all(|b| b.is_ascii_digit()) => schedule,
        _ => name,
    }
}

/// Reads one object; `None` for other kinds.
///
/// # Errors
/// What is wrong with an object of a kind that is read.
pub(super) fn object(
    document: &Document,
    value: &Value,
    kind: &str,
    pointer: &str,
    at: Instant,
) -> Result<Option<Object>, String> {
    let what = match kind {
        "Backup" => What::Backup,
        "Restore" => What::Restore,
        "Schedule" => What::Schedule,
        _ => return Ok(None),
    };
    // Other operators have objects of these kinds too.
    let api = value.get("apiVersion").and_then(Value::as_str);
    if api.is_some_and(|api| !api.starts_with("velero.io/")) {
        return Ok(None);
    }
    let text = |path: &str| value.pointer(path).and_then(Value::as_str).filter(|t| !t.is_empty());
    let name = text("/metadata/name").ok_or("an object without a name; export it again")?;
    let mut out = Object::new(what, text("/metadata/namespace").unwrap_or_default(), name, document, pointer, at);
    let label =
        value.pointer("/metadata/labels").and_then(|l| l.get("velero.io/schedule-name")).and_then(Value::as_str);
    out.schedule = label.or_else(|| text("/spec/scheduleName")).filter(|s| !s.is_empty()).map(str::to_owned);
    out.phase = text("/status/phase").unwrap_or_default().to_owned();
    if text("/metadata/deletionTimestamp").is_some() {
        out.phase = "Deleting".to_owned();
    }
    let time = |path: &str| match text(path) {
        None => Ok(None),
        Some(t) => instant(t, None).map(Some).map_err(|e| format!("{path}: {e}")),
    };
    out.started = time("/status/startTimestamp")?;
    out.completed = time("/status/completionTimestamp")?;
    out.expires = time("/status/expiration")?;
    out.location = text("/spec/storageLocation").map(str::to_owned);
    out.backup = text("/spec/backupName").map(str::to_owned);
    out.reason = text("/status/failureReason").map(str::to_owned);
    // Zero counters are left out.
    let count = |path: &str| value.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    (out.warnings, out.errors) = (count("/status/warnings"), count("/status/errors"));
    let sum = |a: &str, b: &str| count(a).saturating_add(count(b));
    out.volumes = (
        sum("/status/volumeSnapshotsAttempted", "/status/csiVolumeSnapshotsAttempted"),
        sum("/status/volumeSnapshotsCompleted", "/status/csiVolumeSnapshotsCompleted"),
    );
    out.files = value.pointer("/spec/defaultVolumesToFsBackup").and_then(Value::as_bool) == Some(true);
    let errors = value.pointer("/status/validationErrors").and_then(Value::as_array);
    out.validation = errors.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    out.cron = text("/spec/schedule").map(str::to_owned);
    out.paused = value.pointer("/spec/paused").and_then(Value::as_bool) == Some(true);
    out.ttl_s = text("/spec/template/ttl").or_else(|| text("/spec/ttl")).and_then(seconds);
    Ok(Some(out))
}

/// A duration as Go writes it: `720h0m0s`.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let mut out = 0_i64;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        out = out.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    (number.is_empty() && out > 0).then_some(out)
}

impl Found<'_> {
    /// A results file: `{"errors": {"velero": […], "cluster": […], "namespaces": {"x": […]}}, "warnings": {…}}`.
    pub(super) fn result(&mut self, document: &Document, value: &Value) {
        let file = document.file_name();
        let stem = file.trim_end_matches(".gz").trim_end_matches(".json").trim_end_matches("-results");
        let (what, name) = match stem.strip_prefix("restore-") {
            // Names of backups may begin with the same word: the folder tells.
            Some(name) if !document.name().contains("backups/") => (What::Restore, name),
            _ => (What::Backup, stem),
        };
        let mut out = Vec::new();
        for kind in ["errors", "warnings"] {
            let Some(parts) = value.get(kind).and_then(Value::as_object) else { continue };
            for (part, messages) in parts {
                let mut texts = |at: &str, list: &Value| {
                    for message in list.as_array().into_iter().flatten().filter_map(Value::as_str).take(5) {
                        out.push(format!("{}: {at}: {message}", kind.trim_end_matches('s')));
                    }
                };
                match messages.as_object() {
                    Some(spaces) => spaces.iter().for_each(|(space, list)| texts(space, list)),
                    None => texts(part, messages),
                }
            }
        }
        out.truncate(20);
        self.results.entry((what, name.to_owned())).or_default().extend(out);
    }
}
