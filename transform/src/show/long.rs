//! Populations that are long: runs, slots, recovery points. Handed on in blocks, because a year of a thousand systems
//! must not be held as JSON.

use std::collections::BTreeSet;

use model::assessment::Outcome;
use model::parallel;
use model::rows::RunStatus;
use model::time::{Period, utc_text};
use serde_json::json;

use super::{Fields, fields, in_period, rows, system_id, time};
use crate::Error;
use crate::assess::{Basis, Judged};
use crate::points::Point;
use crate::runs::Run;
use crate::slots::Slot;

/// Rows that are built side by side.
const BLOCK: usize = 1_000;

/// Hands on the rows of a population, sorted by `row_id`, in blocks. Blocks of long populations are built on every core
/// and let go one by one.
///
/// # Errors
/// Those of [`rows`], and the first that `visit` gives.
pub fn each<E: From<Error>>(
    table: &str,
    basis: &Basis<'_>,
    judged: &Judged,
    period: &Period,
    visit: &mut dyn FnMut(Vec<Fields>) -> Result<(), E>,
) -> Result<(), E> {
    let runs = &basis.runs;
    match table {
        "runs" => blocks(shown_runs(basis, period), |r| runs.row_id(r.row), |r| run(basis, r), visit),
        "slots" => {
            let id = |s: &&Slot| format!("slot/{}", s.id(basis.input.inventory));
            blocks(judged.slots.iter(), id, |s| slot(basis, s), visit)
        }
        "recovery-points" => blocks(shown_points(basis, period), |p| p.row_id(runs), |p| point(basis, p), visit),
        _ => {
            let all = rows(table, basis, judged, period)?.unwrap_or_default();
            if all.is_empty() { Ok(()) } else { visit(all) }
        }
    }
}

/// Rows of runs, slots and recovery points that are no plain success, sorted by `row_id`: the first `most`, and how many
/// there are. Other tables have none.
pub fn exceptions(table: &str, basis: &Basis<'_>, judged: &Judged, period: &Period, most: usize) -> (Vec<Fields>, u64) {
    use Outcome::{Cancelled, LateSuccess, Success};
    let runs = &basis.runs;
    match table {
        "runs" => {
            let bad = shown_runs(basis, period).filter(|r| r.status != RunStatus::Success);
            first(bad, |r| runs.row_id(r.row), |r| run(basis, r), most)
        }
        "slots" => {
            let bad = judged.slots.iter().filter(|s| !matches!(s.outcome, Success | LateSuccess | Cancelled));
            first(bad, |s| format!("slot/{}", s.id(basis.input.inventory)), |s| slot(basis, s), most)
        }
        "recovery-points" => {
            let bad = shown_points(basis, period).filter(|p| !p.is_good());
            first(bad, |p| p.row_id(runs), |p| point(basis, p), most)
        }
        _ => (Vec::new(), 0),
    }
}

