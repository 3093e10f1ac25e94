use super::parse::{Given, policy};
use super::*;
use crate::fault::File;
use crate::read::{Context, toml};
use crate::time::Tz;

const BUILT_IN: &str = include_str!("../../../controls/policy.toml");

fn resolve(file: Option<&str>, overrides: &str) -> Result<Policy, Faults> {
    let config = File { name: "backproof.toml", text: overrides };
    let context = Context { zone: Some(Tz::UTC), comma_lists: false };
    let entries = toml::document(config, context, &mut Faults::default()).expect("syntax").rest();
    let file = file.map(|text| File { name: "policy.toml", text });
    policy(Given { file, overrides: Some((config, entries)) })
}

#[test]
fn parameters_are_typed_and_tell_their_origin() {
    let p = Policy::embedded().unwrap();
    assert_eq!(p.seconds("max_backup_interval"), 86_400);
    assert_eq!(p.parameter("max_backup_interval").origin, ParameterOrigin::Policy);
    assert_eq!(p.span("restore_test_cadence"), Span { months: 3, seconds: 0 });
    assert!((p.ratio("unknown_share_max") - 0.01).abs() < 1e-12);
    assert_eq!(p.ratio_if_set("target_backup_success"), None);
    assert_eq!(p.text("restore_scope"), "per_system");
    assert!(p.flag("distinct_approvers") && !p.flag("alert_on_attempt"));
    assert_eq!(p.parameter("evidence_retention").origin, ParameterOrigin::Framework);
    assert!(!p.parameter("schedule_tolerance").confirmed());
    assert_eq!(p.first_month(), 1);
    assert_eq!([0, 1, 2, 4, 12, 52, 53, 365, 365_000].map(|n| p.sample_size(n)), [0, 1, 2, 2, 3, 8, 20, 25, 40]);
    assert_eq!(p.tier("network_services").unwrap().rto_low_s, Some(86_400));
    assert_eq!(p.approvers(RiskLevel::Medium), ["policy_owner", "security_officer"]);
    assert_eq!(p.statement("BRP-3.1-01").unwrap().section, "3.1");
}

#[test]
fn overrides_are_the_organisations() {
    let p = resolve(
        None,
        "min_retention = 'P35D'\nunknown_share_max = 0.05\nalert_on_attempt = true\nquarter_basis = 'fiscal:04'\n\
         target_backup_success = 0.99\nrestore_scope = 'organisation'\nsample_sizes = '10:2 *:60'\n",
    )
    .unwrap();
    assert_eq!([1, 10, 11, 100].map(|n| p.sample_size(n)), [1, 2, 11, 60]);
    assert_eq!(p.seconds("min_retention"), 35 * 86_400);
    assert_eq!(p.parameter("min_retention").origin.as_str(), "organisation");
    assert_eq!(p.parameter("min_retention").value, "P35D");
    assert_eq!((p.first_month(), p.flag("alert_on_attempt")), (4, true));
    assert_eq!(p.ratio_if_set("target_backup_success"), Some(0.99));
    assert_eq!(p.parameter("schedule_tolerance").origin, ParameterOrigin::Default);
}

#[test]
fn wrong_overrides_are_all_told_with_their_places() {
    let faults = resolve(
        None,
        "min_retension = 'P35D'\nmax_backup_interval = 'P1M'\nunknown_share_max = 2\nquarter_basis = 'fiscal:13'\n\
         alert_on_attempt = 'perhaps'\ntls_min_version = 1.2\nrestore_scope = ['x']\n\
         sample_sizes = '10:2 4:1 *:60'\n",
    )
    .unwrap_err();
    let told: Vec<(usize, &str)> = faults.0.iter().map(|f| (f.line, f.message.as_str())).collect();
    assert_eq!(told.iter().map(|t| t.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 7, 8], "{told:?}");
    assert_eq!(faults.0[0].help.as_deref(), Some("did you mean \"min_retention\"?"));
    assert!(told[1].1.contains("fixed length"));
    assert!(told[3].1.contains("one of calendar, fiscal:MM"));
}

#[test]
fn a_replacement_file_is_silent_where_it_says_nothing() {
    let cut = BUILT_IN
        .replace("id = \"max_backup_interval\"\nvalue = \"PT24H\"", "id = \"max_backup_interval\"\nvalue = \"PT12H\"");
    let start = cut.find("[[parameter]]\nid = \"min_retention\"").unwrap();
    let end = start + cut[start + 5..].find("[[parameter]]").unwrap() + 5;
    let cut = format!("{}{}", &cut[..start], &cut[end..]).replace("seconds = 86400\n", "");
    let p = resolve(Some(&cut), "").unwrap();
    assert_eq!(p.seconds("max_backup_interval"), 43_200);
    assert_eq!(p.parameter("max_backup_interval").origin, ParameterOrigin::Policy);
    assert_eq!(p.seconds("min_retention"), 30 * 86_400);
    assert_eq!(p.parameter("min_retention").origin, ParameterOrigin::Default, "that policy does not set it");
    assert_eq!(p.file.as_deref(), Some("policy.toml"));
}

#[test]
fn faults_of_a_replacement_file_are_all_told() {
    let text = BUILT_IN
        .replace(
            "value = \"PT24H\"\nunit = \"duration\"\norigin = \"policy\"",
            "value = \"24h\"\nunit = \"duration\"\norigin = \"policy\"",
        )
        .replace("unit = \"ratio_or_unset\"", "unit = \"ratio\"")
        .replace("modality = \"cadence\"", "modality = \"rhythm\"")
        .replace("rto_text = \"2 hours\"", "rto_txt = \"2 hours\"");
    let faults = resolve(Some(&text), "").unwrap_err();
    let all = faults.render(false);
    for expected in [
        "\"24h\" is not a duration",
        "the checks read this parameter as \"ratio_or_unset\"",
        "\"rhythm\" is not one of",
        "unknown key \"rto_txt\" in [[tier]] critical_online_services",
        "missing key \"rto_text\"",
    ] {
        assert!(all.contains(expected), "{expected}\n{all}");
    }
    assert!(resolve(Some("schema = 'x'"), "").unwrap_err().render(false).contains("missing table [document]"));
}
