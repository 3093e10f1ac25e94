//! Archives of WAL-G, WAL-E, pgBackRest and Barman in listed buckets: their keys are base backups and logs, not one
//! stored backup each.
//!
//! Pages of one list, in documents of their own, are put together where run records show that they follow one another.
//! Content of sentinels (`base_…_backup_stop_sentinel.json`, `metadata.json`, Barman's `backup.info`) and of timeline
//! histories (`00000002.history`) is used where such files lie in the folder as well; they are matched by name, and by the part
//! of the path that they share with the archive where two archives have a base backup of the same name.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::Origin;
use model::time::Instant;
use serde_json::Value;

use super::naming;
use crate::aws::{Answers, Place, Reply};
use crate::wal::archive::Spot;
use crate::wal::history::{self, Ancestor};
use crate::wal::layout::Listing;
use crate::wal::recognise::recognise;
use crate::wal::rows::{Context, emit};
use crate::wal::sentinel::{self, Facts};
use crate::{Batch, Document, Sink, problem};

/// Options of a list call that leave nothing out of what `--prefix` asks for.
const HARMLESS: &[&str] = &[
    "bucket",
    "prefix",
    "starting-token",
    "continuation-token",
    "key-marker",
    "marker",
    "max-keys",
    "no-paginate",
    "fetch-owner",
    "encoding-type",
    "from-wrapper",
];

/// Options by which a call goes on where another ended.
const CONTINUES: &[&str] = &["starting-token", "continuation-token", "key-marker", "marker"];

/// A document of a listing, and the pointer to its entries.
struct Page<'a> {
    document: &'a Document,
    pointer: Pointer,
}

enum Pointer {
    /// Entry `n` stands at this prefix and `n`.
    Entry(String),
    /// The document holds several values: only the line can be named.
    Whole(String),
}

/// Listings of one bucket under way.
struct Open {
    bucket: String,
    listing: Listing,
    /// Part of a list of several pages.
    paged: Option<Pages>,
}

#[derive(Default)]
struct Pages {
    first: usize,
    last: usize,
    broken: bool,
}

/// Archives in the buckets of a batch.
pub(super) struct Archives<'a> {
    pages: Vec<Page<'a>>,
    open: Vec<Open>,
    tokens: BTreeSet<String>,
}

/// A listing that takes keys: its number and the page that they stand on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taker {
    listing: usize,
    page: u32,
}

impl<'a> Archives<'a> {
    pub(super) fn new(answers: &Answers<'a>) -> Self {
        let calls = answers.replies.iter().filter_map(|r| r.place.call.as_ref());
        let tokens = calls.flat_map(|c| CONTINUES.iter().filter_map(|o| c.options.get(*o).cloned())).collect();
        Self { pages: Vec::new(), open: Vec::new(), tokens }
    }

    fn page(&mut self, document: &'a Document, pointer: Pointer) -> u32 {
        self.pages.push(Page { document, pointer });
        u32::try_from(self.pages.len() - 1).unwrap_or(u32::MAX)
    }

