//! A packet into a folder that is a portal: packets side by side, and the page over them.
//!
//! The copy is made beside its place, verified there and renamed, so that a packet in the folder is whole where it is
//! there. Nothing that lies in the folder is replaced but the page, and that only where it is one of ours.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::json;
use store::Expected;
use store::bag::TAG_LIST;

use super::portal::{self, INDEX, Shelf, sha256};
use super::{Packet, cannot};
use crate::cli::{Format, Globals};
use crate::failure::{End, Failure};
use crate::output;

/// In every page of ours.
const OURS: &str = "<meta name=\"generator\" content=\"backproof\">";
/// Beginning of the names of copies that are not finished.
const UNFINISHED: &str = ".new-";

/// A folder of packets.
struct Portal<'a>(&'a Path);

impl Shelf for Portal<'_> {
    fn folders(&self) -> Result<Vec<String>, Failure> {
        let mut out = Vec::new();
        for entry in fs::read_dir(self.0).map_err(|e| cannot(self.0, &e))? {
            let entry = entry.map_err(|e| cannot(self.0, &e))?;
            let name = entry.file_name().to_str().map(str::to_owned);
            if entry.path().is_dir() {
                out.extend(name.filter(|name| !name.starts_with('.')));
            }
        }
        out.sort();
        Ok(out)
    }

    fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.0.join(name);
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(cannot(&path, &e)),
        };
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes).map_err(|e| cannot(&path, &e))?;
        if bytes.len() as u64 > most {
            return Err(Failure::program(format!("{} is larger than {most} bytes", path.display())));
        }
        Ok(Some(bytes))
    }

    fn page(&self, name: &str, content: Vec<u8>) -> Result<bool, Failure> {
        let path = self.0.join(name);
        if fs::read(&path).is_ok_and(|there| there == content) {
            return Ok(false);
        }
        output::replace(&path, &content).map_err(|e| cannot(&path, &e))?;
        Ok(true)
    }
}

/// Copies the packet and what lies beside it, and renews the page.
pub fn publish(packet: &Packet, folder: &Path, globals: &Globals) -> Result<End, Failure> {
    fs::create_dir_all(folder).map_err(|e| cannot(folder, &e))?;
    let folder = folder.canonicalize().map_err(|e| cannot(folder, &e))?;
    if folder.starts_with(&packet.path) {
        return Err(Failure::usage(
            format!("{} lies in the packet, which is closed", folder.display()),
            "name another folder",
        ));
    }
    let index = folder.join(INDEX);
    if fs::read(&index).is_ok_and(|page| !String::from_utf8_lossy(&page).contains(OURS)) {
        return Err(Failure::program(format!("{} is a page of somebody else, which is not replaced", index.display()))
            .help("name a folder of its own; nothing was copied"));
    }
    let place = folder.join(&packet.name);
    let beside = beside(packet, &folder)?;
    let copied = if fs::symlink_metadata(&place).is_ok() {
        same(packet, &place)?;
        false
    } else {
        copy(packet, &folder, &place)?;
        true
    };
    for (from, to) in beside {
        fs::copy(&from, &to).map_err(|e| cannot(&to, &e))?;
    }
    let index_changed = portal::renew(&Portal(&folder))?;
    if globals.format == Format::Json {
        output::json(&json!({
            "schema": "backproof.publication/1",
            "target": place,
            "copied": copied,
            "files": packet.files.len(),
            "index": index,
            "index_changed": index_changed,
        }))?;
    } else {
        let how = if copied { "copied" } else { "were there" };
        let unchanged = if index_changed { "" } else { ", unchanged" };
        let text =
            format!("{}: {} files {how}\nindex: {}{unchanged}\n", place.display(), packet.files.len(), index.display());
        output::print(&output::printable(&text))?;
    }
    Ok(End::Done)
}

/// Files beside the packet that are to be copied; one that is there with other bytes is an error.
fn beside(packet: &Packet, folder: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let mut out = Vec::new();
    for (ending, from) in packet.beside() {
        let to = folder.join(format!("{}{ending}", packet.name));
        let wanted = fs::read(&from).map_err(|e| cannot(&from, &e))?;
        match fs::read(&to) {
            Ok(there) if there == wanted => {}
            Ok(_) => return Err(other(&to)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => out.push((from, to)),
            Err(e) => return Err(cannot(&to, &e)),
        }
    }
    Ok(out)
}

/// What lies at the place must be this packet, whole.
fn same(packet: &Packet, place: &Path) -> Result<(), Failure> {
    let list = fs::read(place.join(TAG_LIST)).map(|bytes| sha256(&bytes)).unwrap_or_default();
    if list != packet.list || !store::verify(place, Expected::default()).valid {
        return Err(other(place));
    }
    Ok(())
}

fn other(place: &Path) -> Failure {
    Failure::program(format!("{} is there already, and is not the same", place.display())).help(
        "what is there is not replaced: look at `backproof verify` of it, and move it away or publish to another folder",
    )
}

fn copy(packet: &Packet, folder: &Path, place: &Path) -> Result<(), Failure> {
    let unfinished = tempfile::TempDir::with_prefix_in(UNFINISHED, folder).map_err(|e| cannot(folder, &e))?;
    // The name by which it is verified is the one that it will have.
    let copy = unfinished.path().join(&packet.name);
    for name in packet.files.keys() {
        let to = copy.join(name);
        let made = to.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::copy(packet.path.join(name), &to)).map_err(|e| cannot(&to, &e))?;
    }
    if let Some(first) = store::verify(&copy, Expected::default()).problems.first() {
        let message = format!("the copy of {} is not whole: {}: {}", packet.name, first.path, first.message);
        return Err(Failure::program(message).help("nothing was published; verify the packet and publish it again"));
    }
    fs::rename(&copy, place).map_err(|e| cannot(place, &e))
}
