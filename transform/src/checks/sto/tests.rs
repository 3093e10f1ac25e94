//! STO-01 to STO-07: the edge cases of `controls/checks.toml`.

use model::assessment::State;
use model::inventory::SystemKind;
use model::rows::{Component, Integrity, Row, RunStatus, TestResult};

use super::super::edges::Edge;
use super::super::edges::Shown::{By, In, NotData};
use crate::testing::{Fixture, has_reason, plain};

/// Edge cases shown here.
pub(crate) const EDGES: &[Edge] = &[
    ("STO-01", "Recovery points found", By(only_approved_places_pass_and_approval_counts_from_its_day)),
    ("STO-01", "Personal or developer", By(only_approved_places_pass_and_approval_counts_from_its_day)),
    ("STO-01", "Approval dated", By(only_approved_places_pass_and_approval_counts_from_its_day)),
    ("STO-02", "One-zone storage", By(one_zone_is_not_highly_available_whatever_it_is_called)),
    ("STO-02", "High availability", By(high_availability_is_no_separation_and_a_key_must_be_where_the_copy_is)),
    ("STO-03", "The policy says", By(a_copy_in_the_same_region_is_not_another_region)),
    ("STO-03", "A second bucket", By(a_copy_in_the_same_region_is_not_another_region)),
    ("STO-03", "Encrypted copies", By(high_availability_is_no_separation_and_a_key_must_be_where_the_copy_is)),
    ("STO-03", "Copy jobs", By(a_copy_that_failed_is_no_failure_of_its_source)),
    ("STO-04", "Shared snapshots", By(a_store_of_snapshots_that_are_shared_with_everybody_is_public)),
    ("STO-04", "A short public", By(a_short_public_window_fails)),
    (
        "STO-05",
        "The policy's objective",
        NotData("it says which objective of the policy the check serves, and asks nothing of a place"),
    ),
    ("STO-05", "A lock that", By(a_lock_two_people_or_separate_administrators_protect)),
    ("STO-05", "Versioning alone", By(versions_of_objects_protect_nothing)),
    ("STO-06", "Not asked for", In("reports/src/parts/findings.rs", "what_a_framework_alone_asks_for_is_an_advisory")),
    ("STO-06", "A provider that", By(the_separation_of_copies_that_a_provider_makes_is_shown_by_its_assurance)),
    ("STO-07", "Providers protect", By(a_provider_that_restores_no_mistake_of_the_customer_needs_a_plan_beside_it)),
    ("STO-07", "For repositories", By(an_own_mirror_that_was_restored_makes_the_providers_word_secondary)),
    ("STO-07", "A bridge letter", By(a_bridge_letter_counts_for_the_time_it_states)),
];

const PLACES: &str = "location_id,platform_id,provider,region,account_ref,durability_class,multi_zone,replication_targets,public_access,immutability,two_person_deletion,expires_after_s,observed_at\n";
const APPROVED: &str = "platform_id,allowed_regions,approved_by,approved_role,approved_at,valid_until\n";
const GRANTS: &str = "grant_id,principal_id,platform_id,privilege,can_delete_backups,granted_at\n";

/// A database on `heroku` with a plan that writes to `s3:main`, and a point a day in October at `at`.
fn fixture(place: &str) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", |s| {
        s.platform_id = Some("heroku".into());
        s.region = Some("us-east-1".into());
    });
    f.plan("nightly", "db", "0 2 * * *", |p| p.location_id = Some("s3:main".into()));
    for day in 1..=31 {
        f.point("db", &format!("2026-10-{day:02}T02:00:00Z"), |p| {
            p.location_id = Some(place.to_owned());
            p.integrity_result = Some(Integrity::Pass);
        });
    }
    f.point("db", "2026-09-30T02:00:00Z", |p| p.location_id = Some(place.to_owned()));
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-05T00:00:00Z");
    f
}

fn place(f: &mut Fixture, row: &str) {
    f.register("storage_locations", &format!("{PLACES}{row}\n"));
}

