//! The sample folder holds the output of all three readers (and more) side by side.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{BackupRun, RestoreTest, Row, RunStatus, TestResult};
use model::time::{Instant, instant};
use serde_json::Value;

use super::command::calls;
use super::text::{Said, failures_in, salvage};
use crate::testing::{documents, parse, sample, text};
use crate::{Document, Kept, aws_backup, rds, s3};

fn all(documents: &[Document]) -> [Kept; 3] {
    [aws_backup::KIND, rds::KIND, s3::KIND].map(|kind| parse(&kind, None, documents))
}

fn runs(kept: &[Kept]) -> Vec<&BackupRun> {
    kept.iter().flat_map(|k| &k.rows).filter_map(|r| if let Row::Run(run) = r { Some(run) } else { None }).collect()
}

fn tests(kept: &[Kept]) -> Vec<&RestoreTest> {
    let rows = kept.iter().flat_map(|k| &k.rows);
    rows.filter_map(|r| if let Row::RestoreTest(test) = r { Some(test) } else { None }).collect()
}

fn near(found: Option<Instant>, wanted: &Value, tolerance: i64) -> bool {
    match (found, wanted.as_str()) {
        (None, None) => true,
        (Some(at), Some(text)) => (at - instant(text, None).unwrap()).num_milliseconds().abs() <= tolerance * 1000,
        _ => false,
    }
}

#[test]
fn the_sample_gives_what_its_truth_says_and_no_more() {
    let folder = sample("aws");
    let truth: Value = serde_json::from_slice(&std::fs::read(folder.join("truth.json")).unwrap()).unwrap();
    let documents: Vec<Document> =
        documents(&folder).into_iter().filter(|d| !matches!(d.name(), "truth.json" | "README.md")).collect();
    let kept = all(&documents);
    let (runs, restores) = (runs(&kept), tests(&kept));
    let mut left: BTreeSet<&str> = runs.iter().map(|r| r.run_id.as_str()).collect();
    let mut wanted_restores = 0;
    for entry in truth["runs"].as_array().unwrap() {
        let id = entry["id"].as_str().unwrap();
        let tolerance = entry["tolerance_s"].as_i64().unwrap_or(0).max(1);
        match entry["kind"].as_str().unwrap() {
            "snapshot" | "copy" => {
                let point = entry["recovery_point"].as_str();
                let key = entry["system"].as_str().unwrap();
                let run = runs
                    .iter()
                    .find(|r| match point {
                        Some(point) => r.recovery_point_id.as_deref() == Some(point),
                        None => r.run_id.contains(key),
                    })
                    .unwrap_or_else(|| panic!("{id}: no run"));
                assert!(left.remove(run.run_id.as_str()), "{id}: two entries for one run");
                let status = match entry["status"].as_str().unwrap() {
                    "success" => RunStatus::Success,
                    "warning" => RunStatus::Partial,
                    "failed" => RunStatus::Failed,
                    other => panic!("{id}: {other}"),
                };
                assert_eq!(run.status, status, "{id}");
                assert!(near(run.started_at, &entry["started_at"], tolerance), "{id}: start {:?}", run.started_at);
                assert!(near(run.ended_at, &entry["finished_at"], tolerance), "{id}: end {:?}", run.ended_at);
                assert_eq!(run.bytes, entry["bytes"].as_u64(), "{id}");
                assert_eq!(run.bytes_stored, entry["bytes_stored"].as_u64(), "{id}");
                assert_eq!(run.encrypted, entry["encrypted"].as_bool(), "{id}");
                assert_eq!(run.recovery_point_id.as_deref(), point, "{id}");
                assert!(run.resource.is_some(), "{id}");
            }
            "restore" => {
                wanted_restores += 1;
                let test = restores.first().unwrap();
                assert_eq!(test.result, TestResult::Running, "{id}");
                assert_eq!((test.started_at, test.ended_at), (None, None), "{id}");
                assert_eq!(test.recovery_point_id.as_deref(), entry["recovery_point"].as_str(), "{id}");
                assert_eq!(
                    test.resource.as_deref(),
                    Some("rds:arn:aws:rds:eu-central-1:123456789012:db:prod-orders"),
                    "{id}"
                );
            }
            "config" | "policy" => config(id, entry, &kept),
            "none" => {
                let about = |k: &Kept| k.problems.iter().any(|p| p.document == "evidence/25-list-backup-jobs.stderr");
                assert!(about(&kept[0]), "{id}: a failed call is a problem");
            }
            other => panic!("{id}: unknown kind {other}"),
        }
    }
    assert_eq!(left, BTreeSet::new(), "runs that truth does not know");
    assert_eq!(restores.len(), wanted_restores);
    assert!(!kept.iter().flat_map(|k| &k.rows).any(|r| matches!(r, Row::IntegrityCheck(_))));
    each_document_ends_somewhere(&documents, &kept);
}

