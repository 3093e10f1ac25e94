//! Exceptions that are effective, and what they waive (`[conventions] waivers`, check EXC-02).

use std::collections::BTreeSet;

use model::inventory::Inventory;
use model::policy::Policy;
use model::registers::{Decision, Exception, ExceptionStatus, Registers};
use model::time::Instant;

use crate::coverage::Interval;

/// What the register says about the approval of one exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Roles still missing, in the order of the policy.
    pub missing: Vec<String>,
    /// Why an approval that was given does not count; empty where all count.
    pub defects: Vec<String>,
    /// Roles that were decided while no role register shows who held them.
    pub not_shown: Vec<String>,
    /// The latest of the needed approvals, where all are there.
    pub complete_at: Option<Instant>,
}

/// An exception with the time in which it is effective.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// The register row.
    pub exception: Exception,
    /// File and line it stands in.
    pub declared_in: String,
    /// Its approvals.
    pub approval: Approval,
    /// From when to when it waives; `None` while not approved in full.
    pub effective: Option<Interval>,
}

impl Waiver {
    /// True where it was effective at some time in `[from, to)`.
    #[must_use]
    pub fn effective_in(&self, from: Instant, to: Instant) -> bool {
        self.effective.is_some_and(|(a, b)| a < to && from < b)
    }

    /// True where it names this check or one of its statements.
    #[must_use]
    pub fn names(&self, check: &str, statements: &[String]) -> bool {
        self.exception.check_ids.iter().any(|c| c == check)
            || self.exception.statement_ids.iter().any(|s| statements.contains(s))
    }

    /// True where it names this system, or all.
    #[must_use]
    pub fn binds(&self, system: &str) -> bool {
        self.exception.system_ids.iter().any(|s| s == "*" || s == system)
    }
}

/// Judges the approvals of an exception against the roles its risk level needs.
///
/// An approval counts when it says approve, its approver held the role at that instant, is not the requester, and, where `distinct_approvers` is set, decided in no
/// other needed role. A reject in a needed role undoes it.
#[must_use]
pub fn approval(exception: &Exception, registers: &Registers, policy: &Policy) -> Approval {
    let mut out = Approval { missing: Vec::new(), defects: Vec::new(), not_shown: Vec::new(), complete_at: None };
    let Some(risk) = exception.risk_level else {
        out.defects.push("no risk level, so no approver can be named".to_owned());
        return out;
    };
    let distinct = policy.flag("distinct_approvers");
    let needed = policy.approvers(risk);
    let mut people: BTreeSet<&str> = BTreeSet::new();
    for role in needed {
        let mut decisions: Vec<_> = registers
            .exception_approvals
            .iter()
            .flatten()
            .filter(|a| a.exception_id == exception.exception_id && a.role == *role)
            .collect();
        decisions.sort_by_key(|a| a.decided_at);
        let Some(last) = decisions.last() else {
            out.missing.push(role.clone());
            continue;
        };
        let person = last.approver.as_str();
        if last.decision == Decision::Reject {
            out.defects.push(format!("{role} decided reject"));
        }
        if exception.requester.as_deref() == Some(person) {
            out.defects.push(format!("self-approval: {person} asked for it and approved it as {role}"));
        }
        if registers.role_assignments.is_none() {
            out.not_shown.push(role.clone());
        } else if !registers.held_role(person, role, last.decided_at) {
            out.defects.push(format!("{person} did not hold the role {role} when deciding"));
        }
        if distinct && !people.insert(person) {
            out.defects.push(format!("{person} decided in more than one needed role"));
        }
        out.complete_at = out.complete_at.max(Some(last.decided_at));
    }
    if !out.missing.is_empty() || !out.defects.is_empty() || !out.not_shown.is_empty() || needed.is_empty() {
        out.complete_at = None;
    }
    out
}

/// All exceptions of the register with the time in which they are effective.
#[must_use]
pub fn waivers(registers: &Registers, policy: &Policy, _inventory: &Inventory) -> Vec<Waiver> {
    registers
        .exceptions
        .iter()
        .flatten()
        .map(|exception| {
            let approval = approval(exception, registers, policy);
            let live = matches!(
                exception.status,
                ExceptionStatus::Approved | ExceptionStatus::Closed | ExceptionStatus::Expired
            );
            let effective = match (approval.complete_at, exception.valid_from, exception.expires_at) {
                (Some(approved), Some(from), Some(to)) if live => {
                    let from = from.max(approved);
                    let to = exception.closed_at.map_or(to, |c| c.min(to));
                    (from < to).then_some((from, to))
                }
                _ => None,
            };
            Waiver { exception: exception.row.clone(), declared_in: exception.declared_in.clone(), approval, effective }
        })
        .collect()
}
