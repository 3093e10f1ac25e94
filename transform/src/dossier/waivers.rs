//! Exceptions, whether they are effective, and what they cover.

use model::assessment::CheckResult;
use model::dossier::WaiverSheet;
use model::time::{day_of, utc_text};

use crate::world::World;

pub(super) fn waivers(world: &World<'_>, results: &[CheckResult]) -> Vec<WaiverSheet> {
    let until = world.until();
    let today = day_of(until, world.period.zone());
    let mut out: Vec<WaiverSheet> = world
        .waivers
        .iter()
        .filter(|w| w.exception.valid_from.or(w.exception.submitted_at).is_none_or(|f| f < world.period.end()))
        .map(|w| {
            let e = &w.exception;
            let covers = results
                .iter()
                .filter(|r| {
                    r.waived
                        && w.names(
                            &r.check,
                            &world.controls.check(&r.check).map(|c| c.statements.clone()).unwrap_or_default(),
                        )
                })
                .filter(|r| {
                    let plan = world.inventory.plan(&r.unit).next().map(|p| p.system_id.as_str());
                    w.binds(&r.unit) || plan.is_some_and(|p| w.binds(p))
                })
                .count() as u64;
            let (standing, why) = match w.effective {
                Some((_, to)) if to <= until => ("expired", format!("It ended on {}.", utc_text(to))),
                Some((from, _)) if from >= until => ("not yet effective", format!("It begins on {}.", utc_text(from))),
                Some(_) => ("effective", String::new()),
                None => {
                    let mut reasons: Vec<String> = w
                        .approval
                        .missing
                        .iter()
                        .map(|r| format!("approval of {} is missing", r.replace('_', " ")))
                        .collect();
                    reasons.extend(w.approval.defects.iter().map(|d| d.text.clone()));
                    if reasons.is_empty() {
                        reasons.push(format!("its status is {}", e.status));
                    }
                    ("not effective", reasons.join("; "))
                }
            };
            WaiverSheet {
                exception_id: e.exception_id.clone(),
                risk_level: e.risk_level,
                systems: e.system_ids.clone(),
                names: e.check_ids.iter().chain(&e.statement_ids).cloned().collect(),
                effective_from: w.effective.map(|x| x.0),
                effective_to: w.effective.map(|x| x.1).or(e.expires_at),
                justification: e.justification.clone().unwrap_or_default(),
                standing: standing.to_owned(),
                why,
                covers,
                remediation_due: e.remediation_due.map(|d| d.to_string()).unwrap_or_default(),
                remediation_overdue: e.remediation_due.is_some_and(|due| due < today)
                    && e.remediation_done_at.is_none_or(|done| done > until),
            }
        })
        .collect();
    out.sort_by(|a, b| a.exception_id.cmp(&b.exception_id));
    out
}
