//! Reports in every form, good and bad.

use model::rows::{Integrity, RestoreTest, Row, Scenario, TestKind, TestResult, TestTrigger};
use model::time::{Instant, instant};

use super::KIND;
use crate::testing::{parse, text};
use crate::{Document, Kept};

fn at(t: &str) -> Instant {
    instant(t, None).unwrap()
}

fn rows(kept: &Kept) -> Vec<&RestoreTest> {
    kept.rows.iter().filter_map(|r| if let Row::RestoreTest(r) = r { Some(r) } else { None }).collect()
}

fn faults(kept: &Kept) -> Vec<String> {
    kept.problems.iter().map(|p| format!("{}: {}", p.place.as_deref().unwrap_or("-"), p.message)).collect()
}

const TOML: &str = r#"# restore tests of the third quarter
[[test]]
test_id = "RT-1"
system = "billing-db"
recovery_point_id = "20261001-020000F"
kind = "full"
trigger = "scheduled"
started_at = 2026-10-02T09:00:00+02:00
restore_finished_at = 2026-10-02 08:10:00
service_ready_at = "2026-10-02T08:30:00Z"
ended_at = 2026-10-02T09:00:00Z
result = "success"
integrity_result = "pass"
records_expected = 1_000
records_restored = 1000
environment = "restore-lab"
isolated = true
performer = "j.doe"
scenario = "disaster"
issues = ["slow disk", "runbook step 4 unclear"]

[[test]]
id = "RT-2"
system = "billing-db"
result = "failed"
"#;

#[test]
fn toml_is_read_with_its_lines() {
    let kept = parse(&KIND, Some("UTC"), &[text("q3.toml", TOML)]);
    assert_eq!(faults(&kept), [""; 0]);
    let [first, second] = rows(&kept)[..] else { panic!("{:?}", kept.rows) };
    assert_eq!(first.test_id, "RT-1");
    assert_eq!(first.system_id.as_deref(), Some("billing-db"));
    assert_eq!((first.kind, first.trigger), (Some(TestKind::Full), Some(TestTrigger::Scheduled)));
    assert_eq!(first.started_at, Some(at("2026-10-02T07:00:00Z")));
    assert_eq!(first.restore_finished_at, Some(at("2026-10-02T08:10:00Z")));
    assert_eq!(first.service_ready_at, Some(at("2026-10-02T08:30:00Z")));
    assert_eq!((first.records_expected, first.records_restored), (Some(1000), Some(1000)));
    assert_eq!((first.isolated, &first.scenario[..]), (Some(true), &[Scenario::Disaster][..]));
    assert_eq!(first.integrity_result, Some(Integrity::Pass));
    assert_eq!(first.issues, ["slow disk", "runbook step 4 unclear"]);
    assert!(!first.from_log && !first.zone_unknown);
    assert_eq!((second.result, second.origin.pointer.as_str()), (TestResult::Failed, "line:22"));
}

#[test]
fn a_local_time_without_a_zone_is_absent_and_said_so() {
    let kept = parse(&KIND, None, &[text("q3.toml", TOML)]);
    assert_eq!(faults(&kept), [""; 0]);
    let first = rows(&kept)[0];
    assert_eq!(first.restore_finished_at, None);
    assert!(first.zone_unknown);
    assert_eq!(first.started_at, Some(at("2026-10-02T07:00:00Z")), "one with an offset needs none");
}

#[test]
fn json_forms_give_the_same_test() {
    let one = r#"{"test_id":"RT-1","system_id":"crm","result":"partial","isolated":false,"issues":["a","b"],"records_expected":7}"#;
    for content in [
        one.to_owned(),
        format!("[{one}]"),
        format!("{{\"tests\": [{one}]}}"),
        format!("{one}\n{}\n", one.replace("RT-1", "RT-2")),
    ] {
        let kept = parse(&KIND, None, &[text("report", &content)]);
        assert_eq!(faults(&kept), [""; 0], "{content}");
        let test = rows(&kept)[0];
        assert_eq!((test.test_id.as_str(), test.result, test.isolated), ("RT-1", TestResult::Partial, Some(false)));
        assert_eq!((test.issues.len(), test.records_expected), (2, Some(7)));
    }
}

#[test]
fn json_problems_name_their_line() {
    let content = "{\n \"tests\": [\n  {\"id\": \"a\", \"system\": \"crm\",\n   \"result\": \"success\",\n   \"knd\": \"full\"\n  }\n ]\n}";
    let kept = parse(&KIND, None, &[text("r.json", content)]);
    assert_eq!(faults(&kept), ["line 5: unknown key `knd`; did you mean `kind`?"]);
    assert_eq!(rows(&kept)[0].origin.pointer, "/tests/0");
    let kept = parse(&KIND, None, &[text("r.json", &content[..40])]);
    assert!(faults(&kept)[0].starts_with("line 3: not JSON"), "{:?}", faults(&kept));
}

