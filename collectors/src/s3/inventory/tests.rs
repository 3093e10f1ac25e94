use model::rows::Row;
use polars::prelude::*;
use polars_io::parquet::write::ParquetWriter;

use crate::s3::KIND;
use crate::testing::{parse, text};
use crate::{Document, Kept};

fn manifest(format: &str, schema: &str, files: &[(&str, usize)]) -> Document {
    let files: Vec<String> = files
        .iter()
        .map(|(key, size)| format!(r#"{{"key":"p/acme/daily/data/{key}","size":{size},"MD5checksum":""}}"#))
        .collect();
    text(
        "2026-11-20T01-00Z/manifest.json",
        &format!(
            r#"{{"sourceBucket":"acme","destinationBucket":"arn:aws:s3:::inv","version":"2016-11-30",
            "creationTimestamp":"1795136400000","fileFormat":"{format}","fileSchema":"{schema}","files":[{}]}}"#,
            files.join(",")
        ),
    )
}

fn points(kept: &Kept) -> Vec<&model::rows::RecoveryPoint> {
    kept.rows.iter().filter_map(|r| if let Row::RecoveryPoint(p) = r { Some(p) } else { None }).collect()
}

const SCHEMA: &str = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, EncryptionStatus, ObjectLockRetainUntilDate";

