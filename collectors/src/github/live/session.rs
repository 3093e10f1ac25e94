//! Who asks, what he was refused, and how lists ended.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::TimeDelta;
use http::header::AUTHORIZATION;
use model::evidence::Page;
use model::time::{Instant, instant};
use octocrab::EncodingKey;
use octocrab::auth::create_jwt;
use octocrab::models::AppId;
use serde_json::Value;

use super::client::Client;
use super::settings::Settings;
use crate::net::{Answer, Ask, Halt, Order, Shape, Token, Trail};

/// Refusals of one right.
#[derive(Debug, Default)]
struct Right {
    granted: u64,
    /// Document and reason.
    refused: Vec<(String, String)>,
}

/// Lists of one sort.
#[derive(Debug, Default)]
struct Ended {
    lists: u64,
    pages: u64,
    items: u64,
}

/// A GitHub App's installation.
struct App {
    id: AppId,
    installation: u64,
    key: EncodingKey,
    /// Its token is good until then.
    until: Option<Instant>,
}

/// Asks as one credential and counts.
pub(super) struct Session {
    client: Client,
    app: Option<App>,
    base: String,
    /// Token of a person, by its first letters: they tell what it may.
    prefix: String,
    rights: BTreeMap<&'static str, Right>,
    ended: BTreeMap<&'static str, Ended>,
    /// The installation sees all repositories of its organisation.
    pub(super) sees_all: Option<bool>,
    /// Repositories that were asked for by another name, which GitHub still knows.
    pub(super) renamed: Vec<String>,
}

impl Session {
    /// Takes the credential up; it asks nothing yet.
    ///
    /// # Errors
    /// [`Halt::Over`] where the configuration names none that could work; the problem is told.
    pub(super) fn open(order: &Order, settings: &Settings, trail: &mut Trail) -> Result<Self, Halt> {
        let opened = Self::credential(order, settings, trail);
        opened.map_err(|why| {
            trail.problem("backproof.toml", why);
            Halt::Over
        })
    }

    fn credential(order: &Order, settings: &Settings, trail: &Trail) -> Result<Self, String> {
        let client = Client::new(&settings.base, &trail.context.limits)?;
        let number = |key: &str| {
            let text = order.source.text(key).ok_or_else(|| {
                format!("`{key}` is missing: an App needs `app_id`, `installation_id` and `private_key`")
            })?;
            text.trim().parse::<u64>().map_err(|_| format!("`{key}`: \"{text}\" is not a number"))
        };
        let app = match (order.secret("token"), order.secret("private_key")) {
            (Some(_), Some(_)) => {
                return Err("`token` and `private_key` are both given; keep the one to ask with".to_owned());
            }
            (None, None) => {
                return Err(
                    "no credential: give `token`, or `app_id`, `installation_id` and `private_key` of a GitHub App"
                        .to_owned(),
                );
            }
            (Some(token), None) => {
                client.authorise(token)?;
                None
            }
            (None, Some(pem)) => Some(App {
                id: AppId(number("app_id")?),
                installation: number("installation_id")?,
                key: EncodingKey::from_rsa_pem(pem.expose().as_bytes()).map_err(|_| {
                    "`private_key` is no RSA key in PEM; download a new one from the App's settings".to_owned()
                })?,
                until: None,
            }),
        };
        let prefix = order.secret("token").and_then(|t| t.expose().split_once('_')).map(|(p, _)| format!("{p}_"));
        Ok(Self {
            client,
            app,
            base: settings.base.clone(),
            prefix: prefix.unwrap_or_default(),
            rights: BTreeMap::new(),
            ended: BTreeMap::new(),
            sees_all: None,
            renamed: Vec::new(),
        })
    }

    /// Address of a path of REST.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// Base of REST.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// True for credentials that GitHub lets call what is for people's classic tokens only.
    pub(super) fn is_classic(&self) -> bool {
        self.app.is_none() && !matches!(self.prefix.as_str(), "github_" | "ghs_")
    }

