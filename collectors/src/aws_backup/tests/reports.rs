//! Reports of Audit Manager. Columns as the developer guide and published readers of such files name them.

use model::rows::{Component, RunStatus, TestResult, Trigger};
use model::time::{Instant, instant};

use super::{job, points, read, restores, runs};
use crate::testing::text;

const DB: &str = "arn:aws:rds:us-west-2:112233445566:db:acme";
const POINT: &str = "arn:aws:rds:us-west-2:112233445566:snapshot:awsbackup:job-a";
const VAULT: &str = "arn:aws:backup:us-west-2:112233445566:backup-vault:Default";
const PLAN: &str = "arn:aws:backup:us-west-2:112233445566:backup-plan:349f2247";

const HEADER: &str = "\"Report Time Period Start [UTC]\",\"Report Time Period End [UTC]\",\"Path to Root\",\"Account ID\",\"Region\",\
    \"Backup Job ID\",\"Job Status\",\"Status Message\",\"Resource Type\",\"Resource ARN\",\"Backup Plan ARN\",\"Backup Rule ID\",\
    \"Creation Date\",\"Completion Date\",\"Expected Completion Date\",\"Recovery Point ARN\",\"Job Run Time [hh:mm:ss]\",\
    \"Backup Size in Bytes\",\"Backup Vault Name\",\"Backup Vault ARN\",\"IAM Role ARN\"\r\n";

fn row(id: &str, status: &str, message: &str, completed: &str, size: &str) -> String {
    format!(
        "\"2026-11-20T00:00:00Z\",\"2026-11-21T00:00:00Z\",\"\",\"112233445566\",\"us-west-2\",\"{id}\",\"{status}\",\"{message}\",\
         \"RDS\",\"{DB}\",\"{PLAN}\",\"rule-1\",\"2026-11-20T02:00:00.229Z\",\"{completed}\",\"\",\"{POINT}\",\"00:22:20\",\"{size}\",\
         \"Default\",\"{VAULT}\",\"arn:aws:iam::112233445566:role/x\"\r\n"
    )
}

fn at(text: &str) -> Option<Instant> {
    Some(instant(text, None).unwrap())
}

#[test]
fn a_row_is_a_job() {
    let report = [
        HEADER.to_owned(),
        row("a", "COMPLETED", "", "2026-11-20T02:22:20Z", "8589934592"),
        row("b", "FAILED", "Access denied, \"\"role\"\" x", "2026-11-20T02:01:00Z", "0"),
        row("c", "COMPLETED", "Windows VSS attempt failed", "2026-11-20T02:22:20Z", "0"),
        row("d", "EXPIRED", "", "2026-11-20T10:00:00Z", ""),
        row("e", "RUNNING", "", "", ""),
    ]
    .concat();
    let kept = read(&[text("backup_job_report_2026-11-21.csv", &report)]);
    assert_eq!((kept.problems.as_slice(), kept.passed_over.as_slice()), (&[][..], &[][..]));
    let found: Vec<_> = runs(&kept).iter().map(|r| (r.run_id.as_str(), r.status, r.bytes)).collect();
    assert_eq!(
        found,
        [
            ("a", RunStatus::Success, Some(8_589_934_592)),
            ("b", RunStatus::Failed, None),
            ("c", RunStatus::Partial, None),
            ("d", RunStatus::Expired, None),
            ("e", RunStatus::Running, None),
        ]
    );
    let run = runs(&kept)[0];
    assert_eq!((run.started_at, run.ended_at), (at("2026-11-20T02:00:00.229Z"), at("2026-11-20T02:22:20Z")));
    assert_eq!(run.resource, Some(format!("aws-backup:{DB}")));
    assert_eq!((run.plan_id.as_deref(), run.trigger), (Some("349f2247/rule-1"), Some(Trigger::Scheduled)));
    assert_eq!((run.component, run.recovery_point_id.as_deref()), (Some(Component::Snapshot), Some(POINT)));
    assert_eq!((run.location_id.clone(), run.origin.pointer.as_str()), (Some(format!("aws-backup:{VAULT}")), "line:2"));
    assert_eq!(runs(&kept)[1].status_detail.as_deref(), Some("Access denied, \"role\" x"));
}

