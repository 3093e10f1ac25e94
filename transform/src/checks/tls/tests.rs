//! TLS-01 and TLS-02: the edge cases of `controls/checks.toml`.

use model::assessment::State;

use super::super::edges::Edge;
use super::super::edges::Shown::By;
use crate::testing::{Fixture, Verdicts, has_reason, plain};

/// Edge cases shown here.
pub(crate) const EDGES: &[Edge] = &[
    ("TLS-01", "Versions compare", By(the_floor_holds_at_every_reading_and_every_observation)),
    ("TLS-01", "Replication over", By(another_protocol_fails_by_the_letter_and_an_exception_waives_it)),
    ("TLS-01", "A default floor", By(a_floor_that_the_provider_sets_needs_a_statement_that_is_current)),
    ("TLS-02", "A probe proves", By(a_probe_proves_what_it_offered)),
    ("TLS-02", "One old client", By(the_floor_holds_at_every_reading_and_every_observation)),
];

const HEAD: &str = "path_id,from_ref,to_ref,protocol,min_version_configured,version_negotiated,provider_internal,assurance_ref,observed_at\n";

fn with(rows: &str) -> Verdicts {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f.register("transport_paths", &format!("{HEAD}{rows}\n"));
    f.register(
        "provider_assurance",
        "assurance_id,platform_id,kind,covers,period_start,period_end\nA1,h,report,encryption,2025-10-01,2026-09-30\nA2,h,statement,encryption,2025-01-01,2025-12-31\n",
    );
    f.judge()
}

#[test]
fn the_floor_holds_at_every_reading_and_every_observation() {
    let v = with("P1,db,vault,TLS,1.2,TLSv1.3,false,,2026-10-05T00:00:00Z");
    v.is("TLS-01", "P1", State::Pass);
    v.is("TLS-02", "P1", State::Pass);
    let v = with(
        "P1,db,vault,TLS,1.2,1.2,false,,2026-10-05T00:00:00Z\nP1,db,vault,TLS,TLS 1.1,SSLv3,false,,2026-10-06T00:00:00Z",
    );
    has_reason(v.is("TLS-01", "P1", State::Fail), "floor_too_low");
    has_reason(v.is("TLS-02", "P1", State::Fail), "version_too_low");
    let v = with("P1,db,vault,SSH,,,false,,2026-10-05T00:00:00Z");
    has_reason(v.is("TLS-01", "P1", State::Fail), "other_protocol");
    let v = with("P1,db,vault,http,,,false,,2026-10-05T00:00:00Z");
    has_reason(v.is("TLS-01", "P1", State::Fail), "plain_access");
    has_reason(v.is("TLS-02", "P1", State::Fail), "in_clear");
    let v = with("P1,db,vault,TLS,1.2,1.2,false,,2026-09-05T00:00:00Z");
    has_reason(v.is("TLS-01", "P1", State::NoEvidence), "not_read");
    has_reason(v.is("TLS-02", "P1", State::NoEvidence), "not_observed");
}

#[test]
fn paths_that_nobody_can_observe_need_a_current_statement() {
    let v = with("P1,db,vault,,,,true,A1,2026-10-05T00:00:00Z\nP2,db,db,TLS,,,false,,2026-10-05T00:00:00Z");
    has_reason(v.is("TLS-01", "P1", State::Pass), "provider_statement");
    has_reason(v.is("TLS-02", "P1", State::NotApplicable), "provider_internal");
    has_reason(v.is("TLS-01", "P2", State::NotApplicable), "one_host");
    for reference in ["A2", ""] {
        let v = with(&format!("P1,db,vault,,,,true,{reference},2026-10-05T00:00:00Z"));
        has_reason(v.is("TLS-01", "P1", State::NoEvidence), "statement_missing");
    }
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    has_reason(f.judge().is("TLS-01", "organization", State::NoEvidence), "register_not_given");
    f.plan("nightly", "db", "0 2 * * *", |p| p.location_id = Some("s3:b".into()));
    has_reason(f.judge().is("TLS-01", "s3:b", State::NoEvidence), "not_read");
}

#[test]
fn what_the_place_shows_counts_beside_the_register() {
    let place = |min: &str, denied: &str| {
        let mut f = Fixture::new("2026-10");
        f.system("db", plain());
        f.register("transport_paths", &format!("{HEAD}P1,db,s3:b,HTTPS,1.2,1.2,false,,2026-10-05T00:00:00Z\n"));
        f.register(
            "storage_locations",
            &format!("location_id,platform_id,tls_min_enforced,plain_access_denied,observed_at\ns3:b,s3,{min},{denied},2026-10-05T00:00:00Z\n"),
        );
        f.judge()
    };
    place("1.2", "true").is("TLS-01", "P1", State::Pass);
    has_reason(place("1.2", "false").is("TLS-01", "P1", State::Fail), "plain_access");
    has_reason(place("1.0", "true").is("TLS-01", "P1", State::Fail), "floor_too_low");
    has_reason(place("1.2", "").is("TLS-01", "P1", State::NoEvidence), "plain_not_shown");
}

#[test]
fn another_protocol_fails_by_the_letter_and_an_exception_waives_it() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    let rows = "P1,db,vault,IPsec,,,false,,2026-10-05T00:00:00Z\nP2,db,vault2,SSH,,,false,,2026-10-05T00:00:00Z";
    f.register("transport_paths", &format!("{HEAD}{rows}\n"));
    for path in ["P1", "P2"] {
        let v = f.judge();
        has_reason(v.is("TLS-01", path, State::Fail), "other_protocol");
        assert!(!v.of("TLS-01", path).waived);
    }
    f.exception("E1", "db", "TLS-01", "2026-09-01T00:00:00Z", "2026-12-01T00:00:00Z");
    assert!(f.judge().is("TLS-01", "P1", State::Fail).waived);
}

#[test]
fn a_floor_that_the_provider_sets_needs_a_statement_that_is_current() {
    let row = |reference: &str| format!("P1,db,vault,TLS,,1.3,false,{reference},2026-10-05T00:00:00Z");
    has_reason(with(&row("A1")).is("TLS-01", "P1", State::Pass), "provider_statement");
    has_reason(with(&row("A2")).is("TLS-01", "P1", State::NoEvidence), "statement_missing");
    has_reason(with(&row("")).is("TLS-01", "P1", State::NoEvidence), "floor_not_shown");
}

#[test]
fn a_probe_proves_what_it_offered() {
    let new = "P1,db,vault,TLS,,1.3,false,,2026-10-05T00:00:00Z";
    let v = with(new);
    v.is("TLS-02", "P1", State::Pass);
    has_reason(v.is("TLS-01", "P1", State::NoEvidence), "floor_not_shown");
    let old = |answer: &str| with(&format!("{new}\nP1,db,vault,TLS,,{answer},false,,2026-10-06T00:00:00Z"));
    let v = old("refused");
    let r = v.is("TLS-02", "P1", State::Pass);
    assert!(r.detail.contains("1 observations") && r.detail.contains("1 offers of older versions"), "{}", r.detail);
    has_reason(old("TLSv1.1").is("TLS-02", "P1", State::Fail), "version_too_low");
    // A refusal alone shows no traffic, and no floor that anybody configured.
    let v = with("P1,db,vault,TLS,refused,refused,false,,2026-10-05T00:00:00Z");
    has_reason(v.is("TLS-02", "P1", State::NoEvidence), "not_observed");
    has_reason(v.is("TLS-01", "P1", State::NoEvidence), "version_unreadable");
}
