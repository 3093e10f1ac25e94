//! Rows of whole listings.

use std::sync::Arc;

use model::rows::{Component, LogSegment, Origin, PitrSample, Row, RunStatus};
use model::time::Instant;

use super::super::archive::{Archive, Spot};
use super::super::layout::{Listing, Place};
use super::super::rows::{Context, emit};
use super::super::segment::{Segment, SegmentSize, archive_file};
use super::super::sentinel::{self, Facts};
use super::at;
use crate::Kept;
use crate::testing::{points, rows, runs};

const HOUR: i64 = 3600;

/// A bucket: keys with size and time.
#[derive(Default, Clone)]
struct Bucket(Vec<(String, u64, i64)>);

impl Bucket {
    fn put(&mut self, key: &str, size: u64, t: i64) -> &mut Self {
        self.0.push((key.to_owned(), size, t));
        self
    }

    fn segments(&mut self, timeline: u32, numbers: impl IntoIterator<Item = u64>) -> &mut Self {
        for number in numbers {
            let name = Segment { timeline, number }.name(SegmentSize::DEFAULT);
            self.put(&format!("pg/wal_005/{name}.lz4"), 1000, 60 * i64::try_from(number).unwrap());
        }
        self
    }

    /// A base backup of WAL-G that begins in a segment and ends in the next.
    fn base(&mut self, start: u64) -> &mut Self {
        let name = Segment { timeline: 1, number: start }.name(SegmentSize::DEFAULT);
        let t = 60 * i64::try_from(start + 1).unwrap() + 5;
        self.put(&format!("pg/basebackups_005/base_{name}/tar_partitions/part_001.tar.lz4"), 700, t - 20);
        self.put(&format!("pg/basebackups_005/base_{name}/metadata.json"), 300, t - 1);
        self.put(&format!("pg/basebackups_005/base_{name}_backup_stop_sentinel.json"), 400, t)
    }

    fn without(&self, part: &str) -> Self {
        Self(self.0.iter().filter(|(k, ..)| !k.contains(part)).cloned().collect())
    }

    fn listing(&self, t: i64, scope: Option<&str>) -> Listing {
        let mut out = Listing::new(at(t), scope.map(str::to_owned));
        for (n, (key, size, modified)) in self.0.iter().enumerate() {
            let spot = Spot { page: 0, item: u32::try_from(n).unwrap() };
            assert!(out.key(key, Some(*size), Some(at(*modified)), spot), "{key}");
        }
        out.whole = true;
        out.final_absence = true;
        out
    }
}

fn read(listings: Vec<Listing>, facts: &[(String, String, Facts)]) -> Kept {
    let origin = |spot: Spot, record_id: String| Origin {
        source_id: Arc::from("test"),
        kind: Arc::from("s3"),
        record_id,
        observed_at: at(0),
        evidence: Arc::from("00"),
        pointer: format!("/{}/{}", spot.page, spot.item),
    };
    let context = Context {
        facts,
        histories: &[],
        origin: &origin,
        document: &|_| "list.json".to_owned(),
        resource: &|(_, root): &Place| format!("s3:b/{root}"),
        point_id: &|_, name| name.to_owned(),
        location: Some("s3:b".to_owned()),
    };
    let mut kept = Kept::default();
    emit(&context, listings, &mut kept);
    kept
}

rows!(samples, Pitr, PitrSample);
rows!(logs, LogSegment, LogSegment);

fn window(kept: &Kept) -> (Option<Instant>, Option<Instant>, Option<Instant>) {
    let [sample] = samples(kept)[..] else { panic!("{kept:?}") };
    (sample.earliest_restorable_at, sample.latest_restorable_at, sample.last_archived_at)
}

fn short(name: &str) -> u64 {
    u64::from_str_radix(&name[16..], 16).unwrap()
}

