//! A judged period to a dossier: everything a report may say, resolved.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Days;
use model::assessment::{CheckResult, Outcome, State, UsedParameter};
use model::dossier::{
    CheckSheet, DayCell, Dossier, FindingSheet, PlanSheet, PolicySheet, Population, SourceSheet, StoreSheet,
    SystemSheet, TestSheet, Trend, TrendPoint, WaiverSheet,
};
use model::evidence::SourceRun;
use model::inventory::{Schedule, System};
use model::time::{Period, day_of, utc_text};

use crate::Error;
use crate::assess::{Basis, Judged};
use crate::checks::frq::{observe, widest};
use crate::metrics::{is_waived, platform};
use crate::show;
use crate::slots::Slot;
use crate::world::{Test, World};

/// Periods in a trend, the period itself among them.
const TREND: usize = 12;
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
    Ok(Dossier {
        period_title: period.title(),
        store,
        policy: policy(&world, results),
        trends: trends(basis, judged, period)?,
        systems: systems(&world, results, &days),
        findings: findings(&world, results, State::Fail),
        missing: findings(&world, results, State::NoEvidence),
        tests: tests(&world),
        waivers: waivers(&world, results),
        uninventoried: uninventoried(basis),
        sources: sources(basis),
        checks: checks(&world, results),
        populations: populations(basis, judged, &period),
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

/// Metrics of the last twelve periods. A period that no collection speaks of has no value.
fn trends(basis: &Basis<'_>, judged: &Judged, period: Period) -> Result<Vec<Trend>, Error> {
    let mut periods = vec![period];
    while periods.len() < TREND {
        periods.push(periods[periods.len() - 1].previous());
    }
    periods.reverse();
    let mut points: BTreeMap<String, Vec<TrendPoint>> = BTreeMap::new();
    for p in periods {
        let metrics = if p == period {
            judged.assessment.metrics.clone()
        } else {
            let slots = if speaks_of(basis, &p) { basis.slots(&p) } else { Vec::new() };
            crate::metrics::metrics(&basis.world(p, &slots))?
        };
        for metric in metrics {
            points.entry(metric.id).or_default().push(TrendPoint {
                label: p.label(),
                numerator: metric.numerator,
                denominator: metric.denominator,
                unknown: metric.unknown,
                has_value: metric.value.is_some(),
                undefined: metric.undefined,
            });
        }
    }
    Ok(basis
        .input
        .controls
        .metrics
        .iter()
        .map(|definition| {
            let is_rate = definition.unit == "ratio";
            let target = match definition.id.as_str() {
                "backup_success_rate" => Some("target_backup_success"),
                "restore_test_success_rate" => Some("target_restore_success"),
                _ => None,
            };
            Trend {
                metric: definition.id.clone(),
                title: definition.title.clone(),
                is_rate,
                population: definition.population.trim().to_owned(),
                definition: format!(
                    "Numerator: {} Denominator: {}",
                    definition.numerator.trim(),
                    definition.denominator.trim()
                ),
                target: target.and_then(|t| basis.input.policy.ratio_if_set(t)).map(|t| t.to_string()),
                points: points.remove(&definition.id).unwrap_or_default(),
            }
        })
        .collect())
}

/// True where a run lies in the period or a complete source covers some of it.
fn speaks_of(basis: &Basis<'_>, period: &Period) -> bool {
    let (from, to) = (period.start(), period.end());
    basis.tables.collections.iter().flat_map(|c| &c.covers).any(|c| c.from < to && c.to.is_none_or(|t| t > from))
        || basis.runs.list.iter().any(|r| r.placed_at().is_some_and(|t| period.contains(t)))
}

fn systems(world: &World<'_>, results: &[CheckResult], days: &[String]) -> Vec<SystemSheet> {
    let mut slots_of: BTreeMap<usize, Vec<&Slot>> = BTreeMap::new();
    for slot in world.slots {
        slots_of.entry(slot.system).or_default().push(slot);
    }
    let mut of_unit: BTreeMap<&str, Vec<&CheckResult>> = BTreeMap::new();
    for result in results {
        of_unit.entry(&result.unit).or_default().push(result);
    }
    let mut out: Vec<(u32, SystemSheet)> = world
        .in_scope()
        .map(|(i, system)| {
            let tier = system.tier.as_deref().and_then(|t| world.policy.tier(t));
            let slots = slots_of.get(&i).map_or(&[][..], Vec::as_slice);
            (tier.map_or(u32::MAX, |t| t.order), sheet(world, i, system, slots, &of_unit, days.len()))
        })
        .collect();
    out.sort_by(|a, b| (a.0, &a.1.system_id).cmp(&(b.0, &b.1.system_id)));
    out.into_iter().map(|(_, s)| s).collect()
}

fn sheet(
    world: &World<'_>,
    index: usize,
    system: &System,
    slots: &[&Slot],
    of_unit: &BTreeMap<&str, Vec<&CheckResult>>,
    days: usize,
) -> SystemSheet {
    let objective = world.objective(system, world.until());
    let rpo = objective.as_ref().filter(|o| o.rpo_applicable).and_then(|o| o.rpo_s);
    let seen = rpo.and_then(|r| observe(world, index, system, r));
    let limit = world.seconds("max_backup_interval");
    let gap = widest(world, index, system, limit).into_iter().max_by_key(|g| (g.to - g.from).num_seconds());
    let covered = |g: &crate::checks::frq::GapFound<'_>| {
        let covers = |table: &str| world.coverage.covers(table, &system.system_id, g.from, g.to);
        covers("backup_runs") || covers("recovery_points")
    };
    let mut plans: Vec<PlanSheet> = Vec::new();
    let (from, to) = (world.period.start(), world.period.end());
    for (p, plan) in world.plans_in_force(system, from, to) {
        if plans.iter().any(|s| s.plan_id == plan.plan_id) {
            continue;
        }
        let mine: Vec<&Slot> = slots
            .iter()
            .copied()
            .filter(|s| world.inventory.plans[s.plan].plan_id == world.inventory.plans[p].plan_id)
            .collect();
        plans.push(PlanSheet {
            plan_id: plan.plan_id.clone(),
            schedule: format!("{} · {} ({})", plan.component, plan.schedule.text(), plan.timezone.name()),
            days: strip(world, &mine, days),
            continuous: plan.schedule == Schedule::Continuous,
        });
    }
    let count = |wanted: &dyn Fn(Outcome) -> bool| slots.iter().filter(|s| wanted(s.outcome)).count() as u64;
    // Results on the system itself and on its plans.
    let units = std::iter::once(system.system_id.as_str()).chain(plans.iter().map(|p| p.plan_id.as_str()));
    let mine: Vec<&CheckResult> = units.filter_map(|u| of_unit.get(u)).flatten().copied().collect();
    let ids = |wanted: &dyn Fn(&CheckResult) -> bool| -> Vec<String> {
        let mut some: Vec<&CheckResult> = mine.iter().copied().filter(|r| wanted(r)).collect();
        some.sort_by(|a, b| (std::cmp::Reverse(a.severity), &a.check).cmp(&(std::cmp::Reverse(b.severity), &b.check)));
        let mut out: Vec<String> = some.into_iter().map(|r| r.check.clone()).collect();
        out.dedup();
        out
    };
    let newest_test = world.tests_of(index).filter(|t| t.row.ended_at.is_some_and(|e| e < to)).last();
    SystemSheet {
        system_id: system.system_id.clone(),
        name: system.name.clone(),
        kind: system.kind.to_string(),
        tier: system.tier.clone().unwrap_or_else(|| "none".to_owned()),
        tier_name: system.tier.as_deref().map_or_else(
            || "No tier".to_owned(),
            |t| world.policy.tier(t).map_or_else(|| t.to_owned(), |t| t.name.clone()),
        ),
        criticality: system.criticality.to_string(),
        owner: system.owner.clone().unwrap_or_default(),
        platform: platform(None, system),
        plans,
        slots: [count(&Outcome::is_good), count(&|o| o.is_good() || o.is_bad()), count(&|o| o == Outcome::Unknown)],
        rpo_target_s: rpo,
        rpo_shown_s: seen.as_ref().and_then(|s| s.shown).map(|(s, _)| s),
        rpo_bound_s: seen.as_ref().and_then(|s| s.bound),
        gap_covered: gap.as_ref().is_some_and(covered),
        longest_gap: gap.map(|g| ((g.to - g.from).num_seconds(), g.from, g.to)),
        rto_target_s: objective.and_then(|o| o.rto_s),
        rto_observed_s: world
            .tests_of(index)
            .filter(|t| t.row.ended_at.is_some_and(|e| e < to))
            .filter_map(observed_rto)
            .last(),
        last_test_at: newest_test.and_then(|t| t.row.ended_at),
        newest_point_at: world
            .points_of(index)
            .filter(|p| p.is_good() && p.holds_data(system.kind))
            .filter_map(crate::points::Point::taken_at)
            .filter(|t| *t < world.until())
            .last(),
        state: roll_up(mine.iter().map(|r| r.state)),
        failing: ids(&|r| r.state == State::Fail && !r.waived),
        waived: ids(&|r| r.waived),
        no_evidence: ids(&|r| r.state == State::NoEvidence),
    }
}

/// `[conventions] precedence`: fail, then no evidence, then pass; not applicable only if all are.
fn roll_up(states: impl Iterator<Item = State>) -> State {
    let rank = |s: State| match s {
        State::NotApplicable => 0,
        State::Pass => 1,
        State::NoEvidence => 2,
        State::Fail => 3,
    };
    states.max_by_key(|s| rank(*s)).unwrap_or(State::NotApplicable)
}

/// Seconds from the order to restore to the validated service.
#[must_use]
pub fn observed_rto(test: &Test) -> Option<i64> {
    Some((test.row.service_ready_at? - test.row.started_at?).num_seconds())
}

/// Worst outcome first: what a reader must not miss.
fn badness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Failed => 7,
        Outcome::Missed => 6,
        Outcome::Overrun => 5,
        Outcome::Unknown => 4,
        Outcome::LateSuccess => 3,
        Outcome::Running => 2,
        Outcome::Success => 1,
        Outcome::Cancelled => 0,
    }
}

