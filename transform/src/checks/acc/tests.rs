//! ACC-01 to ACC-05: the edge cases of `controls/checks.toml`.

use model::assessment::State;

use crate::testing::{Fixture, has_reason};

const GRANTS: &str = "grant_id,principal_id,platform_id,role,direct,scope,privilege,can_delete_backups,can_read_production_data,granted_at,revoked_at,approval_ref,approved_by\n";
const PEOPLE: &str = "principal_id,platform_id,kind,status,mfa,identity_source,custodian,last_used_at,observed_at\n";
const DOCUMENT: &str =
    "document_id,kind,title,version,approved_at\nD1,access_list,Roles: keeper and reader,1,2026-01-01T00:00:00Z\n";

fn fixture(grants: &str, people: &str) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", |s| s.platform_id = Some("heroku".into()));
    f.plan("nightly", "db", "0 2 * * *", |p| p.platform_id = Some("vault".into()));
    f.register("access_grants", &format!("{GRANTS}{grants}\n"));
    f.register("principals", &format!("{PEOPLE}{people}\n"));
    f.register("documents", DOCUMENT);
    f.role("engineering_operations", "ann");
    f
}

const ANN: &str = "ann,vault,human,active,enforced,federated,,2026-10-20T00:00:00Z,2026-10-25T00:00:00Z";
const GOOD: &str = "G1,ann,vault,keeper,false,vault/db,admin,true,false,2026-02-01T00:00:00Z,,REQ-1,bob";

#[test]
fn permissions_come_through_documented_approved_roles() {
    fixture(GOOD, ANN).judge().is("ACC-01", "G1", State::Pass);
    for (grant, code) in [
        ("G1,ann,vault,,false,vault/db,admin,true,false,2026-02-01T00:00:00Z,,REQ-1,bob", "role_missing"),
        ("G1,ann,vault,keeper,true,vault/db,admin,true,false,2026-02-01T00:00:00Z,,REQ-1,bob", "direct_grant"),
        ("G1,ann,vault,king,false,vault/db,admin,true,false,2026-02-01T00:00:00Z,,REQ-1,bob", "role_not_documented"),
        ("G1,ann,vault,keeper,false,*,admin,true,false,2026-02-01T00:00:00Z,,REQ-1,bob", "wildcard"),
        ("G1,ann,vault,keeper,false,vault/db,admin,true,false,2026-02-01T00:00:00Z,,REQ-1,ann", "self_approval"),
        ("G1,ann,vault,keeper,false,vault/db,admin,true,false,2026-02-01T00:00:00Z,,,", "approval_missing"),
    ] {
        has_reason(fixture(grant, ANN).judge().is("ACC-01", "G1", State::Fail), code);
    }
    let status = "G1,ann,vault,reader,false,status page,reader,false,false,2026-02-01T00:00:00Z,,,";
    has_reason(fixture(status, ANN).judge().is("ACC-01", "G1", State::NotApplicable), "status_only");
    has_reason(Fixture::new("2026-10").judge().is("ACC-01", "organization", State::NoEvidence), "register_not_given");
}

#[test]
fn a_review_approves_what_is_older_than_approvals() {
    let old = "G0,ann,vault,keeper,false,vault/db,admin,true,false,2020-02-01T00:00:00Z,,,";
    let mut f = fixture(&format!("{old}\n{GOOD}"), ANN);
    f.judge().is("ACC-01", "G0", State::Fail);
    f.register(
        "access_reviews",
        "review_id,platform_id,performed_at,reviewer,grants_total,grants_removed,completed\nR1,vault,2026-09-01T00:00:00Z,zoe,2,0,true\n",
    );
    f.judge().is("ACC-01", "G0", State::Pass);
}

#[test]
fn the_second_factor_is_forced_and_not_merely_enrolled() {
    let with = |person: &str| fixture(GOOD, person).judge();
    with(ANN).is("ACC-02", "ann", State::Pass);
    for (mfa, state) in [("enrolled", State::Fail), ("none", State::Fail), ("unknown", State::NoEvidence)] {
        with(&format!("ann,vault,human,active,{mfa},,,,2026-10-25T00:00:00Z")).is("ACC-02", "ann", state);
    }
    with("ann,vault,service,active,none,,,,2026-10-25T00:00:00Z").is("ACC-02", "ann", State::NotApplicable);
    with("ann,vault,human,disabled,none,,,,2026-10-25T00:00:00Z").is("ACC-02", "ann", State::NotApplicable);
    with("ann,vault,break_glass,active,enrolled,,,,2026-10-25T00:00:00Z").is("ACC-02", "ann", State::Fail);
}

