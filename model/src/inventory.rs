//! The inventory: systems, their plans and their recovery objectives.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::fault::meant;
use crate::rows::Component;
use crate::time::cron::Cron;
use crate::time::{Instant, Tz};
use crate::words::words;

mod load;
mod resources;

pub use load::load;
pub use resources::{Ambiguous, Resources};

words! {
    /// What a system is.
    SystemKind {
        Database = "database", ObjectStore = "object_store", FileStore = "file_store",
        VirtualMachine = "virtual_machine", Repository = "repository", Saas = "saas",
        NetworkConfig = "network_config", ControlSystem = "control_system",
        BackupPlatform = "backup_platform", Other = "other",
    }
}
words! {
    /// Production where live data are processed, stored or sent.
    Environment { Production = "production", NonProduction = "non_production" }
}
words! {
    /// Criticality of a system.
    Criticality { Critical = "critical", Standard = "standard", Low = "low" }
}
words! {
    /// How fast the data change.
    ChangeRate { Normal = "normal", High = "high" }
}
words! {
    /// What raises the alerts of a plan: the state of its jobs, or how far it lags behind.
    AlertOn { JobState = "job_state", Lag = "lag" }
}

/// One thing that is backed up, or deliberately not (`systems`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// Stable id.
    pub system_id: String,
    /// Display name.
    pub name: String,
    /// What it is.
    pub kind: SystemKind,
    /// Where it counts.
    pub environment: Environment,
    /// Criticality.
    pub criticality: Criticality,
    /// Tier id that sets its objectives.
    pub tier: Option<String>,
    /// Named owner.
    pub owner: Option<String>,
    /// Data classes.
    pub data_classes: Vec<String>,
    /// How fast its data change.
    pub change_rate: Option<ChangeRate>,
    /// Committed transactions must be recoverable.
    pub transactional: Option<bool>,
    /// The policy applies.
    pub in_scope: bool,
    /// Why it is out of scope.
    pub scope_reason: Option<String>,
    /// Who approved leaving it out.
    pub scope_approved_by: Option<String>,
    /// Components needed to rebuild it.
    pub required_components: Vec<Component>,
    /// Holds electronic protected health information.
    pub ephi: Option<bool>,
    /// Part of an industrial automation and control system.
    pub iacs: Option<bool>,
    /// Where it runs.
    pub platform_id: Option<String>,
    /// Where it runs.
    pub region: Option<String>,
    /// A provider, not the organisation, runs its backup.
    pub provider_managed_backup: Option<bool>,
    /// When it began to process live data.
    pub onboarded_at: Instant,
    /// When it stopped.
    pub retired_at: Option<Instant>,
    /// A copy in another region is needed.
    pub replicate_required: Option<bool>,
    /// Last confirmation of the row by its owner.
    pub reviewed_at: Option<Instant>,
    /// Globs over resource ids.
    pub resources: Vec<String>,
    /// File and line the row stands in.
    pub declared_in: String,
}

impl System {
    /// In-service part of `[from, to)`, or `None` where it was not in service then.
    #[must_use]
    pub fn in_service(&self, from: Instant, to: Instant) -> Option<(Instant, Instant)> {
        let start = self.onboarded_at.max(from);
        let end = self.retired_at.map_or(to, |r| r.min(to));
        (start < end).then_some((start, end))
    }
}

/// When a plan is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Wall-clock times in the plan's zone.
    Cron(Cron),
    /// Every so many elapsed seconds, counted from an anchor.
    Interval {
        /// Seconds between due instants.
        every_s: i64,
        /// One due instant.
        anchor: Instant,
    },
    /// Always running: no slots.
    Continuous,
}

impl Schedule {
    /// Due instants in `[from, to)`, ascending; none for a continuous plan.
    #[must_use]
    pub fn due(&self, zone: Tz, from: Instant, to: Instant) -> Vec<Instant> {
        match self {
            Self::Continuous => Vec::new(),
            Self::Cron(cron) => cron.due(zone, from, to),
            Self::Interval { every_s, anchor } => {
                let every = (*every_s).max(1);
                let behind = (from - *anchor).num_seconds().div_euclid(every);
                let mut at = *anchor + chrono::Duration::seconds(behind * every);
                let mut out = Vec::new();
                while at < to {
                    if at >= from {
                        out.push(at);
                    }
                    at += chrono::Duration::seconds(every);
                }
                out
            }
        }
    }

    /// As the inventory writes it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Cron(cron) => cron.text().to_owned(),
            Self::Interval { every_s, .. } => format!("every {}", crate::time::human(*every_s)),
            Self::Continuous => "continuous".to_owned(),
        }
    }
}

impl FromStr for Schedule {
    type Err = crate::time::cron::CronError;

    /// `continuous` or a cron expression; intervals have keys of their own in the inventory.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim() == "continuous" { Ok(Self::Continuous) } else { text.parse().map(Self::Cron) }
    }
}

