//! ACC: access to backups and to production data.

mod factor;
mod review;
mod separation;

pub use factor::factor;
pub use review::reviewed;
pub use separation::separated;

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use model::registers::{
    AccessGrant, DocumentKind, Mfa, Principal, PrincipalKind, PrincipalStatus, Privilege, Recorded,
};
use model::time::{human, utc_text};

use super::cadence::names_id;
use super::common::{ORGANIZATION, filled, names, no_register, or_empty};
use super::faults::Faults;
use super::grants::{all, approved, backup_platforms, in_force, is_routine, principal, production_platforms};
use crate::coverage::{Interval, holes, union};
use crate::judgement::Judgement;
use crate::world::World;

/// Words for the whole of something in the scope of a grant.
const EVERYTHING: [&str; 3] = ["all", "any", "everything"];

fn about_all(judgement: Judgement, systems: Option<&BTreeSet<&str>>) -> Judgement {
    systems.into_iter().flatten().fold(judgement, |j, s| j.about(s))
}

/// The result of faults and of what is missing: a proven fault wins, and where something is missing nothing passes.
fn conclude(faults: Faults, missing: &[String], unit: &str, opening: &str, good: &str) -> Judgement {
    let judgement = faults.judge(unit, opening, good);
    if judgement.state == model::assessment::State::Pass && !missing.is_empty() {
        return Judgement::no_evidence(unit, "field_missing", format!("{opening}: {} is missing.", names(missing)));
    }
    judgement
}

fn told(grant: &Recorded<AccessGrant>) -> String {
    format!("The grant to {} on {} ({})", grant.principal_id, grant.platform_id, grant.declared_in)
}

/// ACC-01: permissions on backup platforms come through documented, approved roles.
///
/// A wildcard is within a role's need where the document that names the role says so: `*`, or the word "all", in its
/// title. Grants that can delete backups count wherever they are given.
pub fn by_roles(world: &World<'_>) -> Vec<Judgement> {
    if world.registers.access_grants.is_none() {
        return vec![no_register(ORGANIZATION, "access_grants")];
    }
    let (start, until) = (world.period.start(), world.until());
    let platforms = backup_platforms(world);
    let out = all(world)
        .filter(|g| platforms.contains_key(g.platform_id.as_str()) || g.can_delete_backups == Some(true))
        .filter_map(|g| Some((g, in_force(g, start, until)?)))
        .map(|(g, when)| about_all(role_of(world, g, when), platforms.get(g.platform_id.as_str())))
        .collect();
    or_empty(out, "no_grant", "The register access_grants holds no grant on a backup platform in force in the period.")
}

fn role_of(world: &World<'_>, grant: &Recorded<AccessGrant>, (from, to): Interval) -> Judgement {
    let unit = grant.grant_id.as_str();
    let scope = filled(grant.scope.as_deref());
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase().split(|c: char| !c.is_alphanumeric() && c != '*').map(str::to_owned).collect()
    };
    let reads_status = grant.privilege == Some(Privilege::Reader)
        && grant.can_read_production_data != Some(true)
        && scope.is_some_and(|s| words(s).iter().any(|w| w == "status"));
    if reads_status {
        return Judgement::not_applicable(unit, "status_only", "It only reads a status page that shows no data.");
    }
    let mut faults = Faults::default();
    let mut missing = Vec::new();
    let role = filled(grant.role.as_deref());
    faults.add_if(role.is_none(), "role_missing", || "it comes through no role");
    match grant.direct {
        Some(direct) => faults.add_if(direct, "direct_grant", || "it is given directly"),
        None => missing.push("whether it is given directly (access_grants.direct)".to_owned()),
    }
    if let Err((code, text)) = approved(world, grant) {
        faults.add(code, text);
    }
    let documents = world.registers.documents.as_ref();
    let document = role.and_then(|role| {
        documents?.iter().find(|d| {
            d.kind == DocumentKind::AccessList
                && d.approved_at.is_some_and(|at| at < world.until())
                && d.title.as_deref().is_some_and(|title| names_id(title, role))
        })
    });
    match (documents, role) {
        (None, Some(_)) => missing.push("the register documents (registers/documents.csv)".to_owned()),
        (Some(_), Some(role)) => faults.add_if(document.is_none(), "role_not_documented", || {
            format!("no approved access_list document names the role {role}")
        }),
        (_, None) => {}
    }
    match scope {
        None => missing.push("what it reaches (access_grants.scope)".to_owned()),
        Some(scope) => {
            let wide = |text: &str| text.contains('*') || words(text).iter().any(|w| EVERYTHING.contains(&w.as_str()));
            let needed = document.is_some_and(|d| d.title.as_deref().is_some_and(wide));
            faults.add_if(wide(scope) && !needed, "wildcard", || {
                format!("its scope is \"{scope}\", and no document says that the role needs all of it")
            });
        }
    }
    let good = format!("Through the documented role {}, approved by another person.", role.unwrap_or_default());
    let judgement = conclude(faults, &missing, unit, &told(grant), &good);
    if judgement.state == model::assessment::State::Fail { judgement.violated(from, to) } else { judgement }
}

