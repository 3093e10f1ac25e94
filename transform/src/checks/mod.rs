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
    ("RST-01", rst::every_quarter),
    ("RST-02", rst::after_change),
    ("RST-03", rst::reports_complete),
    ("RST-04", rst::data_checked),
    ("RST-05", rst::restore_time),
    ("RST-06", rst::data_loss),
    ("RST-07", rst::repeated),
    ("RST-08", rst::owner_confirmed),
    ("RST-09", rst::whole_matrix),
    ("RST-10", rst::point_in_time),
    ("OBJ-01", obj::exist),
    ("OBJ-02", obj::agreed),
    ("OBJ-03", obj::coherent),
    ("OBJ-04", obj::performance_reviewed),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::controls::Controls;

    use super::*;

    /// Examples that tests claim, by check id and position in `controls/checks.toml`.
    const CLAIMED: &[&[(&str, usize)]] = &[frq::EXAMPLES, obj::EXAMPLES, rst::EXAMPLES];

    #[test]
    fn every_example_of_an_implemented_check_has_a_test() {
        let claimed: BTreeSet<(&str, usize)> = CLAIMED.iter().copied().flatten().copied().collect();
        let given: BTreeSet<(&str, usize)> = Controls::embedded()
            .checks
            .iter()
            .filter(|c| RULES.iter().any(|(id, _)| *id == c.id))
            .flat_map(|c| (0..c.examples.len()).map(|i| (c.id.as_str(), i)))
            .collect();
        assert_eq!(claimed, given);
    }
}
