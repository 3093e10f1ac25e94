//! What the tests' Heroku holds and answers, and how it is collected from.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use model::evidence::{Covers, Page};
use model::time::Instant;
use model::workspace::{Setting, SourceConfig};
use serde_json::{Value, json};

use crate::heroku_postgres::KIND;
use crate::heroku_postgres::live::HISTORY;
use crate::net::testing::{Memory, Reply, Seen, Server, context, run};
use crate::net::{Collected, Halt, Objects, Order, Token, Trail};
use crate::{Document, Kept};

pub const TOKEN: &str = "HRKU-canary-token";

#[allow(clippy::disallowed_methods, reason = "a test has a clock")]
pub fn days_ago(days: i64) -> String {
    (chrono::Utc::now() - TimeDelta::days(days)).format("%Y-%m-%d %H:%M:%S +0000").to_string()
}

pub fn app(n: u32, name: &str) -> Value {
    json!({"id": format!("{n:02}"), "name": name, "git_url": format!("https://git.heroku.com/{name}.git"), "released_at": null})
}

pub fn addon(id: &str, owner: &str, plan: &str, vars: &[&str]) -> Value {
    json!({"id": id, "name": format!("postgresql-{id}"), "addon_service": {"name": "heroku-postgresql"}, "plan": {"name": plan},
        "app": {"name": owner}, "state": "provisioned", "config_vars": vars, "created_at": "2024-01-01T12:00:00Z"})
}

pub fn attachment(id: &str, app: &str, name: &str, addon: &str, owner: &str) -> Value {
    json!({"id": id, "name": name, "app": {"name": app}, "addon": {"id": addon, "name": format!("postgresql-{addon}"), "app": {"name": owner}}})
}

pub fn transfer(num: u64, made: &str, more: Value) -> Value {
    let mut out = json!({"uuid": format!("u{num}"), "num": num, "from_name": "DATABASE", "from_type": "pg_dump",
        "from_url": "postgres://u:canary-from@db.example.com:5432/d", "to_name": "BACKUP", "to_type": "gof3r",
        "to_url": format!("https://dumps.example.com/{num}?X-Amz-Signature=canary-signed"), "options": {}, "source_bytes": 2048,
        "processed_bytes": 1024, "succeeded": true, "warnings": 0, "created_at": made, "started_at": made, "finished_at": made,
        "updated_at": made, "num_keep": 5, "schedule": {"uuid": "s1"}});
    for (key, value) in more.as_object().unwrap() {
        out[key] = value.clone();
    }
    out
}

/// What stands at each path; a query is part of it.
pub type World = BTreeMap<String, Value>;

pub fn info(id: &str) -> Value {
    json!({"addon_id": id, "name": format!("postgresql-{id}"), "resource_url": "postgres://u:canary-url@h/d",
        "database_password": "canary-password", "database_user": "canary-user", "info": [
        {"name": "Rollback", "values": ["earliest from 2024-05-24 20:00 UTC"]}, {"name": "HA Status", "values": ["Available"]},
        {"name": "Followers", "resolve_db_name": true, "values": ["postgres://u:canary-follower@h/d"]}]})
}

