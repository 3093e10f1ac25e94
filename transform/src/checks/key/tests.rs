//! KEY-01 and KEY-02: the edge cases of `controls/checks.toml`.

use model::assessment::State;
use model::rows::{Component, Row};

use super::super::edges::Edge;
use super::super::edges::Shown::By;
use crate::testing::{Fixture, has_reason};

/// Edge cases shown here.
pub(crate) const EDGES: &[Edge] = &[
    ("KEY-01", "Provider-managed keys", By(a_key_is_registered_rotated_and_referred_to)),
    ("KEY-01", "Rotation makes", By(a_rotated_key_keeps_its_old_versions_for_what_they_encrypted)),
    ("KEY-01", "Imported keys", By(a_key_is_registered_rotated_and_referred_to)),
    ("KEY-02", "Pending deletion", By(a_point_needs_a_key_that_will_be_there)),
    ("KEY-02", "Cross-region copies", By(a_copy_in_another_region_needs_a_key_there)),
    ("KEY-02", "A point-in-time restore", By(a_point_in_time_needs_the_keys_of_the_base_and_of_every_log)),
];

const KEYS: &str = "key_id,algorithm,bits,manager,state,created_at,rotated_at,rotation_period_s,custodian,policy_ref,account_ref,observed_at\n";

fn with(row: &str, document: bool) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", |s| s.region = Some("us-east-1".into()));
    f.point("db", "2026-10-20T02:00:00Z", |p| {
        p.location_id = Some("s3:main".into());
        p.encrypted = Some(true);
        p.key_id = Some("K1".into());
    });
    f.register(
        "storage_locations",
        "location_id,platform_id,region,account_ref,observed_at\ns3:main,s3,us-east-1,111,2026-10-15T00:00:00Z\n",
    );
    if !row.is_empty() {
        f.register("keys", &format!("{KEYS}{row}\n"));
    }
    if document {
        f.register(
            "documents",
            "document_id,kind,title,version,system_ids,approved_at\nD1,key_reference,Keys of backups,1,db,2026-01-01T00:00:00Z\n",
        );
    }
    f
}

#[test]
fn a_key_is_registered_rotated_and_referred_to() {
    let good =
        "K1,AES,256,customer,enabled,2025-01-01T00:00:00Z,2026-05-01T00:00:00Z,,ingrid,ENC-4,111,2026-10-15T00:00:00Z";
    with(good, true).judge().is("KEY-01", "K1", State::Pass);
    with(good, true).judge().is("KEY-02", "db", State::Pass);
    has_reason(with(good, false).judge().is("KEY-01", "K1", State::NoEvidence), "field_missing");
    for (row, code) in [
        ("K2,AES,256,customer,enabled,2026-05-01T00:00:00Z,,,ingrid,ENC-4,111,2026-10-15T00:00:00Z", "not_registered"),
        ("K1,AES,256,customer,enabled,2026-05-01T00:00:00Z,,,,ENC-4,111,2026-10-15T00:00:00Z", "custodian_missing"),
        ("K1,AES,256,customer,enabled,2024-05-01T00:00:00Z,,,ingrid,ENC-4,111,2026-10-15T00:00:00Z", "overdue"),
        // Brought in: no automatic rotation, whatever is configured, until one by hand is on record.
        ("K1,AES,256,external,enabled,2024-05-01T00:00:00Z,,86400,ingrid,ENC-4,111,2026-10-15T00:00:00Z", "overdue"),
        ("K1,AES,128,customer,enabled,2026-05-01T00:00:00Z,,,ingrid,ENC-4,111,2026-10-15T00:00:00Z", "weak_cipher"),
    ] {
        has_reason(with(row, true).judge().is("KEY-01", "K1", State::Fail), code);
    }
    let by_hand =
        "K1,AES,256,external,enabled,2024-05-01T00:00:00Z,2026-05-01T00:00:00Z,,ingrid,ENC-4,111,2026-10-15T00:00:00Z";
    with(by_hand, true).judge().is("KEY-01", "K1", State::Pass);
    let provider = "K1,AES,256,provider,enabled,2020-05-01T00:00:00Z,,,,ENC-4,111,2026-10-15T00:00:00Z";
    let v = with(provider, true).judge();
    let r = v.is("KEY-01", "K1", State::Pass);
    has_reason(r, "provider_managed");
    assert!(r.detail.contains("custodian is the owner of the platform; the provider rotates it"), "{}", r.detail);
    let spare =
        format!("{good}\nK9,AES,256,customer,enabled,2026-05-01T00:00:00Z,,,ingrid,ENC-4,111,2026-10-15T00:00:00Z");
    has_reason(with(&spare, true).judge().is("KEY-01", "K9", State::NotApplicable), "unused");
    has_reason(with("", true).judge().is("KEY-01", "K1", State::NoEvidence), "register_not_given");
}

