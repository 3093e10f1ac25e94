//! DOC-01 to DOC-08: the examples of `controls/checks.toml`, its edge cases, and a policy that keeps every rule beside
//! the built-in one, which keeps none.

use chrono::NaiveDate;
use model::assessment::State;
use model::controls::{Controls, Relevance};
use model::policy::{Citation, HistoryRow, ParameterOrigin, Policy, SignatureLine, Verdict};

use crate::testing::{Fixture, Verdicts, has_reason};

mod edges;

pub(crate) use edges::EDGES;

/// Examples that tests here claim.
pub(crate) const EXAMPLES: &[(&str, usize)] = &[("DOC-01", 0), ("DOC-01", 1), ("DOC-01", 2)];

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn row(version: &str, dated: &str, change: &str) -> HistoryRow {
    HistoryRow {
        version: version.to_owned(),
        dated: day(dated),
        change: change.to_owned(),
        approval: true,
        approver_named: true,
    }
}

/// The built-in policy with its paper in order.
pub(super) fn correct(policy: &mut Policy) {
    let document = &mut policy.document;
    document.stated_version = "5.0".to_owned();
    (document.effective_date_stated, document.next_review_date_stated, document.document_id_stated) =
        (true, true, true);
    document.history =
        vec![row("4.0", "2025-02-01", "Frequency follows objectives"), row("5.0", "2026-01-20", "Yearly review")];
    document.signatures = ["policy_owner", "security_officer", "compliance_officer", "policy_approver"]
        .into_iter()
        .map(|role| SignatureLine {
            role: role.to_owned(),
            name_filled: true,
            signature_filled: true,
            date_filled: true,
        })
        .collect();
    let mapped = |framework: &str, id: &String| {
        policy.statements.iter().any(|s| s.controls.get(framework).is_some_and(|ids| ids.contains(id)))
    };
    policy.citations = Controls::embedded()
        .frameworks
        .iter()
        .flat_map(|f| f.controls.iter().map(move |c| (f.id.as_str(), c)))
        .filter(|(f, c)| c.relevance == Relevance::Primary && mapped(f, &c.id))
        .map(|(framework, control)| Citation {
            section: "1.3".to_owned(),
            as_cited: control.id.clone(),
            framework: framework.to_owned(),
            resolves_to: vec![control.id.clone()],
            verdict: Verdict::Fits,
            comment: String::new(),
        })
        .collect();
    policy.references.retain(|r| r.title != "Backup Policy");
    policy.parameters.get_mut("evidence_retention").expect("a parameter").origin = ParameterOrigin::Policy;
    for role in &mut policy.roles {
        role.described_in = Some("4".to_owned());
    }
}

const DOCUMENTS: &str = "document_id,kind,title,version,system_ids,owner_role,approved_by,approved_role,approved_at,\
    effective_from,next_review_due,retain_until,classification,location_ref,digest\n";

/// A policy in order, and registers that say who wrote, signed, keeps and knows it.
pub(super) fn in_order() -> Fixture {
    let mut f = Fixture::new("2026-03");
    correct(&mut f.policy);
    f.register(
        "documents",
        &format!(
            "{DOCUMENTS}\
             BRP,policy,Backup & Restore Policy,4.0,,policy_owner,ceo,policy_approver,2025-02-01,2025-02-01,,2033-01-01,internal,archive/4,aa\n\
             BRP,policy,Backup & Restore Policy,5.0,,policy_owner,ceo,policy_approver,2026-01-20,2026-01-20,2027-01-20,2033-01-01,internal,intranet/brp,bb\n\
             P-1,policy,Data Classification Policy,2,,,,,2026-01-10,,2027-01-10,,,,\n\
             P-2,policy,Data Retention Policy,2,,,,,2026-01-10,,2027-01-10,,,,\n\
             P-3,policy,Encryption Policy,2,,,,,2026-01-10,,2027-01-10,,,,\n\
             P-4,policy,Incident Response Policy,2,,,,,2026-01-10,,2027-01-10,,,,\n"
        ),
    );
    f.register(
        "document_history",
        "document_id,version,dated,author,change,approval\nBRP,5.0,2026-01-20,writer,Yearly review,true\n",
    );
    f.register(
        "signatures",
        "document_id,role,name,signed_at,signature_ref,version\n\
         BRP,policy_owner,paula,2026-01-20,s1,5.0\nBRP,security_officer,sam,2026-01-20,s2,5.0\n\
         BRP,compliance_officer,carl,2026-01-20,s3,5\nBRP,policy_approver,ceo,2026-01-20,s4,5.0\n",
    );
    for (role, person) in [
        ("policy_owner", "paula"),
        ("security_officer", "sam"),
        ("compliance_officer", "carl"),
        ("policy_approver", "ceo"),
        ("engineering_operations", "emma"),
        ("security_compliance", "sam"),
        ("system_owner", "olga"),
    ] {
        f.role(role, person);
    }
    let mut people = "document_id,version,person,acknowledged_at\n".to_owned();
    for person in ["paula", "sam", "carl", "emma", "olga"] {
        people.push_str(&format!("BRP,5.0,{person},2026-02-01\n"));
    }
    f.register("acknowledgements", &people);
    f
}

