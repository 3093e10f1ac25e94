//! Asks on behalf of one source and writes down how every answer was got.

use std::collections::BTreeSet;
use std::time::Duration;

use http::header::{DATE, ETAG, HeaderName, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use model::evidence::{Covers, Page, PassedOver, Problem, Redaction};
use model::time::Instant;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::manners::{self, Limited, Verdict};
use super::transport::{Ask, Body, Transport, TransportError, origin};
use super::{Context, Halt, Progress, Token, redact};
use crate::fetch::PutError;

/// Most redirects that one question follows.
const REDIRECTS: u32 = 5;

/// Headers in which services name a request, for support and for the manifest.
const REQUEST_IDS: &[&str] =
    &["request-id", "x-request-id", "x-github-request-id", "x-amzn-requestid", "x-amz-request-id"];

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status; 304 where the state of the last collection still holds, whose body this then has.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, decompressed.
    pub body: Vec<u8>,
    /// Body as JSON, where it is.
    pub value: Option<Value>,
    /// Attempts that it took.
    pub attempts: u32,
    /// The page of the last collection whose state still holds.
    pub unchanged: Option<Page>,
}

impl Answer {
    /// True for 2xx, and for 304.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.status.is_success() || self.unchanged.is_some()
    }

    /// Items of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        self.value.as_ref().and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the server says about an error, on one line and short.
    #[must_use]
    pub fn message(&self) -> String {
        let told =
            self.value.as_ref().and_then(|v| v.get("message").or_else(|| v.get("Message"))).and_then(Value::as_str);
        let text = told.map_or_else(|| String::from_utf8_lossy(&self.body).into_owned(), str::to_owned);
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect();
        if line.is_empty() || line.starts_with('<') { "no reason given".to_owned() } else { line }
    }
}

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

/// Asks, keeps and counts for one source.
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
    tokens: Vec<Token>,
    permissions: BTreeSet<String>,
    out: Collected,
    offsets: Vec<i64>,
    waited: Duration,
    items: u64,
}

