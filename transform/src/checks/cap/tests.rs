//! CAP-01 and CAP-02: the edge cases of `controls/checks.toml`.

use model::assessment::{CheckResult, State};
use model::dossier::StoreSheet;

use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;
use crate::dossier::dossier;
use crate::testing::{Fixture, has_reason, plain};

pub(crate) const EDGES: &[Edge] = &[
    ("CAP-01", "Disciplinary actions", By(nothing_personal_is_told_of_a_disciplinary_action)),
    ("CAP-02", "No case in the period is normal", By(no_case_is_normal_and_no_person_is_told)),
    ("CAP-02", "Keep personal details out", By(no_case_is_normal_and_no_person_is_told)),
];

const ACTIONS: &str = "action_id,origin_kind,origin_ref,kind,owner,opened_at,due_at,closed_at,verified_at\n";

fn october() -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f
}

fn action(line: &str) -> CheckResult {
    let mut f = october();
    f.register("actions", &format!("{ACTIONS}{line}\n"));
    f.judge().of("CAP-01", "C1").clone()
}

#[track_caller]
fn fails(result: &CheckResult, reason: &str) {
    assert_eq!(result.state, State::Fail, "{}", result.detail);
    has_reason(result, reason);
}

#[test]
fn actions_are_closed_in_time_and_checked() {
    let good = "C1,check,FRQ-02,corrective,ida,2026-09-20T00:00:00Z,2026-10-10T00:00:00Z,2026-10-10T15:00:00Z,2026-10-12T00:00:00Z";
    assert_eq!(action(good).state, State::Pass, "a due day passes");
    fails(&action(&good.replace("2026-10-10T15", "2026-10-11T00")), "closed_late");
    fails(&action(&good.replace("2026-10-10T15:00:00Z,2026-10-12T00:00:00Z", ",")), "overdue");
    fails(&action(&good.replace("2026-10-12T00:00:00Z", "")), "not_verified");
    fails(&action(&good.replace("ida", "")), "owner_missing");
    fails(&action(&good.replace("2026-10-10T00:00:00Z", "")), "due_missing");
    let open = "C1,check,FRQ-02,corrective,ida,2026-10-20T00:00:00Z,2026-12-10T00:00:00Z,,";
    let r = action(open);
    assert_eq!(r.state, State::NotApplicable, "{}", r.detail);
    has_reason(&r, "not_yet_due");
    fails(&action(&open.replace("ida", "")), "owner_missing");
}

#[test]
fn only_actions_open_in_the_period_are_judged() {
    let mut f = october();
    has_reason(f.judge().is("CAP-01", "organization", State::NoEvidence), "register_not_given");
    f.register(
        "actions",
        &format!(
            "{ACTIONS}C1,check,FRQ-02,corrective,ida,2026-01-20T00:00:00Z,2026-02-10T00:00:00Z,2026-02-09T00:00:00Z,\n\
             C2,check,FRQ-02,corrective,ida,2026-11-03T00:00:00Z,2026-12-10T00:00:00Z,,\n"
        ),
    );
    has_reason(f.judge().is("CAP-01", "organization", State::NotApplicable), "no_action");
}

#[test]
fn nothing_personal_is_told_of_a_disciplinary_action() {
    let r = action(
        "C1,review,R9,disciplinary,karl,2026-09-20T00:00:00Z,2026-10-10T00:00:00Z,2026-10-09T00:00:00Z,2026-10-12T00:00:00Z",
    );
    assert_eq!(r.state, State::Pass);
    assert!(r.detail.contains("disciplinary") && !r.detail.contains("karl"), "{}", r.detail);
}

const DOCUMENTS: &str =
    "document_id,kind,title,version,approved_by,approved_role,approved_at,effective_from,location_ref,digest\n";
const PROCESS: &str = "D1,sanctions,Disciplinary procedure,2,greta,executive_management,2025-01-10T00:00:00Z,2025-02-01T00:00:00Z,hr,00\n";
const ATTESTED: &str = "D2,attestation,Sanctions applied where needed,1,greta,executive_management,2026-11-03T00:00:00Z,2026-01-01T00:00:00Z,hr,00\n";

