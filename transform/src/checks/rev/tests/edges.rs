//! The edge cases of REV in `controls/checks.toml`, and which test shows each.

use super::*;
use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;

pub(crate) const EDGES: &[Edge] = &[
    ("REV-01", "Regular is not defined", By(reviews_of_job_status_are_monthly_by_default)),
    ("REV-01", "Daily monitoring by operations", By(daily_monitoring_replaces_no_review)),
    ("REV-02", "The reviewer is not the performer", By(reports_of_restore_tests_are_reviewed_by_somebody_else)),
    ("REV-03", "A sample is fine", By(internal_audit_is_independent_and_complete)),
    ("REV-03", "An external audit of the same matter", By(an_external_audit_counts_if_its_scope_says_so)),
    ("REV-04", "May be combined with the coverage review", By(the_design_is_verified_in_full)),
    ("REV-05", "Minutes must show backup and recovery", By(management_reviews_the_metrics_and_decides)),
    ("REV-06", "Reviewers may sample alerts", By(alerts_may_be_sampled_and_incidents_may_not)),
];

#[test]
fn reviews_of_job_status_are_monthly_by_default() {
    let judge = |performed: &str, cadence: Option<&str>| {
        let mut f = fixture();
        reviews(&mut f, &status("2026-03-01,2026-04-01", performed, "security_compliance"));
        if let Some(span) = cadence {
            f.parameter("status_review_cadence", model::policy::Setting::Span(span.parse().expect("a span")));
        }
        f.judge().of("REV-01", "organization").clone()
    };
    is(&judge("2026-05-01T20:00:00Z", None), State::Pass, "");
    is(&judge("2026-05-02T01:00:00Z", None), State::Fail, "review_late");
    is(&judge("2026-05-02T01:00:00Z", Some("P2M")), State::Pass, "");
    assert_eq!(judge("2026-05-01T20:00:00Z", None).parameters[0].origin, "default");
}

#[test]
fn daily_monitoring_replaces_no_review() {
    let mut f = fixture();
    let days: String =
        (1..=31).map(|d| format!("2026-03-{d:02},*,human,ida,2026-03-{d:02}T20:00:00Z,0,0,log\n")).collect();
    let head = "day,scope,method,performed_by,performed_at,runs_seen,failures_seen,evidence_ref\n";
    f.register("monitor_days", &format!("{head}{days}"));
    reviews(&mut f, "");
    let v = f.judge();
    v.is("MON-05", "organization", State::Pass);
    has_reason(v.is("REV-01", "organization", State::Fail), "hole");
}

#[test]
fn an_external_audit_counts_if_its_scope_says_so() {
    let external = |scope: &str| judged("REV-03", &audit("2025-06-01", "firm", "external_auditor", scope, AUDITED));
    is(&external("SOC 2 with backup and recovery"), State::Pass, "");
    is(&external("accounts receivable"), State::Fail, "review_missing");
    // An internal audit is of this matter by its inputs.
    is(&judged("REV-03", &audit("2025-06-01", "ida", "internal_auditor", "everything", AUDITED)), State::Pass, "");
}

#[test]
fn alerts_may_be_sampled_and_incidents_may_not() {
    let judge = |inputs: &str| {
        let mut f = fixture();
        f.register(
            "alerts",
            "alert_id,kind,raised_at\nAL1,failed,2026-03-02T00:00:00Z\nAL2,failed,2026-03-03T00:00:00Z\n",
        );
        f.register(
            "incidents",
            "incident_id,kind,backup_related,opened_at,closed_at\n\
             I1,incident,true,2026-03-02,2026-03-10\nI2,incident,true,2026-03-03,2026-03-10\n",
        );
        reviews(&mut f, &format!("R1,incident_reports,,,2026-04-01,sam,security_compliance,*,{inputs},\n"));
        f.judge().of("REV-06", "organization").clone()
    };
    is(&judge("sample of alerts: AL1;I1;I2"), State::Pass, "");
    let sampled = judge("AL1;AL2;I1");
    is(&sampled, State::Fail, "not_reviewed");
    assert!(sampled.detail.contains("I2"), "{}", sampled.detail);
}
