//! Which bucket a reply is about, and which resource a key belongs to.

use serde_json::{Map, Value};

use super::policy;
use crate::Document;
use crate::aws::{Answers, Call, Failure, Place, Reply, failures_in};

/// Calls by whose names files may be named.
pub(super) const CALLS: &[&str] = &[
    "get-bucket-encryption",
    "get-bucket-lifecycle-configuration",
    "get-bucket-location",
    "get-bucket-logging",
    "get-bucket-ownership-controls",
    "get-bucket-policy",
    "get-bucket-policy-status",
    "get-bucket-replication",
    "get-bucket-versioning",
    "get-object-lock-configuration",
    "get-public-access-block",
    "list-object-versions",
    "list-objects",
    "list-objects-v2",
    "head-bucket",
    "s3-ls",
];

/// Takes wrapped replies apart: `{"Bucket": "b", "<call>": <reply or error text>, …}`.
pub(super) fn apart(answers: Answers<'_>) -> Answers<'_> {
    let mut out = Answers { replies: Vec::new(), ..answers };
    for reply in answers.replies {
        let Some(bucket) = reply.value.get("Bucket").and_then(Value::as_str) else {
            out.replies.push(reply);
            continue;
        };
        for call in CALLS {
            let Some(inner) = reply.value.get(*call) else { continue };
            let mut place = reply.place.clone();
            if !place.pointer.starts_with("line:") {
                place.pointer = format!("{}/{call}", place.pointer);
            }
            // Which filters were given is not told: an unknown option keeps lists from counting as complete.
            let options = [("bucket", bucket), ("from-wrapper", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
            place.call = Some(Call {
                service: "s3api".to_owned(),
                operation: (*call).to_owned(),
                words: Vec::new(),
                options: options.into(),
            });
            match inner {
                Value::Object(value) if !value.is_empty() => {
                    out.replies.push(Reply { place, value: value.clone(), whole: reply.whole, series: None });
                }
                Value::String(text) if !text.trim().is_empty() => {
                    out.failures.extend(failures_in(text).into_iter().map(|(_, said)| Failure {
                        place: place.clone(),
                        code: said.code,
                        operation: said.operation,
                        message: said.message,
                    }));
                }
                _ => out.silent.push(place),
            }
        }
        out.replies.push(reply);
    }
    out
}

/// Bucket of an answer, as the module documentation defines it.
pub(super) fn bucket(place: &Place<'_>, value: Option<&Map<String, Value>>) -> Option<String> {
    let asked = || {
        let call = place.call.as_ref()?;
        let given = call.options.get("bucket").map(String::as_str);
        given.or_else(|| call.words.iter().find_map(|w| w.strip_prefix("s3://"))?.split('/').next())
    };
    let told = || {
        let value = value?;
        let of_list = value.contains_key("Contents") || value.contains_key("Versions");
        let name = value.get("Bucket").or_else(|| value.get("Name").filter(|_| of_list));
        name.and_then(Value::as_str)
    };
    let by_policy = || policy::bucket(value?.get("Policy")?.as_str()?);
    let found = asked().or_else(told).map(str::to_owned).or_else(by_policy);
    found.or_else(|| named(place.document).map(|(bucket, _)| bucket.to_owned())).filter(|b| valid(b))
}

/// Bucket and call that the name of a document tells.
pub(super) fn named(document: &Document) -> Option<(&str, &'static str)> {
    const ENDS: &[&str] = &["gz", "zst", "json", "stderr", "stdout", "err", "out", "txt", "log"];
    let mut stem = document.file_name();
    while let Some((rest, end)) = stem.rsplit_once('.') {
        if !ENDS.contains(&end) {
            break;
        }
        stem = rest;
    }
    let folder = document.name().rsplit('/').nth(1);
    CALLS.iter().find_map(|call| {
        let bucket = if stem == *call { folder? } else { stem.strip_suffix(call)?.strip_suffix('.')? };
        Some((bucket, *call))
    })
}

/// Bucket naming rules: 3 to 63 lower-case letters, digits, dots and hyphens (underscores and upper case in old ones).
fn valid(name: &str) -> bool {
    (3..=255).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}

/// Resource of an object: see the module documentation of `s3`.
pub(super) fn resource(bucket: &str, key: &str) -> String {
    let bytes = key.as_bytes();
    let cut = bytes.windows(4).position(|w| w.iter().all(u8::is_ascii_digit));
    let prefix = cut.and_then(|at| key.get(..at)).unwrap_or(key);
    let prefix = if cut.is_some() { prefix.trim_end_matches(['/', '-', '_', '.', ' ', '=']) } else { prefix };
    whole(bucket, prefix)
}

/// Resource of everything below a prefix.
pub(super) fn whole(bucket: &str, prefix: &str) -> String {
    if prefix.is_empty() { format!("s3:{bucket}") } else { format!("s3:{bucket}/{prefix}") }
}

/// Beginning of the keys of a resource.
pub(super) fn beginning<'r>(bucket: &str, resource: &'r str) -> &'r str {
    resource.strip_prefix("s3:").and_then(|r| r.strip_prefix(bucket)).map_or("", |r| r.strip_prefix('/').unwrap_or(r))
}
