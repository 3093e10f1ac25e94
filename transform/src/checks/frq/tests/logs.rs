//! FRQ-05 and FRQ-06: continuous protection, as observed.

use chrono::Duration;
use model::assessment::State::{Fail, NoEvidence, NotApplicable, Pass};
use model::rows::{Component, LogSegment, Row, TestKind, TestResult};
use model::time::Tz;

use super::with_objective;
use crate::testing::{Fixture, at, has_reason, plain};

/// Samples every `step` seconds from a day before October 2026 to a day after, each with this lag.
fn samples(step: i64, lag: impl Fn(i64) -> i64) -> Fixture {
    let mut f = with_objective(900);
    let (start, end) = (at("2026-09-30T00:00:00Z"), at("2026-10-04T00:00:00Z"));
    f.period = model::time::Period::parse("2026-10-01..2026-10-03", Tz::UTC).unwrap();
    let mut t = start;
    let mut n = 0;
    while t <= end {
        f.pitr("db", t, t - Duration::seconds(lag(n)));
        t += Duration::seconds(step);
        n += 1;
    }
    f
}

#[test]
pub(super) fn frq_05_examples() {
    let dense = samples(300, |_| 10).judge();
    let result = dense.is("FRQ-05", "db", Pass);
    assert!(result.detail.contains("at most 5 min 10 s"), "{}", result.detail);
    let sparse = samples(3600, |_| 60).judge();
    assert!(sparse.is("FRQ-05", "db", NoEvidence).detail.contains('%'));
    let lagging = samples(300, |n| if n == 500 { 1500 } else { 10 }).judge();
    has_reason(lagging.is("FRQ-05", "db", Fail), "exposure_exceeds_rpo");
}

#[test]
pub(super) fn frq_05_a_sample_from_the_future_proves_nothing() {
    let verdicts = samples(300, |_| -7200).judge();
    verdicts.is("FRQ-05", "db", NoEvidence);
    has_reason(verdicts.is("EVI-02", "runs.log", Fail), "impossible_time");
    let mut f = Fixture::new("2026-10");
    f.system("dns", |s| s.tier = Some("network_services".to_owned()));
    f.judge().is("FRQ-05", "dns", NotApplicable);
}

#[test]
fn frq_06_chains() {
    let logs = |f: &mut Fixture| {
        f.system("db", plain()).plan("logs", "db", "continuous", |p| p.component = Component::LogContinuous);
        f.point("db", "2026-09-30T01:00:00Z", plain());
    };
    let mut f = Fixture::new("2026-10");
    logs(&mut f);
    f.judge().is("FRQ-06", "db", NoEvidence);
    f.segment("db", "1", "0001", None).segment("db", "1", "0002", Some("0001")).segment(
        "db",
        "1",
        "0003",
        Some("0002"),
    );
    f.judge().is("FRQ-06", "db", Pass);
    f.segment("db", "1", "0005", Some("0004"));
    let broken = f.judge();
    assert!(broken.is("FRQ-06", "db", Fail).detail.contains("0004"));
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
    f.judge().is("FRQ-06", "db", NotApplicable);
}

