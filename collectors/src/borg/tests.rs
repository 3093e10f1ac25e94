//! The samples against their ground truth; other versions, options and damage.

use model::rows::{Row, RunStatus};
use model::time::instant;
use serde_json::Value;

use super::KIND;
use crate::testing::{
    assert_time, checks, differences_from_truth, parse, points, restores, runs, sample, sample_documents, sorted, text,
    truth, word,
};
use crate::{Document, Kept};

#[test]
fn the_samples_read_as_their_truth() {
    // Truth looks at a run's own output alone; its command line or a list of archives names these.
    let listed: [&[(&str, &str)]; 2] = [
        &[("b06", "recovery_point"), ("r18", "recovery_point")],
        &[("b03", "recovery_point"), ("b04", "recovery_point"), ("b05", "recovery_point")],
    ];
    // borgmatic's command without an action checks as well as it creates: one check beyond the listed one.
    for ((tool, repository, more), known) in
        [("borg", "borg-mail", 0), ("borgmatic", "borgmatic-mail01", 1)].into_iter().zip(listed)
    {
        let kept = parse(&KIND, None, &sample_documents(tool));
        assert_eq!(differences_from_truth(tool, &kept, known), Vec::<String>::new());
        assert!(runs(&kept).iter().all(|r| r.resource == Some(format!("borg:{repository}"))));
        assert!(restores(&kept).iter().all(|r| r.from_log && r.service_ready_at.is_none()));
        assert_eq!(checks(&kept).len(), truth(tool).iter().filter(|t| t["kind"] == "verify").count() + more);
    }
}

#[test]
fn order_of_documents_and_a_second_reading_change_nothing() {
    for tool in ["borg", "borgmatic"] {
        let mut all = sample_documents(tool);
        let first = sorted(&parse(&KIND, None, &all));
        assert_eq!(first, sorted(&parse(&KIND, None, &all)));
        all.reverse();
        assert_eq!(first, sorted(&parse(&KIND, None, &all)));
    }
}

#[test]
fn without_run_records_only_what_the_bytes_prove_holds() {
    let zone = Some("Europe/Berlin");
    for tool in ["borg", "borgmatic"] {
        let all: Vec<Document> = sample_documents(tool).into_iter().filter(|d| d.name() != "runs.json").collect();
        let kept = parse(&KIND, zone, &all);
        for want in truth(tool).iter().filter(|w| w["kind"] == "backup") {
            let case = want["id"].as_str().unwrap();
            let Some(point) = want["recovery_point"].as_str().and_then(|p| p.split(' ').next()) else { continue };
            let run = *runs(&kept).iter().find(|r| r.recovery_point_id.as_deref() == Some(point)).unwrap();
            assert_eq!(run.status.as_str(), word(&want["status"]), "{case}");
            assert_eq!(run.bytes, want["bytes"].as_u64(), "{case}");
            assert_time(case, run.started_at, &want["started_at"], 0.0);
            assert_time(case, run.ended_at, &want["finished_at"], 0.0);
        }
        let open: Vec<_> = runs(&kept).into_iter().filter(|r| r.recovery_point_id.is_none()).collect();
        assert!(open.iter().all(|r| r.status != RunStatus::Success), "{open:#?}");
    }
    let one: Vec<Document> =
        sample_documents("borgmatic").into_iter().filter(|d| d.name().contains("05-source-missing")).collect();
    let kept = parse(&KIND, zone, &one);
    assert_eq!(runs(&kept)[0].status, RunStatus::Partial, "exit code 0 and a summary that says success, but no source");
}

#[test]
fn without_a_zone_local_times_are_kept_out() {
    let all: Vec<Document> = sample_documents("borg").into_iter().filter(|d| d.name() != "runs.json").collect();
    let kept = parse(&KIND, None, &all);
    let placed: Vec<_> = runs(&kept).into_iter().filter(|r| r.started_at.is_some()).collect();
    assert!(placed.is_empty(), "{placed:?}");
    assert!(runs(&kept).iter().filter(|r| r.recovery_point_id.is_some()).all(|r| r.zone_unknown));
}

