//! One question and one answer over HTTP, without any judgement.

use std::error::Error as _;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use serde_json::Value;

use super::{Limits, Pending, Token};

/// Body of an answer that has not been read yet.
pub type Body = BoxBody<Bytes, TransportError>;

/// What an answer must look like to be taken for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A JSON list of objects.
    List,
    /// A JSON object that has one of these keys; any object for none.
    Object(&'static [&'static str]),
    /// Anything: the fetch looks itself.
    Any,
}

impl Shape {
    /// What is wrong with a body that came with a good status.
    #[must_use]
    pub fn fault(self, value: Option<&Value>) -> Option<&'static str> {
        match (self, value) {
            (Self::Any, _) => None,
            (_, None) => Some("it is no JSON, or is cut"),
            (Self::List, Some(Value::Array(items))) if items.iter().all(Value::is_object) => None,
            (Self::List, Some(Value::Array(_))) => Some("its items are no objects"),
            (Self::List, Some(_)) => Some("a list was expected"),
            (Self::Object(keys), Some(Value::Object(fields))) => {
                let has = keys.is_empty() || keys.iter().any(|k| fields.contains_key(*k));
                (!has).then_some("its keys are not those of the answer that was expected")
            }
            (Self::Object(_), Some(_)) => Some("an object was expected"),
        }
    }
}

/// A question.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Name under which the answer is kept: the path, made readable, with `.json`.
    pub name: String,
    /// Absolute address.
    pub url: String,
    /// Headers beside those of the transport.
    pub headers: HeaderMap,
    /// Body of a POST that reads (GraphQL, resolving of names); `None` for GET.
    pub body: Option<Bytes>,
    /// What a good answer looks like.
    pub shape: Shape,
    /// Cursor that it follows, for provenance.
    pub cursor: Option<String>,
}

impl Ask {
    /// A GET.
    #[must_use]
    pub fn get(name: impl Into<String>, url: impl Into<String>, shape: Shape) -> Self {
        Self { name: name.into(), url: url.into(), headers: HeaderMap::new(), body: None, shape, cursor: None }
    }

    /// The same with a header; a value that cannot stand in one is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same behind a cursor.
    #[must_use]
    pub fn after(mut self, cursor: Option<String>) -> Self {
        self.cursor = cursor;
        self
    }
}

/// Why no answer came. The text names no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TransportError(pub String);

/// Sends a question.
pub trait Transport: Send + Sync {
    /// The answer's head and its unread body. Redirects are answers.
    fn send<'a>(&'a self, ask: &'a Ask) -> Pending<'a, Result<Response<Body>, TransportError>>;
}

/// Plain HTTP by `reqwest`: a bearer token, no redirects, no cookies, no proxy of the environment but the standard ones.
#[derive(Debug)]
pub struct Plain {
    client: reqwest::Client,
}

impl Plain {
    /// A client that sends these headers with each question.
    ///
    /// # Errors
    /// Where the token cannot stand in a header, or TLS cannot be set up.
    pub fn new(mut headers: HeaderMap, token: Option<&Token>, limits: &Limits) -> Result<Self, TransportError> {
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
                .map_err(|_| TransportError("the token holds characters that no token has".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("backproof/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .build()
            .map_err(|e| TransportError(reason(&e)))?;
        Ok(Self { client })
    }
}

impl Transport for Plain {
    fn send<'a>(&'a self, ask: &'a Ask) -> Pending<'a, Result<Response<Body>, TransportError>> {
        Box::pin(async move {
            let method = if ask.body.is_some() { Method::POST } else { Method::GET };
            let mut request = self.client.request(method, &ask.url).headers(ask.headers.clone());
            if let Some(body) = &ask.body {
                request = request.body(body.clone());
            }
            let answer = request.send().await.map_err(|e| TransportError(reason(&e)))?;
            let answer: Response<reqwest::Body> = answer.into();
            Ok(answer.map(|body| body.map_err(|e| TransportError(reason(&e))).boxed()))
        })
    }
}

/// An error of the client with its causes, without the address, which may hold a query.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    match causes.last() {
        Some(root) if error.is_connect() => format!("cannot connect: {root}"),
        Some(root) => root.clone(),
        None if error.is_timeout() => "no answer in time".to_owned(),
        None => "the connection failed".to_owned(),
    }
}

/// Scheme, host and port of an address, lower case, with the port that the scheme implies.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    let url = reqwest::Url::parse(url).ok()?;
    Some(format!("{}://{}:{}", url.scheme(), url.host_str()?.to_ascii_lowercase(), url.port_or_known_default()?))
}

/// A base address as configured, without a slash at its end.
///
/// # Errors
/// Where it is no address, holds a password, or is plain `http` to another machine: tokens would cross the network
/// in the clear.
pub fn base(url: &str) -> Result<String, String> {
    let parsed = reqwest::Url::parse(url).map_err(|e| format!("\"{url}\" is no address: {e}"))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("an address with a user or a password in it: give the credential by `token`".to_owned());
    }
    let loopback = match parsed.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(format!("\"{url}\" names no host")),
    };
    match parsed.scheme() {
        "https" => {}
        "http" if loopback => {}
        scheme => {
            return Err(format!(
                "\"{url}\": {scheme} to another machine would show the token to everybody on the way; use https"
            ));
        }
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(format!("\"{url}\": a base address has no query"));
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
}

/// Whether a request may go to an address: its origin must be a base address. What is configured was looked at before;
/// an address may also come from the environment or a profile.
///
/// # Errors
/// Those of [`base`].
pub fn fit(url: &str) -> Result<(), String> {
    origin(url).map_or(Ok(()), |origin| base(&origin).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_leaves_this_machine_never() {
        assert_eq!(base("https://api.example.com/").unwrap(), "https://api.example.com");
        assert_eq!(base("http://127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080");
        assert_eq!(base("http://localhost:8080/api/v3/").unwrap(), "http://localhost:8080/api/v3");
        assert!(base("http://[::1]:1/").is_ok());
        for bad in
            ["http://example.com", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "https://u:p@example.com", "api"]
        {
            assert!(base(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn origins_compare_scheme_host_and_port() {
        assert_eq!(origin("https://API.example.com/x"), origin("https://api.example.com:443/y?z"));
        assert_ne!(origin("https://api.example.com"), origin("http://api.example.com"));
        assert_ne!(origin("http://127.0.0.1:1/"), origin("http://127.0.0.1:2/"));
        assert_eq!(origin("no address"), None);
    }

    #[test]
    fn a_body_must_have_its_shape() {
        let value = |text: &str| serde_json::from_str::<Value>(text).ok();
        let fault = |shape: Shape, text: &str| shape.fault(value(text).as_ref()).is_some();
        assert!(!fault(Shape::List, "[]") && !fault(Shape::List, "[{}]"));
        assert!(fault(Shape::List, "[1]") && fault(Shape::List, "{}") && fault(Shape::List, "[{}"));
        assert!(!fault(Shape::Object(&["id"]), "{\"id\":null}"));
        assert!(fault(Shape::Object(&["id"]), "{\"message\":\"x\"}") && fault(Shape::Object(&[]), "[]"));
        assert!(!fault(Shape::Any, "<html>"));
    }
}
