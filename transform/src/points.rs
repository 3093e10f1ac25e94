//! Recovery points: what listings showed, what successful runs made, what became of them.
//!
//! A point is the newest observation of its id in its system. A run that succeeded without any
//! listing that names its point gives a point of its own. A point that was there, by a listing or by its run, and that a
//! later complete listing of the same resource lacks was deleted in between.

use std::collections::{BTreeMap, BTreeSet};

use model::inventory::{Inventory, SystemKind};
use model::rows::{Component, DeleteReason, Integrity, RecoveryPoint, RunStatus};
use model::time::Instant;

use crate::Error;
use crate::frames::Tables;
use crate::runs::{Run, Runs};

/// What is judged of a recovery point. Words stay where they are: see [`Point`].
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "each is the field of the same name of `model::rows::RecoveryPoint`")]
pub struct Facts {
    pub component: Option<Component>,
    pub taken_at: Option<Instant>,
    pub created_at: Option<Instant>,
    pub expires_at: Option<Instant>,
    pub deleted_at: Option<Instant>,
    pub delete_reason: Option<DeleteReason>,
    pub bytes: Option<u64>,
    pub encrypted: Option<bool>,
    pub complete: Option<bool>,
    pub integrity_checked_at: Option<Instant>,
    pub integrity_result: Option<Integrity>,
    pub immutable_until: Option<Instant>,
    pub zone_unknown: bool,
}

impl Facts {
    const fn listed(point: &RecoveryPoint) -> Self {
        Self {
            component: point.component,
            taken_at: point.taken_at,
            created_at: point.created_at,
            expires_at: point.expires_at,
            deleted_at: point.deleted_at,
            delete_reason: point.delete_reason,
            bytes: point.bytes,
            encrypted: point.encrypted,
            complete: point.complete,
            integrity_checked_at: point.integrity_checked_at,
            integrity_result: point.integrity_result,
            immutable_until: point.immutable_until,
            zone_unknown: point.zone_unknown,
        }
    }

    /// Of what a good run made.
    fn made(run: &Run, runs: &Runs) -> Self {
        Self {
            component: run.component,
            taken_at: run.consistent_at(),
            created_at: run.ended_at.or(run.started_at),
            expires_at: runs.expires_at(run.row),
            deleted_at: None,
            delete_reason: None,
            bytes: run.bytes.filter(|b| *b > 0),
            encrypted: runs.encrypted(run.row),
            complete: Some(true),
            integrity_checked_at: None,
            integrity_result: None,
            immutable_until: None,
            zone_unknown: run.zone_unknown,
        }
    }
}

/// A recovery point with its inventory row. Millions of runs make millions of points, so that one which no listing
/// shows has no words of its own: they are the run's.
#[derive(Debug, Clone)]
pub struct Point {
    /// What is judged.
    pub row: Facts,
    /// The row as listed; absent for a point made by a run and never listed.
    pub listed: Option<Box<RecoveryPoint>>,
    /// Index into `inventory.systems`.
    pub system: Option<usize>,
    /// Run that made it: index into `Runs::list`.
    pub run: Option<usize>,
    /// It is a mere copy of another point.
    pub copy: bool,
    /// When a listing last showed it.
    pub last_seen_at: Option<Instant>,
    /// Where only its absence from a listing tells of its deletion: when it was last known to be there. It was deleted
    /// after that and by `row.deleted_at`.
    pub gone_after: Option<Instant>,
}

/// Where a point was read.
#[derive(Debug, Clone, Copy)]
pub struct Lineage<'a> {
    /// Source.
    pub source_id: &'a str,
    /// Kind of the source.
    pub kind: &'a str,
    /// Object.
    pub evidence: &'a str,
    /// Pointer into it.
    pub pointer: &'a str,
}

