//! The sample against its ground truth; other versions, options and damage. Outputs beyond the sample are those of 2.2.2
//! and 2.2.7, and texts of 2.0.5.

use model::rows::{DeleteReason, Integrity, RunStatus, TestResult};
use proptest::prelude::*;

use super::KIND;
use crate::testing::{
    checks, differences_from_truth, listings, no_cut_gives_a_success, parse, points, recorded, restores, runs,
    sample_documents, sorted, text, verdict,
};
use crate::{Claim, Document};

const STATISTICS: &str = "\
StartTime 1793574001.26 (Mon Nov  2 00:00:01 2026)
EndTime 1793574005.68 (Mon Nov  2 00:00:05 2026)
ElapsedTime 4.43 (4.43 seconds)
SourceFiles 30
SourceFileSize 481921 (471 KB)
MirrorFiles 1
NewFiles 29
TotalDestinationSizeChange 4321 (4.22 KB)
Errors 0
";
const NAME: &str = "rdiff-backup-data/session_statistics.2026-11-02T00:00:01+01:00.data";
const CALL: &str = "rdiff-backup backup /srv/data backup@nas::/srv/repo";

fn one(command: &str, exit: Option<i64>, stdout: &str, stderr: &str) -> (RunStatus, String) {
    verdict(&parse(&KIND, None, &recorded(command, exit, stdout, stderr)))
}

#[test]
fn the_sample_reads_as_its_truth() {
    let kept = parse(&KIND, None, &sample_documents("rdiff-backup"));
    // The statistics tell sizes and names of files the sessions, which the truth leaves out.
    let known: Vec<(&str, &str)> = ["b01", "b02", "b03"]
        .into_iter()
        .flat_map(|id| ["bytes", "bytes_stored", "recovery_point"].map(|field| (id, field)))
        .collect();
    assert_eq!(differences_from_truth("rdiff-backup", &kept, &known), Vec::<String>::new());
    assert!(runs(&kept).iter().all(|r| r.resource.as_deref() == Some("rdiff-backup:/srv/backups/rdiff-app01")));
    let ids: Vec<_> = points(&kept).iter().map(|p| p.recovery_point_id.as_str()).collect();
    assert_eq!(ids, ["2026-10-23T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]);
    assert_eq!(checks(&kept)[0].recovery_point_ids, ["2026-10-25T01:30:00Z"], "the mirror, and no older state");
    assert!(listings(&kept).is_empty(), "a session without changes is in no list: absence proves nothing");
}

#[test]
fn order_of_documents_and_a_second_reading_change_nothing() {
    let mut all = sample_documents("rdiff-backup");
    let first = sorted(&parse(&KIND, None, &all));
    all.reverse();
    assert_eq!(first, sorted(&parse(&KIND, None, &all)));
}

#[test]
fn the_repository_alone_tells_its_sessions() {
    let all = sample_documents("rdiff-backup").into_iter().filter(|d| d.name().contains("rdiff-backup-data"));
    let all: Vec<Document> = all.collect();
    let kept = parse(&KIND, None, &all);
    assert_eq!(kept.problems, []);
    let seen: Vec<_> = runs(&kept).iter().map(|r| (r.status, r.recovery_point_id.is_some())).collect();
    assert_eq!(seen, [(RunStatus::Success, true); 3]);
    assert!(runs(&kept).iter().all(|r| r.resource.as_deref() == Some("rdiff-backup:/srv/backups/rdiff-app01")));
}

#[test]
fn two_mirrors_are_a_session_that_never_ended() {
    let mirror = |at: &str| text(&format!("d/current_mirror.{at}.data"), "PID 4711\n");
    let old = [mirror("2026-11-01T02:00:00+01:00"), mirror("2026-11-02T02:00:00+01:00")];
    let kept = parse(&KIND, None, &old);
    assert_eq!(runs(&kept).iter().map(|r| r.status).collect::<Vec<_>>(), [RunStatus::Aborted]);
    let young = [mirror("2026-11-01T02:00:00+01:00"), mirror("2026-11-22T22:00:00+01:00")];
    assert_eq!(runs(&parse(&KIND, None, &young))[0].status, RunStatus::Running);
    assert!(runs(&parse(&KIND, None, &old[..1])).is_empty(), "one mirror is how it should be");
}

#[test]
fn errors_with_single_files_make_a_session_partial() {
    let errors = STATISTICS.replace("Errors 0", "Errors 2");
    assert_eq!(runs(&parse(&KIND, None, &[text(NAME, &errors)]))[0].status, RunStatus::Partial);
    let log = text("rdiff-backup-data/error_log.2026-11-02T00:00:01+01:00.data", "UpdateError: 'a' vanished\n");
    let kept = parse(&KIND, None, &[text(NAME, STATISTICS), log]);
    assert_eq!(runs(&kept)[0].status, RunStatus::Partial);
    assert!(runs(&kept)[0].status_detail.as_deref().unwrap().contains("vanished"));
    let cut = parse(&KIND, None, &[text(NAME, &STATISTICS[..STATISTICS.len() - 10])]);
    assert!(runs(&cut).is_empty() && cut.problems.len() == 1);
}

#[test]
fn exit_codes_and_messages_decide() {
    assert_eq!(
        one(CALL, Some(0), "NOTE: Starting mirror from source path /srv/data to destination path /srv/repo\n", "").0,
        RunStatus::Success
    );
    assert_eq!(one(CALL, None, "", "").0, RunStatus::Unknown);
    let gone = "ERROR:   Source path /srv/data does not\n         exist\nERROR: Action backup failed on step check\n";
    let (status, detail) = one(CALL, Some(1), "", gone);
    assert_eq!(status, RunStatus::Failed);
    assert!(detail.starts_with("Source path /srv/data does not exist"), "wrapped lines are one message: {detail}");
    for code in [2, 4, 8, 10] {
        assert_eq!(one(CALL, Some(code), "", "").0, RunStatus::Partial, "{code}");
    }
    for code in [1, 3, 5, 16] {
        assert_eq!(one(CALL, Some(code), "", "").0, RunStatus::Failed, "{code}");
    }
    let old = "Fatal Error: It appears that a previous rdiff-backup session with process\nid 815 is still running.\n";
    assert_eq!(one("rdiff-backup /srv/data /srv/repo", Some(1), "", old).0, RunStatus::Failed);
    assert_eq!(one(CALL, Some(137), "", "").0, RunStatus::Aborted);
}

#[test]
fn a_silent_command_gets_the_statistics_of_its_session() {
    let silent = recorded("rdiff-backup backup /srv/data /srv/repo", Some(0), "", "");
    let kept = parse(&KIND, None, &[silent.clone(), vec![text(NAME, STATISTICS)]].concat());
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.status, run.bytes), (RunStatus::Success, Some(481_921)));
    assert_eq!(run.recovery_point_id.as_deref(), Some("2026-11-01T23:00:01Z"));
    assert_eq!(run.resource.as_deref(), Some("rdiff-backup:/srv/repo"));
    let warned = recorded("rdiff-backup backup /srv/data /srv/repo", Some(2), "", "");
    let kept = parse(&KIND, None, &[warned, vec![text(NAME, STATISTICS)]].concat());
    assert_eq!(runs(&kept).iter().map(|r| r.status).collect::<Vec<_>>(), [RunStatus::Partial]);
}