#[test]
fn csv_without_a_header_is_read_by_the_manifest() {
    let rows = "\"acme\",\"db/a+%22b%22-20261119.dump\",\"v2\",\"true\",\"false\",\"10\",\"2026-11-19T02:00:00.000Z\",\"SSE-KMS\",\"2026-12-25T00:00:00.000Z\"\n\
        \"acme\",\"db/a+%22b%22-20261119.dump\",\"v1\",\"false\",\"false\",\"9\",\"2026-11-18T02:00:00.000Z\",\"NOT-SSE\",\"\"\n\
        \"acme\",\"db/gone-20261119.dump\",\"v1\",\"true\",\"true\",\"\",\"2026-11-18T02:00:00.000Z\",\"\",\"\"\n\
        \"acme\",\"db/\",\"v1\",\"true\",\"false\",\"0\",\"2026-11-18T02:00:00.000Z\",\"\",\"\"\n\
        \"acme\",\"cut\"\n\
        \"acme\",\"bad%zz\",\"v1\",\"true\",\"false\",\"1\",\"2026-11-18T02:00:00.000Z\",\"\",\"\"\n\
        \"other\",\"x\",\"v1\",\"true\",\"false\",\"1\",\"2026-11-18T02:00:00.000Z\",\"\",\"\"\n\
        \"acme\",\"y\",\"v1\",\"true\",\"false\",\"many\",\"noon\",\"\",\"\"\n";
    let kept = parse(&KIND, None, &[manifest("CSV", SCHEMA, &[("1.csv", rows.len())]), text("data/1.csv", rows)]);
    let [new, old] = points(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(new.recovery_point_id, "acme/db/a \"b\"-20261119.dump@2026-11-19T02:00:00Z");
    assert_eq!((new.bytes, new.cipher.as_deref(), new.encrypted), (Some(10), Some("aws:kms"), Some(true)));
    assert!(new.immutable_until.is_some());
    assert_eq!((old.encrypted, old.immutable_until), (Some(false), None));
    let places: Vec<_> = kept.problems.iter().map(|p| p.place.as_deref().unwrap_or_default()).collect();
    assert_eq!(places, ["line:5", "line:6", "line:7", "line:8"], "{:?}", kept.problems);
    assert_eq!(new.origin.pointer, "line:1");
    assert!(!kept.rows.iter().any(|r| matches!(r, Row::Listing(_))));
}

#[test]
fn parquet_is_read_by_its_columns() {
    let millis = model::time::instant("2026-11-19T02:00:00Z", None).unwrap().timestamp_millis();
    let time = |name: &str, values: [Option<i64>; 3]| {
        Int64Chunked::new(name.into(), values).into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column()
    };
    let mut frame = df!(
        "bucket" => ["acme"; 3],
        "key" => ["db/a+b-20261119.dump", "db/c-20261119.dump", "db/gone"],
        "is_latest" => [true, false, true],
        "is_delete_marker" => [false, false, true],
        "size" => [Some(10_i64), Some(20), None],
        "encryption_status" => [Some("SSE-S3"), None, None],
        "storage_class" => ["STANDARD"; 3],
    )
    .unwrap()
    .hstack(&[
        time("last_modified_date", [Some(millis); 3]),
        time("object_lock_retain_until_date", [Some(millis), None, None]),
    ])
    .unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).with_row_group_size(Some(2)).finish(&mut frame).unwrap();
    let file = |bytes: &[u8]| Document::in_memory("data/1.parquet", "1", None, bytes.to_vec());
    let schema = "message s3.inventory { required binary bucket (UTF8); }";
    let kept = parse(&KIND, None, &[manifest("Parquet", schema, &[("1.parquet", bytes.len())]), file(&bytes)]);
    assert_eq!(kept.problems, []);
    let [a, c] = points(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(
        a.recovery_point_id, "acme/db/a+b-20261119.dump@2026-11-19T02:00:00Z",
        "keys are not encoded in Parquet"
    );
    assert_eq!((a.cipher.as_deref(), a.immutable_until.is_some(), a.bytes), (Some("AES256"), true, Some(10)));
    assert_eq!((c.encrypted, c.bytes, c.origin.pointer.as_str()), (None, Some(20), "/1"));
    for at in [0, 4, bytes.len() / 2, bytes.len() - 1] {
        let kept = parse(&KIND, None, &[manifest("Parquet", schema, &[("1.parquet", at)]), file(&bytes[..at])]);
        assert!(kept.rows.is_empty() && !kept.problems.is_empty(), "cut at {at}");
    }
}

#[test]
fn what_is_missing_or_of_another_format_is_told() {
    let says = |documents: &[Document]| {
        let kept = parse(&KIND, None, documents);
        assert!(kept.rows.is_empty(), "{kept:?}");
        kept.problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>().join("; ")
    };
    assert!(says(&[manifest("CSV", SCHEMA, &[("1.csv", 5)])]).contains("1.csv is not here"));
    assert!(says(&[manifest("ORC", "struct<>", &[("1.orc", 1)]), text("data/1.orc", "x")]).contains("ORC is not read"));
    assert!(
        says(&[manifest("CSV", "Bucket", &[("1.csv", 7)]), text("data/1.csv", "\"acme\"")]).contains("no column Key")
    );
    let torn = [
        manifest("CSV", SCHEMA, &[("1.csv.gz", 4)]),
        Document::in_memory("data/1.csv.gz", "1", None, vec![0x1f, 0x8b, 8, 0]),
    ];
    assert!(says(&torn).contains("cannot be read"));
}

#[test]
fn an_archive_in_an_inventory_is_judged_as_of_the_inventory() {
    let base = "base_000000010000000000000002";
    let mut rows = format!(
        "\"acme\",\"pg/basebackups_005/{base}/tar_partitions/part_1.tar.lz4\",\"9\",\"2026-11-19T02:00:00.000Z\"\n\
         \"acme\",\"pg/basebackups_005/{base}_backup_stop_sentinel.json\",\"9\",\"2026-11-19T02:01:00.000Z\"\n"
    );
    for n in (2..=9).filter(|n| *n != 5) {
        rows +=
            &format!("\"acme\",\"pg/wal_005/00000001000000000000000{n}.lz4\",\"9\",\"2026-11-19T02:0{n}:00.000Z\"\n");
    }
    let files = |name: &str| {
        let manifest = manifest("CSV", "Bucket, Key, Size, LastModifiedDate", &[("1.csv", rows.len())]);
        let manifest = Document::in_memory(
            format!("inventory/inv/p/acme/daily/{}", manifest.name()),
            "m",
            None,
            manifest.bytes().unwrap(),
        );
        [
            manifest,
            text("inventory/inv/p/acme/daily/data/1.csv", &rows),
            text(name, "<InventoryConfiguration><Id>daily</Id><IsEnabled>true</IsEnabled></InventoryConfiguration>"),
        ]
    };
    let call = "aws/123456789012/eu-west-1/s3api/get-bucket-inventory-configuration/bucket=acme/id=daily/page-0001.xml";
    let kept = parse(&KIND, None, &files(call));
    let pitr = kept.rows.iter().find_map(|r| if let Row::Pitr(p) = r { Some(p) } else { None }).expect("a sample");
    assert_eq!(pitr.observed_at, model::time::instant("2026-11-20T01:00:00Z", None).unwrap());
    assert!(kept.rows.iter().any(|r| matches!(r, Row::LogSegment(s) if s.lost_before == Some(1))), "{kept:?}");
    let other =
        "aws/123456789012/eu-west-1/s3api/get-bucket-inventory-configuration/bucket=other/id=daily/page-0001.xml";
    let kept = parse(&KIND, None, &files(other));
    assert!(!kept.rows.iter().any(|r| matches!(r, Row::Pitr(_))), "what the inventory is limited to is not known");
}
