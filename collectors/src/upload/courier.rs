//! Brings something to a service over HTTP, with the manners of asking ([`manners`]): it waits as long as it is told to,
//! tries again what may pass, follows no redirect, and lets no secret into a message.
//!
//! A call whose answer was lost may have been carried out. Only a call that may be carried out twice is repeated here; for
//! any other the caller is told that nobody knows ([`Undelivered::unsure`]), and looks first ([`once`]).

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use model::time::{Instant, utc_text};
use serde_json::Value;

use super::{UploadError, patience};
use crate::net::manners::{self, Verdict};
use crate::net::{Hidden, Token, transport};

/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(10);
/// Most attempts at one call, and at handing in one file.
const ATTEMPTS: u32 = 5;
/// Longest to wait in all for one call, for rate limits and between attempts.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Most bytes of an answer.
const LARGEST: usize = 16 << 20;
/// Most characters of what a service says about an error.
const SAID: usize = 160;
/// What to do where it may work another time.
const AGAIN: &str = "look at address and network, and do it again: what is there is not sent twice";

/// What is lent of the world: nothing here reads a clock or chance.
#[derive(Debug, Clone, Copy)]
pub struct World {
    /// The clock.
    pub now: fn() -> Instant,
    /// A number in `[0, 1)`, for jitter.
    pub chance: fn() -> f64,
}

/// Brings calls to one service.
#[derive(Debug)]
pub struct Courier {
    client: reqwest::Client,
    base: String,
    world: World,
    hidden: Hidden,
    headers: HeaderMap,
}

/// A call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub method: Method,
    /// Behind the base address, with its query; empty or with a slash in front.
    pub path: String,
    /// Media type and bytes.
    pub body: Option<(String, Bytes)>,
    /// It may be carried out twice.
    pub again: bool,
}

impl Call {
    /// A question.
    pub fn get(path: String) -> Self {
        Self { method: Method::GET, path, body: None, again: true }
    }

    /// A call that says something in JSON.
    pub fn json(method: Method, path: String, value: &Value, again: bool) -> Self {
        let body = Some(("application/json".to_owned(), Bytes::from(value.to_string())));
        Self { method, path, body, again }
    }
}

/// Why a call did not bring what it should.
#[derive(Debug)]
pub(super) struct Undelivered {
    /// What happened.
    pub error: UploadError,
    /// True where it may have been carried out all the same.
    pub unsure: bool,
}

impl From<UploadError> for Undelivered {
    fn from(error: UploadError) -> Self {
        Self { error, unsure: false }
    }
}

/// What came of one attempt.
enum Attempt {
    Answer(StatusCode, HeaderMap, Vec<u8>),
    /// It was not sent.
    Unsent(String),
    /// It was sent, and no whole answer came.
    Lost(String),
}