#[test]
fn spreadsheets_of_every_dialect_are_read() {
    let comma = "Test ID,System,Result,Isolated,Started at,Issues,Records expected\r\nRT-1,crm,Success,TRUE,2026-10-02 09:00:00,\"slow, very; late\",12\r\n,,,,,,\r\nRT-2,crm,failed,no,,,\r\n";
    let semicolon =
        comma.replace("\"slow, very; late\"", "\u{1}").replace(',', ";").replace('\u{1}', "\"slow, very; late\"");
    let tab = comma.replace("\"slow, very; late\"", "\u{1}").replace(',', "\t").replace('\u{1}', "slow, very; late");
    let bom = format!("\u{feff}{semicolon}");
    let excel = format!("sep=;\r\n{semicolon}");
    for (content, line) in [(comma.to_owned(), 2), (semicolon, 2), (tab, 2), (bom, 2), (excel, 3)] {
        let kept = parse(&KIND, Some("Europe/Berlin"), &[text("tests.csv", &content)]);
        assert_eq!(faults(&kept), [""; 0], "{content}");
        let [first, second] = rows(&kept)[..] else { panic!("{content}") };
        assert_eq!((first.result, first.isolated), (TestResult::Success, Some(true)));
        assert_eq!((first.status_raw.as_str(), first.records_expected), ("Success", Some(12)));
        assert_eq!(first.started_at, Some(at("2026-10-02T07:00:00Z")));
        assert_eq!(first.issues, ["slow, very", "late"]);
        assert_eq!((second.isolated, second.started_at), (Some(false), None));
        assert_eq!(first.origin.pointer, format!("line:{line}"));
    }
}

#[test]
fn a_header_alone_says_that_there_was_no_test() {
    let kept = parse(&KIND, None, &[text("tests.csv", "Test ID,System,Result,Reported at\n")]);
    assert_eq!((rows(&kept).len(), faults(&kept).len(), kept.passed_over.len()), (0, 0, 0));
    let kept = parse(&KIND, None, &[text("sales.csv", "Customer,Amount,Date\n")]);
    assert_eq!(kept.passed_over.len(), 1);
}

#[test]
fn a_report_says_when_it_was_filed() {
    let content = "Test ID,System,Result,Reported at\nRT-1,crm,success,2026-10-03T09:00:00Z\n";
    let kept = parse(&KIND, None, &[text("tests.csv", content)]);
    assert_eq!(faults(&kept), [""; 0]);
    assert_eq!(rows(&kept)[0].reported_at, Some(at("2026-10-03T09:00:00Z")));
}

#[test]
fn markdown_is_the_report_of_its_front_matter() {
    let yaml = "---\ntest_id: RT-9\nsystem_id: crm\nresult: success\nstarted_at: 2026-10-02T09:00:00Z\nisolated: yes\nissues:\n  - one\n  - two\n---\n# Restore of crm\n\nresult: not a key here\n";
    let toml = "+++\ntest_id = \"RT-9\"\nsystem_id = \"crm\"\nresult = \"success\"\nstarted_at = 2026-10-02T09:00:00Z\nisolated = true\nissues = [\"one\", \"two\"]\n+++\nBody\n";
    for content in [yaml, toml] {
        let kept = parse(&KIND, None, &[text("2026/q3.md", content)]);
        assert_eq!(faults(&kept), [""; 0]);
        let test = rows(&kept)[0];
        assert_eq!(test.report_ref.as_deref(), Some("2026/q3.md"));
        assert_eq!((test.isolated, test.issues.len()), (Some(true), 2));
        assert_eq!(test.started_at, Some(at("2026-10-02T09:00:00Z")));
    }
    let kept = parse(&KIND, None, &[text("q3.md", &yaml.replace("isolated", "isolatd"))]);
    assert_eq!(faults(&kept), ["line 6: unknown key `isolatd`; did you mean `isolated`?"]);
    let kept = parse(&KIND, None, &[text("q3.md", "---\ntest_id: RT-9\nresult: success\n")]);
    assert_eq!(faults(&kept), ["line 1: the front matter has no closing ---; add the line"]);
    assert!(rows(&kept).is_empty());
}

