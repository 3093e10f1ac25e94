//! The worked examples of the metrics in `controls/checks.toml`, built as data.

use model::controls::{Controls, MetricExample};
use model::rows::TestResult::{Failed, Partial, Running, Success};
use model::rows::{BackupRun, Integrity, RunStatus, TestKind};

use crate::testing::{Fixture, Verdicts, at, plain};

fn example(id: &str, index: usize) -> &'static MetricExample {
    Controls::embedded().metric(id).and_then(|m| m.examples.get(index)).expect("an example")
}

/// Exactly the counts, and the ratios cut where the example rounds: at most one millionth apart.
#[track_caller]
fn agrees(verdicts: &Verdicts, id: &str, index: usize) {
    let (m, e) = (verdicts.metric(id), example(id, index));
    assert_eq!(
        (m.numerator, m.denominator, m.unknown),
        (e.numerator.into(), e.denominator.into(), e.unknown.into()),
        "{}",
        e.given
    );
    for (ours, stated) in [(m.value, e.value), (m.lowest, e.lowest), (m.highest, e.highest)] {
        let ours = ours.expect("a value");
        assert!(ours <= stated && stated - ours < 1.1e-6, "{ours} is not {stated} cut: {}", e.given);
    }
    assert_eq!(m.undefined, None);
}

const ALL: (&str, &str) = ("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z");

#[test]
fn success_rate_of_ten_plans_in_april() {
    let mut f = Fixture::new("2026-04");
    let slot = |day: u32| format!("2026-04-{day:02}T02:00:00Z");
    for n in 0..10 {
        let id = format!("s{n}");
        f.system(&id, plain()).plan(&format!("p{n}"), &id, "0 2 * * *", plain());
        if n == 9 {
            // The log of the last system has an outage on the 20th.
            f.covers(&id, ALL.0, "2026-04-20T00:00:00Z").covers(&id, "2026-04-21T00:00:00Z", ALL.1);
        } else {
            f.covers(&id, ALL.0, ALL.1);
        }
        for day in 1..=30 {
            let late = |r: &mut BackupRun| r.ended_at = Some(at(&format!("2026-04-{day:02}T22:00:00Z")));
            match (n, day) {
                (9, 20) | (8, 5) => {}
                (0, 1..=4) => {
                    f.run(&id, &slot(day), RunStatus::Failed, plain());
                    f.run(&id, &format!("2026-04-{day:02}T03:00:00Z"), RunStatus::Success, plain());
                }
                (1, 1..=4) => {
                    f.run(&id, &slot(day), RunStatus::Success, late);
                }
                (2, 1..=3) => {
                    f.run(&id, &slot(day), RunStatus::Failed, plain());
                }
                _ => {
                    f.run(&id, &slot(day), RunStatus::Success, plain());
                }
            }
        }
    }
    let verdicts = f.judge();
    agrees(&verdicts, "backup_success_rate", 0);
    let by = &verdicts.metric("backup_success_rate").by;
    assert_eq!((by.system.len(), by.tier[0].numerator, by.tier[0].unknown), (10, 295, 1));
    // Waivers are shown beside the figure and never improve it.
    f.exception("EX-1", "s2", "FRQ-02", "2026-04-01T00:00:00Z", "2026-04-03T00:00:00Z");
    let verdicts = f.judge();
    agrees(&verdicts, "backup_success_rate", 0);
    assert_eq!(verdicts.metric("backup_success_rate").waived, 2);
    // The order in which rows are read changes nothing, nor does reading them twice.
    let mut again = f.clone();
    again.rows.reverse();
    again.rows.extend(f.rows.clone());
    assert_eq!(again.judge().judged.assessment, verdicts.judged.assessment);
}

#[test]
fn success_rate_leaves_out_what_still_runs() {
    let mut f = Fixture::new("2026-10");
    f.as_of("2026-11-01T00:00:00Z").system("db", plain()).plan("daily", "db", "30 23 * * *", plain());
    f.covers("db", ALL.0, ALL.1);
    for day in 1..=30 {
        f.run("db", &format!("2026-10-{day:02}T23:30:00Z"), RunStatus::Success, plain());
    }
    f.run("db", "2026-10-31T23:30:00Z", RunStatus::Running, plain());
    agrees(&f.judge(), "backup_success_rate", 1);
}

#[test]
fn success_rate_begins_when_the_system_does() {
    let mut f = Fixture::new("2026-04");
    f.system("db", |s| s.onboarded_at = at("2026-04-16T00:00:00Z"));
    f.plan("daily", "db", "0 2 * * *", |p| p.effective_from = at("2026-04-16T00:00:00Z")).covers("db", ALL.0, ALL.1);
    for day in 16..=30 {
        let status = if day == 20 { RunStatus::Partial } else { RunStatus::Success };
        f.run("db", &format!("2026-04-{day}T02:00:00Z"), status, plain());
    }
    agrees(&f.judge(), "backup_success_rate", 2);
}

