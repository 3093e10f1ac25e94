//! Listed archives: what becomes of `aws s3 ls`, of pages, of versions, and of files that were fetched beside them.

use model::rows::{Component, LogSegment, PitrSample, Row, RunStatus};
use model::time::{Instant, instant};

use super::{listings, points, read, recorded, runs};
use crate::testing::text;
use crate::{Document, Kept};

fn samples(kept: &Kept) -> Vec<&PitrSample> {
    kept.rows.iter().filter_map(|r| if let Row::Pitr(row) = r { Some(row) } else { None }).collect()
}

fn logs(kept: &Kept) -> Vec<&LogSegment> {
    kept.rows.iter().filter_map(|r| if let Row::LogSegment(row) = r { Some(row) } else { None }).collect()
}

fn at(text: &str) -> Option<Instant> {
    Some(instant(text, None).unwrap())
}

const BASE: &str = "base_000000010000000000000002";

/// Keys and times (minutes of 2026-11-20 02:00 UTC) of an archive under `pg/`.
fn keys(last: u32, without: &[u32]) -> Vec<(String, u32, u64)> {
    let mut out = vec![
        (format!("pg/basebackups_005/{BASE}/metadata.json"), 4, 300),
        (format!("pg/basebackups_005/{BASE}/tar_partitions/part_001.tar.lz4"), 3, 5_000_000),
        (format!("pg/basebackups_005/{BASE}_backup_stop_sentinel.json"), 4, 400),
    ];
    let segments = (1..=last).filter(|n| !without.contains(n));
    out.extend(segments.map(|n| (format!("pg/wal_005/0000000100000000{n:08X}.lz4"), n, 70_000)));
    out
}

fn ls(keys: &[(String, u32, u64)]) -> String {
    keys.iter().map(|(key, minute, size)| format!("2026-11-20 02:{minute:02}:00 {size:>10} {key}\n")).collect()
}

