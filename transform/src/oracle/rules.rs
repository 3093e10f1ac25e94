//! FRQ-01, FRQ-02, RET-01, RET-02 and the metrics, as `controls/checks.toml` words them.

use model::assessment::{Outcome, State};
use model::rows::{Integrity, RunStatus, TestKind, TestResult};
use model::time::Tz;

use super::case::{DAY, HOUR, Listed, PlanVersion, Seconds, When};
use super::clock;
use super::slots::{Oracle, Slot};

/// `max_backup_interval`, and `onboarding_protection_due`, which is as long; both get the tolerance.
const INTERVAL: Seconds = 24 * HOUR;
/// `min_retention`.
const RETENTION: Seconds = 30 * DAY;

/// What the oracle says of one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) check: &'static str,
    pub(super) unit: String,
    pub(super) state: State,
    /// When it was violated, and the most that may be left of each without a waiver.
    pub(super) violations: Vec<(Seconds, Seconds, Seconds)>,
    pub(super) system: usize,
}

/// Numerator, denominator, unknown.
pub(super) type Rate = (u64, u64, u64);

pub(super) fn rate(slots: &[&Slot]) -> Rate {
    let count = |outcomes: &[Outcome]| slots.iter().filter(|s| outcomes.contains(&s.outcome)).count() as u64;
    let good = count(&[Outcome::Success, Outcome::LateSuccess]);
    (good, good + count(&[Outcome::Failed, Outcome::Missed, Outcome::Overrun]), count(&[Outcome::Unknown]))
}

