//! Tests on what WAL-G's source and documentation print.

use model::rows::{Component, LogSegment, PitrSample, Row, RunStatus, TestResult};
use proptest::prelude::*;

use super::KIND;
use crate::testing::{at, checks, listings, parse, points, restores, rows, runs, text};
use crate::{Claim, Document, Kept};

rows!(logs, LogSegment, LogSegment);
rows!(samples, Pitr, PitrSample);

fn read(documents: &[Document]) -> Kept {
    parse(&KIND, Some("UTC"), documents)
}

/// A recorded command with what it printed on standard error and output.
fn recorded(command: &str, exit: i64, stderr: &str, stdout: &str) -> Vec<Document> {
    let record = format!(
        r#"{{"command":"{command}","started_at":"2026-11-20T02:00:00Z","finished_at":"2026-11-20T02:05:00Z","tz":"UTC",
        "exit_code":{exit},"env":{{"WALG_S3_PREFIX":"s3://acme/pg/"}},"stdout":"o.txt","stderr":"e.txt"}}"#
    );
    vec![text("e.txt", stderr), text("o.txt", stdout), text("c.run.json", &record)]
}

const A: &str = "base_000000010000000000000005";
const B: &str = "base_00000001000000000000000A_D_000000010000000000000005";

const PUSH: &str = "\
INFO: 2026/11/20 02:00:00.100000 Backup will be pushed to storage: default
INFO: 2026/11/20 02:00:00.200000 LATEST backup is: 'base_000000010000000000000003'
INFO: 2026/11/20 02:00:00.300000 Doing full backup.
INFO: 2026/11/20 02:00:00.400000 Calling pg_start_backup()
INFO: 2026/11/20 02:00:01.000000 Started backup with name base_000000010000000000000005 at LSN 0/5000028
INFO: 2026/11/20 02:00:01.100000 Starting a new tar bundle
INFO: 2026/11/20 02:00:01.200000 Walking ...
INFO: 2026/11/20 02:00:01.300000 Starting part 1 of backup base_000000010000000000000005 ...
INFO: 2026/11/20 02:03:01.300000 Finished writing part 1 of backup base_000000010000000000000005.
INFO: 2026/11/20 02:03:02.000000 Calling pg_stop_backup()
INFO: 2026/11/20 02:04:11.500000 Wrote backup with name base_000000010000000000000005 to storage default
";

#[test]
fn a_list_shows_finished_base_backups() {
    let plain = format!(
        r#"[{{"backup_name":"{A}","time":"2026-11-20T02:04:11Z","wal_file_name":"000000010000000000000005","storage_name":"default"}},
        {{"backup_name":"{B}","time":"2026-11-20T14:04:11+02:00","wal_file_name":"00000001000000000000000A","storage_name":"default"}}]"#
    );
    let kept = read(&[text("list.json", &plain)]);
    assert_eq!((kept.problems.as_slice(), kept.passed_over.as_slice()), (&[][..], &[][..]));
    let found: Vec<_> = runs(&kept).iter().map(|r| (r.status, r.component, r.ended_at, r.started_at)).collect();
    let (good, full, part) = (RunStatus::Success, Some(Component::Full), Some(Component::Incremental));
    assert_eq!(found, [(good, full, at("2026-11-20T02:04:11Z"), None), (good, part, at("2026-11-20T12:04:11Z"), None)]);
    let ids: Vec<_> = points(&kept).iter().map(|p| (p.recovery_point_id.as_str(), p.complete)).collect();
    assert_eq!(ids, [(A, Some(true)), (B, Some(true))]);
    assert_eq!(points(&kept)[0].resource.as_deref(), Some("wal-g:test"), "nothing names the storage");
    let [list] = listings(&kept)[..] else { panic!("{kept:?}") };
    assert!(list.complete && list.recovery_point_ids == [A, B]);
    assert_eq!(points(&kept)[1].origin.pointer, "/1");

    let orphan = format!(
        r#"[{{"backup_name":"{B}","time":"2026-11-20T14:04:11Z","wal_file_name":"00000001000000000000000A"}}]"#
    );
    assert_eq!(points(&read(&[text("l.json", &orphan)]))[0].complete, Some(false), "its parent is gone");
}