fn config(id: &str, entry: &Value, kept: &[Kept]) {
    let rows = || kept.iter().flat_map(|k| &k.rows);
    let system = entry["system"].as_str().unwrap();
    let days = entry["retention_days"].as_i64();
    let plan = rows().find_map(|r| match r {
        Row::Plan(p) if p.resource.as_deref().is_some_and(|r| r.ends_with(system)) => Some(p),
        // Truth names the plan, the row its id.
        Row::Plan(p) if system == "daily-30d" && p.plan_id.starts_with("4b92a757-d3f5-417c-b6d6-34c0c5127f5e/") => {
            Some(p)
        }
        _ => None,
    });
    let storage: Vec<_> = rows()
        .filter_map(|r| match r {
            Row::Storage(s) if s.location_id.rsplit(':').next().is_some_and(|l| l.starts_with(system)) => Some(s),
            _ => None,
        })
        .collect();
    let has = |what: &str, ok: bool| assert!(ok, "{id}: {what}: {storage:?} {plan:?}");
    if let Some(encrypted) = entry["encrypted"].as_bool() {
        has("encryption", storage.iter().any(|s| s.encryption_default == Some(encrypted)));
    }
    if let Some(days) = days {
        let by_plan = plan.is_some_and(|p| p.retention_s == Some(days * 86_400));
        has("retention", by_plan || storage.iter().any(|s| s.expires_after_s == Some(days * 86_400)));
    }
    match id {
        "p22" => {
            let plan = plan.unwrap();
            assert_eq!(plan.schedule.as_deref(), Some("cron(0 2 * * ? *)"));
            assert_eq!(plan.timezone.as_deref(), Some("Etc/UTC"));
        }
        "v23" => has("lock", storage.iter().all(|s| s.immutability == Some(model::rows::Immutability::Governance))),
        "c-encryption" => has("cipher", storage.iter().all(|s| s.default_cipher.as_deref() == Some("aws:kms"))),
        "c-versioning" => has("versioning", storage.iter().all(|s| s.versioning == Some(true))),
        "c-lifecycle" => {
            let by: BTreeMap<_, _> = storage.iter().map(|s| (s.location_id.as_str(), s.expires_after_s)).collect();
            let wanted = [("s3:acme-backups-eu", None), ("s3:acme-backups-eu/db", Some(30 * 86_400))];
            assert_eq!(by, BTreeMap::from(wanted), "the disabled rule for tmp/ does not count");
        }
        "c-replication" => {
            has("target", storage.iter().all(|s| s.replication_targets == ["s3:acme-backups-eu-dr"]));
        }
        "c-policy" => has("plain HTTP", storage.iter().all(|s| s.plain_access_denied == Some(true))),
        _ => {}
    }
}

/// Every document is read by one of the three, passed over by all, or a problem.
fn each_document_ends_somewhere(documents: &[Document], kept: &[Kept]) {
    for document in documents {
        let name = document.name();
        let passed = |k: &Kept| k.passed_over.iter().any(|(d, _)| d == name);
        let read = kept.iter().filter(|k| !passed(k)).count();
        let foreign = matches!(name, "evidence/01-kms-create-key.json");
        // Of the list of snapshots, the part that belongs to other accounts is passed over.
        if name.ends_with("runs.json") || name.contains("61-describe") {
            continue;
        }
        assert_eq!(read == 0, foreign, "{name}");
        if !foreign {
            assert_eq!(read, 1, "{name} is read by one reader");
        }
    }
}

