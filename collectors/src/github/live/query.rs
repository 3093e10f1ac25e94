//! What GraphQL is asked, in parts that can be left out where a server or a credential does not serve them.
//!
//! Every part has a key of its own at the repository, so that an error's path tells which part it is about.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Always asked.
const CORE: &str = "nameWithOwner visibility isArchived isDisabled isFork isTemplate isEmpty isLocked pushedAt createdAt \
    forkingAllowed webCommitSignoffRequired deleteBranchOnMerge viewerCanAdminister hasVulnerabilityAlertsEnabled \
    defaultBranchRef{name}";

/// Parts by key.
const PARTS: &[(&str, &str)] = &[
    ("isMirror", "isMirror"),
    ("mirrorUrl", "mirrorUrl"),
    ("parent", "parent{nameWithOwner}"),
    ("lockReason", "lockReason"),
    ("hasIssuesEnabled", "hasIssuesEnabled"),
    (
        "branchProtectionRules",
        "branchProtectionRules(first:20){totalCount nodes{pattern isAdminEnforced allowsForcePushes allowsDeletions \
         requiresApprovingReviews requiredApprovingReviewCount requiresCommitSignatures requiresLinearHistory lockBranch}}",
    ),
    (
        "visible",
        "visible:defaultBranchRef{refUpdateRule{pattern allowsForcePushes allowsDeletions requiresLinearHistory requiresSignatures}}",
    ),
    (
        "effective",
        "effective:defaultBranchRef{rules(first:50){totalCount nodes{type parameters{__typename \
         ... on PullRequestParameters{requiredApprovingReviewCount}}}}}",
    ),
    (
        "rulesets",
        "rulesets(first:20,includeParents:true){totalCount nodes{databaseId name enforcement target \
         conditions{refName{include exclude}} rules(first:30){totalCount nodes{type}} BYPASS}}",
    ),
    ("workflows", "workflows:object(expression:\"HEAD:.github/workflows\"){... on Tree{entries{name}}}"),
    ("labels", "labels(first:100){totalCount nodes{name}}"),
];

/// Inside of `rulesets`: only those who may write a ruleset see who may bypass it.
const BYPASS: (&str, &str) = ("bypassActors", "bypassActors(first:1){totalCount}");
/// At the organisation.
const TWO_FACTOR: &str = "requiresTwoFactorAuthentication";

/// The parts that are still asked.
#[derive(Debug, Clone)]
pub(super) struct Parts(BTreeSet<&'static str>);

impl Parts {
    /// All of them.
    pub(super) fn all() -> Self {
        Self(PARTS.iter().map(|(key, _)| *key).chain([BYPASS.0, TWO_FACTOR]).collect())
    }

    /// Leaves out the innermost part that an error's path leads through. `None` where it leads through none.
    pub(super) fn leave_out(&mut self, path: &[String]) -> Option<&'static str> {
        let key = path.iter().rev().find_map(|segment| self.0.iter().find(|key| *key == segment).copied())?;
        self.0.remove(key);
        Some(key)
    }

    fn fields(&self) -> String {
        let mut out = CORE.to_owned();
        for (_, text) in PARTS.iter().filter(|(key, _)| self.0.contains(key)) {
            out.push(' ');
            out.push_str(&text.replace("BYPASS", if self.0.contains(BYPASS.0) { BYPASS.1 } else { "" }));
        }
        out
    }

    /// One page of an organisation's repositories, oldest first: new ones come at the end.
    pub(super) fn page(&self, organization: &str, size: usize, after: Option<&str>) -> Value {
        let two_factor = if self.0.contains(TWO_FACTOR) { TWO_FACTOR } else { "" };
        let query = format!(
            "query($organization:String!,$size:Int!,$after:String){{organization(login:$organization){{login {two_factor} \
             repositories(first:$size,after:$after,orderBy:{{field:CREATED_AT,direction:ASC}}){{totalCount \
             pageInfo{{hasNextPage endCursor}} nodes{{{}}}}}}}}}",
            self.fields()
        );
        json!({"query": query, "variables": {"organization": organization, "size": size, "after": after}})
    }

    /// Some repositories by name.
    pub(super) fn named(&self, names: &[(String, String)]) -> Value {
        let mut variables = Map::new();
        let (mut declared, mut asked) = (Vec::new(), Vec::new());
        for (n, (owner, name)) in names.iter().enumerate() {
            declared.push(format!("$o{n}:String!,$n{n}:String!"));
            asked.push(format!("r{n}:repository(owner:$o{n},name:$n{n}){{...of}}"));
            variables.insert(format!("o{n}"), owner.as_str().into());
            variables.insert(format!("n{n}"), name.as_str().into());
        }
        let query = format!(
            "query({}){{{}}} fragment of on Repository{{{}}}",
            declared.join(","),
            asked.join(" "),
            self.fields()
        );
        json!({"query": query, "variables": variables})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn the_innermost_part_is_left_out() {
        let mut parts = Parts::all();
        assert_eq!(
            parts.leave_out(&path("organization.repositories.nodes.3.rulesets.nodes.0.bypassActors")),
            Some("bypassActors")
        );
        assert!(parts.fields().contains("rulesets") && !parts.fields().contains("bypassActors"));
        assert_eq!(parts.leave_out(&path("r3.rulesets")), Some("rulesets"));
        assert!(!parts.fields().contains("rulesets"));
        assert_eq!(parts.leave_out(&path("organization.repositories.nodes.3.isArchived")), None);
        assert_eq!(parts.leave_out(&path("r3.rulesets")), None);
    }

    /// For `tests/peers`, which hold these against GitHub's own schema.
    #[test]
    fn the_query_is_one_line_with_balanced_braces() {
        for query in [Parts::all().page("acme", 40, None), Parts::all().named(&[("acme".into(), "app".into())])] {
            let text = query["query"].as_str().unwrap();
            assert_eq!(text.matches('{').count(), text.matches('}').count());
            assert!(!text.contains('\n') && !text.contains("BYPASS"));
        }
    }
}