#[test]
fn details_are_read_and_zeros_of_old_backups_are_none() {
    let entry = |start: &str, bytes: u64, id: &str| {
        format!(
            r#"[{{"backup_name":"{A}","time":"2026-11-20T02:04:11Z","wal_file_name":"000000010000000000000005","storage_name":"default",
            "start_time":"{start}","finish_time":"{start}","date_fmt":"x","hostname":"db1","data_dir":"/d","pg_version":150020,
            "start_lsn":83886120,"finish_lsn":83886336,"is_permanent":false,"system_identifier":{id},
            "uncompressed_size":{bytes},"compressed_size":{bytes}}}]"#
        )
    };
    let kept = read(&[text("l.json", &entry("2026-11-20T02:00:01.5Z", 23_213_888, "7711106700693486353"))]);
    assert_eq!(kept.problems, []);
    let run = runs(&kept)[0];
    assert_eq!(
        (run.started_at, run.bytes, run.bytes_stored),
        (at("2026-11-20T02:00:01.5Z"), Some(23_213_888), Some(23_213_888))
    );
    let kept = read(&[text("l.json", &entry("0001-01-01T00:00:00Z", 0, "null"))]);
    let run = runs(&kept)[0];
    assert_eq!((run.started_at, run.ended_at, run.bytes), (None, at("2026-11-20T02:04:11Z"), None));
    let kept = read(&[text("l.json", &entry("yesterday", 1, "null"))]);
    assert_eq!((kept.problems.len(), runs(&kept).len()), (2, 1), "{:?}", kept.problems);
}

#[test]
fn plain_and_pretty_tables_say_the_same() {
    let new = format!(
        "backup_name                                              modified             wal_file_name            storage_name\n\
         {A}                            2026-11-20T02:04:11Z 000000010000000000000005 default\n\
         {B} 2026-11-20T12:04:11Z 00000001000000000000000A default\n"
    );
    let old = format!(
        "name                          last_modified        wal_segment_backup_start\n\
         {A} 2026-11-20T02:04:11Z 000000010000000000000005\n\
         {B} 2026-11-20T12:04:11Z 00000001000000000000000A\n"
    );
    let pretty = format!(
        "+---+---+---+\n| # | BACKUP NAME | MODIFIED | WAL FILE NAME | STORAGE NAME |\n+---+---+---+\n\
         | 0 | {A} | Friday, 20-Nov-26 02:04:11 UTC | 000000010000000000000005 | default |\n\
         | 1 | {B} | Friday, 20-Nov-26 12:04:11 UTC | 00000001000000000000000A | default |\n+---+---+---+\n"
    );
    for content in [new, old, pretty] {
        let kept = read(&[text("list.txt", &content)]);
        assert_eq!(kept.problems, [], "{content}");
        let found: Vec<_> = points(&kept).iter().map(|p| (p.recovery_point_id.as_str(), p.created_at)).collect();
        assert_eq!(found, [(A, at("2026-11-20T02:04:11Z")), (B, at("2026-11-20T12:04:11Z"))], "{content}");
    }
    // Messages and list in one file, as `> file 2>&1` leaves it.
    let both = format!(
        "INFO: 2026/11/20 03:00:00.000000 List backups from storages: [default]\n[{{\"backup_name\":\"{A}\",\"time\":\"2026-11-20T02:04:11Z\"}}]\n"
    );
    let kept = read(&[text("both.txt", &both)]);
    assert_eq!((kept.problems.len(), points(&kept).len()), (0, 1), "{kept:?}");
    assert_eq!(points(&kept)[0].origin.pointer, "line:2");
}

#[test]
fn an_empty_archive_is_listed_only_where_the_command_is_known() {
    let kept = read(&recorded("wal-g backup-list --json", 0, "", "[]\n"));
    let [list] = listings(&kept)[..] else { panic!("{kept:?}") };
    assert!(list.complete && list.recovery_point_ids.is_empty() && list.resource == "wal-g:acme/pg");
    let kept = read(&[text("x.json", "[]")]);
    assert!(kept.rows.is_empty() && kept.passed_over.len() == 1);
    let kept = read(&recorded("wal-g backup-list --json", 1, "ERROR: 2026/11/20 02:00:00.1 no credentials\n", ""));
    assert!(listings(&kept).is_empty() && !kept.problems.is_empty(), "{kept:?}");
}

