//! Archives of transaction logs, and what they can restore.

use super::Origin;
use crate::time::Instant;

/// What range of time could be restored at one moment (`pitr_status`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PitrSample {
    /// System named by the source.
    pub system_id: Option<String>,
    /// Resource id `<kind>:<locator>`.
    pub resource: Option<String>,
    /// Sample time.
    pub observed_at: Instant,
    /// Oldest restorable point.
    pub earliest_restorable_at: Option<Instant>,
    /// Newest restorable point.
    pub latest_restorable_at: Option<Instant>,
    /// Last log shipped.
    pub last_archived_at: Option<Instant>,
    /// Failures since the last sample.
    pub archive_failures: Option<u64>,
    /// Lineage.
    pub origin: Origin,
}

/// A shipped transaction log, or an unbroken sequence of them (`log_segments`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSegment {
    /// System named by the source.
    pub system_id: Option<String>,
    /// Resource id `<kind>:<locator>`.
    pub resource: Option<String>,
    /// History branch.
    pub timeline: String,
    /// Sequence name; of several, the first one's.
    pub segment: String,
    /// Last one of the sequence; absent for a single one.
    pub last_segment: Option<String>,
    /// How many there are; absent for a single one.
    pub segments: Option<u64>,
    /// Expected predecessor; absent where none is needed, or nobody can tell.
    pub previous_segment: Option<String>,
    /// How many are lost right before it, where the listing tells.
    pub lost_before: Option<u64>,
    /// When the first was shipped.
    pub archived_from: Option<Instant>,
    /// When it was shipped; of several, when all of them were.
    pub archived_at: Option<Instant>,
    /// Longest time between two of them, in seconds.
    pub largest_gap_s: Option<i64>,
    /// From then on a base and all logs up to the newest of these were there: they can be restored.
    pub restorable_from: Option<Instant>,
    /// When the archive was listed.
    pub listed_at: Option<Instant>,
    /// Where it is.
    pub location_id: Option<String>,
    /// Lineage.
    pub origin: Origin,
}

impl LogSegment {
    /// A single segment of which only the name is known.
    #[must_use]
    pub fn new(origin: Origin, timeline: impl Into<String>, segment: impl Into<String>) -> Self {
        Self {
            system_id: None,
            resource: None,
            timeline: timeline.into(),
            segment: segment.into(),
            last_segment: None,
            segments: None,
            previous_segment: None,
            lost_before: None,
            archived_from: None,
            archived_at: None,
            largest_gap_s: None,
            restorable_from: None,
            listed_at: None,
            location_id: None,
            origin,
        }
    }

    /// Last segment of the sequence.
    #[must_use]
    pub fn last(&self) -> &str {
        self.last_segment.as_deref().unwrap_or(&self.segment)
    }
}
