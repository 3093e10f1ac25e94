//! Tests on real output of 1.1.1 and on what its source writes besides.

use model::rows::{Component, RunStatus, TestResult};
use proptest::prelude::*;
use serde_json::Value;

use super::KIND;
use crate::testing::{at, documents, listings, parse, points, restores, runs, sample, text};
use crate::{Document, Kept};

fn whole_sample() -> Vec<Document> {
    let beside = ["truth.json", "README.md"];
    documents(&sample("wal-e")).into_iter().filter(|d| !beside.contains(&d.name())).collect()
}

#[test]
fn the_sample_is_read_as_its_truth_says() {
    let kept = parse(&KIND, None, &whole_sample());
    assert_eq!((kept.problems.as_slice(), kept.passed_over.as_slice()), (&[][..], &[][..]));
    let truth: Value =
        serde_json::from_str(&std::fs::read_to_string(sample("wal-e").join("truth.json")).unwrap()).unwrap();
    let entries = truth["runs"].as_array().unwrap();
    assert_eq!((runs(&kept).len(), restores(&kept).len()), (3, 1));
    for entry in entries {
        let (start, end) = (at(entry["started_at"].as_str().unwrap()), at(entry["finished_at"].as_str().unwrap()));
        let status = entry["status"].as_str().unwrap();
        if entry["kind"] == "restore" {
            let [test] = restores(&kept)[..] else { unreachable!() };
            assert_eq!((test.started_at, test.ended_at, test.result), (start, end, TestResult::Failed));
            assert!(test.status_detail.as_deref().unwrap().starts_with("no backups found for fetching"));
            continue;
        }
        let run = runs(&kept).into_iter().find(|r| r.started_at == start).unwrap();
        assert_eq!((run.ended_at, run.status.as_str(), run.bytes, run.encrypted), (end, status, None, None));
        let push = entry["kind"] == "backup-full";
        assert_eq!(run.component, Some(if push { Component::Full } else { Component::LogContinuous }));
        assert_eq!(run.recovery_point_id, None);
    }
    let resources: Vec<_> = runs(&kept).iter().map(|r| r.resource.as_deref().unwrap()).collect();
    assert_eq!(resources, ["wal-e:/srv/backups/wale"; 3], "the run records note the prefix");
    let ids: Vec<_> = listings(&kept).iter().map(|l| (l.recovery_point_ids.len(), l.complete)).collect();
    assert_eq!(ids, [(0, true), (0, true)], "two lists of an archive without base backups");
    let failed = runs(&kept).into_iter().find(|r| r.component == Some(Component::Full)).unwrap();
    let detail = failed.status_detail.as_deref().unwrap();
    assert!(detail.contains("pg_start_backup(unknown) does not exist") && detail.contains("Could not stop hot backup"));
}

#[test]
fn without_run_records_only_what_the_messages_prove_is_said() {
    let evidence: Vec<Document> = whole_sample().into_iter().filter(|d| d.name() != "runs.json").collect();
    let kept = parse(&KIND, None, &evidence);
    let mut found: Vec<_> = runs(&kept).iter().map(|r| (r.component, r.status)).collect();
    found.sort_by_key(|(c, _)| c.map(|c| c.to_string()));
    // The push without a prefix says nothing of what it was.
    assert_eq!(
        found,
        [(Some(Component::Full), RunStatus::Failed), (Some(Component::LogContinuous), RunStatus::Success)]
    );
    let archived = runs(&kept).into_iter().find(|r| r.status == RunStatus::Success).unwrap();
    assert_eq!(archived.started_at, at("2026-11-22T21:41:55.016748Z"));
    assert_eq!(archived.ended_at, at("2026-11-22T21:41:55.136833Z"));
    assert_eq!(restores(&kept)[0].result, TestResult::Failed);
}

const HEADER: &str = "name\tlast_modified\texpanded_size_bytes\twal_segment_backup_start\t\
                      wal_segment_offset_backup_start\twal_segment_backup_stop\twal_segment_offset_backup_stop\r\n";

