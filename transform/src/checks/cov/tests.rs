//! COV-01 to COV-03: the edge cases of `controls/checks.toml`.

use model::assessment::State;
use model::rows::{ObservedPlan, Row, RunStatus};

use super::super::edges::Edge;
use super::super::edges::Shown::By;
use crate::testing::{Fixture, at, has_reason, origin, plain};

/// Edge cases shown here.
pub(crate) const EDGES: &[Edge] = &[
    ("COV-01", "One export", By(a_plan_that_the_platform_showed_in_the_hole_makes_it_doubtful)),
    ("COV-01", "A plan that selects", By(a_plan_covers_a_system_only_while_its_selection_held)),
    ("COV-02", "3.1 says", By(a_review_in_time_by_the_right_role_on_the_right_inputs_passes)),
    ("COV-02", "Due date", By(a_due_day_passes_and_29_february_falls_back)),
    ("COV-03", "A system onboarded", By(what_is_new_or_changed_is_in_the_next_review)),
];

#[test]
fn plans_cover_the_whole_time_or_the_hole_is_named() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    has_reason(f.judge().is("COV-01", "db", State::Fail), "no_plan");
    f.plan("a", "db", "0 2 * * *", |p| p.effective_to = Some(at("2026-10-10T00:00:00Z")));
    f.plan("b", "db", "0 2 * * *", |p| p.effective_from = at("2026-10-12T00:00:00Z"));
    let v = f.judge();
    let r = v.is("COV-01", "db", State::Fail);
    assert!(r.detail.contains("2026-10-10T00:00:00Z to 2026-10-12T00:00:00Z"), "{}", r.detail);
    assert!(!r.waived);
    f.plans[1].enabled = false;
    f.judge().is("COV-01", "db", State::Fail);
    f.plans[1].enabled = true;
    f.plans[1].effective_from = at("2026-10-10T00:00:00Z");
    f.judge().is("COV-01", "db", State::Pass);
}

#[test]
fn only_the_whole_hole_can_be_waived() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f.plan("a", "db", "0 2 * * *", |p| p.effective_to = Some(at("2026-10-30T00:00:00Z")));
    f.exception("E1", "db", "COV-01", "2026-10-31T00:00:00Z", "2026-12-01T00:00:00Z");
    assert!(!f.judge().is("COV-01", "db", State::Fail).waived);
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f.plan("a", "db", "0 2 * * *", |p| p.effective_to = Some(at("2026-10-30T00:00:00Z")));
    f.exception("E1", "db", "COV-01", "2026-10-30T00:00:00Z", "2026-12-01T00:00:00Z");
    assert!(f.judge().is("COV-01", "db", State::Fail).waived);
}

#[test]
fn a_plan_that_the_platform_showed_in_the_hole_makes_it_doubtful() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f.plan("a", "db", "0 2 * * *", |p| p.effective_to = Some(at("2026-10-10T00:00:00Z")));
    f.row(Row::Plan(ObservedPlan {
        plan_id: "schedule-1".into(),
        resource: Some("runs:db".into()),
        component: None,
        schedule: None,
        timezone: None,
        retention_s: None,
        retention_count: None,
        enabled: Some(true),
        observed_at: at("2026-10-20T00:00:00Z"),
        origin: origin("runs", "log", "p", at("2026-10-20T00:00:00Z")),
    }));
    has_reason(f.judge().is("COV-01", "db", State::NoEvidence), "plan_history_incomplete");
    // Job records fill the time between what the platform showed, and only without a hole of their own.
    let ran = |without: &[u32]| {
        let mut f = f.clone();
        for day in (9..=31).filter(|d| !without.contains(d)) {
            f.run("db", &format!("2026-10-{day:02}T02:00:00Z"), RunStatus::Success, plain());
        }
        f.run("db", "2026-11-01T02:00:00Z", RunStatus::Failed, plain());
        f.judge().of("COV-01", "db").clone()
    };
    let whole = ran(&[]);
    assert_eq!(whole.state, State::Pass, "{}", whole.detail);
    has_reason(&whole, "shown_by_runs");
    assert_eq!(ran(&[15, 16]).state, State::NoEvidence);
    // Runs alone, of a plan that nothing shows, fill no hole.
    let mut unseen = f.clone();
    unseen.rows.clear();
    for day in 9..=31 {
        unseen.run("db", &format!("2026-10-{day:02}T02:00:00Z"), RunStatus::Success, plain());
    }
    has_reason(unseen.judge().is("COV-01", "db", State::Fail), "hole");
}

#[test]
fn a_plan_covers_a_system_only_while_its_selection_held() {
    // The tag that selected it was taken off on the 10th and set again on the 12th: two versions.
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f.plan("tagged", "db", "0 2 * * *", |p| p.effective_to = Some(at("2026-10-10T00:00:00Z")));
    f.plan("tagged", "db", "0 2 * * *", |p| (p.version, p.effective_from) = (2, at("2026-10-12T00:00:00Z")));
    let v = f.judge();
    let r = v.is("COV-01", "db", State::Fail);
    assert!(r.detail.contains("2026-10-10T00:00:00Z to 2026-10-12T00:00:00Z"), "{}", r.detail);
}

