//! Runs, recovery points, coverage and slots by the words of `[conventions]`, the slow way.

use std::rc::Rc;

use model::assessment::Outcome;
use model::rows::{Integrity, RunStatus, Trigger};

use super::case::{Attempt, Case, DAY, HOUR, PlanVersion, Seconds, When};
use super::clock;

/// Clocks may differ by as much (`clock_skew_tolerance`).
const SKEW: Seconds = 300;
/// `default_max_duration`.
const LONGEST: Seconds = 12 * HOUR;

/// A period with its ends worked out, and what follows from the rows.
pub(super) struct Oracle<'a> {
    pub(super) case: &'a Case,
    pub(super) start: Seconds,
    pub(super) end: Seconds,
    /// What can be judged ends here.
    pub(super) until: Seconds,
    /// Records of all sources, and the runs they tell of.
    pub(super) records: Vec<Attempt>,
    pub(super) runs: Vec<Attempt>,
    pub(super) points: Vec<Good>,
}

/// A good recovery point.
#[derive(Debug, Clone)]
pub(super) struct Good {
    pub(super) system: usize,
    pub(super) taken: Seconds,
}

/// An expected run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) plan: String,
    pub(super) system: usize,
    pub(super) at: Seconds,
    pub(super) deadline: Seconds,
    pub(super) outcome: Outcome,
}

fn badness(status: RunStatus) -> usize {
    let order = [RunStatus::Success, RunStatus::Partial, RunStatus::Expired, RunStatus::Aborted, RunStatus::Failed];
    order.iter().position(|s| *s == status).unwrap_or(0)
}

/// The newest observation of each record; a final state is not replaced by one that is not.
fn newest(case: &Case) -> Vec<Attempt> {
    let mut out: Vec<Attempt> = Vec::new();
    for run in &case.runs {
        let same = |o: &&Attempt| o.source == run.source && o.id == run.id;
        if out.iter().any(|o| same(&o)) {
            continue;
        }
        let all: Vec<&Attempt> = case.runs.iter().filter(same).collect();
        let finals: Vec<&Attempt> = all.iter().copied().filter(|r| r.status.is_final()).collect();
        let of = if finals.is_empty() { all } else { finals };
        out.push((*of.iter().max_by_key(|r| r.observed).unwrap()).clone());
    }
    out
}

/// True where two records of two sources tell of one run.
fn one_run(a: &Attempt, b: &Attempt) -> bool {
    let by_point = a.point.is_some() && a.point == b.point;
    // A source that does not tell the instant does not contradict the other. Two points are two runs.
    let by_slot = a.plan == b.plan && (a.scheduled == b.scheduled || a.scheduled.is_none() || b.scheduled.is_none());
    let points_differ = a.point.is_some() && b.point.is_some() && a.point != b.point;
    a.source != b.source && (by_point || !points_differ && by_slot && (a.started - b.started).abs() <= SKEW)
}

/// Each run once, in the worse of its final states.
fn merged(records: &[Attempt]) -> Vec<Attempt> {
    let mut out: Vec<Attempt> = Vec::new();
    for record in records {
        match out.iter_mut().find(|o| one_run(o, record)) {
            None => out.push(record.clone()),
            Some(run) => {
                let replaces = match (run.status.is_final(), record.status.is_final()) {
                    (true, true) => badness(record.status) > badness(run.status),
                    (is_final, other) => !is_final && other,
                };
                if replaces {
                    (run.status, run.ended, run.bytes) = (record.status, record.ended, record.bytes);
                }
                run.scheduled = run.scheduled.or(record.scheduled);
            }
        }
    }
    out
}

impl<'a> Oracle<'a> {
    pub(super) fn of(case: &'a Case) -> Self {
        let start = clock::reached(case.zone, clock::midnight(case.first));
        let end = clock::reached(case.zone, clock::midnight(case.after));
        let records = newest(case);
        let runs = merged(&records);
        let mut oracle = Self { case, start, end, until: end.min(case.as_of), records, runs, points: Vec::new() };
        oracle.points = oracle.good_points();
        oracle
    }

    /// True where the run made a good recovery point.
    fn is_good(&self, run: &Attempt) -> bool {
        let listed = run.point.as_ref().and_then(|id| self.case.points.iter().find(|p| p.id == *id));
        run.status == RunStatus::Success
            && (run.bytes > 0 || run.unchanged)
            && listed.is_none_or(|p| p.complete && p.bytes > 0 && p.integrity != Some(Integrity::Fail) && !p.copy)
    }

    fn good_points(&self) -> Vec<Good> {
        let mut out = Vec::new();
        for run in self.runs.iter().filter(|r| self.is_good(r)) {
            let listed = run.point.as_ref().and_then(|id| self.case.points.iter().find(|p| p.id == *id));
            if listed.is_none() {
                out.push(Good { system: run.system, taken: run.taken.unwrap_or(run.started) });
            }
        }
        for point in &self.case.points {
            let run = self.runs.iter().find(|r| r.point.as_ref() == Some(&point.id));
            let is_good = match run {
                Some(run) => self.is_good(run),
                None => point.complete && point.integrity != Some(Integrity::Fail) && !point.copy,
            };
            let bytes = point.bytes > 0 || run.is_some_and(|r| r.unchanged);
            if is_good && bytes {
                out.push(Good { system: point.system, taken: point.taken });
            }
        }
        out.sort_by_key(|p| p.taken);
        out
    }

