//! The examples and edge cases of RST in `controls/checks.toml`.

use model::assessment::State::{self, Fail, NoEvidence, NotApplicable, Pass};
use model::policy::Setting;
use model::rows::TestResult::{Aborted, Failed, Success};
use model::rows::{Component, Integrity, RestoreTest, RunStatus, Scenario, TestKind, Trigger};

use crate::testing::{Fixture, at, has_reason, plain};

mod edges;

pub(crate) use edges::EDGES;

/// Examples asserted below.
pub(crate) const EXAMPLES: &[(&str, usize)] = &[
    ("RST-01", 0),
    ("RST-01", 1),
    ("RST-01", 2),
    ("RST-01", 3),
    ("RST-05", 0),
    ("RST-05", 1),
    ("RST-05", 2),
    ("RST-05", 3),
    ("RST-05", 4),
    ("RST-06", 0),
    ("RST-06", 1),
    ("RST-06", 2),
];

/// Three quarters of 2026 with a database, every restore test reported.
fn year() -> Fixture {
    let mut f = Fixture::new("2026-01-01..2026-09-30");
    f.system("db", plain()).tests_given();
    f
}

#[test]
fn rst_01_a_quarter_without_a_test_fails() {
    let mut f = year();
    f.test("T1", "db", "2026-02-14T09:00:00Z", "2026-02-14T12:00:00Z", Success, plain());
    f.test("T2", "db", "2026-07-02T09:00:00Z", "2026-07-02T12:00:00Z", Success, plain());
    let verdicts = f.judge();
    verdicts.is("RST-01", "db@2026-Q1", Pass);
    has_reason(verdicts.is("RST-01", "db@2026-Q2", Fail), "no_successful_test");
    verdicts.is("RST-01", "db@2026-Q3", Pass);
    assert_eq!(verdicts.all("RST-01").len(), 3);
}

#[test]
fn rst_01_a_test_counts_for_the_quarter_in_which_it_ended() {
    let mut f = year();
    f.test("T1", "db", "2026-03-30T09:00:00Z", "2026-04-01T12:00:00Z", Success, plain());
    let verdicts = f.judge();
    verdicts.is("RST-01", "db@2026-Q1", Fail);
    verdicts.is("RST-01", "db@2026-Q2", Pass);
    verdicts.is("RST-01", "db@2026-Q3", Fail);
}

#[test]
fn rst_01_a_young_system_is_not_yet_due() {
    let mut f = Fixture::new("2026-Q2");
    f.system("db", |s| s.onboarded_at = at("2026-05-20T00:00:00Z")).tests_given();
    let verdicts = f.judge();
    let result = verdicts.is("RST-01", "db@2026-Q2", NotApplicable);
    has_reason(result, "not_yet_due");
    assert!(result.detail.contains("due 2026-08-20"), "{}", result.detail);
}

#[test]
fn rst_01_what_counts() {
    let state = |change: fn(&mut RestoreTest)| {
        let mut f = Fixture::new("2026-Q2");
        f.system("db", plain()).tests_given();
        f.plan("daily", "db", "0 2 * * *", plain());
        f.run("db", "2026-05-01T09:00:00Z", model::rows::RunStatus::Success, |r| {
            (r.trigger, r.recovery_point_id) = (Some(Trigger::Manual), Some("by-hand".to_owned()));
        });
        f.test("T1", "db", "2026-05-01T09:00:00Z", "2026-05-01T12:00:00Z", Success, change);
        f.judge().of("RST-01", "db@2026-Q2").state
    };
    assert_eq!(state(|t| t.kind = Some(TestKind::Tabletop)), Fail, "the example of the tabletop exercise");
    assert_eq!(state(|t| t.kind = Some(TestKind::RealIncident)), Fail, "no report like that of a test");
    assert_eq!(state(|t| t.kind = Some(TestKind::Partial)), Pass);
    assert_eq!(state(|t| t.kind = Some(TestKind::Item)), Fail, "only where the organisation is the unit");
    assert_eq!(state(|t| (t.from_log, t.integrity_result) = (true, None)), Fail, "a job that looked at no data");
    assert_eq!(state(|t| t.from_log = true), Pass, "automated, and the data were validated");
    assert_eq!(state(|t| t.integrity_result = Some(Integrity::Fail)), Fail);
    assert_eq!(state(|t| t.recovery_point_id = Some("by-hand".to_owned())), Fail, "made for the test");
    assert_eq!(state(|t| (t.records_expected, t.records_restored) = (Some(10), Some(9))), Fail);
}

