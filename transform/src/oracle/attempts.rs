//! What the backup tools did: every due run went well, but for the changes drawn.

use model::rows::{Integrity, RunStatus, Trigger};

use super::case::{Attempt, Case, DAY, HOUR, Listed, MINUTE, PlanVersion, Seconds};
use super::clock;
use super::generator::Dial;

/// Fills in the runs of a world, and the listings that tell of them.
pub(super) fn add(case: &mut Case, changes: &[Vec<u16>], start: Seconds, end: Seconds) {
    let (from, to) = (start - 2 * DAY, (end + 2 * DAY).min(case.as_of));
    let mut due: Vec<(usize, Seconds)> = Vec::new();
    for (index, plan) in case.plans.iter().enumerate() {
        let all = clock::due(&plan.when, plan.zone, start - 2 * DAY, end + 33 * DAY);
        let expected = |at: &Seconds| (from..to).contains(at) && *at >= plan.from && plan.to.is_none_or(|t| *at < t);
        due.extend(all.iter().copied().filter(expected).map(|at| (index, at)));
    }
    let mut kinds: Vec<Option<&Vec<u16>>> = vec![None; due.len()];
    for change in changes {
        if !due.is_empty() {
            kinds[Dial::new(change).below(due.len())] = Some(change);
        }
    }
    let plans = case.plans.clone();
    for (number, (index, at)) in due.iter().enumerate() {
        let plan = &plans[*index];
        let next = due.iter().filter(|(i, t)| plans[*i].id == plan.id && t > at).map(|(_, t)| *t).min();
        let base = attempt(plan, *at, format!("r{number}"));
        match kinds[number] {
            None => case.runs.push(base),
            Some(change) => changed(case, &mut Dial::new(&change[1..]), base, plan, *at, next.unwrap_or(at + DAY)),
        }
    }
    // Evidence is read up to `as_of`: what ends later is still running then.
    let as_of = case.as_of;
    case.runs.retain(|r| r.started <= as_of);
    for run in &mut case.runs {
        run.observed += as_of;
        if run.ended.is_some_and(|e| e > as_of) {
            (run.status, run.ended, run.bytes) = (RunStatus::Running, None, 0);
        }
    }
    let known = case.runs.clone();
    case.points.retain(|p| {
        p.taken <= as_of
            && (!p.id.starts_with('r') || known.iter().any(|r| r.point.as_ref() == Some(&p.id) && r.ended.is_some()))
    });
}

fn attempt(plan: &PlanVersion, at: Seconds, id: String) -> Attempt {
    Attempt {
        id,
        source: "log",
        observed: 0,
        system: plan.system,
        plan: Some(plan.id.clone()),
        // Half of the plans have a tool that knows what each run was due for.
        scheduled: plan.id.ends_with(['1', '3']).then_some(at),
        trigger: Some(Trigger::Scheduled),
        started: at + 5 * MINUTE,
        ended: Some(at + 15 * MINUTE),
        status: RunStatus::Success,
        bytes: 1_000,
        unchanged: false,
        taken: None,
        point: None,
    }
}

fn again(of: &Attempt, suffix: &str, later: Seconds) -> Attempt {
    let mut run = of.clone();
    run.id.push_str(suffix);
    run.trigger = Some(Trigger::Retry);
    run.started += later;
    run.ended = run.ended.map(|e| e + later);
    run
}

/// What became of one due run instead.
fn changed(case: &mut Case, dial: &mut Dial<'_>, base: Attempt, plan: &PlanVersion, at: Seconds, next: Seconds) {
    let mut run = base;
    let bad =
        |dial: &mut Dial<'_>| dial.of(&[RunStatus::Failed, RunStatus::Partial, RunStatus::Aborted, RunStatus::Expired]);
    let open = |run: &mut Attempt, status| (run.status, run.ended, run.bytes) = (status, None, 0);
    let deadline = at + plan.window.unwrap_or(case.settings.tolerance) + plan.longest.unwrap_or(12 * HOUR);
    let kind = dial.below(16);
    match kind {
        0 => return,
        1 => run.status = bad(dial),
        2 => {
            run.status = bad(dial);
            case.runs.push(again(&run, "-retry", dial.of(&[20 * MINUTE, HOUR, 5 * HOUR, 30 * HOUR])));
            case.runs.last_mut().unwrap().status = RunStatus::Success;
        }
        3 => run.ended = Some(deadline.min(next) + dial.of(&[0, 1, -1, HOUR])),
        4 => run.ended = Some(next + dial.of(&[0, 1, -1, HOUR])),
        5 => {
            // The last two make a gap of just what is allowed after a daily run, and one second more.
            let late = 5 * MINUTE + case.settings.tolerance;
            run.started = at + dial.of(&[0, -1, -10 * MINUTE, 3 * HOUR, 14 * HOUR, 25 * HOUR, late, late + 1]);
            run.ended = Some(run.started + dial.of(&[10 * MINUTE, 5 * HOUR]));
        }
        6 => (run.bytes, run.unchanged) = (0, dial.rarely(2)),
        7 => run.trigger = Some(Trigger::Manual),
        8 => open(&mut run, dial.of(&[RunStatus::Running, RunStatus::Pending, RunStatus::Unknown])),
        9 => {
            run.status = bad(dial);
            let mut second = again(&run, "-open", 30 * MINUTE);
            open(&mut second, RunStatus::Running);
            case.runs.push(second);
        }
        10 => {
            // The same run as another source saw it.
            run.scheduled = Some(at);
            let mut twin = run.clone();
            (twin.source, twin.id) = ("second", format!("{}-twin", run.id));
            twin.started += dial.of(&[0, 299, 300, 301, -300]);
            twin.taken = Some(run.started);
            run.taken = Some(run.started);
            if dial.rarely(2) {
                let status = bad(dial);
                if dial.rarely(2) { run.status = status } else { twin.status = status }
            }
            if dial.rarely(2) {
                (run.point, twin.point) = (Some(format!("{}-point", run.id)), Some(format!("{}-point", run.id)));
                twin.scheduled = None;
            }
            case.runs.push(twin);
        }
        11 => {
            // The same record as an earlier collection saw it.
            let mut earlier = run.clone();
            earlier.observed = -DAY;
            match dial.below(4) {
                0 => open(&mut earlier, RunStatus::Running),
                1 => earlier.status = RunStatus::Failed,
                2 => run.status = RunStatus::Failed,
                _ => open(&mut run, RunStatus::Running),
            }
            case.runs.push(earlier);
        }
        12 => run.taken = Some(run.started + dial.of(&[-2 * HOUR, -10 * HOUR, MINUTE, -30 * HOUR])),
        13 => run.trigger = None,
        _ => {
            // A listing tells of its recovery point.
            let id = format!("{}-point", run.id);
            run.point = Some(id.clone());
            case.points.push(Listed {
                id,
                system: run.system,
                taken: run.started,
                complete: !dial.rarely(3),
                bytes: dial.of(&[1_000, 1_000, 1_000, 0]),
                integrity: dial.of(&[None, Some(Integrity::Pass), Some(Integrity::Fail)]),
                copy: false,
                deleted: dial.rarely(4).then_some(run.started + 2 * HOUR),
            });
        }
    }
    case.runs.push(run);
}
