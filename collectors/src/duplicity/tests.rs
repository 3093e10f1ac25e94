//! The sample against its ground truth; other versions, languages, options and damage. Outputs beyond the sample are
//! those of 0.8.22, 1.2.3, 2.2.4 and 3.2.1.

use model::rows::{Component, Integrity, RunStatus, TestKind};
use model::time::instant;
use proptest::prelude::*;

use super::KIND;
use crate::testing::{
    checks, differences_from_truth, listings, no_cut_gives_a_success, parse, points, recorded, restores, runs,
    sample_documents, sorted, text, verdict,
};
use crate::{Document, Kept};

const STATISTICS: &str = "\
--------------[ Backup Statistics ]--------------
StartTime 1793574001.26 (Mon Nov  2 00:00:01 2026)
EndTime 1793574005.68 (Mon Nov  2 00:00:05 2026)
ElapsedTime 4.43 (4.43 seconds)
SourceFiles 22
SourceFileSize 399988 (391 KB)
NewFiles 22
NewFileSize 399988 (391 KB)
DeletedFiles 0
ChangedFiles 0
ChangedFileSize 0 (0 bytes)
ChangedDeltaSize 0 (0 bytes)
DeltaEntries 22
RawDeltaSize 383604 (375 KB)
TotalDestinationSizeChange 386716 (378 KB)
Errors 0
-------------------------------------------------
";

const CALL: &str = "duplicity full /srv/data sftp://me:secret@nas:22//srv/dup";

fn one(command: &str, exit: Option<i64>, stdout: &str, stderr: &str) -> (RunStatus, String) {
    verdict(&parse(&KIND, None, &recorded(command, exit, stdout, stderr)))
}

#[test]
fn the_sample_reads_as_its_truth() {
    let kept = parse(&KIND, None, &sample_documents("duplicity"));
    // Truth looks at a run's own output alone; `collection-status` names the sets.
    let listed: Vec<(&str, &str)> = ["b01", "b02", "b03", "b04"].map(|id| (id, "recovery_point")).to_vec();
    assert_eq!(differences_from_truth("duplicity", &kept, &listed), Vec::<String>::new());
    assert!(runs(&kept).iter().all(|r| r.resource.as_deref() == Some("duplicity:file:///srv/backups/dup-app01")));
    let components: Vec<_> = runs(&kept).iter().filter_map(|r| Some((r.started_at?, r.component?))).collect();
    assert_eq!(components.iter().filter(|(_, c)| *c == Component::Full).count(), 1);
    assert_eq!((points(&kept).len(), checks(&kept)[0].result), (4, Integrity::Pass));
    assert_eq!(checks(&kept)[0].recovery_point_ids, ["20261025T003001Z"], "the newest set, and no other");
    let whole: Vec<usize> = listings(&kept).iter().filter(|l| l.complete).map(|l| l.recovery_point_ids.len()).collect();
    assert_eq!(whole, [4, 4, 4], "read under two zones, it is the same list");
    assert!(points(&kept).iter().all(|p| p.delete_reason.is_none()), "sets that others depend on were not removed");
}

#[test]
fn order_of_documents_and_a_second_reading_change_nothing() {
    let mut all = sample_documents("duplicity");
    let first = sorted(&parse(&KIND, None, &all));
    all.reverse();
    assert_eq!(first, sorted(&parse(&KIND, None, &all)));
}

#[test]
fn without_run_records_statistics_and_lists_tell() {
    let all: Vec<Document> = sample_documents("duplicity").into_iter().filter(|d| d.name() != "runs.json").collect();
    let kept = parse(&KIND, Some("Europe/Prague"), &all);
    let good: Vec<_> = runs(&kept).into_iter().filter(|r| r.status == RunStatus::Success).collect();
    assert_eq!(good.iter().filter(|r| r.bytes.is_some()).count(), 4);
    assert!(restores(&kept).is_empty(), "duplicity prints nothing at the end of a restore");
    // The list made under UTC, read in the source's zone, shows sets at times at which there were none.
    assert_eq!((good.len(), points(&kept).len()), (4, 4));
    assert_eq!(listings(&kept).iter().filter(|l| l.complete).count(), 0, "when they were made is not told");
    let kept = parse(&KIND, None, &all);
    assert_eq!(runs(&kept).iter().filter(|r| r.zone_unknown).count(), 8);
    assert!(runs(&kept).iter().filter(|r| r.zone_unknown).all(|r| r.started_at.is_none()));
}

