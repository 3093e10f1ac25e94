//! WAL-G's `wal-verify integrity`, written down as its source does it (`integrity_check_runner.go`,
//! `wal_segment_runner.go`, `wal_segment_scanner.go`), as a second opinion on lost segments.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::continuity::{Limits, Span, State};
use super::super::history::Ancestor;
use super::super::segment::{Lsn, Segment, SegmentSize};
use super::archive;

struct Runner {
    current: Segment,
    stored: BTreeSet<Segment>,
    stop: u64,
    /// Timeline that is left at a segment.
    switches: BTreeMap<u64, u32>,
}

enum Next {
    Found,
    NotFound,
    Reached,
}

impl Runner {
    fn next_segment(&self) -> Segment {
        let same = Segment { number: self.current.number - 1, ..self.current };
        match self.switches.get(&self.current.number) {
            Some(parent) if !self.stored.contains(&same) => Segment { timeline: *parent, ..same },
            _ => same,
        }
    }

    fn step(&mut self) -> Next {
        if self.current.number <= self.stop {
            return Next::Reached;
        }
        let next = self.next_segment();
        if !self.stored.contains(&next) {
            return Next::NotFound;
        }
        self.current = next;
        Next::Found
    }

    fn scan(&mut self, limit: Option<u64>, first_found_ends: bool, missing: State, out: &mut Vec<(Segment, State)>) {
        let mut steps = 0;
        while limit.is_none_or(|limit| steps < limit) {
            steps += 1;
            match self.step() {
                Next::Reached => return,
                Next::NotFound => {
                    self.current = self.next_segment();
                    out.push((self.current, missing));
                }
                Next::Found => {
                    out.push((self.current, State::Found));
                    if first_found_ends {
                        return;
                    }
                }
            }
        }
    }
}

/// Sequences as `wal-verify` prints them.
fn wal_verify(mut runner: Runner, uploading: u64, delayed: u64) -> Vec<Span> {
    let mut scanned = Vec::new();
    runner.scan(Some(delayed), true, State::Delayed, &mut scanned);
    runner.scan(Some(uploading), false, State::Uploading, &mut scanned);
    runner.scan(None, false, State::Lost, &mut scanned);
    scanned.sort_by_key(|(s, _)| s.number);
    let mut out: Vec<Span> = Vec::new();
    for (segment, state) in scanned {
        match out.last_mut() {
            Some(last) if last.timeline == segment.timeline && last.state == state => last.last = segment.number,
            _ => out.push(Span { timeline: segment.timeline, first: segment.number, last: segment.number, state }),
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn lost_delayed_and_uploading_are_what_wal_g_says(
        stored in proptest::collection::btree_set((1_u32..4, 1_u64..60), 0..150),
        dense in any::<bool>(),
        switches in proptest::collection::btree_set(2_u64..60, 0..3),
        (server, stop) in (1_u64..64, 1_u64..30),
        (uploading, delayed) in (0_u64..20, 0_u64..20),
    ) {
        let timeline = u32::try_from(switches.len()).unwrap() + 1;
        // A server is on its timeline from the switch on.
        let server = server.max(switches.last().copied().unwrap_or(0));
        let mut stored: BTreeSet<Segment> =
            stored.into_iter().map(|(timeline, number)| Segment { timeline, number }).collect();
        if dense {
            let lack: BTreeSet<u64> = stored.iter().map(|s| s.number).filter(|n| n % 7 == 0).collect();
            stored.extend((1..=timeline).flat_map(|t| (1..50).map(move |n| Segment { timeline: t, number: n })).filter(|s| !lack.contains(&s.number)));
        }
        let switches: Vec<(u64, u32)> = switches.into_iter().zip(1..).collect();
        let runner = Runner {
            current: Segment { timeline, number: server },
            stored: stored.clone(),
            stop,
            switches: switches.iter().copied().collect(),
        };
        let wanted = wal_verify(runner, uploading, delayed);

        let mut archive = archive(&stored.into_iter().map(|s| (s, None)).collect::<Vec<_>>());
        let lsn = |number: u64| Lsn(number * SegmentSize::DEFAULT.bytes() + 0x28);
        archive.history(timeline, switches.iter().map(|(n, timeline)| Ancestor { timeline: *timeline, switch: lsn(*n) }).collect());
        let settled = archive.settle(&[], false);
        let limits = Limits { uploading, delayed, overtaken: None };
        let path = settled.path(timeline);
        prop_assert_eq!(settled.spans(&path, stop, Some(server), limits), wanted);
    }
}
