//! Amazon RDS.

use std::fmt::Write as _;

use chrono::TimeDelta;

use super::{PAGES, TOKENS, caller, iso, yesterday};
use crate::network::server::{Cursor, Good, Request, Service};

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
