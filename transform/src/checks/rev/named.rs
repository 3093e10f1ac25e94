//! REV-02 and REV-06: every restore test and every incident is named in a review in time.

use model::registers::{Recorded, Review, ReviewKind};
use model::rows::TestResult;
use model::time::{Instant, utc_text};

use super::super::cadence::{names_id, reviews};
use super::super::common::{ORGANIZATION as UNIT, filled, names, no_register};
use super::super::faults::Faults;
use super::super::rst;
use super::{is_by_owner, owners};
use crate::judgement::Judgement;
use crate::world::{Test, World};

/// Something that a review must name.
struct Matter<'w> {
    /// Ids under which a review may name it.
    ids: Vec<&'w str>,
    /// By when; absent while that is open.
    due: Option<Instant>,
    /// Who must not be the reviewer.
    barred: Option<&'w str>,
}

/// Judges that reviews name every matter in time. `what` is a word for them: "test".
fn all_named(matters: &[Matter<'_>], reviews: &[&Recorded<Review>], as_of: Instant, what: &str) -> Judgement {
    let (mut late, mut never, mut own, mut pending) = (Vec::new(), Vec::new(), Vec::new(), 0_usize);
    for matter in matters {
        let Some(id) = matter.ids.first() else { continue };
        let named: Vec<&&Recorded<Review>> =
            reviews.iter().filter(|r| matter.ids.iter().any(|id| r.inputs.iter().any(|i| names_id(i, id)))).collect();
        let by_other = named.iter().filter(|r| matter.barred.is_none_or(|b| filled(r.performer.as_deref()) != Some(b)));
        match by_other.map(|r| r.performed_at).min() {
            Some(at) if matter.due.is_none_or(|due| at < due) => {}
            Some(at) => late.push(format!("{id} ({})", utc_text(at))),
            None if matter.due.is_none_or(|due| due > as_of) => pending += 1,
            None if named.is_empty() => never.push(*id),
            None => own.push(*id),
        }
    }
    let mut faults = Faults::default();
    faults.add_if(!never.is_empty(), "not_reviewed", || format!("no review names {}", names(&never)));
    faults.add_if(!late.is_empty(), "review_late", || format!("reviewed too late: {}", names(&late)));
    faults.add_if(!own.is_empty(), "own_review", || {
        format!("reviewed only by the person who performed it: {}", names(&own))
    });
    let later = if pending == 0 { String::new() } else { format!("; {pending} of them may still be reviewed") };
    let good = format!("Reviews name all of {} {what}s in time{later}.", matters.len());
    let judgement = faults.judge(UNIT, &format!("Of {} {what}s", matters.len()), good);
    if judgement.state == model::assessment::State::Pass && pending == matters.len() {
        let next = matters.iter().filter_map(|m| m.due).min();
        let by = next.map_or_else(|| "after they are closed".to_owned(), |due| format!("before {}", utc_text(due)));
        return Judgement::not_applicable(UNIT, "not_yet_due", format!("{pending} {what}s are to be reviewed {by}."));
    }
    judgement
}

/// REV-02: every restore test that ended in the period, whatever its result, is named by test or by report.
pub fn restore_reports(world: &World<'_>) -> Vec<Judgement> {
    let Some(all) = reviews(world, &[ReviewKind::RestoreReports]) else {
        return vec![no_register(UNIT, "reviews")];
    };
    let by_owner: Vec<&Recorded<Review>> = all.into_iter().filter(|r| is_by_owner(world, "REV-02", r)).collect();
    let tests: Vec<&Test> = rst::ended(world)
        .filter(|t| !t.row.from_log && !matches!(t.row.result, TestResult::Planned | TestResult::Running))
        .collect();
    if tests.is_empty() {
        return rst::no_tests(world, "No restore test with a report that ended");
    }
    let (span, zone) = (world.policy.span("restore_report_review_cadence"), world.period.zone());
    let matters: Vec<Matter<'_>> = tests
        .iter()
        .map(|t| Matter {
            ids: [Some(t.row.test_id.as_str()), filled(t.row.report_ref.as_deref())].into_iter().flatten().collect(),
            due: t.row.ended_at.map(|at| span.due_by(at, zone)),
            barred: filled(t.row.performer.as_deref()),
        })
        .collect();
    let judgement = all_named(&matters, &by_owner, world.as_of, "restore test");
    vec![judgement.rests_on(tests.iter().map(|t| t.row_id.clone()))]
}

/// REV-06: every backup-related incident opened in the period is named, at the latest one cadence after it was closed.
pub fn incidents_reviewed(world: &World<'_>) -> Vec<Judgement> {
    let Some(all) = reviews(world, &[ReviewKind::IncidentReports, ReviewKind::JobStatus]) else {
        return vec![no_register(UNIT, "reviews")];
    };
    let Some(incidents) = world.incidents else {
        return vec![no_register(UNIT, "incidents")];
    };
    let (span, zone) = (world.policy.span("status_review_cadence"), world.period.zone());
    let matters: Vec<Matter<'_>> = incidents
        .iter()
        .filter(|i| i.backup_related && i.duplicate_of.is_none())
        .filter(|i| world.period.contains(i.opened_at) && i.opened_at <= world.as_of)
        .map(|i| Matter {
            ids: vec![i.incident_id.as_str()],
            due: i.closed_at.filter(|at| *at <= world.as_of).map(|at| span.due_by(at, zone)),
            barred: None,
        })
        .collect();
    if matters.is_empty() {
        return vec![if world.registers.incidents.is_some() {
            Judgement::not_applicable(UNIT, "no_incident", "No incident about backup was opened in the period.")
        } else {
            no_register(UNIT, "incidents")
        }];
    }
    let (by_owner, others): (Vec<&Recorded<Review>>, Vec<_>) =
        all.into_iter().partition(|r| is_by_owner(world, "REV-06", r));
    let judgement = all_named(&matters, &by_owner, world.as_of, "incident");
    let named_by_others = others
        .iter()
        .any(|r| matters.iter().flat_map(|m| &m.ids).any(|id| r.inputs.iter().any(|input| names_id(input, id))));
    if judgement.state == model::assessment::State::Fail && named_by_others {
        let mut judgement = judgement.reason("wrong_role");
        judgement.detail.push_str(&format!(" Reviews by others than {} do not count.", owners(world, "REV-06")));
        return vec![judgement];
    }
    vec![judgement]
}
