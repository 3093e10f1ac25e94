use std::collections::BTreeMap;
use std::sync::Arc;

use model::evidence::Page;
use model::rows::Row;
use model::time::{Instant, instant};
use model::workspace::{Setting, SourceConfig};
use serde_json::{Value, json};

use super::LIVE;
use crate::github::KIND;
use crate::net::testing::{Memory, Reply, Seen, Server, context, run};
use crate::net::{Collected, Halt, Objects, Order, Token, Trail};
use crate::{Document, Kept};

mod access;
mod fake;
mod faults;
mod lists;
mod whole;

use fake::{Hub, Repo};

/// A collection's settings.
fn order(url: &str, settings: &[(&str, Setting)]) -> Order {
    let mut all: BTreeMap<String, Setting> =
        [("url", url), ("organization", "acme")].map(|(k, v)| (k.to_owned(), Setting::Text(v.to_owned()))).into();
    for (key, value) in settings {
        all.insert((*key).to_owned(), value.clone());
    }
    let source = SourceConfig {
        kind: "github".to_owned(),
        id: "acme".to_owned(),
        path: None,
        timezone: None,
        covers: Vec::new(),
        settings: all,
        declared_in: "backproof.toml:1".to_owned(),
    };
    Order { source, secrets: [("token".to_owned(), Token::new("github_pat_canary"))].into() }
}

fn text(value: &str) -> Setting {
    Setting::Text(value.to_owned())
}

fn list(values: &[&str]) -> Setting {
    Setting::List(values.iter().map(|v| (*v).to_owned()).collect())
}

fn now() -> Instant {
    instant("2026-11-22T12:00:00Z", None).unwrap()
}

/// What a collection brought.
struct Brought {
    net: Collected,
    objects: Arc<Memory>,
    halted: bool,
}

impl Brought {
    /// Its documents, read.
    fn read(&self) -> Kept {
        let mut documents: Vec<Document> = Vec::new();
        for page in &self.net.pages {
            let bytes = self.objects.get(&page.object).unwrap();
            documents.push(Document::in_memory(page.name.clone(), page.object.clone(), None, bytes));
        }
        documents.sort_by(|a, b| a.name().cmp(b.name()));
        crate::testing::parse(&KIND, None, &documents)
    }

    fn problems(&self) -> Vec<String> {
        self.net.problems.iter().map(ToString::to_string).collect()
    }

    /// A setting of an asset.
    fn setting(&self, asset: &str, name: &str) -> Option<String> {
        let rows = self.read().rows;
        let asset = rows.iter().find_map(|r| match r {
            Row::Asset(a) if a.asset_id == asset => Some(a),
            _ => None,
        });
        asset?.settings.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())
    }

    fn noted(&self, words: &str) -> bool {
        self.net.notes.iter().any(|n| n.contains(words))
    }
}

fn collect_by(order: &Order, objects: Arc<Memory>, known: Vec<Page>) -> Brought {
    let (mut context, _stop) = context(Arc::clone(&objects));
    context.now = now;
    context.known = Arc::new(known.into_iter().map(|p| (p.name.clone(), p)).collect());
    let mut trail = Trail::new(context, order.secrets.values().cloned().collect());
    let done = run((LIVE.fetch)(order, &mut trail));
    let halted = match done {
        Ok(()) => false,
        Err(Halt::Over) => true,
        Err(other) => panic!("{other}"),
    };
    Brought { net: trail.finish(), objects, halted }
}

fn collect(server: &Server, settings: &[(&str, Setting)]) -> Brought {
    collect_by(&order(&server.url, settings), Arc::default(), Vec::new())
}

fn quiet(_: usize, _: &Seen) -> Option<Reply> {
    None
}

/// An issue with these labels.
fn issue(number: u64, labels: &[&str], body: &str) -> Value {
    let labels: Vec<Value> = labels.iter().map(|l| json!({"name": l})).collect();
    json!({"number": number, "title": "t", "state": "closed", "labels": labels, "user": null, "body": body,
        "created_at": "2026-10-02T08:00:00Z", "updated_at": "2026-10-03T08:00:00Z", "closed_at": "2026-10-03T08:00:00Z",
        "html_url": format!("https://github.com/acme/ops/issues/{number}"),
        "repository_url": "https://api.github.com/repos/acme/ops"})
}

fn workflow(id: u64, file: &str, state: &str) -> Value {
    json!({"id": id, "name": file, "path": format!(".github/workflows/{file}"), "state": state, "created_at": "2025-01-01T00:00:00Z",
        "url": format!("https://api.github.com/repos/acme/ops/actions/workflows/{id}"), "badge_url": "https://github.com/acme/ops/x.svg"})
}

fn job(id: u64, day: &str, conclusion: Value) -> Value {
    json!({"id": id, "name": null, "workflow_id": 9, "path": ".github/workflows/backup.yml@main", "event": "schedule", "run_attempt": 1,
        "status": "completed", "conclusion": conclusion, "created_at": format!("{day}T02:00:00Z"), "run_started_at": format!("{day}T02:00:05Z"),
        "updated_at": format!("{day}T02:10:00Z"), "head_commit": {"author": {"email": "dev@example.com"}},
        "html_url": format!("https://github.com/acme/ops/actions/runs/{id}")})
}

/// Three repositories: one with a backup workflow and issues, an ordinary one, an archived one.
fn three() -> Hub {
    let mut ops = Repo::new("ops");
    ops.labels = vec!["bug", "Incident", "restore-test"];
    let report = "### System\n\ncrm\n\n### Result\n\nsuccess\n\n### Started at\n\n2026-10-02T08:10:00Z\n\n### Service ready at\n\n2026-10-02T09:00:00Z\n\n### Notes\n\nNone.";
    ops.issues = vec![
        issue(1, &["incident", "cause:backup-failed"], ""),
        issue(2, &["bug"], ""),
        issue(3, &["restore-test"], report),
    ];
    ops.workflows = vec![workflow(8, "test.yml", "active"), workflow(9, "backup.yml", "active")];
    ops.runs = vec![job(52, "2026-11-21", json!("success")), job(51, "2026-11-20", json!("failure"))];
    let mut old = Repo::new("old");
    (old.archived, old.protected) = (true, false);
    Hub::of(vec![ops, Repo::new("app"), old])
}
