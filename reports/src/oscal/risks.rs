//! Risks and POA&M items: what fails, and what could not be determined.

use model::assessment::State;
use model::dossier::{FindingSheet, WaiverSheet};
use model::time::utc_text;
use serde_json::{Value, json};

use super::controls::Controls;
use super::ids::{NAMESPACE, word};
use super::observations::Observations;
use super::{Context, insert, line, object, prop};

/// UUID of the risk of a result. The same finding has the same one in every period; only where a unit has several
/// results of one check their details tell them apart.
pub(super) fn uuid(c: &Context<'_>, check: &str, unit: &str, detail: &str) -> String {
    c.lasting.uuid(&risk_name(c, check, unit, detail))
}

fn risk_name(c: &Context<'_>, check: &str, unit: &str, detail: &str) -> String {
    let results = &c.d.assessment.results;
    let from = results.partition_point(|r| (r.check.as_str(), r.unit.as_str()) < (check, unit));
    let to = results.partition_point(|r| (r.check.as_str(), r.unit.as_str()) <= (check, unit));
    let several = if to - from > 1 { detail } else { "" };
    format!("risk/{check}/{unit}/{several}")
}

/// The risk of a failure or of missing evidence.
pub(super) fn risk(c: &Context<'_>, observations: &Observations<'_>, f: &FindingSheet, state: State) -> Value {
    let waivers: Vec<&WaiverSheet> = waivers(c, f).collect();
    let mut props = props(f, state);
    for w in &waivers {
        let mut exception = object(prop("exception", &w.exception_id));
        exception.insert("class".to_owned(), Value::String(word(&w.standing)));
        if !w.why.is_empty() {
            exception.insert("remarks".to_owned(), Value::String(line(&w.why)));
        }
        props.push(Value::Object(exception));
    }
    let status = match (state, f.waived) {
        (State::Fail, true) => "deviation-approved",
        (State::Fail, false) => "open",
        _ => "investigating",
    };
    let statement = match state {
        State::Fail => {
            format!("Not met: “{}”. Severity {}; the rule comes from the {}.", f.title, f.severity, f.basis)
        }
        _ => format!("Could not be determined: “{}”.", f.title),
    };
    let mut out = object(json!({
        "uuid": uuid(c, &f.check, &f.unit, &f.detail),
        "title": line(&format!("{}: {}", f.check, f.unit_name)),
        "description": line(&f.detail),
        "statement": line(&statement),
        "props": props,
        "status": status,
        "origins": c.origins(),
        "characterizations": [{
            "origin": {"actors": [{"type": "tool", "actor-uuid": c.tool()}]},
            "facets": [{"name": "severity", "system": NAMESPACE, "value": f.severity.as_str()}],
        }],
    }));
    // The day on which the last exception that covers it ends.
    let ends = waivers.iter().filter(|_| f.waived).filter_map(|w| w.effective_to).max();
    if let Some(ends) = ends {
        out.insert("deadline".to_owned(), Value::String(utc_text(ends)));
    }
    let mut responses = Vec::new();
    let todo = match state {
        State::Fail => f.remediation.as_str(),
        _ => "Give the evidence that the description names, then judge the period again.",
    };
    let name = risk_name(c, &f.check, &f.unit, &f.detail);
    if !todo.trim().is_empty() {
        responses.push(json!({
            "uuid": c.lasting.uuid(&format!("remedy/{name}")),
            "lifecycle": "recommendation",
            "title": "Remedy",
            "description": line(todo),
            "props": [prop("owner", &f.owner)],
        }));
    }
    for w in waivers.iter().filter(|_| f.waived) {
        let mut props = vec![prop("exception", &w.exception_id), prop("standing", &w.standing)];
        if let Some(level) = w.risk_level {
            props.push(prop("risk-level", level.as_str()));
        }
        if let Some(from) = w.effective_from {
            props.push(prop("effective-from", &utc_text(from)));
        }
        if let Some(to) = w.effective_to {
            props.push(prop("effective-to", &utc_text(to)));
        }
        if !w.remediation_due.is_empty() {
            props.push(prop("remediation-due", &w.remediation_due));
        }
        responses.push(json!({
            "uuid": c.lasting.uuid(&format!("exception/{}/{name}", w.exception_id)),
            "lifecycle": "planned",
            "title": line(&format!("Exception {}", w.exception_id)),
            "description": line(&w.justification),
            "props": props,
        }));
    }
    insert(&mut out, "remediations", responses);
    insert(&mut out, "related-observations", observed(observations, f));
    Value::Object(out)
}

/// Its item in the plan of action.
pub(super) fn item(
    c: &Context<'_>,
    observations: &Observations<'_>,
    controls: &Controls<'_>,
    f: &FindingSheet,
    state: State,
) -> Value {
    let mut props = props(f, state);
    props.push(prop("owner", &f.owner));
    if let Some(since) = f.since {
        props.push(prop("since", &utc_text(since)));
    }
    let name = risk_name(c, &f.check, &f.unit, &f.detail);
    let mut out = object(json!({
        "uuid": c.lasting.uuid(&format!("item/{name}")),
        "title": line(&format!("{}: {}", f.check, f.unit_name)),
        "description": line(&f.detail),
        "props": props,
        "related-risks": [{"risk-uuid": c.lasting.uuid(&name)}],
    }));
    insert(&mut out, "related-observations", observed(observations, f));
    let controls = controls.words(&f.check);
    if !controls.is_empty() {
        out.insert("remarks".to_owned(), Value::String(format!("Bears on {}.", line(&controls))));
    }
    Value::Object(out)
}

fn props(f: &FindingSheet, state: State) -> Vec<Value> {
    let mut out = vec![prop("check", &f.check), prop("unit", &f.unit), prop("state", state.as_str())];
    if f.waived {
        out.push(prop("waived", "true"));
    }
    out
}

fn observed(observations: &Observations<'_>, f: &FindingSheet) -> Vec<Value> {
    observations.uuid(f.result).map(|uuid| json!({"observation-uuid": uuid})).into_iter().collect()
}

/// Exceptions that name the finding, whatever their standing.
fn waivers<'a>(c: &Context<'a>, f: &'a FindingSheet) -> impl Iterator<Item = &'a WaiverSheet> {
    let named = |w: &&WaiverSheet| w.names.iter().any(|n| *n == f.check || f.statements.contains(n));
    let bound = move |w: &&WaiverSheet| w.systems.iter().any(|s| s == "*" || *s == f.system || *s == f.unit);
    c.d.waivers.iter().filter(named).filter(bound)
}