impl Point {
    /// Its run, where no listing gives its words.
    fn maker<'a>(&self, runs: &'a Runs) -> Option<&'a Run> {
        if self.listed.is_some() { None } else { runs.list.get(self.run?) }
    }

    /// Id.
    #[must_use]
    pub fn id<'a>(&'a self, runs: &'a Runs) -> &'a str {
        match (&self.listed, self.maker(runs)) {
            (Some(listed), _) => &listed.recovery_point_id,
            (None, Some(run)) => runs.named_point(run).unwrap_or_else(|| runs.run_id(run.row)),
            (None, None) => "",
        }
    }

    /// Row id: stable, unique over all sources.
    #[must_use]
    pub fn row_id(&self, runs: &Runs) -> String {
        match (&self.listed, self.maker(runs)) {
            (Some(p), _) => format!("point/{}.{}/{}", p.origin.kind, p.origin.source_id, p.recovery_point_id),
            (None, Some(run)) => format!("point/{}", runs.row_id(run.row)),
            (None, None) => String::new(),
        }
    }

    /// Algorithm and mode.
    #[must_use]
    pub fn cipher<'a>(&'a self, runs: &'a Runs) -> Option<&'a str> {
        match &self.listed {
            Some(listed) => listed.cipher.as_deref(),
            None => runs.cipher(self.maker(runs)?.row),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn location<'a>(&'a self, runs: &'a Runs) -> Option<&'a str> {
        match &self.listed {
            Some(listed) => listed.location_id.as_deref(),
            None => runs.location(self.maker(runs)?.row),
        }
    }

    /// A word that only a listing has.
    #[must_use]
    pub fn word(&self, of: impl FnOnce(&RecoveryPoint) -> Option<&str>) -> Option<&str> {
        self.listed.as_deref().and_then(of)
    }

    /// Where it was read.
    #[must_use]
    pub fn lineage<'a>(&'a self, runs: &'a Runs) -> Option<Lineage<'a>> {
        if let Some(RecoveryPoint { origin, .. }) = self.listed.as_deref() {
            let (source_id, kind) = (&*origin.source_id, &*origin.kind);
            return Some(Lineage { source_id, kind, evidence: &origin.evidence, pointer: &origin.pointer });
        }
        let row = self.maker(runs)?.row;
        let document = runs.document(row)?;
        let (source_id, kind) = (&*document.source_id, &*document.kind);
        Some(Lineage { source_id, kind, evidence: &document.evidence, pointer: runs.pointer(row) })
    }

    /// Point in time its data are consistent at, where known.
    #[must_use]
    pub fn taken_at(&self) -> Option<Instant> {
        self.row.taken_at.or(self.row.created_at)
    }

    /// `[conventions] good_recovery_point`, without the run, which [`points`] has applied: complete, with content,
    /// not proven damaged, and no mere copy.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.row.complete == Some(true) && !self.is_damaged() && !self.copy
    }

    /// True where it is proven not to be restorable: incomplete, empty, or its check failed.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.row.complete == Some(false)
            || self.row.bytes == Some(0)
            || self.row.integrity_result == Some(Integrity::Fail)
    }

    /// True where the point holds the data of a system of this kind: a replica keeps no history, a log
    /// needs a base, and configuration alone restores only what is configuration.
    #[must_use]
    pub const fn holds_data(&self, kind: SystemKind) -> bool {
        match self.row.component {
            None => true,
            Some(Component::Replica | Component::LogContinuous) => false,
            Some(Component::Config) => {
                matches!(
                    kind,
                    SystemKind::NetworkConfig
                        | SystemKind::ControlSystem
                        | SystemKind::BackupPlatform
                        | SystemKind::Other
                )
            }
            Some(_) => true,
        }
    }

    /// True where it existed at `at`: made by then, and not known to be deleted by then.
    #[must_use]
    pub fn exists_at(&self, at: Instant) -> bool {
        self.row.created_at.or(self.row.taken_at).is_some_and(|c| c <= at) && self.row.deleted_at.is_none_or(|d| d > at)
    }
}

/// All points, sorted by system, time and id.
///
/// # Errors
/// A resource that two systems claim.
pub fn points(tables: &Tables, runs: &Runs, inventory: &Inventory) -> Result<Vec<Point>, Error> {
    let index: BTreeMap<&str, usize> =
        inventory.systems.iter().enumerate().map(|(i, s)| (s.system_id.as_str(), i)).collect();
    let mut resolved: BTreeMap<String, Option<usize>> = BTreeMap::new();
    let mut resolve = |system: Option<&str>, resource: Option<&str>| -> Result<Option<usize>, Error> {
        if let Some(at) = system.and_then(|s| index.get(s)) {
            return Ok(Some(*at));
        }
        let Some(resource) = resource else { return Ok(None) };
        if let Some(known) = resolved.get(resource) {
            return Ok(*known);
        }
        let found = inventory
            .resolve(resource)
            .map_err(Error::Ambiguous)?
            .and_then(|s| index.get(s.system_id.as_str()).copied());
        resolved.insert(resource.to_owned(), found);
        Ok(found)
    };

    // Listed points: newest observation, but what an older one knew is kept where the newer is silent.
    let mut listed: BTreeMap<(String, String), RecoveryPoint> = BTreeMap::new();
    let mut sorted: Vec<&RecoveryPoint> = tables.points.iter().collect();
    sorted.sort_by(|a, b| {
        (a.origin.observed_at, &a.origin.evidence, &a.origin.pointer).cmp(&(
            b.origin.observed_at,
            &b.origin.evidence,
            &b.origin.pointer,
        ))
    });
    for point in sorted {
        let key = (format!("{}.{}", point.origin.kind, point.origin.source_id), point.recovery_point_id.clone());
        match listed.get_mut(&key) {
            Some(old) => *old = newer(old, point),
            None => {
                listed.insert(key, point.clone());
            }
        }
    }

    let mut out: Vec<Point> = Vec::new();
    for row in listed.into_values() {
        let system = resolve(row.system_id.as_deref(), row.resource.as_deref())?;
        out.push(Point {
            row: Facts::listed(&row),
            last_seen_at: Some(row.origin.observed_at),
            copy: row.copy_of.is_some(),
            listed: Some(Box::new(row)),
            system,
            run: None,
            gone_after: None,
        });
    }
    from_runs(runs, &mut out);
    Listings::of(tables).note_deletions(runs, &mut out);
    checked(tables, runs, &mut out);
    // Few share an instant: their ids are written out for the comparison alone.
    out.sort_unstable_by(|a, b| {
        (a.system, a.taken_at()).cmp(&(b.system, b.taken_at())).then_with(|| a.row_id(runs).cmp(&b.row_id(runs)))
    });
    Ok(out)
}

