//! What each service answers when all is well: lists of three pages, and everything else that a collector asks.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::server::{Cursor, Good, Request, Service};

/// Noon of the day before, so that every run of the test sees the same days.
#[allow(clippy::disallowed_methods, reason = "services answer by the clock")]
pub fn yesterday() -> DateTime<Utc> {
    let midnight = Utc::now().date_naive().and_hms_opt(12, 0, 0).unwrap().and_utc();
    midnight - TimeDelta::days(1)
}

fn iso(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Backups of five days, three pages of them.
const PAGES: usize = 3;

/// Wrong types for every text of a JSON answer.
fn mistyped(value: &mut Value) {
    match value {
        Value::String(_) => *value = json!(7),
        Value::Number(_) => *value = json!("many"),
        Value::Array(items) => items.iter_mut().for_each(mistyped),
        Value::Object(fields) => fields.values_mut().for_each(mistyped),
        _ => {}
    }
}

fn mistyped_json(good: &Good) -> Good {
    let mut value: Value = serde_json::from_str(&good.body).unwrap();
    mistyped(&mut value);
    Good { body: value.to_string(), ..good.clone() }
}

/// Heroku: three apps on three pages, each with a database and its backups.
pub struct Heroku;

const APPS: [&str; 3] = ["acme-a", "acme-b", "acme-c"];

fn app_id(n: usize) -> String {
    format!("0{n}000000-0000-4000-8000-000000000000")
}

impl Service for Heroku {
    fn answer(&self, request: &Request, _: &str) -> Good {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let app = |name: &str| APPS.iter().position(|a| *a == name).unwrap_or(0);
        let addon = |n: usize| {
            json!({"id": format!("a{}", app_id(n)), "name": format!("postgresql-{n}"), "state": "provisioned",
                "addon_service": {"name": "heroku-postgresql"}, "plan": {"name": "heroku-postgresql:standard-0"},
                "app": {"id": app_id(n), "name": APPS[n]}, "config_vars": ["DATABASE_URL"],
                "created_at": "2025-01-01T00:00:00Z"})
        };
        if let ["apps", name, _] | ["client", "v11", "apps", name, _] = parts[..]
            && !APPS.contains(&name)
        {
            return Good::ok(self.refusal(404)).status(404);
        }
        match parts[..] {
            ["account"] => Good::ok(json!({"id": "1", "email": "audit@example.com"}).to_string()),
            ["account", "rate-limits"] => Good::ok("{\"remaining\":4000}"),
            ["apps"] => {
                let Some(page) = self.page(request) else {
                    return Good::ok(self.refusal(416)).status(416);
                };
                let Some(name) = APPS.get(page) else { return Good::ok("[]") };
                let body = json!([{"id": app_id(page), "name": name, "git_url": "https://git.heroku.com/x.git",
                    "released_at": "2026-01-01T00:00:00Z", "owner": {"email": "x@example.com"}}]);
                let good = Good::ok(body.to_string()).header("RateLimit-Remaining", "4000");
                if page + 1 < APPS.len() {
                    good.status(206).header("Next-Range", format!("id ]{}..; max=1000", app_id(page)))
                } else {
                    good
                }
            }
            ["addons"] => Good::ok(json!([addon(0), addon(1), addon(2)]).to_string()),
            ["apps", name, "addons"] => Good::ok(json!([addon(app(name))]).to_string()),
            ["apps", name, "addon-attachments"] => {
                let n = app(name);
                let attachment = json!([{"id": "x", "name": "DATABASE", "app": {"name": name},
                    "addon": {"id": format!("a{}", app_id(n)), "name": format!("postgresql-{n}"), "app": {"name": name}}}]);
                Good::ok(attachment.to_string())
            }
            ["client", "v11", "apps", name, "transfers"] => {
                let n = app(name);
                let transfers: Vec<Value> = (0..5)
                    .map(|day| {
                        let at = yesterday() - TimeDelta::days(4 - day) - TimeDelta::hours(10);
                        let text = |minutes: i64| {
                            (at + TimeDelta::minutes(minutes)).format("%Y-%m-%d %H:%M:%S +0000").to_string()
                        };
                        json!({"uuid": format!("{}-{day}", app_id(n)), "num": day + 1, "from_name": "DATABASE",
                            "from_type": "pg_dump", "from_url": "postgres://u:p@h/d", "to_name": "BACKUP",
                            "to_type": "gof3r", "to_url": format!("https://b.example/{n}/{day}"), "options": {},
                            "source_bytes": 1000, "processed_bytes": 900, "succeeded": true, "warnings": 0,
                            "created_at": text(0), "started_at": text(0), "finished_at": text(4), "updated_at": text(4),
                            "num_keep": 5, "schedule": {"uuid": "s"}})
                    })
                    .collect();
                Good::ok(Value::Array(transfers).to_string())
            }
            ["client", "v11", "databases", _, "transfer-schedules"] => Good::ok(
                json!([{"uuid": "s", "name": "DATABASE_URL", "hour": 2, "timezone": "UTC", "retain_weeks": 4,
                    "retain_months": 0}])
                .to_string(),
            ),
            ["client", "v11", "databases", id] => Good::ok(
                json!({"addon_id": id, "name": "x", "plan": "standard-0", "created_at": "2025-01-01 00:00:00 +0000",
                    "info": [{"name": "Plan", "values": ["Standard 0"]}, {"name": "Status", "values": ["Available"]},
                        {"name": "Continuous Protection", "values": ["On"]},
                        {"name": "Data Encryption", "values": ["In Use"]}]})
                .to_string(),
            ),
            _ => Good::ok(self.refusal(404)).status(404),
        }
    }

    fn page(&self, request: &Request) -> Option<usize> {
        if request.path != "/apps" {
            return None;
        }
        let range = request.headers.get("range").map_or("", String::as_str);
        match range.strip_prefix("id ]").and_then(|r| r.split("..").next()) {
            None => Some(0),
            Some(id) => (0..PAGES).find(|n| app_id(*n) == id).map(|n| n + 1),
        }
    }

    fn of_page(&self, request: &Request, page: usize) -> Request {
        let mut out = request.clone();
        let range =
            if page == 0 { "id ..; max=1000;".to_owned() } else { format!("id ]{}..; max=1000", app_id(page - 1)) };
        out.headers.insert("range".to_owned(), range);
        out
    }

    fn same_cursor(&self, from: &Good, to: &Good) -> Good {
        Good { status: from.status, headers: from.headers.clone(), body: to.body.clone() }
    }

    fn error_body(&self) -> String {
        json!({"id": "maintenance", "message": "Heroku is in maintenance"}).to_string()
    }

    fn refusal(&self, status: u16) -> String {
        json!({"id": format!("error_{status}"), "message": format!("refused with {status}")}).to_string()
    }

    fn with_cursor(&self, good: &Good, _: &Request, _: &str, cursor: Cursor) -> Good {
        let mut out = good.clone().status(206);
        out.headers.retain(|(name, _)| name != "Next-Range");
        out.header(
            "Next-Range",
            match cursor {
                Cursor::Broken => "id ]ffffffff-0000-4000-8000-000000000000..; max=1000".to_owned(),
                Cursor::Loop => "id ..; max=1000;".to_owned(),
            },
        )
    }

    fn emptied(&self, good: &Good) -> Good {
        Good { body: "[]".to_owned(), ..good.clone() }
    }

    fn mistyped(&self, good: &Good) -> Good {
        mistyped_json(good)
    }
}

/// GitHub: an organisation with one repository, whose incidents stand on three pages. GraphQL is not served.
pub struct Github;

impl Service for Github {
    fn answer(&self, request: &Request, base: &str) -> Good {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let repository = json!({"id": 1, "name": "app", "full_name": "acme/app", "private": true, "visibility": "private",
            "archived": false, "disabled": false, "fork": false, "default_branch": "main", "has_issues": true,
            "created_at": "2025-01-01T00:00:00Z", "pushed_at": "2026-01-01T00:00:00Z", "permissions": {"admin": true},
            "security_and_analysis": {"secret_scanning": {"status": "enabled"}}});
        match parts[..] {
            ["user"] => Good::ok("{\"login\":\"auditor\",\"id\":9}"),
            ["orgs", "acme"] => Good::ok(
                json!({"login": "acme", "id": 5, "two_factor_requirement_enabled": true, "public_repos": 0,
                    "total_private_repos": 1})
                .to_string(),
            ),
            ["orgs", "acme", "repos"] => Good::ok(json!([repository]).to_string()),
            ["repos", "acme", "app"] => Good::ok(repository.to_string()),
            ["repos", "acme", "app", "issues"] => {
                // Only the label under test has issues.
                if request.query.get("labels").map(String::as_str) != Some("incident") {
                    return Good::ok("[]");
                }
                let page = self.page(request).unwrap_or(0);
                if page >= PAGES {
                    return Good::ok("[]");
                }
                let opened = iso(yesterday() - TimeDelta::days(4 - page as i64));
                let issue = json!([{"id": 100 + page, "number": page + 1, "title": "Backup failed", "state": "closed",
                    "state_reason": "completed", "labels": [{"name": "incident"}, {"name": "cause:backup_failed"},
                    {"name": "system:app"}], "created_at": opened, "updated_at": opened, "closed_at": opened,
                    "repository_url": format!("{base}/repos/acme/app"), "body": null, "user": null}]);
                let good = Good::ok(issue.to_string());
                if page + 1 < PAGES {
                    let next = format!(
                        "<{base}/repositories/1/issues?labels=incident&state=all&per_page=100&page={}>; rel=\"next\"",
                        page + 2
                    );
                    good.header("Link", next)
                } else {
                    good
                }
            }
            ["repositories", "1", "issues"] => {
                let mut same = request.clone();
                "/repos/acme/app/issues".clone_into(&mut same.path);
                self.answer(&same, base)
            }
            [.., "actions", "workflows"] => Good::ok("{\"total_count\":0,\"workflows\":[]}"),
            [.., "rules", "branches", _] | [.., "rulesets" | "members" | "outside_collaborators" | "migrations"] => {
                Good::ok("[]")
            }
            _ => Good::ok(self.refusal(404)).status(404),
        }
    }

    fn page(&self, request: &Request) -> Option<usize> {
        let list = request.path.ends_with("/issues") && request.query.get("labels").is_some_and(|l| l == "incident");
        list.then(|| request.query.get("page").and_then(|p| p.parse::<usize>().ok()).map_or(0, |p| p - 1))
    }

    fn of_page(&self, request: &Request, page: usize) -> Request {
        let mut out = request.clone();
        out.query.insert("page".to_owned(), (page + 1).to_string());
        out
    }

    fn same_cursor(&self, from: &Good, to: &Good) -> Good {
        Good { status: from.status, headers: from.headers.clone(), body: to.body.clone() }
    }

    fn error_body(&self) -> String {
        json!({"message": "Server Error", "documentation_url": "https://docs.github.com"}).to_string()
    }

    fn refusal(&self, status: u16) -> String {
        json!({"message": "Not Found", "documentation_url": "https://docs.github.com", "status": status.to_string()})
            .to_string()
    }

    fn with_cursor(&self, good: &Good, _: &Request, base: &str, cursor: Cursor) -> Good {
        let mut out = good.clone();
        out.headers.retain(|(name, _)| name != "Link");
        let page = if cursor == Cursor::Loop { 1 } else { 7 };
        out.header("Link", format!("<{base}/repositories/1/issues?labels=incident&page={page}>; rel=\"next\""))
    }

    fn emptied(&self, good: &Good) -> Good {
        Good { body: "[]".to_owned(), ..good.clone() }
    }

    fn mistyped(&self, good: &Good) -> Good {
        mistyped_json(good)
    }
}

/// AWS Backup: jobs on three pages. It also answers for STS.
pub struct AwsBackup;

fn caller() -> Good {
    Good::ok(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::123456789012:user/audit</Arn><UserId>AIDA</UserId><Account>123456789012</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
    )
    .header("Content-Type", "text/xml")
}

const TOKENS: [&str; 4] = ["", "token-1", "token-2", "token-3"];

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

/// Amazon RDS: snapshots on three pages.
pub struct Rds;

impl Rds {
    fn field(request: &Request, name: &str) -> Option<String> {
        let form = request.body.split('&').filter_map(|p| p.split_once('='));
        let found = form.map(|(k, v)| (k.to_owned(), v.to_owned())).find(|(k, _)| k == name);
        found.map(|(_, v)| v.replace("%3A", ":"))
    }
}

impl Service for Rds {
    fn answer(&self, request: &Request, _: &str) -> Good {
        let action = Self::field(request, "Action").unwrap_or_default();
        let wrap = |list: &str| {
            let body = format!(
                "<{action}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{action}Result>{list}</{action}Result>\
                 <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
            );
            Good::ok(body).header("Content-Type", "text/xml")
        };
        match action.as_str() {
            "GetCallerIdentity" => caller(),
            "DescribeDBSnapshots" => {
                if Self::field(request, "SnapshotType").is_some_and(|t| t != "automated") {
                    return wrap("<DBSnapshots/>");
                }
                let Some(page) = self.page(request).filter(|p| *p < PAGES) else {
                    return Good::ok(self.refusal(400)).status(400);
                };
                let mut list = String::from("<DBSnapshots>");
                for n in 0..2_i64 {
                    let at = yesterday() - TimeDelta::days((4 - (page as i64 * 2 + n)).max(0)) - TimeDelta::hours(10);
                    let id = format!("rds:shop-{page}-{n}");
                    let _ = write!(
                        list,
                        "<DBSnapshot><DBSnapshotIdentifier>{id}</DBSnapshotIdentifier><DBInstanceIdentifier>shop</DBInstanceIdentifier>\
                         <SnapshotCreateTime>{}</SnapshotCreateTime><Status>available</Status><SnapshotType>automated</SnapshotType>\
                         <Encrypted>true</Encrypted><PercentProgress>100</PercentProgress><AllocatedStorage>20</AllocatedStorage>\
                         <Engine>postgres</Engine>\
                         <DBSnapshotArn>arn:aws:rds:us-east-1:123456789012:snapshot:{id}</DBSnapshotArn></DBSnapshot>",
                        iso(at)
                    );
                }
                list.push_str("</DBSnapshots>");
                if page + 1 < PAGES {
                    let _ = write!(list, "<Marker>{}</Marker>", TOKENS[page + 1]);
                }
                wrap(&list)
            }
            "DescribeDBInstances" => wrap("<DBInstances/>"),
            "DescribeDBClusters" => wrap("<DBClusters/>"),
            "DescribeDBClusterSnapshots" => wrap("<DBClusterSnapshots/>"),
            "DescribeDBInstanceAutomatedBackups" => wrap("<DBInstanceAutomatedBackups/>"),
            "DescribeDBClusterAutomatedBackups" => wrap("<DBClusterAutomatedBackups/>"),
            "DescribeEvents" => wrap("<Events/>"),
            _ => Good::ok(self.refusal(400)).status(400),
        }
    }

    fn page(&self, request: &Request) -> Option<usize> {
        let other = |t: String| t != "automated";
        if Self::field(request, "Action").as_deref() != Some("DescribeDBSnapshots")
            || Self::field(request, "SnapshotType").is_some_and(other)
        {
            return None;
        }
        let token = Self::field(request, "Marker").unwrap_or_default();
        TOKENS.iter().position(|t| *t == token)
    }

    fn of_page(&self, request: &Request, page: usize) -> Request {
        let mut out = request.clone();
        let rest: Vec<&str> = request.body.split('&').filter(|p| !p.starts_with("Marker=")).collect();
        out.body = rest.join("&");
        if page > 0 {
            let _ = write!(out.body, "&Marker={}", TOKENS[page.min(PAGES)]);
        }
        out
    }

    fn same_cursor(&self, from: &Good, to: &Good) -> Good {
        let end = |good: &Good| good.body.split_once("</DBSnapshots>").map(|(_, rest)| rest.to_owned());
        let (Some(own), Some(other)) = (end(from), end(to)) else { return to.clone() };
        Good { body: to.body.replace(&other, &own), ..to.clone() }
    }

    fn error_body(&self) -> String {
        self.refusal(503)
    }

    fn refusal(&self, status: u16) -> String {
        format!(
            "<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><Error><Type>Sender</Type><Code>Error{status}</Code>\
             <Message>refused with {status}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        )
    }

    fn with_cursor(&self, good: &Good, _: &Request, _: &str, cursor: Cursor) -> Good {
        let to = if cursor == Cursor::Loop { "token-1" } else { "no-such-token" };
        let (before, after) = good.body.split_once("</DBSnapshots>").unwrap();
        let after = after.split_once("</Marker>").map_or(after, |(_, rest)| rest);
        Good { body: format!("{before}</DBSnapshots><Marker>{to}</Marker>{after}"), ..good.clone() }
    }

    fn emptied(&self, good: &Good) -> Good {
        let (before, rest) = good.body.split_once("<DBSnapshots>").unwrap();
        let after = rest.split_once("</DBSnapshots>").unwrap().1;
        Good { body: format!("{before}{after}"), ..good.clone() }
    }

    fn mistyped(&self, good: &Good) -> Good {
        // Dates and numbers become words.
        let body = good.body.replace("<SnapshotCreateTime>2", "<SnapshotCreateTime>once upon 2");
        Good { body: body.replace("<PercentProgress>100", "<PercentProgress>all"), ..good.clone() }
    }
}

/// Amazon S3: one bucket with dumps on three pages. It also answers for STS.
pub struct S3;

impl Service for S3 {
    fn answer(&self, request: &Request, _: &str) -> Good {
        if request.method == "POST" && request.body.contains("GetCallerIdentity") {
            return caller();
        }
        let xml = |body: String| Good::ok(body).header("Content-Type", "application/xml");
        let error = |code: &str| {
            xml(format!("<Error><Code>{code}</Code><Message>none</Message><RequestId>r</RequestId></Error>"))
                .status(404)
        };
        let has = |key: &str| request.query.contains_key(key);
        if has("list-type") {
            let Some(page) = self.page(request).filter(|p| *p < PAGES) else {
                return xml(
                    "<Error><Code>InvalidArgument</Code><Message>The continuation token is wrong</Message></Error>"
                        .to_owned(),
                )
                .status(400);
            };
            let mut list = String::new();
            let count = 2;
            for n in 0..count {
                let at = yesterday() - TimeDelta::days((4 - (page * 2 + n) as i64).max(0)) - TimeDelta::hours(10);
                let _ = write!(
                    list,
                    "<Contents><Key>shop-{}-{page}{n}.dump</Key><LastModified>{}</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag>\
                     <Size>1000</Size><StorageClass>STANDARD</StorageClass></Contents>",
                    20_260_000 + page * 10 + n,
                    iso(at)
                );
            }
            let more = page + 1 < PAGES;
            let next = if more {
                format!("<NextContinuationToken>{}</NextContinuationToken>", TOKENS[page + 1])
            } else {
                String::new()
            };
            return xml(format!(
                "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>acme-backups</Name><Prefix></Prefix>\
                 <KeyCount>{count}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>{more}</IsTruncated>{next}{list}</ListBucketResult>"
            ));
        }
        if has("location") {
            return xml("<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>".to_owned());
        }
        if has("encryption") {
            return xml("<ServerSideEncryptionConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
                <ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
                <BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"
                .to_owned());
        }
        if has("versioning") {
            return xml(
                "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Enabled</Status>\
                </VersioningConfiguration>"
                    .to_owned(),
            );
        }
        if has("logging") {
            return xml("<BucketLoggingStatus xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>".to_owned());
        }
        for (key, code) in [
            ("policyStatus", "NoSuchBucketPolicy"),
            ("policy", "NoSuchBucketPolicy"),
            ("publicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
            ("object-lock", "ObjectLockConfigurationNotFoundError"),
            ("lifecycle", "NoSuchLifecycleConfiguration"),
            ("replication", "ReplicationConfigurationNotFoundError"),
            ("ownershipControls", "OwnershipControlsNotFoundError"),
            ("tagging", "NoSuchTagSet"),
        ] {
            if has(key) {
                return error(code);
            }
        }
        if has("inventory") {
            return xml("<ListInventoryConfigurationsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                <IsTruncated>false</IsTruncated></ListInventoryConfigurationsResult>"
                .to_owned());
        }
        if request.method == "HEAD" {
            return Good::ok("").header("x-amz-bucket-region", "us-east-1");
        }
        error("NoSuchKey")
    }

    fn page(&self, request: &Request) -> Option<usize> {
        if !request.query.contains_key("list-type") {
            return None;
        }
        let token = request.query.get("continuation-token").map_or("", String::as_str);
        TOKENS.iter().position(|t| *t == token)
    }

    fn of_page(&self, request: &Request, page: usize) -> Request {
        let mut out = request.clone();
        out.query.insert("continuation-token".to_owned(), TOKENS[page.min(PAGES)].to_owned());
        out
    }

    fn same_cursor(&self, from: &Good, to: &Good) -> Good {
        let cursor = |good: &Good| {
            let (_, rest) = good.body.split_once("<IsTruncated>").unwrap();
            rest.split_once("<Contents>").map_or(rest, |(cursor, _)| cursor).to_owned()
        };
        Good { body: to.body.replace(&cursor(to), &cursor(from)), ..to.clone() }
    }

    fn error_body(&self) -> String {
        "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>".to_owned()
    }

    fn refusal(&self, status: u16) -> String {
        let code = match status {
            401 | 403 => "AccessDenied",
            404 => "NoSuchBucket",
            503 => "SlowDown",
            429 => "TooManyRequests",
            _ => "InternalError",
        };
        format!("<Error><Code>{code}</Code><Message>refused with {status}</Message></Error>")
    }

    fn with_cursor(&self, good: &Good, _: &Request, _: &str, cursor: Cursor) -> Good {
        let to = if cursor == Cursor::Loop { "token-1" } else { "no-such-token" };
        let body = good.body.replace("<IsTruncated>false", "<IsTruncated>true");
        let body = match body.split_once("<NextContinuationToken>") {
            Some((before, after)) => {
                let after = after.split_once("</NextContinuationToken>").unwrap().1;
                format!("{before}<NextContinuationToken>{to}</NextContinuationToken>{after}")
            }
            None => body.replace(
                "</IsTruncated>",
                &format!("</IsTruncated><NextContinuationToken>{to}</NextContinuationToken>"),
            ),
        };
        Good { body, ..good.clone() }
    }

    fn emptied(&self, good: &Good) -> Good {
        // The count stays: the answer contradicts itself.
        let body = good.body.replace("<Contents>", "<Gone>").replace("</Contents>", "</Gone>");
        Good { body, ..good.clone() }
    }

    fn mistyped(&self, good: &Good) -> Good {
        let body =
            good.body.replace("<Size>1000", "<Size>much").replace("<LastModified>2", "<LastModified>once upon 2");
        Good { body, ..good.clone() }
    }
}
