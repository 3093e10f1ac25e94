//! A small S3 on this machine: a bucket with settings and objects, listed in pages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::aws::stream::md5;
use crate::net::testing::{Reply, Seen, Server};

/// One object.
#[derive(Debug, Clone)]
pub struct Stored {
    pub content: Vec<u8>,
    pub modified: &'static str,
}

/// What a server holds.
#[derive(Debug, Clone)]
pub struct Fake {
    /// Objects by `bucket/key`.
    pub objects: BTreeMap<String, Stored>,
    /// Settings by their parameter (`encryption`): status and body.
    pub settings: BTreeMap<&'static str, (u16, String)>,
    /// Keys a page.
    pub page: usize,
}

impl Default for Fake {
    fn default() -> Self {
        let absent = |code: &str| (404, format!("<Error><Code>{code}</Code><Message>none</Message></Error>"));
        let set = |body: &str| (200, body.to_owned());
        Self {
            objects: BTreeMap::new(),
            settings: BTreeMap::from([
                (
                    "encryption",
                    set(
                        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
                    ),
                ),
                ("versioning", set("<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>")),
                ("object-lock", absent("ObjectLockConfigurationNotFoundError")),
                ("lifecycle", absent("NoSuchLifecycleConfiguration")),
                ("replication", absent("ReplicationConfigurationNotFoundError")),
                ("publicAccessBlock", absent("NoSuchPublicAccessBlockConfiguration")),
                ("policy", absent("NoSuchBucketPolicy")),
                ("policyStatus", absent("NoSuchBucketPolicy")),
                (
                    "ownershipControls",
                    set(
                        "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
                    ),
                ),
                ("logging", set("<BucketLoggingStatus/>")),
            ]),
            page: 3,
        }
    }
}

impl Fake {
    /// The same with an object.
    pub fn with(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        let stored = Stored { content: content.into(), modified: "2026-11-20T02:00:00.000Z" };
        self.objects.insert(path.to_owned(), stored);
        self
    }

