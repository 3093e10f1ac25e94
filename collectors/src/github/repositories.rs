//! Repositories and what protects them, as far as the token was allowed to see.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::DiscoveredAsset;
use model::time::instant;
use serde_json::Value;

use super::nodes;
use super::piece::{Piece, Shape, is_not_offered, repository, text};
use super::selection::{Wanted, file_name};
use crate::{Batch, Sink, problem};

/// Shown where an answer is missing, or may mean that the credential may not see.
pub(super) const NOT_DETERMINED: &str = "not determined";

const ARCHIVED: &str = "archived: read-only at GitHub";

/// Fields of a repository that are shown as they are.
const FIELDS: &[(&str, &str)] = &[
    ("visibility", "visibility"),
    ("archived", "archived"),
    ("disabled", "disabled"),
    ("fork", "fork"),
    ("is_template", "template"),
    ("default_branch", "default branch"),
    ("pushed_at", "pushed at"),
    ("allow_forking", "forking allowed"),
    ("web_commit_signoff_required", "web commit signoff required"),
    ("delete_branch_on_merge", "branches deleted on merge"),
];

/// Parts of `security_and_analysis`; the block is missing for those who do not administer.
const SECURITY: &[&str] =
    &["advanced_security", "dependabot_security_updates", "secret_scanning", "secret_scanning_push_protection"];

/// Settings by name.
pub(super) type Settings = BTreeMap<String, String>;

/// Settings whose call answers 404 where they are off, to those who may read settings.
const OFF_BY_404: &[&str] = &["vulnerability alerts", "dependabot security fixes", "immutable releases"];

