//! The figures of a period: metrics with their parts, expected runs by outcome, results by check and state.

use std::collections::BTreeMap;

use model::assessment::{Metric, Part};
use model::lineage::Figure;

use super::{COUNTED, EXCEPTIONS, FAIL_WAIVED, INCIDENTS, RESULTS, SLOTS, TESTS, WAIVED_SLOTS, role, word};
use crate::assess::Judged;
use crate::world::World;

/// Outcomes of expected runs.
const OUTCOMES: [(&str, &str); 8] = [
    ("success", "Expected runs that succeeded in time."),
    ("late_success", "Expected runs that succeeded after their deadline and before the next."),
    ("failed", "Expected runs that failed."),
    ("missed", "Expected runs without any attempt where a complete source covers their time."),
    ("overrun", "Expected runs that had not ended by their deadline."),
    ("unknown", "Expected runs of which nobody can tell, for lack of evidence."),
    ("running", "Expected runs whose deadline had not come."),
    ("cancelled", "Expected runs of plans that ended before their deadline."),
];
/// Roles of expected runs in the denominator of the success rate; the first two are its numerator.
const COUNTED_OUTCOMES: [&str; 5] = ["success", "late_success", "failed", "missed", "overrun"];

/// Every figure, sorted by population, then in the order of reports.
#[must_use]
pub fn figures(world: &World<'_>, judged: &Judged) -> Vec<Figure> {
    let mut out = Vec::new();
    for metric in &judged.assessment.metrics {
        let definition = world.controls.metric(&metric.id);
        let said = |part: &str| match (definition, part) {
            (Some(d), "numerator") => d.numerator.trim().to_owned(),
            (Some(d), "denominator") => d.denominator.trim().to_owned(),
            (Some(d), "unknown") => format!("{}: left out for lack of evidence.", d.title),
            _ => String::new(),
        };
        match metric.id.as_str() {
            "backup_success_rate" => {
                let roles = [&COUNTED_OUTCOMES[..2], &COUNTED_OUTCOMES[..], &["unknown"]];
                rate(metric, SLOTS, roles, &said, &mut out);
                out.push(Figure {
                    value: metric.waived,
                    ..figure(
                        &format!("{}/waived", metric.id),
                        WAIVED_SLOTS,
                        &["waived"],
                        "Failed, missed or overrun runs under an effective exception; they count as failures.",
                    )
                });
            }
            "restore_test_success_rate" => {
                rate(metric, TESTS, [&["success"], &["success", "not_success"], &[]], &said, &mut out);
            }
            // A count whose register is not given has no value.
            id if metric.value.is_some() => {
                let [all, by_system] = if id == INCIDENTS[0] { INCIDENTS } else { EXCEPTIONS };
                let name = format!("{id}/count");
                out.push(Figure { value: metric.numerator, ..figure(&name, all, &[COUNTED], &said("numerator")) });
                for part in &metric.by.system {
                    out.push(narrowed(
                        &name,
                        by_system,
                        &[COUNTED],
                        "system_id",
                        part.numerator,
                        part,
                        &said("numerator"),
                    ));
                }
            }
            _ => {}
        }
    }
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    for slot in world.slots {
        *outcomes.entry(word(slot.outcome)).or_default() += 1;
    }
    for (outcome, definition) in OUTCOMES {
        let value = outcomes.get(outcome).copied().unwrap_or(0);
        out.push(Figure { value, ..figure(&format!("slots/{outcome}"), SLOTS, &[outcome], definition) });
    }
    out.extend(results(judged));
    out
}

fn figure(id: &str, population: &str, roles: &[&'static str], definition: &str) -> Figure {
    Figure {
        figure_id: id.to_owned(),
        value: 0,
        population: population.to_owned(),
        roles: roles.to_vec(),
        by: "",
        key: String::new(),
        definition: definition.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// A part of the figure `of`.
fn narrowed(
    of: &str,
    population: &str,
    roles: &[&'static str],
    by: &'static str,
    value: u64,
    part: &Part,
    definition: &str,
) -> Figure {
    let id = format!("{of}/{}/{}", by.trim_end_matches("_id"), part.key);
    Figure { value, by, key: part.key.clone(), ..figure(&id, population, roles, definition) }
}

/// Numerator, denominator and unknown of a rate, in all and by tier, system and platform.
fn rate(
    metric: &Metric,
    population: &str,
    roles: [&[&'static str]; 3],
    said: &dyn Fn(&str) -> String,
    out: &mut Vec<Figure>,
) {
    let [good, counted, unknown] = roles;
    type Of = fn(&Part) -> u64;
    let parts: [(&str, &[&'static str], u64, Of); 3] = [
        ("numerator", good, metric.numerator, |p| p.numerator),
        ("denominator", counted, metric.denominator, |p| p.denominator),
        ("unknown", unknown, metric.unknown, |p| p.unknown),
    ];
    for (name, roles, value, of) in parts.into_iter().filter(|(_, roles, ..)| !roles.is_empty()) {
        let (id, definition) = (format!("{}/{name}", metric.id), said(name));
        out.push(Figure { value, ..figure(&id, population, roles, &definition) });
        for (by, list) in
            [("tier", &metric.by.tier), ("system_id", &metric.by.system), ("platform", &metric.by.platform)]
        {
            out.extend(list.iter().map(|p| narrowed(&id, population, roles, by, of(p), p, &definition)));
        }
    }
}

/// Results by state, in all and by check.
fn results(judged: &Judged) -> Vec<Figure> {
    const STATES: [(&str, &[&str], &str); 6] = [
        ("pass", &["pass"], "Results of checks that were evaluated and hold."),
        ("fail", &["fail", FAIL_WAIVED], "Results that do not hold, those under a waiver included."),
        ("unwaived", &["fail"], "Results that do not hold, without an effective exception."),
        ("waived", &[FAIL_WAIVED], "Results that do not hold, under an effective exception."),
        ("not_applicable", &["not_applicable"], "Results with nothing to judge, for a stated reason."),
        ("no_evidence", &["no_evidence"], "Results that could not be evaluated for lack of evidence."),
    ];
    let mut all: BTreeMap<&str, u64> = BTreeMap::new();
    let mut by_check: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for result in &judged.assessment.results {
        *all.entry(role(result)).or_default() += 1;
        *by_check.entry(&result.check).or_default().entry(role(result)).or_default() += 1;
    }
    let sum = |counts: &BTreeMap<&str, u64>, roles: &[&str]| roles.iter().filter_map(|r| counts.get(r)).sum::<u64>();
    let total = STATES.iter().map(|(state, roles, definition)| Figure {
        value: sum(&all, roles),
        ..figure(&format!("results/{state}"), RESULTS, roles, definition)
    });
    let each = by_check.iter().flat_map(|(check, counts)| {
        STATES.iter().map(move |(state, roles, definition)| Figure {
            value: sum(counts, roles),
            by: "check",
            key: (*check).to_owned(),
            ..figure(&format!("results/{check}/{state}"), RESULTS, roles, definition)
        })
    });
    total.chain(each).collect()
}
