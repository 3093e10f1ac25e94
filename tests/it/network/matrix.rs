//! Every fault at the first, middle and last page of a list of every collector. No cell may claim to be complete with
//! data missing, nor turn what nobody can know into a pass or a fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use serde_json::Value;

use super::faults::{FAULTS, Fault};
use super::server::{Server, Service};
use super::services::{AwsBackup, Github, Heroku, Rds, S3, yesterday};
use crate::support::{AS_OF, Workspace};

/// A collector, and what it is pointed at.
struct Subject {
    kind: &'static str,
    service: Arc<dyn Service>,
    /// Keys of its configuration.
    keys: &'static str,
    /// Systems by resource.
    resources: &'static [(&'static str, &'static str)],
}

fn subjects() -> Vec<Subject> {
    vec![
        Subject {
            kind: "heroku-postgres",
            service: Arc::new(Heroku),
            keys: "data_url = \"URL\"\ntoken = { env = \"CANARY\" }",
            resources: &[
                ("a", "heroku-postgres:acme-a/*"),
                ("b", "heroku-postgres:acme-b/*"),
                ("c", "heroku-postgres:acme-c/*"),
            ],
        },
        Subject {
            kind: "github",
            service: Arc::new(Github),
            keys: "organization = \"acme\"\ntoken = { env = \"CANARY\" }",
            resources: &[("app", "github:acme/app")],
        },
        Subject {
            kind: "aws-backup",
            service: Arc::new(AwsBackup),
            keys: "regions = [\"us-east-1\"]",
            resources: &[("shop", "aws-backup:arn:aws:rds:us-east-1:123456789012:db:shop")],
        },
        Subject {
            kind: "rds",
            service: Arc::new(Rds),
            keys: "regions = [\"us-east-1\"]",
            resources: &[("shop", "rds:arn:aws:rds:us-east-1:123456789012:db:shop")],
        },
        Subject {
            kind: "s3",
            service: Arc::new(S3),
            keys: "buckets = [\"acme-backups\"]\nregion = \"us-east-1\"",
            resources: &[("shop", "s3:acme-backups/*")],
        },
    ]
}

/// What a collection came to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    status: String,
    reason: String,
    /// Ids of rows, over all tables.
    rows: BTreeSet<String>,
    /// State by check and unit. Checks of the evidence itself are left out: they fail, and should, where a source does.
    states: BTreeMap<(String, String), String>,
}

/// Status of a cell, and what is wrong with it.
type Told = (String, Option<String>);

const CANARY: &str = "canary-3f9a1c77d2";

fn outcome(subject: &Subject, fault: Option<(Fault, usize)>) -> Outcome {
    let server = Server::start(Arc::clone(&subject.service), fault);
    let w = Workspace::good();
    w.write(
        "backproof.toml",
        format!(
            "[organization]\nname = \"Example\"\ntimezone = \"UTC\"\n\n[sources.{}.live]\nurl = \"{url}\"\n{}\n\
             timeout = \"PT2S\"\npatience = \"PT2S\"\n",
            subject.kind,
            subject.keys.replace("URL", &server.url()),
            url = server.url()
        ),
    );
    let mut inventory = String::new();
    for (id, resource) in subject.resources {
        let _ = write!(
            inventory,
            "[[system]]\nid = \"{id}\"\nname = \"{id}\"\nkind = \"database\"\nenvironment = \"production\"\n\
             criticality = \"critical\"\ntier = \"critical_online_services\"\nowner = \"Team\"\ndata_classes = [\"customer\"]\n\
             in_scope = true\nonboarded_at = 2025-03-01T00:00:00Z\nresources = [\"{resource}\"]\n\n\
             [[plan]]\nid = \"{id}-daily\"\nsystem = \"{id}\"\ncomponent = \"logical\"\nschedule = \"0 2 * * *\"\n\
             timezone = \"UTC\"\nretention = \"P35D\"\nenabled = true\neffective_from = 2025-03-01T00:00:00Z\n\n"
        );
    }
    w.write("inventory.toml", inventory);
    let environment = [
        ("CANARY", CANARY),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", CANARY),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
    ];
    let collected = w.run_with(&["collect", "--format", "json"], &environment);
    assert!(matches!(collected.code, Some(0 | 4)), "{fault:?}: {collected:?}");
    for (name, bytes) in crate::support::files(w.path()) {
        assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "{name} holds the credential");
    }
    assert!(!collected.out.contains(CANARY) && !collected.err.contains(CANARY));
    let value: Value = serde_json::from_str(&collected.out).unwrap();
    let source = &value["sources"][0];
    let days = |back: i64| (yesterday() - TimeDelta::days(back)).format("%Y-%m-%d").to_string();
    let period = format!("{}..{}", days(4), days(1));
    let mut rows = BTreeSet::new();
    for table in ["runs", "recovery-points", "incidents", "assets", "storage"] {
        let ran = w.run(&["show", table, "--period", &period, "--as-of", AS_OF, "--format", "json"]);
        let shown: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{table}: {e}: {ran:?}"));
        let ids = shown["rows"].as_array().unwrap().iter().map(|r| format!("{table} {}", r["row_id"]));
        rows.extend(ids);
    }
    let ran = w.run(&["assess", "--period", &period, "--as-of", AS_OF, "--format", "json"]);
    let assessed: Value = serde_json::from_str(&ran.out).unwrap();
    let states = assessed["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| !r["check"].as_str().unwrap().starts_with("EVI-"))
        .map(|r| {
            let text = |key: &str| r[key].as_str().unwrap().to_owned();
            ((text("check"), text("unit")), text("state"))
        })
        .collect();
    Outcome {
        status: source["status"].as_str().unwrap().to_owned(),
        reason: source["reason"].as_str().unwrap_or("").to_owned(),
        rows,
        states,
    }
}

