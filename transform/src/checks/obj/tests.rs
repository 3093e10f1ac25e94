//! Edge cases of OBJ in `controls/checks.toml`.

use model::assessment::State::{Fail, NoEvidence, NotApplicable, Pass};
use model::policy::Setting;
use model::rows::TestResult::Success;

use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;
use crate::testing::{Fixture, at, has_reason, plain};

/// Examples asserted below: the data give none.
pub(crate) const EXAMPLES: &[(&str, usize)] = &[];

fn whole(o: &mut model::inventory::Objective) {
    o.system_id = Some("db".to_owned());
    (o.rto_s, o.rpo_s) = (Some(7200), Some(900));
    o.document_ref = Some("OBJ-DOC".to_owned());
    (o.agreed_by_owner, o.agreed_by_operations) = (Some("olga".to_owned()), Some("erik".to_owned()));
    (o.approved_by, o.approved_at) = (Some("paula".to_owned()), Some(at("2026-01-01T00:00:00Z")));
    o.effective_from = Some(at("2026-02-01T00:00:00Z"));
}

fn with(change: impl FnOnce(&mut model::inventory::Objective)) -> Fixture {
    let mut f = Fixture::new("2026-05");
    f.system("db", |s| s.tier = None).role("policy_owner", "paula").role("engineering_operations", "erik");
    f.objective("own", |o| {
        whole(o);
        change(o);
    });
    f
}

#[test]
fn obj_01_an_objective_is_in_force_throughout() {
    assert!(with(|_| {}).judge().is("OBJ-01", "db", Pass).reasons.is_empty());
    has_reason(with(|o| o.rto_s = None).judge().is("OBJ-01", "db", Fail), "rto_missing");
    has_reason(with(|o| o.rpo_s = None).judge().is("OBJ-01", "db", Fail), "rpo_missing");
    has_reason(with(|o| o.rpo_applicable = false).judge().is("OBJ-01", "db", Fail), "rpo_reason_missing");
    has_reason(with(|o| o.document_ref = None).judge().is("OBJ-01", "db", Fail), "document_missing");
    let ends = with(|o| o.effective_to = Some(at("2026-05-20T00:00:00Z"))).judge();
    assert!(ends.is("OBJ-01", "db", Fail).detail.contains("2026-05-20"));
    let starts = with(|o| o.effective_from = Some(at("2026-05-20T00:00:00Z"))).judge();
    starts.is("OBJ-01", "db", Fail);
}

#[test]
fn obj_01_tiers_of_the_policy_are_examples_to_confirm() {
    let mut f = Fixture::new("2026-05");
    f.system("db", plain());
    let verdicts = f.judge();
    has_reason(verdicts.is("OBJ-01", "db", Pass), "policy_example_to_confirm");
    has_reason(verdicts.is("OBJ-01", "tier:critical_online_services", Pass), "policy_example_to_confirm");
    f.systems[0].tier = Some("gold".to_owned());
    has_reason(f.judge().is("OBJ-01", "db", NoEvidence), "unknown_tier");
    f.systems.clear();
    f.judge().is("OBJ-01", "organization", NotApplicable);
}

#[test]
fn obj_02_agreed_and_approved_in_time() {
    with(|_| {}).judge().is("OBJ-02", "own", Pass);
    has_reason(with(|o| o.agreed_by_owner = None).judge().is("OBJ-02", "own", Fail), "owner_missing");
    let late = with(|o| o.approved_at = Some(at("2026-03-01T00:00:00Z"))).judge();
    has_reason(late.is("OBJ-02", "own", Fail), "approved_late");
    let other = with(|o| o.approved_by = Some("erik".to_owned())).judge();
    has_reason(other.is("OBJ-02", "own", Fail), "not_the_policy_owner");
    let silent = with(|o| {
        (o.agreed_by_owner, o.agreed_by_operations, o.approved_by, o.approved_at) = (None, None, None, None);
    });
    silent.judge().is("OBJ-02", "own", NoEvidence);
    let mut signed = silent.clone();
    signed.role("system_owner", "olga").register(
        "approvals",
        "approval_id,subject_kind,subject_ref,role,approver,approved_at\n\
         1,objective,own,system_owner,olga,2026-01-01T00:00:00Z\n\
         2,objective,own,engineering_operations,erik,2026-01-01T00:00:00Z\n\
         3,objective,own,policy_owner,paula,2026-01-02T00:00:00Z\n",
    );
    signed.judge().is("OBJ-02", "own", Pass);
}

