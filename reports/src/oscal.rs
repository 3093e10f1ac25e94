//! OSCAL 1.2.1 of NIST: assessment results, and a plan of action and milestones, as JSON.
//!
//! One result for the period; an observation for each result of a check, with the objects it rests on; a finding for
//! each control that a check judges; a risk for each failure and for each result without evidence. OSCAL knows
//! *satisfied* and *not-satisfied* only, so:
//!
//! - *could not be determined* is not-satisfied with the reason `other` and the property `state` = `no_evidence`, its risk
//!   is `investigating`: it is never satisfied, and never a proven failure either;
//! - a control that does not apply, or that no check judges, has no finding and is excluded from the reviewed ones;
//! - a waiver changes no state: the control stays not-satisfied, and its risk is `deviation-approved`.
//!
//! UUIDs are made of stable ids (version 5). Those of risks, of POA&M items and of systems stay the same from period to
//! period, so that a tool can follow them; all others belong to one judgement of one period.

mod controls;
mod ids;
mod observations;
mod risks;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::assessment::State;
use model::dossier::Dossier;
use model::lineage::Places;
use model::time::utc_text;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use controls::Controls;
use ids::{Ids, NAMESPACE, line};
use observations::Observations;

/// Version of OSCAL that is written.
const VERSION: &str = "1.2.1";

/// Folder of a packet's objects, seen from the folder of these files. It is laid out as an evidence store is.
const OBJECTS: &str = "../evidence/objects";
/// List of the objects that a packet leaves out.
const WITHHELD: &str = "../withheld.csv";
/// Folder of the files that people declare things in.
const WORKSPACE: &str = "../workspace";

/// The period's assessment results, to be written as JSON, with the places that the rows of results were read from. Long
/// lists are made while they are written.
#[must_use]
pub fn assessment_results<'a>(d: &'a Dossier, places: &'a Places<'a>) -> impl Serialize {
    AssessmentResults(Document::of(d, places))
}

/// The plan of action and milestones, to be written as JSON: an item for each failure, and for each result without
/// evidence.
#[must_use]
pub fn poam<'a>(d: &'a Dossier, places: &'a Places<'a>) -> impl Serialize {
    Poam(Document::of(d, places))
}

/// What both documents are made from.
struct Document<'a> {
    c: Context<'a>,
    observations: Observations<'a>,
    controls: Controls<'a>,
}

impl<'a> Document<'a> {
    fn of(d: &'a Dossier, places: &'a Places<'a>) -> Self {
        let c = Context::of(d, places);
        Self { observations: Observations::of(&c), controls: Controls::of(d), c }
    }

    fn risks(&self) -> impl Iterator<Item = Value> {
        self.c.sheets().map(|(sheet, state)| risks::risk(&self.c, &self.observations, sheet, state))
    }

    fn items(&self) -> impl Iterator<Item = Value> {
        let item = |(sheet, state)| risks::item(&self.c, &self.observations, &self.controls, sheet, state);
        // The schema wants one.
        let nothing = self.c.sheets().next().is_none().then(|| {
            json!({
                "uuid": self.c.judged.uuid("no-item"),
                "title": "No open item",
                "description": format!("No check failed and none lacked evidence in {}.", line(&self.c.d.period_title)),
            })
        });
        self.c.sheets().map(item).chain(nothing)
    }
}

struct AssessmentResults<'a>(Document<'a>);

