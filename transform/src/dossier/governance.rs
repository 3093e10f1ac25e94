//! What people recorded: roles, incidents, actions, reviews, documents, access.

use model::dossier::{AccessSheet, ActionSheet, DocumentSheet, Governance, IncidentSheet, ReviewSheet, RoleSheet};
use model::registers::{AccessGrant, ActionKind, Document, Principal, PrincipalStatus};
use model::time::Instant;

use crate::checks::last_moment;
use crate::world::World;

/// Everything of the registers that reports print.
pub(super) fn governance(world: &World<'_>) -> Governance {
    Governance {
        roles: roles(world),
        incidents: incidents(world),
        actions: actions(world),
        reviews: reviews(world),
        documents: documents(world),
        access: access(world),
    }
}

fn words(text: Option<&String>) -> String {
    text.cloned().unwrap_or_default()
}

fn kind(word: Option<impl ToString>) -> String {
    word.map_or_else(String::new, |w| w.to_string().replace('_', " "))
}

fn roles(world: &World<'_>) -> Vec<RoleSheet> {
    let at = last_moment(world.until());
    let holders = |role: &str| {
        let rows = world.registers.role_assignments.iter().flatten();
        rows.filter(|a| a.role == role && a.valid_from <= at && a.valid_to.is_none_or(|end| at < end))
            .map(|a| a.person.clone())
            .collect()
    };
    let all = world.policy.roles.iter();
    all.map(|r| RoleSheet { role_id: r.id.clone(), name: r.name.clone(), holders: holders(&r.id) }).collect()
}

/// Whether something that was open from `from` to `to` was so at some time of the period.
fn open_in(world: &World<'_>, from: Instant, to: Option<Instant>) -> bool {
    from < world.until() && to.is_none_or(|end| end >= world.period.start())
}

fn incidents(world: &World<'_>) -> Option<Vec<IncidentSheet>> {
    let mut out: Vec<IncidentSheet> = world
        .incidents?
        .iter()
        .filter(|i| i.backup_related && i.duplicate_of.is_none() && open_in(world, i.opened_at, i.closed_at))
        .map(|i| IncidentSheet {
            incident_id: i.incident_id.clone(),
            kind: i.kind.to_string(),
            cause_class: kind(i.cause_class),
            severity: words(i.severity.as_ref()),
            systems: i
                .system_ids
                .iter()
                .map(|id| world.inventory.system(id).map_or_else(|| id.clone(), |s| s.name.clone()))
                .collect(),
            opened_at: i.opened_at,
            closed_at: i.closed_at.filter(|at| *at <= world.until()),
            significant: i.significant,
            root_cause: words(i.root_cause.as_ref()),
            resolution: words(i.resolution.as_ref()),
            lessons: words(i.lessons_ref.as_ref()),
            actions: i.improvement_action_ids.clone(),
        })
        .collect();
    out.sort_by(|a, b| (a.opened_at, &a.incident_id).cmp(&(b.opened_at, &b.incident_id)));
    Some(out)
}

/// Actions open in the period. Of a disciplinary one neither who carries it out nor what it answers is told: reports go
/// to people who need not know whom it concerns.
fn actions(world: &World<'_>) -> Option<Vec<ActionSheet>> {
    let until = world.until();
    let mut out: Vec<ActionSheet> = world
        .registers
        .actions
        .as_ref()?
        .iter()
        .filter(|a| open_in(world, a.opened_at, a.closed_at))
        .map(|a| {
            let closed_at = a.closed_at.filter(|at| *at <= until);
            let told = |text: &Option<String>| match a.kind {
                Some(ActionKind::Disciplinary) => String::new(),
                _ => words(text.as_ref()),
            };
            let origin = [kind(a.origin_kind), told(&a.origin_ref)];
            ActionSheet {
                action_id: a.action_id.clone(),
                origin: origin.join(" ").trim().to_owned(),
                kind: kind(a.kind),
                owner: told(&a.owner),
                opened_at: a.opened_at,
                due_at: a.due_at,
                closed_at,
                verified_at: a.verified_at.filter(|at| *at <= until),
                overdue: closed_at.is_none() && a.due_at.is_some_and(|due| due < until),
            }
        })
        .collect();
    out.sort_by(|a, b| (a.due_at.is_none(), a.due_at, &a.action_id).cmp(&(b.due_at.is_none(), b.due_at, &b.action_id)));
    Some(out)
}

fn reviews(world: &World<'_>) -> Option<Vec<ReviewSheet>> {
    let mut out: Vec<ReviewSheet> = world
        .registers
        .reviews
        .as_ref()?
        .iter()
        .filter(|r| r.performed_at <= world.until())
        .map(|r| ReviewSheet {
            review_id: r.review_id.clone(),
            kind: kind(Some(r.kind)),
            from: r.period_start,
            to: r.period_end,
            performed_at: r.performed_at,
            performer: words(r.performer.as_ref()),
            findings: r.findings.clone(),
            actions: r.action_ids.clone(),
            signed_off_by: words(r.signed_off_by.as_ref()),
            record: words(r.evidence_ref.as_ref()),
        })
        .collect();
    out.sort_by(|a, b| (a.performed_at, &a.review_id).cmp(&(b.performed_at, &b.review_id)));
    Some(out)
}

