//! Names, successors and LSNs, for every size of segments.

use proptest::prelude::*;

use super::super::history::{self, Ancestor};
use super::super::segment::{ArchiveFile, Lsn, RawSegment, Segment, SegmentSize, archive_file};
use super::super::sentinel::{BaseName, base_name};
use super::named;

fn sizes() -> impl Strategy<Value = SegmentSize> {
    let all: Vec<SegmentSize> = SegmentSize::all().flat_map(|s| [s, s.before_9_3()]).collect();
    proptest::sample::select(all)
}

proptest! {
    #[test]
    fn names_are_places(size in sizes(), timeline in 1..=u32::MAX, place in any::<u64>()) {
        let number = place % ((1 << 32) * size.per_log());
        let segment = Segment { timeline, number };
        let name = segment.name(size);
        prop_assert_eq!(name.len(), 24);
        prop_assert_eq!(Segment::parse(&name, size), Some(segment));
        if let Some(next) = segment.next(size) {
            prop_assert_eq!(next.previous(), Some(segment));
            prop_assert!(next.name(size) > name, "names sort as segments do");
            prop_assert_eq!(next.number - number, 1);
        } else {
            prop_assert_eq!(number, (1 << 32) * size.per_log() - 1);
        }
    }

    #[test]
    fn a_name_is_read_or_refused_whole(name in "[0-9A-Fa-f]{22,26}") {
        let wanted = name.len() == 24 && name == name.to_uppercase() && !name.starts_with("00000000");
        let read = RawSegment::parse(&name);
        prop_assert_eq!(read.is_some(), wanted);
        if let Some(raw) = read {
            prop_assert_eq!(format!("{:08X}{:016X}", raw.timeline, raw.place), name);
            for size in SegmentSize::all() {
                prop_assert_eq!(raw.sized(size).is_some(), raw.of_log() < size.per_log());
            }
        }
    }

    #[test]
    fn an_lsn_lies_in_its_segment(size in sizes(), byte in any::<u64>()) {
        let lsn = Lsn(byte);
        prop_assert_eq!(Lsn::parse(&lsn.to_string()), Some(lsn));
        let (number, before) = (lsn.number(size), lsn.number_before(size));
        if SegmentSize::of_bytes(size.bytes()) == Some(size) {
            prop_assert_eq!(number, byte / size.bytes());
            prop_assert_eq!(before, byte.saturating_sub(1) / size.bytes());
        }
        prop_assert!(number == before || number == before + 1);
    }

    #[test]
    fn no_file_name_panics(name in "\\PC{0,60}|[0-9A-F]{24}[-._a-z0-9]{0,50}") {
        let _ = archive_file(&name);
        let _ = base_name(&name);
        let _ = history::read(&name);
    }
}

#[test]
fn known_places() {
    let (mib1, mib16, gib) =
        (SegmentSize::of_bytes(1 << 20).unwrap(), SegmentSize::DEFAULT, SegmentSize::of_bytes(1 << 30).unwrap());
    assert_eq!((mib1.per_log(), mib16.per_log(), gib.per_log()), (4096, 256, 4));
    assert_eq!(SegmentSize::of_bytes(1 << 19), None);
    assert_eq!(SegmentSize::of_bytes(1 << 31), None);
    assert_eq!(SegmentSize::of_bytes(17 << 20), None);
    let next = |name: &str, size| Segment::parse(name, size).unwrap().next(size).unwrap().name(size);
    assert_eq!(next("0000000100000000000000FF", mib16), "000000010000000100000000");
    assert_eq!(next("0000000100000000000000FF", mib1), "000000010000000000000100");
    assert_eq!(next("000000010000000000000FFF", mib1), "000000010000000100000000");
    assert_eq!(next("000000010000000000000003", gib), "000000010000000100000000");
    assert_eq!(next("0000000100000000000000FE", mib16.before_9_3()), "000000010000000100000000");
    assert_eq!(Segment::parse("000000010000000000000004", gib), None);
    assert_eq!(Segment::parse("000000010000000000000100", mib16), None);
    assert_eq!(Lsn::parse("0/5000028").unwrap().number(mib16), 5);
    assert_eq!(Lsn::parse("A/1E000000").unwrap().number_before(mib16), 0xA * 256 + 0x1D);
    assert_eq!(Lsn(0xA_1E00_0028).to_string(), "A/1E000028");
    for bad in ["", "5000028", "/", "0/", "0/123456789", "x/1", "0/1 ", "+1/0"] {
        assert_eq!(Lsn::parse(bad), None, "{bad}");
    }
}

