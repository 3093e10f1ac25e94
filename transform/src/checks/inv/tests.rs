//! INV-01 to INV-07: the edge cases of `controls/checks.toml`.

use model::assessment::State;
use model::inventory::{Environment, SystemKind};
use model::rows::{Component, DiscoveredAsset, Row, RunStatus};
use model::time::Instant;

use crate::testing::{Fixture, at, has_reason, origin, plain};

mod edges;

pub(crate) use edges::EDGES;

fn fixture() -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", |s| s.reviewed_at = Some(at("2026-09-01T00:00:00Z")));
    f
}

fn asset(f: &mut Fixture, id: &str, first: &str, last: &str, change: impl FnOnce(&mut DiscoveredAsset)) {
    let seen: Instant = at(last);
    let mut asset = DiscoveredAsset {
        asset_id: id.into(),
        kind: "database".into(),
        platform_id: "heroku".into(),
        environment: None,
        first_seen_at: at(first),
        last_seen_at: seen,
        excluded_reason: None,
        settings: Vec::new(),
        origin: origin("heroku-postgres", "prod", id, seen),
    };
    change(&mut asset);
    f.row(Row::Asset(asset));
}

#[test]
fn a_complete_and_confirmed_row_passes() {
    fixture().judge().is("INV-01", "db", State::Pass);
}

#[test]
fn empty_fields_and_unknown_tiers_fail() {
    let mut f = fixture();
    f.system("bare", |s| {
        s.owner = Some(" ".into());
        s.tier = None;
        s.reviewed_at = Some(at("2026-09-01T00:00:00Z"));
    });
    f.system("odd", |s| {
        s.tier = Some("platinum".into());
        s.reviewed_at = Some(at("2025-09-01T00:00:00Z"));
    });
    let v = f.judge();
    let r = v.is("INV-01", "bare", State::Fail);
    assert!(r.detail.contains("owner, tier"), "{}", r.detail);
    let r = v.is("INV-01", "odd", State::Fail);
    has_reason(r, "unknown_tier");
    has_reason(r, "not_confirmed");
}

#[test]
fn an_inventory_without_a_row_in_scope_fails_as_a_whole() {
    let mut f = Fixture::new("2026-10");
    f.system("db", |s| s.in_scope = false);
    has_reason(f.judge().is("INV-01", "organization", State::Fail), "no_row_in_scope");
}

#[test]
fn two_rows_with_one_id_fail_once() {
    let mut f = fixture();
    f.system("db", |s| {
        s.resources.clear();
        s.reviewed_at = Some(at("2026-09-01T00:00:00Z"));
    });
    let v = f.judge();
    has_reason(v.is("INV-01", "db", State::Fail), "duplicate_id");
    assert_eq!(v.all("INV-01").len(), 1);
}

#[test]
fn a_later_confirmation_says_nothing_about_the_period_and_later_rows_are_left_out() {
    let mut f = fixture();
    f.system("new", |s| {
        s.onboarded_at = at("2026-10-20T00:00:00Z");
        s.reviewed_at = Some(at("2026-11-03T00:00:00Z"));
    });
    f.system("later", |s| s.onboarded_at = at("2026-11-02T00:00:00Z"));
    f.system("gone", |s| s.retired_at = Some(at("2026-10-15T00:00:00Z")));
    let v = f.judge();
    has_reason(v.is("INV-01", "new", State::NoEvidence), "late_addition");
    let units: Vec<&str> = v.all("INV-01").iter().map(|r| r.unit.as_str()).collect();
    assert_eq!(units, ["db", "new"]);
}

#[test]
fn an_unmatched_asset_fails_after_the_grace_only_where_it_was_seen_that_long() {
    let mut f = fixture();
    asset(&mut f, "heroku-postgres:a/old", "2026-10-01T00:00:00Z", "2026-10-20T00:00:00Z", |a| {
        a.environment = Some("test".into());
    });
    asset(&mut f, "heroku-postgres:a/young", "2026-10-28T00:00:00Z", "2026-11-05T00:00:00Z", |_| {});
    asset(&mut f, "heroku-postgres:a/once", "2026-10-02T00:00:00Z", "2026-10-02T00:00:00Z", |_| {});
    asset(&mut f, "heroku-postgres:a/before", "2026-08-02T00:00:00Z", "2026-09-20T00:00:00Z", |_| {});
    let v = f.judge();
    let r = v.is("INV-02", "heroku-postgres:a/old", State::Fail);
    has_reason(r, "unregistered");
    assert!(r.detail.contains("environment test"), "{}", r.detail);
    has_reason(v.is("INV-02", "heroku-postgres:a/young", State::NotApplicable), "not_yet_due");
    has_reason(v.is("INV-02", "heroku-postgres:a/once", State::NoEvidence), "not_seen_again");
    assert!(!v.all("INV-02").iter().any(|r| r.unit.ends_with("before")));
    // A later listing without it shows that it did not live long.
    f.collection("heroku-postgres", "prod", |c| {
        c.counts.insert("discovered_assets".into(), 3);
    });
    let v = f.judge();
    has_reason(v.is("INV-02", "heroku-postgres:a/once", State::NotApplicable), "short_lived");
}

