//! `backproof publish`: a packet into S3 under Object Lock, receipts beside it, and a page over all packets there.
//!
//! The list of the lists goes last, so that a packet in the bucket is whole where it is there. Receipts are what the
//! server says of each stored version; they go beside the packet and into the store's `receipts/`, never into the packet,
//! which is closed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use collectors::upload::{Access, Bucket, Done, Item, Lock, Mode, Receipt, UploadError};
use model::time::{Span, Tz};
use reports::portal::{self, Packet, RECEIPTS};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::report::replace;
use crate::cli::{Format, Globals, LockMode, PublishArgs};
use crate::failure::{End, Failure};
use crate::progress::Progress;
use crate::{clock, collecting, output, workspace};

/// List of the files below `data/`, and list of the files beside it.
const LISTS: [&str; 2] = ["manifest-sha256.txt", TAG_LIST];
const TAG_LIST: &str = "tagmanifest-sha256.txt";
const BAG_INFO: &str = "bag-info.txt";
const ASSESSMENT: &str = "data/assessment.json";
/// Name of the page.
const INDEX: &str = "index.html";
/// Locks last so long where nothing else is said: HIPAA has documentation kept for six years (45 CFR 164.316(b)(2)(i)).
const RETAIN: Span = Span { months: 72, seconds: 0 };
/// Most bytes that are read of an assessment, and of any other file, for the page.
const LARGE: u64 = 256 << 20;
const SMALL: u64 = 16 << 20;

/// A file of the packet.
#[derive(Debug)]
struct Found {
    path: PathBuf,
    bytes: u64,
    sha256: String,
}

/// Runs the command.
pub fn run(packet: &Path, target: &str, options: &PublishArgs, globals: &Globals) -> Result<End, Failure> {
    let (bucket_name, prefix) = destination(target)?;
    let name = name(packet)?;
    let store_receipts = store_receipts(globals)?;
    let progress = Progress::new(globals);
    progress.at("hashing the packet");
    let files = files(packet)?;
    if let Err(difference) = consistent(&files) {
        difference.help("nothing was uploaded; look at `backproof verify` of the packet").print(globals);
        return Ok(End::NotVerified);
    }
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
    let bucket = runtime.block_on(Bucket::open(&bucket_name, &access))?;
    let (first, last) = items(&files, &format!("{prefix}{name}/"));
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
    let list = files.get(TAG_LIST).map(|f| f.sha256.clone()).unwrap_or_default();
    let kept = document(&name, &list, &format!("s3://{bucket_name}/{prefix}{name}/"), options, &receipts)?;
    let mut written = vec![packet.with_file_name(format!("{name}{RECEIPTS}"))];
    if let Some(folder) = store_receipts {
        fs::create_dir_all(&folder).map_err(|e| cannot(&folder, &e))?;
        written.push(folder.join(format!("object-lock-{}.json", list.get(..16).unwrap_or(&list))));
    }
    for path in &written {
        replace(path, &kept).map_err(|e| cannot(path, &e))?;
    }
    progress.at("renewing the page over all packets");
    let index_changed = runtime.block_on(async {
        let digest = sha256(&kept);
        bucket.page(&format!("{prefix}{name}{RECEIPTS}"), kept, &digest, "application/json").await?;
        renew(&bucket, &prefix).await
    })?;
    progress.done();
    let until = receipts.iter().map(|r| r.retain_until.as_str()).min().unwrap_or_default();
    let place = format!("s3://{bucket_name}/{prefix}");
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

impl From<UploadError> for Failure {
    fn from(error: UploadError) -> Self {
        Self::program(error.message).help(error.help)
    }
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::program(format!("{}: {error}", path.display()))
        .help("mend permissions or free space, and publish again: what is stored is not uploaded twice")
}

/// Bucket and prefix, which is empty or ends in `/`.
fn destination(target: &str) -> Result<(String, String), Failure> {
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

/// Name of the packet's folder, which it has in the bucket as well.
fn name(packet: &Path) -> Result<String, Failure> {
    let usage = |message: String| Failure::usage(message, "name the folder of a packet, as `report packet` wrote it");
    let path = packet.canonicalize().map_err(|e| usage(format!("{}: {e}", packet.display())))?;
    if !path.join("bagit.txt").is_file() || LISTS.iter().any(|list| !path.join(list).is_file()) {
        return Err(usage(format!("{} is no packet: bagit.txt or a list of its files is missing", packet.display())));
    }
    let name = path.file_name().and_then(|n| n.to_str()).map(str::to_owned);
    name.ok_or_else(|| usage(format!("{} has no name that is text", packet.display())))
}

/// Where the store of the workspace keeps receipts; `None` outside of a workspace, or where nothing was collected yet.
fn store_receipts(globals: &Globals) -> Result<Option<PathBuf>, Failure> {
    if !globals.config.exists() {
        return Ok(None);
    }
    let loaded = workspace::open(globals)?;
    if loaded.evidence().join("STORE").exists() { Ok(Some(loaded.store()?.receipts())) } else { Ok(None) }
}

/// All files of a packet by their names in it, hashed.
fn files(packet: &Path) -> Result<BTreeMap<String, Found>, Failure> {
    let mut out = BTreeMap::new();
    let mut folders = vec![(packet.to_path_buf(), String::new())];
    while let Some((folder, below)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|e| cannot(&folder, &e))? {
            let entry = entry.map_err(|e| cannot(&folder, &e))?;
            let path = entry.path();
            let odd = |what: &str| {
                let message = format!("{} is {what}, which no packet holds", path.display());
                Failure::program(message).help("nothing was uploaded; make the packet again")
            };
            let Some(name) = entry.file_name().to_str().map(|n| format!("{below}{n}")) else {
                return Err(odd("a file whose name is no text"));
            };
            let kind = entry.file_type().map_err(|e| cannot(&path, &e))?;
            if kind.is_dir() {
                folders.push((path, format!("{name}/")));
            } else if kind.is_file() {
                let mut file = fs::File::open(&path).map_err(|e| cannot(&path, &e))?;
                let mut hash = Sha256::new();
                let bytes = io::copy(&mut file, &mut hash).map_err(|e| cannot(&path, &e))?;
                out.insert(name, Found { path, bytes, sha256: hex(&hash.finalize()) });
            } else {
                return Err(odd("no regular file"));
            }
        }
    }
    Ok(out)
}

/// The packet's lists name its files, all of them, as they are.
fn consistent(files: &BTreeMap<String, Found>) -> Result<(), Failure> {
    let mut listed: BTreeMap<String, String> = BTreeMap::new();
    for list in LISTS {
        let text = match files.get(list) {
            Some(found) => fs::read_to_string(&found.path).map_err(|e| cannot(&found.path, &e))?,
            None => return Err(Failure::program(format!("{list} is missing"))),
        };
        listed.extend(
            text.lines().filter_map(|l| l.split_once("  ")).map(|(sha, name)| (name.to_owned(), sha.to_owned())),
        );
    }
    for (name, sha) in &listed {
        match files.get(name) {
            Some(found) if found.sha256 == *sha => {}
            Some(_) => return Err(Failure::program(format!("{name} is not as the packet's list has it"))),
            None => return Err(Failure::program(format!("{name} is missing from the packet"))),
        }
    }
    match files.keys().find(|name| !listed.contains_key(*name) && !name.starts_with(TAG_LIST)) {
        Some(name) => Err(Failure::program(format!("{name} is in no list of the packet"))),
        None => Ok(()),
    }
}

/// Uploads: everything but the list of the lists and its signature, then these.
fn items(files: &BTreeMap<String, Found>, folder: &str) -> (Vec<Item>, Vec<Item>) {
    let item = |(name, found): (&String, &Found)| Item {
        key: format!("{folder}{name}"),
        path: found.path.clone(),
        bytes: found.bytes,
        sha256: found.sha256.clone(),
        media: media(name),
    };
    files.iter().map(item).partition(|i| !i.key.strip_prefix(folder).is_some_and(|n| n.starts_with(TAG_LIST)))
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
        _ => "application/octet-stream",
    }
}