/// One asset a repository, by asset id.
pub(super) fn assets(
    batch: &Batch<'_>,
    pieces: &[&Piece<'_>],
    known: &BTreeSet<String>,
    wanted: &Wanted,
    sink: &mut dyn Sink,
) -> BTreeMap<String, DiscoveredAsset> {
    let (administered, security_shown) = (administered(pieces, known), security_shown(pieces, known));
    let mut assets: BTreeMap<String, DiscoveredAsset> = BTreeMap::new();
    let mut settings: BTreeMap<String, Settings> = BTreeMap::new();
    let first = |p: &&&Piece<'_>| matches!(p.shape, Shape::Repository | Shape::Node);
    for piece in pieces.iter().filter(first).chain(pieces.iter().filter(|p| !first(p))) {
        let Some(name) = repository(piece, known) else {
            let place = (!piece.pointer.is_empty()).then(|| piece.pointer.clone());
            let message = "does not say which repository it is about; put it into folders owner/repo";
            sink.problem(problem(piece.document, place, message));
            continue;
        };
        if !wanted.has_repository(&name) {
            continue;
        }
        let id = format!("github:{name}");
        let asset = assets.entry(id.clone()).or_insert_with(|| DiscoveredAsset {
            asset_id: id.clone(),
            kind: "repository".to_owned(),
            platform_id: "github".to_owned(),
            environment: None,
            first_seen_at: piece.at,
            last_seen_at: piece.at,
            excluded_reason: None,
            settings: Vec::new(),
            origin: batch.origin(piece.document, id.clone(), &*piece.pointer),
        });
        asset.first_seen_at = asset.first_seen_at.min(piece.at);
        asset.last_seen_at = asset.last_seen_at.max(piece.at);
        let settings = settings.entry(id).or_default();
        let administered = administered.contains(&name);
        match piece.shape {
            Shape::Repository => of_repository(&piece.value, asset, settings),
            Shape::Branch => of_branch(&piece.value, settings),
            Shape::Protection => of_protection(&piece.value, settings),
            Shape::Rule => of_rule(&piece.value, settings),
            Shape::Ruleset => of_ruleset(&piece.value, settings),
            Shape::SecurityFixes => set(settings, "dependabot security fixes", text(&piece.value, "enabled")),
            Shape::ImmutableReleases => set(settings, "immutable releases", text(&piece.value, "enabled")),
            Shape::DefaultSetup => set(settings, "code scanning default setup", text(&piece.value, "state")),
            Shape::PrivateReporting => set(settings, "private vulnerability reporting", text(&piece.value, "enabled")),
            Shape::AlertsOn => set(settings, "vulnerability alerts", Some("enabled".to_owned())),
            Shape::Node => {
                of_node(&piece.value, asset);
                // GitHub says that this credential administers, and shows REST's list to it: both, because either may
                // speak of the person where the token may less.
                let says = piece.value.get("viewerCanAdminister").and_then(Value::as_bool) == Some(true);
                let sees = administered || says && security_shown.contains(&name);
                nodes::settings(&piece.value, sees, settings);
            }
            Shape::Workflow => of_workflow(&piece.value, wanted, settings),
            Shape::NotFound => of_error(piece, administered, settings),
            _ => {}
        }
    }
    for (id, settings) in settings {
        if let Some(asset) = assets.get_mut(&id) {
            asset.settings = settings.into_iter().collect();
        }
    }
    assets
}

/// Repositories of which this credential was seen to read settings that only administrators may: there, a 404 of such a
/// call means "off".
fn administered(pieces: &[&Piece<'_>], known: &BTreeSet<String>) -> BTreeSet<String> {
    let shows = |p: &&&Piece<'_>| {
        matches!(
            p.shape,
            Shape::Protection | Shape::SecurityFixes | Shape::ImmutableReleases | Shape::DefaultSetup | Shape::AlertsOn
        )
    };
    pieces.iter().filter(shows).filter_map(|p| repository(p, known)).collect()
}

/// Repositories whose list of security settings was shown, which GitHub leaves out for most who may only read.
fn security_shown(pieces: &[&Piece<'_>], known: &BTreeSet<String>) -> BTreeSet<String> {
    let shows = |p: &&&Piece<'_>| {
        p.shape == Shape::Repository && p.value.get("security_and_analysis").is_some_and(Value::is_object)
    };
    pieces.iter().filter(shows).filter_map(|p| repository(p, known)).collect()
}

pub(super) fn set(settings: &mut Settings, name: &str, value: Option<String>) {
    settings.insert(name.to_owned(), value.unwrap_or_else(|| NOT_DETERMINED.to_owned()));
}

fn of_node(value: &Value, asset: &mut DiscoveredAsset) {
    if let Some(created) = text(value, "createdAt").and_then(|t| instant(&t, None).ok()) {
        asset.first_seen_at = asset.first_seen_at.min(created);
    }
    if value.get("isArchived").and_then(Value::as_bool) == Some(true) {
        asset.excluded_reason = Some(ARCHIVED.to_owned());
    }
}

/// A workflow that makes backups, and whether GitHub runs it.
fn of_workflow(value: &Value, wanted: &Wanted, settings: &mut Settings) {
    let path = text(value, "path").unwrap_or_default();
    if wanted.is_backup(&path) {
        set(settings, &format!("workflow {}", file_name(&path)), text(value, "state"));
    }
}

fn of_repository(value: &Value, asset: &mut DiscoveredAsset, settings: &mut Settings) {
    if let Some(created) = text(value, "created_at").and_then(|t| instant(&t, None).ok()) {
        asset.first_seen_at = asset.first_seen_at.min(created);
    }
    asset.environment = value.get("custom_properties").and_then(|p| text(p, "environment"));
    let archived = value.get("archived").and_then(Value::as_bool) == Some(true);
    asset.excluded_reason = archived.then(|| ARCHIVED.to_owned());
    for (key, name) in FIELDS {
        if let Some(shown) = text(value, key) {
            set(settings, name, Some(shown));
        }
    }
    if value.get("visibility").is_none()
        && let Some(private) = value.get("private").and_then(Value::as_bool)
    {
        // Private covers internal as well; older answers do not tell them apart.
        set(settings, "visibility", Some(if private { "private or internal" } else { "public" }.to_owned()));
    }
    let security = value.get("security_and_analysis").and_then(Value::as_object);
    let status = |key: &str| security.and_then(|s| s.get(key)).and_then(|m| text(m, "status"));
    for key in SECURITY.iter().copied().chain(security.into_iter().flatten().map(|(k, _)| k.as_str())) {
        set(settings, &key.replace('_', " "), status(key));
    }
}

fn of_branch(value: &Value, settings: &mut Settings) {
    let branch = text(value, "name").unwrap_or_default();
    set(settings, &format!("branch {branch}: protected"), text(value, "protected"));
}

/// Classic protection. A part that is missing is not determined, never off.
fn of_protection(value: &Value, settings: &mut Settings) {
    let branch = text(value, "url").and_then(|url| branch_of(&url)).unwrap_or_else(|| "(default)".to_owned());
    set(settings, &format!("branch {branch}: protected"), Some("true".to_owned()));
    for (key, name) in [
        ("enforce_admins", "applies to administrators"),
        ("allow_force_pushes", "force pushes allowed"),
        ("allow_deletions", "deletion allowed"),
        ("required_signatures", "signatures required"),
        ("required_linear_history", "linear history required"),
        ("lock_branch", "locked"),
    ] {
        set(settings, &format!("branch {branch}: {name}"), value.get(key).and_then(|part| text(part, "enabled")));
    }
    let reviews = value.get("required_pull_request_reviews");
    let count =
        reviews.map(|r| text(r, "required_approving_review_count").unwrap_or_else(|| NOT_DETERMINED.to_owned()));
    set(
        settings,
        &format!("branch {branch}: approving reviews"),
        Some(count.unwrap_or_else(|| "not required".to_owned())),
    );
}

/// `main` of `…/branches/main/protection`; names of branches may hold slashes.
fn branch_of(url: &str) -> Option<String> {
    let (_, after) = url.split_once("/branches/")?;
    let branch = after.split_once("/protection").map_or(after, |(branch, _)| branch);
    Some(branch.to_owned())
}

/// An effective rule of the default branch; several make a list.
fn of_rule(value: &Value, settings: &mut Settings) {
    let Some(kind) = text(value, "type") else { return };
    rule(&kind, value.get("parameters").and_then(|p| text(p, "required_approving_review_count")), settings);
}

/// Adds a rule to the list of those that hold for the default branch.
pub(super) fn rule(kind: &str, reviews: Option<String>, settings: &mut Settings) {
    let shown = match reviews {
        Some(n) => format!("{kind} ({n} approving reviews)"),
        None => kind.to_owned(),
    };
    let list = settings.entry("branch rules".to_owned()).or_default();
    let old = list.split(", ").filter(|r| !r.is_empty() && *r != "none");
    let mut rules: Vec<&str> = old.chain([shown.as_str()]).collect();
    rules.sort_unstable();
    rules.dedup();
    *list = rules.join(", ");
}

fn of_ruleset(value: &Value, settings: &mut Settings) {
    let name = text(value, "name").unwrap_or_default();
    let mut shown = vec![text(value, "enforcement").unwrap_or_default()];
    shown.extend(text(value, "target"));
    let names = |pointer: &str, key: Option<&str>| -> Vec<String> {
        let items = value.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|i| key.map_or_else(|| i.as_str().map(str::to_owned), |k| text(i, k))).collect()
    };
    shown.extend(names("/conditions/ref_name/include", None));
    shown.extend(names("/rules", Some("type")));
    if let Some(actors) = value.get("bypass_actors").and_then(Value::as_array) {
        shown.push(format!("{} may bypass", actors.len()));
    }
    let name = format!("ruleset {name}");
    if value.get("rules").is_none() {
        // An item of the list, which leaves the rules out: it says less than the ruleset's own answer.
        settings.entry(name).or_insert_with(|| shown.join(", "));
    } else {
        set(settings, &name, Some(shown.join(", ")));
    }
}

/// A 404: `Branch not protected` says that something is off, and so does that of some calls to those who may read
/// settings. A 403 that names the plan says that the feature is not there.
fn of_error(piece: &Piece<'_>, administered: bool, settings: &mut Settings) {
    let message = text(&piece.value, "message").unwrap_or_default();
    let branch = branch_of(piece.document.name()).map(|b| b.replace(".json", ""));
    let classic = || format!("branch {}: classic protection", branch.as_deref().unwrap_or("(default)"));
    let what = piece.document.file_name().split('.').next().unwrap_or_default().replace(['-', '_'], " ");
    let what = if what == "automated security fixes" { "dependabot security fixes".to_owned() } else { what };
    if message == "Branch not protected" {
        set(settings, &classic(), Some("absent".to_owned()));
    } else if is_not_offered(&message) {
        let name = if what == "protection" { classic() } else { what };
        set(settings, &name, Some(format!("not available ({message})")));
    } else if administered && OFF_BY_404.contains(&what.as_str()) {
        settings.entry(what).or_insert_with(|| "disabled".to_owned());
    } else {
        settings.entry(what).or_insert_with(|| format!("{NOT_DETERMINED} (404 {message})"));
    }
}
