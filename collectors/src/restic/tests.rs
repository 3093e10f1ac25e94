//! The sample against its ground truth; other versions, options and damage.

use model::rows::{BackupRun, Row, RunStatus};
use serde_json::Value;

use super::KIND;
use crate::testing::{
    assert_time, checks, differences_from_truth, listings, parse, points, restores, runs, sample_documents, sorted,
    text, truth, word,
};
use crate::{Document, Kept};

#[test]
fn the_sample_reads_as_its_truth() {
    let kept = parse(&KIND, None, &sample_documents("restic"));
    assert_eq!(differences_from_truth("restic", &kept, &[]), Vec::<String>::new());
    let ours = |r: &&BackupRun| r.resource.as_deref().is_some_and(|r| r.starts_with("restic:files01/srv/data/sha"));
    assert!(runs(&kept).iter().all(ours));
    assert!(restores(&kept).iter().all(|r| r.from_log && r.service_ready_at.is_none()));
    assert_eq!(checks(&kept).len(), truth("restic").iter().filter(|t| t["kind"] == "verify").count());
}

#[test]
fn order_of_documents_and_a_second_reading_change_nothing() {
    let mut all = sample_documents("restic");
    let first = sorted(&parse(&KIND, None, &all));
    assert_eq!(first, sorted(&parse(&KIND, None, &all)));
    all.reverse();
    assert_eq!(first, sorted(&parse(&KIND, None, &all)));
}

#[test]
fn without_run_records_only_what_the_bytes_prove_holds() {
    let all: Vec<Document> = sample_documents("restic").into_iter().filter(|d| d.name() != "runs.json").collect();
    let kept = parse(&KIND, Some("UTC"), &all);
    for want in truth("restic").iter().filter(|w| w["kind"] == "backup") {
        let case = want["id"].as_str().unwrap();
        let Some(point) = want["recovery_point"].as_str() else { continue };
        let run = *runs(&kept).iter().find(|r| r.recovery_point_id.as_deref() == Some(point)).unwrap();
        assert_eq!(run.status.as_str(), word(&want["status"]), "{case}");
        assert_eq!(run.bytes, want["bytes"].as_u64(), "{case}");
    }
    let others: Vec<_> = runs(&kept).into_iter().filter(|r| r.recovery_point_id.is_none()).collect();
    let mut states: Vec<_> = others.iter().map(|r| r.status).collect();
    states.sort_by_key(|s| s.badness());
    assert_eq!(states, [RunStatus::Unknown, RunStatus::Aborted]);
    // Wrong password and lock refused: something failed, and nothing tells what.
    assert!(kept.problems.iter().any(|p| p.document.contains("08-backup-wrong-password")));
    assert!(kept.problems.iter().any(|p| p.document.contains("10b-forget-locked")));
    // A list of what `forget` would remove is no deletion: the sample's was a dry run.
    let kept_one = points(&kept).into_iter().find(|p| p.recovery_point_id.starts_with("43373b9d")).unwrap();
    assert_eq!(kept_one.delete_reason, None);
}

#[test]
fn forget_tells_deletions_and_later_lists_miss_them() {
    let kept = parse(&KIND, None, &sample_documents("restic"));
    let deleted: Vec<_> = points(&kept).into_iter().filter(|p| p.deleted_at.is_some()).collect();
    assert_eq!(deleted.len(), 16);
    assert_time("deletion", deleted[0].deleted_at, &Value::from("2026-11-22T21:04:42.476Z"), 0.5);
    let listings = listings(&kept);
    let counts: Vec<usize> = listings.iter().map(|l| l.recovery_point_ids.len()).collect();
    assert!(counts.contains(&29) && counts.contains(&13), "{counts:?}");
    assert!(listings.iter().all(|l| l.complete));
}

fn record(command: &str, exit: &str, stdout: Option<&str>, stderr: Option<&str>) -> Document {
    let json = serde_json::json!({
        "command": command, "tool": "restic", "host": "db1", "started_at": "2026-11-01T02:00:00Z",
        "finished_at": "2026-11-01T02:05:00Z", "exit_code": exit.parse::<i64>().ok(), "stdout": stdout, "stderr": stderr,
    });
    text("nightly.run.json", &json.to_string())
}

