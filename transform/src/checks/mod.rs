//! The checks: one function each, from the world to one judgement a unit.
//!
//! Prose, severity, parameters, edge cases and examples of each stand in `controls/checks.toml`. A new check is its
//! function and its line in [`RULES`].

use crate::judgement::Judgement;
use crate::world::World;

mod cmp;
mod cov;
mod enc;
mod evi;
pub mod exc;
pub mod frq;
mod inv;
mod obj;
mod ret;
mod rst;

/// A check's function.
pub type Judge = fn(&World<'_>) -> Vec<Judgement>;

/// Every check that is evaluated, in the order of `controls/checks.toml`. EXC-05 reads the other
/// results and runs after them (see [`exc::uncovered`]).
pub const RULES: &[(&str, Judge)] = &[
    ("FRQ-01", frq::gaps),
    ("FRQ-02", frq::on_time),
    ("FRQ-03", frq::high_change),
    ("FRQ-04", frq::design),
    ("FRQ-05", frq::exposure),
    ("FRQ-06", frq::chain),
];
