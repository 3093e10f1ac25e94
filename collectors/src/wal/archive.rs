//! The segments of one archive as a listing shows them, held in 24 bytes each, and what they amount to once all are
//! known: unbroken runs by timeline.

use std::collections::{BTreeMap, BTreeSet};

use model::time::Instant;

use super::history::Ancestor;
use super::segment::{ArchiveFile, Lsn, RawSegment, Segment, SegmentSize};

/// Where an entry of a listing stands: its page, and its position in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Spot {
    /// Page, as the caller counts them.
    pub page: u32,
    /// Item or line of the page.
    pub item: u32,
}

/// One segment: its place in the log, milliseconds since 1970 ([`UNKNOWN`] where not told), and where it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    place: u64,
    at: i64,
    spot: Spot,
}

const UNKNOWN: i64 = i64::MAX;

/// A base backup's label that the archive holds: the segment the backup began in, and when the label was archived,
/// which is when the backup was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label {
    /// Segment the backup began in.
    pub segment: RawSegment,
    /// When the label was archived.
    pub at: Option<Instant>,
}

/// Files of one archive, in any order.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    seen: BTreeMap<u32, Vec<Seen>>,
    partial: BTreeSet<RawSegment>,
    labels: Vec<Label>,
    histories: BTreeMap<u32, Vec<Ancestor>>,
    /// Sizes of segments that are stored as PostgreSQL wrote them; more than one size tells nothing.
    plain_sizes: BTreeSet<u64>,
    empty: u64,
}

impl Archive {
    /// Takes one file. A segment of no bytes holds no log and counts as missing.
    pub(crate) fn take(&mut self, file: ArchiveFile, plain: bool, size: Option<u64>, at: Option<Instant>, spot: Spot) {
        match file {
            ArchiveFile::Segment(_) if size == Some(0) => self.empty += 1,
            ArchiveFile::Segment(raw) => {
                if let Some(size) = size.filter(|_| plain && self.plain_sizes.len() < 2) {
                    self.plain_sizes.insert(size);
                }
                let at = at.map_or(UNKNOWN, |t| t.timestamp_millis());
                self.seen.entry(raw.timeline).or_default().push(Seen { place: raw.place, at, spot });
            }
            ArchiveFile::Partial(raw) => {
                self.partial.insert(raw);
            }
            ArchiveFile::Label(segment) => self.labels.push(Label { segment, at }),
            ArchiveFile::History(_) => {}
        }
    }

    /// Takes the content of a timeline's history file.
    pub(crate) fn history(&mut self, timeline: u32, ancestors: Vec<Ancestor>) {
        self.histories.insert(timeline, ancestors);
    }

    /// True where no segment was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Labels of base backups, in order of time.
    pub(crate) fn labels(&self) -> Vec<Label> {
        let mut out = self.labels.clone();
        out.sort_by_key(|l| (l.at, l.segment));
        out
    }

    /// When the last segment was archived.
    pub(crate) fn last_at(&self) -> Option<Instant> {
        let last = self.seen.values().flatten().map(|s| s.at).filter(|at| *at != UNKNOWN).max();
        last.and_then(Instant::from_timestamp_millis)
    }

    /// Sorts and counts. `known` are segments with an LSN that is in them or just behind their end, which show the size
    /// of segments; `old` says that the server is 9.2 or older.
    pub(crate) fn settle(mut self, known: &[(RawSegment, Lsn)], old: bool) -> Settled {
        for seen in self.seen.values_mut() {
            seen.sort_unstable();
            seen.dedup_by_key(|s| s.place);
            seen.shrink_to_fit();
        }
        let size = self.size(known);
        let size = if old { size.before_9_3() } else { size };
        let mut out = Settled {
            size,
            runs: BTreeMap::new(),
            seen: BTreeMap::new(),
            partial: self.partial.iter().filter_map(|raw| raw.sized(size)).collect(),
            histories: self.histories,
            misfits: 0,
            empty: self.empty,
        };
        for (timeline, mut seen) in self.seen {
            let before = seen.len();
            seen.retain(|s| RawSegment { timeline, place: s.place }.sized(size).is_some());
            out.misfits += before.abs_diff(seen.len()) as u64;
            let mut runs: Vec<Run> = Vec::new();
            for (at, s) in seen.iter().enumerate() {
                let Some(segment) = (RawSegment { timeline, place: s.place }).sized(size) else { continue };
                match runs.last_mut() {
                    Some(run) if run.last + 1 == segment.number => run.last = segment.number,
                    _ => runs.push(Run { first: segment.number, last: segment.number, from: at }),
                }
            }
            if !runs.is_empty() {
                out.runs.insert(timeline, runs);
                out.seen.insert(timeline, seen);
            }
        }
        out
    }

