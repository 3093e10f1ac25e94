//! What lists tell about archives, over all documents.

use std::collections::BTreeMap;

use chrono::Duration;
use model::time::{Instant, WallClock};

use super::archive::Archive;
use super::command::repository_name;
use super::gather::{Found, Listed, Told};
use crate::Batch;

/// An archive that a list shows.
pub(super) struct Seen<'a> {
    pub archive: Archive,
    pub start: Option<Instant>,
    pub end: Option<Instant>,
    pub repository: Option<String>,
    pub listed: &'a Listed<'a>,
    pub pointer: String,
    pub zone_unknown: bool,
}

/// All archives of all lists, by key, and the encryption of each repository.
#[derive(Default)]
pub(super) struct Known<'a> {
    pub archives: BTreeMap<String, Seen<'a>>,
    /// `encryption.mode` by name of repository.
    pub modes: BTreeMap<String, String>,
    /// Names of all repositories met.
    pub repositories: Vec<String>,
}

impl<'a> Known<'a> {
    pub fn of(batch: &Batch<'_>, found: &'a Found<'_>) -> Self {
        let mut out = Self::default();
        for (location, mode) in found
            .lists
            .iter()
            .map(|l| (&l.list.repository, &l.list.mode))
            .chain(found.jobs.iter().map(|t| (&t.job.repository, &t.job.mode)))
        {
            let Some(name) = location.as_deref().map(repository_name) else { continue };
            if let Some(mode) = mode {
                out.modes.insert(name.clone(), mode.clone());
            }
            out.repositories.push(name);
        }
        out.repositories.sort();
        out.repositories.dedup();
        // Whole lists first: they stand in the order of time, which settles the hour that repeats.
        for wanted in [true, false] {
            for listed in found.lists.iter().filter(|l| l.whole == wanted) {
                out.list(batch, listed);
            }
        }
        out
    }

    fn list(&mut self, batch: &Batch<'_>, listed: &'a Listed<'a>) {
        let zone = listed.record.as_ref().and_then(|r| r.timezone).or(batch.timezone);
        let mut clock = WallClock::new(zone);
        let repository = listed.list.repository.as_deref().map(repository_name).or_else(|| self.only());
        for (archive, pointer) in &listed.list.archives {
            let (start, end) = archive.place(&mut clock, zone);
            if archive.name.is_empty() || archive.is_checkpoint() {
                continue;
            }
            match self.archives.get_mut(&archive.key()) {
                Some(seen) => {
                    let known = &mut seen.archive;
                    seen.start = seen.start.or(start);
                    // An end counts only beside the start it was placed with.
                    seen.end = seen.end.or(end.filter(|_| seen.start == start));
                    seen.repository = seen.repository.take().or_else(|| repository.clone());
                    known.bytes = known.bytes.or(archive.bytes);
                    known.stored = known.stored.or(archive.stored);
                }
                None => {
                    self.archives.insert(
                        archive.key(),
                        Seen {
                            archive: archive.clone(),
                            start,
                            end,
                            repository: repository.clone(),
                            listed,
                            pointer: pointer.clone(),
                            zone_unknown: archive.start.is_some() && start.is_none(),
                        },
                    );
                }
            }
        }
    }

    /// The repository, where only one was met.
    pub fn only(&self) -> Option<String> {
        (self.repositories.len() == 1).then(|| self.repositories.first().cloned()).flatten()
    }

    /// The one listed archive of this name.
    pub fn named(&self, name: &str, repository: Option<&str>) -> Option<&Seen<'a>> {
        let mut found = self.archives.values().filter(|s| {
            s.archive.name == name
                && (repository.is_none() || s.repository.is_none() || s.repository.as_deref() == repository)
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The one listed archive that started while the recorded command ran: for a command that does
    /// not tell the name.
    pub fn within(&self, told: &Told<'_>, repository: Option<&str>) -> Option<&Seen<'a>> {
        let record = told.record.as_ref().filter(|_| told.alone)?;
        let (from, to) = (record.started_at?, record.finished_at?);
        let slack = Duration::seconds(1);
        let mut found = self.archives.values().filter(|s| {
            s.start.is_some_and(|at| from - slack <= at && at <= to + slack)
                && (repository.is_none() || s.repository.is_none() || s.repository.as_deref() == repository)
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}