#[test]
fn one_asset_read_twice_is_judged_once_from_its_first_sight() {
    let mut f = fixture();
    for last in ["2026-10-03T00:00:00Z", "2026-10-25T00:00:00Z"] {
        asset(&mut f, "heroku-postgres:a/x", last, last, |_| {});
    }
    let v = f.judge();
    v.is("INV-02", "heroku-postgres:a/x", State::Fail);
    assert_eq!(v.all("INV-02").iter().filter(|r| r.unit == "heroku-postgres:a/x").count(), 1);
}

#[test]
fn matched_and_excluded_assets_pass() {
    let mut f = fixture();
    f.system("shop", |s| s.resources = vec!["rds:arn:aws:rds:eu:1:db:shop".into()]);
    asset(&mut f, "aws-backup:arn:aws:rds:eu:1:db:shop", "2026-10-01T00:00:00Z", "2026-10-20T00:00:00Z", |_| {});
    asset(&mut f, "heroku-postgres:a/scratch", "2026-10-01T00:00:00Z", "2026-10-20T00:00:00Z", |_| {});
    f.register(
        "asset_exclusions",
        "asset_id,excluded_reason,approved_by,at\nheroku-postgres:a/scratch,holds no data,paula,2026-09-01T00:00:00Z\n",
    );
    let v = f.judge();
    v.is("INV-02", "aws-backup:arn:aws:rds:eu:1:db:shop", State::Pass);
    has_reason(v.is("INV-02", "heroku-postgres:a/scratch", State::Pass), "excluded");
}

#[test]
fn what_is_backed_up_and_not_registered_is_found_through_its_backups() {
    let mut f = fixture();
    for day in ["01", "09"] {
        f.run("db", &format!("2026-10-{day}T02:00:00Z"), RunStatus::Success, |r| {
            r.system_id = None;
            r.resource = Some("pgbackrest:ghost".into());
            r.run_id = format!("g{day}");
        });
    }
    let v = f.judge();
    let r = v.is("INV-02", "pgbackrest:ghost", State::Fail);
    assert!(r.detail.contains("2 runs and recovery points"), "{}", r.detail);
}

