//! Reading an object so that changed bytes are never taken for evidence.

use std::fs::File;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

use crate::layout;

/// The bytes of an object, hashed as they are read.
///
/// Where they do not have the hash that is the object's name, the end is an error of the kind
/// [`io::ErrorKind::InvalidData`] in place of the end of the file. Bytes given before are then not
/// to be relied on; and who stops before the end has checked nothing.
#[derive(Debug)]
pub struct CheckedObject {
    file: File,
    digest: String,
    hash: Sha256,
}

impl CheckedObject {
    pub(crate) fn new(file: File, digest: &str) -> Self {
        Self { file, digest: digest.to_owned(), hash: Sha256::new() }
    }
}

impl Read for CheckedObject {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let n = self.file.read(buffer)?;
        self.hash.update(buffer.get(..n).unwrap_or_default());
        if n == 0 && layout::hex(&self.hash.clone().finalize()) != self.digest {
            let message = format!(
                "object {} was changed since it was kept; run `backproof verify` on the store and restore it from a copy",
                self.digest
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(n)
    }
}
