//! Names and arithmetic of PostgreSQL WAL segments.
//!
//! A segment's name is 24 upper-case hexadecimal digits: timeline, log, segment of the log (8 each). A log has 4 GiB, so
//! how many segments it has follows from their size: 256 of 16 MiB, 64 of 64 MiB (`xlog_internal.h`, `XLogFileName`).
//! A name therefore means a place only together with a size. Refused: lower case, other lengths, timeline 0, a segment
//! beyond the end of its log.

use std::fmt;

/// Size of the segments of one cluster: a power of two from 1 MiB to 1 GiB (`initdb --wal-segsize`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SegmentSize {
    shift: u32,
    /// Up to 9.2 the last segment of a log was never written.
    short: bool,
}

impl SegmentSize {
    /// 16 MiB, what every cluster has that was not told otherwise.
    pub(crate) const DEFAULT: Self = Self { shift: 24, short: false };
    /// The smallest and the largest.
    const SHIFTS: std::ops::RangeInclusive<u32> = 20..=30;

    /// All sizes there are, smallest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::SHIFTS.map(|shift| Self { shift, short: false })
    }

    /// The same size in a cluster of PostgreSQL 9.2 or older, where `…FE` is followed by `…00` of the next log.
    pub(crate) const fn before_9_3(self) -> Self {
        Self { short: true, ..self }
    }

    /// The size of this many bytes.
    pub(crate) fn of_bytes(bytes: u64) -> Option<Self> {
        Self::all().find(|s| s.bytes() == bytes)
    }

    /// Bytes of a segment.
    pub(crate) const fn bytes(self) -> u64 {
        1 << self.shift
    }

    /// Segments of a log.
    pub(crate) const fn per_log(self) -> u64 {
        (1 << (32 - self.shift)) - self.short as u64
    }

    /// Number of the last segment that an LSN (64 bit) can be in.
    const fn last(self) -> u64 {
        (1 << 32) * self.per_log() - 1
    }
}

/// The digits of a segment's name, before its size is known. Ordered as the segments are, within a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RawSegment {
    /// Timeline, from 1.
    pub timeline: u32,
    /// Log and segment of the log: the last 16 digits.
    pub place: u64,
}

impl RawSegment {
    /// Reads a name; `None` for everything else.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let digits = name.len() == 24 && name.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
        let timeline = digits.then(|| u32::from_str_radix(name.get(..8)?, 16).ok()).flatten()?;
        let place = u64::from_str_radix(name.get(8..)?, 16).ok()?;
        (timeline > 0).then_some(Self { timeline, place })
    }

    /// Log.
    pub(crate) const fn log(self) -> u64 {
        self.place >> 32
    }

    /// Segment of the log.
    pub(crate) const fn of_log(self) -> u64 {
        self.place & 0xffff_ffff
    }

    /// The segment, where it exists with this size.
    pub(crate) fn sized(self, size: SegmentSize) -> Option<Segment> {
        (self.of_log() < size.per_log())
            .then(|| Segment { timeline: self.timeline, number: self.log() * size.per_log() + self.of_log() })
    }
}

/// A segment: a timeline and its number in the cluster's log, counted in segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    /// Timeline, from 1.
    pub timeline: u32,
    /// Number.
    pub number: u64,
}

impl Segment {
    /// Reads a name.
    pub(crate) fn parse(name: &str, size: SegmentSize) -> Option<Self> {
        RawSegment::parse(name)?.sized(size)
    }

    /// Its name.
    pub(crate) fn name(self, size: SegmentSize) -> String {
        name(self.timeline, self.number, size)
    }

    /// The one after it on the same timeline; `None` at the end of what an LSN can say.
    pub(crate) fn next(self, size: SegmentSize) -> Option<Self> {
        (self.number < size.last()).then(|| Self { number: self.number + 1, ..self })
    }

    /// The one before it on the same timeline.
    pub(crate) fn previous(self) -> Option<Self> {
        Some(Self { number: self.number.checked_sub(1)?, ..self })
    }
}

/// Name of segment `number` of a timeline.
pub(crate) fn name(timeline: u32, number: u64, size: SegmentSize) -> String {
    let per_log = size.per_log();
    format!("{timeline:08X}{:08X}{:08X}", number / per_log, number % per_log)
}

/// A place in the log, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lsn(pub u64);

impl Lsn {
    /// Reads `A/1E000028`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (high, low) = text.split_once('/')?;
        let part = |t: &str| {
            let hex = (1..=8).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_hexdigit());
            hex.then(|| u64::from_str_radix(t, 16).ok()).flatten()
        };
        Some(Self(part(high)? << 32 | part(low)?))
    }

    /// Number of the segment that holds the byte at this place.
    pub(crate) fn number(self, size: SegmentSize) -> u64 {
        let of_log = (self.0 & 0xffff_ffff) >> size.shift;
        (self.0 >> 32) * size.per_log() + of_log.min(size.per_log() - 1)
    }

    /// Number of the segment that holds the last byte before this place: what PostgreSQL names for the start and end
    /// of a backup (`XLByteToPrevSeg`).
    pub(crate) fn number_before(self, size: SegmentSize) -> u64 {
        Self(self.0.saturating_sub(1)).number(size)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

/// What a file in an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArchiveFile {
    /// A segment.
    Segment(RawSegment),
    /// The last segment of a timeline, filled in part, as a promoted standby archives it.
    Partial(RawSegment),
    /// The label of a base backup that began in this segment.
    Label(RawSegment),
    /// History of a timeline.
    History(u32),
}

/// Endings that tools append: compression and encryption.
const PACKED: &[&str] =
    &["lz4", "lzma", "zst", "br", "gz", "bz2", "xz", "lzo", "snappy", "sz", "gpg", "age", "enc", "Z"];

/// What a file of an archive is, and whether its bytes are as PostgreSQL wrote them: the tool's endings and pgBackRest's
/// checksum (`-<40 hex>`) are taken off first.
pub(crate) fn archive_file(file: &str) -> Option<(ArchiveFile, bool)> {
    let mut stem = file;
    while let Some((rest, end)) = stem.rsplit_once('.')
        && PACKED.contains(&end)
    {
        stem = rest;
    }
    let plain = stem.len() == file.len();
    if let Some((rest, sum)) = stem.rsplit_once('-')
        && matches!(sum.len(), 40 | 64)
        && sum.bytes().all(|b| b.is_ascii_hexdigit())
    {
        stem = rest;
    }
    let kind = match stem.split_once('.') {
        None => ArchiveFile::Segment(RawSegment::parse(stem)?),
        Some((timeline, "history")) => {
            let digits = timeline.len() == 8 && timeline.bytes().all(|b| b.is_ascii_hexdigit());
            ArchiveFile::History(digits.then(|| u32::from_str_radix(timeline, 16).ok()).flatten().filter(|t| *t > 0)?)
        }
        Some((segment, "partial")) => ArchiveFile::Partial(RawSegment::parse(segment)?),
        Some((segment, rest)) => {
            let offset = rest.strip_suffix(".backup")?;
            let digits = offset.len() == 8 && offset.bytes().all(|b| b.is_ascii_hexdigit());
            ArchiveFile::Label(digits.then(|| RawSegment::parse(segment)).flatten()?)
        }
    };
    Some((kind, plain))
}
