//! ENC-01 and ENC-02: the edge cases of `controls/checks.toml`.

use model::assessment::State;
use model::rows::{Row, StorageLocation};

use super::super::edges::Edge;
use super::super::edges::Shown::By;
use crate::testing::{Fixture, at, has_reason, origin, plain};

/// Edge cases shown here.
pub(crate) const EDGES: &[Edge] = &[
    ("ENC-01", "Encrypted volume", By(each_copy_is_judged_on_its_own)),
    ("ENC-01", "State given only", By(a_default_that_a_register_states_needs_its_date_and_the_providers_statement)),
    ("ENC-01", "Points made before", By(points_from_before_a_default_was_turned_on_are_listed)),
    ("ENC-01", "The policy writes", By(what_equals_the_named_algorithm_is_approved)),
    ("ENC-02", "A document that is older", By(storage_encrypts_by_default_at_every_reading_and_a_document_says_so)),
];

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

#[test]
fn each_copy_is_judged_on_its_own() {
    let mut f = fixture();
    point(&mut f, "01", Some(true), Some("AES256"));
    f.point("db", "2026-10-01T02:00:00Z", |p| {
        (p.recovery_point_id, p.copy_of) = ("export".into(), Some("db/2026-10-01T02:00:00Z".into()));
        p.encrypted = Some(false);
    });
    let v = f.judge();
    has_reason(v.is("ENC-01", "export", State::Fail), "not_encrypted");
    assert!(v.is("ENC-01", "db", State::Pass).detail.starts_with("1 recovery points"));
}

#[test]
fn a_default_that_a_register_states_needs_its_date_and_the_providers_statement() {
    let with = |observed: &str, covers: &str| {
        let mut f = fixture();
        point(&mut f, "06", None, None);
        let head = "location_id,platform_id,encryption_default,default_cipher,observed_at\n";
        f.register("storage_locations", &format!("{head}s3:b,s3,true,AES256,{observed}\n"));
        let head = "assurance_id,platform_id,kind,covers,period_start,period_end\n";
        f.register("provider_assurance", &format!("{head}A1,s3,report,{covers},2025-11-01,2026-10-31\n"));
        f.judge().of("ENC-01", "db").clone()
    };
    let good = with("2026-10-05T00:00:00Z", "encryption");
    assert_eq!(good.state, State::Pass);
    has_reason(&good, "indirect");
    assert_eq!(with("2026-10-05T00:00:00Z", "backup").state, State::NoEvidence);
    assert_eq!(with("", "encryption").state, State::NoEvidence);
}

#[test]
fn points_from_before_a_default_was_turned_on_are_listed() {
    let mut f = fixture();
    reading(&mut f, "2026-10-01T00:00:00Z", Some(false), None);
    reading(&mut f, "2026-10-05T00:00:00Z", Some(true), Some("AES256"));
    point(&mut f, "04", None, None);
    point(&mut f, "06", None, None);
    let v = f.judge();
    let r = v.is("ENC-01", "db", State::NoEvidence);
    assert_eq!(r.records, ["point/runs.log/db/2026-10-04T02:00:00Z"]);
}

#[test]
fn what_equals_the_named_algorithm_is_approved() {
    for (cipher, state) in [
        ("ChaCha20-Poly1305", State::Pass),
        ("camellia-256-cbc", State::Pass),
        ("AES-128", State::Fail),
        ("3DES", State::Fail),
    ] {
        let mut f = fixture();
        point(&mut f, "01", Some(true), Some(cipher));
        assert_eq!(f.judge().all("ENC-01")[0].state, state, "{cipher}");
    }
}
