//! The edge cases of PRC in `controls/checks.toml`, and which test shows each.

use super::*;
use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;

pub(crate) const EDGES: &[Edge] = &[
    ("PRC-01", "A document generated from the live configuration", By(an_approved_change_stands_for_what_is_generated)),
    ("PRC-01", "Infrastructure code", By(an_approved_change_stands_for_what_is_generated)),
    ("PRC-02", "Platforms drop job history", By(records_and_dashboards_are_kept_for_every_month)),
    ("PRC-02", "A live dashboard without snapshots", By(a_live_dashboard_proves_no_month)),
    ("PRC-03", "Criteria for significant", By(what_is_significant_is_recorded_and_not_concluded)),
    ("PRC-03", "Actions overdue are reported by CAP-01", By(an_overdue_action_is_told_by_cap_01)),
    ("PRC-04", "The policy does not say what is approved", By(sections_are_approved_by_every_role_in_time)),
    ("PRC-04", "One person holding two roles", By(sections_are_approved_by_every_role_in_time)),
    ("PRC-05", "Teams need a named lead", By(a_role_needs_a_person_and_a_record)),
    ("PRC-05", "The policy owner and the security officer", By(a_role_needs_a_person_and_a_record)),
    ("PRC-06", "One plan may cover several systems", By(critical_systems_have_a_current_procedure)),
    ("PRC-06", "A test that followed the procedure", By(a_test_that_followed_the_procedure_is_a_review)),
];

#[test]
fn an_approved_change_stands_for_what_is_generated() {
    let judge = |version: &str, by: Option<&str>, approved: &str| {
        let mut f = planned(|p| {
            p.effective_from = at("2026-03-05T00:00:00Z");
            (p.approved_by, p.approved_at) = (by.map(str::to_owned), Some(at(approved)));
        });
        // Nobody approves what is written anew with each change: a page, or a file of code.
        documents(&mut f, &format!("backup.tf,backup_configuration,{version},db,,,,,\n"));
        configuration(&f)
    };
    let before = "2026-03-04T00:00:00Z";
    assert_eq!(judge("generated", Some("paula"), before).state, State::Pass);
    has_reason(&judge("generated", Some("paula"), "2026-03-20T00:00:00Z"), "document_stale");
    has_reason(&judge("generated", None, before), "not_approved");
    has_reason(&judge("7", Some("paula"), before), "not_approved");
}

#[test]
fn a_live_dashboard_proves_no_month() {
    let mut f = Fixture::new("2026-03");
    f.system("db", plain()).collection("runs", "log", plain());
    f.run("db", "2026-03-10T02:00:00Z", RunStatus::Success, plain());
    for today in ["", "2026-04-05T00:00:00Z"] {
        let live = format!("D,dashboard,1,,{today},,2033-01-01,a,d\n");
        has_reason(&with_rows(&f, &live), "dashboard_missing");
    }
    assert_eq!(with_rows(&f, "D,dashboard,1,,2026-03-31,,2033-01-01,a,d\n").state, State::Pass);
}

#[test]
fn what_is_significant_is_recorded_and_not_concluded() {
    let judged = |severity: &str, significant: bool| {
        let mut f = incident(",false,,,");
        let head = INCIDENTS.replace('\n', ",severity\n");
        f.register(
            "incidents",
            &format!("{head}I2,incident,true,db,2026-03-02,2026-03-10,,{significant},,,,{severity}\n"),
        );
        f.judge().all("PRC-03").iter().any(|r| r.unit == "I2")
    };
    assert!(judged("minor", true));
    assert!(!judged("critical", false));
}

#[test]
fn an_overdue_action_is_told_by_cap_01() {
    let mut f = incident(",true,disk,L-1,A9");
    f.register("actions", "action_id,owner,opened_at,due_at\nA9,ida,2026-03-11,2026-03-20\n");
    let v = f.judge();
    v.is("PRC-03", "I1", State::Pass);
    has_reason(v.is("CAP-01", "A9", State::Fail), "overdue");
}
