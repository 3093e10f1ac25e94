//! Which repositories there are, and what of their settings GraphQL does not tell.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::piece::text;
use super::graphql::{Fleet, Node};
use super::pages::{self, Listed, PER_PAGE, Wanted, encode};
use super::session::Session;
use super::settings::{Settings, is_full_name};
use crate::net::{Ask, Halt, Shape, Trail};

/// A repository in scope.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    pub(super) full_name: String,
    pub(super) branch: Option<String>,
    pub(super) archived: bool,
    /// Issues are switched on; `None` where nobody tells.
    pub(super) has_issues: Option<bool>,
    /// What GraphQL told, where it did.
    pub(super) node: Option<Node>,
}

/// All repositories in scope, in order of name.
#[derive(Debug)]
pub(super) struct Population {
    pub(super) repositories: Vec<Repository>,
    /// Shown to be all of the organisation's.
    pub(super) whole: bool,
    /// Each is asked for what only REST tells.
    pub(super) full: bool,
}

/// Lists them by REST, and joins what GraphQL told. `known` is the organisation's own count.
///
/// # Errors
/// Those of [`Session::ask`] and of the store.
pub(super) async fn list(
    session: &mut Session,
    settings: &Settings,
    fleet: Option<Fleet>,
    known: Option<u64>,
    trail: &mut Trail,
) -> Result<Population, Halt> {
    let Fleet { mut nodes, whole: agreed } = fleet.unwrap_or_default();
    let mut whole = false;
    let values = match (&settings.exact, &settings.organization) {
        (Some(names), _) => named(session, names, trail).await?,
        (None, Some(organization)) => {
            let listed = listed(session, organization, !agreed, trail).await?;
            let (values, complete) = listed.unwrap_or_default();
            if complete && agreed {
                same(trail, &values, nodes.keys());
            }
            if complete && values.is_empty() {
                let message = format!(
                    "no repository of {organization} is to be seen with this credential; give it access to them"
                );
                trail.problem("repositories", message);
            }
            whole = complete && proven(session, values.len() as u64, known, trail);
            values
        }
        (None, None) => Vec::new(),
    };
    let mut repositories: Vec<Repository> = Vec::new();
    for value in &values {
        let Some(full_name) = text(value, "full_name").filter(|n| is_full_name(n)) else {
            trail.problem("repositories", "a repository has no name of the form owner/name; it is not asked for");
            continue;
        };
        if !settings.wanted.has_repository(&full_name) {
            if settings.exact.is_none() {
                continue;
            }
            session.renamed.push(full_name.clone());
        }
        if repositories.iter().any(|r| r.full_name == full_name) {
            continue;
        }
        let flag = |key: &str| value.get(key).and_then(Value::as_bool);
        let node = nodes.remove(&full_name);
        if node.is_none() && text(value, "default_branch").is_none() {
            trail.problem(&full_name, "the repository names no default branch: what protects it is not asked for");
        }
        repositories.push(Repository {
            branch: node.as_ref().map_or_else(|| text(value, "default_branch"), |n| n.branch.clone()),
            archived: flag("archived").unwrap_or_else(|| node.as_ref().is_some_and(|n| n.archived)),
            has_issues: flag("has_issues").or_else(|| node.as_ref().and_then(|n| n.has_issues)),
            full_name,
            node,
        });
    }
    repositories.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    let full = settings.is_full(repositories.len());
    if !full {
        trail.note(format!(
            "of {} repositories nobody was asked for Dependabot's and code scanning's setup, immutable releases and private reporting, which only REST tells (`detail = \"full\"` asks); workflows were looked for among the files of the default branch",
            repositories.len()
        ));
    }
    Ok(Population { repositories, whole, full })
}

