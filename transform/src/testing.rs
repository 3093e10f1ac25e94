//! A workspace in memory for tests: systems, plans, rows, registers, and how they are judged.
//!
//! Rows are what readers would give; registers are CSV text as people write it. Every default is a
//! healthy one, so that a test states only what its case is about.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::assessment::{CheckResult, Metric, Outcome, State};
use model::controls::Controls;
use model::evidence::{Covers, Problem, SourceRun, SourceStatus};
use model::fault::{Faults, File};
use model::inventory::{Criticality, Environment, Inventory, Objective, Plan, Schedule, System, SystemKind};
use model::policy::{Policy, Setting};
use model::registers::{Registers, load};
use model::rows::{
    BackupRun, Component, Integrity, LogSegment, Origin, PitrSample, RecoveryPoint, RestoreTest, Row, RunStatus,
    TestKind, TestResult,
};
use model::time::{Instant, Period, Tz, utc_text};

use crate::frames::Builder;
use crate::world::World;
use crate::{Basis, Input, Judged};

/// Reads an RFC 3339 instant.
pub fn at(text: &str) -> Instant {
    model::time::instant(text, None).expect("an instant with an offset")
}

/// Where a row of the fixture claims to come from: source `kind.id`, record `record`.
pub fn origin(kind: &str, id: &str, record: impl Into<String>, observed_at: Instant) -> Origin {
    Origin {
        source_id: Arc::from(id),
        kind: Arc::from(kind),
        record_id: record.into(),
        observed_at,
        evidence: Arc::from("00"),
        pointer: "line:1".to_owned(),
    }
}

/// A workspace and its evidence. Call [`Fixture::as_of`] before adding rows: they are read then.
#[derive(Clone)]
pub struct Fixture {
    pub period: Period,
    pub as_of: Instant,
    pub policy: Policy,
    pub controls: Controls,
    pub systems: Vec<System>,
    pub plans: Vec<Plan>,
    pub objectives: Vec<Objective>,
    pub rows: Vec<Row>,
    pub collections: Vec<SourceRun>,
    pub sources: Vec<(String, String)>,
    /// False for a workspace without an inventory.
    pub inventory_given: bool,
    /// Objects that are no longer as they were kept, by source.
    pub changed: Vec<(String, Problem)>,
    registers: Vec<(String, String)>,
}

fn nothing<T>(_: &mut T) {}

/// For a row that is fine as it is.
pub const fn plain<T>() -> fn(&mut T) {
    nothing::<T>
}

impl Fixture {
    /// A period cut in UTC; evidence is read up to five days after it.
    pub fn new(period: &str) -> Self {
        Self::in_zone(period, Tz::UTC)
    }

    /// A period cut in `zone`.
    pub fn in_zone(period: &str, zone: Tz) -> Self {
        let period = Period::parse(period, zone).expect("a period");
        Self {
            period,
            as_of: period.end() + chrono::Duration::days(5),
            policy: Policy::embedded().expect("the built-in policy"),
            controls: Controls::embedded().clone(),
            systems: Vec::new(),
            plans: Vec::new(),
            objectives: Vec::new(),
            rows: Vec::new(),
            collections: Vec::new(),
            sources: Vec::new(),
            inventory_given: true,
            changed: Vec::new(),
            registers: Vec::new(),
        }
    }

    /// Evidence is read up to here.
    pub fn as_of(&mut self, text: &str) -> &mut Self {
        self.as_of = at(text);
        self
    }

    /// Sets a parameter of the policy.
    pub fn parameter(&mut self, id: &str, setting: Setting) -> &mut Self {
        self.policy.parameters.get_mut(id).expect("a parameter").setting = setting;
        self
    }

    /// A critical production database of the first tier, in service since the start of 2025.
    pub fn system(&mut self, id: &str, change: impl FnOnce(&mut System)) -> &mut Self {
        let mut system = System {
            system_id: id.to_owned(),
            name: id.to_owned(),
            kind: SystemKind::Database,
            environment: Environment::Production,
            criticality: Criticality::Critical,
            tier: Some("critical_online_services".to_owned()),
            owner: Some("olga".to_owned()),
            data_classes: vec!["customer".to_owned()],
            change_rate: None,
            transactional: None,
            in_scope: true,
            scope_reason: None,
            scope_approved_by: None,
            required_components: Vec::new(),
            ephi: None,
            iacs: None,
            platform_id: None,
            region: None,
            provider_managed_backup: None,
            onboarded_at: at("2025-01-01T00:00:00Z"),
            retired_at: None,
            replicate_required: None,
            reviewed_at: None,
            resources: vec![format!("runs:{id}")],
            declared_in: "inventory.toml:1".to_owned(),
        };
        change(&mut system);
        self.systems.push(system);
        self
    }

