//! MON-01 to MON-07: the edge cases of `controls/checks.toml`.

use model::assessment::State;
use model::policy::Setting;
use model::rows::{Integrity, RunStatus, TestResult};

use crate::testing::{Fixture, Verdicts, at, has_reason, plain};

mod edges;

pub(crate) use edges::EDGES;

const ALERTS: &str = "alert_id,kind,plan_id,run_id,raised_at,channel,acknowledged_at,acknowledged_by\n";
const INCIDENTS: &str =
    "incident_id,kind,backup_related,cause_class,system_ids,run_ids,opened_at,closed_at,root_cause,resolution\n";
const DAYS: &str = "day,scope,method,performed_by,performed_at,runs_seen,failures_seen,evidence_ref\n";
const SLOT: &str = "nightly@2026-10-05T02:00:00Z";

/// October with a nightly backup of `db` at 02:00 that took ten minutes, failing on these days.
fn nightly(failing: &[u32]) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).plan("nightly", "db", "0 2 * * *", |p| p.alert_channel = Some("pager".to_owned()));
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-06T00:00:00Z");
    for day in 1..=31 {
        let status = if failing.contains(&day) { RunStatus::Failed } else { RunStatus::Success };
        f.run("db", &format!("2026-10-{day:02}T02:00:00Z"), status, plain());
    }
    f.run("db", "2026-11-01T02:00:00Z", RunStatus::Success, plain());
    f
}

fn with(mut f: Fixture, table: &str, csv: &str) -> Fixture {
    f.register(table, csv);
    f
}

fn alerted_at(raised: &str) -> Verdicts {
    with(nightly(&[5]), "alerts", &format!("{ALERTS}A1,failed,nightly,,{raised},pager,2026-10-05T06:00:00Z,ole\n"))
        .judge()
}

#[test]
fn a_failure_needs_an_alert_in_time() {
    alerted_at("2026-10-05T02:20:00Z").is("MON-02", SLOT, State::Pass);
    // A start failure is announced before the run has ended.
    alerted_at("2026-10-05T02:00:30Z").is("MON-02", SLOT, State::Pass);
    let v = alerted_at("2026-10-05T04:00:00Z");
    let r = v.is("MON-02", SLOT, State::Fail);
    has_reason(r, "alert_late");
    assert!(r.detail.contains("registers/alerts.csv:2") && r.detail.contains("2026-10-05T03:10:00Z"), "{}", r.detail);
    // Within the tolerance of clocks nothing is proven.
    for near in ["2026-10-05T03:08:00Z", "2026-10-05T03:12:00Z"] {
        has_reason(alerted_at(near).is("MON-02", SLOT, State::NoEvidence), "clock_unknown");
    }
    let v = with(nightly(&[5]), "alerts", ALERTS).judge();
    has_reason(v.is("MON-02", SLOT, State::Fail), "no_alert");
    has_reason(nightly(&[5]).judge().is("MON-02", SLOT, State::NoEvidence), "register_not_given");
    let unseen = format!("{ALERTS}A1,failed,nightly,,2026-10-05T02:20:00Z,pager,,\n");
    has_reason(with(nightly(&[5]), "alerts", &unseen).judge().is("MON-02", SLOT, State::Pass), "not_acknowledged");
}

#[test]
fn the_alert_latency_is_a_parameter() {
    let mut f = with(nightly(&[5]), "alerts", &format!("{ALERTS}A1,failed,nightly,,2026-10-05T04:00:00Z,pager,,\n"));
    f.parameter("alert_latency_max", Setting::Span(model::time::Span::of_seconds(4 * 3600)));
    f.judge().is("MON-02", SLOT, State::Pass);
}

#[test]
fn what_is_not_yet_due_is_not_judged() {
    let mut f = with(with(nightly(&[5]), "alerts", ALERTS), "incidents", INCIDENTS);
    f.as_of("2026-10-05T02:40:00Z");
    let v = f.judge();
    for check in ["MON-02", "MON-03"] {
        has_reason(v.is(check, SLOT, State::NotApplicable), "not_yet_due");
    }
    has_reason(v.is("MON-04", "nightly", State::NotApplicable), "not_yet_due");
}

