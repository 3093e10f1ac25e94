//! What has to be done again and again: reviews, approvals, tests of the alert path.
//!
//! A calendar cadence is added in the reporting zone; a due day passes, the day after is overdue (`controls/checks.toml`,
//! `duration_and_calendar`).

use model::registers::{Recorded, Review, ReviewKind};
use model::time::{Instant, utc_text};

use super::faults::Faults;
use crate::world::World;

/// Where a duty with a cadence stands at `as_of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Done at `last`, and again due before `due`, which is to come.
    Current { last: Instant, due: Instant },
    /// Done at `last`, and overdue since `due`.
    Overdue { last: Instant, due: Instant },
    /// Never done, and the first time is due before `due`, which is to come.
    NotYetDue { due: Instant },
    /// Never done, and due (or nothing dates the beginning).
    Never,
}

/// Where a duty stands that was done at `done` (in any order; what came after `as_of` does not count) and exists since
/// `began`. `cadence` is the id of a parameter.
pub fn standing(
    world: &World<'_>,
    cadence: &str,
    done: impl IntoIterator<Item = Instant>,
    began: Option<Instant>,
) -> Standing {
    let (zone, span) = (world.period.zone(), world.policy.span(cadence));
    let last = done.into_iter().filter(|at| *at <= world.as_of).max();
    match (last, began) {
        (Some(last), _) => {
            let due = span.due_by(last, zone);
            if due > world.as_of { Standing::Current { last, due } } else { Standing::Overdue { last, due } }
        }
        (None, Some(began)) if span.due_by(began, zone) > world.as_of => {
            Standing::NotYetDue { due: span.due_by(began, zone) }
        }
        (None, _) => Standing::Never,
    }
}

/// When the programme began: the first system in scope came into service, up to `as_of`.
pub fn programme_began(world: &World<'_>) -> Option<Instant> {
    let systems = world.inventory.systems.iter().filter(|s| s.in_scope && s.onboarded_at <= world.as_of);
    systems.map(|s| s.onboarded_at).min()
}

/// Adds the fault `overdue` where the duty was done and is due again.
pub fn note_overdue(faults: &mut Faults, standing: Standing) {
    if let Standing::Overdue { due, .. } = standing {
        faults.add("overdue", format!("the next one was due before {}", utc_text(due)));
    }
}

/// Reviews of one of these kinds performed up to `as_of`, oldest first; `None` where the register was not given.
pub fn reviews<'w>(world: &World<'w>, kinds: &[ReviewKind]) -> Option<Vec<&'w Recorded<Review>>> {
    let registers = world.registers;
    let given = registers.reviews.as_ref()?;
    let mut all: Vec<&Recorded<Review>> =
        given.iter().filter(|r| kinds.contains(&r.kind) && r.performed_at <= world.as_of).collect();
    all.sort_by(|a, b| (a.performed_at, &a.review_id).cmp(&(b.performed_at, &b.review_id)));
    Some(all)
}

/// Those of `words` that no text of `inputs` holds, whatever the case of its letters.
pub fn not_named<'a>(inputs: &[String], words: &[&'a str]) -> Vec<&'a str> {
    words.iter().copied().filter(|word| !inputs.iter().any(|i| i.to_lowercase().contains(word))).collect()
}

/// True where a text, such as `T-1 sha256:…`, names this id as a whole word.
pub fn names_id(text: &str, id: &str) -> bool {
    text.trim() == id || text.split(|c: char| c.is_whitespace() || ",;=@:#".contains(c)).any(|word| word == id)
}
