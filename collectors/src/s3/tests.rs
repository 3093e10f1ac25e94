//! Documented replies beyond the sample.

use model::rows::{Immutability, Row, RunStatus, StorageLocation};
use model::time::instant;

mod archives;

use super::{KIND, naming, policy};
use crate::testing::{listings, parse, points, rows, runs, text};
use crate::{Document, Kept};

rows!(storage, Storage, StorageLocation);

fn read(documents: &[Document]) -> Kept {
    parse(&KIND, None, documents)
}

fn recorded(name: &str, command: &str, exit: i64, tz: &str, content: &str) -> [Document; 2] {
    let record = format!(
        r#"{{"command":"{command}","started_at":"2026-11-20T03:00:00Z","finished_at":"2026-11-20T03:00:05Z",
        "tz":"{tz}","exit_code":{exit},"stdout":"{name}"}}"#
    );
    [text(name, content), text(&format!("{name}.run.json"), &record)]
}

fn bucket(documents: &[Document]) -> StorageLocation {
    let kept = read(documents);
    let [row] = storage(&kept)[..] else { panic!("{kept:?}") };
    row.clone()
}

fn denied(operation: &str) -> String {
    format!("\nAn error occurred (AccessDenied) when calling the {operation} operation: Access Denied\n")
}

#[test]
fn a_setting_is_known_from_an_answer_or_from_the_code_that_means_absent() {
    let said = |code: &str| format!("\nAn error occurred ({code}) when calling the GetBucketX operation: text\n");
    let of = |call: &str, content: &str| {
        let name = format!("acme.{call}.stderr");
        let other = text("acme.get-bucket-location.json", r#"{"LocationConstraint": null}"#);
        bucket(&[text(&name, content), other])
    };
    let none = of("get-bucket-encryption", &said("ServerSideEncryptionConfigurationNotFoundError"));
    assert_eq!((none.encryption_default, none.region.as_deref()), (Some(false), Some("us-east-1")));
    assert_eq!(of("get-bucket-encryption", &denied("GetBucketEncryption")).encryption_default, None);
    assert_eq!(of("get-bucket-policy", &said("NoSuchBucketPolicy")).plain_access_denied, Some(false));
    assert_eq!(of("get-bucket-policy", &denied("GetBucketPolicy")).plain_access_denied, None);
    let lock = said("ObjectLockConfigurationNotFoundError");
    assert_eq!(of("get-object-lock-configuration", &lock).immutability, Some(Immutability::None));
    let kept = read(&[text("acme.get-bucket-policy.stderr", &denied("GetBucketPolicy"))]);
    assert!(kept.rows.is_empty() && kept.problems.iter().any(|p| p.message.contains("not determined")));
}

#[test]
fn the_bucket_is_told_by_record_reply_or_file_name_and_by_nothing_else() {
    let on = r#"{"Status": "Enabled"}"#;
    let by_record = recorded("v.json", "aws s3api get-bucket-versioning --bucket acme", 0, "UTC", on);
    let wrapped = r#"{"Bucket": "acme", "get-bucket-versioning": {"Status": "Enabled"}}"#;
    let flat = r#"{"Bucket": "acme", "Status": "Enabled"}"#;
    let cases = [
        by_record.to_vec(),
        vec![text("acme.get-bucket-versioning.json", on)],
        vec![text("drop/acme/get-bucket-versioning.json", on)],
        vec![text("any.json", wrapped)],
        vec![text("any.json", flat)],
    ];
    for documents in cases {
        let row = bucket(&documents);
        assert_eq!((row.location_id.as_str(), row.versioning), ("s3:acme", Some(true)));
    }
    let kept = read(&[text("evidence/40-get-bucket-versioning.json", on)]);
    assert!(kept.rows.is_empty() && kept.problems.iter().any(|p| p.message.contains("which bucket")));
}

#[test]
fn an_empty_answer_about_versioning_means_never_enabled() {
    let record = r#"{"command":"aws s3api get-bucket-versioning --bucket acme","exit_code":0,"stdout":"v.json"}"#;
    let row = bucket(&[text("v.json", ""), text("v.run.json", record)]);
    assert_eq!(row.versioning, Some(false));
    let kept = read(&[text("acme.get-bucket-versioning.json", "")]);
    assert!(
        kept.rows.is_empty() && kept.problems.iter().any(|p| p.message.contains("empty")),
        "a cut file proves nothing"
    );
}

#[test]
fn the_later_answer_holds() {
    let at = |hour: u32, status: &str| {
        let name = format!("{hour}.json");
        let record = format!(
            r#"{{"command":"aws s3api get-bucket-versioning --bucket acme","exit_code":0,
            "finished_at":"2026-11-20T{hour:02}:00:00Z","stdout":"{name}"}}"#
        );
        [text(&name, &format!(r#"{{"Status":"{status}"}}"#)), text(&format!("{hour}.run.json"), &record)]
    };
    let (early, late) = (at(3, "Enabled"), at(11, "Suspended"));
    for documents in [[early.clone(), late.clone()].concat(), [late, early].concat()] {
        assert_eq!(bucket(&documents).versioning, Some(false));
    }
}

#[test]
fn public_access_needs_both_ways_closed() {
    let of = |parts: &[(&str, &str)]| {
        let documents: Vec<Document> =
            parts.iter().map(|(call, content)| text(&format!("acme.{call}.json"), content)).collect();
        bucket(&documents).public_access
    };
    let block = r#"{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"IgnorePublicAcls":true,
        "BlockPublicPolicy":true,"RestrictPublicBuckets":true}}"#;
    let open = r#"{"PolicyStatus":{"IsPublic":true}}"#;
    let closed = r#"{"PolicyStatus":{"IsPublic":false}}"#;
    let owner = r#"{"OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}}"#;
    assert_eq!(of(&[("get-public-access-block", block)]), Some(false));
    assert_eq!(of(&[("get-public-access-block", block), ("get-bucket-policy-status", open)]), Some(false));
    assert_eq!(of(&[("get-bucket-policy-status", open)]), Some(true));
    assert_eq!(of(&[("get-bucket-policy-status", closed)]), None, "ACLs may open it");
    assert_eq!(of(&[("get-bucket-policy-status", closed), ("get-bucket-ownership-controls", owner)]), Some(false));
}

