//! REV-01 to REV-06: each state, and the edge cases of `controls/checks.toml`.

use model::assessment::{CheckResult, State};
use model::rows::TestResult;

use crate::testing::{Fixture, has_reason, plain};

mod edges;

pub(crate) use edges::EDGES;

const REVIEWS: &str =
    "review_id,kind,period_start,period_end,performed_at,performer,performer_role,scope,inputs,findings\n";

fn fixture() -> Fixture {
    let mut f = Fixture::new("2026-03");
    f.as_of("2026-05-25T00:00:00Z").system("db", plain());
    f
}

fn reviews(f: &mut Fixture, rows: &str) {
    f.register("reviews", &format!("{REVIEWS}{rows}"));
}

fn judged(check: &str, rows: &str) -> CheckResult {
    let mut f = fixture();
    f.role("engineering_operations", "emma");
    reviews(&mut f, rows);
    f.judge().of(check, "organization").clone()
}

fn is(result: &CheckResult, state: State, reason: &str) {
    assert_eq!(result.state, state, "{} {:?}", result.detail, result.reasons);
    if !reason.is_empty() {
        has_reason(result, reason);
    }
}

#[test]
fn without_the_register_nothing_is_known() {
    let mut f = fixture();
    f.register("incidents", "incident_id,kind,backup_related,opened_at\n").tests_given();
    let v = f.judge();
    for check in ["REV-01", "REV-02", "REV-03", "REV-04", "REV-05", "REV-06"] {
        has_reason(v.is(check, "organization", State::NoEvidence), "register_not_given");
    }
}

fn status(part: &str, performed: &str, role: &str) -> String {
    format!("R-{performed},job_status,{part},{performed},sam,{role},*,,\n")
}

#[test]
fn reviews_of_job_status_leave_no_hole() {
    let march = "2026-03-01,2026-04-01";
    is(&judged("REV-01", &status(march, "2026-04-10", "security_compliance")), State::Pass, "");
    is(&judged("REV-01", &status(march, "2026-05-01T20:00:00Z", "security_compliance")), State::Pass, "");
    is(&judged("REV-01", &status(march, "2026-05-02T01:00:00Z", "security_compliance")), State::Fail, "review_late");
    is(&judged("REV-01", &status(march, "2026-04-10", "engineering_operations")), State::Fail, "wrong_role");
    is(&judged("REV-01", &status(",", "2026-04-10", "security_compliance")), State::Fail, "part_not_stated");
    let halves = |second: &str| {
        let first = status("2026-03-01,2026-03-15", "2026-03-20", "security_compliance");
        judged("REV-01", &format!("{first}{}", status(second, "2026-04-05", "security_compliance")))
    };
    is(&halves("2026-03-15,2026-04-01"), State::Pass, "");
    let hole = halves("2026-03-17,2026-04-01");
    is(&hole, State::Fail, "hole");
    assert!(hole.detail.contains("2026-03-15T00:00:00Z to 2026-03-17T00:00:00Z"), "{}", hole.detail);
    // A review cannot cover what comes after it.
    is(&judged("REV-01", &status(march, "2026-03-20", "security_compliance")), State::Fail, "hole");
}

#[test]
fn a_review_of_half_a_year_is_late_for_its_beginning() {
    let mut f = Fixture::new("2026-01-01..2026-06-30");
    f.as_of("2026-12-01T00:00:00Z").system("db", plain());
    reviews(&mut f, &status("2026-01-01,2026-07-01", "2026-07-10", "security_compliance"));
    let v = f.judge();
    let r = v.is("REV-01", "organization", State::Fail);
    assert!(r.detail.contains("2026-01-01T00:00:00Z to 2026-05-10T00:00:00Z"), "{}", r.detail);
}

#[test]
fn what_is_not_yet_due_is_no_hole() {
    let mut f = Fixture::new("2026-03");
    f.system("db", plain());
    reviews(&mut f, "");
    has_reason(f.judge().is("REV-01", "organization", State::NotApplicable), "not_yet_due");
    reviews(&mut f, &status("2026-03-01,2026-03-15", "2026-03-20", "security_compliance"));
    let v = f.judge();
    assert!(v.is("REV-01", "organization", State::Pass).detail.contains("due by"));
}

