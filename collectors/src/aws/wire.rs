//! Answers as they came over the wire, kept by `collect`: each says by its name what was asked ([`super::question`]).
//!
//! A list that came in pages is whole where its pages follow each other without a gap and the last names no next one. A
//! refusal that means nothing to a reader is passed over here: it was told when it was collected, and the source is
//! incomplete.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::question::{self, Part, Told};
use super::text::decode;
use super::xml::{self, Read};
use super::{Failure, Place, Reply, Sorter};
use crate::{Document, problem};

/// A page that was read: its number, whether it names a next one, and which reply it became.
#[derive(Debug)]
pub(super) struct Page<'a> {
    number: usize,
    more: bool,
    reply: Option<usize>,
    document: &'a Document,
}

/// Pages by series.
pub(super) type Series<'a> = BTreeMap<String, Vec<Page<'a>>>;

enum Body {
    Reply(Map<String, Value>),
    Error(String, String),
}

impl<'a> Sorter<'a, '_> {
    /// Reads one answer.
    pub(super) fn wire(&mut self, document: &'a Document, told: Told) {
        if !self.wanted.services.contains(&told.call.service.as_str()) {
            self.sink.passed_over(document.name(), "answer of a service that this source does not read");
            return;
        }
        let bytes = match document.bytes() {
            Ok(bytes) => bytes,
            Err(e) => return self.sink.problem(problem(document, None, format!("can't be read: {e}"))),
        };
        let mut place = self.place(document, None, Some(told.call.clone()));
        place.wire = true;
        let body = match (body(&told, &bytes), &told.part) {
            (Ok(body), _) => body,
            // The name tells what it is; pages of other programs have no form.
            (Err(_), Part::Error { .. }) => Body::Error(String::new(), String::new()),
            (Err(why), Part::Page(_)) => {
                return self.sink.problem(problem(document, None, format!("unreadable answer: {why}; collect again")));
            }
        };
        match (body, told.part) {
            (Body::Reply(value), Part::Page(number)) => self.page(place, value, told.series, number),
            (Body::Error(code, message), part) => {
                let named = match part {
                    Part::Error { code, .. } => code,
                    Part::Page(_) => String::new(),
                };
                self.failure(place, if code.is_empty() { named } else { code }, message);
            }
            (Body::Reply(_), Part::Error { code, .. }) => self.failure(place, code, String::new()),
        }
    }

    fn page(&mut self, place: Place<'a>, value: Map<String, Value>, series: String, number: usize) {
        let more = super::continues(&value);
        let document = place.document;
        let reply = if value.is_empty() {
            self.out.silent.push(place);
            None
        } else {
            self.out.replies.push(Reply { place, value, whole: false, series: Some(series.clone()) });
            Some(self.out.replies.len() - 1)
        };
        self.series.entry(series).or_default().push(Page { number, more, reply, document });
    }

    fn failure(&mut self, place: Place<'a>, code: String, message: String) {
        let operation = place.call.as_ref().map(|c| question::pascal(&c.operation)).unwrap_or_default();
        self.out.failures.push(Failure { place, code, operation, message });
    }

    /// Settles which lists are whole.
    pub(super) fn chains(&mut self) {
        for (_, mut pages) in std::mem::take(&mut self.series) {
            pages.sort_by_key(|p| p.number);
            let count = pages.len();
            let linked = pages.iter().enumerate().all(|(at, p)| p.number == at + 1 && p.more == (at + 1 < count));
            if linked {
                for at in pages.iter().filter_map(|p| p.reply) {
                    if let Some(reply) = self.out.replies.get_mut(at) {
                        reply.whole = true;
                    }
                }
            } else if let Some(last) = pages.last() {
                let message = "the list is not here to its end, or pages of it are missing: collect again";
                self.sink.problem(problem(last.document, None, message));
            }
        }
    }
}

