//! Documented replies of AWS Backup: the simulated service of the sample has no jobs.

mod reports;

use std::collections::BTreeMap;

use model::rows::{
    Component, Immutability, Integrity, ObservedPlan, Row, RunStatus, StorageLocation, TestResult, TestTrigger, Trigger,
};
use model::time::instant;

use super::KIND;
use crate::testing::{listings, parse, points, restores, rows, runs, text};
use crate::{Document, Kept};

rows!(storage, Storage, StorageLocation);
rows!(plans, Plan, ObservedPlan);

fn read(documents: &[Document]) -> Kept {
    parse(&KIND, None, documents)
}

const ARN: &str = "arn:aws:rds:us-east-1:123456789012:db:acme-pg";
const POINT: &str = "arn:aws:rds:us-east-1:123456789012:snapshot:awsbackup:job-1111";
const VAULT: &str = "arn:aws:backup:us-east-1:123456789012:backup-vault:acme";

fn job(state: &str, more: &str) -> String {
    format!(
        r#"{{"BackupJobs":[{{"AccountId":"123456789012","BackupJobId":"1111","BackupVaultName":"acme",
        "BackupVaultArn":"{VAULT}","ResourceType":"RDS","ResourceArn":"{ARN}","RecoveryPointArn":"{POINT}",
        "CreationDate":1716871200.123,"CompletionDate":1716872400.0,"State":"{state}","PercentDone":"100.0",
        "BackupSizeInBytes":21474836480,"IsParent":false,
        "CreatedBy":{{"BackupPlanId":"plan-1","BackupRuleId":"rule-1"}}{more}}}]}}"#
    )
}