#[test]
fn an_unbroken_archive_is_one_row_and_one_window() {
    let mut bucket = Bucket::default();
    bucket.segments(1, 1..=200).base(10).base(100);
    let kept = read(vec![bucket.listing(60 * 201, Some(""))], &[]);
    assert_eq!(kept.problems, []);
    assert_eq!(window(&kept), (Some(at(60 * 11 + 5)), Some(at(60 * 200)), Some(at(60 * 200))));
    let [row] = logs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((short(&row.segment), short(row.last()), row.segments), (10, 200, Some(191)));
    assert_eq!((row.previous_segment.as_deref(), row.lost_before, row.largest_gap_s), (None, Some(0), Some(60)));
    assert_eq!(row.restorable_from, Some(at(60 * 11 + 5)), "before that the first base backup was not finished");
    let found: Vec<_> = points(&kept).iter().map(|p| (p.created_at, p.complete, p.bytes)).collect();
    assert_eq!(found, [(Some(at(60 * 11 + 5)), Some(true), None), (Some(at(60 * 101 + 5)), Some(true), None)]);
    let run = runs(&kept)[0];
    assert_eq!((run.status, run.component, run.bytes_stored), (RunStatus::Success, Some(Component::Full), Some(1000)));
    assert_eq!((run.started_at, run.ended_at, run.bytes), (None, Some(at(60 * 11 + 5)), None));
}

#[test]
fn after_a_gap_recovery_begins_at_the_next_base_backup() {
    let mut bucket = Bucket::default();
    bucket.segments(1, (1..=200).filter(|n| !(50..=53).contains(n))).base(10).base(100);
    let kept = read(vec![bucket.listing(60 * 201, Some(""))], &[]);
    assert_eq!(window(&kept).0, Some(at(60 * 101 + 5)));
    let found: Vec<_> = logs(&kept)
        .iter()
        .map(|l| (short(&l.segment), short(l.last()), l.previous_segment.as_deref().map(short), l.lost_before))
        .collect();
    // Lost segments take their minutes with them: a pause follows.
    assert_eq!(found, [(10, 49, None, Some(0)), (54, 200, Some(53), Some(4))]);
    assert_eq!(logs(&kept)[1].restorable_from, Some(at(60 * 101 + 5)));
    let broken = bucket.without("000000010000000000000096");
    let kept = read(vec![broken.listing(60 * 201, Some(""))], &[]);
    assert_eq!(window(&kept).1, Some(at(60 * 0x95)), "the chain of the last base backup ends there");
    assert_eq!(window(&kept).2, Some(at(60 * 200)));
}

#[test]
fn a_hole_before_the_oldest_base_backup_is_none() {
    let mut bucket = Bucket::default();
    bucket.segments(1, (1..=200).filter(|n| !(50..=53).contains(n))).base(100);
    let kept = read(vec![bucket.listing(60 * 201, Some(""))], &[]);
    let [row] = logs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((short(&row.segment), row.previous_segment.as_deref(), row.lost_before), (100, None, Some(0)));
    assert_eq!(row.restorable_from, Some(at(60 * 101 + 5)));
}

#[test]
fn a_pause_is_told_and_is_no_hole() {
    let mut bucket = Bucket::default();
    bucket.segments(1, 1..=20).base(1);
    let later = Segment { timeline: 1, number: 21 }.name(SegmentSize::DEFAULT);
    bucket.put(&format!("pg/wal_005/{later}.lz4"), 1, 5 * HOUR);
    let kept = read(vec![bucket.listing(5 * HOUR + 60, Some(""))], &[]);
    let [a, b] = logs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((a.archived_at, b.archived_from), (Some(at(60 * 20)), Some(at(5 * HOUR))));
    assert_eq!((b.lost_before, b.previous_segment.as_deref()), (Some(0), a.last_segment.as_deref()));
    assert!(b.restorable_from.is_some());
}

