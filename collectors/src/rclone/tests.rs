//! The sample against its ground truth; other versions, options and damage. Outputs beyond the sample are those of
//! 1.60.1, and texts of 1.75.

use model::rows::{Component, Integrity, RunStatus};
use proptest::prelude::*;

use super::KIND;
use crate::testing::{
    assert_time, checks, differences_from_truth, no_cut_gives_a_success, parse, recorded, runs, sample_documents,
    sorted, text, verdict,
};
use crate::{Claim, Document};

const ZONE: Option<&str> = Some("Europe/Prague");
const STATS: &str = "2026/11/02 00:04:59 INFO  : \nTransferred:   \t  976.562 KiB / 976.562 KiB, 100%, 0 B/s, ETA -\nTransferred:            5 / 5, 100%\nElapsed time:      1m2.5s\n\n";

fn one(command: &str, exit: Option<i64>, stderr: &str) -> (RunStatus, String) {
    verdict(&parse(&KIND, None, &recorded(command, exit, "", stderr)))
}

#[test]
fn the_sample_reads_as_its_truth() {
    let kept = parse(&KIND, None, &sample_documents("rclone"));
    assert_eq!(differences_from_truth("rclone", &kept, &[]), Vec::<String>::new());
    let seen: Vec<_> = runs(&kept).iter().map(|r| r.resource.clone().unwrap()).collect();
    assert_eq!(seen, ["rclone:offsite:app", "rclone:vault:app", "rclone:offsite:app", "rclone:offsite:slow"]);
    assert!(runs(&kept).iter().all(|r| r.component == Some(Component::Mirror) && r.recovery_point_id.is_none()));
    // `cryptcheck` tells what the configuration, which is not kept, would.
    let all: Vec<Document> = sample_documents("rclone").into_iter().filter(|d| !d.name().ends_with(".conf")).collect();
    assert_eq!(differences_from_truth("rclone", &parse(&KIND, None, &all), &[]), Vec::<String>::new());
}

#[test]
fn order_of_documents_and_a_second_reading_change_nothing() {
    let mut all = sample_documents("rclone");
    let first = sorted(&parse(&KIND, None, &all));
    all.reverse();
    assert_eq!(first, sorted(&parse(&KIND, None, &all)));
}

#[test]
fn exit_codes_decide_over_the_log() {
    let call = "rclone sync -v /srv off:x";
    assert_eq!(one(call, Some(0), "").0, RunStatus::Success, "quiet");
    let retried = "2026/11/02 00:00:02 ERROR : a: Failed to copy: timeout\n2026/11/02 00:00:03 ERROR : Attempt 1/3 failed with 1 errors and: timeout\n2026/11/02 00:00:04 ERROR : Attempt 2/3 succeeded\n";
    assert_eq!(one(call, Some(0), retried), (RunStatus::Success, String::new()));
    for code in [1, 2, 3, 4, 5, 6, 7, 8, 10] {
        assert_eq!(one(call, Some(code), STATS).0, RunStatus::Failed, "{code}");
    }
    assert_eq!(one(call, Some(9), STATS).0, RunStatus::Success, "nothing had changed");
    assert_eq!(one(call, Some(130), STATS).0, RunStatus::Aborted);
    assert_eq!(one(call, None, STATS).0, RunStatus::Unknown, "statistics are printed on the way as well");
    let cache = "2026/11/02 00:00:02 NOTICE: Failed to find user cache dir, using temporary directory\n";
    assert_eq!(one(call, Some(0), cache).0, RunStatus::Success, "a lesser failure");
    let (_, detail) = one(
        call,
        Some(1),
        "2026/11/02 00:00:02 Failed to create file system for \"off:x\": didn't find section in config file\n",
    );
    assert!(detail.contains("didn't find section"), "{detail}");
    assert_eq!(one("rclone sync /srv off:x | tee log", Some(0), "").0, RunStatus::Unknown);
}