#[test]
fn exit_codes_and_messages_decide() {
    assert_eq!(one(CALL, Some(0), STATISTICS, "").0, RunStatus::Success);
    let errors = STATISTICS.replace("Errors 0", "Errors 1");
    let (status, detail) =
        one(CALL, Some(0), &format!("Error accessing possibly locked file /srv/data/a\n{errors}"), "");
    assert_eq!(status, RunStatus::Partial);
    assert!(detail.contains("possibly locked file") && detail.contains("Errors 1"), "{detail}");
    for (code, words) in
        [(13, "does not exist"), (31, "GnuPG"), (35, "temporary space"), (53, "backend"), (99, "failed")]
    {
        let (status, detail) = one(CALL, Some(code), "", "");
        assert_eq!(status, RunStatus::Failed);
        assert!(detail.contains(words), "{detail}");
    }
    // An interruption ends with 4, as missing manifests do; only those print a message.
    assert_eq!(one(CALL, Some(4), "", "").0, RunStatus::Aborted);
    assert_eq!(one(CALL, Some(4), "", "Fatal Error: No manifests found for most recent backup\n").0, RunStatus::Failed);
    assert_eq!(one(CALL, Some(143), "", "").0, RunStatus::Aborted);
    assert_eq!(one(CALL, Some(0), "", "").0, RunStatus::Success, "--no-print-statistics");
    assert_eq!(one(CALL, None, "", "").0, RunStatus::Unknown, "begun weeks ago, and nothing tells of an end");
    let lock = "Another duplicity instance is already running with this archive directory\n";
    assert_eq!(one(CALL, Some(23), "", lock).0, RunStatus::Failed);
    let complete = "Duplicity backup complete.\n";
    assert_eq!(one(CALL, Some(50), complete, "BackendException: no\n").0, RunStatus::Failed);
    assert_eq!(one(CALL, None, complete, "").0, RunStatus::Unknown, "3.2 prints it after failures as well");
    let (status, detail) = one(CALL, Some(13), "", "Le dossier source de sauvegarde /x n'existe pas.\n");
    assert!(status == RunStatus::Failed && detail.contains("n'existe pas"), "{detail}");
}

#[test]
fn a_pipe_hides_the_exit_code() {
    let piped = format!("{CALL} 2>&1 | tee log");
    assert_eq!(one(&piped, Some(0), "", "").0, RunStatus::Unknown);
    assert_eq!(one(&piped, Some(0), STATISTICS, "").0, RunStatus::Success);
    assert_eq!(one(&piped, Some(0), "GPGError: GPG Failed, see log below:\n", "").0, RunStatus::Failed);
}

#[test]
fn credentials_reach_no_row() {
    let kept = parse(&KIND, None, &recorded(CALL, Some(50), "", "BackendException: sftp://me:secret@nas refused\n"));
    assert_eq!(runs(&kept)[0].resource.as_deref(), Some("duplicity:sftp://nas:22//srv/dup"));
    assert!(!format!("{:?}", kept.rows).contains("secret"));
    let query = "duplicity incr /d 's3:///bucket/x?token=secret' --s3-endpoint-url https://s3";
    assert_eq!(
        runs(&parse(&KIND, None, &recorded(query, Some(0), "", "")))[0].resource.as_deref(),
        Some("duplicity:s3:///bucket/x")
    );
}

#[test]
fn a_log_for_programs_holds_many_runs() {
    let dotted: String = STATISTICS.lines().map(|l| format!(". {l}\n")).collect();
    let log = format!(
        "NOTICE 1\n. Local and Remote metadata are synchronized, no sync needed.\n\nNOTICE 1\n. Last full backup date: none\n\n\
         NOTICE 1\n{dotted}\nNOTICE 1\n{}\nERROR 13\n. Backup source directory /none does not exist.\n\nERROR 31 GPGError\n. GPGError: GPG Failed\n\n",
        dotted.replace("1793574001.26", "1793660401.00").replace("1793574005.68", "1793660402.50"),
    );
    let kept = parse(&KIND, None, &[text("dup.log", &log)]);
    let mut states: Vec<_> = runs(&kept).iter().map(|r| (r.status, r.started_at.is_some(), r.component)).collect();
    states.sort_by_key(|s| s.0.badness());
    let full = Some(Component::Full);
    assert_eq!(
        states,
        [(RunStatus::Success, true, full), (RunStatus::Success, true, None), (RunStatus::Failed, false, None)]
    );
    assert_eq!(kept.problems.len(), 1, "of the GnuPG failure nothing tells which command it was: {:?}", kept.problems);
    // The console of the first run beside it tells nothing twice.
    let both = [vec![text("dup.log", &log)], recorded(CALL, Some(0), STATISTICS, "")].concat();
    assert_eq!(runs(&parse(&KIND, None, &both)).len(), 3);
}

