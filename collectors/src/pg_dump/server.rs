//! The PostgreSQL server's own log: restores of base backups are told nowhere else.
//!
//! Read are the recovery messages of `xlog.c` and `xlogrecovery.c`, versions 12 to 18. Recovery after a crash
//! and the replay of a standby are not restores.

use model::time::{Instant, Tz};

use super::stamp::{self, Clock, Stamp, Time};

/// A recovery from a base backup.
#[derive(Debug, Clone, Default)]
pub(super) struct Recovery {
    pub(super) line: u64,
    pub(super) end_line: u64,
    pub(super) point_in_time: bool,
    pub(super) started: Time,
    /// `archive recovery complete`.
    pub(super) finished: Option<Time>,
    /// When the server took connections, or gave up.
    pub(super) ended: Option<Time>,
    pub(super) recovered_to: Option<Instant>,
    pub(super) failed: Option<String>,
    /// It was stopped, by a shutdown or a restart, not by an error.
    pub(super) stopped: bool,
    pub(super) said: String,
}

/// What a server log tells.
#[derive(Debug)]
pub(super) struct ServerLog {
    zone: Option<Tz>,
    clock: Clock,
    open: Option<Recovery>,
    pub(super) lines: u64,
    pub(super) recoveries: Vec<Recovery>,
}

impl Default for ServerLog {
    fn default() -> Self {
        Self::new(None)
    }
}

impl ServerLog {
    /// A log whose stamps without a zone are in `zone`.
    pub(super) const fn new(zone: Option<Tz>) -> Self {
        Self { zone, clock: Clock::new(zone, None), open: None, lines: 0, recoveries: Vec::new() }
    }

    /// Takes a line; false where it is not the server's.
    pub(super) fn line(&mut self, number: u64, stamp: &Stamp, rest: &str) -> bool {
        let Some((level, message)) = split_level(rest) else { return false };
        self.lines += 1;
        let time = self.clock.place(stamp);
        if message.starts_with("starting PostgreSQL ") {
            self.give_up(number, time, "the server was started anew before recovery ended");
            return true;
        }
        let begins_pitr = message.starts_with("starting point-in-time recovery");
        if begins_pitr
            || message.starts_with("starting archive recovery")
            || message.starts_with("starting backup recovery with redo LSN")
        {
            let line = if let Some(open) = &mut self.open {
                open.point_in_time |= begins_pitr;
                return true;
            } else {
                number
            };
            self.open = Some(Recovery {
                line,
                end_line: number,
                point_in_time: begins_pitr,
                started: time,
                said: message.to_owned(),
                ..Recovery::default()
            });
            return true;
        }
        let Some(open) = &mut self.open else { return true };
        if message.starts_with("entering standby mode") {
            self.open = None;
        } else if let Some(at) = time_after(message, "last completed transaction was at log time ", self.zone)
            .or_else(|| time_after(message, ", time ", self.zone).filter(|_| message.starts_with("recovery stopping")))
        {
            open.recovered_to = Some(at);
        } else if message.starts_with("archive recovery complete") {
            open.finished = Some(time);
            open.said = message.to_owned();
            open.end_line = number;
        } else if message.starts_with("database system is ready to accept connections") && open.finished.is_some() {
            open.ended = Some(time);
            open.end_line = number;
            self.recoveries.extend(self.open.take());
        } else if matches!(level, "FATAL" | "PANIC")
            && open.finished.is_none()
            && !message.contains("the database system is ")
            || message.starts_with("database system is shut down")
        {
            self.give_up(number, time, message);
        }
        true
    }

    fn give_up(&mut self, number: u64, time: Time, why: &str) {
        if let Some(mut open) = self.open.take() {
            if open.finished.is_none() {
                open.failed = Some(why.to_owned());
                open.stopped = why.contains("shut down") || why.contains("started anew");
                open.said = why.to_owned();
            }
            open.ended = Some(time);
            open.end_line = number;
            self.recoveries.push(open);
        }
    }

    /// Everything read, the recovery that has not ended yet last.
    pub(super) fn finish(self) -> Vec<Recovery> {
        self.recoveries.into_iter().chain(self.open).collect()
    }
}

/// Splits at the level word: every prefix that `log_line_prefix` can make ends before it.
fn split_level(rest: &str) -> Option<(&str, &str)> {
    const LEVELS: &[&str] = &[
        "LOG",
        "FATAL",
        "ERROR",
        "PANIC",
        "WARNING",
        "NOTICE",
        "INFO",
        "DEBUG",
        "STATEMENT",
        "DETAIL",
        "HINT",
        "CONTEXT",
        "QUERY",
    ];
    let (before, message) = rest.split_once(":  ")?;
    let level = before.rsplit(|c: char| !c.is_ascii_uppercase()).next()?;
    LEVELS.contains(&level).then_some((level, message))
}

fn time_after(message: &str, key: &str, zone: Option<Tz>) -> Option<Instant> {
    let (_, rest) = message.split_once(key)?;
    let (stamp, _) = stamp::split(rest)?;
    Clock::new(zone, None).place(&stamp).at
}
