//! DOC-03 and DOC-07: who signed, approved and wrote the policy.

use model::registers::{Document, Recorded, Signature};

use super::super::common::{filled, no_register};
use super::super::faults::Faults;
use super::{current_version, ends_of, history, is_own_id, own_rows, versions};
use crate::approvals::{Approval, Asked, Vote, approval};
use crate::judgement::Judgement;
use crate::world::World;

/// Signatures of the policy in the register; `None` where it was not given.
fn signatures<'w>(world: &World<'w>) -> Option<Vec<&'w Recorded<Signature>>> {
    let registers = world.registers;
    Some(registers.signatures.as_ref()?.iter().filter(|s| is_own_id(world, &s.document_id)).collect())
}

/// The record of `documents` that says who approved a version of the policy.
fn approval_record<'w>(world: &World<'w>, version: &str) -> Option<&'w Recorded<Document>> {
    own_rows(world)?.into_iter().find(|d| {
        versions::same(&d.version, version)
            && filled(d.approved_by.as_deref()).is_some()
            && d.approved_at.is_some_and(|at| at <= world.as_of)
    })
}

/// That record as a vote in the role it names; in the policy's approver role where it names none and `assume` is set.
fn recorded_vote<'w>(world: &World<'w>, version: &str, assume: bool) -> Option<Vote<'w>> {
    let (policy, record) = (world.policy, approval_record(world, version)?);
    let assumed = assume.then_some(policy.document.approver_role.as_str());
    let role = filled(record.row.approved_role.as_deref()).or(assumed)?;
    Some(Vote::approves(role, filled(record.row.approved_by.as_deref())?, record.approved_at?))
}

/// A signature as a vote, where name, date and signature are there and it is for `version`.
fn signed_vote<'w>(world: &World<'w>, row: &'w Signature, version: &str) -> Option<Vote<'w>> {
    let person = filled(row.name.as_deref())?;
    filled(row.signature_ref.as_deref())?;
    let when = ends_of(row.signed_at?, world);
    let fits = row.version.as_deref().is_some_and(|v| versions::same(v, version)) && when.0 <= world.as_of;
    fits.then_some(Vote { role: &row.role, person, when, rejects: false })
}

/// What a row of the register lacks.
fn lacking(row: &Signature, version: &str) -> String {
    let missing: Vec<&str> = [
        ("name", filled(row.name.as_deref()).is_none()),
        ("date", row.signed_at.is_none()),
        ("signature", filled(row.signature_ref.as_deref()).is_none()),
        ("version", filled(row.version.as_deref()).is_none()),
    ]
    .into_iter()
    .filter_map(|(what, empty)| empty.then_some(what))
    .collect();
    if missing.is_empty() {
        format!("is not for version {version}, but for {}", row.version.as_deref().unwrap_or("none"))
    } else {
        format!("lacks {}", missing.join(", "))
    }
}

/// DOC-03: every row of the signature block is signed for the current version, and the approver is among the signers.
///
/// A record of `documents` that names person, role, version and time counts as a signature in that role.
pub fn signed(world: &World<'_>) -> Vec<Judgement> {
    let document = &world.policy.document;
    let (unit, version) = (document.document_id.as_str(), current_version(world));
    let (rows, recorded) = (signatures(world), recorded_vote(world, version, false));
    let registered = rows.as_deref().unwrap_or_default();
    if document.signatures.is_empty() && registered.is_empty() {
        return vec![match recorded {
            Some(vote) => Judgement::not_applicable(
                unit,
                "approved_in_system",
                format!(
                    "The document has no signature block; a record says that {} approved version {version} as {} (DOC-07).",
                    vote.person,
                    world.policy.role_name(vote.role)
                ),
            ),
            None => Judgement::no_evidence(
                unit,
                "signatures_not_given",
                "Neither the policy's data nor the register signatures holds a signature block.",
            ),
        }];
    }
    let mut roles: Vec<String> = Vec::new();
    let printed = document.signatures.iter().map(|s| &s.role);
    for role in printed.chain(registered.iter().map(|s| &s.row.role)).chain([&document.approver_role]) {
        if !roles.contains(role) {
            roles.push(role.clone());
        }
    }
    let mut votes: Vec<Vote<'_>> = registered.iter().filter_map(|s| signed_vote(world, &s.row, version)).collect();
    votes.extend(recorded);
    let approval = approval(Asked { roles: &roles, barred: None, distinct: false }, &votes, world.registers);
    let (mut faults, mut unknown) = (Faults::default(), Vec::new());
    for role in &approval.missing {
        let name = world.policy.role_name(role);
        let printed = document.signatures.iter().find(|s| s.role == *role);
        if let Some(row) = registered.iter().rfind(|s| s.role == *role) {
            faults.add("row_incomplete", format!("the row of {name} {} ({})", lacking(row, version), row.declared_in));
        } else if let Some(line) = printed {
            let empty: Vec<&str> =
                [("name", line.name_filled), ("date", line.date_filled), ("signature", line.signature_filled)]
                    .into_iter()
                    .filter_map(|(what, is_filled)| (!is_filled).then_some(what))
                    .collect();
            if empty.is_empty() {
                unknown.push(name);
            } else {
                faults.add("row_empty", format!("the row of {name} lacks {}", empty.join(", ")));
            }
        } else {
            faults.add(
                "approver_did_not_sign",
                format!("{name}, named as approver, has no row and no approval on record"),
            );
        }
    }
    note_defects(&mut faults, &approval);
    let judgement = faults.judge(
        unit,
        &format!("The signature block is not complete for version {version}"),
        format!("Every row is signed for version {version}, and the approver is among the signers."),
    );
    vec![if judgement.state == model::assessment::State::Fail {
        judgement
    } else if !unknown.is_empty() {
        Judgement::no_evidence(
            unit,
            "signature_not_shown",
            format!(
                "The document's rows of {} are filled, and no row of the register signatures says by whom, when and for \
                 which version.",
                unknown.join(", ")
            ),
        )
    } else if approval.not_shown.is_empty() {
        judgement
    } else {
        no_register(unit, "role_assignments")
    }]
}

