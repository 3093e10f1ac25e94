//! Outputs of other versions, options, scripts and machines than the sample's.

use model::rows::{Component, Integrity, RunStatus, TestKind, TestResult, Trigger};

use super::super::command::{Command, Tool};
use super::{KIND, at, checks, parse, restores, runs};
use crate::testing::text;
use crate::{Document, Kept};

pub(super) fn record(command: &str, exit: &str, extra: &str) -> Document {
    let command = serde_json::to_string(command).unwrap();
    text(
        "x.run.json",
        &format!(
            r#"{{"command":{command},"host":"db7","timezone":"UTC","started_at":"2026-11-01T02:00:00Z","finished_at":"2026-11-01T02:05:00Z","exit_code":{exit}{extra}}}"#
        ),
    )
}

pub(super) fn only(kept: &Kept) -> (RunStatus, Option<String>) {
    let [run] = runs(kept)[..] else { panic!("{:#?}", kept.rows) };
    (run.status, run.resource.clone())
}

#[test]
fn an_exit_code_counts_only_where_it_is_the_tools_own() {
    for (command, status) in [
        ("pg_dump -Fc crm -f crm.dump", RunStatus::Success),
        ("/usr/lib/postgresql/17/bin/pg_dump --format=custom --file crm.dump crm", RunStatus::Success),
        ("PGPASSFILE=/x pg_dump postgresql://u:p@db/crm?sslmode=require > crm.sql", RunStatus::Success),
        ("bash -c 'set -o pipefail; pg_dump crm | gzip > crm.sql.gz'", RunStatus::Success),
        ("pg_dump crm | gzip > crm.sql.gz", RunStatus::Unknown),
        ("pg_dump crm > crm.sql; ls -l crm.sql", RunStatus::Unknown),
        ("pg_dump crm > crm.sql || true", RunStatus::Unknown),
        ("pg_dump crm > crm.sql && ls -l", RunStatus::Success),
        ("pg_dump crm > crm.sql; rc=$?; ls -l; exit $rc", RunStatus::Success),
        ("sudo -u postgres nice pg_dump -d crm -Fd -j 4 -f crm.dir;", RunStatus::Success),
        ("timeout 60 pg_dump -dcrm -f crm.sql", RunStatus::Success),
    ] {
        let kept = parse(&KIND, None, &[record(command, "0", "")]);
        assert_eq!(only(&kept), (status, Some("pg-dump:crm".to_owned())), "{command}");
    }
    for (exit, extra, status) in [
        ("1", "", RunStatus::Failed),
        ("143", "", RunStatus::Aborted),
        ("null", r#","killed_by":"SIGKILL""#, RunStatus::Aborted),
        ("124", "", RunStatus::Aborted),
    ] {
        let kept = parse(&KIND, None, &[record("timeout 60 pg_dump -d crm -f crm.sql", exit, extra)]);
        assert_eq!(only(&kept).0, status, "{exit}");
    }
}

#[test]
fn part_of_a_database_is_not_the_database() {
    for (command, resource, component) in [
        ("pg_dump -d crm -t 'public.orders' -f o.sql", "pg-dump:crm/table=public.orders", Component::Logical),
        ("pg_dump --schema-only crm -f o.sql", "pg-dump:crm/schema-only", Component::Logical),
        ("pg_dump -n sales crm -f o.sql", "pg-dump:crm/schema=sales", Component::Logical),
        ("pg_dump --exclude-table-data=logs crm -f o.sql", "pg-dump:crm", Component::Logical),
        ("pg_dumpall -f all.sql", "pg-dump:db7", Component::Logical),
        ("pg_dumpall -g -h db9 -f g.sql", "pg-dump:db9/globals", Component::Config),
        ("pg_basebackup -D /b -Fp -Xs", "pg-dump:db7", Component::Full),
        ("pg_basebackup --incremental=/a/backup_manifest -D /b", "pg-dump:db7", Component::Incremental),
    ] {
        let kept = parse(&KIND, None, &[record(command, "0", "")]);
        let [run] = runs(&kept)[..] else { panic!("{command}") };
        assert_eq!((run.resource.as_deref(), run.component), (Some(resource), Some(component)), "{command}");
    }
}

#[test]
fn encryption_is_told_by_the_pipe_or_not_at_all() {
    for (command, encrypted) in [
        ("set -o pipefail; pg_dump crm | age -r age1x -o crm.sql.age", Some(true)),
        ("set -o pipefail; pg_dump crm | gzip | openssl enc -aes-256-cbc -pbkdf2 -out crm.sql.gz.enc", Some(true)),
        ("set -o pipefail; pg_dump crm | gzip > crm.sql.gz", Some(false)),
        ("set -o pipefail; pg_dump crm | aws s3 cp - s3://b/crm.sql", None),
    ] {
        let kept = parse(&KIND, None, &[record(command, "0", "")]);
        assert_eq!(runs(&kept)[0].encrypted, encrypted, "{command}");
    }
    assert_eq!(
        Command::read("pg_dump crm | openssl enc -aes-256-cbc -out x.enc").encryption,
        Some(("openssl".to_owned(), Some("aes-256-cbc".to_owned())))
    );
}

#[test]
fn command_lines_are_read_as_a_shell_would() {
    let read =
        Command::read(r#"docker exec db pg_restore --clean --no-owner -U postgres -d "my db" -j 4 /b/crm.dump 2>&1"#);
    assert_eq!(
        (read.tool, read.database.as_deref(), read.input.as_deref()),
        (Some(Tool::Restore), Some("my db"), Some("/b/crm.dump"))
    );
    let read = Command::read("gunzip -c crm.sql.gz | psql -v ON_ERROR_STOP=1 crm_test");
    assert_eq!(
        (read.tool, read.database.as_deref(), read.input.as_deref()),
        (Some(Tool::Psql), Some("crm_test"), Some("crm.sql.gz"))
    );
    let read = Command::read("pg_restore -l crm.dump > toc.txt");
    assert_eq!((read.tool, read.input.as_deref()), (Some(Tool::List), Some("crm.dump")));
    let read = Command::read("pg_dump 'host=db1 dbname=crm user=x' 2>/tmp/errors >crm.sql");
    assert_eq!(
        (read.database.as_deref(), read.host.as_deref(), read.output.as_deref()),
        (Some("crm"), Some("db1"), Some("crm.sql"))
    );
    assert_eq!(Command::read("psql -d crm -c 'select 1'").tool, None);
    for odd in
        ["", "'", "|", "pg_dump '", "pg_dump -", "pg_dump -f", "&& || ;", "pg_dump | | x", "bash -c 'bash -c pg_dump'"]
    {
        Command::read(odd);
    }
}

#[test]
fn cron_alone_is_never_a_success() {
    let line = "Oct 12 02:30:01 db02 CRON[4242]: (postgres) CMD (/usr/local/bin/nightly-dump crm /b/crm.dump)\n\
                Oct 12 02:31:01 db02 CRON[4243]: (root) CMD (run-parts /etc/cron.hourly)\n";
    let kept = parse(&KIND, Some("Europe/London"), &[text("syslog", line)]);
    let [run] = runs(&kept)[..] else { panic!("{:#?}", kept.rows) };
    assert_eq!((run.status, run.started_at, run.trigger), (RunStatus::Unknown, None, Some(Trigger::Scheduled)));
    assert_eq!(run.resource.as_deref(), Some("pg-dump:crm"));

    // The file's own time gives the year.
    let dated = |body: &str| {
        Document::in_memory("syslog", "syslog", Some(at("2026-11-01T00:00:00Z")), body.as_bytes().to_vec())
    };
    let kept = parse(&KIND, Some("Europe/London"), &[dated(line)]);
    assert_eq!(runs(&kept)[0].started_at, Some(at("2026-10-12T01:30:01Z")));
    assert_eq!(runs(&kept)[0].status, RunStatus::Unknown);

    // With the script's log it is one run, started by cron.
    let log = "2026-10-12 02:30:02 starting backup of crm\n2026-10-12 02:34:00 backup of crm finished: 10 bytes\n";
    let kept = parse(&KIND, Some("Europe/London"), &[dated(line), text("nightly.log", log)]);
    let [run] = runs(&kept)[..] else { panic!("{:#?}", kept.rows) };
    assert_eq!((run.status, run.trigger, run.bytes), (RunStatus::Success, Some(Trigger::Scheduled), Some(10)));
    assert_eq!(run.started_at, Some(at("2026-10-12T01:30:02Z")));

    let journal = "2026-10-12T02:30:01.123456+02:00 db02 CRON[1]: (postgres) CMD (pg_dump -Fc crm -f /b/crm.dump)\n\
                   2026-10-12T02:31:01.123456+02:00 db02 CRON[9]: (CRON) error (grandchild #1 failed with exit status 1)\n";
    let kept = parse(&KIND, None, &[text("journal", journal)]);
    let [run] = runs(&kept)[..] else { panic!("{:#?}", kept.rows) };
    assert_eq!((run.status, run.started_at), (RunStatus::Failed, Some(at("2026-10-12T00:30:01.123456Z"))));
}

#[test]
fn a_mail_from_cron_tells_the_failure() {
    let mail = "From: root@db02 (Cron Daemon)\nTo: ops@example.org\n\
        Subject: Cron <postgres@db02> pg_dump -Fc crm -f /b/crm.dump\n\
        Date: Mon, 12 Oct 2026 02:30:05 +0100\n\n\
        pg_dump: error: connection to server at \"db1\" (10.0.0.1), port 5432 failed: FATAL:  password authentication failed\n";
    let kept = parse(&KIND, None, &[text("mail.eml", mail)]);
    let [run] = runs(&kept)[..] else { panic!("{:#?}", kept.rows) };
    assert_eq!((run.status, run.started_at, run.ended_at), (RunStatus::Failed, None, Some(at("2026-10-12T01:30:05Z"))));
    assert_eq!(run.resource.as_deref(), Some("pg-dump:crm"));
    assert!(run.status_detail.as_deref().unwrap().contains("password authentication failed"));
}

#[test]
fn scripts_speak_in_many_ways() {
    for (log, status, bytes) in [
        (
            "[2026-10-12 02:30:00] Backing up database crm\n[2026-10-12 02:31:00] Backup completed successfully\n",
            RunStatus::Success,
            None,
        ),
        (
            "2026-10-12T02:30:00Z INFO backup started db=crm\n2026-10-12T02:31:00Z INFO backup done db=crm size=42\n",
            RunStatus::Success,
            Some(42),
        ),
        (
            "2026-10-12 02:30:00 starting backup of crm\n2026-10-12 02:31:00 backup of crm finished with errors\n",
            RunStatus::Failed,
            None,
        ),
        (
            "2026-10-12 02:30:00 starting backup of crm\n2026-10-12 02:31:00 backup of crm finished, exit code 3\n",
            RunStatus::Failed,
            None,
        ),
        (
            "2026-10-12 02:30:00 starting backup of crm\npg_dump: error: query failed: ERROR:  x\n2026-10-12 02:31:00 backup of crm finished: 7 bytes\n",
            RunStatus::Failed,
            None,
        ),
        (
            "Mon Oct 12 02:30:00 UTC 2026 starting dump of crm\nMon Oct 12 02:31:00 UTC 2026 dump of crm finished, 0 errors\n",
            RunStatus::Success,
            None,
        ),
        (
            "Mon 12 Oct 2026 02:30:00 AM UTC starting dump of crm\nMon 12 Oct 2026 02:31:00 AM UTC dump of crm aborted\n",
            RunStatus::Aborted,
            None,
        ),
        ("2026-10-12 02:30:00 starting backup of crm\n", RunStatus::Unknown, None),
    ] {
        let kept = parse(&KIND, Some("UTC"), &[text("backup.log", log)]);
        let [run] = runs(&kept)[..] else { panic!("{log}\n{:#?}", kept.rows) };
        assert_eq!((run.status, run.bytes), (status, bytes), "{log}");
        assert_eq!(run.started_at, Some(at("2026-10-12T02:30:00Z")), "{log}");
        assert_eq!(run.resource.as_deref(), Some("pg-dump:crm"), "{log}");
    }
}

#[test]
fn a_run_cut_off_by_the_next_start_was_aborted() {
    let log = "2026-10-12 02:30:00 starting backup of crm\n\
        pg_dump: last built-in OID is 16383\n\
        2026-10-13 02:30:00 starting backup of crm\n\
        2026-10-13 02:31:00 backup of crm finished: 5 bytes\n\
        2026-11-22 23:30:00 starting backup of crm\n";
    let kept = parse(&KIND, Some("UTC"), &[text("backup.log", log)]);
    let seen: Vec<_> = runs(&kept).iter().map(|r| r.status).collect();
    assert_eq!(seen, [RunStatus::Aborted, RunStatus::Success, RunStatus::Running]);
}

#[test]
fn local_stamps_without_a_zone_give_no_times() {
    let log = "2026-10-25 01:30:00 starting backup of crm\n2026-10-25 01:30:05 backup of crm finished: 5 bytes\n";
    let kept = parse(&KIND, None, &[text("backup.log", log)]);
    let [run] = runs(&kept)[..] else { panic!("{:#?}", kept.rows) };
    assert_eq!((run.status, run.started_at, run.zone_unknown), (RunStatus::Success, None, true));
    // A zone word says which of the two hours it was.
    for (word, start) in [("BST", "2026-10-25T00:30:00Z"), ("GMT", "2026-10-25T01:30:00Z")] {
        let log =
            log.replace(" starting", &format!(" {word} starting")).replace(" backup of", &format!(" {word} backup of"));
        let log = log.replace(&format!("starting {word}"), "starting");
        let kept = parse(&KIND, Some("Europe/London"), &[text("backup.log", &log)]);
        assert_eq!(runs(&kept)[0].started_at, Some(at(start)), "{log}");
    }
}

#[test]
fn errors_of_every_version_language_and_colour_are_errors() {
    for line in [
        "pg_dump: [archiver (db)] connection to database \"crm\" failed: FATAL:  no pg_hba.conf entry",
        "pg_dump: Error message from server: ERROR:  permission denied for relation t",
        "pg_dump: \u{1b}[01;31merror: \u{1b}[0mquery failed: ERROR:  permission denied",
        "pg_dump: Fehler: Verbindung zum Server fehlgeschlagen",
        "pg_dump: erreur : échec",
        "pg_dumpall: error: pg_dump failed on database \"crm\", exiting",
        "pg_basebackup: error: could not send replication command",
        "pg_dump.exe: error: could not write to file: No space left on device",
    ] {
        let kept = parse(&KIND, None, &[text("e.log", &format!("{line}\n"))]);
        assert_eq!(only(&kept).0, RunStatus::Failed, "{line}");
    }
    let quiet = "pg_dump: warning: there are circular foreign-key constraints on this table:\npg_dump: detail: t\n";
    let kept = parse(&KIND, None, &[text("e.log", quiet)]);
    assert_eq!(only(&kept).0, RunStatus::Unknown);
}

#[test]
fn the_server_log_tells_of_a_point_in_time_restore() {
    let log = "2026-10-12 04:00:00.100 UTC [10] LOG:  starting PostgreSQL 16.4\n\
        2026-10-12 04:00:00.200 UTC [12] LOG:  starting point-in-time recovery to 2026-10-12 03:00:00+00\n\
        2026-10-12 04:00:05.000 UTC [12] LOG:  consistent recovery state reached at 0/5000100\n\
        2026-10-12 04:01:00.000 UTC [12] LOG:  recovery stopping before commit of transaction 800, time 2026-10-12 03:00:01.5+00\n\
        2026-10-12 04:01:00.000 UTC [12] LOG:  last completed transaction was at log time 2026-10-12 02:59:59+00\n\
        2026-10-12 04:01:02.000 UTC [12] LOG:  archive recovery complete\n\
        2026-10-12 04:01:03.000 UTC [10] LOG:  database system is ready to accept connections\n";
    let kept = parse(&KIND, None, &[text("postgresql.log", log)]);
    let [test] = restores(&kept)[..] else { panic!("{:#?}", kept.rows) };
    assert_eq!((test.result, test.kind, test.from_log), (TestResult::Success, Some(TestKind::PointInTime), true));
    assert_eq!(test.started_at, Some(at("2026-10-12T04:00:00.200Z")));
    assert_eq!(test.restore_finished_at, Some(at("2026-10-12T04:01:02Z")));
    assert_eq!((test.recovered_to_at, test.service_ready_at), (Some(at("2026-10-12T02:59:59Z")), None));
    let failed = log.split("last completed").next().unwrap().to_owned()
        + "x\n2026-10-12 04:01:02.000 UTC [12] FATAL:  recovery ended before configured recovery target was reached\n";
    let kept = parse(&KIND, None, &[text("postgresql.log", &failed)]);
    assert_eq!(restores(&kept)[0].result, TestResult::Failed);
    let standby = log.replace("starting point-in-time recovery to 2026-10-12 03:00:00+00", "entering standby mode");
    assert!(restores(&parse(&KIND, None, &[text("postgresql.log", &standby)])).is_empty());
}

#[test]
fn restores_and_checks_follow_their_exit_code_and_errors() {
    let with_err = r#","stderr":"x.err""#;
    let kept = parse(
        &KIND,
        None,
        &[
            record("psql -d crm_test -f crm.sql", "0", with_err),
            text("x.err", "psql:crm.sql:12: ERROR:  relation \"t\" already exists\n"),
        ],
    );
    assert_eq!(restores(&kept)[0].result, TestResult::Failed);
    let kept = parse(&KIND, None, &[record("pg_restore -d crm_test crm.dump", "0", "")]);
    assert_eq!((restores(&kept)[0].result, restores(&kept)[0].resource.as_deref()), (TestResult::Success, None));
    let kept = parse(
        &KIND,
        None,
        &[
            record("pg_verifybackup /b", "1", with_err),
            text("x.err", "pg_verifybackup: error: checksum mismatch for file \"base/1/1249\"\n"),
        ],
    );
    let [check] = checks(&kept)[..] else { panic!("{:#?}", kept.rows) };
    assert_eq!((check.status, check.result), (RunStatus::Failed, Integrity::Fail));
    assert!(check.status_detail.as_deref().unwrap().contains("checksum mismatch"));
    let kept = parse(
        &KIND,
        None,
        &[
            record("pg_restore --list bad.dump", "1", with_err),
            text("x.err", "pg_restore: error: did not find magic string in file header\n"),
        ],
    );
    assert_eq!(checks(&kept)[0].result, Integrity::Fail);
}

#[test]
fn foreign_and_damaged_documents_are_named_and_harm_nothing() {
    let odd = Document::in_memory(
        "odd.log",
        "odd",
        None,
        b"pg_dump: error: \xff\xfe broken\n2999-13-45 99:99:99 backup done\n".to_vec(),
    );
    let cut = text("cut.log", "2026-10-12 02:30:00 starting backup of crm\npg_dump: last built-in OID is 16");
    let facts = text("x.dump", "{\"schema\": \"backproof.file-facts/1\", \"size\": -1");
    let other = text("notes.md", "# pg_dump\nWe run pg_dump each night; backup done.\n");
    let kept = parse(&KIND, Some("UTC"), &[odd, cut, facts, other]);
    let places: Vec<(&str, Option<&str>)> =
        kept.problems.iter().map(|p| (p.document.as_str(), p.place.as_deref())).collect();
    assert_eq!(places, [("cut.log", Some("line 2")), ("x.dump", None)]);
    assert_eq!(kept.passed_over.iter().map(|p| p.0.as_str()).collect::<Vec<_>>(), ["notes.md"]);
    assert_eq!(runs(&kept).iter().filter(|r| r.status == RunStatus::Success).count(), 0);
    for n in 0..200_usize {
        let bytes: Vec<u8> = (0..n).map(|i| u8::try_from((i * 7 + n * 13) % 256).unwrap()).collect();
        let mut archive = b"PGDMP\x01\x0e\x00\x04\x08\x01".to_vec();
        archive.extend(&bytes);
        parse(
            &KIND,
            None,
            &[Document::in_memory("a", "a", None, archive), Document::in_memory("b.gpg", "b", None, bytes)],
        );
    }
}

#[test]
fn logs_of_other_tools_are_passed_over() {
    for tool in [
        "aws",
        "barman",
        "borg",
        "borgmatic",
        "duplicity",
        "pgbackrest",
        "rclone",
        "rdiff-backup",
        "restic",
        "rsnapshot",
        "wal-e",
    ] {
        for records in [true, false] {
            let all: Vec<Document> = crate::testing::documents(&crate::testing::sample(tool))
                .into_iter()
                .filter(|d| records || !d.name().ends_with("runs.json"))
                .collect();
            let kept = parse(&KIND, Some("UTC"), &all);
            let seen: Vec<_> =
                runs(&kept).iter().map(|r| (r.run_id.clone(), r.origin.evidence.clone(), r.status)).collect();
            assert_eq!(seen, [], "{tool}");
        }
    }
}

#[test]
fn a_long_log_is_read_in_linear_time() {
    let mut log = String::new();
    for n in 0..60_000_u32 {
        let (day, minute) = (1 + n / 2400, n % 2400);
        let stamp = format!("2026-10-{day:02} {:02}:{:02}", minute / 100, minute % 60);
        log.push_str(&format!("{stamp}:00 starting backup of db{n}\n{stamp}:01 backup of db{n} finished: {n} bytes\n"));
    }
    let kept = parse(&KIND, Some("UTC"), &[text("backup.log", &log)]);
    assert_eq!(runs(&kept).len(), 60_000);
    assert_eq!(runs(&kept).iter().filter(|r| r.status != RunStatus::Success).count(), 1, "0 bytes is no dump");
}

#[test]
fn errors_beside_the_tool_count_where_they_spoil_the_dump() {
    for (line, status) in [
        ("rm: cannot remove '/b/old.dump': No such file or directory", RunStatus::Success),
        ("gzip: stdout: No space left on device", RunStatus::Failed),
        ("bash: line 1: /b/crm.sql: Permission denied", RunStatus::Failed),
        ("sh: 1: pg_dump: not found", RunStatus::Failed),
    ] {
        let run = record("pg_dump crm -f crm.sql", "0", r#","stderr":"x.err""#);
        let kept = parse(&KIND, None, &[run, text("x.err", &format!("{line}\n"))]);
        assert_eq!(only(&kept).0, status, "{line}");
    }
}

/// A record may hold the command as its words; blanks in a word are no borders of words.
#[test]
fn a_command_as_words_keeps_its_words() {
    let record = r#"{"command":["pg_dump","-f","/my dumps/it's.sql","Big Shop"],"timezone":"UTC","started_at":"2026-10-12T02:30:00Z","finished_at":"2026-10-12T02:30:09Z","exit_code":0}"#;
    let kept = parse(&KIND, None, &[text("x.run.json", record)]);
    assert_eq!(only(&kept), (RunStatus::Success, Some("pg-dump:Big Shop".to_owned())));
    let record = record.replace(
        r#"["pg_dump","-f","/my dumps/it's.sql","Big Shop"]"#,
        r#"["bash","-c","pg_dump -Fc crm > crm.dump"]"#,
    );
    let kept = parse(&KIND, None, &[text("x.run.json", &record)]);
    assert_eq!(only(&kept), (RunStatus::Success, Some("pg-dump:crm".to_owned())));
}
