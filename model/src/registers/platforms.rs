//! Platforms, places, keys and paths of backups.

use chrono::NaiveDate;

use super::record;
use crate::time::Instant;
use crate::words::words;

words! {
    /// What a platform is approved for.
    PlatformPurpose { Backup = "backup", Storage = "storage", Both = "both" }
}
record! {
    /// An approved platform (`approved_platforms`).
    ApprovedPlatform = "approved_platforms" {
        /// Id.
        platform_id: String,
        /// Name.
        name: Option<String>,
        /// Use.
        purpose: Option<PlatformPurpose>,
        /// Regions.
        allowed_regions: Vec<String>,
        /// Approver.
        approved_by: Option<String>,
        /// Role of the approver.
        approved_role: Option<String>,
        /// From.
        approved_at: Instant,
        /// To.
        valid_until: Option<Instant>,
        /// Conditions.
        conditions: Option<String>,
    }
}

words! {
    /// Who manages a key.
    KeyManager { Customer = "customer", Provider = "provider", External = "external" }
}
words! {
    /// State of a key.
    KeyState { Enabled = "enabled", Disabled = "disabled", PendingDeletion = "pending_deletion", Deleted = "deleted" }
}
record! {
    /// An encryption key used for backups; metadata only, never key material (`keys`).
    Key = "keys" {
        /// Id.
        key_id: String,
        /// Algorithm.
        algorithm: Option<String>,
        /// Size.
        bits: Option<u64>,
        /// Who manages it.
        manager: Option<KeyManager>,
        /// State.
        state: Option<KeyState>,
        /// Created.
        created_at: Option<Instant>,
        /// Last rotation.
        rotated_at: Option<Instant>,
        /// Configured rotation.
        rotation_period_s: Option<u64>,
        /// Accountable role.
        custodian: Option<String>,
        /// Clause of the encryption policy.
        policy_ref: Option<String>,
        /// Account that holds it.
        account_ref: Option<String>,
        /// When read.
        observed_at: Option<Instant>,
    }
}

words! {
    /// What a provider gives.
    AssuranceKind { Report = "report", Contract = "contract", Terms = "terms", Statement = "statement" }
}
record! {
    /// A report or terms of a provider (`provider_assurance`).
    ProviderAssurance = "provider_assurance" {
        /// Id.
        assurance_id: String,
        /// Platform.
        platform_id: String,
        /// Kind.
        kind: AssuranceKind,
        /// Backup, encryption, retention, restore, location, ephi.
        covers: Vec<String>,
        /// From.
        period_start: Option<NaiveDate>,
        /// To.
        period_end: Option<NaiveDate>,
        /// Who does what.
        responsibility_split_ref: Option<String>,
        /// Review.
        reviewed_at: Option<Instant>,
        /// Who.
        reviewed_by: Option<String>,
        /// Record.
        evidence_ref: Option<String>,
    }
}

record! {
    /// Where backups are kept, as the register says; what a platform itself shows is [`crate::rows::StorageLocation`] (`storage_locations`).
    RegisteredLocation = "storage_locations" {
        /// Id.
        location_id: String,
        /// Platform.
        platform_id: String,
        /// Provider.
        provider: Option<String>,
        /// Region.
        region: Option<String>,
        /// Account or project.
        account_ref: Option<String>,
        /// Provider's class.
        durability_class: Option<String>,
        /// Data held in more than one zone or site.
        multi_zone: Option<bool>,
        /// Location ids.
        replication_targets: Vec<String>,
        /// New objects are encrypted.
        encryption_default: Option<bool>,
        /// Algorithm.
        default_cipher: Option<String>,
        /// Key.
        default_key_id: Option<String>,
        /// Lowest protocol version the location accepts.
        tls_min_enforced: Option<String>,
        /// Unencrypted access is refused.
        plain_access_denied: Option<bool>,
        /// Reachable without authentication.
        public_access: Option<bool>,
        /// Lock mode.
        immutability: Option<crate::rows::Immutability>,
        /// Versions of objects are kept.
        versioning: Option<bool>,
        /// Deleting a recovery point needs two people.
        two_person_deletion: Option<bool>,
        /// Seconds after which the location deletes objects by itself.
        expires_after_s: Option<u64>,
        /// When read.
        observed_at: Option<Instant>,
    }
}

record! {
    /// A path that carries backup traffic (`transport_paths`).
    TransportPath = "transport_paths" {
        /// Id.
        path_id: String,
        /// Origin.
        from_ref: String,
        /// Destination location or platform.
        to_ref: String,
        /// Protocol.
        protocol: Option<String>,
        /// Lowest version allowed.
        min_version_configured: Option<String>,
        /// Version seen; `refused` where an offer of older versions alone was refused.
        version_negotiated: Option<String>,
        /// Suite seen.
        cipher_negotiated: Option<String>,
        /// Inside the provider, not observable by the customer.
        provider_internal: Option<bool>,
        /// Provider statement for internal paths.
        assurance_ref: Option<String>,
        /// When seen.
        observed_at: Option<Instant>,
    }
}

record! {
    /// An asset that a platform shows and that needs no inventory row (`asset_exclusions`).
    AssetExclusion = "asset_exclusions" {
        /// Resource id as `discovered_assets` shows it, `<kind>:<locator>`.
        asset_id: String,
        /// Why it needs none.
        excluded_reason: Option<String>,
        /// Who decided.
        approved_by: Option<String>,
        /// When.
        at: Option<Instant>,
    }
}