/// ACC-03: privileged access is needed, approved, used, and not standing without a reason.
///
/// A person needs it who holds a role in the register of roles all the time: the role that the grant names where that is
/// one of the register, else any. A service that can delete needs a custodian, and no second factor because nobody logs
/// in with it (`mfa = not_applicable`). Access is standing where it has no end, or a later one than an emergency window
/// may have; that it is for routine need is said by the word "routine" in its approval.
pub fn restricted(world: &World<'_>) -> Vec<Judgement> {
    if world.registers.access_grants.is_none() {
        return vec![no_register(ORGANIZATION, "access_grants")];
    }
    let (start, until) = (world.period.start(), world.until());
    let mut platforms = backup_platforms(world);
    for (platform, systems) in production_platforms(world) {
        platforms.entry(platform).or_default().extend(systems);
    }
    let privileged = |g: &&Recorded<AccessGrant>| {
        g.privilege == Some(Privilege::Admin)
            || g.can_delete_backups == Some(true)
            || g.can_read_production_data == Some(true)
    };
    let out = all(world)
        .filter(privileged)
        .filter_map(|g| Some((g, in_force(g, start, until)?)))
        .map(|(g, when)| about_all(need_of(world, g, when), platforms.get(g.platform_id.as_str())))
        .collect();
    or_empty(out, "no_grant", "The register access_grants holds no privileged grant in force in the period.")
}

fn need_of(world: &World<'_>, grant: &Recorded<AccessGrant>, when: Interval) -> Judgement {
    let unit = grant.grant_id.as_str();
    let person = principal(world, &grant.principal_id, &grant.platform_id);
    if let Some(p) = person.filter(|p| p.status == PrincipalStatus::Disabled)
        && p.observed_at.is_some_and(|at| at <= when.0)
    {
        let text = format!("{} is disabled on {} ({}).", p.principal_id, p.platform_id, p.declared_in);
        return Judgement::not_applicable(unit, "principal_disabled", text);
    }
    let mut faults = Faults::default();
    let mut missing = Vec::new();
    let mut violations = Vec::new();
    if let Err((code, text)) = approved(world, grant) {
        faults.add(code, text);
        violations.push(when);
    }
    match person.map(|p| p.kind) {
        None => missing.push("what the principal is (principals.kind)".to_owned()),
        Some(PrincipalKind::Group) => missing.push("who is in the group (principals.member_of)".to_owned()),
        Some(PrincipalKind::Human) => {
            violations.extend(role_held(world, grant, when, &mut faults, &mut missing));
            let ends = grant.granted_at.zip(grant.revoked_at).map(|(from, to)| (to - from).num_seconds());
            let standing = ends.is_none_or(|s| s > world.seconds("emergency_window_max"));
            if grant.can_read_production_data == Some(true) && standing && !is_routine(grant) {
                faults.add(
                    "standing_access",
                    "a person can read production data all the time, and its approval names no routine need",
                );
                violations.push(when);
            }
        }
        Some(PrincipalKind::Service) if grant.can_delete_backups == Some(true) => {
            service(person, &mut faults, &mut missing);
        }
        Some(PrincipalKind::Service | PrincipalKind::BreakGlass) => {}
    }
    if person.is_none_or(|p| !matches!(p.kind, PrincipalKind::BreakGlass | PrincipalKind::Group)) {
        violations.extend(dormant(world, grant, person, when, &mut faults, &mut missing));
    }
    let judgement = conclude(faults, &missing, unit, &told(grant), "Needed by a role, approved and in use.");
    violations.into_iter().fold(judgement, |j, (a, b)| j.violated(a, b))
}