#[test]
fn a_list_shows_finished_base_backups() {
    let name = "base_000000010000000000000005_00000040";
    let plain = format!("{HEADER}{name}\t2026-11-20T02:00:00.000Z\t\t000000010000000000000005\t00000040\t\t\r\n");
    let detail = format!(
        "{HEADER}{name}\tFri, 20 Nov 2026 02:00:00 GMT\t23213888\t000000010000000000000005\t00000040\t\
         000000010000000000000006\t00000050\r\n"
    );
    for (content, bytes) in [(plain, None), (detail, Some(23_213_888))] {
        let kept = parse(&KIND, None, &[text("list.tsv", &content)]);
        assert_eq!(kept.problems, []);
        let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!((run.status, run.ended_at, run.bytes), (RunStatus::Success, at("2026-11-20T02:00:00Z"), bytes));
        assert_eq!(points(&kept)[0].recovery_point_id, name);
        assert!(listings(&kept)[0].complete);
    }
    let cut = format!("{HEADER}{name}\t2026-11-20T02:00:00.000Z\t\t00000001000");
    let kept = parse(&KIND, None, &[text("list.tsv", &cut)]);
    assert!(kept.problems.len() == 2 && runs(&kept).is_empty() && !listings(&kept)[0].complete, "{kept:?}");
    let odd = format!("{HEADER}{name}\tyesterday\tmany\t000000010000000000000005\t00000040\tx\ttimeout\r\n");
    let kept = parse(&KIND, None, &[text("list.tsv", &odd)]);
    assert_eq!((kept.problems.len(), runs(&kept)[0].ended_at, runs(&kept)[0].bytes), (3, None, None));
}

fn block(logger: &str, level: &str, message: &str, detail: &str, time: &str, more: &str) -> String {
    let detail = if detail.is_empty() { String::new() } else { format!("        DETAIL: {detail}\n") };
    format!("{logger} {level:8} MSG: {message}\n{detail}        STRUCTURED: time=2026-11-20T{time}-00 {more}\n")
}

#[test]
fn processes_that_write_side_by_side_come_apart() {
    let name = "base_000000010000000000000005_00000040";
    let begin = |seg: &str, pid: u32, time: &str| {
        let more = format!("pid={pid} action=push-wal key=s3://b/p/wal_005/{seg}.lzo prefix=p/ seg={seg} state=begin");
        block("wal_e.worker.upload", "INFO", "begin archiving a file", "", time, &more)
    };
    let complete = |seg: &str, pid: u32, time: &str| {
        let more = format!(
            "pid={pid} action=push-wal key=s3://b/p/wal_005/{seg}.lzo prefix=p/ rate=1 seg={seg} state=complete"
        );
        block("wal_e.worker.upload", "INFO", "completed archiving to a file", "", time, &more)
    };
    let started = |what: &str, pid: u32, time: &str| {
        block(
            "wal_e.main  ",
            "INFO",
            "starting WAL-E",
            &format!("The subcommand is \"{what}\"."),
            time,
            &format!("pid={pid}"),
        )
    };
    let (a, b, c) = ("000000010000000000000005", "000000010000000000000006", "000000010000000000000007");
    let log = [
        started("backup-push", 10, "02:00:00.000001"),
        begin(a, 11, "02:00:01.0"),
        block(
            "wal_e.operator.backup",
            "INFO",
            "start upload postgres version metadata",
            &format!("Uploading to s3://b/p/basebackups_005/{name}/extended_version.txt."),
            "02:00:02.0",
            "pid=10",
        ),
        begin(b, 12, "02:00:03.0"),
        complete(a, 11, "02:00:04.0"),
        begin(c, 12, "02:00:04.5"),
        complete(b, 12, "02:00:05.0"),
        started("backup-fetch", 13, "02:00:06.0"),
        block("wal_e.main  ", "ERROR", "no backups found for fetching", "None.", "02:00:07.0", "pid=13"),
    ]
    .concat();
    let kept = parse(&KIND, None, &[text("wal-e.log", &log)]);
    assert_eq!(kept.problems, []);
    let found: Vec<_> = runs(&kept).iter().map(|r| (r.component.unwrap(), r.status)).collect();
    let (full, archive) = (Component::Full, Component::LogContinuous);
    let (good, open) = (RunStatus::Success, RunStatus::Unknown);
    assert_eq!(found, [(full, open), (archive, good), (archive, good), (archive, open)]);
    assert_eq!(restores(&kept)[0].result, TestResult::Failed);
    assert!(runs(&kept)[1..].iter().all(|r| r.resource.as_deref() == Some("wal-e:b/p")));

    // A sentinel shows that the push went well; in syslog a block is one line.
    let sentinel = r#"{"wal_segment_backup_stop":"000000010000000000000006","wal_segment_offset_backup_stop":"00000050",
        "expanded_size_bytes":23213888,"spec":{"base_prefix":"/x","tablespaces":[]}}"#;
    let file = format!("{name}_backup_stop_sentinel.json");
    let written = Document::in_memory(&*file, &*file, at("2026-11-20T02:09:00Z"), sentinel.as_bytes().to_vec());
    let syslog: String = log
        .split_inclusive("\n")
        .map(|l| match l.starts_with(' ') {
            true => format!("#012{}", l.trim_end()),
            false => format!("\nNov 20 02:00:00 db1 {}", l.trim_end()),
        })
        .collect();
    let kept = parse(&KIND, None, &[written, text("syslog", &format!("{syslog}\n"))]);
    assert_eq!(kept.problems, []);
    let run = runs(&kept).into_iter().find(|r| r.component == Some(full)).unwrap();
    assert_eq!((run.status, run.bytes), (good, Some(23_213_888)));
    assert_eq!((run.started_at, run.ended_at), (at("2026-11-20T02:00:00.000001Z"), at("2026-11-20T02:09:00Z")));
    assert_eq!((points(&kept).len(), runs(&kept).len()), (1, 4));
}

