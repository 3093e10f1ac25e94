//! Places of backups: what platforms showed of them beside what the register says.
//!
//! Where both tell a fact, what the platform showed counts, and a result says that the register differs.

use std::collections::{BTreeMap, BTreeSet};

use model::inventory::System;
use model::registers::{Recorded, RegisteredLocation};
use model::rows::{Immutability, StorageLocation};
use model::time::{Instant, utc_text};

use super::common::filled;
use crate::coverage::Interval;
use crate::points::Point;
use crate::world::World;

/// One reading of a place.
#[derive(Debug, Clone, Copy)]
pub enum Reading<'w> {
    /// By its platform.
    Shown(&'w StorageLocation),
    /// By people.
    Registered(&'w Recorded<RegisteredLocation>),
}

macro_rules! facts {
    ($($(#[$meta:meta])* $name:ident: $type:ty = $field:ident . $how:ident ( $($arg:expr)? )),+ $(,)?) => { $(
        $(#[$meta])*
        pub fn $name(self) -> $type {
            match self {
                Self::Shown(row) => row.$field.$how($($arg)?),
                Self::Registered(row) => row.row.$field.$how($($arg)?),
            }
        }
    )+ };
}

/// A field as it is, so that all fields can be read in one way.
trait Itself: Copy {
    fn itself(self) -> Self {
        self
    }
}
impl<T: Copy> Itself for T {}

impl<'w> Reading<'w> {
    facts! {
        /// Provider.
        provider: Option<&'w str> = provider.as_deref(),
        /// Region.
        region: Option<&'w str> = region.as_deref(),
        /// Account or project.
        account: Option<&'w str> = account_ref.as_deref(),
        /// Provider's durability class.
        class: Option<&'w str> = durability_class.as_deref(),
        /// Key of new objects.
        key: Option<&'w str> = default_key_id.as_deref(),
        /// Lowest protocol version accepted.
        tls_min: Option<&'w str> = tls_min_enforced.as_deref(),
        /// Platform.
        platform: &'w str = platform_id.as_str(),
        /// Places it replicates to.
        targets: &'w [String] = replication_targets.as_slice(),
        /// Data held in more than one zone or site.
        multi_zone: Option<bool> = multi_zone.itself(),
        /// New objects are encrypted.
        encrypts: Option<bool> = encryption_default.itself(),
        /// Unencrypted access is refused.
        plain_denied: Option<bool> = plain_access_denied.itself(),
        /// Reachable without authentication.
        public: Option<bool> = public_access.itself(),
        /// Lock mode.
        lock: Option<Immutability> = immutability.itself(),
    }

    /// Deleting a recovery point there needs two people; no platform shows it yet.
    pub fn two_person_deletion(self) -> Option<bool> {
        match self {
            Self::Shown(_) => None,
            Self::Registered(row) => row.two_person_deletion,
        }
    }

    /// Seconds after which objects expire.
    pub fn expires_after(self) -> Option<i64> {
        match self {
            Self::Shown(row) => row.expires_after_s,
            Self::Registered(row) => row.expires_after_s.and_then(|s| i64::try_from(s).ok()),
        }
    }

    /// When it was read; the register may not tell.
    pub fn at(self) -> Option<Instant> {
        match self {
            Self::Shown(row) => Some(row.observed_at),
            Self::Registered(row) => row.observed_at,
        }
    }

    /// True where a platform showed it.
    pub const fn is_shown(self) -> bool {
        matches!(self, Self::Shown(_))
    }

    /// Where it stands, to follow "by": "its platform on …", "registers/storage_locations.csv:2 of …".
    pub fn source(self) -> String {
        let place = match self {
            Self::Shown(_) => "its platform",
            Self::Registered(row) => &row.declared_in,
        };
        self.at().map_or_else(|| format!("{place} (undated)"), |at| format!("{place} on {}", utc_text(at)))
    }

    /// Row id, for readings that have one.
    pub fn record(self) -> Option<String> {
        match self {
            Self::Shown(row) => Some(format!("storage/{}", row.location_id)),
            Self::Registered(_) => None,
        }
    }
}

/// A value and the reading that tells it.
#[derive(Debug, Clone, Copy)]
pub struct Fact<'w, T> {
    /// The value.
    pub value: T,
    /// Who tells it.
    pub reading: Reading<'w>,
    /// A register row that says otherwise.
    pub denied_by: Option<&'w Recorded<RegisteredLocation>>,
}

impl<T> Fact<'_, T> {
    /// A sentence about the register row that says otherwise, with a space before it; empty where none does.
    pub fn note(&self) -> String {
        self.denied_by.map_or_else(String::new, |row| {
            format!(" The register says otherwise ({}); what the platform showed counts.", row.declared_in)
        })
    }
}

/// A place and all that is known of it.
#[derive(Debug, Clone, Default)]
pub struct Place<'w> {
    /// Readings up to `as_of`, oldest first, undated ones before all.
    pub readings: Vec<Reading<'w>>,
    /// In-scope systems whose plans name it.
    pub planned_by: BTreeSet<&'w str>,
    /// In-scope systems with recovery points there in the period.
    pub held_of: BTreeSet<&'w str>,
}

