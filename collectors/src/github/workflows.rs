//! Scheduled copies made by GitHub Actions: a workflow whose file name says so is a plan, each attempt at it a run.
//!
//! * A success is `conclusion: success`, nothing else. Skipped, neutral, stale and awaiting runs are `unknown`: GitHub
//!   counts them as passing, and they may have copied nothing.
//! * A run that was started again is two runs: the list shows the last attempt, each earlier one has its own answer.
//! * GitHub tells no size, and no end but the time of the last change.
//! * A workflow that GitHub has switched off (`disabled_inactivity`: nobody changed a public repository for 60 days) is
//!   a plan that is not enabled.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{BackupRun, Component, ObservedPlan, Row, RunStatus, Trigger};
use model::time::{Instant, instant};
use serde_json::Value;

use super::piece::{Piece, Shape, repository, text};
use super::selection::{Wanted, file_name};
use crate::{Batch, Sink, problem};

/// Hands on plans and runs of workflows that make backups.
pub(super) fn read(
    batch: &Batch<'_>,
    pieces: &[Piece<'_>],
    known: &BTreeSet<String>,
    wanted: &Wanted,
    sink: &mut dyn Sink,
) {
    let schedules = schedules(pieces, known, wanted, sink);
    // Newer answers overwrite older ones: pieces come in order of time.
    let mut plans: BTreeMap<String, ObservedPlan> = BTreeMap::new();
    let mut paths: BTreeMap<(String, String), String> = BTreeMap::new();
    for piece in pieces.iter().filter(|p| p.shape == Shape::Workflow) {
        let (Some(of), Some(path)) = (repository(piece, known), text(&piece.value, "path")) else { continue };
        if let Some(id) = text(&piece.value, "id") {
            paths.insert((of.clone(), id), path.clone());
        }
        if wanted.is_backup(&path) && wanted.has_repository(&of) {
            let schedule = schedules.get(&(of.clone(), file_name(&path).to_owned())).cloned().flatten();
            let plan = plan(batch, piece, &of, &path, schedule);
            plans.insert(plan.plan_id.clone(), plan);
        }
    }
    for plan in plans.into_values() {
        sink.row(Row::Plan(plan));
    }
    let mut runs: BTreeMap<String, BackupRun> = BTreeMap::new();
    for piece in pieces.iter().filter(|p| p.shape == Shape::WorkflowRun) {
        if let Some(run) = run(batch, piece, known, &paths, wanted, sink) {
            runs.insert(run.origin.record_id.clone(), run);
        }
    }
    for run in runs.into_values() {
        sink.row(Row::Run(run));
    }
}

/// Id under which plans and runs of a workflow are known.
fn plan_id(of: &str, path: &str) -> String {
    format!("github:{of}/{}", path.split('@').next().unwrap_or(path))
}

fn plan(batch: &Batch<'_>, piece: &Piece<'_>, of: &str, path: &str, schedule: Option<String>) -> ObservedPlan {
    let plan_id = plan_id(of, path);
    let enabled = match text(&piece.value, "state").as_deref() {
        Some("active") => Some(true),
        Some(state) if state.starts_with("disabled") || state == "deleted" => Some(false),
        _ => None,
    };
    ObservedPlan {
        origin: batch.origin(piece.document, plan_id.clone(), &*piece.pointer),
        plan_id,
        resource: Some(format!("github:{of}")),
        component: Some(Component::Mirror),
        // GitHub's schedules are in UTC.
        timezone: schedule.as_ref().map(|_| "UTC".to_owned()),
        schedule,
        retention_s: None,
        retention_count: None,
        enabled,
        observed_at: piece.at,
    }
}

/// What a workflow's own text says of its schedule, by repository and file name; `None` for one that has none.
fn schedules(
    pieces: &[Piece<'_>],
    known: &BTreeSet<String>,
    wanted: &Wanted,
    sink: &mut dyn Sink,
) -> BTreeMap<(String, String), Option<String>> {
    let mut out = BTreeMap::new();
    for piece in pieces.iter().filter(|p| p.shape == Shape::WorkflowFile && wanted.is_backup(p.document.name())) {
        let Some(of) = repository(piece, known) else { continue };
        let name = file_name(piece.document.name()).to_owned();
        match serde_norway::from_str::<Value>(piece.value.as_str().unwrap_or_default()) {
            Ok(Value::Object(workflow)) => {
                // Readers of YAML 1.1 take the key `on` for "true".
                let on = workflow.get("on").or_else(|| workflow.get("true"));
                let entries = on.and_then(|o| o.get("schedule")).and_then(Value::as_array).into_iter().flatten();
                let crons: Vec<String> = entries.filter_map(|e| text(e, "cron")).collect();
                out.insert((of, name), (!crons.is_empty()).then(|| crons.join("; ")));
            }
            Ok(_) => sink.problem(problem(piece.document, None, "this is no workflow: a mapping was expected")),
            Err(e) => sink.problem(problem(piece.document, None, format!("the workflow is no YAML: {e}"))),
        }
    }
    out
}

fn run(
    batch: &Batch<'_>,
    piece: &Piece<'_>,
    known: &BTreeSet<String>,
    paths: &BTreeMap<(String, String), String>,
    wanted: &Wanted,
    sink: &mut dyn Sink,
) -> Option<BackupRun> {
    let value = &piece.value;
    let of = repository(piece, known)?;
    let workflow = text(value, "workflow_id").unwrap_or_default();
    let path = text(value, "path").or_else(|| paths.get(&(of.clone(), workflow)).cloned())?;
    if !wanted.is_backup(&path) || !wanted.has_repository(&of) {
        return None;
    }
    let mut tell = |key: &str, message: String| {
        sink.problem(problem(piece.document, Some(format!("{}/{key}", piece.pointer)), message));
    };
    let Some(id) = text(value, "id") else {
        tell("id", "the run has no id; it is not read".to_owned());
        return None;
    };
    let attempt = value.get("run_attempt").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let run_id = match attempt {
        Some(n) if n > 1 => format!("{id}/attempts/{n}"),
        _ => id,
    };
    let mut time = |key: &str| -> Option<Instant> {
        let text = text(value, key)?;
        instant(&text, batch.timezone).map_err(|e| tell(key, e.to_string())).ok()
    };
    let started = time("run_started_at").or_else(|| time("created_at"));
    let changed = time("updated_at");
    let (conclusion, state) = (text(value, "conclusion"), text(value, "status"));
    let status = status(conclusion.as_deref(), state.as_deref());
    let origin = batch.origin(piece.document, format!("{of}/actions/runs/{run_id}"), &*piece.pointer);
    let raw = conclusion.clone().or(state).unwrap_or_default();
    let mut run = BackupRun::new(origin, run_id, status, raw);
    run.plan_id = Some(plan_id(&of, &path));
    run.resource = Some(format!("github:{of}"));
    run.component = Some(Component::Mirror);
    run.attempt_no = attempt;
    run.trigger = match text(value, "event").as_deref() {
        _ if attempt.is_some_and(|n| n > 1) => Some(Trigger::Retry),
        Some("schedule") => Some(Trigger::Scheduled),
        Some("workflow_dispatch") => Some(Trigger::Manual),
        _ => None,
    };
    run.started_at = started;
    run.ended_at = changed.filter(|_| conclusion.is_some());
    run.status_detail = text(value, "display_title").filter(|_| status != RunStatus::Success);
    Some(run)
}

fn status(conclusion: Option<&str>, state: Option<&str>) -> RunStatus {
    match (conclusion, state) {
        (Some("success"), _) => RunStatus::Success,
        (Some("failure" | "timed_out" | "startup_failure"), _) => RunStatus::Failed,
        (Some("cancelled"), _) => RunStatus::Aborted,
        (Some(_), _) => RunStatus::Unknown,
        (None, Some("in_progress")) => RunStatus::Running,
        (None, Some("queued" | "requested" | "waiting" | "pending")) => RunStatus::Pending,
        (None, _) => RunStatus::Unknown,
    }
}