#[test]
fn without_run_records_nothing_becomes_a_success_that_is_none() {
    let documents: Vec<Document> = documents(&sample("aws").join("evidence"));
    let kept = all(&documents);
    let statuses: BTreeMap<&str, RunStatus> = runs(&kept).iter().map(|r| (r.run_id.as_str(), r.status)).collect();
    let of = |part: &str| statuses.iter().find(|(id, _)| id.contains(part)).map(|(_, s)| *s);
    assert_eq!(of("snapshot:prod-orders-2026-11-22"), Some(RunStatus::Success));
    assert_eq!(of("snap-5038397fb48774eec"), Some(RunStatus::Success));
    assert_eq!(of("orders-2026-11-22.dump"), Some(RunStatus::Success), "the upload log names its object");
    assert_eq!(of("orders-2026-11-23.dump"), Some(RunStatus::Failed));
    assert_eq!(statuses.len(), 5 + 1 + 1 + 4);
    let problem = |k: &Kept, name: &str| k.problems.iter().any(|p| p.document.contains(name));
    assert!(problem(&kept[2], "41-list-objects.json"), "whose objects these are is not known");
    assert!(problem(&kept[2], "40-get-bucket-versioning.json"));
    assert!(kept.iter().all(|k| problem(k, "90-denied.stderr")), "an error that names no service concerns all");
    let buckets: BTreeSet<&str> = kept[2]
        .rows
        .iter()
        .filter_map(|r| if let Row::Storage(s) = r { Some(s.location_id.as_str()) } else { None })
        .collect();
    assert_eq!(buckets, BTreeSet::from(["s3:acme-backups-eu"]), "only the policy names its bucket");
}

#[test]
fn the_order_of_documents_does_not_matter_and_ids_are_stable() {
    let mut documents = documents(&sample("aws"));
    documents.retain(|d| !matches!(d.name(), "truth.json" | "README.md"));
    let ids = |kept: [Kept; 3]| {
        let mut rows: Vec<String> = kept.iter().flat_map(|k| &k.rows).map(|r| format!("{r:?}")).collect();
        rows.sort();
        rows
    };
    let forward = ids(all(&documents));
    assert_eq!(forward, ids(all(&documents)));
    documents.reverse();
    assert_eq!(forward, ids(all(&documents)));
}

#[test]
fn command_lines_are_taken_apart() {
    let found = calls(
        "V=$(date); sudo -u ops /usr/local/bin/aws --region eu-west-1 --no-cli-pager s3api get-bucket-policy \
         --bucket=acme --query 'Policy | x' > 'out file.json' && echo aws done",
    );
    assert_eq!(found.len(), 1);
    let call = &found[0];
    assert_eq!((call.service.as_str(), call.operation.as_str()), ("s3api", "get-bucket-policy"));
    assert_eq!(call.options["bucket"], "acme");
    assert_eq!(call.options["query"], "Policy | x");
    assert!(call.words.is_empty(), "{:?}", call.words);
    assert!(!call.unfiltered(&["bucket"]));
    assert!(calls("echo done").is_empty());
}

#[test]
fn error_texts_of_both_major_versions_are_read() {
    let said = |code: &str, operation: &str, message: &str| Said {
        code: code.to_owned(),
        operation: operation.to_owned(),
        message: message.to_owned(),
    };
    let one = "An error occurred (AccessDenied) when calling the GetBucketPolicy operation: Access Denied";
    assert_eq!(failures_in(&format!("\n{one}\n")), [(2, said("AccessDenied", "GetBucketPolicy", one))]);
    let two = "aws: [ERROR]: An error occurred (ThrottlingException) when calling the ListBackupJobs operation \
               (reached max retries: 2): Rate exceeded";
    assert_eq!(failures_in(two), [(1, said("ThrottlingException", "ListBackupJobs", two))]);
    let own = "Unable to locate credentials. You can configure credentials by running \"aws configure\".";
    assert_eq!(failures_in(own), [(1, said("", "", own))]);
    assert_eq!(failures_in("all is well"), []);
}

