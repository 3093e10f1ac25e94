//! The workspaces of `tests/scenarios`: what each check says in each state it can have, shown by the program itself.
//!
//! Their results and those of the sample company make `docs/coverage.md`; to write it anew run this test with
//! `BACKPROOF_WRITE_DOCS=1`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::{DateTime, Utc};
use model::controls::{Check, Controls};
use serde_json::Value;

use crate::support::{Workspace, copy, files, program};

/// States in the order of the table.
const STATES: [&str; 4] = ["pass", "fail", "not_applicable", "no_evidence"];

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Names of the scenarios, sorted.
fn scenarios() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root("tests/scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Collects and assesses a scenario; the assessment and what it should say.
fn assessed(name: &str) -> (Value, toml::Table) {
    let folder = root("tests/scenarios").join(name);
    let text = fs::read_to_string(folder.join("scenario.toml")).unwrap_or_else(|e| panic!("{name}/scenario.toml: {e}"));
    let scenario: toml::Table = text.parse().unwrap_or_else(|e| panic!("{name}/scenario.toml: {e}"));
    let word = |key: &str| {
        scenario.get(key).and_then(toml::Value::as_str).unwrap_or_else(|| panic!("{name}/scenario.toml lacks {key}"))
    };
    assert!(!word("about").is_empty(), "{name} does not say what it is about");
    let workspace = Workspace::empty();
    copy(&folder, workspace.path());
    let instant = word("collected_at");
    let served = workspace.path().join("served");
    if served.is_dir() {
        let config = fs::read_to_string(workspace.path().join("backproof.toml")).unwrap();
        workspace.write("backproof.toml", config.replace("SERVER", &serve(served, instant.parse().unwrap())));
    }
    // The clock stands still while the evidence is collected: nothing here depends on the day of the test.
    let clock = instant.replace('T', " ").replace('Z', "");
    let collected = Command::new("faketime")
        .args(["-f", &clock, env!("CARGO_BIN_EXE_backproof"), "collect", "--quiet"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TZ", "UTC")
        .env("TOKEN", "token")
        // Connections time out by this one.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .current_dir(workspace.path())
        .stdin(Stdio::null())
        .output()
        .expect("faketime runs: tests/run installs it");
    let said = String::from_utf8_lossy(&collected.stderr);
    assert!(matches!(collected.status.code(), Some(0 | 4)), "{name}: collect: {said}");
    if let Some(name) = scenario.get("changed").and_then(toml::Value::as_str) {
        change(&workspace, name);
    }
    let judged = workspace.run(&["assess", "--period", word("period"), "--as-of", word("as_of"), "--format", "json"]);
    assert!(matches!(judged.code, Some(0 | 4)), "{name}: assess: {}", judged.err);
    (judged.json(), scenario)
}

/// Answers each path with the file of that name and `.json` below `folder`; the clock of the server stands still. Its
/// address.
fn serve(folder: PathBuf, clock: DateTime<Utc>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            lines.by_ref().take_while(|line| !line.is_empty()).for_each(drop);
            let path = first.split([' ', '?']).nth(1).unwrap_or_default().trim_start_matches('/');
            let (status, body) = match fs::read_to_string(folder.join(format!("{path}.json"))) {
                Ok(body) => (200, body),
                Err(_) => (404, "{\"id\":\"not_found\"}".to_owned()),
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\ndate: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                clock.format("%a, %d %b %Y %H:%M:%S GMT"),
                body.len()
            );
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    url
}

/// Changes the object that a file of the workspace was kept as.
fn change(workspace: &Workspace, name: &str) {
    let bytes = fs::read(workspace.path().join(name)).unwrap();
    let objects = workspace.path().join("evidence/objects");
    let (object, _) = files(&objects).into_iter().find(|(_, kept)| *kept == bytes).expect("the file was kept");
    let path = objects.join(object);
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    fs::write(&path, [bytes.as_slice(), b"\n"].concat()).unwrap();
}

/// What the assessment says otherwise than the scenario expects.
fn differences(name: &str, assessment: &Value, scenario: &toml::Table) -> Vec<String> {
    let results = assessment["results"].as_array().unwrap();
    let mut out = Vec::new();
    let expect = scenario.get("expect").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    for (check, units) in &expect {
        for (unit, expected) in units.as_table().unwrap_or_else(|| panic!("{name}: expect.{check} is no table")) {
            let expected = expected.as_str().unwrap_or_default();
            let mut words = expected.split_whitespace();
            let state = words.next().unwrap_or_default();
            assert!(STATES.contains(&state), "{name}: {check} {unit}: {state:?} is no state");
            let Some(result) = results.iter().find(|r| r["check"] == check.as_str() && r["unit"] == unit.as_str())
            else {
                let units: Vec<&Value> =
                    results.iter().filter(|r| r["check"] == check.as_str()).map(|r| &r["unit"]).collect();
                out.push(format!("{name}: {check} says nothing of {unit}, but of {units:?}"));
                continue;
            };
            let reasons = result["reasons"].as_array().unwrap();
            if result["state"] != state || !words.all(|w| reasons.iter().any(|r| r == w)) {
                out.push(format!(
                    "{name}: {check} {unit}: expected {expected}, got {} {}: {}",
                    result["state"], result["reasons"], result["detail"]
                ));
            }
        }
    }
    out
}

/// True where the check's data say that it cannot have this state.
fn impossible(check: &Check, state: &str) -> bool {
    let text = match state {
        "not_applicable" => &check.not_applicable,
        "no_evidence" => &check.no_evidence,
        _ => return false,
    };
    text.starts_with("None.") || text.starts_with("Never")
}

fn demo() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let said = program().args(["demo", "--dir"]).arg(folder.path()).output().unwrap();
    assert!(said.status.success(), "demo: {}", String::from_utf8_lossy(&said.stderr));
    let judged = program()
        .args(["assess", "--period", "2026-10", "--format", "json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    serde_json::from_slice(&judged.stdout).unwrap()
}

#[test]
fn every_scenario_says_what_it_expects_and_makes_the_table_of_states() {
    let mut shown: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let mut note = |name: &str, assessment: &Value| {
        for result in assessment["results"].as_array().unwrap() {
            let key = |field: &str| result[field].as_str().unwrap().to_owned();
            shown.entry((key("check"), key("state"))).or_default().insert(name.to_owned());
        }
    };
    note("demo", &demo());
    let mut differing = Vec::new();
    for name in scenarios() {
        let (assessment, scenario) = assessed(&name);
        differing.extend(differences(&name, &assessment, &scenario));
        note(&name, &assessment);
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));

    let path = root("docs/coverage.md");
    let made = table(&shown);
    if std::env::var_os("BACKPROOF_WRITE_DOCS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/coverage.md is not what the scenarios show: run this test with BACKPROOF_WRITE_DOCS=1");
}

/// Which workspaces show which check in which state.
fn table(shown: &BTreeMap<(String, String), BTreeSet<String>>) -> String {
    let mut out = String::from(
        "# Checks and the states they were shown in\n\n\
         Made by `tests/it/scenarios.rs` from the sample company (`demo`) and the workspaces of `tests/scenarios`, run \
         by the program.\nA dash is a state that the check cannot have; *not shown* is a gap in these workspaces.\n\n\
         | Check | pass | fail | not applicable | no evidence |\n|---|---|---|---|---|\n",
    );
    for check in &Controls::embedded().checks {
        let cells: Vec<String> = STATES
            .iter()
            .map(|state| match shown.get(&(check.id.clone(), (*state).to_owned())) {
                // Two places are enough to look it up.
                Some(names) => names.iter().take(2).cloned().collect::<Vec<_>>().join(", "),
                None if impossible(check, state) => "–".to_owned(),
                None => "*not shown*".to_owned(),
            })
            .collect();
        let _ = writeln!(out, "| {} | {} |", check.id, cells.join(" | "));
    }
    out
}