#[test]
fn a_row_that_a_complete_listing_lacks_is_a_ghost_and_without_one_nothing_is_known() {
    let mut f = fixture();
    f.system("phantom", |s| s.resources = vec!["heroku-postgres:a/phantom".into()]);
    asset(&mut f, "heroku-postgres:a/real", "2026-10-01T00:00:00Z", "2026-10-20T00:00:00Z", |_| {});
    let v = f.judge();
    has_reason(v.is("INV-02", "heroku-postgres", State::NoEvidence), "no_discovery_source");
    f.covers_tables(&["discovered_assets"], "phantom", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z");
    let v = f.judge();
    has_reason(v.is("INV-02", "phantom", State::Fail), "ghost");
    // The other system is of a tool that lists no assets.
    v.is("INV-02", "runs", State::NoEvidence);
}

#[test]
fn owners_are_appointed_and_classes_named() {
    let mut f = fixture();
    f.system("team", |s| s.owner = Some("Payments team".into()));
    f.system("none", |s| {
        s.owner = None;
        s.data_classes.clear();
    });
    let v = f.judge();
    v.is("INV-03", "none", State::Fail);
    has_reason(v.is("INV-03", "db", State::NoEvidence), "register_not_given");
    f.role("system_owner", "olga");
    let v = f.judge();
    has_reason(v.is("INV-03", "team", State::Fail), "owner_not_appointed");
    // No table lists the classes of the policy: the check does not pass on silence.
    has_reason(v.is("INV-03", "db", State::NoEvidence), "class_list_not_given");
    f.role("system_owner", "Payments team");
    f.judge().is("INV-03", "team", State::NoEvidence);
}

#[test]
fn classes_are_those_that_the_title_of_the_classification_policy_lists() {
    let judge = |title: &str, approved: &str| {
        let mut f = fixture();
        f.role("system_owner", "olga");
        f.system("odd", |s| s.data_classes = vec!["secret".into()]);
        let header = "document_id,kind,title,version,approved_at\n";
        f.register("documents", &format!("{header}D1,policy,\"{title}\",1,{approved}\n"));
        f.judge()
    };
    let known = fixture().systems[0].data_classes.join(", ");
    let v = judge(&format!("Data Classification Policy: {known}"), "2026-02-01T00:00:00Z");
    v.is("INV-03", "db", State::Pass);
    has_reason(v.is("INV-03", "odd", State::Fail), "class_unknown");
    for (title, approved) in [
        ("Data Classification Policy", "2026-02-01T00:00:00Z"),
        ("Data Classification Policy: customer", ""),
        ("Data Retention Policy: customer", "2026-02-01T00:00:00Z"),
    ] {
        has_reason(judge(title, approved).is("INV-03", "db", State::NoEvidence), "class_list_not_given");
    }
}

#[test]
fn a_production_system_out_of_scope_needs_reason_and_approval_before_the_period() {
    let approvals = "approval_id,subject_kind,subject_ref,role,approver,approved_at\n";
    let judge = |reason: Option<&str>, when: Option<&str>, approver: &str| {
        let mut f = fixture();
        f.system("cache", |s| {
            s.in_scope = false;
            s.scope_reason = reason.map(str::to_owned);
        });
        let line = when.map_or_else(String::new, |w| format!("A1,scope_exclusion,cache,policy_owner,{approver},{w}\n"));
        f.register("approvals", &format!("{approvals}{line}"));
        f.role("policy_owner", "paula");
        f.judge().of("INV-04", "cache").clone()
    };
    let reason = Some("rebuilt from billing-db");
    assert_eq!(judge(reason, Some("2026-09-01T00:00:00Z"), "paula").state, State::Pass);
    has_reason(&judge(None, Some("2026-09-01T00:00:00Z"), "paula"), "reason_missing");
    has_reason(&judge(reason, None, "paula"), "approval_missing");
    has_reason(&judge(reason, Some("2026-10-09T00:00:00Z"), "paula"), "approved_late");
    has_reason(&judge(reason, Some("2026-09-01T00:00:00Z"), "ben"), "not_approved_by_policy_owner");
    has_reason(fixture().judge().is("INV-04", "organization", State::NotApplicable), "none_left_out");
    let mut f = fixture();
    f.system("test", |s| {
        s.in_scope = false;
        s.environment = Environment::NonProduction;
    });
    f.judge().is("INV-04", "organization", State::NotApplicable);
}

fn onboarded(taken: Option<&str>, plan_from: &str) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("new", |s| s.onboarded_at = at("2026-10-10T00:00:00Z"));
    f.plan("daily", "new", "0 2 * * *", |p| p.effective_from = at(plan_from));
    f.register("changes", "change_id,system_ids,significant,completed_at\n");
    if let Some(taken) = taken {
        f.point("new", taken, plain());
    }
    f
}

#[test]
fn a_new_system_is_protected_within_its_time() {
    let start = "2026-10-10T00:00:00Z";
    onboarded(Some("2026-10-10T20:00:00Z"), start).judge().is("INV-05", "new", State::Pass);
    // Taken before go-live, as the remedy asks.
    onboarded(Some("2026-10-09T20:00:00Z"), start).judge().is("INV-05", "new", State::Pass);
    let mut f = onboarded(Some("2026-10-11T02:00:00Z"), start);
    has_reason(f.judge().is("INV-05", "new", State::NoEvidence), "not_covered");
    f.covers("new", start, "2026-11-01T00:00:00Z");
    has_reason(f.judge().is("INV-05", "new", State::Fail), "point_late");
    let f = onboarded(Some("2026-10-10T20:00:00Z"), "2026-10-10T06:00:00Z");
    has_reason(f.judge().is("INV-05", "new", State::Fail), "plan_late");
}

