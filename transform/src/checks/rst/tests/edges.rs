//! The edge cases of RST in `controls/checks.toml`, and which test shows each.

use super::*;
use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;
use crate::testing::Verdicts;

pub(crate) const EDGES: &[Edge] = &[
    ("RST-01", "Onboarded mid-quarter", By(rst_01_a_young_system_is_not_yet_due)),
    ("RST-01", "A test that spans the boundary", By(rst_01_a_test_counts_for_the_quarter_in_which_it_ended)),
    ("RST-01", "Failed then repeated", By(rst_01_a_repeat_saves_the_quarter_and_the_failure_is_shown)),
    ("RST-01", "Tabletop exercises", By(rst_01_what_counts)),
    ("RST-01", "A real recovery counts", By(a_real_recovery_counts_where_it_is_documented_like_a_test)),
    ("RST-01", "item restores", By(rst_01_silence_running_quarters_and_scopes)),
    ("RST-01", "Two tests in one quarter", By(two_tests_do_not_make_up_for_a_quarter_without_one)),
    ("RST-01", "Quarters follow quarter_basis", By(rst_01_silence_running_quarters_and_scopes)),
    ("RST-01", "An automated restore test", By(rst_01_what_counts)),
    ("RST-02", "One test may serve several changes", By(one_test_serves_several_changes_and_its_quarter)),
    ("RST-02", "A quarterly test after the change", By(one_test_serves_several_changes_and_its_quarter)),
    ("RST-02", "A change that was rolled back", By(a_change_that_was_taken_back_in_time_needs_no_test)),
    ("RST-02", "Significance criteria and the due time", By(significance_is_recorded_and_the_due_time_is_a_default)),
    ("RST-03", "Real incidents may use the incident report", By(an_incident_report_is_a_report_if_it_has_the_fields)),
    ("RST-03", "A report with no recovery point id", By(rst_03_reports_are_complete_and_in_time)),
    ("RST-04", "Counts alone do not prove content", By(counts_alone_prove_no_content)),
    ("RST-04", "For live systems compare", By(rst_04_data_were_compared)),
    ("RST-05", "Default tiers", By(the_default_tiers_are_held_to_the_second)),
    ("RST-05", "1 day is 24 h", By(a_day_is_24_hours_on_weekends_and_when_clocks_change)),
    ("RST-05", "A test on a smaller copy", By(rst_05_kinds_and_scale)),
    ("RST-05", "Waiting for approval", By(time_counts_from_the_order_not_from_the_plan)),
    ("RST-05", "Several services in one test", By(each_service_of_one_test_has_its_own_ready_time)),
    ("RST-06", "A test that restores yesterday's snapshot", By(loss_is_that_of_the_point_that_was_restored)),
    ("RST-06", "Negative loss beyond the skew tolerance", By(data_newer_than_the_loss_are_an_invalid_record)),
    ("RST-06", "For real incidents with corruption", By(loss_by_corruption_counts_to_its_onset)),
    ("RST-07", "A test aborted for reasons outside", By(an_aborted_test_needs_a_repeat_and_no_incident)),
    ("RST-07", "An exception may extend the due time", By(an_exception_extends_the_time_for_a_repeat)),
    ("RST-08", "The owner may delegate in writing", By(a_delegate_confirms_by_a_writing_and_not_their_own_work)),
    ("RST-09", "Purpose 1.1 names failures", By(one_test_may_cover_several_scenarios)),
    ("RST-09", "A recovery from another region's copy", By(data_prove_a_scenario_that_the_record_does_not_name)),
    ("RST-10", "Restoring a base without replaying logs", By(rst_10_point_in_time_is_exercised_where_it_is_relied_on)),
    ("RST-10", "One such test may also satisfy RST-01", By(rst_10_point_in_time_is_exercised_where_it_is_relied_on)),
];

