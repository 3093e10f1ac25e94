//! ENC-01 and ENC-02: the edge cases of `controls/checks.toml`.

use model::assessment::State;
use model::rows::{Row, StorageLocation};

use crate::testing::{Fixture, at, has_reason, origin, plain};

fn reading(f: &mut Fixture, when: &str, on: Option<bool>, cipher: Option<&str>) {
    f.row(Row::Storage(StorageLocation {
        location_id: "s3:b".into(),
        platform_id: "s3".into(),
        provider: None,
        region: None,
        account_ref: None,
        durability_class: None,
        multi_zone: None,
        replication_targets: Vec::new(),
        encryption_default: on,
        default_cipher: cipher.map(str::to_owned),
        default_key_id: None,
        tls_min_enforced: None,
        plain_access_denied: None,
        public_access: None,
        immutability: None,
        versioning: None,
        expires_after_s: None,
        observed_at: at(when),
        origin: origin("s3", "b", "s3:b", at(when)),
    }));
}

fn fixture() -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f
}

fn point(f: &mut Fixture, day: &str, encrypted: Option<bool>, cipher: Option<&str>) {
    f.point("db", &format!("2026-10-{day}T02:00:00Z"), |p| {
        p.encrypted = encrypted;
        p.cipher = cipher.map(str::to_owned);
        p.location_id = Some("s3:b".into());
    });
}

#[test]
fn encrypted_points_pass_once_for_the_system_and_others_fail_one_by_one() {
    let mut f = fixture();
    point(&mut f, "01", Some(true), Some("aes-256-cbc"));
    point(&mut f, "02", Some(true), Some("aes-256-cbc"));
    let v = f.judge();
    let r = v.is("ENC-01", "db", State::Pass);
    assert!(r.detail.contains("2 recovery points are encrypted (aes-256-cbc)"), "{}", r.detail);
    point(&mut f, "03", Some(false), None);
    point(&mut f, "04", Some(true), Some("aes-128-cbc"));
    let v = f.judge();
    has_reason(v.is("ENC-01", "db/2026-10-03T02:00:00Z", State::Fail), "not_encrypted");
    has_reason(v.is("ENC-01", "db/2026-10-04T02:00:00Z", State::Fail), "weak_cipher");
    v.is("ENC-01", "db", State::Pass);
    assert_eq!(v.all("ENC-01").len(), 3);
}

#[test]
fn an_unknown_state_or_algorithm_is_no_evidence_that_names_it() {
    let mut f = fixture();
    point(&mut f, "01", None, None);
    f.judge().is("ENC-01", "db", State::NoEvidence);
    let mut f = fixture();
    point(&mut f, "01", Some(true), Some("rot13"));
    let v = f.judge();
    assert!(v.is("ENC-01", "db", State::NoEvidence).detail.contains("rot13"));
    let mut f = fixture();
    point(&mut f, "01", Some(true), None);
    f.judge().is("ENC-01", "db", State::NoEvidence);
    has_reason(fixture().judge().is("ENC-01", "db", State::NoEvidence), "no_recovery_point");
}

#[test]
fn a_location_default_counts_only_for_points_made_after_its_reading() {
    let mut f = fixture();
    reading(&mut f, "2026-10-05T00:00:00Z", Some(true), Some("AES256"));
    point(&mut f, "06", None, None);
    let v = f.judge();
    let r = v.is("ENC-01", "db", State::Pass);
    has_reason(r, "indirect");
    assert!(r.detail.contains("AES256"), "{}", r.detail);
    point(&mut f, "04", None, None);
    let v = f.judge();
    assert!(v.is("ENC-01", "db", State::NoEvidence).detail.contains("of 1 "));
}

#[test]
fn the_key_tells_the_algorithm_where_the_point_does_not() {
    let mut f = fixture();
    f.point("db", "2026-10-01T02:00:00Z", |p| {
        p.encrypted = Some(true);
        p.key_id = Some("arn:aws:kms:eu-central-1:1:key/x".into());
    });
    f.judge().is("ENC-01", "db", State::Pass);
    let mut f = fixture();
    f.point("db", "2026-10-01T02:00:00Z", |p| {
        p.encrypted = Some(true);
        p.key_id = Some("k1".into());
    });
    f.judge().is("ENC-01", "db", State::NoEvidence);
    f.register("keys", "key_id,algorithm,bits,observed_at\nk1,AES,256,2026-10-01T00:00:00Z\n");
    f.judge().is("ENC-01", "db", State::Pass);
}

#[test]
fn points_outside_of_the_period_are_not_judged_and_copies_are() {
    let mut f = fixture();
    f.point("db", "2026-08-01T02:00:00Z", |p| {
        p.encrypted = Some(false);
        p.deleted_at = Some(at("2026-09-10T00:00:00Z"));
    });
    f.judge().is("ENC-01", "db", State::NoEvidence);
    f.point("db", "2026-09-20T02:00:00Z", |p| {
        p.encrypted = Some(false);
        p.copy_of = Some("x".into());
    });
    f.judge().is("ENC-01", "db/2026-09-20T02:00:00Z", State::Fail);
}

const DOCUMENT: &str =
    "document_id,kind,version,system_ids,approved_at\nD1,encryption_configuration,1,*,2026-10-02T00:00:00Z\n";

#[test]
fn storage_encrypts_by_default_at_every_reading_and_a_document_says_so() {
    let mut f = fixture();
    has_reason(f.judge().is("ENC-02", "organization", State::NoEvidence), "register_not_given");
    f.plan("daily", "db", "0 2 * * *", |p| p.location_id = Some("s3:b".into()));
    has_reason(f.judge().is("ENC-02", "s3:b", State::NoEvidence), "not_read");
    reading(&mut f, "2026-10-05T00:00:00Z", Some(true), Some("aws:kms"));
    has_reason(f.judge().is("ENC-02", "s3:b", State::NoEvidence), "register_not_given");
    f.register("documents", "document_id,kind,version,system_ids,approved_at\n");
    has_reason(f.judge().is("ENC-02", "s3:b", State::Fail), "document_missing");
    f.register("documents", DOCUMENT);
    f.judge().is("ENC-02", "s3:b", State::Pass);
    // What did not tell the algorithm does not show that it changed.
    reading(&mut f, "2026-09-20T00:00:00Z", Some(true), None);
    f.judge().is("ENC-02", "s3:b", State::Pass);
    // The setting changed after the document.
    reading(&mut f, "2026-10-08T00:00:00Z", Some(true), Some("AES256"));
    has_reason(f.judge().is("ENC-02", "s3:b", State::Fail), "document_stale");
    reading(&mut f, "2026-10-09T00:00:00Z", Some(false), None);
    has_reason(f.judge().is("ENC-02", "s3:b", State::Fail), "default_off");
}

#[test]
fn a_reading_that_does_not_show_the_algorithm_is_no_evidence() {
    let mut f = fixture();
    f.register("documents", DOCUMENT);
    reading(&mut f, "2026-10-05T00:00:00Z", Some(true), None);
    has_reason(f.judge().is("ENC-02", "s3:b", State::NoEvidence), "setting_not_shown");
    let mut f = fixture();
    f.register("documents", DOCUMENT);
    reading(&mut f, "2026-10-05T00:00:00Z", Some(true), Some("3DES"));
    has_reason(f.judge().is("ENC-02", "s3:b", State::Fail), "weak_cipher");
}