    /// A plan of full backups in UTC. `schedule` is cron, `continuous`, or `every <seconds>` counted from the start
    /// of the period.
    pub fn plan(&mut self, id: &str, system: &str, schedule: &str, change: impl FnOnce(&mut Plan)) -> &mut Self {
        let schedule = match schedule.strip_prefix("every ") {
            Some(s) => Schedule::Interval { every_s: s.parse().expect("seconds"), anchor: self.period.start() },
            None => schedule.parse().expect("a schedule"),
        };
        let mut plan = Plan {
            plan_id: id.to_owned(),
            version: 1,
            system_id: system.to_owned(),
            component: Component::Full,
            schedule,
            timezone: Tz::UTC,
            start_window_s: None,
            max_duration_s: None,
            archive_timeout_s: None,
            retention_s: Some(35 * 86_400),
            retention_count: None,
            platform_id: None,
            location_id: None,
            copy_location_ids: Vec::new(),
            enabled: true,
            alert_channel: None,
            alert_on: None,
            effective_from: at("2025-01-01T00:00:00Z"),
            effective_to: None,
            approved_by: None,
            approved_at: None,
            document_ref: None,
            operational: true,
            declared_in: "inventory.toml:1".to_owned(),
        };
        change(&mut plan);
        self.plans.push(plan);
        self
    }

    /// An objective of a system or a tier with nothing set but its id, until `change` does.
    pub fn objective(&mut self, id: &str, change: impl FnOnce(&mut Objective)) -> &mut Self {
        let mut objective = Objective {
            objective_id: id.to_owned(),
            tier: None,
            system_id: None,
            rto_s: None,
            rto_low_s: None,
            rpo_s: None,
            rpo_applicable: true,
            rpo_reason: None,
            agreed_by_owner: None,
            agreed_by_operations: None,
            approved_by: None,
            approved_at: None,
            effective_from: None,
            effective_to: None,
            document_ref: None,
            declared_in: "inventory.toml:1".to_owned(),
        };
        change(&mut objective);
        self.objectives.push(objective);
        self
    }

    /// A run of a system that started at `started` and took ten minutes; its source does not name the plan.
    /// The id is `<system>/<started>`.
    pub fn run(
        &mut self,
        system: &str,
        started: &str,
        status: RunStatus,
        change: impl FnOnce(&mut BackupRun),
    ) -> &mut Self {
        let id = format!("{system}/{started}");
        let mut run = BackupRun::new(origin("runs", "log", id.as_str(), self.as_of), id, status, status.to_string());
        run.system_id = Some(system.to_owned());
        run.started_at = Some(at(started));
        run.ended_at = status.is_final().then(|| at(started) + chrono::Duration::minutes(10));
        run.bytes = (status == RunStatus::Success).then_some(1_000);
        change(&mut run);
        run.origin.record_id.clone_from(&run.run_id);
        self.rows.push(Row::Run(run));
        self
    }

    /// A listed, complete recovery point. The id is `<system>/<taken>`.
    pub fn point(&mut self, system: &str, taken: &str, change: impl FnOnce(&mut RecoveryPoint)) -> &mut Self {
        let id = format!("{system}/{taken}");
        let mut point = RecoveryPoint::new(origin("runs", "log", id.as_str(), self.as_of), id);
        point.system_id = Some(system.to_owned());
        point.taken_at = Some(at(taken));
        point.created_at = Some(at(taken));
        point.complete = Some(true);
        point.bytes = Some(1_000);
        change(&mut point);
        point.origin.record_id.clone_from(&point.recovery_point_id);
        self.rows.push(Row::RecoveryPoint(point));
        self
    }

    /// A full restore test that a report describes, restored data checked.
    pub fn test(
        &mut self,
        id: &str,
        system: &str,
        started: &str,
        ended: &str,
        result: TestResult,
        change: impl FnOnce(&mut RestoreTest),
    ) -> &mut Self {
        let mut test =
            RestoreTest::new(origin("restore-reports", "reports", id, self.as_of), id, result, result.to_string());
        test.system_id = Some(system.to_owned());
        test.kind = Some(TestKind::Full);
        test.started_at = Some(at(started));
        test.ended_at = Some(at(ended));
        test.integrity_result = (result == TestResult::Success).then_some(Integrity::Pass);
        change(&mut test);
        self.rows.push(Row::RestoreTest(test));
        self
    }

