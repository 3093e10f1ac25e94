//! PRC-04 and PRC-05: who approves the outputs of section 3, and who holds the roles.

use std::collections::BTreeSet;

use model::policy::{Modality, SectionApproval};
use model::registers::{Approval, ApprovalSubject, Recorded, RoleAssignment};
use model::time::utc_text;

use super::super::common::{filled, names, no_register, or_empty};
use super::super::faults::Faults;
use super::super::notes::Notes;
use crate::approvals::{Asked, Vote, approval};
use crate::coverage::{Interval, holes, union};
use crate::judgement::Judgement;
use crate::world::World;

/// Section that an approval is about.
fn section(approval: &Approval) -> Option<&str> {
    match approval.subject_kind {
        ApprovalSubject::Section31 => Some("3.1"),
        ApprovalSubject::Section32 => Some("3.2"),
        ApprovalSubject::Section33 => Some("3.3"),
        ApprovalSubject::Section => filled(approval.subject_ref.as_deref()),
        _ => None,
    }
}

/// PRC-04, for each section whose outputs the policy wants approved.
pub fn sections_approved(world: &World<'_>) -> Vec<Judgement> {
    let sections = &world.policy.section_approvals;
    let Some(approvals) = &world.registers.approvals else {
        return sections.iter().map(|s| no_register(&s.section, "approvals")).collect();
    };
    let out = sections.iter().map(|s| own_work(world, s).on(judge(world, s, approvals))).collect();
    or_empty(out, "no_section", "The policy asks for no approval of a section's outputs.")
}

fn judge(world: &World<'_>, asked: &SectionApproval, approvals: &[Recorded<Approval>]) -> Judgement {
    let (unit, zone) = (asked.section.as_str(), world.period.zone());
    let cadence = world.policy.span("section_approval_cadence");
    let votes: Vec<Vote<'_>> = approvals
        .iter()
        .filter(|a| section(a) == Some(unit) && a.approved_at <= world.as_of)
        .filter_map(|a| {
            Some(Vote::approves(filled(a.row.role.as_deref())?, filled(a.row.approver.as_deref())?, a.approved_at))
        })
        .collect();
    let current: Vec<Vote<'_>> =
        votes.iter().filter(|v| cadence.due_by(v.when.0, zone) > world.as_of).copied().collect();
    let distinct = world.policy.flag("distinct_approvers");
    let found = approval(Asked { roles: &asked.roles, barred: None, distinct }, &current, world.registers);
    let mut faults = Faults::default();
    for role in &found.missing {
        let name = world.policy.role_name(role);
        match votes.iter().filter(|v| v.role == role).map(|v| v.when.0).max() {
            Some(last) => faults.add("overdue", format!("{name} last approved on {}", utc_text(last))),
            None => faults.add("role_missing", format!("no approval by {name} is on record")),
        }
    }
    for defect in found.defects {
        faults.add(defect.code, defect.text);
    }
    let roles: Vec<&str> = asked.roles.iter().map(|r| world.policy.role_name(r)).collect();
    let last = found.complete_at.map_or_else(String::new, |at| format!(", last on {}", utc_text(at)));
    let good = format!("Approved by {}{last}.", names(&roles));
    let judgement = faults.judge(unit, &format!("Section {unit}"), good);
    if judgement.state == model::assessment::State::Pass && !found.not_shown.is_empty() {
        return no_register(unit, "role_assignments");
    }
    judgement
}

/// Roles that approve the outputs of a section whose activities are theirs.
fn own_work(world: &World<'_>, asked: &SectionApproval) -> Notes {
    let own = |role: &&String| {
        world.policy.statements.iter().any(|s| {
            s.section == asked.section
                && matches!(s.modality, Modality::Shall | Modality::Output)
                && s.owner_roles.contains(role)
        })
    };
    let roles: Vec<&str> = asked.roles.iter().filter(own).map(|r| world.policy.role_name(r)).collect();
    let mut notes = Notes::default();
    if !roles.is_empty() {
        notes.add("approves_own_work", format!("{} approves work of its own there.", names(&roles)));
    }
    notes
}

