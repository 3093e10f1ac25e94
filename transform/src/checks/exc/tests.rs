//! EXC-01 to EXC-05: the examples of `controls/checks.toml` and its edge cases.

use model::assessment::State;

use crate::testing::{Fixture, has_reason, plain};

mod edges;

pub(crate) use edges::EDGES;

/// Examples that tests here claim.
pub(crate) const EXAMPLES: &[(&str, usize)] = &[("EXC-02", 0), ("EXC-02", 1), ("EXC-02", 2)];

const HEAD: &str = "exception_id,submitted_at,requester,in_writing_ref,statement_ids,check_ids,system_ids,justification,business_impact,compensating_controls,risk_level,valid_from,expires_at,remediation_plan,remediation_due,remediation_done_at,status,closed_at,renewal_of\n";

/// A complete request; `cells` replace columns by name.
fn request(f: &mut Fixture, cells: &[(&str, &str)]) {
    let names: Vec<&str> = HEAD.trim().split(',').collect();
    let healthy = [
        ("exception_id", "E1"),
        ("submitted_at", "2026-02-20T00:00:00Z"),
        ("requester", "rita"),
        ("in_writing_ref", "TICKET-1"),
        ("statement_ids", "BRP-3.1-02"),
        ("check_ids", "FRQ-01"),
        ("system_ids", "db"),
        ("justification", "The vendor fixes it in the autumn"),
        ("business_impact", "A day of orders"),
        ("compensating_controls", "Weekly export"),
        ("risk_level", "low"),
        ("valid_from", "2026-03-01T00:00:00Z"),
        ("expires_at", "2026-12-01T00:00:00Z"),
        ("remediation_plan", "Upgrade"),
        ("remediation_due", "2026-11-15"),
        ("status", "approved"),
    ];
    let cell = |name: &&str| {
        cells.iter().chain(&healthy).find(|(n, _)| n == name).map_or(String::new(), |(_, v)| (*v).to_owned())
    };
    let line: Vec<String> = names.iter().map(cell).collect();
    f.register("exceptions", &format!("{HEAD}{}\n", line.join(",")));
}

fn approve(f: &mut Fixture, id: &str, role: &str, person: &str, when: &str) {
    f.register(
        "exception_approvals",
        &format!("exception_id,role,approver,decision,decided_at\n{id},{role},{person},approve,{when}\n"),
    );
    f.role(role, person);
}

fn fixture() -> Fixture {
    let mut f = Fixture::new("2026-03");
    f.system("db", plain());
    f
}

#[test]
fn a_high_risk_without_the_compliance_officer_fails() {
    let mut f = fixture();
    request(&mut f, &[("risk_level", "high")]);
    approve(&mut f, "E1", "policy_owner", "paula", "2026-02-25T00:00:00Z");
    approve(&mut f, "E1", "security_officer", "sam", "2026-02-25T00:00:00Z");
    let v = f.judge();
    let r = v.is("EXC-02", "E1", State::Fail);
    has_reason(r, "role_missing");
    assert!(r.detail.contains("Compliance Officer") && !r.detail.contains("security_officer"), "{}", r.detail);
}

#[test]
fn who_asks_does_not_approve() {
    let mut f = fixture();
    request(&mut f, &[("risk_level", "medium"), ("requester", "paula")]);
    approve(&mut f, "E1", "policy_owner", "paula", "2026-02-25T00:00:00Z");
    approve(&mut f, "E1", "security_officer", "sam", "2026-02-25T00:00:00Z");
    let v = f.judge();
    let r = v.is("EXC-02", "E1", State::Fail);
    has_reason(r, "self_approval");
    assert!(r.detail.contains("self-approval"), "{}", r.detail);
}

#[test]
fn approval_after_the_start_counts_from_the_approval() {
    let mut f = fixture();
    request(&mut f, &[]);
    approve(&mut f, "E1", "policy_owner", "paula", "2026-03-05T00:00:00Z");
    let v = f.judge();
    let r = v.is("EXC-02", "E1", State::Pass);
    has_reason(r, "approved_after_start");
    assert!(r.detail.contains("effective from 2026-03-05T00:00:00Z"), "{}", r.detail);
}

#[test]
fn one_person_cannot_decide_two_roles_and_a_role_must_be_held() {
    let mut f = fixture();
    request(&mut f, &[("risk_level", "medium")]);
    approve(&mut f, "E1", "policy_owner", "paula", "2026-02-25T00:00:00Z");
    approve(&mut f, "E1", "security_officer", "paula", "2026-02-25T00:00:00Z");
    f.judge().is("EXC-02", "E1", State::Fail);

    let mut f = fixture();
    request(&mut f, &[]);
    f.register(
        "exception_approvals",
        "exception_id,role,approver,decision,decided_at\nE1,policy_owner,ben,approve,2026-02-25T00:00:00Z\n",
    );
    // Without a register of roles nobody can tell who held one.
    let v = f.judge();
    let r = v.is("EXC-02", "E1", State::NoEvidence);
    assert!(r.detail.contains("role_assignments"), "{}", r.detail);
    f.role("policy_owner", "paula");
    f.judge().is("EXC-02", "E1", State::Fail);
}

