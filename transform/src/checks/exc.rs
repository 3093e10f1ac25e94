//! EXC: exceptions to the policy.

mod expiry;
mod uncovered;

pub use expiry::expiry;
pub use uncovered::{Failing, uncovered};

use chrono::Days;
use model::registers::{ActionOrigin, Decision, ExceptionStatus, RiskLevel};
use model::time::{day_start, utc_text};

use super::common::{ORGANIZATION, filled, no_register, or_empty};
use crate::judgement::Judgement;
use crate::waivers::Waiver;
use crate::world::World;

/// What an exception is to the checks of its paper.
enum Standing {
    /// Claimed to be in force at some time of the period.
    InForce,
    /// A draft, a rejected request, or one that nobody has decided yet.
    NotInForce(&'static str),
    /// Outside of the period.
    Elsewhen,
}

fn standing(world: &World<'_>, waiver: &Waiver) -> Standing {
    let e = &waiver.exception;
    let from = e.valid_from.or(e.submitted_at);
    let to = [e.expires_at, e.closed_at].into_iter().flatten().min();
    if from.is_some_and(|f| f >= world.until()) || to.is_some_and(|t| t <= world.period.start()) {
        return Standing::Elsewhen;
    }
    match e.status {
        ExceptionStatus::Draft => Standing::NotInForce("draft"),
        ExceptionStatus::Rejected => Standing::NotInForce("rejected"),
        ExceptionStatus::Submitted => Standing::NotInForce("submitted"),
        ExceptionStatus::Approved | ExceptionStatus::Closed | ExceptionStatus::Expired => Standing::InForce,
    }
}

/// Judges each exception that is in force with `judge`; all others of the period are not applicable.
fn each(world: &World<'_>, judge: impl Fn(&Waiver) -> Judgement) -> Vec<Judgement> {
    if world.registers.exceptions.is_none() {
        return vec![no_register(ORGANIZATION, "exceptions")];
    }
    let mut out = Vec::new();
    for waiver in world.waivers {
        let id = waiver.exception.exception_id.as_str();
        let judgement = match standing(world, waiver) {
            Standing::Elsewhen => continue,
            Standing::NotInForce(status) => {
                Judgement::not_applicable(id, status, format!("The request is {status} and waives nothing."))
            }
            Standing::InForce => judge(waiver),
        };
        out.push(about(judgement, waiver));
    }
    or_empty(out, "none_in_force", "No exception of the register was in force in the period.")
}

fn about(judgement: Judgement, waiver: &Waiver) -> Judgement {
    waiver.exception.system_ids.iter().filter(|s| *s != "*").fold(judgement, |j, s| j.about(s))
}

/// EXC-01: exceptions are in writing and complete.
///
/// "None" alone is no answer to what is done instead, and `*` for the systems needs a justification that says all or
/// every.
pub fn complete(world: &World<'_>) -> Vec<Judgement> {
    each(world, |waiver| {
        let e = &waiver.exception;
        let unit = e.exception_id.as_str();
        let mut missing: Vec<&str> = [
            ("requester", filled(e.requester.as_deref()).is_none()),
            ("in_writing_ref", filled(e.in_writing_ref.as_deref()).is_none()),
            ("justification", filled(e.justification.as_deref()).is_none()),
            ("business_impact", filled(e.business_impact.as_deref()).is_none()),
            ("compensating_controls", filled(e.compensating_controls.as_deref()).is_none()),
            ("risk_level", e.risk_level.is_none()),
            ("valid_from", e.valid_from.is_none()),
            ("expires_at", e.expires_at.is_none()),
            ("remediation_plan", filled(e.remediation_plan.as_deref()).is_none()),
            ("remediation_due", e.remediation_due.is_none() && !permanent(world, waiver)),
            ("statement_ids", e.statement_ids.is_empty()),
            ("system_ids", e.system_ids.is_empty()),
        ]
        .into_iter()
        .filter(|(_, empty)| *empty)
        .map(|(name, _)| name)
        .collect();
        let bare = e.compensating_controls.as_deref().is_some_and(|c| {
            matches!(c.trim().trim_end_matches('.').to_lowercase().as_str(), "none" | "n/a" | "-" | "no")
        });
        if bare {
            missing.push("a reason why there are no compensating controls");
        }
        let says_all = |text: &Option<String>| {
            text.as_deref().is_some_and(|t| {
                t.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|w| w == "all" || w == "every")
            })
        };
        if e.system_ids.iter().any(|s| s == "*") && !says_all(&e.justification) && !says_all(&e.risk_basis) {
            missing.push("a reason why all systems are covered");
        }
        if missing.is_empty() {
            Judgement::pass(unit, "The request is in writing and every field is filled.")
        } else {
            let j = Judgement::fail(
                unit,
                "incomplete",
                format!("The request ({}) lacks {}.", waiver.declared_in, missing.join(", ")),
            );
            if bare { j.reason("no_compensating_controls") } else { j }
        }
    })
}

