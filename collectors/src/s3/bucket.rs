//! Settings of buckets, from positive answers and from the errors that mean "not configured".

use std::collections::BTreeMap;

use model::rows::{Immutability, Row, StorageLocation};
use model::time::Instant;
use serde_json::{Map, Value};

use super::{naming, policy};
use crate::aws::{Answers, Failure, Place};
use crate::{Batch, Sink, problem};

/// Top-level keys that only answers about buckets have.
pub(super) const KEYS: &[&str] = &[
    "ServerSideEncryptionConfiguration",
    "ReplicationConfiguration",
    "ObjectLockConfiguration",
    "PublicAccessBlockConfiguration",
    "PolicyStatus",
    "LoggingEnabled",
    "LocationConstraint",
    "BucketRegion",
    "OwnershipControls",
];

/// One bucket: what its answers add up to.
#[derive(Debug)]
pub(super) struct Bucket {
    /// The row of the whole bucket.
    pub location: StorageLocation,
    /// Expiry in seconds by prefix, from enabled rules that cover the whole prefix.
    expiry: BTreeMap<String, i64>,
    /// Replication targets by prefix.
    targets: BTreeMap<String, Vec<String>>,
    policy_public: Option<bool>,
    acls_ignored: bool,
    owner_enforced: bool,
    public_restricted: bool,
}

/// One answer about one bucket.
struct Fact<'r, 'a> {
    place: &'r Place<'a>,
    answer: Answer<'r>,
}