#[test]
fn a_log_of_runs_is_cut_by_what_it_says() {
    let failed = "\
INFO: 2026/11/21 02:00:00.100000 Selecting the latest backup as the base for the current delta backup...
INFO: 2026/11/21 02:00:00.200000 Delta backup from base_000000010000000000000005 with LSN 0/5000028.
INFO: 2026/11/21 02:00:00.400000 Calling pg_start_backup()
INFO: 2026/11/21 02:00:01.000000 Delta backup enabled
ERROR: 2026/11/21 02:01:01.000000 failed to upload: connection refused
    at internal/uploader.go:12
";
    let early = "ERROR: 2026/11/22 02:00:00.000000 failed to connect to `host=/tmp`: refused\n";
    let killed = "\
INFO: 2026/11/22 04:00:00.000000 Doing full backup.
INFO: 2026/11/22 04:00:00.400000 Calling pg_start_backup()
INFO: 2026/11/22 04:00:01.300000 Starting part 1 ...
";
    let again = "\
INFO: 2026/11/22 06:00:00.000000 Doing full backup.
INFO: 2026/11/22 06:00:00.400000 Calling pg_start_backup()
INFO: 2026/11/22 06:04:00.000000 Wrote backup with name base_000000010000000000000020
";
    let log = [PUSH, failed, early, killed, again].concat();
    let kept = read(&[text("backup.log", &log)]);
    assert_eq!(kept.problems, []);
    let mut found: Vec<_> = runs(&kept).iter().map(|r| (r.started_at.unwrap(), r.status, r.component)).collect();
    found.sort_unstable_by_key(|(t, ..)| *t);
    let found: Vec<_> = found.into_iter().map(|(t, s, c)| (t.format("%d %H:%M").to_string(), s, c)).collect();
    let (full, part) = (Some(Component::Full), Some(Component::Incremental));
    let wanted = [
        ("20 02:00", RunStatus::Success, full),
        ("21 02:00", RunStatus::Failed, part),
        ("22 02:00", RunStatus::Failed, None),
        ("22 04:00", RunStatus::Aborted, full),
        ("22 06:00", RunStatus::Success, full),
    ];
    assert_eq!(found, wanted.map(|(t, s, c)| (t.to_owned(), s, c)));
    let first = runs(&kept).into_iter().find(|r| r.recovery_point_id.as_deref() == Some(A)).unwrap();
    assert_eq!(first.ended_at, at("2026-11-20T02:04:11.5Z"));
    let broken = runs(&kept).into_iter().find(|r| r.component == part).unwrap();
    assert!(broken.status_detail.as_deref().unwrap().ends_with("refused; at internal/uploader.go:12"));
    let kept = read(&[text("alone.log", early)]);
    assert!(kept.rows.is_empty() && kept.problems.len() == 1, "nothing tells which command failed");
    let kept = parse(&KIND, None, &[text("backup.log", PUSH)]);
    assert!(runs(&kept)[0].zone_unknown && runs(&kept)[0].started_at.is_none(), "local times without a zone");
}

