//! Asks S3, or any server that speaks its protocol: how buckets are set up, and what lies in them.
//!
//! Of each bucket: where it is (`HeadBucket`), each of its settings, and its objects, a thousand a page, each page an
//! object of the store as it came. Of contents only what WAL-G and WAL-E say about their base backups is read, below
//! 1 MiB each, and of single objects only the heads of the newest of a few resources (encryption, lock). A bucket that
//! an inventory lists is not listed again.

use std::collections::{BTreeMap, BTreeSet};

use model::evidence::Covers;
use model::workspace::{Key, Takes};

use crate::aws::session::{self, Scope};
use crate::net::{Halt, Live, Order, Trail};

mod bucket;
mod inventory;
mod list;
mod objects;

pub(super) use bucket::{Place, open};
pub(super) use list::{Asked, list};
pub(super) use objects::unchanged;

const BUCKETS: Key = Key {
    name: "buckets",
    takes: Takes::List,
    says: "Buckets to ask about, as \"bucket\" or \"bucket/prefix\"; every object listed counts as a backup, or as a part of an archive of WAL-G, WAL-E, pgBackRest or Barman.",
};
const PREFIXES: Key = Key {
    name: "prefixes",
    takes: Takes::List,
    says: "Prefixes to list of buckets that are given without one; default: all of each bucket.",
};
const INVENTORY: Key = Key {
    name: "inventory",
    takes: Takes::List,
    says: "Folders of S3 Inventory to read in place of listing their buckets, as \"bucket/prefix/source-bucket/configuration\".",
};
const VERSIONS: Key = Key {
    name: "versions",
    takes: Takes::Flag,
    says: "List all versions of objects, not only the current ones; default false.",
};
const HEADS: Key = Key {
    name: "heads",
    takes: Takes::Flag,
    says: "Read heads of the newest objects, and what WAL-G and WAL-E say about base backups, which takes s3:GetObject; default true.",
};
/// Account that owns the buckets.
pub(super) const OWNER: Key = Key {
    name: "owner",
    takes: Takes::Text,
    says: "Account (12 digits) that must own the buckets; default: the account that asks, where it is known.",
};

/// See [`Live::rights`].
const RIGHTS: &str = r#"This policy for each bucket. `s3:GetObject` is for the small records that WAL-G and WAL-E leave beside their backups (and for
`path = "s3://…"` and inventories, on their own prefixes); backups themselves are never read:

```json
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Settings",
      "Effect": "Allow",
      "Action": [
        "s3:GetBucketLogging",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPolicyStatus",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketVersioning",
        "s3:GetEncryptionConfiguration",
        "s3:GetInventoryConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
        "s3:ListBucket",
        "s3:ListBucketVersions"
      ],
      "Resource": "arn:aws:s3:::acme-backups"
    },
    {
      "Sid": "Sentinels",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": [
        "arn:aws:s3:::acme-backups/*_backup_stop_sentinel.json",
        "arn:aws:s3:::acme-backups/*/metadata.json"
      ]
    }
  ]
}
```
"#;

/// Registry entry.
pub(super) const LIVE: Live = Live {
    keys: &[
        BUCKETS,
        PREFIXES,
        INVENTORY,
        VERSIONS,
        HEADS,
        OWNER,
        session::REGION,
        session::PROFILE,
        session::ROLE_ARN,
        session::EXTERNAL_ID,
        session::URL,
    ],
    rights: RIGHTS,
    fetch: |order, trail| Box::pin(fetch(order, trail)),
};

/// Opens the one session of a source, with the account that must own its buckets.
///
/// # Errors
/// [`Halt::Over`] where there is none; the problem is told.
pub(super) async fn session(order: &Order, trail: &mut Trail) -> Result<(Scope, Option<String>), Halt> {
    let declared = order.source.declared_in.as_str();
    if order.source.list("role_arn").len() > 1 {
        trail.problem(declared, "several roles: buckets belong to one account, so make a source for each role");
        return Err(Halt::Over);
    }
    let scopes = session::open(order, trail).await?;
    let Some(scope) = scopes.into_iter().next() else { return Err(Halt::Over) };
    let owner = order.source.text("owner").map(str::to_owned);
    if let Some(bad) = owner.as_deref().filter(|o| o.len() != 12 || !o.bytes().all(|b| b.is_ascii_digit())) {
        trail.problem(declared, format!("`owner`: \"{bad}\" is no account of 12 digits"));
        return Err(Halt::Over);
    }
    let owner = owner.or_else(|| scope.account.clone());
    Ok((scope, owner))
}