#[test]
fn a_base_backup_counts_only_with_its_end() {
    let mut bucket = Bucket::default();
    bucket.segments(1, 1..=200).base(10).base(100).base(190);
    let sentinel = |n: u64| format!("{}_backup_stop", Segment { timeline: 1, number: n }.name(SegmentSize::DEFAULT));
    let state = |bucket: &Bucket, t: i64| {
        let kept = read(vec![bucket.listing(t, Some(""))], &[]);
        let made: Vec<_> = runs(&kept).iter().map(|r| r.status).collect();
        assert_eq!(points(&kept).len(), made.iter().filter(|s| **s == RunStatus::Success).count());
        made
    };
    let (good, now) = (RunStatus::Success, 60 * 201);
    assert_eq!(state(&bucket.without(&sentinel(190)), now), [good, good, RunStatus::Running]);
    assert_eq!(state(&bucket.without(&sentinel(190)), now + 30 * HOUR), [good, good, RunStatus::Aborted]);
    assert_eq!(
        state(&bucket.without(&sentinel(100)), now),
        [good, RunStatus::Aborted, good],
        "a later one is finished"
    );
    assert_eq!(state(&bucket.without(&sentinel(10)), now), [RunStatus::Unknown, good, good], "what a deletion left");
    let data_gone = bucket.without(&format!("{}/", sentinel(100).trim_end_matches("_backup_stop")));
    assert_eq!(data_gone.0.len(), bucket.0.len() - 2);
    assert_eq!(runs(&read(vec![data_gone.listing(now, Some(""))], &[]))[1].status, RunStatus::Partial);
}

#[test]
fn an_increment_needs_its_parent_and_a_copy_its_own_log() {
    let mut bucket = Bucket::default();
    bucket.segments(1, 1..=200).base(10);
    let (parent, child) = ("00000001000000000000000A", "000000010000000000000064");
    let name = format!("base_{child}_D_{parent}");
    bucket.put(&format!("pg/basebackups_005/{name}/tar_partitions/part_1.tar.lz4"), 9, 60 * 101);
    bucket.put(&format!("pg/basebackups_005/{name}_backup_stop_sentinel.json"), 9, 60 * 101);
    let of = |bucket: &Bucket, facts: &[(String, String, Facts)]| {
        let kept = read(vec![bucket.listing(60 * 201, Some(""))], facts);
        points(&kept)
            .iter()
            .map(|p| (p.recovery_point_id.clone(), p.component, p.complete))
            .filter(|(id, ..)| *id == name)
            .map(|(_, component, complete)| (component, complete))
            .collect::<Vec<_>>()
    };
    let increment = Some(Component::Incremental);
    assert_eq!(of(&bucket, &[]), [(increment, Some(true))]);
    assert_eq!(of(&bucket.without(&format!("base_{parent}_")), &[]), [(increment, Some(false))]);
    assert_eq!(of(&bucket.without(&format!("wal_005/{child}")), &[]), [(increment, Some(false))]);
    // With the sentinel's content the last segment that it needs is known as well.
    let object = serde_json::json!({"LSN": 0x6400_0028_u64, "FinishLSN": 0x6600_0100_u64, "PgVersion": 150_020,
        "DeltaFrom": format!("base_{parent}"), "UncompressedSize": 23_213_888, "CompressedSize": 3_088_384,
        "StartTime": "2026-11-22T01:40:01.5Z", "FinishTime": "2026-11-22T01:41:00Z"});
    let (facts, bad) = sentinel::facts(object.as_object().unwrap());
    assert!(bad.is_empty() && sentinel::is_facts(object.as_object().unwrap()));
    let facts = [("drop/base_x".to_owned(), name.clone(), facts)];
    assert_eq!(of(&bucket.without("wal_005/000000010000000000000066"), &facts), [(increment, Some(false))]);
    assert_eq!(of(&bucket.without("wal_005/000000010000000000000067"), &facts), [(increment, Some(true))]);
    let kept = read(vec![bucket.listing(60 * 201, Some(""))], &facts);
    let run = runs(&kept).into_iter().find(|r| r.recovery_point_id.as_deref() == Some(&name)).unwrap();
    assert_eq!((run.bytes, run.bytes_stored), (Some(23_213_888), Some(3_088_384)));
    assert_eq!((run.started_at.unwrap() - at(0)).num_milliseconds(), 6_001_500);
}