    /// Asks one question.
    ///
    /// # Errors
    /// [`Halt::Over`] where the credential itself is refused: every further question would be.
    pub(super) async fn ask(&mut self, trail: &mut Trail, ask: &Ask) -> Result<Option<Answer>, Halt> {
        self.renew(trail).await?;
        let Some(answer) = trail.ask(&self.client, ask).await? else { return Ok(None) };
        if answer.status.as_u16() == 401 {
            trail.good(ask, &answer);
            return Err(Halt::Over);
        }
        if let Some(accepted) = answer.header("x-accepted-github-permissions").filter(|_| answer.is_good()) {
            trail.permission(accepted);
        }
        Ok(Some(answer))
    }

    /// Gets a new token of the installation before the old one ends.
    async fn renew(&mut self, trail: &mut Trail) -> Result<(), Halt> {
        let Some(app) = &mut self.app else { return Ok(()) };
        if app.until.is_some_and(|until| trail.now() + TimeDelta::minutes(5) < until) {
            return Ok(());
        }
        let path = format!("app/installations/{}/access_tokens", app.installation);
        let Ok(jwt) = create_jwt(app.id, &app.key) else {
            trail.problem("backproof.toml", "`private_key` cannot sign; download a new one from the App's settings");
            return Err(Halt::Over);
        };
        trail.hide(Token::new(&jwt));
        let mut ask = Ask::get(format!("{path}.json"), format!("{}/{path}", self.base), Shape::Object(&["token"]))
            .header(AUTHORIZATION, &format!("Bearer {jwt}"));
        ask.body = Some(Bytes::from_static(b"{}"));
        let Some(answer) = trail.ask(&self.client, &ask).await? else { return Err(Halt::Over) };
        let value = answer.value.clone().unwrap_or_default();
        let Some(token) = value.get("token").and_then(Value::as_str).filter(|_| answer.is_good()) else {
            if trail.good(&ask, &answer) {
                trail.problem(&ask.name, "the answer holds no token; collect again");
            }
            return Err(Halt::Over);
        };
        let token = Token::new(token);
        trail.hide(token.clone());
        let until = value.get("expires_at").and_then(Value::as_str).and_then(|t| instant(t, None).ok());
        app.until = Some(until.unwrap_or_else(|| trail.now() + TimeDelta::hours(1)));
        for (right, level) in value.get("permissions").and_then(Value::as_object).into_iter().flatten() {
            let level = level.as_str().unwrap_or_default();
            trail.permission(format!("{right}={level}"));
            if level != "read" {
                trail.note(format!("the App may change things ({right}={level}): reading is enough for evidence"));
            }
        }
        self.sees_all = value.get("repository_selection").and_then(Value::as_str).map(|s| s == "all");
        self.client.authorise(&token).map_err(|why| {
            trail.problem(&ask.name, why);
            Halt::Over
        })
    }

    /// Writes down who asks. Nothing of the answer is kept: it holds a person's address.
    ///
    /// # Errors
    /// Those of [`Session::ask`].
    pub(super) async fn identity(&mut self, trail: &mut Trail) -> Result<(), Halt> {
        if let Some(app) = &self.app {
            trail.identity(format!("GitHub App {}, installation {}", app.id, app.installation));
            return self.renew(trail).await;
        }
        let ask = Ask::get("user.json", self.url("user"), Shape::Object(&["login"]));
        let Some(answer) = self.ask(trail, &ask).await? else { return Ok(()) };
        let login = answer.value.as_ref().and_then(|v| v.get("login")).and_then(Value::as_str);
        match login.filter(|_| answer.is_good()) {
            Some(login) => trail.identity(format!("{login} (personal access token)")),
            None => trail.note(format!("GitHub does not tell whose token this is ({})", answer.status.as_u16())),
        }
        let scopes = answer.header("x-oauth-scopes").unwrap_or_default();
        for scope in scopes.split(',').map(str::trim).filter(|s| !s.is_empty()) {
            trail.permission(format!("scope {scope}"));
            if !scope.starts_with("read:") {
                trail.note(format!(
                    "the token's scope {scope} also allows changes: a fine-grained token that only reads is enough"
                ));
            }
        }
        if let Some(end) = answer.header("github-authentication-token-expiration") {
            trail.note(format!("the token ends {end}"));
        }
        Ok(())
    }