#[test]
fn only_approved_places_pass_and_approval_counts_from_its_day() {
    let at = |approved: &str, role: &str| {
        let mut f = fixture("s3:main");
        place(&mut f, "s3:main,s3,aws,us-east-1,111,STANDARD,true,,false,none,,,2026-10-15T00:00:00Z");
        f.register("approved_platforms", &format!("{APPROVED}s3,us-east-1;us-west-2,paula,{role},{approved},\n"));
        f
    };
    at("2026-01-01T00:00:00Z", "policy_owner").judge().is("STO-01", "nightly", State::Pass);
    has_reason(
        at("2026-10-10T00:00:00Z", "policy_owner").judge().is("STO-01", "nightly", State::Fail),
        "approval_not_in_force",
    );
    has_reason(at("2026-01-01T00:00:00Z", "system_owner").judge().is("STO-01", "nightly", State::Fail), "wrong_role");
    let mut f = at("2026-01-01T00:00:00Z", "policy_owner");
    place(&mut f, "s3:main,s3,aws,eu-west-1,111,STANDARD,true,,false,none,,,2026-10-20T00:00:00Z");
    has_reason(f.judge().is("STO-01", "nightly", State::Fail), "region_not_allowed");
    has_reason(fixture("s3:main").judge().is("STO-01", "nightly", State::NoEvidence), "register_not_given");
    // A developer's copy: no plan names the place.
    has_reason(fixture("laptop:dev").judge().is("STO-01", "laptop:dev", State::Fail), "place_not_planned");
    has_reason(Fixture::new("2026-10").judge().is("STO-01", "organization", State::NotApplicable), "no_enabled_plan");
}

#[test]
fn one_zone_is_not_highly_available_whatever_it_is_called() {
    let with = |row: &str| {
        let mut f = fixture("s3:main");
        place(&mut f, row);
        f.judge()
    };
    with("s3:main,s3,aws,us-east-1,111,STANDARD,true,,false,none,,,2026-10-15T00:00:00Z").is(
        "STO-02",
        "s3:main",
        State::Pass,
    );
    let v = with("s3:main,s3,aws,us-east-1,111,ONEZONE_IA,true,,false,none,,,2026-10-15T00:00:00Z");
    has_reason(v.is("STO-02", "s3:main", State::Fail), "one_zone_class");
    let v = with("s3:main,own,own,boston,b1,,false,,false,none,,,2026-10-15T00:00:00Z");
    has_reason(v.is("STO-02", "s3:main", State::Fail), "single_zone");
    with("s3:main,own,own,boston,b1,,false,s3:b,false,none,,,2026-10-15T00:00:00Z").is(
        "STO-02",
        "s3:main",
        State::Pass,
    );
    let v = with("s3:main,s3,aws,us-east-1,111,,true,,false,none,,3600,2026-10-15T00:00:00Z");
    has_reason(v.is("STO-02", "s3:main", State::NotApplicable), "staging");
    let v = with("s3:main,s3,aws,us-east-1,111,,true,,false,none,,,2026-09-15T00:00:00Z");
    has_reason(v.is("STO-02", "s3:main", State::NoEvidence), "not_read");
    has_reason(v.is("STO-04", "s3:main", State::NoEvidence), "not_read");
}

#[test]
fn a_short_public_window_fails() {
    let mut f = fixture("s3:main");
    place(&mut f, "s3:main,s3,aws,us-east-1,111,,true,,false,none,,,2026-10-01T00:00:00Z");
    f.judge().is("STO-04", "s3:main", State::Pass);
    place(&mut f, "s3:main,s3,aws,us-east-1,111,,true,,true,none,,,2026-10-02T00:00:00Z");
    place(&mut f, "s3:main,s3,aws,us-east-1,111,,true,,false,none,,,2026-10-03T00:00:00Z");
    has_reason(f.judge().is("STO-04", "s3:main", State::Fail), "public");
}

#[test]
fn a_copy_in_the_same_region_is_not_another_region() {
    let with = |required: Option<bool>, region: &str| {
        let mut f = fixture("s3:main");
        f.systems[0].replicate_required = required;
        place(&mut f, &format!("s3:main,s3,aws,{region},111,,true,,false,none,,,2026-10-15T00:00:00Z"));
        f.judge()
    };
    has_reason(with(None, "us-west-2").is("STO-03", "db", State::NoEvidence), "decision_missing");
    with(Some(false), "us-west-2").is("STO-03", "db", State::NotApplicable);
    with(Some(true), "us-west-2").is("STO-03", "db", State::Pass);
    has_reason(with(Some(true), "us-east-1").is("STO-03", "db", State::Fail), "same_region");
    has_reason(with(Some(true), "").is("STO-03", "db", State::NoEvidence), "place_unknown");
}

