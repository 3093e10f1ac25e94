//! Notes for one source what was asked and how every answer was got.

use std::collections::BTreeSet;
use std::time::Duration;

use http::header::{ETAG, HeaderName};
use model::evidence::{Covers, Page, PassedOver, Problem, Redaction};
use model::time::Instant;
use tokio::time::sleep;

use super::manners::{self, Limited};
use super::transport::Ask;
use super::{Context, Halt, Hidden, Progress, Token, redact};
use crate::fetch::PutError;

mod asking;

pub use asking::Answer;

/// Headers in which services name a request, for support and for the manifest.
const REQUEST_IDS: &[&str] =
    &["request-id", "x-request-id", "x-github-request-id", "x-amzn-requestid", "x-amz-request-id"];

/// What an object was kept as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// SHA-256, lower-case hex.
    pub object: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// What a fetch brought.
#[derive(Debug, Default)]
pub struct Collected {
    /// Address without secrets.
    pub endpoint: Option<String>,
    /// Who asked: token owner, role.
    pub identity: Option<String>,
    /// Permissions found.
    pub permissions: Vec<String>,
    /// What was asked for.
    pub query: Option<String>,
    /// Objects in the order of asking.
    pub pages: Vec<Page>,
    /// What could not be had.
    pub problems: Vec<Problem>,
    /// What was removed before hashing.
    pub redactions: Vec<Redaction>,
    /// Files that are not this source's.
    pub passed_over: Vec<PassedOver>,
    /// What is no fault and should be known.
    pub notes: Vec<String>,
    /// What the answers prove to be whole.
    pub covers: Vec<Covers>,
    /// How lists ended.
    pub ended: Vec<String>,
    /// Median offset of the server's clock in milliseconds.
    pub clock_offset_ms: Option<i64>,
}

/// Asks ([`asking`]), keeps and counts for one source.
#[derive(Debug)]
pub struct Trail {
    /// What the world lends.
    pub context: Context,
    /// Keys whose values are secrets in this service's answers.
    pub secret_keys: &'static [&'static str],
    /// The service's own way of saying that it is asked too often.
    pub limited: Limited,
    /// Answers are evidence; false where only the files are that they lead to.
    pub answers: bool,
    hidden: Hidden,
    permissions: BTreeSet<String>,
    out: Collected,
    offsets: Vec<i64>,
    waited: Duration,
    items: u64,
}

impl Trail {
    /// A trail that removes these credentials from everything it keeps.
    #[must_use]
    pub fn new(context: Context, tokens: Vec<Token>) -> Self {
        Self {
            context,
            secret_keys: &[],
            limited: manners::plain,
            answers: true,
            hidden: tokens.into(),
            permissions: BTreeSet::new(),
            out: Collected::default(),
            offsets: Vec::new(),
            waited: Duration::ZERO,
            items: 0,
        }
    }

    /// Where and as whom it asks.
    pub fn endpoint(&mut self, url: impl Into<String>) {
        self.out.endpoint = Some(url.into());
    }

    /// Who asks, as the service sees it.
    pub fn identity(&mut self, who: impl Into<String>) {
        self.out.identity = Some(self.clean(&who.into()));
    }

    /// What is asked for.
    pub fn query(&mut self, what: impl Into<String>) {
        self.out.query = Some(what.into());
    }

    /// A permission that was found.
    pub fn permission(&mut self, what: impl Into<String>) {
        self.permissions.insert(self.clean(&what.into()));
    }

    /// Something that is no fault and should be known.
    pub fn note(&mut self, what: impl Into<String>) {
        let what = self.clean(&what.into());
        if !self.out.notes.contains(&what) {
            self.out.notes.push(what);
        }
    }

    /// What the answers prove to be whole.
    pub fn covers(&mut self, covers: Covers) {
        self.out.covers.push(covers);
    }

    /// How a list ended.
    pub fn ended(&mut self, how: impl Into<String>) {
        self.out.ended.push(how.into());
    }

    /// Something that could not be had: the source is incomplete.
    pub fn problem(&mut self, document: &str, message: impl Into<String>) {
        let problem = Problem { document: document.to_owned(), place: None, message: self.clean(&message.into()) };
        if !self.out.problems.contains(&problem) {
            self.out.problems.push(problem);
        }
    }

    /// A secret that was removed from a file before hashing.
    pub fn redacted(&mut self, redaction: Redaction) {
        self.out.redactions.push(redaction);
    }

    /// A file that is not this source's.
    pub fn passed_over(&mut self, what: PassedOver) {
        self.out.passed_over.push(what);
    }

    /// A credential that was found on the way and must not be kept either.
    pub fn hide(&mut self, token: Token) {
        self.hidden.add(token);
    }

