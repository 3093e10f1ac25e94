//! PRC-01 to PRC-06: each state, and the edge cases of `controls/checks.toml`.

use model::assessment::{CheckResult, State};
use model::evidence::SourceStatus;
use model::inventory::{Criticality, Plan};
use model::policy::SectionApproval;
use model::rows::{ObservedPlan, Row, RunStatus, TestResult};

use crate::testing::{Fixture, at, has_reason, origin, plain};

mod edges;

pub(crate) use edges::EDGES;

const DOCUMENTS: &str =
    "document_id,kind,version,system_ids,approved_at,next_review_due,retain_until,location_ref,digest\n";

fn documents(f: &mut Fixture, rows: &str) {
    f.register("documents", &format!("{DOCUMENTS}{rows}"));
}

/// A critical database with a nightly plan that says all that must be documented.
fn planned(change: impl FnOnce(&mut Plan)) -> Fixture {
    let mut f = Fixture::new("2026-03");
    f.system("db", plain());
    f.plan("nightly", "db", "0 2 * * *", |p| {
        p.location_id = Some("vault".to_owned());
        change(p);
    });
    f
}

fn observed(f: &mut Fixture, change: impl FnOnce(&mut ObservedPlan)) {
    let mut plan = ObservedPlan {
        plan_id: "nightly".to_owned(),
        resource: Some("runs:db".to_owned()),
        component: None,
        schedule: Some("0 2 * * *".to_owned()),
        timezone: None,
        retention_s: Some(35 * 86_400),
        retention_count: None,
        enabled: Some(true),
        observed_at: at("2026-03-20T00:00:00Z"),
        origin: origin("runs", "log", "plan", at("2026-03-20T00:00:00Z")),
    };
    change(&mut plan);
    f.row(Row::Plan(plan));
}

fn configuration(f: &Fixture) -> CheckResult {
    f.judge().of("PRC-01", "db").clone()
}

#[test]
fn a_configuration_is_documented_and_approved() {
    let mut f = planned(plain());
    has_reason(f.judge().is("PRC-01", "db", State::NoEvidence), "register_not_given");
    documents(&mut f, "");
    has_reason(f.judge().is("PRC-01", "db", State::Fail), "document_missing");
    documents(&mut f, "C-1,backup_configuration,1,db,,,,,\n");
    has_reason(f.judge().is("PRC-01", "db", State::Fail), "not_approved");
    documents(&mut f, "C-1,backup_configuration,2,db,2025-06-01,,,,\n");
    f.judge().is("PRC-01", "db", State::Pass);
    f.systems[0].criticality = Criticality::Standard;
    has_reason(f.judge().is("PRC-01", "db", State::NotApplicable), "not_critical");
}

#[test]
fn a_change_is_documented_within_the_lag() {
    let changed = |effective: &str, approved: &str| {
        let mut f = planned(|p| p.effective_from = at(effective));
        documents(&mut f, &format!("C-1,backup_configuration,1,*,{approved},,,,\n"));
        configuration(&f)
    };
    assert_eq!(changed("2026-03-05T00:00:00Z", "2026-03-11").state, State::Pass, "within seven days");
    let late = changed("2026-03-05T00:00:00Z", "2026-03-20");
    has_reason(&late, "document_stale");
    assert!(late.detail.contains("2026-03-12T00:00:00Z to 2026-03-20T00:00:00Z"), "{}", late.detail);
    has_reason(&changed("2026-03-05T00:00:00Z", "2026-01-01"), "document_stale");
    let pending = changed("2026-03-28T00:00:00Z", "2026-01-01");
    assert_eq!(pending.state, State::Pass, "the seven days are not over: {}", pending.detail);
    assert!(pending.detail.contains("must be documented"), "{}", pending.detail);
    // Late, but before the period.
    assert_eq!(changed("2026-01-05T00:00:00Z", "2026-02-20").state, State::Pass);
}

