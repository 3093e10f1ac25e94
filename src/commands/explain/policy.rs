//! Sheets of what the policy says: statements, parameters, tiers and roles.

use model::controls::PolicyFinding;
use model::policy::{Parameter, Role, Statement, Tier};
use serde_json::{Value, json};

use super::find::Library;
use super::judging::check_entries;
use super::sheet::{Entry, Sheet};
use super::standards::{control_entries, evidence_entries};

/// Statements as a list.
pub fn statement_entries(library: &Library<'_>, wanted: impl Fn(&Statement) -> bool) -> Vec<Entry> {
    let all = library.policy.statements.iter().filter(|s| wanted(s));
    all.map(|s| Entry {
        head: s.id.clone(),
        text: s.paraphrase.clone(),
        json: json!({"id": s.id, "modality": s.modality, "paraphrase": s.paraphrase}),
    })
    .collect()
}

/// Parameters as a list, with value and origin.
pub fn parameter_entries(library: &Library<'_>, ids: &[String]) -> Vec<Entry> {
    let all = ids.iter().filter_map(|id| library.policy.parameters.get(id));
    all.map(|p| Entry {
        head: p.id.clone(),
        text: format!("{} ({}). {}", p.value, origin(p), p.meaning),
        json: json!({"id": p.id, "value": p.value, "origin": p.origin, "section": p.section, "meaning": p.meaning}),
    })
    .collect()
}

/// Where a value comes from, in words.
fn origin(parameter: &Parameter) -> String {
    match &parameter.section {
        Some(section) => format!("{}, {section}", parameter.origin),
        None => parameter.origin.to_string(),
    }
}

/// Where the policy itself comes from.
fn profile<'a>(library: &Library<'a>) -> &'a str {
    library.policy.file.as_deref().unwrap_or("built-in profile")
}

/// A statement.
pub fn statement(library: &Library<'_>, s: &Statement) -> Sheet {
    let level = s.risk_level.map(|l| l.as_str());
    Sheet::new("statement", &s.id, &s.paraphrase)
        .fact("policy", profile(library))
        .fact("section", s.section.as_str())
        .fact("stands_in", s.source.as_str())
        .fact("modality", s.modality.as_str())
        .fact("owner_roles", json!(s.owner_roles))
        .fact("automation", s.automation.as_str())
        .fact("tier", json!(s.tier))
        .fact("risk_level", json!(level))
        .fact("note", json!(s.note))
        .entries("checks", check_entries(library, |c| s.checks.contains(&c.id)))
        .entries("parameters", parameter_entries(library, &s.parameters))
        .entries("evidence", evidence_entries(library, |e| s.evidence.contains(&e.id)))
        .entries("controls", control_entries(library, &s.controls))
}

/// What an origin means for a result.
const fn weight(parameter: &Parameter) -> &'static str {
    use model::policy::ParameterOrigin as Origin;
    match parameter.origin {
        Origin::Policy => "The policy sets this value.",
        Origin::Organisation => "The workspace sets this value under [policy] parameters.",
        Origin::Framework => "A framework sets this value; the policy is silent.",
        Origin::Default => {
            "The policy is silent: this value is a default of backproof. Confirm it, or set your own, before calling a \
             result a breach of the policy."
        }
    }
}

/// A parameter.
pub fn parameter(library: &Library<'_>, p: &Parameter) -> Sheet {
    let how = format!("# backproof.toml\n[policy]\nparameters = {{ {} = {} }}", p.id, written(p));
    Sheet::new("parameter", &p.id, &p.meaning)
        .fact("value", p.value.as_str())
        .fact("origin", p.origin.as_str())
        .fact("section", json!(p.section))
        .fact("unit", p.unit.as_str())
        .fact("policy", profile(library))
        .text("origin_means", weight(p))
        .code("set_it", &how)
        .entries("checks", check_entries(library, |c| c.parameters.contains(&p.id)))
        .entries("statements", statement_entries(library, |s| s.parameters.contains(&p.id)))
}

/// The value as TOML.
fn written(parameter: &Parameter) -> Value {
    match parameter.value.parse::<Value>() {
        Ok(value @ (Value::Bool(_) | Value::Number(_))) if parameter.unit != "tls_version" => value,
        _ => Value::from(parameter.value.as_str()),
    }
}

/// A tier of recovery objectives.
pub fn tier(library: &Library<'_>, t: &Tier) -> Sheet {
    Sheet::new("tier", &t.id, &t.name)
        .fact("policy", profile(library))
        .fact("order", t.order)
        .fact("rto", t.rto_text.as_str())
        .fact("rto_seconds", t.rto_s)
        .fact("rto_low_seconds", json!(t.rto_low_s))
        .fact("rpo", t.rpo_text.as_str())
        .fact("rpo_seconds", json!(t.rpo_s))
        .fact("rpo_applicable", t.rpo_applicable)
        .fact("rpo_reason", json!(t.rpo_reason))
        .fact("note", json!(t.note))
        .code("use_it", &format!("# inventory.toml, under a [[system]]\ntier = \"{}\"", t.id))
        .entries("statements", statement_entries(library, |s| s.tier.as_deref() == Some(t.id.as_str())))
        .entries("checks", check_entries(library, |c| c.group == "OBJ"))
}

/// A role.
pub fn role(library: &Library<'_>, r: &Role) -> Sheet {
    let levels = library.policy.approval_rules.iter().filter(|rule| rule.roles.contains(&r.id));
    let levels: Vec<&str> = levels.map(|rule| rule.risk_level.as_str()).collect();
    Sheet::new("role", &r.id, &r.name)
        .fact("policy", profile(library))
        .fact("sections", r.sections.as_str())
        .fact("approves_exceptions_of_risk", json!(levels))
        .text("meaning", &r.meaning)
        .entries("statements", statement_entries(library, |s| s.owner_roles.contains(&r.id)))
}

/// A finding on the text of the built-in policy.
pub fn finding(library: &Library<'_>, f: &PolicyFinding) -> Sheet {
    let points = |label: &str| f.of(label).map(str::to_owned).collect::<Vec<_>>();
    let surfaces = points("Surfaces").join(" ");
    let names = |id: &str| surfaces.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|w| w == id);
    Sheet::new("finding", &f.id, &f.title)
        .fact("level", f.level.as_str())
        .fact("about", "the text of the built-in policy profile; checks find it in the data, see below")
        .fact("judged_by", profile(library))
        .lines("evidence", &points("Evidence"))
        .lines("why", &points("Why"))
        .text("surfaces", &surfaces)
        .lines("correction", &points("Correction"))
        .lines("note", &points("Note"))
        .entries("checks", check_entries(library, |c| names(&c.id)))
}