#[test]
fn privileged_access_is_needed_used_and_not_standing() {
    fixture(GOOD, ANN).judge().is("ACC-03", "G1", State::Pass);
    let idle = "ann,vault,human,active,enforced,,,2026-05-01T00:00:00Z,2026-10-25T00:00:00Z";
    has_reason(fixture(GOOD, idle).judge().is("ACC-03", "G1", State::Fail), "dormant");
    let never = "ann,vault,human,active,enforced,,,,2026-10-25T00:00:00Z";
    has_reason(fixture(GOOD, never).judge().is("ACC-03", "G1", State::NoEvidence), "field_missing");
    let standing = "G1,ann,vault,keeper,false,vault/db,admin,true,true,2026-02-01T00:00:00Z,,REQ-1,bob";
    has_reason(fixture(standing, ANN).judge().is("ACC-03", "G1", State::Fail), "standing_access");
    fixture(&standing.replace("REQ-1", "REQ-1 routine"), ANN).judge().is("ACC-03", "G1", State::Pass);
    // A leaver.
    let left = GOOD.replace("ann", "lee");
    let mut f = fixture(&left, &ANN.replace("ann", "lee"));
    f.register(
        "role_assignments",
        "role,person,valid_from,valid_to\nsystem_owner,lee,2020-01-01T00:00:00Z,2026-10-10T00:00:00Z\n",
    );
    has_reason(f.judge().is("ACC-03", "G1", State::Fail), "role_not_held");
    // A service that can delete.
    let service = "ann,vault,service,active,not_applicable,,ingrid,2026-10-20T00:00:00Z,2026-10-25T00:00:00Z";
    fixture(GOOD, service).judge().is("ACC-03", "G1", State::Pass);
    let bare = fixture(GOOD, &service.replace("ingrid", "")).judge();
    has_reason(bare.is("ACC-03", "G1", State::Fail), "custodian_missing");
    let read = GOOD.replace("admin,true", "reader,false");
    has_reason(fixture(&read, ANN).judge().is("ACC-03", "organization", State::NotApplicable), "no_grant");
}

#[test]
fn access_is_reviewed_in_time_and_in_full() {
    let with = |row: &str| {
        let mut f = fixture(GOOD, ANN);
        f.register(
            "access_reviews",
            &format!("review_id,platform_id,performed_at,reviewer,grants_total,grants_removed,completed\n{row}\n"),
        );
        f.judge()
    };
    with("R1,vault,2026-09-01T00:00:00Z,zoe,1,0,true").is("ACC-04", "vault", State::Pass);
    for (row, code) in [
        ("R1,vault,2026-05-01T00:00:00Z,zoe,1,0,true", "overdue"),
        ("R1,vault,2026-09-01T00:00:00Z,zoe,1,0,false", "review_incomplete"),
        ("R1,vault,2026-09-01T00:00:00Z,ann,1,0,true", "own_access_only"),
        ("R1,vault,2026-09-01T00:00:00Z,zoe,7,0,true", "population_mismatch"),
        ("R1,vault,2026-09-01T00:00:00Z,zoe,1,1,true", "removal_open"),
    ] {
        has_reason(with(row).is("ACC-04", "vault", State::Fail), code);
    }
    has_reason(fixture(GOOD, ANN).judge().is("ACC-04", "organization", State::NoEvidence), "register_not_given");
}

#[test]
fn nobody_has_both_powers_unless_a_lock_holds() {
    let admin = "G2,ann,heroku,keeper,false,db,admin,false,false,2026-02-01T00:00:00Z,,REQ-2,bob";
    let mut f = fixture(&format!("{GOOD}\n{admin}"), ANN);
    has_reason(f.judge().is("ACC-05", "ann", State::Fail), "both_powers");
    f.plans[0].location_id = Some("s3:b".into());
    f.register(
        "storage_locations",
        "location_id,platform_id,immutability,observed_at\ns3:b,vault,compliance,2026-10-05T00:00:00Z\n",
    );
    has_reason(f.judge().is("ACC-05", "ann", State::Pass), "locked");
    let other = admin.replace("ann", "bea");
    fixture(&format!("{GOOD}\n{other}"), ANN).judge().is("ACC-05", "ann", State::Pass);
    has_reason(fixture(GOOD, ANN).judge().is("ACC-05", "ann", State::NoEvidence), "grants_missing");
    let none = fixture(&GOOD.replace("admin,true", "reader,false"), ANN);
    has_reason(none.judge().is("ACC-05", "organization", State::NotApplicable), "nobody_deletes");
}
