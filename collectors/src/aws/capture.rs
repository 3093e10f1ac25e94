//! Asks AWS through the SDK and keeps what came over the wire.
//!
//! The SDK signs, sends and reads. What the store keeps are the bytes as they came (JSON or XML), also where the SDK
//! cannot read them: a [`Capture`] takes them from each attempt. Repeating, waiting and giving up are the trail's
//! manners, as for every other service, so that `patience` and Ctrl-C hold; the SDK itself makes one attempt a call.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::Limited;
use model::evidence::Page;
use model::time::Instant;
use serde_json::Value;

use super::question::Question;
use crate::net::manners::{self, Verdict};
use crate::net::{Halt, Trail, stopped, transport};

/// What one attempt brought, before anybody reads it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as it came.
    pub body: Vec<u8>,
    /// Attempts that it took.
    pub attempts: u32,
}

/// Takes the answer of one attempt; one for each call of [`told`].
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    most: usize,
    body: Body,
    inner: Arc<Mutex<Inner>>,
}

/// What becomes of the body of a good answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// It is taken whole, up to the largest answer there may be.
    Whole,
    /// It is handed on while it comes, however long it is. The attempt then tells by [`Capture::arrived`] that it came.
    Streamed,
}

#[derive(Debug, Default)]
struct Inner {
    sent: bool,
    too_large: bool,
    head: Option<Raw>,
    raw: Option<Raw>,
}

impl Capture {
    fn new(most: usize, body: Body) -> Self {
        Self { most, body, inner: Arc::default() }
    }

    /// The streamed body came to its end: the answer is one.
    pub(crate) fn arrived(&self) {
        let mut inner = self.lock();
        inner.raw = inner.head.take();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Capture {
    fn name(&self) -> &'static str {
        "Capture"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // An address may also come from the environment or a profile.
        let uri = context.request().uri();
        if let Some(origin) = transport::origin(uri) {
            transport::base(&origin)?;
        }
        self.lock().sent = true;
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if self.body == Body::Streamed && response.status().is_success() {
            return Ok(());
        }
        let length = response.headers().get("content-length").and_then(|l| l.parse::<u64>().ok());
        if length.is_some_and(|l| l > self.most as u64) {
            self.lock().too_large = true;
            return Err("the answer is too large".into());
        }
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        *response.body_mut() = SdkBody::from_body_1_x(Limited::new(body, self.most));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(response) = context.response() else { return Ok(()) };
        let mut headers = HeaderMap::new();
        for (name, value) in response.headers() {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        let status = response.status().as_u16();
        let mut inner = self.lock();
        match response.body().bytes() {
            Some(body) => inner.raw = Some(Raw { status, headers, body: body.to_vec(), attempts: 1 }),
            // A body that was not read to its end is none, unless it is still to be read.
            None => inner.head = Some(Raw { status, headers, body: Vec::new(), attempts: 1 }),
        }
        Ok(())
    }
}

impl Raw {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How it is kept: by what it looks like, because a server may send anything with any type.
    pub(crate) fn form(&self) -> &'static str {
        match self.body.iter().find(|b| !b.is_ascii_whitespace()) {
            None => "headers",
            Some(b'<') => "xml",
            Some(_) => "json",
        }
    }

    /// What is kept: the body, or the headers where the answer is nothing else.
    fn kept(&self) -> Vec<u8> {
        if self.form() != "headers" {
            return self.body.clone();
        }
        let mut lines: Vec<String> = self
            .headers
            .iter()
            .map(|(name, value)| format!("{}: {}", name.as_str(), String::from_utf8_lossy(value.as_bytes())))
            .collect();
        lines.sort();
        format!("HTTP {}\n{}\n", self.status, lines.join("\n")).into_bytes()
    }

    /// Keeps the answer under the question's name.
    ///
    /// # Errors
    /// [`Halt::Store`].
    pub(crate) fn keep(
        &self,
        trail: &mut Trail,
        question: &Question,
        items: Option<u64>,
        next: Option<&str>,
    ) -> Result<(), Halt> {
        self.put(trail, question, question.name(self.form()), (items, next), None)
    }

    /// The same for a page of a list, with the time at which it was answered.
    ///
    /// # Errors
    /// [`Halt::Store`].
    pub(crate) fn keep_at(
        &self,
        trail: &mut Trail,
        question: &Question,
        items: u64,
        next: Option<&str>,
        at: Instant,
    ) -> Result<(), Halt> {
        self.put(trail, question, question.name(self.form()), (Some(items), next), Some(at))
    }

    fn put(
        &self,
        trail: &mut Trail,
        question: &Question,
        name: String,
        (items, next): (Option<u64>, Option<&str>),
        modified_at: Option<Instant>,
    ) -> Result<(), Halt> {
        if !trail.answers {
            return Ok(());
        }
        let kept = trail.put(&name, self.kept())?;
        trail.page(Page {
            name,
            object: kept.object,
            bytes: kept.bytes,
            modified_at,
            items,
            request_id: ["x-amzn-requestid", "x-amz-request-id"].iter().find_map(|n| self.header(n)).map(str::to_owned),
            http_status: Some(self.status),
            cursor_in: question.cursor.clone(),
            cursor_out: next.map(str::to_owned),
            attempts: Some(self.attempts),
            etag: None,
            facts_only: false,
        });
        Ok(())
    }

    /// True where the answer holds the key or element.
    fn holds(&self, key: &str) -> bool {
        if key.is_empty() {
            return true;
        }
        if self.form() == "json" {
            let value: Option<Value> = serde_json::from_slice(&self.body).ok();
            return value.as_ref().and_then(|v| v.get(key)).is_some_and(|v| !v.is_null());
        }
        let tag = |end: &str| memchr::memmem::find(&self.body, format!("<{key}{end}").as_bytes()).is_some();
        [">", "/>", " "].iter().any(|end| tag(end))
    }
}

/// A refusal: the service understood, and says no.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// Error code; empty where there is none (answers to HEAD, pages of other programs).
    pub code: String,
    /// What it says, on one line.
    pub message: String,
    /// The answer.
    pub raw: Raw,
}

