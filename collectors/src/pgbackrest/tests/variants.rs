//! Variants of the documented format: other options, damage, daylight saving, several repositories.

use model::rows::{Integrity, RunStatus};

use super::*;

const BEGIN: &str =
    "backup command begin 2.50: --exec-id=1-aa --repo1-cipher-type=aes-256-cbc --stanza=main --type=full";

fn line(stamp: &str, level: &str, message: &str) -> String {
    format!("{stamp} P00 {level:>6}: {message}\n")
}

fn backup(stamp: &str, end: &str, outcome: &str) -> String {
    line(stamp, "INFO", BEGIN) + &line(end, "INFO", &format!("backup command end: {outcome}"))
}

#[test]
fn a_run_across_the_backward_change_keeps_its_length() {
    let log = line("2026-10-25 02:59:57.526", "INFO", BEGIN)
        + &line("2026-10-25 02:59:58.523", "INFO", "execute non-exclusive backup start: backup begins")
        + &line("2026-10-25 02:00:38.339", "INFO", "execute non-exclusive backup stop and wait")
        + &line("2026-10-25 02:00:38.588", "INFO", "new backup label = 20261025-025958F")
        + &line("2026-10-25 02:00:38.674", "INFO", "backup command end: completed successfully (41150ms)");
    let kept = parse(&KIND, Some("Europe/Berlin"), &[text("a.log", &log)]);
    let run = runs(&kept)[0];
    assert_eq!(run.started_at, Some(at("2026-10-25T00:59:58Z")));
    assert_eq!(run.ended_at, Some(at("2026-10-25T01:00:38Z")));
}

#[test]
fn without_a_zone_a_log_has_no_times() {
    let log = backup("2026-10-10 01:00:00.000", "2026-10-10 01:00:09.000", "completed successfully (9000ms)");
    let kept = parse(&KIND, None, &[text("a.log", &log)]);
    let run = runs(&kept)[0];
    assert_eq!((run.started_at, run.ended_at, run.zone_unknown), (None, None, true));
    assert_eq!(run.status, RunStatus::Success);
}

#[test]
fn a_killed_run_is_aborted_once_a_later_one_held_the_lock() {
    let killed = line("2026-10-10 01:00:00.000", "INFO", BEGIN);
    let later = backup("2026-10-11 01:00:00.000", "2026-10-11 01:00:09.000", "completed successfully (9000ms)")
        .replace("1-aa", "2-bb");
    let kept = parse(&KIND, Some("UTC"), &[text("a.log", &(killed.clone() + &later))]);
    let states: Vec<RunStatus> = runs(&kept).iter().map(|r| r.status).collect();
    assert_eq!(states, [RunStatus::Aborted, RunStatus::Success]);
    let kept = parse(&KIND, Some("UTC"), &[text("a.log", &killed)]);
    assert_eq!(runs(&kept)[0].status, RunStatus::Unknown, "weeks old and without an end");
    let kept = parse(&KIND, Some("UTC"), &[text("a.log", &killed.replace("10-10 01", "11-22 23"))]);
    assert_eq!(runs(&kept)[0].status, RunStatus::Running);
}

#[test]
fn a_refused_run_does_not_end_the_one_that_holds_the_lock() {
    let first = line("2026-10-10 01:00:00.000", "INFO", BEGIN);
    let refused = line("2026-10-10 01:00:01.000", "INFO", &BEGIN.replace("1-aa", "2-bb"))
        + &line("2026-10-10 01:00:01.000", "ERROR", "[050]: unable to acquire lock on file")
        + &line("2026-10-10 01:00:01.000", "INFO", "backup command end: aborted with exception [050]");
    let rest = line("2026-10-10 01:00:05.000", "INFO", "new backup label = 20261010-010000F")
        + &line("2026-10-10 01:00:06.000", "INFO", "backup command end: completed successfully (6000ms)");
    let kept = parse(&KIND, Some("UTC"), &[text("a.log", &(first + &refused + &rest))]);
    let found: Vec<(RunStatus, Option<&str>)> =
        runs(&kept).iter().map(|r| (r.status, r.recovery_point_id.as_deref())).collect();
    assert_eq!(found, [(RunStatus::Success, Some("20261010-010000F")), (RunStatus::Failed, None)]);
}

