//! EXC-05: deviations are covered by an exception, an action or an incident.

use chrono::Duration;
use model::assessment::CheckResult;
use model::registers::ActionOrigin;
use model::time::{Instant, utc_text};

use super::super::common::ORGANIZATION;
use crate::judgement::{Judgement, Subject};
use crate::world::World;

/// A result that is a finding, with whom it concerns.
pub type Failing<'a> = (&'a CheckResult, &'a Subject);

/// EXC-05, the unit is `<check>/<unit>` of the finding. It runs last and reads the other results.
///
/// An action covers a finding where its origin is a check and its reference is the check's id (one action for many
/// results of one cause) or `<check>/<unit>`; an incident where it is backup-related and names one of the systems, or
/// a run that the finding is about or rests on. What was closed before the violation began covers nothing.
pub fn uncovered(world: &World<'_>, failing: &[Failing<'_>]) -> Vec<Judgement> {
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
    for (result, subject) in failing {
        let unit = format!("{}/{}", result.check, result.unit);
        let since = subject.since.unwrap_or_else(|| world.until());
        let judgement = match cover(world, result, &subject.systems, since) {
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
        out.push(subject.systems.iter().fold(judgement, |j, s| j.about(s)));
    }
    if open > 0 {
        out.push(Judgement::no_evidence(
            ORGANIZATION,
            "register_not_given",
            format!(
                "{open} findings are covered by nothing that is on record, and these registers were not given, so cover may exist unseen: {} (registers/*.csv).",
                absent.join(", ")
            ),
        ));
    }
    out
}

/// What covers a finding.
fn cover(world: &World<'_>, result: &CheckResult, systems: &[String], since: Instant) -> Option<String> {
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
        let names_system = i.system_ids.iter().any(|s| systems.contains(s));
        let names_run = i.run_ids.iter().any(|run| {
            let end = format!("/{run}");
            let rests_on = || result.records.iter().any(|row| row.starts_with("run/") && row.ends_with(&end));
            result.unit == *run || result.unit.ends_with(&end) || rests_on()
        });
        i.backup_related && (names_system || names_run) && lives(i.opened_at, i.closed_at)
    });
    incident.map(|i| format!("incident {}", i.incident_id))
}
