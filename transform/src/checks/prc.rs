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

use crate::judgement::Judgement;
use crate::world::World;

/// Judges each critical system in scope; the others are not applicable.
fn each_critical<'w>(world: &World<'w>, judge: impl Fn(&'w System) -> Judgement) -> Vec<Judgement> {
    world
        .in_scope()
        .map(|(_, system)| {
            let unit = system.system_id.as_str();
            if system.criticality == Criticality::Critical {
                judge(system).about(unit)
            } else {
                Judgement::not_applicable(unit, "not_critical", "The inventory says that the system is not critical.")
                    .about(unit)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