/// The receipts as a file. Repeating a publication gives the same bytes.
fn document(
    name: &str,
    list: &str,
    target: &str,
    options: &PublishArgs,
    receipts: &[Receipt],
) -> Result<Vec<u8>, Failure> {
    let value: Value = json!({
        "schema": "backproof.receipts/1",
        "packet": name,
        "tagmanifest_sha256": list,
        "target": target,
        "endpoint": options.endpoint,
        "objects": receipts,
    });
    let mut bytes = serde_json::to_vec_pretty(&value).map_err(|e| Failure::program(e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Makes the page anew from the packets that are there; true where it changed.
async fn renew(bucket: &Bucket, prefix: &str) -> Result<bool, Failure> {
    let (mut packets, mut unread) = (Vec::new(), Vec::new());
    for folder in bucket.folders(prefix).await? {
        let key = |file: &str| format!("{prefix}{folder}/{file}");
        // Other folders may lie there.
        let Some(info) = bucket.read(&key(BAG_INFO), SMALL).await? else { continue };
        let (Some(assessment), Some(list)) =
            (bucket.read(&key(ASSESSMENT), LARGE).await?, bucket.read(&key(TAG_LIST), SMALL).await?)
        else {
            unread.push((folder, "it is not whole: publish it again".to_owned()));
            continue;
        };
        let receipts = bucket.read(&format!("{prefix}{folder}{RECEIPTS}"), LARGE).await?.is_some();
        match Packet::read(&folder, &info, &assessment, &sha256(&list), receipts) {
            Ok(packet) => packets.push(packet),
            Err(why) => unread.push((folder, why)),
        }
    }
    let page = portal::index(&packets, &unread)?.into_bytes();
    let digest = sha256(&page);
    Ok(bucket.page(&format!("{prefix}{INDEX}"), page, &digest, "text/html; charset=utf-8").await?)
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
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
