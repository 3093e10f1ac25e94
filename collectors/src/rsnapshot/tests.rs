//! The sample against its ground truth; other configurations, logs and damage. Texts follow 1.4.5 and 1.5.1.

use model::rows::{Component, RunStatus};
use proptest::prelude::*;

use super::KIND;
use crate::testing::{
    assert_time, differences_from_truth, no_cut_gives_a_success, parse, recorded, runs, sample_documents, sorted, text,
};
use crate::{Document, Kept};

const ZONE: Option<&str> = Some("Europe/Prague");
const CONFIG: &str =
    "config_version\t1.2\nsnapshot_root\t/snap/\nretain\tdaily\t7\nretain\tweekly\t4\nbackup\t/etc/\tlocalhost/\n";

/// Lines of a log, with a stamp for each second from midnight of the second of November.
fn log(lines: &[&str]) -> String {
    lines.iter().enumerate().map(|(at, line)| format!("[2026-11-02T00:00:{at:02}] {line}\n")).collect()
}

fn states(kept: &Kept) -> Vec<(RunStatus, String)> {
    runs(kept).iter().map(|r| (r.status, r.status_detail.clone().unwrap_or_default())).collect()
}

#[test]
fn the_sample_reads_as_its_truth() {
    for zone in [None, ZONE] {
        let kept = parse(&KIND, zone, &sample_documents("rsnapshot"));
        assert_eq!(differences_from_truth("rsnapshot", &kept, &[]), Vec::<String>::new());
        assert!(runs(&kept).iter().all(|r| r.resource.as_deref() == Some("rsnapshot:/srv/backups/snapshots")));
        assert!(runs(&kept).iter().all(|r| r.component == Some(Component::Snapshot)));
        let refused = runs(&kept).into_iter().find(|r| r.status_raw.contains("Source directory")).unwrap();
        assert!(refused.status_raw.ends_with("doesn't exist"), "{}", refused.status_raw);
    }
}

#[test]
fn order_of_documents_and_a_second_reading_change_nothing() {
    let mut all = sample_documents("rsnapshot");
    let first = sorted(&parse(&KIND, None, &all));
    all.reverse();
    assert_eq!(first, sorted(&parse(&KIND, None, &all)));
}

#[test]
fn the_log_alone_tells_the_same_in_the_zone_of_the_source() {
    let all: Vec<Document> = sample_documents("rsnapshot").into_iter().filter(|d| d.name().ends_with(".log")).collect();
    let kept = parse(&KIND, ZONE, &all);
    let seen: Vec<_> = runs(&kept).iter().map(|r| (r.status, r.started_at.unwrap().to_rfc3339())).collect();
    let times = [
        "2026-10-23T01:30:00",
        "2026-10-24T01:30:00",
        "2026-10-25T00:30:00",
        "2026-10-25T01:30:00",
        "2026-11-22T21:34:40",
        "2026-11-22T21:34:41",
    ];
    let wanted: Vec<_> = times
        .iter()
        .enumerate()
        .map(|(at, t)| (if at < 4 { RunStatus::Success } else { RunStatus::Failed }, format!("{t}+00:00")))
        .collect();
    assert_eq!(seen, wanted, "in the hour that repeats two starts with one stamp are an hour apart");
    let kept = parse(&KIND, None, &all);
    assert!(runs(&kept).iter().all(|r| r.zone_unknown && r.started_at.is_none()));
    assert_eq!(runs(&kept).len(), 6);
}

