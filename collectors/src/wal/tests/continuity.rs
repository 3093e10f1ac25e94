//! Paths, holes, windows and stretches against a restatement that looks at every segment and every instant.

use std::collections::BTreeMap;

use model::time::Instant;
use proptest::prelude::*;

use super::super::archive::Settled;
use super::super::continuity::{Limits, Span, State};
use super::super::history::Ancestor;
use super::super::segment::{Lsn, Segment, SegmentSize};
use super::super::window::{Anchor, Log};
use super::{archive, at, named};

/// A cluster: for each timeline the numbers that were archived with their times, and where it left its parent.
#[derive(Debug, Clone)]
struct Cluster {
    /// Switches, oldest first: the parent (always the timeline before) and the segment of the switch.
    switches: Vec<u64>,
    stored: BTreeMap<(u32, u64), i64>,
    bases: Vec<(u64, u64, i64)>,
    uploading: u64,
    /// Seconds until which a hole counts as on its way.
    overtaken: i64,
}

impl Cluster {
    fn timeline(&self) -> u32 {
        u32::try_from(self.switches.len()).unwrap() + 1
    }

    /// Timeline whose segment of this number a recovery needs.
    fn needed(&self, number: u64) -> u32 {
        let left = self.switches.iter().filter(|s| number < **s).count();
        self.timeline() - u32::try_from(left).unwrap()
    }

    fn there(&self, number: u64) -> Option<i64> {
        self.stored.get(&(self.needed(number), number)).copied()
    }

    fn settled(&self, told: bool) -> Settled {
        let segments: Vec<(Segment, Option<Instant>)> = self
            .stored
            .iter()
            .map(|((timeline, number), t)| (Segment { timeline: *timeline, number: *number }, Some(at(*t))))
            .collect();
        let mut archive = archive(&segments);
        if told {
            let switch = |n: u64| Lsn(n * SegmentSize::DEFAULT.bytes() + 0x100);
            let ancestors =
                self.switches.iter().zip(1..).map(|(n, timeline)| Ancestor { timeline, switch: switch(*n) });
            archive.history(self.timeline(), ancestors.collect());
        }
        archive.settle(&[], false)
    }

    fn anchors(&self) -> Vec<Anchor> {
        let of = |(start, stop, finished): &(u64, u64, i64)| Anchor {
            start: Segment { timeline: self.needed(*start), number: *start },
            stop: Some(*stop),
            finished_at: Some(at(*finished)),
            whole: true,
        };
        self.bases.iter().map(of).collect()
    }

    fn limits(&self) -> Limits {
        Limits { uploading: self.uploading, delayed: 0, overtaken: Some(at(self.overtaken)) }
    }

    /// Newest number of the path.
    fn newest(&self) -> Option<u64> {
        (0..200).rev().find(|n| self.there(*n).is_some())
    }

    /// State of every number, by the rule.
    fn states(&self, from: u64) -> Vec<(u64, u32, State)> {
        let Some(newest) = self.newest() else { return Vec::new() };
        (from..=newest)
            .map(|number| {
                let next = (number..=newest).find_map(|n| self.there(n));
                let state = match self.there(number) {
                    Some(_) => State::Found,
                    None if number + self.uploading >= newest && next.is_some_and(|t| t >= self.overtaken) => {
                        State::Uploading
                    }
                    None => State::Lost,
                };
                (number, self.needed(number), state)
            })
            .collect()
    }
}

fn expanded(spans: &[Span]) -> Vec<(u64, u32, State)> {
    spans.iter().flat_map(|s| (s.first..=s.last).map(|n| (n, s.timeline, s.state))).collect()
}