#[test]
fn the_json_form_says_the_same() {
    let report = format!(
        r#"{{"reportItems":[{{"reportTimePeriod":"2026-11-20T00:00:00Z - 2026-11-21T00:00:00Z","accountId":"112233445566","region":"us-west-2",
        "backupJobId":"a","jobStatus":"COMPLETED","resourceType":"RDS","resourceArn":"{DB}","backupPlanArn":"{PLAN}","backupRuleId":"rule-1",
        "creationDate":"2026-11-20T02:00:00.229Z","completionDate":"2026-11-20T02:22:20Z","recoveryPointArn":"{POINT}","jobRunTime":"00:22:20",
        "backupSizeInBytes":8589934592,"backupVaultArn":"{VAULT}","isEncrypted":true,"deleteAfterDays":30,"parentJobId":null}}]}}"#
    );
    let kept = read(&[text("r.json", &report)]);
    assert_eq!(kept.problems, []);
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!((run.status, run.bytes, run.encrypted), (RunStatus::Success, Some(8_589_934_592), Some(true)));
    assert_eq!(run.expires_at, at("2026-12-20T02:00:00.229Z"));
    assert_eq!(run.plan_id.as_deref(), Some("349f2247/rule-1"));
    let malware = r#"{"reportItems":[{"accountId":"1","controlName":"x","controlComplianceStatus":"NON_COMPLIANT"}]}"#;
    let kept = read(&[text("m.json", malware)]);
    assert_eq!((kept.rows.len(), kept.problems.len()), (0, 0));
}

#[test]
fn copies_and_restores() {
    let copies = format!(
        "Copy Job ID,Job Status,Resource Type,Resource ARN,Creation Date,Completion Date,Backup Size in Bytes,Source Recovery Point ARN,\
         Destination Recovery Point ARN,Destination Backup Vault ARN\n\
         c1,COMPLETED,EC2,arn:aws:ec2:us-west-2:1:instance/i-1,2026-11-20T03:00:00Z,2026-11-20T03:10:00Z,5,{POINT},arn:aws:ec2:us-east-2::image/ami-2,arn:aws:backup:us-east-2:1:backup-vault:dr\n"
    );
    let restored = format!(
        "Restore Job ID,Job Status,Status Message,Recovery Point ARN,Source Resource ARN,Creation Date,Completion Date,Backup Size in Bytes\n\
         r1,COMPLETED,,{POINT},{DB},2026-11-21T10:00:00Z,2026-11-21T10:30:00Z,5\n\
         r2,FAILED,no subnet,{POINT},,2026-11-21T11:00:00Z,2026-11-21T11:01:00Z,\n"
    );
    let kept = read(&[text("copy.csv", &copies), text("restore.csv", &restored)]);
    assert_eq!(kept.problems, []);
    let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
    assert_eq!(
        (run.status, run.recovery_point_id.as_deref()),
        (RunStatus::Success, Some("arn:aws:ec2:us-east-2::image/ami-2"))
    );
    assert_eq!(run.origin.record_id, "copy-job:c1");
    let found: Vec<_> =
        restores(&kept).iter().map(|t| (t.result, t.resource.clone(), t.status_detail.as_deref())).collect();
    assert_eq!(
        found,
        [(TestResult::Success, Some(format!("aws-backup:{DB}")), None), (TestResult::Failed, None, Some("no subnet")),]
    );
}

#[test]
fn a_job_of_several_documents_is_one_run_in_its_last_state() {
    let day = |status: &str, end: &str| format!("{HEADER}{}", row("1111", status, "", end, ""));
    let (open, done) = (day("RUNNING", ""), day("COMPLETED", "2026-11-21T02:22:20Z"));
    for names in [["1.csv", "2.csv"], ["2.csv", "1.csv"]] {
        let kept = read(&[text(names[0], &open), text(names[1], &done)]);
        let [run] = runs(&kept)[..] else { panic!("{kept:?}") };
        assert_eq!(run.status, RunStatus::Success, "{names:?}");
    }
    // The API's reply tells more, unless it is older.
    let kept = read(&[text("jobs.json", &job("COMPLETED", "")), text("r.csv", &open)]);
    assert_eq!((runs(&kept).len(), runs(&kept)[0].bytes), (1, Some(21_474_836_480)));
    let running = job("RUNNING", "").replace("\"CompletionDate\":1716872400.0,", "");
    let kept = read(&[text("jobs.json", &running), text("r.csv", &done)]);
    assert_eq!((runs(&kept).len(), runs(&kept)[0].status), (1, RunStatus::Success));
    assert!(points(&kept).is_empty());
}

#[test]
fn damage_is_told_and_the_rest_is_read() {
    let whole = [
        HEADER.to_owned(),
        row("a", "COMPLETED", "", "2026-11-20T02:22:20Z", "5"),
        row("b", "COMPLETED", "", "x", "y"),
    ]
    .concat();
    let kept = read(&[text("r.csv", &whole)]);
    assert_eq!((runs(&kept).len(), kept.problems.len()), (2, 2), "a time and a size");
    let cut = &whole[..whole.len() - 120];
    let kept = read(&[text("r.csv", cut)]);
    assert_eq!((runs(&kept).len(), kept.problems.len()), (1, 1), "{kept:?}");
    let nameless = format!("{HEADER}{}", row("", "COMPLETED", "", "2026-11-20T02:22:20Z", "5"));
    assert_eq!(read(&[text("r.csv", &nameless)]).problems.len(), 1);
    let other = read(&[text("x.csv", "a,b\n1,2\n")]);
    assert_eq!((other.passed_over.len(), other.rows.len()), (1, 0));
}
