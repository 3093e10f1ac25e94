//! Documented replies beyond the sample.

use model::rows::{
    DiscoveredAsset, ObservedPlan, PitrSample, Row, RunStatus, StorageLocation, TestKind, TestResult, Trigger,
};
use model::time::instant;

use super::KIND;
use crate::testing::{listings, parse, points, restores, rows, runs, text};
use crate::{Document, Kept};

rows!(pitr, Pitr, PitrSample);
rows!(plans, Plan, ObservedPlan);
rows!(storage, Storage, StorageLocation);
rows!(assets, Asset, DiscoveredAsset);

fn read(documents: &[Document]) -> Kept {
    parse(&KIND, None, documents)
}

fn recorded(name: &str, command: &str, exit: i64, content: &str) -> [Document; 2] {
    let record = format!(
        r#"{{"command":"{command}","started_at":"2026-11-20T03:00:00Z","finished_at":"2026-11-20T03:00:05Z",
        "exit_code":{exit},"stdout":"{name}"}}"#
    );
    [text(name, content), text(&format!("{name}.run.json"), &record)]
}

const HERE: &str = "arn:aws:rds:eu-west-1:123456789012";

fn snapshot(name: &str, more: &str) -> String {
    format!(
        r#"{{"DBSnapshotIdentifier":"{name}","DBInstanceIdentifier":"pg","DBSnapshotArn":"{HERE}:snapshot:{name}",
        "SnapshotCreateTime":"2026-11-20T02:00:00.5+00:00"{more}}}"#
    )
}

