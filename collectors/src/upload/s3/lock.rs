//! Object Lock: what is wanted, and what a stored version has.

use aws_sdk_s3::types::ObjectLockMode;
use model::time::Instant;

/// How fast a lock holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Who has `s3:BypassGovernanceRetention` can shorten or lift it.
    Governance,
    /// Nobody can, the account's root included, until it ends.
    Compliance,
}

/// The lock that objects get.
#[derive(Debug, Clone, Copy)]
pub struct Lock {
    /// How fast.
    pub mode: Mode,
    /// To when.
    pub until: Instant,
    /// Now: a lock that ended is none.
    pub now: Instant,
    /// Locks of objects that are there already are extended to `until` as well. One that ends less than a day earlier is
    /// left, so that a repetition changes nothing.
    pub extend: bool,
}

/// A stored version.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) version: Option<String>,
    pub(super) sum: Option<String>,
    pub(super) mode: Option<ObjectLockMode>,
    pub(super) until: Option<Instant>,
    pub(super) stored: Option<Instant>,
}

impl Head {
    /// True where it is locked as wanted already.
    pub(super) fn holds(&self, lock: Lock) -> bool {
        let fast = match lock.mode {
            Mode::Governance => self.mode.is_some(),
            Mode::Compliance => self.mode == Some(ObjectLockMode::Compliance),
        };
        let least = if lock.extend { lock.until - chrono::Duration::days(1) } else { lock.now };
        fast && self.until.is_some_and(|until| until > lock.now && until >= least)
    }
}
