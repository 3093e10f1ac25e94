//! FRQ-03 and FRQ-04: what plans can achieve.

use chrono::Duration;
use model::assessment::State::{self, Fail, NoEvidence, NotApplicable, Pass};
use model::inventory::{ChangeRate, Plan};
use model::rows::{Component, RunStatus};

use super::with_objective;
use crate::testing::{Fixture, Verdicts, at, has_reason, plain};

#[test]
fn frq_03_high_change_needs_a_documented_shorter_interval_that_is_kept() {
    let build = |rate: Option<ChangeRate>, change: fn(&mut Plan), every_h: i64| {
        let mut f = Fixture::new("2026-10-01..2026-10-05");
        f.system("db", |s| s.change_rate = rate).covers("db", "2026-09-25T00:00:00Z", "2026-10-20T00:00:00Z");
        f.plan("six", "db", "0 */6 * * *", change);
        let (mut t, end) = (at("2026-09-30T00:00:00Z"), at("2026-10-07T00:00:00Z"));
        while t < end {
            f.point("db", &model::time::utc_text(t), plain());
            t += Duration::hours(every_h);
        }
        f.judge()
    };
    let documented =
        |p: &mut Plan| (p.document_ref, p.approved_by) = (Some("CFG-1".to_owned()), Some("erik".to_owned()));
    build(Some(ChangeRate::High), documented, 6).is("FRQ-03", "db", Pass);
    build(Some(ChangeRate::High), documented, 12).is("FRQ-03", "db", Fail);
    has_reason(build(Some(ChangeRate::High), |_| {}, 6).is("FRQ-03", "db", Fail), "interval_not_documented");
    build(Some(ChangeRate::Normal), |_| {}, 6).is("FRQ-03", "db", NotApplicable);
    let unset = build(None, |_| {}, 6);
    unset.is("FRQ-03", "db", NoEvidence);
    has_reason(unset.is("FRQ-03", "organization", NoEvidence), "no_criterion");
    assert_eq!(build(Some(ChangeRate::High), documented, 6).all("FRQ-03").len(), 1, "one is marked: no question left");
}

#[track_caller]
fn design_is(f: &Fixture, state: State, figure: &str) -> Verdicts {
    let verdicts = f.judge();
    let result = verdicts.is("FRQ-04", "db", state);
    assert!(result.detail.contains(figure), "{}", result.detail);
    verdicts
}

#[test]
pub(super) fn frq_04_examples() {
    let mut f = with_objective(900);
    f.plan("daily", "db", "0 2 * * *", |p| {
        (p.component, p.max_duration_s) = (Component::Snapshot, Some(1200));
    });
    design_is(&f, Fail, "W = 87600 s");
    f.plan("logs", "db", "continuous", |p| {
        (p.component, p.archive_timeout_s) = (Component::LogContinuous, Some(60));
    });
    design_is(&f, Pass, "W = 300 s");
    let mut f = with_objective(3600);
    f.plan("hourly", "db", "0 * * * *", |p| {
        (p.component, p.max_duration_s) = (Component::Incremental, Some(600));
    });
    design_is(&f, Fail, "W = 4200 s");
    let mut f = Fixture::new("2026-10");
    f.system("dns", |s| s.tier = Some("network_services".to_owned()));
    f.judge().is("FRQ-04", "dns", NotApplicable);
}

#[test]
pub(super) fn frq_04_edge_cases() {
    let logs = |p: &mut Plan| (p.component, p.archive_timeout_s) = (Component::LogContinuous, Some(60));
    let mut f = with_objective(900);
    f.plan("logs", "db", "continuous", logs);
    has_reason(design_is(&f, Fail, "").of("FRQ-04", "db"), "not_restorable");
    let mut f = with_objective(900);
    f.plan("standby", "db", "every 60", |p| (p.component, p.max_duration_s) = (Component::Replica, Some(60)));
    f.plans[0].retention_s = None;
    has_reason(design_is(&f, Fail, "").of("FRQ-04", "db"), "not_restorable");
    // One that is delayed or versioned keeps history, and is its own base.
    f.plans[0].retention_s = Some(86_400);
    design_is(&f, Pass, "W = 120 s");
    (f.plans[0].schedule, f.plans[0].archive_timeout_s) = (model::inventory::Schedule::Continuous, Some(60));
    design_is(&f, Pass, "W = 300 s");
    design_is(&with_objective(900), NoEvidence, "backup_plans");
    let mut f = with_objective(0);
    f.plan("daily", "db", "0 2 * * *", plain());
    has_reason(design_is(&f, Fail, "").of("FRQ-04", "db"), "not_provable_by_backup");
    // Each part of the period has its own objective and its own plans.
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("daily", "db", "0 2 * * *", |p| p.max_duration_s = Some(600));
    f.objective("old", |o| {
        (o.system_id, o.rpo_s, o.effective_to) =
            (Some("db".to_owned()), Some(172_800), Some(at("2026-10-10T00:00:00Z")));
    });
    f.objective("new", |o| {
        (o.system_id, o.rpo_s, o.effective_from) = (Some("db".to_owned()), Some(900), Some(at("2026-10-10T00:00:00Z")));
    });
    design_is(&f, Fail, "W = 87000 s");
    f.objectives[1].rpo_s = Some(90_000);
    design_is(&f, Pass, "W = 87000 s");
}

#[test]
pub(super) fn frq_03_without_a_marked_database_the_criterion_is_a_signed_statement() {
    let judge = |title: &str, by: &str| {
        let mut f = Fixture::new("2026-10");
        f.system("db", |s| s.change_rate = Some(ChangeRate::Normal));
        let header = "document_id,kind,title,version,approved_by,approved_at\n";
        f.register("documents", &format!("{header}D1,other,{title},1,{by},2026-02-01T00:00:00Z\n"));
        f.judge().of("FRQ-03", "organization").clone()
    };
    let title = "Criterion of high change: a tenth of all rows a day";
    let signed = judge(title, "erik");
    assert_eq!(signed.state, NotApplicable, "{}", signed.detail);
    has_reason(&signed, "criterion_signed");
    for open in [judge(title, ""), judge("Criteria of significant changes", "erik")] {
        assert_eq!(open.state, NoEvidence, "{}", open.detail);
        has_reason(&open, "no_criterion");
    }
}

#[test]
pub(super) fn frq_04_a_good_job_log_does_not_mend_the_design() {
    let mut f = with_objective(900);
    f.plan("daily", "db", "0 2 * * *", |p| (p.component, p.max_duration_s) = (Component::Snapshot, Some(1_200)));
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-05T00:00:00Z");
    for day in 0..33 {
        let start = model::time::utc_text(at("2026-09-30T02:00:00Z") + Duration::days(day));
        f.run("db", &start, RunStatus::Success, plain());
    }
    design_is(&f, Fail, "W = 87600 s").is("FRQ-02", "daily", Pass);
}

#[test]
pub(super) fn frq_04_a_longer_objective_leaves_the_daily_rule() {
    let mut f = with_objective(172_800);
    f.plan("daily", "db", "0 2 * * *", plain()).covers("db", "2026-09-01T00:00:00Z", "2026-11-05T00:00:00Z");
    for day in (1..=31).filter(|d| *d != 10) {
        f.point("db", &format!("2026-10-{day:02}T02:00:00Z"), plain());
    }
    let verdicts = design_is(&f, Pass, "");
    has_reason(verdicts.is("FRQ-01", "db", Fail), "gap_exceeds_limit");
}
