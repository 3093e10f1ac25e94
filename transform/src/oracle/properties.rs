//! What must hold in every world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Months, NaiveDate};
use model::assessment::State;
use model::inventory::Schedule;
use model::rows::{Integrity, RunStatus};
use model::time::Period;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::case::{Case, DAY, When};
use super::generator::{Draft, SCHEDULES, ZONES, worlds};
use super::rules::rate;
use super::slots::Oracle;
use super::{clock, product};
use crate::testing::{Fixture, Verdicts};

const CHECKS: [&str; 7] = ["FRQ-01", "FRQ-02", "RET-01", "RET-02", "EXC-01", "EXC-02", "EXC-03"];

#[allow(clippy::disallowed_methods, reason = "how many cases are drawn is set from outside")]
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// Draws worlds on all cores, one `share`-th of the number set, and asks `holds` of each; the smallest world for which it does not is shown.
fn for_worlds(share: u64, holds: fn(&Draft) -> Result<(), String>) {
    let cases = setting("BACKPROOF_ORACLE_CASES", 10_000) / share;
    let seed = setting("BACKPROOF_ORACLE_SEED", 0);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let run = move |thread: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&thread.to_le_bytes());
        let config = Config {
            cases: u32::try_from(cases.div_ceil(threads)).unwrap(),
            failure_persistence: None,
            max_shrink_iters: 3_000,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let outcome = runner.run(&worlds().prop_map(Arc::new), |draft| holds(&draft).map_err(TestCaseError::fail));
        outcome.map_err(|e| match e {
            proptest::test_runner::TestError::Fail(reason, draft) => format!("{reason}\n{:#?}", draft.world()),
            other @ proptest::test_runner::TestError::Abort(_) => other.to_string(),
        })
    };
    let workers: Vec<_> = (0..threads).map(|thread| std::thread::spawn(move || run(thread))).collect();
    for worker in workers {
        if let Err(message) = worker.join().expect("a worker") {
            panic!("{message}");
        }
    }
}

/// States of the product by check and unit, with waivers; a unit that is not applicable is as one without a result.
fn states(verdicts: &Verdicts) -> BTreeMap<(String, String), (State, bool)> {
    let results = verdicts.judged.assessment.results.iter();
    results.map(|r| ((r.check.clone(), r.unit.clone()), (r.state, r.waived))).collect()
}

fn differences(case: &Case) -> Vec<String> {
    let oracle = Oracle::of(case);
    let verdicts = product::judge(case);
    let mut out = Vec::new();
    let fixture = product::fixture(case);
    if (fixture.period.start(), fixture.period.end()) != (product::instant(oracle.start), product::instant(oracle.end))
    {
        out.push(format!("period {} {}", fixture.period.start(), fixture.period.end()));
    }
    let mut ours = oracle.slots();
    ours.sort_by_key(|s| (s.plan.clone(), s.at));
    let mut plans = fixture.plans.clone();
    plans.sort_by(|a, b| (&a.plan_id, a.version).cmp(&(&b.plan_id, b.version)));
    let mut theirs: Vec<_> = verdicts
        .judged
        .slots
        .iter()
        .map(|s| (plans[s.plan].plan_id.clone(), s.scheduled_for.timestamp(), s.deadline.timestamp(), s.outcome))
        .collect();
    theirs.sort_by_key(|s| (s.0.clone(), s.1));
    let mine: Vec<_> = ours.iter().map(|s| (s.plan.clone(), s.at, s.deadline, s.outcome)).collect();
    for slot in mine.iter().filter(|s| !theirs.contains(s)) {
        out.push(format!("slot oracle {slot:?} {}", product::instant(slot.1)));
    }
    for slot in theirs.iter().filter(|s| !mine.contains(s)) {
        out.push(format!("slot product {slot:?} {}", product::instant(slot.1)));
    }
    let mut expected = oracle.gaps();
    expected.extend(oracle.on_time(&ours));
    expected.extend(oracle.configured());
    expected.extend(oracle.existing());
    // EXC-03 asks the rules themselves.
    let exceptions = oracle.exceptions(&expected);
    expected = oracle.sound(expected);
    expected.extend(exceptions);
    let mut found = states(&verdicts);
    found.retain(|(check, _), _| CHECKS.contains(&check.as_str()));
    if case.exceptions.is_none() {
        found.retain(|(check, _), (state, _)| !(check.starts_with("EXC") && *state == State::NoEvidence));
    }
    for e in &expected {
        let key = (e.check.to_owned(), e.unit.clone());
        let (state, waived) = found.remove(&key).unwrap_or((State::NotApplicable, false));
        let detail = || {
            let all = verdicts.all(e.check);
            all.iter().find(|r| r.unit == e.unit).map_or(String::new(), |r| format!("{} {:?}", r.detail, r.reasons))
        };
        if state != e.state {
            out.push(format!("{} {}: oracle {:?}, product {state:?}: {}", e.check, e.unit, e.state, detail()));
        } else if waived != oracle.waived(e) {
            out.push(format!("{} {}: product waived {waived}, {:?}: {}", e.check, e.unit, e.violations, detail()));
        }
    }
    for ((check, unit), (state, _)) in found {
        if state != State::NotApplicable && check != "EXC-03" {
            out.push(format!("{check} {unit}: only the product, {state:?}"));
        }
    }
    let all: Vec<_> = ours.iter().collect();
    let mut compare = |id: &str, expected: (u64, u64, u64)| {
        let m = verdicts.metric(id);
        if (m.numerator, m.denominator, m.unknown) != expected {
            out.push(format!("{id}: oracle {expected:?}, product {} {} {}", m.numerator, m.denominator, m.unknown));
        }
    };
    compare("backup_success_rate", rate(&all));
    compare("restore_test_success_rate", oracle.restores());
    if case.exceptions.is_some() {
        compare("backup_policy_exceptions", (oracle.in_effect(), 1, 0));
    }
    out
}