async fn listed(
    session: &mut Session,
    organization: &str,
    twice: bool,
    trail: &mut Trail,
) -> Result<Option<(Vec<Value>, bool)>, Halt> {
    // Oldest first: new ones come at the end and move nothing.
    let path = format!("orgs/{organization}/repos");
    let wanted = Wanted {
        what: "repositories",
        url: session.url(&format!("{path}?type=all&sort=created&direction=asc&per_page={PER_PAGE}")),
        folder: path,
        key: None,
        id: Some("id"),
        until: None,
        twice,
    };
    Ok(match pages::read(session, trail, &wanted).await? {
        Listed::Items { items, whole } => Some((items, whole)),
        Listed::Refused(ask, answer) => {
            trail.good(&ask, &answer);
            None
        }
        Listed::Lost => None,
    })
}

async fn named(session: &mut Session, names: &[(String, String)], trail: &mut Trail) -> Result<Vec<Value>, Halt> {
    let mut out = Vec::new();
    for (owner, name) in names {
        let path = format!("repos/{owner}/{name}");
        let ask = Ask::get(format!("{path}.json"), session.url(&path), Shape::Object(&["full_name"]));
        let Some(answer) = session.ask(trail, &ask).await? else { continue };
        if trail.good(&ask, &answer) {
            trail.keep(&ask, &answer, None, None)?;
            out.extend(answer.value);
        }
    }
    if !names.is_empty() && out.len() == names.len() {
        session.ended("repositories asked by name", names.len() as u64, out.len() as u64);
    }
    Ok(out)
}

/// Two lists of the same repositories, read one after the other, must agree.
fn same<'n>(trail: &mut Trail, values: &[Value], nodes: impl Iterator<Item = &'n String>) {
    let rest: BTreeSet<String> = values.iter().filter_map(|v| text(v, "full_name")).collect();
    let graph: BTreeSet<String> = nodes.cloned().collect();
    let apart: Vec<&str> = rest.symmetric_difference(&graph).map(String::as_str).collect();
    if !apart.is_empty() {
        trail.problem(
            "repositories",
            format!(
                "REST lists {} repositories and GraphQL {}; only one of them shows {}: the list changed while it was read, or is cut; collect again",
                rest.len(),
                graph.len(),
                apart.iter().take(5).copied().collect::<Vec<_>>().join(", ")
            ),
        );
    }
}

/// A credential may see some repositories only, and GitHub lists those as if they were all.
fn proven(session: &Session, listed: u64, known: Option<u64>, trail: &mut Trail) -> bool {
    match (known, session.sees_all) {
        (Some(known), _) if known == listed => true,
        (Some(known), _) => {
            trail.note(format!("the organisation has {known} repositories, of which this credential sees {listed}"));
            false
        }
        (None, Some(true)) => true,
        (None, _) => {
            trail.note(format!(
                "whether the {listed} repositories that this credential sees are all of the organisation's is not determined"
            ));
            false
        }
    }
}

/// Asks each repository for what GraphQL did not tell.
///
/// # Errors
/// Those of [`Session::ask`] and of the store.
pub(super) async fn settings(session: &mut Session, population: &Population, trail: &mut Trail) -> Result<(), Halt> {
    for repository in &population.repositories {
        let path = format!("repos/{}", repository.full_name);
        let node = repository.node.as_ref();
        if let Some(branch) = &repository.branch {
            protection(session, trail, &path, branch, node, population.full).await?;
        }
        if !node.is_some_and(|n| n.rulesets) {
            rulesets(session, trail, &path).await?;
        }
        let mut asked = Vec::new();
        if node.is_none() {
            asked.push(("vulnerability-alerts", "administration=read", Shape::Any));
        }
        // What is archived is read-only: nothing of this works there.
        if population.full && !repository.archived {
            asked.push(("automated-security-fixes", "administration=read", Shape::Object(&["enabled"])));
            asked.push(("private-vulnerability-reporting", "metadata=read", Shape::Object(&["enabled"])));
            asked.push(("immutable-releases", "administration=read", Shape::Object(&["enabled"])));
            asked.push(("code-scanning/default-setup", "administration=read", Shape::Object(&["state"])));
        }
        for (what, right, shape) in asked {
            let ask = Ask::get(format!("{path}/{what}.json"), session.url(&format!("{path}/{what}")), shape);
            session.setting(trail, right, &ask).await?;
        }
    }
    Ok(())
}

