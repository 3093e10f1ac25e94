//! Metrics over the last periods. Nothing is known of a time before a register's first entry: it states no coverage.

use std::collections::BTreeMap;

use model::assessment::Metric;
use model::dossier::{RegisterStart, Trend, TrendPoint};
use model::evidence::SourceStatus;
use model::time::{Instant, Period};

use crate::Error;
use crate::assess::{Basis, Judged};

/// Periods in a trend, the period itself among them.
const TREND: usize = 12;

/// Why a count of an earlier period has no value.
const BEFORE: &str = "before_first_entry";

/// Metrics of the last twelve periods. A period that no collection speaks of has no value, and no count has one in
/// an earlier period that ended before its register begins: nobody could tell that 0 from a register kept elsewhere.
pub(super) fn trends(basis: &Basis<'_>, judged: &Judged, period: Period) -> Result<Vec<Trend>, Error> {
    let mut periods = vec![period];
    while periods.len() < TREND {
        periods.push(periods[periods.len() - 1].previous());
    }
    periods.reverse();
    let registers = [incidents(basis), exceptions(basis)];
    let begins = |metric: &str| registers.iter().flatten().find(|(id, _)| *id == metric).map(|(_, start)| start);
    let point = |p: Period, metric: Metric| {
        let unheard = |start: &RegisterStart| start.begins.is_none_or(|b| p.end() <= b);
        let before = p != period && metric.value.is_some() && begins(&metric.id).is_some_and(unheard);
        TrendPoint {
            label: p.label(),
            numerator: metric.numerator,
            denominator: metric.denominator,
            unknown: metric.unknown,
            has_value: metric.value.is_some() && !before,
            undefined: if before { Some(BEFORE.to_owned()) } else { metric.undefined },
        }
    };
    let of = |p: Period, spoken_of: bool| {
        if p == period {
            return Ok(judged.assessment.metrics.clone());
        }
        let slots = if spoken_of { basis.slots(&p) } else { Vec::new() };
        crate::metrics::metrics(&basis.world(p, &slots))
    };
    let series = |periods: Vec<Period>| -> Result<BTreeMap<String, Vec<TrendPoint>>, Error> {
        let spoken_of = spoken_of(basis, &periods);
        let mut points: BTreeMap<String, Vec<TrendPoint>> = BTreeMap::new();
        for (p, spoken_of) in periods.into_iter().zip(spoken_of) {
            for metric in of(p, spoken_of)? {
                points.entry(metric.id.clone()).or_default().push(point(p, metric));
            }
        }
        Ok(points)
    };
    let begun = |p: &Period| p.start() < basis.input.as_of;
    let months = period.months().into_iter().map(|month| month.within(&period));
    let months = months.filter(begun).filter(|month| *month != period).collect();
    let (mut points, mut months) = (series(periods)?, series(months)?);
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
                register: begins(&definition.id).cloned(),
                points: points.remove(&definition.id).unwrap_or_default(),
                months: months.remove(&definition.id).unwrap_or_default(),
            }
        })
        .collect())
}

/// For each of some periods that follow one another whether a run lies in it or a source covers some of it.
fn spoken_of(basis: &Basis<'_>, periods: &[Period]) -> Vec<bool> {
    let covers = || basis.tables.collections.iter().flat_map(|c| &c.covers);
    let mut out: Vec<bool> =
        periods.iter().map(|p| covers().any(|c| c.from < p.end() && c.to.is_none_or(|t| t > p.start()))).collect();
    // Once over what may be millions of runs.
    for at in basis.runs.list.iter().filter_map(crate::runs::Run::placed_at) {
        let after = periods.partition_point(|p| p.start() <= at);
        if let Some(i) = after.checked_sub(1).filter(|i| periods.get(*i).is_some_and(|p| p.contains(at)))
            && let Some(spoken) = out.get_mut(i)
        {
            *spoken = true;
        }
    }
    out
}