#[test]
fn a_real_recovery_counts_where_it_is_documented_like_a_test() {
    let quarter = |change: fn(&mut RestoreTest)| {
        let mut f = Fixture::new("2026-Q2");
        f.system("db", plain()).tests_given();
        f.test("T1", "db", "2026-05-01T09:00:00Z", "2026-05-01T12:00:00Z", Success, |t| {
            whole(t);
            t.kind = Some(TestKind::RealIncident);
            change(t);
        });
        f.judge().of("RST-01", "db@2026-Q2").clone()
    };
    assert_eq!(quarter(|_| {}).state, Pass);
    for lacking in [
        |t: &mut RestoreTest| t.reviewer = None,
        |t: &mut RestoreTest| t.report_ref = None,
        |t: &mut RestoreTest| t.recovery_point_id = None,
    ] {
        let r = quarter(lacking);
        assert_eq!(r.state, Fail);
        assert!(r.detail.contains("real_incident, success; it lacks"), "{}", r.detail);
    }
}

#[test]
fn two_tests_do_not_make_up_for_a_quarter_without_one() {
    let mut f = year();
    for (id, day) in [("T1", "01"), ("T2", "20")] {
        let at = format!("2026-03-{day}T09:00:00Z");
        f.test(id, "db", &at, &at, Success, plain());
    }
    let v = f.judge();
    v.is("RST-01", "db@2026-Q1", Pass);
    v.is("RST-01", "db@2026-Q2", Fail);
}

const CHANGES: &str = "change_id,system_ids,significant,kind,completed_at,rolled_back_at\n";

/// The second quarter, in which a test of `db` ended on this day with data of that day.
fn changed(changes: &str, ended: &str, taken: &str) -> Fixture {
    let mut f = Fixture::new("2026-Q2");
    f.as_of("2026-08-01T00:00:00Z").system("db", plain()).tests_given();
    f.register("changes", &format!("{CHANGES}{changes}"));
    f.point("db", taken, |p| p.recovery_point_id = "rp".to_owned());
    if !ended.is_empty() {
        f.test("T1", "db", ended, ended, Success, |t| t.recovery_point_id = Some("rp".to_owned()));
    }
    f
}

#[test]
fn one_test_serves_several_changes_and_its_quarter() {
    let two = "C1,db,true,upgrade,2026-05-02T00:00:00Z,\nC2,db,true,move,2026-05-10T00:00:00Z,\n";
    let states = |ended: &str, taken: &str| {
        let v = changed(two, ended, taken).judge();
        ["C1", "C2"].map(|c| v.of("RST-02", c).state)
    };
    let v = changed(two, "2026-05-20T00:00:00Z", "2026-05-11T00:00:00Z").judge();
    v.is("RST-02", "C1", Pass);
    v.is("RST-02", "C2", Pass);
    v.is("RST-01", "db@2026-Q2", Pass);
    assert_eq!(states("2026-05-20T00:00:00Z", "2026-05-05T00:00:00Z"), [Pass, Fail], "before the last change");
    assert_eq!(states("2026-06-05T00:00:00Z", "2026-05-11T00:00:00Z"), [Fail, Pass], "after the earliest due time");
}

#[test]
fn a_change_that_was_taken_back_in_time_needs_no_test() {
    let state = |back: &str| {
        let line = format!("C1,db,true,upgrade,2026-05-02T00:00:00Z,{back}\n");
        changed(&line, "", "2026-05-01T00:00:00Z").judge().of("RST-02", "C1").clone()
    };
    has_reason(&state("2026-05-20T00:00:00Z"), "rolled_back");
    assert_eq!(state("2026-05-20T00:00:00Z").state, NotApplicable);
    assert_eq!(state("2026-06-20T00:00:00Z").state, Fail, "the test was due before");
    assert_eq!(state("").state, Fail);
}

#[test]
fn significance_is_recorded_and_the_due_time_is_a_default() {
    let judge = |significant: bool, within: Option<&str>| {
        let line = format!("C1,db,{significant},upgrade,2026-05-02T00:00:00Z,\n");
        let mut f = changed(&line, "2026-05-20T00:00:00Z", "2026-05-03T00:00:00Z");
        if let Some(span) = within {
            f.parameter("post_change_test_due", Setting::Span(span.parse().expect("a span")));
        }
        f.judge().of("RST-02", "C1").clone()
    };
    assert_eq!(judge(true, None).state, Pass);
    assert_eq!(judge(true, Some("P10D")).state, Fail);
    has_reason(&judge(false, Some("P10D")), "not_significant");
    assert_eq!(judge(true, None).parameters[0].origin, "default");
}

