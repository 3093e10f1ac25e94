//! Lists that `collect` was given by S3 itself, and inventories: page by page and entry by entry, so that memory grows by
//! a few bytes with each key. A page is read, its entries become rows, and it is forgotten.
//!
//! A list proves what is there. It proves that something is gone only where it is whole, its keys come once each and in
//! order, and no older versions are kept, or are listed too. An inventory never does: S3 may leave out what was stored or
//! deleted shortly before ("Amazon S3 Inventory consistency"). So may a list whose ids would take more than
//! [`IDS`] for one resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::rows::{Listing, Row};
use model::time::Instant;

use super::archives::Archives;
use super::inventory::{self, Inventory};
use super::naming;
use super::objects::{self, Head, Object};
use super::page::{self, Among, Entry, Order};
use crate::aws::question::{self, Part};
use crate::aws::{Answers, Item};
use crate::wal::recognise::recognise;
use crate::{Batch, Document, Sink, problem};

/// Most memory for the ids of one resource: 128 MiB.
const IDS: usize = 128 << 20;

/// The lists of a batch, apart from everything else.
#[derive(Debug, Default)]
pub(super) struct Lists {
    live: Vec<Live>,
    inventories: Vec<Inventory>,
}

/// One list that was asked for.
#[derive(Debug)]
struct Live {
    series: String,
    bucket: String,
    prefix: String,
    versions: bool,
    /// Pages by number.
    pages: BTreeMap<usize, Document>,
}

/// What other answers tell of the objects in lists.
pub(super) struct Known<'k> {
    /// Buckets that keep old versions, and those that do not.
    pub versioned: &'k BTreeMap<&'k str, bool>,
    /// What `head-object` told, by id.
    pub heads: &'k BTreeMap<String, Head>,
    /// Prefix that an inventory is limited to, by bucket and name of its configuration.
    pub inventories: &'k BTreeMap<(String, String), String>,
}

/// Takes the lists out of these documents; the rest is answered as well.
pub(super) fn apart(documents: &[Document], sink: &mut dyn Sink) -> (Lists, Vec<Document>) {
    let mut out = Lists { inventories: inventory::find(documents, sink), ..Lists::default() };
    let mut rest = Vec::new();
    for document in documents {
        if !out.take(document) && !out.inventories.iter().any(|i| i.holds(document)) {
            rest.push(document.clone());
        }
    }
    (out, rest)
}

/// Takes what `head-object` told out of the answers: lists show the same objects.
pub(super) fn heads(batch: &Batch<'_>, answers: &mut Answers<'_>, sink: &mut dyn Sink) -> BTreeMap<String, Head> {
    let mut out = BTreeMap::new();
    // A list that came in answer to another question is none.
    let of_list =
        |v: &serde_json::Map<String, serde_json::Value>| v.contains_key("Contents") || v.contains_key("Versions");
    answers.replies.retain(|r| !r.place.wire || !of_list(&r.value));
    answers.replies.retain_mut(|reply| {
        if !reply.place.wire || !reply.value.contains_key("ContentLength") {
            return true;
        }
        let (Some(bucket), Some(key)) = (reply.place.option("bucket"), reply.place.option("key")) else {
            // The head of a bucket is not that of an object without a name.
            reply.value.remove("ContentLength");
            return true;
        };
        let item = Item::whole(reply);
        let at = item.time(batch, "LastModified", sink);
        out.insert(objects::id(bucket, key, at), objects::head(batch, item, sink));
        false
    });
    out
}

impl Lists {
    /// Takes a page of a list.
    fn take(&mut self, document: &Document) -> bool {
        let Some(told) = question::told(document.name()) else { return false };
        let Part::Page(number) = told.part else { return false };
        let versions = match told.call.operation.as_str() {
            "list-objects-v2" => false,
            "list-object-versions" => true,
            _ => return false,
        };
        let Some(bucket) = told.call.options.get("bucket").cloned() else { return false };
        let at = self.live.iter().position(|l| l.series == told.series).unwrap_or_else(|| {
            let prefix = told.call.options.get("prefix").cloned().unwrap_or_default();
            self.live.push(Live { series: told.series, bucket, prefix, versions, pages: BTreeMap::new() });
            self.live.len() - 1
        });
        self.live[at].pages.insert(number, document.clone());
        true
    }

    /// Hands on the rows of all objects; those of archives go to `archives`.
    pub(super) fn read<'a>(
        &'a self,
        batch: &Batch<'_>,
        known: &Known<'_>,
        archives: &mut Archives<'a>,
        sink: &mut dyn Sink,
    ) {
        for list in &self.live {
            list.read(batch, known, archives, sink);
        }
        for inventory in &self.inventories {
            inventory.read(batch, known, archives, sink);
        }
    }
}

/// Hands on the rows of an entry that belongs to no archive.
pub(super) fn plain(
    batch: &Batch<'_>,
    document: &Document,
    (bucket, entry, pointer): (&str, Entry, String),
    heads: &BTreeMap<String, Head>,
    sink: &mut dyn Sink,
) {
    let id = objects::id(bucket, &entry.key, entry.modified);
    let head = heads.get(&id).cloned().unwrap_or(entry.head);
    let object = Object {
        bucket: bucket.to_owned(),
        key: entry.key,
        at: entry.modified,
        zone_unknown: false,
        bytes: entry.size,
        current: entry.latest,
        head,
        rank: 0,
        origin: batch.origin(document, id.clone(), pointer),
    };
    object.emit(id, sink);
}

