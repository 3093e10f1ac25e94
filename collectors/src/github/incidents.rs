//! Issues that are incidents, by their labels (case does not matter):
//!
//! * `incident`, `backup` or `investigation` makes an issue an incident (a live source may name other labels);
//!   `investigation` makes it an investigation.
//! * `backup`, or a cause that is a matter of backups, makes it concern backup or recovery.
//! * `cause:backup_failed` (or any other cause of the register), `severity:high`, `system:billing-db`,
//!   `run:<id>`, `significant`.
//!
//! Pull requests and issues without these labels are not incidents.

use std::collections::BTreeSet;

use model::registers::{CauseClass, Incident, IncidentKind};
use model::rows::ObservedIncident;
use model::time::{Instant, instant};
use serde_json::Value;

use super::piece::{Piece, repository, text};
use super::selection::Wanted;
use crate::{Batch, Sink, problem};

/// The incident that an issue amounts to.
pub(super) fn incident(
    batch: &Batch<'_>,
    piece: &Piece<'_>,
    known: &BTreeSet<String>,
    wanted: &Wanted,
    sink: &mut dyn Sink,
) -> Option<ObservedIncident> {
    let value = &piece.value;
    let labels = labels(value);
    let has = |name: &str| labels.iter().any(|l| l.eq_ignore_ascii_case(name));
    let investigation = has("investigation") || has("kind:investigation");
    let is_pull_request = value.get("pull_request").is_some_and(|p| !p.is_null());
    if is_pull_request || !(wanted.is_incident(&labels) || has("kind:investigation")) {
        return None;
    }
    let mut tell = |key: &str, message: String| {
        sink.problem(problem(piece.document, Some(format!("{}/{key}", piece.pointer)), message));
    };
    let Some(number) = text(value, "number") else {
        tell("number", "the issue has no number: it is not read".to_owned());
        return None;
    };
    let repository = repository(piece, known).unwrap_or_else(|| {
        tell(
            "repository_url",
            "does not say which repository it is of; put the file into folders owner/repo".to_owned(),
        );
        String::new()
    });
    if !repository.is_empty() && !wanted.has_repository(&repository) {
        return None;
    }
    let id = format!("{repository}#{number}");
    let mut time = |key: &str| -> Option<Instant> {
        let text = text(value, key)?;
        instant(&text, batch.timezone).map_err(|e| tell(key, e.to_string())).ok()
    };
    let (opened, closed) = (time("created_at"), time("closed_at"));
    let Some(opened_at) = opened else {
        tell("created_at", format!("issue {id} has no time of opening: it is not read"));
        return None;
    };
    let cause_class = valued(&labels, "cause").next().and_then(|word| {
        let class = word.to_ascii_lowercase().replace('-', "_").parse::<CauseClass>();
        class.map_err(|e| tell("labels", format!("label of issue {id}: {e}"))).ok()
    });
    let about_backup =
        matches!(cause_class, Some(CauseClass::BackupFailed | CauseClass::BackupMissed | CauseClass::RestoreFailed));
    let reason = text(value, "state_reason");
    let duplicate_of = (reason.as_deref() == Some("duplicate"))
        .then(|| original(value).map_or_else(|| "not told".to_owned(), |n| format!("{repository}#{n}")));
    Some(ObservedIncident {
        incident: Incident {
            incident_id: id.clone(),
            kind: if investigation { IncidentKind::Investigation } else { IncidentKind::Incident },
            backup_related: has("backup") || about_backup,
            cause_class,
            severity: valued(&labels, "severity").next().map(str::to_owned),
            system_ids: valued(&labels, "system").map(str::to_owned).collect(),
            run_ids: valued(&labels, "run").map(str::to_owned).collect(),
            opened_at,
            closed_at: closed,
            duplicate_of,
            significant: has("significant"),
            root_cause: None,
            resolution: closed.and(reason),
            lessons_ref: None,
            improvement_action_ids: Vec::new(),
            restore_test_id: None,
        },
        origin: batch.origin(piece.document, id, &*piece.pointer),
    })
}

/// Names of the labels; older answers give them as texts.
pub(super) fn labels(value: &Value) -> Vec<String> {
    let labels = value.get("labels").and_then(Value::as_array).into_iter().flatten();
    labels
        .filter_map(|l| l.as_str().map(str::to_owned).or_else(|| text(l, "name")))
        .map(|l| l.trim().to_owned())
        .collect()
}

/// What stands behind `key:` in the labels, as written.
pub(super) fn valued<'a>(labels: &'a [String], key: &'a str) -> impl Iterator<Item = &'a str> {
    labels.iter().filter_map(move |label| {
        let (name, word) = label.split_once(':')?;
        let word = word.trim();
        (name.trim().eq_ignore_ascii_case(key) && !word.is_empty()).then_some(word)
    })
}

/// Number in "Duplicate of #12": GitHub's own answer names no original, people write it so.
fn original(value: &Value) -> Option<String> {
    let body = text(value, "body")?.to_ascii_lowercase();
    let (_, after) = body.split_once("duplicate of #")?;
    let number: String = after.chars().take_while(char::is_ascii_digit).collect();
    (!number.is_empty()).then_some(number)
}
