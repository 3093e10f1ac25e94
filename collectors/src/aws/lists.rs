//! Lists that AWS gives in pages, read to their end.

use std::collections::BTreeMap;
use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::capture::{Capture, asked};
use super::question::Question;
use crate::net::lists::List;
use crate::net::{Halt, Trail};

/// What a page shows.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Names of its items; an item without a name counts as `None`.
    pub ids: Vec<Option<String>>,
    /// Cursor of the next page, if there is one.
    pub next: Option<String>,
}

impl Seen {
    /// From items and the page's cursor.
    pub(crate) fn new<'i, T: 'i>(
        items: impl IntoIterator<Item = &'i T>,
        id: impl Fn(&T) -> Option<String>,
        next: Option<&str>,
    ) -> Self {
        Self { ids: items.into_iter().map(id).collect(), next: next.map(str::to_owned) }
    }
}

/// Lists of one run, for the proof of their ends: lists of the same call (one a vault) are told together.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    ended: BTreeMap<(String, String, &'static str), (usize, usize, u64)>,
}

impl Lists {
    /// No list yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Reads a list from its first page to its end; `see` looks at each page. Answers how many items it has, or `None`
    /// where it is not whole: the problem is told.
    ///
    /// # Errors
    /// [`Halt`].
    pub(crate) async fn read<O, E, F>(
        &mut self,
        trail: &mut Trail,
        first: Question,
        mut send: impl FnMut(Option<String>, Capture) -> F + Send,
        mut see: impl FnMut(&O) -> Seen + Send,
    ) -> Result<Option<u64>, Halt>
    where
        O: Send,
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut list = List::new();
        let mut question = first;
        let mut items = 0_u64;
        let whole = loop {
            let cursor = question.cursor.clone();
            let Some((output, raw)) = asked(trail, &question, |capture| send(cursor.clone(), capture)).await? else {
                break false;
            };
            let seen = see(&output);
            let next = seen.next.filter(|next| !next.is_empty());
            let count = seen.ids.len() as u64;
            items += count;
            raw.keep(trail, &question, Some(count), next.as_deref())?;
            for id in seen.ids {
                match id {
                    Some(id) => {
                        list.item(id);
                    }
                    None => {
                        trail.problem(&question.name(raw.form()), "an item without a name: it cannot be told apart")
                    }
                }
            }
            let Some(next) = next else { break true };
            let fault = match list.follow(&next) {
                Ok(()) if question.page >= trail.context.limits.pages => {
                    Err(format!("the list has more than {} pages; no list that long is expected", question.page))
                }
                followed => followed,
            };
            if let Err(why) = fault {
                trail.problem(&question.name(raw.form()), why);
                break false;
            }
            question = question.after(&next);
        };
        let fault = if whole { list.fault(None) } else { None };
        if let Some(why) = &fault {
            trail.problem(&question.place(), why.as_str());
        }
        if !whole || fault.is_some() {
            return Ok(None);
        }
        let key = (question.account.clone(), question.region.clone(), question.operation);
        let ended = self.ended.entry(key).or_default();
        *ended = (ended.0 + 1, ended.1 + question.page, ended.2 + items);
        Ok(Some(items))
    }

    /// Tells how the lists ended.
    pub(crate) fn tell(self, trail: &mut Trail) {
        for ((account, region, operation), (lists, pages, items)) in self.ended {
            let plural = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
            let of = if lists == 1 { String::new() } else { format!("{}, ", plural(lists, "list")) };
            trail.ended(format!(
                "{operation} in {region} of account {account}: {of}{}, {}, no next page named at the end",
                plural(pages, "page"),
                plural(usize::try_from(items).unwrap_or(usize::MAX), "item")
            ));
        }
    }
}
