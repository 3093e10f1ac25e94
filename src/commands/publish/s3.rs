//! A packet into S3 under Object Lock, with receipts of every stored version.
//!
//! The list of the lists goes last, so that a packet in the bucket is whole where it is there. Receipts are what the
//! server says of each stored version.

use std::collections::BTreeMap;
use std::fs;

use collectors::upload::s3::{Access, Bucket, Done, Item, Lock, Mode};
use model::time::{Span, Tz};
use reports::portal::RECEIPTS;
use serde_json::json;
use store::bag::TAG_LIST;
use tokio::runtime::Runtime;

use super::portal::{self, INDEX, Shelf, sha256};
use super::{Packet, cannot, keep};
use crate::cli::{Format, Globals, LockMode, PublishArgs};
use crate::failure::{End, Failure};
use crate::progress::Progress;
use crate::workspace::Loaded;
use crate::{clock, collecting, output};

/// Locks last so long where nothing else is said: HIPAA has documentation kept for six years (45 CFR 164.316(b)(2)(i)).
const RETAIN: Span = Span { months: 72, seconds: 0 };

/// A prefix of a bucket.
struct Prefix<'a> {
    runtime: &'a Runtime,
    bucket: &'a Bucket,
    prefix: &'a str,
}

impl Shelf for Prefix<'_> {
    fn folders(&self) -> Result<Vec<String>, Failure> {
        Ok(self.runtime.block_on(self.bucket.folders(self.prefix))?)
    }

    fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.runtime.block_on(self.bucket.read(&format!("{}{name}", self.prefix), most))?)
    }

    fn page(&self, name: &str, content: Vec<u8>) -> Result<bool, Failure> {
        let (key, digest) = (format!("{}{name}", self.prefix), sha256(&content));
        Ok(self.runtime.block_on(self.bucket.page(&key, content, &digest, media(name)))?)
    }
}

/// Uploads the packet, keeps the receipts and renews the page.
pub fn publish(
    packet: &Packet,
    bucket_name: &str,
    prefix: &str,
    options: &PublishArgs,
    workspace: Option<&Loaded>,
    globals: &Globals,
) -> Result<End, Failure> {
    let progress = Progress::new(globals);
    let now = clock::now();
    let lock = Lock {
        mode: match options.mode {
            LockMode::Governance => Mode::Governance,
            LockMode::Compliance => Mode::Compliance,
        },
        until: options.retain.unwrap_or(RETAIN).after(now, Tz::UTC),
        now,
        extend: options.retain.is_some(),
    };
    let access =
        Access { url: options.endpoint.clone(), region: options.region.clone(), profile: options.profile.clone() };
    let runtime = collecting::network()?;
    let bucket = runtime.block_on(Bucket::open(bucket_name, &access))?;
    let place = format!("s3://{bucket_name}/{prefix}");
    let name = &packet.name;
    let (first, last) = items(packet, &format!("{prefix}{name}/"));
    let mut done: BTreeMap<&str, u64> = [("uploaded", 0), ("kept", 0), ("locked", 0)].into();
    let mut tell = |item: &Item, how: Done| {
        progress.at(&format!("stored: {}", item.key));
        let word = match how {
            Done::Uploaded => "uploaded",
            Done::Kept => "kept",
            Done::Locked => "locked",
        };
        *done.entry(word).or_default() += 1;
    };
    let mut receipts = runtime.block_on(bucket.put(&first, lock, &mut tell))?;
    receipts.extend(runtime.block_on(bucket.put(&last, lock, &mut tell))?);
    receipts.sort_by(|a, b| a.key.cmp(&b.key));
    // Repeating a publication gives the same bytes.
    let told = json!({
        "schema": "backproof.receipts/1",
        "packet": name,
        "tagmanifest_sha256": packet.list,
        "target": format!("{place}{name}/"),
        "endpoint": options.endpoint,
        "objects": receipts,
    });
    let beside = packet.path.with_file_name(format!("{name}{RECEIPTS}"));
    let stored_as = format!("object-lock-{}.json", packet.list.get(..16).unwrap_or_default());
    let (kept, written) = keep(&told, &beside, &stored_as, workspace)?;
    progress.at("renewing the page over all packets");
    let shelf = Prefix { runtime: &runtime, bucket: &bucket, prefix };
    shelf.page(&format!("{name}{RECEIPTS}"), kept)?;
    for (ending, path) in packet.beside() {
        shelf.page(&format!("{name}{ending}"), fs::read(&path).map_err(|e| cannot(&path, &e))?)?;
    }
    let index_changed = portal::renew(&shelf)?;
    progress.done();
    let until = receipts.iter().map(|r| r.retain_until.as_str()).min().unwrap_or_default();
    match globals.format {
        Format::Json => output::json(&json!({
            "schema": "backproof.publication/1",
            "target": format!("{place}{name}/"),
            "uploaded": done.get("uploaded"),
            "kept": done.get("kept"),
            "locked": done.get("locked"),
            "locked_until": until,
            "receipts": written,
            "index": format!("{place}{INDEX}"),
            "index_changed": index_changed,
        }))?,
        _ => {
            let count = |word| done.get(word).copied().unwrap_or_default();
            let mut text = format!(
                "{place}{name}/: {} objects uploaded, {} were there, {} were there and are locked anew; all locked until {until} at least\n",
                count("uploaded"),
                count("kept"),
                count("locked"),
            );
            for path in &written {
                text.push_str(&format!("receipts: {}\n", path.display()));
            }
            text.push_str(&format!("index: {place}{INDEX}{}\n", if index_changed { "" } else { ", unchanged" }));
            output::print(&output::printable(&text))?;
        }
    }
    Ok(End::Done)
}