#[test]
fn provider_managed_and_young_systems_are_judged_as_what_they_are() {
    let mut f = Fixture::new("2026-10");
    f.system("saas", |s| s.provider_managed_backup = Some(true));
    f.system("new", |s| s.onboarded_at = at("2026-10-15T00:00:00Z"));
    f.plan("a", "new", "0 2 * * *", |p| p.effective_from = at("2026-10-15T00:00:00Z"));
    let v = f.judge();
    has_reason(v.is("COV-01", "saas", State::NotApplicable), "provider_managed");
    v.is("COV-01", "new", State::Pass);
}

const HEAD: &str = "review_id,kind,performed_at,performer,performer_role,scope,inputs,signed_off_by\n";
const INPUTS: &str = "inventory 2026-05;classification policy 3;retention policy 2";

fn reviewed(when: &str, role: &str, scope: &str, inputs: &str) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f.register("reviews", &format!("{HEAD}R1,coverage_retention,{when},ida,{role},{scope},{inputs},olga\n"));
    f
}

#[test]
fn a_review_in_time_by_the_right_role_on_the_right_inputs_passes() {
    let role = "security_compliance";
    reviewed("2026-05-01T09:00:00Z", role, "db", INPUTS).judge().is("COV-02", "organization", State::Pass);
    reviewed("2026-05-01T09:00:00Z", role, "*", INPUTS).judge().is("COV-02", "organization", State::Pass);
    for (f, reason) in [
        (reviewed("2025-11-04T09:00:00Z", role, "*", INPUTS), "overdue"),
        (reviewed("2026-05-01T09:00:00Z", "engineering_operations", "*", INPUTS), "wrong_role"),
        (reviewed("2026-05-01T09:00:00Z", role, "other", INPUTS), "system_left_out"),
        (reviewed("2026-05-01T09:00:00Z", role, "*", "inventory"), "inputs_missing"),
    ] {
        has_reason(f.judge().is("COV-02", "organization", State::Fail), reason);
    }
}

#[test]
fn a_due_day_passes_and_29_february_falls_back() {
    let role = "security_compliance";
    // Read as 6 November 2026 begins: due that day, overdue the day after.
    reviewed("2025-11-06T09:00:00Z", role, "*", INPUTS).judge().is("COV-02", "organization", State::Pass);
    let leap = |as_of: &str| {
        let mut f = Fixture::new("2025-02");
        f.as_of(as_of).system("db", |s| s.onboarded_at = at("2023-01-01T00:00:00Z"));
        f.register(
            "reviews",
            &format!("{HEAD}R1,coverage_retention,2024-02-29T09:00:00Z,ida,{role},*,{INPUTS},olga\n"),
        );
        f.judge().of("COV-02", "organization").state
    };
    assert_eq!(leap("2025-02-28T23:00:00Z"), State::Pass);
    assert_eq!(leap("2025-03-01T00:00:00Z"), State::Fail);
}

#[test]
fn no_review_is_missing_late_or_not_yet_due() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    has_reason(f.judge().is("COV-02", "organization", State::NoEvidence), "register_not_given");
    f.register("reviews", HEAD);
    has_reason(f.judge().is("COV-02", "organization", State::Fail), "review_missing");
    f.judge().is("COV-03", "organization", State::NoEvidence);
    f.systems[0].onboarded_at = at("2026-03-01T00:00:00Z");
    has_reason(f.judge().is("COV-02", "organization", State::NotApplicable), "not_yet_due");
}

#[test]
fn what_is_new_or_changed_is_in_the_next_review() {
    let mut f = Fixture::new("2026-10");
    f.system("old", plain());
    f.system("new", |s| s.onboarded_at = at("2026-02-01T00:00:00Z"));
    f.system("late", |s| s.onboarded_at = at("2026-06-01T00:00:00Z"));
    let role = "security_compliance";
    f.register(
        "reviews",
        &format!(
            "{HEAD}R1,coverage_retention,2025-05-01T09:00:00Z,ida,{role},*,{INPUTS},olga\n\
             R2,coverage_retention,2026-05-01T09:00:00Z,ida,{role},old,{INPUTS},olga\n"
        ),
    );
    f.register("changes", "change_id,system_ids,significant,completed_at\nC1,old,true,2026-03-01T00:00:00Z\n");
    let v = f.judge();
    has_reason(v.is("COV-03", "new", State::Fail), "left_out");
    assert!(v.is("COV-03", "old", State::Pass).detail.contains("C1"));
    // Onboarded after the last review: not in it, and not due.
    assert_eq!(v.all("COV-03").len(), 2);
}