/// Codes for credentials that were good once.
const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"];

/// Codes for credentials that the service does not know, or not in this region.
const UNKNOWN: &[&str] = &[
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

impl Refusal {
    /// True where the same credentials will get no other answer from this service in this region.
    pub(crate) fn ends_all(&self) -> bool {
        EXPIRED.contains(&self.code.as_str()) || UNKNOWN.contains(&self.code.as_str())
    }

    /// True where the credentials may not ask this.
    pub(crate) fn denied(&self) -> bool {
        self.code.contains("AccessDenied")
            || self.code.contains("Unauthorized")
            || self.code == "Forbidden"
            || (self.code.is_empty() && self.raw.status == 403)
    }

    /// Keeps it as an answer: the caller knows what the code means.
    ///
    /// # Errors
    /// [`Halt::Store`].
    pub(crate) fn keep(&self, trail: &mut Trail, question: &Question) -> Result<(), Halt> {
        let name = question.refusal_name(self.raw.status, &self.code, self.raw.form());
        self.raw.put(trail, question, name, (Some(0), None), None)
    }

    /// Keeps it, and tells that the question stays open.
    ///
    /// # Errors
    /// [`Halt::Store`].
    pub(crate) fn report(&self, trail: &mut Trail, question: &Question) -> Result<(), Halt> {
        let status = self.raw.status;
        let said = match (self.code.is_empty(), self.message.is_empty()) {
            (true, true) => format!("{status}, without a reason"),
            (true, false) => format!("{status}: {}", self.message),
            (false, true) => format!("{status} {}", self.code),
            (false, false) => format!("{status} {}: {}", self.code, self.message),
        };
        let what = question.words();
        let text = if self.denied() {
            format!("{what} is not permitted ({said}): allow {} and collect again", question.action())
        } else if EXPIRED.contains(&self.code.as_str()) {
            format!("{what}: the credentials have expired ({said}): renew them and collect again")
        } else if matches!(
            self.code.as_str(),
            "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "AuthFailure"
                | "OptInRequired"
                | "InvalidAccessKeyId"
        ) {
            format!(
                "{what}: the credentials are not known there ({said}): check them, and that the region is enabled for the account"
            )
        } else if status == 404 {
            format!("{what}: not found, or nothing that this server knows ({said}); what it asks for is not determined")
        } else {
            format!("{what}: refused ({said}); what it asks for is not determined")
        };
        trail.problem(&question.name(self.raw.form()), text);
        self.keep(trail, question)
    }
}

/// How a question ended.
#[derive(Debug)]
pub(crate) enum Told<O> {
    /// A good answer that the SDK could read, and its bytes, which the caller keeps ([`Raw::keep`]).
    Answer(O, Raw),
    /// A refusal, which the caller keeps ([`Refusal::keep`]) or reports.
    Refused(Refusal),
    /// Nothing to be had; the problem is told.
    Nothing,
}

impl<O> Told<O> {
    /// The same with another output.
    pub(crate) fn map<P>(self, with: impl FnOnce(O) -> P) -> Told<P> {
        match self {
            Self::Answer(output, raw) => Told::Answer(with(output), raw),
            Self::Refused(refusal) => Told::Refused(refusal),
            Self::Nothing => Told::Nothing,
        }
    }
}

/// Asks; a refusal is a problem. `None` where nothing is to be had.
///
/// # Errors
/// [`Halt::Stopped`] and [`Halt::Store`]; [`Halt::Over`] where these credentials will get no other answer there.
pub(crate) async fn asked<O, E, F>(
    trail: &mut Trail,
    question: &Question,
    send: impl FnMut(Capture) -> F + Send,
) -> Result<Option<(O, Raw)>, Halt>
where
    F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match told(trail, question, send).await? {
        Told::Answer(output, raw) => Ok(Some((output, raw))),
        Told::Refused(refusal) => {
            refusal.report(trail, question)?;
            if refusal.ends_all() { Err(Halt::Over) } else { Ok(None) }
        }
        Told::Nothing => Ok(None),
    }
}