#[test]
fn another_policy_gives_the_review_to_others() {
    let mut f = fixture();
    for statement in &mut f.policy.statements {
        statement.owner_roles = vec!["internal_auditor".to_owned()];
    }
    reviews(&mut f, &status("2026-03-01,2026-04-01", "2026-04-10", "internal_auditor"));
    f.judge().is("REV-01", "organization", State::Pass);
}

#[test]
fn reports_of_restore_tests_are_reviewed_by_somebody_else() {
    let tested = |rows: &str, as_of: &str| {
        let mut f = fixture();
        f.as_of(as_of).tests_given();
        f.test("T1", "db", "2026-03-10T08:00:00Z", "2026-03-10T12:00:00Z", TestResult::Success, |t| {
            t.performer = Some("emma".to_owned());
            t.report_ref = Some("REP-1".to_owned());
        });
        reviews(&mut f, rows);
        f.judge().of("REV-02", "organization").clone()
    };
    let review =
        |at: &str, who: &str, input: &str| format!("R1,restore_reports,,,{at},{who},security_compliance,*,{input},\n");
    let late = "2026-07-01T00:00:00Z";
    is(&tested(&review("2026-06-10", "sam", "T1 sha256:ab"), late), State::Pass, "");
    is(&tested(&review("2026-06-10", "sam", "REP-1"), late), State::Pass, "");
    is(&tested(&review("2026-06-11", "sam", "T1"), late), State::Fail, "review_late");
    is(&tested(&review("2026-04-10", "emma", "T1"), late), State::Fail, "own_review");
    is(&tested(&review("2026-04-10", "sam", "T12"), late), State::Fail, "not_reviewed");
    is(&tested("", "2026-05-15T00:00:00Z"), State::NotApplicable, "not_yet_due");
    let mut f = fixture();
    reviews(&mut f, "");
    f.judge().is("REV-02", "organization", State::NoEvidence);
    f.tests_given();
    has_reason(f.judge().is("REV-02", "organization", State::NotApplicable), "empty_population");
}

fn audit(at: &str, who: &str, role: &str, scope: &str, inputs: &str) -> String {
    format!("A1,internal_audit,,,{at},{who},{role},{scope},{inputs},\n")
}

const AUDITED: &str =
    "Backup & Restore Policy 4.0;data classification policy;data retention policy;configuration export";

#[test]
fn internal_audit_is_independent_and_complete() {
    is(&judged("REV-03", &audit("2025-06-01", "ida", "internal_auditor", "*", AUDITED)), State::Pass, "");
    is(&judged("REV-03", &audit("2025-06-01", "firm", "external_auditor", "backup", AUDITED)), State::Pass, "");
    is(&judged("REV-03", &audit("2025-05-01", "ida", "internal_auditor", "*", AUDITED)), State::Fail, "overdue");
    is(&judged("REV-03", ""), State::Fail, "review_missing");
    is(
        &judged("REV-03", &audit("2025-06-01", "emma", "internal_auditor", "*", AUDITED)),
        State::Fail,
        "not_independent",
    );
    is(
        &judged("REV-03", &audit("2025-06-01", "x", "engineering_operations", "*", AUDITED)),
        State::Fail,
        "not_independent",
    );
    is(
        &judged("REV-03", &audit("2025-06-01", "", "internal_auditor", "*", AUDITED)),
        State::NoEvidence,
        "independence_not_shown",
    );
    let without = AUDITED.replace("Backup & Restore Policy 4.0;", "");
    let r = judged("REV-03", &audit("2025-06-01", "ida", "internal_auditor", "*", &without));
    is(&r, State::Fail, "inputs_missing");
    assert!(r.detail.contains("Backup & Restore Policy") && !r.detail.contains("retention"), "{}", r.detail);
    is(
        &judged("REV-03", &audit("2025-06-01", "ida", "internal_auditor", "a sample", AUDITED)),
        State::Fail,
        "sample_not_described",
    );
    is(
        &judged("REV-03", &audit("2025-06-01", "ida", "internal_auditor", "random sample of 5", AUDITED)),
        State::Pass,
        "",
    );
    let mut f = fixture();
    reviews(&mut f, &audit("2025-06-01", "ida", "internal_auditor", "*", AUDITED));
    has_reason(f.judge().is("REV-03", "organization", State::NoEvidence), "independence_not_shown");
}

