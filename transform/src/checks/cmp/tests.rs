//! CMP-01 and CMP-02: the edge cases of `controls/checks.toml`.

use model::assessment::State;
use model::rows::{Component, Integrity, Row, RunStatus, TestResult};

use super::super::edges::Edge;
use super::super::edges::Shown::By;
use crate::testing::{Fixture, at, has_reason, plain};

/// Edge cases shown here.
pub(crate) const EDGES: &[Edge] = &[
    ("CMP-01", "Keys, secrets", By(each_component_needs_a_plan_and_points_without_a_gap)),
    ("CMP-01", "A multi-part backup", By(a_backup_of_several_parts_is_none_until_all_of_its_parts_are_there)),
    ("CMP-01", "A successful full restore", By(a_full_restore_test_is_told_as_the_strongest_evidence_for_a_set)),
    ("CMP-02", "A sharp drop", By(a_sharp_drop_fails_until_somebody_records_the_reason)),
    ("CMP-02", "Incremental sizes vary", By(full_backups_are_compared_with_full_ones)),
    ("CMP-02", "Compression", By(a_sharp_drop_fails_until_somebody_records_the_reason)),
];

fn fixture(needed: &[Component]) -> Fixture {
    let mut f = Fixture::new("2026-10");
    let needed = needed.to_vec();
    f.system("db", |s| s.required_components = needed);
    f
}

#[test]
fn components_are_listed_or_nothing_is_known() {
    has_reason(fixture(&[]).judge().is("CMP-01", "db", State::NoEvidence), "required_components_empty");
    has_reason(fixture(&[Component::Full]).judge().is("CMP-01", "db", State::NotApplicable), "one_component");
}

fn daily(f: &mut Fixture, component: Component, days: std::ops::RangeInclusive<u32>) {
    for day in days {
        f.point("db", &format!("2026-10-{day:02}T02:00:00Z"), |p| {
            p.component = Some(component);
            p.recovery_point_id = format!("{component}/{day}");
        });
    }
}

#[test]
fn each_component_needs_a_plan_and_points_without_a_gap() {
    let mut f = fixture(&[Component::Full, Component::Config]);
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-05T00:00:00Z");
    f.plan("full", "db", "0 2 * * *", plain());
    daily(&mut f, Component::Full, 1..=31);
    has_reason(f.judge().is("CMP-01", "db", State::Fail), "component_without_plan");
    f.plan("config", "db", "0 2 * * *", |p| p.component = Component::Config);
    daily(&mut f, Component::Config, 1..=20);
    let v = f.judge();
    let r = v.is("CMP-01", "db", State::Fail);
    has_reason(r, "component_missing");
    assert!(r.detail.contains("no good config from 2026-10-20T02:00:00Z"), "{}", r.detail);
    daily(&mut f, Component::Config, 21..=31);
    f.judge().is("CMP-01", "db", State::Pass);
}

#[test]
fn a_component_gap_that_nothing_covers_is_no_evidence() {
    let mut f = fixture(&[Component::Full, Component::Config]);
    f.plan("full", "db", "0 2 * * *", plain());
    f.plan("config", "db", "0 2 * * 0", |p| p.component = Component::Config);
    daily(&mut f, Component::Full, 1..=31);
    has_reason(f.judge().is("CMP-01", "db", State::NoEvidence), "gap_not_covered");
}

/// A database that needs whole copies and logs: a copy a night, logs always, and every run on record.
fn with_logs() -> Fixture {
    let mut f = fixture(&[Component::Full, Component::LogContinuous]);
    f.plan("full", "db", "0 2 * * *", plain());
    f.plan("logs", "db", "continuous", |p| p.component = Component::LogContinuous);
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-05T00:00:00Z");
    daily(&mut f, Component::Full, 1..=31);
    f
}

/// Logs shipped in this time, with the longest pause between two of them.
fn shipped(f: &mut Fixture, from: &str, to: &str, pause_s: i64) {
    f.segment("db", "00000001", from, None);
    if let Some(Row::LogSegment(row)) = f.rows.last_mut() {
        row.archived_from = Some(at(from));
        row.archived_at = Some(at(to));
        row.largest_gap_s = Some(pause_s);
    }
}

