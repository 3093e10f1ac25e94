//! STO: where backups are kept.

mod approval;
mod assurance;
mod copies;
mod locks;
mod settings;

pub use approval::approved;
pub use assurance::provider_run;
pub use copies::{account_loss, other_region};
pub use locks::protected;
pub use settings::{available, private};

use std::collections::BTreeSet;

use super::common::{ORGANIZATION, no_register};
use crate::judgement::Judgement;
use crate::world::World;

/// Names the systems that a result about a place or platform concerns.
fn about_all(judgement: Judgement, systems: &BTreeSet<&str>) -> Judgement {
    systems.iter().fold(judgement, |j, s| j.about(s))
}

/// No place is known at all: nothing shows where backups are.
fn no_place(world: &World<'_>) -> Vec<Judgement> {
    vec![if world.registers.storage_locations.is_none() {
        no_register(ORGANIZATION, "storage_locations")
    } else {
        Judgement::no_evidence(
            ORGANIZATION,
            "no_location",
            "The register storage_locations is empty, and neither platforms, plans nor recovery points name a place.",
        )
    }]
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