#[test]
fn rst_01_silence_running_quarters_and_scopes() {
    let mut f = Fixture::new("2026-Q2");
    f.system("db", plain());
    has_reason(f.judge().is("RST-01", "db@2026-Q2", NoEvidence), "no_register");
    f.test("T1", "db", "2026-01-05T09:00:00Z", "2026-01-05T12:00:00Z", Success, plain());
    has_reason(f.judge().is("RST-01", "db@2026-Q2", NoEvidence), "quarter_not_covered");
    // A tool's complete log is no register of tests.
    f.covers_tables(&["restore_tests"], "db", "2026-01-01T00:00:00Z", "2026-07-03T00:00:00Z");
    f.judge().is("RST-01", "db@2026-Q2", NoEvidence);
    f.tests_given();
    f.judge().is("RST-01", "db@2026-Q2", Fail);
    f.exception("EX-1", "db", "RST-01", "2026-06-01T00:00:00Z", "2026-08-01T00:00:00Z");
    assert!(f.judge().is("RST-01", "db@2026-Q2", Fail).waived);

    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).tests_given();
    has_reason(f.judge().is("RST-01", "db@2026-Q4", NotApplicable), "quarter_running");

    let mut f = Fixture::new("2026-Q2");
    f.parameter("restore_scope", Setting::Text("organisation".to_owned()));
    f.system("db", plain()).tests_given();
    f.test("T1", "db", "2026-05-01T09:00:00Z", "2026-05-01T12:00:00Z", Success, |t| t.kind = Some(TestKind::Item));
    f.judge().is("RST-01", "organization@2026-Q2", Pass);
    f.parameter("restore_scope", Setting::Text("per_platform_and_tier".to_owned()));
    f.judge().is("RST-01", "runs/critical_online_services@2026-Q2", Fail);

    let mut f = Fixture::new("2026-05-01..2026-07-31");
    f.parameter("quarter_basis", Setting::Text("fiscal:02".to_owned()));
    f.system("db", plain()).tests_given();
    f.judge().is("RST-01", "db@2026-05-01..2026-07-31", Fail);
}

#[test]
fn rst_01_a_repeat_saves_the_quarter_and_the_failure_is_shown() {
    let mut f = year();
    f.test("T1", "db", "2026-05-01T09:00:00Z", "2026-05-01T12:00:00Z", Failed, plain());
    f.test("T2", "db", "2026-05-02T09:00:00Z", "2026-05-02T12:00:00Z", Success, plain());
    let verdicts = f.judge();
    let result = verdicts.is("RST-01", "db@2026-Q2", Pass);
    has_reason(result, "failed_test_shown");
    assert_eq!(result.records.len(), 2);
}

#[test]
fn rst_02_a_test_follows_each_significant_change() {
    let state = |ended: Option<&str>, point: &str, significant: bool, as_of: &str| {
        let mut f = Fixture::new("2026-05");
        f.as_of(as_of).system("db", plain()).tests_given();
        f.point("db", point, |p| p.recovery_point_id = "rp".to_owned());
        f.register(
            "changes",
            &format!(
                "change_id,system_ids,significant,kind,completed_at\nC1,db,{significant},upgrade,2026-05-10T00:00:00Z\n"
            ),
        );
        if let Some(ended) = ended {
            f.test("T1", "db", ended, ended, Success, |t| t.recovery_point_id = Some("rp".to_owned()));
        }
        f.judge().of("RST-02", "C1").state
    };
    let (after, late) = ("2026-05-11T00:00:00Z", "2026-08-01T00:00:00Z");
    assert_eq!(state(Some("2026-06-09T00:00:00Z"), after, true, late), Pass);
    assert_eq!(state(Some("2026-06-09T00:00:01Z"), after, true, late), Fail, "30 days are over");
    assert_eq!(state(Some("2026-05-20T00:00:00Z"), "2026-05-09T00:00:00Z", true, late), Fail, "data of before");
    assert_eq!(state(None, after, true, late), Fail);
    assert_eq!(state(None, after, true, "2026-06-01T00:00:00Z"), NotApplicable);
    assert_eq!(state(None, after, false, late), NotApplicable);
    let mut f = Fixture::new("2026-05");
    f.system("db", plain());
    has_reason(f.judge().is("RST-02", "organization", NoEvidence), "register_not_given");
    f.register("changes", "change_id,system_ids,significant,kind,completed_at\n");
    f.judge().is("RST-02", "organization", NotApplicable);
}

