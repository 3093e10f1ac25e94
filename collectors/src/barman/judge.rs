//! What became of an attempt: from Barman's own state, the lines it printed, and its exit code.

use model::rows::RunStatus;
use model::time::Instant;

use super::state::Backup;
use super::stream::Attempt;
use crate::record::RunRecord;

/// Outcome of an attempt.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Normalised.
    pub status: RunStatus,
    /// Barman's own words.
    pub raw: String,
    /// Message with cause.
    pub detail: Option<String>,
}

/// How long something unfinished is taken to be at work, in hours.
const MAY_RUN_HOURS: i64 = 24;

/// What is known around an attempt.
pub struct Around<'a> {
    /// Its run record.
    pub record: Option<&'a RunRecord>,
    /// True where a later backup of the server began: one runs at a time, so this one had ended.
    pub superseded: bool,
    /// True where another attempt of the same command failed: a bad exit code may be that one's.
    pub shared: bool,
    /// True where the record is that of a script in which Barman itself finished.
    pub script: bool,
    /// Time of collection.
    pub now: Instant,
}

/// Judges a backup from its state and its lines; one of both may be missing.
pub fn backup(state: Option<&Backup>, attempt: Option<&Attempt>, around: &Around<'_>) -> Verdict {
    let errors = attempt.map(|a| a.errors.join("; ")).filter(|e| !e.is_empty());
    let detail = state.and_then(|s| s.error.clone()).or(errors).or_else(|| attempt.and_then(|a| a.size_text.clone()));
    let verdict = |status, raw: &str| Verdict { status, raw: raw.to_owned(), detail: detail.clone() };
    let bad_exit = by_exit(around.record).filter(|_| !around.shared);
    if let Some(signal) = around.record.filter(|_| !around.script).and_then(|r| r.killed_by.as_deref()) {
        return verdict(RunStatus::Aborted, &format!("killed by {signal}"));
    }
    let Some(state) = state else {
        return match attempt {
            Some(attempt) => from_lines(attempt, around),
            None => verdict(RunStatus::Unknown, ""),
        };
    };
    let raw = state.status.as_str();
    let fresh = |at: Option<Instant>| at.is_some_and(|at| (around.now - at).num_hours() < MAY_RUN_HOURS);
    let status = match raw {
        "DONE" => match bad_exit {
            Some(_) => return verdict(RunStatus::Partial, &format!("DONE; {}", exit_text(around.record))),
            None => RunStatus::Success,
        },
        "FAILED" if detail.as_deref().is_some_and(is_interrupt) => RunStatus::Aborted,
        "FAILED" => RunStatus::Failed,
        // Copied, and not restorable before its WAL has arrived: a later state says whether it did.
        "WAITING_FOR_WALS" if fresh(state.end.or(state.begin)) => RunStatus::Running,
        "STARTED" | "EMPTY" | "SYNCING" => match attempt.filter(|a| !a.errors.is_empty()) {
            Some(_) => lines_failed(attempt),
            None if around.superseded => RunStatus::Aborted,
            None => match bad_exit {
                Some(status) => status,
                None if fresh(state.begin.or(attempt.and_then(|a| a.began))) => RunStatus::Running,
                None => RunStatus::Unknown,
            },
        },
        _ => RunStatus::Unknown,
    };
    verdict(status, raw)
}

/// Judges an attempt from its lines and exit code alone.
pub fn from_lines(attempt: &Attempt, around: &Around<'_>) -> Verdict {
    let errors = attempt.errors.join("; ");
    let detail = if errors.is_empty() { attempt.size_text.clone() } else { Some(errors) };
    let verdict = |status, raw: String| Verdict { status, raw, detail: detail.clone() };
    if let Some(signal) = around.record.filter(|_| !around.script).and_then(|r| r.killed_by.as_deref()) {
        return verdict(RunStatus::Aborted, format!("killed by {signal}"));
    }
    let exit = by_exit(around.record).filter(|_| !around.shared);
    if let Some(done) = &attempt.done {
        return match exit {
            Some(status) => verdict(status, exit_text(around.record)),
            None => verdict(RunStatus::Success, done.clone()),
        };
    }
    if let Some(first) = attempt.errors.first() {
        return verdict(lines_failed(Some(attempt)), first.clone());
    }
    if let Some(status) = exit {
        return verdict(status, exit_text(around.record));
    }
    let exited = around.record.is_some_and(|r| r.exit_code == Some(0));
    let silent = attempt.began.is_none() && attempt.began_local.is_none() && attempt.id.is_none();
    let at = attempt.began.or(around.record.and_then(|r| r.started_at));
    let open = around.record.is_none_or(|r| r.exit_code.is_none() && r.finished_at.is_none());
    let status = match () {
        // `barman -q` prints nothing but errors; its exit code tells.
        () if exited && silent => return verdict(RunStatus::Success, exit_text(around.record)),
        () if around.superseded => RunStatus::Aborted,
        () if open && at.is_some_and(|at| (around.now - at).num_hours() < MAY_RUN_HOURS) => RunStatus::Running,
        () => RunStatus::Unknown,
    };
    verdict(status, "no end line".to_owned())
}

fn lines_failed(attempt: Option<&Attempt>) -> RunStatus {
    let interrupted = attempt.is_some_and(|a| a.errors.iter().any(|e| is_interrupt(e)));
    if interrupted { RunStatus::Aborted } else { RunStatus::Failed }
}

/// Barman names the Python exception that a signal became.
fn is_interrupt(text: &str) -> bool {
    ["KeyboardInterrupt", "SystemExit", "SIGTERM", "SIGINT"].iter().any(|w| text.contains(w))
}

/// A bad exit code; above 128 the shell's way to tell a signal.
pub fn by_exit(record: Option<&RunRecord>) -> Option<RunStatus> {
    match record?.exit_code? {
        0 => None,
        // Some wrappers tell a signal as a negative number.
        129..=192 | ..=-1 => Some(RunStatus::Aborted),
        _ => Some(RunStatus::Failed),
    }
}

/// `exit code 1`.
pub fn exit_text(record: Option<&RunRecord>) -> String {
    record.and_then(|r| r.exit_code).map_or_else(String::new, |c| format!("exit code {c}"))
}