fn list(snapshots: &[String]) -> String {
    format!(r#"{{"DBSnapshots":[{}]}}"#, snapshots.join(","))
}

#[test]
fn every_status_of_a_snapshot_is_told_apart() {
    for (word, status, complete) in [
        ("available", RunStatus::Success, Some(true)),
        ("creating", RunStatus::Running, Some(false)),
        ("failed", RunStatus::Failed, Some(false)),
        ("deleting", RunStatus::Unknown, None),
        ("whatever", RunStatus::Unknown, None),
    ] {
        let kept = read(&[text("s.json", &list(&[snapshot("a", &format!(r#","Status":"{word}""#))]))]);
        let ([run], [point]) = (&runs(&kept)[..], &points(&kept)[..]) else { panic!("{kept:?}") };
        assert_eq!((run.status, run.status_raw.as_str(), point.complete), (status, word, complete));
        assert_eq!((run.bytes, run.encrypted), (None, None), "what is not told is not known");
        assert_eq!(run.started_at, Some(instant("2026-11-20T02:00:00.5Z", None).unwrap()));
    }
    let kept = read(&[text("s.json", &list(&[snapshot("a", "")]))]);
    assert_eq!(runs(&kept)[0].status, RunStatus::Unknown, "no status is no success");
}

#[test]
fn a_copy_names_its_original_and_keeps_the_time_of_the_data() {
    let original = snapshot("a", r#","Status":"available","OriginalSnapshotCreateTime":"2026-11-20T02:00:00.5Z""#);
    let copy = snapshot("b", r#","Status":"available","OriginalSnapshotCreateTime":"2026-11-20T02:00:00.5Z""#)
        .replace("\"SnapshotCreateTime\":\"2026-11-20T02", "\"SnapshotCreateTime\":\"2026-11-20T05");
    let far = snapshot("c", r#","Status":"available","SourceRegion":"us-east-1","SourceDBSnapshotIdentifier":"arn:x""#);
    let kept = read(&[text("s.json", &list(&[original, copy, far]))]);
    let [a, b, c] = points(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(a.copy_of, None);
    assert_eq!(b.copy_of.as_deref(), Some(format!("{HERE}:snapshot:a").as_str()));
    assert_eq!(b.taken_at, a.taken_at);
    assert!(b.created_at > a.created_at);
    assert_eq!(c.copy_of.as_deref(), Some("arn:x"));
    assert_eq!(c.resource.as_deref(), Some("rds:arn:aws:rds:us-east-1:123456789012:db:pg"), "the database is there");
    assert_eq!(c.location_id.as_deref(), Some(format!("rds:{HERE}:db:pg").as_str()), "the copy is here");
}

#[test]
fn a_listing_is_complete_only_without_filter_and_pages() {
    let content = list(&[snapshot("a", r#","Status":"available""#)]);
    let complete = |command: &str, content: &str| {
        let kept = read(&recorded("s.json", command, 0, content));
        listings(&kept).iter().map(|l| l.complete).collect::<Vec<_>>()
    };
    assert_eq!(complete("aws rds describe-db-snapshots --region eu-west-1", &content), [true]);
    assert_eq!(complete("aws rds describe-db-snapshots --db-instance-identifier pg", &content), [true]);
    assert_eq!(complete("aws rds describe-db-snapshots --snapshot-type manual", &content), [false]);
    let paged = content.replacen('{', r#"{"NextToken":"n","#, 1);
    assert_eq!(complete("aws rds describe-db-snapshots", &paged), [false]);
    assert!(listings(&read(&[text("s.json", &content)])).iter().all(|l| !l.complete), "the filter is not known");
    let failed = read(&recorded("s.json", "aws rds describe-db-snapshots", 255, &content));
    assert!(listings(&failed).iter().all(|l| !l.complete) && !failed.problems.is_empty());
}

#[test]
fn clusters_are_read_like_instances_and_members_are_left_to_them() {
    let clusters = format!(
        r#"{{"DBClusters":[{{"DBClusterIdentifier":"au","DBClusterArn":"{HERE}:cluster:au","BackupRetentionPeriod":7,
        "EarliestRestorableTime":"2026-11-13T02:00:00Z","LatestRestorableTime":"2026-11-20T02:55:00Z",
        "PreferredBackupWindow":"01:00-01:30","StorageEncrypted":true}}]}}"#
    );
    let member = format!(
        r#"{{"DBInstances":[{{"DBInstanceIdentifier":"au-1","DBInstanceArn":"{HERE}:db:au-1","DBClusterIdentifier":"au",
        "BackupRetentionPeriod":1,"StorageEncrypted":true}}]}}"#
    );
    let snapshots = format!(
        r#"{{"DBClusterSnapshots":[{{"DBClusterSnapshotIdentifier":"rds:au-1","DBClusterIdentifier":"au",
        "DBClusterSnapshotArn":"{HERE}:cluster-snapshot:rds:au-1","SnapshotCreateTime":"2026-11-20T01:05:00Z",
        "SnapshotType":"automated","Status":"available","StorageEncrypted":true}}]}}"#
    );
    let kept = read(&[text("c.json", &clusters), text("i.json", &member), text("s.json", &snapshots)]);
    let resource = format!("rds:{HERE}:cluster:au");
    let [plan] = plans(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((plan.resource.as_ref(), plan.retention_s), (Some(&resource), Some(7 * 86_400)));
    let [sample] = pitr(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(sample.earliest_restorable_at, Some(instant("2026-11-13T02:00:00Z", None).unwrap()));
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.resource.as_ref(), run.trigger), (Some(&resource), Some(Trigger::Scheduled)));
    assert_eq!(run.encrypted, Some(true));
    assert_eq!(storage(&kept).len(), 1);
    let excluded: Vec<bool> = assets(&kept).iter().map(|a| a.excluded_reason.is_some()).collect();
    assert_eq!(excluded, [false, true], "the member is no asset of its own");
}

#[test]
fn retention_zero_means_automated_backups_are_off() {
    let reply = format!(
        r#"{{"DBInstances":[{{"DBInstanceIdentifier":"pg","DBInstanceArn":"{HERE}:db:pg","BackupRetentionPeriod":0}}]}}"#
    );
    let kept = read(&[text("i.json", &reply)]);
    let [plan] = plans(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((plan.enabled, plan.retention_s), (Some(false), None));
    assert!(pitr(&kept).is_empty());
    assert_eq!(storage(&kept)[0].encryption_default, None);
}

#[test]
fn the_restore_window_is_a_sample_at_the_time_of_the_question() {
    let reply = format!(
        r#"{{"DBInstanceAutomatedBackups":[{{"DBInstanceArn":"{HERE}:db:pg","DBInstanceIdentifier":"pg","Status":"retained",
        "RestoreWindow":{{"EarliestTime":"2026-11-01T00:00:00Z","LatestTime":"2026-11-20T02:57:00Z"}}}}]}}"#
    );
    let kept = read(&recorded("a.json", "aws rds describe-db-instance-automated-backups", 0, &reply));
    let [sample] = pitr(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(sample.observed_at, instant("2026-11-20T03:00:05Z", None).unwrap());
    assert_eq!(sample.latest_restorable_at, Some(instant("2026-11-20T02:57:00Z", None).unwrap()));
    assert_eq!(sample.resource.as_deref(), Some(format!("rds:{HERE}:db:pg").as_str()));
}

