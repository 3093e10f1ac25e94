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

use super::question::Question;
pub(crate) use super::raw::Raw;
pub(crate) use super::refusal::Refusal;
use super::refusal::{echoes, skewed, throttled};
use crate::net::manners::{self, Verdict};
use crate::net::{Halt, Trail, stopped, transport};

/// Most characters of what a service says about an error.
const SAID: usize = 300;

/// Most characters of the causes of an error, one after the other.
const CAUSES: usize = 600;

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
    /// It is handed on while it comes, however long it is.
    Streamed,
}

#[derive(Debug, Default)]
struct Inner {
    sent: bool,
    too_large: bool,
    raw: Option<Raw>,
}

impl Capture {
    fn new(most: usize, body: Body) -> Self {
        Self { most, body, inner: Arc::default() }
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
        transport::fit(context.request().uri())?;
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
        let (status, body) = (response.status().as_u16(), response.body().bytes());
        let whole = body.is_some();
        self.lock().raw = Some(Raw { status, headers, body: body.unwrap_or_default().to_vec(), whole, attempts: 1 });
        Ok(())
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
            Step::Done(told) => {
                if matches!(told, Told::Answer(..)) {
                    trail.permission(question.action());
                }
                return Ok(told);
            }
            Step::Lost(why) => return unanswered(trail, question, &why, attempt, None),
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
            return unanswered(trail, question, &why, attempt, raw);
        }
        trail.wait(wait, &why).await?;
    }
}

/// Tells that there is no answer, and keeps what came in place of one.
fn unanswered<O>(
    trail: &mut Trail,
    question: &Question,
    why: &str,
    attempts: u32,
    came: Option<(String, Raw)>,
) -> Result<Told<O>, Halt> {
    let times = if attempts == 1 { String::new() } else { format!(" ({attempts} attempts)") };
    let name = came.as_ref().map_or_else(
        || question.place(),
        |(code, raw)| match raw.status {
            200..300 => question.name(raw.form()),
            status => question.refusal_name(status, code, raw.form()),
        },
    );
    trail.problem(&name, format!("no answer could be had{times}: {why}"));
    if let Some((_, raw)) = came {
        raw.put(trail, question, name, (None, None), None)?;
    }
    Ok(Told::Nothing)
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
    /// After so long, why, and what came with which code.
    Again(Duration, String, Option<(String, Raw)>),
}

/// Judges one attempt.
fn step<O, E>(trail: &Trail, question: &Question, attempt: u32, made: Attempt<O, E>) -> Step<O>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let limits = trail.context.limits;
    let pause = |attempt| manners::pause(attempt, (trail.context.chance)());
    let causes = |error: &SdkError<E, HttpResponse>| trail.quote(&chain(error), CAUSES);
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
        Err(error) => said(trail, error, raw.as_ref()),
    };
    let raw = raw.map(|raw| if echoes(&code) { Raw { body: Vec::new(), ..raw } } else { raw });
    let message = if echoes(&code) { String::new() } else { message };
    // An answer that broke off in its body is none.
    let raw = raw.filter(|raw| raw.whole || result.is_ok());
    let status = raw.as_ref().and_then(|raw| StatusCode::from_u16(raw.status).ok());
    let (Some(raw), Some(status)) = (raw, status) else {
        let why = match &result {
            Err(SdkError::TimeoutError(_)) => {
                format!("no whole answer within {} s (`timeout`)", limits.answer.as_secs())
            }
            Err(error) => causes(error),
            Ok(_) => "the answer was not kept".to_owned(),
        };
        return if sent { Step::Again(pause(attempt), why, None) } else { Step::Lost(unsent(&why)) };
    };
    if let Some(why) = throttled(&code).or_else(|| skewed(&code)) {
        let why = format!("the service answers {} {code}: {why}", raw.status);
        return Step::Again(pause(attempt + 1), why, Some((code, raw)));
    }
    match manners::judge(status, &raw.headers, &raw.body, trail.now(), attempt, manners::plain) {
        Verdict::Wait(wait, why) => return Step::Again(wait.max(pause(1)), why, Some((code, raw))),
        Verdict::Again(why) => return Step::Again(pause(attempt), why, Some((code, raw))),
        Verdict::Take => {}
    }
    let fault = match &result {
        Ok(_) if raw.whole => raw.fault(question),
        Ok(_) => None,
        // Our own reader says it shorter, where it finds a fault at all.
        Err(error) => Some(raw.fault(question).filter(|_| raw.whole).unwrap_or_else(|| causes(error))),
    };
    match (result, fault) {
        (Ok(output), None) => Step::Done(Told::Answer(output, raw)),
        (_, Some(fault)) if status.is_success() => {
            let why = format!("unreadable answer: status {}, but {fault}", raw.status);
            Step::Again(pause(attempt), why, Some((code, raw)))
        }
        _ => Step::Done(Told::Refused(Refusal { code, message, raw })),
    }
}

/// What to do where a question was never sent.
fn unsent(why: &str) -> String {
    if why.contains("credentials") || why.contains("Credentials") || why.contains("identity") {
        let none = why.contains("no credentials found in chain");
        let why = if none { "none are found where AWS tools look for them" } else { why.trim_end_matches('.') };
        format!(
            "no usable credentials: {why}. Give them by the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), by \
             `profile` in the configuration or AWS_PROFILE, or by a role of the machine"
        )
    } else {
        format!("it could not be asked: {why}")
    }
}

/// Code and message of an error.
fn said<E>(trail: &Trail, error: &SdkError<E, HttpResponse>, raw: Option<&Raw>) -> (String, String)
where
    E: ProvideErrorMetadata,
{
    let header = || raw?.header("x-amzn-errortype").map(|t| t.split([':', '#']).next().unwrap_or_default().to_owned());
    let code = error.code().map(str::to_owned).or_else(header).unwrap_or_default();
    // Codes of shapes may carry a namespace in front.
    let code = code.rsplit('#').next().unwrap_or_default();
    (trail.quote(code, SAID), trail.quote(error.message().unwrap_or_default(), SAID))
}

/// An error with its causes, each once.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        // Words of the SDK for kinds of errors, which say nothing to an operator.
        let kind = ["dispatch failure", "service error", "response error", "io error", "other", "unhandled error"];
        if !text.is_empty() && !kind.contains(&text.as_str()) && !out.iter().any(|known| known.contains(&text)) {
            out.push(text);
        }
        next = error.source();
    }
    out.join(": ")
}
