//! Answers of S3 and of lists in pages, as `collect` keeps them.

use model::rows::{Immutability, Listing, Row, StorageLocation};

use crate::testing::{parse, text};
use crate::{Document, Kept, aws_backup, rds, s3};

const AT: &str = "aws/123456789012/eu-west-1";

fn s3(operation: &str, file: &str, body: &str) -> Document {
    text(&format!("{AT}/s3api/{operation}/bucket=acme/{file}"), body)
}

fn bucket(documents: &[Document]) -> (Kept, StorageLocation) {
    let kept = parse(&s3::KIND, None, documents);
    let found = kept.rows.iter().find_map(|r| if let Row::Storage(s) = r { Some(s.clone()) } else { None });
    (kept, found.unwrap())
}

#[test]
fn settings_of_a_bucket_are_read_from_what_came_over_the_wire() {
    let error = |code: &str| format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>m</Message></Error>");
    let (kept, row) = bucket(&[
        s3(
            "get-bucket-encryption",
            "page-0001.xml",
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
        ),
        s3("get-bucket-versioning", "page-0001.xml", "<VersioningConfiguration xmlns='x'/>"),
        s3("get-bucket-policy", "error-404-NoSuchBucketPolicy.xml", &error("NoSuchBucketPolicy")),
        s3(
            "get-object-lock-configuration",
            "page-0001.xml",
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>35</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
        ),
        s3("get-bucket-location", "page-0001.xml", "<LocationConstraint>EU</LocationConstraint>"),
        s3(
            "get-bucket-lifecycle-configuration",
            "page-0001.xml",
            "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><Expiration><Days>40</Days></Expiration></Rule></LifecycleConfiguration>",
        ),
        s3("get-bucket-replication", "error-403-AccessDenied.xml", &error("AccessDenied")),
    ]);
    assert_eq!(kept.problems, []);
    assert_eq!(row.location_id, "s3:acme");
    assert_eq!((row.encryption_default, row.versioning), (Some(true), Some(false)));
    assert_eq!((row.plain_access_denied, row.region.as_deref()), (Some(false), Some("eu-west-1")));
    assert_eq!((row.immutability, row.expires_after_s), (Some(Immutability::Compliance), Some(40 * 86_400)));
    let passed: Vec<_> = kept.passed_over.iter().filter(|(name, _)| name.contains("replication")).collect();
    assert!(passed.len() == 1 && passed[0].1.contains("AccessDenied"), "denied is told at collection, and not \"off\"");
}

#[test]
fn a_policy_is_the_answer_itself() {
    let policy = r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::acme","arn:aws:s3:::acme/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;
    let (kept, row) = bucket(&[s3("get-bucket-policy", "page-0001.json", policy)]);
    assert_eq!((kept.problems.len(), row.plain_access_denied), (0, Some(true)));
}

#[test]
fn a_code_that_only_the_name_tells_counts() {
    let (kept, row) = bucket(&[
        s3("get-bucket-encryption", "error-404-ServerSideEncryptionConfigurationNotFoundError.headers", "HTTP 404\n"),
        s3("get-bucket-location", "page-0001.xml", "<LocationConstraint/>"),
    ]);
    assert_eq!((kept.problems.len(), row.encryption_default), (0, Some(false)));
}

fn versions(page: usize, items: &str, next: bool) -> Document {
    let next = if next {
        "<IsTruncated>true</IsTruncated><NextKeyMarker>m</NextKeyMarker>"
    } else {
        "<IsTruncated>false</IsTruncated>"
    };
    s3(
        "list-object-versions",
        &format!("page-{page:04}.xml"),
        &format!("<ListVersionsResult><Name>acme</Name>{next}{items}</ListVersionsResult>"),
    )
}

fn version(key: &str) -> String {
    format!(
        "<Version><Key>{key}</Key><IsLatest>true</IsLatest><Size>9</Size><LastModified>2026-11-20T00:00:00.000Z</LastModified></Version>"
    )
}

fn listings(kept: &Kept) -> Vec<&Listing> {
    kept.rows.iter().filter_map(|r| if let Row::Listing(l) = r { Some(l) } else { None }).collect()
}

#[test]
fn pages_of_one_list_are_one_whole_list() {
    let pages = [
        versions(1, &version("db/2026-11-19.dump"), true),
        versions(2, &version("db/2026-11-20.dump"), true),
        versions(3, &version("db/2026-11-21.dump"), false),
    ];
    let kept = parse(&s3::KIND, None, &pages);
    assert_eq!(kept.problems, []);
    let lists = listings(&kept);
    assert!(lists.len() == 1 && lists[0].complete && lists[0].recovery_point_ids.len() == 3, "{lists:?}");
    for left_out in 0..3 {
        let mut some = pages.to_vec();
        some.remove(left_out);
        let kept = parse(&s3::KIND, None, &some);
        assert!(kept.problems.len() == 1 && listings(&kept).is_empty(), "without page {left_out}");
        let points = kept.rows.iter().filter(|r| matches!(r, Row::RecoveryPoint(_))).count();
        assert_eq!(points, 2, "what is there is read");
    }
}

#[test]
fn headers_of_an_object_are_read() {
    let name = format!("{AT}/s3api/head-object/bucket=acme/key=db%2F2026-11-20.dump/page-0001.headers");
    let head = "HTTP 200\ncontent-length: 4096\netag: \"x\"\nlast-modified: Fri, 20 Nov 2026 00:00:00 GMT\n\
        x-amz-object-lock-retain-until-date: 2026-12-25T00:00:00Z\nx-amz-server-side-encryption: aws:kms\n";
    let list = versions(1, &version("db/2026-11-20.dump").replace(">9<", ">4096<"), false);
    let kept = parse(&s3::KIND, None, &[text(&name, head), list]);
    assert_eq!(kept.problems, []);
    let point = kept.rows.iter().find_map(|r| if let Row::RecoveryPoint(p) = r { Some(p) } else { None }).unwrap();
    assert_eq!((point.bytes, point.encrypted, point.cipher.as_deref()), (Some(4096), Some(true), Some("aws:kms")));
    assert!(point.immutable_until.is_some() && point.created_at.is_some());
}

#[test]
fn each_reader_takes_its_own_and_damage_is_a_problem() {
    let jobs = |body: &str| text(&format!("{AT}/backup/list-backup-jobs/page-0001.json"), body);
    let good = r#"{"BackupJobs":[{"BackupJobId":"j","State":"COMPLETED"}],"NextToken":null}"#;
    assert_eq!(parse(&aws_backup::KIND, None, &[jobs(good)]).rows.len(), 1);
    let kept = parse(&rds::KIND, None, &[jobs(good)]);
    assert!(kept.rows.is_empty() && kept.passed_over.len() == 1 && kept.problems.is_empty());
    for bad in ["", "{", "[]", "<html>", "\u{0}", "{\"BackupJobs\":[{\"BackupJobId\":\"j\",\"State\":\"COMPLETED\"}"] {
        let kept = parse(&aws_backup::KIND, None, &[jobs(bad)]);
        assert!(kept.rows.is_empty() && kept.problems.len() == 1, "{bad}: {kept:?}");
    }
    let kept = parse(&aws_backup::KIND, None, &[jobs(r#"{"message":"Rate exceeded"}"#)]);
    assert!(kept.rows.is_empty() && kept.passed_over.len() == 1, "{kept:?}");
}