/// Since when incidents are on record; `None` where they are not kept.
fn incidents(basis: &Basis<'_>) -> Option<(&'static str, RegisterStart)> {
    let entries = basis.incidents.as_deref()?.iter().map(|i| i.opened_at);
    // A tracker can state what it covers, a file of rows cannot.
    let stated = basis.tables.collections.iter().filter(|c| c.status == SourceStatus::Complete).flat_map(|c| {
        let fills = |tables: &[String]| tables.iter().any(|t| t == "incidents");
        let of_kind = fills(&(basis.input.tables_of)(&c.kind));
        c.covers
            .iter()
            .filter(move |s| s.complete && if s.tables.is_empty() { of_kind } else { fills(&s.tables) })
            .map(|s| s.from)
    });
    Some(("backup_related_incidents", start("incidents", entries.min(), stated.min())))
}

/// Since when exceptions are on record; `None` where they are not kept.
fn exceptions(basis: &Basis<'_>) -> Option<(&'static str, RegisterStart)> {
    let rows = basis.registers.exceptions.as_ref()?;
    let entries = rows.iter().flat_map(|e| [e.row.submitted_at, e.row.valid_from]).flatten();
    Some(("backup_policy_exceptions", start("exceptions", entries.min(), None)))
}

fn start(name: &str, first: Option<Instant>, stated: Option<Instant>) -> RegisterStart {
    let covered = stated.is_some_and(|s| first.is_none_or(|f| s <= f));
    RegisterStart { name: name.to_owned(), begins: if covered { stated } else { first }, covered }
}

#[cfg(test)]
mod tests {
    use model::dossier::{StoreSheet, Trend};

    use crate::dossier::dossier;
    use crate::testing::{Fixture, at};

    /// Counts of incidents, oldest period first; `None` for a period without a value.
    fn incidents(fixture: &Fixture) -> (Trend, Vec<Option<u64>>) {
        let store =
            StoreSheet { store_id: String::new(), last_run: 1, last_manifest: String::new(), runs: 1, signed_by: None };
        fixture.with_basis(|basis| {
            let judged = basis.judge(fixture.period).unwrap();
            let dossier = dossier(basis, &judged, fixture.period, store).unwrap();
            let trend = dossier.trends.into_iter().find(|t| t.metric == "backup_related_incidents").unwrap();
            let counts = trend.points.iter().map(|p| p.has_value.then_some(p.numerator)).collect();
            (trend, counts)
        })
    }

    const HEADER: &str = "incident_id,kind,backup_related,system_ids,opened_at\n";

    #[test]
    fn a_period_before_the_first_entry_is_not_known_and_one_after_it_is_counted() {
        let mut f = Fixture::new("2026-10");
        f.register("incidents", &format!("{HEADER}I-1,incident,true,db,2026-08-14T10:00:00Z\n"));
        let (trend, counts) = incidents(&f);
        assert_eq!(counts[..9], [None; 9], "up to July nothing is known");
        assert_eq!(counts[9..], [Some(1), Some(0), Some(0)]);
        assert_eq!(trend.points[8].undefined.as_deref(), Some("before_first_entry"));
        let register = trend.register.unwrap();
        assert_eq!((register.begins, register.covered), (Some(at("2026-08-14T10:00:00Z")), false));
    }

    #[test]
    fn an_empty_register_speaks_of_its_own_period_only() {
        let mut f = Fixture::new("2026-10");
        f.register("incidents", HEADER);
        let (trend, counts) = incidents(&f);
        assert_eq!(counts[..11], [None; 11]);
        assert_eq!(counts[11], Some(0));
        assert_eq!(trend.register.unwrap().begins, None);
    }

    #[test]
    fn a_tracker_that_states_its_coverage_proves_an_earlier_zero() {
        let mut f = Fixture::new("2026-10");
        f.register("incidents", &format!("{HEADER}I-1,incident,true,db,2026-08-14T10:00:00Z\n"));
        f.covers_tables(&["incidents"], "*", "2026-06-01T00:00:00Z", "2026-11-01T00:00:00Z");
        let (trend, counts) = incidents(&f);
        assert_eq!(counts[6..], [None, Some(0), Some(0), Some(1), Some(0), Some(0)]);
        assert!(trend.register.unwrap().covered);
    }

    #[test]
    fn without_a_register_nothing_is_said_of_it() {
        let (trend, counts) = incidents(&Fixture::new("2026-10"));
        assert_eq!(counts, [None; 12]);
        assert_eq!(trend.register, None);
    }
}
