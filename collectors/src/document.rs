//! A document: bytes of the store under the name they had at the source.

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;

use model::time::Instant;

/// Most bytes (after decompression) that a reader takes into memory as a whole: 256 MiB. Longer
/// documents must be read by lines.
pub const READ_LIMIT: u64 = 256 << 20;

/// Gives the bytes of a document, as often as asked.
pub type Content = Arc<dyn Fn() -> io::Result<Box<dyn Read>> + Send + Sync>;

/// Bytes under a name. Cheap to clone.
#[derive(Clone)]
pub struct Document {
    name: String,
    digest: Arc<str>,
    size: u64,
    modified_at: Option<Instant>,
    content: Content,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("name", &self.name)
            .field("digest", &self.digest)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Document {
    /// A document whose bytes are read on demand.
    pub fn new(
        name: impl Into<String>,
        digest: impl Into<Arc<str>>,
        size: u64,
        modified_at: Option<Instant>,
        content: Content,
    ) -> Self {
        Self { name: name.into(), digest: digest.into(), size, modified_at, content }
    }

    /// A document in memory.
    pub fn in_memory(
        name: impl Into<String>,
        digest: impl Into<Arc<str>>,
        modified_at: Option<Instant>,
        bytes: impl Into<Arc<[u8]>>,
    ) -> Self {
        let bytes: Arc<[u8]> = bytes.into();
        let size = bytes.len() as u64;
        Self::new(name, digest, size, modified_at, Arc::new(move || Ok(Box::new(Cursor::new(Arc::clone(&bytes))))))
    }

    /// Name relative to the source's folder, with `/`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Last part of the name.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// The name, in the same folder, of another file (run records name their output so).
    #[must_use]
    pub fn sibling(&self, file: &str) -> String {
        match self.name.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{file}"),
            None => file.to_owned(),
        }
    }

    /// SHA-256 of the stored bytes.
    #[must_use]
    pub fn digest(&self) -> Arc<str> {
        Arc::clone(&self.digest)
    }

    /// Size of the stored bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Modification time of the file, where known.
    #[must_use]
    pub const fn modified_at(&self) -> Option<Instant> {
        self.modified_at
    }

    /// The stored bytes as they are (Parquet needs them so).
    ///
    /// # Errors
    /// Those of reading the store.
    pub fn raw(&self) -> io::Result<Box<dyn Read>> {
        (self.content)()
    }

    /// The bytes, with gzip and zstd (recognised by their magic numbers) undone.
    ///
    /// # Errors
    /// Those of reading the store, or of a damaged compressed stream.
    pub fn open(&self) -> io::Result<Box<dyn BufRead>> {
        let mut inner = BufReader::with_capacity(1 << 18, (self.content)()?);
        let head = inner.fill_buf()?;
        if head.starts_with(&[0x1f, 0x8b]) {
            return Ok(Box::new(BufReader::with_capacity(1 << 18, flate2::bufread::MultiGzDecoder::new(inner))));
        }
        if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            return Ok(Box::new(BufReader::with_capacity(1 << 18, zstd::stream::read::Decoder::with_buffer(inner)?)));
        }
        Ok(Box::new(inner))
    }

    /// The whole document, decompressed.
    ///
    /// # Errors
    /// As [`Document::open`]; and where it is longer than [`READ_LIMIT`].
    pub fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let read = self.open()?.take(READ_LIMIT + 1).read_to_end(&mut out)? as u64;
        if read > READ_LIMIT {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("longer than {} MiB: split it, or export it as JSON lines", READ_LIMIT >> 20),
            ));
        }
        Ok(out)
    }

    /// The whole document as text; a byte order mark is dropped.
    ///
    /// # Errors
    /// As [`Document::bytes`]; and, naming the line, where it is not UTF-8.
    pub fn text(&self) -> io::Result<String> {
        let bytes = self.bytes()?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes);
        String::from_utf8(bytes).map_err(|e| {
            let good = e.utf8_error().valid_up_to();
            let line = e.as_bytes()[..good].iter().filter(|b| **b == b'\n').count() + 1;
            io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
        })
    }

    /// The whole document as text, bytes that are not UTF-8 replaced: for logs, where a path in
    /// another encoding must not hide the lines around it.
    ///
    /// # Errors
    /// As [`Document::bytes`].
    pub fn lossy_text(&self) -> io::Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes()?).trim_start_matches('\u{feff}').to_owned())
    }

    /// The first bytes, decompressed; at most `limit`.
    ///
    /// # Errors
    /// As [`Document::open`].
    pub fn head(&self, limit: u64) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        self.open()?.take(limit).read_to_end(&mut out)?;
        Ok(out)
    }
}
