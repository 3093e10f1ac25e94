//! A packet as one file, for services that take files: a ZIP with the packet's folder and what lies beside it.

use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Packet, cannot};
use crate::failure::Failure;
use crate::output::hex;

/// Most bytes of a packet that becomes one file: it is held in memory, and no service takes much more.
const LARGEST: u64 = 512 << 20;

/// The bytes of the ZIP. They depend on the packet alone.
pub fn zip(packet: &Packet) -> Result<Vec<u8>, Failure> {
    let bytes: u64 = packet.files.values().map(|f| f.bytes).sum();
    if bytes > LARGEST {
        let message =
            format!("the packet holds {} MiB, and {} are handed in as one file at most", bytes >> 20, LARGEST >> 20);
        return Err(
            Failure::program(message).help("publish it to a bucket or a folder, and tell the service where it is")
        );
    }
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, put) in &packet.files {
        let path = packet.path.join(name);
        if add(&mut out, &format!("{}/{name}", packet.name), &path)? != put.digest {
            let message = format!("{} changed while it was read", path.display());
            return Err(Failure::program(message).help("verify the packet and publish it again"));
        }
    }
    for (ending, path) in packet.beside() {
        add(&mut out, &format!("{}{ending}", packet.name), &path)?;
    }
    Ok(out.finish().map_err(io::Error::from).map_err(|e| cannot(&packet.path, &e))?.into_inner())
}

/// Adds a file; answers its SHA-256.
fn add(out: &mut ZipWriter<Cursor<Vec<u8>>>, name: &str, path: &Path) -> Result<String, Failure> {
    let failed = |e: io::Error| cannot(path, &e);
    // Neither the clock nor the modes of the disk.
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default()).unix_permissions(0o444);
    out.start_file(name, options).map_err(io::Error::from).map_err(failed)?;
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = file.read(&mut buffer).map_err(failed)?;
        let Some(part) = buffer.get(..n).filter(|part| !part.is_empty()) else { break };
        hash.update(part);
        out.write_all(part).map_err(failed)?;
    }
    Ok(hex(&hash.finalize()))
}