    /// Answers a request.
    pub fn answer(&self, seen: &Seen) -> Reply {
        let (path, query) = seen.path().split_once('?').unwrap_or((seen.path(), ""));
        let query: BTreeMap<String, String> = query
            .split('&')
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(k, v)| (decoded(k), decoded(v)))
            .collect();
        let path = decoded(path.trim_start_matches('/'));
        let head = seen.line.starts_with("HEAD");
        match path.trim_end_matches('/').split_once('/') {
            Some(_) => self.object(&path, head),
            None if head => Reply::Raw(
                b"HTTP/1.1 200 OK\r\nx-amz-bucket-region: eu-west-1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                    .to_vec(),
            ),
            None if query.contains_key("list-type") => self.list(path.trim_end_matches('/'), &query),
            None if query.contains_key("versions") => self.versions(path.trim_end_matches('/'), &query),
            None => {
                let Some((_, (status, body))) = self.settings.iter().find(|(name, _)| query.contains_key(**name))
                else {
                    panic!("nobody asks for {}", seen.line);
                };
                Reply::status(*status, body)
            }
        }
    }

    fn object(&self, path: &str, head: bool) -> Reply {
        let Some(stored) = self.objects.get(path) else {
            let body = if head { "" } else { "<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>" };
            return Reply::status(404, body);
        };
        let etag = format!("\"{}\"", md5(&stored.content));
        if head {
            return Reply::Raw(
                format!(
                    "HTTP/1.1 200 OK\r\nlast-modified: Fri, 20 Nov 2026 02:00:00 GMT\r\netag: {etag}\r\ncontent-length: {}\r\n\
                     x-amz-server-side-encryption: aws:kms\r\nx-amz-object-lock-mode: COMPLIANCE\r\n\
                     x-amz-object-lock-retain-until-date: 2026-12-25T02:00:00Z\r\nconnection: close\r\n\r\n",
                    stored.content.len()
                )
                .into_bytes(),
            );
        }
        Reply::Whole(200, Vec::new(), stored.content.clone())
            .header("etag", etag)
            .header("last-modified", "Fri, 20 Nov 2026 02:00:00 GMT")
    }

    fn keys<'s>(&'s self, bucket: &str, query: &BTreeMap<String, String>) -> Vec<(&'s str, &'s Stored)> {
        let start = format!("{bucket}/");
        let prefix = query.get("prefix").map_or("", String::as_str).to_owned();
        let own = self.objects.iter().filter_map(|(path, stored)| Some((path.strip_prefix(&start)?, stored)));
        own.filter(|(key, _)| key.starts_with(&prefix)).collect()
    }

    fn list(&self, bucket: &str, query: &BTreeMap<String, String>) -> Reply {
        let prefix = query.get("prefix").map_or("", String::as_str);
        let mut folders = String::new();
        let mut keys = self.keys(bucket, query);
        if query.contains_key("delimiter") {
            let mut seen = std::collections::BTreeSet::new();
            keys.retain(|(key, _)| match key[prefix.len()..].split_once('/') {
                Some((folder, _)) => {
                    seen.insert(format!("{prefix}{folder}/"));
                    false
                }
                None => true,
            });
            folders = seen
                .iter()
                .map(|f| format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", encoded(f)))
                .collect();
        }
        let token = query.get("continuation-token").cloned().unwrap_or_default();
        let rest: Vec<_> =
            keys.into_iter().filter(|(key, _)| token.is_empty() || *key > token.trim_start_matches("after ")).collect();
        let here = &rest[..rest.len().min(self.page)];
        let more = rest.len() > here.len();
        let entries: String = here.iter().map(|(key, stored)| entry("Contents", key, stored, "")).collect();
        let next = match (more, here.last()) {
            (true, Some((key, _))) => {
                format!("<NextContinuationToken>after {}</NextContinuationToken>", key.replace('&', "&amp;"))
            }
            _ => String::new(),
        };
        let count = here.len() + folders.matches("<Prefix>").count();
        Reply::status(
            200,
            &format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <Name>{bucket}</Name><Prefix>{}</Prefix>{next}<KeyCount>{count}</KeyCount><MaxKeys>1000</MaxKeys>\
                 <EncodingType>url</EncodingType><IsTruncated>{more}</IsTruncated>{entries}{folders}</ListBucketResult>",
                encoded(prefix)
            ),
        )
    }

    /// Each object has an older version; each page ends within a key.
    fn versions(&self, bucket: &str, query: &BTreeMap<String, String>) -> Reply {
        let all: Vec<(&str, &str, String)> = self
            .keys(bucket, query)
            .into_iter()
            .flat_map(|(key, stored)| {
                let old = Stored { content: b"old".to_vec(), modified: "2026-11-10T02:00:00.000Z" };
                let of = |version: &str, latest, stored: &Stored| {
                    entry(
                        "Version",
                        key,
                        stored,
                        &format!("<VersionId>{version}</VersionId><IsLatest>{latest}</IsLatest>"),
                    )
                };
                [(key, "2", of("2", true, stored)), (key, "1", of("1", false, &old))]
            })
            .collect();
        let after = query.get("key-marker").zip(query.get("version-id-marker"));
        let from = after.map_or(0, |(key, version)| {
            1 + all.iter().position(|(k, v, _)| k == key && v == version).expect("a marker of ours")
        });
        let here = &all[from..all.len().min(from + self.page)];
        let more = from + here.len() < all.len();
        let next = match (more, here.last()) {
            (true, Some((key, version, _))) => {
                format!(
                    "<NextKeyMarker>{}</NextKeyMarker><NextVersionIdMarker>{version}</NextVersionIdMarker>",
                    encoded(key)
                )
            }
            _ => String::new(),
        };
        let entries: String = here.iter().map(|(_, _, text)| text.as_str()).collect();
        Reply::status(
            200,
            &format!(
                "<ListVersionsResult><Name>{bucket}</Name>{next}<EncodingType>url</EncodingType>\
                 <IsTruncated>{more}</IsTruncated>{entries}</ListVersionsResult>"
            ),
        )
    }
}

fn entry(element: &str, key: &str, stored: &Stored, more: &str) -> String {
    format!(
        "<{element}><Key>{}</Key>{more}<LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag><Size>{}</Size>\
         <StorageClass>STANDARD</StorageClass></{element}>",
        encoded(key),
        stored.modified,
        md5(&stored.content),
        stored.content.len()
    )
}

/// A server that answers as `fake` does but for what `fault` answers, which gets the number of earlier requests for the
/// same path.
pub fn server(fake: Fake, fault: impl Fn(usize, &Seen) -> Option<Reply> + Send + Sync + 'static) -> Server {
    let counts: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    Server::start(move |_, seen| {
        let n = {
            let mut counts = counts.lock().unwrap();
            let n = counts.entry(seen.line.clone()).or_default();
            *n += 1;
            *n - 1
        };
        fault(n, seen).unwrap_or_else(|| fake.answer(seen))
    })
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b' ' => "+".to_owned(),
            b if b.is_ascii_alphanumeric() || b"-_./".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

fn decoded(text: &str) -> String {
    super::page::decoded(text).unwrap()
}
