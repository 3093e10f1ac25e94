//! Checks that a workspace adds: queries over the tables of a period (polars SQL), judged like ours.
//!
//! A query sees the tables it names, with the columns of `controls/model.toml` and `row_id`, `system_id`, `evidence`
//! and `pointer`, as `show` prints them; `slots`, `closure` and `period` (`start`, `end`, `as_of`) beside them. Instants
//! are timestamps in UTC, lists are texts joined by `; `. A register that was not given makes the check `no_evidence`,
//! as does a query without any row: nothing looked at is never a pass.
//!
//! It gives a row a result or several of one unit, with the columns `unit` and `state`, and where wanted `reason`,
//! `detail`, `record` (the `row_id` it rests on) and `system` (whom it concerns: a waiver binds there).

use std::collections::BTreeMap;

use model::assessment::State;
use model::controls::{Controls, OwnCheck};
use model::time::{Period, instant};
use polars::prelude::*;
use polars::sql::SQLContext;
use serde_json::{Map, Value, json};

use crate::Error;
use crate::assess::{Basis, Judged};
use crate::checks::{ORGANIZATION, no_register};
use crate::judgement::Judgement;
use crate::show;

/// Tables whose rows are those of a population of `show`.
const SHOWN: [(&str, &str); 10] = [
    ("backup_runs", "runs"),
    ("recovery_points", "recovery-points"),
    ("restore_tests", "restore-tests"),
    ("systems", "systems"),
    ("backup_plans", "plans"),
    ("sources", "sources"),
    ("exceptions", "waivers"),
    ("discovered_assets", "assets"),
    ("slots", "slots"),
    ("closure", "closure"),
];

/// What one check of the workspace says.
///
/// # Errors
/// [`Error::OwnCheck`] with its file: a query that polars refuses, a table that is not to be had, or an answer without
/// `unit` or with a `state` that is none.
pub fn judge(check: &OwnCheck, basis: &Basis<'_>, judged: &Judged, period: &Period) -> Result<Vec<Judgement>, Error> {
    let refuse = |message: String| Error::OwnCheck { file: check.file.clone(), message };
    let mut context = SQLContext::new();
    for table in &check.tables {
        let Some(rows) = rows(table, basis, judged, period)? else {
            return Ok(vec![no_register(ORGANIZATION, table)]);
        };
        let frame = frame(table, basis.input.controls, &rows).map_err(|e| refuse(e.to_string()))?;
        context.register(table, frame.lazy());
    }
    let answer = context.execute(&check.query).and_then(LazyFrame::collect).map_err(|e| refuse(e.to_string()))?;
    let found = Answer::read(&answer).map_err(refuse)?;
    if found.is_empty() {
        let text = format!("The query of {} found no row to judge.", check.file);
        return Ok(vec![Judgement::no_evidence(ORGANIZATION, "no_row", text)]);
    }
    Ok(found.into_iter().map(|(unit, answer)| answer.judgement(&unit)).collect())
}

/// Rows of a table; `None` for a register that was not given.
fn rows(
    table: &str,
    basis: &Basis<'_>,
    judged: &Judged,
    period: &Period,
) -> Result<Option<Vec<Map<String, Value>>>, Error> {
    if table == "period" {
        let row = json!({
            "start": show::time(Some(period.start())),
            "end": show::time(Some(period.end())),
            "as_of": show::time(Some(basis.input.as_of)),
        });
        return Ok(Some(row.as_object().cloned().into_iter().collect()));
    }
    if let Some((_, shown)) = SHOWN.iter().find(|(name, _)| *name == table) {
        return show::rows(shown, basis, judged, period);
    }
    let registers = &basis.registers;
    let mut out: Option<Vec<_>> = registers.rows_of(table).map(|rows| {
        rows.into_iter().map(|(row, declared_in)| show::register(table, declared_in, &row, declared_in)).collect()
    });
    // What sources saw stands beside what people registered.
    let seen = match table {
        "storage_locations" if !basis.tables.storage.is_empty() => show::rows("storage", basis, judged, period)?,
        "incidents" if basis.incidents.is_some() => {
            out = None;
            show::rows("incidents", basis, judged, period)?
        }
        _ => None,
    };
    if let Some(seen) = seen {
        out.get_or_insert_default().extend(seen);
    }
    Ok(out)
}

