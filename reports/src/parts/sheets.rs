//! The workbook and CSV files: the report's figures and whole populations as typed values, for people who pivot.

use model::assessment::ratio;
use model::dossier::{Dossier, Population};
use model::time::instant;
use serde_json::Value as Json;

use crate::sheet::{ColumnKind, Sheet, SheetColumn, Value, Workbook};

/// The workbook of a dossier.
#[must_use]
pub fn workbook(d: &Dossier) -> Workbook {
    let mut sheets = vec![metrics(d), findings(d), results(d)];
    let large: Vec<&Population> = d.populations.iter().filter(|p| (p.rows.len() as u64) < p.total).collect();
    sheets.extend(d.populations.iter().filter(|p| !p.rows.is_empty()).map(population));
    sheets.push(about(d, &large));
    Workbook {
        title: format!("Backup and restore: {}", d.period_title),
        organization: d.assessment.organization.clone(),
        as_of: d.assessment.period.as_of,
        sheets,
    }
}

pub(crate) fn columns(list: &[(&str, ColumnKind)]) -> Vec<SheetColumn> {
    list.iter().map(|(title, kind)| SheetColumn { title: (*title).to_owned(), kind: *kind }).collect()
}

pub(crate) fn words(text: impl Into<String>) -> Value {
    let text = text.into();
    if text.is_empty() { Value::Empty } else { Value::Text(text) }
}

pub(crate) fn whole(n: u64) -> Value {
    i64::try_from(n).map_or(Value::Empty, Value::Integer)
}

fn metrics(d: &Dossier) -> Sheet {
    use ColumnKind::{Integer, Number, Percent, Text};
    let mut rows = Vec::new();
    for t in &d.trends {
        for p in &t.points {
            let share = if t.is_rate && p.has_value {
                ratio(p.numerator, p.denominator).map_or(Value::Empty, Value::Percent)
            } else {
                Value::Empty
            };
            let count = if !t.is_rate && p.has_value { Value::Number(p.numerator as f64) } else { Value::Empty };
            rows.push(vec![
                words(t.metric.clone()),
                words(p.label.clone()),
                share,
                count,
                // A count that is not known must not read as 0.
                if t.is_rate || p.has_value { whole(p.numerator) } else { Value::Empty },
                whole(p.denominator),
                whole(p.unknown),
                words(p.undefined.clone().unwrap_or_default()),
            ]);
        }
    }
    Sheet {
        name: "metrics".to_owned(),
        columns: columns(&[
            ("metric", Text),
            ("period", Text),
            ("rate", Percent),
            ("count", Number),
            ("numerator", Integer),
            ("denominator", Integer),
            ("unknown", Integer),
            ("undefined", Text),
        ]),
        rows,
    }
}

fn findings(d: &Dossier) -> Sheet {
    use ColumnKind::{Bool, Instant, Text};
    let rows = d
        .findings
        .iter()
        .map(|f| {
            vec![
                words(f.severity.to_string()),
                words(f.check.clone()),
                words(f.title.clone()),
                words(f.unit.clone()),
                words(f.unit_name.clone()),
                words(f.system.clone()),
                f.since.map_or(Value::Empty, Value::Instant),
                Value::Bool(f.waived),
                words(f.detail.clone()),
                words(f.remediation.clone()),
                words(f.owner.clone()),
                words(f.basis.clone()),
                words(f.statements.join("; ")),
                words(f.records.join("; ")),
            ]
        })
        .collect();
    Sheet {
        name: "findings".to_owned(),
        columns: columns(&[
            ("severity", Text),
            ("check", Text),
            ("title", Text),
            ("unit", Text),
            ("name", Text),
            ("system", Text),
            ("since", Instant),
            ("waived", Bool),
            ("found", Text),
            ("remediation", Text),
            ("owner", Text),
            ("basis", Text),
            ("statements", Text),
            ("records", Text),
        ]),
        rows,
    }
}