    /// A sample of continuous protection: at `observed` data up to `latest` could be restored.
    pub fn pitr(&mut self, system: &str, observed: Instant, latest: Instant) -> &mut Self {
        self.rows.push(Row::Pitr(PitrSample {
            system_id: Some(system.to_owned()),
            resource: None,
            observed_at: observed,
            earliest_restorable_at: None,
            latest_restorable_at: Some(latest),
            last_archived_at: None,
            archive_failures: None,
            origin: origin("runs", "log", utc_text(observed), observed),
        }));
        self
    }

    /// A shipped log.
    pub fn segment(&mut self, system: &str, timeline: &str, segment: &str, previous: Option<&str>) -> &mut Self {
        let mut row = LogSegment::new(origin("runs", "log", segment, self.as_of), timeline, segment);
        row.system_id = Some(system.to_owned());
        row.previous_segment = previous.map(str::to_owned);
        self.rows.push(Row::LogSegment(row));
        self
    }

    /// Any other row.
    pub fn row(&mut self, row: Row) -> &mut Self {
        self.rows.push(row);
        self
    }

    /// The run log states that it holds every run and recovery point of a system in `[from, to)`.
    pub fn covers(&mut self, system: &str, from: &str, to: &str) -> &mut Self {
        self.covers_tables(&[], system, from, to)
    }

    /// A source states that it holds every row of these tables.
    pub fn covers_tables(&mut self, tables: &[&str], system: &str, from: &str, to: &str) -> &mut Self {
        self.collection("runs", "log", |run| {
            run.covers.push(Covers {
                resources: Vec::new(),
                systems: vec![system.to_owned()],
                from: at(from),
                to: Some(at(to)),
                complete: true,
                tables: tables.iter().map(|t| (*t).to_owned()).collect(),
                gaps: Vec::new(),
            });
        })
    }

    /// One complete collection of a source at `as_of`.
    pub fn collection(&mut self, kind: &str, id: &str, change: impl FnOnce(&mut SourceRun)) -> &mut Self {
        let mut run = SourceRun {
            kind: kind.to_owned(),
            source_id: id.to_owned(),
            endpoint: "drop".to_owned(),
            identity: None,
            permissions: Vec::new(),
            query: None,
            timezone: None,
            covers: Vec::new(),
            started_at: self.as_of,
            collected_at: self.as_of,
            status: SourceStatus::Complete,
            reason: None,
            end_of_list: None,
            clock_offset_ms: None,
            notes: Vec::new(),
            pages: Vec::new(),
            counts: BTreeMap::new(),
            problems: Vec::new(),
            passed_over: Vec::new(),
            redactions: Vec::new(),
        };
        change(&mut run);
        self.collections.push(run);
        self
    }

    /// Restore tests are recorded for every system, even if there are none.
    pub fn tests_given(&mut self) -> &mut Self {
        let (from, to) = (at("2020-01-01T00:00:00Z"), self.as_of);
        self.collection("restore-reports", "reports", |run| {
            run.covers.push(Covers {
                resources: Vec::new(),
                systems: vec!["*".to_owned()],
                from,
                to: Some(to),
                complete: true,
                tables: Vec::new(),
                gaps: Vec::new(),
            });
        })
    }

    /// Lines of a register file, header first. The header alone gives an empty register.
    pub fn register(&mut self, table: &str, csv: &str) -> &mut Self {
        self.registers.push((format!("registers/{table}.csv"), csv.to_owned()));
        self
    }

    /// An exception for a check and a system, approved by the policy owner when it begins.
    pub fn exception(&mut self, id: &str, system: &str, check: &str, from: &str, to: &str) -> &mut Self {
        self.exception_approved(id, system, check, (from, to), from)
    }

