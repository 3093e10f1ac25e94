//! What lists tell about backup sets, over all documents.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use model::time::{Instant, WallClock};

use super::gather::{Found, Listed};
use super::status::{Begun, set_name};

/// A set that a list shows.
pub(super) struct Seen<'a> {
    pub listed: &'a Listed<'a>,
    pub line: u64,
    pub full: bool,
    pub encrypted: Option<bool>,
    /// The full set of its chain.
    pub root: Instant,
    /// A later set was listed: it was resumed or finished before that one could begin.
    pub followed: bool,
    /// Its time is certain: a record told the zone, or the list needs none.
    pub sure: bool,
    /// Lists that show it, by their position.
    pub lists: BTreeSet<usize>,
}

/// Sets by resource and time.
#[derive(Default)]
pub(super) struct Known<'a> {
    pub sets: BTreeMap<String, BTreeMap<Instant, Seen<'a>>>,
    /// Sets whose time has no zone: resource, local time as name, list, line, full.
    pub unplaced: Vec<(String, String, &'a Listed<'a>, u64, bool)>,
    /// Resources by the name of their archive directory.
    archives: BTreeMap<String, String>,
    all: BTreeSet<String>,
}

impl<'a> Known<'a> {
    pub fn of(found: &'a Found<'_>) -> Self {
        let mut out = Self::default();
        let told = found.jobs.iter().filter_map(|t| {
            let target = t.command.as_ref()?.target.as_ref()?;
            Some((target, t.job.archive.clone().or_else(|| t.command.as_ref()?.name.clone())))
        });
        let listed = found.lists.iter().filter_map(|l| Some((l.target.as_ref()?, l.list.archive.clone())));
        for (target, archive) in told.chain(listed) {
            let resource = format!("duplicity:{target}");
            if let Some(archive) = archive {
                out.archives.insert(archive, resource.clone());
            }
            out.all.insert(resource);
        }
        let mut names: Vec<&str> = found.jobs.iter().filter_map(|t| t.job.archive.as_deref()).collect();
        names.extend(found.lists.iter().filter_map(|l| l.list.archive.as_deref()));
        for name in names {
            if !out.archives.contains_key(name) && (out.all.is_empty() || out.all.len() > 1) {
                out.archives.insert(name.to_owned(), format!("duplicity:{name}"));
            }
        }
        out.all.extend(out.archives.values().cloned());
        for (at, listed) in found.lists.iter().enumerate() {
            out.list(at, listed);
        }
        for sets in out.sets.values_mut() {
            let newest = sets.keys().next_back().copied();
            for (at, seen) in sets.iter_mut() {
                seen.followed = Some(*at) != newest;
            }
        }
        out
    }

    /// The resource of a target or an archive directory; the only one where neither is told.
    pub fn resource(&self, target: Option<&str>, archive: Option<&str>) -> Option<String> {
        target
            .map(|t| format!("duplicity:{t}"))
            .or_else(|| self.archives.get(archive?).cloned())
            .or_else(|| (self.all.len() == 1).then(|| self.all.first().cloned()).flatten())
    }

    fn list(&mut self, position: usize, listed: &'a Listed<'a>) {
        let archive = listed.list.archive.as_deref();
        let resource = self.resource(listed.target.as_deref(), archive).unwrap_or_else(|| "duplicity:".to_owned());
        let mut clock = WallClock::new(listed.zone);
        let mut root = None;
        let mut fresh: Vec<(Instant, &super::status::Set)> = Vec::new();
        for set in &listed.list.sets {
            if set.full {
                // Chains are listed apart; each begins anew in time.
                clock.reset();
            }
            let at = match set.begun {
                Begun::At(at) => at,
                Begun::Local(local) => match clock.place(local) {
                    Ok(at) => at,
                    Err(_) => {
                        let name = local.format("%Y-%m-%dT%H:%M:%S").to_string();
                        if !self.unplaced.iter().any(|(r, n, ..)| (r, n) == (&resource, &name)) {
                            self.unplaced.push((resource.clone(), name, listed, set.line, set.full));
                        }
                        continue;
                    }
                },
            };
            fresh.push((at, set));
        }
        let sets = self.sets.entry(resource).or_default();
        for (at, set) in fresh {
            if set.full {
                root = Some(at);
            }
            let seen = sets.entry(at).or_insert_with(|| Seen {
                listed,
                line: set.line,
                full: set.full,
                encrypted: set.encrypted,
                root: root.unwrap_or(at),
                followed: false,
                sure: false,
                lists: BTreeSet::new(),
            });
            seen.sure |= listed.sure || matches!(set.begun, Begun::At(_));
            seen.lists.insert(position);
            seen.encrypted = seen.encrypted.or(set.encrypted);
        }
    }

    /// Sets that can be this one, listed by a machine with its clock in another zone: apart by quarters of an hour, and
    /// never in one list. None where the time of this one is certain.
    pub fn twins(&self, resource: &str, at: Instant) -> Vec<Instant> {
        const QUARTER: i64 = 15 * 60;
        let reach = Duration::hours(26);
        let Some(sets) = self.sets.get(resource) else { return Vec::new() };
        let Some(seen) = sets.get(&at).filter(|s| !s.sure) else { return Vec::new() };
        let apart = |other: Instant| (other - at).num_seconds();
        sets.range(at - reach..=at + reach)
            .filter(|(other, set)| {
                apart(**other) != 0 && apart(**other) % QUARTER == 0 && set.lists.is_disjoint(&seen.lists)
            })
            .map(|(other, _)| *other)
            .collect()
    }

    /// Name of the newest listed set begun before a moment.
    pub fn newest_before(&self, resource: &str, at: Instant) -> Option<String> {
        self.sets.get(resource)?.range(..at).next_back().map(|(at, _)| set_name(*at))
    }
}