#[test]
fn a_restore_call_is_an_order_and_a_refused_one_a_failure() {
    let reply = format!(r#"{{"DBInstance":{{"DBInstanceArn":"{HERE}:db:t","DBInstanceStatus":"creating"}}}}"#);
    let instances = format!(r#"{{"DBInstances":[{{"DBInstanceIdentifier":"pg","DBInstanceArn":"{HERE}:db:pg"}}]}}"#);
    let command = "aws rds restore-db-instance-to-point-in-time --source-db-instance-identifier pg \
                   --target-db-instance-identifier t --use-latest-restorable-time";
    let mut documents = recorded("r.json", command, 0, &reply).to_vec();
    documents.push(text("i.json", &instances));
    let kept = read(&documents);
    let [test] = restores(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((test.result, test.kind), (TestResult::Running, Some(TestKind::PointInTime)));
    assert_eq!(test.resource.as_deref(), Some(format!("rds:{HERE}:db:pg").as_str()));

    let refused = "\nAn error occurred (InsufficientDBInstanceCapacity) when calling the \
                   RestoreDBInstanceToPointInTime operation: no";
    let kept = read(&recorded("r.stderr", command, 254, refused));
    let [test] = restores(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(test.result, TestResult::Failed);
    assert_eq!(test.started_at, Some(instant("2026-11-20T03:00:00Z", None).unwrap()));
}

#[test]
fn a_refused_snapshot_is_a_failed_run_unless_there_is_nothing_to_back_up() {
    let command = "aws rds create-db-snapshot --db-instance-identifier pg --db-snapshot-identifier x";
    let said = |code: &str| format!("\nAn error occurred ({code}) when calling the CreateDBSnapshot operation: text\n");
    let kept = read(&recorded("s.stderr", command, 254, &said("SnapshotQuotaExceeded")));
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(run.status, RunStatus::Failed);
    assert!(run.status_detail.as_deref().is_some_and(|d| d.contains("SnapshotQuotaExceeded")));
    let kept = read(&recorded("s.stderr", command, 254, &said("DBInstanceNotFound")));
    assert_eq!((runs(&kept).len(), kept.problems.len()), (0, 1));
    let kept = read(&[text("s.stderr", &said("SnapshotQuotaExceeded"))]);
    assert_eq!((runs(&kept).len(), kept.problems.len()), (0, 1), "of which database is not known");
}

#[test]
fn events_give_a_snapshot_its_end_or_are_a_run_themselves() {
    let event = |at: &str, message: &str, of: &str| {
        format!(
            r#"{{"SourceIdentifier":"{of}","SourceType":"db-instance","Message":"{message}","EventCategories":["backup"],
            "Date":"2026-11-20T{at}Z","SourceArn":"{HERE}:db:{of}"}}"#
        )
    };
    let events = [
        event("01:59:30", "Backing up DB instance", "pg"),
        event("02:04:00", "Finished DB Instance backup", "pg"),
        event("03:00:00", "Backing up DB instance", "my"),
        event("03:09:00", "Finished DB Instance backup", "my"),
        event("04:00:00", "Backing up DB instance", "zz"),
    ];
    let events = format!(r#"{{"Events":[{}]}}"#, events.join(","));
    let snapshots = list(&[snapshot("rds:pg-1", r#","Status":"available","SnapshotType":"automated""#)]);
    let kept = read(&[text("e.json", &events), text("s.json", &snapshots)]);
    let mut found: Vec<_> = runs(&kept).iter().map(|r| (r.resource.clone().unwrap(), r.status, r.ended_at)).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let at = |time: &str| Some(instant(&format!("2026-11-20T{time}Z"), None).unwrap());
    let of = |name: &str| format!("rds:{HERE}:db:{name}");
    assert_eq!(
        found,
        [
            (of("my"), RunStatus::Success, at("03:09:00")),
            (of("pg"), RunStatus::Success, at("02:04:00")),
            (of("zz"), RunStatus::Unknown, None),
        ]
    );
}

#[test]
fn public_snapshots_of_others_are_not_ours() {
    let volume = |id: &str, owner: &str| {
        format!(
            r#"{{"SnapshotId":"{id}","VolumeId":"vol-1","State":"completed","OwnerId":"{owner}",
            "StartTime":"2026-11-20T02:00:00Z","CompletionTime":"2026-11-20T02:09:00Z","FullSnapshotSizeInBytes":77}}"#
        )
    };
    let mixed =
        format!(r#"{{"Snapshots":[{},{}]}}"#, volume("snap-a", "111111111111"), volume("snap-b", "222222222222"));
    let kept = read(&[text("e.json", &mixed)]);
    assert!(runs(&kept).is_empty() && kept.problems.iter().any(|p| p.message.contains("--owner-ids self")));
    let caller = r#"{"UserId":"AIDA","Account":"222222222222","Arn":"arn:aws:iam::222222222222:user/u"}"#;
    let kept = read(&[text("e.json", &mixed), text("who.json", caller)]);
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.run_id.as_str(), run.bytes), ("snap-b", Some(77)));
    assert_eq!(run.ended_at, Some(instant("2026-11-20T02:09:00Z", None).unwrap()));
    assert!(kept.passed_over.iter().any(|(_, reason)| reason.contains("1 of 2")));
}

#[test]
fn point_in_time_recovery_of_a_table_needs_its_name() {
    let reply = r#"{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":
        {"PointInTimeRecoveryStatus":"ENABLED","RecoveryPeriodInDays":35,
         "EarliestRestorableDateTime":1795000000.0,"LatestRestorableDateTime":1795383000.25}}}"#;
    let table = r#"{"Table":{"TableName":"t","TableArn":"arn:aws:dynamodb:eu-west-1:123456789012:table/t"}}"#;
    let command = "aws dynamodb describe-continuous-backups --table-name t";
    let mut documents = recorded("p.json", command, 0, reply).to_vec();
    documents.push(text("t.json", table));
    let kept = read(&documents);
    let ([plan], [sample]) = (&plans(&kept)[..], &pitr(&kept)[..]) else { panic!("{kept:?}") };
    assert_eq!((plan.enabled, plan.retention_s), (Some(true), Some(35 * 86_400)));
    assert_eq!(sample.latest_restorable_at, Some(instant("2026-11-22T21:30:00.25Z", None).unwrap()));
    let kept = read(&[text("p.json", reply)]);
    assert!(plans(&kept).is_empty() && kept.problems.iter().any(|p| p.message.contains("does not name its table")));
}

#[test]
fn damaged_input_is_reported_and_the_rest_is_read() {
    let whole = list(&[snapshot("a", r#","Status":"available""#), snapshot("b", r#","Status":"available""#)]);
    let kept = read(&[text("s.json", &whole[..whole.len() - 20])]);
    assert_eq!((runs(&kept).len(), kept.problems.len()), (1, 1), "{kept:?}");
    let kept = read(&[text("s.json", r#"{"DBSnapshots":[7,{"Status":"available"}]}"#)]);
    assert_eq!((runs(&kept).len(), kept.problems.len()), (0, 2), "{kept:?}");
    let bad_time = snapshot("a", r#","Status":"available""#).replace("2026-11-20T02", "2026-13-20T02");
    let kept = read(&[text("s.json", &list(&[bad_time]))]);
    assert_eq!((runs(&kept)[0].started_at, kept.problems.len()), (None, 1));
    let missing = r#"{"command":"aws rds describe-db-snapshots","exit_code":0,"stdout":"gone.json"}"#;
    let kept = read(&[text("x.run.json", missing)]);
    assert!(kept.problems.iter().any(|p| p.message.contains("gone.json")));
}

#[test]
fn the_reply_of_a_delete_call_tells_a_deletion() {
    let one = snapshot("a", r#","Status":"available""#);
    let listed = text("s.json", &list(std::slice::from_ref(&one)));
    let deleted = recorded(
        "d.json",
        "aws rds delete-db-snapshot --db-snapshot-identifier a",
        0,
        &format!(r#"{{"DBSnapshot":{one}}}"#),
    );
    let kept = read(&[&[listed][..], &deleted].concat());
    let [point] = points(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(point.deleted_at, Some(instant("2026-11-20T03:00:05Z", None).unwrap()));
    assert_eq!(runs(&kept).len(), 1);
}
