//! DOC-01: the policy was reviewed and approved within its cadence.

use chrono::{Days, NaiveDate};
use model::registers::ReviewKind;
use model::time::{day_of, day_start};

use super::super::cadence::reviews;
use super::super::common::{filled, names};
use super::super::notes::Notes;
use super::{due_day, history, own_rows};
use crate::judgement::Judgement;
use crate::world::World;

const CADENCE: &str = "policy_review_cadence";

/// Days on which the policy was approved, ascending: rows of the history, of the register of documents, and reviews of
/// the policy that somebody signed off, for these may have changed nothing.
fn approvals(world: &World<'_>, rows: &[history::Version<'_>]) -> Vec<NaiveDate> {
    let zone = world.period.zone();
    let mut out: Vec<NaiveDate> = rows.iter().filter(|r| r.approval).map(|r| r.dated).collect();
    out.extend(own_rows(world).unwrap_or_default().iter().filter_map(|d| d.approved_at).map(|at| day_of(at, zone)));
    let signed = reviews(world, &[ReviewKind::Policy]).unwrap_or_default();
    out.extend(
        signed.iter().filter(|r| filled(r.signed_off_by.as_deref()).is_some()).map(|r| day_of(r.performed_at, zone)),
    );
    out.retain(|day| *day <= day_of(world.as_of, zone));
    out.sort();
    out.dedup();
    out
}

/// DOC-01. Every day of the period up to `as_of`, and the day of `as_of`, is judged by the newest approval before it;
/// before the first one by the date of the first version.
pub fn in_time(world: &World<'_>) -> Vec<Judgement> {
    let (unit, zone) = (world.policy.document.document_id.as_str(), world.period.zone());
    let today = day_of(world.as_of, zone);
    let rows: Vec<_> = history::rows(world).into_iter().filter(|r| r.dated <= today).collect();
    let approvals = approvals(world, &rows);
    let Some(last) = approvals.last().copied() else {
        let first = rows.first().map(|r| r.dated);
        return vec![match first.map(|day| (day, due_day(world, CADENCE, day))) {
            Some((day, due)) if today <= due => Judgement::not_applicable(
                unit,
                "not_yet_due",
                format!("The first version is of {day}; the first approval is due by {due}."),
            ),
            _ => Judgement::no_evidence(
                unit,
                "approval_date_missing",
                "No approval of the policy is dated: neither in its history, nor in documents.approved_at, nor by a \
                 signed review of it (reviews).",
            ),
        }];
    };
    let overdue_since = |day: NaiveDate| {
        let newest =
            approvals.iter().rev().find(|a| **a <= day).or(rows.first().map(|r| &r.dated).filter(|d| **d <= day));
        newest.map(|a| due_day(world, CADENCE, *a)).filter(|due| day > *due)
    };
    let (first_day, last_day) = world.period.days();
    let inside: Vec<NaiveDate> = first_day
        .iter_days()
        .take_while(|day| *day <= last_day && day_start(*day, zone) < world.until())
        .filter(|day| overdue_since(*day).is_some())
        .collect();
    let due = due_day(world, CADENCE, last);
    let now = if overdue_since(today).is_some() {
        format!("; by {today} it is {} overdue", days((today - due).num_days()))
    } else {
        String::new()
    };
    let judgement = if inside.is_empty() && now.is_empty() {
        Judgement::pass(unit, format!("The policy was last approved on {last}; the next approval is due by {due}."))
    } else {
        let judgement = Judgement::fail(
            unit,
            "overdue",
            format!(
                "The policy was last approved on {last}, which holds until {due}: it was overdue on {} of the period{now}.",
                days(i64::try_from(inside.len()).unwrap_or(i64::MAX))
            ),
        );
        inside
            .chunk_by(|a, b| *a + Days::new(1) == *b)
            .filter_map(|run| run.first().zip(run.last()))
            .fold(judgement, |j, (from, to)| j.violated(day_start(*from, zone), day_start(*to + Days::new(1), zone)))
    };
    vec![past(world, &approvals, &rows).on(judgement)]
}

fn days(n: i64) -> String {
    if n == 1 { "1 day".to_owned() } else { format!("{n} days") }
}

/// What the history tells of earlier years: approvals too far apart, and versions that were in use before an approval.
fn past(world: &World<'_>, approvals: &[NaiveDate], rows: &[history::Version<'_>]) -> Notes {
    let mut notes = Notes::default();
    for pair in approvals.windows(2) {
        let [a, b] = pair else { continue };
        let late = (*b - due_day(world, CADENCE, *a)).num_days();
        if late > 0 {
            notes.add(
                "history_gap",
                format!(
                    "Between the approvals of {a} and {b} lie {}, {late} of them past the due date.",
                    days((*b - *a).num_days())
                ),
            );
        }
    }
    let unapproved: Vec<String> = rows
        .iter()
        .filter(|r| !r.approval && !approvals.contains(&r.dated))
        .map(|r| match approvals.iter().find(|a| **a > r.dated) {
            Some(next) => {
                format!("{} of {} ({} until the next approval)", r.version, r.dated, days((*next - r.dated).num_days()))
            }
            None => format!("{} of {} (never since)", r.version, r.dated),
        })
        .collect();
    if !unapproved.is_empty() {
        notes.add("unapproved_version", format!("Not marked as approved: version {}.", names(&unapproved)));
    }
    notes
}
