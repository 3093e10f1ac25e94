//! Metrics over the last periods.

use std::collections::BTreeMap;

use model::dossier::{Trend, TrendPoint};
use model::time::Period;

use crate::Error;
use crate::assess::{Basis, Judged};

/// Periods in a trend, the period itself among them.
const TREND: usize = 12;

/// Metrics of the last twelve periods. A period that no collection speaks of has no value.
pub(super) fn trends(basis: &Basis<'_>, judged: &Judged, period: Period) -> Result<Vec<Trend>, Error> {
    let mut periods = vec![period];
    while periods.len() < TREND {
        periods.push(periods[periods.len() - 1].previous());
    }
    periods.reverse();
    let mut points: BTreeMap<String, Vec<TrendPoint>> = BTreeMap::new();
    for p in periods {
        let metrics = if p == period {
            judged.assessment.metrics.clone()
        } else {
            let slots = if speaks_of(basis, &p) { basis.slots(&p) } else { Vec::new() };
            crate::metrics::metrics(&basis.world(p, &slots))?
        };
        for metric in metrics {
            points.entry(metric.id).or_default().push(TrendPoint {
                label: p.label(),
                numerator: metric.numerator,
                denominator: metric.denominator,
                unknown: metric.unknown,
                has_value: metric.value.is_some(),
                undefined: metric.undefined,
            });
        }
    }
    Ok(basis
        .input
        .controls
        .metrics
        .iter()
        .map(|definition| {
            let is_rate = definition.unit == "ratio";
            let target = match definition.id.as_str() {
                "backup_success_rate" => Some("target_backup_success"),
                "restore_test_success_rate" => Some("target_restore_success"),
                _ => None,
            };
            Trend {
                metric: definition.id.clone(),
                title: definition.title.clone(),
                is_rate,
                population: definition.population.trim().to_owned(),
                definition: format!(
                    "Numerator: {} Denominator: {}",
                    definition.numerator.trim(),
                    definition.denominator.trim()
                ),
                target: target.and_then(|t| basis.input.policy.ratio_if_set(t)).map(|t| t.to_string()),
                points: points.remove(&definition.id).unwrap_or_default(),
            }
        })
        .collect())
}

/// True where a run lies in the period or a complete source covers some of it.
fn speaks_of(basis: &Basis<'_>, period: &Period) -> bool {
    let (from, to) = (period.start(), period.end());
    basis.tables.collections.iter().flat_map(|c| &c.covers).any(|c| c.from < to && c.to.is_none_or(|t| t > from))
        || basis.runs.list.iter().any(|r| r.placed_at().is_some_and(|t| period.contains(t)))
}