#[test]
fn what_is_not_listed_whole_proves_no_hole() {
    let mut bucket = Bucket::default();
    bucket.segments(1, (1..=200).filter(|n| *n != 50)).base(10);
    let mut listing = bucket.listing(60 * 201, Some(""));
    (listing.whole, listing.final_absence) = (false, false);
    let kept = read(vec![listing], &[]);
    assert!(samples(&kept).is_empty() && points(&kept).len() == 1);
    assert!(logs(&kept).iter().all(|l| l.previous_segment.is_none() && l.lost_before.is_none()), "{kept:?}");
    assert_eq!(logs(&kept)[0].restorable_from, Some(at(60 * 11 + 5)), "what was seen can be restored all the same");
    let part = bucket.without("basebackups").listing(60 * 201, Some("pg/wal_005/00000001000000000000"));
    assert!(samples(&read(vec![part], &[])).is_empty());
}

#[test]
fn a_listing_of_the_log_alone_goes_with_the_nearest_one_of_the_base_backups() {
    let mut bucket = Bucket::default();
    bucket.segments(1, 1..=200).base(10).base(100);
    let log = bucket.without("basebackups").listing(60 * 201, Some("pg/wal_005/"));
    let bases = bucket.without("wal_005").listing(60 * 201 + 1, Some("pg/basebackups_005/"));
    let kept = read(vec![log, bases], &[]);
    assert_eq!(window(&kept).0, Some(at(60 * 11 + 5)));
    assert_eq!((points(&kept).len(), runs(&kept).len()), (2, 2));
    let log = bucket.without("basebackups").listing(60 * 201, Some("pg/wal_005/"));
    let kept = read(vec![log], &[]);
    assert_eq!(window(&kept), (None, None, Some(at(60 * 200))), "without a base backup nothing can be restored");
}

#[test]
fn several_listings_give_a_sample_each_and_every_base_backup_once() {
    let mut day1 = Bucket::default();
    day1.segments(1, 1..=200).base(10);
    let mut day2 = Bucket::default();
    day2.segments(1, 80..=300).base(100);
    let listings = vec![day2.listing(60 * 301, Some("")), day1.listing(60 * 201, Some(""))];
    let kept = read(listings, &[]);
    let seen: Vec<_> = samples(&kept).iter().map(|s| (s.earliest_restorable_at, s.latest_restorable_at)).collect();
    assert_eq!(seen, [(Some(at(60 * 11 + 5)), Some(at(60 * 200))), (Some(at(60 * 101 + 5)), Some(at(60 * 300)))]);
    assert_eq!(points(&kept).len(), 2);
    let ids: Vec<_> = kept.rows.iter().filter_map(|r| if let Row::Listing(l) = r { Some(l) } else { None }).collect();
    assert!(ids.iter().all(|l| l.complete && l.recovery_point_ids.len() == 1), "{ids:?}");
}

