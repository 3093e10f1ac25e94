//! DOC-08: the policy is labelled, published and acknowledged by those who carry it out.

use std::collections::BTreeSet;

use model::policy::Modality;
use model::time::utc_text;

use super::super::common::{filled, names, no_register};
use super::super::faults::Faults;
use super::{current_version, is_own_id, own_rows, versions};
use crate::judgement::Judgement;
use crate::world::World;

/// Roles that carry the policy out: owners of its duties, procedures and of what it says shall be done, to which people
/// are appointed.
fn carrying_out<'w>(world: &World<'w>) -> BTreeSet<&'w str> {
    let policy = world.policy;
    let binding = |m: Modality| matches!(m, Modality::Shall | Modality::Duty | Modality::Procedure | Modality::Output);
    policy
        .statements
        .iter()
        .filter(|s| binding(s.modality))
        .flat_map(|s| s.owner_roles.iter().map(String::as_str))
        .filter(|id| policy.role(id).is_none_or(|role| role.appointed))
        .collect()
}

/// DOC-08, for the current version and the people who hold those roles at `as_of`.
pub fn acknowledged(world: &World<'_>) -> Vec<Judgement> {
    let (document, version) = (&world.policy.document, current_version(world));
    let unit = document.document_id.as_str();
    let (mut faults, mut unknown) = (Faults::default(), Vec::new());
    let own = own_rows(world);
    let row = own.as_ref().and_then(|all| all.iter().find(|d| versions::same(&d.version, version)));
    let label = row.and_then(|d| filled(d.row.classification.as_deref())).or(filled(Some(&document.label)));
    faults.add_if(label.is_none(), "label_missing", || "it carries no classification label");
    match row {
        Some(row) => {
            faults.add_if(filled(row.location_ref.as_deref()).is_none(), "not_published", || {
                format!("{} does not say where it is published", row.declared_in)
            });
            if let Some(from) = row.effective_from.filter(|from| *from > world.as_of) {
                faults.add("not_in_effect", format!("it takes effect on {}", utc_text(from)));
            }
        }
        None if own.is_none() => unknown.push("documents"),
        None => unknown.push("documents: a row of this version"),
    }
    let registers = world.registers;
    let mut asked = 0;
    match (&registers.role_assignments, &registers.acknowledgements) {
        (Some(roles), Some(all)) => {
            let carrying_out = carrying_out(world);
            let people: BTreeSet<&str> = roles
                .iter()
                .filter(|a| {
                    carrying_out.contains(a.role.as_str()) && registers.held_role(&a.person, &a.role, world.as_of)
                })
                .map(|a| a.person.as_str())
                .collect();
            asked = people.len();
            let acknowledged = |person: &str| {
                all.iter().any(|a| {
                    a.person == person
                        && is_own_id(world, &a.document_id)
                        && versions::same(&a.version, version)
                        && a.acknowledged_at <= world.as_of
                })
            };
            let open: Vec<&str> = people.into_iter().filter(|p| !acknowledged(p)).collect();
            faults.add_if(!open.is_empty(), "not_acknowledged", || format!("not acknowledged by {}", names(&open)));
            if asked == 0 {
                unknown.push("role_assignments: a person who carries it out");
            }
        }
        (roles, all) => {
            unknown.extend(roles.is_none().then_some("role_assignments"));
            unknown.extend(all.is_none().then_some("acknowledgements"));
        }
    }
    let good = format!(
        "Version {version} is labelled {}, published, and acknowledged by all {asked} who carry it out.",
        label.unwrap_or_default()
    );
    let judgement = faults.judge(unit, &format!("Version {version}"), good);
    vec![match unknown.as_slice() {
        _ if judgement.state == model::assessment::State::Fail => judgement,
        [] => judgement,
        [register] if !register.contains(':') => no_register(unit, register),
        _ => Judgement::no_evidence(
            unit,
            "records_not_given",
            format!(
                "Whether version {version} was published and acknowledged is not shown; missing: {}.",
                unknown.join(", ")
            ),
        ),
    }]
}
