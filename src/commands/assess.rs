//! `backproof assess`: metrics and results of a period.

use std::collections::BTreeMap;

use model::assessment::{Assessment, CheckResult, Severity, State, percent};
use model::controls::Controls;
use serde_json::{Map, Value};

use crate::cli::{Format, Globals, PeriodArgs};
use crate::failure::{End, Failure};
use crate::{judge, output, workspace};

/// Runs the command.
pub fn run(period: &PeriodArgs, fail_on: Option<Severity>, globals: &Globals) -> Result<End, Failure> {
    let loaded = workspace::open(globals)?;
    judge::with(&loaded, period, globals, |_, judged, _| {
        print(&judged.assessment, globals)?;
        Ok(judge::end(judged, fail_on))
    })
}

fn print(assessment: &Assessment, globals: &Globals) -> Result<(), Failure> {
    match globals.format {
        Format::Json => output::json(assessment),
        Format::Csv => {
            let rows: Vec<Map<String, Value>> = assessment
                .results
                .iter()
                .filter_map(|r| serde_json::to_value(r).ok()?.as_object().cloned())
                .map(|mut row| {
                    // Parameters are objects: in a cell they read `id=value (origin)`.
                    let text = |p: &Value| {
                        format!(
                            "{}={} ({})",
                            output::cell(&p["id"]),
                            output::cell(&p["value"]),
                            output::cell(&p["origin"])
                        )
                    };
                    let cells: Vec<Value> =
                        row["parameters"].as_array().into_iter().flatten().map(|p| Value::String(text(p))).collect();
                    row.insert("parameters".into(), Value::Array(cells));
                    row
                })
                .collect();
            output::rows(Map::new(), &rows, &[], globals)
        }
        Format::Table => output::print(&text(assessment, globals)),
    }
}

/// For people: metrics, then what failed, then what can't be known, then counts.
fn text(a: &Assessment, globals: &Globals) -> String {
    let mut out = format!(
        "{} · {} · evidence up to {}\n\n",
        output::printable(&a.organization),
        a.period.label,
        model::time::utc_text(a.period.as_of)
    );
    let metrics: Vec<Vec<String>> = a
        .metrics
        .iter()
        .map(|m| {
            let title = Controls::embedded().metric(&m.id).map_or_else(|| m.id.clone(), |d| d.title.clone());
            let is_rate = title.ends_with("rate");
            let value = match (&m.undefined, m.value) {
                (Some(why), None) => why.clone(),
                (_, Some(_)) if is_rate => percent(m.numerator, m.denominator).unwrap_or_default(),
                (_, Some(_)) => m.numerator.to_string(),
                (None, None) => "undefined".to_owned(),
            };
            let of = if is_rate { format!("{} of {}", m.numerator, m.denominator) } else { String::new() };
            let bounds = match (
                m.unknown,
                percent(m.numerator, m.denominator + m.unknown),
                percent(m.numerator + m.unknown, m.denominator + m.unknown),
            ) {
                (n, Some(low), Some(high)) if n > 0 => format!("{n} unknown: between {low} and {high}"),
                _ => String::new(),
            };
            vec![title, value, of, bounds]
        })
        .collect();
    out.push_str(&output::table(&["metric", "value", "slots or tests", "what is not known"], &metrics, globals));
    section(&mut out, "Findings", a.results.iter().filter(|r| r.state == State::Fail), globals);
    section(
        &mut out,
        "No evidence: what nobody can know yet",
        a.results.iter().filter(|r| r.state == State::NoEvidence),
        globals,
    );
    let s = a.summary;
    out.push_str(&format!(
        "\n{} pass, {} fail ({} waived), {} not applicable, {} no evidence\n",
        s.pass, s.fail, s.waived, s.not_applicable, s.no_evidence
    ));
    for source in a.sources.iter().filter(|s| s.reason.is_some()) {
        let reason = output::printable(source.reason.as_deref().unwrap_or(""));
        out.push_str(&format!("source {}.{} is {}: {reason}\n", source.kind, source.source_id, source.status));
    }
    out
}

/// Results by severity, worst first; units of one check with one detail are joined.
fn section<'a>(out: &mut String, title: &str, results: impl Iterator<Item = &'a CheckResult>, globals: &Globals) {
    let mut rows: BTreeMap<(std::cmp::Reverse<Severity>, &str, &str), Vec<&CheckResult>> = BTreeMap::new();
    for r in results {
        rows.entry((std::cmp::Reverse(r.severity), &r.check, &r.detail)).or_default().push(r);
    }
    if rows.is_empty() {
        return;
    }
    let cells: Vec<Vec<String>> = rows
        .into_iter()
        .map(|((severity, check, detail), same)| {
            let waived = if same.iter().all(|r| r.waived) { "waived" } else { "" };
            let mut units: Vec<&str> = same.iter().take(3).map(|r| r.unit.as_str()).collect();
            let more = format!("and {} more", same.len().saturating_sub(3));
            if same.len() > 3 {
                units.push(&more);
            }
            vec![severity.0.to_string(), check.to_owned(), units.join(", "), waived.to_owned(), detail.to_owned()]
        })
        .collect();
    out.push_str(&format!("\n{title}\n"));
    out.push_str(&output::table(&["severity", "check", "unit", "", "detail"], &cells, globals));
}
