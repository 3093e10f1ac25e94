//! A whole account on a server of the test, in XML as RDS sends it, and the ways in which it fails.

use model::rows::{Row, RunStatus, Trigger};

use super::*;
use crate::Kept;
use crate::aws::session::testing::{documents, scope};
use crate::net::Collected;
use crate::net::testing::{Reply, Seen, Server, run, trail};
use crate::rds::KIND;
use crate::testing::parse;

const INSTANCE: &str = "<DBInstance><DBInstanceIdentifier>acme-pg</DBInstanceIdentifier>\
    <DBInstanceArn>arn:aws:rds:eu-west-1:123456789012:db:acme-pg</DBInstanceArn><Engine>postgres</Engine>\
    <DBInstanceStatus>available</DBInstanceStatus><BackupRetentionPeriod>35</BackupRetentionPeriod>\
    <PreferredBackupWindow>05:00-05:30</PreferredBackupWindow><LatestRestorableTime>2026-11-22T23:55:01Z</LatestRestorableTime>\
    <MultiAZ>true</MultiAZ><StorageEncrypted>true</StorageEncrypted><KmsKeyId>arn:aws:kms:eu-west-1:123456789012:key/1</KmsKeyId>\
    <DBInstanceAutomatedBackupsReplications><DBInstanceAutomatedBackupsReplication><DBInstanceAutomatedBackupsArn>arn:aws:rds:eu-central-1:123456789012:auto-backup:ab-1</DBInstanceAutomatedBackupsArn></DBInstanceAutomatedBackupsReplication></DBInstanceAutomatedBackupsReplications>\
    <TagList/></DBInstance>";

const EMPTY: &str = "<DBInstance><DBInstanceIdentifier>acme-new</DBInstanceIdentifier>\
    <DBInstanceArn>arn:aws:rds:eu-west-1:123456789012:db:acme-new</DBInstanceArn><BackupRetentionPeriod>0</BackupRetentionPeriod></DBInstance>";

fn snapshot(name: &str, kind: &str, at: &str) -> String {
    format!(
        "<DBSnapshot><DBSnapshotIdentifier>{name}</DBSnapshotIdentifier><DBInstanceIdentifier>acme-pg</DBInstanceIdentifier>\
         <DBSnapshotArn>arn:aws:rds:eu-west-1:123456789012:snapshot:{name}</DBSnapshotArn><Status>available</Status>\
         <SnapshotType>{kind}</SnapshotType><SnapshotCreateTime>{at}</SnapshotCreateTime>\
         <OriginalSnapshotCreateTime>{at}</OriginalSnapshotCreateTime><Encrypted>true</Encrypted>\
         <AllocatedStorage>20</AllocatedStorage></DBSnapshot>"
    )
}

fn event(at: &str, message: &str) -> String {
    format!(
        "<Event><SourceIdentifier>acme-pg</SourceIdentifier><SourceType>db-instance</SourceType><Message>{message}</Message>\
         <EventCategories><EventCategory>backup</EventCategory></EventCategories><Date>{at}</Date>\
         <SourceArn>arn:aws:rds:eu-west-1:123456789012:db:acme-pg</SourceArn></Event>"
    )
}

fn answer(operation: &str, list: &str, items: &str, marker: Option<&str>) -> Reply {
    let marker = marker.map(|m| format!("<Marker>{m}</Marker>")).unwrap_or_default();
    let list = if items.is_empty() { format!("<{list}/>") } else { format!("<{list}>{items}</{list}>") };
    let body = format!(
        "<?xml version=\"1.0\"?>\n<{operation}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\">\
         <{operation}Result>{list}{marker}</{operation}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
    );
    Reply::status(200, &body).header("content-type", "text/xml").header("x-amzn-requestid", "r-1")
}

fn asks(seen: &Seen, words: &[&str]) -> bool {
    let body = String::from_utf8_lossy(&seen.body).into_owned();
    words.iter().all(|w| body.split('&').any(|part| part == *w))
}

