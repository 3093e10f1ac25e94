//! What restic printed: lines folded into jobs.
//!
//! Both forms are read: JSON message lines (`--json`) and plain text, as printed by 0.14 to 0.19
//! (`internal/ui`, `cmd/restic`). A log may hold the output of many commands one after the other.

use model::time::Instant;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::command::Action;
use super::snapshot::{Summary, is_id, short};
use crate::groups::clean;

/// What the output of one command tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Job {
    pub action: Option<Action>,
    /// First line, from 1.
    pub line: u64,
    /// Line that proves the end.
    pub end: Option<String>,
    /// Output that only a command at work prints.
    pub progressed: bool,
    /// Seconds at work, by the last `status` message.
    elapsed: u64,
    pub summary: Summary,
    /// Seconds as the text form prints them, whole.
    pub rounded_s: Option<f64>,
    /// Snapshot made, or restored.
    pub snapshot: Option<String>,
    /// Time of the snapshot that is restored, host and paths.
    pub restored: Option<(Option<Instant>, String, Vec<String>)>,
    /// What could not be read.
    pub warnings: Vec<String>,
    pub failure: Option<String>,
    pub signal: Option<String>,
    /// Exit code that an `exit_error` message tells.
    pub exit: Option<i64>,
    pub dry_run: bool,
    pub unchanged: bool,
    pub verified: bool,
    pub restored_bytes: Option<u64>,
    pub files: Option<(u64, u64)>,
    /// Snapshots that `forget` removed, once it says that it did.
    pub removed: Vec<String>,
    pub removal_told: bool,
    /// SHA-256 of the lines, for an identity where no time is known.
    pub hash: Sha256,
}

/// Reads the lines of one command, or of many.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub jobs: Vec<Job>,
    /// Faults with their line.
    pub faults: Vec<(u64, String)>,
    /// JSON lists found among the lines.
    pub lists: Vec<(u64, String)>,
    /// True where a line was restic's.
    pub ours: bool,
    /// The command, where it is known: all lines are its output.
    single: bool,
    /// Standard error, read after standard output: what it says is about jobs already seen.
    late: bool,
    table: Table,
}

/// Which table of `forget` the lines are in.
#[derive(Debug, Default, PartialEq, Eq)]
enum Table {
    #[default]
    None,
    Keep,
    Remove,
}

impl Reader {
    /// A reader of the output of one known command, or (`None`) of whatever comes.
    pub fn new(action: Option<Action>) -> Self {
        let jobs = action.map(|a| Job { action: Some(a), line: 1, ..Job::default() }).into_iter().collect();
        Self { jobs, single: action.is_some(), ..Self::default() }
    }

    /// Reads one document; `late` for standard error after standard output.
    pub fn read(&mut self, text: &str, late: bool) {
        self.late = late;
        for (at, line) in text.lines().enumerate() {
            let line = clean(line);
            if !line.is_empty() {
                self.line(&line, at as u64 + 1);
            }
        }
    }

    fn line(&mut self, line: &str, number: u64) {
        if line.starts_with('{') {
            match serde_json::from_str::<Value>(line) {
                Ok(value) => self.message(&value, line, number),
                Err(_) if line.contains("\"message_type\"") => {
                    self.ours = true;
                    let text = "a message line that is cut or damaged; keep the whole output";
                    self.faults.push((number, text.to_owned()));
                }
                Err(_) => {}
            }
        } else if line.starts_with("[{") || line == "[]" {
            self.lists.push((number, line.to_owned()));
        } else {
            self.text(line, number);
        }
    }

    /// The job that a line is about: the last one, or a new one where the last has ended.
    fn job(&mut self, action: Option<Action>, number: u64, line: &str) -> &mut Job {
        self.ours = true;
        let fits = self.single
            || self.late && !self.jobs.is_empty()
            || self
                .jobs
                .last()
                .is_some_and(|j| !j.closed() && (j.action.is_none() || action.is_none() || j.action == action));
        if !fits {
            self.jobs.push(Job { action, line: number, ..Job::default() });
        }
        let at = self.jobs.len() - 1;
        let job = &mut self.jobs[at];
        if !self.single && !self.late {
            job.action = job.action.or(action);
        }
        job.hash.update(line);
        job
    }