#[test]
fn an_incident_report_is_a_report_if_it_has_the_fields() {
    let state = |kind: TestKind, document: &str, change: fn(&mut RestoreTest)| {
        let mut f = one_test(|t| {
            (t.kind, t.report_ref, t.reported_at) = (Some(kind), Some("INC-9".to_owned()), None);
            change(t);
        });
        f.register(
            "documents",
            &format!("document_id,kind,version,approved_at\nINC-9,{document},1,2026-05-05T00:00:00Z\n"),
        );
        f.judge().of("RST-03", "T1").state
    };
    assert_eq!(state(TestKind::RealIncident, "other", |_| {}), Pass);
    assert_eq!(state(TestKind::RealIncident, "other", |t| t.reviewer = None), Fail);
    assert_eq!(state(TestKind::Full, "test_report", |_| {}), Pass);
    assert_eq!(state(TestKind::Full, "other", |_| {}), NoEvidence, "a test has a report of its own");
}

#[test]
fn counts_alone_prove_no_content() {
    for checked in [None, Some(Integrity::NotChecked)] {
        let f = one_test(|t| {
            t.integrity_result = checked;
            (t.records_expected, t.records_restored) = (Some(10), Some(10));
        });
        has_reason(f.judge().is("RST-04", "T1", NoEvidence), "counts_only");
    }
}

/// A restore of a system of this tier that was ready so many seconds after the order.
fn ready_after(tier: &str, seconds: i64) -> model::assessment::CheckResult {
    let mut f = one_test(|t| t.service_ready_at = t.started_at.map(|s| s + chrono::Duration::seconds(seconds)));
    f.systems[0].tier = Some(tier.to_owned());
    f.judge().of("RST-05", "T1").clone()
}

#[test]
fn the_default_tiers_are_held_to_the_second() {
    for (tier, hours) in
        [("critical_online_services", 2), ("billing_systems", 48), ("support_functions", 24), ("network_services", 48)]
    {
        assert_eq!(ready_after(tier, hours * 3600).state, Pass, "{tier}");
        assert_eq!(ready_after(tier, hours * 3600 + 1).state, Fail, "{tier}");
    }
    has_reason(&ready_after("network_services", 24 * 3600), "lower_end_met");
    has_reason(&ready_after("network_services", 24 * 3600 + 1), "within_range");
}

#[test]
fn a_day_is_24_hours_on_weekends_and_when_clocks_change() {
    let state = |ordered: &str, ready: &str| {
        let mut f = Fixture::in_zone("2026-10", model::time::zone("Europe/Berlin").expect("a zone"));
        f.system("db", |s| s.tier = Some("support_functions".to_owned())).tests_given();
        f.test("T1", "db", ordered, ready, Success, |t| t.service_ready_at = t.ended_at);
        f.judge().of("RST-05", "T1").state
    };
    // Friday to Saturday, then to Sunday.
    assert_eq!(state("2026-10-16T10:00:00+02:00", "2026-10-17T10:00:00+02:00"), Pass);
    assert_eq!(state("2026-10-16T10:00:00+02:00", "2026-10-18T10:00:00+02:00"), Fail);
    // The same time of the next day, 25 hours later.
    assert_eq!(state("2026-10-24T10:00:00+02:00", "2026-10-25T10:00:00+01:00"), Fail);
    assert_eq!(state("2026-10-24T10:00:00+02:00", "2026-10-25T09:00:00+01:00"), Pass);
}

#[test]
fn time_counts_from_the_order_not_from_the_plan() {
    let state = |planned: &str, started: &str| {
        of_one("RST-05", |t| {
            (t.planned_for, t.started_at) = (Some(at(planned)), Some(at(started)));
            t.service_ready_at = Some(at("2026-05-01T11:45:00Z"));
        })
    };
    assert_eq!(state("2026-05-01T06:00:00Z", "2026-05-01T10:00:00Z"), Pass, "waiting for a planned start");
    // The order was given at 09:00, and somebody had to approve the first step.
    assert_eq!(state("2026-05-01T09:00:00Z", "2026-05-01T09:00:00Z"), Fail);
}