#[test]
fn records_tell_what_messages_do_not() {
    let status = |command: &str, exit: i64, stderr: &str| {
        let kept = read(&recorded(command, exit, stderr, ""));
        let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!((run.started_at, run.ended_at), (at("2026-11-20T02:00:00Z"), at("2026-11-20T02:05:00Z")));
        assert_eq!(run.resource.as_deref(), Some("wal-g:acme/pg"));
        (run.status, run.component)
    };
    let (push, file) = ("wal-g backup-push /data", "/usr/bin/wal-g wal-push pg_wal/00000001000000000000000A");
    let (full, archive) = (Some(Component::Full), Some(Component::LogContinuous));
    assert_eq!(status(push, 0, PUSH), (RunStatus::Success, full));
    assert_eq!(status(push, 1, "ERROR: 2026/11/20 02:00:01.1 no storage is configured\n"), (RunStatus::Failed, None));
    assert_eq!(status(push, 143, PUSH.lines().next().unwrap()), (RunStatus::Aborted, None));
    assert_eq!(
        status(file, 0, "INFO: 2026/11/20 02:00:01.1 FILE PATH: 00000001000000000000000A.lz4\n"),
        (RunStatus::Success, archive)
    );
    assert_eq!(status(file, 0, ""), (RunStatus::Success, archive), "at level ERROR nothing is printed");
    assert_eq!(
        status(
            file,
            1,
            "INFO: 2026/11/20 02:00:01.1 FILE PATH: 00000001000000000000000A.lz4\nERROR: 2026/11/20 02:00:01.2 upload: could not Upload 'pg_wal/00000001000000000000000A'\n"
        ),
        (RunStatus::Failed, archive)
    );
    let damage = PUSH.replace("INFO: 2026/11/20 02:03:02.000000", "WARNING: 2026/11/20 02:03:01.5 Corruption found in /base/1/2/[3], expected 1, found 2\nINFO: 2026/11/20 02:03:02.000000");
    assert_eq!(status(push, 0, &damage).0, RunStatus::Partial);
    // The list shows that it was finished, though the wrapper says that it ended badly.
    let mut both = recorded(push, 1, PUSH, "");
    both.push(text("list.json", &format!(r#"[{{"backup_name":"{A}","time":"2026-11-20T02:04:11Z"}}]"#)));
    let kept = read(&both);
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.status, points(&kept).len()), (RunStatus::Partial, 1));
}

#[test]
fn segments_of_a_log_are_archived_where_no_error_follows() {
    let log = "\
INFO: 2026/11/20 02:00:01.100000 FILE PATH: 00000001000000000000000A.lz4
INFO: 2026/11/20 02:01:01.100000 FILE PATH: 00000001000000000000000B.lz4
ERROR: 2026/11/20 02:01:01.200000 upload: could not Upload 'pg_wal/00000001000000000000000B'
ERROR: 2026/11/20 02:02:01.200000 upload: could not open 'pg_wal/00000001000000000000000C'
INFO: 2026/11/20 02:03:01.100000 FILE PATH: 00000001000000000000000D.lz4
";
    let kept = read(&[text("wal.log", log)]);
    assert_eq!(kept.problems, []);
    let found: Vec<_> = runs(&kept).iter().map(|r| r.status).collect();
    let (good, bad) = (RunStatus::Success, RunStatus::Failed);
    assert_eq!(found, [good, bad, bad, RunStatus::Unknown], "an error may follow the last line");
    assert!(runs(&kept).iter().all(|r| r.component == Some(Component::LogContinuous)));
}

#[test]
fn restores_are_tests() {
    let done = "\
INFO: 2026/11/20 02:00:01.1 Selecting the latest backup...
INFO: 2026/11/20 02:00:01.2 LATEST backup is: 'base_000000010000000000000005'
INFO: 2026/11/20 02:00:09.2 Finished extraction of part_001.tar.lz4
INFO: 2026/11/20 02:00:10.2 
Backup extraction complete.
";
    let kept = read(&[text("fetch.log", done)]);
    let [test] = restores(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((test.result, test.recovery_point_id.as_deref()), (TestResult::Success, Some(A)));
    assert_eq!((test.started_at, test.ended_at), (at("2026-11-20T02:00:01.1Z"), at("2026-11-20T02:00:10.2Z")));
    let kept = read(&recorded(
        &format!("wal-g backup-fetch /restore {A}"),
        1,
        "ERROR: 2026/11/20 02:00:01.1 Failed to fetch backup: no\n",
        "",
    ));
    let [test] = restores(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((test.result, test.recovery_point_id.as_deref()), (TestResult::Failed, None));
    assert!(test.status_detail.as_deref().unwrap().ends_with(A));
}

const VERIFIED: &str = r#"{"integrity":{"status":"FAILURE","details":[
 {"timeline_id":3,"start_segment":"00000003000000030000004D","end_segment":"0000000300000004000000F0","segments_count":420,"status":"FOUND"},
 {"timeline_id":4,"start_segment":"0000000400000004000000F1","end_segment":"0000000400000004000000F3","segments_count":3,"status":"MISSING_LOST"},
 {"timeline_id":4,"start_segment":"0000000400000004000000F4","end_segment":"000000040000000800000030","segments_count":829,"status":"FOUND"},
 {"timeline_id":4,"start_segment":"000000040000000800000031","end_segment":"000000040000000800000031","segments_count":1,"status":"MISSING_UPLOADING"},
 {"timeline_id":4,"start_segment":"000000040000000800000032","end_segment":"000000040000000800000034","segments_count":3,"status":"FOUND"}]},
 "timeline":{"status":"OK","details":{"current_timeline_id":4,"highest_storage_timeline_id":4}}}"#;