enum Answer<'r> {
    Set(&'r Map<String, Value>),
    NotSet(&'r str),
    NeverVersioned,
}

/// Adds up all answers, by bucket. The later answer holds.
pub(super) fn read(batch: &Batch<'_>, answers: &Answers<'_>, sink: &mut dyn Sink) -> BTreeMap<String, Bucket> {
    let mut facts: BTreeMap<String, Vec<Fact<'_, '_>>> = BTreeMap::new();
    for reply in &answers.replies {
        let place = &reply.place;
        if !is_setting(&reply.value) {
            continue;
        }
        let Some(name) = naming::bucket(place, Some(&reply.value)) else {
            let message = "nothing tells which bucket this is about: name the file <bucket>.<call>.json \
                 (acme.get-bucket-versioning.json), or keep a run record beside it";
            sink.problem(problem(place.document, place.spot(), message));
            continue;
        };
        facts.entry(name).or_default().push(Fact { place, answer: Answer::Set(&reply.value) });
    }
    for failure in &answers.failures {
        match (not_configured(failure), naming::bucket(&failure.place, None)) {
            (Some(code), Some(name)) => {
                facts.entry(name).or_default().push(Fact { place: &failure.place, answer: Answer::NotSet(code) })
            }
            (Some(_), None) => {
                let message = format!(
                    "nothing tells which bucket this is about: name the file <bucket>.<call>.stderr, \
                     or keep a run record beside it: {}",
                    failure.message
                );
                sink.problem(problem(failure.place.document, failure.place.spot(), message));
            }
            // Failed transfers are runs and are read as that.
            (None, _) if super::transfers::target(&failure.place).is_some() => {}
            (None, _) => failure.report(sink),
        }
    }
    for place in &answers.silent {
        let versioning = place.call.as_ref().is_some_and(|c| c.operation == "get-bucket-versioning");
        if let Some(name) = naming::bucket(place, None).filter(|_| versioning) {
            let fact = Fact { place, answer: Answer::NeverVersioned };
            facts.entry(name).or_default().push(fact);
        }
    }
    let mut out = BTreeMap::new();
    for (name, mut facts) in facts {
        facts.sort_by(|a, b| {
            let rank = |f: &Fact<'_, '_>| (f.place.at, f.place.document.digest(), f.place.pointer.clone());
            rank(a).cmp(&rank(b))
        });
        let Some(last) = facts.last() else { continue };
        let origin = last.place.origin(batch, format!("bucket:{name}"), "");
        let mut bucket = Bucket::new(&name, last.place.at, origin);
        for fact in &facts {
            match fact.answer {
                Answer::Set(value) => bucket.set(&name, value, fact, sink),
                Answer::NotSet(code) => bucket.not_set(code),
                Answer::NeverVersioned => bucket.location.versioning = Some(false),
            }
        }
        bucket.conclude();
        out.insert(name, bucket);
    }
    out
}

fn is_setting(value: &Map<String, Value>) -> bool {
    let list = ["Contents", "Versions", "DeleteMarkers", "ETag"].iter().any(|k| value.contains_key(*k));
    !list && (KEYS.iter().chain(&["Policy", "Status", "MFADelete", "Rules"]).any(|k| value.contains_key(*k)))
}

/// The code of an error that means that the setting is absent, by the S3 API reference.
fn not_configured<'f>(failure: &'f Failure<'_>) -> Option<&'f str> {
    ABSENT.contains(&failure.code.as_str()).then_some(failure.code.as_str())
}

/// Codes of errors that mean that a setting is absent.
pub(super) const ABSENT: &[&str] = &[
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchBucketPolicy",
    "NoSuchPublicAccessBlockConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "NoSuchLifecycleConfiguration",
    "ReplicationConfigurationNotFoundError",
    "OwnershipControlsNotFoundError",
];

/// The prefix that each inventory is limited to, by bucket and name of its configuration.
pub(super) fn inventories(answers: &Answers<'_>) -> BTreeMap<(String, String), String> {
    let mut out = BTreeMap::new();
    for reply in &answers.replies {
        let Some(config) = reply.value.get("InventoryConfiguration") else { continue };
        let Some(bucket) = naming::bucket(&reply.place, None) else { continue };
        let Some(id) = config.get("Id").and_then(Value::as_str) else { continue };
        let prefix = config.pointer("/Filter/Prefix").and_then(Value::as_str).unwrap_or_default();
        out.insert((bucket, id.to_owned()), prefix.to_owned());
    }
    out
}

impl Bucket {
    fn new(name: &str, at: Instant, origin: model::rows::Origin) -> Self {
        Self {
            location: StorageLocation {
                location_id: format!("s3:{name}"),
                platform_id: "s3".to_owned(),
                provider: Some("aws".to_owned()),
                region: None,
                account_ref: None,
                durability_class: None,
                multi_zone: None,
                replication_targets: Vec::new(),
                encryption_default: None,
                default_cipher: None,
                default_key_id: None,
                tls_min_enforced: None,
                plain_access_denied: None,
                public_access: None,
                immutability: None,
                versioning: None,
                expires_after_s: None,
                observed_at: at,
                origin,
            },
            expiry: BTreeMap::new(),
            targets: BTreeMap::new(),
            policy_public: None,
            acls_ignored: false,
            owner_enforced: false,
            public_restricted: false,
        }
    }

    fn set(&mut self, name: &str, value: &Map<String, Value>, fact: &Fact<'_, '_>, sink: &mut dyn Sink) {
        let row = &mut self.location;
        if let Some(constraint) = value.get("LocationConstraint") {
            // S3 API, GetBucketLocation: null is us-east-1, EU is eu-west-1.
            row.region = Some(match constraint.as_str() {
                None | Some("") => "us-east-1".to_owned(),
                Some("EU") => "eu-west-1".to_owned(),
                Some(region) => region.to_owned(),
            });
        }
        if let Some(region) = value.get("BucketRegion").and_then(Value::as_str) {
            row.region = Some(region.to_owned());
        }
        if let Some(config) = value.get("ServerSideEncryptionConfiguration") {
            let default = objects(config.get("Rules")).find_map(|r| r.get("ApplyServerSideEncryptionByDefault"));
            let text = |key: &str| default.and_then(|d| d.get(key)).and_then(Value::as_str).map(str::to_owned);
            row.default_cipher = text("SSEAlgorithm");
            row.default_key_id = text("KMSMasterKeyID");
            row.encryption_default = row.default_cipher.as_ref().map(|_| true);
        }
        let versioning = value.keys().all(|k| matches!(k.as_str(), "Status" | "MFADelete" | "Bucket"));
        if let Some(status) = value.get("Status").and_then(Value::as_str).filter(|_| versioning) {
            row.versioning = match status {
                "Enabled" => Some(true),
                "Suspended" => Some(false),
                _ => None,
            };
        }
        if let Some(config) = value.get("ObjectLockConfiguration") {
            let mode = config.pointer("/Rule/DefaultRetention/Mode").and_then(Value::as_str);
            row.immutability = match mode {
                Some("COMPLIANCE") => Some(Immutability::Compliance),
                Some("GOVERNANCE") => Some(Immutability::Governance),
                Some(_) => None,
                // Enabled without a rule: locks are possible, none is set by default.
                None => Some(Immutability::None),
            };
        }
        if let Some(text) = value.get("Policy").and_then(Value::as_str) {
            match policy::transport(text, name) {
                Some(transport) => {
                    row.plain_access_denied = Some(transport.plain_denied);
                    row.tls_min_enforced = transport.tls_min;
                }
                None => {
                    let place = format!("{}/Policy", fact.place.pointer);
                    let message = "the policy is not JSON; export it again";
                    sink.problem(problem(fact.place.document, Some(place), message));
                }
            }
        }
        if let Some(status) = value.get("PolicyStatus") {
            self.policy_public = status.get("IsPublic").and_then(Value::as_bool);
        }
        if let Some(block) = value.get("PublicAccessBlockConfiguration") {
            let on = |key: &str| block.get(key).and_then(Value::as_bool) == Some(true);
            self.acls_ignored = on("IgnorePublicAcls");
            self.public_restricted = on("RestrictPublicBuckets");
        }
        if let Some(controls) = value.get("OwnershipControls") {
            self.owner_enforced = objects(controls.get("Rules"))
                .any(|r| r.get("ObjectOwnership").and_then(Value::as_str) == Some("BucketOwnerEnforced"));
        }
        if let Some(rules) = value.get("Rules") {
            self.expiry.clear();
            for (prefix, rule) in enabled(rules) {
                let days = rule.get("Expiration").and_then(|e| e.get("Days")).and_then(Value::as_i64);
                let Some(seconds) = days.filter(|d| *d > 0).and_then(|d| d.checked_mul(86_400)) else { continue };
                let known = self.expiry.entry(prefix).or_insert(seconds);
                *known = seconds.min(*known);
            }
        }
        if let Some(config) = value.get("ReplicationConfiguration") {
            self.targets.clear();
            for (prefix, rule) in config.get("Rules").map(enabled).unwrap_or_default() {
                let arn = rule.get("Destination").and_then(|d| d.get("Bucket")).and_then(Value::as_str);
                let target = arn.and_then(|a| a.rsplit(':').next()).map(|b| format!("s3:{b}"));
                self.targets.entry(prefix).or_default().extend(target);
            }
        }
    }

    fn not_set(&mut self, code: &str) {
        match code {
            "ServerSideEncryptionConfigurationNotFoundError" => {
                self.location.encryption_default = Some(false);
                self.location.default_cipher = None;
                self.location.default_key_id = None;
            }
            "NoSuchBucketPolicy" => {
                self.location.plain_access_denied = Some(false);
                self.location.tls_min_enforced = None;
                self.policy_public = Some(false);
            }
            "NoSuchPublicAccessBlockConfiguration" => (self.acls_ignored, self.public_restricted) = (false, false),
            "OwnershipControlsNotFoundError" => self.owner_enforced = false,
            "ObjectLockConfigurationNotFoundError" => self.location.immutability = Some(Immutability::None),
            "NoSuchLifecycleConfiguration" => self.expiry.clear(),
            "ReplicationConfigurationNotFoundError" => self.targets.clear(),
            _ => {}
        }
    }

    /// What only several answers together tell. A bucket is public through its policy or through ACLs: closed where
    /// both are excluded, open where the policy is public and nothing restricts it.
    fn conclude(&mut self) {
        self.location.public_access =
            match (self.acls_ignored || self.owner_enforced, self.public_restricted, self.policy_public) {
                (true, true, _) | (true, false, Some(false)) => Some(false),
                (_, false, Some(true)) => Some(true),
                _ => None,
            };
        self.location.expires_after_s = self.expiry.get("").copied();
        self.location.replication_targets = self.targets.get("").cloned().unwrap_or_default();
        self.location.replication_targets.sort();
        self.location.replication_targets.dedup();
    }

    /// The bucket, and a location for each prefix that rules of its own apply to.
    pub(super) fn emit(self, sink: &mut dyn Sink) {
        let mut prefixes: Vec<&String> =
            self.expiry.keys().chain(self.targets.keys()).filter(|p| !p.is_empty()).collect();
        prefixes.sort();
        prefixes.dedup();
        for prefix in prefixes {
            let mut row = self.location.clone();
            row.location_id = format!("{}/{}", row.location_id, prefix.trim_end_matches('/'));
            row.origin.record_id = format!("{}/{prefix}", row.origin.record_id);
            let covering = |p: &String| prefix.starts_with(p.as_str());
            row.expires_after_s = self.expiry.iter().filter(|(p, _)| covering(p)).map(|(_, s)| *s).min();
            let targets = self.targets.iter().filter(|(p, _)| covering(p)).flat_map(|(_, t)| t.clone());
            row.replication_targets = targets.collect();
            row.replication_targets.sort();
            row.replication_targets.dedup();
            sink.row(Row::Storage(row));
        }
        sink.row(Row::Storage(self.location));
    }
}

/// Enabled rules with the prefix that they cover whole: rules limited by tag or object size are left out.
fn enabled(rules: &Value) -> Vec<(String, &Map<String, Value>)> {
    objects(Some(rules))
        .filter(|rule| rule.get("Status").and_then(Value::as_str) == Some("Enabled"))
        .filter_map(|rule| {
            let filter = rule.get("Filter").and_then(Value::as_object);
            let and = filter.and_then(|f| f.get("And")).and_then(Value::as_object);
            let limited = |f: &Map<String, Value>| f.keys().any(|k| !matches!(k.as_str(), "Prefix" | "And"));
            if filter.is_some_and(limited) || and.is_some_and(limited) {
                return None;
            }
            let prefix = and
                .and_then(|f| f.get("Prefix"))
                .or_else(|| filter.and_then(|f| f.get("Prefix")))
                .or_else(|| rule.get("Prefix"));
            Some((prefix.and_then(Value::as_str).unwrap_or_default().to_owned(), rule))
        })
        .collect()
}

fn objects(list: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}
