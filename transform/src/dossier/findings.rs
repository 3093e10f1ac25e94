//! Results that need somebody.

use model::assessment::{CheckResult, State};
use model::dossier::FindingSheet;

use crate::world::World;

pub(super) fn findings(world: &World<'_>, results: &[CheckResult], state: State) -> Vec<FindingSheet> {
    let mut out: Vec<FindingSheet> = results
        .iter()
        .filter(|r| r.state == state)
        .filter_map(|r| {
            let check = world.controls.check(&r.check)?;
            let plan = world.inventory.plan(&r.unit).next();
            let system =
                world.inventory.system(&r.unit).or_else(|| plan.and_then(|p| world.inventory.system(&p.system_id)));
            let test = world.tests.unwrap_or(&[]).iter().find(|t| t.row.test_id == r.unit).and_then(|t| t.system);
            let system = system.or_else(|| test.map(|i| &world.inventory.systems[i]));
            let assumptions = r
                .parameters
                .iter()
                .filter(|p| p.origin == "default")
                .map(|p| format!("{} = {}", p.id, p.value))
                .collect();
            Some(FindingSheet {
                check: r.check.clone(),
                title: check.title.clone(),
                unit: r.unit.clone(),
                unit_name: system.map_or_else(|| r.unit.clone(), |s| s.name.clone()),
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
        (a.waived, std::cmp::Reverse(a.severity), &a.check, &a.unit).cmp(&(
            b.waived,
            std::cmp::Reverse(b.severity),
            &b.check,
            &b.unit,
        ))
    });
    out
}