impl Serialize for AssessmentResults<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Document { c, observations, controls } = &self.0;
        let d = c.d;
        let p = &d.assessment.period;
        let result = object(json!({
            "uuid": c.judged.uuid("result"),
            "title": line(&format!("{}: {}", d.assessment.organization, d.period_title)),
            "description": format!(
                "Checks of {} on evidence of the period, collected up to {}: {} pass, {} fail ({} of them under a waiver), {} lack evidence, {} do not apply.",
                line(&d.policy.title), utc_text(p.as_of), d.assessment.summary.pass, d.assessment.summary.fail,
                d.assessment.summary.waived, d.assessment.summary.no_evidence, d.assessment.summary.not_applicable,
            ),
            "start": utc_text(p.start),
            "end": utc_text(p.end),
            "props": [prop("period", &p.label), prop("timezone", &p.timezone), prop("as-of", &utc_text(p.as_of))],
            "local-definitions": c.definitions(),
            "reviewed-controls": controls.reviewed(),
        }));
        let policy = c.judged.uuid("policy");
        let mut root = object(json!({
            "uuid": c.judged.uuid("assessment-results"),
            "metadata": c.metadata("Backup and restore: assessment results"),
            // The plan of the assessment is the policy with its checks; there is no other.
            "import-ap": {"href": format!("#{policy}")},
            "back-matter": {"resources": [{
                "uuid": policy,
                "title": line(&d.policy.title),
                "description": "The policy that the period is judged by, with the rules of its checks as activities of this document.",
                "props": [prop("version", &d.policy.version)],
            }]},
        }));
        let activities = controls.activities(c);
        if !activities.is_empty() {
            root.insert("local-definitions".to_owned(), json!({"activities": activities}));
        }
        let result = Part {
            head: result,
            observations: Each::of(|| observations.all(c)),
            risks: Each::of(|| self.0.risks()),
            findings: Each::of(|| controls.findings(c, observations)),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("assessment-results", &Root { head: root, results: [result] })?;
        map.end()
    }
}

struct Poam<'a>(Document<'a>);

impl Serialize for Poam<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let c = &self.0.c;
        let head = object(json!({
            "uuid": c.judged.uuid("plan-of-action-and-milestones"),
            "metadata": c.metadata("Backup and restore: plan of action and milestones"),
            "system-id": {"id": line(&c.d.store.store_id)},
            "local-definitions": c.definitions(),
        }));
        let root = Plan {
            head,
            observations: Each::of(|| self.0.observations.open(c)),
            risks: Each::of(|| self.0.risks()),
            items: Each::of(|| self.0.items()),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("plan-of-action-and-milestones", &root)?;
        map.end()
    }
}

#[derive(Serialize)]
struct Root<R> {
    #[serde(flatten)]
    head: Map<String, Value>,
    results: [R; 1],
}

#[derive(Serialize)]
#[serde(bound(serialize = "O: Serialize, R: Serialize, F: Serialize"))]
struct Part<O, R, F> {
    #[serde(flatten)]
    head: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observations: Option<O>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risks: Option<R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<F>,
}

#[derive(Serialize)]
#[serde(bound(serialize = "O: Serialize, R: Serialize, I: Serialize"))]
struct Plan<O, R, I> {
    #[serde(flatten)]
    head: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observations: Option<O>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risks: Option<R>,
    #[serde(rename = "poam-items")]
    items: Option<I>,
}

/// A list that is made while it is written: a thousand systems have a hundred thousand observations.
struct Each<F>(F);

impl<F: Fn() -> I, I: Iterator<Item = Value>> Each<F> {
    /// `None` for an empty one: lists in OSCAL have an element at least, or are not there.
    fn of(make: F) -> Option<Self> {
        make().next().map(|_| Self(make))
    }
}

impl<F: Fn() -> I, I: Iterator<Item = Value>> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// What the parts of a document share.
struct Context<'a> {
    d: &'a Dossier,
    /// Where rows were read.
    places: &'a Places<'a>,
    /// Ids of what lives longer than a period.
    lasting: Ids,
    /// Ids of what belongs to this judgement of this period.
    judged: Ids,
    /// System ids by what a result may be about: the system itself, or a plan of it.
    systems: BTreeMap<&'a str, &'a str>,
}