/// A row may stand for a sequence, and a listing for a moment.
#[test]
pub(super) fn frq_06_listed_sequences() {
    let mut base = Fixture::new("2026-10");
    base.system("db", plain()).plan("logs", "db", "continuous", |p| p.component = Component::LogContinuous);
    let name = |n: u64| format!("{:024X}", (1_u128 << 64) + u128::from(n));
    let listed = |f: &mut Fixture, day: &str, sequences: &[(u64, u64, u64)]| {
        let listed_at = at(&format!("{day}T06:00:00Z"));
        for (n, (first, last, lost)) in sequences.iter().enumerate() {
            let origin = crate::testing::origin("s3", "b", format!("{day}/{n}"), at("2026-11-22T00:00:00Z"));
            let mut row = LogSegment::new(origin, "00000001", name(*first));
            row.system_id = Some("db".to_owned());
            (row.last_segment, row.segments, row.lost_before) =
                (Some(name(*last)), Some(last - first + 1), Some(*lost));
            row.previous_segment = (n > 0).then(|| name(first - 1));
            row.listed_at = Some(listed_at);
            f.row(Row::LogSegment(row));
        }
    };
    let mut f = base.clone();
    listed(&mut f, "2026-10-10", &[(5, 900, 0), (901, 1000, 0)]);
    listed(&mut f, "2026-10-20", &[(500, 2000, 0)]);
    assert!(f.judge().is("FRQ-06", "db", Pass).detail.contains("1501 segments"));
    // A hole in any listing of the period counts, though a later one does not show it any more.
    let mut f = base.clone();
    listed(&mut f, "2026-10-10", &[(5, 100, 0), (104, 1000, 3)]);
    listed(&mut f, "2026-10-20", &[(500, 2000, 0)]);
    let detail = f.judge().is("FRQ-06", "db", Fail).detail.clone();
    assert!(detail.contains("3 segments are missing") && detail.contains(&name(103)), "{detail}");
    // Of other periods it does not, unless nothing newer tells.
    let mut f = base.clone();
    listed(&mut f, "2026-09-10", &[(5, 100, 0), (104, 1000, 3)]);
    f.judge().is("FRQ-06", "db", Fail);
    listed(&mut f, "2026-10-20", &[(500, 2000, 0)]);
    f.judge().is("FRQ-06", "db", Pass);
    // A child's first segment needs its parent's last.
    let mut f = base.clone();
    listed(&mut f, "2026-10-20", &[(5, 100, 0)]);
    let mut child = LogSegment::new(
        crate::testing::origin("s3", "b", "child", at("2026-11-22T00:00:00Z")),
        "00000002",
        "000000020000000000000065",
    );
    child.system_id = Some("db".to_owned());
    child.listed_at = Some(at("2026-10-20T06:00:00Z"));
    child.previous_segment = Some(name(100));
    let mut good = f.clone();
    good.row(Row::LogSegment(child.clone()));
    good.judge().is("FRQ-06", "db", Pass);
    child.previous_segment = Some(name(101));
    f.row(Row::LogSegment(child));
    f.judge().is("FRQ-06", "db", Fail);
}

/// Shipped logs fill the time between samples.
#[test]
fn frq_05_shipped_logs() {
    let start = at("2026-10-01T00:00:00Z");
    let build = |gap_s: i64, until: &str, restorable: bool| {
        let mut f = with_objective(900);
        let mut row = LogSegment::new(
            crate::testing::origin("s3", "b", "1", at("2026-11-22T00:00:00Z")),
            "00000001",
            "000000010000000000000001",
        );
        row.system_id = Some("db".to_owned());
        row.archived_from = Some(start - Duration::days(1));
        row.restorable_from = restorable.then(|| start - Duration::days(1));
        row.archived_at = Some(at(until));
        row.largest_gap_s = Some(gap_s);
        f.row(Row::LogSegment(row));
        f.judge()
    };
    let pass = build(60, "2026-11-01T00:00:00Z", true);
    assert!(pass.is("FRQ-05", "db", Pass).detail.contains("at most 1 min"), "{}", pass.of("FRQ-05", "db").detail);
    build(901, "2026-11-01T00:00:00Z", true).is("FRQ-05", "db", NoEvidence);
    build(60, "2026-11-01T00:00:00Z", false).is("FRQ-05", "db", NoEvidence);
    let half = build(60, "2026-10-16T12:00:00Z", true);
    assert!(half.is("FRQ-05", "db", NoEvidence).detail.contains("for 50.03 %"), "{}", half.of("FRQ-05", "db").detail);
}

/// A sequence of logs without a pause above a minute: shipped from one time to another, on a base of a third.
fn shipped(f: &mut Fixture, timeline: &str, from: &str, to: &str, base: &str) {
    let origin = crate::testing::origin("s3", "b", timeline, at("2026-11-22T00:00:00Z"));
    let mut row = LogSegment::new(origin, timeline, format!("{timeline}0000000000000001"));
    row.system_id = Some("db".to_owned());
    (row.archived_from, row.restorable_from) = (Some(at(from)), Some(at(base)));
    (row.archived_at, row.largest_gap_s) = (Some(at(to)), Some(60));
    f.row(Row::LogSegment(row));
}

#[test]
pub(super) fn frq_05_an_idle_database_needs_a_status_that_states_its_restorable_time() {
    let mut f = with_objective(900);
    f.period = model::time::Period::parse("2026-10-01..2026-10-02", Tz::UTC).unwrap();
    let (noon, end) = (at("2026-10-02T12:00:00Z"), at("2026-10-03T00:00:00Z"));
    shipped(&mut f, "00000001", "2026-09-30T00:00:00Z", "2026-10-02T12:00:00Z", "2026-09-30T00:00:00Z");
    f.judge().is("FRQ-05", "db", NoEvidence);
    let mut t = noon;
    while t <= end {
        f.pitr("db", t, t);
        t += Duration::seconds(300);
    }
    f.judge().is("FRQ-05", "db", Pass);
}

