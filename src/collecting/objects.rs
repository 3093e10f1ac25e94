//! The store's one writer, shared by the sources of a run.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use collectors::fetch::{PutError, Recorder};
use collectors::net::Objects;
use store::{Spooler, Store, Writer};

/// Bytes are written and hashed side by side; only giving them their names is one at a time.
#[derive(Debug)]
pub struct Shared {
    store: Store,
    spooler: Spooler,
    writer: Mutex<Writer>,
}

impl Shared {
    /// Shares a writer.
    pub fn new(store: Store, writer: Writer) -> Self {
        Self { store, spooler: writer.spooler(), writer: Mutex::new(writer) }
    }

    /// The writer again, when nobody shares it any more.
    pub fn writer(this: Arc<Self>) -> Option<Writer> {
        let shared = Arc::into_inner(this)?;
        Some(shared.writer.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

fn failed(error: store::PutError) -> PutError {
    match error {
        store::PutError::Source(e) => PutError::Source(e),
        store::PutError::Store(e) => PutError::Store(io::Error::other(e.to_string())),
    }
}

impl Objects for Shared {
    fn put(&self, content: &mut dyn Read) -> Result<(String, u64), PutError> {
        let spooled = self.spooler.spool(content).map_err(failed)?;
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.place_spooled(spooled).map_err(failed)
    }

    fn get(&self, digest: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.store.checked_object(digest).map_err(io::Error::other)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// A source's own end of it.
pub struct Keep<'a>(pub &'a Shared);

impl Recorder for Keep<'_> {
    fn put(&mut self, content: &mut dyn Read) -> Result<(String, u64), PutError> {
        Objects::put(self.0, content)
    }
}
