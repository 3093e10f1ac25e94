//! Amazon S3: how buckets are set up, and the backups in them.
//!
//! Reads what the AWS CLI (v1 and v2) prints: JSON of `aws s3api get-bucket-encryption`, `-versioning`,
//! `-replication`, `-lifecycle-configuration`, `-policy`, `-policy-status`, `-location`, `-logging`,
//! `-ownership-controls`, `get-object-lock-configuration`, `get-public-access-block`, `list-objects-v2`,
//! `list-object-versions` and `head-object`; text of `aws s3 ls` and of `aws s3 cp`, `mv` and `sync`.
//!
//! Most replies do not name their bucket. It is taken, in this order, from
//! 1. the command of a run record (`--bucket`, `s3://bucket/…`);
//! 2. the reply: `"Bucket": "name"` added to it, or around several (`{"Bucket": "name",
//!    "get-bucket-policy": {…}, "get-bucket-logging": "<error text>", …}`), `Name` of a list, the ARNs of a policy;
//! 3. the name of the file: `<bucket>.<call>.json` or `<bucket>/<call>.json`, where `<call>` is exactly the
//!    command's name (`get-bucket-policy`; `s3-ls` for `aws s3 ls --recursive`). Errors are kept alike:
//!    `<bucket>.<call>.stderr`.
//!
//! A setting is a fact only after a positive answer or the error code that means "not configured"
//! (`NoSuchBucketPolicy`, …; an empty answer for versioning); `AccessDenied` and all other errors leave it
//! undetermined.
//!
//! Keys that WAL-G, WAL-E, pgBackRest and Barman write are read as what they are: base backups, each with the object that
//! is written last, and a log archive, from which follow the restorable window, lost segments and pauses (see
//! [`crate::wal`]). Resource: `s3:<bucket>/<prefix>`, the prefix being the tool's own (`WALG_S3_PREFIX`), for pgBackRest and
//! Barman with the stanza or server behind it. Sentinels and timeline histories that lie in the folder as well tell times
//! and sizes that a list does not.
//!
//! What `collect` was answered by S3 itself ([`live`]) is read as it came over the wire, lists page by page ([`lists`]), and so
//! are reports of S3 Inventory ([`inventory`]).
//!
//! Every other object counts as a stored backup, so list buckets (or prefixes) that hold backups and nothing else.
//! Resource of an object: `s3:<bucket>/<prefix>`, the key up to its first run of four or more digits (a date, a time
//! or a sequence number), without separators at its end; the whole key where there is none.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::aws::{self, Wanted};
use crate::wal::{history, sentinel};
use crate::{Batch, Claim, Kind, Sink, fetch, record};

mod archives;
mod bucket;
pub mod files;
mod inventory;
mod lists;
mod live;
mod naming;
mod objects;
mod page;
mod policy;
mod transfers;

/// Registry entry.
pub const KIND: Kind = Kind {
    name: "s3",
    title: "Amazon S3",
    reads: "JSON that the AWS CLI prints for S3 buckets, the text of aws s3 ls, cp, mv and sync, and reports of S3 Inventory; without `path`, the buckets in `buckets` are asked",
    // Not `backup_runs`: uploads that were logged are runs, but what lists show are only those that left an object.
    tables: &["recovery_points", "pitr_status", "log_segments", "storage_locations"],
    claim,
    parse,
    live: Some(live::LIVE),
};

/// Data files of inventories may be Parquet.
fn claim(name: &str, head: &[u8]) -> Claim {
    if head.starts_with(b"PAR1") { Claim::Keep } else { fetch::claim_text(name, head) }
}

const WANTED: Wanted = Wanted {
    services: &["s3", "s3api"],
    operation: |name| {
        ["Bucket", "Object", "PublicAccessBlock", "MultipartUpload", "UploadPart"]
            .iter()
            .any(|part| name.contains(part))
    },
    shape,
    text: |text| {
        objects::is_listing(text)
            || transfers::is_log(text)
            || history::is_history(text)
            || sentinel::is_backup_info(text)
    },
};

fn shape(object: &Map<String, Value>) -> bool {
    let has = |key: &str| object.contains_key(key);
    let rules = object
        .get("Rules")
        .and_then(Value::as_array)
        .is_some_and(|rules| rules.iter().all(|r| r.get("Status").is_some()));
    let versioning = !object.is_empty()
        && object
            .iter()
            .all(|(k, v)| (k == "Status" && matches!(v.as_str(), Some("Enabled" | "Suspended"))) || k == "MFADelete");
    let wrapped = object.get("Bucket").is_some_and(Value::is_string)
        && (naming::CALLS.iter().any(|call| has(call)) || has("Status") || has("Rules"));
    bucket::KEYS.iter().any(|k| has(k))
        || sentinel::is_facts(object)
        || object.get("Policy").is_some_and(Value::is_string)
        || object.get("Contents").is_some_and(Value::is_array)
        || object.get("Versions").and_then(Value::as_array).is_some_and(|v| v.iter().all(|e| e.get("Key").is_some()))
        || has("DeleteMarkers")
        || (has("ETag") && has("ContentLength"))
        || rules
        || versioning
        || wrapped
}

fn parse(batch: &Batch<'_>, sink: &mut dyn Sink) {
    let (lists, rest) = lists::apart(batch.documents, sink);
    let others = lists::with(batch, &rest);
    let records = record::records(&others, sink);
    let mut answers = naming::apart(aws::sort(&others, &records, &WANTED, sink));
    let heads = lists::heads(batch, &mut answers, sink);
    let buckets = bucket::read(batch, &answers, sink);
    let versioned: BTreeMap<&str, bool> =
        buckets.iter().filter_map(|(name, b)| Some((name.as_str(), b.location.versioning?))).collect();
    let mut archives = archives::Archives::new(&answers);
    let mut objects = objects::read(batch, &answers, &versioned, &mut archives, sink);
    transfers::read(batch, &answers, &mut objects);
    objects.emit(sink);
    let inventories = bucket::inventories(&answers);
    let known = lists::Known { versioned: &versioned, heads: &heads, inventories: &inventories };
    lists.read(batch, &known, &mut archives, sink);
    archives.emit(batch, &answers, sink);
    for bucket in buckets.into_values() {
        bucket.emit(sink);
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
