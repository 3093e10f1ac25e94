//! EMG-03: every administrative access to production data has an approved path.

use std::collections::BTreeSet;

use chrono::Duration;
use model::registers::{AccessGrant, EmergencyRequest, PrivilegedEvent, Recorded};
use model::time::utc_text;

use super::super::common::{ORGANIZATION, filled, no_register};
use super::super::grants::{all, approved, is_routine, principal, production_platforms};
use super::{not_covered, production};
use crate::judgement::Judgement;
use crate::world::World;

/// EMG-03, for every event of the period on a production system or its platform; one that names neither counts as well.
/// For every production system without a complete log there is a result of its own.
///
/// An event under no request belongs to the one whose requester did it. A shared account (`principals.identity_source`)
/// fails whatever explains it.
pub fn explained(world: &World<'_>) -> Vec<Judgement> {
    let systems = production(world);
    if systems.is_empty() {
        let text = "No production system is in scope, so none has events of access to its data.";
        return vec![Judgement::not_applicable(ORGANIZATION, "no_production", text)];
    }
    let Some(events) = &world.registers.privileged_events else {
        return vec![no_register(ORGANIZATION, "privileged_events")];
    };
    let (start, until) = (world.period.start(), world.until());
    let platforms = production_platforms(world);
    let on_production = |e: &PrivilegedEvent| match (&e.system_id, &e.platform_id) {
        (Some(system), _) => systems.contains(system.as_str()),
        (None, Some(platform)) => platforms.contains_key(platform.as_str()),
        (None, None) => true,
    };
    let mut out = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for event in events.iter().filter(|e| e.at >= start && e.at < until && on_production(e)) {
        let of = event.platform_id.as_deref().and_then(|p| platforms.get(p));
        let concerned: BTreeSet<&str> = match &event.system_id {
            Some(system) => [system.as_str()].into(),
            None => of.cloned().unwrap_or_default(),
        };
        let judgement = judge(world, event);
        out.push(concerned.iter().fold(judgement, |j, s| j.about(s)));
        seen.extend(concerned);
    }
    let open: BTreeSet<&str> = not_covered(world, &systems, start, until).into_iter().collect();
    for system in systems {
        if open.contains(system) {
            let text =
                "No complete privileged log (privileged_events) covers the period: access may have happened unseen.";
            out.push(Judgement::no_evidence(system, "log_incomplete", text).about(system));
        } else if !seen.contains(system) {
            let text = "The complete privileged log shows no access to its data in the period.";
            out.push(Judgement::not_applicable(system, "no_event", text).about(system));
        }
    }
    out
}

/// What explains an event.
enum Path {
    Pipeline,
    Grant(String),
    Request { id: String, near_edge: bool },
}

fn judge(world: &World<'_>, event: &Recorded<PrivilegedEvent>) -> Judgement {
    let unit = event.event_id.as_str();
    let (who, at) = (event.principal_id.as_str(), utc_text(event.at));
    let did = format!("{who} did \"{}\" on {at}", event.action.as_deref().unwrap_or("something"));
    let failing = |code: &str, why: String| {
        Judgement::fail(unit, code, format!("{did}: {why} ({}).", event.declared_in))
            .violated(event.at, event.at + Duration::seconds(1))
    };
    let platform = platform_of(world, event);
    if platform.is_some_and(|p| is_shared(world, who, p)) {
        return failing("shared_account", "the account is shared, so the person is unknown".to_owned());
    }
    match path(world, event, platform) {
        Some(Path::Pipeline) => Judgement::pass(unit, format!("{did}, by an approved pipeline.")),
        Some(Path::Grant(id)) => Judgement::pass(unit, format!("{did}, by the approved routine grant {id}.")),
        Some(Path::Request { id, near_edge }) => {
            let judgement = Judgement::pass(unit, format!("{did}, within the window of {id}."));
            if near_edge { judgement.reason("near_edge") } else { judgement }
        }
        None => {
            let why = match filled(event.request_id.as_deref()) {
                Some(id) => format!("the window of {id} does not contain it, and no routine grant allows it"),
                None => "no pipeline, routine grant or emergency request explains it".to_owned(),
            };
            failing("not_explained", why)
        }
    }
}

fn platform_of<'e, 'w: 'e>(world: &World<'w>, event: &'e PrivilegedEvent) -> Option<&'e str> {
    let inventory = world.inventory;
    event.platform_id.as_deref().or_else(|| {
        let system = event.system_id.as_deref()?;
        inventory.system(system)?.platform_id.as_deref()
    })
}

fn is_shared(world: &World<'_>, who: &str, platform: &str) -> bool {
    principal(world, who, platform)
        .and_then(|p| p.identity_source.as_deref())
        .is_some_and(|source| source.to_lowercase().contains("shared"))
}

fn path(world: &World<'_>, event: &PrivilegedEvent, platform: Option<&str>) -> Option<Path> {
    if event.automation == Some(true) {
        return Some(Path::Pipeline);
    }
    let who = event.principal_id.as_str();
    let named = filled(event.request_id.as_deref());
    let skew = Duration::seconds(world.seconds("clock_skew_tolerance"));
    let belongs = |r: &EmergencyRequest| match named {
        Some(id) => r.request_id == id,
        None => {
            filled(r.requester.as_deref()) == Some(who)
                && event.system_id.as_ref().is_none_or(|s| super::super::common::holds(&r.system_ids, s))
        }
    };
    let request = world.registers.emergency_requests.iter().flatten().filter(|r| belongs(r)).find_map(|r| {
        let end = r.window_end?;
        let inside = event.at >= r.window_start && event.at <= end;
        let near = event.at >= r.window_start - skew && event.at <= end + skew;
        near.then(|| Path::Request { id: r.request_id.clone(), near_edge: !inside })
    });
    request.or_else(|| {
        let covers = |g: &AccessGrant| {
            g.principal_id == who
                && platform.is_some_and(|p| g.platform_id == p)
                && g.granted_at.is_none_or(|from| from <= event.at)
                && g.revoked_at.is_none_or(|to| event.at < to)
        };
        let grant = all(world).find(|g| covers(g) && is_routine(g) && approved(world, g).is_ok())?;
        Some(Path::Grant(grant.grant_id.clone()))
    })
}