fn equal(draft: &Draft) -> Result<(), String> {
    let differences = differences(&draft.world());
    if differences.is_empty() { Ok(()) } else { Err(differences.join("\n")) }
}

#[test]
fn the_product_agrees_with_the_oracle() {
    for_worlds(1, equal);
}

/// All that must stay the same whatever the order in which evidence came.
fn said(fixture: &Fixture) -> String {
    let verdicts = fixture.judge();
    let assessment = &verdicts.judged.assessment;
    format!("{:#?}\n{:#?}\n{:?}", assessment.results, assessment.metrics, verdicts.outcomes())
}

fn order_is_nothing(draft: &Draft) -> Result<(), String> {
    let plain = product::fixture(&draft.world());
    let mut other = plain.clone();
    other.rows.extend(plain.rows.iter().cloned());
    other.rows.reverse();
    other.collections.extend(plain.collections.iter().cloned());
    other.collections.reverse();
    let (once, twice) = (said(&plain), said(&other));
    let changed = once.lines().zip(twice.lines()).find(|(a, b)| a != b);
    changed.map_or(Ok(()), |(a, b)| Err(format!("{a}\nbecame\n{b}")))
}

#[test]
fn order_and_collecting_twice_change_nothing() {
    for_worlds(10, order_is_nothing);
}

/// Passes by check and unit.
fn passes(case: &Case) -> (BTreeSet<(String, String)>, Verdicts) {
    let verdicts = product::judge(case);
    let passed = states(&verdicts).into_iter().filter(|(_, (state, _))| *state == State::Pass);
    (passed.map(|(key, _)| key).collect(), verdicts)
}

/// What speaks for a success is taken away: successful runs, points, statements of coverage. Evidence of a failure is no
/// part of this: without it there may be nothing against a pass. Nor are the points before and after what is looked at:
/// the gaps to them are measured "where known", so by rule the gap ends at the period's edge without them.
fn silence_is_no_pass(draft: &Draft) -> Result<(), String> {
    let mut case = draft.world();
    // A share of slots may be unknown by rule: a miss that is no longer proven is then forgiven.
    case.settings.unknown_percent = 0;
    let (before, _) = passes(&case);
    let oracle = Oracle::of(&case);
    let thinned = |keep: &dyn Fn(usize) -> bool| {
        let mut less = case.clone();
        let mut n = 0;
        let mut next = |removable: bool| {
            n += 1;
            !removable || keep(n)
        };
        let (start, until) = (oracle.start, oracle.until);
        less.runs.retain(|r| {
            let taken = r.taken.unwrap_or(r.started);
            next(r.status == RunStatus::Success && (start..until).contains(&taken))
        });
        less.points.retain(|p| {
            let is_sound = p.complete && p.bytes > 0 && p.integrity != Some(Integrity::Fail);
            next(is_sound && (start..until).contains(&p.taken))
        });
        // That a source could not be read whole speaks against a pass.
        less.covers.retain(|c| next(c.read_whole));
        less
    };
    for less in [thinned(&|n| n % 2 == 0), thinned(&|n| n % 3 == 0), thinned(&|_| false)] {
        let (after, _) = passes(&less);
        let judged = |key: &&(String, String)| ["FRQ-01", "FRQ-02", "RET-01", "RET-02"].contains(&key.0.as_str());
        if let Some(new) = after.difference(&before).find(judged) {
            return Err(format!("{new:?} passes with less evidence"));
        }
    }
    Ok(())
}

