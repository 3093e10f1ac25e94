//! PRC-02: job records and dashboards exist for every month, and are kept.

use model::evidence::SourceStatus;
use model::registers::{Document, DocumentKind, Recorded};
use model::time::{Instant, Period, utc_text};

use super::super::common::{ORGANIZATION as UNIT, filled, keep_until, names, no_register};
use super::super::faults::Faults;
use crate::judgement::Judgement;
use crate::world::World;

/// Months of the period that ended by `as_of`; the running one where none has.
fn months(world: &World<'_>) -> Vec<Period> {
    let zone = world.period.zone();
    let (first, last) = world.period.days();
    let mut out: Vec<Period> = Vec::new();
    for day in first.iter_days().take_while(|day| *day <= last) {
        if out.last().is_none_or(|m| m.days().1 < day) {
            out.push(Period::month_of(day, zone));
        }
    }
    if out.iter().any(|m| m.end() <= world.as_of) {
        out.retain(|m| m.end() <= world.as_of);
    } else {
        out.truncate(1);
    }
    out
}

/// When a document shows what it shows.
fn dated(document: &Document) -> Option<Instant> {
    document.effective_from.or(document.approved_at)
}

/// PRC-02, for each month that has ended.
///
/// Job records are the runs read into the store, which only grows and so keeps them, or documents of kind
/// `status_record`; a month without any run that a complete source covers for every system has its (empty) record.
pub fn kept_monthly(world: &World<'_>) -> Vec<Judgement> {
    vec![judge(world)]
}

fn judge(world: &World<'_>) -> Judgement {
    let documents = world.registers.documents.as_ref();
    if documents.is_none() && world.sources.is_empty() {
        return Judgement::no_evidence(
            UNIT,
            "nothing_given",
            "Neither a source of job records nor the register documents was given (backup_runs, documents).",
        );
    }
    let (mut faults, mut unknown) = (Faults::default(), Vec::new());
    let (mut without_jobs, mut without_dashboard) = (Vec::new(), Vec::new());
    let all = months(world);
    for month in &all {
        let kept = |kind: DocumentKind| -> Vec<&Recorded<Document>> {
            let of_month = |d: &Document| dated(d).is_some_and(|at| month.contains(at) && at <= world.as_of);
            documents.into_iter().flatten().filter(|d| d.kind == kind && of_month(d)).collect()
        };
        let (records, dashboards) = (kept(DocumentKind::StatusRecord), kept(DocumentKind::Dashboard));
        if !has_runs(world, month) && records.is_empty() {
            without_jobs.push(month.label());
        }
        if dashboards.is_empty() {
            without_dashboard.push(month.label());
        }
        for document in records.into_iter().chain(dashboards) {
            retention(world, document, &mut faults, &mut unknown);
        }
    }
    // What a source that was not read whole lacks may be in what could not be read.
    let doubtful: Vec<&str> =
        world.sources.iter().filter(|s| s.status != SourceStatus::Complete).map(|s| s.source_id.as_str()).collect();
    let doubt = !without_jobs.is_empty() && !doubtful.is_empty();
    faults.add_if(!without_jobs.is_empty() && !doubt, "job_records_missing", || {
        format!("no job record of {}", names(&without_jobs))
    });
    let running = all.first().filter(|m| m.end() > world.as_of);
    if documents.is_some() && running.is_none() {
        faults.add_if(!without_dashboard.is_empty(), "dashboard_missing", || {
            format!("no dated snapshot of a dashboard in {}", names(&without_dashboard))
        });
    }
    let months: Vec<String> = all.iter().map(Period::label).collect();
    let good = format!("Job records and a dated dashboard are kept for {}.", names(&months));
    let judgement = faults.judge(UNIT, "Of the months that have ended", good);
    if judgement.state == model::assessment::State::Fail {
        return judgement;
    }
    if doubt {
        return Judgement::no_evidence(
            UNIT,
            "source_incomplete",
            format!(
                "No job record of {} was read, and not every source was read whole ({}).",
                names(&without_jobs),
                names(&doubtful)
            ),
        );
    }
    if documents.is_none() {
        return no_register(UNIT, "documents");
    }
    match running.filter(|_| !without_dashboard.is_empty()) {
        Some(month) => Judgement::no_evidence(
            UNIT,
            "month_running",
            format!(
                "{} ends on {}; no snapshot of a dashboard is on record yet (documents).",
                month.label(),
                utc_text(month.end())
            ),
        ),
        None if unknown.is_empty() => judgement,
        None => Judgement::no_evidence(
            UNIT,
            "retention_not_stated",
            format!("How it is kept is not shown: {} (documents).", names(&unknown)),
        ),
    }
}

/// Any run placed in the month, or sources that show there was none.
fn has_runs(world: &World<'_>, month: &Period) -> bool {
    let any = world.runs.list.iter().any(|r| r.placed_at().is_some_and(|at| month.contains(at) && at <= world.as_of));
    let (from, to) = (month.start(), month.end().min(world.as_of));
    let mut systems = world.in_scope().filter_map(|(_, s)| Some((s, s.in_service(from, to)?))).peekable();
    any || systems.peek().is_some()
        && systems.all(|(s, (from, to))| world.coverage.covers("backup_runs", &s.system_id, from, to))
}

fn retention(world: &World<'_>, document: &Recorded<Document>, faults: &mut Faults, unknown: &mut Vec<String>) {
    let Some(at) = dated(document) else { return };
    let needed = keep_until(world, at);
    let id = format!("{} {}", document.document_id, document.version);
    match document.retain_until {
        Some(until) if until < needed => {
            faults.add("kept_too_short", format!("{id} is kept until {until}, and must be kept until {needed}"));
        }
        None => unknown.push(format!("retain_until of {id}")),
        Some(_) if filled(document.digest.as_deref()).is_none() => unknown.push(format!("digest of {id}")),
        Some(_) => {}
    }
}