#[test]
fn a_completed_job_of_version_1_and_version_2_is_one_run_with_the_same_times() {
    let one = job("COMPLETED", r#","MessageCategory":"SUCCESS""#);
    let two = one
        .replace("1716871200.123", "\"2024-05-28T06:40:00.123000+02:00\"")
        .replace("1716872400.0", "\"2024-05-28T07:00:00+02:00\"");
    for content in [one, two] {
        let kept = read(&[text("jobs.json", &content)]);
        assert_eq!(kept.problems, []);
        let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!(run.status, RunStatus::Success);
        assert_eq!(run.started_at, Some(instant("2024-05-28T04:40:00.123Z", None).unwrap()));
        assert_eq!(run.ended_at, Some(instant("2024-05-28T05:00:00Z", None).unwrap()));
        assert_eq!(run.bytes, Some(21_474_836_480));
        assert_eq!(run.bytes_stored, None);
        assert_eq!(run.resource.as_deref(), Some(format!("aws-backup:{ARN}").as_str()));
        assert_eq!(run.recovery_point_id.as_deref(), Some(POINT));
        assert_eq!(run.location_id.as_deref(), Some(format!("aws-backup:{VAULT}").as_str()));
        assert_eq!(run.trigger, Some(Trigger::Scheduled));
        assert_eq!(run.plan_id.as_deref(), Some("plan-1/rule-1"));
        assert_eq!(run.encrypted, None, "an older reply does not tell");
        assert_eq!(run.origin.record_id, "backup-job:1111");
    }
}

#[test]
fn every_state_is_told_apart() {
    let vss = r#","StatusMessage":"Windows VSS Backup Job Error encountered, trying for regular backup""#;
    let cases = [
        ("COMPLETED", "", RunStatus::Success),
        ("COMPLETED", vss, RunStatus::Partial),
        ("COMPLETED", r#","MessageCategory":"AccessDenied","StatusMessage":"x""#, RunStatus::Partial),
        ("COMPLETED", r#","MessageCategory":"SUCCESS","StatusMessage":"Success""#, RunStatus::Success),
        ("PARTIAL", "", RunStatus::Partial),
        ("FAILED", "", RunStatus::Failed),
        ("ABORTED", "", RunStatus::Aborted),
        ("ABORTING", "", RunStatus::Running),
        ("EXPIRED", "", RunStatus::Expired),
        ("RUNNING", "", RunStatus::Running),
        ("CREATED", "", RunStatus::Pending),
        ("PENDING", "", RunStatus::Pending),
        ("HIBERNATING", "", RunStatus::Unknown),
    ];
    for (state, more, status) in cases {
        let kept = read(&[text("jobs.json", &job(state, more))]);
        let [run] = runs(&kept)[..] else { panic!("{state}: {kept:?}") };
        assert_eq!((run.status, run.status_raw.as_str()), (status, state), "{more}");
    }
}

#[test]
fn the_later_answer_about_a_job_holds() {
    let at = |hour: u32| {
        let name = format!("{hour}.json");
        let record = format!(
            r#"{{"command":"aws backup list-backup-jobs","started_at":"2024-05-28T{hour:02}:00:00Z",
            "finished_at":"2024-05-28T{hour:02}:00:01Z","exit_code":0,"stdout":"{name}"}}"#
        );
        let state = if hour == 5 { "RUNNING" } else { "COMPLETED" };
        vec![text(&name, &job(state, "")), text(&format!("{hour}.run.json"), &record)]
    };
    for documents in [[at(5), at(6)].concat(), [at(6), at(5)].concat()] {
        let kept = read(&documents);
        let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!(run.status, RunStatus::Success);
    }
}

#[test]
fn copy_jobs_name_the_copy_and_its_vault() {
    let reply = format!(
        r#"{{"CopyJobs":[{{"CopyJobId":"c-1","SourceRecoveryPointArn":"{POINT}","State":"FAILED",
        "DestinationBackupVaultArn":"{VAULT}-dr","DestinationRecoveryPointArn":"{POINT}-copy","ResourceArn":"{ARN}",
        "CreationDate":"2024-05-28T04:40:00Z","StatusMessage":"Access Denied trying to call AWS Backup service"}}]}}"#
    );
    let kept = read(&[text("copies.json", &reply)]);
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(run.status, RunStatus::Failed);
    assert_eq!(run.recovery_point_id.as_deref(), Some(format!("{POINT}-copy").as_str()));
    assert_eq!(run.location_id.as_deref(), Some(format!("aws-backup:{VAULT}-dr").as_str()));
    assert!(run.status_detail.as_deref().is_some_and(|d| d.contains("Access Denied")));
}

fn point_list() -> String {
    format!(
        r#"{{"RecoveryPoints":[
        {{"RecoveryPointArn":"{POINT}","BackupVaultName":"acme","BackupVaultArn":"{VAULT}","ResourceArn":"{ARN}",
          "ResourceType":"RDS","Status":"COMPLETED","CreationDate":1716871200.0,"CompletionDate":1716872400.0,
          "BackupSizeInBytes":100,"IsEncrypted":true,"EncryptionKeyArn":"arn:aws:kms:k",
          "CalculatedLifecycle":{{"DeleteAt":1719463200.0}}}},
        {{"RecoveryPointArn":"{POINT}-b","BackupVaultName":"acme","ResourceArn":"{ARN}","ResourceType":"Aurora",
          "Status":"PARTIAL","StatusMessage":"incomplete","CreationDate":1716957600.0,"BackupSizeInBytes":0}}]}}"#
    )
}