/// A report with everything in it.
fn whole(t: &mut RestoreTest) {
    t.recovery_point_id = Some("rp".to_owned());
    t.environment = Some("staging".to_owned());
    t.service_ready_at = t.ended_at;
    t.performer = Some("petra".to_owned());
    t.reviewer = Some("rolf".to_owned());
    t.report_ref = Some("RT-1".to_owned());
    t.reported_at = Some(at("2026-05-05T00:00:00Z"));
}

fn one_test(change: impl FnOnce(&mut RestoreTest)) -> Fixture {
    let mut f = Fixture::new("2026-05");
    f.as_of("2026-07-20T00:00:00Z").system("db", plain()).tests_given();
    f.test("T1", "db", "2026-05-01T10:00:00Z", "2026-05-01T12:00:00Z", Success, |t| {
        whole(t);
        change(t);
    });
    f
}

fn of_one(check: &str, change: impl FnOnce(&mut RestoreTest)) -> State {
    one_test(change).judge().of(check, "T1").state
}

#[test]
fn rst_03_reports_are_complete_and_in_time() {
    assert_eq!(of_one("RST-03", |_| {}), Pass);
    let faults: [fn(&mut RestoreTest); 8] = [
        |t| t.recovery_point_id = None,
        |t| t.environment = None,
        |t| t.service_ready_at = None,
        |t| t.performer = None,
        |t| t.reviewer = None,
        |t| t.reviewer.clone_from(&t.performer),
        |t| t.integrity_result = None,
        |t| t.reported_at = Some(at("2026-05-12T00:00:00Z")),
    ];
    for (i, fault) in faults.into_iter().enumerate() {
        assert_eq!(of_one("RST-03", fault), Fail, "fault {i}");
    }
    assert_eq!(of_one("RST-03", |t| t.reported_at = None), NoEvidence);
    assert_eq!(of_one("RST-03", |t| (t.result, t.started_at) = (Aborted, None)), NotApplicable);
    assert_eq!(of_one("RST-03", |t| t.from_log = true), NoEvidence);
}

#[test]
fn rst_04_data_were_compared() {
    assert_eq!(of_one("RST-04", |_| {}), Pass);
    assert_eq!(of_one("RST-04", |t| t.integrity_result = Some(Integrity::NotChecked)), NoEvidence);
    assert_eq!(of_one("RST-04", |t| t.integrity_result = Some(Integrity::Fail)), Fail);
    assert_eq!(of_one("RST-04", |t| t.result = Failed), NotApplicable);
    let counts = |t: &mut RestoreTest, expected, restored| {
        (t.records_expected, t.records_restored) = (Some(expected), Some(restored));
    };
    assert_eq!(of_one("RST-04", |t| counts(t, 10, 10)), Pass);
    assert_eq!(of_one("RST-04", |t| counts(t, 10, 9)), Fail);
    let aged = |t: &mut RestoreTest| {
        t.failure_point_at = Some(at("2026-05-01T10:00:00Z"));
        t.recovered_to_at = Some(at("2026-05-01T09:50:00Z"));
    };
    assert_eq!(of_one("RST-04", |t| (counts(t, 10, 9), aged(t)).0), Pass);
    // How old the data were is told by the recovery point as well.
    let mut listed = one_test(|t| (counts(t, 10, 9), t.failure_point_at = t.started_at).0);
    listed.judge().is("RST-04", "T1", Fail);
    listed.point("db", "2026-05-01T09:50:00Z", |p| p.recovery_point_id = "rp".to_owned());
    has_reason(listed.judge().is("RST-04", "T1", Pass), "difference_explained");
    assert_eq!(of_one("RST-04", |t| (counts(t, 10, 11), aged(t)).0), Fail, "nothing can be gained");
    let mut f = Fixture::new("2026-05");
    f.system("db", plain());
    f.judge().is("RST-04", "organization", NoEvidence);
    f.tests_given();
    f.judge().is("RST-04", "organization", NotApplicable);
}

