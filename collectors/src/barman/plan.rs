//! Retention, as `show-server` shows it.

use model::rows::{Component, ObservedPlan, Row};

use super::rows::resource;
use super::state::Settings;
use crate::{Batch, Sink};

/// Hands on one plan for each server whose settings were shown; of several readings the last document's.
pub fn plans(batch: &Batch<'_>, mut settings: Vec<Settings>, sink: &mut dyn Sink) {
    settings.sort_by(|a, b| (&a.server, b.document.name()).cmp(&(&b.server, a.document.name())));
    settings.dedup_by(|later, kept| later.server == kept.server);
    for found in settings {
        let (retention_s, retention_count) = retention(&found.retention);
        sink.row(Row::Plan(ObservedPlan {
            origin: batch.origin(&found.document, format!("plan {}", found.server), &found.pointer),
            plan_id: resource(&found.server),
            resource: Some(resource(&found.server)),
            component: Some(Component::Full),
            schedule: None,
            timezone: None,
            retention_s,
            retention_count,
            enabled: found.enabled,
            observed_at: batch.collected_at,
        }));
    }
}

/// `RECOVERY WINDOW OF n DAYS|WEEKS|MONTHS` as seconds, `REDUNDANCY n` as a count (manual,
/// "Retention policies"; Barman takes a month as 31 days).
fn retention(policy: &str) -> (Option<i64>, Option<u32>) {
    let words: Vec<String> = policy.split_whitespace().map(str::to_uppercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["REDUNDANCY", n] => (None, n.parse().ok()),
        ["RECOVERY", "WINDOW", "OF", n, unit] => {
            let days = match unit.trim_end_matches('S') {
                "DAY" => 1,
                "WEEK" => 7,
                "MONTH" => 31,
                _ => return (None, None),
            };
            (n.parse::<i64>().ok().and_then(|n| n.checked_mul(days * 86_400)), None)
        }
        _ => (None, None),
    }
}