#[test]
fn a_lock_two_people_or_separate_administrators_protect() {
    let with = |lock: &str, two: &str, locked: bool, admin: &str| {
        let mut f = Fixture::new("2026-10");
        f.system("db", |s| s.platform_id = Some("heroku".into()));
        f.point("db", "2026-10-20T02:00:00Z", |p| {
            p.location_id = Some("s3:main".into());
            p.integrity_result = Some(Integrity::Pass);
            p.immutable_until = locked.then(|| crate::testing::at("2026-12-20T02:00:00Z"));
        });
        place(&mut f, &format!("s3:main,s3,aws,us-east-1,111,,true,,false,{lock},{two},,2026-10-15T00:00:00Z"));
        if !admin.is_empty() {
            f.register(
                "access_grants",
                &format!("{GRANTS}G1,{admin},heroku,admin,false,2026-01-01T00:00:00Z\nG2,ann,s3,operator,true,2026-01-01T00:00:00Z\n"),
            );
        }
        f.judge()
    };
    with("compliance", "", true, "ann").is("STO-05", "s3:main", State::Pass);
    with("none", "true", false, "ann").is("STO-05", "s3:main", State::Pass);
    with("governance", "", true, "bob").is("STO-05", "s3:main", State::Pass);
    has_reason(with("governance", "", true, "ann").is("STO-05", "s3:main", State::Fail), "lock_can_be_lifted");
    has_reason(with("none", "", false, "ann").is("STO-05", "s3:main", State::Fail), "same_administrators");
    has_reason(with("none", "", false, "").is("STO-05", "s3:main", State::NoEvidence), "protection_not_shown");
}

#[test]
fn one_copy_lies_outside_of_the_production_account() {
    let with = |account: &str| {
        let mut f = fixture("s3:main");
        place(&mut f, &format!("s3:main,s3,aws,us-east-1,{account},,true,,false,none,,,2026-10-15T00:00:00Z"));
        place(&mut f, "heroku:x,heroku,heroku,us,heroku,,true,,false,none,,,2026-10-15T00:00:00Z");
        f
    };
    with("vault").judge().is("STO-06", "db", State::Pass);
    has_reason(with("heroku").judge().is("STO-06", "db", State::Fail), "same_account");
    has_reason(with("").judge().is("STO-06", "db", State::NoEvidence), "place_unknown");
    let mut f = with("heroku");
    f.exception("E1", "db", "STO-06", "2026-09-01T00:00:00Z", "2026-12-01T00:00:00Z");
    has_reason(f.judge().is("STO-06", "db", State::NotApplicable), "risk_accepted");
}

#[test]
fn providers_are_backed_by_current_reviewed_assurance() {
    let head = "assurance_id,platform_id,kind,covers,period_start,period_end,responsibility_split_ref,reviewed_at\n";
    let with = |row: &str| {
        let mut f = fixture("s3:main");
        place(&mut f, "s3:main,s3,aws,us-east-1,111,,true,,false,none,,,2026-10-15T00:00:00Z");
        if !row.is_empty() {
            f.register("provider_assurance", &format!("{head}{row}\n"));
        }
        f
    };
    let good = "A1,s3,report,backup;retention;restore,2025-10-01,2026-09-30,SPLIT-1,2026-10-01T00:00:00Z";
    with(good).judge().is("STO-07", "s3", State::Pass);
    for (row, code) in [
        ("A1,s3,report,backup;retention;restore,2024-01-01,2025-01-31,SPLIT-1,2026-10-01T00:00:00Z", "assurance_stale"),
        (
            "A1,s3,statement,backup;retention;restore,2026-01-01,2026-09-30,SPLIT-1,2026-10-01T00:00:00Z",
            "assurance_stale",
        ),
        ("A1,s3,report,encryption,2025-10-01,2026-09-30,SPLIT-1,2026-10-01T00:00:00Z", "assurance_silent"),
        ("A1,s3,report,backup;retention;restore,2025-10-01,2026-09-30,SPLIT-1,", "assurance_not_reviewed"),
        ("A1,s3,report,backup;retention;restore,2025-10-01,2026-09-30,,2026-10-01T00:00:00Z", "split_missing"),
    ] {
        has_reason(with(row).judge().is("STO-07", "s3", State::Fail), code);
    }
    let mut f = with(good);
    f.systems[0].ephi = Some(true);
    has_reason(f.judge().is("STO-07", "s3", State::Fail), "contract_missing");
    has_reason(with("").judge().is("STO-07", "s3", State::NoEvidence), "register_not_given");
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    has_reason(f.judge().is("STO-07", "organization", State::NotApplicable), "no_provider");
}

