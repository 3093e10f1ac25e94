//! What is otherwise than in the period before: scope, plans, settings seen on platforms, exceptions, results.
//!
//! Each period is looked at as it ended (or as it stands at `as_of`). A row is one field of one thing with its value
//! before and after; a thing that came or went has one row, with nothing on one side.

use std::collections::{BTreeMap, BTreeSet};

use model::assessment::State;
use model::rows::ObservedPlan;
use model::time::{Instant, Period};
use serde_json::{Map, Value, json};

use crate::Error;
use crate::assess::{Basis, Judged};
use crate::checks::last_moment;
use crate::rollup::Rollup;
use crate::show;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// `scope`, `plan`, `platform_plan`, `storage`, `exception` or `result`.
    pub kind: &'static str,
    /// Id of the system, plan, location or exception; of a result the check and whom it concerns.
    pub subject: String,
    /// The field that changed; for a thing that came or went `present`, or `state` of a result.
    pub field: String,
    /// Value at the end of the period before.
    pub before: String,
    /// Value at the end of this period.
    pub after: String,
}

/// Things of one kind by id, each with its fields.
type Things = BTreeMap<String, Map<String, Value>>;

/// Fields that say where and when a row was read, and are no settings.
const READING: [&str; 10] = [
    "row_id",
    "observed_at",
    "evidence",
    "pointer",
    "source_id",
    "version",
    "effective_from",
    "effective_to",
    "approved_at",
    "resource",
];

/// What changed from the period before `period` to `period`, sorted.
///
/// # Errors
/// Those of polars, from judging the period before.
pub fn changes(basis: &Basis<'_>, judged: &Judged, period: &Period) -> Result<Vec<Change>, Error> {
    let earlier = period.previous();
    let before_judged = basis.judge(earlier)?;
    let end = |p: &Period| last_moment(p.end().min(basis.input.as_of));
    let (then, now) = (end(&earlier), end(period));
    let mut out = Vec::new();
    compare("scope", &scope(basis, then), &scope(basis, now), &mut out);
    compare("plan", &plans(basis, then), &plans(basis, now), &mut out);
    compare("platform_plan", &platform_plans(basis, then), &platform_plans(basis, now), &mut out);
    compare("storage", &storage(basis, then), &storage(basis, now), &mut out);
    compare("exception", &exceptions(basis, then), &exceptions(basis, now), &mut out);
    compare_results(&results(&before_judged), &results(judged), &mut out);
    out.sort();
    Ok(out)
}

