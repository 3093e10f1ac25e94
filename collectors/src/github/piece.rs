//! Cuts answers into objects and recognises what each is.

use std::collections::BTreeSet;

use model::time::Instant;
use serde_json::{Map, Value};

use crate::{Batch, Document, Sink, problem};

/// What an object is, told by its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Repository,
    Branch,
    Protection,
    Rule,
    Ruleset,
    SecurityFixes,
    ImmutableReleases,
    DefaultSetup,
    PrivateReporting,
    /// `vulnerability-alerts` answers 204, without a body, where they are on.
    AlertsOn,
    Issue,
    Organization,
    /// A list of members or collaborators without a second factor, as one piece: an empty one tells something.
    NoSecondFactor,
    Workflow,
    WorkflowRun,
    /// The text of a workflow.
    WorkflowFile,
    Migration,
    /// A repository as GraphQL shows it.
    Node,
    /// An organisation as GraphQL shows it.
    OrganizationNode,
    /// An error body in place of a setting.
    NotFound,
}

impl Shape {
    /// True for what tells of an organisation.
    pub(super) fn is_of_organization(self) -> bool {
        matches!(self, Self::Organization | Self::OrganizationNode | Self::NoSecondFactor)
    }

    /// True for what tells of the settings of a repository.
    pub(super) fn is_of_repository(self) -> bool {
        let other = matches!(self, Self::Issue | Self::WorkflowRun | Self::WorkflowFile | Self::Migration);
        !(other || self.is_of_organization())
    }
}

/// One object and where it stands.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) shape: Shape,
    pub(super) document: &'a Document,
    pub(super) pointer: String,
    pub(super) value: Value,
    /// When the answer was given: when the file was written, else when it was collected (UTC).
    pub(super) at: Instant,
}

/// Reads every JSON text of a document.
pub(super) fn read<'a>(batch: &Batch<'_>, document: &'a Document, sink: &mut dyn Sink, out: &mut Vec<Piece<'a>>) {
    let text = match document.text() {
        Ok(text) => text,
        Err(e) => return sink.problem(problem(document, None, format!("cannot be read: {e}; export it again"))),
    };
    let trimmed = text.trim_start();
    let at = document.modified_at().map_or(batch.collected_at, |m| m.min(batch.collected_at));
    if is_workflow_file(document.name()) && !trimmed.starts_with('{') {
        let value = Value::String(text);
        return out.push(Piece { shape: Shape::WorkflowFile, document, pointer: String::new(), value, at });
    }
    if trimmed.is_empty() {
        return sink.problem(problem(document, None, "the file is empty; export it again"));
    }
    if !trimmed.starts_with(['{', '[']) {
        return sink.passed_over(document.name(), "not JSON");
    }
    let (mut values, mut whole) = (Vec::new(), true);
    for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        match value {
            Ok(value) => values.push(value),
            Err(e) => {
                whole = false;
                let place = Some(format!("line {}", e.line()));
                let message = format!("not whole JSON ({e}): what stands before is read; export it again");
                sink.problem(problem(document, place, message));
            }
        }
    }
    let pages = values.len() > 1;
    let before = out.len();
    for (n, value) in values.into_iter().enumerate() {
        // Several texts are pointed into as if they were elements of one list.
        let pointer = if pages { format!("/{n}") } else { String::new() };
        whole &= walk(document, pointer, value, at, sink, out);
    }
    if whole && out.len() == before {
        sink.passed_over(document.name(), "no repository, setting of one, workflow, or issue");
    }
}

