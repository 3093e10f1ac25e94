//! The edge cases of RET in `controls/checks.toml`.

use model::assessment::{CheckResult, State};
use model::rows::RunStatus;

use super::super::super::edges::Edge;
use super::super::super::edges::Shown::By;
use super::{DAY, MAX, listed, listing};
use crate::testing::{Fixture, at, has_reason, plain};

/// Edge cases shown here and in the tests beside.
pub(crate) const EDGES: &[Edge] = &[
    ("RET-01", "Thinning schemes", By(super::thinning_fails_for_the_daily_plan)),
    ("RET-01", "Managed point-in-time", By(super::a_window_of_seven_days_alone_fails)),
    ("RET-01", "Unlimited retention", By(what_is_kept_for_ever_is_long_enough_and_may_be_too_long)),
    (
        "RET-01",
        "A justification",
        By(less_than_the_minimum_is_justified_by_an_exception_or_a_note_in_the_plans_document),
    ),
    ("RET-02", "Evaluate at as_of", By(a_month_end_is_judged_by_the_listing_that_was_kept_then)),
    ("RET-02", "A point moved", By(a_point_in_colder_storage_counts_where_it_comes_back_in_time)),
    ("RET-02", "A point whose key", By(super::a_point_whose_key_is_gone_does_not_count)),
    ("RET-03", "Deletion of duplicates", By(super::deletion_in_time_or_of_a_duplicate_passes_once_for_the_system)),
    ("RET-03", "Legal erasure", By(an_erasure_by_law_is_waived_by_its_exception)),
    ("RET-03", "Lock modes", By(locks_that_nobody_can_lift_make_it_pass_and_are_shown)),
    ("RET-04", "Legal hold", By(a_legal_hold_suspends_deletion_while_it_is_valid)),
    ("RET-04", "Points with no", By(super::a_point_without_plan_and_expiry_is_an_orphan)),
];

fn system() -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f
}

#[test]
fn what_is_kept_for_ever_is_long_enough_and_may_be_too_long() {
    let mut f = system();
    f.plan("daily", "db", "0 2 * * *", |p| p.retention_s = Some(100 * 365 * DAY)).register("obligations", MAX);
    let v = f.judge();
    v.is("RET-01", "daily", State::Pass);
    has_reason(v.is("RET-04", "daily", State::Fail), "configured_too_long");
}

#[test]
fn less_than_the_minimum_is_justified_by_an_exception_or_a_note_in_the_plans_document() {
    let with = |title: &str, by: &str, change: fn(&mut Fixture)| -> CheckResult {
        let mut f = system();
        f.plan("daily", "db", "0 2 * * *", |p| {
            (p.retention_s, p.document_ref) = (Some(14 * DAY), Some("D1".into()));
        });
        let head = "document_id,kind,title,version,approved_by,approved_at\n";
        f.register("documents", &format!("{head}D1,backup_configuration,{title},1,{by},2026-02-01T00:00:00Z\n"));
        change(&mut f);
        f.judge().of("RET-01", "daily").clone()
    };
    let title = "Backups of the cache and the justification of a retention of 14 days";
    let justified = with(title, "paula", |_| {});
    assert_eq!(justified.state, State::Pass, "{}", justified.detail);
    has_reason(&justified, "justified");
    assert!(justified.detail.contains("D1, approved 2026-02-01T00:00:00Z"), "{}", justified.detail);
    for open in [
        with(title, "", |_| {}),
        with("Backups and their retention", "paula", |_| {}),
        with(title, "paula", |f| f.plans[0].document_ref = Some("D2".into())),
        with(title, "paula", |f| {
            let head = "obligation_id,source,kind,value,system_ids,valid_from";
            f.register("obligations", &format!("{head}\nO1,tax law,retention_min,P1Y,db,2020-01-01\n"));
        }),
    ] {
        assert_eq!((open.state, open.waived), (State::Fail, false), "{}", open.detail);
    }
    let waived = with("Backups", "paula", |f| {
        f.exception("E1", "db", "RET-01", "2026-09-01T00:00:00Z", "2026-12-01T00:00:00Z");
    });
    assert_eq!((waived.state, waived.waived), (State::Fail, true));
}

#[test]
fn a_month_end_is_judged_by_the_listing_that_was_kept_then() {
    let with = |month_end: bool| {
        let mut f = Fixture::new("2026-10");
        f.as_of("2026-11-20T00:00:00Z").system("db", plain());
        listed(&mut f, "2026-10-20T02:00:00Z", "2026-11-19T23:00:00Z");
        let ids = ["db/2026-10-20T02:00:00Z"];
        if month_end {
            listing(&mut f, "2026-10-31T23:00:00Z", &ids);
        }
        listing(&mut f, "2026-11-19T23:00:00Z", &ids);
        f.judge().of("RET-02", "db").clone()
    };
    assert_eq!(with(false).state, State::Pass, "as old as the minimum at as_of");
    let at_month_end = with(true);
    assert_eq!(at_month_end.state, State::Fail);
    assert!(at_month_end.detail.starts_with("On 2026-10-31T23:00:00Z no restorable point"), "{}", at_month_end.detail);
}