impl Oracle<'_> {
    fn expected(&self, check: &'static str, unit: &str, system: usize, state: State) -> Expected {
        Expected { check, unit: unit.to_owned(), state, violations: Vec::new(), system }
    }

    /// A pass that rests on rows of sources alone that could not be read whole is none.
    pub(super) fn sound(&self, mut results: Vec<Expected>) -> Vec<Expected> {
        let partial = |source: &str, observed: Seconds| {
            self.case.covers.iter().any(|c| !c.read_whole && c.source == source && c.collected == observed)
        };
        for result in results.iter_mut().filter(|r| r.state == State::Pass && r.check != "RET-01") {
            let mut whole: Vec<bool> = Vec::new();
            let runs = self.records.iter().filter(|r| r.system == result.system);
            whole.extend(runs.map(|r| !partial(r.source, r.observed)));
            let points = self.case.points.iter().filter(|p| p.system == result.system);
            whole.extend(points.map(|_| !partial("log", self.case.as_of)));
            if !whole.is_empty() && !whole.contains(&true) {
                result.state = State::NoEvidence;
            }
        }
        results
    }

    /// In-service part of the period that can be judged.
    fn in_service(&self, system: usize) -> Option<(Seconds, Seconds)> {
        let thing = &self.case.systems[system];
        let (from, to) = (thing.onboarded.max(self.start), thing.retired.map_or(self.until, |r| r.min(self.until)));
        (from < to && thing.in_scope).then_some((from, to))
    }

    /// FRQ-01.
    pub(super) fn gaps(&self) -> Vec<Expected> {
        let mut out = Vec::new();
        for (index, thing) in self.case.systems.iter().enumerate() {
            if !thing.production || !(thing.database || thing.critical) {
                continue;
            }
            let Some((from, to)) = self.in_service(index) else { continue };
            let limit = INTERVAL + self.case.settings.tolerance;
            let own = self.points.iter().filter(|p| {
                p.system == index && p.taken >= thing.onboarded && thing.retired.is_none_or(|r| p.taken < r)
            });
            let taken: Vec<Seconds> = own.map(|p| p.taken).collect();
            let before = taken.iter().rfind(|t| **t < from).copied();
            let after = taken.iter().find(|t| **t >= to).copied();
            let mut ends: Vec<Seconds> = vec![before.unwrap_or(from)];
            ends.extend(taken.iter().filter(|t| (from..to).contains(*t)));
            ends.push(after.unwrap_or(to));
            let mut expected = self.expected("FRQ-01", &thing.id, index, State::Pass);
            // Nothing at all is known: no gap is too long yet, and none is shown to be short.
            if before.is_none() && after.is_none() && ends.len() == 2 && to - from <= limit {
                expected.state = if thing.onboarded >= self.start { State::NotApplicable } else { State::NoEvidence };
                out.push(expected);
                continue;
            }
            for pair in ends.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                // What the clock went back on the way, by the plan that makes most of it.
                let wall_clock = self.case.plans.iter().filter(|p| {
                    p.system == index
                        && p.enabled
                        && clock::is_wall_clock(&p.when)
                        && p.from < self.end
                        && p.to.is_none_or(|to| to > self.start)
                });
                let back = wall_clock.map(|p| clock::offset(p.zone, a) - clock::offset(p.zone, b)).max().unwrap_or(0);
                let allowed = limit + back.max(0);
                if b - a <= allowed {
                    continue;
                }
                // Who knows that a run succeeded whose state nobody knows?
                let doubtful = self.runs.iter().any(|r| {
                    let placed = r.scheduled.unwrap_or(r.started);
                    r.system == index && r.status == RunStatus::Unknown && a < placed && placed < b
                });
                if !doubtful && self.longest_covered(index, a, b) > allowed {
                    expected.state = State::Fail;
                    expected.violations.push((a, b, limit));
                } else if expected.state == State::Pass {
                    expected.state = State::NoEvidence;
                }
            }
            out.push(expected);
        }
        out
    }

    /// The longest stretch of `[from, to)` of which a table is wholly known: a stretch that is too long by itself
    /// proves a gap too long, even where its ends are not covered.
    fn longest_covered(&self, system: usize, from: Seconds, to: Seconds) -> Seconds {
        let mut edges = vec![from, to];
        for c in &self.case.covers {
            edges.extend([c.from, c.to.unwrap_or(c.collected), c.collected]);
            edges.extend(c.gap.into_iter().flat_map(|(a, b)| [a, b]));
        }
        edges.retain(|e| (from..=to).contains(e));
        edges.sort_unstable();
        let mut longest = 0;
        for table in ["backup_runs", "recovery_points"] {
            for a in &edges {
                for b in edges.iter().filter(|b| *b > a) {
                    if b - a > longest && self.covered(table, system, *a, *b) {
                        longest = b - a;
                    }
                }
            }
        }
        longest
    }

    /// FRQ-02.
    pub(super) fn on_time(&self, slots: &[Slot]) -> Vec<Expected> {
        let mut out = Vec::new();
        let mut ids: Vec<&String> = self.case.plans.iter().map(|p| &p.id).collect();
        ids.dedup();
        for id in ids {
            let own: Vec<&Slot> = slots.iter().filter(|s| s.plan == *id).collect();
            let system = self.case.plans.iter().find(|p| p.id == *id).unwrap().system;
            let (good, counted, unknown) = rate(&own);
            let state = if counted > good {
                State::Fail
            } else if counted + unknown == 0 {
                State::NotApplicable
            } else if unknown * 100 > (counted + unknown) * u64::from(self.case.settings.unknown_percent) {
                State::NoEvidence
            } else {
                State::Pass
            };
            let mut expected = self.expected("FRQ-02", id, system, state);
            let bad = [Outcome::Failed, Outcome::Missed, Outcome::Overrun];
            expected.violations =
                own.iter().filter(|s| bad.contains(&s.outcome)).map(|s| (s.at, s.deadline, 0)).collect();
            out.push(expected);
        }
        out
    }

    /// Seconds that a plan keeps its points.
    fn kept(plan: &PlanVersion) -> Option<Seconds> {
        plan.retention.or_else(|| {
            let interval = match &plan.when {
                When::Every { seconds, .. } => Some(*seconds),
                When::Continuous => None,
                When::Cron(_) => {
                    let due = clock::due(&plan.when, Tz::UTC, 1_767_225_600, 1_767_225_600 + 70 * DAY);
                    due.windows(2).map(|w| w[1] - w[0]).max()
                }
            };
            Some(Seconds::from(plan.retention_count?) * interval?)
        })
    }

    /// RET-01.
    pub(super) fn configured(&self) -> Vec<Expected> {
        let in_force: Vec<&PlanVersion> = self
            .case
            .plans
            .iter()
            .filter(|p| p.enabled && self.in_service(p.system).is_some())
            .filter(|p| p.from < self.until && p.to.is_none_or(|t| t > self.start))
            .collect();
        let mut out: Vec<Expected> = Vec::new();
        for plan in &in_force {
            let enough = |p: &PlanVersion| Self::kept(p).is_some_and(|k| k >= RETENTION);
            let together = !self.case.settings.each_recovery_point;
            let mut others = in_force.iter().filter(|p| p.system == plan.system && p.operational);
            let mut expected = self.expected("RET-01", &plan.id, plan.system, State::Fail);
            if !plan.operational {
                expected.state = State::NotApplicable;
            } else if enough(plan) || together && others.clone().any(|p| enough(p)) {
                expected.state = State::Pass;
            } else if Self::kept(plan).is_none() || together && others.any(|p| Self::kept(p).is_none()) {
                expected.state = State::NoEvidence;
            } else {
                let to = plan.to.map_or(self.until, |t| t.min(self.until));
                expected.violations.push((plan.from.max(self.start), to, 0));
            }
            match out.iter_mut().find(|e| e.unit == plan.id) {
                Some(known) => {
                    known.state = worse(known.state, expected.state);
                    known.violations.extend(expected.violations);
                }
                None => out.push(expected),
            }
        }
        out
    }

    /// RET-02.
    pub(super) fn existing(&self) -> Vec<Expected> {
        let as_of = self.case.as_of;
        let (from, to) = (as_of - RETENTION - INTERVAL, as_of - RETENTION);
        let mut out = Vec::new();
        for (index, thing) in self.case.systems.iter().enumerate() {
            if self.in_service(index).is_none() {
                continue;
            }
            let gone = thing.retired.is_some_and(|r| r <= as_of);
            // Read as the product does: copies count, because the system can be restored from them; a run proves
            // the making of a point and not its being there; the first backup may come an interval after
            // onboarding; the tolerance of schedules holds here too.
            let listed = |p: &&Listed| p.system == index;
            let whole = |p: &Listed| p.complete && p.bytes > 0 && p.integrity != Some(Integrity::Fail);
            let old = |p: &Listed| (from - self.case.settings.tolerance..=to).contains(&p.taken);
            let exists = |p: &Listed| whole(p) && old(p) && p.deleted.is_none_or(|d| d > as_of);
            let state = if gone || as_of - thing.onboarded < RETENTION + INTERVAL {
                State::NotApplicable
            } else if !self.case.points.iter().any(|p| listed(&p)) {
                State::NoEvidence
            } else if self.case.points.iter().filter(listed).any(exists) {
                State::Pass
            } else if self.covered("recovery_points", index, from, as_of) {
                State::Fail
            } else {
                State::NoEvidence
            };
            let mut expected = self.expected("RET-02", &thing.id, index, state);
            expected.violations.push((as_of, as_of + 1, 0));
            out.push(expected);
        }
        out
    }

    /// `restore_test_success_rate`.
    pub(super) fn restores(&self) -> Rate {
        let counted = self.case.tests.iter().filter(|t| {
            let in_period = t.ended.is_some_and(|e| (self.start..self.until).contains(&e));
            let kinds = [TestKind::Full, TestKind::Partial, TestKind::Item, TestKind::PointInTime];
            // Only what was stopped may have been stopped before it began.
            let began = t.started.is_some() || t.result != TestResult::Aborted;
            in_period && began && kinds.contains(&t.kind)
        });
        let good =
            counted.clone().filter(|t| t.result == TestResult::Success && t.integrity == Some(Integrity::Pass)).count();
        (good as u64, counted.count() as u64, 0)
    }
}

/// `[conventions] precedence`: fail, then no_evidence, then pass; not_applicable only if all are.
pub(super) fn worse(a: State, b: State) -> State {
    let order = [State::Fail, State::NoEvidence, State::Pass, State::NotApplicable];
    *order.iter().find(|s| **s == a || **s == b).unwrap()
}