    /// A new command begins: one that was still at work, and had got past its start, has died.
    fn begin(&mut self) {
        if self.single || self.late {
            return;
        }
        if let Some(job) = self.jobs.last_mut().filter(|j| j.progressed && !j.closed())
            && matches!(job.action, None | Some(Action::Backup | Action::Restore))
        {
            job.action = job.action.or(Some(Action::Backup));
            job.signal = Some("the output stops, and that of another command follows".to_owned());
        }
    }

    /// The job just ended, for what is printed after the end; else as [`Reader::job`].
    fn last(&mut self, number: u64, line: &str) -> &mut Job {
        if self.jobs.is_empty() {
            return self.job(None, number, line);
        }
        self.ours = true;
        let at = self.jobs.len() - 1;
        let job = &mut self.jobs[at];
        job.hash.update(line);
        job
    }

    fn message(&mut self, value: &Value, line: &str, number: u64) {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let number_of = |key: &str| value.get(key).and_then(Value::as_u64);
        let has = |key: &str| value.get(key).is_some();
        match text("message_type") {
            Some("summary") if has("num_errors") => {
                let errors = number_of("num_errors").unwrap_or(1);
                let job = self.job(Some(Action::Check), number, line);
                job.end = Some("summary".to_owned());
                if errors > 0 {
                    job.failure = Some(format!("repository contains errors: {errors}"));
                }
            }
            Some("summary") if has("total_files_processed") || has("files_new") || has("data_added") => {
                let mut faults = Vec::new();
                let summary = Summary::read(value, &mut faults);
                let job = self.job(Some(Action::Backup), number, line);
                job.end = Some("summary".to_owned());
                job.summary = summary;
                job.snapshot = text("snapshot_id").filter(|id| is_id(id)).map(str::to_owned);
                job.dry_run |= value.get("dry_run").and_then(Value::as_bool).unwrap_or(false);
                job.unchanged = job.snapshot.is_none() && summary.changes == Some(0);
                self.faults.extend(faults.into_iter().map(|f| (number, f)));
            }
            Some("summary") if has("total_files") || has("total_bytes") || has("files_restored") => {
                let job = self.job(Some(Action::Restore), number, line);
                job.end = Some("summary".to_owned());
                job.restored_bytes = number_of("bytes_restored").or_else(|| number_of("total_bytes"));
                job.files = number_of("total_files").zip(number_of("files_restored"));
            }
            Some("summary") => self.job(None, number, line).end = Some("summary".to_owned()),
            Some("status") => {
                let restore = has("files_restored") || has("bytes_restored");
                let backup = has("files_done") || has("bytes_done") || has("current_files");
                let action = if restore { Some(Action::Restore) } else { backup.then_some(Action::Backup) };
                let elapsed = number_of("seconds_elapsed").unwrap_or(0);
                // The clock of one command never runs backwards.
                if self.jobs.last().is_some_and(|j| elapsed < j.elapsed) {
                    self.begin();
                }
                let job = self.job(action, number, line);
                job.progressed = true;
                job.elapsed = elapsed;
            }
            Some("error") => {
                let action = match text("during") {
                    Some("archival" | "scan") => Some(Action::Backup),
                    Some("restore") => Some(Action::Restore),
                    _ => None,
                };
                let warning = error_text(value);
                self.job(action, number, line).warnings.push(warning);
            }
            Some("exit_error") => {
                let code = value.get("code").and_then(Value::as_i64);
                let message = text("message").unwrap_or("exit_error").to_owned();
                let job = self.last(number, line);
                job.exit = code.or(Some(1));
                if code == Some(3) {
                    job.warnings.push(message);
                } else {
                    job.failure.get_or_insert(message);
                }
            }
            Some(_) => self.job(None, number, line).progressed = true,
            None => {}
        }
    }

