//! EXC-01 to EXC-03, waivers and the count of exceptions, as sections `EXC` and `[conventions] waivers` word them.

use model::assessment::State;
use model::registers::{ExceptionStatus, RiskLevel};

use super::case::{HOLDERS, Request, Seconds};
use super::clock;
use super::rules::Expected;
use super::slots::Oracle;

/// A statement that no check has.
pub(super) const NO_STATEMENT: &str = "BRP-0.0-00";

/// Statements of each check (`statements` in `controls/checks.toml`).
const STATEMENTS: [(&str, &[&str]); 4] = [
    ("FRQ-01", &["BRP-3.1-01", "BRP-B-03"]),
    ("FRQ-02", &["BRP-3.1-01"]),
    ("RET-01", &["BRP-2.2-01", "BRP-2.3-02", "BRP-3.1-04"]),
    ("RET-02", &["BRP-3.1-04", "BRP-B-02"]),
];

/// What became of the approval.
pub(super) enum Approval {
    /// Complete since.
    Since(Seconds),
    Lacking,
}

fn names(request: &Request, check: &str) -> bool {
    let of_check = STATEMENTS.iter().find(|(id, _)| *id == check);
    request.check == check || of_check.is_some_and(|(_, list)| list.contains(&request.statement))
}

impl Oracle<'_> {
    fn requests(&self) -> &[Request] {
        self.case.exceptions.as_deref().unwrap_or(&[])
    }

    pub(super) fn approval(&self, request: &Request) -> Approval {
        let needed: &[&str] = match request.risk {
            _ if request.blank == Some("risk_level") => return Approval::Lacking,
            RiskLevel::Low => &["policy_owner"],
            RiskLevel::Medium => &["policy_owner", "security_officer"],
            RiskLevel::High => &["policy_owner", "security_officer", "compliance_officer"],
            RiskLevel::Critical => &["executive_management"],
        };
        let mut people: Vec<&str> = Vec::new();
        let mut last = Seconds::MIN;
        for role in needed {
            let Some(decision) = request.decisions.iter().find(|d| d.role == *role) else { return Approval::Lacking };
            let held = HOLDERS.iter().any(|(r, person, from, to)| {
                r == role && *person == decision.person && *from <= decision.at && to.is_none_or(|t| decision.at < t)
            });
            let asked = request.blank != Some("requester") && request.requester == decision.person;
            let again = self.case.settings.distinct_approvers && people.contains(&decision.person);
            if !decision.approve || !held || asked || again {
                return Approval::Lacking;
            }
            people.push(decision.person);
            last = last.max(decision.at);
        }
        Approval::Since(last)
    }

    /// When the exception is effective.
    fn effective(&self, request: &Request) -> Option<(Seconds, Seconds)> {
        let was_approved =
            [ExceptionStatus::Approved, ExceptionStatus::Closed, ExceptionStatus::Expired].contains(&request.status);
        let Approval::Since(since) = self.approval(request) else { return None };
        let (from, to) = (request.from.max(since), request.closed.map_or(request.to, |c| c.min(request.to)));
        (was_approved && from < to).then_some((from, to))
    }

    /// True where exceptions waive every violation of a result.
    pub(super) fn waived(&self, result: &Expected) -> bool {
        let waivers: Vec<(Seconds, Seconds)> = self
            .requests()
            .iter()
            .filter(|r| names(r, result.check) && r.system.is_none_or(|s| s == result.system))
            .filter_map(|r| self.effective(r))
            .collect();
        result.state == State::Fail
            && !result.check.starts_with("EXC")
            && result.violations.iter().all(|(from, to, allowed)| {
                // The longest stretch that no exception covers.
                let mut edges = vec![*from, *to];
                edges.extend(waivers.iter().flat_map(|(a, b)| [*a, *b]).filter(|e| from < e && e < to));
                edges.sort_unstable();
                let (mut left, mut any) = (0, false);
                for pair in edges.windows(2) {
                    let covered = waivers.iter().any(|(a, b)| *a <= pair[0] && pair[1] <= *b);
                    any |= covered;
                    left = if covered { 0 } else { left + pair[1] - pair[0] };
                    if left > *allowed {
                        return false;
                    }
                }
                any
            })
    }

    /// EXC-01, EXC-02, EXC-03.
    pub(super) fn exceptions(&self, results: &[Expected]) -> Vec<Expected> {
        let mut out = Vec::new();
        for request in self.requests() {
            let mut say = |check, state| {
                let unit = request.id.clone();
                out.push(Expected { check, unit, state, violations: Vec::new(), system: usize::MAX });
            };
            let undecided = [ExceptionStatus::Draft, ExceptionStatus::Rejected, ExceptionStatus::Submitted];
            if undecided.contains(&request.status) {
                for check in ["EXC-01", "EXC-02", "EXC-03"] {
                    say(check, State::NotApplicable);
                }
                continue;
            }
            let over = request.closed.map_or(request.to, |c| c.min(request.to));
            if request.from < self.until && over > self.start {
                say("EXC-01", if request.blank.is_some() { State::Fail } else { State::Pass });
                let approved = matches!(self.approval(request), Approval::Since(_));
                say("EXC-02", if approved { State::Pass } else { State::Fail });
            }
            if let Some(state) = self.expiry(request, results) {
                say("EXC-03", state);
            }
        }
        out
    }

    /// Past its end with the deviation still there, or too long. `None` where a check decides that is not judged here,
    /// or FRQ-01, of which a waiver takes a part only.
    fn expiry(&self, request: &Request, results: &[Expected]) -> Option<State> {
        let expired = request.to <= self.case.as_of;
        if request.from >= self.until {
            return Some(State::NotApplicable);
        }
        if request.to > clock::months_later(self.case.zone, request.from, 12) {
            return Some(State::Fail);
        }
        let closed = request.status == ExceptionStatus::Closed;
        let renewed = self.requests().iter().any(|r| {
            r.renews.as_ref() == Some(&request.id)
                && self.effective(r).is_some_and(|(from, to)| from <= request.to && to > request.to)
        });
        if !expired || closed || renewed {
            return Some(State::Pass);
        }
        if request.statement != NO_STATEMENT || request.check == "FRQ-01" {
            return None;
        }
        let concerned: Vec<&Expected> = results
            .iter()
            .filter(|e| names(request, e.check) && request.system.is_none_or(|s| s == e.system))
            .filter(|e| e.state != State::NotApplicable)
            .collect();
        let still = |e: &&Expected| e.state == State::Fail && e.violations.iter().any(|(_, to, _)| *to > request.to);
        if concerned.iter().any(still) {
            return Some(State::Fail);
        }
        let unknown = concerned.is_empty() || concerned.iter().any(|e| e.state == State::NoEvidence);
        Some(if unknown { State::NoEvidence } else { State::Pass })
    }

    /// `backup_policy_exceptions`: distinct exceptions effective in the period, a renewal as one with what it renews.
    pub(super) fn in_effect(&self) -> u64 {
        let requests = self.requests();
        let counts = |r: &Request| self.effective(r).is_some_and(|(from, to)| from < self.until && to > self.start);
        let root = |r: &Request| {
            let mut at = r.clone();
            while let Some(before) =
                at.renews.as_ref().and_then(|id| requests.iter().find(|r| r.id == *id && counts(r)))
            {
                at = before.clone();
            }
            at.id
        };
        let mut roots: Vec<String> = requests.iter().filter(|r| counts(r)).map(root).collect();
        roots.sort();
        roots.dedup();
        roots.len() as u64
    }
}