#[test]
fn a_point_needs_a_key_that_will_be_there() {
    let row = |state: &str, account: &str| {
        format!("K1,AES,256,customer,{state},2026-05-01T00:00:00Z,,,ingrid,ENC-4,{account},2026-10-25T00:00:00Z")
    };
    let point = "db/2026-10-20T02:00:00Z";
    for (state, code) in
        [("disabled", "key_disabled"), ("pending_deletion", "key_pending_deletion"), ("deleted", "key_deleted")]
    {
        let v = with(&row(state, "111"), true).judge();
        has_reason(v.is("KEY-02", point, State::Fail), code);
        let told = v.judged.assessment.results.iter().zip(&v.judged.subjects);
        let since = told.filter(|(r, _)| r.check == "KEY-02" && r.unit == point).find_map(|(_, s)| s.since);
        assert_eq!(since, Some(crate::testing::at("2026-10-25T00:00:00Z")), "from the day on which it was read");
    }
    has_reason(with("", true).judge().is("KEY-02", "db", State::NoEvidence), "key_state_unknown");
    // The point is outside of the production account, and its key is not.
    let mut f = with(&row("enabled", "999"), true);
    f.systems[0].resources.push("rds:arn:aws:rds:us-east-1:999:db:db".into());
    has_reason(f.judge().is("KEY-02", point, State::Fail), "key_in_production_account");
    let mut f = Fixture::new("2026-10");
    f.system("db", |_| ());
    f.point("db", "2026-10-20T02:00:00Z", |p| p.encrypted = Some(false));
    has_reason(f.judge().is("KEY-02", "db", State::NotApplicable), "not_encrypted");
}

#[test]
fn a_copy_in_another_region_needs_a_key_there() {
    let key = "arn:aws:kms:us-east-1:111:key/a";
    let mut f = with(
        &format!("{key},AES,256,customer,enabled,2026-05-01T00:00:00Z,,,ingrid,ENC-4,111,2026-10-15T00:00:00Z"),
        true,
    );
    f.register(
        "storage_locations",
        "location_id,platform_id,region,account_ref,observed_at\ns3:west,s3,us-west-2,111,2026-10-15T00:00:00Z\n",
    );
    f.point("db", "2026-10-21T02:00:00Z", |p| {
        p.location_id = Some("s3:west".into());
        p.encrypted = Some(true);
        p.key_id = Some(key.into());
    });
    has_reason(f.judge().is("KEY-02", "db/2026-10-21T02:00:00Z", State::Fail), "key_in_other_region");
}

#[test]
fn a_rotated_key_keeps_its_old_versions_for_what_they_encrypted() {
    let versions = |old: &str| {
        let row = |id: &str, state: &str, rotated: &str| {
            format!(
                "{id},AES,256,customer,{state},2025-01-01T00:00:00Z,{rotated},,ingrid,ENC-4,111,2026-10-25T00:00:00Z"
            )
        };
        let (first, second) = (row("K1", old, "2026-05-01T00:00:00Z"), row("K1/2", "enabled", "2026-10-20T12:00:00Z"));
        let mut f = with(&format!("{first}\n{second}"), true);
        f.point("db", "2026-10-21T02:00:00Z", |p| {
            (p.location_id, p.encrypted, p.key_id) = (Some("s3:main".into()), Some(true), Some("K1/2".into()));
        });
        f.judge()
    };
    assert!(versions("enabled").is("KEY-02", "db", State::Pass).detail.starts_with("2 recovery points"));
    let v = versions("deleted");
    has_reason(v.is("KEY-02", "db/2026-10-20T02:00:00Z", State::Fail), "key_deleted");
    assert!(v.is("KEY-02", "db", State::Pass).detail.starts_with("1 recovery points"));
}

#[test]
fn a_point_in_time_needs_the_keys_of_the_base_and_of_every_log() {
    let judge = |state: &str| {
        let key = |id: &str, state: &str| {
            format!("{id},AES,256,customer,{state},2026-05-01T00:00:00Z,,,ingrid,ENC-4,111,2026-10-25T00:00:00Z")
        };
        let mut f = with(&format!("{}\n{}", key("K1", "enabled"), key("K2", state)), true);
        f.register(
            "storage_locations",
            "location_id,platform_id,region,account_ref,encryption_default,default_key_id,observed_at\n\
             s3:wal,s3,us-east-1,111,true,K2,2026-10-15T00:00:00Z\n",
        );
        f.segment("db", "1", "0001", None);
        if let Some(Row::LogSegment(logs)) = f.rows.last_mut() {
            logs.location_id = Some("s3:wal".into());
        }
        f.judge()
    };
    judge("enabled").is("KEY-02", "db", State::Pass);
    assert_eq!(judge("enabled").all("KEY-02").len(), 1);
    has_reason(judge("deleted").is("KEY-02", "db/logs/s3:wal", State::Fail), "key_deleted");
    let unknown = judge("");
    let told = &unknown.is("KEY-02", "db", State::NoEvidence).detail;
    assert!(told.contains("of 1 archive of logs at s3:wal the state of K2 is empty"), "{told}");
    // Logs that are recovery points of their own have keys of their own.
    let key = "K1,AES,256,customer,enabled,2026-05-01T00:00:00Z,,,ingrid,ENC-4,111,2026-10-25T00:00:00Z";
    let lost = "K2,AES,256,customer,deleted,2026-05-01T00:00:00Z,,,ingrid,ENC-4,111,2026-10-25T00:00:00Z";
    let mut f = with(&format!("{key}\n{lost}"), true);
    f.point("db", "2026-10-20T03:00:00Z", |p| {
        (p.component, p.location_id) = (Some(Component::LogContinuous), Some("s3:main".into()));
        (p.encrypted, p.key_id) = (Some(true), Some("K2".into()));
    });
    has_reason(f.judge().is("KEY-02", "db/2026-10-20T03:00:00Z", State::Fail), "key_deleted");
}
