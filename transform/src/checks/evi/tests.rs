//! EVI-01 to EVI-05: the edge cases of `controls/checks.toml`.

use model::assessment::State;
use model::evidence::{Covers, Page};
use model::rows::RunStatus;

use crate::testing::{Fixture, at, has_reason, origin, plain};

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
fn impossible_times_fail_and_an_unmeasured_clock_is_never_a_pass() {
    let mut f = fixture();
    f.sources.push(("runs".into(), "log".into()));
    has_reason(f.judge().is("EVI-02", "runs.log", State::NotApplicable), "no_times");
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
    f.sources.push(("runs".into(), "log".into()));
    f.judge().is("EVI-02", "runs.log", State::NotApplicable);
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
