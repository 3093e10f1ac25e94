//! Asks Amazon RDS, account by account and region by region.
//!
//! Events reach 14 days back (RDS API reference, `DescribeEvents`), so what happened between an earlier collection and
//! that time is forgotten: a longer gap is noted. They tell of the automated backups of instances; Aurora backs up
//! clusters all the time and tells of none, so that only instances count as covered. Without a type, snapshots of one's
//! own are listed that are automated or manual; those of AWS Backup are asked for by name.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::SourceType;
use chrono::Duration;
use model::evidence::Covers;
use model::time::Instant;

use crate::aws::lists::{Lists, Seen};
use crate::aws::session::{self, Scope};
use crate::net::{Halt, Live, Order, Pending, Trail};

/// See [`Live::rights`].
const RIGHTS: &str = r#"This policy for the role or user, in every account (and `sts:AssumeRole` on the roles of `role_arn` for the credentials that
assume them):

```json
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Backproof",
      "Effect": "Allow",
      "Action": [
        "rds:DescribeDBClusterAutomatedBackups",
        "rds:DescribeDBClusterSnapshots",
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstanceAutomatedBackups",
        "rds:DescribeDBInstances",
        "rds:DescribeDBSnapshots",
        "rds:DescribeEvents"
      ],
      "Resource": "*"
    }
  ]
}
```
"#;

/// Registry entry.
pub(super) const LIVE: Live = Live { keys: session::KEYS, rights: RIGHTS, fetch };

/// How far events reach.
const REACH_DAYS: i32 = 14;

/// Items a page, the most that the API gives.
const PAGE: i32 = 100;

/// Categories that tell of backups.
const CATEGORIES: [&str; 2] = ["backup", "recovery"];

/// What came whole, of all scopes.
struct Whole {
    databases: bool,
    events: bool,
}

fn fetch<'a>(order: &'a Order, trail: &'a mut Trail) -> Pending<'a, Result<(), Halt>> {
    Box::pin(async move { all(&session::open(order, trail).await?, trail).await })
}

/// Asks every scope; one that is refused altogether does not keep the others from being asked.
pub(super) async fn all(scopes: &[Scope], trail: &mut Trail) -> Result<(), Halt> {
    trail.query(format!(
        "instances, clusters, their automated backups and snapshots (automated, manual, of AWS Backup); events of \
         instances of the categories {} of {REACH_DAYS} days",
        CATEGORIES.join(" and ")
    ));
    let began = trail.now();
    let mut lists = Lists::new();
    let mut whole = Whole { databases: true, events: true };
    for scope in scopes {
        match one(scope, &mut lists, trail).await {
            Ok(of) => {
                whole.databases &= of.databases;
                whole.events &= of.events;
            }
            Err(Halt::Over) => whole = Whole { databases: false, events: false },
            Err(halt) => return Err(halt),
        }
    }
    lists.tell(trail);
    covered(scopes, &whole, began, trail);
    Ok(())
}

/// States what the lists prove: every automated backup of an instance back to the reach of events, and every database
/// that there is now.
fn covered(scopes: &[Scope], whole: &Whole, began: Instant, trail: &mut Trail) {
    let from = trail.now() - Duration::days(REACH_DAYS.into());
    let of = |kind: &'static str| {
        let prefix = move |scope: &Scope| {
            let account = scope.account.as_deref()?;
            Some(format!("rds:arn:{}:rds:{}:{account}:{kind}:", scope.partition, scope.region))
        };
        scopes.iter().filter_map(prefix)
    };
    let mut state = |resources: Vec<String>, from: Instant, to: Option<Instant>, table: &str| {
        if !resources.is_empty() {
            trail.covers(Covers::of(resources, &[table], from, to));
        }
    };
    if whole.databases {
        state(of("db").chain(of("cluster")).collect(), began, None, "discovered_assets");
    }
    if whole.events {
        state(of("db").collect(), from, Some(began), "backup_runs");
        let lost = "what happened between is not known, except for what snapshots show";
        session::reach(trail, from, "events reach", lost);
    }
}

/// One account in one region.
async fn one(scope: &Scope, lists: &mut Lists, trail: &mut Trail) -> Result<Whole, Halt> {
    let client = scope.rds();
    let databases = databases(scope, &client, lists, trail).await?;
    snapshots(scope, &client, lists, trail).await?;
    let events = events(scope, &client, lists, trail).await?;
    Ok(Whole { databases, events })
}