#[test]
fn each_service_of_one_test_has_its_own_ready_time() {
    let mut f = one_test(|t| t.service_ready_at = Some(at("2026-05-01T11:00:00Z")));
    f.system("web", plain());
    f.test("T1", "web", "2026-05-01T10:00:00Z", "2026-05-01T14:00:00Z", Success, |t| {
        t.service_ready_at = t.ended_at;
        t.origin.record_id = "T1 web".to_owned();
    });
    let v = f.judge();
    let states: Vec<_> = v.all("RST-05").iter().map(|r| (r.unit.as_str(), r.state)).collect();
    assert_eq!(states, [("T1", Pass), ("T1", Fail)]);
}

fn loss(change: impl FnOnce(&mut RestoreTest)) -> model::assessment::CheckResult {
    let mut f = one_test(|t| {
        t.failure_point_at = Some(at("2026-05-01T10:00:00Z"));
        change(t);
    });
    f.point("db", "2026-04-30T10:00:00Z", |p| p.recovery_point_id = "rp".to_owned());
    f.plan("logs", "db", "continuous", |p| p.component = Component::LogContinuous);
    f.judge().of("RST-06", "T1").clone()
}

#[test]
fn loss_is_that_of_the_point_that_was_restored() {
    let snapshot = loss(plain());
    has_reason(&snapshot, "rpo_exceeded");
    assert!(snapshot.detail.contains("86400 s"), "{}", snapshot.detail);
    assert_eq!(loss(|t| t.recovered_to_at = Some(at("2026-05-01T09:50:00Z"))).state, Pass, "its logs were replayed");
}

#[test]
fn data_newer_than_the_loss_are_an_invalid_record() {
    let within = loss(|t| t.recovered_to_at = Some(at("2026-05-01T10:05:00Z")));
    assert_eq!(within.state, Pass);
    assert!(within.detail.contains("(0 s of"), "{}", within.detail);
    let beyond = loss(|t| t.recovered_to_at = Some(at("2026-05-01T10:05:01Z")));
    assert_eq!(beyond.state, NoEvidence);
    has_reason(&beyond, "times_out_of_order");
}

#[test]
fn loss_by_corruption_counts_to_its_onset() {
    // Damaged on the first of May, found and repaired two days later.
    let found = loss(|t| {
        (t.kind, t.scenario) = (Some(TestKind::RealIncident), vec![Scenario::Corruption]);
        (t.started_at, t.ended_at) = (Some(at("2026-05-03T08:00:00Z")), Some(at("2026-05-03T09:00:00Z")));
        t.recovered_to_at = Some(at("2026-05-01T09:55:00Z"));
    });
    assert_eq!(found.state, Pass);
    assert!(found.detail.contains("300 s"), "{}", found.detail);
}

const ACTIONS: &str = "action_id,origin_kind,origin_ref,opened_at\n";
const INCIDENTS: &str = "incident_id,kind,backup_related,opened_at,restore_test_id\n";

#[test]
fn an_aborted_test_needs_a_repeat_and_no_incident() {
    let judge = |repeated: bool| {
        let mut f = one_test(|t| t.result = Aborted);
        f.register("incidents", INCIDENTS).register("actions", ACTIONS);
        if repeated {
            f.test("T2", "db", "2026-05-20T08:00:00Z", "2026-05-20T09:00:00Z", Success, plain());
        }
        f.judge().of("RST-07", "T1").clone()
    };
    assert_eq!(judge(true).state, Pass);
    assert_eq!((judge(false).state, &judge(false).reasons[..]), (Fail, &["not_repeated".to_owned()][..]));
}

#[test]
fn an_exception_extends_the_time_for_a_repeat() {
    let waived = |expires: &str| {
        let mut f = one_test(|t| t.result = Failed);
        f.register("incidents", INCIDENTS);
        f.register("actions", &format!("{ACTIONS}A1,test,T1,2026-05-02T00:00:00Z\n"));
        f.test("T2", "db", "2026-06-10T08:00:00Z", "2026-06-10T09:00:00Z", Success, plain());
        f.exception("E1", "db", "RST-07", "2026-05-15T00:00:00Z", expires);
        let v = f.judge();
        v.is("RST-07", "T1", Fail).waived
    };
    assert!(waived("2026-07-01T00:00:00Z"));
    assert!(!waived("2026-06-05T00:00:00Z"), "it ended before the repeat");
}

