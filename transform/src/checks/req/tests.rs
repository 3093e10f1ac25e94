//! REQ-01: the edge cases of `controls/checks.toml`.

use model::assessment::State;

use super::super::edges::Edge;
use super::super::edges::Shown::By;
use crate::testing::{Fixture, has_reason};

/// Edge cases shown here.
pub(crate) const EDGES: &[Edge] = &[
    ("REQ-01", "Where a minimum", By(a_conflict_is_told_and_not_decided)),
    ("REQ-01", "A stricter duty", By(a_stricter_duty_overrides_the_policy_and_is_named)),
];

const HEAD: &str = "obligation_id,source,kind,value,system_ids,valid_from,valid_to,reviewed_at\n";

fn with(rows: &str) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", |_| ());
    f.plan("nightly", "db", "0 2 * * *", |p| p.location_id = Some("s3:b".into()));
    f.register("storage_locations", "location_id,platform_id,region\ns3:b,s3,eu-west-1\n");
    f.register("obligations", &format!("{HEAD}{rows}\n"));
    f
}

#[test]
fn what_is_configured_is_at_least_as_strict() {
    for (kind, value, state) in [
        ("retention_min", "P30D", State::Pass),
        ("retention_min", "P90D", State::Fail),
        ("retention_max", "P90D", State::Pass),
        ("retention_max", "P30D", State::Fail),
        ("restoration", "PT4H", State::Pass),
        ("restoration", "PT1H", State::Fail),
        ("availability", "rpo PT5M", State::Fail),
        ("availability", "99.9 % a month", State::NoEvidence),
        ("location", "eu-*", State::Pass),
        ("location", "us-east-1;us-west-2", State::Fail),
    ] {
        let f = with(&format!("O1,Contract,{kind},{value},db,2026-01-01,,2026-05-01T00:00:00Z"));
        f.judge().is("REQ-01", "O1", state);
    }
    let old = with("O1,Contract,retention_min,P30D,db,2026-01-01,,2025-05-01T00:00:00Z");
    has_reason(old.judge().is("REQ-01", "O1", State::Fail), "overdue");
}

#[test]
fn a_conflict_is_told_and_not_decided() {
    let f = with(
        "O1,Law,retention_min,P90D,db,2026-01-01,,2026-05-01T00:00:00Z\nO2,Contract,retention_max,P60D,db,2026-01-01,,2026-05-01T00:00:00Z",
    );
    let v = f.judge();
    has_reason(v.is("REQ-01", "O1", State::Fail), "conflict");
    has_reason(v.is("REQ-01", "O2", State::Pass), "conflict");
}

#[test]
fn a_stricter_duty_overrides_the_policy_and_is_named() {
    // Kept for 35 days; the policy asks for 30.
    for (value, state, source) in
        [("P90D", State::Fail, true), ("P33D", State::Pass, true), ("P7D", State::Pass, false)]
    {
        let f = with(&format!("O1,Tax law,retention_min,{value},db,2026-01-01,,2026-05-01T00:00:00Z"));
        let v = f.judge();
        assert!(v.is("REQ-01", "O1", state).detail.contains("of Tax law"));
        let r = v.is("RET-01", "nightly", state);
        assert_eq!(r.detail.contains("are needed by O1 (Tax law)"), source, "{}", r.detail);
    }
}

#[test]
fn no_duty_needs_a_signed_statement() {
    has_reason(Fixture::new("2026-10").judge().is("REQ-01", "organization", State::NoEvidence), "register_not_given");
    let mut f = with("");
    has_reason(f.judge().is("REQ-01", "organization", State::NoEvidence), "register_empty");
    f.register(
        "documents",
        "document_id,kind,title,version,approved_by,approved_at\nD1,other,There are no duties beyond the policy,1,paula,2026-02-01T00:00:00Z\n",
    );
    has_reason(f.judge().is("REQ-01", "organization", State::NotApplicable), "no_duty");
}
