//! Collecting from a Heroku of this machine: what its list forgets, the store remembers; what it proves, and what not.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::{Value, json};

use crate::support::{Workspace, files, source};

/// Paths and what they answer; it may change between collections.
type World = Arc<Mutex<BTreeMap<String, Value>>>;

/// Serves a world; the address.
fn serve(world: &World) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let world = Arc::clone(world);
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(&stream, &world)));
    url
}

fn answer(mut stream: &TcpStream, world: &World) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let token = lines.by_ref().take_while(|line| !line.is_empty()).any(|line| line.ends_with("Bearer HRKU-canary"));
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match world.lock().unwrap().get(path) {
        _ if !token => (401, json!({"id": "unauthorized", "message": "Invalid credentials provided."})),
        Some(value) => (200, value.clone()),
        None => (404, json!({"id": "not_found", "message": "Couldn't find that."})),
    };
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all((head + &body).as_bytes());
}

fn now() -> DateTime<Utc> {
    Utc::now()
}

fn day(ago: u64) -> NaiveDate {
    now().date_naive() - Days::new(ago)
}

/// A scheduled backup at two in the night so many days ago.
fn backup(num: u64, ago: u64, succeeded: bool) -> Value {
    let at = |minute: u32| format!("{} 02:{minute:02}:00 +0000", day(ago));
    json!({"uuid": format!("u{num}"), "num": num, "from_name": "DATABASE", "from_type": "pg_dump", "to_type": "gof3r",
        "from_url": "postgres://u:canary@h/d", "to_url": format!("https://dumps.example.com/{num}"), "to_name": "SCHEDULED BACKUP",
        "created_at": at(1), "started_at": at(2), "finished_at": at(9), "updated_at": at(9), "succeeded": succeeded, "warnings": 0,
        "source_bytes": 4096, "processed_bytes": 1024, "num_keep": 5, "schedule": {"uuid": "s1"}})
}

fn company(transfers: &Value) -> World {
    let addon = json!({"id": "9e2c", "name": "postgresql-round-1", "addon_service": {"name": "heroku-postgresql"},
        "plan": {"name": "heroku-postgresql:standard-0"}, "app": {"name": "acme-prod"}, "state": "provisioned", "config_vars": ["DATABASE_URL"]});
    let mut log = backup(15, 5, false);
    log["logs"] =
        json!([{"level": "error", "message": "pg_dump: server closed the connection (postgres://u:canary@h/d)"}]);
    let all = [
        ("/account", json!({"email": "ops@example.com"})),
        ("/apps/acme-prod", json!({"id": "1", "name": "acme-prod", "git_url": "https://git.heroku.com/acme-prod.git"})),
        ("/apps/acme-prod/addons", json!([addon])),
        ("/apps/acme-prod/addon-attachments", json!([])),
        ("/client/v11/apps/acme-prod/transfers", transfers.clone()),
        ("/client/v11/apps/acme-prod/transfers/15?verbose=true", log),
        (
            "/client/v11/databases/9e2c/transfer-schedules",
            json!([{"uuid": "s1", "name": "DATABASE_URL", "hour": 2, "timezone": "UTC", "callback_url": "https://canary.example.com"}]),
        ),
        (
            "/client/v11/databases/9e2c",
            json!({"addon_id": "9e2c", "name": "postgresql-round-1", "resource_url": "postgres://u:canary@h/d", "database_password": "canary",
            "info": [{"name": "Rollback", "values": [format!("earliest from {} 02:00 UTC", day(4))]}]}),
        ),
    ];
    Arc::new(Mutex::new(all.into_iter().map(|(path, value)| (path.to_owned(), value)).collect()))
}

fn workspace(url: &str, token: &str) -> Workspace {
    let w = Workspace::empty();
    let token = w.write("token", token);
    std::fs::set_permissions(token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    w.write(
        "backproof.toml",
        format!(
            "[organization]\nname = \"Example\"\ntimezone = \"UTC\"\n\n[sources.heroku-postgres.prod]\napps = [\"acme-prod\"]\ntoken = {{ file = \"token\" }}\nurl = \"{url}\"\ndata_url = \"{url}\"\n"
        ),
    );
    w.write(
        "inventory.toml",
        crate::support::INVENTORY
            .replace(r#""runs:shop-db", "runs:shop-db/*""#, r#""heroku-postgres:acme-prod/*""#)
            .replace(r#"component = "full""#, r#"component = "logical""#),
    );
    w
}

#[test]
fn what_heroku_forgets_the_store_remembers() {
    // 20 and 19 days ago, then a week in which the night of two days ago is missing.
    let nights: Vec<Value> =
        [(10, 20, true), (11, 19, true), (15, 5, false), (16, 4, true), (17, 3, true), (18, 1, true)]
            .map(|(n, ago, ok)| backup(n, ago, ok))
            .into();
    let world = company(&json!(nights));
    let w = workspace(&serve(&world), "HRKU-canary\n");
    assert_eq!(source(&w.collect(0), "prod")["status"], "complete");
    // Heroku thins the oldest out, as if they had never been.
    world.lock().unwrap().insert("/client/v11/apps/acme-prod/transfers".to_owned(), json!(nights[1..]));
    assert_eq!(source(&w.collect(0), "prod")["status"], "complete");

    let period = format!("{}..{}", day(30), day(1));
    let by = |table: &str, key: &str, id: &str| {
        w.show(table, &period).into_iter().find(|row| row[key] == id).unwrap_or_else(|| panic!("no {id} in {table}"))
    };
    assert_eq!(w.show("runs", &period).len(), 6);
    assert_eq!(by("runs", "run_id", "acme-prod/a010")["status"], "success");
    assert!(by("recovery-points", "recovery_point_id", "acme-prod/a010")["deleted_at"].is_string());
    assert!(by("recovery-points", "recovery_point_id", "acme-prod/a011")["deleted_at"].is_null());
    let failed = by("runs", "run_id", "acme-prod/a015");
    assert_eq!((failed["status"].as_str(), failed["system_id"].as_str()), (Some("failed"), Some("shop-db")));
    assert_eq!(failed["status_detail"], "pg_dump: server closed the connection [address removed]");

    // A night without a backup is missed where the list reaches, and unknown where it does not.
    let outcome = |ago: u64| {
        let at = format!("{}T02:00:00Z", day(ago));
        by("slots", "scheduled_for", &at)["outcome"].clone()
    };
    assert_eq!((outcome(20), outcome(4), outcome(5)), (json!("success"), json!("success"), json!("failed")));
    assert_eq!((outcome(2), outcome(12)), (json!("missed"), json!("unknown")));

    for (name, bytes) in files(&w.path().join("evidence")) {
        assert!(!String::from_utf8_lossy(&bytes).contains("canary"), "{name}");
    }
}

#[test]
fn a_wrong_token_is_told_and_proves_nothing() {
    let world = company(&json!([backup(16, 4, true)]));
    let w = workspace(&serve(&world), "other");
    let collected = w.collect(4);
    let told = source(&collected, "prod");
    assert_eq!(told["status"], "failed");
    assert!(told["reason"].as_str().unwrap().contains("Heroku refuses the token (401"), "{told}");
    let slots = w.show("slots", &format!("{}..{}", day(6), day(1)));
    assert!(!slots.is_empty() && slots.iter().all(|s| s["outcome"] == "unknown"));
}