fn healthy(seen: &Seen) -> Reply {
    let of = |operation: &str| asks(seen, &[&format!("Action={operation}")]);
    if of("DescribeDBInstances") {
        return answer("DescribeDBInstances", "DBInstances", &format!("{INSTANCE}{EMPTY}"), None);
    }
    if of("DescribeDBSnapshots") && asks(seen, &["SnapshotType=awsbackup"]) {
        let items = snapshot("awsbackup:job-1", "awsbackup", "2026-11-21T02:00:00Z");
        return answer("DescribeDBSnapshots", "DBSnapshots", &items, None);
    }
    if of("DescribeDBSnapshots") && asks(seen, &["Marker=m%26%2F1"]) {
        let items = snapshot("rds:acme-pg-2026-11-22-05-01", "automated", "2026-11-22T05:01:30.5Z");
        return answer("DescribeDBSnapshots", "DBSnapshots", &items, None);
    }
    if of("DescribeDBSnapshots") {
        let items = snapshot("before-upgrade", "manual", "2026-11-20T10:00:00Z");
        return answer("DescribeDBSnapshots", "DBSnapshots", &items, Some("m&amp;/1"));
    }
    if of("DescribeEvents") {
        assert!(asks(seen, &["Duration=20160", "SourceType=db-instance", "EventCategories.EventCategory.1=backup"]));
        let items = [
            event("2026-11-22T05:01:00Z", "Backing up DB instance"),
            event("2026-11-22T05:04:00Z", "Finished DB Instance backup"),
        ];
        return answer("DescribeEvents", "Events", &items.concat(), None);
    }
    for (operation, list) in [
        ("DescribeDBClusters", "DBClusters"),
        ("DescribeDBClusterSnapshots", "DBClusterSnapshots"),
        ("DescribeDBInstanceAutomatedBackups", "DBInstanceAutomatedBackups"),
        ("DescribeDBClusterAutomatedBackups", "DBClusterAutomatedBackups"),
    ] {
        if of(operation) {
            return answer(operation, list, "", None);
        }
    }
    panic!("nobody asks for {}", String::from_utf8_lossy(&seen.body));
}

fn asked(fault: impl Fn(usize, &Seen) -> Option<Reply> + Send + Sync + 'static) -> (Collected, Kept) {
    let server = Server::start(move |n, seen| fault(n, seen).unwrap_or_else(|| healthy(seen)));
    let (mut trail, objects, _stop) = trail();
    trail.context.limits.attempts = 2;
    run(async {
        let scope = scope(&server.url, &trail).await;
        all(&[scope], &mut trail).await.unwrap();
    });
    let collected = trail.finish();
    let kept = parse(&KIND, None, &documents(&collected.pages, &objects));
    (collected, kept)
}

fn told(collected: &Collected, kept: &Kept) -> String {
    collected.problems.iter().chain(&kept.problems).map(|p| format!("{p}\n")).collect()
}

#[test]
fn a_healthy_account_is_read_whole() {
    let (collected, kept) = asked(|_, _| None);
    assert_eq!(told(&collected, &kept), "");
    let runs: Vec<_> = kept.rows.iter().filter_map(|r| if let Row::Run(run) = r { Some(run) } else { None }).collect();
    assert_eq!(runs.len(), 3);
    assert!(runs.iter().all(|r| r.status == RunStatus::Success && r.encrypted == Some(true)));
    let automated = runs.iter().find(|r| r.trigger == Some(Trigger::Scheduled)).unwrap();
    assert_eq!(automated.ended_at.map(model::time::utc_text).as_deref(), Some("2026-11-22T05:04:00Z"), "by its event");
    let has = |what: &dyn Fn(&Row) -> bool| kept.rows.iter().any(what);
    assert!(has(&|r| matches!(r, Row::Plan(p) if p.retention_s == Some(35 * 86_400) && p.enabled == Some(true))));
    assert!(has(&|r| matches!(r, Row::Plan(p) if p.enabled == Some(false))), "retention 0 is off");
    assert!(has(&|r| matches!(r, Row::Pitr(p) if p.latest_restorable_at.is_some())));
    assert!(has(&|r| matches!(r, Row::Storage(s) if s.replication_targets.len() == 1)));
    let listings: Vec<_> =
        kept.rows.iter().filter_map(|r| if let Row::Listing(l) = r { Some(l) } else { None }).collect();
    let listed: Vec<_> = listings
        .iter()
        .map(|l| (l.resource.rsplit(':').next().unwrap(), l.complete, l.recovery_point_ids.len()))
        .collect();
    assert_eq!(listed, [("acme-new", true, 0), ("acme-pg", true, 3)], "all types and pages together");
    let tables: Vec<_> = collected.covers.iter().flat_map(|c| &c.tables).map(String::as_str).collect();
    assert_eq!(tables, ["discovered_assets", "backup_runs"]);
    assert_eq!(
        collected.covers[1].resources,
        ["rds:arn:aws:rds:eu-west-1:123456789012:db:"],
        "clusters tell of no backup"
    );
    let page = collected.pages.iter().find(|p| p.name.ends_with("describe-db-snapshots/page-0002.xml")).unwrap();
    assert_eq!((page.cursor_in.as_deref(), page.request_id.as_deref()), (Some("m&/1"), Some("r-1")));
}