#[test]
fn prune_tells_deletions_and_checkpoints_are_no_points() {
    let kept = parse(&KIND, None, &sample_documents("borg"));
    let deleted: Vec<&str> = points(&kept)
        .into_iter()
        .filter(|p| p.deleted_at == Some(instant("2026-11-22T21:43:26.922Z", None).unwrap()))
        .map(|p| p.recovery_point_id.as_str())
        .collect();
    assert_eq!(deleted, ["mail01-2026-10-25T02:59:56", "mail01-manual", "mail01-partial-2026-11-22T22:42:47"]);
    assert!(!points(&kept).iter().any(|p| p.recovery_point_id.contains("checkpoint")));
    assert_eq!(points(&kept).len(), 9);
    assert!(points(&kept).iter().all(|p| p.encrypted == Some(true)));
    let partial = points(&kept).into_iter().find(|p| p.recovery_point_id.starts_with("mail01-partial")).unwrap();
    assert_eq!(partial.complete, Some(false));
    let two = checks(&kept).into_iter().find(|c| c.recovery_point_ids.len() == 1).unwrap();
    assert_eq!(two.recovery_point_ids, ["mail01-logjson"]);
    for row in &kept.rows {
        if let Row::Listing(l) = row {
            assert!(l.complete && l.recovery_point_ids.len() == 9, "{l:?}");
        }
    }
}

fn record(command: &str, exit: &str, stdout: Option<&str>, stderr: Option<&str>) -> Document {
    let json = serde_json::json!({
        "command": command, "host": "db1", "timezone": "America/New_York", "started_at": "2026-11-01T05:59:00Z",
        "finished_at": "2026-11-01T06:05:00Z", "exit_code": exit.parse::<i64>().ok(), "stdout": stdout, "stderr": stderr,
        "env": {"BORG_REPO": "ssh://u@h:22/./repos/db1"},
    });
    text("nightly.run.json", &json.to_string())
}

fn recorded(command: &str, exit: &str, stdout: &str, stderr: &str) -> Kept {
    parse(&KIND, None, &[record(command, exit, Some("o"), Some("e")), text("o", stdout), text("e", stderr)])
}

fn created(mode: &str) -> String {
    serde_json::json!({
        "archive": {"name": "db1-x", "id": "ab".repeat(32), "start": "2026-11-01T01:59:30.000000", "end": "2026-11-01T01:01:00.000000",
            "duration": 90.2, "stats": {"original_size": 10, "compressed_size": 6, "deduplicated_size": 4, "nfiles": 1}},
        "encryption": {"mode": mode}, "repository": {"location": "ssh://u@h:22/./repos/db1/"},
    })
    .to_string()
}

#[test]
fn exit_codes_decide_over_the_output() {
    let state = |exit: &str, out: &str, err: &str| {
        let kept = recorded("borg create --json ::db1-x /data", exit, out, err);
        let run = runs(&kept)[0].clone();
        assert_eq!(run.resource.as_deref(), Some("borg:db1"));
        run.status
    };
    let done = created("repokey");
    assert_eq!(state("0", &done, ""), RunStatus::Success);
    assert_eq!(state("1", &done, ""), RunStatus::Partial);
    assert_eq!(state("107", &done, ""), RunStatus::Partial, "a modern warning");
    assert_eq!(state("2", &done, ""), RunStatus::Failed);
    assert_eq!(state("73", "", "Failed to create/acquire the lock"), RunStatus::Failed, "a modern error");
    assert_eq!(state("127", "", "sh: borg: not found"), RunStatus::Failed);
    assert_eq!(state("143", "", "Received SIGTERM"), RunStatus::Aborted);
    assert_eq!(state("130", "", "Keyboard interrupt"), RunStatus::Aborted);
    assert_eq!(state("0", "", ""), RunStatus::Unknown, "--json always prints the archive");
    assert_eq!(state("0", &done, "/x: open: [Errno 13] Permission denied: 'x'"), RunStatus::Partial);
    let kept = recorded("borg create ::db1-x /data", "0", "", "");
    assert_eq!(runs(&kept)[0].status, RunStatus::Success, "quiet by design");
    assert_eq!(runs(&kept)[0].recovery_point_id.as_deref(), Some("db1-x"));
}

#[test]
fn a_run_across_the_change_of_the_clock_keeps_its_length() {
    let kept = recorded("borg create --json ::db1-x /data", "0", &created("repokey"), "");
    let run = runs(&kept)[0];
    assert_time("start", run.started_at, &Value::from("2026-11-01T05:59:30Z"), 0.0);
    assert_time("end", run.ended_at, &Value::from("2026-11-01T06:01:00Z"), 0.0);
}

#[test]
fn encryption_is_read_from_the_mode() {
    for (mode, want) in [
        ("none", Some(false)),
        ("authenticated-blake2", Some(false)),
        ("keyfile", Some(true)),
        ("repokey-blake3-chacha20-poly1305", Some(true)),
        ("rot13", None),
    ] {
        let kept = parse(&KIND, Some("UTC"), &[text("x", &created(mode))]);
        assert_eq!(runs(&kept)[0].encrypted, want, "{mode}");
        assert_eq!(runs(&kept)[0].cipher.is_some(), want == Some(true));
    }
}

