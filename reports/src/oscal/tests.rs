use std::collections::BTreeSet;

use model::assessment::{Assessment, CheckResult, PeriodInfo, Severity, Summary};
use model::controls::{Relevance, TitleKind};
use model::dossier::{
    CheckSheet, ControlSheet, FindingSheet, FrameworkSheet, PolicySheet, StoreSheet, WaiverSheet, WithheldSheet,
};
use model::lineage::Place;
use model::time::{Period, Tz, instant};

use super::*;

/// Two runs of one object, and an exception of a file; nobody knows where the slot was read.
fn places() -> Places<'static> {
    let run = |line: &str| Place::from((OBJECT, line));
    Places::from([
        ("run/runs.nightly/r1", run("line:r1")),
        ("run/runs.nightly/r2", run("line:r2")),
        ("exception/EX-7", Place::from(("", "registers/all exceptions.csv:4"))),
    ])
}

fn assessment_results(d: &Dossier) -> Value {
    serde_json::to_value(super::assessment_results(d, &places())).unwrap()
}

fn poam(d: &Dossier) -> Value {
    serde_json::to_value(super::poam(d, &places())).unwrap()
}

const OBJECT: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn result(check: &str, unit: &str, state: State, waived: bool) -> CheckResult {
    CheckResult {
        check: check.into(),
        unit: unit.into(),
        state,
        severity: Severity::High,
        waived,
        reasons: vec!["missed".into()],
        detail: format!("{check} of\n{unit}"),
        records: vec![
            "run/runs.nightly/r1".into(),
            "run/runs.nightly/r2".into(),
            "slot/x".into(),
            "exception/EX-7".into(),
        ],
        parameters: Vec::new(),
    }
}

fn sheet(result: usize, r: &CheckResult) -> FindingSheet {
    FindingSheet {
        result,
        check: r.check.clone(),
        title: "Backups run as planned".into(),
        unit: r.unit.clone(),
        unit_name: r.unit.clone(),
        system: r.unit.clone(),
        since: None,
        severity: r.severity,
        waived: r.waived,
        detail: r.detail.clone(),
        remediation: "Run it again.".into(),
        owner: "Operations".into(),
        basis: "policy".into(),
        statements: vec!["BRP-3.1-01".into()],
        assumptions: Vec::new(),
        records: r.records.clone(),
    }
}

fn control(id: &str, state: Option<State>, checks: &[&str], counts: [u64; 5]) -> ControlSheet {
    ControlSheet {
        id: id.into(),
        title: "System backup".into(),
        title_kind: TitleKind::OwnWords,
        summary: String::new(),
        relevance: Relevance::Primary,
        state,
        only_waived: counts[2] > 0 && counts[1] == 0,
        note: String::new(),
        counts,
        checks: checks.iter().map(|c| (*c).to_owned()).collect(),
        statements: Vec::new(),
    }
}

/// A framework whose name is its id.
fn framework(id: &str, left_out: BTreeSet<usize>, controls: Vec<ControlSheet>) -> FrameworkSheet {
    FrameworkSheet {
        id: id.into(),
        name: id.into(),
        edition: String::new(),
        authority: String::new(),
        text_use: String::new(),
        applies_when: String::new(),
        left_out,
        checks: BTreeMap::new(),
        controls,
    }
}

