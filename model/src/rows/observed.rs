//! What platforms and trackers show.

use super::{Component, Immutability, Origin};
use crate::time::Instant;

/// Where backups are kept (`storage_locations`). Absent means "not determined", never "off".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageLocation {
    /// Id, for example `s3:bucket`.
    pub location_id: String,
    /// Platform.
    pub platform_id: String,
    /// Provider.
    pub provider: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Account or project.
    pub account_ref: Option<String>,
    /// Provider's durability class.
    pub durability_class: Option<String>,
    /// Data held in more than one zone or site.
    pub multi_zone: Option<bool>,
    /// Locations it replicates to.
    pub replication_targets: Vec<String>,
    /// New objects are encrypted.
    pub encryption_default: Option<bool>,
    /// Algorithm.
    pub default_cipher: Option<String>,
    /// Key.
    pub default_key_id: Option<String>,
    /// Lowest protocol version accepted.
    pub tls_min_enforced: Option<String>,
    /// Unencrypted access is refused.
    pub plain_access_denied: Option<bool>,
    /// Reachable without authentication.
    pub public_access: Option<bool>,
    /// Lock mode.
    pub immutability: Option<Immutability>,
    /// Versioning of objects is on.
    pub versioning: Option<bool>,
    /// Lifecycle: objects expire after this many seconds (whole location).
    pub expires_after_s: Option<i64>,
    /// When read.
    pub observed_at: Instant,
    /// Lineage.
    pub origin: Origin,
}

/// Something a platform shows that may hold data (`discovered_assets`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredAsset {
    /// Resource id at the platform, `<kind>:<locator>`.
    pub asset_id: String,
    /// What it is.
    pub kind: String,
    /// Platform.
    pub platform_id: String,
    /// From tags or account.
    pub environment: Option<String>,
    /// First seen.
    pub first_seen_at: Instant,
    /// Last seen.
    pub last_seen_at: Instant,
    /// Why it needs no inventory row (archived, cannot hold data …).
    pub excluded_reason: Option<String>,
    /// Named settings worth showing to an auditor, as (name, value), sorted by name.
    pub settings: Vec<(String, String)>,
    /// Lineage.
    pub origin: Origin,
}

/// A backup configured at a platform, as the platform shows it (a reading of `backup_plans`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPlan {
    /// Id at the platform.
    pub plan_id: String,
    /// Resource it protects.
    pub resource: Option<String>,
    /// What it captures.
    pub component: Option<Component>,
    /// Recurrence as the platform writes it.
    pub schedule: Option<String>,
    /// IANA zone of the schedule.
    pub timezone: Option<String>,
    /// Seconds each recovery point is kept.
    pub retention_s: Option<i64>,
    /// Number of recovery points kept.
    pub retention_count: Option<u32>,
    /// Active; `Some(false)` where the platform shows that automatic backup is off.
    pub enabled: Option<bool>,
    /// When read.
    pub observed_at: Instant,
    /// Lineage.
    pub origin: Origin,
}

/// An incident read from a tracker (`incidents`), before the register is joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedIncident {
    /// The register row it amounts to.
    pub incident: crate::registers::Incident,
    /// Lineage.
    pub origin: Origin,
}

/// A row of a register read from a tracker, with the rows that stand in it, before the register is joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedRecord {
    /// Register.
    pub table: &'static str,
    /// Its rows and those of others that it holds (an exception and the decisions on it).
    pub rows: Box<crate::registers::Registers>,
    /// Lineage.
    pub origin: Origin,
}
