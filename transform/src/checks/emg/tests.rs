//! EMG-01 to EMG-03: the edge cases of `controls/checks.toml`.

use model::assessment::State;

use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;
use crate::testing::{Fixture, has_reason, plain};

pub(crate) const EDGES: &[Edge] = &[
    ("EMG-01", "Zero requests is a pass only", By(absence_needs_complete_logs)),
    ("EMG-01", "Approval in chat is fine", By(an_approval_of_any_form_names_person_time_and_scope)),
    ("EMG-02", "Access that was granted but not used", By(a_request_is_logged_closed_and_reviewed_even_if_not_used)),
    ("EMG-02", "Logs kept where the same administrator", By(a_log_within_reach_of_its_user_is_noted)),
    ("EMG-03", "Events near a window edge", By(every_event_is_explained)),
    ("EMG-03", "Shared accounts", By(every_event_is_explained)),
];

const REQUESTS: &str = "request_id,requester,system_ids,requested_at,approver,approved_role,approved_at,window_start,window_end,retrospective,closed_at,reviewed_at,log_ref\n";
const EVENTS: &str = "event_id,principal_id,system_id,action,at,request_id,automation\n";
const GOOD: &str = "R1,ann,db,2026-10-05T07:00:00Z,sam,security_officer,2026-10-05T07:30:00Z,2026-10-05T08:00:00Z,2026-10-05T12:00:00Z,false,2026-10-05T13:00:00Z,2026-10-06T00:00:00Z,LOG-1";
const INSIDE: &str = "V1,ann,db,psql,2026-10-05T09:00:00Z,R1,false";

fn fixture(requests: &str, events: &str) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f.register("emergency_requests", &format!("{REQUESTS}{requests}\n"));
    f.register("privileged_events", &format!("{EVENTS}{events}\n"));
    f.role("security_officer", "sam").role("system_owner", "sol");
    f
}

fn covered(requests: &str, events: &str) -> Fixture {
    let mut f = fixture(requests, events);
    f.covers_tables(&["privileged_events"], "db", "2026-09-01T00:00:00Z", "2026-11-04T00:00:00Z");
    f
}

#[test]
fn emergency_access_is_approved_in_time_by_somebody_else_who_may() {
    let v = covered(GOOD, INSIDE).judge();
    for (check, unit) in [("EMG-01", "R1"), ("EMG-02", "R1"), ("EMG-03", "V1")] {
        v.is(check, unit, State::Pass);
    }
    for (from, to, code) in [
        (",sam,", ",ann,", "self_approval"),
        (",sam,security_officer,", ",sol,system_owner,", "wrong_role"),
        (",sam,", ",ben,", "role_not_held"),
        ("2026-10-05T07:30:00Z", "2026-10-05T09:30:00Z", "late_approval"),
        ("2026-10-05T12:00:00Z", "2026-10-09T12:00:00Z", "window_too_long"),
        ("2026-10-05T12:00:00Z", "", "open_ended"),
        (",sam,security_officer,2026-10-05T07:30:00Z", ",,,", "not_approved"),
    ] {
        has_reason(fixture(&GOOD.replacen(from, to, 1), INSIDE).judge().is("EMG-01", "R1", State::Fail), code);
    }
    let later = GOOD.replace("2026-10-05T07:30:00Z", "2026-10-05T20:00:00Z").replace(",false,", ",true,");
    fixture(&later, INSIDE).judge().is("EMG-01", "R1", State::Pass);
}

#[test]
fn absence_needs_complete_logs() {
    has_reason(fixture("", "").judge().is("EMG-01", "organization", State::NoEvidence), "log_incomplete");
    let v = covered("", "").judge();
    has_reason(v.is("EMG-01", "organization", State::NotApplicable), "no_emergency_access");
    has_reason(v.is("EMG-02", "organization", State::NotApplicable), "no_request");
    has_reason(v.is("EMG-03", "db", State::NotApplicable), "no_event");
    has_reason(fixture(GOOD, INSIDE).judge().is("EMG-02", "R1", State::NoEvidence), "log_incomplete");
    has_reason(fixture(GOOD, INSIDE).judge().is("EMG-03", "db", State::NoEvidence), "log_incomplete");
    has_reason(covered("", INSIDE).judge().is("EMG-01", "R1", State::Fail), "request_not_registered");
    // An event that nothing explains may have been emergency access.
    let v = covered("", "V1,eve,db,psql,2026-10-20T09:00:00Z,,false").judge();
    v.is("EMG-03", "V1", State::Fail);
    has_reason(v.is("EMG-01", "organization", State::NoEvidence), "event_not_explained");
    let v = covered("", "V1,bot,db,migrate,2026-10-20T09:00:00Z,,true").judge();
    v.is("EMG-01", "organization", State::NotApplicable);
    has_reason(Fixture::new("2026-10").judge().is("EMG-01", "organization", State::NoEvidence), "register_not_given");
}