#[test]
fn logs_are_judged_by_the_archive_and_not_by_a_log_of_backups() {
    let mut f = with_logs();
    has_reason(f.judge().is("CMP-01", "db", State::NoEvidence), "gap_not_covered");
    let mut whole = f.clone();
    shipped(&mut whole, "2026-09-20T00:00:00Z", "2026-11-03T00:00:00Z", 60);
    whole.judge().is("CMP-01", "db", State::Pass);
    let mut paused = f.clone();
    shipped(&mut paused, "2026-10-02T00:00:00Z", "2026-10-31T00:00:00Z", 200_000);
    let v = paused.judge();
    let r = v.is("CMP-01", "db", State::Fail);
    assert!(r.detail.contains("for 55 h 33 min at some time from 2026-10-02T00:00:00Z"), "{}", r.detail);
    // The pause may have been in September.
    let mut before = f.clone();
    shipped(&mut before, "2026-09-20T00:00:00Z", "2026-11-03T00:00:00Z", 200_000);
    before.judge().is("CMP-01", "db", State::NoEvidence);
    f.covers_tables(&["log_segments"], "db", "2026-09-01T00:00:00Z", "2026-11-05T00:00:00Z");
    has_reason(f.judge().is("CMP-01", "db", State::Fail), "component_missing");
}

fn run(f: &mut Fixture, day: u32, bytes: Option<u64>) {
    f.run("db", &format!("2026-10-{day:02}T02:00:00Z"), RunStatus::Success, |r| r.bytes = bytes);
}

const DROPPED: &str = "run/runs.log/db/2026-10-05T02:00:00Z";

fn dropped() -> Fixture {
    let mut f = fixture(&[]);
    for day in 1..=4 {
        run(&mut f, day, Some(1_000));
    }
    run(&mut f, 5, Some(499));
    f
}

#[test]
fn a_sharp_drop_fails_until_somebody_records_the_reason() {
    let mut f = dropped();
    let v = f.judge();
    has_reason(v.is("CMP-02", DROPPED, State::Fail), "size_drop");
    assert!(v.is("CMP-02", "db", State::Pass).detail.starts_with("4 successful"));
    f.register(
        "incidents",
        "incident_id,kind,backup_related,system_ids,run_ids,opened_at,root_cause\n\
         I1,investigation,true,db,db/2026-10-05T02:00:00Z,2026-10-05T08:00:00Z,old orders were archived\n",
    );
    // From there on the new size is the normal one.
    run(&mut f, 6, Some(499));
    let v = f.judge();
    assert!(v.is("CMP-02", "db", State::Pass).detail.starts_with("6 successful"));
    assert_eq!(v.all("CMP-02").len(), 1);
}

#[test]
fn half_of_the_median_is_still_plausible() {
    let mut f = fixture(&[]);
    for day in 1..=4 {
        run(&mut f, day, Some(1_000));
    }
    run(&mut f, 5, Some(500));
    assert_eq!(f.judge().all("CMP-02").len(), 1);
}

#[test]
fn with_few_earlier_successes_only_zero_is_tested() {
    let mut f = fixture(&[]);
    run(&mut f, 1, Some(1_000));
    run(&mut f, 2, Some(10));
    let v = f.judge();
    assert!(v.is("CMP-02", "db", State::Pass).detail.contains("For 2 of them fewer than 3"));
    run(&mut f, 3, Some(0));
    has_reason(f.judge().is("CMP-02", "run/runs.log/db/2026-10-03T02:00:00Z", State::Fail), "zero_size");
}

#[test]
fn no_change_increments_and_silent_sizes() {
    let mut f = fixture(&[]);
    for day in 1..=4 {
        f.run("db", &format!("2026-10-{day:02}T02:00:00Z"), RunStatus::Success, |r| {
            r.component = Some(Component::Incremental);
            r.bytes = Some(10_u64.pow(5 - day));
        });
    }
    f.run("db", "2026-10-05T02:00:00Z", RunStatus::Success, |r| {
        r.bytes = Some(0);
        r.unchanged = true;
    });
    f.judge().is("CMP-02", "db", State::Pass);
    run(&mut f, 6, None);
    has_reason(f.judge().is("CMP-02", "db", State::NoEvidence), "size_not_reported");
}

