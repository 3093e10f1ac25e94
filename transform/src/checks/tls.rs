//! TLS: backup traffic on its way.

mod paths;

use std::collections::BTreeMap;

use chrono::Duration;
use model::registers::{Recorded, TransportPath};
use model::time::{Instant, utc_text};

use self::paths::{Carrier, Path, Version, carrier, paths, version};
use super::assurance::{covers, is_current};
use super::cadence::names_id;
use super::common::{ORGANIZATION, filled, no_register};
use super::faults::Faults;
use super::places::{Place, places};
use crate::judgement::Judgement;
use crate::world::World;

/// TLS-01: every path accepts only the minimum version or newer, and no plain access.
///
/// What the destination itself shows counts beside what the register says of the path: the lower of them holds. Where
/// the destination is no place with readings of its own, a floor means that nothing below it, and so no plain access, is
/// accepted. A provider's own default counts only with a current statement on encryption.
pub fn floor(world: &World<'_>) -> Vec<Judgement> {
    each(world, |path, places| {
        let unit = path.id;
        if path.rows.iter().any(|r| r.provider_internal == Some(true)) {
            return match statement(world, path) {
                Ok(id) => Judgement::pass(
                    unit,
                    format!("Inside of the provider; its statement {id} on encryption is current."),
                )
                .reason("provider_statement"),
                Err(missing) => {
                    Judgement::no_evidence(unit, "statement_missing", format!("Inside of the provider: {missing}."))
                }
            };
        }
        accepted(world, path, places)
    })
}

/// TLS-02: every observation of the period negotiated the minimum version or newer.
///
/// A probe proves what it offered: one that offered older versions alone and was refused is written as `refused`. It is
/// told, and no observation of traffic.
pub fn observed(world: &World<'_>) -> Vec<Judgement> {
    each(world, |path, _| {
        let unit = path.id;
        if path.rows.iter().any(|r| r.provider_internal == Some(true)) {
            return Judgement::not_applicable(
                unit,
                "provider_internal",
                "Inside of the provider; TLS-01 judges its statement.",
            );
        }
        let (least, floor) = (world.policy.text("tls_min_version"), minimum(world));
        let mut faults = Faults::default();
        let (mut bad, mut good, mut unread, mut refusals) = (Vec::new(), Vec::new(), Vec::new(), 0_u32);
        for (row, at) in within(world, path) {
            let seen = filled(row.version_negotiated.as_deref());
            let fault = match (seen, carrier(row.protocol.as_deref())) {
                (Some(seen), _) => match version(seen) {
                    Version::Tls(v) if Some(v) >= floor => {
                        good.push((seen, at));
                        None
                    }
                    Version::Tls(_) => {
                        Some(("version_too_low", format!("{seen} was negotiated on {}, below {least}", utc_text(at))))
                    }
                    Version::Plain => Some(("in_clear", format!("traffic was in clear on {}", utc_text(at)))),
                    Version::Refused => {
                        refusals += 1;
                        None
                    }
                    Version::Unreadable => {
                        unread.push(seen);
                        None
                    }
                },
                (None, Carrier::Plain(name)) => {
                    Some(("in_clear", format!("{name} without encryption was used on {}", utc_text(at))))
                }
                (None, Carrier::Other(name)) => {
                    Some(("other_protocol", format!("{name}, which is not TLS, was used on {}", utc_text(at))))
                }
                (None, _) => None,
            };
            if let Some((code, text)) = fault {
                faults.add(code, text);
                bad.push(at);
            }
        }
        if bad.is_empty() && good.is_empty() || bad.is_empty() && !unread.is_empty() {
            let text = match unread.first() {
                Some(word) => format!("\"{word}\" (transport_paths.version_negotiated) is no version of TLS."),
                None => {
                    "No negotiated version was observed in the period (transport_paths.version_negotiated).".to_owned()
                }
            };
            return Judgement::no_evidence(unit, "not_observed", text);
        }
        let last = good.last().map_or_else(String::new, |(v, at)| format!(", the last {v} on {}", utc_text(*at)));
        let refused = match refusals {
            0 => String::new(),
            n => format!(" {n} offers of older versions alone were refused."),
        };
        let told = format!("{} observations, none below {least}{last}.{refused}", good.len());
        let judgement = faults.judge(unit, "Seen on this path", told);
        bad.iter().fold(judgement, |j, at| j.violated(*at, *at + Duration::seconds(1)))
    })
}

/// Judges every path, or says why none is known.
fn each<'w>(
    world: &World<'w>,
    judge: impl Fn(&Path<'w>, &BTreeMap<&'w str, Place<'w>>) -> Judgement,
) -> Vec<Judgement> {
    let places = places(world);
    let all = paths(world, places);
    if all.is_empty() {
        return vec![if world.registers.transport_paths.is_none() {
            no_register(ORGANIZATION, "transport_paths")
        } else {
            let text = "The register transport_paths is empty, and no plan names a place that backups are sent to.";
            Judgement::no_evidence(ORGANIZATION, "no_path", text)
        }];
    }
    all.iter()
        .map(|path| {
            let judgement = if path.stays_on_host() {
                Judgement::not_applicable(path.id, "one_host", "The path never leaves one host.")
            } else {
                judge(path, places)
            };
            path.systems.iter().fold(judgement, |j, s| j.about(s))
        })
        .collect()
}

fn minimum(world: &World<'_>) -> Option<(u32, u32)> {
    if let Version::Tls(v) = version(world.policy.text("tls_min_version")) { Some(v) } else { None }
}

