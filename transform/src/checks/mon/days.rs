//! MON-05: monitoring ran every day.

use std::collections::BTreeMap;

use chrono::{Days, Months, NaiveDate};
use model::assessment::Outcome;
use model::inventory::Plan;
use model::registers::{MonitorDay, Recorded};
use model::time::{Span, day_of, day_start};

use super::super::common::{ORGANIZATION, names, no_inventory, no_register};
use super::super::faults::Faults;
use super::paths::{hidden, monitors};
use crate::judgement::Judgement;
use crate::world::World;

/// Slots of one day.
#[derive(Debug, Default, Clone, Copy)]
struct Due {
    slots: u64,
    attempted: u64,
    attempts: u64,
    unknown: u64,
    bad: u64,
}

impl Due {
    fn add(&mut self, other: Self) {
        self.slots += other.slots;
        self.attempted += other.attempted;
        self.attempts += other.attempts;
        self.unknown += other.unknown;
        self.bad += other.bad;
    }
}

/// Days with a fault, by kind of fault.
#[derive(Debug, Default)]
struct Found {
    missing: Vec<String>,
    late: Vec<String>,
    scope: Vec<String>,
    empty: Vec<String>,
    counts: Vec<String>,
    unseen: Vec<String>,
    lacking: Vec<String>,
}

/// MON-05, over each day of the period in the reporting zone whose monitoring is due.
///
/// A record of a day stands for as many days up to it as `monitoring_cadence` has. It agrees with the slots due where
/// its number of runs lies between the slots that were attempted and all slots or all attempts, whichever are more:
/// a monitor may count a missed slot or not, and each retry or not.
pub fn every_day(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("backup_plans");
    }
    let Some(records) = &world.registers.monitor_days else {
        return vec![no_register(ORGANIZATION, "monitor_days")];
    };
    let zone = world.period.zone();
    let cadence = world.policy.span("monitoring_cadence");
    let mut by_day: BTreeMap<NaiveDate, Vec<&Recorded<MonitorDay>>> = BTreeMap::new();
    for record in records.iter().filter(|r| r.performed_at.is_none_or(|p| p <= world.as_of)) {
        by_day.entry(record.day).or_default().push(record);
    }
    let due = due_by_day(world);
    let (first, last) = world.period.days();
    let (mut found, mut judged, mut rests) = (Found::default(), 0_u64, Vec::new());
    let mut day = first;
    while day <= last {
        // The record of the day may be written until the end of the day after the last day that it stands for.
        let latest = last_day(day, cadence);
        if day_start(latest + Days::new(2), zone) <= world.as_of {
            judged += 1;
            match by_day.range(day..=latest).next() {
                None => found.missing.push(day.to_string()),
                Some((on, rows)) => {
                    judge(world, *on, first_day(*on, cadence), rows, &due, &mut found);
                    rests.extend(rows.iter().map(|r| format!("monitor_day/{}", r.day)));
                }
            }
        }
        day = day + Days::new(1);
    }
    if judged == 0 {
        return vec![Judgement::no_evidence(
            ORGANIZATION,
            "not_yet_due",
            "No day of the period is over long enough for its monitoring to be due (monitor_days).",
        )];
    }
    let mut faults = Faults::default();
    for (days, code, what) in [
        (&mut found.missing, "day_missing", "no record for"),
        (&mut found.late, "monitored_late", "performed after the end of the next day:"),
        (&mut found.scope, "plan_left_out", "an enabled plan is not in its scope:"),
        (&mut found.empty, "saw_nothing", "no run was seen though slots were due:"),
        (&mut found.counts, "counts_disagree", "the runs seen do not agree with the slots due:"),
        (&mut found.unseen, "failures_unseen", "fewer failures were seen than there were:"),
    ] {
        days.dedup();
        faults.add_if(!days.is_empty(), code, || format!("{what} {}", names(days)));
    }
    found.lacking.dedup();
    let judgement = faults.judge(
        ORGANIZATION,
        &format!("Of {judged} days not every one was monitored (monitor_days)"),
        format!("Each of {judged} days was monitored in time, over all enabled plans, and the runs seen agree with the slots due."),
    );
    let judgement = if judgement.reasons.is_empty() && !found.lacking.is_empty() {
        Judgement::no_evidence(
            ORGANIZATION,
            "record_incomplete",
            format!("The records of some days do not tell enough: {}.", names(&found.lacking)),
        )
    } else {
        judgement
    };
    vec![judgement.rests_on(rests)]
}