    fn text(&mut self, line: &str, number: u64) {
        let backup = Some(Action::Backup);
        let after = |prefix: &str| line.strip_prefix(prefix);
        if let Some(id) = after("snapshot ").and_then(|r| r.strip_suffix(" saved")).filter(|id| is_id(id)) {
            let job = self.job(backup, number, line);
            job.snapshot = Some(id.to_owned());
            job.end = Some(line.to_owned());
        } else if line == "skipped creating snapshot" {
            let job = self.job(backup, number, line);
            job.unchanged = true;
            job.end = Some(line.to_owned());
        } else if after("using parent snapshot").is_some() || after("no parent snapshot found").is_some() {
            self.begin();
            self.job(backup, number, line).progressed = true;
        } else if after("repository ").is_some_and(|r| r.contains(" opened (")) {
            self.ours = true;
            self.begin();
        } else if after("start backup on ").is_some()
            || after("start scan on ").is_some()
            || after("Added to the repository:").is_some()
            || after("Added to the repo:").is_some()
        {
            self.job(backup, number, line).progressed = true;
        } else if after("Would add to the repo").is_some() {
            self.job(backup, number, line).dry_run = true;
        } else if let Some(rest) = after("processed ").filter(|r| r.contains(" files, ")) {
            let job = self.job(backup, number, line);
            job.progressed = true;
            job.rounded_s = rest.rsplit_once(" in ").and_then(|(_, d)| clock_seconds(d));
        } else if after("restoring ").is_some() {
            let job = self.job(Some(Action::Restore), number, line);
            job.progressed = true;
            restored(line, job);
        } else if after("finished verifying ").is_some() {
            // Printed after the summary where there is one.
            let goes_on = self.jobs.last().is_some_and(|j| j.action == Some(Action::Restore));
            let job = if goes_on { self.last(number, line) } else { self.job(Some(Action::Restore), number, line) };
            job.verified = true;
            job.end = Some(line.to_owned());
        } else if after("Summary: Restored ").is_some() {
            self.job(Some(Action::Restore), number, line).end = Some(line.to_owned());
        } else if after("ignoring error for ").is_some() {
            self.job(Some(Action::Restore), number, line).warnings.push(line.to_owned());
        } else if line == "no errors were found" {
            self.job(Some(Action::Check), number, line).end = Some(line.to_owned());
        } else if after("using temporary cache in ").is_some()
            || line == "create exclusive lock for repository"
            || line == "check all packs"
            || line == "check snapshots, trees and blobs"
        {
            self.job(Some(Action::Check), number, line).progressed = true;
        } else if after("Applying Policy: ").is_some() {
            self.job(Some(Action::Forget), number, line).progressed = true;
        } else {
            self.trouble(line, number);
        }
    }

    fn trouble(&mut self, line: &str, number: u64) {
        let after = |prefix: &str| line.strip_prefix(prefix);
        if let Some(path) = line.strip_suffix(" does not exist, skipping").filter(|p| !p.is_empty()) {
            let warning = format!("{path} does not exist, skipping");
            self.job(Some(Action::Backup), number, line).warnings.push(warning);
        } else if after("Warning: at least one source file could not be read").is_some()
            || (after("error: ").or(after("scan: ")).is_some() && self.unfinished(Action::Backup))
        {
            self.last(number, line).warnings.push(line.to_owned());
        } else if let Some(cause) = after("Fatal: ") {
            let ended = self.jobs.last().is_none_or(Job::closed);
            let job = if ended && !self.single && !self.late {
                self.jobs.push(Job { line: number, ..Job::default() });
                self.last(number, line)
            } else {
                self.last(number, line)
            };
            fail(job, cause);
        } else if line.contains("unable to create lock in backend") || line.contains("unable to open repository at") {
            fail(self.job(None, number, line), line);
        } else if line.starts_with("signal ") && line.contains("received, cleaning up") {
            self.last(number, line).signal = Some(line.to_owned());
        } else if after("panic: ").is_some() || after("fatal error: ").is_some() {
            if let Some(job) = self.jobs.last_mut().filter(|j| !j.closed()) {
                job.failure.get_or_insert(line.to_owned());
            }
        } else {
            self.forget(line, number);
        }
    }

    fn unfinished(&self, action: Action) -> bool {
        self.jobs.last().is_some_and(|j| j.action.is_none_or(|a| a == action))
    }