#[test]
fn lock_lifecycle_and_replication_count_only_where_they_bind() {
    let lock = |rule: &str| {
        let content = format!(r#"{{"ObjectLockConfiguration":{{"ObjectLockEnabled":"Enabled"{rule}}}}}"#);
        bucket(&[text("acme.get-object-lock-configuration.json", &content)]).immutability
    };
    let compliance = r#","Rule":{"DefaultRetention":{"Mode":"COMPLIANCE","Days":35,"Years":0}}"#;
    assert_eq!(lock(compliance), Some(Immutability::Compliance));
    assert_eq!(lock(""), Some(Immutability::None));

    let rules = r#"{"Rules":[
        {"ID":"a","Status":"Enabled","Filter":{},"Expiration":{"Days":90}},
        {"ID":"b","Status":"Enabled","Filter":{"Tag":{"Key":"k","Value":"v"}},"Expiration":{"Days":1}},
        {"ID":"c","Status":"Enabled","Filter":{"And":{"Prefix":"x/","ObjectSizeGreaterThan":5}},"Expiration":{"Days":2}},
        {"ID":"d","Status":"Disabled","Prefix":"","Expiration":{"Days":3}},
        {"ID":"e","Status":"Enabled","Prefix":"old/","Expiration":{"Days":400}},
        {"ID":"f","Status":"Enabled","Prefix":"","Transitions":[{"Days":4,"StorageClass":"GLACIER"}]}]}"#;
    let replication = r#"{"ReplicationConfiguration":{"Role":"r","Rules":[
        {"Status":"Enabled","Prefix":"old/","Destination":{"Bucket":"arn:aws-cn:s3:::dr"}},
        {"Status":"Disabled","Filter":{"Prefix":""},"Destination":{"Bucket":"arn:aws:s3:::off"}}]}}"#;
    let kept = read(&[
        text("acme.get-bucket-lifecycle-configuration.json", rules),
        text("acme.get-bucket-replication.json", replication),
    ]);
    let found: Vec<_> = storage(&kept)
        .iter()
        .map(|s| (s.location_id.as_str(), s.expires_after_s, s.replication_targets.join(",")))
        .collect();
    let day = 86_400;
    assert_eq!(
        found,
        [
            // A rule of the whole bucket reaches into the prefix; the earlier expiry counts.
            ("s3:acme/old", Some(90 * day), "s3:dr".to_owned()),
            ("s3:acme", Some(90 * day), String::new()),
        ]
    );
}

