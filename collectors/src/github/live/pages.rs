//! Lists of REST, page by page along `Link: rel="next"`.
//!
//! GitHub cuts its lists by position: an item that vanishes while they are read moves another one before the cut. What
//! shows that a list is whole: no item came twice, the server's own count agrees where it gives one, no page was skipped,
//! and a last page that is full has nothing behind it. Lists of several pages without a count are read a second time,
//! where the caller asks for it.

use std::collections::BTreeMap;

use http::header::LINK;
use serde_json::Value;

use super::super::piece::text;
use super::session::Session;
use super::settings::same_server;
use crate::net::lists::List;
use crate::net::{Answer, Ask, Halt, Shape, Trail};

/// Most items of a page.
pub(super) const PER_PAGE: usize = 100;

/// A list to read.
pub(super) struct Wanted<'a> {
    /// What it is, for the proof of its end.
    pub(super) what: &'static str,
    /// Folder of its pages.
    pub(super) folder: String,
    /// Address of its first page.
    pub(super) url: String,
    /// Key under which an object holds the items; none for a bare list.
    pub(super) key: Option<&'static str>,
    /// Key by which items differ, where they have one.
    pub(super) id: Option<&'static str>,
    /// True for an item behind which nothing is wanted: the list is in order of time.
    pub(super) until: Option<&'a (dyn Fn(&Value) -> bool + Send + Sync)>,
    /// The list is read twice where it has several pages.
    pub(super) twice: bool,
}

/// What came of a list.
pub(super) enum Listed {
    /// Its items; `whole` where nothing is missing. What is missing is told.
    Items { items: Vec<Value>, whole: bool },
    /// The first page was refused. Nothing is told: the caller knows what it means.
    Refused(Box<Ask>, Box<Answer>),
    /// No answer could be had; that is told.
    Lost,
}

/// Reads a list and keeps its pages.
///
/// # Errors
/// Those of [`Session::ask`] and of the store.
pub(super) async fn read(session: &mut Session, trail: &mut Trail, wanted: &Wanted<'_>) -> Result<Listed, Halt> {
    let shape = match wanted.key {
        // A fixed set, because a shape's keys are.
        Some("workflow_runs") => Shape::Object(&["workflow_runs"]),
        Some("workflows") => Shape::Object(&["workflows"]),
        _ => Shape::List,
    };
    let (mut url, mut cursor) = (wanted.url.clone(), None);
    let (mut list, mut items, mut page) = (List::new(), Vec::new(), 0_usize);
    let mut ids: BTreeMap<usize, (String, Vec<String>)> = BTreeMap::new();
    let before = trail.problems();
    let (total, stopped) = loop {
        page += 1;
        let ask = Ask::get(format!("{}/page-{page:04}.json", wanted.folder), url.clone(), shape).after(cursor.clone());
        let Some(answer) = session.ask(trail, &ask).await? else {
            return Ok(if page == 1 { Listed::Lost } else { Listed::Items { items, whole: false } });
        };
        if !answer.is_good() {
            if page == 1 {
                return Ok(Listed::Refused(Box::new(ask), Box::new(answer)));
            }
            trail.good(&ask, &answer);
            return Ok(Listed::Items { items, whole: false });
        }
        let value = answer.value.as_ref();
        let part = match wanted.key {
            Some(key) => value.and_then(|v| v.get(key)).and_then(Value::as_array).cloned(),
            None => Some(answer.items().to_vec()),
        };
        let Some(part) = part else {
            trail.problem(&ask.name, "the answer holds no list where one was expected; collect again");
            return Ok(Listed::Items { items, whole: false });
        };
        let next = next(&url, &answer);
        trail.keep(&ask, &answer, Some(part.len() as u64), next.as_deref())?;
        let own = ids_of(&part, wanted.id);
        for id in &own {
            list.item(id.clone());
        }
        ids.insert(page, (url.clone(), own));
        let total = value.and_then(|v| v.get("total_count")).and_then(Value::as_u64);
        let stopped = wanted.until.is_some_and(|until| part.iter().any(until));
        if part.is_empty() && (page > 1 || next.is_some()) {
            trail.problem(
                &ask.name,
                "the page is empty, and the list goes on or led here: its items are missing; collect again",
            );
        }
        let full = part.len() >= PER_PAGE;
        items.extend(part);
        match next {
            _ if stopped => break (total, true),
            Some(next) => match follow(session.base(), &mut list, page, &next, trail.context.limits.pages) {
                Ok(()) => (url, cursor) = (next.clone(), Some(next)),
                Err(why) => {
                    trail.problem(&ask.name, why);
                    break (total, false);
                }
            },
            None if full => {
                probe(session, trail, &ask, &url, shape, wanted.key, page).await?;
                break (total, false);
            }
            None => break (total, false),
        }
    };
    if let Some(fault) = list.fault(total.filter(|_| !stopped)) {
        trail.problem(&wanted.folder, fault);
    }
    if wanted.twice && page > 1 {
        again(session, trail, wanted, &ids, shape).await?;
    }
    let whole = trail.problems() == before;
    if whole {
        session.ended(wanted.what, page as u64, items.len() as u64);
    }
    Ok(Listed::Items { items, whole })
}

fn ids_of(items: &[Value], key: Option<&str>) -> Vec<String> {
    key.into_iter().flat_map(|key| items.iter().map(|i| text(i, key).unwrap_or_default())).collect()
}

/// Where the next page is: as the answer says, or, where it is unchanged and says nothing, as it said before.
fn next(url: &str, answer: &Answer) -> Option<String> {
    let links = answer.headers.get_all(LINK);
    let told = links.iter().filter_map(|l| l.to_str().ok()).find_map(next_link);
    let told = told.or_else(|| {
        let page = answer.unchanged.as_ref()?;
        page.cursor_out.clone().filter(|_| !answer.headers.contains_key(LINK))
    })?;
    // A link may be relative to the page.
    Some(reqwest::Url::parse(url).ok().and_then(|u| u.join(&told).ok()).map_or(told, String::from))
}

