//! Capacity to recover, tier by tier: the worst that was observed against what is allowed.

use model::dossier::{Dossier, SystemSheet};

use crate::block::{Align, Block, Inline, Inlines, State, TableRow, badge, column, row, strong, text as plain};
use crate::parts::{count, heading, note, para, seconds, table, text};

pub(super) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "capacity", "Capacity to recover, by tier")];
    if d.systems.is_empty() {
        out.push(para(text("No system of the inventory was in scope and in service.")));
        return out;
    }
    let rows: Vec<TableRow> = tiers(d).iter().map(|(name, members)| line(name, members)).collect();
    out.push(table(
        "capacity-table",
        "Observed against target",
        vec![
            column("Tier", Align::Left, 2.0),
            column("RPO target", Align::Left, 1.3),
            column("Within it, proven", Align::Left, 1.4),
            column("Worst observed loss", Align::Left, 2.4),
            column("RTO target", Align::Left, 1.3),
            column("Within it, proven", Align::Left, 1.4),
            column("Slowest restore", Align::Left, 2.4),
        ],
        rows,
    ));
    out.push(note(
        "Loss: the most data that would have been lost at the worst instant of the period. Restore: from the order to the validated service, \
         in the newest test that measured it. A system that was not observed is not proven.",
    ));
    out
}

/// Systems by tier, in the order of recovery.
pub(super) fn tiers(d: &Dossier) -> Vec<(&str, Vec<&SystemSheet>)> {
    let mut out: Vec<(&str, Vec<&SystemSheet>)> = Vec::new();
    for s in &d.systems {
        match out.iter_mut().find(|(name, _)| *name == s.tier_name) {
            Some((_, members)) => members.push(s),
            None => out.push((&s.tier_name, vec![s])),
        }
    }
    out
}

/// Loss that is allowed and observed, recovery time that is allowed and observed: the figures of one system.
pub(super) struct Held {
    /// Allowed, seconds.
    pub target: Option<i64>,
    /// Proven to have been reached, seconds.
    pub observed: Option<i64>,
    /// True where the objective is proven to be met.
    pub met: bool,
}

/// Recovery point of a system.
pub(super) fn loss(s: &SystemSheet) -> Held {
    let met = s.rpo_target_s.zip(s.rpo_bound_s).is_some_and(|(target, bound)| bound <= target);
    Held { target: s.rpo_target_s, observed: s.rpo_shown_s, met }
}

/// Recovery time of a system.
pub(super) fn time(s: &SystemSheet) -> Held {
    let met = s.rto_target_s.zip(s.rto_observed_s).is_some_and(|(target, observed)| observed <= target);
    Held { target: s.rto_target_s, observed: s.rto_observed_s, met }
}

fn line(name: &str, members: &[&SystemSheet]) -> TableRow {
    let mut cells = vec![vec![strong(name), Inline::Break, plain(count(members.len(), "system", "systems"))]];
    cells.extend(three(members, loss));
    cells.extend(three(members, time));
    row(cells)
}

/// Target, share that is proven to be within it, and the worst that was observed.
fn three(members: &[&SystemSheet], of: fn(&SystemSheet) -> Held) -> [Inlines; 3] {
    let bound: Vec<(&SystemSheet, Held)> =
        members.iter().map(|s| (*s, of(s))).filter(|(_, held)| held.target.is_some()).collect();
    let mut targets: Vec<i64> = bound.iter().filter_map(|(_, held)| held.target).collect();
    targets.sort_unstable();
    targets.dedup();
    let target = match targets.as_slice() {
        [] => return [text("none applies"), text("–"), text("–")],
        [one] => seconds(Some(*one)),
        [first, .., last] => format!("{} to {}", seconds(Some(*first)), seconds(Some(*last))),
    };
    let met = bound.iter().filter(|(_, held)| held.met).count();
    let missed = bound.iter().any(|(_, h)| h.observed.zip(h.target).is_some_and(|(o, t)| o > t));
    let state = match (met == bound.len(), missed) {
        (true, _) => State::Success,
        (false, true) => State::Failed,
        (false, false) => State::Unknown,
    };
    let worst =
        bound.iter().filter_map(|(s, h)| Some((h.observed?, h.target?, &s.name))).max_by_key(|(o, t, _)| (o > t, *o));
    let worst = match worst {
        None => vec![badge(State::Unknown, "not observed")],
        Some((observed, target, name)) => vec![
            badge(if observed <= target { State::Success } else { State::Failed }, seconds(Some(observed))),
            Inline::Break,
            plain(name.clone()),
        ],
    };
    [text(target), vec![badge(state, format!("{met} of {}", bound.len()))], worst]
}
