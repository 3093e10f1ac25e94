//! Which findings of `controls/findings-on-policy.md` are seen in the policy's data alone, by which check, and which
//! are not for a program to see.

use std::collections::BTreeSet;

use super::tests::in_order;
use crate::testing::Fixture;

const FINDINGS: &str = include_str!("../../../../controls/findings-on-policy.md");

/// Where a finding is seen.
enum Seen {
    /// In a result of the built-in policy: check, unit, reason, and what its detail says.
    In(&'static str, &'static str, &'static str, &'static str),
    /// By checks about systems and records, or in the origin of parameters, which every result names.
    Elsewhere(&'static str),
    /// Not in data: it takes a reader of the text.
    ByReading(&'static str),
}
use Seen::{ByReading, Elsewhere, In};

const SEEN: &[(&str, &[Seen])] = &[
    ("F-01", &[In("DOC-02", "BRP", "version_differs", "states version 1.0, and its history ends with 4.0")]),
    (
        "F-02",
        &[
            In("DOC-01", "BRP", "overdue", "it is 320 days overdue"),
            In("DOC-01", "BRP", "history_gap", "1088 days, 723 of them past"),
            In("DOC-01", "BRP", "unapproved_version", "3.0 of 2022-12-10 (758 days"),
        ],
    ),
    (
        "F-03",
        &[
            In("DOC-03", "BRP", "row_empty", "Compliance Officer lacks name, date, signature"),
            In("DOC-03", "BRP", "approver_did_not_sign", "Policy Approver"),
            In("DOC-07", "BRP", "approver_unknown", "nothing says by whom"),
        ],
    ),
    ("F-04", &[In("DOC-04", "BRP:soc2", "not_cited", "A1.2, A1.3")]),
    (
        "F-05",
        &[
            In("DOC-04", "BRP:iso27001", "not_cited", "A.8.14"),
            ByReading("the edition is no part of a citation's data"),
        ],
    ),
    (
        "F-06",
        &[
            In("DOC-04", "BRP:nist80053", "unsupported", "CP-3 (1.3), CP-7 (1.3), CP-8 (1.3)"),
            In("DOC-04", "BRP:nist80053", "not_cited", "CP-9(1)"),
        ],
    ),
    (
        "F-07",
        &[
            In("DOC-04", "BRP:iec62443", "miscited", "62443-3-3.SR7.1"),
            In("DOC-04", "BRP:iec62443", "not_cited", "62443-3-3.SR7.3"),
        ],
    ),
    ("F-08", &[In("DOC-04", "BRP:hipaa", "not_cited", "164.310(d)(2)(iv)")]),
    ("F-09", &[In("DOC-04", "BRP:drata", "unrelated", "DCF-134"), In("DOC-04", "BRP:drata", "not_cited", "DCF-77")]),
    ("F-10", &[Elsewhere("FRQ-04")]),
    ("F-11", &[Elsewhere("OBJ-01, OBJ-03")]),
    ("F-12", &[Elsewhere("RET-01, RET-02")]),
    ("F-13", &[Elsewhere("STO-07, INV-02")]),
    ("F-14", &[Elsewhere("STO-05, STO-06, ACC-05, KEY-02")]),
    ("F-15", &[Elsewhere("parameters of origin default, named in each result")]),
    ("F-16", &[Elsewhere("parameters of origin default, named in COV-02, REV-01, REV-02 and OBJ-04")]),
    ("F-17", &[In("PRC-04", "3.3", "approves_own_work", "Engineering / Operations approves work of its own")]),
    ("F-18", &[Elsewhere("EXC-02, EXC-03"), ByReading("criteria for risk levels are missing from the text")]),
    ("F-19", &[In("PRC-05", "security_officer", "role_not_described", "No section of the policy says")]),
    (
        "F-20",
        &[
            In("DOC-05", "Backup Policy", "self_reference", "points to this policy itself"),
            ByReading("policies that the text relies on and does not name are in no list"),
        ],
    ),
    ("F-21", &[Elsewhere("FRQ-01, FRQ-05, STO-07")]),
    ("F-22", &[Elsewhere("ENC-01 with at_rest_algorithm_min")]),
    ("F-23", &[Elsewhere("TLS-01, TLS-02")]),
    ("F-24", &[Elsewhere("MET-01 to MET-04, targets that are not set")]),
    ("F-25", &[In("DOC-06", "BRP 1.0", "retention_not_in_policy", "does not say how long records are kept")]),
    ("F-26", &[Elsewhere("RST-01 with restore_scope")]),
    ("F-27", &[ByReading("start and end of a recovery time are words of section 8")]),
    ("F-28", &[In("DOC-04", "BRP:soc2", "imprecise", "CC7.x (3.1), CC6.x (3.2)")]),
    ("F-29", &[In("DOC-04", "BRP:csf2", "not_cited", "does not cite the framework at all")]),
    (
        "F-30",
        &[
            In("DOC-02", "BRP", "document_data_missing", "its identifier, its effective date, its next review date"),
            In("DOC-02", "BRP", "change_not_stated", "2.0, 4.0"),
        ],
    ),
    ("F-31", &[ByReading("what a commitment leaves out is in its wording")]),
];

#[test]
fn every_finding_is_seen_or_said_to_need_a_reader() {
    let told: BTreeSet<&str> = FINDINGS.lines().filter_map(|l| l.strip_prefix("### ")?.split(' ').next()).collect();
    assert_eq!(told, SEEN.iter().map(|(id, _)| *id).collect(), "findings-on-policy.md");
    // The built-in policy with no record but empty registers: what is seen is in the policy's data.
    let mut f = Fixture::new("2026-10");
    f.as_of("2026-11-22T12:00:00Z");
    f.register("documents", "document_id,kind,version\n").register("role_assignments", "role,person,valid_from\n");
    f.register("approvals", "approval_id,subject_kind,approved_at\n");
    let (built_in, corrected) = (f.judge(), in_order().judge());
    for (id, all) in SEEN {
        for seen in *all {
            match seen {
                In(check, unit, reason, says) => {
                    let r = built_in.of(check, unit);
                    assert!(
                        r.reasons.iter().any(|x| x == reason),
                        "{id}: {check} {unit}: {:?} {}",
                        r.reasons,
                        r.detail
                    );
                    assert!(r.detail.contains(says), "{id}: {check} {unit} does not say {says:?}: {}", r.detail);
                    let still = corrected.all(check).iter().any(|r| {
                        r.unit == *unit && r.reasons.iter().any(|x| x == reason) && *reason != "approves_own_work"
                    });
                    assert!(!still, "{id}: {check} {unit} says {reason} of a policy in order as well");
                }
                Elsewhere(what) | ByReading(what) => assert!(!what.is_empty()),
            }
        }
    }
}
