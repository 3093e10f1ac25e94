//! A whole bucket on a server of the test, and the ways in which it fails.

use model::evidence::Problem;
use model::rows::{Immutability, Row};
use model::workspace::Setting;

use super::*;
use crate::Kept;
use crate::aws::session::testing::{documents, order, scope};
use crate::net::Collected;
use crate::net::testing::{Reply, Seen, run, trail};
use crate::s3::KIND;
use crate::s3::testing::{Fake, server};
use crate::testing::parse;

struct Outcome {
    collected: Collected,
    kept: Kept,
    requests: Vec<String>,
    owners: Vec<Option<String>>,
}

impl Outcome {
    fn problems(&self) -> String {
        let all: Vec<&Problem> = self.collected.problems.iter().chain(&self.kept.problems).collect();
        all.iter().map(|p| format!("{p}\n")).collect()
    }

    /// Ids of recovery points.
    fn points(&self) -> Vec<&str> {
        self.kept
            .rows
            .iter()
            .filter_map(|r| if let Row::RecoveryPoint(p) = r { Some(p.recovery_point_id.as_str()) } else { None })
            .collect()
    }

    fn listings(&self) -> Vec<(&str, usize)> {
        self.kept
            .rows
            .iter()
            .filter_map(|r| if let Row::Listing(l) = r { Some(l) } else { None })
            .map(|l| (l.resource.as_str(), l.recovery_point_ids.len()))
            .collect()
    }

    fn storage(&self) -> &model::rows::StorageLocation {
        self.kept.rows.iter().find_map(|r| if let Row::Storage(s) = r { Some(s) } else { None }).expect("a location")
    }
}

fn list(values: &[&str]) -> Setting {
    Setting::List(values.iter().map(|v| (*v).to_owned()).collect())
}

fn asked(
    fake: Fake,
    settings: &[(&str, Setting)],
    fault: impl Fn(usize, &Seen) -> Option<Reply> + Send + Sync + 'static,
) -> Outcome {
    let server = server(fake, fault);
    let (mut trail, objects, _stop) = trail();
    trail.context.limits.attempts = 2;
    let order = order("s3", settings);
    run(async {
        let scope = scope(&server.url, &trail).await;
        let owner = scope.account.clone();
        match all(&order, &scope, owner, &mut trail).await {
            Ok(()) | Err(Halt::Over) => {}
            Err(other) => panic!("{other}"),
        }
    });
    let collected = trail.finish();
    let kept = parse(&KIND, None, &documents(&collected.pages, &objects));
    let seen = server.seen();
    Outcome {
        collected,
        kept,
        requests: seen.iter().map(|s| s.line.clone()).collect(),
        owners: seen.iter().map(|s| s.header("x-amz-expected-bucket-owner").map(str::to_owned)).collect(),
    }
}

/// Eight dumps on three pages, in a bucket without versions.
fn dumps() -> Fake {
    (1..=8).fold(Fake::default(), |fake, n| fake.with(&format!("acme/db/orders & co-2026112{n}.dump"), vec![b'x'; 10]))
}