/// True where no problem was told.
fn walk<'a>(
    document: &'a Document,
    pointer: String,
    value: Value,
    at: Instant,
    sink: &mut dyn Sink,
    out: &mut Vec<Piece<'a>>,
) -> bool {
    let mut quiet = true;
    let (items, pointer) = match value {
        Value::Array(items) if document.name().contains("2fa_disabled") => {
            let value = Value::Array(items);
            out.push(Piece { shape: Shape::NoSecondFactor, document, pointer, value, at });
            return true;
        }
        Value::Array(items) => (items, pointer),
        Value::Object(fields) if fields.get("data").is_some_and(|d| d.is_object() || d.is_null()) => {
            return nodes(document, &pointer, fields, at, sink, out);
        }
        Value::Object(mut fields) if fields.contains_key("total_count") || fields.contains_key("items") => {
            if fields.get("incomplete_results").and_then(Value::as_bool) == Some(true) {
                let message = "the search ran out of time and its result is not whole; search a shorter range";
                sink.problem(problem(document, Some(format!("{pointer}/incomplete_results")), message));
                quiet = false;
            }
            let lists = ["items", "repositories", "workflow_runs", "workflows"];
            let key = lists.into_iter().find(|k| fields.contains_key(*k)).unwrap_or_default();
            match fields.remove(key) {
                Some(Value::Array(items)) => (items, format!("{pointer}/{key}")),
                _ => return quiet,
            }
        }
        Value::Object(fields) => return object(document, pointer, Value::Object(fields), at, sink, out),
        _ => return true,
    };
    for (n, item) in items.into_iter().enumerate() {
        quiet &= walk(document, format!("{pointer}/{n}"), item, at, sink, out);
    }
    quiet
}

fn object<'a>(
    document: &'a Document,
    pointer: String,
    value: Value,
    at: Instant,
    sink: &mut dyn Sink,
    out: &mut Vec<Piece<'a>>,
) -> bool {
    let told = is_not_found(&value) || text(&value, "message").is_some_and(|m| is_not_offered(&m));
    let shape =
        shape(&value, document.name()).or_else(|| (told && is_setting(document.name())).then_some(Shape::NotFound));
    match (shape, text(&value, "message")) {
        (Some(shape), _) => out.push(Piece { shape, document, pointer, value, at }),
        (None, Some(message)) if value.get("documentation_url").is_some() || value.get("status").is_some() => {
            let status = text(&value, "status").map(|s| format!(" {s}")).unwrap_or_default();
            let message = format!(
                "GitHub answered with an error{status} instead of data: {message}; check the name and the rights of the token"
            );
            sink.problem(problem(document, (!pointer.is_empty()).then_some(pointer), message));
            return false;
        }
        _ => {}
    }
    true
}

/// GraphQL: nodes with what they are of, and errors, which come with status 200.
fn nodes<'a>(
    document: &'a Document,
    pointer: &str,
    mut fields: Map<String, Value>,
    at: Instant,
    sink: &mut dyn Sink,
    out: &mut Vec<Piece<'a>>,
) -> bool {
    let errors = fields.get("errors").and_then(Value::as_array).filter(|e| !e.is_empty());
    if let Some(errors) = errors {
        let first = errors.first().and_then(|e| text(e, "message")).unwrap_or_default();
        let message = format!(
            "GitHub answered with {} errors beside data ({first}): what is missing is not known; ask again",
            errors.len()
        );
        sink.problem(problem(document, Some(format!("{pointer}/errors")), message));
    }
    let quiet = errors.is_none();
    let Some(Value::Object(data)) = fields.remove("data") else { return quiet };
    let mut push = |shape, pointer: String, value| out.push(Piece { shape, document, pointer, value, at });
    for (key, mut value) in data {
        let pointer = format!("{pointer}/data/{key}");
        if let Some(Value::Array(items)) = value.pointer_mut("/repositories/nodes").map(Value::take) {
            for (n, item) in items.into_iter().enumerate() {
                if item.get("nameWithOwner").is_some() {
                    push(Shape::Node, format!("{pointer}/repositories/nodes/{n}"), item);
                }
            }
        }
        if value.get("nameWithOwner").is_some() {
            push(Shape::Node, pointer, value);
        } else if value.get("login").is_some() && key == "organization" {
            push(Shape::OrganizationNode, pointer, value);
        }
    }
    quiet
}

