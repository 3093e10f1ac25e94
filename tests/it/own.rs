//! What a workspace adds of its own: checks in SQL and frameworks.

use crate::support::Workspace;

const CHECK: &str = "-- id: OWN-01\n-- title: Backups store at least 2 MB\n-- severity: high\n-- controls: soc2:A1.2\n\n\
    SELECT run_id AS unit, CASE WHEN bytes < 2000000 THEN 'fail' ELSE 'pass' END AS state, 'too_small' AS reason,\n\
    row_id AS record, system_id AS system FROM backup_runs WHERE status = 'success'\n";

const FRAMEWORK: &str = "[framework]\nid = \"bank\"\nname = \"Rules of the bank\"\n\n[[control]]\nid = \"B.1\"\n\
    title = \"Backups are of a plausible size\"\nchecks = [\"CMP-02\"]\nstatements = [\"BRP-3.1-01\"]\n";

#[test]
fn a_query_and_a_framework_of_ones_own_count_like_ours() {
    let workspace = Workspace::good();
    workspace.write("checks/size.sql", CHECK);
    workspace.write("frameworks/bank.toml", FRAMEWORK);
    workspace.collect(0);
    let assessment = workspace.assess();
    let results: Vec<_> = assessment["results"].as_array().unwrap().iter().filter(|r| r["check"] == "OWN-01").collect();
    assert_eq!(results.len(), 31);
    // A record of the workspace's log stores one megabyte.
    assert!(results.iter().all(|r| r["state"] == "fail" && r["severity"] == "high" && r["reasons"][0] == "too_small"));
    let runs = workspace.run(&["show", "runs", "--period", "2026-10", "--format", "json"]).json();
    let known: Vec<_> = runs["rows"].as_array().unwrap().iter().map(|r| &r["row_id"]).collect();
    assert!(results.iter().all(|r| known.contains(&&r["records"][0])), "lineage leads nowhere: {:#}", results[0]);

    let controls = workspace.run(&["show", "controls", "--period", "2026-10", "--format", "json"]).json();
    let control = |framework: &str, id: &str| {
        let rows = controls["rows"].as_array().unwrap();
        rows.iter().find(|r| r["framework"] == framework && r["control_id"] == id).unwrap().clone()
    };
    assert!(control("bank", "B.1")["checks"].as_array().unwrap().iter().any(|c| c == "FRQ-01"));
    assert!(control("soc2", "A1.2")["failed_by"].as_array().unwrap().iter().any(|c| c == "OWN-01"));
    let told = workspace.run(&["explain", "OWN-01"]).ends(0).out;
    assert!(told.contains("Backups store at least 2 MB"), "{told}");
    let report = workspace.run(&["report", "monthly", "--period", "2026-10"]).ends(0);
    assert!(report.out.contains("monthly.html"), "{}", report.out);
}

#[test]
fn a_query_that_cannot_run_is_an_error_that_names_its_file() {
    let workspace = Workspace::good();
    workspace.collect(0);
    workspace.write("checks/size.sql", CHECK.replace("bytes <", "bites <"));
    let ended = workspace.run(&["assess", "--period", "2026-10"]).ends(2);
    assert!(ended.err.contains("checks/size.sql") && ended.err.contains("bites"), "{}", ended.err);
    workspace.write("checks/size.sql", CHECK.replace("OWN-01", "FRQ-01"));
    let ended = workspace.run(&["assess", "--period", "2026-10"]).ends(2);
    assert!(ended.err.contains("checks/size.sql:1") && ended.err.contains("exists already"), "{}", ended.err);
    workspace.write("checks/size.sql", CHECK);
    workspace.write("frameworks/bank.toml", FRAMEWORK.replace("CMP-02", "CMP-20"));
    let ended = workspace.run(&["assess", "--period", "2026-10"]).ends(2);
    assert!(ended.err.contains("frameworks/bank.toml:8") && ended.err.contains("CMP-20"), "{}", ended.err);
}

#[test]
fn a_draw_is_the_same_for_everyone_and_only_its_seed_changes_it() {
    let workspace = Workspace::good();
    workspace.collect(0);
    let draw = |seed: &str| {
        let args = [
            "sample",
            "--population",
            "slots",
            "--size",
            "5",
            "--seed",
            seed,
            "--period",
            "2026-10",
            "--format",
            "json",
        ];
        workspace.run(&args).ends(0).json()
    };
    let drawn = draw("auditor-7");
    assert_eq!(drawn["rows"], draw("auditor-7")["rows"]);
    assert_ne!(drawn["rows"], draw("auditor-8")["rows"]);
    assert_eq!((&drawn["population_size"], &drawn["size"]), (&31.into(), &5.into()));
    // Drawn again from the whole population with nothing but a hash function.
    let slots = workspace.run(&["show", "slots", "--period", "2026-10", "--format", "json"]).json();
    let mut numbers: Vec<String> = slots["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            use sha2::{Digest, Sha256};
            format!("{:x}", Sha256::digest(format!("auditor-7:{}:1", row["row_id"].as_str().unwrap())))
        })
        .collect();
    numbers.sort();
    let taken: Vec<&str> = drawn["rows"].as_array().unwrap().iter().map(|r| r["draw"].as_str().unwrap()).collect();
    assert_eq!(taken, numbers[..5]);
}