#[test]
fn removing_evidence_creates_no_pass() {
    for_worlds(20, silence_is_no_pass);
}

fn waivers_change_no_state(draft: &Draft) -> Result<(), String> {
    let with = draft.world();
    let mut without = with.clone();
    without.exceptions = Some(Vec::new());
    let ((passed, verdicts), (before, plain)) = (passes(&with), passes(&without));
    // EXC and MET speak of the register itself.
    let judged = |key: &&(String, String)| !key.0.starts_with("EXC") && !key.0.starts_with("MET");
    if let Some(new) = passed.difference(&before).find(judged) {
        return Err(format!("{new:?} passes by an exception"));
    }
    if let Some((key, _)) = states(&verdicts).iter().find(|(_, (state, waived))| *waived && *state != State::Fail) {
        return Err(format!("{key:?} is waived and is no fail"));
    }
    for id in ["backup_success_rate", "restore_test_success_rate"] {
        let of = |v: &Verdicts| (v.metric(id).numerator, v.metric(id).denominator, v.metric(id).unknown);
        if of(&verdicts) != of(&plain) {
            return Err(format!("{id} is changed by an exception"));
        }
    }
    Ok(())
}

#[test]
fn no_waiver_creates_a_pass() {
    for_worlds(10, waivers_change_no_state);
}

/// Schedules that go by real hours.
const EVERY_HOUR: [&str; 5] = ["0 * * * *", "*/15 * * * *", "40 0-23 * * *", "5,50 */1 * * 0", "30 * 28-31 * *"];

#[test]
fn periods_and_schedules_at_every_edge_of_ten_zones() {
    for zone in ZONES {
        for year in 2023..2029 {
            for month in 1..=12 {
                let first = NaiveDate::from_ymd_opt(year, month, 1).unwrap();
                let quarter = (month % 3 == 1).then(|| (format!("{year}-Q{}", month / 3 + 1), 3));
                for (label, months) in [Some((format!("{year}-{month:02}"), 1)), quarter].into_iter().flatten() {
                    let period = Period::parse(&label, zone).unwrap();
                    let ends = [first, first + Months::new(months)].map(|d| clock::reached(zone, clock::midnight(d)));
                    assert_eq!([period.start().timestamp(), period.end().timestamp()], ends, "{label} {zone}");
                }
            }
        }
        let mut days = clock::changes(zone);
        days.extend(
            [(2024, 2, 28), (2025, 2, 28), (2026, 12, 31)].map(|(y, m, d)| NaiveDate::from_ymd_opt(y, m, d).unwrap()),
        );
        for day in days {
            let (from, to) = (clock::midnight(day) - 2 * DAY, clock::midnight(day) + 3 * DAY);
            for text in SCHEDULES
                .into_iter()
                .chain(["*/15 4-23 * * *", "0 1-3/2 * * *", "30 2 * * 0", "0 0 1 1,3,4 *"])
                .chain(EVERY_HOUR)
            {
                let schedule: Schedule = text.parse().unwrap();
                let due = schedule.due(zone, product::instant(from), product::instant(to));
                let due: Vec<_> = due.into_iter().map(|d| d.timestamp()).collect();
                let walked = clock::due(&When::Cron(text.to_owned()), zone, from, to);
                assert_eq!(due, walked[..], "{text} {zone} {day}");
            }
        }
    }
}

#[test]
#[ignore = "for hunts: counts the kinds of difference instead of shrinking the first"]
fn survey() {
    use proptest::strategy::ValueTree;
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let mut kinds: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for _ in 0..setting("BACKPROOF_ORACLE_CASES", 1_000) {
        let draft = worlds().new_tree(&mut runner).unwrap().current();
        for line in differences(&draft.world()) {
            let kind: String = line.split(", reasons").next().unwrap_or_default().chars().take(46).collect();
            let entry = kinds.entry(kind).or_insert((0, line));
            entry.0 += 1;
        }
    }
    for (kind, (n, line)) in kinds {
        println!("{n:5} {kind}\n      {line}");
    }
}
