//! Commands of WAL-G and WAL-E as runs: what was called, where the archive is, and how it ended.
//!
//! Both are told where their archive is by the environment (`WALG_S3_PREFIX=s3://bucket/path`) or an option; neither
//! prints it. A resource is named by that prefix where a run record notes it, else by the id of the source.

use std::collections::BTreeMap;

use model::rows::{BackupRun, Component, RestoreTest, Row, RunStatus, TestKind, TestResult};
use model::time::{Instant, utc_text};

use super::base::may_run;
use crate::record::RunRecord;
use crate::restic::command::{is_separator, is_user, words};
use crate::{Batch, Document, Sink};

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    /// Makes a base backup.
    Push,
    /// Archives a segment.
    WalPush,
    /// Restores a base backup.
    Fetch,
}

/// One command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// `backup-push`, …
    pub name: String,
    /// Words behind it that are no options.
    pub operands: Vec<String>,
    /// Options with their values, without dashes.
    pub options: BTreeMap<String, String>,
}

/// Commands of both tools that tell something about backups.
const COMMANDS: &[&str] = &[
    "backup-push",
    "backup-fetch",
    "backup-list",
    "backup-mark",
    "wal-push",
    "wal-fetch",
    "wal-prefetch",
    "wal-receive",
    "wal-restore",
    "wal-show",
    "wal-verify",
    "delete",
    "st",
];

/// Options whose value is the next word.
const WITH_VALUE: &[&str] = &[
    "config",
    "target-storage",
    "s3-prefix",
    "wabs-prefix",
    "gs-prefix",
    "file-prefix",
    "gpg-key-id",
    "pool-size",
    "cluster-read-rate-limit",
    "restore-spec",
    "delta-from-name",
    "delta-from-user-data",
    "add-user-data",
    "target-user-data",
    "backup-name",
    "timeline",
    "lsn",
    "p",
    "k",
];

impl Command {
    /// Finds the command of `program` (`wal-g`) in a command line.
    pub(crate) fn read(line: &str, program: &str) -> Option<Self> {
        let words = words(line);
        let is_program = |at: usize| words.get(at).is_some_and(|w| w.rsplit('/').next() == Some(program));
        let at = (0..words.len()).find(|at| is_program(*at) && !is_user(&words, *at))?;
        let mut rest = words.iter().skip(at + 1).take_while(|w| !is_separator(w)).peekable();
        let (mut name, mut operands, mut options) = (None, Vec::new(), BTreeMap::new());
        while let Some(word) = rest.next() {
            if let Some(option) = word.strip_prefix('-').map(|w| w.trim_start_matches('-')) {
                let (key, value) = match option.split_once('=') {
                    Some((key, value)) => (key, value.to_owned()),
                    // WAL-G's -p makes a backup permanent.
                    None if WITH_VALUE.contains(&option) && (option != "p" || program == "wal-e") => {
                        (option, rest.next().cloned().unwrap_or_default())
                    }
                    None => (option, String::new()),
                };
                options.insert(key.to_owned(), value);
            } else if name.is_none() && COMMANDS.contains(&word.as_str()) {
                name = Some(word.clone());
            } else if name.is_some() {
                operands.push(word.clone());
            }
        }
        Some(Self { name: name?, operands, options })
    }

    /// What it does, where it makes, archives or restores.
    pub(crate) fn action(&self) -> Option<Action> {
        match self.name.as_str() {
            "backup-push" => Some(Action::Push),
            "wal-push" => Some(Action::WalPush),
            "backup-fetch" => Some(Action::Fetch),
            _ => None,
        }
    }
}

/// Where the archive of a recorded command is: `bucket/path` or `/path`.
pub(crate) fn locator(record: &RunRecord, command: Option<&Command>) -> Option<String> {
    let ends = ["S3_PREFIX", "FILE_PREFIX", "GS_PREFIX", "AZ_PREFIX", "WABS_PREFIX", "SWIFT_PREFIX", "SSH_PREFIX"];
    let by_option = command.and_then(|c| {
        c.options.iter().find_map(|(k, v)| {
            let key = k.replace('-', "_").to_uppercase();
            ends.iter().any(|e| key.ends_with(e)).then(|| v.clone())
        })
    });
    let of = |tool: &str| ends.iter().find_map(|end| record.env.get(&format!("{tool}_{end}")).cloned());
    let prefix = by_option.or_else(|| of("WALG")).or_else(|| of("WALE")).filter(|p| !p.is_empty())?;
    Some(place_of(&prefix))
}

