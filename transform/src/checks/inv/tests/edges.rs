//! The edge cases of INV in `controls/checks.toml`.

use model::assessment::State;
use model::evidence::Covers;
use model::inventory::{Environment, SystemKind};
use model::rows::{Component, RunStatus};

use super::super::super::edges::Edge;
use super::super::super::edges::Shown::By;
use super::{asset, fixture, onboarded};
use crate::testing::{Fixture, at, has_reason, plain};

/// Edge cases shown here and in the tests beside.
pub(crate) const EDGES: &[Edge] = &[
    ("INV-01", "An inventory with no", By(super::an_inventory_without_a_row_in_scope_fails_as_a_whole)),
    ("INV-01", "Two rows", By(super::two_rows_with_one_id_fail_once)),
    (
        "INV-01",
        "A row added",
        By(super::a_later_confirmation_says_nothing_about_the_period_and_later_rows_are_left_out),
    ),
    ("INV-01", "A tier that", By(an_unknown_tier_fails_its_row_and_leaves_the_objectives_open)),
    ("INV-02", "A listing that covers", By(a_listing_of_one_account_proves_that_account)),
    (
        "INV-02",
        "Short-lived assets",
        By(super::an_unmatched_asset_fails_after_the_grace_only_where_it_was_seen_that_long),
    ),
    ("INV-02", "A renamed asset", By(super::one_asset_read_twice_is_judged_once_from_its_first_sight)),
    ("INV-02", "Tags such as", By(super::an_unmatched_asset_fails_after_the_grace_only_where_it_was_seen_that_long)),
    ("INV-03", "Classes are those", By(super::classes_are_those_that_the_title_of_the_classification_policy_lists)),
    ("INV-03", "A team name", By(super::owners_are_appointed_and_classes_named)),
    ("INV-03", "A change of owner", By(a_change_of_owner_may_leave_a_day_between)),
    ("INV-04", "Data that can be", By(a_reason_that_data_can_be_rebuilt_names_their_source)),
    ("INV-04", "A system that holds", By(a_production_system_is_one_whatever_its_name)),
    ("INV-05", "Onboarded near", By(super::near_the_end_of_evidence_the_first_point_is_not_yet_due)),
    ("INV-05", "A migration", By(super::a_significant_change_needs_a_confirmed_plan_and_a_point_after_it)),
    ("INV-05", "A restore into", By(a_restore_into_a_new_id_is_an_onboarding_of_that_id)),
    ("INV-05", "A system put", By(super::a_system_in_service_before_its_row_is_dated_by_its_asset)),
    ("INV-06", "Provider-run storage", By(super::platforms_and_locations_of_plans_are_registered)),
    ("INV-07", "Controllers often", By(a_controller_is_backed_up_on_change_and_shown_unchanged_since)),
];

#[test]
fn an_unknown_tier_fails_its_row_and_leaves_the_objectives_open() {
    let mut f = fixture();
    f.system("odd", |s| {
        (s.tier, s.reviewed_at) = (Some("platinum".into()), Some(at("2026-09-01T00:00:00Z")));
    });
    let v = f.judge();
    assert_eq!(v.is("INV-01", "odd", State::Fail).reasons, ["unknown_tier"]);
    for check in ["OBJ-01", "FRQ-04", "FRQ-05"] {
        v.is(check, "odd", State::NoEvidence);
    }
}

#[test]
fn a_listing_of_one_account_proves_that_account() {
    let mut f = Fixture::new("2026-10");
    for id in ["mine", "theirs"] {
        f.system(id, |s| s.resources = vec![format!("heroku-postgres:{id}/db")]);
    }
    asset(&mut f, "heroku-postgres:mine/other", "2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z", |_| {});
    f.collection("heroku-postgres", "prod", |run| {
        run.covers.push(Covers {
            resources: vec!["heroku-postgres:mine/".into()],
            systems: vec!["*".into()],
            from: at("2026-10-01T00:00:00Z"),
            to: None,
            complete: true,
            tables: vec!["discovered_assets".into()],
            gaps: Vec::new(),
        });
    });
    let v = f.judge();
    has_reason(v.is("INV-02", "mine", State::Fail), "ghost");
    let rest = v.is("INV-02", "heroku-postgres", State::NoEvidence);
    assert!(rest.detail.contains("whether theirs is everything"), "{}", rest.detail);
}

