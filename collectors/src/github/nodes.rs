//! Repositories as GraphQL shows them, in the words of the REST answers.
//!
//! GraphQL gives an empty list of protection rules, and `false` for alerts, to those who may not see them. Both count
//! as "off" only for a repository whose settings this credential was seen to read; else they are not determined.

use serde_json::{Map, Value};

use super::piece::text;
use super::repositories::{Settings, rule, set};

/// Fields that are shown as they are, under the name that REST's have.
const FIELDS: &[(&str, &str)] = &[
    ("isArchived", "archived"),
    ("isDisabled", "disabled"),
    ("isFork", "fork"),
    ("isTemplate", "template"),
    ("isEmpty", "empty"),
    ("isMirror", "mirror"),
    ("mirrorUrl", "mirror of"),
    ("pushedAt", "pushed at"),
    ("forkingAllowed", "forking allowed"),
    ("webCommitSignoffRequired", "web commit signoff required"),
    ("deleteBranchOnMerge", "branches deleted on merge"),
];

/// Parts of a protection rule: key of a `BranchProtectionRule`, of a `RefUpdateRule`, and the name that it gets.
const PROTECTION: &[(&str, &str, &str)] = &[
    ("isAdminEnforced", "", "applies to administrators"),
    ("allowsForcePushes", "allowsForcePushes", "force pushes allowed"),
    ("allowsDeletions", "allowsDeletions", "deletion allowed"),
    ("requiresCommitSignatures", "requiresSignatures", "signatures required"),
    ("requiresLinearHistory", "requiresLinearHistory", "linear history required"),
    ("lockBranch", "", "locked"),
];

/// What a node tells. `administered`: this credential was seen to read the repository's settings.
pub(super) fn settings(node: &Value, administered: bool, settings: &mut Settings) {
    for (key, name) in FIELDS {
        if let Some(shown) = text(node, key) {
            set(settings, name, Some(shown));
        }
    }
    if let Some(visibility) = text(node, "visibility") {
        set(settings, "visibility", Some(visibility.to_ascii_lowercase()));
    }
    if let Some(parent) = node.pointer("/parent/nameWithOwner").and_then(Value::as_str) {
        set(settings, "fork of", Some(parent.to_owned()));
    }
    if text(node, "isLocked").as_deref() == Some("true") {
        set(settings, "locked", Some(text(node, "lockReason").unwrap_or_else(|| "true".to_owned()).to_lowercase()));
    }
    if let Some(on) = node.get("hasVulnerabilityAlertsEnabled").and_then(Value::as_bool) {
        let off = administered.then(|| "disabled".to_owned());
        set(settings, "vulnerability alerts", if on { Some("enabled".to_owned()) } else { off });
    }
    let branch = node.pointer("/defaultBranchRef/name").and_then(Value::as_str);
    set(settings, "default branch", Some(branch.unwrap_or("none").to_owned()));
    protection(node, branch, administered, settings);
    if let Some(rules) = node.pointer("/effective/rules") {
        of_branch(rules, settings);
    }
    for ruleset in items(node.get("rulesets")) {
        of_ruleset(ruleset, settings);
    }
}

fn protection(node: &Value, branch: Option<&str>, administered: bool, settings: &mut Settings) {
    let Some(branch) = branch else { return };
    let name = |part: &str| format!("branch {branch}: {part}");
    for rule in items(node.get("branchProtectionRules")) {
        let pattern = text(rule, "pattern").unwrap_or_default();
        for (key, _, part) in PROTECTION {
            set(settings, &format!("branch {pattern}: {part}"), text(rule, key));
        }
        set(settings, &format!("branch {pattern}: protected"), Some("true".to_owned()));
        let needed = rule.get("requiresApprovingReviews").and_then(Value::as_bool);
        let count = match needed {
            Some(true) => text(rule, "requiredApprovingReviewCount"),
            Some(false) => Some("not required".to_owned()),
            None => None,
        };
        set(settings, &format!("branch {pattern}: approving reviews"), count);
    }
    let Some(listed) = node.get("branchProtectionRules").filter(|l| !l.is_null()) else { return };
    // What everybody may see of the rule that holds for the branch, where the rules themselves are not to be seen.
    let visible = node.pointer("/visible/refUpdateRule").filter(|r| !r.is_null());
    if let Some(rule) = visible {
        for (_, key, part) in PROTECTION.iter().filter(|(_, key, _)| !key.is_empty()) {
            settings
                .entry(name(part))
                .or_insert_with(|| text(rule, key).unwrap_or_else(|| super::repositories::NOT_DETERMINED.to_owned()));
        }
        settings.entry(name("protected")).or_insert_with(|| "true".to_owned());
    } else if !items(Some(listed)).any(|rule| text(rule, "pattern").as_deref() == Some(branch)) {
        let none = listed.get("totalCount").and_then(Value::as_u64) == Some(0) || node.get("visible").is_some();
        if none {
            set(settings, &name("classic protection"), administered.then(|| "absent".to_owned()));
        }
    }
}

fn of_branch(rules: &Value, settings: &mut Settings) {
    let all = items(Some(rules));
    settings.entry("branch rules".to_owned()).or_insert_with(|| "none".to_owned());
    for one in all {
        let Some(kind) = text(one, "type") else { continue };
        let reviews = one.get("parameters").and_then(|p| text(p, "requiredApprovingReviewCount"));
        rule(&kind.to_ascii_lowercase(), reviews, settings);
    }
}

/// As [`super::repositories`] shows one of REST.
fn of_ruleset(value: &Value, settings: &mut Settings) {
    let name = text(value, "name").unwrap_or_default();
    let word = |key: &str| text(value, key).map(|w| w.to_ascii_lowercase());
    let mut shown = vec![word("enforcement").unwrap_or_default()];
    shown.extend(word("target"));
    let refs = value.pointer("/conditions/refName/include").and_then(Value::as_array).into_iter().flatten();
    shown.extend(refs.filter_map(Value::as_str).map(str::to_owned));
    shown.extend(items(value.get("rules")).filter_map(|r| text(r, "type")).map(|t| t.to_ascii_lowercase()));
    if let Some(count) = value.get("bypassActors").and_then(|b| text(b, "totalCount")) {
        shown.push(format!("{count} may bypass"));
    }
    set(settings, &format!("ruleset {name}"), Some(shown.join(", ")));
}

/// Objects of a connection.
fn items(connection: Option<&Value>) -> impl Iterator<Item = &Value> {
    let nodes = connection.and_then(|c| c.get("nodes")).and_then(Value::as_array);
    nodes.into_iter().flatten().filter(|n| n.as_object().is_some_and(|o: &Map<String, Value>| !o.is_empty()))
}
