//! Which keys belong to archives, and which only look like it.

use proptest::prelude::*;

use super::super::recognise::{Family, What, is_backup_id, is_label, recognise};
use super::super::segment::{ArchiveFile, RawSegment};

const SUM: &str = "0123456789abcdef0123456789abcdef01234567";

fn log(id: &'static str, name: &str, plain: bool) -> What<'static> {
    What::Log { id, file: ArchiveFile::Segment(RawSegment::parse(name).unwrap()), plain }
}

#[test]
fn keys_of_each_layout() {
    let segment = "00000001000000000000000A";
    let history = What::Log { id: "", file: ArchiveFile::History(2), plain: false };
    let label = |id| What::Log { id, file: ArchiveFile::Label(RawSegment::parse(segment).unwrap()), plain: true };
    let (wal_g, pgbackrest, barman) = (Family::WalG, Family::PgBackRest, Family::Barman);
    let base = "base_00000001000000000000000A";
    let label_name = "20240528-020001F_20240528-140000I";
    for (key, family, root, what) in [
        (format!("pg/orders/wal_005/{segment}.lz4"), wal_g, "pg/orders", log("", segment, false)),
        (format!("wal_005/{segment}"), wal_g, "", log("", segment, true)),
        ("a/wal_005/00000002.history.lzo".to_owned(), wal_g, "a", history),
        (format!("a/wal_005/{segment}.00000028.backup"), wal_g, "a", label("")),
        (format!("a/wal_005/{segment}_delta.lz4"), wal_g, "a", What::Other),
        (format!("a/wal_005/{segment}.json"), wal_g, "a", What::Other),
        (format!("a/basebackups_005/{base}_backup_stop_sentinel.json"), wal_g, "a", What::End(base)),
        (format!("a/basebackups_005/{base}/tar_partitions/part_001.tar.lz4"), wal_g, "a", What::Data(base)),
        (format!("a/basebackups_005/{base}/metadata.json"), wal_g, "a", What::Data(base)),
        (format!("a/catchup_005/{base}/metadata.json"), wal_g, "a", What::Other),
        (
            format!("repo/archive/main/15-1/0000000100000000/{segment}-{SUM}.gz"),
            pgbackrest,
            "repo/main",
            log("15-1", segment, false),
        ),
        (format!("archive/main/9.6-2/0000000100000000/{segment}.00000028.backup"), pgbackrest, "main", label("9.6-2")),
        ("archive/main/archive.info.copy".to_owned(), pgbackrest, "main", What::Other),
        (format!("r/backup/main/{label_name}/backup.manifest"), pgbackrest, "r/main", What::End(label_name)),
        (format!("r/backup/main/{label_name}/backup.manifest.copy"), pgbackrest, "r/main", What::Data(label_name)),
        (format!("r/backup/main/{label_name}/pg_data/base/1/2.gz"), pgbackrest, "r/main", What::Data(label_name)),
        ("r/backup/main/backup.history/2024/x.manifest.gz".to_owned(), pgbackrest, "r/main", What::Other),
        (format!("pg/wals/0000000100000000/{segment}.gz"), barman, "pg", log("", segment, false)),
        (
            "pg/wals/00000002.history.gz".to_owned(),
            barman,
            "pg",
            What::Log { id: "", file: ArchiveFile::History(2), plain: false },
        ),
        ("x/pg/base/20240528T021342/backup.info".to_owned(), barman, "x/pg", What::End("20240528T021342")),
        ("x/pg/base/20240528T021342/data.tar.gz".to_owned(), barman, "x/pg", What::Data("20240528T021342")),
    ] {
        let known = recognise(&key).unwrap_or_else(|| panic!("{key}"));
        assert_eq!((known.family, known.root.as_str(), known.what), (family, root, what), "{key}");
    }
}

#[test]
fn keys_of_nobody() {
    for key in [
        "",
        "wal_005/",
        "wal_005/readme.txt",
        "notwal_005/00000001000000000000000A.lz4",
        "basebackups_005/stream_20240528T021342Z_backup_stop_sentinel.json",
        "basebackups_005/stream_20240528T021342Z/stream.br",
        "archive/2024/report.pdf",
        "archive/main/x-1/0000000100000000/00000001000000000000000A.gz",
        "backup/orders/orders-2026-11-22.dump",
        "backup/main/20240528-020001X/backup.manifest",
        "base/20240528T021342/data.tar",
        "pg/base/2024-05-28/data.tar",
        "pg/wals/0000000100000000/notes.txt",
        "pg/wals/00000001000000000000000A",
        "db/orders-2026-11-22.dump",
    ] {
        assert_eq!(recognise(key), None, "{key}");
    }
    assert!(is_label("20240528-020001F") && is_label("20240528-020001F_20240529-020001D"));
    assert!(!is_label("20240528-020001D") && !is_label("20240528-020001F_20240529-020001F") && !is_label("ä"));
    assert!(is_backup_id("20240528T021342") && !is_backup_id("20240528-021342"));
}

proptest! {
    #[test]
    fn no_key_panics(key in "\\PC{0,40}|([a-z_0-9/.-]|wal_005/|basebackups_005/|base_|archive/|backup/|wals/|[0-9A-F]{24}){0,12}") {
        let _ = recognise(&key);
    }
}