fn shape(value: &Value, path: &str) -> Option<Shape> {
    let has = |key: &str| value.get(key).is_some();
    if has("number") && has("title") && has("labels") && has("state") {
        Some(Shape::Issue)
    } else if has("full_name") && (has("private") || has("visibility") || has("default_branch")) {
        Some(Shape::Repository)
    } else if has("commit") && has("protected") && has("name") {
        Some(Shape::Branch)
    } else if has("enforce_admins") || has("allow_force_pushes") || has("required_pull_request_reviews") {
        Some(Shape::Protection)
    } else if has("enforcement") && has("name") {
        Some(Shape::Ruleset)
    } else if has("type") && (has("ruleset_id") || has("ruleset_source")) {
        Some(Shape::Rule)
    } else if has("enabled") && has("paused") {
        Some(Shape::SecurityFixes)
    } else if has("enabled") && has("enforced_by_owner") {
        Some(Shape::ImmutableReleases)
    } else if matches!(text(value, "state").as_deref(), Some("configured" | "not-configured")) {
        Some(Shape::DefaultSetup)
    } else if has("enabled") && path.contains("private-vulnerability-reporting") {
        Some(Shape::PrivateReporting)
    } else if value.get("status").and_then(Value::as_u64) == Some(204) && path.contains("vulnerability-alerts") {
        Some(Shape::AlertsOn)
    } else if has("workflow_id") && has("event") && has("status") {
        Some(Shape::WorkflowRun)
    } else if has("path") && has("state") && has("badge_url") {
        Some(Shape::Workflow)
    } else if has("guid") && has("lock_repositories") && has("state") {
        Some(Shape::Migration)
    } else if has("login") && (has("two_factor_requirement_enabled") || has("members_can_create_repositories"))
        || text(value, "type").as_deref() == Some("Organization")
    {
        Some(Shape::Organization)
    } else {
        None
    }
}

fn is_not_found(value: &Value) -> bool {
    let message = text(value, "message").unwrap_or_default();
    text(value, "status").as_deref() == Some("404") || matches!(message.as_str(), "Not Found" | "Branch not protected")
}

/// A feature that the organisation's plan lacks, or that is not switched on, is not set: that is a fact, not an error.
pub(super) fn is_not_offered(message: &str) -> bool {
    message.starts_with("Upgrade to GitHub") || message.contains("must be enabled for this repository")
}

fn is_workflow_file(path: &str) -> bool {
    path.contains(".github/workflows/") && (path.ends_with(".yml") || path.ends_with(".yaml"))
}

/// True for paths of calls that answer 404 where a setting is off or may not be seen.
fn is_setting(path: &str) -> bool {
    ["protection", "alerts", "scanning", "rules", "security", "reporting", "releases", "setup"]
        .iter()
        .any(|word| path.contains(word))
}

/// `owner/repo` that a piece is about: as an address in it tells, else its path, where names in
/// `known` are looked for first.
pub(super) fn repository(piece: &Piece<'_>, known: &BTreeSet<String>) -> Option<String> {
    let value = &piece.value;
    let told = text(value, "full_name")
        .or_else(|| text(value, "nameWithOwner"))
        .or_else(|| value.get("repository").and_then(|r| text(r, "full_name")))
        .or_else(|| {
            let address = |key| text(value, key).and_then(|url| of_address(&url));
            address("repository_url")
                .or_else(|| address("html_url"))
                .or_else(|| address("protection_url"))
                .or_else(|| address("url"))
        })
        .or_else(|| value.pointer("/commit/url").and_then(Value::as_str).and_then(of_address))
        .or_else(|| {
            let source = |of: &str, name: &str| (text(value, of)? == "Repository").then(|| text(value, name))?;
            source("source_type", "source").or_else(|| source("ruleset_source_type", "ruleset_source"))
        });
    told.or_else(|| of_path(piece.document.name(), known))
}

/// `owner/repo` in an address of the API (`…/repos/owner/repo/…`) or of the site.
fn of_address(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let path = path.split_once("repos/").map_or(path, |(_, after)| after);
    let mut parts = path.split('/').filter(|p| !p.is_empty());
    Some(format!("{}/{}", parts.next()?, parts.next()?))
}

fn of_path(path: &str, known: &BTreeSet<String>) -> Option<String> {
    let (folders, _) = path.rsplit_once('/')?;
    let parts: Vec<&str> = folders.split('/').collect();
    if let Some(pair) = parts.windows(2).map(|pair| pair.join("/")).find(|pair| known.contains(pair)) {
        return Some(pair);
    }
    let folders = folders.rsplit_once("repos/").map_or(folders, |(_, after)| after);
    let mut parts = folders.split('/');
    Some(format!("{}/{}", parts.next()?, parts.next()?))
}

/// A text field; numbers and booleans are written out.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(s) if !s.is_empty() => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}