#[test]
fn a_delegate_confirms_by_a_writing_and_not_their_own_work() {
    let confirmed = |assignment: &str, performer: &str| {
        let mut f = Fixture::new("2026-05");
        f.system("db", plain()).role("system_owner", "olga").tests_given();
        f.register(
            "role_assignments",
            &format!("role,person,valid_from,valid_to,appointment_ref,delegated_by\n{assignment}\n"),
        );
        f.test("T1", "db", "2026-01-10T00:00:00Z", "2026-01-10T01:00:00Z", Success, |t| {
            (t.owner_confirmed_by, t.performer) = (Some("dora".to_owned()), Some(performer.to_owned()));
        });
        f.judge().of("RST-08", "db").clone()
    };
    let writing = "system_owner,dora,2025-06-01,,MEMO-7,olga";
    assert_eq!(confirmed(writing, "petra").state, Pass);
    has_reason(&confirmed(writing, "dora"), "delegate_performed");
    for nothing in [
        writing.replace("MEMO-7", ""),
        writing.replace(",olga", ","),
        writing.replace(",olga", ",otto"),
        writing.replace("2025-06-01,", "2025-06-01,2025-12-31"),
        writing.replace("2025-06-01", "2026-02-01"),
    ] {
        has_reason(&confirmed(&nothing, "petra"), "not_the_owner");
    }
}

/// How a test differs from a healthy one.
type Made = fn(&mut RestoreTest);

/// `db` in the region eu with these tests in the last year.
fn tested(tests: &[(&str, Made)]) -> Verdicts {
    let mut f = Fixture::new("2026-05");
    f.system("db", |s| s.region = Some("eu".to_owned())).tests_given();
    f.register("storage_locations", "location_id,platform_id,region\nnear,runs,eu\nfar,runs,us\n");
    f.register("changes", "change_id,system_ids,significant,completed_at\nC1,db,true,2026-01-09T12:00:00Z\n");
    for place in ["near", "far"] {
        f.point("db", "2026-01-09T02:00:00Z", |p| {
            (p.recovery_point_id, p.location_id) = (place.to_owned(), Some(place.to_owned()));
        });
    }
    for (id, change) in tests {
        f.test(id, "db", "2026-01-10T00:00:00Z", "2026-01-10T01:00:00Z", Success, |t| {
            t.scenario = vec![Scenario::Failure];
            change(t);
        });
    }
    f.judge()
}

#[test]
fn one_test_may_cover_several_scenarios() {
    let all = |t: &mut RestoreTest| t.scenario = vec![Scenario::Failure, Scenario::Corruption, Scenario::Disaster];
    tested(&[("T1", all)]).is("RST-09", "organization", Pass);
    let two = |t: &mut RestoreTest| t.scenario = vec![Scenario::Failure, Scenario::Disaster];
    let v = tested(&[("T1", two)]);
    assert!(v.is("RST-09", "organization", Fail).detail.ends_with("covers: scenario corruption."));
}

#[test]
fn data_prove_a_scenario_that_the_record_does_not_name() {
    let far = |t: &mut RestoreTest| t.recovery_point_id = Some("far".to_owned());
    let near = |t: &mut RestoreTest| t.recovery_point_id = Some("near".to_owned());
    let before = |t: &mut RestoreTest| {
        (t.kind, t.change_id) = (Some(TestKind::PointInTime), Some("C1".to_owned()));
        t.recovered_to_at = Some(at("2026-01-09T11:00:00Z"));
    };
    let after = |t: &mut RestoreTest| {
        (t.kind, t.change_id) = (Some(TestKind::PointInTime), Some("C1".to_owned()));
        t.recovered_to_at = Some(at("2026-01-09T13:00:00Z"));
    };
    tested(&[("T1", far), ("T2", before)]).is("RST-09", "organization", Pass);
    for (tests, lacks) in
        [([("T1", near as Made), ("T2", before)], "disaster"), ([("T1", far), ("T2", after)], "corruption")]
    {
        let v = tested(&tests);
        let r = v.is("RST-09", "organization", Fail);
        assert!(r.detail.ends_with(&format!("covers: scenario {lacks}.")), "{}", r.detail);
    }
}