#[test]
fn a_document_approved_before_the_change_counts_where_the_plan_names_it() {
    let mut f = planned(|p| {
        p.effective_from = at("2026-03-05T00:00:00Z");
        p.document_ref = Some("C-1 7".to_owned());
    });
    documents(&mut f, "C-1,backup_configuration,7,db,2026-03-01,,,,\n");
    assert_eq!(configuration(&f).state, State::Pass);
    f.plans[0].document_ref = Some("C-1".to_owned());
    has_reason(&configuration(&f), "document_stale");
}

#[test]
fn what_the_platform_shows_is_compared() {
    let live = |change: &dyn Fn(&mut ObservedPlan)| {
        let mut f = planned(plain());
        documents(&mut f, "C-1,backup_configuration,2,db,2025-06-01,,,,\n");
        observed(&mut f, change);
        configuration(&f)
    };
    assert_eq!(live(&|_| {}).state, State::Pass);
    has_reason(&live(&|p| p.retention_s = Some(7 * 86_400)), "differs_from_platform");
    has_reason(&live(&|p| p.schedule = Some("0 3 * * 0".to_owned())), "differs_from_platform");
    has_reason(&live(&|p| p.enabled = Some(false)), "differs_from_platform");
    assert_eq!(live(&|p| p.schedule = Some("nightly at two".to_owned())).state, State::Pass, "not comparable");
}

#[test]
fn a_plan_that_leaves_its_place_open_cannot_be_compared() {
    let mut f = planned(|p| p.location_id = None);
    documents(&mut f, "C-1,backup_configuration,2,db,2025-06-01,,,,\n");
    has_reason(f.judge().is("PRC-01", "db", State::NoEvidence), "plan_incomplete");
    f.plans.clear();
    has_reason(f.judge().is("PRC-01", "db", State::NoEvidence), "no_plan");
}

#[test]
fn records_and_dashboards_are_kept_for_every_month() {
    let mut f = Fixture::new("2026-Q1");
    f.system("db", plain());
    has_reason(f.judge().is("PRC-02", "organization", State::NoEvidence), "nothing_given");
    let year = "2033-01-01";
    let snapshots = |months: &[&str], until: &str| {
        months.iter().map(|m| format!("D-{m},dashboard,1,,2026-{m}-28,,{until},a,d\n")).collect::<String>()
    };
    f.collection("runs", "log", plain());
    for month in ["01", "02", "03"] {
        f.run("db", &format!("2026-{month}-10T02:00:00Z"), RunStatus::Success, plain());
    }
    has_reason(f.judge().is("PRC-02", "organization", State::NoEvidence), "register_not_given");
    let with = |rows: String| {
        let mut f = f.clone();
        documents(&mut f, &rows);
        f.judge().of("PRC-02", "organization").clone()
    };
    let all = ["01", "02", "03"];
    assert_eq!(with(snapshots(&all, year)).state, State::Pass);
    let hole = with(snapshots(&["01", "03"], year));
    has_reason(&hole, "dashboard_missing");
    assert!(hole.detail.contains("2026-02"), "{}", hole.detail);
    has_reason(&with(snapshots(&all, "2030-01-01")), "kept_too_short");
    let unstated = with(snapshots(&all, ""));
    assert_eq!(unstated.state, State::NoEvidence);
    has_reason(&unstated, "retention_not_stated");
    // A month without runs: missing, unless a whole source or a record shows it.
    f.rows.remove(1);
    has_reason(&with_rows(&f, &snapshots(&all, year)), "job_records_missing");
    let mut doubtful = f.clone();
    doubtful.collection("runs", "other", |run| run.status = model::evidence::SourceStatus::Incomplete);
    has_reason(&with_rows(&doubtful, &snapshots(&all, year)), "source_incomplete");
    let record = format!("{}S-02,status_record,1,,2026-02-28,,{year},a,d\n", snapshots(&all, year));
    assert_eq!(with_rows(&f, &record).state, State::Pass);
    f.covers("db", "2026-01-01T00:00:00Z", "2026-04-02T00:00:00Z");
    assert_eq!(with_rows(&f, &snapshots(&all, year)).state, State::Pass);
}

fn with_rows(f: &Fixture, rows: &str) -> CheckResult {
    let mut f = f.clone();
    documents(&mut f, rows);
    f.judge().of("PRC-02", "organization").clone()
}