fn sanctions(lines: &str) -> CheckResult {
    let mut f = october();
    f.register("documents", &format!("{DOCUMENTS}{lines}")).role("executive_management", "greta");
    f.judge().of("CAP-02", "organization").clone()
}

#[test]
fn sanctions_are_described_and_attested_for_the_period() {
    let both = format!("{PROCESS}{ATTESTED}");
    assert_eq!(sanctions(&both).state, State::Pass, "{}", sanctions(&both).detail);
    // Told by its title.
    assert_eq!(sanctions(&both.replace("D1,sanctions", "D1,policy")).state, State::Pass);
    fails(&sanctions(ATTESTED), "document_missing");
    fails(&sanctions(&both.replace("2025-01-10T00:00:00Z", "")), "document_missing");
    fails(&sanctions(&PROCESS.replace("Disciplinary", "Leave").replace("sanctions", "other")), "document_missing");
    for lacking in [
        PROCESS.to_owned(),
        format!("{PROCESS}{}", ATTESTED.replace("2026-11-03", "2026-10-20")),
        format!("{PROCESS}{}", ATTESTED.replace("2026-01-01", "2026-10-02")),
        format!("{PROCESS}{}", ATTESTED.replace("greta", "karl")),
        format!("{PROCESS}{}", ATTESTED.replace("executive_management", "system_owner")),
        format!("{PROCESS}{}", ATTESTED.replace("Sanctions", "Reviews")),
    ] {
        let r = sanctions(&lacking);
        assert_eq!(r.state, State::NoEvidence, "{}", r.detail);
        has_reason(&r, "attestation_missing");
    }
}

#[test]
fn without_registers_nothing_is_known_of_sanctions() {
    let mut f = october();
    has_reason(f.judge().is("CAP-02", "organization", State::NoEvidence), "register_not_given");
    f.register("documents", &format!("{DOCUMENTS}{PROCESS}{ATTESTED}"));
    has_reason(f.judge().is("CAP-02", "organization", State::NoEvidence), "register_not_given");
    // The roles that may attest are those of the policy.
    let mut f = october();
    let attested = ATTESTED.replace("executive_management", "system_owner");
    f.register("documents", &format!("{DOCUMENTS}{PROCESS}{attested}")).role("system_owner", "greta");
    f.judge().is("CAP-02", "organization", State::NoEvidence);
    for s in f.policy.statements.iter_mut().filter(|s| s.checks.iter().any(|c| c == "CAP-02")) {
        s.owner_roles = vec!["system_owner".to_owned()];
    }
    f.judge().is("CAP-02", "organization", State::Pass);
}

#[test]
fn no_case_is_normal_and_no_person_is_told() {
    let both = format!("{PROCESS}{}", ATTESTED.replace("applied where needed", "no case in the period"));
    for actions in ["", "C1,review,CASE-karl,disciplinary,boss,2026-10-02T00:00:00Z,2026-10-10T00:00:00Z,,\n"] {
        let mut f = october();
        f.register("documents", &format!("{DOCUMENTS}{both}")).role("executive_management", "greta");
        f.register("actions", &format!("{ACTIONS}{actions}"));
        let v = f.judge();
        let store =
            StoreSheet { store_id: String::new(), last_run: 1, last_manifest: String::new(), runs: 1, signed_by: None };
        let told = f.with_basis(|b| dossier(b, &v.judged, f.period, store).expect("a dossier").governance.actions);
        let text = format!("{:?} {:?} {told:?}", v.is("CAP-02", "organization", State::Pass).detail, v.all("CAP-01"));
        for personal in ["greta", "karl", "boss"] {
            assert!(!text.contains(personal), "{text}");
        }
        assert_eq!(text.contains("disciplinary"), !actions.is_empty(), "that the process ran is told: {text}");
    }
}