fn compare(kind: &'static str, before: &Things, after: &Things, out: &mut Vec<Change>) {
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for id in ids {
        let mut change = |field: &str, before: String, after: String| {
            out.push(Change { kind, subject: id.clone(), field: field.to_owned(), before, after });
        };
        match (before.get(id), after.get(id)) {
            (Some(_), None) => change("present", "yes".to_owned(), String::new()),
            (None, Some(_)) => change("present", String::new(), "yes".to_owned()),
            (Some(old), Some(new)) => {
                for (field, value) in new.iter().filter(|(field, _)| !READING.contains(&field.as_str())) {
                    let was = old.get(field).unwrap_or(&Value::Null);
                    if was != value {
                        change(field, words(was), words(value));
                    }
                }
            }
            (None, None) => {}
        }
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "not known".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Systems in scope and in service. The inventory says who is in scope today; when systems came and went it dates.
fn scope(basis: &Basis<'_>, at: Instant) -> Things {
    let systems = basis.input.inventory.systems.iter();
    systems
        .filter(|s| s.in_scope && s.onboarded_at <= at && s.retired_at.is_none_or(|gone| gone > at))
        .map(|s| (s.system_id.clone(), Map::new()))
        .collect()
}

/// The version of each plan in force.
fn plans(basis: &Basis<'_>, at: Instant) -> Things {
    let mut all: Vec<_> = basis.input.inventory.plans.iter().collect();
    all.sort_by_key(|p| p.version);
    all.into_iter()
        .filter(|p| p.effective_from <= at && p.effective_to.is_none_or(|to| to > at))
        .map(|p| (p.plan_id.clone(), show::plan(p)))
        .collect()
}

/// Plans as platforms showed them last.
fn platform_plans(basis: &Basis<'_>, at: Instant) -> Things {
    let mut newest: BTreeMap<String, &ObservedPlan> = BTreeMap::new();
    for plan in basis.tables.plans.iter().filter(|p| p.observed_at <= at) {
        let slot = newest.entry(plan.plan_id.clone()).or_insert(plan);
        if plan.observed_at > slot.observed_at {
            *slot = plan;
        }
    }
    let row = |p: &ObservedPlan| {
        fields(json!({
            "component": p.component,
            "schedule": p.schedule,
            "timezone": p.timezone,
            "retention_s": p.retention_s,
            "retention_count": p.retention_count,
            "enabled": p.enabled,
        }))
    };
    newest.into_iter().map(|(id, plan)| (id, row(plan))).collect()
}

/// Settings of storage as they were read last: encryption, retention, exposure, replication.
fn storage(basis: &Basis<'_>, at: Instant) -> Things {
    show::newest_locations(basis, at).into_iter().map(|s| (s.location_id.clone(), show::location(s))).collect()
}

/// Exceptions that were effective.
fn exceptions(basis: &Basis<'_>, at: Instant) -> Things {
    let effective = basis.waivers.iter().filter(|w| w.effective.is_some_and(|(from, to)| from <= at && at < to));
    effective
        .map(|w| {
            let e = &w.exception;
            let row =
                json!({"risk_level": e.risk_level, "expires_at": show::time(e.expires_at), "system_ids": e.system_ids});
            (e.exception_id.clone(), fields(row))
        })
        .collect()
}

/// One state a check and system: single units (runs, days) come and go every period.
fn results(judged: &Judged) -> BTreeMap<(&str, &str), State> {
    let mut by: BTreeMap<(&str, &str), Vec<_>> = BTreeMap::new();
    for (result, subject) in judged.assessment.results.iter().zip(&judged.subjects) {
        let whom = subject.systems.first().map_or("organization", String::as_str);
        by.entry((&result.check, whom)).or_default().push(result);
    }
    by.into_iter()
        .filter_map(|(id, results)| Some((id, Rollup::of(results).state?)))
        .filter(|(_, state)| *state != State::NotApplicable)
        .collect()
}

fn compare_results(
    before: &BTreeMap<(&str, &str), State>,
    after: &BTreeMap<(&str, &str), State>,
    out: &mut Vec<Change>,
) {
    let ids: BTreeSet<&(&str, &str)> = before.keys().chain(after.keys()).collect();
    for id in ids {
        let (old, new) = (before.get(id), after.get(id));
        if old != new {
            let word = |state: Option<&State>| state.map_or_else(String::new, ToString::to_string);
            let subject = format!("{} {}", id.0, id.1);
            out.push(Change {
                kind: "result",
                subject,
                field: "state".to_owned(),
                before: word(old),
                after: word(new),
            });
        }
    }
}

/// The changes as rows of `show drift`.
pub(crate) fn rows(changes: &[Change]) -> Vec<Map<String, Value>> {
    let row = |c: &Change| {
        fields(json!({
            "row_id": format!("drift/{}/{}/{}", c.kind, c.subject, c.field),
            "kind": c.kind,
            "subject": c.subject,
            "field": c.field,
            "before": c.before,
            "after": c.after,
        }))
    };
    changes.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, at, plain};

    #[test]
    fn what_came_went_and_changed_is_told_once() {
        let mut f = Fixture::new("2026-10");
        f.system("db", plain())
            .system("new", |s| s.onboarded_at = at("2026-10-10T00:00:00Z"))
            .system("old", |s| s.retired_at = Some(at("2026-10-05T00:00:00Z")))
            .plan("daily", "db", "0 2 * * *", |p| p.effective_to = Some(at("2026-10-12T00:00:00Z")))
            .plan("daily", "db", "0 4 * * *", |p| {
                p.version = 2;
                p.effective_from = at("2026-10-12T00:00:00Z");
                p.retention_s = Some(86_400);
            });
        f.with_basis(|basis| {
            let judged = basis.judge(f.period).unwrap();
            let all = changes(basis, &judged, &f.period).unwrap();
            let told: Vec<(&str, &str, &str, &str, &str)> = all
                .iter()
                .filter(|c| c.kind != "result")
                .map(|c| (c.kind, c.subject.as_str(), c.field.as_str(), c.before.as_str(), c.after.as_str()))
                .collect();
            assert_eq!(
                told,
                [
                    ("plan", "daily", "retention_s", "3024000", "86400"),
                    ("plan", "daily", "schedule", "0 2 * * *", "0 4 * * *"),
                    ("scope", "new", "present", "", "yes"),
                    ("scope", "old", "present", "yes", ""),
                ]
            );
            // The shorter retention breaks the policy from now on.
            assert!(all.iter().any(|c| c.subject == "RET-01 db" && c.before == "pass" && c.after == "fail"), "{all:?}");
        });
    }
}
