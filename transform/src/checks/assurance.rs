//! Statements of providers (`provider_assurance`): which of them still hold.

use chrono::Days;
use model::registers::{AssuranceKind, ProviderAssurance, Recorded};
use model::time::{Instant, day_start};

use crate::world::World;

/// When a statement stops to count; `None` where it has no end, and an undated report or statement never counts.
///
/// A report counts for `provider_assurance_max_age` after the period it covers. A statement, such as a bridge letter,
/// counts for the time it states and not longer. Contracts and terms hold until they end.
fn counts_until(world: &World<'_>, row: &ProviderAssurance) -> Option<Instant> {
    let zone = world.period.zone();
    let end = row.period_end.map(|day| day_start(day + Days::new(1), zone));
    match row.kind {
        AssuranceKind::Report => {
            let day = row.period_end.map(|day| day_start(day, zone));
            Some(day.map_or(Instant::MIN_UTC, |at| world.policy.span("provider_assurance_max_age").due_by(at, zone)))
        }
        AssuranceKind::Statement => Some(end.unwrap_or(Instant::MIN_UTC)),
        AssuranceKind::Contract | AssuranceKind::Terms => end,
    }
}

/// True where a statement counts at the end of what is judged.
pub fn is_current(world: &World<'_>, row: &ProviderAssurance) -> bool {
    let begun = row.period_start.is_none_or(|day| day_start(day, world.period.zone()) < world.until());
    begun && counts_until(world, row).is_none_or(|end| end >= world.until())
}

/// Statements about a platform; `None` where the register was not given.
pub fn about<'w>(world: &World<'w>, platform: &str) -> Option<Vec<&'w Recorded<ProviderAssurance>>> {
    let registers = world.registers;
    let given = registers.provider_assurance.as_ref()?;
    Some(given.iter().filter(|row| row.platform_id == platform).collect())
}

/// True where a statement covers this subject: backup, encryption, retention, restore, location, ephi.
pub fn covers(row: &ProviderAssurance, subject: &str) -> bool {
    row.covers.iter().any(|c| c.trim().eq_ignore_ascii_case(subject))
}
