//! ACC-01 to ACC-05: the edge cases of `controls/checks.toml`.

use model::assessment::State;

use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;
use crate::testing::{Fixture, has_reason};

pub(crate) const EDGES: &[Edge] = &[
    ("ACC-01", "Grants older than the approval system", By(a_review_approves_what_is_older_than_approvals)),
    ("ACC-01", "Nested groups", By(what_is_granted_to_a_group_is_granted_to_its_members)),
    ("ACC-01", "Service roles are roles too", By(a_service_needs_a_role_as_well)),
    ("ACC-02", "Long-lived personal access keys", By(a_key_that_skips_the_second_factor_is_none)),
    ("ACC-02", "Break-glass accounts", By(break_glass_needs_a_factor_or_an_exception)),
    ("ACC-02", "Disabled principals", By(a_principal_counts_up_to_the_day_of_disabling)),
    ("ACC-02", "A principal enrolled but not forced", By(the_second_factor_is_forced_and_not_merely_enrolled)),
    ("ACC-03", "Service principals with delete rights", By(a_service_that_can_delete_has_a_custodian_and_no_login)),
    ("ACC-03", "Leavers", By(a_leaver_fails_from_the_day_on_which_the_role_ended)),
    ("ACC-04", "The policy text sets no cadence", By(reviews_of_access_are_quarterly_by_default)),
    ("ACC-04", "Decisions to remove", By(removals_are_made_within_30_days_or_are_actions)),
    ("ACC-05", "Small teams", By(a_small_team_locks_or_records_an_exception)),
    ("ACC-05", "Advisory", By(separation_is_asked_for_by_frameworks_alone)),
];

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

#[test]
fn what_is_granted_to_a_group_is_granted_to_its_members() {
    let people = "principal_id,platform_id,kind,status,mfa,member_of,last_used_at,observed_at\n\
        keepers,vault,group,active,not_applicable,admins,,2026-10-25T00:00:00Z\n\
        admins,vault,group,active,not_applicable,keepers,,2026-10-25T00:00:00Z\n\
        ann,vault,human,active,enforced,keepers,2026-10-20T00:00:00Z,2026-10-25T00:00:00Z\n\
        bob,vault,human,active,none,keepers,2026-10-20T00:00:00Z,2026-10-25T00:00:00Z\n\
        eve,heroku,human,active,none,keepers,2026-10-20T00:00:00Z,2026-10-25T00:00:00Z\n";
    let mut f = fixture(&GOOD.replace(",ann,", ",admins,"), "");
    f.register("principals", people);
    let v = f.judge();
    let units: Vec<&str> = v.all("ACC-01").iter().map(|r| r.unit.as_str()).collect();
    assert_eq!(units, ["G1/ann", "G1/bob"], "of the platform of the grant, through the group in the group");
    v.is("ACC-01", "G1/ann", State::Pass);
    has_reason(v.is("ACC-01", "G1/bob", State::Fail), "self_approval");
    v.is("ACC-03", "G1/ann", State::Pass);
    let judged: Vec<&str> = v.all("ACC-02").iter().map(|r| r.unit.as_str()).collect();
    assert_eq!(judged, ["ann", "bob"], "a group has no second factor of its own");
    // A group whose members nobody listed.
    let empty =
        fixture(&GOOD.replace(",ann,", ",admins,"), "admins,vault,group,active,not_applicable,,,,2026-10-25T00:00:00Z");
    has_reason(empty.judge().is("ACC-03", "G1", State::NoEvidence), "field_missing");
}

#[test]
fn a_service_needs_a_role_as_well() {
    let service = "ann,vault,service,active,not_applicable,,ingrid,2026-10-20T00:00:00Z,2026-10-25T00:00:00Z";
    fixture(GOOD, service).judge().is("ACC-01", "G1", State::Pass);
    let direct = GOOD.replace("keeper,false", ",true");
    let v = fixture(&direct, service).judge();
    let r = v.is("ACC-01", "G1", State::Fail);
    has_reason(r, "role_missing");
    has_reason(r, "direct_grant");
}

/// ACC-02 of ann by these further readings.
fn factor(readings: &str) -> crate::testing::Verdicts {
    fixture(GOOD, readings).judge()
}

#[test]
fn a_key_that_skips_the_second_factor_is_none() {
    let key = "ann,vault,human,active,none,access key,,,2026-10-25T00:00:00Z";
    has_reason(factor(&format!("{ANN}\n{key}")).is("ACC-02", "ann", State::Fail), "no_factor");
    let bound = key.replace(",none,", ",enforced,");
    factor(&format!("{ANN}\n{bound}")).is("ACC-02", "ann", State::Pass);
}

#[test]
fn break_glass_needs_a_factor_or_an_exception() {
    let glass = |mfa: &str| fixture(GOOD, &format!("ann,vault,break_glass,active,{mfa},local,,,2026-10-25T00:00:00Z"));
    glass("enforced").judge().is("ACC-02", "ann", State::Pass);
    let mut f = glass("none");
    assert!(!f.judge().is("ACC-02", "ann", State::Fail).waived);
    f.exception("E1", "db", "ACC-02", "2026-10-01T00:00:00Z", "2026-12-01T00:00:00Z");
    assert!(f.judge().is("ACC-02", "ann", State::Fail).waived);
}

