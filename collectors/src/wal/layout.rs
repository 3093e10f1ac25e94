//! One listing of a place that holds archives: takes keys one at a time, and keeps what they amount to.
//!
//! ```text
//! let mut listing = Listing::new(at, scope);
//! for each key: if !listing.key(key, size, modified, spot) { it belongs to no archive: yours }
//! listing.whole = nothing was left out;
//! rows::emit(…, vec![listing, …], …)
//! ```
//!
//! A folder of files feeds it as well as a bucket does. Nothing is kept of a key of a log archive but 24 bytes, and of a
//! base backup's data only their number, size and times.

use std::collections::BTreeMap;

use model::time::Instant;

use super::archive::{Archive, Spot};
use super::recognise::{Family, Known, What, recognise};

/// An archive: its layout, and where it is (see [`Known::root`]).
pub(crate) type Place = (Family, String);

/// What one listing shows.
#[derive(Debug)]
pub(crate) struct Listing {
    /// When it was taken.
    pub at: Instant,
    /// Beginning that all listed keys share because only they were asked for; absent where that is not known.
    pub scope: Option<String>,
    /// Everything in its scope is in it. Without that, nothing is concluded from what is not listed.
    pub whole: bool,
    /// Whole, and what it lacks is gone for good: no older versions are kept. Then absence is deletion.
    pub final_absence: bool,
    /// Archives found.
    pub archives: BTreeMap<Place, Holdings>,
}

/// What one archive holds.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    /// Log archives by id (see [`What::Log`]).
    pub logs: BTreeMap<String, Archive>,
    /// Base backups by name.
    pub bases: BTreeMap<String, Objects>,
}

/// The objects of one base backup.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Objects {
    /// The object that is written last: when, and where it is listed.
    pub end: Option<(Option<Instant>, Spot)>,
    /// Number of objects that hold data.
    pub count: u64,
    /// Their size.
    pub bytes: u64,
    /// One of them did not tell its size.
    pub size_unknown: bool,
    /// When the first of them was stored.
    pub first: Option<Instant>,
    /// When the last of them was stored.
    pub last: Option<Instant>,
    /// Where one of them is listed.
    pub spot: Spot,
}

impl Listing {
    /// An empty listing, not (yet) whole.
    pub(crate) fn new(at: Instant, scope: Option<String>) -> Self {
        Self { at, scope, whole: false, final_absence: false, archives: BTreeMap::new() }
    }

    /// Takes one key. False where it belongs to no archive.
    pub(crate) fn key(&mut self, key: &str, size: Option<u64>, modified: Option<Instant>, spot: Spot) -> bool {
        let Some(Known { family, root, what }) = recognise(key) else { return false };
        let holdings = self.archives.entry((family, root)).or_default();
        match what {
            What::Log { id, file, plain } => {
                holdings.logs.entry(id.to_owned()).or_default().take(file, plain, size, modified, spot);
            }
            What::End(name) => holdings.base(name).end = Some((modified, spot)),
            What::Data(name) => holdings.base(name).take(size, modified, spot),
            What::Other => {}
        }
        true
    }

    /// True where everything below a folder (ending in `/`) of an archive would have been listed.
    pub(crate) fn covers(&self, folder: &str) -> bool {
        self.whole && self.scope.as_ref().is_none_or(|scope| folder.starts_with(scope.as_str()))
    }
}

impl Holdings {
    fn base(&mut self, name: &str) -> &mut Objects {
        self.bases.entry(name.to_owned()).or_default()
    }
}

impl Objects {
    fn take(&mut self, size: Option<u64>, modified: Option<Instant>, spot: Spot) {
        if self.count == 0 {
            self.spot = spot;
        }
        self.count += 1;
        match size {
            Some(size) => self.bytes = self.bytes.saturating_add(size),
            None => self.size_unknown = true,
        }
        self.first = [self.first, modified].into_iter().flatten().min();
        self.last = self.last.max(modified);
    }
}

/// Folder of an archive's base backups, ending in `/`.
pub(crate) fn base_folder((family, root): &Place) -> String {
    match family {
        Family::WalG => below(root, "basebackups_005"),
        Family::PgBackRest => inside(root, "backup"),
        Family::Barman => below(root, "base"),
    }
}

/// Folder of an archive's log, ending in `/`.
pub(crate) fn log_folder((family, root): &Place) -> String {
    match family {
        Family::WalG => below(root, "wal_005"),
        Family::PgBackRest => inside(root, "archive"),
        Family::Barman => below(root, "wals"),
    }
}

fn below(root: &str, folder: &str) -> String {
    if root.is_empty() { format!("{folder}/") } else { format!("{root}/{folder}/") }
}

/// pgBackRest's folders lie between the repository and the stanza.
fn inside(root: &str, folder: &str) -> String {
    match root.rsplit_once('/') {
        Some((repository, stanza)) => format!("{repository}/{folder}/{stanza}/"),
        None => format!("{folder}/{root}/"),
    }
}
