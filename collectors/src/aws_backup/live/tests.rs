//! A whole account on a server of the test, and the ways in which it fails.

use model::evidence::Problem;
use model::rows::{Immutability, Row, RunStatus};
use model::time::instant;

use super::*;
use crate::Kept;
use crate::aws::session::testing::{documents, scope, with_token};
use crate::aws_backup::KIND;
use crate::net::Collected;
use crate::net::testing::{Reply, Seen, Server, run, trail};
use crate::testing::parse;

const DB: &str = "arn:aws:rds:eu-west-1:123456789012:db:acme-pg";

fn job(id: &str, state: &str) -> String {
    format!(
        r#"{{"BackupJobId":"{id}","BackupVaultName":"acme","BackupVaultArn":"arn:aws:backup:eu-west-1:123456789012:backup-vault:acme",
        "ResourceArn":"{DB}","ResourceType":"RDS","State":"{state}","CreationDate":1795000000.1229999,"CompletionDate":1795001200.0,
        "RecoveryPointArn":"arn:aws:rds:eu-west-1:123456789012:snapshot:awsbackup:{id}","BackupSizeInBytes":21474836480,"PercentDone":"100.0",
        "CreatedBy":{{"BackupPlanId":"p1","BackupRuleId":"r1"}},"MessageCategory":"SUCCESS"}}"#
    )
}

fn point(id: &str) -> String {
    format!(
        r#"{{"RecoveryPointArn":"arn:aws:rds:eu-west-1:123456789012:snapshot:awsbackup:{id}","BackupVaultName":"acme","ResourceArn":"{DB}",
        "ResourceType":"RDS","Status":"COMPLETED","CreationDate":1795000000.123,"IsEncrypted":true}}"#
    )
}

fn vault(points: usize) -> String {
    format!(
        r#""BackupVaultName":"acme","BackupVaultArn":"arn:aws:backup:eu-west-1:123456789012:backup-vault:acme","NumberOfRecoveryPoints":{points},
        "EncryptionKeyArn":"arn:aws:kms:eu-west-1:123456789012:key/1","Locked":true,"MinRetentionDays":35,"LockDate":1700000000.5"#
    )
}