/// `s3://bucket/path/` as `bucket/path`, `file://localhost/srv/x` as `/srv/x`.
pub(crate) fn place_of(prefix: &str) -> String {
    let rest = prefix.split_once("://").map_or(prefix, |(_, rest)| rest);
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let trimmed = rest.trim_end_matches('/');
    if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() }
}

/// One attempt at making, archiving or restoring, as its lines and its record tell it.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// What it was.
    pub action: Action,
    /// Where it is told.
    pub document: Document,
    /// Pointer of that place.
    pub pointer: String,
    /// Its run record, an index into the batch's records.
    pub record: Option<usize>,
    /// Base backup that it made or restores.
    pub base: Option<String>,
    /// File that it archives.
    pub file: Option<String>,
    /// An increment, or a whole copy; absent where that is not told.
    pub increment: Option<bool>,
    /// First line.
    pub first: Option<Instant>,
    /// Last line.
    pub last: Option<Instant>,
    /// Its lines have times without a zone.
    pub zone_unknown: bool,
    /// The line that says that it is done.
    pub done: Option<String>,
    /// Errors.
    pub errors: Vec<String>,
    /// Warnings about the content.
    pub damage: Vec<String>,
    /// Something after it shows that it is not at work any more.
    pub superseded: bool,
    /// Where its archive is.
    pub locator: Option<String>,
    /// It found that there was nothing to do: no run.
    pub void: bool,
}

impl Attempt {
    /// An attempt of which only the place is known.
    pub(crate) fn new(action: Action, document: &Document, pointer: String) -> Self {
        Self {
            action,
            document: document.clone(),
            pointer,
            record: None,
            base: None,
            file: None,
            increment: None,
            first: None,
            last: None,
            zone_unknown: false,
            done: None,
            errors: Vec::new(),
            damage: Vec::new(),
            superseded: false,
            locator: None,
            void: false,
        }
    }

    /// Notes the time of a line.
    pub(crate) fn stamp(&mut self, at: Option<Instant>) {
        self.first = self.first.or(at);
        self.last = at.or(self.last);
        self.zone_unknown |= at.is_none();
    }

    /// How it ended, and the words that show it.
    pub(crate) fn judge(&self, record: Option<&RunRecord>, collected_at: Instant) -> (RunStatus, String) {
        if let Some(signal) = record.and_then(|r| r.killed_by.as_deref()) {
            return (RunStatus::Aborted, format!("killed by {signal}"));
        }
        let interrupted = self.errors.iter().any(|e| e.contains("received interruption signal"));
        let exit = record.and_then(|r| r.exit_code);
        let code = |c: i64| format!("exit code {c}");
        match exit {
            // 128 + signal as shells tell it, or the negative signal as some wrappers do.
            Some(c @ (129..=192 | ..=-1)) => return (RunStatus::Aborted, code(c)),
            Some(c) if c != 0 => return (if interrupted { RunStatus::Aborted } else { RunStatus::Failed }, code(c)),
            _ => {}
        }
        if let Some(done) = &self.done {
            let damaged = !self.damage.is_empty();
            return (if damaged { RunStatus::Partial } else { RunStatus::Success }, done.clone());
        }
        if interrupted {
            return (RunStatus::Aborted, "interrupted".to_owned());
        }
        if exit == Some(0) {
            return (RunStatus::Success, code(0));
        }
        if !self.errors.is_empty() {
            return (RunStatus::Failed, "error".to_owned());
        }
        let seen = self.last.or_else(|| record.and_then(|r| r.started_at));
        let status = match record.and_then(|r| r.finished_at) {
            Some(_) => RunStatus::Unknown,
            None if self.superseded => RunStatus::Aborted,
            None if may_run(seen, collected_at) => RunStatus::Running,
            None => RunStatus::Unknown,
        };
        (status, "no end".to_owned())
    }