#[test]
fn an_exit_code_contradicts_a_success_line() {
    let log = backup("2026-10-10 01:00:00.000", "2026-10-10 01:00:09.000", "completed successfully (9000ms)");
    let record = |code: &str| {
        text(
            "x.run.json",
            &format!(
                r#"{{"command":"pgbackrest --stanza=main backup","timezone":"UTC","started_at":"2026-10-10T00:59:59Z","finished_at":"2026-10-10T01:00:10Z",{code},"stdout":"a.log"}}"#
            ),
        )
    };
    let status = |log: &str, code: &str| {
        let kept = parse(&KIND, None, &[text("a.log", log), record(code)]);
        assert_eq!(runs(&kept).len(), 1);
        runs(&kept)[0].status
    };
    assert_eq!(status(&log, "\"exit_code\":0"), RunStatus::Success);
    assert_eq!(status(&log, "\"exit_code\":1"), RunStatus::Failed);
    assert_eq!(status(&log, "\"exit_code\":null,\"killed_by\":\"SIGKILL\""), RunStatus::Aborted);
    let expire = log
        + &line("2026-10-10 01:00:09.000", "INFO", "expire command begin 2.50: --exec-id=1-aa --stanza=main")
        + &line("2026-10-10 01:00:09.500", "INFO", "expire command end: aborted with exception [047]");
    assert_eq!(status(&expire, "\"exit_code\":47"), RunStatus::Success, "the backup stands; its expire failed");
    // A console at level warn prints nothing: the file is there and empty.
    assert_eq!(status("", "\"exit_code\":0"), RunStatus::Success);
    assert_eq!(status("", "\"exit_code\":82"), RunStatus::Failed);
    // A begin without an end is a cut output, whatever the exit code says.
    assert_eq!(status(&line("2026-10-10 01:00:00.000", "INFO", BEGIN), "\"exit_code\":0"), RunStatus::Unknown);
}

#[test]
fn page_checksum_errors_make_a_run_partial() {
    let log = line("2026-10-10 01:00:00.000", "INFO", BEGIN)
        + &line("2026-10-10 01:00:02.000", "WARN", "invalid page checksum found in file base/1/2 at page 3")
        + &line("2026-10-10 01:00:03.000", "INFO", "backup command end: completed successfully (3000ms)");
    assert_eq!(runs(&parse(&KIND, Some("UTC"), &[text("a.log", &log)]))[0].status, RunStatus::Partial);
    // The console shows warnings on standard error.
    let out = backup("2026-10-10 01:00:00.000", "2026-10-10 01:00:09.000", "completed successfully (9000ms)");
    let docs = [
        text("out", &out),
        text("err", "WARN: invalid page checksums found in file base/1/2 at pages 3-4\n"),
        text(
            "x.run.json",
            r#"{"command":"pgbackrest --stanza=main backup","timezone":"UTC","exit_code":0,"stdout":"out","stderr":"err"}"#,
        ),
    ];
    let kept = parse(&KIND, None, &docs);
    assert_eq!((runs(&kept).len(), runs(&kept)[0].status), (1, RunStatus::Partial));
    assert_eq!(kept.passed_over, vec![]);
}

fn listing(backups: &str, repos: &str, code: u64) -> String {
    format!(
        r#"[{{"name":"main","cipher":"mixed","status":{{"code":{code},"message":"x"}},"repo":[{repos}],"backup":[{backups}]}}]"#
    )
}

const REPOS: &str =
    r#"{"key":1,"cipher":"none","status":{"code":0}},{"key":2,"cipher":"aes-256-cbc","status":{"code":0}}"#;

fn listed(label: &str, repo: u64, more: &str) -> String {
    format!(
        r#"{{"label":"{label}","type":"full","database":{{"id":1,"repo-key":{repo}}},"timestamp":{{"start":1790000000,"stop":1790000060}},"info":{{"size":100,"delta":100,"repository":{{"delta":40}}}}{more}}}"#
    )
}

#[test]
fn the_cipher_is_that_of_the_backups_own_repository() {
    let json =
        listing(&format!("{},{}", listed("20260921-140640F", 1, ""), listed("20260921-150640F", 2, "")), REPOS, 0);
    let kept = parse(&KIND, None, &[text("info.json", &json)]);
    assert_eq!(kept.problems, vec![]);
    let found: Vec<(Option<bool>, Option<&str>)> =
        points(&kept).iter().map(|p| (p.encrypted, p.cipher.as_deref())).collect();
    assert_eq!(found, [(Some(false), None), (Some(true), Some("aes-256-cbc"))]);
    let run = runs(&kept)[0];
    assert_eq!((run.status, run.bytes, run.bytes_stored), (RunStatus::Success, Some(100), Some(40)));
    assert_eq!(run.started_at, Instant::from_timestamp(1_790_000_000, 0));
}

