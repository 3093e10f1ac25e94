//! STO-01 to STO-07: the edge cases of `controls/checks.toml`.

use model::assessment::State;
use model::rows::Integrity;

use crate::testing::{Fixture, has_reason, plain};

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
