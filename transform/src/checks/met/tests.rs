//! MET-01 to MET-04: the edge cases of `controls/checks.toml`.

use model::assessment::{CheckResult, State};
use model::policy::Setting;
use model::rows::{RunStatus, TestResult};

use super::{Figure, is_of};
use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;
use crate::testing::{Fixture, at, has_reason, plain};

pub(crate) const EDGES: &[Edge] = &[
    ("MET-01", "No target is in the policy", By(a_target_binds_where_one_is_set)),
    ("MET-01", "A recomputed value may differ", By(a_late_final_state_explains_a_difference_if_the_report_says_so)),
    ("MET-02", "A quarter with no test", By(a_quarter_without_tests_has_no_rate)),
    ("MET-03", "Zero is a value only", By(incidents_are_counted_by_security_and_zero_needs_a_register)),
    ("MET-04", "Deviations without an exception", By(deviations_are_no_exceptions)),
];

const HEAD: &str = "metric_id,period_start,period_end,value,numerator,denominator,unknown,issued_at,issued_by,issuer_role,difference_note,evidence_ref\n";

/// October with a nightly backup of `db`: 30 of 31 succeeded.
fn october() -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.as_of("2026-11-20T00:00:00Z").system("db", plain()).plan("nightly", "db", "0 2 * * *", plain());
    f.covers("db", "2026-07-01T00:00:00Z", "2026-11-06T00:00:00Z");
    for day in 1..=31 {
        let status = if day == 5 { RunStatus::Failed } else { RunStatus::Success };
        f.run("db", &format!("2026-10-{day:02}T02:00:00Z"), status, plain());
    }
    f
}

fn issued(mut f: Fixture, line: &str) -> CheckResult {
    f.register("metric_reports", &format!("{HEAD}{line}\n"));
    f.judge().of("MET-01", "organization@2026-10").clone()
}

const GOOD: &str = "backup_success_rate,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,0.9677,30,31,0,2026-11-10T09:00:00Z,ida,engineering_operations,,wiki";

#[track_caller]
fn fails(result: &CheckResult, reason: &str) {
    assert_eq!(result.state, State::Fail, "{}", result.detail);
    has_reason(result, reason);
}

#[test]
fn the_rate_of_each_month_is_issued_in_time_and_right() {
    let r = issued(october(), GOOD);
    assert_eq!(r.state, State::Pass, "{}", r.detail);
    fails(&issued(october(), &GOOD.replace("11-10", "11-17")), "issued_late");
    fails(&issued(october(), &GOOD.replace("engineering_operations", "security_compliance")), "wrong_role");
    fails(&issued(october(), &GOOD.replace(",30,31", ",31,31")), "unequal");
    fails(&issued(october(), &GOOD.replace("0.9677", "0.98")), "unequal");
    fails(&issued(october(), &GOOD.replace("0.9677,30,31,0", ",,,")), "unequal");
    fails(&issued(october(), ""), "report_missing");
    fails(
        &issued(october(), &GOOD.replace("2026-10-01", "2026-09-01").replace("2026-11-01", "2026-10-01")),
        "report_missing",
    );
    has_reason(october().judge().is("MET-01", "organization@2026-10", State::NoEvidence), "register_not_given");
}

#[test]
fn a_value_may_be_cut_or_rounded_and_in_percent() {
    for value in ["0.967741", "0.96", "0.97", "96.77", "96.8 %", "96%"] {
        let r = issued(october(), &GOOD.replace("0.9677,30,31,0", &format!("{value},,,")));
        assert_eq!(r.state, State::Pass, "{value}: {}", r.detail);
    }
    for value in ["1", "100 %", "0.95", "good"] {
        fails(&issued(october(), &GOOD.replace("0.9677,30,31,0", &format!("{value},,,"))), "unequal");
    }
    assert!(Figure::read("inf").is_none());
}

