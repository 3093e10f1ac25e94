use std::collections::{BTreeMap, BTreeSet};

use model::assessment::{CheckResult, Severity, State as S};
use model::controls::{Relevance, TitleKind};
use model::dossier::{
    CheckSheet, ControlSheet, FindingSheet, FrameworkSheet, Population, PopulationFile, Standing, StatementSheet,
    WithheldSheet,
};
use model::lineage::{Extract, Place, SampleRow, SampleSheet};
use serde_json::{Value, json};

use super::*;
use crate::Tags;
use crate::block::{Table, TableRow, plain as words};
use crate::sample::{dossier, finding, keep};

fn document(d: &Dossier) -> Result<Document, serde_json::Error> {
    super::document(d, 25_000)
}

fn found(document: &Document, id: &str) -> Option<Table> {
    let mut tables = document.blocks.iter().filter_map(|b| if let Block::Table(t) = b { Some(t) } else { None });
    tables.find(|t| t.id == id).cloned()
}

fn table(document: &Document, id: &str) -> Table {
    found(document, id).unwrap_or_else(|| panic!("no table {id}"))
}

fn line(row: &TableRow) -> String {
    row.cells.iter().map(|c| words(c)).collect::<Vec<_>>().join(" | ")
}

fn lines(d: &Dossier, id: &str) -> Vec<String> {
    table(&document(d).unwrap(), id).rows.iter().map(line).collect()
}

fn runs(evidence: &str) -> Population {
    let columns = ["run_id", "system_id", "status", "evidence", "pointer", "row_id"];
    let row = |n: usize, status: &str| -> Vec<Value> {
        vec![
            json!(format!("r{n}")),
            json!("db"),
            json!(status),
            json!(evidence),
            json!("/7"),
            json!(format!("run/s/r{n}")),
        ]
    };
    Population {
        name: "runs".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: (0..5).map(|n| row(n, if n == 3 { "failed" } else { "success" })).collect(),
        total: 5,
        exceptions: vec![row(3, "failed")],
        exceptional: 1,
        file: None,
    }
}

fn result(check: &str, unit: &str, state: S) -> CheckResult {
    CheckResult {
        check: check.to_owned(),
        unit: unit.to_owned(),
        state,
        severity: Severity::High,
        waived: false,
        reasons: if state == S::NoEvidence { vec!["no_register".to_owned()] } else { Vec::new() },
        detail: format!("About {unit}."),
        records: vec!["run/s/r3".to_owned()],
        parameters: Vec::new(),
    }
}

/// Two controls of one framework, one of them judged by a check.
fn judged() -> Dossier {
    let mut d = dossier();
    let control = |id: &str, checks: &[&str], state| ControlSheet {
        id: id.to_owned(),
        title: "Our title".to_owned(),
        title_kind: TitleKind::OwnWords,
        summary: "What it asks.".to_owned(),
        relevance: Relevance::Primary,
        state,
        only_waived: false,
        note: String::new(),
        counts: [1, 1, 0, 0, 1],
        checks: checks.iter().map(|c| (*c).to_owned()).collect(),
        statements: vec!["BRP-1".to_owned()],
    };
    let framework = |id: &str, controls| FrameworkSheet {
        id: id.to_owned(),
        name: format!("Framework {id}"),
        edition: "2022".to_owned(),
        authority: "Somebody".to_owned(),
        text_use: "Only identifiers are used".to_owned(),
        applies_when: "always".to_owned(),
        left_out: BTreeSet::new(),
        checks: BTreeMap::from([(
            "FRQ-02".to_owned(),
            Standing { state: Some(S::Fail), only_waived: false, counts: [1, 1, 0, 0, 1] },
        )]),
        controls,
    };
    d.standards = vec![
        framework("one", vec![control("A.1(x)", &["FRQ-02"], Some(S::Fail)), control("A.2", &[], None)]),
        framework("two", vec![control("B.1", &["FRQ-02"], Some(S::NoEvidence))]),
    ];
    d.statements = vec![StatementSheet {
        id: "BRP-1".to_owned(),
        section: "1".to_owned(),
        paraphrase: "Backups run every day.".to_owned(),
        owners: Vec::new(),
        checks: vec!["FRQ-02".to_owned()],
        state: S::Fail,
        missing: String::new(),
    }];
    d.checks = vec![CheckSheet {
        id: "FRQ-02".to_owned(),
        title: "Runs succeeded".to_owned(),
        rule: "The rule.".to_owned(),
        population: "Every plan.".to_owned(),
        tables: vec!["backup_runs".to_owned()],
        statements: vec!["BRP-1".to_owned()],
        severity: Severity::High,
        counts: [1, 1, 0, 0, 1],
        state: S::Fail,
    }];
    d.assessment.results =
        vec![result("FRQ-02", "a", S::Pass), result("FRQ-02", "b", S::Fail), result("FRQ-02", "c", S::NoEvidence)];
    d.findings = vec![FindingSheet { result: 1, ..finding("FRQ-02", "b", Severity::High, false) }];
    d.populations.push(runs(&"ab".repeat(32)));
    d
}