#[test]
fn pgbackrest_and_barman_name_no_segment_so_the_archived_label_does() {
    let sum = "0123456789abcdef0123456789abcdef01234567";
    let mut bucket = Bucket::default();
    for n in 1..=30_u64 {
        let name = Segment { timeline: 1, number: n }.name(SegmentSize::DEFAULT);
        let t = 60 * i64::try_from(n).unwrap();
        bucket.put(&format!("repo/archive/main/15-1/0000000100000000/{name}-{sum}.zst"), 9, t);
        bucket.put(&format!("bm/pg/wals/0000000100000000/{name}.gz"), 9, t);
    }
    let label = "000000010000000000000005.00000028.backup";
    bucket.put(&format!("repo/archive/main/15-1/0000000100000000/{label}"), 1, 60 * 6);
    bucket.put(&format!("bm/pg/wals/0000000100000000/{label}.gz"), 1, 60 * 6);
    bucket.put("repo/backup/main/20261122-000400F/pg_data/base/1/2.gz", 5, 60 * 5 + 10);
    bucket.put("repo/backup/main/20261122-000400F/backup.manifest.copy", 5, 60 * 5 + 10);
    bucket.put("repo/backup/main/20261122-000400F/backup.manifest", 5, 60 * 6 + 10);
    bucket.put("bm/pg/base/20261122T000400/data.tar.gz", 5, 60 * 5 + 10);
    bucket.put("bm/pg/base/20261122T000400/backup.info", 5, 60 * 6 + 10);
    let kept = read(vec![bucket.listing(60 * 31, Some(""))], &[]);
    let found: Vec<_> = samples(&kept)
        .iter()
        .map(|s| (s.resource.as_deref().unwrap(), s.earliest_restorable_at, s.latest_restorable_at))
        .collect();
    let (from, to) = (Some(at(60 * 6 + 10)), Some(at(60 * 30)));
    assert_eq!(found, [("s3:b/repo/main", from, to), ("s3:b/bm/pg", from, to)]);
    assert!(runs(&kept).iter().all(|r| r.status == RunStatus::Success));
    let kept = read(vec![bucket.without(".backup").listing(60 * 31, Some(""))], &[]);
    let states: Vec<_> = runs(&kept).iter().map(|r| r.status).collect();
    assert_eq!(states, [RunStatus::Success, RunStatus::Unknown], "Barman writes backup.info after a failure too");
}

/// A repository that pgBackRest wrote, with a restore to a new timeline in it (see its README).
#[test]
fn a_real_repository_of_pgbackrest() {
    let text = std::fs::read_to_string(crate::testing::sample("pgbackrest-repository").join("list.txt")).unwrap();
    let exact = |t: &str| {
        let (seconds, rest) = t.split_once('.').unwrap();
        Instant::from_timestamp(seconds.parse().unwrap(), rest[..9].parse().unwrap())
    };
    let time_of = |name: &str| {
        let line = text.lines().find(|l| l.contains(name)).unwrap();
        let at = exact(line.split(' ').next().unwrap()).unwrap();
        // Objects of a bucket are dated to the millisecond at best.
        Instant::from_timestamp_millis(at.timestamp_millis())
    };
    let mut listing = Listing::new(exact("1795672960.000000000").unwrap(), Some(String::new()));
    for (n, line) in text.lines().enumerate() {
        let [time, size, key] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let spot = Spot { page: 0, item: u32::try_from(n).unwrap() };
        let at = Instant::from_timestamp_millis(exact(time).unwrap().timestamp_millis());
        assert!(listing.key(key, size.parse().ok(), at, spot), "{key}");
    }
    listing.whole = true;
    let kept = read(vec![listing], &[]);
    assert_eq!(kept.problems, []);
    let found: Vec<_> =
        points(&kept).iter().map(|p| (p.recovery_point_id.as_str(), p.component.unwrap(), p.complete)).collect();
    let (full, part) = (Component::Full, Component::Incremental);
    assert_eq!(
        found,
        [
            ("20261126-060201F", full, Some(true)),
            ("20261126-060201F_20261126-060212I", part, Some(true)),
            ("20261126-060227F", full, Some(true)),
        ]
    );
    let last = time_of("000000020000000000000010-");
    assert_eq!(window(&kept), (time_of("20261126-060201F/backup.manifest"), last, last));
    let found: Vec<_> =
        logs(&kept).iter().map(|l| (l.segment.as_str(), l.last(), l.previous_segment.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("000000010000000000000002", "000000010000000000000008", None),
            ("000000020000000000000009", "000000020000000000000010", Some("000000010000000000000008")),
        ]
    );
    let check = kept.rows.iter().find_map(|r| if let Row::IntegrityCheck(c) = r { Some(c) } else { None }).unwrap();
    assert_eq!(check.status, RunStatus::Success);
    assert!(check.status_detail.as_deref().unwrap().contains("5 segments of a timeline that was left"));
}