#[test]
fn verified_segments_are_sequences() {
    let table = "\
[wal-verify] integrity check status: FAILURE
[wal-verify] integrity check details:
+-----+--------------------------+--------------------------+----------------+-------------------+
| TLI | START                    | END                      | SEGMENTS COUNT | STATUS            |
+-----+--------------------------+--------------------------+----------------+-------------------+
|   3 | 00000003000000030000004D | 0000000300000004000000F0 |            420 |             FOUND |
|   4 | 0000000400000004000000F1 | 0000000400000004000000F3 |              3 |      MISSING_LOST |
|   4 | 0000000400000004000000F4 | 000000040000000800000030 |            829 |             FOUND |
|   4 | 000000040000000800000031 | 000000040000000800000031 |              1 | MISSING_UPLOADING |
|   4 | 000000040000000800000032 | 000000040000000800000034 |              3 |             FOUND |
+-----+--------------------------+--------------------------+----------------+-------------------+
[wal-verify] timeline check status: OK
[wal-verify] timeline check details:
Highest timeline found in storage: 4
Current cluster timeline: 4
";
    for content in [VERIFIED, table] {
        let kept = read(&[text("verify", content)]);
        assert_eq!(kept.problems, []);
        let [check] = checks(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!((check.status, check.status_raw.as_str()), (RunStatus::Failed, "integrity FAILURE, timeline OK"));
        assert!(check.status_detail.as_deref().unwrap().contains("3 MISSING_LOST"));
        let found: Vec<_> = logs(&kept)
            .iter()
            .map(|l| (l.segment.as_str(), l.segments.unwrap(), l.previous_segment.as_deref(), l.lost_before.unwrap()))
            .collect();
        assert_eq!(
            found,
            [
                ("00000003000000030000004D", 420, None, 0),
                ("0000000400000004000000F4", 829, Some("0000000400000004000000F3"), 3),
            ],
            "what lies behind a segment on its way is no part of the chain yet"
        );
    }
    let cut = &VERIFIED[..200];
    let kept = read(&[text("verify.json", cut)]);
    assert!(kept.rows.is_empty() && kept.problems.len() == 1, "{kept:?}");
}

#[test]
fn shown_timelines_are_a_listing_without_times() {
    let show = format!(
        r#"[{{"id":1,"parent_id":0,"switch_point_lsn":0,"start_segment":"000000010000000000000001","end_segment":"000000010000000000000032",
        "segments_count":48,"missing_segments":["000000010000000000000007","00000001000000000000001F"],
        "backups":[{{"backup_name":"{A}","time":"2026-11-20T02:04:11Z","start_time":"2026-11-20T02:00:01Z","finish_time":"2026-11-20T02:04:10Z","uncompressed_size":7}}],
        "segment_range_size":50,"status":"LOST_SEGMENTS"}},
        {{"id":2,"parent_id":1,"switch_point_lsn":788529408,"start_segment":"00000002000000000000002F","end_segment":"000000020000000000000040",
        "segments_count":18,"missing_segments":[],"segment_range_size":18,"status":"OK"}}]"#
    );
    let kept = read(&[text("show.json", &show)]);
    assert_eq!(kept.problems, []);
    let found: Vec<_> = logs(&kept)
        .iter()
        .map(|l| (l.segment.as_str(), l.last(), l.previous_segment.as_deref(), l.lost_before.unwrap()))
        .collect();
    // The base backup begins in 05; the branch of timeline 1 behind the switch at 2F is dead.
    assert_eq!(
        found,
        [
            ("000000010000000000000005", "000000010000000000000006", None, 0),
            ("000000010000000000000008", "00000001000000000000001E", Some("000000010000000000000007"), 1),
            ("000000010000000000000020", "00000001000000000000002E", Some("00000001000000000000001F"), 1),
            ("00000002000000000000002F", "000000020000000000000040", Some("00000001000000000000002E"), 0),
        ]
    );
    assert!(samples(&kept).is_empty(), "without times there is no window");
    let [point] = points(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((point.complete, point.bytes), (Some(true), Some(7)));
    let odd = show.replace("\"segment_range_size\":50", "\"segment_range_size\":51");
    assert_eq!(read(&[text("show.json", &odd)]).problems.len(), 1);
}