/// Asks until there is an answer that the service means:
/// `told(trail, &question, |c| client.list_backup_vaults().customize().interceptor(c).send())`.
///
/// # Errors
/// [`Halt::Stopped`] and [`Halt::Store`].
pub(crate) async fn told<O, E, F>(
    trail: &mut Trail,
    question: &Question,
    send: impl FnMut(Capture) -> F + Send,
) -> Result<Told<O>, Halt>
where
    F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    // The SDK bounds each attempt by the same time; this also bounds what it does before.
    let within = trail.context.limits.answer + trail.context.limits.connect;
    told_within(trail, question, within, Body::Whole, send).await
}

/// The same; each attempt takes so long at most.
///
/// # Errors
/// [`Halt::Stopped`] and [`Halt::Store`].
pub(crate) async fn told_within<O, E, F>(
    trail: &mut Trail,
    question: &Question,
    within: Duration,
    body: Body,
    mut send: impl FnMut(Capture) -> F + Send,
) -> Result<Told<O>, Halt>
where
    F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let limits = trail.context.limits;
    let mut attempt = 0_u32;
    loop {
        attempt += 1;
        let capture = Capture::new(limits.body, body);
        let asked = trail.now();
        let mut stop = trail.context.stop.clone();
        let whole = tokio::time::timeout(within, send(capture.clone()));
        let result = tokio::select! {
            done = whole => done.ok(),
            () = stopped(&mut stop) => return Err(Halt::Stopped),
        };
        let (sent, too_large, raw) = {
            let mut inner = capture.lock();
            (inner.sent, inner.too_large, inner.raw.take())
        };
        let raw = raw.map(|raw| Raw { attempts: attempt, ..raw });
        if let Some(date) = raw.as_ref().and_then(|raw| raw.header("date")) {
            trail.clock(date, asked);
        }
        let step = step(trail, question, attempt, Attempt { result, within, sent, too_large, raw });
        let (wait, why, raw) = match step {
            Step::Done(told) => return Ok(told),
            Step::Lost(why) => {
                lost(trail, question, &why, attempt);
                return Ok(Told::Nothing);
            }
            Step::Again(wait, why, raw) => (wait, why, raw),
        };
        let last = attempt >= limits.attempts;
        if last || wait > trail.patience_left() {
            let why = if last {
                why
            } else {
                let due = trail.now() + chrono::TimeDelta::from_std(wait).unwrap_or_default();
                format!(
                    "{why}; the next attempt is due at {}, which is longer than this source may still wait (`patience`)",
                    model::time::utc_text(due)
                )
            };
            lost(trail, question, &why, attempt);
            if let Some(raw) = raw {
                raw.keep(trail, question, None, None)?;
            }
            return Ok(Told::Nothing);
        }
        trail.wait(wait, &why).await?;
    }
}

fn lost(trail: &mut Trail, question: &Question, why: &str, attempts: u32) {
    let times = if attempts == 1 { String::new() } else { format!(" ({attempts} attempts)") };
    let text = format!("{}: no answer could be had{times}: {why}", question.words());
    trail.problem(&question.name(""), text);
}

struct Attempt<O, E> {
    /// `None` where it took too long.
    result: Option<Result<O, SdkError<E, HttpResponse>>>,
    within: Duration,
    sent: bool,
    too_large: bool,
    raw: Option<Raw>,
}

