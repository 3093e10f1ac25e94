//! Sheets of frameworks and their controls, and of where facts come from: tables, evidence kinds, sources.

use std::collections::BTreeMap;

use collectors::{KINDS, Kind};
use model::controls::{Control, EvidenceKind, Field, Framework, Table};
use model::registers;
use serde_json::json;

use super::find::Library;
use super::judging::check_entries;
use super::policy::statement_entries;
use super::sheet::{Entry, Sheet};

/// Controls as a list, by framework.
pub fn control_entries(library: &Library<'_>, controls: &BTreeMap<String, Vec<String>>) -> Vec<Entry> {
    let mut out = Vec::new();
    for (framework, ids) in controls {
        for id in ids {
            let title = library.controls.framework(framework).and_then(|f| f.control(id)).map(|c| c.title.as_str());
            out.push(Entry {
                head: format!("{framework} {id}"),
                text: title.unwrap_or_default().to_owned(),
                json: json!({"framework": framework, "id": id, "title": title}),
            });
        }
    }
    out
}

/// Evidence kinds as a list.
pub fn evidence_entries(library: &Library<'_>, wanted: impl Fn(&EvidenceKind) -> bool) -> Vec<Entry> {
    let all = library.controls.evidence_kinds.iter().filter(|e| wanted(e));
    all.map(|e| Entry {
        head: e.id.clone(),
        text: format!("{} ({}). {}", e.title, e.collection, e.description),
        json: json!({"id": e.id, "title": e.title, "collection": e.collection}),
    })
    .collect()
}

/// What fills tables in this version: kinds of source, the inventory, registers; nothing is said to be nothing.
pub fn filled_by(library: &Library<'_>, tables: &[&str]) -> Vec<Entry> {
    tables
        .iter()
        .map(|table| {
            let mut by: Vec<String> = KINDS
                .iter()
                .filter(|k| k.tables.contains(table))
                .map(|k| format!("[sources.{}.<id>]", k.name))
                .collect();
            if let Some(own) = own_file(table) {
                by.push(own);
            }
            let title = library.controls.table(table).map_or("", |t| t.title.as_str());
            let text = if by.is_empty() { "nothing in this version".to_owned() } else { by.join(", ") };
            Entry {
                head: (*table).to_owned(),
                text: format!("{title}: {text}"),
                json: json!({"table": table, "by": by}),
            }
        })
        .collect()
}

/// The file of the workspace, or the part of the program, that fills a table.
fn own_file(table: &str) -> Option<String> {
    match table {
        "systems" | "backup_plans" => Some("inventory.toml".to_owned()),
        "objectives" => Some("inventory.toml, and the tiers of the policy".to_owned()),
        "sources" => Some("every collection, from `covers` and what was read".to_owned()),
        "metric_reports" => None,
        _ => {
            registers::reference::header(table).map(|_| format!("registers/{table}.csv or .toml, documents or issues"))
        }
    }
}

/// A control of a framework.
pub fn control(library: &Library<'_>, framework: &Framework, c: &Control) -> Sheet {
    let is_in = |all: &BTreeMap<String, Vec<String>>| all.get(&framework.id).is_some_and(|ids| ids.contains(&c.id));
    let mut evidence: Vec<&str> = Vec::new();
    for statement in library.policy.statements.iter().filter(|s| is_in(&s.controls)) {
        evidence.extend(statement.evidence.iter().map(String::as_str));
    }
    let citations =
        library.policy.citations.iter().filter(|x| x.framework == framework.id && x.resolves_to.contains(&c.id)).map(
            |x| Entry {
                head: format!("section {}, as {}", x.section, x.as_cited),
                text: format!("{}: {}", x.verdict, x.comment),
                json: json!({"section": x.section, "as_cited": x.as_cited, "verdict": x.verdict, "comment": x.comment}),
            },
        );
    let references = framework.references.iter().filter(|r| c.sources.contains(&r.id)).map(|r| Entry {
        head: r.id.clone(),
        text: format!("{}; {}", r.what, r.place),
        json: json!(r),
    });
    Sheet::new("control", &c.id, &c.title)
        .fact("framework", format!("{}: {}", framework.id, framework.name))
        .fact("edition", framework.edition.as_str())
        .fact("title_is", c.title_kind.as_str())
        .fact("relevance", c.relevance.as_str())
        .fact("cited_by_policy", c.cited_by_policy)
        .fact("cited_by_wildcard", c.cited_by_wildcard)
        .fact("verification", c.verification.as_str())
        .fact("applies_when", framework.applies_when.as_str())
        .fact("baselines", json!(c.baselines))
        .fact("designation", json!(c.designation))
        .fact("part", json!(c.part))
        .fact("lowest_security_level", json!(c.lowest_security_level))
        .fact("clause_or_control", json!(c.kind))
        .fact("note", json!(c.note))
        .text("summary", &c.summary)
        .lines("focus", &c.focus)
        .entries("checks", check_entries(library, |x| is_in(&x.controls)))
        .entries("statements", statement_entries(library, |s| is_in(&s.controls)))
        .entries("evidence", evidence_entries(library, |e| evidence.contains(&e.id.as_str())))
        .entries("citations", citations.collect())
        .entries("references", references.collect())
}