#[test]
fn a_packet_of_nothing_says_that_nothing_is_on_record() {
    let d = dossier();
    let requests = lines(&d, "requests-table");
    for asked in ["Policy with versions", "Full population", "Sampled rows", "Access list", "Management review"] {
        let line = requests.iter().find(|l| l.starts_with(asked)).unwrap();
        assert!(line.ends_with("nothing on record"), "{line}");
    }
    let html = crate::html(&document(&d).unwrap()).unwrap();
    assert!(html.contains("No source is configured: nothing was read."));
    assert!(crate::pdf(&document(&d).unwrap(), Tags::With).unwrap().starts_with(b"%PDF"));
}

#[test]
fn a_control_says_what_it_asks_what_we_do_and_what_was_found() {
    let d = judged();
    let whole = document(&d).unwrap();
    crate::validate::validate(&whole).unwrap();
    let html = crate::html(&whole).unwrap();
    keep("packet.html", html.as_bytes());
    for part in
        ["What it asks.", "title in our words", "Only identifiers are used", "BRP-1</code> Backups run every day."]
    {
        assert!(html.contains(part), "{part}");
    }
    assert_eq!(
        lines(&d, "controls-one"),
        ["A.1(x) | Our title | exceptions noted | 1 | 1 | – | 1"],
        "a control without a check is no control that holds"
    );
    assert_eq!(lines(&d, "unjudged-one-table"), ["A.2 | What it asks. | no check is mapped to it"]);
    assert_eq!(lines(&d, "controls-two"), ["B.1 | Our title | no evidence | 1 | 1 | – | 1"]);
    assert_eq!(lines(&d, "control-one-0-exceptions").len(), 1);
    assert_eq!(lines(&d, "control-one-0-checks"), ["FRQ-02 | Runs succeeded | fail | 1 | 1 | – | – | 1"]);
    // A framework that is about nobody has neither pages of controls nor checks.
    let mut nobody = judged();
    for c in nobody.standards.iter_mut().flat_map(|f| &mut f.controls) {
        (c.state, c.counts) = (Some(S::NotApplicable), [0; 5]);
    }
    let nobody = document(&nobody).unwrap();
    crate::validate::validate(&nobody).unwrap();
    assert!(found(&nobody, "control-one-0-checks").is_none() && found(&nobody, "check-FRQ-02-table").is_none());
    // A framework that is not about the system of the failure notes none.
    let mut other = judged();
    other.standards[0].left_out = BTreeSet::from([1]);
    assert!(!other.findings.is_empty() && found(&document(&other).unwrap(), "control-one-0-exceptions").is_none());
    // Passes stand beside failures, and the row that a result rests on is one click away.
    let results = lines(&d, "check-FRQ-02-table");
    assert_eq!(results[0], "a | pass | About a. | r3");
    assert_eq!(results.len(), 3);
    assert!(html.contains("href=\"#runs-3\"") && html.contains("id=\"runs-3\""));
    assert_eq!(lines(&d, "gaps-table"), ["no evidence | no register | 1 result of FRQ-02."]);
}

