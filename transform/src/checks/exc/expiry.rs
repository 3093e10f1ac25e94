//! EXC-03: exceptions are not used beyond their expiry.

use std::collections::BTreeMap;

use model::assessment::State;
use model::registers::ExceptionStatus;
use model::time::{Instant, utc_text};

use super::super::common::{ORGANIZATION, no_register, or_empty};
use super::super::{RULES, cannot_be_waived};
use super::about;
use crate::judgement::Judgement;
use crate::waivers::Waiver;
use crate::world::World;

/// Renewals in a row that are a finding for management.
const RENEWALS_MAX: usize = 3;

/// EXC-03. Expiry is exclusive. To tell whether a deviation outlived its exception the named checks are judged again
/// for its systems, and only violations after the expiry count.
pub fn expiry(world: &World<'_>) -> Vec<Judgement> {
    if world.registers.exceptions.is_none() {
        return vec![no_register(ORGANIZATION, "exceptions")];
    }
    let mut judged: BTreeMap<&'static str, Vec<Judgement>> = BTreeMap::new();
    let mut out = Vec::new();
    for waiver in world.waivers {
        let e = &waiver.exception;
        if matches!(e.status, ExceptionStatus::Draft | ExceptionStatus::Rejected | ExceptionStatus::Submitted)
            || e.valid_from.is_some_and(|f| f >= world.until())
        {
            continue;
        }
        let judgement = judge(world, waiver, &mut judged);
        out.push(about(judgement, waiver));
    }
    or_empty(out, "none_in_force", "No exception of the register is in force or expired.")
}

fn judge(world: &World<'_>, waiver: &Waiver, judged: &mut BTreeMap<&'static str, Vec<Judgement>>) -> Judgement {
    let e = &waiver.exception;
    let unit = e.exception_id.as_str();
    let longest = world.policy.span("exception_max_duration");
    let Some(expires) = e.expires_at else {
        return Judgement::fail(unit, "no_expiry", "The exception has no expires_at and would last for ever.");
    };
    if e.valid_from.is_some_and(|from| longest.after(from, world.period.zone()) < expires) {
        return Judgement::fail(
            unit,
            "too_long",
            format!(
                "Valid from {} to {}, longer than {} in one approval.",
                e.valid_from.map_or_else(String::new, utc_text),
                utc_text(expires),
                world.policy.parameter("exception_max_duration").value
            ),
        );
    }
    let chain = renewals(world, waiver);
    if chain >= RENEWALS_MAX {
        return Judgement::fail(
            unit,
            "renewed_repeatedly",
            format!("It is the renewal number {chain} in a row: management must decide on a remedy."),
        );
    }
    let note = if chain > 0 { format!(" It is renewal number {chain}.") } else { String::new() };
    if expires > world.as_of {
        return Judgement::pass(unit, format!("In force until {}.{note}", utc_text(expires)));
    }
    let on = utc_text(expires);
    if e.status == ExceptionStatus::Closed || e.closed_at.is_some_and(|c| c <= world.as_of) {
        return Judgement::pass(unit, format!("It expired {on} and is closed.{note}")).reason("closed");
    }
    let renewal = world.waivers.iter().find(|w| {
        w.exception.renewal_of.as_deref() == Some(unit)
            && w.effective.is_some_and(|(from, to)| from <= expires && to > expires)
    });
    if let Some(renewal) = renewal {
        let text = format!("It expired {on}; {} renews it without a hole.{note}", renewal.exception.exception_id);
        return Judgement::pass(unit, text).reason("renewed");
    }
    match deviation(world, waiver, expires, judged) {
        Deviation::Present(what) => Judgement::fail(
            unit,
            "expired_in_use",
            format!("It expired {on}, is neither closed nor renewed, and {what} still fails."),
        )
        .violated(expires, world.until().max(expires)),
        Deviation::Gone => {
            Judgement::pass(unit, format!("It expired {on}; what it allowed no longer occurs.{note}")).reason("gone")
        }
        Deviation::Unknown => Judgement::no_evidence(
            unit,
            "deviation_unknown",
            format!("It expired {on} and is neither closed nor renewed; no check shows whether its deviation is gone."),
        ),
    }
}

/// How many exceptions stand before this one in its chain of renewals.
fn renewals(world: &World<'_>, waiver: &Waiver) -> usize {
    let mut count = 0;
    let mut at = waiver.exception.renewal_of.as_deref();
    while let Some(id) = at {
        count += 1;
        // A chain longer than the register is a circle.
        if count > world.waivers.len() {
            break;
        }
        let before = world.waivers.iter().find(|w| w.exception.exception_id == id);
        at = before.and_then(|w| w.exception.renewal_of.as_deref());
    }
    count
}

enum Deviation {
    Present(String),
    Gone,
    Unknown,
}

fn deviation(
    world: &World<'_>,
    waiver: &Waiver,
    expires: Instant,
    judged: &mut BTreeMap<&'static str, Vec<Judgement>>,
) -> Deviation {
    let (mut seen, mut unknown) = (false, false);
    for (id, rule) in RULES {
        let statements = world.controls.check(id).map(|c| c.statements.as_slice()).unwrap_or_default();
        if cannot_be_waived(id) || !waiver.names(id, statements) {
            continue;
        }
        for result in judged.entry(id).or_insert_with(|| rule(world)) {
            if !result.systems.iter().any(|s| waiver.binds(s)) {
                continue;
            }
            match result.state {
                State::Fail => {
                    // Without times of its own a violation is one at the end of what is judged.
                    let after = if result.violations.is_empty() {
                        world.until() > expires
                    } else {
                        result.violations.iter().any(|(_, to)| *to > expires)
                    };
                    if after {
                        return Deviation::Present(format!("{id} for {}", result.unit));
                    }
                    seen = true;
                }
                State::Pass => seen = true,
                State::NoEvidence => unknown = true,
                State::NotApplicable => {}
            }
        }
    }
    if seen && !unknown { Deviation::Gone } else { Deviation::Unknown }
}
