//! What every collector that meets the network shares: manners, provenance and secrets.
//!
//! A fetch asks through a [`Trail`]. The trail repeats, waits and gives up ([`manners`]), keeps each answer as an
//! object with its provenance, removes secrets before anything is hashed ([`redact`]), notices lists that loop, shift or
//! contradict themselves ([`lists`]), and measures the server's clock. What a fetch adds is which questions to ask, in
//! which order, and what shows that a list has ended.
//!
//! A fetch never judges: an answer that cannot be had is a problem of the source, which is then incomplete, and every
//! other source goes on. Only a store that cannot be written ends the run.
//!
//! Nothing here reads a clock, the environment or chance: [`Context`] lends them.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use model::evidence::Page;
use model::time::Instant;
use model::workspace::{Key, SourceConfig};
use tokio::sync::watch;

use crate::fetch::PutError;

pub mod lists;
pub mod manners;
pub mod redact;
#[cfg(test)]
pub(crate) mod testing;
mod trail;
pub mod transport;

pub use redact::Hidden;
pub use trail::{Answer, Collected, Kept, Trail, stopped};
pub use transport::{Ask, Plain, Shape, Transport};

/// A boxed future.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a kind asks its service.
#[derive(Clone, Copy)]
pub struct Live {
    /// Keys of its configuration, beside those that every live kind has.
    pub keys: &'static [Key],
    /// What the credential must be allowed to do, for the reference: Markdown, ready to copy.
    pub rights: &'static str,
    /// Asks all there is to ask. What could not be had is told to the trail; the error ends the source early.
    pub fetch: for<'a> fn(&'a Order, &'a mut Trail) -> Pending<'a, Result<(), Halt>>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// What to collect, and as whom.
#[derive(Debug, Clone)]
pub struct Order {
    /// The configured source.
    pub source: SourceConfig,
    /// Secrets by the name of the key that says where they are.
    pub secrets: BTreeMap<String, Token>,
}

impl Order {
    /// The secret of this key.
    #[must_use]
    pub fn secret(&self, key: &str) -> Option<&Token> {
        self.secrets.get(key)
    }
}

/// A secret. It is shown nowhere: `Debug` hides it, and nothing else prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a secret over; white space around it (the line end of a file) is no part of it.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(secret.trim().to_owned())
    }

    /// The secret itself, for a request header.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// Why a source ends before everything was asked.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// The store cannot be written: the run must end.
    #[error("{0}")]
    Store(io::Error),
    /// The operator asked to stop: what is complete is committed.
    #[error("stopped by the operator")]
    Stopped,
    /// Nothing more can be asked (credentials refused, an address that is none); the problem is told already.
    #[error("nothing more can be asked")]
    Over,
}

/// Objects of the store, for several sources at once.
pub trait Objects: Send + Sync {
    /// Keeps everything `content` gives; answers its SHA-256 (lower-case hex) and size.
    ///
    /// # Errors
    /// Those of reading `content` or of writing the store. The latter end the run.
    fn put(&self, content: &mut dyn Read) -> Result<(String, u64), PutError>;

    /// Bytes of an object of an earlier run, for answers that did not change since.
    ///
    /// # Errors
    /// Where it is missing or damaged.
    fn get(&self, digest: &str) -> io::Result<Vec<u8>>;
}

/// Bounds of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest time to connect.
    pub connect: Duration,
    /// Longest time for one answer, from connecting to its last byte.
    pub answer: Duration,
    /// Longest silence inside of an answer.
    pub silence: Duration,
    /// Most attempts at one question.
    pub attempts: u32,
    /// Longest time to wait in all, for rate limits and between attempts.
    pub patience: Duration,
    /// Most bytes of one answer, decompressed.
    pub body: usize,
    /// Most pages of one list.
    pub pages: usize,
}

impl Limits {
    /// Defaults, with `timeout` and `patience` of the configuration.
    #[must_use]
    pub fn of(source: &SourceConfig) -> Self {
        let answer = Duration::from_secs(source.seconds("timeout").unwrap_or(60).max(1));
        Self {
            connect: answer.min(Duration::from_secs(10)),
            answer,
            silence: answer.min(Duration::from_secs(30)),
            attempts: 5,
            patience: Duration::from_secs(source.seconds("patience").unwrap_or(15 * 60)),
            body: 64 << 20,
            pages: 100_000,
        }
    }
}

/// What a source is doing, for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// So much has been read.
    Read {
        /// Answers kept.
        pages: usize,
        /// Items in them.
        items: u64,
    },
    /// The server asks to wait.
    Waiting {
        /// Until when (UTC).
        until: Instant,
        /// Why.
        why: String,
    },
}

/// What a fetch may use of the world.
#[derive(Clone)]
pub struct Context {
    /// The store.
    pub objects: Arc<dyn Objects>,
    /// The clock.
    pub now: fn() -> Instant,
    /// A number in `[0, 1)`, for jitter.
    pub chance: fn() -> f64,
    /// Takes news of progress.
    pub tell: Arc<dyn Fn(Progress) + Send + Sync>,
    /// True once the operator asked to stop.
    pub stop: watch::Receiver<bool>,
    /// Bounds.
    pub limits: Limits,
    /// Pages of the last collection of this source by name, for conditional requests.
    pub known: Arc<BTreeMap<String, Page>>,
    /// When the last complete collection of this source ended.
    pub last_complete: Option<Instant>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("limits", &self.limits).finish_non_exhaustive()
    }
}
