//! The examples and edge cases of FRQ in `controls/checks.toml`.

use model::assessment::State::{Fail, Pass};

use crate::testing::{Fixture, plain};

/// Examples asserted below.
pub(crate) const EXAMPLES: &[(&str, usize)] = &[
    ("FRQ-01", 0),
    ("FRQ-01", 1),
    ("FRQ-01", 2),
    ("FRQ-01", 3),
    ("FRQ-01", 4),
    ("FRQ-01", 5),
    ("FRQ-02", 0),
    ("FRQ-02", 1),
    ("FRQ-02", 2),
    ("FRQ-02", 3),
    ("FRQ-04", 0),
    ("FRQ-04", 1),
    ("FRQ-04", 2),
    ("FRQ-04", 3),
    ("FRQ-05", 0),
    ("FRQ-05", 1),
    ("FRQ-05", 2),
];

/// A database with good points at these times, every record of `from..to` there.
fn points(period: &str, times: &[&str], (from, to): (&str, &str)) -> Fixture {
    let mut f = Fixture::new(period);
    f.system("db", plain()).covers("db", from, to);
    for time in times {
        f.point("db", time, plain());
    }
    f
}

const FOUR_DAYS: (&str, &str) = ("2026-10-01T00:00:00Z", "2026-10-05T12:00:00Z");

#[test]
fn frq_01_daily_points_pass() {
    let times = ["2026-10-01T01:00:00Z", "2026-10-02T01:00:00Z", "2026-10-03T01:00:00Z", "2026-10-04T01:00:00Z"];
    let result = points("2026-10-01..2026-10-04", &times, FOUR_DAYS).judge().is("FRQ-01", "db", Pass).clone();
    assert!(result.reasons.is_empty(), "{:?}", result.reasons);
}

#[test]
fn frq_01_a_gap_above_the_tolerance_fails() {
    let times = ["2026-10-01T01:00:00Z", "2026-10-02T03:30:00Z"];
    let verdicts = points("2026-10-01..2026-10-02", &times, FOUR_DAYS).judge();
    let result = verdicts.is("FRQ-01", "db", Fail);
    assert!(result.detail.contains("26 h 30 min where 24 h is allowed"), "{}", result.detail);
    assert_eq!(result.reasons, ["gap_exceeds_limit"]);
}
