//! Rows of listed archives: base backups as runs and recovery points, the restorable window as a sample, the log as
//! unbroken sequences, and what continuity came to as a check.
//!
//! A million segments become a handful of `log_segments` rows: one for each stretch without a hole and without a pause
//! of more than five minutes. A stretch says how long the longest time between two uploads was, which is all that a
//! recovery point objective asks, and a hole says how many segments are lost in it. Segments older than the oldest base
//! backup are not needed by anything and have no row.

use std::collections::{BTreeMap, BTreeSet};

use model::evidence::Problem;
use model::rows::{Integrity, IntegrityCheck, Listing as Listed, LogSegment, Origin, PitrSample, Row, RunStatus};
use model::time::{Instant, human, utc_text};

use super::archive::{Archive, Label, Settled, Spot};
use super::base::{BaseBackup, Names, may_run};
use super::continuity::{Limits, State};
use super::history::Ancestor;
use super::layout::{Holdings, Listing, Objects, Place, base_folder, log_folder};
use super::recognise::Family;
use super::segment::{Lsn, RawSegment, Segment, name};
use super::sentinel::{BaseName, Facts, base_name, start_lsn};
use super::window::{Anchor, Log, Window, on};
use crate::Sink;

/// What a source knows and the listings don't.
pub(crate) struct Context<'a> {
    /// Facts by name of the base backup, from its sentinel or metadata; the path of the file tells which archive's.
    pub facts: &'a [(String, String, Facts)],
    /// Ancestors by timeline, from history files; likewise.
    pub histories: &'a [(String, u32, Vec<Ancestor>)],
    /// Lineage of an entry of a listing.
    pub origin: &'a dyn Fn(Spot, String) -> Origin,
    /// Name of the document that an entry stands in.
    pub document: &'a dyn Fn(Spot) -> String,
    /// Resource id of an archive.
    pub resource: &'a dyn Fn(&Place) -> String,
    /// Id of a base backup's recovery point.
    pub point_id: &'a dyn Fn(&Place, &str) -> String,
    /// Where the archives are.
    pub location: Option<String>,
}

/// Hands on the rows of all archives in these listings, which may be of different times.
pub(crate) fn emit(context: &Context<'_>, listings: Vec<Listing>, sink: &mut dyn Sink) {
    for (place, bases) in logs_and_bases(context, listings, sink) {
        let resource = (context.resource)(&place);
        for base in bases.values() {
            let names = Names {
                run_id: format!("{resource} {}", base.name),
                point_id: (context.point_id)(&place, &base.name),
                resource: resource.clone(),
                location_id: context.location.clone(),
            };
            sink.row(Row::Run(base.run(&names)));
            if let Some(point) = base.point(&names) {
                sink.row(Row::RecoveryPoint(point));
            }
        }
    }
}

/// The same without the rows of base backups, which are answered instead: for a reader that knows more of them.
pub(crate) fn logs_and_bases(
    context: &Context<'_>,
    mut listings: Vec<Listing>,
    sink: &mut dyn Sink,
) -> BTreeMap<Place, BTreeMap<String, BaseBackup>> {
    listings.sort_by_key(|l| l.at);
    let places: BTreeSet<Place> = listings.iter().flat_map(|l| l.archives.keys().cloned()).collect();
    let mut out = BTreeMap::new();
    for place in places {
        let mut views: Vec<View> = Vec::new();
        for listing in &mut listings {
            if let Some(holdings) = listing.archives.remove(&place) {
                views.push(View::new(&place, listing, holdings));
            }
        }
        let bases = archive(context, &place, views, sink);
        out.insert(place, bases);
    }
    out
}

/// One listing of one archive.
struct View {
    at: Instant,
    bases: BTreeMap<String, Objects>,
    logs: BTreeMap<String, Archive>,
    /// Its base backups, and its log, are listed whole.
    whole: (bool, bool),
    /// It shows the folder of base backups.
    tells_bases: bool,
    final_absence: bool,
}

impl View {
    fn new(place: &Place, listing: &Listing, holdings: Holdings) -> Self {
        let Holdings { bases, logs } = holdings;
        let ended = bases.values().any(|b| b.end.is_some());
        // Where it is not told what was asked for, finished backups show that their folder was.
        let scoped = listing.scope.is_some() || ended;
        Self {
            at: listing.at,
            tells_bases: !bases.is_empty() || (listing.scope.is_some() && listing.covers(&base_folder(place))),
            whole: (scoped && listing.covers(&base_folder(place)), listing.covers(&log_folder(place))),
            final_absence: listing.final_absence,
            bases,
            logs,
        }
    }
}