#[test]
fn a_month_that_runs_or_whose_report_may_still_come_is_not_judged() {
    let mut f = october();
    f.register("metric_reports", HEAD);
    f.as_of = at("2026-11-10T00:00:00Z");
    has_reason(f.judge().is("MET-01", "organization@2026-10", State::NotApplicable), "not_yet_due");
    f.as_of = at("2026-10-20T00:00:00Z");
    has_reason(f.judge().is("MET-01", "organization@2026-10", State::NotApplicable), "not_over");
    for check in ["MET-02", "MET-03", "MET-04"] {
        has_reason(f.judge().is(check, "organization@2026-Q4", State::NotApplicable), "not_over");
    }
    // Nothing was in scope before.
    let mut f = october();
    f.period = model::time::Period::parse("2026-Q4", f.period.zone()).expect("a quarter");
    f.as_of = at("2027-02-01T00:00:00Z");
    f.systems[0].onboarded_at = at("2026-11-01T00:00:00Z");
    has_reason(f.judge().is("MET-01", "organization@2026-10", State::NotApplicable), "not_yet_due");
    assert_eq!(f.judge().all("MET-01").len(), 3);
}

#[test]
fn too_many_unknown_slots_give_bounds_but_a_late_report_is_late() {
    let mut f = october();
    f.collections.clear();
    f.rows.remove(10);
    let r = issued(f.clone(), GOOD);
    assert_eq!(r.state, State::NoEvidence, "{}", r.detail);
    assert!(r.detail.contains("between 0.93") && r.detail.contains("31 slots"), "{}", r.detail);
    fails(&issued(f, &GOOD.replace("11-10", "11-17")), "issued_late");
}

#[test]
fn a_target_binds_where_one_is_set() {
    let mut f = october();
    assert_eq!(issued(f.clone(), GOOD).state, State::Pass, "the policy sets none");
    f.parameter("target_backup_success", Setting::Ratio(0.99));
    fails(&issued(f.clone(), GOOD), "below_target");
    f.parameter("target_backup_success", Setting::Ratio(0.96));
    assert_eq!(issued(f, GOOD).state, State::Pass);
}

#[test]
fn a_late_final_state_explains_a_difference_if_the_report_says_so() {
    let mut f = october();
    f.rows.pop();
    // The last run ends after the report was issued.
    f.run("db", "2026-10-31T02:00:00Z", RunStatus::Failed, |r| r.ended_at = Some(at("2026-11-11T00:00:00Z")));
    fails(&issued(f.clone(), GOOD), "unequal");
    let r = issued(f, &GOOD.replace(",,wiki", ",one run was still open,wiki"));
    assert_eq!(r.state, State::Pass, "{}", r.detail);
    has_reason(&r, "difference_explained");
    // A note alone explains nothing.
    fails(&issued(october(), &GOOD.replace(",30,31", ",31,31").replace(",,wiki", ",counted anew,wiki")), "unequal");
}

#[test]
fn the_newest_report_counts_and_the_first_is_timely() {
    let again = GOOD.replace(",30,31", ",29,31").replace("0.9677", "").replace("11-10", "11-09");
    let r = issued(october(), &format!("{again}\n{}", GOOD.replace("11-10", "11-18")));
    assert_eq!(r.state, State::Pass, "{}", r.detail);
}

/// Judges the third quarter.
fn quarter(check: &str, line: &str, change: impl FnOnce(&mut Fixture)) -> CheckResult {
    let mut f = Fixture::new("2026-Q3");
    f.as_of("2026-10-20T00:00:00Z").system("db", plain()).plan("nightly", "db", "0 2 * * *", |p| p.enabled = false);
    f.register("metric_reports", &format!("{HEAD}{line}\n"));
    change(&mut f);
    f.judge().of(check, "organization@2026-Q3").clone()
}

fn line(metric: &str, figures: &str, role: &str) -> String {
    format!("{metric},2026-07-01T00:00:00Z,2026-09-30T00:00:00Z,{figures},2026-10-10T09:00:00Z,ida,{role},,wiki")
}

