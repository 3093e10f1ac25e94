//! `backproof init`, and registers in all the forms in which people keep them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{CONFIG, Workspace, files, record, run, source};

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_new_workspace_loads_and_its_templates_state_nothing() {
    let w = Workspace::empty();
    let ran = w.run(&["init"]).ends(0);
    assert!(ran.out.contains("registers/templates/") && ran.out.contains("backproof collect"), "{}", ran.out);
    let written = names(w.path());
    for name in ["backproof.toml", "inventory.toml", "registers/README.md", "registers/templates/exceptions.csv"] {
        assert!(written.iter().any(|n| n == name), "{name}: {written:?}");
    }
    w.append("backproof.toml", "[sources.runs.first]\npath = \"drop/runs.jsonl\"\n");
    w.write("drop/runs.jsonl", record("shop-db", "shop-daily", 1, "success"));
    w.collect(0);
    let assessment = w.assess();
    let said = assessment["metrics"].to_string();
    assert!(said.contains("no register of exceptions") && said.contains("no register of incidents"), "{said}");
    // A template that is copied as it is states that there is nothing to record.
    fs::copy(w.path().join("registers/templates/exceptions.csv"), w.path().join("registers/exceptions.csv")).unwrap();
    let filled = w.assess();
    let said = filled["metrics"].to_string();
    assert!(!said.contains("no register of exceptions"), "given and empty is another statement than not given: {said}");
}

#[test]
fn what_is_commented_out_can_be_used_as_it_is() {
    let w = Workspace::empty();
    w.run(&["init"]).ends(0);
    let used = |name: &str, of: &dyn Fn(&str) -> bool| {
        let text = fs::read_to_string(w.path().join(name)).unwrap();
        let line = |l: &str| match l.strip_prefix('#') {
            Some(code) if !code.starts_with(' ') && of(code) => format!("{code}\n"),
            _ => format!("{l}\n"),
        };
        let text: String = text.lines().map(line).collect();
        w.write(name, &text);
        text
    };
    used("inventory.toml", &|_| true);
    // The files that `[policy]`, `[signing]` and `[registers]` name are not there: the reader tells of these alone.
    let text = used("backproof.toml", &|_| true);
    assert!(text.matches("[sources.").count() > 18, "{text}");
    let ran = w.run(&["assess", "--period", "2026-10"]).ends(2);
    assert!(!ran.err.contains("unknown") && !ran.err.contains("expected"), "{}", ran.err);
    assert!(ran.err.contains("policy.toml") && ran.err.contains("policies/*.md"), "{}", ran.err);
    w.run(&["init"]).ends(2);
}

#[test]
fn nothing_is_ever_overwritten() {
    let w = Workspace::empty();
    w.write("inventory.toml", "# mine\n");
    let ran = w.run(&["init"]).ends(2);
    assert!(ran.err.contains("inventory.toml") && ran.err.contains("nothing was written"), "{}", ran.err);
    assert_eq!(names(w.path()), ["inventory.toml"]);
    let inner = w.path().join("new/ws");
    let told = run(&["init", inner.to_str().unwrap(), "--format", "json"]).ends(0).json();
    assert_eq!(told["schema"], "backproof.init/1");
    assert_eq!(told["files"].as_array().unwrap().len(), names(&inner).len());
    run(&["init", inner.to_str().unwrap()]).ends(2);
    assert!(!run(&["init", "--help"]).out.contains("discover"));
}

const EXCEPTION: &str = "[[exceptions]]\nexception_id = \"EXC-1\"\nstatus = \"approved\"\nsystem_ids = [\"shop-db\"]\nvalid_from = 2026-10-01\n\
    [[exceptions.approvals]]\nrole = \"security_officer\"\napprover = \"Ada\"\ndecision = \"approve\"\ndecided_at = 2026-09-30\n";

#[test]
fn registers_are_read_from_toml_beside_csv() {
    let w = Workspace::good();
    w.write("registers/exceptions.toml", EXCEPTION);
    w.write("registers/exceptions.csv", "# from the sheet\nexception_id,status,system_ids\nEXC-2,draft,shop-db\n");
    w.collect(0);
    let waivers = w.show("waivers", "2026-10");
    let places: Vec<&str> = waivers.iter().map(|r| r["pointer"].as_str().unwrap()).collect();
    assert!(places.contains(&"registers/exceptions.toml:1"), "{waivers:?}");
    w.append("registers/exceptions.csv", "EXC-1,draft,shop-db\n");
    let ran = w.run(&["assess", "--period", "2026-10"]).ends(2);
    assert!(ran.err.contains("EXC-1") && ran.err.contains("registers/exceptions.csv:4"), "{}", ran.err);
}

