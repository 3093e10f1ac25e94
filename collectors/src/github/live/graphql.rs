//! Many repositories an answer, by GraphQL.
//!
//! Its errors come with status 200. One whose path leads through a part of the query means that this part is not served
//! here, or not to this credential: it is left out from then on, and REST is asked for it. Any other error is tried
//! again, then with fewer repositories at once (large queries time out at GitHub's end), and at last GraphQL is given up
//! and REST asked for everything.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use super::super::piece::text;
use super::query::Parts;
use super::session::Session;
use super::settings::Settings;
use crate::net::lists::List;
use crate::net::{Answer, Ask, Halt, Shape, Trail, manners};

/// Repositories an answer: a thousand take 25 questions, and GitHub's limit for the nodes of an answer is far.
const BATCH: usize = 40;
/// Fewest before GraphQL is given up.
const SMALLEST: usize = 5;
/// Attempts at one batch that comes back with errors.
const ATTEMPTS: u32 = 3;

/// What GraphQL told of a repository that decides what else is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) branch: Option<String>,
    pub(super) archived: bool,
    /// Protection rules of branches were to be seen, all of them.
    pub(super) protection: bool,
    /// Rules that hold for the default branch, all of them.
    pub(super) rules: bool,
    /// Rulesets, all of them.
    pub(super) rulesets: bool,
    pub(super) has_issues: Option<bool>,
    /// Files of workflows on the default branch.
    pub(super) workflows: Option<Vec<String>>,
    /// Labels that exist.
    pub(super) labels: Option<Vec<String>>,
}

/// Repositories by `owner/name`.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    pub(super) nodes: BTreeMap<String, Node>,
    /// The list was read to its end, and its count agrees.
    pub(super) whole: bool,
}

/// Asks for all of them. `None` where GraphQL cannot be had; whoever reads the manifest is told why.
///
/// # Errors
/// Those of [`Session::ask`] and of the store.
pub(super) async fn ask(session: &mut Session, settings: &Settings, trail: &mut Trail) -> Result<Option<Fleet>, Halt> {
    let mut reader = Reader { session, settings, parts: Parts::all(), size: BATCH, page: 0 };
    match (&settings.exact, &settings.organization) {
        (Some(names), _) => reader.named(trail, names).await,
        (None, Some(organization)) => reader.listed(trail, organization).await,
        (None, None) => Ok(None),
    }
}

struct Reader<'a> {
    session: &'a mut Session,
    settings: &'a Settings,
    parts: Parts,
    size: usize,
    page: usize,
}

/// What came of one batch.
enum Batch {
    Data(Box<Ask>, Box<Answer>, Value),
    /// Nobody answers GraphQL here, or never without errors; that is told.
    Unavailable,
    /// Too large, it seems: a smaller one may do.
    Smaller,
}

