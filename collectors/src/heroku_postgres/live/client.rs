//! Questions to both hosts, and what their refusals mean.

use std::time::Duration;

use http::header::{ACCEPT, HeaderValue};
use http::{HeaderMap, StatusCode};
use model::time::Instant;
use serde_json::Value;

use super::super::piece::{self, Shape as Piece, text};
use crate::net::manners::retry_after;
use crate::net::transport::base;
use crate::net::{Answer, Ask, Halt, Order, Plain, Shape, Trail};

/// The version that both hosts are asked for.
const VERSION: &str = "application/vnd.heroku+json; version=3";

/// Below so many requests left of the account's hourly limit (4500), questions are spaced out: the account's other
/// programs need some as well.
const SPARE: u64 = 20;

/// Heroku gives about 75 requests back each minute.
const REFILL: Duration = Duration::from_millis(800);

/// Wait where Heroku limits the rate and does not say for how long.
const LIMITED: Duration = Duration::from_secs(60);

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    Platform,
    Data,
}

/// Asks both hosts with one token.
pub(super) struct Client<'a> {
    pub(super) trail: &'a mut Trail,
    transport: Plain,
    platform: String,
    data: String,
    /// The data host refused the token: it is not asked again.
    shut: bool,
    /// Lists of the platform that were read to their end, and lists of transfers with their items.
    pub(super) lists: u64,
    pub(super) transfers: (u64, u64),
}

impl<'a> Client<'a> {
    /// Both hosts and the token, from the configuration.
    pub(super) fn open(order: &Order, trail: &'a mut Trail) -> Result<Self, Halt> {
        let source = &order.source;
        let mut address = |key: &str, default: &str| {
            base(source.text(key).unwrap_or(default)).map_err(|e| {
                trail.problem(&source.declared_in, format!("`{key}`: {e}"));
                Halt::Over
            })
        };
        let platform = address("url", "https://api.heroku.com")?;
        let data = address("data_url", "https://api.data.heroku.com")?;
        let Some(token) = order.secret("token") else {
            let message = "no token: write `token = { env = \"HEROKU_API_KEY\" }` and put one with the scopes `read` and `identity` there (`heroku authorizations:create --scope read,identity`)";
            trail.problem(&source.declared_in, message);
            return Err(Halt::Over);
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(VERSION));
        let transport = Plain::new(headers, Some(token), &trail.context.limits).map_err(|e| {
            trail.problem(&source.declared_in, e.to_string());
            Halt::Over
        })?;
        trail.endpoint(format!("{platform}, {data}"));
        Ok(Self { trail, transport, platform, data, shut: false, lists: 0, transfers: (0, 0) })
    }

    /// A question; its path is its name.
    pub(super) fn question(&self, host: Host, path: &str, shape: Shape) -> Ask {
        let base = if host == Host::Platform { &self.platform } else { &self.data };
        Ask::get(format!("{path}.json"), format!("{base}/{path}"), shape)
    }

    /// Asks. `None` where there is no answer: that is told.
    pub(super) async fn ask(&mut self, host: Host, ask: &Ask) -> Result<Option<Answer>, Halt> {
        if host == Host::Data && self.shut {
            return Ok(None);
        }
        let Some(answer) = self.trail.ask(&self.transport, ask).await? else { return Ok(None) };
        let left = answer.header("ratelimit-remaining").and_then(|left| left.trim().parse::<u64>().ok());
        if let Some(short) = left.and_then(|left| SPARE.checked_sub(left)).filter(|short| *short > 0) {
            let wait = REFILL.saturating_mul(u32::try_from(short).unwrap_or(u32::MAX));
            if wait <= self.trail.patience_left() {
                self.trail.wait(wait, "the account's rate limit is nearly used up").await?;
            }
        }
        Ok(Some(answer))
    }

    /// True for a good answer; tells what any other means. A token that the platform refuses ends the source.
    pub(super) fn good(&mut self, host: Host, ask: &Ask, answer: &Answer) -> Result<bool, Halt> {
        if answer.is_good() {
            if answer.value.is_none() {
                self.trail.problem(&ask.name, format!("the answer ({}) is empty", answer.status.as_u16()));
            }
            return Ok(answer.value.is_some());
        }
        let (status, why) = (answer.status.as_u16(), answer.message());
        let id = answer.value.as_ref().and_then(|v| text(v, "id")).unwrap_or_default();
        let told = match (host, status) {
            (Host::Platform, 401) => format!(
                "Heroku refuses the token (401: {why}): it is wrong, expired or revoked; make another with `heroku authorizations:create --scope read,identity`"
            ),
            (_, 403) if id == "two_factor" => format!(
                "Heroku wants a second factor for this (403: {why}), which nobody is there to give: use a token of `heroku authorizations:create` in place of a password"
            ),
            (Host::Platform, 403) => format!(
                "the platform does not permit this (403: {why}): the token needs the scope `read`, and its account a role in the app"
            ),
            (Host::Data, 401) => format!(
                "the data host refuses the token, which the platform accepts (401: {why}): no backup can be read; the token needs the scope `read`, and if the data host takes no scoped token, `read-protected` or `global`"
            ),
            (Host::Data, 403) => format!(
                "the data host does not permit this (403: {why}), though the platform accepts the token: it needs the scope `read` (if that is not enough here, `read-protected`), and its account a role in the app"
            ),
            (_, 402) => format!("Heroku answers 402 ({why}): settle the account's billing"),
            _ => {
                self.trail.good(ask, answer);
                return Ok(false);
            }
        };
        self.trail.problem(&ask.name, told);
        match (host, status) {
            (Host::Platform, 401) => return Err(Halt::Over),
            (Host::Data, 401) => self.shut = true,
            _ => {}
        }
        Ok(false)
    }