async fn fetch(order: &Order, trail: &mut Trail) -> Result<(), Halt> {
    if order.source.list("buckets").is_empty() && order.source.list("inventory").is_empty() {
        let message = "nothing is named: set `buckets` to those that hold backups, or `inventory`";
        trail.problem(&order.source.declared_in, message);
        return Err(Halt::Over);
    }
    let (scope, owner) = session(order, trail).await?;
    all(order, &scope, owner, trail).await
}

/// Asks everything of one account.
async fn all(order: &Order, scope: &Scope, owner: Option<String>, trail: &mut Trail) -> Result<(), Halt> {
    let wanted = wanted(order);
    let inventories = order.source.list("inventory");
    let versions = order.source.flag("versions").unwrap_or(false);
    let heads = order.source.flag("heads").unwrap_or(true);
    trail.query(query(&wanted, inventories, versions, heads));

    // Which bucket an inventory is of, its manifest tells.
    let mut listed: BTreeMap<String, Vec<inventory::Taken>> = BTreeMap::new();
    for folder in inventories {
        if let Some(taken) = inventory::read(trail, scope, folder).await? {
            listed.entry(taken.source.clone()).or_default().push(taken);
        }
    }
    let buckets: BTreeSet<&String> = wanted.keys().chain(listed.keys()).collect();
    for bucket in buckets {
        let Some(place) = bucket::open(trail, scope, bucket, owner.clone()).await? else { continue };
        bucket::settings(trail, &place).await?;
        if let Some(taken) = listed.get(bucket) {
            for one in taken {
                inventory::configuration(trail, &place, one).await?;
            }
            continue;
        }
        for prefix in wanted.get(bucket).into_iter().flatten() {
            one(trail, &place, prefix, versions, heads).await?;
        }
    }
    Ok(())
}

/// Lists one prefix of one bucket.
async fn one(trail: &mut Trail, place: &Place, prefix: &str, versions: bool, heads: bool) -> Result<(), Halt> {
    let from = trail.now();
    let mut picks = objects::Picks::new(&place.bucket);
    let asked = Asked { prefix, versions, folders: false, keep: true, tell: true };
    let whole = list(trail, place, asked, &mut |page| page.entries.iter().for_each(|e| picks.take(e))).await?;
    if whole {
        // That it is there now is all that a list proves: not that nothing was deleted before.
        let listed = vec![format!("s3:{}/{prefix}", place.bucket)];
        trail.covers(Covers::of(listed, &["recovery_points"], from, Some(trail.now())));
    }
    if heads { picks.ask(trail, place).await } else { Ok(()) }
}

/// Prefixes to list by bucket, none of them inside of another.
fn wanted(order: &Order) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for given in order.source.list("buckets") {
        let (bucket, prefix) = split(given);
        let prefixes = out.entry(bucket.to_owned()).or_default();
        let general = order.source.list("prefixes");
        match prefix {
            "" if general.is_empty() => {
                prefixes.insert(String::new());
            }
            "" => prefixes.extend(general.iter().cloned()),
            prefix => {
                prefixes.insert(prefix.to_owned());
            }
        }
    }
    for prefixes in out.values_mut() {
        let all = prefixes.clone();
        prefixes.retain(|p| !all.iter().any(|other| other != p && p.starts_with(other.as_str())));
    }
    out
}

/// Bucket and prefix of `bucket/prefix`, with or without `s3://`.
pub(super) fn split(given: &str) -> (&str, &str) {
    let given = given.strip_prefix("s3://").unwrap_or(given);
    given.split_once('/').unwrap_or((given, ""))
}

fn query(wanted: &BTreeMap<String, BTreeSet<String>>, inventories: &[String], versions: bool, heads: bool) -> String {
    let of = |(bucket, prefixes): (&String, &BTreeSet<String>)| -> Vec<String> {
        prefixes.iter().map(|prefix| format!("s3://{bucket}/{prefix}")).collect()
    };
    let mut parts: Vec<String> = wanted.iter().flat_map(of).collect();
    parts.extend(inventories.iter().map(|i| format!("inventory in s3://{i}")));
    let what = if versions { "all versions of objects" } else { "current objects" };
    let heads = if heads { ", heads of the newest" } else { "" };
    format!("settings and {what}{heads}: {}", parts.join(", "))
}

#[cfg(test)]
mod tests;