#[test]
pub(super) fn frq_05_failures_that_recover_in_time_are_told_and_maintenance_counts() {
    let with = |lag: i64| {
        let mut f = samples(300, |n| if n == 500 { lag } else { 10 });
        if let Some(Row::Pitr(sample)) = f.rows.get_mut(500) {
            sample.archive_failures = Some(3);
        }
        f
    };
    let verdicts = with(500).judge();
    let result = verdicts.is("FRQ-05", "db", Pass);
    has_reason(result, "archive_failures");
    assert!(result.detail.ends_with("failed 3 times (pitr_status.archive_failures)."), "{}", result.detail);
    // Maintenance is time like any other, until the system is out of service.
    let mut f = with(1_500);
    has_reason(f.judge().is("FRQ-05", "db", Fail), "exposure_exceeds_rpo");
    f.systems[0].retired_at = Some(at("2026-10-01T12:00:00Z"));
    f.judge().is("FRQ-05", "db", Pass);
}

#[test]
pub(super) fn frq_05_after_a_failover_the_new_timeline_counts_from_its_base() {
    let with = |base: &str| {
        let mut f = with_objective(900);
        shipped(&mut f, "00000001", "2026-09-30T00:00:00Z", "2026-10-15T12:00:00Z", "2026-09-30T00:00:00Z");
        shipped(&mut f, "00000002", "2026-10-15T12:05:00Z", "2026-11-01T00:00:00Z", base);
        f.judge().of("FRQ-05", "db").state
    };
    assert_eq!(with("2026-10-15T12:05:00Z"), Pass);
    assert_eq!(with("2026-10-15T18:00:00Z"), NoEvidence);
}

#[test]
pub(super) fn frq_06_a_stated_range_is_proven_by_a_restore_to_a_moment_inside_of_it() {
    let with = |recovered: Option<&str>| {
        let mut f = Fixture::new("2026-10");
        f.system("db", plain()).plan("logs", "db", "continuous", |p| p.component = Component::LogContinuous);
        let seen = at("2026-10-20T00:00:00Z");
        f.pitr("db", seen, seen - Duration::minutes(5));
        if let Some(Row::Pitr(sample)) = f.rows.last_mut() {
            sample.earliest_restorable_at = Some(seen - Duration::days(7));
        }
        f.test("T1", "db", "2026-10-19T08:00:00Z", "2026-10-19T09:00:00Z", TestResult::Success, |t| {
            (t.kind, t.recovered_to_at) = (Some(TestKind::PointInTime), recovered.map(at));
        });
        f.judge().of("FRQ-06", "db").clone()
    };
    assert_eq!(with(Some("2026-10-18T12:34:56Z")).state, Pass);
    for other in [with(Some("2026-10-01T00:00:00Z")), with(None)] {
        assert_eq!(other.state, NoEvidence, "{}", other.detail);
        has_reason(&other, "range_not_tested");
    }
}

#[test]
pub(super) fn frq_06_a_base_after_a_gap_starts_a_new_chain_and_the_loss_is_told() {
    let with = |base: Option<&str>| {
        let mut f = Fixture::new("2026-10");
        f.system("db", plain()).plan("logs", "db", "continuous", |p| p.component = Component::LogContinuous);
        shipped(&mut f, "00000001", "2026-10-01T00:00:00Z", "2026-10-10T00:00:00Z", "2026-10-01T00:00:00Z");
        shipped(&mut f, "00000001", "2026-10-10T01:00:00Z", "2026-10-31T00:00:00Z", "2026-10-10T01:00:00Z");
        if let Some(Row::LogSegment(row)) = f.rows.last_mut() {
            row.segment = "000000010000000000000005".to_owned();
            (row.previous_segment, row.lost_before) = (Some("000000010000000000000004".to_owned()), Some(3));
            row.restorable_from = base.map(at);
        }
        f.judge().is("FRQ-06", "db", Fail).detail.clone()
    };
    let told = with(Some("2026-10-12T00:00:00Z"));
    assert!(told.contains("Lost is 2026-10-10T00:00:00Z to 2026-10-12T00:00:00Z; a base starts a new chain"), "{told}");
    assert!(with(None).contains("what came after 2026-10-10T00:00:00Z, until a new base"));
}
