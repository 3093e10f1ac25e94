//! AWS Backup.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{PAGES, TOKENS, caller, mistyped_json, yesterday};
use crate::network::server::{Cursor, Good, Request, Service};

/// AWS Backup: jobs on three pages. It also answers for STS.
pub struct AwsBackup;

impl Service for AwsBackup {
    fn answer(&self, request: &Request, _: &str) -> Good {
        if request.method == "POST" && request.body.contains("GetCallerIdentity") {
            return caller();
        }
        let json = |value: Value| Good::ok(value.to_string()).header("Content-Type", "application/json");
        match request.path.trim_matches('/') {
            "backup-jobs" => {
                let Some(page) = self.page(request).filter(|p| *p < PAGES) else {
                    return json(json!({"message": "invalid token"})).status(400);
                };
                let jobs: Vec<Value> = (0..2)
                    .map(|n| {
                        let at = yesterday() - TimeDelta::days((4 - (page * 2 + n) as i64).max(0)) - TimeDelta::hours(10);
                        json!({"AccountId": "123456789012", "BackupJobId": format!("job-{page}-{n}"),
                            "BackupVaultName": "acme", "ResourceType": "RDS",
                            "BackupVaultArn": "arn:aws:backup:us-east-1:123456789012:backup-vault:acme",
                            "ResourceArn": "arn:aws:rds:us-east-1:123456789012:db:shop",
                            "RecoveryPointArn": format!("arn:aws:rds:us-east-1:123456789012:snapshot:awsbackup:job-{page}-{n}"),
                            "CreationDate": at.timestamp(), "CompletionDate": at.timestamp() + 600, "State": "COMPLETED",
                            "PercentDone": "100.0", "BackupSizeInBytes": 1000, "IsParent": false, "IsEncrypted": true,
                            "MessageCategory": "SUCCESS"})
                    })
                    .collect();
                let mut body = json!({"BackupJobs": jobs});
                if page + 1 < PAGES {
                    body["NextToken"] = json!(TOKENS[page + 1]);
                }
                json(body)
            }
            "copy-jobs" => json(json!({"CopyJobs": []})),
            "restore-jobs" => json(json!({"RestoreJobs": []})),
            "backup-vaults" => json(json!({"BackupVaultList": []})),
            "backup/plans" => json(json!({"BackupPlansList": []})),
            "resources" => json(json!({"Results": []})),
            "restore-testing/plans" => json(json!({"RestoreTestingPlans": []})),
            _ => json(json!({"message": "not known"})).status(404),
        }
    }

    fn page(&self, request: &Request) -> Option<usize> {
        if request.path.trim_matches('/') != "backup-jobs" {
            return None;
        }
        let token = request.query.get("nextToken").map_or("", String::as_str);
        TOKENS.iter().position(|t| *t == token)
    }

    fn of_page(&self, request: &Request, page: usize) -> Request {
        let mut out = request.clone();
        out.query.insert("nextToken".to_owned(), TOKENS[page.min(PAGES)].to_owned());
        out
    }

    fn same_cursor(&self, from: &Good, to: &Good) -> Good {
        let (from, mut body): (Value, Value) =
            (serde_json::from_str(&from.body).unwrap(), serde_json::from_str(&to.body).unwrap());
        body["NextToken"] = from["NextToken"].clone();
        Good { body: body.to_string(), ..to.clone() }
    }

    fn error_body(&self) -> String {
        json!({"message": "Internal failure", "Code": "ServiceUnavailableException"}).to_string()
    }

    fn refusal(&self, status: u16) -> String {
        json!({"message": format!("refused with {status}")}).to_string()
    }

    fn with_cursor(&self, good: &Good, _: &Request, _: &str, cursor: Cursor) -> Good {
        let mut body: Value = serde_json::from_str(&good.body).unwrap();
        // The service's first page has no name of its own: a loop leads to the page that was just read, or before it.
        body["NextToken"] = json!(if cursor == Cursor::Loop { "token-1" } else { "no-such-token" });
        Good { body: body.to_string(), ..good.clone() }
    }

    fn emptied(&self, good: &Good) -> Good {
        Good { body: "{}".to_owned(), ..good.clone() }
    }

    fn mistyped(&self, good: &Good) -> Good {
        mistyped_json(good)
    }
}