    /// The same, approved at `approved`.
    pub fn exception_approved(
        &mut self,
        id: &str,
        system: &str,
        check: &str,
        (from, to): (&str, &str),
        approved: &str,
    ) -> &mut Self {
        self.register(
            "exceptions",
            &format!(
                "exception_id,requester,statement_ids,check_ids,system_ids,risk_level,valid_from,expires_at,status\n\
                 {id},rita,,{check},{system},low,{from},{to},approved\n"
            ),
        );
        self.register(
            "exception_approvals",
            &format!("exception_id,role,approver,decision,decided_at\n{id},policy_owner,paula,approve,{approved}\n"),
        );
        self.role("policy_owner", "paula")
    }

    /// A person held a role since 2020.
    pub fn role(&mut self, role: &str, person: &str) -> &mut Self {
        self.register(
            "role_assignments",
            &format!("role,person,valid_from,valid_to\n{role},{person},2020-01-01T00:00:00Z,\n"),
        )
    }

    /// Judges the period.
    pub fn judge(&self) -> Verdicts {
        self.with_basis(|basis| Verdicts { judged: basis.judge(self.period).expect("dataframes") })
    }

    /// What the checks see.
    pub fn with_world<T>(&self, look: impl FnOnce(&World<'_>) -> T) -> T {
        self.with_basis(|basis| {
            let slots = basis.slots(&self.period);
            look(&basis.world(self.period, &slots))
        })
    }

    /// Everything before the period is cut.
    pub fn with_basis<T>(&self, look: impl FnOnce(&Basis<'_>) -> T) -> T {
        let mut builder = Builder::default();
        for row in &self.rows {
            builder.row(row.clone());
        }
        for run in &self.collections {
            builder.collection(run.clone());
        }
        for (source, problem) in &self.changed {
            builder.changed(source.clone(), problem.clone());
        }
        let mut inventory = Inventory::new(self.systems.clone(), self.plans.clone(), self.objectives.clone())
            .expect("globs of resources");
        inventory.given = self.inventory_given;
        let registers = self.loaded_registers();
        let input = Input {
            accent: None,
            logo: None,
            organization: "Example Robotics",
            policy: &self.policy,
            controls: &self.controls,
            inventory: &inventory,
            registers: &registers,
            sources: &self.sources,
            tables_of,
            as_of: self.as_of,
        };
        look(&Basis::new(builder.finish().expect("columns"), input).expect("unambiguous resources"))
    }

    fn loaded_registers(&self) -> Registers {
        let files: Vec<File<'_>> = self.registers.iter().map(|(name, text)| File { name, text }).collect();
        let mut faults = Faults::default();
        let registers = load(&files, self.period.zone(), &mut faults);
        assert!(faults.is_empty(), "{}", faults.render(false));
        registers
    }
}

/// As the collectors declare it.
fn tables_of(kind: &str) -> Vec<String> {
    let tables: &[&str] = match kind {
        "restore-reports" => &["restore_tests"],
        _ => &["backup_runs", "recovery_points"],
    };
    tables.iter().map(|t| (*t).to_owned()).collect()
}

/// Results by check and unit.
pub struct Verdicts {
    pub judged: Judged,
}

impl Verdicts {
    /// The result of one check on one unit.
    pub fn of(&self, check: &str, unit: &str) -> &CheckResult {
        let results = &self.judged.assessment.results;
        results.iter().find(|r| r.check == check && r.unit == unit).unwrap_or_else(|| {
            let units: Vec<_> = results.iter().filter(|r| r.check == check).map(|r| &r.unit).collect();
            panic!("{check} has no result for {unit}, only for {units:?}")
        })
    }

    /// All results of one check.
    pub fn all(&self, check: &str) -> Vec<&CheckResult> {
        self.judged.assessment.results.iter().filter(|r| r.check == check).collect()
    }

    /// Asserts the state of one result and gives it back.
    #[track_caller]
    pub fn is(&self, check: &str, unit: &str, state: State) -> &CheckResult {
        let result = self.of(check, unit);
        assert_eq!(result.state, state, "{check} {unit}: {} {:?}", result.detail, result.reasons);
        result
    }

    /// A metric.
    pub fn metric(&self, id: &str) -> &Metric {
        self.judged.assessment.metrics.iter().find(|m| m.id == id).expect("a metric")
    }

    /// Outcomes of the slots of a plan in order of time.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.judged.slots.iter().map(|s| s.outcome).collect()
    }
}

/// Asserts that a result has a reason.
#[track_caller]
pub fn has_reason(result: &CheckResult, reason: &str) {
    assert!(result.reasons.iter().any(|r| r == reason), "no {reason} in {:?}: {}", result.reasons, result.detail);
}