fn documents(world: &World<'_>) -> Option<Vec<DocumentSheet>> {
    let mut out: Vec<DocumentSheet> =
        world.registers.documents.as_ref()?.iter().map(|d| document(world, &d.row)).collect();
    out.sort_by(|a, b| (&a.document_id, &a.version).cmp(&(&b.document_id, &b.version)));
    Some(out)
}

fn document(world: &World<'_>, d: &Document) -> DocumentSheet {
    let role = d.approved_role.as_deref().map(|r| format!(" ({})", world.policy.role_name(r)));
    let signatures = world.registers.signatures.iter().flatten();
    DocumentSheet {
        document_id: d.document_id.clone(),
        kind: kind(Some(d.kind)),
        title: words(d.title.as_ref()),
        version: d.version.clone(),
        approved_by: d.approved_by.as_ref().map_or_else(String::new, |who| who.clone() + &role.unwrap_or_default()),
        approved_at: d.approved_at,
        effective_from: d.effective_from,
        next_review_due: d.next_review_due.map(|day| day.to_string()).unwrap_or_default(),
        signatures: signatures
            .filter(|s| s.document_id == d.document_id && s.version.as_deref() == Some(d.version.as_str()))
            .map(|s| {
                let name = s.name.as_deref().unwrap_or("nobody");
                let day = s.signed_at.map_or_else(|| "without a date".to_owned(), |day| day.to_string());
                format!("{}: {name}, {day}", world.policy.role_name(&s.role))
            })
            .collect(),
        location: words(d.location_ref.as_ref()),
        digest: words(d.digest.as_ref()),
    }
}

/// Active principals with their permissions. A permission whose principal is not on record is shown as well, and a
/// principal without one.
fn access(world: &World<'_>) -> Option<Vec<AccessSheet>> {
    let registers = world.registers;
    if registers.principals.is_none() && registers.access_grants.is_none() {
        return None;
    }
    let until = world.until();
    let principals = || registers.principals.iter().flatten().map(|p| &p.row);
    let in_force: Vec<&AccessGrant> = registers
        .access_grants
        .iter()
        .flatten()
        .map(|g| &g.row)
        .filter(|g| g.granted_at.is_none_or(|at| at < until) && g.revoked_at.is_none_or(|at| until <= at))
        .collect();
    let mut out = Vec::new();
    for grant in &in_force {
        let of = |p: &&Principal| p.principal_id == grant.principal_id && p.platform_id == grant.platform_id;
        match principals().find(of) {
            Some(p) if p.status == PrincipalStatus::Disabled => {}
            found => out.push(sheet(world, found, Some(grant), &grant.principal_id, &grant.platform_id)),
        }
    }
    for p in principals().filter(|p| p.status == PrincipalStatus::Active) {
        if !in_force.iter().any(|g| g.principal_id == p.principal_id && g.platform_id == p.platform_id) {
            out.push(sheet(world, Some(p), None, &p.principal_id, &p.platform_id));
        }
    }
    out.sort_by(|a, b| (&a.platform_id, &a.principal_id, &a.role).cmp(&(&b.platform_id, &b.principal_id, &b.role)));
    Some(out)
}

fn sheet(
    world: &World<'_>,
    principal: Option<&Principal>,
    grant: Option<&AccessGrant>,
    principal_id: &str,
    platform_id: &str,
) -> AccessSheet {
    let reviews = world.registers.access_reviews.iter().flatten();
    let approved = grant.map(|g| [words(g.approved_by.as_ref()), words(g.approval_ref.as_ref())]);
    AccessSheet {
        platform_id: platform_id.to_owned(),
        principal_id: principal_id.to_owned(),
        kind: principal.map_or_else(|| "not on record".to_owned(), |p| kind(Some(p.kind))),
        mfa: principal.map_or_else(String::new, |p| kind(p.mfa)),
        mfa_source: principal.map_or_else(String::new, |p| words(p.mfa_source.as_ref())),
        privilege: grant.map_or_else(String::new, |g| kind(g.privilege)),
        role: grant.map_or_else(String::new, |g| words(g.role.as_ref())),
        can_delete: grant.and_then(|g| g.can_delete_backups),
        approved_by: approved
            .map(|both| both.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "))
            .unwrap_or_default(),
        reviewed_at: reviews
            .filter(|r| r.platform_id == platform_id && r.performed_at <= world.until())
            .map(|r| r.performed_at)
            .max(),
    }
}

#[cfg(test)]
mod tests;