/// PRC-05, for each role of the policy at every time of the period.
pub fn held(world: &World<'_>) -> Vec<Judgement> {
    let out = world
        .policy
        .roles
        .iter()
        .map(|role| {
            let unit = role.id.as_str();
            if !role.appointed {
                return Judgement::not_applicable(
                    unit,
                    "not_appointed",
                    format!("Nobody is appointed as {}: the policy's data say so.", role.name),
                );
            }
            let Some(assignments) = &world.registers.role_assignments else {
                return no_register(unit, "role_assignments");
            };
            let mut notes = Notes::default();
            if role.described_in.is_none() {
                notes.add("role_not_described", "No section of the policy says what this role does.");
            }
            both_roles(world, unit, assignments, &mut notes);
            notes.on(judge_role(world, unit, assignments))
        })
        .collect();
    or_empty(out, "no_role", "The policy names no role.")
}

fn judge_role(world: &World<'_>, role: &str, assignments: &[Recorded<RoleAssignment>]) -> Judgement {
    let (start, until) = (world.period.start(), world.until());
    let of_role: Vec<&Recorded<RoleAssignment>> = assignments
        .iter()
        .filter(|a| a.role == role && a.valid_from < until && a.valid_to.is_none_or(|to| to > start))
        .collect();
    let is_person = |a: &RoleAssignment| !is_team(&a.person);
    let is_recorded = |a: &RoleAssignment| filled(a.appointment_ref.as_deref()).is_some();
    let open = |counts: &dyn Fn(&RoleAssignment) -> bool| -> Vec<Interval> {
        let times = of_role.iter().filter(|a| counts(&a.row)).map(|a| (a.valid_from, a.valid_to.unwrap_or(until)));
        let mut open = holes(&union(times.collect()), start, until);
        open.retain(|(a, b)| (*b - *a).num_seconds() > 86_400);
        open
    };
    let left = open(&|a| is_person(a) && is_recorded(a));
    let mut faults = Faults::default();
    if !left.is_empty() {
        let parts: Vec<String> = left.iter().map(|(a, b)| format!("{} to {}", utc_text(*a), utc_text(*b))).collect();
        let from = names(&parts);
        let bare: Vec<&str> = of_role.iter().filter(|a| !is_recorded(&a.row)).map(|a| a.declared_in.as_str()).collect();
        let teams: Vec<&str> = of_role.iter().filter(|a| !is_person(&a.row)).map(|a| a.person.as_str()).collect();
        if open(&|_| true).len() == left.len() && bare.is_empty() && teams.is_empty() {
            faults.add("role_not_held", format!("nobody held it from {from}"));
        } else {
            faults.add("role_not_held", format!("no person with a record of appointment held it from {from}"));
            faults.add_if(!bare.is_empty(), "appointment_missing", || format!("no appointment_ref: {}", names(&bare)));
            faults
                .add_if(!teams.is_empty(), "team_without_lead", || format!("a team and no person: {}", names(&teams)));
        }
    }
    let people: BTreeSet<&str> = of_role.iter().map(|a| a.person.as_str()).collect();
    let people: Vec<&str> = people.into_iter().collect();
    let judgement = faults.judge(role, "In this role", format!("Held at every time by {}.", names(&people)));
    left.into_iter().fold(judgement, |j, (a, b)| j.violated(a, b))
}

/// True for the name of a team that names no lead.
fn is_team(person: &str) -> bool {
    let text = person.to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    !text.contains("lead") && words.any(|w| matches!(w, "team" | "group" | "department" | "squad"))
}

/// Notes who held this role and another one that must approve beside it.
fn both_roles(world: &World<'_>, role: &str, assignments: &[Recorded<RoleAssignment>], notes: &mut Notes) {
    let policy = world.policy;
    let rules = policy.approval_rules.iter().map(|r| &r.roles).chain(policy.section_approvals.iter().map(|s| &s.roles));
    let beside: BTreeSet<&str> = rules
        .filter(|roles| roles.iter().any(|r| r == role))
        .flatten()
        .map(String::as_str)
        .filter(|other| *other != role)
        .collect();
    let (start, until) = (world.period.start(), world.until());
    let during = |a: &RoleAssignment| (a.valid_from.max(start), a.valid_to.unwrap_or(until).min(until));
    for other in beside {
        let both: BTreeSet<&str> = assignments
            .iter()
            .filter(|a| a.role == role)
            .filter(|a| {
                let (from, to) = during(&a.row);
                assignments.iter().any(|b| {
                    let (other_from, other_to) = during(&b.row);
                    b.role == other && b.person == a.person && from.max(other_from) < to.min(other_to)
                })
            })
            .map(|a| a.person.as_str())
            .collect();
        for person in both {
            let name = policy.role_name(other);
            notes.add("one_person_two_roles", format!("{person} also holds {name}, which must approve beside it."));
        }
    }
}
