//! Exceptions that are effective, and what they waive (`[conventions] waivers`, check EXC-02).

use model::inventory::Inventory;
use model::policy::Policy;
use model::registers::{Decision, Exception, ExceptionStatus, Registers};
use model::time::Instant;

use crate::approvals::{self, Approval, Asked, Defect, Vote};
use crate::coverage::Interval;

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

/// Judges the approvals of an exception against the roles its risk level needs: the requester approves in none, and
/// where `distinct_approvers` is set different people decide.
#[must_use]
pub fn approval(exception: &Exception, registers: &Registers, policy: &Policy) -> Approval {
    let Some(risk) = exception.risk_level else {
        let text = "no risk level, so no approver can be named".to_owned();
        return Approval { defects: vec![Defect { code: "risk_level_missing", text }], ..Approval::default() };
    };
    let votes: Vec<Vote<'_>> = registers
        .exception_approvals
        .iter()
        .flatten()
        .filter(|a| a.exception_id == exception.exception_id)
        .map(|a| Vote { rejects: a.decision == Decision::Reject, ..Vote::approves(&a.role, &a.approver, a.decided_at) })
        .collect();
    let asked = Asked {
        roles: policy.approvers(risk),
        barred: exception.requester.as_deref().map(|person| (person, "asked for it")),
        distinct: policy.flag("distinct_approvers"),
    };
    approvals::approval(asked, &votes, registers)
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
