//! Controls of the frameworks that were judged: which were reviewed, and a finding for each with a state.

use std::collections::BTreeMap;

use model::assessment::State;
use serde_json::{Value, json};

use super::ids::{control, word};
use super::observations::Observations;
use super::{Context, Row, insert, line, object, prop, risks, rows};

/// Most observations that a finding links. Each observation names its check, and the activity of a check its controls, so
/// nothing is lost where more are left out.
const LINKS: usize = 100;

/// A control with its state.
struct Judged<'a> {
    id: String,
    framework: &'a str,
    row: Row<'a>,
    /// `None` where no check judges it.
    state: Option<State>,
    checks: Vec<&'a str>,
}

/// All controls of all frameworks of a dossier, in their order.
pub(super) struct Controls<'a>(Vec<Judged<'a>>);

impl<'a> Controls<'a> {
    pub(super) fn of(c: &Context<'a>) -> Self {
        let judged = |row: Row<'a>| {
            let (framework, id) = (row.text("framework")?, row.text("control_id")?);
            let checks = row.get("checks").and_then(Value::as_array);
            Some(Judged {
                id: control(framework, id),
                framework,
                state: row.text("state").and_then(|s| s.parse().ok()),
                checks: checks.into_iter().flatten().filter_map(Value::as_str).collect(),
                row,
            })
        };
        Self(rows(c.d, "controls").filter_map(judged).collect())
    }

    /// Selections, one a framework: what has a finding is included, what has none is excluded.
    pub(super) fn reviewed(&self) -> Value {
        let mut order: Vec<&str> = Vec::new();
        let mut frameworks: BTreeMap<&str, Vec<&Judged<'_>>> = BTreeMap::new();
        for control in &self.0 {
            let members = frameworks.entry(control.framework).or_default();
            if members.is_empty() {
                order.push(control.framework);
            }
            members.push(control);
        }
        let selection = |framework: &str| {
            let members = frameworks.get(framework).map(Vec::as_slice).unwrap_or_default();
            let name = members.first().and_then(|m| m.row.text("framework_name")).unwrap_or(framework);
            let (included, excluded): (Vec<&Judged<'_>>, Vec<&Judged<'_>>) =
                members.iter().copied().partition(|m| m.found());
            let ids = |list: &[&Judged<'_>]| list.iter().map(|m| json!({"control-id": m.id})).collect();
            let mut out = object(json!({
                "description": format!("{}. Excluded: controls that do not apply, or that no check judges.", line(name)),
                "props": [prop("framework", framework)],
            }));
            // The schema wants something included: where nothing was judged, all of it is excluded again.
            insert(&mut out, "include-controls", ids(if included.is_empty() { members } else { &included }));
            insert(&mut out, "exclude-controls", ids(&excluded));
            Value::Object(out)
        };
        let mut selections: Vec<Value> = order.into_iter().map(selection).collect();
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
            by_framework.entry(m.framework).or_default().extend(m.row.text("control_id"));
        }
        by_framework
            .iter()
            .map(|(framework, ids)| format!("{framework} {}", ids.join(", ")))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn bearing<'s>(&'s self, check: &'s str) -> impl Iterator<Item = &'s Judged<'a>> {
        self.0.iter().filter(move |m| m.found() && m.checks.contains(&check))
    }
}

impl<'a> Judged<'a> {
    /// True where there is something to say of it.
    fn found(&self) -> bool {
        matches!(self.state, Some(State::Pass | State::Fail | State::NoEvidence))
    }

    fn finding(&self, c: &Context<'a>, observations: &Observations<'a>) -> Value {
        let number = |column| self.row.count(column);
        let state = self.state.unwrap_or(State::NoEvidence);
        let (verdict, reason, why) = match state {
            State::Pass => ("satisfied", "pass", "Every result that applies passes."),
            State::Fail => ("not-satisfied", "fail", "A result fails; a waiver changes no state."),
            State::NoEvidence | State::NotApplicable => (
                "not-satisfied",
                "other",
                "Could not be determined: evidence is missing. This is no proven failure, and no pass.",
            ),
        };
        let id = self.row.text("control_id").unwrap_or_default();
        let name = self.row.text("framework_name").unwrap_or(self.framework);
        let mut props = vec![prop("framework", self.framework), prop("control-id", id), prop("state", state.as_str())];
        if self.row.get("only_waived") == Some(&Value::Bool(true)) {
            props.push(prop("only-waived", "true"));
        }
        let mut out = object(json!({
            "uuid": c.judged.uuid(&format!("finding/{}/{id}", self.framework)),
            "title": line(&format!("{id}: {}", self.row.text("title").unwrap_or_default())),
            "description": format!(
                "{}. Of the results that bear on it {} pass, {} fail, {} more fail under a waiver, {} lack evidence, {} do not apply.",
                line(name), number("pass"), number("fail"), number("waived"), number("no_evidence"), number("not_applicable"),
            ),
            "props": props,
            "origins": c.origins(),
            "target": {
                "type": "statement-id",
                "target-id": format!("{}_smt", self.id),
                "title": line(self.row.text("title").unwrap_or(id)),
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

    /// Observations and risks, failures first. A framework that is about some systems counts the results on those only,
    /// and which these are is not told here: results of a state are linked where all of them count.
    fn links(&self, c: &Context<'a>, observations: &Observations<'a>) -> (Vec<Value>, Vec<Value>, String) {
        let (mut links, mut open, mut partly, mut total) = (Vec::new(), Vec::new(), false, 0);
        let counted = [
            (State::Fail, self.row.count("fail") + self.row.count("waived")),
            (State::NoEvidence, self.row.count("no_evidence")),
            (State::Pass, self.row.count("pass")),
        ];
        for (state, count) in counted {
            let members = || observations.of_checks(&self.checks).filter(|(r, _)| r.state == state);
            if members().count() as u64 != count {
                partly = true;
                continue;
            }
            total += count;
            for (result, uuid) in members().take(LINKS.saturating_sub(links.len())) {
                links.push(json!({"observation-uuid": uuid}));
                if state != State::Pass {
                    open.push(json!({"risk-uuid": risks::uuid(c, &result.check, &result.unit, &result.detail)}));
                }
            }
        }
        let mut remarks = Vec::new();
        if partly {
            remarks.push(
                "Some results of its checks do not count, because the framework is about some systems only: observations of their state are not linked."
                    .to_owned(),
            );
        }
        if total > LINKS as u64 {
            remarks.push(format!("Of {total} observations the first {LINKS} are linked, failures first; each observation names its check, and the activity of a check its controls."));
        }
        (links, open, remarks.join(" "))
    }
}