#[test]
fn a_policy_denies_plain_http_only_for_everyone_everything_and_the_whole_bucket() {
    let judge = |statement: &str| {
        policy::transport(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#), "acme").unwrap()
    };
    let deny = |more: &str| {
        format!(
            r#"{{"Effect":"Deny","Principal":{{"AWS":"*"}},"Action":["s3:*"],
            "Resource":["arn:aws-us-gov:s3:::acme","arn:aws-us-gov:s3:::acme/*"],{more}}}"#
        )
    };
    let plain = r#""Condition":{"Bool":{"aws:SecureTransport":false}}"#;
    assert!(judge(&deny(plain)).plain_denied);
    assert!(
        judge(&format!("[{}]", deny(r#""Condition":{"BoolIfExists":{"aws:securetransport":["false"]}}"#))).plain_denied
    );
    assert!(!judge(&deny(plain).replace("Deny", "Allow")).plain_denied);
    assert!(!judge(&deny(plain).replace(r#""AWS":"*""#, r#""AWS":"arn:aws:iam::1:role/r""#)).plain_denied);
    assert!(!judge(&deny(plain).replace("s3:*", "s3:GetObject")).plain_denied);
    assert!(!judge(&deny(plain).replace(r#","arn:aws-us-gov:s3:::acme/*""#, "")).plain_denied);
    let narrowed = r#""Condition":{"Bool":{"aws:SecureTransport":"false"},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#;
    assert!(!judge(&deny(narrowed)).plain_denied, "both conditions must hold, so some plain requests pass");
    let tls = judge(&deny(r#""Condition":{"NumericLessThan":{"s3:TlsVersion":1.2}}"#));
    assert_eq!((tls.plain_denied, tls.tls_min.as_deref()), (false, Some("1.2")));
    assert_eq!(policy::transport("{", "acme"), None);
    let kept = read(&[text("acme.get-bucket-policy.json", r#"{"Policy":"{"}"#)]);
    assert!(kept.problems.iter().any(|p| p.place.as_deref() == Some("/Policy")));
}

#[test]
fn versions_of_one_key_are_runs_of_their_own_and_lists_agree() {
    let versions = r#"{"Name":"acme","Versions":[
        {"Key":"db/latest.dump","VersionId":"2","IsLatest":true,"Size":20,"LastModified":"2026-11-20T02:00:00+00:00"},
        {"Key":"db/latest.dump","VersionId":"1","IsLatest":false,"Size":10,"LastModified":"2026-11-19T02:00:00+00:00"},
        {"Key":"db/","VersionId":"0","IsLatest":true,"Size":0,"LastModified":"2026-11-01T02:00:00+00:00"}]}"#;
    let current = r#"{"Name":"acme","Contents":[
        {"Key":"db/latest.dump","Size":20,"LastModified":"2026-11-20T02:00:00.000Z"}]}"#;
    let head = r#"{"Bucket":"acme","Key":"db/latest.dump","ETag":"x","ContentLength":20,
        "LastModified":"Fri, 20 Nov 2026 02:00:00 GMT","ServerSideEncryption":"aws:kms","SSEKMSKeyId":"k",
        "ObjectLockRetainUntilDate":"2026-12-25T02:00:00Z",
        "Expiration":"expiry-date=\"Sun, 20 Dec 2026 00:00:00 GMT\", rule-id=\"r\""}"#;
    let kept = read(&[text("v.json", versions), text("l.json", current), text("h.json", head)]);
    assert_eq!(kept.problems, []);
    assert!(runs(&kept).iter().all(|r| r.inferred) && !super::KIND.tables.contains(&"backup_runs"), "a list is no log");
    let found: Vec<_> = runs(&kept).iter().map(|r| (r.run_id.as_str(), r.bytes, r.encrypted)).collect();
    assert_eq!(
        found,
        [
            ("acme/db/latest.dump@2026-11-19T02:00:00Z", Some(10), None),
            ("acme/db/latest.dump@2026-11-20T02:00:00Z", Some(20), None),
        ]
    );
    let point = points(&kept)[1];
    assert_eq!((point.encrypted, point.cipher.as_deref()), (Some(true), Some("aws:kms")));
    assert_eq!(point.immutable_until, Some(instant("2026-12-25T02:00:00Z", None).unwrap()));
    assert_eq!(point.expires_at, Some(instant("2026-12-20T00:00:00Z", None).unwrap()));
    assert_eq!(point.run_id.as_deref(), Some(found[1].0));
}

#[test]
fn a_list_of_current_objects_is_complete_only_for_a_bucket_without_versions() {
    let list = r#"{"Contents":[{"Key":"a-20261120.gz","Size":1,"LastModified":"2026-11-20T02:00:00Z"}]}"#;
    let complete = |status: &str, command: &str| {
        let mut documents = recorded("l.json", command, 0, "UTC", list).to_vec();
        documents.push(text("acme.get-bucket-versioning.json", &format!(r#"{{"Status":"{status}"}}"#)));
        let kept = read(&documents);
        listings(&kept).iter().map(|l| l.complete).collect::<Vec<_>>()
    };
    let whole = "aws s3api list-objects-v2 --bucket acme";
    assert_eq!(complete("Suspended", whole), [true]);
    assert_eq!(complete("Enabled", whole), [false]);
    assert_eq!(complete("Suspended", &format!("{whole} --prefix a")), [false]);
}

#[test]
fn times_of_s3_ls_are_local_and_the_hour_that_repeats_is_left_open() {
    let ls = "                           PRE sub/\n2026-11-01 01:30:00   5 Bytes a.gz\n2026-11-01 03:30:00  1.5 GiB b c.gz\n\
              2026-11-01 04:30:00          0 sub/\n\nTotal Objects: 3\n";
    let kept = read(&recorded("ls.txt", "aws s3 ls --human-readable s3://acme/db/", 0, "America/New_York", ls));
    let [a, b] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((a.ended_at, a.zone_unknown, a.bytes), (None, true, Some(5)));
    assert_eq!(b.ended_at, Some(instant("2026-11-01T08:30:00Z", None).unwrap()));
    assert_eq!((b.bytes, b.resource.as_deref()), (None, Some("s3:acme/db/b c.gz")), "rounded sizes are not sizes");

    let json = r#"{"Name":"acme","Contents":[{"Key":"db/a.gz","Size":5,"LastModified":"2026-11-01T06:30:00Z"}]}"#;
    let mut documents =
        recorded("ls.txt", "aws s3 ls --human-readable s3://acme/db/", 0, "America/New_York", ls).to_vec();
    documents.push(text("l.json", json));
    let kept = read(&documents);
    let times: Vec<_> = runs(&kept).iter().filter_map(|r| r.ended_at).collect();
    assert_eq!((runs(&kept).len(), times.len()), (2, 2), "the list tells which of the two hours it was");

    let kept = read(&[text("acme.s3-ls.txt", "2026-11-20 02:00:00  7 x.gz\n")]);
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert!(run.zone_unknown && run.ended_at.is_none() && kept.problems.len() == 1);
    let kept = parse(&KIND, Some("Europe/Berlin"), &[text("acme.s3-ls.txt", "2026-11-20 02:00:00  7 x.gz\n")]);
    assert_eq!(runs(&kept)[0].ended_at, Some(instant("2026-11-20T01:00:00Z", None).unwrap()));
}

#[test]
fn transfers_without_a_list_are_runs() {
    let log = "Completed 256.0 KiB/293.0 KiB with 1 file(s) remaining\rupload: ./a.gz to s3://acme/db/a b.gz\n\
               upload failed: ./c.gz to s3://acme/db/c.gz Could not connect to the endpoint URL: \"https://x\"\n\
               download: s3://acme/x to ./x\n";
    let kept = read(&[text("cp.log", log)]);
    assert!(runs(&kept).iter().all(|r| !r.inferred));
    let found: Vec<_> = runs(&kept).iter().map(|r| (r.resource.as_deref().unwrap(), r.status)).collect();
    assert_eq!(found, [("s3:acme/db/a b.gz", RunStatus::Success), ("s3:acme/db/c.gz", RunStatus::Failed)]);

    let record = |exit: &str| {
        let record = format!(
            r#"{{"command":"aws s3 cp --only-show-errors /b/db-20261120.gz s3://acme/db/",
            "started_at":"2026-11-20T03:00:00Z","finished_at":"2026-11-20T03:09:00Z",{exit}}}"#
        );
        let kept = read(&[text("cp.run.json", &record)]);
        let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
        assert!(run.started_at.is_some() && run.ended_at.is_some());
        assert_eq!(run.resource.as_deref(), Some("s3:acme/db/db"));
        run.status
    };
    assert_eq!(record(r#""exit_code":0"#), RunStatus::Success);
    assert_eq!(record(r#""exit_code":1"#), RunStatus::Failed);
    assert_eq!(record(r#""exit_code":null,"killed_by":"SIGKILL""#), RunStatus::Aborted);
}

#[test]
fn resources_are_prefixes_without_dates() {
    for (key, wanted) in [
        ("db/orders-2026-11-22.dump", "s3:b/db/orders"),
        ("2026/11/22/orders.dump", "s3:b"),
        ("basebackups_005/base_000000010000000000000002/x", "s3:b/basebackups_005/base"),
        ("db/latest.dump", "s3:b/db/latest.dump"),
        ("ä/Kündigungen 2026.dump", "s3:b/ä/Kündigungen"),
    ] {
        assert_eq!(naming::resource("b", key), wanted);
    }
}

#[test]
fn damaged_input_is_reported_and_the_rest_is_read() {
    let list = r#"{"Contents":[{"Key":"a","Size":1,"LastModified":"2026-11-20T02:00:00Z"},{"Key":"b","Si"#;
    let kept = read(&[text("acme.list-objects-v2.json", list)]);
    assert_eq!((runs(&kept).len(), kept.problems.len()), (1, 1), "{kept:?}");
    let odd = r#"{"Contents":[{"Key":"a","Size":-1,"LastModified":99999999999999999999}]}"#;
    let kept = read(&[text("acme.list-objects-v2.json", odd)]);
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.bytes, run.ended_at, kept.problems.len()), (None, None, 2));
    let truncated = r#"{"IsTruncated":true,"Name":"acme","Contents":[]}"#;
    assert_eq!(read(&[text("l.json", truncated)]).problems.len(), 1);
}

#[test]
fn a_wrapped_answer_holds_replies_errors_and_empty_answers() {
    let wrapped = r#"{"Bucket": "acme",
        "get-bucket-versioning": {},
        "get-bucket-encryption": {"ServerSideEncryptionConfiguration": {"Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}},
        "get-bucket-policy": "An error occurred (NoSuchBucketPolicy) when calling the GetBucketPolicy operation: none",
        "get-bucket-replication": "An error occurred (AccessDenied) when calling the GetBucketReplication operation: no",
        "list-objects-v2": {"Contents": [{"Key": "a.gz", "Size": 3, "LastModified": "2026-11-20T02:00:00Z"}]}}"#;
    let kept = read(&[text("any.json", wrapped)]);
    let [row] = storage(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((row.versioning, row.encryption_default), (Some(false), Some(true)));
    assert_eq!(row.plain_access_denied, Some(false));
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(run.origin.pointer, "/list-objects-v2/Contents/0");
    assert!(listings(&kept).iter().all(|l| !l.complete));
    assert!(kept.problems.len() == 1 && kept.problems[0].message.contains("get-bucket-replication"), "{kept:?}");
}

#[test]
fn a_stored_object_without_a_list_is_a_run() {
    let command = "aws s3api put-object --bucket acme --key db/x.gz --body x.gz";
    let kept = read(&recorded("p.json", command, 0, "UTC", r#"{"ETag": "\"x\"", "ServerSideEncryption": "AES256"}"#));
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.status, run.resource.as_deref()), (RunStatus::Success, Some("s3:acme/db/x.gz")));
    let said = "An error occurred (NoSuchBucket) when calling the PutObject operation: gone";
    let kept = read(&recorded("p.err", command, 254, "UTC", said));
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.status, kept.problems.len()), (RunStatus::Failed, 0));
}