impl<'w> Place<'w> {
    /// In-scope systems that use it.
    pub fn systems(&self) -> BTreeSet<&'w str> {
        self.planned_by.union(&self.held_of).copied().collect()
    }

    /// Readings of `[from, to)`.
    pub fn within(&self, (from, to): Interval) -> impl Iterator<Item = Reading<'w>> {
        self.readings.iter().copied().filter(move |r| r.at().is_some_and(|at| at >= from && at < to))
    }

    /// What is known at `until`: the newest that a platform showed, else what the register says last.
    pub fn fact<T: PartialEq>(&self, until: Instant, of: impl Fn(Reading<'w>) -> Option<T>) -> Option<Fact<'w, T>> {
        fact(self.readings.iter().copied().filter(|r| r.at().is_none_or(|at| at <= until)), of)
    }

    /// The same from readings of `[from, to)` alone.
    pub fn fact_within<T: PartialEq>(
        &self,
        interval: Interval,
        of: impl Fn(Reading<'w>) -> Option<T>,
    ) -> Option<Fact<'w, T>> {
        fact(self.within(interval), of)
    }

    /// Region, at `until`.
    pub fn region(&self, until: Instant) -> Option<&'w str> {
        self.fact(until, |r| filled(r.region())).map(|f| f.value)
    }

    /// Account, at `until`.
    pub fn account(&self, until: Instant) -> Option<&'w str> {
        self.fact(until, |r| filled(r.account())).map(|f| f.value)
    }

    /// Platform, at `until`: the register's word first, because only there platforms have the names that people
    /// approve and grant by.
    pub fn platform(&self, until: Instant) -> Option<&'w str> {
        let all = || self.readings.iter().rev().filter(|r| r.at().is_none_or(|at| at <= until));
        all().find(|r| !r.is_shown()).or_else(|| all().next()).map(|r| r.platform())
    }
}

fn fact<'w, T: PartialEq>(
    readings: impl Iterator<Item = Reading<'w>>,
    of: impl Fn(Reading<'w>) -> Option<T>,
) -> Option<Fact<'w, T>> {
    let (mut shown, mut registered) = (None, None);
    for reading in readings {
        if let Some(value) = of(reading) {
            match reading {
                Reading::Shown(_) => shown = Some((value, reading)),
                Reading::Registered(row) => registered = Some((value, reading, row)),
            }
        }
    }
    match (shown, registered) {
        (Some((value, reading)), said) => {
            let denied_by = said.filter(|(other, ..)| *other != value).map(|(.., row)| row);
            Some(Fact { value, reading, denied_by })
        }
        (None, Some((value, reading, _))) => Some(Fact { value, reading, denied_by: None }),
        (None, None) => None,
    }
}

/// Every place that a register, a platform, a plan or a recovery point names.
///
/// A place that has no reading of its own (`s3:bucket/folder`) has those of the nearest one around it (`s3:bucket`).
pub fn places<'s, 'w>(world: &'s World<'w>) -> &'s BTreeMap<&'w str, Place<'w>> {
    world.shared.places.get_or_init(|| gather(world))
}

