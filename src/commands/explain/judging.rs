//! Sheets of what judges: checks, their groups, metrics, conventions and reason codes.

use model::controls::{Check, Group, Metric};
use serde_json::{Value, json};

use super::find::Library;
use super::policy::{parameter_entries, statement_entries};
use super::sheet::{Entry, Sheet};
use super::standards::{control_entries, evidence_entries, filled_by};

/// True where this version judges by the check. EXC-05 runs after the others, outside the list of rules.
pub fn is_evaluated(id: &str) -> bool {
    id == "EXC-05" || transform::checks::RULES.iter().any(|(rule, _)| *rule == id)
}

/// Metrics that `assess` computes.
const COMPUTED: &str = "monthly report and `backproof assess`";

/// A check.
pub fn check(library: &Library<'_>, check: &Check) -> Sheet {
    let group = library.controls.groups.iter().find(|g| g.id == check.group).map(|g| g.name.as_str());
    let mut tables: Vec<&str> = check.inputs.iter().filter_map(|i| Some(i.split_once('.')?.0)).collect();
    tables.sort_unstable();
    tables.dedup();
    let examples = check.examples.iter().map(|e| Entry {
        head: e.given.clone(),
        text: format!("-> {}", e.expect),
        json: json!({"given": e.given, "expect": e.expect}),
    });
    let metrics: Vec<&str> =
        library.controls.metrics.iter().filter(|m| m.check == check.id).map(|m| m.id.as_str()).collect();
    let evaluated = is_evaluated(&check.id);
    let sheet = Sheet::new("check", &check.id, &check.title)
        .fact("group", format!("{}, {}", check.group, group.unwrap_or_default()))
        .fact("severity", check.severity.as_str())
        .fact("automation", check.automation.as_str())
        .fact("basis", check.basis.as_str())
        .fact("one_result_per", check.unit.as_str())
        .fact("evaluated", evaluated)
        .fact("metrics", json!(metrics))
        .text("population", &check.population)
        .text("rule", &check.rule)
        .text("pass", &check.pass)
        .text("fail", &check.fail)
        .text("not_applicable", &check.not_applicable)
        .text("no_evidence", &check.no_evidence);
    let sheet = if evaluated {
        sheet
    } else {
        sheet.text(
            "not_yet",
            "This version does not evaluate the check: no report holds a result of it, not even a pass.",
        )
    };
    sheet
        .entries("reads", check.inputs.iter().map(|i| input(library, i)).collect())
        .entries("filled_by", filled_by(library, &tables))
        .entries("parameters", parameter_entries(library, &check.parameters))
        .entries("evidence", evidence_entries(library, |e| e.tables.iter().any(|t| tables.contains(&t.as_str()))))
        .entries("statements", statement_entries(library, |s| check.statements.contains(&s.id)))
        .entries("controls", control_entries(library, &check.controls))
        .lines("edge_cases", &check.edge_cases)
        .entries("examples", examples.collect())
        .text("remediation", &check.remediation)
}

/// A `table.field` with its meaning.
fn input(library: &Library<'_>, input: &str) -> Entry {
    let meaning = input
        .split_once('.')
        .and_then(|(table, field)| library.controls.table(table)?.fields.iter().find(|f| f.name == field))
        .map(|f| f.meaning.clone())
        .unwrap_or_default();
    Entry { head: input.to_owned(), json: json!({"field": input, "meaning": meaning}), text: meaning }
}

/// Checks as a list.
pub fn check_entries(library: &Library<'_>, wanted: impl Fn(&Check) -> bool) -> Vec<Entry> {
    let all = library.controls.checks.iter().filter(|c| wanted(c));
    all.map(|c| {
        let evaluated = is_evaluated(&c.id);
        let remark = if evaluated { "" } else { "; not evaluated yet" };
        Entry {
            head: c.id.clone(),
            text: format!("{} ({}{remark})", c.title, c.severity),
            json: json!({"id": c.id, "title": c.title, "severity": c.severity, "evaluated": evaluated}),
        }
    })
    .collect()
}

/// A group of checks.
pub fn group(library: &Library<'_>, group: &Group) -> Sheet {
    Sheet::new("group", &group.id, &group.name).entries("checks", check_entries(library, |c| c.group == group.id))
}

/// A metric.
pub fn metric(library: &Library<'_>, metric: &Metric) -> Sheet {
    let examples = metric.examples.iter().map(|e| Entry {
        head: e.given.clone(),
        text: format!(
            "-> {} of {}, {} unknown: {}, between {} and {}",
            e.numerator, e.denominator, e.unknown, e.value, e.lowest, e.highest
        ),
        json: json!(e),
    });
    Sheet::new("metric", &metric.id, &metric.title)
        .fact("frequency", metric.frequency.as_str())
        .fact("issued_by", metric.owner_role.as_str())
        .fact("unit", metric.unit.as_str())
        .fact("found_in", COMPUTED)
        .text("population", &metric.population)
        .text("numerator", &metric.numerator)
        .text("denominator", &metric.denominator)
        .text("excluded", &metric.excluded)
        .text("undefined", &metric.undefined)
        .lines("breakdown", &metric.breakdown)
        .entries("statements", statement_entries(library, |s| s.id == metric.statement))
        .entries("checks", check_entries(library, |c| c.id == metric.check))
        .entries("examples", examples.collect())
}

/// A convention that binds every check.
pub fn convention(name: &str, text: &str) -> Sheet {
    Sheet::new("convention", name, "A meaning that binds every check").text("meaning", text)
}

/// A reason code.
pub fn reason(code: &str, text: &str) -> Sheet {
    Sheet::new("reason", code, "A reason code of results")
        .fact("found_in", Value::from("`reasons` of a result"))
        .text("meaning", text)
}