#[test]
fn a_list_in_a_log_for_programs_needs_no_zone() {
    let log = "INFO 3 \nbackend BackendWrapper\narchive-dir (. dir)\nchain-complete\n full 20261101T010000Z 1 enc\n \
               inc 20261102T010000Z 1 noenc\norphaned-sets-num 0\nincomplete-sets-num 0\n. Collection Status\n. -----------------\n\
               . Archive dir: /var/cache/duplicity/nightly\n. \n. -------------------------\n\
               .                 Full         Sun Nov  1 02:00:00 2026                 1\n. -------------------------\n\
               . No orphaned or incomplete backup sets found.\n\n";
    let kept = parse(&KIND, None, &[text("log", log)]);
    let seen: Vec<_> =
        points(&kept).iter().map(|p| (p.recovery_point_id.as_str(), p.encrypted, p.resource.as_deref())).collect();
    let resource = Some("duplicity:nightly");
    assert_eq!(seen, [("20261101T010000Z", Some(true), resource), ("20261102T010000Z", Some(false), resource)]);
}

fn status(rows: &[&str], end: &str) -> String {
    let rows: String = rows.iter().map(|r| format!("                Full         {r}                 1\n")).collect();
    format!(
        "Sammlungszustand\n-----------------\nMit Hintergrundprogramm wird verbunden: BackendWrapper\n\
         Archivverzeichnis: /c/x\n\n0 zusätzliche Sicherungsketten gefunden.\n\nPrimäre Sicherungskette gefunden:\n\
         -------------------------\n{rows}-------------------------\n{end}"
    )
}

