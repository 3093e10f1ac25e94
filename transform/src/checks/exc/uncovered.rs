//! EXC-05: deviations are covered by an exception, an action or an incident.

use chrono::Duration;
use model::assessment::CheckResult;
use model::registers::ActionOrigin;
use model::time::{Instant, utc_text};

use super::super::common::ORGANIZATION;
use crate::judgement::Judgement;
use crate::world::World;

/// A result that is a finding, with what only its judgement knew.
#[derive(Debug, Clone)]
pub struct Failing {
    /// The result.
    pub result: CheckResult,
    /// Systems it concerns.
    pub systems: Vec<String>,
    /// When its first violation began; absent where it has no time of its own, which means the end of the period.
    pub since: Option<Instant>,
}

/// EXC-05, the unit is `<check>/<unit>` of the finding. It runs last and reads the other results.
///
/// An action covers a finding where its origin is a check and its reference is the check's id (one action for many
/// results of one cause) or `<check>/<unit>`; an incident where it is backup-related and names one of the systems or
/// the run. What was closed before the violation began covers nothing.
pub fn uncovered(world: &World<'_>, failing: &[Failing]) -> Vec<Judgement> {
    if failing.is_empty() {
        return vec![Judgement::not_applicable(ORGANIZATION, "no_finding", "No result is fail.")];
    }
    let grace = Duration::seconds(world.seconds("deviation_grace"));
    let absent: Vec<&str> = [
        ("exceptions", world.registers.exceptions.is_none()),
        ("actions", world.registers.actions.is_none()),
        ("incidents", world.incidents.is_none()),
    ]
    .into_iter()
    .filter(|(_, absent)| *absent)
    .map(|(name, _)| name)
    .collect();
    let mut open = 0_u64;
    let mut out = Vec::new();
    for finding in failing {
        let unit = format!("{}/{}", finding.result.check, finding.result.unit);
        let since = finding.since.unwrap_or_else(|| world.until());
        let judgement = match cover(world, finding, since) {
            Some(by) => Judgement::pass(unit, format!("Covered by {by}.")),
            None if since + grace > world.as_of => Judgement::not_applicable(
                unit,
                "not_yet_due",
                format!("It began {} and must be covered by {}.", utc_text(since), utc_text(since + grace)),
            ),
            None if absent.is_empty() => Judgement::fail(
                unit,
                "not_covered",
                format!("It began {}; no effective exception, action or incident covers it.", utc_text(since)),
            ),
            None => {
                open += 1;
                continue;
            }
        };
        out.push(finding.systems.iter().fold(judgement, |j, s| j.about(s)));
    }
    if open > 0 {
        out.push(Judgement::no_evidence(
            ORGANIZATION,
            "register_not_given",
            format!(
                "{open} findings are covered by nothing that is on record; {} was not given (registers/*.csv), so cover may exist unseen.",
                absent.join(", ")
            ),
        ));
    }
    out
}

/// What covers a finding.
fn cover(world: &World<'_>, finding: &Failing, since: Instant) -> Option<String> {
    let result = &finding.result;
    if result.waived {
        return Some("an effective exception".to_owned());
    }
    let lives = |opened: Instant, closed: Option<Instant>| opened <= world.as_of && closed.is_none_or(|c| c >= since);
    let full = format!("{}/{}", result.check, result.unit);
    let action = world.registers.actions.iter().flatten().find(|a| {
        a.origin_kind == Some(ActionOrigin::Check)
            && a.origin_ref.as_deref().is_some_and(|r| r == result.check || r == full)
            && lives(a.opened_at, a.closed_at)
    });
    if let Some(action) = action {
        return Some(format!("action {}", action.action_id));
    }
    let incident = world.incidents.unwrap_or_default().iter().find(|i| {
        let names_system = i.system_ids.iter().any(|s| finding.systems.contains(s));
        let names_run = i.run_ids.iter().any(|r| result.unit == *r || result.unit.ends_with(&format!("/{r}")));
        i.backup_related && (names_system || names_run) && lives(i.opened_at, i.closed_at)
    });
    incident.map(|i| format!("incident {}", i.incident_id))
}
