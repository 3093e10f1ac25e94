//! A GitHub of this machine: REST with pages, links and ETags, and as much of GraphQL as is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::net::testing::{Reply, Seen, Server};

/// A repository.
#[derive(Debug, Clone)]
pub struct Repo {
    pub name: String,
    pub protected: bool,
    pub archived: bool,
    pub labels: Vec<&'static str>,
    pub issues: Vec<Value>,
    pub workflows: Vec<Value>,
    pub runs: Vec<Value>,
}

impl Repo {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            protected: true,
            archived: false,
            labels: Vec::new(),
            issues: Vec::new(),
            workflows: Vec::new(),
            runs: Vec::new(),
        }
    }
}

/// Everything that a fake holds.
#[derive(Debug, Clone)]
pub struct Hub {
    pub repos: Vec<Repo>,
    pub admin: bool,
    pub graphql: bool,
    /// Repositories say whether they have issues.
    pub tells_issues: bool,
}

impl Hub {
    pub fn of(repos: Vec<Repo>) -> Self {
        Self { repos, admin: true, graphql: true, tells_issues: true }
    }

    /// Starts it. `first` may answer in its stead.
    pub fn start(self, first: impl Fn(usize, &Seen) -> Option<Reply> + Send + Sync + 'static) -> Server {
        let hub = Arc::new(self);
        Server::start(move |n, seen| first(n, seen).unwrap_or_else(|| hub.answer(seen)))
    }

    fn answer(&self, seen: &Seen) -> Reply {
        let host = format!("http://{}", seen.header("host").unwrap_or_default());
        let url = reqwest::Url::parse(&format!("{host}{}", seen.path())).unwrap();
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let parts: Vec<&str> = url.path().split('/').filter(|p| !p.is_empty()).collect();
        let reply = match &parts[..] {
            ["graphql"] if self.graphql => return Reply::json(&self.graphql(&seen.body).to_string()),
            ["user"] => Ok(json!({"login": "erika", "email": "erika@example.com"})),
            ["orgs", "acme"] => Ok(self.organization()),
            ["orgs", "acme", "repos"] => {
                let all = self.repos.iter().enumerate().map(|(n, r)| self.rest(n, r)).collect();
                return paged(&url, &query, all, None, seen);
            }
            ["orgs", "acme", "members" | "outside_collaborators"] => {
                return paged(&url, &query, Vec::new(), None, seen);
            }
            ["repos", "acme", name, rest @ ..] => match self.repos.iter().position(|r| r.name == *name) {
                Some(n) => return self.of_repo(n, rest, &url, &query, seen),
                None => Err(404),
            },
            _ => Err(404),
        };
        whole(reply, seen)
    }

    fn organization(&self) -> Value {
        json!({"login": "acme", "type": "Organization", "two_factor_requirement_enabled": true,
            "members_can_create_repositories": false, "public_repos": 0, "total_private_repos": self.repos.len(),
            "billing_email": "money@example.com", "plan": {"name": "team"}})
    }

    fn rest(&self, n: usize, repo: &Repo) -> Value {
        let mut value = json!({"id": n + 1, "full_name": format!("acme/{}", repo.name), "private": true, "visibility": "private",
            "archived": repo.archived, "disabled": false, "fork": false, "default_branch": "main", "has_issues": true,
            "created_at": "2024-01-01T00:00:00Z", "pushed_at": "2026-11-01T00:00:00Z", "temp_clone_token": "clone-canary"});
        if !self.tells_issues {
            value["has_issues"] = Value::Null;
        }
        if self.admin {
            value["security_and_analysis"] = json!({"secret_scanning": {"status": "enabled"}});
        }
        value
    }

