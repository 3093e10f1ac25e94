//! Tables to results: the order of the stages in one place.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::assessment::{
    ASSESSMENT_SCHEMA, Assessment, CheckResult, PeriodInfo, SourceInfo, State, Summary, UsedParameter,
};
use model::colour::Colour;
use model::controls::Controls;
use model::evidence::SourceStatus;
use model::inventory::{Inventory, Schedule};
use model::logo::Logo;
use model::parallel;
use model::policy::Policy;
use model::registers::{Incident, Registers};
use model::rows::{LogSegment, PitrSample};
use model::time::{Instant, Period};

use crate::Error;
use crate::checks::{self, exc};
use crate::coverage::{Coverage, holes, union};
use crate::frames::Tables;
use crate::groups;
use crate::judgement::{Judgement, Subject};
use crate::own_checks;
use crate::points::{Point, points};
use crate::runs::{Runs, population};
use crate::slots::{Defaults, Slot, assign, slots};
use crate::soundness::Soundness;
use crate::tests::restore_tests;
use crate::trackers;
use crate::waivers::{Waiver, waivers};
use crate::world::{Shared, Test, World};

/// What an assessment is made from, beside the tables.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Organisation.
    pub organization: &'a str,
    /// Its colour in reports, where it chose one.
    pub accent: Option<Colour>,
    /// Its logo in reports, where it has one.
    pub logo: Option<&'a Logo>,
    /// Policy with its parameters.
    pub policy: &'a Policy,
    /// Checks, metrics, frameworks.
    pub controls: &'a Controls,
    /// Systems, plans, objectives.
    pub inventory: &'a Inventory,
    /// Registers.
    pub registers: &'a Registers,
    /// Configured sources as (kind, id).
    pub sources: &'a [(String, String)],
    /// Tables that a kind of source fills.
    pub tables_of: fn(&str) -> Vec<String>,
    /// Evidence is read up to here.
    pub as_of: Instant,
}

/// Everything that does not depend on the period: joined, merged and sorted.
#[derive(Debug)]
pub struct Basis<'a> {
    /// What it was made from.
    pub input: Input<'a>,
    /// Small tables as read.
    pub tables: Tables,
    /// Runs with plans.
    pub runs: Runs,
    /// Recovery points.
    pub points: Vec<Point>,
    /// Restore tests; `None` where no source or register of them was given.
    pub tests: Option<Vec<Test>>,
    /// Incidents; `None` where no register or tracker was given.
    pub incidents: Option<Vec<Incident>>,
    /// Registers, with what trackers hold of them.
    pub registers: Cow<'a, Registers>,
    /// What complete sources cover.
    pub coverage: Coverage,
    /// Exceptions with the time in which they are effective.
    pub waivers: Vec<Waiver>,
    /// Sources as last collected.
    pub sources: Vec<SourceInfo>,
    pitr: BTreeMap<usize, Vec<PitrSample>>,
    segments: BTreeMap<usize, Vec<LogSegment>>,
    intervals: BTreeMap<String, Option<i64>>,
    plans_by_system: BTreeMap<String, Vec<usize>>,
    defaults: Defaults,
}

/// One period, judged.
#[derive(Debug)]
pub struct Judged {
    /// The assessment.
    pub assessment: Assessment,
    /// Whom each of its results concerns, in their order.
    pub subjects: Vec<Subject>,
    /// Slots of the period.
    pub slots: Vec<Slot>,
}