/// A framework.
pub fn framework(library: &Library<'_>, f: &Framework) -> Sheet {
    let controls = f.controls.iter().map(|c| {
        let checks = library.controls.checks_of(&f.id, &c.id).count();
        Entry {
            head: c.id.clone(),
            text: format!("{} ({}, {checks} checks)", c.title, c.relevance),
            json: json!({"id": c.id, "title": c.title, "relevance": c.relevance, "checks": checks}),
        }
    });
    Sheet::new("framework", &f.id, &f.name)
        .fact("edition", f.edition.as_str())
        .fact("authority", f.authority.as_str())
        .fact("url", f.url.as_str())
        .fact("text_use", f.text_use.as_str())
        .fact("applies_when", f.applies_when.as_str())
        .fact("pending_change", json!(f.pending_change))
        .entries("controls", controls.collect())
}

/// A normalised table.
pub fn table(library: &Library<'_>, t: &Table) -> Sheet {
    let fields = t.fields.iter().map(|f| Entry {
        head: f.name.clone(),
        text: format!("{}{}. {}", f.kind.replace(',', ", "), if f.required { ", required" } else { "" }, f.meaning),
        json: json!(f),
    });
    let prefix = format!("{}.", t.name);
    Sheet::new("table", &t.name, &t.title)
        .fact("key", t.key.replace('+', " + "))
        .fact("note", json!(t.note))
        .entries("fields", fields.collect())
        .entries("filled_by", filled_by(library, &[t.name.as_str()]))
        .entries("evidence", evidence_entries(library, |e| e.tables.contains(&t.name)))
        .entries("checks", check_entries(library, |c| c.inputs.iter().any(|i| i.starts_with(&prefix))))
}

/// A field of a table, named `table.field` as in inputs of checks and details of results.
pub fn field(library: &Library<'_>, t: &Table, f: &Field) -> Sheet {
    let id = format!("{}.{}", t.name, f.name);
    let checks = check_entries(library, |c| c.inputs.contains(&id));
    Sheet::new("field", &id, &f.meaning)
        .fact("table", format!("{}, {}", t.name, t.title))
        .fact("type", f.kind.replace(',', ", "))
        .fact("required", f.required)
        .entries("filled_by", filled_by(library, &[t.name.as_str()]))
        .entries("checks", checks)
}

/// A kind of evidence.
pub fn evidence(library: &Library<'_>, e: &EvidenceKind) -> Sheet {
    let tables: Vec<&str> = e.tables.iter().map(String::as_str).collect();
    let reads = |input: &String| input.split_once('.').is_some_and(|(table, _)| tables.contains(&table));
    Sheet::new("evidence", &e.id, &e.title)
        .fact("collection", e.collection.as_str())
        .text("meaning", &e.description)
        .entries("fills", filled_by(library, &tables))
        .entries("statements", statement_entries(library, |s| s.evidence.contains(&e.id)))
        .entries("checks", check_entries(library, |c| c.inputs.iter().any(reads)))
}

/// A kind of source.
pub fn source_kind(library: &Library<'_>, k: &Kind) -> Sheet {
    let tables = k.tables.iter().map(|name| Entry {
        head: (*name).to_owned(),
        text: library.controls.table(name).map(|t| t.title.clone()).unwrap_or_default(),
        json: json!(name),
    });
    Sheet::new("source", k.name, k.title)
        .text("point_it_at", k.reads)
        .code("configure", &format!("# backproof.toml\n[sources.{0}.main]\npath = \"drop/{0}\"", k.name))
        .entries("tables", tables.collect())
}