#[test]
fn success_rate_without_slots_or_evidence_is_undefined() {
    let mut f = Fixture::new("2026-04");
    f.system("db", plain());
    let none = f.judge();
    assert_eq!(none.metric("backup_success_rate").undefined.as_deref(), Some("no_slots"));
    assert_eq!(none.metric("backup_success_rate").value, None);
    f.plan("daily", "db", "0 2 * * *", plain());
    f.run("db", "2026-04-01T02:00:00Z", RunStatus::Success, plain());
    let silent = f.judge();
    let metric = silent.metric("backup_success_rate");
    assert_eq!((metric.undefined.as_deref(), metric.unknown), (Some("not_evidenced"), 29));
}

#[test]
fn restore_rate_examples() {
    let mut f = Fixture::new("2026-Q2");
    for n in 0..8 {
        f.system(&format!("s{n}"), plain());
    }
    let day = |n: i32| format!("2026-05-{n:02}T10:00:00Z");
    f.test("F", "s0", &day(1), &day(1), Failed, plain());
    for n in 0..7 {
        let retest = |t: &mut model::rows::RestoreTest| t.retest_of = (n == 0).then(|| "F".to_owned());
        f.test(&format!("T{n}"), &format!("s{n}"), &day(n + 2), &day(n + 2), Success, retest);
    }
    f.test("P", "s7", &day(20), &day(20), Partial, plain());
    f.test("R", "s7", &day(28), "2026-07-02T00:00:00Z", Running, |t| t.ended_at = None);
    f.test("X", "s7", &day(21), &day(21), Success, |t| t.kind = Some(TestKind::Tabletop));
    f.test("I", "s7", &day(22), &day(22), Success, |t| t.kind = Some(TestKind::RealIncident));
    agrees(&f.judge(), "restore_test_success_rate", 0);

    let mut f = Fixture::new("2026-Q2");
    f.system("db", plain());
    for n in 1..=4 {
        f.test(&format!("T{n}"), "db", &day(n), &day(n), Success, |t| {
            t.integrity_result = if n == 4 { None } else { Some(Integrity::Pass) };
        });
    }
    agrees(&f.judge(), "restore_test_success_rate", 1);
}

#[test]
fn incidents_are_counted_once() {
    let mut f = Fixture::new("2026-Q2");
    let mut text = "incident_id,kind,backup_related,opened_at,duplicate_of\n".to_owned();
    for n in 1..=6 {
        let duplicate = if n > 4 { "I1" } else { "" };
        text += &format!("I{n},incident,true,2026-05-0{n}T00:00:00Z,{duplicate}\n");
    }
    for n in 1..=3 {
        text += &format!("V{n},investigation,true,2026-05-0{n}T00:00:00Z,\n");
    }
    text += "OLD,incident,true,2026-03-01T00:00:00Z,\nOTHER,incident,false,2026-05-01T00:00:00Z,\n";
    f.register("incidents", &text);
    agrees(&f.judge(), "backup_related_incidents", 0);
    let silent = Fixture::new("2026-Q2").judge();
    assert_eq!(silent.metric("backup_related_incidents").value, None, "never zero");
    assert!(silent.metric("backup_related_incidents").undefined.is_some());
}

#[test]
fn exceptions_with_their_renewals() {
    let mut f = Fixture::new("2026-Q2");
    let mut rows =
        "exception_id,requester,check_ids,system_ids,risk_level,valid_from,expires_at,status,closed_at,renewal_of\n"
            .to_owned();
    let mut approvals = "exception_id,role,approver,decision,decided_at\n".to_owned();
    let mut add = |id: &str, from: &str, to: &str, rest: &str, approved: bool| {
        rows += &format!("{id},rita,FRQ-01,db,low,{from}T00:00:00Z,{to}T00:00:00Z,{rest}\n");
        if approved {
            approvals += &format!("{id},policy_owner,paula,approve,{from}T00:00:00Z\n");
        }
    };
    add("E1", "2026-01-01", "2026-12-01", "closed,2026-05-10T00:00:00Z,", true);
    add("E2", "2026-01-01", "2026-05-20", "expired,,", true);
    add("E2b", "2026-05-20", "2026-12-01", "approved,,E2", true);
    for id in ["E3", "E4", "E5"] {
        add(id, "2026-01-01", "2026-12-01", "approved,,", true);
    }
    for id in ["E6", "E7"] {
        add(id, "2026-05-01", "2026-12-01", "approved,,", true);
    }
    add("E8", "2026-05-01", "2026-12-01", "submitted,,", false);
    add("E9", "2025-01-01", "2026-03-01", "expired,,", true);
    f.system("db", plain()).register("exceptions", &rows).register("exception_approvals", &approvals);
    f.role("policy_owner", "paula");
    agrees(&f.judge(), "backup_policy_exceptions", 0);
}