    /// The size of segments, from the strongest sign there is: an LSN beside a name; the size of segments that are
    /// stored as they are; where logs end, if at least two do and all at the same segment, a power of two; else the
    /// default, or what holds the largest number that a name shows.
    fn size(&self, known: &[(RawSegment, Lsn)]) -> SegmentSize {
        let largest = self.seen.values().flatten().map(|s| s.place & 0xffff_ffff).max().unwrap_or(0);
        let fits = |s: &SegmentSize| s.per_log() > largest;
        let agrees = |s: &SegmentSize| {
            known.iter().all(|(raw, lsn)| {
                raw.sized(*s).is_some_and(|x| x.number == lsn.number(*s) || x.number == lsn.number_before(*s))
            })
        };
        let told: Vec<SegmentSize> = SegmentSize::all().filter(|s| !known.is_empty() && fits(s) && agrees(s)).collect();
        let default = Some(SegmentSize::DEFAULT).filter(fits);
        if let [only] = told[..] {
            return only;
        }
        let one_of = |s: &SegmentSize| fits(s) && (told.is_empty() || told.contains(s));
        let plain = Some(&self.plain_sizes).filter(|s| s.len() == 1).and_then(|s| s.first());
        let stored = plain.and_then(|bytes| SegmentSize::of_bytes(*bytes));
        let by_end = self.log_end().filter(|end| *end == largest);
        let ended = by_end.and_then(|end| SegmentSize::all().find(|s| s.per_log() == end + 1));
        let found = stored.filter(one_of).or(ended.filter(one_of)).or(default.filter(one_of));
        found
            .or(told.first().copied())
            .or_else(|| SegmentSize::all().filter(fits).last())
            .unwrap_or(SegmentSize::DEFAULT)
    }

    /// The segment at which logs end, where at least two are seen to end at the same one.
    fn log_end(&self) -> Option<u64> {
        let mut ends = self.seen.values().flat_map(|seen| {
            seen.windows(2).filter_map(|pair| {
                let [a, b] = [pair.first()?.place, pair.get(1)?.place];
                (b >> 32 == (a >> 32) + 1 && b & 0xffff_ffff == 0).then_some(a & 0xffff_ffff)
            })
        });
        let first = ends.next()?;
        let rest: Vec<u64> = ends.collect();
        (!rest.is_empty() && rest.iter().all(|end| *end == first)).then_some(first)
    }
}

/// Segments of a timeline without a hole: numbers `first` to `last`; `from` is the first one's position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: u64,
    last: u64,
    from: usize,
}

/// An archive whose segments are known.
#[derive(Debug)]
pub(crate) struct Settled {
    /// Size of its segments.
    pub size: SegmentSize,
    runs: BTreeMap<u32, Vec<Run>>,
    seen: BTreeMap<u32, Vec<Seen>>,
    partial: BTreeSet<Segment>,
    histories: BTreeMap<u32, Vec<Ancestor>>,
    /// Names that mean no segment of this size.
    pub misfits: u64,
    /// Segments of no bytes.
    pub empty: u64,
}

impl Settled {
    /// Timelines with segments, lowest first.
    pub(crate) fn timelines(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.runs.keys().copied()
    }

    /// Number of segments of all timelines.
    pub(crate) fn count(&self) -> u64 {
        self.seen.values().map(|s| s.len() as u64).sum()
    }

    /// Bytes that the segments take in memory.
    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.seen.values().map(|s| s.capacity() * size_of::<Seen>()).sum()
    }

    /// First and last number of each unbroken run of a timeline within `[from, to)`, in order.
    pub(crate) fn runs(
        &self,
        timeline: u32,
        from: u64,
        to: Option<u64>,
    ) -> impl DoubleEndedIterator<Item = (u64, u64)> {
        let runs = self.runs.get(&timeline).map(Vec::as_slice).unwrap_or_default();
        let runs = runs.get(runs.partition_point(|r| r.last < from)..).unwrap_or_default();
        let end = to.map_or(u64::MAX, |to| to.saturating_sub(1));
        let inside = runs.get(..runs.partition_point(|r| r.first <= end)).unwrap_or_default();
        let inside = if to.is_some_and(|to| to <= from) { &[] } else { inside };
        inside.iter().map(move |r| (r.first.max(from), r.last.min(end)))
    }

    /// True where a segment is there.
    pub(crate) fn has(&self, segment: Segment) -> bool {
        self.at(segment).is_some()
    }

    /// When a segment was archived, and where it is listed; `None` where it is not there.
    pub(crate) fn at(&self, segment: Segment) -> Option<(Option<Instant>, Spot)> {
        let runs = self.runs.get(&segment.timeline)?;
        let run = runs.get(runs.partition_point(|r| r.last < segment.number)).filter(|r| r.first <= segment.number)?;
        let offset = usize::try_from(segment.number - run.first).ok()?;
        let seen = self.seen.get(&segment.timeline)?.get(run.from + offset)?;
        Some((Some(seen.at).filter(|at| *at != UNKNOWN).and_then(Instant::from_timestamp_millis), seen.spot))
    }

    /// Segments that a promotion left in part, of one timeline.
    pub(crate) fn partial(&self, timeline: u32) -> impl DoubleEndedIterator<Item = u64> {
        let of = |number| Segment { timeline, number };
        self.partial.range(of(0)..=of(u64::MAX)).map(|s| s.number)
    }

    /// The ancestors of a timeline as its history file tells them.
    pub(crate) fn history(&self, timeline: u32) -> Option<&[Ancestor]> {
        self.histories.get(&timeline).map(Vec::as_slice)
    }
}