fn role_held(
    world: &World<'_>,
    grant: &AccessGrant,
    when: Interval,
    faults: &mut Faults,
    missing: &mut Vec<String>,
) -> Vec<Interval> {
    let Some(roles) = &world.registers.role_assignments else {
        missing.push("who holds which role (registers/role_assignments.csv)".to_owned());
        return Vec::new();
    };
    let who = grant.principal_id.as_str();
    let named = filled(grant.role.as_deref()).filter(|role| roles.iter().any(|r| r.role == *role));
    let own: Vec<_> = roles.iter().filter(|r| r.person == who && named.is_none_or(|n| r.role == n)).collect();
    let what = named.map_or_else(|| "any role".to_owned(), |role| format!("the role {role}"));
    let held = union(own.iter().map(|r| (r.valid_from, r.valid_to.unwrap_or(when.1.max(r.valid_from)))).collect());
    let open = holes(&held, when.0, when.1);
    let parts: Vec<String> = open.iter().map(|(a, b)| format!("{} to {}", utc_text(*a), utc_text(*b))).collect();
    faults.add_if(!open.is_empty(), "role_not_held", || format!("{who} did not hold {what} from {}", names(&parts)));
    open
}

fn service(person: Option<&Recorded<Principal>>, faults: &mut Faults, missing: &mut Vec<String>) {
    let Some(person) = person else { return };
    faults.add_if(
        filled(person.custodian.as_deref()).is_none(),
        "custodian_missing",
        || "a service that can delete backups has no custodian (principals.custodian)",
    );
    match person.mfa {
        Some(Mfa::NotApplicable) => {}
        Some(Mfa::Enforced | Mfa::Enrolled | Mfa::None) => {
            faults.add("interactive_service", "somebody can log in as a service that can delete backups");
        }
        Some(Mfa::Unknown) | None => {
            missing.push("whether somebody can log in as the service (principals.mfa)".to_owned())
        }
    }
}

/// When a privilege lay unused for too long, as far as its last use is known.
fn dormant(
    world: &World<'_>,
    grant: &AccessGrant,
    person: Option<&Recorded<Principal>>,
    when: Interval,
    faults: &mut Faults,
    missing: &mut Vec<String>,
) -> Option<Interval> {
    let longest = Duration::seconds(world.seconds("dormant_privilege_max"));
    if grant.granted_at.is_some_and(|at| at + longest >= when.1) {
        return None;
    }
    let last = person.and_then(|p| p.last_used_at);
    let Some(last) = last else {
        missing.push("when it was last used (principals.last_used_at)".to_owned());
        return None;
    };
    let ends = last + longest;
    if ends >= when.1 {
        return None;
    }
    // What was read before that day does not tell of later uses.
    if person.and_then(|p| p.observed_at).is_none_or(|at| at < ends) {
        missing.push("a reading of the last use that is new enough (principals.observed_at)".to_owned());
        return None;
    }
    faults.add("dormant", format!("last used {}, more than {} before", utc_text(last), human(longest.num_seconds())));
    Some((ends.max(when.0), when.1))
}

/// People and services by id, each with its rows on these platforms. A group is seen in its members.
fn principals<'w>(
    world: &World<'w>,
    platforms: &BTreeMap<&'w str, BTreeSet<&'w str>>,
) -> BTreeMap<&'w str, Vec<&'w Recorded<Principal>>> {
    let registers = world.registers;
    let mut out: BTreeMap<&'w str, Vec<&'w Recorded<Principal>>> = BTreeMap::new();
    let on_one = |p: &&Recorded<Principal>| platforms.contains_key(p.platform_id.as_str());
    let all = registers.principals.iter().flatten().filter(|p| p.kind != PrincipalKind::Group);
    for row in all.filter(on_one) {
        out.entry(&row.principal_id).or_default().push(row);
    }
    out
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
