//! Everything a check may look at, resolved and sorted. Checks read it and nothing else.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use model::assessment::SourceInfo;
use model::controls::Controls;
use model::inventory::{Criticality, Environment, Inventory, Objective, Plan, System, SystemKind};
use model::policy::Policy;
use model::registers::{Incident, Registers};
use model::rows::{LogSegment, PitrSample, RestoreTest};
use model::time::{Instant, Period};

use crate::checks::Place;
use crate::closure::Chain;
use crate::coverage::Coverage;
use crate::frames::Tables;
use crate::judgement::Judgement;
use crate::points::Point;
use crate::runs::Runs;
use crate::slots::{Defaults, Slot};
use crate::waivers::Waiver;

/// A restore test with its inventory row.
#[derive(Debug, Clone)]
pub struct Test {
    /// The row.
    pub row: RestoreTest,
    /// Index into `inventory.systems`.
    pub system: Option<usize>,
    /// Row id: stable, unique over all sources.
    pub row_id: String,
}

/// The input of every check.
#[derive(Debug)]
pub struct World<'a> {
    /// Policy with its parameters.
    pub policy: &'a Policy,
    /// Checks, metrics, frameworks.
    pub controls: &'a Controls,
    /// Systems, plans, objectives.
    pub inventory: &'a Inventory,
    /// Registers; a register that was not given is `None`.
    pub registers: &'a Registers,
    /// Period judged.
    pub period: Period,
    /// Evidence was read up to here.
    pub as_of: Instant,
    /// Samples of continuous protection by system, ascending in time.
    pub pitr: &'a BTreeMap<usize, Vec<PitrSample>>,
    /// Shipped logs by system, in order of timeline and name.
    pub segments: &'a BTreeMap<usize, Vec<LogSegment>>,
    /// Small tables as read.
    pub tables: &'a Tables,
    /// Runs with plans.
    pub runs: &'a Runs,
    /// Recovery points, sorted by system and time.
    pub points: &'a [Point],
    /// Restore tests, sorted by end and id; `None` where no source or register of them was given.
    pub tests: Option<&'a [Test]>,
    /// Incidents of the register and of trackers, sorted by id; `None` where neither was given.
    pub incidents: Option<&'a [Incident]>,
    /// Slots of the period.
    pub slots: &'a [Slot],
    /// What complete sources cover.
    pub coverage: &'a Coverage,
    /// Exceptions with the time in which they are effective.
    pub waivers: &'a [Waiver],
    /// Sources as last collected.
    pub sources: &'a [SourceInfo],
    /// Longest time between two due instants of each cron schedule in use, seconds.
    pub intervals: &'a BTreeMap<String, Option<i64>>,
    /// Versions of plans by the id of their system: indices into `inventory.plans`.
    pub plans_by_system: &'a BTreeMap<String, Vec<usize>>,
    /// Plan defaults from the policy.
    pub defaults: Defaults,
    /// What several checks need.
    pub shared: Shared<'a>,
}

/// What several checks need of a period, made when the first of them asks.
#[derive(Debug, Default)]
pub struct Shared<'a> {
    /// Places of backups.
    pub(crate) places: OnceLock<BTreeMap<&'a str, Place<'a>>>,
    /// What followed each failed, missed or overrun slot.
    pub(crate) chains: OnceLock<Vec<Chain<'a>>>,
    /// Results of CMP-02.
    pub(crate) plausible: OnceLock<Vec<Judgement>>,
}

impl<'a> World<'a> {
    /// End of what can be judged: the end of the period, or `as_of` while it runs.
    #[must_use]
    pub fn until(&self) -> Instant {
        self.period.end().min(self.as_of)
    }

    /// Systems in scope and in service at some time of the period up to `as_of`, with their index.
    pub fn in_scope(&self) -> impl Iterator<Item = (usize, &'a System)> {
        let (from, to) = (self.period.start(), self.until());
        self.inventory.systems.iter().enumerate().filter(move |(_, s)| s.in_scope && s.in_service(from, to).is_some())
    }

    /// In-scope production systems that are databases or critical: the population of FRQ-01.
    pub fn protected(&self) -> impl Iterator<Item = (usize, &'a System)> {
        self.in_scope().filter(|(_, s)| {
            s.environment == Environment::Production
                && (s.kind == SystemKind::Database || s.criticality == Criticality::Critical)
        })
    }

    /// In-scope critical production systems.
    pub fn critical(&self) -> impl Iterator<Item = (usize, &'a System)> {
        self.in_scope()
            .filter(|(_, s)| s.environment == Environment::Production && s.criticality == Criticality::Critical)
    }

    /// Versions of plans of a system that are enabled, with their index.
    pub fn plans_of(&self, system: &System) -> impl Iterator<Item = (usize, &'a Plan)> + use<'a> {
        let plans = &self.inventory.plans;
        let versions = self.plans_by_system.get(&system.system_id).into_iter().flatten();
        versions.map(|i| (*i, &plans[*i])).filter(|(_, p)| p.enabled)
    }

    /// Enabled plans of a system in force at some time of `[from, to)`.
    pub fn plans_in_force(
        &self,
        system: &System,
        from: Instant,
        to: Instant,
    ) -> impl Iterator<Item = (usize, &'a Plan)> + use<'a> {
        self.plans_of(system).filter(move |(_, p)| p.effective_from < to && p.effective_to.is_none_or(|e| e > from))
    }

    /// Recovery points of a system, ascending in time.
    pub fn points_of(&self, system: usize) -> impl Iterator<Item = &'a Point> {
        let points = self.points;
        let from = points.partition_point(|p| p.system < Some(system));
        points[from..].iter().take_while(move |p| p.system == Some(system))
    }

    /// Restore tests of a system, ascending in end.
    pub fn tests_of(&self, system: usize) -> impl Iterator<Item = &'a Test> {
        self.tests.unwrap_or(&[]).iter().filter(move |t| t.system == Some(system))
    }

    /// Samples of continuous protection of a system, ascending in time, up to `as_of`.
    pub fn pitr_of(&self, system: usize) -> impl DoubleEndedIterator<Item = &'a PitrSample> {
        self.pitr.get(&system).into_iter().flatten().filter(|s| s.observed_at <= self.as_of)
    }

    /// Shipped logs of a system.
    pub fn segments_of(&self, system: usize) -> impl Iterator<Item = &'a LogSegment> {
        self.segments.get(&system).into_iter().flatten()
    }

    /// Objective of a system in force at `at`: its own, else that of its tier (register rows before the policy's).
    #[must_use]
    pub fn objective(&self, system: &System, at: Instant) -> Option<Objective> {
        let in_force =
            |o: &&Objective| o.effective_from.is_none_or(|f| f <= at) && o.effective_to.is_none_or(|t| at < t);
        let own = self
            .inventory
            .objectives
            .iter()
            .filter(in_force)
            .find(|o| o.system_id.as_deref() == Some(&system.system_id));
        let of_tier = || {
            let tier = system.tier.as_deref()?;
            let row = self
                .inventory
                .objectives
                .iter()
                .filter(in_force)
                .find(|o| o.system_id.is_none() && o.tier.as_deref() == Some(tier));
            row.cloned().or_else(|| self.policy.tier_objective(tier))
        };
        own.cloned().or_else(of_tier)
    }

    /// Seconds of a duration parameter of the policy.
    #[must_use]
    pub fn seconds(&self, parameter: &str) -> i64 {
        self.policy.seconds(parameter)
    }
}
