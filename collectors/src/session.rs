//! The statistics that duplicity and rdiff-backup print (rdiff-backup's `statistics.py`, which duplicity took over),
//! and which listed backup a session made.
//!
//! A block holds lines `StartTime 1792534501.26 (Wed Oct 21 00:15:01 2026)`: names are never translated,
//! times are epoch seconds. `Errors` is the last line; a block without it was cut.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration};
use model::time::Instant;

/// One block of statistics.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Stats {
    pub start: Option<Instant>,
    pub end: Option<Instant>,
    /// Size of all source files.
    pub source_bytes: Option<u64>,
    /// Bytes that the destination grew by (may be negative).
    pub destination_change: Option<i64>,
    /// Files added, changed or deleted; duplicity only.
    pub delta_entries: Option<u64>,
    /// Source files that could not be read.
    pub errors: Option<u64>,
}

impl Stats {
    /// Takes a line of the block; false where it is none.
    pub fn take(&mut self, line: &str) -> bool {
        let mut words = line.split_whitespace();
        let (Some(name), Some(value)) = (words.next(), words.next()) else { return false };
        let float = || value.parse::<f64>().ok().filter(|v| v.is_finite());
        let whole = || float().filter(|v| *v >= 0.0 && *v < 9e15).map(|v| v as u64);
        match name {
            "StartTime" => self.start = float().and_then(epoch),
            "EndTime" => self.end = float().and_then(epoch),
            "SourceFileSize" => self.source_bytes = whole(),
            "TotalDestinationSizeChange" => {
                self.destination_change = float().filter(|v| v.abs() < 9e15).map(|v| v as i64);
            }
            "DeltaEntries" => self.delta_entries = whole(),
            "Errors" => self.errors = whole(),
            "ElapsedTime" | "SourceFiles" | "NewFiles" | "NewFileSize" | "DeletedFiles" | "DeletedFileSize"
            | "ChangedFiles" | "ChangedFileSize" | "ChangedDeltaSize" | "ChangedSourceSize" | "ChangedMirrorSize"
            | "MirrorFiles" | "MirrorFileSize" | "IncrementFiles" | "IncrementFileSize" | "RawDeltaSize" => {
                return float().is_some();
            }
            _ => return false,
        }
        float().is_some()
    }

    /// True where the block was read from its first line to its last.
    pub const fn whole(&self) -> bool {
        self.start.is_some() && self.end.is_some() && self.errors.is_some()
    }

    /// What tells this session from every other.
    pub fn key(&self) -> String {
        let start = self.start.map_or_else(String::new, |at| at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
        format!("{start}/{}", self.end.zip(self.start).map_or(0, |(end, start)| (end - start).num_milliseconds()))
    }
}

/// Epoch seconds, to the millisecond.
pub(crate) fn epoch(seconds: f64) -> Option<Instant> {
    // Years 1970 to 9999: beyond, sums of times leave the calendar.
    (0.0..253_402_300_800.0)
        .contains(&seconds)
        .then(|| DateTime::from_timestamp_millis((seconds * 1000.0).round() as i64))
        .flatten()
}

/// Which of the listed `backups` each session made. A backup is dated when its session was begun, at most `lag` before
/// the statistics start; sessions follow each other. `sessions` are (start, earliest time its backup can have).
pub(crate) fn made<'k>(
    sessions: &[(Instant, Option<Instant>)],
    backups: &BTreeMap<Instant, &'k str>,
    lag: Duration,
) -> Vec<Option<&'k str>> {
    let mut order: Vec<usize> = (0..sessions.len()).collect();
    order.sort_by_key(|at| sessions.get(*at).map(|s| s.0));
    let mut out = vec![None; sessions.len()];
    let mut after: Option<Instant> = None;
    for at in order {
        let Some((start, earliest)) = sessions.get(at).copied() else { continue };
        // Stamps of backups are whole seconds, those of statistics hundredths.
        let newest = backups.range(..=start + Duration::milliseconds(10)).next_back();
        let fits = |made: &Instant| {
            start - *made <= lag
                && after.is_none_or(|last| *made > last)
                && earliest.is_none_or(|from| *made + Duration::seconds(1) > from)
        };
        if let (Some((_, id)), Some(slot)) = (newest.filter(|(made, _)| fits(made)), out.get_mut(at)) {
            *slot = Some(*id);
        }
        after = Some(start);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_whole_with_its_last_line() {
        let mut stats = Stats::default();
        assert!(stats.take("StartTime 1792534501.26 (Wed Oct 21 00:15:01 2026)"));
        assert!(stats.take("EndTime 1792534505.68 (Wed Oct 21 00:15:05 2026)"));
        assert!(stats.take("TotalDestinationSizeChange -1536 (-1.50 KB)"));
        assert!(!stats.whole());
        assert!(stats.take("Errors 0"));
        assert!(stats.whole());
        assert_eq!(stats.key(), "2026-10-20T22:15:01.260Z/4420");
        assert_eq!(stats.destination_change, Some(-1536));
        assert!(!stats.take("Errors") && !stats.take("Errors were found") && !stats.take("Something 5"));
        assert!(!Stats::default().take("StartTime 1e400"));
    }

    #[test]
    fn sessions_claim_the_backup_begun_before_them() {
        let at = |s: f64| epoch(s).unwrap();
        let backups = BTreeMap::from([(at(100.0), "a"), (at(200.0), "b"), (at(300.0), "c")]);
        let sessions = [(at(301.5), None), (at(100.004), None), (at(250.0), Some(at(240.0)))];
        let day = Duration::days(1);
        assert_eq!(made(&sessions, &backups, day), [Some("c"), Some("a"), None]);
        assert_eq!(made(&sessions, &backups, Duration::seconds(1)), [None, Some("a"), None]);
        let restarted = [(at(100.0), None), (at(190.0), None)];
        assert_eq!(made(&restarted, &backups, day), [Some("a"), None], "two sessions never claim one backup");
    }
}
