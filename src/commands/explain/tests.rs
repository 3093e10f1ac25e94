//! Explanations as people and programs see them.

use model::workspace::load;

use super::*;

fn embedded(id: &str) -> Sheet {
    let policy = Policy::embedded().unwrap();
    let library = Library { controls: Controls::embedded(), policy: &policy, findings: &PolicyFinding::all() };
    library.find(id).remove(0)
}

#[test]
fn a_finding_on_the_policy_names_its_checks_and_its_correction() {
    let page = embedded("f-10").page(100, false);
    for wanted in [
        "F-10  Recovery points of 15 minutes",
        "level      high",
        "FRQ-04",
        "CORRECTION",
        "state that frequency follows",
    ] {
        assert!(page.contains(wanted), "{wanted} is not in:\n{page}");
    }
}

#[test]
fn a_check_says_everything_that_is_known_about_it() {
    let page = embedded("frq-01").page(80, false);
    for wanted in [
        "FRQ-01  No gap between good recovery points exceeds the maximum interval",
        "severity        critical",
        "evaluated       yes",
        "recovery_points.taken_at",
        "max_backup_interval",
        "PT24H (policy, 3.1)",
        "EV-JOB-LOG",
        "[sources.restic.<id>]",
        "inventory.toml",
        "BRP-3.1-01",
        "nist80053 CP-9",
        "hipaa 164.308(a)(7)(ii)(A)",
        "EDGE CASES",
        "-> pass with dst_extended noted",
        "REMEDIATION",
    ] {
        assert!(page.contains(wanted), "{wanted} is missing in\n{page}");
    }
    let frameworks: std::collections::BTreeSet<&str> = page
        .lines()
        .filter_map(|l| l.trim().split(' ').next())
        .filter(|w| Controls::embedded().framework(w).is_some())
        .collect();
    assert_eq!(frameworks.len(), 7, "{frameworks:?}");
    assert!(page.lines().all(|l| l.chars().count() <= 80 || !l.trim().contains(' ')), "{page}");
}

#[test]
fn every_check_is_evaluated_and_says_so() {
    for check in &Controls::embedded().checks {
        assert!(judging::is_evaluated(&check.id), "{}", check.id);
    }
    let sheet = embedded("FRQ-01");
    assert_eq!(sheet.json()["evaluated"], json!(true));
    assert!(!sheet.page(100, false).contains("does not evaluate"));
}

#[test]
fn json_has_stable_keys() {
    let mut keys: Vec<String> = document(&[embedded("FRQ-01")]).keys().cloned().collect();
    keys.sort();
    assert_eq!(
        keys.join(" "),
        "also automation basis controls edge_cases evaluated evidence examples fail filled_by group id kind metrics \
         no_evidence not_applicable one_result_per parameters pass population reads remediation rule schema severity \
         statements title"
    );
    let control = embedded("CP-9").json();
    assert_eq!(control["schema"], json!("backproof.explanation/1"));
    assert_eq!((&control["kind"], &control["id"]), (&json!("control"), &json!("CP-9")));
    assert!(control["checks"].as_array().unwrap().iter().any(|c| c["id"] == "FRQ-01"));
}

#[test]
fn a_tier_and_a_parameter_read_as_people_write_them() {
    let tier = embedded("billing systems").page(80, false);
    assert!(tier.contains("rto             2 days"), "{tier}");
    let parameter = embedded("min_retention");
    assert!(parameter.page(100, false).contains("parameters = { min_retention = \"P30D\" }"));
    assert_eq!(parameter.json()["value"], json!("P30D"));
}

#[test]
fn a_workspace_gives_its_own_values() {
    let config =
        "[organization]\nname = \"X\"\ntimezone = \"UTC\"\n[policy]\nparameters = { min_retention = \"P35D\" }\n";
    let workspace = load(&[("backproof.toml".to_owned(), config.to_owned())], &[]).unwrap();
    let library = Library { controls: Controls::embedded(), policy: &workspace.policy, findings: &[] };
    let json = library.find("min_retention")[0].json();
    assert_eq!((&json["value"], &json["origin"]), (&json!("P35D"), &json!("organisation")));
    assert!(library.find("RET-01")[0].page(100, false).contains("P35D (organisation"));
}

#[test]
fn an_unknown_id_names_the_nearest() {
    let policy = Policy::embedded().unwrap();
    let library = Library { controls: Controls::embedded(), policy: &policy, findings: &PolicyFinding::all() };
    let failure = unknown(&library, "FRQ-1");
    assert_eq!(failure.code(), 2);
    let Failure::Usage { help, .. } = failure else { panic!("usage") };
    assert!(help.unwrap().contains("FRQ-01"));
    assert!(library.nearest("max_backup_intervall").contains(&"max_backup_interval"));
    assert!(library.nearest("zzzzzzzzzzzz").is_empty());
}