/// Five apps on three pages: `acme-prod` (a database of its own and one of `acme-db`), `acme-adv` (Advanced), and three
/// without.
pub fn world() -> World {
    let (main, ledger) = (
        addon("main", "acme-prod", "heroku-postgresql:standard-0", &["DATABASE_URL"]),
        addon("ledger", "acme-db", "heroku-postgresql:premium-2", &["HEROKU_POSTGRESQL_IVORY_URL"]),
    );
    let advanced = addon("adv", "acme-adv", "heroku-postgresql:advanced-1", &["DATABASE_URL"]);
    let log = transfer(
        2,
        &days_ago(2),
        json!({"succeeded": false, "logs": [
        {"level": "error", "message": "pg_dump: postgres://u:canary-log@h/d refused, PGPASSWORD='canary-env'"}]}),
    );
    let mut failed = log.clone();
    failed.as_object_mut().unwrap().remove("logs");
    [
        ("/account", json!({"email": "ops@example.com", "name": "canary-person"})),
        ("/apps", json!([app(1, "acme-prod"), app(2, "acme-adv"), app(3, "acme-a"), app(4, "acme-b"), app(5, "acme-c")])),
        ("/apps/acme-prod", app(1, "acme-prod")),
        ("/apps/acme-prod/addons", json!([main, ledger.clone()])),
        (
            "/apps/acme-prod/addon-attachments",
            json!([
                attachment("t1", "acme-prod", "DATABASE", "main", "acme-prod"),
                attachment("t2", "acme-prod", "LEDGER", "ledger", "acme-db"),
            ]),
        ),
        ("/apps/acme-adv/addons", json!([advanced])),
        ("/apps/acme-adv/addon-attachments", json!([attachment("t3", "acme-adv", "DATABASE", "adv", "acme-adv")])),
        ("/apps/acme-a/addons", json!([])),
        ("/apps/acme-b/addons", json!([])),
        ("/apps/acme-c/addons", json!([])),
        ("/apps/acme-db/addon-attachments", json!([attachment("t4", "acme-db", "HEROKU_POSTGRESQL_IVORY", "ledger", "acme-db")])),
        (
            "/client/v11/apps/acme-prod/transfers",
            json!([
                transfer(1, &days_ago(3), json!({})),
                failed,
                transfer(3, &days_ago(1), json!({"from_type": "gof3r", "to_type": "pg_restore", "from_name": "BACKUP", "to_name": "STAGING",
                    "from_url": "https://dumps.example.com/1?X-Amz-Signature=canary-signed", "to_url": "postgres://u:canary-to@h/d", "schedule": null})),
            ]),
        ),
        ("/client/v11/apps/acme-prod/transfers/2?verbose=true", log),
        ("/client/v11/apps/acme-db/transfers", json!([transfer(7, &days_ago(1), json!({"uuid": "v7", "from_name": "IVORY"}))])),
        ("/client/v11/apps/acme-adv/transfers", json!([])),
        (
            "/client/v11/databases/main/transfer-schedules",
            json!([{"uuid": "s1", "name": "DATABASE_URL", "callback_url": "https://hook.example.com/?k=canary-hook", "days": ["Monday"],
                "hour": 2, "timezone": "UTC", "retain_weeks": 4, "retain_months": 0}]),
        ),
        ("/client/v11/databases/ledger/transfer-schedules", json!([])),
        ("/client/v11/databases/main", info("main")),
        ("/client/v11/databases/ledger", info("ledger")),
        (
            "/data/postgres/v1/adv/info",
            json!({"addon": {"id": "adv", "name": "postgresql-adv"}, "app": {"name": "acme-adv"}, "created_at": "2026-01-01T00:00:00Z",
                "features": {"rollback": {"enabled": true, "earliest_time": "2026-08-01T00:00:00Z", "latest_time": "2026-08-08T00:00:00Z"}},
                "pools": [{"name": "leader", "expected_count": 2}, {"name": "readers", "expected_count": 3}]}),
        ),
    ]
    .into_iter()
    .map(|(path, value)| (path.to_owned(), value))
    .collect()
}