    /// The credentials that are hidden, for whoever asks in the trail's name and may meet others.
    #[must_use]
    pub fn hidden(&self) -> Hidden {
        self.hidden.clone()
    }

    /// Problems so far.
    #[must_use]
    pub fn problems(&self) -> usize {
        self.out.problems.len()
    }

    /// Now (UTC).
    #[must_use]
    pub fn now(&self) -> Instant {
        (self.context.now)()
    }

    /// Notes a server's clock, by a `Date` that came in answer to a question asked at `asked`.
    pub fn clock(&mut self, date: &str, asked: Instant) {
        if let Some(server) = manners::http_date(date) {
            // The header cuts to whole seconds: on average it is half a second late.
            let middle = asked + (self.now() - asked) / 2;
            self.offsets.push((server - middle).num_milliseconds() + 500);
        }
    }

    /// Text of ours without secrets.
    fn clean(&self, text: &str) -> String {
        self.hidden.clean(text)
    }

    /// Words of a server or a library; see [`Hidden::quote`].
    #[must_use]
    pub fn quote(&self, text: &str, most: usize) -> String {
        self.hidden.quote(text, most)
    }

    /// Waits, and counts it; news of long waits goes to whoever watches.
    ///
    /// # Errors
    /// [`Halt::Stopped`].
    pub async fn wait(&mut self, wait: Duration, why: &str) -> Result<(), Halt> {
        self.waited += wait;
        if wait >= Duration::from_secs(2) {
            let until = self.now() + chrono::TimeDelta::from_std(wait).unwrap_or_default();
            (self.context.tell)(Progress::Waiting { until, why: self.clean(why) });
        }
        let mut stop = self.context.stop.clone();
        tokio::select! {
            () = sleep(wait) => Ok(()),
            () = stopped(&mut stop) => Err(Halt::Stopped),
        }
    }

    /// What may still be waited.
    #[must_use]
    pub fn patience_left(&self) -> Duration {
        self.context.limits.patience.saturating_sub(self.waited)
    }

    /// Keeps an answer as an object of the store, without secrets.
    ///
    /// # Errors
    /// [`Halt::Store`].
    pub fn keep(&mut self, ask: &Ask, answer: &Answer, items: Option<u64>, next: Option<&str>) -> Result<Kept, Halt> {
        let kept = match &answer.unchanged {
            Some(page) => Kept { object: page.object.clone(), bytes: page.bytes },
            None => self.put(&ask.name, answer.body.clone())?,
        };
        let etag = answer.header(ETAG.as_str()).map(str::to_owned);
        let request_id = REQUEST_IDS.iter().find_map(|name| answer.headers.get(HeaderName::from_static(name)));
        self.page(Page {
            name: ask.name.clone(),
            object: kept.object.clone(),
            bytes: kept.bytes,
            modified_at: None,
            items,
            request_id: request_id.and_then(|id| id.to_str().ok()).map(str::to_owned),
            http_status: Some(answer.status.as_u16()),
            cursor_in: ask.cursor.clone(),
            cursor_out: next.map(str::to_owned),
            attempts: Some(answer.attempts),
            etag: etag.or_else(|| answer.unchanged.as_ref().and_then(|p| p.etag.clone())),
            facts_only: false,
        });
        Ok(kept)
    }

    /// Keeps bytes without secrets; the page is the caller's to write.
    ///
    /// # Errors
    /// [`Halt::Store`].
    pub fn put(&mut self, name: &str, bytes: Vec<u8>) -> Result<Kept, Halt> {
        let (bytes, redactions) = redact::scrub(name, bytes, self.secret_keys, &self.hidden.lock());
        self.out.redactions.extend(redactions);
        match self.context.objects.put(&mut bytes.as_slice()) {
            Ok((object, bytes)) => Ok(Kept { object, bytes }),
            Err(PutError::Source(e) | PutError::Store(e)) => Err(Halt::Store(e)),
        }
    }

    /// Writes down how an object was got.
    pub fn page(&mut self, mut page: Page) {
        for text in [&mut page.request_id, &mut page.cursor_in, &mut page.cursor_out].into_iter().flatten() {
            *text = self.clean(text);
        }
        self.items += page.items.unwrap_or(1);
        self.out.pages.push(page);
        (self.context.tell)(Progress::Read { pages: self.out.pages.len(), items: self.items });
    }

    /// Everything it brought.
    #[must_use]
    pub fn finish(mut self) -> Collected {
        self.offsets.sort_unstable();
        self.out.clock_offset_ms = self.offsets.get(self.offsets.len() / 2).copied();
        self.out.permissions = self.permissions.into_iter().collect();
        self.out
    }
}

/// Resolves when the operator asks to stop; never where nobody can.
pub async fn stopped(stop: &mut tokio::sync::watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test has a clock")]
mod tests;