#[test]
fn without_failures_there_is_nothing_to_alert_unless_slots_are_unknown() {
    let v = nightly(&[]).judge();
    let mut f = nightly(&[]);
    f.collections.clear();
    f.rows.remove(4);
    let unknown = f.judge();
    for check in ["MON-02", "MON-03", "MON-04"] {
        has_reason(v.is(check, "organization", State::NotApplicable), "no_failure");
        has_reason(unknown.is(check, "organization", State::NoEvidence), "slots_unknown");
    }
}

#[test]
fn an_attempt_that_a_retry_saves_needs_an_alert_only_where_the_policy_says_so() {
    let mut f = nightly(&[]);
    f.run("db", "2026-10-05T02:30:00Z", RunStatus::Success, plain());
    f.rows.retain(|r| !matches!(r, model::rows::Row::Run(r) if r.run_id == "db/2026-10-05T02:00:00Z"));
    f.run("db", "2026-10-05T02:00:00Z", RunStatus::Failed, plain());
    f.register("alerts", ALERTS);
    f.judge().is("MON-02", "organization", State::NotApplicable);
    f.parameter("alert_on_attempt", Setting::Flag(true));
    let unit = "run/runs.log/db/2026-10-05T02:00:00Z";
    has_reason(f.judge().is("MON-02", unit, State::Fail), "no_alert");
    let f = with(f, "alerts", &format!("{ALERTS}A1,failed,,db/2026-10-05T02:00:00Z,2026-10-05T02:11:00Z,pager,,\n"));
    f.judge().is("MON-02", unit, State::Pass);
}

fn investigated(lines: &str) -> Verdicts {
    with(nightly(&[5]), "incidents", &format!("{INCIDENTS}{lines}")).judge()
}

#[test]
fn every_failure_is_investigated_in_time() {
    let v = investigated("I1,investigation,true,,db,,2026-10-05T07:00:00Z,,,\n");
    assert!(v.is("MON-03", SLOT, State::Pass).detail.contains("I1"));
    let late = investigated("I1,incident,false,,,db/2026-10-05T02:00:00Z,2026-10-06T09:00:00Z,,,\n");
    has_reason(late.is("MON-03", SLOT, State::Fail), "opened_late");
    has_reason(investigated("").is("MON-03", SLOT, State::Fail), "not_investigated");
    has_reason(nightly(&[5]).judge().is("MON-03", SLOT, State::NoEvidence), "register_not_given");
}

const CLOSED: &str =
    "I1,incident,true,backup_failed,db,,2026-10-05T07:00:00Z,2026-10-06T09:00:00Z,disk full,enlarged\n";

#[test]
fn a_failure_is_remedied_and_its_record_closed() {
    investigated(CLOSED).is("MON-04", "nightly", State::Pass);
    for (line, reason, link) in [
        ("", "not_investigated", "incident"),
        ("I1,incident,true,,db,,2026-10-05T07:00:00Z,2026-10-06T09:00:00Z,,enlarged\n", "cause_missing", "root_cause"),
        ("I1,incident,true,,db,,2026-10-05T07:00:00Z,2026-10-06T09:00:00Z,disk,\n", "resolution_missing", "resolution"),
    ] {
        let v = investigated(line);
        let r = v.is("MON-04", "nightly", State::Fail);
        has_reason(r, reason);
        assert!(r.detail.contains(&format!("({link})")), "{}", r.detail);
    }
    has_reason(nightly(&[5]).judge().is("MON-04", "nightly", State::NoEvidence), "register_not_given");
    let open = "I1,incident,true,,db,,2026-10-05T07:00:00Z,,,\n";
    has_reason(investigated(open).is("MON-04", "nightly", State::Fail), "open_too_long");
    let mut f = with(nightly(&[25]), "incidents", &format!("{INCIDENTS}{}", open.replace("-05T", "-25T")));
    has_reason(f.judge().is("MON-04", "nightly", State::NotApplicable), "not_yet_due");
    f.as_of = at("2026-12-15T00:00:00Z");
    has_reason(f.judge().is("MON-04", "nightly", State::Fail), "open_too_long");
    let late = "I1,incident,true,,db,,2026-10-05T07:00:00Z,2026-11-05T09:00:00Z,disk,enlarged\n";
    has_reason(investigated(late).is("MON-04", "nightly", State::Fail), "closed_late");
}

