//! EVI-03: records are unique and do not contradict.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::TestResult;

use super::super::common::{ORGANIZATION, names};
use crate::judgement::Judgement;
use crate::world::World;

/// EVI-03. A contradiction has a result of its own with the row as unit; all other runs share one with the unit
/// `organization`, which is not applicable where only one source tells of runs.
///
/// Two sources contradict where they give one run different final states; a source contradicts itself where it gives
/// one of its records two final states over time, or shows it as running after its end. The same state read again is no
/// duplicate.
pub fn contradictions(world: &World<'_>) -> Vec<Judgement> {
    let system_of = |system: Option<usize>| system.and_then(|i| world.inventory.systems.get(i));
    let mut out = Vec::new();
    for run in world.runs.list.iter().filter(|r| r.contradicted) {
        let row = world.runs.row_id(run.row);
        let mut rows = vec![row.clone()];
        let mut told = vec![format!("{}: {}", world.runs.source(run.row), world.runs.status_raw(run.row))];
        for other in &run.also {
            rows.push(world.runs.row_id(*other));
            told.push(format!("{}: {}", world.runs.source(*other), world.runs.status_raw(*other)));
        }
        let j = Judgement::fail(
            row,
            "contradiction",
            format!("Sources disagree about one run ({}); {} is used meanwhile.", names(&told), run.status),
        )
        .rests_on(rows);
        out.push(match system_of(run.system) {
            Some(system) => j.about(&system.system_id),
            None => j,
        });
    }
    for (source, record) in &world.runs.disputed {
        let row = format!("run/{source}/{record}");
        out.push(
            Judgement::fail(
                row.as_str(),
                "final_state_changed",
                format!("{source} gave record {record} more than one final state; the newest is used."),
            )
            .rests_on([row.clone()]),
        );
    }
    for (source, record) in &world.runs.returned {
        let row = format!("run/{source}/{record}");
        out.push(
            Judgement::fail(
                row.as_str(),
                "returned_to_running",
                format!("{source} showed record {record} as running after its end and is unreliable; the end is used."),
            )
            .rests_on([row.clone()]),
        );
    }
    let mut results: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for test in &world.tables.tests {
        if !matches!(test.result, TestResult::Running | TestResult::Planned) {
            let o = &test.origin;
            let row = format!("test/{}.{}/{}", o.kind, o.source_id, o.record_id);
            results.entry(row).or_default().insert(test.result.to_string());
        }
    }
    for (row, states) in results.into_iter().filter(|(_, states)| states.len() > 1) {
        let states: Vec<String> = states.into_iter().collect();
        out.push(
            Judgement::fail(
                row.as_str(),
                "final_state_changed",
                format!(
                    "The source gave this restore test several results ({}); the newest is used.",
                    states.join(", ")
                ),
            )
            .rests_on([row.clone()]),
        );
    }
    out.sort_by(|a, b| a.unit.cmp(&b.unit));
    out.dedup_by(|a, b| {
        let same = a.unit == b.unit;
        if same {
            b.reasons.append(&mut a.reasons);
        }
        same
    });
    if out.is_empty() {
        let mut sources: BTreeSet<String> = BTreeSet::new();
        // What is stored has no final state of its own to agree with.
        for run in world.runs.list.iter().filter(|r| !r.inferred) {
            sources.insert(world.runs.source(run.row).to_string());
        }
        // What several sources saw of one run is merged: it is one run.
        let count = world.runs.list.len() - world.runs.list.iter().map(|r| r.also.len()).sum::<usize>();
        out.push(if count == 0 {
            Judgement::no_evidence(ORGANIZATION, "no_records", "No run is on record (backup_runs).")
        } else if sources.len() < 2 {
            Judgement::not_applicable(
                ORGANIZATION,
                "single_source",
                format!("{count} runs of one source: each of its records has one final state, and no second source to compare with."),
            )
        } else {
            Judgement::pass(
                ORGANIZATION,
                format!("{count} runs of {} sources are unique and agree in their final state.", sources.len()),
            )
        });
    }
    out
}