#[test]
fn a_young_programme_owes_no_yearly_review_yet() {
    let mut f = Fixture::new("2026-03");
    f.system("db", |s| s.onboarded_at = crate::testing::at("2025-09-01T00:00:00Z"));
    reviews(&mut f, "");
    let v = f.judge();
    for check in ["REV-03", "REV-04", "REV-05"] {
        has_reason(v.is(check, "organization", State::NotApplicable), "not_yet_due");
    }
}

#[test]
fn the_design_is_verified_in_full() {
    let verified = |kind: &str, at: &str, role: &str, findings: &str| {
        judged("REV-04", &format!("V1,{kind},,,{at},sam,{role},*,,{findings}\n"))
    };
    let all = "frequency: meets;retention: meets;storage: meets;framework requirements: met";
    is(&verified("design_verification", "2025-06-01", "security_compliance", all), State::Pass, "");
    is(&verified("design_verification", "2025-05-01", "security_compliance", all), State::Fail, "overdue");
    is(&verified("design_verification", "2025-06-01", "engineering_operations", all), State::Fail, "wrong_role");
    let r = verified("design_verification", "2025-06-01", "security_compliance", "frequency: meets;storage: meets");
    is(&r, State::Fail, "incomplete");
    assert!(r.detail.contains("retention, framework"), "{}", r.detail);
    is(&verified("coverage_retention", "2025-06-01", "security_compliance", all), State::Fail, "review_missing");
    let with_design = format!("design: sound;{all}");
    is(&verified("coverage_retention", "2025-06-01", "security_compliance", &with_design), State::Pass, "");
}

#[test]
fn management_reviews_the_metrics_and_decides() {
    let metrics =
        "backup success rate;restore_test_success_rate;number of backup-related incidents;exceptions to backup policy";
    let review = |inputs: &str, findings: &str| {
        judged("REV-05", &format!("M1,management,,,2025-06-01,ceo,executive_management,backup,{inputs},{findings}\n"))
    };
    let inputs = format!("{metrics};audit results;open exceptions;open actions");
    is(&review(&inputs, "decision: resources for a second site"), State::Pass, "");
    is(&review(&inputs, "decision: none"), State::Fail, "resources_missing");
    is(&review(&inputs, ""), State::Fail, "decisions_missing");
    let r = review(metrics, "decision: resources");
    is(&r, State::Fail, "inputs_missing");
    assert!(r.detail.contains("name audit, actions"), "{}", r.detail);
    let one_less = inputs.replace("restore_test_success_rate;", "");
    assert!(review(&one_less, "decision: resources").detail.contains("restore test success rate"));
    let row = format!("M1,management,,,2025-06-01,emma,engineering_operations,backup,{inputs},decision: resources\n");
    is(&judged("REV-05", &row), State::Fail, "wrong_role");
    let row = "M1,management,,,2025-06-01,ceo,executive_management,sales,attendance,decision: resources\n";
    is(&judged("REV-05", row), State::Fail, "not_on_agenda");
}

#[test]
fn incidents_are_named_in_a_review_after_they_are_closed() {
    let named = |closed: &str, rows: &str| {
        let mut f = fixture();
        f.register(
            "incidents",
            &format!(
                "incident_id,kind,backup_related,opened_at,closed_at,duplicate_of\n\
                 I1,incident,true,2026-03-02,{closed},\nI2,incident,true,2026-03-02,,I1\nI3,incident,false,2026-03-02,,\n"
            ),
        );
        reviews(&mut f, rows);
        f.judge().of("REV-06", "organization").clone()
    };
    let review = |kind: &str, at: &str, role: &str| format!("R1,{kind},,,{at},sam,{role},*,I1;I7,\n");
    is(&named("2026-03-10", &review("job_status", "2026-04-10", "security_compliance")), State::Pass, "");
    is(&named("2026-03-10", &review("incident_reports", "2026-03-05", "security_compliance")), State::Pass, "");
    is(&named("2026-03-10", &review("job_status", "2026-04-11", "security_compliance")), State::Fail, "review_late");
    is(&named("2026-03-10", &review("job_status", "2026-04-10", "engineering_operations")), State::Fail, "wrong_role");
    is(&named("2026-03-10", ""), State::Fail, "not_reviewed");
    is(&named("", ""), State::NotApplicable, "not_yet_due");
    let mut f = fixture();
    reviews(&mut f, "");
    f.judge().is("REV-06", "organization", State::NoEvidence);
    f.register("incidents", "incident_id,kind,backup_related,opened_at\n");
    has_reason(f.judge().is("REV-06", "organization", State::NotApplicable), "no_incident");
}