/// The built-in policy, approved last on `day` and without a further history.
fn approved_on(day: &str, period: &str, as_of: &str) -> Verdicts {
    let mut f = Fixture::new(period);
    f.as_of(as_of);
    f.policy.document.history = vec![row("4.0", day, "x")];
    f.judge()
}

#[test]
fn a_policy_in_order_passes_and_the_built_in_one_does_not() {
    let v = in_order().judge();
    for check in ["DOC-01", "DOC-02", "DOC-03", "DOC-07", "DOC-08"] {
        v.is(check, "BRP", State::Pass);
    }
    for (check, count) in [("DOC-04", 7), ("DOC-05", 4), ("DOC-06", 2)] {
        let all = v.all(check);
        assert_eq!(all.len(), count, "{check}");
        for result in all {
            assert_eq!(
                (result.state, &*result.reasons),
                (State::Pass, &[][..]),
                "{check} {}: {}",
                result.unit,
                result.detail
            );
        }
    }
    let built_in = Fixture::new("2026-03").judge();
    for (check, reason) in
        [("DOC-01", "overdue"), ("DOC-02", "version_differs"), ("DOC-03", "row_empty"), ("DOC-07", "approver_unknown")]
    {
        has_reason(built_in.is(check, "BRP", State::Fail), reason);
    }
    has_reason(built_in.is("DOC-06", "BRP", State::NoEvidence), "register_not_given");
    built_in.is("DOC-05", "Encryption Policy", State::NoEvidence);
    built_in.is("DOC-08", "BRP", State::NoEvidence);
}

#[test]
fn an_approval_holds_for_one_cadence_and_the_day_after_is_overdue() {
    approved_on("2025-01-06", "2025-12", "2025-12-31T00:00:00Z").is("DOC-01", "BRP", State::Pass);
    let v = approved_on("2025-01-06", "2026-01", "2026-01-07T00:00:00Z");
    let r = v.is("DOC-01", "BRP", State::Fail);
    assert!(r.detail.contains("by 2026-01-07 it is 1 day overdue"), "{}", r.detail);
    let v = approved_on("2025-01-06", "2025-10-01..2026-03-31", "2026-04-05T00:00:00Z");
    let r = v.is("DOC-01", "BRP", State::Fail);
    assert!(r.detail.contains("overdue on 84 days of the period"), "{}", r.detail);
    // The last day on which it holds.
    approved_on("2025-01-06", "2026-01", "2026-01-06T12:00:00Z").is("DOC-01", "BRP", State::Pass);
}

#[test]
fn what_resets_the_date_is_an_approval_and_no_edit() {
    let mut f = Fixture::new("2026-03");
    f.policy.document.history = vec![row("1.0", "2025-02-01", "x"), row("1.1", "2026-02-10", "x")];
    f.policy.document.history[1].approval = false;
    let v = f.judge();
    let r = v.is("DOC-01", "BRP", State::Fail);
    has_reason(r, "unapproved_version");
    // A signed review that changed nothing.
    f.register("reviews", "review_id,kind,performed_at,signed_off_by\nR1,policy,2026-01-30,ceo\n");
    f.judge().is("DOC-01", "BRP", State::Pass);
    // The first version, not yet approved.
    f = Fixture::new("2026-03");
    f.policy.document.history = vec![row("1.0", "2025-12-01", "x")];
    f.policy.document.history[0].approval = false;
    has_reason(f.judge().is("DOC-01", "BRP", State::NotApplicable), "not_yet_due");
    f.policy.document.history[0].dated = day("2024-12-01");
    has_reason(f.judge().is("DOC-01", "BRP", State::NoEvidence), "approval_date_missing");
}

#[test]
fn gaps_of_the_past_are_told_and_do_not_fail() {
    let mut f = Fixture::new("2026-03");
    f.policy.document.history = vec![row("1.0", "2022-01-14", "x"), row("2.0", "2026-01-06", "x")];
    let v = f.judge();
    let r = v.is("DOC-01", "BRP", State::Pass);
    has_reason(r, "history_gap");
    assert!(r.detail.contains("1453 days, 1088 of them past"), "{}", r.detail);
}