    fn of_repo(
        &self,
        n: usize,
        rest: &[&str],
        url: &reqwest::Url,
        query: &BTreeMap<String, String>,
        seen: &Seen,
    ) -> Reply {
        let repo = &self.repos[n];
        let api = format!("https://api.github.com/repos/acme/{}", repo.name);
        let admin = |value: Value| if self.admin { Ok(value) } else { Err(403) };
        let reply = match rest {
            [] => Ok(self.rest(n, repo)),
            ["branches", "main"] => {
                let commit = json!({"sha": "a", "url": format!("{api}/commits/a")});
                Ok(json!({"name": "main", "commit": commit, "protected": repo.protected}))
            }
            ["branches", "main", "protection"] if repo.protected => admin(json!({
                "url": format!("{api}/branches/main/protection"), "enforce_admins": {"enabled": true},
                "allow_force_pushes": {"enabled": false}, "allow_deletions": {"enabled": false},
                "required_pull_request_reviews": {"required_approving_review_count": 1},
                "required_signatures": {"enabled": false}, "required_linear_history": {"enabled": false}, "lock_branch": {"enabled": false}})),
            ["branches", "main", "protection"] if self.admin => {
                return Reply::status(404, &error(404, "Branch not protected"));
            }
            ["rules", "branches", "main"] => {
                let rule = json!({"type": "non_fast_forward", "ruleset_source_type": "Organization", "ruleset_source": "acme", "ruleset_id": 7});
                return paged(url, query, vec![rule], None, seen);
            }
            ["rulesets"] => return paged(url, query, vec![ruleset(false)], None, seen),
            ["rulesets", "7"] => Ok(ruleset(true)),
            ["vulnerability-alerts"] if self.admin => return Reply::status(204, ""),
            ["automated-security-fixes"] => admin(json!({"enabled": true, "paused": false})),
            ["private-vulnerability-reporting"] => Ok(json!({"enabled": false})),
            ["code-scanning", "default-setup"] => admin(json!({"state": "configured"})),
            ["actions", "workflows"] => return paged(url, query, repo.workflows.clone(), Some("workflows"), seen),
            ["actions", "workflows", _, "runs"] => {
                return paged(url, query, repo.runs.clone(), Some("workflow_runs"), seen);
            }
            ["actions", "runs", id, "attempts", attempt] => {
                let run = repo.runs.iter().find(|r| r["id"].as_u64() == id.parse().ok()).cloned();
                run.map(|mut run| {
                    run["run_attempt"] = json!(attempt.parse::<u64>().unwrap());
                    run["conclusion"] = json!("failure");
                    run
                })
                .ok_or(404)
            }
            ["contents", ".github", "workflows", _] => {
                let text = "on:\n  schedule:\n    - cron: '0 2 * * *'\njobs: {}\n";
                return Reply::status(200, text);
            }
            ["issues"] => {
                let wanted = query["labels"].to_lowercase();
                let has = |i: &&Value| {
                    i["labels"].as_array().unwrap().iter().any(|l| l["name"].as_str().unwrap().to_lowercase() == wanted)
                };
                return paged(url, query, repo.issues.iter().filter(has).cloned().collect(), None, seen);
            }
            _ => Err(404),
        };
        whole(reply, seen)
    }