#[test]
fn a_listing_of_the_storage_gives_the_window() {
    let mut list = "type size    last modified                     name\n".to_owned();
    let mut entry = |size: u64, minute: u32, name: &str| {
        list.push_str(&format!("obj  {size:<7} 2026-11-20 02:{minute:02}:00.12 +0000 UTC {name}  \n"));
    };
    entry(500, 6, &format!("basebackups_005/{A}/tar_partitions/part_001.tar.lz4"));
    entry(400, 7, &format!("basebackups_005/{A}_backup_stop_sentinel.json"));
    (1..=40).filter(|n| *n != 30).for_each(|n| entry(70, n, &format!("wal_005/0000000100000000{n:08X}.lz4")));
    let kept = read(&recorded("wal-g st ls -r", 0, "", &list));
    assert_eq!((kept.problems.as_slice(), kept.passed_over.len()), (&[][..], 0));
    let [sample] = samples(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(sample.resource.as_deref(), Some("wal-g:acme/pg"));
    assert_eq!(
        (sample.earliest_restorable_at, sample.latest_restorable_at, sample.last_archived_at),
        (at("2026-11-20T02:07:00.12Z"), at("2026-11-20T02:29:00.12Z"), at("2026-11-20T02:40:00.12Z"))
    );
    assert_eq!(logs(&kept).len(), 1, "the newest few may be on their way: {:?}", logs(&kept));
    let run = runs(&kept)[0];
    assert_eq!((run.status, run.bytes_stored, run.origin.pointer.as_str()), (RunStatus::Success, Some(500), "line:3"));
    // A part of the storage, and a cut listing.
    let part: String = list
        .lines()
        .filter(|l| !l.contains("basebackups"))
        .map(|l| format!("{}\n", l.replace("wal_005/", "")))
        .collect();
    let kept = read(&recorded("wal-g st ls -r wal_005/", 0, "", &part));
    assert_eq!(samples(&kept)[0].last_archived_at, at("2026-11-20T02:40:00.12Z"));
    let kept = read(&recorded("wal-g st ls -r", 0, "", list.trim_end()));
    assert!(samples(&kept).is_empty(), "it may be cut");
    let kept = read(&[text("ls.txt", &format!("{list}obj  x 2026-11-20 02:00:00 +0000 UTC wal_005/y\n"))]);
    assert!(samples(&kept).is_empty() && kept.problems.len() == 1);
}

#[test]
fn files_of_the_storage_are_read_and_its_data_are_left() {
    let sentinel = r#"{"LSN":83886120,"DeltaLSN":50331688,"DeltaFrom":"base_000000010000000000000003","DeltaFullName":"base_000000010000000000000003",
        "DeltaCount":1,"PgVersion":150020,"FinishLSN":83886336,"SystemIdentifier":7711106700693486353,"UncompressedSize":23213888,
        "CompressedSize":3088384,"Spec":null,"Version":2,"StartTime":"2026-11-20T02:00:01.5Z","FinishTime":"2026-11-20T02:04:11.1Z"}"#;
    let name = "base_000000010000000000000005_D_000000010000000000000003";
    let kept = read(&[text(&format!("basebackups_005/{name}_backup_stop_sentinel.json"), sentinel)]);
    assert_eq!(kept.problems, []);
    let run = runs(&kept)[0];
    assert_eq!(
        (run.status, run.component, run.bytes),
        (RunStatus::Success, Some(Component::Incremental), Some(23_213_888))
    );
    assert_eq!((run.started_at, run.ended_at), (at("2026-11-20T02:00:01.5Z"), at("2026-11-20T02:04:11.1Z")));
    let meta = r#"{"start_time":"2026-11-20T02:00:01.5Z","finish_time":"2026-11-20T02:04:11.1Z","start_lsn":83886120,"finish_lsn":83886336,
        "hostname":"db1","pg_version":150020,"uncompressed_size":9,"compressed_size":8,"is_permanent":false,"system_identifier":null}"#;
    let kept = read(&[text(&format!("basebackups_005/{A}/metadata.json"), meta)]);
    assert_eq!((runs(&kept)[0].status, points(&kept).len()), (RunStatus::Unknown, 0), "written before the sentinel");
    let kept = read(&[text("metadata.json", meta), text("x.json", sentinel)]);
    assert_eq!((kept.rows.len(), kept.problems.len()), (0, 2), "{kept:?}");

    let claim = |name: &str| (KIND.claim)(name, b"{\"x\":1}");
    assert_eq!(claim(&format!("basebackups_005/{A}/metadata.json")), Claim::Keep);
    assert_eq!(claim(&format!("basebackups_005/{A}_backup_stop_sentinel.json")), Claim::Keep);
    assert_eq!(claim("wal_005/00000002.history"), Claim::Keep);
    assert!(
        matches!((KIND.claim)("walg.json", b"{\"AWS_SECRET_ACCESS_KEY\": \"x\"}"), Claim::Pass(why) if why.contains("AWS_SECRET"))
    );
    assert!(matches!(claim(&format!("basebackups_005/{A}/files_metadata.json")), Claim::Pass(_)));
    assert!(matches!(claim("wal_005/000000010000000000000005.zst"), Claim::Pass(_)));
}

