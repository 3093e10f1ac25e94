//! What is written to services: the only place that does.
//!
//! Nothing that is there is ever replaced or removed. What is there already is found and left, so that an upload that broke
//! off goes on where it was, and a repetition changes nothing.

use std::time::Duration;

mod courier;
pub mod drata;
mod form;
pub mod s3;
pub mod timestamp;
pub mod vanta;

pub use courier::{Courier, World};
pub use form::File;

/// Longest to wait for an answer, beside the time that the bytes take.
const ANSWER: Duration = Duration::from_secs(60);
/// Slowest that bytes may go out in the mean: 128 KiB a second.
const SLOWEST: u64 = 128 << 10;

/// Longest that an answer may take to a question of so many bytes, which go out before it comes.
const fn patience(bytes: u64) -> Duration {
    Duration::from_secs(ANSWER.as_secs() + bytes / SLOWEST)
}

/// Why something could not be uploaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UploadError {
    /// What happened, without secrets.
    pub message: String,
    /// What to do next.
    pub help: String,
}

/// What a service has of a file that was handed in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct HandedIn {
    /// Evidence (Drata) or document (Vanta) that it belongs to.
    pub to: String,
    /// Name of the file.
    pub file: String,
    /// SHA-256 of the file as it was sent.
    pub sha256: String,
    /// Id that the service gave it.
    pub id: String,
    /// False where it was there already.
    #[serde(skip)]
    pub uploaded: bool,
}

/// What all files that are handed in together are about.
#[derive(Debug, Clone)]
pub struct About {
    /// Last day of the period that the evidence is of (`YYYY-MM-DD`, in the organisation's zone).
    pub day: String,
    /// What it is, in a sentence that ends with what tells this packet from every other.
    pub description: String,
}