#[test]
fn only_the_frameworks_asked_for_are_in_it() {
    let mut d = judged();
    d.frameworks = vec!["two".to_owned()];
    let html = crate::html(&document(&d).unwrap()).unwrap();
    assert!(html.contains("id=\"framework-two\"") && !html.contains("framework-one"));
    d.frameworks = vec!["none".to_owned()];
    assert_eq!(lines(&d, "frameworks-table"), Vec::<String>::new());
}

#[test]
fn past_the_limit_exceptions_stay_and_the_file_with_all_is_named() {
    let mut d = judged();
    d.populations[0].file = Some(PopulationFile { path: "populations/runs.csv".to_owned(), sha256: "c".repeat(64) });
    let rows = |most: usize| {
        let table = table(&super::document(&d, most).unwrap(), "runs-table");
        (table.rows.len(), table.caption, words(&table.footnote))
    };
    assert_eq!(rows(5), (5, "5 of 5 rows".to_owned(), String::new()));
    let (n, caption, footnote) = rows(4);
    assert_eq!((n, caption.as_str()), (1, "1 of 5 rows"));
    assert!(footnote.contains("All 5 rows: populations/runs.csv, SHA-256 cccc"), "{footnote}");
    // Results of checks follow the same rule, and no link leads to a row that is not there.
    let short = super::document(&d, 2).unwrap();
    assert_eq!(table(&short, "check-FRQ-02-table").rows.len(), 2);
    crate::validate::validate(&short).unwrap();
}

#[test]
fn a_population_that_was_not_loaded_is_never_printed_as_whole() {
    let mut d = judged();
    d.populations[0].rows.clear();
    let told = |d: &Dossier, most: usize| {
        let table = table(&super::document(d, most).unwrap(), "runs-table");
        (table.caption, words(&table.footnote))
    };
    let (caption, footnote) = told(&d, 4);
    assert_eq!(caption, "1 of 5 rows");
    assert!(footnote.starts_with("Only exceptions stand here") && footnote.contains("All 5 rows"), "{footnote}");
    let failed = d.populations[0].exceptions[0].clone();
    d.populations[0].exceptions = vec![failed; 3];
    d.populations[0].exceptional = 3;
    assert_eq!(told(&d, 4).0, "3 of 5 rows");
    assert_eq!(told(&d, 2).0, "3 of 5 rows", "exceptions are printed in full, whatever the limit of rows");
    d.populations[0].exceptional = 4;
    let (caption, footnote) = told(&d, 2);
    assert_eq!(caption, "3 of 5 rows");
    assert!(footnote.starts_with("Only the first 3 of 4 exceptions stand here"), "{footnote}");
}

#[test]
fn rows_link_to_the_bytes_they_were_read_from() {
    let html = crate::html(&document(&judged()).unwrap()).unwrap();
    assert!(html.contains(&format!("href=\"evidence/objects/ab/{}\"", "ab".repeat(32))));
    let mut d = judged();
    d.populations[0] = runs("../../etc/passwd");
    let html = crate::html(&document(&d).unwrap()).unwrap();
    assert!(html.contains("../../etc/passwd") && !html.contains("href=\"evidence"), "no hash, no link");
    for path in ["../up", "/root", "a//b", "a/./b", "javascript:1", "a b", ""] {
        let mut document = document(&judged()).unwrap();
        document.blocks.push(crate::parts::para(vec![file(path, "text")]));
        assert!(crate::validate::validate(&document).is_err(), "{path}");
    }
}

