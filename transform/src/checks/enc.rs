//! ENC: encryption at rest.

pub mod cipher;
mod storage;

pub use storage::defaults;

use std::collections::BTreeMap;

use model::time::{Instant, utc_text};

use self::cipher::Strength;
use super::common::{filled, names, no_inventory, or_none_in_scope};
use crate::judgement::Judgement;
use crate::points::Point;
use crate::world::World;

/// ENC-01: every recovery point is encrypted at rest with an approved algorithm, copies included.
///
/// A point that is not has a result of its own (the unit is its id). Those that pass, and those of which the state is
/// not known, share one result a system with the number in the detail, because logs of millions of points exist.
///
/// The state is the point's own (which includes that of the run that made it); else the default of its location as
/// read at or before the point was made, which counts as indirect. A default that a register states, and not the
/// platform, also needs a provider's statement on encryption (`provider_assurance`).
pub fn points(world: &World<'_>) -> Vec<Judgement> {
    if !world.inventory.given {
        return no_inventory("systems");
    }
    let (start, until) = (world.period.start(), world.until());
    let mut out = Vec::new();
    for (i, system) in world.in_scope() {
        let mut seen = Seen::default();
        for point in world.points_of(i) {
            let row = &point.row;
            let made = row.created_at.or(row.taken_at);
            // A point of a run alone is not seen to be deleted: its expiry ends it.
            let gone = row.deleted_at.or(row.expires_at.filter(|_| point.last_seen_at.is_none()));
            if made.is_some_and(|m| m >= until) || gone.is_some_and(|g| g < start) {
                continue;
            }
            match state(world, point) {
                Known::Encrypted { cipher, indirect } => {
                    seen.good += 1;
                    seen.indirect += u64::from(indirect);
                    *seen.ciphers.entry(cipher).or_default() += 1;
                }
                Known::Unknown(why) => {
                    *seen.unknown.entry(why).or_default() += 1;
                    if seen.records.len() < 50 {
                        seen.records.push(point.row_id(world.runs));
                    }
                }
                Known::Bad(reason, detail) => {
                    let from = made.unwrap_or(start).max(start);
                    let to = gone.unwrap_or(until).min(until).max(from + chrono::Duration::seconds(1));
                    out.push(
                        Judgement::fail(point.id(world.runs), reason, detail)
                            .violated(from, to)
                            .rests_on([point.row_id(world.runs)])
                            .about(&system.system_id),
                    );
                    seen.bad += 1;
                }
            }
        }
        out.extend(seen.judgement(world, &system.system_id).map(|j| j.about(&system.system_id)));
    }
    or_none_in_scope(out)
}

/// Counts of a system's points that have no result of their own.
#[derive(Default)]
struct Seen {
    good: u64,
    bad: u64,
    indirect: u64,
    ciphers: BTreeMap<String, u64>,
    unknown: BTreeMap<String, u64>,
    records: Vec<String>,
}

impl Seen {
    fn judgement(self, world: &World<'_>, system: &str) -> Option<Judgement> {
        let ciphers: Vec<&str> = self.ciphers.keys().map(String::as_str).collect();
        if !self.unknown.is_empty() {
            let parts: Vec<String> = self.unknown.iter().map(|(why, n)| format!("of {n} {why}")).collect();
            return Some(
                Judgement::no_evidence(
                    system,
                    "encryption_not_shown",
                    format!("Recovery points: {}. {} are shown to be encrypted.", names(&parts), self.good),
                )
                .rests_on(self.records),
            );
        }
        if self.good > 0 {
            let note = if self.indirect > 0 {
                format!(" {} of them by the default of their location only.", self.indirect)
            } else {
                String::new()
            };
            let j = Judgement::pass(
                system,
                format!("{} recovery points are encrypted ({}).{note}", self.good, names(&ciphers)),
            );
            return Some(if self.indirect > 0 { j.reason("indirect") } else { j });
        }
        if self.bad > 0 {
            return None;
        }
        let listed = world.coverage.covers("recovery_points", system, world.period.start(), world.until());
        Some(if listed {
            Judgement::not_applicable(system, "no_recovery_point", "A complete listing shows no recovery point.")
        } else {
            Judgement::no_evidence(
                system,
                "no_recovery_point",
                "No recovery point is on record, and no complete listing (recovery_points) shows that there is none.",
            )
        })
    }
}