fn first<T: Copy>(
    items: impl Iterator<Item = T>,
    id: impl Fn(&T) -> String,
    build: impl Fn(T) -> Fields,
    most: usize,
) -> (Vec<Fields>, u64) {
    let mut sorted: Vec<(String, T)> = items.map(|item| (id(&item), item)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let all = sorted.len() as u64;
    (sorted.into_iter().take(most).map(|(_, item)| build(item)).collect(), all)
}

fn blocks<T: Copy + Send + Sync, E>(
    items: impl Iterator<Item = T>,
    id: impl Fn(&T) -> String,
    build: impl Fn(T) -> Fields + Sync,
    visit: &mut dyn FnMut(Vec<Fields>) -> Result<(), E>,
) -> Result<(), E> {
    let mut sorted: Vec<(String, T)> = items.map(|item| (id(&item), item)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut done = Ok(());
    parallel::stream(
        sorted.chunks(BLOCK),
        |block| block.iter().map(|(_, item)| build(*item)).collect::<Vec<Fields>>(),
        |block| {
            if done.is_ok() {
                done = visit(block);
            }
        },
    );
    done
}

/// Columns of rows in a stable order: ids first, lineage last.
#[must_use]
pub fn columns(rows: &[Fields]) -> Vec<String> {
    const LAST: [&str; 4] = ["source_id", "evidence", "pointer", "row_id"];
    // Rows of a table mostly have the same columns.
    let mut names: BTreeSet<&String> = BTreeSet::new();
    let mut last: Option<&Fields> = None;
    for row in rows {
        if !last.is_some_and(|last| last.keys().eq(row.keys())) {
            names.extend(row.keys());
        }
        last = Some(row);
    }
    let mut columns: Vec<String> = names.iter().filter(|n| !LAST.contains(&n.as_str())).map(|n| (*n).clone()).collect();
    columns.sort_by_key(|n| (!n.ends_with("_id"), n.clone()));
    columns.extend(LAST.iter().filter(|l| names.contains(&(**l).to_owned())).map(|l| (*l).to_owned()));
    columns
}

/// Runs placed in the period, and those that no time places.
pub(crate) fn shown_runs<'b>(basis: &'b Basis<'_>, period: &Period) -> impl Iterator<Item = &'b Run> {
    let all = &basis.runs;
    let merged: BTreeSet<usize> = all.list.iter().flat_map(|r| r.also.iter().copied()).collect();
    let period = *period;
    all.list.iter().filter(move |r| {
        !merged.contains(&r.row)
            && in_period(r.placed_at(), &period)
            && r.placed_at().is_none_or(|t| t <= basis.input.as_of)
    })
}

pub(super) fn run(basis: &Basis<'_>, r: &Run) -> Fields {
    let all = &basis.runs;
    let document = all.document(r.row);
    let plan = r
        .plan
        .map(|p| basis.input.inventory.plans[p].plan_id.clone())
        .or_else(|| all.named_plan(r.row).map(str::to_owned));
    fields(json!({
        "row_id": all.row_id(r.row),
        "run_id": all.run_id(r.row),
        "plan_id": plan,
        "system_id": system_id(basis, r.system),
        "resource": all.resource(r.row),
        "component": r.component,
        "trigger": r.trigger,
        "scheduled_for": time(r.scheduled_for),
        "attempt_no": all.attempt_no(r.row),
        "retry_of": all.retry_of(r.row),
        "started_at": time(r.started_at),
        "ended_at": time(r.ended_at),
        "status": r.status,
        "status_raw": all.status_raw(r.row),
        "status_detail": all.detail(r.row),
        "bytes": r.bytes,
        "bytes_stored": all.bytes_stored(r.row),
        "encrypted": all.encrypted(r.row),
        "recovery_point_id": all.recovery_point_id(r.row),
        "taken_at": time(r.taken_at),
        "expires_at": time(all.expires_at(r.row)),
        "cipher": all.cipher(r.row),
        "location_id": all.location(r.row),
        "unchanged": r.unchanged,
        "inferred": r.inferred,
        "zone_unknown": r.zone_unknown,
        "source_id": document.map(|d| d.source_id.to_string()),
        "source_record_id": all.record_id(r.row),
        "observed_at": time(document.map(|d| d.observed_at)),
        "evidence": document.map(|d| d.evidence.to_string()),
        "pointer": all.pointer(r.row),
    }))
}

pub(super) fn slot(basis: &Basis<'_>, s: &Slot) -> Fields {
    let inventory = basis.input.inventory;
    let id = s.id(inventory);
    let runs: Vec<&str> = s.attempts.iter().map(|a| basis.runs.run_id(basis.runs.list[*a].row)).collect();
    fields(json!({
        "row_id": format!("slot/{id}"),
        "slot_id": id,
        "plan_id": inventory.plans[s.plan].plan_id,
        "system_id": inventory.systems[s.system].system_id,
        "scheduled_for": utc_text(s.scheduled_for),
        "deadline": utc_text(s.deadline),
        "outcome": s.outcome,
        "attempts": s.attempts.len(),
        "run_ids": runs,
        "reason": s.reason,
    }))
}

/// Points that existed at some time of the period.
pub(crate) fn shown_points<'b>(basis: &'b Basis<'_>, period: &Period) -> impl Iterator<Item = &'b Point> {
    let period = *period;
    basis.points.iter().filter(move |p| {
        p.row.created_at.or(p.row.taken_at).is_none_or(|c| c < period.end() && c <= basis.input.as_of)
            && p.row.deleted_at.is_none_or(|d| d > period.start())
    })
}

pub(super) fn point(basis: &Basis<'_>, p: &Point) -> Fields {
    let (r, runs) = (&p.row, &basis.runs);
    let run = p.run.and_then(|i| runs.list.get(i));
    let planned = || Some(basis.input.inventory.plans.get(run?.plan?)?.plan_id.as_str());
    let lineage = p.lineage(runs);
    fields(json!({
        "row_id": p.row_id(runs),
        "recovery_point_id": p.id(runs),
        "system_id": system_id(basis, p.system),
        "resource": p.word(|l| l.resource.as_deref()),
        "plan_id": p.word(|l| l.plan_id.as_deref()).or_else(planned),
        "run_id": p.word(|l| l.run_id.as_deref()).or_else(|| run.map(|r| runs.run_id(r.row))),
        "component": r.component,
        "taken_at": time(r.taken_at),
        "created_at": time(r.created_at),
        "expires_at": time(r.expires_at),
        "deleted_at": time(r.deleted_at),
        "delete_reason": r.delete_reason,
        "deleted_by": p.word(|l| l.deleted_by.as_deref()),
        "location_id": p.location(runs),
        "copy_of": p.word(|l| l.copy_of.as_deref()),
        "bytes": r.bytes,
        "encrypted": r.encrypted,
        "cipher": p.cipher(runs),
        "key_id": p.word(|l| l.key_id.as_deref()),
        "complete": r.complete,
        "integrity_checked_at": time(r.integrity_checked_at),
        "integrity_result": r.integrity_result,
        "immutable_until": time(r.immutable_until),
        "good": p.is_good(),
        "zone_unknown": r.zone_unknown,
        "source_id": lineage.map(|l| l.source_id),
        "evidence": lineage.map(|l| l.evidence),
        "pointer": lineage.map(|l| l.pointer),
    }))
}

#[cfg(test)]
mod tests {
    use model::rows::RunStatus;

    use super::*;
    use crate::testing::Fixture;

    #[test]
    fn exceptions_are_the_rows_that_are_no_success_and_are_all_counted() {
        let mut f = Fixture::new("2026-10");
        f.system("db", |_| {}).plan("daily", "db", "0 2 * * *", |_| {});
        for (day, status) in
            [(1, RunStatus::Success), (2, RunStatus::Failed), (3, RunStatus::Aborted), (4, RunStatus::Success)]
        {
            f.run("db", &format!("2026-10-0{day}T02:00:00Z"), status, |_| {});
        }
        f.with_basis(|basis| {
            let period = Period::parse("2026-10", model::time::Tz::UTC).unwrap();
            let judged = basis.judge(period).unwrap();
            for table in ["runs", "slots", "recovery-points", "systems"] {
                let all = rows(table, basis, &judged, &period).unwrap().unwrap();
                let (bad, count) = exceptions(table, basis, &judged, &period, usize::MAX);
                assert_eq!(count, bad.len() as u64, "{table}");
                let good = |row: &Fields| match table {
                    "runs" => row["status"] == "success",
                    "slots" => ["success", "late_success", "cancelled"].iter().any(|word| row["outcome"] == *word),
                    "recovery-points" => row["good"] == true,
                    _ => true,
                };
                let expected: Vec<Fields> = all.into_iter().filter(|row| !good(row)).collect();
                assert_eq!(bad, expected, "{table}");
                let (first, all) = exceptions(table, basis, &judged, &period, 1);
                assert_eq!((first.len(), all), (expected.len().min(1), count), "{table}");
            }
            assert_eq!(exceptions("runs", basis, &judged, &period, 9).1, 2);
        });
    }
}
