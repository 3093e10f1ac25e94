//! The only place that reads the clock, the operating system's user and randomness.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use model::time::Instant;

/// Now, in whole seconds, so that manifests and outputs show the same instant.
pub fn now() -> Instant {
    let now = chrono::Utc::now();
    Instant::from_timestamp(now.timestamp(), 0).unwrap_or(now)
}

/// Now, as precisely as the clock tells: for the offset of servers' clocks.
pub fn precisely_now() -> Instant {
    chrono::Utc::now()
}

/// A number in `[0, 1)`, for pauses that should differ between machines. Not for secrets.
pub fn chance() -> f64 {
    (RandomState::new().build_hasher().finish() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Name of the user that runs the program, for provenance.
pub fn user() -> Option<String> {
    let named =
        ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|u| !u.is_empty());
    named.or_else(uid)
}

/// The numeric user id, where services run without a name in their environment.
fn uid() -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata("/proc/self").ok().map(|m| format!("with id {}", m.uid()))
    }
    #[cfg(not(unix))]
    None
}

/// A fresh store id: 128 random bits as hexadecimal.
pub fn store_id() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