#[test]
fn a_log_of_debug_level_tells_command_and_end() {
    let start = "2026/11/02 00:00:01 DEBUG : rclone: Version \"v1.75.0\" starting with parameters [\"rclone\" \"copy\" \"-vv\" \"/srv/a b\" \"off:x\"]\n";
    let end = "2026/11/02 00:04:59 DEBUG : 7 go routines active\n";
    let log =
        |middle: &str, end: &str| format!("{start}2026/11/02 00:01:00 INFO  : f: Copied (new)\n{middle}{STATS}{end}");
    let read = |content: &str| {
        let kept = parse(&KIND, ZONE, &[text("rclone.log", content)]);
        let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!(run.resource.as_deref(), Some("rclone:off:x"));
        run.status
    };
    assert_eq!(read(&log("", end)), RunStatus::Success);
    assert_eq!(read(&log("", "")), RunStatus::Unknown);
    assert_eq!(read(&log("2026/11/02 00:01:00 ERROR : g: Failed to copy: no\n", end)), RunStatus::Unknown);
    let errors = log("", end).replace("Elapsed", "Errors:                 1 (retrying may help)\nElapsed");
    assert_eq!(read(&errors), RunStatus::Unknown, "cut before it says that it failed");
    assert_eq!(read(&format!("{errors}2026/11/02 00:04:59 NOTICE: Failed to copy: no\n")), RunStatus::Failed);
    assert_eq!(
        read(&format!("{start}2026/11/02 00:01:00 INFO  : There was nothing to transfer\n{STATS}")),
        RunStatus::Success
    );
    assert_eq!(
        read(&format!(
            "{start}2026/11/02 00:01:00 INFO  : Signal received: interrupt\n2026/11/02 00:01:00 INFO  : Exiting...\n"
        )),
        RunStatus::Aborted
    );
}

#[test]
fn runs_in_one_log_are_told_apart_by_the_start_that_statistics_tell() {
    let copied = |time: &str| format!("2026/11/02 {time} INFO  : f: Copied (new)\n");
    let again = STATS.replace("00:04:59", "00:05:59").replace("1m2.5s", "2m2.5s");
    let other = STATS.replace("00:04:59", "02:00:10").replace("1m2.5s", "10.0s");
    let log = [copied("00:03:58"), STATS.to_owned(), copied("00:05:20"), again, copied("02:00:05"), other].concat();
    let kept = parse(&KIND, ZONE, &[text("rclone.log", &log)]);
    let starts: Vec<_> = runs(&kept).iter().map(|r| r.started_at).collect();
    assert_eq!(starts.len(), 2, "statistics on the way are no end");
    assert_time("first", starts[0], &"2026-11-01T23:03:56.5Z".into(), 0.0);
    assert_time("second", starts[1], &"2026-11-02T01:00:00Z".into(), 0.0);
    assert!(runs(&parse(&KIND, None, &[text("rclone.log", &log)])).iter().all(|r| r.zone_unknown));
}

#[test]
fn a_log_file_and_its_records_are_one_run_each() {
    let mut documents = recorded("rclone sync -v --log-file=/var/log/r.log /srv off:x", Some(3), "", "");
    documents.push(text("r.log", "2026/11/02 00:00:01 ERROR : Attempt 3/3 failed with 1 errors and: directory not found\n2026/11/02 00:00:01 Failed to sync: directory not found\n2026/11/03 00:00:01 INFO  : f: Copied (new)\n"));
    let kept = parse(&KIND, None, &documents);
    let seen: Vec<_> = runs(&kept).iter().map(|r| (r.status, r.status_raw.as_str())).collect();
    assert_eq!(seen, [(RunStatus::Failed, "Failed to sync: directory not found"), (RunStatus::Unknown, "no end")]);
}

