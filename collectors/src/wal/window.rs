//! Base backups and an archive together: which points in time can be restored.
//!
//! A base backup is the beginning of a window if it is finished and every segment it needs is there; the window ends
//! with the last segment before the first one that is missing. Its earliest point is the backup's end: before that the
//! copy is not consistent. Of several windows the one that reaches furthest counts; of the backups in it the oldest.

use model::time::Instant;

use super::archive::Settled;
use super::continuity::{Leg, Limits, Span, State, Stretch};
use super::segment::Segment;

/// What a window needs to know of a base backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// First segment it needs.
    pub start: Segment,
    /// Number of the last segment it needs to be consistent, where known.
    pub stop: Option<u64>,
    /// When it was finished.
    pub finished_at: Option<Instant>,
    /// Finished, with all of its parts there.
    pub whole: bool,
}

/// What became of a base backup's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    /// Everything from its start is there up to this number.
    Reaches(u64),
    /// A segment that it needs to become consistent is lost: it can't be restored.
    Lost,
    /// Not decided: its segments are on their way, or the listing does not hold them.
    Open,
}

/// The state of one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// The way to the timeline it is about.
    pub path: Vec<Leg>,
    /// Segments of its path from the oldest base backup on (from the first segment where there is none).
    pub spans: Vec<Span>,
    /// The same, cut where archiving paused, each with the moment from which on it could be restored.
    pub stretches: Vec<(Stretch, Option<Instant>)>,
    /// Oldest restorable point.
    pub earliest: Option<Instant>,
    /// Newest restorable point: when the last segment of the window was archived (see [`Settled::newest_change`]).
    pub latest: Option<Instant>,
    /// When the newest segment of all was archived.
    pub last_archived: Option<Instant>,
    /// Largest loss within the window, in seconds.
    pub longest_gap_s: Option<i64>,
    /// Segments of ancestors behind the switch that led away from them.
    pub dead: u64,
    /// For each base backup, in the order given, what became of its log.
    pub logs: Vec<Log>,
}

impl Settled {
    /// Works out the window. `server` is the server's current segment, where it is known.
    pub(crate) fn window(&self, bases: &[Anchor], server: Option<Segment>, limits: Limits) -> Option<Window> {
        let timeline = server.map(|s| s.timeline).or_else(|| self.current())?;
        let path = self.path(timeline);
        let on_path = |b: &&Anchor| {
            path.iter().any(|leg| {
                leg.timeline == b.start.timeline
                    && b.start.number >= leg.from
                    && leg.to.is_none_or(|to| b.start.number < to)
            })
        };
        let oldest = bases.iter().filter(|b| b.whole).filter(on_path).map(|b| b.start.number).min();
        let first =
            path.iter().find_map(|leg| self.runs(leg.timeline, leg.from, leg.to).next()).map(|(first, _)| first);
        let from = oldest.or(first)?;
        let spans = self.spans(&path, from, server.map(|s| s.number), limits);
        let logs: Vec<Log> =
            bases.iter().map(|b| if on_path(&b) { log(&spans, b) } else { self.own_log(b, limits) }).collect();

        let reach = |(base, log): (&Anchor, &Log)| match log {
            Log::Reaches(number) if base.whole && on_path(&base) => Some(*number),
            _ => None,
        };
        let furthest = bases.iter().zip(&logs).filter_map(reach).max();
        let reaching = || bases.iter().zip(&logs).filter(|pair| furthest.is_some() && reach(*pair) == furthest);
        let earliest = reaching().filter_map(|(b, _)| b.finished_at).min();
        let latest = furthest.and_then(|n| self.newest_change(&spans, n));
        let stretches: Vec<(Stretch, Option<Instant>)> = self
            .stretches(&spans)
            .into_iter()
            .map(|stretch| {
                let covers = |(base, log): &(&Anchor, &Log)| {
                    base.start.number <= stretch.last && reach((base, log)).is_some_and(|number| number >= stretch.last)
                };
                let ready = bases.iter().zip(&logs).filter(covers).filter_map(|(b, _)| self.ready(&path, b)).min();
                let from = ready.zip(stretch.from).map(|(ready, from)| ready.max(from));
                (stretch, from.filter(|from| stretch.to.is_some_and(|to| *from <= to)))
            })
            .collect();
        let begin = reaching().map(|(b, _)| b.start.number).min();
        let in_window = |s: &Stretch| begin.zip(furthest).is_some_and(|(begin, end)| s.first >= begin && s.last <= end);
        let gaps_between = stretches.windows(2).filter_map(|pair| {
            let (a, b) = (&pair.first()?.0, &pair.get(1)?.0);
            (b.lost_before == 0 && in_window(a) && in_window(b)).then_some((b.from? - a.to?).num_seconds())
        });
        let longest_gap_s = stretches
            .iter()
            .map(|(s, _)| s)
            .filter(|s| in_window(s) && s.from.is_some())
            .map(|s| s.gap_s)
            .chain(gaps_between)
            .max();
        let last_archived = spans
            .iter()
            .rev()
            .find(|s| s.state == State::Found)
            .and_then(|s| self.at(Segment { timeline: s.timeline, number: s.last })?.0);
        let dead = path.iter().filter_map(|leg| Some((leg, leg.to?)));
        let dead = dead.flat_map(|(leg, to)| self.runs(leg.timeline, to, None)).map(|(a, b)| b - a + 1).sum();
        Some(Window { path, spans, stretches, earliest, latest, last_archived, longest_gap_s, dead, logs })
    }

    /// From when on a base backup could be restored: finished, with every segment it needs there.
    fn ready(&self, path: &[Leg], base: &Anchor) -> Option<Instant> {
        let own = base.start.number..=base.stop.unwrap_or(base.start.number);
        let mut ready = base.finished_at?;
        for segment in own.filter_map(|number| on(path, number)) {
            ready = ready.max(self.at(segment)?.0?);
        }
        Some(ready)
    }

    /// The log of a base backup that lies on a dead branch: it can be restored, but not up to now.
    fn own_log(&self, base: &Anchor, limits: Limits) -> Log {
        let path = self.path(base.start.timeline);
        let spans = self.spans(&path, base.start.number, None, limits);
        log(&spans, base)
    }
}

/// The segment of this number on a path.
pub(crate) fn on(path: &[Leg], number: u64) -> Option<Segment> {
    let leg = path.iter().find(|leg| number >= leg.from && leg.to.is_none_or(|to| number < to))?;
    Some(Segment { timeline: leg.timeline, number })
}

fn log(spans: &[Span], base: &Anchor) -> Log {
    let mut needed = base.start.number;
    let stop = base.stop.unwrap_or(needed);
    for span in spans.iter().filter(|s| s.last >= base.start.number) {
        match span.state {
            State::Found if span.first <= needed => needed = span.last + 1,
            State::Lost if needed <= stop && span.first <= stop => return Log::Lost,
            _ => break,
        }
    }
    if needed > stop { Log::Reaches(needed - 1) } else { Log::Open }
}
