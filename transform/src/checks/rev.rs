//! REV: reviews by security and compliance, internal audit and management.
//!
//! Who must review is whoever owns the statements of the policy that a check tests.

mod covering;
mod named;
mod yearly;

pub use covering::job_status;
pub use named::{incidents_reviewed, restore_reports};
pub use yearly::{design_verified, internally_audited, management};

use model::registers::Review;

use super::common::filled;
use crate::world::World;

/// True where a role that the policy makes responsible for a check performed the review; any role where the policy is
/// silent.
fn is_by_owner(world: &World<'_>, check: &str, review: &Review) -> bool {
    let owners = world.policy.owners_of(check);
    owners.is_empty() || filled(review.performer_role.as_deref()).is_some_and(|role| owners.contains(&role))
}

/// Names of the roles that must perform the reviews of a check.
fn owners(world: &World<'_>, check: &str) -> String {
    let names: Vec<&str> = world.policy.owners_of(check).into_iter().map(|r| world.policy.role_name(r)).collect();
    if names.is_empty() { "anybody".to_owned() } else { names.join(" or ") }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