#[test]
fn registers_that_were_not_given_are_no_evidence_and_drafts_waive_nothing() {
    let f = fixture();
    for check in ["EXC-01", "EXC-02", "EXC-03", "EXC-04"] {
        has_reason(f.judge().is(check, "organization", State::NoEvidence), "register_not_given");
    }
    let mut f = fixture();
    request(&mut f, &[("status", "draft")]);
    has_reason(f.judge().is("EXC-01", "E1", State::NotApplicable), "draft");
    f.judge().is("EXC-02", "organization", State::NoEvidence);
}

#[test]
fn a_request_is_complete_or_says_what_lacks() {
    let mut f = fixture();
    request(&mut f, &[]);
    f.judge().is("EXC-01", "E1", State::Pass);

    let mut f = fixture();
    request(&mut f, &[("justification", ""), ("remediation_due", "")]);
    let v = f.judge();
    let r = v.is("EXC-01", "E1", State::Fail);
    assert!(r.detail.contains("justification, remediation_due"), "{}", r.detail);

    let mut f = fixture();
    request(&mut f, &[("compensating_controls", "None")]);
    has_reason(f.judge().is("EXC-01", "E1", State::Fail), "no_compensating_controls");
    let mut f = fixture();
    request(&mut f, &[("compensating_controls", "None: the data can be bought again")]);
    f.judge().is("EXC-01", "E1", State::Pass);

    let mut f = fixture();
    request(&mut f, &[("system_ids", "*")]);
    f.judge().is("EXC-01", "E1", State::Fail);
    let mut f = fixture();
    request(&mut f, &[("system_ids", "*"), ("justification", "The provider moves all systems")]);
    f.judge().is("EXC-01", "E1", State::Pass);
}

fn expired() -> Fixture {
    let mut f = fixture();
    f.plan("daily", "db", "0 2 * * *", |p| p.retention_s = Some(7 * 86_400));
    request(
        &mut f,
        &[
            ("check_ids", "RET-01"),
            ("statement_ids", ""),
            ("valid_from", "2026-01-01T00:00:00Z"),
            ("expires_at", "2026-03-10T00:00:00Z"),
        ],
    );
    approve(&mut f, "E1", "policy_owner", "paula", "2026-01-01T00:00:00Z");
    f
}

#[test]
fn an_expired_exception_whose_deviation_is_there_fails_until_it_is_gone_closed_or_renewed() {
    let f = expired();
    let v = f.judge();
    let r = v.is("EXC-03", "E1", State::Fail);
    has_reason(r, "expired_in_use");
    assert!(r.detail.contains("RET-01 for daily"), "{}", r.detail);
    // The waiver covers only the time up to its expiry.
    assert!(!v.is("RET-01", "daily", State::Fail).waived);

    let mut gone = f.clone();
    gone.plans[0].retention_s = Some(40 * 86_400);
    has_reason(gone.judge().is("EXC-03", "E1", State::Pass), "gone");

    let mut renewed = f.clone();
    request(
        &mut renewed,
        &[
            ("exception_id", "E2"),
            ("check_ids", "RET-01"),
            ("valid_from", "2026-03-10T00:00:00Z"),
            ("expires_at", "2026-06-01T00:00:00Z"),
            ("renewal_of", "E1"),
        ],
    );
    f_approved_late(&renewed);
    approve(&mut renewed, "E2", "policy_owner", "paula", "2026-03-09T00:00:00Z");
    let v = renewed.judge();
    has_reason(v.is("EXC-03", "E1", State::Pass), "renewed");
    assert!(v.is("EXC-03", "E2", State::Pass).detail.contains("renewal number 1"));
    assert!(v.is("RET-01", "daily", State::Fail).waived);
}

/// A renewal approved after the expiry leaves a hole.
fn f_approved_late(renewed: &Fixture) {
    let mut late = renewed.clone();
    approve(&mut late, "E2", "policy_owner", "paula", "2026-03-12T00:00:00Z");
    late.judge().is("EXC-03", "E1", State::Fail);
}

