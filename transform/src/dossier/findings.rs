//! Results that need somebody, with the system that each concerns.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use model::assessment::State;
use model::dossier::FindingSheet;
use model::inventory::System;

use crate::assess::Judged;
use crate::judgement::Subject;
use crate::world::World;

/// Results of this state, worst first.
pub(super) fn findings(world: &World<'_>, judged: &Judged, state: State) -> Vec<FindingSheet> {
    let mut tests: BTreeMap<&str, usize> = BTreeMap::new();
    for test in world.tests.unwrap_or(&[]) {
        if let Some(system) = test.system {
            tests.entry(&test.row.test_id).or_insert(system);
        }
    }
    let mut out: Vec<FindingSheet> = judged
        .assessment
        .results
        .iter()
        .zip(&judged.subjects)
        .enumerate()
        .filter(|(_, (r, _))| r.state == state)
        .filter_map(|(result, (r, subject))| {
            let check = world.controls.check(&r.check)?;
            let system = concerned(world, &r.unit, subject, &tests);
            let assumptions = r
                .parameters
                .iter()
                .filter(|p| p.origin == "default")
                .map(|p| format!("{} = {}", p.id, p.value))
                .collect();
            Some(FindingSheet {
                result,
                check: r.check.clone(),
                title: check.title.clone(),
                unit: r.unit.clone(),
                unit_name: system.map_or_else(|| r.unit.clone(), |s| s.name.clone()),
                system: system.map(|s| s.system_id.clone()).unwrap_or_default(),
                since: subject.since,
                severity: r.severity,
                waived: r.waived,
                detail: r.detail.clone(),
                remediation: check.remediation.clone(),
                owner: system.and_then(|s| s.owner.clone()).unwrap_or_else(|| "Operations".to_owned()),
                basis: check.basis.to_string(),
                statements: check.statements.clone(),
                assumptions,
                records: r.records.clone(),
            })
        })
        .collect();
    out.sort_by(|a, b| {
        (a.waived, Reverse(a.severity), &a.check, &a.unit).cmp(&(b.waived, Reverse(b.severity), &b.check, &b.unit))
    });
    out
}

/// The one system that a result concerns: what its unit names, else what its judgement was about.
fn concerned<'w>(
    world: &World<'w>,
    unit: &str,
    subject: &Subject,
    tests: &BTreeMap<&str, usize>,
) -> Option<&'w System> {
    let inventory = world.inventory;
    inventory
        .system(unit)
        .or_else(|| inventory.plan(unit).next().and_then(|p| inventory.system(&p.system_id)))
        .or_else(|| tests.get(unit).and_then(|i| inventory.systems.get(*i)))
        .or_else(|| match subject.systems.as_slice() {
            [one] => inventory.system(one),
            _ => None,
        })
}
