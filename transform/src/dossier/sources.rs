//! Sources as completeness blocks print them.

use std::collections::BTreeMap;

use model::dossier::SourceSheet;
use model::evidence::SourceRun;
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
            let covers: Vec<String> = run
                .iter()
                .flat_map(|r| &r.covers)
                .map(|c| {
                    let to = c.to.map_or_else(|| "each collection".to_owned(), utc_text);
                    let word = if c.complete { "complete" } else { "not complete" };
                    format!("{} from {} to {to}, {word}", c.systems.join(", "), utc_text(c.from))
                })
                .collect();
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
                    covers.join("; ")
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