#[test]
fn a_month_that_runs_has_no_snapshot_yet() {
    let mut f = Fixture::new("2026-03");
    f.as_of("2026-03-10T00:00:00Z").system("db", plain()).collection("runs", "log", plain());
    f.run("db", "2026-03-05T02:00:00Z", RunStatus::Success, plain());
    documents(&mut f, "");
    has_reason(f.judge().is("PRC-02", "organization", State::NoEvidence), "month_running");
}

const INCIDENTS: &str = "incident_id,kind,backup_related,system_ids,opened_at,closed_at,duplicate_of,significant,root_cause,lessons_ref,improvement_action_ids\n";

fn incident(cells: &str) -> Fixture {
    let mut f = Fixture::new("2026-03");
    f.as_of("2026-05-15T00:00:00Z").system("db", plain());
    f.register("incidents", &format!("{INCIDENTS}I1,incident,true,db,2026-03-02,2026-03-10,{cells}\n"));
    f.register(
        "actions",
        "action_id,origin_kind,origin_ref,opened_at\nA1,incident,I1,2026-03-11\nA2,check,x,2026-03-11\n",
    );
    f
}

#[test]
fn incidents_leave_lessons_and_improvements() {
    let mut f = Fixture::new("2026-03");
    f.judge().is("PRC-03", "organization", State::NoEvidence);
    f.register("incidents", INCIDENTS);
    has_reason(f.judge().is("PRC-03", "organization", State::NotApplicable), "no_incident");
    incident(",true,disk,L-1,").judge().is("PRC-03", "I1", State::Pass);
    has_reason(incident(",true,disk,,A1").judge().is("PRC-03", "I1", State::Fail), "lessons_missing");
    has_reason(incident(",true,,L-1,A1").judge().is("PRC-03", "I1", State::Fail), "lessons_missing");
    incident(",false,,,").judge().is("PRC-03", "organization", State::NotApplicable);
    incident("I0,true,,,").judge().is("PRC-03", "organization", State::NotApplicable);
    let mut early = incident(",true,,,");
    has_reason(early.as_of("2026-04-01T00:00:00Z").judge().is("PRC-03", "I1", State::NotApplicable), "not_yet_due");
    let mut late = incident(",true,disk,L-1,A1");
    documents(&mut late, "L-1,status_record,1,,2026-04-20,,,,\n");
    has_reason(late.judge().is("PRC-03", "I1", State::Fail), "lessons_late");
}

#[test]
fn an_improvement_exists_or_its_absence_is_explained() {
    let actions = |listed: &str, register: Option<&str>| {
        let mut f = Fixture::new("2026-03");
        f.as_of("2026-05-15T00:00:00Z");
        f.register(
            "incidents",
            &format!("{INCIDENTS}I1,incident,true,,2026-03-02,2026-03-10,,true,disk,L-1,{listed}\n"),
        );
        if let Some(rows) = register {
            f.register("actions", &format!("action_id,origin_kind,origin_ref,opened_at\n{rows}"));
        }
        f.judge().of("PRC-03", "I1").clone()
    };
    assert_eq!(actions("A1", Some("A1,check,x,2026-03-11\n")).state, State::Pass, "listed by the incident");
    has_reason(&actions("A9", Some("")), "action_missing");
    has_reason(&actions("", Some("")), "action_missing");
    has_reason(&actions("none", Some("")), "action_missing");
    assert_eq!(actions("none: the vendor replaced the disk", Some("")).state, State::Pass);
    assert_eq!(actions("none: the vendor replaced the disk", None).state, State::Pass);
    assert_eq!(actions("A1", None).state, State::NoEvidence);
}

const APPROVALS: &str = "approval_id,subject_kind,subject_ref,role,approver,approved_at\n";

