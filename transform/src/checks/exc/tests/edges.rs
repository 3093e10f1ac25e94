//! The edge cases of EXC in `controls/checks.toml`, and which test shows each.

use super::*;
use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;

pub(crate) const EDGES: &[Edge] = &[
    ("EXC-01", "None as compensating control", By(a_request_is_complete_or_says_what_lacks)),
    ("EXC-01", "System * is allowed", By(a_request_is_complete_or_says_what_lacks)),
    ("EXC-02", "Low: policy owner.", By(each_risk_level_has_its_authority)),
    ("EXC-02", "Approval by a higher body", By(a_higher_body_replaces_nobody_unless_the_policy_says_so)),
    ("EXC-02", "Raising the risk level", By(a_raised_risk_needs_the_new_approvals_from_that_day)),
    ("EXC-02", "Approval after valid_from", By(what_happened_before_the_approval_is_not_waived)),
    ("EXC-03", "Expiry is exclusive", By(an_expiry_is_the_start_of_its_day_in_the_reporting_zone)),
    ("EXC-03", "Renewals count", By(no_exception_lasts_longer_than_allowed_and_three_renewals_are_a_finding)),
    ("EXC-03", "The policy sets no longest duration", By(the_longest_duration_is_a_default)),
    ("EXC-04", "A due date later than the expiry", By(a_due_day_passes_and_the_day_after_is_overdue)),
    ("EXC-05", "This check runs last", By(one_action_covers_all_results_of_a_cause_once_they_are_known)),
    ("EXC-05", "One action may cover many results", By(one_action_covers_all_results_of_a_cause_once_they_are_known)),
];

const DAY: &str = "2026-02-25T00:00:00Z";

/// A request of this risk that people approved in these roles.
fn approved_as(risk: &str, roles: &[&str]) -> Fixture {
    let mut f = fixture();
    request(&mut f, &[("risk_level", risk)]);
    for role in roles {
        approve(&mut f, "E1", role, &format!("{role}-person"), DAY);
    }
    f.register("exception_approvals", "exception_id,role,approver,decision,decided_at\n");
    f
}

#[test]
fn each_risk_level_has_its_authority() {
    let all = [
        ("low", &["policy_owner"][..]),
        ("medium", &["policy_owner", "security_officer"]),
        ("high", &["policy_owner", "security_officer", "compliance_officer"]),
        ("critical", &["executive_management"]),
    ];
    for (risk, roles) in all {
        approved_as(risk, roles).judge().is("EXC-02", "E1", State::Pass);
        for (i, missing) in roles.iter().enumerate() {
            let others: Vec<&str> = roles.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, r)| *r).collect();
            let v = approved_as(risk, &others).judge();
            let r = v.is("EXC-02", "E1", State::Fail);
            assert!(r.detail.contains(&format!("({missing})")), "{risk}: {}", r.detail);
        }
    }
}

#[test]
fn a_higher_body_replaces_nobody_unless_the_policy_says_so() {
    let mut f = approved_as("low", &["executive_management"]);
    has_reason(f.judge().is("EXC-02", "E1", State::Fail), "role_missing");
    for rule in &mut f.policy.approval_rules {
        rule.roles = vec!["executive_management".to_owned()];
    }
    f.judge().is("EXC-02", "E1", State::Pass);
}

/// Retention of a week all March, allowed by E1 of low risk, which the policy owner approved.
fn allowed(cells: &[(&str, &str)]) -> Fixture {
    let mut f = breach();
    let whole = [("check_ids", "RET-01"), ("statement_ids", ""), ("valid_from", "2026-02-01T00:00:00Z")];
    request(&mut f, &cells.iter().chain(&whole).copied().collect::<Vec<_>>());
    approve(&mut f, "E1", "policy_owner", "paula", "2026-01-30T00:00:00Z");
    f
}

