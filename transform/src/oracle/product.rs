//! A world as the product gets it, and what the product says of it.

use std::sync::LazyLock;

use chrono::DateTime;
use model::evidence::{Covers, Gap, SourceStatus};
use model::inventory::{Criticality, Environment, Schedule, SystemKind};
use model::policy::Setting;
use model::rows::{BackupRun, RecoveryPoint, RestoreTest, Row};
use model::time::{Instant, Period, Tz, utc_text};

use super::case::{Case, HOLDERS, Request, Seconds, When};
use crate::testing::{Fixture, Verdicts, origin};

static EMPTY: LazyLock<Fixture> = LazyLock::new(|| Fixture::in_zone("2026-01", Tz::UTC));

pub(super) fn instant(at: Seconds) -> Instant {
    DateTime::from_timestamp(at, 0).unwrap()
}

fn seconds_text(at: Seconds) -> String {
    utc_text(instant(at))
}

/// The world as systems, plans, rows, collections and registers.
pub(super) fn fixture(case: &Case) -> Fixture {
    let mut f = EMPTY.clone();
    f.period = Period::parse(&case.label, case.zone).unwrap();
    f.as_of = instant(case.as_of);
    settings(&mut f, case);
    inventory(&mut f, case);
    rows(&mut f, case);
    collections(&mut f, case);
    registers(&mut f, case);
    f
}

/// Its judgement.
pub(super) fn judge(case: &Case) -> Verdicts {
    fixture(case).judge()
}

fn settings(f: &mut Fixture, case: &Case) {
    let settings = &case.settings;
    let reading = if settings.each_recovery_point { "each_recovery_point" } else { "restorable_window" };
    f.parameter("unknown_share_max", Setting::Ratio(f64::from(settings.unknown_percent) / 100.0));
    f.parameter("schedule_tolerance", Setting::Span(model::time::Span::of_seconds(settings.tolerance)));
    f.parameter("retention_reading", Setting::Text(reading.to_owned()));
    f.parameter("distinct_approvers", Setting::Flag(settings.distinct_approvers));
}

fn inventory(f: &mut Fixture, case: &Case) {
    for thing in &case.systems {
        f.system(&thing.id, |s| {
            s.kind = if thing.database { SystemKind::Database } else { SystemKind::FileStore };
            s.criticality = if thing.critical { Criticality::Critical } else { Criticality::Standard };
            s.environment = if thing.production { Environment::Production } else { Environment::NonProduction };
            s.in_scope = thing.in_scope;
            s.onboarded_at = instant(thing.onboarded);
            s.retired_at = thing.retired.map(instant);
        });
    }
    for version in &case.plans {
        f.plan(&version.id, &case.systems[version.system].id, "continuous", |p| {
            p.version = version.version;
            p.schedule = match &version.when {
                When::Cron(text) => text.parse().unwrap(),
                When::Every { seconds, anchor } => Schedule::Interval { every_s: *seconds, anchor: instant(*anchor) },
                When::Continuous => Schedule::Continuous,
            };
            p.timezone = version.zone;
            p.start_window_s = version.window;
            p.max_duration_s = version.longest;
            p.retention_s = version.retention;
            p.retention_count = version.retention_count;
            p.enabled = version.enabled;
            p.operational = version.operational;
            p.effective_from = instant(version.from);
            p.effective_to = version.to.map(instant);
        });
    }
}

