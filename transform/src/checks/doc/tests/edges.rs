//! The edge cases of DOC in `controls/checks.toml`, and which test shows each.

use model::policy::Setting;

use super::*;
use crate::checks::edges::Edge;
use crate::checks::edges::Shown::By;
use crate::testing::plain;

pub(crate) const EDGES: &[Edge] = &[
    ("DOC-01", "A review that changed nothing", By(what_resets_the_date_is_an_approval_and_no_edit)),
    ("DOC-01", "Editing without approval", By(what_resets_the_date_is_an_approval_and_no_edit)),
    ("DOC-01", "Gaps between past approvals", By(gaps_of_the_past_are_told_and_do_not_fail)),
    ("DOC-02", "Compare as numbers by part", By(versions_compare_as_numbers_by_part)),
    ("DOC-03", "An approval record in a document system", By(an_approval_record_signs_if_it_names_all)),
    ("DOC-04", "Wildcards such as CC7.x", By(citations_exist_fit_and_leave_nothing_out)),
    ("DOC-04", "Vendor identifiers", By(identifiers_of_vendors_need_only_exist)),
    ("DOC-05", "The list has a backup policy", By(policies_that_are_named_exist_and_are_current)),
    ("DOC-06", "Six years is the HIPAA rule", By(less_than_six_years_needs_no_ephi_and_the_period_to_be_whole)),
    ("DOC-07", "The history names authors only", By(who_wrote_the_policy_does_not_approve_it)),
    ("DOC-08", "Acknowledgement in a training", By(the_policy_is_labelled_published_and_acknowledged)),
];

#[test]
fn versions_compare_as_numbers_by_part() {
    let judge = |versions: [&str; 2], stated: &str| {
        let mut f = Fixture::new("2026-03");
        f.policy.document.history = vec![row(versions[0], "2025-02-01", "x"), row(versions[1], "2026-01-20", "y")];
        f.policy.document.stated_version = stated.to_owned();
        f.judge().of("DOC-02", "BRP").state
    };
    assert_eq!(judge(["1.9", "1.10"], "1.10"), State::Pass);
    assert_eq!(judge(["1.10", "1.9"], "1.9"), State::Fail);
    assert_eq!(judge(["3", "4.0"], "4"), State::Pass);
    assert_eq!(judge(["3", "4.0"], "40"), State::Fail);
}

#[test]
fn an_approval_record_signs_if_it_names_all() {
    let judge = |record: &str| {
        let mut f = Fixture::new("2026-03");
        correct(&mut f.policy);
        f.policy.document.signatures.retain(|s| s.role == "policy_approver");
        f.role("policy_approver", "ceo").register("documents", &format!("{DOCUMENTS}{record}"));
        f.judge().of("DOC-03", "BRP").state
    };
    let record = "BRP,policy,x,5.0,,,ceo,policy_approver,2026-01-20,,,,,,\n";
    assert_eq!(judge(record), State::Pass);
    for lacking in [
        record.replace("ceo", ""),
        record.replace("policy_approver", ""),
        record.replace("5.0", "4.0"),
        record.replace("2026-01-20", ""),
    ] {
        assert_eq!(judge(&lacking), State::NoEvidence, "{lacking}");
    }
}

#[test]
fn identifiers_of_vendors_need_only_exist() {
    let cited = |framework: &str, id: &str| {
        let mut f = in_order();
        let mut more = f.policy.citations[0].clone();
        (more.framework, more.as_cited) = (framework.to_owned(), id.to_owned());
        more.resolves_to = vec![id.to_owned()];
        for statement in &mut f.policy.statements {
            statement.controls.values_mut().for_each(|ids| ids.retain(|other| other != id));
        }
        f.policy.citations.push(more);
        f.judge().of("DOC-04", &format!("BRP:{framework}")).clone()
    };
    // No statement stands behind either of them.
    assert_eq!(cited("drata", "DCF-13").state, State::Pass);
    has_reason(&cited("soc2", "CC5.3"), "unsupported");
    has_reason(&cited("drata", "DCF-99999"), "unknown_control");
}

#[test]
fn less_than_six_years_needs_no_ephi_and_the_period_to_be_whole() {
    let kept = |years: &str, ephi: bool, until: &str| {
        let mut f = Fixture::new("2026-03");
        correct(&mut f.policy);
        f.system("db", plain());
        f.systems[0].ephi = Some(ephi);
        f.parameter("evidence_retention", Setting::Span(years.parse().expect("a span")));
        f.register("documents", &format!("{DOCUMENTS}T-1,test_report,x,1,,,,,2026-03-01,,,{until},,a,d\n"));
        f.judge().of("DOC-06", "T-1 1").state
    };
    assert_eq!(kept("P2Y", false, "2028-03-01"), State::Pass);
    assert_eq!(kept("P2Y", false, "2028-02-28"), State::Fail);
    assert_eq!(kept("P2Y", true, "2028-03-01"), State::Fail, "HIPAA asks for six");
    assert_eq!(kept("P2Y", true, "2032-03-01"), State::Pass);
    // Judged on the sixth of April: what is gone before cannot be audited.
    assert_eq!(kept("P7D", false, "2026-04-05"), State::Fail);
    assert_eq!(kept("P7D", false, "2026-04-06"), State::Pass);
}