fn body(told: &Told, bytes: &[u8]) -> Result<Body, String> {
    if told.form == "headers" {
        return Ok(match told.part {
            Part::Page(_) if told.call.operation.starts_with("head-") => Body::Reply(head(bytes)),
            Part::Page(_) => Body::Reply(Map::new()),
            Part::Error { .. } => Body::Error(String::new(), String::new()),
        });
    }
    if told.form == "xml" {
        return Ok(match xml::read(bytes)? {
            Read::Reply(value) => Body::Reply(value),
            Read::Error { code, message } => Body::Error(code, message),
        });
    }
    let (text, damaged) = decode(bytes);
    if damaged.is_some() {
        return Err("it is not UTF-8".to_owned());
    }
    // The one answer of S3 that is the document itself.
    if told.call.operation == "get-bucket-policy" && matches!(told.part, Part::Page(_)) {
        return Ok(Body::Reply(Map::from_iter([("Policy".to_owned(), Value::String(text))])));
    }
    let Value::Object(value) = serde_json::from_str(&text).map_err(|e| format!("damaged JSON ({e})"))? else {
        return Err("not the object that the call answers with".to_owned());
    };
    let text = |keys: &[&str]| keys.iter().find_map(|k| value.get(*k)?.as_str()).unwrap_or_default().to_owned();
    let error = value
        .keys()
        .all(|k| matches!(k.as_str(), "message" | "Message" | "Code" | "code" | "__type" | "Type" | "Context"));
    if matches!(told.part, Part::Error { .. }) || (error && !value.is_empty()) {
        let code = text(&["Code", "code", "__type"]);
        let code = code.rsplit('#').next().unwrap_or_default().to_owned();
        return Ok(Body::Error(code, text(&["message", "Message"])));
    }
    Ok(Body::Reply(value))
}

/// Headers of `HeadObject` under the keys of the CLI (S3 API reference).
fn head(bytes: &[u8]) -> Map<String, Value> {
    const KEYS: &[(&str, &str)] = &[
        ("last-modified", "LastModified"),
        ("etag", "ETag"),
        ("content-type", "ContentType"),
        ("x-amz-version-id", "VersionId"),
        ("x-amz-server-side-encryption", "ServerSideEncryption"),
        ("x-amz-server-side-encryption-aws-kms-key-id", "SSEKMSKeyId"),
        ("x-amz-server-side-encryption-customer-algorithm", "SSECustomerAlgorithm"),
        ("x-amz-storage-class", "StorageClass"),
        ("x-amz-replication-status", "ReplicationStatus"),
        ("x-amz-object-lock-mode", "ObjectLockMode"),
        ("x-amz-object-lock-retain-until-date", "ObjectLockRetainUntilDate"),
        ("x-amz-object-lock-legal-hold", "ObjectLockLegalHoldStatus"),
        ("x-amz-expiration", "Expiration"),
        ("x-amz-restore", "Restore"),
        ("x-amz-archive-status", "ArchiveStatus"),
        ("x-amz-checksum-sha256", "ChecksumSHA256"),
        ("x-amz-checksum-crc32", "ChecksumCRC32"),
        ("x-amz-checksum-crc64nvme", "ChecksumCRC64NVME"),
        ("x-amz-checksum-type", "ChecksumType"),
        ("x-amz-bucket-region", "BucketRegion"),
    ];
    let mut out = Map::new();
    let text = String::from_utf8_lossy(bytes);
    for (name, value) in text.lines().skip(1).filter_map(|line| line.split_once(": ")) {
        if let Some((_, key)) = KEYS.iter().find(|(header, _)| *header == name) {
            out.insert((*key).to_owned(), Value::from(value));
        }
        if name == "content-length"
            && let Ok(length) = value.parse::<u64>()
        {
            out.insert("ContentLength".to_owned(), Value::from(length));
        }
        if name == "x-amz-server-side-encryption-bucket-key-enabled" {
            out.insert("BucketKeyEnabled".to_owned(), Value::from(value == "true"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
