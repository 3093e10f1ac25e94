//! Variants of the documented format: other versions, damage, daylight saving.

use super::*;

const BEGIN: &str = "Starting backup using postgres method for server main in /b/main/base/20261025T024500\n\
                     Starting backup copy via pg_basebackup for 20261025T024500\n";
const DONE: &str =
    "Backup size: 7.6 MiB\nBackup completed (start time: 2026-10-25 02:45:00.4, elapsed time: 1 minute, 5 seconds)\n";

fn record(name: &str, command: &str, exit: &str, output: &str) -> Document {
    text(
        name,
        &format!(
            r#"{{"command":"{command}","tool":"barman","timezone":"UTC","started_at":"2026-10-25T02:44:59Z","finished_at":"2026-10-25T02:47:00Z",{exit},{output}}}"#
        ),
    )
}

fn only_run(docs: &[Document]) -> BackupRun {
    let kept = parse(&KIND, Some("UTC"), docs);
    assert_eq!(runs(&kept).len(), 1, "{:?}", kept);
    runs(&kept)[0].clone()
}

fn info(id: &str, fields: &str) -> Document {
    text(
        &format!("main/base/{id}/backup.info"),
        &format!("backup_label=None\nbegin_time=2026-10-25 02:45:00.4+00:00\nserver_name=main\n{fields}"),
    )
}

#[test]
fn console_output_alone_proves_a_run_and_its_times() {
    let run = only_run(&[text("out", &format!("{BEGIN}{DONE}"))]);
    assert_eq!((run.status, run.run_id.as_str()), (RunStatus::Success, "main 20261025T024500"));
    assert_eq!(run.started_at, Some(at("2026-10-25T02:45:00Z")));
    assert_eq!(run.ended_at, Some(at("2026-10-25T02:46:05.4Z")));
    assert_eq!((run.bytes, run.encrypted), (None, None), "the text tells neither");
    let open = only_run(&[text("out", BEGIN)]);
    assert_eq!((open.status, open.recovery_point_id), (RunStatus::Unknown, None));
    let failed = only_run(&[text("out", &format!("{BEGIN}ERROR: Backup failed copying data.\nDETAILS: disk full\n"))]);
    assert_eq!(failed.status, RunStatus::Failed);
    assert!(failed.status_detail.unwrap().contains("disk full"));
}