async fn protection(
    session: &mut Session,
    trail: &mut Trail,
    path: &str,
    branch: &str,
    node: Option<&Node>,
    full: bool,
) -> Result<(), Halt> {
    let encoded = encode(branch, b"/");
    if node.is_none() || full && !node.is_some_and(|n| n.protection) {
        // Whether the branch is protected at all is shown to everybody who may read.
        let name = format!("{path}/branches/{branch}.json");
        let ask = Ask::get(name, session.url(&format!("{path}/branches/{encoded}")), Shape::Object(&["protected"]));
        if let Some(answer) = session.ask(trail, &ask).await? {
            match answer.status.as_u16() {
                // An empty repository has a default branch by name only.
                404 => {}
                403 => session.refused("contents=read", &ask.name, &answer),
                _ if trail.good(&ask, &answer) => {
                    session.granted("contents=read");
                    trail.keep(&ask, &answer, None, None)?;
                }
                _ => {}
            }
        }
        let name = format!("{path}/branches/{branch}/protection.json");
        let url = session.url(&format!("{path}/branches/{encoded}/protection"));
        session.setting(trail, "administration=read", &Ask::get(name, url, Shape::Object(&[]))).await?;
    }
    if node.is_some_and(|n| n.rules) {
        return Ok(());
    }
    let wanted = Wanted {
        what: "rules of default branches",
        folder: format!("{path}/rules/branches/{branch}"),
        url: session.url(&format!("{path}/rules/branches/{encoded}?per_page={PER_PAGE}")),
        key: None,
        // A rule has no id of its own; a ruleset may hold several of a type.
        id: None,
        until: None,
        twice: false,
    };
    refused(session, trail, &wanted).await.map(|_| ())
}

async fn rulesets(session: &mut Session, trail: &mut Trail, path: &str) -> Result<(), Halt> {
    let wanted = Wanted {
        what: "rulesets",
        folder: format!("{path}/rulesets"),
        url: session.url(&format!("{path}/rulesets?includes_parents=true&per_page={PER_PAGE}")),
        key: None,
        id: Some("id"),
        until: None,
        twice: false,
    };
    for ruleset in refused(session, trail, &wanted).await? {
        let Some(id) = ruleset.get("id").and_then(Value::as_u64) else { continue };
        let name = format!("{path}/rulesets/{id}.json");
        let url = session.url(&format!("{path}/rulesets/{id}?includes_parents=true"));
        let ask = Ask::get(name, url, Shape::Object(&["enforcement"]));
        let Some(answer) = session.ask(trail, &ask).await? else { continue };
        match answer.status.as_u16() {
            403 => session.refused("metadata=read", &ask.name, &answer),
            204 => trail.problem(&ask.name, "the answer is empty where a ruleset was expected; collect again"),
            // It was listed a moment ago.
            _ if trail.good(&ask, &answer) => {
                trail.keep(&ask, &answer, None, None)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads a list of settings that everybody who sees a repository may read.
async fn refused(session: &mut Session, trail: &mut Trail, wanted: &Wanted<'_>) -> Result<Vec<Value>, Halt> {
    match pages::read(session, trail, wanted).await? {
        Listed::Items { items, .. } => {
            session.granted("metadata=read");
            Ok(items)
        }
        Listed::Refused(ask, answer) => {
            let status = answer.status.as_u16();
            if status == 404 || status == 403 && super::super::piece::is_not_offered(answer.message()) {
                trail.keep(&ask, &answer, None, None)?;
            } else if status == 403 {
                session.refused("metadata=read", &ask.name, &answer);
            } else {
                trail.good(&ask, &answer);
            }
            Ok(Vec::new())
        }
        Listed::Lost => Ok(Vec::new()),
    }
}
