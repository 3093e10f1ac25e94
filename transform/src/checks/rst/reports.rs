//! RST-03 and RST-04: what restore test reports say, and whether the data were checked.

use model::registers::DocumentKind;
use model::rows::{TestKind, TestResult};
use model::time::{Instant, utc_text};

use super::{Content, content, due, ended, no_tests, of_test};
use crate::judgement::Judgement;
use crate::world::{Test, World};

/// RST-03: restore test reports are complete.
pub fn reports_complete(world: &World<'_>) -> Vec<Judgement> {
    let out: Vec<Judgement> = ended(world)
        .filter(|t| !matches!(t.row.result, TestResult::Planned | TestResult::Running))
        .map(|test| of_test(world, test, report(world, test)))
        .collect();
    if out.is_empty() { no_tests(world, "No restore test that ended") } else { out }
}

fn report(world: &World<'_>, test: &Test) -> Judgement {
    let (unit, row) = (test.row.test_id.as_str(), &test.row);
    let Some(ended) = row.ended_at else {
        return Judgement::no_evidence(unit, "end_missing", "When the test ended is not recorded (ended_at).");
    };
    if row.result == TestResult::Aborted && row.started_at.is_none() {
        return Judgement::not_applicable(unit, "not_started", "Cancelled before it started.");
    }
    if row.kind == Some(TestKind::Tabletop) {
        return Judgement::not_applicable(unit, "tabletop", "A tabletop exercise restores nothing.");
    }
    if row.from_log {
        return Judgement::no_evidence(
            unit,
            "no_report",
            "A tool's log shows this restore; no report describes it (restore_tests, documents).",
        );
    }
    let due = due(world, "report_due_after_test", ended);
    let document = document_date(world, test);
    let filed = row.reported_at.or(document);
    let missing = missing(test);
    if !missing.is_empty() {
        if row.report_ref.is_none() && filed.is_none() && due > world.as_of {
            return Judgement::not_applicable(unit, "not_yet_due", format!("The report is due on {}.", utc_text(due)));
        }
        let mut j = Judgement::fail(unit, "report_incomplete", format!("The report lacks {}.", missing.join(", ")));
        if row.recovery_point_id.is_none() {
            j = j.reason("recovery_point_missing");
        }
        return j.violated(ended, ended + chrono::Duration::seconds(1));
    }
    match filed {
        Some(filed) if filed > due => Judgement::fail(
            unit,
            "report_late",
            format!("The report was filed on {}, due was {}.", utc_text(filed), utc_text(due)),
        )
        .violated(due, filed),
        Some(filed) => Judgement::pass(unit, format!("The report is complete and was filed on {}.", utc_text(filed))),
        // Whatever was collected by the due time was filed by then.
        None if row.origin.observed_at <= due => {
            Judgement::pass(unit, format!("The report is complete and was collected by {}.", utc_text(due)))
        }
        None => Judgement::no_evidence(
            unit,
            "filing_time_unknown",
            format!(
                "The report is complete, but when it was filed is not recorded (restore_tests.reported_at, or a document of kind test_report); due was {}.",
                utc_text(due)
            ),
        ),
    }
}

/// When the register of documents says that a report was approved or took effect. The report of a real incident may be
/// a document of any kind.
fn document_date(world: &World<'_>, test: &Test) -> Option<Instant> {
    let reference = test.row.report_ref.as_deref()?;
    world
        .registers
        .documents
        .iter()
        .flatten()
        .filter(|d| d.kind == DocumentKind::TestReport || test.row.kind == Some(TestKind::RealIncident))
        .find(|d| d.document_id == reference || d.location_ref.as_deref() == Some(reference))
        .and_then(|d| d.effective_from.or(d.approved_at))
}

/// What the report does not say, in words with the field.
pub(super) fn missing(test: &Test) -> Vec<&'static str> {
    let row = &test.row;
    let success = row.result == TestResult::Success;
    let filled = |text: &Option<String>| text.as_deref().is_some_and(|t| !t.trim().is_empty());
    let same_person = filled(&row.reviewer) && row.reviewer == row.performer;
    [
        (test.system.is_none(), "a system of the inventory (system_id)"),
        (!filled(&row.recovery_point_id), "the recovery point (recovery_point_id)"),
        (!filled(&row.environment), "the environment (environment)"),
        (row.started_at.is_none(), "the start (started_at)"),
        (success && row.service_ready_at.is_none(), "the time the service was ready (service_ready_at)"),
        (row.integrity_result.is_none(), "the result of the checks (integrity_result)"),
        (!success && row.issues.is_empty(), "the problems found (issues)"),
        (!filled(&row.performer), "the performer (performer)"),
        (!filled(&row.reviewer), "a reviewer (reviewer)"),
        (same_person, "a reviewer other than the performer (reviewer)"),
        (!filled(&row.report_ref), "the report itself (report_ref)"),
    ]
    .into_iter()
    .filter_map(|(lacks, what)| lacks.then_some(what))
    .collect()
}

/// RST-04: restored data were checked against the source.
pub fn data_checked(world: &World<'_>) -> Vec<Judgement> {
    let out: Vec<Judgement> = ended(world)
        .filter(|t| t.row.kind != Some(TestKind::Tabletop))
        .map(|test| of_test(world, test, checked(world, test)))
        .collect();
    if out.is_empty() { no_tests(world, "No restore test that ended") } else { out }
}

fn checked(world: &World<'_>, test: &Test) -> Judgement {
    let (unit, row) = (test.row.test_id.as_str(), &test.row);
    if row.result != TestResult::Success {
        return Judgement::not_applicable(unit, "not_successful", format!("The test ended as {}.", row.result));
    }
    let counts = row.records_expected.zip(row.records_restored);
    match content(world, test) {
        Content::Equal => Judgement::pass(
            unit,
            match counts {
                Some((expected, _)) => format!("The data were checked, and all {expected} records came back."),
                None => "The data were checked; no counts are recorded.".to_owned(),
            },
        ),
        Content::Explained => Judgement::pass(
            unit,
            "The data were checked; records written after the recovery point are missing, as its age explains.",
        )
        .reason("difference_explained"),
        Content::Different(what) => {
            let at = row.ended_at.unwrap_or(row.origin.observed_at);
            Judgement::fail(
                unit,
                "data_differ",
                format!("Recorded as success, but {what}: treat it as suspected corruption."),
            )
            .violated(at, at + chrono::Duration::seconds(1))
        }
        Content::NotChecked => {
            let j = Judgement::no_evidence(
                unit,
                "not_checked",
                "Whether the restored data equal the source is not recorded (integrity_result).",
            );
            if counts.is_some() { j.reason("counts_only") } else { j }
        }
    }
}