#[test]
fn equal_names_of_two_archives_stay_apart() {
    let list = format!(r#"[{{"backup_name":"{A}","time":"2026-11-20T02:04:11Z"}}]"#);
    let record = |name: &str, prefix: &str| {
        text(
            &format!("{name}.run.json"),
            &format!(
                r#"{{"command":"wal-g backup-list --json","exit_code":0,"env":{{"WALG_S3_PREFIX":"{prefix}"}},"stdout":"{name}.json"}}"#
            ),
        )
    };
    let documents = [text("a.json", &list), text("b.json", &list), record("a", "s3://x/a"), record("b", "s3://x/b")];
    let kept = read(&documents);
    let ids: Vec<_> = points(&kept).iter().map(|p| p.recovery_point_id.clone()).collect();
    assert_eq!(ids, [format!("x/a {A}"), format!("x/b {A}")]);
    assert_eq!(listings(&kept)[1].recovery_point_ids, [format!("x/b {A}")]);
}

#[test]
fn what_is_not_ours_is_passed_over() {
    let documents = [
        text("a.json", r#"{"a":1}"#),
        text("b.json", r#"[{"name":"x"}]"#),
        text("c.txt", "hello\n"),
        text("d.json", r#"{"a":"#),
    ];
    let kept = read(&documents);
    assert_eq!((kept.passed_over.len(), kept.rows.len(), kept.problems.len()), (4, 0, 0), "{kept:?}");
    let stream = r#"[{"backup_name":"stream_20261120T020000Z","time":"2026-11-20T02:04:11Z"}]"#;
    let kept = read(&[text("l.json", stream)]);
    assert!(points(&kept).is_empty() && kept.problems.len() == 1, "another database's: {kept:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_cut_yields_a_success_that_the_whole_does_not(which in 0_usize..4, cut in 0_usize..2000) {
        let wal = "INFO: 2026/11/20 02:00:01.1 FILE PATH: 00000001000000000000000A.lz4\nERROR: 2026/11/20 02:00:01.2 upload: could not Upload 'pg_wal/00000001000000000000000A'\n";
        let list = format!("backup_name modified wal_file_name storage_name\n{A} 2026-11-20T02:04:11Z 000000010000000000000005 default\n");
        let content = [PUSH, wal, VERIFIED, &list][which];
        let cut = cut.min(content.len());
        let good = |kept: &Kept| runs(kept).iter().filter(|r| r.status == RunStatus::Success).count();
        let (whole, part) = (read(&[text("x", content)]), read(&[text("x", &content[..cut])]));
        prop_assert!(good(&part) <= good(&whole), "{part:?}");
        prop_assert!(logs(&part).len() <= logs(&whole).len());
    }
}
