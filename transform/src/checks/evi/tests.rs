//! EVI-01 to EVI-05: the edge cases of `controls/checks.toml`.

use model::assessment::State;
use model::evidence::{Covers, Page, Problem, SourceStatus};
use model::rows::{Component, RunStatus, TestResult};

use crate::testing::{Fixture, at, has_reason, origin, plain};

mod edges;

pub(crate) use edges::EDGES;

fn fixture() -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
    f
}

#[test]
fn what_no_source_covers_is_listed() {
    let mut f = fixture();
    f.covers("db", "2026-09-01T00:00:00Z", "2026-10-20T00:00:00Z");
    let v = f.judge();
    let r = v.is("EVI-01", "backup_runs:db", State::NoEvidence);
    assert!(r.detail.contains("2026-10-20T00:00:00Z to 2026-11-01T00:00:00Z"), "{}", r.detail);
    f.covers("db", "2026-10-20T00:00:00Z", "2026-11-02T00:00:00Z");
    let v = f.judge();
    v.is("EVI-01", "backup_runs:db", State::Pass);
    v.is("EVI-01", "recovery_points:db", State::Pass);
}

#[test]
fn a_source_collected_before_the_end_covers_only_up_to_then() {
    let mut f = fixture();
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-02T00:00:00Z");
    f.collections[0].collected_at = at("2026-10-30T00:00:00Z");
    f.judge().is("EVI-01", "backup_runs:db", State::NoEvidence);
}

#[test]
fn a_run_that_a_complete_source_lacks_contradicts_it() {
    let mut f = fixture();
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-02T00:00:00Z");
    f.run("db", "2026-10-05T02:00:00Z", RunStatus::Success, plain());
    f.run("db", "2026-10-06T02:00:00Z", RunStatus::Success, |r| {
        r.origin = origin("runs", "second", "x", at("2026-11-01T00:00:00Z"));
    });
    let v = f.judge();
    let r = v.is("EVI-01", "backup_runs:db", State::Fail);
    has_reason(r, "source_not_complete");
    assert!(r.detail.starts_with("runs.log") && r.records.len() == 1, "{} {:?}", r.detail, r.records);
    // The same run in both is no contradiction.
    f.run("db", "2026-10-06T02:00:00Z", RunStatus::Success, plain());
    f.judge().is("EVI-01", "backup_runs:db", State::Pass);
}

#[test]
fn tests_are_covered_by_reports_and_logs_by_what_tells_of_them() {
    let mut f = fixture();
    has_reason(f.judge().is("EVI-01", "restore_tests:db", State::NoEvidence), "not_covered");
    assert!(f.judge().all("EVI-01").iter().all(|r| r.unit != "log_segments:db"), "it relies on no logs");
    // A backup tool's log does not hold tests that were done without it.
    f.covers_tables(&["restore_tests"], "db", "2026-09-01T00:00:00Z", "2026-11-02T00:00:00Z");
    f.judge().is("EVI-01", "restore_tests:db", State::NoEvidence);
    f.tests_given();
    f.judge().is("EVI-01", "restore_tests:db", State::Pass);
    f.test("T1", "db", "2026-10-02T08:00:00Z", "2026-10-02T09:00:00Z", TestResult::Success, plain());
    f.judge().is("EVI-01", "restore_tests:db", State::Pass);
    f.test("T2", "db", "2026-10-02T08:00:00Z", "2026-10-02T09:00:00Z", TestResult::Success, |t| {
        t.origin = origin("github", "tracker", "17", at("2026-11-01T00:00:00Z"));
    });
    let v = f.judge();
    let r = v.is("EVI-01", "restore_tests:db", State::Fail);
    assert_eq!(r.records, ["test/github.tracker/17"]);

    let mut f = fixture();
    f.plan("logs", "db", "continuous", |p| p.component = Component::LogContinuous);
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-02T00:00:00Z");
    f.judge().is("EVI-01", "log_segments:db", State::NoEvidence);
    f.covers_tables(&["pitr_status"], "db", "2026-09-01T00:00:00Z", "2026-10-10T00:00:00Z");
    f.covers_tables(&["log_segments"], "db", "2026-10-10T00:00:00Z", "2026-11-02T00:00:00Z");
    f.judge().is("EVI-01", "log_segments:db", State::Pass);
}

#[test]
fn what_is_stored_contradicts_no_log_of_runs() {
    let mut f = fixture();
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-02T00:00:00Z");
    f.run("db", "2026-10-05T02:00:00Z", RunStatus::Success, plain());
    f.run("db", "2026-10-06T03:10:00Z", RunStatus::Success, |r| {
        r.origin = origin("s3", "bucket", "x", at("2026-11-01T00:00:00Z"));
        (r.inferred, r.started_at) = (true, None);
    });
    let v = f.judge();
    v.is("EVI-01", "backup_runs:db", State::Pass);
    has_reason(v.is("EVI-03", "organization", State::NotApplicable), "single_source");
}

