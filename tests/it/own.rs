//! What a workspace adds of its own: frameworks; and draws from its populations.

use crate::support::Workspace;

const FRAMEWORK: &str = "[framework]\nid = \"bank\"\nname = \"Rules of the bank\"\n\n[[control]]\nid = \"B.1\"\n\
    title = \"Backups are of a plausible size\"\nchecks = [\"CMP-02\"]\nstatements = [\"BRP-3.1-01\"]\n";

#[test]
fn a_framework_of_ones_own_counts_like_ours() {
    let workspace = Workspace::good();
    workspace.write("frameworks/bank.toml", FRAMEWORK);
    workspace.collect(0);
    let controls = workspace.run(&["show", "controls", "--period", "2026-10", "--format", "json"]).json();
    let rows = controls["rows"].as_array().unwrap();
    let control = rows.iter().find(|r| r["framework"] == "bank" && r["control_id"] == "B.1").unwrap();
    assert!(control["checks"].as_array().unwrap().iter().any(|c| c == "FRQ-01"), "{control:#}");
    let told = workspace.run(&["explain", "B.1"]).ends(0).out;
    assert!(told.contains("Backups are of a plausible size"), "{told}");
}

#[test]
fn a_framework_with_an_id_that_does_not_exist_is_an_error_that_names_its_line() {
    let workspace = Workspace::good();
    workspace.collect(0);
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