/// `new`, with what only `old` knew.
fn newer(old: &RecoveryPoint, new: &RecoveryPoint) -> RecoveryPoint {
    let mut out = new.clone();
    macro_rules! keep { ($($field:ident),+) => { $(if out.$field.is_none() { out.$field.clone_from(&old.$field); })+ } }
    keep!(
        system_id,
        resource,
        plan_id,
        run_id,
        component,
        taken_at,
        created_at,
        expires_at,
        deleted_at,
        delete_reason,
        deleted_by
    );
    keep!(
        location_id,
        copy_of,
        bytes,
        encrypted,
        cipher,
        key_id,
        complete,
        integrity_checked_at,
        integrity_result,
        immutable_until
    );
    out
}

/// Every listing by source and resource, in order of time: when it was taken, whether it is whole, what it showed.
struct Listings<'t>(BTreeMap<(&'t str, &'t str), BTreeMap<&'t str, Vec<Showed<'t>>>>);

type Showed<'t> = (Instant, bool, BTreeSet<&'t str>);

impl<'t> Listings<'t> {
    fn of(tables: &'t Tables) -> Self {
        let mut out = Self(BTreeMap::new());
        for listing in &tables.listings {
            let source = (&*listing.origin.kind, &*listing.origin.source_id);
            let ids = listing.recovery_point_ids.iter().map(String::as_str).collect();
            let of = out.0.entry(source).or_default().entry(&listing.resource).or_default();
            of.push((listing.listed_at, listing.complete, ids));
        }
        out.0.values_mut().flat_map(BTreeMap::values_mut).for_each(|all| all.sort());
        out
    }

    /// Those of a resource by a source.
    fn of_resource<'s>(
        &'s self,
        kind: &'s str,
        source_id: &'s str,
        resource: Option<&'s str>,
    ) -> Option<&'s [Showed<'t>]> {
        self.0.get(&(kind, source_id))?.get(resource?).map(Vec::as_slice)
    }

    /// Deletions that they prove. A point is known to be there by any listing that shows it, and by the end of the run
    /// that made it where the run names it; the next complete listing of the same source and resource that lacks it shows
    /// that it is gone. A point that its run does not name cannot be looked for.
    fn note_deletions(&self, runs: &Runs, points: &mut [Point]) {
        if self.0.is_empty() {
            return;
        }
        for point in points {
            let (all, id, made) = match (&point.listed, point.maker(runs)) {
                (Some(p), _) => {
                    let all = self.of_resource(&p.origin.kind, &p.origin.source_id, p.resource.as_deref());
                    (all, p.recovery_point_id.as_str(), None)
                }
                (None, Some(run)) => {
                    let Some(id) = runs.named_point(run) else { continue };
                    let all = std::iter::once(&run.row).chain(&run.also).find_map(|row| {
                        let read = runs.document(*row)?;
                        self.of_resource(&read.kind, &read.source_id, runs.resource(*row))
                    });
                    (all, id, run.ended_at)
                }
                (None, None) => continue,
            };
            let Some(all) = all else { continue };
            let last = all.iter().rposition(|(_, _, ids)| shows(ids, id));
            let seen = last.and_then(|last| all.get(last)).map(|(at, ..)| *at);
            let mut later = all.iter().skip(last.map_or(0, |last| last + 1));
            let gone = seen.max(made).and_then(|there| {
                let gone = later.find(|(at, complete, _)| *complete && made.is_none_or(|made| *at > made))?;
                Some((there, gone.0))
            });
            point.last_seen_at = seen.or(point.last_seen_at);
            if let Some((there, gone)) = gone
                && point.row.deleted_at.is_none()
            {
                let expired = point.row.expires_at.is_some_and(|e| e <= gone);
                point.row.deleted_at = Some(gone);
                point.row.delete_reason = Some(if expired { DeleteReason::Expired } else { DeleteReason::Unknown });
                point.gone_after = Some(there);
            }
        }
    }
}