#[test]
fn versions_agree_rise_and_occur_once() {
    let version = |change: &dyn Fn(&mut Fixture)| {
        let mut f = in_order();
        change(&mut f);
        f.judge().of("DOC-02", "BRP").clone()
    };
    let stated = version(&|f| f.policy.document.stated_version = "5".to_owned());
    assert_eq!(stated.state, State::Pass, "5.0 equals 5: {}", stated.detail);
    has_reason(&version(&|f| f.policy.document.stated_version = "4.0".to_owned()), "version_differs");
    has_reason(&version(&|f| f.policy.document.history.insert(1, row("4", "2025-03-01", "x"))), "version_repeats");
    has_reason(&version(&|f| f.policy.document.history.insert(1, row("6.0", "2025-03-01", "x"))), "unordered");
    has_reason(&version(&|f| f.policy.document.history[1].dated = day("2026-01-21")), "date_differs");
    let none = version(&|f| {
        f.policy.document.history.clear();
        f.register("document_history", "document_id,version,dated\n");
    });
    assert_eq!(none.state, State::Pass, "the register alone holds the history: {}", none.detail);
    let mut f = Fixture::new("2026-03");
    f.policy.document.history.clear();
    has_reason(f.judge().is("DOC-02", "BRP", State::NoEvidence), "history_not_given");
    f.policy.document.has_history = false;
    f.judge().is("DOC-02", "BRP", State::NotApplicable);
}

#[test]
fn signatures_are_for_this_version_by_who_held_the_role() {
    let head = "document_id,role,name,signed_at,signature_ref,version\n";
    let signed = |line: &str| {
        let mut f = in_order();
        f.policy.document.signatures.retain(|s| s.role == "security_officer");
        f.register("signatures", &format!("{head}{line}"));
        f.judge().of("DOC-03", "BRP").clone()
    };
    // Rows that came before it in the register are still there: the new row is an older signature.
    assert_eq!(signed("BRP,security_officer,sam,2025-02-01,s0,4.0\n").state, State::Pass);
    let mut f = Fixture::new("2026-03");
    correct(&mut f.policy);
    f.policy.document.signatures.retain(|s| s.role == "security_officer");
    f.role("security_officer", "sam").role("policy_approver", "ceo");
    // The block is filled, and nothing says by whom; the approver has no row at all.
    has_reason(f.judge().is("DOC-03", "BRP", State::Fail), "approver_did_not_sign");
    f.register("documents", &format!("{DOCUMENTS}BRP,policy,x,5.0,,,ceo,policy_approver,2026-01-20,,,,,,\n"));
    has_reason(f.judge().is("DOC-03", "BRP", State::NoEvidence), "signature_not_shown");
    for (row, state, reason) in [
        ("BRP,security_officer,sam,2026-01-20,s1,5.0", State::Pass, ""),
        ("BRP,security_officer,sam,2026-01-20,s1,4.0", State::Fail, "row_incomplete"),
        ("BRP,security_officer,sam,2026-01-20,,5.0", State::Fail, "row_incomplete"),
        ("BRP,security_officer,eve,2026-01-20,s1,5.0", State::Fail, "role_not_held"),
        ("OTHER,security_officer,sam,2026-01-20,s1,5.0", State::NoEvidence, "signature_not_shown"),
    ] {
        let mut f = f.clone();
        f.register("signatures", &format!("{head}{row}\n"));
        let v = f.judge();
        let r = v.is("DOC-03", "BRP", state);
        if !reason.is_empty() {
            has_reason(r, reason);
        }
    }
    // Without a block the record of the approval is what counts, and DOC-07 tests it.
    f.policy.document.signatures.clear();
    has_reason(f.judge().is("DOC-03", "BRP", State::NotApplicable), "approved_in_system");
    let mut f = Fixture::new("2026-03");
    f.policy.document.signatures.clear();
    f.judge().is("DOC-03", "BRP", State::NoEvidence);
}

#[test]
fn signatures_without_a_register_of_roles_prove_nothing() {
    let mut f = Fixture::new("2026-03");
    correct(&mut f.policy);
    f.policy.document.signatures.truncate(1);
    f.register(
        "signatures",
        "document_id,role,name,signed_at,signature_ref,version\n\
         BRP,policy_owner,paula,2026-01-20,s1,5.0\nBRP,policy_approver,ceo,2026-01-20,s4,5.0\n",
    );
    has_reason(f.judge().is("DOC-03", "BRP", State::NoEvidence), "register_not_given");
    has_reason(f.judge().is("DOC-07", "BRP", State::NoEvidence), "register_not_given");
}