#[test]
fn every_end_is_told_apart() {
    let run = "/usr/bin/rsnapshot daily";
    let copied = "touch /snap/daily.0/";
    let state = |lines: &[String]| {
        let mut all = vec![format!("{run}: started"), "echo 1 > /pid".to_owned(), copied.to_owned()];
        all.extend_from_slice(lines);
        let lines: Vec<&str> = all.iter().map(String::as_str).collect();
        let kept = parse(&KIND, ZONE, &[text("rsnapshot.log", &log(&lines))]);
        let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
        assert_time(
            "end",
            run.ended_at,
            &serde_json::Value::from(format!("2026-11-01T23:00:{:02}Z", lines.len() - 1)),
            0.0,
        );
        run.status
    };
    assert_eq!(state(&[format!("{run}: completed successfully")]), RunStatus::Success);
    assert_eq!(state(&[format!("WARNING: {run}: completed, but with some warnings")]), RunStatus::Partial);
    let failed = [
        format!("{run}: ERROR: /usr/bin/rsync returned 12 while processing /etc/"),
        format!("{run}: ERROR: {run}: completed, but with some errors"),
    ];
    assert_eq!(state(&failed), RunStatus::Failed);
    assert_eq!(state(&[format!("{run}: ERROR: rsnapshot was sent TERM signal... cleaning up")]), RunStatus::Aborted);
}

#[test]
fn a_refused_run_between_the_lines_of_another_ends_neither() {
    let run = "/usr/bin/rsnapshot daily";
    let lines = log(&[
        &format!("{run}: started"),
        "echo 1 > /pid",
        &format!("{run}: started"),
        &format!("{run}: ERROR: Lockfile /pid exists and so does its process, can not continue"),
        "touch /snap/daily.0/",
        &format!("{run}: completed successfully"),
    ]);
    let kept = parse(&KIND, ZONE, &[text("rsnapshot.log", &lines)]);
    let seen: Vec<_> = states(&kept).into_iter().map(|s| s.0).collect();
    assert_eq!(seen, [RunStatus::Success, RunStatus::Failed]);
}

#[test]
fn a_run_whose_lock_another_took_has_died_and_the_last_may_be_at_work() {
    let run = "/usr/bin/rsnapshot daily";
    let first = log(&[&format!("{run}: started"), "echo 1 > /pid", "mkdir -m 0755 -p /snap/daily.0/"]);
    let second = first.replace("11-02", "11-03").replace("echo 1", "echo 2");
    let kept = parse(&KIND, ZONE, &[text("rsnapshot.log", &format!("{first}{second}"))]);
    let seen: Vec<_> = states(&kept).into_iter().map(|s| s.0).collect();
    assert_eq!(seen, [RunStatus::Aborted, RunStatus::Unknown]);
    let today = first.replace("11-02T00", "11-22T20");
    assert_eq!(states(&parse(&KIND, ZONE, &[text("rsnapshot.log", &today)]))[0].0, RunStatus::Running);
}

#[test]
fn only_the_level_that_copies_is_a_run() {
    let short = |level: &str| {
        log(&[
            &format!("/usr/bin/rsnapshot {level}: started"),
            &format!("/usr/bin/rsnapshot {level}: completed successfully"),
        ])
    };
    let read = |level: &str, config: Option<&str>| {
        let config = config.map(|c| text("rsnapshot.conf", c));
        let documents: Vec<Document> = config.into_iter().chain([text("x.log", &short(level))]).collect();
        states(&parse(&KIND, ZONE, &documents)).into_iter().map(|s| s.0).collect::<Vec<_>>()
    };
    assert_eq!(read("daily", Some(CONFIG)), [RunStatus::Success]);
    assert_eq!(read("weekly", Some(CONFIG)), []);
    assert_eq!(read("daily", None), [RunStatus::Unknown], "at loglevel 2 nothing tells whether it copied");
    let sync = format!("{CONFIG}sync_first\t1\n");
    assert_eq!((read("daily", Some(&sync)), read("sync", Some(&sync))), (vec![], vec![RunStatus::Success]));
    let moved = log(&[
        "/usr/bin/rsnapshot weekly: started",
        "echo 1 > /pid",
        "mv /snap/daily.6/ /snap/weekly.0/",
        "/usr/bin/rsnapshot weekly: completed successfully",
    ]);
    assert_eq!(runs(&parse(&KIND, ZONE, &[text("x.log", &moved)])).len(), 0, "its commands only move");
}

