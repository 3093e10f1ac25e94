//! The edge cases of EVI in `controls/checks.toml`, and which test shows each.

use model::time::{TimeError, Tz, instant};

use super::*;
use crate::checks::edges::Edge;
use crate::checks::edges::Shown::{By, In, NotData};

pub(crate) const EDGES: &[Edge] = &[
    ("EVI-01", "Collected before the period end", By(a_source_collected_before_the_end_covers_only_up_to_then)),
    ("EVI-01", "Export limits", By(an_export_that_was_cut_covers_nothing)),
    (
        "EVI-02",
        "An offset that is known",
        NotData(
            "no evidence tells an offset from reference time: what is measured is the difference to the collecting machine, \
             whose own clock may be the wrong one",
        ),
    ),
    ("EVI-02", "Records with no zone", By(a_time_without_a_zone_needs_the_sources)),
    ("EVI-02", "Leap seconds", By(leap_seconds_are_ignored)),
    (
        "EVI-03",
        "Re-imports are not duplicates",
        By(a_record_with_two_final_states_is_disputed_and_one_read_again_is_not),
    ),
    ("EVI-03", "A final state never returns", By(a_record_that_runs_again_after_its_end_is_unreliable)),
    ("EVI-04", "Screenshots", By(a_picture_needs_a_digest_and_who_took_it)),
    (
        "EVI-04",
        "Redacted copies",
        In("tests/it/packet.rs", "withheld_objects_are_left_out_and_listed_and_figures_stay"),
    ),
    ("EVI-05", "The tool's own report", By(an_evidence_index_is_signed_by_the_role)),
];

#[test]
fn an_export_that_was_cut_covers_nothing() {
    let judge = |status: SourceStatus| {
        let mut f = fixture();
        f.covers("db", "2026-09-01T00:00:00Z", "2026-11-02T00:00:00Z");
        f.collections[0].status = status;
        f.judge().of("EVI-01", "backup_runs:db").state
    };
    assert_eq!(judge(SourceStatus::Incomplete), State::NoEvidence);
    // What counts the rows and finds them all is complete.
    assert_eq!(judge(SourceStatus::Complete), State::Pass);
}

#[test]
fn a_time_without_a_zone_needs_the_sources() {
    let local = "2026-10-06T02:00:00";
    let berlin = "Europe/Berlin".parse::<Tz>().expect("a zone");
    assert_eq!(instant(local, Some(berlin)), Ok(at("2026-10-06T00:00:00Z")));
    assert!(matches!(instant(local, None), Err(TimeError::ZoneUnknown(_))));
    let judge = |zone_unknown: bool| {
        let mut f = fixture();
        f.run("db", "2026-10-06T02:00:00Z", RunStatus::Success, |r| {
            (r.ended_at, r.zone_unknown) = (Some(at("2026-10-06T01:00:00Z")), zone_unknown);
        });
        f.collection("runs", "log", plain());
        f.judge().of("EVI-02", "runs.log").state
    };
    assert_eq!(judge(true), State::NotApplicable, "no time test can use it");
    assert_eq!(judge(false), State::Fail);
}

#[test]
fn leap_seconds_are_ignored() {
    let mut f = Fixture::new("2017-01");
    f.system("db", |s| s.onboarded_at = at("2016-01-01T00:00:00Z")).tests_given();
    // Two hours by the clock, and a second more by the Earth.
    f.test("T1", "db", "2016-12-31T23:00:00Z", "2017-01-01T01:00:00Z", TestResult::Success, |t| {
        t.service_ready_at = t.ended_at;
    });
    f.run("db", "2016-12-31T23:59:60Z", RunStatus::Success, |r| r.ended_at = Some(at("2017-01-01T00:00:00Z")));
    let v = f.judge();
    assert!(v.is("RST-05", "T1", State::Pass).detail.contains("7200 s of 7200 s"));
    has_reason(v.is("EVI-02", "runs.log", State::NoEvidence), "clock_unknown");
}

#[test]
fn a_record_that_runs_again_after_its_end_is_unreliable() {
    let judge = |first: RunStatus, second: RunStatus| {
        let mut f = fixture();
        for (status, read) in [(first, "2026-10-10T00:00:00Z"), (second, "2026-10-20T00:00:00Z")] {
            f.run("db", "2026-10-05T02:00:00Z", status, |r| r.origin.observed_at = at(read));
        }
        f.judge()
    };
    let v = judge(RunStatus::Success, RunStatus::Running);
    let r = v.is("EVI-03", "run/runs.log/db/2026-10-05T02:00:00Z", State::Fail);
    has_reason(r, "returned_to_running");
    judge(RunStatus::Running, RunStatus::Success).is("EVI-03", "organization", State::NotApplicable);
    judge(RunStatus::Running, RunStatus::Running).is("EVI-03", "organization", State::NotApplicable);
    // A log that is read again shows beginning and end again.
    let mut again = fixture();
    for read in ["2026-10-10T00:00:00Z", "2026-10-20T00:00:00Z"] {
        for status in [RunStatus::Running, RunStatus::Success] {
            again.run("db", "2026-10-05T02:00:00Z", status, |r| r.origin.observed_at = at(read));
        }
    }
    again.judge().is("EVI-03", "organization", State::NotApplicable);
}

#[test]
fn a_picture_needs_a_digest_and_who_took_it() {
    let judge = |digest: &str, by: Option<&str>| {
        let mut f = fixture();
        f.collection("runs", "log", |c| {
            let mut picture = page(digest);
            picture.name = "dashboard.png".to_owned();
            c.pages.push(picture);
            c.identity = by.map(str::to_owned);
        });
        f.judge().of("EVI-04", "runs.log").clone()
    };
    let digest = "ab".repeat(32);
    assert_eq!(judge(&digest, Some("ida")).state, State::Pass);
    has_reason(&judge(&digest, None), "collector_unknown");
    has_reason(&judge("", Some("ida")), "digest_missing");
    // One that people keep themselves stands in the register of documents.
    let kept = |digest: &str, taken: &str| {
        let mut f = fixture();
        f.covers("db", "2026-09-01T00:00:00Z", "2026-11-02T00:00:00Z");
        f.register(
            "documents",
            &format!(
                "document_id,kind,version,approved_at,retain_until,location_ref,digest\n\
                 P,dashboard,1,{taken},2033-01-01,wiki,{digest}\n"
            ),
        );
        f.judge().of("PRC-02", "organization").state
    };
    assert_eq!(kept(&digest, "2026-10-31"), State::Pass);
    assert_eq!(kept("", "2026-10-31"), State::NoEvidence);
    assert_eq!(kept(&digest, ""), State::Fail);
}
