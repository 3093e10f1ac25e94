//! CHG-01: the edge cases of `controls/checks.toml`.

use model::assessment::{CheckResult, State};
use model::policy::Setting;
use model::rows::{Integrity, TestResult};

use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;
use crate::testing::{Fixture, has_reason, plain};

pub(crate) const EDGES: &[Edge] = &[
    ("CHG-01", "Moves inside a cloud provider", By(other_changes_are_none_of_its_business)),
    ("CHG-01", "Not in the policy text", By(a_move_needs_a_copy_whether_ephi_is_held_or_not)),
];

const HEAD: &str = "change_id,system_ids,significant,kind,started_at,completed_at,ticket_ref,carried_by\n";
const MOVE: &str = "C1,db,true,equipment-move,2026-10-10T08:00:00Z,2026-10-10T12:00:00Z,T-1,\n";

/// A system with a point taken in the night before the move, checked or not.
fn moved(checked: Option<Integrity>) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain()).covers("db", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z");
    f.point("db", "2026-10-10T02:00:00Z", |p| p.integrity_result = checked);
    f
}

fn judged(mut f: Fixture, line: &str) -> CheckResult {
    f.register("changes", &format!("{HEAD}{line}"));
    f.judge().of("CHG-01", "C1").clone()
}

#[track_caller]
fn is(result: &CheckResult, state: State, reason: &str) {
    assert_eq!(result.state, state, "{}", result.detail);
    has_reason(result, reason);
}

#[test]
fn a_sound_copy_comes_before_the_move() {
    let sound = moved(Some(Integrity::Pass));
    assert_eq!(judged(sound.clone(), MOVE).state, State::Pass, "{}", judged(sound.clone(), MOVE).detail);
    is(&judged(moved(Some(Integrity::NotChecked)), MOVE), State::Fail, "copy_not_checked");
    is(&judged(moved(None), MOVE), State::NoEvidence, "copy_not_shown");
    is(&judged(moved(Some(Integrity::Fail)), MOVE), State::Fail, "no_copy");
    let mut restored = moved(None);
    restored.tests_given().test("T1", "db", "2026-10-11T08:00:00Z", "2026-10-11T09:00:00Z", TestResult::Success, |t| {
        t.recovery_point_id = Some("db/2026-10-10T02:00:00Z".to_owned());
    });
    assert_eq!(judged(restored, MOVE).state, State::Pass);
    // Taken too early, or after the move began.
    for start in ["2026-10-11T08:00:00Z", "2026-10-10T01:00:00Z"] {
        let line = MOVE.replace("2026-10-10T08:00:00Z", start).replace("2026-10-10T12", "2026-10-11T12");
        is(&judged(sound.clone(), &line), State::Fail, "no_copy");
        let mut f = sound.clone();
        f.collections.clear();
        is(&judged(f, &line), State::NoEvidence, "copy_not_shown");
    }
    let mut longer = sound.clone();
    longer.parameter("premove_copy_max_age", Setting::Span("P3D".parse().expect("a span")));
    let line = MOVE.replace("2026-10-10T08", "2026-10-11T08").replace("2026-10-10T12", "2026-10-11T12");
    assert_eq!(judged(longer, &line).state, State::Pass);
    is(&judged(sound, &MOVE.replace("2026-10-10T08:00:00Z", "")), State::NoEvidence, "copy_not_shown");
}

#[test]
fn media_are_carried_by_somebody() {
    let media = MOVE.replace("equipment-move", "media_move");
    is(&judged(moved(Some(Integrity::Pass)), &media), State::Fail, "custody_not_recorded");
    // Proven, whatever else is not known.
    is(&judged(moved(None), &media), State::Fail, "custody_not_recorded");
    assert_eq!(judged(moved(Some(Integrity::Pass)), &media.replace("T-1,", "T-1,karl")).state, State::Pass);
}

#[test]
fn other_changes_are_none_of_its_business() {
    let all = |line: &str| {
        let mut f = moved(Some(Integrity::Pass));
        f.system("saas", |s| s.provider_managed_backup = Some(true));
        f.register("changes", &format!("{HEAD}{line}"));
        f.judge()
    };
    for line in [
        String::new(),
        MOVE.replace("equipment-move", "upgrade"),
        MOVE.replace(",db,", ",other,"),
        MOVE.replace("2026-10-10", "2026-09-10"),
    ] {
        has_reason(all(&line).is("CHG-01", "organization", State::NotApplicable), "no_move");
    }
    has_reason(all(&MOVE.replace(",db,", ",saas,")).is("CHG-01", "C1", State::NotApplicable), "provider_managed");
    has_reason(all(&MOVE.replace("equipment-move", "")).is("CHG-01", "C1", State::NoEvidence), "kind_not_recorded");
    let silent = moved(None).judge();
    has_reason(silent.is("CHG-01", "organization", State::NoEvidence), "register_not_given");
}

#[test]
fn a_move_needs_a_copy_whether_ephi_is_held_or_not() {
    for ephi in [Some(true), Some(false), None] {
        let mut f = moved(Some(Integrity::Fail));
        f.systems[0].ephi = ephi;
        is(&judged(f, MOVE), State::Fail, "no_copy");
    }
    // HIPAA asks for it, and the policy's text does not.
    let check = model::controls::Controls::embedded().check("CHG-01").expect("the check");
    assert_ne!(check.basis, model::controls::Basis::Policy);
    assert!(check.controls["hipaa"].iter().any(|c| c == "164.310(d)(2)(iv)"));
}