#[test]
fn rst_05_examples() {
    let timed = |tier: &str, copied: Option<&str>, ready: Option<&str>| {
        let mut f = one_test(|t| {
            t.restore_finished_at = copied.map(at);
            t.service_ready_at = ready.map(at);
        });
        f.systems[0].tier = Some(tier.to_owned());
        f.judge().of("RST-05", "T1").clone()
    };
    let critical = "critical_online_services";
    let passed = timed(critical, None, Some("2026-05-01T11:45:00Z"));
    assert_eq!(passed.state, Pass);
    assert!(passed.detail.contains("6300 s of 7200 s"), "{}", passed.detail);
    assert_eq!(timed(critical, Some("2026-05-01T11:30:00Z"), None).state, NoEvidence);
    assert_eq!(timed(critical, Some("2026-05-01T12:30:00Z"), None).state, Fail);
    let range = timed("network_services", None, Some("2026-05-02T16:00:00Z"));
    assert_eq!((range.state, &range.reasons[..]), (Pass, &["within_range".to_owned()][..]));
    assert_eq!(timed("network_services", None, Some("2026-05-03T11:00:00Z")).state, Fail);
    assert_eq!(timed(critical, None, Some("2026-05-01T12:00:00Z")).state, Pass, "at most the objective");
    assert_eq!(timed(critical, None, Some("2026-05-01T12:00:01Z")).state, Fail);
    assert_eq!(timed("no such tier", None, Some("2026-05-01T11:00:00Z")).state, NoEvidence);
}

#[test]
fn rst_05_kinds_and_scale() {
    let ready = Some(at("2026-05-01T11:00:00Z"));
    assert_eq!(of_one("RST-05", |t| (t.kind, t.service_ready_at) = (Some(TestKind::Item), ready)), NotApplicable);
    assert_eq!(of_one("RST-05", |t| (t.kind, t.service_ready_at) = (None, ready)), NoEvidence);
    let scale = |t: &mut RestoreTest, s: &str| (t.scale, t.service_ready_at) = (Some(s.to_owned()), ready);
    assert_eq!(of_one("RST-05", |t| scale(t, "10 %")), NoEvidence, "a note, not proof");
    assert_eq!(of_one("RST-05", |t| scale(t, "Full")), Pass);
    assert_eq!(of_one("RST-05", |t| t.service_ready_at = Some(at("2026-05-01T09:00:00Z"))), NoEvidence);
}

#[test]
fn rst_06_examples() {
    let loss = |tier: &str, recovered: Option<&str>| {
        let mut f = one_test(|t| {
            t.failure_point_at = Some(at("2026-05-01T12:00:00Z"));
            t.recovered_to_at = recovered.map(at);
        });
        f.systems[0].tier = Some(tier.to_owned());
        f.point("db", "2026-05-01T11:50:00Z", |p| p.recovery_point_id = "rp".to_owned());
        f.judge().of("RST-06", "T1").clone()
    };
    let near = loss("billing_systems", Some("2026-05-01T11:52:00Z"));
    assert_eq!(near.state, Pass);
    assert!(near.detail.contains("480 s of 900 s"), "{}", near.detail);
    let far = loss("billing_systems", Some("2026-05-01T01:00:00Z"));
    assert_eq!(far.state, Fail);
    assert!(far.detail.contains("39600 s"), "{}", far.detail);
    assert_eq!(loss("network_services", Some("2026-05-01T01:00:00Z")).state, NotApplicable);
    let by_point = loss("billing_systems", None);
    assert!(by_point.detail.contains("600 s of 900 s"), "{}", by_point.detail);
    assert_eq!(loss("billing_systems", Some("2026-05-01T13:00:00Z")).state, NoEvidence, "invalid record");
    assert_eq!(of_one("RST-06", |_| {}), NoEvidence, "no failure point");
}

