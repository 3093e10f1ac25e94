//! What each service answers when all is well: lists of three pages, and everything else that a collector asks.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::server::Good;

mod aws_backup;
mod github;
mod heroku;
mod rds;
mod s3;

pub use aws_backup::AwsBackup;
pub use github::Github;
pub use heroku::Heroku;
pub use rds::Rds;
pub use s3::S3;

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

/// STS: who asks.
fn caller() -> Good {
    Good::ok(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::123456789012:user/audit</Arn><UserId>AIDA</UserId><Account>123456789012</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
    )
    .header("Content-Type", "text/xml")
}

const TOKENS: [&str; 4] = ["", "token-1", "token-2", "token-3"];