/// True where a listing shows a point. Output of restic shortens its ids to eight digits.
fn shows(ids: &BTreeSet<&str>, id: &str) -> bool {
    let is_short = id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit());
    ids.contains(id) || is_short && ids.range(id..).next().is_some_and(|longer| longer.starts_with(id))
}

/// Links runs with the points they made, applies the run's state, and adds points for runs that
/// succeeded and are in no listing.
fn from_runs(runs: &Runs, points: &mut Vec<Point>) {
    let mut by_id: BTreeMap<(Option<usize>, String), Vec<usize>> = BTreeMap::new();
    // A listing may name the run instead of the run naming the point (files of dumps, objects of a bucket).
    let mut by_run: BTreeMap<(Option<usize>, String), Vec<usize>> = BTreeMap::new();
    for (i, point) in points.iter().enumerate() {
        let Some(row) = point.listed.as_deref() else { continue };
        by_id.entry((point.system, row.recovery_point_id.clone())).or_default().push(i);
        if let Some(run) = &row.run_id {
            by_run.entry((point.system, run.clone())).or_default().push(i);
        }
    }
    // Once and exactly: with millions of runs the copies of a growing list would be the peak of memory.
    points.reserve_exact(runs.list.iter().filter(|r| r.is_good() && r.system.is_some()).count());
    // A run that another source saw too is judged once, by the worse of its states.
    for (at, run) in runs.by_system.values().flatten().map(|at| (*at, &runs.list[*at])) {
        let mut listed: Vec<usize> = Vec::new();
        if let Some(id) = runs.named_point(run).filter(|_| !by_id.is_empty()) {
            listed.extend(by_id.get(&(run.system, id.to_owned())).into_iter().flatten());
        }
        if listed.is_empty() && !by_run.is_empty() {
            for row in std::iter::once(&run.row).chain(&run.also) {
                listed.extend(by_run.get(&(run.system, runs.run_id(*row).to_owned())).into_iter().flatten());
            }
        }
        if !listed.is_empty() {
            for i in listed {
                let point = &mut points[i];
                point.run = Some(at);
                point.copy |= run.copy;
                point.row.taken_at = point.row.taken_at.or_else(|| run.consistent_at());
                point.row.created_at = point.row.created_at.or(run.ended_at);
                point.row.bytes = point.row.bytes.or(run.bytes);
                if run.unchanged && point.row.bytes == Some(0) {
                    point.row.bytes = None;
                }
                point.row.encrypted = point.row.encrypted.or_else(|| runs.encrypted(run.row));
                match run.status {
                    RunStatus::Success => point.row.complete = point.row.complete.or(Some(true)),
                    status if status.is_final() => point.row.complete = Some(false),
                    _ => {}
                }
            }
            continue;
        }
        if run.is_good() {
            let (row, system, run_of) = (Facts::made(run, runs), run.system, Some(at));
            points.push(Point {
                row,
                listed: None,
                system,
                run: run_of,
                copy: run.copy,
                last_seen_at: None,
                gone_after: None,
            });
        }
    }
}

/// Applies integrity checks, oldest first, to the points that existed then.
fn checked(tables: &Tables, runs: &Runs, points: &mut [Point]) {
    let mut checks: Vec<_> = tables.integrity.iter().filter(|c| c.result != Integrity::NotChecked).collect();
    checks.sort_by_key(|c| (c.ended_at.or(c.started_at), c.check_id.clone()));
    for check in checks {
        let Some(at) = check.ended_at.or(check.started_at) else { continue };
        for point in points.iter_mut() {
            let same_source = point
                .lineage(runs)
                .is_some_and(|l| *l.source_id == *check.origin.source_id && *l.kind == *check.origin.kind);
            let named = check.recovery_point_ids.iter().any(|id| id == point.id(runs));
            let all = check.recovery_point_ids.is_empty()
                && point.word(|p| p.resource.as_deref()) == Some(check.resource.as_str())
                && point.exists_at(at);
            if same_source && (named || all) {
                point.row.integrity_checked_at = Some(at);
                point.row.integrity_result = Some(check.result);
            }
        }
    }
}