/// A configured backup (`backup_plans`), one version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Id; versions of one plan share it.
    pub plan_id: String,
    /// Version, from 1.
    pub version: u32,
    /// System it protects.
    pub system_id: String,
    /// What it captures.
    pub component: Component,
    /// When it is due.
    pub schedule: Schedule,
    /// Zone of the schedule.
    pub timezone: Tz,
    /// How late a run may start, seconds.
    pub start_window_s: Option<i64>,
    /// How long a run may take, seconds.
    pub max_duration_s: Option<i64>,
    /// Continuous plans: longest time before a log is shipped, seconds.
    pub archive_timeout_s: Option<i64>,
    /// Time each recovery point is kept, seconds; of a replica, how much history it keeps.
    pub retention_s: Option<i64>,
    /// Number of recovery points kept.
    pub retention_count: Option<u32>,
    /// Backup platform.
    pub platform_id: Option<String>,
    /// Where recovery points go.
    pub location_id: Option<String>,
    /// Where copies go.
    pub copy_location_ids: Vec<String>,
    /// Active.
    pub enabled: bool,
    /// Where failures are announced.
    pub alert_channel: Option<String>,
    /// What raises the alert.
    pub alert_on: Option<AlertOn>,
    /// From.
    pub effective_from: Instant,
    /// To (exclusive).
    pub effective_to: Option<Instant>,
    /// Who approved.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<Instant>,
    /// Documented configuration.
    pub document_ref: Option<String>,
    /// False for plans that make no operational backups (test copies, migration exports).
    pub operational: bool,
    /// File and line the row stands in.
    pub declared_in: String,
}

/// Effective recovery objectives of a tier or a system (`objectives`); a system row overrides its tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objective {
    /// Id.
    pub objective_id: String,
    /// Tier id.
    pub tier: Option<String>,
    /// System id.
    pub system_id: Option<String>,
    /// Seconds allowed to restore; the upper end of a range.
    pub rto_s: Option<i64>,
    /// Lower end of a range.
    pub rto_low_s: Option<i64>,
    /// Seconds of data loss allowed.
    pub rpo_s: Option<i64>,
    /// False where no point objective applies.
    pub rpo_applicable: bool,
    /// Why none applies.
    pub rpo_reason: Option<String>,
    /// System owner who agreed.
    pub agreed_by_owner: Option<String>,
    /// Operations person who agreed.
    pub agreed_by_operations: Option<String>,
    /// Approver.
    pub approved_by: Option<String>,
    /// Approval.
    pub approved_at: Option<Instant>,
    /// From; absent for the tiers of the policy itself, which always apply.
    pub effective_from: Option<Instant>,
    /// To (exclusive).
    pub effective_to: Option<Instant>,
    /// Where it is written.
    pub document_ref: Option<String>,
    /// File and line the row stands in.
    pub declared_in: String,
}

/// Everything that is to be backed up, how, and how fast it must come back.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Systems by id.
    pub systems: Vec<System>,
    /// Plans by id and version. A version without an end that has a successor ends when the
    /// successor begins.
    pub plans: Vec<Plan>,
    /// Objectives by id; those of `registers/objectives.csv` are among them.
    pub objectives: Vec<Objective>,
    /// An inventory was given, even if it is empty.
    pub given: bool,
    /// Objectives were given, even if there are none.
    pub objectives_given: bool,
    resources: Resources,
}

impl Inventory {
    /// An inventory of these rows, sorted; for rows that do not come from files.
    ///
    /// # Errors
    /// The first glob that is not one, with what is wrong with it.
    pub fn new(
        mut systems: Vec<System>,
        mut plans: Vec<Plan>,
        mut objectives: Vec<Objective>,
    ) -> Result<Self, globset::Error> {
        systems.sort_by(|a, b| a.system_id.cmp(&b.system_id));
        plans.sort_by(|a, b| (&a.plan_id, a.version).cmp(&(&b.plan_id, b.version)));
        objectives.sort_by(|a, b| a.objective_id.cmp(&b.objective_id));
        let resources = Resources::new(
            systems.iter().flat_map(|s| s.resources.iter().map(|glob| (s.system_id.as_str(), glob.as_str()))),
        )?;
        Ok(Self { systems, plans, objectives, given: true, objectives_given: true, resources })
    }

    /// The system of this id.
    #[must_use]
    pub fn system(&self, id: &str) -> Option<&System> {
        self.index_of(id).and_then(|at| self.systems.get(at))
    }

    /// What is wrong where a record names this system, and what helps; `None` where it is in the inventory, or `*`.
    #[must_use]
    pub fn unknown_system(&self, id: &str) -> Option<(String, String)> {
        if id == "*" || self.system(id).is_some() {
            return None;
        }
        let help = match meant(id, self.systems.iter().map(|s| s.system_id.as_str())) {
            Some(id) => format!("did you mean \"{id}\"?"),
            None => "add the system to the inventory, retired if it is gone, or correct the id".to_owned(),
        };
        Some((format!("system \"{id}\" is not in the inventory"), help))
    }

    /// Index into `systems` of the system of this id.
    #[must_use]
    pub fn index_of(&self, id: &str) -> Option<usize> {
        self.systems.binary_search_by(|s| s.system_id.as_str().cmp(id)).ok()
    }

    /// Versions of the plan of this id, oldest version first.
    pub fn plan(&self, id: &str) -> impl Iterator<Item = &Plan> {
        let first = self.plans.partition_point(|p| p.plan_id.as_str() < id);
        self.plans.iter().skip(first).take_while(move |p| p.plan_id == id)
    }

    /// Plans of a system.
    pub fn plans_of(&self, system: &str) -> impl Iterator<Item = &Plan> {
        self.plans.iter().filter(move |p| p.system_id == system)
    }

    /// The system that a resource id belongs to; `Ok(None)` where it is not inventoried.
    ///
    /// # Errors
    /// [`Ambiguous`] where globs of two systems match.
    pub fn resolve(&self, resource: &str) -> Result<Option<&System>, Ambiguous> {
        Ok(self.resources.resolve(resource)?.and_then(|id| self.system(id)))
    }
}