    /// Who owns the token. The answer holds more about a person than evidence needs, so only the address is taken.
    pub(super) async fn account(&mut self) -> Result<(), Halt> {
        let ask = self.question(Host::Platform, "account", Shape::Object(&["email"]));
        let Some(answer) = self.ask(Host::Platform, &ask).await? else { return Ok(()) };
        if answer.status == StatusCode::FORBIDDEN {
            self.trail.note("the token may not tell whose it is: give it the scope `identity` as well");
        } else if self.good(Host::Platform, &ask, &answer)? {
            match answer.value.as_ref().and_then(|v| text(v, "email")) {
                Some(email) => self.trail.identity(format!("Heroku account {email}")),
                None => self.trail.problem(&ask.name, "the account's answer holds no e-mail address"),
            }
        }
        Ok(())
    }

    /// An app by the name that the configuration gives: its own name.
    pub(super) async fn app(&mut self, app: &str, declared_in: &str) -> Result<Option<String>, Halt> {
        if !is_name(app) {
            self.trail.problem(declared_in, format!("`apps`: \"{app}\" is no name of an app"));
            return Ok(None);
        }
        let ask = self.question(Host::Platform, &format!("apps/{app}"), Shape::Object(&["name"]));
        let Some(answer) = self.ask(Host::Platform, &ask).await? else { return Ok(None) };
        if !self.good(Host::Platform, &ask, &answer)? {
            return Ok(None);
        }
        let name = answer.value.as_ref().and_then(|v| text(v, "name")).filter(|name| is_name(name));
        if name.is_none() {
            self.trail.problem(&ask.name, "the answer holds no name of an app");
        }
        self.trail.keep(&ask, &answer, None, None)?;
        Ok(name)
    }

    /// Tells of items that are not what the question was about: the reader would pass them over.
    pub(super) fn recognised(&mut self, document: &str, items: &[Value], wanted: Piece) -> bool {
        let fits = |item: &Value| match wanted {
            Piece::App => text(item, "id").is_some() && text(item, "name").is_some_and(|name| is_name(&name)),
            Piece::Addon | Piece::Attachment => piece::shape(item) == Some(wanted) && text(item, "id").is_some(),
            Piece::Transfer => piece::shape(item) == Some(wanted) && text(item, "uuid").is_some(),
            _ => piece::shape(item) == Some(wanted),
        };
        let strange: Vec<usize> = items.iter().enumerate().filter(|(_, item)| !fits(item)).map(|(n, _)| n).collect();
        let Some(first) = strange.first() else { return true };
        self.trail.problem(
            document,
            format!(
                "{} of {} items, the first at {first}, are not what was asked for, and are not read",
                strange.len(),
                items.len()
            ),
        );
        false
    }

    /// Says how the lists ended.
    pub(super) fn ended(&mut self) {
        let (lists, (apps, transfers)) = (self.lists, self.transfers);
        self.trail.ended(format!("{lists} lists of the platform, each to an answer without Next-Range"));
        self.trail.ended(format!("transfers of {apps} apps, {transfers} in all: one whole answer an app"));
        if lists > 0 {
            self.trail.permission("platform API: apps and add-ons can be read");
        }
        if apps > 0 {
            self.trail.permission("data API: transfers can be read");
        }
    }
}

/// Heroku's way of limiting: 429, or the error `rate_limit`.
pub(super) fn limited(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Instant,
    attempt: u32,
) -> Option<(Duration, String)> {
    let named =
        || serde_json::from_slice::<Value>(body).ok().and_then(|v| text(&v, "id")).as_deref() == Some("rate_limit");
    if status != StatusCode::TOO_MANY_REQUESTS && !(status.is_client_error() && named()) {
        return None;
    }
    let wait = retry_after(headers, now).unwrap_or_else(|| LIMITED.saturating_mul(attempt.max(1)));
    Some((wait, format!("Heroku limits the account's requests ({})", status.as_u16())))
}

/// True for what can be a name or an id at Heroku, and stands in a path as it is.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    !text.is_empty() && !text.starts_with('.') && text.bytes().all(plain)
}