#[test]
fn json_logs_carry_their_own_zone() {
    let line = |level: &str, msg: &str, more: &str| {
        format!(
            r#"{{"time":"2026-11-02T00:04:00.5+01:00","level":"{level}","msg":"{msg}","source":"slog/logger.go:256"{more}}}"#
        )
    };
    let stats = r#","stats":{"bytes":5,"errors":0,"elapsedTime":60.25,"totalTransfers":1,"transfers":1}"#;
    let log = [
        line("info", "Copied (new)", r#","object":"f""#),
        line("info", "stats", stats),
        line("debug", "7 go routines active\\n", ""),
    ]
    .join("\n");
    let kept = parse(&KIND, None, &[text("rclone.json", &log)]);
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.status, run.bytes), (RunStatus::Success, None));
    assert_time("start", run.started_at, &"2026-11-01T23:03:00.25Z".into(), 0.0);
    let other = r#"{"level":"info","msg":"Copied (new)","time":"2026-11-02T00:04:00Z"}"#;
    assert_eq!(parse(&KIND, None, &[text("other.json", r#"{"level":"info","msg":"listening"}"#)]).rows, []);
    assert_eq!(runs(&parse(&KIND, None, &[text("x", other)]))[0].status, RunStatus::Unknown);
}

#[test]
fn destinations_are_found_among_options_and_without_secrets() {
    for (call, wanted) in [
        ("rclone --config /etc/r.conf sync --bwlimit 2M --exclude '*.tmp' /srv off:x/", "off:x"),
        ("rclone copy /srv off:x -P --transfers 8", "off:x"),
        ("rclone copy --s3-unknown-switch /srv off:x", "off:x"),
        ("sudo -u rclone /usr/bin/rclone move /srv/a /mnt/b", "/mnt/b"),
        ("pg_dump db | rclone rcat 'off:dump 1.sql'", "off:dump 1.sql"),
        ("rclone sync /srv ':sftp,host=nas,user=me,pass=secret:/srv/x'", ":sftp:/srv/x"),
        ("rclone sync /srv 'off,secret_access_key=\"se:cret\":x'", "off:x"),
        ("rclone copyurl https://me:secret@host/f off:", "off:"),
    ] {
        let kept = parse(&KIND, None, &recorded(call, Some(0), "", ""));
        assert_eq!(runs(&kept)[0].resource, Some(format!("rclone:{wanted}")), "{call}");
        assert!(!format!("{:?}", kept.rows).contains("secret"), "{call}");
    }
    for call in
        ["rclone sync -n /srv off:x", "rclone copy --dry-run /srv off:x", "rclone size off:x", "rclone delete off:x"]
    {
        assert_eq!(parse(&KIND, None, &recorded(call, Some(0), "", "")).rows, [], "{call}");
    }
}

#[test]
fn lists_of_remotes_tell_which_encrypt_and_configurations_are_not_kept() {
    let mut documents = recorded("rclone sync /srv safe:x", Some(0), "", "");
    assert_eq!(runs(&parse(&KIND, None, &documents))[0].encrypted, None);
    documents.push(text("remotes.txt", "off:  s3\nsafe: crypt\n"));
    assert_eq!(runs(&parse(&KIND, None, &documents))[0].encrypted, Some(true));
    let config = b"[safe]\ntype = crypt\nremote = off:x\npassword = abc\n";
    assert!(matches!((KIND.claim)("rclone.conf", config), Claim::Pass(_)));
    let redacted = "[safe]\ntype = crypt\nremote = off:x\npassword = XXX\n";
    assert_eq!((KIND.claim)("remotes.conf", redacted.as_bytes()), Claim::Keep);
    documents[3] = text("remotes.conf", redacted);
    assert_eq!(runs(&parse(&KIND, None, &documents))[0].encrypted, Some(true));
}

#[test]
fn checks_pass_or_are_no_proof() {
    let check = |exit: i64, count: u32| {
        let log = format!(
            "2026/11/02 00:00:01 NOTICE: S3 bucket x: {count} differences found\n2026/11/02 00:00:01 NOTICE: S3 bucket x: 5 matching files\n"
        );
        let kept = parse(&KIND, None, &recorded("rclone check /srv off:x", Some(exit), "", &log));
        (checks(&kept)[0].status, checks(&kept)[0].result)
    };
    assert_eq!(check(0, 0), (RunStatus::Success, Integrity::Pass));
    assert_eq!(check(1, 2), (RunStatus::Failed, Integrity::NotChecked));
}

#[test]
fn other_tools_files_are_passed_over() {
    for tool in ["duplicity", "restic", "borg", "rsnapshot", "rdiff-backup", "pg_dump", "pgbackrest", "barman"] {
        assert_eq!(parse(&KIND, Some("UTC"), &sample_documents(tool)).rows, [], "{tool}");
    }
}

#[test]
fn a_cut_document_gives_no_success_that_is_none() {
    no_cut_gives_a_success(&KIND, ZONE, &sample_documents("rclone"));
}

proptest! {
    #[test]
    fn no_log_without_a_proof_is_a_success(
        lines in proptest::collection::vec(proptest::sample::select(vec![
            "2026/11/02 00:04:59 INFO  : ", "Transferred:            5 / 5, 100%", "Elapsed time:      1m2.5s", "Errors:                 1",
            "2026/11/02 00:03:00 INFO  : f: Copied (new)", "2026/11/02 00:03:00 ERROR : f: no", "2026/11/02 00:05:00 Failed to sync: no",
            r#"{"level":"info","msg":"x","time":"2026-11-02T00:00:00Z","source":"a.go:1","stats":{"errors":0,"elapsedTime":1e300}}"#,
            "rclone: starting with parameters [\"rclone\" \"sync\" \"", "\u{0}\u{fffd}ž",
        ]), 0..30)
    ) {
        let kept = parse(&KIND, ZONE, &[text("x.log", &lines.join("\n"))]);
        prop_assert!(runs(&kept).iter().all(|r| r.status != RunStatus::Success));
    }
}