    /// A JSON list whose entries stand under `key`. `keeps_all` tells that what it lacks is gone for good.
    pub(super) fn reply(&mut self, bucket: &str, reply: &Reply<'a>, key: &str, keeps_all: bool) -> Taker {
        let place = &reply.place;
        let pointer = match place.pointer.starts_with("line:") {
            true => Pointer::Whole(place.pointer.clone()),
            false => Pointer::Entry(format!("{}/{key}/", place.pointer)),
        };
        let page = self.page(place.document, pointer);
        let call = place.call.as_ref();
        let asked = call.and_then(|c| c.options.get("prefix").cloned());
        let told = reply.value.get("Prefix").and_then(Value::as_str).map(str::to_owned);
        let whole_bucket = call.is_some_and(|c| !c.options.contains_key("from-wrapper")).then(String::new);
        let scope = told.or(asked).or(whole_bucket);
        let unfiltered = call.is_none_or(|c| c.unfiltered(HARMLESS));
        let goes_on = call.is_some_and(|c| CONTINUES.iter().any(|o| c.options.contains_key(*o)));
        let token = ["NextToken", "NextContinuationToken", "NextKeyMarker", "NextMarker"]
            .iter()
            .find_map(|k| reply.value.get(*k).and_then(Value::as_str));
        let cut = token.is_some() || reply.value.get("IsTruncated").and_then(Value::as_bool) == Some(true);
        if !goes_on && !cut {
            let mut listing = Listing::new(place.at, scope);
            listing.whole = reply.whole && unfiltered;
            listing.final_absence = keeps_all && listing.whole && call.is_some_and(|c| c.unfiltered(HARMLESS));
            self.open.push(Open { bucket: bucket.to_owned(), listing, paged: None });
            return Taker { listing: self.open.len() - 1, page };
        }
        let same = |o: &Open| o.paged.is_some() && o.bucket == bucket && o.listing.scope == scope;
        let at = self.open.iter().position(same).unwrap_or_else(|| {
            let listing = Listing::new(place.at, scope.clone());
            self.open.push(Open { bucket: bucket.to_owned(), listing, paged: Some(Pages::default()) });
            self.open.len() - 1
        });
        let continued = token.is_some_and(|t| self.tokens.contains(t));
        if let Some(Open { listing, paged: Some(pages), .. }) = self.open.get_mut(at) {
            pages.first += usize::from(!goes_on);
            pages.last += usize::from(!cut);
            pages.broken |= (cut && !continued) || !unfiltered || (!cut && !reply.whole) || !ended_well(place);
            listing.at = listing.at.max(place.at);
            listing.whole = pages.first == 1 && pages.last == 1 && !pages.broken;
            listing.final_absence = listing.whole && keeps_all;
        }
        Taker { listing: at, page }
    }

    /// Output of `aws s3 ls`.
    pub(super) fn text(&mut self, bucket: &str, place: &Place<'a>, text: &str) -> Taker {
        let page = self.page(place.document, Pointer::Entry("line:".to_owned()));
        let asked = place.call.as_ref().and_then(|c| c.words.iter().find_map(|w| w.strip_prefix("s3://")));
        let scope = asked.map(|a| a.split_once('/').map_or(String::new(), |(_, prefix)| prefix.to_owned()));
        let mut listing = Listing::new(place.at, scope);
        listing.whole = ended_well(place) && text.ends_with('\n');
        self.open.push(Open { bucket: bucket.to_owned(), listing, paged: None });
        Taker { listing: self.open.len() - 1, page }
    }

    /// A list whose pages follow one another in one place: a live one, or an inventory.
    pub(super) fn list(&mut self, bucket: &str, scope: Option<String>, at: Instant) -> usize {
        self.open.push(Open { bucket: bucket.to_owned(), listing: Listing::new(at, scope), paged: None });
        self.open.len() - 1
    }

    /// Its next page; entry `n` stands at `pointer` and `n`.
    pub(super) fn next(&mut self, listing: usize, document: &'a Document, pointer: &str) -> Taker {
        let page = self.page(document, Pointer::Entry(pointer.to_owned()));
        Taker { listing, page }
    }

    /// Its end: everything is in it, and what it lacks is gone for good.
    pub(super) fn end(&mut self, listing: usize, whole: bool, final_absence: bool) {
        if let Some(open) = self.open.get_mut(listing) {
            (open.listing.whole, open.listing.final_absence) = (whole, whole && final_absence);
        }
    }

    /// Takes a key; false where it belongs to no archive. An old version is no file of the archive any more.
    pub(super) fn key(
        &mut self,
        taker: Taker,
        item: usize,
        key: &str,
        (size, at): (Option<u64>, Option<Instant>),
        current: bool,
    ) -> bool {
        if !current {
            return recognise(key).is_some();
        }
        let spot = Spot { page: taker.page, item: u32::try_from(item).unwrap_or(u32::MAX) };
        self.open.get_mut(taker.listing).is_some_and(|o| o.listing.key(key, size, at, spot))
    }

    fn origin(&self, batch: &Batch<'_>, spot: Spot, record_id: String) -> Option<Origin> {
        let page = self.pages.get(usize::try_from(spot.page).ok()?)?;
        let pointer = match &page.pointer {
            Pointer::Entry(prefix) => format!("{prefix}{}", spot.item),
            Pointer::Whole(pointer) => pointer.clone(),
        };
        Some(batch.origin(page.document, record_id, pointer))
    }

