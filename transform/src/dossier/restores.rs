//! Restore tests of the period.

use model::dossier::TestSheet;

use crate::world::{Test, World};

pub(super) fn tests(world: &World<'_>) -> Vec<TestSheet> {
    world
        .tests
        .unwrap_or(&[])
        .iter()
        .filter(|t| t.row.ended_at.or(t.row.started_at).is_some_and(|e| world.period.contains(e)))
        .map(|t| {
            let system = t.system.map(|i| &world.inventory.systems[i]);
            let objective = system.and_then(|s| world.objective(s, t.row.ended_at.unwrap_or(world.as_of)));
            let recovered = t.row.recovered_to_at;
            TestSheet {
                test_id: t.row.test_id.clone(),
                system: system.map_or_else(|| t.row.resource.clone().unwrap_or_default(), |s| s.name.clone()),
                kind: t.row.kind.map_or_else(|| "not stated".to_owned(), |k| k.to_string().replace('_', " ")),
                ended_at: t.row.ended_at,
                result: t.row.result.to_string(),
                integrity: t
                    .row
                    .integrity_result
                    .map_or_else(|| "not stated".to_owned(), |i| i.to_string().replace('_', " ")),
                rto_s: observed_rto(t),
                rto_target_s: objective.as_ref().and_then(|o| o.rto_s),
                loss_s: t.row.failure_point_at.zip(recovered).map(|(f, r)| (f - r).num_seconds()),
                rpo_target_s: objective.filter(|o| o.rpo_applicable).and_then(|o| o.rpo_s),
                performer: t.row.performer.clone().unwrap_or_default(),
                reviewer: t.row.reviewer.clone().unwrap_or_default(),
                from_log: t.row.from_log,
            }
        })
        .collect()
}

/// Seconds from the order to restore to the validated service.
pub(super) fn observed_rto(test: &Test) -> Option<i64> {
    Some((test.row.service_ready_at? - test.row.started_at?).num_seconds())
}