#[test]
fn a_failed_integrity_check_fails_the_run() {
    let mut f = fixture(&[]);
    f.run("db", "2026-10-05T02:00:00Z", RunStatus::Success, |r| r.recovery_point_id = Some("p".into()));
    f.point("db", "2026-10-05T02:00:00Z", |p| {
        p.recovery_point_id = "p".into();
        p.integrity_result = Some(Integrity::Fail);
    });
    has_reason(f.judge().is("CMP-02", DROPPED, State::Fail), "integrity_failed");
}

#[test]
fn no_success_is_not_applicable_only_where_records_are_complete() {
    let mut f = fixture(&[]);
    f.judge().is("CMP-02", "db", State::NoEvidence);
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-05T00:00:00Z");
    has_reason(f.judge().is("CMP-02", "db", State::NotApplicable), "no_success");
}

#[test]
fn a_full_restore_test_is_told_as_the_strongest_evidence_for_a_set() {
    let mut f = fixture(&[Component::Full, Component::Config]);
    f.plan("full", "db", "0 2 * * *", plain());
    f.plan("config", "db", "0 2 * * *", |p| p.component = Component::Config);
    daily(&mut f, Component::Full, 1..=31);
    daily(&mut f, Component::Config, 1..=31);
    assert!(f.judge().is("CMP-01", "db", State::Pass).reasons.is_empty());
    f.test("T1", "db", "2026-10-20T08:00:00Z", "2026-10-20T09:00:00Z", TestResult::Success, plain());
    let v = f.judge();
    let r = v.is("CMP-01", "db", State::Pass);
    has_reason(r, "restore_tested");
    assert_eq!(r.records.len(), 1, "the test");
}

#[test]
fn a_backup_of_several_parts_is_none_until_all_of_its_parts_are_there() {
    let with = |complete: Option<bool>| {
        let mut f = fixture(&[Component::Full, Component::Config]);
        f.covers("db", "2026-09-01T00:00:00Z", "2026-11-05T00:00:00Z");
        f.plan("full", "db", "0 2 * * *", plain());
        f.plan("config", "db", "0 2 * * *", |p| p.component = Component::Config);
        daily(&mut f, Component::Full, 1..=31);
        daily(&mut f, Component::Config, 1..=31);
        for row in &mut f.rows {
            if let Row::RecoveryPoint(p) = row
                && ["full/10", "full/11", "full/12"].contains(&p.recovery_point_id.as_str())
            {
                p.complete = complete;
            }
        }
        f.judge().of("CMP-01", "db").clone()
    };
    assert_eq!(with(Some(true)).state, State::Pass);
    let parts_missing = with(Some(false));
    assert_eq!(parts_missing.state, State::Fail);
    has_reason(&parts_missing, "component_missing");
}

#[test]
fn full_backups_are_compared_with_full_ones() {
    let mut f = fixture(&[]);
    f.plan("all", "db", "0 2 * * *", plain());
    let mut made = |day: u32, component: Component, bytes: u64| {
        f.run("db", &format!("2026-10-{day:02}T02:00:00Z"), RunStatus::Success, |r| {
            (r.component, r.bytes, r.plan_id) = (Some(component), Some(bytes), Some("all".to_owned()));
        });
    };
    for day in [1, 4, 7, 10] {
        made(day, Component::Full, 1_000);
        made(day + 1, Component::Incremental, 20);
        made(day + 2, Component::Incremental, 5);
    }
    made(13, Component::Full, 499);
    let v = f.judge();
    has_reason(v.is("CMP-02", "run/runs.log/db/2026-10-13T02:00:00Z", State::Fail), "size_drop");
    assert_eq!(v.all("CMP-02").iter().filter(|r| r.state == State::Fail).count(), 1);
}