enum Attempt {
    Answer(Box<Answer>),
    /// May pass.
    Broken(String),
    /// Will not.
    Refused(String),
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
            tokens,
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
        self.out.identity = Some(who.into());
    }

    /// What is asked for.
    pub fn query(&mut self, what: impl Into<String>) {
        self.out.query = Some(what.into());
    }

    /// A permission that was found.
    pub fn permission(&mut self, what: impl Into<String>) {
        self.permissions.insert(what.into());
    }

    /// Something that is no fault and should be known.
    pub fn note(&mut self, what: impl Into<String>) {
        let what = what.into();
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
        let problem = Problem { document: document.to_owned(), place: None, message: self.clean(message.into()) };
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
        if !self.tokens.contains(&token) {
            self.tokens.push(token);
        }
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
    fn clean(&self, text: String) -> String {
        let (bytes, _) = redact::scrub("", text.into_bytes(), &[], &self.tokens);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Asks until there is an answer that the service means. `None` where none can be had: the problem is told.
    ///
    /// # Errors
    /// [`Halt::Stopped`].
    pub async fn ask(&mut self, transport: &dyn Transport, ask: &Ask) -> Result<Option<Answer>, Halt> {
        let mut ask = ask.clone();
        let known = self.context.known.get(&ask.name).filter(|p| p.etag.is_some()).cloned();
        if let (Some(etag), None) = (known.as_ref().and_then(|p| p.etag.as_deref()), &ask.body) {
            ask = ask.header(IF_NONE_MATCH, etag);
        }
        let (mut attempt, mut redirects) = (0_u32, 0_u32);
        loop {
            attempt += 1;
            let (wait, why) = match self.once(transport, &ask, known.as_ref(), attempt).await? {
                Attempt::Refused(why) => return Ok(self.lost(&ask, &why, attempt)),
                Attempt::Broken(why) => (self.pause(attempt), why),
                Attempt::Answer(answer) => {
                    let now = self.now();
                    match manners::judge(answer.status, &answer.headers, &answer.body, now, attempt, self.limited) {
                        Verdict::Wait(wait, why) => (wait.max(self.pause(1)), why),
                        Verdict::Again(why) => (self.pause(attempt), why),
                        Verdict::Take if is_redirect(answer.status) => match self.moved(&ask, &answer) {
                            Ok(url) if redirects < REDIRECTS => {
                                self.note(format!(
                                    "{}: moved ({}) to {}",
                                    ask.name,
                                    answer.status.as_u16(),
                                    self.clean(path_of(&url))
                                ));
                                redirects += 1;
                                attempt = 0;
                                ask.url = url;
                                continue;
                            }
                            Ok(_) => {
                                return Ok(self.lost(
                                    &ask,
                                    "it leads from one address to the next without end",
                                    attempt,
                                ));
                            }
                            Err(why) => return Ok(self.lost(&ask, &why, attempt)),
                        },
                        Verdict::Take => match ask.shape.fault(answer.value.as_ref()) {
                            Some(fault) if answer.is_good() && answer.status != StatusCode::NO_CONTENT => {
                                let status = answer.status.as_u16();
                                (
                                    self.pause(attempt),
                                    format!("the server answers {status}, and {fault} ({})", answer.message()),
                                )
                            }
                            _ => return Ok(Some(*answer)),
                        },
                    }
                }
            };
            if attempt >= self.context.limits.attempts {
                return Ok(self.lost(&ask, &why, attempt));
            }
            let left = self.context.limits.patience.saturating_sub(self.waited);
            if wait > left {
                let until = self.now() + chrono::TimeDelta::from_std(wait).unwrap_or_default();
                let why = format!(
                    "{why}; the next attempt is due at {}, which is longer than this source may still wait (`patience`)",
                    model::time::utc_text(until)
                );
                return Ok(self.lost(&ask, &why, attempt));
            }
            self.wait(wait, &why).await?;
        }
    }

    fn pause(&self, attempt: u32) -> Duration {
        manners::pause(attempt, (self.context.chance)())
    }

    /// Waits, and counts it; news of long waits goes to whoever watches.
    ///
    /// # Errors
    /// [`Halt::Stopped`].
    pub async fn wait(&mut self, wait: Duration, why: &str) -> Result<(), Halt> {
        self.waited += wait;
        if wait >= Duration::from_secs(2) {
            let until = self.now() + chrono::TimeDelta::from_std(wait).unwrap_or_default();
            (self.context.tell)(Progress::Waiting { until, why: self.clean(why.to_owned()) });
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

    fn lost(&mut self, ask: &Ask, why: &str, attempts: u32) -> Option<Answer> {
        let times = if attempts == 1 { String::new() } else { format!(" ({attempts} attempts)") };
        self.problem(&ask.name, format!("no answer could be had{times}: {why}"));
        None
    }

    /// One attempt.
    async fn once(
        &mut self,
        transport: &dyn Transport,
        ask: &Ask,
        known: Option<&Page>,
        attempts: u32,
    ) -> Result<Attempt, Halt> {
        let mut stop = self.context.stop.clone();
        let limits = self.context.limits;
        let asked = self.now();
        let whole = timeout(limits.answer, async {
            let answer = transport.send(ask).await.map_err(|e| Attempt::Broken(e.to_string()))?;
            let (head, body) = answer.into_parts();
            let body = read(body, limits.body, limits.silence).await?;
            Ok((head, body))
        });
        let (head, body) = tokio::select! {
            done = whole => match done {
                Ok(Ok(answer)) => answer,
                Ok(Err(attempt)) => return Ok(attempt),
                Err(_) => return Ok(Attempt::Broken(format!("no whole answer within {} s (`timeout`)", limits.answer.as_secs()))),
            },
            () = stopped(&mut stop) => return Err(Halt::Stopped),
        };
        if let Some(date) = head.headers.get(DATE).and_then(|d| d.to_str().ok()) {
            self.clock(date, asked);
        }
        let mut answer =
            Answer { status: head.status, headers: head.headers, body, value: None, attempts, unchanged: None };
        if answer.status == StatusCode::NOT_MODIFIED {
            let Some(page) = known else {
                return Ok(Attempt::Refused("the server answers 304 to a question that had no condition".to_owned()));
            };
            match self.context.objects.get(&page.object) {
                Ok(body) => answer.body = body,
                Err(e) => {
                    return Ok(Attempt::Refused(format!(
                        "unchanged since an answer that the store no longer has whole: {e}"
                    )));
                }
            }
            answer.unchanged = Some(page.clone());
        }
        answer.value = serde_json::from_slice(&answer.body).ok();
        Ok(Attempt::Answer(Box::new(answer)))
    }

    /// Where a redirect leads.
    fn moved(&self, ask: &Ask, answer: &Answer) -> Result<String, String> {
        let location = answer.headers.get(LOCATION).and_then(|l| l.to_str().ok()).unwrap_or_default();
        let target = reqwest::Url::parse(&ask.url).ok().and_then(|base| base.join(location).ok());
        let Some(target) = target.filter(|_| !location.is_empty()) else {
            return Err("it is moved, and the server does not say where".to_owned());
        };
        if origin(target.as_str()) != origin(&ask.url) {
            let host = target.host_str().unwrap_or("nowhere").to_owned();
            return Err(format!(
                "it leads to another host ({host}), which is never followed: the credential is for this one"
            ));
        }
        Ok(target.into())
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
            cursor_in: ask.cursor.as_deref().map(|c| self.clean(c.to_owned())),
            cursor_out: next.map(|c| self.clean(c.to_owned())),
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
        let (bytes, redactions) = redact::scrub(name, bytes, self.secret_keys, &self.tokens);
        self.out.redactions.extend(redactions);
        match self.context.objects.put(&mut bytes.as_slice()) {
            Ok((object, bytes)) => Ok(Kept { object, bytes }),
            Err(PutError::Source(e) | PutError::Store(e)) => Err(Halt::Store(e)),
        }
    }

    /// Writes down how an object was got.
    pub fn page(&mut self, page: Page) {
        self.items += page.items.unwrap_or(1);
        self.out.pages.push(page);
        (self.context.tell)(Progress::Read { pages: self.out.pages.len(), items: self.items });
    }

    /// Tells what a refusal means: credentials, permission, absence. Answers true for a good answer.
    pub fn good(&mut self, ask: &Ask, answer: &Answer) -> bool {
        if answer.is_good() {
            return true;
        }
        let why = answer.message();
        let text = match answer.status.as_u16() {
            401 => format!("the credential is refused (401: {why}); renew it"),
            403 => format!("not permitted (403: {why}); give the credential the right to read this"),
            404 => format!("not found, or not to be seen with this credential (404: {why})"),
            410 => format!("gone (410: {why})"),
            status => format!("the server answers {status}: {why}"),
        };
        self.problem(&ask.name, text);
        false
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

async fn read(mut body: Body, most: usize, silence: Duration) -> Result<Vec<u8>, Attempt> {
    let mut out = Vec::new();
    loop {
        let frame = timeout(silence, body.frame())
            .await
            .map_err(|_| Attempt::Broken(format!("the answer stops in the middle for {} s", silence.as_secs())))?;
        match frame {
            None => return Ok(out),
            Some(Err(TransportError(e))) => return Err(Attempt::Broken(format!("the answer breaks off: {e}"))),
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                if out.len() + data.len() > most {
                    return Err(Attempt::Refused(format!(
                        "the answer is larger than {} MiB, decompressed; nothing that large is expected here",
                        most >> 20
                    )));
                }
                out.extend_from_slice(&data);
            }
        }
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn path_of(url: &str) -> String {
    reqwest::Url::parse(url).map_or_else(|_| url.to_owned(), |u| u.path().to_owned())
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test has a clock")]
mod tests;
