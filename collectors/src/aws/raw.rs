//! An answer as it came over the wire, and how it is kept.

use http::HeaderMap;
use model::evidence::Page;
use model::time::Instant;
use serde_json::Value;

use super::question::Question;
use super::xml::{self, Read};
use crate::net::{Halt, Trail};

/// What one attempt brought, before anybody reads it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Raw {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as it came; empty where the caller reads it (downloads).
    pub body: Vec<u8>,
    /// False where the body was not read to its end.
    pub whole: bool,
    /// Attempts that it took.
    pub attempts: u32,
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

    pub(super) fn put(
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

    /// What is wrong with a good answer: the SDK takes XML that is cut, and lists that are not there, for empty ones.
    pub(super) fn fault(&self, question: &Question) -> Option<String> {
        let key = question.holds;
        let found = match self.form() {
            "json" => match serde_json::from_slice::<Value>(&self.body) {
                Ok(value) => value.get(key).is_some_and(|v| !v.is_null()),
                Err(e) => return Some(format!("damaged JSON ({e})")),
            },
            "xml" => match xml::read(&self.body) {
                Ok(Read::Reply(value)) => value.get(key).is_some_and(|v| !v.is_null()),
                Ok(Read::Error { code, .. }) => return Some(format!("it is an error ({code})")),
                Err(e) => return Some(e),
            },
            _ => false,
        };
        (!found && !key.is_empty()).then(|| format!("there is no {key} in it"))
    }
}