/// Three systems: `a` holds, `b` fails under a waiver, `c` cannot be judged.
fn dossier() -> Dossier {
    let period = Period::parse("2026-10", Tz::UTC).unwrap();
    let as_of = instant("2026-11-02T10:00:00Z", None).unwrap();
    let results = vec![
        result("FRQ-01", "a", State::Pass, false),
        result("FRQ-02", "b", State::Fail, true),
        result("FRQ-03", "c", State::NoEvidence, false),
    ];
    let controls = vec![
        control("CP-9", Some(State::Pass), &["FRQ-01"], [1, 0, 0, 0, 0]),
        control("CP-9(1)", Some(State::Fail), &["FRQ-01", "FRQ-02"], [1, 0, 1, 0, 0]),
        control("CP-10", Some(State::NoEvidence), &["FRQ-03"], [0, 0, 0, 0, 1]),
        control("CP-4", Some(State::NotApplicable), &["FRQ-01"], [0, 0, 0, 1, 0]),
        control("CP-2", None, &[], [0; 5]),
    ];
    // It is not about `b`, whose result is the second.
    let ephi = vec![control("164.308", Some(State::Pass), &["FRQ-01", "FRQ-02"], [1, 0, 0, 0, 0])];
    Dossier {
        period_title: "October 2026".into(),
        store: StoreSheet {
            store_id: "s1".into(),
            last_run: 3,
            last_manifest: OBJECT.into(),
            runs: 3,
            signed_by: None,
        },
        policy: PolicySheet { title: "Policy".into(), version: "2.3".into(), parameters: Vec::new() },
        findings: vec![sheet(1, &results[1])],
        missing: vec![sheet(2, &results[2])],
        waivers: vec![WaiverSheet {
            exception_id: "EX-7".into(),
            risk_level: None,
            systems: vec!["b".into()],
            names: vec!["BRP-3.1-01".into()],
            effective_from: None,
            effective_to: Some(as_of),
            justification: "Being replaced.".into(),
            standing: "not yet effective".into(),
            why: String::new(),
            covers: 1,
            remediation_due: "2026-12-01".into(),
            remediation_overdue: false,
        }],
        checks: vec![CheckSheet {
            id: "FRQ-02".into(),
            title: "Every slot has a run".into(),
            rule: "Each slot is good.".into(),
            population: "Slots.".into(),
            tables: Vec::new(),
            statements: Vec::new(),
            severity: Severity::High,
            counts: [0, 1, 1, 0, 0],
            state: State::Fail,
        }],
        standards: vec![
            framework("nist80053", BTreeSet::new(), controls),
            framework("hipaa", BTreeSet::from([1]), ephi),
        ],
        assessment: Assessment {
            schema: "backproof.assessment/1",
            organization: "Example Robotics".into(),
            period: PeriodInfo::of(&period, as_of),
            sources: Vec::new(),
            metrics: Vec::new(),
            summary: Summary::of(&results),
            results,
        },
        ..crate::sample::dossier()
    }
}

fn finding<'v>(document: &'v Value, id: &str) -> Option<&'v Value> {
    let findings = document["assessment-results"]["results"][0]["findings"].as_array().unwrap();
    findings.iter().find(|f| f["target"]["target-id"] == format!("{id}_smt"))
}

#[test]
fn only_a_pass_is_satisfied_and_missing_evidence_says_so() {
    let document = assessment_results(&dossier());
    let status = |id: &str| {
        let f = finding(&document, id).unwrap();
        let state = f["props"].as_array().unwrap().iter().find(|p| p["name"] == "state").unwrap()["value"].clone();
        (f["target"]["status"]["state"].clone(), f["target"]["status"]["reason"].clone(), state)
    };
    assert_eq!(status("cp-9"), (json!("satisfied"), json!("pass"), json!("pass")));
    assert_eq!(status("cp-9.1"), (json!("not-satisfied"), json!("fail"), json!("fail")), "a waiver changes no state");
    assert_eq!(status("cp-10"), (json!("not-satisfied"), json!("other"), json!("no_evidence")));
    assert!(finding(&document, "cp-4").is_none() && finding(&document, "cp-2").is_none());
    let selection = &document["assessment-results"]["results"][0]["reviewed-controls"]["control-selections"][0];
    assert_eq!(selection["exclude-controls"], json!([{"control-id": "cp-4"}, {"control-id": "cp-2"}]));
}

#[test]
fn findings_link_what_counts_and_nothing_else() {
    let document = assessment_results(&dossier());
    let result = &document["assessment-results"]["results"][0];
    let titles = |id: &str| -> Vec<String> {
        let links = finding(&document, id).unwrap()["related-observations"].as_array().cloned().unwrap_or_default();
        let of = |l: &Value| {
            let all = result["observations"].as_array().unwrap();
            all.iter().find(|o| o["uuid"] == l["observation-uuid"]).unwrap()["title"].as_str().unwrap().to_owned()
        };
        links.iter().map(of).collect()
    };
    assert_eq!(titles("cp-9.1"), ["FRQ-02: b", "FRQ-01: a"]);
    assert_eq!(titles("hipaa_164.308"), ["FRQ-01: a"], "the failure of `b` does not count there");
    assert!(finding(&document, "hipaa_164.308").unwrap().get("related-risks").is_none());
}