impl Live {
    /// When it was asked: its last page was answered then.
    fn at(&self, batch: &Batch<'_>) -> Instant {
        self.pages.values().filter_map(Document::modified_at).max().unwrap_or(batch.collected_at)
    }

    fn read<'a>(&'a self, batch: &Batch<'_>, known: &Known<'_>, archives: &mut Archives<'a>, sink: &mut dyn Sink) {
        let listing = archives.list(&self.bucket, Some(self.prefix.clone()), self.at(batch));
        let among = if self.versions { Among::Versions } else { Among::Contents };
        let mut order = Order::default();
        let mut linked = true;
        let mut more = true;
        for (expected, (number, document)) in (1..).zip(&self.pages) {
            linked &= expected == *number && more;
            let page = match document.bytes().map_err(|e| e.to_string()).and_then(|bytes| page::read(&bytes)) {
                Ok(page) => page,
                Err(why) => {
                    linked = false;
                    sink.problem(problem(document, None, format!("unreadable list: {why}; collect again")));
                    continue;
                }
            };
            // What contradicts was told when it was collected.
            linked &= page.contradictions(&self.bucket, &self.prefix).is_empty();
            more = page.follows().is_some();
            for (place, why) in page.faults {
                sink.problem(problem(document, Some(place), why));
            }
            let taker = archives.next(listing, document, among.pointer());
            for entry in page.entries {
                // An entry that came before is no second object.
                if !order.take(&entry) || entry.is_folder() || entry.among == Among::DeleteMarkers {
                    continue;
                }
                let current = entry.latest != Some(false);
                if archives.key(taker, entry.at, &entry.key, (entry.size, entry.modified), current) {
                    continue;
                }
                let pointer = entry.pointer();
                plain(batch, document, (&self.bucket, entry, pointer), known.heads, sink);
            }
        }
        let whole = linked && !more && order.repeated == 0;
        if let (false, Some(last)) = (whole, self.pages.values().last()) {
            let message = "the list is not here to its end, or its pages do not follow one another: collect again";
            sink.problem(problem(last, None, message));
        }
        let keeps_all = self.versions || known.versioned.get(self.bucket.as_str()) == Some(&false);
        archives.end(listing, whole, keeps_all);
        if whole && keeps_all && order.sound() {
            self.listings(batch, sink);
        }
    }

    /// One row for each resource, with everything that is there of it. Keys of one resource share a beginning and come
    /// in order, so no more is kept than the resources that the current key may belong to.
    fn listings(&self, batch: &Batch<'_>, sink: &mut dyn Sink) {
        let at = self.at(batch);
        let mut open: Vec<Gathered> = Vec::new();
        for document in self.pages.values() {
            // It could be read a moment ago.
            let Ok(page) = document.bytes().map_err(|e| e.to_string()).and_then(|bytes| page::read(&bytes)) else {
                return;
            };
            for entry in page.entries {
                if entry.is_folder() || entry.among == Among::DeleteMarkers || recognise(&entry.key).is_some() {
                    continue;
                }
                open.retain_mut(|g| {
                    let goes_on = entry.key.starts_with(&g.beginning);
                    if !goes_on {
                        g.emit(batch, at, sink);
                    }
                    goes_on
                });
                let resource = naming::resource(&self.bucket, &entry.key);
                let beginning = naming::beginning(&self.bucket, &resource);
                // Of a resource that reaches beyond what was asked for, not everything is here.
                if !beginning.starts_with(&self.prefix) {
                    continue;
                }
                let id = objects::id(&self.bucket, &entry.key, entry.modified);
                match open.iter_mut().find(|g| g.resource == resource) {
                    Some(gathered) => gathered.take(id),
                    None => {
                        let beginning = beginning.to_owned();
                        let mut gathered = Gathered {
                            resource,
                            beginning,
                            document: document.clone(),
                            ids: Some(Vec::new()),
                            bytes: 0,
                        };
                        gathered.take(id);
                        open.push(gathered);
                    }
                }
            }
        }
        open.iter_mut().for_each(|g| g.emit(batch, at, sink));
    }
}

/// The ids of one resource; `None` where they take too much memory.
struct Gathered {
    resource: String,
    beginning: String,
    document: Document,
    ids: Option<Vec<String>>,
    bytes: usize,
}

impl Gathered {
    fn take(&mut self, id: String) {
        let Some(ids) = &mut self.ids else { return };
        self.bytes += id.len() + 40;
        if self.bytes > IDS {
            self.ids = None;
        } else {
            ids.push(id);
        }
    }

    fn emit(&mut self, batch: &Batch<'_>, at: Instant, sink: &mut dyn Sink) {
        let Some(mut recovery_point_ids) = self.ids.take() else { return };
        recovery_point_ids.sort_unstable();
        let record = format!("listing:{}:{at}", self.resource);
        let origin = batch.origin(&self.document, record, "");
        let resource = std::mem::take(&mut self.resource);
        sink.row(Row::Listing(Listing { resource, listed_at: at, recovery_point_ids, complete: true, origin }));
    }
}

/// The same batch with other documents.
pub(super) fn with<'d>(batch: &Batch<'_>, documents: &'d [Document]) -> Batch<'d> {
    Batch {
        source_id: Arc::clone(&batch.source_id),
        kind: Arc::clone(&batch.kind),
        timezone: batch.timezone,
        collected_at: batch.collected_at,
        documents,
    }
}