#[test]
fn obj_03_values_are_coherent() {
    let mut f = with(|_| {});
    f.judge().is("OBJ-03", "own", NoEvidence);
    f.plan("daily", "db", "0 2 * * *", plain());
    has_reason(f.judge().is("OBJ-03", "own", Fail), "no_shorter_plan");
    f.plan("logs", "db", "continuous", plain());
    f.judge().is("OBJ-03", "own", Pass);
    f.objectives[0].rto_low_s = Some(7200);
    has_reason(f.judge().is("OBJ-03", "own", Fail), "range_reversed");
    // Billing: slow to return, little loss. Coherent, though support returns sooner.
    let mut f = Fixture::new("2026-05");
    f.system("db", |s| s.tier = Some("billing_systems".to_owned())).plan("logs", "db", "continuous", plain());
    f.judge().is("OBJ-03", "tier:billing_systems", Pass);
    f.objective("loose", |o| {
        (o.tier, o.rto_s, o.rpo_s) = (Some("billing_systems".to_owned()), Some(172_800), Some(7_200));
    });
    has_reason(f.judge().is("OBJ-03", "loose", Fail), "looser_than_less_critical");
}

#[test]
fn obj_04_reviews_name_every_test_and_answer_misses() {
    let build = |inputs: &str, performed: &str, action: bool| {
        let mut f = Fixture::new("2026-Q2");
        f.system("db", plain()).tests_given();
        f.test("T1", "db", "2026-05-01T10:00:00Z", "2026-05-01T14:00:00Z", Success, |t| {
            t.service_ready_at = t.ended_at
        });
        f.register(
            "reviews",
            &format!("review_id,kind,performed_at,scope,inputs\nR1,objective_performance,{performed},*,{inputs}\n"),
        );
        let row = if action { "A1,test,T1,2026-05-02T00:00:00Z\n" } else { "" };
        f.register("actions", &format!("action_id,origin_kind,origin_ref,opened_at\n{row}"));
        f.judge()
    };
    let june = "2026-06-20T00:00:00Z";
    build("T1 sha256:ab", june, true).is("OBJ-04", "organization", Pass);
    has_reason(build("T11", june, true).is("OBJ-04", "organization", Fail), "tests_left_out");
    has_reason(build("T1", june, false).is("OBJ-04", "organization", Fail), "miss_without_action");
    has_reason(build("T1", "2026-03-20T00:00:00Z", true).is("OBJ-04", "organization", Fail), "review_late");
    let mut f = Fixture::new("2026-Q2");
    f.system("db", plain()).tests_given();
    has_reason(f.judge().is("OBJ-04", "organization", NoEvidence), "register_not_given");
    f.register("reviews", "review_id,kind,performed_at,scope,inputs\n");
    f.judge().is("OBJ-04", "organization", NotApplicable);
}

pub(crate) const EDGES: &[Edge] = &[
    ("OBJ-01", "Appendix A is titled examples", By(obj_01_tiers_of_the_policy_are_examples_to_confirm)),
    ("OBJ-01", "Objectives stated in days", By(obj_01_days_are_hours_of_elapsed_time)),
    ("OBJ-01", "A range needs both ends", By(obj_01_the_upper_end_of_a_range_is_the_objective)),
    ("OBJ-02", "For tier objectives", By(obj_02_the_owners_of_all_its_systems_sign_a_tier)),
    ("OBJ-03", "Billing with 2 days", By(obj_03_values_are_coherent)),
    ("OBJ-03", "Order of tiers is declared", By(obj_03_a_tier_without_an_order_is_compared_with_none)),
    ("OBJ-04", "The policy says periodic", By(obj_04_reviews_are_quarterly_by_default)),
];

#[test]
fn obj_01_days_are_hours_of_elapsed_time() {
    let policy = Fixture::new("2026-05").policy;
    for tier in &policy.tiers {
        let Some((days, _)) = tier.rto_text.split_once(" day") else { continue };
        assert_eq!(tier.rto_s, days.parse::<i64>().expect("days") * 24 * 3600, "{}", tier.id);
    }
    let span: model::time::Span = "P2D".parse().expect("a span");
    assert_eq!(span.elapsed(), Some(48 * 3600));
}