#[test]
fn near_the_end_of_evidence_the_first_point_is_not_yet_due() {
    let mut f = Fixture::new("2026-10");
    f.as_of("2026-10-10T12:00:00Z").system("new", |s| s.onboarded_at = at("2026-10-10T00:00:00Z"));
    has_reason(f.judge().is("INV-05", "new", State::NotApplicable), "not_yet_due");
}

#[test]
fn a_system_in_service_before_its_row_is_dated_by_its_asset() {
    let mut f = onboarded(Some("2026-10-10T20:00:00Z"), "2026-10-10T00:00:00Z");
    f.systems[0].resources = vec!["heroku-postgres:a/new".into()];
    asset(&mut f, "heroku-postgres:a/new", "2026-10-02T00:00:00Z", "2026-10-20T00:00:00Z", |_| {});
    let v = f.judge();
    let r = v.is("INV-05", "new", State::Fail);
    has_reason(r, "dated_by_asset");
    has_reason(r, "plan_late");
}

#[test]
fn a_significant_change_needs_a_confirmed_plan_and_a_point_after_it() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
    f.register("changes", "change_id,system_ids,significant,completed_at\nC1,db,true,2026-10-10T00:00:00Z\nC2,db,false,2026-10-12T00:00:00Z\n");
    f.point("db", "2026-10-10T02:00:00Z", plain());
    has_reason(f.judge().is("INV-05", "db/C1", State::NoEvidence), "register_not_given");
    f.register("approvals", "approval_id,subject_kind,subject_ref,role,approver,approved_at\n");
    has_reason(f.judge().is("INV-05", "db/C1", State::Fail), "plan_late");
    f.plans[0].approved_at = Some(at("2026-10-10T08:00:00Z"));
    let v = f.judge();
    v.is("INV-05", "db/C1", State::Pass);
    assert_eq!(v.all("INV-05").len(), 1);
}

#[test]
fn without_the_register_of_changes_they_are_not_known() {
    has_reason(fixture().judge().is("INV-05", "organization", State::NoEvidence), "register_not_given");
}

#[test]
fn platforms_and_locations_of_plans_are_registered() {
    let mut f = fixture();
    f.plan("daily", "db", "0 2 * * *", |p| {
        p.platform_id = Some("pgbackrest".into());
        p.location_id = Some("s3:backups".into());
        p.copy_location_ids = vec!["s3:copies".into()];
    });
    let v = f.judge();
    has_reason(v.is("INV-06", "pgbackrest", State::Fail), "platform_not_registered");
    v.is("INV-06", "s3:backups", State::NoEvidence);
    f.system("backup", |s| {
        s.kind = SystemKind::BackupPlatform;
        s.platform_id = Some("pgbackrest".into());
    });
    f.system("vault", |s| {
        s.platform_id = Some("s3:copies".into());
        s.provider_managed_backup = Some(true);
    });
    f.register("storage_locations", "location_id,platform_id\nother,s3\n");
    let v = f.judge();
    v.is("INV-06", "pgbackrest", State::Pass);
    has_reason(v.is("INV-06", "s3:backups", State::Fail), "location_not_registered");
    v.is("INV-06", "s3:copies", State::Pass);
    has_reason(fixture().judge().is("INV-06", "organization", State::NotApplicable), "no_enabled_plan");
}

#[test]
fn control_systems_are_backed_up_with_care() {
    let mut f = fixture();
    f.judge().is("INV-07", "organization", State::NotApplicable);
    f.system("plc", |s| {
        s.kind = SystemKind::ControlSystem;
        s.required_components = vec![Component::Config];
    });
    has_reason(f.judge().is("INV-07", "plc", State::NoEvidence), "iacs_not_set");
    f.systems[1].iacs = Some(true);
    let v = f.judge();
    let r = v.is("INV-07", "plc", State::Fail);
    has_reason(r, "no_plan");
    has_reason(r, "components_missing");
    f.plan("weekly", "plc", "0 2 * * 0", plain());
    f.systems[1].required_components.push(Component::Full);
    has_reason(f.judge().is("INV-07", "plc", State::NoEvidence), "register_not_given");
    f.register("documents", "document_id,kind,version,system_ids,approved_at\n");
    has_reason(f.judge().is("INV-07", "plc", State::Fail), "document_missing");
    f.register(
        "documents",
        "document_id,kind,version,system_ids,approved_at\nD1,recovery_procedure,1,plc,2026-01-01T00:00:00Z\n",
    );
    f.judge().is("INV-07", "plc", State::Pass);
}
