//! One observation for each result of a check, with the objects it rests on.

use std::collections::BTreeMap;

use model::assessment::{CheckResult, State};
use model::lineage::Place;
use model::time::utc_text;
use serde_json::{Value, json};

use super::ids::reference;
use super::{Context, OBJECTS, WITHHELD, WORKSPACE, insert, line, object, prop};

/// Most places that an observation names of one object; `lineage.csv` of the packet has all.
const PLACES: usize = 10;

/// Results with the UUIDs of their observations.
pub(super) struct Observations<'a> {
    results: Vec<(&'a CheckResult, String)>,
    /// System by check and unit, where it takes more than the unit to tell.
    about: BTreeMap<(&'a str, &'a str), &'a str>,
}

impl<'a> Observations<'a> {
    pub(super) fn of(c: &Context<'a>) -> Self {
        let mut about = BTreeMap::new();
        // A system out of scope is no item of the inventory here.
        for (sheet, _) in c.sheets().filter(|(sheet, _)| c.systems.contains_key(sheet.system.as_str())) {
            about.insert((sheet.check.as_str(), sheet.unit.as_str()), sheet.system.as_str());
        }
        let mut seen: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        let mut results = Vec::with_capacity(c.d.assessment.results.len());
        for result in &c.d.assessment.results {
            let again = seen.entry((&result.check, &result.unit)).or_default();
            let name = format!("observation/{}/{}/{again}", result.check, result.unit);
            *again += 1;
            results.push((result, c.judged.uuid(&name)));
        }
        Self { results, about }
    }

    /// All, in the order of the results.
    pub(super) fn all(&self, c: &Context<'a>) -> impl Iterator<Item = Value> {
        self.results.iter().map(|(result, uuid)| self.observation(c, result, uuid))
    }

    /// Those of failures and of results without evidence.
    pub(super) fn open(&self, c: &Context<'a>) -> impl Iterator<Item = Value> {
        let open = self.results.iter().filter(|(r, _)| matches!(r.state, State::Fail | State::NoEvidence));
        open.map(|(result, uuid)| self.observation(c, result, uuid))
    }

    /// UUID of the observation of the result at this position of the assessment.
    pub(super) fn uuid(&self, result: usize) -> Option<&str> {
        self.results.get(result).map(|(_, uuid)| uuid.as_str())
    }

    /// Results of some checks with their positions, and with the UUIDs of their observations.
    pub(super) fn of_checks<'s>(
        &'s self,
        checks: &[String],
    ) -> impl Iterator<Item = (usize, &'a CheckResult, &'s str)> {
        checks.iter().flat_map(move |check| {
            let from = self.results.partition_point(|(r, _)| r.check < *check);
            let to = self.results.partition_point(|(r, _)| r.check <= *check);
            let these = self.results.get(from..to).unwrap_or_default().iter();
            (from..).zip(these).map(|(at, (r, uuid))| (at, *r, uuid.as_str()))
        })
    }

    fn observation(&self, c: &Context<'a>, result: &CheckResult, uuid: &str) -> Value {
        let mut props = vec![
            prop("check", &result.check),
            prop("unit", &result.unit),
            prop("state", result.state.as_str()),
            prop("severity", result.severity.as_str()),
        ];
        if result.waived {
            props.push(prop("waived", "true"));
        }
        props.extend(result.reasons.iter().map(|reason| prop("reason", reason)));
        let kind = if matches!(result.state, State::Fail) { "finding" } else { "control-objective" };
        let mut out = object(json!({
            "uuid": uuid,
            "title": line(&format!("{}: {}", result.check, result.unit)),
            "description": line(&result.detail),
            "props": props,
            "methods": ["EXAMINE"],
            "types": [kind],
            "origins": c.origins(),
            "collected": utc_text(c.d.assessment.period.as_of),
        }));
        let key = (result.check.as_str(), result.unit.as_str());
        if let Some(system) = c.systems.get(key.1).or_else(|| self.about.get(&key)) {
            let subject = json!({"subject-uuid": c.system(system), "type": "inventory-item"});
            insert(&mut out, "subjects", vec![subject]);
        }
        insert(&mut out, "relevant-evidence", evidence(c, &result.records));
        Value::Object(out)
    }
}

/// The objects and files that rows lie in, each once. A row that was read nowhere is named without one.
fn evidence(c: &Context<'_>, records: &[String]) -> Vec<Value> {
    let mut by_file: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
    for record in records {
        let place = c.places.get(record.as_str());
        let pointer = place.map_or("", |p| p.pointer.as_str());
        let said = if pointer.is_empty() { record.clone() } else { format!("{record} ({pointer})") };
        by_file.entry(place.and_then(|p| file(c, p))).or_default().push(said);
    }
    let told = |(file, places): (Option<String>, Vec<String>)| {
        let more = places.len().saturating_sub(PLACES);
        let more = if more == 0 { String::new() } else { format!(" and {more} more, see lineage.csv") };
        let places = places.into_iter().take(PLACES).collect::<Vec<_>>().join(", ");
        let mut out = object(json!({"description": line(&format!("Rows {places}{more}"))}));
        if let Some(file) = file {
            out.insert("href".to_owned(), Value::String(file));
        }
        Value::Object(out)
    };
    by_file.into_iter().map(told).collect()
}

/// The file of the packet that a place lies in, seen from the folder of these documents: an object, the list of those that
/// are withheld, or the file of the workspace that declares the row.
fn file(c: &Context<'_>, place: &Place) -> Option<String> {
    let object = &place.evidence;
    if c.d.withheld.iter().any(|w| w.sha256 == *object) {
        return Some(WITHHELD.to_owned());
    }
    if let Some(shard) = object.get(..2) {
        return Some(format!("{OBJECTS}/{shard}/{object}"));
    }
    let (file, _line) = place.pointer.rsplit_once(':')?;
    Some(format!("{WORKSPACE}/{}", reference(file)))
}