#[test]
fn a_quarter_without_tests_has_no_rate() {
    let rate = |figures: &str| line("restore_test_success_rate", figures, "engineering_operations");
    let none = |f: &mut Fixture| {
        f.tests_given();
    };
    assert_eq!(quarter("MET-02", &rate("undefined,0,0,0"), none).state, State::Pass);
    assert_eq!(quarter("MET-02", &rate(",,,"), none).state, State::Pass);
    fails(&quarter("MET-02", &rate("1.0,0,0,0"), none), "unequal");
    let two = |f: &mut Fixture| {
        f.tests_given();
        f.test("T1", "db", "2026-08-01T09:00:00Z", "2026-08-01T10:00:00Z", TestResult::Success, plain());
        f.test("T2", "db", "2026-09-01T09:00:00Z", "2026-09-01T10:00:00Z", TestResult::Failed, plain());
    };
    assert_eq!(quarter("MET-02", &rate("50 %,1,2,0"), two).state, State::Pass);
    fails(&quarter("MET-02", &rate("undefined,0,0,0"), two), "unequal");
    let r = quarter("MET-02", &rate("50 %,1,2,0"), |_| ());
    assert_eq!(r.state, State::NoEvidence, "{}", r.detail);
    has_reason(&r, "not_computable");
    let below = |f: &mut Fixture| {
        two(f);
        f.parameter("target_restore_success", Setting::Ratio(0.9));
    };
    fails(&quarter("MET-02", &rate("50 %,1,2,0"), below), "below_target");
}

#[test]
fn incidents_are_counted_by_security_and_zero_needs_a_register() {
    let count = |n: &str| line("backup_related_incidents", &format!("{n},,,"), "security_compliance");
    let given = |lines: &'static str| {
        move |f: &mut Fixture| {
            f.register("incidents", &format!("incident_id,kind,backup_related,opened_at\n{lines}"));
        }
    };
    let r = quarter("MET-03", &count("0"), given(""));
    assert_eq!(r.state, State::Pass, "{}", r.detail);
    let one = "I1,incident,true,2026-08-01T00:00:00Z\n";
    assert_eq!(quarter("MET-03", &count("1"), given(one)).state, State::Pass);
    fails(&quarter("MET-03", &count("0"), given(one)), "unequal");
    let r = quarter("MET-03", &count("0"), |_| ());
    assert_eq!(r.state, State::NoEvidence, "{}", r.detail);
    let role = |f: &mut Fixture| given("")(f);
    fails(&quarter("MET-03", &count("0").replace("security_compliance", "policy_owner"), role), "wrong_role");
    // Failures that nobody recorded are told beside the count.
    let r = quarter("MET-03", &count("0"), |f| {
        given("")(f);
        f.plans[0].enabled = true;
        f.covers("db", "2026-07-01T00:00:00Z", "2026-10-15T00:00:00Z");
    });
    assert!(r.detail.contains("92 failed, missed or overrun"), "{}", r.detail);
}

#[test]
fn exceptions_are_counted_by_the_policy_owner() {
    let count = |n: &str| line("backup_policy_exceptions", &format!("{n},,,"), "policy_owner");
    let one = |f: &mut Fixture| {
        f.exception("E1", "db", "FRQ-01", "2026-08-01T00:00:00Z", "2026-12-01T00:00:00Z");
    };
    assert_eq!(quarter("MET-04", &count("1"), one).state, State::Pass);
    fails(&quarter("MET-04", &count("0"), one), "unequal");
    assert_eq!(quarter("MET-04", &count("0"), |_| ()).state, State::NoEvidence);
}

#[test]
fn deviations_are_no_exceptions() {
    let mut f = Fixture::new("2026-Q3");
    f.as_of("2026-10-20T00:00:00Z").system("db", plain());
    f.plan("nightly", "db", "0 2 * * *", |p| p.retention_s = Some(86_400));
    f.register("metric_reports", &format!("{HEAD}{}\n", line("backup_policy_exceptions", "0,,,", "policy_owner")));
    f.register("exceptions", "exception_id,status\n").register("actions", "action_id,opened_at\n");
    f.register("incidents", "incident_id,kind,backup_related,opened_at\n");
    let v = f.judge();
    v.is("RET-01", "nightly", State::Fail);
    v.is("MET-04", "organization@2026-Q3", State::Pass);
    v.is("EXC-05", "RET-01/nightly", State::Fail);
}

#[test]
fn a_report_of_another_span_is_none_of_this_one() {
    let mut f = october();
    f.register("metric_reports", &format!("{HEAD}{GOOD}\n"));
    f.with_world(|w| {
        let report = &w.registers.metric_reports.as_ref().expect("given")[0];
        assert!(is_of(report, &w.period));
        assert!(!is_of(report, &w.period.previous()));
    });
}