/// What a healthy service answers. Jobs come in three pages, points in two.
fn healthy(seen: &Seen) -> Reply {
    let (path, query) = seen.path().split_once('?').unwrap_or((seen.path(), ""));
    let page = |list: &str, items: &[String], next: Option<&str>| {
        let next = next.map_or("null".to_owned(), |n| format!("\"{n}\""));
        Reply::json(&format!(r#"{{"{list}":[{}],"NextToken":{next}}}"#, items.join(",")))
    };
    match path.trim_end_matches('/') {
        "/backup-jobs" if query.contains("nextToken=b") => page("BackupJobs", &[job("j4", "EXPIRED")], None),
        "/backup-jobs" if query.contains("nextToken=a") => page("BackupJobs", &[job("j3", "FAILED")], Some("b/+=")),
        "/backup-jobs" => page("BackupJobs", &[job("j1", "COMPLETED"), job("j2", "COMPLETED")], Some("a")),
        "/copy-jobs" => page("CopyJobs", &[], None),
        "/restore-jobs" => page(
            "RestoreJobs",
            &[format!(
                r#"{{"RestoreJobId":"t1","RecoveryPointArn":"arn:aws:rds:eu-west-1:123456789012:snapshot:awsbackup:j1","Status":"COMPLETED",
                "CreationDate":1795002000.0,"CompletionDate":1795003000.0,"PercentDone":"100.00%","ValidationStatus":"SUCCESSFUL",
                "CreatedBy":{{"RestoreTestingPlanArn":"arn:aws:backup:eu-west-1:123456789012:restore-testing-plan:rt"}},"SourceResourceArn":"{DB}"}}"#
            )],
            None,
        ),
        "/resources" => {
            page("Results", &[format!(r#"{{"ResourceArn":"{DB}","ResourceType":"RDS","LastBackupTime":1795001200.0}}"#)], None)
        }
        "/backup-vaults" => page("BackupVaultList", &[format!("{{{}}}", vault(3))], None),
        "/backup-vaults/acme/recovery-points" if query.contains("nextToken=c") => {
            page("RecoveryPoints", &[point("j2")], None)
        }
        "/backup-vaults/acme/recovery-points" => page("RecoveryPoints", &[point("j0"), point("j1")], Some("c")),
        "/backup-vaults/acme" => Reply::json(&format!("{{{}}}", vault(3))),
        "/backup/plans" => page("BackupPlansList", &[r#"{"BackupPlanId":"p1","BackupPlanName":"daily"}"#.to_owned()], None),
        "/backup/plans/p1" => Reply::json(
            r#"{"BackupPlanId":"p1","BackupPlan":{"BackupPlanName":"daily","Rules":[{"RuleName":"d","RuleId":"r1",
            "TargetBackupVaultName":"acme","ScheduleExpression":"cron(0 5 ? * * *)","Lifecycle":{"DeleteAfterDays":35}}]}}"#,
        ),
        "/backup/plans/p1/selections" => page("BackupSelectionsList", &[r#"{"SelectionId":"s1","BackupPlanId":"p1"}"#.to_owned()], None),
        "/backup/plans/p1/selections/s1" => Reply::json(&format!(
            r#"{{"BackupPlanId":"p1","SelectionId":"s1","BackupSelection":{{"SelectionName":"all","IamRoleArn":"r","Resources":["{DB}"]}}}}"#
        )),
        "/restore-testing/plans" => page(
            "RestoreTestingPlans",
            &[r#"{"RestoreTestingPlanName":"rt","RestoreTestingPlanArn":"a","CreationTime":1.0,"ScheduleExpression":"cron(0 1 ? * * *)"}"#.to_owned()],
            None,
        ),
        "/restore-testing/plans/rt" => Reply::json(
            r#"{"RestoreTestingPlan":{"RestoreTestingPlanName":"rt","RestoreTestingPlanArn":"a","CreationTime":1.0,
            "ScheduleExpression":"cron(0 1 ? * * *)","RecoveryPointSelection":{"Algorithm":"LATEST_WITHIN_WINDOW"}}}"#,
        ),
        other => panic!("nobody asks for {other}"),
    }
}

struct Outcome {
    collected: Collected,
    kept: Kept,
    requests: Vec<String>,
}

impl Outcome {
    fn problems(&self) -> String {
        let all: Vec<&Problem> = self.collected.problems.iter().chain(&self.kept.problems).collect();
        all.iter().map(|p| format!("{p}\n")).collect()
    }

    fn jobs(&self) -> usize {
        self.kept.rows.iter().filter(|r| matches!(r, Row::Run(run) if run.run_id.starts_with('j'))).count()
    }
}

/// Asks a server that is healthy but for what `fault` answers, which gets the number of earlier requests for the path.
fn asked(fault: impl Fn(usize, &Seen) -> Option<Reply> + Send + Sync + 'static) -> Outcome {
    let counts = std::sync::Mutex::new(std::collections::BTreeMap::<String, usize>::new());
    let server = Server::start(move |_, seen| {
        let n = {
            let mut counts = counts.lock().unwrap();
            let n = counts.entry(seen.path().to_owned()).or_default();
            *n += 1;
            *n - 1
        };
        fault(n, seen).unwrap_or_else(|| healthy(seen))
    });
    let (mut trail, objects, _stop) = trail();
    trail.context.limits.attempts = 2;
    run(async {
        let scope = scope(&server.url, &trail).await;
        all(&[scope], &mut trail).await.unwrap();
    });
    let collected = trail.finish();
    let kept = parse(&KIND, None, &documents(&collected.pages, &objects));
    Outcome { collected, kept, requests: server.seen().iter().map(|s| s.path().to_owned()).collect() }
}

#[test]
fn a_healthy_account_is_read_whole() {
    let out = asked(|_, _| None);
    assert_eq!(out.problems(), "");
    let statuses: Vec<(&str, RunStatus)> = out
        .kept
        .rows
        .iter()
        .filter_map(|r| if let Row::Run(run) = r { Some((run.run_id.as_str(), run.status)) } else { None })
        .collect();
    let j0 = "arn:aws:rds:eu-west-1:123456789012:snapshot:awsbackup:j0";
    assert_eq!(
        statuses,
        [
            ("j1", RunStatus::Success),
            ("j2", RunStatus::Success),
            ("j3", RunStatus::Failed),
            ("j4", RunStatus::Expired),
            (j0, RunStatus::Success)
        ]
    );
    let has = |what: &dyn Fn(&Row) -> bool| out.kept.rows.iter().any(what);
    let at = instant("2026-11-18T11:06:40.123Z", None).unwrap();
    assert!(has(&|r| matches!(r, Row::Run(run) if run.run_id == "j1" && run.started_at == Some(at))), "milliseconds");
    assert!(has(&|r| matches!(r, Row::Storage(s) if s.immutability == Some(Immutability::Compliance))));
    assert!(has(&|r| matches!(r, Row::Plan(p) if p.retention_s == Some(35 * 86_400) && p.resource.is_some())));
    assert!(has(&|r| matches!(r, Row::RestoreTest(t) if t.trigger.is_some() && t.integrity_result.is_some())));
    assert!(has(&|r| matches!(r, Row::Asset(a) if a.asset_id == format!("aws-backup:{DB}"))));
    let listing = out.kept.rows.iter().find_map(|r| if let Row::Listing(l) = r { Some(l) } else { None }).unwrap();
    assert!(listing.complete && listing.recovery_point_ids.len() == 3, "pages of one list are one list: {listing:?}");
    let covers = &out.collected.covers[0];
    assert_eq!((covers.complete, covers.tables.as_slice()), (true, ["backup_runs".to_owned()].as_slice()));
    assert!(covers.resources.contains(&"aws-backup:arn:aws:rds:eu-west-1:123456789012:".to_owned()));
    assert!(!covers.resources.iter().any(|r| r.contains(":s3:")), "an S3 bucket tells neither account nor region");
    let reach = covers.to.unwrap() - covers.from;
    assert!((29 * 86_400..=30 * 86_400).contains(&reach.num_seconds()));
    assert!(out.collected.ended.iter().any(|e| e
        == "list-backup-jobs in eu-west-1 of account 123456789012: 3 pages, 4 items, no next page named at the end"));
    let jobs: Vec<_> = out.collected.pages.iter().filter(|p| p.name.contains("list-backup-jobs")).collect();
    assert_eq!(jobs[1].name, "aws/123456789012/eu-west-1/backup/list-backup-jobs/page-0002.json");
    assert_eq!(
        (jobs[1].cursor_in.as_deref(), jobs[1].cursor_out.as_deref(), jobs[1].items),
        (Some("a"), Some("b/+="), Some(1))
    );
    assert!(out.collected.permissions.iter().any(|p| p == "backup:ListBackupJobs"));
}

/// Each is healed by asking again.
#[test]
fn what_passes_is_asked_again() {
    let throttled = || {
        Reply::status(400, r#"{"message":"Rate exceeded"}"#).header("x-amzn-errortype", "ThrottlingException:http://x")
    };
    let bad: Vec<fn() -> Reply> = vec![
        throttled,
        || Reply::status(500, ""),
        || Reply::status(502, "<html>bad gateway</html>"),
        || Reply::status(503, "").header("retry-after", "0"),
        || Reply::status(429, "{}").header("retry-after", "1"),
        || Reply::Raw(Vec::new()),
        || Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"BackupJobs\":[".to_vec()),
        || Reply::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"BackupJobs\":[".to_vec()),
        || Reply::json(r#"{"BackupJobs":[{"BackupJobId":"#),
        || Reply::json("<html>login</html>"),
        || Reply::json(r#"{"message":"try later"}"#),
        || Reply::json(r#"{"BackupJobs":null}"#),
    ];
    for (i, bad) in bad.into_iter().enumerate() {
        for path in ["/backup-jobs?maxResults=1000", "/backup-jobs?nextToken=a", "/backup-jobs?nextToken=b"] {
            if i > 2 && path.ends_with('b') {
                continue;
            }
            let out = asked(move |n, seen| (n == 0 && seen.path().starts_with(path)).then(bad));
            assert_eq!(out.problems(), "", "{i} {path}");
            assert_eq!(out.jobs(), 4, "{i} {path}");
            assert!(out.collected.pages.iter().any(|p| p.attempts == Some(2)), "{i} {path}");
        }
    }
}

/// Each leaves the source incomplete, says so once, and lets everything else be read.
#[test]
fn what_stays_is_told_and_nothing_is_concluded_from_it() {
    let denied = || {
        Reply::status(403, r#"{"Message":"User: x is not authorized to perform: backup:ListBackupJobs"}"#)
            .header("x-amzn-errortype", "AccessDeniedException")
    };
    type Bad<'a> = (fn() -> Reply, &'a str);
    let bad: Vec<Bad<'_>> = vec![
        (denied, "allow backup:ListBackupJobs"),
        (
            || Reply::status(404, "<!doctype html>\n<title>404 Not Found</title>"),
            "404, and the answer is no error of AWS",
        ),
        (|| Reply::status(500, ""), "no answer could be had (2 attempts): the server answers 500"),
        (|| Reply::status(429, "").header("retry-after", "7200"), "next attempt is due at"),
        (|| Reply::json(r#"{"BackupJobs":[1]}"#), "unreadable answer"),
        (|| Reply::json(&format!(r#"{{"BackupJobs":{}"#, "[".repeat(100_000))), "unreadable answer"),
        (|| Reply::json("<html>login</html>"), "unreadable answer"),
        (|| Reply::json(&" ".repeat(2 << 20)), "larger than 1 MiB"),
        (|| Reply::Raw([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![b' '; 2 << 20]].concat()), "larger than 1 MiB"),
        (|| Reply::status(302, "").header("location", "https://elsewhere.example/x"), "refused (302"),
        (
            || Reply::status(400, r#"{"message":"odd"}"#).header("x-amzn-errortype", "InvalidParameterValueException"),
            "refused (400 InvalidParameterValueException: odd)",
        ),
    ];
    for (bad, says) in bad {
        for (path, left) in
            [("/backup-jobs?maxResults=1000", 0), ("/backup-jobs?nextToken=a", 2), ("/backup-jobs?nextToken=b", 3)]
        {
            let out = asked(move |_, seen| seen.path().starts_with(path).then(bad));
            let problems = out.problems();
            assert!(problems.contains(says), "{says} {path}: {problems}");
            assert_eq!(out.collected.problems.len(), 1, "{says} {path}: {problems}");
            assert!(out.collected.covers.is_empty(), "{says} {path}");
            assert!(!out.collected.ended.iter().any(|e| e.contains("list-backup-jobs")), "{says} {path}");
            assert_eq!(out.jobs(), left, "{says} {path}");
            assert!(out.kept.rows.iter().any(|r| matches!(r, Row::Storage(_))), "the rest is read");
        }
    }
}

#[test]
fn lists_that_contradict_themselves_are_not_whole() {
    let list =
        |items: &str, next: &str| Some(Reply::json(&format!(r#"{{"BackupJobs":[{items}],"NextToken":{next}}}"#)));
    let looped = asked(move |_, seen| {
        seen.path().starts_with("/backup-jobs?nextToken=b").then(|| list(&job("j4", "FAILED"), "\"a\"")).flatten()
    });
    assert!(looped.problems().contains("leads back to a page"), "{}", looped.problems());
    assert!(looped.requests.iter().filter(|p| p.starts_with("/backup-jobs")).count() == 3);
    let twice = asked(move |_, seen| {
        seen.path().starts_with("/backup-jobs?nextToken=b").then(|| list(&job("j1", "COMPLETED"), "null")).flatten()
    });
    assert!(twice.problems().contains("came twice"), "{}", twice.problems());
    let missing = asked(|_, seen| {
        let points = seen.path().starts_with("/backup-vaults/acme/recovery-points");
        points.then(|| Reply::json(&format!(r#"{{"RecoveryPoints":[{}]}}"#, point("j1"))))
    });
    assert!(missing.problems().contains("counts 3 recovery points before and 3 after"), "{}", missing.problems());
    for out in [&looped, &twice] {
        assert!(out.collected.covers.is_empty());
    }
    let asks = std::sync::atomic::AtomicUsize::new(0);
    let endless = asked(move |_, seen| {
        let n = asks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        seen.path().starts_with("/backup-jobs").then(|| list("", &format!("\"{n}\""))).flatten()
    });
    assert!(endless.problems().contains("more than 100 pages"), "{}", endless.problems());
}

#[test]
fn credentials_that_are_refused_end_the_region_at_once() {
    let out = asked(|_, seen| {
        let refused = Reply::status(403, r#"{"message":"The security token included in the request is expired"}"#);
        seen.path().starts_with("/copy-jobs").then(|| refused.header("x-amzn-errortype", "ExpiredTokenException"))
    });
    assert!(out.problems().contains("renew them"), "{}", out.problems());
    assert!(!out.requests.iter().any(|p| p.starts_with("/backup-vaults")), "{:?}", out.requests);
    assert!(out.collected.covers.is_empty());
}

#[test]
fn a_stop_ends_it_within_the_answer() {
    let server = Server::start(|_, _| Reply::Stall(Vec::new()));
    let (mut trail, _, stop) = trail();
    let ended = run(async {
        let scopes = [scope(&server.url, &trail).await];
        let asking = all(&scopes, &mut trail);
        let stopping = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            stop.send(true).unwrap();
        };
        let begun = tokio::time::Instant::now();
        let (ended, ()) = tokio::join!(asking, stopping);
        assert!(begun.elapsed() < std::time::Duration::from_millis(900));
        ended
    });
    assert!(matches!(ended, Err(Halt::Stopped)), "{ended:?}");
}

#[test]
fn a_gap_longer_than_the_reach_is_noted() {
    let server = Server::start(|_, seen| healthy(seen));
    let (mut trail, _, _stop) = trail();
    trail.context.last_complete = Some(trail.now() - Duration::days(40));
    run(async {
        let scopes = [scope(&server.url, &trail).await];
        all(&scopes, &mut trail).await.unwrap();
    });
    let collected = trail.finish();
    assert!(collected.notes[0].contains("what ran between is not known"), "{:?}", collected.notes);
}

#[test]
fn a_refused_signature_leaves_nothing_of_the_request_behind() {
    let server = Server::start(|_, seen| {
        let token = seen.header("x-amz-security-token").unwrap_or("none").to_owned();
        let hex: String = token.bytes().map(|b| format!("{b:02x} ")).collect();
        let body =
            format!(r#"{{"message":"The Canonical String should have been x-amz-security-token:{token} {hex}"}}"#);
        Reply::status(403, &body).header("x-amzn-errortype", "InvalidSignatureException")
    });
    let (mut trail, objects, _stop) = trail();
    run(async {
        let scopes = [with_token(&server.url, &trail, "FwoG-session-canary").await];
        all(&scopes, &mut trail).await.unwrap();
    });
    assert_eq!(server.seen()[0].header("x-amz-security-token"), Some("FwoG-session-canary"));
    let collected = trail.finish();
    assert!(collected.problems[0].message.contains("InvalidSignatureException"), "{:?}", collected.problems);
    let everything = format!("{collected:?} {}", objects.everything());
    assert!(!everything.contains("canary") && !everything.contains("63 61 6e 61 72 79"), "{everything}");
}