#[test]
fn a_principal_counts_up_to_the_day_of_disabling() {
    let disabled = "ann,vault,human,disabled,none,,,,2026-10-20T00:00:00Z";
    let before = "ann,vault,human,active,enforced,,,,2026-10-05T00:00:00Z";
    factor(&format!("{before}\n{disabled}")).is("ACC-02", "ann", State::Pass);
    let bad = before.replace("enforced", "none");
    factor(&format!("{bad}\n{disabled}")).is("ACC-02", "ann", State::Fail);
}

#[test]
fn a_service_that_can_delete_has_a_custodian_and_no_login() {
    let service = "ann,vault,service,active,not_applicable,,ingrid,2026-10-20T00:00:00Z,2026-10-25T00:00:00Z";
    let judge = |row: &str| fixture(GOOD, row).judge().of("ACC-03", "G1").clone();
    assert_eq!(judge(service).state, State::Pass);
    has_reason(&judge(&service.replace("ingrid", "")), "custodian_missing");
    has_reason(&judge(&service.replace("not_applicable", "enforced")), "interactive_service");
    has_reason(&judge(&service.replace("not_applicable", "unknown")), "field_missing");
}

#[test]
fn a_leaver_fails_from_the_day_on_which_the_role_ended() {
    let judge = |grant: &str| {
        let mut f = fixture(grant, &ANN.replace("ann", "lee"));
        f.register(
            "role_assignments",
            "role,person,valid_from,valid_to\nsystem_owner,lee,2020-01-01T00:00:00Z,2026-10-10T00:00:00Z\n",
        );
        f.judge().of("ACC-03", "G1").clone()
    };
    let grant = GOOD.replace("ann", "lee");
    let left = judge(&grant);
    has_reason(&left, "role_not_held");
    assert!(left.detail.contains("from 2026-10-10T00:00:00Z to 2026-11-01T00:00:00Z"), "{}", left.detail);
    let revoked = grant.replace("2026-02-01T00:00:00Z,", "2026-02-01T00:00:00Z,2026-10-10T00:00:00Z");
    assert_eq!(judge(&revoked).state, State::Pass);
}

/// ACC-04 of the vault, by this review and these grants.
fn reviewed(grants: &str, review: &str, change: impl FnOnce(&mut Fixture)) -> model::assessment::CheckResult {
    let mut f = fixture(grants, ANN);
    let head = "review_id,platform_id,performed_at,reviewer,grants_total,grants_removed,completed\n";
    f.register("access_reviews", &format!("{head}{review}\n"));
    change(&mut f);
    f.judge().of("ACC-04", "vault").clone()
}

#[test]
fn reviews_of_access_are_quarterly_by_default() {
    // It is judged on the sixth of November.
    let on = |day: &str| format!("R1,vault,2026-08-{day}T00:00:00Z,zoe,1,0,true");
    assert_eq!(reviewed(GOOD, &on("06"), |_| {}).state, State::Pass);
    has_reason(&reviewed(GOOD, &on("05"), |_| {}), "overdue");
    assert_eq!(reviewed(GOOD, &on("05"), |_| {}).parameters[0].origin, "default");
    let yearly = |f: &mut Fixture| {
        f.parameter("access_review_cadence", model::policy::Setting::Span("P1Y".parse().expect("a span")));
    };
    assert_eq!(reviewed(GOOD, &on("05"), yearly).state, State::Pass);
}

#[test]
fn removals_are_made_within_30_days_or_are_actions() {
    let review = "R1,vault,2026-09-01T00:00:00Z,zoe,2,1,true";
    let removed = |at: &str| {
        let gone =
            GOOD.replace("G1,ann", "G2,bea").replace("2026-02-01T00:00:00Z,", &format!("2026-02-01T00:00:00Z,{at}"));
        format!("{GOOD}\n{gone}")
    };
    assert_eq!(reviewed(&removed("2026-10-01T00:00:00Z"), review, |_| {}).state, State::Pass);
    let late = removed("2026-10-02T00:00:00Z");
    has_reason(&reviewed(&late, review, |_| {}), "removal_open");
    let action = |f: &mut Fixture| {
        f.register("actions", "action_id,origin_kind,origin_ref,opened_at\nA1,review,R1,2026-09-02T00:00:00Z\n");
    };
    assert_eq!(reviewed(&late, review, action).state, State::Pass);
}

#[test]
fn a_small_team_locks_or_records_an_exception() {
    let admin = "G2,ann,heroku,keeper,false,db,admin,false,false,2026-02-01T00:00:00Z,,REQ-2,bob";
    let protected = |lock: &str, two: &str, exception: bool| {
        let mut f = fixture(&format!("{GOOD}\n{admin}"), ANN);
        f.plans[0].location_id = Some("s3:b".into());
        let head = "location_id,platform_id,immutability,two_person_deletion,observed_at\n";
        f.register("storage_locations", &format!("{head}s3:b,vault,{lock},{two},2026-10-05T00:00:00Z\n"));
        if exception {
            f.exception("E1", "db", "ACC-05", "2026-10-01T00:00:00Z", "2026-12-01T00:00:00Z");
        }
        let r = f.judge().of("ACC-05", "ann").clone();
        (r.state, r.waived)
    };
    assert_eq!(protected("compliance", "false", false), (State::Pass, false));
    assert_eq!(protected("governance", "false", false), (State::Fail, false), "whoever administers it can lift it");
    assert_eq!(protected("none", "true", false), (State::Fail, false));
    assert_eq!(protected("none", "true", true), (State::Fail, true));
}

#[test]
fn separation_is_asked_for_by_frameworks_alone() {
    let check = model::controls::Controls::embedded().check("ACC-05").expect("the check");
    assert_eq!(check.basis, model::controls::Basis::Framework);
}