/// A base backup as one listing shows it.
struct Seen {
    base: BaseBackup,
    anchor: Option<Anchor>,
}

fn archive(
    context: &Context<'_>,
    place: &Place,
    mut views: Vec<View>,
    sink: &mut dyn Sink,
) -> BTreeMap<String, BaseBackup> {
    let resource = (context.resource)(place);
    let tells: Vec<(Instant, usize)> =
        views.iter().enumerate().filter(|(_, v)| v.tells_bases).map(|(at, v)| (v.at, at)).collect();
    let mut newest: BTreeMap<String, BaseBackup> = BTreeMap::new();
    for at in 0..views.len() {
        let Some(view) = views.get_mut(at) else { continue };
        let logs = std::mem::take(&mut view.logs);
        let now = view.at;
        // A listing of the log alone goes with the nearest one of the base backups.
        let with = tells.iter().min_by_key(|(t, other)| ((*t - now).abs(), *other != at)).map(|(_, other)| *other);
        let Some(view) = views.get(with.unwrap_or(at)) else { continue };
        let labels: Vec<Label> = logs.values().flat_map(Archive::labels).collect();
        let main = main_log(logs);
        let names = BaseFacts { context, place, view, labels };
        let settled = main.map(|(id, log)| settle(context, place, &id, log, &names));
        let mut seen = names.seen(settled.as_ref());
        if let Some(settled) = &settled {
            let whole = views.get(at).is_some_and(|v| v.whole.1);
            log_rows(context, place, &resource, (now, whole), settled, &mut seen, sink);
        }
        if with == Some(at) {
            let Some(view) = views.get(at) else { continue };
            listed(context, place, &resource, view, &seen, sink);
            for one in seen {
                let mut base = one.base;
                // What an earlier listing knew of its log holds where this one does not tell.
                if let Some(old) = newest.remove(&base.name) {
                    base.complete = base.complete.or(old.complete);
                }
                newest.insert(base.name.clone(), base);
            }
        } else {
            for one in seen.iter().filter(|s| s.base.complete == Some(false)) {
                if let Some(base) = newest.get_mut(&one.base.name) {
                    base.complete = Some(false);
                    base.detail.clone_from(&one.base.detail);
                }
            }
        }
    }
    newest
}

/// The log archive that is written to: pgBackRest begins a new one with each new cluster.
fn main_log(logs: BTreeMap<String, Archive>) -> Option<(String, Archive)> {
    logs.into_iter().filter(|(_, log)| !log.is_empty()).max_by_key(|(id, log)| (log.last_at(), id.clone()))
}

fn settle(context: &Context<'_>, place: &Place, id: &str, mut log: Archive, names: &BaseFacts<'_, '_>) -> Settled {
    for (path, timeline, ancestors) in context.histories {
        if belongs(place, path) {
            log.history(*timeline, ancestors.clone());
        }
    }
    let facts = |name: &String| Some((base_name(name)?, names.facts(name)));
    let known: Vec<(RawSegment, Lsn)> = names
        .view
        .bases
        .keys()
        .filter_map(facts)
        .filter_map(|(name, facts)| Some((name.start, facts.start_lsn.or_else(|| start_lsn(&name))?)))
        .collect();
    // pgBackRest's id begins with the version; WAL-G's sentinel has it as a number.
    let (major, minor) = id.split('-').next().and_then(|v| v.split_once('.')).unwrap_or(("", ""));
    let by_id = major == "8" || (major == "9" && matches!(minor, "0" | "1" | "2"));
    let by_facts = names.view.bases.keys().filter_map(|n| names.facts(n).pg_version).any(|v| v < 90_300);
    log.settle(&known, by_id || by_facts)
}

/// True where a file lies in an archive, or where its path does not tell.
fn belongs((_, root): &Place, path: &str) -> bool {
    let folder = ["/wal_005/", "/basebackups_005/", "/archive/", "/backup/", "/wals/", "/base/"]
        .iter()
        .filter_map(|f| path.find(f))
        .min();
    match folder.and_then(|at| path.get(..at)) {
        Some(before) => root.is_empty() || before == root || before.ends_with(&format!("/{root}")) || before.is_empty(),
        None => true,
    }
}

