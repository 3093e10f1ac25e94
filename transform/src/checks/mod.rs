//! The checks: one function each, from the world to one judgement a unit.
//!
//! Prose, severity, parameters, edge cases and examples of each stand in `controls/checks.toml`. A new check is its
//! function and its line in [`RULES`].

use crate::judgement::Judgement;
use crate::world::World;

mod acc;
mod assurance;
mod cadence;
mod cap;
mod chg;
mod cmp;
mod common;
mod cov;
mod doc;
#[cfg(test)]
mod edges;
mod emg;
mod enc;
mod evi;
pub mod exc;
mod faults;
pub mod frq;
mod grants;
mod inv;
mod key;
mod met;
mod mon;
mod notes;
mod obj;
mod places;
mod prc;
mod req;
mod ret;
mod rev;
mod rst;
mod sto;
mod tls;

pub(crate) use common::{ORGANIZATION, last_moment, no_register, restorable};
pub(crate) use places::Place;
pub(crate) use rst::proves_restore;

/// A check's function.
pub type Judge = fn(&World<'_>) -> Vec<Judgement>;

/// True for checks that no exception waives: those of evidence, of exceptions and of the policy document.
#[must_use]
pub fn cannot_be_waived(check: &str) -> bool {
    ["EVI", "EXC", "DOC"].iter().any(|group| check.starts_with(group))
}

/// Every check that is evaluated, in the order of `controls/checks.toml`. EXC-05 reads the other
/// results and runs after them (see [`exc::uncovered`]).
pub const RULES: &[(&str, Judge)] = &[
    ("INV-01", inv::rows_complete),
    ("INV-02", inv::reconciled),
    ("INV-03", inv::owned),
    ("INV-04", inv::exclusions),
    ("INV-05", inv::protected_on_time),
    ("INV-06", inv::platforms),
    ("INV-07", inv::control_systems),
    ("REQ-01", req::met),
    ("FRQ-01", frq::gaps),
    ("FRQ-02", frq::on_time),
    ("FRQ-03", frq::high_change),
    ("FRQ-04", frq::design),
    ("FRQ-05", frq::exposure),
    ("FRQ-06", frq::chain),
    ("CMP-01", cmp::components),
    ("CMP-02", cmp::plausible),
    ("RET-01", ret::configured),
    ("RET-02", ret::existing),
    ("RET-03", ret::deletions),
    ("RET-04", ret::maximum),
    ("COV-01", cov::covered),
    ("COV-02", cov::reviewed),
    ("COV-03", cov::new_reviewed),
    ("STO-01", sto::approved),
    ("STO-02", sto::available),
    ("STO-03", sto::other_region),
    ("STO-04", sto::private),
    ("STO-05", sto::protected),
    ("STO-06", sto::account_loss),
    ("STO-07", sto::provider_run),
    ("ENC-01", enc::points),
    ("ENC-02", enc::defaults),
    ("KEY-01", key::managed),
    ("KEY-02", key::usable),
    ("TLS-01", tls::floor),
    ("TLS-02", tls::observed),
    ("ACC-01", acc::by_roles),
    ("ACC-02", acc::factor),
    ("ACC-03", acc::restricted),
    ("ACC-04", acc::reviewed),
    ("ACC-05", acc::separated),
    ("EMG-01", emg::approved),
    ("EMG-02", emg::logged),
    ("EMG-03", emg::explained),
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
    ("MON-01", mon::monitored),
    ("MON-02", mon::alerted),
    ("MON-03", mon::investigated),
    ("MON-04", mon::remedied),
    ("MON-05", mon::every_day),
    ("MON-06", mon::alert_path_tested),
    ("MON-07", mon::corruption),
    ("OBJ-01", obj::exist),
    ("OBJ-02", obj::agreed),
    ("OBJ-03", obj::coherent),
    ("OBJ-04", obj::performance_reviewed),
    ("PRC-01", prc::documented),
    ("PRC-02", prc::kept_monthly),
    ("PRC-03", prc::learned),
    ("PRC-04", prc::sections_approved),
    ("PRC-05", prc::held),
    ("PRC-06", prc::procedures),
    ("CHG-01", chg::before_moving),
    ("REV-01", rev::job_status),
    ("REV-02", rev::restore_reports),
    ("REV-03", rev::internally_audited),
    ("REV-04", rev::design_verified),
    ("REV-05", rev::management),
    ("REV-06", rev::incidents_reviewed),
    ("MET-01", met::backup_success),
    ("MET-02", met::restore_success),
    ("MET-03", met::incidents),
    ("MET-04", met::exceptions),
    ("EXC-01", exc::complete),
    ("EXC-02", exc::approved),
    ("EXC-03", exc::expiry),
    ("EXC-04", exc::remediation),
    ("CAP-01", cap::followed_through),
    ("CAP-02", cap::sanctions),
    ("DOC-01", doc::in_time),
    ("DOC-02", doc::version),
    ("DOC-03", doc::signed),
    ("DOC-04", doc::fit),
    ("DOC-05", doc::current),
    ("DOC-06", doc::kept),
    ("DOC-07", doc::consistent),
    ("DOC-08", doc::acknowledged),
    ("EVI-01", evi::covered),
    ("EVI-02", evi::times),
    ("EVI-03", evi::contradictions),
    ("EVI-04", evi::traceable),
    ("EVI-05", evi::index),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::controls::Controls;

    use super::*;

    /// Examples that tests claim, by check id and position in `controls/checks.toml`.
    const CLAIMED: &[&[(&str, usize)]] =
        &[doc::EXAMPLES, exc::EXAMPLES, frq::EXAMPLES, obj::EXAMPLES, ret::EXAMPLES, rst::EXAMPLES];

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
