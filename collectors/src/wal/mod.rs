//! PostgreSQL's log archive, as WAL-G, WAL-E, pgBackRest and Barman keep it: which segments there are, which are
//! missing, and which points in time can be restored. Shared by the readers of these tools and of buckets; no I/O.
//!
//! | Module | Holds |
//! |---|---|
//! | [`segment`] | names, sizes, successors, LSNs |
//! | [`history`] | timeline history files |
//! | [`archive`] | the segments of one archive, 24 bytes each |
//! | [`continuity`] | paths over timelines, missing segments, pauses |
//! | [`window`] | base backups and continuity: the restorable window |
//! | [`sentinel`] | what the files beside base backups tell |
//! | [`recognise`] | which archive a key belongs to |
//! | [`layout`] | one listing: takes keys one at a time |
//! | [`base`], [`rows`] | rows |
//! | [`attempt`] | commands of WAL-G and WAL-E as runs |
//! | [`secret`] | files beside their logs that hold secrets |
//!
//! # Feeding a listing
//!
//! Whoever can list a place that holds archives, a bucket or a folder, makes one [`layout::Listing`] for each time it
//! was listed, and hands every key to it:
//!
//! ```text
//! let mut listing = Listing::new(listed_at, Some(prefix));       // prefix: what was asked for, "" for all of a bucket
//! for (page, response) in pages.enumerate() {
//!     for (item, object) in response.contents.enumerate() {
//!         let spot = Spot { page, item };                         // comes back when lineage is asked for
//!         if !listing.key(object.key, object.size, object.last_modified, spot) {
//!             // no archive's: treat it as you did before
//!         }
//!     }
//! }
//! listing.whole = true;            // the last page said that nothing follows; else nothing is concluded from absence
//! listing.final_absence = !versioned;
//! rows::emit(&context, vec![listing], sink);
//! ```
//!
//! - Keys may come in any order, pages may repeat: a segment counts once.
//! - Listings of the same place at several times go into one call of [`rows::emit`]; each gives its own sample of the
//!   restorable window, and base backups that several show are handed on once.
//! - `scope` (the prefix) decides what absence means: a listing of `…/wal_005/` alone says nothing of base backups,
//!   which are then taken from the listing nearest in time that shows them.
//! - [`rows::Context`] names things: resource ids, ids of recovery points, lineage of a spot, and what sentinels and
//!   history files tell where their content is at hand. Without it the listing alone has to do: end of a base backup is
//!   when its last object was stored, and a timeline is taken to leave its parent where its first segment is.
//! - Old versions of objects and delete markers are no keys: leave them out.

pub(crate) mod archive;
pub(crate) mod attempt;
pub(crate) mod base;
pub(crate) mod continuity;
pub(crate) mod history;
pub(crate) mod layout;
pub(crate) mod recognise;
pub(crate) mod rows;
pub(crate) mod secret;
pub(crate) mod segment;
pub(crate) mod sentinel;
pub(crate) mod told;
pub(crate) mod window;

#[cfg(test)]
mod tests;
