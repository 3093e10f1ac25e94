//! Everything a report may say about one period, resolved: the hand-over from judging to rendering.
//!
//! Reports format a dossier and compute nothing that could differ from the assessment in it.

mod governance;
mod standards;

use serde::Serialize;

pub use governance::*;
pub use standards::*;

use crate::assessment::{Assessment, Outcome, Severity, State};
use crate::colour::Colour;
use crate::lineage::{Figure, SampleSheet};
use crate::logo::Logo;
use crate::registers::RiskLevel;
use crate::time::{Instant, utc_seconds};

/// A period, ready to be reported.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dossier {
    /// The assessment.
    pub assessment: Assessment,
    /// Colour of the organisation in reports; absent for the reports' own.
    pub accent: Option<Colour>,
    /// Its logo in reports; serialised as its hash.
    pub logo: Option<Logo>,
    /// The period for people: `October 2026`.
    pub period_title: String,
    /// Where the evidence lies and who vouches for it.
    pub store: StoreSheet,
    /// The policy judged by.
    pub policy: PolicySheet,
    /// Metrics of the period and of the ones before it, oldest first.
    pub trends: Vec<Trend>,
    /// Systems in scope, by tier order, then id.
    pub systems: Vec<SystemSheet>,
    /// Failing results, worst first.
    pub findings: Vec<FindingSheet>,
    /// Results without evidence, worst first.
    pub missing: Vec<FindingSheet>,
    /// What followed each failed, missed or overrun slot, in order of time.
    pub closures: Vec<ClosureSheet>,
    /// Restore tests of the period.
    pub tests: Vec<TestSheet>,
    /// Exceptions in force, expired or requested.
    pub waivers: Vec<WaiverSheet>,
    /// Resources that no inventory row matches, with the number of records each has.
    pub uninventoried: Vec<(String, u64)>,
    /// One a source: where rows came from and how complete they are.
    pub sources: Vec<SourceSheet>,
    /// Evaluated checks with the number of results a state.
    pub checks: Vec<CheckSheet>,
    /// Every framework with its controls, in the order of their ids.
    pub standards: Vec<FrameworkSheet>,
    /// Statements of the policy, in its order.
    pub statements: Vec<StatementSheet>,
    /// Roles, incidents, actions, reviews, documents and access.
    pub governance: Governance,
    /// Calendar days of the period in the reporting zone, `YYYY-MM-DD`.
    pub days: Vec<String>,
    /// Whole populations, for spreadsheets.
    pub populations: Vec<Population>,
    /// Every figure, with the lineage rows that it counts.
    pub figures: Vec<Figure>,
    /// Page beside the report that lists the rows of every figure; only packets have one.
    pub figures_page: Option<String>,
    /// Objects that a packet leaves out.
    pub withheld: Vec<WithheldSheet>,
    /// Rows drawn for the auditor; only packets have them.
    pub samples: Vec<SampleSheet>,
    /// Frameworks asked for; empty means all.
    pub frameworks: Vec<String>,
}

impl Dossier {
    /// The frameworks asked for, or all.
    pub fn chosen(&self) -> impl Iterator<Item = &FrameworkSheet> {
        self.standards.iter().filter(|f| self.frameworks.is_empty() || self.frameworks.contains(&f.id))
    }
}

/// An object that a packet leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WithheldSheet {
    /// SHA-256.
    pub sha256: String,
    /// Size.
    pub bytes: u64,
    /// Why.
    pub reason: String,
    /// `<kind>.<id>` of its source.
    pub source: String,
    /// When it was read.
    pub collected_at: Instant,
}

/// The evidence store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreSheet {
    /// Store id.
    pub store_id: String,
    /// Number of the last run that was read.
    pub last_run: u64,
    /// SHA-256 of its manifest: names the whole chain before it.
    pub last_manifest: String,
    /// Runs read.
    pub runs: u64,
    /// Who signed the last run; `None` is printed as *unsigned*.
    pub signed_by: Option<String>,
}

/// The policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicySheet {
    /// Title.
    pub title: String,
    /// Version.
    pub version: String,
    /// Parameters that results used: id, value, origin, meaning.
    pub parameters: Vec<[String; 4]>,
}

/// A metric over periods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trend {
    /// Metric id.
    pub metric: String,
    /// Title.
    pub title: String,
    /// True for a rate, false for a count.
    pub is_rate: bool,
    /// What is counted.
    pub population: String,
    /// How the figure is made.
    pub definition: String,
    /// Target share set by the organisation, if any.
    pub target: Option<String>,
    /// The register it counts, where it counts one.
    pub register: Option<RegisterStart>,
    /// Oldest first; the last is the period itself.
    pub points: Vec<TrendPoint>,
    /// The months of a longer period as far as they have begun; none where the period is a month.
    pub months: Vec<TrendPoint>,
}

