//! What a bucket policy says about transport, and about whose it is.
//!
//! A `Deny` for everyone, on every action and on the bucket with all its objects, under
//! `aws:SecureTransport = false` refuses plain HTTP; under `s3:TlsVersion` lower than a version it sets the lowest one
//! (S3 user guide, "Bucket policy examples using condition keys").

use serde_json::Value;

/// What a policy enforces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Transport {
    /// Plain HTTP is refused.
    pub plain_denied: bool,
    /// Lowest TLS version.
    pub tls_min: Option<String>,
}

/// Judges a policy of `bucket`; `None` where it is no policy.
pub(super) fn transport(policy: &str, bucket: &str) -> Option<Transport> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let mut out = Transport { plain_denied: false, tls_min: None };
    for statement in many(policy.get("Statement")?) {
        if !denies_everyone(statement, bucket) {
            continue;
        }
        let Some(condition) = statement.get("Condition").and_then(Value::as_object) else { continue };
        // Conditions of one statement must hold together: with a second one it no longer covers every request.
        let mut keys = condition.iter().flat_map(|(operator, keys)| {
            keys.as_object().into_iter().flatten().map(move |(key, value)| (operator.as_str(), key.as_str(), value))
        });
        let (Some((operator, key, value)), None) = (keys.next(), keys.next()) else { continue };
        let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
        let value = text(many(value).first().copied());
        if key.eq_ignore_ascii_case("aws:SecureTransport") && operator == "Bool" && value.as_deref() == Some("false") {
            out.plain_denied = true;
        }
        if key.eq_ignore_ascii_case("s3:TlsVersion") && operator == "NumericLessThan" {
            out.tls_min = value;
        }
    }
    Some(out)
}

/// The bucket that every resource of the policy belongs to.
pub(super) fn bucket(policy: &str) -> Option<String> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let mut found: Option<&str> = None;
    for statement in many(policy.get("Statement")?) {
        for resource in many(statement.get("Resource")?) {
            let name = resource.as_str()?.splitn(6, ':').nth(5)?.split('/').next()?;
            if name.contains('*') || found.is_some_and(|f| f != name) {
                return None;
            }
            found = Some(name);
        }
    }
    found.map(str::to_owned)
}

fn denies_everyone(statement: &Value, bucket: &str) -> bool {
    let everyone = |principal: &Value| {
        principal.as_str() == Some("*")
            || principal.get("AWS").is_some_and(|aws| many(aws).iter().any(|p| p.as_str() == Some("*")))
    };
    let listed = |key: &str| -> Vec<&str> {
        statement.get(key).map(many).unwrap_or_default().into_iter().filter_map(Value::as_str).collect()
    };
    let actions = listed("Action");
    // `arn:<partition>:s3:::<what>`; partitions are aws, aws-cn and aws-us-gov.
    let resources: Vec<&str> = listed("Resource").into_iter().map(|r| r.splitn(6, ':').nth(5).unwrap_or(r)).collect();
    let covers = |what: &str| resources.iter().any(|r| *r == what || *r == "*");
    statement.get("Effect").and_then(Value::as_str) == Some("Deny")
        && statement.get("Principal").is_some_and(everyone)
        && actions.iter().any(|a| matches!(*a, "*") || a.eq_ignore_ascii_case("s3:*"))
        && ((covers(bucket) && covers(&format!("{bucket}/*"))) || resources.contains(&format!("{bucket}*").as_str()))
}

/// One value or a list of them.
fn many(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |list| list.iter().collect())
}

fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.to_ascii_lowercase()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