impl<'a> Basis<'a> {
    /// Joins and merges the tables.
    ///
    /// # Errors
    /// A resource that two systems claim; those of polars.
    pub fn new(mut tables: Tables, input: Input<'a>) -> Result<Self, Error> {
        let inventory = input.inventory;
        trackers::note_unknown_systems(&mut tables, inventory);
        let seconds = |id: &str| input.policy.seconds(id);
        let defaults = Defaults {
            start_window_s: seconds("schedule_tolerance"),
            max_duration_s: seconds("default_max_duration"),
            skew_s: seconds("clock_skew_tolerance"),
        };
        let mut runs = population(&mut tables, inventory)?;
        assign(&mut runs, inventory, defaults)?;
        let points = points(&tables, &runs, inventory)?;
        let coverage = Coverage::of(&tables.collections, inventory, input.tables_of);
        let tests = restore_tests(&tables, inventory, &coverage)?;
        let mut pitr: BTreeMap<usize, Vec<PitrSample>> = BTreeMap::new();
        for sample in &tables.pitr {
            if let Some(system) = locate(inventory, sample.system_id.as_deref(), sample.resource.as_deref())? {
                pitr.entry(system).or_default().push(sample.clone());
            }
        }
        for samples in pitr.values_mut() {
            samples.sort_by(|a, b| (a.observed_at, &a.origin.record_id).cmp(&(b.observed_at, &b.origin.record_id)));
            samples.dedup_by(|a, b| a.observed_at == b.observed_at && a.latest_restorable_at == b.latest_restorable_at);
        }
        let mut segments: BTreeMap<usize, Vec<LogSegment>> = BTreeMap::new();
        for segment in &tables.segments {
            if let Some(system) = locate(inventory, segment.system_id.as_deref(), segment.resource.as_deref())? {
                segments.entry(system).or_default().push(segment.clone());
            }
        }
        for all in segments.values_mut() {
            // The same listing may have been collected several times: the last reading of it counts.
            type Key<'a> = (&'a str, Option<&'a str>, Option<model::time::Instant>, &'a str, &'a str);
            fn key(s: &LogSegment) -> Key<'_> {
                (&s.origin.source_id, s.resource.as_deref(), s.listed_at, &s.timeline, &s.segment)
            }
            all.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| b.origin.observed_at.cmp(&a.origin.observed_at)));
            all.dedup_by(|a, b| key(a) == key(b));
        }
        let registers = groups::expanded(trackers::recorded(&tables, input.registers));
        let incidents = trackers::incidents(&tables, &registers);
        let sources = sources(&tables, input.sources);
        let waivers = waivers(&registers, input.policy, inventory);
        let mut plans_by_system: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, plan) in inventory.plans.iter().enumerate() {
            plans_by_system.entry(plan.system_id.clone()).or_default().push(i);
        }
        Ok(Self {
            input,
            tables,
            runs,
            points,
            tests,
            incidents,
            registers,
            coverage,
            waivers,
            sources,
            pitr,
            segments,
            intervals: intervals(inventory, input.as_of),
            plans_by_system,
            defaults,
        })
    }

    /// Slots of a period.
    #[must_use]
    pub fn slots(&self, period: &Period) -> Vec<Slot> {
        slots(period, self.input.as_of, self.input.inventory, &self.runs, &self.points, &self.coverage, self.defaults)
    }

    /// What the checks of a period may look at.
    #[must_use]
    pub fn world<'w>(&'w self, period: Period, slots: &'w [Slot]) -> World<'w> {
        World {
            policy: self.input.policy,
            controls: self.input.controls,
            inventory: self.input.inventory,
            registers: &self.registers,
            period,
            as_of: self.input.as_of,
            pitr: &self.pitr,
            segments: &self.segments,
            intervals: &self.intervals,
            tables: &self.tables,
            runs: &self.runs,
            points: &self.points,
            tests: self.tests.as_deref(),
            incidents: self.incidents.as_deref(),
            slots,
            coverage: &self.coverage,
            waivers: &self.waivers,
            sources: &self.sources,
            plans_by_system: &self.plans_by_system,
            defaults: self.defaults,
            shared: Shared::default(),
        }
    }

    /// Metrics and results of a period.
    ///
    /// # Errors
    /// Those of polars.
    pub fn judge(&self, period: Period) -> Result<Judged, Error> {
        let slots = self.slots(&period);
        let world = self.world(period, &slots);
        let metrics = crate::metrics::metrics(&world)?;
        let (results, subjects) = results(&world);
        let assessment = Assessment {
            schema: ASSESSMENT_SCHEMA,
            organization: self.input.organization.to_owned(),
            period: PeriodInfo::of(&period, self.input.as_of),
            sources: self.sources.clone(),
            metrics,
            summary: Summary::of(&results),
            results,
        };
        let mut judged = Judged { assessment, subjects, slots };
        self.add_own_checks(&mut judged, period)?;
        Ok(judged)
    }

    /// Adds what the checks of the workspace say. They see the tables and not each other.
    fn add_own_checks(&self, judged: &mut Judged, period: Period) -> Result<(), Error> {
        let checks = &self.input.controls.own_checks;
        if checks.is_empty() {
            return Ok(());
        }
        let mut said = Vec::new();
        for check in checks {
            said.extend(own_checks::judge(check, self, judged, &period)?.into_iter().map(|j| (check.id.as_str(), j)));
        }
        let world = self.world(period, &judged.slots);
        let soundness = Soundness::of(&world);
        let own = said.into_iter().map(|(id, j)| {
            let j = soundness.checked(&world, world.controls.check(id), j);
            (j.subject(), finish(&world, id, j))
        });
        let own: Vec<_> = own.map(|(subject, result)| (result, subject)).collect();
        let assessment = &mut judged.assessment;
        let ours = std::mem::take(&mut assessment.results).into_iter().zip(std::mem::take(&mut judged.subjects));
        let mut all: Vec<_> = ours.chain(own).collect();
        all.sort_by(|(a, _), (b, _)| (&a.check, &a.unit).cmp(&(&b.check, &b.unit)));
        (assessment.results, judged.subjects) = all.into_iter().unzip();
        assessment.summary = Summary::of(&assessment.results);
        Ok(())
    }
}

/// Longest time between two due instants of every cron schedule of the inventory.
///
/// Unrolled in UTC, so that the hour of a daylight saving change is no part of it, over 66 days before `as_of`:
/// enough for every weekday and two ends of a month.
fn intervals(inventory: &Inventory, as_of: Instant) -> BTreeMap<String, Option<i64>> {
    let mut out = BTreeMap::new();
    for plan in &inventory.plans {
        if let Schedule::Cron(cron) = &plan.schedule
            && !out.contains_key(cron.text())
        {
            let due = cron.due(chrono_tz::UTC, as_of - chrono::Duration::days(66), as_of);
            out.insert(cron.text().to_owned(), due.windows(2).map(|w| (w[1] - w[0]).num_seconds()).max());
        }
    }
    out
}