/// Since when a register speaks. It states no coverage, so that nothing is known of the time before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterStart {
    /// Name of the register.
    pub name: String,
    /// Its first entry, or the beginning of what a complete source of it covers; absent where it has no entry.
    #[serde(with = "utc_seconds::option")]
    pub begins: Option<Instant>,
    /// True where a complete source states that beginning.
    pub covered: bool,
}

/// A metric in one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrendPoint {
    /// Period label.
    pub label: String,
    /// Numerator.
    pub numerator: u64,
    /// Denominator.
    pub denominator: u64,
    /// Left out for lack of evidence.
    pub unknown: u64,
    /// Why there is no value, or why it is not evidenced.
    pub undefined: Option<String>,
    /// True where there is a value all the same.
    pub has_value: bool,
}

/// A system with what was expected of it and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SystemSheet {
    /// Id.
    pub system_id: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Tier id, or `none`.
    pub tier: String,
    /// Tier name.
    pub tier_name: String,
    /// Criticality.
    pub criticality: String,
    /// Owner.
    pub owner: String,
    /// Platform of its backups.
    pub platform: String,
    /// Plans with their slots.
    pub plans: Vec<PlanSheet>,
    /// Slots: good, counted, unknown.
    pub slots: [u64; 3],
    /// Seconds of loss allowed; `None` where no point objective applies.
    pub rpo_target_s: Option<i64>,
    /// Largest loss that is proven to have been possible, seconds.
    pub rpo_shown_s: Option<i64>,
    /// Largest loss that the evidence can't rule out, seconds.
    pub rpo_bound_s: Option<i64>,
    /// Longest time without a good recovery point, seconds, with its two ends.
    pub longest_gap: Option<(i64, Instant, Instant)>,
    /// True where that gap is covered whole by complete sources.
    pub gap_covered: bool,
    /// Seconds allowed to restore.
    pub rto_target_s: Option<i64>,
    /// Observed restore time of the newest test that measured one, seconds.
    pub rto_observed_s: Option<i64>,
    /// When that test ended.
    pub last_test_at: Option<Instant>,
    /// Newest good recovery point at the end of the period.
    pub newest_point_at: Option<Instant>,
    /// Worst state over its results, by the precedence rule.
    pub state: State,
    /// Failing checks that no waiver covers, worst first.
    pub failing: Vec<String>,
    /// Failing checks under a waiver.
    pub waived: Vec<String>,
    /// Checks without evidence.
    pub no_evidence: Vec<String>,
}

/// A plan with its days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanSheet {
    /// Id.
    pub plan_id: String,
    /// Component and schedule in words.
    pub schedule: String,
    /// One cell a day of the period: the worst outcome of its slots; `None` where nothing was due.
    pub days: Vec<Option<DayCell>>,
    /// True for a continuous plan, which has no slots.
    pub continuous: bool,
}

/// A day of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayCell {
    /// Worst outcome of the day.
    pub outcome: Outcome,
    /// Slots due that day.
    pub slots: u32,
    /// Good ones.
    pub good: u32,
    /// Every bad slot of the day is covered by a waiver.
    pub waived: bool,
}

/// A result that needs somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingSheet {
    /// Position of the result in the assessment.
    pub result: usize,
    /// Check id.
    pub check: String,
    /// Its title.
    pub title: String,
    /// Unit.
    pub unit: String,
    /// Unit for people: the name of the system it concerns, else the unit.
    pub unit_name: String,
    /// Id of the one system it concerns; empty where it is about none or several.
    pub system: String,
    /// When it began; absent where it has no time of its own.
    #[serde(with = "utc_seconds::option")]
    pub since: Option<Instant>,
    /// Severity.
    pub severity: Severity,
    /// Covered by a waiver.
    pub waived: bool,
    /// What was found.
    pub detail: String,
    /// What to do.
    pub remediation: String,
    /// Who has to do it.
    pub owner: String,
    /// Where the rule comes from: policy, framework, integrity.
    pub basis: String,
    /// Statements of the policy.
    pub statements: Vec<String>,
    /// Parameters that are not the policy's own.
    pub assumptions: Vec<String>,
    /// Rows it rests on.
    pub records: Vec<String>,
}