#[test]
fn the_exit_code_and_signal_of_a_wrapper_count() {
    let out = text("out", &format!("{BEGIN}{DONE}"));
    let status = |exit: &str| {
        only_run(&[out.clone(), record("a.run.json", "barman backup main", exit, r#""stdout":"out""#)]).status
    };
    assert_eq!(status(r#""exit_code":0"#), RunStatus::Success);
    assert_eq!(status(r#""exit_code":1"#), RunStatus::Failed);
    assert_eq!(status(r#""exit_code":143"#), RunStatus::Aborted);
    assert_eq!(status(r#""exit_code":null,"killed_by":"SIGKILL""#), RunStatus::Aborted);
    let quiet = |exit: &str| only_run(&[record("a.run.json", "barman -q backup main", exit, r#""stdout":null"#)]);
    assert_eq!(quiet(r#""exit_code":0"#).status, RunStatus::Success);
    assert_eq!(quiet(r#""exit_code":2"#).status, RunStatus::Failed);
    let done = info("20261025T024500", "status=DONE\nsize=5\nend_time=2026-10-25 02:46:00+00:00\n");
    let run =
        only_run(&[out, done, record("a.run.json", "barman backup main", r#""exit_code":1"#, r#""stdout":"out""#)]);
    assert_ne!(run.status, RunStatus::Success);
}

#[test]
fn states_of_a_backup_info_are_read_as_documented() {
    let state = |fields: &str| only_run(&[info("20261025T024500", fields)]);
    assert_eq!(state("status=DONE\nsize=5\n").status, RunStatus::Success);
    assert_eq!(state("status=FAILED\nerror=failure copying files (x)\n").status, RunStatus::Failed);
    assert_eq!(state("status=FAILED\nerror=failure copying files (KeyboardInterrupt)\n").status, RunStatus::Aborted);
    for word in ["STARTED", "EMPTY", "WAITING_FOR_WALS", "SYNCING", "NOVEL"] {
        let run = state(&format!("status={word}\n"));
        assert_eq!((run.status, run.status_raw.as_str()), (RunStatus::Unknown, word), "four weeks old");
    }
    let plain = state("status=DONE\nsize=5\nencryption=None\n");
    assert_eq!((plain.encrypted, plain.cipher), (Some(false), None));
    let secret = state("status=DONE\nsize=5\nencryption=gpg\nparent_backup_id=20261024T024500\n");
    assert_eq!((secret.encrypted, secret.cipher.as_deref()), (Some(true), Some("gpg")));
    assert_eq!(secret.component, Some(Component::Incremental));
    let negative = parse(&KIND, None, &[info("20261025T024500", "status=DONE\nsize=-5\n")]);
    assert_eq!((runs(&negative)[0].bytes, negative.problems.len()), (None, 1));
    // Out of its folder the id is the clock that begin_time shows.
    let moved = text("x", &info("20261025T024500", "status=DONE\nsize=5\n").lossy_text().unwrap());
    assert_eq!(only_run(&[moved]).run_id, "main 20261025T024500");
}

#[test]
fn a_fresh_backup_that_waits_for_its_wal_is_not_done() {
    let waiting = "{\"main\": [{\"backup_id\": \"20261122T230000\", \"status\": \"WAITING_FOR_WALS\", \
                   \"end_time_timestamp\": \"1795388460\", \"size_bytes\": 7}]}";
    let kept = parse(&KIND, Some("UTC"), &[text("l", waiting)]);
    assert_eq!(runs(&kept)[0].status, RunStatus::Running);
    assert_eq!(points(&kept)[0].complete, Some(false));
    let done = waiting.replace("WAITING_FOR_WALS", "DONE");
    let kept = parse(&KIND, Some("UTC"), &[text("l", waiting), text("m", &done)]);
    assert_eq!(runs(&kept)[0].status, RunStatus::Success);
}

#[test]
fn a_backup_that_never_ended_is_aborted_once_a_later_one_began() {
    let started = info("20261025T024500", "status=STARTED\n");
    let later = info("20261026T024500", "status=DONE\nsize=5\n");
    let kept = parse(&KIND, Some("UTC"), &[started, later]);
    let states: Vec<RunStatus> = runs(&kept).iter().map(|r| r.status).collect();
    assert_eq!(states, [RunStatus::Aborted, RunStatus::Success]);
}

#[test]
fn listings_in_several_forms_say_the_same() {
    let lines = "main 20261018T010006 - Sun Oct 18 01:00:08 2026 - Size: 74.8 MiB - WAL Size: 9.0 MiB\n\
                 main 20261017T010012 - R - FAILED\n\
                 main 20261016T010012 'weekly' - I - Fri Oct 16 01:01:00 2026 - Size: 1 MiB - WAL Size: 0 B - OBSOLETE\n";
    let kept = parse(&KIND, Some("Europe/Berlin"), &[text("l", lines)]);
    let found: Vec<(RunStatus, Option<Instant>, Option<Component>)> =
        runs(&kept).iter().map(|r| (r.status, r.ended_at, r.component)).collect();
    assert_eq!(
        found,
        [
            (RunStatus::Success, Some(at("2026-10-15T23:01:00Z")), Some(Component::Incremental)),
            (RunStatus::Failed, None, Some(Component::Full)),
            (RunStatus::Success, Some(at("2026-10-17T23:00:08Z")), Some(Component::Full)),
        ]
    );
    // 3.19: other names, a type, and two documents without a line end between them.
    let json = "{\"main\":[{\"backup_id\":\"20261018T010006\",\"backup_type\":\"full\",\"status\":\"DONE\",\
                \"end_time_timestamp\":\"1792285208\",\"size_bytes\":57307759}]}{\"two\":[]}";
    let kept = parse(&KIND, None, &[text("l", json)]);
    assert_eq!(kept.problems, vec![]);
    assert_eq!(runs(&kept)[0].bytes, Some(57_307_759));
    assert_eq!(kept.rows.iter().filter(|r| matches!(r, Row::Listing(l) if l.complete)).count(), 2);
}

#[test]
fn show_backup_of_a_newer_version_is_read() {
    let json = r#"{"main":{"backup_id":"20261018T010006","status":"DONE","base_backup_information":{
        "begin_time":"2026-10-18 03:00:06+02:00","end_time":"2026-10-18 03:00:08+02:00","backup_size_bytes":9,
        "backup_size_with_wals_bytes":12,"encryption":"gpg","backup_type":"incremental"}}}"#;
    let run = only_run(&[text("s", json)]);
    assert_eq!((run.bytes, run.encrypted, run.component), (Some(9), Some(true), Some(Component::Incremental)));
    assert_eq!(run.started_at, Some(at("2026-10-18T01:00:06Z")));
}

#[test]
fn damage_is_a_problem_and_the_rest_is_read() {
    let good = r#"{"main":[{"backup_id":"20261018T010006","status":"DONE","size_bytes":5}]}"#;
    let kept = parse(&KIND, None, &[text("a", good), text("b", &good[..40]), text("c", "")]);
    assert_eq!((runs(&kept).len(), kept.problems.len()), (1, 2), "{:?}", kept.problems);
    let invalid = Document::in_memory("i", "i", None, b"{\"m\xff\":[]}".to_vec());
    assert_eq!(parse(&KIND, None, &[invalid]).problems.len(), 1);
    let kept = parse(&KIND, None, &[text("e", r#"{"_ERROR":["Unknown server 'nope'"]}"#)]);
    assert!(kept.problems[0].message.contains("Unknown server 'nope'"));
    let foreign = r#"{"archives":[],"encryption":{"mode":"none"}}"#;
    let kept = parse(&KIND, None, &[text("borg", foreign)]);
    assert_eq!((kept.rows.len(), kept.problems.len(), kept.passed_over.len()), (0, 0, 1));
    let kept = parse(&KIND, None, &[text("other", "Archive name: x\n")]);
    assert_eq!((kept.rows.len(), kept.passed_over.len()), (0, 1));
    let bad = r#"{"main":[{"backup_id":"20261018T010006","status":"DONE","size_bytes":-5},{"status":"DONE"}]}"#;
    let kept = parse(&KIND, None, &[text("a", bad)]);
    assert_eq!((runs(&kept)[0].bytes, kept.problems.len()), (None, 2));
    assert!(kept.rows.iter().all(|r| !matches!(r, Row::Listing(l) if l.complete)));
}

fn log(stamp: &str, pid: u32, message: &str) -> String {
    format!("{stamp} [{pid}] barman.backup INFO: {message}\n")
}

#[test]
fn a_log_across_the_backward_change_keeps_lengths() {
    let lines = log("2026-10-25 02:45:00,100", 7, BEGIN.lines().next().unwrap())
        + &log("2026-10-25 02:46:00,000", 8, "No xlog segments found from streaming for main.")
        + &log("2026-10-25 02:10:00,000", 7, "Copy done (time: 25 minutes)")
        + &log(
            "2026-10-25 02:10:05,000",
            7,
            "Backup completed (start time: 2026-10-25 02:45:00.1, elapsed time: 25 minutes)",
        );
    let kept = parse(&KIND, Some("Europe/Berlin"), &[text("barman.log", &lines)]);
    let run = runs(&kept)[0];
    assert_eq!(run.started_at, Some(at("2026-10-25T00:45:00.100Z")));
    assert_eq!(run.ended_at, Some(at("2026-10-25T01:10:00Z")));
    let kept = parse(&KIND, None, &[text("barman.log", &lines)]);
    assert!(runs(&kept)[0].zone_unknown && runs(&kept)[0].status == RunStatus::Success);
}

#[test]
fn a_deletion_by_hand_is_told_from_one_by_policy() {
    let out = "Deleting backup 20261018T010006 for server main\n\
               Deleted backup 20261018T010006 (start time: Sun Nov 22 21:32:42 2026, elapsed time: 4 seconds)\n";
    let kept = parse(&KIND, Some("UTC"), &[text("o", out)]);
    let point = points(&kept)[0];
    assert_eq!(point.delete_reason, Some(DeleteReason::Manual));
    assert_eq!(point.deleted_at, Some(at("2026-11-22T21:32:46Z")));
}

#[test]
fn verify_backup_checks_one_backup() {
    let check = |out: &str, exit: &str| {
        let command = "barman verify-backup main 20261018T010006";
        let kept = parse(&KIND, None, &[text("o", out), record("v.run.json", command, exit, r#""stdout":"o""#)]);
        let check = checks(&kept)[0];
        assert_eq!(check.recovery_point_ids, ["20261018T010006"]);
        (check.status, check.result)
    };
    assert_eq!(check("backup successfully verified\n", r#""exit_code":0"#), (RunStatus::Success, Integrity::Pass));
    assert_eq!(check("ERROR: checksum mismatch\n", r#""exit_code":1"#), (RunStatus::Failed, Integrity::Fail));
    assert_eq!(check("x\n", r#""exit_code":null"#).1, Integrity::NotChecked);
}

#[test]
fn nagios_output_is_a_check() {
    let check = |line: &str| {
        let kept = parse(&KIND, None, &[text("n", line)]);
        checks(&kept).first().map(|c| (c.resource.clone(), c.status))
    };
    let ok = "BARMAN OK - Ready to serve the Espresso backup for main\n";
    assert_eq!(check(ok), Some(("barman:main".to_owned(), RunStatus::Success)));
    let bad = "BARMAN CRITICAL - server two has issues * two FAILED: failed backups|two=1B\n";
    assert_eq!(check(bad), Some(("barman:two".to_owned(), RunStatus::Failed)));
    assert_eq!(check("BARMAN CRITICAL - 1 server out of 2 have issues * two FAILED: x\n"), None);
    assert_eq!(check("Server main (inactive):\n\tPostgreSQL: OK\n").unwrap().0, "barman:main");
}

#[test]
fn several_servers_in_one_command_are_several_runs() {
    let out = format!("{BEGIN}{DONE}{}ERROR: Backup failed copying files.\n", BEGIN.replace("main", "two"));
    let docs = [text("o", &out), record("a.run.json", "barman backup all", r#""exit_code":1"#, r#""stdout":"o""#)];
    let kept = parse(&KIND, None, &docs);
    let found: Vec<(Option<&str>, RunStatus)> = runs(&kept).iter().map(|r| (r.resource.as_deref(), r.status)).collect();
    assert_eq!(found, [(Some("barman:main"), RunStatus::Success), (Some("barman:two"), RunStatus::Failed)]);
}

#[test]
fn text_of_elapsed_times_is_read() {
    use super::super::stream::elapsed;
    assert_eq!(elapsed("less than one second").unwrap().num_seconds(), 0);
    assert_eq!(elapsed("1 day, 2 hours, 3 minutes, 1 second").unwrap().num_seconds(), 93_781);
    assert_eq!(elapsed("soon"), None);
}

#[test]
fn the_text_form_of_show_backup_is_read() {
    let show = "Backup 20261018T010006:\n  Server Name            : main\n  Status                 : DONE\n\n  \
                Base backup information:\n    Backup Type          : incremental\n    \
                Begin time           : 2026-10-18 03:00:06.5+02:00\n    End time             : 2026-10-18 03:00:08+02:00\n";
    let run = only_run(&[text("s", show)]);
    assert_eq!((run.status, run.component), (RunStatus::Success, Some(Component::Incremental)));
    assert_eq!(run.started_at, Some(at("2026-10-18T01:00:06.500Z")));
    assert_eq!(run.ended_at, Some(at("2026-10-18T01:00:08Z")));
}

#[test]
fn a_listing_that_failed_is_a_problem() {
    let docs = [
        text("e", "ERROR: Unknown server 'x'\n"),
        record("l.run.json", "barman list-backups x", r#""exit_code":1"#, r#""stderr":"e""#),
    ];
    assert_eq!(parse(&KIND, None, &docs).problems.len(), 1);
}

#[test]
fn the_record_of_a_script_names_the_system_but_does_not_undo_a_success() {
    let script = |out: &str| {
        let docs = [
            text("o", out),
            record("s.run.json", "/usr/local/bin/nightly.sh", r#""exit_code":1,"system":"billing""#, r#""stdout":"o""#),
        ];
        let run = only_run(&docs);
        (run.status, run.system_id)
    };
    assert_eq!(script(&format!("{BEGIN}{DONE}")), (RunStatus::Success, Some("billing".to_owned())));
    assert_eq!(script(BEGIN), (RunStatus::Failed, Some("billing".to_owned())));
}

#[test]
fn commands_are_found_behind_wrappers_and_users() {
    for line in [
        "su - barman -c 'barman backup --wait pg'",
        "sudo -u barman /usr/bin/barman -c '/etc/my barman.conf' backup pg; echo done",
        "bash -lc \"barman --log-level DEBUG backup pg && barman cron\"",
    ] {
        let command = super::super::command::parse(line).unwrap();
        assert_eq!((command.name.as_str(), command.server.as_deref()), ("backup", Some("pg")), "{line}");
    }
}
