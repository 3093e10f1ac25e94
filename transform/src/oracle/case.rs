//! One world in plain values: what the product gets as rows and registers, and the oracle as it stands here.
//!
//! All instants are seconds since 1970 in UTC.

use chrono::NaiveDate;
use model::registers::{ExceptionStatus, RiskLevel};
use model::rows::{Integrity, RunStatus, TestKind, TestResult, Trigger};
use model::time::Tz;

pub(super) type Seconds = i64;
pub(super) const MINUTE: Seconds = 60;
pub(super) const HOUR: Seconds = 3_600;
pub(super) const DAY: Seconds = 86_400;

#[derive(Debug, Clone)]
pub(super) struct Case {
    /// As the user writes the period, its first day and the day after its last one.
    pub(super) label: String,
    pub(super) first: NaiveDate,
    pub(super) after: NaiveDate,
    /// Reporting zone.
    pub(super) zone: Tz,
    pub(super) as_of: Seconds,
    pub(super) settings: Settings,
    pub(super) systems: Vec<Thing>,
    pub(super) plans: Vec<PlanVersion>,
    pub(super) runs: Vec<Attempt>,
    pub(super) points: Vec<Listed>,
    pub(super) tests: Vec<Restore>,
    pub(super) covers: Vec<Statement>,
    /// `None`: the registers of exceptions were not given.
    pub(super) exceptions: Option<Vec<Request>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// Hundredths of `unknown_share_max`.
    pub(super) unknown_percent: u32,
    pub(super) tolerance: Seconds,
    pub(super) each_recovery_point: bool,
    pub(super) distinct_approvers: bool,
}

/// A system.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) id: String,
    pub(super) database: bool,
    pub(super) critical: bool,
    pub(super) production: bool,
    pub(super) in_scope: bool,
    pub(super) onboarded: Seconds,
    pub(super) retired: Option<Seconds>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    Cron(String),
    Every { seconds: Seconds, anchor: Seconds },
    Continuous,
}

#[derive(Debug, Clone)]
pub(super) struct PlanVersion {
    pub(super) id: String,
    pub(super) version: u32,
    pub(super) system: usize,
    pub(super) when: When,
    pub(super) zone: Tz,
    pub(super) window: Option<Seconds>,
    pub(super) longest: Option<Seconds>,
    pub(super) retention: Option<Seconds>,
    pub(super) retention_count: Option<u32>,
    pub(super) enabled: bool,
    pub(super) operational: bool,
    pub(super) from: Seconds,
    pub(super) to: Option<Seconds>,
}

#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// Record and run id; the same record may be observed more than once.
    pub(super) id: String,
    pub(super) source: &'static str,
    pub(super) observed: Seconds,
    pub(super) system: usize,
    pub(super) plan: Option<String>,
    pub(super) scheduled: Option<Seconds>,
    pub(super) trigger: Option<Trigger>,
    pub(super) started: Seconds,
    pub(super) ended: Option<Seconds>,
    pub(super) status: RunStatus,
    pub(super) bytes: u64,
    pub(super) unchanged: bool,
    pub(super) taken: Option<Seconds>,
    pub(super) point: Option<String>,
}

/// A recovery point as a listing shows it.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) system: usize,
    pub(super) taken: Seconds,
    pub(super) complete: bool,
    pub(super) bytes: u64,
    pub(super) integrity: Option<Integrity>,
    pub(super) copy: bool,
    pub(super) deleted: Option<Seconds>,
}

#[derive(Debug, Clone)]
pub(super) struct Restore {
    pub(super) id: String,
    pub(super) system: usize,
    pub(super) kind: TestKind,
    pub(super) started: Option<Seconds>,
    pub(super) ended: Option<Seconds>,
    pub(super) result: TestResult,
    pub(super) integrity: Option<Integrity>,
}

/// One collection of a source and what it states to hold.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) source: &'static str,
    pub(super) collected: Seconds,
    /// The source could be read to its end, and says that it holds everything.
    pub(super) read_whole: bool,
    pub(super) complete: bool,
    pub(super) system: Option<usize>,
    pub(super) table: Option<&'static str>,
    pub(super) from: Seconds,
    pub(super) to: Option<Seconds>,
    pub(super) gap: Option<(Seconds, Seconds)>,
}

/// An exception with the decisions on it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) id: String,
    pub(super) check: &'static str,
    pub(super) statement: &'static str,
    /// `None`: `*`.
    pub(super) system: Option<usize>,
    pub(super) risk: RiskLevel,
    pub(super) status: ExceptionStatus,
    pub(super) requester: &'static str,
    /// Name of the column left empty.
    pub(super) blank: Option<&'static str>,
    pub(super) from: Seconds,
    pub(super) to: Seconds,
    pub(super) closed: Option<Seconds>,
    pub(super) renews: Option<String>,
    pub(super) decisions: Vec<Verdict>,
}

#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) role: &'static str,
    pub(super) person: &'static str,
    pub(super) approve: bool,
    pub(super) at: Seconds,
}

/// Who holds which role: role, person, from, to.
pub(super) const HOLDERS: &[(&str, &str, Seconds, Option<Seconds>)] = &[
    ("policy_owner", "paula", 1_262_304_000, None),
    ("security_officer", "sam", 1_262_304_000, None),
    ("security_officer", "paula", 1_262_304_000, None),
    ("compliance_officer", "carl", 1_262_304_000, None),
    // Until 2026-04-01T00:00:00Z.
    ("executive_management", "emma", 1_262_304_000, Some(1_775_001_600)),
];