#[test]
fn a_segment_that_another_process_archived_is_no_run() {
    let more = |state: &str| format!("pid=9 action=push-wal seg=000000010000000000000005 state={state}");
    let log = [
        block("wal_e.worker.upload", "INFO", "begin archiving a file", "", "02:00:00.0", &more("begin")),
        block("wal_e.worker.upload", "INFO", "skip parallel archiving of a file", "", "02:00:01.0", &more("skip")),
    ]
    .concat();
    assert_eq!(parse(&KIND, None, &[text("l", &log)]).rows, []);
}

#[test]
fn other_files_are_passed_over_and_damage_is_told() {
    let kept = parse(&KIND, None, &[text("a.txt", "hello\n"), text("b.json", "{}"), text("c.log", "")]);
    assert_eq!((kept.passed_over.len(), kept.problems.len(), kept.rows.len()), (2, 1, 0));
    let cut = block("wal_e.main  ", "ERROR", "Could not stop hot backup", "", "02:00:00.0", "pid=1");
    let kept = parse(&KIND, None, &[text("c.log", &cut[..40])]);
    assert_eq!(kept.problems.len(), 1, "{kept:?}");
    let file = "base_000000010000000000000005_00000040_backup_stop_sentinel.json";
    let kept = parse(&KIND, None, &[text(file, "{\"wal_segment_backup_stop\":")]);
    assert!(kept.rows.is_empty() && kept.problems.len() == 1, "{kept:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_cut_yields_a_success_that_the_whole_does_not(document in 0_usize..8, cut in 0_usize..3000) {
        let all = whole_sample();
        let good = |kept: &Kept| runs(kept).iter().filter(|r| r.status == RunStatus::Success).count();
        let whole: Vec<Document> = all.iter().filter(|d| d.name() != "runs.json").cloned().collect();
        let mut damaged = whole.clone();
        let one = &whole[document % whole.len()];
        let bytes = one.bytes().unwrap();
        let kept_bytes = bytes[..cut.min(bytes.len())].to_vec();
        damaged[document % whole.len()] = Document::in_memory(one.name(), one.name(), None, kept_bytes);
        prop_assert!(good(&parse(&KIND, None, &damaged)) <= good(&parse(&KIND, None, &whole)));
    }
}