    /// Asks for a setting that this credential may not be allowed to see, and keeps what the answer says.
    ///
    /// A 404 is kept: reading decides what it may mean. A 403 that names the plan is kept as well. Any other 403 counts
    /// as a refusal of `right`, see [`Session::settle`].
    ///
    /// # Errors
    /// Those of [`Session::ask`].
    pub(super) async fn setting(&mut self, trail: &mut Trail, right: &'static str, ask: &Ask) -> Result<(), Halt> {
        let Some(answer) = self.ask(trail, ask).await? else { return Ok(()) };
        match answer.status.as_u16() {
            204 if ask.shape == Shape::Any => {
                self.granted(right);
                no_content(trail, ask, &answer)?;
            }
            404 => {
                trail.keep(ask, &answer, None, None)?;
            }
            403 if super::super::piece::is_not_offered(answer.message()) => {
                trail.keep(ask, &answer, None, None)?;
            }
            403 | 451 => self.refused(right, &ask.name, &answer),
            204 => trail.problem(&ask.name, "the answer is empty where a setting was expected; collect again"),
            _ => {
                if trail.good(ask, &answer) {
                    self.granted(right);
                    trail.keep(ask, &answer, None, None)?;
                }
            }
        }
        Ok(())
    }

    /// Counts a refusal.
    pub(super) fn refused(&mut self, right: &'static str, document: &str, answer: &Answer) {
        let needs =
            answer.header("x-accepted-github-permissions").map(|p| format!("; it needs {p}")).unwrap_or_default();
        let why = format!("not permitted ({}: {}{needs})", answer.status.as_u16(), answer.message());
        self.rights.entry(right).or_default().refused.push((document.to_owned(), why));
    }

    /// Counts a grant.
    pub(super) fn granted(&mut self, right: &'static str) {
        self.rights.entry(right).or_default().granted += 1;
    }

    /// Counts a list that was read to its end.
    pub(super) fn ended(&mut self, what: &'static str, pages: u64, items: u64) {
        let ended = self.ended.entry(what).or_default();
        ended.lists += 1;
        ended.pages += pages;
        ended.items += items;
    }

    /// Tells how lists ended and what refusals mean: a right that was never granted is one that this credential does
    /// not have, and what it would show is not determined. A refusal among grants is a fault.
    pub(super) fn settle(&mut self, trail: &mut Trail) {
        for (what, ended) in std::mem::take(&mut self.ended) {
            let Ended { lists, pages, items } = ended;
            trail.ended(format!(
                "{what}: {items} in {lists} lists of {pages} pages, each to the page that names no next one"
            ));
        }
        for (right, all) in std::mem::take(&mut self.rights) {
            match &all.refused[..] {
                [] => {}
                [(first, why), _, ..] if all.granted == 0 => {
                    trail.permission(format!("missing {right}"));
                    trail.note(format!(
                        "this credential lacks {right}: {} answers were refused, and what they would show is not determined (the first: {first}: {why})",
                        all.refused.len()
                    ));
                }
                refused => refused.iter().for_each(|(document, why)| {
                    trail.problem(document, format!("{why}; give the credential the right to read this ({right})"));
                }),
            }
        }
    }
}

/// An answer without a body says something by its status; an object of no bytes would say nothing.
fn no_content(trail: &mut Trail, ask: &Ask, answer: &Answer) -> Result<(), Halt> {
    let kept = trail.put(&ask.name, b"{\"status\":204}".to_vec())?;
    trail.page(Page {
        name: ask.name.clone(),
        object: kept.object,
        bytes: kept.bytes,
        modified_at: None,
        items: None,
        request_id: answer.header("x-github-request-id").map(str::to_owned),
        http_status: Some(204),
        cursor_in: None,
        cursor_out: None,
        attempts: Some(answer.attempts),
        etag: None,
        facts_only: false,
    });
    Ok(())
}