#[test]
fn every_form_of_list_names_the_same_sessions() {
    let plain = "Found 1 increments:\n    increments.2026-10-31T02:00:00+01:00.dir   Sat Oct 31 02:00:00 2026\n\
                 Current mirror: Sun Nov  1 02:00:00 2026\n";
    // What a killed session leaves in the list.
    let broken = plain.replace("Found 1 increments:\n", "Found 2 increments:\n    repo   Thu Jan  1 00:59:59 1970\n");
    let sizes = "          Time                 Size         Cumulative size \n------------------------ ----------------- -----------------\n\
                 Sat Oct 31 02:00:00 2026          66 bytes            297 KB\nSun Nov  1 02:00:00 2026            297 KB            297 KB  (current mirror)\n";
    let old = "1793408400 directory\n1793494800 directory\n";
    let yaml = "---\n- base: increments.2026-10-31T02:00:00+01:00.dir\n  time: 1793408400\n  type: directory\n\
                - base: repo\n  time: 1793494800\n  type: directory\n...\n";
    for (list, call) in [
        (plain, "rdiff-backup list increments /srv/repo"),
        (&broken, "rdiff-backup list increments /srv/repo"),
        (sizes, "rdiff-backup --list-increment-sizes /srv/repo"),
        (old, "rdiff-backup --parsable-output -l /srv/repo"),
        (yaml, "rdiff-backup --api-version 201 --parsable-output list increments /srv/repo"),
    ] {
        let kept = parse(&KIND, None, &recorded(call, Some(0), list, ""));
        let seen: Vec<_> = points(&kept).iter().map(|p| p.recovery_point_id.as_str()).collect();
        assert_eq!(seen, ["2026-10-31T01:00:00Z", "2026-11-01T01:00:00Z"], "{call}");
        assert!(runs(&kept).iter().all(|r| r.status == RunStatus::Success && r.status_raw == "listed"));
    }
    let file = plain.replace("increments.2026", "passwd.2026").replace(".dir", ".diff.gz");
    assert!(
        points(&parse(&KIND, None, &recorded("rdiff-backup list increments /srv/repo/etc/passwd", Some(0), &file, "")))
            .is_empty()
    );
}

#[test]
fn a_session_without_changes_does_not_get_the_point_before_it() {
    let list = "Found 0 increments:\nCurrent mirror: Sun Nov  1 22:00:00 2026\n";
    let block = format!("--------------[ Session statistics ]--------------\n{STATISTICS}");
    let call = "rdiff-backup backup --print-statistics /srv/data /srv/repo";
    let kept = parse(&KIND, None, &[recorded(call, Some(0), &block, ""), vec![text("list.txt", list)]].concat());
    let seen: Vec<_> = runs(&kept).iter().map(|r| (r.status_raw.as_str(), r.recovery_point_id.as_deref())).collect();
    assert_eq!(seen, [("Session statistics", None), ("listed", Some("2026-11-01T21:00:00Z"))]);
}