#[test]
fn rst_07_failures_are_investigated_and_repeated() {
    let build = |repeat: Option<&str>, investigated: bool, result| {
        let mut f = Fixture::new("2026-05");
        f.as_of("2026-07-20T00:00:00Z").system("db", plain()).tests_given();
        f.test("T1", "db", "2026-05-01T10:00:00Z", "2026-05-01T12:00:00Z", result, plain());
        if let Some(ended) = repeat {
            f.test("T2", "db", ended, ended, Success, plain());
        }
        f.register("incidents", "incident_id,kind,backup_related,opened_at,restore_test_id\n");
        let row = if investigated { "A1,test,T1,2026-05-02T00:00:00Z\n" } else { "" };
        f.register("actions", &format!("action_id,origin_kind,origin_ref,opened_at\n{row}"));
        f
    };
    let soon = Some("2026-05-20T00:00:00Z");
    build(soon, true, Failed).judge().is("RST-07", "T1", Pass);
    has_reason(build(soon, false, Failed).judge().is("RST-07", "T1", Fail), "not_investigated");
    has_reason(build(None, true, Failed).judge().is("RST-07", "T1", Fail), "not_repeated");
    let late = build(Some("2026-06-10T00:00:00Z"), true, Failed).judge();
    has_reason(late.is("RST-07", "T1", Fail), "repeated_late");
    build(soon, false, Aborted).judge().is("RST-07", "T1", Pass);
    build(soon, true, Success).judge().is("RST-07", "organization", NotApplicable);
    let mut young = build(None, false, Failed);
    young.as_of = at("2026-05-15T00:00:00Z");
    young.judge().is("RST-07", "T1", NotApplicable);
    // A success that missed the objective is a failure too.
    let mut slow = build(soon, false, Success);
    slow.test("T3", "db", "2026-05-02T10:00:00Z", "2026-05-02T18:00:00Z", Success, |t| t.service_ready_at = t.ended_at);
    slow.judge().is("RST-07", "T3", Fail);
    // So is one whose data differed.
    let mut other = build(None, false, Success);
    other.test("T4", "db", "2026-05-03T10:00:00Z", "2026-05-03T11:00:00Z", Success, |t| {
        t.integrity_result = Some(Integrity::Fail);
    });
    has_reason(other.judge().is("RST-07", "T4", Fail), "not_repeated");
}

#[test]
fn rst_08_the_owner_confirmed() {
    let build = |by: Option<&str>, ended: &str| {
        let mut f = Fixture::new("2026-05");
        f.system("db", plain()).tests_given();
        f.test("T1", "db", ended, ended, Success, |t| t.owner_confirmed_by = by.map(str::to_owned));
        f
    };
    let recent = "2026-01-10T00:00:00Z";
    build(Some("olga"), recent).judge().is("RST-08", "db", Pass);
    has_reason(build(Some("petra"), recent).judge().is("RST-08", "db", Fail), "not_the_owner");
    has_reason(build(None, recent).judge().is("RST-08", "db", Fail), "not_confirmed");
    build(Some("olga"), "2025-02-10T00:00:00Z").judge().is("RST-08", "db", Fail);
    let mut team = build(Some("olga"), recent);
    team.systems[0].owner = Some("Payments team".to_owned());
    team.judge().is("RST-08", "db", Fail);
    team.role("system_owner", "olga");
    team.judge().is("RST-08", "db", Pass);
    team.systems[0].onboarded_at = at("2026-05-01T00:00:00Z");
    team.judge().is("RST-08", "db", NotApplicable);
}

#[test]
fn rst_09_tests_cover_the_matrix() {
    let mut f = Fixture::new("2026-05");
    f.system("db", plain()).tests_given();
    for (id, scenario) in [("T1", Scenario::Failure), ("T2", Scenario::Corruption), ("T3", Scenario::Disaster)] {
        let ended = "2026-01-10T00:00:00Z";
        f.test(id, "db", ended, ended, Success, |t| t.scenario = vec![scenario]);
    }
    f.judge().is("RST-09", "organization", Pass);
    f.system("other", |s| s.resources = vec!["restic:other".to_owned()]);
    assert!(f.judge().is("RST-09", "organization", Fail).detail.contains("platform restic"));
    f.systems.pop();
    f.rows.pop();
    assert!(f.judge().is("RST-09", "organization", Fail).detail.contains("scenario disaster"));
    let ended = "2026-01-11T00:00:00Z";
    f.test("T4", "db", ended, ended, Success, plain());
    has_reason(f.judge().is("RST-09", "organization", NoEvidence), "scenario_not_recorded");
}

