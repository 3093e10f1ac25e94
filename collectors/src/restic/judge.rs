//! What a job amounts to: its state and its times.

use chrono::{Duration, Timelike};
use model::rows::RunStatus;
use model::time::Instant;

use super::command::{Action, Command};
use super::output::Job;
use super::snapshot::Snapshot;
use crate::record::RunRecord;
use crate::verdict::{Verdict, may_still_run, together};

/// Judges a job by its output, and by the exit code where one is known.
///
/// Exit codes (manual, "Scripting"): 0 done, 1 failed, 2 Go runtime error, 3 snapshot made but some source
/// data could not be read, 10 no repository, 11 lock refused, 12 wrong password, 130 interrupted.
/// 0.14 exits 0 although one of several sources is missing: its message then makes the run partial.
pub(super) fn verdict(job: &Job, action: Action, record: Option<&RunRecord>, collected_at: Instant) -> Verdict {
    let exit = record.and_then(|r| r.exit_code).or(job.exit);
    let killed = record.and_then(|r| r.killed_by.clone());
    let raw = |fallback: &str| {
        let told = job.failure.as_ref().or(job.signal.as_ref()).or(job.end.as_ref());
        told.cloned().or_else(|| exit.map(|c| format!("exit code {c}"))).unwrap_or_else(|| fallback.to_owned())
    };
    let say = |status, detail: Option<String>| Verdict { status, raw: raw("no end"), detail };
    let meaning = exit.filter(|c| *c != 0).map(|c| format!("exit code {c}: {}", exit_meaning(c)));
    let cause = |first: Option<String>| {
        let parts: Vec<String> = first.into_iter().chain(meaning.clone()).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    };

    // 128 + SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGPIPE, SIGTERM, as shells and restic report them.
    let signalled = exit.is_some_and(|c| c < 0 || matches!(c, 129 | 130 | 131 | 137 | 141 | 143));
    if let Some(signal) = killed {
        return Verdict { raw: format!("killed by {signal}"), ..say(RunStatus::Aborted, job.signal.clone()) };
    }
    if signalled || (job.signal.is_some() && (job.end.is_none() || exit.is_some_and(|c| c != 0))) {
        return say(RunStatus::Aborted, cause(job.signal.clone()));
    }
    if exit == Some(3) && action == Action::Backup && job.failure.is_none() {
        return say(RunStatus::Partial, cause(warnings(job)));
    }
    if exit.is_some_and(|c| c != 0) || job.failure.is_some() {
        return say(RunStatus::Failed, cause(job.failure.clone().or_else(|| warnings(job))));
    }
    // A text backup that does not end with a snapshot, or a cut list of messages, is no proof, whatever the code.
    let ended = job.end.is_some() || (exit == Some(0) && (action != Action::Backup || !job.progressed));
    if ended {
        let status = if job.warnings.is_empty() { RunStatus::Success } else { RunStatus::Partial };
        return say(status, warnings(job));
    }
    let open = record.filter(|r| r.finished_at.is_none() && r.exit_code.is_none()).and_then(|r| r.started_at);
    if open.is_some_and(|start| may_still_run(start, collected_at)) {
        return say(RunStatus::Running, None);
    }
    say(RunStatus::Unknown, Some("neither a summary nor a failure: the output is missing or cut".to_owned()))
}

fn warnings(job: &Job) -> Option<String> {
    together(&job.warnings, 0)
}

const fn exit_meaning(code: i64) -> &'static str {
    match code {
        1 => "the command failed",
        2 => "runtime error",
        3 => "some source data could not be read, or some snapshots could not be removed",
        10 => "the repository does not exist",
        11 => "the repository could not be locked",
        12 => "wrong password",
        130 => "interrupted",
        _ => "failed",
    }
}

/// Start, end and the point in time of the data (where it differs from the start).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Times {
    pub start: Option<Instant>,
    pub end: Option<Instant>,
    pub taken: Option<Instant>,
}

/// Times of a backup. The clock of restic itself (`backup_start`, since 0.17) beats the snapshot's
/// time, which `--time` can set to anything; that beats the record around the command.
///
/// Before 0.17 a snapshot given `--time` (seen in the command, or by a time without a fraction, which
/// a clock never gives) has no known end: only how long the command took is told.
pub(super) fn times(
    job: Option<&Job>,
    snapshot: Option<&Snapshot>,
    record: Option<&RunRecord>,
    command: Option<&Command>,
) -> Times {
    let told = job.map(|j| j.summary).unwrap_or_default();
    let summary = told.or(snapshot.map(|s| s.summary).unwrap_or_default());
    let labelled = snapshot.and_then(|s| s.time);
    if let Some(start) = summary.start {
        let taken = labelled.filter(|t| (*t - start).abs() > Duration::seconds(1));
        return Times { start: Some(start), end: summary.end.filter(|e| *e >= start), taken };
    }
    let finished = record.and_then(|r| r.finished_at);
    let Some(start) = labelled else {
        return Times { start: record.and_then(|r| r.started_at), end: finished, taken: None };
    };
    let set_by_hand = command.is_some_and(|c| c.has(&["--time"])) || start.nanosecond() == 0;
    let lasted =
        |seconds: f64| Duration::try_milliseconds((seconds * 1000.0) as i64).and_then(|d| start.checked_add_signed(d));
    let end = if set_by_hand {
        None
    } else {
        summary
            .duration_s
            .and_then(lasted)
            .or(finished.filter(|e| *e >= start))
            .or_else(|| job.and_then(|j| j.rounded_s).and_then(lasted))
    };
    Times { start: Some(start), end, taken: None }
}