#[test]
fn a_backup_info_decides_about_barmans_backups() {
    let info = |status: &str| {
        format!(
            "begin_time=2026-11-22 00:05:04.049254+00:00\nbegin_wal=000000010000000000000005\nbegin_xlog=0/5000028\n\
             end_time=2026-11-22 00:06:10+00:00\nend_wal=000000010000000000000005\nend_xlog=0/6000000\n\
             server_name=pg\nsize=23138426\nstatus={status}\ntablespaces=None\nversion=150018\n"
        )
    };
    let mut bucket = Bucket::default();
    for n in 1..=30_u64 {
        let name = Segment { timeline: 1, number: n }.name(SegmentSize::DEFAULT);
        bucket.put(&format!("bm/pg/wals/0000000100000000/{name}.gz"), 9, 60 * i64::try_from(n).unwrap());
    }
    bucket.put("bm/pg/base/20261122T000504/data.tar.gz", 5, 60 * 5 + 10);
    bucket.put("bm/pg/base/20261122T000504/backup.info", 5, 60 * 6 + 10);
    let path = "bm/pg/base/20261122T000504/backup.info";
    for (status, wanted) in [("DONE", RunStatus::Success), ("FAILED", RunStatus::Failed), ("odd", RunStatus::Unknown)] {
        assert!(sentinel::is_backup_info(&info(status)));
        let facts =
            [(path.to_owned(), sentinel::about(path).unwrap().to_owned(), sentinel::backup_info(&info(status)))];
        let kept = read(vec![bucket.listing(60 * 31, Some(""))], &facts);
        let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!(run.status, wanted, "{status}");
        let good = wanted == RunStatus::Success;
        assert_eq!(run.bytes, good.then_some(23_138_426));
        assert_eq!(window(&kept).0, good.then_some(at(60 * 6 + 10)));
    }
}

#[test]
fn a_million_segments_take_little_memory_and_a_handful_of_rows() {
    let mut listing = Listing::new(at(60 * 1_000_001), Some(String::new()));
    let mut key = String::new();
    for n in 1..=1_000_000_u32 {
        if n == 700_000 {
            continue;
        }
        key.clear();
        key.push_str("pg/wal_005/");
        key.push_str(&Segment { timeline: 1, number: u64::from(n) }.name(SegmentSize::DEFAULT));
        key.push_str(".lz4");
        listing.key(&key, Some(5_000_000), Some(at(60 * i64::from(n))), Spot { page: 0, item: n });
    }
    let base = Segment { timeline: 1, number: 1 }.name(SegmentSize::DEFAULT);
    listing.key(
        &format!("pg/basebackups_005/base_{base}_backup_stop_sentinel.json"),
        Some(1),
        Some(at(130)),
        Spot::default(),
    );
    listing.whole = true;
    let kept = read(vec![listing], &[]);
    let found: Vec<_> = logs(&kept).iter().map(|l| (l.segments.unwrap(), l.lost_before)).collect();
    assert_eq!(found, [(699_999, Some(0)), (300_000, Some(1))]);
    assert_eq!(kept.rows.len(), 7, "a run, a point, a listing, a sample, a check and two of the log");

    let mut archive = Archive::default();
    for n in 1..=1_000_000_u32 {
        let (file, plain) =
            archive_file(&Segment { timeline: 1, number: u64::from(n) }.name(SegmentSize::DEFAULT)).unwrap();
        archive.take(file, plain, Some(1), Some(at(0)), Spot { page: 0, item: n });
    }
    let settled = archive.settle(&[], false);
    assert_eq!(settled.count(), 1_000_000);
    assert!(settled.held_bytes() <= 24_000_000, "{} bytes", settled.held_bytes());
}
