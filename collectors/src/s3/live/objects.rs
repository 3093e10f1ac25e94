//! Single objects: what WAL-G and WAL-E say about base backups, and the heads of the newest objects.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use model::evidence::Page;
use model::time::Instant;

use super::Place;
use crate::aws::capture::{Refusal, Told, told};
use crate::aws::stream::{self, Got, Take};
use crate::fetch::PutError;
use crate::net::{Halt, Trail};
use crate::s3::naming;
use crate::s3::page::{Among, Entry};
use crate::wal::recognise::recognise;
use crate::wal::sentinel;

/// Largest object whose content is read: what tools say about a backup is far smaller.
const SMALL: u64 = 1 << 20;
/// Most such objects of one prefix, the newest.
const SENTINELS: usize = 2000;
/// Most heads of one prefix.
const HEADS: usize = 50;
/// Most resources among which the newest objects are looked for.
const RESOURCES: usize = 1000;

/// Reads small objects.
pub(super) struct Reader;

impl Reader {
    /// Takes an object of up to `most` bytes whole.
    pub(super) fn whole(most: u64) -> Take<Vec<u8>> {
        Arc::new(move |size, content: &mut dyn Read| {
            if size > most {
                let why = format!("{size} bytes, where at most {most} are expected");
                return Err(PutError::Source(std::io::Error::new(std::io::ErrorKind::FileTooLarge, why)));
            }
            let mut out = Vec::new();
            content.read_to_end(&mut out).map_err(PutError::Source)?;
            Ok(out)
        })
    }
}

/// Objects of a list that are worth a question of their own.
pub(super) struct Picks {
    bucket: String,
    sentinels: Vec<Pick>,
    told: usize,
    newest: BTreeMap<String, Pick>,
    more: bool,
}

#[derive(Debug, Clone)]
struct Pick {
    at: Option<Instant>,
    key: String,
    size: u64,
    etag: String,
}

impl Picks {
    pub(super) fn new(bucket: &str) -> Self {
        Self { bucket: bucket.to_owned(), sentinels: Vec::new(), told: 0, newest: BTreeMap::new(), more: false }
    }

    /// Looks at an entry.
    pub(super) fn take(&mut self, entry: &Entry) {
        if entry.is_folder() || entry.among == Among::DeleteMarkers || entry.latest == Some(false) {
            return;
        }
        let pick = || Pick {
            at: entry.modified,
            key: entry.key.clone(),
            size: entry.size.unwrap_or_default(),
            etag: entry.etag.clone(),
        };
        if recognise(&entry.key).is_some() {
            if sentinel::about(&entry.key).is_some() && entry.size.is_some_and(|s| s > 0 && s <= SMALL) {
                self.sentinels.push(pick());
                self.told += 1;
                // No more is kept than will be asked for, and some slack to sort seldom.
                if self.sentinels.len() >= 2 * SENTINELS {
                    newest_first(&mut self.sentinels);
                    self.sentinels.truncate(SENTINELS);
                }
            }
            return;
        }
        let resource = naming::resource(&self.bucket, &entry.key);
        let room = self.newest.len() < RESOURCES;
        match self.newest.get_mut(&resource) {
            Some(newest) if newest.at < entry.modified => *newest = pick(),
            Some(_) => {}
            None if room => {
                self.newest.insert(resource, pick());
            }
            None => self.more = true,
        }
    }

    /// Asks for them.
    pub(super) async fn ask(mut self, trail: &mut Trail, place: &Place) -> Result<(), Halt> {
        newest_first(&mut self.sentinels);
        if self.told > SENTINELS {
            trail.note(format!(
                "{}: what tools say about base backups was read of the newest {SENTINELS} of {}",
                self.bucket, self.told
            ));
            self.sentinels.truncate(SENTINELS);
        }
        for pick in &self.sentinels {
            if !content(trail, place, pick).await? {
                break;
            }
        }
        let resources = self.newest.len();
        let mut newest: Vec<Pick> = self.newest.into_values().collect();
        newest_first(&mut newest);
        if newest.len() > HEADS {
            let more = if self.more { "more than " } else { "" };
            trail.note(format!(
                "{}: heads (encryption, lock) were read of the newest objects of {HEADS} of {more}{resources} resources",
                self.bucket
            ));
            newest.truncate(HEADS);
        }
        for pick in &newest {
            if !head(trail, place, pick).await? {
                break;
            }
        }
        Ok(())
    }
}

fn newest_first(picks: &mut [Pick]) {
    picks.sort_by(|a, b| (b.at, &a.key).cmp(&(a.at, &b.key)));
}

/// Keeps the content of an object; false where asking for others is of no use.
async fn content(trail: &mut Trail, place: &Place, pick: &Pick) -> Result<bool, Halt> {
    let question = place.question("get-object").with("key", &pick.key);
    let name = question.name("json");
    if let Some(page) = unchanged(trail, &name, &pick.etag) {
        trail.page(page);
        return Ok(true);
    }
    match stream::object(trail, place.from(), &question, pick.size, Reader::whole(SMALL)).await? {
        Got::Object(object) => {
            let kept = trail.put(&name, object.taken)?;
            trail.page(Page {
                name,
                object: kept.object,
                bytes: kept.bytes,
                modified_at: object.modified_at,
                items: Some(1),
                request_id: object.raw.header("x-amz-request-id").map(str::to_owned),
                http_status: Some(object.raw.status),
                cursor_in: None,
                cursor_out: None,
                attempts: Some(object.raw.attempts),
                etag: object.etag,
                facts_only: false,
            });
            Ok(true)
        }
        Got::Refused(refusal) => refused(trail, &question, &refusal),
        Got::Nothing => Ok(true),
    }
}

/// The page of an object whose state is still that of the last collection, if the store still holds it.
pub(in crate::s3) fn unchanged(trail: &Trail, name: &str, etag: &str) -> Option<Page> {
    let page = trail.context.known.get(name).filter(|p| !etag.is_empty() && p.etag.as_deref() == Some(etag))?;
    trail.context.objects.get(&page.object).ok()?;
    Some(Page { request_id: None, http_status: None, attempts: Some(0), ..page.clone() })
}

/// Keeps the head of an object; false where asking for others is of no use.
async fn head(trail: &mut Trail, place: &Place, pick: &Pick) -> Result<bool, Halt> {
    let question = place.question("head-object").with("key", &pick.key);
    let told = told(trail, &question, |capture| {
        let ask = place.client.head_object().bucket(&place.bucket).key(&pick.key);
        ask.set_expected_bucket_owner(place.owner.clone()).customize().interceptor(capture).send()
    })
    .await?;
    match told {
        Told::Answer(_, raw) => {
            raw.keep(trail, &question, Some(1), None)?;
            Ok(true)
        }
        Told::Refused(refusal) => refused(trail, &question, &refusal),
        Told::Nothing => Ok(true),
    }
}

fn refused(trail: &mut Trail, question: &crate::aws::question::Question, refusal: &Refusal) -> Result<bool, Halt> {
    refusal.report(trail, question)?;
    if refusal.ends_all() {
        return Err(Halt::Over);
    }
    if refusal.denied() {
        trail.note("`heads = false` leaves out what takes s3:GetObject: heads of objects, and what tools say about base backups");
    }
    Ok(!refusal.denied())
}
