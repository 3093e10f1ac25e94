//! A judged period to a dossier: everything a report may say, resolved.

mod closures;
mod findings;
mod governance;
mod restores;
mod sources;
mod standards;
mod systems;
mod trends;
mod waivers;

use std::collections::{BTreeMap, BTreeSet};

use chrono::Days;
use model::assessment::{CheckResult, State, UsedParameter};
use model::dossier::{CheckSheet, Dossier, PolicySheet, Population, StoreSheet};
use model::parallel;
use model::time::Period;

use crate::Error;
use crate::assess::{Basis, Judged};
use crate::lineage;
use crate::rollup::Rollup;
use crate::show;
use crate::world::World;

use closures::closures;
use findings::findings;
use governance::governance;
use restores::tests;
use sources::sources;
use systems::systems;
use trends::trends;
use waivers::waivers;

/// Rows that a spreadsheet holds; `show --format csv` gives all.
const SHEET_ROWS: usize = 50_000;

/// Builds the dossier of a judged period.
///
/// # Errors
/// Those of polars, which would be a defect of ours.
pub fn dossier(basis: &Basis<'_>, judged: &Judged, period: Period, store: StoreSheet) -> Result<Dossier, Error> {
    let world = basis.world(period, &judged.slots);
    let results = &judged.assessment.results;
    let (first, last) = period.days();
    let mut days = Vec::new();
    let mut day = first;
    while day <= last {
        days.push(day.to_string());
        day = day + Days::new(1);
    }
    let (((systems, closures), (failing, missing)), (trends, populations)) = parallel::both(
        || {
            let sheets = (systems(&world, results, &days), closures(&world));
            (sheets, (findings(&world, judged, State::Fail), findings(&world, judged, State::NoEvidence)))
        },
        || (trends(basis, judged, period), populations(basis, judged, &period)),
    );
    Ok(Dossier {
        accent: basis.input.accent,
        logo: basis.input.logo.cloned(),
        period_title: period.title(),
        store,
        policy: policy(&world, results),
        trends: trends?,
        systems,
        findings: failing,
        missing,
        closures,
        tests: tests(&world),
        waivers: waivers(&world, results),
        uninventoried: uninventoried(basis),
        sources: sources(basis),
        checks: checks(&world, results),
        standards: standards::frameworks(basis, judged),
        statements: standards::statements(basis, judged),
        governance: governance(&world),
        populations: populations?,
        figures: lineage::figures(&world, judged),
        figures_page: None,
        withheld: Vec::new(),
        samples: Vec::new(),
        frameworks: Vec::new(),
        days,
        assessment: judged.assessment.clone(),
    })
}

fn policy(world: &World<'_>, results: &[CheckResult]) -> PolicySheet {
    let used: BTreeSet<&UsedParameter> = results.iter().flat_map(|r| &r.parameters).collect();
    let parameters = used
        .into_iter()
        .map(|p| {
            [p.id.clone(), p.value.clone(), p.origin.clone(), world.policy.parameter(&p.id).meaning.trim().to_owned()]
        })
        .collect();
    PolicySheet {
        title: world.policy.document.title.clone(),
        version: world.policy.document.stated_version.clone(),
        parameters,
    }
}

/// Resources in runs, recovery points and platform listings that no inventory row matches.
fn uninventoried(basis: &Basis<'_>) -> Vec<(String, u64)> {
    let mut out = basis.runs.unmatched.clone();
    for point in basis.points.iter().filter(|p| p.system.is_none()) {
        if let Some(resource) = point.word(|p| p.resource.as_deref())
            && !basis.runs.unmatched.contains_key(resource)
        {
            *out.entry(resource.to_owned()).or_default() += 1;
        }
    }
    for asset in basis.tables.assets.iter().filter(|a| a.excluded_reason.is_none()) {
        if matches!(basis.input.inventory.resolve(&asset.asset_id), Ok(None)) {
            out.entry(asset.asset_id.clone()).or_insert(1);
        }
    }
    out.into_iter().collect()
}

fn checks(world: &World<'_>, results: &[CheckResult]) -> Vec<CheckSheet> {
    let mut by_check: BTreeMap<&str, Vec<&CheckResult>> = BTreeMap::new();
    for result in results {
        by_check.entry(&result.check).or_default().push(result);
    }
    by_check
        .into_iter()
        .filter_map(|(id, results)| {
            let check = world.controls.check(id)?;
            let rollup = Rollup::of(results);
            let tables: BTreeSet<&str> = check.inputs.iter().filter_map(|i| i.split('.').next()).collect();
            Some(CheckSheet {
                id: id.to_owned(),
                title: check.title.clone(),
                rule: check.rule.trim().to_owned(),
                population: check.population.trim().to_owned(),
                tables: tables.into_iter().map(str::to_owned).collect(),
                statements: check.statements.clone(),
                severity: check.severity,
                counts: standards::counts(&rollup),
                state: rollup.state.unwrap_or(State::NotApplicable),
            })
        })
        .collect()
}

/// Whole populations with their columns in a stable order: ids first, lineage last.
fn populations(basis: &Basis<'_>, judged: &Judged, period: &Period) -> Result<Vec<Population>, Error> {
    let names = [
        "slots",
        "closure",
        "runs",
        "recovery-points",
        "restore-tests",
        "systems",
        "plans",
        "sources",
        "waivers",
        "incidents",
        "storage",
        "assets",
        "controls",
        "statements",
        "drift",
    ];
    parallel::map(names, |name| {
        let Some((rows, total)) = show::first_rows(name, basis, judged, period, SHEET_ROWS)? else { return Ok(None) };
        let (exceptions, exceptional) = show::exceptions(name, basis, judged, period, SHEET_ROWS);
        let columns = show::columns(if rows.is_empty() { &exceptions } else { &rows });
        let cells = |rows: &[show::Fields]| {
            rows.iter().map(|r| columns.iter().map(|c| r.get(c).cloned().unwrap_or_default()).collect()).collect()
        };
        let (rows, exceptions) = (cells(&rows), cells(&exceptions));
        Ok(Some(Population { name: name.to_owned(), columns, rows, total, exceptions, exceptional, file: None }))
    })
    .into_iter()
    .filter_map(Result::transpose)
    .collect()
}
