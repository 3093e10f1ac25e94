//! Migration archives: whole copies of repositories that GitHub packs on request and offers for download.
//!
//! `exported` shows that the archive was made and can be fetched from GitHub; whether anybody has done so is not told.
//! An archive without git data holds no code: it counts as configuration.

use std::collections::BTreeMap;

use model::rows::{BackupRun, Component, Row, RunStatus};
use model::time::{Instant, instant};
use serde_json::Value;

use super::piece::{Piece, Shape, text};
use super::selection::Wanted;
use crate::{Batch, Sink, problem};

/// Hands on one run for each repository of each migration.
pub(super) fn read(batch: &Batch<'_>, pieces: &[Piece<'_>], wanted: &Wanted, sink: &mut dyn Sink) {
    let mut runs: BTreeMap<String, BackupRun> = BTreeMap::new();
    for piece in pieces.iter().filter(|p| p.shape == Shape::Migration) {
        let value = &piece.value;
        let Some(id) = text(value, "guid").or_else(|| text(value, "id")) else { continue };
        let mut time = |key: &str| -> Option<Instant> {
            let text = text(value, key)?;
            let place = Some(format!("{}/{key}", piece.pointer));
            instant(&text, batch.timezone).map_err(|e| sink.problem(problem(piece.document, place, e.to_string()))).ok()
        };
        let (started, changed) = (time("created_at"), time("updated_at"));
        let raw = text(value, "state").unwrap_or_default();
        let status = match raw.as_str() {
            "exported" => RunStatus::Success,
            "failed" => RunStatus::Failed,
            "exporting" => RunStatus::Running,
            "pending" => RunStatus::Pending,
            _ => RunStatus::Unknown,
        };
        let bare = ["exclude_git_data", "org_metadata_only"]
            .iter()
            .any(|key| value.get(key).and_then(Value::as_bool) == Some(true));
        let repositories = value.get("repositories").and_then(Value::as_array).into_iter().flatten();
        for of in repositories.filter_map(|r| text(r, "full_name")).filter(|of| wanted.has_repository(of)) {
            let run_id = format!("migration {id} {of}");
            let origin = batch.origin(piece.document, run_id.clone(), &*piece.pointer);
            let mut run = BackupRun::new(origin, run_id.clone(), status, raw.clone());
            run.resource = Some(format!("github:{of}"));
            run.component = Some(if bare { Component::Config } else { Component::Mirror });
            run.started_at = started;
            run.ended_at = changed.filter(|_| status.is_final());
            run.location_id = Some("github:migrations".to_owned());
            runs.insert(run_id, run);
        }
    }
    for run in runs.into_values() {
        sink.row(Row::Run(run));
    }
}
