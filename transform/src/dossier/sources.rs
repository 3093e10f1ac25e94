//! Sources as completeness blocks print them.

use std::collections::BTreeMap;

use model::dossier::SourceSheet;
use model::evidence::{Covers, SourceRun};
use model::time::utc_text;

use crate::assess::Basis;

pub(super) fn sources(basis: &Basis<'_>) -> Vec<SourceSheet> {
    let last: BTreeMap<(&str, &str), &SourceRun> =
        basis.tables.collections.iter().map(|c| ((c.kind.as_str(), c.source_id.as_str()), c)).collect();
    basis
        .sources
        .iter()
        .map(|s| {
            let run = last.get(&(s.kind.as_str(), s.source_id.as_str()));
            let covers = run.map(|r| statements(&r.covers)).unwrap_or_default();
            SourceSheet {
                name: format!("{}.{}", s.kind, s.source_id),
                kind: s.kind.clone(),
                status: s.status,
                reason: s.reason.clone().unwrap_or_default(),
                endpoint: run.map(|r| r.endpoint.clone()).unwrap_or_default(),
                identity: run.and_then(|r| r.identity.clone()).unwrap_or_default(),
                timezone: run.and_then(|r| r.timezone.clone()).unwrap_or_default(),
                covers: if covers.is_empty() {
                    "nothing stated: a missing record proves nothing".to_owned()
                } else {
                    covers
                },
                collected_at: s.collected_at,
                counts: run.map(|r| r.counts.clone().into_iter().collect()).unwrap_or_default(),
                objects: s.digests.clone(),
                problems: run.map(|r| r.problems.iter().map(ToString::to_string).collect()).unwrap_or_default(),
                passed_over: run.map_or(0, |r| r.passed_over.len() as u64),
            }
        })
        .collect()
}

/// Most names that a statement prints.
const NAMES: usize = 6;

/// What a source states to cover: statements on the same interval are one.
fn statements(covers: &[Covers]) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for c in covers {
        let to = c.to.map_or_else(|| "each collection".to_owned(), utc_text);
        let word = if c.complete { "complete" } else { "not complete" };
        let tables = if c.tables.is_empty() { String::new() } else { format!(" ({})", c.tables.join(", ")) };
        let interval = format!("from {} to {to}, {word}{tables}", utc_text(c.from));
        let whose = if c.resources.is_empty() { &c.systems } else { &c.resources }.iter().map(String::as_str);
        match groups.iter_mut().find(|(known, _)| *known == interval) {
            Some((_, names)) => names.extend(whose),
            None => groups.push((interval, whose.collect())),
        }
    }
    let told = |(interval, names): (String, Vec<&str>)| {
        let more = names.len().saturating_sub(NAMES);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let names = names.into_iter().take(NAMES).collect::<Vec<_>>().join(", ");
        format!("{names}{more} {interval}")
    };
    groups.into_iter().map(told).collect::<Vec<_>>().join("; ")
}
