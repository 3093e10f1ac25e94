//! Run records: what a wrapper noted beside the output of a command.
//!
//! `<name>.run.json` holds one; a `runs.json` (`{"tool","version","runs":[…]}`) holds a list. Many
//! tools print too little (no start, no exit code, local time): readers use the record where it is
//! there, and say `unknown` where neither it nor the tool's own bytes can tell.

use std::collections::BTreeMap;

use model::rows::RestoreTest;
use model::time::{Instant, Tz, instant, zone};
use serde::Deserialize;

use crate::{Batch, Document, Sink, problem};

/// One recorded command.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// The document that holds the record.
    pub document: Document,
    /// Pointer into it: empty for a single record.
    pub pointer: String,
    /// Id in the list, or the file name without `.run.json`.
    pub id: String,
    /// Command line.
    pub command: String,
    /// Tool.
    pub tool: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// User.
    pub user: Option<String>,
    /// Zone of the machine the command ran on.
    pub timezone: Option<Tz>,
    /// Start (UTC).
    pub started_at: Option<Instant>,
    /// End (UTC).
    pub finished_at: Option<Instant>,
    /// Exit code; absent for a command that was killed or never ended.
    pub exit_code: Option<i64>,
    /// Signal that ended it.
    pub killed_by: Option<String>,
    /// System, where the wrapper was told.
    pub system: Option<String>,
    /// Plan, where the wrapper was told.
    pub plan_id: Option<String>,
    /// Environment noted (never secrets).
    pub env: BTreeMap<String, String>,
    /// Document name of what it printed on standard output.
    pub stdout: Option<String>,
    /// Document name of what it printed on standard error.
    pub stderr: Option<String>,
}

impl RunRecord {
    /// Writes into a restore test when the recorded command restored, who ran it and on which system.
    pub(crate) fn performed(&self, test: &mut RestoreTest) {
        test.started_at = self.started_at;
        test.restore_finished_at = self.finished_at;
        test.ended_at = self.finished_at;
        test.performer.clone_from(&self.user);
        test.system_id.clone_from(&self.system);
    }
}

#[derive(Deserialize)]
struct RawRecord {
    #[serde(default)]
    id: Option<String>,
    command: Command,
    #[serde(default)]
    tool: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    host: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default, alias = "tz")]
    timezone: Option<String>,
    #[serde(default)]
    started_at: Option<String>,
    #[serde(default)]
    finished_at: Option<String>,
    #[serde(default)]
    exit_code: Option<i64>,
    #[serde(default)]
    killed_by: Option<serde_json::Value>,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    plan_id: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    stdout: Option<String>,
    #[serde(default)]
    stderr: Option<String>,
}

/// A command line, as one text or as its words.
#[derive(Deserialize)]
#[serde(untagged)]
enum Command {
    Text(String),
    Words(Vec<String>),
}

#[derive(Deserialize)]
struct RawList {
    #[serde(default)]
    tool: Option<String>,
    #[serde(default)]
    version: Option<String>,
    runs: Vec<serde_json::Value>,
}

/// True for names that run records have.
#[must_use]
pub fn is_record_name(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.ends_with(".run.json") || file == "runs.json"
}

/// A run record without the secrets of its environment: the values of variables whose names say that they hold a
/// password, passphrase, secret, token or key. With each removal its JSON pointer and what it was.
///
/// A record that is not JSON, or holds no such variable, is left byte for byte as it was.
#[must_use]
pub fn without_secrets(bytes: Vec<u8>) -> (Vec<u8>, Vec<(String, String)>) {
    let mut removed = Vec::new();
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(&bytes) else { return (bytes, removed) };
    let mut clean = |record: &mut serde_json::Value, pointer: &str| {
        let Some(env) = record.get_mut("env").and_then(serde_json::Value::as_object_mut) else { return };
        for (name, value) in env.iter_mut().filter(|(name, value)| names_secret(name) && !value.is_null()) {
            *value = serde_json::Value::String("[removed]".to_owned());
            removed.push((format!("{pointer}/env/{name}"), format!("value of the environment variable {name}")));
        }
    };
    clean(&mut value, "");
    for (at, record) in
        value.get_mut("runs").and_then(serde_json::Value::as_array_mut).into_iter().flatten().enumerate()
    {
        clean(record, &format!("/runs/{at}"));
    }
    if removed.is_empty() {
        return (bytes, removed);
    }
    match serde_json::to_vec_pretty(&value) {
        Ok(clean) => (clean, removed),
        // Can't happen for a value that was just read; the secret must not be kept then either.
        Err(_) => (Vec::new(), removed),
    }
}

/// True for names of environment variables that hold a secret itself. `…_FILE` and `…_COMMAND` say where it is.
pub(crate) fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let holds = ["PASS", "SECRET", "TOKEN", "CREDENTIAL", "_KEY", "APIKEY"].iter().any(|word| name.contains(word));
    holds && !["_FILE", "_COMMAND", "_PATH", "_ID"].iter().any(|end| name.ends_with(end))
}

