//! Which segments a recovery along a timeline needs, which of them are there, and what is to be thought of the others.
//!
//! **Path.** A timeline's history names its ancestors and where each was left. A recovery needs the ancestor's segments
//! before the one of the switch, and from that on the child's: PostgreSQL copies the segment of the switch to the new
//! timeline, so it may exist twice. Segments of an ancestor at or after the switch are a dead branch: not needed, and no
//! proof. Where the history file's content is not at hand, a child is taken to leave its parent at the segment that the
//! promotion archived as `.partial`, else at the child's first segment.
//!
//! **Missing segments** are judged as WAL-G's `wal-verify` does (`integrity_check_runner.go`): behind the newest segment
//! *delayed*; among the next few before it *uploading*, because uploads run side by side; every other one *lost*. Where
//! times are known, one that was overtaken long ago is lost as well.

use model::time::Instant;

use super::archive::{Settled, Spot};
use super::history::Ancestor;
use super::segment::Segment;

/// State of a segment, in WAL-G's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// There.
    Found,
    /// Missing behind the newest one: not yet sent.
    Delayed,
    /// Missing among the newest: probably on its way.
    Uploading,
    /// Missing for good.
    Lost,
}

/// Consecutive segments of one timeline in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Timeline.
    pub timeline: u32,
    /// First number.
    pub first: u64,
    /// Last number.
    pub last: u64,
    /// State.
    pub state: State,
}

/// The part of a path on one timeline: numbers from `from` up to, not including, `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leg {
    /// Timeline.
    pub timeline: u32,
    /// First number.
    pub from: u64,
    /// Number at which the next leg begins; none for the last.
    pub to: Option<u64>,
}

/// What counts as still on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Segments before the newest one that may be uploading: WAL-G's `WALG_UPLOAD_CONCURRENCY`.
    pub uploading: u64,
    /// Segments behind the newest one that may be delayed: `WALG_INTEGRITY_MAX_DELAYED_WALS`. Matters only where the
    /// server's own place is known.
    pub delayed: u64,
    /// A hole that was overtaken before this instant is lost.
    pub overtaken: Option<Instant>,
}

impl Limits {
    /// WAL-G's defaults, as of a listing: an hour is longer than any upload takes.
    pub(crate) fn at(listed_at: Instant) -> Self {
        Self { uploading: 16, delayed: 0, overtaken: Some(listed_at - chrono::Duration::hours(1)) }
    }
}

/// Longest loss that is one stretch: five minutes, what archiving at least every five minutes costs, with some slack.
const STRETCH_S: i64 = 330;

/// Segments of one timeline that were archived one after another without a hole and without a pause. At no instant
/// from `from` to `to` was the newest change that could be restored older than `gap_s`.
///
/// A segment can be used once it and all before it are there. The newest change in it is no older than its upload, or
/// than that of any later one: uploads run side by side and are repeated, so that their order is not that of segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Timeline.
    pub timeline: u32,
    /// First number.
    pub first: u64,
    /// Last number.
    pub last: u64,
    /// When the first could be used.
    pub from: Option<Instant>,
    /// When the last could be used.
    pub to: Option<Instant>,
    /// Largest loss in between, in seconds.
    pub gap_s: i64,
    /// Lost segments right before it.
    pub lost_before: u64,
    /// Where its last segment is listed.
    pub spot: Spot,
}

/// Since when the newest usable segment is usable, and how old the newest change in it is, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Usable {
    since: i64,
    newest: i64,
}

impl Settled {
    /// The timeline that the server is on: the highest one, unless another was still archived to an hour after it (a
    /// stray timeline of a restore test).
    pub(crate) fn current(&self) -> Option<u32> {
        let newest = |timeline: u32| {
            let (_, number) = self.runs(timeline, 0, None).next_back()?;
            self.at(Segment { timeline, number })?.0
        };
        let last = self.timelines().filter_map(newest).max();
        let stale = |timeline: &u32| match (newest(*timeline), last) {
            (Some(at), Some(last)) => last - at > chrono::Duration::hours(1),
            _ => false,
        };
        self.timelines().rev().find(|t| !stale(t))
    }