impl<'a> Context<'a> {
    fn of(d: &'a Dossier, places: &'a Places<'a>) -> Self {
        let (a, p) = (&d.assessment, &d.assessment.period);
        let whose = format!("{}/{}", d.store.store_id, a.organization);
        let frameworks: Vec<&str> = d.chosen().map(|f| f.id.as_str()).collect();
        let judged = format!(
            "{whose}/{}/{}/{}/{}/{}",
            utc_text(p.start),
            utc_text(p.end),
            utc_text(p.as_of),
            d.store.last_manifest,
            frameworks.join(",")
        );
        let mut systems = BTreeMap::new();
        for s in &d.systems {
            systems.insert(s.system_id.as_str(), s.system_id.as_str());
            s.plans.iter().for_each(|plan| {
                systems.insert(plan.plan_id.as_str(), s.system_id.as_str());
            });
        }
        Self { d, places, lasting: Ids::of(&whose), judged: Ids::of(&judged), systems }
    }

    /// Results that somebody must act on.
    fn sheets(&self) -> impl Iterator<Item = (&'a model::dossier::FindingSheet, State)> {
        let (fail, missing) = (&self.d.findings, &self.d.missing);
        fail.iter().map(|f| (f, State::Fail)).chain(missing.iter().map(|f| (f, State::NoEvidence)))
    }

    fn metadata(&self, title: &str) -> Value {
        let d = self.d;
        let party = self.lasting.uuid("organization");
        json!({
            "title": title,
            "last-modified": utc_text(d.assessment.period.as_of),
            "version": line(&format!("{}, evidence up to {}", d.assessment.period.label, utc_text(d.assessment.period.as_of))),
            "oscal-version": VERSION,
            "props": [
                prop("store-id", &d.store.store_id),
                prop("last-run", &d.store.last_run.to_string()),
                prop("last-manifest-sha256", &d.store.last_manifest),
                prop("signed-by", d.store.signed_by.as_deref().unwrap_or("unsigned")),
            ],
            "roles": [{"id": "assessed", "title": "Organisation whose backups are assessed"}],
            "parties": [{"uuid": party, "type": "organization", "name": line(&d.assessment.organization)}],
            "responsible-parties": [{"role-id": "assessed", "party-uuids": [party]}],
        })
    }

    /// Systems, and the program that judged.
    fn definitions(&self) -> Value {
        let tool = self.tool();
        let mut out = object(json!({
            "assessment-assets": {
                "components": [{
                    "uuid": tool,
                    "type": "software",
                    "title": "backproof",
                    "description": "Collects the traces that backups leave and judges them against the policy.",
                    "props": [{"name": "version", "value": env!("CARGO_PKG_VERSION")}],
                    "status": {"state": "operational"},
                }],
                "assessment-platforms": [{
                    "uuid": self.lasting.uuid("platform"),
                    "title": "backproof, on an evidence store",
                    "uses-components": [{"component-uuid": tool}],
                }],
            },
        }));
        let item = |s: &model::dossier::SystemSheet| {
            json!({
                "uuid": self.system(&s.system_id),
                "description": line(&s.name),
                "props": [
                    {"name": "asset-id", "value": line(&s.system_id)},
                    prop("kind", &s.kind),
                    prop("tier", &s.tier),
                    prop("criticality", &s.criticality),
                    prop("owner", &s.owner),
                ],
            })
        };
        insert(&mut out, "inventory-items", self.d.systems.iter().map(item).collect());
        Value::Object(out)
    }

    fn system(&self, id: &str) -> String {
        self.lasting.uuid(&format!("system/{id}"))
    }

    fn tool(&self) -> String {
        self.lasting.uuid("tool")
    }

    /// Who says so.
    fn origins(&self) -> Value {
        json!([{"actors": [{"type": "tool", "actor-uuid": self.tool()}]}])
    }
}

/// A property of ours.
fn prop(name: &str, value: &str) -> Value {
    json!({"name": name, "ns": NAMESPACE, "value": line(value)})
}

/// Lists in OSCAL have an element at least, or are not there.
fn insert(into: &mut Map<String, Value>, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        into.insert(name.to_owned(), Value::Array(list));
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