/// The address of `rel="next"` in a `Link` header.
fn next_link(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (url, after) = after.split_once('>')?;
        let (parameters, more) =
            after.split_once(",<").or_else(|| after.split_once(", <")).map_or((after, ""), |(p, m)| (p, m));
        let is_next = parameters.split(';').filter_map(|p| p.trim().split_once('=')).any(|(name, value)| {
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').split(' ').any(|word| word.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(url.trim().to_owned());
        }
        if more.is_empty() {
            return None;
        }
        rest = after.get(after.len() - more.len() - 1..)?;
    }
    None
}

/// Checks a link before it is followed.
fn follow(base: &str, list: &mut List, page: usize, next: &str, most: usize) -> Result<(), String> {
    if !same_server(base, next) {
        return Err(
            "the next page is said to be on another server, which is never asked: the list is cut here".to_owned()
        );
    }
    list.follow(next)?;
    if page >= most {
        return Err(format!("the list has more than {most} pages; nothing that long is expected here"));
    }
    match page_of(next) {
        Some(number) if number != page as u64 + 1 => Err(format!(
            "the list leads from page {page} to page {number}: what stands between is missing; collect again"
        )),
        _ => Ok(()),
    }
}

/// `3` of `…?per_page=100&page=3`.
fn page_of(url: &str) -> Option<u64> {
    let url = reqwest::Url::parse(url).ok()?;
    url.query_pairs().find(|(name, _)| name == "page").and_then(|(_, n)| n.parse().ok())
}

/// A last page that is full may lack its link: the page behind it must be empty.
async fn probe(
    session: &mut Session,
    trail: &mut Trail,
    last: &Ask,
    url: &str,
    shape: Shape,
    key: Option<&str>,
    page: usize,
) -> Result<(), Halt> {
    let Ok(mut behind) = reqwest::Url::parse(url) else { return Ok(()) };
    let others: Vec<(String, String)> =
        behind.query_pairs().filter(|(n, _)| n != "page").map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
    behind.query_pairs_mut().clear().extend_pairs(others).append_pair("page", &(page + 1).to_string());
    let ask = Ask::get(format!("{}#behind", last.name), behind, shape);
    let Some(answer) = session.ask(trail, &ask).await? else { return Ok(()) };
    let items = match key {
        Some(key) => {
            answer.value.as_ref().and_then(|v| v.get(key)).and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
        }
        None => answer.items(),
    };
    if !trail.good(&ask, &answer) || items.is_empty() {
        return Ok(());
    }
    trail.problem(
        &last.name,
        "the page names no next one, and yet there is one: the list is cut here; is a proxy in between?",
    );
    Ok(())
}

/// Reads all pages but the last again: what moved before a cut while the list was read is seen now.
async fn again(
    session: &mut Session,
    trail: &mut Trail,
    wanted: &Wanted<'_>,
    ids: &BTreeMap<usize, (String, Vec<String>)>,
    shape: Shape,
) -> Result<(), Halt> {
    for (page, (url, own)) in ids.iter().take(ids.len().saturating_sub(1)) {
        let ask = Ask::get(format!("{}/page-{page:04}.json", wanted.folder), url.clone(), shape);
        let Some(answer) = session.ask(trail, &ask).await? else { return Ok(()) };
        if !trail.good(&ask, &answer) {
            return Ok(());
        }
        if ids_of(answer.items(), wanted.id) != *own {
            trail.problem(&ask.name, "the list changed while it was read: items may have been skipped; collect again");
            return Ok(());
        }
    }
    Ok(())
}

/// A part of a path: everything but letters, digits, `-._~` and what `keep` names is encoded.
pub(super) fn encode(text: &str, keep: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        let link = "<https://h/x?labels=a,b&page=1>; rel=\"prev\", <https://h/x?labels=a,b&page=3>; rel=\"next\"";
        assert_eq!(next_link(link).as_deref(), Some("https://h/x?labels=a,b&page=3"));
        assert_eq!(next_link("<https://h/x?page=2>;rel=next").as_deref(), Some("https://h/x?page=2"));
        assert_eq!(next_link("<https://h/1>; rel=\"first\", <https://h/9>; rel=\"last\""), None);
        for odd in ["", "<", "<a", ">", "<a>", "rel=\"next\"", ",<,<>"] {
            assert_eq!(next_link(odd), None, "{odd}");
        }
    }

    #[test]
    fn pages_follow_one_another_on_one_server() {
        let base = "https://api.github.com";
        let mut list = List::new();
        assert!(follow(base, &mut list, 1, "https://api.github.com/repositories/1/issues?page=2", 9).is_ok());
        assert!(follow(base, &mut list, 1, "https://api.github.com/repositories/1/issues?page=2", 9).is_err());
        assert!(follow(base, &mut list, 2, "https://api.github.com/x?page=4", 9).is_err());
        assert!(follow(base, &mut list, 2, "https://evil.example/x?page=3", 9).is_err());
        assert!(follow(base, &mut list, 9, "https://api.github.com/x?page=10", 9).is_err());
        assert!(follow(base, &mut list, 3, "https://api.github.com/x?after=abc", 9).is_ok());
    }

    #[test]
    fn paths_are_encoded_but_for_their_slashes() {
        assert_eq!(encode("release/1.0 #?%", b"/"), "release/1.0%20%23%3F%25");
        assert_eq!(encode("sev:1/a", b""), "sev%3A1%2Fa");
    }
}
