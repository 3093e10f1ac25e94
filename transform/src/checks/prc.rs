//! PRC: procedures: what is documented, kept, learned, approved and held by whom.

mod configuration;
mod lessons;
mod procedures;
mod records;
mod roles;

pub use configuration::documented;
pub use lessons::learned;
pub use procedures::procedures;
pub use records::kept_monthly;
pub use roles::{held, sections_approved};

use model::inventory::{Criticality, System};
use model::registers::{Document, Recorded};

use super::common::{no_inventory, no_register, or_none_in_scope};
use crate::judgement::Judgement;
use crate::world::World;

/// Judges each critical system in scope by the register of documents; the others are not applicable. `table` is that of
/// the inventory which must be given.
fn each_critical<'w>(
    world: &World<'w>,
    table: &str,
    judge: impl Fn(&'w System, &'w [Recorded<Document>]) -> Judgement,
) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory(table);
    }
    let judged = world.in_scope().map(|(_, system)| {
        let unit = system.system_id.as_str();
        let judgement = match &world.registers.documents {
            _ if system.criticality != Criticality::Critical => {
                Judgement::not_applicable(unit, "not_critical", "The inventory says that the system is not critical.")
            }
            None => no_register(unit, "documents"),
            Some(documents) => judge(system, documents),
        };
        judgement.about(unit)
    });
    or_none_in_scope(judged.collect())
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