enum Known {
    Encrypted {
        cipher: String,
        indirect: bool,
    },
    Bad(&'static str, String),
    /// What is missing, to follow "of N".
    Unknown(String),
}

fn state(world: &World<'_>, point: &Point) -> Known {
    let row = &point.row;
    let made = row.created_at.or(row.taken_at);
    let told = |made: Option<Instant>| made.map_or_else(String::new, |m| format!(" of {}", utc_text(m)));
    let location = point.location(world.runs);
    let default = location.zip(made).and_then(|(l, at)| default_at(world, l, at));
    let (encrypted, mut indirect) = match (row.encrypted, &default) {
        (Some(own), _) => (own, false),
        (None, Some(default)) => match default.on {
            Some(true) => (true, true),
            // The location does not encrypt, but whoever wrote there may have.
            _ => {
                return Known::Unknown(
                    "the state is not reported and their location does not encrypt by itself".into(),
                );
            }
        },
        (None, None) => {
            return Known::Unknown(
                "the state is not reported (recovery_points.encrypted, backup_runs.encrypted, storage_locations)"
                    .into(),
            );
        }
    };
    if !encrypted {
        return Known::Bad("not_encrypted", format!("The recovery point{} is not encrypted at rest.", told(made)));
    }
    let named = filled(point.cipher(world.runs))
        .map(str::to_owned)
        .or_else(|| by_key(world, point.word(|p| p.key_id.as_deref())?));
    let cipher = match named {
        Some(cipher) => cipher,
        None => match default.and_then(|d| d.cipher) {
            Some(cipher) => {
                indirect = true;
                cipher
            }
            None => return Known::Unknown("the algorithm is not reported (recovery_points.cipher, keys)".into()),
        },
    };
    match cipher::judge(&cipher, world.policy.text("at_rest_algorithm_min")) {
        Strength::Approved => Known::Encrypted { cipher, indirect },
        Strength::Weaker => Known::Bad(
            "weak_cipher",
            format!(
                "The recovery point{} is encrypted with {cipher}, weaker than {}.",
                told(made),
                world.policy.text("at_rest_algorithm_min")
            ),
        ),
        Strength::Unknown => Known::Unknown(format!("the algorithm \"{cipher}\" is not in the list of known ones")),
    }
}

/// Algorithm by the register of keys; a key of AWS KMS that is named by its ARN encrypts data with AES-256-GCM
/// (AWS Key Management Service, Cryptographic Details: `SYMMETRIC_DEFAULT`).
fn by_key(world: &World<'_>, key: &str) -> Option<String> {
    let registered = world.registers.keys.iter().flatten().find(|k| k.key_id == key);
    let told = registered.and_then(|k| {
        let algorithm = filled(k.algorithm.as_deref())?;
        Some(match k.bits {
            Some(bits) if !algorithm.contains(char::is_numeric) => format!("{algorithm}-{bits}"),
            _ => algorithm.to_owned(),
        })
    });
    told.or_else(|| (key.starts_with("arn:aws") && key.contains(":kms:")).then(|| "aws:kms".to_owned()))
}

struct Setting {
    on: Option<bool>,
    cipher: Option<String>,
}

/// The default of a location, by the newest reading at or before `at`.
fn default_at(world: &World<'_>, location: &str, at: Instant) -> Option<Setting> {
    let observed = world
        .tables
        .storage
        .iter()
        .filter(|s| s.location_id == location && s.observed_at <= at && s.encryption_default.is_some())
        .max_by_key(|s| s.observed_at);
    if let Some(s) = observed {
        return Some(Setting { on: s.encryption_default, cipher: s.default_cipher.clone() });
    }
    let registered = world
        .registers
        .storage_locations
        .iter()
        .flatten()
        .find(|l| l.location_id == location && l.observed_at.is_some_and(|o| o <= at))?;
    let stated = world
        .registers
        .provider_assurance
        .iter()
        .flatten()
        .any(|p| p.platform_id == registered.platform_id && p.covers.iter().any(|c| c == "encryption"));
    stated.then(|| Setting { on: registered.encryption_default, cipher: registered.default_cipher.clone() })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
