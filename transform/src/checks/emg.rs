//! EMG: emergency access.

mod events;

pub use events::explained;

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use model::inventory::Environment;
use model::registers::{AccessGrant, EmergencyRequest, Privilege, PrivilegedEvent, Recorded};
use model::time::{Instant, human, utc_text};

use super::cadence::names_id;
use super::common::{ORGANIZATION, filled, names, no_register, or_empty};
use super::faults::Faults;
use super::grants::{all, in_force};
use super::notes::Notes;
use crate::judgement::Judgement;
use crate::world::World;

/// In-scope production systems.
fn production<'w>(world: &World<'w>) -> BTreeSet<&'w str> {
    world
        .in_scope()
        .filter(|(_, s)| s.environment == Environment::Production)
        .map(|(_, s)| s.system_id.as_str())
        .collect()
}

/// Systems of these for which no complete source covers the privileged log. The rows are a register; that nothing is
/// missing is stated by the source they were drawn from (`covers` with the table `privileged_events`).
fn not_covered<'w>(world: &World<'_>, systems: &BTreeSet<&'w str>, from: Instant, to: Instant) -> Vec<&'w str> {
    let open = |s: &&str| !world.coverage.covers("privileged_events", s, from, to);
    systems.iter().copied().filter(open).collect()
}

/// Systems that a request names; all of production where it names none.
fn systems_of<'r, 'w: 'r>(world: &World<'w>, request: &'r EmergencyRequest) -> BTreeSet<&'r str> {
    let named = || request.system_ids.iter().map(String::as_str).filter(|s| *s != "*");
    if named().next().is_none() { production(world) } else { named().collect() }
}

fn about(judgement: Judgement, request: &EmergencyRequest) -> Judgement {
    request.system_ids.iter().filter(|s| *s != "*").fold(judgement, |j, s| j.about(s))
}

/// Roles that may approve emergency access: the policy does not name them, so those that approve exceptions, and those
/// that own the statements behind EMG-01.
fn approving_roles<'w>(world: &World<'w>) -> BTreeSet<&'w str> {
    let policy = world.policy;
    let owners =
        policy.statements.iter().filter(|s| s.checks.iter().any(|c| c == "EMG-01")).flat_map(|s| &s.owner_roles);
    policy.approval_rules.iter().flat_map(|r| &r.roles).chain(owners).map(String::as_str).collect()
}

/// EMG-01: emergency access was formally approved, by somebody else who may, in time and for a limited time.
///
/// A request belongs to the period in which its window starts. An event that names a request which the register does
/// not have is emergency access without approval. That there was no request means that there was no access only where
/// complete logs show no event which nothing explains (EMG-03).
pub fn approved(world: &World<'_>) -> Vec<Judgement> {
    let Some(requests) = &world.registers.emergency_requests else {
        return vec![no_register(ORGANIZATION, "emergency_requests")];
    };
    let (start, until) = (world.period.start(), world.until());
    let within = |at: Instant| at >= start && at < until;
    let mut out: Vec<Judgement> =
        requests.iter().filter(|r| within(r.window_start)).map(|r| about(approval(world, r), r)).collect();
    let known: BTreeSet<&str> = requests.iter().map(|r| r.request_id.as_str()).collect();
    let mut strange: BTreeMap<&str, &PrivilegedEvent> = BTreeMap::new();
    for event in world.registers.privileged_events.iter().flatten().filter(|e| within(e.at)) {
        if let Some(id) = filled(event.request_id.as_deref()).filter(|id| !known.contains(id)) {
            strange.entry(id).or_insert(event);
        }
    }
    for (id, event) in strange {
        let text = format!(
            "{} acted on {} under this request ({}), which the register emergency_requests does not have.",
            event.principal_id,
            utc_text(event.at),
            event.event_id
        );
        let failing = Judgement::fail(id, "request_not_registered", text);
        let failing = event.system_id.iter().fold(failing, |j, s| j.about(s));
        out.push(failing.violated(event.at, event.at + Duration::seconds(1)));
    }
    if !out.is_empty() {
        return out;
    }
    if world.registers.privileged_events.is_none() {
        return vec![no_register(ORGANIZATION, "privileged_events")];
    }
    let systems = production(world);
    let open = not_covered(world, &systems, start, until);
    vec![if systems.is_empty() || !open.is_empty() {
        Judgement::no_evidence(
            ORGANIZATION,
            "log_incomplete",
            format!(
                "No request is on record, and no complete privileged log of {} shows that there was no access.",
                if systems.is_empty() { "production".to_owned() } else { names(&open) }
            ),
        )
    } else if let Some(open) = unexplained(world) {
        let text = format!(
            "No request is on record, and nothing explains {open} (EMG-03): whether that was emergency access is not known."
        );
        Judgement::no_evidence(ORGANIZATION, "event_not_explained", text)
    } else {
        let text = "No emergency access: no request is on record, and the complete privileged logs name none.";
        Judgement::not_applicable(ORGANIZATION, "no_emergency_access", text)
    }]
}