#[test]
fn high_availability_is_no_separation_and_a_key_must_be_where_the_copy_is() {
    let key = "arn:aws:kms:us-east-1:111:key/a";
    let with = |region: &str, account: &str| {
        let mut f = fixture("s3:main");
        f.systems[0].replicate_required = Some(true);
        place(&mut f, &format!("s3:main,s3,aws,{region},{account},STANDARD,true,,false,none,,,2026-10-15T00:00:00Z"));
        place(&mut f, "heroku:x,heroku,heroku,us,heroku,,true,,false,none,,,2026-10-15T00:00:00Z");
        for row in &mut f.rows {
            if let Row::RecoveryPoint(p) = row {
                (p.encrypted, p.key_id) = (Some(true), Some(key.into()));
            }
        }
        f.register("keys", &format!("key_id,state,account_ref,observed_at\n{key},enabled,111,2026-10-15T00:00:00Z\n"));
        f.judge()
    };
    let v = with("us-east-1", "heroku");
    v.is("STO-02", "s3:main", State::Pass);
    has_reason(v.is("STO-03", "db", State::Fail), "same_region");
    has_reason(v.is("STO-06", "db", State::Fail), "same_account");
    v.is("KEY-02", "db", State::Pass);
    // The copy is elsewhere, and its key is not.
    let v = with("us-west-2", "vault");
    v.is("STO-03", "db", State::Pass);
    has_reason(v.is("KEY-02", "db/2026-10-20T02:00:00Z", State::Fail), "key_in_other_region");
}

#[test]
fn a_copy_that_failed_is_no_failure_of_its_source() {
    let mut f = Fixture::new("2026-10");
    f.system("db", |s| (s.region, s.replicate_required) = (Some("us-east-1".into()), Some(true)));
    f.plan("nightly", "db", "0 2 * * *", |p| p.location_id = Some("s3:main".into()));
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-05T00:00:00Z");
    place(&mut f, "s3:main,s3,aws,us-east-1,111,STANDARD,true,,false,none,,,2026-10-15T00:00:00Z");
    for day in 1..=31 {
        f.run("db", &format!("2026-10-{day:02}T02:00:00Z"), RunStatus::Success, plain());
        f.run("db", &format!("2026-10-{day:02}T03:00:00Z"), RunStatus::Failed, |r| {
            r.run_id = format!("copy-job:{day}");
        });
    }
    let v = f.judge();
    v.is("FRQ-02", "nightly", State::Pass);
    assert!(v.judged.slots.iter().all(|s| s.attempts.len() == 1), "a copy is no attempt");
    v.is("STO-03", "db", State::Fail);
}

#[test]
fn a_store_of_snapshots_that_are_shared_with_everybody_is_public() {
    let with = |public: &str| {
        let mut f = fixture("rds:snapshots");
        place(&mut f, &format!("rds:snapshots,rds,aws,us-east-1,111,,true,,{public},none,,,2026-10-15T00:00:00Z"));
        f.judge().of("STO-04", "rds:snapshots").state
    };
    assert_eq!((with("true"), with("false"), with("")), (State::Fail, State::Pass, State::NoEvidence));
}

