//! What followed each failed, missed or overrun slot.

use model::dossier::ClosureSheet;

use crate::closure::{Chain, chains};
use crate::world::World;

pub(super) fn closures(world: &World<'_>) -> Vec<ClosureSheet> {
    let mut out: Vec<ClosureSheet> = chains(world).iter().map(|chain| sheet(world, chain)).collect();
    out.sort_by(|a, b| (a.scheduled_for, &a.slot_id).cmp(&(b.scheduled_for, &b.slot_id)));
    out
}

fn sheet(world: &World<'_>, chain: &Chain<'_>) -> ClosureSheet {
    let case = chain.incident.found();
    let words = |text: Option<&str>| text.unwrap_or_default().to_owned();
    ClosureSheet {
        slot_id: chain.slot.id(world.inventory),
        system: world.inventory.systems[chain.slot.system].name.clone(),
        plan_id: world.inventory.plans[chain.slot.plan].plan_id.clone(),
        scheduled_for: chain.slot.scheduled_for,
        outcome: chain.slot.outcome,
        alert_id: words(chain.alert.found().map(|a| a.alert_id.as_str())),
        alerted_at: chain.alert.found().map(|a| a.raised_at),
        acknowledged_at: chain.acknowledged.found(),
        incident_id: words(case.map(|c| c.record.incident_id.as_str())),
        root_cause: words(chain.root_cause.found()),
        resolution: words(chain.resolution.found()),
        closed_at: case.and_then(|c| c.closed_at),
        recovered_at: chain.recovered_at(),
        detect_s: chain.detect_s(),
        respond_s: chain.respond_s(),
        recover_s: chain.recover_s(),
        broken_link: chain.broken_link(),
    }
}