fn results(d: &Dossier) -> Sheet {
    use ColumnKind::{Bool, Text};
    let rows = d
        .assessment
        .results
        .iter()
        .map(|r| {
            vec![
                words(r.check.clone()),
                words(r.unit.clone()),
                words(r.state.to_string()),
                words(r.severity.to_string()),
                Value::Bool(r.waived),
                words(r.reasons.join("; ")),
                words(r.detail.clone()),
                words(
                    r.parameters
                        .iter()
                        .map(|p| format!("{}={} ({})", p.id, p.value, p.origin))
                        .collect::<Vec<_>>()
                        .join("; "),
                ),
            ]
        })
        .collect();
    Sheet {
        name: "results".to_owned(),
        columns: columns(&[
            ("check", Text),
            ("unit", Text),
            ("state", Text),
            ("severity", Text),
            ("waived", Bool),
            ("reasons", Text),
            ("detail", Text),
            ("parameters", Text),
        ]),
        rows,
    }
}

/// What the workbook is, and what it leaves to other outputs.
fn about(d: &Dossier, large: &[&Population]) -> Sheet {
    let p = &d.assessment.period;
    let mut rows = vec![
        vec![words("organization"), words(d.assessment.organization.clone())],
        vec![words("period"), words(p.label.clone())],
        vec![words("timezone of the period"), words(p.timezone.clone())],
        vec![words("evidence read up to (UTC)"), words(model::time::utc_text(p.as_of))],
        vec![words("store"), words(d.store.store_id.clone())],
        vec![words("manifest SHA-256"), words(d.store.last_manifest.clone())],
        vec![words("all instants"), words("UTC")],
    ];
    for population in large {
        let place = match &population.file {
            Some(file) => format!("{}, and .xlsx and .parquet beside it", file.path),
            None => format!("backproof show {} --period {} --format csv", population.name, p.label),
        };
        rows.push(vec![
            words(format!("{} rows not in this workbook", population.name)),
            words(format!("{} rows: {place}", population.total)),
        ]);
    }
    Sheet {
        name: "about".to_owned(),
        columns: columns(&[("what", ColumnKind::Text), ("value", ColumnKind::Text)]),
        rows,
    }
}

/// A population with a type for each column, found from its values.
fn population(p: &Population) -> Sheet {
    let kinds: Vec<ColumnKind> =
        (0..p.columns.len()).map(|c| kind(&p.columns[c], p.rows.iter().filter_map(|r| r.get(c)))).collect();
    let rows = p.rows.iter().map(|r| r.iter().zip(&kinds).map(|(v, k)| value(v, *k)).collect()).collect();
    Sheet {
        name: p.name.clone(),
        columns: p.columns.iter().zip(&kinds).map(|(c, k)| SheetColumn { title: c.clone(), kind: *k }).collect(),
        rows,
    }
}

/// Columns whose texts are instants.
pub(crate) fn is_instant(name: &str) -> bool {
    name.ends_with("_at")
        || name.ends_with("_from")
        || name.ends_with("_to")
        || matches!(name, "scheduled_for" | "deadline" | "period_start" | "period_end")
}

/// Ids stay texts even where all of them look like numbers.
fn kind<'a>(name: &str, values: impl Iterator<Item = &'a Json>) -> ColumnKind {
    let instants = is_instant(name);
    let mut found: Option<ColumnKind> = None;
    for v in values.filter(|v| !v.is_null()) {
        let one = match v {
            Json::Bool(_) => ColumnKind::Bool,
            Json::Number(n) if n.as_i64().is_some() => ColumnKind::Integer,
            Json::Number(_) => ColumnKind::Number,
            Json::String(s) if instants && instant(s, None).is_ok() => ColumnKind::Instant,
            _ => ColumnKind::Text,
        };
        match found {
            None => found = Some(one),
            Some(same) if same == one => {}
            Some(_) => return ColumnKind::Text,
        }
    }
    found.unwrap_or(ColumnKind::Text)
}

fn value(v: &Json, kind: ColumnKind) -> Value {
    match (kind, v) {
        (_, Json::Null) => Value::Empty,
        (ColumnKind::Bool, Json::Bool(b)) => Value::Bool(*b),
        (ColumnKind::Integer, Json::Number(n)) => n.as_i64().map_or(Value::Empty, Value::Integer),
        (ColumnKind::Number, Json::Number(n)) => n.as_f64().map_or(Value::Empty, Value::Number),
        (ColumnKind::Instant, Json::String(s)) => instant(s, None).map_or(Value::Empty, Value::Instant),
        (_, v) => words(plain(v)),
    }
}

pub(crate) fn plain(v: &Json) -> String {
    match v {
        Json::String(s) => s.clone(),
        Json::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}