/// Answers from a world: lists of the platform in pages of two, everything else whole.
pub fn answer(world: &World, seen: &Seen) -> Reply {
    let Some(value) = world.get(seen.path()) else {
        return Reply::status(404, r#"{"id":"not_found","message":"Couldn't find that."}"#);
    };
    let Some(range) = seen.header("range") else { return Reply::json(&value.to_string()) };
    let after = range.strip_prefix("id ").and_then(|r| r.split("..").next()).unwrap().trim_start_matches(']');
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    let rest: Vec<&Value> = value.as_array().unwrap().iter().filter(|item| id(item).as_str() > after).collect();
    let page: Vec<&Value> = rest.iter().copied().take(2).collect();
    let body = serde_json::to_vec(&page).unwrap();
    match page.last() {
        Some(last) if rest.len() > 2 => Reply::Whole(
            206,
            vec![("next-range", format!("id ]{}..; max=2", id(last))), ("ratelimit-remaining", "4000".to_owned())],
            body,
        ),
        _ => Reply::Whole(200, Vec::new(), body),
    }
}

pub struct Brought {
    pub collected: Collected,
    pub objects: Arc<Memory>,
    pub halt: Option<Halt>,
    pub server: Server,
}

impl Brought {
    pub fn problems(&self) -> String {
        self.collected.problems.iter().map(|p| format!("{p}\n")).collect()
    }

    #[track_caller]
    pub fn tells(&self, what: &str) {
        assert!(self.problems().contains(what), "{what:?} is not told:\n{}", self.problems());
    }

    pub fn rows(&self) -> Kept {
        let document = |p: &Page| {
            Document::in_memory(p.name.clone(), p.object.clone(), None, self.objects.get(&p.object).unwrap())
        };
        let documents: Vec<Document> = self.collected.pages.iter().map(document).collect();
        crate::testing::parse(&KIND, None, &documents)
    }

    pub fn asked(&self) -> Vec<String> {
        self.server.seen().iter().map(|s| s.path().to_owned()).collect()
    }

    pub fn history(&self) -> Vec<&Covers> {
        self.collected.covers.iter().filter(|c| c.tables == HISTORY).collect()
    }
}

pub fn source(settings: &[(&str, Setting)]) -> SourceConfig {
    SourceConfig {
        kind: "heroku-postgres".to_owned(),
        id: "prod".to_owned(),
        path: None,
        timezone: None,
        covers: Vec::new(),
        settings: settings.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
        declared_in: "backproof.toml:9".to_owned(),
    }
}

pub fn only(apps: &[&str]) -> Vec<(&'static str, Setting)> {
    vec![("apps", Setting::List(apps.iter().map(|a| (*a).to_owned()).collect()))]
}

/// Collects from a server; `before` is what the store has.
pub fn collect_with(
    server: Server,
    mut settings: Vec<(&str, Setting)>,
    before: Option<&Brought>,
    last_complete: Option<Instant>,
) -> Brought {
    settings.push(("url", Setting::Text(server.url.clone())));
    settings.push(("data_url", Setting::Text(server.url.clone())));
    let token = Token::new(TOKEN);
    let order = Order { source: source(&settings), secrets: BTreeMap::from([("token".to_owned(), token.clone())]) };
    let objects = before.map_or_else(Arc::default, |b| Arc::clone(&b.objects));
    let (mut context, _stop) = context(Arc::clone(&objects));
    context.last_complete = last_complete;
    if let Some(before) = before {
        context.known = Arc::new(before.collected.pages.iter().map(|p| (p.name.clone(), p.clone())).collect());
    }
    let mut trail = Trail::new(context, vec![token]);
    let halt = run((KIND.live.unwrap().fetch)(&order, &mut trail)).err();
    Brought { collected: trail.finish(), objects, halt, server }
}

pub fn collect(world: World, settings: Vec<(&str, Setting)>) -> Brought {
    collect_with(Server::start(move |_, seen| answer(&world, seen)), settings, None, None)
}

/// The whole account, with one path answering otherwise.
pub fn faulty(path: &'static str, reply: Reply) -> Brought {
    let world = world();
    let server = Server::start(move |_, seen| if seen.path() == path { reply.clone() } else { answer(&world, seen) });
    collect_with(server, Vec::new(), None, None)
}

/// The world whose transfers are those of an earlier collection: its times are of then.
pub fn world_of(brought: &Brought) -> World {
    let mut world = world();
    let page = brought.collected.pages.iter().find(|p| p.name.ends_with("acme-prod/transfers.json")).unwrap();
    let kept = serde_json::from_slice(&brought.objects.get(&page.object).unwrap()).unwrap();
    world.insert("/client/v11/apps/acme-prod/transfers".to_owned(), kept);
    world
}
