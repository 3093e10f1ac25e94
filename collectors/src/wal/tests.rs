//! Arithmetic, continuity and layouts against plain restatements of their rules.

mod arithmetic;
mod continuity;
mod layouts;
mod listings;
mod verify;

use model::time::{Instant, instant};

use super::archive::{Archive, Settled, Spot};
use super::segment::{ArchiveFile, RawSegment, Segment, SegmentSize, archive_file};

/// An instant, in seconds since the beginning of 2026-11-22.
fn at(seconds: i64) -> Instant {
    instant("2026-11-22T00:00:00Z", None).unwrap() + chrono::Duration::seconds(seconds)
}

/// An archive of these segments (16 MiB), with the times at which they were stored.
fn archive(segments: &[(Segment, Option<Instant>)]) -> Archive {
    let mut out = Archive::default();
    for (n, (segment, at)) in segments.iter().enumerate() {
        let raw = RawSegment::parse(&segment.name(SegmentSize::DEFAULT)).unwrap();
        let spot = Spot { page: 0, item: u32::try_from(n).unwrap() };
        out.take(ArchiveFile::Segment(raw), false, Some(1), *at, spot);
    }
    out
}

/// An archive of these file names.
fn named(names: &[&str]) -> Settled {
    let mut out = Archive::default();
    for name in names {
        let (file, plain) = archive_file(name).unwrap_or_else(|| panic!("{name}"));
        out.take(file, plain, Some(16 << 20), None, Spot::default());
    }
    out.settle(&[], false)
}