#[test]
fn bad_fields_are_problems_and_absent_and_a_bad_result_is_no_row() {
    let content = "test_id,system_id,result,kind,started_at,ended_at,records_expected,isolated\n\
        a,crm,passed,full,,,,\n\
        b,crm,success,fulll,2026-10-02T09:00:00Z,2026-10-02T08:00:00Z,-5,maybe\n\
        c,crm,success,,10/12/2026 03:30,,,\n\
        d,crm,success,,2031-01-01T00:00:00Z,,,\n\
        e,,success,,,,,\n";
    let kept = parse(&KIND, None, &[text("t.csv", content)]);
    assert_eq!(
        faults(&kept),
        [
            "line 2: `result`: \"passed\" is not one of success, partial, failed, aborted, running, planned",
            "line 3: `kind`: \"fulll\" is not one of full, partial, item, point_in_time, tabletop, real_incident",
            "line 3: `records_expected`: \"-5\" is not a count; write digits only, from 0",
            "line 3: `isolated`: \"maybe\" is neither true nor false",
            "line 3: `ended_at` lies before `started_at`; correct one of them",
            "line 4: `started_at`: \"10/12/2026 03:30\" is not a time; write RFC 3339, for example 2026-10-01T02:00:00Z",
            "line 5: `started_at` lies in the future; correct it, or write `planned_for`",
            "line 6: the test names no system; add `system_id`",
        ]
    );
    let tests = rows(&kept);
    assert_eq!(tests.iter().map(|t| t.test_id.as_str()).collect::<Vec<_>>(), ["b", "c", "d", "e"]);
    assert_eq!(
        (tests[0].kind, tests[0].ended_at, tests[0].records_expected, tests[0].isolated),
        (None, None, None, None)
    );
}

#[test]
fn damaged_files_do_not_hide_the_others() {
    let good = text("a.toml", "test_id = \"x\"\nsystem_id = \"crm\"\nresult = \"success\"\n");
    let broken =
        text("b.toml", "[[test]]\ntest_id = \"y\"\nsystem_id = \"crm\"\nresult = \"success\nkind = \"full\"\n");
    let latin = Document::in_memory("c.csv", "c", None, b"test_id,system_id,result\nx,M\xfcnchen,success\n".to_vec());
    let kept = parse(
        &KIND,
        None,
        &[good, broken, latin, text("d.json", ""), text("e.md", "# Notes\n"), text("f.json", "{\"a\":1}")],
    );
    assert_eq!(rows(&kept).len(), 1);
    let of =
        |name: &str| kept.problems.iter().filter(|p| p.document == name).map(ToString::to_string).collect::<Vec<_>>();
    assert!(of("b.toml").iter().any(|p| p.contains("line 4")), "{:?}", of("b.toml"));
    assert!(of("c.csv")[0].contains("line 2 is not UTF-8"));
    assert!(of("d.json")[0].contains("empty"));
    assert_eq!(kept.passed_over.iter().map(|p| p.0.as_str()).collect::<Vec<_>>(), ["e.md", "f.json"]);
}

#[test]
fn one_id_for_two_tests_is_a_problem_and_a_copy_is_not() {
    let one = "test_id = \"x\"\nsystem_id = \"crm\"\nresult = \"success\"\n";
    let copy = "test_id,system_id,result\nx,crm,success\n";
    let other = "test_id,system_id,result\nx,erp,failed\n";
    let kept = parse(&KIND, None, &[text("a.toml", one), text("b.csv", copy)]);
    assert_eq!((rows(&kept).len(), kept.problems.len()), (1, 0));
    let kept = parse(&KIND, None, &[text("b.csv", other), text("a.toml", one)]);
    assert_eq!((rows(&kept).len(), kept.problems.len()), (2, 1));
    assert_ne!(rows(&kept)[0].origin.record_id, rows(&kept)[1].origin.record_id);
}

#[test]
fn a_recorded_restore_is_a_restore_without_a_report() {
    let record = |exit: &str| {
        format!(
            r#"{{"command":["pg_restore","-d","x"],"system":"crm","host":"db02","user":"j","started_at":"2026-10-02T09:00:00Z","finished_at":"2026-10-02T09:10:00Z","exit_code":{exit},"stdout":"r.out"}}"#
        )
    };
    for (exit, result) in [("0", TestResult::Success), ("1", TestResult::Failed), ("143", TestResult::Aborted)] {
        let kept = parse(&KIND, None, &[text("r.run.json", &record(exit)), text("r.out", "done\n")]);
        assert_eq!(kept.problems, []);
        let test = rows(&kept)[0];
        assert_eq!((test.result, test.from_log, test.service_ready_at), (result, true, None));
        assert_eq!((test.system_id.as_deref(), test.ended_at), (Some("crm"), Some(at("2026-10-02T09:10:00Z"))));
    }
    let kept = parse(&KIND, None, &[text("r.run.json", &record("null"))]);
    assert_eq!((rows(&kept).len(), kept.problems.len()), (0, 1));
}

#[test]
fn a_recorded_backup_is_no_restore() {
    let record = r#"{"command":"pg_dump -Fc crm -f x","started_at":"2026-10-02T09:00:00Z","finished_at":"2026-10-02T09:10:00Z","exit_code":0}"#;
    let kept = parse(&KIND, None, &[text("b.run.json", record)]);
    assert_eq!((rows(&kept).len(), kept.passed_over.len()), (0, 1));
    let marked = record.replace("{\"command\"", "{\"restore\":true,\"command\"");
    assert_eq!(rows(&parse(&KIND, None, &[text("b.run.json", &marked)])).len(), 1);
}
