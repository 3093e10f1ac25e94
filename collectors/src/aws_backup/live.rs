//! Asks AWS Backup, account by account and region by region.
//!
//! The lists of jobs reach 30 days back (AWS Backup API reference, `ListBackupJobs`), so what was created between an
//! earlier collection and that time is forgotten: a longer gap is noted. How far lists of copy and restore jobs reach is
//! not documented, and nothing is stated of them. Names of S3 buckets tell neither account nor region, so that no list
//! can be said to cover one.

use std::collections::BTreeSet;

use aws_sdk_backup::Client;
use chrono::Duration;
use model::evidence::Covers;
use model::time::Instant;

use crate::aws::capture::asked;
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
        "backup:DescribeBackupVault",
        "backup:GetBackupPlan",
        "backup:GetBackupSelection",
        "backup:GetRestoreTestingPlan",
        "backup:ListBackupJobs",
        "backup:ListBackupPlans",
        "backup:ListBackupSelections",
        "backup:ListBackupVaults",
        "backup:ListCopyJobs",
        "backup:ListProtectedResources",
        "backup:ListRecoveryPointsByBackupVault",
        "backup:ListRestoreJobs",
        "backup:ListRestoreTestingPlans"
      ],
      "Resource": "*"
    }
  ]
}
```
"#;

/// Registry entry.
pub(super) const LIVE: Live = Live { keys: session::KEYS, rights: RIGHTS, fetch };

/// How far lists of jobs reach.
const REACH_DAYS: i64 = 30;

/// Items a page, the most that the API gives.
const PAGE: i32 = 1000;

/// Services whose ARNs AWS Backup protects and that name region and account (AWS Backup user guide, supported
/// resources).
const SERVICES: &[&str] = &[
    "backup-gateway",
    "cloudformation",
    "dynamodb",
    "ec2",
    "eks",
    "elasticfilesystem",
    "fsx",
    "rds",
    "redshift",
    "redshift-serverless",
    "ssm-sap",
    "storagegateway",
    "timestream",
];

fn fetch<'a>(order: &'a Order, trail: &'a mut Trail) -> Pending<'a, Result<(), Halt>> {
    Box::pin(async move { all(&session::open(order, trail).await?, trail).await })
}

/// Asks every scope; one that is refused altogether does not keep the others from being asked.
pub(super) async fn all(scopes: &[Scope], trail: &mut Trail) -> Result<(), Halt> {
    trail.query(format!(
        "vaults with their recovery points, plans with their selections, protected resources, restore testing plans; \
         backup, copy and restore jobs as far as they are listed ({REACH_DAYS} days)"
    ));
    let began = trail.now();
    let mut lists = Lists::new();
    let mut jobs_whole = true;
    for scope in scopes {
        match one(scope, &mut lists, trail).await {
            Ok(whole) => jobs_whole &= whole,
            Err(Halt::Over) => jobs_whole = false,
            Err(halt) => return Err(halt),
        }
    }
    lists.tell(trail);
    if jobs_whole {
        covered(scopes, began, trail);
    }
    Ok(())
}

/// States what the lists of jobs prove: every job of these accounts and regions, back to their reach.
fn covered(scopes: &[Scope], began: Instant, trail: &mut Trail) {
    let from = trail.now() - Duration::days(REACH_DAYS);
    let of = |scope: &Scope| {
        let account = scope.account.clone()?;
        let prefix =
            |service: &&str| format!("aws-backup:arn:{}:{service}:{}:{account}:", scope.partition, scope.region);
        Some(SERVICES.iter().map(prefix).collect::<Vec<String>>())
    };
    let resources: Vec<String> = scopes.iter().filter_map(of).flatten().collect();
    if !resources.is_empty() {
        trail.covers(Covers::of(resources, &["backup_runs"], from, Some(began)));
    }
    session::reach(trail, from, "jobs are listed", "what ran between is not known");
}

/// One account in one region; true where the jobs are listed to their end.
async fn one(scope: &Scope, lists: &mut Lists, trail: &mut Trail) -> Result<bool, Halt> {
    let client = scope.backup();
    let jobs = jobs(scope, &client, lists, trail).await?;
    vaults(scope, &client, lists, trail).await?;
    plans(scope, &client, lists, trail).await?;
    restore_testing(scope, &client, lists, trail).await?;
    Ok(jobs)
}

/// Backup, copy and restore jobs, and what is protected. The first are what coverage rests on.
async fn jobs(scope: &Scope, client: &Client, lists: &mut Lists, trail: &mut Trail) -> Result<bool, Halt> {
    let asked = lists
        .read(
            trail,
            scope.question("backup", "list-backup-jobs").holding("BackupJobs"),
            |next, c| {
                client.list_backup_jobs().max_results(PAGE).set_next_token(next).customize().interceptor(c).send()
            },
            |page| Seen::new(page.backup_jobs(), |j| j.backup_job_id.clone(), page.next_token()),
        )
        .await?;
    let copies = lists
        .read(
            trail,
            scope.question("backup", "list-copy-jobs").holding("CopyJobs"),
            |next, c| client.list_copy_jobs().max_results(PAGE).set_next_token(next).customize().interceptor(c).send(),
            |page| Seen::new(page.copy_jobs(), |j| j.copy_job_id.clone(), page.next_token()),
        )
        .await?;
    lists
        .read(
            trail,
            scope.question("backup", "list-restore-jobs").holding("RestoreJobs"),
            |next, c| {
                client.list_restore_jobs().max_results(PAGE).set_next_token(next).customize().interceptor(c).send()
            },
            |page| Seen::new(page.restore_jobs(), |j| j.restore_job_id.clone(), page.next_token()),
        )
        .await?;
    lists
        .read(
            trail,
            scope.question("backup", "list-protected-resources").holding("Results"),
            |next, c| {
                client
                    .list_protected_resources()
                    .max_results(PAGE)
                    .set_next_token(next)
                    .customize()
                    .interceptor(c)
                    .send()
            },
            |page| Seen::new(page.results(), |r| r.resource_arn.clone(), page.next_token()),
        )
        .await?;
    Ok(asked.is_some() && copies.is_some())
}

/// Vaults, the recovery points of each, and each vault once more: what it counts before and after must not be more than
/// what it lists.
async fn vaults(scope: &Scope, client: &Client, lists: &mut Lists, trail: &mut Trail) -> Result<(), Halt> {
    let mut all: Vec<(String, i64)> = Vec::new();
    lists
        .read(
            trail,
            scope.question("backup", "list-backup-vaults").holding("BackupVaultList"),
            |next, c| {
                client.list_backup_vaults().max_results(PAGE).set_next_token(next).customize().interceptor(c).send()
            },
            |page| {
                let named = page.backup_vault_list().iter();
                all.extend(named.filter_map(|v| Some((v.backup_vault_name.clone()?, v.number_of_recovery_points))));
                Seen::new(page.backup_vault_list(), |v| v.backup_vault_name.clone(), page.next_token())
            },
        )
        .await?;
    for (name, before) in all {
        let points = scope
            .question("backup", "list-recovery-points-by-backup-vault")
            .with("backup-vault-name", &name)
            .holding("RecoveryPoints");
        let count = lists
            .read(
                trail,
                points.clone(),
                |next, c| {
                    let ask = client.list_recovery_points_by_backup_vault().backup_vault_name(&name).max_results(PAGE);
                    ask.set_next_token(next).customize().interceptor(c).send()
                },
                |page| Seen::new(page.recovery_points(), |p| p.recovery_point_arn.clone(), page.next_token()),
            )
            .await?;
        let question = scope
            .question("backup", "describe-backup-vault")
            .with("backup-vault-name", &name)
            .holding("BackupVaultArn");
        let described = asked(trail, &question, |c| {
            client.describe_backup_vault().backup_vault_name(&name).customize().interceptor(c).send()
        })
        .await?;
        let Some((vault, raw)) = described else { continue };
        raw.keep(trail, &question, Some(1), None)?;
        let least = u64::try_from(before.min(vault.number_of_recovery_points())).unwrap_or_default();
        if let Some(listed) = count.filter(|listed| *listed < least) {
            let text = format!(
                "the vault {name} counts {before} recovery points before and {} after it was listed, and lists {listed}: \
                 some may be missing; collect again",
                vault.number_of_recovery_points()
            );
            trail.problem(&points.name("json"), text);
        }
    }
    Ok(())
}

/// Plans with their rules, and what they select.
async fn plans(scope: &Scope, client: &Client, lists: &mut Lists, trail: &mut Trail) -> Result<(), Halt> {
    let mut ids = BTreeSet::new();
    lists
        .read(
            trail,
            scope.question("backup", "list-backup-plans").holding("BackupPlansList"),
            |next, c| {
                client.list_backup_plans().max_results(PAGE).set_next_token(next).customize().interceptor(c).send()
            },
            |page| {
                ids.extend(page.backup_plans_list().iter().filter_map(|p| p.backup_plan_id.clone()));
                Seen::new(page.backup_plans_list(), |p| p.backup_plan_id.clone(), page.next_token())
            },
        )
        .await?;
    for id in &ids {
        let question = scope.question("backup", "get-backup-plan").with("backup-plan-id", id).holding("BackupPlan");
        let plan =
            asked(trail, &question, |c| client.get_backup_plan().backup_plan_id(id).customize().interceptor(c).send())
                .await?;
        if let Some((_, raw)) = plan {
            raw.keep(trail, &question, Some(1), None)?;
        }
        let mut selections = BTreeSet::new();
        lists
            .read(
                trail,
                scope
                    .question("backup", "list-backup-selections")
                    .with("backup-plan-id", id)
                    .holding("BackupSelectionsList"),
                |next, c| {
                    let ask = client.list_backup_selections().backup_plan_id(id).max_results(PAGE);
                    ask.set_next_token(next).customize().interceptor(c).send()
                },
                |page| {
                    selections.extend(page.backup_selections_list().iter().filter_map(|s| s.selection_id.clone()));
                    Seen::new(page.backup_selections_list(), |s| s.selection_id.clone(), page.next_token())
                },
            )
            .await?;
        for selection in &selections {
            let question = scope
                .question("backup", "get-backup-selection")
                .with("backup-plan-id", id)
                .with("selection-id", selection)
                .holding("BackupSelection");
            let told = asked(trail, &question, |c| {
                let ask = client.get_backup_selection().backup_plan_id(id).selection_id(selection);
                ask.customize().interceptor(c).send()
            })
            .await?;
            if let Some((_, raw)) = told {
                raw.keep(trail, &question, Some(1), None)?;
            }
        }
    }
    Ok(())
}

/// Plans by which AWS Backup restores on its own, to test.
async fn restore_testing(scope: &Scope, client: &Client, lists: &mut Lists, trail: &mut Trail) -> Result<(), Halt> {
    let mut names = BTreeSet::new();
    lists
        .read(
            trail,
            scope.question("backup", "list-restore-testing-plans").holding("RestoreTestingPlans"),
            |next, c| {
                client
                    .list_restore_testing_plans()
                    .max_results(PAGE)
                    .set_next_token(next)
                    .customize()
                    .interceptor(c)
                    .send()
            },
            |page| {
                names.extend(page.restore_testing_plans().iter().map(|p| p.restore_testing_plan_name().to_owned()));
                let name = |p: &aws_sdk_backup::types::RestoreTestingPlanForList| {
                    Some(p.restore_testing_plan_name().to_owned()).filter(|name| !name.is_empty())
                };
                Seen::new(page.restore_testing_plans(), name, page.next_token())
            },
        )
        .await?;
    for name in &names {
        let question = scope
            .question("backup", "get-restore-testing-plan")
            .with("restore-testing-plan-name", name)
            .holding("RestoreTestingPlan");
        let told = asked(trail, &question, |c| {
            client.get_restore_testing_plan().restore_testing_plan_name(name).customize().interceptor(c).send()
        })
        .await?;
        if let Some((_, raw)) = told {
            raw.keep(trail, &question, Some(1), None)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