    /// The legs that lead to a timeline, oldest first.
    pub(crate) fn path(&self, timeline: u32) -> Vec<Leg> {
        let mut out = Vec::new();
        let mut current = timeline;
        let mut to = None;
        // A history file names every ancestor, so that those of the ancestors are not needed.
        let mut told: Option<Vec<Ancestor>> = None;
        loop {
            if told.is_none() {
                told = self.history(current).map(<[Ancestor]>::to_vec);
            }
            let left = match &mut told {
                Some(ancestors) => self.told_parent(current, ancestors),
                None => self.seen_parent(current, to),
            };
            let Some((parent, switch)) = left else { break };
            out.push(Leg { timeline: current, from: switch, to });
            (current, to) = (parent, Some(switch));
        }
        out.push(Leg { timeline: current, from: 0, to });
        out.reverse();
        out
    }

    /// The ancestor that `child` left by its history, and at which segment. Like WAL-G: a switch that the archive
    /// contradicts, because the child has the segment before it as well, is none of this cluster's.
    fn told_parent(&self, child: u32, ancestors: &mut Vec<Ancestor>) -> Option<(u32, u64)> {
        loop {
            let last = ancestors.pop()?;
            let number = last.switch.number(self.size);
            let contradicted =
                number.checked_sub(1).is_some_and(|before| self.has(Segment { timeline: child, number: before }));
            if last.timeline < child && !contradicted {
                return Some((last.timeline, number));
            }
        }
    }

    /// The same, from what is there. `to` is where `child` was left itself.
    fn seen_parent(&self, child: u32, to: Option<u64>) -> Option<(u32, u64)> {
        let first = self.runs(child, 0, to).next().map(|(first, _)| first).or(to)?;
        let candidates = || self.timelines().rev().filter(|t| *t < child);
        let left_in_part = candidates().find_map(|t| Some((t, self.partial(t).rfind(|number| *number <= first)?)));
        let ends = |t: u32| self.runs(t, 0, Some(first + 1)).next_back().map(|(_, last)| last);
        left_in_part.or_else(|| {
            let meets = candidates().find(|t| ends(*t).is_some_and(|last| last + 1 >= first));
            let parent = meets.or_else(|| candidates().find(|t| ends(*t).is_some()))?;
            Some((parent, first))
        })
    }

    /// Every segment of a path from number `from` to the newest one there (`server` where the server's current segment
    /// is known: up to the one before it), in order, with what is to be thought of it.
    pub(crate) fn spans(&self, path: &[Leg], from: u64, server: Option<u64>, limits: Limits) -> Vec<Span> {
        let end = server.map(|s| s.saturating_sub(1));
        let mut found: Vec<Span> = Vec::new();
        for leg in path {
            let to = [leg.to, end.map(|e| e + 1)].into_iter().flatten().min();
            for (first, last) in self.runs(leg.timeline, leg.from.max(from), to) {
                found.push(Span { timeline: leg.timeline, first, last, state: State::Found });
            }
        }
        let newest = found.last().map(|s| s.last);
        let Some(end) = end.or(newest).filter(|e| *e >= from) else { return Vec::new() };
        // WAL-G walks down from the server's segment: at most `delayed` steps until something is found, then `uploading`
        // more. Numbers from these on are delayed, and uploading.
        let delayed = match newest {
            Some(newest) if server.is_none() || end - newest < limits.delayed => newest,
            _ => (end + 1).saturating_sub(limits.delayed),
        };
        let borders = (delayed, delayed.saturating_sub(limits.uploading));
        let mut out: Vec<Span> = Vec::new();
        let mut next = from;
        for span in &found {
            self.holes(path, (next, span.first), borders, limits, Some(*span), &mut out);
            push(&mut out, *span);
            next = span.last + 1;
        }
        self.holes(path, (next, end + 1), borders, limits, None, &mut out);
        out
    }

    /// Judges the missing numbers `from..to`; `after` is the run that follows them.
    fn holes(
        &self,
        path: &[Leg],
        (from, to): (u64, u64),
        (delayed, uploading): (u64, u64),
        limits: Limits,
        after: Option<Span>,
        out: &mut Vec<Span>,
    ) {
        let overtaken = after.and_then(|s| self.at(Segment { timeline: s.timeline, number: s.first })?.0);
        let settled = overtaken.zip(limits.overtaken).is_some_and(|(at, limit)| at < limit);
        let under_way = if settled { State::Lost } else { State::Uploading };
        for leg in path {
            let (a, b) = (leg.from.max(from), leg.to.unwrap_or(u64::MAX).min(to));
            let mut piece = |first: u64, end: u64, state| {
                if first < end {
                    push(out, Span { timeline: leg.timeline, first, last: end - 1, state });
                }
            };
            piece(a, b.min(uploading), State::Lost);
            piece(a.max(uploading), b.min(delayed), under_way);
            piece(a.max(delayed), b, State::Delayed);
        }
    }