/// One cell a day.
fn strip(world: &World<'_>, slots: &[&Slot], days: usize) -> Vec<Option<DayCell>> {
    let (first, _) = world.period.days();
    // With each cell: whether every bad slot so far is waived.
    let mut cells: Vec<Option<(DayCell, bool)>> = vec![None; days];
    for slot in slots {
        let day = (day_of(slot.scheduled_for, world.period.zone()) - first).num_days();
        let Some(place) = usize::try_from(day).ok().and_then(|d| cells.get_mut(d)) else { continue };
        let fresh = (DayCell { outcome: slot.outcome, slots: 0, good: 0, waived: false }, true);
        let (cell, all_waived) = place.get_or_insert(fresh);
        cell.slots += 1;
        cell.good += u32::from(slot.outcome.is_good());
        if badness(slot.outcome) > badness(cell.outcome) {
            cell.outcome = slot.outcome;
        }
        if slot.outcome.is_bad() {
            *all_waived &= is_waived(world, slot);
            cell.waived = *all_waived;
        }
    }
    cells.into_iter().map(|c| c.map(|(cell, _)| cell)).collect()
}

fn findings(world: &World<'_>, results: &[CheckResult], state: State) -> Vec<FindingSheet> {
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

fn tests(world: &World<'_>) -> Vec<TestSheet> {
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

fn waivers(world: &World<'_>, results: &[CheckResult]) -> Vec<WaiverSheet> {
    let until = world.until();
    let mut out: Vec<WaiverSheet> = world
        .waivers
        .iter()
        .filter(|w| w.exception.valid_from.or(w.exception.submitted_at).is_none_or(|f| f < world.period.end()))
        .map(|w| {
            let e = &w.exception;
            let covers = results
                .iter()
                .filter(|r| {
                    r.waived
                        && w.names(
                            &r.check,
                            &world.controls.check(&r.check).map(|c| c.statements.clone()).unwrap_or_default(),
                        )
                })
                .filter(|r| {
                    let plan = world.inventory.plan(&r.unit).next().map(|p| p.system_id.as_str());
                    w.binds(&r.unit) || plan.is_some_and(|p| w.binds(p))
                })
                .count() as u64;
            let (standing, why) = match w.effective {
                Some((_, to)) if to <= until => ("expired", format!("It ended on {}.", utc_text(to))),
                Some((from, _)) if from >= until => ("not yet effective", format!("It begins on {}.", utc_text(from))),
                Some(_) => ("effective", String::new()),
                None => {
                    let mut reasons: Vec<String> = w
                        .approval
                        .missing
                        .iter()
                        .map(|r| format!("approval of {} is missing", r.replace('_', " ")))
                        .collect();
                    reasons.extend(w.approval.defects.clone());
                    if reasons.is_empty() {
                        reasons.push(format!("its status is {}", e.status));
                    }
                    ("not effective", reasons.join("; "))
                }
            };
            WaiverSheet {
                exception_id: e.exception_id.clone(),
                risk_level: e.risk_level,
                systems: e.system_ids.clone(),
                names: e.check_ids.iter().chain(&e.statement_ids).cloned().collect(),
                effective_from: w.effective.map(|x| x.0),
                effective_to: w.effective.map(|x| x.1).or(e.expires_at),
                justification: e.justification.clone().unwrap_or_default(),
                standing: standing.to_owned(),
                why,
                covers,
                remediation_due: e.remediation_due.map(|d| d.to_string()).unwrap_or_default(),
            }
        })
        .collect();
    out.sort_by(|a, b| a.exception_id.cmp(&b.exception_id));
    out
}

/// Resources in runs, recovery points and platform listings that no inventory row matches.
fn uninventoried(basis: &Basis<'_>) -> Vec<(String, u64)> {
    let mut out = basis.runs.unmatched.clone();
    for point in basis.points.iter().filter(|p| p.system.is_none()) {
        if let Some(resource) = &point.row.resource
            && !basis.runs.unmatched.contains_key(resource)
        {
            *out.entry(resource.clone()).or_default() += 1;
        }
    }
    for asset in basis.tables.assets.iter().filter(|a| a.excluded_reason.is_none()) {
        if matches!(basis.input.inventory.resolve(&asset.asset_id), Ok(None)) {
            out.entry(asset.asset_id.clone()).or_insert(1);
        }
    }
    out.into_iter().collect()
}

fn sources(basis: &Basis<'_>) -> Vec<SourceSheet> {
    let last: BTreeMap<(&str, &str), &SourceRun> =
        basis.tables.collections.iter().map(|c| ((c.kind.as_str(), c.source_id.as_str()), c)).collect();
    basis
        .sources
        .iter()
        .map(|s| {
            let run = last.get(&(s.kind.as_str(), s.source_id.as_str()));
            let covers: Vec<String> = run
                .iter()
                .flat_map(|r| &r.covers)
                .map(|c| {
                    let to = c.to.map_or_else(|| "each collection".to_owned(), utc_text);
                    let word = if c.complete { "complete" } else { "not complete" };
                    format!("{} from {} to {to}, {word}", c.systems.join(", "), utc_text(c.from))
                })
                .collect();
            SourceSheet {
                name: format!("{}.{}", s.kind, s.source_id),
                kind: s.kind.clone(),
                status: s.status,
                reason: s.reason.clone().unwrap_or_default(),
                endpoint: run.map(|r| r.endpoint.clone()).unwrap_or_default(),
                identity: run.and_then(|r| r.identity.clone()).unwrap_or_default(),
                timezone: run.and_then(|r| r.timezone.clone()).unwrap_or_default(),
                covers: if covers.is_empty() {
                    "nothing stated: a missing record proves nothing".to_owned()
                } else {
                    covers.join("; ")
                },
                collected_at: s.collected_at,
                counts: run.map(|r| r.counts.clone().into_iter().collect()).unwrap_or_default(),
                objects: s.digests.clone(),
                problems: run.map(|r| r.problems.iter().map(ToString::to_string).collect()).unwrap_or_default(),
                passed_over: run.map_or(0, |r| r.passed_over.len() as u64),
            }
        })
        .collect()
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
            let count = |wanted: &dyn Fn(&CheckResult) -> bool| results.iter().filter(|r| wanted(r)).count() as u64;
            Some(CheckSheet {
                id: id.to_owned(),
                title: check.title.clone(),
                rule: check.rule.trim().to_owned(),
                severity: check.severity,
                counts: [
                    count(&|r| r.state == State::Pass),
                    count(&|r| r.state == State::Fail && !r.waived),
                    count(&|r| r.waived),
                    count(&|r| r.state == State::NotApplicable),
                    count(&|r| r.state == State::NoEvidence),
                ],
                state: roll_up(results.iter().map(|r| r.state)),
            })
        })
        .collect()
}

/// Whole populations with their columns in a stable order: ids first, lineage last.
fn populations(basis: &Basis<'_>, judged: &Judged, period: &Period) -> Vec<Population> {
    const LAST: [&str; 4] = ["source_id", "evidence", "pointer", "row_id"];
    [
        "slots",
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
    ]
    .into_iter()
    .filter_map(|name| {
        let (rows, total) = show::first_rows(name, basis, judged, period, SHEET_ROWS)?;
        let names: BTreeSet<&String> = rows.iter().flat_map(|r| r.keys()).collect();
        let mut columns: Vec<String> =
            names.iter().filter(|n| !LAST.contains(&n.as_str())).map(|n| (*n).clone()).collect();
        columns.sort_by_key(|n| (!n.ends_with("_id"), n.clone()));
        columns.extend(LAST.iter().filter(|l| names.contains(&(**l).to_owned())).map(|l| (*l).to_owned()));
        let cells =
            rows.iter().map(|r| columns.iter().map(|c| r.get(c).cloned().unwrap_or_default()).collect()).collect();
        Some(Population { name: name.to_owned(), columns, rows: cells, total })
    })
    .collect()
}