/// One recorded command with its output.
fn recorded(command: &str, exit: &str, stdout: &str, stderr: &str) -> Kept {
    let documents = [record(command, exit, Some("o"), Some("e")), text("o", stdout), text("e", stderr)];
    parse(&KIND, None, &documents)
}

const ID: &str = "029c8b53e611aaaabbbbccccddddeeeeffff0000111122223333444455556666";

#[test]
fn a_newer_summary_carries_its_own_clock() {
    let summary = format!(
        r#"{{"message_type":"summary","files_new":2,"files_changed":0,"dirs_new":1,"dirs_changed":0,"data_added":3001196,"data_added_packed":2900000,"total_files_processed":2,"total_bytes_processed":3000005,"total_duration":13.0,"backup_start":"2026-11-01T03:10:42.5+01:00","backup_end":"2026-11-01T03:10:55.5+01:00","snapshot_id":"{ID}"}}"#
    );
    let kept = parse(&KIND, None, &[text("backup.log", &summary)]);
    let run = runs(&kept)[0];
    assert_eq!(run.status, RunStatus::Success);
    assert_eq!(run.recovery_point_id.as_deref(), Some(ID));
    assert_eq!((run.bytes, run.bytes_stored), (Some(3_000_005), Some(2_900_000)));
    assert_time("start", run.started_at, &Value::from("2026-11-01T02:10:42.5Z"), 0.0);
    assert_time("end", run.ended_at, &Value::from("2026-11-01T02:10:55.5Z"), 0.0);
    assert_eq!(run.run_id, "snapshot/029c8b53");
}

#[test]
fn exit_codes_decide_over_the_output() {
    let done = r#"{"message_type":"summary","files_new":1,"data_added":1,"total_files_processed":1,"total_bytes_processed":9,"snapshot_id":"029c8b53"}"#;
    let state = |exit: &str, out: &str, err: &str| {
        let kept = recorded("restic backup --json /data", exit, out, err);
        let run = runs(&kept)[0];
        assert_eq!(run.resource.as_deref(), Some("restic:db1/data"));
        (run.status, run.status_detail.clone().unwrap_or_default())
    };
    assert_eq!(state("0", done, "").0, RunStatus::Success);
    assert_eq!(state("3", done, "").0, RunStatus::Partial);
    for (code, word) in [("1", "failed"), ("10", "does not exist"), ("11", "locked"), ("12", "password")] {
        let (status, detail) = state(code, "", "Fatal: no");
        assert_eq!(status, RunStatus::Failed);
        assert!(detail.contains(word), "{detail}");
    }
    assert_eq!(state("1", done, "").0, RunStatus::Failed, "a summary does not outweigh the exit code");
    assert_eq!(state("99", done, "").0, RunStatus::Failed, "unknown codes are failures");
    assert_eq!(state("130", "", "\rsignal interrupt received, cleaning up").0, RunStatus::Aborted);
    assert_eq!(state("143", "", "").0, RunStatus::Aborted);
    let progress = r#"{"message_type":"status","percent_done":0.5,"bytes_done":4}"#;
    assert_eq!(state("0", progress, "").0, RunStatus::Unknown, "progress without a summary is no success");
    let gone = "/data/x does not exist, skipping";
    assert_eq!(state("0", done, gone), (RunStatus::Partial, gone.to_owned()));
    let exit_error = r#"{"message_type":"exit_error","code":12,"message":"Fatal: wrong password or no key found"}"#;
    assert_eq!(state("12", "", exit_error).0, RunStatus::Failed);
}

