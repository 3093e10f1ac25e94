//! Lists of the Platform API, which come in ranges: 206 and `Next-Range` until there is none.

use http::StatusCode;
use http::header::{ETAG, RANGE};
use serde_json::Value;

use super::super::piece::{Shape as Piece, text};
use super::client::{Client, Host};
use crate::net::lists::List;
use crate::net::{Halt, Shape};

/// The first range of a list, with the longest page that Heroku gives.
const FIRST: &str = "id ..; max=1000;";

/// What was read of a list.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) items: Vec<Value>,
    pub(super) pages: usize,
    /// To its end, and without fault.
    pub(super) whole: bool,
}

impl Client<'_> {
    /// Reads a list to its end. A list that is not whole is told.
    pub(super) async fn list(&mut self, path: &str, piece: Piece) -> Result<Listed, Halt> {
        self.ranges(path, piece, None).await
    }

    /// The names that an app outside of the selection has for its databases; true where all are read. It may well be
    /// hidden from this token, which is no fault: the databases that are used here tell their own names.
    pub(super) async fn names_of(&mut self, app: &str) -> Result<bool, Halt> {
        let note = format!(
            "{app} owns a database that is used here, and its other names are not to be seen with this token: transfers of other databases of it stay under the names that Heroku prints"
        );
        Ok(self.ranges(&format!("apps/{app}/addon-attachments"), Piece::Attachment, Some(&note)).await?.whole)
    }

    /// `hidden`: what to note in place of a problem where the list is refused.
    async fn ranges(&mut self, path: &str, piece: Piece, hidden: Option<&str>) -> Result<Listed, Halt> {
        let mut out = Listed::default();
        let mut list = List::new();
        let mut cursor: Option<String> = None;
        let mut sound = true;
        loop {
            let page = format!("{path}/page-{:04}", out.pages + 1);
            let mut ask = self.question(Host::Platform, path, Shape::List);
            ask.name = format!("{page}.json");
            let ask = ask.header(RANGE, cursor.as_deref().unwrap_or(FIRST)).after(cursor.clone());
            let Some(mut answer) = self.ask(Host::Platform, &ask).await? else { return Ok(out) };
            if let (Some(note), 403 | 404) = (hidden, answer.status.as_u16()) {
                self.trail.note(note);
                return Ok(out);
            }
            if !self.good(Host::Platform, &ask, &answer)? {
                return Ok(out);
            }
            // The name of a page's state does not say whether another page has come behind it, so none is kept: the
            // next collection asks for the page itself.
            answer.headers.remove(ETAG);
            let items = answer.items();
            sound &= self.recognised(&ask.name, items, piece);
            if items.is_empty() && ask.cursor.is_some() {
                self.trail.problem(&ask.name, "the page before promised more, and there is nothing: the list changed while it was read; collect again");
                sound = false;
            }
            for item in items {
                list.item(text(item, "id").unwrap_or_default());
            }
            let next = answer.header("next-range").map(str::to_owned);
            let last = items.last().and_then(|item| text(item, "id"));
            self.trail.keep(&ask, &answer, Some(items.len() as u64), next.as_deref())?;
            out.items.extend_from_slice(items);
            out.pages += 1;
            let broken = match next {
                None if answer.status == StatusCode::PARTIAL_CONTENT => {
                    Err("the answer is a part of the list (206) and does not say how it goes on: the rest is not read"
                        .to_owned())
                }
                None => break,
                Some(next) if last.is_none() || after(&next) != last.as_deref() => Err(format!(
                    "the list goes on at {next:?}, which is not where this page ends ({}): what lies between may be missing",
                    last.as_deref().unwrap_or("it is empty")
                )),
                Some(_) if out.pages >= self.trail.context.limits.pages => {
                    Err(format!("the list has more than {} pages: the rest is not read", out.pages))
                }
                Some(next) => list.follow(&next).map(|()| next),
            };
            match broken {
                Ok(next) => cursor = Some(next),
                Err(why) => {
                    self.trail.problem(&ask.name, why);
                    return Ok(out);
                }
            }
        }
        if let Some(fault) = list.fault(None) {
            self.trail.problem(path, fault);
            sound = false;
        }
        out.whole = sound;
        self.lists += u64::from(sound);
        Ok(out)
    }
}

/// The id behind which `id ]<id>..; max=200` goes on.
fn after(range: &str) -> Option<&str> {
    let (field, rest) = range.trim().split_once(' ')?;
    let (first, _) = rest.trim().split_once("..")?;
    (field == "id").then(|| first.trim_start_matches(']'))
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn a_range_goes_on_behind_an_id() {
        assert_eq!(after("id ]01-ab..; max=1000"), Some("01-ab"));
        assert_eq!(after("id 01-ab..; max=1000"), Some("01-ab"));
        for other in ["name ]acme..; max=1000", "id", "", "id ]01-ab"] {
            assert_eq!(after(other), None, "{other}");
        }
    }
}