    /// True where complete sources together cover every instant of `[from, to)`.
    pub(super) fn covered(&self, table: &str, system: usize, from: Seconds, to: Seconds) -> bool {
        let mut at = from;
        while at < to {
            // The furthest that any statement reaches from here without a hole.
            let reach = self.case.covers.iter().filter_map(|c| {
                let end = c.to.unwrap_or(c.collected).min(c.collected);
                let speaks = c.read_whole
                    && c.complete
                    && c.system.is_none_or(|s| s == system)
                    && c.table.is_none_or(|t| t == table)
                    && c.from <= at
                    && at < end;
                match c.gap {
                    _ if !speaks => None,
                    Some((a, b)) if a <= at && at < b => None,
                    Some((a, _)) if at < a => Some(end.min(a)),
                    _ => Some(end),
                }
            });
            match reach.max() {
                Some(reached) => at = reached,
                None => return false,
            }
        }
        true
    }

    /// The slot after the one due at `at`: of this version by its own schedule, or the first of a later one. The text
    /// does not say what follows the last slot of a plan that ends; the schedule goes on here.
    fn next(&self, plan: &PlanVersion, at: Seconds) -> Seconds {
        let own = self.due(plan).iter().copied().find(|t| *t > at);
        let later = self.case.plans.iter().filter(|p| p.id == plan.id && p.enabled && p.from > plan.from);
        let theirs = later.filter_map(|p| self.due(p).iter().copied().find(|t| *t >= p.from)).min();
        [own, theirs].into_iter().flatten().min().unwrap_or(Seconds::MAX)
    }

    fn due(&self, plan: &PlanVersion) -> Rc<[Seconds]> {
        clock::due(&plan.when, plan.zone, self.start - 2 * DAY, self.end + 33 * DAY)
    }

    /// True where no enabled version of the plan is in force at some time before `deadline`, or the system retired.
    fn cancelled(&self, plan: &PlanVersion, deadline: Seconds) -> bool {
        let retired = self.case.systems[plan.system].retired.is_some_and(|r| r < deadline);
        let goes_on = |to: Seconds| {
            self.case.plans.iter().any(|p| p.id == plan.id && p.enabled && p.when != When::Continuous && p.from == to)
        };
        retired || plan.to.is_some_and(|to| to < deadline && !goes_on(to))
    }

    /// Attempts of the slot due at `at`, which ends at `next`.
    fn attempts(&self, plan: &PlanVersion, at: Seconds, next: Seconds) -> Vec<&Attempt> {
        let of_plan = |r: &&Attempt| r.plan.as_ref() == Some(&plan.id) && r.trigger != Some(Trigger::Manual);
        let of_slot = |r: &&Attempt| match r.scheduled {
            Some(scheduled) => scheduled == at,
            None => at <= r.started && r.started < next,
        };
        // A run at a time when the plan was not in force is none of its runs.
        let in_force = |r: &&Attempt| {
            let placed = r.scheduled.unwrap_or(r.started);
            let versions = self.case.plans.iter().filter(|p| p.id == plan.id);
            versions.into_iter().any(|p| p.from <= placed && p.to.is_none_or(|to| placed < to))
        };
        self.runs.iter().filter(of_plan).filter(of_slot).filter(in_force).collect()
    }

    /// Slots of the period, by plan and time.
    pub(super) fn slots(&self) -> Vec<Slot> {
        let mut out = Vec::new();
        for plan in self.case.plans.iter().filter(|p| p.enabled) {
            let system = &self.case.systems[plan.system];
            for &at in self.due(plan).iter() {
                let expected = at >= plan.from && plan.to.is_none_or(|to| at < to);
                let in_service = system.onboarded <= at && system.retired.is_none_or(|r| at < r);
                let in_period = at >= self.start && at < self.end && at <= self.case.as_of;
                if !expected || !in_service || !in_period || !system.in_scope {
                    continue;
                }
                let next = self.next(plan, at);
                let window = plan.window.unwrap_or(self.case.settings.tolerance);
                let deadline = (at + window + plan.longest.unwrap_or(LONGEST)).min(next);
                let outcome = self.outcome(plan, at, (at + window).min(next), deadline, next);
                out.push(Slot { plan: plan.id.clone(), system: plan.system, at, deadline, outcome });
            }
        }
        out.sort_by_key(|s| (s.plan.clone(), s.at));
        out
    }

    fn outcome(&self, plan: &PlanVersion, at: Seconds, window: Seconds, deadline: Seconds, next: Seconds) -> Outcome {
        let attempts = self.attempts(plan, at, next);
        let good: Vec<Seconds> = attempts.iter().filter(|r| self.is_good(r)).filter_map(|r| r.ended).collect();
        let any_final = attempts.iter().any(|r| r.status.is_final());
        // A state that nobody knows is not known to be one of running.
        let any_open = attempts.iter().any(|r| [RunStatus::Running, RunStatus::Pending].contains(&r.status));
        let covered = self.covered("backup_runs", plan.system, at, window.max(at + 1));
        let is_over = self.case.as_of >= deadline;
        let cancelled = self.cancelled(plan, deadline);
        // What is decided stays decided where the plan was disabled afterwards: the text gives no order.
        if good.iter().any(|e| *e <= deadline) {
            Outcome::Success
        } else if good.iter().any(|e| *e < next) {
            Outcome::LateSuccess
        } else if any_open && !is_over && !cancelled {
            Outcome::Running
        } else if any_final {
            Outcome::Failed
        } else if cancelled {
            Outcome::Cancelled
        } else if !is_over {
            Outcome::Running
        } else if !covered {
            Outcome::Unknown
        } else if attempts.is_empty() {
            Outcome::Missed
        } else if any_open {
            Outcome::Overrun
        } else {
            Outcome::Unknown
        }
    }
}