/// Events on production that EMG-03 finds without an explanation, in words.
fn unexplained(world: &World<'_>) -> Option<String> {
    let failing = explained(world).into_iter().filter(|j| j.state == model::assessment::State::Fail);
    let units: Vec<String> = failing.map(|j| j.unit).collect();
    (!units.is_empty()).then(|| names(&units))
}

fn approval(world: &World<'_>, request: &Recorded<EmergencyRequest>) -> Judgement {
    let unit = request.request_id.as_str();
    let mut faults = Faults::default();
    let approver = filled(request.approver.as_deref());
    let mut not_shown = false;
    match (approver, request.approved_at) {
        (Some(by), Some(at)) => {
            faults.add_if(filled(request.requester.as_deref()) == Some(by), "self_approval", || {
                format!("{by} asked for it and approved it")
            });
            let role = filled(request.approved_role.as_deref());
            match role.filter(|r| approving_roles(world).contains(r)) {
                None => faults
                    .add("wrong_role", format!("{by} approved as {}, which may not", role.unwrap_or("nobody named"))),
                Some(_) if world.registers.role_assignments.is_none() => not_shown = true,
                Some(role) => faults.add_if(!world.registers.held_role(by, role, at), "role_not_held", || {
                    format!("{by} did not hold the role {role} on {}", utc_text(at))
                }),
            }
            let afterwards = request.retrospective == Some(true);
            let grace = if afterwards { world.seconds("emergency_retro_window") } else { 0 };
            let latest = request.window_start + Duration::seconds(grace);
            faults.add_if(at > latest, "late_approval", || {
                format!("approved {}, later than {}", utc_text(at), utc_text(latest))
            });
        }
        _ => faults.add("not_approved", "nobody is on record who approved it, and when"),
    }
    faults.add_if(request.system_ids.is_empty(), "scope_missing", || "it names no systems (system_ids)");
    let longest = world.seconds("emergency_window_max");
    match request.window_end {
        None => faults.add("open_ended", "its window has no end"),
        Some(end) => faults.add_if((end - request.window_start).num_seconds() > longest, "window_too_long", || {
            let length = human((end - request.window_start).num_seconds());
            format!("its window lasts {length}, and at most {} are allowed", human(longest))
        }),
    }
    let opening = format!("The request ({})", request.declared_in);
    let good = format!(
        "Approved by {} ({}) on {}.",
        approver.unwrap_or_default(),
        request.approved_role.as_deref().unwrap_or_default(),
        request.approved_at.map_or_else(String::new, utc_text)
    );
    let judgement = faults.judge(unit, &opening, good);
    let end = request.window_end.unwrap_or(world.until()).max(request.window_start + Duration::seconds(1));
    match judgement.state {
        model::assessment::State::Pass if not_shown => no_register(unit, "role_assignments"),
        model::assessment::State::Fail => judgement.violated(request.window_start, end),
        _ => judgement,
    }
}