const STATS: &str = "\
------------------------------------------------------------------------------
Repository: /srv/repo
Archive name: NAME
Archive fingerprint: ID
Time (start): Sun, 2026-11-15 22:42:50
Time (end):   Sun, 2026-11-15 22:42:51
Duration: 0.83 seconds
This archive:               91.06 MB             91.10 MB                560 B
";

#[test]
fn a_log_of_many_commands_is_cut_into_runs() {
    let one = STATS.replace("NAME", "first").replace("ID", &"1".repeat(64));
    let two = STATS.replace("NAME", "second").replace("ID", &"2".repeat(64));
    let log = format!(
        "{one}terminating with success status, rc 0\nCreating archive at \"/srv/repo::second\"\n/gone: [Errno 2] No such file or directory: 'gone'\n{two}terminating with warning status, rc 1\nCreating archive at \"/srv/repo::third\"\nReceived SIGTERM\nCreating archive at \"/srv/repo::fourth\"\n"
    );
    let kept = parse(&KIND, Some("UTC"), &[text("borg.log", &log)]);
    let mut states: Vec<_> = runs(&kept).iter().map(|r| r.status.as_str()).collect();
    states.sort_unstable();
    assert_eq!(states, ["aborted", "partial", "success", "unknown"]);
    assert!(kept.problems.is_empty(), "{:?}", kept.problems);
    let first = runs(&kept).into_iter().find(|r| r.recovery_point_id.as_deref() == Some("first")).unwrap();
    assert_time("text", first.started_at, &Value::from("2026-11-15T22:42:50Z"), 0.0);
    assert_eq!(first.bytes, None, "text rounds sizes");
}

#[test]
fn warnings_before_json_in_one_file_count() {
    let log = format!("/gone: [Errno 2] No such file or directory: 'gone'\n{}\n", created("none"));
    let kept = recorded("borg create --json ::db1-x /data", "0", &log, "");
    assert_eq!(runs(&kept)[0].status, RunStatus::Partial);
    let kept = recorded(
        "borg create --log-json ::db1-x /data",
        "2",
        "",
        r#"{"type": "log_message", "time": 1795383791.19, "message": "Insufficient free space to complete transaction", "levelname": "ERROR", "name": "borg.archiver", "msgid": "Repository.InsufficientFreeSpaceError"}"#,
    );
    assert_eq!(runs(&kept)[0].status, RunStatus::Failed);
    assert!(runs(&kept)[0].status_detail.as_deref().unwrap().contains("free space"));
}

#[test]
fn one_output_of_borgmatic_may_hold_several_repositories() {
    let other = created("none").replace("repos/db1", "mirror").replace("abab", "cdcd");
    let kept = recorded("borgmatic create --json", "0", &format!("[{}, {other}]", created("repokey")), "");
    let mut found: Vec<_> = runs(&kept).iter().map(|r| (r.resource.clone().unwrap(), r.encrypted)).collect();
    found.sort();
    assert_eq!(found, [("borg:db1".to_owned(), Some(true)), ("borg:mirror".to_owned(), Some(false))]);
    let kept = recorded(
        "borgmatic --verbosity 1",
        "1",
        "local: Creating archive\n",
        "local: Error running actions for repository\n",
    );
    assert_eq!((runs(&kept)[0].status, runs(&kept)[0].resource.as_deref()), (RunStatus::Failed, Some("borg:local")));
    let kept = recorded(
        "borgmatic create --dry-run -v 1",
        "0",
        "local: Creating archive (dry run; not making any changes)\n",
        "",
    );
    assert!(kept.rows.is_empty());
    let kept = recorded("borgmatic", "0", "", "");
    assert_eq!(runs(&kept)[0].status, RunStatus::Success, "quiet by design");
}

#[test]
fn checks_and_restores_that_find_trouble() {
    let bad = "Starting archive consistency check...\nArchive consistency check complete, problems found.";
    let kept = recorded("borg check -v", "1", "", bad);
    assert_eq!((checks(&kept)[0].status.as_str(), checks(&kept)[0].result.as_str()), ("failed", "fail"));
    let kept = recorded("borg check", "0", "", "");
    assert_eq!((checks(&kept)[0].status.as_str(), checks(&kept)[0].result.as_str()), ("success", "pass"));
    let kept = recorded("borg check --last 1", "0", "", "");
    assert_eq!(checks(&kept)[0].result.as_str(), "not_checked", "which archive is not told");
    let kept = recorded("borg check", "2", "", "Failed to create/acquire the lock /srv/r/lock.exclusive (timeout).");
    assert_eq!((checks(&kept)[0].status.as_str(), checks(&kept)[0].result.as_str()), ("failed", "not_checked"));
    let kept = recorded("borg extract ::db1-x etc/passwd", "1", "", "etc/x: [Errno 13] Permission denied");
    let row = restores(&kept)[0];
    assert_eq!((row.result.as_str(), row.kind.unwrap().as_str()), ("partial", "partial"));
    assert_eq!(row.recovery_point_id.as_deref(), Some("db1-x"));
}

