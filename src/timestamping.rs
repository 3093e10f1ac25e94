//! Timestamps of what was written: asked for where the configuration names an authority, kept beside what they are over.

use std::fs;
use std::path::{Path, PathBuf};

use collectors::upload::{self, Courier, World};
use store::timestamp::{self, REPLY, REQUEST, Timestamp};

use crate::failure::Failure;
use crate::output::replace;
use crate::{clock, collecting};

/// Where a request and its reply lie: `beside`, with their endings.
fn files(beside: &Path) -> (PathBuf, PathBuf) {
    let with = |ending: &str| {
        let mut name = beside.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    (with(REQUEST), with(REPLY))
}

/// The timestamp over a SHA-256, kept as `<beside>.tsq` and `<beside>.tsr`: the one that lies there, or a new one from the
/// authority at `url`. A reply that does not answer the request is not kept.
///
/// # Errors
/// An authority that can't be asked or refuses, a reply that is over something else or can't be read, and those of writing.
pub fn ensure(url: &str, sha256: &str, beside: &Path) -> Result<Timestamp, Failure> {
    let (request_file, reply_file) = files(beside);
    if let Ok(reply) = fs::read(&reply_file) {
        return timestamp::check(&reply, sha256, fs::read(&request_file).ok().as_deref()).map_err(|e| {
            Failure::program(format!("{}: {e}", reply_file.display())).help("move it away, and a new one is asked for")
        });
    }
    let request = timestamp::request(sha256)
        .ok_or_else(|| Failure::program(format!("{sha256:?} is no SHA-256: this is a defect of backproof")))?;
    let write = |path: &Path, bytes: &[u8]| {
        let said = |e: std::io::Error| Failure::program(format!("{}: {e}", path.display()));
        path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| replace(path, bytes)).map_err(said)
    };
    write(&request_file, &request)?;
    let world = World { now: clock::now, chance: clock::chance };
    let reply = collecting::network()?.block_on(async {
        let courier = Courier::new(url, world)?;
        upload::timestamp::ask(&courier, request.clone()).await
    })?;
    let stamp = timestamp::check(&reply, sha256, Some(&request)).map_err(|e| {
        let by_hand = format!(
            "{} is kept; docs/packet.md tells how to ask by hand, or another authority",
            request_file.display()
        );
        Failure::program(format!("the reply of {url} is no timestamp to keep: {e}")).help(by_hand)
    })?;
    write(&reply_file, &reply)?;
    Ok(stamp)
}