/// What is wrong with a cell, if anything.
fn wrong(fault: Fault, good: &Outcome, cell: &Outcome) -> Option<String> {
    let missing = good.rows.difference(&cell.rows).count();
    if cell.status == "complete" && missing > 0 {
        return Some(format!("complete, and {missing} rows are missing"));
    }
    if fault.heals() && (cell.status != "complete" || missing > 0) {
        return Some(format!("nothing is wrong at the end, and yet it is {}: {}", cell.status, cell.reason));
    }
    if cell.status != "complete" && cell.reason.is_empty() {
        return Some("no reason is given".to_owned());
    }
    // More may be unknown than before; nothing may become known by losing evidence.
    let turned = cell.states.iter().find(|(key, state)| {
        matches!(state.as_str(), "pass" | "fail") && good.states.get(*key).is_none_or(|was| was != *state)
    });
    turned.map(|((check, unit), state)| {
        let was = good.states.get(&(check.clone(), unit.clone())).map_or("absent", String::as_str);
        format!("{check} of {unit} was {was} and turned {state}")
    })
}

#[test]
fn no_fault_makes_a_source_complete_with_data_missing_or_turns_a_result() {
    // For work on one collector: BACKPROOF_MATRIX=github.
    let only = std::env::var("BACKPROOF_MATRIX").unwrap_or_default();
    let subjects: Vec<Subject> = subjects().into_iter().filter(|s| s.kind.starts_with(&only)).collect();
    let good: Vec<Outcome> = subjects.iter().map(|s| outcome(s, None)).collect();
    for (subject, good) in subjects.iter().zip(&good) {
        assert_eq!((good.status.as_str(), good.reason.as_str()), ("complete", ""), "{}", subject.kind);
        assert!(good.rows.len() > 2, "{}: {:?}", subject.kind, good.rows);
    }
    let cells: Vec<(usize, Fault, usize)> = (0..subjects.len())
        .flat_map(|s| FAULTS.iter().flat_map(move |f| (0..3).map(move |page| (s, *f, page))))
        .collect();
    let next = Mutex::new(cells.iter());
    let told: Mutex<BTreeMap<(usize, usize, usize), Told>> = Mutex::default();
    // Cells mostly wait: many go on at once.
    std::thread::scope(|threads| {
        for _ in 0..12 {
            threads.spawn(|| {
                loop {
                    let Some((s, fault, page)) = next.lock().unwrap().next().copied() else { return };
                    let cell = outcome(&subjects[s], Some((fault, page)));
                    let row = FAULTS.iter().position(|f| *f == fault).unwrap();
                    let verdict = wrong(fault, &good[s], &cell);
                    told.lock().unwrap().insert((s, row, page), (cell.status, verdict));
                }
            });
        }
    });
    let told = told.into_inner().unwrap();
    let mut table = String::new();
    let mut wrongs = Vec::new();
    let _ =
        writeln!(table, "{:<22}{}", "fault", subjects.iter().map(|s| format!("{:<18}", s.kind)).collect::<String>());
    for (row, fault) in FAULTS.iter().enumerate() {
        let _ = write!(table, "{:<22}", format!("{fault:?}"));
        for s in 0..subjects.len() {
            let mark = |page: usize| match &told[&(s, row, page)] {
                (_, Some(_)) => "WRONG",
                (status, None) => match status.as_str() {
                    "complete" => "c",
                    "incomplete" => "i",
                    _ => "f",
                },
            };
            let _ = write!(table, "{:<18}", format!("{} {} {}", mark(0), mark(1), mark(2)));
            for page in 0..3 {
                if let (_, Some(why)) = &told[&(s, row, page)] {
                    wrongs.push(format!("{} {fault:?} at page {}: {why}", subjects[s].kind, page + 1));
                }
            }
        }
        table.push('\n');
    }
    println!(
        "{table}first, middle and last page: c complete, i incomplete, f failed\n{} cells, {} wrong",
        cells.len(),
        wrongs.len()
    );
    assert!(wrongs.is_empty(), "{table}\n{} of {} cells are wrong:\n{}", wrongs.len(), cells.len(), wrongs.join("\n"));
}