/// Bucket and prefix, which is empty or ends in `/`.
pub fn destination(target: &str) -> Result<(String, String), Failure> {
    let usage =
        || Failure::usage(format!("{target:?} is no place in S3"), "name it as s3://bucket or s3://bucket/prefix");
    let rest = target.strip_prefix("s3://").ok_or_else(usage)?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let prefix = prefix.trim_end_matches('/');
    let odd = prefix.split('/').any(|part| part.is_empty() || part == "." || part == "..");
    if bucket.len() < 3 || !bucket.bytes().all(fine) || (odd && !prefix.is_empty()) {
        return Err(usage());
    }
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    Ok((bucket.to_owned(), prefix))
}

/// Uploads: everything but the list of the lists and its signature, then these.
fn items(packet: &Packet, folder: &str) -> (Vec<Item>, Vec<Item>) {
    let all = packet.files.iter().map(|(name, put)| Item {
        key: format!("{folder}{name}"),
        path: packet.path.join(name),
        bytes: put.bytes,
        sha256: put.digest.clone(),
        media: media(name),
    });
    all.partition(|i| !i.key.strip_prefix(folder).is_some_and(|n| n.starts_with(TAG_LIST)))
}

/// Media type by the ending. Evidence has no ending and stays bytes: no browser shows what an outsider wrote.
fn media(name: &str) -> &'static str {
    match name.rsplit('/').next().and_then(|n| n.rsplit_once('.')).map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("txt" | "md" | "sig") => "text/plain; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        Some("json") => "application/json",
        Some("pdf") => "application/pdf",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some("tsq") => "application/timestamp-query",
        Some("tsr") => "application/timestamp-reply",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_a_prefix() {
        let of = |text| destination(text).ok();
        let is = |bucket: &str, prefix: &str| Some((bucket.to_owned(), prefix.to_owned()));
        assert_eq!(of("s3://acme-audit"), is("acme-audit", ""));
        assert_eq!(of("s3://acme-audit/"), is("acme-audit", ""));
        assert_eq!(of("s3://acme-audit/a/b/"), is("acme-audit", "a/b/"));
        for bad in
            ["acme-audit", "s3://", "s3://a", "s3://Acme/x", "s3://acme/../x", "s3://acme-audit//x", "https://acme/x"]
        {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