fn clusters() -> impl Strategy<Value = Cluster> {
    let switches = proptest::collection::btree_set(2_u64..120, 0..3);
    let holes = proptest::collection::btree_set(0_u64..125, 0..12);
    let pauses = proptest::collection::vec(prop_oneof![4 => 1_i64..200, 1 => 200_i64..4000], 125);
    let late = proptest::collection::btree_map(0_u64..125, 0_i64..2000, 0..10);
    let bases = proptest::collection::vec((1_u64..120, 0_u64..3, 0_i64..300), 0..4);
    (switches, 1_u64..30, 40_u64..125, holes, pauses, late, bases, 0_u64..20, 0_i64..90_000).prop_map(
        |(switches, first, last, holes, pauses, late, bases, uploading, overtaken)| {
            let switches: Vec<u64> = switches.into_iter().collect();
            let mut out = Cluster { switches, stored: BTreeMap::new(), bases: Vec::new(), uploading, overtaken };
            let mut time = 0;
            for number in first..=last {
                time += pauses[usize::try_from(number).unwrap()];
                if !holes.contains(&number) {
                    let t = time + late.get(&number).copied().unwrap_or(0);
                    out.stored.insert((out.needed(number), number), t);
                }
            }
            // Each parent goes on for a while after it was left: the switch's own segment, and a dead branch.
            for (switch, timeline) in out.switches.clone().into_iter().zip(1..) {
                for number in switch..switch + switch % 3 {
                    out.stored.entry((timeline, number)).or_insert(time);
                }
            }
            let when = |n: u64| pauses.iter().take(usize::try_from(n).unwrap() + 1).sum::<i64>();
            out.bases =
                bases.into_iter().map(|(start, long, more)| (start, start + long, when(start + long) + more)).collect();
            out
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_segment_of_a_path_is_judged_by_the_rule(cluster in clusters()) {
        let settled = cluster.settled(true);
        let path = settled.path(cluster.timeline());
        for number in 0..130 {
            let leg = path.iter().find(|l| number >= l.from && l.to.is_none_or(|to| number < to)).unwrap();
            prop_assert_eq!(leg.timeline, cluster.needed(number));
        }
        let from = cluster.stored.keys().map(|(_, n)| *n).min().unwrap_or(0);
        let spans = settled.spans(&path, from, None, cluster.limits());
        prop_assert_eq!(expanded(&spans), cluster.states(from));
    }

    #[test]
    fn without_a_history_a_child_leaves_its_parent_at_its_first_segment(cluster in clusters()) {
        // Where the first segments of a child are there nothing else is to be known.
        let first = cluster.stored.keys().map(|(_, n)| *n).min();
        let known = cluster.switches.iter().zip(2..).all(|(s, t)| cluster.stored.contains_key(&(t, *s)));
        if !known || cluster.switches.first().is_some_and(|s| first >= Some(*s)) {
            return Ok(());
        }
        let settled = cluster.settled(false);
        for number in first.unwrap_or(0)..130 {
            let path = settled.path(cluster.timeline());
            let leg = path.iter().find(|l| number >= l.from && l.to.is_none_or(|to| number < to)).unwrap();
            prop_assert_eq!(leg.timeline, cluster.needed(number));
        }
    }

    #[test]
    fn a_window_is_what_can_be_restored(cluster in clusters()) {
        let settled = cluster.settled(true);
        let current = Segment { timeline: cluster.timeline(), number: 500 };
        // The current timeline is told, because a short one may look left.
        let anchors = cluster.anchors();
        let mut limits = cluster.limits();
        limits.delayed = 500;
        let Some(window) = settled.window(&anchors, Some(current), limits) else {
            prop_assert!(cluster.newest().is_none());
            return Ok(());
        };
        let newest = cluster.newest().unwrap_or(0);
        let reach = |start: u64| (start..=newest).take_while(|n| cluster.there(*n).is_some()).last();
        let usable: Vec<(u64, i64)> = cluster
            .bases
            .iter()
            .filter_map(|(start, stop, finished)| Some((reach(*start).filter(|r| r >= stop)?, *finished)))
            .collect();
        let furthest = usable.iter().map(|(r, _)| *r).max();
        let earliest = usable.iter().filter(|(r, _)| Some(*r) == furthest).map(|(_, f)| *f).min();
        prop_assert_eq!(window.earliest, earliest.map(at));
        // The newest change up to a segment is no newer than the upload of it or of any later one.
        let change = |n: u64| (n..=newest).filter_map(|m| cluster.there(m)).min();
        prop_assert_eq!(window.latest, furthest.and_then(change).map(at));
        for ((start, stop, _), log) in cluster.bases.iter().zip(&window.logs) {
            let reached = reach(*start).filter(|r| r >= stop);
            match log {
                Log::Reaches(n) => prop_assert_eq!(Some(*n), reached),
                Log::Lost | Log::Open => prop_assert_eq!(reached, None),
            }
        }

        // Stretches: all of what is there up to the first hole that may still be filled, once and in order.
        let numbers: Vec<u64> = window.stretches.iter().flat_map(|(s, _)| s.first..=s.last).collect();
        let open = window.spans.iter().find(|s| matches!(s.state, State::Uploading | State::Delayed));
        let end = open.map_or(u64::MAX, |s| s.first);
        let start = window.spans.first().map_or(0, |s| s.first);
        let there: Vec<u64> = (start..=newest).filter(|n| *n < end && cluster.there(*n).is_some()).collect();
        prop_assert_eq!(numbers, there);
        for (stretch, restorable_from) in &window.stretches {
            let before = (0..stretch.first).rev().take_while(|n| *n >= start && cluster.there(*n).is_none()).count();
            prop_assert_eq!(stretch.lost_before, before as u64);
            // At every instant from then on until its end: how old the newest change is that a base backup finished by
            // then and the segments stored by then restore.
            let (Some(from), Some(to)) = (*restorable_from, stretch.to) else { continue };
            let mut instants: Vec<i64> = cluster.stored.values().copied().flat_map(|t| [t - 1, t]).collect();
            instants.extend([(from - at(0)).num_seconds(), (to - at(0)).num_seconds()]);
            for t in instants.into_iter().filter(|t| at(*t) >= from && at(*t) <= to) {
                let stored = |n: &u64| cluster.there(*n).is_some_and(|stored| stored <= t);
                let reached = cluster
                    .bases
                    .iter()
                    .filter(|(_, _, finished)| *finished <= t)
                    .filter_map(|(start, stop, _)| {
                        (*start..=newest).take_while(stored).last().filter(|last| last >= stop)
                    })
                    .max();
                let loss = reached.and_then(change).map(|changed| t - changed);
                prop_assert!(
                    loss.is_some_and(|loss| loss <= stretch.gap_s),
                    "{loss:?} at {t} in {stretch:?} from {from}"
                );
            }
        }
    }
}

#[test]
fn the_newest_few_missing_segments_are_on_their_way() {
    let segment = |n| Segment { timeline: 1, number: n };
    let stored: Vec<_> =
        (1..=40).filter(|n| ![10, 30, 39].contains(n)).map(|n| (segment(n), Some(at(60 * n as i64)))).collect();
    let settled = archive(&stored).settle(&[], false);
    let states = |now: i64| {
        let spans = settled.spans(&settled.path(1), 1, None, Limits::at(at(now)));
        spans.iter().filter(|s| s.state != State::Found).map(|s| (s.first, s.last, s.state)).collect::<Vec<_>>()
    };
    let (lost, way) = (State::Lost, State::Uploading);
    assert_eq!(states(60 * 41), [(10, 10, lost), (30, 30, way), (39, 39, way)]);
    assert_eq!(states(60 * 92), [(10, 10, lost), (30, 30, lost), (39, 39, way)], "overtaken an hour ago");
    assert_eq!(states(60 * 200), [(10, 10, lost), (30, 30, lost), (39, 39, lost)]);
}

#[test]
fn the_switch_segment_exists_twice_and_the_parents_branch_is_dead() {
    let names = [
        "000000010000000000000004",
        "000000010000000000000005",
        "000000010000000000000006",
        "00000001000000000000000C",
        "000000020000000000000005",
        "000000020000000000000006",
        "00000002.history",
    ];
    let settled = named(&names);
    assert_eq!(settled.timelines().collect::<Vec<_>>(), [1, 2]);
    let path = settled.path(2);
    assert_eq!(path.iter().map(|l| (l.timeline, l.from, l.to)).collect::<Vec<_>>(), [(1, 0, Some(5)), (2, 5, None)]);
    let window = settled.window(&[], None, Limits::at(at(0))).unwrap();
    assert_eq!((window.spans.len(), window.dead), (2, 3));
    assert!(window.spans.iter().all(|s| s.state == State::Found), "{window:?}");
}

#[test]
fn a_partial_segment_shows_where_a_timeline_was_left() {
    // The child's first segment is lost; without the .partial it would look as if it had begun one later.
    let names = [
        "000000010000000000000004",
        "000000010000000000000005.partial",
        "000000020000000000000006",
        "000000020000000000000007",
    ];
    let settled = named(&names);
    let spans = settled.spans(&settled.path(2), 4, None, Limits { uploading: 0, ..Limits::at(at(0)) });
    let lost: Vec<_> = spans.iter().filter(|s| s.state == State::Lost).map(|s| (s.timeline, s.first, s.last)).collect();
    assert_eq!(lost, [(2, 5, 5)]);
}

#[test]
fn a_segment_of_no_bytes_is_missing() {
    let mut archive = archive(&[1, 2, 3].map(|n| (Segment { timeline: 1, number: n }, Some(at(0)))));
    let (file, plain) = super::super::segment::archive_file("000000010000000000000004.lz4").unwrap();
    archive.take(file, plain, Some(0), Some(at(0)), super::Spot::default());
    let settled = archive.settle(&[], false);
    assert_eq!((settled.count(), settled.empty), (3, 1));
}

#[test]
fn a_segment_listed_twice_counts_once_with_its_earliest_time() {
    let segment = Segment { timeline: 1, number: 7 };
    for times in [[Some(at(5)), Some(at(9)), None], [None, Some(at(9)), Some(at(5))]] {
        let settled = archive(&times.map(|t| (segment, t))).settle(&[], false);
        assert_eq!((settled.count(), settled.at(segment).unwrap().0), (1, Some(at(5))));
    }
}

#[test]
fn a_stray_timeline_of_a_restore_test_is_not_the_current_one() {
    let on = |timeline, number, t| (Segment { timeline, number }, Some(at(t)));
    let stray = archive(&[on(1, 4, 0), on(2, 5, 60), on(1, 5, 100), on(1, 6, 7200)]).settle(&[], false);
    assert_eq!(stray.current(), Some(1));
    let failover = archive(&[on(1, 4, 0), on(2, 5, 60), on(1, 5, 100)]).settle(&[], false);
    assert_eq!(failover.current(), Some(2), "the old server's last upload came late");
}
