//! Backup plans, their rules, and the resources assigned to them.

use std::collections::BTreeMap;

use model::rows::{Component, ObservedPlan, Row};

use super::newest;
use crate::aws::{Answers, Item};
use crate::{Batch, Sink, problem};

/// Id of a rule of a plan; the plan alone where the rule is not named.
pub(super) fn plan_id(plan: Option<&str>, rule: Option<&str>) -> Option<String> {
    let plan = plan?;
    Some(rule.map_or_else(|| plan.to_owned(), |rule| format!("{plan}/{rule}")))
}

/// Reads plans: one row for each rule, and for each resource that a selection names by its whole ARN.
pub(super) fn read(batch: &Batch<'_>, answers: &Answers<'_>, sink: &mut dyn Sink) {
    let mut assigned: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for reply in &answers.replies {
        let Some(selection) = Item::one(reply, "BackupSelection") else { continue };
        let Some(plan) = Item::whole(reply).text("BackupPlanId") else { continue };
        let arns = selection.value.get("Resources").and_then(serde_json::Value::as_array).into_iter().flatten();
        let whole = arns.filter_map(|a| a.as_str()).filter(|a| a.starts_with("arn:") && !a.contains('*'));
        assigned.entry(plan).or_default().extend(whole);
    }
    let mut detailed: BTreeMap<&str, Item<'_, '_>> = BTreeMap::new();
    for reply in &answers.replies {
        if !reply.value.contains_key("BackupPlan") {
            continue;
        }
        let item = Item::whole(reply);
        let Some(id) = item.text("BackupPlanId") else {
            item.fault("BackupPlanId", "missing, so the plan can't be named; export without --query", sink);
            continue;
        };
        let rank = |i: &Item<'_, '_>| (i.place().at, i.place().document.digest());
        if detailed.get(id).is_none_or(|known| rank(known) < rank(&item)) {
            detailed.insert(id, item);
        }
    }
    for (id, item) in &detailed {
        let arns = assigned.get(id).map(Vec::as_slice).unwrap_or_default();
        rules(batch, id, *item, arns, sink);
    }
    let listed = |item: &Item<'_, '_>| item.pointer().starts_with("/BackupPlansList/");
    for (id, item) in newest(answers, "BackupPlansList", "", "BackupPlanId", listed, sink) {
        if detailed.contains_key(id) {
            continue;
        }
        let mut row = plan(id.to_owned(), item, batch, "");
        row.enabled = item.text("DeletionDate").map(|_| false);
        sink.row(Row::Plan(row));
    }
}

fn rules(batch: &Batch<'_>, id: &str, item: Item<'_, '_>, arns: &[&str], sink: &mut dyn Sink) {
    let Some(body) = item.inner("BackupPlan") else { return };
    let rules = body.value.get("Rules").and_then(serde_json::Value::as_array);
    let Some(rules) = rules else {
        let place = format!("{}/BackupPlan", item.place().pointer);
        let message = "a plan without rules; export it with get-backup-plan";
        return sink.problem(problem(item.place().document, Some(place), message));
    };
    for (at, rule) in rules.iter().enumerate() {
        let text = |key: &str| rule.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
        let rule_id = text("RuleId").or_else(|| text("RuleName"));
        let mut row = plan(
            plan_id(Some(id), rule_id.as_deref()).unwrap_or_default(),
            item,
            batch,
            &format!("/BackupPlan/Rules/{at}"),
        );
        row.schedule = text("ScheduleExpression");
        // AWS Backup user guide: schedules are in UTC unless the rule names a zone.
        row.timezone = text("ScheduleExpressionTimezone").or_else(|| row.schedule.as_ref().map(|_| "UTC".to_owned()));
        let days = rule.pointer("/Lifecycle/DeleteAfterDays").and_then(serde_json::Value::as_i64);
        row.retention_s = days.filter(|d| *d > 0).and_then(|d| d.checked_mul(86_400));
        let continuous = rule.get("EnableContinuousBackup").and_then(serde_json::Value::as_bool) == Some(true);
        row.component = Some(if continuous { Component::LogContinuous } else { Component::Snapshot });
        row.enabled = Some(true);
        if arns.is_empty() {
            sink.row(Row::Plan(row.clone()));
        }
        for arn in arns {
            let mut of_resource = row.clone();
            of_resource.resource = Some(format!("aws-backup:{arn}"));
            of_resource.origin.record_id = format!("{}:{arn}", row.origin.record_id);
            sink.row(Row::Plan(of_resource));
        }
    }
}

fn plan(id: String, item: Item<'_, '_>, batch: &Batch<'_>, below: &str) -> ObservedPlan {
    let origin = item.place().origin(batch, format!("plan:{id}"), &format!("{}{below}", item.pointer()));
    ObservedPlan {
        plan_id: id,
        resource: None,
        component: None,
        schedule: None,
        timezone: None,
        retention_s: None,
        retention_count: None,
        enabled: None,
        observed_at: item.place().at,
        origin,
    }
}
