//! Objects: `list-objects-v2`, `list-object-versions`, `head-object` and `aws s3 ls`.
//!
//! An object proves that something was stored, when (`LastModified`) and how large it is; a list does not tell how it
//! is encrypted. An object of zero bytes is no backup: its run is `partial`. A list is no log of runs: the run of an object
//! is inferred, and an attempt that stored nothing leaves no trace in it.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{BackupRun, Listing, Origin, RecoveryPoint, Row, RunStatus};
use model::time::{Instant, candidates, local_time, utc_text};

use super::archives::{Archives, Taker};
use super::naming;
use crate::aws::{Answers, Item, Place, zone_of};
use crate::{Batch, Sink, problem};

/// One version of one object.
#[derive(Debug)]
pub(super) struct Object {
    pub bucket: String,
    pub key: String,
    pub at: Option<Instant>,
    pub zone_unknown: bool,
    pub bytes: Option<u64>,
    pub current: Option<bool>,
    pub head: Head,
    /// Rank of the document it was read from: JSON before text.
    pub rank: u8,
    pub origin: Origin,
}

/// What no list tells, but `head-object` and inventories.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// False where it is told that the server does not encrypt it.
    pub encrypted: Option<bool>,
    pub cipher: Option<String>,
    pub key_id: Option<String>,
    pub locked_until: Option<Instant>,
    pub expires_at: Option<Instant>,
}

/// All objects of a batch by id, and what else is to be handed on.
#[derive(Debug, Default)]
pub(super) struct Objects {
    by_id: BTreeMap<String, Object>,
    listings: Vec<Listing>,
    /// Runs of transfers that no list shows.
    pub transfers: Vec<BackupRun>,
}

/// True for output of `aws s3 ls`.
pub(super) fn is_listing(text: &str) -> bool {
    text.lines().any(|line| ls_line(line).is_some())
}

/// Time, size (exact ones only) and key of a line of `aws s3 ls`.
fn ls_line(line: &str) -> Option<(&str, Option<u64>, &str)> {
    let time = line.get(..19).filter(|t| local_time(t).is_some())?;
    let rest = line.get(19..)?.trim_start();
    let (size, rest) = rest.split_once(' ')?;
    if let Ok(bytes) = size.parse() {
        return if ["Bytes", "Byte"].iter().any(|u| rest.starts_with(&format!("{u} "))) {
            Some((time, Some(bytes), rest.split_once(' ')?.1))
        } else {
            Some((time, Some(bytes), rest))
        };
    }
    // --human-readable rounds, so the size is not known.
    size.parse::<f64>().ok()?;
    let (unit, key) = rest.split_once(' ')?;
    unit.ends_with("iB").then_some((time, None, key))
}

/// Reads all objects; those of archives go to `archives`. `versioned` tells which buckets keep old versions: what a list
/// of current objects lacks may still be there.
pub(super) fn read<'a>(
    batch: &Batch<'_>,
    answers: &Answers<'a>,
    versioned: &BTreeMap<&str, bool>,
    archives: &mut Archives<'a>,
    sink: &mut dyn Sink,
) -> Objects {
    let mut out = Objects::default();
    for key in ["Contents", "Versions"] {
        for list in answers.lists(key) {
            let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            let mut found = None;
            for reply in &list {
                let items = Item::list(reply, key, sink);
                if items.is_empty() {
                    continue;
                }
                let Some(bucket) = naming::bucket(&reply.place, Some(&reply.value)) else {
                    unknown_bucket(&reply.place, sink);
                    continue;
                };
                let keeps_all = key == "Versions" || versioned.get(bucket.as_str()) == Some(&false);
                let taker = archives.reply(&bucket, reply, key, keeps_all);
                for (at, item) in items.iter().enumerate() {
                    if let Some((id, resource)) = out.listed(batch, *item, &bucket, (archives, taker, at), sink) {
                        ids.entry(resource).or_default().insert(id);
                    }
                }
                found = Some((bucket, keeps_all));
            }
            let (Some((_, keeps_all)), Some(first)) = (found, list.first()) else { continue };
            let place = &first.place;
            let complete = list.iter().all(|r| r.whole)
                && keeps_all
                && place.call.as_ref().is_some_and(|c| c.unfiltered(&["bucket"]));
            for (resource, ids) in ids {
                let at = place.at;
                let origin = place.origin(batch, format!("listing:{resource}:{at}"), &format!("/{key}"));
                let recovery_point_ids = ids.into_iter().collect();
                out.listings.push(Listing { resource, listed_at: at, recovery_point_ids, complete, origin });
            }
        }
    }
    for reply in answers.replies.iter().filter(|r| r.value.contains_key("ContentLength")) {
        match naming::bucket(&reply.place, Some(&reply.value)) {
            Some(bucket) => out.head(batch, Item::whole(reply), &bucket, sink),
            None => unknown_bucket(&reply.place, sink),
        }
    }
    for (place, text) in answers.texts.iter().filter(|(_, t)| is_listing(t)) {
        out.text(batch, place, text, archives, sink);
    }
    out
}