fn buckets() -> [(&'static str, Setting); 1] {
    [("buckets", list(&["acme"]))]
}

#[test]
fn a_healthy_bucket_is_read_whole() {
    let out = asked(dumps(), &buckets(), |_, _| None);
    assert_eq!(out.problems(), "");
    assert_eq!(out.points().len(), 8);
    assert_eq!(out.points()[0], "acme/db/orders & co-20261121.dump@2026-11-20T02:00:00Z");
    assert_eq!(
        out.listings(),
        [("s3:acme/db/orders & co", 8)],
        "unversioned, whole and in order: deletion can be seen"
    );
    let row = out.storage();
    assert_eq!((row.region.as_deref(), row.encryption_default), (Some("eu-west-1"), Some(true)));
    assert_eq!((row.versioning, row.immutability), (Some(false), Some(Immutability::None)));
    assert_eq!(row.plain_access_denied, Some(false));
    let heads: Vec<_> = out
        .kept
        .rows
        .iter()
        .filter_map(
            |r| if let Row::RecoveryPoint(p) = r { Some((p.cipher.as_deref()?, p.immutable_until?)) } else { None },
        )
        .collect();
    assert_eq!(heads.len(), 1, "the newest object of the resource was looked at");
    assert_eq!(out.collected.ended, ["s3://acme/: 3 pages, 8 objects; the last answer says that nothing follows"]);
    let [covers] = &out.collected.covers[..] else { panic!("{:?}", out.collected.covers) };
    assert_eq!(
        (covers.resources.as_slice(), covers.tables.as_slice()),
        (["s3:acme/".to_owned()].as_slice(), ["recovery_points".to_owned()].as_slice())
    );
    assert!((covers.to.unwrap() - covers.from).num_minutes() < 5, "a list tells of now");
    let pages: Vec<_> = out.collected.pages.iter().filter(|p| p.name.contains("list-objects-v2")).collect();
    assert_eq!(pages[1].name, "aws/123456789012/eu-west-1/s3api/list-objects-v2/bucket=acme/page-0002.xml");
    assert_eq!((pages[1].items, pages[0].cursor_out.clone()), (Some(3), pages[1].cursor_in.clone()));
    assert!(out.owners.iter().all(|o| o.as_deref() == Some("123456789012")), "{:?}", out.owners);
    for permission in ["s3:ListBucket", "s3:GetObject", "s3:GetEncryptionConfiguration", "s3:GetBucketPolicy"] {
        assert!(out.collected.permissions.iter().any(|p| p == permission), "{permission}");
    }
}

#[test]
fn prefixes_and_flags_choose_what_is_asked() {
    let fake = dumps().with("acme/db-old/x-20261120.gz", "x").with("acme/wal/y-20261120.gz", "y");
    let out = asked(
        fake.clone(),
        &[("buckets", list(&["acme"])), ("prefixes", list(&["db/", "db/orders", "wal/"]))],
        |_, _| None,
    );
    assert_eq!(out.problems(), "");
    assert_eq!(out.points().len(), 9);
    assert_eq!(out.requests.iter().filter(|r| r.contains("list-type=2") && !r.contains("continuation")).count(), 2);
    assert_eq!(out.listings().len(), 2);
    let out = asked(
        fake.clone(),
        &[("buckets", list(&["s3://acme/db/orders & co-20261122"])), ("heads", Setting::Flag(false))],
        |_, _| None,
    );
    assert_eq!((out.points().len(), out.problems().as_str()), (1, ""));
    assert_eq!(out.listings(), [], "others of the resource were not asked for");
    assert!(!out.requests.iter().any(|r| r.starts_with("HEAD /acme/db")), "{:?}", out.requests);
    let out = asked(fake, &[("buckets", list(&["acme/db/"])), ("versions", Setting::Flag(true))], |_, _| None);
    assert_eq!(out.problems(), "");
    assert_eq!(out.points().len(), 16, "old versions are recovery points too");
    assert_eq!(out.listings(), [("s3:acme/db/orders & co", 16)]);
    assert!(out.collected.ended[0].contains("16 versions"), "{:?}", out.collected.ended);
}

#[test]
fn a_bucket_that_keeps_versions_proves_no_deletion_by_its_current_objects() {
    let mut fake = dumps();
    fake.settings.insert(
        "versioning",
        (200, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>".to_owned()),
    );
    let out = asked(fake.clone(), &buckets(), |_, _| None);
    assert_eq!((out.points().len(), out.listings().len(), out.storage().versioning), (8, 0, Some(true)));
    fake.settings.insert("versioning", (403, "<Error><Code>AccessDenied</Code></Error>".to_owned()));
    let out = asked(fake, &buckets(), |_, _| None);
    assert_eq!((out.points().len(), out.listings().len(), out.storage().versioning), (8, 0, None));
}

#[test]
fn a_setting_that_cannot_be_had_is_open_and_never_off() {
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let lacking = "<Error><Code>NotImplemented</Code><Message>A header you provided</Message></Error>";
    for (setting, action) in [
        ("encryption", "s3:GetEncryptionConfiguration"),
        ("object-lock", "s3:GetBucketObjectLockConfiguration"),
        ("policy", "s3:GetBucketPolicy"),
        ("lifecycle", "s3:GetLifecycleConfiguration"),
        ("replication", "s3:GetReplicationConfiguration"),
        ("publicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ] {
        let mut fake = dumps();
        fake.settings.insert(setting, (403, denied.to_owned()));
        let out = asked(fake, &buckets(), |_, _| None);
        assert_eq!(out.collected.problems.len(), 1, "{}", out.problems());
        assert!(out.problems().contains(&format!("allow {action}")), "{setting}: {}", out.problems());
        assert_eq!(out.kept.problems, [], "told once");
        let row = out.storage();
        match setting {
            "encryption" => assert_eq!(row.encryption_default, None),
            "object-lock" => assert_eq!(row.immutability, None),
            "policy" => assert_eq!(row.plain_access_denied, Some(false), "the status of the policy tells as well"),
            _ => {}
        }
        assert_eq!(out.points().len(), 8, "the rest is read");
    }
    let mut fake = dumps();
    fake.settings.insert("encryption", (501, lacking.to_owned()));
    let out = asked(fake, &buckets(), |_, _| None);
    assert_eq!(out.problems(), "");
    assert!(
        out.collected.notes.iter().any(|n| n.contains("has no get-bucket-encryption (501 NotImplemented)")),
        "{:?}",
        out.collected.notes
    );
    assert_eq!(out.storage().encryption_default, None, "what a server does not have is not off");
    let mut fake = dumps();
    let odd = "<ListBucketResult><Name>acme</Name><IsTruncated>false</IsTruncated><Contents><Key>ghost</Key></Contents></ListBucketResult>";
    fake.settings.insert("policyStatus", (200, odd.to_owned()));
    let out = asked(fake, &buckets(), |_, _| None);
    assert!(out.problems().contains("unreadable answer"), "{}", out.problems());
    assert!(!out.points().iter().any(|p| p.contains("ghost")), "a list in answer to another question is none");
}

/// Each leaves the list open, says so, and nothing is concluded from what is missing.
#[test]
fn a_list_that_contradicts_itself_is_not_whole() {
    let xml =
        |inner: &str| Reply::status(200, &format!("<ListBucketResult><Name>acme</Name>{inner}</ListBucketResult>"));
    let object = |key: &str| {
        format!(
            "<Contents><Key>db/{key}</Key><Size>1</Size><LastModified>2026-11-20T02:00:00Z</LastModified></Contents>"
        )
    };
    let (end, more) = ("<IsTruncated>false</IsTruncated>", "<IsTruncated>true</IsTruncated>");
    let bad: Vec<(Reply, &str)> = vec![
        (xml(&format!("{more}{}", object("a"))), "names no next one"),
        (
            xml(&format!("{end}<NextContinuationToken>x</NextContinuationToken>{}", object("a"))),
            "nothing follows and names a next one",
        ),
        (xml(&object("a")), "unreadable answer"),
        (
            xml(&format!("{more}<NextContinuationToken>again</NextContinuationToken>{}", object("a"))),
            "leads back to a page",
        ),
        (xml(&format!("{end}<KeyCount>5</KeyCount>{}", object("zz"))), "where the server counts 5"),
        (xml(&format!("{end}{}", object("orders &amp; co-20261121.dump"))), "came twice"),
        (xml(&format!("{end}{}", object("zz"))).header("x", "y"), ""),
        (xml(end).header("x", "y"), ""),
        (
            Reply::status(
                200,
                "<ListBucketResult><Name>other</Name><IsTruncated>false</IsTruncated></ListBucketResult>",
            ),
            "another bucket",
        ),
        (Reply::status(200, "<ListBucketResult><IsTruncated>fal"), "unreadable answer"),
        (Reply::status(200, "<html>login</html>"), "unreadable answer"),
        (Reply::status(200, ""), "unreadable answer"),
        (Reply::status(403, "<Error><Code>AccessDenied</Code></Error>"), "allow s3:ListBucket"),
        (Reply::status(500, ""), "no answer could be had (2 attempts)"),
        (Reply::status(503, "<Error><Code>SlowDown</Code></Error>"), "no answer could be had (2 attempts)"),
        (
            Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n<ListBucketResult>".to_vec()),
            "no answer could be had (2 attempts)",
        ),
        (Reply::Stall(Vec::new()), "no answer could be had (2 attempts)"),
    ];
    for (reply, says) in bad {
        for page in [1, 3] {
            let reply = reply.clone();
            let settings = [("buckets", list(&["acme/db/"])), ("heads", Setting::Flag(false))];
            let out = asked(dumps(), &settings, move |_, seen| {
                let token = seen.path().contains("continuation-token=");
                let third = seen.path().contains("20261126") || seen.path().contains("again");
                let hit = seen.path().contains("list-type=2")
                    && if page == 1 { !token || seen.path().contains("again") } else { third };
                hit.then(|| reply.clone())
            });
            let healthy = says.is_empty() || (says == "came twice" && page == 1);
            if healthy {
                continue;
            }
            assert!(out.problems().contains(says), "{says} on page {page}: {}", out.problems());
            assert!(out.collected.covers.is_empty() && out.collected.ended.is_empty(), "{says} on page {page}");
            assert_eq!(out.listings(), [], "{says} on page {page}: nothing is gone");
            if page == 3 {
                assert!(out.points().len() >= 6, "{says}: what came before is read");
            }
        }
    }
}

#[test]
fn what_passes_is_asked_again() {
    let bad: Vec<fn() -> Reply> = vec![
        || Reply::status(503, "<Error><Code>SlowDown</Code></Error>"),
        || Reply::status(500, "<Error><Code>InternalError</Code></Error>"),
        || Reply::status(502, "<html>bad gateway</html>"),
        || Reply::Raw(Vec::new()),
        || Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n<ListBucketResult>".to_vec()),
        || Reply::status(200, "<ListBucketResult><IsTruncated>fal"),
    ];
    for bad in bad {
        let out = asked(dumps(), &buckets(), move |n, seen| (n == 0 && seen.path().contains("list-type=2")).then(bad));
        assert_eq!((out.problems().as_str(), out.points().len()), ("", 8));
    }
}

#[test]
fn keys_out_of_order_are_told_and_prove_no_deletion() {
    let entry = |key: &str| {
        format!("<Contents><Key>{key}</Key><Size>1</Size><LastModified>2026-11-20T02:00:00Z</LastModified></Contents>")
    };
    let body = format!(
        "<ListBucketResult><IsTruncated>false</IsTruncated>{}{}</ListBucketResult>",
        entry("a/x-20261120"),
        entry("a-20261120")
    );
    let out = asked(Fake::default(), &buckets(), move |_, seen| {
        seen.path().contains("list-type=2").then(|| Reply::status(200, &body))
    });
    assert!(out.collected.notes.iter().any(|n| n.contains("out of the order")), "{:?}", out.collected);
    assert_eq!((out.points().len(), out.listings().len()), (2, 0));
}

#[test]
fn archives_are_read_with_what_their_tools_say() {
    let base = "base_000000010000000000000002";
    let sentinel = r#"{"LSN":33554472,"FinishLSN":33554720,"PgVersion":150004,"SystemIdentifier":7,"UncompressedSize":10000,"CompressedSize":5000}"#;
    let mut fake = Fake::default()
        .with(&format!("acme/pg/basebackups_005/{base}/tar_partitions/part_001.tar.lz4"), vec![b'p'; 500]);
    fake = fake.with(&format!("acme/pg/basebackups_005/{base}_backup_stop_sentinel.json"), sentinel);
    for n in 2..=6 {
        fake = fake.with(&format!("acme/pg/wal_005/00000001000000000000000{n}.lz4"), vec![b'w'; 100]);
    }
    let out = asked(fake.clone(), &buckets(), |_, _| None);
    assert_eq!(out.problems(), "");
    assert_eq!(out.points(), [format!("acme/pg/{base}")]);
    let point = out.kept.rows.iter().find_map(|r| if let Row::RecoveryPoint(p) = r { Some(p) } else { None }).unwrap();
    assert_eq!(point.bytes, Some(10_000), "the sentinel tells the size of the data");
    assert!(out.kept.rows.iter().any(|r| matches!(r, Row::Pitr(p) if p.latest_restorable_at.is_some())));
    let segments: Vec<_> =
        out.kept.rows.iter().filter_map(|r| if let Row::LogSegment(s) = r { s.segments } else { None }).collect();
    assert_eq!(segments, [5]);
    assert!(!out.requests.iter().any(|r| r.contains("/wal_005/")), "no content of the log is asked for");
    let out = asked(fake.clone(), &buckets(), |_, seen| {
        seen.path().contains("sentinel.json").then(|| Reply::status(403, "<Error><Code>AccessDenied</Code></Error>"))
    });
    assert!(out.problems().contains("allow s3:GetObject"), "{}", out.problems());
    assert!(out.collected.notes.iter().any(|n| n.contains("`heads = false`")));
    let cut = asked(fake, &buckets(), |n, seen| {
        let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 124\r\n\r\n{\"LSN\":335".to_vec();
        (n == 0 && seen.path().contains("sentinel.json")).then_some(Reply::Raw(cut))
    });
    assert_eq!((cut.problems().as_str(), cut.points().len()), ("", 1));
}

#[test]
fn a_bucket_elsewhere_or_nowhere_is_told() {
    let out = asked(dumps(), &[("buckets", list(&["acme", "gone"]))], |_, seen| {
        let raw = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec();
        seen.line.starts_with("HEAD /gone").then_some(Reply::Raw(raw))
    });
    assert!(out.problems().contains("there is no bucket gone"), "{}", out.problems());
    assert_eq!(out.points().len(), 8, "the other one is read");
    let out = asked(dumps(), &buckets(), |_, seen| {
        let raw = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec();
        (seen.line.starts_with("HEAD /acme ") || seen.line.starts_with("HEAD /acme/ ")).then_some(Reply::Raw(raw))
    });
    assert!(out.problems().contains("allow s3:ListBucket, or set `owner`"), "{}", out.problems());
}

const REPORT: &str = "inv/data/acme/daily/2026-11-20T01-00Z/";

/// An inventory of two objects, in CSV.
fn inventory(age_hours: i64) -> Fake {
    #[allow(clippy::disallowed_methods, reason = "a test has a clock")]
    let at = chrono::Utc::now() - chrono::TimeDelta::hours(age_hours);
    let mut data = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let rows = "\"acme\",\"db/a+b-20261119.dump\",\"10\",\"2026-11-19T02:00:00.000Z\",\"SSE-S3\"\n\
                \"acme\",\"db/a%2Bb-20261120.dump\",\"0\",\"2026-11-20T02:00:00.000Z\",\"NOT-SSE\"\n";
    std::io::Write::write_all(&mut data, rows.as_bytes()).unwrap();
    let data = data.finish().unwrap();
    let manifest = format!(
        r#"{{"sourceBucket":"acme","destinationBucket":"arn:aws:s3:::inv","version":"2016-11-30","creationTimestamp":"{}",
        "fileFormat":"CSV","fileSchema":"Bucket, Key, Size, LastModifiedDate, EncryptionStatus",
        "files":[{{"key":"data/acme/daily/data/1.csv.gz","size":{},"MD5checksum":"{}"}}]}}"#,
        at.timestamp_millis(),
        data.len(),
        crate::aws::stream::md5(&data)
    );
    let config = "<InventoryConfiguration><Id>daily</Id><IsEnabled>true</IsEnabled><Filter><Prefix>db/</Prefix></Filter>\
        <Destination><S3BucketDestination><Format>CSV</Format><Bucket>arn:aws:s3:::inv</Bucket></S3BucketDestination></Destination>\
        <IncludedObjectVersions>Current</IncludedObjectVersions><Schedule><Frequency>Daily</Frequency></Schedule></InventoryConfiguration>";
    let mut fake = Fake::default()
        .with("inv/data/acme/daily/data/1.csv.gz", data)
        .with(&format!("{REPORT}manifest.checksum"), crate::aws::stream::md5(manifest.as_bytes()))
        .with(&format!("{REPORT}manifest.json"), manifest)
        .with("inv/data/acme/daily/2026-11-21T01-00Z/part", "")
        .with("inv/data/acme/daily/hive/dt=2026-11-20-01-00/symlink.txt", "");
    fake.settings.insert("inventory", (200, config.to_owned()));
    fake
}

fn by_inventory(fake: Fake, fault: impl Fn(usize, &Seen) -> Option<Reply> + Send + Sync + 'static) -> Outcome {
    asked(fake, &[("buckets", list(&["acme"])), ("inventory", list(&["inv/data/acme/daily"]))], fault)
}

#[test]
fn an_inventory_stands_for_the_list() {
    let out = by_inventory(inventory(20), |_, _| None);
    assert_eq!(out.problems(), "");
    let mut points = out.points();
    points.sort_unstable();
    assert_eq!(
        points,
        ["acme/db/a b-20261119.dump@2026-11-19T02:00:00Z", "acme/db/a+b-20261120.dump@2026-11-20T02:00:00Z"]
    );
    let encrypted: Vec<_> = out
        .kept
        .rows
        .iter()
        .filter_map(|r| if let Row::RecoveryPoint(p) = r { Some(p.encrypted) } else { None })
        .collect();
    assert_eq!(encrypted, [Some(true), Some(false)]);
    assert_eq!(out.listings(), [], "an inventory may leave out what was stored shortly before");
    assert!(out.collected.covers.is_empty());
    assert!(
        !out.requests.iter().any(|r| r.starts_with("GET /acme/?") && r.contains("list-type")),
        "{:?}",
        out.requests
    );
    let notes = out.collected.notes.join("\n");
    assert!(
        notes.contains("before it was read") && notes.contains("2026-11-21T01-00Z/ holds no manifest yet"),
        "{notes}"
    );
    assert!(
        out.collected.ended.iter().any(|e| e.contains("inventory of s3://acme: all 1 files")),
        "{:?}",
        out.collected.ended
    );
    assert!(out.collected.pages.iter().any(|p| p.name == format!("inventory/{REPORT}manifest.json")));
    assert!(out.collected.permissions.iter().any(|p| p == "s3:GetInventoryConfiguration"));
}

#[test]
fn an_inventory_that_is_old_damaged_or_not_there_is_told() {
    let old = by_inventory(inventory(80), |_, _| None);
    assert!(old.problems().contains("the newest report is 3 d 8 h old"), "{}", old.problems());
    let mut fake = inventory(1);
    fake.objects.get_mut(&format!("{REPORT}manifest.checksum")).unwrap().content = b"0".repeat(32);
    assert!(by_inventory(fake, |_, _| None).problems().contains("where manifest.checksum says"));
    let damaged = by_inventory(inventory(1), |_, seen| {
        let reply = Reply::Whole(200, Vec::new(), vec![0; 131]);
        seen.path().contains("1.csv.gz").then_some(reply)
    });
    assert!(damaged.problems().contains("no answer could be had (2 attempts)"), "{}", damaged.problems());
    assert!(!damaged.collected.ended.iter().any(|e| e.contains("inventory of")));
    assert!(damaged.kept.problems.iter().any(|p| p.message.contains("is not here")));
    let mut fake = inventory(1);
    fake.objects.retain(|key, _| !key.contains("manifest"));
    assert!(by_inventory(fake, |_, _| None).problems().contains("no report of S3 Inventory is there"));
    let mut fake = inventory(1);
    fake.settings.insert("inventory", (403, "<Error><Code>AccessDenied</Code></Error>".to_owned()));
    assert!(by_inventory(fake, |_, _| None).problems().contains("allow s3:GetInventoryConfiguration"));
}
