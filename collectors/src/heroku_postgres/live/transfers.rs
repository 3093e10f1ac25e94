//! All transfers of an app, with the logs of those that went wrong, and what the list has forgotten.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use http::header::DATE;
use model::evidence::{Gap, Page};
use model::rows::RunStatus;
use model::time::{Instant, instant, utc_text};
use serde_json::Value;

use super::super::piece::{Shape as Piece, count, text};
use super::super::transfers::{is_manual_backup, status};
use super::client::{Client, Host};
use crate::net::manners::http_date;
use crate::net::{Answer, Ask, Halt, Shape};

/// Heroku keeps every scheduled backup that is younger; older ones it thins.
const REACH: TimeDelta = TimeDelta::days(7);

/// Name under which the transfers of an app are kept.
pub(super) fn page(app: &str) -> String {
    format!("{}.json", path(app))
}

fn path(app: &str) -> String {
    format!("client/v11/apps/{app}/transfers")
}

/// The time for which lists of transfers speak: from where the newest of them no longer reaches, to where the oldest
/// was given.
#[derive(Debug, Default)]
pub(super) struct Window {
    asked: Option<(Instant, Instant)>,
}

impl Window {
    /// One more list, asked for at `asked` of a server whose clock showed `server`.
    pub(super) fn extend(&mut self, asked: Instant, server: Option<Instant>) {
        // Times of transfers are the server's. Where the clocks disagree, the shorter time is claimed.
        let (early, late) = server.map_or((asked, asked), |s| (asked.min(s), asked.max(s)));
        let (first, last) = self.asked.unwrap_or((early, late));
        self.asked = Some((first.min(early), last.max(late)));
    }

    /// Where the lists begin to be whole.
    pub(super) fn from(&self) -> Option<Instant> {
        self.asked.map(|(_, last)| last - REACH)
    }

    /// Where they end.
    pub(super) fn to(&self) -> Option<Instant> {
        self.asked.map(|(first, _)| first)
    }
}

impl Client<'_> {
    /// Reads the transfers of an app. Times for which some are gone; `None` where the list is not whole, which is told.
    /// An app without a database that is `there` need not have a list.
    pub(super) async fn transfers(
        &mut self,
        app: &str,
        there: bool,
        window: &mut Window,
    ) -> Result<Option<Vec<Gap>>, Halt> {
        let ask = self.question(Host::Data, &path(app), Shape::List);
        let asked = self.trail.now();
        let Some(answer) = self.ask(Host::Data, &ask).await? else { return Ok(None) };
        if !there && matches!(answer.status.as_u16(), 404 | 410) {
            self.trail.note(format!("{app} has no database yet, or no longer, and no list of transfers"));
            return Ok(None);
        }
        if !self.good(Host::Data, &ask, &answer)? {
            return Ok(None);
        }
        let items = answer.items();
        self.trail.keep(&ask, &answer, Some(items.len() as u64), None)?;
        let mut whole = self.recognised(&ask.name, items, Piece::Transfer);
        for fault in [part(&answer), repeated(items)].into_iter().flatten() {
            self.trail.problem(&ask.name, fault);
            whole = false;
        }
        for transfer in items.iter().filter(|t| went_wrong(t)) {
            self.log(app, transfer).await?;
        }
        if !whole {
            return Ok(None);
        }
        self.transfers.0 += 1;
        self.transfers.1 += items.len() as u64;
        let server = answer.header(DATE.as_str()).and_then(http_date);
        let mut own = Window::default();
        own.extend(asked, server);
        window.extend(asked, server);
        let (Some(from), Some(to)) = (own.from(), own.to()) else { return Ok(None) };
        let gaps = forgotten(items, from, to);
        for gap in &gaps {
            self.trail.note(format!(
                "{app}: transfers made between {} and {} are no longer listed: they were deleted, or thinned as manual backups beyond those that are kept. What an earlier collection has of them stays; for the rest of that time nothing is stated",
                utc_text(gap.from),
                utc_text(gap.to)
            ));
        }
        Ok(Some(gaps))
    }

    /// The log of a transfer: why it failed, or of what it warned. One that is known is taken from the store.
    async fn log(&mut self, app: &str, transfer: &Value) -> Result<(), Halt> {
        let Some(id) = count(transfer, "num").map(|n| n.to_string()).or_else(|| text(transfer, "uuid")) else {
            return Ok(());
        };
        if !super::client::is_name(&id) {
            return Ok(());
        }
        let path = format!("{}/{id}", path(app));
        let mut ask = self.question(Host::Data, &path, Shape::Object(&["uuid"]));
        if let Some(known) = self.known_log(&ask, transfer) {
            self.trail.page(known);
            return Ok(());
        }
        ask.url.push_str("?verbose=true");
        let Some(answer) = self.ask(Host::Data, &ask).await? else { return Ok(()) };
        if answer.status.as_u16() == 410 {
            self.trail.note(format!("{path}: deleted since it was listed, so its log is not to be had"));
            return Ok(());
        }
        if !self.good(Host::Data, &ask, &answer)? {
            return Ok(());
        }
        if answer.value.as_ref().and_then(|v| text(v, "uuid")) != text(transfer, "uuid") {
            self.trail.problem(&ask.name, "the answer is about another transfer than was asked for; it is not read");
            return Ok(());
        }
        if self.recognised(&ask.name, answer.value.as_slice(), Piece::Transfer) {
            self.trail.keep(&ask, &answer, None, None)?;
        }
        Ok(())
    }

    /// The log as an earlier collection kept it, if the transfer has not changed since. No request was made for it, and
    /// the entry says so.
    fn known_log(&self, ask: &Ask, transfer: &Value) -> Option<Page> {
        let known = self.trail.context.known.get(&ask.name)?;
        let kept = self.trail.context.objects.get(&known.object).ok()?;
        let kept: Value = serde_json::from_slice(&kept).ok()?;
        let same = |key: &str| text(&kept, key).is_some() && text(&kept, key) == text(transfer, key);
        let unchanged = ["uuid", "updated_at", "finished_at"].into_iter().all(same) && kept.get("logs").is_some();
        unchanged.then(|| Page { http_status: None, request_id: None, attempts: Some(0), ..known.clone() })
    }
}