#[test]
fn sections_are_approved_by_every_role_in_time() {
    let mut f = Fixture::new("2026-03");
    f.judge().is("PRC-04", "3.1", State::NoEvidence);
    f.register("approvals", APPROVALS);
    has_reason(f.judge().is("PRC-04", "3.1", State::Fail), "role_missing");
    f.register("approvals", &format!("{APPROVALS}P1,section_3_1,C,policy_owner,paula,2026-01-10\n"));
    f.judge().is("PRC-04", "3.1", State::NoEvidence);
    f.role("policy_owner", "paula").role("engineering_operations", "paula").role("security_officer", "sam");
    f.judge().is("PRC-04", "3.1", State::Pass);
    f.register(
        "approvals",
        &format!(
            "{APPROVALS}P2,section_3_2,C,policy_owner,paula,2025-01-10\nP3,section_3_2,C,security_officer,eve,2026-01-10\n\
             P4,section_3_3,C,policy_owner,paula,2026-01-10\nP5,section_3_3,C,engineering_operations,paula,2026-01-10\n"
        ),
    );
    let v = f.judge();
    let r = v.is("PRC-04", "3.2", State::Fail);
    has_reason(r, "overdue");
    has_reason(r, "role_not_held");
    let r = v.is("PRC-04", "3.3", State::Fail);
    has_reason(r, "one_person_two_roles");
    has_reason(r, "approves_own_work");
    f.parameter("distinct_approvers", model::policy::Setting::Flag(false));
    f.judge().is("PRC-04", "3.3", State::Pass);
}

#[test]
fn another_policy_has_other_sections() {
    let mut f = Fixture::new("2026-03");
    f.policy.section_approvals =
        vec![SectionApproval { section: "6".to_owned(), roles: vec!["internal_auditor".to_owned()] }];
    f.register("approvals", &format!("{APPROVALS}P1,section,6,internal_auditor,ida,2026-01-10\n"));
    f.role("internal_auditor", "ida");
    let v = f.judge();
    v.is("PRC-04", "6", State::Pass);
    assert_eq!(v.all("PRC-04").len(), 1);
    f.policy.section_approvals.clear();
    f.judge().is("PRC-04", "organization", State::NotApplicable);
}

fn roles(rows: &str) -> Fixture {
    let mut f = Fixture::new("2026-03");
    f.register("role_assignments", &format!("role,person,valid_from,valid_to,appointment_ref\n{rows}"));
    f
}

#[test]
fn roles_are_held_without_a_hole() {
    Fixture::new("2026-03").judge().is("PRC-05", "policy_owner", State::NoEvidence);
    let v = roles("policy_owner,paula,2025-01-01,,HR-1\n").judge();
    v.is("PRC-05", "policy_owner", State::Pass);
    has_reason(v.is("PRC-05", "security_officer", State::Fail), "role_not_held");
    has_reason(v.is("PRC-05", "exception_requester", State::NotApplicable), "not_appointed");
    let handed_over = |from: &str| {
        roles(&format!("policy_owner,paula,2025-01-01,2026-03-10T00:00:00Z,HR-1\npolicy_owner,pete,{from},,HR-2\n"))
            .judge()
    };
    handed_over("2026-03-11T00:00:00Z").is("PRC-05", "policy_owner", State::Pass);
    let v = handed_over("2026-03-11T00:00:01Z");
    assert!(
        v.is("PRC-05", "policy_owner", State::Fail).detail.contains("2026-03-10T00:00:00Z to 2026-03-11T00:00:01Z")
    );
}

#[test]
fn a_role_needs_a_person_and_a_record() {
    let owner = |row: &str| roles(row).judge().of("PRC-05", "policy_owner").clone();
    has_reason(&owner("policy_owner,paula,2025-01-01,,\n"), "appointment_missing");
    has_reason(&owner("policy_owner,Platform Team,2025-01-01,,HR-1\n"), "team_without_lead");
    assert_eq!(owner("policy_owner,Platform Team (lead: paula),2025-01-01,,HR-1\n").state, State::Pass);
    let both = owner("policy_owner,paula,2025-01-01,,HR-1\nsecurity_officer,paula,2025-01-01,,HR-2\n");
    assert_eq!(both.state, State::Pass);
    has_reason(&both, "one_person_two_roles");
}

fn procedure(row: &str) -> Fixture {
    let mut f = Fixture::new("2026-03");
    f.system("db", |s| s.platform_id = Some("cluster-1".to_owned())).tests_given();
    documents(&mut f, row);
    f
}