/// Rows as a frame whose columns have the types of the data model, or those of the values.
fn frame(table: &str, controls: &Controls, rows: &[Map<String, Value>]) -> PolarsResult<DataFrame> {
    let schema = controls.table(table);
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    for name in rows.iter().flat_map(Map::keys) {
        kinds.entry(name).or_insert("");
    }
    for field in schema.iter().flat_map(|t| &t.fields) {
        kinds.insert(&field.name, &field.kind);
    }
    for name in ["row_id", "system_id", "evidence", "pointer"] {
        kinds.entry(name).or_insert("text");
    }
    let columns = kinds.into_iter().map(|(name, kind)| {
        let values: Vec<&Value> = rows.iter().map(|r| r.get(name).unwrap_or(&Value::Null)).collect();
        column(name, if kind.is_empty() { inferred(&values) } else { kind }, &values)
    });
    let columns = columns.collect::<PolarsResult<Vec<_>>>()?;
    DataFrame::new(rows.len(), columns)
}

/// Type of a column that the data model does not know.
fn inferred(values: &[&Value]) -> &'static str {
    let mut given = values.iter().filter(|v| !v.is_null()).peekable();
    if given.peek().is_none() {
        return "text";
    }
    let is_time = |v: &Value| v.as_str().is_some_and(|t| t.len() == 20 && instant(t, None).is_ok());
    if given.clone().all(|v| v.is_boolean()) {
        "bool"
    } else if given.clone().all(|v| v.is_i64() || v.is_u64()) {
        "integer"
    } else if given.clone().all(|v| v.is_number()) {
        "number"
    } else if given.all(|v| is_time(v)) {
        "instant"
    } else {
        "text"
    }
}

fn column(name: &str, kind: &str, values: &[&Value]) -> PolarsResult<Column> {
    let name = PlSmallStr::from(name);
    Ok(match kind {
        "bool" => Column::new(name, values.iter().map(|v| v.as_bool()).collect::<Vec<_>>()),
        "integer" => Column::new(name, values.iter().map(|v| v.as_i64()).collect::<Vec<_>>()),
        "number" => Column::new(name, values.iter().map(|v| v.as_f64()).collect::<Vec<_>>()),
        "instant" => {
            let micros = |v: &&Value| instant(v.as_str()?, None).ok().map(|t| t.timestamp_micros());
            Column::new(name, values.iter().map(micros).collect::<Vec<_>>())
                .cast(&DataType::Datetime(TimeUnit::Microseconds, None))?
        }
        _ => Column::new(name, values.iter().map(|v| text(v)).collect::<Vec<_>>()),
    })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(text).collect::<Vec<_>>().join("; ")),
        other => Some(other.to_string()),
    }
}

/// What a query says of one unit.
#[derive(Debug, Default)]
struct Answer {
    states: Vec<State>,
    reasons: Vec<String>,
    details: Vec<String>,
    records: Vec<String>,
    systems: Vec<String>,
}

impl Answer {
    /// The rows of an answer by unit.
    fn read(frame: &DataFrame) -> Result<BTreeMap<String, Self>, String> {
        let texts = |name: &str| -> Result<Option<Vec<Option<String>>>, String> {
            let Ok(column) = frame.column(name) else { return Ok(None) };
            let column = column.cast(&DataType::String).map_err(|e| format!("column {name}: {e}"))?;
            let words = column.str().map_err(|e| format!("column {name}: {e}"))?;
            Ok(Some(words.iter().map(|w| w.map(str::to_owned)).collect()))
        };
        let needed = |name: &str| -> Result<Vec<Option<String>>, String> {
            texts(name)?.ok_or_else(|| {
                let has = frame.get_column_names().iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", ");
                format!("its answer has no column \"{name}\" (it has {has})")
            })
        };
        let (units, states) = (needed("unit")?, needed("state")?);
        let (reasons, details) = (texts("reason")?, texts("detail")?);
        let (records, systems) = (texts("record")?, texts("system")?);
        let mut out: BTreeMap<String, Self> = BTreeMap::new();
        for (n, (unit, state)) in units.into_iter().zip(states).enumerate() {
            let unit = unit.filter(|u| !u.is_empty()).ok_or_else(|| format!("row {} has no unit", n + 1))?;
            let state = state.unwrap_or_default();
            let Ok(word) = state.parse() else {
                let known = "pass, fail, not_applicable or no_evidence";
                return Err(format!("the state of {unit} is \"{state}\", which is none: {known}"));
            };
            let answer = out.entry(unit).or_default();
            answer.states.push(word);
            let add = |to: &mut Vec<String>, from: &Option<Vec<Option<String>>>| {
                let word = from.as_ref().and_then(|words| words.get(n)).and_then(Clone::clone);
                to.extend(word.filter(|w| !w.is_empty() && !to.contains(w)));
            };
            add(&mut answer.reasons, &reasons);
            add(&mut answer.details, &details);
            add(&mut answer.records, &records);
            add(&mut answer.systems, &systems);
        }
        Ok(out)
    }

    /// One result: of several rows the worst state counts.
    fn judgement(self, unit: &str) -> Judgement {
        let has = |state| self.states.contains(&state);
        let detail = match self.details.as_slice() {
            [] => format!("The query says so (rows: {}).", self.states.len()),
            details => details.iter().take(3).cloned().collect::<Vec<_>>().join(" "),
        };
        let reason = |default: &str| self.reasons.first().cloned().unwrap_or_else(|| default.to_owned());
        let mut out = if has(State::Fail) {
            Judgement::fail(unit, &reason("query"), detail)
        } else if has(State::NoEvidence) {
            Judgement::no_evidence(unit, &reason("query"), detail)
        } else if has(State::Pass) {
            Judgement::pass(unit, detail)
        } else {
            Judgement::not_applicable(unit, &reason("query"), detail)
        };
        for more in self.reasons.iter().skip(1) {
            out = out.reason(more);
        }
        for system in &self.systems {
            out = out.about(system);
        }
        out.rests_on(self.records)
    }
}

