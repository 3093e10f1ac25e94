//! What dumps themselves show: files, folders and their manifests.

use std::io::Write;

use model::rows::{Component, RunStatus};

use super::variants::{only, record};
use super::{KIND, at, parse, runs};
use crate::testing::text;
use crate::{Claim, Document};

fn plain(tail: &str) -> String {
    format!(
        "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 12.3\n\n-- Started on 2026-10-12 02:30:00 UTC\n\nSET x = 0;\n{}{tail}",
        "INSERT INTO t VALUES (1);\n".repeat(400)
    )
}

#[test]
fn a_plain_dump_proves_itself_by_its_trailer() {
    let whole = plain("-- Completed on 2026-10-12 02:31:00 UTC\n\n--\n-- PostgreSQL database dump complete\n--\n\n");
    let kept = parse(&KIND, None, &[text("crm.sql", &whole)]);
    let [run] = runs(&kept)[..] else { panic!() };
    assert_eq!(
        (run.status, run.started_at, run.ended_at),
        (RunStatus::Success, Some(at("2026-10-12T02:30:00Z")), Some(at("2026-10-12T02:31:00Z")))
    );
    assert_eq!((run.bytes, run.encrypted), (Some(whole.len() as u64), Some(false)));
    let kept = parse(&KIND, None, &[text("crm.sql", &plain(""))]);
    assert_eq!((runs(&kept)[0].status, runs(&kept)[0].bytes), (RunStatus::Failed, None));
    // A record's success does not outlive a dump that was cut.
    let kept = parse(
        &KIND,
        None,
        &[
            record("pg_dump crm > crm.sql", "0", ""),
            text("crm.sql", &plain("").replace("-- Started on 2026-10-12 02:30:00 UTC", "")),
        ],
    );
    assert_eq!(only(&kept).0, RunStatus::Failed);
    let kept = parse(&KIND, None, &[text("crm.dump", "")]);
    assert_eq!(only(&kept).0, RunStatus::Failed);
    let kept = parse(&KIND, None, &[text("cron.log", "")]);
    assert_eq!((kept.rows.len(), kept.problems.len()), (0, 1));
}

/// Two dumps of one database within a second are of equal size: the name in the command tells whose is which.
#[test]
fn equal_dumps_in_a_row_belong_each_to_its_command() {
    let dump = plain("-- Completed on 2026-10-12 02:30:00 UTC\n\n--\n-- PostgreSQL database dump complete\n--\n\n");
    let records = r#"{"runs":[
        {"command":"pg_dump -f a.sql crm","timezone":"UTC","started_at":"2026-10-12T02:30:00.1Z","finished_at":"2026-10-12T02:30:00.3Z","exit_code":0},
        {"command":"pg_dump crm > b.sql","timezone":"UTC","started_at":"2026-10-12T02:30:00.4Z","finished_at":"2026-10-12T02:30:00.6Z","exit_code":0}]}"#;
    let kept = parse(&KIND, None, &[text("a.sql", &dump), text("b.sql", &dump), text("runs.json", records)]);
    let sizes: Vec<_> = runs(&kept).iter().map(|r| r.bytes).collect();
    assert_eq!(sizes, [Some(dump.len() as u64); 2]);
}