    /// What its messages say, where it did not go well.
    fn detail(&self) -> Option<String> {
        let parts: Vec<&str> = self.errors.iter().chain(&self.damage).map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn times(&self, record: Option<&RunRecord>) -> (Option<Instant>, Option<Instant>) {
        let started = record.and_then(|r| r.started_at).or(self.first);
        (started, record.and_then(|r| r.finished_at).or(self.last))
    }

    /// Name of the attempt, the same in every collection that shows it.
    fn identity(&self, resource: &str, record: Option<&RunRecord>) -> String {
        let what = match self.action {
            Action::Push => "backup-push",
            Action::WalPush => self.file.as_deref().unwrap_or("wal-push"),
            Action::Fetch => "backup-fetch",
        };
        match (self.times(record).0, record) {
            (Some(start), Some(record)) => format!("{resource} {what}@{}#{}", utc_text(start), record.id),
            (Some(start), None) => format!("{resource} {what}@{}", start.to_rfc3339()),
            (None, _) => format!("{resource} {what}@{}{}", self.document.name(), self.pointer),
        }
    }

    /// The run. One that made a base backup is named after it, so that everything that tells of that backup agrees.
    pub(crate) fn run(&self, batch: &Batch<'_>, resource: &str, record: Option<&RunRecord>) -> BackupRun {
        let (status, raw) = self.judge(record, batch.collected_at);
        let made = matches!(status, RunStatus::Success | RunStatus::Partial);
        let base = self.base.as_deref().filter(|_| made && self.action == Action::Push);
        let id = base.map_or_else(|| self.identity(resource, record), |base| format!("{resource} {base}"));
        let mut run = BackupRun::new(batch.origin(&self.document, &id, &self.pointer), id, status, raw);
        run.resource = Some(resource.to_owned());
        run.system_id = record.and_then(|r| r.system.clone());
        run.plan_id = record.and_then(|r| r.plan_id.clone());
        run.component = match (self.action, self.increment) {
            (Action::WalPush, _) => Some(Component::LogContinuous),
            (_, Some(true)) => Some(Component::Incremental),
            (_, Some(false)) => Some(Component::Full),
            (_, None) => None,
        };
        (run.started_at, run.ended_at) = self.times(record);
        if matches!(status, RunStatus::Running | RunStatus::Unknown) && record.is_none() {
            run.ended_at = None;
        }
        run.zone_unknown = run.started_at.is_none() && self.zone_unknown;
        run.status_detail = self.detail();
        if base.is_some() {
            run.taken_at = run.ended_at;
            run.recovery_point_id = base.map(str::to_owned);
        }
        run
    }

    /// Hands on a restore.
    pub(crate) fn restore(&self, batch: &Batch<'_>, resource: &str, record: Option<&RunRecord>, sink: &mut dyn Sink) {
        let (status, raw) = self.judge(record, batch.collected_at);
        let result = match status {
            RunStatus::Success => TestResult::Success,
            RunStatus::Failed => TestResult::Failed,
            RunStatus::Aborted => TestResult::Aborted,
            RunStatus::Running => TestResult::Running,
            // Without an end nothing says that the data came back whole.
            _ => TestResult::Partial,
        };
        let id = self.identity(resource, record);
        let mut test = RestoreTest::new(batch.origin(&self.document, &id, &self.pointer), id, result, raw);
        test.from_log = true;
        test.resource = Some(resource.to_owned());
        test.system_id = record.and_then(|r| r.system.clone());
        test.kind = Some(TestKind::Full);
        (test.started_at, test.ended_at) = self.times(record);
        test.zone_unknown = test.started_at.is_none() && self.zone_unknown;
        test.status_detail = self.detail();
        if result == TestResult::Success {
            test.restore_finished_at = test.ended_at;
            test.recovery_point_id.clone_from(&self.base);
        } else if let Some(base) = &self.base {
            // What was tried was not restored: it is told, but not as what was recovered.
            let tried = format!("base backup {base}");
            test.status_detail = Some(test.status_detail.map_or(tried.clone(), |d| format!("{d}; {tried}")));
        }
        sink.row(Row::RestoreTest(test));
    }
}