#[test]
fn rst_09_a_platform_is_covered_by_a_restore_from_it() {
    let build = |restored: Option<&str>| {
        let mut f = Fixture::new("2026-05");
        f.system("db", plain()).tests_given();
        for (plan, platform) in [("near", "vault"), ("far", "tape")] {
            f.plan(plan, "db", "0 2 * * *", |p| p.platform_id = Some(platform.to_owned()));
            f.run("db", &format!("2026-01-0{}T02:00:00Z", plan.len()), RunStatus::Success, |r| {
                r.plan_id = Some(plan.to_owned());
                r.recovery_point_id = Some(format!("point-{plan}"));
            });
        }
        for (id, scenario) in [("T1", Scenario::Failure), ("T2", Scenario::Corruption), ("T3", Scenario::Disaster)] {
            let ended = "2026-01-10T00:00:00Z";
            let point = if id == "T3" { restored } else { Some("point-near") };
            f.test(id, "db", ended, ended, Success, |t| {
                (t.scenario, t.recovery_point_id) = (vec![scenario], point.map(str::to_owned));
            });
        }
        f.judge()
    };
    build(Some("point-far")).is("RST-09", "organization", Pass);
    let near = build(Some("point-near"));
    assert!(near.is("RST-09", "organization", Fail).detail.contains("covers: platform tape."));
    has_reason(build(None).is("RST-09", "organization", NoEvidence), "platform_unknown");
}

#[test]
fn rst_an_organisations_pass_rests_on_no_incomplete_source_alone() {
    let mut f = Fixture::new("2026-05");
    f.system("db", plain()).tests_given();
    for (id, scenario) in [("T1", Scenario::Failure), ("T2", Scenario::Corruption), ("T3", Scenario::Disaster)] {
        let ended = "2026-01-10T00:00:00Z";
        f.test(id, "db", ended, ended, Success, |t| t.scenario = vec![scenario]);
    }
    f.judge().is("RST-09", "organization", Pass);
    f.collections[0].status = model::evidence::SourceStatus::Incomplete;
    has_reason(f.judge().is("RST-09", "organization", NoEvidence), "source_incomplete");
}

#[test]
fn rst_no_system_proves_nothing_of_tests() {
    let checks = ["RST-03", "RST-04", "RST-05", "RST-06", "RST-07", "RST-09", "RST-10"];
    let mut f = Fixture::new("2026-05");
    let empty = f.judge();
    f.inventory_given = false;
    let silent = f.judge();
    for check in checks {
        has_reason(empty.is(check, "organization", NotApplicable), "none_in_scope");
    }
    for check in checks.into_iter().chain(["RST-01", "RST-02", "RST-08"]) {
        has_reason(silent.is(check, "organization", NoEvidence), "inventory_not_given");
    }
}

#[test]
fn rst_10_point_in_time_is_exercised_where_it_is_relied_on() {
    let build = |to: Option<&str>| {
        let mut f = Fixture::new("2026-Q2");
        f.system("db", plain()).tests_given().plan("daily", "db", "0 2 * * *", plain());
        f.plan("logs", "db", "continuous", |p| {
            (p.component, p.archive_timeout_s) = (Component::LogContinuous, Some(60));
        });
        f.point("db", "2026-05-01T02:00:00Z", |p| p.component = Some(Component::Full));
        if let Some(to) = to {
            f.test("T1", "db", "2026-05-01T10:00:00Z", "2026-05-01T12:00:00Z", Success, |t| {
                (t.kind, t.recovered_to_at) = (Some(TestKind::PointInTime), Some(at(to)));
            });
        }
        f
    };
    let v = build(Some("2026-05-01T09:10:00Z")).judge();
    v.is("RST-10", "db", Pass);
    v.is("RST-01", "db@2026-Q2", Pass);
    build(Some("2026-05-01T02:00:00Z")).judge().is("RST-10", "db", Fail);
    build(None).judge().is("RST-10", "db", Fail);
    let mut f = build(None);
    f.plans[1].archive_timeout_s = Some(3_000);
    has_reason(f.judge().is("RST-10", "db", NotApplicable), "not_relied_on");
    f.plans[0] = {
        f.plan("often", "db", "every 300", |p| p.max_duration_s = Some(60));
        f.plans.pop().unwrap()
    };
    has_reason(f.judge().is("RST-10", "db", NotApplicable), "met_by_interval_plans");
}
