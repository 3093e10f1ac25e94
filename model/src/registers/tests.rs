use std::collections::BTreeMap;

use super::*;
use crate::fault::File;
use crate::time::Tz;

fn read(files: &[(&str, &str)]) -> Result<Registers, String> {
    let files: Vec<File<'_>> = files.iter().map(|(name, text)| File { name, text }).collect();
    let mut faults = Faults::default();
    let registers = load(&files, Tz::UTC, &mut faults);
    faults.or(registers).map_err(|f| f.render(false))
}

#[test]
fn the_rows_of_toml_are_those_of_csv() {
    let csv = "action_id,kind,owner,opened_at,due_at\nACT-1,corrective,Ada,2026-10-01T09:00:00Z,2026-11-01\n";
    let toml = "[[actions]]\naction_id = \"ACT-1\"\nkind = \"corrective\"\nowner = \"Ada\"\n\
                opened_at = 2026-10-01T09:00:00Z\ndue_at = 2026-11-01\n";
    let of = |name, text| read(&[(name, text)]).unwrap().actions.unwrap();
    let (a, b) = (of("registers/actions.csv", csv), of("registers/actions.toml", toml));
    assert_eq!(a[0].row, b[0].row);
    assert_eq!(
        (a[0].declared_in.as_str(), b[0].declared_in.as_str()),
        ("registers/actions.csv:2", "registers/actions.toml:1")
    );
}

#[test]
fn files_of_one_register_are_read_together_and_an_id_stands_once() {
    let csv = "action_id,opened_at\nACT-1,2026-10-01\n";
    let toml = |id: &str| format!("[[actions]]\naction_id = \"{id}\"\nopened_at = 2026-10-01\n");
    let both = read(&[("registers/actions.csv", csv), ("registers/actions.toml", &toml("ACT-2"))]).unwrap();
    assert_eq!(both.ids("actions"), ["ACT-1", "ACT-2"]);
    let told = read(&[("registers/actions.csv", csv), ("registers/actions.toml", &toml("ACT-1"))]).unwrap_err();
    assert!(
        told.contains("registers/actions.toml:1") && told.contains("stands here and at registers/actions.csv:2"),
        "{told}"
    );
}