    /// Hands on all rows.
    pub(super) fn emit(mut self, batch: &Batch<'_>, answers: &Answers<'_>, sink: &mut dyn Sink) {
        let facts = facts(answers, sink);
        let histories = histories(answers, sink);
        let mut buckets: BTreeMap<String, Vec<Listing>> = BTreeMap::new();
        for open in std::mem::take(&mut self.open) {
            if !open.listing.archives.is_empty() {
                buckets.entry(open.bucket).or_default().push(open.listing);
            }
        }
        // A spot always names a page; an empty list of pages would have given no listing.
        let Some(first) = self.pages.first().map(|p| p.document) else { return };
        for (bucket, listings) in buckets {
            let context = Context {
                facts: &facts,
                histories: &histories,
                origin: &|spot, record| {
                    let id = format!("{bucket}:{record}");
                    self.origin(batch, spot, id).unwrap_or_else(|| batch.origin(first, "archive", ""))
                },
                document: &|spot| {
                    let page = usize::try_from(spot.page).ok().and_then(|at| self.pages.get(at));
                    page.map_or(first, |p| p.document).name().to_owned()
                },
                resource: &|(_, root)| naming::whole(&bucket, root),
                point_id: &|(_, root), name| match root.is_empty() {
                    true => format!("{bucket}/{name}"),
                    false => format!("{bucket}/{root}/{name}"),
                },
                location: Some(format!("s3:{bucket}")),
            };
            emit(&context, listings, sink);
        }
    }
}

fn ended_well(place: &Place<'_>) -> bool {
    place.record.is_none_or(|r| r.killed_by.is_none() && r.exit_code.is_none_or(|c| c == 0))
}

/// Path of a file of an archive: its name, or where in which bucket it was asked for.
fn path(place: &Place<'_>) -> String {
    match (place.option("bucket"), place.option("key")) {
        (Some(bucket), Some(key)) if place.wire => format!("{bucket}/{key}"),
        _ => place.document.name().to_owned(),
    }
}

/// What sentinels and metadata in the folder tell: path, name of the base backup, facts.
fn facts(answers: &Answers<'_>, sink: &mut dyn Sink) -> Vec<(String, String, Facts)> {
    let mut out = Vec::new();
    for reply in answers.replies.iter().filter(|r| sentinel::is_facts(&r.value)) {
        let document = reply.place.document;
        let path = path(&reply.place);
        let Some(name) = sentinel::about(&path) else {
            let message = "facts about a base backup, but the file's name does not tell which: keep its name and the \
                 folder it lies in";
            sink.problem(problem(document, reply.place.spot(), message));
            continue;
        };
        let (facts, bad) = sentinel::facts(&reply.value);
        for key in bad {
            let message = format!("{key} can't be read; copy the file again");
            sink.problem(problem(document, Some(format!("{}/{key}", reply.place.pointer)), message));
        }
        let name = name.to_owned();
        out.push((path, name, facts));
    }
    for (place, text) in answers.texts.iter().filter(|(_, t)| sentinel::is_backup_info(t)) {
        match sentinel::about(place.document.name()) {
            Some(id) => out.push((place.document.name().to_owned(), id.to_owned(), sentinel::backup_info(text))),
            None => {
                let message = "a backup.info, but no folder tells of which backup: keep the folder it lies in";
                sink.problem(problem(place.document, None, message));
            }
        }
    }
    out
}

/// What timeline histories in the folder tell: path, timeline, ancestors.
fn histories(answers: &Answers<'_>, sink: &mut dyn Sink) -> Vec<(String, u32, Vec<Ancestor>)> {
    let mut out = Vec::new();
    for (place, text) in answers.texts.iter().filter(|(_, t)| history::is_history(t)) {
        let document = place.document;
        let Some(timeline) = history::of_file(document.file_name()) else {
            let message =
                "a timeline history, but the file's name does not tell which: keep its name (00000002.history)";
            sink.problem(problem(document, None, message));
            continue;
        };
        match history::read(text) {
            Ok(ancestors) => out.push((document.name().to_owned(), timeline, ancestors)),
            Err(line) => {
                let message = "not a line of a timeline history; copy the file again";
                sink.problem(problem(document, Some(format!("line:{line}")), message));
            }
        }
    }
    out
}
