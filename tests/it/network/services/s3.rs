//! Amazon S3.

use std::fmt::Write as _;

use chrono::TimeDelta;

use super::{PAGES, TOKENS, caller, iso, yesterday};
use crate::network::server::{Cursor, Good, Request, Service};

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