#[test]
fn what_closed_before_a_cut_is_kept() {
    let cut = r#"{"DBSnapshots": [{"A": "x}]"}, {"A": {"B": [1]}}, {"A": "cu"#;
    assert_eq!(salvage(cut), Some(serde_json::json!({"DBSnapshots": [{"A": "x}]"}, {"A": {"B": [1]}}]})));
    assert_eq!(salvage(r#"{"DBSnapshots": [{"A""#), None);
    assert_eq!(salvage("]"), None);
}

#[test]
fn other_output_formats_are_named_as_what_they_are() {
    for (name, content) in [
        ("yaml", "DBSnapshots:\n- AllocatedStorage: 20\n"),
        ("text", "DBSNAPSHOTS\t20\teu-central-1a\tmysql\n"),
        ("table", "-----------------------\n|  DescribeDBSnapshots  |\n+---------------------+\n"),
    ] {
        let kept = parse(&rds::KIND, None, &[text(name, content)]);
        assert!(kept.problems.iter().any(|p| p.message.contains("--output json")), "{name}: {kept:?}");
        let kept = parse(&s3::KIND, None, &[text(name, content)]);
        assert!(kept.problems.is_empty() && kept.passed_over.len() == 1, "{name}: {kept:?}");
    }
}

#[test]
fn messages_beside_an_answer_do_not_hide_it() {
    let record = r#"{"command":"aws s3api get-bucket-versioning --bucket acme","exit_code":0,
        "finished_at":"2026-11-20T03:00:00Z","stdout":"v.json","stderr":"v.err"}"#;
    let warning = "urllib3/connectionpool.py:1099: InsecureRequestWarning: Unverified HTTPS request\n";
    let kept = parse(&s3::KIND, None, &[text("v.json", ""), text("v.err", warning), text("v.run.json", record)]);
    assert_eq!(kept.problems, []);
    let off = |r: &Row| matches!(r, Row::Storage(s) if s.versioning == Some(false));
    assert!(kept.rows.iter().any(off), "an empty answer is the answer: {kept:?}");
    let failed = record.replace("\"exit_code\":0", "\"exit_code\":252");
    let kept = parse(&s3::KIND, None, &[text("v.json", ""), text("v.err", warning), text("v.run.json", &failed)]);
    assert!(kept.rows.is_empty() && kept.problems.iter().any(|p| p.message.contains("exit code 252")), "{kept:?}");
}

#[test]
fn a_document_cut_anywhere_gives_no_run_that_the_whole_one_does_not() {
    let folder = documents(&sample("aws"));
    let records = folder.iter().find(|d| d.name() == "runs.json").unwrap();
    for document in folder.iter().filter(|d| d.name().ends_with(".json") && d.name() != "truth.json") {
        let bytes = document.bytes().unwrap();
        if bytes.len() > 10_000 {
            continue;
        }
        let with =
            |bytes: &[u8]| all(&[Document::in_memory(document.name(), "cut", None, bytes.to_vec()), records.clone()]);
        let kept = with(&bytes);
        let whole: BTreeSet<String> = runs(&kept).iter().map(|r| format!("{} {:?}", r.run_id, r.status)).collect();
        for at in (1..bytes.len()).step_by(41) {
            let kept = with(&bytes[..at]);
            for run in runs(&kept) {
                assert!(whole.contains(&format!("{} {:?}", run.run_id, run.status)), "{} at {at}", document.name());
            }
            let told = |k: &Kept| {
                k.passed_over.iter().any(|(d, _)| d == document.name())
                    || k.problems.iter().any(|p| p.document == document.name())
            };
            assert!(kept.iter().all(told), "{} cut at {at} goes unnoticed", document.name());
        }
    }
}