#[test]
fn dumps_are_never_kept_and_compressed_logs_are() {
    let gz = |content: &str| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(content.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    let log = "2026-10-12 02:30:00 starting backup of crm\n2026-10-12 02:31:00 backup of crm finished: 5 bytes\n";
    assert_eq!((KIND.claim)("backup.log.1.gz", &gz(log)), Claim::Keep);
    let kept = parse(&KIND, Some("UTC"), &[Document::in_memory("backup.log.1.gz", "d", None, gz(log))]);
    assert_eq!(only(&kept).0, RunStatus::Success);
    assert_eq!((KIND.claim)("x", &gz(&plain(""))), Claim::Facts);
    assert_eq!((KIND.claim)("customers.gz", &gz("1\tAlice\t2026\n")), Claim::Facts);
    for head in [
        &b"PGDMP\x01\x0e"[..],
        b"toc.dat\0\0",
        b"\x8c\x0d\x04\x09\x03\x02",
        b"Salted__12345678",
        b"BZh91AY",
        b"\xfd7zXZ\0",
        b"age-encryption.org/v1\n",
    ] {
        assert_eq!((KIND.claim)("anything", head), Claim::Facts, "{head:?}");
    }
    assert_eq!((KIND.claim)("data.sql", b"INSERT INTO customers VALUES"), Claim::Facts);
    assert_eq!((KIND.claim)("empty.dump", b""), Claim::Facts);
    assert_eq!((KIND.claim)("a.log", b"pg_dump: reading schemas\n"), Claim::Keep);
    assert!(matches!((KIND.claim)("core", b"\x7fELF\0\0"), Claim::Pass(_)));
}

#[test]
fn a_manifest_counts_only_with_its_checksum() {
    use sha2::{Digest, Sha256};
    let body = "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": 7123456789012345678,\n\"Files\": [\n{ \"Path\": \"base/1/1249\", \"Size\": 8192, \"Last-Modified\": \"2026-10-12 01:00:00 GMT\" },\n{ \"Path\": \"PG_VERSION\", \"Size\": 3, \"Last-Modified\": \"2026-10-12 01:00:00 GMT\" }\n],\n\"WAL-Ranges\": [\n{ \"Timeline\": 1, \"Start-LSN\": \"0/B000028\", \"End-LSN\": \"0/B000100\" }\n],\n";
    let sum: String = Sha256::digest(body.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    let whole = format!("{body}\"Manifest-Checksum\": \"{sum}\"}}\n");
    let label = "START WAL LOCATION: 0/B000028 (file 00000001000000000000000B)\nCHECKPOINT LOCATION: 0/B000060\nBACKUP METHOD: streamed\nBACKUP FROM: primary\nSTART TIME: 2026-10-12 01:00:00 UTC\nLABEL: weekly\nSTART TIMELINE: 1\n";
    let kept = parse(&KIND, None, &[text("b/backup_manifest", &whole), text("b/backup_label", label)]);
    let [run] = runs(&kept)[..] else { panic!("{:#?}", kept.rows) };
    assert_eq!((run.status, run.bytes, run.component), (RunStatus::Success, Some(8195), Some(Component::Full)));
    assert_eq!(run.started_at, Some(at("2026-10-12T01:00:00Z")));
    let kept = parse(&KIND, None, &[text("backup_manifest", &whole.replace("8192", "8193"))]);
    assert_eq!((kept.rows.len(), kept.problems[0].place.as_deref()), (0, Some("/Manifest-Checksum")));
    let kept = parse(&KIND, None, &[text("backup_manifest", &whole[..300])]);
    assert_eq!((kept.rows.len(), kept.problems.len()), (0, 1));
    let kept = parse(&KIND, None, &[text("backup_label", label)]);
    assert_eq!(only(&kept).0, RunStatus::Unknown);
}

#[test]
fn a_directory_dump_is_one_dump() {
    let mut toc = b"PGDMP\x01\x0e\x00\x04\x08\x05".to_vec();
    let int = |n: u32| [&[0_u8][..], &n.to_le_bytes()].concat();
    for n in [0, 46, 55, 19, 22, 10, 126, 0, 4] {
        toc.extend(int(n));
    }
    toc.extend(b"shop");
    let size = toc.len() as u64;
    let doc = |name: &str, bytes: Vec<u8>| Document::in_memory(name, name, None, bytes);
    let all = [
        doc("shop.dir/3338.dat.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03 some data that is long enough".to_vec()),
        doc("shop.dir/toc.dat", toc),
    ];
    let kept = parse(&KIND, Some("America/New_York"), &all);
    let [run] = runs(&kept)[..] else { panic!("{:#?}", kept.rows) };
    assert_eq!((run.status, run.resource.as_deref()), (RunStatus::Unknown, Some("pg-dump:shop")));
    assert_eq!(run.started_at, Some(at("2026-11-23T00:55:46Z")));
    assert_eq!(run.bytes, Some(size + all[0].size()));
    let recorded = record("pg_dump -Fd -j2 shop -f /b/shop.dir", "0", "");
    let kept = parse(&KIND, None, &[recorded, all[0].clone(), all[1].clone()]);
    assert_eq!(runs(&kept).len(), 2, "made at another time than the recorded run");
}