/// All run records of a batch, in order of document and position.
///
/// A damaged record is a problem; the rest is read. File names in a record are relative to its folder.
pub fn records(batch: &Batch<'_>, sink: &mut dyn Sink) -> Vec<RunRecord> {
    let mut out = Vec::new();
    for document in batch.documents.iter().filter(|d| is_record_name(d.name())) {
        let value: serde_json::Value = match document
            .text()
            .map_err(|e| e.to_string())
            .and_then(|t| serde_json::from_str(&t).map_err(|e| e.to_string()))
        {
            Ok(value) => value,
            Err(e) => {
                sink.problem(problem(document, None, format!("not a run record: {e}; write it again or remove it")));
                continue;
            }
        };
        if value.get("runs").is_some() {
            match serde_json::from_value::<RawList>(value) {
                Ok(list) => {
                    for (at, raw) in list.runs.into_iter().enumerate() {
                        let pointer = format!("/runs/{at}");
                        read_one(
                            document,
                            pointer,
                            raw,
                            list.tool.as_deref(),
                            list.version.as_deref(),
                            batch,
                            sink,
                            &mut out,
                        );
                    }
                }
                Err(e) => sink.problem(problem(document, None, format!("not a list of run records: {e}"))),
            }
        } else {
            read_one(document, String::new(), value, None, None, batch, sink, &mut out);
        }
    }
    out
}

/// The zone that all run records share: logs beside them were written on the same machine.
#[must_use]
pub fn only_zone(records: &[RunRecord]) -> Option<Tz> {
    let first = records.iter().find_map(|r| r.timezone)?;
    records.iter().all(|r| r.timezone.is_none_or(|z| z == first)).then_some(first)
}

#[expect(clippy::too_many_arguments, reason = "one record and the list around it; a struct would only rename them")]
fn read_one(
    document: &Document,
    pointer: String,
    raw: serde_json::Value,
    tool: Option<&str>,
    version: Option<&str>,
    batch: &Batch<'_>,
    sink: &mut dyn Sink,
    out: &mut Vec<RunRecord>,
) {
    let place = || (!pointer.is_empty()).then(|| pointer.clone());
    let raw: RawRecord = match serde_json::from_value(raw) {
        Ok(raw) => raw,
        Err(e) => return sink.problem(problem(document, place(), format!("not a run record: {e}"))),
    };
    let mut timezone = batch.timezone;
    if let Some(name) = &raw.timezone {
        match zone(name) {
            Ok(tz) => timezone = Some(tz),
            Err(e) => sink.problem(problem(document, place(), e.to_string())),
        }
    }
    let mut at = |text: Option<&String>| {
        text.and_then(|t| match instant(t, timezone) {
            Ok(at) => Some(at),
            Err(e) => {
                sink.problem(problem(document, (!pointer.is_empty()).then(|| pointer.clone()), e.to_string()));
                None
            }
        })
    };
    let started_at = at(raw.started_at.as_ref());
    let finished_at = at(raw.finished_at.as_ref());
    let words = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    out.push(RunRecord {
        id: raw.id.unwrap_or_else(|| document.file_name().trim_end_matches(".run.json").to_owned()),
        command: match raw.command {
            Command::Text(text) => text,
            Command::Words(words) => words.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(" "),
        },
        tool: raw.tool.or_else(|| tool.map(str::to_owned)),
        version: raw.version.or_else(|| version.map(str::to_owned)),
        host: raw.host,
        user: raw.user,
        timezone,
        started_at,
        finished_at,
        exit_code: raw.exit_code,
        killed_by: raw.killed_by.filter(|v| !v.is_null()).as_ref().map(words),
        system: raw.system,
        plan_id: raw.plan_id,
        env: raw.env.iter().map(|(k, v)| (k.clone(), words(v))).collect(),
        stdout: raw.stdout.map(|f| document.sibling(&f)),
        stderr: raw.stderr.map(|f| document.sibling(&f)),
        document: document.clone(),
        pointer,
    });
}

/// A word as a shell would need it written, so that reading the line gives the word again.
fn quoted(word: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !"'\"\\;|&<>()$`".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn secrets_of_the_environment_are_removed_and_told() {
        let record = br#"{"runs":[{"command":"borg list","env":{"BORG_PASSPHRASE":"hunter2","BORG_REPO":"/srv","AWS_ACCESS_KEY_ID":"AKIA"}}]}"#;
        let (clean, removed) = without_secrets(record.to_vec());
        let text = String::from_utf8(clean).unwrap();
        assert!(!text.contains("hunter2") && text.contains("/srv") && text.contains("AKIA"));
        assert_eq!(removed.len(), 1);
        assert_eq!(removed[0].0, "/runs/0/env/BORG_PASSPHRASE");
        let plain = br#"{"command":"x","env":{"A":"b"}}"#.to_vec();
        assert_eq!(without_secrets(plain.clone()), (plain, Vec::new()));
    }
}