impl Courier {
    /// A courier to a base address.
    ///
    /// # Errors
    /// An address that is none, or plain http to another machine.
    pub fn new(base: &str, world: World) -> Result<Self, UploadError> {
        let unfit = |message: String| UploadError {
            message,
            help: "give an https address, or an http address of this machine".to_owned(),
        };
        let base = transport::base(base).map_err(unfit)?;
        let client = reqwest::Client::builder()
            .user_agent(concat!("backproof/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .build()
            .map_err(|e| unfit(e.to_string()))?;
        Ok(Self { client, base, world, hidden: Hidden::default(), headers: HeaderMap::new() })
    }

    /// Shows a token with every call from now on, and hides it in every message.
    ///
    /// # Errors
    /// A token that can't stand in a header.
    pub fn token(&mut self, token: &Token) -> Result<(), UploadError> {
        self.hide(token);
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| UploadError {
            message: "the token holds characters that no token has".to_owned(),
            help: "look at where the configuration says it is".to_owned(),
        })?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    /// Hides a secret in every message.
    pub fn hide(&self, token: &Token) {
        self.hidden.add(token.clone());
    }

    /// An error whose text a service may have had a hand in.
    pub(super) fn error(&self, message: &str, help: &str) -> UploadError {
        UploadError { message: self.hidden.clean(message), help: help.to_owned() }
    }

    /// Carries out a call and takes its JSON; `what` names it in messages, `missing` tells what is wrong with an answer.
    pub(super) async fn tell(
        &self,
        what: &str,
        call: &Call,
        missing: impl Fn(&Value) -> Option<&'static str>,
    ) -> Result<Value, Undelivered> {
        let body = self.send(what, call).await?;
        let value: Option<Value> = serde_json::from_slice(&body).ok();
        let fault = value.as_ref().map_or(Some("it is no JSON, or is cut"), missing);
        match (fault, value) {
            (None, Some(value)) => Ok(value),
            (fault, _) => {
                let fault = fault.unwrap_or_default();
                let message = format!("{what}: the answer can't be read: {fault} ({})", self.said(&body));
                Err(Undelivered { error: self.error(&message, AGAIN), unsure: !call.again })
            }
        }
    }

    /// Carries out a call; answers the body of a good answer.
    pub(super) async fn send(&self, what: &str, call: &Call) -> Result<Vec<u8>, Undelivered> {
        let mut waited = Duration::ZERO;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let pause = manners::pause(attempt, (self.world.chance)());
            let (wait, why, lost) = match self.once(call).await {
                Attempt::Unsent(why) => (pause, why, false),
                Attempt::Lost(why) => (pause, why, true),
                Attempt::Answer(status, headers, body) => {
                    match manners::judge(status, &headers, &body, (self.world.now)(), attempt, manners::plain) {
                        Verdict::Wait(wait, why) => (wait.max(pause), why, false),
                        Verdict::Again(why) => (pause, why, true),
                        Verdict::Take if status.is_success() => return Ok(body),
                        Verdict::Take => return Err(self.refused(what, status, &body).into()),
                    }
                }
            };
            let failed = |message: String| self.error(&format!("{what}: {message}"), AGAIN);
            if lost && !call.again {
                return Err(Undelivered { error: failed(why), unsure: true });
            }
            if attempt >= ATTEMPTS {
                return Err(failed(format!("no answer could be had ({attempt} attempts): {why}")).into());
            }
            waited += wait;
            if waited > PATIENCE {
                let due = (self.world.now)() + chrono::TimeDelta::from_std(wait).unwrap_or_default();
                let minutes = PATIENCE.as_secs() / 60;
                let message = format!(
                    "{why}; it is worth trying from {} on, and {minutes} minutes are waited at most",
                    utc_text(due)
                );
                return Err(failed(message).into());
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn once(&self, call: &Call) -> Attempt {
        let bytes = call.body.as_ref().map_or(0, |(_, body)| body.len() as u64);
        let within = patience(bytes);
        let mut request = self.client.request(call.method.clone(), format!("{}{}", self.base, call.path));
        request = request.headers(self.headers.clone()).timeout(within);
        if let Some((media, body)) = &call.body {
            request = request.header(CONTENT_TYPE, media).body(body.clone());
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(e) if e.is_connect() => return Attempt::Unsent(transport::reason(&e)),
            Err(e) => return Attempt::Lost(transport::reason(&e)),
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let answer: http::Response<reqwest::Body> = answer.into();
        match Limited::new(answer.into_body(), LARGEST).collect().await {
            Ok(body) => Attempt::Answer(status, headers, body.to_bytes().to_vec()),
            Err(e) => Attempt::Lost(format!("the answer breaks off: {e}")),
        }
    }

    fn refused(&self, what: &str, status: StatusCode, body: &[u8]) -> UploadError {
        let help = match status.as_u16() {
            401 => "renew the credential, or correct where the configuration says it is",
            403 => "give the credential the permissions that docs/packet.md lists",
            404 => "correct the id in the configuration",
            412 => "somebody must accept the service's terms before its API may be used",
            413 => "the service takes no file as large as this one",
            _ => AGAIN,
        };
        self.error(&format!("{what}: the service answers {} ({})", status.as_u16(), self.said(body)), help)
    }

    /// What a service says about an error: without secrets, on one line and short.
    fn said(&self, body: &[u8]) -> String {
        let value: Option<Value> = serde_json::from_slice(body).ok();
        let told = value
            .as_ref()
            .and_then(|v| ["message", "error_description", "error"].iter().find_map(|k| v.get(k)?.as_str()));
        let text =
            told.map_or_else(|| String::from_utf8_lossy(body.get(..LARGEST.min(16 << 10)).unwrap_or(body)), Into::into);
        let text = self.hidden.quote(&text, SAID);
        if text.is_empty() || text.starts_with('<') { "no reason given".to_owned() } else { text }
    }
}

/// Hands something in once: looks whether it is there, sends it where it is not, and looks again where nobody knows whether
/// it arrived. Answers its id, and whether it was sent.
pub(super) async fn once(
    courier: &Courier,
    find: impl AsyncFn() -> Result<Option<String>, Undelivered>,
    send: impl AsyncFn() -> Result<String, Undelivered>,
) -> Result<(String, bool), UploadError> {
    let mut sent = false;
    let mut attempt = 0;
    loop {
        attempt += 1;
        if let Some(id) = find().await.map_err(|e| e.error)? {
            return Ok((id, sent));
        }
        match send().await {
            Ok(id) => return Ok((id, true)),
            Err(e) if e.unsure && attempt < ATTEMPTS => {
                sent = true;
                tokio::time::sleep(manners::pause(attempt, (courier.world.chance)())).await;
            }
            Err(e) => return Err(e.error),
        }
    }
}