/// Judges the records of one day, which stands for the days from `from`.
fn judge(
    world: &World<'_>,
    day: NaiveDate,
    from: NaiveDate,
    rows: &[&Recorded<MonitorDay>],
    due: &BTreeMap<NaiveDate, Due>,
    found: &mut Found,
) {
    let zone = world.period.zone();
    let text = day.to_string();
    if rows.iter().all(|r| r.performed_at.is_none()) {
        found.lacking.push(format!("{text} (performed_at is empty)"));
    }
    let in_time = |r: &&&Recorded<MonitorDay>| r.performed_at.is_none_or(|p| p < day_start(day + Days::new(2), zone));
    let timely: Vec<&Recorded<MonitorDay>> = rows.iter().filter(in_time).copied().collect();
    if timely.is_empty() {
        found.late.push(text);
        return;
    }
    let expected = expected(world, from, day);
    let covers =
        |rows: &[&Recorded<MonitorDay>]| expected.iter().find(|p| !rows.iter().any(|r| monitors(&r.scope, p))).copied();
    // One record may cover all plans, or several together.
    let whole = timely.iter().find(|r| covers(&[**r]).is_none());
    let counted: Vec<&Recorded<MonitorDay>> = match whole {
        Some(one) => vec![*one],
        None => timely.clone(),
    };
    if let Some(plan) = covers(&counted) {
        found.scope.push(format!("{text} ({})", plan.plan_id));
        return;
    }
    let (first, last) = world.period.days();
    if from < first || day > last {
        // Slots outside of the period are not at hand to compare with.
        return;
    }
    let mut slots = Due::default();
    due.range(from..=day).for_each(|(_, d)| slots.add(*d));
    let sum = |of: fn(&MonitorDay) -> Option<u64>| counted.iter().map(|r| of(r)).sum::<Option<u64>>();
    match sum(|r| r.runs_seen) {
        None => found.lacking.push(format!("{text} (runs_seen is empty)")),
        Some(0) if slots.slots > 0 => found.empty.push(text.clone()),
        Some(seen) if seen < slots.attempted => {
            found.counts.push(format!("{text} ({seen} seen, {} due)", slots.slots));
        }
        Some(seen) if seen > slots.slots.max(slots.attempts) => {
            // Where records are incomplete the monitor may have seen more than they show.
            let told = format!("{text} ({seen} seen, {} due)", slots.slots);
            if slots.unknown > 0 { found.lacking.push(told) } else { found.counts.push(told) }
        }
        Some(_) => {}
    }
    match sum(|r| r.failures_seen) {
        None => found.lacking.push(format!("{text} (failures_seen is empty)")),
        Some(seen) if seen < slots.bad => {
            found.unseen.push(format!("{text} ({seen} of {})", slots.bad));
        }
        Some(_) => {}
    }
}

/// Slots of each day, and how many of them had failed before the next day ended.
fn due_by_day(world: &World<'_>) -> BTreeMap<NaiveDate, Due> {
    let zone = world.period.zone();
    let mut out: BTreeMap<NaiveDate, Due> = BTreeMap::new();
    for slot in world.slots.iter().filter(|s| s.outcome != Outcome::Cancelled) {
        let day = day_of(slot.scheduled_for, zone);
        let attempts = u64::try_from(slot.attempts.len()).unwrap_or(u64::MAX);
        // What was missed is known only after its deadline.
        let known = slot.outcome == Outcome::Failed || slot.deadline < day_start(day + Days::new(1), zone);
        out.entry(day).or_default().add(Due {
            slots: 1,
            attempted: u64::from(attempts > 0),
            attempts,
            unknown: u64::from(slot.outcome == Outcome::Unknown),
            bad: u64::from(slot.outcome.is_bad() && known),
        });
    }
    out
}

/// Enabled plans in force on some day of `[from, to]`, without those that a provider runs unseen.
fn expected<'w>(world: &World<'w>, from: NaiveDate, to: NaiveDate) -> Vec<&'w Plan> {
    let zone = world.period.zone();
    let (from, to) = (day_start(from, zone), day_start(to + Days::new(1), zone));
    let serving = world.in_scope().filter(|(_, s)| s.in_service(from, to).is_some());
    serving
        .flat_map(|(i, s)| world.plans_in_force(s, from, to).filter(move |(_, p)| !hidden(world, i, s, p)))
        .map(|(_, plan)| plan)
        .collect()
}

/// Whole days of a cadence beside its months.
fn whole_days(cadence: Span) -> Days {
    Days::new(u64::try_from(cadence.seconds / 86_400).unwrap_or(0))
}

/// The last day whose record can stand for `day`: with a daily cadence the day itself.
fn last_day(day: NaiveDate, cadence: Span) -> NaiveDate {
    let end = day.checked_add_months(Months::new(cadence.months)).unwrap_or(day) + whole_days(cadence);
    end.pred_opt().unwrap_or(end).max(day)
}

/// The first day that the record of `day` can stand for.
fn first_day(day: NaiveDate, cadence: Span) -> NaiveDate {
    let start = day.checked_sub_months(Months::new(cadence.months)).unwrap_or(day) - whole_days(cadence);
    start.succ_opt().unwrap_or(start).min(day)
}