    fn graphql(&self, body: &[u8]) -> Value {
        let body: Value = serde_json::from_slice(body).unwrap();
        let (text, variables) = (body["query"].as_str().unwrap(), &body["variables"]);
        let asks = |key: &str| text.contains(&format!(" {key}"));
        let node = |repo: &Repo| {
            let name = format!("acme/{}", repo.name);
            let rule = json!({"pattern": "main", "isAdminEnforced": true, "allowsForcePushes": false, "allowsDeletions": false,
                "requiresApprovingReviews": true, "requiredApprovingReviewCount": 1, "requiresCommitSignatures": false,
                "requiresLinearHistory": false, "lockBranch": false});
            let rules: Vec<Value> = if repo.protected && self.admin { vec![rule] } else { Vec::new() };
            let mut node = json!({"nameWithOwner": name, "visibility": "PRIVATE", "isArchived": repo.archived, "isDisabled": false,
                "isFork": false, "isTemplate": false, "isEmpty": false, "isLocked": false, "pushedAt": "2026-11-01T00:00:00Z",
                "createdAt": "2024-01-01T00:00:00Z", "forkingAllowed": false, "viewerCanAdminister": self.admin,
                "hasVulnerabilityAlertsEnabled": self.admin, "defaultBranchRef": {"name": "main"}});
            if asks("branchProtectionRules") {
                node["branchProtectionRules"] = json!({"totalCount": rules.len(), "nodes": rules});
            }
            if asks("visible") {
                node["visible"] = json!({"refUpdateRule": if repo.protected {
                    json!({"pattern": "main", "allowsForcePushes": false, "allowsDeletions": false}) } else { Value::Null }});
            }
            if asks("effective") {
                node["effective"] =
                    json!({"rules": {"totalCount": 1, "nodes": [{"type": "NON_FAST_FORWARD", "parameters": null}]}});
            }
            if asks("rulesets") {
                node["rulesets"] = json!({"totalCount": 1, "nodes": [{"databaseId": 7, "name": "guard", "enforcement": "ACTIVE", "target": "BRANCH",
                    "conditions": {"refName": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
                    "rules": {"totalCount": 1, "nodes": [{"type": "NON_FAST_FORWARD"}]}, "bypassActors": null}]});
            }
            if asks("workflows") {
                let files =
                    repo.workflows.iter().map(|w| json!({"name": w["path"].as_str().unwrap().rsplit('/').next()}));
                node["workflows"] =
                    if repo.workflows.is_empty() { Value::Null } else { json!({"entries": files.collect::<Vec<_>>()}) };
            }
            if asks("labels") {
                let names: Vec<Value> = repo.labels.iter().map(|l| json!({"name": l})).collect();
                node["labels"] = json!({"totalCount": names.len(), "nodes": names});
            }
            node
        };
        if variables["organization"].is_null() {
            let pairs = (0..).map_while(|n| variables[format!("n{n}")].as_str().map(|name| (n, name)));
            let of = |name: &str| self.repos.iter().find(|r| r.name == name).map_or(Value::Null, node);
            let data: serde_json::Map<String, Value> = pairs.map(|(n, name)| (format!("r{n}"), of(name))).collect();
            return json!({"data": data});
        }
        let from = variables["after"].as_str().map_or(0, |a| a.parse::<usize>().unwrap());
        let to = (from + usize::try_from(variables["size"].as_u64().unwrap()).unwrap()).min(self.repos.len());
        let nodes: Vec<Value> = self.repos[from..to].iter().map(node).collect();
        let repositories = json!({"totalCount": self.repos.len(), "nodes": nodes,
            "pageInfo": {"hasNextPage": to < self.repos.len(), "endCursor": to.to_string()}});
        json!({"data": {"organization": {"login": "acme", "requiresTwoFactorAuthentication": true, "repositories": repositories}}})
    }
}

fn ruleset(whole: bool) -> Value {
    let mut value = json!({"id": 7, "name": "guard", "target": "branch", "source_type": "Organization", "source": "acme", "enforcement": "active"});
    if whole {
        value["conditions"] = json!({"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}});
        value["rules"] = json!([{"type": "non_fast_forward"}]);
    }
    value
}

/// An error as GitHub words it.
pub fn error(status: u16, message: &str) -> String {
    json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()})
        .to_string()
}

fn whole(reply: Result<Value, u16>, seen: &Seen) -> Reply {
    match reply {
        Ok(value) => tagged(value.to_string(), seen, None),
        Err(403) => Reply::status(403, &error(403, "Resource not accessible by personal access token"))
            .header("x-accepted-github-permissions", "administration=read"),
        Err(status) => Reply::status(status, &error(status, "Not Found")),
    }
}

fn tagged(body: String, seen: &Seen, link: Option<String>) -> Reply {
    let tag: String = Sha256::digest(&body).iter().take(8).map(|b| format!("{b:02x}")).collect();
    let tag = format!("W/\"{tag}\"");
    // What is unchanged comes without links.
    if seen.header("if-none-match") == Some(&tag) {
        return Reply::status(304, "");
    }
    let reply = Reply::json(&body).header("etag", tag).header("x-github-request-id", "FAKE");
    match link {
        Some(link) => reply.header("link", link),
        None => reply,
    }
}

fn paged(
    url: &reqwest::Url,
    query: &BTreeMap<String, String>,
    all: Vec<Value>,
    key: Option<&str>,
    seen: &Seen,
) -> Reply {
    let number = |name: &str, default: usize| query.get(name).map_or(default, |v| v.parse().unwrap());
    let (size, page) = (number("per_page", 30), number("page", 1));
    let total = all.len();
    let part: Vec<Value> = all.into_iter().skip((page - 1) * size).take(size).collect();
    let link = (page * size < total).then(|| {
        let mut next = url.clone();
        let others = query.iter().filter(|(n, _)| *n != "page");
        next.query_pairs_mut().clear().extend_pairs(others).append_pair("page", &(page + 1).to_string());
        format!("<{next}>; rel=\"next\"")
    });
    let body = match key {
        Some(key) => json!({"total_count": total, key: part}),
        None => Value::Array(part),
    };
    tagged(body.to_string(), seen, link)
}