#[test]
fn impossible_times_fail_and_an_unmeasured_clock_is_never_a_pass() {
    let mut f = fixture();
    f.sources.push(("runs".into(), "log".into()));
    has_reason(f.judge().is("EVI-02", "runs.log", State::NoEvidence), "source_incomplete");
    for (status, state) in [
        (SourceStatus::Failed, State::NoEvidence),
        (SourceStatus::Incomplete, State::NoEvidence),
        (SourceStatus::Complete, State::NotApplicable),
    ] {
        let mut silent = f.clone();
        silent.collection("runs", "log", |c| c.status = status);
        silent.judge().is("EVI-02", "runs.log", state);
    }
    f.run("db", "2026-10-05T02:00:00Z", RunStatus::Success, plain());
    has_reason(f.judge().is("EVI-02", "runs.log", State::NoEvidence), "clock_unknown");
    let mut measured = f.clone();
    measured.collection("runs", "log", |c| c.clock_offset_ms = Some(-1500));
    measured.judge().is("EVI-02", "runs.log", State::Pass);
    let mut off = f.clone();
    off.collection("runs", "log", |c| c.clock_offset_ms = Some(-3_600_000));
    has_reason(off.judge().is("EVI-02", "runs.log", State::Fail), "clock_offset");
    let mut backwards = f.clone();
    backwards.run("db", "2026-10-06T02:00:00Z", RunStatus::Success, |r| {
        r.ended_at = Some(at("2026-10-06T01:00:00Z"));
    });
    let v = backwards.judge();
    let r = v.is("EVI-02", "runs.log", State::Fail);
    assert_eq!(r.records, ["run/runs.log/db/2026-10-06T02:00:00Z"]);
    let mut future = f.clone();
    future.run("db", "2026-11-06T00:06:00Z", RunStatus::Running, plain());
    future.judge().is("EVI-02", "runs.log", State::Fail);
    let mut tolerated = f.clone();
    tolerated.run("db", "2026-11-06T00:04:00Z", RunStatus::Running, plain());
    tolerated.judge().is("EVI-02", "runs.log", State::NoEvidence);
    f.point("db", "2026-10-07T02:00:00Z", |p| p.created_at = Some(at("2026-10-07T01:50:00Z")));
    f.judge().is("EVI-02", "runs.log", State::Fail);
}

#[test]
fn records_without_a_zone_are_not_compared() {
    let mut f = fixture();
    f.run("db", "2026-10-06T02:00:00Z", RunStatus::Success, |r| {
        r.ended_at = Some(at("2026-10-06T01:00:00Z"));
        r.zone_unknown = true;
    });
    f.collection("runs", "log", plain());
    has_reason(f.judge().is("EVI-02", "runs.log", State::NotApplicable), "no_times");
}

#[test]
fn two_sources_that_disagree_about_a_run_fail() {
    let mut f = fixture();
    has_reason(f.judge().is("EVI-03", "organization", State::NoEvidence), "no_records");
    f.run("db", "2026-10-05T02:00:00Z", RunStatus::Success, plain());
    has_reason(f.judge().is("EVI-03", "organization", State::NotApplicable), "single_source");
    let second = |status| {
        let mut f = f.clone();
        f.run("db", "2026-10-05T02:00:00Z", status, |r| {
            r.origin = origin("runs", "second", "x", at("2026-11-01T00:00:00Z"));
        });
        f.judge()
    };
    second(RunStatus::Success).is("EVI-03", "organization", State::Pass);
    let v = second(RunStatus::Failed);
    let all = v.all("EVI-03");
    assert_eq!((all.len(), all[0].state), (1, State::Fail));
    has_reason(all[0], "contradiction");
}

#[test]
fn a_record_with_two_final_states_is_disputed_and_one_read_again_is_not() {
    let mut f = fixture();
    f.run("db", "2026-10-05T02:00:00Z", RunStatus::Success, plain());
    let again = |status| {
        let mut f = f.clone();
        f.run("db", "2026-10-05T02:00:00Z", status, |r| r.origin.observed_at = at("2026-10-20T00:00:00Z"));
        f.judge()
    };
    again(RunStatus::Success).is("EVI-03", "organization", State::NotApplicable);
    again(RunStatus::Running).is("EVI-03", "organization", State::NotApplicable);
    let v = again(RunStatus::Failed);
    has_reason(v.is("EVI-03", "run/runs.log/db/2026-10-05T02:00:00Z", State::Fail), "final_state_changed");
}

fn page(object: &str) -> Page {
    Page {
        name: "log.jsonl".into(),
        object: object.into(),
        bytes: 1,
        modified_at: None,
        items: None,
        request_id: None,
        http_status: None,
        cursor_in: None,
        cursor_out: None,
        attempts: None,
        etag: None,
        facts_only: false,
    }
}