#[test]
fn documents_are_the_registers_that_they_hold() {
    let w = Workspace::good();
    w.write("backproof.toml", format!("{CONFIG}\n[registers]\ndocuments = [\"policies/*.md\", \"minutes\"]\n"));
    let policy = "---\ndocument_id: POL-1\nkind: policy\nversion: 2.1\nhistory:\n  - version: 2.1\n    dated: 2026-01-10\n---\nText.\n";
    w.write("policies/backup.md", policy);
    w.write(
        "minutes/2026/q3.md",
        "+++\nregister = \"reviews\"\nreview_id = \"REV-1\"\nkind = \"management\"\nperformed_at = 2026-10-05\n+++\n",
    );
    w.collect(0);
    let rows = w.show("documents", "2026-10");
    let row = rows.iter().find(|r| r["document_id"] == "POL-1").unwrap_or_else(|| panic!("{rows:?}"));
    assert_eq!(row["pointer"], "policies/backup.md:2");
    let digest = std::process::Command::new("sha256sum").arg(w.path().join("policies/backup.md")).output().unwrap();
    assert!(String::from_utf8(digest.stdout).unwrap().starts_with(row["digest"].as_str().unwrap()));
    w.write("policies/notes.md", "no front matter\n");
    w.write("policies/typo.md", policy.replace("POL-1", "POL-2").replace("kind: policy", "kind: polcy"));
    let ran = w.run(&["assess", "--period", "2026-10"]).ends(2);
    for part in ["policies/notes.md:1", "policies/typo.md:3", "did you mean \"policy\"?"] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    w.write("backproof.toml", format!("{CONFIG}\n[registers]\ndocuments = \"polcies/*.md\"\n"));
    let ran = w.run(&["assess", "--period", "2026-10"]).ends(2);
    assert!(ran.err.contains("polcies/*.md"), "{}", ran.err);
}

fn issue(number: u32, label: &str, closed: bool, body: &str) -> Value {
    serde_json::json!({
        "number": number, "title": "t", "state": if closed { "closed" } else { "open" }, "body": body,
        "labels": [{"name": label}, {"name": "system:shop-db"}], "user": {"login": "ada"},
        "created_at": "2026-10-02T08:00:00Z", "updated_at": "2026-10-03T08:00:00Z",
        "closed_at": if closed { Some("2026-10-03T08:00:00Z") } else { None },
        "repository_url": "https://api.github.com/repos/acme/ops",
        "html_url": format!("https://github.com/acme/ops/issues/{number}"),
    })
}

#[test]
fn issues_are_rows_of_the_register_that_their_label_names() {
    let w = Workspace::good();
    w.write("backproof.toml", format!("{CONFIG}\n[sources.github.ops]\npath = \"drop/github\"\ntimezone = \"UTC\"\n"));
    let exception = "### Status\n\napproved\n\n### Risk level\n\nlow\n\n### Valid from\n\n2026-10-01\n\n### Approvals\n\n\
        | Role | Approver | Decision | Decided at |\n|---|---|---|---|\n| ciso | Grace | approve | 2026-10-01 |\n";
    let issues = [
        issue(1, "register:exceptions", false, exception),
        issue(2, "register:reviews", true, "### Kind\n\nmanagement\n"),
        issue(3, "register:actions", true, ""),
        issue(4, "register:changes", true, "### Significant\n\nyes\n"),
        issue(5, "register:alerts", false, "---\nkind: missed\n---\n"),
        issue(6, "register:reviews", false, "### Kind\n\nmanagement\n"),
    ];
    w.write("drop/github/issues.json", Value::Array(issues.to_vec()).to_string());
    let collection = w.collect(0);
    let counts = &source(&collection, "ops")["counts"];
    for table in ["exceptions", "reviews", "actions", "changes", "alerts"] {
        assert_eq!(counts[table], 1, "{table}: {counts}");
    }
    let waivers = w.show("waivers", "2026-10");
    assert_eq!(waivers[0]["exception_id"], "acme/ops#1", "{waivers:?}");
    assert_eq!(waivers[0]["pointer"], "https://github.com/acme/ops/issues/1");

    // The issue is edited: its last state counts. A row that is also in a file is the file's.
    let edited = issue(1, "register:exceptions", false, &exception.replace("low", "high"));
    w.write("drop/github/issues.json", Value::Array(vec![edited]).to_string());
    w.collect(0);
    let waivers = w.show("waivers", "2026-10");
    assert_eq!((waivers.len(), &waivers[0]["risk_level"]), (1, &Value::from("high")), "{waivers:?}");
    w.write("registers/exceptions.csv", "exception_id,status,system_ids\nacme/ops#1,closed,shop-db\n");
    let waivers = w.show("waivers", "2026-10");
    assert_eq!((waivers.len(), &waivers[0]["status"]), (1, &Value::from("closed")), "{waivers:?}");
}

#[test]
fn an_issue_that_lacks_a_needed_field_is_a_problem_that_names_it() {
    let w = Workspace::good();
    w.write("backproof.toml", format!("{CONFIG}\n[sources.github.ops]\npath = \"drop/github\"\n"));
    let issues = [issue(7, "register:reviews", true, "### Performer\n\nAda\n"), issue(8, "register:actions", true, "")];
    w.write("drop/github/issues.json", Value::Array(issues.to_vec()).to_string());
    let collection = w.collect(4);
    let ops = source(&collection, "ops");
    assert_eq!(ops["status"], "incomplete");
    let reason = ops["reason"].as_str().unwrap();
    assert!(reason.contains("acme/ops#7") && reason.contains("kind"), "{reason}");
    assert_eq!(ops["counts"]["actions"], 1, "the others are read: {ops}");
}
