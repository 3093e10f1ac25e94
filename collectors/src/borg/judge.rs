//! What a job amounts to.

use model::rows::RunStatus;
use model::time::Instant;

use super::command::Action;
use super::output::Job;
use crate::record::RunRecord;
use crate::verdict::{Verdict, may_still_run, together};

/// What is known around a job.
pub(super) struct Around<'a> {
    pub record: Option<&'a RunRecord>,
    /// The exit code is that of borg itself, not of borgmatic or of a script around it.
    pub own_code: bool,
    /// The output may be missing in part, so that an exit code of 0 is not the whole truth.
    pub missing: bool,
    /// borgmatic said that all went well, or that something failed.
    pub summary_ok: bool,
    pub summary_failed: Option<&'a str>,
    pub collected_at: Instant,
}

/// Judges a job by its output, and by the exit code where one is known.
///
/// Exit codes (manual, "Return codes"): 0 success, 1 warning, 2 error, 128+N killed by signal N; with
/// `BORG_EXIT_CODES=modern` (1.4) 3 to 99 are errors and 100 to 127 warnings. borgmatic ends with 0 although
/// borg warned, so its messages count, and with 1 when anything failed, perhaps only another repository.
pub(super) fn verdict(job: &Job, around: &Around<'_>) -> Verdict {
    let exit = around.record.and_then(|r| r.exit_code).or(job.exit);
    let killed = around.record.and_then(|r| r.killed_by.clone());
    let first = job.failure.as_ref().or(job.signal.as_ref()).or(job.end.as_ref()).cloned();
    let told = around.summary_ok.then(|| "Successfully ran configuration file".to_owned());
    let first = first.or(told).or_else(|| exit.map(|c| format!("exit code {c}")));
    let raw = first.unwrap_or_else(|| "no end".to_owned());
    let say = |status, detail: Option<String>| Verdict { status, raw: raw.clone(), detail };
    let with_code = |detail: Option<String>| {
        let code = exit.filter(|c| *c != 0).map(|c| format!("exit code {c}"));
        let parts: Vec<String> = detail.into_iter().chain(code).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    };

    if let Some(signal) = killed {
        return Verdict { raw: format!("killed by {signal}"), ..say(RunStatus::Aborted, job.signal.clone()) };
    }
    if exit.is_some_and(|c| !(0..128).contains(&c))
        || (job.signal.is_some() && (job.end.is_none() || exit.is_some_and(|c| c != 0)))
    {
        return say(RunStatus::Aborted, with_code(job.signal.clone()));
    }
    if job.failure.is_some() {
        return say(RunStatus::Failed, with_code(job.failure.clone()));
    }
    let code = exit.unwrap_or(0);
    if !around.own_code && code != 0 && job.end.is_some() {
        let why = around.summary_failed.unwrap_or("the command around it failed elsewhere");
        return say(RunStatus::Partial, with_code(Some(why.to_owned())));
    }
    let warned = code == 1 || (code >= 100 && (job.end.is_some() || code < 126));
    if code != 0 && (!around.own_code || !warned || job.action == Some(Action::Check)) {
        return say(RunStatus::Failed, with_code(around.summary_failed.map(str::to_owned).or_else(|| warnings(job))));
    }
    if warned {
        return say(RunStatus::Partial, with_code(warnings(job)));
    }
    if around.summary_failed.is_some() && job.end.is_none() {
        return say(RunStatus::Failed, around.summary_failed.map(str::to_owned));
    }
    if job.end.is_some() || around.summary_ok || (exit == Some(0) && !around.missing) {
        let status = if job.warnings.is_empty() { RunStatus::Success } else { RunStatus::Partial };
        return say(status, warnings(job));
    }
    let open = around.record.filter(|r| r.finished_at.is_none() && r.exit_code.is_none()).and_then(|r| r.started_at);
    if open.is_some_and(|start| may_still_run(start, around.collected_at)) {
        return say(RunStatus::Running, None);
    }
    say(RunStatus::Unknown, Some("neither an end nor a failure: the output is missing or cut".to_owned()))
}

fn warnings(job: &Job) -> Option<String> {
    together(&job.warnings, 0)
}
