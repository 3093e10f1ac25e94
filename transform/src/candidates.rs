//! What to restore next: systems that have something to restore, those never or longest ago tested with more tickets.

use model::time::{Instant, utc_text};
use serde_json::{Map, Value, json};

use crate::assess::{Basis, Judged};
use crate::checks::{proves_restore, restorable};
use crate::sample::draw;
use crate::show;
use crate::world::World;

/// Candidates as rows, sorted by id; `tickets` says how often each lies in the drum.
///
/// A system has a ticket for each month since its last restore test that proved a restore, and one more; one that was
/// never tested has two for each month in service, and two more. The recovery point to restore is drawn from those that
/// can be restored, with the same seed.
#[must_use]
pub fn rows(basis: &Basis<'_>, judged: &Judged, period: model::time::Period, seed: &str) -> Vec<Map<String, Value>> {
    let world = basis.world(period, &judged.slots);
    let until = world.until();
    let mut out: Vec<Map<String, Value>> = world
        .in_scope()
        .filter(|(_, s)| s.retired_at.is_none_or(|gone| gone > until))
        .filter_map(|(index, system)| {
            let point = point(&world, index, until, seed)?;
            let tests = world.tests.unwrap_or(&[]).iter();
            let last = tests
                .filter(|t| t.system == Some(index) && proves_restore(&world, t))
                .filter_map(|t| Some((t.row.ended_at.filter(|at| *at < until)?, &t.row.test_id)))
                .max();
            let tickets = match last {
                Some((at, _)) => 1 + months(at, until),
                None => 2 + 2 * months(system.onboarded_at, until),
            };
            let row = json!({
                "row_id": format!("candidate/{}", system.system_id),
                "system_id": system.system_id,
                "name": system.name,
                "tier": system.tier,
                "criticality": system.criticality,
                "last_test_id": last.map(|(_, id)| id),
                "last_test_at": show::time(last.map(|(at, _)| at)),
                "tickets": tickets,
                "recovery_point": point.0,
                "taken_at": utc_text(point.1),
            });
            row.as_object().cloned()
        })
        .collect();
    out.sort_by_cached_key(|row| row.get("row_id").and_then(Value::as_str).unwrap_or_default().to_owned());
    out
}

/// Whole months of 30 days, at most ten years of them.
fn months(from: Instant, to: Instant) -> u32 {
    u32::try_from((to - from).num_days() / 30).unwrap_or(0).min(120)
}

/// A recovery point that exists and can be restored.
fn point(world: &World<'_>, system: usize, until: Instant, seed: &str) -> Option<(String, Instant)> {
    let all: Vec<(String, Instant)> = world
        .points_of(system)
        .filter(|p| restorable(world, p) && p.exists_at(until))
        .filter_map(|p| Some((p.id(world.runs).to_owned(), p.taken_at().filter(|at| *at < until)?)))
        .collect();
    let rows: Vec<(&str, u32)> = all.iter().map(|(id, _)| (id.as_str(), 1)).collect();
    let (at, _) = draw(seed, &rows, 1).into_iter().next()?;
    all.into_iter().nth(at)
}

#[cfg(test)]
mod tests {
    use model::rows::TestResult;

    use super::*;
    use crate::testing::{Fixture, plain};

    #[test]
    fn what_was_never_or_long_ago_tested_has_more_tickets_and_what_has_no_backup_none() {
        let mut f = Fixture::new("2026-10");
        for id in ["fresh", "old", "never", "bare"] {
            f.system(id, plain());
        }
        for id in ["fresh", "old", "never"] {
            f.point(id, "2026-10-20T02:00:00Z", plain());
        }
        f.test("T1", "fresh", "2026-10-20T09:00:00Z", "2026-10-20T12:00:00Z", TestResult::Success, plain());
        f.test("T2", "old", "2026-01-20T09:00:00Z", "2026-01-20T12:00:00Z", TestResult::Success, plain());
        f.test("T3", "never", "2026-10-20T09:00:00Z", "2026-10-20T12:00:00Z", TestResult::Failed, plain());
        f.with_basis(|basis| {
            let judged = basis.judge(f.period).unwrap();
            let rows = rows(basis, &judged, f.period, "s");
            let tickets: Vec<(&str, i64)> =
                rows.iter().map(|r| (r["system_id"].as_str().unwrap(), r["tickets"].as_i64().unwrap())).collect();
            // 2026-01-20 to 2026-11-01 are 284 days; 2025-01-01 to then 669.
            assert_eq!(tickets, [("fresh", 1), ("never", 2 + 2 * 22), ("old", 1 + 9)]);
        });
    }
}