#[test]
fn a_filtered_list_proves_no_deletion() {
    let list =
        serde_json::json!({"archives": [{"name": "a", "id": "0".repeat(64), "start": "2026-11-01T00:00:00.000000"}],
        "encryption": {"mode": "none"}, "repository": {"location": "/srv/r"}})
        .to_string();
    for (options, whole) in [("", true), (" --last 1", false), (" --prefix=a", false), (" -a 'x*'", false)] {
        let kept = recorded(&format!("borg list --json{options}"), "0", &list, "");
        let complete: Vec<bool> =
            kept.rows.iter().filter_map(|r| if let Row::Listing(l) = r { Some(l.complete) } else { None }).collect();
        assert_eq!(complete, [whole], "{options}");
    }
}

#[test]
fn damage_is_told_and_the_rest_is_read() {
    let done = created("repokey");
    let cut = &done[..done.len() - 40];
    let kept = parse(
        &KIND,
        Some("UTC"),
        &[text("a", &done), text("b", cut), text("c", ""), text("d", "scrape of a web page"), text("e", "{\"x\": 1}")],
    );
    assert_eq!(runs(&kept).len(), 1);
    assert_eq!(kept.problems.len(), 2, "{:?}", kept.problems);
    assert_eq!(kept.passed_over.len(), 2, "{:?}", kept.passed_over);
    let odd = done.replace("\"original_size\":10", "\"original_size\":-10").replace("T01:59:30", "T41:59:30");
    let kept = parse(&KIND, Some("UTC"), &[text("a", &odd)]);
    assert_eq!((kept.problems.len(), runs(&kept)[0].bytes, runs(&kept)[0].started_at), (2, None, None));
    let mut bytes = done.clone().into_bytes();
    let at = done.find("db1-x").unwrap();
    bytes[at] = 0xff;
    let kept = parse(&KIND, Some("UTC"), &[Document::in_memory("a", "a", None, bytes)]);
    assert!(kept.problems[0].message.contains("UTF-8"));
    assert_eq!(runs(&kept).len(), 1);
}

#[test]
fn a_passphrase_is_not_collected() {
    let head = b"storage:\n    encryption_passphrase: \"secret\"\n";
    assert!(matches!((KIND.claim)("config.yaml", head), crate::Claim::Pass(_)));
    assert!(matches!((KIND.claim)("config", b"[repository]\nversion = 1\nkey = hqlh"), crate::Claim::Pass(_)));
    assert_eq!((KIND.claim)("create.log", b"Creating archive"), crate::Claim::Keep);
}

proptest::proptest! {
    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), words in "[\\[\\]{}\":a-z0-9,\r\n ]{0,200}") {
        parse(&KIND, None, &[Document::in_memory("a", "a", None, bytes), text("b", &words)]);
    }
}

#[test]
fn statistics_of_1_1_and_info_are_told_apart() {
    let old = STATS.lines().filter(|l| !l.starts_with("Repository")).collect::<Vec<_>>().join("\n");
    let old = old.replace("NAME", "first").replace("ID", &"1".repeat(64));
    let kept = parse(&KIND, Some("UTC"), &[text("create.log", &old)]);
    assert_eq!((runs(&kept)[0].status, points(&kept).len()), (RunStatus::Success, 0));
    assert!(runs(&kept)[0].status_raw.starts_with("Time (end)"));
    let info = old.replace("Time (start)", "Hostname: db1\nUsername: root\nTime (start)");
    let kept = parse(&KIND, Some("UTC"), &[text("info.txt", &info)]);
    assert_eq!((runs(&kept)[0].status_raw.as_str(), points(&kept).len()), ("listed", 1));
}