#[test]
fn only_the_frameworks_asked_for_are_reviewed() {
    let mut d = dossier();
    d.frameworks = vec!["hipaa".into()];
    let document = assessment_results(&d);
    assert!(finding(&document, "cp-9").is_none() && finding(&document, "hipaa_164.308").is_some());
    let selections = &document["assessment-results"]["results"][0]["reviewed-controls"]["control-selections"];
    assert_eq!(selections.as_array().unwrap().len(), 1);
}

#[test]
fn observations_name_the_objects_they_rest_on() {
    let document = assessment_results(&dossier());
    let observations = document["assessment-results"]["results"][0]["observations"].as_array().unwrap();
    assert_eq!(observations.len(), 3, "one for each result");
    assert_eq!(observations[0]["description"], "FRQ-01 of a");
    let evidence = observations[0]["relevant-evidence"].as_array().unwrap();
    assert_eq!(evidence.len(), 3, "rows of one object are one; a row that was read nowhere is named all the same");
    assert_eq!(evidence[0], json!({"description": "Rows slot/x"}));
    assert_eq!(evidence[1]["href"], format!("../evidence/objects/9f/{OBJECT}"));
    assert!(evidence[1]["description"].as_str().unwrap().contains("run/runs.nightly/r2 (line:r2)"));
    assert_eq!(evidence[2]["href"], "../workspace/registers/all%20exceptions.csv");
    let mut d = dossier();
    d.withheld = vec![WithheldSheet {
        sha256: OBJECT.into(),
        bytes: 1,
        reason: "names of customers".into(),
        source: "runs.nightly".into(),
        collected_at: d.assessment.period.as_of,
    }];
    let text = assessment_results(&d).to_string();
    assert!(text.contains("../withheld.csv") && !text.contains("../evidence/objects/"), "{text}");
}

#[test]
fn waived_failures_are_deviations_and_missing_evidence_is_investigated() {
    let document = poam(&dossier());
    let root = &document["plan-of-action-and-milestones"];
    let risks = root["risks"].as_array().unwrap();
    let statuses: Vec<&Value> = risks.iter().map(|r| &r["status"]).collect();
    assert_eq!(statuses, ["deviation-approved", "investigating"]);
    assert_eq!(risks[0]["deadline"], "2026-11-02T10:00:00Z");
    assert_eq!(risks[0]["remediations"][1]["title"], "Exception EX-7");
    assert!(risks[1]["remediations"].as_array().unwrap().len() == 1 && risks[1].get("deadline").is_none());
    let items = root["poam-items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["related-risks"][0]["risk-uuid"], risks[0]["uuid"]);
    assert_eq!(items[0]["remarks"], "Bears on hipaa 164.308; nist80053 CP-9(1).");
    assert_eq!(root["observations"].as_array().unwrap().len(), 2);
}

#[test]
fn nothing_open_is_an_item_that_says_so() {
    let mut d = dossier();
    (d.findings, d.missing) = (Vec::new(), Vec::new());
    let document = poam(&d);
    assert_eq!(document["plan-of-action-and-milestones"]["poam-items"][0]["title"], "No open item");
    assert!(document["plan-of-action-and-milestones"].get("risks").is_none());
    d.standards.clear();
    let selections =
        &assessment_results(&d)["assessment-results"]["results"][0]["reviewed-controls"]["control-selections"];
    assert_eq!(selections[0]["include-controls"], selections[0]["exclude-controls"]);
}

#[test]
fn ids_are_unique_and_those_of_risks_outlive_the_period() {
    let first = dossier();
    let mut later = dossier();
    later.assessment.period.as_of = instant("2026-12-02T10:00:00Z", None).unwrap();
    let uuids = |v: &Value| {
        let mut out = Vec::new();
        collect(v, &mut out);
        out
    };
    for document in [assessment_results(&first), poam(&first)] {
        let all = uuids(&document);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    }
    assert_eq!(assessment_results(&first), assessment_results(&dossier()));
    let (a, b) = (poam(&first), poam(&later));
    let (a, b) = (&a["plan-of-action-and-milestones"], &b["plan-of-action-and-milestones"]);
    assert_ne!(a["uuid"], b["uuid"]);
    assert_eq!(a["risks"][0]["uuid"], b["risks"][0]["uuid"]);
    assert_eq!(a["poam-items"][1]["uuid"], b["poam-items"][1]["uuid"]);
}

fn collect(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            out.extend(map.get("uuid").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|v| collect(v, out));
        }
        Value::Array(all) => all.iter().for_each(|v| collect(v, out)),
        _ => {}
    }
}
