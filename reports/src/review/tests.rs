use model::assessment::Severity;
use model::dossier::{Dossier, SourceSheet, WaiverSheet};
use model::evidence::SourceStatus;

use super::*;
use crate::Tags;
use crate::block::{Table, plain as words};
use crate::sample::dossier;

fn tables(document: &Document) -> Vec<&Table> {
    document.blocks.iter().filter_map(|b| if let Block::Table(t) = b { Some(t) } else { None }).collect()
}

fn rows(d: &Dossier, id: &str) -> Vec<String> {
    let document = document(d).unwrap();
    let table = tables(&document).into_iter().find(|t| t.id == id);
    let cells = |row: &crate::block::TableRow| row.cells.iter().map(|c| words(c)).collect::<Vec<_>>().join(" | ");
    table.map(|t| t.rows.iter().map(cells).collect()).unwrap_or_default()
}

#[test]
fn an_empty_period_asks_for_nothing_and_renders() {
    let d = dossier();
    let document = document(&d).unwrap();
    crate::validate::validate(&document).unwrap();
    let all: String = rows(&d, "decisions-table").join("\n");
    assert_eq!(all, "", "no evidence gives no cause for a decision");
    assert!(crate::html(&document).unwrap().contains("gives no cause for one"));
    assert!(crate::pdf(&document, Tags::With).unwrap().starts_with(b"%PDF"));
}

#[test]
fn what_is_late_is_listed_and_asked_about() {
    let mut d = dossier();
    d.waivers.push(WaiverSheet {
        exception_id: "EXC-1".to_owned(),
        risk_level: None,
        systems: vec!["wiki".to_owned()],
        names: Vec::new(),
        effective_from: None,
        effective_to: None,
        justification: String::new(),
        standing: "effective".to_owned(),
        why: String::new(),
        covers: 0,
        remediation_due: "2026-09-15".to_owned(),
        remediation_overdue: true,
    });
    assert_eq!(rows(&d, "overdue-table"), ["exception | EXC-1 wiki | The deviation was to end by 2026-09-15. | –"]);
    for document in [document(&d).unwrap(), crate::monthly::document(&d).unwrap()] {
        assert!(crate::pdf::tests::same_text(&document) > 300);
    }
    let asked = rows(&d, "decisions-table");
    assert!(asked[0].contains("Renew, end or escalate EXC-1"), "{asked:?}");
    let minutes = rows(&d, "decided-table");
    assert!(minutes[0].starts_with("1 | Renew, end or escalate EXC-1"), "{minutes:?}");
}

#[test]
fn findings_of_one_check_share_a_line_and_waived_ones_ask_for_nothing() {
    let mut d = dossier();
    let finding =
        |check: &str, unit: &str, waived: bool| crate::sample::finding(check, unit, Severity::Critical, waived);
    d.findings = vec![finding("FRQ-04", "db", false), finding("FRQ-04", "web", false), finding("RST-05", "crm", true)];
    let lines = rows(&d, "findings-table");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("db and web"), "{lines:?}");
    assert!(lines[1].contains("under an exception"), "{lines:?}");
    let asked = rows(&d, "decisions-table").join("\n");
    assert!(asked.contains("recovery point objective of db and web"), "{asked}");
    assert!(!asked.contains("crm"), "{asked}");
}

#[test]
fn a_change_is_better_or_worse_by_where_it_leads() {
    let mut d = dossier();
    let drift = |subject: &str, before: &str, after: &str| {
        ["result", subject, "state", before, after].map(|t| serde_json::Value::String(t.to_owned())).to_vec()
    };
    d.populations.push(model::dossier::Population {
        name: "drift".to_owned(),
        columns: ["kind", "subject", "field", "before", "after"].map(str::to_owned).to_vec(),
        rows: vec![
            drift("FRQ-01 db", "pass", "fail"),
            drift("FRQ-01 web", "pass", "fail"),
            drift("ENC-01 db", "fail", "pass"),
            drift("ENC-02 db", "pass", "no_evidence"),
            drift("ENC-03 db", "", "pass"),
            drift("ENC-04 db", "not_applicable", "no_evidence"),
        ],
        total: 6,
        exceptions: Vec::new(),
        exceptional: 0,
        file: None,
    });
    assert_eq!(
        rows(&d, "changes-table"),
        [
            "worse | FRQ-01 | pass, fail | 2: db and web",
            "worse | ENC-02 | pass, no evidence | 1: db",
            "better | ENC-01 | fail, pass | 1: db",
        ]
    );
}

#[test]
fn a_running_period_says_so() {
    let mut d = dossier();
    assert!(unfinished(&d).is_none());
    d.assessment.period.as_of = d.assessment.period.end - chrono::Duration::days(3);
    let Some(Block::Callout(callout)) = unfinished(&d) else { panic!("a remark is due") };
    assert!(words(&callout.inlines).contains("in 4 days"), "{}", words(&callout.inlines));
}

#[test]
fn long_lists_end_early_and_say_where_the_rest_is() {
    let mut d = dossier();
    d.findings = (0..30).map(|n| crate::sample::finding("RST-01", &format!("s{n}"), Severity::High, false)).collect();
    let source = SourceSheet {
        name: "runs.nightly".to_owned(),
        kind: "runs".to_owned(),
        status: SourceStatus::Failed,
        reason: "Not there.".to_owned(),
        endpoint: String::new(),
        identity: String::new(),
        timezone: String::new(),
        covers: String::new(),
        collected_at: None,
        counts: Vec::new(),
        objects: Vec::new(),
        problems: Vec::new(),
        passed_over: 0,
    };
    d.sources = vec![source; 20];
    let document = document(&d).unwrap();
    for (id, lines, rest) in [
        ("overdue-table", 10, "20 further things are not shown here"),
        ("sources-table", 8, "12 further sources are not shown here"),
    ] {
        let table = tables(&document).into_iter().find(|t| t.id == id).unwrap();
        assert_eq!(table.rows.len(), lines, "{id}");
        assert!(words(&table.footnote).contains(rest), "{id}: {}", words(&table.footnote));
    }
}