#[test]
fn no_exception_lasts_longer_than_allowed_and_three_renewals_are_a_finding() {
    let mut f = fixture();
    request(&mut f, &[("expires_at", "2027-03-02T00:00:00Z")]);
    has_reason(f.judge().is("EXC-03", "E1", State::Fail), "too_long");
    let mut f = fixture();
    request(&mut f, &[("expires_at", "2027-03-01T00:00:00Z")]);
    f.judge().is("EXC-03", "E1", State::Pass);

    let mut f = fixture();
    for (id, of) in [("E1", ""), ("E2", "E1"), ("E3", "E2"), ("E4", "E3")] {
        request(&mut f, &[("exception_id", id), ("renewal_of", of)]);
    }
    let v = f.judge();
    v.is("EXC-03", "E3", State::Pass);
    has_reason(v.is("EXC-03", "E4", State::Fail), "renewed_repeatedly");
}

#[test]
fn a_due_day_passes_and_the_day_after_is_overdue() {
    let actions = "action_id,origin_kind,origin_ref,kind,owner,opened_at,due_at,closed_at\n";
    let judge = |due: &str, done: &str| {
        let mut f = fixture();
        request(&mut f, &[("remediation_due", due), ("remediation_done_at", done)]);
        f.register("actions", actions);
        f.judge().of("EXC-04", "E1").clone()
    };
    assert_eq!(judge("2026-03-31", "").state, State::Fail);
    assert_eq!(judge("2026-04-01", "").state, State::Pass);
    assert_eq!(judge("2026-03-20", "2026-03-25T00:00:00Z").state, State::Pass);
    has_reason(&judge("2026-12-02", ""), "due_after_expiry");

    let mut f = fixture();
    request(&mut f, &[]);
    has_reason(f.judge().is("EXC-04", "E1", State::NoEvidence), "register_not_given");
    f.register(
        "actions",
        &format!("{actions}A1,exception,E1,corrective,olga,2026-03-01T00:00:00Z,2026-03-15T00:00:00Z,\n"),
    );
    has_reason(f.judge().is("EXC-04", "E1", State::Fail), "action_overdue");
}

#[test]
fn a_permanent_exception_of_executive_management_needs_no_remedy() {
    let mut f = fixture();
    request(&mut f, &[("risk_level", "critical"), ("remediation_plan", "Permanent"), ("remediation_due", "")]);
    f.register("actions", "action_id,opened_at\n");
    has_reason(f.judge().is("EXC-04", "E1", State::NoEvidence), "no_due_date");
    approve(&mut f, "E1", "executive_management", "erin", "2026-02-25T00:00:00Z");
    has_reason(f.judge().is("EXC-04", "E1", State::NotApplicable), "permanent");
}

fn breach() -> Fixture {
    let mut f = fixture();
    f.plan("daily", "db", "0 2 * * *", |p| p.retention_s = Some(7 * 86_400));
    f
}

#[test]
fn a_finding_is_covered_by_an_exception_an_action_or_an_incident() {
    let registers = |f: &mut Fixture, actions: &str, incidents: &str| {
        f.register("exceptions", HEAD);
        f.register("actions", &format!("action_id,origin_kind,origin_ref,opened_at,closed_at\n{actions}"));
        f.register(
            "incidents",
            &format!("incident_id,kind,backup_related,system_ids,run_ids,opened_at,closed_at\n{incidents}"),
        );
    };
    let state = |actions: &str, incidents: &str| {
        let mut f = breach();
        registers(&mut f, actions, incidents);
        f.judge().of("EXC-05", "RET-01/daily").state
    };
    assert_eq!(state("", ""), State::Fail);
    assert_eq!(state("A1,check,RET-01,2026-03-20T00:00:00Z,\n", ""), State::Pass);
    assert_eq!(state("A1,check,RET-01/daily,2026-03-20T00:00:00Z,\n", ""), State::Pass);
    assert_eq!(state("A1,check,RET-01/weekly,2026-03-20T00:00:00Z,\n", ""), State::Fail);
    // Closed before the deviation began: it answered something else.
    assert_eq!(state("A1,check,RET-01,2025-03-20T00:00:00Z,2025-04-01T00:00:00Z\n", ""), State::Fail);
    assert_eq!(state("", "I1,incident,true,db,,2026-03-20T00:00:00Z,\n"), State::Pass);
    assert_eq!(state("", "I1,incident,false,db,,2026-03-20T00:00:00Z,\n"), State::Fail);

    let mut f = breach();
    f.exception("E1", "db", "RET-01", "2026-02-01T00:00:00Z", "2026-05-01T00:00:00Z");
    assert_eq!(f.judge().of("EXC-05", "RET-01/daily").state, State::Pass);
}

#[test]
fn without_registers_cover_may_exist_unseen_and_a_young_finding_is_not_yet_due() {
    let f = breach();
    let v = f.judge();
    let r = v.is("EXC-05", "organization", State::NoEvidence);
    assert!(r.detail.contains("exceptions, actions, incidents"), "{}", r.detail);

    let mut f = breach();
    f.as_of("2026-03-05T00:00:00Z");
    has_reason(f.judge().is("EXC-05", "RET-01/daily", State::NotApplicable), "not_yet_due");
}
