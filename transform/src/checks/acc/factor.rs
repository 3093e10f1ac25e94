//! ACC-02: a second factor is forced on everybody who can reach backups.

use chrono::Duration;
use model::registers::{Mfa, PrincipalKind, PrincipalStatus};
use model::time::utc_text;

use super::super::common::{ORGANIZATION, filled, no_register, or_empty};
use super::super::faults::Faults;
use super::super::grants::backup_platforms;
use super::{about_all, principals};
use crate::judgement::Judgement;
use crate::world::World;

/// ACC-02, by all readings of the period on all backup platforms together.
///
/// For federated principals the register says what the identity provider forces for the platform (`mfa_source`). A
/// break-glass account without a forced factor needs an exception: the result stays `fail` and is waived.
pub fn factor(world: &World<'_>) -> Vec<Judgement> {
    if world.registers.principals.is_none() {
        return vec![no_register(ORGANIZATION, "principals")];
    }
    let platforms = backup_platforms(world);
    let (start, until) = (world.period.start(), world.until());
    let mut out = Vec::new();
    for (id, rows) in principals(world, &platforms) {
        let systems = rows.iter().filter_map(|p| platforms.get(p.platform_id.as_str())).flatten().copied().collect();
        let people: Vec<_> = rows.iter().filter(|p| p.kind != PrincipalKind::Service).collect();
        let judgement = if people.is_empty() {
            Judgement::not_applicable(id, "service", "A service has no second factor; ACC-03 judges its access.")
        } else {
            let mut read: Vec<_> = people
                .iter()
                .filter_map(|p| Some((*p, p.observed_at?)))
                .filter(|(_, at)| *at >= start && *at < until)
                .collect();
            read.sort_by_key(|(_, at)| *at);
            let active: Vec<_> = read.iter().filter(|(p, _)| p.status == PrincipalStatus::Active).collect();
            let (mut faults, mut bad, mut unknown) = (Faults::default(), Vec::new(), None);
            for (row, at) in &active {
                let what = match row.mfa {
                    Some(Mfa::Enforced) => continue,
                    Some(Mfa::Enrolled) => ("not_forced", "is enrolled and not forced"),
                    Some(Mfa::None) => ("no_factor", "is missing"),
                    Some(Mfa::Unknown | Mfa::NotApplicable) | None => {
                        unknown = unknown.or(Some((*row, *at)));
                        continue;
                    }
                };
                let text = format!("the second factor {} on {} ({})", what.1, row.platform_id, utc_text(*at));
                faults.add(what.0, text);
                bad.push(*at);
            }
            let (first, last) = (active.first(), active.last());
            if !bad.is_empty() {
                let judgement = faults.judge(id, "For this principal", "");
                bad.iter().fold(judgement, |j, at| j.violated(*at, *at + Duration::seconds(1)))
            } else if let Some((row, at)) = unknown {
                let text = format!(
                    "On {} the state of the second factor on {} is not known (principals.mfa).",
                    utc_text(at),
                    row.platform_id
                );
                Judgement::no_evidence(id, "factor_unknown", text)
            } else if let (Some(_), Some((row, at))) = (first, last) {
                let source = filled(row.mfa_source.as_deref()).map_or_else(String::new, |s| format!(", by {s}"));
                let text =
                    format!("Forced at each of {} readings, the last on {}{source}.", active.len(), utc_text(*at));
                Judgement::pass(id, text)
            } else if read.is_empty() {
                Judgement::no_evidence(id, "not_read", "It was not read in the period (principals.observed_at).")
            } else {
                Judgement::not_applicable(id, "principal_disabled", "It was disabled at every reading of the period.")
            }
        };
        out.push(about_all(judgement, Some(&systems)));
    }
    or_empty(out, "no_principal", "The register principals names nobody on a backup platform.")
}
