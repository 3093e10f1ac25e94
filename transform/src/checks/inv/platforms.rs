//! INV-06 and INV-07: where backups go is itself inventoried; control systems are backed up with care.

use std::collections::{BTreeMap, BTreeSet};

use model::inventory::SystemKind;
use model::registers::DocumentKind;
use model::rows::Component;
use model::time::utc_text;

use super::super::common::{filled, holds, names, no_inventory, no_register, or_empty};
use crate::judgement::Judgement;
use crate::world::World;

/// INV-06: every platform and location that an enabled plan names has its row.
///
/// A location counts as registered in the register, by a reading of the platform itself, or where a systems row of
/// that id is marked `provider_managed_backup` (STO-07 covers what the customer cannot list).
pub fn platforms(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("backup_plans");
    }
    let mut platforms: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut locations: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut out = Vec::new();
    for (_, system) in world.in_scope() {
        for (_, plan) in world.plans_in_force(system, world.period.start(), world.until()) {
            let unit = plan.plan_id.as_str();
            if plan.platform_id.is_none() && plan.location_id.is_none() {
                out.push(
                    Judgement::no_evidence(
                        unit,
                        "target_not_named",
                        "The plan names neither platform nor location (backup_plans.platform_id, location_id).",
                    )
                    .about(&system.system_id),
                );
            }
            for id in plan.platform_id.iter() {
                platforms.entry(id).or_default().insert(&system.system_id);
            }
            for id in plan.location_id.iter().chain(&plan.copy_location_ids) {
                locations.entry(id).or_default().insert(&system.system_id);
            }
        }
    }
    out.dedup_by(|a, b| a.unit == b.unit);
    let until = world.until();
    for (id, systems) in platforms {
        let row = world.inventory.systems.iter().find(|s| {
            s.kind == SystemKind::BackupPlatform
                && (s.system_id == id || s.platform_id.as_deref() == Some(id))
                && s.retired_at.is_none_or(|r| r >= until)
        });
        let judgement = match row {
            None => Judgement::fail(
                id,
                "platform_not_registered",
                "Plans write to this platform, and no systems row of kind backup_platform stands for it.",
            ),
            Some(row) => match filled(row.owner.as_deref()) {
                None => Judgement::fail(
                    id,
                    "owner_missing",
                    format!("The systems row {} of this platform names no owner.", row.system_id),
                ),
                Some(owner) => Judgement::pass(id, format!("Registered as {}, owned by {owner}.", row.system_id)),
            },
        };
        out.push(systems.iter().fold(judgement, |j, s| j.about(s)));
    }
    for (id, systems) in locations {
        let registered = world.registers.storage_locations.iter().flatten().any(|l| l.location_id == id);
        let observed = world.tables.storage.iter().any(|l| l.location_id == id);
        let provider = world.inventory.systems.iter().any(|s| {
            s.provider_managed_backup == Some(true) && (s.system_id == id || s.platform_id.as_deref() == Some(id))
        });
        let judgement = if registered || observed || provider {
            let how = match (registered, observed) {
                (true, _) => "It stands in the register storage_locations.",
                (false, true) => "It was read from its platform (storage_locations).",
                (false, false) => "A provider runs it; its systems row says so.",
            };
            Judgement::pass(id, how)
        } else if world.registers.storage_locations.is_none() {
            no_register(id, "storage_locations")
        } else {
            Judgement::fail(
                id,
                "location_not_registered",
                "Plans write to this location, and storage_locations has no row for it.",
            )
        };
        out.push(systems.iter().fold(judgement, |j, s| j.about(s)));
    }
    or_empty(out, "no_enabled_plan", "No plan of an in-scope system was enabled in the period.")
}

/// INV-07: control systems in scope are backed up without disturbing operation.
///
/// Required components must name `config` and a component that holds programs or data (full, snapshot, logical or
/// mirror). Whether the document speaks of disturbance is for people; that it is approved and names the system is
/// tested.
pub fn control_systems(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let mut out = Vec::new();
    for (_, system) in world.in_scope() {
        let unit = system.system_id.as_str();
        match system.iacs {
            Some(true) => {}
            None if system.kind == SystemKind::ControlSystem => {
                out.push(
                    Judgement::no_evidence(
                        unit,
                        "iacs_not_set",
                        "The system is a control system and systems.iacs does not say whether it is in operation.",
                    )
                    .about(unit),
                );
                continue;
            }
            _ => continue,
        }
        let mut missing: Vec<(&str, String)> = Vec::new();
        if world.plans_in_force(system, world.period.start(), world.until()).next().is_none() {
            missing.push(("no_plan", "no enabled plan covers it".to_owned()));
        }
        let programs =
            |c: &Component| matches!(c, Component::Full | Component::Snapshot | Component::Logical | Component::Mirror);
        if !system.required_components.contains(&Component::Config) || !system.required_components.iter().any(programs)
        {
            let listed: Vec<String> = system.required_components.iter().map(ToString::to_string).collect();
            missing.push((
                "components_missing",
                format!("required_components ({}) do not hold configuration and programs", names(&listed)),
            ));
        }
        let document = world.registers.documents.as_ref().map(|all| {
            all.iter().find(|d| {
                matches!(d.kind, DocumentKind::RecoveryProcedure | DocumentKind::BackupConfiguration)
                    && holds(&d.system_ids, unit)
                    && d.approved_at.is_some_and(|at| at < world.until())
            })
        });
        if document == Some(None) {
            missing.push((
                "document_missing",
                "no approved recovery procedure or backup configuration names it".to_owned(),
            ));
        }
        let judgement = match (missing.first(), document.flatten()) {
            (Some((code, _)), _) => {
                let texts: Vec<&str> = missing.iter().map(|(_, t)| t.as_str()).collect();
                missing.iter().skip(1).fold(
                    Judgement::fail(unit, code, format!("For this control system {}.", texts.join("; "))),
                    |j, m| j.reason(m.0),
                )
            }
            (None, None) => no_register(unit, "documents"),
            (None, Some(document)) => Judgement::pass(
                unit,
                format!(
                    "A plan covers it, configuration and programs are required, and {} describes it (approved {}).",
                    document.document_id,
                    document.approved_at.map_or_else(String::new, utc_text)
                ),
            ),
        };
        out.push(judgement.about(unit));
    }
    or_empty(out, "no_control_system", "No in-scope system has iacs = true.")
}
