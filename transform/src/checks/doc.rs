//! DOC: the policy document itself.
//!
//! What the document prints about itself (version, history, signature block, citations, references) is read from the
//! policy's data; who wrote, approved, signed and acknowledged it, and where it lies, from the registers. A fault that
//! the printed text proves is a failure whether or not registers were given.

mod citations;
mod history;
mod kept;
mod published;
mod references;
mod review;
mod signed;
mod versions;

pub use citations::fit;
pub use history::version;
pub use kept::kept;
pub use published::acknowledged;
pub use references::current;
pub use review::in_time;
pub use signed::{consistent, signed};

use std::collections::BTreeSet;

use chrono::{Days, Duration, NaiveDate};
use model::registers::{Document, DocumentKind, Recorded};
use model::time::{Instant, day_start};

use crate::coverage::Interval;
use crate::world::World;

/// Words of a title that tell documents apart: in lower case, without "and" and signs.
fn title_words(title: &str) -> BTreeSet<String> {
    let words = title.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    words.filter(|w| !w.is_empty() && w != "and" && w != "the").collect()
}

/// True where a row of `documents` is about this policy: its id, or as policy its title.
fn is_own(world: &World<'_>, document: &Document) -> bool {
    let own = &world.policy.document;
    document.document_id.eq_ignore_ascii_case(&own.document_id)
        || document.kind == DocumentKind::Policy
            && document.title.as_deref().is_some_and(|t| title_words(t) == title_words(&own.title))
}

/// Rows of `documents` about this policy, one a version; `None` where the register was not given.
fn own_rows<'w>(world: &World<'w>) -> Option<Vec<&'w Recorded<Document>>> {
    let registers = world.registers;
    Some(registers.documents.as_ref()?.iter().filter(|d| is_own(world, d)).collect())
}

/// True where another register's `document_id` means this policy.
fn is_own_id(world: &World<'_>, id: &str) -> bool {
    id.eq_ignore_ascii_case(&world.policy.document.document_id)
        || own_rows(world).into_iter().flatten().any(|d| d.document_id == id)
}

/// The version in force, as far as anything tells: the newest of the history, else the one stated.
fn current_version<'w>(world: &World<'w>) -> &'w str {
    let stated = || {
        let newest = own_rows(world).unwrap_or_default().into_iter().max_by_key(|d| (d.approved_at, d.effective_from));
        newest.map_or(world.policy.document.stated_version.as_str(), |d| d.version.as_str())
    };
    history::rows(world).last().map_or_else(stated, |row| row.version)
}

/// First and last second of a calendar day in the reporting zone.
fn ends_of(day: NaiveDate, world: &World<'_>) -> Interval {
    let zone = world.period.zone();
    (day_start(day, zone), day_start(day + Days::new(1), zone) - Duration::seconds(1))
}

/// Last day on which something is current that must be renewed a cadence after `day`.
fn due_day(world: &World<'_>, cadence: &str, day: NaiveDate) -> NaiveDate {
    let zone = world.period.zone();
    let overdue: Instant = world.policy.span(cadence).due_by(day_start(day, zone), zone);
    model::time::day_of(overdue, zone) - Days::new(1)
}

#[cfg(test)]
mod findings;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::{EDGES, EXAMPLES};