#[test]
fn recovery_comes_within_the_interval_by_whatever_backup() {
    // Two nights fail: the next good point comes two days after the first.
    let closed = CLOSED.replace("2026-10-06T09", "2026-10-08T09");
    let mut f = with(nightly(&[5, 6]), "incidents", &format!("{INCIDENTS}{closed}"));
    has_reason(f.judge().is("MON-04", "nightly", State::Fail), "recovered_late");
    f.run("db", "2026-10-05T18:00:00Z", RunStatus::Success, |r| r.trigger = Some(model::rows::Trigger::Manual));
    f.judge().is("MON-04", "nightly", State::Pass);
    // Nothing covers the second night: a backup may exist unseen.
    let mut f = with(nightly(&[5, 6]), "incidents", &format!("{INCIDENTS}{closed}"));
    f.collections.clear();
    f.covers("db", "2026-09-01T00:00:00Z", "2026-10-05T20:00:00Z");
    has_reason(f.judge().is("MON-04", "nightly", State::NoEvidence), "recovery_not_covered");
    let mut f = with(
        nightly(&[31]),
        "incidents",
        &format!("{INCIDENTS}{}", CLOSED.replace("2026-10-05T", "2026-10-31T").replace("10-06", "11-01")),
    );
    f.rows.pop();
    has_reason(f.judge().is("MON-04", "nightly", State::Fail), "not_recovered");
}

#[test]
fn a_cause_that_comes_back_three_times_is_told() {
    let lines: String = [5, 12, 19]
        .iter()
        .map(|d| {
            format!("I{d},incident,true,,db,,2026-10-{d:02}T07:00:00Z,2026-10-{d:02}T09:00:00Z,Disk full.,enlarged\n")
        })
        .collect();
    let f = with(nightly(&[5, 12, 19]), "incidents", &format!("{INCIDENTS}{lines}"));
    let v = f.judge();
    let r = v.is("MON-04", "nightly", State::Pass);
    has_reason(r, "cause_recurs");
    assert!(r.detail.contains("I12"), "{}", r.detail);
}

fn days(change: impl Fn(u32) -> Option<String>) -> String {
    let line = |d: u32| {
        let next = if d == 31 { "2026-11-01".to_owned() } else { format!("2026-10-{:02}", d + 1) };
        format!("2026-10-{d:02},nightly,automated,watch,{next}T06:00:00Z,1,0,log")
    };
    let lines: Vec<String> =
        (1..=31).filter_map(|d| change(d).map(|c| if c.is_empty() { line(d) } else { c })).collect();
    format!("{DAYS}{}\n", lines.join("\n"))
}

const EVERY: fn(u32) -> Option<String> = |_| Some(String::new());