#[test]
fn a_raised_risk_needs_the_new_approvals_from_that_day() {
    // Raised on the tenth: the old level ends, the new one begins.
    let raised = |approved: Option<&str>| {
        let mut f = allowed(&[("closed_at", "2026-03-10T00:00:00Z"), ("status", "closed")]);
        let more = [
            ("exception_id", "E2"),
            ("check_ids", "RET-01"),
            ("risk_level", "medium"),
            ("valid_from", "2026-03-10T00:00:00Z"),
            ("renewal_of", "E1"),
        ];
        request(&mut f, &more);
        approve(&mut f, "E2", "policy_owner", "paula", "2026-03-09T00:00:00Z");
        if let Some(when) = approved {
            approve(&mut f, "E2", "security_officer", "sam", when);
        }
        f.judge()
    };
    let v = raised(None);
    v.is("EXC-02", "E1", State::Pass);
    has_reason(v.is("EXC-02", "E2", State::Fail), "role_missing");
    assert!(!v.is("RET-01", "daily", State::Fail).waived, "nothing waives it since the tenth");
    assert!(raised(Some("2026-03-09T00:00:00Z")).is("RET-01", "daily", State::Fail).waived);
    let late = raised(Some("2026-03-12T00:00:00Z"));
    assert!(late.is("EXC-02", "E2", State::Pass).detail.contains("effective from 2026-03-12"));
    // A level that is overwritten counts for the whole time of the exception.
    has_reason(allowed(&[("risk_level", "medium")]).judge().is("EXC-02", "E1", State::Fail), "role_missing");
}

#[test]
fn what_happened_before_the_approval_is_not_waived() {
    let f = allowed(&[]);
    assert!(f.judge().is("RET-01", "daily", State::Fail).waived);
    let mut late = breach();
    request(&mut late, &[("check_ids", "RET-01"), ("valid_from", "2026-02-01T00:00:00Z")]);
    approve(&mut late, "E1", "policy_owner", "paula", "2026-03-05T00:00:00Z");
    let v = late.judge();
    assert!(v.is("EXC-02", "E1", State::Pass).detail.contains("effective from 2026-03-05"));
    assert!(!v.is("RET-01", "daily", State::Fail).waived);
}

#[test]
fn an_expiry_is_the_start_of_its_day_in_the_reporting_zone() {
    let effective_to = |expires: &str| {
        let mut f = Fixture::in_zone("2026-03", model::time::zone("Europe/Berlin").expect("a zone"));
        request(&mut f, &[("expires_at", expires)]);
        approve(&mut f, "E1", "policy_owner", "paula", DAY);
        f.with_world(|w| model::time::utc_text(w.waivers[0].effective.expect("in force").1))
    };
    assert_eq!(effective_to("2026-03-10"), "2026-03-09T23:00:00Z");
    assert_eq!(effective_to("2026-03-10T12:00:00Z"), "2026-03-10T12:00:00Z");
}

#[test]
fn the_longest_duration_is_a_default() {
    let mut f = fixture();
    request(&mut f, &[("expires_at", "2027-03-02T00:00:00Z")]);
    let v = f.judge();
    let r = v.is("EXC-03", "E1", State::Fail);
    has_reason(r, "too_long");
    assert_eq!((r.parameters[0].id.as_str(), r.parameters[0].origin.as_str()), ("exception_max_duration", "default"));
    f.parameter("exception_max_duration", model::policy::Setting::Span("P2Y".parse().expect("a span")));
    f.judge().is("EXC-03", "E1", State::Pass);
}

#[test]
fn one_action_covers_all_results_of_a_cause_once_they_are_known() {
    let findings = |actions: &str| {
        let mut f = breach();
        f.plan("weekly", "db", "0 3 * * 0", |p| p.retention_s = Some(7 * 86_400));
        f.register("exceptions", HEAD).register("incidents", "incident_id,kind,backup_related,opened_at\n");
        f.register("actions", &format!("action_id,origin_kind,origin_ref,opened_at\n{actions}"));
        f.judge()
    };
    let v = findings("A1,check,RET-01,2026-03-20T00:00:00Z\n");
    for plan in ["daily", "weekly"] {
        v.is("RET-01", plan, State::Fail);
        assert!(v.is("EXC-05", &format!("RET-01/{plan}"), State::Pass).detail.contains("action A1"));
    }
    // Every failing result of the others has its own, whatever comes before or after it in the order of checks.
    let v = findings("");
    let failing = v.judged.assessment.results.iter().filter(|r| r.state == State::Fail && r.check != "EXC-05");
    let failing: Vec<String> = failing.map(|r| format!("{}/{}", r.check, r.unit)).collect();
    assert!(failing.iter().any(|f| f.starts_with("DOC-")) && failing.iter().any(|f| f.starts_with("RET-")));
    let mut seen: Vec<String> = v.all("EXC-05").iter().map(|r| r.unit.clone()).collect();
    seen.sort();
    let mut wanted = failing;
    wanted.sort();
    assert_eq!(seen, wanted);
}