/// The base backups of one listing, and what their files tell.
struct BaseFacts<'a, 'c> {
    context: &'a Context<'c>,
    place: &'a Place,
    view: &'a View,
    labels: Vec<Label>,
}

impl BaseFacts<'_, '_> {
    fn facts(&self, name: &str) -> Facts {
        let mut out = Facts::default();
        let mine = self.context.facts.iter().filter(|(path, of, _)| of == name && belongs(self.place, path));
        mine.for_each(|(_, _, facts)| out.fill(facts));
        out
    }

    fn seen(&self, settled: Option<&Settled>) -> Vec<Seen> {
        let ended = |name: &str| self.view.bases.get(name).is_some_and(|b| b.end.is_some());
        let oldest = self.view.bases.keys().filter(|n| ended(n)).filter_map(|n| base_name(n)).map(|n| n.start).min();
        let latest_end = self.view.bases.values().filter_map(|b| b.end.and_then(|(at, _)| at)).max();
        let has_data = self.view.bases.values().any(|b| b.end.is_some() && b.count > 0);
        let mut out = Vec::new();
        for (name, objects) in &self.view.bases {
            let parsed = base_name(name);
            let mut facts = self.facts(name);
            let label = self.label(objects);
            let increment = facts.parent.is_some() || parsed.is_some_and(|n| n.parent.is_some()) || {
                self.place.0 == Family::PgBackRest && name.contains('_')
            };
            let parent = self.parent(name, parsed.as_ref(), &facts);
            let (mut status, mut raw) = match objects.end {
                Some(_) => (RunStatus::Success, self.end_word()),
                None => self.unfinished(objects, parsed.as_ref(), oldest, latest_end),
            };
            if self.place.0 == Family::Barman && status == RunStatus::Success {
                // Barman writes backup.info after a failure too. What it says decides; else the label that PostgreSQL
                // archives only when a backup was stopped in order.
                let (told, word) = facts.state.unwrap_or(match label {
                    Some(_) => (RunStatus::Success, "backup.info present"),
                    None => (RunStatus::Unknown, "backup.info present"),
                });
                (status, raw) = (told, word);
            }
            let mut detail = None;
            let mut complete = (status == RunStatus::Success).then_some(true);
            if status == RunStatus::Success && has_data && objects.count == 0 && self.view.whole.0 {
                (status, complete) = (RunStatus::Partial, Some(false));
                detail = Some("its data are not in the listing".to_owned());
            }
            if let Err(missing) = &parent {
                complete = complete.map(|_| false);
                detail = Some(format!("its parent {missing} is not there"));
            }
            let (at, spot) = objects.end.unwrap_or((None, objects.spot));
            facts.finished_at = facts.finished_at.or(at);
            let zone_unknown = objects.end.is_some() && facts.finished_at.is_none();
            facts.stored = facts.stored.or((objects.count > 0 && !objects.size_unknown).then_some(objects.bytes));
            let start = parsed.map(|n| n.start).or(facts.start_segment).or(label.map(|l| l.segment));
            let anchor = settled.zip(start).and_then(|(settled, raw)| {
                Some(Anchor {
                    start: raw.sized(settled.size)?,
                    stop: match (facts.stop_lsn, facts.stop_segment) {
                        (Some(lsn), _) => Some(lsn.number_before(settled.size)),
                        (None, raw) => raw.and_then(|r| r.sized(settled.size)).map(|s| s.number),
                    },
                    finished_at: facts.finished_at,
                    whole: complete == Some(true),
                })
            });
            let origin = (self.context.origin)(spot, String::new());
            let raw = raw.to_owned();
            let name = name.clone();
            let base = BaseBackup { name, status, raw, detail, increment, complete, zone_unknown, facts, origin };
            if !(base.status == RunStatus::Unknown && objects.end.is_none() && !self.view.whole.0) {
                out.push(Seen { base, anchor });
            }
        }
        out
    }