#[test]
fn a_point_in_colder_storage_counts_where_it_comes_back_in_time() {
    let with = |class: &str, rto_h: i64| {
        let mut f = Fixture::new("2026-10");
        f.as_of("2026-11-01T12:00:00Z").system("db", plain());
        f.objective("own", |o| (o.system_id, o.rto_s) = (Some("db".into()), Some(rto_h * 3_600)));
        f.point("db", "2026-10-02T02:00:00Z", |p| {
            (p.resource, p.location_id) = (Some("runs:db".into()), Some("s3:b".into()));
            p.origin.observed_at = at("2026-11-01T10:00:00Z");
        });
        listing(&mut f, "2026-11-01T10:00:00Z", &["db/2026-10-02T02:00:00Z"]);
        let head = "location_id,platform_id,durability_class,observed_at\n";
        f.register("storage_locations", &format!("{head}s3:b,s3,{class},2026-10-15T00:00:00Z\n"));
        f.judge().of("RET-02", "db").state
    };
    for (class, rto_h, state) in [
        ("STANDARD", 2, State::Pass),
        ("GLACIER_IR", 2, State::Pass),
        ("GLACIER", 2, State::Fail),
        ("GLACIER", 5, State::Pass),
        ("DEEP_ARCHIVE", 5, State::Fail),
        ("DEEP_ARCHIVE", 24, State::Pass),
    ] {
        assert_eq!(with(class, rto_h), state, "{class} within {rto_h} h");
    }
}

#[test]
fn an_erasure_by_law_is_waived_by_its_exception() {
    let mut f = system();
    f.point("db", "2026-10-02T02:00:00Z", |p| {
        (p.deleted_at, p.deleted_by) = (Some(at("2026-10-10T00:00:00Z")), Some("privacy-office".into()));
    });
    assert!(!f.judge().is("RET-03", "db/2026-10-02T02:00:00Z", State::Fail).waived);
    f.exception("E1", "db", "RET-03", "2026-10-09T00:00:00Z", "2026-10-12T00:00:00Z");
    assert!(f.judge().is("RET-03", "db/2026-10-02T02:00:00Z", State::Fail).waived);
}

#[test]
fn locks_that_nobody_can_lift_make_it_pass_and_are_shown() {
    let with = |mode: &str, until: &str, from: &str| {
        let mut f = system();
        f.covers_tables(&["backup_runs"], "db", from, "2026-11-02T00:00:00Z");
        f.run("db", "2026-10-05T02:00:00Z", RunStatus::Success, |r| r.recovery_point_id = Some("p".into()));
        f.point("db", "2026-10-05T02:00:00Z", |p| {
            (p.recovery_point_id, p.location_id) = ("p".into(), Some("s3:b".into()));
            p.immutable_until = Some(at(until));
        });
        let head = "location_id,platform_id,immutability,observed_at\n";
        f.register("storage_locations", &format!("{head}s3:b,s3,{mode},2026-10-01T00:00:00Z\n"));
        f.judge().of("RET-03", "db").clone()
    };
    let (long, early) = ("2026-11-20T00:00:00Z", "2026-08-01T00:00:00Z");
    let locked = with("compliance", long, early);
    assert_eq!(locked.state, State::Pass, "{}", locked.detail);
    has_reason(&locked, "locked");
    assert!(locked.detail.contains("1 points are locked against deletion"), "{}", locked.detail);
    for open in [
        with("governance", long, early),
        with("compliance", "2026-10-20T00:00:00Z", early),
        with("compliance", long, "2026-10-01T00:00:00Z"),
    ] {
        assert_eq!(open.state, State::NoEvidence, "{}", open.detail);
    }
}

#[test]
fn a_legal_hold_suspends_deletion_while_it_is_valid() {
    let with = |from: &str, to: &str| {
        let mut f = system();
        f.plan("daily", "db", "0 2 * * *", plain()).register("obligations", MAX);
        f.point("db", "2026-01-05T02:00:00Z", plain());
        let head = "obligation_id,source,kind,value,system_ids,valid_from,valid_to\n";
        f.register("obligations", &format!("{head}H1,Legal hold 7,retention_min,P10Y,db,{from},{to}\n"));
        f.judge().of("RET-04", "daily").clone()
    };
    has_reason(&with("2026-01-01", ""), "legal_hold");
    for over in [with("2026-01-01", "2026-09-30"), with("2026-12-01", "")] {
        assert_eq!(over.state, State::Fail, "{}", over.detail);
        has_reason(&over, "point_too_old");
    }
}