fn unknown_bucket(place: &Place<'_>, sink: &mut dyn Sink) {
    let message = "nothing tells which bucket these objects are in: name the file <bucket>.<call>.json \
         (acme.list-objects-v2.json), or keep a run record beside it";
    sink.problem(problem(place.document, place.spot(), message));
}

/// What `head-object` tells.
pub(super) fn head(batch: &Batch<'_>, item: Item<'_, '_>, sink: &mut dyn Sink) -> Head {
    // x-amz-expiration: expiry-date="Fri, 23 Dec 2012 00:00:00 GMT", rule-id="…"
    let expiry = item.text("Expiration").and_then(|e| e.split('"').nth(1));
    let cipher = item.owned("ServerSideEncryption").or_else(|| item.owned("SSECustomerAlgorithm"));
    Head {
        encrypted: cipher.as_ref().map(|_| true),
        cipher,
        key_id: item.owned("SSEKMSKeyId"),
        locked_until: item.time(batch, "ObjectLockRetainUntilDate", sink),
        expires_at: expiry.and_then(|e| chrono::DateTime::parse_from_rfc2822(e).ok()).map(|e| e.to_utc()),
    }
}

impl Objects {
    /// True where an object of this key was read.
    pub(super) fn has(&self, bucket: &str, key: &str) -> bool {
        // Ids are `bucket/key@time`, or `bucket/key` where no time was told.
        let start = format!("{bucket}/{key}@");
        self.by_id.contains_key(start.trim_end_matches('@'))
            || self.by_id.range(start.clone()..).next().is_some_and(|(id, _)| id.starts_with(&start))
    }

    fn take(&mut self, id: &str, object: Object) {
        match self.by_id.get_mut(id) {
            Some(known) => {
                let better = (object.rank, &object.origin.evidence) < (known.rank, &known.origin.evidence);
                known.current = known.current.or(object.current);
                known.bytes = known.bytes.or(object.bytes);
                if better {
                    let head = known.head.clone();
                    let (current, bytes) = (known.current, known.bytes);
                    *known = Object { head, current, bytes: object.bytes.or(bytes), ..object };
                }
            }
            None => {
                self.by_id.insert(id.to_owned(), object);
            }
        }
    }

    fn listed(
        &mut self,
        batch: &Batch<'_>,
        item: Item<'_, '_>,
        bucket: &str,
        (archives, taker, place): (&mut Archives<'_>, Taker, usize),
        sink: &mut dyn Sink,
    ) -> Option<(String, String)> {
        let Some(key) = item.text("Key") else {
            item.fault("Key", "missing, so the object can't be named; export without --query", sink);
            return None;
        };
        if key.ends_with('/') {
            // The placeholder of a folder.
            return None;
        }
        let at = item.time(batch, "LastModified", sink);
        let bytes = item.number("Size", sink);
        let current = item.flag("IsLatest");
        if archives.key(taker, place, key, (bytes, at), current != Some(false)) {
            return None;
        }
        let id = id(bucket, key, at);
        let object = Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            at,
            zone_unknown: false,
            bytes,
            current,
            head: Head::default(),
            rank: 0,
            origin: item.origin(batch, id.clone()),
        };
        self.take(&id, object);
        Some((id, naming::resource(bucket, key)))
    }