#[test]
fn who_wrote_the_policy_does_not_approve_it() {
    let consistent = |documents: &str, author: &str| {
        let mut f = Fixture::new("2026-03");
        correct(&mut f.policy);
        f.role("policy_owner", "paula").role("policy_approver", "ceo");
        f.register("documents", &format!("{DOCUMENTS}{documents}"));
        f.register("document_history", &format!("document_id,version,dated,author\nBRP,5.0,2026-01-20,{author}\n"));
        f.judge().of("DOC-07", "BRP").clone()
    };
    let good = "BRP,policy,x,5.0,,policy_owner,ceo,policy_approver,2026-01-20,,,,,,\n";
    assert_eq!(consistent(good, "writer").state, State::Pass);
    has_reason(&consistent(good, "ceo"), "self_approval");
    has_reason(&consistent(&good.replace("ceo", "eve"), "writer"), "role_not_held");
    has_reason(&consistent(&good.replace("policy_approver", "policy_owner"), "writer"), "wrong_role");
    has_reason(&consistent(&good.replacen("policy_owner", "system_owner", 1), "writer"), "owner_differs");
    let unknown = consistent(good, "");
    assert_eq!(unknown.state, State::NoEvidence);
    has_reason(&unknown, "approver_or_author_not_given");
    // Approved says the printed history, and names nobody.
    let mut f = Fixture::new("2026-03");
    correct(&mut f.policy);
    f.policy.document.history[1].approver_named = false;
    has_reason(f.judge().is("DOC-07", "BRP", State::Fail), "approver_unknown");
    f.policy.document.history[1].approval = false;
    has_reason(f.judge().is("DOC-07", "BRP", State::Fail), "not_approved");
    f.policy.document.history.clear();
    has_reason(f.judge().is("DOC-07", "BRP", State::NoEvidence), "history_not_given");
}

#[test]
fn nobody_in_the_owners_role_is_a_failure() {
    let mut f = in_order();
    f.policy.document.owner_role = "executive_management".to_owned();
    f.register("documents", DOCUMENTS);
    has_reason(f.judge().is("DOC-07", "BRP", State::Fail), "owner_role_vacant");
}

#[test]
fn citations_exist_fit_and_leave_nothing_out() {
    let cited = |change: &dyn Fn(&mut Policy)| {
        let mut f = in_order();
        change(&mut f.policy);
        f.judge()
    };
    let spoilt = |verdict: Verdict| {
        let v =
            cited(&move |p| p.citations.iter_mut().filter(|c| c.as_cited == "A1.2").for_each(|c| c.verdict = verdict));
        v.of("DOC-04", "BRP:soc2").clone()
    };
    has_reason(&spoilt(Verdict::Miscited), "miscited");
    has_reason(&spoilt(Verdict::Unsupported), "unsupported");
    let imprecise = spoilt(Verdict::Imprecise);
    assert_eq!(imprecise.state, State::Pass, "reported and no failure");
    has_reason(&imprecise, "imprecise");
    let v = cited(&|p| p.citations.retain(|c| c.as_cited != "A1.2" && c.as_cited != "DCF-77"));
    let r = v.is("DOC-04", "BRP:soc2", State::Fail);
    has_reason(r, "not_cited");
    assert!(r.detail.contains("A1.2") && !r.detail.contains("A1.3"), "{}", r.detail);
    // What a vendor's list lacks is a remark.
    has_reason(v.is("DOC-04", "BRP:drata", State::Pass), "not_cited");
    let v = cited(&|p| {
        let mut unknown = p.citations[0].clone();
        (unknown.framework, unknown.resolves_to) = ("soc2".to_owned(), vec!["CC99.9".to_owned()]);
        p.citations.push(unknown);
    });
    has_reason(v.is("DOC-04", "BRP:soc2", State::Fail), "unknown_control");
    let v = cited(&|p| p.citations[0].framework = "house-rules".to_owned());
    has_reason(v.is("DOC-04", "BRP:house-rules", State::NoEvidence), "framework_not_given");
}

