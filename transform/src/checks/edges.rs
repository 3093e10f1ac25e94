//! Which test shows each edge case of `controls/checks.toml`.
//!
//! Every group of checks claims its own in a list `EDGES` beside its tests. An edge case that nobody claims, or a claim
//! of one that is gone, fails the test below.

use std::collections::BTreeMap;
use std::path::Path;

use model::controls::Controls;

use super::{acc, cap, chg, doc, emg, evi, exc, met, mon, obj, prc, rev, rst};

/// A check, the beginning of one of its edge cases, and what shows it.
pub(crate) type Edge = (&'static str, &'static str, Shown);

/// How an edge case is shown.
pub(crate) enum Shown {
    /// By this test. That it exists is seen to by the compiler.
    By(#[expect(dead_code, reason = "the claim is its name")] fn()),
    /// By a test of this name in this file of the project, outside this crate.
    In(&'static str, &'static str),
    /// By none, since it says nothing that evidence can hold: the reason.
    NotData(&'static str),
}

/// The claims of all groups.
const CLAIMED: &[&[Edge]] = &[
    acc::EDGES,
    cap::EDGES,
    chg::EDGES,
    doc::EDGES,
    emg::EDGES,
    evi::EDGES,
    exc::EDGES,
    met::EDGES,
    mon::EDGES,
    obj::EDGES,
    prc::EDGES,
    rev::EDGES,
    rst::EDGES,
];

#[test]
fn every_edge_case_has_a_test_or_a_reason_why_it_has_none() {
    let mut open: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for check in &Controls::embedded().checks {
        open.entry(&check.id).or_default().extend(check.edge_cases.iter().map(String::as_str));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (check, beginning, shown) in CLAIMED.iter().copied().flatten() {
        let cases = open.get_mut(check).unwrap_or_else(|| panic!("no check {check}"));
        let meant: Vec<usize> = (0..cases.len()).filter(|i| cases[*i].starts_with(beginning)).collect();
        let [one] = meant[..] else { panic!("{check}: {} unclaimed edge cases begin with {beginning:?}", meant.len()) };
        cases.remove(one);
        match shown {
            Shown::By(_) => {}
            Shown::In(file, test) => {
                let text = std::fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
                assert!(text.contains(&format!("fn {test}(")), "{file} has no test {test}");
            }
            Shown::NotData(reason) => assert!(reason.len() > 20, "{check}: {beginning:?} needs a reason"),
        }
    }
    open.retain(|_, cases| !cases.is_empty());
    assert!(open.is_empty(), "edge cases without a claim: {open:#?}");
}
