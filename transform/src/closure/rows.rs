//! Chains as rows of plain values, for `show closure` and spreadsheets.

use model::time::{Instant, utc_text};
use serde_json::{Map, Value, json};

use super::{Chain, chains};
use crate::world::World;

/// One row a failed, missed or overrun slot.
#[must_use]
pub fn rows(world: &World<'_>) -> Vec<Map<String, Value>> {
    chains(world).iter().filter_map(|chain| row(world, chain)).collect()
}

fn row(world: &World<'_>, chain: &Chain<'_>) -> Option<Map<String, Value>> {
    let time = |at: Option<Instant>| at.map(utc_text);
    let (alert, case) = (chain.alert.found(), chain.incident.found());
    let id = chain.slot.id(world.inventory);
    let row = json!({
        "row_id": format!("closure/{id}"),
        "slot_id": id,
        "plan_id": world.inventory.plans[chain.slot.plan].plan_id,
        "system_id": world.inventory.systems[chain.slot.system].system_id,
        "resource": Value::Null,
        "scheduled_for": utc_text(chain.slot.scheduled_for),
        "outcome": chain.slot.outcome,
        "failed_at": utc_text(chain.failed_at),
        "alert_id": alert.map(|a| a.alert_id.as_str()),
        "alerted_at": time(alert.map(|a| a.raised_at)),
        "acknowledged_at": time(chain.acknowledged.found()),
        "incident_id": case.map(|c| c.record.incident_id.as_str()),
        "opened_at": time(case.map(|c| c.opened_at)),
        "root_cause": chain.root_cause.found(),
        "resolution": chain.resolution.found(),
        "closed_at": time(case.and_then(|c| c.closed_at)),
        "recovered_at": time(chain.recovered_at()),
        "detect_s": chain.detect_s(),
        "respond_s": chain.respond_s(),
        "recover_s": chain.recover_s(),
        "broken_link": chain.broken_link(),
        "records": chain.records(world),
        "evidence": Value::Null,
        "pointer": Value::Null,
    });
    match row {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}