/// Readings of the period, oldest first.
fn within<'w>(world: &World<'_>, path: &Path<'w>) -> Vec<(&'w Recorded<TransportPath>, Instant)> {
    let (from, to) = (world.period.start(), world.until());
    let mut all: Vec<_> = path.rows.iter().filter_map(|r| Some((*r, r.observed_at?))).collect();
    all.retain(|(_, at)| *at >= from && *at < to);
    all.sort_by_key(|(_, at)| *at);
    all
}

fn accepted(world: &World<'_>, path: &Path<'_>, places: &BTreeMap<&str, Place<'_>>) -> Judgement {
    let unit = path.id;
    let (least, floor) = (world.policy.text("tls_min_version"), minimum(world));
    let readings = within(world, path);
    let place = places.get(path.to);
    let period = (world.period.start(), world.until());
    let shown: Vec<_> = place.map(|p| p.within(period).collect()).unwrap_or_default();
    let mut faults = Faults::default();
    let mut bad = Vec::new();
    let mut add = |code, text: String, at: Option<Instant>| {
        faults.add(code, text);
        bad.extend(at);
    };
    let mut floors = 0_u32;
    let mut unreadable = None;
    let told = readings.iter().map(|(r, at)| (r.min_version_configured.as_deref(), *at, r.declared_in.clone()));
    let by_place = shown.iter().filter_map(|r| Some((r.tls_min(), r.at()?, r.source())));
    for (word, at, source) in told.chain(by_place) {
        let Some(word) = filled(word) else { continue };
        match version(word) {
            Version::Tls(v) if Some(v) >= floor => floors += 1,
            Version::Tls(_) => {
                add("floor_too_low", format!("{word} is accepted, below {least}, by {source}"), Some(at))
            }
            Version::Plain => add("plain_access", format!("no version is needed, by {source}"), Some(at)),
            Version::Refused | Version::Unreadable => unreadable = Some(word.to_owned()),
        }
    }
    for row in &path.rows {
        let used = row.observed_at.is_none_or(|at| at < period.1);
        match carrier(row.protocol.as_deref()).filter_used(used) {
            Carrier::Plain(name) => {
                add("plain_access", format!("{name} is not encrypted ({})", row.declared_in), row.observed_at)
            }
            Carrier::Other(name) => add(
                "other_protocol",
                format!("{name} is not TLS ({}): an approved equal needs an exception", row.declared_in),
                row.observed_at,
            ),
            Carrier::Tls | Carrier::Unknown => {}
        }
    }
    for open in shown.iter().filter(|r| r.plain_denied() == Some(false)) {
        add("plain_access", format!("unencrypted access is accepted, by {}", open.source()), open.at());
    }
    let denied = shown.iter().any(|r| r.plain_denied() == Some(true))
        || (place.is_none_or(|p| p.readings.is_empty()) && floors > 0);
    if bad.is_empty() && floors > 0 && denied && unreadable.is_none() {
        return Judgement::pass(
            unit,
            format!("{floors} readings of the period accept {least} or newer only, and plain access is refused."),
        );
    }
    let judgement = faults.judge(unit, "The path can be used with too little", "");
    if judgement.state == model::assessment::State::Fail {
        let (from, until) = period;
        return bad.iter().fold(judgement, |j, at| {
            let at = (*at).clamp(from, until - Duration::seconds(1));
            j.violated(at, at + Duration::seconds(1))
        });
    }
    if let Some(word) = unreadable {
        return Judgement::no_evidence(unit, "version_unreadable", format!("\"{word}\" is no version of TLS."));
    }
    if path.rows.iter().any(|r| filled(r.assurance_ref.as_deref()).is_some()) {
        return match statement(world, path) {
            Ok(id) => Judgement::pass(
                unit,
                format!("The provider sets the floor; its statement {id} on encryption is current."),
            )
            .reason("provider_statement"),
            Err(missing) => {
                Judgement::no_evidence(unit, "statement_missing", format!("The provider sets the floor: {missing}."))
            }
        };
    }
    let (code, text) = if readings.is_empty() && shown.is_empty() {
        ("not_read", "The path was not read in the period (transport_paths, storage_locations).")
    } else if floors == 0 {
        (
            "floor_not_shown",
            "No reading of the period shows the lowest version accepted (transport_paths.min_version_configured, storage_locations.tls_min_enforced).",
        )
    } else {
        (
            "plain_not_shown",
            "No reading of the period shows that plain access is refused (storage_locations.plain_access_denied).",
        )
    };
    Judgement::no_evidence(unit, code, text)
}

/// The current statement on encryption that the path refers to, else what is missing.
fn statement(world: &World<'_>, path: &Path<'_>) -> Result<String, String> {
    let refs: Vec<&str> = path.rows.iter().filter_map(|r| filled(r.assurance_ref.as_deref())).collect();
    let Some(named) = refs.last() else {
        return Err("no statement of the provider is named (transport_paths.assurance_ref)".to_owned());
    };
    let Some(all) = &world.registers.provider_assurance else {
        return Err("the register provider_assurance was not given (registers/provider_assurance.csv)".to_owned());
    };
    let found: Vec<_> = all.iter().filter(|a| names_id(named, &a.assurance_id)).collect();
    match found.iter().find(|a| is_current(world, a) && covers(a, "encryption")) {
        Some(row) => Ok(row.assurance_id.clone()),
        None if found.is_empty() => Err(format!("{named} is not in the register provider_assurance")),
        None => Err(format!("{named} is out of date, undated or does not cover encryption")),
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