#[test]
fn removed_increments_are_deleted_points() {
    let list = "Found 1 increments:\n    increments.2026-10-31T02:00:00+01:00.dir   Sat Oct 31 02:00:00 2026\n\
                Current mirror: Sun Nov  1 02:00:00 2026\n";
    for said in [
        "NOTE: Deleting increment at date/time: Sat Oct 31 02:00:00 2026\n",
        "Deleting increments at times:\nFri Oct 30 02:00:00 2026\nSat Oct 31 02:00:00 2026\n",
    ] {
        let mut documents = recorded("rdiff-backup remove increments --older-than 1D /srv/repo", Some(0), said, "");
        documents.push(text("list.txt", list));
        let kept = parse(&KIND, Some("Europe/Prague"), &documents);
        let gone: Vec<_> =
            points(&kept).into_iter().filter(|p| p.delete_reason == Some(DeleteReason::Expired)).collect();
        assert_eq!(gone.len(), 1, "{said}");
        assert!(gone[0].deleted_at.is_some() && gone[0].recovery_point_id == "2026-10-31T01:00:00Z");
    }
}

#[test]
fn verify_finds_damage_and_restores_end() {
    let check = |exit: i64, out: &str, err: &str| {
        let kept = parse(&KIND, None, &recorded("rdiff-backup verify /srv/repo", Some(exit), out, err));
        (checks(&kept)[0].status, checks(&kept)[0].result)
    };
    assert_eq!(check(0, "NOTE: All files verified successfully\n", ""), (RunStatus::Success, Integrity::Pass));
    assert_eq!(check(0, "Every file verified successfully.\n", ""), (RunStatus::Success, Integrity::Pass));
    let bad = "WARNING: Computed SHA1 digest of file a '6' doesn't match recorded digest of 'c'. Your backup repository may be corrupted!\n";
    assert_eq!(check(2, "", bad), (RunStatus::Failed, Integrity::Fail));
    assert_eq!(check(8, "", ""), (RunStatus::Partial, Integrity::NotChecked));
    let restore = |call: &str, exit: i64| {
        let kept = parse(&KIND, None, &recorded(call, Some(exit), "", ""));
        (restores(&kept)[0].result, restores(&kept)[0].resource.clone().unwrap())
    };
    let repository = "rdiff-backup:/srv/repo".to_owned();
    assert_eq!(restore("rdiff-backup restore --at 2B /srv/repo /back", 0), (TestResult::Success, repository.clone()));
    assert_eq!(restore("rdiff-backup -r 3D /srv/repo /back", 1), (TestResult::Failed, repository.clone()));
    let increment = "/srv/repo/rdiff-backup-data/increments/a.2026-10-31T02:00:00+01:00.diff.gz";
    assert_eq!(restore(&format!("rdiff-backup {increment} /back/a"), 0), (TestResult::Success, repository));
}

#[test]
fn metadata_with_names_of_files_is_not_kept() {
    for name in ["file_statistics", "mirror_metadata", "extended_attributes", "access_control_lists"] {
        let name = format!("rdiff-backup-data/{name}.2026-10-31T02:00:00+01:00.snapshot.gz");
        assert!(matches!((KIND.claim)(&name, b"\x1f\x8b"), Claim::Pass(_)), "{name}");
    }
    assert_eq!((KIND.claim)(NAME, STATISTICS.as_bytes()), Claim::Keep);
    let kept = parse(&KIND, None, &recorded(CALL, Some(0), "", ""));
    assert_eq!(runs(&kept)[0].resource.as_deref(), Some("rdiff-backup:nas::/srv/repo"), "no user in it");
}

#[test]
fn other_tools_files_are_passed_over() {
    for tool in ["duplicity", "restic", "borg", "rclone", "rsnapshot", "pg_dump"] {
        assert_eq!(parse(&KIND, Some("UTC"), &sample_documents(tool)).rows, [], "{tool}");
    }
}

#[test]
fn a_cut_document_gives_no_success_that_is_none() {
    no_cut_gives_a_success(&KIND, Some("Europe/Prague"), &sample_documents("rdiff-backup"));
}

proptest! {
    #[test]
    fn no_mix_of_its_lines_is_a_success_without_statistics(
        lines in proptest::collection::vec(proptest::sample::select(vec![
            "NOTE: Starting mirror from source path /a to destination path /b", "         destination path /b", "Errors 0",
            "StartTime 1793574001.26 (x)", "EndTime 1793574005.68", "--------------[ Session statistics ]--------------",
            "Fatal Error: x", "ERROR: Action backup failed on step run", "Deleting increments at times:",
            "Sat Oct 31 02:00:00 2026", "Found 1 increments:", "---", "...", "  time: 1793408400", "\u{0}\u{fffd}ž",
        ]), 0..30)
    ) {
        let kept = parse(&KIND, Some("Europe/Prague"), &[text("x.log", &lines.join("\n"))]);
        let told = lines.contains(&"Errors 0");
        for run in runs(&kept) {
            prop_assert!(run.status != RunStatus::Success || told || run.status_raw == "listed");
        }
    }
}
