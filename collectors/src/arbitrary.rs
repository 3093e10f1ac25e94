//! No reader panics, whatever its bytes; and what can't be read is told.

use proptest::prelude::*;

use crate::testing::{documents, parse, sample};
use crate::{Document, KINDS};

/// Names by which readers tell what a document may be.
const NAMES: &[&str] = &[
    "session_statistics.2026-10-23T03:30:00+02:00.data",
    "a.json",
    "a.jsonl",
    "a.csv",
    "a.log",
    "a.toml",
    "a.md",
    "runs.json",
    "a.run.json",
    "backup.info",
    "a.sql",
    SENTINEL,
];

/// The name tells which base backup it is about.
const SENTINEL: &str = "base_000000010000000000000005_backup_stop_sentinel.json";

fn read_by_all(name: &str, bytes: &[u8]) {
    for kind in KINDS {
        let _ = (kind.claim)(name, &bytes[..bytes.len().min(8192)]);
        let document = Document::in_memory(name, "digest", None, bytes.to_vec());
        for zone in [None, Some("Europe/Berlin")] {
            parse(kind, zone, std::slice::from_ref(&document));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..512), name in proptest::sample::select(NAMES)) {
        read_by_all(name, &bytes);
    }

    #[test]
    fn text_of_the_kind_that_logs_hold(
        text in r#"([{}\[\]",:\n\t ]|[0-9]{1,20}|[-+.TZ]|time|start|end|status|id|null|true|pg_dump|archive|\PC){0,80}"#,
        name in proptest::sample::select(NAMES),
    ) {
        read_by_all(name, text.as_bytes());
    }
}

/// Every document of every sample, cut and with one byte changed, given to every reader.
#[test]
fn damaged_samples() {
    for tool in [
        "aws",
        "barman",
        "borg",
        "borgmatic",
        "duplicity",
        "pg_dump",
        "pgbackrest",
        "rclone",
        "rdiff-backup",
        "restic",
        "rsnapshot",
        "wal-e",
    ] {
        for (n, document) in documents(&sample(tool)).iter().enumerate() {
            let bytes = document.bytes().unwrap();
            let at = (n * 7919) % (bytes.len() + 1);
            read_by_all(document.name(), &bytes[..at]);
            let mut changed = bytes.clone();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 0x15;
            }
            read_by_all(document.name(), &changed);
        }
    }
}