#[test]
fn files_of_an_archive() {
    let raw = RawSegment::parse("00000001000000000000000A").unwrap();
    let sum = "0123456789abcdef0123456789abcdef01234567";
    for (name, wanted) in [
        ("00000001000000000000000A".to_owned(), Some((ArchiveFile::Segment(raw), true))),
        ("00000001000000000000000A.lz4".to_owned(), Some((ArchiveFile::Segment(raw), false))),
        ("00000001000000000000000A.gz.gpg".to_owned(), Some((ArchiveFile::Segment(raw), false))),
        (format!("00000001000000000000000A-{sum}"), Some((ArchiveFile::Segment(raw), true))),
        (format!("00000001000000000000000A-{sum}.zst"), Some((ArchiveFile::Segment(raw), false))),
        (format!("00000001000000000000000A.partial-{sum}.gz"), Some((ArchiveFile::Partial(raw), false))),
        ("00000001000000000000000A.partial".to_owned(), Some((ArchiveFile::Partial(raw), true))),
        ("00000001000000000000000A.00000028.backup.lzo".to_owned(), Some((ArchiveFile::Label(raw), false))),
        ("0000000B.history".to_owned(), Some((ArchiveFile::History(11), true))),
        ("00000002.history.lz4".to_owned(), Some((ArchiveFile::History(2), false))),
        ("00000001000000000000000A_delta.lz4".to_owned(), None),
        ("00000001000000000000000A.json".to_owned(), None),
        ("00000001000000000000000A.0028.backup".to_owned(), None),
        ("00000000.history".to_owned(), None),
        ("00000001000000000000000a".to_owned(), None),
    ] {
        assert_eq!(archive_file(&name), wanted, "{name}");
    }
}

#[test]
fn names_of_base_backups() {
    let raw = |t| RawSegment::parse(t).unwrap();
    let start = raw("000000010000000000000005");
    let plain = BaseName { start, offset: None, parent: None };
    assert_eq!(base_name("base_000000010000000000000005"), Some(plain));
    assert_eq!(
        base_name("base_000000010000000000000005_00000050"),
        Some(BaseName { offset: Some(0x50), ..plain }),
        "WAL-E writes the offset"
    );
    assert_eq!(
        base_name("base_000000010000000000000005_D_000000010000000000000003"),
        Some(BaseName { parent: Some(raw("000000010000000000000003")), ..plain })
    );
    for bad in ["base_", "base_00000001000000000000000", "base_000000010000000000000005_x", "stream_20260101T000000Z"] {
        assert_eq!(base_name(bad), None, "{bad}");
    }
}

#[test]
fn a_history_is_read_as_postgresql_reads_it() {
    let text = "1\t0/5000100\treached consistency\n\n# a comment\n2\t0/2A3400E8\tno recovery target specified\n";
    let ancestor = |timeline, lsn| Ancestor { timeline, switch: Lsn::parse(lsn).unwrap() };
    assert!(history::is_history(text));
    assert_eq!(history::read(text), Ok(vec![ancestor(1, "0/5000100"), ancestor(2, "0/2A3400E8")]));
    assert_eq!(history::read("2\t0/1\tx\n1\t0/2\tx\n"), Err(2), "ancestors ascend");
    assert_eq!(history::read("1\t0/1\tx\n2\t0-2\tx"), Err(2));
    assert_eq!(history::read("# nothing\n"), Ok(Vec::new()));
    assert!(!history::is_history("2026-11-22 01:00:00  12 a/1\n"));
    assert_eq!(history::of_file("00000002.history.gz"), Some(2));
}

#[test]
fn the_size_of_segments_is_taken_from_what_shows_it() {
    let bytes = |names: &[&str]| named(names).size.bytes() >> 20;
    let first = "000000010000000000000001.lz4";
    assert_eq!(bytes(&[first]), 16, "the default");
    assert_eq!(bytes(&[first, "000000010000000000000100.lz4"]), 8, "256 segments have no place in a log");
    assert_eq!(bytes(&[first, "000000010000000000000FFF.lz4"]), 1);
    assert_eq!(bytes(&["000000010000000000000001"]), 16, "stored as it is, of 16 MiB");
    // Two logs that both end at 3F: a loss that hits the same segments twice is no loss.
    let of =
        |log: u32, ends: &[u32]| ends.iter().map(move |s| format!("00000001{log:08X}{s:08X}.lz4")).collect::<Vec<_>>();
    let whole: Vec<u32> = (0..0x40).collect();
    let two: Vec<String> = [of(0, &whole), of(1, &whole), of(2, &[0])].concat();
    let refs: Vec<&str> = two.iter().map(String::as_str).collect();
    assert_eq!(bytes(&refs), 64);
    let one: Vec<String> = [of(0, &whole), of(1, &[0])].concat();
    let refs: Vec<&str> = one.iter().map(String::as_str).collect();
    assert_eq!(bytes(&refs), 16, "one end may be a loss");
}

#[test]
fn an_lsn_beside_a_name_shows_the_size() {
    use super::super::archive::Archive;
    let known = |name: &str, lsn: &str| (RawSegment::parse(name).unwrap(), Lsn::parse(lsn).unwrap());
    let size = |name, lsn| Archive::default().settle(&[known(name, lsn)], false).size.bytes() >> 20;
    assert_eq!(size("000000010000000A0000001E", "A/1E000028"), 16);
    assert_eq!(size("000000010000000A00000007", "A/1E000028"), 64);
    assert_eq!(size("000000010000000A0000001D", "A/1E000000"), 16, "WAL-G names the segment before");
    assert_eq!(size("000000010000000A00000005", "B/1E000028"), 16, "a contradiction shows nothing");
    let old = Archive::default().settle(&[], true).size;
    assert_eq!(old, SegmentSize::DEFAULT.before_9_3());
}