/// True where the log tells more than the list.
fn went_wrong(transfer: &Value) -> bool {
    matches!(status(transfer).0, RunStatus::Failed | RunStatus::Partial)
}

/// The list is one answer. One that says it is a part would have to be read in a way that Heroku does not describe.
fn part(answer: &Answer) -> Option<String> {
    (answer.status.as_u16() == 206 || answer.header("next-range").is_some())
        .then(|| "the answer says that it is a part of the list; how to read the rest is not known".to_owned())
}

fn repeated(items: &[Value]) -> Option<String> {
    let mut seen = BTreeSet::new();
    let keys = items.iter().flat_map(|t| [text(t, "uuid"), count(t, "num").map(|n| n.to_string())]);
    let twice = keys.flatten().filter(|key| !seen.insert(key.clone())).count();
    (twice > 0)
        .then(|| format!("{twice} ids or numbers of transfers stand in the list twice: it is not sound; collect again"))
}

/// Times in `[from, to)` for which transfers were made that the list no longer has.
///
/// Transfers of an app are counted. Where a number is missing between two that are listed, both within the time, a
/// transfer was made between them and is gone. Before the first within the time, missing numbers are older backups that
/// were thinned after their week, unless as many manual backups of one database are listed as are kept (`num_keep`):
/// then younger ones may have gone.
pub(super) fn forgotten(items: &[Value], from: Instant, to: Instant) -> Vec<Gap> {
    let made = |t: &Value| instant(&text(t, "created_at")?, None).ok();
    let mut counted: Vec<(u64, Instant)> = items.iter().filter_map(|t| Some((count(t, "num")?, made(t)?))).collect();
    counted.sort_unstable();
    let full = manual_is_full(items);
    let mut before: Option<(u64, Instant)> = None;
    let mut out: Vec<Gap> = Vec::new();
    for (number, at) in counted {
        let missing = number > before.map_or(1, |(n, _)| n + 1);
        let begin = before.map(|(_, t)| t).filter(|t| *t >= from);
        if missing && (begin.is_some() || full) {
            let gap = Gap { from: begin.unwrap_or(from), to: at.min(to) };
            if gap.from < gap.to {
                out.push(gap);
            }
        }
        before = Some((number, at));
    }
    out
}

/// True where as many manual backups of a database are listed as are kept.
fn manual_is_full(items: &[Value]) -> bool {
    let mut by_name: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for transfer in items.iter().filter(|t| is_manual_backup(t) && status(t).0 == RunStatus::Success) {
        let Some(keep) = count(transfer, "num_keep") else { continue };
        let entry = by_name.entry(text(transfer, "from_name").unwrap_or_default()).or_insert((0, keep));
        *entry = (entry.0 + 1, entry.1.min(keep));
    }
    by_name.values().any(|(listed, keep)| listed >= keep)
}