/// Instances and clusters, and the windows to which they can be restored.
async fn databases(scope: &Scope, client: &Client, lists: &mut Lists, trail: &mut Trail) -> Result<bool, Halt> {
    let instances = lists
        .read(
            trail,
            scope.question("rds", "describe-db-instances").holding("DBInstances"),
            |next, c| {
                client.describe_db_instances().max_records(PAGE).set_marker(next).customize().interceptor(c).send()
            },
            |page| Seen::new(page.db_instances(), |i| i.db_instance_arn.clone(), page.marker()),
        )
        .await?;
    let clusters = lists
        .read(
            trail,
            scope.question("rds", "describe-db-clusters").holding("DBClusters"),
            |next, c| {
                client.describe_db_clusters().max_records(PAGE).set_marker(next).customize().interceptor(c).send()
            },
            |page| Seen::new(page.db_clusters(), |i| i.db_cluster_arn.clone(), page.marker()),
        )
        .await?;
    lists
        .read(
            trail,
            scope.question("rds", "describe-db-instance-automated-backups").holding("DBInstanceAutomatedBackups"),
            |next, c| {
                let ask = client.describe_db_instance_automated_backups().max_records(PAGE);
                ask.set_marker(next).customize().interceptor(c).send()
            },
            |page| {
                let id = |b: &aws_sdk_rds::types::DbInstanceAutomatedBackup| {
                    b.db_instance_automated_backups_arn
                        .clone()
                        .or_else(|| b.dbi_resource_id.clone())
                        .or_else(|| b.db_instance_identifier.clone())
                };
                Seen::new(page.db_instance_automated_backups(), id, page.marker())
            },
        )
        .await?;
    lists
        .read(
            trail,
            scope.question("rds", "describe-db-cluster-automated-backups").holding("DBClusterAutomatedBackups"),
            |next, c| {
                let ask = client.describe_db_cluster_automated_backups().max_records(PAGE);
                ask.set_marker(next).customize().interceptor(c).send()
            },
            |page| {
                let id = |b: &aws_sdk_rds::types::DbClusterAutomatedBackup| {
                    b.db_cluster_automated_backups_arn
                        .clone()
                        .or_else(|| b.db_cluster_resource_id.clone())
                        .or_else(|| b.db_cluster_identifier.clone())
                };
                Seen::new(page.db_cluster_automated_backups(), id, page.marker())
            },
        )
        .await?;
    Ok(instances.is_some() && clusters.is_some())
}

/// Snapshots of instances and clusters.
async fn snapshots(scope: &Scope, client: &Client, lists: &mut Lists, trail: &mut Trail) -> Result<(), Halt> {
    for kind in [None, Some("awsbackup")] {
        let question = |operation| {
            let question = scope.question("rds", operation);
            match kind {
                Some(kind) => question.with("snapshot-type", kind),
                None => question,
            }
        };
        let kind = kind.map(str::to_owned);
        lists
            .read(
                trail,
                question("describe-db-snapshots").holding("DBSnapshots"),
                |next, c| {
                    let ask = client.describe_db_snapshots().set_snapshot_type(kind.clone()).max_records(PAGE);
                    ask.set_marker(next).customize().interceptor(c).send()
                },
                |page| Seen::new(page.db_snapshots(), |s| s.db_snapshot_arn.clone(), page.marker()),
            )
            .await?;
        lists
            .read(
                trail,
                question("describe-db-cluster-snapshots").holding("DBClusterSnapshots"),
                |next, c| {
                    let ask = client.describe_db_cluster_snapshots().set_snapshot_type(kind.clone()).max_records(PAGE);
                    ask.set_marker(next).customize().interceptor(c).send()
                },
                |page| Seen::new(page.db_cluster_snapshots(), |s| s.db_cluster_snapshot_arn.clone(), page.marker()),
            )
            .await?;
    }
    Ok(())
}

/// Events that tell of backups and recoveries.
async fn events(scope: &Scope, client: &Client, lists: &mut Lists, trail: &mut Trail) -> Result<bool, Halt> {
    let question = scope
        .question("rds", "describe-events")
        .with("source-type", "db-instance")
        .with("event-categories", CATEGORIES.join(" "))
        .with("duration", (REACH_DAYS * 24 * 60).to_string())
        .holding("Events");
    let events = lists
        .read(
            trail,
            question,
            |next, c| {
                let ask = client.describe_events().source_type(SourceType::DbInstance).duration(REACH_DAYS * 24 * 60);
                let ask = CATEGORIES.iter().fold(ask, |ask, category| ask.event_categories(*category));
                ask.max_records(PAGE).set_marker(next).customize().interceptor(c).send()
            },
            |page| {
                // Events have no id: what, of which database and when.
                let id = |e: &aws_sdk_rds::types::Event| {
                    let source = e.source_arn().or(e.source_identifier())?;
                    Some(format!("{source} {:?} {:?}", e.date(), e.message()))
                };
                Seen::new(page.events(), id, page.marker())
            },
        )
        .await?;
    Ok(events.is_some())
}

#[cfg(test)]
mod tests;