#[test]
fn the_newest_listed_set_may_be_what_an_interrupted_run_left() {
    let two = status(
        &["Sat Oct 31 01:00:00 2026", "Sun Nov  1 01:00:00 2026"],
        "Keine verwaisten Sicherungssätze gefunden.\n",
    );
    let kept = parse(&KIND, None, &recorded("duplicity collection-status file:///b", Some(0), &two, ""));
    let states: Vec<_> = runs(&kept).iter().map(|r| r.status).collect();
    assert_eq!(states, [RunStatus::Success, RunStatus::Unknown]);
    assert!(listings(&kept)[0].complete, "the last line is told apart by its place, in any language");
    for (end, whole) in [("", false), ("Keine verwaisten", false), ("Sekundäre Kette:\n", false)] {
        let cut = status(&["Sat Oct 31 01:00:00 2026"], end);
        let kept = parse(&KIND, None, &recorded("duplicity collection-status file:///b", Some(0), &cut, ""));
        assert_eq!(listings(&kept)[0].complete, whole, "{end:?}");
    }
    // A killed run began while the set was: it is that run's, and incomplete.
    let list = status(&["Mon Nov  2 00:00:01 2026"], "Keine verwaisten Sicherungssätze gefunden.\n");
    let mut documents = recorded("duplicity full /d file:///b", Some(137), "", "");
    documents.push(text("list.run.json", r#"{"command":"duplicity collection-status file:///b","tz":"Europe/Prague","started_at":"2026-11-02T08:00:00Z","finished_at":"2026-11-02T08:00:01Z","exit_code":0,"stdout":"list"}"#));
    documents.push(text("list", &list));
    let kept = parse(&KIND, None, &documents);
    assert_eq!(runs(&kept).iter().map(|r| r.status).collect::<Vec<_>>(), [RunStatus::Aborted]);
    assert_eq!(points(&kept)[0].complete, Some(false));
}

#[test]
fn removed_chains_are_deleted_points() {
    let list = status(&["Sat Oct 31 01:00:00 2026"], "").replace(
        "                 1\n-",
        "                 1\n         Incremental         Sun Nov  1 01:00:00 2026                 1\n-",
    );
    let mut documents = recorded(
        "duplicity remove-older-than 1M --force file:///b",
        Some(0),
        "Deleting backup chain(s) at time:\nSun Nov  1 01:00:00 2026\nDeleting complete signature chain Sun Nov  1 01:00:00 2026\n\
         Deleting complete backup chain Sun Nov  1 01:00:00 2026\n",
        "",
    );
    documents.push(text(
        "s.run.json",
        r#"{"command":"duplicity collection-status file:///b","tz":"Europe/Prague","stdout":"s"}"#,
    ));
    documents.push(text("s", &list));
    let gone = |documents: &[Document]| {
        let kept = parse(&KIND, None, documents);
        points(&kept).iter().filter(|p| p.deleted_at == instant("2026-11-01T23:05:00Z", None).ok()).count()
    };
    assert_eq!(gone(&documents), 2, "the whole chain, told by its end");
    documents[0] = recorded("duplicity remove-older-than 1M --force file:///b", Some(50), "", "")[0].clone();
    assert_eq!(gone(&documents), 0, "what failed proves nothing");
}

#[test]
fn verify_proves_damage_only_by_a_wrong_hash() {
    let check = |exit: i64, out: &str, call: &str| {
        let kept = parse(&KIND, None, &recorded(call, Some(exit), out, ""));
        (checks(&kept)[0].status, checks(&kept)[0].result)
    };
    let call = "duplicity verify file:///b /srv/data";
    let good = "Verify complete: 3 file(s) compared, 0 difference(s) found.\n";
    assert_eq!(check(0, good, call), (RunStatus::Success, Integrity::Pass));
    let differs = "Difference found: File b has mtime x\nVerify complete: 3 files compared, 1 difference found.\n";
    assert_eq!(check(1, differs, call), (RunStatus::Failed, Integrity::NotChecked));
    let damaged = "Invalid data - SHA1 hash mismatch for file:\n duplicity-full.vol1\n";
    assert_eq!(check(21, damaged, call), (RunStatus::Failed, Integrity::Fail));
    assert_eq!(check(0, good, "duplicity verify --file-to-restore a file:///b /srv/data").1, Integrity::NotChecked);
}

#[test]
fn command_lines_of_every_version_are_understood() {
    use super::command::{Action, Command};
    let read = |line: &str| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Command::read(&words).map(|c| (c.action, c.target.unwrap_or_default(), c.dry_run))
    };
    let at = |action, dry| Some((action, "file:///b".to_owned(), dry));
    assert_eq!(read("-v5 --exclude-device-files --include /a /d file:///b/"), at(Action::Backup, false));
    assert_eq!(read("--no-encryption incr --dry-run /d file:///b"), at(Action::Incremental, true));
    assert_eq!(read("file:///b /back"), at(Action::Restore, false));
    assert_eq!(read("rb -t 3D --path-to-restore x file:///b /back"), at(Action::Restore, false));
    assert_eq!(read("remove-all-but-n-full 2 --force file:///b"), at(Action::Remove, false));
    assert_eq!(read("full --name nightly /d $TARGET"), Some((Action::Full, "nightly".to_owned(), false)));
    assert_eq!(read("--version"), None);
    let kept = parse(&KIND, None, &recorded("duplicity restore -r etc file:///b /back", Some(0), "", ""));
    assert_eq!(restores(&kept)[0].kind, Some(TestKind::Partial));
}

#[test]
fn other_tools_files_are_passed_over() {
    for tool in ["rdiff-backup", "restic", "borg", "rclone", "rsnapshot", "pg_dump"] {
        let kept = parse(&KIND, Some("UTC"), &sample_documents(tool));
        assert_eq!(kept.rows, [], "{tool}");
    }
}

#[test]
fn a_cut_document_gives_no_success_that_is_none() {
    no_cut_gives_a_success(&KIND, Some("Europe/Prague"), &sample_documents("duplicity"));
    let cut = &STATISTICS[..STATISTICS.find("Errors").unwrap()];
    let kept: Kept = parse(&KIND, None, &[text("x", cut)]);
    assert_eq!(runs(&kept)[0].status, RunStatus::Unknown);
}

proptest! {
    #[test]
    fn no_mix_of_its_lines_is_a_success_without_statistics(
        lines in proptest::collection::vec(proptest::sample::select(vec![
            "NOTICE 1", ". Last full backup date: none", "Last full backup date: none", "-----------------", "Errors 0",
            "-------------------------", "                Full         Sat Oct 31 01:00:00 2026                 1",
            "StartTime 1793574001.26 (x)", "--------------[ Backup Statistics ]--------------", "Duplicity backup complete.",
            "GPGError: x", "INFO 3 ", " full 20261101T010000Z 1 enc", "Traceback (most recent call last):", "ERROR 30 X", "\u{0}\u{fffd}ž",
        ]), 0..30)
    ) {
        let kept = parse(&KIND, Some("Europe/Prague"), &[text("x.log", &lines.join("\n"))]);
        let told = lines.contains(&"Errors 0") && lines.iter().any(|l| l.starts_with("StartTime"));
        for run in runs(&kept) {
            prop_assert!(run.status != RunStatus::Success || told || run.status_raw == "listed");
        }
    }
}
