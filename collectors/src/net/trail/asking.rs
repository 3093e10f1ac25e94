//! Asks until there is an answer that the service means, or until it is clear that there will be none.

use std::time::Duration;

use http::header::{DATE, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use model::evidence::Page;
use serde_json::Value;
use tokio::time::timeout;

use super::{Halt, Trail, stopped};
use crate::net::manners::{self, Verdict};
use crate::net::transport::{Ask, Body, Transport, TransportError, origin};

/// Most redirects that one question follows.
const REDIRECTS: u32 = 5;

/// Most characters of what a server says about an error.
const SAID: usize = 160;

/// Bytes of an answer in other forms among which they are looked for.
const HEAD: usize = 16 << 10;

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
    said: String,
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

    /// What the server says about an error: without secrets, on one line and short.
    #[must_use]
    pub fn message(&self) -> &str {
        if self.said.is_empty() || self.said.starts_with('<') { "no reason given" } else { &self.said }
    }
}

enum Attempt {
    Answer(Box<Answer>),
    /// May pass.
    Broken(String),
    /// Will not.
    Refused(String),
}

impl Trail {
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
                                    self.clean(&path_of(&url))
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
        let mut answer = Answer {
            status: head.status,
            headers: head.headers,
            body,
            value: None,
            attempts,
            unchanged: None,
            said: String::new(),
        };
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
        answer.said = self.said(&answer);
        Ok(Attempt::Answer(Box::new(answer)))
    }

    /// See [`Answer::message`].
    fn said(&self, answer: &Answer) -> String {
        let told = answer.value.as_ref().and_then(|v| v.get("message").or_else(|| v.get("Message")));
        match told.and_then(Value::as_str) {
            Some(told) => self.quote(told, SAID),
            None => self.quote(&String::from_utf8_lossy(answer.body.get(..HEAD).unwrap_or(&answer.body)), SAID),
        }
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