#[test]
fn recovery_points_prove_runs_that_no_job_in_the_folder_shows() {
    let alone = read(&[text("points.json", &point_list())]);
    let statuses: BTreeMap<&str, RunStatus> = runs(&alone).iter().map(|r| (r.run_id.as_str(), r.status)).collect();
    let second = format!("{POINT}-b");
    assert_eq!(statuses, BTreeMap::from([(POINT, RunStatus::Success), (&second, RunStatus::Partial)]));
    let [first, other] = points(&alone)[..] else { panic!("{alone:?}") };
    assert_eq!((first.complete, other.complete), (Some(true), Some(false)));
    assert_eq!(first.expires_at, Some(instant("2024-06-27T04:40:00Z", None).unwrap()));
    assert_eq!((first.encrypted, other.encrypted), (Some(true), None));
    assert_eq!((first.bytes, other.bytes), (Some(100), None), "Aurora does not tell its size");
    assert_eq!(first.location_id, other.location_id, "a vault's name is completed from the ARN");
    assert_eq!(first.component, Some(Component::Snapshot));

    let with_job = read(&[text("points.json", &point_list()), text("jobs.json", &job("COMPLETED", ""))]);
    assert_eq!(runs(&with_job).iter().filter(|r| r.recovery_point_id.as_deref() == Some(POINT)).count(), 1);
    assert_eq!(points(&with_job).len(), 2);
}