#[test]
fn critical_systems_have_a_current_procedure() {
    let judged = |row: &str| procedure(row).judge().of("PRC-06", "db").clone();
    assert_eq!(judged("R,recovery_procedure,1,web;db,2026-01-10,,,vault/r,\n").state, State::Pass);
    has_reason(&judged(""), "document_missing");
    has_reason(&judged("R,recovery_procedure,1,*,2026-01-10,,,vault/r,\n"), "document_missing");
    has_reason(&judged("R,recovery_procedure,1,db,,,,vault/r,\n"), "not_approved");
    has_reason(&judged("R,recovery_procedure,1,db,2025-03-10,,,vault/r,\n"), "review_overdue");
    has_reason(&judged("R,recovery_procedure,1,db,2026-01-10,2026-03-01,,vault/r,\n"), "review_overdue");
    has_reason(&judged("R,recovery_procedure,1,db,2026-01-10,,,db:/srv/runbooks,\n"), "kept_inside");
    has_reason(&judged("R,recovery_procedure,1,db,2026-01-10,,,https://cluster-1.example/r,\n"), "kept_inside");
    assert_eq!(
        judged("R,recovery_procedure,1,db,2026-01-10,,,db:/srv/r vault/r,\n").state,
        State::Pass,
        "a copy outside"
    );
    let nowhere = judged("R,recovery_procedure,1,db,2026-01-10,,,,\n");
    assert_eq!(nowhere.state, State::NoEvidence);
    has_reason(&nowhere, "location_missing");
    let mut f = Fixture::new("2026-03");
    f.system("db", plain());
    f.judge().is("PRC-06", "db", State::NoEvidence);
    f.systems[0].criticality = Criticality::Low;
    f.judge().is("PRC-06", "db", State::NotApplicable);
}

#[test]
fn a_test_that_followed_the_procedure_is_a_review() {
    let old = "R,recovery_procedure,1,db,2025-02-10,2025-08-01,,vault/r,\n";
    let mut f = procedure(old);
    f.test("T1", "db", "2025-11-01T10:00:00Z", "2025-11-01T12:00:00Z", TestResult::Success, plain());
    f.judge().is("PRC-06", "db", State::Pass);
    let mut f = procedure(old);
    f.test("T1", "db", "2025-11-01T10:00:00Z", "2025-11-01T12:00:00Z", TestResult::Failed, plain());
    f.judge().is("PRC-06", "db", State::Fail);
    // One that met problems did not leave the procedure as it was.
    let mut f = procedure(old);
    f.test("T1", "db", "2025-11-01T10:00:00Z", "2025-11-01T12:00:00Z", TestResult::Success, |t| {
        t.issues = vec!["step 4 names a server that is gone".to_owned()];
    });
    f.judge().is("PRC-06", "db", State::Fail);
    // What backups are known from does not matter to a procedure, and the source of the test does.
    let mut f = procedure(old);
    f.test("T1", "db", "2025-11-01T10:00:00Z", "2025-11-01T12:00:00Z", TestResult::Success, plain());
    f.run("db", "2026-03-01T02:00:00Z", RunStatus::Success, plain());
    f.collection("runs", "log", |c| c.status = SourceStatus::Incomplete);
    f.judge().is("PRC-06", "db", State::Pass);
    f.collections[0].status = SourceStatus::Incomplete;
    has_reason(f.judge().is("PRC-06", "db", State::NoEvidence), "source_incomplete");
    let mut f = procedure("R,recovery_procedure,1,db,2026-01-10,,,vault/r,\n");
    f.test("T1", "db", "2025-11-01T10:00:00Z", "2025-11-01T12:00:00Z", TestResult::Success, plain());
    f.collections[0].status = SourceStatus::Incomplete;
    f.judge().is("PRC-06", "db", State::Pass);
    // Without any record of tests nobody knows whether one was a review.
    let mut f = Fixture::new("2026-03");
    f.system("db", plain());
    documents(&mut f, old);
    has_reason(f.judge().is("PRC-06", "db", State::NoEvidence), "no_tests_given");
}