#[test]
fn a_log_of_many_commands_is_cut_into_runs() {
    let log = "\
repository 5a1b2c3d opened (version 2, compression level auto)
using parent snapshot 11111111
[0:00] 100.00%  1 / 1 index files loaded

Files:           1 new,     0 changed,    44 unmodified
Dirs:            0 new,     4 changed,     1 unmodified
Added to the repository: 1.2 MiB (800 KiB stored)

processed 45 files, 1.747 MiB in 0:03
snapshot 22222222 saved
/srv/gone does not exist, skipping
using parent snapshot 22222222
processed 45 files, 1.747 MiB in 0:03
snapshot 33333333 saved
Fatal: unable to create lock in backend: repository is already locked
no parent snapshot found, will read all files
";
    let kept = parse(&KIND, None, &[text("restic.log", log)]);
    let states: Vec<_> = runs(&kept).iter().map(|r| (r.recovery_point_id.clone(), r.status)).collect();
    assert!(states.contains(&(Some("22222222".to_owned()), RunStatus::Success)), "{states:?}");
    assert!(states.contains(&(Some("33333333".to_owned()), RunStatus::Partial)), "{states:?}");
    assert!(states.contains(&(None, RunStatus::Unknown)), "{states:?}");
    assert_eq!(states.len(), 3);
    assert_eq!(kept.problems.len(), 1, "{:?}", kept.problems);
}