#[test]
fn plans_have_an_alert_channel_and_are_monitored() {
    let f = with(nightly(&[]), "monitor_days", &days(EVERY));
    f.judge().is("MON-01", "nightly", State::Pass);
    let channel = |word: Option<&str>| {
        let mut f = with(nightly(&[]), "monitor_days", &days(EVERY));
        f.plan("other", "db", "0 3 * * *", |p| p.alert_channel = Some("mail".to_owned()));
        f.plans[0].alert_channel = word.map(str::to_owned);
        f.judge().of("MON-01", "nightly").clone()
    };
    for nobody in [None, Some("none"), Some("N/A")] {
        let r = channel(nobody);
        assert_eq!(r.state, State::Fail, "{}", r.detail);
        has_reason(&r, "alert_channel_missing");
    }
    let v = with(nightly(&[]), "monitor_days", &days(EVERY).replace(",nightly,", ",weekly,")).judge();
    has_reason(v.is("MON-01", "nightly", State::Fail), "not_monitored");
    with(nightly(&[]), "monitor_days", &days(EVERY).replace(",nightly,", ",all plans,")).judge().is(
        "MON-01",
        "nightly",
        State::Pass,
    );
    with(nightly(&[]), "monitor_days", &days(EVERY).replace(",nightly,", ",web; db,")).judge().is(
        "MON-01",
        "nightly",
        State::Pass,
    );
    has_reason(with(nightly(&[]), "monitor_days", DAYS).judge().is("MON-01", "nightly", State::Fail), "not_monitored");
    has_reason(nightly(&[]).judge().is("MON-01", "nightly", State::NoEvidence), "monitoring_not_given");
    let mut f = with(nightly(&[]), "monitor_days", &days(EVERY));
    f.plans[0].alert_channel = None;
    has_reason(f.judge().is("MON-01", "nightly", State::NoEvidence), "monitoring_not_given");
}

#[test]
fn a_plan_that_a_provider_runs_unseen_is_not_judged() {
    let mut f = with(nightly(&[]), "monitor_days", &days(EVERY));
    f.system("saas", |s| s.provider_managed_backup = Some(true)).plan("theirs", "saas", "0 3 * * *", plain());
    let v = f.judge();
    has_reason(v.is("MON-01", "theirs", State::NotApplicable), "provider_managed");
    // Nor does the monitor have to name it.
    v.is("MON-05", "organization", State::Pass);
    f.run("saas", "2026-10-05T03:00:00Z", RunStatus::Success, plain());
    f.judge().is("MON-01", "theirs", State::Fail);
}

fn monitored(csv: &str) -> Verdicts {
    with(nightly(&[5]), "monitor_days", csv).judge()
}

#[test]
fn monitoring_runs_every_day_and_its_counts_agree() {
    let five =
        |line: &'static str| monitored(&days(move |d| Some(if d == 5 { line.to_owned() } else { String::new() })));
    let good = "2026-10-05,*,human,ida,2026-10-06T20:00:00Z,1,1,log";
    five(good).is("MON-05", "organization", State::Pass);
    for (line, reason) in [
        ("2026-10-05,weekly,human,ida,2026-10-06T20:00:00Z,1,1,log", "plan_left_out"),
        ("2026-10-05,*,human,ida,2026-10-07T00:00:00Z,1,1,log", "monitored_late"),
        ("2026-10-05,*,automated,watch,2026-10-06T20:00:00Z,0,1,log", "saw_nothing"),
        ("2026-10-05,*,human,ida,2026-10-06T20:00:00Z,7,1,log", "counts_disagree"),
        ("2026-10-05,*,human,ida,2026-10-06T20:00:00Z,1,0,log", "failures_unseen"),
    ] {
        let v = five(line);
        let r = v.is("MON-05", "organization", State::Fail);
        has_reason(r, reason);
        assert!(r.detail.contains("2026-10-05"), "{}", r.detail);
    }
    for lacking in ["2026-10-05,*,human,ida,2026-10-06T20:00:00Z,,1,log", "2026-10-05,*,human,ida,,1,1,log"] {
        has_reason(five(lacking).is("MON-05", "organization", State::NoEvidence), "record_incomplete");
    }
    // Sundays count: the policy says daily.
    let v = monitored(&days(|d| (d != 4).then(String::new)).replace(
        "2026-10-05,nightly,automated,watch,2026-10-06T06:00:00Z,1,0",
        "2026-10-05,*,human,ida,2026-10-06T20:00:00Z,1,1",
    ));
    has_reason(v.is("MON-05", "organization", State::Fail), "day_missing");
    has_reason(nightly(&[]).judge().is("MON-05", "organization", State::NoEvidence), "register_not_given");
}