impl Reader<'_> {
    async fn listed(&mut self, trail: &mut Trail, organization: &str) -> Result<Option<Fleet>, Halt> {
        let mut fleet = Fleet::default();
        let (mut list, mut after) = (List::new(), None::<String>);
        loop {
            let question = |parts: &Parts, size: usize| parts.page(organization, size, after.as_deref());
            let (ask, answer, data) = match self.batch(trail, &question).await? {
                Batch::Data(ask, answer, data) => ((*ask).after(after.clone()), answer, data),
                Batch::Smaller => continue,
                Batch::Unavailable => return Ok((!fleet.nodes.is_empty()).then_some(fleet)),
            };
            let Some(repositories) = data.pointer("/organization/repositories") else {
                trail.note(format!("GraphQL knows no organisation {organization}: REST is asked for everything"));
                return Ok(None);
            };
            let nodes = repositories.get("nodes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let next = repositories.pointer("/pageInfo/endCursor").and_then(Value::as_str);
            let more = repositories.pointer("/pageInfo/hasNextPage").and_then(Value::as_bool);
            let next = next.filter(|_| more != Some(false));
            trail.keep(&ask, &answer, Some(nodes.len() as u64), next)?;
            for node in nodes {
                if let Some((name, node)) = read(node) {
                    list.item(name.clone());
                    fleet.nodes.insert(name, node);
                }
            }
            match (more, next) {
                (Some(false), _) => {
                    let total = repositories.get("totalCount").and_then(Value::as_u64);
                    match list.fault(total) {
                        Some(fault) => trail.problem(&ask.name, fault),
                        None => {
                            fleet.whole = total.is_some();
                            self.session.ended("repositories (GraphQL)", self.page as u64, list.len() as u64);
                        }
                    }
                    return Ok(Some(fleet));
                }
                (Some(true), Some(next)) => {
                    if let Err(why) = list.follow(next) {
                        trail.problem(&ask.name, why);
                        return Ok(Some(fleet));
                    }
                    after = Some(next.to_owned());
                }
                _ => {
                    trail.problem(
                        &ask.name,
                        "the answer does not say whether repositories follow, or where; collect again",
                    );
                    return Ok(Some(fleet));
                }
            }
            if self.page >= trail.context.limits.pages {
                trail.problem(&ask.name, "the list of repositories has no end in sight; it is cut here");
                return Ok(Some(fleet));
            }
        }
    }

    async fn named(&mut self, trail: &mut Trail, names: &[(String, String)]) -> Result<Option<Fleet>, Halt> {
        let mut fleet = Fleet::default();
        let mut left = names;
        while !left.is_empty() {
            let question = |parts: &Parts, size: usize| parts.named(left.get(..size).unwrap_or(left));
            let asked = self.size.min(left.len());
            let (ask, answer, data) = match self.batch(trail, &question).await? {
                Batch::Data(ask, answer, data) => (ask, answer, data),
                Batch::Smaller => continue,
                Batch::Unavailable => return Ok((!fleet.nodes.is_empty()).then_some(fleet)),
            };
            let nodes = data.as_object().into_iter().flatten();
            fleet.nodes.extend(nodes.filter_map(|(_, node)| read(node)));
            trail.keep(&ask, &answer, Some(asked as u64), None)?;
            left = left.get(asked..).unwrap_or_default();
        }
        Ok(Some(fleet))
    }

    async fn batch(
        &mut self,
        trail: &mut Trail,
        question: &(dyn Fn(&Parts, usize) -> Value + Send + Sync),
    ) -> Result<Batch, Halt> {
        let name = format!("graphql/repositories/page-{:04}.json", self.page + 1);
        let mut attempt = 0;
        loop {
            let mut ask = Ask::get(name.clone(), self.settings.graphql.clone(), Shape::Object(&["data", "errors"]));
            ask.body = Some(Bytes::from(question(&self.parts, self.size).to_string()));
            let Some(answer) = self.session.ask(trail, &ask).await? else { return Ok(Batch::Unavailable) };
            let value = answer.value.clone().unwrap_or_default();
            if !answer.is_good() {
                let (status, message) = (answer.status.as_u16(), answer.message());
                trail.note(format!("GraphQL is not to be had ({status}: {message}): REST is asked for everything"));
                return Ok(Batch::Unavailable);
            }
            let errors = value.get("errors").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let data = value.get("data").filter(|d| d.is_object()).cloned();
            if let (true, Some(data)) = (errors.iter().all(is_absent), data) {
                self.page += 1;
                return Ok(Batch::Data(Box::new(ask), Box::new(answer), data));
            }
            let mut left_out = false;
            for error in errors {
                let path = error.get("path").and_then(Value::as_array).into_iter().flatten();
                let path: Vec<String> = path.map(|s| s.as_str().map_or_else(|| s.to_string(), str::to_owned)).collect();
                if let Some(part) = self.parts.leave_out(&path) {
                    let why = text(error, "message").unwrap_or_default();
                    trail.note(format!("GraphQL does not give {part} here ({why}): REST is asked for it"));
                    left_out = true;
                }
            }
            if left_out {
                continue;
            }
            let why = errors.first().and_then(|e| text(e, "message")).unwrap_or_else(|| "no data".to_owned());
            attempt += 1;
            if attempt < ATTEMPTS {
                let pause = manners::pause(attempt, (trail.context.chance)()).min(trail.patience_left());
                trail.wait(pause, &why).await?;
            } else if self.size > SMALLEST {
                self.size = (self.size / 2).max(SMALLEST);
                trail.note(format!(
                    "GraphQL answers with errors ({why}): {} repositories are asked at once from here on",
                    self.size
                ));
                return Ok(Batch::Smaller);
            } else {
                trail.note(format!("GraphQL answers with errors ({why}): REST is asked for everything"));
                return Ok(Batch::Unavailable);
            }
        }
    }
}

/// An organisation or a repository that is not there: REST is asked for it, and tells.
fn is_absent(error: &Value) -> bool {
    let depth = error.get("path").and_then(Value::as_array).map_or(0, Vec::len);
    depth == 1 && error.get("type").and_then(Value::as_str) == Some("NOT_FOUND")
}

/// What decides what else is asked.
fn read(node: &Value) -> Option<(String, Node)> {
    let name = text(node, "nameWithOwner").filter(|n| super::settings::is_full_name(n))?;
    let flag = |key: &str| node.get(key).and_then(Value::as_bool);
    let all = |pointer: &str| {
        let connection = node.pointer(pointer);
        let shown = connection.and_then(|c| c.get("nodes")).and_then(Value::as_array).map(Vec::len);
        let total = connection.and_then(|c| c.get("totalCount")).and_then(Value::as_u64);
        shown.is_some() && shown.map(|n| n as u64) == total
    };
    let names = |pointer: &str| -> Option<Vec<String>> {
        let items = node.pointer(pointer)?.as_array()?;
        Some(items.iter().filter_map(|i| text(i, "name")).collect())
    };
    let branch = node.pointer("/defaultBranchRef/name").and_then(Value::as_str).map(str::to_owned);
    let rulesets = node.pointer("/rulesets/nodes").and_then(Value::as_array).into_iter().flatten();
    let rules_shown = |set: &Value| {
        let shown = set.pointer("/rules/nodes").and_then(Value::as_array).map_or(0, Vec::len);
        set.pointer("/rules/totalCount").and_then(Value::as_u64).is_none_or(|total| total == shown as u64)
    };
    let node = Node {
        archived: flag("isArchived").unwrap_or_default(),
        // Who may not see the rules gets an empty list: that says nothing.
        protection: all("/branchProtectionRules")
            && (flag("viewerCanAdminister") == Some(true)
                || node.pointer("/branchProtectionRules/totalCount").and_then(Value::as_u64) != Some(0)
                || node.pointer("/visible/refUpdateRule").is_some_and(Value::is_object)),
        rules: branch.is_none() || all("/effective/rules"),
        rulesets: all("/rulesets") && rulesets.into_iter().all(rules_shown),
        has_issues: flag("hasIssuesEnabled"),
        // No folder of workflows is no workflow; a part that was left out says nothing.
        workflows: match node.get("workflows") {
            Some(Value::Null) => Some(Vec::new()),
            _ => names("/workflows/entries"),
        },
        labels: names("/labels/nodes").filter(|_| all("/labels")),
        branch,
    };
    Some((name, node))
}
