//! What became of a process: from its end line, its errors, and the exit code a wrapper saw.

use model::rows::RunStatus;
use model::time::Instant;

use super::log::Process;
use super::merge::command_of;
use crate::record::RunRecord;

/// Outcome of a process.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Normalised.
    pub status: RunStatus,
    /// The tool's own words.
    pub raw: String,
    /// Message with cause.
    pub detail: Option<String>,
}

/// `TermError` of pgBackRest (`src/common/error/error.auto.c.inc`): ended by a signal.
const TERM: i64 = 63;
/// How long a process without an end line is taken to be at work, in hours.
const MAY_RUN_HOURS: i64 = 24;

/// Judges a process. `explained` is true where another command of the same process (the `expire` that
/// follows a backup) failed, so that a bad exit code is not this command's.
pub fn judge(process: &Process, record: Option<&RunRecord>, explained: bool, collected_at: Instant) -> Verdict {
    let detail = detail(process);
    let verdict = |status, raw: String| Verdict { status, raw, detail: detail.clone() };
    let succeeded = process.outcome.as_deref().is_some_and(|o| o.starts_with("completed successfully"));
    // What became of a script around it says nothing against a backup that the tool itself finished.
    let record = record.filter(|r| !succeeded || command_of(&r.command).is_some());
    if let Some(signal) = record.and_then(|r| r.killed_by.as_deref()) {
        return verdict(RunStatus::Aborted, format!("killed by {signal}"));
    }
    let exit = record.and_then(|r| r.exit_code);
    let said = process.outcome.clone();
    let raw = said.clone().or_else(|| exit.map(|c| format!("exit code {c}"))).unwrap_or_default();
    let by_exit = match exit {
        Some(0) | None => None,
        // 128 + signal as shells tell it, or the negative signal as some wrappers do.
        Some(TERM | 129..=192 | ..=-1) => Some(RunStatus::Aborted),
        Some(_) => Some(RunStatus::Failed),
    };
    let status = match said.as_deref() {
        Some(text) if text.starts_with("completed successfully") => match by_exit {
            Some(status) if !explained => {
                return verdict(status, format!("{text}; exit code {}", exit.unwrap_or_default()));
            }
            _ if process.page_errors.is_some() || !process.errors.is_empty() => RunStatus::Partial,
            _ => RunStatus::Success,
        },
        Some(text) if text.starts_with("terminated on signal") || text.contains("[063]") => RunStatus::Aborted,
        Some(text) if text.starts_with("aborted with exception") => RunStatus::Failed,
        Some(_) => by_exit.unwrap_or(RunStatus::Unknown),
        None => return without_end(process, record, by_exit, raw, detail, collected_at),
    };
    verdict(status, raw)
}

fn without_end(
    process: &Process,
    record: Option<&RunRecord>,
    by_exit: Option<RunStatus>,
    raw: String,
    detail: Option<String>,
    collected_at: Instant,
) -> Verdict {
    let exit_zero = record.is_some_and(|r| r.exit_code == Some(0));
    let (status, raw) = if let Some(status) = by_exit {
        (status, raw)
    } else if !process.errors.is_empty() {
        (RunStatus::Failed, "error without an end line".to_owned())
    } else if exit_zero && process.begin.is_none() {
        // A console at level `warn` prints nothing; the manual promises exit code 0 for success only.
        (RunStatus::Success, raw)
    } else if process.superseded {
        (RunStatus::Aborted, "no end line, and a later process held the lock".to_owned())
    } else if record.is_some_and(|r| r.finished_at.is_some()) {
        (RunStatus::Unknown, "no end line".to_owned())
    } else {
        let seen = process.last.and_then(|s| s.at).or(record.and_then(|r| r.started_at));
        let fresh = seen.is_some_and(|at| (collected_at - at).num_hours() < MAY_RUN_HOURS);
        let status = if fresh { RunStatus::Running } else { RunStatus::Unknown };
        (status, "no end line".to_owned())
    };
    Verdict { status, raw, detail }
}

fn detail(process: &Process) -> Option<String> {
    let mut parts: Vec<String> = process.errors.iter().map(|e| worded(e)).collect();
    parts.extend(process.page_errors.clone());
    parts.extend(process.size_text.clone());
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// `[082]: text` as `error 082: text`.
fn worded(error: &str) -> String {
    error
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "))
        .map_or_else(|| error.to_owned(), |(code, text)| format!("error {code}: {text}"))
}