fn note_defects(faults: &mut Faults, approval: &Approval) {
    for defect in &approval.defects {
        faults.add(defect.code, defect.text.clone());
    }
}

/// DOC-07: the newest version was approved by the named approver, who did not write it, and the owner role is held.
///
/// Who approved is told by `documents` or by the approver's signature; the printed history may say that it was.
pub fn consistent(world: &World<'_>) -> Vec<Judgement> {
    let document = &world.policy.document;
    let unit = document.document_id.as_str();
    let rows = history::rows(world);
    let Some(newest) = rows.last() else {
        return vec![Judgement::no_evidence(
            unit,
            "history_not_given",
            "Neither the policy's data nor the register document_history says who wrote and approved which version.",
        )];
    };
    let version = newest.version;
    let signature = signatures(world)
        .unwrap_or_default()
        .into_iter()
        .filter(|s| s.role == document.approver_role)
        .find_map(|s| signed_vote(world, &s.row, version));
    let vote = recorded_vote(world, version, true).or(signature);
    let role_name = world.policy.role_name(&document.approver_role);
    let (mut faults, mut unknown) = (Faults::default(), Vec::new());
    let asked = Asked {
        roles: std::slice::from_ref(&document.approver_role),
        barred: newest.author.map(|author| (author, "wrote it")),
        distinct: false,
    };
    let mut not_shown = false;
    match vote {
        Some(vote) if vote.role != document.approver_role => faults.add(
            "wrong_role",
            format!("{} approved it as {}, not as {role_name}", vote.person, world.policy.role_name(vote.role)),
        ),
        Some(vote) => {
            let approval = approval(asked, &[vote], world.registers);
            note_defects(&mut faults, &approval);
            not_shown = !approval.not_shown.is_empty();
        }
        None if !newest.approval => faults.add("not_approved", "nothing says that it was approved"),
        None if newest.approver_named == Some(true) => unknown.push("documents.approved_by"),
        None => faults.add("approver_unknown", "it is marked as approved, and nothing says by whom"),
    }
    if newest.author.is_none() {
        unknown.push("document_history.author");
    }
    let record = own_rows(world).unwrap_or_default().into_iter().find(|d| versions::same(&d.version, version));
    if let Some((record, role)) = record.and_then(|r| Some((r, filled(r.row.owner_role.as_deref())?)))
        && role != document.owner_role
    {
        faults.add(
            "owner_differs",
            format!("{} names {role} as owner, the document {}", record.declared_in, document.owner_role),
        );
    }
    match &world.registers.role_assignments {
        None => not_shown = true,
        Some(all) => {
            let held = all.iter().any(|a| world.registers.held_role(&a.person, &document.owner_role, world.as_of));
            let owner = world.policy.role_name(&document.owner_role);
            faults.add_if(!held, "owner_role_vacant", || format!("nobody holds the role of its owner ({owner})"));
        }
    }
    let person = vote.map_or("", |v| v.person);
    let good =
        format!("{person} approved version {version} as {role_name} and did not write it; the owner's role is held.");
    let judgement = faults.judge(unit, &format!("For version {version} of {}", newest.dated), good);
    vec![if judgement.state == model::assessment::State::Fail {
        judgement
    } else if not_shown {
        no_register(unit, "role_assignments")
    } else if unknown.is_empty() {
        judgement
    } else {
        Judgement::no_evidence(
            unit,
            "approver_or_author_not_given",
            format!("Who approved or wrote version {version} is not given ({}).", unknown.join(", ")),
        )
    }]
}