#[test]
fn a_listing_is_complete_only_by_resource_and_as_recorded() {
    let with = |command: &str, list: &str| {
        let record = format!(
            r#"{{"command":"{command}","finished_at":"2024-05-29T00:00:00Z","exit_code":0,"stdout":"p.json"}}"#
        );
        let kept = read(&[text("p.json", list), text("p.run.json", &record)]);
        listings(&kept).into_iter().map(|l| (l.complete, l.recovery_point_ids.len())).collect::<Vec<_>>()
    };
    let by_resource = format!("aws backup list-recovery-points-by-resource --resource-arn {ARN}");
    assert_eq!(with(&by_resource, &point_list()), [(true, 2)]);
    assert_eq!(with(&by_resource, r#"{"RecoveryPoints":[]}"#), [(true, 0)], "none left is told too");
    let paged = point_list().replacen('{', r#"{"NextToken":"t","#, 1);
    assert_eq!(with(&by_resource, &paged), [(false, 2)]);
    assert_eq!(
        with("aws backup list-recovery-points-by-backup-vault --backup-vault-name acme", &point_list()),
        [(false, 2)]
    );
    let kept = read(&[text("p.json", &point_list())]);
    assert!(listings(&kept).iter().all(|l| !l.complete));
}

#[test]
fn a_next_page_is_a_problem_and_what_is_there_is_read() {
    let paged = job("COMPLETED", "").replacen('{', r#"{"NextToken":"eyJ","#, 1);
    let kept = read(&[text("jobs.json", &paged)]);
    assert_eq!(runs(&kept).len(), 1);
    assert!(kept.problems.iter().any(|p| p.message.contains("next page")), "{:?}", kept.problems);
}

#[test]
fn restore_jobs_tell_data_from_validation() {
    let list = |more: &str| {
        format!(
            r#"{{"RestoreJobs":[{{"RestoreJobId":"r-1","RecoveryPointArn":"{POINT}","CreationDate":1716871200.0,
            "CompletionDate":1716874800.0,"PercentDone":"100.00%","BackupSizeInBytes":7,"ResourceType":"RDS",
            "CreatedResourceArn":"arn:aws:rds:us-east-1:123456789012:db:test"{more}}}]}}"#
        )
    };
    let by_plan = r#","CreatedBy":{"RestoreTestingPlanArn":"arn:aws:backup:p"}"#;
    let cases = [
        (r#","Status":"COMPLETED""#, TestResult::Success, None),
        (r#","Status":"COMPLETED","ValidationStatus":"SUCCESSFUL""#, TestResult::Success, Some(Integrity::Pass)),
        (r#","Status":"COMPLETED","ValidationStatus":"FAILED""#, TestResult::Failed, Some(Integrity::Fail)),
        (r#","Status":"COMPLETED","ValidationStatus":"TIMED_OUT""#, TestResult::Partial, None),
        (r#","Status":"FAILED""#, TestResult::Failed, None),
        (r#","Status":"ABORTED""#, TestResult::Aborted, None),
        (r#","Status":"RUNNING""#, TestResult::Running, None),
        (r#","Status":"SLEEPING""#, TestResult::Running, None),
    ];
    for (more, result, integrity) in cases {
        let kept = read(&[text("r.json", &list(&format!("{more}{by_plan}"))), text("p.json", &point_list())]);
        let [test] = restores(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!((test.result, test.integrity_result), (result, integrity), "{more}");
        assert_eq!(test.trigger, Some(TestTrigger::Scheduled));
        assert_eq!(test.resource.as_deref(), Some(format!("aws-backup:{ARN}").as_str()), "known from the point");
        assert_eq!(test.ended_at, Some(instant("2024-05-28T05:40:00Z", None).unwrap()));
        assert_eq!(test.restore_finished_at.is_some(), more.contains("COMPLETED"));
        assert!(test.from_log && test.service_ready_at.is_none());
    }
}

#[test]
fn the_lock_of_a_vault_depends_on_its_date() {
    let vault = |more: &str| {
        let reply =
            format!(r#"{{"BackupVaultList":[{{"BackupVaultArn":"{VAULT}","NumberOfRecoveryPoints":1{more}}}]}}"#);
        let kept = read(&[text("v.json", &reply)]);
        let [row] = storage(&kept)[..] else { panic!("{kept:?}") };
        (row.immutability, row.encryption_default, row.region.clone(), row.account_ref.clone())
    };
    let region = Some("us-east-1".to_owned());
    let account = Some("123456789012".to_owned());
    let past = r#","Locked":true,"LockDate":1716871200.0,"EncryptionKeyArn":"k""#;
    assert_eq!(vault(past), (Some(Immutability::Compliance), Some(true), region, account));
    assert_eq!(vault(r#","Locked":true,"LockDate":"2030-01-01T00:00:00Z""#).0, Some(Immutability::Governance));
    assert_eq!(vault(r#","Locked":true"#).0, Some(Immutability::Governance));
    assert_eq!(vault(r#","Locked":false"#).0, Some(Immutability::None));
    assert_eq!(vault("").0, None);
    assert_eq!(vault("").1, None, "a key that is not shown is not known");
}

#[test]
fn a_vault_is_not_hidden_by_other_entries_that_name_it() {
    let vault =
        format!(r#"{{"BackupVaultName":"acme","BackupVaultArn":"{VAULT}","EncryptionKeyArn":"k","Locked":true}}"#);
    let point = format!(
        r#"{{"RecoveryPointArn":"{POINT}","BackupVaultArn":"{VAULT}","ResourceArn":"{ARN}","Status":"COMPLETED","EncryptionKeyArn":"k"}}"#
    );
    let kept = read(&[text("a.json", &vault), text("z.json", &point)]);
    assert_eq!((storage(&kept).len(), points(&kept).len()), (1, 1), "{kept:?}");
}

#[test]
fn plans_have_a_row_for_each_rule_and_assigned_resource() {
    let plan = r#"{"BackupPlanId":"plan-1","BackupPlan":{"BackupPlanName":"daily","Rules":[
        {"RuleId":"a","RuleName":"d","ScheduleExpression":"cron(0 5 ? * * *)","Lifecycle":{"DeleteAfterDays":35},
         "ScheduleExpressionTimezone":"America/New_York"},
        {"RuleId":"b","RuleName":"c","EnableContinuousBackup":true}]}}"#;
    let selection = format!(
        r#"{{"BackupPlanId":"plan-1","SelectionId":"s","BackupSelection":{{"SelectionName":"n","Resources":["{ARN}","arn:aws:ec2:*"]}}}}"#
    );
    let kept = read(&[text("p.json", plan), text("s.json", &selection)]);
    let [daily, continuous] = plans(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(daily.plan_id, "plan-1/a");
    assert_eq!(daily.retention_s, Some(35 * 86_400));
    assert_eq!(daily.timezone.as_deref(), Some("America/New_York"));
    assert_eq!(daily.resource.as_deref(), Some(format!("aws-backup:{ARN}").as_str()));
    assert_eq!((continuous.component, continuous.retention_s), (Some(Component::LogContinuous), None));
}

#[test]
fn damaged_and_foreign_input_is_reported_and_the_rest_is_read() {
    let whole = job("COMPLETED", "");
    let cut = format!("{},{}", whole.trim_end_matches("]}"), r#"{"BackupJobId":"2222","Sta"#);
    let kept = read(&[text("cut.json", &cut)]);
    assert_eq!(runs(&kept).len(), 1);
    assert!(kept.problems.iter().any(|p| p.place.as_deref().is_some_and(|l| l.starts_with("line:"))));

    let kept = read(&[text("empty.json", "")]);
    assert!(kept.problems.iter().any(|p| p.message.contains("empty")));

    let mut bytes = whole.clone().into_bytes();
    let at = whole.find("acme").unwrap();
    bytes[at] = 0xff;
    let kept = read(&[Document::in_memory("bad.json", "bad.json", None, bytes)]);
    assert!(kept.problems.iter().any(|p| p.message.contains("UTF-8")), "{:?}", kept.problems);
    assert_eq!(runs(&kept).len(), 1);

    let kept = read(&[text("x.json", r#"{"DBSnapshots":[]}"#), text("y.txt", "hello"), text("z.json", "{")]);
    assert_eq!((kept.rows.len(), kept.problems.len(), kept.passed_over.len()), (0, 0, 3), "{kept:?}");

    let odd = whole.replace("21474836480", "-5").replace("1716871200.123", "\"yesterday\"");
    let kept = read(&[text("odd.json", &odd)]);
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.bytes, run.started_at), (None, None));
    assert_eq!(kept.problems.len(), 2);
    assert!(kept.problems.iter().all(|p| p.place.as_deref().is_some_and(|l| l.starts_with("/BackupJobs/0/"))));
}

#[test]
fn a_denied_call_is_a_problem_that_says_what_to_do() {
    let denied = "\nAn error occurred (AccessDeniedException) when calling the ListBackupJobs operation: no";
    let kept = read(&[text("jobs.stderr", denied)]);
    assert!(kept.rows.is_empty());
    assert!(kept.problems.iter().any(|p| p.message.contains("allow the call")), "{:?}", kept.problems);
}

#[test]
fn powershell_output_in_utf_16_is_read() {
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(job("COMPLETED", "").encode_utf16().flat_map(u16::to_le_bytes));
    let kept = read(&[Document::in_memory("jobs.json", "jobs.json", None, bytes)]);
    assert_eq!((runs(&kept).len(), kept.problems.len()), (1, 0));
}

#[test]
fn several_replies_in_one_file_are_all_read() {
    let two = format!(
        "{}\n{}",
        job("COMPLETED", ""),
        job("FAILED", "").replace("1111\",\"BackupVault", "2222\",\"BackupVault")
    );
    let kept = read(&[text("jobs.json", &two)]);
    assert_eq!(runs(&kept).len(), 2);
    assert!(runs(&kept).iter().all(|r| r.origin.pointer.starts_with("line:")));
}

#[test]
fn a_refused_order_is_a_failed_run() {
    let record = format!(
        r#"{{"command":"aws backup start-backup-job --resource-arn {ARN} --backup-vault-name v","exit_code":254,
        "started_at":"2026-11-20T03:00:00Z","finished_at":"2026-11-20T03:00:02Z","stderr":"e"}}"#
    );
    let said = "An error occurred (InvalidParameterValueException) when calling the StartBackupJob operation: no";
    let kept = read(&[text("e", said), text("e.run.json", &record)]);
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.status, run.resource.clone()), (RunStatus::Failed, Some(format!("aws-backup:{ARN}"))));
    assert!(run.started_at.is_some() && kept.problems.is_empty());
}