#[test]
fn a_change_of_owner_may_leave_a_day_between() {
    let with = |left: &str, came: &str| {
        let mut f = fixture();
        let document = "document_id,kind,title,version,approved_at\nD1,policy,Data Classification: customer,1,2026-02-01T00:00:00Z\n";
        f.register("documents", document);
        let rows = format!("system_owner,otto,2025-01-01T00:00:00Z,{left}\nsystem_owner,olga,{came},\n");
        f.register("role_assignments", &format!("role,person,valid_from,valid_to\n{rows}"));
        f.judge().of("INV-03", "db").clone()
    };
    assert_eq!(with("2026-10-10T00:00:00Z", "2026-10-11T00:00:00Z").state, State::Pass);
    let gap = with("2026-10-10T00:00:00Z", "2026-10-11T00:00:01Z");
    assert_eq!(gap.state, State::Fail);
    has_reason(&gap, "owner_gap");
    assert_eq!(with("2026-08-10T00:00:00Z", "2026-09-11T00:00:00Z").state, State::Pass, "before the period");
}

#[test]
fn a_reason_that_data_can_be_rebuilt_names_their_source() {
    let with = |reason: &str| {
        let mut f = fixture();
        f.system("cache", |s| (s.in_scope, s.scope_reason) = (false, Some(reason.into())));
        f.register(
            "approvals",
            "approval_id,subject_kind,subject_ref,role,approver,approved_at\n\
             A1,scope_exclusion,cache,policy_owner,paula,2026-09-01T00:00:00Z\n",
        );
        f.role("policy_owner", "paula");
        f.judge().of("INV-04", "cache").clone()
    };
    for reason in ["Rebuilt from billing-db", "Derived index of billing-db", "Holds no data at all"] {
        assert_eq!(with(reason).state, State::Pass, "{reason}");
    }
    for reason in ["A cache", "Derived index: can be recreated"] {
        let silent = with(reason);
        assert_eq!(silent.state, State::Fail, "{reason}");
        has_reason(&silent, "source_not_named");
    }
}

#[test]
fn a_production_system_is_one_whatever_its_name() {
    let with = |environment: Environment| {
        let mut f = fixture();
        f.system("test-copy", |s| {
            (s.in_scope, s.environment, s.name) = (false, environment, "Test copy of staging".into());
        });
        f.judge()
    };
    has_reason(with(Environment::Production).is("INV-04", "test-copy", State::Fail), "reason_missing");
    with(Environment::NonProduction).is("INV-04", "organization", State::NotApplicable);
}

#[test]
fn a_restore_into_a_new_id_is_an_onboarding_of_that_id() {
    // What was backed up under the old id does not protect the new one.
    let mut f = onboarded(None, "2026-10-10T00:00:00Z");
    f.system("old", |s| s.retired_at = Some(at("2026-10-10T00:00:00Z")));
    f.covers("new", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z");
    f.point("old", "2026-10-09T20:00:00Z", plain());
    let v = f.judge();
    has_reason(v.is("INV-05", "new", State::Fail), "point_late");
    assert_eq!(v.all("INV-05").len(), 1);
    f.point("new", "2026-10-10T20:00:00Z", plain());
    f.judge().is("INV-05", "new", State::Pass);
}

#[test]
fn a_controller_is_backed_up_on_change_and_shown_unchanged_since() {
    let with = |unchanged: bool| {
        let mut f = Fixture::new("2026-10");
        f.system("plc", |s| {
            (s.kind, s.iacs) = (SystemKind::ControlSystem, Some(true));
            s.required_components = vec![Component::Config, Component::Full];
        });
        f.plan("check", "plc", "0 2 * * *", plain());
        f.register(
            "documents",
            "document_id,kind,version,system_ids,approved_at\nD1,recovery_procedure,1,plc,2026-01-01T00:00:00Z\n",
        );
        f.covers("plc", "2026-09-01T00:00:00Z", "2026-11-05T00:00:00Z");
        // One backup after the change of the 10th; on every other day a look that found nothing new.
        for day in 1..=31 {
            f.run("plc", &format!("2026-10-{day:02}T02:00:00Z"), RunStatus::Success, |r| {
                (r.bytes, r.unchanged) = if day == 10 { (Some(1_000), false) } else { (Some(0), unchanged) };
            });
        }
        f.judge()
    };
    let v = with(true);
    v.is("INV-07", "plc", State::Pass);
    for (check, unit) in [("FRQ-01", "plc"), ("FRQ-02", "check"), ("CMP-02", "plc")] {
        v.is(check, unit, State::Pass);
    }
    let v = with(false);
    for (check, unit) in [("FRQ-01", "plc"), ("FRQ-02", "check")] {
        v.is(check, unit, State::Fail);
    }
}