/// EXC-02: the authority for the risk level approved.
pub fn approved(world: &World<'_>) -> Vec<Judgement> {
    if world.registers.exceptions.is_some() && world.registers.exception_approvals.is_none() {
        return vec![no_register(ORGANIZATION, "exception_approvals")];
    }
    each(world, |waiver| {
        let (e, approval) = (&waiver.exception, &waiver.approval);
        let unit = e.exception_id.as_str();
        let mut faults = Vec::new();
        if !approval.missing.is_empty() {
            let names: Vec<&str> = approval
                .missing
                .iter()
                .map(|r| world.policy.role(r).map_or(r.as_str(), |role| role.name.as_str()))
                .collect();
            let ids = approval.missing.join(", ");
            faults.push(format!("missing: {} ({ids})", names.join(", ")));
        }
        faults.extend(approval.defects.iter().map(|d| d.text.clone()));
        if !faults.is_empty() {
            let reason = if approval.missing.is_empty() { "approval_defective" } else { "role_missing" };
            let j = Judgement::fail(
                unit,
                reason,
                format!(
                    "Risk {}: {}.",
                    e.risk_level.map_or_else(|| "not set".to_owned(), |r| r.to_string()),
                    faults.join("; ")
                ),
            );
            let own = approval.defects.iter().any(|d| d.code == "self_approval");
            return if own { j.reason("self_approval") } else { j };
        }
        if !approval.not_shown.is_empty() {
            return no_register(unit, "role_assignments");
        }
        let Some(at) = approval.complete_at else {
            return Judgement::no_evidence(unit, "no_rule", "The policy names no approver for this risk level.");
        };
        let from = e.valid_from.map_or(at, |v| v.max(at));
        let j = Judgement::pass(unit, format!("Every needed role approved; effective from {}.", utc_text(from)));
        if e.valid_from.is_some_and(|v| at > v) { j.reason("approved_after_start") } else { j }
    })
}

/// True where executive management approved the exception as permanent: its plan says so.
fn permanent(world: &World<'_>, waiver: &Waiver) -> bool {
    let e = &waiver.exception;
    let says = e.remediation_plan.as_deref().is_some_and(|p| p.to_lowercase().contains("permanent"));
    let executives = world.policy.approvers(RiskLevel::Critical);
    says && world.registers.exception_approvals.iter().flatten().any(|a| {
        a.exception_id == e.exception_id
            && executives.contains(&a.role)
            && a.decision == Decision::Approve
            && world.registers.held_role(&a.approver, &a.role, a.decided_at)
    })
}

/// EXC-04: remediation is on time. A due day passes; the day after is overdue.
pub fn remediation(world: &World<'_>) -> Vec<Judgement> {
    each(world, |waiver| {
        let e = &waiver.exception;
        let unit = e.exception_id.as_str();
        if permanent(world, waiver) {
            return Judgement::not_applicable(unit, "permanent", "Executive management approved it as permanent.");
        }
        let (zone, until) = (world.period.zone(), world.until());
        let done = e.remediation_done_at.filter(|d| *d <= world.as_of);
        let mut faults: Vec<(&str, String)> = Vec::new();
        if let Some(due) = e.remediation_due {
            let passed = day_start(due + Days::new(1), zone);
            if done.is_none() && passed <= until {
                faults.push(("overdue", format!("remediation was due on {due} and is not done")));
            }
            if e.expires_at.is_some_and(|x| day_start(due, zone) > x) {
                faults.push(("due_after_expiry", format!("remediation is due on {due}, after the exception expires")));
            }
        }
        for action in world.registers.actions.iter().flatten() {
            if action.origin_kind == Some(ActionOrigin::Exception)
                && action.origin_ref.as_deref() == Some(unit)
                && action.due_at.is_some_and(|d| d < until)
                && action.closed_at.is_none_or(|c| c > world.as_of)
            {
                faults.push((
                    "action_overdue",
                    format!(
                        "action {} was due {} and is open",
                        action.action_id,
                        action.due_at.map_or_else(String::new, utc_text)
                    ),
                ));
            }
        }
        if let Some((code, _)) = faults.first() {
            let texts: Vec<&str> = faults.iter().map(|(_, t)| t.as_str()).collect();
            let j = Judgement::fail(unit, code, format!("For this exception {}.", texts.join("; ")));
            return faults.iter().skip(1).fold(j, |j, f| j.reason(f.0));
        }
        match (e.remediation_due, done) {
            (None, None) => Judgement::no_evidence(
                unit,
                "no_due_date",
                "exceptions.remediation_due is empty: whether remediation is late cannot be told (EXC-01).",
            ),
            _ if world.registers.actions.is_none() => no_register(unit, "actions"),
            (_, Some(done)) => Judgement::pass(unit, format!("Remediation was done on {}.", utc_text(done))),
            (Some(due), None) => Judgement::pass(unit, format!("Remediation is due on {due}; no action is overdue.")),
        }
    })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::{EDGES, EXAMPLES};