fn rows(f: &mut Fixture, case: &Case) {
    for r in &case.runs {
        let from = origin("runs", r.source, r.id.as_str(), instant(r.observed));
        let mut run = BackupRun::new(from, r.id.as_str(), r.status, r.status.to_string());
        run.system_id = Some(case.systems[r.system].id.clone());
        run.plan_id.clone_from(&r.plan);
        run.scheduled_for = r.scheduled.map(instant);
        run.trigger = r.trigger;
        run.started_at = Some(instant(r.started));
        run.ended_at = r.ended.map(instant);
        run.bytes = Some(r.bytes);
        run.unchanged = r.unchanged;
        run.taken_at = r.taken.map(instant);
        run.recovery_point_id.clone_from(&r.point);
        f.row(Row::Run(run));
    }
    for p in &case.points {
        let mut point = RecoveryPoint::new(origin("runs", "log", p.id.as_str(), f.as_of), p.id.as_str());
        point.system_id = Some(case.systems[p.system].id.clone());
        point.taken_at = Some(instant(p.taken));
        point.created_at = Some(instant(p.taken));
        point.complete = Some(p.complete);
        point.bytes = Some(p.bytes);
        point.integrity_result = p.integrity;
        point.copy_of = p.copy.then(|| "another".to_owned());
        point.deleted_at = p.deleted.map(instant);
        f.row(Row::RecoveryPoint(point));
    }
    for t in &case.tests {
        let from = origin("restore-reports", "reports", t.id.as_str(), f.as_of);
        let mut test = RestoreTest::new(from, t.id.as_str(), t.result, t.result.to_string());
        test.system_id = Some(case.systems[t.system].id.clone());
        test.kind = Some(t.kind);
        test.started_at = t.started.map(instant);
        test.ended_at = t.ended.map(instant);
        test.integrity_result = t.integrity;
        f.row(Row::RestoreTest(test));
    }
    if !case.tests.is_empty() {
        f.tests_given();
    }
}

fn collections(f: &mut Fixture, case: &Case) {
    for s in &case.covers {
        f.collection("runs", s.source, |run| {
            run.collected_at = instant(s.collected);
            run.started_at = instant(s.collected);
            run.status = if s.read_whole { SourceStatus::Complete } else { SourceStatus::Incomplete };
            run.covers.push(Covers {
                systems: vec![s.system.map_or("*".to_owned(), |i| case.systems[i].id.clone())],
                resources: Vec::new(),
                from: instant(s.from),
                to: s.to.map(instant),
                complete: s.complete,
                tables: s.table.map(str::to_owned).into_iter().collect(),
                gaps: s.gap.map(|(from, to)| Gap { from: instant(from), to: instant(to) }).into_iter().collect(),
            });
        });
    }
}

fn registers(f: &mut Fixture, case: &Case) {
    let Some(requests) = &case.exceptions else { return };
    let mut exceptions = String::from(
        "exception_id,submitted_at,requester,in_writing_ref,statement_ids,check_ids,system_ids,justification,\
         business_impact,compensating_controls,risk_level,valid_from,expires_at,remediation_plan,remediation_due,\
         status,closed_at,renewal_of\n",
    );
    let mut approvals = String::from("exception_id,role,approver,decision,decided_at,evidence_ref\n");
    for r in requests {
        exceptions.push_str(&line(case, r));
        for d in &r.decisions {
            let decision = if d.approve { "approve" } else { "reject" };
            approvals.push_str(&format!("{},{},{},{decision},{},mail\n", r.id, d.role, d.person, seconds_text(d.at)));
        }
    }
    let mut roles = String::from("role,person,valid_from,valid_to\n");
    for (role, person, from, to) in HOLDERS {
        roles.push_str(&format!(
            "{role},{person},{},{}\n",
            seconds_text(*from),
            to.map_or(String::new(), seconds_text)
        ));
    }
    f.register("exceptions", &exceptions)
        .register("exception_approvals", &approvals)
        .register("role_assignments", &roles);
}

fn line(case: &Case, r: &Request) -> String {
    let filled = |column: &str, text: &str| if r.blank == Some(column) { String::new() } else { text.to_owned() };
    let due = instant(r.to).date_naive();
    let system = r.system.map_or("*".to_owned(), |i| case.systems[i].id.clone());
    let cells = [
        r.id.clone(),
        seconds_text(r.from),
        filled("requester", r.requester),
        filled("in_writing_ref", "mail 1"),
        r.statement.to_owned(),
        r.check.to_owned(),
        system,
        filled("justification", "all of it is being moved"),
        filled("business_impact", "small"),
        filled("compensating_controls", "a copy elsewhere"),
        filled("risk_level", &r.risk.to_string()),
        seconds_text(r.from),
        seconds_text(r.to),
        filled("remediation_plan", "move"),
        filled("remediation_due", &due.to_string()),
        r.status.to_string(),
        r.closed.map_or(String::new(), seconds_text),
        r.renews.clone().unwrap_or_default(),
    ];
    cells.join(",") + "\n"
}