#[test]
fn records_and_the_log_of_one_run_are_one_run() {
    let lines = log(&[
        "/usr/bin/rsnapshot daily: started",
        "echo 1 > /pid",
        "touch /snap/daily.0/",
        "WARNING: Some files and/or directories in /etc/ vanished during rsync operation",
        "WARNING: /usr/bin/rsnapshot daily: completed, but with some warnings",
    ]);
    let mut documents = recorded("nice rsnapshot daily", Some(2), "", "");
    documents.push(text("rsnapshot.log", &lines));
    let kept = parse(&KIND, None, &documents);
    let [(status, detail)] = &states(&kept)[..] else { panic!("{kept:?}") };
    assert!(*status == RunStatus::Partial && detail.contains("vanished"), "{detail}");
    assert_eq!(runs(&kept)[0].encrypted, Some(false));
    let silent = parse(
        &KIND,
        None,
        &[recorded("rsnapshot daily", Some(0), "", ""), vec![text("rsnapshot.conf", CONFIG)]].concat(),
    );
    assert_eq!(states(&silent), [(RunStatus::Success, String::new())]);
    assert_eq!(runs(&silent)[0].resource.as_deref(), Some("rsnapshot:/snap"));
    for (call, count) in [("rsnapshot -t daily", 0), ("rsnapshot du", 0), ("rsnapshot -c /etc/x.conf daily", 1)] {
        assert_eq!(runs(&parse(&KIND, None, &recorded(call, Some(1), "", "ERROR: no\n"))).len(), count, "{call}");
    }
}

#[test]
fn a_mail_and_the_log_of_one_failure_are_one_run() {
    let all: Vec<Document> = sample_documents("rsnapshot").into_iter().filter(|d| d.name() != "runs.json").collect();
    let kept = parse(&KIND, ZONE, &all);
    assert_eq!(runs(&kept).len(), 6, "{:#?}", runs(&kept));
    assert!(runs(&kept).iter().all(|r| r.started_at.is_some()));
}

#[test]
fn lines_of_syslog_are_read() {
    let lines = "2026-11-02T00:00:01.123456+01:00 app01 rsnapshot[815]: /usr/bin/rsnapshot daily: started\n\
                 2026-11-02T00:05:00.123456+01:00 app01 rsnapshot[815]: /usr/bin/rsnapshot daily: ERROR: /usr/bin/rsync returned 255 while processing root@web:/etc/\n";
    let kept = parse(&KIND, ZONE, &[text("syslog", lines), text("rsnapshot.conf", CONFIG)]);
    assert_eq!(states(&kept)[0].0, RunStatus::Failed);
}

#[test]
fn other_tools_files_are_passed_over() {
    for tool in ["duplicity", "restic", "borg", "rclone", "rdiff-backup", "pg_dump"] {
        assert_eq!(parse(&KIND, Some("UTC"), &sample_documents(tool)).rows, [], "{tool}");
    }
}

#[test]
fn a_cut_document_gives_no_success_that_is_none() {
    no_cut_gives_a_success(&KIND, ZONE, &sample_documents("rsnapshot"));
}

proptest! {
    #[test]
    fn successes_are_no_more_than_their_last_lines(
        lines in proptest::collection::vec(proptest::sample::select(vec![
            "/usr/bin/rsnapshot daily: started", "/usr/bin/rsnapshot weekly: started", "echo 1 > /pid", "touch /snap/daily.0/",
            "/usr/bin/rsnapshot daily: completed successfully", "/usr/bin/rsnapshot weekly: completed successfully",
            "/usr/bin/rsnapshot daily: ERROR: Lockfile /pid exists and so does its process, can not continue",
            "WARNING: x", "mv /snap/daily.6/ /snap/weekly.0/", "\u{0}\u{fffd}ž",
        ]), 0..40)
    ) {
        let kept = parse(&KIND, ZONE, &[text("x.log", &log(&lines))]);
        let good = runs(&kept).iter().filter(|r| r.status == RunStatus::Success).count();
        prop_assert!(good <= lines.iter().filter(|l| l.ends_with("completed successfully")).count());
    }
}