/// EMG-02: emergency access was logged, ended, and its log reviewed. Access that was not used needs all of it as well.
///
/// A log that names a platform (`log_ref`) which somebody of the session administers is weak: they could change it.
pub fn logged(world: &World<'_>) -> Vec<Judgement> {
    let Some(requests) = &world.registers.emergency_requests else {
        return vec![no_register(ORGANIZATION, "emergency_requests")];
    };
    let (start, until) = (world.period.start(), world.until());
    let ended = requests.iter().filter_map(|r| Some((r, r.window_end?))).filter(|(_, e)| *e >= start && *e < until);
    let out = ended.map(|(r, end)| about(weakness(world, r, end).on(log(world, r, end)), r)).collect();
    or_empty(out, "no_request", "No window of emergency access ended in the period.")
}

/// Whether those who used the access administer the platform that keeps its log.
fn weakness(world: &World<'_>, request: &EmergencyRequest, end: Instant) -> Notes {
    let mut notes = Notes::default();
    let Some(log) = filled(request.log_ref.as_deref()) else { return notes };
    let users: BTreeSet<&str> = of_request(world, &request.request_id)
        .map(|e| e.principal_id.as_str())
        .chain(request.requester.as_deref())
        .collect();
    let within = |g: &&Recorded<AccessGrant>| {
        g.privilege == Some(Privilege::Admin)
            && users.contains(g.principal_id.as_str())
            && names_id(log, &g.platform_id)
            && in_force(g, request.window_start, end).is_some()
    };
    if let Some(grant) = all(world).find(within) {
        let (who, platform) = (&grant.principal_id, &grant.platform_id);
        notes.add(
            "log_within_reach",
            format!("{who} administers {platform}, which keeps the log, and could change it."),
        );
    }
    notes
}

/// Events under a request.
fn of_request<'w>(world: &World<'w>, id: &str) -> impl Iterator<Item = &'w Recorded<PrivilegedEvent>> {
    let registers = world.registers;
    registers.privileged_events.iter().flatten().filter(move |e| filled(e.request_id.as_deref()) == Some(id))
}

fn log(world: &World<'_>, request: &Recorded<EmergencyRequest>, end: Instant) -> Judgement {
    let unit = request.request_id.as_str();
    let skew = Duration::seconds(world.seconds("clock_skew_tolerance"));
    let mut faults = Faults::default();
    let mut violations = Vec::new();
    faults.add_if(
        filled(request.log_ref.as_deref()).is_none(),
        "log_missing",
        || "no log of the session is named (log_ref)",
    );
    let events = || of_request(world, unit);
    for event in events().filter(|e| e.at < request.window_start - skew || e.at > end + skew) {
        faults.add(
            "outside_window",
            format!("{} happened on {}, outside of the window", event.event_id, utc_text(event.at)),
        );
        violations.push((event.at, event.at + Duration::seconds(1)));
    }
    let due = end + Duration::seconds(world.seconds("emergency_review_due"));
    let reviewed = request.reviewed_at.filter(|at| *at <= world.as_of);
    let closed = request.closed_at.is_some_and(|at| at <= world.as_of);
    let overdue = due < world.as_of;
    faults.add_if(!closed && overdue, "not_closed", || "it is not closed");
    match reviewed {
        Some(at) => faults.add_if(at > due, "reviewed_late", || {
            format!("its log was reviewed on {}, later than {}", utc_text(at), utc_text(due))
        }),
        None => faults.add_if(overdue, "not_reviewed", || format!("its log was not reviewed by {}", utc_text(due))),
    }
    let opening = format!("The request ({})", request.declared_in);
    let judgement = faults.judge(
        unit,
        &opening,
        format!("{} events lie inside of its window; it is closed, and its log was reviewed.", events().count()),
    );
    if judgement.state == model::assessment::State::Fail {
        return violations.into_iter().fold(judgement, |j, (a, b)| j.violated(a, b));
    }
    if !closed || reviewed.is_none() {
        let text =
            format!("Its window ended {}; it must be closed and its log reviewed by {}.", utc_text(end), utc_text(due));
        return Judgement::not_applicable(unit, "not_yet_due", text);
    }
    if world.registers.privileged_events.is_none() {
        return no_register(unit, "privileged_events");
    }
    let open = not_covered(world, &systems_of(world, request), request.window_start, end);
    if open.is_empty() {
        return judgement;
    }
    let text = format!("No complete privileged log (privileged_events) of {} covers its window.", names(&open));
    Judgement::no_evidence(unit, "log_incomplete", text)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
