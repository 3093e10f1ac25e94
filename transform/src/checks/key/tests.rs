//! KEY-01 and KEY-02: the edge cases of `controls/checks.toml`.

use model::assessment::State;

use crate::testing::{Fixture, has_reason};

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
        // Brought in: no automatic rotation, whatever is configured.
        ("K1,AES,256,external,enabled,2024-05-01T00:00:00Z,,86400,ingrid,ENC-4,111,2026-10-15T00:00:00Z", "overdue"),
        ("K1,AES,128,customer,enabled,2026-05-01T00:00:00Z,,,ingrid,ENC-4,111,2026-10-15T00:00:00Z", "weak_cipher"),
    ] {
        has_reason(with(row, true).judge().is("KEY-01", "K1", State::Fail), code);
    }
    let provider = "K1,AES,256,provider,enabled,2020-05-01T00:00:00Z,,,,ENC-4,111,2026-10-15T00:00:00Z";
    has_reason(with(provider, true).judge().is("KEY-01", "K1", State::Pass), "provider_managed");
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
        has_reason(with(&row(state, "111"), true).judge().is("KEY-02", point, State::Fail), code);
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