    fn end_word(&self) -> &'static str {
        match self.place.0 {
            Family::WalG => "backup_stop_sentinel.json present",
            Family::PgBackRest => "backup.manifest present",
            Family::Barman => "backup.info present",
        }
    }

    /// A backup without its last object: at work, given up, or what a deletion left.
    fn unfinished(
        &self,
        objects: &Objects,
        parsed: Option<&BaseName>,
        oldest: Option<RawSegment>,
        latest_end: Option<Instant>,
    ) -> (RunStatus, &'static str) {
        if !self.view.whole.0 {
            return (RunStatus::Unknown, "not listed whole");
        }
        let passed = latest_end.zip(objects.last).is_some_and(|(end, last)| end > last);
        if parsed.zip(oldest).is_some_and(|(name, oldest)| name.start < oldest) {
            (RunStatus::Unknown, "no end, and older than every finished one: may be what a deletion left")
        } else if !passed && may_run(objects.last, self.view.at) {
            (RunStatus::Running, "no end yet")
        } else {
            (RunStatus::Aborted, "no end")
        }
    }

    /// The label that PostgreSQL archived when this backup was stopped: the last one while it was stored, else the nearest
    /// one, because clocks and rounding differ.
    fn label(&self, objects: &Objects) -> Option<Label> {
        if self.place.0 == Family::WalG {
            return None;
        }
        let end = objects.end?.0?;
        let begin = objects.first.unwrap_or(end);
        let dated = || self.labels.iter().filter_map(|l| Some((l.at?, l)));
        let within = dated().filter(|(at, _)| *at >= begin && *at <= end).max_by_key(|(at, _)| *at);
        let slack = chrono::Duration::minutes(5);
        let near = || {
            let close = dated().filter(|(at, _)| *at >= begin - slack && *at <= end + slack);
            close.min_by_key(|(at, _)| (*at - end).abs())
        };
        within.or_else(near).map(|(_, label)| *label)
    }

    /// What an increment needs: `Err` with what is not there.
    fn parent(&self, name: &str, parsed: Option<&BaseName>, facts: &Facts) -> Result<(), String> {
        if !self.view.whole.0 {
            return Ok(());
        }
        let ended = |name: &str| self.view.bases.get(name).is_some_and(|b| b.end.is_some());
        if let Some(parent) = &facts.parent {
            return if ended(parent) { Ok(()) } else { Err(parent.clone()) };
        }
        if self.place.0 == Family::PgBackRest {
            let full = name.split('_').next().unwrap_or(name);
            return if ended(full) { Ok(()) } else { Err(full.to_owned()) };
        }
        let Some(start) = parsed.and_then(|n| n.parent) else { return Ok(()) };
        let there = self.view.bases.keys().any(|n| ended(n) && base_name(n).is_some_and(|n| n.start == start));
        let digits = format!("base_{:08X}{:016X}", start.timeline, start.place);
        if there { Ok(()) } else { Err(digits) }
    }
}

/// All finished base backups that one listing shows.
fn listed(context: &Context<'_>, place: &Place, resource: &str, view: &View, seen: &[Seen], sink: &mut dyn Sink) {
    let there = seen.iter().filter(|s| matches!(s.base.status, RunStatus::Success | RunStatus::Partial));
    let mut recovery_point_ids: Vec<String> = there.clone().map(|s| (context.point_id)(place, &s.base.name)).collect();
    recovery_point_ids.sort();
    let spot = view.bases.values().map(|b| b.end.map_or(b.spot, |(_, spot)| spot)).min().unwrap_or_default();
    sink.row(Row::Listing(Listed {
        resource: resource.to_owned(),
        listed_at: view.at,
        recovery_point_ids,
        complete: view.final_absence && view.whole.0,
        origin: (context.origin)(spot, format!("listing:{resource}:{}", utc_text(view.at))),
    }));
}