    /// Tables and endings of `forget`.
    fn forget(&mut self, line: &str, number: u64) {
        let counted = |prefix: &str| {
            line.strip_prefix(prefix)
                .and_then(|r| r.strip_suffix(" snapshots:"))
                .is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
        };
        if counted("keep ") {
            self.table = Table::Keep;
            self.job(Some(Action::Forget), number, line).end = Some(line.to_owned());
        } else if counted("remove ") {
            self.table = Table::Remove;
            self.job(Some(Action::Forget), number, line).end = Some(line.to_owned());
        } else if self.table != Table::None && line.strip_suffix(" snapshots").is_some() {
            self.table = Table::None;
        } else if self.table == Table::Remove && line.split_whitespace().next().is_some_and(is_id) {
            let id = line.split_whitespace().next().unwrap_or_default().to_owned();
            self.last(number, line).removed.push(id);
        } else if line.starts_with("Would have removed the following snapshots") {
            self.job(Some(Action::Forget), number, line).dry_run = true;
        } else if let Some(id) = line
            .strip_prefix("removed snapshot/")
            .or_else(|| line.strip_prefix("removed snapshot "))
            .filter(|id| is_id(id))
        {
            let job = self.job(Some(Action::Forget), number, line);
            job.removal_told = true;
            if !job.removed.iter().any(|r| short(r) == short(id)) {
                job.removed.push(id.to_owned());
            }
        } else if line.contains(" snapshots have been removed, running prune")
            || (line.ends_with(" files deleted") && self.unfinished(Action::Forget))
        {
            self.last(number, line).removal_told = true;
        }
    }
}

impl Job {
    /// True where the command is over: a later line is another command's.
    fn closed(&self) -> bool {
        let tail = matches!(self.action, Some(Action::Forget));
        (self.end.is_some() && !tail) || self.failure.is_some() || self.signal.is_some() || self.exit.is_some()
    }
}

fn fail(job: &mut Job, cause: &str) {
    // The first cause is the cause; "Is there a repository at the following location?" follows it.
    job.failure.get_or_insert_with(|| cause.to_owned());
}

/// `restoring <Snapshot ID of [PATHS] at TIME by USER@HOST> to TARGET` (to 0.15), or
/// `restoring snapshot ID of [PATHS] at TIME by USER@HOST to TARGET` (since 0.16).
fn restored(line: &str, job: &mut Job) {
    let Some(rest) = line.strip_prefix("restoring <Snapshot ").or_else(|| line.strip_prefix("restoring snapshot "))
    else {
        return;
    };
    let Some((id, rest)) = rest.split_once(' ').filter(|(id, _)| is_id(id)) else { return };
    job.snapshot = Some(id.to_owned());
    let Some((paths, rest)) = rest.strip_prefix("of [").and_then(|r| r.split_once("] at ")) else { return };
    let Some((time, who)) = rest.split_once(" by ") else { return };
    let host = who.split_once('@').map_or("", |(_, h)| h);
    let host = host.split(['>', ' ']).next().unwrap_or_default();
    // Go's default form: `2026-11-22 21:04:01.209018743 +0000 UTC`.
    let words: Vec<&str> = time.split_whitespace().take(3).collect();
    let at = model::time::instant(&words.join(" "), None).ok();
    // Paths are joined by spaces there, which a path may hold: only one path is certain.
    let paths = if paths.contains(" /") { Vec::new() } else { vec![paths.to_owned()] };
    job.restored = Some((at, host.to_owned(), paths));
}

/// `1:02:03` or `0:17` in seconds.
fn clock_seconds(text: &str) -> Option<f64> {
    let mut seconds = 0_u32;
    for part in text.trim().split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    Some(f64::from(seconds))
}

/// The cause in an `error` message: newer versions write `error.message`, 0.14 the fields of Go's path error.
fn error_text(value: &Value) -> String {
    let item = value.get("item").and_then(Value::as_str).unwrap_or_default();
    let error = value.get("error");
    let message = error
        .and_then(|e| e.get("message"))
        .or_else(|| value.get("message"))
        .and_then(Value::as_str)
        .map(str::to_owned)
        .or_else(|| error.map(Value::to_string))
        .unwrap_or_default();
    format!("{item}: {message}").trim_start_matches(": ").to_owned()
}
