//! Controls of the frameworks that were judged: which were reviewed, and a finding for each with a state.

use std::collections::BTreeMap;

use model::assessment::State;
use model::dossier::{ControlSheet, Dossier, FrameworkSheet};
use serde_json::{Value, json};

use super::ids::{control, word};
use super::observations::Observations;
use super::{Context, insert, line, object, prop, risks};

/// Most observations that a finding links. Each observation names its check, and the activity of a check its controls, so
/// nothing is lost where more are left out.
const LINKS: usize = 100;

/// A control with its framework.
struct Judged<'a> {
    /// As OSCAL writes it.
    id: String,
    framework: &'a FrameworkSheet,
    sheet: &'a ControlSheet,
}

/// All controls of the chosen frameworks of a dossier, in their order.
pub(super) struct Controls<'a>(Vec<Judged<'a>>);

impl<'a> Controls<'a> {
    pub(super) fn of(d: &'a Dossier) -> Self {
        let members = |framework: &'a FrameworkSheet| {
            let judged =
                move |sheet: &'a ControlSheet| Judged { id: control(&framework.id, &sheet.id), framework, sheet };
            framework.controls.iter().map(judged)
        };
        Self(d.chosen().flat_map(members).collect())
    }

    /// Selections, one a framework: what has a finding is included, what has none is excluded.
    pub(super) fn reviewed(&self) -> Value {
        let selection = |members: &[Judged<'_>]| {
            let framework = members.first()?.framework;
            let (included, excluded): (Vec<&Judged<'_>>, Vec<&Judged<'_>>) = members.iter().partition(|m| m.found());
            let ids = |list: &[&Judged<'_>]| list.iter().map(|m| json!({"control-id": m.id})).collect();
            let mut out = object(json!({
                "description": format!("{}. Excluded: controls that do not apply, or that no check judges.", line(&framework.name)),
                "props": [prop("framework", &framework.id)],
            }));
            // The schema wants something included: where nothing was judged, all of it is excluded again.
            insert(&mut out, "include-controls", ids(if included.is_empty() { &excluded } else { &included }));
            insert(&mut out, "exclude-controls", ids(&excluded));
            Some(Value::Object(out))
        };
        let mut selections: Vec<Value> =
            self.0.chunk_by(|a, b| a.framework.id == b.framework.id).filter_map(selection).collect();
        if selections.is_empty() {
            let none = json!([{"control-id": "none"}]);
            let description = "No framework was judged.";
            selections.push(json!({"description": description, "include-controls": none, "exclude-controls": none}));
        }
        json!({"control-selections": selections})
    }

    /// The checks as activities, each with the controls it bears on.
    pub(super) fn activities(&self, c: &Context<'_>) -> Vec<Value> {
        let activity = |check: &model::dossier::CheckSheet| {
            let mut out = object(json!({
                "uuid": c.judged.uuid(&format!("activity/{}", check.id)),
                "title": line(&format!("{}: {}", check.id, check.title)),
                "description": line(&check.rule),
                "props": [prop("check", &check.id), prop("severity", check.severity.as_str())],
            }));
            let controls: Vec<Value> = self.bearing(&check.id).map(|m| json!({"control-id": m.id})).collect();
            if !controls.is_empty() {
                out.insert(
                    "related-controls".to_owned(),
                    json!({"control-selections": [{"include-controls": controls}]}),
                );
            }
            Value::Object(out)
        };
        c.d.checks.iter().map(activity).collect()
    }

    /// Findings of the controls that have a state of their own.
    pub(super) fn findings(&self, c: &Context<'a>, observations: &Observations<'a>) -> impl Iterator<Item = Value> {
        self.0.iter().filter(|m| m.found()).map(|m| m.finding(c, observations))
    }

    /// Controls that a check bears on, in words.
    pub(super) fn words(&self, check: &str) -> String {
        let mut by_framework: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for m in self.bearing(check) {
            by_framework.entry(&m.framework.id).or_default().push(&m.sheet.id);
        }
        by_framework
            .iter()
            .map(|(framework, ids)| format!("{framework} {}", ids.join(", ")))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn bearing<'s>(&'s self, check: &'s str) -> impl Iterator<Item = &'s Judged<'a>> {
        self.0.iter().filter(move |m| m.found() && m.sheet.checks.iter().any(|c| c == check))
    }
}

impl<'a> Judged<'a> {
    /// True where there is something to say of it.
    fn found(&self) -> bool {
        matches!(self.sheet.state, Some(State::Pass | State::Fail | State::NoEvidence))
    }

    fn finding(&self, c: &Context<'a>, observations: &Observations<'a>) -> Value {
        let (framework, sheet) = (self.framework, self.sheet);
        let [pass, fail, waived, not_applicable, no_evidence] = sheet.counts;
        let state = sheet.state.unwrap_or(State::NoEvidence);
        let (verdict, reason, why) = match state {
            State::Pass => ("satisfied", "pass", "Every result that applies passes."),
            State::Fail => ("not-satisfied", "fail", "A result fails; a waiver changes no state."),
            State::NoEvidence | State::NotApplicable => (
                "not-satisfied",
                "other",
                "Could not be determined: evidence is missing. This is no proven failure, and no pass.",
            ),
        };
        let id = &sheet.id;
        let mut props = vec![prop("framework", &framework.id), prop("control-id", id), prop("state", state.as_str())];
        if sheet.only_waived {
            props.push(prop("only-waived", "true"));
        }
        let mut out = object(json!({
            "uuid": c.judged.uuid(&format!("finding/{}/{id}", framework.id)),
            "title": line(&format!("{id}: {}", sheet.title)),
            "description": format!(
                "{}. Of the results that bear on it {pass} pass, {fail} fail, {waived} more fail under a waiver, {no_evidence} lack evidence, {not_applicable} do not apply.",
                line(&framework.name),
            ),
            "props": props,
            "origins": c.origins(),
            "target": {
                "type": "statement-id",
                "target-id": format!("{}_smt", self.id),
                "title": line(&sheet.title),
                "props": [prop("control-id", id)],
                "status": {"state": verdict, "reason": word(reason), "remarks": why},
            },
        }));
        let (links, open, remark) = self.links(c, observations);
        insert(&mut out, "related-observations", links);
        insert(&mut out, "related-risks", open);
        if !remark.is_empty() {
            out.insert("remarks".to_owned(), Value::String(remark));
        }
        Value::Object(out)
    }

    /// Observations and risks of the results that count, failures first, and a remark where not all are linked.
    fn links(&self, c: &Context<'a>, observations: &Observations<'a>) -> (Vec<Value>, Vec<Value>, String) {
        let (mut links, mut open, mut total) = (Vec::new(), Vec::new(), 0);
        for state in [State::Fail, State::NoEvidence, State::Pass] {
            let members = observations.of_checks(&self.sheet.checks);
            for (_, result, uuid) in
                members.filter(|(at, r, _)| r.state == state && !self.framework.left_out.contains(at))
            {
                total += 1;
                if total > LINKS {
                    continue;
                }
                links.push(json!({"observation-uuid": uuid}));
                if state != State::Pass {
                    open.push(json!({"risk-uuid": risks::uuid(c, &result.check, &result.unit, &result.detail)}));
                }
            }
        }
        let remark = if total > LINKS {
            format!(
                "Of {total} observations the first {LINKS} are linked, failures first; each observation names its check, and the activity of a check its controls."
            )
        } else {
            String::new()
        };
        (links, open, remark)
    }
}
