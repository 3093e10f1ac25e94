//! What is granted to a group is granted to its members, also through groups in groups: every check of permissions sees
//! people and services.

use std::borrow::Cow;
use std::collections::BTreeSet;

use model::registers::{AccessGrant, Principal, PrincipalKind, Recorded, Registers};

/// The registers with each grant to a group replaced by one for every member; `G1` to a group becomes `G1/ann`, in the same
/// line of the register.
///
/// Members are told by `principals.member_of` on the platform of the grant. A group of which no member is on record keeps
/// its grant: it may have members that nobody listed.
pub fn expanded(registers: Cow<'_, Registers>) -> Cow<'_, Registers> {
    let principals: &[Recorded<Principal>] = registers.principals.as_deref().unwrap_or_default();
    let grants: &[Recorded<AccessGrant>] = registers.access_grants.as_deref().unwrap_or_default();
    if grants.is_empty() || principals.iter().all(|p| p.member_of.is_empty()) {
        return registers;
    }
    let expanded: Vec<Recorded<AccessGrant>> = grants
        .iter()
        .flat_map(|grant| {
            let mut members = BTreeSet::new();
            gather(principals, &grant.platform_id, &grant.principal_id, &mut BTreeSet::new(), &mut members);
            let of_member = |member: &str| {
                let mut own = grant.clone();
                own.row.grant_id = format!("{}/{member}", grant.grant_id);
                own.row.principal_id = member.to_owned();
                own
            };
            let own: Vec<_> = members.into_iter().map(of_member).collect();
            if own.is_empty() { vec![grant.clone()] } else { own }
        })
        .collect();
    let mut out = registers.into_owned();
    out.access_grants = Some(expanded);
    Cow::Owned(out)
}

/// Adds the people and services in a group. `seen` ends circles of groups.
fn gather<'p>(
    principals: &'p [Recorded<Principal>],
    platform: &str,
    group: &'p str,
    seen: &mut BTreeSet<&'p str>,
    members: &mut BTreeSet<&'p str>,
) {
    if !seen.insert(group) {
        return;
    }
    let inside = |p: &&Recorded<Principal>| p.platform_id == platform && p.member_of.iter().any(|g| g == group);
    for principal in principals.iter().filter(inside) {
        match principal.kind {
            PrincipalKind::Group => gather(principals, platform, &principal.principal_id, seen, members),
            PrincipalKind::Human | PrincipalKind::Service | PrincipalKind::BreakGlass => {
                members.insert(&principal.principal_id);
            }
        }
    }
}