fn json(keys: &[(String, u32, u64)], more: &str) -> String {
    let entries: Vec<String> = keys
        .iter()
        .map(|(key, minute, size)| {
            format!(r#"{{"Key":"{key}","Size":{size},"LastModified":"2026-11-20T02:{minute:02}:00.000Z"}}"#)
        })
        .collect();
    format!(r#"{{"Contents":[{}]{more}}}"#, entries.join(","))
}

#[test]
fn a_recorded_list_of_an_archive_is_base_backups_and_a_window() {
    let command = "aws s3 ls --recursive s3://acme/pg/";
    let kept = read(&recorded("ls.txt", command, 0, "UTC", &ls(&keys(40, &[]))));
    assert_eq!(kept.problems, []);
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(
        (run.status, run.component, run.ended_at),
        (RunStatus::Success, Some(Component::Full), at("2026-11-20T02:04:00Z"))
    );
    assert_eq!(run.resource.as_deref(), Some("s3:acme/pg"));
    let [point] = points(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((point.recovery_point_id.as_str(), point.complete), (&*format!("acme/pg/{BASE}"), Some(true)));
    assert_eq!(point.location_id.as_deref(), Some("s3:acme"));
    let [sample] = samples(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(sample.observed_at, at("2026-11-20T03:00:05Z").unwrap(), "when the command ended");
    assert_eq!(
        (sample.earliest_restorable_at, sample.latest_restorable_at, sample.last_archived_at),
        (at("2026-11-20T02:04:00Z"), at("2026-11-20T02:40:00Z"), at("2026-11-20T02:40:00Z"))
    );
    let [row] = logs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((row.segments, row.previous_segment.as_deref()), (Some(39), None), "from the base backup on");
    assert_eq!(row.origin.pointer, "line:43");
    assert!(listings(&kept).iter().all(|l| !l.complete), "nothing tells whether older versions are kept");
}

#[test]
fn a_lost_segment_and_a_cut_list_differ() {
    let command = "aws s3 ls --recursive s3://acme/pg/";
    let lost = read(&recorded("ls.txt", command, 0, "UTC", &ls(&keys(40, &[9]))));
    let found: Vec<_> = logs(&lost).iter().map(|l| (l.previous_segment.as_deref(), l.lost_before)).collect();
    assert_eq!(found, [(None, Some(0)), (Some("000000010000000000000009"), Some(1))]);
    let whole = ls(&keys(40, &[9]));
    for (exit, content) in [(1, whole.as_str()), (0, whole.trim_end())] {
        let kept = read(&recorded("ls.txt", command, exit, "UTC", content));
        assert!(logs(&kept).iter().all(|l| l.previous_segment.is_none() && l.lost_before.is_none()), "{kept:?}");
        assert!(samples(&kept).is_empty());
    }
    // A list of something else in the same bucket says nothing of it.
    let narrow = "aws s3 ls --recursive s3://acme/pg/wal_005/00000001000000000000000";
    let kept = read(&recorded("ls.txt", narrow, 0, "UTC", &ls(&keys(40, &[9])[3..])));
    assert!(samples(&kept).is_empty() && logs(&kept).iter().all(|l| l.previous_segment.is_none()));
}

#[test]
fn pages_are_one_list_where_they_follow_one_another() {
    let all = keys(40, &[]);
    let (first, rest) = all.split_at(20);
    let list = "aws s3api list-objects-v2 --bucket acme --no-paginate";
    let pages = |second: &str| -> Vec<Document> {
        let one = json(first, r#","IsTruncated":true,"NextContinuationToken":"t1","Name":"acme","Prefix":"""#);
        let two = json(rest, r#","IsTruncated":false,"Name":"acme","Prefix":"""#);
        let mut out = recorded("1.json", list, 0, "UTC", &one).to_vec();
        out.extend(recorded("2.json", second, 0, "UTC", &two));
        out
    };
    let kept = read(&pages(&format!("{list} --continuation-token t1")));
    assert_eq!(kept.problems, []);
    assert_eq!((samples(&kept).len(), logs(&kept).len(), runs(&kept).len()), (1, 1, 1), "{kept:?}");
    assert_eq!(logs(&kept)[0].origin.pointer, "/Contents/22");
    let kept = read(&pages(&format!("{list} --continuation-token other")));
    assert!(samples(&kept).is_empty() && !kept.problems.is_empty());
}

#[test]
fn files_fetched_beside_a_list_tell_what_it_does_not() {
    let list = json(&keys(40, &[]), r#","Name":"acme","Prefix":"""#);
    let sentinel = r#"{"LSN":33554472,"FinishLSN":50331904,"PgVersion":150020,"SystemIdentifier":7711106700693486353,
        "UncompressedSize":23213888,"CompressedSize":3088384,"Version":2,
        "StartTime":"2026-11-20T02:02:01.5Z","FinishTime":"2026-11-20T02:03:11.1Z","Hostname":"db1"}"#;
    let documents = [
        text("acme.list-objects-v2.json", &list),
        text(&format!("pg/basebackups_005/{BASE}_backup_stop_sentinel.json"), sentinel),
        text("pg/wal_005/00000002.history", "1\t0/5000100\tno recovery target specified\n"),
    ];
    let kept = read(&documents);
    assert_eq!((kept.problems.as_slice(), kept.passed_over.as_slice()), (&[][..], &[][..]));
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.bytes, run.bytes_stored), (Some(23_213_888), Some(3_088_384)));
    assert_eq!(run.started_at, at("2026-11-20T02:02:01.5Z"));
    assert_eq!(points(&kept)[0].taken_at, at("2026-11-20T02:03:11.1Z"));
    // Of another archive's base backup of the same name nothing is taken.
    let mut other = documents.to_vec();
    other[1] = text(&format!("mirror/other/basebackups_005/{BASE}_backup_stop_sentinel.json"), sentinel);
    assert_eq!(runs(&read(&other))[0].bytes, None);
    other[1] = text("unnamed.json", sentinel);
    let kept = read(&other);
    assert!(kept.problems.iter().any(|p| p.message.contains("keep its name")), "{kept:?}");
}

#[test]
fn old_versions_of_segments_are_no_segments() {
    let version = |key: &str, latest: bool, minute: u32| {
        format!(
            r#"{{"Key":"{key}","VersionId":"{minute}","IsLatest":{latest},"Size":70,
            "LastModified":"2026-11-20T02:{minute:02}:00Z"}}"#
        )
    };
    let mut entries: Vec<String> = keys(20, &[7]).iter().map(|(key, minute, _)| version(key, true, *minute)).collect();
    entries.push(version("pg/wal_005/000000010000000000000007.lz4", false, 7));
    entries.push(version("notes.txt", true, 7));
    let list = format!(r#"{{"Name":"acme","Prefix":"","Versions":[{}]}}"#, entries.join(","));
    let kept = read(&[text("v.json", &list)]);
    assert_eq!(logs(&kept).len(), 2);
    assert_eq!(runs(&kept).iter().filter(|r| r.resource.as_deref() == Some("s3:acme/notes.txt")).count(), 1);
    assert_eq!(runs(&kept).len(), 2, "{:?}", runs(&kept));
}

#[test]
fn local_times_without_a_zone_give_no_window() {
    let kept = read(&[text("acme.s3-ls.txt", &ls(&keys(40, &[9])))]);
    assert_eq!(kept.problems.len(), 1, "{:?}", kept.problems);
    assert!(samples(&kept).is_empty());
    assert!(runs(&kept)[0].zone_unknown && points(&kept)[0].zone_unknown);
    assert_eq!(logs(&kept).len(), 2, "what is lost is told all the same: {:?}", logs(&kept));
    assert!(logs(&kept).iter().all(|l| l.archived_at.is_none() && l.restorable_from.is_none()));
}