#[cfg(test)]
mod tests {
    use model::fault::{Faults, File};
    use model::policy::Policy;
    use model::rows::RunStatus;

    use super::*;
    use crate::testing::{Fixture, Verdicts, plain};

    const HEAD: &str = "-- id: OWN-01\n-- title: Runs of the database store enough\n-- severity: high\n";

    fn fixture(query: &str) -> (Fixture, Faults) {
        let mut f = Fixture::new("2026-10");
        f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
        f.run("db", "2026-10-02T02:00:00Z", RunStatus::Success, |r| r.bytes = Some(10));
        f.run("db", "2026-10-03T02:00:00Z", RunStatus::Success, |r| r.bytes = Some(5_000));
        let mut faults = Faults::default();
        let text = format!("{HEAD}{query}");
        let file = File { name: "checks/size.sql", text: &text };
        f.controls.add_checks(&[file], &Policy::embedded().unwrap(), &mut faults);
        (f, faults)
    }

    fn judged(query: &str) -> Verdicts {
        let (f, faults) = fixture(query);
        assert!(faults.is_empty(), "{faults}");
        f.judge()
    }

    fn refused(query: &str) -> String {
        let (f, faults) = fixture(query);
        assert!(faults.is_empty(), "{faults}");
        f.with_basis(|basis| basis.judge(f.period).err().map_or_else(String::new, |e| e.to_string()))
    }

    #[test]
    fn a_query_judges_with_states_reasons_lineage_and_whom_it_concerns() {
        let verdicts = judged(
            "SELECT run_id AS unit, CASE WHEN bytes < 1000 THEN 'fail' ELSE 'pass' END AS state, 'too_small' AS reason,\n\
             'It stored ' || CAST(bytes AS VARCHAR) || ' bytes.' AS detail, row_id AS record, system_id AS system\n\
             FROM backup_runs WHERE started_at > '2026-10-01'",
        );
        let small = verdicts.is("OWN-01", "db/2026-10-02T02:00:00Z", State::Fail);
        assert_eq!(small.detail, "It stored 10 bytes.");
        assert_eq!(small.reasons, ["too_small"]);
        assert_eq!(small.records.len(), 1);
        assert!(small.records[0].contains("db/2026-10-02"), "{:?}", small.records);
        verdicts.is("OWN-01", "db/2026-10-03T02:00:00Z", State::Pass);
    }

    #[test]
    fn of_several_rows_of_a_unit_the_worst_counts() {
        let verdicts = judged(
            "SELECT system_id AS unit, CASE WHEN bytes < 1000 THEN 'no_evidence' ELSE 'pass' END AS state FROM backup_runs",
        );
        verdicts.is("OWN-01", "db", State::NoEvidence);
    }

    #[test]
    fn nothing_looked_at_is_no_pass() {
        let none = judged("SELECT run_id AS unit, 'pass' AS state FROM backup_runs WHERE bytes > 1000000");
        none.is("OWN-01", "organization", State::NoEvidence);
        let register = judged("SELECT key_id AS unit, 'pass' AS state FROM keys");
        assert_eq!(register.is("OWN-01", "organization", State::NoEvidence).reasons, ["register_not_given"]);
    }

    #[test]
    fn a_bad_query_is_an_error_that_names_it() {
        let no_column = refused("SELECT bites AS unit, 'pass' AS state FROM backup_runs");
        assert!(no_column.contains("checks/size.sql") && no_column.contains("bites"), "{no_column}");
        let no_state = refused("SELECT run_id AS unit, 'good' AS state FROM backup_runs");
        assert!(no_state.contains("\"good\""), "{no_state}");
        assert!(refused("SELECT run_id AS unit FROM backup_runs").contains("no column \"state\""));
        assert!(refused("SELECT 1 AS unit, 'pass' AS state FROM nowhere").contains("nowhere"));
        assert!(refused("SELECT run_id AS unit, 'pass' AS state FROM").contains("checks/size.sql"));
    }
}