    /// Cuts the segments that are there into stretches, in order. A hole that is still on its way ends the last one:
    /// what lies behind it is no part of the chain yet.
    pub(crate) fn stretches(&self, spans: &[Span]) -> Vec<Stretch> {
        let chain = spans.iter().take_while(|s| matches!(s.state, State::Found | State::Lost));
        let newest = self.newest_changes(spans);
        let mut newest = newest.iter().rev();
        let mut out: Vec<Stretch> = Vec::new();
        let mut lost = 0;
        let mut usable: Option<Usable> = None;
        for span in chain {
            if span.state == State::Lost {
                lost += span.last - span.first + 1;
                usable = None;
                continue;
            }
            let mut open: Option<Stretch> = None;
            for number in span.first..=span.last {
                let newest = newest.next().copied();
                let Some((at, spot)) = self.at(Segment { timeline: span.timeline, number }) else { continue };
                let now = at.zip(newest).map(|(at, newest)| Usable {
                    since: usable.map_or(at.timestamp_millis(), |u| u.since.max(at.timestamp_millis())),
                    newest,
                });
                // While the newest usable segment stays the same the loss grows until the next one is usable.
                let loss = usable.zip(now).map(|(u, n)| if n.since > u.since { n.since - u.newest } else { 0 });
                match &mut open {
                    Some(s) if s.from.is_some() == now.is_some() && loss.is_none_or(|ms| ms <= STRETCH_S * 1000) => {
                        s.last = number;
                        s.to = now.and_then(|n| Instant::from_timestamp_millis(n.since));
                        s.gap_s = s.gap_s.max(seconds(loss.unwrap_or(0)));
                        s.spot = spot;
                    }
                    _ => {
                        out.extend(open.take().map(|s| s.closed(usable)));
                        let since = now.and_then(|n| Instant::from_timestamp_millis(n.since));
                        open = Some(Stretch {
                            timeline: span.timeline,
                            first: number,
                            last: number,
                            from: since,
                            to: since,
                            gap_s: 0,
                            lost_before: std::mem::take(&mut lost),
                            spot,
                        });
                    }
                }
                usable = now.or(usable);
            }
            out.extend(open.map(|s| s.closed(usable)));
        }
        out
    }

    /// When the newest change that the segments up to `number` hold was made, at the latest.
    pub(crate) fn newest_change(&self, spans: &[Span], number: u64) -> Option<Instant> {
        let found = spans.iter().filter(|s| s.state == State::Found && s.last >= number);
        let each =
            found.flat_map(|s| (s.first.max(number)..=s.last).map(|number| Segment { timeline: s.timeline, number }));
        let (mut first, mut earliest) = (true, None::<Instant>);
        for (time, _) in each.filter_map(|s| self.at(s)) {
            // Without a time of its own a segment has none.
            if std::mem::take(&mut first) && time.is_none() {
                return None;
            }
            earliest = [earliest, time].into_iter().flatten().min();
        }
        earliest
    }

    /// For each segment that is there, last one first: the earliest upload of it and all later ones.
    fn newest_changes(&self, spans: &[Span]) -> Vec<i64> {
        let mut out = Vec::new();
        let mut earliest = i64::MAX;
        let chain = spans.iter().take_while(|s| matches!(s.state, State::Found | State::Lost)).count();
        for (at, span) in spans.iter().enumerate().rev().filter(|(_, s)| s.state == State::Found) {
            for number in (span.first..=span.last).rev() {
                let time = self.at(Segment { timeline: span.timeline, number }).and_then(|(at, _)| at);
                earliest = earliest.min(time.map_or(i64::MAX, |t| t.timestamp_millis()));
                if at < chain {
                    out.push(earliest);
                }
            }
        }
        out
    }
}

impl Stretch {
    /// The stretch, after which nothing new was usable for a while.
    fn closed(mut self, usable: Option<Usable>) -> Self {
        let lag = usable.filter(|_| self.to.is_some()).map_or(0, |u| u.since - u.newest);
        self.gap_s = self.gap_s.max(seconds(lag));
        self
    }
}

/// Milliseconds in seconds, rounded up: a loss is never shown smaller than it is.
fn seconds(ms: i64) -> i64 {
    ms.div_euclid(1000) + i64::from(ms.rem_euclid(1000) > 0)
}

fn push(out: &mut Vec<Span>, span: Span) {
    match out.last_mut() {
        Some(last) if last.state == span.state && last.timeline == span.timeline && last.last + 1 == span.first => {
            last.last = span.last;
        }
        _ => out.push(span),
    }
}