/// Rows of the log as one listing shows it. Base backups that can't be restored from it are marked.
fn log_rows(
    context: &Context<'_>,
    place: &Place,
    resource: &str,
    (at, whole): (Instant, bool),
    settled: &Settled,
    seen: &mut [Seen],
    sink: &mut dyn Sink,
) {
    let anchors: Vec<Anchor> = seen.iter().filter_map(|s| s.anchor).collect();
    let Some(window) = settled.window(&anchors, None, Limits::at(at)) else { return };
    let mut logs = window.logs.iter();
    for one in seen.iter_mut().filter(|s| s.anchor.is_some()) {
        if logs.next() == Some(&Log::Lost) && whole {
            one.base.complete = one.base.complete.map(|_| false);
            one.base.detail = Some("a segment that it needs is lost".to_owned());
        }
    }
    let spot = window.stretches.last().map(|(s, _)| s.spot).unwrap_or_default();
    let dated = window.latest.or(window.last_archived).is_some();
    if whole && dated {
        sink.row(Row::Pitr(PitrSample {
            system_id: None,
            resource: Some(resource.to_owned()),
            observed_at: at,
            earliest_restorable_at: window.earliest.filter(|e| window.latest.is_some_and(|l| *e <= l)),
            latest_restorable_at: window.latest,
            last_archived_at: window.last_archived,
            archive_failures: None,
            origin: (context.origin)(spot, format!("pitr:{resource}:{}", utc_text(at))),
        }));
    }
    if whole {
        sink.row(Row::IntegrityCheck(check(context, resource, at, settled, &window, spot)));
    }
    for (stretch, restorable_from) in &window.stretches {
        let named = |number| name(stretch.timeline, number, settled.size);
        let segment = named(stretch.first);
        let origin = (context.origin)(stretch.spot, format!("log:{resource}:{segment}:{}", utc_text(at)));
        let mut row = LogSegment::new(origin, format!("{:08X}", stretch.timeline), segment);
        row.resource = Some(resource.to_owned());
        row.last_segment = Some(named(stretch.last));
        row.segments = Some(stretch.last - stretch.first + 1);
        // The first one needs no predecessor; in a listing that is not whole nobody can tell what is missing.
        let first = window.stretches.first().is_some_and(|(s, _)| s == stretch) && stretch.lost_before == 0;
        let before = stretch.first.checked_sub(1).and_then(|number| on(&window.path, number));
        row.previous_segment = before.filter(|_| whole && !first).map(|s| s.name(settled.size));
        row.lost_before = whole.then_some(stretch.lost_before);
        row.archived_from = stretch.from;
        row.archived_at = stretch.to;
        row.largest_gap_s = stretch.from.map(|_| stretch.gap_s);
        row.restorable_from = *restorable_from;
        row.listed_at = Some(at);
        row.location_id.clone_from(&context.location);
        sink.row(Row::LogSegment(row));
    }
    if settled.misfits > 0 {
        let (_, root) = place;
        let message = format!(
            "{} names in the log archive {root} mean no segment of {} MiB and were not read; move what is no segment of \
             this cluster elsewhere",
            settled.misfits,
            settled.size.bytes() >> 20
        );
        sink.problem(Problem { document: (context.document)(spot), place: None, message });
    }
}

/// What continuity came to, in words.
fn check(
    context: &Context<'_>,
    resource: &str,
    at: Instant,
    settled: &Settled,
    window: &Window,
    spot: Spot,
) -> IntegrityCheck {
    let count =
        |state: State| -> u64 { window.spans.iter().filter(|s| s.state == state).map(|s| s.last - s.first + 1).sum() };
    let (lost, under_way) = (count(State::Lost), count(State::Uploading) + count(State::Delayed));
    let (status, status_raw) = match (lost, under_way) {
        (0, 0) => (RunStatus::Success, "unbroken"),
        (0, _) => (RunStatus::Partial, "segments on their way"),
        _ => (RunStatus::Failed, "segments lost"),
    };
    let segment = |number| on(&window.path, number).map(|s: Segment| s.name(settled.size)).unwrap_or_default();
    let mut parts = vec![format!("{} segments needed are there", count(State::Found))];
    for span in window.spans.iter().filter(|s| s.state != State::Found).take(20) {
        let what = match span.state {
            State::Lost => "lost",
            State::Uploading => "on their way",
            State::Delayed | State::Found => "delayed",
        };
        parts.push(format!("{} {what}: {} to {}", span.last - span.first + 1, segment(span.first), segment(span.last)));
    }
    parts.extend(window.longest_gap_s.map(|s| format!("at worst {} between two uploads", human(s))));
    if window.dead > 0 {
        parts.push(format!("{} segments of a timeline that was left are not needed", window.dead));
    }
    if settled.empty > 0 {
        parts.push(format!("{} segments have no bytes and count as missing", settled.empty));
    }
    IntegrityCheck {
        check_id: format!("log:{resource}:{}", utc_text(at)),
        resource: resource.to_owned(),
        recovery_point_ids: Vec::new(),
        started_at: Some(at),
        ended_at: Some(at),
        status,
        // Names and sizes were looked at, no data.
        result: Integrity::NotChecked,
        status_raw: status_raw.to_owned(),
        status_detail: Some(parts.join("; ")),
        origin: (context.origin)(spot, format!("check:{resource}:{}", utc_text(at))),
    }
}