#[test]
fn what_passes_is_asked_again_and_what_stays_is_told() {
    let error = |status, code: &str| {
        let body = format!(
            "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>{code}</Code><Message>why it is</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        );
        Reply::status(status, &body).header("content-type", "text/xml")
    };
    let first = |seen: &Seen| asks(seen, &["Action=DescribeDBInstances"]);
    let (collected, kept) = asked(move |n, seen| (n == 0 && first(seen)).then(|| error(400, "Throttling")));
    assert_eq!(told(&collected, &kept), "");
    let cases: Vec<(Reply, &str)> = vec![
        (error(403, "AccessDenied"), "allow rds:DescribeDBInstances"),
        (error(400, "Throttling"), "no answer could be had (2 attempts): the service answers 400 Throttling"),
        (error(400, "InvalidParameterValue"), "refused (400 InvalidParameterValue: why it is)"),
        (Reply::status(404, "<html>"), "404, and the answer is no error of AWS"),
        (Reply::status(200, "<html><body>login</body></html>"), "unreadable answer"),
        (Reply::status(200, ""), "unreadable answer"),
        (answer("DescribeDBInstances", "DBClusters", "", None), "there is no DBInstances in it"),
        (answer("DescribeDBSnapshots", "DBInstances", "", None), "unreadable answer"),
        (error(200, "InternalFailure"), "unreadable answer"),
        (
            Reply::status(200, "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>"),
            "unreadable answer",
        ),
        (Reply::status(200, &"<a>".repeat(100_000)), "unreadable answer"),
    ];
    for (reply, says) in cases {
        let (collected, kept) = asked(move |_, seen| first(seen).then(|| reply.clone()));
        assert!(told(&collected, &kept).contains(says), "{says}: {}", told(&collected, &kept));
        assert_eq!(collected.problems.len(), 1, "{says}: {:?}", collected.problems);
        assert!(
            !collected.covers.iter().any(|c| c.tables == ["discovered_assets"]),
            "{says}: {:?}",
            collected.problems
        );
        assert!(!kept.rows.iter().any(|r| matches!(r, Row::Asset(_))), "{says}");
        assert!(kept.rows.iter().any(|r| matches!(r, Row::Run(_))), "{says}: the rest is read");
    }
}

#[test]
fn a_list_that_is_not_whole_proves_no_deletion() {
    let loops = |seen: &Seen| asks(seen, &["Action=DescribeDBSnapshots", "Marker=m%26%2F1"]);
    let again = answer("DescribeDBSnapshots", "DBSnapshots", "", Some("m&amp;/1"));
    let (collected, kept) = asked(move |_, seen| loops(seen).then(|| again.clone()));
    assert!(told(&collected, &kept).contains("leads back"), "{}", told(&collected, &kept));
    let listings = || kept.rows.iter().filter_map(|r| if let Row::Listing(l) = r { Some(l) } else { None });
    assert!(listings().count() > 0 && listings().all(|l| !l.complete));
    let events = |seen: &Seen| asks(seen, &["Action=DescribeEvents"]);
    let (collected, _) = asked(move |_, seen| events(seen).then(|| Reply::status(403, "")));
    assert!(!collected.covers.iter().any(|c| c.tables == ["backup_runs"]));
    assert!(collected.problems[0].message.contains("allow rds:DescribeEvents"), "{:?}", collected.problems);
}
