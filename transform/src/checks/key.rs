//! KEY: keys of backups.

mod managed;
mod usable;

pub use managed::managed;
pub use usable::usable;

use std::collections::BTreeMap;

use model::registers::{Key, Recorded};

use super::common::filled;
use super::places::{Place, location};
use crate::points::Point;
use crate::world::World;

/// What is known of the encryption of a recovery point and of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sealed<'w> {
    /// With this key.
    With(&'w str),
    /// Encrypted, and nobody names the key.
    Unnamed,
    /// Not encrypted.
    Plain,
    /// Not reported.
    Unknown,
}

/// By the point itself, else by the setting of its place.
fn sealed<'w>(world: &World<'w>, places: &BTreeMap<&'w str, Place<'w>>, point: &'w Point) -> Sealed<'w> {
    if point.row.encrypted == Some(false) {
        return Sealed::Plain;
    }
    if let Some(key) = filled(point.word(|p| p.key_id.as_deref())) {
        return Sealed::With(key);
    }
    let place = location(world, point).and_then(|id| places.get(id));
    let default = place.and_then(|p| p.fact(world.as_of, |r| r.encrypts())).is_some_and(|f| f.value);
    if point.row.encrypted.is_none() && !default {
        return Sealed::Unknown;
    }
    let key = place.filter(|_| default).and_then(|p| p.fact(world.as_of, |r| filled(r.key())));
    key.map_or(Sealed::Unnamed, |f| Sealed::With(f.value))
}

/// The register row of a key, by the newest reading up to `as_of`.
fn registered<'w>(world: &World<'w>, id: &str) -> Option<&'w Recorded<Key>> {
    let registers = world.registers;
    registers
        .keys
        .iter()
        .flatten()
        .filter(|k| k.key_id == id && k.observed_at.is_none_or(|at| at <= world.as_of))
        .max_by_key(|k| k.observed_at)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