#[test]
fn days_are_cut_in_the_reporting_zone_also_where_they_have_25_hours() {
    let zone = model::time::zone("Europe/Berlin").expect("a zone");
    let mut f = Fixture::in_zone("2026-10", zone);
    f.system("db", plain()).plan("nightly", "db", "30 0 * * *", |p| p.timezone = zone);
    f.covers("db", "2026-09-01T00:00:00Z", "2026-11-06T00:00:00Z");
    for day in 1..=31 {
        // 00:30 in Berlin is the evening before in UTC.
        let hour = if day <= 25 { 22 } else { 23 };
        let date = at("2026-10-01T00:30:00Z") + chrono::Duration::days(day - 2);
        f.run("db", &format!("{}T{hour}:30:00Z", date.format("%Y-%m-%d")), RunStatus::Success, plain());
    }
    f.register("monitor_days", &days(EVERY));
    f.judge().is("MON-05", "organization", State::Pass);
}

#[test]
fn a_day_is_judged_when_the_next_has_ended_and_a_longer_cadence_spans_days() {
    let mut f = with(nightly(&[]), "monitor_days", DAYS);
    f.as_of("2026-10-02T12:00:00Z");
    has_reason(f.judge().is("MON-05", "organization", State::NoEvidence), "not_yet_due");
    f.as_of("2026-10-03T00:00:00Z");
    has_reason(f.judge().is("MON-05", "organization", State::Fail), "day_missing");
    let weekly = |last: u32| {
        let lines: String = [7, 14, 21, last]
            .iter()
            .map(|d| format!("2026-10-{d:02},*,human,ida,2026-10-{d:02}T20:00:00Z,7,0,log\n"))
            .collect();
        let more = "2026-11-04,*,human,ida,2026-11-04T20:00:00Z,7,0,log\n";
        let mut f = with(nightly(&[]), "monitor_days", &format!("{DAYS}{lines}{more}"));
        f.parameter("monitoring_cadence", Setting::Span("P7D".parse().expect("a span")));
        f.judge().of("MON-05", "organization").clone()
    };
    assert_eq!(weekly(28).state, State::Pass, "{}", weekly(28).detail);
    has_reason(&weekly(20), "day_missing");
}

fn acknowledged(line: &str) -> Verdicts {
    with(nightly(&[]), "alerts", &format!("{ALERTS}{line}")).judge()
}

#[test]
fn an_alert_path_is_proven_by_a_person() {
    let ok = "A1,test,,,2026-09-01T09:00:00Z,pager,2026-09-01T09:05:00Z,ole\n";
    acknowledged(ok).is("MON-06", "pager", State::Pass);
    // A real alert will do.
    acknowledged(&ok.replace("test", "failed")).is("MON-06", "pager", State::Pass);
    has_reason(acknowledged(&ok.replace("2026-09", "2026-05")).is("MON-06", "pager", State::Fail), "overdue");
    for nobody in
        [ok.replace("ole", ""), ok.replace("pager", "mail"), ok.replace("2026-09-01T09:05:00Z", ""), String::new()]
    {
        has_reason(acknowledged(&nobody).is("MON-06", "pager", State::Fail), "never_acknowledged");
    }
    has_reason(nightly(&[]).judge().is("MON-06", "pager", State::NoEvidence), "register_not_given");
    let mut f = with(nightly(&[]), "alerts", &format!("{ALERTS}{ok}"));
    f.register("principals", "principal_id,platform_id,kind,status\nole,chat,service,active\n");
    has_reason(f.judge().is("MON-06", "pager", State::Fail), "never_acknowledged");
    let mut f = with(nightly(&[]), "alerts", ALERTS);
    f.plans[0].effective_from = at("2026-09-15T00:00:00Z");
    has_reason(f.judge().is("MON-06", "pager", State::NotApplicable), "not_yet_due");
    f.plans[0].alert_channel = None;
    has_reason(f.judge().is("MON-06", "organization", State::NotApplicable), "no_channel");
}