#[test]
fn policies_that_are_named_exist_and_are_current() {
    let encryption = |row: &str| {
        let mut f = Fixture::new("2026-03");
        f.register("documents", &format!("{DOCUMENTS}{row}"));
        f.judge()
    };
    let head = "P-3,policy,The Encryption Policy,2,,,,,";
    let unit = "Encryption Policy";
    encryption(&format!("{head}2026-01-10,,2027-01-10,,,,\n")).is("DOC-05", unit, State::Pass);
    let overdue = encryption(&format!("{head}2025-01-10,,2026-03-05,,,,\n"));
    has_reason(overdue.is("DOC-05", unit, State::Fail), "overdue");
    has_reason(encryption(&format!("{head},,2027-01-10,,,,\n")).is("DOC-05", unit, State::Fail), "not_approved");
    let undated = encryption(&format!("{head}2026-01-10,,,,,,\n"));
    has_reason(undated.is("DOC-05", unit, State::NoEvidence), "review_date_missing");
    has_reason(undated.is("DOC-05", "Data Retention Policy", State::Fail), "document_missing");
    // The due day itself passes.
    encryption(&format!("{head}2026-01-10,,2026-03-31,,,,\n")).is("DOC-05", unit, State::Pass);
    // A backup policy beside this one: this one, unless another is registered.
    has_reason(undated.is("DOC-05", "Backup Policy", State::NotApplicable), "self_reference");
    let second = encryption("OLD-1,policy,Backup Policy,1,,,,,2019-01-01,,2020-01-01,,,,\n");
    has_reason(second.is("DOC-05", "Backup Policy", State::Fail), "overdue");
    let same = encryption("DOC-7,policy,Backup and Restore Policy,4,,,,,2026-01-01,,2027-01-01,,,,\n");
    has_reason(same.is("DOC-05", "Backup Policy", State::NotApplicable), "self_reference");
}

#[test]
fn versions_and_records_are_kept() {
    let kept = |rows: &str| {
        let mut f = Fixture::new("2026-03");
        correct(&mut f.policy);
        f.register("documents", &format!("{DOCUMENTS}{rows}"));
        f.judge()
    };
    let old = |until: &str| format!("BRP,policy,x,4.0,,,,,2025-02-01,,,{until},,a,d\n");
    has_reason(kept("").is("DOC-06", "BRP 4.0", State::Fail), "version_missing");
    // Six years from the day on which 5.0 replaced it, not from its own date.
    kept(&old("2032-01-20")).is("DOC-06", "BRP 4.0", State::Pass);
    has_reason(kept(&old("2032-01-19")).is("DOC-06", "BRP 4.0", State::Fail), "kept_too_short");
    has_reason(kept(&old("")).is("DOC-06", "BRP 4.0", State::NoEvidence), "retention_not_stated");
    let report = |rest: &str| kept(&format!("T-1,test_report,x,1,,,,,{rest}\n"));
    report("2026-03-01,,,2032-03-01,,a,d").is("DOC-06", "T-1 1", State::Pass);
    has_reason(report("2026-03-01,,,2032-03-01,,a,").is("DOC-06", "T-1 1", State::NoEvidence), "protection_not_shown");
    has_reason(report(",,,2032-03-01,,a,d").is("DOC-06", "T-1 1", State::NoEvidence), "date_missing");
    has_reason(report("2026-03-01,,,2031-03-01,,a,d").is("DOC-06", "T-1 1", State::Fail), "kept_too_short");
    assert!(kept("C-1,contract,x,1,,,,,,,,,,,\n").all("DOC-06").iter().all(|r| r.unit != "C-1 1"));
}

#[test]
fn the_policy_is_labelled_published_and_acknowledged() {
    let mut f = in_order();
    f.register(
        "role_assignments",
        "role,person,valid_from,valid_to\nsystem_owner,nora,2026-03-10,\nsystem_owner,left,2020-01-01,2026-03-20\n",
    );
    let v = f.judge();
    let r = v.is("DOC-08", "BRP", State::Fail);
    has_reason(r, "not_acknowledged");
    assert!(r.detail.contains("nora") && !r.detail.contains("left"), "{}", r.detail);
    f.register("acknowledgements", "document_id,version,person,acknowledged_at\nBRP,4.0,nora,2026-03-11\n");
    f.judge().is("DOC-08", "BRP", State::Fail);
    f.register("acknowledgements", "document_id,version,person,acknowledged_at\nBRP,5,nora,2026-03-11\n");
    f.judge().is("DOC-08", "BRP", State::Pass);
    let mut f = Fixture::new("2026-03");
    f.policy.document.label.clear();
    has_reason(f.judge().is("DOC-08", "BRP", State::Fail), "label_missing");
    f.register("documents", &format!("{DOCUMENTS}BRP,policy,x,4.0,,,,,,,,,internal,,\n"));
    has_reason(f.judge().is("DOC-08", "BRP", State::Fail), "not_published");
    f.register("documents", &format!("{DOCUMENTS}BRP,policy,x,4.0,,,,,,,,,internal,wiki,\n"));
}
