//! Heroku.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{PAGES, mistyped_json, yesterday};
use crate::network::server::{Cursor, Good, Request, Service};

/// Heroku: three apps on three pages, each with a database and its backups.
pub struct Heroku;

const APPS: [&str; 3] = ["acme-a", "acme-b", "acme-c"];

fn app_id(n: usize) -> String {
    format!("0{n}000000-0000-4000-8000-000000000000")
}

impl Service for Heroku {
    fn answer(&self, request: &Request, _: &str) -> Good {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let app = |name: &str| APPS.iter().position(|a| *a == name).unwrap_or(0);
        let addon = |n: usize| {
            json!({"id": format!("a{}", app_id(n)), "name": format!("postgresql-{n}"), "state": "provisioned",
                "addon_service": {"name": "heroku-postgresql"}, "plan": {"name": "heroku-postgresql:standard-0"},
                "app": {"id": app_id(n), "name": APPS[n]}, "config_vars": ["DATABASE_URL"],
                "created_at": "2025-01-01T00:00:00Z"})
        };
        if let ["apps", name, _] | ["client", "v11", "apps", name, _] = parts[..]
            && !APPS.contains(&name)
        {
            return Good::ok(self.refusal(404)).status(404);
        }
        match parts[..] {
            ["account"] => Good::ok(json!({"id": "1", "email": "audit@example.com"}).to_string()),
            ["account", "rate-limits"] => Good::ok("{\"remaining\":4000}"),
            ["apps"] => {
                let Some(page) = self.page(request) else {
                    return Good::ok(self.refusal(416)).status(416);
                };
                let Some(name) = APPS.get(page) else { return Good::ok("[]") };
                let body = json!([{"id": app_id(page), "name": name, "git_url": "https://git.heroku.com/x.git",
                    "released_at": "2026-01-01T00:00:00Z", "owner": {"email": "x@example.com"}}]);
                let good = Good::ok(body.to_string()).header("RateLimit-Remaining", "4000");
                if page + 1 < APPS.len() {
                    good.status(206).header("Next-Range", format!("id ]{}..; max=1000", app_id(page)))
                } else {
                    good
                }
            }
            ["addons"] => Good::ok(json!([addon(0), addon(1), addon(2)]).to_string()),
            ["apps", name, "addons"] => Good::ok(json!([addon(app(name))]).to_string()),
            ["apps", name, "addon-attachments"] => {
                let n = app(name);
                let attachment = json!([{"id": "x", "name": "DATABASE", "app": {"name": name},
                    "addon": {"id": format!("a{}", app_id(n)), "name": format!("postgresql-{n}"), "app": {"name": name}}}]);
                Good::ok(attachment.to_string())
            }
            ["client", "v11", "apps", name, "transfers"] => {
                let n = app(name);
                let transfers: Vec<Value> = (0..5)
                    .map(|day| {
                        let at = yesterday() - TimeDelta::days(4 - day) - TimeDelta::hours(10);
                        let text = |minutes: i64| {
                            (at + TimeDelta::minutes(minutes)).format("%Y-%m-%d %H:%M:%S +0000").to_string()
                        };
                        json!({"uuid": format!("{}-{day}", app_id(n)), "num": day + 1, "from_name": "DATABASE",
                            "from_type": "pg_dump", "from_url": "postgres://u:p@h/d", "to_name": "BACKUP",
                            "to_type": "gof3r", "to_url": format!("https://b.example/{n}/{day}"), "options": {},
                            "source_bytes": 1000, "processed_bytes": 900, "succeeded": true, "warnings": 0,
                            "created_at": text(0), "started_at": text(0), "finished_at": text(4), "updated_at": text(4),
                            "num_keep": 5, "schedule": {"uuid": "s"}})
                    })
                    .collect();
                Good::ok(Value::Array(transfers).to_string())
            }
            ["client", "v11", "databases", _, "transfer-schedules"] => Good::ok(
                json!([{"uuid": "s", "name": "DATABASE_URL", "hour": 2, "timezone": "UTC", "retain_weeks": 4,
                    "retain_months": 0}])
                .to_string(),
            ),
            ["client", "v11", "databases", id] => Good::ok(
                json!({"addon_id": id, "name": "x", "plan": "standard-0", "created_at": "2025-01-01 00:00:00 +0000",
                    "info": [{"name": "Plan", "values": ["Standard 0"]}, {"name": "Status", "values": ["Available"]},
                        {"name": "Continuous Protection", "values": ["On"]},
                        {"name": "Data Encryption", "values": ["In Use"]}]})
                .to_string(),
            ),
            _ => Good::ok(self.refusal(404)).status(404),
        }
    }

    fn page(&self, request: &Request) -> Option<usize> {
        if request.path != "/apps" {
            return None;
        }
        let range = request.headers.get("range").map_or("", String::as_str);
        match range.strip_prefix("id ]").and_then(|r| r.split("..").next()) {
            None => Some(0),
            Some(id) => (0..PAGES).find(|n| app_id(*n) == id).map(|n| n + 1),
        }
    }

    fn of_page(&self, request: &Request, page: usize) -> Request {
        let mut out = request.clone();
        let range =
            if page == 0 { "id ..; max=1000;".to_owned() } else { format!("id ]{}..; max=1000", app_id(page - 1)) };
        out.headers.insert("range".to_owned(), range);
        out
    }

    fn same_cursor(&self, from: &Good, to: &Good) -> Good {
        Good { status: from.status, headers: from.headers.clone(), body: to.body.clone() }
    }

    fn error_body(&self) -> String {
        json!({"id": "maintenance", "message": "Heroku is in maintenance"}).to_string()
    }

    fn refusal(&self, status: u16) -> String {
        json!({"id": format!("error_{status}"), "message": format!("refused with {status}")}).to_string()
    }

    fn with_cursor(&self, good: &Good, _: &Request, _: &str, cursor: Cursor) -> Good {
        let mut out = good.clone().status(206);
        out.headers.retain(|(name, _)| name != "Next-Range");
        out.header(
            "Next-Range",
            match cursor {
                Cursor::Broken => "id ]ffffffff-0000-4000-8000-000000000000..; max=1000".to_owned(),
                Cursor::Loop => "id ..; max=1000;".to_owned(),
            },
        )
    }

    fn emptied(&self, good: &Good) -> Good {
        Good { body: "[]".to_owned(), ..good.clone() }
    }

    fn mistyped(&self, good: &Good) -> Good {
        mistyped_json(good)
    }
}