fn gather<'w>(world: &World<'w>) -> BTreeMap<&'w str, Place<'w>> {
    let mut out: BTreeMap<&'w str, Place<'w>> = BTreeMap::new();
    let (tables, registers) = (world.tables, world.registers);
    for row in registers.storage_locations.iter().flatten() {
        if row.observed_at.is_none_or(|at| at <= world.as_of) {
            out.entry(&row.location_id).or_default().readings.push(Reading::Registered(row));
        }
    }
    for row in tables.storage.iter().filter(|row| row.observed_at <= world.as_of) {
        out.entry(&row.location_id).or_default().readings.push(Reading::Shown(row));
    }
    let (start, until) = (world.period.start(), world.until());
    for (index, system) in world.in_scope() {
        let id = system.system_id.as_str();
        for (_, plan) in world.plans_in_force(system, start, until) {
            for location in plan.location_id.iter().chain(&plan.copy_location_ids) {
                out.entry(location).or_default().planned_by.insert(id);
            }
        }
        for point in world.points_of(index).filter(|p| existed(p, start, until).is_some()) {
            if let Some(location) = location(world, point) {
                out.entry(location).or_default().held_of.insert(id);
            }
        }
    }
    for place in out.values_mut() {
        place.readings.sort_by_key(|r| r.at());
    }
    let known: BTreeMap<&str, Vec<Reading<'w>>> =
        out.iter().filter(|(_, p)| !p.readings.is_empty()).map(|(id, p)| (*id, p.readings.clone())).collect();
    for (id, place) in out.iter_mut().filter(|(_, p)| p.readings.is_empty()) {
        let around = known.iter().filter(|(other, _)| is_inside(id, other)).max_by_key(|(other, _)| other.len());
        if let Some((_, readings)) = around {
            place.readings.clone_from(readings);
        }
    }
    out
}

/// True where `id` is a place inside of `other`.
pub fn is_inside(id: &str, other: &str) -> bool {
    id.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
}

/// True where two names mean one place, or one inside of the other.
pub fn touch(a: &str, b: &str) -> bool {
    a == b || is_inside(a, b) || is_inside(b, a)
}

/// Where a recovery point is: as read, else where its plan puts it.
pub fn location<'p, 'w: 'p>(world: &World<'w>, point: &'p Point) -> Option<&'p str> {
    let (inventory, runs) = (world.inventory, world.runs);
    point.location(runs).or_else(|| {
        let by_run = || inventory.plans.get(runs.list.get(point.run?)?.plan?);
        let named = point.word(|p| p.plan_id.as_deref()).and_then(|id| inventory.plan(id).last());
        named.or_else(by_run)?.location_id.as_deref()
    })
}

/// The part of `[from, to)` in which a recovery point existed. One that no listing shows ends with its expiry.
pub fn existed(point: &Point, from: Instant, to: Instant) -> Option<Interval> {
    let row = &point.row;
    let made = row.created_at.or(row.taken_at)?;
    let gone = row.deleted_at.or(row.expires_at.filter(|_| point.last_seen_at.is_none()));
    let (a, b) = (made.max(from), gone.map_or(to, |g| g.min(to)));
    (a < b).then_some((a, b))
}

/// True where a recovery point existed at `at`; see [`existed`].
pub fn exists(point: &Point, at: Instant) -> bool {
    existed(point, at, at + chrono::Duration::seconds(1)).is_some_and(|(from, _)| from <= at)
}

/// Account in an Amazon resource name, wherever it stands in an id.
pub fn arn_account(id: &str) -> Option<&str> {
    arn_part(id, 4)
}

/// Region in an Amazon resource name, wherever it stands in an id.
pub fn arn_region(id: &str) -> Option<&str> {
    arn_part(id, 3)
}

fn arn_part(id: &str, part: usize) -> Option<&str> {
    let arn = &id[id.find("arn:")?..];
    filled(arn.split(':').nth(part)).filter(|text| !text.contains('*'))
}

/// Accounts that production of a system runs in: those in the names of its resources, those of places that are its
/// resources, and its platform, where places use that name for an account.
pub fn production_accounts<'w>(
    world: &World<'w>,
    places: &BTreeMap<&'w str, Place<'w>>,
    system: &'w System,
) -> BTreeSet<&'w str> {
    let until = world.until();
    let mut out: BTreeSet<&str> = system.resources.iter().filter_map(|r| arn_account(r)).collect();
    for (id, place) in places {
        let Some(account) = place.account(until) else { continue };
        let own = matches!(world.inventory.resolve(id), Ok(Some(s)) if s.system_id == system.system_id);
        if own || system.platform_id.as_deref() == Some(account) {
            out.insert(account);
        }
    }
    out
}
