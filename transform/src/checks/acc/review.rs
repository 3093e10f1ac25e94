//! ACC-04: access to backup platforms is reviewed.

use chrono::Duration;
use model::registers::{AccessReview, ActionOrigin, Recorded};
use model::time::{Instant, utc_text};

use super::super::cadence::{Standing, note_overdue, standing};
use super::super::common::{ORGANIZATION, filled, no_register, or_empty};
use super::super::faults::Faults;
use super::super::grants::{all, backup_platforms, in_force};
use super::about_all;
use crate::judgement::Judgement;
use crate::world::World;

/// Days to carry out the removals that a review decided (`controls/checks.toml`, ACC-04).
const REMOVAL_DAYS: i64 = 30;

/// ACC-04, for every backup platform. A review that is not completed is none.
pub fn reviewed(world: &World<'_>) -> Vec<Judgement> {
    let Some(reviews) = &world.registers.access_reviews else {
        return vec![no_register(ORGANIZATION, "access_reviews")];
    };
    if world.registers.access_grants.is_none() {
        return vec![no_register(ORGANIZATION, "access_grants")];
    }
    let out = backup_platforms(world)
        .into_iter()
        .map(|(platform, systems)| {
            let own = reviews.iter().filter(|r| r.platform_id == platform && r.performed_at <= world.as_of);
            about_all(judge(world, platform, &own.collect::<Vec<_>>()), Some(&systems))
        })
        .collect();
    or_empty(out, "no_platform", "No backup platform is known from plans, places, the inventory or approvals.")
}

fn granted(world: &World<'_>, platform: &str, at: Instant) -> Vec<String> {
    let now = (at, at + Duration::seconds(1));
    let live = all(world).filter(|g| g.platform_id == platform && in_force(g, now.0, now.1).is_some());
    live.map(|g| g.principal_id.clone()).collect()
}

fn judge(world: &World<'_>, unit: &str, reviews: &[&Recorded<AccessReview>]) -> Judgement {
    let grants = || all(world).filter(|g| g.platform_id == unit);
    if !grants().any(|g| in_force(g, world.period.start(), world.until()).is_some()) {
        return Judgement::not_applicable(unit, "no_grant", "No grant on this platform was in force in the period.");
    }
    let completed: Vec<_> = reviews.iter().filter(|r| r.completed == Some(true)).collect();
    let began = grants().filter_map(|g| g.granted_at).min();
    let standing = standing(world, "access_review_cadence", completed.iter().map(|r| r.performed_at), began);
    let Some(last) = completed.iter().max_by_key(|r| r.performed_at) else {
        return match (standing, reviews.last()) {
            (Standing::NotYetDue { due }, _) => Judgement::not_applicable(
                unit,
                "not_yet_due",
                format!("The first grant is young; the first review is due before {}.", utc_text(due)),
            ),
            (_, Some(open)) => Judgement::fail(
                unit,
                "review_incomplete",
                format!(
                    "Review {} of {} was not completed, and no other one was.",
                    open.review_id,
                    utc_text(open.performed_at)
                ),
            ),
            (_, None) => Judgement::fail(unit, "review_missing", "No review of access to this platform is on record."),
        };
    };
    let mut faults = Faults::default();
    note_overdue(&mut faults, standing);
    let then = granted(world, unit, last.performed_at);
    let mut missing = Vec::new();
    match filled(last.reviewer.as_deref()) {
        None => faults.add("reviewer_missing", "nobody is named who reviewed"),
        Some(by) => faults.add_if(!then.is_empty() && then.iter().all(|p| p == by), "own_access_only", || {
            format!("{by} reviewed nothing but their own access")
        }),
    }
    match last.grants_total {
        None => missing.push("grants_total"),
        Some(total) => faults.add_if(u64::try_from(then.len()) != Ok(total), "population_mismatch", || {
            format!("{total} grants were reviewed, and {} were in force then", then.len())
        }),
    }
    removals(world, unit, last, &mut faults, &mut missing);
    let opening = format!("The last review ({}) was on {}", last.review_id, utc_text(last.performed_at));
    let next = match standing {
        Standing::Current { due, .. } => format!("; the next is due before {}", utc_text(due)),
        _ => String::new(),
    };
    let judgement = faults.judge(unit, &opening, format!("{opening}, of all {} grants{next}.", then.len()));
    if judgement.state == model::assessment::State::Pass && !missing.is_empty() {
        let text = format!("{opening}; access_reviews.{} is empty.", missing.join(", access_reviews."));
        return Judgement::no_evidence(unit, "field_missing", text);
    }
    judgement
}

/// What the review decided to remove was removed in time, or is an action.
fn removals(
    world: &World<'_>,
    platform: &str,
    review: &AccessReview,
    faults: &mut Faults,
    missing: &mut Vec<&'static str>,
) {
    let Some(decided) = review.grants_removed else { return missing.push("grants_removed") };
    let due = review.performed_at + Duration::days(REMOVAL_DAYS);
    let removed = all(world)
        .filter(|g| g.platform_id == platform)
        .filter(|g| g.revoked_at.is_some_and(|at| at >= review.performed_at && at <= due))
        .count();
    let open = decided.saturating_sub(u64::try_from(removed).unwrap_or(u64::MAX));
    let followed = world.registers.actions.iter().flatten().any(|a| {
        a.origin_kind == Some(ActionOrigin::Review) && a.origin_ref.as_deref() == Some(review.review_id.as_str())
    });
    faults.add_if(open > 0 && due < world.as_of && !followed, "removal_open", || {
        format!(
            "{decided} removals were decided, {removed} were made by {}, and no action names the review",
            utc_text(due)
        )
    });
}