#[test]
fn obj_01_the_upper_end_of_a_range_is_the_objective() {
    let range = |low: Option<i64>, high: Option<i64>| {
        let mut f = with(|o| (o.rto_low_s, o.rto_s) = (low, high));
        f.tests_given().test("T1", "db", "2026-05-01T10:00:00Z", "2026-05-02T16:00:00Z", Success, |t| {
            t.service_ready_at = t.ended_at;
        });
        f.judge()
    };
    let (day, two) = (Some(86_400), Some(172_800));
    let v = range(day, two);
    v.is("OBJ-01", "db", Pass);
    has_reason(v.is("RST-05", "T1", Pass), "within_range");
    has_reason(range(day, None).is("OBJ-01", "db", Fail), "rto_missing");
    range(None, day).is("RST-05", "T1", Fail);
}

#[test]
fn obj_02_the_owners_of_all_its_systems_sign_a_tier() {
    let signed = |owners: &[&str]| {
        let mut f = with(|o| {
            (o.system_id, o.tier, o.agreed_by_owner) = (None, Some("gold".to_owned()), None);
        });
        f.systems.clear();
        f.system("db", |s| s.tier = Some("gold".to_owned()));
        f.system("web", |s| (s.tier, s.owner) = (Some("gold".to_owned()), Some("otto".to_owned())));
        f.role("system_owner", "olga").role("system_owner", "otto");
        f.register("approvals", "approval_id,subject_kind,subject_ref,role,approver,approved_at\n");
        for owner in owners {
            f.register(
                "approvals",
                &format!(
                    "approval_id,subject_kind,subject_ref,role,approver,approved_at\n\
                     {owner},objective,gold,system_owner,{owner},2026-01-01T00:00:00Z\n"
                ),
            );
        }
        f.judge().of("OBJ-02", "own").clone()
    };
    assert_eq!(signed(&["olga", "otto"]).state, Pass, "{}", signed(&["olga", "otto"]).detail);
    let one = signed(&["olga"]);
    has_reason(&one, "owner_missing");
    assert!(one.detail.contains("owner of web") && !one.detail.contains("db"), "{}", one.detail);
    has_reason(&signed(&[]), "owner_missing");
}

#[test]
fn obj_02_a_system_with_an_objective_of_its_own_needs_no_signature_for_the_tier() {
    let mut f = with(|o| (o.system_id, o.tier) = (None, Some("gold".to_owned())));
    f.role("system_owner", "olga").role("system_owner", "otto");
    f.systems.clear();
    f.system("db", |s| s.tier = Some("gold".to_owned()));
    f.system("web", |s| (s.tier, s.owner) = (Some("gold".to_owned()), Some("otto".to_owned())));
    f.judge().is("OBJ-02", "own", Fail);
    f.objective("of-web", |o| {
        whole(o);
        o.system_id = Some("web".to_owned());
    });
    f.judge().is("OBJ-02", "own", Pass);
}

#[test]
fn obj_03_a_tier_without_an_order_is_compared_with_none() {
    let looser = |tier: &str| {
        let mut f = Fixture::new("2026-05");
        f.system("db", |s| s.tier = Some(tier.to_owned())).plan("logs", "db", "continuous", plain());
        f.objective("loose", |o| (o.tier, o.rto_s, o.rpo_s) = (Some(tier.to_owned()), Some(999_999), Some(7_200)));
        f.judge().of("OBJ-03", "loose").state
    };
    assert_eq!(looser("critical_online_services"), Fail);
    assert_eq!(looser("gold"), Pass, "the policy gives it no place in its order");
}

#[test]
fn obj_04_reviews_are_quarterly_by_default() {
    let judge = |performed: &str, cadence: Option<&str>| {
        let mut f = Fixture::new("2026-Q2");
        f.system("db", plain()).tests_given();
        f.test("T1", "db", "2026-05-01T10:00:00Z", "2026-05-01T14:00:00Z", Success, plain());
        f.register(
            "reviews",
            &format!("review_id,kind,performed_at,scope,inputs\nR1,objective_performance,{performed},*,none\n"),
        );
        if let Some(span) = cadence {
            f.parameter("objective_review_cadence", Setting::Span(span.parse().expect("a span")));
        }
        f.judge().of("OBJ-04", "organization").clone()
    };
    // It is judged on the sixth of July.
    assert_eq!(judge("2026-04-06T00:00:00Z", None).state, Pass);
    has_reason(&judge("2026-04-05T00:00:00Z", None), "review_late");
    assert_eq!(judge("2026-04-05T00:00:00Z", Some("P4M")).state, Pass);
    assert_eq!(judge("2026-04-05T00:00:00Z", None).parameters[0].origin, "default");
}