enum Step<O> {
    Done(Told<O>),
    Lost(String),
    Again(Duration, String, Option<Raw>),
}

/// Judges one attempt.
fn step<O, E>(trail: &Trail, question: &Question, attempt: u32, made: Attempt<O, E>) -> Step<O>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let limits = trail.context.limits;
    let pause = |attempt| manners::pause(attempt, (trail.context.chance)());
    let Attempt { result, within, sent, too_large, raw } = made;
    let Some(result) = result else {
        let why = format!("no whole answer within {} s (`timeout`)", within.saturating_sub(limits.connect).as_secs());
        return Step::Again(pause(attempt), why, None);
    };
    if too_large || result.as_ref().err().is_some_and(|e| chain(e).contains("length limit exceeded")) {
        let size = limits.body >> 20;
        return Step::Lost(format!("the answer is larger than {size} MiB; nothing that large is expected here"));
    }
    let (code, message) = match &result {
        Ok(_) => (String::new(), String::new()),
        Err(error) => said(error, raw.as_ref()),
    };
    let status = raw.as_ref().and_then(|raw| StatusCode::from_u16(raw.status).ok());
    let (Some(raw), Some(status)) = (raw, status) else {
        let why = match &result {
            Err(SdkError::TimeoutError(_)) => {
                format!("no whole answer within {} s (`timeout`)", limits.answer.as_secs())
            }
            Err(error) => chain(error),
            Ok(_) => "the answer was not kept".to_owned(),
        };
        return if sent { Step::Again(pause(attempt), why, None) } else { Step::Lost(unsent(&why)) };
    };
    if let Some(why) = throttled(&code).or_else(|| skewed(&code)) {
        return Step::Again(pause(attempt + 1), format!("the service answers {} {code}: {why}", raw.status), None);
    }
    match manners::judge(status, &raw.headers, &raw.body, trail.now(), attempt, manners::plain) {
        Verdict::Wait(wait, why) => return Step::Again(wait.max(pause(1)), why, None),
        Verdict::Again(why) => return Step::Again(pause(attempt), why, None),
        Verdict::Take => {}
    }
    match result {
        Ok(output) if raw.holds(question.holds) => Step::Done(Told::Answer(output, raw)),
        Ok(_) => {
            let why = format!("unreadable answer: status {status}, but there is no {} in it", question.holds);
            Step::Again(pause(attempt), why, Some(raw))
        }
        Err(error) if status.is_success() => {
            let why = format!("unreadable answer: status {status}, but {}", chain(&error));
            Step::Again(pause(attempt), why, Some(raw))
        }
        Err(_) => Step::Done(Told::Refused(Refusal { code, message, raw })),
    }
}

/// What to do where a question was never sent.
fn unsent(why: &str) -> String {
    if why.contains("credentials") || why.contains("Credentials") || why.contains("identity") {
        format!(
            "no usable credentials: {why}. Give them by the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), by \
             `profile` in the configuration or AWS_PROFILE, or by a role of the machine"
        )
    } else {
        format!("it could not be asked: {why}")
    }
}

/// Code and message of an error.
fn said<E>(error: &SdkError<E, HttpResponse>, raw: Option<&Raw>) -> (String, String)
where
    E: ProvideErrorMetadata,
{
    let header = || raw?.header("x-amzn-errortype").map(|t| t.split([':', '#']).next().unwrap_or_default().to_owned());
    let code = error.code().map(str::to_owned).or_else(header).unwrap_or_default();
    // Codes of shapes may carry a namespace in front.
    let code = code.rsplit('#').next().unwrap_or_default().trim().to_owned();
    let message = error.message().map(str::to_owned).unwrap_or_default();
    (code, line(&message))
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

/// Codes by which services say that they are asked too often (AWS SDK reference, "Retry behavior").
fn throttled(code: &str) -> Option<&'static str> {
    const CODES: &[&str] = &[
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "SlowDown",
    ];
    CODES.contains(&code).then_some("it is asked too often")
}

/// Codes that tell of a clock that is off: the SDK has measured by how much and signs the next attempt accordingly.
fn skewed(code: &str) -> Option<&'static str> {
    ["RequestTimeTooSkewed", "RequestInTheFuture"].contains(&code).then_some("the clock of this machine is off")
}

/// An error with its causes, each once, on one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = line(&error.to_string());
        if !text.is_empty() && !out.iter().any(|known| known.contains(&text)) {
            out.push(text);
        }
        next = error.source();
    }
    out.join(": ")
}