/// A point of `db` that was checked on 5 October.
fn checked(result: Integrity) -> Fixture {
    let mut f = nightly(&[]);
    f.point("db", "2026-10-03T02:00:00Z", |p| {
        p.integrity_checked_at = Some(at("2026-10-05T12:00:00Z"));
        p.integrity_result = Some(result);
    });
    f
}

#[test]
fn suspected_corruption_becomes_an_incident() {
    let unit = "point/runs.log/db/2026-10-03T02:00:00Z";
    let judged = |lines: &str| {
        with(checked(Integrity::Fail), "incidents", &format!("{INCIDENTS}{lines}")).judge().of("MON-07", unit).clone()
    };
    let state = |lines: &str| judged(lines).state;
    assert_eq!(state("I1,incident,true,corruption,db,,2026-10-05T13:00:00Z,,,\n"), State::Pass);
    assert_eq!(state("I1,incident,true,data_loss,*,,2026-10-04T13:00:00Z,,,\n"), State::Pass);
    // Explained within the time.
    assert_eq!(state("I1,investigation,true,,db,,2026-10-05T13:00:00Z,2026-10-05T15:00:00Z,test copy,\n"), State::Pass);
    for other in [
        "",
        "I1,incident,true,backup_failed,db,,2026-10-05T13:00:00Z,,,\n",
        "I1,incident,true,corruption,web,,2026-10-05T13:00:00Z,,,\n",
        "I1,investigation,true,,db,,2026-10-05T13:00:00Z,,,\n",
        "I1,incident,true,corruption,db,,2026-10-01T13:00:00Z,2026-10-02T13:00:00Z,,\n",
    ] {
        has_reason(&judged(other), "no_incident");
    }
    has_reason(&judged("I1,incident,true,corruption,db,,2026-10-08T13:00:00Z,,,\n"), "opened_late");
    has_reason(checked(Integrity::Fail).judge().is("MON-07", unit, State::NoEvidence), "register_not_given");
    let mut f = with(checked(Integrity::Fail), "incidents", INCIDENTS);
    f.as_of = at("2026-10-06T00:00:00Z");
    has_reason(f.judge().is("MON-07", unit, State::NotApplicable), "not_yet_due");
}

#[test]
fn implausible_runs_and_failed_tests_are_suspicions_too() {
    let mut f = with(checked(Integrity::Pass), "incidents", INCIDENTS);
    has_reason(f.judge().is("MON-07", "organization", State::NotApplicable), "nothing_found");
    f.run("db", "2026-10-20T12:00:00Z", RunStatus::Success, |r| r.bytes = Some(0));
    f.test("T1", "db", "2026-10-10T09:00:00Z", "2026-10-10T10:00:00Z", TestResult::Failed, |t| {
        t.integrity_result = Some(Integrity::Fail);
    });
    let v = f.judge();
    has_reason(v.is("MON-07", "run/runs.log/db/2026-10-20T12:00:00Z", State::Fail), "no_incident");
    let test = v.all("MON-07").into_iter().find(|r| r.unit.contains("T1")).expect("the test");
    assert_eq!(test.state, State::Fail);
}

#[test]
fn where_nothing_is_ever_checked_corruption_cannot_be_seen() {
    let v = nightly(&[]).judge();
    let r = v.is("MON-07", "organization", State::NoEvidence);
    has_reason(r, "integrity_never_checked");
    assert!(r.detail.contains("db"));
}

#[test]
fn an_incident_that_names_the_run_covers_what_failed_to_announce_it() {
    let covered = |run: &str| {
        let line = format!("I1,incident,true,backup_failed,,{run},2026-10-05T07:00:00Z,,,\n");
        let f = with(with(nightly(&[5]), "alerts", ALERTS), "incidents", &format!("{INCIDENTS}{line}"));
        let f = with(with(f, "actions", "action_id,opened_at\n"), "exceptions", "exception_id,status\n");
        f.judge().of("EXC-05", &format!("MON-02/{SLOT}")).state
    };
    assert_eq!(covered("db/2026-10-05T02:00:00Z"), State::Pass);
    assert_eq!(covered("db/2026-10-06T02:00:00Z"), State::Fail);
}
