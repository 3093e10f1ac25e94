//! One question to GitHub, by `octocrab`.
//!
//! Its typed calls are not used: evidence is the bytes of an answer, and several of its types refuse answers that GitHub
//! gives. It is built without retries and redirects, which the trail makes.
//!
//! GitHub asks its clients to make one request after the other. Sources are collected side by side: each server has one
//! turn, which a question keeps until the last byte of its answer, whichever source asks.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use octocrab::{OctoBody, Octocrab};

use super::settings::same_server;
use crate::net::transport::Body;
use crate::net::{Ask, Limits, Pending, Token, Transport, transport};

/// GitHub's own media type.
const MEDIA: HeaderValue = HeaderValue::from_static("application/vnd.github+json");
/// Version of the API whose answers are read.
const VERSION: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28"));

/// Turns by server.
static TURNS: LazyLock<Mutex<BTreeMap<String, Turn>>> = LazyLock::new(Mutex::default);

type Turn = Arc<tokio::sync::Mutex<()>>;

/// Asks as nobody, until it has a token.
pub(super) struct Client {
    base: String,
    turn: Turn,
    plain: Octocrab,
    authorised: RwLock<Option<Octocrab>>,
}

impl Client {
    /// A client of the server of this base address.
    ///
    /// # Errors
    /// TLS that cannot be set up.
    pub(super) fn new(base: &str, limits: &Limits) -> Result<Self, String> {
        // Paths are given whole: octocrab would put those of the base before that of GraphQL.
        let server = reqwest::Url::parse(base).map_err(|e| e.to_string())?;
        let server = server.origin().ascii_serialization();
        let plain = Octocrab::builder()
            .base_uri(server.clone())
            .map(|b| b.set_connect_timeout(Some(limits.connect)))
            .and_then(|b| b.build())
            .map_err(|e| format!("no connection can be set up: {}", reason(&e)))?;
        let turn = TURNS.lock().unwrap_or_else(PoisonError::into_inner).entry(server).or_default().clone();
        Ok(Self { base: base.to_owned(), turn, plain, authorised: RwLock::new(None) })
    }

    /// From now on asks with this token.
    ///
    /// # Errors
    /// A token that cannot stand in a header.
    pub(super) fn authorise(&self, token: &Token) -> Result<(), String> {
        HeaderValue::from_str(token.expose()).map_err(|_| "the token holds characters that no token has".to_owned())?;
        let crab = self.plain.user_access_token(token.expose().to_owned()).map_err(|e| reason(&e))?;
        *self.authorised.write().unwrap_or_else(PoisonError::into_inner) = Some(crab);
        Ok(())
    }

    fn request(&self, ask: &Ask) -> Result<Request<OctoBody>, transport::TransportError> {
        let fault = |text: &str| transport::TransportError(text.to_owned());
        let url = reqwest::Url::parse(&ask.url).map_err(|_| fault("the address is none"))?;
        // The credential is for one server. Octocrab adds it to paths without a host only.
        if !same_server(&self.base, &ask.url) {
            return Err(fault("the address is another server's, which is never asked"));
        }
        let path = url.query().map_or_else(|| url.path().to_owned(), |q| format!("{}?{q}", url.path()));
        let method = if ask.body.is_some() { Method::POST } else { Method::GET };
        let body = ask.body.clone().map_or_else(OctoBody::empty, OctoBody::from);
        let mut request = Request::builder().method(method).uri(path).body(body).map_err(|e| fault(&e.to_string()))?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, MEDIA);
        headers.insert(VERSION.0, VERSION.1);
        if ask.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.extend(ask.headers.clone());
        Ok(request)
    }
}

impl Transport for Client {
    fn send<'a>(&'a self, ask: &'a Ask) -> Pending<'a, Result<Response<Body>, transport::TransportError>> {
        Box::pin(async move {
            let request = self.request(ask)?;
            let own = request.headers().contains_key(AUTHORIZATION);
            let authorised = self.authorised.read().unwrap_or_else(PoisonError::into_inner).clone();
            let crab = authorised.filter(|_| !own).unwrap_or_else(|| self.plain.clone());
            let turn = Arc::clone(&self.turn).lock_owned().await;
            let answer = crab.execute(request).await.map_err(|e| transport::TransportError(reason(&e)))?;
            Ok(answer.map(|body| {
                let fault = move |e| {
                    // The turn ends with the body, which owns this.
                    let _ = &turn;
                    transport::TransportError(reason(&e))
                };
                body.map_err(fault).boxed()
            }))
        })
    }
}

/// The innermost cause: octocrab's own texts hold backtraces.
fn reason(error: &octocrab::Error) -> String {
    let mut root = None;
    let mut cause = error.source();
    while let Some(inner) = cause {
        root = Some(inner.to_string());
        cause = inner.source();
    }
    root.unwrap_or_else(|| "the connection failed".to_owned())
}