#[test]
fn a_request_is_logged_closed_and_reviewed_even_if_not_used() {
    for (from, to, code) in [
        (",LOG-1", ",", "log_missing"),
        ("2026-10-05T13:00:00Z", "", "not_closed"),
        ("2026-10-06T00:00:00Z", "", "not_reviewed"),
        ("2026-10-06T00:00:00Z", "2026-10-20T00:00:00Z", "reviewed_late"),
    ] {
        has_reason(covered(&GOOD.replacen(from, to, 1), "").judge().is("EMG-02", "R1", State::Fail), code);
    }
    let outside = INSIDE.replace("T09:", "T18:");
    has_reason(covered(GOOD, &outside).judge().is("EMG-02", "R1", State::Fail), "outside_window");
}

#[test]
fn every_event_is_explained() {
    let bare = "V1,eve,db,psql,2026-10-20T09:00:00Z,,false";
    has_reason(covered(GOOD, bare).judge().is("EMG-03", "V1", State::Fail), "not_explained");
    covered(GOOD, "V1,bot,db,migrate,2026-10-20T09:00:00Z,,true").judge().is("EMG-03", "V1", State::Pass);
    let edge = "V1,ann,db,psql,2026-10-05T12:03:00Z,R1,false";
    has_reason(covered(GOOD, edge).judge().is("EMG-03", "V1", State::Pass), "near_edge");
    let mut f = covered(GOOD, INSIDE);
    f.systems[0].platform_id = Some("heroku".into());
    f.register("principals", "principal_id,platform_id,kind,status,identity_source\nann,heroku,human,active,shared\n");
    has_reason(f.judge().is("EMG-03", "V1", State::Fail), "shared_account");
    let mut f = covered(GOOD, bare);
    f.systems[0].platform_id = Some("heroku".into());
    f.register(
        "access_grants",
        "grant_id,principal_id,platform_id,granted_at,approval_ref,approved_by\nG1,eve,heroku,2026-01-01T00:00:00Z,REQ-1 routine,bob\n",
    );
    f.judge().is("EMG-03", "V1", State::Pass);
}

#[test]
fn an_approval_of_any_form_names_person_time_and_scope() {
    // Nothing of the record says where it was given: a message will do.
    covered(GOOD, INSIDE).judge().is("EMG-01", "R1", State::Pass);
    for (what, code) in [(",sam,", "not_approved"), ("2026-10-05T07:30:00Z", "not_approved"), (",db,", "scope_missing")]
    {
        let empty: String = what.chars().filter(|c| *c == ',').collect();
        let lacking = GOOD.replacen(what, &empty, 1);
        has_reason(covered(&lacking, INSIDE).judge().is("EMG-01", "R1", State::Fail), code);
    }
}

#[test]
fn a_log_within_reach_of_its_user_is_noted() {
    let judge = |grant: &str| {
        let mut f = covered(&GOOD.replace("LOG-1", "vault: session 9"), INSIDE);
        let head = "grant_id,principal_id,platform_id,privilege,granted_at,revoked_at\n";
        f.register("access_grants", &format!("{head}{grant}\n"));
        f.judge().of("EMG-02", "R1").clone()
    };
    let weak = judge("G1,ann,vault,admin,2026-01-01T00:00:00Z,");
    assert_eq!(weak.state, State::Pass);
    has_reason(&weak, "log_within_reach");
    for elsewhere in [
        "G1,ann,heroku,admin,2026-01-01T00:00:00Z,",
        "G1,ann,vault,reader,2026-01-01T00:00:00Z,",
        "G1,bea,vault,admin,2026-01-01T00:00:00Z,",
        "G1,ann,vault,admin,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z",
    ] {
        assert!(judge(elsewhere).reasons.is_empty(), "{elsewhere}");
    }
}