#[test]
fn an_expected_run_leads_to_its_run_unless_two_have_its_id() {
    let mut d = judged();
    let slot = |runs: Value| vec![json!("2026-10-01T02:00:00Z"), json!("success"), runs, json!("slot/1")];
    d.populations.push(Population {
        name: "slots".to_owned(),
        columns: ["scheduled_for", "outcome", "run_ids", "row_id"].map(str::to_owned).to_vec(),
        rows: vec![slot(json!(["r1"]))],
        total: 1,
        exceptions: Vec::new(),
        exceptional: 0,
        file: None,
    });
    let runs = |d: &Dossier| table(&document(d).unwrap(), "slots-table").rows[0].cells[4].clone();
    assert_eq!(runs(&d), [link("runs-1", "r1")]);
    d.populations[0].rows[2][0] = json!("r1");
    assert_eq!(runs(&d), [code("r1")]);
    // A part of a population has no rows to lead to.
    d.populations[0].rows.truncate(2);
    crate::validate::validate(&document(&d).unwrap()).unwrap();
    assert_eq!(runs(&d), [code("r1")]);
}

#[test]
fn a_sampled_row_shows_its_bytes_with_the_line_marked() {
    let mut d = judged();
    d.samples = vec![SampleSheet {
        population: "runs".to_owned(),
        total: 5,
        size: 1,
        rule: "asked for".to_owned(),
        seed: "2026".to_owned(),
        algorithm: "smallest hash".to_owned(),
        stratified_by: String::new(),
        rows: vec![SampleRow {
            row_id: "run/s/r3".to_owned(),
            draw: "0123456789abcdef".to_owned(),
            system_id: "db".to_owned(),
            says: "failed".to_owned(),
            stratum: String::new(),
            place: Place { evidence: "ab".repeat(32), pointer: "line:8".to_owned() },
            extract: Extract {
                document: "nightly.log".to_owned(),
                first_line: 7,
                lines: vec!["before".to_owned(), "the \u{1b}[31mline".to_owned(), String::new()],
                marked: Some((8, 8)),
                absent: String::new(),
            },
        }],
    }];
    d.withheld = vec![WithheldSheet {
        sha256: "cd".repeat(32),
        bytes: 7,
        reason: "names of customers".to_owned(),
        source: "runs.nightly".to_owned(),
        collected_at: crate::sample::as_of(),
    }];
    let document = document(&d).unwrap();
    assert!(crate::pdf::tests::same_text(&document) > 500);
    let bytes = table(&document, "extract-0-0");
    let marked: Vec<(bool, String)> = bytes.rows.iter().map(|r| (r.strong, line(r))).collect();
    assert_eq!(marked[0], (false, "7 | before".to_owned()));
    assert_eq!(marked[1], (true, "8 | the \\u{1b}[31mline".to_owned()));
    assert!(lines(&d, "requests-table").iter().any(|l| l.starts_with("Sampled rows") && l.ends_with("in this packet")));
    assert!(crate::pdf(&document, Tags::With).unwrap().starts_with(b"%PDF"));
}

#[test]
fn units_of_which_the_same_was_found_share_a_line() {
    let mut d = judged();
    for r in &mut d.assessment.results {
        r.records.clear();
        r.detail = "Kept.".to_owned();
        r.state = S::Pass;
    }
    assert_eq!(lines(&d, "check-FRQ-02-table"), ["a, b, c | pass | Kept."]);
    d.assessment.results[1].records = vec!["run/s/r3".to_owned()];
    assert_eq!(lines(&d, "check-FRQ-02-table"), ["a, c | pass | Kept. | –", "b | pass | Kept. | r3"]);
}

#[test]
fn a_long_id_in_a_narrow_column_is_cut_to_its_end() {
    let mut d = judged();
    d.assessment.results[0].records = vec!["point/s/arn:aws:rds:us-east-1:snapshot:job-0123456789abcdef".to_owned()];
    assert!(lines(&d, "check-FRQ-02-table")[0].ends_with("| …0123456789abcdef"));
}
