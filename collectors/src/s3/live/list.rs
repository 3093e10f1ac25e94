//! Lists, page by page, and what is wrong with them.
//!
//! A list is whole where its last page says that nothing follows, and nothing on the way contradicts that: a cursor
//! without a next page or the other way round, a cursor that leads back, a count that is not that of the entries, keys
//! that come twice or lie outside of what was asked for. AWS lists keys in the order of their bytes, so a key out of order
//! is a fault there; other servers list folder by folder, which is told.

use aws_sdk_s3::types::EncodingType;
use chrono::SubsecRound;

use super::Place;
use crate::aws::capture::{Raw, Told, told};
use crate::aws::question::Question;
use crate::net::lists::List;
use crate::net::{Halt, Trail};
use crate::s3::page::{self, Order, Page};

/// Most pages of one list: ten million keys. What is larger has an inventory.
const PAGES: usize = 10_000;

/// What to list.
#[derive(Debug, Clone, Copy)]
pub(in crate::s3) struct Asked<'a> {
    /// Beginning of all keys.
    pub prefix: &'a str,
    /// All versions, not the current ones only.
    pub versions: bool,
    /// Only what lies in the folder itself, and its folders.
    pub folders: bool,
    /// Pages are evidence.
    pub keep: bool,
    /// How the list ended is part of what the source proves.
    pub tell: bool,
}

/// Gets each page.
pub(in crate::s3) type Each<'e> = &'e mut (dyn FnMut(Page) + Send);

/// Lists; true where the list is whole. What is wrong with it is told.
///
/// # Errors
/// [`Halt::Stopped`], [`Halt::Store`], and [`Halt::Over`] where the credentials are good for nothing.
pub(in crate::s3) async fn list(
    trail: &mut Trail,
    place: &Place,
    asked: Asked<'_>,
    each: Each<'_>,
) -> Result<bool, Halt> {
    let operation = if asked.versions { "list-object-versions" } else { "list-objects-v2" };
    let mut question = place.question(operation).holding("IsTruncated");
    if !asked.prefix.is_empty() {
        question = question.with("prefix", asked.prefix);
    }
    if asked.folders {
        question = question.with("delimiter", "/");
    }
    let what = format!("s3://{}/{}", place.bucket, asked.prefix);
    let name = question.name("xml");
    let mut reading = Reading { order: Order::default(), cursors: List::new(), faults: Vec::new() };
    let mut cursor = (String::new(), String::new());
    loop {
        let Some(raw) = ask(trail, place, &question, asked, &cursor).await? else { return Ok(false) };
        let at = trail.now().trunc_subsecs(0);
        let page = match page::read(&raw.body) {
            Ok(page) => page,
            Err(why) => {
                raw.keep(trail, &question, None, None)?;
                trail.problem(&question.name("xml"), format!("{what}: unreadable list: {why}; collect again"));
                return Ok(false);
            }
        };
        let next = reading.page(place, asked, &page);
        let cursor_out = next.as_ref().map(|(key, version)| format!("{key} {version}").trim_end().to_owned());
        if asked.keep {
            raw.keep_at(trail, &question, page.entries.len() as u64, cursor_out.as_deref(), at)?;
        }
        each(page);
        let (Some(after), Some(shown)) = (next, cursor_out) else { break };
        let most = trail.context.limits.pages.min(PAGES);
        if question.page >= most {
            reading.faults.push(format!("more than {most} pages: name prefixes, or read S3 Inventory (`inventory`)"));
            break;
        }
        question = question.after(&shown);
        cursor = after;
    }
    let Reading { order, mut faults, .. } = reading;
    if order.repeated > 0 {
        faults.push(format!(
            "{} keys came twice: the list changed while it was read, and others may have been skipped; collect again",
            order.repeated
        ));
    }
    if order.disordered > 0 {
        let text = format!("{} keys came out of the order of their bytes", order.disordered);
        match place.scope.own_address() {
            true => trail
                .note(format!("{what}: {text}, as this server lists them; that none was skipped rests on its word")),
            false => faults.push(format!("{text}: others may have been skipped; collect again")),
        }
    }
    for fault in &faults {
        trail.problem(&name, format!("{what}: {fault}"));
    }
    if faults.is_empty() && asked.tell {
        let plural = |n: u64, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
        let pages = plural(question.page as u64, "page");
        let entries = plural(order.entries, if asked.versions { "version" } else { "object" });
        trail.ended(format!("{what}: {pages}, {entries}; the last answer says that nothing follows"));
    }
    Ok(faults.is_empty())
}

async fn ask(
    trail: &mut Trail,
    place: &Place,
    question: &Question,
    asked: Asked<'_>,
    (key, version): &(String, String),
) -> Result<Option<Raw>, Halt> {
    let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
    let (prefix, delimiter) = (some(asked.prefix), asked.folders.then(|| "/".to_owned()));
    // Without it a key with a control character would make a page that no reader of XML takes.
    let encoding = EncodingType::Url;
    let told = if asked.versions {
        let told = told(trail, question, |capture| {
            let ask = place.client.list_object_versions().bucket(&place.bucket).encoding_type(encoding.clone());
            let ask = ask.set_prefix(prefix.clone()).set_delimiter(delimiter.clone());
            let ask = ask.set_key_marker(some(key)).set_version_id_marker(some(version));
            ask.set_expected_bucket_owner(place.owner.clone()).customize().interceptor(capture).send()
        });
        told.await?.map(|_| ())
    } else {
        let told = told(trail, question, |capture| {
            let ask = place.client.list_objects_v2().bucket(&place.bucket).encoding_type(encoding.clone());
            let ask = ask.set_prefix(prefix.clone()).set_delimiter(delimiter.clone()).set_continuation_token(some(key));
            ask.set_expected_bucket_owner(place.owner.clone()).customize().interceptor(capture).send()
        });
        told.await?.map(|_| ())
    };
    match told {
        Told::Answer((), raw) => Ok(Some(raw)),
        Told::Refused(refusal) => {
            refusal.report(trail, question)?;
            if refusal.ends_all() { Err(Halt::Over) } else { Ok(None) }
        }
        Told::Nothing => Ok(None),
    }
}

struct Reading {
    order: Order,
    cursors: List,
    faults: Vec<String>,
}

impl Reading {
    /// Notes a page; answers the cursor of the next one.
    fn page(&mut self, place: &Place, asked: Asked<'_>, page: &Page) -> Option<(String, String)> {
        self.faults.extend(page.contradictions(&place.bucket, asked.prefix));
        for entry in &page.entries {
            self.order.take(entry);
        }
        let (key, version) = page.follows()?;
        match self.cursors.follow(&format!("{key}\n{version}")) {
            Ok(()) => Some(page.next.clone()),
            Err(why) => {
                self.faults.push(why);
                None
            }
        }
    }
}