#[test]
fn a_quiet_run_is_the_run_of_the_archive_listed_in_its_time() {
    let list = serde_json::json!({"archives": [{"name": "db1-1", "id": "0".repeat(64), "start": "2026-11-01T01:59:30.000000"}],
        "encryption": {"mode": "none"}, "repository": {"location": "ssh://u@h:22/./repos/db1"}})
    .to_string();
    let documents = [record("borg create ::db1-{now} /data", "0", None, None), text("list.json", &list)];
    let kept = parse(&KIND, Some("America/New_York"), &documents);
    assert_eq!(runs(&kept).len(), 1);
    assert_eq!(runs(&kept)[0].recovery_point_id.as_deref(), Some("db1-1"));
    assert_eq!(points(&kept)[0].run_id.as_deref(), Some(runs(&kept)[0].run_id.as_str()));
    let alone = parse(&KIND, None, &documents[..1]);
    assert_eq!(runs(&alone)[0].run_id, runs(&kept)[0].run_id, "the id does not wait for the list");
}

#[test]
fn a_run_that_stops_before_another_begins_has_died() {
    let log = "Creating archive at \"/srv/repo::one\"\nCreating archive at \"/srv/repo::two\"\nterminating with success status, rc 0\n";
    let kept = parse(&KIND, Some("UTC"), &[text("borg.log", log)]);
    let mut states: Vec<_> = runs(&kept).iter().map(|r| (r.status.as_str(), r.recovery_point_id.as_deref())).collect();
    states.sort_unstable();
    assert_eq!(states, [("aborted", None), ("success", Some("two"))]);
}

#[test]
fn a_warning_before_the_json_of_an_unrecorded_run_counts() {
    let log = format!("/gone: [Errno 2] No such file or directory: 'gone'\n{}\n", created("none"));
    let kept = parse(&KIND, Some("UTC"), &[text("cron.log", &log)]);
    assert_eq!(runs(&kept).iter().map(|r| r.status).collect::<Vec<_>>(), [RunStatus::Partial]);
    let kept = parse(&KIND, Some("UTC"), &[text("other.log", "Error: another tool failed\n")]);
    assert_eq!((kept.problems.len(), kept.passed_over.len()), (0, 1));
}

/// journald and syslog put their prefix before every line of the indented JSON.
#[test]
fn json_in_a_system_log_is_read() {
    let stamp = "Nov 15 23:00:01 host nightly.sh[812]: ";
    let json: serde_json::Value = serde_json::from_str(&created("repokey")).unwrap();
    let plain = serde_json::to_string_pretty(&json).unwrap();
    let logged: String = plain.lines().map(|l| format!("{stamp}{l}\n")).collect();
    let [plain, logged] = [plain, logged].map(|t| parse(&KIND, Some("UTC"), &[text("borg.log", &t)]));
    assert_eq!(logged.problems, []);
    let seen = |kept: &Kept| {
        runs(kept).iter().map(|r| (r.status, r.started_at, r.bytes, r.recovery_point_id.clone())).collect::<Vec<_>>()
    };
    assert_eq!(seen(&logged).len(), 1);
    assert_eq!(seen(&logged), seen(&plain));
}

#[test]
fn commands_are_found_among_wrappers() {
    for command in [
        "sudo -u borg /usr/bin/borg create /srv/repos/db1::x /data",
        "nice borg --lock-wait 5 create -C lz4 ssh://u@h/./db1::x /d",
        "bash -lc 'cd / && borg create /srv/repos/db1::x /data'",
    ] {
        let kept = recorded(command, "0", "", "");
        let run = runs(&kept)[0];
        assert_eq!(run.resource.as_deref(), Some("borg:db1"), "{command}");
        assert_eq!(run.recovery_point_id.as_deref(), Some("x"), "{command}");
    }
}

#[test]
fn a_cut_list_keeps_the_archives_before_the_cut() {
    let path = sample("borg").join("evidence/10-list.json");
    let whole = std::fs::read_to_string(path).unwrap();
    let kept = parse(&KIND, Some("UTC"), &[text("list.json", &whole[..whole.len() / 2])]);
    assert_eq!(kept.problems.len(), 1);
    assert!((3..6).contains(&points(&kept).len()), "{}", points(&kept).len());
    assert!(!kept.rows.iter().any(|r| matches!(r, Row::Listing(_))));
}

#[test]
fn a_script_that_fails_without_a_word_is_told() {
    for (command, exit, problems) in
        [("/opt/borg-nightly.sh", "1", 1), ("/opt/borg-nightly.sh", "0", 0), ("/opt/other.sh", "1", 0)]
    {
        let command = command.to_owned();
        let kept = parse(&KIND, None, &[untold(&command, exit)]);
        assert_eq!((kept.problems.len(), kept.rows.len()), (problems, 0), "{command} {exit}");
    }
}

fn untold(command: &str, exit: &str) -> Document {
    text("x.run.json", &format!(r#"{{"command":"{command}","exit_code":{exit},"started_at":"2026-11-01T02:00:00Z"}}"#))
}