    fn head(&mut self, batch: &Batch<'_>, item: Item<'_, '_>, bucket: &str, sink: &mut dyn Sink) {
        let Some(key) = item.place().option("key").or_else(|| item.text("Key")) else {
            let message = "nothing tells which object this is about: keep a run record beside it, or add \"Key\"";
            item.fault("Key", message, sink);
            return;
        };
        let at = item.time(batch, "LastModified", sink);
        let head = self::head(batch, item, sink);
        let id = id(bucket, key, at);
        let object = Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            at,
            zone_unknown: false,
            bytes: item.number("ContentLength", sink),
            current: None,
            head: head.clone(),
            rank: 1,
            origin: item.origin(batch, id.clone()),
        };
        self.take(&id, object);
        if let Some(known) = self.by_id.get_mut(&id) {
            known.head = head;
        }
    }

    /// Output of `aws s3 ls`: local time of the machine, in seconds.
    fn text<'a>(
        &mut self,
        batch: &Batch<'_>,
        place: &Place<'a>,
        text: &str,
        archives: &mut Archives<'a>,
        sink: &mut dyn Sink,
    ) {
        let Some(bucket) = naming::bucket(place, None) else { return unknown_bucket(place, sink) };
        let taker = archives.text(&bucket, place, text);
        let zone = zone_of(batch, place);
        // Without --recursive, keys are relative to the folder that was asked for.
        let asked = place.call.as_ref().and_then(|c| c.words.iter().find_map(|w| w.strip_prefix("s3://")));
        let recursive = place.call.as_ref().is_none_or(|c| c.options.contains_key("recursive"));
        let folder = asked
            .filter(|_| !recursive)
            .and_then(|a| a.split_once('/'))
            .and_then(|(_, prefix)| prefix.rfind('/').and_then(|end| prefix.get(..=end)))
            .unwrap_or_default();
        let mut unplaced = false;
        for (number, line) in text.lines().enumerate() {
            let Some((time, bytes, name)) = ls_line(line) else { continue };
            let key = format!("{folder}{name}");
            if key.ends_with('/') {
                continue;
            }
            let Some(local) = local_time(time) else { continue };
            let instants = zone.map(|z| candidates(local, z)).unwrap_or_default();
            let known = instants.iter().find(|at| self.by_id.contains_key(&id(&bucket, &key, Some(**at))));
            // In the hour that repeats, only another document can tell which of the two it was.
            let at = known.copied().or_else(|| instants.first().copied().filter(|_| instants.len() == 1));
            unplaced |= at.is_none();
            if archives.key(taker, number + 1, &key, (bytes, at), true) {
                continue;
            }
            let id = at.map_or_else(|| format!("{bucket}/{key}@{time}"), |at| self::id(&bucket, &key, Some(at)));
            let origin = batch.origin(place.document, id.clone(), format!("line:{}", number + 1));
            let object = Object {
                bucket: bucket.clone(),
                key,
                at,
                zone_unknown: at.is_none(),
                bytes,
                current: None,
                head: Head::default(),
                rank: 2,
                origin,
            };
            self.take(&id, object);
        }
        if unplaced && zone.is_none() {
            let message = "local times without a zone: set `timezone` of this source, or keep a run record beside it";
            sink.problem(problem(place.document, place.spot(), message));
        }
    }

    /// Hands on all rows.
    pub(super) fn emit(self, sink: &mut dyn Sink) {
        for (id, object) in self.by_id {
            object.emit(id, sink);
        }
        for run in self.transfers {
            sink.row(Row::Run(run));
        }
        for listing in self.listings {
            sink.row(Row::Listing(listing));
        }
    }
}

impl Object {
    /// Hands on a run and a recovery point.
    pub(super) fn emit(self, id: String, sink: &mut dyn Sink) {
        let resource = naming::resource(&self.bucket, &self.key);
        let location = format!("s3:{}", self.bucket);
        let (status, detail) = match self.bytes {
            Some(0) => (RunStatus::Partial, Some("zero bytes: nothing to restore from".to_owned())),
            _ => (RunStatus::Success, None),
        };
        let mut run = BackupRun::new(self.origin.clone(), id.clone(), status, "object present");
        run.resource = Some(resource.clone());
        run.inferred = true;
        run.ended_at = self.at;
        run.status_detail = detail;
        run.bytes = self.bytes;
        run.zone_unknown = self.zone_unknown;
        run.location_id = Some(location.clone());
        let mut origin = self.origin;
        origin.record_id = format!("object:{id}");
        let mut point = RecoveryPoint::new(origin, id.clone());
        point.resource = Some(resource);
        point.run_id = Some(id);
        point.created_at = self.at;
        point.expires_at = self.head.expires_at;
        point.location_id = Some(location);
        point.bytes = self.bytes;
        point.encrypted = self.head.encrypted;
        point.cipher = self.head.cipher;
        point.key_id = self.head.key_id;
        point.immutable_until = self.head.locked_until;
        point.complete = (self.bytes == Some(0)).then_some(false);
        point.zone_unknown = self.zone_unknown;
        sink.row(Row::Run(run));
        sink.row(Row::RecoveryPoint(point));
    }
}

/// Id of a version: bucket, key and when it was stored, which every kind of list tells alike.
pub(super) fn id(bucket: &str, key: &str, at: Option<Instant>) -> String {
    at.map_or_else(|| format!("{bucket}/{key}"), |at| format!("{bucket}/{key}@{}", utc_text(at)))
}
