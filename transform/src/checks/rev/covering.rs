//! REV-01: job status and failure alerts were reviewed, with no part of the period left out.

use chrono::Days;
use model::registers::{Recorded, Review, ReviewKind};
use model::time::{Instant, day_of, day_start, utc_text};

use super::super::cadence::reviews;
use super::super::common::{ORGANIZATION as UNIT, filled, names, no_register};
use super::super::faults::Faults;
use super::{is_by_owner, owners};
use crate::coverage::{Interval, holes, union};
use crate::judgement::Judgement;
use crate::world::World;

const CADENCE: &str = "status_review_cadence";

/// The part of time that a review covers in time: none where it came later than a cadence after its part. Of a part
/// longer than one cadence only the end is in time.
fn covered(world: &World<'_>, review: &Review) -> Option<Interval> {
    let (span, zone) = (world.policy.span(CADENCE), world.period.zone());
    let (from, to) = (review.period_start?, review.period_end?.min(review.performed_at));
    let oldest = span.before(span.before(review.performed_at, zone), zone);
    let oldest = day_start(day_of(oldest, zone), zone);
    (review.performed_at < span.due_by(to, zone)).then_some((from.max(oldest), to))
}

/// When a part that begins at `from` must have been reviewed: the part is at most one cadence long, and its review at
/// most one cadence after it.
fn due(world: &World<'_>, from: Instant) -> Instant {
    let (span, zone) = (world.policy.span(CADENCE), world.period.zone());
    span.due_by(span.after(from, zone), zone)
}

/// REV-01.
pub fn job_status(world: &World<'_>) -> Vec<Judgement> {
    let Some(all) = reviews(world, &[ReviewKind::JobStatus]) else {
        return vec![no_register(UNIT, "reviews")];
    };
    let (start, until) = (world.period.start(), world.until());
    let (own, others): (Vec<&Recorded<Review>>, Vec<_>) =
        all.into_iter().partition(|r| is_by_owner(world, "REV-01", r));
    let open_by = |reviews: &[&Recorded<Review>]| {
        holes(&union(reviews.iter().filter_map(|r| covered(world, r)).collect()), start, until)
    };
    let open = open_by(&own);
    let (passed, pending): (Vec<Interval>, Vec<Interval>) =
        open.into_iter().partition(|(from, _)| due(world, *from) <= world.as_of);
    let text = |all: &[Interval]| {
        let parts: Vec<String> = all.iter().map(|(a, b)| format!("{} to {}", utc_text(*a), utc_text(*b))).collect();
        names(&parts)
    };
    let mut faults = Faults::default();
    if !passed.is_empty() {
        let of_hole = |r: &&&Recorded<Review>| {
            let part = r.period_start.zip(r.period_end);
            part.is_some_and(|(a, b)| passed.iter().any(|(from, to)| a < *to && *from < b && *from < r.performed_at))
        };
        let late: Vec<String> =
            own.iter().filter(of_hole).map(|r| format!("{} of {}", r.review_id, utc_text(r.performed_at))).collect();
        let wrong: Vec<String> = others
            .iter()
            .filter(of_hole)
            .map(|r| format!("{} by {}", r.review_id, filled(r.performer_role.as_deref()).unwrap_or("nobody named")))
            .collect();
        let code = if late.is_empty() { "hole" } else { "review_late" };
        faults.add(code, format!("no review in time covers {}", text(&passed)));
        faults.add_if(!late.is_empty(), "review_late", || format!("too late for it: {}", names(&late)));
        faults.add_if(!wrong.is_empty(), "wrong_role", || {
            format!("not by {}: {}", owners(world, "REV-01"), names(&wrong))
        });
        let unclear: Vec<&str> = own
            .iter()
            .filter(|r| r.period_start.is_none() || r.period_end.is_none())
            .map(|r| r.review_id.as_str())
            .collect();
        faults.add_if(!unclear.is_empty(), "part_not_stated", || {
            format!("without the part that it covers (period_start, period_end): {}", names(&unclear))
        });
    }
    let whole = passed.is_empty() && pending.as_slice() == [(start, until)];
    if let Some((from, _)) = pending.first().filter(|_| whole) {
        let last = due(world, *from) - chrono::Duration::seconds(1);
        return vec![Judgement::not_applicable(
            UNIT,
            "not_yet_due",
            format!(
                "No review of the period is on record yet; the first is due by {}.",
                day_of(last, world.period.zone())
            ),
        )];
    }
    let later = match pending.first() {
        Some((from, _)) => {
            let day = day_of(due(world, *from), world.period.zone()) - Days::new(1);
            format!(" Open, and due by {day} at the latest: {}.", text(&pending))
        }
        None => String::new(),
    };
    let good = format!("{} reviews by {} cover the period.{later}", own.len(), owners(world, "REV-01"));
    let judgement = faults.judge(UNIT, "Reviews of job status and alerts", good);
    vec![passed.into_iter().fold(judgement, |j, (a, b)| j.violated(a, b))]
}