#[test]
fn lists_alone_prove_runs_flat_and_grouped() {
    let snapshot = format!(
        r#"{{"time":"2026-11-01T02:00:00.25+01:00","tree":"aa","paths":["/a","/b"],"hostname":"h","id":"{ID}","short_id":"029c8b53","program_version":"restic 0.17.3","summary":{{"backup_start":"2026-11-01T02:00:00.25+01:00","backup_end":"2026-11-01T02:01:00+01:00","data_added":7,"data_added_packed":5,"total_bytes_processed":11}}}}"#
    );
    for list in [format!("[{snapshot}]"), format!(r#"[{{"group_key":{{"hostname":"h"}},"snapshots":[{snapshot}]}}]"#)] {
        let kept = parse(&KIND, None, &[text("x", &list)]);
        let run = runs(&kept)[0];
        assert_eq!((run.bytes, run.bytes_stored, run.status), (Some(11), Some(5), RunStatus::Success));
        assert_eq!(run.resource.as_deref(), Some("restic:h/a,/b"));
        assert_time("end", run.ended_at, &Value::from("2026-11-01T01:01:00Z"), 0.0);
        assert_eq!(points(&kept)[0].bytes, Some(11));
    }
    for empty in ["[]", "null\n"] {
        let kept = parse(&KIND, None, &[text("x", empty)]);
        assert!(kept.rows.is_empty() && kept.problems.is_empty());
    }
}

#[test]
fn a_filtered_list_proves_no_deletion() {
    let list =
        format!(r#"[{{"time":"2026-11-01T02:00:00.5Z","tree":"aa","paths":["/a"],"hostname":"h","id":"{ID}"}}]"#);
    for (options, whole) in [("", true), (" --latest 1", false), (" --tag=x", false), (" latest", false)] {
        let kept = recorded(&format!("restic snapshots --json{options}"), "0", &list, "");
        let complete: Vec<bool> =
            kept.rows.iter().filter_map(|r| if let Row::Listing(l) = r { Some(l.complete) } else { None }).collect();
        assert_eq!(complete, [whole], "{options}");
    }
}

#[test]
fn restores_and_checks_of_newer_versions() {
    let restored = r#"{"message_type":"status","percent_done":1,"files_restored":3}
{"message_type":"summary","seconds_elapsed":3,"total_files":3,"files_restored":3,"total_bytes":3000005,"bytes_restored":3000005}"#;
    let kept = recorded("restic restore 029c8b53:/etc --json --target /tmp/x", "0", restored, "");
    let row = restores(&kept)[0];
    assert_eq!((row.result.as_str(), row.bytes, row.records_restored), ("success", Some(3_000_005), Some(3)));
    assert_eq!((row.recovery_point_id.as_deref(), row.kind.unwrap().as_str()), (Some("029c8b53"), "partial"));
    let line = "restoring snapshot 029c8b53 of [/data] at 2026-11-01 02:00:00.5 +0100 CET by root@h to /tmp/x";
    let kept =
        recorded("restic restore latest -t /tmp/x", "1", line, "ignoring error for /x: no\nFatal: There were 1 errors");
    let row = restores(&kept)[0];
    assert_eq!((row.result.as_str(), row.resource.as_deref()), ("failed", Some("restic:h/data")));
    let kept = parse(&KIND, None, &[text("x", line)]);
    assert!(restores(&kept).is_empty() && kept.problems.len() == 1, "an open end is no restore");

    let good = r#"{"message_type":"summary","num_errors":0,"broken_packs":null,"suggest_repair_index":false,"suggest_prune":false}"#;
    let kept = parse(&KIND, None, &[text("x", good)]);
    assert_eq!((checks(&kept)[0].status.as_str(), checks(&kept)[0].result.as_str()), ("success", "pass"));
    let bad = good.replace("\"num_errors\":0", "\"num_errors\":2");
    let kept = parse(&KIND, None, &[text("x", &bad)]);
    assert_eq!((checks(&kept)[0].status.as_str(), checks(&kept)[0].result.as_str()), ("failed", "fail"));
    let kept = recorded("restic check", "1", "check all packs", "Fatal: repository contains errors");
    assert_eq!(checks(&kept)[0].result.as_str(), "fail");
    let kept = recorded("restic check", "11", "", "Fatal: unable to create lock");
    assert_eq!(checks(&kept)[0].result.as_str(), "not_checked");
}

#[test]
fn nothing_stored_is_no_new_point() {
    let skipped = r#"{"message_type":"summary","files_new":0,"files_changed":0,"dirs_new":0,"dirs_changed":0,"data_added":0,"total_files_processed":3,"total_bytes_processed":9}"#;
    let kept = recorded("restic backup --json --skip-if-unchanged /data", "0", skipped, "");
    assert!(runs(&kept)[0].unchanged && runs(&kept)[0].recovery_point_id.is_none());
    let kept = recorded("restic backup --dry-run /data", "0", "Would add to the repository: 1 B", "");
    assert!(kept.rows.is_empty() && kept.passed_over.len() == 1, "{:?}", kept.passed_over);
}

#[test]
fn damage_is_told_and_the_rest_is_read() {
    let one = format!(r#"{{"time":"2026-11-01T02:00:00.5Z","tree":"aa","paths":["/a"],"hostname":"h","id":"{ID}"}}"#);
    let cut = format!("[{one},{{\"time\":\"2026-1");
    let kept =
        parse(&KIND, None, &[text("list", &cut), text("empty", ""), text("other", "Dump completed on 2026-11-01")]);
    assert_eq!(runs(&kept).len(), 1);
    assert_eq!(kept.problems.len(), 2, "{:?}", kept.problems);
    assert_eq!(kept.passed_over.len(), 1);
    assert!(!kept.rows.iter().any(|r| matches!(r, Row::Listing(l) if l.complete)));

    let negative = r#"{"message_type":"summary","data_added":-1,"total_files_processed":1,"total_bytes_processed":-9,"snapshot_id":"029c8b53"}"#;
    let kept = parse(&KIND, None, &[text("x", negative)]);
    assert_eq!((runs(&kept)[0].bytes, runs(&kept)[0].bytes_stored), (None, None));
    assert_eq!(kept.problems.len(), 2);
    assert_eq!(kept.problems[0].place.as_deref(), Some("line 1"));

    let mut bytes = cut.into_bytes();
    bytes.extend_from_slice(b"\xff\xfe");
    let kept = parse(&KIND, None, &[Document::in_memory("list", "list", None, bytes)]);
    assert!(kept.problems.iter().any(|p| p.message.contains("UTF-8")));
    assert_eq!(runs(&kept).len(), 1);

    let kept = parse(&KIND, None, &[text("x", "{\"message_type\":\"summary\",\"snapsh")]);
    assert_eq!((kept.rows.len(), kept.problems.len()), (0, 1));
}

#[test]
fn a_record_without_its_output_is_no_success() {
    let kept = parse(&KIND, None, &[record("restic backup --json /data", "0", Some("o"), None)]);
    assert_eq!(kept.problems.len(), 1);
    assert_ne!(runs(&kept)[0].status, RunStatus::Success);
    let open = text(
        "x.run.json",
        r#"{"command":"sudo restic -r /r backup '/my data'","host":"h","started_at":"2026-11-22T23:00:00Z"}"#,
    );
    let kept = parse(&KIND, None, &[open]);
    assert_eq!(
        (runs(&kept)[0].status, runs(&kept)[0].resource.as_deref()),
        (RunStatus::Running, Some("restic:h/my data"))
    );
}

proptest::proptest! {
    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), words in "[\\[\\]{}\":a-z0-9\r\n ]{0,200}") {
        parse(&KIND, None, &[Document::in_memory("a", "a", None, bytes), text("b", &words)]);
    }
}

#[test]
fn a_quiet_backup_is_the_run_of_the_snapshot_listed_in_its_time() {
    let list =
        format!(r#"[{{"time":"2026-11-01T02:00:01.5Z","tree":"aa","paths":["/data"],"hostname":"db1","id":"{ID}"}}]"#);
    let documents = [record("restic -q backup /data", "0", None, None), text("list.json", &list)];
    let kept = parse(&KIND, None, &documents);
    assert_eq!(runs(&kept).len(), 1);
    assert_eq!(runs(&kept)[0].recovery_point_id.as_deref(), Some(ID));
    assert_eq!(points(&kept)[0].run_id.as_deref(), Some(runs(&kept)[0].run_id.as_str()));
    let alone = parse(&KIND, None, &documents[..1]);
    assert_eq!(runs(&alone)[0].run_id, runs(&kept)[0].run_id, "the id does not wait for the list");
}

#[test]
fn system_logs_and_utf_16_are_read() {
    let log = "Nov 22 02:00:01 db1 restic[812]: using parent snapshot 11111111\nNov 22 02:00:09 db1 restic[812]: snapshot 22222222 saved\n";
    let mut wide = vec![0xff, 0xfe];
    wide.extend(log.replace('2', "3").encode_utf16().flat_map(u16::to_le_bytes));
    let kept = parse(&KIND, None, &[text("a", log), Document::in_memory("b", "b", None, wide)]);
    let ids: Vec<_> = runs(&kept).iter().map(|r| r.recovery_point_id.clone().unwrap()).collect();
    assert_eq!(ids, ["22222222", "33333333"]);
}

#[test]
fn a_date_after_the_collection_is_told() {
    let list =
        format!(r#"[{{"time":"2031-11-01T02:00:01.5Z","tree":"aa","paths":["/data"],"hostname":"db1","id":"{ID}"}}]"#);
    let kept = parse(&KIND, None, &[text("list.json", &list)]);
    assert_eq!((runs(&kept).len(), kept.problems.len()), (1, 1));
}

#[test]
fn a_run_that_stops_before_another_begins_has_died() {
    let log = r#"{"message_type":"status","percent_done":0,"total_files":1}
{"message_type":"status","seconds_elapsed":5,"percent_done":0.4,"files_done":3,"bytes_done":9}
{"message_type":"status","percent_done":0,"total_files":1}
{"message_type":"summary","files_new":1,"data_added":1,"total_files_processed":1,"total_bytes_processed":9,"snapshot_id":"029c8b53"}
"#;
    let text_log = "repository 5a1b2c3d opened (version 2)\nusing parent snapshot 11111111\nrepository 5a1b2c3d opened (version 2)\nusing parent snapshot 11111111\nsnapshot 22222222 saved\n";
    for (log, id) in [(log, "029c8b53"), (text_log, "22222222")] {
        let kept = parse(&KIND, None, &[text("x.log", log)]);
        let mut states: Vec<_> =
            runs(&kept).iter().map(|r| (r.status.as_str(), r.recovery_point_id.as_deref())).collect();
        states.sort_unstable();
        assert_eq!(states, [("aborted", None), ("success", Some(id))]);
    }
}

#[test]
fn a_verified_restore_of_newer_versions_is_one_restore() {
    let log = "restoring snapshot 029c8b53 of [/data] at 2026-11-01 02:00:00.5 +0100 CET by root@h to /tmp/x\nSummary: Restored 71 files/dirs (1.037 GiB) in 0:17\nverifying files in /tmp/x\nfinished verifying 71 files in /tmp/x (took 2.5s)\n";
    let kept = parse(&KIND, None, &[text("x.log", log)]);
    assert_eq!(restores(&kept).len(), 1);
    assert_eq!(restores(&kept)[0].integrity_result.unwrap().as_str(), "pass");
}

#[test]
fn commands_are_found_among_wrappers() {
    use super::command::{Action, Command};
    let read = |line: &str| Command::read(line).map(|c| (c.action, c.operands));
    for line in [
        "bash -c 'restic backup \"/my data\"'",
        "ssh -p 22 db1 'RESTIC_REPOSITORY=/r restic backup \"/my data\" && echo ok'",
        "su - backup -c \"restic backup '/my data'\"",
    ] {
        assert_eq!(read(line), Some((Action::Backup, vec!["/my data".to_owned()])), "{line}");
    }
    let data = |path: &str| Some((Action::Backup, vec![path.to_owned()]));
    assert_eq!(read("sudo -u restic /usr/bin/restic -r /r --tag x backup --exclude '*.o' /data"), data("/data"));
    assert_eq!(read("docker run --rm restic/restic:0.17.3 backup --tag=x \"/my data\""), data("/my data"));
    assert_eq!(read("cd / && nice -n 10 restic_0.17.3_linux_amd64 backup -- /data"), data("/data"));
    assert_eq!(read("restic backup /a; restic forget --keep-last 3"), None, "two commands: the output must tell");
    assert_eq!(read("diff -r /srv/a /srv/b"), None);
}

#[test]
fn a_text_table_is_a_list_too() {
    let table = "\
ID        Time                 Host        Tags        Paths       Size
-----------------------------------------------------------------------
029c8b53  2026-11-01 01:30:00  db1         čtvrt       /data       1.747 MiB
                                           letní       /etc
1111aaaa  2026-11-01 01:10:00  db1                     /data       1 B
-----------------------------------------------------------------------
2 snapshots
";
    let kept = parse(&KIND, Some("America/New_York"), &[text("list.txt", table)]);
    let found: Vec<_> =
        runs(&kept).iter().map(|r| (r.resource.as_deref().unwrap(), r.recovery_point_id.as_deref().unwrap())).collect();
    assert_eq!(found, [("restic:db1/data,/etc", "029c8b53"), ("restic:db1/data", "1111aaaa")]);
    // 01:30 comes first in the list, so 01:10 is the second time the clock showed that hour.
    assert_time("repeated hour", runs(&kept)[1].started_at, &Value::from("2026-11-01T06:10:00Z"), 0.0);
    let kept = parse(&KIND, None, &[text("list.txt", table)]);
    assert!(runs(&kept).iter().all(|r| r.zone_unknown && r.started_at.is_none()));

    let table = table.replace("2 snapshots", "3 snapshots");
    let kept = recorded("restic snapshots", "0", &table, "");
    assert!(kept.rows.iter().all(|r| !matches!(r, Row::Listing(l) if l.complete)), "the count tells of a missing row");
    let all: Vec<Document> = sample_documents("restic")
        .into_iter()
        .filter(|d| d.name().contains("16b") || d.name() == "runs.json")
        .collect();
    assert_eq!(points(&parse(&KIND, None, &all)).len(), 29);
}

#[test]
fn a_script_that_fails_without_a_word_is_told() {
    for (command, exit, problems) in
        [("/opt/restic-nightly.sh", "1", 1), ("/opt/restic-nightly.sh", "0", 0), ("/opt/other.sh", "1", 0)]
    {
        let command = command.to_owned();
        let kept = parse(&KIND, None, &[untold(&command, exit)]);
        assert_eq!((kept.problems.len(), kept.rows.len()), (problems, 0), "{command} {exit}");
    }
}

fn untold(command: &str, exit: &str) -> Document {
    text("x.run.json", &format!(r#"{{"command":"{command}","exit_code":{exit},"started_at":"2026-11-01T02:00:00Z"}}"#))
}