/// Index of the system a row names, else of the one whose resource it is.
pub(crate) fn locate(
    inventory: &Inventory,
    system: Option<&str>,
    resource: Option<&str>,
) -> Result<Option<usize>, Error> {
    let index = |id: &str| inventory.index_of(id);
    if let Some(found) = system.and_then(index) {
        return Ok(Some(found));
    }
    match resource {
        Some(resource) => Ok(inventory.resolve(resource).map_err(Error::Ambiguous)?.and_then(|s| index(&s.system_id))),
        None => Ok(None),
    }
}

/// Every check on every unit, sorted by check and unit, and whom each result concerns.
fn results(world: &World<'_>) -> (Vec<CheckResult>, Vec<Subject>) {
    let soundness = Soundness::of(world);
    let of = |id: &str, judgement: Judgement| {
        let subject = judgement.subject();
        (finish(world, id, judgement), subject)
    };
    let mut out = parallel::map(checks::RULES, |(id, judge)| {
        let check = world.controls.check(id);
        judge(world).into_iter().map(|j| of(id, soundness.checked(world, check, j))).collect::<Vec<_>>()
    })
    .into_iter()
    .flatten()
    .collect::<Vec<_>>();
    let failing: Vec<exc::Failing<'_>> =
        out.iter().filter(|(r, _)| r.state == State::Fail).map(|(r, s)| (r, s)).collect();
    let uncovered = exc::uncovered(world, &failing);
    out.extend(uncovered.into_iter().map(|j| of("EXC-05", j)));
    out.sort_by(|(a, _), (b, _)| (&a.check, &a.unit).cmp(&(&b.check, &b.unit)));
    out.into_iter().unzip()
}

/// A judgement with its waiver, severity and parameters.
fn finish(world: &World<'_>, id: &str, j: Judgement) -> CheckResult {
    let check = world.controls.check(id);
    let statements = check.map(|c| c.statements.as_slice()).unwrap_or_default();
    let waived = j.state == State::Fail && is_waived(world, id, statements, &j);
    let mut parameters: Vec<UsedParameter> = check
        .map(|c| c.parameters.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|p| world.policy.parameter(p))
        .map(|p| UsedParameter { id: p.id.clone(), value: p.value.clone(), origin: p.origin.to_string() })
        .collect();
    parameters.sort();
    let mut reasons = j.reasons;
    reasons.sort();
    reasons.dedup();
    let mut records = j.records;
    records.sort();
    records.dedup();
    let own = check.map_or(model::assessment::Severity::Medium, |c| c.severity);
    CheckResult {
        check: id.to_owned(),
        unit: j.unit,
        state: j.state,
        severity: j.severity.map_or(own, |s| s.max(own)),
        waived,
        reasons,
        detail: j.detail,
        records,
        parameters,
    }
}

/// True where effective exceptions that name the check or its statement bind every system of the result and
/// cover every violation in time. Evidence, exception and document checks cannot be waived.
fn is_waived(world: &World<'_>, id: &str, statements: &[String], j: &Judgement) -> bool {
    if checks::cannot_be_waived(id) || j.systems.is_empty() {
        return false;
    }
    let until = world.until();
    let moment = [(until - chrono::Duration::seconds(1), until)];
    let violations = if j.violations.is_empty() { &moment[..] } else { &j.violations[..] };
    j.systems.iter().all(|system| {
        let cover = union(
            world
                .waivers
                .iter()
                .filter(|w| w.names(id, statements) && w.binds(system))
                .filter_map(|w| w.effective)
                .collect(),
        );
        violations.iter().all(|(from, to)| holes(&cover, *from, *to).is_empty())
    })
}

/// Last collection of each configured or collected source.
fn sources(tables: &Tables, configured: &[(String, String)]) -> Vec<SourceInfo> {
    let mut out: BTreeMap<(String, String), SourceInfo> = BTreeMap::new();
    for (kind, id) in configured {
        out.insert(
            (kind.clone(), id.clone()),
            SourceInfo {
                source_id: id.clone(),
                kind: kind.clone(),
                status: SourceStatus::Failed,
                reason: Some("never collected".to_owned()),
                records: 0,
                collected_at: None,
                digests: Vec::new(),
            },
        );
    }
    for run in &tables.collections {
        let mut digests: Vec<String> = run.pages.iter().map(|p| p.object.clone()).collect();
        digests.sort();
        digests.dedup();
        out.insert(
            (run.kind.clone(), run.source_id.clone()),
            SourceInfo {
                source_id: run.source_id.clone(),
                kind: run.kind.clone(),
                status: run.status,
                reason: run.reason.clone(),
                records: run.records(),
                collected_at: Some(run.collected_at),
                digests,
            },
        );
    }
    out.into_values().collect()
}
