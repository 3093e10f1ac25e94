//! `backproof publish`: a packet into S3 under Object Lock, into a folder, or into the evidence of Drata or Vanta.
//!
//! What is published is a packet that `verify` finds whole. What comes of it lies beside the packet, which is closed:
//! a timestamp over it, where an authority is configured, and receipts of what services say that they have.

mod archive;
mod folder;
mod portal;
mod s3;
mod service;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use store::Expected;
use store::bag::{self, BAGIT, PAYLOAD_LIST, Put, TAG_LIST};
use store::timestamp::{REPLY, REQUEST};

use crate::cli::{Globals, PublishArgs};
use crate::failure::{End, Failure};
use crate::progress::Progress;
use crate::workspace::{self, Loaded};
use crate::{output, timestamping};

/// A packet that is whole.
#[derive(Debug)]
struct Packet {
    /// Its folder.
    path: PathBuf,
    /// Name of that folder, which it keeps.
    name: String,
    /// Its files by their names in it.
    files: BTreeMap<String, Put>,
    /// SHA-256 of its list of lists, which names every byte of it.
    list: String,
}

/// Where to.
enum Target {
    Bucket(String, String),
    Folder(PathBuf),
    Drata,
    Vanta,
}

/// Runs the command.
pub fn run(packet: &Path, target: &str, options: &PublishArgs, globals: &Globals) -> Result<End, Failure> {
    let target = Target::of(target, options)?;
    let (path, name) = named(packet)?;
    let workspace = if globals.config.exists() { Some(workspace::open(globals)?) } else { None };
    let progress = Progress::new(globals);
    progress.at("verifying the packet");
    let found = store::verify(&path, Expected::default());
    if let Some(first) = found.problems.first() {
        let message = format!("{}: {}: {}", packet.display(), first.path, first.message);
        let more = found.problems.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" ({more} more)") };
        progress.done();
        let failure = Failure::program(format!("{message}{more}"));
        failure.help("nothing was published; look at `backproof verify` of the packet").print(globals);
        return Ok(End::NotVerified);
    }
    let files = bag::files(&path).map_err(|e| cannot(&path, &e))?;
    let list = files.get(TAG_LIST).map(|f| f.digest.clone()).unwrap_or_default();
    let packet = Packet { path, name, files, list };
    if let Some(url) = workspace.as_ref().and_then(|w| w.workspace.config.timestamp_url.as_ref()) {
        progress.at("asking for a timestamp");
        timestamping::ensure(url, &packet.list, &packet.path)?;
    }
    match target {
        Target::Bucket(bucket, prefix) => s3::publish(&packet, &bucket, &prefix, options, workspace.as_ref(), globals),
        Target::Folder(folder) => folder::publish(&packet, &folder, globals),
        Target::Drata => service::drata(&packet, workspace.as_ref(), globals),
        Target::Vanta => service::vanta(&packet, workspace.as_ref(), globals),
    }
}

impl Target {
    fn of(text: &str, options: &PublishArgs) -> Result<Self, Failure> {
        let target = if text.starts_with("s3://") {
            let (bucket, prefix) = s3::destination(text)?;
            return Ok(Self::Bucket(bucket, prefix));
        } else if text == "drata" {
            Self::Drata
        } else if text == "vanta" {
            Self::Vanta
        } else if is_folder(text) {
            Self::Folder(PathBuf::from(text))
        } else {
            return Err(Failure::usage(
                format!("{text:?} is no place to publish to"),
                "name a bucket as s3://bucket/prefix, a folder as ./folder, or one of drata and vanta",
            ));
        };
        let given = [
            ("--retain", options.retain.is_some()),
            ("--endpoint", options.endpoint.is_some()),
            ("--region", options.region.is_some()),
            ("--profile", options.profile.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(Failure::usage(
                format!("{option} is an option of buckets, and {text:?} is none"),
                "leave it out, or publish to s3://bucket/prefix",
            )),
            None => Ok(target),
        }
    }
}

/// True for what is written as a path. A word alone is none, so that a slip makes no folder; nor is half an address.
fn is_folder(text: &str) -> bool {
    let address = text.contains("://") || text.starts_with("s3:");
    !address && (text.contains('/') || text.starts_with('.') || Path::new(text).is_dir())
}

impl Packet {
    /// Files beside the packet that belong to it: a timestamp's request and reply, by their endings.
    fn beside(&self) -> Vec<(&'static str, PathBuf)> {
        let file = |ending: &'static str| (ending, self.path.with_file_name(format!("{}{ending}", self.name)));
        [REQUEST, REPLY].into_iter().map(file).filter(|(_, path)| path.is_file()).collect()
    }
}

/// A packet's folder and the name of it.
fn named(packet: &Path) -> Result<(PathBuf, String), Failure> {
    let usage = |message: String| Failure::usage(message, "name the folder of a packet, as `report packet` wrote it");
    let path = packet.canonicalize().map_err(|e| usage(format!("{}: {e}", packet.display())))?;
    if [BAGIT, PAYLOAD_LIST, TAG_LIST].into_iter().any(|name| !path.join(name).is_file()) {
        return Err(usage(format!("{} is no packet: bagit.txt or a list of its files is missing", packet.display())));
    }
    let name = path.file_name().and_then(|n| n.to_str()).map(str::to_owned);
    let name = name.ok_or_else(|| usage(format!("{} has no name that is text", packet.display())))?;
    Ok((path, name))
}

/// Writes receipts beside the packet and into the store's `receipts/`, where there is a store; answers their files.
fn keep(
    receipts: &Value,
    beside: &Path,
    stored_as: &str,
    workspace: Option<&Loaded>,
) -> Result<(Vec<u8>, Vec<PathBuf>), Failure> {
    let mut bytes = serde_json::to_vec_pretty(receipts).map_err(|e| Failure::program(e.to_string()))?;
    bytes.push(b'\n');
    let mut written = vec![beside.to_path_buf()];
    if let Some(loaded) = workspace.filter(|w| w.evidence().join("STORE").exists()) {
        let folder = loaded.store()?.receipts();
        fs::create_dir_all(&folder).map_err(|e| cannot(&folder, &e))?;
        written.push(folder.join(stored_as));
    }
    for path in &written {
        output::replace(path, &bytes).map_err(|e| cannot(path, &e))?;
    }
    Ok((bytes, written))
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::program(format!("{}: {error}", path.display()))
        .help("mend permissions or free space, and publish again: what is there is not sent twice")
}