/// What followed a failed, missed or overrun slot. Texts are empty where nothing is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClosureSheet {
    /// Slot id.
    pub slot_id: String,
    /// System name.
    pub system: String,
    /// Plan.
    pub plan_id: String,
    /// When it was due.
    #[serde(with = "utc_seconds")]
    pub scheduled_for: Instant,
    /// What became of it.
    pub outcome: Outcome,
    /// Alert.
    pub alert_id: String,
    /// When it was raised.
    #[serde(with = "utc_seconds::option")]
    pub alerted_at: Option<Instant>,
    /// When somebody acknowledged it.
    #[serde(with = "utc_seconds::option")]
    pub acknowledged_at: Option<Instant>,
    /// Incident or investigation.
    pub incident_id: String,
    /// Root cause in it.
    pub root_cause: String,
    /// Resolution in it.
    pub resolution: String,
    /// When it was closed.
    #[serde(with = "utc_seconds::option")]
    pub closed_at: Option<Instant>,
    /// Next good recovery point of the system.
    #[serde(with = "utc_seconds::option")]
    pub recovered_at: Option<Instant>,
    /// Seconds from the failure to the alert.
    pub detect_s: Option<i64>,
    /// Seconds from the failure to the first act of a person.
    pub respond_s: Option<i64>,
    /// Seconds from the failure to the recovery point.
    pub recover_s: Option<i64>,
    /// Missing link; `unknown:<link>` where nobody can tell, `pending:<link>` where it may still come.
    pub broken_link: Option<String>,
}

/// A restore test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestSheet {
    /// Id.
    pub test_id: String,
    /// System name.
    pub system: String,
    /// Kind.
    pub kind: String,
    /// End.
    #[serde(with = "utc_seconds::option")]
    pub ended_at: Option<Instant>,
    /// Result.
    pub result: String,
    /// Integrity.
    pub integrity: String,
    /// Observed restore time, seconds.
    pub rto_s: Option<i64>,
    /// Allowed, seconds.
    pub rto_target_s: Option<i64>,
    /// Observed loss, seconds.
    pub loss_s: Option<i64>,
    /// Allowed, seconds.
    pub rpo_target_s: Option<i64>,
    /// Performer.
    pub performer: String,
    /// Reviewer.
    pub reviewer: String,
    /// Read from a tool's log, without a report.
    pub from_log: bool,
}

/// An exception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaiverSheet {
    /// Id.
    pub exception_id: String,
    /// Risk level.
    pub risk_level: Option<RiskLevel>,
    /// Systems.
    pub systems: Vec<String>,
    /// Checks and statements it names.
    pub names: Vec<String>,
    /// From when it waives.
    #[serde(with = "utc_seconds::option")]
    pub effective_from: Option<Instant>,
    /// To when.
    #[serde(with = "utc_seconds::option")]
    pub effective_to: Option<Instant>,
    /// Why, in the requester's words.
    pub justification: String,
    /// Word for its standing in the period: effective, expired, not effective.
    pub standing: String,
    /// Why it is not effective.
    pub why: String,
    /// Results that it covers.
    pub covers: u64,
    /// When the deviation is to be gone, `YYYY-MM-DD`.
    pub remediation_due: String,
    /// That day has passed before the end of the period, and nobody recorded it as done.
    pub remediation_overdue: bool,
}

/// A source as the completeness block of tables prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceSheet {
    /// `<kind>.<id>`.
    pub name: String,
    /// Kind for people.
    pub kind: String,
    /// State.
    pub status: crate::evidence::SourceStatus,
    /// Why it is not complete.
    pub reason: String,
    /// Path or URL.
    pub endpoint: String,
    /// Who read it.
    pub identity: String,
    /// Zone of local times.
    pub timezone: String,
    /// What it states to cover.
    pub covers: String,
    /// When it was read.
    #[serde(with = "utc_seconds::option")]
    pub collected_at: Option<Instant>,
    /// Rows read, a table.
    pub counts: Vec<(String, u64)>,
    /// Objects it rests on.
    pub objects: Vec<String>,
    /// What could not be read.
    pub problems: Vec<String>,
    /// Files passed over.
    pub passed_over: u64,
}

/// A check with its results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckSheet {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Rule.
    pub rule: String,
    /// What is judged.
    pub population: String,
    /// Normalised tables that it reads.
    pub tables: Vec<String>,
    /// Statements of the policy that it tests.
    pub statements: Vec<String>,
    /// Severity.
    pub severity: Severity,
    /// Results: pass, fail, waived, not applicable, no evidence.
    pub counts: [u64; 5],
    /// Rolled up by the precedence rule.
    pub state: State,
}

/// A population for spreadsheets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Population {
    /// Name, as in `show`.
    pub name: String,
    /// Column names in order.
    pub columns: Vec<String>,
    /// Rows; each as long as `columns`. None where a spreadsheet leaves them to other outputs.
    pub rows: Vec<Vec<serde_json::Value>>,
    /// Rows there are.
    pub total: u64,
    /// Rows that are no plain success, of populations of runs, expected runs and recovery points: the first of them.
    pub exceptions: Vec<Vec<serde_json::Value>>,
    /// How many exceptions there are.
    pub exceptional: u64,
    /// The file that holds all of them, where one is written beside the report.
    pub file: Option<PopulationFile>,
}

/// A file that holds a whole population.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PopulationFile {
    /// Path from the report's folder.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}