#[test]
fn faults_in_toml_name_line_and_key() {
    let text =
        "[[reviews]]\nreview_id = \"REV-1\"\nkind = \"job_statu\"\nperformed_at = 2026-10-01\nperfomer = \"Ada\"\n";
    let told = read(&[("registers/reviews.toml", text)]).unwrap_err();
    for part in [
        "reviews.toml:3",
        "did you mean \"job_status\"?",
        "reviews.toml:5",
        "did you mean \"performer\"?",
        "[[reviews]] REV-1",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told = read(&[("registers/reviews.toml", "# nothing yet\n")]).unwrap_err();
    assert!(told.contains("has no row of reviews") && told.contains("reviews = []"), "{told}");
    assert_eq!(read(&[("registers/reviews.toml", "reviews = []\n")]).unwrap().reviews, Some(Vec::new()));
    let told = read(&[("registers/review.toml", "")]).unwrap_err();
    assert!(told.contains("did you mean reviews.toml?"), "{told}");
}

#[test]
fn decisions_may_stand_in_their_exception() {
    let text = "[[exceptions]]\nexception_id = \"EXC-1\"\nstatus = \"approved\"\n[[exceptions.approvals]]\nrole = \"ciso\"\n\
                approver = \"Ada\"\ndecision = \"approve\"\ndecided_at = 2026-10-01\n";
    let read = read(&[("registers/exceptions.toml", text)]).unwrap();
    let decisions = read.exception_approvals.unwrap();
    assert_eq!(
        (decisions[0].exception_id.as_str(), decisions[0].declared_in.as_str()),
        ("EXC-1", "registers/exceptions.toml:4")
    );
}

#[test]
fn comments_are_no_rows_and_what_may_be_either_is_a_fault() {
    let rows = |text: &str| read(&[("registers/actions.csv", text)]);
    let text = "# a; b; \"c\n#\naction_id,opened_at\n# ACT-0,2026-10-01\n\"#12\",2026-10-01\n";
    let read = rows(text).unwrap();
    assert_eq!(read.ids("actions"), ["#12"]);
    assert_eq!(read.actions.unwrap()[0].declared_in, "registers/actions.csv:5");
    let told = rows("action_id,opened_at\n#12,2026-10-01\n").unwrap_err();
    assert!(told.contains("actions.csv:2") && told.contains("may be a comment or a row"), "{told}");
    let told = rows("# only this\n").unwrap_err();
    assert!(told.contains("the file is empty"), "{told}");
}

#[test]
fn every_template_holds_its_header_and_an_example_that_can_be_read() {
    for (table, columns) in REGISTERS {
        let name = format!("registers/{table}.csv");
        let text = reference::template(table).unwrap();
        let read_as_it_is = read(&[(&name, &text)]).unwrap_or_else(|e| panic!("{e}"));
        assert!(read_as_it_is.ids(table).is_empty(), "{table}: an example is no record");
        let example = text.lines().skip_while(|l| *l != "# Example of a row:").nth(1).unwrap().trim_start_matches("# ");
        let filled = read(&[(&name, &format!("{text}{example}\n"))]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(filled.ids(table).len(), 1, "{table}");
        assert_eq!(text.lines().last().unwrap().split(',').count(), columns.len());
    }
}

const POLICY: &str = "---\n# our policy\ndocument_id: POL-1\nkind: policy\ntitle: \"Backup: and restore\"\nversion: '2.1'\nsystem_ids: [a, \"b\"]\n\
    approved_at: 2026-01-10  # signed\nhistory:\n  - version: 2.0\n    dated: 2025-01-01\n    change: first\n  - version: 2.1\n    dated: 2026-01-10\n\
    signatures:\n- role: ciso\n  name: Ada\n---\n# Text\n";

#[test]
fn front_matter_of_a_document_is_its_row_and_holds_its_history() {
    let read = read(&[("policies/backup.md", POLICY)]).unwrap();
    let document = &read.documents.as_ref().unwrap()[0];
    assert_eq!((document.title.as_deref(), document.version.as_str()), (Some("Backup: and restore"), "2.1"));
    assert_eq!(document.system_ids, ["a", "b"]);
    assert_eq!(document.location_ref.as_deref(), Some("policies/backup.md"));
    assert_eq!(document.digest.as_ref().map(String::len), Some(64));
    assert_eq!(document.declared_in, "policies/backup.md:2");
    let history = read.document_history.unwrap();
    assert_eq!((history.len(), history[0].change.as_deref(), history[1].version.as_str()), (2, Some("first"), "2.1"));
    assert_eq!(history[1].declared_in, "policies/backup.md:13");
    assert_eq!(read.signatures.unwrap()[0].document_id, "POL-1");
    assert_eq!(read.acknowledgements, None, "what a document does not speak of is not given");
}

#[test]
fn a_record_may_be_a_document_of_its_own() {
    let text = "+++\nregister = \"reviews\"\nreview_id = \"REV-1\"\nkind = \"management\"\nperformed_at = 2026-10-01\n+++\nMinutes.\n";
    let read = read(&[("minutes/2026-10.md", text)]).unwrap();
    let review = &read.reviews.unwrap()[0];
    assert_eq!(review.evidence_ref.as_deref(), Some("minutes/2026-10.md"));
    assert_eq!(read.documents, None);
}

#[test]
fn faults_of_documents_name_file_and_line() {
    let told = |text: &str| read(&[("p/a.md", text)]).unwrap_err();
    let all = told("# Title\n");
    assert!(all.contains("p/a.md:1") && all.contains("no front matter"), "{all}");
    assert!(told("---\nkind: policy\n").contains("no closing ---"));
    let all = told(&POLICY.replace("kind: policy", "kind: polcy").replace("title:", "titel:"));
    assert!(all.contains("p/a.md:4") && all.contains("p/a.md:5") && all.contains("did you mean \"title\"?"), "{all}");
    let all = told(&POLICY.replace("kind: policy", "kind: policy\ndigest: abc"));
    assert!(all.contains("cannot hold its own digest"), "{all}");
    assert!(told(&POLICY.replace("kind: policy", "register: review")).contains("did you mean reviews?"));
    for odd in [
        "kind: policy\ntext: |\n  long",
        "kind: &a policy",
        "kind: policy\nkind: other",
        "kind: policy\n    deep: 1",
        "just text",
    ] {
        let all = told(&POLICY.replace("kind: policy", odd));
        assert!(all.contains("p/a.md:"), "{odd}: {all}");
    }
    let other = POLICY.replace("kind: policy", "kind: policy\ndigest: abc\nlocation_ref: policy.pdf");
    assert_eq!(read(&[("p/a.md", &other)]).unwrap().documents.unwrap()[0].digest.as_deref(), Some("abc"));
}

fn issue<'a>(text: &'a str, labels: &'a [String], closed: bool) -> Issue<'a> {
    let at = |text| crate::time::instant(text, None).unwrap();
    Issue {
        id: "acme/ops#12",
        url: "https://github.com/acme/ops/issues/12",
        text,
        opened_at: Some(at("2026-10-01T08:00:00Z")),
        closed_at: closed.then(|| at("2026-10-03T08:00:00Z")),
        author: Some("ada"),
        labels,
    }
}

const FORM: &str = "### Statement IDs\n\nBRP-3.1-01; BRP-3.1-02\n\n### Why\n\nNo disk\nuntil May\n\n### Risk level\n\nhigh\n\n### Status\n\napproved\n\n\
    ### Expires at\n\n2026-12-31T00:00:00Z\n\n### Approvals\n\n| Role | Approver | Decision | Decided at |\n|---|---|---|---|\n\
    | ciso | Grace | approve | 2026-10-02T08:00:00Z |\n\n### Notes\n\n_No response_\n";

#[test]
fn an_issue_is_a_row_with_its_decisions() {
    let labels = ["system:billing-db".to_owned(), "policy-exception".to_owned()];
    let headings = [("Why".to_owned(), "justification".to_owned())].into();
    let read = of_issue("exceptions", &issue(FORM, &labels, false), &headings, None).unwrap().unwrap();
    let exception = &read.exceptions.as_ref().unwrap()[0];
    assert_eq!(exception.exception_id, "acme/ops#12");
    assert_eq!(exception.statement_ids, ["BRP-3.1-01", "BRP-3.1-02"]);
    assert_eq!(exception.system_ids, ["billing-db"]);
    assert_eq!(exception.justification.as_deref(), Some("No disk until May"));
    assert_eq!(exception.requester.as_deref(), Some("ada"));
    assert_eq!(exception.submitted_at, issue("", &[], false).opened_at);
    assert_eq!(exception.declared_in, "https://github.com/acme/ops/issues/12");
    let decision = &read.exception_approvals.as_ref().unwrap()[0];
    assert_eq!((decision.exception_id.as_str(), decision.approver.as_str()), ("acme/ops#12", "Grace"));
    assert_eq!(decision.declared_in, "https://github.com/acme/ops/issues/12");
}

#[test]
fn what_an_issue_lacks_is_told_and_what_is_not_done_yet_is_no_record() {
    let none = BTreeMap::new();
    let told = |table, text: &str, closed| of_issue(table, &issue(text, &[], closed), &none, None);
    let faults = told("exceptions", &FORM.replace("### Status", "### State"), false).unwrap_err();
    assert!(faults.render(false).contains("status"), "{faults}");
    let faults = told("exceptions", &FORM.replace("high", "hgih"), false).unwrap_err();
    assert!(faults.render(false).contains("did you mean \"high\"?"), "{faults}");
    let faults = told("exceptions", &FORM.replace("12-31T00:00:00Z", "12-31"), false).unwrap_err();
    assert!(faults.render(false).contains("expires_at"), "a time without a zone: {faults}");
    let faults = told("exceptions", &FORM.replace("### Risk level", "### Risk levle"), false).unwrap_err();
    assert!(faults.render(false).contains("did you mean \"risk_level\"?"), "{faults}");
    let review = "### Kind\n\nmanagement\n";
    assert_eq!(told("reviews", review, false).unwrap(), None, "still to be done");
    let done = told("reviews", review, true).unwrap().unwrap();
    assert_eq!(done.reviews.unwrap()[0].performed_at, issue("", &[], true).closed_at.unwrap());
    assert!(told("reviews", "### Performer\n\nAda\n", true).is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "(---|\\+\\+\\+|[a-z_]{1,8}: ?|- |  |\\[|\\]|\"|'|#|\\||history|version|\\PC|\n|\r\n){0,30}") {
        let _ = read(&[("p/a.md", &text), ("registers/actions.csv", &text), ("registers/actions.toml", &text)]);
        let _ = of_issue("exceptions", &issue(&text, &[], true), &BTreeMap::new(), None);
    }
}