#[test]
fn versions_of_objects_protect_nothing() {
    let with = |lock: &str, versioning: &str| {
        let mut f = fixture("s3:main");
        let head = "location_id,platform_id,immutability,versioning,observed_at\n";
        f.register("storage_locations", &format!("{head}s3:main,s3,{lock},{versioning},2026-10-15T00:00:00Z\n"));
        f.register(
            "access_grants",
            &format!(
                "{GRANTS}G1,ann,heroku,admin,false,2026-01-01T00:00:00Z\nG2,ann,s3,operator,true,2026-01-01T00:00:00Z\n"
            ),
        );
        f.judge().of("STO-05", "s3:main").clone()
    };
    for versioning in ["true", "false"] {
        let open = with("none", versioning);
        assert_eq!(open.state, State::Fail, "{}", open.detail);
        has_reason(&open, "not_protected");
    }
}

const ASSURANCE: &str =
    "assurance_id,platform_id,kind,covers,period_start,period_end,responsibility_split_ref,reviewed_at\n";

/// A critical repository whose backup its provider runs.
fn repository(split: &str) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("code", |s| {
        (s.kind, s.platform_id) = (SystemKind::Repository, Some("github".into()));
        s.provider_managed_backup = Some(true);
    });
    let covers = "backup;retention;restore";
    f.register(
        "provider_assurance",
        &format!("{ASSURANCE}A1,github,report,{covers},2025-10-01,2026-09-30,{split},2026-10-01T00:00:00Z\n"),
    );
    f
}

#[test]
fn the_separation_of_copies_that_a_provider_makes_is_shown_by_its_assurance() {
    let mut f = repository("SPLIT-1 provider");
    let v = f.judge();
    has_reason(v.is("STO-06", "code", State::NotApplicable), "provider_managed");
    v.is("STO-07", "github", State::Pass);
    // A plan of its own makes copies that must be apart.
    f.plan("mirror", "code", "0 2 * * *", |p| p.component = Component::Mirror);
    f.judge().is("STO-06", "code", State::NoEvidence);
}

#[test]
fn a_provider_that_restores_no_mistake_of_the_customer_needs_a_plan_beside_it() {
    let mut f = repository("SPLIT-1: deletions are restored by the customer");
    has_reason(f.judge().is("STO-07", "github", State::Fail), "no_own_plan");
    f.plan("mirror", "code", "0 2 * * *", |p| p.component = Component::Mirror);
    f.judge().is("STO-07", "github", State::Pass);
}

#[test]
fn an_own_mirror_that_was_restored_makes_the_providers_word_secondary() {
    let mut f = repository("");
    f.plan("mirror", "code", "0 2 * * *", |p| p.component = Component::Mirror);
    f.covers("code", "2026-09-01T00:00:00Z", "2026-11-05T00:00:00Z");
    for day in 1..=31 {
        f.run("code", &format!("2026-10-{day:02}T02:00:00Z"), RunStatus::Success, |r| {
            r.component = Some(Component::Mirror);
        });
    }
    let untested = f.judge();
    assert!(!untested.is("STO-07", "github", State::Fail).reasons.iter().any(|r| r == "own_mirror"));
    f.period = model::time::Period::parse("2026-Q3", model::time::Tz::UTC).unwrap();
    f.test("T1", "code", "2026-09-20T08:00:00Z", "2026-09-20T09:00:00Z", TestResult::Success, plain());
    f.judge().is("RST-01", "code@2026-Q3", State::Pass);
    f.period = model::time::Period::parse("2026-10", model::time::Tz::UTC).unwrap();
    let v = f.judge();
    v.is("FRQ-01", "code", State::Pass);
    has_reason(v.is("STO-07", "github", State::Fail), "own_mirror");
}

#[test]
fn a_bridge_letter_counts_for_the_time_it_states() {
    let with = |to: &str| {
        let mut f = repository("SPLIT-1");
        f.period = model::time::Period::parse("2028-03", model::time::Tz::UTC).unwrap();
        f.as_of("2028-04-05T00:00:00Z");
        let covers = "backup;retention;restore";
        f.register(
            "provider_assurance",
            &format!("{ASSURANCE}A2,github,statement,{covers},2026-10-01,{to},SPLIT-1,2026-11-01T00:00:00Z\n"),
        );
        f.judge().of("STO-07", "github").clone()
    };
    assert_eq!(with("2028-03-31").state, State::Pass);
    let over = with("2028-03-30");
    assert_eq!(over.state, State::Fail);
    has_reason(&over, "assurance_stale");
}
