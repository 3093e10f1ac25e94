//! Exceptions, whether they are effective, and what they cover.

use model::assessment::CheckResult;
use model::dossier::WaiverSheet;
use model::time::{day_of, utc_text};

use crate::waivers::Waiver;
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
            let (standing, mut why) = match w.effective {
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
            let mut remarks = Vec::new();
            if standing == "effective" && covers == 0 {
                remarks.push("unused: it covers no finding of the period".to_owned());
            }
            let others: Vec<&str> =
                world.waivers.iter().filter(|o| overlap(w, o)).map(|o| o.exception.exception_id.as_str()).collect();
            if !others.is_empty() {
                remarks.push(format!("overlaps {}", others.join(", ")));
            }
            if !why.is_empty() && !remarks.is_empty() {
                why.push(' ');
            }
            why.push_str(&remarks.join("; "));
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

/// True where two exceptions were effective at one time for one system, and name one check or statement.
fn overlap(a: &Waiver, b: &Waiver) -> bool {
    let (Some(of_a), Some(of_b)) = (a.effective, b.effective) else { return false };
    let (x, y) = (&a.exception, &b.exception);
    let shared = |one: &[String], other: &[String]| one.iter().any(|item| other.contains(item));
    let systems = x.system_ids.iter().any(|s| s == "*" || b.binds(s)) || y.system_ids.iter().any(|s| s == "*");
    x.exception_id != y.exception_id
        && of_a.0 < of_b.1
        && of_b.0 < of_a.1
        && systems
        && (shared(&x.check_ids, &y.check_ids) || shared(&x.statement_ids, &y.statement_ids))
}

#[cfg(test)]
mod tests {
    use model::dossier::StoreSheet;

    use crate::dossier::dossier;
    use crate::testing::{Fixture, plain};

    #[test]
    fn unused_and_overlapping_exceptions_are_told() {
        let mut f = Fixture::new("2026-10");
        f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
        let (from, to) = ("2026-09-01T00:00:00Z", "2026-12-01T00:00:00Z");
        f.exception("E-1", "db", "COV-02", from, to);
        f.exception("E-2", "*", "COV-02", from, to);
        f.exception("E-3", "db", "FRQ-03", from, to);
        let store =
            StoreSheet { store_id: String::new(), last_run: 1, last_manifest: String::new(), runs: 1, signed_by: None };
        let told: Vec<(String, String, String)> = f.with_basis(|basis| {
            let judged = basis.judge(f.period).unwrap();
            let sheets = dossier(basis, &judged, f.period, store).unwrap().waivers;
            sheets.into_iter().map(|w| (w.exception_id, w.standing, w.why)).collect()
        });
        let unused = "unused: it covers no finding of the period";
        let row = |id: &str, why: String| (id.to_owned(), "effective".to_owned(), why);
        assert_eq!(
            told,
            [
                row("E-1", format!("{unused}; overlaps E-2")),
                row("E-2", format!("{unused}; overlaps E-1")),
                row("E-3", unused.to_owned()),
            ]
        );
    }
}
