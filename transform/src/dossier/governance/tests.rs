use model::dossier::{Dossier, StoreSheet};

use crate::dossier::dossier;
use crate::testing::{Fixture, plain};

fn told(f: &Fixture) -> Dossier {
    let store =
        StoreSheet { store_id: String::new(), last_run: 1, last_manifest: String::new(), runs: 1, signed_by: None };
    f.with_basis(|basis| {
        let judged = basis.judge(f.period).unwrap();
        dossier(basis, &judged, f.period, store).unwrap()
    })
}

#[test]
fn a_register_that_was_not_given_is_absent_and_an_empty_one_is_empty() {
    let mut f = Fixture::new("2026-10");
    let none = told(&f).governance;
    assert_eq!(
        (none.incidents, none.actions, none.reviews, none.documents, none.access),
        (None, None, None, None, None)
    );
    f.register("actions", "action_id,opened_at\n");
    assert_eq!(told(&f).governance.actions, Some(Vec::new()));
}

#[test]
fn what_was_open_in_the_period_is_listed_and_what_was_due_and_not_closed_is_overdue() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f.register(
        "actions",
        "action_id,origin_kind,origin_ref,opened_at,due_at,closed_at\n\
         old,,,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,2026-09-30T00:00:00Z\n\
         late,test,RT-1,2026-09-01T00:00:00Z,2026-10-15T00:00:00Z,\n\
         done,,,2026-09-01T00:00:00Z,2026-10-15T00:00:00Z,2026-10-20T00:00:00Z\n\
         after,,,2026-09-01T00:00:00Z,2026-10-20T00:00:00Z,2026-11-20T00:00:00Z\n\
         later,,,2026-09-01T00:00:00Z,2026-12-01T00:00:00Z,\n\
         new,,,2026-11-02T00:00:00Z,,\n",
    );
    f.register(
        "incidents",
        "incident_id,kind,backup_related,system_ids,opened_at,closed_at,duplicate_of\n\
         I-1,incident,true,db,2026-10-14T10:00:00Z,2026-11-20T00:00:00Z,\n\
         I-2,incident,false,db,2026-10-14T10:00:00Z,,\n\
         I-3,incident,true,db,2026-10-14T10:00:00Z,,I-1\n\
         I-4,incident,true,db,2026-08-14T10:00:00Z,2026-08-15T00:00:00Z,\n",
    );
    let g = told(&f).governance;
    let actions: Vec<(String, bool, bool)> =
        g.actions.unwrap().into_iter().map(|a| (a.action_id, a.closed_at.is_some(), a.overdue)).collect();
    let of = |id: &str, closed: bool, overdue: bool| (id.to_owned(), closed, overdue);
    // `after` was closed later than the period: at its end it was overdue.
    assert_eq!(
        actions,
        [of("done", true, false), of("late", false, true), of("after", false, true), of("later", false, false)]
    );
    let incidents = g.incidents.unwrap();
    assert_eq!(incidents.len(), 1, "not about backups, a duplicate, and one that was closed before: {incidents:?}");
    assert_eq!((incidents[0].incident_id.as_str(), incidents[0].closed_at), ("I-1", None));
}

#[test]
fn access_is_what_active_principals_could_do_and_grants_of_nobody_show_as_such() {
    let mut f = Fixture::new("2026-10");
    f.register(
        "principals",
        "principal_id,platform_id,kind,status,mfa\n\
         ann,vault,human,active,enforced\n\
         bob,vault,human,disabled,none\n\
         cy,vault,service,active,not_applicable\n",
    );
    f.register(
        "access_grants",
        "grant_id,principal_id,platform_id,privilege,can_delete_backups,granted_at,revoked_at\n\
         G1,ann,vault,admin,true,2026-01-01T00:00:00Z,\n\
         G2,bob,vault,admin,true,2026-01-01T00:00:00Z,\n\
         G3,dee,vault,reader,false,2026-01-01T00:00:00Z,\n\
         G4,eve,vault,admin,true,2026-01-01T00:00:00Z,2026-10-05T00:00:00Z\n",
    );
    f.register(
        "access_reviews",
        "review_id,platform_id,performed_at\nR1,vault,2026-09-01T00:00:00Z\nR2,vault,2027-01-01T00:00:00Z\n",
    );
    let access = told(&f).governance.access.unwrap();
    let lines: Vec<String> = access
        .iter()
        .map(|a| {
            format!(
                "{} {} {:?} {} {:?}",
                a.principal_id,
                a.mfa,
                a.can_delete,
                a.kind,
                a.reviewed_at.map(|t| t.to_string())
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "ann enforced Some(true) human Some(\"2026-09-01 00:00:00 UTC\")",
            "cy not applicable None service Some(\"2026-09-01 00:00:00 UTC\")",
            "dee  Some(false) not on record Some(\"2026-09-01 00:00:00 UTC\")",
        ]
    );
}

#[test]
fn a_quarter_tells_its_months_and_a_month_does_not() {
    let mut f = Fixture::new("2026-Q3");
    f.register("incidents", "incident_id,kind,backup_related,opened_at\nI-1,incident,true,2026-08-14T10:00:00Z\n");
    let months = |f: &Fixture| -> Vec<(String, Option<u64>)> {
        let trend = told(f).trends.into_iter().find(|t| t.metric == "backup_related_incidents").unwrap();
        trend.months.into_iter().map(|p| (p.label, p.has_value.then_some(p.numerator))).collect()
    };
    let of = |label: &str, n| (label.to_owned(), n);
    assert_eq!(months(&f), [of("2026-07", None), of("2026-08", Some(1)), of("2026-09", Some(0))]);
    f.period = Fixture::new("2026-08").period;
    assert_eq!(months(&f), []);
}

#[test]
fn a_control_names_the_statements_that_its_checks_test() {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    let d = told(&f);
    let soc2 = d.standards.iter().find(|s| s.id == "soc2").unwrap();
    let availability = soc2.controls.iter().find(|c| c.id == "A1.2").unwrap();
    assert!(availability.checks.iter().any(|c| c == "FRQ-02"));
    assert!(!availability.statements.is_empty());
    for id in &availability.statements {
        let statement = d.statements.iter().find(|s| s.id == *id).unwrap();
        assert!(statement.checks.iter().any(|c| availability.checks.contains(c)), "{id}");
    }
    let counted: u64 = availability.counts.iter().sum();
    let results = d.assessment.results.iter().filter(|r| availability.checks.contains(&r.check)).count();
    assert_eq!(counted, results as u64);
}