#[test]
fn a_backup_with_page_errors_is_partial_and_its_point_damaged() {
    let kept = parse(&KIND, None, &[text("i", &listing(&listed("20260921-140640F", 1, r#","error":true"#), REPOS, 0))]);
    assert_eq!(runs(&kept)[0].status, RunStatus::Partial);
    assert_eq!(points(&kept)[0].integrity_result, Some(Integrity::Fail));
}

#[test]
fn a_listing_that_lacks_a_part_proves_no_absence() {
    let complete = |json: &str| {
        let kept = parse(&KIND, None, &[text("i", json)]);
        kept.rows.iter().find_map(|r| if let Row::Listing(l) = r { Some(l.complete) } else { None })
    };
    assert_eq!(complete(&listing("", REPOS, 2)), Some(true));
    assert_eq!(complete(&listing("", REPOS, 4)), Some(true), "mixed: each repository says its own state");
    assert_eq!(complete(&listing("", "", 1)), Some(false));
    let bad = REPOS.replace(r#"2,"cipher":"aes-256-cbc","status":{"code":0}"#, r#"2,"status":{"code":99}"#);
    assert_eq!(complete(&listing("", &bad, 4)), Some(false));
    assert_eq!(complete(&listing(&listed("20260921-140640F", 1, r#","link":null"#), REPOS, 0)), Some(false));
}

#[test]
fn damage_is_a_problem_and_the_rest_is_read() {
    let json = listing(&listed("20260921-140640F", 1, ""), REPOS, 0);
    let bad = json.replace("\"size\":100", "\"size\":-5").replace("1790000060", "99999999999999999");
    let kept = parse(&KIND, None, &[text("i", &bad)]);
    assert_eq!(kept.problems.len(), 2, "{:?}", kept.problems);
    assert_eq!((runs(&kept)[0].bytes, runs(&kept)[0].ended_at), (None, None));

    let two = format!("{json}{}", &json[..json.len() / 2]);
    let kept = parse(&KIND, None, &[text("i", &two)]);
    assert_eq!((runs(&kept).len(), kept.problems.len()), (1, 1));

    let invalid = Document::in_memory("i", "i", None, b"[{\"name\":\"m\xff\",\"backup\":[]}]".to_vec());
    assert_eq!(parse(&KIND, None, &[invalid]).problems.len(), 1);
    assert_eq!(parse(&KIND, None, &[text("empty.log", "")]).problems.len(), 1);
    let kept = parse(&KIND, None, &[text("other.txt", "Archive name: x\nDuration: 3 s\n")]);
    assert_eq!((kept.rows.len(), kept.problems.len(), kept.passed_over.len()), (0, 0, 1));

    let mut log =
        backup("2026-10-10 01:00:00.000", "2026-10-10 01:00:09.000", "completed successfully (9000ms)").into_bytes();
    log.splice(0..0, *b"\xff\xfe bad bytes \n");
    log.truncate(log.len() - 12);
    let kept = parse(&KIND, Some("UTC"), &[Document::in_memory("a.log", "a.log", None, log)]);
    assert_eq!(runs(&kept).len(), 1);
    assert_eq!(kept.problems.len(), 1, "the last line is cut");
}

#[test]
fn verify_passes_only_with_an_end_and_a_clean_report() {
    let verify = |report: &str, end: &str| {
        let log = line("2026-10-10 01:00:00.000", "INFO", "verify command begin 2.50: --exec-id=9-ff --stanza=main")
            + report
            + &line("2026-10-10 01:00:09.000", "INFO", &format!("verify command end: {end}"));
        let kept = parse(&KIND, Some("UTC"), &[text("a.log", &log)]);
        (checks(&kept)[0].status, checks(&kept)[0].result)
    };
    let done = "completed successfully (9000ms)";
    let ok = line("2026-10-10 01:00:08.000", "INFO", "stanza: main") + "           status: ok\n";
    assert_eq!(verify(&ok, done), (RunStatus::Success, Integrity::Pass));
    assert_eq!(verify(&ok.replace("ok", "error"), done), (RunStatus::Failed, Integrity::Fail));
    assert_eq!(verify("", "aborted with exception [055]"), (RunStatus::Failed, Integrity::NotChecked));
    let old = line("2026-10-10 01:00:08.000", "ERROR", "[028]: invalid checksum '20261010-010000F/pg_data/x.gz'");
    assert_eq!(verify(&old, "aborted with exception [122]"), (RunStatus::Failed, Integrity::Fail));
}

#[test]
fn a_dry_run_is_no_backup() {
    let log = "2026-10-10 01:00:00.000 P00   INFO: [DRY-RUN] backup command begin 2.50: --dry-run --stanza=main\n\
               2026-10-10 01:00:01.000 P00   INFO: [DRY-RUN] backup command end: completed successfully (9ms)\n";
    assert_eq!(parse(&KIND, Some("UTC"), &[text("a.log", log)]).rows, vec![]);
}

#[test]
fn a_configuration_with_a_passphrase_is_not_kept() {
    let claim = (KIND.claim)("pgbackrest.conf", b"[global]\nrepo1-cipher-pass=x\n");
    assert!(matches!(claim, crate::Claim::Pass(_)));
    assert_eq!((KIND.claim)("a.log", b"INFO: x --repo1-cipher-pass=<redacted>\n"), crate::Claim::Keep);
}

#[test]
fn the_text_form_of_info_is_read() {
    let info = |status: &str| {
        format!(
            "stanza: main\n    status: {status}\n    cipher: mixed\n        repo1: none\n        repo2: aes-256-cbc\n\n    \
             db (current)\n        wal archive min/max (15): 00/01\n\n        full backup: 20261020-040005F\n            \
             timestamp start/stop: 2026-10-20 04:00:05 / 2026-10-20 04:00:53\n            repo2: backup set size: 8MB, backup size: 8MB\n\n        \
             diff backup: 20261020-040005F_20261021-040005D\n            timestamp start/stop: 2026-10-21 04:00:05+02 / 2026-10-21 04:00:53+02\n            \
             repo1: backup set size: 8MB, backup size: 8MB\n"
        )
    };
    let kept = parse(&KIND, Some("Europe/Berlin"), &[text("i", &info("ok"))]);
    let found: Vec<(Option<Instant>, Option<bool>, RunStatus)> =
        runs(&kept).iter().map(|r| (r.started_at, r.encrypted, r.status)).collect();
    assert_eq!(
        found,
        [
            (Some(at("2026-10-20T02:00:05Z")), Some(true), RunStatus::Success),
            (Some(at("2026-10-21T02:00:05Z")), Some(false), RunStatus::Success),
        ]
    );
    let complete = |status: &str| {
        let kept = parse(&KIND, None, &[text("i", &info(status))]);
        kept.rows.iter().find_map(|r| if let Row::Listing(l) = r { Some(l.complete) } else { None })
    };
    assert_eq!(complete("ok (backup/expire running)"), Some(true));
    assert_eq!(complete("mixed\n        repo1: ok\n        repo2: error (missing stanza path)"), Some(false));
    assert_eq!(complete("mixed\n        repo1: ok\n        repo2: error (no valid backups)"), Some(true));
}

#[test]
fn a_listing_that_failed_is_a_problem() {
    let record = r#"{"command":"pgbackrest --output=json info","exit_code":103,"stderr":"e"}"#;
    let kept = parse(
        &KIND,
        None,
        &[text("e", "ERROR: [103]: unable to find a valid repository\n"), text("x.run.json", record)],
    );
    assert_eq!((kept.rows.len(), kept.problems.len()), (0, 1));
}

#[test]
fn the_record_of_a_script_names_the_system_but_does_not_undo_a_success() {
    let script = |out: &str| {
        let record = r#"{"command":"/usr/local/bin/nightly.sh","tool":"pgbackrest","timezone":"UTC","system":"billing","exit_code":1,"stdout":"out"}"#;
        let kept = parse(&KIND, None, &[text("out", out), text("x.run.json", record)]);
        (runs(&kept)[0].status, runs(&kept)[0].system_id.clone())
    };
    let out = backup("2026-10-10 01:00:00.000", "2026-10-10 01:00:09.000", "completed successfully (9000ms)");
    assert_eq!(script(&out), (RunStatus::Success, Some("billing".to_owned())));
    let begun = line("2026-10-10 01:00:00.000", "INFO", BEGIN);
    assert_eq!(script(&begun), (RunStatus::Failed, Some("billing".to_owned())));
}

#[test]
fn a_date_in_the_future_is_kept_as_it_stands() {
    let log = backup("2099-10-10 01:00:00.000", "2099-10-10 01:00:09.000", "completed successfully (9000ms)");
    let kept = parse(&KIND, Some("UTC"), &[text("a.log", &log)]);
    assert_eq!(runs(&kept)[0].ended_at, Some(at("2099-10-10T01:00:09Z")));
    let json = listing(&listed("20990921-140640F", 1, "").replace("1790000060", "4095000000"), REPOS, 0);
    let kept = parse(&KIND, None, &[text("i", &json)]);
    assert_eq!(runs(&kept)[0].ended_at, Instant::from_timestamp(4_095_000_000, 0));
}

#[test]
fn commands_are_found_behind_options_wrappers_and_users() {
    for line in [
        "pgbackrest --stanza=shop --log-level-console info --type full backup",
        "su - pgbackrest -c 'pgbackrest --stanza=shop --config \"/etc/pg backrest.conf\" --delta --type=full backup'",
        "sudo -u pgbackrest /usr/bin/pgbackrest --stanza shop --no-online --type=full backup && echo done",
        "ssh repo1 'cd /; pgbackrest backup --stanza=shop --type=full --process-max 4; logger ok'",
    ] {
        let (command, options) = super::super::merge::command_of(line).unwrap();
        assert_eq!(command, "backup", "{line}");
        assert!(options.contains(&"--stanza=shop".to_owned()), "{options:?}");
    }
    assert_eq!(super::super::merge::command_of("systemctl start pgbackrest"), None);
}
