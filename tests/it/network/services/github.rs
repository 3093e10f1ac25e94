//! GitHub.

use chrono::TimeDelta;
use serde_json::json;

use super::{PAGES, iso, mistyped_json, yesterday};
use crate::network::server::{Cursor, Good, Request, Service};

/// GitHub: an organisation with one repository, whose incidents stand on three pages. GraphQL is not served.
pub struct Github;

impl Service for Github {
    fn answer(&self, request: &Request, base: &str) -> Good {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let repository = json!({"id": 1, "name": "app", "full_name": "acme/app", "private": true, "visibility": "private",
            "archived": false, "disabled": false, "fork": false, "default_branch": "main", "has_issues": true,
            "created_at": "2025-01-01T00:00:00Z", "pushed_at": "2026-01-01T00:00:00Z", "permissions": {"admin": true},
            "security_and_analysis": {"secret_scanning": {"status": "enabled"}}});
        match parts[..] {
            ["user"] => Good::ok("{\"login\":\"auditor\",\"id\":9}"),
            ["orgs", "acme"] => Good::ok(
                json!({"login": "acme", "id": 5, "two_factor_requirement_enabled": true, "public_repos": 0,
                    "total_private_repos": 1})
                .to_string(),
            ),
            ["orgs", "acme", "repos"] => Good::ok(json!([repository]).to_string()),
            ["repos", "acme", "app"] => Good::ok(repository.to_string()),
            ["repos", "acme", "app", "issues"] => {
                // Only the label under test has issues.
                if request.query.get("labels").map(String::as_str) != Some("incident") {
                    return Good::ok("[]");
                }
                let page = self.page(request).unwrap_or(0);
                if page >= PAGES {
                    return Good::ok("[]");
                }
                let opened = iso(yesterday() - TimeDelta::days(4 - page as i64));
                let issue = json!([{"id": 100 + page, "number": page + 1, "title": "Backup failed", "state": "closed",
                    "state_reason": "completed", "labels": [{"name": "incident"}, {"name": "cause:backup_failed"},
                    {"name": "system:app"}], "created_at": opened, "updated_at": opened, "closed_at": opened,
                    "repository_url": format!("{base}/repos/acme/app"), "body": null, "user": null}]);
                let good = Good::ok(issue.to_string());
                if page + 1 < PAGES {
                    let next = format!(
                        "<{base}/repositories/1/issues?labels=incident&state=all&per_page=100&page={}>; rel=\"next\"",
                        page + 2
                    );
                    good.header("Link", next)
                } else {
                    good
                }
            }
            ["repositories", "1", "issues"] => {
                let mut same = request.clone();
                "/repos/acme/app/issues".clone_into(&mut same.path);
                self.answer(&same, base)
            }
            [.., "actions", "workflows"] => Good::ok("{\"total_count\":0,\"workflows\":[]}"),
            [.., "rules", "branches", _] | [.., "rulesets" | "members" | "outside_collaborators" | "migrations"] => {
                Good::ok("[]")
            }
            _ => Good::ok(self.refusal(404)).status(404),
        }
    }

    fn page(&self, request: &Request) -> Option<usize> {
        let list = request.path.ends_with("/issues") && request.query.get("labels").is_some_and(|l| l == "incident");
        list.then(|| request.query.get("page").and_then(|p| p.parse::<usize>().ok()).map_or(0, |p| p - 1))
    }

    fn of_page(&self, request: &Request, page: usize) -> Request {
        let mut out = request.clone();
        out.query.insert("page".to_owned(), (page + 1).to_string());
        out
    }

    fn same_cursor(&self, from: &Good, to: &Good) -> Good {
        Good { status: from.status, headers: from.headers.clone(), body: to.body.clone() }
    }

    fn error_body(&self) -> String {
        json!({"message": "Server Error", "documentation_url": "https://docs.github.com"}).to_string()
    }

    fn refusal(&self, status: u16) -> String {
        json!({"message": "Not Found", "documentation_url": "https://docs.github.com", "status": status.to_string()})
            .to_string()
    }

    fn with_cursor(&self, good: &Good, _: &Request, base: &str, cursor: Cursor) -> Good {
        let mut out = good.clone();
        out.headers.retain(|(name, _)| name != "Link");
        let page = if cursor == Cursor::Loop { 1 } else { 7 };
        out.header("Link", format!("<{base}/repositories/1/issues?labels=incident&page={page}>; rel=\"next\""))
    }

    fn emptied(&self, good: &Good) -> Good {
        Good { body: "[]".to_owned(), ..good.clone() }
    }

    fn mistyped(&self, good: &Good) -> Good {
        mistyped_json(good)
    }
}