#[test]
fn raw_evidence_has_a_digest_and_a_collector() {
    let judge = |object: &str, identity: Option<&str>| {
        let mut f = fixture();
        f.collection("runs", "log", |c| {
            c.pages.push(page(object));
            c.identity = identity.map(str::to_owned);
        });
        f.judge().of("EVI-04", "runs.log").clone()
    };
    let digest = "ab".repeat(32);
    assert_eq!(judge(&digest, Some("operating system user backup")).state, State::Pass);
    has_reason(&judge(&digest, None), "collector_unknown");
    has_reason(&judge("", Some("backup")), "digest_missing");
    let mut f = fixture();
    f.sources.push(("borg".into(), "nas".into()));
    has_reason(f.judge().is("EVI-04", "borg.nas", State::NoEvidence), "nothing_collected");
    fixture().judge().is("EVI-04", "organization", State::NoEvidence);
}

#[test]
fn an_object_that_is_not_as_it_was_kept_fails() {
    let mut f = fixture();
    f.collection("runs", "log", |c| {
        c.pages.push(page(&"ab".repeat(32)));
        c.identity = Some("backup".to_owned());
    });
    f.judge().is("EVI-04", "runs.log", State::Pass);
    let problem = Problem { document: "log.jsonl".into(), place: None, message: "it was changed".into() };
    f.changed.push(("runs.other".into(), problem.clone()));
    f.judge().is("EVI-04", "runs.log", State::Pass);
    f.changed.push(("runs.log".into(), problem));
    let v = f.judge();
    let r = v.is("EVI-04", "runs.log", State::Fail);
    has_reason(r, "digest_differs");
    assert!(r.detail.contains("1 of 1 objects") && r.detail.contains("log.jsonl: it was changed"), "{}", r.detail);
}

#[test]
fn nothing_waives_a_check_of_evidence() {
    let mut f = fixture();
    f.exception("E1", "*", "EVI-04", "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z");
    f.collection("runs", "log", |c| {
        c.pages.push(page(&"ab".repeat(32)));
        c.covers.push(Covers {
            resources: Vec::new(),
            systems: vec!["*".into()],
            from: at("2026-01-01T00:00:00Z"),
            to: None,
            complete: true,
            tables: Vec::new(),
            gaps: Vec::new(),
        });
    });
    assert!(!f.judge().is("EVI-04", "runs.log", State::Fail).waived);
}

#[test]
fn an_evidence_index_is_signed_by_the_role() {
    let head = "document_id,kind,title,version,owner_role,approved_role,approved_at\n";
    let judge = |line: &str| {
        let mut f = fixture();
        f.register("documents", &format!("{head}{line}"));
        f.judge().of("EVI-05", "organization").clone()
    };
    assert_eq!(
        judge("D1,other,Evidence index 2026-10,1,security_compliance,,2026-11-03T00:00:00Z\n").state,
        State::Pass
    );
    has_reason(&judge(""), "index_missing");
    has_reason(&judge("D1,other,Evidence index,1,security_compliance,,\n"), "index_not_signed");
    has_reason(&judge("D1,other,Evidence index,1,engineering_operations,,2026-11-03T00:00:00Z\n"), "index_not_signed");
    fixture().judge().is("EVI-05", "organization", State::NoEvidence);
}

#[test]
fn without_an_audit_no_index_is_needed() {
    let head = "review_id,kind,period_start,period_end,performed_at\n";
    let judge = |reviews: &str| {
        let mut f = fixture();
        f.register("reviews", &format!("{head}{reviews}"));
        f.judge().of("EVI-05", "organization").clone()
    };
    let none = judge("");
    assert_eq!(none.state, State::NotApplicable);
    has_reason(&none, "no_audit");
    assert_eq!(judge("R1,management,,,2026-10-10T00:00:00Z\n").state, State::NotApplicable);
    assert_eq!(judge("R1,internal_audit,,,2026-05-10T00:00:00Z\n").state, State::NotApplicable);
    for audit in [
        "R1,internal_audit,,,2026-10-10T00:00:00Z\n",
        "R1,internal_audit,2026-07-01T00:00:00Z,2026-10-02T00:00:00Z,2026-11-05T00:00:00Z\n",
        "R1,internal_audit,,,2027-02-01T00:00:00Z\n",
    ] {
        has_reason(&judge(audit), "register_not_given");
    }
    let mut f = fixture();
    f.register("reviews", head);
    f.register(
        "documents",
        "document_id,kind,title,version,owner_role,approved_at\nD1,other,Evidence index,1,security_compliance,2026-11-03T00:00:00Z\n",
    );
    f.judge().is("EVI-05", "organization", State::Pass);
}
