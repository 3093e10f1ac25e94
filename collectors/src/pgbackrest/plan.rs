//! Retention, as the begin lines of `backup` and `expire` show it.

use std::collections::BTreeMap;

use model::rows::{Component, ObservedPlan, Row};

use super::log::Process;
use super::rows::resource;
use crate::{Batch, Sink};

/// One plan for each stanza, from its newest process that shows a retention.
///
/// `repoN-retention-full` counts full backups, or days with `repoN-retention-full-type=time` (manual,
/// "Repository Options"). Of several repositories the first one is shown: backups go there by default.
pub fn plans(batch: &Batch<'_>, processes: &[Process], sink: &mut dyn Sink) {
    let mut newest: BTreeMap<&str, &Process> = BTreeMap::new();
    for process in processes {
        let Some(stanza) = process.stanza().filter(|_| retention(process).is_some()) else { continue };
        let at = |p: &Process| p.begin.map(|b| (b.at, b.local));
        if newest.get(stanza).is_none_or(|known| at(known) <= at(process)) {
            newest.insert(stanza, process);
        }
    }
    for (stanza, process) in newest {
        let Some((number, days)) = retention(process) else { continue };
        let id = format!("pgbackrest:{stanza}");
        sink.row(Row::Plan(ObservedPlan {
            origin: batch.origin(&process.document, format!("plan {stanza}"), &process.pointer),
            plan_id: id,
            resource: Some(resource(stanza)),
            component: Some(Component::Full),
            schedule: None,
            timezone: None,
            retention_s: days.then(|| i64::from(number) * 86_400),
            retention_count: (!days).then_some(number),
            enabled: None,
            observed_at: process.begin.and_then(|b| b.at).unwrap_or(batch.collected_at),
        }));
    }
}

/// Number of full backups or, where the second value is true, of days.
fn retention(process: &Process) -> Option<(u32, bool)> {
    let (key, value) = process.options.iter().find(|(k, _)| k.starts_with("repo") && k.ends_with("-retention-full"))?;
    let kind = process.options.get(&format!("{key}-type"));
    Some((value.parse().ok()?, kind.is_some_and(|k| k == "time")))
}
